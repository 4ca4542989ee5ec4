//! Python's `int` of any size.
//!
//! What fits 64 or 128 bits is stored in place and computed as such; what does not is limbs on the heap. Every number has
//! one form only, the smallest. Work that takes long looks for signals ([`busy`]), what takes too long is left to Python.
//!
//! `magnitude` and `store` are magnitudes and their memory. What is here, in `mixed` and in `value` compares boxed values
//! as well, so it is always there: all else is compiled where code names it. `limbs` and `arithmetic` compute; `bits`,
//! `power`, `gcd`, `float`, `text` are the operations that are no plain arithmetic; `handed` is how results come back from
//! calls; `items` ties the type to containers and texts.

mod magnitude;
mod mixed;
mod store;
mod value;

pub use mixed::*;

#[cfg(feature = "big")]
mod arithmetic;
#[cfg(feature = "big")]
mod bits;
#[cfg(feature = "big")]
mod float;
#[cfg(feature = "big")]
mod gcd;
#[cfg(feature = "big")]
mod handed;
#[cfg(feature = "big")]
mod items;
#[cfg(feature = "big")]
mod limbs;
#[cfg(feature = "big")]
mod power;
#[cfg(feature = "big")]
mod sum;
#[cfg(feature = "big")]
mod text;

#[cfg(feature = "big")]
use {arithmetic::STEPS, limbs::bits as size};
#[cfg(feature = "big")]
pub use {
    arithmetic::*,
    bits::*,
    float::*,
    gcd::gcd,
    items::{BigConst, hash},
    power::*,
    sum::*,
    text::*,
};

use core::cmp::Ordering;
use core::mem::ManuallyDrop;

use self::magnitude::trim;
use self::store::{Large, Writer};
use crate::stop::R;

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
    #[cfg(feature = "big")]
    fn build(negative: bool, count: usize, fill: impl FnOnce(&mut [u64]) -> R<()>) -> R<Big> {
        let mut large = Large::zeroed(count)?;
        fill(large.limbs_mut())?;
        Ok(Big::finished(negative, large))
    }

    /// The same with limbs that are added one after the other, none of which has to be cleared before.
    #[inline(always)]
    fn write(negative: bool, count: usize, write: impl FnOnce(&mut Writer)) -> R<Big> {
        Ok(Big::finished(negative, Large::written(count, write)?))
    }

    /// In the smallest form.
    #[inline]
    fn finished(negative: bool, mut large: Large) -> Big {
        let limbs = trim(large.limbs());
        let len = limbs.len();
        match small(negative, limbs) {
            Some(big) => big,
            None => {
                large.set(negative, len);
                Big::Large(large)
            }
        }
    }

    /// The magnitude in words of 32 bits, the lowest first; at least one.
    #[cfg(feature = "rare")]
    pub(crate) fn words(&self) -> Vec<u32> {
        let mut room = [0; 2];
        let limbs = self.parts(&mut room).limbs;
        let mut words: Vec<u32> = limbs.iter().flat_map(|limb| [*limb as u32, (limb >> 32) as u32]).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        if words.is_empty() { vec![0] } else { words }
    }

    fn is_negative(&self) -> bool {
        match self {
            Big::Small(v) => *v < 0,
            Big::Middle { high, .. } => *high < 0,
            Big::Large(large) => large.negative(),
        }
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

/// An `i64` as an `int` of any size.
#[inline(always)]
pub fn of(value: i64) -> Big {
    Big::Small(value)
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
        (false, false) => magnitude::cmp(x.limbs, y.limbs),
        (true, true) => magnitude::cmp(y.limbs, x.limbs),
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
