//! Exceptions that a hook has to hand to the interpreter, or on.

use std::ptr;

use pyo3_ffi::*;

use crate::peek::Own;

/// Makes the interpreter raise the exception that is set at its next check, the first instruction of the body: a hook
/// itself cannot raise without losing the traceback entry of its function.
///
/// # Safety
/// The GIL is held, an exception is set, and this is the main thread.
pub(super) unsafe fn raise_in_body() {
    extern "C" fn raise(value: *mut std::ffi::c_void) -> std::ffi::c_int {
        let value: *mut PyObject = value.cast();
        // SAFETY: the reference was handed over with the pending call.
        unsafe {
            PyErr_SetObject(Py_TYPE(value).cast(), value);
            Py_DECREF(value);
        }
        -1
    }
    // SAFETY: as the caller promised.
    unsafe {
        let Some(value) = raised() else { return };
        let value = value.release();
        if Py_AddPendingCall(Some(raise), value.cast()) != 0 {
            // The queue is full: the exception comes without the entry of this function.
            PyErr_SetObject(Py_TYPE(value).cast(), value);
            Py_DECREF(value);
        }
    }
}

/// Sets an exception again, with the traceback that it has.
///
/// # Safety
/// The GIL is held; the value is an exception.
pub(super) unsafe fn restore(value: Own) {
    // SAFETY: as the caller promised; the references are handed over.
    unsafe {
        #[cfg(Py_3_12)]
        PyErr_SetRaisedException(value.release());
        #[cfg(not(Py_3_12))]
        {
            let traceback = PyException_GetTraceback(value.ptr());
            let ty: *mut PyObject = Py_TYPE(value.ptr()).cast();
            Py_INCREF(ty);
            PyErr_Restore(ty, value.release(), traceback);
        }
    }
}

/// Takes the exception that is set, normalised, with its traceback.
unsafe fn raised() -> Option<Own> {
    // SAFETY: the GIL is held.
    unsafe {
        #[cfg(Py_3_12)]
        return Own::take(PyErr_GetRaisedException());
        #[cfg(not(Py_3_12))]
        {
            let (mut ty, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            PyErr_Fetch(&mut ty, &mut value, &mut traceback);
            PyErr_NormalizeException(&mut ty, &mut value, &mut traceback);
            if !traceback.is_null() {
                PyException_SetTraceback(value, traceback);
            }
            drop((Own::take(ty), Own::take(traceback)));
            Own::take(value)
        }
    }
}
