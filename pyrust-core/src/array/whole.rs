//! Whole arrays: views by several indices, stores into slices, element by element arithmetic.
//!
//! Arithmetic goes over the elements once; a result that is not finite is noted, and if there is one, everything is
//! computed again by what tells a warning from an infinity that was there before. Ints wrap, as NumPy's arrays do.

use core::any::TypeId;
use core::ptr;

use super::asked::{Asked, assign, operated};
use super::{Array, Conv, Dtype, Index, Np, Stored, made_as, opened, place, slice};
use crate::buf::Buf;
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::alone;
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

/// A view in the making: what of the array's dimensions is left.
pub struct Cuts<const M: usize> {
    offset: isize,
    shape: [i64; M],
    strides: [isize; M],
    /// How many dimensions the view has so far, and how many of the array's have been gone through.
    kept: usize,
    gone: usize,
    /// In front of which part a `...` stands, and for how many dimensions.
    rest: (usize, usize),
}

impl<const M: usize> Cuts<M> {
    fn keep(&mut self, len: i64, stride: isize) -> R<()> {
        let (Some(shape), Some(strides)) = (self.shape.get_mut(self.kept), self.strides.get_mut(self.kept))
        else {
            return bail(Bail::Unsupported);
        };
        (*shape, *strides) = (len, stride);
        self.kept += 1;
        Ok(())
    }

    /// Before the part at this place.
    #[inline(always)]
    fn reach<const N: usize>(&mut self, at: usize, shape: &[i64; N], strides: &[isize; N]) -> R<()> {
        if self.rest.0 == at {
            for _ in 0..self.rest.1 {
                let (len, stride) = self.next(shape, strides)?;
                self.keep(len, stride)?;
            }
        }
        Ok(())
    }

    /// The next of the array's dimensions.
    fn next<const N: usize>(&mut self, shape: &[i64; N], strides: &[isize; N]) -> R<(i64, isize)> {
        let at = self.gone;
        self.gone += 1;
        match (shape.get(at), strides.get(at)) {
            (Some(len), Some(stride)) => Ok((*len, *stride)),
            _ => bail(Bail::Unsupported),
        }
    }
}

/// What stands for one dimension in the brackets: an index, the bounds of a slice, or `None` for a new dimension.
pub trait Axis {
    fn cut<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()>;
}

impl<I: Index> Axis for I {
    #[inline(always)]
    fn cut<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()> {
        let (len, stride) = cuts.next(shape, strides)?;
        cuts.offset += place(self.index()?, len)? * stride;
        Ok(())
    }
}

impl Axis for () {
    #[inline(always)]
    fn cut<const N: usize, const M: usize>(self, cuts: &mut Cuts<M>, _: &[i64; N], _: &[isize; N]) -> R<()> {
        cuts.keep(1, 0)
    }
}

impl<A: Bound, B: Bound, C: Bound> Axis for (A, B, C) {
    #[inline(always)]
    fn cut<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()> {
        let (len, stride) = cuts.next(shape, strides)?;
        let slice = Slice::new(self.0.bound()?, self.1.bound()?, self.2.bound()?, len as usize)?;
        if slice.count > 0 {
            cuts.offset += slice.start as isize * stride;
        }
        cuts.keep(slice.count as i64, stride.wrapping_mul(slice.step as isize))
    }
}

/// What stands in the brackets.
pub trait Parts {
    /// Cuts each dimension.
    fn cuts<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()>;
}

impl Parts for () {
    #[inline(always)]
    fn cuts<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()> {
        self.cut(cuts, shape, strides)
    }
}

impl<I: Index> Parts for I {
    #[inline(always)]
    fn cuts<const N: usize, const M: usize>(
        self,
        cuts: &mut Cuts<M>,
        shape: &[i64; N],
        strides: &[isize; N],
    ) -> R<()> {
        self.cut(cuts, shape, strides)
    }
}

macro_rules! parts {
    ($($($name:ident $at:tt),+;)+) => { $(
        impl<$($name: Axis),+> Parts for ($($name,)+) {
            #[inline(always)]
            fn cuts<const N: usize, const M: usize>(
                self,
                cuts: &mut Cuts<M>,
                shape: &[i64; N],
                strides: &[isize; N],
            ) -> R<()> {
                $(
                    cuts.reach($at, shape, strides)?;
                    self.$at.cut(cuts, shape, strides)?;
                )+
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
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

#[inline(always)]
fn part<T: Dtype, P: Parts, const N: usize, const M: usize>(a: Array<T, N>, parts: P) -> R<Array<T, M>> {
    part_of(a, parts, (usize::MAX, 0))
}

/// The same where `...` stands in front of the part at a place.
#[inline(always)]
fn part_of<T: Dtype, P: Parts, const N: usize, const M: usize>(
    a: Array<T, N>,
    parts: P,
    rest: (usize, usize),
) -> R<Array<T, M>> {
    let mut cuts = Cuts { offset: 0, shape: [0; M], strides: [0; M], kept: 0, gone: 0, rest };
    parts.cuts(&mut cuts, &a.shape, &a.strides)?;
    // What is not named is kept.
    while cuts.gone < N {
        let (len, stride) = cuts.next(&a.shape, &a.strides)?;
        cuts.keep(len, stride)?;
    }
    // No element is named where there is none.
    let data = if cuts.shape.contains(&0) { a.data } else { a.at(cuts.offset) };
    Ok(Array {
        data,
        shape: cuts.shape,
        strides: cuts.strides,
        state: a.state,
        object: ptr::null_mut(),
        free: a.free,
    })
}

macro_rules! part {
    ($($name:ident $rest:ident $fill:ident $copy:ident $m:literal;)+) => { $(
        /// `a[i, ..., start:stop]`: the place of the `...`, and how many dimensions the others name.
        #[inline]
        pub fn $rest<T: Dtype, P: Parts, const N: usize>(
            a: Array<T, N>,
            parts: P,
            at: usize,
            named: usize,
        ) -> R<Array<T, $m>> {
            part_of(a, parts, (at, N.saturating_sub(named)))
        }

        /// `a[i, start:stop]` and the like: a view.
        #[inline]
        pub fn $name<T: Dtype, P: Parts, const N: usize>(a: Array<T, N>, parts: P) -> R<Array<T, $m>> {
            part(a, parts)
        }

        /// `a[i, start:stop] = v` of one value.
        pub fn $fill<T: Dtype, P: Parts, V: Stored<T>, const N: usize>(
            cx: Cx,
            a: Array<T, N>,
            parts: P,
            v: V,
        ) -> R<()> {
            fill_slice(cx, part::<T, P, N, $m>(a, parts)?, None, None, None, v)
        }

        /// `a[i, start:stop] = b` of an array.
        pub fn $copy<T: Dtype, U: Dtype, P: Parts, const N: usize, const L: usize>(
            cx: Cx,
            a: Array<T, N>,
            parts: P,
            b: Array<U, L>,
        ) -> R<()> {
            assign(cx, part::<T, P, N, $m>(a, parts)?, b)
        }
    )+ };
}

part! {
    part1 rest_part1 fill_part1 copy_part1 1;
    part2 rest_part2 fill_part2 copy_part2 2;
    part3 rest_part3 fill_part3 copy_part3 3;
    part4 rest_part4 fill_part4 copy_part4 4;
}

/// `a[:, None]`: a view.
pub(super) fn column<T: Dtype>(a: Array<T, 1>) -> Array<T, 2> {
    let (shape, strides) = ([a.shape[0], 1], [a.strides[0], 0]);
    Array { data: a.data, shape, strides, state: a.state, object: ptr::null_mut(), free: a.free }
}

/// `a.T`: a view.
#[inline]
pub fn transposed<T: Dtype, const N: usize>(mut a: Array<T, N>) -> Array<T, N> {
    a.shape.reverse();
    a.strides.reverse();
    a.object = ptr::null_mut();
    a
}

/// The rows of a shape, in order: the offset of each in every one of some arrays.
pub(super) fn rows<const N: usize, const K: usize>(
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
    if a.shape != b.shape || count(&a.shape) >= LARGE && alone() {
        return assign(cx, a, b);
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

/// `a[start:stop:step] = b` of an array of fewer dimensions.
pub fn spread_slice<T: Dtype, U: Dtype, const N: usize, const M: usize>(
    cx: Cx,
    a: Array<T, N>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
    b: Array<U, M>,
) -> R<()> {
    assign(cx, slice(a, start, stop, step)?, b)
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
pub trait Operand<C, const N: usize>: Copy + Scalar {
    type Ready: Ready<C, N>;
    /// Converts what is the same for all.
    fn ready(self) -> R<Self::Ready>;

    /// Do its elements stand in the order of their places?
    fn is_plain(self) -> bool {
        true
    }

    /// The array whose memory the result may take.
    fn given_up(self) -> Option<Array<C, N>> {
        None
    }
}

/// A new array that nothing else holds, and that nobody needs any more.
pub struct Spent<T, const N: usize>(pub Array<T, N>);

impl<T, const N: usize> Clone for Spent<T, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const N: usize> Copy for Spent<T, N> {}

impl<T: Dtype, const N: usize> Scalar for Spent<T, N> {
    fn boxed(&self) -> R<Boxed> {
        self.0.boxed()
    }
}

impl<T: Dtype, const N: usize> Operand<T, N> for Spent<T, N>
where
    Np<T>: Conv<T>,
{
    type Ready = Array<T, N>;

    fn ready(self) -> R<Array<T, N>> {
        Ok(self.0)
    }

    fn is_plain(self) -> bool {
        is_plain(&self.0)
    }

    fn given_up(self) -> Option<Array<T, N>> {
        Some(self.0)
    }
}

/// The same, and nothing can fail any more.
pub trait Ready<C, const N: usize>: Copy {
    fn shape(self) -> Option<[i64; N]>;
    fn strides(self) -> [isize; N];
    /// The element so many bytes away.
    fn load(self, offset: isize) -> R<C>;

    /// A row that begins there, where that can be told at once.
    fn row<'r>(self, _offset: isize, _width: usize) -> Row<'r, C> {
        Row::Apart
    }
}

/// The elements of a row.
pub enum Row<'r, C> {
    /// They lie side by side.
    Side(&'r [C]),
    /// All are the same.
    Same(C),
    /// They are far apart, or of another type.
    Apart,
}

/// Do the elements stand in the order of their places? NumPy gives a result the order that the operands have; only this
/// one is done here.
pub(super) fn is_plain<T, const N: usize>(a: &Array<T, N>) -> bool {
    let mut last = isize::MAX;
    for at in 0..N {
        if a.shape[at] > 1 {
            if N > 1 && (a.strides[at] <= 0 || a.strides[at] > last) {
                return false;
            }
            last = a.strides[at];
        }
    }
    true
}

impl<T: Dtype, C: 'static, const N: usize> Operand<C, N> for Array<T, N>
where
    Np<T>: Conv<C>,
{
    type Ready = Self;

    fn ready(self) -> R<Self> {
        Ok(self)
    }

    fn is_plain(self) -> bool {
        is_plain(&self)
    }
}

impl<T: Dtype, C: 'static, const N: usize> Ready<C, N> for Array<T, N>
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

    #[inline(always)]
    fn row<'r>(self, offset: isize, width: usize) -> Row<'r, C> {
        let same = TypeId::of::<T>() == TypeId::of::<C>() && TypeId::of::<T>() != TypeId::of::<bool>();
        if !same || N == 0 || self.strides[N - 1] != size_of::<T>() as isize {
            return Row::Apart;
        }
        // SAFETY: so many elements of this very type stand there, by `rows`, and nobody writes to them meanwhile: what is
        // computed goes to memory of its own.
        Row::Side(unsafe { core::slice::from_raw_parts(self.at(offset).cast::<C>(), width) })
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

    #[inline(always)]
    fn row<'r>(self, _: isize, _: usize) -> Row<'r, C> {
        Row::Same(self.0)
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

/// The results, in order. `quick` computes, and says with a number other than 0 that what came out must be looked at; then
/// `exact` computes all again, and bails where NumPy would warn.
fn results<C: Copy + 'static, D: Dtype, A: Ready<C, N>, B: Ready<C, N>, const N: usize>(
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
        let places = &mut out[at..at + width];
        let mut put = |place: &mut D, a: C, b: C| {
            let (value, note) = quick(a, b);
            *place = value;
            odd |= note;
        };
        // Loops that LLVM can widen.
        match (a.row(row, width), b.row(other, width)) {
            (Row::Side(a), Row::Side(b)) => {
                places.iter_mut().zip(a.iter().zip(b)).for_each(|(place, (a, b))| put(place, *a, *b));
            }
            (Row::Side(a), Row::Same(b)) => places.iter_mut().zip(a).for_each(|(place, a)| put(place, *a, b)),
            (Row::Same(a), Row::Side(b)) => places.iter_mut().zip(b).for_each(|(place, b)| put(place, a, *b)),
            _ => {
                for (k, place) in (0..).zip(places) {
                    put(place, a.load(row + k * by)?, b.load(other + k * by_other)?);
                }
            }
        }
        at += width;
        Ok(())
    })?;
    if odd != 0 {
        rows(shape, [&s, &t], |[row, other]| {
            (0..width as isize)
                .try_for_each(|k| exact(a.load(row + k * by)?, b.load(other + k * by_other)?).map(drop))
        })?;
    }
    Ok(())
}

/// From so many elements on NumPy's own loops are faster than a call of NumPy is slow.
const LARGE: i64 = 1024;

/// The shape of both, if it is one.
fn shape_of<C, A: Ready<C, N>, B: Ready<C, N>, const N: usize>(a: A, b: B) -> Option<[i64; N]> {
    match (a.shape(), b.shape()) {
        (Some(a), Some(b)) if a != b => None,
        (Some(shape), _) | (None, Some(shape)) => Some(shape),
        (None, None) => None,
    }
}

/// `a + b` and the like: a new array.
pub(super) fn combined<C: Copy + 'static, D: Dtype, A: Operand<C, N>, B: Operand<C, N>, const N: usize>(
    cx: Cx,
    operator: Asked,
    in_place: impl FnOnce(Cx, Array<C, N>, B) -> R<()>,
    (given, other): (A, B),
    quick: impl Fn(C, C) -> (D, i64),
    exact: impl Fn(C, C) -> R<Np<D>>,
) -> R<Array<D, N>> {
    let (a, b) = (given.ready()?, other.ready()?);
    let plain = given.is_plain() && other.is_plain();
    let shape = shape_of(a, b);
    let Some(shape) = shape.filter(|shape| plain && (count(shape) < LARGE || !alone())) else {
        // Where it fits, the result takes the place of what is used up: it lies as a new one would.
        if let (Some(spent), Some(shape)) = (given.given_up().filter(|_| plain), shape)
            && spent.shape == shape
            && TypeId::of::<C>() == TypeId::of::<D>()
        {
            in_place(cx, spent, other)?;
            return Array::from_object(cx, spent.object);
        }
        let out = operated(cx, operator, given, other)?;
        given.given_up().into_iter().for_each(|spent| super::spent(cx, spent));
        return Ok(out);
    };
    let out = made_as::<D, N>(cx, shape)?;
    // SAFETY: new memory of that many elements side by side, which nothing else names yet; any bits are a number.
    let places = unsafe {
        ptr::write_bytes(out.data, 0, count(&shape) as usize);
        core::slice::from_raw_parts_mut(out.data, count(&shape) as usize)
    };
    results((a, b), &shape, quick, exact, places)?;
    given.given_up().into_iter().for_each(|spent| super::spent(cx, spent));
    Ok(out)
}

/// `a += b` and the like: the same array. What is computed may overlap with it.
pub(super) fn changed<D: Dtype + Default, B: Operand<D, N>, const N: usize>(
    cx: Cx,
    in_place: impl FnOnce(Cx, Array<D, N>, B) -> R<()>,
    (a, given): (Array<D, N>, B),
    quick: impl Fn(D, D) -> (D, i64),
    exact: impl Fn(D, D) -> R<Np<D>>,
) -> R<()>
where
    Np<D>: Conv<D>,
{
    let b = given.ready()?;
    let plain = given.is_plain() && is_plain(&a) && b.shape().is_none_or(|shape| shape == a.shape);
    if !plain || count(&a.shape) >= LARGE && alone() {
        return in_place(cx, a, given);
    }
    let mut values = Buf::new();
    let total = count(&a.shape) as usize;
    if !values.reserve_total(total) || !(0..total).all(|_| values.push(D::default()).is_ok()) {
        return bail(Bail::Memory);
    }
    results((a, b), &a.shape, quick, exact, &mut values)?;
    write(cx, a, &values)
}
