//! `ljust`, `rjust`, `center`, `zfill`.

use pyo3_ffi as ffi;

use super::{isascii, own, to_chr, view};
use crate::builtins::c;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// `left` times the fill, `s`, `right` times the fill. A `sign` moves before the fill on the left.
pub(crate) fn padded(s: &Str, left: usize, right: usize, fill: u32, sign: bool) -> R<Str> {
    if left == 0 && right == 0 {
        return Ok(s.clone());
    }
    let n = view(s).len();
    let total = n.saturating_add(left).saturating_add(right);
    if total > 1 << 40 {
        return bail(Bail::Memory);
    }
    let widest = match view(s).kind() {
        1 if isascii(s) => 127,
        1 => 255,
        2 => 0xffff,
        _ => 0x10_ffff,
    };
    let skip = sign as usize;
    let size = |n: usize| n as ffi::Py_ssize_t;
    // SAFETY: a fresh string, filled without gaps; the copied part and the fill decide its width.
    unsafe {
        let object = c::owned(ffi::PyUnicode_New(size(total), widest.max(fill)))?;
        let target = object.as_ptr();
        let mut written = ffi::PyUnicode_CopyCharacters(target, 0, s.as_ptr(), 0, size(skip));
        written |= ffi::PyUnicode_Fill(target, size(skip), size(left), fill);
        written |=
            ffi::PyUnicode_CopyCharacters(target, size(left + skip), s.as_ptr(), size(skip), size(n - skip));
        written |= ffi::PyUnicode_Fill(target, size(left + n), size(right), fill);
        let text = own(target)?;
        if written < 0 { Err(c::raised()) } else { Ok(text) }
    }
}

/// How much is missing.
fn missing(s: &Str, width: i64) -> usize {
    (width as i128 - view(s).len() as i128).max(0) as usize
}

/// The fill character of a call that passes a `str`.
pub fn fill(text: &Str) -> R<Chr> {
    match to_chr(text) {
        Some(c) => Ok(c),
        None => exc(Exc::TypeError),
    }
}

/// `s.ljust(width, fill)`; a space by default.
pub fn ljust(_: Cx, s: &Str, width: i64, fill: Chr) -> R<Str> {
    padded(s, 0, missing(s, width), fill.0, false)
}

/// `s.rjust(width, fill)`; a space by default.
pub fn rjust(_: Cx, s: &Str, width: i64, fill: Chr) -> R<Str> {
    padded(s, missing(s, width), 0, fill.0, false)
}

/// `s.center(width, fill)`: an odd rest goes to the left when the width is odd.
pub fn center(_: Cx, s: &Str, width: i64, fill: Chr) -> R<Str> {
    let gap = missing(s, width);
    let left = gap / 2 + (gap & width as usize & 1);
    padded(s, left, gap - left, fill.0, false)
}

/// `s.zfill(width)`: behind a sign.
pub fn zfill(_: Cx, s: &Str, width: i64) -> R<Str> {
    let v = view(s);
    let sign = v.len() > 0 && matches!(v.at(0).0, 0x2b | 0x2d);
    padded(s, missing(s, width), 0, '0' as u32, sign)
}

/// `s.ljust(width, fill)` of a text that must be one character.
pub fn ljust_with(cx: Cx, s: &Str, width: i64, text: &Str) -> R<Str> {
    ljust(cx, s, width, fill(text)?)
}

/// `s.rjust(width, fill)` of a text that must be one character.
pub fn rjust_with(cx: Cx, s: &Str, width: i64, text: &Str) -> R<Str> {
    rjust(cx, s, width, fill(text)?)
}

/// `s.center(width, fill)` of a text that must be one character.
pub fn center_with(cx: Cx, s: &Str, width: i64, text: &Str) -> R<Str> {
    center(cx, s, width, fill(text)?)
}
