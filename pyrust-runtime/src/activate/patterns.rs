//! Constant patterns of `re`: compiled by `re` itself, before native code runs, and kept.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pyo3_ffi::*;

use super::metadata::PatternText;
use crate::peek::{Own, attribute_or_none, interned, lookup, utf8};
use crate::str_::SPECIAL;
use crate::words::{Word, code_word, version_word};

static COMPILED: AtomicUsize = AtomicUsize::new(0);

/// How often Python code has run to compile a pattern.
pub(super) fn compiled() -> usize {
    COMPILED.load(Relaxed)
}

/// The flags that the names mean now; none where one is no flag.
///
/// # Safety
/// The GIL is held; `globals` is the dict of `re`.
pub(super) unsafe fn flags(globals: *mut PyObject, names: &str) -> Option<i64> {
    let mut all = 0;
    for name in names.split('|').filter(|name| !name.is_empty() && *name != "0") {
        // SAFETY: a look-up in an exact dict; flags are ints, whose value is read as it stands.
        unsafe {
            let flag = lookup(globals, interned(name));
            if flag.is_null() || PyLong_Check(flag) == 0 {
                return None;
            }
            let mut overflow = 0;
            let value = PyLong_AsLongLongAndOverflow(flag, &mut overflow);
            if overflow != 0 {
                return None;
            }
            all |= value;
        }
    }
    Some(all)
}

/// The compiled pattern, as the functions of `re` get it; a reference that is kept for good.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set; `globals` is the dict of `re`.
pub(super) unsafe fn compile(globals: *mut PyObject, text: PatternText, flags: i64) -> Option<*mut PyObject> {
    COMPILED.fetch_add(1, Relaxed);
    // SAFETY: live objects; an exception is dealt with.
    unsafe {
        let compile = lookup(globals, interned("_compile"));
        if compile.is_null() {
            return None;
        }
        let text = Own::take(match text {
            PatternText::Str(text) => {
                PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as Py_ssize_t)
            }
            PatternText::Bytes(text) => {
                PyBytes_FromStringAndSize(text.as_ptr().cast(), text.len() as Py_ssize_t)
            }
        });
        let made = text.zip(Own::take(PyLong_FromLongLong(flags))).and_then(|(text, flags)| {
            let args = [text.ptr(), flags.ptr()];
            Own::take(PyObject_Vectorcall(compile, args.as_ptr(), args.len(), ptr::null_mut()))
        });
        match made {
            Some(made) => Some(made.release()),
            None => {
                pass_on();
                None
            }
        }
    }
}

/// An exception that is no fault of the pattern's is for whoever runs next: a handler of a signal raised it.
unsafe fn pass_on() {
    // SAFETY: the exception is taken; classes are live while their instances are.
    unsafe {
        let class = PyErr_Occurred();
        if class.is_null() {
            return;
        }
        let own =
            [PyExc_ValueError, PyExc_OverflowError, PyExc_TypeError, PyExc_MemoryError, PyExc_RecursionError];
        let name = attribute_name(class);
        let known = own.contains(&class)
            || name.as_deref() == Some("error")
            || name.as_deref() == Some("PatternError");
        Py_INCREF(class);
        PyErr_Clear();
        if !known {
            PyThreadState_SetAsyncExc(PyThread_get_thread_ident() as _, class);
        }
        Py_DECREF(class);
    }
}

unsafe fn attribute_name(class: *mut PyObject) -> Option<String> {
    // SAFETY: a live class, whose C name is text.
    unsafe {
        let name = (*class.cast::<PyTypeObject>()).tp_name;
        let name = std::ffi::CStr::from_ptr(name).to_str().ok()?;
        Some(name.rsplit('.').next().unwrap_or(name).to_string())
    }
}

unsafe extern "C" {
    fn PyThread_get_thread_ident() -> std::ffi::c_ulong;
}

/// Whether `re` compiles with its own function.
///
/// # Safety
/// `globals` is the dict of `re`.
pub(super) unsafe fn compiles_as_ever(globals: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: look-ups in an exact dict; the type is tested first.
    unsafe {
        let compile = lookup(globals, interned("_compile"));
        if compile.is_null()
            || Py_TYPE(compile) != &raw mut PyFunction_Type
            || PyFunction_GetGlobals(compile) != globals
        {
            return false;
        }
        words.push(code_word(compile));
        attribute_or_none(PyFunction_GetCode(compile), c"co_name")
            .is_some_and(|own| utf8(own.ptr()) == Some("_compile"))
    }
}

/// Whether `re.escape` puts a backslash before what it always did.
///
/// # Safety
/// `globals` is the dict of `re`.
pub(super) unsafe fn escapes_as_ever(globals: *mut PyObject, words: &mut Vec<Word>) -> bool {
    // SAFETY: look-ups in exact dicts; the types of keys and values are tested first.
    unsafe {
        let table = lookup(globals, interned("_special_chars_map"));
        if table.is_null() || PyDict_CheckExact(table) == 0 {
            return false;
        }
        // Never given up, since a word inside of it is compared from now on.
        Py_INCREF(table);
        words.push(version_word(table));
        if PyDict_Size(table) != SPECIAL.len() as Py_ssize_t
            || !lookup(globals, interned("isinstance")).is_null()
            || !lookup(globals, interned("str")).is_null()
        {
            return false;
        }
        let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        while PyDict_Next(table, &mut at, &mut key, &mut value) != 0 {
            if PyLong_CheckExact(key) == 0 {
                return false;
            }
            let mut overflow = 0;
            let code = u8::try_from(PyLong_AsLongLongAndOverflow(key, &mut overflow)).unwrap_or_default();
            let escaped = SPECIAL.contains(&code) && utf8(value) == Some(&*format!("\\{}", code as char));
            if overflow != 0 || !escaped {
                return false;
            }
        }
        true
    }
}
