//! Exceptions of the program's own classes: `class NotFound(Exception): pass`, raised and caught inside.
//!
//! Natively such an exception is the builtin class that it is derived from and the number of its own class. Handlers that
//! name a builtin ask the first, handlers that name another class the second. Nobody can see the object: a handler that
//! reads it bails, and so does one that leaves native code.

use core::cell::RefCell;
use core::ptr;

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use crate::obj::Obj;
use crate::stop::{Bail, Exc, R, Stop, bail, mark};

/// The classes that were raised, held for good.
struct Classes(RefCell<Vec<*mut PyObject>>);

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Classes {}

static CLASSES: Classes = Classes(RefCell::new(Vec::new()));

/// So many are known.
const MOST: usize = 1 << 10;

/// `raise Class(…)`, of a class whose instances are made without Python code.
#[cold]
#[inline(never)]
pub fn raise_own(class: Obj) -> R<()> {
    let class = class.as_ptr();
    // SAFETY: The transaction keeps it alive.
    let Some(base) = (unsafe { plain_base(class) }) else { return bail(Bail::Unsupported) };
    let mut known = CLASSES.0.borrow_mut();
    let number = match known.iter().position(|c| ptr::eq(*c, class)) {
        Some(number) => number,
        None if known.len() == MOST => return bail(Bail::Limit),
        None => {
            // SAFETY: As above; a reference of ours.
            known.push(unsafe { ffi::Py_NewRef(class) });
            known.len() - 1
        }
    };
    Err(mark(Stop::own(base, number as u32)))
}

/// The class of such an exception.
pub(crate) fn class_of(stop: Stop) -> Option<*mut PyObject> {
    let number = stop.own_number()?;
    CLASSES.0.borrow().get(number as usize).copied()
}

/// The builtin class that a class adds nothing to which Python would run: each has one base, and none a method that
/// makes, fills or ends instances.
///
/// # Safety
/// A live object.
unsafe fn plain_base(class: *mut PyObject) -> Option<Exc> {
    // SAFETY: By the caller; every access stands behind the test of the type. Classes hold their bases.
    unsafe {
        if ffi::PyExceptionClass_Check(class) == 0 {
            return None;
        }
        let own = class.cast::<PyTypeObject>();
        let mut ty = own;
        while (*ty).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
            let bases = (*ty).tp_bases;
            let single =
                !bases.is_null() && ffi::PyTuple_CheckExact(bases) != 0 && ffi::PyTuple_Size(bases) == 1;
            if !single || ffi::Py_TYPE(ty.cast()) != &raw mut ffi::PyType_Type {
                return None;
            }
            ty = ffi::PyTuple_GetItem(bases, 0).cast();
        }
        let base = SIMPLE.iter().copied().find(|exc| ptr::eq(crate::caught::object(*exc).cast(), ty))?;
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
