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

/// Pages of the documentation that are made from tables are what the tables say now; `PYRUST_BLESS=1` writes them.
#[test]
fn the_pages_of_operations_and_diagnostics_are_current() {
    let pages = [
        ("supported-python.md", pyrust_build::ops::document::markdown()),
        ("diagnostics.md", pyrust_build::codes::markdown()),
    ];
    for (name, page) in pages {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        if std::env::var_os("PYRUST_BLESS").is_some() {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == page, "docs/{name} is not current: run the tests with PYRUST_BLESS=1");
    }
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
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: Default::default(),
    })
    .rust
}

/// Where no parameter is an int, calls on words and those on ints of any size have the same signature.
#[test]
fn words_stay_beside_ints_of_any_size() {
    let text = "def f(s):\n    h = 7\n    for c in s:\n        h *= ord(c)\n    return h\n";
    let rust = output(text, vec![entry("m:f", "(str) -> int")]);
    assert!(rust.contains("let mut h: i64") && rust.contains("let mut h: Big"), "{rust}");
}

/// A pass that was left out and made no difference would not be tested by running the cases without it.
#[test]
fn a_function_that_changes_leaves_the_text_of_others_as_it_is() {
    let of = |first: &str| {
        let text = format!(
            "class Outer:\n    class Inner:\n        def __init__(self, größe: int):\n            self.größe: int = größe\n\n\n\
             def first(a):\n    {first}\n\n\ndef second(a, x):\n    x.größe += len(a)\n    \
             return a.replace('one', 'the other') + '{}' + str(2 ** 70)\n",
            "long ".repeat(30),
        );
        let hotspots =
            vec![entry("m:first", "(str) -> str"), entry("m:second", "(str, m.Outer.Inner) -> str")];
        output(&text, hotspots)
    };
    let function = |text: &str, name: &str| {
        let begin = text.find(&format!("fn m__{name}(")).unwrap_or_else(|| panic!("{text}"));
        let length = text[begin..].find("\n}").expect("an end");
        text[begin..begin + length].lines().filter(|line| !line.contains("//")).collect::<Vec<_>>().join("\n")
    };
    let (before, after) =
        (of("return a + 'zero'"), of("b = a * abs(len(a))\n    return b + 'new' + a + 'newer' + 'zero'"));
    assert_eq!(function(&before, "second"), function(&after, "second"));
    assert_ne!(function(&before, "first"), function(&after, "first"));
}

#[test]
fn each_optimisation_can_be_left_out() {
    let views = "def f(rows):\n    t = 0\n    for row in rows:\n        for x in row:\n            t += x\n    return t\n";
    let demands = "def f(x):\n    if len(x) > 1:\n        return x[0]\n    return len(x)\n";
    let ranges = "def f(xs):\n    t = 0\n    for i in range(len(xs)):\n        t += xs[i]\n    return t\n";
    let rows = "def f(rows, n):\n    t = 0\n    for i in range(n):\n        for j in range(n):\n            \
                t += rows[i][j]\n    return t\n";
    let globals = "LIMIT = 5\ndef f(n):\n    return n < LIMIT\n";
    let counting = "def f(xs):\n    d = {}\n    for x in xs:\n        d[x] = d.get(x, 0) + 1\n    return d\n";
    let owned = "def f(xs):\n    for i in range(len(xs)):\n        xs[i] *= 2.0\n";
    let jam = "def f(xs, ws, n, m):\n    out = []\n    for j in range(n):\n        t = 0.0\n        \
               for k in range(m):\n            t += xs[j + k] * ws[k]\n        out.append(t)\n    return out\n";
    let appends = "def f(s):\n    t = ''\n    for c in s:\n        t += c\n    return t\n";
    let fields = "def f(rows):\n    return [row['name'] for row in rows if 'name' in row]\n";
    let fusion = "def f(xs):\n    g = (x * x for x in xs)\n    return sum(g)\n";
    let dense = "def f(a, b):\n    for i in range(len(a)):\n        a[i] = a[i] * 0.5 + b[i]\n";
    let short = "def f(x):\n    t = 0\n    for k in range(8):\n        t ^= x >> k\n    return t\n";
    let twice = "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n";
    let copies = "def f(xs):\n    return xs[1:]\n";
    let spans = "def f(n):\n    xs = [0] * n\n    for i in range(1, n):\n        xs[i] = xs[i - 1] + i\n    \
                 return xs\n";
    let pieces =
        "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x)\n    return '-'.join(out)\n";
    for (pass, text, signature) in [
        ("views", views, "(list[list[int]]) -> int"),
        ("demands", demands, "(list[int] | int) -> int"),
        ("ranges", ranges, "(list[int]) -> int"),
        ("rows", rows, "(list[list[int]], int) -> int"),
        ("globals", globals, "(int) -> bool"),
        ("counting", counting, "(list[int]) -> dict[int, int]"),
        ("appends", appends, "(str) -> str"),
        ("owned", owned, "(list[float]) -> None"),
        ("fields", fields, "(list[dict[str, int]]) -> list[int]"),
        ("fusion", fusion, "(list[int]) -> int"),
        ("dense", dense, "(ndarray[float64, 1], ndarray[float64, 1]) -> None"),
        ("jam", jam, "(list[float], list[float], int, int) -> list[float]"),
        ("short", short, "(int) -> int"),
        ("twice", twice, "(int) -> int"),
        ("copies", copies, "(list[int]) -> list[int]"),
        ("spans", spans, "(int) -> list[int]"),
        ("pieces", pieces, "(list[str]) -> str"),
        ("resume", ranges, "(list[int]) -> int"),
    ] {
        let rust = |without: &str| {
            let passes = without.parse().expect("names of optimisations");
            let modules = vec![SourceFile::new("m", "m.py", text)];
            let hotspots = vec![entry("m:f", signature)];
            let output = generate(&Input {
                package: "m".into(),
                modules,
                hotspots,
                attributes: Default::default(),
                dropped: Vec::new(),
                bodies: Vec::new(),
                passes,
            });
            assert!(output.functions[0].native, "{pass}: {:?}", output.functions[0].diagnostics);
            output.rust
        };
        assert_ne!(rust(""), rust(pass), "`{pass}` makes no difference");
    }
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
    // Each loop of a function stands there twice otherwise.
    let without = if text.contains("# resumed\n") { "" } else { "resume" };
    let input = Input {
        package: name.into(),
        modules: vec![file.clone()],
        hotspots,
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: without.parse().expect("names of optimisations"),
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
