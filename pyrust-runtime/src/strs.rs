//! What a `str`, a one-character `str` and a `bytes` are here.  The operations are in `str_`, `chr`, `bytes`.

use core::ptr::NonNull;

use pyo3_ffi::{
    Py_DECREF, Py_INCREF, PyBytes_FromStringAndSize, PyErr_Clear, PyObject, PyObject_Hash,
    PyUnicode_FromOrdinal, PyUnicode_New, PyUnicode_Resize,
};

use crate::boundary::layout;
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// An exact `str`, with where its code points stand.  Owns a reference: freeing a `str` runs no Python code.
pub struct Str {
    pub(crate) obj: NonNull<PyObject>,
    pub(crate) data: NonNull<u8>,
    pub(crate) len: usize,
    /// Bytes per code point: 1, 2 or 4.
    pub(crate) kind: u8,
    /// So many more code points have room behind the text.
    spare: u32,
}

/// A `str` of one code point.  Surrogates are code points like any other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Chr(pub u32);

/// An exact `bytes`.  Owns a reference.
pub struct Bytes {
    pub(crate) obj: NonNull<PyObject>,
    pub(crate) data: NonNull<u8>,
    pub(crate) len: usize,
}

impl Str {
    /// Takes a new reference; null is a failed allocation.
    ///
    /// # Safety
    /// `object` is null or a strong reference to an exact, ready `str`.
    #[inline]
    pub unsafe fn from_owned(object: *mut PyObject) -> R<Str> {
        let Some(obj) = NonNull::new(object) else { return no_memory() };
        // SAFETY: By the caller.
        match unsafe { layout::str_parts(object) } {
            Some((data, len, kind)) => Ok(Str { obj, data, len, kind, spare: 0 }),
            None => {
                // SAFETY: The reference was given to us.
                unsafe { Py_DECREF(object) };
                bail(Bail::Type)
            }
        }
    }

    /// Another reference to an exact `str`.
    ///
    /// # Safety
    /// `object` is an exact `str` that is alive.
    #[inline]
    pub unsafe fn from_borrowed(object: *mut PyObject) -> R<Str> {
        // SAFETY: By the caller.
        unsafe {
            let Some((data, len, kind)) = layout::str_parts(object) else { return bail(Bail::Type) };
            Py_INCREF(object);
            Ok(Str { obj: NonNull::new_unchecked(object), data, len, kind, spare: 0 })
        }
    }

    /// A new string for `len` code points up to `widest`, to be filled by the caller before anyone sees it.
    ///
    /// # Safety
    /// `widest` must be the class of the widest code point that is going to be written (127, 255, 65535 or more).
    #[inline]
    pub unsafe fn for_writing(len: usize, widest: u32) -> R<Str> {
        // SAFETY: The GIL is held.
        unsafe { Str::from_owned(PyUnicode_New(len as isize, widest)) }
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

    /// Bytes per code point.
    #[inline(always)]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    #[inline(always)]
    pub fn data(&self) -> *const u8 {
        self.data.as_ptr()
    }

    /// Are all code points below 128?
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        // SAFETY: An exact `str`.
        unsafe { layout::str_is_ascii(self.obj.as_ptr()) }
    }

    /// The bytes of the code points.
    #[inline(always)]
    pub fn raw(&self) -> &[u8] {
        // SAFETY: The string holds `len * kind` bytes and never changes.
        unsafe { core::slice::from_raw_parts(self.data.as_ptr(), self.len * self.kind as usize) }
    }

    /// Code point `index < len`.
    #[inline(always)]
    pub fn at(&self, index: usize) -> u32 {
        debug_assert!(index < self.len);
        // SAFETY: `index < len`; the data is aligned for its kind.
        unsafe {
            match self.kind {
                1 => u32::from(*self.data.as_ptr().add(index)),
                2 => u32::from(*self.data.as_ptr().cast::<u16>().add(index)),
                _ => *self.data.as_ptr().cast::<u32>().add(index),
            }
        }
    }

    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.obj.as_ptr()
    }

    /// `self == other`.  Canonical strings of different kinds differ.
    #[inline]
    pub fn same_text(&self, other: &Str) -> bool {
        self.obj == other.obj
            || (self.len == other.len && self.kind == other.kind && self.raw() == other.raw())
    }

    /// Is there room for `more` code points of its kind behind the text?  Makes some where nobody else has the string.
    #[inline(always)]
    pub(crate) fn make_room(&mut self, more: usize) -> R<bool> {
        // SAFETY: An exact `str`.
        if !unsafe { layout::str_is_modifiable(self.obj.as_ptr()) } {
            return Ok(false);
        }
        if more <= self.spare as usize { Ok(true) } else { self.reserve(more) }
    }

    #[cold]
    #[inline(never)]
    fn reserve(&mut self, more: usize) -> R<bool> {
        if more > 1 << 30 {
            return Ok(false);
        }
        let spare = (self.len / 8).clamp(12, 1 << 24);
        let Some(room) = self.len.checked_add(more).and_then(|len| len.checked_add(spare)) else {
            return no_memory();
        };
        let mut object = self.obj.as_ptr();
        // SAFETY: The only reference is ours, so the string is resized in place or moved; nobody sees what stands
        // behind the text, for its length is set back at once.
        unsafe {
            if room > isize::MAX as usize / 8 || PyUnicode_Resize(&raw mut object, room as isize) != 0 {
                PyErr_Clear();
                return no_memory();
            }
            let Some((data, _, kind)) = layout::str_parts(object) else { return bail(Bail::Type) };
            layout::set_str_length(object, data, kind, self.len);
            (self.obj, self.data) = (NonNull::new_unchecked(object), data);
        }
        self.spare = (room - self.len) as u32;
        Ok(true)
    }

    /// Appends a text whose code points have its kind, for which [`Str::make_room`] made room.
    pub(crate) fn extend_by(&mut self, text: &Str) {
        debug_assert!(text.kind <= self.kind && text.len <= self.spare as usize);
        // SAFETY: There is room behind the text, and nobody else has the string; so the other one is another.
        unsafe {
            let end = self.data.as_ptr().add(self.len * self.kind as usize);
            if text.kind == self.kind {
                core::ptr::copy_nonoverlapping(text.data.as_ptr(), end, text.len * self.kind as usize);
            } else if self.kind == 2 {
                (0..text.len).for_each(|at| *end.cast::<u16>().add(at) = text.at(at) as u16);
            } else {
                (0..text.len).for_each(|at| *end.cast::<u32>().add(at) = text.at(at));
            }
        }
        self.grow(text.len);
    }

    /// Appends a code point that has its kind, for which [`Str::make_room`] made room.
    #[inline(always)]
    pub(crate) fn extend_by_one(&mut self, c: Chr) {
        debug_assert!(1 <= self.spare);
        // SAFETY: There is room behind the text, and nobody else has the string.
        unsafe {
            let data = self.data.as_ptr();
            match self.kind {
                1 => *data.add(self.len) = c.0 as u8,
                2 => *data.cast::<u16>().add(self.len) = c.0 as u16,
                _ => *data.cast::<u32>().add(self.len) = c.0,
            }
        }
        self.grow(1);
    }

    #[inline(always)]
    fn grow(&mut self, by: usize) {
        self.len += by;
        self.spare -= by as u32;
        // SAFETY: What the length counts has been written.
        unsafe { layout::set_str_length(self.obj.as_ptr(), self.data, self.kind, self.len) };
    }

    /// `hash(self)`, remembered by the object.
    #[inline]
    pub fn py_hash(&self) -> isize {
        // SAFETY: An exact `str`; its hash runs no Python code and cannot fail.
        unsafe {
            let known = layout::str_known_hash(self.obj.as_ptr());
            if known != -1 { known } else { PyObject_Hash(self.obj.as_ptr()) }
        }
    }
}

impl Clone for Str {
    #[inline(always)]
    fn clone(&self) -> Str {
        // SAFETY: We hold a reference.
        unsafe { Py_INCREF(self.obj.as_ptr()) };
        Str { spare: 0, ..*self }
    }
}

impl Drop for Str {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The reference is ours.
        unsafe { Py_DECREF(self.obj.as_ptr()) };
    }
}

impl FromPy for Str {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Str> {
        // SAFETY: By the caller.
        unsafe { if layout::is_str(object) { Str::from_borrowed(object) } else { bail(Bail::Type) } }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_str(object) }
    }
}

impl IntoPy for Str {
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        let object = self.obj.as_ptr();
        core::mem::forget(self);
        Ok(object)
    }
}

impl Chr {
    /// The `str`.  Code points below 256 are shared objects of the interpreter.
    #[inline]
    pub fn to_str(self) -> R<Str> {
        // SAFETY: A code point is at most 0x10ffff; the result is an exact `str`.
        unsafe { Str::from_owned(PyUnicode_FromOrdinal(self.0 as i32)) }
    }
}

impl FromPy for Chr {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Chr> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_str(object) {
                return bail(Bail::Type);
            }
            match layout::str_parts(object) {
                Some((data, 1, 1)) => Ok(Chr(u32::from(*data.as_ptr()))),
                Some((data, 1, 2)) => Ok(Chr(u32::from(*data.as_ptr().cast::<u16>()))),
                Some((data, 1, 4)) => Ok(Chr(*data.as_ptr().cast::<u32>())),
                _ => bail(Bail::Type),
            }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_str(object) && matches!(layout::str_parts(object), Some((_, 1, _))) }
    }
}

impl IntoPy for Chr {
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: A code point is at most 0x10ffff.
        fresh(unsafe { PyUnicode_FromOrdinal(self.0 as i32) })
    }
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
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        let object = self.obj.as_ptr();
        core::mem::forget(self);
        Ok(object)
    }
}
