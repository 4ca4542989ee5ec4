//! Which bodies are found, which are used, and what they rely on.

use super::*;
use crate::bodies;
use crate::manifest::Entry;
use crate::pipeline::{self, Input};
use crate::source::SourceFile;

const SOURCE: &str = "\
from math import sqrt

LIMIT = 10

def helper(x):
    return abs(x)

def f(x):
    return helper(x) + len([x])

def g(x):
    return sqrt(x)
";

fn file(text: &str) -> BodyFile {
    BodyFile { path: "pyrust_bodies/one.rs".into(), text: text.into() }
}

fn text(function: &str, signature: &str, more: &str) -> String {
    format!(
        "use pyrust_runtime::prelude::*;\n\n#[hotspot(function = \"{function}\", signature = \"{signature}\"{more})]\n\
         // A comment with fn in it.\npub fn body(cx: Cx, x: i64) -> R<i64> {{\n    Ok(x)\n}}\n"
    )
}

fn source_of(source: &str, name: &str) -> String {
    let modules = [SourceFile::new("m", "m.py", source)];
    pipeline::reliance(&modules, &format!("m:{name}")).expect("it is there").source
}

fn input(source: &str, body: &str, names: &[&str]) -> Input {
    let entry = |name: &&str| Entry {
        signatures: vec![Signature::parse("(int) -> int").expect("a signature")],
        ..Entry::new(format!("m:{name}"))
    };
    Input {
        package: "m".into(),
        modules: vec![SourceFile::new("m", "m.py", source)],
        hotspots: names.iter().map(entry).collect(),
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: vec![file(body)],
        passes: Default::default(),
    }
}

#[test]
fn attributes_are_read() {
    let more = ", source = \"sha256:00\", namespaces(NAMES, OTHERS)";
    let (found, wrong) = find(&[file(&text("m:f", "(int) -> int", more))]);
    assert!(wrong.is_empty(), "{wrong:?}");
    let [body] = found.as_slice() else { panic!("one: {found:?}") };
    assert_eq!((body.name.as_str(), body.line, body.function.as_str()), ("body", 3, "m:f"));
    assert_eq!(
        (body.source.as_deref(), body.place().as_str()),
        (Some("sha256:00"), "pyrust_bodies/one.rs:3")
    );
    assert_eq!(body.namespaces, ["NAMES", "OTHERS"]);
}

#[test]
fn what_cannot_be_read_is_a_finding_at_its_line() {
    for (attribute, why) in [
        ("function = \"f\", signature = \"(int) -> int\"", "module:qualname"),
        ("signature = \"(int) -> int\"", "`function = "),
        ("function = \"m:f\"", "`signature = "),
        ("function = \"m:f\", signature = \"(what is this\"", "is not a signature"),
        ("function = \"m:f\", signature = \"(int) -> int\", eager", "nothing else"),
        ("function = 5", "expected string literal"),
    ] {
        let (found, wrong) = find(&[file(&format!("\n#[hotspot({attribute})]\nfn body() {{}}\n"))]);
        assert!(found.is_empty());
        let [finding] = wrong.as_slice() else { panic!("{attribute}: {wrong:?}") };
        assert!(finding.message.contains(why), "{attribute}: {}", finding.message);
        assert_eq!(finding.span.map(|span| span.start), Some(1));
    }
    let (found, wrong) = find(&[file("// #[hotspot(…)] is in a comment\n/// #[hotspot(here)]\n")]);
    assert!(found.is_empty() && wrong.is_empty());
    assert_eq!(find(&[file("#[hotspot(function = \"m:f\"")]).1.len(), 1);
}

#[test]
fn a_body_replaces_what_is_generated() {
    let source = source_of(SOURCE, "f");
    let body = text("m:f", "(int) -> int", &format!(", source = \"{source}\""));
    let output = pipeline::generate(&input(SOURCE, &body, &["f"]));
    let [report] = output.functions.as_slice() else { panic!("one function") };
    assert!(report.native && report.bodies[0].reason.is_none(), "{report:?}");
    let rust = &output.rust;
    for part in [
        "#[path = \"pyrust_bodies/one.rs\"]",
        "entry: pyrust_bodies_one::body::ENTRY",
        // The guards of the function, and of what it calls.
        "Slot::function(\"helper\", \"m:helper\")",
        "Slot::builtin(\"abs\")",
        "Slot::builtin(\"len\")",
        "callees: &[\"m:helper\"]",
    ] {
        assert!(rust.contains(part), "{part} is not in\n{rust}");
    }
    assert!(!rust.contains("fn m__f"), "{rust}");
    assert_eq!(output.digests, ["m:f", "m:helper"]);
}

#[test]
fn what_the_compiler_refuses_may_be_written_by_hand() {
    let source = "def f(x):\n    class Local:\n        pass\n    return hash(x)\n";
    let body = text("m:f", "(int) -> int", &format!(", source = \"{}\"", source_of(source, "f")));
    assert!(!pipeline::generate(&input(source, "", &["f"])).functions[0].native);
    let output = pipeline::generate(&input(source, &body, &["f"]));
    assert!(output.functions[0].native);
    assert!(output.rust.contains("Slot::builtin(\"hash\")"), "{}", output.rust);
}

#[test]
fn another_source_is_noticed() {
    let source = source_of(SOURCE, "f");
    let body = text("m:f", "(int) -> int", &format!(", source = \"{source}\""));
    // The function itself, and what it calls; not what stands beside it, and not how it is laid out.
    for (changed, stale) in [
        (SOURCE.replace("len([x])", "len([x, x])"), true),
        (SOURCE.replace("abs(x)", "-abs(x)"), true),
        (SOURCE.replace("sqrt(x)", "sqrt(x + 1)"), false),
        (SOURCE.replace("return abs", "# why\n    return  abs"), false),
    ] {
        let output = pipeline::generate(&input(&changed, &body, &["f"]));
        let [used] = output.functions[0].bodies.as_slice() else { panic!("one body") };
        assert_eq!(used.reason.is_some(), stale, "{changed}");
        assert!(output.functions[0].native);
        assert_eq!(output.rust.contains("fn m__f"), stale, "generated where the body is left out");
        assert_eq!(pipeline::look_at_bodies(&input(&changed, &body, &["f"])).len(), usize::from(stale));
    }
}

#[test]
fn of_a_function_alone_the_source_is_that_of_the_manifest() {
    let modules = [SourceFile::new("m", "m.py", SOURCE)];
    let reliance = pipeline::reliance(&modules, "m:g").expect("it is there");
    let tree = crate::parse::parse_functions(&modules[0]).expect("it parses");
    let crate::hash::Lookup::Found(def) = crate::hash::find(&tree, "g") else { panic!("g is there") };
    assert_eq!(reliance.source, crate::hash::source_hash(def));
    assert!(reliance.guards.iter().any(|named| named.is_c && named.module == "math"), "{reliance:?}");
    assert_ne!(source_of(SOURCE, "f"), source_of(SOURCE, "helper"));
}

#[test]
fn unfit_bodies_are_left_out_with_a_reason() {
    let source = format!(", source = \"{}\"", source_of(SOURCE, "f"));
    for (body, why) in [
        (text("m:f", "(int) -> int", ""), "does not say for which source"),
        (text("m:f", "(int, int) -> int", &source), "has 2 parameters, `m:f` has 1"),
        (text("m:f", "(int) -> int", &source).replace("Ok(x)", "unsafe { Ok(x) }"), "`unsafe` belongs"),
        (text("m:f", "(int) -> int", &source).repeat(2), "has a body for this signature already"),
    ] {
        let output = pipeline::generate(&input(SOURCE, &body, &["f"]));
        let reasons: Vec<_> = output.functions[0].bodies.iter().filter_map(|b| b.reason.as_ref()).collect();
        assert!(reasons.len() == 1 && reasons[0].contains(why), "{reasons:?}");
        assert!(output.functions[0].native);
    }
    let body = text("m:f", "(int) -> int", &source);
    let mut dropped = input(SOURCE, &body, &["f"]);
    dropped.dropped.push("pyrust_bodies/one.rs".into());
    let output = pipeline::generate(&dropped);
    assert!(output.functions[0].bodies[0].reason.as_ref().is_some_and(|why| why.starts_with("PYR0507")));
    assert!(output.rust.contains("fn m__f") && !output.rust.contains("pyrust_bodies"));
    let mut without = input(SOURCE, &body, &["f"]);
    without.passes = "bodies".parse().expect("there is such a pass");
    let output = pipeline::generate(&without);
    assert!(output.functions[0].bodies.is_empty() && output.rust.contains("fn m__f"));
}

#[test]
fn generators_are_not_written_by_hand() {
    let source = "def f(x):\n    yield x\n";
    let body = text("m:f", "(int) -> int", &format!(", source = \"{}\"", source_of(source, "f")));
    let output = pipeline::generate(&input(source, &body, &["f"]));
    assert!(!output.functions[0].native);
    assert!(output.functions[0].bodies[0].reason.as_ref().is_some_and(|why| why.contains("generator")));
}

#[test]
fn files_are_read_from_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let bodies = folder.path().join(bodies::FOLDER);
    std::fs::create_dir(&bodies).expect("created");
    for name in ["b.rs", "a.rs", "not-a-name.rs", "notes.md"] {
        std::fs::write(bodies.join(name), "").expect("written");
    }
    let shown = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (files, findings) = read(&folder.path().join("pyrust.toml"), shown);
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["pyrust_bodies/a.rs", "pyrust_bodies/b.rs"]);
    assert_eq!(files[0].module(), "pyrust_bodies_a");
    assert!(findings.len() == 1 && findings[0].message.contains("not-a-name.rs"), "{findings:?}");
    assert!(read(Path::new("/nowhere/pyrust.toml"), shown).0.is_empty());
}
