//! Opaque objects: passed on, stored, compared by identity, never touched.

use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use crate::py::{FromPy, IntoPy, again};
use crate::stop::R;
use crate::txn::Cx;

/// A borrowed object; the transaction keeps it alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Obj(NonNull<PyObject>);

impl Obj {
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// `self is other`.
    #[inline(always)]
    pub fn is(self, other: Obj) -> bool {
        self.0 == other.0
    }

    /// `self is None`.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        // SAFETY: Compares pointers.
        unsafe { pyo3_ffi::Py_IsNone(self.as_ptr()) != 0 }
    }
}

impl FromPy for Obj {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Obj> {
        cx.sees_object();
        // SAFETY: An object is not null.
        Ok(Obj(unsafe { NonNull::new_unchecked(object) }))
    }

    #[inline]
    unsafe fn matches(_: *mut PyObject) -> bool {
        true
    }
}

impl IntoPy for Obj {
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}
