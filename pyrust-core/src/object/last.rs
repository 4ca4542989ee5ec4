//! Attributes that are written last in a call: see `txn::last`.

use pyo3_ffi::{Py_REFCNT, Py_TYPE, PyObject, PyType_IS_GC};

use super::{Attribute, Instance, OfObjectClass, set, set_generic};
use crate::py::IntoPy;
use crate::stop::R;
use crate::txn::Cx;
use crate::txn::last::{self, Given};

/// `object.name = value`
#[inline(always)]
pub fn set_last<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
    given: Given,
) -> R<()> {
    // What does not last may leave something in the transaction when it becomes an object.
    if !(T::LASTS && cx.ends_here()) {
        return set(cx, object, name, value);
    }
    // SAFETY: The transaction keeps the object alive; the slot is its own, and no dict's.
    unsafe {
        let slot = name.slot_to_write(object.as_ptr());
        if slot.is_null() || (*slot).is_null() || !last::dies_here(*slot) {
            return set_first_last(cx, object, name, value, given);
        }
        store(cx, slot, value, given)
    }
}

/// [`set_last`], where the place is not known yet.
#[cold]
#[inline(never)]
fn set_first_last<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
    given: Given,
) -> R<()> {
    name.is_writable(cx, C::CLASS)?;
    set_generic_last(cx, object, name, value, given)
}

/// `object.__setattr__(instance, name, value)`
#[inline]
pub fn set_generic_last<C: OfObjectClass, T: IntoPy>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Attribute,
    value: T,
    given: Given,
) -> R<()> {
    if !(T::LASTS && cx.ends_here()) {
        return set_generic(cx, object, name, value);
    }
    // SAFETY: As above; a dict is told of what the collector has to know.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if slot.is_null() || (*slot).is_null() || !last::dies_here(*slot) {
            return set_generic(cx, object, name, value);
        }
        store(cx, slot, value, given)?;
        if PyType_IS_GC(Py_TYPE(*slot)) != 0 {
            name.tell_collector(object.as_ptr(), *slot);
        }
    }
    Ok(())
}

/// Rewrites what is in the place, or puts another object there.
///
/// # Safety
/// A place of a live instance that holds an object, of which [`last::dies_here`] holds.
#[inline(always)]
unsafe fn store<T: IntoPy>(cx: Cx, slot: *mut *mut PyObject, value: T, given: Given) -> R<()> {
    // SAFETY: By the caller. What is rewritten is referenced by the place alone.
    unsafe {
        let alone = Py_REFCNT(*slot) == 1 && !cx.txn().objects_seen;
        if !(alone && value.rewrite(*slot)) {
            last::put(slot, cx.boxed_last(value, given)?);
        }
    }
    Ok(())
}
