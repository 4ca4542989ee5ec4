//! What a module's dict has to say about the assumptions of native code, apart from the values that it reads anyway.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ptr;

use pyo3_ffi::*;

use super::metadata::{Kind, Slot};
use super::object::{interned, lookup};
use super::path;

/// What the assumptions look at in the dict itself. Where only other globals have changed since (a counter that every
/// call counts up), whatever else was found still stands there.
pub(super) struct Roots {
    /// Every name that a slot says, also in a path. Some are no globals, and are not found either way.
    names: Vec<*mut PyObject>,
    /// What they stood for at the last look; held for good, so that nothing else comes to stand at the same place.
    seen: RefCell<Vec<*mut PyObject>>,
    /// How often they stood for something else.
    changes: Cell<u32>,
}

/// So many changes of the names that assumptions look at are followed: each keeps an object alive.
const MOST_CHANGES: u32 = 64;

/// What an `import` in a function reads of its module.
const OF_IMPORTS: &[&str] = &["__builtins__", "__name__", "__package__", "__path__", "__spec__"];

impl Roots {
    /// # Safety
    /// The GIL is held.
    pub(super) unsafe fn new(slots: &[Slot]) -> Roots {
        let said = slots.iter().flat_map(|slot| match slot.kind {
            // Read again whenever anything has changed.
            Kind::Value if !path::is_path(slot.name) => ["", ""],
            Kind::Pattern(_, flags) => [slot.name, flags],
            _ => [slot.name, ""],
        });
        let said = said.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let said = said.filter(|name| !name.is_empty()).chain(OF_IMPORTS.iter().copied());
        let said: BTreeSet<&str> = said.collect();
        Roots {
            // SAFETY: the caller holds the GIL.
            names: said.into_iter().map(|name| unsafe { interned(name) }).collect(),
            seen: RefCell::default(),
            changes: Cell::new(0),
        }
    }

    /// # Safety
    /// The GIL is held; `dict` is a live dict.
    pub(super) unsafe fn hold_in(&self, dict: *mut PyObject) -> bool {
        let seen = self.seen.borrow();
        // SAFETY: by the caller.
        seen.len() == self.names.len()
            && self.names.iter().zip(&*seen).all(|(name, seen)| unsafe { lookup(dict, *name) } == *seen)
    }

    /// # Safety
    /// As [`Roots::hold_in`].
    pub(super) unsafe fn look(&self, dict: *mut PyObject) {
        let mut seen = self.seen.borrow_mut();
        if self.changes.get() >= MOST_CHANGES {
            seen.clear();
            return;
        }
        seen.resize(self.names.len(), ptr::null_mut());
        for (name, seen) in self.names.iter().zip(&mut *seen) {
            // SAFETY: by the caller; the reference is never given up.
            let found = unsafe { lookup(dict, *name) };
            if found != *seen {
                if !seen.is_null() {
                    self.changes.set(self.changes.get() + 1);
                }
                // SAFETY: null or live.
                unsafe { Py_XINCREF(found) };
                *seen = found;
            }
        }
    }
}
