//! `s[a:b:c]`.

use pyo3_ffi as ffi;

use super::{View, each, own, view};
use crate::buf::Buf;
use crate::range::Slice;
use crate::stop::{Bail, R, bail};
use crate::strs::Str;
use crate::txn::Cx;

/// The part from `start` to `end`, in order and in bounds: `s` itself when it is all of it.
#[inline(always)]
pub fn part(s: &Str, start: usize, end: usize) -> R<Str> {
    match s.part(start, end) {
        Some(part) => Ok(part),
        None if start == 0 && end == s.len() => Ok(s.hold()),
        None => Str::arrived(part_made(s, start, end)),
    }
}

#[inline(never)]
extern "C" fn part_made(s: &Str, start: usize, end: usize) -> R<Str> {
    if end == start + 1 {
        return view(s).at(start).to_str();
    }
    if end <= start {
        return super::empty();
    }
    // SAFETY: an exact string.
    unsafe { own(ffi::PyUnicode_Substring(s.as_ptr(), start as ffi::Py_ssize_t, end as ffi::Py_ssize_t)) }
}

/// `PySlice_AdjustIndices` for a step of 1: start and end, in order and in bounds.
#[inline(always)]
pub(crate) fn bounds(len: usize, start: Option<i64>, end: Option<i64>) -> (usize, usize) {
    let clip = |i: i64| if i < 0 { i.saturating_add(len as i64).max(0) } else { i.min(len as i64) } as usize;
    let start = start.map_or(0, clip);
    (start, end.map_or(len, clip).max(start))
}

/// `s[start:end:step]`.
#[inline]
pub fn slice(_: Cx, s: &Str, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> R<Str> {
    match step {
        None | Some(1) => {
            let (from, to) = bounds(view(s).len(), start, end);
            part(s, from, to)
        }
        _ => Str::arrived(pick(view(s), Slice::new(start, end, step, view(s).len())?)),
    }
}

#[inline(never)]
fn pick(v: View<'_>, slice: Slice) -> R<Str> {
    each!(v, units => {
        let mut picked = Buf::new();
        if !picked.reserve_total(slice.count) {
            return bail(Bail::Memory);
        }
        for k in 0..slice.count {
            // In bounds by construction; `get` keeps that a matter of correctness, not of memory.
            let Some(unit) = units.get(slice.position(k)) else { break };
            if picked.push(*unit).is_err() {
                return bail(Bail::Memory);
            }
        }
        from_units(&picked)
    })
}

/// A canonical string of code points that stand one by one in `units`.
pub(crate) fn from_units<U: super::Unit>(units: &[U]) -> R<Str> {
    // SAFETY: the data is alive; the function looks for the largest code point itself.
    unsafe {
        own(ffi::PyUnicode_FromKindAndData(
            size_of::<U>() as std::ffi::c_int,
            units.as_ptr().cast(),
            units.len() as ffi::Py_ssize_t,
        ))
    }
}
