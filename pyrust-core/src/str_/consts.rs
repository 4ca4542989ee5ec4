//! String literals: made once, interned, kept.

use std::cell::UnsafeCell;
use std::sync::atomic::AtomicU32;

use pyo3_ffi as ffi;

use super::{from_units, own};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::strs::Str;
use crate::txn::Cx;

/// A literal: `static S_0: StrConst = StrConst::new("abc");`.
pub struct StrConst {
    text: &'static [u8],
    cell: UnsafeCell<Option<Str>>,
    /// Where it stood as a key of the dict in which it was found last.
    place: AtomicU32,
}

// SAFETY: the cell is filled and read with the GIL held, and never changes once filled.
unsafe impl Sync for StrConst {}

impl StrConst {
    /// A literal without surrogates.
    pub const fn new(text: &'static str) -> Self {
        Self::wtf8(text.as_bytes())
    }

    /// A literal in UTF-8 with surrogates as three bytes each.
    pub const fn wtf8(text: &'static [u8]) -> Self {
        Self { text, cell: UnsafeCell::new(None), place: AtomicU32::new(0) }
    }

    /// Where it stood as a key.
    #[inline(always)]
    pub(crate) fn place(&'static self) -> &'static AtomicU32 {
        &self.place
    }

    /// The string.
    #[inline(always)]
    pub fn get(&'static self, _: Cx) -> R<&'static Str> {
        // SAFETY: once filled, the cell is only read.
        match unsafe { &*self.cell.get() } {
            Some(s) => Ok(s),
            None => self.fill(),
        }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn fill(&'static self) -> R<&'static Str> {
        let mut codes: Buf<u32> = Buf::new();
        let mut rest = self.text;
        while let Some((c, width)) = decode(rest) {
            rest = rest.get(width..).unwrap_or(&[]);
            if codes.push(c).is_err() {
                return bail(Bail::Memory);
            }
        }
        let fresh = from_units(&codes)?;
        let mut object = fresh.as_ptr();
        std::mem::forget(fresh);
        // SAFETY: our reference is exchanged for one to the interned string; the cell was empty, so nobody
        // holds a reference into it, and the GIL is held.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut object);
            *self.cell.get() = Some(own(object)?);
        }
        // SAFETY: filled just now.
        match unsafe { &*self.cell.get() } {
            Some(s) => Ok(s),
            None => bail(Bail::Memory),
        }
    }
}

/// The first code point and its length in bytes. Surrogates are let through, which is all that sets this apart
/// from UTF-8; the literal is the generator's, so it is well formed.
fn decode(text: &[u8]) -> Option<(u32, usize)> {
    let first = *text.first()? as u32;
    let tail = |i: usize| text.get(i).map_or(0, |b| *b as u32 & 0x3f);
    Some(match first {
        0..0x80 => (first, 1),
        0x80..0xe0 => ((first & 0x1f) << 6 | tail(1), 2),
        0xe0..0xf0 => ((first & 0x0f) << 12 | tail(1) << 6 | tail(2), 3),
        _ => ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
    })
}
