//! What can be done for a call that bailed out before it begins again: signals are handled, and CPython is asked about
//! abstract classes.

use pyo3_ffi::*;

use crate::activate::interp;
use crate::stop::{Bail, Stop};

/// After so many signals within one call, the rest of it runs as Python.
const MAX_RESTARTS: u32 = 8;
/// After so many classes of which abstract ones were asked.
const MAX_ASKED: u32 = 64;

/// What becomes of that for which a call bailed out, if the call may begin again.
pub(super) enum Waits {
    No,
    /// The call is Python's.
    Still,
    /// An exception is set.
    Raised,
}

/// Did the call bail out for something that can be done before it begins again?
pub(super) fn is_waiting(why: Stop) -> bool {
    matches!(why.as_bail(), Some(Bail::Signal | Bail::Abstract))
}

/// Does what waits, if it may.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set: Python code may run.
pub(super) unsafe fn waits(ts: *mut PyThreadState, why: Stop, restarts: u32) -> Waits {
    // SAFETY: by the caller.
    unsafe {
        if why.as_bail() == Some(Bail::Abstract) {
            return match restarts < MAX_ASKED && crate::object::ask_open() {
                true => Waits::No,
                false if PyErr_Occurred().is_null() => Waits::Still,
                false => Waits::Raised,
            };
        }
        if restarts >= MAX_RESTARTS || !interp::is_main_thread(ts) {
            return Waits::Still;
        }
        if Py_MakePendingCalls() != 0 {
            return Waits::Raised;
        }
        if interp::must_stop(ts) { Waits::Still } else { Waits::No }
    }
}
