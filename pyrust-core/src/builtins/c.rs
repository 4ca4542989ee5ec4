//! Calls into CPython's C API and what they leave behind.
//!
//! Only functions that run no Python code are called, on exact builtin objects. When one raises, the class is
//! taken over as [`Exc`] and the indicator is cleared, so that nothing of it is left for a handler.

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use crate::stop::{Bail, Exc, R, Stop, bail};

/// The result of a C call: an owned object, or the exception that it raised.
///
/// # Safety
/// `object` is a new reference, or null with the error indicator set.
#[inline(always)]
pub(crate) unsafe fn owned(object: *mut PyObject) -> R<NonNull<PyObject>> {
    match NonNull::new(object) {
        Some(object) => Ok(object),
        None => Err(raised()),
    }
}

/// Runs `call`, in which CPython may look for signals and collections that are due (to write a number or to raise an
/// exception is enough), so that it finds none: both would run Python code.
#[inline(always)]
pub(crate) fn undisturbed<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: called with the GIL held; the calls run no Python code themselves.
    let _guard = unsafe { Undisturbed::new() };
    call()
}

// Of `pyrust-runtime` (`activate/interp.c`), without which no module is linked.
unsafe extern "C" {
    fn pyrust_undisturb() -> std::ffi::c_uint;
    fn pyrust_disturb(was: std::ffi::c_uint);
}

/// Until it is dropped, neither signal handlers nor the collector run: CPython's functions look for both while they
/// work. What is asked for meanwhile happens later.
pub struct Undisturbed(std::ffi::c_uint);

impl Undisturbed {
    /// # Safety
    /// The GIL is held, and no Python code runs before the result is dropped.
    pub unsafe fn new() -> Undisturbed {
        // SAFETY: by the caller.
        Undisturbed(unsafe { pyrust_undisturb() })
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        // SAFETY: the GIL is held as it was when this was made.
        unsafe { pyrust_disturb(self.0) }
    }
}

/// Is there no thread of Python's but this one?
pub(crate) fn alone() -> bool {
    // SAFETY: the GIL is held, so the list of threads stays as it is.
    unsafe {
        let first = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        !first.is_null() && ffi::PyThreadState_Next(first).is_null()
    }
}

/// Takes the error indicator over as a stop.
#[cold]
#[inline(never)]
pub(crate) extern "C" fn raised() -> Stop {
    // SAFETY: the GIL is held; the exception classes are immortal statics of the interpreter.
    unsafe {
        let class = ffi::PyErr_Occurred();
        let table = [
            (ffi::PyExc_ValueError, Stop::exc(Exc::ValueError)),
            (ffi::PyExc_OverflowError, Stop::exc(Exc::OverflowError)),
            (ffi::PyExc_ZeroDivisionError, Stop::exc(Exc::ZeroDivisionError)),
            (ffi::PyExc_IndexError, Stop::exc(Exc::IndexError)),
            (ffi::PyExc_KeyError, Stop::exc(Exc::KeyError)),
            (ffi::PyExc_TypeError, Stop::exc(Exc::TypeError)),
            (ffi::PyExc_UnicodeDecodeError, Stop::exc(Exc::UnicodeDecodeError)),
            (ffi::PyExc_UnicodeEncodeError, Stop::exc(Exc::UnicodeEncodeError)),
            (ffi::PyExc_UnicodeTranslateError, Stop::exc(Exc::UnicodeTranslateError)),
            (ffi::PyExc_MemoryError, Stop::bail(Bail::Memory)),
            (ffi::PyExc_RecursionError, Stop::bail(Bail::Depth)),
        ];
        let stop = table.iter().find(|row| ptr::eq(row.0, class)).map(|row| row.1);
        ffi::PyErr_Clear();
        stop.unwrap_or(Stop::bail(Bail::Unsupported))
    }
}

/// A name that is interned when it is first used, and kept.
pub(crate) struct Name {
    text: &'static CStr,
    object: AtomicPtr<PyObject>,
}

impl Name {
    pub(crate) const fn new(text: &'static CStr) -> Self {
        Self { text, object: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Borrowed; lives as long as the interpreter.
    pub(crate) fn get(&self) -> R<*mut PyObject> {
        let known = self.object.load(Ordering::Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        // SAFETY: a terminated string; the GIL is held, so nobody else fills the cell meanwhile.
        let fresh = unsafe { owned(ffi::PyUnicode_InternFromString(self.text.as_ptr()))? }.as_ptr();
        self.object.store(fresh, Ordering::Relaxed);
        Ok(fresh)
    }
}

/// Calls a method of an exact builtin object, `args[0]`, which runs no Python code when all arguments are exact
/// builtin objects.
///
/// # Safety
/// All arguments are such objects, and alive.
pub(crate) unsafe fn method(name: &Name, args: &[*mut PyObject]) -> R<NonNull<PyObject>> {
    let name = name.get()?;
    // SAFETY: by the caller; the count does not claim the slot before the arguments.
    undisturbed(|| unsafe {
        owned(ffi::PyObject_VectorcallMethod(name, args.as_ptr(), args.len(), ptr::null_mut()))
    })
}

/// A builtin function of a C module, looked up without importing and accepted only if it is a C function.
pub(crate) struct Builtin {
    module: &'static CStr,
    name: &'static CStr,
    object: AtomicPtr<PyObject>,
}

impl Builtin {
    pub(crate) const fn new(module: &'static CStr, name: &'static CStr) -> Self {
        Self { module, name, object: AtomicPtr::new(ptr::null_mut()) }
    }

    pub(crate) fn get(&self) -> R<*mut PyObject> {
        let known = self.object.load(Ordering::Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        // SAFETY: the GIL is held; all results are borrowed, and the function is kept by a reference of its own.
        unsafe {
            let modules = ffi::PyImport_GetModuleDict();
            if modules.is_null() || ffi::PyDict_CheckExact(modules) == 0 {
                return bail(Bail::Unsupported);
            }
            let module = ffi::PyDict_GetItemString(modules, self.module.as_ptr());
            if module.is_null() || ffi::PyModule_CheckExact(module) == 0 {
                return bail(Bail::Unsupported);
            }
            let function = ffi::PyDict_GetItemString(ffi::PyModule_GetDict(module), self.name.as_ptr());
            let pristine = !function.is_null()
                && ffi::PyCFunction_CheckExact(function) != 0
                && ptr::eq(ffi::PyCFunction_GetSelf(function), module);
            if !pristine {
                return bail(Bail::Unsupported);
            }
            ffi::Py_INCREF(function);
            self.object.store(function, Ordering::Relaxed);
            Ok(function)
        }
    }

    /// Calls the function with exact builtin objects.
    ///
    /// # Safety
    /// All arguments are such objects, and alive.
    pub(crate) unsafe fn call(&self, args: &[*mut PyObject]) -> R<NonNull<PyObject>> {
        let function = self.get()?;
        // SAFETY: by the caller.
        undisturbed(|| unsafe {
            owned(ffi::PyObject_Vectorcall(function, args.as_ptr(), args.len(), ptr::null_mut()))
        })
    }
}

/// An owned object that is released at the end of the scope. Only for objects whose release runs no Python code.
pub struct Temporary(pub NonNull<PyObject>);

impl Temporary {
    pub(crate) fn float(x: f64) -> R<Self> {
        // SAFETY: the GIL is held.
        unsafe { owned(ffi::PyFloat_FromDouble(x)).map(Self) }
    }

    pub(crate) fn int(i: i64) -> R<Self> {
        // SAFETY: the GIL is held.
        unsafe { owned(ffi::PyLong_FromLongLong(i)).map(Self) }
    }

    #[inline(always)]
    pub fn ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Hands the reference on.
    #[cfg(feature = "regex")]
    pub(crate) fn release(self) -> NonNull<PyObject> {
        let object = self.0;
        core::mem::forget(self);
        object
    }
}

impl Drop for Temporary {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { ffi::Py_DECREF(self.0.as_ptr()) }
    }
}
