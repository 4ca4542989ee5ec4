//! The type of the objects that stand in prologues.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::{HookObject, next};
use crate::activate::init::getter;
use crate::peek::{Own, text};

/// By-value picklers (cloudpickle) meet the hook in `co_consts`: it is found again by name.
unsafe extern "C" fn reduce(object: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: a method of the hook type.
    unsafe {
        let hook = &(*object.cast::<HookObject>()).hook;
        let Some(getter) = getter() else { return ptr::null_mut() };
        let name = hook.record.function.name;
        let Some(name) = text(name) else { return ptr::null_mut() };
        PyTuple_Pack(2, getter, Own::take(PyTuple_Pack(1, name.ptr())).map_or(ptr::null_mut(), Own::release))
    }
}

pub(super) static HOOK_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// The type of hooks; made once.
pub(super) unsafe fn hook_type() -> Option<*mut PyTypeObject> {
    let known = HOOK_TYPE.load(Relaxed);
    if !known.is_null() {
        return Some(known);
    }
    // SAFETY: the tables live for good; hooks are never freed, so the type needs no deallocator.
    unsafe {
        let method = PyMethodDef {
            ml_name: c"__reduce__".as_ptr(),
            ml_meth: PyMethodDefPointer { PyCFunction: reduce },
            ml_flags: METH_NOARGS,
            ml_doc: ptr::null(),
        };
        let methods = Box::leak(Box::new([method, PyMethodDef::zeroed()]));
        let mut slots = [
            PyType_Slot { slot: Py_tp_iternext, pfunc: next as *mut std::ffi::c_void },
            PyType_Slot { slot: Py_tp_methods, pfunc: methods.as_mut_ptr().cast() },
            PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
        ];
        let mut spec = PyType_Spec {
            name: c"pyrust.Hook".as_ptr(),
            basicsize: size_of::<HookObject>() as _,
            itemsize: 0,
            flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE) as _,
            slots: slots.as_mut_ptr(),
        };
        let ty: *mut PyTypeObject = PyType_FromSpec(&mut spec).cast();
        HOOK_TYPE.store(ty, Relaxed);
        (!ty.is_null()).then_some(ty)
    }
}
