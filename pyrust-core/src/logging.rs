//! Loggers of `logging` that have nothing to say: `log.debug("…", x)` where that level is off, and `log.isEnabledFor(level)`.
//!
//! A logger keeps what it has found out of its levels in a dict, which is emptied whenever a level changes. Native code
//! only looks there, once it has seen that the methods are those of `logging`; what is not known yet is left to Python, and
//! so is whatever would be said.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed};

use pyo3_ffi::{
    Py_False, Py_TYPE, Py_True, PyBaseObject_Type, PyDict_CheckExact, PyDict_GetItemWithError, PyErr_Clear,
    PyFunction_GetCode, PyFunction_GetGlobals, PyFunction_Type, PyLong_FromLongLong, PyObject,
    PyObject_GenericGetAttr, PyTypeObject,
};

use crate::builtins::c::Name;
use crate::obj::Obj;
use crate::object::inherited;
use crate::peek::{Own, attribute_or_none, globals_of, utf8};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

unsafe extern "C" {
    // Exported by every version that is supported.
    static mut PyMethod_Type: PyTypeObject;
    fn PyMethod_Function(method: *mut PyObject) -> *mut PyObject;
    fn PyMethod_Self(method: *mut PyObject) -> *mut PyObject;
}

/// The methods, and the levels of those that say something.
static METHODS: [Name; 6] = [
    Name::new(c"debug"),
    Name::new(c"info"),
    Name::new(c"warning"),
    Name::new(c"error"),
    Name::new(c"critical"),
    Name::new(c"isEnabledFor"),
];
const LEVELS: [i64; 5] = [10, 20, 30, 40, 50];
const ASKS: usize = 5;

static CACHE: Name = Name::new(c"_cache");
static DISABLED: Name = Name::new(c"disabled");

/// The class that was looked at last, its version, which nothing else of it has, and its methods.
static CLASS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
static FUNCTIONS: [AtomicPtr<PyObject>; 6] = [const { AtomicPtr::new(ptr::null_mut()) }; 6];

/// What was off last: the transaction, the logger, the method, and the level. Nothing of Python's runs while a transaction
/// is open, so it stays off until that ends.
static OFF: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// `logger.debug(…)` and the like, by the place of the level: nothing, where the level is off.
pub fn quiet(cx: Cx, logger: Obj, level: usize) -> R<()> {
    // SAFETY: what native code holds is alive.
    match unsafe { is_enabled(cx, logger.as_ptr(), level, LEVELS[level]) }? {
        false => Ok(()),
        true => bail(Bail::Unsupported),
    }
}

/// `logger.isEnabledFor(level)`
pub fn enabled(cx: Cx, logger: Obj, level: i64) -> R<bool> {
    // SAFETY: what native code holds is alive.
    unsafe { is_enabled(cx, logger.as_ptr(), ASKS, level) }
}

/// What the method finds out first, as far as the logger knows it.
///
/// # Safety
/// A live object; the GIL is held.
unsafe fn is_enabled(cx: Cx, logger: *mut PyObject, method: usize, level: i64) -> R<bool> {
    let asked = [cx.number(), logger.addr() as u64, method as u64, level as u64];
    if asked.iter().zip(&OFF).all(|(asked, known)| *asked == known.load(Relaxed)) {
        return Ok(false);
    }
    // SAFETY: by the caller. With a class whose attributes are read plainly, and that has none of the names itself, nothing
    // of Python's is run; its methods are no objects that see anything.
    unsafe {
        if !is_known(Py_TYPE(logger)) {
            return bail(Bail::Unsupported);
        }
        // Bound methods are made.
        cx.before_tracked();
        if !is_own(logger, method) || (method != ASKS && !is_own(logger, ASKS)) {
            return bail(Bail::Unsupported);
        }
        let (Some(disabled), Some(cache)) = (plain(logger, &DISABLED), plain(logger, &CACHE)) else {
            return bail(Bail::Unsupported);
        };
        let off = || {
            asked.iter().zip(&OFF).for_each(|(asked, known)| known.store(*asked, Relaxed));
            Ok(false)
        };
        if disabled.ptr() == Py_True() {
            return off();
        }
        if disabled.ptr() != Py_False() || PyDict_CheckExact(cache.ptr()) == 0 {
            return bail(Bail::Unsupported);
        }
        let Some(key) = Own::take(PyLong_FromLongLong(level)) else {
            PyErr_Clear();
            return bail(Bail::Memory);
        };
        let found = PyDict_GetItemWithError(cache.ptr(), key.ptr());
        if found == Py_False() {
            return off();
        }
        if found == Py_True() {
            return Ok(true);
        }
        PyErr_Clear();
        bail(Bail::Unsupported)
    }
}

/// Are the methods of the class those of `logging`, and does it read attributes plainly?
unsafe fn is_known(class: *mut PyTypeObject) -> bool {
    // SAFETY: by the caller: a live class.
    unsafe {
        let version = (*class).tp_version_tag as usize;
        if version != 0 && CLASS[0].load(Relaxed) == class.addr() && CLASS[1].load(Relaxed) == version {
            return true;
        }
        let globals = globals_of("logging");
        let object = &raw mut PyBaseObject_Type;
        let plain = (*class).tp_getattro.map(|f| f as usize) == (*object).tp_getattro.map(|f| f as usize);
        if globals.is_null() || !plain {
            return false;
        }
        let leaves = |name: &Name| name.get().is_ok_and(|name| inherited(class, name).is_null());
        if !leaves(&CACHE) || !leaves(&DISABLED) {
            return false;
        }
        for (name, known) in METHODS.iter().zip(&FUNCTIONS) {
            let Ok(name) = name.get() else { return false };
            let found = inherited(class, name);
            if found.is_null()
                || Py_TYPE(found) != &raw mut PyFunction_Type
                || PyFunction_GetGlobals(found) != globals
            {
                return false;
            }
            let Some(qualname) = attribute_or_none(PyFunction_GetCode(found), c"co_qualname") else {
                return false;
            };
            if utf8(qualname.ptr()).and_then(|q| q.strip_prefix("Logger.")) != utf8(name) {
                return false;
            }
            known.store(found, Relaxed);
        }
        // All are written while the GIL is held. Asking for the names has given the class a version.
        CLASS[0].store(class.addr(), Relaxed);
        CLASS[1].store((*class).tp_version_tag as usize, Relaxed);
        (*class).tp_version_tag != 0
    }
}

/// Does the logger have the method from its class?
unsafe fn is_own(logger: *mut PyObject, method: usize) -> bool {
    // SAFETY: by the caller: its class is known.
    unsafe {
        let Some(bound) = plain(logger, &METHODS[method]) else { return false };
        let bound = bound.ptr();
        Py_TYPE(bound) == &raw mut PyMethod_Type
            && PyMethod_Function(bound) == FUNCTIONS[method].load(Relaxed)
            && PyMethod_Self(bound) == logger
    }
}

/// An attribute, of which the class has no descriptor but functions. To give it up runs nothing: others refer to it, or
/// it is a bound method.
unsafe fn plain(logger: *mut PyObject, name: &Name) -> Option<Own> {
    // SAFETY: by the caller.
    unsafe {
        let found = Own::take(PyObject_GenericGetAttr(logger, name.get().ok()?));
        if found.is_none() {
            PyErr_Clear();
        }
        found
    }
}
