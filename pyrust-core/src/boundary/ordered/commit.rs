//! The commit of [`super::Written`], and what it would lead to.

use core::ptr;

use pyo3_ffi::*;

use super::{Deed, Ordereds, Step};
use crate::boundary::dropped::hashes_quietly;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::ordered_layout::{self as own, can_grow, entry_of, raw};
use crate::boundary::overlay::reserve;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// First part of the commit: there is memory for what is put in, and no Python code is needed for it.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: A short borrow; the objects are alive and exact, and do not change while the transaction is open.
    unsafe {
        let mut growth = 0;
        for written in cx.txn().rare().ordereds.iter() {
            let inserted = written.steps.iter().filter(|step| step.deed == Deed::Insert);
            let keys = Keys::of(written.object);
            let (mut count, mut of_kind) = (0, true);
            for step in inserted {
                count += 1;
                of_kind &= keys.kind == KEYS_GENERAL || layout::is_str(step.key);
            }
            let is_cleared = written.since != 0;
            if count == 0 {
                continue;
            }
            growth += count;
            if count > keys.usable() || !of_kind || is_cleared {
                growth += 2 * layout::dict_used(written.object);
                if !can_grow(written.object) {
                    return bail(Bail::Unsupported);
                }
            }
        }
        reserve(growth)
    }
}

/// Second part. Cannot fail, runs no Python code.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: Behind `prepare`; the transaction is open, and each operation is copied before it is done.
    unsafe {
        let mut index = 0;
        while let Some(written) = cx.txn().rare().ordereds.get(index) {
            let object = written.object;
            let mut at = 0;
            while let Some(step) = cx.txn().rare().ordereds[index].steps.get(at).copied() {
                perform(object, step);
                at += 1;
            }
            index += 1;
        }
    }
}

unsafe fn perform(object: *mut PyObject, step: Step) {
    // SAFETY: By the caller: key and value are alive.
    unsafe {
        for _attempt in 0..3 {
            let set = !step.sets || own::set(object, step.key, step.value);
            let done = set
                && match step.deed {
                    Deed::Replace | Deed::Insert => true,
                    Deed::ToEnd => own::move_to_end(object, step.key, true),
                    Deed::ToFront => own::move_to_end(object, step.key, false),
                    Deed::Delete => own::delete(object, step.key),
                    Deed::Clear => own::clear(object),
                };
            if done {
                return;
            }
            PyErr_Clear();
        }
        Py_FatalError(c"pyrust: out of memory between two writes of a commit".as_ptr());
    }
}

/// What it would be after the commit: a new one, or none if nothing was written.
pub(crate) unsafe fn would_be(ordereds: &Ordereds, object: *mut PyObject) -> R<Option<*mut PyObject>> {
    let Some(written) = ordereds.iter().find(|written| ptr::eq(written.object, object)) else {
        return Ok(None);
    };
    // SAFETY: Inside of an inspector; the new one is nobody else's.
    unsafe {
        let copy = own::make();
        if copy.is_null() {
            return no_memory();
        }
        let mut node = raw(object).first;
        while !node.is_null() {
            let entry = entry_of(object, (*node).hash, (*node).key);
            // Python code would have to hash or compare the keys.
            if !hashes_quietly((*node).key) || !entry.is_some_and(|e| own::set(copy, (*node).key, e.value)) {
                PyErr_Clear();
                Py_DECREF(copy);
                return bail(Bail::Unsupported);
            }
            node = (*node).next;
        }
        written.steps.iter().for_each(|step| perform(copy, *step));
        Ok(Some(copy))
    }
}

/// All that were written to.
pub(crate) fn written(ordereds: &Ordereds) -> impl Iterator<Item = *mut PyObject> {
    ordereds.iter().map(|written| written.object)
}
