//! Stores that are the last effect of a call: the compiler says of which nothing comes after them but the way out
//! (`emit/last.rs`). Where nothing has been written before, such a store needs no journal: it is done as the commit
//! would leave it.

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::commit::commit_before;
use crate::boundary::dropped;
use crate::py::{IntoPy, again};
use crate::stop::R;
use crate::txn::{Cx, RET_TAKEN, Txn};

impl Txn {
    /// Is nothing held, apart from what is rare?
    #[inline(always)]
    pub(crate) fn holds_nothing(&self) -> bool {
        self.arena.is_empty() && self.lists.is_empty() && self.attributes.is_empty() && self.dicts.is_empty()
    }
}

impl Cx {
    /// May a store that the text has last be done at once? It is so in the outermost function, while the transaction
    /// holds nothing that could still bail, or be the last reference to something. Nobody compares or counts meanwhile.
    #[inline(always)]
    pub(crate) fn ends_here(self) -> bool {
        // SAFETY: A short borrow.
        self.may_end_here() && unsafe { self.txn() }.holds_nothing()
    }

    /// The same, where something was written before: that is committed first.
    #[inline(always)]
    pub(crate) fn may_end_here(self) -> bool {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        self.depth == txn.depth
            && !(txn.points_on | txn.checked | txn.doomed | txn.rare_used)
            && txn.unwanted.is_null()
    }

    /// Commits what was written before the last store, if that can be seen not to fail: then nothing may bail any more.
    /// `old` is what the store replaces.
    ///
    /// # Safety
    /// [`Cx::may_end_here`]; what is stored is boxed, and there is room for it.
    pub(crate) unsafe fn ends_behind(self, old: Option<*mut PyObject>) -> bool {
        // SAFETY: By the caller. Of what is plain the last reference may be given up, whoever else gives up one.
        unsafe { old.is_none_or(|old| dropped::is_plain(old)) && commit_before(self) }
    }
}

/// What is stored may be a parameter that nothing has touched: its number. Then the argument is the object that is stored.
pub(crate) type Given = Option<usize>;

impl Cx {
    /// A new reference to what is stored.
    #[inline(always)]
    pub(crate) fn boxed_last<T: IntoPy>(self, value: T, given: Given) -> R<*mut PyObject> {
        match given {
            // SAFETY: The compiler counts the parameters of the outermost function, which this is: [`Cx::ends_here`].
            Some(index) => Ok(unsafe { again(*self.txn().args.add(index)) }),
            None => value.into_py(self),
        }
    }

    /// The call returns this object, whose reference is given away: nothing comes in between.
    #[inline(always)]
    pub(crate) fn returns_taken(self, object: *mut PyObject) {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        txn.ret_arg = RET_TAKEN;
        txn.ret_object = object;
    }

    /// What [`Cx::returns_taken`] was given, to be handed out once.
    pub(crate) fn take_returned(self) -> Option<*mut PyObject> {
        // SAFETY: A short borrow.
        let txn = unsafe { self.txn() };
        (txn.ret_arg == RET_TAKEN).then(|| {
            txn.ret_arg = -1;
            txn.ret_object
        })
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
