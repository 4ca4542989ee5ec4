//! What the build hooks do for a compiled project: the hotspots and the target interpreter's digests, side by side.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const MODULES: [&str; 4] = ["__init__", "core", "later", "shapes"];

fn main() {
    let manifest = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let manifest = manifest.canonicalize().expect("it exists");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let hotspots = manifest.join("src/pyrust_hotspots.rs");
    println!("cargo::rerun-if-changed={}", hotspots.display());
    println!("cargo::rerun-if-changed={}", manifest.join("package").display());
    let text = std::fs::read_to_string(&hotspots).expect("the hotspots are there");
    std::fs::write(out.join("pyrust_hotspots.rs"), &text).expect("OUT_DIR is writable");

    println!("cargo::rerun-if-env-changed=PYO3_PYTHON");
    let python = std::env::var_os("PYO3_PYTHON").expect("the harness names the interpreter");
    // Every name in quotes of the form `module:qualname` is asked for: this is a test, not a compiler.
    let names: Vec<&str> =
        text.split('"').filter(|part| part.starts_with("actpkg") && part.contains(':')).collect();
    let requests: Vec<String> = MODULES
        .iter()
        .map(|file| {
            let module = if *file == "__init__" { "actpkg".to_owned() } else { format!("actpkg.{file}") };
            let own = names.iter().filter_map(|name| name.strip_prefix(&format!("{module}:")));
            let quoted: Vec<String> = own.map(|name| format!("{name:?}")).collect();
            let path = manifest.join("package/actpkg").join(format!("{file}.py"));
            format!("{{\"module\": {module:?}, \"path\": {path:?}, \"qualnames\": [{}]}}", quoted.join(", "))
        })
        .collect();
    let script = manifest.join("../../pyrust-build/src/digest.py");
    println!("cargo::rerun-if-changed={}", script.display());
    let mut child = Command::new(python)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter runs");
    let mut input = child.stdin.take().expect("piped");
    write!(input, "[{}]", requests.join(", ")).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "digest.py failed");
    let json = String::from_utf8(output.stdout).expect("ASCII");
    // One `"name": "hex"` or `"name": ["hex", …]` per entry.
    let mut lines = String::new();
    for part in json.split('"').filter(|part| part.contains(|c: char| c.is_ascii_alphanumeric())) {
        if part.contains(':') {
            lines.push_str(&format!("\n{part}"));
        } else {
            lines.push_str(&format!(" {part}"));
        }
    }
    std::fs::write(out.join("pyrust_digests.txt"), lines.trim_start()).expect("OUT_DIR is writable");
}
