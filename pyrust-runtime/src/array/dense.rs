//! Loops over arrays in which nothing is looked at before they are over: the form that LLVM can widen.
//!
//! A result that is not finite is noted in the sign of an integer. What was noted may be something that NumPy warns about,
//! or what has come of an infinity or a NaN among the elements; the call bails either way, and the loop remembers, so
//! that from then on its other form runs, which tells the two apart.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{Array, Conv, Dtype, Np, Stored, place};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::union::U2;

/// What a loop remembers.
pub struct Site(AtomicBool);

impl Site {
    #[expect(clippy::new_without_default, reason = "made in statics only")]
    pub const fn new() -> Site {
        Site(AtomicBool::new(false))
    }

    /// Has nothing been noted yet?
    #[inline(always)]
    pub fn is_even(&self) -> bool {
        !self.0.load(Relaxed)
    }

    #[cold]
    #[inline(never)]
    extern "C" fn is_odd(&self) -> R<()> {
        self.0.store(true, Relaxed);
        bail(Bail::Warning)
    }
}

/// Bails if something was noted.
#[inline(always)]
pub fn even(site: &Site, odd: i64) -> R<()> {
    if odd < 0 { site.is_odd() } else { Ok(()) }
}

/// A float, of which the bits tell whether it is finite.
pub trait Noted: Dtype {
    /// Negative unless the value is finite.
    fn note(self) -> i64;
}

impl Noted for f64 {
    #[inline(always)]
    fn note(self) -> i64 {
        // The exponent of what is not finite is the largest: one more carries into the sign.
        (self.to_bits() & (u64::MAX >> 1)).wrapping_add(1 << 52) as i64
    }
}

impl Noted for f32 {
    #[inline(always)]
    fn note(self) -> i64 {
        i64::from((self.to_bits() & (u32::MAX >> 1)).wrapping_add(1 << 23) as i32)
    }
}

/// The value, which is noted.
#[inline(always)]
pub fn noted<T: Noted>(value: Np<T>, odd: &mut i64) -> Np<T> {
    *odd |= value.0.note();
    value
}

/// A variable to which a loop adds.
pub trait Last {
    fn note(self) -> i64;
}

impl Last for f64 {
    #[inline(always)]
    fn note(self) -> i64 {
        Noted::note(self)
    }
}

impl<T: Noted> Last for Np<T> {
    #[inline(always)]
    fn note(self) -> i64 {
        self.0.note()
    }
}

impl<A: Last, B: Last> Last for U2<A, B> {
    #[inline(always)]
    fn note(self) -> i64 {
        match self {
            U2::A(a) => a.note(),
            U2::B(b) => b.note(),
        }
    }
}

/// Notes what a loop has added up.
#[inline(always)]
pub fn note_last<T: Last>(value: T, odd: &mut i64) {
    *odd |= value.note();
}

macro_rules! mixed {
    ($($a:ty, $b:ty;)+) => { $(
        impl Conv<f64> for U2<$a, $b> {
            #[inline(always)]
            fn conv(self) -> R<f64> {
                match self {
                    U2::A(a) => a.conv(),
                    U2::B(b) => b.conv(),
                }
            }
        }
    )+ };
}

mixed! {
    f64, Np<f64>;
    Np<f64>, f64;
}

/// The places of `a[…]` while a loop runs: one for each turn.
#[derive(Clone, Copy)]
pub struct Window<T, const SIDE: bool> {
    first: *mut T,
    step: isize,
    turns: i64,
    /// The array is free.
    free: bool,
}

impl<T, const SIDE: bool> Window<T, SIDE> {
    #[inline(always)]
    fn at(self, turn: i64) -> R<*mut T> {
        if turn as u64 >= self.turns as u64 {
            return bail(Bail::Unsupported);
        }
        // SAFETY: each turn has a place in the array, see `of`.
        Ok(unsafe {
            if SIDE {
                self.first.offset(turn as isize)
            } else {
                self.first.byte_offset(turn as isize * self.step)
            }
        })
    }
}

#[inline(always)]
fn of<T: Dtype, const SIDE: bool, const N: usize>(
    a: Array<T, N>,
    parts: [(i64, bool); N],
    turns: i64,
) -> Option<Window<T, SIDE>> {
    let (mut offset, mut step) = (0, 0);
    for (at, (part, moves)) in parts.into_iter().enumerate() {
        if moves {
            // The first turn is at `part`, the last one still inside.
            if part < 0 || part > a.shape[at] || turns > a.shape[at] - part {
                return None;
            }
            step += a.strides[at];
            offset += part as isize * a.strides[at];
        } else {
            offset += place(part, a.shape[at]).ok()? * a.strides[at];
        }
    }
    if turns < 1 || (SIDE && step != size_of::<T>() as isize) {
        return None;
    }
    Some(Window { first: a.at(offset), step, turns, free: a.free })
}

/// The places of so many turns, the parts of whose index stay or move on by one with each; none where one is outside.
#[inline(always)]
pub fn window<T: Dtype, const N: usize>(
    a: Array<T, N>,
    parts: [(i64, bool); N],
    turns: i64,
) -> Option<Window<T, false>> {
    of(a, parts, turns)
}

/// The same where they lie side by side, and none where they do not.
#[inline(always)]
pub fn window_dense<T: Dtype, const N: usize>(
    a: Array<T, N>,
    parts: [(i64, bool); N],
    turns: i64,
) -> Option<Window<T, true>> {
    of(a, parts, turns)
}

/// The element of a turn.
#[inline(always)]
pub fn window_get<T: Dtype, const SIDE: bool>(window: Window<T, SIDE>, turn: i64) -> R<Np<T>> {
    // SAFETY: the place of an element of memory that lives as long as the transaction.
    Ok(Np(unsafe { T::load(window.at(turn)?) }))
}

/// Stores the element of a turn, in an array that is free.
#[inline(always)]
pub fn window_set<T: Dtype, V: Stored<T>, const SIDE: bool>(
    window: Window<T, SIDE>,
    turn: i64,
    value: V,
) -> R<()> {
    let value = value.stored()?;
    if !window.free {
        return bail(Bail::Unsupported);
    }
    // SAFETY: as before; what was there is kept by the transaction.
    unsafe { *window.at(turn)? = value };
    Ok(())
}

/// Has the processor registers of 256 bits? Nothing comes out differently there: no operations are contracted.
#[cfg(target_arch = "x86_64")]
#[inline]
pub fn is_wide() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// The places before a loop that stores there, in the order of the memory: none if the stores need a log. Of what
/// overlaps, the log knows the order.
#[inline(always)]
pub fn kept<T: Dtype, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    window: Window<T, true>,
) -> R<Option<Window<T, true>>> {
    let low = window.first.addr();
    let high = low + window.turns as usize * size_of::<T>();
    // SAFETY: the state lives as long as the transaction.
    let free = a.free || unsafe { &*a.state }.cover(cx, (low, high), window.turns)?;
    Ok(free.then_some(Window { free, ..window }))
}

/// The array before a loop of so many turns that store into it: free, if a copy is less than the log would be.
#[inline(always)]
pub fn opened<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>, turns: i64) -> R<Array<T, N>> {
    // SAFETY: the state lives as long as the transaction.
    let free = a.free || unsafe { (*a.state).free.get() || (*a.state).open(cx, turns)? };
    Ok(Array { free, ..a })
}

impl<T, const N: usize> Array<T, N> {
    /// Do stores need no log?
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        self.free
    }
}

#[cfg(test)]
mod tests {
    use super::Noted;

    #[test]
    fn what_is_not_finite_is_noted() {
        for odd in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN] {
            assert!(odd.note() < 0 && (odd as f32).note() < 0, "{odd}");
        }
        for even in [0.0, -0.0, 1.0, -1.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324] {
            assert!(even.note() >= 0, "{even}");
        }
        for even in [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE] {
            assert!(even.note() >= 0, "{even}");
        }
    }
}
