//! Objects of the module `collections`, made where native containers become Python's.

use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use pyo3_ffi::{
    Py_DECREF, Py_INCREF, Py_None, Py_TPFLAGS_IMMUTABLETYPE, Py_TYPE, PyBool_Type, PyDict_Copy, PyDict_Size,
    PyDict_Type, PyDict_Update, PyErr_Clear, PyFloat_Type, PyList_Type, PyLong_Type, PyObject, PyObject_Call,
    PyObject_CallNoArgs, PyObject_GenericGetDict, PyObject_SetAttrString, PySet_Type, PyTuple_New,
    PyTuple_SetItem, PyTuple_Type, PyType_Check, PyTypeObject, PyUnicode_Type,
};

use crate::boundary::layout;
use crate::peek::{attribute_or_none, globals_of, known_item};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::words::is_library_counter;

/// Is it the class of the C module `_collections` with that full name?
unsafe fn is_c_class(class: *mut PyTypeObject, name: &CStr, seen: &AtomicPtr<PyTypeObject>) -> bool {
    if ptr::eq(seen.load(Ordering::Relaxed), class) {
        return true;
    }
    // SAFETY: A live class, by the caller.  One that cannot change was made in C, and lives as long as the interpreter.
    unsafe {
        let known =
            (*class).tp_flags & Py_TPFLAGS_IMMUTABLETYPE != 0 && CStr::from_ptr((*class).tp_name) == name;
        if known {
            seen.store(class, Ordering::Relaxed);
        }
        known
    }
}

/// `type(object) is defaultdict`
///
/// # Safety
/// The object is alive.
#[inline]
pub(crate) unsafe fn is_defaultdict(object: *mut PyObject) -> bool {
    static SEEN: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: By the caller.
    unsafe { is_c_class(Py_TYPE(object), c"collections.defaultdict", &SEEN) }
}

/// `type(object) is deque`
///
/// # Safety
/// The object is alive.
#[inline]
pub(crate) unsafe fn is_deque(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { is_c_class(Py_TYPE(object), c"collections.deque", &DEQUE) }
}

static DEQUE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// `type(object) is Counter`, and that class is as CPython has it.
///
/// # Safety
/// The object is alive.
#[inline]
pub(crate) unsafe fn is_counter(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { is_library_counter(Py_TYPE(object).cast()) }
}

/// Has the object no attributes of its own?
///
/// # Safety
/// An object with a dict for them.
pub(crate) unsafe fn has_no_attributes(cx: Cx, object: *mut PyObject) -> bool {
    cx.before_tracked();
    // SAFETY: By the caller; an empty dict may be made for it, which nobody sees.
    unsafe {
        let dict = PyObject_GenericGetDict(object, ptr::null_mut());
        if dict.is_null() {
            PyErr_Clear();
            return false;
        }
        let none = PyDict_Size(dict) == 0;
        Py_DECREF(dict);
        none
    }
}

/// What the factory of a `defaultdict` makes, where that is a class whose empty instance runs no Python code; a new
/// reference, or none where there is no factory.
///
/// # Safety
/// An exact `defaultdict`.
pub(crate) unsafe fn made_by_factory(cx: Cx, object: *mut PyObject) -> R<Option<*mut PyObject>> {
    cx.before_tracked();
    // SAFETY: The class is C's, and so is the attribute; the classes that are called are compared before.
    unsafe {
        let Some(factory) = attribute_or_none(object, c"default_factory") else { return bail(Bail::Guard) };
        let factory = factory.ptr();
        if ptr::eq(factory, Py_None()) {
            return Ok(None);
        }
        if PyType_Check(factory) == 0 {
            return bail(Bail::Callback);
        }
        let known = [
            &raw mut PyLong_Type,
            &raw mut PyFloat_Type,
            &raw mut PyBool_Type,
            &raw mut PyUnicode_Type,
            &raw mut PyList_Type,
            &raw mut PyDict_Type,
            &raw mut PySet_Type,
            &raw mut PyTuple_Type,
        ];
        if known.iter().any(|class| ptr::eq(class.cast::<PyObject>(), factory))
            || is_c_class(factory.cast(), c"collections.deque", &DEQUE)
        {
            let made = PyObject_CallNoArgs(factory);
            if made.is_null() {
                PyErr_Clear();
                return bail(Bail::Memory);
            }
            return Ok(Some(made));
        }
        if is_library_counter(factory) { counter(cx).map(Some) } else { bail(Bail::Callback) }
    }
}

/// A dict of the same class with the same entries, or null with an error.
///
/// # Safety
/// A dict of one of the classes here, exactly.
pub(crate) unsafe fn same_class(dict: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller: the constructors, the attribute and the entries are C's.
    unsafe {
        if layout::is_dict(dict) {
            return PyDict_Copy(dict);
        }
        let class = Py_TYPE(dict);
        let (Some(new), args) = ((*class).tp_new, PyTuple_New(0)) else { return ptr::null_mut() };
        if args.is_null() {
            return ptr::null_mut();
        }
        let copy = new(class, args, ptr::null_mut());
        Py_DECREF(args);
        if copy.is_null() {
            return copy;
        }
        let factory = if is_defaultdict(dict) { attribute_or_none(dict, c"default_factory") } else { None };
        let name = c"default_factory".as_ptr();
        let kept = factory.is_none_or(|factory| PyObject_SetAttrString(copy, name, factory.ptr()) == 0);
        if !kept || PyDict_Update(copy, dict) != 0 {
            Py_DECREF(copy);
            return ptr::null_mut();
        }
        copy
    }
}

/// The class, borrowed: what the guards have seen is still there, since no Python code runs meanwhile.
unsafe fn class(module: &str, name: &str) -> R<*mut PyTypeObject> {
    // SAFETY: The GIL is held; look-ups of interned strings in exact dicts run no Python code.
    unsafe {
        let globals = globals_of(module);
        if globals.is_null() {
            return bail(Bail::Guard);
        }
        let class = known_item(globals, name);
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
