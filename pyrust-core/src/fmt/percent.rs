//! `"…" % (…)` with scalar arguments.

use pyo3_ffi as ffi;

use super::{Repr, push_ascii_of, str_of};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary};
use crate::bytes;
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::str_::{StrBuilder, own};
use crate::strs::{Bytes, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;

/// A value on the right-hand side.
#[inline]
pub fn boxed<T: Scalar + ?Sized>(value: &T) -> R<Boxed> {
    value.boxed()
}

/// A container for `%s`.
pub fn boxed_str<T: Repr>(cx: Cx, value: &T) -> R<Boxed> {
    str_of(cx, value)?.boxed()
}

/// A container for `%r`, where the text says `%s`.
pub fn boxed_repr<T: Repr>(cx: Cx, value: &T) -> R<Boxed> {
    super::repr_of(cx, value)?.boxed()
}

/// A container for `%a`, where the text says `%s`.
pub fn boxed_ascii<T: Repr>(cx: Cx, value: &T) -> R<Boxed> {
    let mut text = StrBuilder::new();
    push_ascii_of(cx, &mut text, value)?;
    text.finish(cx)?.boxed()
}

/// A tuple of exact builtin objects.
fn tuple<'b>(cx: Cx, args: impl ExactSizeIterator<Item = &'b Boxed>) -> R<Temporary> {
    cx.before_tracked();
    // SAFETY: every slot of the new tuple gets a reference before anyone sees it.
    unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(args.len() as ffi::Py_ssize_t))?);
        for (i, arg) in args.enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.ptr(), i as ffi::Py_ssize_t, ffi::Py_NewRef(arg.0.ptr()));
        }
        Ok(tuple)
    }
}

/// Under `-b` the text of `bytes` warns, and a warning may be Python code.
fn quiet(args: &[Boxed]) -> R<()> {
    // SAFETY: the objects are alive; the flag is set when the interpreter starts.
    #[allow(deprecated, reason = "there is no other way to read it without Python code")]
    let loud = unsafe {
        ffi::Py_BytesWarningFlag != 0 && args.iter().any(|a| ffi::PyBytes_CheckExact(a.0.ptr()) != 0)
    };
    if loud { bail(Bail::Warning) } else { Ok(()) }
}

/// `text % (…)`.
pub fn percent(cx: Cx, text: &Str, args: &[Boxed]) -> R<Str> {
    quiet(args)?;
    let tuple = tuple(cx, args.iter())?;
    // SAFETY: exact builtin objects, so that no Python code runs.
    c::undisturbed(|| unsafe { own(ffi::PyUnicode_Format(text.as_ptr(), tuple.ptr())) })
}

/// `text % (…)` of `bytes`.
pub fn percent_bytes(cx: Cx, text: &Bytes, args: &[Boxed]) -> R<Bytes> {
    let tuple = tuple(cx, args.iter())?;
    // SAFETY: exact builtin objects, so that no Python code runs.
    c::undisturbed(|| unsafe { bytes::own(ffi::PyNumber_Remainder(text.as_ptr(), tuple.ptr())) })
}

fn all<T: Scalar + FromPy>(cx: Cx, values: &PTuple<T>) -> R<Vec<Boxed>> {
    (0..values.count()).map(|i| values.item(cx, i)?.boxed()).collect()
}

/// `text % values` of a tuple of any length.
pub fn percent_of<T: Scalar + FromPy>(cx: Cx, text: &Str, values: &PTuple<T>) -> R<Str> {
    percent(cx, text, &all(cx, values)?)
}

/// `text % values` of `bytes` and a tuple of any length.
pub fn percent_bytes_of<T: Scalar + FromPy>(cx: Cx, text: &Bytes, values: &PTuple<T>) -> R<Bytes> {
    percent_bytes(cx, text, &all(cx, values)?)
}

/// `text.format(…)` of a text that is computed, with scalars only.
pub fn format_text(cx: Cx, text: &Str, args: &[Boxed]) -> R<Str> {
    static NAME: c::Name = c::Name::new(c"format");
    quiet(args)?;
    cx.before_tracked();
    let mut list = vec![text.as_ptr()];
    list.extend(args.iter().map(|a| a.0.ptr()));
    // SAFETY: exact builtin objects that live until the call is over. What a field reaches from an exact scalar is
    // written in C.
    unsafe { own(c::method(&NAME, &list)?.as_ptr()) }
}
