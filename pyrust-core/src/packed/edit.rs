//! What changes an array.

use super::item::{Code, Item, Packs};
use super::{Packed, Raw, Value, place};
use crate::list::ListLike;
use crate::range::Slice;
use crate::stop::{Exc, R, exc};
use crate::strs::Bytes;
use crate::txn::Cx;

impl<const C: char> Packed<C>
where
    Code<C>: Packs,
{
    /// Other bytes in place of the items from `from` to `to`. The bytes are of another array, or of none.
    fn splice(&self, cx: Cx, from: usize, to: usize, bytes: &[u8]) -> R<()> {
        let (item, len) = (size_of::<Raw<C>>(), self.count());
        let grown = bytes.len() / item;
        match grown == to - from {
            true => self.handle.before_stores(cx, from, to, item)?,
            false => self.handle.keep(cx, from, item)?,
        }
        let after = len - to;
        if grown > to - from {
            self.handle.resize(cx, from + grown + after, item)?;
        }
        // SAFETY: there is room for what stood there and for what will; what moves may overlap.
        unsafe {
            let items = self.handle.items();
            if grown != to - from && after > 0 {
                core::ptr::copy(items.add(to * item), items.add((from + grown) * item), after * item);
            }
            if !bytes.is_empty() {
                core::ptr::copy_nonoverlapping(bytes.as_ptr(), items.add(from * item), bytes.len());
            }
        }
        if grown < to - from {
            self.handle.resize(cx, from + grown + after, item)?;
        }
        Ok(())
    }

    /// One item more.
    #[inline(always)]
    fn push(&self, cx: Cx, raw: Raw<C>) -> R<()> {
        let place = self.handle.one_more(cx, size_of::<Raw<C>>())?;
        // SAFETY: room for this item.
        unsafe { place.cast::<Raw<C>>().write_unaligned(raw) };
        Ok(())
    }

    fn take(&self, cx: Cx, at: usize) -> R<Value<C>> {
        let value = self.at(at)?;
        let last = self.count() - 1;
        if at == last {
            self.handle.resize(cx, last, size_of::<Raw<C>>())?;
        } else {
            self.splice(cx, at, at + 1, &[])?;
        }
        Ok(value)
    }
}

/// `del a[i]`.
pub fn del<const C: char>(cx: Cx, a: &Packed<C>, i: i64) -> R<()>
where
    Code<C>: Packs,
{
    let at = place(a, i)?;
    a.splice(cx, at, at + 1, &[])
}

/// `a.append(v)`.
#[inline]
pub fn append<const C: char>(cx: Cx, a: &Packed<C>, v: Value<C>) -> R<()>
where
    Code<C>: Packs,
{
    a.push(cx, Raw::<C>::packed(v)?)
}

/// `a.insert(i, v)`.
pub fn insert<const C: char>(cx: Cx, a: &Packed<C>, i: i64, v: Value<C>) -> R<()>
where
    Code<C>: Packs,
{
    let raw = Raw::<C>::packed(v)?;
    let n = a.count() as i64;
    let at = (if i < 0 { i.saturating_add(n) } else { i }).clamp(0, n) as usize;
    if at == a.count() {
        return a.push(cx, raw);
    }
    // SAFETY: what one number takes in memory.
    let bytes = unsafe { core::slice::from_raw_parts((&raw const raw).cast::<u8>(), size_of::<Raw<C>>()) };
    a.splice(cx, at, at, bytes)
}

/// `a.pop()`.
pub fn pop<const C: char>(cx: Cx, a: &Packed<C>) -> R<Value<C>>
where
    Code<C>: Packs,
{
    pop_at(cx, a, -1)
}

/// `a.pop(i)`.
pub fn pop_at<const C: char>(cx: Cx, a: &Packed<C>, i: i64) -> R<Value<C>>
where
    Code<C>: Packs,
{
    let at = place(a, i)?;
    a.take(cx, at)
}

/// `a.remove(v)`.
pub fn remove<const C: char>(cx: Cx, a: &Packed<C>, v: Value<C>) -> R<()>
where
    Code<C>: Packs,
{
    for at in 0..a.count() {
        if a.at(at)? == v {
            return a.splice(cx, at, at + 1, &[]);
        }
    }
    exc(Exc::ValueError)
}

/// The same of an int among floats.
pub fn remove_int<const C: char>(cx: Cx, a: &Packed<C>, v: i64) -> R<()>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    remove(cx, a, super::equal_float(v)?)
}

/// `a.reverse()`.
pub fn reverse<const C: char>(cx: Cx, a: &Packed<C>) -> R<()>
where
    Code<C>: Packs,
{
    a.handle.keep(cx, 0, size_of::<Raw<C>>())?;
    let (mut low, mut high) = (0, a.count());
    while low + 1 < high {
        high -= 1;
        let (x, y) = (a.raw(low), a.raw(high));
        a.put(cx, low, y)?;
        a.put(cx, high, x)?;
        low += 1;
    }
    Ok(())
}

/// `a.byteswap()`.
pub fn byteswap<const C: char>(cx: Cx, a: &Packed<C>) -> R<()>
where
    Code<C>: Packs,
{
    let item = size_of::<Raw<C>>();
    a.handle.keep(cx, 0, item)?;
    let bytes = a.count() * item;
    if bytes > 0 {
        // SAFETY: the bytes of all items, which nobody else looks at meanwhile.
        let content = unsafe { core::slice::from_raw_parts_mut(a.handle.items(), bytes) };
        content.chunks_exact_mut(item).for_each(<[u8]>::reverse);
    }
    Ok(())
}

/// `a.extend(b)`, `a += b`.
pub fn extend<const C: char>(cx: Cx, a: &Packed<C>, b: &Packed<C>) -> R<()>
where
    Code<C>: Packs,
{
    let (len, more, item) = (a.count(), b.count(), size_of::<Raw<C>>());
    if more == 0 {
        return Ok(());
    }
    a.handle.resize(cx, len + more, item)?;
    a.handle.keep(cx, len, item)?;
    // SAFETY: room was made, which may have moved what `b` holds if it is the same array; it stands before that room.
    unsafe {
        core::ptr::copy_nonoverlapping(b.handle.items(), a.handle.items().add(len * item), more * item);
    }
    Ok(())
}

/// `a.extend([…])`: what stands before one that does not fit is appended.
pub fn extend_list<const C: char, L: ListLike<Value<C>>>(cx: Cx, a: &Packed<C>, items: &L) -> R<()>
where
    Code<C>: Packs,
{
    for index in 0..items.count() {
        a.push(cx, Raw::<C>::packed(items.item(cx, index)?)?)?;
    }
    Ok(())
}

/// The same of ints, of which floats are made.
pub fn extend_ints<const C: char, L: ListLike<i64>>(cx: Cx, a: &Packed<C>, items: &L) -> R<()>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    for index in 0..items.count() {
        a.push(cx, Raw::<C>::packed(items.item(cx, index)? as f64)?)?;
    }
    Ok(())
}

/// `a.fromlist([…])`: all or nothing.
pub fn from_list<const C: char, L: ListLike<Value<C>>>(cx: Cx, a: &Packed<C>, items: &L) -> R<()>
where
    Code<C>: Packs,
{
    let (len, more) = (a.count(), items.count());
    if more == 0 {
        return Ok(());
    }
    a.handle.resize(cx, len + more, size_of::<Raw<C>>())?;
    for index in 0..more {
        match Raw::<C>::packed(items.item(cx, index)?) {
            Ok(raw) => a.put(cx, len + index, raw)?,
            Err(stop) => {
                a.handle.resize(cx, len, size_of::<Raw<C>>())?;
                return Err(stop);
            }
        }
    }
    Ok(())
}

/// `a.frombytes(b"…")`.
pub fn from_bytes<const C: char>(cx: Cx, a: &Packed<C>, bytes: &Bytes) -> R<()>
where
    Code<C>: Packs,
{
    if !bytes.raw().len().is_multiple_of(size_of::<Raw<C>>()) {
        return exc(Exc::ValueError);
    }
    if bytes.raw().is_empty() {
        return Ok(());
    }
    let len = a.count();
    a.splice(cx, len, len, bytes.raw())
}

/// `a[start:end:step] = b`.
pub fn set_slice<const C: char>(
    cx: Cx,
    a: &Packed<C>,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    b: &Packed<C>,
) -> R<()>
where
    Code<C>: Packs,
{
    if a.is(b) {
        let copied = super::of_same(cx, b, Code::<C>)?;
        return put_slice(cx, a, (start, end, step), copied.bytes());
    }
    put_slice(cx, a, (start, end, step), b.bytes())
}

/// `del a[start:end:step]`.
pub fn del_slice<const C: char>(
    cx: Cx,
    a: &Packed<C>,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
) -> R<()>
where
    Code<C>: Packs,
{
    put_slice(cx, a, (start, end, step), &[])
}

/// Nothing in place of an extended slice deletes it, as CPython has it for this type.
fn put_slice<const C: char>(
    cx: Cx,
    a: &Packed<C>,
    (start, end, step): (Option<i64>, Option<i64>, Option<i64>),
    bytes: &[u8],
) -> R<()>
where
    Code<C>: Packs,
{
    let (item, len) = (size_of::<Raw<C>>(), a.count());
    let slice = Slice::new(start, end, step, len)?;
    // CPython asks for nothing in place of nothing, too.
    if bytes.is_empty() || bytes.len() / item != slice.count {
        a.handle.check_resizable()?;
    }
    if slice.step == 1 {
        let from = slice.start as usize;
        return a.splice(cx, from, from + slice.count, bytes);
    }
    let count = bytes.len() / item;
    if count == 0 {
        if slice.count == 0 {
            return Ok(());
        }
        let (first, last) = (slice.position(0), slice.position(slice.count - 1));
        let (low, high, gap) = (first.min(last), first.max(last), slice.step.unsigned_abs() as usize);
        a.handle.keep(cx, low, item)?;
        let mut to = low;
        for at in low..len {
            let gone = at <= high && (at - low).is_multiple_of(gap);
            if !gone {
                let raw = a.raw(at);
                a.put(cx, to, raw)?;
                to += 1;
            }
        }
        return a.handle.resize(cx, to, item);
    }
    if count != slice.count {
        return exc(Exc::ValueError);
    }
    for index in 0..count {
        // SAFETY: as many items stand in the bytes.
        let raw = unsafe { bytes.as_ptr().cast::<Raw<C>>().add(index).read_unaligned() };
        a.put(cx, slice.position(index), raw)?;
    }
    Ok(())
}

/// `a *= n`.
pub fn repeat_in_place<const C: char>(cx: Cx, a: &Packed<C>, n: i64) -> R<()>
where
    Code<C>: Packs,
{
    let (len, item) = (a.count(), size_of::<Raw<C>>());
    if len == 0 {
        return Ok(());
    }
    let n = n.max(0) as usize;
    let Some(total) = len.checked_mul(n).filter(|total| *total < 1 << 40) else {
        return crate::stop::bail(crate::stop::Bail::Memory);
    };
    a.handle.resize(cx, total, item)?;
    if n > 1 {
        a.handle.keep(cx, len, item)?;
        // SAFETY: there is room for all of it; each copy goes behind what is there.
        unsafe {
            let items = a.handle.items();
            for turn in 1..n {
                core::ptr::copy_nonoverlapping(items, items.add(turn * len * item), len * item);
            }
        }
    }
    Ok(())
}
