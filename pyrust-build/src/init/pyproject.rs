//! Edits of `pyproject.toml`; comments and layout stay.

use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{DISTRIBUTION, cargo, requirement};
use crate::ast::StmtKind;
use crate::host;
use crate::notices;
use crate::parse;
use crate::project::{Backend, Project};
use crate::source::SourceFile;

/// Since this version maturin takes the notices from where `build.rs` leaves them.
const READS_OUT_DIR: (u64, u64) = (1, 16);

/// The edited text. It parsed before, when the project was read.
pub(super) fn edit(project: &Project, old: &str) -> String {
    let Ok(mut document) = old.parse::<DocumentMut>() else { return old.to_string() };
    if matches!(project.backend, Backend::Setuptools | Backend::Hatch) {
        require(&mut document);
    }
    if project.backend == Backend::Maturin {
        maturin(project, &mut document);
    }
    if project.backend == Backend::Hatch {
        add_table(&mut document, &["tool", "hatch", "build", "hooks", "pyrust"]);
    }
    add_table(&mut document, &["tool", "pyrust"]);
    uv(project, &mut document);
    document.to_string()
}

/// The crate is the extension module of the package; the manifest travels in the sdist, the notices in the wheel.
fn maturin(project: &Project, document: &mut DocumentMut) {
    let [package] = project.packages.as_slice() else { return };
    if cargo::other_module(project).is_some() {
        return;
    }
    add_table(document, &["tool", "maturin"]);
    let Some(table) =
        document.get_mut("tool").and_then(|tool| tool.get_mut("maturin")).and_then(Item::as_table_like_mut)
    else {
        return;
    };
    let folder = project.relative(package.folder());
    let path = package.name.replace('.', "/");
    let source = match package.dir {
        Some(_) => folder.strip_suffix(&path).map_or("", |parent| parent.trim_end_matches('/')),
        None => folder.as_str(),
    };
    if !matches!(source, "" | ".") && table.get("python-source").is_none() {
        table.insert("python-source", Item::Value(Value::from(source)));
    }
    if table.get("module-name").is_none() {
        let module = match package.dir {
            Some(_) => format!("{}.{}", package.name, package.extension()),
            None => package.extension(),
        };
        table.insert("module-name", Item::Value(Value::from(module)));
    }
    // With the crate in the root everything beside it is shipped.
    let manifest = project.settings.manifest.as_str();
    if table.get("manifest-path").is_some() {
        include(table, &[("path", manifest), ("format", "sdist")]);
    }
    let into = match package.dir {
        Some(_) => format!("{path}/"),
        None => String::new(),
    };
    include(table, &[("path", notices::FILE), ("from", "out-dir"), ("to", &into)]);
    raise(document, "maturin", READS_OUT_DIR);
}

/// Raises a build requirement that leads to older versions.
fn raise(document: &mut DocumentMut, name: &str, least: (u64, u64)) {
    let requires = document.get_mut("build-system").and_then(|table| table.get_mut("requires"));
    for value in requires.and_then(Item::as_array_mut).into_iter().flat_map(Array::iter_mut) {
        let old = value.as_str().filter(|text| distribution_name(text) == name);
        if let Some(new) = old.and_then(|text| requirement::raised(text, least, least.0 + 1)) {
            let decor = value.decor().clone();
            *value = Value::from(new);
            *value.decor_mut() = decor;
        }
    }
}

/// Adds a file to those that maturin takes along, unless it is named already.
fn include(table: &mut dyn TableLike, file: &[(&str, &str)]) {
    let item = table.entry("include").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let Some(list) = item.as_array_mut() else { return };
    let path = file[0].1;
    let names = |value: &Value| {
        let inner = value.as_inline_table().and_then(|table| table.get("path"));
        value.as_str() == Some(path) || inner.and_then(Value::as_str) == Some(path)
    };
    if !list.iter().any(names) {
        let entry = file.iter().filter(|(_, value)| !value.is_empty());
        push(list, Value::InlineTable(entry.map(|(key, value)| (*key, Value::from(*value))).collect()));
    }
}

/// Adds the distribution to `build-system.requires`. Without a `[build-system]` one is made that names no back end:
/// so a `setup.py` that imports its neighbours keeps working.
fn require(document: &mut DocumentMut) {
    if document.get("build-system").is_none() {
        let mut table = Table::new();
        table.insert(
            "requires",
            Item::Value(Value::Array(Array::from_iter(["setuptools>=77", DISTRIBUTION]))),
        );
        table.set_position(-1);
        let empty = document.as_table().is_empty();
        // What stood first now comes second.
        if !empty {
            table.decor_mut().set_suffix("");
        }
        document.insert("build-system", Item::Table(table));
        if !empty {
            separate_first_table(document);
        }
        return;
    }
    let Some(table) = document.get_mut("build-system").and_then(Item::as_table_like_mut) else { return };
    match table.get_mut("requires").and_then(Item::as_array_mut) {
        Some(requires) => {
            let has =
                requires.iter().filter_map(Value::as_str).any(|text| distribution_name(text) == DISTRIBUTION);
            if !has {
                push(requires, Value::from(DISTRIBUTION));
            }
        }
        None => {
            table.insert(
                "requires",
                Item::Value(Value::Array(Array::from_iter(["setuptools>=77", DISTRIBUTION]))),
            );
        }
    }
}

/// The table that was first in the text gets an empty line before it.
fn separate_first_table(document: &mut DocumentMut) {
    fn first(table: &mut Table) -> Option<&mut Table> {
        if table.position().is_some() && !table.is_implicit() {
            return Some(table);
        }
        table.iter_mut().filter_map(|(_, item)| item.as_table_mut()).find_map(first)
    }
    let tables = document.as_table_mut().iter_mut().filter(|(key, _)| *key != "build-system");
    let found =
        tables.filter_map(|(_, item)| item.as_table_mut()).filter_map(first).min_by_key(|t| t.position());
    if let Some(table) = found {
        let prefix =
            table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_string();
        if !prefix.starts_with('\n') {
            table.decor_mut().set_prefix(format!("\n{prefix}"));
        }
    }
}

/// The normalised name in a requirement.
fn distribution_name(requirement: &str) -> String {
    let name: String = requirement
        .trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    name.to_lowercase().replace(['_', '.'], "-")
}

/// Appends to an array in the way that its other elements stand.
fn push(array: &mut Array, value: Value) {
    let prefix = array
        .iter()
        .last()
        .and_then(|last| last.decor().prefix())
        .and_then(|p| p.as_str())
        .map(str::to_string);
    let several = !array.is_empty() && prefix.as_deref().is_some_and(|prefix| prefix.contains('\n'));
    let first = array.is_empty();
    // The line break (and a comment) behind the last element is the array's, or the element's if no comma follows.
    let mut trailing = array.trailing().as_str().filter(|_| several).map(str::to_string);
    let count = array.len();
    if let Some(old) = array.get_mut(count.saturating_sub(1)).filter(|_| several) {
        let suffix = old.decor().suffix().and_then(|s| s.as_str()).unwrap_or_default().to_string();
        if suffix.contains('\n') {
            old.decor_mut().set_suffix("");
            trailing = Some(suffix);
        }
    }
    array.push(value);
    let last = array.len() - 1;
    if let Some(text) = &trailing {
        // Behind the last line break stands the closing bracket's indent.
        array.set_trailing(format!("\n{}", text.rsplit('\n').next().unwrap_or_default()));
        array.set_trailing_comma(true);
    }
    if let Some(pushed) = array.get_mut(last) {
        match prefix {
            // Without the comments that stand before the other element.
            Some(prefix) if several => {
                let indent = prefix.rsplit('\n').next().unwrap_or_default();
                let comment = trailing.as_deref().unwrap_or_default().trim_end();
                pushed.decor_mut().set_prefix(format!("{comment}\n{indent}"));
            }
            _ if first => pushed.decor_mut().set_prefix(""),
            _ => pushed.decor_mut().set_prefix(" "),
        }
    }
}

/// Adds an empty table at the end, unless it is there.
fn add_table(document: &mut DocumentMut, path: &[&str]) {
    let mut item = document.as_item();
    if path.iter().all(|key| match item.get(key) {
        Some(inner) => {
            item = inner;
            true
        }
        None => false,
    }) {
        return;
    }
    // Text at the end is the simplest way to put a table last, whatever tables there are.
    let mut text = document.to_string();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!("[{}]\n", path.join(".")));
    if let Ok(extended) = text.parse() {
        *document = extended;
        return;
    }
    // `tool` or a part of it is written inline: go into it.
    let mut item = document.as_item_mut();
    for key in path {
        item = &mut item[*key];
        if item.is_none() {
            *item = Item::Value(Value::InlineTable(InlineTable::new()));
        }
    }
}

/// uv rebuilds only for what `cache-keys` names; setting it replaces uv's own.
fn uv(project: &Project, document: &mut DocumentMut) {
    if project.root.join("uv.lock").exists() {
        add_table(document, &["tool", "uv"]);
    }
    let Some(uv) =
        document.get_mut("tool").and_then(|tool| tool.get_mut("uv")).and_then(Item::as_table_like_mut)
    else {
        return;
    };
    let mut files: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    match uv.get_mut("cache-keys").and_then(Item::as_array_mut) {
        Some(_) => {}
        None => {
            files.push("pyproject.toml".into());
            files.extend(
                ["setup.py", "setup.cfg"]
                    .iter()
                    .filter(|f| project.root.join(f).exists())
                    .map(|f| f.to_string()),
            );
            uv.insert("cache-keys", Item::Value(Value::Array(Array::new())));
        }
    }
    files.push(project.settings.manifest.clone());
    let beside = project.manifest_path.with_file_name(crate::bodies::FOLDER);
    files.push(format!("{}/*.rs", project.relative(&beside)));
    for package in &project.packages {
        let folder = project.relative(package.folder());
        files.push(match (&package.dir, folder.as_str()) {
            (Some(_), folder) => format!("{folder}/**/*.py"),
            (None, "" | ".") => format!("{}.py", package.name),
            (None, folder) => format!("{folder}/{}.py", package.name),
        });
    }
    keys.extend(files.into_iter().map(|file| ("file", file)));
    keys.push(("env", "CARGO".to_string()));
    let Some(array) = uv.get_mut("cache-keys").and_then(Item::as_array_mut) else { return };
    for (kind, value) in keys {
        let has = array
            .iter()
            .filter_map(Value::as_inline_table)
            .any(|t| t.get(kind).and_then(Value::as_str) == Some(&value));
        let plain = kind == "file" && array.iter().any(|v| v.as_str() == Some(&value));
        if !has && !plain {
            let mut table = InlineTable::new();
            table.insert(kind, Value::from(value));
            push(array, Value::InlineTable(table));
        }
    }
}

/// A `pyproject.toml` where there was none switches build isolation on: what `setup.py` imports must be required.
pub(super) fn isolation_note(root: &Path) -> Option<String> {
    const USUAL: &[&str] = &[
        "setuptools",
        "distutils",
        "os",
        "sys",
        "re",
        "io",
        "pathlib",
        "codecs",
        "glob",
        "subprocess",
        "platform",
        "shutil",
        "ast",
        "json",
        "datetime",
        "time",
        "warnings",
        "typing",
        "configparser",
        "importlib",
        "runpy",
        "textwrap",
        "contextlib",
        "functools",
        "itertools",
        "__future__",
        "logging",
        "unittest",
        "tempfile",
        "string",
    ];
    let text = host::read_text(&root.join("setup.py"), "setup.py", "PYR0206").ok()?;
    let tree = parse::parse_module(&SourceFile::new("setup", "setup.py", text)).ok()?;
    let mut foreign: Vec<String> = Vec::new();
    for stmt in &tree.body {
        let names: Vec<&String> = match &stmt.kind {
            StmtKind::Import(names) => names.iter().map(|alias| &alias.name).collect(),
            StmtKind::ImportFrom { module: Some(module), level: 0, .. } => vec![module],
            _ => continue,
        };
        for name in names {
            let top = name.split('.').next().unwrap_or(name);
            let local = root.join(format!("{top}.py")).exists() || root.join(top).is_dir();
            if !USUAL.contains(&top) && !local && !foreign.iter().any(|other| other == top) {
                foreign.push(top.to_string());
            }
        }
    }
    if foreign.is_empty() {
        return None;
    }
    Some(format!(
        "`setup.py` imports {}: builds are isolated now, so add what provides it to `build-system.requires`",
        foreign.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    ))
}
