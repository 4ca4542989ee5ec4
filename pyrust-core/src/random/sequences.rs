//! What `random` does with sequences.

use super::{below, generator, within};
use crate::list::{List, ListLike, MakeList};
use crate::py::FromPy;
use crate::range::Range;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Bytes, Chr, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;

/// A position among `count`, which must be some.
fn position(cx: Cx, count: usize) -> R<usize> {
    within(cx)?;
    if count == 0 { exc(Exc::IndexError) } else { Ok(below(cx, count as u64)? as usize) }
}

/// `random.choice(list)`
pub fn choice<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<T> {
    list.item(cx, position(cx, list.count())?)
}

/// `random.choice(tuple)`
pub fn choice_tuple<T: FromPy>(cx: Cx, tuple: &PTuple<T>) -> R<T> {
    tuple.item(cx, position(cx, tuple.count())?)
}

/// `random.choice(text)`
pub fn choice_str(cx: Cx, text: &Str) -> R<Chr> {
    Ok(Chr(text.at(position(cx, text.len())?)))
}

/// `random.choice(bytes)`
pub fn choice_bytes(cx: Cx, bytes: &Bytes) -> R<i64> {
    let at = position(cx, crate::bytes::len(bytes) as usize)?;
    crate::bytes::get(cx, bytes, at as i64)
}

/// `random.choice(range)`
pub fn choice_range(cx: Cx, range: Range) -> R<i64> {
    let at = position(cx, length(range)?)?;
    Ok(range.start + range.step * at as i64)
}

fn length(range: Range) -> R<usize> {
    // More than that `len` does not tell.
    match i64::try_from(range.count()) {
        Ok(count) => Ok(count as usize),
        Err(_) => exc(Exc::OverflowError),
    }
}

/// `random.shuffle(list)`
pub fn shuffle<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<()> {
    within(cx)?;
    for at in (1..list.count()).rev() {
        let other = below(cx, at as u64 + 1)? as usize;
        list.exchange(cx, at, other)?;
    }
    Ok(())
}

/// The positions that `random.sample` takes.
fn sampled(cx: Cx, count: usize, wanted: i64) -> R<Vec<usize>> {
    within(cx)?;
    let wanted = match usize::try_from(wanted) {
        Ok(wanted) if wanted <= count => wanted,
        _ => return exc(Exc::ValueError),
    };
    let mut taken = Vec::new();
    if taken.try_reserve_exact(wanted).is_err() {
        return bail(Bail::Memory);
    }
    // From where on it pays to remember what was taken.
    let mut few = 21_u64;
    if wanted > 5 {
        let table = crate::math::log_base((wanted * 3) as f64, 4.0)?.ceil();
        match 4_u64.checked_pow(table as u32) {
            Some(table) => few += table,
            None => return bail(Bail::Memory),
        }
    }
    if count as u64 <= few {
        let mut pool: Vec<usize> = Vec::new();
        if pool.try_reserve_exact(count).is_err() {
            return bail(Bail::Memory);
        }
        pool.extend(0..count);
        for done in 0..wanted {
            let at = below(cx, (count - done) as u64)? as usize;
            taken.push(pool[at]);
            pool[at] = pool[count - done - 1];
        }
        return Ok(taken);
    }
    let mut selected = std::collections::HashSet::new();
    if selected.try_reserve(wanted).is_err() {
        return bail(Bail::Memory);
    }
    for _ in 0..wanted {
        let mut at = below(cx, count as u64)? as usize;
        while !selected.insert(at) {
            at = below(cx, count as u64)? as usize;
        }
        taken.push(at);
    }
    Ok(taken)
}

/// `random.sample(list, k)`
pub fn sample<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, wanted: i64) -> R<List<T>> {
    let taken = sampled(cx, list.count(), wanted)?;
    gathered(cx, &taken, |at| list.item(cx, at))
}

/// `random.sample(tuple, k)`
pub fn sample_tuple<T: FromPy + Clone>(cx: Cx, tuple: &PTuple<T>, wanted: i64) -> R<List<T>> {
    let taken = sampled(cx, tuple.count(), wanted)?;
    gathered(cx, &taken, |at| tuple.item(cx, at))
}

/// `random.sample(range, k)`
pub fn sample_range(cx: Cx, range: Range, wanted: i64) -> R<List<i64>> {
    let taken = sampled(cx, length(range)?, wanted)?;
    gathered(cx, &taken, |at| Ok(range.start + range.step * at as i64))
}

fn gathered<T: Clone + 'static>(cx: Cx, taken: &[usize], item: impl Fn(usize) -> R<T>) -> R<List<T>> {
    let list = List::make(cx, taken.len())?;
    for &at in taken {
        list.push(cx, item(at)?)?;
    }
    Ok(list)
}

/// `random.choices(list, k=k)`
pub fn choices<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    _: (),
    _: (),
    wanted: i64,
) -> R<List<T>> {
    within(cx)?;
    let count = list.count() as f64;
    repeated(cx, wanted, || {
        let at = (generator(cx)?.float() * count).floor() as usize;
        if at < list.count() { list.item(cx, at) } else { exc(Exc::IndexError) }
    })
}

/// `random.choices(list, weights, k=k)`
pub fn choices_weighted<T, L, W>(cx: Cx, list: &L, weights: &W, _: (), wanted: i64) -> R<List<T>>
where
    T: Clone + 'static,
    L: ListLike<T>,
    W: ListLike<f64>,
{
    let mut sums = Vec::new();
    let mut sum = 0.0;
    for at in 0..weights.count() {
        // The first total is the weight itself.
        sum = if at == 0 { weights.item(cx, 0)? } else { sum + weights.item(cx, at)? };
        sums.push(sum);
    }
    weighted(cx, list, &sums, wanted)
}

/// `random.choices(list, weights, k=k)` of weights that are ints.
pub fn choices_counted<T, L, W>(cx: Cx, list: &L, weights: &W, _: (), wanted: i64) -> R<List<T>>
where
    T: Clone + 'static,
    L: ListLike<T>,
    W: ListLike<i64>,
{
    let mut sums = Vec::new();
    let mut sum = 0_i64;
    for at in 0..weights.count() {
        sum = match sum.checked_add(weights.item(cx, at)?) {
            // Beyond that a float is not the same number.
            Some(sum) if sum.unsigned_abs() <= 1 << 53 => sum,
            _ => return bail(Bail::Overflow),
        };
        sums.push(sum as f64);
    }
    weighted(cx, list, &sums, wanted)
}

fn weighted<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, sums: &[f64], wanted: i64) -> R<List<T>> {
    within(cx)?;
    if sums.len() != list.count() {
        return exc(Exc::ValueError);
    }
    let Some(&total) = sums.last() else { return exc(Exc::IndexError) };
    if sums.iter().any(|sum| sum.is_nan()) {
        return bail(Bail::Nan);
    }
    let total = total + 0.0;
    if total <= 0.0 || !total.is_finite() {
        return exc(Exc::ValueError);
    }
    let last = sums.len() - 1;
    repeated(cx, wanted, || {
        let at = generator(cx)?.float() * total;
        let (mut low, mut high) = (0, last);
        while low < high {
            let middle = (low + high) / 2;
            if at < sums[middle] { high = middle } else { low = middle + 1 }
        }
        list.item(cx, low)
    })
}

fn repeated<T: Clone + 'static>(cx: Cx, wanted: i64, mut draw: impl FnMut() -> R<T>) -> R<List<T>> {
    let list = List::make(cx, 0)?;
    for _ in 0..wanted {
        list.push(cx, draw()?)?;
    }
    Ok(list)
}
