//! Loops over arrays in which nothing is looked at before they are over: the form that LLVM can widen.
//!
//! A result that is not finite is noted in the bits of an integer. What was noted may be something that NumPy warns about,
//! or what has come of an infinity or a NaN among the elements; the call bails either way, and the loop remembers, so
//! that from then on its other form runs, which tells the two apart.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{Array, Conv, Dtype, Np, Stored, place};
use crate::stop::{Bail, R, Stop, bail};
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
    if odd != 0 { site.is_odd() } else { Ok(()) }
}

/// A float that may not be finite.
pub trait Noted: Dtype {
    /// 0 if the value is finite.
    fn note(self) -> i64;
}

#[expect(clippy::eq_op, reason = "zero, unless it is not finite")]
impl Noted for f64 {
    #[inline(always)]
    fn note(self) -> i64 {
        // Zero, or NaN: two instructions with the `|` behind it, and no constant.
        (self - self).to_bits() as i64
    }
}

#[expect(clippy::eq_op, reason = "zero, unless it is not finite")]
impl Noted for f32 {
    #[inline(always)]
    fn note(self) -> i64 {
        i64::from((self - self).to_bits())
    }
}

/// The value, which is noted.
#[inline(always)]
pub fn noted<T: Last + Copy>(value: T, odd: &mut i64) -> T {
    *odd |= value.note();
    value
}

/// An exception leaves loops before what they have added up is noted: it counts as something that is not finite.
#[inline]
pub fn note_stop(stop: Stop, odd: &mut i64) {
    if stop.as_exc().is_some() {
        *odd = i64::MIN;
    }
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

/// A float of Python's or of NumPy's, in a place for either.
pub trait Either: Sized {
    /// The number, and whether it is NumPy's.
    fn split(self) -> (f64, bool);
}

impl Either for f64 {
    #[inline(always)]
    fn split(self) -> (f64, bool) {
        (self, false)
    }
}

impl Either for U2<f64, Np<f64>> {
    #[inline(always)]
    fn split(self) -> (f64, bool) {
        match self {
            U2::A(value) => (value, false),
            U2::B(value) => (value.0, true),
        }
    }
}

macro_rules! either {
    ($($name:ident $op:tt),+) => { $(
        #[doc = concat!("`a ", stringify!($op), " b`, whatever comes out, which is NumPy's if one of the two is.")]
        #[inline(always)]
        pub fn $name<A: Either, B: Either>(a: A, b: B) -> U2<f64, Np<f64>> {
            let ((a, ours), (b, theirs)) = (a.split(), b.split());
            let value = a $op b;
            if ours | theirs { U2::B(Np(value)) } else { U2::A(value) }
        }
    )+ };
}

either!(either_add +, either_sub -, either_mul *, either_truediv /);

impl Stored<f64> for U2<f64, Np<f64>> {
    #[inline(always)]
    fn stored(self) -> R<f64> {
        Ok(self.split().0)
    }
}

/// The places of `a[…]` while loops run: one for each turn of those that move it, from the outermost one on.
///
/// There is a field for each of at most four loops, and no loop over them: LLVM would take it apart too late.
#[derive(Clone, Copy)]
pub struct Window<T, const SIDE: bool, const D: usize> {
    pub(super) first: *mut T,
    pub(super) loops: (Moves, Moves, Moves, Moves),
    /// The array is free.
    free: bool,
}

/// How a loop moves places.
#[derive(Clone, Copy)]
pub(super) struct Moves {
    pub(super) step: isize,
    pub(super) turns: i64,
}

/// Nothing moves.
pub(super) const STAYS: Moves = Moves { step: 0, turns: 1 };

impl Moves {
    /// The place of a turn, from that of the first one on.
    #[inline(always)]
    pub(super) fn on<T, const SIDE: bool>(self, place: *mut T, turn: i64) -> R<*mut T> {
        if turn as u64 >= self.turns as u64 {
            return bail(Bail::Unsupported);
        }
        // SAFETY: each turn has a place in the array, see `of`.
        Ok(unsafe {
            if SIDE { place.offset(turn as isize) } else { place.byte_offset(turn as isize * self.step) }
        })
    }

    /// How far the last turn is from the first one.
    #[inline(always)]
    fn reach(self) -> isize {
        (self.turns as isize - 1) * self.step
    }
}

impl<T, const SIDE: bool, const D: usize> Window<T, SIDE, D> {
    #[inline(always)]
    fn at(self, turns: [i64; D]) -> R<*mut T> {
        let mut place = self.first;
        macro_rules! on {
            ($($level:literal $field:tt),+) => { $(
                if SIDE && D == $level + 1 {
                    place = self.loops.$field.on::<T, true>(place, turns[$level])?;
                } else if D > $level {
                    place = self.loops.$field.on::<T, false>(place, turns[$level])?;
                }
            )+ };
        }
        on!(0 0, 1 1, 2 2, 3 3);
        Ok(place)
    }

    /// The memory between the first and the last byte of all turns.
    #[inline(always)]
    pub(super) fn extent(self) -> (usize, usize) {
        let (a, b, c, d) = self.loops;
        let (a, b, c, d) = (a.reach(), b.reach(), c.reach(), d.reach());
        let low = a.min(0) + b.min(0) + c.min(0) + d.min(0);
        let high = a.max(0) + b.max(0) + c.max(0) + d.max(0);
        let first = self.first.addr();
        (first.wrapping_add_signed(low), first.wrapping_add_signed(high) + size_of::<T>())
    }

    fn turns(self) -> i64 {
        let (a, b, c, d) = self.loops;
        a.turns.saturating_mul(b.turns).saturating_mul(c.turns).saturating_mul(d.turns)
    }
}

#[inline(always)]
fn of<T: Dtype, const SIDE: bool, const TOLD: bool, const N: usize, const D: usize>(
    a: Array<T, N>,
    parts: [(i64, u8); N],
    turns: [i64; D],
) -> Option<Window<T, SIDE, D>> {
    const { assert!(D <= 4 && N <= 4, "the compiler makes no more") };
    let mut offset = 0;
    let mut loops = (STAYS, STAYS, STAYS, STAYS);
    let mut side = true;
    macro_rules! each {
        ($($level:literal $field:tt),+) => { $(
            if D > $level {
                loops.$field.turns = turns[$level];
                if turns[$level] < 1 {
                    return None;
                }
            }
        )+ };
    }
    each!(0 0, 1 1, 2 2, 3 3);
    let size = size_of::<T>() as isize;
    if SIDE && a.strides[N - 1] != size {
        return None;
    }
    macro_rules! level {
        ($moved:ident, $left:ident, $stride:ident: $($level:literal $field:tt),+) => { $(
            if $moved & (1 << $level) != 0 {
                if loops.$field.turns > $left {
                    return None;
                }
                $left -= loops.$field.turns - 1;
                loops.$field.step += $stride;
            }
        )+ };
    }
    macro_rules! dimension {
        ($at:expr, $part:expr, $stride:expr) => {{
            let (part, moved) = $part;
            let (stride, mut left) = ($stride, a.shape[$at]);
            if moved != 0 {
                // The first turn is at `part`, the last one still inside.
                if part < 0 || part >= left {
                    return None;
                }
                left -= part;
                level!(moved, left, stride: 0 0, 1 1, 2 2, 3 3);
                offset += part as isize * stride;
            } else {
                offset += place(part, left).ok()? * stride;
            }
        }};
    }
    macro_rules! dimensions {
        ($($at:literal),+) => { $(
            if N > $at {
                dimension!($at, parts[$at], if N == $at + 1 { size } else { a.strides[$at] });
            }
        )+ };
    }
    // Where the constants are in sight, LLVM keeps what one turn stores for the next one, but finds no bounds to widen by.
    if TOLD {
        dimensions!(0, 1, 2, 3);
    } else {
        for (at, part) in parts.into_iter().enumerate() {
            dimension!(at, part, a.strides[at]);
        }
    }
    if SIDE {
        let innermost = match D {
            1 => loops.0,
            2 => loops.1,
            3 => loops.2,
            _ => loops.3,
        };
        side = innermost.step == size;
    }
    side.then(|| Window { first: a.at(offset), loops, free: a.free })
}

/// The places of so many turns of each loop, none where one is outside. The parts of the index stay, or move on by one with
/// each turn of the loops whose bits are set.
#[inline(always)]
pub fn window<T: Dtype, const N: usize, const D: usize>(
    a: Array<T, N>,
    parts: [(i64, u8); N],
    turns: [i64; D],
) -> Option<Window<T, false, D>> {
    of::<T, false, false, N, D>(a, parts, turns)
}

/// The same where those of the innermost loop lie side by side, and none where they do not.
#[inline(always)]
pub fn window_dense<T: Dtype, const N: usize, const D: usize>(
    a: Array<T, N>,
    parts: [(i64, u8); N],
    turns: [i64; D],
) -> Option<Window<T, true, D>> {
    of::<T, true, false, N, D>(a, parts, turns)
}

/// The same where LLVM is told how far places are from each other, since what is stored in one turn is read in another:
/// it keeps that at hand.
#[inline(always)]
pub fn window_near<T: Dtype, const N: usize, const D: usize>(
    a: Array<T, N>,
    parts: [(i64, u8); N],
    turns: [i64; D],
) -> Option<Window<T, true, D>> {
    of::<T, true, true, N, D>(a, parts, turns)
}

/// The places where the turn of the outermost loop is known.
#[inline(always)]
pub fn settled<T, const SIDE: bool, const D: usize, const E: usize>(
    window: Window<T, SIDE, D>,
    turn: i64,
) -> R<Window<T, SIDE, E>> {
    const { assert!(D == E + 1 && E > 0, "one of the loops is settled") };
    let (moves, a, b, c) = window.loops;
    Ok(Window {
        first: moves.on::<T, false>(window.first, turn)?,
        loops: (a, b, c, STAYS),
        free: window.free,
    })
}

/// The places of so many turns of the outermost loop, from one of them on.
#[inline(always)]
pub fn cut<T, const SIDE: bool, const D: usize>(
    window: Window<T, SIDE, D>,
    from: i64,
    turns: i64,
) -> R<Window<T, SIDE, D>> {
    let (moves, a, b, c) = window.loops;
    let mut first = window.first;
    if turns > 0 {
        first = if SIDE && D == 1 {
            moves.on::<T, true>(first, from)?
        } else {
            moves.on::<T, false>(first, from)?
        };
        if turns > moves.turns - from {
            return bail(Bail::Unsupported);
        }
    }
    Ok(Window { first, loops: (Moves { turns, ..moves }, a, b, c), free: window.free })
}

/// The element of a turn.
#[inline(always)]
pub fn window_get<T: Dtype, const SIDE: bool, const D: usize>(
    window: Window<T, SIDE, D>,
    turns: [i64; D],
) -> R<Np<T>> {
    // SAFETY: the place of an element of memory that lives as long as the transaction.
    Ok(Np(unsafe { T::load(window.at(turns)?) }))
}

/// Stores the element of a turn, in an array that is free.
#[inline(always)]
pub fn window_set<T: Dtype, V: Stored<T>, const SIDE: bool, const D: usize>(
    window: Window<T, SIDE, D>,
    turns: [i64; D],
    value: V,
) -> R<()> {
    let value = value.stored()?;
    if !window.free {
        return bail(Bail::Unsupported);
    }
    // SAFETY: as before; what was there is kept by the transaction.
    unsafe { *window.at(turns)? = value };
    Ok(())
}

/// The places before loops that store there: none if the stores need a log. Of what overlaps, the log knows the order.
#[inline(always)]
pub fn kept<T: Dtype, const SIDE: bool, const N: usize, const D: usize>(
    cx: Cx,
    a: Array<T, N>,
    window: Window<T, SIDE, D>,
) -> R<Option<Window<T, SIDE, D>>> {
    // SAFETY: the state lives as long as the transaction.
    let free = a.free || unsafe { &*a.state }.cover(cx, window.extent(), window.turns())?;
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
            assert!(odd.note() != 0 && (odd as f32).note() != 0, "{odd}");
        }
        for even in [0.0, -0.0, 1.0, -1.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324] {
            assert!(even.note() == 0, "{even}");
        }
        for even in [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE] {
            assert!(even.note() == 0, "{even}");
        }
    }
}
