//! Scalars as objects for CPython's own functions, and their results back.

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use super::c::{self, Name, Temporary};
use crate::big::Big;
use crate::boundary::layout;
use crate::list::{List, ListLike, MakeList};
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;
use crate::union::{U2, U3, U4, U5, U6, U7, U8, each_union};

/// A value that can be boxed early without anyone noticing.
pub trait Scalar {
    #[doc(hidden)]
    fn boxed(&self) -> R<Boxed>;
}

/// A boxed scalar.
#[doc(hidden)]
pub struct Boxed(pub(crate) Temporary);

impl Scalar for i64 {
    fn boxed(&self) -> R<Boxed> {
        Temporary::int(*self).map(Boxed)
    }
}

impl Scalar for Big {
    fn boxed(&self) -> R<Boxed> {
        match self {
            Big::Small(v) => v.boxed(),
            // CPython writes long ints with a look at signals in between.
            _ => bail(Bail::Unsupported),
        }
    }
}

impl Scalar for f64 {
    fn boxed(&self) -> R<Boxed> {
        Temporary::float(*self).map(Boxed)
    }
}

impl Scalar for bool {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference to a static object.
        unsafe { c::owned(ffi::PyBool_FromLong(*self as std::ffi::c_long)).map(Temporary).map(Boxed) }
    }
}

impl Scalar for () {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference to a static object.
        unsafe { c::owned(ffi::Py_NewRef(ffi::Py_None())).map(Temporary).map(Boxed) }
    }
}

impl Scalar for Str {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.as_ptr())).map(Temporary).map(Boxed) }
    }
}

impl Scalar for Bytes {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: a new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.as_ptr())).map(Temporary).map(Boxed) }
    }
}

impl Scalar for Chr {
    fn boxed(&self) -> R<Boxed> {
        self.to_str()?.boxed()
    }
}

impl<T: Scalar> Scalar for &T {
    fn boxed(&self) -> R<Boxed> {
        (*self).boxed()
    }
}

impl<T: Scalar> Scalar for Option<T> {
    fn boxed(&self) -> R<Boxed> {
        match self {
            Some(value) => value.boxed(),
            None => ().boxed(),
        }
    }
}

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => { $(
        impl<$($member: Scalar),+> Scalar for $union<$($member),+> {
            fn boxed(&self) -> R<Boxed> {
                match self {
                    $($union::$member(value) => value.boxed(),)+
                }
            }
        }
    )+ };
}

each_union!(unions);

/// What a method of CPython's returns.
pub(crate) trait Unboxed: Sized {
    /// Reads it; the object is dropped by the caller.
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self>;
}

macro_rules! read {
    ($($ty:ty)*) => { $(
        impl Unboxed for $ty {
            unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
                // SAFETY: by the caller.
                unsafe { <$ty>::from_py(cx, object) }
            }
        }
    )* };
}

read! { i64 f64 bool Bytes }

impl Unboxed for Str {
    unsafe fn read(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller. It is new: nobody else keeps it, as what `from_py` reads is kept.
        unsafe { if layout::is_str(object) { Str::from_borrowed(object) } else { bail(Bail::Type) } }
    }
}

impl Unboxed for (Bytes, Bytes, Bytes) {
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe { Self::from_py(cx, object) }
    }
}

impl<T: FromPy + Clone + 'static> Unboxed for List<T> {
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller; a list keeps its items alive.
        unsafe {
            if ffi::PyList_CheckExact(object) == 0 {
                return bail(Bail::Type);
            }
            let count = ffi::PyList_GET_SIZE(object);
            let list = List::make(cx, count as usize)?;
            for i in 0..count {
                list.push(cx, T::from_py(cx, ffi::PyList_GET_ITEM(object, i))?)?;
            }
            Ok(list)
        }
    }
}

/// `receiver.name(args)` of exact scalars: no Python code runs.
pub(crate) fn method<T: Unboxed>(cx: Cx, name: &Name, args: &[Boxed]) -> R<T> {
    cx.before_tracked();
    let mut pointers = [std::ptr::null_mut(); 6];
    let Some(list) = pointers.get_mut(..args.len()) else { return bail(Bail::Unsupported) };
    for (slot, arg) in list.iter_mut().zip(args) {
        *slot = arg.0.ptr();
    }
    // SAFETY: exact builtin objects that live until the call is over.
    unsafe {
        let result = Temporary(c::method(name, list)?);
        T::read(cx, result.ptr())
    }
}
