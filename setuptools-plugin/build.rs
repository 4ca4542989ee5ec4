//! Compiles the recorder's C files against the headers of the target interpreter, and puts the sources into the engine
//! that the hooks compile on the user's machine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Links in a checkout, where `pyrust/workspace.py` reads them; files in a source distribution, which has the Python sources
/// beside this crate.
const CRATES: [&str; 2] = ["python/pyrust/_crates", "../python/pyrust/_crates"];
/// What is no source; `pyrust/cache.py` leaves out the same.
const SKIPPED: [&str; 3] = ["target", "__pycache__", ".git"];

fn main() {
    println!("cargo:rerun-if-changed=src/recorder/frame.c");
    println!("cargo:rerun-if-changed=src/recorder/signal.c");
    let config = pyo3_build_config::get();
    let python = config.executable().unwrap_or("python3");
    let output = Command::new(python)
        .args(["-c", "import sysconfig; print(sysconfig.get_path('include'))"])
        .output()
        .unwrap_or_else(|error| panic!("cannot run `{python}`: {error}"));
    let include = String::from_utf8_lossy(&output.stdout);
    cc::Build::new()
        .files(["src/recorder/frame.c", "src/recorder/signal.c"])
        .include(include.trim())
        .compile("pyrust_recorder");
    let crates = CRATES.map(Path::new).into_iter().find(|folder| folder.is_dir());
    embed(crates.unwrap_or_else(|| panic!("the sources are not in `{}`", CRATES[0])));
}

/// Writes `sources.rs`: each file's name and its bytes. As files of a wheel, three hundred of them, they took longer to
/// install than all the rest, and an isolated build installs them each time.
fn embed(crates: &Path) {
    let mut found = Vec::new();
    files(crates, &mut found);
    let mut named: Vec<(String, PathBuf)> = found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(crates).expect("below it").components();
            let parts: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy()).collect();
            (parts.join("/"), path)
        })
        .collect();
    named.sort();
    let mut text = String::from("&[\n");
    for (name, path) in named {
        let path = fs::canonicalize(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("cargo:rerun-if-changed={}", path.display());
        writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.display().to_string()).expect("a text");
    }
    text.push_str("]\n");
    let target = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("sources.rs");
    fs::write(&target, text).unwrap_or_else(|error| panic!("{}: {error}", target.display()));
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let list = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in list {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // A file that is new changes its folder.
            let real = fs::canonicalize(&path).expect("it is there");
            if !SKIPPED.iter().any(|name| path.ends_with(name)) {
                println!("cargo:rerun-if-changed={}", real.display());
                files(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}
