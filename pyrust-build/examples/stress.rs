//! Compiles every function of the Python files below a folder with a few signatures and counts what comes of it:
//! `cargo run --release -p pyrust-build --example stress -- FOLDER`. A panic of the compiler is reported with its function.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use pyrust_build::ast::{Stmt, StmtKind};
use pyrust_build::manifest::{Entry, Mode};
use pyrust_build::parse::parse_module;
use pyrust_build::pipeline::{Input, generate};
use pyrust_build::signature::Signature;
use pyrust_build::source::SourceFile;

const TYPES: &[&str] = &[
    "int",
    "float",
    "str",
    "list[int]",
    "list[list[float]]",
    "dict[str, int]",
    "tuple[int, str]",
    "object",
    "int | None",
];

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    files.sort();
    let (mut native, mut refused, mut panics) = (0, 0, 0);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let file = SourceFile::new("m", path.to_string_lossy(), text);
        let Ok(module) = parse_module(&file) else { continue };
        let mut functions = Vec::new();
        names(&module.body, "", &mut functions);
        for (name, arity) in functions {
            for ty in TYPES {
                let params = vec![*ty; arity].join(", ");
                let Ok(signature) = Signature::parse(&format!("({params}) -> object")) else { continue };
                let entry = Entry {
                    function: format!("m:{name}"),
                    signatures: vec![signature],
                    source: None,
                    mode: Mode::Native,
                    gate: false,
                };
                let input = Input {
                    package: "m".into(),
                    modules: vec![file.clone()],
                    hotspots: vec![entry],
                    dropped: Vec::new(),
                };
                match catch_unwind(AssertUnwindSafe(|| generate(&input))) {
                    Ok(output) => {
                        if output.functions.iter().any(|f| f.native) {
                            native += 1;
                        } else {
                            refused += 1;
                            for d in output.functions.iter().flat_map(|f| f.diagnostics.first()) {
                                *codes.entry(format!("{} {}", d.code, d.message)).or_default() += 1;
                            }
                        }
                    }
                    Err(_) => {
                        panics += 1;
                        eprintln!("panic: {}:{name} with {ty}", path.display());
                    }
                }
                if arity == 0 {
                    break;
                }
            }
        }
    }
    println!("{native} native, {refused} refused, {panics} panics");
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (code, n) in codes.iter().take(40) {
        println!("{n:6} {code}");
    }
    std::process::exit(i32::from(panics > 0));
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "py") {
            out.push(path);
        }
    }
}

fn names(body: &[Stmt], prefix: &str, out: &mut Vec<(String, usize)>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::FunctionDef(f) => {
                out.push((format!("{prefix}{}", f.name), f.params.in_frame_order().count()));
            }
            StmtKind::ClassDef(c) => names(&c.body, &format!("{prefix}{}.", c.name), out),
            _ => {}
        }
    }
}
