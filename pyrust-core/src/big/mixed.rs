//! Ints of any size compared with floats, exactly.

use core::cmp::Ordering;

use super::{Big, magnitude};
use crate::int;

/// How an int compares with a float; `None` for NaN.
pub fn cmp_float(a: &Big, f: f64) -> Option<Ordering> {
    if let Big::Small(v) = a {
        return int::cmp_if(*v, f);
    }
    if f.is_nan() {
        return None;
    }
    let sign = if a.is_negative() { Ordering::Less } else { Ordering::Greater };
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    // The int is beyond 64 bits, so a smaller float lies on zero's side of it, and a larger one is whole.
    if f.abs() < 9_223_372_036_854_775_808.0 || (f < 0.0) != a.is_negative() {
        return Some(sign);
    }
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    let bits = f.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as usize - 1075;
    let mut whole = [0u64; 17];
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52) << (exponent % 64);
    whole[exponent / 64] = mantissa as u64;
    whole[exponent / 64 + 1] = (mantissa >> 64) as u64;
    let order = magnitude::cmp(x.limbs, magnitude::trim(&whole));
    Some(if a.is_negative() { order.reverse() } else { order })
}

macro_rules! mixed {
    ($($int_first:ident $float_first:ident $text:literal $test:expr, $turned:expr;)*) => { $(
        #[doc = concat!("`a ", $text, " f`.")]
        pub fn $int_first(a: &Big, f: f64) -> bool {
            let test: fn(Ordering) -> bool = $test;
            cmp_float(a, f).map_or($text == "!=", test)
        }

        #[doc = concat!("`f ", $text, " a`.")]
        pub fn $float_first(f: f64, a: &Big) -> bool {
            let test: fn(Ordering) -> bool = $turned;
            cmp_float(a, f).map_or($text == "!=", test)
        }
    )* };
}

mixed! {
    eq_bf eq_fb "==" Ordering::is_eq, Ordering::is_eq;
    ne_bf ne_fb "!=" Ordering::is_ne, Ordering::is_ne;
    lt_bf lt_fb "<" Ordering::is_lt, Ordering::is_gt;
    le_bf le_fb "<=" Ordering::is_le, Ordering::is_ge;
    gt_bf gt_fb ">" Ordering::is_gt, Ordering::is_lt;
    ge_bf ge_fb ">=" Ordering::is_ge, Ordering::is_le;
}
