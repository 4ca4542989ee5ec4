//! In which order an instance was given its attributes, which is that of the dict that Python may ask for.

use core::ptr;

use pyo3_ffi::*;

use super::storage::{Storage, storage};
use crate::boundary::layout::Keys;

/// Notes that the value at `index` is the last one that was added; false where there is no room.
///
/// # Safety
/// The values of an instance.
pub(super) unsafe fn note_order(values: *mut *mut PyObject, index: usize) -> bool {
    // SAFETY: By the caller; the order stands before the values, since 3.13 behind them.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let head = values.cast::<u8>().sub(8);
            let (capacity, size) = (*head as usize, *head.add(1) as usize);
            if index >= capacity || size >= capacity {
                return false;
            }
            *values.add(capacity).cast::<u8>().add(size) = index as u8;
            *head.add(1) = (size + 1) as u8;
        }
        #[cfg(not(Py_3_13))]
        {
            let head = values.cast::<u8>();
            let (room, size) = (*head.sub(1) as usize, *head.sub(2) as usize + 1);
            if size + 2 > room {
                return false;
            }
            *head.sub(2 + size) = index as u8;
            *head.sub(2) = size as u8;
        }
        true
    }
}

/// A new dict of what an instance keeps without a dict, in its order; null where it has one, or where memory is short.
/// Asking for `__dict__` would make one, and the instance another.
///
/// # Safety
/// A live object; no exception is set.
pub unsafe fn without_dict(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: By the caller; names are texts, so that no Python code runs. The order stands where `note_order` says.
    unsafe {
        let class = Py_TYPE(object);
        if (*class).tp_flags & Py_TPFLAGS_HEAPTYPE == 0 || (*class).tp_flags & Py_TPFLAGS_MANAGED_DICT == 0 {
            return ptr::null_mut();
        }
        let keys = (*class.cast::<PyHeapTypeObject>()).ht_cached_keys.cast::<u8>();
        let (Storage::Values(values), false) = (storage(object), keys.is_null()) else {
            return ptr::null_mut();
        };
        let keys = Keys::shared(keys);
        let made = PyDict_New();
        let head = values.cast::<u8>();
        #[cfg(Py_3_13)]
        let (size, capacity) = (usize::from(*head.sub(7)), usize::from(*head.sub(8)));
        #[cfg(not(Py_3_13))]
        let size = usize::from(*head.sub(2));
        for at in 0..size {
            #[cfg(Py_3_13)]
            let index = usize::from(*values.add(capacity).cast::<u8>().add(at));
            #[cfg(not(Py_3_13))]
            let index = usize::from(*head.sub(3 + at));
            let (name, value) = (keys.key(index), *values.add(index));
            if made.is_null()
                || (!name.is_null() && !value.is_null() && PyDict_SetItem(made, name, value) < 0)
            {
                PyErr_Clear();
                Py_XDECREF(made);
                return ptr::null_mut();
            }
        }
        made
    }
}

/// Takes [`note_order`] back.
///
/// # Safety
/// As there; it was the last.
pub(crate) unsafe fn forget_order(values: *mut *mut PyObject) {
    // SAFETY: By the caller.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let size = values.cast::<u8>().sub(7);
            *size -= 1;
        }
        #[cfg(not(Py_3_13))]
        {
            let size = values.cast::<u8>().sub(2);
            *size -= 1;
        }
    }
}

/// The order in which values were added, as bytes that go down, since 3.13 up; how many there are, and how many there can be.
///
/// # Safety
/// The values of an instance.
unsafe fn order(values: *mut *mut PyObject) -> (*mut u8, isize, usize, usize) {
    // SAFETY: By the caller; see `note_order`.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let head = values.cast::<u8>().sub(8);
            let (capacity, size) = (*head as usize, *head.add(1) as usize);
            (values.add(capacity).cast::<u8>(), 1, size, capacity)
        }
        #[cfg(not(Py_3_13))]
        {
            let head = values.cast::<u8>();
            let (room, size) = (*head.sub(1) as usize, *head.sub(2) as usize);
            (head.sub(3), -1, size, room.saturating_sub(2))
        }
    }
}

/// How many values have been added.
///
/// # Safety
/// The values of an instance.
unsafe fn set_size(values: *mut *mut PyObject, size: usize) {
    let below = if cfg!(Py_3_13) { 7 } else { 2 };
    // SAFETY: By the caller; see `note_order`.
    unsafe { *values.cast::<u8>().sub(below) = size as u8 }
}

/// As which one the value at `index` was added.
///
/// # Safety
/// The values of an instance.
pub(super) unsafe fn order_of(values: *mut *mut PyObject, index: usize) -> Option<usize> {
    // SAFETY: By the caller.
    unsafe {
        let (first, step, size, _) = order(values);
        (0..size).find(|at| usize::from(*first.offset(*at as isize * step)) == index)
    }
}

/// Forgets what was added as the one at that place.
///
/// # Safety
/// The values of an instance, of which there are more.
pub(crate) unsafe fn leave_order(values: *mut *mut PyObject, at: usize) {
    // SAFETY: By the caller.
    unsafe {
        let (first, step, size, _) = order(values);
        for to in at as isize..size as isize - 1 {
            *first.offset(to * step) = *first.offset((to + 1) * step);
        }
        set_size(values, size - 1);
    }
}

/// Takes [`leave_order`] back.
///
/// # Safety
/// As there; the value was at `index`.
pub(crate) unsafe fn rejoin_order(values: *mut *mut PyObject, at: usize, index: usize) {
    // SAFETY: By the caller: there is room, for it was there.
    unsafe {
        let (first, step, size, room) = order(values);
        if size >= room || at > size {
            return;
        }
        for to in (at as isize + 1..=size as isize).rev() {
            *first.offset(to * step) = *first.offset((to - 1) * step);
        }
        *first.offset(at as isize * step) = index as u8;
        set_size(values, size + 1);
    }
}
