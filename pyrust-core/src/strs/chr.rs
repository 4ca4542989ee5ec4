//! A `str` of one code point, which is a number until somebody asks for the object.

use core::cell::Cell;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_INCREF, PyObject, PyUnicode_FromOrdinal};

use super::Str;
use crate::boundary::layout;
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A `str` of one code point.  Surrogates are code points like any other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[repr(transparent)]
pub struct Chr(pub u32);

/// The interpreter's own strings of one character of ASCII, as far as they were asked for; they live for ever.
struct Shared(Cell<[*mut PyObject; 128]>);

// SAFETY: Read and filled with the GIL held.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(Cell::new([ptr::null_mut(); 128]));

impl Chr {
    /// The `str`.  Code points below 256 are shared objects of the interpreter.
    #[inline]
    pub fn to_str(self) -> R<Str> {
        // SAFETY: The GIL is held, and a cell of an array is an array of cells.
        let known = unsafe { &*(&raw const SHARED.0).cast::<[Cell<*mut PyObject>; 128]>() };
        if let Some(Some(object)) = known.get(self.0 as usize).map(|known| NonNull::new(known.get())) {
            // SAFETY: A string of one character of ASCII, of which we have a reference.
            unsafe {
                Py_INCREF(object.as_ptr());
                return Ok(Str::of_ascii(object, 1));
            }
        }
        Str::arrived(self.to_str_slowly(known))
    }

    /// `hash(self)`
    #[inline]
    pub(crate) fn py_hash(self) -> R<isize> {
        // SAFETY: The GIL is held, and a cell of an array is an array of cells.
        let known = unsafe { &*(&raw const SHARED.0).cast::<[Cell<*mut PyObject>; 128]>() };
        if let Some(Some(object)) = known.get(self.0 as usize).map(|known| NonNull::new(known.get())) {
            // SAFETY: A string of one character of ASCII that is alive.
            let hash = unsafe { layout::str_known_hash(object.as_ptr()) };
            if hash != -1 {
                return Ok(hash);
            }
        }
        Ok(self.to_str()?.py_hash())
    }

    #[cold]
    #[inline(never)]
    extern "C" fn to_str_slowly(self, known: &[Cell<*mut PyObject>; 128]) -> R<Str> {
        // SAFETY: A code point is at most 0x10ffff; the result is an exact `str`.
        let made = unsafe { Str::from_owned(PyUnicode_FromOrdinal(self.0 as i32)) }?;
        if let Some(known) = known.get(self.0 as usize) {
            // SAFETY: Alive; one reference is kept.
            unsafe { Py_INCREF(made.as_ptr()) };
            known.set(made.as_ptr());
        }
        Ok(made)
    }
}

impl FromPy for Chr {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Chr> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_str(object) {
                return bail(Bail::Type);
            }
            match layout::str_parts(object) {
                Some((data, 1, 1)) => Ok(Chr(u32::from(*data.as_ptr()))),
                Some((data, 1, 2)) => Ok(Chr(u32::from(*data.as_ptr().cast::<u16>()))),
                Some((data, 1, 4)) => Ok(Chr(*data.as_ptr().cast::<u32>())),
                _ => bail(Bail::Type),
            }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_str(object) && matches!(layout::str_parts(object), Some((_, 1, _))) }
    }
}

impl IntoPy for Chr {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: A code point is at most 0x10ffff.
        fresh(unsafe { PyUnicode_FromOrdinal(self.0 as i32) })
    }
}
