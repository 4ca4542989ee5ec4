//! Handlers whose classes are only known when an exception gets there: `except MyError`, `except json.JSONDecodeError`.
//!
//! What a handler names is a class or a tuple of them. CPython asks the class's `__mro__` and no Python code, so the
//! same is done here.

use pyo3_ffi::{self as ffi, PyObject};

use crate::obj::Obj;
use crate::own;
use crate::stop::{Bail, Exc, R, Stop, bail};

/// Does `except class:` catch the stop? A bailout is caught by nothing.
pub fn catches(stop: Stop, class: Obj) -> R<bool> {
    let Some(exc) = stop.as_exc() else { return Ok(false) };
    // SAFETY: the transaction keeps the object alive, and a tuple its items.
    unsafe { is_caught(own::class_of(stop).unwrap_or_else(|| object(exc)), class.as_ptr()) }
}

/// A handler that is not understood: Python decides.
#[inline]
pub fn undecided(stop: Stop) -> R<bool> {
    if stop.as_exc().is_some() { bail(Bail::Unsupported) } else { Ok(false) }
}

/// # Safety
/// `exc` is a class of exceptions, `class` a live object.
unsafe fn is_caught(exc: *mut PyObject, class: *mut PyObject) -> R<bool> {
    // SAFETY: by the caller; every access stands behind the test of the type.
    unsafe {
        if ffi::Py_TYPE(class) == &raw mut ffi::PyTuple_Type {
            let mut found = false;
            // A tuple is looked at whole, since one item that is no class makes it a `TypeError`.
            for at in 0..ffi::PyTuple_Size(class) {
                let item = ffi::PyTuple_GetItem(class, at);
                if ffi::Py_TYPE(item) == &raw mut ffi::PyTuple_Type {
                    return bail(Bail::Type);
                }
                found |= is_caught(exc, item)?;
            }
            return Ok(found);
        }
        // A class may say itself what is an instance of it, where `contextlib.suppress` asks.
        if ffi::PyExceptionClass_Check(class) == 0 || ffi::Py_TYPE(class) != &raw mut ffi::PyType_Type {
            return bail(Bail::Type);
        }
        Ok(ffi::PyType_IsSubtype(exc.cast(), class.cast()) != 0)
    }
}

macro_rules! objects {
    ($($name:ident: $object:ident,)*) => {
        /// The class itself.
        pub(crate) fn object(exc: Exc) -> *mut PyObject {
            // SAFETY: set when the interpreter starts, and never changed.
            unsafe {
                match exc {
                    $(Exc::$name => ffi::$object,)*
                }
            }
        }
    };
}

objects! {
    BaseException: PyExc_BaseException,
    Exception: PyExc_Exception,
    ArithmeticError: PyExc_ArithmeticError,
    FloatingPointError: PyExc_FloatingPointError,
    OverflowError: PyExc_OverflowError,
    ZeroDivisionError: PyExc_ZeroDivisionError,
    AssertionError: PyExc_AssertionError,
    AttributeError: PyExc_AttributeError,
    BufferError: PyExc_BufferError,
    EOFError: PyExc_EOFError,
    ImportError: PyExc_ImportError,
    ModuleNotFoundError: PyExc_ModuleNotFoundError,
    LookupError: PyExc_LookupError,
    IndexError: PyExc_IndexError,
    KeyError: PyExc_KeyError,
    MemoryError: PyExc_MemoryError,
    NameError: PyExc_NameError,
    UnboundLocalError: PyExc_UnboundLocalError,
    OSError: PyExc_OSError,
    FileExistsError: PyExc_FileExistsError,
    FileNotFoundError: PyExc_FileNotFoundError,
    PermissionError: PyExc_PermissionError,
    TimeoutError: PyExc_TimeoutError,
    RuntimeError: PyExc_RuntimeError,
    NotImplementedError: PyExc_NotImplementedError,
    RecursionError: PyExc_RecursionError,
    StopIteration: PyExc_StopIteration,
    StopAsyncIteration: PyExc_StopAsyncIteration,
    SyntaxError: PyExc_SyntaxError,
    TypeError: PyExc_TypeError,
    ValueError: PyExc_ValueError,
    UnicodeError: PyExc_UnicodeError,
    UnicodeDecodeError: PyExc_UnicodeDecodeError,
    UnicodeEncodeError: PyExc_UnicodeEncodeError,
    UnicodeTranslateError: PyExc_UnicodeTranslateError,
    GeneratorExit: PyExc_GeneratorExit,
    KeyboardInterrupt: PyExc_KeyboardInterrupt,
    SystemExit: PyExc_SystemExit,
}
