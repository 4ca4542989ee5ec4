//! The Rust side of a maturin project: `Cargo.toml`, `build.rs`, `lib.rs`.

use std::path::PathBuf;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::Plan;
use crate::diagnostic::Diagnostic;
use crate::host;
use crate::project::Project;

const BUILD_RS: &str = "fn main() -> Result<(), Box<dyn std::error::Error>> {\n    pyrust_build::Build::from_manifest(\"pyrust.toml\")?.compile()?;\n    Ok(())\n}\n";

const LIB_RS: &str = "pyrust_macros::hotspots!();\n";

/// Plans what is missing. Files with content of their own are not touched; a note says what to add.
pub(super) fn plan(project: &Project, plan: &mut Plan) -> Result<(), Vec<Diagnostic>> {
    let folder = crate_folder(project);
    let inside = |name: &str| if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
    let root = project.root.as_path();
    let cargo_toml = inside("Cargo.toml");
    if !root.join(&cargo_toml).exists() {
        plan.notes.push(
            "there is no `Cargo.toml`; make a crate (`maturin init`) and run `pyrust init` again".into(),
        );
        return Ok(());
    }
    if let Some(module) = other_module(project) {
        let package = project.packages.first().map(|package| project.relative(package.folder()));
        plan.notes.push(format!(
            "this crate makes the module `{module}`, and one crate makes one: `pyrust build` compiles in place, and under `[tool.maturin]`\ninclude = [{{ path = \"{}/_pyrust.*\", format = \"wheel\" }}]\nputs the result into wheels",
            package.unwrap_or_default()
        ));
        return Ok(());
    }
    plan.edit(root, &cargo_toml, |old| Ok(dependencies(old)))?;
    create(project, plan, &inside("build.rs"), BUILD_RS, "pyrust_build")?;
    create(project, plan, &inside("src/lib.rs"), LIB_RS, "hotspots!")?;
    Ok(())
}

/// Where maturin looks for the crate.
fn crate_folder(project: &Project) -> String {
    let manifest = host::text(&project.root.join("pyproject.toml")).and_then(|text| {
        let document: DocumentMut = text.parse().ok()?;
        Some(document.get("tool")?.get("maturin")?.get("manifest-path")?.as_str()?.to_string())
    });
    match manifest.map(PathBuf::from) {
        Some(path) => {
            path.parent().map(|folder| folder.to_string_lossy().replace('\\', "/")).unwrap_or_default()
        }
        None => String::new(),
    }
}

/// The module that maturin makes of the crate, when it is not ours.
fn other_module(project: &Project) -> Option<String> {
    let text = host::text(&project.root.join("pyproject.toml"))?;
    let document: DocumentMut = text.parse().ok()?;
    let module = document.get("tool")?.get("maturin")?.get("module-name")?.as_str()?.to_string();
    (!module.rsplit('.').next()?.starts_with("_pyrust")).then_some(module)
}

fn create(
    project: &Project,
    plan: &mut Plan,
    path: &str,
    text: &str,
    mark: &str,
) -> Result<(), Vec<Diagnostic>> {
    let full = project.root.join(path);
    if !full.exists() {
        return plan.edit(&project.root, path, |_| Ok(text.to_string()));
    }
    if !host::text(&full).unwrap_or_default().contains(mark) {
        plan.notes.push(format!("add to `{path}`:\n{}", text.trim_end()));
    }
    Ok(())
}

fn dependencies(old: &str) -> String {
    let Ok(mut document) = old.parse::<DocumentMut>() else { return old.to_string() };
    let version = env!("CARGO_PKG_VERSION");
    for (table, names) in [
        ("dependencies", &["pyrust-macros", "pyrust-runtime"][..]),
        ("build-dependencies", &["pyrust-build"]),
    ] {
        let item = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        let Some(dependencies) = item.as_table_like_mut() else { continue };
        for name in names {
            if dependencies.get(name).is_none() {
                dependencies.insert(name, Item::Value(Value::from(version)));
            }
        }
    }
    let library = document.entry("lib").or_insert_with(|| Item::Table(Table::new()));
    if let Some(library) = library.as_table_like_mut() {
        if library.get("crate-type").is_none() {
            library.insert("crate-type", Item::Value(Value::Array(toml_edit::Array::from_iter(["cdylib"]))));
        }
        if library.get("name").is_none() {
            library.insert("name", Item::Value(Value::from("_pyrust")));
        }
    }
    document.to_string()
}
