//! Classes whose instances a `__new__` of the program makes.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::{self as ffi, PyTypeObject};

use super::{Attribute, Instance, Method, OfObjectClass};
use crate::boundary::attributes;
use crate::function::Callable;
use crate::obj::Obj;
use crate::py::{FromPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

fn class_of<C: OfObjectClass>() -> R<*mut PyTypeObject> {
    let class = C::CLASS.class();
    if class.is_null() { bail(Bail::Guard) } else { Ok(class) }
}

/// The class as a value.
pub fn class_value<C: OfObjectClass>(cx: Cx) -> R<Callable> {
    // SAFETY: The class is held for good.
    unsafe { Callable::from_py(cx, class_of::<C>()?.cast()) }
}

/// What a class was called in the transaction that asked last.
pub struct ClassName {
    name: &'static str,
    found: Cell<u64>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for ClassName {}

impl ClassName {
    pub const fn new(name: &'static str) -> ClassName {
        ClassName { name, found: Cell::new(0) }
    }
}

/// Bails unless `C.__name__` is that name.
#[inline]
pub fn is_named<C: OfObjectClass>(cx: Cx, name: &'static ClassName) -> R<()> {
    if name.found.get() == cx.number() { Ok(()) } else { name_again(cx, class_value::<C>(cx)?, name) }
}

#[cold]
fn name_again(cx: Cx, class: Callable, name: &'static ClassName) -> R<()> {
    let found = class.class_name()?;
    if !found.is_ascii() || found.raw() != name.name.as_bytes() {
        return bail(Bail::Guard);
    }
    name.found.set(cx.number());
    Ok(())
}

/// `class.name`, where that is the class `C`.
pub fn of_class<C: OfObjectClass, T: FromPy>(cx: Cx, class: Callable, name: &'static Attribute) -> R<T> {
    let own = class_of::<C>()?;
    // SAFETY: The class is held for good, and holds its attributes. `type` has nothing under that name, and only
    // descriptors would be asked.
    unsafe {
        if !class.is_object(own.cast())
            || ffi::Py_TYPE(own.cast()) != &raw mut ffi::PyType_Type
            || cx.has_assigned_in_class() && cx.may_have_assigned(name.text()?)
        {
            return bail(Bail::Guard);
        }
        name.found_in(cx, C::CLASS, own)?;
        T::from_py(cx, name.of_class()?)
    }
}

/// Bails unless calling the class calls the `__new__` that was compiled.
#[inline]
pub fn calls_new<C: OfObjectClass>(cx: Cx, known: &'static Method) -> R<()> {
    if !C::CLASS.is_called_plainly() {
        return bail(Bail::Guard);
    }
    known.check_class(cx, C::CLASS)
}

/// Bails unless `__init__` is that of `object`, which does nothing where the class has a `__new__`.
pub fn has_no_init<C: OfObjectClass>() -> R<()> {
    if C::CLASS.has_plain_init() { Ok(()) } else { bail(Bail::Guard) }
}

/// Bails unless the class `D` is below `C`, or unless it is not, as the text of the program says.
pub fn stays_below<D: OfObjectClass, C: OfObjectClass>(below: bool) -> R<()> {
    let (own, class) = (class_of::<D>()?, class_of::<C>()?);
    // SAFETY: Both are held for good.
    match unsafe { ffi::PyType_IsSubtype(own, class) != 0 } == below {
        true => Ok(()),
        false => bail(Bail::Guard),
    }
}

/// Bails if the object is an instance of the class, so that an `__init__` would be asked for.
pub fn is_no_instance<C: OfObjectClass>(object: Obj) -> R<()> {
    let class = class_of::<C>()?;
    // SAFETY: The transaction keeps the object alive, and the object its class.
    match unsafe { ffi::PyType_IsSubtype(ffi::Py_TYPE(object.as_ptr()), class) } {
        0 => Ok(()),
        _ => bail(Bail::Type),
    }
}

/// Bails unless the value is the class `C`.
pub fn is_itself<C: OfObjectClass>(class: Callable) -> R<()> {
    if class.is_object(class_of::<C>()?.cast()) { Ok(()) } else { bail(Bail::Guard) }
}

/// `object.__new__(class)`, where that is the class `C`.
pub fn allocate<C: OfObjectClass>(cx: Cx, class: Callable) -> R<Instance<C>> {
    cx.before_tracked();
    let own = class_of::<C>()?;
    if !class.is_object(own.cast()) || !C::CLASS.is_allocated_plainly() {
        return bail(Bail::Guard);
    }
    // SAFETY: The class was found to be one of those that `object.__new__` takes, which runs no Python code; the new
    // reference is given to the transaction.
    unsafe {
        let object = &raw const ffi::PyBaseObject_Type;
        let Some(new) = (*object).tp_new else { return bail(Bail::Guard) };
        // The one empty tuple.
        let arguments = fresh(ffi::PyTuple_New(0))?;
        let made = new(own, arguments, ptr::null_mut());
        ffi::Py_DECREF(arguments);
        let made = cx.adopt(made)?;
        attributes::register_fresh(cx, made.as_ptr(), false);
        Ok(Instance::of(made))
    }
}
