//! `memoryview` of `bytes`: read only, of format `B`, of one dimension. It lives in native code only.

use crate::bytearray::{self, ByteArray};
use crate::bytes::{self, BytesBuilder};
use crate::list::{self, List};
use crate::range::Slice;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_;
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

/// A window on a `bytes`.
#[derive(Clone)]
pub struct MemView {
    base: Bytes,
    start: i64,
    step: i64,
    len: usize,
}

impl MemView {
    /// `memoryview(b)`
    pub fn of(base: &Bytes) -> MemView {
        MemView { base: base.clone(), start: 0, step: 1, len: base.raw().len() }
    }

    /// `len(m)`
    #[inline(always)]
    pub fn len(&self) -> i64 {
        self.len as i64
    }

    /// `not m`
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `bool(m)`
    #[inline(always)]
    pub fn truth(&self) -> bool {
        !self.is_empty()
    }

    /// Byte `index < len`.
    #[inline(always)]
    fn at(&self, index: i64) -> u8 {
        self.base.raw()[(self.start + index * self.step) as usize]
    }

    fn all(&self) -> impl Iterator<Item = u8> + '_ {
        (0..self.len()).map(|index| self.at(index))
    }

    /// `m[i]`
    #[inline(always)]
    pub fn get(_: Cx, view: &MemView, index: i64) -> R<i64> {
        let index = if index < 0 { index.wrapping_add(view.len()) } else { index };
        if (0..view.len()).contains(&index) { Ok(view.at(index).into()) } else { exc(Exc::IndexError) }
    }

    /// `m[start:stop:step]`
    pub fn slice(
        _: Cx,
        view: &MemView,
        start: Option<i64>,
        stop: Option<i64>,
        step: Option<i64>,
    ) -> R<MemView> {
        let slice = Slice::new(start, stop, step, view.len)?;
        let Some(step) = view.step.checked_mul(slice.step) else { return bail(Bail::Overflow) };
        // One that is empty has no first byte.
        let start = if slice.count == 0 { 0 } else { view.start + slice.start * view.step };
        Ok(MemView { base: view.base.clone(), start, step, len: slice.count })
    }

    /// The next byte of an iteration.
    #[inline(always)]
    pub fn next(&self, at: &mut i64) -> Option<i64> {
        if *at >= self.len() {
            return None;
        }
        *at += 1;
        Some(self.at(*at - 1).into())
    }

    /// `i in m`: the bytes are compared one by one.
    pub fn contains(&self, value: i64) -> bool {
        self.all().any(|byte| i64::from(byte) == value)
    }

    /// `m.contiguous`, as CPython notes it: of an empty view too the step counts.
    pub fn contiguous(&self) -> bool {
        self.len == 1 || self.step == 1
    }

    /// The bytes where they stand, for those who take no others.
    #[inline(always)]
    pub(crate) fn together(&self) -> R<&[u8]> {
        match self.base.raw().get(self.start as usize..self.start as usize + self.len) {
            Some(raw) if self.contiguous() => Ok(raw),
            _ => bail(Bail::Unsupported),
        }
    }

    /// `bytes(m)`, `m.tobytes()`
    pub fn to_bytes(cx: Cx, view: &MemView) -> R<Bytes> {
        if view.contiguous() {
            return Bytes::copy_of(view.together()?);
        }
        let mut built = BytesBuilder::new();
        for byte in view.all() {
            built.push_int(byte.into())?;
        }
        built.finish(cx)
    }

    /// `bytearray(m)`
    pub fn to_bytearray(cx: Cx, view: &MemView) -> R<ByteArray> {
        bytearray::of_bytes(cx, &MemView::to_bytes(cx, view)?)
    }

    /// `m.tolist()`
    pub fn to_list(cx: Cx, view: &MemView) -> R<List<i64>> {
        let result = list::with_capacity(cx, view.len())?;
        for byte in view.all() {
            list::append(cx, &result, i64::from(byte))?;
        }
        Ok(result)
    }

    /// `m.hex()`
    pub fn hex(cx: Cx, view: &MemView) -> R<Str> {
        bytes::hex(cx, &MemView::to_bytes(cx, view)?)
    }

    /// `int.from_bytes(m, "big")`
    pub fn to_int_big(cx: Cx, view: &MemView) -> R<i64> {
        bytes::to_int_big(&MemView::to_bytes(cx, view)?)
    }

    /// `int.from_bytes(m, "little")`
    pub fn to_int_little(cx: Cx, view: &MemView) -> R<i64> {
        bytes::to_int_little(&MemView::to_bytes(cx, view)?)
    }

    /// `b + m`
    pub fn behind_bytes(cx: Cx, bytes: &Bytes, view: &MemView) -> R<Bytes> {
        bytes::concat(cx, bytes, &Bytes::copy_of(view.together()?)?)
    }

    /// `b + m` of a `bytearray`
    pub fn behind_bytearray(cx: Cx, array: &ByteArray, view: &MemView) -> R<ByteArray> {
        bytearray::concat(cx, array, &Bytes::copy_of(view.together()?)?)
    }

    /// `b += m`, `b.extend(m)` of a `bytearray`
    pub fn extend(cx: Cx, array: &ByteArray, view: &MemView) -> R<()> {
        bytearray::extend(cx, array, &Bytes::copy_of(view.together()?)?)
    }

    /// `m == n`
    #[expect(clippy::should_implement_trait, reason = "called by its path, as other rows are")]
    pub fn eq(&self, other: &MemView) -> bool {
        self.len == other.len && self.all().eq(other.all())
    }

    /// `m != n`
    pub fn ne(&self, other: &MemView) -> bool {
        !self.eq(other)
    }

    /// `m == b`
    pub fn eq_bytes(&self, other: &Bytes) -> bool {
        self.all().eq(other.raw().iter().copied())
    }

    /// `m != b`
    pub fn ne_bytes(&self, other: &Bytes) -> bool {
        !self.eq_bytes(other)
    }

    /// `m == b` of a `bytearray`
    pub fn eq_bytearray(&self, other: &ByteArray) -> bool {
        self.all().eq(other.raw().iter().copied())
    }

    /// `m != b` of a `bytearray`
    pub fn ne_bytearray(&self, other: &ByteArray) -> bool {
        !self.eq_bytearray(other)
    }

    /// `m.cast("B")`: another format is Python's.
    pub fn cast(cx: Cx, view: &MemView, format: &Str) -> R<MemView> {
        if str_::len(format) == 1 && str_::get(cx, format, 0)? == view.format() && view.contiguous() {
            Ok(view.clone())
        } else {
            bail(Bail::Unsupported)
        }
    }

    /// `m.itemsize`, `m.ndim`
    pub fn one(&self) -> i64 {
        1
    }

    /// `m.format`
    pub fn format(&self) -> Chr {
        Chr(u32::from(b'B'))
    }

    /// `m.readonly`
    pub fn read_only(&self) -> bool {
        true
    }

    /// `m.obj`
    pub fn object(&self) -> Bytes {
        self.base.clone()
    }
}
