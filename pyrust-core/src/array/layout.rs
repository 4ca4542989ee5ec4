//! NumPy's objects as its public headers lay them out: `PyArrayObject`, the head of `PyArray_Descr`, array scalars.
//!
//! Nothing of NumPy is linked. The layout is the one that extension modules have compiled in since 1.7, and it is proved
//! in each process on the first array, against the buffer protocol and the array's own attributes. NumPy before 2 has
//! other rules for Python's scalars, so arrays of such a NumPy are not read.

use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use crate::builtins::c::{self, Builtin, Name, Temporary, undisturbed};
use crate::foreign::KnownClass;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// At most so many dimensions are read.
pub(crate) const MOST_DIMS: usize = 4;

#[repr(C)]
pub(crate) struct ArrayObject {
    head: PyObject,
    pub(crate) data: *mut u8,
    pub(crate) nd: c_int,
    pub(crate) dimensions: *mut isize,
    pub(crate) strides: *mut isize,
    pub(crate) base: *mut PyObject,
    pub(crate) descr: *mut Descr,
    pub(crate) flags: c_int,
}

#[repr(C)]
pub(crate) struct Descr {
    head: PyObject,
    /// The class of the elements when they are read.
    pub(crate) class: *mut PyTypeObject,
    pub(crate) kind: u8,
    pub(crate) code: u8,
    pub(crate) order: u8,
}

pub(crate) const OWNS: c_int = 0x4;
pub(crate) const ALIGNED: c_int = 0x100;
pub(crate) const WRITEABLE: c_int = 0x400;

static ARRAY: KnownClass = KnownClass::new(c"numpy", c"ndarray", c"numpy.ndarray");

/// Is it an exact `numpy.ndarray`?
///
/// # Safety
/// `object` is alive.
#[inline]
pub(crate) unsafe fn is_array(object: *mut PyObject) -> bool {
    // SAFETY: by the caller.
    unsafe { ARRAY.is(ffi::Py_TYPE(object)) }
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
pub(crate) unsafe fn check(object: *mut PyObject) -> R<()> {
    if LAYOUT.load(Relaxed) == PROVED {
        return Ok(());
    }
    if LAYOUT.load(Relaxed) == UNKNOWN {
        // SAFETY: by the caller.
        let proved = unsafe { prove(object) };
        LAYOUT.store(if proved { PROVED } else { OTHER }, Relaxed);
        if proved {
            return Ok(());
        }
    }
    bail(Bail::Unsupported)
}

/// Compares what the layout says with what the array itself says.
#[cold]
unsafe fn prove(object: *mut PyObject) -> bool {
    // SAFETY: an exact array: its attributes and its buffer are C code's. The struct is no larger than the object.
    unsafe {
        if (*ffi::Py_TYPE(object)).tp_basicsize < size_of::<ArrayObject>() as ffi::Py_ssize_t {
            return false;
        }
        let mut view = MaybeUninit::<ffi::Py_buffer>::zeroed();
        let wanted = ffi::PyBUF_STRIDES | ffi::PyBUF_FORMAT;
        if undisturbed(|| ffi::PyObject_GetBuffer(object, view.as_mut_ptr(), wanted)) != 0 {
            ffi::PyErr_Clear();
            return false;
        }
        let mut view = view.assume_init();
        let array = &*object.cast::<ArrayObject>();
        let mut same = ptr::eq(view.buf.cast(), array.data) && view.ndim == array.nd;
        // Of what nobody steps over NumPy may tell another stride than it has.
        let dims = if same { view.ndim as usize } else { 0 };
        let empty = (0..dims).any(|at| *view.shape.add(at) == 0);
        for at in 0..dims {
            same &= *view.shape.add(at) == *array.dimensions.add(at)
                && (empty || *view.shape.add(at) == 1 || *view.strides.add(at) == *array.strides.add(at));
        }
        let writeable = array.flags & WRITEABLE != 0;
        same &= writeable == (view.readonly == 0);
        ffi::PyBuffer_Release(&raw mut view);
        same && tells_the_same(object, array).unwrap_or(false)
    }
}

unsafe fn tells_the_same(object: *mut PyObject, array: &ArrayObject) -> R<bool> {
    // SAFETY: as `prove`.
    unsafe {
        let attribute = |object: *mut PyObject, name: &CStr| {
            undisturbed(|| c::owned(ffi::PyObject_GetAttrString(object, name.as_ptr()))).map(Temporary)
        };
        let base = attribute(object, c"base")?;
        let base_same = if array.base.is_null() {
            ffi::Py_IsNone(base.ptr()) != 0
        } else {
            ptr::eq(base.ptr(), array.base)
        };
        let dtype = attribute(object, c"dtype")?;
        let class = attribute(dtype.ptr(), c"type")?;
        let kind = attribute(dtype.ptr(), c"char")?;
        let order = attribute(dtype.ptr(), c"byteorder")?;
        let flags = attribute(object, c"flags")?;
        let owns = attribute(flags.ptr(), c"owndata")?;
        let aligned = attribute(flags.ptr(), c"aligned")?;
        let text_is = |text: *mut PyObject, code: u8| {
            ffi::PyUnicode_GetLength(text) == 1 && ffi::PyUnicode_ReadChar(text, 0) == u32::from(code)
        };
        Ok(base_same
            && ptr::eq(dtype.ptr(), array.descr.cast())
            && ptr::eq(class.ptr(), (*array.descr).class.cast())
            && text_is(kind.ptr(), (*array.descr).code)
            && text_is(order.ptr(), (*array.descr).order)
            && ptr::eq(owns.ptr(), ffi::Py_True()) == (array.flags & OWNS != 0)
            && ptr::eq(aligned.ptr(), ffi::Py_True()) == (array.flags & ALIGNED != 0))
    }
}

static ERRORS: Builtin = Builtin::new(c"numpy._core._multiarray_umath", c"_get_extobj_dict");
static UNDER: Name = Name::new(c"under");

/// Bails where an underflow would be reported, which native arithmetic does not look for, and for a NumPy before 2.
pub(crate) fn check_errors(cx: Cx) -> R<()> {
    cx.before_tracked();
    // SAFETY: a C function without arguments that reads a context variable and makes a dict of exact builtin objects.
    unsafe {
        let Ok(errors) = ERRORS.call(&[]).map(Temporary) else { return bail(Bail::Unsupported) };
        if ffi::PyDict_CheckExact(errors.ptr()) == 0 {
            return bail(Bail::Unsupported);
        }
        let under = ffi::PyDict_GetItemWithError(errors.ptr(), UNDER.get()?);
        if under.is_null() || ffi::PyUnicode_CompareWithASCIIString(under, c"ignore".as_ptr()) != 0 {
            return bail(Bail::Warning);
        }
    }
    Ok(())
}
