//! On another patch level than the one built for: are the interpreter's internals still where the headers had them?
//!
//! Public structures are frozen within a minor version; frames, monitors and the evaluation loop's flags are not.
//! Each is exercised once and read back. Whatever does not answer as expected keeps the package in Python.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

use pyo3_ffi::*;

use super::prologue;
use crate::activate::interp::{self, Frame};
#[cfg(Py_3_12)]
use crate::peek::attribute;
use crate::peek::{Own, take_error_text};

/// Exercises everything that `interp` reads.
///
/// # Safety
/// The GIL is held by the main thread of the main interpreter, no transaction is open, no exception is set.
pub(super) unsafe fn run() -> Result<(), &'static str> {
    // SAFETY: as the caller promised.
    unsafe {
        crate::boundary::probe::run()?;
        let ts = PyThreadState_Get();
        let passed = frames(ts);
        if !PyErr_Occurred().is_null() {
            take_error_text();
        }
        if passed != Some(true) {
            return Err("frames");
        }
        if !(1..=1 << 30).contains(&interp::remaining_depth(ts)) {
            return Err("the recursion depth");
        }
        if !pending(ts) {
            return Err("pending calls");
        }
        #[cfg(Py_3_12)]
        {
            let passed = monitors(ts);
            if passed.is_none() {
                take_error_text();
            }
            if passed != Some(true) {
                return Err("monitoring");
            }
        }
        Ok(())
    }
}

/// What the probe in a prologue expects, and whether it found that.
struct Expected {
    function: Cell<*mut PyObject>,
    code: Cell<*mut PyObject>,
    args: Cell<[*mut PyObject; 2]>,
    seen: Cell<bool>,
}

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Expected {}

static EXPECTED: Expected = Expected {
    function: Cell::new(ptr::null_mut()),
    code: Cell::new(ptr::null_mut()),
    args: Cell::new([ptr::null_mut(); 2]),
    seen: Cell::new(false),
};

unsafe extern "C" fn probe(_: *mut PyObject) -> *mut PyObject {
    // SAFETY: called from the prologue of the function below.
    unsafe {
        let frame = Frame::current(PyThreadState_Get());
        let args = frame.args();
        let same = frame.function() == EXPECTED.function.get()
            && frame.code() == EXPECTED.code.get()
            && [*args, *args.add(1)] == EXPECTED.args.get();
        EXPECTED
            .seen
            .set(same && frame.caller().is_none_or(|caller| Py_TYPE(caller.code()) == &raw mut PyCode_Type));
    }
    ptr::null_mut()
}

/// Calls a function with a prologue whose hook looks at its own frame.
unsafe fn frames(ts: *mut PyThreadState) -> Option<bool> {
    // SAFETY: as `run`; the objects are held until the call is over.
    unsafe {
        if Frame::current(ts) == Frame::NONE {
            return Some(false);
        }
        let mut slots = [
            PyType_Slot { slot: Py_tp_iternext, pfunc: probe as *mut c_void },
            PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
        ];
        let mut spec = PyType_Spec {
            name: c"pyrust.Probe".as_ptr(),
            basicsize: size_of::<PyObject>() as c_int,
            itemsize: 0,
            flags: Py_TPFLAGS_DEFAULT as _,
            slots: slots.as_mut_ptr(),
        };
        let ty = Own::take(PyType_FromSpec(&mut spec))?;
        let hook = Own::take(PyType_GenericAlloc(ty.ptr().cast(), 0))?;
        let scope = Own::take(PyDict_New())?;
        let text = c"lambda a, b: b".as_ptr();
        let function = Own::take(PyRun_String(text, Py_eval_input, scope.ptr(), scope.ptr()))?;
        let code = Own::take(prologue::patch(PyFunction_GetCode(function.ptr()), hook.ptr()))?;
        if PyObject_SetAttrString(function.ptr(), c"__code__".as_ptr(), code.ptr()) != 0 {
            return None;
        }
        EXPECTED.function.set(function.ptr());
        EXPECTED.code.set(code.ptr());
        EXPECTED.args.set([ty.ptr(), hook.ptr()]);
        EXPECTED.seen.set(false);
        let args = Own::take(PyTuple_Pack(2, ty.ptr(), hook.ptr()))?;
        let result = Own::take(PyObject_Call(function.ptr(), args.ptr(), ptr::null_mut()))?;
        Some(EXPECTED.seen.get() && result.ptr() == hook.ptr())
    }
}

/// A pending call is seen, and no longer when it was made.
unsafe fn pending(ts: *mut PyThreadState) -> bool {
    extern "C" fn nothing(_: *mut c_void) -> c_int {
        0
    }
    // SAFETY: as `run`.
    unsafe {
        !interp::must_stop(ts)
            && interp::is_main_thread(ts)
            && Py_AddPendingCall(Some(nothing), ptr::null_mut()) == 0
            && interp::must_stop(ts)
            && {
                // What came before is still asked for afterwards.
                let quiet = crate::builtins::c::Undisturbed::new();
                let put_off = !interp::is_main_thread(ts);
                drop(quiet);
                put_off && interp::is_main_thread(ts) && interp::must_stop(ts)
            }
            && Py_MakePendingCalls() == 0
            && !interp::must_stop(ts)
    }
}

/// A tool that asks for a rare event is seen, and no longer when it has gone.
#[cfg(Py_3_12)]
unsafe fn monitors(ts: *mut PyThreadState) -> Option<bool> {
    // SAFETY: as `run`.
    unsafe {
        if interp::traced(ts) {
            return Some(false);
        }
        let monitoring = Own::borrow(PySys_GetObject(c"monitoring".as_ptr()))?;
        let event = attribute(attribute(monitoring.ptr(), c"events")?.ptr(), c"PY_THROW")?;
        let nothing = Own::take(PyLong_FromLong(0))?;
        let call = |name, args: Own| {
            Own::take(PyObject_Call(attribute(monitoring.ptr(), name)?.ptr(), args.ptr(), ptr::null_mut()))
        };
        for id in (0..6).rev() {
            let id = Own::take(PyLong_FromLong(id))?;
            if call(c"get_tool", Own::take(PyTuple_Pack(1, id.ptr()))?)?.ptr() != Py_None() {
                continue;
            }
            let name = crate::peek::text("pyrust")?;
            call(c"use_tool_id", Own::take(PyTuple_Pack(2, id.ptr(), name.ptr()))?)?;
            call(c"set_events", Own::take(PyTuple_Pack(2, id.ptr(), event.ptr()))?)?;
            let seen = interp::traced(ts);
            call(c"set_events", Own::take(PyTuple_Pack(2, id.ptr(), nothing.ptr()))?)?;
            let gone = !interp::traced(ts);
            call(c"free_tool_id", Own::take(PyTuple_Pack(1, id.ptr()))?)?;
            return Some(seen && gone);
        }
        Some(false)
    }
}
