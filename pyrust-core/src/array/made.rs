//! Arrays that native code makes, and views of another shape.

use core::ptr;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi as ffi;

use super::asked::{Kind, assign, operated, reduced};
use super::{Array, Dtype, EMPTY, Index, Np, Stored, ZEROS, fill_slice, made_as, made_of, slice};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// What says how large an array is to be.
pub trait Shape<const N: usize> {
    fn lengths(self) -> R<[i64; N]>;
}

impl<I: Index> Shape<1> for I {
    #[inline]
    fn lengths(self) -> R<[i64; 1]> {
        Ok([self.index()?])
    }
}

macro_rules! shapes {
    ($($n:literal: $($name:ident $at:tt),+;)+) => { $(
        impl<$($name: Index),+> Shape<$n> for ($($name,)+) {
            #[inline]
            fn lengths(self) -> R<[i64; $n]> {
                Ok([$(self.$at.index()?),+])
            }
        }
    )+ };
}

shapes! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
}

/// `numpy.zeros(shape, dtype)`
pub fn zeros_of<T: Dtype, S: Shape<N>, const N: usize>(cx: Cx, shape: S, _: Kind<T>) -> R<Array<T, N>> {
    made_of(cx, &ZEROS, shape.lengths()?)
}

/// `numpy.empty(shape, dtype)`
pub fn empty_of<T: Dtype, S: Shape<N>, const N: usize>(cx: Cx, shape: S, _: Kind<T>) -> R<Array<T, N>> {
    made_of(cx, &EMPTY, shape.lengths()?)
}

/// `numpy.full(shape, value, dtype)`
pub fn full_of<T: Dtype, S: Shape<N>, V: Stored<T>, const N: usize>(
    cx: Cx,
    shape: S,
    value: V,
    _: Kind<T>,
) -> R<Array<T, N>> {
    let out = made_as::<T, N>(cx, shape.lengths()?)?;
    fill_slice(cx, out, None, None, None, value)?;
    Ok(out)
}

/// `numpy.ones(shape, dtype)`
pub fn ones_of<T: Dtype, S: Shape<N>, const N: usize>(cx: Cx, shape: S, kind: Kind<T>) -> R<Array<T, N>>
where
    bool: Stored<T>,
{
    full_of(cx, shape, true, kind)
}

/// An array of the shape and the order of another one, as NumPy chooses it.
fn like<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, N>> {
    use crate::foreign::Call;
    static LIKE: Call = Call::umath("empty_like");
    LIKE.run(cx, [a.boxed()?])
}

/// `numpy.empty_like(a)`
pub fn empty_like<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, N>> {
    like(cx, a)
}

/// `numpy.full_like(a, value)`
pub fn full_like<T: Dtype, V: Stored<T>, const N: usize>(cx: Cx, a: Array<T, N>, value: V) -> R<Array<T, N>> {
    let out = like(cx, a)?;
    fill_slice(cx, out, None, None, None, value)?;
    Ok(out)
}

/// `numpy.zeros_like(a)`
pub fn zeros_like<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, N>>
where
    bool: Stored<T>,
{
    full_like(cx, a, false)
}

/// `numpy.ones_like(a)`
pub fn ones_like<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, N>>
where
    bool: Stored<T>,
{
    full_like(cx, a, true)
}

/// `numpy.eye(n, m, dtype)`
pub fn eye2<T: Dtype, I: Index, J: Index>(cx: Cx, n: I, m: J, kind: Kind<T>) -> R<Array<T, 2>>
where
    bool: Stored<T>,
{
    let ([n, m], one) = ([n.index()?, m.index()?], true.stored()?);
    let out = zeros_of(cx, (n, m), kind)?;
    for k in 0..n.min(m) as isize {
        // SAFETY: a place on the diagonal of a new array.
        unsafe { *out.at(k * (out.strides[0] + out.strides[1])) = one };
    }
    Ok(out)
}

/// `numpy.eye(n, dtype)`, `numpy.identity(n, dtype)`
pub fn eye<T: Dtype, I: Index>(cx: Cx, n: I, kind: Kind<T>) -> R<Array<T, 2>>
where
    bool: Stored<T>,
{
    let n = n.index()?;
    eye2(cx, n, n, kind)
}

macro_rules! like_of {
    ($($(#[$doc:meta])* $name:ident $make:ident;)+) => { $(
        $(#[$doc])*
        pub fn $name<T: Dtype, U: Dtype>(cx: Cx, a: Array<U, 1>, kind: Kind<T>) -> R<Array<T, 1>>
        where
            bool: Stored<T>,
        {
            $make(cx, a.shape[0], kind)
        }
    )+ };
}

like_of! {
    /// `numpy.zeros_like(a, dtype)`
    zeros_like_of zeros_of;
    /// `numpy.ones_like(a, dtype)`
    ones_like_of ones_of;
    /// `numpy.empty_like(a, dtype)`
    empty_like_of empty_of;
}

/// `numpy.linspace(start, stop, num)`: the same steps that NumPy takes, one rounding after the other.
pub fn linspace<A: Into64, B: Into64, I: Index>(cx: Cx, start: A, stop: B, num: I) -> R<Array<f64, 1>> {
    check_version()?;
    let (start, stop, num) = (start.into64(), stop.into64(), num.index()?);
    if num < 0 {
        return exc(Exc::ValueError);
    }
    let out = made_as::<f64, 1>(cx, [num])?;
    let delta = stop - start;
    // What overflows NumPy warns about.
    if !delta.is_finite() {
        return bail(Bail::Warning);
    }
    let (div, step) = ((num - 1) as f64, delta / (num - 1) as f64);
    for k in 0..num as isize {
        let scaled = match num {
            1 => k as f64 * delta,
            _ if step == 0.0 => k as f64 / div * delta,
            _ => k as f64 * step,
        };
        let last = num > 1 && k as i64 == num - 1;
        // SAFETY: one of the places of a new array.
        unsafe { *out.at(k * out.strides[0]) = if last { stop } else { scaled + start } };
    }
    Ok(out)
}

/// `numpy.linspace(start, stop)`
pub fn linspace50<A: Into64, B: Into64>(cx: Cx, start: A, stop: B) -> R<Array<f64, 1>> {
    linspace(cx, start, stop, 50)
}

/// A number as a double.
pub trait Into64 {
    fn into64(self) -> f64;
}

impl Into64 for i64 {
    fn into64(self) -> f64 {
        self as f64
    }
}

impl Into64 for f64 {
    fn into64(self) -> f64 {
        self
    }
}

impl Into64 for Np<f64> {
    fn into64(self) -> f64 {
        self.0
    }
}

/// A shape as Python has it.
pub(super) fn shape_object(shape: &[i64]) -> R<Boxed> {
    // SAFETY: every slot of the new tuple gets a reference before anyone sees it.
    unsafe {
        let tuple = Temporary(c::owned(ffi::PyTuple_New(shape.len() as ffi::Py_ssize_t))?);
        for (at, length) in shape.iter().enumerate() {
            let length = c::owned(ffi::PyLong_FromLongLong(*length))?;
            ffi::PyTuple_SET_ITEM(tuple.ptr(), at as ffi::Py_ssize_t, length.as_ptr());
        }
        Ok(Boxed(tuple))
    }
}

/// Do the elements lie side by side, in order?
fn lies_side_by_side<T, const N: usize>(a: &Array<T, N>) -> bool {
    let mut width = size_of::<T>() as isize;
    for at in (0..N).rev() {
        if a.shape[at] > 1 && a.strides[at] != width {
            return a.shape.contains(&0);
        }
        width *= a.shape[at] as isize;
    }
    true
}

/// An array of another shape: a view where the elements lie side by side, in order; elsewhere NumPy says what it is.
fn reshaped<T: Dtype, const N: usize, const M: usize>(
    cx: Cx,
    a: Array<T, N>,
    mut shape: [i64; M],
) -> R<Array<T, M>> {
    use crate::foreign::Call;
    static RESHAPE: Call = Call::method("reshape").arrays();
    if !lies_side_by_side(&a) {
        return RESHAPE.run(cx, [a.boxed()?, shape_object(&shape)?]);
    }
    let size: i64 = a.shape.iter().product();
    if let Some(open) = shape.iter().position(|length| *length == -1) {
        let rest = shape
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != open)
            .try_fold(1i64, |product, (_, n)| if *n < 0 { None } else { product.checked_mul(*n) });
        match rest {
            Some(rest @ 1..) if size % rest == 0 => shape[open] = size / rest,
            _ => return exc(Exc::ValueError),
        }
    }
    let product =
        shape.iter().try_fold(1i64, |product, n| if *n < 0 { None } else { product.checked_mul(*n) });
    if product != Some(size) {
        return exc(Exc::ValueError);
    }
    let (mut strides, mut width) = ([0; M], size_of::<T>() as isize);
    for at in (0..M).rev() {
        strides[at] = width;
        width *= (shape[at] as isize).max(1);
    }
    Ok(Array { data: a.data, shape, strides, state: a.state, object: ptr::null_mut(), free: a.free })
}

macro_rules! reshapes {
    ($($name:ident $n:literal $($at:ident $ty:ident),+;)+) => { $(
        /// `a.reshape(…)`
        pub fn $name<T: Dtype, $($ty: Index,)+ const N: usize>(
            cx: Cx,
            a: Array<T, N>,
            ($($at,)+): ($($ty,)+),
        ) -> R<Array<T, $n>> {
            reshaped(cx, a, [$($at.index()?),+])
        }
    )+ };
}

reshapes! {
    reshape1 1 a A;
    reshape2 2 a A, b B;
    reshape3 3 a A, b B, c C;
    reshape4 4 a A, b B, c C, d D;
}

/// `a.ravel()`
pub fn ravel<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, 1>> {
    use crate::foreign::Call;
    static RAVEL: Call = Call::method("ravel").arrays();
    if lies_side_by_side(&a) {
        reshaped(cx, a, [a.shape.iter().product()])
    } else {
        RAVEL.run(cx, [a.boxed()?])
    }
}

/// `a.fill(value)`
pub fn fill<T: Dtype, V: Stored<T>, const N: usize>(cx: Cx, a: Array<T, N>, value: V) -> R<()> {
    fill_slice(cx, a, None, None, None, value)
}

/// `numpy.outer(a, b)`
pub fn outer<T: Dtype, U: Dtype, V: Dtype>(
    cx: Cx,
    a: Array<T, 1>,
    b: Array<U, 1>,
    _: Kind<V>,
) -> R<Array<V, 2>> {
    let column: Array<T, 2> = super::whole::column(a);
    operated(cx, ffi::PyNumber_Multiply, column, b)
}

/// Bails for a NumPy that is newer than those whose Python code is done natively here: a mean, a variance, the steps of
/// `linspace`. What NumPy does in C is its own at any rate.
fn check_version() -> R<()> {
    static KNOWN: AtomicU8 = AtomicU8::new(0);
    if KNOWN.load(Relaxed) == 0 {
        let known = version().is_some_and(|version| version <= NEWEST);
        KNOWN.store(if known { 1 } else { 2 }, Relaxed);
    }
    if KNOWN.load(Relaxed) == 1 { Ok(()) } else { bail(Bail::Unsupported) }
}

/// The newest NumPy whose Python code was compared with what stands here.
const NEWEST: (u32, u32) = (2, 5);

/// What NumPy says of its version.
fn version() -> Option<(u32, u32)> {
    // SAFETY: the GIL is held; all results are borrowed, and the text lives as long as its object.
    unsafe {
        let module = ffi::PyDict_GetItemString(ffi::PyImport_GetModuleDict(), c"numpy.version".as_ptr());
        if module.is_null() || ffi::PyModule_Check(module) == 0 {
            return None;
        }
        let text = ffi::PyDict_GetItemString(ffi::PyModule_GetDict(module), c"version".as_ptr());
        if text.is_null() || ffi::PyUnicode_CheckExact(text) == 0 {
            return None;
        }
        let text = ffi::PyUnicode_AsUTF8(text);
        if text.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let mut parts = core::ffi::CStr::from_ptr(text).to_str().ok()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// How many elements a mean along an axis is of.
fn along<const N: usize>(shape: &[i64; N], axis: Option<i64>) -> R<i64> {
    let Some(axis) = axis else { return Ok(shape.iter().product()) };
    let at = if axis < 0 { axis + N as i64 } else { axis };
    match usize::try_from(at).ok().and_then(|at| shape.get(at)) {
        Some(length) => Ok(*length),
        None => bail(Bail::Unsupported),
    }
}

/// Divides a new array by a number, element by element.
fn divide<const N: usize>(a: Array<f64, N>, by: f64) {
    let size: i64 = a.shape.iter().product();
    // SAFETY: a new array that NumPy has made lies in one piece, in whatever order.
    let places = unsafe { core::slice::from_raw_parts_mut(a.data, size as usize) };
    places.iter_mut().for_each(|place| *place /= by);
}

/// `a.var(axis)` before the last division: the squares of the differences from the mean, summed up.
fn squares<const N: usize, O: crate::foreign::Given>(
    cx: Cx,
    a: Array<f64, N>,
    axis: Option<i64>,
    keepdims: bool,
) -> R<O> {
    check_version()?;
    let count = along(&a.shape, axis)?;
    if count == 0 {
        return bail(Bail::Warning);
    }
    let mean: Array<f64, N> = reduced(cx, "add", a, axis, true)?;
    divide(mean, count as f64);
    let apart: Array<f64, N> = operated(cx, ffi::PyNumber_Subtract, a, mean)?;
    let squared: Array<f64, N> = super::asked::mapped(cx, "square", apart)?;
    reduced(cx, "add", squared, axis, keepdims)
}

macro_rules! statistics {
    ($($n:literal $m:literal $mean:ident $var:ident $std:ident;)+) => { $(
        /// `a.mean(axis)`
        pub fn $mean(cx: Cx, a: Array<f64, $n>, axis: i64) -> R<Array<f64, $m>> {
            mean_along(cx, a, axis, false)
        }

        /// `a.var(axis)`
        pub fn $var(cx: Cx, a: Array<f64, $n>, axis: i64) -> R<Array<f64, $m>> {
            var_along(cx, a, axis, false)
        }

        /// `a.std(axis)`
        pub fn $std(cx: Cx, a: Array<f64, $n>, axis: i64) -> R<Array<f64, $m>> {
            super::array_sqrt(cx, var_along::<$n, $m>(cx, a, axis, false)?)
        }
    )+ };
}

statistics! {
    2 1 mean2 var2 std2;
    3 2 mean3 var3 std3;
    4 3 mean4 var4 std4;
}

fn mean_along<const N: usize, const M: usize>(
    cx: Cx,
    a: Array<f64, N>,
    axis: i64,
    keepdims: bool,
) -> R<Array<f64, M>> {
    check_version()?;
    let count = along(&a.shape, Some(axis))?;
    if count == 0 {
        return bail(Bail::Warning);
    }
    let total: Array<f64, M> = reduced(cx, "add", a, Some(axis), keepdims)?;
    divide(total, count as f64);
    Ok(total)
}

fn var_along<const N: usize, const M: usize>(
    cx: Cx,
    a: Array<f64, N>,
    axis: i64,
    keepdims: bool,
) -> R<Array<f64, M>> {
    let total: Array<f64, M> = squares(cx, a, Some(axis), keepdims)?;
    divide(total, along(&a.shape, Some(axis))? as f64);
    Ok(total)
}

/// `a.mean(axis, keepdims=True)`
pub fn mean_kept<const N: usize>(cx: Cx, a: Array<f64, N>, axis: i64) -> R<Array<f64, N>> {
    mean_along(cx, a, axis, true)
}

/// `a.var(axis, keepdims=True)`
pub fn var_kept<const N: usize>(cx: Cx, a: Array<f64, N>, axis: i64) -> R<Array<f64, N>> {
    var_along(cx, a, axis, true)
}

/// `a.std(axis, keepdims=True)`
pub fn std_kept<const N: usize>(cx: Cx, a: Array<f64, N>, axis: i64) -> R<Array<f64, N>> {
    super::array_sqrt(cx, var_along::<N, N>(cx, a, axis, true)?)
}

/// `a.var()`
pub fn array_var<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    let total: Np<f64> = squares(cx, a, None, false)?;
    let count: i64 = a.shape.iter().product();
    Ok(Np(total.0 / count as f64))
}

/// `a.std()`
pub fn array_std<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    super::one_sqrt(cx, array_var(cx, a)?)
}

/// `numpy.sort(a)` of one dimension: a new array, in order.
pub fn sorted<T: Dtype>(cx: Cx, a: Array<T, 1>) -> R<Array<T, 1>> {
    use crate::foreign::Call;
    static COPY: Call = Call::method("copy").arrays();
    static SORT: Call = Call::method("sort").arrays();
    let copy: Array<T, 1> = COPY.run(cx, [a.boxed()?])?;
    let () = SORT.run(cx, [copy.boxed()?])?;
    Ok(copy)
}

/// `numpy.diff(a)` of numbers.
pub fn differences<T: Dtype>(cx: Cx, a: Array<T, 1>) -> R<Array<T, 1>> {
    let (behind, before) = (slice(a, Some(1), None, None)?, slice(a, None, Some(-1), None)?);
    operated(cx, ffi::PyNumber_Subtract, behind, before)
}

/// `numpy.roll(a, shift, axis)`
pub fn rolled<T: Dtype, I: Index, J: Index, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    shift: I,
    axis: J,
) -> R<Array<T, N>> {
    let (shift, axis) = (shift.index()?, axis.index()?);
    let at = if axis < 0 { axis + N as i64 } else { axis };
    let Some(length) = usize::try_from(at).ok().and_then(|at| a.shape.get(at)).copied() else {
        return bail(Bail::Unsupported);
    };
    let offset = shift.rem_euclid(length.max(1));
    let out = like(cx, a)?;
    // What lies between two places of that dimension.
    let part = |a: &Array<T, N>, from: i64, to: i64| {
        let mut part = *a;
        part.shape[at as usize] = to - from;
        part.data = if to > from { a.at(from as isize * a.strides[at as usize]) } else { a.data };
        part.object = ptr::null_mut();
        part
    };
    for (from, to, count) in [(0, offset, length - offset), (length - offset, 0, offset)] {
        if count > 0 {
            assign(cx, part(&out, to, to + count), part(&a, from, from + count))?;
        }
    }
    Ok(out)
}

/// `numpy.flip(a)`: a view.
pub fn flipped<T: Dtype, const N: usize>(mut a: Array<T, N>) -> Array<T, N> {
    let empty = a.shape.contains(&0);
    for at in 0..N {
        if !empty {
            a.data = a.at((a.shape[at] as isize - 1) * a.strides[at]);
        }
        a.strides[at] = a.strides[at].wrapping_neg();
    }
    a.object = ptr::null_mut();
    a
}

/// `numpy.float64(x)` and the like.
pub fn of_kind<T: Dtype, V: Stored<T>>(value: V, _: Kind<T>) -> R<Np<T>> {
    Ok(Np(value.stored()?))
}

/// `a.reshape(n)`
pub fn reshape_one<T: Dtype, I: Index, const N: usize>(cx: Cx, a: Array<T, N>, n: I) -> R<Array<T, 1>> {
    reshaped(cx, a, [n.index()?])
}

macro_rules! reshapes_to {
    ($($name:ident $n:literal $($at:ident $ty:ident),+;)+) => { $(
        /// `a.reshape(n, m)` and the like.
        pub fn $name<T: Dtype, $($ty: Index,)+ const N: usize>(cx: Cx, a: Array<T, N>, $($at: $ty),+) -> R<Array<T, $n>> {
            reshaped(cx, a, [$($at.index()?),+])
        }
    )+ };
}

reshapes_to! {
    reshape_to2 2 b B, c C;
    reshape_to3 3 b B, c C, d D;
    reshape_to4 4 b B, c C, d D, e E;
}
