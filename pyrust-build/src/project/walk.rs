//! Finding Python files below a folder.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::names;

/// Folders that never hold modules of the project.
const JUNK: &[&str] = &["__pycache__", "node_modules", "site-packages", "__pypackages__"];

/// All modules of the package `name` in `folder`, sorted. Folders without `__init__.py` inside it count, as they do
/// for Python's import.
pub(super) fn modules(name: &str, folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let walker = WalkBuilder::new(folder)
        .standard_filters(false)
        .hidden(true)
        .follow_links(false)
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let file_name = entry.file_name().to_string_lossy();
            !is_folder
                || entry.depth() == 0
                || (names::is_identifier(&file_name) && !JUNK.contains(&&*file_name))
        })
        .build();
    for entry in walker.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "py") || path.is_dir() {
            continue;
        }
        let Some(module) = module_name(name, folder, path) else { continue };
        found.push((module, path.to_path_buf()));
    }
    found.sort();
    // `a.py` beside `a/__init__.py`: the folder wins at import.
    found.sort_by_key(|(module, path)| (module.clone(), !path.ends_with("__init__.py")));
    found.dedup_by(|later, first| later.0 == first.0);
    found
}

fn module_name(package: &str, folder: &Path, path: &Path) -> Option<String> {
    let mut parts = vec![package.to_string()];
    for part in path.with_extension("").strip_prefix(folder).ok()?.components() {
        parts.push(part.as_os_str().to_str()?.to_string());
    }
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "__init__") {
        parts.pop();
    }
    parts[1..].iter().all(|part| names::is_identifier(part)).then(|| parts.join("."))
}

/// The first regular packages at and below `folder`, which is the package `name` if it is one itself.
pub(super) fn regular_packages(name: &str, folder: &Path, depth: usize) -> Vec<(String, PathBuf)> {
    if folder.join("__init__.py").is_file() {
        return vec![(name.to_string(), folder.to_path_buf())];
    }
    if depth == 0 {
        return Vec::new();
    }
    folders(folder)
        .into_iter()
        .flat_map(|(inner, path)| regular_packages(&format!("{name}.{inner}"), &path, depth - 1))
        .collect()
}

/// Folders whose name is an identifier, sorted; links are followed once, as the import system does.
pub(super) fn folders(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| Some((entry.file_name().to_str()?.to_string(), entry.path())))
        .filter(|(name, _)| names::is_identifier(name) && !JUNK.contains(&name.as_str()))
        .collect();
    found.sort();
    found
}

/// Python files directly in `folder`: module name and path, sorted.
pub(super) fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "py"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_string(), path)))
        .filter(|(name, _)| names::is_identifier(name))
        .collect();
    found.sort();
    found
}
