//! Greatest common divisors by Lehmer's steps.
//!
//! What Euclid does to two long numbers is, for a while, decided by their leading bits: the steps are done on those,
//! and what all of them come to is done to the numbers at once, in one pass. Which steps they are does not matter for
//! the result, as long as each can be undone; so nobody looks whether the last one was a little too large, and a number
//! that came out negative loses its sign.

use super::handed::Handed;
use super::limbs::{FEW, divide, rem_small, zeros};
use super::magnitude::{cmp, trim};
use super::{Big, STEPS, of};
use crate::stop::R;
use crate::txn::Cx;

/// `math.gcd(a, b)`.
pub fn gcd(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    if let (Big::Small(x), Big::Small(y)) = (a, b) {
        return Ok(Big::from_i128(i128::from(of_words(x.unsigned_abs(), y.unsigned_abs()))));
    }
    Handed::by(|upper| gcd_any(cx, &a.lent(), &b.lent(), upper))
}

#[inline(never)]
extern "C" fn gcd_any(cx: Cx, a: &Big, b: &Big, upper: &mut i64) -> Handed {
    Handed::of(of_any(cx, a, b), upper)
}

fn of_any(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, y) = (a.parts(&mut ra).limbs, b.parts(&mut rb).limbs);
    let (long, short) = if cmp(x, y).is_ge() { (x, y) } else { (y, x) };
    match short {
        [] => super::abs(cx, if x.is_empty() { b } else { a }),
        [1] => Ok(of(1)),
        [word] => {
            super::busy(cx, long.len())?;
            Ok(Big::from_i128(i128::from(of_words(*word, rem_small(long, *word)))))
        }
        _ => of_limbs(long, short, |steps| super::busy(cx, steps), |found| Big::of_limbs(false, found)),
    }
}

/// Of trimmed magnitudes for `then`; `short` has two limbs or more and is not above `long`. `look` is told before how
/// many steps are about to be done.
fn of_limbs<T>(
    long: &[u64],
    short: &[u64],
    mut look: impl FnMut(usize) -> R<()>,
    then: impl FnOnce(&[u64]) -> R<T>,
) -> R<T> {
    let n = short.len();
    let mut few = [0; FEW];
    let mut many;
    let room = if 2 * n <= FEW {
        &mut few[..2 * n]
    } else {
        many = zeros(2 * n)?;
        &mut many[..]
    };
    let (mut a, mut b) = room.split_at_mut(n);
    a.copy_from_slice(short);
    // From here on both are as long as the shorter one; there may be zeros on top.
    if long.len() > n {
        look(4 * n.saturating_mul(long.len() - n + 1))?;
        divide(long, short, |_, rest| {
            b.copy_from_slice(rest);
            Ok(())
        })?;
    } else {
        b.copy_from_slice(long);
    }
    let mut done = 0;
    loop {
        let mut count = trim(a).len();
        if cmp(&a[..count], trim(b)).is_lt() {
            (a, b) = (b, a);
            count = trim(a).len();
        }
        let below = trim(b).len();
        if below == 0 {
            return then(&a[..count]);
        }
        if count <= 2 {
            let found = of_pairs(pair(a, count), pair(b, count));
            return then(trim(&[found as u64, (found >> 64) as u64]));
        }
        done += 4 * count;
        if done >= STEPS {
            look(done)?;
            done = 0;
        }
        if let Some(matrix) = Matrix::of(leading(a, b, count)) {
            matrix.replace(&mut a[..count], &mut b[..count]);
        } else if below == 1 {
            let rest = rem_small(&a[..count], b[0]);
            return then(&[of_words(b[0], rest)]);
        } else {
            // One is much longer than the other.
            look(4 * below.saturating_mul(count - below + 1))?;
            let mut left = zeros(count)?;
            divide(&a[..count], &b[..below], |_, rest| {
                left[..below].copy_from_slice(rest);
                Ok(())
            })?;
            a[..count].copy_from_slice(&left);
        }
    }
}

/// The lowest two limbs of a number of `count` limbs at most.
fn pair(limbs: &[u64], count: usize) -> u128 {
    limbs[..count].iter().rev().fold(0, |all, limb| all << 64 | u128::from(*limb))
}

/// The leading 128 bits of `a`, which has `count` limbs, three or more, and of `b` what stands in the same places.
fn leading(a: &[u64], b: &[u64], count: usize) -> (u128, u128) {
    let shift = a[count - 1].leading_zeros();
    let of = |limbs: &[u64]| {
        let [low, middle, high] = [1, 2, 3].map(|back| u128::from(limbs[count + back - 4]));
        let top = high << 64 | middle;
        // In two steps, since no shift may be as wide as the limb.
        top << shift | low >> 1 >> (63 - shift)
    };
    (of(a), of(b))
}

/// What steps of Euclid on words come to: `(a, b)` becomes `(u a - v b, y b - x a)`, or the same with the other sign.
#[derive(Clone, Copy)]
struct Steps {
    u: u64,
    v: u64,
    x: u64,
    y: u64,
    /// The number of steps was odd, so signs are the other ones.
    odd: bool,
}

impl Steps {
    /// As long as the smaller one has more than `bits` bits; `None` if it never had. `a` is not smaller than `b`. With
    /// 32 bits or more factors are below `2**(64 - bits)`: each times a number that was divided by is at most what it
    /// all began with.
    #[inline(always)]
    fn of(mut a: u64, mut b: u64, bits: u32) -> Option<Steps> {
        if b >> bits == 0 {
            return None;
        }
        let (mut u, mut v, mut x, mut y) = (1, 0, 0, 1);
        let mut odd = false;
        while b >> bits != 0 {
            let q = a / b;
            (a, b) = (b, a - q * b);
            (u, x) = (x, u + q * x);
            (v, y) = (y, v + q * y);
            odd = !odd;
        }
        Some(Steps { u, v, x, y, odd })
    }

    /// The numbers that come of a pair by the steps that the upper halves have made. The first one is not negative: its
    /// upper half was divided by, so it is not below `2**32`, and what the lower halves add is less than `2**96`.
    #[inline(always)]
    fn pairs(self, a: u128, b: u128) -> (u128, i128) {
        let [u, v, x, y] = [self.u, self.v, self.x, self.y].map(u128::from);
        let first = (u.wrapping_mul(a)).wrapping_sub(v.wrapping_mul(b));
        let second = (y.wrapping_mul(b)).wrapping_sub(x.wrapping_mul(a));
        if self.odd { (first.wrapping_neg(), second.wrapping_neg() as i128) } else { (first, second as i128) }
    }
}

/// Upper halves of a pair of which the first one is the larger and has its top bit set.
fn upper(a: u128, b: u128) -> (u64, u64) {
    ((a >> 64) as u64, (b >> 64) as u64)
}

/// `(a, b)` becomes `(|p a - q b|, |r a - s b|)`; the determinant is 1 or -1.
struct Matrix {
    p: u64,
    q: u64,
    r: u64,
    s: u64,
}

impl Matrix {
    /// What the leading bits of two numbers allow; the first one has the top bit set and is not smaller. `None` if that
    /// is nothing: a division is due then.
    #[inline]
    fn of((a, b): (u128, u128)) -> Option<Matrix> {
        let (first, second) = upper(a, b);
        let one = Steps::of(first, second, 32)?;
        let alone = Matrix { p: one.u, q: one.v, r: one.x, s: one.y };
        let (a, b) = one.pairs(a, b);
        // Each row with the sign that makes its number positive, and as what it takes of the first and of the second.
        let sign = |row: (u64, u64), turned: bool| {
            let row = (row.0 as i64, -(row.1 as i64));
            if turned { (-row.0, -row.1) } else { row }
        };
        let mut rows = [sign((one.u, one.v), one.odd), sign((one.x, one.y), one.odd == (b < 0))];
        let (mut a, mut b) = (a, b.unsigned_abs());
        if a < b {
            (a, b) = (b, a);
            rows.swap(0, 1);
        }
        let shift = a.leading_zeros();
        let (first, second) = upper(a << shift, b << shift);
        // With factors below `2**32` and below `2**30` products of both stay below `2**63`.
        let Some(two) = Steps::of(first, second, 34) else { return Some(alone) };
        let [(p, q), (r, s)] = rows;
        let of = |x: u64, y: u64, l: i64, r: i64| x as i64 * l - y as i64 * r;
        let top = (of(two.u, two.v, p, r), of(two.u, two.v, q, s));
        let bottom = (of(two.x, two.y, p, r), of(two.x, two.y, q, s));
        // A row that does not subtract would make numbers larger: what it stands for was off by more than it is.
        let subtracts = |(x, y): (i64, i64)| (x >= 0 && y <= 0) || (x <= 0 && y >= 0);
        if !subtracts(top) || !subtracts(bottom) {
            return Some(alone);
        }
        let [p, q, r, s] = [top.0, top.1, bottom.0, bottom.1].map(i64::unsigned_abs);
        Some(Matrix { p, q, r, s })
    }

    /// Both numbers at once; they get no longer.
    fn replace(&self, a: &mut [u64], b: &mut [u64]) {
        debug_assert!([self.p, self.q, self.r, self.s].iter().all(|factor| *factor >> 63 == 0));
        // Factors leave the top bit free, so 128 bits have room for a difference of products and what is carried.
        let next = |p: u64, l: u64, q: u64, r: u64, carry: &mut i64| {
            let more = (u128::from(p) * u128::from(l)) as i128;
            let less = (u128::from(q) * u128::from(r)) as i128;
            let all = more - less + i128::from(*carry);
            *carry = (all >> 64) as i64;
            all as u64
        };
        let (mut first, mut second) = (0, 0);
        for (x, y) in a.iter_mut().zip(&mut *b) {
            let (l, r) = (*x, *y);
            *x = next(self.p, l, self.q, r, &mut first);
            *y = next(self.r, l, self.s, r, &mut second);
        }
        positive(first, a);
        positive(second, b);
    }
}

/// Takes the sign off a number, which stands on top of it: 0 or -1.
fn positive(top: i64, limbs: &mut [u64]) {
    debug_assert!(top == 0 || top == -1);
    if top < 0 {
        let mut carry = true;
        for limb in limbs {
            (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
        }
    }
}

/// Of numbers of two limbs at most.
fn of_pairs(mut a: u128, mut b: u128) -> u128 {
    if a < b {
        (a, b) = (b, a);
    }
    while b >> 64 != 0 {
        let shift = a.leading_zeros();
        let (first, second) = upper(a << shift, b << shift);
        let (l, r) = match Steps::of(first, second, 32) {
            Some(steps) => {
                let (l, r) = steps.pairs(a, b);
                (l, r.unsigned_abs())
            }
            None => (b, a % b),
        };
        (a, b) = if l < r { (r, l) } else { (l, r) };
    }
    if b == 0 { a } else { u128::from(of_words(b as u64, (a % b) as u64)) }
}

/// Of words, by remainders.
fn of_words(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all widths, with runs of ones and zeros among the random ones.
    struct Random(u64);

    impl Random {
        fn word(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
        }

        fn limbs(&mut self, count: usize) -> Vec<u64> {
            let limb = |random: &mut Self| match random.word() % 8 {
                0 => 0,
                1 => u64::MAX,
                2 => 1 << (random.word() % 64),
                3 => random.word() >> (random.word() % 64),
                _ => random.word(),
            };
            let limbs: Vec<u64> = (0..count).map(|_| limb(self)).collect();
            trim(&limbs).to_vec()
        }
    }

    fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0; a.len() + b.len()];
        assert!(super::super::limbs::mul(&mut out, a, b).is_ok());
        trim(&out).to_vec()
    }

    /// Euclid, by remainders.
    fn euclid(a: &[u64], b: &[u64]) -> Vec<u64> {
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        while !b.is_empty() {
            let rest = match (b.as_slice(), cmp(&a, &b).is_lt()) {
                (_, true) => a.clone(),
                ([word], _) => trim(&[rem_small(&a, *word)]).to_vec(),
                _ => divide(&a, &b, |_, rest| Ok(trim(rest).to_vec())).unwrap_or_default(),
            };
            (a, b) = (b, rest);
        }
        a
    }

    fn lehmer(a: &[u64], b: &[u64]) -> Vec<u64> {
        let (long, short) = if cmp(a, b).is_ge() { (a, b) } else { (b, a) };
        of_limbs(long, short, |_| Ok(()), |found| Ok(trim(found).to_vec())).unwrap_or_default()
    }

    #[test]
    fn as_euclid() {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let most = if cfg!(miri) { 4 } else { 24 };
        for round in 0..if cfg!(miri) { 20 } else { 6_000 } {
            let mut any = |most: usize| {
                let count = random.word() as usize % most + 1;
                random.limbs(count)
            };
            let (mut a, mut b) = (any(most), any(most));
            if round % 2 == 0 {
                let shared = any(most);
                (a, b) = (product(&a, &shared), product(&b, &shared));
            }
            if a.len() < 2 || b.len() < 2 {
                continue;
            }
            assert_eq!(lehmer(&a, &b), euclid(&a, &b), "{a:x?} {b:x?}");
        }
    }

    #[test]
    fn neighbours_and_long_ones() {
        // Numbers of Fibonacci take most steps; neighbours have large quotients in between.
        let (mut a, mut b) = (vec![1], vec![1]);
        for _ in 0..if cfg!(miri) { 200 } else { 1200 } {
            let mut sum = vec![0; b.len() + 1];
            super::super::limbs::add(&mut sum, &b, &a);
            (a, b) = (b, trim(&sum).to_vec());
            if a.len() > 1 {
                let shared = product(&[0xffff_ffff_0000_0001, 7], &b);
                assert_eq!(lehmer(&a, &b), [1]);
                assert_eq!(lehmer(&shared, &b), b);
                let mut next = shared.clone();
                next[0] ^= 1;
                assert_eq!(lehmer(&next, &b), euclid(&next, &b));
            }
        }
        let mut random = Random(7);
        for count in [40, 100, 300] {
            let [a, b, shared] = [0; 3].map(|_| random.limbs(count));
            let (a, b) = (product(&a, &shared), product(&b, &shared));
            assert_eq!(lehmer(&a, &b), euclid(&a, &b));
        }
    }

    #[test]
    fn pairs_and_words() {
        let mut random = Random(3);
        for _ in 0..if cfg!(miri) { 50 } else { 20_000 } {
            let mut any = || {
                pair(
                    &{
                        let mut l = random.limbs(2);
                        l.resize(2, 0);
                        l
                    },
                    2,
                )
            };
            let (a, b) = (any(), any());
            let (mut x, mut y) = (a, b);
            while y != 0 {
                (x, y) = (y, x % y);
            }
            assert_eq!(of_pairs(a, b), x, "{a:x} {b:x}");
        }
    }
}
