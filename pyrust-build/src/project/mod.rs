//! The project: its root, settings, and the packages and modules that its files say it has.
//!
//! Read from the files, never from what is installed: a build back end looks at the same tree. What a back end is told
//! in its own configuration is followed as far as it can be read without running code; for the rest the usual layouts
//! are recognised ([`layout`]).

mod layout;
mod walk;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::host;
use crate::manifest::Manifest;
use crate::passes::Passes;
use crate::settings::{self, Settings};

pub use layout::Backend;

/// A project as its files describe it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Absolute.
    pub root: PathBuf,
    pub settings: Settings,
    /// By the environment.
    pub passes: Passes,
    /// Absolute; the file need not exist.
    pub manifest_path: PathBuf,
    pub backend: Backend,
    /// Sorted by name.
    pub packages: Vec<Package>,
}

/// A package that gets an extension module of its own: a top-level or first regular package, or a top-level module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Dotted.
    pub name: String,
    /// The folder with `__init__.py`; `None` for a top-level module.
    pub dir: Option<PathBuf>,
    /// Dotted name and file of each module, sorted by name.
    pub modules: Vec<(String, PathBuf)>,
}

impl Package {
    /// Name of the extension module: `_pyrust`, or `_pyrust_<module>` beside a top-level module.
    pub fn extension(&self) -> String {
        match self.dir {
            Some(_) => "_pyrust".into(),
            None => format!("_pyrust_{}", self.name),
        }
    }

    /// The symbol that the interpreter looks for in it.
    pub fn init_symbol(&self) -> String {
        let name = self.extension();
        if name.is_ascii() {
            return format!("PyInit_{name}");
        }
        // PEP 489: other names are encoded, with a prefix that says so.
        format!("PyInitU_{}", punycode(&name).replace('-', "_"))
    }

    /// The folder in which the extension module lies.
    pub fn folder(&self) -> &Path {
        match (&self.dir, self.modules.first()) {
            (Some(dir), _) => dir,
            (None, Some((_, path))) => path.parent().unwrap_or(path),
            (None, None) => Path::new("."),
        }
    }

    /// The file that imports the extension.
    pub fn importing_file(&self) -> PathBuf {
        match &self.dir {
            Some(dir) => dir.join("__init__.py"),
            None => self.modules[0].1.clone(),
        }
    }

    /// The file of a module of this package.
    pub fn module(&self, name: &str) -> Option<&Path> {
        let index = self.modules.binary_search_by(|(module, _)| module.as_str().cmp(name)).ok()?;
        Some(&self.modules[index].1)
    }
}

impl Project {
    /// Finds the project around `start` and reads it.
    pub fn discover(start: &Path) -> Result<Project, Vec<Diagnostic>> {
        match find_root(start) {
            Some(root) => Project::load(&root),
            None => {
                let message = format!("no project in `{}` or above it", start.display());
                Err(vec![
                    Diagnostic::new("PYR0201", Severity::Error, message)
                        .help("a project has a `pyproject.toml`, `setup.py`, `setup.cfg` or `Cargo.toml`"),
                ])
            }
        }
    }

    /// Reads the project in `root`.
    pub fn load(root: &Path) -> Result<Project, Vec<Diagnostic>> {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        let pyproject = root.join("pyproject.toml");
        let text = if pyproject.exists() {
            host::read_text(&pyproject, "pyproject.toml", "PYR0202").map_err(|finding| vec![*finding])?
        } else {
            String::new()
        };
        let document = settings::document("pyproject.toml", &text)?;
        let settings = settings::read("pyproject.toml", &document)?;
        let (backend, packages) = layout::packages(&root, document.as_table(), &settings)?;
        let manifest_path = root.join(&settings.manifest);
        let named = std::env::var(Passes::VARIABLE).unwrap_or_default();
        let passes: Passes =
            named.parse().map_err(|why: String| vec![Diagnostic::new("PYR0204", Severity::Error, why)])?;
        let passes = passes.limited_to(settings.threads);
        Ok(Project { root, settings, passes, manifest_path, backend, packages })
    }

    /// The manifest; an empty one when there is no file.
    pub fn manifest(&self) -> Result<Manifest, Vec<Diagnostic>> {
        Ok(self
            .manifest_text()?
            .map(|text| Manifest::parse(&self.relative(&self.manifest_path), &text))
            .transpose()?
            .unwrap_or_default())
    }

    /// The manifest's text, if the file exists.
    pub fn manifest_text(&self) -> Result<Option<String>, Vec<Diagnostic>> {
        if !self.manifest_path.exists() {
            return Ok(None);
        }
        let shown = self.relative(&self.manifest_path);
        host::read_text(&self.manifest_path, &shown, "PYR0101").map(Some).map_err(|finding| vec![*finding])
    }

    /// The package that has a module, and the module's file.
    pub fn module(&self, name: &str) -> Option<(&Package, &Path)> {
        self.packages.iter().find_map(|package| package.module(name).map(|path| (package, path)))
    }

    /// A path as messages show it: relative to the root, with forward slashes.
    pub fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }
}

/// The nearest folder upwards that is a project. A manifest or a crate alone makes one only where no Python packaging
/// file is found above it: the manifest may lie beside the crate, in a folder of its own.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    [&["pyproject.toml", "setup.py", "setup.cfg"][..], &["pyrust.toml"], &["Cargo.toml"]].iter().find_map(
        |names| {
            let is_root = |folder: &&Path| names.iter().any(|name| folder.join(name).is_file());
            start.ancestors().find(is_root).map(Path::to_path_buf)
        },
    )
}

/// RFC 3492, as Python's `punycode` codec.
fn punycode(text: &str) -> String {
    let mut output: String = text.chars().filter(char::is_ascii).collect();
    let (mut n, mut delta, mut bias) = (128u32, 0u32, 72u32);
    let basic = output.len() as u32;
    let mut handled = basic;
    if basic > 0 {
        output.push('-');
    }
    let total = text.chars().count() as u32;
    while handled < total {
        let next = text.chars().map(u32::from).filter(|c| *c >= n).min().expect("not all are handled");
        delta += (next - n) * (handled + 1);
        n = next;
        for c in text.chars().map(u32::from) {
            if c < n {
                delta += 1;
            }
            if c != n {
                continue;
            }
            let (mut q, mut k) = (delta, 36);
            loop {
                let t = k.clamp(bias + 1, bias + 26) - bias;
                if q < t {
                    break;
                }
                output.push(digit(t + (q - t) % (36 - t)));
                q = (q - t) / (36 - t);
                k += 36;
            }
            output.push(digit(q));
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta += 1;
        n += 1;
    }
    output
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests;
