//! Finds the function object of a qualified name, through classes and decorators, without running user code.

use std::collections::HashSet;
use std::ptr;

use pyo3_ffi::*;

use crate::peek::{Own, attribute_or_none, interned, lookup, utf8};

/// How far decorators may nest.
const MAX_WRAPPERS: usize = 64;

/// The functions that stand behind `qualname` in a module's globals and were defined there under that name.
///
/// # Safety
/// `globals` is a live module dict; the GIL is held and no transaction is open.
pub(super) unsafe fn candidates(globals: *mut PyObject, qualname: &str) -> Vec<Own> {
    let mut found = Vec::new();
    // SAFETY: the caller vouches for the dict; every object on the way is held.
    unsafe {
        if let Some(object) = walk(globals, qualname) {
            unwrap(object, globals, qualname, &mut HashSet::new(), &mut found);
        }
    }
    found
}

/// The raw value of a dotted name: class attributes are read from the class's own dict, not through descriptors. Where a
/// decorator has left an instance of the class under its name, that is its class.
unsafe fn walk(globals: *mut PyObject, qualname: &str) -> Option<Own> {
    // SAFETY: each object is held while its dict is read.
    unsafe {
        let mut parts = qualname.split('.');
        let mut class = parts.next()?;
        let mut object = Own::borrow(lookup(globals, interned(class)))?;
        let mut path = class.len();
        for part in parts {
            if PyType_Check(object.ptr()) == 0 {
                let of = Py_TYPE(object.ptr());
                let name = Own::take(PyType_GetQualName(of))?;
                if utf8(name.ptr()) != Some(&qualname[..path]) {
                    return None;
                }
                object = Own::borrow(of.cast())?;
            }
            path += 1 + part.len();
            let dict = attribute_or_none(object.ptr(), c"__dict__")?;
            let value = Own::take(PyObject_GetItem(dict.ptr(), interned(&mangled(class, part))));
            if value.is_none() {
                PyErr_Clear();
            }
            object = value?;
            class = part;
        }
        Some(object)
    }
}

/// The name under which a class keeps a private member.
fn mangled(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    if name.starts_with("__") && !name.ends_with("__") && !class.is_empty() {
        format!("_{class}{name}")
    } else {
        name.to_owned()
    }
}

/// Looks behind `object`: the function itself, or what a known kind of wrapper holds.
unsafe fn unwrap(
    object: Own,
    globals: *mut PyObject,
    qualname: &str,
    seen: &mut HashSet<usize>,
    found: &mut Vec<Own>,
) {
    if seen.len() >= MAX_WRAPPERS || !seen.insert(object.ptr() as usize) {
        return;
    }
    // SAFETY: `object` is held; only attributes of exact builtin kinds and plain instance dicts are read.
    unsafe {
        let ty = Py_TYPE(object.ptr());
        let mut next = Vec::new();
        if ty == &raw mut PyFunction_Type {
            let function = object.ptr().cast::<PyFunctionObject>();
            let code = PyFunction_GetCode(object.ptr());
            let fits = attribute_or_none(code, c"co_qualname")
                .is_some_and(|name| utf8(name.ptr()) == Some(qualname));
            if fits && PyFunction_GetGlobals(object.ptr()) == globals {
                found.push(object);
                return;
            }
            let closure = (*function).func_closure;
            for index in 0..if closure.is_null() { 0 } else { PyTuple_Size(closure) } {
                next.extend(Own::borrow(cell_content(PyTuple_GetItem(closure, index))));
            }
            next.extend(attribute_or_none(object.ptr(), c"__wrapped__"));
        } else if ty == &raw mut PyStaticMethod_Type || ty == &raw mut PyClassMethod_Type {
            next.extend(attribute_or_none(object.ptr(), c"__func__"));
        } else if ty == &raw mut PyProperty_Type {
            for name in [c"fget", c"fset", c"fdel"] {
                next.extend(attribute_or_none(object.ptr(), name));
            }
        } else if PyType_Check(object.ptr()) == 0 && PyModule_Check(object.ptr()) == 0 {
            wrapped_in(object.ptr(), ty, &mut next);
        }
        for object in next {
            unwrap(object, globals, qualname, seen, found);
        }
    }
}

/// What an object of another type holds: `lru_cache`, `partial`, and instances with a plain `__dict__`.
unsafe fn wrapped_in(object: *mut PyObject, ty: *mut PyTypeObject, next: &mut Vec<Own>) {
    // SAFETY: the caller holds the object; the generic look-ups run no user code.
    unsafe {
        let name = std::ffi::CStr::from_ptr((*ty).tp_name).to_bytes();
        if name == b"functools.partial" {
            next.extend(attribute_or_none(object, c"func"));
        } else if name == b"method" {
            next.extend(attribute_or_none(object, c"__func__"));
        }
        let dict = Own::take(PyObject_GenericGetDict(object, ptr::null_mut()));
        let Some(dict) = dict else {
            PyErr_Clear();
            return;
        };
        let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        while PyDict_Next(dict.ptr(), &mut at, &mut key, &mut value) != 0 {
            let callable = Py_TYPE(value) == &raw mut PyFunction_Type || utf8(key) == Some("__wrapped__");
            next.extend(callable.then(|| Own::borrow(value)).flatten());
        }
    }
}

unsafe fn cell_content(cell: *mut PyObject) -> *mut PyObject {
    // SAFETY: `cell` is live; the content is held by the cell, and given back borrowed.
    unsafe {
        if Py_TYPE(cell) != &raw mut PyCell_Type {
            return ptr::null_mut();
        }
        let content = PyCell_Get(cell);
        Py_XDECREF(content);
        content
    }
}

#[cfg(test)]
mod tests {
    use super::mangled;

    #[test]
    fn private_names() {
        assert_eq!(mangled("Shape", "__secret"), "_Shape__secret");
        assert_eq!(mangled("__Shape", "__secret"), "_Shape__secret");
        assert_eq!(mangled("_", "__secret"), "__secret");
        assert_eq!(mangled("Shape", "__len__"), "__len__");
        assert_eq!(mangled("Shape", "_area"), "_area");
    }
}
