//! `pyrust init`: what a project needs so that its hotspots are compiled, as edits of its files.
//!
//! Planning changes nothing: a [`Plan`] lists old and new texts, [`Plan::apply`] writes them. Planning again after
//! applying finds nothing left to do.

mod cargo;
mod prologue;
mod pyproject;
mod requirement;

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::host;
use crate::project::{Backend, Project};

/// The distribution that build requirements name.
const DISTRIBUTION: &str = "pyrust-optimizer";

const IGNORED: &[&str] = &[".pyrust/", "_pyrust*.so", "_pyrust*.pyd"];

pub(crate) use prologue::present as imports_extension;

/// One file that is changed or created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Relative to the root.
    pub path: String,
    pub old: Option<String>,
    pub new: String,
}

/// What is to be done, and what a person has to know or do.
#[derive(Debug, Default)]
pub struct Plan {
    pub changes: Vec<Change>,
    pub notes: Vec<String>,
}

/// Plans the set-up of a project.
pub fn plan(project: &Project) -> Result<Plan, Vec<Diagnostic>> {
    let mut plan = Plan::default();
    let root = project.root.as_path();
    if project.backend != Backend::Cargo {
        plan.edit(root, "pyproject.toml", |old| Ok(pyproject::edit(project, old)))?;
    }
    let target = cargo::target_of_new_crate(project);
    plan.edit(root, ".gitignore", |old| Ok(gitignore(old, target.as_deref(), project.backend)))?;
    for package in &project.packages {
        let path = project.relative(&package.importing_file());
        plan.edit(root, &path, |old| prologue::add(package, &path, old))?;
    }
    if project.packages.is_empty() {
        plan.notes.push(match without_init(root) {
            Some(folder) => format!(
                "no package was found: `{folder}` has modules but no `__init__.py`, which holds the import that switches native code on; put one there"
            ),
            None => "no package or module was found; name them with `packages` in `[tool.pyrust]`".into(),
        });
    }
    if matches!(project.backend, Backend::Maturin | Backend::Cargo) {
        cargo::plan(project, &mut plan)?;
    }
    if project.backend == Backend::Other {
        plan.notes.push(
            "this build back end has no hook, so installs stay pure Python; `pyrust build` compiles in place"
                .into(),
        );
    }
    if !root.join("pyproject.toml").exists() && root.join("setup.py").exists() {
        plan.notes.extend(pyproject::isolation_note(root));
    }
    Ok(plan)
}

impl Plan {
    /// Adds the change that `edit` makes to a file, if any. A missing file is an empty text.
    fn edit(
        &mut self,
        root: &Path,
        path: &str,
        edit: impl FnOnce(&str) -> Result<String, Vec<Diagnostic>>,
    ) -> Result<(), Vec<Diagnostic>> {
        let full = root.join(path);
        let old = match full.exists() {
            true => Some(host::read_text(&full, path, "PYR0206").map_err(|finding| vec![*finding])?),
            false => None,
        };
        let new = edit(old.as_deref().unwrap_or_default())?;
        if old.as_deref().unwrap_or_default() != new {
            // A byte-order mark stays where it is.
            let mark = if host::has_mark(&full) { "\u{feff}" } else { "" };
            let old = old.map(|old| format!("{mark}{old}"));
            self.changes.push(Change { path: path.to_string(), old, new: format!("{mark}{new}") });
        }
        Ok(())
    }

    /// Writes everything. A file that cannot be written stops it; those before it are written.
    pub fn apply(&self, root: &Path) -> Result<(), Vec<Diagnostic>> {
        for change in &self.changes {
            host::write_if_changed(&root.join(&change.path), &change.new)
                .map_err(|error| vec![host::io_error("PYR0502", "write", &change.path, &error)])?;
        }
        Ok(())
    }

    /// The changes as a unified diff.
    pub fn diff(&self) -> String {
        self.changes.iter().map(Change::diff).collect()
    }
}

impl Change {
    /// The change as a unified diff.
    pub fn diff(&self) -> String {
        let old = self.old.as_deref().unwrap_or_default();
        let from = match self.old {
            Some(_) => format!("a/{}", self.path),
            None => "/dev/null".to_string(),
        };
        similar::TextDiff::from_lines(old, &self.new)
            .unified_diff()
            .context_radius(3)
            .header(&from, &format!("b/{}", self.path))
            .to_string()
    }
}

/// A folder that would be a package if it had an `__init__.py`.
fn without_init(root: &Path) -> Option<String> {
    ["src", ""].iter().find_map(|inside| {
        let folder = root.join(inside);
        host::folders_in(&folder).into_iter().find_map(|name| {
            let other = ["tests", "test", "docs", "examples", "build", "dist"].contains(&name.as_str());
            let modules = host::files_in(&folder.join(&name));
            let is_python =
                |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "py");
            let named = name.chars().all(|c| c == '_' || c.is_alphanumeric());
            (!other && named && modules.iter().any(is_python))
                .then(|| if inside.is_empty() { name.clone() } else { format!("{inside}/{name}") })
        })
    })
}

fn gitignore(old: &str, target: Option<&str>, backend: Backend) -> String {
    let has = |line: &str| {
        let wanted = line.trim_matches('/');
        // `*.so` covers ours.
        let covering = wanted.rsplit_once("*.").map(|(_, extension)| format!("*.{extension}"));
        old.lines().map(|l| l.trim().trim_matches('/')).any(|l| l == wanted || Some(l) == covering.as_deref())
    };
    // A build script's notices are copied beside the module.
    let notices = (backend == Backend::Maturin).then_some(crate::notices::FILE);
    let missing: Vec<&str> =
        IGNORED.iter().copied().chain(target).chain(notices).filter(|line| !has(line)).collect();
    append_lines(old, &missing)
}

/// Appends lines, with the line ends that the text has.
fn append_lines(old: &str, lines: &[&str]) -> String {
    let end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = old.to_string();
    if !text.is_empty() && !text.ends_with('\n') && !lines.is_empty() {
        text.push_str(end);
    }
    for line in lines {
        text.push_str(line);
        text.push_str(end);
    }
    text
}

#[cfg(test)]
mod tests;
