//! `pyrust check`: is the manifest in step with the sources? Needs no toolchain and runs no user code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ast::Params;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hash::{self, Lookup};
use crate::host;
use crate::manifest::{Entry, Manifest, Mode, conflict, parse_with_places};
use crate::parse;
use crate::project::Project;
use crate::signature::parameters;
use crate::source::Span;
use crate::workspace::{Target, Workspace};

/// 0 fine, 1 findings, 2 broken input.
pub fn exit_code(diagnostics: &[Diagnostic]) -> i32 {
    match diagnostics.iter().map(|diagnostic| diagnostic.severity).min() {
        Some(Severity::Error) => 2,
        Some(Severity::Warning) => 1,
        Some(Severity::Note) | None => 0,
    }
}

/// All findings about a project. An unreadable manifest is one of them.
pub fn check(project: &Project) -> Vec<Diagnostic> {
    let shown = project.relative(&project.manifest_path);
    let text = match project.manifest_text() {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(findings) => return findings,
    };
    let (manifest, parsed) = match parse_with_places(&shown, &text) {
        Ok(parsed) => parsed,
        Err(findings) => return findings,
    };
    let mut findings = Vec::new();
    if !parsed.sorted {
        findings.push(
            at_manifest(
                Diagnostic::new("PYR0110", Severity::Note, "the entries are not sorted by function"),
                &shown,
                None,
            )
            .help("`pyrust check --fix` sorts them"),
        );
    }
    let mut workspace = Workspace::new(project);
    let in_step = in_step(project, &manifest);
    for entry in manifest.hotspots.iter().filter(|entry| !in_step.contains(entry.function.as_str())) {
        let place = parsed.places.get(&entry.function).copied();
        let signature = parsed.signatures.get(&entry.function).copied();
        findings.extend(
            wrong_parameters(&mut workspace, entry).map(|f| at_manifest(f, &shown, signature.or(place))),
        );
        findings.extend(
            entry_findings(&mut workspace, &manifest, entry)
                .into_iter()
                .map(|f| at_manifest(f, &shown, place)),
        );
    }
    findings.extend(crate::generate::look_at_bodies(project, &manifest));
    findings.extend(required(project, &manifest).into_iter().map(|finding| {
        let place = finding.function.as_ref().and_then(|function| parsed.places.get(function)).copied();
        at_manifest(finding, &shown, place)
    }));
    // One broken file is one finding, however many entries it has.
    let mut unique: Vec<Diagnostic> = Vec::new();
    for finding in findings {
        let twin = |other: &Diagnostic| {
            other.code == finding.code
                && other.span == finding.span
                && other.path == finding.path
                && finding.span.is_some()
        };
        if !unique.iter().any(twin) {
            unique.push(finding);
        }
    }
    unique
}

/// The entries whose source is the recorded one, and whose signatures have as many parameters as that, found in the quick way: all modules at once, with the parser that is the quicker one
/// of the two, and from memory where a file has not changed. Whatever that cannot tell is looked at again, in the thorough way.
fn in_step<'m>(project: &Project, manifest: &'m Manifest) -> BTreeSet<&'m str> {
    let mut modules: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &manifest.hotspots {
        modules.entry(entry.module()).or_default().push(entry);
    }
    let modules: Vec<_> = modules.into_iter().collect();
    let memory = Memory::read(project);
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((name, entries)) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(seen) = present(project, &memory, name, entries) else { continue };
            if let Ok(mut found) = found.lock() {
                found.push((*name, entries, seen));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(modules.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Where no thread can be started, what is left to do is done in the thorough way.
            let _ = std::thread::Builder::new().stack_size(crate::parse::STACK).spawn_scoped(scope, work);
        }
    });
    let found = found.into_inner().unwrap_or_default();
    let same = found.iter().flat_map(|(_, entries, seen)| {
        let same = |entry: &&&Entry| {
            seen.functions.get(entry.qualname()).is_some_and(|function| {
                entry.source.as_ref() == Some(&function.source)
                    && entry.signatures.iter().all(|s| s.params.len() == function.parameters)
            })
        };
        entries.iter().filter(same).map(|entry| entry.function.as_str())
    });
    let same = same.collect();
    memory.replace(project, found.into_iter().map(|(name, _, seen)| (name.to_string(), seen)).collect());
    same
}

/// What one module's entries are now, from memory or by parsing; None: look in the thorough way.
fn present(project: &Project, memory: &Memory, module: &str, entries: &[&Entry]) -> Option<Seen> {
    let (_, path) = project.module(module)?;
    let bytes = std::fs::read(path).ok()?;
    let content = hash::hex(&bytes);
    if let Some(seen) = memory.modules.get(module).filter(|seen| seen.content == content)
        && entries.iter().all(|entry| seen.functions.contains_key(entry.qualname()))
    {
        return Some(seen.clone());
    }
    let text = String::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let wanted: BTreeSet<&str> =
        entries.iter().filter_map(|entry| entry.qualname().rsplit('.').next()).collect();
    let tree = parse::outline(text, &wanted)?;
    let functions = entries.iter().filter_map(|entry| match hash::find(&tree, entry.qualname()) {
        Lookup::Found(function) => {
            let (source, parameters) =
                (hash::source_hash(function), function.params.in_frame_order().count());
            Some((entry.qualname().to_string(), Known { source, parameters }))
        }
        Lookup::Missing | Lookup::Ambiguous(_) => None,
    });
    Some(Seen { content, functions: functions.collect() })
}

/// What an earlier check has seen, `.pyrust/check.json`. Keyed by the content of each file, so it cannot be out of date, and by how
/// hashes are made.
#[derive(Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Memory {
    scheme: String,
    modules: BTreeMap<String, Seen>,
}

/// One file: its content, and each entry in it.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Seen {
    content: String,
    functions: BTreeMap<String, Known>,
}

/// The source hash of a function, and how many parameters it has.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Known {
    source: String,
    parameters: usize,
}

impl Memory {
    fn path(project: &Project) -> std::path::PathBuf {
        project.root.join(".pyrust").join("check.json")
    }

    /// Of this version of the hash; empty where there is none that can be read.
    fn read(project: &Project) -> Memory {
        let scheme = format!("{} {}", env!("CARGO_PKG_VERSION"), hash::scheme());
        let text = host::text(&Memory::path(project)).unwrap_or_default();
        serde_json::from_str(&text)
            .ok()
            .filter(|memory: &Memory| memory.scheme == scheme)
            .unwrap_or(Memory { scheme, modules: BTreeMap::new() })
    }

    /// Keeps what has been seen now. Where it cannot be written, the next check takes longer.
    fn replace(self, project: &Project, modules: BTreeMap<String, Seen>) {
        let path = Memory::path(project);
        // A folder of ours only where nobody can commit it by mistake.
        let ignored =
            || host::text(&project.root.join(".gitignore")).is_some_and(|text| text.contains(".pyrust"));
        let there = path
            .parent()
            .is_some_and(|folder| folder.is_dir() || (ignored() && std::fs::create_dir(folder).is_ok()));
        if modules == self.modules || !there {
            return;
        }
        if let Ok(text) = serde_json::to_string(&Memory { scheme: self.scheme, modules }) {
            let _ = host::write_lightly(&path, &text);
        }
    }
}

/// A finding without a place of its own is shown at its entry.
fn at_manifest(mut finding: Diagnostic, path: &str, place: Option<Span>) -> Diagnostic {
    if finding.path.is_empty() {
        finding.path = path.to_string();
        finding.span = place;
    }
    finding
}

/// What is wrong with one entry: its function missing, ambiguous, in a broken file, or changed.
pub fn entry_findings(workspace: &mut Workspace<'_>, manifest: &Manifest, entry: &Entry) -> Vec<Diagnostic> {
    let name = &entry.function;
    let finding =
        |code, severity, message: String| Diagnostic::new(code, severity, message).function(name.clone());
    match workspace.target(entry.module(), entry.qualname()) {
        Target::Found { file, function } => {
            let present = hash::source_hash(function);
            match &entry.source {
                Some(source) if *source == present => Vec::new(),
                Some(_) => vec![
                    finding(
                        "PYR0113",
                        Severity::Warning,
                        format!("`{name}` has changed since its types were recorded"),
                    )
                    .at(file.path.clone(), first_line(file, function.span))
                    .help("profile again, or accept the present source with `pyrust check --fix`"),
                ],
                None => vec![
                    finding("PYR0115", Severity::Note, format!("the entry of `{name}` has no source hash"))
                        .help("`pyrust check --fix` adds it"),
                ],
            }
        }
        Target::Broken(diagnostic) => vec![diagnostic.clone().function(name.clone())],
        Target::Ambiguous { path, places } => {
            let message = format!("`{name}` is defined {} times", places.len());
            let place = places.last().copied().unwrap_or_default();
            vec![
                finding("PYR0112", Severity::Warning, message)
                    .at(path, place)
                    .help("it stays Python; give one of them another name, or remove the entry"),
            ]
        }
        missing @ (Target::NoModule | Target::Missing) => {
            let message = match missing {
                Target::NoModule => format!("`{}` is not a module of this project", entry.module()),
                _ => format!("`{}` has no function `{}`", entry.module(), entry.qualname()),
            };
            let mut finding = finding("PYR0111", Severity::Warning, message);
            finding.help = Some(match workspace.renamed(entry, |other| manifest.entry(other).is_some()) {
                Some(new) => format!("it is called `{new}` now; `pyrust check --fix` renames the entry"),
                None => workspace
                    .did_you_mean(name)
                    .unwrap_or_else(|| format!("remove the entry with `pyrust remove {name}`")),
            });
            vec![finding]
        }
    }
}

/// Signatures with another number of parameters than the function has: it cannot be compiled with any of them.
fn wrong_parameters(workspace: &mut Workspace<'_>, entry: &Entry) -> Option<Diagnostic> {
    let given = entry.signatures.first()?.params.len();
    let Target::Found { function, .. } = workspace.target(entry.module(), entry.qualname()) else {
        return None;
    };
    let names = in_text(&function.params);
    if names.len() == given {
        return None;
    }
    let message = format!("`{}` has {}, the signature {given}", entry.function, parameters(names.len()));
    let help = match &names[..] {
        [] => "write `()` for the parameters, or profile again".to_string(),
        [name] => format!("write one type, that of `{name}`, or profile again"),
        _ => {
            let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            format!("write a type for each of {names}, in this order, or profile again")
        }
    };
    let finding = Diagnostic::new("PYR0116", Severity::Warning, message);
    Some(finding.label("these types do not fit the function").help(help).function(entry.function.clone()))
}

/// The names of the parameters as the text has them, which is the order of a signature.
fn in_text(params: &Params) -> Vec<String> {
    let mut names: Vec<(usize, String)> = params
        .places_in_text()
        .into_iter()
        .zip(params.in_frame_order())
        .map(|(place, param)| (place, param.name.clone()))
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// The line of `def`, without the body.
fn first_line(file: &crate::source::SourceFile, span: Span) -> Span {
    let start = span.start as usize;
    let end = file.text[start..].find('\n').map_or(file.text.len(), |length| start + length);
    Span::new(start, file.text[..end].trim_end().len().max(start))
}

/// Entries with `mode = "require"` that the last build left in Python.
fn required(project: &Project, manifest: &Manifest) -> Vec<Diagnostic> {
    let Some(report) = last_build(&project.root) else { return Vec::new() };
    let Some(hotspots) = report.get("hotspots").and_then(|list| list.as_array()) else { return Vec::new() };
    manifest
        .hotspots
        .iter()
        .filter(|entry| entry.mode == Mode::Require)
        .filter_map(|entry| {
            let built = hotspots.iter().find(|hotspot| hotspot["function"] == entry.function.as_str())?;
            if built["state"] == "native" {
                return None;
            }
            let reason = built["reason"].as_str().unwrap_or("the last build did not say why");
            Some(
                Diagnostic::new(
                    "PYR0114",
                    Severity::Warning,
                    format!("`{}` is required to be native, but is not: {reason}", entry.function),
                )
                .function(entry.function.clone())
                .help(format!("`pyrust explain {}` says more", entry.function)),
            )
        })
        .collect()
}

/// The report of the last build, if there is one that can be read.
pub fn last_build(root: &Path) -> Option<serde_json::Value> {
    let text = crate::host::text(&root.join(".pyrust").join("build.json"))?;
    serde_json::from_str(&text).ok()
}

/// What `--fix` would do.
#[derive(Debug, PartialEq, Eq)]
pub struct Fix {
    /// The manifest's new text.
    pub text: String,
    /// One line for each thing that changed.
    pub done: Vec<String>,
}

/// Unites conflicts and duplicates, renames, refreshes hashes, sorts. `None` without a manifest.
pub fn fix(project: &Project) -> Result<Option<Fix>, Vec<Diagnostic>> {
    let shown = project.relative(&project.manifest_path);
    let Some(original) = project.manifest_text()? else { return Ok(None) };
    let mut done = Vec::new();
    let mut text = original.clone();
    if conflict::first_marker(&text).is_some() {
        text = conflict::resolve(&shown, &text)?;
        done.push("united both sides of the merge conflict".to_string());
    }
    if let Err(findings) = Manifest::parse(&shown, &text) {
        if !findings.iter().all(|finding| finding.code == "PYR0108") {
            return Err(findings);
        }
        text = conflict::unite_duplicates(&shown, &text)?;
        done.push("united duplicate entries".to_string());
    }
    let (mut manifest, parsed) = parse_with_places(&shown, &text)?;
    if !parsed.sorted {
        done.push("sorted the entries".to_string());
    }
    let mut workspace = Workspace::new(project);
    for entry in manifest.hotspots.clone() {
        let mut name = entry.function.clone();
        let target = workspace.target(entry.module(), entry.qualname());
        if matches!(target, Target::NoModule | Target::Missing)
            && let Some(new) = workspace.renamed(&entry, |other| manifest.entry(other).is_some())
        {
            done.push(format!("renamed {name} to {new}"));
            manifest.remove(&name);
            *manifest.entry_or_add(&new) = Entry { function: new.clone(), ..entry.clone() };
            name = new;
        }
        if let Ok(present) = workspace.source_hash(&name)
            && entry.source.as_ref() != Some(&present)
        {
            done.push(format!("refreshed the source of {name}"));
            let entry = manifest.entry_or_add(&name);
            entry.source = Some(present);
            // The measurement was of another source.
            entry.gate = false;
        }
    }
    let renamed = rename_tables(&text, &done);
    let fixed = manifest.render(Some(&renamed));
    if fixed == original {
        return Ok(Some(Fix { text: fixed, done: Vec::new() }));
    }
    if done.is_empty() {
        done.push("restored the canonical form".to_string());
    }
    Ok(Some(Fix { text: fixed, done }))
}

/// Renames in the text, so that comments stay with their entries.
fn rename_tables(text: &str, done: &[String]) -> String {
    let mut text = text.to_string();
    for line in done {
        if let Some((old, new)) = line.strip_prefix("renamed ").and_then(|rest| rest.split_once(" to ")) {
            text = text.replace(&format!("\"{old}\""), &format!("\"{new}\""));
        }
    }
    text
}

/// Writes the fixed manifest.
pub fn write(project: &Project, text: &str) -> Result<bool, Vec<Diagnostic>> {
    host::write_if_changed(&project.manifest_path, text).map_err(|error| {
        vec![host::io_error("PYR0502", "write", &project.relative(&project.manifest_path), &error)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Tree {
            let tree = Tree(tempfile::tempdir().expect("a folder"));
            tree.write("pyproject.toml", "[tool.pyrust]\n");
            for (path, text) in files {
                tree.write(path, text);
            }
            tree
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, text).expect("written");
        }

        fn project(&self) -> Project {
            Project::load(self.0.path()).expect("a project")
        }

        fn codes(&self) -> Vec<&'static str> {
            check(&self.project()).iter().map(|finding| finding.code).collect()
        }

        fn fix(&self) -> Vec<String> {
            let project = self.project();
            let fix = fix(&project).expect("fixable").expect("a manifest");
            write(&project, &fix.text).expect("written");
            fix.done
        }

        fn manifest(&self) -> String {
            std::fs::read_to_string(self.0.path().join("pyrust.toml")).expect("a manifest")
        }
    }

    const SOURCE: &str = "def f(x):\n    return x\n\n\ndef g(x):\n    return x + 1\n";

    fn manifest(names: &[&str]) -> String {
        let entries: String =
            names.iter().map(|n| format!("\n[[hotspot]]\nfunction = \"{n}\"  # {n}\n")).collect();
        format!("version = 1\n{entries}")
    }

    #[test]
    fn stale_sources_are_found_and_refreshed() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            ("p/m.py", SOURCE),
            ("pyrust.toml", &manifest(&["p.m:f", "p.m:g"])),
        ]);
        assert_eq!(tree.codes(), ["PYR0115", "PYR0115"]);
        assert_eq!(tree.fix().len(), 2);
        assert_eq!(tree.codes(), Vec::<&str>::new());
        tree.write("p/m.py", &SOURCE.replace("x + 1", "x + 2"));
        let findings = check(&tree.project());
        assert_eq!((findings[0].code, exit_code(&findings)), ("PYR0113", 1));
        assert_eq!(findings[0].path, "p/m.py");
        assert_eq!(tree.fix(), ["refreshed the source of p.m:g"]);
        assert_eq!(tree.codes(), Vec::<&str>::new());
        assert_eq!(tree.fix(), Vec::<String>::new());
    }

    #[test]
    fn signatures_have_as_many_parameters_as_the_function() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            (".gitignore", ".pyrust/\n"),
            (
                "p/m.py",
                "def f(a, /, b, *rest, c=1, **more): pass\ndef g(): pass\nclass C:\n  def m(self, x): pass\n",
            ),
            (
                "pyrust.toml",
                "version = 1\n\
                 [[hotspot]]\nfunction = \"p.m:C.m\"\nsignatures = [\"(int) -> int\"]\n\
                 [[hotspot]]\nfunction = \"p.m:f\"\nsignatures = [\"(int) -> None\"]\n\
                 [[hotspot]]\nfunction = \"p.m:g\"\nsignatures = [\"(int) -> int\"]\n",
            ),
        ]);
        // Accepting the source is no way out, and nothing is remembered that would hide it.
        for _ in 0..3 {
            tree.fix();
            let findings = check(&tree.project());
            assert_eq!(tree.codes(), ["PYR0116"; 3]);
            assert_eq!(exit_code(&findings), 1);
            let [m, f, g] = &findings[..] else { panic!("{findings:?}") };
            assert_eq!(m.message, "`p.m:C.m` has 2 parameters, the signature 1");
            assert_eq!(
                f.help.as_deref(),
                Some(
                    "write a type for each of `a`, `b`, `rest`, `c`, `more`, in this order, or profile again"
                )
            );
            assert_eq!(g.help.as_deref(), Some("write `()` for the parameters, or profile again"));
            let marked =
                f.span.map(|span| tree.manifest()[span.start as usize..span.end as usize].to_string());
            assert_eq!(marked.as_deref(), Some("\"(int) -> None\""));
        }
        let fits = tree
            .manifest()
            .replace("(int) -> None", "(int, int, tuple[()], int, dict[str, int]) -> None")
            .replacen("(int) -> int", "(p.m.C, int) -> int", 1)
            .replace("\"(int) -> int", "\"() -> int");
        assert_eq!(Manifest::parse("pyrust.toml", &fits).err(), None);
        tree.write("pyrust.toml", &fits);
        assert_eq!(tree.codes(), Vec::<&str>::new());
        assert_eq!(tree.codes(), Vec::<&str>::new());
        // What was remembered of the file is compared with what the manifest says now.
        tree.write("pyrust.toml", &fits.replace("(p.m.C, int)", "(int)"));
        assert_eq!(tree.codes(), ["PYR0116"]);
        // A new parameter makes it stale, too.
        tree.write("pyrust.toml", &fits);
        tree.write(
            "p/m.py",
            "def f(a, /, b, *rest, c=1, **more): pass\ndef g(x): pass\nclass C:\n  def m(self, x): pass\n",
        );
        assert_eq!(tree.codes(), ["PYR0116", "PYR0113"]);
    }

    #[test]
    fn what_is_remembered_is_never_out_of_date() {
        let both = manifest(&["p.m:f", "p.m:g"]);
        let tree = Tree::new(&[("p/__init__.py", ""), ("p/m.py", SOURCE), ("pyrust.toml", &both)]);
        tree.fix();
        let memory = tree.0.path().join(".pyrust").join("check.json");
        assert_eq!(tree.codes(), Vec::<&str>::new());
        assert!(!memory.exists(), "no folder of ours where it could be committed");
        tree.write(".gitignore", ".pyrust/\n");
        assert_eq!(tree.codes(), Vec::<&str>::new());
        let remembered = std::fs::read_to_string(&memory).expect("remembered");
        assert_eq!(tree.codes(), Vec::<&str>::new());

        // The same size, and perhaps the same time.
        tree.write("p/m.py", &SOURCE.replace("x + 1", "x - 1"));
        assert_eq!(tree.codes(), ["PYR0113"]);
        tree.write("p/m.py", SOURCE);
        assert_eq!(tree.codes(), Vec::<&str>::new());
        // Another entry in a file that is remembered, and one whose recorded source is another one.
        tree.write("pyrust.toml", &tree.manifest().replace("p.m:g", "p.m:h"));
        assert_eq!(tree.codes(), ["PYR0111"]);
        tree.write("pyrust.toml", &both);
        tree.fix();

        // Memories of other versions, broken ones, and forged ones of other contents.
        for text in [
            "",
            "{",
            "[]",
            &remembered.replace("sha256:", "sha255:"),
            &remembered.replace("content\":\"", "content\":\"0"),
        ] {
            tree.write(".pyrust/check.json", text);
            assert_eq!(tree.codes(), Vec::<&str>::new(), "{text}");
            tree.write("p/m.py", &SOURCE.replace("x + 1", "x - 1"));
            assert_eq!(tree.codes(), ["PYR0113"], "{text}");
            tree.write("p/m.py", SOURCE);
        }
    }

    #[test]
    fn an_outline_finds_what_the_whole_tree_has() {
        let text = "class C:\n  def f(self): return 1\n  if x:\n    def g(self, a=[y for y in z]):\n      def f(): pass\n      return f\n@d\ndef h():\n  pass\nwith a:\n  def f(): return lambda: 0\ntry: pass\nexcept E:\n  def g(): 'doc'\nx = 1\ndef h(): pass\n";
        let file = crate::source::SourceFile::new("m", "m.py", text);
        let whole = parse::parse_module(&file).expect("parses");
        let outline = parse::outline(text, &["f", "g"].into()).expect("parses");
        for name in ["C.f", "C.g", "f", "g"] {
            match (hash::find(&whole, name), hash::find(&outline, name)) {
                (Lookup::Found(one), Lookup::Found(other)) => {
                    assert_eq!(hash::source_hash(one), hash::source_hash(other), "{name}")
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(matches!(hash::find(&outline, "h"), Lookup::Ambiguous(_)));
        assert!(parse::outline("def f(:\n", &["f"].into()).is_none());
    }

    #[test]
    fn renamed_functions_are_recognised() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            ("p/m.py", SOURCE),
            ("pyrust.toml", &manifest(&["p.m:f", "p.m:g"])),
        ]);
        tree.fix();
        tree.write("p/m.py", &SOURCE.replace("def g", "def plus_one"));
        let findings = check(&tree.project());
        assert_eq!(findings[0].code, "PYR0111");
        assert!(findings[0].help.as_ref().expect("a help").contains("`p.m:plus_one` now"));
        assert_eq!(tree.fix(), ["renamed p.m:g to p.m:plus_one"]);
        assert!(tree.manifest().contains("function = \"p.m:plus_one\"  # p.m:g"), "{}", tree.manifest());
    }

    #[test]
    fn missing_functions_get_a_suggestion() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            ("p/m.py", "def compute(x): pass\nclass C:\n    def meth(self): pass\n"),
            ("pyrust.toml", &manifest(&["p.m:compte", "p.n:meth", "zzz.q:unrelated"])),
        ]);
        let findings = check(&tree.project());
        let helps: Vec<&str> = findings.iter().map(|f| f.help.as_deref().unwrap_or_default()).collect();
        assert_eq!(
            helps,
            [
                "did you mean `p.m:compute`?",
                "did you mean `p.m:C.meth`?",
                "remove the entry with `pyrust remove zzz.q:unrelated`"
            ]
        );
        assert_eq!(exit_code(&findings), 1);
    }

    #[test]
    fn ambiguous_and_broken() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            ("p/m.py", "def f(): pass\ndef f(): pass\n"),
            ("p/broken.py", "def f(:\n"),
            ("pyrust.toml", &manifest(&["p.broken:f", "p.broken:g", "p.m:f"])),
        ]);
        assert_eq!(tree.codes(), ["PYR0304", "PYR0112"]);
        assert_eq!(exit_code(&check(&tree.project())), 2);
    }

    #[test]
    fn conflicts_are_fixed() {
        let text = "version = 1\n<<<<<<< a\n\n[[hotspot]]\nfunction = \"p.m:g\"\n=======\n\n[[hotspot]]\nfunction = \"p.m:f\"\n>>>>>>> b\n";
        let tree = Tree::new(&[("p/__init__.py", ""), ("p/m.py", SOURCE), ("pyrust.toml", text)]);
        assert_eq!(tree.codes(), ["PYR0103"]);
        assert_eq!(tree.fix()[0], "united both sides of the merge conflict");
        assert_eq!(tree.codes(), Vec::<&str>::new());
    }

    #[test]
    fn required_hotspots_must_be_native() {
        let tree = Tree::new(&[
            ("p/__init__.py", ""),
            ("p/m.py", SOURCE),
            ("pyrust.toml", "version = 1\n[[hotspot]]\nfunction = \"p.m:f\"\nmode = \"require\"\n"),
        ]);
        tree.fix();
        assert_eq!(tree.codes(), Vec::<&str>::new());
        tree.write(
            ".pyrust/build.json",
            r#"{"hotspots": [{"function": "p.m:f", "state": "python", "reason": "PYR0301 no"}]}"#,
        );
        assert_eq!(tree.codes(), ["PYR0114"]);
        tree.write(
            ".pyrust/build.json",
            r#"{"hotspots": [{"function": "p.m:f", "state": "native", "reason": null}]}"#,
        );
        assert_eq!(tree.codes(), Vec::<&str>::new());
    }

    #[test]
    fn no_manifest_is_fine() {
        let tree = Tree::new(&[("p/__init__.py", "")]);
        assert_eq!(tree.codes(), Vec::<&str>::new());
        assert_eq!(fix(&tree.project()), Ok(None));
    }
}
