//! Attributes that are written last in a call: see `txn::last`.

use pyo3_ffi::{Py_REFCNT, Py_TYPE, PyType_IS_GC};

use super::{Attribute, Instance, OfObjectClass, set_generic};
use crate::py::IntoPy;
use crate::stop::R;
use crate::txn::Cx;
use crate::txn::last::{self, Given};

/// `object.name = value`
#[inline]
pub fn set_last<C: OfObjectClass, T: IntoPy>(
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
    // What does not last may leave something in the transaction when it becomes an object.
    if !(T::LASTS && cx.ends_here()) {
        return set_generic(cx, object, name, value);
    }
    // SAFETY: The transaction keeps the object alive; the slot is its own. An object that is overwritten is referenced
    // by it alone.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if slot.is_null() || (*slot).is_null() || !last::dies_here(*slot) {
            return set_generic(cx, object, name, value);
        }
        let old = *slot;
        let alone = Py_REFCNT(old) == 1 && !cx.txn().objects_seen;
        if alone && value.rewrite(old) {
            return Ok(());
        }
        let value = cx.boxed_last(value, given)?;
        if PyType_IS_GC(Py_TYPE(value)) != 0 {
            name.tell_collector(object.as_ptr(), value);
        }
        last::put(slot, value);
    }
    Ok(())
}
