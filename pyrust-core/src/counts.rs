//! `itertools.count` of Python's: `next(self._ids)`.
//!
//! It counts in a word of its own as long as the numbers fit and the step is one, and such a step can be taken back. CPython
//! keeps the structure to itself, so that no header proves it: each process looks at one first.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi::{
    Py_DECREF, Py_TYPE, Py_ssize_t, PyErr_Clear, PyLong_AsSsize_t, PyLong_FromSsize_t, PyObject,
    PyObject_CallOneArg, PyTypeObject,
};

use crate::foreign::{Count, Foreign};
use crate::stepped::Stepped;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// What CPython calls `countobject`, as far as it is used.
#[repr(C)]
struct Raw {
    base: PyObject,
    /// The next number; the largest one where it counts with objects.
    next: Py_ssize_t,
    /// Null where it counts in the word.
    object: *mut PyObject,
    step: *mut PyObject,
}

/// Those that the transaction has moved.
pub(crate) type Counts = Stepped<Py_ssize_t>;

/// A counter counts from `stood` again.
///
/// # Safety
/// A counter whose structure is proved, alive.
pub(crate) unsafe fn put_back(counter: *mut PyObject, stood: Py_ssize_t) {
    // SAFETY: by the caller.
    unsafe { (*counter.cast::<Raw>()).next = stood };
}

/// Is the structure what is expected? Looked at once, at a counter of our own.
fn is_proved(cx: Cx, class: *mut PyTypeObject) -> bool {
    static PROVED: AtomicU8 = AtomicU8::new(0);
    match PROVED.load(Relaxed) {
        0 => {
            // SAFETY: the class is `itertools.count`.
            let proved = unsafe { prove(cx, class) };
            PROVED.store(if proved { 1 } else { 2 }, Relaxed);
            proved
        }
        known => known == 1,
    }
}

#[cold]
unsafe fn prove(cx: Cx, class: *mut PyTypeObject) -> bool {
    /// No number that stands there by chance.
    const START: Py_ssize_t = 0x5EED_0041;
    cx.before_tracked();
    // SAFETY: by the caller; making and asking a counter is C code. Nothing is read beyond its size.
    unsafe {
        if (*class).tp_basicsize != size_of::<Raw>() as Py_ssize_t || (*class).tp_itemsize != 0 {
            return false;
        }
        let Some(advance) = (*class).tp_iternext else { return false };
        let start = PyLong_FromSsize_t(START);
        if start.is_null() {
            PyErr_Clear();
            return false;
        }
        let counter = PyObject_CallOneArg(class.cast(), start);
        Py_DECREF(start);
        if counter.is_null() {
            PyErr_Clear();
            return false;
        }
        let raw = counter.cast::<Raw>();
        let mut proved = (*raw).next == START && is_plain(counter) && PyLong_AsSsize_t((*raw).step) == 1;
        let first = advance(counter);
        proved &= !first.is_null() && PyLong_AsSsize_t(first) == START && (*raw).next == START + 1;
        if !first.is_null() {
            Py_DECREF(first);
        }
        // What is written there comes next.
        (*raw).next = START - 1;
        let second = advance(counter);
        proved &= !second.is_null() && PyLong_AsSsize_t(second) == START - 1 && (*raw).next == START;
        if !second.is_null() {
            Py_DECREF(second);
        }
        PyErr_Clear();
        Py_DECREF(counter);
        proved
    }
}

/// Does it count in the word? With another step it does not.
unsafe fn is_plain(counter: *mut PyObject) -> bool {
    // SAFETY: by the caller, an exact counter.
    unsafe {
        let raw = counter.cast::<Raw>();
        (*raw).object.is_null() && (*raw).next != Py_ssize_t::MAX
    }
}

/// `next(counter)`
pub fn next(cx: Cx, counter: Foreign<Count>) -> R<i64> {
    cx.point()?;
    let counter = counter.as_ptr();
    // SAFETY: an exact instance, which the transaction keeps alive; a short borrow.
    unsafe {
        if !is_proved(cx, Py_TYPE(counter)) || !is_plain(counter) {
            return bail(Bail::Unsupported);
        }
        let raw = counter.cast::<Raw>();
        cx.txn().rare().counts.before_step(counter, (*raw).next)?;
        let number = (*raw).next;
        (*raw).next = number + 1;
        Ok(number as i64)
    }
}
