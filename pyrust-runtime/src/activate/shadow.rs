//! Shadow mode (`PYRUST=shadow:1/N`): which calls are compared with Python, and the Python code that does it.
//!
//! The sources of the comparison travel inside of the extension, so that it works where nothing of ours is installed.
//! They are the very files of the verifier (symbolic links in `shadow/`).
//!
//! While a compared call runs, every hotspot that its thread calls runs as Python: what native code is compared with
//! must not be native code.

use std::cell::{Cell, RefCell};
use std::ptr;

use pyo3_ffi::*;

use super::hook::{Hook, SHADOWING};
use super::intercept;
use super::raising::{raise_in_body, restore};
use super::registry::{self, Registry};
use crate::activate::interp::Frame;
use crate::boundary::commit::CallArgs;
use crate::peek::{Own, take_error_text, text, utf8};

/// In the order in which they import each other.
const SOURCES: [(&str, &str); 4] = [
    ("equal", include_str!("shadow/equal.py")),
    ("reproduce", include_str!("shadow/reproduce.py")),
    ("compare", include_str!("shadow/compare.py")),
    ("shadow", include_str!("shadow/shadow.py")),
];
const LOAD: &str = include_str!("shadow/load.py");

// A checkout without symbolic links would put a path where a program has to be.
const _: () = {
    let mut index = 0;
    while index < SOURCES.len() {
        assert!(
            SOURCES[index].1.len() > 200,
            "the files in `activate/shadow` must be symbolic links, or copies"
        );
        index += 1;
    }
};

/// State under the GIL.
struct Shadow {
    /// `shadow.comparer(extension)`; null: there is no shadow mode.
    callable: Cell<*mut PyObject>,
    /// Thread states whose call is being compared.
    running: RefCell<Vec<usize>>,
}

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Shadow {}

static SHADOW: Shadow = Shadow { callable: Cell::new(ptr::null_mut()), running: RefCell::new(Vec::new()) };

/// Loads what compares. Without it everything runs as in `auto`; why is left as a Python exception.
///
/// # Safety
/// The GIL is held, no transaction is open, `extension` is the module.
pub(super) unsafe fn start(registry: &Registry, extension: *mut PyObject) -> Option<()> {
    // SAFETY: as the caller promised; every object is held while it is used.
    unsafe {
        let globals = Own::take(PyDict_New())?;
        let set = |name: &std::ffi::CStr, value: *mut PyObject| {
            (PyDict_SetItemString(globals.ptr(), name.as_ptr(), value) == 0).then_some(())
        };
        let sources = Own::take(PyList_New(0))?;
        for (name, source) in SOURCES {
            let pair = Own::take(PyTuple_Pack(2, text(name)?.ptr(), text(source)?.ptr()))?;
            if PyList_Append(sources.ptr(), pair.ptr()) != 0 {
                return None;
            }
        }
        // Each extension has what it was built with, under a name of its own.
        let package = format!("{}._pyrust_shadow", registry.module.package);
        set(c"__builtins__", PyEval_GetBuiltins())?;
        set(c"package", text(&package)?.ptr())?;
        set(c"sources", sources.ptr())?;
        set(c"extension", extension)?;
        let program = std::ffi::CString::new(LOAD).ok()?;
        let code = Own::take(Py_CompileString(program.as_ptr(), c"<pyrust shadow>".as_ptr(), Py_file_input))?;
        Own::take(PyEval_EvalCode(code.ptr(), globals.ptr(), globals.ptr()))?;
        let callable = Own::borrow(PyDict_GetItemString(globals.ptr(), c"call".as_ptr()))?;
        drop(Own::take(SHADOW.callable.replace(callable.release())));
    }
    Some(())
}

/// Whether this thread is in the middle of a comparison.
pub(super) fn runs_here(ts: *mut PyThreadState) -> bool {
    SHADOW.running.borrow().contains(&(ts as usize))
}

/// Does one call in both ways; None when no specialisation takes it.
///
/// # Safety
/// As the hook's `tp_iternext`, with no transaction open.
pub(super) unsafe fn call(
    hook: &'static Hook,
    frame: Frame,
    ts: *mut PyThreadState,
) -> Option<*mut PyObject> {
    // SAFETY: the caller vouches for frame and thread.
    unsafe {
        let args = CallArgs { args: frame.args(), nargs: hook.arity() };
        hook.choose(&args)?;
        let callable = Own::borrow(SHADOW.callable.get())?;
        if SHADOW.running.borrow().is_empty() {
            mark_all(true);
        }
        SHADOW.running.borrow_mut().push(ts as usize);
        let outcome = intercept::hand_over(hook, &args, callable.ptr());
        let mut running = SHADOW.running.borrow_mut();
        if let Some(at) = running.iter().rposition(|entry| *entry == ts as usize) {
            running.swap_remove(at);
        }
        let last = running.is_empty();
        drop(running);
        if last {
            mark_all(false);
        }
        Some(outcome.and_then(|outcome| result(&outcome)).map_or_else(failed, Own::release))
    }
}

/// What `comparer` has returned: a value, or the exception to raise.
unsafe fn result(outcome: &Own) -> Option<Own> {
    // SAFETY: as `call`; the comparer returns a pair.
    unsafe {
        let error = PyTuple_GetItem(outcome.ptr(), 1);
        if error.is_null() {
            return None;
        }
        if error != Py_None() {
            restore(Own::borrow(error)?);
            return None;
        }
        Own::borrow(PyTuple_GetItem(outcome.ptr(), 0))
    }
}

/// An exception is set. The prologue would take a `StopIteration` for "run the body".
fn failed() -> *mut PyObject {
    // SAFETY: under the GIL, with an exception set, as `call`.
    unsafe {
        if PyErr_ExceptionMatches(PyExc_StopIteration) != 0 {
            raise_in_body();
        }
    }
    ptr::null_mut()
}

fn mark_all(on: bool) {
    let records = registry::get().into_iter().flat_map(|registry| &registry.records);
    for hook in records.filter_map(|record| record.hook.get()) {
        hook.set_gate(SHADOWING, on);
    }
}

/// `_pyrust._distrust(name, reason)`: the hotspot, and whatever was compiled with it inside, runs as Python from now on.
///
/// # Safety
/// Called under the GIL with a tuple, with no transaction open.
pub(super) unsafe extern "C" fn distrust(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: as promised.
    unsafe {
        let (mut name, mut reason) = (ptr::null_mut(), ptr::null_mut());
        if PyArg_ParseTuple(arguments, c"UU:_distrust".as_ptr(), &raw mut name, &raw mut reason) == 0 {
            return ptr::null_mut();
        }
        let found = utf8(name).and_then(|name| registry::get()?.record(name));
        let (Some(record), Some(reason)) = (found, utf8(reason)) else {
            PyErr_SetObject(PyExc_KeyError, name);
            return ptr::null_mut();
        };
        registry::distrust(record, reason.to_owned());
        Py_INCREF(Py_None());
        Py_None()
    }
}

/// Why `start` has failed.
///
/// # Safety
/// Called under the GIL, right after that.
pub(super) unsafe fn why_not() -> String {
    // SAFETY: as promised.
    let why = unsafe { take_error_text() };
    format!("PYRUST=shadow does not work here ({}): running as `auto`", why.unwrap_or_default())
}
