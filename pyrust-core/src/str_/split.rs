//! `split`, `rsplit`, `splitlines`, `partition`.

use super::search::{From, locate};
use super::{Unit, Units, View, byte_position, each, empty, part, view};
use crate::chr::class;
use crate::list::{List, ListLike, MakeList};
use crate::said::{Said, said};
use crate::stop::{Exc, R, exc};
use crate::strs::Str;
use crate::txn::Cx;

/// The pieces of one string, found in either direction.
struct Pieces<'a> {
    cx: Cx,
    s: &'a Str,
    found: List<Str>,
}

impl<'a> Pieces<'a> {
    fn new(cx: Cx, s: &'a Str) -> R<Self> {
        Pieces::with_room(cx, s, 0)
    }

    fn with_room(cx: Cx, s: &'a Str, room: usize) -> R<Self> {
        Ok(Self { cx, s, found: List::make(cx, room)? })
    }

    #[inline]
    fn add(&mut self, start: usize, end: usize) -> R<()> {
        self.found.push(self.cx, part(self.s, start, end)?)
    }

    fn forward(self) -> R<List<Str>> {
        Ok(self.found)
    }

    fn backward(self) -> R<List<Str>> {
        self.found.reverse_all(self.cx)?;
        Ok(self.found)
    }
}

/// How many splits a `maxsplit` allows.
fn limit(maxsplit: i64) -> u64 {
    if maxsplit < 0 { u64::MAX } else { maxsplit as u64 }
}

/// `s.split()`, `s.split(None, maxsplit)`; -1 for no limit.
pub fn split_whitespace(cx: Cx, s: &Str, maxsplit: i64) -> R<List<Str>> {
    let mut pieces = Pieces::new(cx, s)?;
    each!(view(s), units => {
        let (mut i, n) = (0, units.len());
        let space = |i: usize| class::space(units[i].code());
        for _ in 0..limit(maxsplit) {
            while i < n && space(i) {
                i += 1;
            }
            if i == n {
                break;
            }
            let start = i;
            while i < n && !space(i) {
                i += 1;
            }
            pieces.add(start, i)?;
        }
        // The rest after the last split, without its leading whitespace.
        while i < n && space(i) {
            i += 1;
        }
        if i < n {
            pieces.add(i, n)?;
        }
    });
    pieces.forward()
}

/// `s.rsplit()`, `s.rsplit(None, maxsplit)`; -1 for no limit.
pub fn rsplit_whitespace(cx: Cx, s: &Str, maxsplit: i64) -> R<List<Str>> {
    let mut pieces = Pieces::new(cx, s)?;
    each!(view(s), units => {
        let mut i = units.len();
        let space = |i: usize| class::space(units[i].code());
        for _ in 0..limit(maxsplit) {
            while i > 0 && space(i - 1) {
                i -= 1;
            }
            if i == 0 {
                break;
            }
            let end = i;
            while i > 0 && !space(i - 1) {
                i -= 1;
            }
            pieces.add(i, end)?;
        }
        while i > 0 && space(i - 1) {
            i -= 1;
        }
        if i > 0 {
            pieces.add(0, i)?;
        }
    });
    pieces.backward()
}

/// `s.split(sep, maxsplit)`; -1 for no limit.
pub fn split(cx: Cx, s: &Str, sep: &Str, maxsplit: i64) -> R<List<Str>> {
    let (n, width) = (view(s).len(), view(sep).len());
    if width == 0 {
        return said(Said::StrSeparator);
    }
    if let (Units::One(text), Units::One(&[byte])) = (view(s).units(), view(sep).units()) {
        return split_at_byte(cx, s, text, byte, limit(maxsplit));
    }
    let mut pieces = Pieces::new(cx, s)?;
    let mut i = 0;
    for _ in 0..limit(maxsplit) {
        let Some(j) = locate(s, sep, i, n, From::Left)? else { break };
        pieces.add(i, j)?;
        i = j + width;
    }
    pieces.add(i, n)?;
    pieces.forward()
}

/// `s.split(sep, maxsplit)` where characters are bytes, as nearly all that is split.
fn split_at_byte(cx: Cx, s: &Str, text: &[u8], byte: u8, most: u64) -> R<List<Str>> {
    // Where few are wanted the text behind them is not looked at.
    let splits = if most < FEW { most as usize } else { occurrences(text, byte) };
    let mut pieces = Pieces::with_room(cx, s, splits + 1)?;
    let mut start = 0;
    for _ in 0..most {
        let Some(len) = byte_position(&text[start..], byte) else { break };
        pieces.add(start, start + len)?;
        start += len + 1;
    }
    pieces.add(start, text.len())?;
    pieces.forward()
}

/// With a lower limit pieces are not counted.
const FEW: u64 = 8;

fn occurrences(text: &[u8], byte: u8) -> usize {
    // Up to 255 are counted in bytes: sixteen are compared and added up at once.
    let few =
        |units: &[u8]| units.iter().fold(0u8, |count, &unit| count.wrapping_add(u8::from(unit == byte)));
    text.chunks(usize::from(u8::MAX)).map(|units| usize::from(few(units))).sum()
}

/// `s.rsplit(sep, maxsplit)`; -1 for no limit.
pub fn rsplit(cx: Cx, s: &Str, sep: &Str, maxsplit: i64) -> R<List<Str>> {
    let width = view(sep).len();
    if width == 0 {
        return said(Said::StrSeparator);
    }
    let mut pieces = Pieces::new(cx, s)?;
    let mut end = view(s).len();
    for _ in 0..limit(maxsplit) {
        let Some(j) = locate(s, sep, 0, end, From::Right)? else { break };
        pieces.add(j + width, end)?;
        end = j;
    }
    pieces.add(0, end)?;
    pieces.backward()
}

/// `s.splitlines(keepends)`.
pub fn splitlines(cx: Cx, s: &Str, keepends: bool) -> R<List<Str>> {
    let mut pieces = Pieces::new(cx, s)?;
    each!(view(s), units => {
        let n = units.len();
        let mut start = 0;
        while start < n {
            let mut i = start;
            while i < n && !class::line(units[i].code()) {
                i += 1;
            }
            let mut end = i;
            if i < n {
                let pair = units[i].code() == 13 && i + 1 < n && units[i + 1].code() == 10;
                i += if pair { 2 } else { 1 };
                if keepends {
                    end = i;
                }
            }
            pieces.add(start, end)?;
            start = i;
        }
    });
    pieces.forward()
}

fn separator(sep: &Str) -> R<usize> {
    match view(sep).len() {
        0 => said(Said::StrSeparator),
        n => Ok(n),
    }
}

/// `s.partition(sep)`.
pub fn partition(_: Cx, s: &Str, sep: &Str) -> R<(Str, Str, Str)> {
    let width = separator(sep)?;
    let n = view(s).len();
    match locate(s, sep, 0, n, From::Left)? {
        Some(i) => Ok((part(s, 0, i)?, sep.clone(), part(s, i + width, n)?)),
        None => Ok((s.clone(), empty()?, empty()?)),
    }
}

/// `s.rpartition(sep)`.
pub fn rpartition(_: Cx, s: &Str, sep: &Str) -> R<(Str, Str, Str)> {
    let width = separator(sep)?;
    let n = view(s).len();
    match locate(s, sep, 0, n, From::Right)? {
        Some(i) => Ok((part(s, 0, i)?, sep.clone(), part(s, i + width, n)?)),
        None => Ok((empty()?, empty()?, s.clone())),
    }
}

/// What `strip` leaves: where it starts and ends.
pub(crate) fn stripped(v: View<'_>, left: bool, right: bool, drop: impl Fn(u32) -> bool) -> (usize, usize) {
    each!(v, units => {
        let (mut start, mut end) = (0, units.len());
        while left && start < end && drop(units[start].code()) {
            start += 1;
        }
        while right && end > start && drop(units[end - 1].code()) {
            end -= 1;
        }
        (start, end)
    })
}

/// The next word of `for word in s.split()`: the list is never seen, so it is never made.
#[inline(always)]
pub fn next_word(_: Cx, s: &Str, at: &mut i64) -> R<Option<Str>> {
    let (start, end) = word(s, *at as usize);
    *at = end as i64;
    if start == end { Ok(None) } else { Ok(Some(part(s, start, end)?)) }
}

/// Where the first word behind `at` starts and ends; twice the end if there is none.
#[inline(never)]
fn word(s: &Str, at: usize) -> (usize, usize) {
    each!(view(s), units => {
        let (mut i, n) = (at, units.len());
        while i < n && class::space(units[i].code()) {
            i += 1;
        }
        let start = i;
        while i < n && !class::space(units[i].code()) {
            i += 1;
        }
        (start, i)
    })
}

/// The next piece of `for piece in s.split(sep)`; `at` starts at 0 and is -1 behind the last one.
#[inline(always)]
pub fn next_piece(_: Cx, s: &Str, sep: &Str, at: &mut i64) -> R<Option<Str>> {
    let (width, n) = (view(sep).len(), view(s).len());
    if width == 0 {
        return exc(Exc::ValueError);
    }
    if *at < 0 {
        return Ok(None);
    }
    let start = *at as usize;
    let end = match locate(s, sep, start, n, From::Left)? {
        Some(end) => {
            *at = (end + width) as i64;
            end
        }
        None => {
            *at = -1;
            n
        }
    };
    Ok(Some(part(s, start, end)?))
}

/// `s.split(None)`.
pub fn split_none(cx: Cx, s: &Str, _: ()) -> R<List<Str>> {
    split_whitespace(cx, s, -1)
}

/// `s.rsplit(None)`.
pub fn rsplit_none(cx: Cx, s: &Str, _: ()) -> R<List<Str>> {
    rsplit_whitespace(cx, s, -1)
}

/// `s.splitlines(keepends)` of an int.
pub fn splitlines_int(cx: Cx, s: &Str, keepends: i64) -> R<List<Str>> {
    if i32::try_from(keepends).is_err() {
        return exc(Exc::OverflowError);
    }
    splitlines(cx, s, keepends != 0)
}
