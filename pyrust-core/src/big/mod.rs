//! Python's `int` of any size.
//!
//! What fits 64 or 128 bits is stored in place and computed as such; what does not is limbs on the heap. Every number has
//! one form only, the smallest. Work that takes long looks for signals ([`busy`]), what takes too long is left to Python.
//!
//! `limbs` and `store` are magnitudes and their memory; `bits`, `power`, `float`, `text` the operations that are no plain
//! arithmetic; `value` ties the type to objects, containers and texts.

mod bits;
mod float;
mod limbs;
mod power;
mod store;
mod sum;
mod text;
mod value;

pub use bits::*;
pub use float::*;
pub use power::*;
pub use sum::*;
pub use text::*;
pub use value::BigConst;

use core::cmp::Ordering;
use core::mem::ManuallyDrop;

use self::limbs::{bits as size, trim};
use self::store::Large;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// An exact `int`.
#[derive(Clone)]
pub enum Big {
    Small(i64),
    /// What fits 128 bits and no fewer: the upper and the lower half.
    Middle {
        high: i64,
        low: u64,
    },
    Large(Large),
}

/// Sign and magnitude.
#[derive(Clone, Copy)]
struct Parts<'a> {
    negative: bool,
    limbs: &'a [u64],
}

impl Big {
    /// In the smallest form.
    #[inline]
    pub fn from_i128(value: i128) -> Big {
        match i64::try_from(value) {
            Ok(small) => Big::Small(small),
            Err(_) => Big::Middle { high: (value >> 64) as i64, low: value as u64 },
        }
    }

    /// The value, if 128 bits hold it.
    #[inline]
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Big::Small(v) => Some(i128::from(*v)),
            Big::Middle { high, low } => Some(i128::from(*high) << 64 | i128::from(*low)),
            Big::Large(_) => None,
        }
    }

    /// The same number for a call that is not inlined: what such a call is given has to be in memory, so it is given a
    /// copy, and the number itself may be in registers.
    #[inline(always)]
    fn lent(&self) -> ManuallyDrop<Big> {
        // SAFETY: the copy is never dropped, and does not outlive what it was borrowed from by more than the call.
        ManuallyDrop::new(unsafe { core::ptr::read(self) })
    }

    /// Sign and magnitude; `room` is for what has no limbs of its own.
    fn parts<'a>(&'a self, room: &'a mut [u64; 2]) -> Parts<'a> {
        if let Big::Large(large) = self {
            return Parts { negative: large.negative(), limbs: large.limbs() };
        }
        let value = self.as_i128().unwrap_or(0);
        let magnitude = value.unsigned_abs();
        *room = [magnitude as u64, (magnitude >> 64) as u64];
        Parts { negative: value < 0, limbs: trim(room) }
    }

    /// A number of `count` limbs at most, which `fill` writes.
    fn build(negative: bool, count: usize, fill: impl FnOnce(&mut [u64]) -> R<()>) -> R<Big> {
        let mut large = Large::zeroed(count)?;
        fill(large.limbs_mut())?;
        let limbs = trim(large.limbs());
        let len = limbs.len();
        match small(negative, limbs) {
            Some(big) => Ok(big),
            None => {
                large.set(negative, len);
                Ok(Big::Large(large))
            }
        }
    }

    fn of_limbs(negative: bool, limbs: &[u64]) -> R<Big> {
        let limbs = trim(limbs);
        match small(negative, limbs) {
            Some(big) => Ok(big),
            None => Big::build(negative, limbs.len(), |out| {
                out.copy_from_slice(limbs);
                Ok(())
            }),
        }
    }

    fn is_negative(&self) -> bool {
        match self {
            Big::Small(v) => *v < 0,
            Big::Middle { high, .. } => *high < 0,
            Big::Large(large) => large.negative(),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Big::Small(0))
    }
}

/// What needs no limbs on the heap.
fn small(negative: bool, limbs: &[u64]) -> Option<Big> {
    if limbs.len() > 2 {
        return None;
    }
    let low = limbs.first().map_or(0, |l| u128::from(*l));
    signed(negative, limbs.get(1).map_or(0, |h| u128::from(*h)) << 64 | low)
}

/// A magnitude with its sign, if 128 bits hold it.
#[inline]
fn signed(negative: bool, magnitude: u128) -> Option<Big> {
    let value = if negative { 0i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() };
    value.map(Big::from_i128)
}

/// So many steps on limbs are done without a look at signals, a fraction of a millisecond.
const STEPS: usize = 1 << 18;

/// Numbers so large that one operation takes too long to wait for are left to Python.
const TOO_MANY: usize = 1 << 28;

/// `steps` on limbs are about to be done.
#[inline]
fn busy(cx: Cx, steps: usize) -> R<()> {
    if steps < STEPS {
        return Ok(());
    }
    if steps > TOO_MANY { bail(Bail::Limit) } else { cx.poll(&mut 0) }
}

/// An `i64` as an `int` of any size.
#[inline(always)]
pub fn of(value: i64) -> Big {
    Big::Small(value)
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
            None => add_any(cx, &a.lent(), &b.lent(), false),
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
            None => add_any(cx, &a.lent(), &b.lent(), true),
        },
    }
}

/// `a + b`, or `a - b` if `minus`.
#[inline(never)]
extern "C" fn add_any(cx: Cx, a: &Big, b: &Big, minus: bool) -> R<Big> {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, mut y) = (a.parts(&mut ra), b.parts(&mut rb));
    y.negative ^= minus;
    let (long, short) = if x.limbs.len() >= y.limbs.len() { (x, y) } else { (y, x) };
    busy(cx, long.limbs.len())?;
    if x.negative == y.negative {
        return Big::build(x.negative, long.limbs.len() + 1, |out| {
            limbs::add(out, long.limbs, short.limbs);
            Ok(())
        });
    }
    let (more, less) = match limbs::cmp(x.limbs, y.limbs) {
        Ordering::Equal => return Ok(Big::Small(0)),
        Ordering::Greater => (x, y),
        Ordering::Less => (y, x),
    };
    Big::build(more.negative, more.limbs.len(), |out| {
        limbs::sub(out, more.limbs, less.limbs);
        Ok(())
    })
}

/// `a * b`.
#[inline]
pub fn mul(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(Big::from_i128(i128::from(*x) * i128::from(*y))),
        _ => mul_any(cx, &a.lent(), &b.lent()),
    }
}

#[inline(never)]
extern "C" fn mul_any(cx: Cx, a: &Big, b: &Big) -> R<Big> {
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
            return Big::build(negative, long.len() + 1, |out| {
                let (low, top) = out.split_at_mut(long.len());
                low.copy_from_slice(long);
                top[0] = limbs::mul_small(low, *factor, 0);
                Ok(())
            });
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
        _ => Ok(divided(cx, &a.lent(), &b.lent(), Want::Quotient)?.0),
    }
}

/// `a % b`: takes the divisor's sign.
#[inline]
pub fn mod_(cx: Cx, a: &Big, b: &Big) -> R<Big> {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => Ok(Big::Small(crate::int::mod_(*x, *y)?)),
        _ => Ok(divided(cx, &a.lent(), &b.lent(), Want::Rest)?.1),
    }
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
        return exc(Exc::ZeroDivisionError);
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
    if b.is_zero() {
        return exc(Exc::ZeroDivisionError);
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
            out.copy_from_slice(x.limbs);
            rest = limbs::div_small(out, *divisor);
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

/// The order of two ints.
#[inline]
pub fn cmp(a: &Big, b: &Big) -> Ordering {
    match (a, b) {
        (Big::Small(x), Big::Small(y)) => x.cmp(y),
        _ => match (a.as_i128(), b.as_i128()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => cmp_any(&a.lent(), &b.lent()),
        },
    }
}

#[inline(never)]
extern "C" fn cmp_any(a: &Big, b: &Big) -> Ordering {
    let (mut ra, mut rb) = ([0; 2], [0; 2]);
    let (x, y) = (a.parts(&mut ra), b.parts(&mut rb));
    match (x.negative, y.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => limbs::cmp(x.limbs, y.limbs),
        (true, true) => limbs::cmp(y.limbs, x.limbs),
    }
}

macro_rules! comparisons {
    ($($name:ident $text:literal $test:expr;)*) => { $(
        #[doc = concat!("`a ", $text, " b`.")]
        #[inline]
        pub fn $name(a: &Big, b: &Big) -> bool {
            let test: fn(Ordering) -> bool = $test;
            test(cmp(a, b))
        }
    )* };
}

comparisons! {
    eq "==" Ordering::is_eq;
    ne "!=" Ordering::is_ne;
    lt "<" Ordering::is_lt;
    le "<=" Ordering::is_le;
    gt ">" Ordering::is_gt;
    ge ">=" Ordering::is_ge;
}

/// `hash(a)`: the value modulo 2**61 - 1, with its sign.
pub fn hash(a: &Big) -> isize {
    const MODULUS: u128 = (1 << 61) - 1;
    let mut room = [0; 2];
    let x = a.parts(&mut room);
    // 2**64 is 8 there.
    let fold = |hash: u128, limb: &u64| (hash * 8 + u128::from(*limb)) % MODULUS;
    let hash = x.limbs.iter().rev().fold(0u128, fold) as isize;
    match if x.negative { -hash } else { hash } {
        -1 => -2,
        hash => hash,
    }
}
