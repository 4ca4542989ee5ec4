//! Names that were assigned in classes while a transaction is open: until it ends, what a class says of them is what they
//! were before.

use core::ptr;

use pyo3_ffi::PyObject;

use super::Cx;

/// Of so many names it is known which they are.
const KNOWN: usize = 6;

pub(crate) struct InClasses {
    /// Interned.
    names: [*mut PyObject; KNOWN],
    /// More than there is room for, where others were assigned as well.
    count: usize,
}

impl InClasses {
    pub(super) const fn new() -> InClasses {
        InClasses { names: [ptr::null_mut(); KNOWN], count: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    fn add(&mut self, name: *mut PyObject) {
        let known = self.count.min(KNOWN);
        if self.names[..known].contains(&name) {
            return;
        }
        if let Some(place) = self.names.get_mut(known) {
            *place = name;
        }
        self.count = known + 1;
    }

    fn may_have(&self, name: *mut PyObject) -> bool {
        self.count > KNOWN || self.names[..self.count].contains(&name)
    }
}

impl Cx {
    /// From here on what a class has under the interned name may be something else than it says.
    pub fn assigns_in_class(self, name: *mut PyObject) {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.in_classes.add(name);
    }

    /// Has [`Cx::assigns_in_class`] been called for any name?
    #[inline(always)]
    pub fn has_assigned_in_class(self) -> bool {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.in_classes.count != 0
    }

    /// May it have been called for this one?
    pub(crate) fn may_have_assigned(self, name: *mut PyObject) -> bool {
        // SAFETY: A short borrow.
        unsafe { self.txn() }.in_classes.may_have(name)
    }
}
