//! Frozensets as keys and elements.

use pyo3_ffi::{PyFrozenSet_Type, PyObject};

use crate::boundary::layout::{self, RawSet};
use crate::elem::{Key, differs_plainly};
use crate::py::{FromPy, IntoPy};
use crate::set::SetLike;
use crate::set::live::{Live, probe};
use crate::set::native::Native;
use crate::stop::R;
use crate::txn::Cx;

/// `hash(frozenset)`: of the elements' hashes, in no order.
fn hash_of<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<isize> {
    let shape = set.shape(cx)?;
    let mut hash = 0_u64;
    for index in 0..=shape.mask {
        if let Some((element, _)) = set.at(cx, index)? {
            let element = element as u64;
            hash ^= ((element ^ 89_869_747) ^ (element << 16)).wrapping_mul(3_644_798_167);
        }
    }
    hash ^= (shape.used as u64 + 1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
    Ok(if hash == u64::MAX { 590_923_713 } else { hash as isize })
}

/// Is the object an equal frozenset?
unsafe fn is_equal<K: Key, S: SetLike<K>>(cx: Cx, set: &S, object: *mut PyObject) -> R<bool> {
    // SAFETY: By the caller; a frozenset does not change.
    unsafe {
        if set.address() == object.addr() {
            return Ok(true);
        }
        if !layout::is_exact(object, &raw mut PyFrozenSet_Type) {
            return differs_plainly(object, false, false);
        }
        let (shape, raw) = (set.shape(cx)?, RawSet::of(object));
        if shape.used != raw.used() {
            return Ok(false);
        }
        for index in 0..=shape.mask {
            if let Some((hash, key)) = set.at(cx, index)?
                && !probe(cx, raw, hash, &key)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<K: Key> Key for Native<K, true> {
    type Stored = Self;

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        hash_of(cx, self).map(|hash| hash as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        hash_of(cx, self)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { is_equal(cx, self, object) }
    }
}

impl<K: Key + FromPy + IntoPy> Key for Live<K, true> {
    type Stored = Self;

    fn fast_hash(&self, cx: Cx) -> R<u64> {
        hash_of(cx, self).map(|hash| hash as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        hash_of(cx, self)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { is_equal(cx, self, object) }
    }
}
