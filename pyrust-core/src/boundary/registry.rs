//! Objects of Python's that a transaction has written to without touching them, each with what was written to it.

use core::ops::{Deref, DerefMut};
use core::ptr;

use pyo3_ffi::PyObject;

use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};

/// So many are gone through instead of asking the table.
const FEW: usize = 8;

/// What was written to one object.
pub(crate) trait OfObject {
    fn object(&self) -> *mut PyObject;

    /// Is its memory little enough to be kept for the next transaction?
    fn is_moderate(&self) -> bool;
}

/// What was written, found by the object; as a slice in the order in which they were written to first.
pub(crate) struct Registry<W> {
    /// Of all of them, once there are more than a few.
    map: PtrMap,
    written: Buf<W>,
    /// The one that was asked for last.
    latest: usize,
    /// Memory for the next one.
    spare: Option<W>,
}

impl<W: OfObject> Registry<W> {
    pub(crate) const fn new() -> Self {
        Registry { map: PtrMap::new(), written: Buf::new(), latest: 0, spare: None }
    }

    #[inline]
    pub(crate) fn find(&mut self, object: *mut PyObject) -> Option<&mut W> {
        if self.written.is_empty() {
            return None;
        }
        if !ptr::eq(self.written[self.latest].object(), object) {
            self.latest = match self.written.len() <= FEW {
                true => self.written.iter().position(|written| ptr::eq(written.object(), object))?,
                false => self.map.get(object)? as usize,
            };
        }
        Some(&mut self.written[self.latest])
    }

    /// The one of an object, which `begin` makes where nothing was written yet: of the memory of one that is over, if
    /// there is such.
    #[inline]
    pub(crate) fn find_or(
        &mut self,
        object: *mut PyObject,
        begin: impl FnOnce(Option<W>) -> R<W>,
    ) -> R<&mut W> {
        if self.find(object).is_none() {
            let written = begin(self.spare.take())?;
            self.add(written)?;
        }
        Ok(&mut self.written[self.latest])
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, written: W) -> R<()> {
        let at = self.written.len();
        if self.written.push(written).is_err() {
            return bail(Bail::Memory);
        }
        let unknown = match at {
            0..FEW => 0..0,
            FEW => 0..at + 1,
            _ => at..at + 1,
        };
        for index in unknown {
            if !self.map.insert(self.written[index].object(), index as u32) {
                // The call ends here; nothing was written to it yet.
                return bail(Bail::Memory);
            }
        }
        self.latest = at;
        Ok(())
    }

    /// Takes the last one out where `is_over` says so, and the others before it; false if one is not.
    pub(crate) fn end(&mut self, mut is_over: impl FnMut(&mut W) -> bool) -> bool {
        while let Some(written) = self.written.last_mut() {
            if !is_over(written) {
                return false;
            }
            self.spare = self.written.pop().filter(W::is_moderate);
        }
        self.map.clear();
        self.latest = 0;
        true
    }

    /// Takes everything out.
    pub(crate) fn take(&mut self) -> Buf<W> {
        self.map.clear();
        self.latest = 0;
        core::mem::take(&mut self.written)
    }
}

impl<W> Deref for Registry<W> {
    type Target = [W];

    #[inline(always)]
    fn deref(&self) -> &[W] {
        &self.written
    }
}

impl<W> DerefMut for Registry<W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [W] {
        &mut self.written
    }
}
