//! `pyrust._engine`: the compiler, the recorder and the command line, as one extension module.
//!
//! This file only translates between Python and Rust. No panic and no traceback of ours reaches the user: what goes
//! wrong with his files is a `pyrust.PyRustError`, whose text is the findings.

mod cli;
mod engine;
mod recorder;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyrust_build::{digest, names, notices, workspace};
use serde_json::Value;

use engine::Outcome;

/// The compiler makes and drops millions of small trees of tokens.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs compiler work without the GIL and with a deep stack; failures become `PyRustError`.
fn work<T: Send>(py: Python<'_>, work: impl FnOnce() -> Outcome<T> + Send) -> PyResult<T> {
    match py.detach(|| guarded(|| workspace::with_deep_stack(work))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(failure)) => Err(error(py, &failure.text(), failure.exit_code())),
        Err(message) => Err(error(py, &message, 2)),
    }
}

/// A panic is our bug, and becomes a message.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        format!("internal error: {}; please report this", text.unwrap_or("unknown"))
    })
}

fn error(py: Python<'_>, message: &str, exit_code: i32) -> PyErr {
    let made = py
        .import("pyrust")
        .and_then(|module| module.getattr("PyRustError"))
        .and_then(|class| class.call1((message, exit_code)));
    match made {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

/// JSON → Python objects.
fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (PyString::new(py, &value.to_string()),))
}

#[pyfunction]
fn main(py: Python<'_>, argv: Vec<String>) -> i32 {
    cli::main(py, &argv)
}

#[pyfunction]
#[pyo3(signature = (root, manifest=None, dropped=None, ungated=false))]
fn generate(
    py: Python<'_>,
    root: String,
    manifest: Option<String>,
    dropped: Option<Vec<String>>,
    ungated: bool,
) -> PyResult<String> {
    work(py, || engine::generate(&root, manifest.as_deref(), &dropped.unwrap_or_default(), ungated))
}

#[pyfunction]
fn digest_program() -> String {
    digest::program()
}

/// The crates that are compiled with every project: `build.rs` has put them here.
static SOURCES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

#[pyfunction]
fn sources(py: Python<'_>) -> Vec<(&'static str, Bound<'_, PyBytes>)> {
    SOURCES.iter().map(|(name, bytes)| (*name, PyBytes::new(py, bytes))).collect()
}

#[pyfunction(name = "notices")]
#[pyo3(signature = (metadata, sysroot=None))]
fn notices_of(py: Python<'_>, metadata: &str, sysroot: Option<std::path::PathBuf>) -> PyResult<String> {
    notices::notices(metadata, sysroot.as_deref()).map_err(|problem| error(py, &problem, 2))
}

#[pyfunction]
#[pyo3(signature = (root, manifest=None))]
fn load_project(py: Python<'_>, root: String, manifest: Option<String>) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::load_project(&root, manifest.as_deref()))?;
    to_python(py, &value)
}

#[pyfunction]
fn merge_profile(
    py: Python<'_>,
    root: String,
    manifest: Option<String>,
    profile: String,
) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::merge_profile(&root, manifest.as_deref(), &profile))?;
    to_python(py, &value)
}

#[pyfunction]
fn asked(py: Python<'_>, root: String, manifest: Option<String>) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::asked(&root, manifest.as_deref()))?;
    to_python(py, &value)
}

#[pyfunction]
fn attributes(
    py: Python<'_>,
    root: String,
    manifest: Option<String>,
    observed: String,
) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::attributes(&root, manifest.as_deref(), &observed))?;
    to_python(py, &value)
}

#[pyfunction]
fn reset(py: Python<'_>, root: String, manifest: Option<String>, functions: Vec<String>) -> PyResult<()> {
    work(py, || engine::reset(&root, manifest.as_deref(), &functions))
}

#[pyfunction]
fn set_gate(
    py: Python<'_>,
    root: String,
    manifest: Option<String>,
    slower: Vec<String>,
    faster: Vec<String>,
) -> PyResult<bool> {
    work(py, || engine::set_gate(&root, manifest.as_deref(), &slower, &faster))
}

#[pyfunction]
fn source_hash(py: Python<'_>, path: String, qualname: String) -> PyResult<String> {
    work(py, || engine::source_hash(&path, &qualname))
}

#[pyfunction]
fn closest_function(name: &str, functions: Vec<String>) -> Option<String> {
    names::closest_function(name, functions.iter().map(String::as_str)).map(str::to_string)
}

#[pyfunction]
fn check(py: Python<'_>, root: String) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::check(&root))?;
    to_python(py, &value)
}

#[pyfunction]
fn explain(py: Python<'_>, root: String) -> PyResult<Bound<'_, PyAny>> {
    let value = work(py, || engine::explain(&root))?;
    to_python(py, &value)
}

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("version", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(generate, module)?)?;
    module.add_function(wrap_pyfunction!(digest_program, module)?)?;
    module.add_function(wrap_pyfunction!(sources, module)?)?;
    module.add_function(wrap_pyfunction!(notices_of, module)?)?;
    module.add_function(wrap_pyfunction!(load_project, module)?)?;
    module.add_function(wrap_pyfunction!(merge_profile, module)?)?;
    module.add_function(wrap_pyfunction!(asked, module)?)?;
    module.add_function(wrap_pyfunction!(attributes, module)?)?;
    module.add_function(wrap_pyfunction!(reset, module)?)?;
    module.add_function(wrap_pyfunction!(set_gate, module)?)?;
    module.add_function(wrap_pyfunction!(source_hash, module)?)?;
    module.add_function(wrap_pyfunction!(closest_function, module)?)?;
    module.add_function(wrap_pyfunction!(check, module)?)?;
    module.add_function(wrap_pyfunction!(explain, module)?)?;
    recorder::register(module)
}
