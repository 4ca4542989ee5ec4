//! Building strings piece by piece: `join`, f-strings, `s += c` in a loop.

use core::ptr::NonNull;
use std::cell::UnsafeCell;

use pyo3_ffi::PyUnicode_New;

use super::automaton::Tail;
use super::{Unit, Units, View, each, from_ascii, from_units, of_ascii, passing, view};
use crate::boundary::layout;
use crate::buf::Buf;
use crate::list::ListLike;
use crate::stop::{Bail, R, bail};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// A `str` under construction: one byte per code point until the first one above 255, then four.
///
/// The string made at the end is canonical whatever was pushed.
pub struct StrBuilder {
    narrow: Buf<u8>,
    wide: Buf<u32>,
    is_wide: bool,
}

/// The room of a builder that has ended, for the next one: many texts are short.
struct Spare(UnsafeCell<Buf<u8>>);

// SAFETY: builders live in native code, which holds the GIL.
unsafe impl Sync for Spare {}

static SPARE: Spare = Spare(UnsafeCell::new(Buf::new()));

/// More than that is given back.
const MOST_SPARE: usize = 4096;

impl Default for StrBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for StrBuilder {
    #[inline]
    fn drop(&mut self) {
        if (1..=MOST_SPARE).contains(&self.narrow.capacity()) {
            // SAFETY: the GIL is held, and the borrow ends here.
            let spare = unsafe { &mut *SPARE.0.get() };
            if spare.capacity() == 0 {
                *spare = self.narrow.take_room();
            }
        }
    }
}

impl StrBuilder {
    /// Empty.
    #[inline(always)]
    pub fn new() -> Self {
        // SAFETY: the GIL is held, and the borrow ends here.
        let narrow = unsafe { &mut *SPARE.0.get() }.take_room();
        Self { narrow, wide: Buf::new(), is_wide: false }
    }

    /// Starting with `s`.
    pub fn of(s: &Str) -> R<Self> {
        let mut fresh = Self::new();
        fresh.push_str(s)?;
        Ok(fresh)
    }

    /// How many code points so far.
    #[inline(always)]
    pub fn len(&self) -> usize {
        if self.is_wide { self.wide.len() } else { self.narrow.len() }
    }

    /// Nothing pushed yet?
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything; the room is kept.
    pub fn clear(&mut self) {
        self.narrow.clear();
        self.wide.clear();
        self.is_wide = false;
    }

    /// Appends one code point.
    #[inline(always)]
    pub fn push_chr(&mut self, c: Chr) -> R<()> {
        if !self.is_wide && c.0 < 256 {
            return match self.narrow.push(c.0 as u8) {
                Ok(()) => Ok(()),
                Err(_) => bail(Bail::Memory),
            };
        }
        self.push_wide(c.0)
    }

    #[inline(never)]
    extern "C" fn push_wide(&mut self, c: u32) -> R<()> {
        self.widen()?;
        match self.wide.push(c) {
            Ok(()) => Ok(()),
            Err(_) => bail(Bail::Memory),
        }
    }

    /// Appends a string.
    #[inline]
    pub fn push_str(&mut self, s: &Str) -> R<()> {
        if !self.is_wide && s.kind() == 1 {
            return extend_bytes(&mut self.narrow, s.raw());
        }
        self.push_view(view(s))
    }

    pub fn push_view(&mut self, v: View<'_>) -> R<()> {
        if let (false, Units::One(s)) = (self.is_wide, v.units()) {
            return extend_bytes(&mut self.narrow, s);
        }
        self.widen()?;
        each!(v, units => extend(&mut self.wide, units.len(), units.iter().map(|u| u.code())))
    }

    /// Appends text of the program itself.
    #[inline]
    pub fn push_static(&mut self, text: &'static str) -> R<()> {
        if text.is_ascii() {
            return self.push_ascii(text.as_bytes());
        }
        for c in text.chars() {
            self.push_chr(Chr(c as u32))?;
        }
        Ok(())
    }

    /// What stands behind so many code points.
    pub(super) fn tail(&self, from: usize) -> Tail {
        if self.is_wide {
            return Tail::of(self.wide.get(from..).unwrap_or_default().iter().copied());
        }
        Tail::of(self.narrow.get(from..).unwrap_or_default().iter().map(|unit| u32::from(*unit)))
    }

    /// Appends ASCII.
    #[inline]
    pub(crate) fn push_ascii(&mut self, text: &[u8]) -> R<()> {
        if !self.is_wide {
            return extend_bytes(&mut self.narrow, text);
        }
        extend(&mut self.wide, text.len(), text.iter().map(|u| u.code()))
    }

    #[cold]
    #[inline(never)]
    extern "C" fn widen(&mut self) -> R<()> {
        if self.is_wide {
            return Ok(());
        }
        let (narrow, wide) = (&self.narrow, &mut self.wide);
        extend(wide, narrow.len(), narrow.iter().map(|u| *u as u32))?;
        self.narrow.clear();
        self.is_wide = true;
        Ok(())
    }

    /// The string. The builder keeps its content.
    #[inline(always)]
    pub fn finish(&self, cx: Cx) -> R<Str> {
        cx.after(self.narrow.len() + self.wide.len())?;
        Str::arrived(if self.is_plain() { from_ascii(&self.narrow) } else { self.other() })
    }

    /// The string, which is looked at and dropped.
    #[inline]
    pub fn finish_passing(&self, cx: Cx) -> R<Str> {
        let part = if self.is_plain() { passing::part(&self.narrow) } else { None };
        part.map_or_else(|| self.finish(cx), Ok)
    }

    /// Appends a text or a code point.
    #[inline(always)]
    pub fn push<T: Piece>(&mut self, item: T) -> R<()> {
        item.push_to(self)
    }

    /// More than one code point, all of ASCII.
    #[inline(never)]
    extern "C" fn is_plain(&self) -> bool {
        !self.is_wide && self.narrow.len() > 1 && self.narrow.is_ascii()
    }

    #[inline(never)]
    extern "C" fn other(&self) -> R<Str> {
        if self.is_wide { from_units(&self.wide) } else { from_units(&self.narrow) }
    }
}

/// Appends bytes.
#[inline(always)]
fn extend_bytes(buf: &mut Buf<u8>, bytes: &[u8]) -> R<()> {
    let start = buf.len();
    if bytes.len() > buf.capacity() - start {
        return extend(buf, bytes.len(), bytes.iter().copied());
    }
    // SAFETY: there is room, and the builder's own room is no string.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), buf.as_mut_ptr().add(start), bytes.len());
        buf.set_len(start + bytes.len());
    }
    Ok(())
}

/// Appends `count` items.
#[inline(always)]
fn extend<T: Copy>(buf: &mut Buf<T>, count: usize, items: impl Iterator<Item = T>) -> R<()> {
    let start = buf.len();
    let Some(want) = start.checked_add(count) else { return bail(Bail::Memory) };
    if want > buf.capacity() && !buf.reserve_total(want.max(buf.capacity().saturating_mul(2)).max(32)) {
        return bail(Bail::Memory);
    }
    // SAFETY: room for `want`; exactly as many as were written count.
    unsafe {
        let target = buf.as_mut_ptr().add(start);
        let mut written = 0;
        for item in items.take(count) {
            target.add(written).write(item);
            written += 1;
        }
        buf.set_len(start + written);
    }
    Ok(())
}

/// What can be joined or interpolated without conversion.
pub trait Piece {
    /// Appends itself.
    fn push_to(&self, out: &mut StrBuilder) -> R<()>;

    /// The text of several, if that can be told at once: they are characters of ASCII.
    ///
    /// # Safety
    /// So many stand there.
    #[inline(always)]
    unsafe fn all(_first: *const Self, _count: usize) -> Option<R<Str>>
    where
        Self: Sized,
    {
        None
    }
}

impl Piece for Str {
    #[inline]
    fn push_to(&self, out: &mut StrBuilder) -> R<()> {
        out.push_str(self)
    }
}

impl Piece for Chr {
    #[inline]
    fn push_to(&self, out: &mut StrBuilder) -> R<()> {
        out.push_chr(*self)
    }

    #[inline(always)]
    unsafe fn all(first: *const Chr, count: usize) -> Option<R<Str>> {
        // SAFETY: By the caller.
        let chars = unsafe { core::slice::from_raw_parts(first, count) };
        // A single one is not a new object.
        if count < 2 || chars.iter().fold(0, |all, c| all | c.0) >= 0x80 {
            return None;
        }
        // SAFETY: The GIL is held; all is written, and is ASCII.
        Some(unsafe {
            let object = PyUnicode_New(count as isize, 127);
            if let Some(object) = NonNull::new(object) {
                let data = layout::ascii_data(object).as_ptr();
                for (at, c) in chars.iter().enumerate() {
                    *data.add(at) = c.0 as u8;
                }
            }
            of_ascii(object, count)
        })
    }
}

impl<T: Piece> Piece for &T {
    #[inline]
    fn push_to(&self, out: &mut StrBuilder) -> R<()> {
        (*self).push_to(out)
    }
}

/// `sep.join(…)` over a generator expression: push every item, then finish.
pub struct Joiner<'a> {
    sep: &'a Str,
    out: StrBuilder,
    any: bool,
}

impl<'a> Joiner<'a> {
    /// Nothing joined yet.
    pub fn new(sep: &'a Str) -> Self {
        Self { sep, out: StrBuilder::new(), any: false }
    }

    /// The text so far, for the next item, which others push.
    #[inline]
    pub fn begin(&mut self) -> R<&mut StrBuilder> {
        if self.any && !self.sep.is_empty() {
            self.out.push_str(self.sep)?;
        }
        self.any = true;
        Ok(&mut self.out)
    }

    /// The next item.
    #[inline]
    pub fn push<T: Piece>(&mut self, item: T) -> R<()> {
        item.push_to(self.begin()?)
    }

    /// The string.
    #[inline(always)]
    pub fn finish(&self, cx: Cx) -> R<Str> {
        self.out.finish(cx)
    }

    /// The string, which is looked at and dropped.
    #[inline(always)]
    pub fn finish_passing(&self, cx: Cx) -> R<Str> {
        self.out.finish_passing(cx)
    }
}

/// A list of texts that is only appended to and joined, as the text that it will be.
#[derive(Default)]
pub struct Pieces {
    out: StrBuilder,
    any: bool,
}

impl Pieces {
    /// `[]`
    pub fn new() -> Self {
        Self::default()
    }

    /// `[]` again; the room is kept.
    #[inline]
    pub fn clear(&mut self) {
        self.out.clear();
        self.any = false;
    }

    /// The text so far, for one more piece of it that others push, and what will stand between them: text of ASCII.
    #[inline]
    pub fn begin(&mut self, between: &'static str) -> R<&mut StrBuilder> {
        if self.any && !between.is_empty() {
            self.out.push_ascii(between.as_bytes())?;
        }
        self.any = true;
        Ok(&mut self.out)
    }

    /// The text so far.
    #[inline(always)]
    pub(super) fn built(&self) -> &StrBuilder {
        &self.out
    }

    /// `pieces.append(item)`, with what will stand between them: text of ASCII.
    #[inline]
    pub fn push<T: Piece>(&mut self, between: &'static str, item: T) -> R<()> {
        item.push_to(self.begin(between)?)
    }

    /// `between.join(pieces)`
    #[inline(always)]
    pub fn text(&self, cx: Cx) -> R<Str> {
        self.out.finish(cx)
    }
}

/// `sep.join(items)`.
#[inline(always)]
pub fn join<T: Piece + Clone + 'static, L: ListLike<T>>(cx: Cx, sep: &Str, items: &L) -> R<Str> {
    Str::arrived(joined(cx, sep, items))
}

#[inline(never)]
fn joined<T: Piece + Clone + 'static, L: ListLike<T>>(cx: Cx, sep: &Str, items: &L) -> R<Str> {
    if sep.is_empty() {
        if let Some(first) = items.values()
            // SAFETY: A list has so many items, where it says where they stand.
            && let Some(text) = unsafe { T::all(first, items.count()) }
        {
            return text;
        }
        let mut out = StrBuilder::new();
        for i in 0..items.count() {
            items.look(cx, i, |item| item.push_to(&mut out))??;
        }
        return out.finish(cx);
    }
    let mut joiner = Joiner::new(sep);
    for i in 0..items.count() {
        items.look(cx, i, |item| joiner.push(item))??;
    }
    joiner.finish(cx)
}

/// `sep.join(s)` of the characters of a string.
pub fn join_str(cx: Cx, sep: &Str, s: &Str) -> R<Str> {
    let mut joiner = Joiner::new(sep);
    let v = view(s);
    for i in 0..v.len() {
        joiner.push(v.at(i))?;
    }
    joiner.finish(cx)
}
