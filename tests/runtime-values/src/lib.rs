//! `pyrust_values.call(name, *args)`: runs one function of the runtime inside a transaction of its own.
//!
//! Returns `("ok", value)`, `("exc", class name)` or `("bail", reason)`. `names()` lists what can be called.

mod convert;
mod table;

use std::ffi::c_char;
use std::ptr::{self, null_mut};

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;
use pyrust_runtime::boundary::commit::{CallArgs, Outcome, Run, enter};

/// One callable function.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) arity: usize,
    pub(crate) run: Run,
}

unsafe extern "C" fn call(
    _: *mut PyObject,
    args: *mut *mut PyObject,
    nargs: ffi::Py_ssize_t,
) -> *mut PyObject {
    // SAFETY: called by CPython with `nargs` live arguments.
    unsafe {
        let mut size = 0;
        let name = if nargs > 0 { ffi::PyUnicode_AsUTF8AndSize(*args, &mut size) } else { ptr::null() };
        if name.is_null() {
            ffi::PyErr_SetString(ffi::PyExc_TypeError, c"the first argument is the name".as_ptr());
            return null_mut();
        }
        let name = std::slice::from_raw_parts(name.cast::<u8>(), size as usize);
        let Some(row) = table::ROWS.iter().find(|row| row.name.as_bytes() == name) else {
            ffi::PyErr_SetObject(ffi::PyExc_LookupError, *args);
            return null_mut();
        };
        let rest = CallArgs { args: args.add(1), nargs: nargs as usize - 1 };
        if rest.nargs != row.arity {
            ffi::PyErr_SetString(ffi::PyExc_TypeError, c"wrong number of arguments".as_ptr());
            return null_mut();
        }
        match enter(&rest, 1000, 0, row.run) {
            Outcome::Value(value) => pair(c"ok".as_ptr(), value),
            Outcome::Bail(stop) => {
                let kind = if stop.as_exc().is_some() { c"exc" } else { c"bail" };
                let reason = stop.reason();
                let reason =
                    ffi::PyUnicode_FromStringAndSize(reason.as_ptr().cast(), reason.len() as ffi::Py_ssize_t);
                pair(kind.as_ptr(), reason)
            }
        }
    }
}

/// # Safety
/// `value` is a new reference, or null with an exception set.
unsafe fn pair(kind: *const c_char, value: *mut PyObject) -> *mut PyObject {
    if value.is_null() {
        return null_mut();
    }
    // SAFETY: `N` takes the reference.
    unsafe { ffi::Py_BuildValue(c"(sN)".as_ptr(), kind, value) }
}

unsafe extern "C" fn names(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: builds a list of strings.
    unsafe {
        let list = ffi::PyList_New(0);
        for row in table::ROWS {
            let name =
                ffi::PyUnicode_FromStringAndSize(row.name.as_ptr().cast(), row.name.len() as ffi::Py_ssize_t);
            ffi::PyList_Append(list, name);
            ffi::Py_XDECREF(name);
        }
        list
    }
}

struct Definition<T>(std::cell::UnsafeCell<T>);

// SAFETY: written by CPython during import, under the GIL.
unsafe impl<T> Sync for Definition<T> {}

static METHODS: Definition<[ffi::PyMethodDef; 3]> = Definition(std::cell::UnsafeCell::new([
    ffi::PyMethodDef {
        ml_name: c"call".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: call },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: ptr::null(),
    },
    ffi::PyMethodDef {
        ml_name: c"names".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: names },
        ml_flags: ffi::METH_NOARGS,
        ml_doc: ptr::null(),
    },
    ffi::PyMethodDef::zeroed(),
]));

static MODULE: Definition<ffi::PyModuleDef> = Definition(std::cell::UnsafeCell::new(ffi::PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: c"pyrust_values".as_ptr(),
    m_doc: ptr::null(),
    m_size: -1,
    m_methods: null_mut(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
}));

/// Makes the module.
///
/// # Safety
/// Called by the import system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_pyrust_values() -> *mut PyObject {
    // SAFETY: by the caller; the definitions are static.
    unsafe {
        (*MODULE.0.get()).m_methods = METHODS.0.get().cast();
        ffi::PyModule_Create(MODULE.0.get())
    }
}
