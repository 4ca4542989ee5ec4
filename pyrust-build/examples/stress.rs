//! Pushes every function of the Python files below some folders through the whole compiler, with invented signatures:
//! `cargo run --release -p pyrust-build --example stress -- FOLDER … [--crate FOLDER] [--seed N]`.
//!
//! A failure of the compiler itself, inference that does too much work for the length of a file, and Rust that does not
//! parse are failures; with `--timed` also a file that takes more than a second per thousand lines. With `--crate` the Rust
//! of everything accepted is written as one library crate, for `cargo check`; warnings are errors there.

#[path = "../tests/it/invent.rs"]
mod invent;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use pyrust_build::hash::functions;
use pyrust_build::manifest::Entry;
use pyrust_build::parse::parse_functions;
use pyrust_build::pipeline::{Input, Output, generate};
use pyrust_build::source::SourceFile;
use pyrust_build::workspace::with_deep_stack;

fn main() {
    let mut folders = Vec::new();
    let (mut out, mut seed, mut timed) = (None, 1, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--crate" => out = args.next().map(PathBuf::from),
            "--timed" => timed = true,
            "--seed" => seed = args.next().and_then(|n| n.parse().ok()).expect("a number"),
            _ => folders.push(arg),
        }
    }
    let mut files = Vec::new();
    for folder in &folders {
        collect(Path::new(folder), &mut files);
    }
    files.sort();
    let failures = with_deep_stack(|| run(&files, out.as_deref(), seed, timed));
    std::process::exit(i32::from(failures > 0));
}

fn run(files: &[PathBuf], out: Option<&Path>, seed: u64, timed: bool) -> usize {
    let mut most = (0, String::new());
    let (mut all, mut native, mut failures, mut modules) = (0, 0, 0, 0);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut library = "#![deny(warnings)]\n".to_string();
    for path in files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let lines = text.lines().count();
        let file = SourceFile::new("m", path.to_string_lossy(), text);
        let start = Instant::now();
        let Ok(module) = parse_functions(&file) else { continue };
        // A manifest has one entry for all functions of a name.
        let mut known = BTreeSet::new();
        let entries: Vec<Entry> = functions(&module)
            .into_iter()
            .filter(|(name, _)| known.insert(name.clone()))
            .map(|(name, def)| invent::entry("m", &name, def, seed))
            .collect();
        all += entries.len();
        let Ok(output) = compile(&file, entries.clone()) else {
            for entry in entries {
                let name = entry.function.clone();
                if compile(&file, vec![entry]).is_err() {
                    println!("panic: {}:{name}", path.display());
                }
            }
            failures += 1;
            continue;
        };
        let seconds = start.elapsed().as_secs_f64();
        if timed && seconds > (lines as f64 / 1000.0).max(1.0) {
            println!("slow: {} takes {seconds:.1} s for {lines} lines", path.display());
            failures += 1;
        }
        let work: usize = output.functions.iter().map(|f| f.work).sum();
        if work > invent::work_allowed(lines) {
            println!("work: {} takes {work} steps for {lines} lines", path.display());
            failures += 1;
        }
        for f in &output.functions {
            if f.work > most.0 {
                most = (f.work, format!("{} in {}", f.function, path.display()));
            }
        }
        if let Err(error) = syn::parse_file(&output.rust) {
            println!("not Rust: {}: {error}", path.display());
            failures += 1;
        }
        let accepted = output.functions.iter().filter(|f| f.native).count();
        native += accepted;
        for d in output.functions.iter().filter(|f| !f.native).flat_map(|f| f.diagnostics.first()) {
            *codes.entry(format!("{} {}", d.code, d.message)).or_default() += 1;
        }
        for d in output.functions.iter().flat_map(|f| &f.diagnostics).filter(|d| d.code == "PYR0407") {
            println!("internal: {}: {}", path.display(), d.message);
            failures += 1;
        }
        if let (Some(out), true) = (out, accepted > 0) {
            let name = format!("f{modules}");
            modules += 1;
            std::fs::create_dir_all(out.join("src")).expect("a folder");
            let text = format!("{}\n// from {}\n", output.rust, path.display());
            std::fs::write(out.join("src").join(format!("{name}.rs")), text).expect("a file");
            // What `hotspots!()` allows in generated text.
            let _ = writeln!(
                library,
                "#[allow(unused, unreachable_code, non_snake_case, non_upper_case_globals, clippy::all)]\npub mod {name};"
            );
        }
    }
    if let Some(out) = out {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").display();
        let manifest = format!(
            "[package]\nname = \"stressed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             pyrust-macros = {{ path = \"{root}/pyrust-macros\" }}\npyrust-runtime = {{ path = \"{root}/pyrust-runtime\" }}\n"
        );
        std::fs::write(out.join("Cargo.toml"), manifest).expect("a file");
        std::fs::write(out.join("src/lib.rs"), library).expect("a file");
    }
    println!("most steps: {} for {}", most.0, most.1);
    println!("{native} of {all} functions native, {failures} failures");
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (code, n) in codes.iter().take(40) {
        println!("{n:6} {code}");
    }
    failures
}

fn compile(file: &SourceFile, hotspots: Vec<Entry>) -> std::thread::Result<Output> {
    let input = Input {
        package: "m".into(),
        modules: vec![file.clone()],
        hotspots,
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: Default::default(),
    };
    catch_unwind(AssertUnwindSafe(|| generate(&input)))
}

fn collect(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_file() {
        out.push(path.to_path_buf());
        return;
    }
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "py") {
            out.push(path);
        }
    }
}
