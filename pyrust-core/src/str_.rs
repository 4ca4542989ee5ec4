//! Python's `str`.
//!
//! A [`Str`] is an exact `str` object; reading goes through its [`View`]. What has a C function that runs no Python
//! code uses it (`PyUnicode_Substring`, `PyUnicode_Find`, …); what has none is done here, for all widths, with
//! CPython's tables; the rest (full case mapping, titles) calls the method of `str` itself. Results are canonical,
//! surrogates are ordinary code points.

mod affix;
mod automaton;
mod build;
mod case;
mod codec;
mod consts;
mod encode;
mod escape;
mod grow;
mod pad;
mod passing;
mod search;
mod slice;
mod split;
mod tests_;
mod translate;
mod view;

pub use affix::*;
pub use automaton::{Automaton, Grows, Stacked, Tail};
pub use build::*;
pub use case::*;
pub use codec::*;
pub use consts::*;
pub use encode::*;
pub use escape::*;
pub use grow::*;
pub use pad::*;
pub use search::*;
pub use slice::*;
pub use split::*;
pub use tests_::*;
pub use translate::*;
pub use view::{Narrow, Units, View};
pub(crate) use view::{Unit, byte_order, byte_position, each};

use std::cmp::Ordering;
use std::ptr::NonNull;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use crate::boundary::layout;
use crate::builtins::c;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// Takes over what the C API returned.
///
/// # Safety
/// A new reference to an exact `str`, or null with the error indicator set.
#[inline(always)]
pub(crate) unsafe fn own(object: *mut PyObject) -> R<Str> {
    // SAFETY: by the caller.
    unsafe { Str::from_owned(c::owned(object)?.as_ptr()) }
}

/// The code points of `s`.
#[inline(always)]
pub fn view(s: &Str) -> View<'_> {
    // SAFETY: the string lives as long as the borrow and never changes.
    unsafe { View::new(s.data(), s.len(), s.kind()) }
}

/// `""`.
pub fn empty() -> R<Str> {
    // SAFETY: the GIL is held.
    unsafe { own(ffi::PyUnicode_New(0, 0)) }
}

/// `len(s)`.
#[inline(always)]
pub fn len(s: &Str) -> i64 {
    view(s).len() as i64
}

/// `bool(s)`.
#[inline(always)]
pub fn truth(s: &Str) -> bool {
    view(s).len() != 0
}

/// `s[i]`.
#[inline(always)]
pub fn get(_: Cx, s: &Str, i: i64) -> R<Chr> {
    view(s).get(i)
}

/// `s[i]` with an index that is never negative.
#[inline(always)]
pub fn get_at(_: Cx, s: &Str, i: i64) -> R<Chr> {
    view(s).get_at(i)
}

/// The code point at `i`, for a loop over the length.
#[inline(always)]
pub fn at(s: &Str, i: usize) -> Chr {
    view(s).at(i)
}

/// `a + b`.
#[inline]
pub fn concat(cx: Cx, a: &Str, b: &Str) -> R<Str> {
    cx.after(a.len() + b.len())?;
    if a.is_empty() || b.is_empty() {
        return Ok(if b.is_empty() { a.hold() } else { b.hold() });
    }
    if a.is_ascii() && b.is_ascii() {
        // SAFETY: just made, of so many code points.
        return unsafe { of_ascii(joined(a, b), a.len() + b.len()) };
    }
    Str::arrived(concat_made(a, b))
}

#[inline(never)]
extern "C" fn concat_made(a: &Str, b: &Str) -> R<Str> {
    // SAFETY: exact strings.
    unsafe { own(ffi::PyUnicode_Concat(a.as_ptr(), b.as_ptr())) }
}

/// Two texts of ASCII as one, or null.
#[inline(never)]
extern "C" fn joined(a: &Str, b: &Str) -> *mut PyObject {
    let (a, b) = (a.raw(), b.raw());
    // SAFETY: the GIL is held; all data is written, and ASCII; two lengths of strings do not overflow.
    unsafe {
        let object = ffi::PyUnicode_New((a.len() + b.len()) as ffi::Py_ssize_t, 127);
        if let Some(object) = NonNull::new(object) {
            let data = layout::ascii_data(object).as_ptr();
            std::ptr::copy_nonoverlapping(a.as_ptr(), data, a.len());
            std::ptr::copy_nonoverlapping(b.as_ptr(), data.add(a.len()), b.len());
        }
        object
    }
}

/// A text of a sum.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Text(&'a Str),
    One(Chr),
}

/// `a + b + c …`
#[inline]
pub fn concat_all(cx: Cx, parts: &[Part<'_>]) -> R<Str> {
    match of_parts(parts) {
        // SAFETY: just made, of so many code points.
        Some((object, len)) => unsafe { cx.after(len).and(of_ascii(object, len)) },
        None => Str::arrived(other_parts(cx, parts)),
    }
}

/// The texts as one, or null where there is no memory; nothing unless there are two code points, all of ASCII.
#[inline(never)]
extern "C" fn of_parts(parts: &[Part<'_>]) -> Option<(*mut PyObject, usize)> {
    let mut len = 0;
    for part in parts {
        len += match part {
            Part::Text(text) if text.is_ascii() => text.len(),
            Part::One(c) if c.0 < 128 => 1,
            _ => return None,
        };
    }
    if len < 2 {
        return None;
    }
    // SAFETY: the GIL is held; all data is written, and ASCII; that many lengths of strings do not overflow.
    unsafe {
        let object = ffi::PyUnicode_New(len as ffi::Py_ssize_t, 127);
        if let Some(object) = NonNull::new(object) {
            let mut data = layout::ascii_data(object).as_ptr();
            for part in parts {
                match part {
                    Part::Text(text) => {
                        let text = text.raw();
                        std::ptr::copy_nonoverlapping(text.as_ptr(), data, text.len());
                        data = data.add(text.len());
                    }
                    Part::One(c) => {
                        *data = c.0 as u8;
                        data = data.add(1);
                    }
                }
            }
        }
        Some((object, len))
    }
}

#[inline(never)]
extern "C" fn other_parts(cx: Cx, parts: &[Part<'_>]) -> R<Str> {
    let mut built = StrBuilder::new();
    for part in parts {
        match part {
            Part::Text(text) => built.push_str(text)?,
            Part::One(c) => built.push_chr(*c)?,
        }
    }
    built.finish(cx)
}

/// `s * n` and `n * s`.
pub fn repeat(_: Cx, s: &Str, n: i64) -> R<Str> {
    if n > 0 && (view(s).len() as u64).checked_mul(n as u64).is_none_or(|total| total > 1 << 40) {
        return bail(Bail::Memory);
    }
    // SAFETY: an exact string.
    unsafe { own(ffi::PySequence_Repeat(s.as_ptr(), n.max(0) as ffi::Py_ssize_t)) }
}

/// `a == b`.
#[inline(always)]
pub fn eq(a: &Str, b: &Str) -> bool {
    equal(view(a), view(b))
}

#[inline(always)]
fn equal(a: View<'_>, b: View<'_>) -> bool {
    // Both are canonical: different widths are different texts.
    a.len() == b.len() && a.kind() == b.kind() && (a.is(b) || a.same(b))
}

/// `a == text` of a literal of ASCII, whose length and bytes are in the code.
#[inline(always)]
pub fn is(a: &Str, text: &'static str) -> bool {
    // SAFETY: it has so many code points, of one byte each.
    a.is_narrow(text.len()) && unsafe { begins(a.data(), text) }
}

/// Are these the bytes of the literal? Of three, five, six or seven bytes with one look, which begins in what stands before
/// them.
///
/// # Safety
/// So many bytes of a compact `str`.
#[inline(always)]
unsafe fn begins(data: *const u8, text: &'static str) -> bool {
    let len = text.len();
    // SAFETY: by the caller; in the same object eight bytes and more stand before the text.
    unsafe {
        match len {
            3 => data.sub(1).cast::<u32>().read_unaligned().to_le() >> 8 == packed(text) as u32,
            5..=7 => {
                let word = data.add(len).sub(8).cast::<u64>().read_unaligned().to_le();
                word >> (64 - 8 * len) == packed(text)
            }
            _ => std::slice::from_raw_parts(data, len) == text.as_bytes(),
        }
    }
}

/// The bytes of a literal as a number, the first one lowest.
#[inline(always)]
fn packed(text: &'static str) -> u64 {
    text.bytes().rev().fold(0, |word, byte| word << 8 | u64::from(byte))
}

/// `a != b`.
#[inline(always)]
pub fn ne(a: &Str, b: &Str) -> bool {
    !eq(a, b)
}

/// Code point order.
#[inline]
pub fn cmp(a: &Str, b: &Str) -> Ordering {
    view(a).compare(view(b))
}

/// `a < b`.
pub fn lt(a: &Str, b: &Str) -> bool {
    cmp(a, b).is_lt()
}

/// `a <= b`.
pub fn le(a: &Str, b: &Str) -> bool {
    cmp(a, b).is_le()
}

/// `a > b`.
pub fn gt(a: &Str, b: &Str) -> bool {
    cmp(a, b).is_gt()
}

/// `a >= b`.
pub fn ge(a: &Str, b: &Str) -> bool {
    cmp(a, b).is_ge()
}

/// `s == c`.
#[inline(always)]
pub fn eq_chr(s: &Str, c: Chr) -> bool {
    crate::chr::eq_str(c, s)
}

/// `s != c`.
#[inline(always)]
pub fn ne_chr(s: &Str, c: Chr) -> bool {
    !crate::chr::eq_str(c, s)
}

/// `ord(s)`.
#[inline(always)]
pub fn ord(s: &Str) -> R<i64> {
    let v = view(s);
    if v.len() == 1 { Ok(v.at(0).0 as i64) } else { exc(Exc::TypeError) }
}

/// `s` as a [`Chr`], if it has one code point.
#[inline(always)]
pub fn to_chr(s: &Str) -> Option<Chr> {
    let v = view(s);
    if v.len() == 1 { Some(v.at(0)) } else { None }
}

/// `hash(s)`.
pub fn hash(s: &Str) -> i64 {
    // SAFETY: an exact string, whose hash never fails.
    unsafe { ffi::PyObject_Hash(s.as_ptr()) as i64 }
}

/// `repr(s)`.
pub fn repr(_: Cx, s: &Str) -> R<Str> {
    // SAFETY: an exact string.
    c::undisturbed(|| unsafe { own(ffi::PyObject_Repr(s.as_ptr())) })
}

/// A `str` of the code points below 128 in `text`.
#[inline(always)]
pub(crate) fn from_ascii(text: &[u8]) -> R<Str> {
    debug_assert!(text.is_ascii());
    // SAFETY: just made, of so many code points.
    unsafe { of_ascii(ascii_object(text.as_ptr(), text.len()), text.len()) }
}

/// Takes over a new string of ASCII; null is a failed allocation.
///
/// # Safety
/// Null, or a strong reference to a compact `str` of `len` code points below 128.
#[inline(always)]
pub(crate) unsafe fn of_ascii(object: *mut PyObject, len: usize) -> R<Str> {
    match NonNull::new(object) {
        // SAFETY: by the caller.
        Some(object) => Ok(unsafe { Str::of_ascii(object, len) }),
        None => crate::txn::no_memory(),
    }
}

/// A new string of ASCII, or null.
#[inline(never)]
extern "C" fn ascii_object(text: *const u8, len: usize) -> *mut PyObject {
    // SAFETY: the GIL is held; all data is written; the empty string is a singleton without room, and nothing is written
    // to it.
    unsafe {
        let object = ffi::PyUnicode_New(len as ffi::Py_ssize_t, 127);
        if let Some(object) = NonNull::new(object) {
            std::ptr::copy_nonoverlapping(text, layout::ascii_data(object).as_ptr(), len);
        }
        object
    }
}

/// Runs a number parser on `s` as ASCII: decimal digits of any script and Unicode whitespace are replaced first, as
/// CPython does; what is neither becomes a question mark, which no parser accepts.
pub(crate) fn number_text<T>(s: &Str, parse: impl FnOnce(&[u8]) -> R<T>) -> R<T> {
    let v = view(s);
    if let Some(text) = v.ascii() {
        return parse(text);
    }
    let mut text = [b'?'; 256];
    if v.len() > text.len() {
        return bail(Bail::Unsupported);
    }
    for (i, slot) in text[..v.len()].iter_mut().enumerate() {
        let code = v.at(i).0;
        *slot = if code < 127 {
            code as u8
        } else if crate::chr::class::space(code) {
            b' '
        } else {
            crate::chr::class::decimal_value(code).map_or(b'?', |d| b'0' + d)
        };
    }
    parse(&text[..v.len()])
}
