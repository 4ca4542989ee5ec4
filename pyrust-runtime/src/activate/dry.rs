//! `_pyrust._dry_run(name, args, look)`: a native call whose effects are shown, then rolled back.
//!
//! `look(result, dicts)` is called with the transaction still open: lists show their would-be content, `dicts` maps
//! the `id` of each dict, set and `bytearray` with writes held back to what it would be. It must only read objects of exact builtin types;
//! hotspots that it calls run as Python. A function of which only loops are native says `loops`. Answers `(None or the reason of the bailout, rollback was exact)`.

use std::ptr;

use pyo3_ffi::*;

use super::hook::concerns_types;
use super::interp;
use super::object::{Own, take_error_text, text, utf8};
use super::registry;
use crate::boundary::commit::{CallArgs, enter_dry};
use crate::txn::Txn;

/// The method of the extension module.
pub(super) unsafe extern "C" fn dry_run(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with a tuple.
    unsafe {
        let (mut name, mut args, mut look) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let parsed = PyArg_ParseTuple(
            arguments,
            c"UO!O:_dry_run".as_ptr(),
            &raw mut name,
            &raw mut PyTuple_Type,
            &raw mut args,
            &raw mut look,
        );
        if parsed == 0 {
            return ptr::null_mut();
        }
        run(name, args, look).map_or(ptr::null_mut(), Own::release)
    }
}

unsafe fn run(name: *mut PyObject, args: *mut PyObject, look: *mut PyObject) -> Option<Own> {
    // SAFETY: as `dry_run`; the tuple holds the arguments until the end.
    unsafe {
        let hook = utf8(name).and_then(|name| registry::get()?.record(name)?.hook.get());
        if hook.is_some_and(|hook| hook.regions().is_some()) {
            // What the rest of the function does cannot be undone.
            return Own::take(PyTuple_Pack(2, text("loops")?.ptr(), Py_True()));
        }
        let Some(hook) = hook.filter(|hook| hook.arity() as Py_ssize_t == PyTuple_Size(args)) else {
            PyErr_SetString(
                PyExc_ValueError,
                c"no native function of that name takes these arguments".as_ptr(),
            );
            return None;
        };
        let objects: Vec<*mut PyObject> =
            (0..PyTuple_Size(args)).map(|index| PyTuple_GetItem(args, index)).collect();
        let call = CallArgs { args: objects.as_ptr(), nargs: objects.len() };
        let ts = interp::thread();
        let depth = interp::remaining_depth(ts).max(0) as u32;
        let mut failure = None;
        let mut reason = Some("type");
        let mut restored = true;
        for spec in hook.ready_specs() {
            let mut inspect = |txn: &Txn, result: *mut PyObject| {
                if show(txn, result, look).is_none() {
                    // The rollback clears the error indicator: the text is what is left.
                    failure = Some(take_error_text().unwrap_or_default());
                }
            };
            let dry = enter_dry(&call, depth, interp::stack_limit(ts), spec.entry.run, &mut inspect);
            restored &= dry.restored;
            let stop = dry.stop;
            // As a call does it: see `hook::attempt`.
            let next = stop.and_then(|stop| stop.as_bail()).is_some_and(concerns_types);
            let told = stop.map(|stop| stop.reason());
            reason = if told == Some("type") { reason } else { told };
            if !next {
                break;
            }
        }
        if let Some(failure) = failure {
            let message = text(&format!("the inspector failed: {failure}"))?;
            PyErr_SetObject(PyExc_RuntimeError, message.ptr());
            return None;
        }
        let reason = match reason {
            Some(reason) => text(reason)?,
            None => Own::borrow(Py_None())?,
        };
        Own::take(PyTuple_Pack(2, reason.ptr(), if restored { Py_True() } else { Py_False() }))
    }
}

/// Calls `look(result, dicts)`.
unsafe fn show(txn: &Txn, result: *mut PyObject, look: *mut PyObject) -> Option<()> {
    // SAFETY: inside an inspector, under the GIL.
    unsafe {
        let dicts = Own::take(PyDict_New())?;
        let written: Vec<*mut PyObject> = txn.held_back().collect();
        for dict in written {
            let Ok(content) = txn.overlay_of(dict) else {
                PyErr_NoMemory();
                return None;
            };
            let Some(content) = content.and_then(|content| Own::take(content)) else { continue };
            let key = Own::take(PyLong_FromVoidPtr(dict.cast()))?;
            if PyDict_SetItem(dicts.ptr(), key.ptr(), content.ptr()) != 0 {
                return None;
            }
        }
        for (object, content) in txn.written_bytearrays() {
            let made = PyByteArray_FromStringAndSize(content.as_ptr().cast(), content.len() as Py_ssize_t);
            let (made, key) = (Own::take(made)?, Own::take(PyLong_FromVoidPtr(object.cast()))?);
            if PyDict_SetItem(dicts.ptr(), key.ptr(), made.ptr()) != 0 {
                return None;
            }
        }
        let arguments = Own::take(PyTuple_Pack(2, result, dicts.ptr()))?;
        Own::take(PyObject_Call(look, arguments.ptr(), ptr::null_mut())).map(drop)
    }
}
