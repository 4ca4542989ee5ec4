//! What a call returns that is an object already: a parameter, a global, or what a value was read from (`emit/seen.rs`).
//! It goes out itself, and none is made.

use pyo3_ffi::PyObject;

use crate::txn::{Cx, RET_OBJECT};

/// The object that a value was read from; none where it was computed. The transaction keeps it, and nobody writes to it.
#[derive(Clone, Copy)]
pub struct Seen(*mut PyObject);

impl Seen {
    pub const NONE: Seen = Seen(core::ptr::null_mut());

    #[inline(always)]
    pub(crate) fn of(object: Option<*mut PyObject>) -> Seen {
        Seen(object.unwrap_or(core::ptr::null_mut()))
    }
}

impl Cx {
    /// This frame returns its parameter `index` untouched: the same object goes out.
    #[inline(always)]
    pub fn ret_arg(self, index: usize) {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        if self.depth == txn.depth {
            txn.ret_arg = index as i32;
        }
    }

    /// This frame returns the value of a global: the same object goes out, which lives as long as the transaction.
    #[inline]
    pub fn ret_object(self, object: *mut PyObject) {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        if self.depth == txn.depth {
            txn.ret_arg = RET_OBJECT;
            txn.ret_object = object;
        }
    }

    /// Takes [`Cx::ret_arg`] back (a `finally` returned something else).
    #[inline(always)]
    pub fn ret_fresh(self) {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        if self.depth == txn.depth {
            txn.ret_arg = -1;
        }
    }

    /// Does the outermost frame return something that is at hand as an object?
    #[inline(always)]
    pub(crate) fn returns_object(self) -> bool {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.ret_arg != -1
    }

    /// The parameter that the outermost frame returns untouched.
    #[inline]
    pub fn returned_arg(self) -> Option<usize> {
        // SAFETY: A short borrow.
        usize::try_from(unsafe { self.txn() }.ret_arg).ok()
    }

    /// What [`Cx::ret_object`] was given.
    #[inline(always)]
    pub(crate) fn returned_object(self) -> Option<*mut PyObject> {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        (txn.ret_arg == RET_OBJECT).then_some(txn.ret_object)
    }

    /// Before anything is read that this function may return as the object that it was read from: from here on none is
    /// freed or rewritten. What a native caller gets is the value.
    #[inline(always)]
    pub fn seen(self) -> Seen {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        if self.depth == txn.depth {
            txn.objects_seen = true;
        }
        Seen::NONE
    }

    /// The same, where the variable begins as the parameter with this number.
    #[inline(always)]
    pub fn seen_arg(self, index: usize) -> Seen {
        let none = self.seen();
        // SAFETY: A short borrow; the compiler counts the parameters of the outermost function.
        unsafe {
            let txn = self.txn();
            if self.depth == txn.depth { Seen(*txn.args.add(index)) } else { none }
        }
    }

    /// This frame returns what was read from the object, which goes out.
    #[inline(always)]
    pub fn ret_seen(self, seen: Seen) {
        if !seen.0.is_null() {
            self.ret_object(seen.0);
        }
    }
}
