//! What an instance keeps its attributes in.

use core::ptr;

use pyo3_ffi::*;

use super::names::shared_count;
use crate::boundary::layout::{self, Keys};
use crate::txn::Cx;

unsafe extern "C" {
    /// Exported by every version that is supported. Of an instance without a managed dict it is a place inside of it.
    fn _PyObject_GetDictPtr(object: *mut PyObject) -> *mut *mut PyObject;
}

#[cfg(Py_3_13)]
const INLINE_VALUES: u64 = 1 << 2;

/// What an instance keeps its attributes in.
pub(super) enum Storage {
    Values(*mut *mut PyObject),
    Dict(*mut PyObject),
    /// No dict yet, or one that is kept in another way.
    Unknown,
    /// It can have no dict, or has had no attribute yet.
    Slots,
}

/// # Safety
/// A live instance of a class that a `class` statement made.
#[inline(always)]
pub(super) unsafe fn storage(object: *mut PyObject) -> Storage {
    // SAFETY: By the caller; which words stand before the object its flags say.
    unsafe {
        let class = Py_TYPE(object);
        if (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT == 0 {
            return match (*class).tp_dictoffset {
                0 => Storage::Slots,
                // Behind the digits of a number.
                ..0 => match *_PyObject_GetDictPtr(object) {
                    dict if dict.is_null() => Storage::Unknown,
                    dict => Storage::Dict(dict),
                },
                // Exceptions get one with their first attribute, as those derived from containers do.
                at if (*class).tp_flags & Py_TPFLAGS_BASE_EXC_SUBCLASS != 0 => {
                    match *object.cast::<u8>().offset(at).cast::<*mut PyObject>() {
                        dict if dict.is_null() => Storage::Slots,
                        dict => Storage::Dict(dict),
                    }
                }
                _ => Storage::Unknown,
            };
        }
        storage_managed(object)
    }
}

/// May what the instance's dict says not be all there is, or asking it run Python code?
///
/// # Safety
/// A live object whose class leaves attributes to CPython.
pub(crate) unsafe fn waits(cx: Cx, object: *mut PyObject) -> bool {
    // SAFETY: By the caller; a short borrow.
    unsafe {
        match storage(object) {
            Storage::Dict(dict) => {
                !layout::is_dict(dict)
                    || cx.txn().dicts.holds(dict)
                    || Keys::of(dict).kind == layout::KEYS_GENERAL
            }
            Storage::Unknown => true,
            Storage::Values(_) | Storage::Slots => false,
        }
    }
}

/// # Safety
/// As for [`storage`], of a class with a managed dict.
#[inline(always)]
unsafe fn storage_managed(object: *mut PyObject) -> Storage {
    // SAFETY: By the caller; which words stand before the object its flags say.
    unsafe {
        #[cfg(Py_3_13)]
        let class = Py_TYPE(object);
        let words = object.cast::<*mut PyObject>();
        // CPython has one of both at most, and asks for the values alone.
        #[cfg(not(Py_3_12))]
        {
            let values = (*words.sub(4)).cast::<*mut PyObject>();
            if !values.is_null() {
                return Storage::Values(values);
            }
        }
        let word = *words.sub(3);
        #[cfg(Py_3_13)]
        {
            if !word.is_null() {
                return Storage::Dict(word);
            }
            let values = object.cast::<u8>().add((*class).tp_basicsize as usize);
            // capacity, size, embedded, valid
            if (*class).tp_flags as u64 & INLINE_VALUES != 0 && *values.add(3) != 0 {
                return Storage::Values(values.add(8).cast());
            }
            // As for 3.12.
            if (*class).tp_flags as u64 & INLINE_VALUES == 0 {
                return Storage::Slots;
            }
            Storage::Unknown
        }
        #[cfg(all(Py_3_12, not(Py_3_13)))]
        {
            if word as usize & 1 != 0 {
                return Storage::Values(word.cast::<u8>().add(1).cast());
            }
            // Instances of classes derived from containers get a dict with their first attribute.
            if word.is_null() { Storage::Slots } else { Storage::Dict(word) }
        }
        #[cfg(not(Py_3_12))]
        {
            // As for 3.12.
            if word.is_null() { Storage::Slots } else { Storage::Dict(word) }
        }
    }
}

/// The values of an instance that has no dict; null where it has one, or none yet.
///
/// # Safety
/// A live instance of a class with a managed dict.
#[inline(always)]
pub(super) unsafe fn values_of(object: *mut PyObject) -> *mut *mut PyObject {
    // SAFETY: By the caller.
    match unsafe { storage_managed(object) } {
        Storage::Values(values) => values,
        _ => ptr::null_mut(),
    }
}

/// Does the collector see the attributes in the instance itself, though there is a dict?
///
/// # Safety
/// A live instance of a class that a `class` statement made.
pub(super) unsafe fn lies_inside(_object: *mut PyObject) -> bool {
    #[cfg(Py_3_13)]
    // SAFETY: By the caller; see `storage`.
    unsafe {
        let class = Py_TYPE(_object);
        (*class).tp_flags as u64 & INLINE_VALUES != 0
            && *_object.cast::<u8>().add((*class).tp_basicsize as usize + 3) != 0
    }
    #[cfg(not(Py_3_13))]
    false
}

/// Has the instance, or may it have, attributes that are in no slot?
///
/// # Safety
/// A live instance of a class that was defined in Python.
pub unsafe fn may_have_attributes(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        let class = Py_TYPE(object);
        let filled = |dict: *mut PyObject| !dict.is_null() && PyDict_Size(dict) != 0;
        match storage(object) {
            Storage::Slots => false,
            Storage::Dict(dict) => filled(dict),
            Storage::Values(_) => shared_count(class) != 0,
            // The dict is made when it is asked for.
            Storage::Unknown if (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT != 0 => false,
            Storage::Unknown => {
                let place = _PyObject_GetDictPtr(object);
                !place.is_null() && filled(*place)
            }
        }
    }
}

/// Is it an instance of a class derived from a container, which keeps its attributes in a dict?
///
/// # Safety
/// A live instance of a class of Python's.
#[inline]
pub(crate) unsafe fn has_dict_later(object: *mut PyObject) -> bool {
    const DERIVED: u64 = Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS;
    // SAFETY: By the caller.
    unsafe {
        let flags = (*Py_TYPE(object)).tp_flags;
        let kept = flags & DERIVED != 0 && flags & Py_TPFLAGS_MANAGED_DICT != 0;
        (kept || flags & Py_TPFLAGS_BASE_EXC_SUBCLASS != 0)
            && matches!(storage(object), Storage::Slots | Storage::Dict(_))
    }
}

/// Can one name more be shared, so that the values of the instance stay values?
pub(super) unsafe fn has_room(object: *mut PyObject) -> bool {
    // SAFETY: By the caller: an instance of a class of Python's.
    unsafe {
        let keys = (*Py_TYPE(object).cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        matches!(storage(object), Storage::Values(_)) && !keys.is_null() && Keys::shared(keys).usable() > 0
    }
}
