//! Comparison across types, by Python's rules.

use core::cmp::Ordering;

use crate::big::{self, Big};
use crate::boundary::layout;
use crate::complex::{self, Complex};
use crate::elem::ElemEq;
use crate::obj::{Obj, dynamic};
use crate::py::FromPy;
use crate::range::Range;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::byte_order;
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

/// A value as the comparison across types sees it.
pub enum View<'a> {
    None,
    Int(i64),
    /// Beyond 64 bits.
    Big(&'a Big),
    Float(f64),
    Str(&'a Str),
    Chr(Chr),
    Bytes(&'a Bytes),
    /// A `bytearray`.
    Octets(&'a [u8]),
    Complex(Complex),
    Range(Range),
    Tuple(&'a dyn Items),
    List(&'a dyn Items),
    Dict,
    Set,
    Obj(Obj),
    /// A function that native code made, or an iterator: it is compared with nothing of another kind.
    Function,
}

impl View<'_> {
    /// Values of different kinds are never equal.
    fn kind(&self) -> u8 {
        match self {
            View::None => 0,
            View::Int(_) | View::Big(_) | View::Float(_) | View::Complex(_) => 1,
            View::Str(_) | View::Chr(_) => 2,
            View::Bytes(_) | View::Octets(_) => 3,
            View::Range(_) => 4,
            View::Tuple(_) => 5,
            View::List(_) => 6,
            View::Dict => 7,
            View::Set => 8,
            View::Obj(_) => 9,
            View::Function => 10,
        }
    }
}

/// A sequence as the comparison across types sees it.
pub trait Items {
    fn count(&self) -> usize;
    /// Shows item `index < count`.
    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()>;
}

/// `a == b` for an int and a float, exactly.
#[inline]
pub fn int_eq_float(a: i64, b: f64) -> bool {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (-BOUND..BOUND).contains(&b) && b.trunc() == b && b as i64 == a
}

/// Int against float, exactly; no NaN.
fn int_cmp_float(a: i64, b: f64) -> Ordering {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if b >= BOUND {
        return Ordering::Less;
    }
    if b < -BOUND {
        return Ordering::Greater;
    }
    let floor = b.floor();
    match a.cmp(&(floor as i64)) {
        Ordering::Equal if b > floor => Ordering::Less,
        order => order,
    }
}

/// Two floats without identity.
#[inline(always)]
pub(super) fn float_eq(a: f64, b: f64) -> R<bool> {
    if a == b {
        Ok(true)
    } else if a.is_nan() && b.is_nan() {
        bail(Bail::Nan)
    } else {
        Ok(false)
    }
}

#[inline(always)]
pub(super) fn float_cmp(a: f64, b: f64) -> R<Ordering> {
    match a.partial_cmp(&b) {
        Some(order) => Ok(order),
        None => bail(Bail::Nan),
    }
}

fn ordered(order: Option<Ordering>) -> R<Ordering> {
    match order {
        Some(order) => Ok(order),
        None => bail(Bail::Nan),
    }
}

pub(super) fn str_cmp(a: &Str, b: &Str) -> Ordering {
    if a.kind() == 1 && b.kind() == 1 {
        return byte_order(a.raw(), b.raw());
    }
    let common = a.len().min(b.len());
    for i in 0..common {
        match a.at(i).cmp(&b.at(i)) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    a.len().cmp(&b.len())
}

fn chr_cmp_str(a: Chr, b: &Str) -> Ordering {
    if b.is_empty() {
        return Ordering::Greater;
    }
    a.0.cmp(&b.at(0)).then(1.cmp(&b.len()))
}

/// Shows the number or text that an object is; bails for any other object.
fn seen<T>(cx: Cx, object: Obj, show: impl FnOnce(View<'_>) -> R<T>) -> R<T> {
    if object.is_none() {
        return show(View::None);
    }
    let truth = object.is_bool(true);
    if truth || object.is_bool(false) {
        return show(View::Int(truth.into()));
    }
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = object.as_ptr();
        if layout::is_float(object) {
            return show(View::Float(layout::float_value(object)));
        }
        if layout::is_int(object) {
            return layout::int_value(object).map_or(bail(Bail::Callback), |value| show(View::Int(value)));
        }
        match layout::is_str(object) {
            true => show(View::Str(&Str::from_py(cx, object)?)),
            false => bail(Bail::Callback),
        }
    }
}

/// Identical or equal, across types.
pub fn view_eq(cx: Cx, a: View<'_>, b: View<'_>) -> R<bool> {
    match (a, b) {
        (View::Obj(a), View::Obj(b)) => a.elem_eq(cx, &b),
        (View::Function, _) | (_, View::Function) => bail(Bail::Unsupported),
        (View::Obj(object), other) | (other, View::Obj(object)) => {
            seen(cx, object, |object| view_eq(cx, object, other))
        }
        (View::None, View::None) => Ok(true),
        (View::Int(a), View::Int(b)) => Ok(a == b),
        (View::Float(a), View::Float(b)) => float_eq(a, b),
        (View::Int(a), View::Float(b)) | (View::Float(b), View::Int(a)) => Ok(int_eq_float(a, b)),
        (View::Big(a), View::Big(b)) => Ok(big::eq(a, b)),
        (View::Big(a), View::Float(b)) | (View::Float(b), View::Big(a)) => Ok(big::eq_bf(a, b)),
        (View::Str(a), View::Str(b)) => Ok(a.same_text(b)),
        (View::Chr(a), View::Chr(b)) => Ok(a == b),
        (View::Str(a), View::Chr(b)) | (View::Chr(b), View::Str(a)) => Ok(a.len() == 1 && a.at(0) == b.0),
        (View::Bytes(a), View::Bytes(b)) => Ok(a.raw() == b.raw()),
        (View::Octets(a), View::Octets(b)) => Ok(a == b),
        (View::Octets(a), View::Bytes(b)) | (View::Bytes(b), View::Octets(a)) => Ok(a == b.raw()),
        (View::Bytes(_) | View::Octets(_), View::Str(_) | View::Chr(_))
        | (View::Str(_) | View::Chr(_), View::Bytes(_) | View::Octets(_)) => bail(Bail::Warning),
        (View::Complex(a), View::Complex(b)) if complex::isnan(a) && complex::isnan(b) => bail(Bail::Nan),
        (View::Complex(a), View::Complex(b)) => Ok(complex::eq(a, b)),
        (View::Complex(a), View::Int(b)) | (View::Int(b), View::Complex(a)) => Ok(complex::eq_int(a, b)),
        (View::Complex(a), View::Float(b)) | (View::Float(b), View::Complex(a)) => {
            Ok(complex::eq_float(a, b))
        }
        (View::Complex(a), View::Big(b)) | (View::Big(b), View::Complex(a)) => {
            Ok(a.im == 0.0 && big::eq_bf(b, a.re))
        }
        // 64 bits do not hold the one.
        (View::Int(_), View::Big(_)) | (View::Big(_), View::Int(_)) => Ok(false),
        (View::Range(a), View::Range(b)) => Ok(crate::range::eq(cx, a, b)),
        (View::List(a), View::List(b)) if a.count() != b.count() => Ok(false),
        // Tuples of different lengths are compared item by item all the same.
        (View::Tuple(a), View::Tuple(b)) | (View::List(a), View::List(b)) => {
            for index in 0..a.count().min(b.count()) {
                if !items_eq(cx, a, b, index)? {
                    return Ok(false);
                }
            }
            Ok(a.count() == b.count())
        }
        (View::Dict, View::Dict) | (View::Set, View::Set) => bail(Bail::Unsupported),
        (a, b) if a.kind() != b.kind() => Ok(false),
        _ => bail(Bail::Unsupported),
    }
}

/// Shows item `index` of both.
fn with_both(
    cx: Cx,
    (a, b): (&dyn Items, &dyn Items),
    index: usize,
    show: &mut dyn FnMut(View<'_>, View<'_>) -> R<()>,
) -> R<()> {
    a.with(cx, index, &mut |left| {
        let mut left = Some(left);
        b.with(cx, index, &mut |right| match left.take() {
            Some(left) => show(left, right),
            None => Ok(()),
        })
    })
}

fn items_eq(cx: Cx, a: &dyn Items, b: &dyn Items, index: usize) -> R<bool> {
    let mut equal = false;
    with_both(cx, (a, b), index, &mut |left, right| {
        equal = view_eq(cx, left, right)?;
        Ok(())
    })?;
    Ok(equal)
}

/// The order across types; TypeError where Python has none.
pub fn view_cmp(cx: Cx, a: View<'_>, b: View<'_>) -> R<Ordering> {
    match (a, b) {
        (View::Obj(a), View::Obj(b)) => dynamic::order(cx, a, b),
        (View::Function, _) | (_, View::Function) => bail(Bail::Callback),
        (View::Obj(a), b) => seen(cx, a, |a| view_cmp(cx, a, b)),
        (a, View::Obj(b)) => seen(cx, b, |b| view_cmp(cx, a, b)),
        (View::Int(a), View::Int(b)) => Ok(a.cmp(&b)),
        (View::Float(a), View::Float(b)) => float_cmp(a, b),
        (View::Int(_), View::Float(b)) if b.is_nan() => bail(Bail::Nan),
        (View::Float(a), View::Int(_)) if a.is_nan() => bail(Bail::Nan),
        (View::Int(a), View::Float(b)) => Ok(int_cmp_float(a, b)),
        (View::Float(a), View::Int(b)) => Ok(int_cmp_float(b, a).reverse()),
        (View::Big(a), View::Big(b)) => Ok(big::cmp(a, b)),
        (View::Big(a), View::Int(b)) => Ok(big::cmp(a, &big::of(b))),
        (View::Int(a), View::Big(b)) => Ok(big::cmp(&big::of(a), b)),
        (View::Big(a), View::Float(b)) => ordered(big::cmp_float(a, b)),
        (View::Float(a), View::Big(b)) => ordered(big::cmp_float(b, a)).map(Ordering::reverse),
        (View::Str(a), View::Str(b)) => Ok(str_cmp(a, b)),
        (View::Chr(a), View::Chr(b)) => Ok(a.cmp(&b)),
        (View::Chr(a), View::Str(b)) => Ok(chr_cmp_str(a, b)),
        (View::Str(a), View::Chr(b)) => Ok(chr_cmp_str(b, a).reverse()),
        (View::Bytes(a), View::Bytes(b)) => Ok(a.raw().cmp(b.raw())),
        (View::Octets(a), View::Octets(b)) => Ok(a.cmp(b)),
        (View::Octets(a), View::Bytes(b)) => Ok(a.cmp(b.raw())),
        (View::Bytes(a), View::Octets(b)) => Ok(a.raw().cmp(b)),
        (View::Tuple(a), View::Tuple(b)) | (View::List(a), View::List(b)) => {
            for index in 0..a.count().min(b.count()) {
                if items_eq(cx, a, b, index)? {
                    continue;
                }
                let mut order = Ordering::Equal;
                with_both(cx, (a, b), index, &mut |left, right| {
                    order = view_cmp(cx, left, right)?;
                    Ok(())
                })?;
                return Ok(order);
            }
            Ok(a.count().cmp(&b.count()))
        }
        _ => exc(Exc::TypeError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_and_floats_compare_exactly() {
        assert!(int_eq_float(1 << 53, 9_007_199_254_740_992.0));
        assert!(!int_eq_float((1 << 53) + 1, 9_007_199_254_740_992.0));
        assert!(!int_eq_float(i64::MAX, 9_223_372_036_854_775_808.0));
        assert_eq!(int_cmp_float(i64::MAX, 9_223_372_036_854_775_808.0), Ordering::Less);
        assert_eq!(int_cmp_float(i64::MIN, -9_223_372_036_854_775_808.0), Ordering::Equal);
        assert_eq!(int_cmp_float(-1, -0.5), Ordering::Less);
        assert_eq!(int_cmp_float(0, -0.5), Ordering::Greater);
    }
}
