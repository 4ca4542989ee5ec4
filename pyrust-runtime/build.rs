//! Tells the crate which CPython it is built for, has the C compiler prove the layouts that the runtime relies on, and
//! compiles what is written in C. `pyrust-core` leaves that to this crate, so that it need not wait for what runs C compilers.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

include!("../pyrust-core/src/boundary/offsets.rs");

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../pyrust-core/src/boundary/offsets.rs");
    pyo3_build_config::use_pyo3_cfgs();

    let config = pyo3_build_config::get();
    let version = config.version();
    let include = config
        .run_python_script("import sysconfig; print(sysconfig.get_path('include'))")
        .expect("the target's interpreter must be there to be asked for its headers");
    let include = Path::new(include.trim());
    let internal = include.join("internal/pycore_dict.h").is_file();

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let rows = out.join("layout_rows.h");
    fs::write(&rows, asserts(usize::from(version.minor - 11), internal)).expect("OUT_DIR must be writable");

    let mut build = compiler(include);
    build.define("PYRUST_ROWS", format!("\"{}\"", rows.display()).as_str());
    if internal {
        build.define("PYRUST_INTERNAL", None);
    }
    println!("cargo::rerun-if-changed=src/layout.c");
    build.file("src/layout.c").compile("pyrust_layout");

    let activation = c_files(Path::new("src/activate"));
    if !activation.is_empty() {
        let mut build = compiler(include);
        for file in activation {
            println!("cargo::rerun-if-changed={}", file.display());
            build.file(file);
        }
        build.compile("pyrust_activation");
    }
}

fn compiler(include: &Path) -> cc::Build {
    let mut build = cc::Build::new();
    build.std("c11").include(include).warnings(false);
    build
}

/// One `_Static_assert` per row.  What only `pycore_dict.h` knows is left out where it is not installed.
fn asserts(column: usize, internal: bool) -> String {
    let mut text = String::new();
    for (name, expression, values) in LAYOUT {
        let private = name.starts_with("KEYS_") || name.starts_with("VALUES_");
        if internal || !private {
            let value = values[column];
            let _ = writeln!(
                text,
                "_Static_assert(({expression}) == {value}, \"layout: {name} is not what the runtime was written for\");"
            );
        }
    }
    text
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    files
}
