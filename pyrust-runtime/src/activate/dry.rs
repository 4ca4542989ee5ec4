//! `_pyrust._dry_run(name, args, look)`: a native call whose effects are shown, then rolled back.
//!
//! `look(result, dicts)` is called with the transaction still open: lists show their would-be content, `dicts` maps
//! the `id` of each dict and set with writes held back to what it would be. It must only read objects of exact builtin types;
//! hotspots that it calls run as Python. A function of which only loops are native says `loops`. Answers `(None or the reason of the bailout, rollback was exact)`.
//!
//! `_pyrust._dry_run_loop(name, spec, locals, look)`: the same for a loop that was compiled alone, which the number of the
//! specialisation tells, on the values of the locals that it takes; `look(left, returned, dicts)` is shown what it would
//! leave in the frame, by name, and a tuple of what it would return, or None.

use std::ptr;

use pyo3_ffi::*;

use super::hook::{Hook, concerns_types};
use super::regions::Regions;
use super::registry;
use crate::activate::interp;
use crate::boundary::commit::{CallArgs, enter_dry};
use crate::peek::{Own, take_error_text, text, utf8};
use crate::suspended::Left;
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
        if hook.is_some_and(Hook::is_loops) {
            // What the rest of the function does cannot be undone.
            return Own::take(PyTuple_Pack(2, text("loops")?.ptr(), Py_True()));
        }
        let Some(hook) = hook.filter(|hook| hook.arity() as Py_ssize_t == PyTuple_Size(args)) else {
            return refuse();
        };
        let objects = items(args);
        let call = CallArgs { args: objects.as_ptr(), nargs: objects.len() };
        let ts = interp::thread();
        let depth = interp::remaining_depth(ts).max(0) as u32;
        let mut failure = None;
        let mut reason = Some("type");
        let mut restored = true;
        for spec in hook.ready_specs() {
            let mut inspect = |txn: &Txn, result: *mut PyObject| {
                if show(txn, &[result], look).is_none() {
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
        answer(failure, reason, restored)
    }
}

fn refuse() -> Option<Own> {
    let why = c"no native function of that name takes these arguments";
    // SAFETY: called under the GIL.
    unsafe { PyErr_SetString(PyExc_ValueError, why.as_ptr()) };
    None
}

unsafe fn items(tuple: *mut PyObject) -> Vec<*mut PyObject> {
    // SAFETY: the caller vouches for a tuple.
    unsafe { (0..PyTuple_Size(tuple)).map(|index| PyTuple_GetItem(tuple, index)).collect() }
}

/// `(reason, restored)`; nothing, with an exception, if the inspector has failed.
unsafe fn answer(failure: Option<String>, reason: Option<&str>, restored: bool) -> Option<Own> {
    // SAFETY: called under the GIL with no transaction open.
    unsafe {
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

/// The method of the extension module.
pub(super) unsafe extern "C" fn dry_run_loop(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with a tuple.
    unsafe {
        let (mut name, mut args, mut look) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let mut spec: Py_ssize_t = 0;
        let parsed = PyArg_ParseTuple(
            arguments,
            c"UnO!O:_dry_run_loop".as_ptr(),
            &raw mut name,
            &raw mut spec,
            &raw mut PyTuple_Type,
            &raw mut args,
            &raw mut look,
        );
        if parsed == 0 {
            return ptr::null_mut();
        }
        run_loop(name, spec as usize, args, look).map_or(ptr::null_mut(), Own::release)
    }
}

unsafe fn run_loop(
    name: *mut PyObject,
    spec: usize,
    args: *mut PyObject,
    look: *mut PyObject,
) -> Option<Own> {
    // SAFETY: as `dry_run_loop`; the tuple holds the values until the end.
    unsafe {
        let hook = utf8(name).and_then(|name| registry::get()?.record(name)?.hook.get());
        let regions = hook.and_then(|hook| Some((hook, hook.regions()?)));
        let fitting = regions.filter(|(_, regions)| regions.takes(spec) == Some(PyTuple_Size(args) as usize));
        let Some((hook, regions)) = fitting else { return refuse() };
        let objects = items(args);
        let call = CallArgs { args: objects.as_ptr(), nargs: objects.len() };
        let ts = interp::thread();
        let depth = interp::remaining_depth(ts).max(0) as u32;
        let mut failure = None;
        let mut left = Left::new();
        let dry = left.during_seen(|left| {
            let mut inspect = |txn: &Txn, _: *mut PyObject| {
                // What the loop has left stays there, untouched, until the transaction is closed.
                if show_loop(txn, regions, spec, &*left, look).is_none() {
                    failure = Some(take_error_text().unwrap_or_default());
                }
            };
            enter_dry(&call, depth, interp::stack_limit(ts), hook.run_of(spec), &mut inspect)
        });
        answer(failure, dry.stop.map(|stop| stop.reason()), dry.restored)
    }
}

/// Calls `look(left, returned, dicts)`.
unsafe fn show_loop(
    txn: &Txn,
    regions: &Regions,
    spec: usize,
    left: &Left,
    look: *mut PyObject,
) -> Option<()> {
    // SAFETY: inside an inspector, under the GIL.
    unsafe {
        let way = regions.way_out(spec, left.point).zip(left.items().split_first());
        let Some(((returns, names), (value, kept))) = way else {
            PyErr_SetString(PyExc_SystemError, c"the loop has left nothing".as_ptr());
            return None;
        };
        let locals = Own::take(PyDict_New())?;
        for (name, object) in names.iter().zip(kept) {
            if PyDict_SetItem(locals.ptr(), text(name)?.ptr(), *object) != 0 {
                return None;
            }
        }
        let returned = match returns {
            true => Own::take(PyTuple_Pack(1, *value))?,
            false => Own::borrow(Py_None())?,
        };
        show(txn, &[locals.ptr(), returned.ptr()], look)
    }
}

/// Calls `look(…, dicts)`.
unsafe fn show(txn: &Txn, shown: &[*mut PyObject], look: *mut PyObject) -> Option<()> {
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
        let arguments = Own::take(PyTuple_New(1 + shown.len() as Py_ssize_t))?;
        for (index, object) in shown.iter().chain([&dicts.ptr()]).enumerate() {
            Py_INCREF(*object);
            PyTuple_SetItem(arguments.ptr(), index as Py_ssize_t, *object);
        }
        Own::take(PyObject_Call(look, arguments.ptr(), ptr::null_mut())).map(drop)
    }
}
