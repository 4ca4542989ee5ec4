//! `pyrust check`: is the manifest in step with the sources? Needs no toolchain and runs no user code.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::hash;
use crate::host;
use crate::manifest::{Entry, Manifest, Mode, conflict, parse_with_places};
use crate::project::Project;
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
    for entry in &manifest.hotspots {
        let place = parsed.places.get(&entry.function).copied();
        findings.extend(
            entry_findings(&mut workspace, &manifest, entry)
                .into_iter()
                .map(|f| at_manifest(f, &shown, place)),
        );
    }
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
