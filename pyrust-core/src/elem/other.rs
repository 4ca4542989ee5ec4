//! None, ranges, opaque objects; and what hash-equal objects of other types are.

use core::cmp::Ordering;
use core::ptr::NonNull;

use pyo3_ffi::{Py_IsNone, Py_None, PyComplex_Type, PyFrozenSet_Type, PyObject, PyObject_Hash, PyRange_Type};

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::obj::{Obj, dynamic};
use crate::range::Range;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// Hash-equal objects of these exact types are compared without Python code; none of them equals a key of
/// another kind.  `bytes` against `str` may warn.
///
/// # Safety
/// The object is alive, and the GIL is held.
pub unsafe fn differs_plainly(object: *mut PyObject, text: bool, bytes: bool) -> R<bool> {
    // SAFETY: By the caller.
    unsafe {
        if (text && layout::is_bytes(object)) || (bytes && layout::is_str(object)) {
            return bail(Bail::Warning);
        }
        let plain = layout::is_int(object)
            || layout::is_str(object)
            || layout::is_bool(object)
            || layout::is_float(object)
            || layout::is_bytes(object)
            || layout::is_tuple(object)
            || Py_IsNone(object) != 0
            || layout::is_exact(object, &raw mut PyFrozenSet_Type)
            || layout::is_exact(object, &raw mut PyRange_Type)
            || layout::is_exact(object, &raw mut PyComplex_Type);
        if plain { Ok(false) } else { bail(Bail::Dict) }
    }
}

impl ElemEq for () {
    #[inline(always)]
    fn elem_eq(&self, _: Cx, _: &Self) -> R<bool> {
        Ok(true)
    }

    fn view(&self) -> View<'_> {
        View::None
    }
}

impl ElemOrd for () {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}

impl Key for () {
    type Stored = Self;

    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(0)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        // SAFETY: None is static, its hash runs no Python code.
        Ok(unsafe { PyObject_Hash(Py_None()) })
    }

    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { if Py_IsNone(object) != 0 { Ok(true) } else { differs_plainly(object, false, false) } }
    }
}

impl ElemEq for Range {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        Ok(crate::range::eq(cx, *self, *other))
    }

    fn view(&self) -> View<'_> {
        View::Range(*self)
    }
}

impl ElemOrd for Range {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}

impl ElemEq for Obj {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        self.equals_in(*other)
    }

    fn view(&self) -> View<'_> {
        View::Obj(*self)
    }
}

impl Key for Obj {
    type Stored = Self;

    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(self.hash()? as u64)
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        self.hash()
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller; an object is not null.
        self.equals_in(Obj::foreign(unsafe { NonNull::new_unchecked(object) }))
    }
}

impl ElemOrd for Obj {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        dynamic::order(cx, *self, *other)
    }
}
