//! An entry near the front of a dict, by which a call guesses what the dict holds.

use core::ptr;

use pyo3_ffi::{PyDict_Next, PyObject};

use crate::boundary::layout::{self, Keys};

/// Where the front is all holes, of entries that were taken out, no more of them are looked at: a queue would be gone
/// through at each call.
const NEAR: usize = 64;

/// The key and the value of the first entry, if one is near the front.
///
/// # Safety
/// `dict` is a dict that is alive; the GIL is held.
pub(super) unsafe fn first(dict: *mut PyObject) -> Option<(*mut PyObject, *mut PyObject)> {
    // SAFETY: By the caller; what is read is within the entries.
    unsafe {
        if layout::dict_used(dict) == 0 {
            return None;
        }
        let keys = Keys::of(dict);
        if keys.is_split() {
            let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
            let found = PyDict_Next(dict, &raw mut at, &raw mut key, &raw mut value) != 0;
            return found.then_some((key, value));
        }
        let near = (0..keys.entries_used().min(NEAR)).map(|entry| keys.entry(entry));
        near.map(|(_, key, value)| (key, value)).find(|(_, value)| !value.is_null())
    }
}
