//! Which packages a project has, by the configuration of its build back end or by its layout.

use std::path::{Path, PathBuf};

use toml_edit::{Item, Table};

use super::{Package, walk};
use crate::diagnostic::{Diagnostic, Severity};
use crate::names;
use crate::settings::Settings;

mod setup_files;

/// How deep namespace packages are looked into.
const NAMESPACE_DEPTH: usize = 4;

/// Top-level names that setuptools, too, does not take for a package of a flat layout.
const RESERVED: &[&str] = &[
    "ci",
    "bin",
    "debian",
    "doc",
    "docs",
    "documentation",
    "manpages",
    "news",
    "newsfragments",
    "changelog",
    "test",
    "tests",
    "unit_test",
    "unit_tests",
    "example",
    "examples",
    "scripts",
    "tools",
    "util",
    "utils",
    "python",
    "build",
    "benchmark",
    "benchmarks",
    "bench",
    "benches",
    "exercise",
    "exercises",
    "htmlcov",
    "tasks",
    "fabfile",
    "site_scons",
    "setup",
    "conftest",
    "noxfile",
    "toxfile",
    "venv",
    "env",
    "dist",
    "src",
    "target",
    "_custom_build",
    "pavement",
    "dodo",
    "topfile",
    "wscript",
];

/// What builds the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Setuptools,
    Hatch,
    Maturin,
    /// A crate without Python packaging around it.
    Cargo,
    /// flit, poetry, pdm, …: installs do not compile.
    Other,
}

type Found = Vec<(String, PathBuf)>;

/// What a back end's configuration says.
#[derive(Default)]
struct Said {
    /// Folders that are on the path, relative to the root; the first that has something counts.
    roots: Vec<String>,
    /// Dotted names, if they are listed.
    packages: Option<Vec<String>>,
    modules: Vec<String>,
    /// Dotted name → folder, where that is said one by one.
    folders: Vec<(String, String)>,
    /// Packages are looked for, whatever else is named.
    find: bool,
    /// Top-level folders without `__init__.py` are namespaces, not something else.
    namespaces: bool,
}

/// The back end and the packages.
pub(super) fn packages(
    root: &Path,
    pyproject: &Table,
    settings: &Settings,
) -> Result<(Backend, Vec<Package>), Vec<Diagnostic>> {
    let backend = backend(root, pyproject);
    let mut said = match backend {
        Backend::Setuptools => setuptools(root, pyproject),
        Backend::Hatch => hatch(pyproject),
        Backend::Maturin => maturin(pyproject),
        Backend::Cargo => Said::default(),
        Backend::Other => other(pyproject),
    };
    if let Some(wanted) = &settings.packages {
        said.packages = Some(wanted.clone());
        said.modules.clear();
        said.find = false;
    }
    let named = said.packages.is_some() || !said.folders.is_empty() || !said.modules.is_empty();
    let (mut found, missing) =
        if named { listed(root, &said) } else { (discovered(root, pyproject, &said), Vec::new()) };
    if named && said.find && said.packages.is_none() {
        found.extend(discovered(root, pyproject, &said).into_iter().filter(|package| package.dir.is_some()));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|later, first| later.name == first.name);
    }
    // A back end's list may name what only exists after its build; our own setting may not.
    if settings.packages.is_some() && !missing.is_empty() {
        return Err(missing
            .iter()
            .map(|name| {
                let message = format!("the package or module `{name}` was not found");
                let mut finding = Diagnostic::new("PYR0205", Severity::Error, message)
                    .help("`packages` in `[tool.pyrust]` names it");
                finding.path = "pyproject.toml".into();
                finding
            })
            .collect());
    }
    Ok((backend, found))
}

fn get<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Item> {
    let mut item = table.get(path[0])?;
    for key in &path[1..] {
        item = item.get(*key)?;
    }
    Some(item)
}

fn text(table: &Table, path: &[&str]) -> Option<String> {
    get(table, path).and_then(Item::as_str).map(str::to_string)
}

fn texts(item: &Item) -> Option<Vec<String>> {
    item.as_array().map(|array| array.iter().filter_map(|value| value.as_str()).map(str::to_string).collect())
}

fn backend(root: &Path, pyproject: &Table) -> Backend {
    match text(pyproject, &["build-system", "build-backend"]).as_deref() {
        Some(name) if name.starts_with("setuptools") => Backend::Setuptools,
        Some(name) if name.starts_with("hatchling") => Backend::Hatch,
        Some(name) if name.starts_with("maturin") => Backend::Maturin,
        Some(_) if root.join("setup.py").is_file() && get(pyproject, &["tool", "setuptools"]).is_some() => {
            Backend::Setuptools
        }
        Some(_) => Backend::Other,
        None if ["pyproject.toml", "setup.py", "setup.cfg"].iter().all(|name| !root.join(name).exists())
            && root.join("Cargo.toml").is_file() =>
        {
            Backend::Cargo
        }
        // PEP 517: without a back end it is setuptools.
        None => Backend::Setuptools,
    }
}

fn setuptools(root: &Path, pyproject: &Table) -> Said {
    let mut said = setup_files::read(root);
    if let Some(table) = get(pyproject, &["tool", "setuptools"]) {
        if let Some(list) = table.get("packages").and_then(texts) {
            said.packages = Some(list);
        }
        if let Some(find) = table.get("packages").and_then(|packages| packages.get("find")) {
            said.packages = None;
            said.find = true;
            said.roots.extend(find.get("where").and_then(texts).unwrap_or_default());
            said.namespaces |= find.get("namespaces").and_then(Item::as_bool).unwrap_or(true);
        }
        if let Some(folders) = table.get("package-dir").and_then(Item::as_table_like) {
            for (package, folder) in folders.iter() {
                if let Some(folder) = folder.as_str() {
                    match package {
                        "" => said.roots.insert(0, folder.to_string()),
                        name => said.folders.push((name.to_string(), folder.to_string())),
                    }
                }
            }
        }
        if let Some(list) = table.get("py-modules").and_then(texts) {
            said.modules = list;
        }
    }
    said
}

fn hatch(pyproject: &Table) -> Said {
    let mut said = Said::default();
    for build in [&["tool", "hatch", "build", "targets", "wheel"][..], &["tool", "hatch", "build"]] {
        let Some(table) = get(pyproject, build) else { continue };
        // `packages` is shorthand for `only-include` with the parent folder removed from the path.
        let listed =
            table.get("packages").or_else(|| table.get("only-include")).or_else(|| table.get("include"));
        let sources = table.get("sources").and_then(texts).unwrap_or_default();
        if let Some(paths) = listed.and_then(texts) {
            for path in paths {
                let path = path.trim_matches('/').trim_end_matches("/**").trim_end_matches("/*").to_string();
                let prefix = sources.iter().find(|s| path.starts_with(&format!("{}/", s.trim_matches('/'))));
                let dotted = match prefix {
                    Some(source) => path[source.trim_matches('/').len() + 1..].replace('/', "."),
                    None => path.rsplit('/').next().unwrap_or(&path).to_string(),
                };
                match dotted.strip_suffix(".py") {
                    Some(module) => {
                        said.modules.push(module.to_string());
                        said.roots.push(path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_string());
                    }
                    None if names::check_dotted(&dotted).is_ok() => said.folders.push((dotted, path)),
                    None => {}
                }
            }
            break;
        }
    }
    said
}

fn maturin(pyproject: &Table) -> Said {
    let mut said = Said::default();
    said.roots.extend(text(pyproject, &["tool", "maturin", "python-source"]));
    let list = get(pyproject, &["tool", "maturin", "python-packages"]).and_then(texts);
    let module = text(pyproject, &["tool", "maturin", "module-name"]);
    said.packages = list.or_else(|| {
        let name = module?;
        let top = name.rsplit_once('.').map_or(name.as_str(), |(package, _)| package);
        Some(vec![top.to_string()])
    });
    said
}

fn other(pyproject: &Table) -> Said {
    let mut said = Said::default();
    if let Some(list) = get(pyproject, &["tool", "poetry", "packages"]).and_then(Item::as_array) {
        for table in list.iter().filter_map(|value| value.as_inline_table()) {
            if let Some(include) = table.get("include").and_then(|value| value.as_str()) {
                let name = include.replace('/', ".");
                let from = table.get("from").and_then(|value| value.as_str()).unwrap_or(".");
                if names::check_dotted(&name).is_ok() {
                    said.folders.push((name, format!("{from}/{include}")));
                }
            }
        }
    }
    if let Some(name) = text(pyproject, &["tool", "flit", "module", "name"]) {
        said.packages = Some(vec![name]);
    }
    said
}

/// Folders in which top-level packages lie, the likeliest first.
fn roots(root: &Path, said: &Said) -> Vec<PathBuf> {
    let usual = ["src", "python", "lib", "."].map(str::to_string);
    let mut roots: Vec<PathBuf> = Vec::new();
    for name in said.roots.iter().chain(&usual) {
        let folder = if name == "." || name.is_empty() { root.to_path_buf() } else { root.join(name) };
        if folder.is_dir() && !roots.contains(&folder) {
            roots.push(folder);
        }
    }
    roots
}

/// What was named, and the names without files.
fn listed(root: &Path, said: &Said) -> (Vec<Package>, Vec<String>) {
    let roots = roots(root, said);
    let (mut packages, mut modules, mut missing): (Found, Found, Vec<String>) = Default::default();
    for (name, folder) in &said.folders {
        packages.extend(walk::regular_packages(name, &root.join(folder), NAMESPACE_DEPTH));
    }
    for name in said.packages.iter().flatten() {
        if names::check_dotted(name).is_err() {
            continue;
        }
        // `a.b` belongs to `a` where that is a regular package.
        let relative: PathBuf = name.split('.').collect();
        let holder = roots.iter().find(|folder| folder.join(&relative).is_dir());
        match holder {
            Some(holder) => {
                let mut folder = holder.clone();
                let mut dotted = String::new();
                for part in name.split('.') {
                    folder.push(part);
                    dotted = if dotted.is_empty() { part.to_string() } else { format!("{dotted}.{part}") };
                    if folder.join("__init__.py").is_file() {
                        break;
                    }
                }
                packages.extend(walk::regular_packages(&dotted, &folder, NAMESPACE_DEPTH));
            }
            None => {
                let file = relative.with_extension("py");
                match roots.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
                    Some(path) if !name.contains('.') => modules.push((name.clone(), path)),
                    _ => missing.push(name.clone()),
                }
            }
        }
    }
    for name in &said.modules {
        match roots.iter().rev().map(|folder| folder.join(format!("{name}.py"))).find(|path| path.is_file()) {
            Some(path) => modules.push((name.clone(), path)),
            None => missing.push(name.clone()),
        }
    }
    (build(packages, modules), missing)
}

/// What the layout shows, when nothing was named.
fn discovered(root: &Path, pyproject: &Table, said: &Said) -> Vec<Package> {
    let project =
        text(pyproject, &["project", "name"]).or_else(|| text(pyproject, &["tool", "poetry", "name"]));
    let own = project.map(|name| name.replace(['-', '.'], "_").to_lowercase());
    for folder in roots(root, said) {
        let flat = folder == root;
        let candidates = walk::folders(&folder)
            .into_iter()
            .filter(|(name, _)| !flat || !RESERVED.contains(&name.as_str()));
        let (regular, bare): (Found, Found) =
            candidates.partition(|(_, path)| path.join("__init__.py").is_file());
        let mut packages = regular;
        if !flat || said.namespaces || packages.is_empty() {
            for (name, path) in bare {
                packages.extend(walk::regular_packages(&name, &path, NAMESPACE_DEPTH));
            }
        }
        // Beside its package a flat project may have others that it does not ship.
        if flat
            && let Some(own) = &own
            && packages.iter().any(|(name, _)| name.to_lowercase() == *own)
        {
            packages.retain(|(name, _)| name.to_lowercase() == *own);
        }
        let mut modules = Found::new();
        if packages.is_empty() || !flat {
            modules = walk::files(&folder);
            modules.retain(|(name, _)| {
                !RESERVED.contains(&name.as_str())
                    && !name.starts_with("test_")
                    && !name.starts_with("_pyrust")
            });
        }
        if !packages.is_empty() || !modules.is_empty() {
            return build(packages, modules);
        }
    }
    Vec::new()
}

fn build(mut packages: Found, modules: Found) -> Vec<Package> {
    packages.sort();
    packages.dedup();
    let mut built: Vec<Package> = packages
        .into_iter()
        .map(|(name, dir)| Package { modules: walk::modules(&name, &dir), name, dir: Some(dir) })
        .chain(modules.into_iter().map(|(name, path)| Package {
            modules: vec![(name.clone(), path)],
            name,
            dir: None,
        }))
        .collect();
    built.sort_by(|a, b| a.name.cmp(&b.name));
    built.dedup_by(|later, first| later.name == first.name);
    built
}
