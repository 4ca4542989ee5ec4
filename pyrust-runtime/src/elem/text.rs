//! `str` and `bytes`.

use core::cmp::Ordering;

use pyo3_ffi::PyObject;

use crate::boundary::layout;
use crate::elem::other::differs_plainly;
use crate::elem::view::str_cmp;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

impl ElemEq for Str {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.same_text(other))
    }

    #[inline]
    fn view(&self) -> View<'_> {
        View::Str(self)
    }
}

impl ElemOrd for Str {
    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        true
    }
}

/// Up to so many bytes a string is hashed anew; beyond that CPython's cached hash is cheaper.
const SHORT: usize = 32;

/// A hash of a few bytes. Order does not depend on it, so it need not be CPython's.
#[inline]
fn hash_short(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (bytes.len() as u64).wrapping_mul(FACTOR);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().rev().fold(0_u64, |acc, b| acc << 8 | u64::from(*b));
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    let rest = chunks.remainder().iter().rev().fold(0_u64, |acc, b| acc << 8 | u64::from(*b));
    hash = (hash.rotate_left(23) ^ rest).wrapping_mul(FACTOR);
    hash ^ hash >> 29
}

impl Key for Str {
    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        let bytes = self.raw();
        Ok(if bytes.len() <= SHORT { hash_short(bytes) } else { self.py_hash() as u64 })
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(Str::py_hash(self))
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.as_ptr(), object) {
                return Ok(true);
            }
            if !layout::is_str(object) {
                return differs_plainly(object, true, false);
            }
            match layout::str_parts(object) {
                Some((data, len, kind)) => Ok(len == self.len()
                    && kind == self.kind()
                    && core::slice::from_raw_parts(data.as_ptr(), len * kind as usize) == self.raw()),
                None => bail(Bail::Type),
            }
        }
    }
}

impl Key for Chr {
    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(u64::from(self.0))
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(self.to_str()?.py_hash())
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_str(object) {
                return differs_plainly(object, true, false);
            }
            let other = Str::from_borrowed(object)?;
            Ok(other.len() == 1 && other.at(0) == self.0)
        }
    }
}

impl ElemEq for Bytes {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.raw() == other.raw())
    }

    fn view(&self) -> View<'_> {
        View::Bytes(self)
    }
}

impl ElemOrd for Bytes {
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(self.raw().cmp(other.raw()))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        true
    }
}

impl Key for Bytes {
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(self.py_hash() as u64)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(Bytes::py_hash(self))
    }

    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_bytes(object) {
                return differs_plainly(object, false, true);
            }
            let data =
                core::slice::from_raw_parts(layout::bytes_data(object).as_ptr(), layout::var_size(object));
            Ok(data == self.raw())
        }
    }
}
