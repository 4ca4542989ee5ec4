//! `str` and `bytes`.

use core::cmp::Ordering;

use pyo3_ffi::PyObject;

use crate::boundary::layout;
use crate::elem::other::differs_plainly;
use crate::elem::view::str_cmp;
use crate::elem::{ElemEq, ElemOrd, Key, Stored, View};
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Chr, Str, Text};
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
    #[inline(always)]
    fn bytes(&self) -> Option<&[u8]> {
        (self.kind() == 1).then(|| self.raw())
    }

    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self> + Clone) -> bool
    where
        Self: 'a,
    {
        true
    }
}

/// Up to so many bytes a string is hashed anew; beyond that CPython's cached hash is cheaper.
const SHORT: usize = 32;

/// A hash of up to [`SHORT`] bytes. Order does not depend on it, so it need not be CPython's.
#[inline]
fn hash_short(bytes: &[u8]) -> u64 {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xe703_7ed1_a0b4_28db;
    /// Both halves of a product: each bit of the operands reaches all of them.
    #[inline(always)]
    fn mixed(a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    }
    #[inline(always)]
    fn word(bytes: &[u8], at: usize) -> u64 {
        bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
    #[inline(always)]
    fn half(bytes: &[u8], at: usize) -> u64 {
        bytes.get(at..at + 4).and_then(|half| half.try_into().ok()).map_or(0, u32::from_le_bytes).into()
    }
    // What is read overlaps where the length is between two sizes.
    let len = bytes.len();
    let (a, b) = match len {
        0 => (0, 0),
        1..4 => (u64::from(bytes[0]) << 16 | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]), 0),
        4..8 => (half(bytes, 0) << 32 | half(bytes, len - 4), 0),
        8..17 => (word(bytes, 0), word(bytes, len - 8)),
        _ => {
            let front = mixed(word(bytes, 0) ^ FIRST, word(bytes, 8) ^ SECOND);
            (front ^ word(bytes, len - 16), word(bytes, len - 8))
        }
    };
    mixed(a ^ FIRST, b ^ SECOND ^ len as u64)
}

impl Stored<Str> for Text {
    const LIES: bool = true;

    #[inline(always)]
    fn of(key: Str) -> Text {
        key.into_text()
    }

    #[inline(always)]
    fn key(&self) -> Str {
        self.to_str()
    }

    #[inline(always)]
    fn into_key(self) -> Str {
        self.into_str()
    }

    #[inline(always)]
    fn fetch(&self) {
        Text::fetch(self);
    }

    #[inline(always)]
    fn is_key(&self, _: Cx, key: &Str) -> R<bool> {
        Ok(self.is_text(key))
    }

    #[inline(always)]
    fn again(&self) -> Text {
        self.clone()
    }

    #[inline(always)]
    fn is_same(&self, _: Cx, other: &Text) -> R<bool> {
        Ok(self.address() == other.address() || self.is_text(&other.to_str()))
    }

    #[inline(always)]
    fn lies_at(&self, address: usize) -> bool {
        self.address() == address
    }
}

impl Key for Str {
    type Stored = Text;

    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        let bytes = self.raw();
        Ok(if bytes.len() <= SHORT { hash_short(bytes) } else { self.py_hash() as u64 })
    }

    #[inline]
    fn knows_hash(&self) -> bool {
        self.has_hash()
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(Str::py_hash(self))
    }

    #[inline(always)]
    fn address(&self) -> usize {
        self.known().addr()
    }

    #[inline]
    fn is_object(&self, object: *mut PyObject) -> bool {
        core::ptr::eq(self.known(), object)
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.known(), object) {
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
    type Stored = Self;

    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(u64::from(self.0))
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Chr::py_hash(*self)
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
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self> + Clone) -> bool
    where
        Self: 'a,
    {
        true
    }
}

impl Key for Bytes {
    type Stored = Self;

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
