//! What Python asks of the compiler: JSON out, no Python objects in. The formats are described in `_engine.pyi`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyrust_build::check;
use pyrust_build::diagnostic::{Diagnostic, Severity};
use pyrust_build::generate::{self, Generated, GeneratedPackage};
use pyrust_build::hash::{self, Lookup};
use pyrust_build::host;
use pyrust_build::manifest::Manifest;
use pyrust_build::manifest::merge::{self, Profile, Profiled, Skipped};
use pyrust_build::names;
use pyrust_build::parse;
use pyrust_build::project::Project;
use pyrust_build::render::{self, Sources};
use pyrust_build::signature::{SigType, Signature};
use pyrust_build::source::SourceFile;
use pyrust_build::workspace::{Target, Workspace};
use serde_json::{Value, json};

/// Broken input: what is wrong, and how a command ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) findings: Vec<Diagnostic>,
    /// Paths in the findings are relative to this.
    pub(crate) root: PathBuf,
}

impl Failure {
    /// The findings as text.
    pub(crate) fn text(&self) -> String {
        let mut sources = Sources::new(&self.root);
        render::render(&self.findings, &mut sources, render::Format::Full, false).trim_end().to_string()
    }

    /// 2 for broken input, 1 for findings.
    pub(crate) fn exit_code(&self) -> i32 {
        check::exit_code(&self.findings).max(1)
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

/// Names the root of findings.
pub(crate) fn at<T>(root: &Path, result: Result<T, Vec<Diagnostic>>) -> Outcome<T> {
    result.map_err(|findings| Failure { findings, root: root.to_path_buf() })
}

fn refuse<T>(root: &Path, code: &'static str, message: String) -> Outcome<T> {
    at(root, Err(vec![Diagnostic::new(code, Severity::Error, message)]))
}

/// Reads the project in `root`; `manifest` replaces the path in its settings.
pub(crate) fn load(root: &str, manifest: Option<&str>) -> Outcome<Project> {
    let root = Path::new(root);
    let mut project = at(root, Project::load(root))?;
    if let Some(path) = manifest {
        // Relative to the root, as the setting is.
        project.manifest_path = project.root.join(path);
    }
    Ok(project)
}

/// Compiles the project; see [`manifest_of`].
pub(crate) fn compile(project: &Project, dropped: &[String], ungated: bool) -> Outcome<Generated> {
    Ok(generate::generate(project, &manifest_of(project, ungated)?, dropped))
}

/// The manifest of a project; `ungated`: also what was found to be slower.
fn manifest_of(project: &Project, ungated: bool) -> Outcome<Manifest> {
    let mut manifest = at(&project.root, project.manifest())?;
    if ungated {
        manifest.hotspots.iter_mut().for_each(|entry| entry.gate = false);
    }
    if project.packages.is_empty() && !manifest.hotspots.is_empty() {
        let message =
            "no package or module was found; name them with `packages` in `[tool.pyrust]`".to_string();
        return refuse(&project.root, "PYR0205", message);
    }
    Ok(manifest)
}

/// See `_engine.pyi`.
pub(crate) fn asked(root: &str, manifest: Option<&str>) -> Outcome<Value> {
    let project = load(root, manifest)?;
    let found = generate::asked(&project, &manifest_of(&project, true)?);
    let mut sources = Sources::new(&project.root);
    let functions: Vec<Value> = found
        .packages
        .iter()
        .flat_map(|package| &package.functions)
        .map(|function| {
            json!({
                "function": function.entry.function,
                "state": function.state.name(),
                "reason": function.reason,
                "left": left_lines(function, &mut sources),
            })
        })
        .collect();
    let work: usize = found.packages.iter().map(|package| package.work).sum();
    Ok(json!({ "functions": functions, "work": work }))
}

/// See `_engine.pyi`.
pub(crate) fn generate(
    root: &str,
    manifest: Option<&str>,
    dropped: &[String],
    ungated: bool,
) -> Outcome<String> {
    let project = load(root, manifest)?;
    let generated = compile(&project, dropped, ungated)?;
    let mut sources = Sources::new(&project.root);
    let packages: Vec<Value> =
        generated.packages.iter().map(|package| package_json(&project, package, &mut sources)).collect();
    let diagnostics: Vec<Value> =
        generated.diagnostics.iter().map(|d| diagnostic_json(d, &mut sources)).collect();
    let manifest = project.relative(&project.manifest_path);
    Ok(json!({ "version": 1, "manifest": manifest, "packages": packages, "diagnostics": diagnostics })
        .to_string())
}

fn package_json(project: &Project, generated: &GeneratedPackage, sources: &mut Sources) -> Value {
    let functions: Vec<Value> = generated
        .functions
        .iter()
        .map(|function| {
            let diagnostics: Vec<Value> =
                function.diagnostics.iter().map(|diagnostic| diagnostic_json(diagnostic, sources)).collect();
            json!({
                "function": function.entry.function,
                "native": function.state == generate::State::Native,
                "mode": function.entry.mode.name(),
                "state": function.state.name(),
                "reason": function.reason,
                "signatures": function.signatures,
                "source": function.source,
                "refused": refused_json(function),
                "bodies": bodies_json(function),
                "regions": function.regions,
                "left": left_lines(function, sources),
                "diagnostics": diagnostics,
            })
        })
        .collect();
    let package = &generated.package;
    json!({
        "package": package.name,
        "init": package.init_symbol(),
        "module": package.extension(),
        "directory": project.relative(package.folder()),
        "rust": generated.rust,
        "digests": generated.digest_request(project),
        "bodies": generated.bodies.iter().map(|body| json!({ "path": body.path, "text": body.text })).collect::<Vec<_>>(),
        "functions": functions,
    })
}

/// The lines of a native function at which calls leave native code, since what stands there is not compiled.
fn left_lines(function: &generate::Function, sources: &mut Sources) -> Vec<u64> {
    let left = function.explain.iter().flat_map(|explanation| &explanation.left);
    let mut lines: Vec<u64> =
        left.filter_map(|found| render::to_json(found, sources)["line"].as_u64()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// The signatures of a native function that stay Python.
pub(crate) fn refused_json(function: &generate::Function) -> Value {
    let refused = function.refused.iter();
    refused.map(|(signature, reason)| json!({ "signature": signature, "reason": reason })).collect()
}

/// What is written by hand for a function, and why it is left out where it is.
pub(crate) fn bodies_json(function: &generate::Function) -> Value {
    let bodies = function.bodies.iter();
    bodies
        .map(|body| {
            json!({ "place": body.place, "path": body.path, "signature": body.signature, "reason": body.reason })
        })
        .collect()
}

fn diagnostic_json(diagnostic: &Diagnostic, sources: &mut Sources) -> Value {
    let mut value = render::to_json(diagnostic, sources);
    value["rendered"] = render::full(diagnostic, sources, false).into();
    value
}

/// See `_engine.pyi`.
pub(crate) fn load_project(root: &str, manifest: Option<&str>) -> Outcome<Value> {
    let project = load(root, manifest)?;
    let manifest = at(&project.root, project.manifest())?;
    let names: Vec<&str> = project.packages.iter().map(|package| package.name.as_str()).collect();
    let modules: serde_json::Map<String, Value> = project
        .packages
        .iter()
        .flat_map(|package| &package.modules)
        .map(|(name, path)| (name.clone(), project.relative(path).into()))
        .collect();
    let hotspots: Vec<Value> = manifest
        .hotspots
        .iter()
        .map(|entry| {
            let signatures: Vec<String> = entry.signatures.iter().map(Signature::to_string).collect();
            json!({
                "function": entry.function,
                "signatures": signatures,
                "source": entry.source,
                "mode": entry.mode.name(),
                "gate": entry.gate,
            })
        })
        .collect();
    Ok(json!({
        "root": project.root,
        "manifest": project.relative(&project.manifest_path),
        "fallback": project.settings.fallback.name(),
        "threshold": project.settings.threshold,
        "threads": project.settings.threads,
        "present": project.settings.present,
        "packages": names,
        "modules": modules,
        "hotspots": hotspots,
    }))
}

/// See `_engine.pyi`.
pub(crate) fn merge_profile(root: &str, manifest: Option<&str>, profile: &str) -> Outcome<Value> {
    let project = load(root, manifest)?;
    let (profile, unsaid) = match read_profile(profile) {
        Ok(read) => read,
        Err(problem) => {
            return refuse(&project.root, "PYR0106", format!("the profile cannot be read: {problem}"));
        }
    };
    let old = at(&project.root, project.manifest_text())?;
    let mut updated = at(&project.root, project.manifest())?;
    let mut workspace = Workspace::new(&project);
    let mut summary = merge::merge(&mut updated, &profile, |function| workspace.source_hash(function));
    summary.skipped.extend(unsaid);
    let changed = if updated.hotspots.is_empty() && old.is_none() {
        false
    } else {
        at(&project.root, check::write(&project, &updated.render(old.as_deref())))?
    };
    let mut value = serde_json::to_value(&summary).unwrap_or_default();
    value["manifest"] = project.relative(&project.manifest_path).into();
    value["changed"] = changed.into();
    value["hotspots"] = updated.hotspots.len().into();
    Ok(value)
}

/// The profile, and what of it the grammar of signatures cannot say.
fn read_profile(text: &str) -> Result<(Profile, Vec<Skipped>), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let threshold = value["threshold"].as_f64().ok_or("no `threshold`")?;
    let mut functions = Vec::new();
    let mut unsaid = Vec::new();
    for item in value["functions"].as_array().ok_or("no `functions`")? {
        let function = item["function"].as_str().ok_or("a function without name")?.to_string();
        let mut signatures = Vec::new();
        for pair in item["signatures"].as_array().into_iter().flatten() {
            let text = pair[0].as_str().ok_or("a signature must be a pair of text and count")?;
            let count = pair[1].as_u64().ok_or("a signature must be a pair of text and count")?;
            // It must not cost the whole profile.
            match Signature::parse(text) {
                Ok(signature) => signatures.push((signature, count)),
                Err(error) => {
                    unsaid.push(Skipped { function: function.clone(), reason: format!("`{text}`: {error}") });
                }
            }
        }
        functions.push(Profiled { function, share: item["share"].as_f64().unwrap_or(0.0), signatures });
    }
    let measured = value["measured"].as_bool().unwrap_or(true);
    let needed = value["needed"].as_array().into_iter().flatten();
    let needed = needed.filter_map(|name| name.as_str()).map(str::to_owned).collect();
    let attributes = observed(&value["attributes"]);
    let unasked = value["unasked"].as_array().into_iter().flatten();
    let unasked = unasked.filter_map(|name| name.as_str()).map(str::to_owned).collect();
    Ok((Profile { threshold, measured, functions, needed, attributes, unasked }, unsaid))
}

/// Types of attributes, by name. What the grammar cannot say, and a name that cannot stand in a manifest, must not cost the rest.
fn observed(value: &Value) -> BTreeMap<String, SigType> {
    let named = value.as_object().into_iter().flatten();
    named
        .filter(|(name, _)| names::check_attribute(name).is_ok())
        .filter_map(|(name, ty)| Some((name.clone(), SigType::parse(ty.as_str()?).ok()?)))
        .collect()
}

/// See `_engine.pyi`.
pub(crate) fn attributes(root: &str, manifest: Option<&str>, seen: &str) -> Outcome<Value> {
    let project = load(root, manifest)?;
    let manifest = at(&project.root, project.manifest())?;
    let seen = serde_json::from_str(seen).map(|value| observed(&value)).unwrap_or_default();
    let told = generate::attributes(&project, &manifest, &seen);
    Ok(serde_json::to_value(told).unwrap_or_default())
}

/// Changes the manifest's entries and writes it. Whether it changed.
pub(crate) fn update(project: &Project, change: impl FnOnce(&mut Manifest) -> Outcome<()>) -> Outcome<bool> {
    let old = at(&project.root, project.manifest_text())?;
    let mut manifest = at(&project.root, project.manifest())?;
    change(&mut manifest)?;
    at(&project.root, check::write(project, &manifest.render(old.as_deref())))
}

/// See `_engine.pyi`.
pub(crate) fn reset(root: &str, manifest: Option<&str>, functions: &[String]) -> Outcome<()> {
    let project = load(root, manifest)?;
    update(&project, |manifest| {
        for function in functions {
            if manifest.entry(function).is_none() {
                return refuse(&project.root, "PYR0111", format!("`{function}` is not in the manifest"));
            }
            manifest.entry_or_add(function).signatures.clear();
            // Of a method also what its class holds.
            if let Some((module, (class, _))) =
                function.split_once(':').and_then(|(m, qualname)| Some((m, qualname.rsplit_once('.')?)))
            {
                let of = format!("{module}.{class}.");
                manifest
                    .attributes
                    .retain(|name, _| name.strip_prefix(&of).is_none_or(|attribute| attribute.contains('.')));
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// See `_engine.pyi`.
pub(crate) fn set_gate(
    root: &str,
    manifest: Option<&str>,
    slower: &[String],
    faster: &[String],
) -> Outcome<bool> {
    let project = load(root, manifest)?;
    update(&project, |manifest| {
        for (functions, gate) in [(slower, true), (faster, false)] {
            for function in functions {
                if manifest.entry(function).is_some() {
                    manifest.entry_or_add(function).gate = gate;
                }
            }
        }
        Ok(())
    })
}

/// See `_engine.pyi`.
pub(crate) fn source_hash(path: &str, qualname: &str) -> Outcome<String> {
    let root = Path::new("");
    let text = at(root, host::read_source(Path::new(path), path).map_err(|finding| vec![*finding]))?;
    let file = SourceFile::new("", path, text);
    let tree = at(root, parse::parse_functions(&file).map_err(|finding| vec![*finding]))?;
    match hash::find(&tree, qualname) {
        Lookup::Found(function) => match tree.why_unreadable(function.span) {
            Some(finding) => at(root, Err(vec![finding.clone()])),
            None => Ok(hash::source_hash(function)),
        },
        Lookup::Missing => refuse(root, "PYR0111", format!("`{path}` has no function `{qualname}`")),
        Lookup::Ambiguous(_) => {
            refuse(root, "PYR0112", format!("`{qualname}` is defined more than once in `{path}`"))
        }
    }
}

/// See `_engine.pyi`.
pub(crate) fn explain(root: &str) -> Outcome<Value> {
    let project = load(root, None)?;
    let generated = compile(&project, &[], false)?;
    let mut sources = Sources::new(&project.root);
    let mut workspace = Workspace::new(&project);
    let mut functions = Vec::new();
    for package in &generated.packages {
        for function in &package.functions {
            let rust = rust_of(&package.rust, &function.entry.function);
            let mut value = explained_json(function, &rust, &mut sources);
            let (module, qualname) =
                function.entry.function.split_once(':').unwrap_or((&function.entry.function, ""));
            if let Target::Found { file, function } = workspace.target(module, qualname) {
                value["path"] = file.path.clone().into();
                value["line"] = file.line(function.span.start).into();
                value["end_line"] = file.line(function.span.end.saturating_sub(1)).into();
            }
            functions.push(value);
        }
    }
    Ok(json!({ "version": 1, "root": project.root, "functions": functions }))
}

/// One function as `pyrust explain --json` prints it.
pub(crate) fn explained_json(function: &generate::Function, rust: &str, sources: &mut Sources) -> Value {
    let diagnostics: Vec<_> =
        function.diagnostics.iter().map(|diagnostic| render::to_json(diagnostic, sources)).collect();
    let left = function.explain.iter().flat_map(|explanation| &explanation.left);
    let left: Vec<_> = left.map(|diagnostic| render::to_json(diagnostic, sources)).collect();
    json!({
        "function": function.entry.function,
        "state": function.state.name(),
        "reason": function.reason,
        "mode": function.entry.mode.name(),
        "signatures": function.signatures,
        "refused": refused_json(function),
        "bodies": bodies_json(function),
        "regions": function.regions,
        "explanation": function.explain.iter().map(|e| e.text(false)).collect::<Vec<_>>().join("\n"),
        "specialisations": function.explain.iter().map(|e| e.json()).collect::<Vec<_>>(),
        "rust": rust,
        "diagnostics": diagnostics,
        "left": left,
    })
}

/// The generated Rust of one function: its `#[hotspot]` items.
pub(crate) fn rust_of(text: &str, name: &str) -> String {
    let mark = format!("function = \"{name}\"");
    let mut items = String::new();
    let mut inside = false;
    let mut attribute = String::new();
    for line in text.lines() {
        if line.starts_with("#[hotspot(") {
            attribute.clear();
        }
        if !inside && (line.starts_with("#[hotspot(") || !attribute.is_empty()) {
            attribute.push_str(line);
            attribute.push('\n');
            if line.starts_with("fn ") || line.starts_with("pub fn ") {
                inside = attribute.contains(&mark);
                if inside {
                    items.push_str(&attribute);
                }
                attribute.clear();
            }
            continue;
        }
        if inside {
            items.push_str(line);
            items.push('\n');
            if line == "}" {
                inside = false;
                items.push('\n');
            }
        }
    }
    items
}

/// See `_engine.pyi`.
pub(crate) fn check(root: &str) -> Outcome<Value> {
    let project = load(root, None)?;
    let findings = check::check(&project);
    let mut sources = Sources::new(&project.root);
    let list: Vec<Value> = findings.iter().map(|finding| diagnostic_json(finding, &mut sources)).collect();
    Ok(json!({ "exit_code": check::exit_code(&findings), "diagnostics": list }))
}
