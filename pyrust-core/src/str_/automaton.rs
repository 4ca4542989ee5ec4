//! Loops over texts whose turns depend on the character and on little else.
//!
//! What such a turn does is found out by doing it: the first time that a character of ASCII comes in a state, the turn
//! runs, and what came of it is written down; from then on a look at the table does the turn. So the loop becomes a
//! deterministic automaton with output, built as far as the text asks for it.
//!
//! A state is what the turn reads of the turns before; the output is what it adds to ints and what goes behind a text.
//! The table lives as long as the loop, and is given up where most turns are new.

use core::mem::replace;

use super::{Pieces, StrBuilder, Unit, View, each, from_ascii, view};
use crate::buf::Buf;
use crate::stop::R;
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// Characters that have a place in a row: those of ASCII.
const WIDTH: usize = 128;
/// More states are not kept, and fewer where the loop has just begun.
const STATES: usize = 32;
const FIRST_STATES: i64 = 12;
/// So many turns may be new at once, and of those that follow one in so many.
const FIRST: i64 = 32;
const SHARE: i64 = 4;
/// A look-up waits for the one before where there are states, so a loop that a processor foresees is faster than the table.
/// After so many turns it is clear whether one in so many is unlike the one before.
const WATCHED: usize = 256;
const UNLIKE: usize = 3;
/// What one turn may put behind a text.
const LONGEST: usize = 8;
/// The output waits here until there is enough of it to be worth a call.
const ROOM: usize = 512;

/// What came of a turn.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Turn<const SUMS: usize> {
    text: [u8; LONGEST],
    /// Where the row of the next state begins, in bytes.
    next: u32,
    len: u8,
    known: bool,
    sums: [i32; SUMS],
}

impl<const SUMS: usize> Turn<SUMS> {
    const UNKNOWN: Self = Turn { text: [0; LONGEST], next: 0, len: 0, known: false, sums: [0; SUMS] };
}

/// The table of a loop with states `S` that adds to so many ints, and how far it is.
pub struct Automaton<S, const SUMS: usize> {
    /// `WIDTH` of them for each state.
    turns: Buf<Turn<SUMS>>,
    states: Buf<S>,
    /// How many turns were new.
    learned: i64,
    /// Where the row of the state begins, in bytes.
    row: u32,
    /// Known turns that have been watched, and how many were unlike the one before.
    watched: usize,
    unlike: usize,
    /// What has been added since it was asked for.
    sums: [i64; SUMS],
    /// What goes behind the text next.
    room: [u8; ROOM],
    waiting: usize,
}

impl<S: Copy + PartialEq, const SUMS: usize> Automaton<S, SUMS> {
    /// The bytes of a row.
    const ROW: usize = WIDTH * size_of::<Turn<SUMS>>();

    /// Begins in a state, whose row is the first one.
    #[inline(never)]
    pub extern "C" fn new(first: S) -> Self {
        let mut made = Self {
            turns: Buf::new(),
            states: Buf::new(),
            learned: 0,
            row: 0,
            watched: 0,
            unlike: 0,
            sums: [0; SUMS],
            room: [0; ROOM],
            waiting: 0,
        };
        // Without memory there is no row: nothing is ever known, and the first turn gives up.
        let _ = made.row_of(first);
        made
    }

    /// Does the turns from `at` up to `end` as far as they are known and there is room for what they give; where the next
    /// one is.
    #[inline(never)]
    pub extern "C" fn run(&mut self, text: View<'_>, at: i64, end: i64) -> i64 {
        let text = text.part(at as usize, end as usize);
        if size_of::<S>() != 0 && self.watched < WATCHED {
            return at + self.watch(text) as i64;
        }
        at + each!(text, units => self.run_units(units, |_| ())) as i64
    }

    /// The same of a few turns, while it is watched whether they are alike.
    #[cold]
    fn watch(&mut self, text: View<'_>) -> usize {
        let text = text.part(0, text.len().min(WATCHED - self.watched));
        let (mut unlike, mut before) = (0, None);
        let mut look = |turn: &Turn<SUMS>| {
            let now = Some((turn.next, turn.len, turn.sums));
            unlike += usize::from(now != before);
            before = now;
        };
        let done = each!(text, units => self.run_units(units, &mut look));
        self.watched += done;
        self.unlike += unlike;
        done
    }

    /// Is the loop as fast without the table?
    #[inline(always)]
    pub fn is_dull(&self) -> bool {
        self.watched == WATCHED && self.unlike < WATCHED / UNLIKE
    }

    #[inline(always)]
    fn run_units<U: Unit>(&mut self, units: &[U], mut look: impl FnMut(&Turn<SUMS>)) -> usize {
        // Without memory there is no row.
        if self.turns.is_empty() {
            return 0;
        }
        let (turns, room) = (self.turns.as_ptr().cast::<u8>(), &mut self.room);
        let (mut row, mut sums, mut waiting, mut done) = (self.row as usize, self.sums, self.waiting, 0);
        for unit in units {
            let c = unit.code() as usize;
            if c >= WIDTH {
                break;
            }
            // SAFETY: A row begins where `row` says, and has `WIDTH` turns.
            let turn = unsafe { &*turns.add(c * size_of::<Turn<SUMS>>()).add(row).cast::<Turn<SUMS>>() };
            if !turn.known {
                break;
            }
            look(turn);
            // All of it is copied, which is one store: what is too much is written over.
            let Some(place) = room.get_mut(waiting..waiting + LONGEST) else { break };
            place.copy_from_slice(&turn.text);
            waiting += usize::from(turn.len);
            // The next turn waits for nothing but that load; with one state for nothing.
            if size_of::<S>() != 0 {
                row = turn.next as usize;
            }
            for (sum, added) in sums.iter_mut().zip(turn.sums) {
                *sum += i64::from(added);
            }
            done += 1;
        }
        (self.row, self.sums, self.waiting) = (row as u32, sums, waiting);
        done
    }

    /// Has the next turn no room for what it gives?
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.waiting > ROOM - LONGEST
    }

    /// What waits goes behind the text.
    #[inline(never)]
    pub extern "C" fn go(&mut self, _: Cx, text: &mut impl Grows) -> R<()> {
        match self.room.get(..replace(&mut self.waiting, 0)) {
            Some(bytes) if !bytes.is_empty() => text.grow_by(bytes),
            _ => Ok(()),
        }
    }

    /// The state.
    #[inline(always)]
    pub fn state(&self, otherwise: S) -> S {
        self.states.get(self.row as usize / Self::ROW).copied().unwrap_or(otherwise)
    }

    /// What has been added to the int with that number.
    #[inline(always)]
    pub fn take(&mut self, at: usize) -> i64 {
        replace(&mut self.sums[at], 0)
    }

    /// The turn before that one was new: it led into a state, added to ints and put something behind a text. False where it
    /// is not worth it to go on.
    #[inline(never)]
    pub extern "C" fn learn(&mut self, turn: i64, c: Chr, to: S, sums: [i64; SUMS], text: Tail) -> bool {
        self.learned += 1;
        if self.learned > FIRST + turn / SHARE {
            return false;
        }
        let Some(next) = self.row_of(to) else { return false };
        if self.states.len() as i64 > FIRST_STATES + turn / 16 {
            return false;
        }
        let mut known = Turn {
            text: text.bytes,
            next,
            len: text.len,
            known: text.fits && (c.0 as usize) < WIDTH,
            ..Turn::UNKNOWN
        };
        for (sum, added) in known.sums.iter_mut().zip(sums) {
            match i32::try_from(added) {
                Ok(added) => *sum = added,
                Err(_) => known.known = false,
            }
        }
        if known.known
            && let Some(place) = self.turns.get_mut(self.row as usize / Self::ROW * WIDTH + c.0 as usize)
        {
            *place = known;
        }
        self.row = next;
        true
    }

    /// Where the row of a state begins; one that is new gets one, as long as there are few.
    fn row_of(&mut self, state: S) -> Option<u32> {
        if let Some(at) = self.states.iter().position(|known| *known == state) {
            return Some((at * Self::ROW) as u32);
        }
        let at = self.states.len();
        let (used, wanted) = (at * WIDTH, (at + 1) * WIDTH);
        let room = if wanted > self.turns.capacity() { 2 * used } else { 0 };
        if at == STATES || !self.turns.reserve_total(wanted.max(room)) || self.states.push(state).is_err() {
            return None;
        }
        // SAFETY: There is room for one more row, and bytes of zero are turns that are not known.
        unsafe {
            self.turns.as_mut_ptr().add(used).write_bytes(0, WIDTH);
            self.turns.set_len(wanted);
        }
        Some((at * Self::ROW) as u32)
    }
}

/// What a turn has put behind a text.
#[derive(Clone, Copy)]
pub struct Tail {
    bytes: [u8; LONGEST],
    len: u8,
    /// It is short, and of ASCII.
    fits: bool,
}

impl Tail {
    /// Nothing.
    pub const NONE: Tail = Tail { bytes: [0; LONGEST], len: 0, fits: true };

    pub(super) fn of(units: impl ExactSizeIterator<Item = u32>) -> Tail {
        let mut tail = Tail { fits: units.len() <= LONGEST, ..Tail::NONE };
        for (place, unit) in tail.bytes.iter_mut().zip(units) {
            tail.fits &= unit < 128;
            *place = unit as u8;
            tail.len += 1;
        }
        tail
    }
}

/// A text that grows.
pub trait Grows {
    /// Code points so far.
    fn so_far(&self) -> usize;
    /// What stands behind so many of them.
    extern "C" fn tail(&self, from: usize) -> Tail;
    /// Bytes of ASCII, at least one, go behind it.
    extern "C" fn grow_by(&mut self, bytes: &[u8]) -> R<()>;
}

impl Grows for Str {
    #[inline(always)]
    fn so_far(&self) -> usize {
        self.len()
    }

    #[inline(never)]
    extern "C" fn tail(&self, from: usize) -> Tail {
        each!(view(self).part(from, self.len()), units => Tail::of(units.iter().map(|unit| unit.code())))
    }

    #[inline(never)]
    extern "C" fn grow_by(&mut self, bytes: &[u8]) -> R<()> {
        if self.is_empty() || !self.make_room(bytes.len())? {
            *self = super::concat_made(self, &from_ascii(bytes)?)?.word_by_word();
            return Ok(());
        }
        self.extend_by_ascii(bytes);
        Ok(())
    }
}

impl Grows for StrBuilder {
    #[inline(always)]
    fn so_far(&self) -> usize {
        self.len()
    }

    extern "C" fn tail(&self, from: usize) -> Tail {
        StrBuilder::tail(self, from)
    }

    extern "C" fn grow_by(&mut self, bytes: &[u8]) -> R<()> {
        self.push_ascii(bytes)
    }
}

impl Grows for Pieces {
    #[inline(always)]
    fn so_far(&self) -> usize {
        self.built().len()
    }

    extern "C" fn tail(&self, from: usize) -> Tail {
        StrBuilder::tail(self.built(), from)
    }

    extern "C" fn grow_by(&mut self, bytes: &[u8]) -> R<()> {
        self.begin("")?.push_ascii(bytes)
    }
}
