//! Prints the Rust that the compiler makes of functions in one file, without a project around it:
//! `cargo run -p pyrust-build --example generate -- FILE FUNCTION SIGNATURE [FUNCTION SIGNATURE …]`.

use pyrust_build::manifest::{Entry, Mode};
use pyrust_build::pipeline::{Input, generate};
use pyrust_build::signature::Signature;
use pyrust_build::source::SourceFile;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text = std::fs::read_to_string(&args[0]).expect("the file can be read");
    let file = SourceFile::new("m", "m.py", text);
    let hotspots = args[1..]
        .chunks(2)
        .map(|pair| Entry {
            function: format!("m:{}", pair[0]),
            signatures: vec![Signature::parse(&pair[1]).expect("a signature")],
            source: None,
            mode: Mode::Native,
            gate: false,
        })
        .collect();
    let output = generate(&Input {
        package: "m".into(),
        modules: vec![file],
        hotspots,
        attributes: Default::default(),
        dropped: Vec::new(),
        bodies: Vec::new(),
        passes: Default::default(),
    });
    for report in &output.functions {
        eprintln!("{}: native {}", report.function, report.native);
        for d in &report.diagnostics {
            eprintln!("  {} {} {:?} {}", d.code, d.path, d.span, d.message);
        }
    }
    eprintln!("digests: {}", output.digests.join(" "));
    println!("{}", output.rust);
}
