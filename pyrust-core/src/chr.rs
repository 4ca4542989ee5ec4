//! Functions of [`Chr`]: a `str` of one code point, unboxed.
//!
//! Class tests and case mapping read a table for ASCII and ask CPython beyond, so that they follow the Unicode
//! version of the interpreter. Surrogates are code points like any other.

use std::cmp::Ordering;

use crate::builtins::c::{self, Name};
use crate::stop::{Exc, R, exc};
use crate::str_::{Piece, StrBuilder, own, view};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

pub(crate) mod class {
    //! Classes of code points. CPython's own tables beyond ASCII.

    use std::ffi::c_int;

    unsafe extern "C" {
        fn _PyUnicode_IsLowercase(c: u32) -> c_int;
        fn _PyUnicode_IsUppercase(c: u32) -> c_int;
        fn _PyUnicode_IsTitlecase(c: u32) -> c_int;
        fn _PyUnicode_IsWhitespace(c: u32) -> c_int;
        fn _PyUnicode_IsLinebreak(c: u32) -> c_int;
        fn _PyUnicode_IsDecimalDigit(c: u32) -> c_int;
        fn _PyUnicode_IsDigit(c: u32) -> c_int;
        fn _PyUnicode_IsNumeric(c: u32) -> c_int;
        fn _PyUnicode_IsPrintable(c: u32) -> c_int;
        fn _PyUnicode_IsAlpha(c: u32) -> c_int;
        fn _PyUnicode_ToDecimalDigit(c: u32) -> c_int;
    }

    const LOWER: u8 = 1;
    const UPPER: u8 = 2;
    const DIGIT: u8 = 4;
    const SPACE: u8 = 8;
    const LINE: u8 = 16;
    const PRINT: u8 = 32;

    static ASCII: [u8; 128] = {
        let mut table = [0; 128];
        let mut c = 0;
        while c < 128 {
            let b = c as u8;
            let mut bits = 0;
            if b.is_ascii_lowercase() {
                bits |= LOWER;
            }
            if b.is_ascii_uppercase() {
                bits |= UPPER;
            }
            if b.is_ascii_digit() {
                bits |= DIGIT;
            }
            // Python counts the four separators 0x1c to 0x1f as whitespace, the first three as line ends.
            if matches!(b, b' ' | 0x09..=0x0d | 0x1c..=0x1f) {
                bits |= SPACE;
            }
            if matches!(b, 0x0a..=0x0d | 0x1c..=0x1e) {
                bits |= LINE;
            }
            if matches!(b, 0x20..=0x7e) {
                bits |= PRINT;
            }
            table[c] = bits;
            c += 1;
        }
        table
    };

    #[inline(always)]
    fn is(c: u32, bits: u8, beyond: unsafe extern "C" fn(u32) -> c_int) -> bool {
        if c < 128 {
            // One class is a stretch of numbers, which is told sooner than what the table says.
            return match bits {
                DIGIT => (c as u8).is_ascii_digit(),
                LOWER => (c as u8).is_ascii_lowercase(),
                UPPER => (c as u8).is_ascii_uppercase(),
                _ => ASCII[c as usize] & bits != 0,
            };
        }
        // SAFETY: pure functions of tables; any number is accepted.
        unsafe { beyond(c) != 0 }
    }

    #[inline(always)]
    pub(crate) fn lower(c: u32) -> bool {
        is(c, LOWER, _PyUnicode_IsLowercase)
    }

    #[inline(always)]
    pub(crate) fn upper(c: u32) -> bool {
        is(c, UPPER, _PyUnicode_IsUppercase)
    }

    #[inline(always)]
    pub(crate) fn title(c: u32) -> bool {
        is(c, 0, _PyUnicode_IsTitlecase)
    }

    #[inline(always)]
    pub(crate) fn space(c: u32) -> bool {
        is(c, SPACE, _PyUnicode_IsWhitespace)
    }

    #[inline(always)]
    pub(crate) fn line(c: u32) -> bool {
        is(c, LINE, _PyUnicode_IsLinebreak)
    }

    #[inline(always)]
    pub(crate) fn decimal(c: u32) -> bool {
        is(c, DIGIT, _PyUnicode_IsDecimalDigit)
    }

    #[inline(always)]
    pub(crate) fn digit(c: u32) -> bool {
        is(c, DIGIT, _PyUnicode_IsDigit)
    }

    #[inline(always)]
    pub(crate) fn numeric(c: u32) -> bool {
        is(c, DIGIT, _PyUnicode_IsNumeric)
    }

    #[inline(always)]
    pub(crate) fn printable(c: u32) -> bool {
        is(c, PRINT, _PyUnicode_IsPrintable)
    }

    #[inline(always)]
    pub(crate) fn alpha(c: u32) -> bool {
        is(c, LOWER | UPPER, _PyUnicode_IsAlpha)
    }

    /// As `_PyUnicode_IsAlphanumeric` in `str.isalnum`: any of the four.
    #[inline(always)]
    pub(crate) fn alnum(c: u32) -> bool {
        if c < 128 {
            return ASCII[c as usize] & (LOWER | UPPER | DIGIT) != 0;
        }
        alpha(c) || decimal(c) || digit(c) || numeric(c)
    }

    /// The value of a decimal digit of any script.
    pub(crate) fn decimal_value(c: u32) -> Option<u8> {
        // SAFETY: a pure function of tables.
        u8::try_from(unsafe { _PyUnicode_ToDecimalDigit(c) }).ok()
    }
}

/// `chr(i)`: ValueError out of range; up to 3.12 OverflowError for what is no C int.
#[inline(always)]
pub fn from_ord(i: i64) -> R<Chr> {
    if (0..=0x10_ffff).contains(&i) {
        return Ok(Chr(i as u32));
    }
    let fits = cfg!(Py_3_13) || i32::try_from(i).is_ok();
    if fits { exc(Exc::ValueError) } else { exc(Exc::OverflowError) }
}

/// `int(c)`: a digit is what it says, everything else what `int` makes of a text.
#[inline]
pub fn int(cx: Cx, c: Chr) -> R<i64> {
    let digit = c.0.wrapping_sub('0' as u32);
    if digit < 10 { Ok(i64::from(digit)) } else { other_int(cx, c) }
}

#[cold]
#[inline(never)]
fn other_int(cx: Cx, c: Chr) -> R<i64> {
    crate::int::from_str(cx, &to_str(cx, c)?)
}

/// `ord(c)`.
#[inline(always)]
pub fn ord(c: Chr) -> i64 {
    c.0 as i64
}

/// `c` as a `str`: CPython's own one-character string below 256.
#[inline]
pub fn to_str(_: Cx, c: Chr) -> R<Str> {
    c.to_str()
}

/// `len(c)`: 1.
#[inline(always)]
pub fn len(_: Chr) -> i64 {
    1
}

/// `a == b`.
#[inline(always)]
pub fn eq(a: Chr, b: Chr) -> bool {
    a.0 == b.0
}

/// `a != b`.
#[inline(always)]
pub fn ne(a: Chr, b: Chr) -> bool {
    a.0 != b.0
}

/// `a < b`.
#[inline(always)]
pub fn lt(a: Chr, b: Chr) -> bool {
    a.0 < b.0
}

/// `a <= b`.
#[inline(always)]
pub fn le(a: Chr, b: Chr) -> bool {
    a.0 <= b.0
}

/// `a > b`.
#[inline(always)]
pub fn gt(a: Chr, b: Chr) -> bool {
    a.0 > b.0
}

/// `a >= b`.
#[inline(always)]
pub fn ge(a: Chr, b: Chr) -> bool {
    a.0 >= b.0
}

/// How the one-character string compares with `s`.
#[inline]
pub fn cmp_str(c: Chr, s: &Str) -> Ordering {
    let v = view(s);
    if v.len() == 0 {
        return Ordering::Greater;
    }
    c.0.cmp(&v.at(0).0).then(1.cmp(&v.len()))
}

/// `c == s`.
#[inline(always)]
pub fn eq_str(c: Chr, s: &Str) -> bool {
    let v = view(s);
    v.len() == 1 && v.at(0).0 == c.0
}

/// `c != s`.
#[inline(always)]
pub fn ne_str(c: Chr, s: &Str) -> bool {
    !eq_str(c, s)
}

/// `c < s`.
pub fn lt_str(c: Chr, s: &Str) -> bool {
    cmp_str(c, s).is_lt()
}

/// `c <= s`.
pub fn le_str(c: Chr, s: &Str) -> bool {
    cmp_str(c, s).is_le()
}

/// `c > s`.
pub fn gt_str(c: Chr, s: &Str) -> bool {
    cmp_str(c, s).is_gt()
}

/// `c >= s`.
pub fn ge_str(c: Chr, s: &Str) -> bool {
    cmp_str(c, s).is_ge()
}

/// `c in s`.
#[inline]
pub fn in_str(c: Chr, s: &Str) -> bool {
    view(s).position(c.0).is_some()
}

macro_rules! tests {
    ($($name:ident $class:ident)*) => { $(
        #[doc = concat!("`c.", stringify!($name), "()`.")]
        #[inline(always)]
        pub fn $name(c: Chr) -> bool {
            class::$class(c.0)
        }
    )* };
}

tests! {
    isalpha alpha
    isalnum alnum
    isspace space
    isdecimal decimal
    isdigit digit
    isnumeric numeric
    isprintable printable
    islower lower
}

/// `c.isupper()`.
#[inline(always)]
pub fn isupper(c: Chr) -> bool {
    class::upper(c.0)
}

/// `c.istitle()`: upper case counts, as a title of one letter.
pub fn istitle(c: Chr) -> bool {
    class::upper(c.0) || class::title(c.0)
}

/// `c.isascii()`.
#[inline(always)]
pub fn isascii(c: Chr) -> bool {
    c.0 < 128
}

/// `c.isidentifier()`.
pub fn isidentifier(cx: Cx, c: Chr) -> R<bool> {
    if c.0 < 128 {
        return Ok(class::alpha(c.0) || c.0 == b'_' as u32);
    }
    crate::str_::isidentifier(&to_str(cx, c)?)
}

/// `c.upper()` where the result is one character, as for all of ASCII.
#[inline(always)]
pub fn upper_ascii(c: Chr) -> Option<Chr> {
    if c.0 < 128 { Some(Chr((c.0 as u8).to_ascii_uppercase() as u32)) } else { None }
}

/// `c.lower()` where the result is one character, as for all of ASCII.
#[inline(always)]
pub fn lower_ascii(c: Chr) -> Option<Chr> {
    if c.0 < 128 { Some(Chr((c.0 as u8).to_ascii_lowercase() as u32)) } else { None }
}

/// `c.upper()`: more than one character for some (`'ß'`).
#[inline]
pub fn upper(cx: Cx, c: Chr) -> R<Str> {
    static NAME: Name = Name::new(c"upper");
    match upper_ascii(c) {
        Some(mapped) => to_str(cx, mapped),
        None => mapped(cx, c, &NAME),
    }
}

/// `c.lower()`: more than one character for some (`'İ'`).
#[inline]
pub fn lower(cx: Cx, c: Chr) -> R<Str> {
    static NAME: Name = Name::new(c"lower");
    match lower_ascii(c) {
        Some(mapped) => to_str(cx, mapped),
        None => mapped(cx, c, &NAME),
    }
}

/// A character with its case changed, which goes behind a text: mostly one, and more for some.
pub enum Cased {
    One(Chr),
    More(Str),
}

impl Piece for Cased {
    #[inline(always)]
    fn push_to(&self, out: &mut StrBuilder) -> R<()> {
        match self {
            Cased::One(c) => out.push_chr(*c),
            Cased::More(text) => out.push_str(text),
        }
    }
}

/// `c.upper()`, for a text.
#[inline(always)]
pub fn cased_upper(cx: Cx, c: Chr) -> R<Cased> {
    upper_ascii(c).map_or_else(|| Ok(Cased::More(upper(cx, c)?)), |c| Ok(Cased::One(c)))
}

/// `c.lower()`, for a text.
#[inline(always)]
pub fn cased_lower(cx: Cx, c: Chr) -> R<Cased> {
    lower_ascii(c).map_or_else(|| Ok(Cased::More(lower(cx, c)?)), |c| Ok(Cased::One(c)))
}

#[cold]
#[inline(never)]
fn mapped(cx: Cx, c: Chr, name: &Name) -> R<Str> {
    let text = to_str(cx, c)?;
    // SAFETY: an exact string and a method of `str`, which gives an exact string.
    unsafe { own(c::method(name, &[text.as_ptr()])?.as_ptr()) }
}

/// `c.strip()` of one character: itself or nothing.
pub fn strip(cx: Cx, c: Chr) -> R<Str> {
    if class::space(c.0) { Ok(crate::str_::empty()?) } else { to_str(cx, c) }
}

/// `c * n` and `n * c`.
pub fn repeat(cx: Cx, c: Chr, n: i64) -> R<Str> {
    crate::str_::repeat(cx, &to_str(cx, c)?, n)
}
