//! `statistics` of numbers: means and variances are exact fractions, rounded once at the end, as that module has them.
//!
//! What it computes with `Fraction` is here a sum in fixed point, wide enough for every float and its square. Numbers
//! that are not finite, and too few of them, are left to Python.

use core::cmp::Ordering;

use crate::big::{self, Big};
use crate::int;
use crate::list::ListLike;
use crate::math::Fsum;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::union::U2;

/// Bits of one digit of an accumulator; it has as many again for carries.
const DIGIT: u32 = 32;
/// So many numbers never overflow a digit.
const MOST: usize = 1 << 30;
/// The exponent of the smallest float.
const LOWEST: i32 = -1074;
/// Digits for sums of squares: of 2 ** -2148 to beyond 2 ** 2048.
const DIGITS: usize = 140;

/// `±digits * 2 ** exponent`, finite.
#[derive(Clone, Copy)]
pub struct Scaled {
    negative: bool,
    digits: u64,
    exponent: i32,
}

/// A number of which the exact value counts.
pub trait Exact: Copy + 'static {
    /// Its digits.
    fn scaled(self) -> R<Scaled>;
    /// As a float, as `math.fsum` takes it.
    fn float(self) -> f64;
    /// How it compares with another one; none for what is no number.
    fn order(self, other: Self) -> Option<Ordering>;
}

impl Exact for f64 {
    #[inline]
    fn scaled(self) -> R<Scaled> {
        if !self.is_finite() {
            return bail(Bail::Unsupported);
        }
        let bits = self.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let digits = if exponent == 0 { fraction } else { fraction | 1 << 52 };
        Ok(Scaled { negative: self.is_sign_negative(), digits, exponent: LOWEST + (exponent - 1).max(0) })
    }

    #[inline]
    fn float(self) -> f64 {
        self
    }

    #[inline]
    fn order(self, other: Self) -> Option<Ordering> {
        self.partial_cmp(&other)
    }
}

impl Exact for i64 {
    #[inline]
    fn scaled(self) -> R<Scaled> {
        Ok(Scaled { negative: self < 0, digits: self.unsigned_abs(), exponent: 0 })
    }

    #[inline]
    fn float(self) -> f64 {
        int::to_float(self)
    }

    #[inline]
    fn order(self, other: Self) -> Option<Ordering> {
        Some(self.cmp(&other))
    }
}

/// A sum in fixed point, of which the last digit stands for `2 ** base`.
struct Sum {
    digits: [i64; DIGITS],
    base: i32,
    /// The digits that are not all zero: from the first one up to before the last one.
    used: (usize, usize),
}

impl Sum {
    fn new(base: i32) -> Sum {
        Sum { digits: [0; DIGITS], base, used: (DIGITS, 0) }
    }

    /// Adds `±value * 2 ** exponent`.
    #[inline]
    fn add(&mut self, negative: bool, value: u128, exponent: i32) {
        let place = (exponent - self.base) as u32;
        let (first, shift) = ((place / DIGIT) as usize, place % DIGIT);
        let (low, high) = (value << shift, value.checked_shr(128 - shift).unwrap_or(0));
        let mut at = first;
        for part in [low, high] {
            let mut left = part;
            for _ in 0..4 {
                if left == 0 {
                    break;
                }
                let digit = (left & u128::from(u32::MAX)) as i64;
                self.digits[at] += if negative { -digit } else { digit };
                left >>= DIGIT;
                at += 1;
            }
            if high == 0 {
                break;
            }
            at = first + 4;
        }
        self.used = (self.used.0.min(first), self.used.1.max(at));
    }

    /// The sum, and the exponent of two that it is to be multiplied with.
    fn finish(mut self, cx: Cx) -> R<(Big, i64)> {
        let (first, end) = self.used;
        if first >= end {
            return Ok((big::of(0), 0));
        }
        let mut carry = 0;
        // Two digits more have room for every carry.
        let end = (end + 2).min(DIGITS);
        for digit in &mut self.digits[first..end] {
            let value = *digit + carry;
            (*digit, carry) = (value & i64::from(u32::MAX), value >> DIGIT);
        }
        let negative = carry < 0;
        let mut bytes = Vec::with_capacity((end - first) * 4);
        let mut borrow = true;
        for digit in &self.digits[first..end] {
            let mut word = *digit as u32;
            if negative {
                (word, borrow) = (!word).overflowing_add(u32::from(borrow));
            }
            bytes.extend(word.to_le_bytes());
        }
        let size = big::from_little(&bytes)?;
        let value = if negative { big::neg(cx, &size)? } else { size };
        Ok((value, i64::from(self.base) + i64::from(DIGIT) * first as i64))
    }
}

/// A fraction that is not reduced; the denominator is positive.
struct Fraction {
    above: Big,
    below: Big,
}

impl Fraction {
    /// `above * 2 ** exponent / below`.
    fn new(cx: Cx, above: Big, exponent: i64, below: Big) -> R<Fraction> {
        Ok(match exponent {
            0.. => Fraction { above: big::shl(cx, &above, exponent)?, below },
            _ => Fraction { above, below: big::shl(cx, &below, -exponent)? },
        })
    }

    fn float(&self, cx: Cx) -> R<f64> {
        big::truediv(cx, &self.above, &self.below)
    }

    /// An int if it is whole.
    fn number(&self, cx: Cx) -> R<U2<i64, f64>> {
        let (whole, rest) = big::divmod(cx, &self.above, &self.below)?;
        Ok(if !big::truth(&rest) { U2::A(big::to_int(&whole)?) } else { U2::B(self.float(cx)?) })
    }

    /// The square root, rounded once: of a root in whole numbers with more digits than a float has, the last of which
    /// is odd where it is not exact.
    fn root(&self, cx: Cx) -> R<f64> {
        const WIDTH: i64 = 109;
        let spare = (big::bit_length(&self.above) - big::bit_length(&self.below) - WIDTH).div_euclid(2);
        let (above, below) = match spare {
            0.. => (self.above.clone(), big::shl(cx, &self.below, 2 * spare)?),
            _ => (big::shl(cx, &self.above, -2 * spare)?, self.below.clone()),
        };
        let root = big::isqrt(cx, &big::floordiv(cx, &above, &below)?)?;
        let square = big::mul(cx, &big::mul(cx, &root, &root)?, &below)?;
        let odd = if big::eq(&square, &above) { root } else { big::or_(cx, &root, &big::of(1))? };
        Fraction::new(cx, odd, spare, big::of(1))?.float(cx)
    }
}

fn sum_of<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<(Big, i64)> {
    let mut sum = Sum::new(LOWEST);
    for i in 0..items.count() {
        let x = items.item(cx, i)?.scaled()?;
        sum.add(x.negative, u128::from(x.digits), x.exponent);
    }
    sum.finish(cx)
}

/// At least as many numbers as it takes, and not more than sums have room for.
fn counted<T: Exact, L: ListLike<T>>(items: &L, least: usize) -> R<Big> {
    let count = items.count();
    if count < least || count > MOST { bail(Bail::Unsupported) } else { Ok(big::of(count as i64)) }
}

fn average<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<Fraction> {
    let count = counted(items, 1)?;
    let (sum, exponent) = sum_of(cx, items)?;
    Fraction::new(cx, sum, exponent, count)
}

/// The squares of the distances to the mean, summed and divided by the count less `less`.
fn spread<T: Exact, L: ListLike<T>>(cx: Cx, items: &L, less: i64) -> R<Fraction> {
    let count = counted(items, 1 + less as usize)?;
    let (mut sum, mut squares) = (Sum::new(LOWEST), Sum::new(2 * LOWEST));
    for i in 0..items.count() {
        let x = items.item(cx, i)?.scaled()?;
        let digits = u128::from(x.digits);
        sum.add(x.negative, digits, x.exponent);
        squares.add(false, digits * digits, 2 * x.exponent);
    }
    let ((sum, half), (squares, exponent)) = (sum.finish(cx)?, squares.finish(cx)?);
    // Both with the smaller of the two exponents.
    let least = exponent.min(2 * half);
    let squares = big::shl(cx, &big::mul(cx, &count, &squares)?, exponent - least)?;
    let square = big::shl(cx, &big::mul(cx, &sum, &sum)?, 2 * half - least)?;
    let below = big::mul(cx, &count, &big::sub(cx, &count, &big::of(less))?)?;
    Fraction::new(cx, big::sub(cx, &squares, &square)?, least, below)
}

/// `statistics.mean` of floats.
pub fn mean<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    average(cx, items)?.float(cx)
}

/// `statistics.mean` of ints.
pub fn mean_of_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    average(cx, items)?.number(cx)
}

/// `statistics.fmean`.
pub fn fmean<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<f64> {
    let mut sum = Fsum::new();
    for i in 0..items.count() {
        sum.add(items.item(cx, i)?.float())?;
    }
    let sum = sum.finish()?;
    counted(items, 1)?;
    Ok(sum / items.count() as f64)
}

/// `statistics.variance` of floats.
pub fn variance<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    spread(cx, items, 1)?.float(cx)
}

/// `statistics.variance` of ints.
pub fn variance_of_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    spread(cx, items, 1)?.number(cx)
}

/// `statistics.pvariance` of floats.
pub fn pvariance<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    spread(cx, items, 0)?.float(cx)
}

/// `statistics.pvariance` of ints.
pub fn pvariance_of_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    spread(cx, items, 0)?.number(cx)
}

/// `statistics.stdev`.
pub fn stdev<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<f64> {
    spread(cx, items, 1)?.root(cx)
}

/// `statistics.pstdev`.
pub fn pstdev<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<f64> {
    spread(cx, items, 0)?.root(cx)
}

/// The numbers in order.
fn ordered<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<Vec<T>> {
    counted(items, 1)?;
    let mut all = Vec::with_capacity(items.count());
    for i in 0..items.count() {
        let item = items.item(cx, i)?;
        // Where something is no number, the order depends on how the sorting goes.
        if item.order(item).is_none() {
            return bail(Bail::Nan);
        }
        all.push(item);
    }
    // Stable, since zeros of both signs are equal.
    all.sort_by(|a, b| a.order(*b).unwrap_or(Ordering::Equal));
    Ok(all)
}

/// `statistics.median` of floats.
pub fn median<L: ListLike<f64>>(cx: Cx, items: &L) -> R<f64> {
    let all = ordered::<f64, L>(cx, items)?;
    let half = all.len() / 2;
    Ok(if all.len() % 2 == 1 { all[half] } else { (all[half - 1] + all[half]) / 2.0 })
}

/// `statistics.median` of ints.
pub fn median_of_ints<L: ListLike<i64>>(cx: Cx, items: &L) -> R<U2<i64, f64>> {
    let all = ordered::<i64, L>(cx, items)?;
    let half = all.len() / 2;
    if all.len() % 2 == 1 {
        return Ok(U2::A(all[half]));
    }
    Ok(U2::B(int::truediv(int::add(all[half - 1], all[half])?, 2)?))
}

/// `statistics.median_low`.
pub fn median_low<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<T> {
    let all = ordered::<T, L>(cx, items)?;
    Ok(all[(all.len() - 1) / 2])
}

/// `statistics.median_high`.
pub fn median_high<T: Exact, L: ListLike<T>>(cx: Cx, items: &L) -> R<T> {
    let all = ordered::<T, L>(cx, items)?;
    Ok(all[all.len() / 2])
}
