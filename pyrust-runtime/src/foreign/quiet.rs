//! The engine of `re` looks at signals every few thousand steps, and would run their handlers, or a collection that has
//! become due. While a transaction is open it does not: what waits is handled when the call is over.

use pyo3_ffi::{PyObject, PyThreadState, PyThreadState_Get};

unsafe extern "C" {
    fn pyrust_quiet_begin(ts: *mut PyThreadState) -> core::ffi::c_int;
    fn pyrust_quiet_end(ts: *mut PyThreadState, due: core::ffi::c_int);
}

/// Runs `call`, in which `PyErr_CheckSignals` finds nothing to do.
pub(super) fn quietly(call: impl FnOnce() -> *mut PyObject) -> *mut PyObject {
    /// Undoes it, also when a panic unwinds.
    struct Quiet {
        thread: *mut PyThreadState,
        due: core::ffi::c_int,
        collecting: bool,
    }
    impl Drop for Quiet {
        fn drop(&mut self) {
            // SAFETY: the GIL is still held, by the same thread.
            unsafe {
                pyrust_quiet_end(self.thread, self.due);
                if self.collecting {
                    pyo3_ffi::PyGC_Enable();
                }
            }
        }
    }
    // SAFETY: the GIL is held.
    let _quiet = unsafe {
        let (thread, collecting) = (PyThreadState_Get(), pyo3_ffi::PyGC_Disable() != 0);
        Quiet { thread, due: pyrust_quiet_begin(thread), collecting }
    };
    call()
}
