//! A `str` taken apart: where its code points stand, how many, how wide.
//!
//! A view borrows the string; strings are immutable, so it stays valid for as long as the string lives, and its
//! three words can stay in registers for a whole loop.

use std::cmp::Ordering;
use std::marker::PhantomData;

use crate::said::{Said, said};
use crate::stop::R;
use crate::strs::Chr;

/// The code points of a `str`.
#[derive(Clone, Copy)]
pub struct View<'a> {
    data: *const u8,
    len: usize,
    kind: u8,
    text: PhantomData<&'a [u8]>,
}

/// The bytes that turns of a loop read, see [`View::narrow`]; for those turns only.
#[derive(Clone, Copy)]
pub struct Narrow<'a> {
    base: *const u8,
    text: PhantomData<&'a [u8]>,
}

impl Narrow<'_> {
    /// The character of a turn.
    #[inline(always)]
    pub fn at(self, turn: i64) -> Chr {
        // SAFETY: One of the turns, so inside.
        Chr(unsafe { *self.base.wrapping_offset(turn as isize) }.into())
    }
}

/// The same by width: a canonical string of width 2 holds a code point above 255, and so on.
#[derive(Clone, Copy)]
pub enum Units<'a> {
    One(&'a [u8]),
    Two(&'a [u16]),
    Four(&'a [u32]),
}

/// Runs the same expression for each width.
macro_rules! each {
    ($view:expr, $units:ident => $body:expr) => {
        match $view.units() {
            $crate::str_::Units::One($units) => $body,
            $crate::str_::Units::Two($units) => $body,
            $crate::str_::Units::Four($units) => $body,
        }
    };
}
pub(crate) use each;

/// The order of bytes. Most texts differ in their first one, which needs no call.
#[inline(always)]
pub(crate) fn byte_order(a: &[u8], b: &[u8]) -> Ordering {
    match (a.first(), b.first()) {
        (Some(x), Some(y)) if x != y => x.cmp(y),
        _ => a.cmp(b),
    }
}

/// A code unit of any width.
pub(crate) trait Unit: Copy + Ord + 'static {
    fn code(self) -> u32;
    /// How many of the units are this code point.
    fn occurrences(units: &[Self], code: u32) -> usize;
}

macro_rules! units {
    ($($unit:ident)*) => {$(
        impl Unit for $unit {
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "not for all of them")]
            fn code(self) -> u32 {
                self as u32
            }

            #[inline]
            #[allow(clippy::unnecessary_cast, clippy::absurd_extreme_comparisons, reason = "not for all of them")]
            fn occurrences(units: &[$unit], code: u32) -> usize {
                if code > u32::from($unit::MAX) {
                    return 0;
                }
                let unit = code as $unit;
                // Counted in units, of which a register holds most: a sum of no more than 255 fits.
                let sum = |part: &[$unit]| part.iter().map(|&u| $unit::from(u == unit)).sum::<$unit>() as usize;
                units.chunks(255).map(sum).sum()
            }
        }
    )*};
}

units!(u8 u16 u32);

impl<'a> View<'a> {
    /// # Safety
    /// `data` holds `len` code points of `kind` (1, 2 or 4) bytes, aligned, for as long as `'a`, and three bytes more can
    /// be read in front of them: the head of the object, if nothing else.
    #[inline(always)]
    pub(crate) unsafe fn new(data: *const u8, len: usize, kind: u8) -> Self {
        Self { data, len, kind, text: PhantomData }
    }

    /// `len(s)`.
    #[inline(always)]
    #[expect(clippy::len_without_is_empty, reason = "generated code asks for the length only")]
    pub fn len(self) -> usize {
        self.len
    }

    /// The same place.
    #[inline(always)]
    pub(crate) fn is(self, other: View<'_>) -> bool {
        std::ptr::eq(self.data, other.data)
    }

    /// Bytes per code point.
    #[inline(always)]
    pub fn kind(self) -> u8 {
        self.kind
    }

    /// Where a loop stands in the text turn by turn, at `turn + offset` from `first` to `last`: if the text has that, and a
    /// byte for each character.
    #[inline(always)]
    pub fn narrow(self, first: i64, last: i64, offset: i128) -> Option<Narrow<'a>> {
        let (least, most) = (i128::from(first) + offset, i128::from(last) + offset);
        let fits = self.kind == 1 && least >= 0 && most < self.len as i128;
        // What does not fit into a word is outside already.
        fits.then(|| Narrow { base: self.data.wrapping_offset(offset as isize), text: PhantomData })
    }

    /// The code point at `i`, for `i` below the length (a loop over the length); 0 beyond.
    #[inline(always)]
    pub fn at(self, i: usize) -> Chr {
        if i >= self.len {
            return Chr(0);
        }
        // SAFETY: in bounds.
        unsafe { self.unit(i) }
    }

    /// The code point at an index from the beginning; none where the text has no such one.
    #[inline]
    pub fn inside(self, i: i128) -> Option<Chr> {
        // SAFETY: in bounds.
        usize::try_from(i).ok().filter(|i| *i < self.len).map(|i| unsafe { self.unit(i) })
    }

    /// The code point at `i`. One byte is read as such, which a loop can tell before it begins; else it is the end of four
    /// bytes, whatever its width: two branches for each were one too many. Shifts, and no product: that would become a sum
    /// beside the index, which takes two more registers for the whole loop.
    ///
    /// # Safety
    /// In bounds.
    #[inline(always)]
    unsafe fn unit(self, i: usize) -> Chr {
        if self.kind == 1 {
            // SAFETY: By the caller.
            return Chr(unsafe { *self.data.add(i) }.into());
        }
        let offset = i << (self.kind >> 1);
        // SAFETY: what stands in front of the first code point can be read, by construction.
        let four = unsafe { self.data.add(offset + self.kind as usize).sub(4).cast::<[u8; 4]>().read() };
        let unused = 32 - 8 * u32::from(self.kind);
        match cfg!(target_endian = "little") {
            true => Chr(u32::from_le_bytes(four) >> unused),
            false => Chr(u32::from_be_bytes(four) << unused >> unused),
        }
    }

    /// `s[i]`.
    #[inline(always)]
    pub fn get(self, i: i64) -> R<Chr> {
        let j = if i < 0 { i.wrapping_add(self.len as i64) } else { i };
        if (j as u64) >= self.len as u64 {
            return said(Said::StrIndex);
        }
        // SAFETY: in bounds; the width is 1, 2 or 4.
        Ok(unsafe { self.unit(j as usize) })
    }

    /// `s[i]` with an index that is never negative.
    #[inline(always)]
    pub fn get_at(self, i: i64) -> R<Chr> {
        debug_assert!(i >= 0);
        if (i as u64) >= self.len as u64 {
            return said(Said::StrIndex);
        }
        // SAFETY: in bounds.
        Ok(unsafe { self.unit(i as usize) })
    }

    /// By width.
    #[inline(always)]
    pub fn units(self) -> Units<'a> {
        // SAFETY: by construction; the alignment is CPython's.
        unsafe {
            match self.kind {
                1 => Units::One(std::slice::from_raw_parts(self.data, self.len)),
                2 => Units::Two(std::slice::from_raw_parts(self.data.cast(), self.len)),
                _ => Units::Four(std::slice::from_raw_parts(self.data.cast(), self.len)),
            }
        }
    }

    /// The text as bytes, if every code point is below 128.
    #[inline]
    pub(crate) fn ascii(self) -> Option<&'a [u8]> {
        match self.units() {
            Units::One(s) if s.is_ascii() => Some(s),
            _ => None,
        }
    }

    /// The part from `start` to `end`, which must be in order and in bounds; nothing otherwise.
    #[inline]
    pub fn part(self, start: usize, end: usize) -> Self {
        if start > end || end > self.len {
            return Self { len: 0, ..self };
        }
        // SAFETY: in bounds.
        let data = unsafe { self.data.add(start * self.kind as usize) };
        Self { data, len: end - start, ..self }
    }

    /// The same code points, whatever the widths.
    #[inline]
    pub(crate) fn same(self, other: View<'_>) -> bool {
        if self.len != other.len {
            return false;
        }
        match (self.units(), other.units()) {
            (Units::One(a), Units::One(b)) => a == b,
            (Units::Two(a), Units::Two(b)) => a == b,
            (Units::Four(a), Units::Four(b)) => a == b,
            _ => self.compare(other) == Ordering::Equal,
        }
    }

    /// Code point order.
    pub(crate) fn compare(self, other: View<'_>) -> Ordering {
        if let (Units::One(a), Units::One(b)) = (self.units(), other.units()) {
            return byte_order(a, b);
        }
        each!(self, a => each!(other, b => {
            let differing = a.iter().zip(b.iter()).map(|(x, y)| x.code().cmp(&y.code())).find(|o| o.is_ne());
            differing.unwrap_or(a.len().cmp(&b.len()))
        }))
    }

    /// The first place of a code point.
    #[inline]
    pub fn position(self, c: u32) -> Option<usize> {
        match self.units() {
            Units::One(s) => byte_position(s, u8::try_from(c).ok()?),
            Units::Two(s) => s.iter().position(|u| u.code() == c),
            Units::Four(s) => s.iter().position(|u| *u == c),
        }
    }

    /// The last place of a code point.
    pub fn last_position(self, c: u32) -> Option<usize> {
        each!(self, s => s.iter().rposition(|u| u.code() == c))
    }
}

/// The first place of some bytes: C's `memmem`.
pub(crate) fn bytes_position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    use std::ffi::c_void;
    unsafe extern "C" {
        fn memmem(text: *const c_void, len: usize, wanted: *const c_void, count: usize) -> *mut c_void;
    }
    // SAFETY: both slices are readable.
    let place = unsafe { memmem(text.as_ptr().cast(), text.len(), wanted.as_ptr().cast(), wanted.len()) };
    if place.is_null() { None } else { Some(place.addr() - text.as_ptr().addr()) }
}

/// The first place of a byte: C's `memchr` behind the first two words, in which most are found.
#[inline]
pub(crate) fn byte_position(text: &[u8], byte: u8) -> Option<usize> {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn memchr(text: *const c_void, byte: c_int, len: usize) -> *mut c_void;
    }
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while at < 16
        && let Some(word) = text.get(at..at + 8).and_then(|word| word.try_into().ok())
    {
        let other = u64::from_le_bytes(word) ^ (u64::from(byte) * LOW);
        // The lowest byte that is marked is zero; above it others may be marked as well.
        let zero = other.wrapping_sub(LOW) & !other & HIGH;
        if zero != 0 {
            return Some(at + zero.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = &text[at..];
    if rest.len() < 8 {
        return rest.iter().position(|b| *b == byte).map(|i| at + i);
    }
    // SAFETY: the slice is readable.
    let place = unsafe { memchr(rest.as_ptr().cast(), byte as c_int, rest.len()) };
    if place.is_null() { None } else { Some(place.addr() - text.as_ptr().addr()) }
}
