//! What a module's dict has to say about the assumptions of native code, apart from the values that it reads anyway.
//!
//! Where only other globals have changed since (a counter that every call counts up), the names that assumptions begin
//! with still stand for the same objects. What was found behind those has words of its own; so it is not proved again.

use std::cell::Cell;
use std::ptr;

use pyo3_ffi::*;

use super::{Namespace, State, are_classes, builtins, is_module, version_word};
use crate::activate::metadata::{Kind, Slot};
use crate::activate::path;
use crate::peek::{interned, lookup};

/// So many changes of the names that assumptions begin with are followed: each keeps an object alive.
const MOST_CHANGES: u32 = 64;

/// The names that the slots begin with, in their order.
pub(super) struct Roots {
    roots: Vec<Root>,
    /// How often they stood for something else.
    changes: Cell<u32>,
}

struct Root {
    name: *mut PyObject,
    /// Any value will do, which is not kept alive.
    any: bool,
    /// What it stood for at the last look; held for good, so that nothing else comes to stand at the same place.
    seen: Cell<*mut PyObject>,
}

/// The global that a slot begins with; none where what the answer depends on is not all in words.
fn root(slot: &Slot) -> Option<&'static str> {
    match slot.kind {
        Kind::Value | Kind::Function(_) | Kind::Handed(_) if path::is_path(slot.name) => {
            path::class_of(slot.name)
        }
        Kind::Value
        | Kind::Function(_)
        | Kind::Handed(_)
        | Kind::Builtin
        | Kind::Module(_)
        | Kind::Classes(_)
        | Kind::Number(_) => (!path::is_path(slot.name)).then_some(slot.name),
        Kind::Imported(..) | Kind::Pattern(..) | Kind::Layout(_) => None,
    }
}

impl Roots {
    /// None where one of the slots has no such name.
    ///
    /// # Safety
    /// The GIL is held.
    pub(super) unsafe fn new(slots: &[Slot]) -> Option<Roots> {
        let of = |slot: &Slot| {
            let any = matches!(slot.kind, Kind::Value) && !path::is_path(slot.name);
            // SAFETY: the caller holds the GIL.
            let name = unsafe { interned(root(slot)?) };
            Some(Root { name, any, seen: Cell::new(ptr::null_mut()) })
        };
        let roots: Option<Vec<Root>> = slots.iter().map(of).collect();
        Some(Roots { roots: roots?, changes: Cell::new(0) })
    }

    /// Notes what the names stand for now.
    ///
    /// # Safety
    /// The GIL is held; `dict` is a live dict.
    pub(super) unsafe fn look(&self, dict: *mut PyObject) {
        for root in self.roots.iter().filter(|root| !root.any) {
            // SAFETY: by the caller; the reference is never given up.
            unsafe {
                let found = lookup(dict, root.name);
                if found != root.seen.get() && self.changes.get() < MOST_CHANGES {
                    self.changes.set(self.changes.get() + u32::from(!root.seen.get().is_null()));
                    Py_XINCREF(found);
                    root.seen.set(found);
                }
            }
        }
    }
}

impl Namespace {
    /// Whether nothing but the values of globals has changed since the last look; reads these again.
    ///
    /// # Safety
    /// The GIL is held, no transaction is open; the namespace has been looked at.
    pub(super) unsafe fn still_holds(&self, state: &State) -> bool {
        let (dict, mut known) = (state.dict.get(), state.words.borrow_mut());
        let Some(Roots { roots, changes }) = &state.roots else { return false };
        if known.is_empty() || !state.holds.get() || state.found.get() || changes.get() >= MOST_CHANGES {
            return false;
        }
        // SAFETY: the dict is strongly held, and so are the owners of the words.
        unsafe {
            let now = version_word(dict);
            if !known.iter().all(|word| word.place == now.place || word.holds()) {
                return false;
            }
            for (index, (slot, root)) in self.slots.iter().zip(roots).enumerate() {
                let found = lookup(dict, root.name);
                let same = match slot.kind {
                    _ if root.any => {
                        state.values[index].set(found);
                        true
                    }
                    _ if found != root.seen.get() => false,
                    // What has no words is asked again.
                    Kind::Module(target) => is_module(found, target),
                    Kind::Classes(classes) => are_classes(found, classes) == Some(&[]),
                    Kind::Builtin => lookup(builtins(), root.name) == state.values[index].get(),
                    _ if path::is_path(slot.name) => !found.is_null() && PyType_Check(found) != 0,
                    _ => true,
                };
                if !same {
                    return false;
                }
            }
            known.iter_mut().filter(|word| word.place == now.place).for_each(|word| *word = now);
            true
        }
    }
}
