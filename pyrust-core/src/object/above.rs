//! What `super()` finds: the first class behind the one that a method stands in that has the name.

use core::cell::Cell;
use core::ptr;

use pyo3_ffi::*;

use super::based::Derived;
use super::class::{Functions, MethodKind, ObjectClass, wrapped};
use crate::own;
use crate::peek::known_item;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A `super().name` of a method, for instances of one class.
pub struct Above {
    name: &'static str,
    /// The method that says it.
    inside: &'static str,
    /// How a class holds the function, and where that is which was found to be the compiled one; nothing where it is
    /// what `object` has.
    found: Option<(MethodKind, &'static dyn Functions, usize)>,
    /// It is what the builtin class has from which the classes are derived.
    builtin: bool,
    /// The transaction in which that was found to be so.
    seen: Cell<u64>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Above {}

impl Above {
    pub const fn new(
        name: &'static str,
        inside: &'static str,
        found: Option<(MethodKind, &'static dyn Functions, usize)>,
    ) -> Above {
        Above { name, inside, found, builtin: false, seen: Cell::new(0) }
    }

    /// What no class has but the builtin one.
    pub const fn builtin(name: &'static str, inside: &'static str) -> Above {
        Above { name, inside, found: None, builtin: true, seen: Cell::new(0) }
    }

    #[inline]
    pub(super) fn check(&'static self, cx: Cx, of: &ObjectClass, class: &ObjectClass) -> R<()> {
        if self.seen.get() == cx.number() {
            return Ok(());
        }
        self.look(cx, of.class(), class.class())
    }

    #[cold]
    #[inline(never)]
    extern "C" fn look(&'static self, cx: Cx, of: *mut PyTypeObject, class: *mut PyTypeObject) -> R<()> {
        if of.is_null() || class.is_null() {
            return bail(Bail::Guard);
        }
        // SAFETY: Both classes are held for good, and hold their order and dicts; types are tested before their layout
        // is relied on.
        unsafe {
            // Otherwise the class was given.
            if !self.inside.is_empty() {
                is_in_cell(class, self.inside)?;
            }
            let derived = Derived::of(of);
            let builtin = if self.builtin { derived.class() } else { ptr::null_mut() };
            let found = behind(of, class, self.name, builtin)?;
            if self.builtin {
                if derived == Derived::Object || found != builtin.cast() {
                    return bail(Bail::Guard);
                }
                self.seen.set(cx.number());
                return Ok(());
            }
            let same = match self.found {
                None => found.is_null(),
                Some(_) if found.is_null() => false,
                Some((kind, space, slot)) => {
                    let function = match kind {
                        MethodKind::Static => wrapped(found, &raw mut PyStaticMethod_Type),
                        _ => found,
                    };
                    !function.is_null() && function == space.function(slot)
                }
            };
            if !same {
                return bail(Bail::Guard);
            }
        }
        self.seen.set(cx.number());
        Ok(())
    }
}

/// Bails unless the class is what its method asks: Python looks into the method's cell, in which it may be one that
/// another one has replaced.
///
/// # Safety
/// A live class.
unsafe fn is_in_cell(class: *mut PyTypeObject, inside: &str) -> R<()> {
    // SAFETY: By the caller; types are tested before their layout is relied on.
    unsafe {
        let mut method = known_item((*class).tp_dict, inside);
        // A `__new__`.
        if !method.is_null() && Py_TYPE(method) == &raw mut PyStaticMethod_Type {
            method = wrapped(method, &raw mut PyStaticMethod_Type);
        }
        if method.is_null() || Py_TYPE(method) != &raw mut PyFunction_Type {
            return bail(Bail::Guard);
        }
        let closure = PyFunction_GetClosure(method);
        if closure.is_null() || PyTuple_Size(closure) != 1 {
            return bail(Bail::Guard);
        }
        let cell = PyTuple_GetItem(closure, 0);
        if Py_TYPE(cell) != &raw mut PyCell_Type
            || (*cell.cast::<PyCellObject>()).ob_ref != class.cast::<PyObject>()
        {
            return bail(Bail::Guard);
        }
        Ok(())
    }
}

/// What the first class behind `class` in the order of `of` has under the name; null where only `object` may have it. `builtin`
/// itself where the search gets there.
///
/// # Safety
/// Two live classes, and one more or null.
unsafe fn behind(
    of: *mut PyTypeObject,
    class: *mut PyTypeObject,
    name: &str,
    builtin: *mut PyTypeObject,
) -> R<*mut PyObject> {
    // SAFETY: By the caller: a ready class has a tuple of classes.
    unsafe {
        let order = (*of).tp_mro;
        let count = if order.is_null() { 0 } else { PyTuple_Size(order) };
        let above = |at: Py_ssize_t| PyTuple_GetItem(order, at).cast::<PyTypeObject>();
        let Some(own) = (0..count).find(|at| above(*at) == class) else { return bail(Bail::Guard) };
        for at in own + 1..count {
            let ty = above(at);
            if ty == &raw mut PyBaseObject_Type {
                return Ok(ptr::null_mut());
            }
            // Those made by `class` have dicts of their own.
            if ty == builtin {
                return Ok(ty.cast());
            }
            // Each of these has an `__init__`, which is that of all of them.
            if !builtin.is_null() && own::simple(ty).is_some() && own::simple(builtin).is_some() {
                return Ok(builtin.cast());
            }
            if (*ty).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 || (*ty).tp_dict.is_null() {
                return bail(Bail::Guard);
            }
            let found = known_item((*ty).tp_dict, name);
            if !found.is_null() {
                return Ok(found);
            }
        }
        bail(Bail::Guard)
    }
}
