//! `"…" % (…)` with scalar arguments.

use pyo3_ffi as ffi;

use crate::builtins::c::{self, Temporary};
use crate::stop::R;
use crate::str_::own;
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

/// What may stand on the right-hand side: values that can be boxed early without anyone noticing.
pub trait PercentArg {
    #[doc(hidden)]
    fn boxed(&self) -> R<Box_>;
}

/// A boxed argument.
#[doc(hidden)]
pub struct Box_(Temporary);

impl PercentArg for i64 {
    fn boxed(&self) -> R<Box_> {
        Temporary::int(*self).map(Box_)
    }
}

impl PercentArg for f64 {
    fn boxed(&self) -> R<Box_> {
        Temporary::float(*self).map(Box_)
    }
}

impl PercentArg for bool {
    fn boxed(&self) -> R<Box_> {
        // SAFETY: a new reference to a static object.
        unsafe { c::owned(ffi::PyBool_FromLong(*self as std::ffi::c_long)).map(Temporary).map(Box_) }
    }
}

impl PercentArg for () {
    fn boxed(&self) -> R<Box_> {
        // SAFETY: a new reference to a static object.
        unsafe { c::owned(ffi::Py_NewRef(ffi::Py_None())).map(Temporary).map(Box_) }
    }
}

impl PercentArg for Str {
    fn boxed(&self) -> R<Box_> {
        // SAFETY: a new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.as_ptr())).map(Temporary).map(Box_) }
    }
}

impl PercentArg for Bytes {
    fn boxed(&self) -> R<Box_> {
        // SAFETY: a new reference to an object that is alive.
        unsafe { c::owned(ffi::Py_NewRef(self.as_ptr())).map(Temporary).map(Box_) }
    }
}

impl PercentArg for Chr {
    fn boxed(&self) -> R<Box_> {
        self.to_str()?.boxed()
    }
}

impl<T: PercentArg> PercentArg for &T {
    fn boxed(&self) -> R<Box_> {
        (*self).boxed()
    }
}

fn format(cx: Cx, text: &Str, args: &[Box_]) -> R<Str> {
    cx.before_tracked();
    // SAFETY: a tuple of exact builtin objects, so that no Python code runs; it takes a reference to each.
    unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(args.len() as ffi::Py_ssize_t))?);
        for (i, arg) in args.iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.ptr(), i as ffi::Py_ssize_t, ffi::Py_NewRef(arg.0.ptr()));
        }
        own(ffi::PyUnicode_Format(text.as_ptr(), tuple.ptr()))
    }
}

macro_rules! arities {
    ($($name:ident $($arg:ident $ty:ident),+;)*) => { $(
        /// `text % (…)` with this many arguments.
        #[allow(clippy::too_many_arguments, reason = "one for each value")]
        pub fn $name<$($ty: PercentArg),+>(cx: Cx, text: &Str, $($arg: $ty),+) -> R<Str> {
            format(cx, text, &[$($arg.boxed()?),+])
        }
    )* };
}

arities! {
    percent1 a A;
    percent2 a A, b B;
    percent3 a A, b B, c C;
    percent4 a A, b B, c C, d D;
    percent5 a A, b B, c C, d D, e E;
    percent6 a A, b B, c C, d D, e E, f F;
    percent7 a A, b B, c C, d D, e E, f F, g G;
    percent8 a A, b B, c C, d D, e E, f F, g G, h H;
}
