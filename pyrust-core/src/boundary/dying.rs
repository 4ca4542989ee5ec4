//! Instances of ordinary classes that lose their last reference: whether somebody can see them die, and what they hold.
//!
//! An instance that a `class` statement's own deallocator frees runs code only through a finaliser or a weak reference;
//! what it holds is asked in turn.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pyo3_ffi::*;

use crate::own;

/// The deallocator of the classes that `class` statements make; 0 as long as it is not known.
static DEALLOCATOR: AtomicUsize = AtomicUsize::new(0);

fn address(function: Option<destructor>) -> usize {
    function.map_or(0, |f| f as usize)
}

/// Finds the deallocator: a type of which nothing is said gets it.
///
/// # Safety
/// The GIL is held, no transaction is open, no exception is set.
pub unsafe fn prepare() {
    if DEALLOCATOR.load(Relaxed) != 0 {
        return;
    }
    // SAFETY: By the caller. The interpreter copies what the specification says.
    unsafe {
        let mut slots = [PyType_Slot { slot: 0, pfunc: ptr::null_mut() }];
        let mut spec = PyType_Spec {
            name: c"pyrust.Plain".as_ptr(),
            basicsize: size_of::<PyObject>() as c_int,
            itemsize: 0,
            flags: Py_TPFLAGS_DEFAULT as u32,
            slots: slots.as_mut_ptr(),
        };
        let class = PyType_FromSpec(&raw mut spec);
        if class.is_null() {
            PyErr_Clear();
            return;
        }
        let found = (*class.cast::<PyTypeObject>()).tp_dealloc;
        if address(found) != address(PyBaseObject_Type.tp_dealloc) {
            DEALLOCATOR.store(address(found), Relaxed);
        }
        Py_DECREF(class);
    }
}

/// Has the object ever had a weak reference?
///
/// # Safety
/// A live object; where its class has an offset, a pointer stands there.
pub(crate) unsafe fn is_watched(object: *mut PyObject) -> bool {
    // SAFETY: By the caller. Since 3.12 the place may stand before the object.
    unsafe {
        let offset = (*Py_TYPE(object)).tp_weaklistoffset;
        offset != 0 && !(*object.cast::<u8>().offset(offset).cast::<*mut PyObject>()).is_null()
    }
}

/// Is it an instance of a class of Python's that dies without running code, apart from what it holds?
///
/// # Safety
/// A live object.
pub(crate) unsafe fn is_plain_instance(object: *mut PyObject) -> bool {
    let dealloc = DEALLOCATOR.load(Relaxed);
    // SAFETY: By the caller; a class holds those above it.
    unsafe {
        let ty = Py_TYPE(object);
        if dealloc == 0 || address((*ty).tp_dealloc) != dealloc {
            return false;
        }
        let mut class = ty;
        // Those of lists and dicts free what is in them, which is asked in turn.
        let ends = [&raw mut PyBaseObject_Type, &raw mut PyList_Type, &raw mut PyDict_Type];
        while !ends.contains(&class) && own::simple(class).is_none() {
            if class.is_null() || address((*class).tp_dealloc) != dealloc {
                return false;
            }
            class = (*class).tp_base;
        }
        (*ty).tp_finalize.is_none() && (*ty).tp_del.is_none() && (*ty).tp_itemsize == 0 && !is_watched(object)
    }
}

struct Each<'f> {
    class: *mut PyObject,
    see: &'f mut dyn FnMut(*mut PyObject) -> bool,
}

unsafe extern "C" fn visit(object: *mut PyObject, each: *mut c_void) -> c_int {
    // SAFETY: The interpreter passes on what `each_part` gave it.
    let each = unsafe { &mut *each.cast::<Each<'_>>() };
    c_int::from(!(ptr::eq(object, each.class) || (each.see)(object)))
}

/// Shows what such an instance holds, but for its class, as long as that returns true; false where it did not.
///
/// # Safety
/// [`is_plain_instance`], and it does not change meanwhile.
pub(crate) unsafe fn each_part(object: *mut PyObject, see: &mut dyn FnMut(*mut PyObject) -> bool) -> bool {
    // SAFETY: By the caller. Going through an object runs no Python code.
    unsafe {
        let ty = Py_TYPE(object);
        // Without the collector there is no place for references.
        let (true, Some(traverse)) = ((*ty).tp_flags & Py_TPFLAGS_HAVE_GC != 0, (*ty).tp_traverse) else {
            return true;
        };
        let mut each = Each { class: ty.cast(), see };
        traverse(object, visit, (&raw mut each).cast()) == 0
    }
}
