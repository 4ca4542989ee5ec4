//! Instances of classes that a `class` statement has made: what is in their slots and in their dict.
//!
//! It must not run code of the user: what is read is read by C code alone, and the collector waits meanwhile.

use pyo3::ffi::{self, PyObject, PyTypeObject};

use super::frame;

/// Calls `each` with the names and values of all that an instance of a plain class holds, until it says false; false where that cannot be
/// found out. What it is given is borrowed.
pub(super) fn each_attribute(
    object: *mut PyObject,
    ty: *mut PyTypeObject,
    mut each: impl FnMut(*mut PyObject, *mut PyObject) -> bool,
) -> bool {
    // The dict of an instance is made when it is asked for.
    undisturbed(|| walk(object, ty, &mut each))
}

fn walk(
    object: *mut PyObject,
    ty: *mut PyTypeObject,
    each: &mut dyn FnMut(*mut PyObject, *mut PyObject) -> bool,
) -> bool {
    // SAFETY: `object` is an instance of a plain class, whose MRO is a tuple of types with dicts. Descriptors of slots, and the
    // function that gives a dict, are C code that runs nothing of the user; the references that they give are let go below.
    unsafe {
        let mro = (*ty).tp_mro;
        for index in 0..ffi::PyTuple_GET_SIZE(mro) {
            let class = ffi::PyTuple_GET_ITEM(mro, index).cast::<PyTypeObject>();
            // Builtin classes have nothing of it, and no `tp_dict` from 3.12 on.
            if (*class).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
                continue;
            }
            let (mut position, mut name, mut slot) = (0, std::ptr::null_mut(), std::ptr::null_mut());
            while ffi::PyDict_Next((*class).tp_dict, &raw mut position, &raw mut name, &raw mut slot) != 0 {
                if !std::ptr::eq(ffi::Py_TYPE(slot), &raw const ffi::PyMemberDescr_Type) {
                    continue;
                }
                let Some(get) = (*ffi::Py_TYPE(slot)).tp_descr_get else { return false };
                let value = get(slot, object, ty.cast());
                if value.is_null() {
                    // Nothing is in it.
                    ffi::PyErr_Clear();
                    continue;
                }
                let goes_on = each(name, value);
                ffi::Py_DECREF(value);
                if !goes_on {
                    return true;
                }
            }
        }
        let dict = ffi::PyObject_GenericGetDict(object, std::ptr::null_mut());
        if dict.is_null() {
            // All of it is in slots.
            let none = ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) != 0;
            ffi::PyErr_Clear();
            return none;
        }
        let (mut position, mut name, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        while ffi::PyDict_Next(dict, &raw mut position, &raw mut name, &raw mut value) != 0 {
            if !each(name, value) {
                break;
            }
        }
        ffi::Py_DECREF(dict);
        true
    }
}

/// Does what makes objects without the collector, which may run finalisers. The GIL is held.
pub(super) fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the GIL is held, here and below.
    let collecting = unsafe { ffi::PyGC_Disable() };
    let made = work();
    if collecting != 0 {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    made
}

/// Is it a class of a `class` statement, and everything above it but `object`? Members of enumerations, exceptions, what inherits from a
/// container, and types of extension modules are not; nor is what has a `__del__`, which would run once more for each that is made.
pub(super) fn is_plain(ty: *mut PyTypeObject, dealloc: usize) -> bool {
    is_made_of(ty, dealloc, &[&raw const ffi::PyBaseObject_Type])
}

/// The same, or such a class below `list` or `dict`.
pub(super) fn is_plain_or_derived(ty: *mut PyTypeObject, dealloc: usize) -> bool {
    let ends = [&raw const ffi::PyBaseObject_Type, &raw const ffi::PyList_Type, &raw const ffi::PyDict_Type];
    is_made_of(ty, dealloc, &ends)
}

fn is_made_of(ty: *mut PyTypeObject, dealloc: usize, ends: &[*const PyTypeObject]) -> bool {
    // SAFETY: the type of a live object is ready: its MRO is a tuple of types.
    unsafe {
        let meta = ffi::Py_TYPE(ty.cast());
        let known = std::ptr::eq(meta, &raw const ffi::PyType_Type)
            || frame::type_name(meta).is_some_and(|(module, name)| module == "abc" && name == "ABCMeta");
        let mro = (*ty).tp_mro;
        known
            && !ends.contains(&ty.cast_const())
            && (*ty).tp_finalize.is_none()
            && !mro.is_null()
            && (0..ffi::PyTuple_GET_SIZE(mro)).all(|index| {
                let class = ffi::PyTuple_GET_ITEM(mro, index).cast::<PyTypeObject>();
                ends.contains(&class.cast_const())
                    || (*class).tp_dealloc.is_some_and(|each| each as usize == dealloc)
            })
    }
}

/// A name that stands in quotes as it is.
pub(super) fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|each| each == '_' || each.is_alphanumeric())
}
