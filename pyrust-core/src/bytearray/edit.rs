//! What can be done to a `bytearray`: construction, items, slices, growth.

use super::ByteArray;
use crate::buf::Buf;
use crate::list::ListLike;
use crate::range::{Range, Slice};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::Cx;

/// `bytearray()`.
pub fn new() -> R<ByteArray> {
    ByteArray::with(Buf::new())
}

/// `bytearray(b)`.
pub fn of_bytes(_: Cx, b: &Bytes) -> R<ByteArray> {
    of_raw(b.raw())
}

fn of_raw(raw: &[u8]) -> R<ByteArray> {
    let mut content = Buf::new();
    if content.extend_from(raw) { ByteArray::with(content) } else { bail(Bail::Memory) }
}

/// `bytearray(n)`: zeros.
pub fn zeros(_: Cx, n: i64) -> R<ByteArray> {
    let Ok(count) = usize::try_from(n) else { return exc(Exc::ValueError) };
    ByteArray::with(filled(count)?)
}

fn filled(count: usize) -> R<Buf<u8>> {
    let mut content: Buf<u8> = Buf::new();
    if count > 1 << 40 || !content.reserve_total(count) {
        return bail(Bail::Memory);
    }
    // SAFETY: Room for `count` bytes, all of which are written.
    unsafe {
        core::ptr::write_bytes(content.as_mut_ptr(), 0, count);
        content.set_len(count);
    }
    Ok(content)
}

/// `bytearray([…])`.
pub fn of_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<ByteArray> {
    ByteArray::with(ints(cx, items)?)
}

fn ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<Buf<u8>> {
    let mut content = Buf::new();
    for i in 0..items.count() {
        push(&mut content, byte(items.item(cx, i)?)?)?;
    }
    Ok(content)
}

fn push(content: &mut Buf<u8>, v: u8) -> R<()> {
    if content.push(v).is_err() { bail(Bail::Memory) } else { Ok(()) }
}

/// ValueError outside of 0 to 255.
#[inline(always)]
fn byte(v: i64) -> R<u8> {
    match u8::try_from(v) {
        Ok(v) => Ok(v),
        Err(_) => exc(Exc::ValueError),
    }
}

/// `len(b)`.
#[inline(always)]
pub fn len(b: &ByteArray) -> i64 {
    b.raw().len() as i64
}

/// `bool(b)`.
#[inline(always)]
pub fn truth(b: &ByteArray) -> bool {
    !b.raw().is_empty()
}

#[inline(always)]
fn place(b: &ByteArray, i: i64) -> Option<usize> {
    let n = b.raw().len() as i64;
    let j = if i < 0 { i.wrapping_add(n) } else { i };
    ((0..n).contains(&j)).then_some(j as usize)
}

/// `b[i]`: an int.
#[inline(always)]
pub fn get(_: Cx, b: &ByteArray, i: i64) -> R<i64> {
    match place(b, i) {
        Some(j) => Ok(i64::from(b.raw()[j])),
        None => exc(Exc::IndexError),
    }
}

/// `b[i] = v`.
#[inline]
pub fn set(cx: Cx, b: &ByteArray, i: i64, v: i64) -> R<()> {
    let (Some(j), Ok(v)) = (place(b, i), u8::try_from(v)) else { return refuse(place(b, i).is_some(), v) };
    b.before_store(cx, j)?;
    // SAFETY: `j < len`.
    unsafe { b.head().data.get().add(j).write(v) };
    Ok(())
}

/// What is wrong with a store; which of two errors comes first depends on the patch release.
#[cold]
#[inline(never)]
fn refuse(in_range: bool, v: i64) -> R<()> {
    match (in_range, u8::try_from(v).is_ok()) {
        (true, _) => exc(Exc::ValueError),
        (false, true) => exc(Exc::IndexError),
        (false, false) => bail(Bail::Unsupported),
    }
}

/// `del b[i]`.
pub fn del(cx: Cx, b: &ByteArray, i: i64) -> R<()> {
    let Some(j) = place(b, i) else { return exc(Exc::IndexError) };
    b.splice(cx, j, j + 1, &[])
}

/// `b[start:end:step]`.
pub fn slice(_: Cx, b: &ByteArray, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> R<ByteArray> {
    let raw = b.raw();
    if let None | Some(1) = step {
        let (from, to) = crate::str_::bounds(raw.len(), start, end);
        return of_raw(raw.get(from..to).unwrap_or(&[]));
    }
    let slice = Slice::new(start, end, step, raw.len())?;
    let mut content = Buf::new();
    for k in 0..slice.count {
        push(&mut content, raw[slice.position(k)])?;
    }
    ByteArray::with(content)
}

/// `b[start:end:step] = source`.
pub fn set_slice(
    cx: Cx,
    b: &ByteArray,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    source: &Bytes,
) -> R<()> {
    put_slice(cx, b, (start, end, step), source.raw())
}

/// The same from a list of ints.
pub fn set_slice_ints<L: ListLike<i64>>(
    cx: Cx,
    b: &ByteArray,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    source: &L,
) -> R<()> {
    let content = ints(cx, source)?;
    put_slice(cx, b, (start, end, step), &content)
}

/// `del b[start:end:step]`.
pub fn del_slice(cx: Cx, b: &ByteArray, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> R<()> {
    put_slice(cx, b, (start, end, step), &[])
}

/// Nothing in place of an extended slice deletes it, as CPython has it for this type.
fn put_slice(
    cx: Cx,
    b: &ByteArray,
    (start, end, step): (Option<i64>, Option<i64>, Option<i64>),
    source: &[u8],
) -> R<()> {
    let len = b.raw().len();
    if let None | Some(1) = step {
        let (from, to) = crate::str_::bounds(len, start, end);
        return b.splice(cx, from, to.max(from), source);
    }
    let slice = Slice::new(start, end, step, len)?;
    if source.is_empty() {
        // CPython asks whether somebody has a view before it looks whether there is anything to delete.
        b.check_resizable()?;
        if slice.count == 0 {
            return Ok(());
        }
        let (first, last) = (slice.position(0), slice.position(slice.count - 1));
        let (low, gap) = (first.min(last), step.map_or(1, i64::unsigned_abs) as usize);
        let mut rest = Buf::new();
        if !rest.extend_from(&b.raw()[low..]) || !rest.remove_stepped(0, gap, slice.count) {
            return bail(Bail::Memory);
        }
        return b.splice(cx, low, len, &rest);
    }
    if slice.count != source.len() {
        return exc(Exc::ValueError);
    }
    for (k, v) in source.iter().enumerate() {
        let at = slice.position(k);
        b.before_store(cx, at)?;
        // SAFETY: A position of the slice: before the end.
        unsafe { b.head().data.get().add(at).write(*v) };
    }
    Ok(())
}

/// `b.append(v)`.
#[inline]
pub fn append(cx: Cx, b: &ByteArray, v: i64) -> R<()> {
    let v = byte(v)?;
    b.push(cx, v)
}

/// `b += other`: an array that is read cannot grow, so not with itself.
pub fn add_in_place(cx: Cx, b: &ByteArray, other: &ByteArray) -> R<()> {
    if b.is(other) {
        return bail(Bail::Unsupported);
    }
    behind(cx, b, other.raw())
}

/// `b.extend(other)`, `b += other`.
pub fn extend(cx: Cx, b: &ByteArray, other: &Bytes) -> R<()> {
    behind(cx, b, other.raw())
}

fn behind(cx: Cx, b: &ByteArray, bytes: &[u8]) -> R<()> {
    if !b.is_live() {
        return b.edit(|own| if own.extend_from(bytes) { Ok(()) } else { bail(Bail::Memory) });
    }
    let len = b.raw().len();
    if bytes.is_empty() { Ok(()) } else { b.splice(cx, len, len, bytes) }
}

/// `b.extend([…])`.
pub fn extend_ints<L: ListLike<i64>>(cx: Cx, b: &ByteArray, items: &L) -> R<()> {
    let content = ints(cx, items)?;
    behind(cx, b, &content)
}

/// `b.insert(i, v)`.
pub fn insert(cx: Cx, b: &ByteArray, i: i64, v: i64) -> R<()> {
    let v = byte(v)?;
    let n = b.raw().len() as i64;
    let at = (if i < 0 { i.saturating_add(n) } else { i }).clamp(0, n) as usize;
    b.splice(cx, at, at, &[v])
}

/// `b.pop()`.
pub fn pop(cx: Cx, b: &ByteArray) -> R<i64> {
    pop_at(cx, b, -1)
}

/// `b.pop(i)`.
pub fn pop_at(cx: Cx, b: &ByteArray, i: i64) -> R<i64> {
    let Some(j) = place(b, i) else { return exc(Exc::IndexError) };
    let v = b.raw()[j];
    b.splice(cx, j, j + 1, &[])?;
    Ok(v.into())
}

/// `b.remove(v)`.
pub fn remove(cx: Cx, b: &ByteArray, v: i64) -> R<()> {
    let v = byte(v)?;
    match b.raw().iter().position(|x| *x == v) {
        Some(j) => b.splice(cx, j, j + 1, &[]),
        None => exc(Exc::ValueError),
    }
}

/// `b.clear()`.
pub fn clear(cx: Cx, b: &ByteArray) -> R<()> {
    let len = b.raw().len();
    if len == 0 { Ok(()) } else { b.splice(cx, 0, len, &[]) }
}

/// `b.reverse()`.
pub fn reverse(cx: Cx, b: &ByteArray) -> R<()> {
    let len = b.raw().len();
    if len > 1 {
        b.before_all(cx, 0)?;
        // SAFETY: So many bytes, which nobody else looks at meanwhile.
        unsafe { core::slice::from_raw_parts_mut(b.head().data.get(), len) }.reverse();
    }
    Ok(())
}

/// `b.copy()`.
pub fn copy(_: Cx, b: &ByteArray) -> R<ByteArray> {
    of_raw(b.raw())
}

/// `a + b`.
pub fn concat(_: Cx, a: &ByteArray, b: &Bytes) -> R<ByteArray> {
    let mut content = Buf::new();
    if content.extend_from(a.raw()) && content.extend_from(b.raw()) {
        return ByteArray::with(content);
    }
    bail(Bail::Memory)
}

fn times(raw: &[u8], n: i64) -> R<Buf<u8>> {
    let n = usize::try_from(n).unwrap_or(0);
    let Some(total) = raw.len().checked_mul(n).filter(|total| *total <= 1 << 40) else {
        return bail(Bail::Memory);
    };
    if raw.len() == 1 {
        let mut content = filled(total)?;
        content.fill(raw[0]);
        return Ok(content);
    }
    let mut content = Buf::new();
    if !content.reserve_total(total) {
        return bail(Bail::Memory);
    }
    for _ in 0..n {
        if !content.extend_from(raw) {
            return bail(Bail::Memory);
        }
    }
    Ok(content)
}

/// `b * n` and `n * b`.
pub fn repeat(_: Cx, b: &ByteArray, n: i64) -> R<ByteArray> {
    ByteArray::with(times(b.raw(), n)?)
}

/// `b *= n`.
pub fn repeat_in_place(cx: Cx, b: &ByteArray, n: i64) -> R<()> {
    match n {
        1 => Ok(()),
        ..1 => clear(cx, b),
        _ => {
            let more = times(b.raw(), n - 1)?;
            behind(cx, b, &more)
        }
    }
}

/// `v in b` of an int.
pub fn contains_int(b: &ByteArray, v: i64) -> R<bool> {
    Ok(b.raw().contains(&byte(v)?))
}

/// `bytearray(range(…))`.
pub fn of_range(cx: Cx, range: Range) -> R<ByteArray> {
    of_bytes(cx, &crate::bytes::from_range(cx, range)?)
}

/// The next byte; the length is looked at every time.
#[inline(always)]
pub fn next(b: &ByteArray, at: &mut i64) -> Option<i64> {
    let v = b.raw().get(*at as usize)?;
    *at += 1;
    Some(i64::from(*v))
}

/// The next byte from the end.
#[inline(always)]
pub fn next_back(b: &ByteArray, at: &mut i64) -> Option<i64> {
    if *at < 0 {
        return None;
    }
    let v = b.raw().get(*at as usize)?;
    *at -= 1;
    Some(i64::from(*v))
}
