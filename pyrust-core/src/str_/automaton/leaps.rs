//! Several turns in one look at a table.
//!
//! Where a turn reads what the one before has left, it waits for that look-up. So characters that do the same in each
//! state are one kind, and what rows of two to four kinds do in a state is worked out in advance: the wait is paid once
//! for all of them.

use super::{CODES, Room, Turn, WIDTH};
use crate::buf::Buf;

/// Characters of a row at most.
const LONGEST_ROW: usize = 4;
/// Rows of all states.
const ROWS: usize = 8192;

/// The characters by kind. Of the kind 0 nothing is known in any state.
struct Kinds {
    of: [u8; CODES],
    /// One character of each of the others.
    like: Buf<u8>,
}

impl Kinds {
    /// None where there are more than `most`, or no memory.
    fn of<const SUMS: usize>(turns: &[Turn<SUMS>], most: usize) -> Option<Kinds> {
        let mut kinds = Kinds { of: [0; CODES], like: Buf::new() };
        for c in 0..WIDTH {
            let does = |c: usize| turns.iter().skip(c).step_by(WIDTH);
            if !does(c).any(|turn| turn.known) {
                continue;
            }
            let same = kinds.like.iter().position(|like| does(usize::from(*like)).eq(does(c)));
            let kind = same.unwrap_or(kinds.like.len());
            if same.is_none() && (kind + 1 >= most || kinds.like.push(c as u8).is_err()) {
                return None;
            }
            kinds.of[c] = kind as u8 + 1;
        }
        Some(kinds)
    }

    fn count(&self) -> usize {
        self.like.len() + 1
    }
}

/// What rows of kinds do in each state.
pub(super) struct Leaps<const SUMS: usize> {
    /// Characters of a row; none where there is no table.
    row: usize,
    /// What a character adds to the place in the table, in bytes, by where in the row it stands.
    places: Buf<[u32; CODES]>,
    /// The rows of each state, one state after the other. What follows is the state, in bytes from the start.
    turns: Buf<Turn<SUMS>>,
    /// Bytes of a state.
    stride: usize,
    states: usize,
}

/// How many kinds there may be so that rows of two fit.
fn most_kinds(states: usize) -> usize {
    (ROWS / states.max(1)).isqrt()
}

/// Would there be a table?
pub(super) fn would_fit<const SUMS: usize>(turns: &[Turn<SUMS>]) -> bool {
    Kinds::of(turns, most_kinds(turns.len() / WIDTH)).is_some()
}

impl<const SUMS: usize> Leaps<SUMS> {
    pub(super) const fn none() -> Self {
        Leaps { row: 0, places: Buf::new(), turns: Buf::new(), stride: 0, states: 0 }
    }

    pub(super) fn is_there(&self) -> bool {
        self.row != 0
    }

    /// Rows in the table.
    pub(super) fn rows(&self) -> usize {
        self.turns.len()
    }

    /// Works out what `turns` do, for a text of which so many characters are still to come. No table where it would be
    /// too large, or without memory.
    pub(super) fn of(turns: &[Turn<SUMS>], ahead: usize) -> Self {
        Self::try_of(turns, ahead).unwrap_or(Self::none())
    }

    fn try_of(turns: &[Turn<SUMS>], ahead: usize) -> Option<Self> {
        let states = turns.len() / WIDTH;
        let kinds = Kinds::of(turns, most_kinds(states))?;
        let count = kinds.count();
        let row =
            (2..=LONGEST_ROW).rev().find(|row| states * count.pow(*row as u32) <= ROWS.min(ahead / 16))?;
        let one = |state: usize, kind: usize| match kind.checked_sub(1) {
            Some(kind) => turns[state * WIDTH + usize::from(kinds.like[kind])],
            None => Turn::UNKNOWN,
        };
        // Rows of one kind, then of one more each time. What follows is the number of the state.
        let (mut made, mut rest) = (Buf::new(), 1);
        for _ in 0..row {
            let mut next = Buf::new();
            if !next.reserve_total(states * count * rest) {
                return None;
            }
            for first in (0..states).flat_map(|state| (0..count).map(move |kind| (state, kind))) {
                let first = one(first.0, first.1);
                let state = first.next as usize / (WIDTH * size_of::<Turn<SUMS>>());
                for behind in 0..rest {
                    let turn = match made.get(state * rest + behind) {
                        Some(second) => first.then(second),
                        None => Turn { next: state as u32, ..first },
                    };
                    next.push(turn).ok()?;
                }
            }
            (made, rest) = (next, rest * count);
        }
        let stride = rest * size_of::<Turn<SUMS>>();
        for turn in made.iter_mut() {
            turn.next *= stride as u32;
        }
        let mut places = Buf::new();
        for at in 0..row {
            let step = count.pow((row - 1 - at) as u32) * size_of::<Turn<SUMS>>();
            places.push(kinds.of.map(|kind| u32::from(kind) * step as u32)).ok()?;
        }
        Some(Leaps { row, places, turns: made, stride, states })
    }

    /// Goes on from a state as far as rows are known and there is room for what they give: how many characters are done.
    #[inline(always)]
    pub(super) fn run<const TEXT: bool>(
        &self,
        units: &[u8],
        state: &mut usize,
        sums: &mut [i64; SUMS],
        room: &mut Room,
    ) -> usize {
        if *state >= self.states {
            return 0;
        }
        match &*self.places {
            [a, b] => self.rows_of::<TEXT, 2>(units, [a, b], state, sums, room),
            [a, b, c] => self.rows_of::<TEXT, 3>(units, [a, b, c], state, sums, room),
            [a, b, c, d] => self.rows_of::<TEXT, 4>(units, [a, b, c, d], state, sums, room),
            _ => 0,
        }
    }

    #[inline(always)]
    fn rows_of<const TEXT: bool, const ROW: usize>(
        &self,
        units: &[u8],
        places: [&[u32; CODES]; ROW],
        state: &mut usize,
        totals: &mut [i64; SUMS],
        room: &mut Room,
    ) -> usize {
        let turns = self.turns.as_ptr().cast::<u8>();
        let (mut at, mut sums, mut done) = (*state * self.stride, *totals, 0);
        let (rows, _) = units.as_chunks::<ROW>();
        for row in rows {
            let mut place = 0;
            for (unit, places) in row.iter().zip(places) {
                place += places[usize::from(*unit)] as usize;
            }
            // SAFETY: `at` is where a state begins, and the places of a row's characters lead to one of its rows.
            let turn = unsafe { &*turns.add(place).add(at).cast::<Turn<SUMS>>() };
            if !turn.known || (TEXT && !room.put(turn)) {
                break;
            }
            at = turn.next as usize;
            for (sum, added) in sums.iter_mut().zip(turn.sums) {
                *sum += i64::from(added);
            }
            done += ROW;
        }
        *totals = sums;
        *state = at / self.stride;
        done
    }
}
