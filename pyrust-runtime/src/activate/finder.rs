//! Modules that are not imported yet: patched right after they execute.
//!
//! One finder at the head of `sys.meta_path`, for the package's own modules of the manifest only. It asks the other
//! finders and wraps the loader of what they find, for one execution: afterwards module and spec have their own
//! loader again. Execution passes through C functions only, so that the traceback of a failing import is unchanged.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::metadata::split;
use super::patch;
use super::registry::{self, Mode, Registry, State};
use crate::peek::{Own, attribute, attribute_or_none, import_error, interned, lookup, utf8};

#[repr(C)]
struct Loader {
    base: PyObject,
    inner: *mut PyObject,
}

static FINDER: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
static LOADER_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// Patches what is imported already and installs the finder for the rest; false with an exception set.
///
/// # Safety
/// The GIL is held and no transaction is open.
pub(super) unsafe fn activate(registry: &'static Registry) -> bool {
    // SAFETY: as the caller promised.
    unsafe {
        let mut waiting = false;
        for name in modules(registry) {
            match ready_globals(registry, name) {
                Some(globals) => {
                    if !patch_module(registry, name, globals) {
                        return false;
                    }
                }
                None => waiting = true,
            }
        }
        // A module that is imported now may be reloaded, so the finder is there in any case.
        let _ = waiting;
        install().is_some()
    }
}

/// The modules that hold functions to patch, each once.
fn modules(registry: &Registry) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for record in &registry.records {
        let name = record.function.module();
        if !matches!(record.state.get(), State::Python | State::Disabled) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The globals of a module whose code has run: the package itself is at its last lines when it activates.
unsafe fn ready_globals(registry: &Registry, name: &str) -> Option<*mut PyObject> {
    // SAFETY: `sys.modules` lives as long as the interpreter.
    unsafe {
        let module = lookup(PyImport_GetModuleDict(), interned(name));
        if module.is_null() || PyModule_Check(module) == 0 {
            return None;
        }
        if name != registry.module.package {
            let spec = attribute_or_none(module, c"__spec__");
            let busy = spec.and_then(|spec| attribute_or_none(spec.ptr(), c"_initializing"));
            if busy.is_some_and(|busy| busy.ptr() == Py_True()) {
                return None;
            }
        }
        Some(PyModule_GetDict(module))
    }
}

/// Patches one module; false with an `ImportError` set when a stale hotspot is an error.
unsafe fn patch_module(registry: &'static Registry, name: &str, globals: *mut PyObject) -> bool {
    // SAFETY: as the caller promised.
    unsafe {
        let stale = patch::module(registry, name, globals);
        if registry.settings.mode == Mode::Require && !stale.is_empty() {
            import_error(&format!(
                "PYRUST=require: stale hotspots, rebuild the package: {}",
                stale.join(", ")
            ));
            return false;
        }
        true
    }
}

/// Puts the finder at the head of `sys.meta_path`, once.
unsafe fn install() -> Option<()> {
    // SAFETY: as the caller promised.
    unsafe {
        let path = PySys_GetObject(c"meta_path".as_ptr());
        let known = FINDER.load(Relaxed);
        if !known.is_null() && !path.is_null() && PySequence_Contains(path, known) == 1 {
            return Some(());
        }
        let loader_type = make_loader_type()?;
        LOADER_TYPE.store(loader_type, Relaxed);
        let finder = if known.is_null() { make_finder()? } else { Own::borrow(known)? };
        if path.is_null() || PyList_Insert(path, 0, finder.ptr()) != 0 {
            return None;
        }
        if known.is_null() {
            FINDER.store(finder.release(), Relaxed);
        }
        Some(())
    }
}

fn method(name: &'static std::ffi::CStr, function: PyCFunctionWithKeywords, flags: i32) -> PyMethodDef {
    PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunctionWithKeywords: function },
        ml_flags: METH_VARARGS | METH_KEYWORDS | flags,
        ml_doc: ptr::null(),
    }
}

unsafe fn make_type(
    name: &'static std::ffi::CStr,
    size: usize,
    methods: Vec<PyMethodDef>,
    extra: &[PyType_Slot],
) -> Option<*mut PyTypeObject> {
    // SAFETY: the tables live for good.
    unsafe {
        let mut methods = methods;
        methods.push(PyMethodDef::zeroed());
        let methods = Box::leak(methods.into_boxed_slice());
        let mut slots = vec![PyType_Slot { slot: Py_tp_methods, pfunc: methods.as_mut_ptr().cast() }];
        slots.extend_from_slice(extra);
        slots.push(PyType_Slot { slot: 0, pfunc: ptr::null_mut() });
        let mut spec = PyType_Spec {
            name: name.as_ptr(),
            basicsize: size as _,
            itemsize: 0,
            flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION) as _,
            slots: slots.as_mut_ptr(),
        };
        let ty: *mut PyTypeObject = PyType_FromSpec(&mut spec).cast();
        (!ty.is_null()).then_some(ty)
    }
}

unsafe fn make_finder() -> Option<Own> {
    // SAFETY: as the caller promised.
    unsafe {
        let ty = make_type(
            c"pyrust.Finder",
            size_of::<PyObject>(),
            vec![method(c"find_spec", find_spec, 0)],
            &[],
        )?;
        Own::take(PyType_GenericAlloc(ty, 0))
    }
}

unsafe fn make_loader_type() -> Option<*mut PyTypeObject> {
    let known = LOADER_TYPE.load(Relaxed);
    if !known.is_null() {
        return Some(known);
    }
    let methods = vec![method(c"exec_module", exec_module, 0), method(c"create_module", create_module, 0)];
    let extra = [
        PyType_Slot { slot: Py_tp_getattro, pfunc: loader_attribute as *mut std::ffi::c_void },
        PyType_Slot { slot: Py_tp_dealloc, pfunc: loader_dealloc as *mut std::ffi::c_void },
    ];
    // SAFETY: as the caller promised.
    unsafe { make_type(c"pyrust.Loader", size_of::<Loader>(), methods, &extra) }
}

/// `find_spec(name, path=None, target=None)`: another finder's answer, with our loader around its loader.
unsafe extern "C" fn find_spec(
    finder: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the import system under the GIL with a tuple and a dict or null.
    unsafe {
        let none = || {
            Py_INCREF(Py_None());
            Py_None()
        };
        let name = match PyTuple_Size(args) {
            0 => ptr::null_mut(),
            _ => PyTuple_GetItem(args, 0),
        };
        let Some(registry) = registry::get() else { return none() };
        let wanted = !name.is_null()
            && utf8(name).is_some_and(|name| registry.records.iter().any(|record| record.awaits(name)));
        if !wanted {
            return none();
        }
        found_by_others(finder, args, kwargs).map_or(ptr::null_mut(), Own::release)
    }
}

/// The first spec of the other finders (`None` if there is none); nothing when one of them raised.
unsafe fn found_by_others(finder: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> Option<Own> {
    // SAFETY: as `find_spec`.
    unsafe {
        let path = Own::take(PySequence_List(PySys_GetObject(c"meta_path".as_ptr())))?;
        for index in 0..PyList_Size(path.ptr()) {
            let other = PyList_GetItem(path.ptr(), index);
            if other == finder {
                continue;
            }
            let Some(find) = attribute_or_none(other, c"find_spec") else { continue };
            let spec = Own::take(PyObject_Call(find.ptr(), args, kwargs))?;
            if spec.ptr() == Py_None() {
                continue;
            }
            if let Some(inner) = attribute_or_none(spec.ptr(), c"loader")
                && attribute_or_none(inner.ptr(), c"exec_module").is_some()
            {
                let loader = Own::take(PyType_GenericAlloc(LOADER_TYPE.load(Relaxed), 0))?;
                (*loader.ptr().cast::<Loader>()).inner = inner.release();
                if PyObject_SetAttrString(spec.ptr(), c"loader".as_ptr(), loader.ptr()) != 0 {
                    return None;
                }
            }
            return Some(spec);
        }
        Own::borrow(Py_None())
    }
}

unsafe fn inner(loader: *mut PyObject) -> *mut PyObject {
    // SAFETY: the methods below are called with our loader only.
    unsafe { (*loader.cast::<Loader>()).inner }
}

/// `create_module(spec)`: the inner loader's.
unsafe extern "C" fn create_module(
    loader: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: a method of the loader type.
    unsafe {
        let Some(create) = attribute(inner(loader), c"create_module") else { return ptr::null_mut() };
        PyObject_Call(create.ptr(), args, kwargs)
    }
}

/// `exec_module(module)`: gives the module its own loader back, executes it, patches it.
unsafe extern "C" fn exec_module(
    loader: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: a method of the loader type.
    unsafe { execute(loader, args, kwargs).map_or(ptr::null_mut(), Own::release) }
}

unsafe fn execute(loader: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> Option<Own> {
    // SAFETY: as `exec_module`.
    unsafe {
        let inner = Own::borrow(inner(loader))?;
        let exec = attribute(inner.ptr(), c"exec_module")?;
        if PyTuple_Size(args) == 0 {
            return Own::take(PyObject_Call(exec.ptr(), args, kwargs)); // its own error
        }
        let module = Own::borrow(PyTuple_GetItem(args, 0))?;
        let spec = attribute(module.ptr(), c"__spec__")?;
        for (object, name) in [(&spec, c"loader"), (&module, c"__loader__")] {
            if PyObject_SetAttrString(object.ptr(), name.as_ptr(), inner.ptr()) != 0 {
                return None;
            }
        }
        let result = Own::take(PyObject_Call(exec.ptr(), args, kwargs))?;
        // A lazy loader has not executed anything yet; its own loader is ours once more when it does.
        let lazy =
            std::ffi::CStr::from_ptr((*Py_TYPE(inner.ptr())).tp_name).to_bytes().ends_with(b"LazyLoader");
        if !lazy
            && PyModule_Check(module.ptr()) != 0
            && let Some(registry) = registry::get()
            && let Some(name) = attribute_or_none(spec.ptr(), c"name")
            && let Some(name) = utf8(name.ptr())
            && !patch_module(registry, name, PyModule_GetDict(module.ptr()))
        {
            return None;
        }
        Some(result)
    }
}

/// Everything else is the inner loader's.
unsafe extern "C" fn loader_attribute(loader: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot of the loader type.
    unsafe {
        let own = PyObject_GenericGetAttr(loader, name);
        if !own.is_null() || PyErr_ExceptionMatches(PyExc_AttributeError) == 0 {
            return own;
        }
        PyErr_Clear();
        PyObject_GetAttr(inner(loader), name)
    }
}

unsafe extern "C" fn loader_dealloc(loader: *mut PyObject) {
    // SAFETY: a slot of the loader type; heap types are referenced by their instances.
    unsafe {
        let ty = Py_TYPE(loader);
        Py_XDECREF(inner(loader));
        PyObject_Free(loader.cast());
        Py_DECREF(ty.cast());
    }
}

impl registry::Record {
    /// Whether executing that module can make this hotspot native.
    fn awaits(&self, module: &str) -> bool {
        split(self.function.name).0 == module && !matches!(self.state.get(), State::Python | State::Disabled)
    }
}
