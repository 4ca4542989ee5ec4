//! Caches of `functools` on functions of a module: `@cache`, `@lru_cache`.
//!
//! What one without bounds has kept stands in a dict, which native code reads and writes as any other of Python's; for one
//! with bounds see [`bounded`]. The counts of hits and misses stand in words of the cache, where a
//! step can be taken back. CPython keeps the structure to itself, so that no header proves it: each process looks at one
//! first.

pub(crate) mod bounded;
mod links;

pub use bounded::{Bounded, forget, keep, newest, touch};

use core::ptr;
use std::sync::OnceLock;

use pyo3_ffi::*;

use crate::big::Big;
use crate::dict::InOrder;
use crate::elem::Key;
use crate::obj::Obj;
use crate::peek::{Own, globals_of, known_item};
use crate::stepped::Stepped;
use crate::stop::R;
use crate::strs::Str;
use crate::txn::Cx;

/// What CPython calls `lru_list_elem`: what a cache with bounds has kept of one call. The cache is the link before the
/// first and behind the last.
#[repr(C)]
struct Link {
    base: PyObject,
    older: *mut Link,
    newer: *mut Link,
    hash: Py_hash_t,
    key: *mut PyObject,
    result: *mut PyObject,
}

/// What CPython calls `lru_cache_object`, as far as it is used.
#[repr(C)]
struct Raw {
    root: Link,
    wrapper: *mut PyObject,
    typed: std::ffi::c_int,
    kept: *mut PyObject,
    hits: Py_ssize_t,
    function: *mut PyObject,
    most: Py_ssize_t,
    misses: Py_ssize_t,
    mark: *mut PyObject,
    /// The class of its links.
    class: *mut PyTypeObject,
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

/// What a cache keeps, and the function that it was made for; both live as long as the cache.
pub struct Kept {
    /// A dict, or the cache itself where it has bounds.
    pub by: *mut PyObject,
    pub function: *mut PyObject,
    pub bounded: bool,
}

/// What a cache is that asks only whether arguments are equal.
///
/// # Safety
/// A live object; the GIL is held, no transaction is open, no exception is set.
pub unsafe fn kept(object: *mut PyObject) -> Option<Kept> {
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
        if (*raw).typed != 0 || Py_TYPE((*raw).kept) != &raw mut PyDict_Type {
            return None;
        }
        let function = (*raw).function;
        match (*raw).most {
            UNBOUNDED => Some(Kept { by: (*raw).kept, function, bounded: false }),
            most => (most > 0).then_some(Kept { by: object, function, bounded: true }),
        }
    }
}

/// Is the structure what is expected? Looked at once, at caches of our own.
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
    // SAFETY: by the caller. Making and asking a cache of `int` is C code; nothing is read beyond the size of its class.
    unsafe {
        if (*class).tp_basicsize < size_of::<Raw>() as Py_ssize_t
            || (*class).tp_itemsize != 0
            || (*class).tp_flags & Py_TPFLAGS_IMMUTABLETYPE == 0
        {
            return None;
        }
        let proved = is_unbounded_as_expected(class)? && is_bounded_as_expected(class)?;
        if proved {
            links::CLASS.store(class, std::sync::atomic::Ordering::Relaxed);
        }
        Some(proved)
    }
}

/// A cache of `int`.
unsafe fn of_int(class: *mut PyTypeObject, most: *mut PyObject) -> Option<Own> {
    // SAFETY: by the caller.
    unsafe {
        let function = (&raw mut PyLong_Type).cast::<PyObject>();
        let info = (&raw mut PyTuple_Type).cast::<PyObject>();
        let arguments = or_cleared(PyTuple_Pack(4, function, most, Py_False(), info))?;
        or_cleared(PyObject_CallObject(class.cast(), arguments.ptr()))
    }
}

/// What is new, or none and no exception.
unsafe fn or_cleared(object: *mut PyObject) -> Option<Own> {
    // SAFETY: by the caller.
    unsafe {
        if object.is_null() {
            PyErr_Clear();
        }
        Own::take(object)
    }
}

unsafe fn is_unbounded_as_expected(class: *mut PyTypeObject) -> Option<bool> {
    /// No number that is found there by chance.
    const HITS: Py_ssize_t = 7;
    // SAFETY: as `prove`.
    unsafe {
        let cache = of_int(class, Py_None())?;
        let number = or_cleared(PyLong_FromLong(41))?;
        for _ in 0..=HITS {
            or_cleared(PyObject_CallOneArg(cache.ptr(), number.ptr()))?;
        }
        let raw = cache.ptr().cast::<Raw>();
        Some(
            (*raw).hits == HITS
                && (*raw).misses == 1
                && (*raw).most == UNBOUNDED
                && (*raw).typed == 0
                && ptr::eq((*raw).function, (&raw mut PyLong_Type).cast())
                && Py_TYPE((*raw).kept) == &raw mut PyDict_Type
                && PyDict_Size((*raw).kept) == 1
                && PyDict_Contains((*raw).kept, number.ptr()) == 1,
        )
    }
}

unsafe fn is_bounded_as_expected(class: *mut PyTypeObject) -> Option<bool> {
    /// Small enough for each to have one object.
    const NUMBERS: [std::ffi::c_long; 5] = [41, 43, 47, 43, 53];
    const LEFT: [std::ffi::c_long; 3] = [47, 43, 53];
    // SAFETY: as `prove`; a link is followed after its class has been compared.
    unsafe {
        let most = or_cleared(PyLong_FromLong(LEFT.len() as _))?;
        let cache = of_int(class, most.ptr())?;
        let raw = cache.ptr().cast::<Raw>();
        let root = &raw mut (*raw).root;
        if (*raw).most != LEFT.len() as Py_ssize_t
            || !ptr::eq((*root).newer, root)
            || !ptr::eq((*root).older, root)
        {
            return Some(false);
        }
        for number in NUMBERS {
            let number = or_cleared(PyLong_FromLong(number))?;
            or_cleared(PyObject_CallOneArg(cache.ptr(), number.ptr()))?;
        }
        let (mut before, mut link) = (root, (*root).newer);
        for number in LEFT {
            let key = or_cleared(PyLong_FromLong(number))?;
            let known = PyDict_GetItemWithError((*raw).kept, key.ptr());
            if !ptr::eq(known, link.cast())
                || Py_TYPE(known) != (*raw).class
                || (*(*raw).class).tp_basicsize != size_of::<Link>() as Py_ssize_t
                || (*(*raw).class).tp_itemsize != 0
                || (*(*raw).class).tp_flags & (Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_FINALIZE) != 0
                || Py_REFCNT(known) != 2
                || !ptr::eq((*link).older, before)
                || !ptr::eq((*link).key, key.ptr())
                || !ptr::eq((*link).result, key.ptr())
                || (*link).hash != PyObject_Hash(key.ptr())
            {
                return Some(false);
            }
            (before, link) = (link, (*link).newer);
        }
        let counted =
            (*raw).hits == 1 && (*raw).misses == 4 && PyDict_Size((*raw).kept) == LEFT.len() as Py_ssize_t;
        Some(counted && ptr::eq(link, root) && ptr::eq((*root).older, before))
    }
}

/// A step of a cache.
fn step(cx: Cx, cache: *mut PyObject, step: impl FnOnce(&mut Py_ssize_t, &mut Py_ssize_t)) -> R<()> {
    cx.point()?;
    // SAFETY: the namespace guard has found it to be a cache whose structure is proved; a short borrow.
    unsafe {
        let raw = cache.cast::<Raw>();
        cx.txn().rare().caches.before_step(cache, ((*raw).hits, (*raw).misses))?;
        step(&mut (*raw).hits, &mut (*raw).misses);
    }
    Ok(())
}

/// The key of a call with one argument, where that is an int or a text: itself. Of others it is a tuple.
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
    step(cx, cache.as_ptr(), |hits, _| *hits += 1)
}

/// It was not.
pub fn miss(cx: Cx, cache: Obj) -> R<()> {
    step(cx, cache.as_ptr(), |_, misses| *misses += 1)
}

/// `f.cache_clear()`, behind its dict.
pub fn reset(cx: Cx, cache: Obj) -> R<()> {
    step(cx, cache.as_ptr(), |hits, misses| (*hits, *misses) = (0, 0))
}

/// The first one goes where there are so many: what native code keeps for a function inside of a function.
pub fn make_room<K: Key, V: Clone + 'static, D: InOrder<K, V>>(cx: Cx, kept: &D, most: i64) -> R<()> {
    if kept.count(cx)? as i64 >= most {
        kept.take_first(cx)?;
    }
    Ok(())
}
