//! Exceptions of the program's own classes: `class NotFound(Exception): pass`, raised and caught inside.
//!
//! Natively such an exception is the builtin class that it is derived from, the number of its own class, and that of the
//! object, where there is one. Handlers that name a builtin ask the first, handlers that name another class the second,
//! and those that read what they have caught the third. There is no object where nobody reads it, and no `__init__`.

use core::cell::RefCell;
use core::ptr;

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use crate::obj::Obj;
use crate::stop::{Bail, Exc, R, Stop, bail, mark};
use crate::txn::Cx;

/// The classes that were raised, held for good.
struct Classes(RefCell<Vec<*mut PyObject>>);

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Classes {}

static CLASSES: Classes = Classes(RefCell::new(Vec::new()));

/// So many are known: their numbers stand between those of objects and [`MANY`].
const MOST: usize = 1 << 10;

/// How many classes and objects a stop has numbers for: the class stands above the object.
const OBJECT_BITS: u32 = 18;
const OBJECTS: u32 = (1 << OBJECT_BITS) - 1;
/// Handlers have to ask the class itself: it stands below several builtin ones.
const MANY: u32 = 1 << 28;

/// `raise Class(…)`, of a class whose instances are made without Python code.
#[cold]
#[inline(never)]
pub fn raise_own(class: Obj) -> R<()> {
    let class = class.as_ptr();
    // SAFETY: The transaction keeps it alive.
    let Some(base) = (unsafe { plain_base(class) }) else { return bail(Bail::Unsupported) };
    // SAFETY: As above: a class.
    let number = unsafe { number_and_kind(class.cast(), base) }?;
    Err(mark(Stop::own(base, number)))
}

/// `raise object`, a new instance of a class of exceptions of the program's: the transaction keeps it, and looks when it
/// ends whether somebody else has it.
///
/// # Safety
/// The transaction keeps the object alive, which is an instance of a class below one of [`SIMPLE`].
pub(crate) unsafe fn raise_object(cx: Cx, object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller; a short borrow.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let Some(base) = base_of(class) else { return bail(Bail::Unsupported) };
        let number = number_and_kind(class, base)?;
        cx.look();
        let at = cx.txn().raised.keep(object, OBJECTS as usize)?;
        Err(mark(Stop::own(base, number | at)))
    }
}

/// The object that was raised, if there is one.
pub(crate) fn object_of(cx: Cx, stop: Stop) -> Option<Obj> {
    let at = stop.own_number()? & OBJECTS;
    // SAFETY: A short borrow.
    unsafe { cx.txn() }.raised.kept(at)
}

/// Does `except base:` catch an exception of a class below several builtin ones?
#[cold]
#[inline(never)]
pub(crate) fn is_below(stop: Stop, base: Exc) -> bool {
    let (Some(number), Some(class)) = (stop.own_number(), class_of(stop)) else { return false };
    // SAFETY: Both are classes, held for good.
    number & MANY != 0
        && unsafe { ffi::PyType_IsSubtype(class.cast(), crate::caught::object(base).cast()) != 0 }
}

/// The number of a class below `base`, and whether that is the only builtin one.
///
/// # Safety
/// A live class.
unsafe fn number_and_kind(class: *mut PyTypeObject, base: Exc) -> R<u32> {
    // SAFETY: By the caller.
    unsafe {
        let many = if stands_below_one(class, base) { 0 } else { MANY };
        Ok(number_of(class)? << OBJECT_BITS | many)
    }
}

/// The number of a class.
///
/// # Safety
/// A live class.
unsafe fn number_of(class: *mut PyTypeObject) -> R<u32> {
    let class = class.cast::<PyObject>();
    let mut known = CLASSES.0.borrow_mut();
    let number = match known.iter().position(|c| ptr::eq(*c, class)) {
        Some(number) => number,
        None if known.len() == MOST => return bail(Bail::Limit),
        None => {
            // SAFETY: By the caller; a reference of ours.
            known.push(unsafe { ffi::Py_NewRef(class) });
            known.len() - 1
        }
    };
    Ok(number as u32)
}

/// The builtin class that is meant, if it takes whatever it is given.
pub(crate) fn simple(class: *mut PyTypeObject) -> Option<Exc> {
    SIMPLE.iter().copied().find(|exc| ptr::eq(crate::caught::object(*exc).cast(), class))
}

/// The builtin class from which a class was made.
///
/// # Safety
/// A live class.
unsafe fn base_of(class: *mut PyTypeObject) -> Option<Exc> {
    // SAFETY: By the caller; a class holds the one that it was made from.
    unsafe {
        let mut at = class;
        while !at.is_null() && (*at).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
            at = (*at).tp_base;
        }
        simple(at)
    }
}

/// Are all builtin classes above it this one and those above this one?
///
/// # Safety
/// A live class, below `base`.
unsafe fn stands_below_one(class: *mut PyTypeObject, base: Exc) -> bool {
    let root = crate::caught::object(base).cast::<PyTypeObject>();
    // SAFETY: By the caller: a ready class has a tuple of classes.
    unsafe {
        let order = (*class).tp_mro;
        !order.is_null()
            && (0..ffi::PyTuple_Size(order)).all(|at| {
                let above = ffi::PyTuple_GetItem(order, at).cast::<PyTypeObject>();
                (*above).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 || ffi::PyType_IsSubtype(root, above) != 0
            })
    }
}

/// The class of such an exception.
pub(crate) fn class_of(stop: Stop) -> Option<*mut PyObject> {
    let number = (stop.own_number()? & !MANY) >> OBJECT_BITS;
    CLASSES.0.borrow().get(number as usize).copied()
}

/// The builtin class from which a class was made, that adds nothing which Python would run: neither it nor one above it has
/// a method that makes, fills or ends instances.
///
/// # Safety
/// A live object.
unsafe fn plain_base(class: *mut PyObject) -> Option<Exc> {
    // SAFETY: By the caller; every access stands behind the test of the type. Classes hold those above them.
    unsafe {
        if ffi::PyExceptionClass_Check(class) == 0 {
            return None;
        }
        let own = class.cast::<PyTypeObject>();
        let order = (*own).tp_mro;
        let plain = !order.is_null()
            && (0..ffi::PyTuple_Size(order))
                .all(|at| ffi::Py_TYPE(ffi::PyTuple_GetItem(order, at)) == &raw mut ffi::PyType_Type);
        let base = base_of(own).filter(|_| plain)?;
        let ty = crate::caught::object(base).cast::<PyTypeObject>();
        let same = (*own).tp_new.map(|f| f as usize) == (*ty).tp_new.map(|f| f as usize)
            && (*own).tp_init.map(|f| f as usize) == (*ty).tp_init.map(|f| f as usize)
            && (*own).tp_alloc.map(|f| f as usize) == (*ty).tp_alloc.map(|f| f as usize)
            && (*own).tp_finalize.is_none()
            && (*own).tp_del.is_none();
        // One of the builtins itself has a name of its own here.
        (same && !ptr::eq(own, ty)).then_some(base)
    }
}

/// Builtins that take whatever arguments they are given, and do nothing with them.
const SIMPLE: &[Exc] = &[
    Exc::BaseException,
    Exc::Exception,
    Exc::ArithmeticError,
    Exc::OverflowError,
    Exc::ZeroDivisionError,
    Exc::AssertionError,
    Exc::BufferError,
    Exc::EOFError,
    Exc::LookupError,
    Exc::IndexError,
    Exc::KeyError,
    Exc::RuntimeError,
    Exc::NotImplementedError,
    Exc::TypeError,
    Exc::ValueError,
];
