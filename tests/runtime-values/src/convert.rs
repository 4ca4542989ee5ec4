//! Arguments and results of the rows: unlike a hotspot's, a NaN may go out.

use std::cmp::Ordering;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;
use pyrust_runtime::big::Big;
use pyrust_runtime::list::List;
use pyrust_runtime::py::{FromPy, IntoPy};
use pyrust_runtime::range::Range;
use pyrust_runtime::regex::Found;
use pyrust_runtime::stop::{Bail, R, bail};
use pyrust_runtime::strs::{Bytes, Chr, Str};
use pyrust_runtime::txn::Cx;
use pyrust_runtime::union::U2;

/// `None` or a value.
pub(crate) struct Opt<T>(pub(crate) Option<T>);

impl<T: FromPy> FromPy for Opt<T> {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe {
            if <() as FromPy>::matches(object) {
                Ok(Opt(None))
            } else {
                T::from_py(cx, object).map(|v| Opt(Some(v)))
            }
        }
    }

    unsafe fn matches(_: *mut PyObject) -> bool {
        true
    }
}

/// All items of a list.
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<T: FromPy> FromPy for Many<T> {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe {
            if ffi::PyList_CheckExact(object) == 0 {
                return bail(Bail::Type);
            }
            let items =
                (0..ffi::PyList_GET_SIZE(object)).map(|i| T::from_py(cx, ffi::PyList_GET_ITEM(object, i)));
            items.collect::<R<Vec<T>>>().map(Many)
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: by the caller.
        unsafe { ffi::PyList_CheckExact(object) != 0 }
    }
}

/// A result.
pub(crate) trait Out {
    fn out(self, cx: Cx) -> R<*mut PyObject>;
}

impl<T: Out> Out for R<T> {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        self?.out(cx)
    }
}

impl Out for f64 {
    fn out(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: the GIL is held.
        Ok(unsafe { ffi::PyFloat_FromDouble(self) })
    }
}

macro_rules! boxed {
    ($($ty:ty)*) => { $(
        impl Out for $ty {
            fn out(self, cx: Cx) -> R<*mut PyObject> {
                self.into_py(cx)
            }
        }
    )* };
}

boxed! { () bool i64 Big Str Chr Bytes Range List<Str> List<i64> List<Found> U2<(), Found> }

impl<T: Out> Out for Option<T> {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        match self {
            Some(value) => value.out(cx),
            None => ().out(cx),
        }
    }
}

impl Out for Ordering {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        (self as i64).out(cx)
    }
}

impl<A: Out, B: Out> Out for U2<A, B> {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        match self {
            U2::A(value) => value.out(cx),
            U2::B(value) => value.out(cx),
        }
    }
}

/// # Safety
/// The items are new references.
unsafe fn tuple<const N: usize>(items: [*mut PyObject; N]) -> *mut PyObject {
    // SAFETY: by the caller.
    unsafe {
        let tuple = ffi::PyTuple_New(N as ffi::Py_ssize_t);
        for (i, item) in items.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple, i as ffi::Py_ssize_t, item);
        }
        tuple
    }
}

impl<A: Out, B: Out> Out for (A, B) {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: both are new references.
        Ok(unsafe { tuple([self.0.out(cx)?, self.1.out(cx)?]) })
    }
}

impl<A: Out, B: Out, C: Out> Out for (A, B, C) {
    fn out(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: all are new references.
        Ok(unsafe { tuple([self.0.out(cx)?, self.1.out(cx)?, self.2.out(cx)?]) })
    }
}
