//! Objects of the module `collections`, made where native containers become Python's.

use core::ptr;

use pyo3_ffi::{
    Py_DECREF, Py_INCREF, PyErr_Clear, PyImport_GetModuleDict, PyObject, PyObject_Call, PyTuple_New,
    PyTuple_SetItem, PyType_Check, PyTypeObject,
};

use crate::activate::object::known_item;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// The class, borrowed: what the guards have seen is still there, since no Python code runs meanwhile.
unsafe fn class(module: &str, name: &str) -> R<*mut PyTypeObject> {
    // SAFETY: The GIL is held; look-ups of interned strings in exact dicts run no Python code.
    unsafe {
        let module = known_item(PyImport_GetModuleDict(), module);
        if module.is_null() || pyo3_ffi::PyModule_Check(module) == 0 {
            return bail(Bail::Guard);
        }
        let class = known_item(pyo3_ffi::PyModule_GetDict(module), name);
        if class.is_null() || PyType_Check(class) == 0 {
            return bail(Bail::Guard);
        }
        Ok(class.cast())
    }
}

/// An instance of a class of the C module `_collections`.
///
/// # Safety
/// The arguments are alive and exact builtins, with which the constructor runs no Python code.
pub(crate) unsafe fn call(cx: Cx, name: &str, args: &[*mut PyObject]) -> R<*mut PyObject> {
    cx.before_tracked();
    // SAFETY: By the caller; the tuple takes over the references that are made here.
    unsafe {
        let class = class("_collections", name)?;
        let tuple = PyTuple_New(args.len() as isize);
        if tuple.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        for (at, arg) in args.iter().enumerate() {
            Py_INCREF(*arg);
            PyTuple_SetItem(tuple, at as isize, *arg);
        }
        let object = PyObject_Call(class.cast(), tuple, ptr::null_mut());
        Py_DECREF(tuple);
        if object.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        Ok(object)
    }
}

/// An empty `Counter`: as `dict.__new__` makes it, so that no Python code runs.
pub(crate) fn counter(cx: Cx) -> R<*mut PyObject> {
    cx.before_tracked();
    // SAFETY: The guards have seen that the class has no `__new__` of its own.
    unsafe {
        let class = class("collections", "Counter")?;
        let (Some(new), args) = ((*class).tp_new, PyTuple_New(0)) else { return bail(Bail::Guard) };
        if args.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        let object = new(class, args, ptr::null_mut());
        Py_DECREF(args);
        if object.is_null() {
            PyErr_Clear();
            return bail(Bail::Memory);
        }
        Ok(object)
    }
}

/// The type with that name: a builtin one, or `collections.name`.
pub(crate) fn factory(name: &str) -> R<*mut PyObject> {
    match name.strip_prefix("collections.") {
        // SAFETY: The GIL is held.
        Some("Counter") => unsafe { class("collections", "Counter").map(|class| class.cast()) },
        // SAFETY: The GIL is held.
        Some(name) => unsafe { class("_collections", name).map(|class| class.cast()) },
        None => builtin(name),
    }
}

/// The builtin type with that name.
pub(crate) fn builtin(name: &str) -> R<*mut PyObject> {
    // SAFETY: The GIL is held.
    unsafe { class("builtins", name).map(|class| class.cast()) }
}
