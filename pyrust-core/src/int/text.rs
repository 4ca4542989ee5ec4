//! `int` from and to text.

use core::ffi::c_int;

use pyo3_ffi::PyObject;

use super::parse::{self, parse};
use crate::raised;
use crate::stop::{Exc, R, exc};
use crate::str_::{self, StrBuilder};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

unsafe extern "C" {
    fn PyLong_FromUnicodeObject(text: *mut PyObject, base: c_int) -> *mut PyObject;
}

/// `int(s)`.
pub fn from_str(cx: Cx, s: &Str) -> R<i64> {
    if s.kind() == 1
        && let Some(value) = parse::plain(s.raw())
    {
        return Ok(value);
    }
    let value = str_::number_text(s, |text| parse(text, 10));
    // SAFETY: an exact `str` that is alive; nothing of it is Python's.
    raised::worded(cx, value, || unsafe { PyLong_FromUnicodeObject(s.as_ptr(), 10) })
}

/// `int(s, base)`.
pub fn from_str_base(_: Cx, s: &Str, base: i64) -> R<i64> {
    str_::number_text(s, |text| parse(text, base))
}

/// The longest text: 64 binary digits, a sign and a prefix.
pub(crate) struct Digits {
    text: [u8; 68],
    start: usize,
}

impl Digits {
    /// The digits of `size` in a base that is a power of two, from the end of the buffer.
    fn new(mut size: u64, base: u64) -> Self {
        debug_assert!(base.is_power_of_two());
        let shift = base.trailing_zeros();
        let mut digits = Digits { text: [0; 68], start: 68 };
        loop {
            digits.put(b"0123456789abcdef"[(size & (base - 1)) as usize & 15]);
            size >>= shift;
            if size == 0 {
                return digits;
            }
        }
    }

    pub(crate) fn decimal(size: u64) -> Self {
        let mut digits = Digits { text: [0; 68], start: 68 };
        let mut rest = size;
        // Two digits a division.
        while rest >= 100 {
            let pair = rest % 100;
            rest /= 100;
            digits.put(b'0' + (pair % 10) as u8);
            digits.put(b'0' + (pair / 10) as u8);
        }
        if rest >= 10 {
            digits.put(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        digits.put(b'0' + rest as u8);
        digits
    }

    pub(crate) fn based(size: u64, base: u64) -> Self {
        if base == 10 { Self::decimal(size) } else { Self::new(size, base) }
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, c: u8) {
        self.start -= 1;
        self.text[self.start] = c;
    }

    #[inline(always)]
    pub(crate) fn text(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

fn signed(a: i64) -> Digits {
    let mut digits = Digits::decimal(a.unsigned_abs());
    if a < 0 {
        digits.put(b'-');
    }
    digits
}

/// `str(a)`, `repr(a)`.
#[inline(always)]
pub fn to_str(_: Cx, a: i64) -> R<Str> {
    Str::arrived(made(a))
}

#[inline(never)]
extern "C" fn made(a: i64) -> R<Str> {
    if (0..10).contains(&a) {
        return Chr(b'0' as u32 + a as u32).to_str();
    }
    str_::from_ascii(signed(a).text())
}

/// Appends `str(a)`.
#[inline]
pub fn push_to(a: i64, out: &mut StrBuilder) -> R<()> {
    out.push_ascii(signed(a).text())
}

fn prefixed(a: i64, base: u64, mark: u8) -> R<Str> {
    let mut digits = Digits::new(a.unsigned_abs(), base);
    digits.put(mark);
    digits.put(b'0');
    if a < 0 {
        digits.put(b'-');
    }
    str_::from_ascii(digits.text())
}

/// `bin(a)`.
pub fn bin(_: Cx, a: i64) -> R<Str> {
    prefixed(a, 2, b'b')
}

/// `oct(a)`.
pub fn oct(_: Cx, a: i64) -> R<Str> {
    prefixed(a, 8, b'o')
}

/// `hex(a)`.
pub fn hex(_: Cx, a: i64) -> R<Str> {
    prefixed(a, 16, b'x')
}

/// `int(b)` of ASCII digits in bytes, without the conversions of [`from_str`].
pub fn from_ascii(text: &[u8]) -> R<i64> {
    if text.is_ascii() { parse(text, 10) } else { exc(Exc::ValueError) }
}
