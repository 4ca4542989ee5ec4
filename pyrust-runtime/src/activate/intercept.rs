//! The verifier's way in: with an interceptor set, calls that would go native go to a Python callable instead.
//!
//! `callable(name, args, original)` decides the outcome of the call; `original` is a plain function with the original
//! code, the same globals, defaults and closure. While it runs for one function in one thread, further calls of that
//! function in that thread are Python.
//!
//! Generators, and functions of which only loops are native, run as Python meanwhile; an observer is told of them:
//! `observer("generator", name, args)` where one begins, `observer("loop", name, key, spec, locals)` in front of a loop
//! (`spec` and `locals` are None where native code would not try), `observer("left", name, key, locals, returned)` behind
//! it. The `key` is of frame and loop; `locals` is a dict, or None while a `finally` of the loop has still to run;
//! `returned` is None, or a tuple of what the loop returns.

use std::cell::{Cell, RefCell};
use std::ptr;

use pyo3_ffi::*;

use super::hook::{Hook, INTERCEPTED};
use super::raising::raise_in_body;
use super::registry;
use crate::activate::interp::Frame;
use crate::boundary::commit::CallArgs;
use crate::peek::{Own, text};

/// State under the GIL.
struct Interceptor {
    callable: Cell<*mut PyObject>,
    observer: Cell<*mut PyObject>,
    /// (thread state, hook) of the calls that are being intercepted.
    running: RefCell<Vec<(usize, usize)>>,
}

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Interceptor {}

static INTERCEPTOR: Interceptor = Interceptor {
    callable: Cell::new(ptr::null_mut()),
    observer: Cell::new(ptr::null_mut()),
    running: RefCell::new(Vec::new()),
};

pub(super) fn active() -> bool {
    !INTERCEPTOR.callable.get().is_null()
}

/// Whether anybody wants to know of generators and loops.
pub(super) fn observed() -> bool {
    !INTERCEPTOR.observer.get().is_null()
}

/// `_pyrust._set_observer(callable or None)`.
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn set_observer(callable: *mut PyObject) {
    // SAFETY: the caller vouches for the object.
    unsafe {
        Py_XINCREF(callable);
        drop(Own::take(INTERCEPTOR.observer.replace(callable)));
    }
}

/// `observer(event, name, …)`; nothing, with an exception, if it raises.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set.
pub(super) unsafe fn observe(hook: &Hook, event: &str, rest: &[*mut PyObject]) -> Option<()> {
    // SAFETY: as promised.
    unsafe {
        let Some(observer) = Own::borrow(INTERCEPTOR.observer.get()) else { return Some(()) };
        let (event, name) = (text(event)?, text(hook.record().function.name)?);
        let arguments = Own::take(PyTuple_New(2 + rest.len() as Py_ssize_t))?;
        for (index, object) in [event.ptr(), name.ptr()].iter().chain(rest).enumerate() {
            Py_INCREF(*object);
            PyTuple_SetItem(arguments.ptr(), index as Py_ssize_t, *object);
        }
        Own::take(PyObject_Call(observer.ptr(), arguments.ptr(), ptr::null_mut())).map(drop)
    }
}

/// `_pyrust._set_interceptor(callable or None)`.
///
/// # Safety
/// The GIL is held and no transaction is open; `callable` is live or null.
pub(super) unsafe fn set(callable: *mut PyObject) {
    // SAFETY: the caller vouches for the object.
    unsafe {
        Py_XINCREF(callable);
        let old = INTERCEPTOR.callable.replace(callable);
        for hook in registry::get()
            .into_iter()
            .flat_map(|registry| &registry.records)
            .filter_map(|record| record.hook.get())
        {
            hook.set_gate(INTERCEPTED, !callable.is_null());
            hook.forget();
            if !callable.is_null() {
                hook.forget_trial();
            }
        }
        drop(Own::take(old));
    }
}

/// Hands one call to the interceptor; null without an exception when it runs as Python after all.
///
/// # Safety
/// As the hook's `tp_iternext`.
pub(super) unsafe fn call(hook: &'static Hook, frame: Frame, ts: *mut PyThreadState) -> *mut PyObject {
    // SAFETY: the caller vouches for frame and thread.
    unsafe {
        let running = (ts as usize, ptr::from_ref(hook) as usize);
        let args = CallArgs { args: frame.args(), nargs: hook.arity() };
        if INTERCEPTOR.running.borrow().contains(&running) || hook.choose(&args).is_none() {
            return ptr::null_mut();
        }
        let Some(callable) = Own::borrow(INTERCEPTOR.callable.get()) else { return ptr::null_mut() };
        INTERCEPTOR.running.borrow_mut().push(running);
        let result = match hand_over(hook, &args, callable.ptr()) {
            Some(value) => value.release(),
            None => {
                // The prologue would take a StopIteration for "run the body".
                if PyErr_ExceptionMatches(PyExc_StopIteration) != 0 {
                    raise_in_body();
                }
                ptr::null_mut()
            }
        };
        let mut list = INTERCEPTOR.running.borrow_mut();
        if let Some(at) = list.iter().rposition(|entry| *entry == running) {
            list.remove(at);
        }
        drop(list);
        result
    }
}

/// `callable(name, args, original)`.
///
/// # Safety
/// As [`call`]; the callable is live.
pub(super) unsafe fn hand_over(hook: &'static Hook, args: &CallArgs, callable: *mut PyObject) -> Option<Own> {
    // SAFETY: as promised.
    unsafe {
        let name = text(hook.record().function.name)?;
        let values = tuple(args)?;
        let original = original(hook)?;
        let arguments = Own::take(PyTuple_Pack(3, name.ptr(), values.ptr(), original.ptr()))?;
        Own::take(PyObject_Call(callable, arguments.ptr(), ptr::null_mut()))
    }
}

/// The arguments as a tuple.
///
/// # Safety
/// The GIL is held; the arguments are alive.
pub(super) unsafe fn tuple(args: &CallArgs) -> Option<Own> {
    // SAFETY: as promised.
    unsafe {
        let values = Own::take(PyTuple_New(args.nargs as Py_ssize_t))?;
        for index in 0..args.nargs {
            let value = args.get(index);
            Py_INCREF(value);
            PyTuple_SetItem(values.ptr(), index as Py_ssize_t, value);
        }
        Some(values)
    }
}

/// A function with the original code and everything else of the patched one.
///
/// # Safety
/// The GIL is held and no transaction is open.
pub(super) unsafe fn original(hook: &Hook) -> Option<Own> {
    // SAFETY: the hook holds function and code for good.
    unsafe {
        let source = hook.function();
        let copy = Own::take(PyFunction_NewWithQualName(
            hook.original_code(),
            PyFunction_GetGlobals(source),
            (*source.cast::<PyFunctionObject>()).func_qualname,
        ))?;
        let closure = PyFunction_GetClosure(source);
        let defaults = PyFunction_GetDefaults(source);
        let keyword = PyFunction_GetKwDefaults(source);
        let ok = (closure.is_null() || PyFunction_SetClosure(copy.ptr(), closure) == 0)
            && (defaults.is_null() || PyFunction_SetDefaults(copy.ptr(), defaults) == 0)
            && (keyword.is_null() || PyFunction_SetKwDefaults(copy.ptr(), keyword) == 0);
        ok.then_some(copy)
    }
}
