//! Ends of strings: `startswith`, `endswith`, `strip`, `removeprefix`.

use super::search::window;
use super::split::stripped;
use super::{View, part, view};
use crate::chr::class;
use crate::py::FromPy;
use crate::stop::{Exc, R, exc};
use crate::strs::{Chr, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;

#[inline(always)]
fn starts(v: View<'_>, prefix: View<'_>) -> bool {
    prefix.len() <= v.len() && v.part(0, prefix.len()).same(prefix)
}

#[inline(always)]
fn ends(v: View<'_>, suffix: View<'_>) -> bool {
    suffix.len() <= v.len() && v.part(v.len() - suffix.len(), v.len()).same(suffix)
}

/// `s.startswith(prefix, start, end)`.
#[inline]
pub fn startswith(s: &Str, prefix: &Str, start: Option<i64>, end: Option<i64>) -> bool {
    let v = view(s);
    window(v.len(), start, end).is_some_and(|(a, b)| starts(v.part(a, b), view(prefix)))
}

/// `s.endswith(suffix, start, end)`.
#[inline]
pub fn endswith(s: &Str, suffix: &Str, start: Option<i64>, end: Option<i64>) -> bool {
    let v = view(s);
    window(v.len(), start, end).is_some_and(|(a, b)| ends(v.part(a, b), view(suffix)))
}

/// `s.startswith((a, b, …), start, end)`.
pub fn startswith_any<const N: usize>(s: &Str, any: [&Str; N], start: Option<i64>, end: Option<i64>) -> bool {
    any.iter().any(|prefix| startswith(s, prefix, start, end))
}

/// `s.endswith((a, b, …), start, end)`.
pub fn endswith_any<const N: usize>(s: &Str, any: [&Str; N], start: Option<i64>, end: Option<i64>) -> bool {
    any.iter().any(|suffix| endswith(s, suffix, start, end))
}

/// `s.startswith(c)`.
#[inline]
pub fn startswith_chr(s: &Str, c: Chr) -> bool {
    let v = view(s);
    v.len() > 0 && v.at(0).0 == c.0
}

/// `s.endswith(c)`.
#[inline]
pub fn endswith_chr(s: &Str, c: Chr) -> bool {
    let v = view(s);
    v.len() > 0 && v.at(v.len() - 1).0 == c.0
}

#[inline(always)]
fn trim(s: &Str, left: bool, right: bool) -> R<Str> {
    let (start, end) = without_space(s, left, right);
    part(s, start, end)
}

#[inline(never)]
fn without_space(s: &Str, left: bool, right: bool) -> (usize, usize) {
    stripped(view(s), left, right, class::space)
}

/// Up to eight characters in one word: those of a call are a few signs, for which no table pays.
#[derive(Clone, Copy)]
struct Few(u64);

impl Few {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;

    /// A character may stand there several times, so that there are eight.
    #[inline(always)]
    fn of(chars: &[u8]) -> Option<Few> {
        let half = |at: usize| {
            let four = chars.get(at..at + 4).and_then(|four| four.try_into().ok());
            u64::from(four.map_or(0, u32::from_le_bytes))
        };
        match chars.len() {
            len @ 1..4 => {
                let (first, middle, last) = (chars[0], chars[len / 2], chars[len - 1]);
                let rest = u64::from(first) * (Few::LOW >> 16 << 16);
                Some(Few(rest ^ u64::from(first ^ middle) << 16 | u64::from(last) << 8 | u64::from(first)))
            }
            len @ 4..=8 => Some(Few(half(0) | half(len - 4) << 32)),
            _ => None,
        }
    }

    #[inline(always)]
    fn has(self, c: u8) -> bool {
        let other = self.0 ^ (u64::from(c) * Few::LOW);
        other.wrapping_sub(Few::LOW) & !other & Few::HIGH != 0
    }
}

#[inline(always)]
fn trim_chars(s: &Str, chars: &Str, left: bool, right: bool) -> R<Str> {
    let (start, end) = without(s, chars, left, right);
    part(s, start, end)
}

#[inline(never)]
fn without(s: &Str, chars: &Str, left: bool, right: bool) -> (usize, usize) {
    let set = view(chars);
    if chars.is_ascii() {
        if let Some(few) = Few::of(chars.raw()) {
            return stripped(view(s), left, right, |c| c < 128 && few.has(c as u8));
        }
        let bits = chars.raw().iter().fold(0_u128, |bits, c| bits | 1 << (c & 127));
        return stripped(view(s), left, right, |c| c < 128 && bits >> c & 1 != 0);
    }
    stripped(view(s), left, right, |c| set.position(c).is_some())
}

/// `s.strip()`.
#[inline]
pub fn strip(_: Cx, s: &Str) -> R<Str> {
    trim(s, true, true)
}

/// `s.lstrip()`.
#[inline]
pub fn lstrip(_: Cx, s: &Str) -> R<Str> {
    trim(s, true, false)
}

/// `s.rstrip()`.
#[inline]
pub fn rstrip(_: Cx, s: &Str) -> R<Str> {
    trim(s, false, true)
}

/// `s.strip(chars)`.
#[inline]
pub fn strip_chars(_: Cx, s: &Str, chars: &Str) -> R<Str> {
    trim_chars(s, chars, true, true)
}

/// `s.lstrip(chars)`.
#[inline]
pub fn lstrip_chars(_: Cx, s: &Str, chars: &Str) -> R<Str> {
    trim_chars(s, chars, true, false)
}

/// `s.rstrip(chars)`.
#[inline]
pub fn rstrip_chars(_: Cx, s: &Str, chars: &Str) -> R<Str> {
    trim_chars(s, chars, false, true)
}

/// `s.removeprefix(prefix)`.
pub fn removeprefix(_: Cx, s: &Str, prefix: &Str) -> R<Str> {
    let (v, p) = (view(s), view(prefix));
    if starts(v, p) { part(s, p.len(), v.len()) } else { Ok(s.clone()) }
}

/// `s.removesuffix(suffix)`.
pub fn removesuffix(_: Cx, s: &Str, suffix: &Str) -> R<Str> {
    let (v, p) = (view(s), view(suffix));
    if ends(v, p) { part(s, 0, v.len() - p.len()) } else { Ok(s.clone()) }
}

/// `s.strip(None)`.
pub fn strip_none(cx: Cx, s: &Str, _: ()) -> R<Str> {
    strip(cx, s)
}

/// `s.lstrip(None)`.
pub fn lstrip_none(cx: Cx, s: &Str, _: ()) -> R<Str> {
    lstrip(cx, s)
}

/// `s.rstrip(None)`.
pub fn rstrip_none(cx: Cx, s: &Str, _: ()) -> R<Str> {
    rstrip(cx, s)
}

/// One of several ends.
pub trait Affix: FromPy {
    /// Does the string start with it?
    fn starts(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool>;
    /// Does the string end with it?
    fn ends(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool>;
}

impl Affix for Str {
    fn starts(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool> {
        Ok(startswith(s, self, start, end))
    }

    fn ends(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool> {
        Ok(endswith(s, self, start, end))
    }
}

impl Affix for Chr {
    fn starts(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool> {
        self.to_str()?.starts(s, start, end)
    }

    fn ends(&self, s: &Str, start: Option<i64>, end: Option<i64>) -> R<bool> {
        self.to_str()?.ends(s, start, end)
    }
}

/// What an empty tuple holds.
impl Affix for () {
    fn starts(&self, _: &Str, _: Option<i64>, _: Option<i64>) -> R<bool> {
        exc(Exc::TypeError)
    }

    fn ends(&self, _: &Str, _: Option<i64>, _: Option<i64>) -> R<bool> {
        exc(Exc::TypeError)
    }
}

/// `s.startswith(any, start, end)` of a tuple.
pub fn startswith_of<T: Affix>(
    cx: Cx,
    s: &Str,
    any: &PTuple<T>,
    start: Option<i64>,
    end: Option<i64>,
) -> R<bool> {
    for i in 0..any.count() {
        if any.item(cx, i)?.starts(s, start, end)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `s.endswith(any, start, end)` of a tuple.
pub fn endswith_of<T: Affix>(
    cx: Cx,
    s: &Str,
    any: &PTuple<T>,
    start: Option<i64>,
    end: Option<i64>,
) -> R<bool> {
    for i in 0..any.count() {
        if any.item(cx, i)?.ends(s, start, end)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn a_few_characters_are_those_and_no_others() {
        for chars in ["a", "ab", "ba", "abc", ".,;:", ".,;:!", "\0.,;:!", "\0\x01\x7f,;:!", "12345678", "\0"]
        {
            let few = Few::of(chars.as_bytes()).expect("few");
            for c in 0..128_u8 {
                assert_eq!(few.has(c), chars.as_bytes().contains(&c), "{chars:?} {c}");
            }
        }
        assert!(Few::of(b"").is_none() && Few::of(b"123456789").is_none());
    }
}
