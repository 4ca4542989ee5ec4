//! Powers, roots, divisors and combinatorics of ints of any size.

use super::limbs::{MOST, Modulus, zeros};
use super::{Big, add, divmod, floordiv, gcd, lt, mod_, mul, of, shl, shr, sub, to_int, truth};
use crate::int;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// `a ** n` for `n >= 0`; a negative power is a float in Python.
pub fn pow(cx: Cx, a: &Big, n: i64) -> R<Big> {
    if n < 0 {
        return if a.is_zero() { exc(Exc::ZeroDivisionError) } else { bail(Bail::Unsupported) };
    }
    match a {
        Big::Small(0 | 1) => return Ok(of(if n == 0 { 1 } else { i64::from(truth(a)) })),
        Big::Small(-1) => return Ok(of(1 - 2 * (n & 1))),
        Big::Small(2) => return shl(cx, &of(1), n),
        Big::Small(v) => {
            if let Some(power) = v.checked_pow(n.min(64) as u32) {
                return Ok(of(power));
            }
        }
        _ => {}
    }
    if super::bit_length(a).saturating_mul(n) > MOST as i64 * 64 {
        return bail(Bail::Memory);
    }
    if n == 0 {
        return Ok(of(1));
    }
    let mut power = a.clone();
    for bit in (0..63 - n.leading_zeros()).rev() {
        power = mul(cx, &power, &power)?;
        if n >> bit & 1 != 0 {
            power = mul(cx, &power, a)?;
        }
    }
    Ok(power)
}

/// `a ** b`.
pub fn pow_big(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match b {
        Big::Small(n) => pow(cx, a, *n),
        _ => bail(Bail::Unsupported),
    }
}

/// `pow(a, b, m)`.
pub fn powmod(cx: Cx, a: &Big, b: &Big, m: &Big) -> R<Big> {
    if let (Big::Small(a), Big::Small(b), Big::Small(m)) = (a, b, m) {
        return int::powmod(*a, *b, *m).map(of);
    }
    if m.is_zero() {
        return exc(Exc::ValueError);
    }
    let size = super::abs(cx, m)?;
    if matches!(size, Big::Small(1)) {
        return Ok(of(0));
    }
    let mut base = mod_(cx, a, &size)?;
    if b.is_negative() {
        base = inverse(cx, &base, &size)?;
    }
    let power = power_below(cx, &base, b, &size)?;
    // The result takes the sign of the modulus.
    if m.is_negative() && truth(&power) { sub(cx, &power, &size) } else { Ok(power) }
}

/// `pow(a, b, m)` with a modulus of a word.
pub fn powmod_int(cx: Cx, a: &Big, b: &Big, m: i64) -> R<i64> {
    to_int(&powmod(cx, a, b, &of(m))?)
}

/// `base ** |exponent| % size`, with `base` below `size`, which is above 1.
fn power_below(cx: Cx, base: &Big, exponent: &Big, size: &Big) -> R<Big> {
    let (mut room, mut others) = ([0; 2], [0; 2]);
    let limbs = exponent.parts(&mut room).limbs;
    let modulus = size.parts(&mut others).limbs;
    if modulus.len() > 1 {
        return power_of_limbs(cx, base, limbs, modulus, size);
    }
    let times = |x: &Big, y: &Big| mod_(cx, &mul(cx, x, y)?, size);
    let mut power = of(1);
    // What takes long looks for signals inside, what does not every now and then.
    let mut fuel = 1 << 12;
    for at in (0..super::size(limbs) as usize).rev() {
        cx.tick(&mut fuel)?;
        power = times(&power, &power)?;
        if limbs[at / 64] >> (at % 64) & 1 != 0 {
            power = times(&power, base)?;
        }
    }
    Ok(power)
}

/// The same where the modulus has several limbs: four bits of a long exponent at a time, always in the same places.
fn power_of_limbs(cx: Cx, base: &Big, exponent: &[u64], limbs: &[u64], size: &Big) -> R<Big> {
    let n = limbs.len();
    let mut modulus = Modulus::new(limbs)?;
    let bits = super::size(exponent) as usize;
    let digit = if bits <= 64 { 1 } else { 4 };
    // The powers of the base that a digit can ask for, and the result.
    let count = 1 << digit;
    let mut table = zeros(count * n)?;
    let mut power = zeros(n)?;
    let mut room = [0; 2];
    let base = base.parts(&mut room).limbs;
    table[n..n + base.len()].copy_from_slice(base);
    for i in 2..count {
        let (made, next) = table.split_at_mut(i * n);
        next[..n].copy_from_slice(modulus.times(&made[(i - 1) * n..], &made[n..2 * n])?);
    }
    power[0] = 1;
    // As of a division.
    let steps = n.saturating_mul(n).saturating_mul(4);
    let mut fuel = 1 << 12;
    for at in (0..bits.div_ceil(digit)).rev() {
        cx.tick(&mut fuel)?;
        for _ in 0..digit {
            super::busy(cx, steps)?;
            let square = modulus.times(&power, &power)?;
            power.copy_from_slice(square);
        }
        let place = at * digit;
        let value = (exponent[place / 64] >> (place % 64)) as usize & (count - 1);
        if value != 0 {
            super::busy(cx, steps)?;
            let product = modulus.times(&power, &table[value * n..(value + 1) * n])?;
            power.copy_from_slice(product);
        }
    }
    mod_(cx, &Big::of_limbs(false, &power)?, size)
}

/// The number that `base` times is 1 modulo `size`, which is above 1.
fn inverse(cx: Cx, base: &Big, size: &Big) -> R<Big> {
    let (mut old, mut rest) = (base.clone(), size.clone());
    let (mut factor, mut next) = (of(1), of(0));
    while truth(&rest) {
        let (quotient, remainder) = divmod(cx, &old, &rest)?;
        (old, rest) = (rest, remainder);
        let step = sub(cx, &factor, &mul(cx, &quotient, &next)?)?;
        (factor, next) = (next, step);
    }
    if !matches!(old, Big::Small(1)) {
        return exc(Exc::ValueError);
    }
    mod_(cx, &factor, size)
}

/// `math.lcm(a, b)`.
pub fn lcm(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    if a.is_zero() || b.is_zero() {
        return Ok(of(0));
    }
    let shared = gcd(cx, a, b)?;
    // Where one is small, the other one is not divided.
    let (long, short) = if matches!(b, Big::Small(_)) { (a, b) } else { (b, a) };
    super::abs(cx, &mul(cx, long, &floordiv(cx, short, &shared)?)?)
}

/// `math.isqrt(n)`.
pub fn isqrt(cx: Cx, n: &Big) -> R<Big> {
    if n.is_negative() {
        return exc(Exc::ValueError);
    }
    if let Big::Small(v) = n {
        return crate::math::isqrt(*v).map(of);
    }
    // Newton's steps with twice as many bits each time. With `d` of the `c` bits of the root that follow the first one,
    // the root of what `n >> 2 (c - d)` says of `n` is less than 1 off: the error of the step before is squared, and
    // smaller than what is rounded down then.
    let c = (super::bit_length(n) - 1) / 2;
    let steps = 64 - (c >> 5).leading_zeros();
    let mut d = c >> steps;
    let top = shr(cx, n, 2 * (c - d))?.as_i128().unwrap_or(0);
    // At most 64 bits.
    let mut root = Big::from_i128(i128::from((top as u64).isqrt()));
    for step in (0..steps).rev() {
        let e = d;
        d = c >> step;
        let quotient = floordiv(cx, &shr(cx, n, 2 * c - e - d + 1)?, &root)?;
        root = add(cx, &shl(cx, &root, d - e - 1)?, &quotient)?;
    }
    if lt(n, &mul(cx, &root, &root)?) { sub(cx, &root, &of(1)) } else { Ok(root) }
}

/// `math.factorial(n)`.
pub fn factorial(cx: Cx, n: &Big) -> R<Big> {
    match n {
        Big::Small(..0) => exc(Exc::ValueError),
        Big::Small(v @ ..=100_000) => product(cx, 2, *v),
        _ if n.is_negative() => exc(Exc::ValueError),
        _ => bail(Bail::Memory),
    }
}

/// `low * (low + 1) * … * high`, halves first, so that factors of like size meet.
fn product(cx: Cx, low: i64, high: i64) -> R<Big> {
    if high < low {
        return Ok(of(1));
    }
    if high - low < 8 {
        let mut all = of(low);
        // `low + 1` may not be an `i64`.
        for step in 1..=high - low {
            all = mul(cx, &all, &of(low + step))?;
        }
        return Ok(all);
    }
    let middle = low + (high - low) / 2;
    mul(cx, &product(cx, low, middle)?, &product(cx, middle + 1, high)?)
}

/// `n * (n - 1) * …`, `k` factors.
fn falling(cx: Cx, n: &Big, k: i64) -> R<Big> {
    if k > 100_000 {
        return bail(Bail::Memory);
    }
    if let Big::Small(v) = n {
        // `v + 1` may not be an `i64`.
        return if k == 0 { Ok(of(1)) } else { product(cx, v - (k - 1), *v) };
    }
    let mut all = of(1);
    for i in 0..k {
        all = mul(cx, &all, &sub(cx, n, &of(i))?)?;
    }
    Ok(all)
}

/// `math.comb(n, k)`.
pub fn comb(cx: Cx, n: &Big, k: &Big) -> R<Big> {
    if n.is_negative() || k.is_negative() {
        return exc(Exc::ValueError);
    }
    let rest = sub(cx, n, k)?;
    if rest.is_negative() {
        return Ok(of(0));
    }
    let Big::Small(k) = (if lt(&rest, k) { &rest } else { k }) else { return bail(Bail::Memory) };
    floordiv(cx, &falling(cx, n, *k)?, &product(cx, 2, *k)?)
}

/// `math.perm(n, k)`.
pub fn perm(cx: Cx, n: &Big, k: &Big) -> R<Big> {
    if n.is_negative() || k.is_negative() {
        return exc(Exc::ValueError);
    }
    if lt(n, k) {
        return Ok(of(0));
    }
    let Big::Small(k) = k else { return bail(Bail::Memory) };
    falling(cx, n, *k)
}
