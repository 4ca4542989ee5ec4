//! Arithmetic of magnitudes: slices of 64-bit limbs, the least significant first.
//!
//! CPython's own polls signals inside, so that handlers could run in the middle of a transaction; this does not.

pub(super) use super::magnitude::{MOST, cmp, trim};
use super::store::Writer;
use crate::stop::{Bail, R, bail};

/// From so many limbs on the shorter factor is cut in two.
pub(super) const KARATSUBA: usize = 32;

/// Zeros to work in.
pub(super) fn zeros(count: usize) -> R<Vec<u64>> {
    let mut out = Vec::new();
    if count > MOST || out.try_reserve_exact(count).is_err() {
        return bail(Bail::Memory);
    }
    out.resize(count, 0);
    Ok(out)
}

/// Number of bits of a trimmed magnitude.
pub(super) fn bits(limbs: &[u64]) -> u64 {
    match limbs.last() {
        Some(top) => limbs.len() as u64 * 64 - u64::from(top.leading_zeros()),
        None => 0,
    }
}

/// `out = a + b`; `a` is not shorter, `out` one longer.
pub(super) fn add(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (low, high) = a.split_at(b.len());
    let mut carry = false;
    let mut at = 0;
    for (x, y) in low.iter().zip(b) {
        (out[at], carry) = plus(*x, *y, carry);
        at += 1;
    }
    for x in high {
        (out[at], carry) = plus(*x, 0, carry);
        at += 1;
    }
    out[at] = u64::from(carry);
}

/// What `step` makes of limbs beside each other and of what it left behind. `a` is not shorter, and has zeros beside it
/// where `b` ends: there a limb stays as it is if nothing was left behind. Four at a time, so that what is left behind
/// may stay where the machine puts it.
#[inline(always)]
pub(super) fn chain(
    a: &[u64],
    b: &[u64],
    out: &mut Writer,
    step: impl Fn(u64, u64, bool) -> (u64, bool) + Copy,
) -> bool {
    let (low, high) = a.split_at(b.len());
    let (fours, ones) = low.as_chunks::<4>();
    let (others, other_ones) = b.as_chunks::<4>();
    let mut left = false;
    for (x, y) in fours.iter().zip(others) {
        let mut made = [0; 4];
        for at in 0..4 {
            (made[at], left) = step(x[at], y[at], left);
        }
        out.put(made);
    }
    let mut one = |x: u64, y: u64| {
        let made;
        (made, left) = step(x, y, left);
        made
    };
    out.extend(ones.iter().zip(other_ones).map(|(x, y)| one(*x, *y)));
    let mut at = 0;
    while left && at < high.len() {
        let made;
        (made, left) = step(high[at], 0, left);
        out.push(made);
        at += 1;
    }
    // What has nothing beside it is what it was.
    out.extend(high[at..].iter().copied());
    left
}

/// `a + b`; `a` is not shorter.
pub(super) fn sum(a: &[u64], b: &[u64], out: &mut Writer) {
    let carry = chain(a, b, out, plus);
    out.push(u64::from(carry));
}

/// `a - b`; `a` is not smaller and not shorter.
pub(super) fn difference(a: &[u64], b: &[u64], out: &mut Writer) {
    chain(a, b, out, minus);
}

#[inline(always)]
fn plus(x: u64, y: u64, carry: bool) -> (u64, bool) {
    let (sum, over) = x.overflowing_add(y);
    let (sum, again) = sum.overflowing_add(u64::from(carry));
    (sum, over | again)
}

#[inline(always)]
fn minus(x: u64, y: u64, borrow: bool) -> (u64, bool) {
    let (rest, under) = x.overflowing_sub(y);
    let (rest, again) = rest.overflowing_sub(u64::from(borrow));
    (rest, under | again)
}

/// `acc += x`, which fits.
fn add_to(acc: &mut [u64], x: &[u64]) {
    let mut carry = false;
    for (i, slot) in acc.iter_mut().enumerate() {
        let y = match x.get(i) {
            Some(y) => *y,
            None if !carry => return,
            None => 0,
        };
        (*slot, carry) = plus(*slot, y, carry);
    }
}

/// `acc -= x`, which is not larger.
fn sub_from(acc: &mut [u64], x: &[u64]) {
    let mut borrow = false;
    for (i, slot) in acc.iter_mut().enumerate() {
        let y = match x.get(i) {
            Some(y) => *y,
            None if !borrow => return,
            None => 0,
        };
        (*slot, borrow) = minus(*slot, y, borrow);
    }
}

/// `x *= factor`, plus `carry`; what is left over.
pub(super) fn mul_small(x: &mut [u64], factor: u64, mut carry: u64) -> u64 {
    for slot in x {
        let product = u128::from(*slot) * u128::from(factor) + u128::from(carry);
        (*slot, carry) = (product as u64, (product >> 64) as u64);
    }
    carry
}

/// `x * factor`.
pub(super) fn times(x: &[u64], factor: u64, out: &mut Writer) {
    let mut carry = 0;
    let mut next = |limb: u64| {
        let product = u128::from(limb) * u128::from(factor) + u128::from(carry);
        carry = (product >> 64) as u64;
        product as u64
    };
    let (fours, ones) = x.as_chunks::<4>();
    for four in fours {
        out.put(four.map(&mut next));
    }
    out.extend(ones.iter().map(|limb| next(*limb)));
    out.push(carry);
}

/// `out = a * b`; `out` is zero, as long as both together.
pub(super) fn mul(out: &mut [u64], a: &[u64], b: &[u64]) -> R<()> {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.len() < KARATSUBA {
        mul_plain(out, a, b);
        return Ok(());
    }
    let half = a.len().div_ceil(2);
    if b.len() <= half {
        // The long one in pieces of the length of the short one.
        for (i, piece) in a.chunks(b.len()).enumerate() {
            let mut part = zeros(piece.len() + b.len())?;
            mul(&mut part, piece, b)?;
            add_to(&mut out[i * b.len()..], &part);
        }
        return Ok(());
    }
    let ((a0, a1), (b0, b1)) = (a.split_at(half), b.split_at(half));
    let (low, high) = out.split_at_mut(2 * half);
    mul(low, a0, b0)?;
    mul(high, a1, b1)?;
    // (a0 + a1)(b0 + b1) - a0 b0 - a1 b1 is what stands in the middle.
    let (mut sa, mut sb, mut middle) = (zeros(half + 1)?, zeros(half + 1)?, zeros(2 * half + 2)?);
    add(&mut sa, a0, a1);
    add(&mut sb, b0, b1);
    mul(&mut middle, &sa, &sb)?;
    sub_from(&mut middle, low);
    sub_from(&mut middle, high);
    add_to(&mut out[half..], trim(&middle));
    Ok(())
}

fn mul_plain(out: &mut [u64], a: &[u64], b: &[u64]) {
    for (i, y) in b.iter().enumerate() {
        let row = &mut out[i..=i + a.len()];
        let mut carry = 0u64;
        for (slot, x) in row.iter_mut().zip(a) {
            let sum = u128::from(*x) * u128::from(*y) + u128::from(*slot) + u128::from(carry);
            (*slot, carry) = (sum as u64, (sum >> 64) as u64);
        }
        row[a.len()] = carry;
    }
}

/// A divisor of one limb with its top bit set, and its reciprocal: a division becomes two multiplications.
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    value: u64,
    reciprocal: u64,
}

impl Divisor {
    pub(super) const fn new(value: u64) -> Divisor {
        let reciprocal = (u128::MAX / value as u128) as u64;
        Divisor { value, reciprocal }
    }

    /// `high * 2**64 + low` divided; `high` is below the divisor.
    #[inline(always)]
    pub(super) fn divide(self, high: u64, low: u64) -> (u64, u64) {
        let guess =
            u128::from(self.reciprocal) * u128::from(high) + (u128::from(high) << 64 | u128::from(low));
        let (mut q, fraction) = (((guess >> 64) as u64).wrapping_add(1), guess as u64);
        let mut r = low.wrapping_sub(q.wrapping_mul(self.value));
        if r > fraction {
            q = q.wrapping_sub(1);
            r = r.wrapping_add(self.value);
        }
        if r >= self.value {
            q = q.wrapping_add(1);
            r -= self.value;
        }
        (q, r)
    }
}

/// `x //= 10 ** 19` in place; the remainder.
pub(super) fn div_digits(x: &mut [u64]) -> u64 {
    // Its top bit is set.
    const DIVISOR: Divisor = Divisor::new(10_u64.pow(19));
    let mut rest = 0;
    for slot in x.iter_mut().rev() {
        (*slot, rest) = DIVISOR.divide(rest, *slot);
    }
    rest
}

/// `out = x // divisor`, as long as `x`; the remainder.
pub(super) fn quotient(out: &mut [u64], x: &[u64], divisor: u64) -> u64 {
    let shift = divisor.leading_zeros();
    let d = Divisor::new(divisor << shift);
    // Everything is shifted on the way, so that the divisor has its top bit set; in two steps, since no shift may be as
    // wide as the limb.
    let above = |limb: u64| limb >> 1 >> (63 - shift);
    let mut rest = x.last().map_or(0, |top| above(*top));
    for (i, slot) in out[..x.len()].iter_mut().enumerate().rev() {
        let below = if i > 0 { above(x[i - 1]) } else { 0 };
        (*slot, rest) = d.divide(rest, x[i] << shift | below);
    }
    rest >> shift
}

/// `x % divisor`.
pub(super) fn rem_small(x: &[u64], divisor: u64) -> u64 {
    let shift = divisor.leading_zeros();
    let d = Divisor::new(divisor << shift);
    let mut rest = match x.last() {
        Some(top) if shift != 0 => top >> (64 - shift),
        _ => 0,
    };
    for (i, limb) in x.iter().enumerate().rev() {
        if shift == 0 {
            rest = d.divide(rest, *limb).1;
            continue;
        }
        let below = if i > 0 { x[i - 1] >> (64 - shift) } else { 0 };
        rest = d.divide(rest, limb << shift | below).1;
    }
    rest >> shift
}

/// `out = x << n` with `n` below 64; what has no room is zero.
fn shift_into(out: &mut [u64], x: &[u64], n: u32) {
    let mut carry = 0;
    for (slot, limb) in out.iter_mut().zip(x) {
        *slot = limb << n | carry;
        carry = if n == 0 { 0 } else { limb >> (64 - n) };
    }
    if let Some(top) = out.get_mut(x.len()) {
        *top = carry;
    }
}

/// So many limbs to work in stand on the stack.
pub(super) const FEW: usize = 48;

/// Quotient and remainder of trimmed magnitudes, for `then`; `b` has two limbs or more, and `a` is not shorter.
pub(super) fn divide<T>(a: &[u64], b: &[u64], then: impl FnOnce(&[u64], &[u64]) -> R<T>) -> R<T> {
    let n = b.len();
    let count = n + (a.len() + 1) + (a.len() + 1 - n);
    let mut few = [0; FEW];
    let mut many;
    let room = if count <= FEW {
        &mut few[..count]
    } else {
        many = zeros(count)?;
        &mut many[..]
    };
    let (v, room) = room.split_at_mut(n);
    let (u, q) = room.split_at_mut(a.len() + 1);
    let shift = b[n - 1].leading_zeros();
    shift_into(v, b, shift);
    shift_into(u, a, shift);
    reduce(u, v, Divisor::new(v[n - 1]), |at, digit| q[at] = digit);
    if shift != 0 {
        for i in 0..n {
            let above = if i + 1 < n { u[i + 1] << (64 - shift) } else { 0 };
            u[i] = u[i] >> shift | above;
        }
    }
    then(q, &u[..n])
}

/// `u %= v`, which has two limbs or more, the top bit set, and is above the first limbs of `u`; `d` divides by its top
/// limb. `note` is told the limbs of the quotient.
fn reduce(u: &mut [u64], v: &[u64], d: Divisor, mut note: impl FnMut(usize, u64)) {
    let n = v.len();
    let (top, second) = (v[n - 1], v[n - 2]);
    for j in (0..u.len() - n).rev() {
        // Two limbs by one, corrected by the next ones: at most one too large.
        let (mut guess, mut rest) = if u[j + n] >= top {
            let rest = u128::from(u[j + n - 1]) + u128::from(top);
            (u64::MAX, rest)
        } else {
            let (guess, rest) = d.divide(u[j + n], u[j + n - 1]);
            (guess, u128::from(rest))
        };
        while rest >> 64 == 0
            && u128::from(guess) * u128::from(second) > (rest << 64 | u128::from(u[j + n - 2]))
        {
            guess -= 1;
            rest += u128::from(top);
        }
        let (mut carry, mut borrow) = (0u64, false);
        let window = &mut u[j..=j + n];
        for (slot, limb) in window.iter_mut().zip(v) {
            let product = u128::from(guess) * u128::from(*limb) + u128::from(carry);
            carry = (product >> 64) as u64;
            (*slot, borrow) = minus(*slot, product as u64, borrow);
        }
        (window[n], borrow) = minus(window[n], carry, borrow);
        if borrow {
            guess -= 1;
            let mut carry = false;
            for (slot, limb) in window.iter_mut().zip(v) {
                (*slot, carry) = plus(*slot, *limb, carry);
            }
            window[n] = window[n].wrapping_add(u64::from(carry));
        }
        note(j, guess);
    }
}

/// What products are taken by again and again: a multiple of the modulus that has its top bit set, so that nothing is
/// shifted, and a place for the products.
pub(super) struct Modulus {
    limbs: Vec<u64>,
    divisor: Divisor,
    product: Vec<u64>,
}

impl Modulus {
    /// Of a trimmed magnitude of two limbs or more.
    pub(super) fn new(size: &[u64]) -> R<Modulus> {
        let n = size.len();
        let mut limbs = zeros(n)?;
        shift_into(&mut limbs, size, size[n - 1].leading_zeros());
        Ok(Modulus { divisor: Divisor::new(limbs[n - 1]), product: zeros(2 * n)?, limbs })
    }

    /// `x * y` below that multiple; both are below it, and as long.
    pub(super) fn times<'m>(&'m mut self, x: &[u64], y: &[u64]) -> R<&'m [u64]> {
        self.product.fill(0);
        mul(&mut self.product, x, y)?;
        reduce(&mut self.product, &self.limbs, self.divisor, |_, _| ());
        Ok(&self.product[..self.limbs.len()])
    }
}
