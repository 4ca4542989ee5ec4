//! Owned references and the few object operations that activation needs. Only used while no transaction is open.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

/// A strong reference, given up on drop.
pub struct Own(*mut PyObject);

impl Own {
    /// Takes over a new reference; null (with an exception set) is `None`.
    ///
    /// # Safety
    /// `object` is null or a new reference, and the GIL is held for as long as the value lives.
    pub unsafe fn take(object: *mut PyObject) -> Option<Own> {
        if object.is_null() { None } else { Some(Own(object)) }
    }

    /// Adds a reference to a borrowed object.
    ///
    /// # Safety
    /// `object` is null or live; as [`Own::take`].
    pub unsafe fn borrow(object: *mut PyObject) -> Option<Own> {
        // SAFETY: the caller vouches for the object.
        unsafe { Py_XINCREF(object) };
        if object.is_null() { None } else { Some(Own(object)) }
    }

    pub fn ptr(&self) -> *mut PyObject {
        self.0
    }

    /// Hands the reference on.
    pub fn release(self) -> *mut PyObject {
        let object = self.0;
        std::mem::forget(self);
        object
    }
}

impl Clone for Own {
    fn clone(&self) -> Own {
        // SAFETY: the object is live while `self` is.
        unsafe { Py_INCREF(self.0) };
        Own(self.0)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and `take` was promised the GIL.
        unsafe { Py_DECREF(self.0) }
    }
}

/// `object.name`; the exception stays set on failure.
///
/// # Safety
/// `object` is live and the GIL is held.
pub unsafe fn attribute(object: *mut PyObject, name: &CStr) -> Option<Own> {
    // SAFETY: the caller vouches for the object.
    unsafe { Own::take(PyObject_GetAttrString(object, name.as_ptr())) }
}

/// `object.name` or nothing, with no exception left.
///
/// # Safety
/// As [`attribute`].
pub unsafe fn attribute_or_none(object: *mut PyObject, name: &CStr) -> Option<Own> {
    // SAFETY: the caller vouches for the object.
    let found = unsafe { attribute(object, name) };
    if found.is_none() {
        // SAFETY: the GIL is held.
        unsafe { PyErr_Clear() };
    }
    found
}

/// A new `str`.
///
/// # Safety
/// The GIL is held.
pub unsafe fn text(value: &str) -> Option<Own> {
    // SAFETY: pointer and length belong to one `str`.
    unsafe { Own::take(PyUnicode_FromStringAndSize(value.as_ptr().cast(), value.len() as Py_ssize_t)) }
}

/// A new `bytes`.
///
/// # Safety
/// The GIL is held.
pub unsafe fn bytes(value: &[u8]) -> Option<Own> {
    // SAFETY: pointer and length belong to one slice.
    unsafe { Own::take(PyBytes_FromStringAndSize(value.as_ptr().cast(), value.len() as Py_ssize_t)) }
}

/// The content of an exact `bytes`, valid while it lives.
///
/// # Safety
/// `object` is a live `bytes` that outlives the slice.
pub unsafe fn bytes_of<'a>(object: *mut PyObject) -> &'a [u8] {
    // SAFETY: the caller vouches for the object.
    unsafe { std::slice::from_raw_parts(PyBytes_AsString(object).cast(), PyBytes_Size(object) as usize) }
}

/// The UTF-8 form of a `str`, or nothing when it has none (surrogates) or is no `str`.
///
/// # Safety
/// `object` is live and outlives the text.
pub unsafe fn utf8<'a>(object: *mut PyObject) -> Option<&'a str> {
    let mut size = 0;
    // SAFETY: the caller vouches for the object; the interpreter keeps the UTF-8 form with it.
    unsafe {
        if PyUnicode_Check(object) == 0 {
            return None;
        }
        let start = PyUnicode_AsUTF8AndSize(object, &mut size);
        if start.is_null() {
            PyErr_Clear();
            return None;
        }
        std::str::from_utf8(std::slice::from_raw_parts(start.cast(), size as usize)).ok()
    }
}

/// `mapping[name]` of a dict, borrowed; null when missing, with no exception left.
///
/// # Safety
/// `dict` is a live dict whose keys compare without running Python code for a `str` (a namespace).
pub unsafe fn lookup(dict: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: the caller vouches for both.
    unsafe {
        let found = PyDict_GetItemWithError(dict, name);
        if found.is_null() && !PyErr_Occurred().is_null() {
            PyErr_Clear();
        }
        found
    }
}

/// [`lookup`] of a name that is no object yet.
///
/// # Safety
/// As [`lookup`]; the GIL is held.
pub unsafe fn known_item(dict: *mut PyObject, name: &str) -> *mut PyObject {
    // SAFETY: the caller vouches for the dict; nothing gives up the key while it is looked up.
    unsafe {
        let key = cached_name(name);
        if key.is_null() { key } else { lookup(dict, key) }
    }
}

/// The globals of a module that has been imported, borrowed; null where there is none of that name.
///
/// # Safety
/// The GIL is held.
pub unsafe fn globals_of(module: &str) -> *mut PyObject {
    // SAFETY: an exact dict is asked for a text, and what is no module is not taken for one.
    unsafe {
        let home = known_item(PyImport_GetModuleDict(), module);
        if home.is_null() || PyModule_Check(home) == 0 { ptr::null_mut() } else { PyModule_GetDict(home) }
    }
}

/// Is it a class whose metaclass is that class of a module that has been imported?
///
/// # Safety
/// A live object; the GIL is held.
pub unsafe fn is_made_by(class: *mut PyObject, module: &str, name: &str) -> bool {
    // SAFETY: the caller vouches for the object; dicts of modules are asked for texts.
    unsafe {
        let globals = globals_of(module);
        if globals.is_null() || PyType_Check(class) == 0 {
            return false;
        }
        let meta = known_item(globals, name);
        !meta.is_null() && Py_TYPE(class).cast() == meta && Py_TYPE(meta) == &raw mut PyType_Type
    }
}

/// An interned `str` that is never freed: what slots and private tables use as keys.
///
/// # Safety
/// The GIL is held.
pub unsafe fn interned(value: &str) -> *mut PyObject {
    // SAFETY: the caller holds the GIL.
    unsafe {
        let object = cached_name(value);
        Py_XINCREF(object);
        object
    }
}

/// The interned `str`, borrowed from a table of those that were asked for last: whatever changes in a class or a module,
/// the same few names are looked up again. Null without memory, with no exception left.
///
/// # Safety
/// The GIL is held; the next call of this function may give the object up.
unsafe fn cached_name(value: &str) -> *mut PyObject {
    const MANY: usize = 256;
    static NAMES: [AtomicPtr<PyObject>; MANY] = [const { AtomicPtr::new(ptr::null_mut()) }; MANY];
    let bytes = value.as_bytes();
    let hash =
        bytes.iter().fold(bytes.len(), |hash, byte| hash.wrapping_mul(31).wrapping_add(*byte as usize));
    let place = &NAMES[hash % MANY];
    let known = place.load(Relaxed);
    // SAFETY: the table holds what is in it; a fresh object is handed over to the interpreter's table, then to this one.
    unsafe {
        let mut size = 0;
        let text = if known.is_null() { ptr::null() } else { PyUnicode_AsUTF8AndSize(known, &mut size) };
        if !text.is_null() && std::slice::from_raw_parts(text.cast::<u8>(), size as usize) == bytes {
            return known;
        }
        let mut object = PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t);
        if object.is_null() {
            PyErr_Clear();
            return object;
        }
        PyUnicode_InternInPlace(&mut object);
        place.store(object, Relaxed);
        Py_XDECREF(known);
        object
    }
}

/// Sets `ImportError(message)`.
///
/// # Safety
/// The GIL is held.
pub unsafe fn import_error(message: &str) {
    // SAFETY: the format takes one object.
    unsafe {
        if let Some(message) = text(message) {
            PyErr_SetObject(PyExc_ImportError, message.ptr());
        }
    }
}

/// Clears the exception that is set and gives its text.
///
/// # Safety
/// The GIL is held and no transaction is open.
pub unsafe fn take_error_text() -> Option<String> {
    // SAFETY: the references come from the interpreter.
    unsafe {
        let (mut ty, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        #[allow(deprecated)]
        PyErr_Fetch(&mut ty, &mut value, &mut traceback);
        let (_ty, value, _traceback) = (Own::take(ty), Own::take(value), Own::take(traceback));
        let shown = Own::take(PyObject_Str(value?.ptr()));
        if shown.is_none() {
            PyErr_Clear();
        }
        utf8(shown?.ptr()).map(str::to_owned)
    }
}
