//! The Rust side of a maturin project: `Cargo.toml`, `build.rs`, `lib.rs`.

use std::path::PathBuf;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::Plan;
use crate::diagnostic::Diagnostic;
use crate::host;
use crate::project::{Backend, Package, Project};

const LIB_RS: &str = "pyrust_macros::hotspots!();\n";

/// A crate that has nothing but the hotspots. Its version means nothing: the wheel has that of the project.
const CARGO_TOML: &str = "[package]\nname = \"NAME\"\nversion = \"0.0.0\"\nedition = \"2024\"\nrust-version = \"1.91\"\npublish = false\n\n[lib]\nname = \"LIBRARY\"\ncrate-type = [\"cdylib\"]\n";

/// Nobody likes to wait without knowing for what.
const WHAT_CARGO_DOES: &str = "the first install compiles the compiler too, which takes minutes; `pyrust build` compiles in place with the one that is installed\nwhere cargo does not find the crates `pyrust-*`, `.cargo/config.toml` tells where a clone of the repository is (docs/recipes.md)";

/// What a crate that makes a Python module of its own depends on.
const BINDINGS: &[&str] = &["pyo3", "pyo3-ffi", "cffi", "uniffi"];

/// Plans what is missing. Files with content of their own are not touched; a note says what to add.
pub(super) fn plan(project: &Project, plan: &mut Plan) -> Result<(), Vec<Diagnostic>> {
    let folder = crate_folder(project);
    let inside = |name: &str| if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
    let root = project.root.as_path();
    if let Some(module) = other_module(project) {
        // Without a package there is nothing to compile yet, and a note of its own.
        if let Some(package) = project.packages.first() {
            plan.notes.push(format!(
                "this crate makes the module `{module}`, and one crate makes one: `pyrust build` compiles in place, and under `[tool.maturin]`\ninclude = [{{ path = \"{}/_pyrust.*\", format = \"wheel\" }}]\nputs the result into wheels",
                project.relative(package.folder())
            ));
        }
        return Ok(());
    }
    let build = format!(
        "fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    pyrust_build::Build::from_manifest(\"{}\")?.compile()?;\n    Ok(())\n}}\n",
        project.settings.manifest
    );
    let library = project.packages.first().map_or_else(|| "_pyrust".to_string(), Package::extension);
    let begun = plan.changes.len();
    plan.edit(root, &inside("Cargo.toml"), |old| {
        let new = CARGO_TOML.replace("NAME", &crate_name(project)).replace("LIBRARY", &library);
        Ok(dependencies(if old.is_empty() { &new } else { old }, &library))
    })?;
    create(project, plan, &inside("build.rs"), &build, "pyrust_build")?;
    create(project, plan, &inside("src/lib.rs"), LIB_RS, "hotspots!")?;
    if plan.changes.len() > begun {
        plan.notes.push(WHAT_CARGO_DOES.into());
    }
    Ok(())
}

/// The folder that cargo will fill, where there is no crate yet.
pub(super) fn target_of_new_crate(project: &Project) -> Option<String> {
    let folder = crate_folder(project);
    let path = |name: &str| if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
    let makes =
        matches!(project.backend, Backend::Maturin) && !project.root.join(path("Cargo.toml")).exists();
    makes.then(|| format!("/{}", path("target/")))
}

/// Where maturin looks for the crate: where `manifest-path` says, else in the root, else in `rust`.
fn crate_folder(project: &Project) -> String {
    match maturin_setting(project, "manifest-path").map(PathBuf::from) {
        Some(path) => {
            path.parent().map(|folder| folder.to_string_lossy().replace('\\', "/")).unwrap_or_default()
        }
        None if project.root.join("Cargo.toml").exists() => String::new(),
        None if project.root.join("rust/Cargo.toml").exists() => "rust".to_string(),
        None => String::new(),
    }
}

fn maturin_setting(project: &Project, key: &str) -> Option<String> {
    let text = host::text(&project.root.join("pyproject.toml"))?;
    let document: DocumentMut = text.parse().ok()?;
    Some(document.get("tool")?.get("maturin")?.get(key)?.as_str()?.to_string())
}

/// The module that maturin makes of the crate, when it is not ours.
pub(super) fn other_module(project: &Project) -> Option<String> {
    let ours = |module: &str| module.rsplit('.').next().is_some_and(|last| last.starts_with("_pyrust"));
    if let Some(module) = maturin_setting(project, "module-name") {
        return (!ours(&module)).then_some(module);
    }
    let text = host::text(&project.root.join(crate_folder(project)).join("Cargo.toml"))?;
    let document: DocumentMut = text.parse().ok()?;
    let named = |table: &str| Some(document.get(table)?.get("name")?.as_str()?.to_string());
    let library = named("lib");
    let binds = document
        .get("dependencies")
        .and_then(Item::as_table_like)
        .is_some_and(|dependencies| BINDINGS.iter().any(|name| dependencies.contains_key(name)));
    let module = library.or_else(|| named("package").filter(|_| binds))?;
    (!ours(&module)).then(|| module.replace('-', "_"))
}

/// The project's name, as cargo takes names.
fn crate_name(project: &Project) -> String {
    let text = host::text(&project.root.join("pyproject.toml")).unwrap_or_default();
    let named = text
        .parse::<DocumentMut>()
        .ok()
        .and_then(|document| Some(document.get("project")?.get("name")?.as_str()?.to_string()));
    let name = named.or_else(|| Some(project.packages.first()?.name.clone())).unwrap_or_default();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_lowercase()) { plain } else { format!("hotspots-{plain}") }
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

fn dependencies(old: &str, name: &str) -> String {
    let Ok(mut document) = old.parse::<DocumentMut>() else { return old.to_string() };
    let version = env!("CARGO_PKG_VERSION");
    for (table, names) in [
        ("dependencies", &["pyrust-macros", "pyrust-runtime"][..]),
        ("build-dependencies", &["pyrust-build"]),
    ] {
        let item = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        let Some(dependencies) = item.as_table_like_mut() else { continue };
        for each in names {
            if dependencies.get(each).is_none() {
                dependencies.insert(each, Item::Value(Value::from(version)));
            }
        }
    }
    let library = document.entry("lib").or_insert_with(|| Item::Table(Table::new()));
    if let Some(library) = library.as_table_like_mut() {
        if library.get("crate-type").is_none() {
            library.insert("crate-type", Item::Value(Value::Array(toml_edit::Array::from_iter(["cdylib"]))));
        }
        if library.get("name").is_none() {
            library.insert("name", Item::Value(Value::from(name)));
        }
    }
    document.to_string()
}
