//! Classes of C's that are looked up in their modules.

use core::ffi::CStr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyTypeObject};

use super::call::item;
use super::is_class;
use crate::stop::{Bail, R, bail};

/// A class of C's in a module, looked up without importing; it is kept for good.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn class_in(module: &CStr, name: &CStr, full: &CStr) -> R<*mut PyTypeObject> {
    // SAFETY: by the caller; what was found is borrowed.
    unsafe {
        let (_, class) = item(module, name)?;
        if class.is_null() || ffi::PyType_Check(class) == 0 || !is_class(class.cast(), full) {
            return bail(Bail::Unsupported);
        }
        ffi::Py_INCREF(class);
        Ok(class.cast())
    }
}

/// A class of C's whose address is remembered once it was met.
pub(crate) struct KnownClass {
    module: &'static CStr,
    name: &'static CStr,
    full: &'static CStr,
    class: AtomicPtr<PyTypeObject>,
}

impl KnownClass {
    pub(crate) const fn new(module: &'static CStr, name: &'static CStr, full: &'static CStr) -> KnownClass {
        KnownClass { module, name, full, class: AtomicPtr::new(core::ptr::null_mut()) }
    }

    /// Is it that class?
    ///
    /// # Safety
    /// `class` is alive, and the GIL is held.
    #[inline]
    pub(crate) unsafe fn is(&self, class: *mut PyTypeObject) -> bool {
        // SAFETY: by the caller.
        core::ptr::eq(class, self.class.load(Relaxed)) || unsafe { self.is_first(class) }
    }

    #[cold]
    unsafe fn is_first(&self, class: *mut PyTypeObject) -> bool {
        // SAFETY: by the caller; the class is kept for good.
        unsafe {
            if !self.class.load(Relaxed).is_null() || !is_class(class, self.full) {
                return false;
            }
            ffi::Py_INCREF(class.cast());
            self.class.store(class, Relaxed);
            true
        }
    }

    /// The class; it is looked up where the program has it imported.
    pub(crate) fn get(&self) -> R<*mut PyTypeObject> {
        let known = self.class.load(Relaxed);
        if !known.is_null() {
            return Ok(known);
        }
        // SAFETY: the GIL is held whenever native code runs.
        let class = unsafe { class_in(self.module, self.name, self.full)? };
        self.class.store(class, Relaxed);
        Ok(class)
    }
}
