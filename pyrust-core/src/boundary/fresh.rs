//! Dicts that native code has made in the open transaction: nobody else has seen them, and a rollback drops them, so
//! what is written to them needs not wait for the commit.

use core::ptr;

use pyo3_ffi::PyObject;

use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};

/// The number of a dict that is none of them.
const OTHER: u32 = u32::MAX;

/// Memory for more of them is not kept for the next transaction.
const KEPT: usize = 1 << 14;

/// What is known of one of them.
#[derive(Clone, Copy)]
struct Made {
    /// How often its shape has changed.
    version: u64,
    /// It has an overlay.
    left: bool,
}

pub(crate) struct FreshDicts {
    map: PtrMap,
    made: Buf<Made>,
    last: *mut PyObject,
    /// Which one the last one is.
    last_index: u32,
}

impl FreshDicts {
    pub(crate) const fn new() -> FreshDicts {
        FreshDicts { map: PtrMap::new(), made: Buf::new(), last: ptr::null_mut(), last_index: OTHER }
    }

    /// Has the transaction made none?
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// A dict that is new, and held by the arena.
    pub(crate) fn register(&mut self, dict: *mut PyObject) -> R<()> {
        let index = self.made.len() as u32;
        if self.made.push(Made { version: 0, left: false }).is_err() {
            return bail(Bail::Memory);
        }
        if !self.map.insert(dict, index) {
            self.made.pop();
            return bail(Bail::Memory);
        }
        (self.last, self.last_index) = (dict, index);
        Ok(())
    }

    #[inline]
    fn find(&mut self, dict: *mut PyObject) -> Option<&mut Made> {
        if !ptr::eq(self.last, dict) {
            (self.last, self.last_index) = (dict, self.map.get(dict).unwrap_or(OTHER));
        }
        self.made.get_mut(self.last_index as usize)
    }

    /// How often the shape of such a dict has changed; none of others, and of those that have an overlay.
    #[inline(always)]
    pub(crate) fn version(&mut self, dict: *mut PyObject) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        self.find(dict).filter(|made| !made.left).map(|made| made.version)
    }

    /// An entry came, or went.
    #[inline]
    pub(crate) fn reshaped(&mut self, dict: *mut PyObject) {
        if let Some(made) = self.find(dict) {
            made.version += 1;
        }
    }

    /// From now on it has an overlay, whose version begins behind this one.
    pub(crate) fn leave(&mut self, dict: *mut PyObject) -> u64 {
        match if self.is_empty() { None } else { self.find(dict) } {
            Some(made) => {
                made.left = true;
                made.version
            }
            None => 0,
        }
    }

    /// The transaction ends.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        if !self.is_empty() {
            self.forget();
        }
    }

    #[cold]
    #[inline(never)]
    fn forget(&mut self) {
        self.map.clear();
        if self.made.capacity() > KEPT {
            self.made = Buf::new();
        } else {
            self.made.clear();
        }
        (self.last, self.last_index) = (ptr::null_mut(), OTHER);
    }
}
