//! Compiles the recorder's C files against the headers of the target interpreter.

use std::process::Command;

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
}
