//! `pyrust clean`: what builds and profiles have left. The manifest stays.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{Context, Done, Stop};

pub(super) fn run(context: &Context<'_>, dry_run: bool, cache: bool) -> Done {
    if cache {
        return whole_cache(context, dry_run);
    }
    let project = context.project()?;
    let mut found: Vec<PathBuf> = Vec::new();
    let reports = project.root.join(".pyrust");
    if reports.is_dir() {
        found.push(reports);
    }
    for package in &project.packages {
        found.extend(modules(package.folder(), &package.extension()));
        // What a build script leaves beside the module.
        found.extend(Some(package.folder().join(pyrust_build::notices::FILE)).filter(|path| path.is_file()));
    }
    found.extend(cache_entry(context, &project.root).filter(|path| path.is_dir()));
    for path in &found {
        context.out.result(&format!("{}\n", project.relative(path)));
        if dry_run {
            continue;
        }
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        if let Err(error) = removed {
            return Err(Stop::Message(format!("cannot remove `{}`: {error}", path.display()), 2));
        }
    }
    if found.is_empty() {
        context.out.say("nothing to remove");
    }
    Ok(0)
}

/// What all projects share; no project is needed for it.
fn whole_cache(context: &Context<'_>, dry_run: bool) -> Done {
    let module = context.py.import("pyrust.cache")?;
    let options = PyDict::new(context.py);
    options.set_item("dry_run", dry_run)?;
    let found: Vec<String> = module.call_method("clear", (), Some(&options))?.extract()?;
    for line in &found {
        context.out.result(&format!("{line}\n"));
    }
    if found.is_empty() {
        let place: PathBuf = module.call_method0("preferred")?.extract()?;
        context.out.say(&format!("nothing to remove: there is no build cache at {}", place.display()));
    }
    Ok(0)
}

/// The compiled modules of all interpreters in a folder.
fn modules(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let ours = name.strip_prefix(extension).is_some_and(|rest| rest.starts_with('.'));
            ours && (name.ends_with(".so") || name.ends_with(".pyd"))
        })
        .collect();
    found.sort();
    found
}

/// This project's folder in the build cache. Where the cache is, only Python knows.
fn cache_entry(context: &Context<'_>, root: &Path) -> Option<PathBuf> {
    let find = || -> PyResult<PathBuf> {
        let py = context.py;
        let root = py.import("pathlib")?.call_method1("Path", (root.to_string_lossy().into_owned(),))?;
        let report = py.import("pyrust.driver")?.call_method1("report_path", (root,))?;
        report.getattr("parent")?.extract()
    };
    find().ok()
}
