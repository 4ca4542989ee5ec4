//! Functions of ints: divisors, combinatorics, integer roots.

use crate::stop::{Bail, Exc, R, bail, exc};

/// `math.gcd(a, b)`.
pub fn gcd(a: i64, b: i64) -> R<i64> {
    match i64::try_from(divisor(a.unsigned_abs(), b.unsigned_abs())) {
        Ok(v) => Ok(v),
        // Only for i64::MIN with itself or 0.
        Err(_) => bail(Bail::Overflow),
    }
}

/// Binary, by trailing zeros: no division.
fn divisor(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
    }
    a << shift
}

/// `math.lcm(a, b)`.
pub fn lcm(a: i64, b: i64) -> R<i64> {
    if a == 0 || b == 0 {
        return Ok(0);
    }
    let (m, n) = (a.unsigned_abs(), b.unsigned_abs());
    match (m / divisor(m, n)).checked_mul(n).map(i64::try_from) {
        Some(Ok(v)) => Ok(v),
        _ => bail(Bail::Overflow),
    }
}

/// `math.isqrt(n)`.
pub fn isqrt(n: i64) -> R<i64> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    // The float root is off by one at most; 3037000499 is the root of i64::MAX.
    let mut root = ((n as f64).sqrt() as i64).min(3_037_000_499);
    while root * root > n {
        root -= 1;
    }
    while root < 3_037_000_499 && (root + 1) * (root + 1) <= n {
        root += 1;
    }
    Ok(root)
}

/// `math.factorial(n)`.
pub fn factorial(n: i64) -> R<i64> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    if n > 20 {
        return bail(Bail::Overflow);
    }
    Ok((2..=n).product())
}

/// `math.comb(n, k)`.
pub fn comb(n: i64, k: i64) -> R<i64> {
    if n < 0 || k < 0 {
        return exc(Exc::ValueError);
    }
    if k > n {
        return Ok(0);
    }
    let k = k.min(n - k);
    // C(n, i) grows up to i = n/2, so once it is too large the result is.
    let mut v = 1u128;
    for i in 0..k {
        v = v * (n - i) as u128 / (i + 1) as u128;
        if v > i64::MAX as u128 {
            return bail(Bail::Overflow);
        }
    }
    Ok(v as i64)
}

/// `math.perm(n, k)`.
pub fn perm(n: i64, k: i64) -> R<i64> {
    if n < 0 || k < 0 {
        return exc(Exc::ValueError);
    }
    if k > n {
        return Ok(0);
    }
    let mut v = 1i64;
    for i in 0..k {
        v = crate::int::mul(v, n - i)?;
    }
    Ok(v)
}
