//! Stores that are the last effect of a call: the compiler says of which nothing comes after them but the way out
//! (`emit/last.rs`). Where nothing has been written before, such a store needs no journal: it is done as the commit
//! would leave it.

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::dropped;
use crate::txn::Cx;

impl Cx {
    /// May a store that the text has last be done at once? It is so in the outermost function, while the transaction
    /// holds nothing that could still bail, or be the last reference to something. Nobody compares or counts meanwhile.
    #[inline(always)]
    pub(crate) fn ends_here(self) -> bool {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        self.depth == txn.depth
            && !(txn.points_on | txn.checked | txn.doomed | txn.rare_used)
            && txn.unwanted.is_null()
            && txn.holds_nothing()
    }
}

/// May the reference be given up here, where the commit would give it up? Nothing else of the transaction refers to it.
///
/// # Safety
/// `old` is alive, and [`Cx::ends_here`].
#[inline(always)]
pub(crate) unsafe fn dies_here(old: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { dropped::lives_or_is_plain(old) }
}

/// Puts another object into a place, whose reference is taken, and gives up what was there.
///
/// # Safety
/// A place of a live object, of which [`dies_here`] holds.
#[inline(always)]
pub(crate) unsafe fn put(place: *mut *mut PyObject, value: *mut PyObject) {
    // SAFETY: By the caller.
    unsafe { Py_DECREF(core::mem::replace(&mut *place, value)) }
}
