//! Python's `bytes`.

mod methods;

pub use methods::*;

use std::cmp::Ordering;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use crate::buf::Buf;
use crate::builtins::c;
use crate::list::ListLike;
use crate::range::{Range, Slice};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::{self, StrBuilder, Unit, bounds, window};
use crate::strs::{Bytes, Str};
use crate::txn::Cx;

/// Takes over what the C API returned.
///
/// # Safety
/// A new reference to an exact `bytes`, or null with the error indicator set.
#[inline(always)]
pub(crate) unsafe fn own(object: *mut PyObject) -> R<Bytes> {
    // SAFETY: by the caller.
    unsafe { Bytes::from_owned(c::owned(object)?.as_ptr()) }
}

/// `len(b)`.
#[inline(always)]
pub fn len(b: &Bytes) -> i64 {
    b.len() as i64
}

/// `bool(b)`.
#[inline(always)]
pub fn truth(b: &Bytes) -> bool {
    !b.is_empty()
}

/// `b[i]`: an int.
#[inline(always)]
pub fn get(_: Cx, b: &Bytes, i: i64) -> R<i64> {
    let n = b.len() as i64;
    let j = if i < 0 { i.wrapping_add(n) } else { i };
    match b.raw().get(j as usize) {
        Some(v) if j >= 0 => Ok(*v as i64),
        _ => exc(Exc::IndexError),
    }
}

/// `ord(b)` of one byte.
pub fn ord(b: &Bytes) -> R<i64> {
    match b.raw() {
        [byte] => Ok(i64::from(*byte)),
        _ => exc(Exc::TypeError),
    }
}

/// All of them, for a loop over the length.
#[inline(always)]
pub fn all(b: &Bytes) -> &[u8] {
    b.raw()
}

/// The byte at `i` of what such a loop goes through; 0 beyond.
#[inline(always)]
pub fn of(bytes: &[u8], i: usize) -> i64 {
    bytes.get(i).map_or(0, |v| i64::from(*v))
}

/// `b[start:end:step]`.
pub fn slice(_: Cx, b: &Bytes, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> R<Bytes> {
    let raw = b.raw();
    match step {
        None | Some(1) => {
            let (from, to) = bounds(raw.len(), start, end);
            part(b, from, to)
        }
        _ => {
            let slice = Slice::new(start, end, step, raw.len())?;
            let mut picked = Buf::new();
            for k in 0..slice.count {
                let Some(v) = raw.get(slice.position(k)) else { break };
                if picked.push(*v).is_err() {
                    return bail(Bail::Memory);
                }
            }
            Bytes::copy_of(&picked)
        }
    }
}

/// The part in order and in bounds; `b` itself when it is all of it.
fn part(b: &Bytes, start: usize, end: usize) -> R<Bytes> {
    match b.raw().get(start..end) {
        Some(all) if all.len() == b.len() => Ok(b.clone()),
        Some(piece) => Bytes::copy_of(piece),
        None => Bytes::copy_of(&[]),
    }
}

/// `a == b`.
#[inline]
pub fn eq(a: &Bytes, b: &Bytes) -> bool {
    a.raw() == b.raw()
}

/// `a != b`.
#[inline]
pub fn ne(a: &Bytes, b: &Bytes) -> bool {
    a.raw() != b.raw()
}

/// Byte by byte.
#[inline]
pub fn cmp(a: &Bytes, b: &Bytes) -> Ordering {
    a.raw().cmp(b.raw())
}

/// `a < b`.
pub fn lt(a: &Bytes, b: &Bytes) -> bool {
    a.raw() < b.raw()
}

/// `a <= b`.
pub fn le(a: &Bytes, b: &Bytes) -> bool {
    a.raw() <= b.raw()
}

/// `a > b`.
pub fn gt(a: &Bytes, b: &Bytes) -> bool {
    a.raw() > b.raw()
}

/// `a >= b`.
pub fn ge(a: &Bytes, b: &Bytes) -> bool {
    a.raw() >= b.raw()
}

/// `hash(b)`.
pub fn hash(b: &Bytes) -> i64 {
    b.py_hash() as i64
}

/// `a + b`.
pub fn concat(_: Cx, a: &Bytes, b: &Bytes) -> R<Bytes> {
    if a.is_empty() {
        return Ok(b.clone());
    }
    if b.is_empty() {
        return Ok(a.clone());
    }
    let mut joined = Buf::new();
    if joined.extend_from(a.raw()) && joined.extend_from(b.raw()) {
        return Bytes::copy_of(&joined);
    }
    bail(Bail::Memory)
}

/// `a + b` with a `bytearray`: the left one says the type.
#[cfg(feature = "rare")]
pub fn concat_any(cx: Cx, a: &Bytes, b: &crate::bytearray::ByteArray) -> R<Bytes> {
    concat(cx, a, &Bytes::copy_of(b.raw())?)
}

/// `b * n` and `n * b`.
pub fn repeat(_: Cx, b: &Bytes, n: i64) -> R<Bytes> {
    if n > 0 && (b.len() as u64).checked_mul(n as u64).is_none_or(|total| total > 1 << 40) {
        return bail(Bail::Memory);
    }
    // SAFETY: an exact bytes object.
    unsafe { own(ffi::PySequence_Repeat(b.as_ptr(), n.max(0) as ffi::Py_ssize_t)) }
}

fn position(raw: &[u8], sub: &[u8]) -> Option<usize> {
    match sub {
        [] => Some(0),
        [c] => str_::byte_position(raw, *c),
        _ => raw.windows(sub.len()).position(|w| w == sub),
    }
}

fn last_position(raw: &[u8], sub: &[u8]) -> Option<usize> {
    match sub {
        [] => Some(raw.len()),
        [c] => raw.iter().rposition(|v| v == c),
        _ => raw.windows(sub.len()).rposition(|w| w == sub),
    }
}

/// `sub in b`.
pub fn contains(b: &Bytes, sub: &Bytes) -> bool {
    position(b.raw(), sub.raw()).is_some()
}

/// `i in b` for an int.
pub fn contains_int(b: &Bytes, i: i64) -> R<bool> {
    match u8::try_from(i) {
        Ok(v) => Ok(b.raw().contains(&v)),
        Err(_) => exc(Exc::ValueError),
    }
}

fn in_window(b: &Bytes, start: Option<i64>, end: Option<i64>) -> Option<(usize, &[u8])> {
    let (from, to) = window(b.len(), start, end)?;
    Some((from, b.raw().get(from..to)?))
}

/// `b.find(sub, start, end)`.
pub fn find(b: &Bytes, sub: &Bytes, start: Option<i64>, end: Option<i64>) -> i64 {
    let place = in_window(b, start, end).and_then(|(from, raw)| Some(position(raw, sub.raw())? + from));
    place.map_or(-1, |i| i as i64)
}

/// `b.rfind(sub, start, end)`.
pub fn rfind(b: &Bytes, sub: &Bytes, start: Option<i64>, end: Option<i64>) -> i64 {
    let place = in_window(b, start, end).and_then(|(from, raw)| Some(last_position(raw, sub.raw())? + from));
    place.map_or(-1, |i| i as i64)
}

/// `b.index(sub, start, end)`.
pub fn index(b: &Bytes, sub: &Bytes, start: Option<i64>, end: Option<i64>) -> R<i64> {
    let place = find(b, sub, start, end);
    if place < 0 { exc(Exc::ValueError) } else { Ok(place) }
}

/// `b.count(sub, start, end)`.
pub fn count(b: &Bytes, sub: &Bytes, start: Option<i64>, end: Option<i64>) -> i64 {
    let Some((_, mut raw)) = in_window(b, start, end) else { return 0 };
    if sub.is_empty() {
        return raw.len() as i64 + 1;
    }
    if let [byte] = sub.raw() {
        return Unit::occurrences(raw, u32::from(*byte)) as i64;
    }
    let mut n = 0;
    while let Some(i) = position(raw, sub.raw()) {
        n += 1;
        raw = &raw[i + sub.len()..];
    }
    n
}

/// `b.startswith(prefix, start, end)`.
pub fn startswith(b: &Bytes, prefix: &Bytes, start: Option<i64>, end: Option<i64>) -> bool {
    in_window(b, start, end).is_some_and(|(_, raw)| raw.starts_with(prefix.raw()))
}

/// `b.endswith(suffix, start, end)`.
pub fn endswith(b: &Bytes, suffix: &Bytes, start: Option<i64>, end: Option<i64>) -> bool {
    in_window(b, start, end).is_some_and(|(_, raw)| raw.ends_with(suffix.raw()))
}

/// Bytes under construction: `bytes(genexpr)`, `b"".join(…)`.
#[derive(Default)]
pub struct BytesBuilder {
    content: Buf<u8>,
}

impl BytesBuilder {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one byte: ValueError outside 0 to 255.
    #[inline]
    pub fn push_int(&mut self, i: i64) -> R<()> {
        let Ok(v) = u8::try_from(i) else { return exc(Exc::ValueError) };
        if self.content.push(v).is_err() { bail(Bail::Memory) } else { Ok(()) }
    }

    /// Appends all of `b`.
    #[inline]
    pub fn push_bytes(&mut self, b: &Bytes) -> R<()> {
        if self.content.extend_from(b.raw()) { Ok(()) } else { bail(Bail::Memory) }
    }

    /// The object.
    pub fn finish(&self, _: Cx) -> R<Bytes> {
        Bytes::copy_of(&self.content)
    }
}

/// `sep.join(…)` over a generator expression: push every item, then finish.
pub struct Joiner<'a> {
    sep: &'a Bytes,
    out: BytesBuilder,
    any: bool,
}

impl<'a> Joiner<'a> {
    /// Nothing joined yet.
    pub fn new(sep: &'a Bytes) -> Self {
        Self { sep, out: BytesBuilder::new(), any: false }
    }

    /// The next item.
    #[inline]
    pub fn push(&mut self, item: &Bytes) -> R<()> {
        if self.any {
            self.out.push_bytes(self.sep)?;
        }
        self.any = true;
        self.out.push_bytes(item)
    }

    /// The object.
    pub fn finish(&self, cx: Cx) -> R<Bytes> {
        self.out.finish(cx)
    }
}

/// `b""`.
pub fn empty() -> R<Bytes> {
    Bytes::copy_of(&[])
}

/// `bytes(range(…))`.
pub fn from_range(cx: Cx, range: Range) -> R<Bytes> {
    let mut built = BytesBuilder::new();
    for i in crate::support::steps(range.start, range.stop, range.step)? {
        built.push_int(i)?;
    }
    built.finish(cx)
}

/// `bytes([…])`.
pub fn from_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<Bytes> {
    let mut built = BytesBuilder::new();
    for i in 0..items.count() {
        built.push_int(items.item(cx, i)?)?;
    }
    built.finish(cx)
}

/// `bytes(n)`: zeros.
pub fn zeros(_: Cx, n: i64) -> R<Bytes> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    if n > 1 << 40 {
        return bail(Bail::Memory);
    }
    // SAFETY: a new object of `n` bytes, all of which are written before anyone sees it.
    unsafe {
        let made = c::owned(ffi::PyBytes_FromStringAndSize(std::ptr::null(), n as ffi::Py_ssize_t))?;
        std::ptr::write_bytes(ffi::PyBytes_AsString(made.as_ptr()).cast::<u8>(), 0, n as usize);
        Bytes::from_owned(made.as_ptr())
    }
}

/// `sep.join(items)`.
pub fn join<L: ListLike<Bytes>>(cx: Cx, sep: &Bytes, items: &L) -> R<Bytes> {
    let mut built = BytesBuilder::new();
    for i in 0..items.count() {
        if i > 0 {
            built.push_bytes(sep)?;
        }
        built.push_bytes(&items.item(cx, i)?)?;
    }
    built.finish(cx)
}

/// `b.hex()`.
pub fn hex(cx: Cx, b: &Bytes) -> R<Str> {
    let mut out = StrBuilder::new();
    for v in b.raw() {
        let digit = |d: u8| b"0123456789abcdef"[(d & 15) as usize];
        out.push_ascii(&[digit(v >> 4), digit(*v)])?;
    }
    out.finish(cx)
}

/// `b.decode()`, `b.decode("utf-8")`.
pub fn decode_utf8(_: Cx, b: &Bytes) -> R<Str> {
    if std::str::from_utf8(b.raw()).is_err() {
        return exc(Exc::UnicodeDecodeError);
    }
    // SAFETY: valid UTF-8, so that no error handler is called.
    unsafe {
        str_::own(ffi::PyUnicode_DecodeUTF8(
            b.raw().as_ptr().cast(),
            b.len() as ffi::Py_ssize_t,
            std::ptr::null(),
        ))
    }
}

/// `b.decode("ascii")`.
pub fn decode_ascii(_: Cx, b: &Bytes) -> R<Str> {
    if b.raw().is_ascii() { str_::from_ascii(b.raw()) } else { exc(Exc::UnicodeDecodeError) }
}

/// `b.decode("latin-1")`.
pub fn decode_latin1(_: Cx, b: &Bytes) -> R<Str> {
    str_::from_units(b.raw())
}

/// `n.to_bytes(length, "big")`
pub fn from_int_big(cx: Cx, n: i64, length: i64) -> R<Bytes> {
    from_int(cx, n, length, |at, length| length - 1 - at)
}

/// `n.to_bytes(length, "little")`
pub fn from_int_little(cx: Cx, n: i64, length: i64) -> R<Bytes> {
    from_int(cx, n, length, |at, _| at)
}

/// `n.to_bytes()`: one byte.
pub fn from_int_one(cx: Cx, n: i64) -> R<Bytes> {
    from_int_big(cx, n, 1)
}

/// `"big"` is false, `"little"` is true.
pub(crate) fn is_little(order: &Str) -> R<bool> {
    match str_::view(order).ascii() {
        Some(b"little") => Ok(true),
        Some(b"big") => Ok(false),
        _ => exc(Exc::ValueError),
    }
}

/// `n.to_bytes(length, order, signed=…)`
pub fn from_int_as(cx: Cx, n: i64, length: i64, order: &Str, signed: bool) -> R<Bytes> {
    let little = is_little(order)?;
    if !signed || n >= 0 {
        // A sign takes a bit.
        if signed && (0..8).contains(&length) && n >> (8 * length - 1).max(0) != 0 {
            return exc(Exc::OverflowError);
        }
        return if little { from_int_little(cx, n, length) } else { from_int_big(cx, n, length) };
    }
    let Ok(length) = usize::try_from(length) else { return exc(Exc::ValueError) };
    if length == 0 || (length < 8 && n >> (8 * length - 1) != -1) {
        return exc(Exc::OverflowError);
    }
    if length > 1 << 20 {
        return bail(Bail::Memory);
    }
    let mut built = BytesBuilder::new();
    for at in 0..length {
        let power = if little { at } else { length - 1 - at };
        let byte = if power < 8 { (n >> (8 * power)) as u8 } else { 0xff };
        built.push_int(i64::from(byte))?;
    }
    built.finish(cx)
}

/// `int.from_bytes(b, order, signed=…)`
pub fn to_int_as(b: &Bytes, order: &Str, signed: bool) -> R<i64> {
    let little = is_little(order)?;
    if !signed {
        return if little { to_int_little(b) } else { to_int_big(b) };
    }
    let raw = b.raw();
    let byte = |power: usize| if little { raw[power] } else { raw[raw.len() - 1 - power] };
    let negative = !raw.is_empty() && byte(raw.len() - 1) >= 0x80;
    let mut n: i64 = if negative { -1 } else { 0 };
    for power in (0..raw.len()).rev() {
        let shifted = n << 8 | i64::from(byte(power));
        if shifted >> 8 != n {
            return bail(Bail::Overflow);
        }
        n = shifted;
    }
    Ok(n)
}

/// Bytes of an int; `weight` says which power of 256 stands at a place.
fn from_int(cx: Cx, n: i64, length: i64, weight: impl Fn(usize, usize) -> usize) -> R<Bytes> {
    let Ok(length) = usize::try_from(length) else { return exc(Exc::ValueError) };
    if n < 0 || (length < 8 && n >> (8 * length) != 0) {
        return exc(Exc::OverflowError);
    }
    if length > 1 << 20 {
        return bail(Bail::Memory);
    }
    let byte = |at| {
        let power = weight(at, length);
        if power < 8 { (n >> (8 * power)) as u8 } else { 0 }
    };
    let mut built = BytesBuilder::new();
    for at in 0..length {
        built.push_int(i64::from(byte(at)))?;
    }
    built.finish(cx)
}

/// `int.from_bytes(b, "big")`
pub fn to_int_big(b: &Bytes) -> R<i64> {
    to_int(b.raw().iter())
}

/// `int.from_bytes(b, "little")`
pub fn to_int_little(b: &Bytes) -> R<i64> {
    to_int(b.raw().iter().rev())
}

fn to_int<'b>(digits: impl Iterator<Item = &'b u8>) -> R<i64> {
    let mut n = 0i64;
    for digit in digits {
        if n >> 55 != 0 {
            return bail(Bail::Overflow);
        }
        n = n << 8 | i64::from(*digit);
    }
    Ok(n)
}

/// `repr(b)`.
pub fn repr(_: Cx, b: &Bytes) -> R<Str> {
    // SAFETY: an exact bytes object.
    c::undisturbed(|| unsafe { str_::own(ffi::PyObject_Repr(b.as_ptr())) })
}

macro_rules! mapped {
    ($($name:ident $map:ident)*) => { $(
        #[doc = concat!("`b.", stringify!($name), "()`: ASCII only.")]
        pub fn $name(_: Cx, b: &Bytes) -> R<Bytes> {
            let mut content = Buf::new();
            if !content.extend_from(b.raw()) {
                return bail(Bail::Memory);
            }
            content.$map();
            Bytes::copy_of(&content)
        }
    )* };
}

mapped! {
    upper make_ascii_uppercase
    lower make_ascii_lowercase
}
