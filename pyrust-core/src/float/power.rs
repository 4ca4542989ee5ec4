//! `x ** 2`, `x ** 3`, `x ** 0.5` and `x ** -1.0` without a call of C's `pow`, wherever that has one possible result.
//!
//! Python's result is what C's `pow` gives, which need not be the nearest float. But the one of glibc and musl is
//! documented to err by at most 0.54 units in the last place. So where the nearest float is less than 0.45 units away
//! from the exact value, its neighbours are more than 0.55 away, and it is the result. How far away it is tells exact
//! arithmetic: on the significands as integers for squares and roots, else on what the multiplication rounds off (Dekker
//! 1971). Everything else, about every tenth value, is asked of `pow`; so are values near the ends of the range, and
//! powers of two, whose neighbours stand closer on one side.

/// Nearer than this to the exact value, in units in the last place, there is one possible result. None elsewhere: about
/// other systems' `pow` nothing is documented.
const NEAR: f64 =
    if cfg!(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))) { 0.45 } else { -1.0 };

/// Between these nothing overflows or loses bits to the end of the range, squares and rounding errors included.
const SMALL: f64 = 1e-90;
const LARGE: f64 = 1e90;

const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
const FRACTION: u64 = 0x000f_ffff_ffff_ffff;
/// Bits of a significand, the first one included.
const DIGITS: u32 = 53;

/// The significand as an integer.
#[inline(always)]
fn whole(bits: u64) -> u64 {
    bits & FRACTION | (FRACTION + 1)
}

/// The exponent as it is kept.
#[inline(always)]
fn exponent(bits: u64) -> u64 {
    bits >> (DIGITS - 1) & 0x7ff
}

/// `a ** 2`: what is rounded off the exact product must not be near half of the last place.
#[inline(always)]
fn square(a: f64) -> Option<f64> {
    const WHOLE: f64 = 18_446_744_073_709_551_616.0;
    let nearest = a * a;
    let (of, bits) = (a.to_bits(), nearest.to_bits());
    let digits = whole(of);
    // The exact product has 105 bits, or one more where the significands make 2 or above. What does not fit moves to the
    // front of a word.
    let more = exponent(bits).wrapping_add(1023).wrapping_sub(2 * exponent(of)) as u32;
    let rest = digits.wrapping_mul(digits).wrapping_shl(65 - DIGITS - more);
    let far = rest.wrapping_sub((NEAR * WHOLE) as u64) > ((1.0 - 2.0 * NEAR) * WHOLE) as u64;
    (far && bits & FRACTION != 0).then_some(nearest)
}

/// `a ** 0.5` of a positive number: the square of the root must be nearer to it than the middle between two roots.
#[inline(always)]
fn root(a: f64) -> Option<f64> {
    // Of the error of `pow`, 0.511 are those of its exponential function; the rest grows with the exponent of the result,
    // and is no more than 0.005 here.
    const PART: u64 = (2.0 * (NEAR + 0.025) * 1024.0) as u64;
    let root = a.sqrt();
    let (of, bits) = (a.to_bits(), root.to_bits());
    let digits = whole(bits);
    // In units of the last place of the root, squared. The difference is less than the root, so the lowest 64 bits say it
    // all: where the square of the digits has as many bits as it can, those of `a` stand one place further to the left.
    let shift = (DIGITS - 1) + u32::from(of >> (DIGITS - 1) & 1 == 0);
    let off = of.wrapping_shl(shift).wrapping_sub(digits.wrapping_mul(digits)) as i64;
    let near = off.unsigned_abs() < (digits * PART) >> 10;
    (near && bits & FRACTION != 0).then_some(root)
}

/// `a ** b`, if that can be told here.
#[inline(always)]
pub(super) fn quick(a: f64, b: f64) -> Option<f64> {
    // Bits of numbers that are not negative are in the order of the numbers, so one comparison tells both ends.
    let fits = |size: f64| size.to_bits().wrapping_sub(SMALL.to_bits()) <= LARGE.to_bits() - SMALL.to_bits();
    if NEAR > 0.0 && b == 0.5 {
        return if fits(a) { root(a) } else { None };
    }
    let size = a.abs();
    if !fits(size) {
        return None;
    }
    if NEAR > 0.0 && b == 2.0 {
        return square(a);
    }
    // What is nearest, and how far the exact value is from it, times a scale: dividing by that would cost more than all
    // the rest.
    let (nearest, off, scale) = if b == 3.0 {
        let (square, rounded) = product(a, a);
        let (cube, more) = product(square, a);
        let rest = more + rounded * a;
        let nearest = cube + rest;
        (nearest, rest - (nearest - cube), 1.0)
    } else if b == -1.0 {
        let inverse = 1.0 / a;
        let (one, rounded) = product(inverse, a);
        (inverse, (1.0 - one) - rounded, size)
    } else {
        return None;
    };
    let bits = nearest.to_bits();
    let unit = f64::from_bits(bits & EXPONENT) * f64::EPSILON;
    (off.abs() < NEAR * unit * scale && bits & FRACTION != 0).then_some(nearest)
}

/// The product, and what it rounds off: together exactly `a * b`.
#[inline(always)]
fn product(a: f64, b: f64) -> (f64, f64) {
    let (high_a, low_a) = halves(a);
    let (high_b, low_b) = halves(b);
    let product = a * b;
    (product, ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b)
}

/// Two numbers of half as many bits with this sum.
#[inline(always)]
fn halves(a: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}

#[cfg(test)]
mod tests {
    use super::quick;
    use crate::math::libm;

    /// Numbers of all sizes, from a linear congruential generator.
    fn numbers(count: u64) -> impl Iterator<Item = f64> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        (0..count).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let exponent = 1023 - 200 + (state >> 55) % 400;
            f64::from_bits((state >> 12) & 0x000f_ffff_ffff_ffff | exponent << 52)
        })
    }

    #[test]
    fn what_is_told_is_what_c_says() {
        for power in [2.0, 0.5, 3.0, -1.0] {
            let mut told = 0;
            for a in numbers(400_000).chain((1..2000).map(f64::from)) {
                let a = if power != 0.5 && a.to_bits() & 1 == 1 { -a } else { a };
                if let Some(result) = quick(a, power) {
                    assert_eq!(result.to_bits(), libm::pow(a, power).to_bits(), "{a:e} ** {power}");
                    told += 1;
                }
            }
            assert!(!cfg!(all(target_os = "linux", target_env = "gnu")) || told > 340_000, "{power}: {told}");
        }
    }
}
