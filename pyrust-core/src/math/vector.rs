//! Functions of any number of arguments, and of two sequences.

use pyo3_ffi as ffi;

use super::special::{MOST, norm};
use super::{gcd, lcm};
use crate::builtins::boxed::Scalar;
use crate::builtins::c::{self, Builtin, Temporary};
use crate::list::{List, ListLike, MakeList};
use crate::py::FromPy;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::tuple::PTuple;
use crate::txn::Cx;
use crate::union::U2;

/// `math.gcd()`.
pub fn gcd_none() -> i64 {
    0
}

/// `math.gcd(a, b, c)`.
pub fn gcd3(a: i64, b: i64, c: i64) -> R<i64> {
    all([a, b, c].map(Ok).into_iter(), 0, gcd)
}

/// `math.gcd(a, b, c, d)`.
pub fn gcd4(a: i64, b: i64, c: i64, d: i64) -> R<i64> {
    all([a, b, c, d].map(Ok).into_iter(), 0, gcd)
}

/// `math.gcd(*items)`.
pub fn gcd_of<L: ListLike<i64>>(cx: Cx, items: &L) -> R<i64> {
    all((0..items.count()).map(|i| items.item(cx, i)), 0, gcd)
}

/// `math.lcm()`.
pub fn lcm_none() -> i64 {
    1
}

/// `math.lcm(a, b, c)`.
pub fn lcm3(a: i64, b: i64, c: i64) -> R<i64> {
    all([a, b, c].map(Ok).into_iter(), 1, lcm)
}

/// `math.lcm(a, b, c, d)`.
pub fn lcm4(a: i64, b: i64, c: i64, d: i64) -> R<i64> {
    all([a, b, c, d].map(Ok).into_iter(), 1, lcm)
}

/// `math.lcm(*items)`.
pub fn lcm_of<L: ListLike<i64>>(cx: Cx, items: &L) -> R<i64> {
    all((0..items.count()).map(|i| items.item(cx, i)), 1, lcm)
}

fn all(items: impl Iterator<Item = R<i64>>, start: i64, f: fn(i64, i64) -> R<i64>) -> R<i64> {
    let mut result = start;
    for item in items {
        result = f(result, item?)?;
    }
    Ok(result)
}

/// `math.perm(n, None)`.
pub fn perm_none(n: i64, _: ()) -> R<i64> {
    super::factorial(n)
}

/// A tuple of the items of a list.
fn tuple<T: Scalar + Clone + 'static, L: ListLike<T>>(cx: Cx, items: &L) -> R<Temporary> {
    cx.before_tracked();
    // SAFETY: a new tuple, every slot of which gets a reference before anyone sees it; half-filled it is only freed.
    unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(items.count() as ffi::Py_ssize_t))?);
        for i in 0..items.count() {
            let item = items.item(cx, i)?.boxed()?;
            ffi::PyTuple_SET_ITEM(tuple.ptr(), i as ffi::Py_ssize_t, ffi::Py_NewRef(item.0.ptr()));
        }
        Ok(tuple)
    }
}

static DIST: Builtin = Builtin::new(c"math", c"dist");
static SUMPROD: Builtin = Builtin::new(c"math", c"sumprod");
static HYPOT: Builtin = Builtin::new(c"math", c"hypot");

/// A number that is computed with as a float.
pub trait Real {
    /// As a float, as CPython converts it.
    fn real(&self) -> f64;
}

impl Real for i64 {
    #[inline(always)]
    fn real(&self) -> f64 {
        crate::int::to_float(*self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn real(&self) -> f64 {
        *self
    }
}

/// What an empty tuple holds: nobody reads it.
impl Real for () {
    fn real(&self) -> f64 {
        0.0
    }
}

/// The norm of so many numbers, where it is sure how CPython rounds it.
fn sure(count: usize, mut item: impl FnMut(usize) -> R<f64>) -> R<Option<f64>> {
    let mut items = [0.0; MOST];
    let Some(items) = items.get_mut(..count) else { return Ok(None) };
    for (i, place) in items.iter_mut().enumerate() {
        *place = item(i)?;
    }
    Ok(norm(items))
}

/// `math.dist(p, q)` of lists: CPython takes tuples of both first.
pub fn dist<T, U, L, M>(cx: Cx, p: &L, q: &M) -> R<f64>
where
    T: Real + Scalar + Clone + 'static,
    U: Real + Scalar + Clone + 'static,
    L: ListLike<T>,
    M: ListLike<U>,
{
    if p.count() == q.count()
        && let Some(norm) = sure(p.count(), |i| Ok(p.item(cx, i)?.real() - q.item(cx, i)?.real()))?
    {
        return Ok(norm);
    }
    let (p, q) = (tuple(cx, p)?, tuple(cx, q)?);
    // SAFETY: tuples of exact numbers, so that no Python code runs; the result is a float.
    unsafe {
        let result = Temporary(DIST.call(&[p.ptr(), q.ptr()])?);
        f64::from_py(cx, result.ptr())
    }
}

/// `math.dist(p, q)` of tuples.
pub fn dist_tuples<T, U>(cx: Cx, p: &PTuple<T>, q: &PTuple<U>) -> R<f64>
where
    T: Real + FromPy,
    U: Real + FromPy,
{
    if p.count() == q.count()
        && let Some(norm) = sure(p.count(), |i| Ok(p.item(cx, i)?.real() - q.item(cx, i)?.real()))?
    {
        return Ok(norm);
    }
    // The items must be the numbers they are taken for.
    for i in 0..p.count() {
        p.item(cx, i)?;
    }
    for i in 0..q.count() {
        q.item(cx, i)?;
    }
    // SAFETY: tuples of exact numbers, so that no Python code runs; the result is a float.
    unsafe {
        let result = Temporary(DIST.call(&[p.as_ptr(), q.as_ptr()])?);
        f64::from_py(cx, result.ptr())
    }
}

/// `math.hypot(x)`.
pub fn hypot1(x: f64) -> R<f64> {
    let x = Temporary::float(x)?;
    // SAFETY: an exact float; the result is one.
    unsafe {
        let result = Temporary(HYPOT.call(&[x.ptr()])?);
        Ok(ffi::PyFloat_AsDouble(result.ptr()))
    }
}

/// `math.hypot(*items)`.
pub fn hypot_of<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    if let Some(norm) = sure(items.count(), |i| items.item(cx, i))? {
        return Ok(norm);
    }
    let all = tuple(cx, items)?;
    let count = items.count();
    // SAFETY: the items of a tuple of exact floats, which lives until the call is over.
    unsafe {
        let args: Vec<_> =
            (0..count).map(|i| ffi::PyTuple_GET_ITEM(all.ptr(), i as ffi::Py_ssize_t)).collect();
        let result = Temporary(HYPOT.call(&args)?);
        f64::from_py(cx, result.ptr())
    }
}

/// `math.sumprod(p, q)` of ints.
pub fn sumprod_ints<L: ListLike<i64>, M: ListLike<i64>>(cx: Cx, p: &L, q: &M) -> R<i64> {
    if p.count() != q.count() {
        return exc(Exc::ValueError);
    }
    let mut sum = 0;
    for i in 0..p.count() {
        sum = crate::int::add(sum, crate::int::mul(p.item(cx, i)?, q.item(cx, i)?)?)?;
    }
    Ok(sum)
}

/// `math.sumprod(p, q)` where floats are among the items; 0 of none.
pub fn sumprod<T, U, L, M>(cx: Cx, p: &L, q: &M) -> R<U2<i64, f64>>
where
    T: Scalar + Clone + 'static,
    U: Scalar + Clone + 'static,
    L: ListLike<T>,
    M: ListLike<U>,
{
    let (p, q) = (tuple(cx, p)?, tuple(cx, q)?);
    // SAFETY: tuples of exact numbers, so that no Python code runs.
    unsafe {
        let result = Temporary(SUMPROD.call(&[p.ptr(), q.ptr()])?);
        match f64::matches(result.ptr()) {
            true => f64::from_py(cx, result.ptr()).map(U2::B),
            false => i64::from_py(cx, result.ptr()).map(U2::A),
        }
    }
}

/// `math.fsum` of ints.
pub fn fsum_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<f64> {
    let mut sum = super::Fsum::new();
    for i in 0..items.count() {
        sum.add(crate::int::to_float(items.item(cx, i)?))?;
    }
    sum.finish()
}

/// The items of a tuple, the empty one's included.
pub trait Items<T>: FromPy {
    /// The item.
    fn item(self) -> R<T>;
}

impl Items<i64> for i64 {
    fn item(self) -> R<i64> {
        Ok(self)
    }
}

impl Items<f64> for f64 {
    fn item(self) -> R<f64> {
        Ok(self)
    }
}

/// What an empty tuple holds.
impl<T> Items<T> for () {
    fn item(self) -> R<T> {
        bail(Bail::Type)
    }
}

fn listed<T: Clone + 'static, I: Items<T>>(cx: Cx, items: &PTuple<I>) -> R<List<T>> {
    let list = List::make(cx, items.count())?;
    for i in 0..items.count() {
        list.push(cx, items.item(cx, i)?.item()?)?;
    }
    Ok(list)
}

/// `math.fsum` of a tuple.
pub fn fsum_tuple<I: Items<f64>>(cx: Cx, items: &PTuple<I>) -> R<f64> {
    super::fsum(cx, &listed::<f64, I>(cx, items)?)
}

/// `math.prod` of a tuple of ints.
pub fn prod_ints_tuple<I: Items<i64>>(cx: Cx, items: &PTuple<I>) -> R<i64> {
    super::prod_ints(cx, &listed::<i64, I>(cx, items)?)
}

/// `math.prod` of a tuple of floats.
pub fn prod_floats_tuple<I: Items<f64>>(cx: Cx, items: &PTuple<I>) -> R<U2<i64, f64>> {
    super::prod_floats(cx, &listed::<f64, I>(cx, items)?)
}

/// `math.nextafter(x, y, steps=None)`.
pub fn nextafter_none(x: f64, y: f64, _: ()) -> R<f64> {
    if cfg!(Py_3_12) { super::nextafter(x, y) } else { bail(Bail::Unsupported) }
}

/// `math.nextafter(x, y, steps=…)`, which there is from 3.12 on.
pub fn nextafter_steps(x: f64, y: f64, steps: i64) -> R<f64> {
    if !cfg!(Py_3_12) {
        return bail(Bail::Unsupported);
    }
    let Ok(steps) = u64::try_from(steps) else { return exc(Exc::ValueError) };
    if steps == 0 || x.is_nan() {
        return Ok(x);
    }
    if y.is_nan() {
        return Ok(y);
    }
    const SIGN: u64 = 1 << 63;
    let (from, to) = (x.to_bits(), y.to_bits());
    if from == to {
        return Ok(x);
    }
    let (a, b) = (from & !SIGN, to & !SIGN);
    Ok(if (from ^ to) & SIGN != 0 {
        if a + b <= steps {
            y
        } else if a < steps {
            f64::from_bits((to & SIGN) | (steps - a))
        } else {
            f64::from_bits(from - steps)
        }
    } else if a > b {
        if a - b >= steps { f64::from_bits(from - steps) } else { y }
    } else if b - a >= steps {
        f64::from_bits(from + steps)
    } else {
        y
    })
}

static FMA: Builtin = Builtin::new(c"math", c"fma");

/// `math.fma(x, y, z)`, which there is from 3.13 on.
pub fn fma(x: f64, y: f64, z: f64) -> R<f64> {
    let (x, y, z) = (Temporary::float(x)?, Temporary::float(y)?, Temporary::float(z)?);
    // SAFETY: exact floats; the result is one.
    unsafe {
        let result = Temporary(FMA.call(&[x.ptr(), y.ptr(), z.ptr()])?);
        Ok(ffi::PyFloat_AsDouble(result.ptr()))
    }
}
