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

    /// The string again, with the reference that was kept.
    #[inline(always)]
    pub(crate) fn into_str(self) -> Str {
        let object = self.0;
        core::mem::forget(self);
        // SAFETY: As above; the reference goes over.
        unsafe {
            let Some((data, len, kind)) = layout::str_parts(object.as_ptr()) else { unreachable_unchecked() };
            Str::whole(object, data, len, kind)
        }
    }

    /// Says that the string is going to be looked at.
    #[inline(always)]
    pub(crate) fn fetch(&self) {
        layout::fetch_text(self.0.as_ptr());
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
            len == text.len()
                && kind == text.kind()
                && same_bytes(data.as_ptr(), text.data.as_ptr(), len * kind as usize)
        }
    }
}

/// Are so many bytes the same? Words are short, and a call would take longer than looking at them.
///
/// # Safety
/// Both have so many.
#[inline(always)]
pub(super) unsafe fn same_bytes(a: *const u8, b: *const u8, count: usize) -> bool {
    // What is read overlaps where the length is between two sizes.
    // SAFETY: By the caller: nothing beyond the last byte is read.
    unsafe {
        let words =
            |at: usize| a.add(at).cast::<u64>().read_unaligned() ^ b.add(at).cast::<u64>().read_unaligned();
        let halves =
            |at: usize| a.add(at).cast::<u32>().read_unaligned() ^ b.add(at).cast::<u32>().read_unaligned();
        match count {
            8..=16 => words(0) | words(count - 8) == 0,
            4..8 => halves(0) | halves(count - 4) == 0,
            _ => core::slice::from_raw_parts(a, count) == core::slice::from_raw_parts(b, count),
        }
    }
}

impl Clone for Text {
    #[inline(always)]
    fn clone(&self) -> Text {
        // SAFETY: We hold a reference.
        unsafe { Py_INCREF(self.0.as_ptr()) };
        Text(self.0)
    }
}

impl Drop for Text {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { Py_DECREF(self.0.as_ptr()) };
    }
}
