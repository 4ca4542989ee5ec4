//! `arrayobject` as CPython's `arraymodule.c` lays it out, proved in each process on the first array, against the buffer
//! protocol and what the array says of its own size.

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, Py_ssize_t, PyObject, PyTypeObject, PyVarObject};

use crate::builtins::c::{Name, Temporary, method, undisturbed};
use crate::foreign::KnownClass;
use crate::stop::{Bail, R, bail};

#[repr(C)]
pub(super) struct ArrayObject {
    pub(super) head: PyVarObject,
    pub(super) items: *mut u8,
    pub(super) allocated: Py_ssize_t,
    descr: *const Descr,
    weak: *mut PyObject,
    pub(super) exports: Py_ssize_t,
}

#[repr(C)]
struct Descr {
    typecode: c_char,
    itemsize: c_int,
}

static ARRAY: KnownClass = KnownClass::new(c"array", c"array", c"array.array");

/// Is it an exact `array.array`?
///
/// # Safety
/// `object` is alive.
#[inline]
pub(super) unsafe fn is_array(object: *mut PyObject) -> bool {
    // SAFETY: by the caller.
    unsafe { ARRAY.is(ffi::Py_TYPE(object)) }
}

/// The class; it is looked up where the program has it imported.
pub(super) fn class() -> R<*mut PyObject> {
    ARRAY.get().map(<*mut PyTypeObject>::cast)
}

const UNKNOWN: u8 = 0;
const PROVED: u8 = 1;
const OTHER: u8 = 2;
static LAYOUT: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Bails unless arrays are laid out as above.
///
/// # Safety
/// `object` is an exact array that is alive.
#[inline]
pub(super) unsafe fn check(object: *mut PyObject) -> R<()> {
    if LAYOUT.load(Relaxed) == PROVED {
        return Ok(());
    }
    // SAFETY: by the caller.
    unsafe { prove(object) }
}

#[cold]
unsafe fn prove(object: *mut PyObject) -> R<()> {
    if LAYOUT.load(Relaxed) == UNKNOWN {
        // SAFETY: by the caller.
        let proved = unsafe { is_as_written(object) }.unwrap_or(false);
        LAYOUT.store(if proved { PROVED } else { OTHER }, Relaxed);
        if proved {
            return Ok(());
        }
    }
    bail(Bail::Unsupported)
}

static SIZE: Name = Name::new(c"__sizeof__");

/// Compares what the layout says with what the array itself says.
unsafe fn is_as_written(object: *mut PyObject) -> R<bool> {
    // SAFETY: an exact array: its buffer and its method are C code's. The struct is no larger than the object.
    unsafe {
        let size = (*ffi::Py_TYPE(object)).tp_basicsize;
        if size != size_of::<ArrayObject>() as Py_ssize_t {
            return Ok(false);
        }
        let array = object.cast::<ArrayObject>();
        let before = (*array).exports;
        let mut view = MaybeUninit::<ffi::Py_buffer>::zeroed();
        let wanted = ffi::PyBUF_ND | ffi::PyBUF_FORMAT;
        if undisturbed(|| ffi::PyObject_GetBuffer(object, view.as_mut_ptr(), wanted)) != 0 {
            ffi::PyErr_Clear();
            return Ok(false);
        }
        let mut view = view.assume_init();
        let during = (*array).exports;
        let count = (*array).head.ob_size;
        let descr = &*(*array).descr;
        // Of Unicode characters the format says something else.
        let format = descr.typecode as u8 == b'u' || *view.format == descr.typecode;
        let same = (count == 0 || ptr::eq(view.buf.cast(), (*array).items))
            && view.itemsize == descr.itemsize as Py_ssize_t
            && view.len == count * view.itemsize
            && format;
        ffi::PyBuffer_Release(&raw mut view);
        let taken = method(&SIZE, &[object]).map(Temporary)?;
        let taken = ffi::PyLong_AsSsize_t(taken.ptr());
        Ok(same
            && during == before + 1
            && (*array).exports == before
            && (*array).allocated >= count
            && taken == size + (*array).allocated * descr.itemsize as Py_ssize_t)
    }
}

/// The typecode.
///
/// # Safety
/// `object` is an exact array, and the layout is proved.
#[inline(always)]
pub(super) unsafe fn code(object: *mut PyObject) -> u8 {
    // SAFETY: by the caller.
    unsafe { (*(*object.cast::<ArrayObject>()).descr).typecode as u8 }
}
