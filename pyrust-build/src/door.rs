//! The door for `build.rs`: from a manifest to files in `OUT_DIR`.
//!
//! ```no_run
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     pyrust_build::Build::from_manifest("pyrust.toml")?.compile()?;
//!     Ok(())
//! }
//! ```
//!
//! `lib.rs` is then `pyrust_macros::hotspots!();`. The generated text is the one that the Python build hooks write.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bodies;
use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest;
use crate::generate::{self, Generated, GeneratedPackage, State};
use crate::host;
use crate::manifest::{Manifest, Mode};
use crate::notices;
use crate::passes::Passes;
use crate::pipeline;
use crate::project::{self, Package, Project};
use crate::render::{self, Sources};
use crate::settings::Fallback;
use crate::source::SourceFile;
use crate::workspace;

/// Name of the generated text in `OUT_DIR`.
pub const GENERATED: &str = "pyrust_hotspots.rs";
/// Name of the digests beside it.
pub const DIGESTS: &str = "pyrust_digests.txt";

/// Why nothing was generated: findings, as `pyrust check` shows them.
///
/// A build script shows errors by their `Debug` text, so that is the same readable text.
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A build about to happen.
#[derive(Debug)]
pub struct Build {
    project: Project,
    manifest: Manifest,
    package: Option<String>,
    out: Option<PathBuf>,
    python: Option<PathBuf>,
}

/// What was generated.
#[derive(Debug)]
pub struct Report {
    /// Functions that are compiled.
    pub native: Vec<String>,
    /// Functions that stay Python, with the reason.
    pub python: Vec<(String, String)>,
}

impl Build {
    /// Reads the manifest and the project that it belongs to. A relative path is looked for in the crate's folder
    /// and above it: an sdist may put the crate somewhere else than the repository does.
    pub fn from_manifest(path: impl AsRef<Path>) -> Result<Build, Error> {
        let path = path.as_ref();
        let start = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
        let start = std::path::absolute(&start).unwrap_or(start);
        let found = start.ancestors().map(|folder| folder.join(path)).find(|path| path.is_file());
        let manifest_path = found.clone().unwrap_or_else(|| start.join(path));
        let from = found.as_deref().and_then(Path::parent).unwrap_or(&start);
        let root = project::find_root(from).unwrap_or_else(|| start.clone());
        let text = |findings: Vec<Diagnostic>| failed(&root, &findings);
        let mut project = Project::load(&root).map_err(text)?;
        project.manifest_path = manifest_path;
        let manifest = project.manifest().map_err(text)?;
        Ok(Build { project, manifest, package: None, out: None, python: None })
    }

    /// The package that this crate is the module of; needed when several packages have hotspots.
    #[must_use]
    pub fn package(mut self, name: impl Into<String>) -> Build {
        self.package = Some(name.into());
        self
    }

    /// Another folder than `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Build {
        self.out = Some(path.into());
        self
    }

    /// Another interpreter than the one that PyO3 compiles for.
    #[must_use]
    pub fn python(mut self, path: impl Into<PathBuf>) -> Build {
        self.python = Some(path.into());
        self
    }

    /// Compiles the hotspots and writes the generated text and the digests.
    pub fn compile(self) -> Result<Report, Error> {
        let out = match self.out.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from)) {
            Some(out) => out,
            None => {
                return Err(Error(
                    "`OUT_DIR` is not set: call this from `build.rs`, or name a folder".into(),
                ));
            }
        };
        let generated = workspace::with_deep_stack(|| generate::generate(&self.project, &self.manifest, &[]));
        let package = self.choose(&generated)?;
        self.watch(package.as_ref().map(|package| &package.package));
        for finding in &generated.diagnostics {
            println!(
                "cargo:warning=pyrust: {}",
                render::concise(finding, &mut Sources::new(&self.project.root))
            );
        }
        let Some(package) = package else {
            // Nothing to compile is no mistake: the module is there, and empty.
            let input = pipeline::Input {
                package: self.own_name(),
                modules: self.own_file(),
                hotspots: Vec::new(),
                attributes: Default::default(),
                dropped: Vec::new(),
                bodies: Vec::new(),
                passes: Default::default(),
            };
            self.write(&out, GENERATED, &pipeline::generate(&input).rust)?;
            self.write(&out, DIGESTS, "")?;
            self.write(&out, notices::FILE, &licenses())?;
            return Ok(Report { native: Vec::new(), python: Vec::new() });
        };
        let report = self.judge(package)?;
        self.write(&out, GENERATED, &self.with_bodies(package))?;
        self.write(&out, DIGESTS, &self.digests(package))?;
        self.write(&out, notices::FILE, &licenses())?;
        Ok(report)
    }

    fn choose<'a>(&self, generated: &'a Generated) -> Result<Option<&'a GeneratedPackage>, Error> {
        if let Some(name) = &self.package {
            return Ok(generated.packages.iter().find(|package| package.package.name == *name));
        }
        let hot: Vec<&GeneratedPackage> =
            generated.packages.iter().filter(|package| !package.functions.is_empty()).collect();
        match hot.as_slice() {
            [] => Ok(None),
            [package] => Ok(Some(package)),
            several => {
                let names: Vec<&str> = several.iter().map(|package| package.package.name.as_str()).collect();
                Err(Error(format!(
                    "several packages have hotspots ({}), and a crate makes one module: choose with `.package(…)`",
                    names.join(", ")
                )))
            }
        }
    }

    /// The package when nothing has hotspots.
    fn own_name(&self) -> String {
        match (&self.package, self.project.packages.first()) {
            (Some(name), _) => name.clone(),
            (None, Some(package)) => package.name.clone(),
            (None, None) => std::env::var("CARGO_PKG_NAME").unwrap_or_default().replace('-', "_"),
        }
    }

    /// The file of that package, which tells a package from a top-level module.
    fn own_file(&self) -> Vec<SourceFile> {
        let name = self.own_name();
        let package = self.project.packages.iter().find(|package| package.name == name);
        let path = package.map(|package| self.project.relative(&package.importing_file()));
        vec![SourceFile::new(name, path.unwrap_or_else(|| "__init__.py".into()), "")]
    }

    /// cargo runs the build script again when one of these changes.
    fn watch(&self, package: Option<&Package>) {
        let mut own = vec![self.project.manifest_path.clone(), self.project.root.join("pyproject.toml")];
        let bodies = self.project.manifest_path.with_file_name(bodies::FOLDER);
        if bodies.is_dir() {
            own.extend(host::files_in(&bodies));
            own.push(bodies);
        }
        let modules = package.into_iter().flat_map(|package| &package.modules).map(|(_, path)| path.clone());
        for path in own.into_iter().chain(modules) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        for name in ["PYO3_PYTHON", "PYO3_CONFIG_FILE", "VIRTUAL_ENV", "CONDA_PREFIX", Passes::VARIABLE] {
            println!("cargo:rerun-if-env-changed={name}");
        }
    }

    /// The text takes bodies from where the user wrote them, so that rustc's messages name those files. Elsewhere they lie beside it.
    fn with_bodies(&self, package: &GeneratedPackage) -> String {
        let folder = self.project.manifest_path.parent().unwrap_or(&self.project.root);
        let mut text = package.rust.clone();
        for body in &package.bodies {
            let path = folder.join(&body.path).to_string_lossy().into_owned();
            text = text.replace(&format!("#[path = {:?}]", body.path), &format!("#[path = {path:?}]"));
        }
        text
    }

    /// Warns about what stays Python, single signatures too; fails where that is not allowed.
    fn judge(&self, package: &GeneratedPackage) -> Result<Report, Error> {
        let mut report = Report { native: Vec::new(), python: Vec::new() };
        let mut sources = Sources::new(&self.project.root);
        let mut refused = Vec::new();
        for function in &package.functions {
            let name = function.entry.function.clone();
            for body in &function.bodies {
                if let Some(reason) = &body.reason {
                    println!("cargo:warning=pyrust: {}: {}", body.place, reason.replace('\n', "; "));
                }
            }
            let Some(reason) = &function.reason else {
                if self.project.settings.fallback != Fallback::Silent {
                    for (signature, reason) in &function.refused {
                        let reason = reason.replace('\n', "; ");
                        println!("cargo:warning=pyrust: {name} with {signature} stays Python: {reason}");
                    }
                }
                report.native.push(name);
                continue;
            };
            let strict = self.project.settings.fallback == Fallback::Error && function.state == State::Python;
            if strict || function.entry.mode == Mode::Require {
                let text: String =
                    function.diagnostics.iter().map(|d| render::full(d, &mut sources, false)).collect();
                refused.push(format!("`{name}` is not native: {reason}\n{text}"));
            } else if self.project.settings.fallback != Fallback::Silent && function.state == State::Python {
                println!("cargo:warning=pyrust: {name} stays Python: {}", reason.replace('\n', "; "));
            }
            report.python.push((name, reason.clone()));
        }
        if refused.is_empty() { Ok(report) } else { Err(Error(refused.join("\n"))) }
    }

    fn write(&self, out: &Path, name: &str, text: &str) -> Result<(), Error> {
        let path = out.join(name);
        host::write_if_changed(&path, text).map(drop).map_err(|error| {
            let shown = path.display().to_string();
            failed(&self.project.root, &[host::io_error("PYR0502", "write", &shown, &error)])
        })
    }

    /// The digests; without an interpreter there are none, and everything stays Python until there is one.
    fn digests(&self, package: &GeneratedPackage) -> String {
        let request = package.digest_request(&self.project).to_string();
        for python in self.interpreters() {
            match run(&python, &self.project.root, &request) {
                Ok(text) => return text,
                Err(problem) => println!("cargo:warning=pyrust: `{}`: {problem}", python.display()),
            }
        }
        println!(
            "cargo:warning=pyrust: no Python interpreter: set PYO3_PYTHON to the one that will import the module"
        );
        String::new()
    }

    /// Whom PyO3 would ask, in its order. One that was named is the only candidate.
    fn interpreters(&self) -> Vec<PathBuf> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(python) = self.python.clone().or_else(|| set("PYO3_PYTHON")).or_else(configured) {
            return vec![python];
        }
        let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        if let Some(folder) = set("VIRTUAL_ENV").or_else(|| set("CONDA_PREFIX")) {
            return vec![folder.join(inside)];
        }
        ["python3", "python"].map(PathBuf::from).to_vec()
    }
}

/// The notices of what this crate links to, as cargo sees it from its build script; empty elsewhere.
fn licenses() -> String {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (Some(target), Some(cargo), Some(folder)) = (set("TARGET"), set("CARGO"), set("CARGO_MANIFEST_DIR"))
    else {
        return String::new();
    };
    let output = |command: &mut Command| -> Result<String, String> {
        let done = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let last = || String::from_utf8_lossy(&done.stderr).lines().last().unwrap_or("it failed").to_string();
        if done.status.success() { Ok(text) } else { Err(last()) }
    };
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--offline", "--filter-platform"]).arg(target);
    command.arg("--manifest-path").arg(PathBuf::from(folder).join("Cargo.toml"));
    let rustc = set("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = output(Command::new(rustc).args(["--print", "sysroot"])).ok();
    let found = output(&mut command)
        .and_then(|text| notices::notices(&text, sysroot.as_deref().map(|path| Path::new(path.trim()))));
    found.unwrap_or_else(|problem| {
        println!("cargo:warning=pyrust: no licence notices of what is linked in: {problem}");
        String::new()
    })
}

/// The interpreter in the file that PYO3_CONFIG_FILE names.
fn configured() -> Option<PathBuf> {
    let text = std::fs::read_to_string(std::env::var_os("PYO3_CONFIG_FILE")?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("executable="))?;
    Some(PathBuf::from(line.trim()))
}

fn run(python: &Path, folder: &Path, request: &str) -> Result<String, String> {
    let mut child = Command::new(python)
        .args(["-I", "-c", &digest::program()])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // A program that ends early is reported by its exit code.
        let _ = input.write_all(request.as_bytes());
    }
    let done = child.wait_with_output().map_err(|error| error.to_string())?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(said.lines().last().unwrap_or("it failed").to_string());
    }
    String::from_utf8(done.stdout).map_err(|error| error.to_string())
}

fn failed(root: &Path, findings: &[Diagnostic]) -> Error {
    let serious: Vec<Diagnostic> =
        findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    let shown = if serious.is_empty() { findings } else { &serious };
    debug_assert!(check::exit_code(shown) > 0);
    let text = render::render(shown, &mut Sources::new(root), render::Format::Full, false);
    Error(format!("\n{}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, text).expect("written");
        }
        folder
    }

    const SOURCE: &str = "def f(x):\n    return x + 1\n";
    const MANIFEST: &str =
        "version = 1\n\n[[hotspot]]\nfunction = \"p:f\"\nsignatures = [\"(int) -> int\"]\n";

    #[test]
    fn writes_text_and_digests() {
        let folder = project(&[
            ("pyproject.toml", "[tool.pyrust]\n"),
            ("p/__init__.py", SOURCE),
            ("pyrust.toml", MANIFEST),
        ]);
        let out = folder.path().join("out");
        let build = Build::from_manifest(folder.path().join("pyrust.toml")).expect("read");
        let report = build.out_dir(&out).python("python3").compile().expect("compiled");
        assert_eq!((report.native.len(), report.python.len()), (1, 0), "{report:?}");
        let project = Project::load(folder.path()).expect("a project");
        let generated = generate::generate(&project, &project.manifest().expect("valid"), &[]);
        assert_eq!(
            std::fs::read_to_string(out.join(GENERATED)).expect("written"),
            generated.packages[0].rust
        );
        let digests = std::fs::read_to_string(out.join(DIGESTS)).expect("written");
        assert!(digests.starts_with("p:f ") && digests.len() == 4 + 32 + 1, "{digests:?}");
    }

    #[test]
    fn without_an_interpreter_the_digests_are_empty() {
        let folder = project(&[
            ("pyproject.toml", "[tool.pyrust]\n"),
            ("p/__init__.py", SOURCE),
            ("pyrust.toml", MANIFEST),
        ]);
        let out = folder.path().join("out");
        let build = Build::from_manifest(folder.path().join("pyrust.toml")).expect("read");
        build.out_dir(&out).python("/nowhere/python").compile().expect("compiled");
        assert_eq!(std::fs::read_to_string(out.join(DIGESTS)).expect("written"), "");
    }

    #[test]
    fn without_a_manifest_the_module_is_empty() {
        let folder = project(&[("pyproject.toml", "[tool.pyrust]\n"), ("p/__init__.py", SOURCE)]);
        let out = folder.path().join("out");
        let mut build = Build::from_manifest(folder.path().join("pyproject.toml")).err();
        assert!(build.take().is_some_and(|error| error.to_string().contains("PYR0104")), "not a manifest");
        let project = Project::load(folder.path()).expect("a project");
        let build = Build { project, manifest: Manifest::default(), package: None, out: None, python: None };
        assert!(build.out_dir(&out).compile().expect("compiled").native.is_empty());
        assert!(
            std::fs::read_to_string(out.join(GENERATED)).expect("written").contains("init: PyInit__pyrust")
        );
    }

    #[test]
    fn a_package_without_hotspots_that_imports_its_module_gets_an_empty_one() {
        let prologue = "try:\n    from . import _pyrust\nexcept ImportError:\n    raise\n";
        let folder = project(&[
            ("pyproject.toml", "[tool.pyrust]\npackages = [\"p\", \"q\", \"r\"]\n"),
            ("p/__init__.py", SOURCE),
            ("q/__init__.py", prologue),
            ("r/__init__.py", "# says nothing of _pyrust\n"),
            ("pyrust.toml", MANIFEST),
        ]);
        let loaded = Project::load(folder.path()).expect("a project");
        let generated = generate::generate(&loaded, &loaded.manifest().expect("valid"), &[]);
        let names: Vec<&str> = generated.packages.iter().map(|p| p.package.name.as_str()).collect();
        assert_eq!(names, ["p", "q"]);
        let empty = &generated.packages[1];
        assert!(empty.functions.is_empty() && empty.rust.contains("init: PyInit__pyrust"), "{}", empty.rust);
        // A crate makes one module: the other package must not make the choice ambiguous.
        let build = Build::from_manifest(folder.path().join("pyrust.toml")).expect("read");
        let report = build.out_dir(folder.path().join("out")).python("python3").compile().expect("compiled");
        assert_eq!(report.native, ["p:f"]);
    }

    #[test]
    fn single_signatures_are_refused() {
        let source = "def f(x, s):\n    return x + 1\n\n\ndef g(x):\n    return x - 1\n";
        let entry = |function: &str, signatures: &str, more: &str| {
            format!("\n[[hotspot]]\nfunction = \"{function}\"\nsignatures = [{signatures}]\n{more}")
        };
        let found = {
            let manifest = "version = 1\n".to_string()
                + &entry(
                    "p:f",
                    "\"(int, str) -> int\", \"(None, str) -> int\", \"(int, str) -> bigint\"",
                    "",
                )
                + &entry("p:g", "\"(bytes) -> int\"", "");
            let folder = project(&[
                ("pyproject.toml", "[tool.pyrust]\n"),
                ("p/__init__.py", source),
                ("pyrust.toml", &manifest),
            ]);
            let project = Project::load(folder.path()).expect("a project");
            generate::generate(&project, &project.manifest().expect("valid"), &[])
        };
        let [f, g] = found.packages[0].functions.as_slice() else { panic!("{found:?}") };
        let native = ["(int, str) -> int", "(int, str) -> bigint"].map(str::to_string);
        assert_eq!((f.state, f.signatures.as_slice()), (State::Native, &native[..]));
        let refused: Vec<(&str, &str)> =
            f.refused.iter().map(|(signature, reason)| (signature.as_str(), &reason[..7])).collect();
        assert_eq!(refused, [("(None, str) -> int", "PYR0401")]);
        assert_eq!(g.state, State::Python);
        assert!(
            g.refused.is_empty() && g.reason.as_deref().is_some_and(|reason| reason.starts_with("PYR0401"))
        );
    }

    #[test]
    fn what_is_required_must_be_native() {
        let manifest = MANIFEST.replace("p:f", "p:missing") + "mode = \"require\"\n";
        let folder = project(&[
            ("pyproject.toml", "[tool.pyrust]\n"),
            ("p/__init__.py", SOURCE),
            ("pyrust.toml", &manifest),
        ]);
        let build = Build::from_manifest(folder.path().join("pyrust.toml")).expect("read");
        let error = build.out_dir(folder.path().join("out")).compile().expect_err("not native");
        assert!(error.to_string().contains("PYR0111"), "{error}");
    }
}
