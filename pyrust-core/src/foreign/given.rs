//! What CPython's functions return, as values.

use pyo3_ffi::{self as ffi, PyObject};

use super::{Foreign, ForeignClass};
use crate::big::Big;
use crate::builtins::boxed::Unboxed;
use crate::builtins::c::Temporary;
use crate::dict::{self, Dict};
use crate::elem::Key;
use crate::list::List;
use crate::obj::Obj;
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::strs::{Bytes, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;
use crate::union::{U2, U3, U4, U5, U6, U7, U8, each_union};

/// A value that a function of CPython's may return.
pub trait Given: Sized {
    /// Borrows the object, which therefore stays until the transaction closes.
    const KEEPS: bool;

    /// Reads it: an exact type, or a bailout.
    ///
    /// # Safety
    /// `object` is alive, until the transaction closes where the value borrows it.
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self>;
}

/// Takes the new reference.
pub(crate) fn take<T: Given>(cx: Cx, object: Temporary) -> R<T> {
    if T::KEEPS {
        let pointer = object.ptr();
        core::mem::forget(object);
        // SAFETY: the reference goes to the transaction.
        unsafe {
            cx.adopt(pointer)?;
            T::read(cx, pointer)
        }
    } else {
        // SAFETY: alive until the end of the scope.
        unsafe { T::read(cx, object.ptr()) }
    }
}

macro_rules! given {
    ($keeps:expr => $([$($t:ident),*] $ty:ty;)+) => { $(
        impl<$($t: Given + FromPy),*> Given for $ty {
            const KEEPS: bool = $keeps $(|| $t::KEEPS)*;

            #[inline]
            unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
                // SAFETY: by the caller.
                unsafe { Self::from_py(cx, object) }
            }
        }
    )+ };
}

given! { false =>
    [] i64;
    [] Big;
    [] f64;
    [] bool;
    [] ();
    [] Str;
    [] Bytes;
    [A] (A,);
    [A, B] (A, B);
    [A, B, C] (A, B, C);
    [A, B, C, D] (A, B, C, D);
    [A, B, C, D, E] (A, B, C, D, E);
    [A, B, C, D, E, F] (A, B, C, D, E, F);
}

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => {
        given! { false => $([$($member),+] $union<$($member),+>;)+ }
    };
}

each_union!(unions);

given! { true =>
    [T] PTuple<T>;
    [] Obj;
}

impl<C: ForeignClass> Given for Foreign<C> {
    const KEEPS: bool = true;

    #[inline]
    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe { Self::from_py(cx, object) }
    }
}

impl<K: Given + Key + FromPy, V: Given + FromPy + Clone + 'static> Given for Dict<K, V> {
    const KEEPS: bool = K::KEEPS || V::KEEPS;

    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller; a dict keeps its keys and values alive.
        unsafe {
            if ffi::PyDict_CheckExact(object) == 0 {
                return bail(Bail::Type);
            }
            let out = dict::new(cx)?;
            let (mut at, mut key, mut value) = (0, core::ptr::null_mut(), core::ptr::null_mut());
            while ffi::PyDict_Next(object, &mut at, &mut key, &mut value) != 0 {
                dict::set(cx, &out, K::from_py(cx, key)?, V::from_py(cx, value)?)?;
            }
            Ok(out)
        }
    }
}

impl<T: Given + FromPy + Clone + 'static> Given for List<T> {
    const KEEPS: bool = T::KEEPS;

    unsafe fn read(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe { Unboxed::read(cx, object) }
    }
}
