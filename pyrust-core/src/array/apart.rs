//! Arrays that several threads write to at once: none of them may share memory with another, or with itself.

use core::mem::size_of;

use super::state::State;
use super::{Array, Dtype, MOST_DIMS};
use crate::txn::Cx;

/// The memory between two places.
#[derive(Clone, Copy)]
pub struct Extent {
    low: usize,
    /// Behind the last byte.
    high: usize,
}

impl Extent {
    fn meets(self, other: Extent) -> bool {
        self.low < other.high && other.low < self.high
    }

    /// Is none of it between the two places?
    pub(super) fn lies_apart(self, from: usize, to: usize) -> bool {
        self.low >= to || from >= self.high
    }
}

/// An array that is written to.
pub struct Stored {
    state: *const State,
    extent: Extent,
    /// No two indices name the same bytes.
    is_plain: bool,
}

/// Where the elements of an array lie.
pub fn extent<T: Dtype, const N: usize>(a: Array<T, N>) -> Extent {
    let (mut low, mut high) = (0, size_of::<T>() as isize);
    for at in 0..N {
        let reach = (a.shape[at] as isize - 1).wrapping_mul(a.strides[at]);
        low += reach.min(0);
        high += reach.max(0);
    }
    if a.shape.contains(&0) {
        return Extent { low: 0, high: 0 };
    }
    Extent { low: a.data.addr().wrapping_add_signed(low), high: a.data.addr().wrapping_add_signed(high) }
}

/// An array that a loop writes to.
pub fn stored<T: Dtype, const N: usize>(a: Array<T, N>) -> Stored {
    let mut steps = [(0, 0); MOST_DIMS];
    let mut count = 0;
    for at in (0..N).filter(|at| a.shape[*at] > 1) {
        steps[count] = (a.strides[at].unsigned_abs(), a.shape[at] as usize - 1);
        count += 1;
    }
    steps[..count].sort_unstable();
    // Each dimension steps over all that those with smaller steps reach.
    let (mut reach, mut is_plain) = (size_of::<T>(), true);
    for (step, turns) in &steps[..count] {
        is_plain &= *step >= reach;
        reach = reach.saturating_add(step.saturating_mul(*turns));
    }
    Stored { state: a.state, extent: extent(a), is_plain }
}

/// Can elements of the first arrays be stored in any order, while elements of the others are read? If so, stores need no
/// log from now on.
pub fn ready(cx: Cx, stored: &[Stored], read: &[Extent]) -> bool {
    let apart = |at: usize, one: &Stored| {
        let others = stored[..at].iter().map(|other| other.extent);
        one.is_plain && !others.chain(read.iter().copied()).any(|other| one.extent.meets(other))
    };
    // SAFETY: the states live as long as the transaction.
    stored.iter().enumerate().all(|(at, one)| apart(at, one))
        && stored.iter().all(|one| unsafe { &*one.state }.keep(cx).is_ok())
}

/// The array, where it is known whether stores into it need a log.
#[inline(always)]
pub fn freed<T: Dtype, const N: usize>(a: Array<T, N>, free: bool) -> Array<T, N> {
    Array { free: a.free || free, ..a }
}
