//! On another patch level than the one built for: do builtin objects still look as the C file proved them?

use core::ffi::CStr;
use core::ptr;

use pyo3_ffi::*;

use crate::boundary::layout::{self, KEYS_GENERAL, Keys};

/// Makes one object of each kind that is read directly, and reads it back.  The name of what differs.
///
/// # Safety
/// The GIL is held and no error is set.
pub unsafe fn run() -> Result<(), &'static str> {
    // SAFETY: By the caller; each object is made here and dropped afterwards.
    unsafe {
        for (text, want) in [
            (c"0", 0),
            (c"-1", -1),
            (c"1073741824", 1 << 30),
            (c"-1152921504606846975", 1 - (1 << 60)),
            (c"1152921504606846976", 1 << 60),
            (c"-9223372036854775808", i64::MIN),
            (c"9223372036854775807", i64::MAX),
        ] {
            with(number(text), "int", |object| {
                layout::is_int(object) && layout::int_value(object) == Some(want)
            })?;
        }
        let beyond = number(c"9223372036854775808");
        with(beyond, "int", |object| {
            layout::int_value(object).is_none() && layout::int_digits(object) == (false, &[0, 0, 8])
        })?;
        with(number(c"-1237940039285380274899124224"), "int", |object| {
            layout::int_digits(object) == (true, &[0, 0, 0, 1])
        })?;
        with(PyFloat_FromDouble(-2.5), "float", |object| layout::float_value(object) == -2.5)?;
        with(PyBytes_FromStringAndSize(c"ab".as_ptr(), 2), "bytes", |object| {
            layout::var_size(object) == 2
                && *layout::bytes_data(object).as_ptr() == b'a'
                && layout::bytes_known_hash(object) == -1
                && PyObject_Hash(object) == layout::bytes_known_hash(object)
        })?;
        for point in [0x61_u32, 0xe9, 0x20ac, 0x1_f600] {
            let text = [point, point, 0x62];
            let object = PyUnicode_FromKindAndData(4, text.as_ptr().cast(), 3);
            with(object, "str", |object| is_text(object, &text))?;
        }
        sequences()?;
        with(PyDict_New(), "dict", |dict| is_dict(dict))
    }
}

unsafe fn number(text: &CStr) -> *mut PyObject {
    // SAFETY: By the caller.
    unsafe { PyLong_FromString(text.as_ptr(), ptr::null_mut(), 10) }
}

unsafe fn with(
    object: *mut PyObject,
    what: &'static str,
    test: impl FnOnce(*mut PyObject) -> bool,
) -> Result<(), &'static str> {
    // SAFETY: By the caller: a new reference, or null with an error set.
    unsafe {
        if object.is_null() {
            PyErr_Clear();
            return Err(what);
        }
        let good = test(object);
        Py_DECREF(object);
        if good { Ok(()) } else { Err(what) }
    }
}

unsafe fn is_text(object: *mut PyObject, text: &[u32; 3]) -> bool {
    // SAFETY: By the caller: a new `str`; its kind says how wide its code points are.
    unsafe {
        let Some((data, length, kind)) = layout::str_parts(object) else { return false };
        let at = |index: usize| match kind {
            1 => u32::from(*data.as_ptr().add(index)),
            2 => u32::from(*data.as_ptr().cast::<u16>().add(index)),
            _ => *data.as_ptr().cast::<u32>().add(index),
        };
        let width = match text[0] {
            0..256 => 1,
            256..65_536 => 2,
            _ => 4,
        };
        length == 3
            && kind == width
            && (0..3).all(|index| at(index) == text[index])
            && layout::str_is_ascii(object) == (text[0] < 128)
            && layout::str_known_hash(object) == -1
            && PyObject_Hash(object) == layout::str_known_hash(object)
    }
}

unsafe fn sequences() -> Result<(), &'static str> {
    // SAFETY: By the caller.
    unsafe {
        with(PyList_New(0), "list", |list| {
            for _ in 0..3 {
                if PyList_Append(list, Py_None()) != 0 {
                    PyErr_Clear();
                    return false;
                }
            }
            layout::var_size(list) == 3
                && layout::list_allocated(list) >= 3
                && (0..3).all(|index| ptr::eq(*layout::list_items(list).add(index), Py_None()))
        })?;
        with(PyTuple_Pack(2, Py_None(), Py_True()), "tuple", |tuple| {
            layout::var_size(tuple) == 2
                && ptr::eq(*layout::tuple_items(tuple), Py_None())
                && ptr::eq(*layout::tuple_items(tuple).add(1), Py_True())
        })
    }
}

/// First with keys that are strings only, then with others.
unsafe fn is_dict(dict: *mut PyObject) -> bool {
    // SAFETY: By the caller: a new dict.  The keys are static or interned.
    unsafe {
        if PyDict_SetItemString(dict, c"pyrust".as_ptr(), Py_True()) != 0 {
            PyErr_Clear();
            return false;
        }
        let keys = Keys::of(dict);
        let (_, key, value) = keys.entry(0);
        let text = keys.kind != KEYS_GENERAL
            && !keys.is_split()
            && layout::dict_used(dict) == 1
            && keys.entries_used() == 1
            && layout::is_str(key)
            && ptr::eq(value, Py_True())
            && (0..=keys.mask()).filter(|slot| keys.slot(*slot) == 0).count() == 1
            && keys.slot(layout::str_known_hash(key) as usize & keys.mask()) == 0;
        if !text || PyDict_SetItem(dict, Py_None(), Py_None()) != 0 {
            PyErr_Clear();
            return false;
        }
        let keys = Keys::of(dict);
        let (hash, key, value) = keys.entry(1);
        keys.kind == KEYS_GENERAL
            && keys.entries_used() == 2
            && hash == PyObject_Hash(Py_None())
            && ptr::eq(key, Py_None())
            && ptr::eq(value, Py_None())
    }
}
