//! An exact `bytes`, with where its content stands.

use core::ptr::NonNull;

use pyo3_ffi::{Py_DECREF, Py_INCREF, PyBytes_FromStringAndSize, PyObject, PyObject_Hash};

use crate::boundary::layout;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// An exact `bytes`.  Owns a reference.
pub struct Bytes {
    pub(crate) obj: NonNull<PyObject>,
    pub(crate) data: NonNull<u8>,
    pub(crate) len: usize,
}

impl Bytes {
    /// Takes a new reference; null is a failed allocation.
    ///
    /// # Safety
    /// `object` is null or a strong reference to an exact `bytes`.
    #[inline]
    pub unsafe fn from_owned(object: *mut PyObject) -> R<Bytes> {
        let Some(obj) = NonNull::new(object) else { return no_memory() };
        // SAFETY: By the caller.
        unsafe { Ok(Bytes { obj, data: layout::bytes_data(object), len: layout::var_size(object) }) }
    }

    /// A new `bytes` with this content.
    pub fn copy_of(content: &[u8]) -> R<Bytes> {
        // SAFETY: The GIL is held; the slice is readable.
        unsafe {
            Bytes::from_owned(PyBytes_FromStringAndSize(content.as_ptr().cast(), content.len() as isize))
        }
    }

    /// `len(self)`.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline(always)]
    pub fn raw(&self) -> &[u8] {
        // SAFETY: The object holds `len` bytes and never changes.
        unsafe { core::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }

    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.obj.as_ptr()
    }

    /// `hash(self)`, remembered by the object.
    #[inline]
    pub fn py_hash(&self) -> isize {
        // SAFETY: An exact `bytes`; its hash runs no Python code and cannot fail.
        unsafe {
            let known = layout::bytes_known_hash(self.obj.as_ptr());
            if known != -1 { known } else { PyObject_Hash(self.obj.as_ptr()) }
        }
    }
}

impl Clone for Bytes {
    #[inline(always)]
    fn clone(&self) -> Bytes {
        // SAFETY: We hold a reference.
        unsafe { Py_INCREF(self.obj.as_ptr()) };
        Bytes { ..*self }
    }
}

impl Drop for Bytes {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { Py_DECREF(self.obj.as_ptr()) };
    }
}

impl FromPy for Bytes {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Bytes> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_bytes(object) {
                return bail(Bail::Type);
            }
            Py_INCREF(object);
            Bytes::from_owned(object)
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_bytes(object) }
    }
}

impl IntoPy for Bytes {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        let object = self.obj.as_ptr();
        core::mem::forget(self);
        Ok(object)
    }
}
