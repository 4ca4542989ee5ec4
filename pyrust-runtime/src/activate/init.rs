//! The extension module: refuses what it cannot serve, activates the hotspots, and answers `status()`.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::*;

use super::hook::{FINALIZING, PAUSED};
use super::intercept;
use super::metadata::Module;
use super::order::in_order;
use super::registry::{self, Mode, Record};
use super::selftest;
use super::settings::Settings;
use super::{arenas, finder};
use crate::activate::interp::{self, Fit};
use crate::peek::{Own, attribute, import_error, text, utf8};

/// What `PyInit_…` was called with.
struct Init {
    module: &'static Module,
    digests: &'static str,
}

static INIT: AtomicPtr<Init> = AtomicPtr::new(ptr::null_mut());
static GETTER: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());

/// The body of `PyInit_…`: the definition of the module, for multi-phase initialisation.
///
/// # Safety
/// Called by the import system, with the GIL held.
pub unsafe fn init(module: &'static Module, digests: &'static str) -> *mut PyObject {
    // SAFETY: the definition lives for good.
    unsafe {
        if INIT.load(Relaxed).is_null() {
            INIT.store(Box::into_raw(Box::new(Init { module, digests })), Relaxed);
        }
        let mut slots = vec![PyModuleDef_Slot { slot: Py_mod_exec, value: execute as *mut c_void }];
        #[cfg(Py_3_12)]
        slots.push(PyModuleDef_Slot {
            slot: Py_mod_multiple_interpreters,
            value: Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED,
        });
        slots.push(PyModuleDef_Slot { slot: 0, value: ptr::null_mut() });
        let name = module.init.strip_prefix("PyInit_").unwrap_or("_pyrust");
        let name = std::ffi::CString::new(name).unwrap_or_default();
        let definition = PyModuleDef {
            m_base: PyModuleDef_HEAD_INIT,
            m_name: name.into_raw(),
            m_doc: c"Native versions of this package's hotspots: see status().".as_ptr(),
            m_size: 0,
            m_methods: Box::leak(Box::new(methods())).as_mut_ptr(),
            m_slots: Box::leak(slots.into_boxed_slice()).as_mut_ptr(),
            m_traverse: None,
            m_clear: None,
            m_free: None,
        };
        PyModuleDef_Init(Box::leak(Box::new(definition)))
    }
}

/// `Py_mod_exec`.
unsafe extern "C" fn execute(module: *mut PyObject) -> c_int {
    // SAFETY: called by the import system under the GIL.
    unsafe {
        let Some(init) = INIT.load(Relaxed).as_ref() else { return -1 };
        if !is_main() {
            return only_tell(module, ELSEWHERE);
        }
        if let Err(why) = trust() {
            return only_tell(module, UNFIT.get_or_init(|| why));
        }
        let first = registry::get().is_none();
        let registry = registry::create(init.module, init.digests);
        if first {
            crate::txn::set_poll(poll);
            if let Some(warning) = &registry.settings.warning {
                warn(warning);
            }
            if let Mode::Shadow(share) = registry.settings.mode {
                match super::shadow::start(registry, module) {
                    Some(()) => registry.compare_one_in(share),
                    None => warn(&super::shadow::why_not()),
                }
            }
            if at_exit(module).is_none() {
                return -1;
            }
            if registry.settings.mode != Mode::Python {
                arenas::keep();
            }
        }
        let Some(getter) = attribute(module, c"_hook") else { return -1 };
        drop(Own::take(GETTER.swap(getter.release(), Relaxed)));
        if finder::activate(registry) { 0 } else { -1 }
    }
}

/// Why nothing is native in another interpreter than the first.
const ELSEWHERE: &str = "hotspots run in the main interpreter only";
/// Why nothing is native in this process.
static UNFIT: OnceLock<String> = OnceLock::new();

fn is_main() -> bool {
    // SAFETY: called under the GIL.
    unsafe { PyInterpreterState_Get() == PyInterpreterState_Main() }
}

/// Where native code cannot run, the module has nothing but `status()`, which says so of each hotspot. Under `PYRUST=require` it is an
/// error.
///
/// # Safety
/// The GIL is held, and the module is being executed.
unsafe fn only_tell(module: *mut PyObject, why: &str) -> c_int {
    // SAFETY: as the caller promised; the names are those of the table that the module was made of.
    unsafe {
        if Settings::from_environment().mode == Mode::Require {
            import_error(&format!("PYRUST=require: {why}"));
            return -1;
        }
        for method in methods() {
            if !method.ml_name.is_null()
                && std::ffi::CStr::from_ptr(method.ml_name) != c"status"
                && PyObject_SetAttrString(module, method.ml_name, ptr::null_mut()) != 0
            {
                return -1;
            }
        }
        0
    }
}

/// A warning at the import; warnings as errors must not keep the package from importing.
unsafe fn warn(text: &str) {
    // SAFETY: called under the GIL.
    unsafe {
        if let Ok(text) = std::ffi::CString::new(text)
            && PyErr_WarnEx(PyExc_RuntimeWarning, text.as_ptr(), 1) != 0
        {
            PyErr_Clear();
        }
    }
}

/// Whether what the runtime reads of the interpreter is where it was built to find it.
unsafe fn trust() -> Result<(), String> {
    // SAFETY: called by the import system under the GIL, in the main interpreter.
    unsafe {
        match interp::fit() {
            Fit::Same => interp::prepare(true),
            Fit::Other(what) => return Err(what),
            Fit::OtherPatch(what) => {
                interp::prepare(false);
                selftest::run().map_err(|part| format!("{what}, which differs in {part}: rebuild"))?;
            }
        }
        crate::boundary::dying::prepare();
    }
    Ok(())
}

/// What polls ask.
fn poll() -> bool {
    // SAFETY: native code runs with the GIL held.
    unsafe { interp::must_stop(PyThreadState_Get()) }
}

/// From `atexit` on, everything runs as Python: modules are about to lose their globals.
unsafe fn at_exit(module: *mut PyObject) -> Option<()> {
    // SAFETY: as `execute`.
    unsafe {
        let atexit = Own::take(PyImport_ImportModule(c"atexit".as_ptr()))?;
        let register = attribute(atexit.ptr(), c"register")?;
        let stop = attribute(module, c"_finalize")?;
        let arguments = Own::take(PyTuple_Pack(1, stop.ptr()))?;
        Own::take(PyObject_Call(register.ptr(), arguments.ptr(), ptr::null_mut())).map(drop)
    }
}

/// `_pyrust._hook`, which picklers write down; borrowed.
pub(in crate::activate) fn getter() -> Option<*mut PyObject> {
    let getter = GETTER.load(Relaxed);
    (!getter.is_null()).then_some(getter)
}

fn methods() -> Vec<PyMethodDef> {
    let entry = |name: &'static std::ffi::CStr, function: PyCFunction, flags: c_int| PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: function },
        ml_flags: flags,
        ml_doc: ptr::null(),
    };
    vec![
        PyMethodDef {
            ml_doc: c"status() -> list of dicts: function, state, reason, native_calls, bailouts.".as_ptr(),
            ..entry(c"status", status, METH_NOARGS)
        },
        entry(c"_status", status_of, METH_O),
        entry(c"_hook", hook_by_name, METH_O),
        entry(c"_finalize", finalize, METH_NOARGS),
        entry(c"_set_interceptor", set_interceptor, METH_O),
        entry(c"_set_observer", set_observer, METH_O),
        entry(c"_dry_run", super::dry::dry_run, METH_VARARGS),
        entry(c"_dry_run_loop", super::dry::dry_run_loop, METH_VARARGS),
        entry(c"_original", original, METH_O),
        entry(c"_kind", kind, METH_O),
        entry(c"_resumed", resumed, METH_O),
        entry(c"_shared", shared, METH_NOARGS),
        entry(c"_share", share, METH_O),
        entry(c"_pause", pause, METH_O),
        entry(c"_distrust", super::shadow::distrust, METH_VARARGS),
        entry(c"_reset_counters", reset_counters, METH_NOARGS),
        entry(c"_force_bail", force_bail, METH_O),
        entry(c"_points", points, METH_NOARGS),
        entry(c"_attributes", attributes, METH_O),
        entry(c"_digest", digest_of, METH_O),
        entry(c"_selftest", self_test, METH_NOARGS),
        PyMethodDef::zeroed(),
    ]
}

fn none() -> *mut PyObject {
    // SAFETY: None is always alive.
    unsafe {
        Py_INCREF(Py_None());
        Py_None()
    }
}

unsafe extern "C" fn status(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL.
    unsafe {
        let Some(list) = Own::take(PyList_New(0)) else { return ptr::null_mut() };
        // The table is the first interpreter's.
        let nowhere = if is_main() { UNFIT.get().map(String::as_str) } else { Some(ELSEWHERE) };
        let mut records: Vec<&Record> =
            registry::get().map_or_else(Vec::new, |registry| registry.records.iter().collect());
        let mut own = Vec::new();
        if let Some(why) = nowhere {
            let Some(init) = INIT.load(Relaxed).as_ref() else { return ptr::null_mut() };
            own.extend(init.module.functions.iter().map(|function| registry::left(function, why)));
            records = own.iter().collect();
        }
        for record in in_order(records, |a, b| a.function.name < b.function.name) {
            let Some(entry) = describe(record) else { return ptr::null_mut() };
            if PyList_Append(list.ptr(), entry.ptr()) != 0 {
                return ptr::null_mut();
            }
        }
        list.release()
    }
}

/// `_status(name)`: that function's entry of `status()`, for who asks often; None where there is none in this interpreter.
unsafe extern "C" fn status_of(_: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        match utf8(name).and_then(|name| registry::get()?.record(name)) {
            Some(record) if is_main() => describe(record).map_or(ptr::null_mut(), Own::release),
            _ => none(),
        }
    }
}

unsafe fn describe(record: &Record) -> Option<Own> {
    // SAFETY: as `status`.
    unsafe {
        let entry = Own::take(PyDict_New())?;
        let set = |name: &std::ffi::CStr, value: Option<Own>| {
            (PyDict_SetItemString(entry.ptr(), name.as_ptr(), value?.ptr()) == 0).then_some(())
        };
        set(c"function", text(record.function.name))?;
        set(c"state", text(record.state.get().name()))?;
        let reason = record.reason.borrow();
        set(c"reason", reason.as_deref().map_or_else(|| Own::borrow(Py_None()), |reason| text(reason)))?;
        set(c"native_calls", Own::take(PyLong_FromUnsignedLongLong(record.native_calls())))?;
        let bailouts = Own::take(PyDict_New())?;
        let counts = record.bailouts.borrow().clone();
        for (reason, count) in in_order(counts, |a, b| a.0 < b.0) {
            let count = Own::take(PyLong_FromUnsignedLongLong(count))?;
            if PyDict_SetItem(bailouts.ptr(), text(reason)?.ptr(), count.ptr()) != 0 {
                return None;
            }
        }
        set(c"bailouts", Some(bailouts))?;
        Some(entry)
    }
}

/// The hook of a function, by name: what by-value pickling refers to.
unsafe extern "C" fn hook_by_name(_: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        let found = utf8(name).and_then(|name| registry::get()?.record(name)?.hook.get());
        match found {
            Some(hook) => {
                Py_INCREF(hook.object());
                hook.object()
            }
            None => match utf8(name)
                .and_then(|name| super::segments::by_name(name).or_else(|| super::regions::by_name(name)))
            {
                // It lives for good.
                Some(step) => step,
                None => {
                    PyErr_SetObject(PyExc_KeyError, name);
                    ptr::null_mut()
                }
            },
        }
    }
}

unsafe extern "C" fn finalize(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    for record in registry::get().into_iter().flat_map(|registry| &registry.records) {
        if let Some(hook) = record.hook.get() {
            hook.set_gate(FINALIZING, true);
        }
    }
    none()
}

/// The function object of a hotspot, and its Python original as a function of its own; None where it is not active.
unsafe extern "C" fn original(_: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument, with no transaction open.
    unsafe {
        match utf8(name).and_then(|name| registry::get()?.record(name)?.hook.get()) {
            Some(hook) => match intercept::original(hook) {
                Some(original) => PyTuple_Pack(2, hook.function(), original.ptr()),
                None => ptr::null_mut(),
            },
            None => none(),
        }
    }
}

/// `_kind(name)`: `function`, `generator` or `loops` (only loops of the function are native); None where nothing is patched.
unsafe extern "C" fn kind(_: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        match utf8(name).and_then(|name| registry::get()?.record(name)?.hook.get()) {
            Some(hook) if hook.generator().is_some() => text("generator"),
            Some(hook) if hook.is_loops() => text("loops"),
            Some(_) => text("function"),
            None => return none(),
        }
        .map_or(ptr::null_mut(), Own::release)
    }
}

/// `_resumed(name)`: after so many bailouts Python has gone on in the middle of a loop.
unsafe extern "C" fn resumed(_: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        let record = utf8(name).and_then(|name| registry::get()?.record(name));
        PyLong_FromUnsignedLongLong(record.map_or(0, |record| record.resumed.get()))
    }
}

/// `_shared()`: so many loops have been done by several threads.
unsafe extern "C" fn shared(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    #[cfg(feature = "rare")]
    let count = crate::parallel::shared();
    #[cfg(not(feature = "rare"))]
    let count = 0;
    // SAFETY: called under the GIL.
    unsafe { PyLong_FromSize_t(count) }
}

/// `_share(on)`: from now on several threads do every loop that they may do, however short it is.
unsafe extern "C" fn share(_: *mut PyObject, on: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    let on = unsafe { PyObject_IsTrue(on) } == 1;
    #[cfg(feature = "rare")]
    crate::parallel::share_all(on);
    // Nothing is compiled that could be shared.
    #[cfg(not(feature = "rare"))]
    let _ = on;
    none()
}

/// While it is paused, everything runs as Python: what benchmarks compare with. They call in batches, in turns with other
/// things: from then on no trial could tell what is faster, and nothing rests.
unsafe extern "C" fn pause(_: *mut PyObject, on: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    let on = unsafe { on == Py_True() };
    for record in registry::get().into_iter().flat_map(|registry| &registry.records) {
        if let Some(hook) = record.hook.get() {
            hook.try_no_more();
            hook.set_gate(PAUSED, on);
        }
    }
    none()
}

unsafe extern "C" fn set_interceptor(_: *mut PyObject, callable: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe { intercept::set(if callable == Py_None() { ptr::null_mut() } else { callable }) };
    none()
}

unsafe extern "C" fn set_observer(_: *mut PyObject, callable: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe { intercept::set_observer(if callable == Py_None() { ptr::null_mut() } else { callable }) };
    none()
}

unsafe extern "C" fn reset_counters(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    for record in registry::get().into_iter().flat_map(|registry| &registry.records) {
        record.reset_counters();
    }
    none()
}

unsafe extern "C" fn force_bail(_: *mut PyObject, k: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        let k = PyLong_AsLongLong(k);
        if k == -1 && !PyErr_Occurred().is_null() {
            return ptr::null_mut();
        }
        crate::txn::set_forced_bail(k);
    }
    none()
}

unsafe extern "C" fn points(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL.
    unsafe { PyLong_FromLongLong(crate::txn::last_points()) }
}

/// What an instance keeps without a dict, as a dict of its own; None where it has one. Whoever compares wants to leave the
/// instance as it is.
unsafe extern "C" fn attributes(_: *mut PyObject, object: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    let found = unsafe { crate::object::without_dict(object) };
    if found.is_null() { none() } else { found }
}

/// The digest of a code object, or None: the tests compare it with the build's.
unsafe extern "C" fn digest_of(_: *mut PyObject, code: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL with one argument.
    unsafe {
        if Py_TYPE(code) != &raw mut PyCode_Type {
            PyErr_SetString(PyExc_TypeError, c"expected a code object".as_ptr());
            return ptr::null_mut();
        }
        match super::digest::digest(code) {
            Some(digest) => text(&digest).map_or(ptr::null_mut(), Own::release),
            None => none(),
        }
    }
}

/// The self-test that another patch level has to pass: None, or the part that failed.
unsafe extern "C" fn self_test(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: called under the GIL, by the tests in the main thread.
    unsafe {
        match selftest::run() {
            Ok(()) => none(),
            Err(part) => text(part).map_or(ptr::null_mut(), Own::release),
        }
    }
}
