//! Instances of classes that are derived from `list` or `dict`: as the builtin class has them.
//!
//! The object is a list or a dict for C, whatever the class has besides. Which of the builtin class's methods it has left as
//! they are the class is asked whenever its version moves: an operation runs natively where those are, that Python would call.

use core::ptr::NonNull;

use pyo3_ffi::*;

use super::Instance;
use super::above::Above;
use super::class::{ObjectClass, OfObjectClass, inherited};
use super::place::Attribute;
use crate::boundary::layout;
use crate::caught;
use crate::dict::PDict;
use crate::list::PList;
use crate::own;
use crate::peek::interned;
use crate::py::FromPy;
use crate::stop::{Bail, Exc, R, bail};
use crate::txn::Cx;

/// The builtin class from which a class is derived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Derived {
    Object,
    List,
    Dict,
    /// One of exceptions that takes whatever it is given, and keeps it.
    Exception(Exc),
}

impl Derived {
    /// What stands below the last class that a `class` statement made; `object` where that is another one.
    ///
    /// # Safety
    /// A live class.
    pub(super) unsafe fn of(class: *mut PyTypeObject) -> Derived {
        // SAFETY: By the caller; a class holds the one that it was made from.
        unsafe {
            let mut at = class;
            while !at.is_null() && (*at).tp_flags & Py_TPFLAGS_HEAPTYPE != 0 {
                at = (*at).tp_base;
            }
            match at {
                at if at == &raw mut PyList_Type => Derived::List,
                at if at == &raw mut PyDict_Type => Derived::Dict,
                at => own::simple(at).map_or(Derived::Object, Derived::Exception),
            }
        }
    }

    pub(super) fn class(self) -> *mut PyTypeObject {
        match self {
            Derived::Object => &raw mut PyBaseObject_Type,
            Derived::List => &raw mut PyList_Type,
            Derived::Dict => &raw mut PyDict_Type,
            Derived::Exception(exc) => caught::object(exc).cast(),
        }
    }
}

/// What a class may have left as the builtin class has it: one bit for each of [`NAMES`].
#[derive(Clone, Copy)]
pub struct Inherited(u64);

const NAMES: &[&str] = &[
    "__len__",
    "__iter__",
    "__length_hint__",
    "__reversed__",
    "__getitem__",
    "__missing__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__bool__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__add__",
    "__radd__",
    "__mul__",
    "__rmul__",
    "__or__",
    "__ror__",
    "append",
    "clear",
    "copy",
    "count",
    "extend",
    "index",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
    "get",
    "items",
    "keys",
    "popitem",
    "setdefault",
    "update",
    "values",
];

impl Inherited {
    pub const NOTHING: Inherited = Inherited(0);
    pub const LEN: Inherited = Inherited::all(&["__len__"]);
    pub const EACH: Inherited = Inherited::all(&["__iter__"]);
    pub const ITER: Inherited = Inherited::all(&["__iter__", "__len__", "__length_hint__"]);
    pub const REVERSED: Inherited = Inherited::all(&["__reversed__", "__len__", "__length_hint__"]);
    pub const GET: Inherited = Inherited::all(&["__getitem__", "__missing__"]);
    pub const FOUND: Inherited = Inherited::all(&["__getitem__"]);
    pub const SET: Inherited = Inherited::all(&["__setitem__", "__delitem__"]);
    pub const CHANGED: Inherited =
        Inherited::all(&["__getitem__", "__missing__", "__setitem__", "__delitem__"]);
    pub const IN: Inherited = Inherited::all(&["__contains__"]);
    pub const TRUTH: Inherited = Inherited::all(&["__bool__", "__len__"]);
    pub const COMPARED: Inherited =
        Inherited::all(&["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"]);
    pub const JOINED: Inherited =
        Inherited::all(&["__add__", "__radd__", "__mul__", "__rmul__", "__or__", "__ror__"]);

    const fn all(names: &[&str]) -> Inherited {
        let (mut bits, mut i) = (0, 0);
        while i < names.len() {
            bits |= Inherited::method(names[i]).0;
            i += 1;
        }
        Inherited(bits)
    }

    /// One that is called by its name. No class has kept what is none of them.
    pub const fn method(name: &str) -> Inherited {
        let mut i = 0;
        while i < NAMES.len() {
            if layout::same(NAMES[i], name) {
                return Inherited(1 << i);
            }
            i += 1;
        }
        Inherited(1 << 63)
    }

    /// What a class has as the one from which it is derived.
    ///
    /// # Safety
    /// A live class, derived from that one.
    pub(super) unsafe fn of_class(class: *mut PyTypeObject, derived: Derived) -> Inherited {
        let mut bits = 0;
        if derived == Derived::Object {
            return Inherited(bits);
        }
        for (i, name) in NAMES.iter().enumerate() {
            // SAFETY: By the caller; an interned text, or null where memory is short.
            unsafe {
                let name = interned(name);
                if !name.is_null() && inherited(class, name) == inherited(derived.class(), name) {
                    bits |= 1 << i;
                }
                Py_XDECREF(name);
            }
        }
        Inherited(bits)
    }

    #[inline(always)]
    fn has(self, all: Inherited) -> bool {
        self.0 & all.0 == all.0
    }
}

/// A handle on what the builtin class has of an object.
pub trait Opened: Copy {
    #[doc(hidden)]
    fn is_of(class: &ObjectClass, kept: Inherited) -> bool;

    /// # Safety
    /// A live instance of a class of which [`Opened::is_of`] is true.
    #[doc(hidden)]
    unsafe fn open(object: NonNull<PyObject>) -> Self;
}

impl<T: FromPy> Opened for PList<T> {
    #[inline(always)]
    fn is_of(class: &ObjectClass, kept: Inherited) -> bool {
        let (derived, has) = class.derived();
        derived == Derived::List && has.has(kept)
    }

    #[inline(always)]
    unsafe fn open(object: NonNull<PyObject>) -> Self {
        // SAFETY: By the caller: an instance begins as a list does, and its class does not change what C makes of it.
        unsafe { PList::of_object(object.as_ptr()) }
    }
}

impl<K, V> Opened for PDict<K, V> {
    #[inline(always)]
    fn is_of(class: &ObjectClass, kept: Inherited) -> bool {
        let (derived, has) = class.derived();
        derived == Derived::Dict && has.has(kept)
    }

    #[inline(always)]
    unsafe fn open(object: NonNull<PyObject>) -> Self {
        // SAFETY: By the caller, as for lists.
        unsafe { PDict::of_object(object) }
    }
}

/// The object as the builtin class has it, if its class has kept what is named.
#[inline(always)]
pub fn opened<C: OfObjectClass, B: Opened>(_: Cx, object: Instance<C>, kept: Inherited) -> R<B> {
    if !B::is_of(C::CLASS, kept) {
        return bail(Bail::Guard);
    }
    // SAFETY: Just asked; the transaction keeps the object alive.
    Ok(unsafe { B::open(object.object) })
}

/// The same for a method that the instance may hide.
#[inline(always)]
pub fn opened_for<C: OfObjectClass, B: Opened>(
    cx: Cx,
    object: Instance<C>,
    kept: Inherited,
    name: &'static Attribute,
) -> R<B> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let slot = name.slot(cx, C::CLASS, object.as_ptr())?;
        if !slot.is_null() && !(*slot).is_null() {
            return bail(Bail::Guard);
        }
    }
    opened(cx, object, kept)
}

/// The same for what `super()` finds in a method of `D`.
#[inline]
pub fn opened_above<C: OfObjectClass, D: OfObjectClass, B: Opened>(
    cx: Cx,
    object: Instance<C>,
    name: &'static Above,
) -> R<B> {
    name.check(cx, C::CLASS, D::CLASS)?;
    opened(cx, object, Inherited::NOTHING)
}
