//! What looks at an array: search, counting, comparison, attributes.

use core::cmp::Ordering;

use super::item::{Code, Item, Packs};
use super::{Packed, Raw, Value};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Chr;
use crate::txn::Cx;

/// `v in a`. Every look at an item makes a new number, so that none is identical to another.
pub fn contains<const C: char>(a: &Packed<C>, v: Value<C>) -> R<bool>
where
    Code<C>: Packs,
{
    for index in 0..a.count() {
        if a.at(index)? == v {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `a.count(v)`.
pub fn count<const C: char>(_: Cx, a: &Packed<C>, v: Value<C>) -> R<i64>
where
    Code<C>: Packs,
{
    let mut found = 0;
    for index in 0..a.count() {
        found += i64::from(a.at(index)? == v);
    }
    Ok(found)
}

/// The float that is equal to an int; bails where there might be none.
pub(super) fn equal_float(v: i64) -> R<f64> {
    const EXACT: u64 = 1 << 53;
    if v.unsigned_abs() <= EXACT { Ok(v as f64) } else { bail(Bail::Unsupported) }
}

/// `v in a` of an int among floats.
pub fn contains_int<const C: char>(a: &Packed<C>, v: i64) -> R<bool>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    contains(a, equal_float(v)?)
}

/// `a.count(v)` of an int among floats.
pub fn count_int<const C: char>(cx: Cx, a: &Packed<C>, v: i64) -> R<i64>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    count(cx, a, equal_float(v)?)
}

/// `a.index(v, start, stop)`.
pub fn index<const C: char>(
    _: Cx,
    a: &Packed<C>,
    v: Value<C>,
    start: Option<i64>,
    stop: Option<i64>,
) -> R<i64>
where
    Code<C>: Packs,
{
    let n = a.count() as i64;
    let start = start.map_or(0, |start| if start < 0 { start.saturating_add(n).max(0) } else { start });
    let stop = stop.map_or(n, |stop| if stop < 0 { stop.saturating_add(n) } else { stop });
    for at in start..stop.min(n) {
        if a.at(at as usize)? == v {
            return Ok(at);
        }
    }
    exc(Exc::ValueError)
}

/// The same of an int among floats.
pub fn index_int<const C: char>(
    cx: Cx,
    a: &Packed<C>,
    v: i64,
    start: Option<i64>,
    stop: Option<i64>,
) -> R<i64>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    index(cx, a, equal_float(v)?, start, stop)
}

/// `a.typecode`.
pub fn typecode<const C: char>(_: &Packed<C>) -> Chr {
    Chr(C as u32)
}

/// `a.itemsize`.
pub fn itemsize<const C: char>(_: &Packed<C>) -> i64
where
    Code<C>: Packs,
{
    size_of::<Raw<C>>() as i64
}

/// The first items that differ, or the lengths; `None` where NaN is among those items.
pub(super) fn compared<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<Option<Ordering>>
where
    Code<C>: Packs,
{
    let both = a.count().min(b.count());
    for at in 0..both {
        let (x, y) = (a.raw(at), b.raw(at));
        if x != y {
            return Ok(x.partial_cmp(&y));
        }
    }
    Ok(Some(a.count().cmp(&b.count())))
}

/// `a == b`.
pub fn eq<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(a.count() == b.count() && compared(a, b)? == Some(Ordering::Equal))
}

/// `a != b`.
pub fn ne<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(!eq(a, b)?)
}

/// `a < b`.
pub fn lt<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(compared(a, b)?.is_some_and(Ordering::is_lt))
}

/// `a <= b`.
pub fn le<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(compared(a, b)?.is_some_and(Ordering::is_le))
}

/// `a > b`.
pub fn gt<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(compared(a, b)?.is_some_and(Ordering::is_gt))
}

/// `a >= b`.
pub fn ge<const C: char>(a: &Packed<C>, b: &Packed<C>) -> R<bool>
where
    Code<C>: Packs,
{
    Ok(compared(a, b)?.is_some_and(Ordering::is_ge))
}
