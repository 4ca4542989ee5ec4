//! `PyLong_FromString` on ASCII text, and the way from any `str` to such text.

use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::Cx;

/// More digits than this may meet `sys.int_max_str_digits`, whose check is Python's own.
const DIGITS: usize = 640;

/// C's `isspace` in the C locale, which is what the number parsers skip.
#[inline]
fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn digit(c: u8) -> u32 {
    match c {
        b'0'..=b'9' => (c - b'0') as u32,
        b'a'..=b'z' => (c - b'a') as u32 + 10,
        b'A'..=b'Z' => (c - b'A') as u32 + 10,
        _ => 99,
    }
}

/// The text without the white space around it.
pub(crate) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [c, tail @ ..] = text
        && is_space(*c)
    {
        text = tail;
    }
    while let [tail @ .., c] = text
        && is_space(*c)
    {
        text = tail;
    }
    text
}

/// What most texts are: up to 18 digits, a minus before them or not. `None` for all others.
#[inline]
pub(crate) fn plain(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for c in digits {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// `int(text, base)`.
pub(crate) fn parse(text: &[u8], base: i64) -> R<i64> {
    if base != 0 && !(2..=36).contains(&base) {
        return exc(Exc::ValueError);
    }
    match scan(text, base as u32) {
        Some(value) => value,
        None => exc(Exc::ValueError),
    }
}

/// `None`: not a number.
fn scan(text: &[u8], mut base: u32) -> Option<R<i64>> {
    let mut rest = trimmed(text);
    let mut negative = false;
    if let [sign @ (b'+' | b'-'), tail @ ..] = rest {
        negative = *sign == b'-';
        rest = tail;
    }
    let mut only_zero = false;
    if let [b'0', mark, tail @ ..] = rest {
        let prefix = match mark | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        };
        if prefix != 0 && (base == 0 || base == prefix) {
            base = prefix;
            // One underscore may follow the prefix.
            rest = tail.strip_prefix(b"_").unwrap_or(tail);
        } else if base == 0 {
            // `010` is an error, `000` is not.
            only_zero = true;
        }
    }
    if base == 0 {
        base = 10;
    }
    let mut value = Some(0i64);
    let mut after_digit = false;
    let mut digits = 0;
    for &c in rest {
        if c == b'_' {
            if !after_digit {
                return None;
            }
            after_digit = false;
            continue;
        }
        let d = digit(c);
        if d >= base {
            return None;
        }
        after_digit = true;
        digits += 1;
        // Counting down from zero reaches i64::MIN too.
        value = value.and_then(|v| v.checked_mul(base as i64)).and_then(|v| v.checked_sub(d as i64));
    }
    if !after_digit || (only_zero && value != Some(0)) {
        return None;
    }
    if digits > DIGITS {
        return Some(bail(Bail::Overflow));
    }
    let value = if negative { value } else { value.and_then(i64::checked_neg) };
    Some(match value {
        Some(v) => Ok(v),
        None => bail(Bail::Overflow),
    })
}

/// `int(b)`.
pub fn from_bytes_text(_: Cx, b: &Bytes) -> R<i64> {
    match plain(b.raw()) {
        Some(value) => Ok(value),
        None => parse(b.raw(), 10),
    }
}

/// `int(b, base)`.
pub fn from_bytes_base(_: Cx, b: &Bytes, base: i64) -> R<i64> {
    parse(b.raw(), base)
}
