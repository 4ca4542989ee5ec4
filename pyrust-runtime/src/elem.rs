//! Comparison inside containers.
//!
//! [`ElemEq`] is what `in`, `index`, `==` of containers ask: identical or equal.  Numbers here carry no
//! identity, so two NaNs bail.  [`ElemOrd`] orders, [`Key`] hashes.  Values of different members of a union are
//! compared through [`View`], by Python's rules across types.

use core::cmp::Ordering;

use pyo3_ffi::{Py_IsNone, Py_None, PyComplex_Type, PyFrozenSet_Type, PyObject, PyObject_Hash, PyRange_Type};

use crate::boundary::layout;
use crate::obj::Obj;
use crate::py::FromPy;
use crate::range::Range;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Bytes, Chr, Str};
use crate::tuple::PTuple;
use crate::txn::Cx;
use crate::union::{U2, U3, U4};

/// A value as the comparison across types sees it.
pub enum View<'a> {
    None,
    Int(i64),
    Float(f64),
    Str(&'a Str),
    Chr(Chr),
    Bytes(&'a Bytes),
    Range(Range),
    Tuple(&'a dyn Items),
    List(&'a dyn Items),
    Dict,
    Obj(Obj),
}

/// A sequence as the comparison across types sees it.
pub trait Items {
    fn count(&self) -> usize;
    /// Shows item `index < count`.
    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()>;
}

/// Identical or equal.
pub trait ElemEq {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool>;
    fn view(&self) -> View<'_>;
}

/// The order of sorting.  NaN bails; what Python does not order raises TypeError.
pub trait ElemOrd: ElemEq {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering>;

    /// As an item of a sequence: equal items are passed over, whatever their type.
    #[inline]
    fn item_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        if self.elem_eq(cx, other)? { Ok(Ordering::Equal) } else { self.elem_cmp(cx, other) }
    }

    /// Values of which the order is total and the comparison cannot stop: sorted by the standard library.
    /// Says whether `items` are all of that kind.
    #[inline]
    fn is_plain_order<'a>(_items: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: Sized + 'a,
    {
        false
    }
}

/// A key of a dict.
pub trait Key: ElemEq + Clone + 'static {
    /// A hash for native tables: equal for equal values of this type.
    fn fast_hash(&self, cx: Cx) -> R<u64>;
    /// `hash(self)`.
    fn py_hash(&self, cx: Cx) -> R<isize>;
    /// Is the object, whose hash is the same, an equal key?  Bails before any comparison that is not between
    /// exact builtins.
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool>;
}

const HASH_BITS: u32 = 61;
const HASH_MODULUS: u64 = (1 << HASH_BITS) - 1;

/// `hash(int)`.
#[inline]
pub fn hash_int(x: i64) -> isize {
    let hash = (x.unsigned_abs() % HASH_MODULUS) as i64;
    let hash = if x < 0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash as isize }
}

/// `hash(float)`, of one that is no NaN: CPython's `_Py_HashDouble`.
pub fn hash_float(x: f64) -> isize {
    if x.is_infinite() {
        return if x > 0.0 { 314_159 } else { -314_159 };
    }
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    if exponent == 0 && fraction == 0 {
        return 0;
    }
    // x = mantissa * 2 ** power, as an integer modulo 2**61 - 1: multiplying by a power of two rotates.
    let (mantissa, power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let shift = power.rem_euclid(i64::from(HASH_BITS)) as u32;
    let product = u128::from(mantissa) << shift;
    let hash = ((product % u128::from(HASH_MODULUS)) as u64) as i64;
    let hash = if x < 0.0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash as isize }
}

/// `hash(tuple)`.
struct TupleHash(u64);

impl TupleHash {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;

    fn new() -> TupleHash {
        TupleHash(TupleHash::PRIME_5)
    }

    fn add(&mut self, lane: isize) {
        let sum = self.0.wrapping_add((lane as u64).wrapping_mul(TupleHash::PRIME_2));
        self.0 = sum.rotate_left(31).wrapping_mul(TupleHash::PRIME_1);
    }

    fn finish(self, count: usize) -> isize {
        let hash = self.0.wrapping_add(count as u64 ^ (TupleHash::PRIME_5 ^ 3_527_539)) as isize;
        if hash == -1 { 1_546_275_796 } else { hash }
    }
}

/// `a == b` for an int and a float, exactly.
#[inline]
pub fn int_eq_float(a: i64, b: f64) -> bool {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    b >= -BOUND && b < BOUND && b.trunc() == b && b as i64 == a
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
fn float_eq(a: f64, b: f64) -> R<bool> {
    if a == b {
        Ok(true)
    } else if a.is_nan() && b.is_nan() {
        bail(Bail::Nan)
    } else {
        Ok(false)
    }
}

#[inline(always)]
fn float_cmp(a: f64, b: f64) -> R<Ordering> {
    match a.partial_cmp(&b) {
        Some(order) => Ok(order),
        None => bail(Bail::Nan),
    }
}

fn str_cmp(a: &Str, b: &Str) -> Ordering {
    if a.kind() == 1 && b.kind() == 1 {
        return a.raw().cmp(b.raw());
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

/// Identical or equal, across types.
pub fn view_eq(cx: Cx, a: View<'_>, b: View<'_>) -> R<bool> {
    match (a, b) {
        (View::Obj(a), View::Obj(b)) if a.is(b) => Ok(true),
        (View::Obj(_), _) | (_, View::Obj(_)) => bail(Bail::Callback),
        (View::None, View::None) => Ok(true),
        (View::Int(a), View::Int(b)) => Ok(a == b),
        (View::Float(a), View::Float(b)) => float_eq(a, b),
        (View::Int(a), View::Float(b)) | (View::Float(b), View::Int(a)) => Ok(int_eq_float(a, b)),
        (View::Str(a), View::Str(b)) => Ok(a.same_text(b)),
        (View::Chr(a), View::Chr(b)) => Ok(a == b),
        (View::Str(a), View::Chr(b)) | (View::Chr(b), View::Str(a)) => Ok(a.len() == 1 && a.at(0) == b.0),
        (View::Bytes(a), View::Bytes(b)) => Ok(a.raw() == b.raw()),
        (View::Bytes(_), View::Str(_) | View::Chr(_)) | (View::Str(_) | View::Chr(_), View::Bytes(_)) => {
            bail(Bail::Warning)
        }
        (View::Range(a), View::Range(b)) => Ok(crate::range::eq(cx, a, b)),
        (View::Tuple(a), View::Tuple(b)) | (View::List(a), View::List(b)) => {
            if a.count() != b.count() {
                return Ok(false);
            }
            for index in 0..a.count() {
                if !items_eq(cx, a, b, index)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (View::Dict, View::Dict) => bail(Bail::Unsupported),
        _ => Ok(false),
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
        (View::Obj(_), _) | (_, View::Obj(_)) => bail(Bail::Callback),
        (View::Int(a), View::Int(b)) => Ok(a.cmp(&b)),
        (View::Float(a), View::Float(b)) => float_cmp(a, b),
        (View::Int(_), View::Float(b)) if b.is_nan() => bail(Bail::Nan),
        (View::Float(a), View::Int(_)) if a.is_nan() => bail(Bail::Nan),
        (View::Int(a), View::Float(b)) => Ok(int_cmp_float(a, b)),
        (View::Float(a), View::Int(b)) => Ok(int_cmp_float(b, a).reverse()),
        (View::Str(a), View::Str(b)) => Ok(str_cmp(a, b)),
        (View::Chr(a), View::Chr(b)) => Ok(a.cmp(&b)),
        (View::Chr(a), View::Str(b)) => Ok(chr_cmp_str(a, b)),
        (View::Str(a), View::Chr(b)) => Ok(chr_cmp_str(b, a).reverse()),
        (View::Bytes(a), View::Bytes(b)) => Ok(a.raw().cmp(b.raw())),
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

/// Hash-equal objects of these exact types are compared without Python code; none of them equals a key of
/// another kind.  `bytes` against `str` may warn.
unsafe fn differs_plainly(object: *mut PyObject, text: bool, bytes: bool) -> R<bool> {
    // SAFETY: By the caller.
    unsafe {
        if (text && layout::is_bytes(object)) || (bytes && layout::is_str(object)) {
            return bail(Bail::Warning);
        }
        let plain = layout::is_int(object)
            || layout::is_str(object)
            || layout::is_bool(object)
            || layout::is_float(object)
            || layout::is_bytes(object)
            || layout::is_tuple(object)
            || Py_IsNone(object) != 0
            || layout::is_exact(object, &raw mut PyFrozenSet_Type)
            || layout::is_exact(object, &raw mut PyRange_Type)
            || layout::is_exact(object, &raw mut PyComplex_Type);
        if plain { Ok(false) } else { bail(Bail::Dict) }
    }
}

/// Number against an object: `Some` if the object is a number that 64 bits or a float hold.
unsafe fn number_view<'a>(object: *mut PyObject) -> R<Option<View<'a>>> {
    // SAFETY: By the caller.
    unsafe {
        if layout::is_int(object) || layout::is_bool(object) {
            return Ok(layout::int_value(object).map(View::Int));
        }
        if layout::is_float(object) {
            return Ok(Some(View::Float(layout::float_value(object))));
        }
        if layout::is_exact(object, &raw mut PyComplex_Type) {
            return bail(Bail::Dict);
        }
        Ok(None)
    }
}

macro_rules! numbers {
    ($($ty:ty => $view:expr;)*) => {$(
        impl ElemEq for $ty {
            #[inline(always)]
            fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
                Ok(self == other)
            }

            #[inline]
            fn view(&self) -> View<'_> {
                $view(*self)
            }
        }

        impl ElemOrd for $ty {
            #[inline(always)]
            fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
                Ok(self.cmp(other))
            }

            #[inline(always)]
            fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
                Ok(self.cmp(other))
            }

            #[inline]
            fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
            where
                Self: 'a,
            {
                true
            }
        }
    )*};
}

numbers! {
    i64 => View::Int;
    bool => |x: bool| View::Int(i64::from(x));
    Chr => View::Chr;
}

impl Key for i64 {
    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(*self as u64)
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(hash_int(*self))
    }

    #[inline]
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if layout::is_int(object) {
                return Ok(layout::int_value(object) == Some(*self));
            }
            match number_view(object)? {
                Some(view) => view_eq(cx, View::Int(*self), view),
                None => differs_plainly(object, false, false),
            }
        }
    }
}

impl Key for bool {
    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(u64::from(*self))
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(isize::from(*self))
    }

    #[inline]
    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { i64::from(*self).eq_object(cx, object) }
    }
}

impl ElemEq for f64 {
    #[inline(always)]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        float_eq(*self, *other)
    }

    #[inline]
    fn view(&self) -> View<'_> {
        View::Float(*self)
    }
}

impl ElemOrd for f64 {
    #[inline(always)]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        float_cmp(*self, *other)
    }

    #[inline(always)]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        float_cmp(*self, *other)
    }

    #[inline]
    fn is_plain_order<'a>(mut items: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        items.all(|item| !item.is_nan())
    }
}

impl Key for f64 {
    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        if self.is_nan() {
            return bail(Bail::Nan);
        }
        // -0.0 equals 0.0.
        Ok((self + 0.0).to_bits())
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        if self.is_nan() { bail(Bail::Nan) } else { Ok(hash_float(*self)) }
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            match number_view(object)? {
                Some(view) => view_eq(cx, View::Float(*self), view),
                None => differs_plainly(object, false, false),
            }
        }
    }
}

impl ElemEq for () {
    #[inline(always)]
    fn elem_eq(&self, _: Cx, _: &Self) -> R<bool> {
        Ok(true)
    }

    fn view(&self) -> View<'_> {
        View::None
    }
}

impl ElemOrd for () {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}

impl Key for () {
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(0)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        // SAFETY: None is static, its hash runs no Python code.
        Ok(unsafe { PyObject_Hash(Py_None()) })
    }

    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe { if Py_IsNone(object) != 0 { Ok(true) } else { differs_plainly(object, false, false) } }
    }
}

impl ElemEq for Str {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.same_text(other))
    }

    #[inline]
    fn view(&self) -> View<'_> {
        View::Str(self)
    }
}

impl ElemOrd for Str {
    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn item_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(str_cmp(self, other))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        true
    }
}

/// Up to so many bytes a string is hashed anew; beyond that CPython's cached hash is cheaper.
const SHORT: usize = 32;

/// A hash of a few bytes. Order does not depend on it, so it need not be CPython's.
#[inline]
fn hash_short(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (bytes.len() as u64).wrapping_mul(FACTOR);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().rev().fold(0_u64, |acc, b| acc << 8 | u64::from(*b));
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    let rest = chunks.remainder().iter().rev().fold(0_u64, |acc, b| acc << 8 | u64::from(*b));
    hash = (hash.rotate_left(23) ^ rest).wrapping_mul(FACTOR);
    hash ^ hash >> 29
}

impl Key for Str {
    #[inline]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        let bytes = self.raw();
        Ok(if bytes.len() <= SHORT { hash_short(bytes) } else { self.py_hash() as u64 })
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(Str::py_hash(self))
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.as_ptr(), object) {
                return Ok(true);
            }
            if !layout::is_str(object) {
                return differs_plainly(object, true, false);
            }
            match layout::str_parts(object) {
                Some((data, len, kind)) => Ok(len == self.len()
                    && kind == self.kind()
                    && core::slice::from_raw_parts(data.as_ptr(), len * kind as usize) == self.raw()),
                None => bail(Bail::Type),
            }
        }
    }
}

impl Key for Chr {
    #[inline(always)]
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(u64::from(self.0))
    }

    #[inline]
    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(self.to_str()?.py_hash())
    }

    #[inline]
    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_str(object) {
                return differs_plainly(object, true, false);
            }
            let other = Str::from_borrowed(object)?;
            Ok(other.len() == 1 && other.at(0) == self.0)
        }
    }
}

impl ElemEq for Bytes {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.raw() == other.raw())
    }

    fn view(&self) -> View<'_> {
        View::Bytes(self)
    }
}

impl ElemOrd for Bytes {
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        Ok(self.raw().cmp(other.raw()))
    }

    #[inline]
    fn is_plain_order<'a>(_: impl Iterator<Item = &'a Self>) -> bool
    where
        Self: 'a,
    {
        true
    }
}

impl Key for Bytes {
    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(self.py_hash() as u64)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        Ok(Bytes::py_hash(self))
    }

    unsafe fn eq_object(&self, _: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_bytes(object) {
                return differs_plainly(object, false, true);
            }
            let data =
                core::slice::from_raw_parts(layout::bytes_data(object).as_ptr(), layout::var_size(object));
            Ok(data == self.raw())
        }
    }
}

impl ElemEq for Range {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        Ok(crate::range::eq(cx, *self, *other))
    }

    fn view(&self) -> View<'_> {
        View::Range(*self)
    }
}

impl ElemOrd for Range {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}

impl ElemEq for Obj {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        if self.is(*other) { Ok(true) } else { bail(Bail::Callback) }
    }

    fn view(&self) -> View<'_> {
        View::Obj(*self)
    }
}

impl ElemOrd for Obj {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        bail(Bail::Callback)
    }
}

impl<T: FromPy + ElemEq> Items for PTuple<T> {
    fn count(&self) -> usize {
        PTuple::count(*self)
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        show(self.item(cx, index)?.view())
    }
}

impl<T: FromPy + ElemEq> ElemEq for PTuple<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        let count = PTuple::count(*self);
        if count != PTuple::count(*other) {
            return Ok(false);
        }
        for index in 0..count {
            let same = core::ptr::eq(self.pointer(index), other.pointer(index));
            if !same && !self.item(cx, index)?.elem_eq(cx, &other.item(cx, index)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn view(&self) -> View<'_> {
        View::Tuple(self)
    }
}

impl<T: FromPy + ElemOrd> ElemOrd for PTuple<T> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
        let (count, others) = (PTuple::count(*self), PTuple::count(*other));
        for index in 0..count.min(others) {
            if core::ptr::eq(self.pointer(index), other.pointer(index)) {
                continue;
            }
            let order = self.item(cx, index)?.item_cmp(cx, &other.item(cx, index)?)?;
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(count.cmp(&others))
    }
}

impl<T: FromPy + Key> Key for PTuple<T> {
    fn fast_hash(&self, cx: Cx) -> R<u64> {
        self.py_hash(cx).map(|hash| hash as u64)
    }

    fn py_hash(&self, cx: Cx) -> R<isize> {
        let mut hash = TupleHash::new();
        let count = PTuple::count(*self);
        for index in 0..count {
            hash.add(self.item(cx, index)?.py_hash(cx)?);
        }
        Ok(hash.finish(count))
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if core::ptr::eq(self.as_ptr(), object) {
                return Ok(true);
            }
            if !layout::is_tuple(object) {
                return differs_plainly(object, false, false);
            }
            let count = PTuple::count(*self);
            if layout::var_size(object) != count {
                return Ok(false);
            }
            for index in 0..count {
                let other = *layout::tuple_items(object).add(index);
                if !self.item(cx, index)?.eq_object(cx, other)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: ElemEq),+> Items for ($($item,)+) {
            fn count(&self) -> usize {
                $count
            }

            fn with(&self, _: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
                match index {
                    $($index => show(self.$index.view()),)+
                    _ => bail(Bail::Panic),
                }
            }
        }

        impl<$($item: ElemEq),+> ElemEq for ($($item,)+) {
            #[inline]
            fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
                Ok($(self.$index.elem_eq(cx, &other.$index)?)&&+)
            }

            fn view(&self) -> View<'_> {
                View::Tuple(self)
            }
        }

        impl<$($item: ElemOrd),+> ElemOrd for ($($item,)+) {
            #[inline]
            fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
                $(
                    let order = self.$index.item_cmp(cx, &other.$index)?;
                    if order.is_ne() {
                        return Ok(order);
                    }
                )+
                Ok(Ordering::Equal)
            }

            #[inline]
            fn is_plain_order<'a>(mut items: impl Iterator<Item = &'a Self>) -> bool
            where
                Self: 'a,
            {
                // Item by item: in a tuple of two types each is asked about its own.
                items.all(|item| $($item::is_plain_order(core::iter::once(&item.$index)))&&+)
            }
        }

        impl<$($item: Key),+> Key for ($($item,)+) {
            #[inline]
            fn fast_hash(&self, cx: Cx) -> R<u64> {
                let mut hash = 0_u64;
                $(
                    hash = (hash.rotate_left(5) ^ self.$index.fast_hash(cx)?).wrapping_mul(0x517c_c1b7_2722_0a95);
                )+
                Ok(hash)
            }

            fn py_hash(&self, cx: Cx) -> R<isize> {
                let mut hash = TupleHash::new();
                $(hash.add(self.$index.py_hash(cx)?);)+
                Ok(hash.finish($count))
            }

            unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
                // SAFETY: By the caller; a tuple keeps its items alive.
                unsafe {
                    if !layout::is_tuple(object) {
                        return differs_plainly(object, false, false);
                    }
                    if layout::var_size(object) != $count {
                        return Ok(false);
                    }
                    let items = layout::tuple_items(object);
                    Ok($(self.$index.eq_object(cx, *items.add($index))?)&&+)
                }
            }
        }
    )+};
}

shapes! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

macro_rules! unions {
    ($($union:ident { $($member:ident),+ })+) => {$(
        impl<$($member: ElemEq),+> ElemEq for $union<$($member),+> {
            #[inline]
            fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
                match (self, other) {
                    $(($union::$member(a), $union::$member(b)) => a.elem_eq(cx, b),)+
                    (a, b) => view_eq(cx, a.view(), b.view()),
                }
            }

            fn view(&self) -> View<'_> {
                match self {
                    $($union::$member(value) => value.view(),)+
                }
            }
        }

        impl<$($member: ElemOrd),+> ElemOrd for $union<$($member),+> {
            #[inline]
            fn elem_cmp(&self, cx: Cx, other: &Self) -> R<Ordering> {
                match (self, other) {
                    $(($union::$member(a), $union::$member(b)) => a.elem_cmp(cx, b),)+
                    (a, b) => view_cmp(cx, a.view(), b.view()),
                }
            }
        }

        impl<$($member: Key),+> Key for $union<$($member),+> {
            // Equal values of different members have the same Python hash, nothing else.
            #[inline]
            fn fast_hash(&self, cx: Cx) -> R<u64> {
                self.py_hash(cx).map(|hash| hash as u64)
            }

            fn py_hash(&self, cx: Cx) -> R<isize> {
                match self {
                    $($union::$member(value) => value.py_hash(cx),)+
                }
            }

            unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
                // SAFETY: By the caller.
                unsafe {
                    match self {
                        $($union::$member(value) => value.eq_object(cx, object),)+
                    }
                }
            }
        }
    )+};
}

unions! {
    U2 { A, B }
    U3 { A, B, C }
    U4 { A, B, C, D }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_cpythons() {
        assert_eq!(hash_int(-1), -2);
        assert_eq!(hash_int((1 << 61) - 1), 0);
        assert_eq!(hash_int(i64::MIN), -4);
        assert_eq!(hash_int(1 << 61), 1);
        assert_eq!(hash_float(1.0), 1);
        assert_eq!(hash_float(-1.0), -2);
        assert_eq!(hash_float(0.5), 1 << 60);
        assert_eq!(hash_float(1e300), 1_224_995_262_755_759_164);
        assert_eq!(hash_float(5e-324), 16_777_216);
        assert_eq!(hash_float(-0.0), 0);
    }

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
