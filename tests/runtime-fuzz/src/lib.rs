//! Typed operations on lists, dicts and sets, as one transaction, for the property tests in `test_*.py`.
//!
//! Python gives a script of `(name, ints, objects)`.  It runs on the argument in place, or on a native copy, and
//! ends in a commit, in a bailout at a place of the script's choosing, or dry.  What each operation gave comes
//! back beside the outcome.

mod dicts;
mod lists;
mod sets;

use std::cell::RefCell;

use pyo3::exceptions::PyValueError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyrust_runtime::boundary::commit::{CallArgs, Outcome, Run, enter, enter_dry};
use pyrust_runtime::prelude::*;
use pyrust_runtime::txn;

/// One line of a script.
pub(crate) struct Line {
    pub(crate) name: String,
    ints: Vec<Option<i64>>,
    objects: Vec<*mut PyObject>,
}

impl Line {
    pub(crate) fn int(&self, index: usize) -> i64 {
        self.ints[index].expect("the script gives an int here")
    }

    pub(crate) fn optional(&self, index: usize) -> Option<i64> {
        self.ints[index]
    }

    pub(crate) fn value<T: FromPy>(&self, cx: Cx, index: usize) -> R<T> {
        // SAFETY: The script holds its objects.
        unsafe { T::from_py(cx, self.objects[index]) }
    }
}

/// What an operation gave.
enum Given {
    /// A strong reference.
    Object(*mut PyObject),
    Exception(&'static str),
}

thread_local! {
    static SCRIPT: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
    /// The calls in progress: a finaliser at the end of one may make another.
    static GIVEN: RefCell<Vec<Vec<Given>>> = const { RefCell::new(Vec::new()) };
}

/// Runs the script line by line.  Exceptions are noted and the script goes on; a bailout ends it.
pub(crate) fn each_line(cx: Cx, mut line: impl FnMut(Cx, &Line) -> R<*mut PyObject>) -> R<()> {
    let script = SCRIPT.take();
    let mut result = Ok(());
    for entry in &script {
        let given = match line(cx, entry) {
            Ok(object) => Given::Object(object),
            Err(stop) => match stop.as_exc() {
                Some(exc) => Given::Exception(exc.name()),
                None => {
                    result = Err(stop);
                    break;
                }
            },
        };
        GIVEN.with_borrow_mut(|calls| calls.last_mut().expect("a call is in progress").push(given));
    }
    SCRIPT.set(script);
    result
}

/// An operation without a result gives None.
pub(crate) fn none(cx: Cx, done: R<()>) -> R<*mut PyObject> {
    done?.into_py(cx)
}

fn parse(script: &Bound<'_, PyList>) -> PyResult<Vec<Line>> {
    script
        .iter()
        .map(|line| {
            let line = line.cast_into::<PyTuple>()?;
            let objects = line.get_item(2)?.cast_into::<PyList>()?;
            Ok(Line {
                name: line.get_item(0)?.extract()?,
                ints: line.get_item(1)?.extract()?,
                objects: objects.iter().map(|object| object.as_ptr()).collect(),
            })
        })
        .collect()
}

fn stack_limit() -> usize {
    let here = 0_u8;
    (&raw const here).addr() - 256 * 1024
}

type Ran = (String, Option<Py<PyAny>>, Vec<Py<PyAny>>);

/// `(outcome, result, given)`: the outcome is "commit" or the reason of the bailout.
#[pyfunction]
fn run<'py>(
    py: Python<'py>,
    kind: &str,
    arguments: &Bound<'py, PyTuple>,
    script: &Bound<'py, PyList>,
) -> PyResult<Ran> {
    let (run, pointers) = prepare(kind, arguments, script)?;
    let call = CallArgs { args: pointers.as_ptr(), nargs: pointers.len() };
    // SAFETY: The GIL is held, the tuple holds the arguments.
    let outcome = unsafe { enter(&call, 1000, stack_limit(), run) };
    let (outcome, value) = match outcome {
        Outcome::Value(value) => {
            // SAFETY: A strong reference.
            let value = unsafe { Bound::from_owned_ptr(py, value) };
            ("commit".into(), Some(value.unbind()))
        }
        Outcome::Bail(stop) => (stop.reason().to_owned(), None),
    };
    Ok((outcome, value, given(py)?))
}

/// `(outcome, restored, would_be)`: what each argument would be after a commit, as seen by an inspector.
#[pyfunction]
fn dry<'py>(
    py: Python<'py>,
    kind: &str,
    arguments: &Bound<'py, PyTuple>,
    script: &Bound<'py, PyList>,
) -> PyResult<(String, bool, Vec<Py<PyAny>>)> {
    let (run, pointers) = prepare(kind, arguments, script)?;
    let call = CallArgs { args: pointers.as_ptr(), nargs: pointers.len() };
    let mut states: Vec<*mut PyObject> = Vec::new();
    let mut inspect = |txn: &txn::Txn, _: *mut PyObject| {
        for &pointer in &pointers {
            // SAFETY: Inside the inspector; copies of exact builtins run no Python code.
            states.push(unsafe {
                if ffi::PyList_CheckExact(pointer) != 0 {
                    ffi::PyList_GetSlice(pointer, 0, isize::MAX)
                } else {
                    match txn.overlay_of(pointer) {
                        Ok(Some(copy)) => copy,
                        _ if ffi::PyDict_CheckExact(pointer) != 0 => ffi::PyDict_Copy(pointer),
                        _ => ffi::PySet_New(pointer),
                    }
                }
            });
        }
    };
    // SAFETY: The GIL is held, the tuple holds the arguments.
    let dry = unsafe { enter_dry(&call, 1000, stack_limit(), run, &mut inspect) };
    // SAFETY: Strong references.
    let states =
        states.into_iter().map(|state| unsafe { Bound::from_owned_ptr(py, state) }.unbind()).collect();
    given(py)?;
    Ok((dry.stop.map_or("commit".into(), |stop| stop.reason().to_owned()), dry.restored, states))
}

fn prepare<'py>(
    kind: &str,
    arguments: &Bound<'py, PyTuple>,
    script: &Bound<'py, PyList>,
) -> PyResult<(Run, Vec<*mut PyObject>)> {
    let Some(run) = lists::runner(kind).or_else(|| dicts::runner(kind)).or_else(|| sets::runner(kind)) else {
        return Err(PyValueError::new_err(format!("no such kind: {kind}")));
    };
    SCRIPT.set(parse(script)?);
    GIVEN.with_borrow_mut(|calls| calls.push(Vec::new()));
    Ok((run, arguments.iter().map(|argument| argument.as_ptr()).collect()))
}

fn given(py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
    SCRIPT.set(Vec::new());
    GIVEN
        .with_borrow_mut(Vec::pop)
        .unwrap_or_default()
        .into_iter()
        .map(|given| match given {
            // SAFETY: A strong reference.
            Given::Object(object) => Ok(unsafe { Bound::from_owned_ptr(py, object) }.unbind()),
            Given::Exception(name) => {
                let error = PyDict::new(py);
                error.set_item("raised", name)?;
                Ok(error.into_any().unbind())
            }
        })
        .collect()
}

/// See `pyrust_runtime::txn::set_forced_bail`.
#[pyfunction]
fn force(k: i64) {
    txn::set_forced_bail(k);
}

/// Points of the last call.
#[pyfunction]
fn points() -> i64 {
    txn::last_points()
}

/// Is a transaction open?
#[pyfunction]
fn is_open() -> bool {
    txn::is_open()
}

/// Does the interpreter lay out its objects as the runtime reads them?  Otherwise, which it does not.
#[pyfunction]
fn probe() -> Option<&'static str> {
    // SAFETY: The GIL is held.
    unsafe { pyrust_runtime::boundary::probe::run() }.err()
}

#[pymodule]
fn pyrust_fuzz(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(run, module)?)?;
    module.add_function(wrap_pyfunction!(dry, module)?)?;
    module.add_function(wrap_pyfunction!(force, module)?)?;
    module.add_function(wrap_pyfunction!(points, module)?)?;
    module.add_function(wrap_pyfunction!(is_open, module)?)?;
    module.add_function(wrap_pyfunction!(probe, module)?)?;
    Ok(())
}
