//! `in`, `find`, `index`, `count`, `replace`.

use pyo3_ffi as ffi;

use super::view::bytes_position;
use super::{Units, bounds, own, view};
use crate::builtins::c;
use crate::said::{Said, said};
use crate::stop::{Bail, R, bail};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// Where to search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Left,
    Right,
}

/// The place of `sub` in `s[start:end]`, which is in order and in bounds.
#[inline]
pub(crate) fn locate(s: &Str, sub: &Str, start: usize, end: usize, from: From) -> R<Option<usize>> {
    let needle = view(sub);
    if needle.len() == 1 {
        let part = view(s).part(start, end);
        let code = needle.at(0).0;
        let place = if from == From::Left { part.position(code) } else { part.last_position(code) };
        return Ok(place.map(|i| i + start));
    }
    if from == From::Left
        && let (Units::One(text), Units::One(wanted)) = (view(s).units(), needle.units())
    {
        return Ok(bytes_position(&text[start..end], wanted).map(|i| i + start));
    }
    let direction = if from == From::Left { 1 } else { -1 };
    // SAFETY: exact strings.
    let place = unsafe {
        ffi::PyUnicode_Find(
            s.as_ptr(),
            sub.as_ptr(),
            start as ffi::Py_ssize_t,
            end as ffi::Py_ssize_t,
            direction,
        )
    };
    match place {
        -2 => Err(c::raised()),
        -1 => Ok(None),
        i => Ok(Some(i as usize)),
    }
}

/// The window of `find` and its relatives; `None` when `start` lies beyond the end, where not even the empty
/// string is found.
#[inline(always)]
pub(crate) fn window(len: usize, start: Option<i64>, end: Option<i64>) -> Option<(usize, usize)> {
    let out = |i: Option<i64>| i.is_some_and(|i| i > len as i64);
    if out(start) {
        return None;
    }
    let (from, to) = bounds(len, start, None);
    debug_assert_eq!(to, len);
    let (to, _) = bounds(len, end.or(Some(len as i64)), None);
    if to < from { None } else { Some((from, to)) }
}

#[inline]
fn search(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>, from: From) -> R<Option<usize>> {
    match window(view(s).len(), start, end) {
        Some((a, b)) => locate(s, sub, a, b, from),
        None => Ok(None),
    }
}

#[inline]
fn or_minus_one(place: Option<usize>) -> i64 {
    place.map_or(-1, |i| i as i64)
}

#[inline]
fn or_raise(place: Option<usize>) -> R<i64> {
    match place {
        Some(i) => Ok(i as i64),
        None => said(Said::StrFind),
    }
}

/// `sub in s`.
#[inline]
pub fn contains(s: &Str, sub: &Str) -> R<bool> {
    Ok(locate(s, sub, 0, view(s).len(), From::Left)?.is_some())
}

/// `c in s`.
#[inline(always)]
pub fn contains_chr(s: &Str, c: Chr) -> bool {
    view(s).position(c.0).is_some()
}

/// `s.find(sub, start, end)`.
pub fn find(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>) -> R<i64> {
    search(s, sub, start, end, From::Left).map(or_minus_one)
}

/// `s.rfind(sub, start, end)`.
pub fn rfind(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>) -> R<i64> {
    search(s, sub, start, end, From::Right).map(or_minus_one)
}

/// `s.index(sub, start, end)`.
pub fn index(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>) -> R<i64> {
    or_raise(search(s, sub, start, end, From::Left)?)
}

/// `s.rindex(sub, start, end)`.
pub fn rindex(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>) -> R<i64> {
    or_raise(search(s, sub, start, end, From::Right)?)
}

#[inline]
fn search_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>, from: From) -> Option<usize> {
    let v = view(s);
    let (a, b) = window(v.len(), start, end)?;
    let part = v.part(a, b);
    let place = if from == From::Left { part.position(c.0) } else { part.last_position(c.0) };
    place.map(|i| i + a)
}

/// `s.find(c, start, end)`.
#[inline]
pub fn find_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>) -> i64 {
    or_minus_one(search_chr(s, c, start, end, From::Left))
}

/// `s.rfind(c, start, end)`.
#[inline]
pub fn rfind_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>) -> i64 {
    or_minus_one(search_chr(s, c, start, end, From::Right))
}

/// `s.index(c, start, end)`.
#[inline]
pub fn index_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>) -> R<i64> {
    or_raise(search_chr(s, c, start, end, From::Left))
}

/// `s.rindex(c, start, end)`.
#[inline]
pub fn rindex_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>) -> R<i64> {
    or_raise(search_chr(s, c, start, end, From::Right))
}

/// `s.count(sub, start, end)`: without overlaps.
pub fn count(s: &Str, sub: &Str, start: Option<i64>, end: Option<i64>) -> R<i64> {
    if let Some(c) = super::to_chr(sub) {
        return Ok(count_chr(s, c, start, end));
    }
    let Some((a, b)) = window(view(s).len(), start, end) else { return Ok(0) };
    // SAFETY: exact strings.
    let n =
        unsafe { ffi::PyUnicode_Count(s.as_ptr(), sub.as_ptr(), a as ffi::Py_ssize_t, b as ffi::Py_ssize_t) };
    if n < 0 { Err(c::raised()) } else { Ok(n as i64) }
}

/// `s.count(c, start, end)`.
pub fn count_chr(s: &Str, c: Chr, start: Option<i64>, end: Option<i64>) -> i64 {
    let v = view(s);
    let Some((a, b)) = window(v.len(), start, end) else { return 0 };
    super::each!(v.part(a, b), units => {
        use super::Unit;
        Unit::occurrences(units, c.0) as i64
    })
}

/// `s.replace(old, new, count)`; all of them for -1.
#[inline(always)]
pub fn replace(_: Cx, s: &Str, old: &Str, new: &Str, count: i64) -> R<Str> {
    Str::arrived(replaced(s, old, new, count))
}

#[inline(never)]
extern "C" fn replaced(s: &Str, old: &Str, new: &Str, count: i64) -> R<Str> {
    // SAFETY: exact strings.
    unsafe {
        own(ffi::PyUnicode_Replace(s.as_ptr(), old.as_ptr(), new.as_ptr(), count.max(-1) as ffi::Py_ssize_t))
    }
}

/// `s.replace(old, new, count=…)`, which there is from 3.13 on.
pub fn replace_count(cx: Cx, s: &Str, old: &Str, new: &Str, count: i64) -> R<Str> {
    if cfg!(Py_3_13) { replace(cx, s, old, new, count) } else { bail(Bail::Unsupported) }
}
