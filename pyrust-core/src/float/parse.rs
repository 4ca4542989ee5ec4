//! `PyFloat_FromString` on ASCII text.

use crate::int::trimmed;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::Cx;

/// Longer numbers go to Python.
const LONGEST: usize = 512;

/// `float(text)`.
pub(crate) fn parse(text: &[u8]) -> R<f64> {
    let rest = trimmed(text);
    if rest.contains(&b'_') {
        return parse_grouped(rest);
    }
    read(rest)
}

/// The grammar of Rust's parser is that of `float()`: sign, digits with a point anywhere, exponent, and
/// `inf`, `infinity`, `nan` in any case. Both round correctly.
fn read(text: &[u8]) -> R<f64> {
    match std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()) {
        Some(v) => Ok(v),
        None => exc(Exc::ValueError),
    }
}

/// Underscores stand between two digits.
fn parse_grouped(text: &[u8]) -> R<f64> {
    if text.len() > LONGEST {
        return bail(Bail::Unsupported);
    }
    let mut plain = [0u8; LONGEST];
    let mut len = 0;
    let mut last = 0u8;
    for &c in text {
        let lonely = (c == b'_' && !last.is_ascii_digit()) || (last == b'_' && !c.is_ascii_digit());
        if lonely {
            return exc(Exc::ValueError);
        }
        if c != b'_' {
            plain[len] = c;
            len += 1;
        }
        last = c;
    }
    if last == b'_' {
        return exc(Exc::ValueError);
    }
    read(&plain[..len])
}

/// `float(b)`.
pub fn from_bytes_text(_: Cx, b: &Bytes) -> R<f64> {
    parse(b.raw())
}
