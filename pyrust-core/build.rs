//! Tells the crate which CPython it is built for.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    pyo3_build_config::use_pyo3_cfgs();

    let version = pyo3_build_config::get().version();
    if version.major != 3 || !(11..=13).contains(&version.minor) {
        panic!("PyRust supports CPython 3.11 to 3.13, this is {version}");
    }
}
