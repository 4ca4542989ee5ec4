//! Objects of Python's in which native code steps words where they lie, and where these stood before the transaction.

use core::ptr;

use pyo3_ffi::PyObject;

use crate::buf::Buf;
use crate::stop::{Bail, R, bail};

/// At most so many in one transaction: they are gone through.
const MOST: usize = 64;

/// Those of one kind; `S`: what their words were.
pub(crate) struct Stepped<S> {
    stood: Buf<(*mut PyObject, S)>,
}

impl<S> Stepped<S> {
    pub(crate) const fn new() -> Self {
        Stepped { stood: Buf::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.stood.is_empty()
    }

    /// Before a step of an object, whose words now are `now`.
    #[inline]
    pub(crate) fn before_step(&mut self, object: *mut PyObject, now: S) -> R<()> {
        if self.stood.iter().any(|(known, _)| ptr::eq(*known, object)) {
            return Ok(());
        }
        if self.stood.len() >= MOST {
            return bail(Bail::Limit);
        }
        if self.stood.push((object, now)).is_err() {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    /// They stay where they are.
    pub(crate) fn commit(&mut self) {
        self.stood.clear();
    }

    /// # Safety
    /// `put_back` is for objects of this kind, which the transaction, or whoever names them, has kept alive.
    pub(crate) unsafe fn undo(&mut self, put_back: unsafe fn(*mut PyObject, S)) {
        while let Some((object, stood)) = self.stood.pop() {
            // SAFETY: by the caller.
            unsafe { put_back(object, stood) };
        }
    }
}
