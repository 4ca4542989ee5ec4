//! The names of attributes: those that the instances of a class share, and the keys of a dict.

use pyo3_ffi::*;

use super::place::NOWHERE;
use crate::boundary::layout::{self, Keys};

/// The names that instances of a class share, with their positions.
pub(super) unsafe fn shared_index(class: *mut PyTypeObject, name: *mut PyObject) -> (usize, usize) {
    // SAFETY: By the caller: a live class of Python's; the keys of a class hold their names.
    unsafe {
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        if keys.is_null() {
            return (NOWHERE, 0);
        }
        let keys = Keys::shared(keys);
        if keys.kind == layout::KEYS_GENERAL {
            return (NOWHERE, 0);
        }
        let count = keys.entries_used();
        let found = (0..count).find(|at| is_name(keys.key(*at), name));
        (found.unwrap_or(NOWHERE), count)
    }
}

/// How many names instances of a class share.
#[inline(always)]
pub(super) unsafe fn shared_count(class: *mut PyTypeObject) -> usize {
    // SAFETY: As for `shared_index`.
    unsafe {
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        if keys.is_null() { 0 } else { Keys::shared(keys).entries_used() }
    }
}

/// Do both texts say the same? A hole among keys is null.
unsafe fn is_name(key: *mut PyObject, name: *mut PyObject) -> bool {
    // SAFETY: By the caller: texts, or null.
    unsafe {
        key == name
            || (!key.is_null()
                && layout::is_str(key)
                && layout::is_str(name)
                && PyUnicode_Compare(key, name) == 0)
    }
}

/// The entry with that name, looked for by its hash.
///
/// # Safety
/// A table of texts, which does not change meanwhile, and an interned text.
pub(super) unsafe fn entry_of(keys: &Keys, name: *mut PyObject) -> Option<usize> {
    // SAFETY: By the caller; slots are inside of the mask and name entries. A text's hash runs no Python code.
    unsafe {
        let hash = PyObject_Hash(name);
        let mut perturb = hash as usize;
        let mut at = perturb & keys.mask();
        loop {
            match keys.slot(at) {
                -1 => return None,
                entry if entry >= 0 => {
                    let key = keys.key(entry as usize);
                    if key == name
                        || (!key.is_null() && layout::str_known_hash(key) == hash && is_name(key, name))
                    {
                        return Some(entry as usize);
                    }
                }
                _ => {}
            }
            perturb >>= 5;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
        }
    }
}
