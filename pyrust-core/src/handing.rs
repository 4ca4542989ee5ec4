//! Iterators that are handed out to Python: made by the very type, from the very operands.

use core::ptr;

use pyo3_ffi::{self as ffi, PyObject};

use crate::obj::Obj;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// Most operands that one call takes.
const OPERANDS: usize = 16;

/// How the type takes its operands.
#[derive(Clone, Copy)]
pub struct HandOut {
    /// It goes through them at once.
    pub whole: bool,
    /// Its class method `from_iterable` is meant.
    pub from_iterable: bool,
}

/// What the C type `callable` makes of these operands; the last ones have names. Beside each stands whether it may be any
/// object. Whatever could run Python code bails.
pub fn hand_out(cx: Cx, callable: Obj, operands: &[(Obj, bool)], names: &[&str], how: HandOut) -> R<Obj> {
    if operands.len() > OPERANDS || names.len() > operands.len() || !made_in_c(callable) {
        return bail(Bail::Unsupported);
    }
    {
        // SAFETY: A short borrow.
        let txn = unsafe { cx.txn() };
        // What is held back is not in the objects yet.
        let dicts = txn.dicts.is_empty() && txn.rare_as_it_is().has_no_ordereds();
        let pending = !(dicts && txn.rare_as_it_is().sets.is_empty());
        if pending || (how.whole && !txn.lists.is_empty()) {
            return bail(Bail::Unsupported);
        }
    }
    if !operands.iter().all(|(object, any)| *any || runs_nothing(*object, how.whole)) {
        return bail(Bail::Type);
    }
    let mut list = [ptr::null_mut(); OPERANDS];
    for (place, (object, _)) in list.iter_mut().zip(operands) {
        *place = object.as_ptr();
    }
    let positional = operands.len() - names.len();
    cx.before_tracked();
    // SAFETY: The operands are alive; the type is C's own and looks at nothing but operands of C's types, so no Python
    // code runs. What the calls return is owned here.
    unsafe {
        let named = match names.is_empty() {
            true => ptr::null_mut(),
            false => tuple_of(names)?,
        };
        let made = match how.from_iterable {
            false => ffi::PyObject_Vectorcall(callable.as_ptr(), list.as_ptr(), positional, named),
            true => {
                let method = ffi::PyObject_GetAttrString(callable.as_ptr(), c"from_iterable".as_ptr());
                if method.is_null() {
                    ptr::null_mut()
                } else {
                    let made = ffi::PyObject_Vectorcall(method, list.as_ptr(), positional, named);
                    ffi::Py_DECREF(method);
                    made
                }
            }
        };
        if !named.is_null() {
            ffi::Py_DECREF(named);
        }
        if made.is_null() {
            // An exception: Python raises it.
            ffi::PyErr_Clear();
            return bail(Bail::Unsupported);
        }
        Obj::made(cx, made)
    }
}

/// The names of keyword arguments.
///
/// # Safety
/// The GIL is held.
unsafe fn tuple_of(names: &[&str]) -> R<*mut PyObject> {
    // SAFETY: By the caller; a failed call leaves nothing behind.
    unsafe {
        let tuple = ffi::PyTuple_New(names.len() as isize);
        if tuple.is_null() {
            return crate::txn::no_memory();
        }
        for (i, name) in names.iter().enumerate() {
            let text = ffi::PyUnicode_FromStringAndSize(name.as_ptr().cast(), name.len() as isize);
            if text.is_null() {
                ffi::Py_DECREF(tuple);
                return crate::txn::no_memory();
            }
            ffi::PyTuple_SET_ITEM(tuple, i as isize, text);
        }
        Ok(tuple)
    }
}

/// A type, or a function, that no Python code can have changed.
fn made_in_c(callable: Obj) -> bool {
    let object = callable.as_ptr();
    // SAFETY: The object is alive; a type object is looked at as such.
    unsafe {
        if ffi::PyCFunction_Check(object) != 0 {
            return true;
        }
        ffi::Py_TYPE(object) == &raw mut ffi::PyType_Type
            && ffi::PyType_GetFlags(object.cast()) & ffi::Py_TPFLAGS_IMMUTABLETYPE != 0
    }
}

/// Does going to its iterator run no Python code; and, where it is gone through, that neither?
fn runs_nothing(object: Obj, whole: bool) -> bool {
    let object = object.as_ptr();
    // SAFETY: The object is alive.
    unsafe {
        let kind = ffi::Py_TYPE(object);
        let plain = [
            &raw mut ffi::PyList_Type,
            &raw mut ffi::PyTuple_Type,
            &raw mut ffi::PyDict_Type,
            &raw mut ffi::PySet_Type,
            &raw mut ffi::PyFrozenSet_Type,
            &raw mut ffi::PyUnicode_Type,
            &raw mut ffi::PyBytes_Type,
            &raw mut ffi::PyByteArray_Type,
            &raw mut ffi::PyRange_Type,
            &raw mut ffi::PyLong_Type,
            &raw mut ffi::PyFloat_Type,
            &raw mut ffi::PyBool_Type,
        ];
        if plain.contains(&kind) || ffi::Py_IsNone(object) != 0 {
            return true;
        }
        // An iterator of C's is its own iterator.
        !whole
            && ffi::PyIter_Check(object) != 0
            && ffi::PyType_GetFlags(kind) & ffi::Py_TPFLAGS_IMMUTABLETYPE != 0
            && (*kind).tp_iter.map(|f| f as usize) == Some(ffi::PyObject_SelfIter as *const () as usize)
    }
}
