//! Caches of `functools` without bounds, on functions of a module: `@cache`, `@lru_cache(maxsize=None)`.
//!
//! What such a cache has kept stands in a dict, which native code reads and writes as any other of Python's; the counts of
//! hits and misses stand in words of the cache, where a step can be taken back. CPython keeps the structure to itself, so
//! that no header proves it: each process looks at one first.

use core::ptr;
use std::sync::OnceLock;

use pyo3_ffi::*;

use crate::big::Big;
use crate::obj::Obj;
use crate::peek::{Own, globals_of, known_item};
use crate::stepped::Stepped;
use crate::stop::R;
use crate::strs::Str;
use crate::txn::Cx;

/// What CPython calls `lru_cache_object`, as far as it is used.
#[repr(C)]
struct Raw {
    base: PyObject,
    /// A list of links, which one without bounds does not use.
    links: [*mut PyObject; 2],
    hash: Py_hash_t,
    pair: [*mut PyObject; 2],
    wrapper: *mut PyObject,
    typed: std::ffi::c_int,
    kept: *mut PyObject,
    hits: Py_ssize_t,
    function: *mut PyObject,
    most: Py_ssize_t,
    misses: Py_ssize_t,
}

/// No bounds.
const UNBOUNDED: Py_ssize_t = -1;

/// Those whose hits and misses the transaction has counted.
pub(crate) type Caches = Stepped<(Py_ssize_t, Py_ssize_t)>;

/// A cache has had so many hits and misses again.
///
/// # Safety
/// A cache whose structure is proved, alive.
pub(crate) unsafe fn put_back(cache: *mut PyObject, stood: (Py_ssize_t, Py_ssize_t)) {
    // SAFETY: by the caller.
    unsafe {
        let raw = cache.cast::<Raw>();
        ((*raw).hits, (*raw).misses) = stood;
    }
}

/// What a cache without bounds has kept, and the function that it was made for; both live as long as the cache.
///
/// # Safety
/// A live object; the GIL is held, no transaction is open, no exception is set.
pub unsafe fn unbounded(object: *mut PyObject) -> Option<(*mut PyObject, *mut PyObject)> {
    // SAFETY: by the caller; nothing is read before the class has been found to be CPython's, and proved.
    unsafe {
        let functools = globals_of("functools");
        if functools.is_null() {
            return None;
        }
        let class = known_item(functools, "_lru_cache_wrapper");
        if class != Py_TYPE(object).cast() || !is_proved(class.cast()) {
            return None;
        }
        let raw = object.cast::<Raw>();
        let plain =
            (*raw).most == UNBOUNDED && (*raw).typed == 0 && Py_TYPE((*raw).kept) == &raw mut PyDict_Type;
        plain.then(|| ((*raw).kept, (*raw).function))
    }
}

/// Is the structure what is expected? Looked at once, at a cache of our own.
unsafe fn is_proved(class: *mut PyTypeObject) -> bool {
    static PROVED: OnceLock<bool> = OnceLock::new();
    // SAFETY: by the caller. A collection could run Python code, which could change what is being looked at.
    *PROVED.get_or_init(|| unsafe {
        let collects = PyGC_Disable() != 0;
        let proved = prove(class).unwrap_or(false);
        if collects {
            PyGC_Enable();
        }
        proved
    })
}

#[cold]
unsafe fn prove(class: *mut PyTypeObject) -> Option<bool> {
    /// No number that is found there by chance.
    const HITS: Py_ssize_t = 7;
    // SAFETY: by the caller. Making and asking a cache of `int` is C code; nothing is read beyond the size of its class.
    unsafe {
        let own = |object: *mut PyObject| {
            if object.is_null() {
                PyErr_Clear();
            }
            Own::take(object)
        };
        if (*class).tp_basicsize < size_of::<Raw>() as Py_ssize_t
            || (*class).tp_itemsize != 0
            || (*class).tp_flags & Py_TPFLAGS_IMMUTABLETYPE == 0
        {
            return None;
        }
        let function = (&raw mut PyLong_Type).cast::<PyObject>();
        let info = (&raw mut PyTuple_Type).cast::<PyObject>();
        let arguments = own(PyTuple_Pack(4, function, Py_None(), Py_False(), info))?;
        let cache = own(PyObject_CallObject(class.cast(), arguments.ptr()))?;
        let number = own(PyLong_FromLong(41))?;
        for _ in 0..=HITS {
            own(PyObject_CallOneArg(cache.ptr(), number.ptr()))?;
        }
        let raw = cache.ptr().cast::<Raw>();
        let known = (*raw).hits == HITS
            && (*raw).misses == 1
            && (*raw).most == UNBOUNDED
            && (*raw).typed == 0
            && ptr::eq((*raw).function, function)
            && Py_TYPE((*raw).kept) == &raw mut PyDict_Type
            && PyDict_Size((*raw).kept) == 1
            && PyDict_Contains((*raw).kept, number.ptr()) == 1;
        Some(known)
    }
}

/// A step of a cache.
fn step(cx: Cx, cache: Obj, step: impl FnOnce(&mut Py_ssize_t, &mut Py_ssize_t)) -> R<()> {
    cx.point()?;
    let cache = cache.as_ptr();
    // SAFETY: the namespace guard has found it to be a cache whose structure is proved; a short borrow.
    unsafe {
        let raw = cache.cast::<Raw>();
        cx.txn().rare().caches.before_step(cache, ((*raw).hits, (*raw).misses))?;
        step(&mut (*raw).hits, &mut (*raw).misses);
    }
    Ok(())
}

/// The key of a call with one argument, where that is an int or a text: itself. Of others it would be a tuple.
#[inline(always)]
pub fn key(n: i64) -> i64 {
    n
}

/// The same beyond 64 bits.
pub fn key_big(n: &Big) -> Big {
    n.clone()
}

/// The same of a text.
pub fn key_str(text: &Str) -> Str {
    text.clone()
}

/// The key was there.
pub fn hit(cx: Cx, cache: Obj) -> R<()> {
    step(cx, cache, |hits, _| *hits += 1)
}

/// It was not.
pub fn miss(cx: Cx, cache: Obj) -> R<()> {
    step(cx, cache, |_, misses| *misses += 1)
}

/// `f.cache_clear()`, behind its dict.
pub fn reset(cx: Cx, cache: Obj) -> R<()> {
    step(cx, cache, |hits, misses| (*hits, *misses) = (0, 0))
}
