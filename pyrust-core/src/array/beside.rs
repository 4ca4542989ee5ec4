//! Sums that several turns of a loop make, each over a loop of its own, made side by side: see the compiler's
//! `emit/beside.rs`.
//!
//! Each of them is made of the same additions in the same order as by itself, so it has the same bits. Nothing that the
//! turns store lies where the sums read ([`lies_apart`]), so nothing can tell that some are made ahead.

use super::dense::{Moves, STAYS, Window};
use super::{Array, Conv, Dtype, Np};

/// Sums that are made together.
pub const BESIDE: usize = 16;

/// Turns of the inner loops that one block may take between two polls, for each of its sums.
const LONGEST: i64 = 1 << 14;

/// What has been made for turns that follow each other: a value for each of `K` variables.
pub struct Beside<const K: usize> {
    values: [[f64; BESIDE]; K],
    /// The turn that the first of them belongs to.
    from: i64,
    made: bool,
}

impl<const K: usize> Beside<K> {
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "only generated code makes one")]
    pub fn new() -> Self {
        Beside { values: [[0.0; BESIDE]; K], from: 0, made: false }
    }

    /// The turn with which a block begins that has what the turn `at` of `count` needs, if one is to be made. The last block
    /// ends with the loop, and may begin before `at`.
    #[inline(always)]
    pub fn due(&self, at: i64, count: i64, inner: i64) -> Option<i64> {
        if inner > LONGEST || count < BESIDE as i64 || self.get(at).is_some() {
            return None;
        }
        Some(at.min(count - BESIDE as i64))
    }

    /// The block that begins at the turn `first`.
    #[inline(always)]
    pub fn keep(&mut self, first: i64, values: [[f64; BESIDE]; K]) {
        (self.values, self.from, self.made) = (values, first, true);
    }

    /// Which of the block belongs to the turn `at`.
    #[inline(always)]
    pub fn get(&self, at: i64) -> Option<usize> {
        let place = at.wrapping_sub(self.from) as usize;
        (self.made && place < BESIDE).then_some(place)
    }

    /// The value of a variable.
    #[inline(always)]
    pub fn value(&self, variable: usize, place: usize) -> f64 {
        self.values[variable][place]
    }
}

/// The same element for all of them, elements side by side, and others.
pub const SAME: u8 = 0;
pub const NEAR: u8 = 1;
pub const FAR: u8 = 2;

/// The elements of a window that a block reads, at each turn of `E` inner loops.
#[derive(Clone, Copy)]
pub struct Elements<T, const SIDE: bool, const E: usize, const KIND: u8> {
    first: *mut T,
    step: isize,
    loops: (Moves, Moves, Moves),
}

/// Those of a window in the turns `outer` of the outer loops; the last of these is the first of the block, if it moves the
/// window. None where they are not there, or not side by side.
#[inline(always)]
pub fn elements<T, const SIDE: bool, const D: usize, const P: usize, const E: usize, const KIND: u8>(
    window: Window<T, SIDE, D>,
    outer: [i64; P],
) -> Option<Elements<T, SIDE, E, KIND>> {
    const { assert!(P + E == D && E <= 3 && (P > 0 || KIND == SAME), "each loop moves it or does not") };
    let (a, b, c, d) = window.loops;
    let mut place = window.first;
    let mut last = STAYS;
    macro_rules! on {
        ($($level:literal $moves:ident),+) => { $(
            if P > $level {
                place = $moves.on::<T, false>(place, outer[$level]).ok()?;
                last = $moves;
            }
        )+ };
    }
    on!(0 a, 1 b, 2 c, 3 d);
    let loops = match P {
        0 => (a, b, c),
        1 => (b, c, d),
        2 => (c, d, STAYS),
        3 => (d, STAYS, STAYS),
        _ => (STAYS, STAYS, STAYS),
    };
    if KIND != SAME {
        // `outer` names the last of them.
        let room = last.turns - BESIDE as i64;
        if outer[P.wrapping_sub(1)] > room || KIND == NEAR && last.step != size_of::<T>() as isize {
            return None;
        }
    }
    Some(Elements { first: place, step: last.step, loops })
}

/// One element for each sum of the block.
#[inline(always)]
pub fn beside<T: Dtype, const SIDE: bool, const E: usize, const KIND: u8>(
    elements: Elements<T, SIDE, E, KIND>,
    turns: [i64; E],
) -> Option<[f64; BESIDE]>
where
    Np<T>: Conv<f64>,
{
    let mut place = elements.first;
    macro_rules! on {
        ($($level:literal $field:tt),+) => { $(
            if SIDE && E == $level + 1 {
                place = elements.loops.$field.on::<T, true>(place, turns[$level]).ok()?;
            } else if E > $level {
                place = elements.loops.$field.on::<T, false>(place, turns[$level]).ok()?;
            }
        )+ };
    }
    on!(0 0, 1 1, 2 2);
    let mut values = [0.0; BESIDE];
    for (at, value) in values.iter_mut().enumerate() {
        // SAFETY: `elements` has looked whether the window has so many turns from there on; each has an element.
        let element = unsafe {
            let place = match KIND {
                SAME => place,
                NEAR => place.add(at),
                _ => place.byte_offset(at as isize * elements.step),
            };
            T::load(place)
        };
        *value = Np(element).conv().ok()?;
    }
    Some(values)
}

/// `a / b`: what is not finite below the line is noted, since it may leave zero.
#[inline(always)]
#[expect(clippy::eq_op, reason = "zero, unless it is not finite")]
pub fn beside_div(a: f64, b: f64, odd: &mut i64) -> f64 {
    *odd |= (b - b).to_bits() as i64;
    a / b
}

/// Notes a value that may not go on in the sum.
#[inline(always)]
#[expect(clippy::eq_op, reason = "zero, unless it is not finite")]
pub fn beside_note(value: f64, odd: &mut i64) {
    *odd |= (value - value).to_bits() as i64;
}

/// Is nothing stored where the window reads?
#[inline(always)]
pub fn lies_apart<T, U, const S: bool, const R: bool, const D: usize, const E: usize>(
    read: Window<T, S, D>,
    stored: Window<U, R, E>,
) -> bool {
    let ((from, to), (low, high)) = (read.extent(), stored.extent());
    to <= low || high <= from
}

/// Is the array nowhere where the window reads?
#[inline(always)]
pub fn lies_apart_from<T, U: Dtype, const S: bool, const D: usize, const N: usize>(
    read: Window<T, S, D>,
    stored: Array<U, N>,
) -> bool {
    let (from, to) = read.extent();
    super::apart::extent(stored).lies_apart(from, to)
}
