//! The links of a cache with bounds, where they lie: see [`super::Link`].
//!
//! The functions here are for caches that [`super::kept`] has said to have bounds.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::{Link, Raw};

/// The class of caches, once the structure of one with bounds is proved.
pub(super) static CLASS: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// Is it a cache with bounds whose structure is known?
///
/// # Safety
/// A live object.
pub(super) unsafe fn has_bounds(object: *mut PyObject) -> bool {
    // SAFETY: by the caller; the words are read behind the class.
    unsafe {
        let class = CLASS.load(Relaxed);
        !class.is_null() && Py_TYPE(object) == class && (*object.cast::<Raw>()).most > 0
    }
}

/// The cache as the link before the first and behind the last.
unsafe fn root(cache: *mut PyObject) -> *mut Link {
    // SAFETY: by the caller.
    unsafe { &raw mut (*cache.cast::<Raw>()).root }
}

/// The one that was asked for least lately, or null.
pub(super) unsafe fn oldest(cache: *mut PyObject) -> *mut Link {
    // SAFETY: by the caller.
    unsafe { behind(cache, root(cache)) }
}

/// The one that was asked for last, or null.
pub(super) unsafe fn newest(cache: *mut PyObject) -> *mut Link {
    // SAFETY: by the caller.
    unsafe {
        let link = (*root(cache)).older;
        if ptr::eq(link, root(cache)) { ptr::null_mut() } else { link }
    }
}

/// The one that was asked for next, or null.
pub(super) unsafe fn behind(cache: *mut PyObject, link: *mut Link) -> *mut Link {
    // SAFETY: by the caller: a link of the cache.
    unsafe { if ptr::eq((*link).newer, root(cache)) { ptr::null_mut() } else { (*link).newer } }
}

/// The dict of all links, by their keys.
pub(super) unsafe fn dict(cache: *mut PyObject) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe { (*cache.cast::<Raw>()).kept }
}

/// How many there may be.
pub(super) unsafe fn most(cache: *mut PyObject) -> usize {
    // SAFETY: by the caller.
    unsafe { (*cache.cast::<Raw>()).most as usize }
}

/// What stands in the dict, as a link.
pub(super) unsafe fn link(cache: *mut PyObject, object: *mut PyObject) -> Option<*mut Link> {
    // SAFETY: by the caller; an object is alive.
    unsafe { ptr::eq(Py_TYPE(object), (*cache.cast::<Raw>()).class).then_some(object.cast()) }
}

/// A link that no cache has yet; null, with an exception set, where it could not be made.
///
/// # Safety
/// The objects are alive; no Python code is needed to hash the key.
pub(super) unsafe fn make(cache: *mut PyObject, key: *mut PyObject, result: *mut PyObject) -> *mut Link {
    // SAFETY: by the caller. It is filled before anybody sees it.
    unsafe {
        let hash = PyObject_Hash(key);
        let link =
            if hash == -1 { ptr::null_mut() } else { PyObject_New::<Link>((*cache.cast::<Raw>()).class) };
        if !link.is_null() {
            Py_INCREF(key);
            Py_INCREF(result);
            ((*link).hash, (*link).key, (*link).result) = (hash, key, result);
            ((*link).older, (*link).newer) = (ptr::null_mut(), ptr::null_mut());
        }
        link
    }
}

unsafe fn take_out(link: *mut Link) {
    // SAFETY: by the caller: a link of a cache.
    unsafe {
        (*(*link).older).newer = (*link).newer;
        (*(*link).newer).older = (*link).older;
    }
}

unsafe fn put_last(cache: *mut PyObject, link: *mut Link) {
    // SAFETY: by the caller: no link of the cache.
    unsafe {
        let root = root(cache);
        ((*link).older, (*link).newer) = ((*root).older, root);
        (*(*root).older).newer = link;
        (*root).older = link;
    }
}

/// One of its links becomes the newest.
pub(super) unsafe fn renew(cache: *mut PyObject, link: *mut Link) {
    // SAFETY: by the caller.
    unsafe {
        take_out(link);
        put_last(cache, link);
    }
}

/// Takes a new link over, as the newest; says whether there was memory for that.
///
/// # Safety
/// What [`make`] has made, whose key is not there; no Python code is needed to find that.
pub(super) unsafe fn add(cache: *mut PyObject, link: *mut Link) -> bool {
    // SAFETY: by the caller. The reference that it was made with is the one that the order has.
    unsafe {
        if PyDict_SetItem(dict(cache), (*link).key, link.cast()) != 0 {
            return false;
        }
        put_last(cache, link);
        true
    }
}

/// Lets one of its links go; says whether that worked.
///
/// # Safety
/// No Python code is needed to find the key, and the transaction keeps key and result alive.
pub(super) unsafe fn remove(cache: *mut PyObject, link: *mut Link) -> bool {
    // SAFETY: by the caller; the order has a reference of its own.
    unsafe {
        if PyDict_DelItem(dict(cache), (*link).key) != 0 {
            return false;
        }
        take_out(link);
        Py_DECREF(link.cast());
        true
    }
}

/// Lets all go.
///
/// # Safety
/// The transaction keeps keys and results alive.
pub(super) unsafe fn clear(cache: *mut PyObject) {
    // SAFETY: by the caller: with a link nothing else ends.
    unsafe {
        PyDict_Clear(dict(cache));
        loop {
            let link = oldest(cache);
            if link.is_null() {
                return;
            }
            take_out(link);
            Py_DECREF(link.cast());
        }
    }
}
