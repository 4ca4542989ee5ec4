//! `s.encode(…)` for the encodings that run no Python code, in strict mode.

use pyo3_ffi as ffi;

use super::{Unit, each, view};
use crate::bytes::own;
use crate::stop::{Exc, R, exc};
use crate::strs::{Bytes, Str};
use crate::txn::Cx;

/// Refuses before CPython would make the exception: what it says is decided in Python.
fn check(s: &Str, fits: impl Fn(u32) -> bool) -> R<()> {
    let all = each!(view(s), units => units.iter().all(|u| fits(u.code())));
    if all { Ok(()) } else { exc(Exc::UnicodeEncodeError) }
}

/// `s.encode()`, `s.encode("utf-8")`.
pub fn encode_utf8(_: Cx, s: &Str) -> R<Bytes> {
    check(s, |c| !(0xd800..0xe000).contains(&c))?;
    // SAFETY: an exact string.
    unsafe { own(ffi::PyUnicode_AsUTF8String(s.as_ptr())) }
}

/// `s.encode("ascii")`.
pub fn encode_ascii(_: Cx, s: &Str) -> R<Bytes> {
    check(s, |c| c < 128)?;
    // SAFETY: an exact string.
    unsafe { own(ffi::PyUnicode_AsASCIIString(s.as_ptr())) }
}

/// `s.encode("latin-1")`.
pub fn encode_latin1(_: Cx, s: &Str) -> R<Bytes> {
    check(s, |c| c < 256)?;
    // SAFETY: an exact string.
    unsafe { own(ffi::PyUnicode_AsLatin1String(s.as_ptr())) }
}
