//! No source makes the compiler fail or work without end: damaged programs, and programs made to be hard.
//!
//! Nothing here looks at a clock: work is counted in the expressions that inference looks at.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pyrust_build::hash::functions;
use pyrust_build::parse::parse_functions;
use pyrust_build::pipeline::{FunctionReport, Input, generate};
use pyrust_build::source::SourceFile;
use pyrust_build::workspace::with_deep_stack;

use crate::invent;

/// So many damaged programs.
const DAMAGED: usize = 150;

/// Compiles every function of a program; what it says has no internal error, and the Rust can be read.
fn survives(text: &str) -> Vec<FunctionReport> {
    let file = SourceFile::new("m", "m.py", text);
    let Ok(module) = parse_functions(&file) else { return Vec::new() };
    let hotspots: Vec<_> =
        functions(&module).into_iter().map(|(name, def)| invent::entry("m", &name, def, 7)).collect();
    let input = Input {
        package: "m".into(),
        modules: vec![file],
        hotspots,
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: Default::default(),
    };
    let output = generate(&input);
    let internal = output.functions.iter().flat_map(|f| &f.diagnostics).find(|d| d.code == "PYR0407");
    assert!(internal.is_none(), "{internal:?}\n{text}");
    assert!(syn::parse_file(&output.rust).is_ok(), "no Rust for\n{text}");
    let work: usize = output.functions.iter().map(|f| f.work).sum();
    let lines = text.lines().map(|line| 1 + line.len() / 100).sum();
    assert!(work <= invent::work_allowed(lines), "{work} steps for {lines} lines\n{text}");
    output.functions
}

/// The Python of every case file.
fn programs() -> Vec<String> {
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases"), &mut paths);
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable case file");
        let blocks = text.split("```py\n").skip(1).filter_map(|rest| rest.split("```").next());
        found.extend(blocks.map(str::to_string));
    }
    assert!(found.len() > 100, "only {} programs", found.len());
    found
}

fn collect(path: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(path).expect("the case files").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

/// A small generator of numbers, the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Words, numbers, spaces and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        if at > start && (last != Some(kind(c)) || kind(c) == 2) {
            out.push(&text[start..at]);
            start = at;
        }
        last = Some(kind(c));
    }
    out.push(&text[start..]);
    out
}

/// Deletes, doubles or exchanges tokens or lines.
fn damage(text: &str, dice: &mut Dice) -> String {
    let by_lines = dice.below(2) == 0;
    let mut parts: Vec<&str> = if by_lines { text.split_inclusive('\n').collect() } else { tokens(text) };
    for _ in 0..=dice.below(4) {
        let (i, j) = (dice.below(parts.len()), dice.below(parts.len()));
        match dice.below(4) {
            0 => _ = parts.remove(i),
            1 => parts.insert(j, parts[i]),
            2 => parts.swap(i, j),
            _ => parts[i] = parts[j],
        }
        if parts.is_empty() {
            break;
        }
    }
    parts.concat()
}

#[test]
fn damaged_programs() {
    let programs = programs();
    let compiled = with_deep_stack(|| {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        (0..DAMAGED)
            .map(|_| {
                let program = &programs[dice.below(programs.len())];
                survives(&damage(program, &mut dice)).iter().filter(|f| f.native).count()
            })
            .sum::<usize>()
    });
    assert!(compiled > 50, "only {compiled} functions of damaged programs compile: nothing was tried");
}

/// The first line `def f(x):` and a body of `n` lines.
fn body(n: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = "def f(x):\n".to_string();
    (0..n).for_each(|i| _ = writeln!(text, "    {}", line(i)));
    text + "    return x\n"
}

/// Programs that grow faster than their text: types, instances, nesting, chains.
#[test]
fn hard_programs() {
    let chain = |n: usize, call: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        (0..n).for_each(|i| _ = writeln!(text, "def f{i}(x):\n    return {}", call(i + 1)));
        text + &format!("def f{n}(x):\n    return 1\n")
    };
    let deep = |open: &str, close: &str, n: usize| {
        format!("def f(x):\n    return {}x{}\n", open.repeat(n), close.repeat(n))
    };
    let nested = |head: &str, n: usize| {
        let mut text = "def f(x):\n".to_string();
        (0..n).for_each(|i| _ = writeln!(text, "{}{head}", " ".repeat(i + 1)));
        text + &format!("{}x += 1\n return x\n", " ".repeat(n + 1))
    };
    let programs = [
        body(12, |i| format!("{} = ({},) * 8", if i == 11 { "y" } else { "x" }, "x")),
        body(40, |_| "x = (x, x)".into()),
        body(60, |i| {
            format!("x{i} = [x{}] if x else x", if i > 0 { (i - 1).to_string() } else { String::new() })
        }),
        "def f(x):\n    while x:\n        x = (x, x)\n    return x\n".into(),
        "def f(x):\n    while x:\n        x = [x]\n    return x\n".into(),
        "def f(x):\n    return f((x, x))\n".into(),
        "def f(x):\n    return g([x])\ndef g(x):\n    return f((x,))\n".into(),
        "class A:\n    x = B.x\nclass B:\n    x = A.x\ndef f(x):\n    return A().x, B.x, x\n".into(),
        "class A:\n    x = B.x + 1\nclass B:\n    x = A.x + 1\ndef f(x):\n    return A().x, B.x, x\n".into(),
        chain(60, &|i| format!("f{i}(x) + f{i}([x])")),
        chain(60, &|i| format!("f{i}((x, 1))")),
        body(60, |i| format!("len({}x{})", "[".repeat(i), "]".repeat(i))),
        body(300, |i| format!("x = x + {i} if x == {i} else x")),
        deep("(", ")", 3000),
        deep("-", "", 3000),
        deep("not ", "", 3000),
        deep("[", "]", 300),
        deep("lambda: ", "", 300),
        deep("x if x else ", "", 300),
        deep("x < ", "", 400),
        nested("for i in range(x):", 19),
        nested("if x:", 95),
        nested("while x:", 19),
        nested("with x:", 19),
    ];
    with_deep_stack(|| {
        for text in &programs {
            survives(text);
        }
    });
}
