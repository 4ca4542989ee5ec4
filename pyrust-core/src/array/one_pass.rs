//! `a * w + b - c` of whole arrays of doubles in one pass over the elements, without an array for each operation.
//!
//! Sums, differences, products and quotients of doubles are the same bits whoever computes them, as long as they are
//! finite. What is not finite is noted: NumPy may have to warn, and chooses which of two NaNs stays. Then nothing has
//! happened, and the operations are done one after the other. As `dense` says, only the outermost operation and what
//! others are divided by need to be noted.

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use super::dense::Noted;
use super::whole::{is_plain, rows};
use super::{Array, Conv, made_as, spent};
use crate::stop::R;
use crate::txn::Cx;

/// An expression over the elements at one place of `K` arrays.
pub trait Tree<const K: usize>: Copy {
    /// Is it the result of an operation?
    const IS_MADE: bool = true;

    fn at(self, elements: &[f64; K], odd: &mut i64) -> f64;
}

/// The element of one of the arrays.
#[derive(Clone, Copy)]
pub struct Nth<const I: usize>;

impl<const I: usize, const K: usize> Tree<K> for Nth<I> {
    const IS_MADE: bool = false;

    #[inline(always)]
    fn at(self, elements: &[f64; K], _: &mut i64) -> f64 {
        const { assert!(I < K) };
        elements[I]
    }
}

/// A number for all elements.
#[derive(Clone, Copy)]
pub struct Every(f64);

impl<const K: usize> Tree<K> for Every {
    const IS_MADE: bool = false;

    #[inline(always)]
    fn at(self, _: &[f64; K], _: &mut i64) -> f64 {
        self.0
    }
}

/// A number for all elements.
#[inline(always)]
pub fn every<C: Conv<f64>>(value: C) -> R<Every> {
    Ok(Every(value.conv()?))
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($($at:tt $operand:ident $value:ident),+) |$odd:ident| $result:expr;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<$($operand),+>($(pub $operand),+);

        impl<$($operand: Tree<K>,)+ const K: usize> Tree<K> for $name<$($operand),+> {
            #[inline(always)]
            fn at(self, elements: &[f64; K], $odd: &mut i64) -> f64 {
                $( let $value = self.$at.at(elements, $odd); )+
                $result
            }
        }
    )+ };
}

operations! {
    /// `a + b`
    Sum(0 A a, 1 B b) |odd| a + b;
    /// `a - b`
    Difference(0 A a, 1 B b) |odd| a - b;
    /// `a * b`
    Product(0 A a, 1 B b) |odd| a * b;
    /// `a / b`: what is divided by something that is not finite may be finite.
    Quotient(0 A a, 1 B b) |odd| {
        if B::IS_MADE {
            *odd |= b.note();
        }
        a / b
    };
    /// `-a`
    Opposite(0 A a) |odd| -a;
    /// `a ** 2`, for which NumPy multiplies.
    Squared(0 A a) |odd| a * a;
}

/// What an expression remembers: where results were not finite it is not tried for a while, longer each time.
pub struct Tries {
    vain: AtomicU8,
    wait: AtomicU32,
}

impl Tries {
    #[expect(clippy::new_without_default, reason = "made in statics only")]
    pub const fn new() -> Tries {
        Tries { vain: AtomicU8::new(0), wait: AtomicU32::new(0) }
    }

    #[inline]
    fn is_due(&self) -> bool {
        let wait = self.wait.load(Relaxed);
        self.wait.store(wait.saturating_sub(1), Relaxed);
        wait == 0
    }

    #[inline]
    fn done(&self, in_vain: bool) {
        let vain = self.vain.load(Relaxed);
        if in_vain {
            self.wait.store(1 << vain, Relaxed);
            self.vain.store((vain + 1).min(MOST_VAIN), Relaxed);
        } else if vain != 0 {
            self.vain.store(vain - 1, Relaxed);
        }
    }
}

/// After at most two to the power of so many others it is tried again.
const MOST_VAIN: u8 = 10;

/// After so many elements it is asked whether something has been noted.
const BLOCK: usize = 4096;

/// The results of so many elements, which begin at these places.
#[inline(always)]
fn row<E: Tree<K>, const K: usize>(tree: E, from: [*const f64; K], out: &mut [MaybeUninit<f64>]) -> i64 {
    let mut odd = 0;
    for (i, place) in out.iter_mut().enumerate() {
        // SAFETY: so many elements stand side by side at each of the places, by the caller.
        let elements = from.map(|from| unsafe { *from.add(i) });
        let value = tree.at(&elements, &mut odd);
        odd |= value.note();
        place.write(value);
    }
    odd
}

#[inline(never)]
fn narrow<E: Tree<K>, const K: usize>(tree: E, from: [*const f64; K], out: &mut [MaybeUninit<f64>]) -> i64 {
    row(tree, from, out)
}

/// No operations are contracted: the bits are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline(never)]
fn wide<E: Tree<K>, const K: usize>(tree: E, from: [*const f64; K], out: &mut [MaybeUninit<f64>]) -> i64 {
    row(tree, from, out)
}

#[inline(always)]
fn fastest<E: Tree<K>, const K: usize>(tree: E, from: [*const f64; K], out: &mut [MaybeUninit<f64>]) -> i64 {
    #[cfg(target_arch = "x86_64")]
    if super::is_wide() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { wide(tree, from, out) };
    }
    narrow(tree, from, out)
}

/// Does each row lie side by side? The rows lie in the order of their places, so that NumPy makes the result like that.
#[inline(always)]
fn has_rows<const N: usize>(a: &Array<f64, N>) -> bool {
    is_plain(a) && (a.strides[N - 1] == size_of::<f64>() as isize || a.shape[N - 1] <= 1)
}

/// Do the elements lie side by side, all of them?
#[inline(always)]
fn is_solid<const N: usize>(a: &Array<f64, N>) -> bool {
    let mut width = size_of::<f64>() as isize;
    (0..N).rev().all(|at| {
        let fits = a.shape[at] == 1 || a.strides[at] == width;
        width = width.wrapping_mul(a.shape[at] as isize);
        fits
    })
}

/// The expression over all elements: a new array. `None` where it is to be computed one operation after the other.
pub fn one_pass<E: Tree<K>, const N: usize, const K: usize>(
    cx: Cx,
    tries: &Tries,
    arrays: [Array<f64, N>; K],
    tree: E,
) -> R<Option<Array<f64, N>>> {
    let shape = arrays[0].shape;
    if arrays.iter().any(|a| a.shape != shape || !has_rows(a)) || !tries.is_due() {
        return Ok(None);
    }
    let count = shape.iter().product::<i64>() as usize;
    let made = made_as::<f64, N>(cx, shape)?;
    // SAFETY: new memory for that many elements side by side, which nothing else names yet.
    let out = unsafe { core::slice::from_raw_parts_mut(made.data.cast::<MaybeUninit<f64>>(), count) };
    let mut odd = 0;
    if arrays.iter().all(is_solid) {
        for (at, out) in out.chunks_mut(BLOCK).enumerate() {
            // SAFETY: the elements lie side by side, and there are as many.
            let from = arrays.map(|a| unsafe { a.data.add(at * BLOCK).cast_const() });
            odd |= fastest(tree, from, out);
            if odd != 0 {
                break;
            }
        }
    } else {
        let width = shape[N - 1] as usize;
        let mut places = out.chunks_mut(width.max(1));
        let strides = core::array::from_fn::<_, K, _>(|k| &arrays[k].strides);
        rows(&shape, strides, |offsets| {
            if odd == 0
                && let Some(out) = places.next()
            {
                let from = core::array::from_fn(|k| arrays[k].at(offsets[k]).cast_const());
                odd |= fastest(tree, from, out);
            }
            Ok(())
        })?;
    }
    tries.done(odd != 0);
    if odd == 0 {
        return Ok(Some(made));
    }
    spent(cx, made);
    Ok(None)
}

/// What is evaluated between two operations that have not been done yet: they might have warned before an exception.
#[inline(always)]
pub fn calm<T>(value: R<T>) -> R<T> {
    match value {
        Err(stop) if stop.as_exc().is_some() => crate::stop::bail(crate::stop::Bail::Warning),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, Every, Nth, Product, Quotient, Sum, Tree, Tries, narrow};
    use core::mem::MaybeUninit;

    fn run<E: Tree<2>>(tree: E, a: &[f64], b: &[f64]) -> (Vec<f64>, bool) {
        let mut out = vec![MaybeUninit::new(0.0); a.len()];
        let odd = narrow(tree, [a.as_ptr(), b.as_ptr()], &mut out);
        // SAFETY: all were numbers before.
        (out.into_iter().map(|x| unsafe { x.assume_init() }).collect(), odd != 0)
    }

    #[test]
    fn trees_are_computed() {
        let tree = Difference(Sum(Product(Nth::<0>, Every(2.0)), Nth::<1>), Every(1.0));
        assert_eq!(run(tree, &[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), (vec![11.0, 23.0, 35.0], false));
    }

    #[test]
    fn what_is_divided_by_is_noted_if_it_was_made() {
        let (big, one) = ([1e300, 1.0], [1e300, 1.0]);
        assert!(run(Quotient(Every(1.0), Product(Nth::<0>, Nth::<1>)), &big, &one).1);
        assert!(run(Quotient(Nth::<0>, Nth::<1>), &[1.0], &[0.0]).1);
        assert_eq!(run(Quotient(Nth::<0>, Nth::<1>), &[1.0], &[f64::INFINITY]), (vec![0.0], false));
    }

    #[test]
    fn what_was_in_vain_waits() {
        let tries = Tries::new();
        assert!(tries.is_due());
        tries.done(true);
        assert!(!tries.is_due() && tries.is_due());
        tries.done(true);
        assert!(!tries.is_due() && !tries.is_due() && tries.is_due());
    }
}
