//! Sums, products, quotients, and how long they may take.

use core::cmp::Ordering;

use super::handed::Handed;
use super::{Big, limbs, of, signed, small, trim};
use crate::said::{Said, said};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl Big {
    pub(super) fn of_limbs(negative: bool, limbs: &[u64]) -> R<Big> {
        let limbs = trim(limbs);
        match small(negative, limbs) {
            Some(big) => Ok(big),
            None => Big::write(negative, limbs.len(), |out| out.extend(limbs.iter().copied())),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        matches!(self, Big::Small(0))
    }
}

/// So many steps on limbs are done without a look at signals, a fraction of a millisecond.
pub(super) const STEPS: usize = 1 << 18;

/// Numbers so large that one operation takes too long to wait for are left to Python.
const TOO_MANY: usize = 1 << 28;

/// `steps` on limbs are about to be done.
#[inline]
pub(super) fn busy(cx: Cx, steps: usize) -> R<()> {
    if steps < STEPS {
        return Ok(());
    }
    if steps > TOO_MANY { bail(Bail::Limit) } else { cx.poll(&mut 0) }
}

/// Where a machine word is needed: an index, a count.
#[inline]
pub fn to_int(a: &Big) -> R<i64> {
    match a {
        Big::Small(v) => Ok(*v),
        _ => bail(Bail::Overflow),
    }
}

/// `a + b`.
#[inline]
pub fn add(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(match x.checked_add(*y) {
            Some(v) => Big::Small(v),
            None => Big::from_i128(i128::from(*x) + i128::from(*y)),
        }),
        _ => match far(a, b, i128::checked_add) {
            Some(v) => Ok(Big::from_i128(v)),
            None => Handed::by(|upper| add_any(cx, &a.lent(), &b.lent(), false, upper)),
        },
    }
}

/// The operation in 128 bits, if those hold the operands and the result.
#[inline(always)]
fn far(a: &Big, b: &Big, f: impl Fn(i128, i128) -> Option<i128>) -> Option<i128> {
    f(a.as_i128()?, b.as_i128()?)
}

/// `a - b`.
#[inline]
pub fn sub(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(match x.checked_sub(*y) {
            Some(v) => Big::Small(v),
            None => Big::from_i128(i128::from(*x) - i128::from(*y)),
        }),
        _ => match far(a, b, i128::checked_sub) {
            Some(v) => Ok(Big::from_i128(v)),
            None => Handed::by(|upper| add_any(cx, &a.lent(), &b.lent(), true, upper)),
        },
    }
}

/// `a + b`, or `a - b` if `minus`.
#[inline(never)]
extern "C" fn add_any(cx: Cx, a: &Big, b: &Big, minus: bool, upper: &mut i64) -> Handed {
    Handed::of(sum(cx, a, b, minus), upper)
}

#[inline(always)]
fn sum(cx: Cx, a: &Big, b: &Big, minus: bool) -> R<Big> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, mut y) = (a.parts(&mut ra), b.parts(&mut rb));
    y.negative ^= minus;
    let (long, short) = if x.limbs.len() >= y.limbs.len() { (x, y) } else { (y, x) };
    busy(cx, long.limbs.len())?;
    if x.negative == y.negative {
        return Big::write(x.negative, long.limbs.len() + 1, |out| {
            limbs::sum(long.limbs, short.limbs, out);
        });
    }
    let (more, less) = match limbs::cmp(x.limbs, y.limbs) {
        Ordering::Equal => return Ok(Big::Small(0)),
        Ordering::Greater => (x, y),
        Ordering::Less => (y, x),
    };
    Big::write(more.negative, more.limbs.len(), |out| limbs::difference(more.limbs, less.limbs, out))
}

/// `a * b`.
#[inline]
pub fn mul(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(Big::from_i128(i128::from(*x) * i128::from(*y))),
        _ => Handed::by(|upper| mul_any(cx, &a.lent(), &b.lent(), upper)),
    }
}

#[inline(never)]
extern "C" fn mul_any(cx: Cx, a: &Big, b: &Big, upper: &mut i64) -> Handed {
    Handed::of(product(cx, a, b), upper)
}

#[inline(always)]
fn product(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, y) = (a.parts(&mut ra), b.parts(&mut rb));
    let negative = x.negative != y.negative;
    match (x.limbs, y.limbs) {
        ([], _) | (_, []) => return Ok(Big::Small(0)),
        ([x], [y]) => {
            let product = u128::from(*x) * u128::from(*y);
            if let Some(big) = signed(negative, product) {
                return Ok(big);
            }
        }
        (long, [factor]) | ([factor], long) => {
            busy(cx, long.len())?;
            return Big::write(negative, long.len() + 1, |out| limbs::times(long, *factor, out));
        }
        _ => {}
    }
    // Each halving of the factors saves a quarter.
    let mut steps = x.limbs.len().saturating_mul(y.limbs.len());
    let mut half = x.limbs.len().min(y.limbs.len());
    while half > 2 * limbs::KARATSUBA {
        (half, steps) = (half / 2, steps / 4 * 3);
    }
    busy(cx, steps)?;
    Big::build(negative, x.limbs.len() + y.limbs.len(), |out| limbs::mul(out, x.limbs, y.limbs))
}

/// `a // b`: floors.
#[inline]
pub fn floordiv(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) if *y != 0 && *y != -1 => {
            Ok(Big::Small(crate::int::floordiv(*x, *y)?))
        }
        _ => Handed::by(|upper| quotient_any(cx, &a.lent(), &b.lent(), upper)),
    }
}

#[inline(never)]
extern "C" fn quotient_any(cx: Cx, a: &Big, b: &Big, upper: &mut i64) -> Handed {
    let quotient = match (a, b) {
        (Big::Large(large), Big::Small(divisor @ 2..)) if !large.negative() => {
            let limbs = large.limbs();
            busy(cx, limbs.len()).and_then(|()| {
                Big::build(false, limbs.len(), |out| {
                    limbs::quotient(out, limbs, divisor.unsigned_abs());
                    Ok(())
                })
            })
        }
        _ => divided(cx, a, b, Want::Quotient).map(|(quotient, _)| quotient),
    };
    Handed::of(quotient, upper)
}

/// `a % b`: takes the divisor's sign.
#[inline]
pub fn mod_(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(Big::Small(crate::int::mod_(*x, *y)?)),
        _ => Handed::by(|upper| rest_any(cx, &a.lent(), &b.lent(), upper)),
    }
}

#[inline(never)]
extern "C" fn rest_any(cx: Cx, a: &Big, b: &Big, upper: &mut i64) -> Handed {
    Handed::of(divided(cx, a, b, Want::Rest).map(|(_, rest)| rest), upper)
}

/// `a % b` by a word.
#[inline]
pub fn mod_int(_: Cx, a: &Big, b: i64) -> R<i64> {
    match a {
        Big::Small(x) => crate::int::mod_(*x, b),
        Big::Middle { high: 0, low } if b > 0 => Ok((low % b as u64) as i64),
        _ => mod_int_any(&a.lent(), b),
    }
}

#[inline(never)]
extern "C" fn mod_int_any(a: &Big, b: i64) -> R<i64> {
    if b == 0 {
        return said(Said::IntRest);
    }
    let mut room = [0; 2];
    let (x, size) = (a.parts(&mut room), b.unsigned_abs());
    let rest = limbs::rem_small(x.limbs, size);
    // The remainder takes the sign of `b`, and its size is below that of `b`.
    let rest = if x.negative != (b < 0) && rest != 0 { size - rest } else { rest };
    Ok(if b < 0 { (rest as i64).wrapping_neg() } else { rest as i64 })
}

/// `divmod(a, b)`.
pub fn divmod(cx: Cx, a: &Big, b: &Big) -> R<(Big, Big)> {
    divided(cx, a, b, Want::Both)
}

/// What of a division is asked for; the other one is 0.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    Quotient,
    Rest,
    Both,
}

#[inline(never)]
extern "C" fn divided(cx: Cx, a: &Big, b: &Big, want: Want) -> R<(Big, Big)> {
    match b {
        Big::Small(0) => return said(if want == Want::Rest { Said::IntRest } else { Said::IntDivision }),
        // What fractions are reduced by most often.
        Big::Small(1) => return Ok((a.clone(), of(0))),
        _ => {}
    }
    if let (Some(x), Some(y)) = (a.as_i128(), b.as_i128())
        && let Some(q) = x.checked_div(y)
    {
        let r = x - q * y;
        let floors = r != 0 && (r < 0) != (y < 0);
        let (q, r) = if floors { (q - 1, r + y) } else { (q, r) };
        return Ok((Big::from_i128(q), Big::from_i128(r)));
    }
    // The quotient is truncated; it is one less where the remainder and the divisor differ in sign.
    if a.is_negative() == b.is_negative() {
        return divide(cx, a, b, want);
    }
    let (q, r) = divide(cx, a, b, Want::Both)?;
    if !r.is_zero() {
        return Ok((sub(cx, &q, &of(1))?, add(cx, &r, b)?));
    }
    Ok((q, r))
}

/// Quotient and remainder, truncated; `b` is not zero.
fn divide(cx: Cx, a: &Big, b: &Big, want: Want) -> R<(Big, Big)> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, y) = (a.parts(&mut ra), b.parts(&mut rb));
    let negative = x.negative != y.negative;
    if limbs::cmp(x.limbs, y.limbs) == Ordering::Less {
        return Ok((Big::Small(0), a.clone()));
    }
    if let [divisor] = y.limbs {
        busy(cx, x.limbs.len())?;
        if want == Want::Rest {
            let rest = limbs::rem_small(x.limbs, *divisor);
            return Ok((Big::Small(0), Big::of_limbs(x.negative, &[rest])?));
        }
        let mut rest = 0;
        let q = Big::build(negative, x.limbs.len(), |out| {
            rest = limbs::quotient(out, x.limbs, *divisor);
            Ok(())
        })?;
        return Ok((q, Big::of_limbs(x.negative, &[rest])?));
    }
    // A step of a division is several times one of a multiplication, and nothing is cut in two here.
    let steps = y.limbs.len().saturating_mul(x.limbs.len() - y.limbs.len() + 1);
    busy(cx, steps.saturating_mul(4))?;
    limbs::divide(x.limbs, y.limbs, |q, r| {
        let q = if want == Want::Rest { Big::Small(0) } else { Big::of_limbs(negative, q)? };
        let r = if want == Want::Quotient { Big::Small(0) } else { Big::of_limbs(x.negative, r)? };
        Ok((q, r))
    })
}

/// `-a`.
#[inline]
pub fn neg(cx: Cx, a: &Big) -> R<Big> {
    match a {
        Big::Small(v) if *v != i64::MIN => Ok(Big::Small(-v)),
        _ => sub(cx, &of(0), a),
    }
}

/// `+a`, `int(a)`, `round(a)`.
#[inline]
pub fn pos(a: &Big) -> Big {
    a.clone()
}

/// `abs(a)`.
#[inline]
pub fn abs(cx: Cx, a: &Big) -> R<Big> {
    if a.is_negative() { neg(cx, a) } else { Ok(a.clone()) }
}

/// `bool(a)`.
#[inline]
pub fn truth(a: &Big) -> bool {
    !a.is_zero()
}
