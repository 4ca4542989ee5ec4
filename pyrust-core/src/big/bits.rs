//! Bits of ints of any size: as if two's complement went on for ever.

use super::handed::Handed;
use super::limbs::{MOST, chain, zeros};
use super::{Big, busy, size};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

macro_rules! bitwise {
    ($($name:ident $any:ident $text:literal $op:tt;)*) => { $(
        #[doc = concat!("`a ", $text, " b`.")]
        #[inline]
        pub fn $name(cx: Cx, a: &Big, b: &Big) -> R<Big> {
            if let (Big::Small(x), Big::Small(y)) = (a, b) {
                return Ok(Big::Small(x $op y));
            }
            match (a.as_i128(), b.as_i128()) {
                (Some(x), Some(y)) => Ok(Big::from_i128(x $op y)),
                _ => Handed::by(|upper| $any(cx, &a.lent(), &b.lent(), upper)),
            }
        }

        #[inline(never)]
        extern "C" fn $any(cx: Cx, a: &Big, b: &Big, upper: &mut i64) -> Handed {
            Handed::of(combine(cx, a, b, |x, y| x $op y), upper)
        }
    )* };
}

bitwise! {
    and_ and_any "&" &;
    or_ or_any "|" |;
    xor xor_any "^" ^;
}

/// `a & b` with a `b` that is not negative: fits as `b` does.
#[inline]
pub fn and_int(_: Cx, a: &Big, b: i64) -> R<i64> {
    if b < 0 {
        return bail(Bail::Unsupported);
    }
    Ok(low(a) & b)
}

/// The lowest 64 bits in two's complement.
#[inline]
pub fn low(a: &Big) -> i64 {
    match a {
        Big::Small(v) => *v,
        Big::Middle { low, .. } => *low as i64,
        Big::Large(large) => {
            let low = large.limbs()[0] as i64;
            if large.negative() { low.wrapping_neg() } else { low }
        }
    }
}

/// The number of these 64 bits that is not negative.
#[inline]
pub fn of_low(word: i64) -> Big {
    if word >= 0 { Big::Small(word) } else { Big::Middle { high: 0, low: word as u64 } }
}

/// What was computed in 128 bits.
#[inline(always)]
pub fn of_128(value: i128) -> Big {
    Big::from_i128(value)
}

/// What is known to have room in 128 bits.
#[inline]
pub fn in_128(a: &Big) -> R<i128> {
    a.as_i128().map_or_else(|| bail(Bail::Overflow), Ok)
}

/// What 64 bits without a sign hold.
#[inline]
pub fn word(a: &Big) -> Option<i128> {
    match a {
        Big::Small(v @ 0..) => Some(i128::from(*v)),
        Big::Middle { high: 0, low } => Some(i128::from(*low)),
        _ => None,
    }
}

/// The bits of a mask of at most 64.
#[inline]
pub fn mask(a: &Big) -> Option<i64> {
    match a {
        Big::Small(v @ 0..) => Some(*v),
        Big::Middle { high: 0, low } => Some(*low as i64),
        _ => None,
    }
}

/// The mask that leaves what is left of a division by `a`, a power of two up to `2**64`.
#[inline]
pub fn modulus(a: &Big) -> Option<i64> {
    let of = u128::try_from(a.as_i128()?).ok()?;
    (of.is_power_of_two() && of <= 1 << 64).then(|| (of - 1) as i64)
}

/// Both in two's complement, limb by limb, with one limb for the sign.
#[inline(always)]
fn combine(cx: Cx, a: &Big, b: &Big, op: impl Fn(u64, u64) -> u64) -> R<Big> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, y) = (a.parts(&mut ra), b.parts(&mut rb));
    let count = x.limbs.len().max(y.limbs.len()) + 1;
    busy(cx, count)?;
    let sign = |negative: bool| if negative { u64::MAX } else { 0 };
    let negative = op(sign(x.negative), sign(y.negative)) != 0;
    if !x.negative && !y.negative {
        let (long, short) =
            if x.limbs.len() >= y.limbs.len() { (x.limbs, y.limbs) } else { (y.limbs, x.limbs) };
        // What has nothing beside it stays, or none of it does.
        let long = if op(1, 0) == 0 { &long[..short.len()] } else { long };
        return Big::write(false, long.len(), |out| {
            chain(long, short, out, |l, r, _| (op(l, r), false));
        });
    }
    Big::build(negative, count, |out| {
        // The complement of a negative number is one more than its bits turned over.
        let (mut cx, mut cy, mut co) = (x.negative, y.negative, negative);
        let turn = |limb: u64, negative: bool, carry: &mut bool| {
            if !negative {
                return limb;
            }
            let (turned, over) = (!limb).overflowing_add(u64::from(*carry));
            *carry = over;
            turned
        };
        for (i, slot) in out.iter_mut().enumerate() {
            let l = turn(x.limbs.get(i).copied().unwrap_or(0), x.negative, &mut cx);
            let r = turn(y.limbs.get(i).copied().unwrap_or(0), y.negative, &mut cy);
            *slot = turn(op(l, r), negative, &mut co);
        }
        Ok(())
    })
}

/// `~a`.
#[inline]
pub fn inv(cx: Cx, a: &Big) -> R<Big> {
    match a.as_i128() {
        Some(v) => Ok(Big::from_i128(!v)),
        None => super::sub(cx, &Big::Small(-1), a),
    }
}

/// `a << n`.
#[inline]
pub fn shl(cx: Cx, a: &Big, n: i64) -> R<Big> {
    if let Big::Small(v) = a
        && (0..=63).contains(&n)
    {
        return Ok(Big::from_i128(i128::from(*v) << n));
    }
    Handed::by(|upper| shl_any(cx, &a.lent(), n, upper))
}

#[inline(never)]
extern "C" fn shl_any(cx: Cx, a: &Big, n: i64, upper: &mut i64) -> Handed {
    Handed::of(shifted_left(cx, a, n), upper)
}

#[inline(always)]
fn shifted_left(cx: Cx, a: &Big, n: i64) -> R<Big> {
    let Ok(n) = u64::try_from(n) else { return exc(Exc::ValueError) };
    if a.is_zero() {
        return Ok(Big::Small(0));
    }
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    if size(x.limbs).saturating_add(n) > MOST as u64 * 64 - 64 {
        return bail(Bail::Memory);
    }
    let (whole, part) = ((n / 64) as usize, (n % 64) as u32);
    let count = x.limbs.len() + whole + 1;
    busy(cx, count)?;
    Big::write(x.negative, count, |out| {
        out.extend(core::iter::repeat_n(0, whole));
        let mut carry = 0;
        out.extend(x.limbs.iter().map(|limb| {
            let shifted = limb << part | carry;
            // In two steps, since no shift may be as wide as the limb.
            carry = limb >> 1 >> (63 - part);
            shifted
        }));
        out.push(carry);
    })
}

/// `a << b`.
pub fn shl_big(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    shl(cx, a, super::to_int(b)?)
}

/// `a >> n`: floors.
#[inline]
pub fn shr(cx: Cx, a: &Big, n: i64) -> R<Big> {
    if let Big::Small(v) = a {
        return Ok(Big::Small(crate::int::shr(*v, n)?));
    }
    match a.as_i128() {
        Some(v) if n >= 0 => Ok(Big::from_i128(v >> n.min(127))),
        _ => Handed::by(|upper| shr_any(cx, &a.lent(), n, upper)),
    }
}

#[inline(never)]
extern "C" fn shr_any(cx: Cx, a: &Big, n: i64, upper: &mut i64) -> Handed {
    Handed::of(shifted_right(cx, a, n), upper)
}

#[inline(always)]
fn shifted_right(cx: Cx, a: &Big, n: i64) -> R<Big> {
    if n < 0 {
        return exc(Exc::ValueError);
    }
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    let (whole, part) = ((n / 64) as usize, (n % 64) as u32);
    if whole >= x.limbs.len() {
        return Ok(Big::Small(-i64::from(x.negative)));
    }
    busy(cx, x.limbs.len())?;
    let kept = &x.limbs[whole..];
    // In two steps, since no shift may be as wide as the limb.
    let joined = |low: u64, above: u64| low >> part | above << 1 << (63 - part);
    if !x.negative {
        return Big::write(false, kept.len(), |out| {
            out.extend(kept.windows(2).map(|two| joined(two[0], two[1])));
            out.push(joined(kept[kept.len() - 1], 0));
        });
    }
    // A negative number goes down, not towards zero: one more where bits are lost.
    let lost = x.limbs[..whole].iter().any(|l| *l != 0) || (part != 0 && kept[0] << (64 - part) != 0);
    Big::write(true, kept.len() + 1, |out| {
        let mut carry = lost;
        let mut next = |low: u64, above: u64| {
            let limb;
            (limb, carry) = joined(low, above).overflowing_add(u64::from(carry));
            limb
        };
        out.extend(kept.windows(2).map(|two| next(two[0], two[1])));
        out.push(next(kept[kept.len() - 1], 0));
        out.push(u64::from(carry));
    })
}

/// `a >> b`: a count that is too large leaves the sign.
pub fn shr_big(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match b {
        Big::Small(n) => shr(cx, a, *n),
        _ if b.is_negative() => exc(Exc::ValueError),
        _ => Ok(Big::Small(-i64::from(a.is_negative()))),
    }
}

/// `a.bit_length()`.
#[inline]
pub fn bit_length(a: &Big) -> i64 {
    match mask(a) {
        Some(word) => i64::from(64 - word.leading_zeros()),
        None => bit_length_any(&a.lent()),
    }
}

#[inline(never)]
extern "C" fn bit_length_any(a: &Big) -> i64 {
    let mut room = [0; 2];
    size(a.parts(&mut room).limbs) as i64
}

/// `a.bit_count()`.
#[inline]
pub fn bit_count(a: &Big) -> i64 {
    match mask(a) {
        Some(word) => i64::from(word.count_ones()),
        None => bit_count_any(&a.lent()),
    }
}

#[inline(never)]
extern "C" fn bit_count_any(a: &Big) -> i64 {
    let mut room = [0; 2];
    a.parts(&mut room).limbs.iter().map(|l| i64::from(l.count_ones())).sum()
}

/// The magnitude of `a` as it stands in memory, least significant first, `count` limbs long; `None` if it does not fit.
pub(super) fn padded(a: &Big, count: usize) -> R<Option<Vec<u64>>> {
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    if x.limbs.len() > count {
        return Ok(None);
    }
    let mut out = zeros(count)?;
    out[..x.limbs.len()].copy_from_slice(x.limbs);
    Ok(Some(out))
}
