//! A `str` as containers keep it.

use core::hint::unreachable_unchecked;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyObject};

use super::Str;
use crate::boundary::layout;

/// A `str` of which only the object is kept: where its code points stand is asked when somebody looks at it.
pub struct Text(NonNull<PyObject>);

impl Text {
    /// Takes over a reference to an exact, compact `str`.
    #[inline(always)]
    pub(super) fn new(object: NonNull<PyObject>) -> Text {
        Text(object)
    }

    /// The string again.
    #[inline(always)]
    pub(crate) fn to_str(&self) -> Str {
        // SAFETY: We hold a reference to an exact `str`, which was compact when it was taken apart, and remains so.
        unsafe {
            let Some((data, len, kind)) = layout::str_parts(self.0.as_ptr()) else { unreachable_unchecked() };
            Py_INCREF(self.0.as_ptr());
            Str::whole(self.0, data, len, kind)
        }
    }

    /// Where the object lies.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }

    /// The same object, or an equal one?
    #[inline(always)]
    pub(crate) fn is_text(&self, text: &Str) -> bool {
        if ptr::eq(self.0.as_ptr(), text.known()) {
            return true;
        }
        // SAFETY: As above.
        unsafe {
            let Some((data, len, kind)) = layout::str_parts(self.0.as_ptr()) else { unreachable_unchecked() };
            len == text.len
                && kind == text.kind()
                && core::slice::from_raw_parts(data.as_ptr(), len * kind as usize) == text.raw()
        }
    }
}

impl Drop for Text {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { Py_DECREF(self.0.as_ptr()) };
    }
}
