//! `format`, `str` and `repr`: f-strings, `format(x, spec)`, `"…" % (…)`.
//!
//! `spec` is the mini-language with the common forms done natively; the rare ones (and all errors) are CPython's own
//! `__format__` on an exact object. `repr` is the trait behind `str()` and `repr()` of every native type.

mod percent;
#[cfg(feature = "rare")]
mod planar;
mod repr;
mod spec;
#[cfg(feature = "big")]
mod wide;

pub use percent::{
    boxed, boxed_ascii, boxed_repr, boxed_str, format_text, percent, percent_bytes, percent_bytes_of,
    percent_of,
};
#[cfg(feature = "rare")]
pub use planar::{complex, complex_dyn, push_complex};
pub use repr::{
    Repr, push_ascii_of, push_converted_a, push_converted_r, push_converted_s, push_plain, push_repr,
    push_str_of, repr_of, str_of,
};
#[cfg(feature = "big")]
pub use wide::{big_, big_dyn, boxed_int, push_big};

use std::ffi::c_int;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use self::spec::{Align, Spec};
use crate::builtins::boxed::Scalar;
use crate::builtins::c::{self, Temporary};
use crate::int::Digits;
use crate::stop::R;
use crate::str_::{self, StrBuilder, View, view};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// Appends `format(a, spec)`.
pub fn push_int(cx: Cx, out: &mut StrBuilder, a: i64, text: &str) -> R<()> {
    if text.is_empty() {
        return crate::int::push_to(a, out);
    }
    // `02x`, `08b` and their kin: there is little to take apart.
    if let ([b'0', width @ b'1'..=b'9', code @ (b'b' | b'd' | b'o' | b'x')], 0..) = (text.as_bytes(), a) {
        let base = match code {
            b'b' => 2,
            b'o' => 8,
            b'x' => 16,
            _ => 10,
        };
        let mut digits = Digits::based(a.unsigned_abs(), base);
        while digits.text().len() < usize::from(width - b'0') {
            digits.put(b'0');
        }
        return out.push_ascii(digits.text());
    }
    let Some(spec) = Spec::parse(text.as_bytes(), Align::Right) else {
        return slow(cx, out, Temporary::int(a)?.ptr(), text);
    };
    let (base, prefix): (u64, &[u8]) = match spec.code {
        0 | b'd' => (10, b""),
        b'b' => (2, b"0b"),
        b'o' => (8, b"0o"),
        b'x' => (16, b"0x"),
        b'X' => (16, b"0X"),
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => return push_float(cx, out, a as f64, text),
        _ => return slow(cx, out, Temporary::int(a)?.ptr(), text),
    };
    let unusual = spec.precision.is_some()
        || (spec.group == Some(b',') && base != 10)
        || (spec.group.is_some() && spec.zero_padded());
    if unusual {
        return slow(cx, out, Temporary::int(a)?.ptr(), text);
    }
    let digits = Digits::based(a.unsigned_abs(), base);
    let every = if base == 10 { 3 } else { 4 };
    let prefix = if spec.alternate { prefix } else { b"" };
    if spec.group.is_none() && spec.code != b'X' {
        return spec.number(out, a < 0, prefix, digits.text());
    }
    let mut body = Body::default();
    body.grouped(digits.text(), spec.group, every);
    if spec.code == b'X' {
        body.text[..body.len].make_ascii_uppercase();
    }
    spec.number(out, a < 0, prefix, body.text())
}

/// Appends `format(x, spec)`.
pub fn push_float(cx: Cx, out: &mut StrBuilder, x: f64, text: &str) -> R<()> {
    if text.is_empty() {
        return crate::float::push_to(x, out);
    }
    let spec = match Spec::parse(text.as_bytes(), Align::Right) {
        Some(spec) if spec.group.is_none() || (x.is_finite() && !spec.zero_padded()) => spec,
        _ => return slow(cx, out, Temporary::float(x)?.ptr(), text),
    };
    let mut flags: c_int = if spec.alternate { ffi::Py_DTSF_ALT } else { 0 };
    let (value, code, precision) = match (spec.code, spec.precision) {
        (0, None) => {
            flags |= ffi::Py_DTSF_ADD_DOT_0;
            (x, b'r', 0)
        }
        (0, Some(p)) => {
            flags |= ffi::Py_DTSF_ADD_DOT_0;
            (x, b'g', p)
        }
        (b'%', p) => (x * 100.0, b'f', p.unwrap_or(6)),
        (code @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G'), p) => (x, code, p.unwrap_or(6)),
        _ => return slow(cx, out, Temporary::float(x)?.ptr(), text),
    };
    if precision > 300 {
        return slow(cx, out, Temporary::float(x)?.ptr(), text);
    }
    crate::float::digits(value, code, precision, flags, |digits| {
        let (negative, digits) = match digits {
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        if spec.group.is_none() && spec.code != b'%' {
            return spec.number(out, negative, b"", digits);
        }
        let whole = digits.iter().position(|c| !c.is_ascii_digit()).unwrap_or(digits.len());
        let mut body = Body::default();
        body.grouped(&digits[..whole], spec.group, 3);
        body.push(&digits[whole..]);
        if spec.code == b'%' {
            body.push(b"%");
        }
        spec.number(out, negative, b"", body.text())
    })
}

/// Appends `format(s, spec)`.
pub fn push_text(cx: Cx, out: &mut StrBuilder, s: &Str, text: &str) -> R<()> {
    if text.is_empty() {
        return out.push_str(s);
    }
    match Spec::parse(text.as_bytes(), Align::Left) {
        Some(spec) if spec.fits_text() => spec.text(out, view(s)),
        _ => slow(cx, out, s.as_ptr(), text),
    }
}

/// Appends `format(c, spec)`.
pub fn push_chr(cx: Cx, out: &mut StrBuilder, c: Chr, text: &str) -> R<()> {
    if text.is_empty() { out.push_chr(c) } else { push_text(cx, out, &c.to_str()?, text) }
}

/// Appends `format(b, spec)`: an int as soon as there is a spec.
pub fn push_bool(cx: Cx, out: &mut StrBuilder, b: bool, text: &str) -> R<()> {
    if text.is_empty() {
        out.push_static(if b { "True" } else { "False" })
    } else {
        push_int(cx, out, b as i64, text)
    }
}

macro_rules! whole {
    ($($(#[$doc:meta])* $name:ident $dynamic:ident $push:ident($value:ty);)*) => { $(
        $(#[$doc])*
        pub fn $name(cx: Cx, value: $value, spec: &str) -> R<Str> {
            let mut out = StrBuilder::new();
            $push(cx, &mut out, value, spec)?;
            out.finish(cx)
        }

        /// The same with a spec that is computed.
        pub fn $dynamic(cx: Cx, value: $value, spec: &Str) -> R<Str> {
            match view(spec).ascii().and_then(|text| std::str::from_utf8(text).ok()) {
                Some(text) => $name(cx, value, text),
                None => by_object(cx, value.boxed()?.0.ptr(), spec),
            }
        }
    )* };
}

#[cfg(feature = "big")]
use whole;

whole! {
    /// `format(a, spec)`.
    int int_dyn push_int(i64);
    /// `format(x, spec)`.
    float float_dyn push_float(f64);
    /// `format(s, spec)`.
    str_ str_dyn push_text(&Str);
    /// `format(c, spec)`.
    chr chr_dyn push_chr(Chr);
    /// `format(b, spec)`.
    bool_ bool_dyn push_bool(bool);
}

/// CPython's own `__format__` of an exact int, float, complex or str.
#[cold]
#[inline(never)]
fn slow(cx: Cx, out: &mut StrBuilder, object: *mut PyObject, text: &str) -> R<()> {
    // SAFETY: a readable slice, which is UTF-8.
    let spec = unsafe {
        str_::own(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t))?
    };
    out.push_str(&by_object(cx, object, &spec)?)
}

/// `format(object, spec)` of an exact int, float, bool or str that is alive.
fn by_object(_: Cx, object: *mut PyObject, spec: &Str) -> R<Str> {
    // SAFETY: exact builtin objects, so no Python code runs; the result is an exact string.
    c::undisturbed(|| unsafe { str_::own(ffi::PyObject_Format(object, spec.as_ptr())) })
}

/// `format(str(value), spec)` with a spec that is computed.
pub fn converted_s_dyn<T: Repr + ?Sized>(cx: Cx, value: &T, spec: &Str) -> R<Str> {
    str_dyn(cx, &str_of(cx, value)?, spec)
}

/// `format(repr(value), spec)` with a spec that is computed.
pub fn converted_r_dyn<T: Repr + ?Sized>(cx: Cx, value: &T, spec: &Str) -> R<Str> {
    str_dyn(cx, &repr_of(cx, value)?, spec)
}

/// `format(ascii(value), spec)` with a spec that is computed.
pub fn converted_a_dyn<T: Repr + ?Sized>(cx: Cx, value: &T, spec: &Str) -> R<Str> {
    let mut text = StrBuilder::new();
    push_ascii_of(cx, &mut text, value)?;
    str_dyn(cx, &text.finish(cx)?, spec)
}

/// Digits with their separators: 64 binary ones in groups, or 309 before the point and 300 behind.
struct Body {
    text: [u8; 800],
    len: usize,
}

impl Default for Body {
    fn default() -> Self {
        Body { text: [0; 800], len: 0 }
    }
}

impl Body {
    fn push(&mut self, part: &[u8]) {
        for c in part {
            if let Some(slot) = self.text.get_mut(self.len) {
                *slot = *c;
                self.len += 1;
            }
        }
    }

    fn grouped(&mut self, digits: &[u8], group: Option<u8>, every: usize) {
        let Some(mark) = group else { return self.push(digits) };
        let (head, rest) = digits.split_at(digits.len() % every);
        self.push(head);
        for part in rest.chunks(every) {
            if self.len > 0 {
                self.push(&[mark]);
            }
            self.push(part);
        }
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

impl Spec {
    /// Sign, prefix and digits, padded.
    fn number(&self, out: &mut StrBuilder, negative: bool, prefix: &[u8], body: &[u8]) -> R<()> {
        let sign: &[u8] = match (negative, self.sign) {
            (true, _) => b"-",
            (false, b'+') => b"+",
            (false, b' ') => b" ",
            (false, _) => b"",
        };
        let (left, inner, right) = self.padding(sign.len() + prefix.len() + body.len());
        self.pad(out, left)?;
        out.push_ascii(sign)?;
        out.push_ascii(prefix)?;
        self.pad(out, inner)?;
        out.push_ascii(body)?;
        self.pad(out, right)
    }

    fn text(&self, out: &mut StrBuilder, v: View<'_>) -> R<()> {
        let shown = match self.precision {
            Some(p) => v.part(0, v.len().min(p as usize)),
            None => v,
        };
        let (left, _, right) = self.padding(shown.len());
        self.pad(out, left)?;
        out.push_view(shown)?;
        self.pad(out, right)
    }

    fn pad(&self, out: &mut StrBuilder, n: usize) -> R<()> {
        let some = [self.fill; 32];
        let mut left = n;
        while left > 0 {
            let part = left.min(some.len());
            out.push_ascii(&some[..part])?;
            left -= part;
        }
        Ok(())
    }
}
