//! The compiler from text to text: what it emits for small functions, and what it says about those it refuses.
//!
//! A case is a Python file in `cases/`; lines `# compile: FUNCTION SIGNATURE` at its top say what to compile. Snapshots
//! stand beside the cases: review a change with `cargo insta review`. A file that begins with `# explain` is about what
//! `pyrust explain` says.

mod invent;
mod robust;

use std::fmt::Write as _;
use std::path::Path;

use pyrust_build::diagnostic::Diagnostic;
use pyrust_build::manifest::{Entry, Mode};
use pyrust_build::pipeline::{Input, generate};
use pyrust_build::render::{Format, Sources, render};
use pyrust_build::signature::Signature;
use pyrust_build::source::SourceFile;

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases");
    insta::with_settings!({ snapshot_path => "cases", prepend_module_to_snapshot => false, omit_expression => true }, {
        let mut seen = 0;
        let mut paths: Vec<_> = std::fs::read_dir(&folder)
            .expect("the folder of cases")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "py"))
            .collect();
        paths.sort();
        for path in paths {
            let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a readable case");
            let shown = compile(&name, &text);
            insta::assert_snapshot!(name, shown);
            seen += 1;
        }
        assert!(seen > 5, "only {seen} cases found");
    });
}

/// The same input gives the same bytes, also when the entries come in another order.
#[test]
fn the_order_of_entries_does_not_matter() {
    let text = "def f(x):\n    return g(x) + 1\n\ndef g(x):\n    return x * 2\n";
    let entries = [entry("m:f", "(int) -> int"), entry("m:g", "(int) -> int")];
    let forward = output(text, entries.to_vec());
    let backward = output(text, entries.iter().rev().cloned().collect());
    assert_eq!(forward, backward);
}

/// `docs/supported-python.md` is what the operation table says now; `PYRUST_BLESS=1` writes it.
#[test]
fn the_page_of_operations_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/supported-python.md");
    let page = pyrust_build::ops::document::markdown();
    if std::env::var_os("PYRUST_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/supported-python.md is not current: run the tests with PYRUST_BLESS=1");
}

fn entry(function: &str, signature: &str) -> Entry {
    Entry {
        function: function.into(),
        signatures: vec![Signature::parse(signature).expect("a signature")],
        source: None,
        mode: Mode::Native,
        gate: false,
    }
}

fn output(text: &str, hotspots: Vec<Entry>) -> String {
    let file = SourceFile::new("m", "m.py", text);
    generate(&Input {
        package: "m".into(),
        modules: vec![file],
        hotspots,
        dropped: Vec::new(),
        passes: Default::default(),
    })
    .rust
}

fn compile(name: &str, text: &str) -> String {
    let hotspots = text
        .lines()
        .filter_map(|line| line.strip_prefix("# compile: "))
        .map(|line| {
            let (function, signature) = line.split_once(' ').expect("a function and its signature");
            entry(&format!("{name}:{function}"), signature)
        })
        .collect();
    let file = SourceFile::new(name, format!("{name}.py"), text);
    let input = Input {
        package: name.into(),
        modules: vec![file.clone()],
        hotspots,
        dropped: Vec::new(),
        passes: Default::default(),
    };
    let output = generate(&input);
    let mut shown = String::new();
    let explains = text.starts_with("# explain\n");
    for report in output.functions.iter().filter(|_| !explains).filter(|r| !r.diagnostics.is_empty()) {
        for d in &report.diagnostics {
            let (line, column) = d.span.map_or((0, 0), |s| file.line_column(s.start));
            let label = if d.label.is_empty() { String::new() } else { format!("   [{}]", d.label) };
            let _ = writeln!(shown, "{line}:{column}: {} {}{label}", d.code, d.message);
        }
    }
    if explains {
        for report in &output.functions {
            let _ =
                writeln!(shown, "{}: {}", report.function, if report.native { "native" } else { "python" });
            let mut sources = Sources::default();
            sources.insert(&file.path, text);
            report.explain.iter().for_each(|e| shown.push_str(&e.text(false)));
            let told: Vec<Diagnostic> = report.explain.iter().flat_map(|e| e.left.clone()).collect();
            shown.push_str(&render(&told, &mut sources, Format::Full, false));
            shown.push_str(&render(&report.diagnostics, &mut sources, Format::Full, false));
            shown.push('\n');
        }
        return shown;
    }
    // The table at the end is the same in every file.
    let code = output.rust.split("/// What activation reads").next().unwrap_or_default();
    if output.functions.iter().any(|r| r.native) {
        shown.push_str(code);
    }
    shown
}
