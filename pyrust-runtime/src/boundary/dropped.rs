//! What dropping an object would run: the test before a reference is given up (replay rule 14).
//!
//! References that a transaction drops are released when it has closed, later than Python would.  Nobody can
//! see that of ints, texts, and lists, dicts and sets of those; an object with a finaliser, or one that a weak
//! reference watches, could be the last one of its kind: then the call runs as Python.

use pyo3_ffi::{Py_None, Py_REFCNT, Py_TYPE, PyComplex_Type, PyDict_Next, PyObject, PyRange_Type};

use crate::boundary::layout::{self, RawSet};
use crate::stop::{Bail, R, bail};

/// Lists, tuples, dicts and sets that are looked into, at most: what is larger may take its time in Python.
const CONTAINERS: usize = 10_000_000;

/// Nested deeper than this: perhaps a cycle.
const DEPTH: usize = 24;

/// Bails if `object`, which only the caller still refers to, could run code when it dies.
///
/// # Safety
/// `object` is alive.
#[inline]
pub(crate) unsafe fn check_last(object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        if is_plain(object) || dies_quietly(object, DEPTH, &mut CONTAINERS.clone()) {
            Ok(())
        } else {
            bail(Bail::Unsupported)
        }
    }
}

/// As [`check_last`], if the reference that is about to be dropped is the last one.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub(crate) unsafe fn check(object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe { if Py_REFCNT(object) > 1 { Ok(()) } else { check_last(object) } }
}

/// Exact builtins that hold no other objects.
#[inline]
unsafe fn is_plain(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        layout::is_int(object)
            || layout::is_float(object)
            || layout::is_str(object)
            || layout::is_bool(object)
            || layout::is_bytes(object)
            || core::ptr::eq(object, Py_None())
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn dies_quietly(object: *mut PyObject, depth: usize, budget: &mut usize) -> bool {
    // SAFETY: By the caller; containers keep their contents alive, and nothing here runs Python code.
    unsafe {
        let ty = Py_TYPE(object);
        if core::ptr::eq(ty, &raw mut PyRange_Type) || core::ptr::eq(ty, &raw mut PyComplex_Type) {
            return true;
        }
        if depth == 0 || *budget == 0 {
            return false;
        }
        *budget -= 1;
        let mut quiet = |inner| is_plain(inner) || dies_quietly(inner, depth - 1, budget);
        if layout::is_list(object) {
            let items = layout::list_items(object);
            (0..layout::var_size(object)).all(|i| quiet(*items.add(i)))
        } else if layout::is_tuple(object) {
            let items = layout::tuple_items(object);
            (0..layout::var_size(object)).all(|i| quiet(*items.add(i)))
        } else if layout::is_dict(object) {
            let (mut at, mut key, mut value) = (0, core::ptr::null_mut(), core::ptr::null_mut());
            while PyDict_Next(object, &raw mut at, &raw mut key, &raw mut value) != 0 {
                if !quiet(key) || !quiet(value) {
                    return false;
                }
            }
            true
        } else if layout::is_set(object) || layout::is_frozenset(object) {
            let raw = RawSet::of(object);
            (0..=raw.mask()).all(|index| {
                let (hash, key) = raw.slot(index);
                key.is_null() || hash == -1 || quiet(key)
            })
        } else {
            false
        }
    }
}
