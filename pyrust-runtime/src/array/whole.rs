//! Whole arrays: views by several indices, stores into slices, element by element arithmetic.
//!
//! Arithmetic goes over the elements once; a result that is not finite is noted, and if there is one, everything is
//! computed again by what tells a warning from an infinity that was there before. Ints wrap, as NumPy's arrays do.

use core::ptr;

use super::{Array, Conv, Dtype, Index, Np, Stored, made_as, opened, place, slice};
use crate::buf::Buf;
use crate::range::Slice;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// What can stand before or behind the colon of a slice.
pub trait Bound {
    fn bound(self) -> R<Option<i64>>;
}

impl Bound for () {
    #[inline(always)]
    fn bound(self) -> R<Option<i64>> {
        Ok(None)
    }
}

impl<I: Index> Bound for I {
    #[inline(always)]
    fn bound(self) -> R<Option<i64>> {
        Ok(Some(self.index()?))
    }
}

/// What stands for one dimension in the brackets: an index, or the bounds of a slice.
pub trait Axis {
    /// How far the view begins from the array, and the length and the stride that are left.
    fn cut(self, len: i64, stride: isize) -> R<(isize, Option<(i64, isize)>)>;
}

impl<I: Index> Axis for I {
    #[inline(always)]
    fn cut(self, len: i64, stride: isize) -> R<(isize, Option<(i64, isize)>)> {
        Ok((place(self.index()?, len)? * stride, None))
    }
}

impl<A: Bound, B: Bound, C: Bound> Axis for (A, B, C) {
    #[inline(always)]
    fn cut(self, len: i64, stride: isize) -> R<(isize, Option<(i64, isize)>)> {
        let slice = Slice::new(self.0.bound()?, self.1.bound()?, self.2.bound()?, len as usize)?;
        let offset = if slice.count > 0 { slice.start as isize * stride } else { 0 };
        Ok((offset, Some((slice.count as i64, stride.wrapping_mul(slice.step as isize)))))
    }
}

/// What stands in the brackets.
pub trait Parts {
    /// Cuts each dimension.
    fn cuts(self, cut: &mut [(isize, Option<(i64, isize)>)], shape: &[i64], strides: &[isize]) -> R<()>;
}

macro_rules! parts {
    ($($($name:ident $at:tt),+;)+) => { $(
        impl<$($name: Axis),+> Parts for ($($name,)+) {
            #[inline(always)]
            fn cuts(self, cut: &mut [(isize, Option<(i64, isize)>)], shape: &[i64], strides: &[isize]) -> R<()> {
                $( cut[$at] = self.$at.cut(shape[$at], strides[$at])?; )+
                Ok(())
            }
        }
    )+ };
}

parts! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
}

fn part<T: Dtype, P: Parts, const N: usize, const M: usize>(a: Array<T, N>, parts: P) -> R<Array<T, M>> {
    // What is not named is kept.
    let mut cuts: [_; N] = core::array::from_fn(|at| (0, Some((a.shape[at], a.strides[at]))));
    parts.cuts(&mut cuts, &a.shape, &a.strides)?;
    let (mut shape, mut strides, mut offset, mut kept) = ([0; M], [0; M], 0, 0);
    for (moved, left) in cuts {
        offset += moved;
        if let Some((len, stride)) = left {
            (shape[kept], strides[kept]) = (len, stride);
            kept += 1;
        }
    }
    // No element is named where there is none.
    let data = if shape.contains(&0) { a.data } else { a.at(offset) };
    Ok(Array { data, shape, strides, state: a.state, object: ptr::null_mut(), free: a.free })
}

macro_rules! part {
    ($($name:ident $m:literal;)+) => { $(
        /// `a[i, start:stop]` and the like: a view.
        #[inline]
        pub fn $name<T: Dtype, P: Parts, const N: usize>(a: Array<T, N>, parts: P) -> R<Array<T, $m>> {
            part(a, parts)
        }
    )+ };
}

part! {
    part1 1;
    part2 2;
    part3 3;
    part4 4;
}

/// `a.T`: a view.
#[inline]
pub fn transposed<T: Dtype, const N: usize>(mut a: Array<T, N>) -> Array<T, N> {
    a.shape.reverse();
    a.strides.reverse();
    if N > 1 {
        a.object = ptr::null_mut();
    }
    a
}

/// The rows of a shape, in order: the offset of each in every one of some arrays.
fn rows<const N: usize, const K: usize>(
    shape: &[i64; N],
    strides: [&[isize; N]; K],
    mut each: impl FnMut([isize; K]) -> R<()>,
) -> R<()> {
    if shape.contains(&0) {
        return Ok(());
    }
    let mut index = [0i64; N];
    let mut offsets = [0isize; K];
    loop {
        each(offsets)?;
        // The next one, as a number with a digit for each dimension but the last.
        let mut at = N - 1;
        loop {
            if at == 0 {
                return Ok(());
            }
            at -= 1;
            index[at] += 1;
            for k in 0..K {
                offsets[k] = offsets[k].wrapping_add(strides[k][at]);
            }
            if index[at] < shape[at] {
                break;
            }
            index[at] = 0;
            for k in 0..K {
                offsets[k] = offsets[k].wrapping_sub(strides[k][at].wrapping_mul(shape[at] as isize));
            }
        }
    }
}

fn count<const N: usize>(shape: &[i64; N]) -> i64 {
    shape.iter().product()
}

/// `a[start:stop:step] = v` of one value.
pub fn fill_slice<T: Dtype, V: Stored<T>, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
    v: V,
) -> R<()> {
    let a = slice(a, start, stop, step)?;
    let value = v.stored()?;
    let a = opened(cx, a, count(&a.shape))?;
    rows(&a.shape, [&a.strides], |[row]| {
        for k in 0..a.shape[N - 1] as isize {
            a.store(cx, a.at(row + k * a.strides[N - 1]), value)?;
        }
        Ok(())
    })
}

/// `a[start:stop:step] = b` of an array of that shape.
pub fn copy_slice<T: Dtype, U: Dtype, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
    b: Array<U, N>,
) -> R<()>
where
    Np<U>: Stored<T>,
{
    let a = slice(a, start, stop, step)?;
    if a.shape != b.shape {
        return bail(Bail::Unsupported);
    }
    // Read before anything is written: they may overlap.
    let mut values = Buf::new();
    if !values.reserve_total(count(&b.shape) as usize) {
        return bail(Bail::Memory);
    }
    rows(&b.shape, [&b.strides], |[row]| {
        for k in 0..b.shape[N - 1] as isize {
            // SAFETY: the place of an element.
            let value = Np(unsafe { U::load(b.at(row + k * b.strides[N - 1])) }).stored()?;
            if values.push(value).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(())
    })?;
    write(cx, a, &values)
}

/// Stores the elements, in order.
fn write<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>, values: &[T]) -> R<()> {
    let a = opened(cx, a, values.len() as i64)?;
    let mut values = values.iter();
    rows(&a.shape, [&a.strides], |[row]| {
        for (k, value) in (0..a.shape[N - 1] as isize).zip(values.by_ref()) {
            a.store(cx, a.at(row + k * a.strides[N - 1]), *value)?;
        }
        Ok(())
    })
}

/// What takes part in arithmetic that is done in `C`: an array, or a value for all elements.
pub trait Operand<C, const N: usize>: Copy {
    type Ready: Ready<C, N>;
    /// Converts what is the same for all.
    fn ready(self) -> R<Self::Ready>;
}

/// The same, and nothing can fail any more.
pub trait Ready<C, const N: usize>: Copy {
    fn shape(self) -> Option<[i64; N]>;
    fn strides(self) -> [isize; N];
    /// The element so many bytes away.
    fn load(self, offset: isize) -> R<C>;
}

impl<T: Dtype, C, const N: usize> Operand<C, N> for Array<T, N>
where
    Np<T>: Conv<C>,
{
    type Ready = Self;

    fn ready(self) -> R<Self> {
        // NumPy gives the result the order that the operands have; that is looked at for the plain one only.
        let mut last = isize::MAX;
        for at in 0..N {
            if self.shape[at] > 1 {
                if N > 1 && (self.strides[at] <= 0 || self.strides[at] > last) {
                    return bail(Bail::Unsupported);
                }
                last = self.strides[at];
            }
        }
        Ok(self)
    }
}

impl<T: Dtype, C, const N: usize> Ready<C, N> for Array<T, N>
where
    Np<T>: Conv<C>,
{
    #[inline(always)]
    fn shape(self) -> Option<[i64; N]> {
        Some(self.shape)
    }

    #[inline(always)]
    fn strides(self) -> [isize; N] {
        self.strides
    }

    #[inline(always)]
    fn load(self, offset: isize) -> R<C> {
        // SAFETY: the place of an element, by `rows`.
        Np(unsafe { T::load(self.at(offset)) }).conv()
    }
}

/// A value for all elements.
#[derive(Clone, Copy)]
pub struct Same<C>(C);

impl<C: Copy, const N: usize> Ready<C, N> for Same<C> {
    #[inline(always)]
    fn shape(self) -> Option<[i64; N]> {
        None
    }

    #[inline(always)]
    fn strides(self) -> [isize; N] {
        [0; N]
    }

    #[inline(always)]
    fn load(self, _: isize) -> R<C> {
        Ok(self.0)
    }
}

macro_rules! same {
    ($($ty:ty),+) => { $(
        impl<C: Copy, const N: usize> Operand<C, N> for $ty
        where
            $ty: Conv<C>,
        {
            type Ready = Same<C>;

            #[inline(always)]
            fn ready(self) -> R<Same<C>> {
                Ok(Same(self.conv()?))
            }
        }
    )+ };
}

same!(
    i64,
    f64,
    bool,
    Np<f64>,
    Np<f32>,
    Np<i64>,
    Np<i32>,
    Np<i16>,
    Np<i8>,
    Np<u64>,
    Np<u32>,
    Np<u16>,
    Np<u8>,
    Np<bool>
);

/// The results, in order. `quick` computes, and says with a negative number that what came out must be looked at; then
/// `exact` computes all again, and bails where NumPy would warn.
fn results<C: Copy, D: Dtype, A: Ready<C, N>, B: Ready<C, N>, const N: usize>(
    (a, b): (A, B),
    shape: &[i64; N],
    quick: impl Fn(C, C) -> (D, i64),
    exact: impl Fn(C, C) -> R<Np<D>>,
    out: &mut [D],
) -> R<()> {
    let width = shape[N - 1] as usize;
    let (s, t) = (a.strides(), b.strides());
    let (by, by_other) = (s[N - 1], t[N - 1]);
    let (mut odd, mut at) = (0i64, 0);
    rows(shape, [&s, &t], |[row, other]| {
        for (k, place) in (0..).zip(&mut out[at..at + width]) {
            let (value, note) = quick(a.load(row + k * by)?, b.load(other + k * by_other)?);
            *place = value;
            odd |= note;
        }
        at += width;
        Ok(())
    })?;
    if odd < 0 {
        rows(shape, [&s, &t], |[row, other]| {
            (0..width as isize)
                .try_for_each(|k| exact(a.load(row + k * by)?, b.load(other + k * by_other)?).map(drop))
        })?;
    }
    Ok(())
}

fn shape_of<C, A: Ready<C, N>, B: Ready<C, N>, const N: usize>(a: A, b: B) -> R<[i64; N]> {
    match (a.shape(), b.shape()) {
        (Some(a), Some(b)) if a != b => bail(Bail::Unsupported),
        (Some(shape), _) | (None, Some(shape)) => Ok(shape),
        (None, None) => bail(Bail::Unsupported),
    }
}

/// `a + b` and the like: a new array.
pub(super) fn combined<C: Copy, D: Dtype, A: Operand<C, N>, B: Operand<C, N>, const N: usize>(
    cx: Cx,
    (a, b): (A, B),
    quick: impl Fn(C, C) -> (D, i64),
    exact: impl Fn(C, C) -> R<Np<D>>,
) -> R<Array<D, N>> {
    let (a, b) = (a.ready()?, b.ready()?);
    let shape = shape_of(a, b)?;
    let out = made_as::<D, N>(cx, shape)?;
    // SAFETY: new memory of that many elements side by side, which nothing else names yet; any bits are a number.
    let places = unsafe {
        ptr::write_bytes(out.data, 0, count(&shape) as usize);
        core::slice::from_raw_parts_mut(out.data, count(&shape) as usize)
    };
    results((a, b), &shape, quick, exact, places)?;
    Ok(out)
}

/// `a += b` and the like: the same array. What is computed may overlap with it.
pub(super) fn changed<D: Dtype + Default, B: Operand<D, N>, const N: usize>(
    cx: Cx,
    (a, b): (Array<D, N>, B),
    quick: impl Fn(D, D) -> (D, i64),
    exact: impl Fn(D, D) -> R<Np<D>>,
) -> R<()>
where
    Np<D>: Conv<D>,
{
    let b = b.ready()?;
    if b.shape().is_some_and(|shape| shape != a.shape) {
        return bail(Bail::Unsupported);
    }
    let mut values = Buf::new();
    let total = count(&a.shape) as usize;
    if !values.reserve_total(total) || !(0..total).all(|_| values.push(D::default()).is_ok()) {
        return bail(Bail::Memory);
    }
    results((a, b), &a.shape, quick, exact, &mut values)?;
    write(cx, a, &values)
}
