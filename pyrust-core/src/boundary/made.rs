//! Lists that are made in the open transaction say so themselves.
//!
//! Nobody else can write to such a list before the transaction has closed, so none of its writes is logged: each write asks
//! for that. The collector need not know of the list until then either. So it is not tracked, and the word in front of it
//! that the collector would link it by holds a mark instead, which is an address of this module's: no link is one, and
//! another module has another one.

use pyo3_ffi::{PyObject, PyObject_GC_Track, PyObject_GC_UnTrack};

use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn;

/// The last bits of the word are the collector's own.
const OWN_BITS: usize = 3;

/// Lists that have the mark.
pub(crate) struct Made(Buf<*mut PyObject>);

/// The word by which the collector finds what it tracks before this object; in front of the object itself.
///
/// # Safety
/// An object that the collector can track.
#[inline(always)]
unsafe fn word(list: *mut PyObject) -> *mut usize {
    list.cast::<usize>().wrapping_sub(1)
}

/// Is it a list that was made in the open transaction?
///
/// # Safety
/// A live list, for C.
#[inline(always)]
pub(crate) unsafe fn is_made(list: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { *word(list) & !OWN_BITS == txn::mark() }
}

impl Made {
    pub(crate) const fn new() -> Made {
        Made(Buf::new())
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A list has been made.
    ///
    /// # Safety
    /// A list, for C, held by the arena.
    #[inline]
    pub(super) unsafe fn register(&mut self, list: *mut PyObject) -> R<()> {
        if self.0.push(list).is_err() {
            return bail(Bail::Memory);
        }
        // SAFETY: By the caller. Of the word of what is not tracked the collector reads its own bits alone, and it writes
        // all others when it tracks the object again.
        unsafe {
            PyObject_GC_UnTrack(list.cast());
            *word(list) = *word(list) & OWN_BITS | txn::mark();
        }
        Ok(())
    }

    /// They are lists like others from now on: before the first of them is given up, and before anything else runs.
    ///
    /// # Safety
    /// The arena still holds all of them.
    #[inline]
    pub(crate) unsafe fn settle(&mut self) {
        if !self.is_empty() {
            // SAFETY: By the caller.
            unsafe { self.settle_all() };
        }
    }

    #[inline(never)]
    unsafe fn settle_all(&mut self) {
        for &list in self.0.iter() {
            // SAFETY: By the caller they are alive; they are not tracked.
            unsafe {
                *word(list) &= OWN_BITS;
                PyObject_GC_Track(list.cast());
            }
        }
        if self.0.capacity() > txn::MODERATE {
            self.0 = Buf::new();
        }
        self.0.clear();
    }
}
