//! `int` against `float`: exact comparisons in both directions, and `int(x)`.
//!
//! Converting the integer first would be wrong above 2**53 (`2**53 + 1 == float(2**53)` is False). All
//! functions rest on one fact: rounding is monotonic, so when `i as f64 != f` the rounded integer lies on the
//! same side of `f` as the integer itself; when they are equal, `f` is integral and is compared as an
//! integer.

use std::cmp::Ordering;

use crate::stop::{Bail, Exc, R, bail, exc};

/// 2**63, the first float above every i64.
const TOP: f64 = 9_223_372_036_854_775_808.0;

/// How `i` compares with `f`; `None` for NaN.
#[inline(always)]
pub fn cmp_if(i: i64, f: f64) -> Option<Ordering> {
    let rounded = i as f64;
    if rounded != f {
        return rounded.partial_cmp(&f);
    }
    Some(if f == TOP { Ordering::Less } else { i.cmp(&(f as i64)) })
}

/// `i == f`.
#[inline(always)]
pub fn eq_if(i: i64, f: f64) -> bool {
    i as f64 == f && f != TOP && f as i64 == i
}

/// `i != f`.
#[inline(always)]
pub fn ne_if(i: i64, f: f64) -> bool {
    !eq_if(i, f)
}

/// `i < f`.
#[inline(always)]
pub fn lt_if(i: i64, f: f64) -> bool {
    let rounded = i as f64;
    if rounded != f { rounded < f } else { f == TOP || i < f as i64 }
}

/// `i <= f`.
#[inline(always)]
pub fn le_if(i: i64, f: f64) -> bool {
    let rounded = i as f64;
    // At TOP the cast saturates to i64::MAX, and every i64 is below: still right.
    if rounded != f { rounded < f } else { i <= f as i64 }
}

/// `i > f`.
#[inline(always)]
pub fn gt_if(i: i64, f: f64) -> bool {
    let rounded = i as f64;
    if rounded != f { rounded > f } else { i > f as i64 }
}

/// `i >= f`.
#[inline(always)]
pub fn ge_if(i: i64, f: f64) -> bool {
    let rounded = i as f64;
    if rounded != f { rounded > f } else { f != TOP && i >= f as i64 }
}

/// `f == i`.
#[inline(always)]
pub fn eq_fi(f: f64, i: i64) -> bool {
    eq_if(i, f)
}

/// `f != i`.
#[inline(always)]
pub fn ne_fi(f: f64, i: i64) -> bool {
    !eq_if(i, f)
}

/// `f < i`.
#[inline(always)]
pub fn lt_fi(f: f64, i: i64) -> bool {
    gt_if(i, f)
}

/// `f <= i`.
#[inline(always)]
pub fn le_fi(f: f64, i: i64) -> bool {
    ge_if(i, f)
}

/// `f > i`.
#[inline(always)]
pub fn gt_fi(f: f64, i: i64) -> bool {
    lt_if(i, f)
}

/// `f >= i`.
#[inline(always)]
pub fn ge_fi(f: f64, i: i64) -> bool {
    le_if(i, f)
}

/// `int(None)`, which is no number: some programs ask for the `TypeError`.
#[cold]
pub fn of_none((): ()) -> R<i64> {
    exc(Exc::TypeError)
}

/// `int(x)`, `math.trunc(x)`: towards zero.
#[inline(always)]
pub fn from_float(x: f64) -> R<i64> {
    if x.abs() < TOP {
        // SAFETY: a machine word holds it. `as` would look at the range once more.
        return Ok(unsafe { x.to_int_unchecked() });
    }
    beyond(x)
}

/// What a machine word does not hold, and its least one.
#[cold]
#[inline(never)]
extern "C" fn beyond(x: f64) -> R<i64> {
    if x.is_nan() {
        return exc(Exc::ValueError);
    }
    if x.is_infinite() {
        return exc(Exc::OverflowError);
    }
    if x == -TOP { Ok(i64::MIN) } else { bail(Bail::Overflow) }
}
