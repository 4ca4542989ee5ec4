//! Loops over texts whose turns depend on the character and on little else.
//!
//! What such a turn does is found out by doing it: the first time that a character of ASCII comes in a state, the turn
//! runs, and what came of it is written down; from then on a look at the table does the turn. So the loop becomes a
//! deterministic automaton with output, built as far as the text asks for it.
//!
//! A state is what the turn reads of the turns before; the output is what it adds to ints and what goes behind a text.
//! The table lives as long as the loop, and is given up where most turns are new. Where texts are long, several turns are
//! one look (`leaps`), and where each character just becomes another one, a look is a byte.

mod leaps;

use core::mem::replace;

use self::leaps::Leaps;
use super::{Pieces, StrBuilder, Unit, Units, View, each, from_ascii, view};
use crate::buf::Buf;
use crate::list::{List, ListLike};
use crate::stop::R;
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// Characters that have a place in a row: those of ASCII.
const WIDTH: usize = 128;
/// Characters of Latin-1, of which the last stands for all that is wider.
const CODES: usize = 256;
/// More states are not kept, and fewer where the loop has just begun.
const STATES: usize = 64;
const FIRST_STATES: i64 = 12;
/// So many turns may be new at once, and of those that follow one in so many.
const FIRST: i64 = 128;
const SHARE: i64 = 16;
/// A look-up waits for the one before where there are states, so a loop that a processor foresees is faster than the table
/// if that gives one turn a look. After so many turns it is clear whether one in so many is unlike the one before.
const WATCHED: usize = 256;
const UNLIKE: usize = 3;
/// After so many turns one by one it is worth to work out several at once, and where that has been done so many are done
/// before the next try.
const ONE_BY_ONE: usize = 1024;
const SOME: usize = 16;
/// More on a stack makes no state.
const DEEP: usize = 16;
/// What one turn may put behind a text.
const LONGEST: usize = 8;
/// The output waits here until there is enough of it to be worth a call.
const ROOM: usize = 512;
/// Where a state has no row.
const NOWHERE: u32 = u32::MAX;

/// What came of a turn, or of several.
#[derive(Clone, Copy, PartialEq)]
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

    /// Both, one after the other; unknown where one of them is, or where it is too much.
    fn then(self, second: &Self) -> Self {
        let (len, more) = (usize::from(self.len), usize::from(second.len));
        if !self.known || !second.known || len + more > LONGEST {
            return Self::UNKNOWN;
        }
        let mut both = Turn { next: second.next, len: (len + more) as u8, ..self };
        for (place, byte) in both.text.iter_mut().skip(len).zip(second.text) {
            *place = byte;
        }
        for (sum, added) in both.sums.iter_mut().zip(second.sums) {
            let Some(total) = sum.checked_add(added) else { return Self::UNKNOWN };
            *sum = total;
        }
        both
    }
}

/// What goes behind the text next.
struct Room {
    bytes: [u8; ROOM],
    waiting: usize,
}

impl Room {
    /// What a turn gives; false where there is no room for it.
    #[inline(always)]
    fn put<const SUMS: usize>(&mut self, turn: &Turn<SUMS>) -> bool {
        // All of it is copied, which is one store: what is too much is written over.
        let Some(place) = self.bytes.get_mut(self.waiting..self.waiting + LONGEST) else { return false };
        place.copy_from_slice(&turn.text);
        self.waiting += usize::from(turn.len);
        true
    }
}

/// The table of a loop that adds to so many ints and grows a text or not, and how far it is. What the states are it does
/// not know, so loops of one kind share its code.
struct Table<const SUMS: usize, const TEXT: bool> {
    /// `WIDTH` of them for each state.
    turns: Buf<Turn<SUMS>>,
    leaps: Leaps<SUMS>,
    /// Turns done one by one since there was something new to work out leaps of.
    one_by_one: usize,
    is_new: bool,
    /// What each character becomes, if all that are known become one: of others it says none of ASCII.
    letters: [u8; CODES],
    has_letters: bool,
    /// Is each turn on its own?
    one_state: bool,
    /// How many turns there are, and how many were new.
    count: i64,
    learned: i64,
    /// Where the row of the state begins, in bytes.
    row: u32,
    /// Known turns that have been watched, and whether the loop is as fast without the table.
    watched: usize,
    unlike: usize,
    is_dull: bool,
    /// What has been added since it was asked for.
    sums: [i64; SUMS],
    room: Room,
}

impl<const SUMS: usize, const TEXT: bool> Table<SUMS, TEXT> {
    /// The bytes of a row.
    const ROW: usize = WIDTH * size_of::<Turn<SUMS>>();

    fn new(one_state: bool, count: i64) -> Self {
        Self {
            turns: Buf::new(),
            leaps: Leaps::none(),
            one_by_one: 0,
            is_new: false,
            letters: [u8::MAX; CODES],
            has_letters: TEXT && SUMS == 0 && one_state,
            one_state,
            count,
            learned: 0,
            row: NOWHERE,
            watched: 0,
            unlike: 0,
            is_dull: false,
            sums: [0; SUMS],
            room: Room { bytes: [0; ROOM], waiting: 0 },
        }
    }

    /// See [`Automaton::run`].
    #[inline(never)]
    extern "C" fn run(&mut self, text: View<'_>, at: i64, end: i64) -> i64 {
        if self.row == NOWHERE {
            return at;
        }
        let (text, ahead) = (text.part(at as usize, end as usize), (self.count - at) as usize);
        let done = match text.units() {
            Units::One(units) => self.bytes(units, ahead),
            Units::Two(units) => self.narrowed(units, ahead),
            Units::Four(units) => self.narrowed(units, ahead),
        };
        at + done as i64
    }

    /// What is not of Latin-1 is as little known as the last character of that.
    fn narrowed<U: Unit>(&mut self, units: &[U], ahead: usize) -> usize {
        let (mut done, mut narrow) = (0, [0; ROOM]);
        for part in units.chunks(ROOM) {
            for (place, unit) in narrow.iter_mut().zip(part) {
                *place = unit.code().min(CODES as u32 - 1) as u8;
            }
            let more = self.bytes(narrow.get(..part.len()).unwrap_or_default(), ahead - done);
            done += more;
            if more < part.len() {
                break;
            }
        }
        done
    }

    fn bytes(&mut self, units: &[u8], ahead: usize) -> usize {
        if self.has_letters {
            return self.letter_by_letter(units);
        }
        let mut done = if self.one_state { 0 } else { self.watch(units) };
        if self.is_dull {
            return done;
        }
        loop {
            if self.leaps.is_there() {
                let mut state = self.row as usize / Self::ROW;
                let rest = units.get(done..).unwrap_or_default();
                done += self.leaps.run::<TEXT>(rest, &mut state, &mut self.sums, &mut self.room);
                self.row = (state * Self::ROW) as u32;
            }
            let rest = units.get(done..).unwrap_or_default();
            let some = if self.leaps.is_there() { SOME } else { ONE_BY_ONE };
            let some = rest.get(..some).unwrap_or(rest);
            let more = match self.one_state {
                true => self.singly::<true>(some, |_| ()),
                false => self.singly::<false>(some, |_| ()),
            };
            self.one_by_one += more;
            done += more;
            if more < some.len() || done >= units.len() {
                return done;
            }
            if self.is_new && self.one_by_one >= ONE_BY_ONE.max(2 * self.leaps.rows()) {
                self.leaps = Leaps::of(&self.turns, ahead - done);
                (self.one_by_one, self.is_new) = (0, false);
            }
        }
    }

    /// Does the first few turns while it is watched whether they are alike.
    fn watch(&mut self, units: &[u8]) -> usize {
        let some = units.get(..WATCHED - self.watched).unwrap_or(units);
        if some.is_empty() {
            return 0;
        }
        let (mut unlike, mut before) = (0, None);
        let done = self.singly::<false>(some, |turn| {
            let now = Some((turn.next, turn.len, turn.sums));
            unlike += usize::from(now != before);
            before = now;
        });
        self.watched += done;
        self.unlike += unlike;
        if self.watched == WATCHED && self.unlike < WATCHED / UNLIKE {
            self.is_dull = !leaps::would_fit(&self.turns);
        }
        done
    }

    #[inline(always)]
    fn singly<const ONE_STATE: bool>(&mut self, units: &[u8], mut look: impl FnMut(&Turn<SUMS>)) -> usize {
        let turns = self.turns.as_ptr().cast::<u8>();
        let (mut row, mut sums, mut done) = (self.row as usize, self.sums, 0);
        for unit in units {
            let c = usize::from(*unit);
            if c >= WIDTH {
                break;
            }
            // SAFETY: A row begins where `row` says, and has `WIDTH` turns.
            let turn = unsafe { &*turns.add(c * size_of::<Turn<SUMS>>()).add(row).cast::<Turn<SUMS>>() };
            if !turn.known || (TEXT && !self.room.put(turn)) {
                break;
            }
            look(turn);
            // The next turn waits for nothing but that load; with one state for nothing.
            if !ONE_STATE {
                row = turn.next as usize;
            }
            for (sum, added) in sums.iter_mut().zip(turn.sums) {
                *sum += i64::from(added);
            }
            done += 1;
        }
        (self.row, self.sums) = (row as u32, sums);
        done
    }

    /// The same where each character becomes another one.
    fn letter_by_letter(&mut self, units: &[u8]) -> usize {
        let mut done = 0;
        loop {
            let rest = units.get(done..).unwrap_or_default();
            let (places, _) = self.room.bytes[self.room.waiting..].as_chunks_mut::<LONGEST>();
            let (rows, _) = rest.as_chunks::<LONGEST>();
            let mut made = 0;
            for (place, row) in places.iter_mut().zip(rows) {
                *place = row.map(|unit| self.letters[usize::from(unit)]);
                if !place.is_ascii() {
                    break;
                }
                made += LONGEST;
            }
            self.room.waiting += made;
            let rest = rest.get(made..).unwrap_or_default();
            let some = rest.get(..LONGEST).unwrap_or(rest);
            let more = self.singly::<true>(some, |_| ());
            done += made + more;
            if more < some.len() || done >= units.len() {
                return done;
            }
        }
    }

    /// Writes down what came of a turn with that character, and goes on to the next one.
    fn learn(&mut self, c: Chr, next: u32, sums: [i64; SUMS], text: Tail) {
        let mut known = Turn {
            text: text.bytes,
            next,
            len: text.len,
            known: text.fits && (c.0 as usize) < WIDTH && next != NOWHERE,
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
            self.is_new = true;
            self.has_letters &= known.len == 1;
            self.letters[c.0 as usize] = known.text[0];
        }
        self.row = next;
    }

    /// Room for the row of one more state behind those that there are; false without memory.
    fn add_row(&mut self, states: usize) -> bool {
        let (used, wanted) = (states * WIDTH, (states + 1) * WIDTH);
        let room = if wanted > self.turns.capacity() { 2 * used } else { 0 };
        if !self.turns.reserve_total(wanted.max(room)) {
            return false;
        }
        // SAFETY: There is room for one more row, and bytes of zero are turns that are not known.
        unsafe {
            self.turns.as_mut_ptr().add(used).write_bytes(0, WIDTH);
            self.turns.set_len(wanted);
        }
        true
    }
}

/// A loop with states `S` that adds to so many ints and grows a text or not.
pub struct Automaton<S, const SUMS: usize, const TEXT: bool> {
    table: Table<SUMS, TEXT>,
    states: Buf<S>,
}

impl<S: Copy + PartialEq, const SUMS: usize, const TEXT: bool> Automaton<S, SUMS, TEXT> {
    /// Begins a loop of so many turns in a state, whose row is the first one.
    #[inline(never)]
    pub extern "C" fn new(first: S, count: i64) -> Self {
        let mut made = Self { table: Table::new(size_of::<S>() == 0, count), states: Buf::new() };
        made.table.row = made.row_of(first);
        made
    }

    /// Does the turns from `at` up to `end` as far as they are known and there is room for what they give; where the next
    /// one is.
    #[inline(always)]
    pub fn run(&mut self, text: View<'_>, at: i64, end: i64) -> i64 {
        self.table.run(text, at, end)
    }

    /// Is the loop as fast without the table?
    #[inline(always)]
    pub fn is_dull(&self) -> bool {
        self.table.is_dull
    }

    /// Has the next turn no room for what it gives?
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.table.room.waiting > ROOM - LONGEST
    }

    /// What waits goes behind the text.
    #[inline(never)]
    pub extern "C" fn go(&mut self, _: Cx, text: &mut impl Grows) -> R<()> {
        let room = &mut self.table.room;
        match room.bytes.get(..replace(&mut room.waiting, 0)) {
            Some(bytes) if !bytes.is_empty() => text.grow_by(bytes),
            _ => Ok(()),
        }
    }

    /// The state.
    #[inline(always)]
    pub fn state(&self, otherwise: S) -> S {
        let at = self.table.row as usize / Table::<SUMS, TEXT>::ROW;
        self.states.get(at).copied().unwrap_or(otherwise)
    }

    /// What has been added to the int with that number.
    #[inline(always)]
    pub fn take(&mut self, at: usize) -> i64 {
        replace(&mut self.table.sums[at], 0)
    }

    /// The turn before that one was new: it led into a state, added to ints and put something behind a text. False where it
    /// is not worth it to go on.
    #[inline(never)]
    pub extern "C" fn learn(&mut self, turn: i64, c: Chr, to: S, sums: [i64; SUMS], text: Tail) -> bool {
        self.table.learned += 1;
        if self.table.learned > FIRST + turn / SHARE {
            return false;
        }
        let next = self.row_of(to);
        if self.states.len() as i64 > FIRST_STATES + turn / 16 {
            return false;
        }
        self.table.learn(c, next, sums, text);
        true
    }

    /// Where the row of a state begins; one that is new gets one, as long as there are few.
    fn row_of(&mut self, state: S) -> u32 {
        // Too much is held for a state.
        #[expect(clippy::eq_op, reason = "it is like no other, not even itself")]
        if state != state {
            return NOWHERE;
        }
        let row = |at: usize| (at * Table::<SUMS, TEXT>::ROW) as u32;
        if let Some(at) = self.states.iter().position(|known| *known == state) {
            return row(at);
        }
        let at = self.states.len();
        if at == STATES || self.states.push(state).is_err() {
            return NOWHERE;
        }
        if !self.table.add_row(at) {
            self.states.truncate(at);
            return NOWHERE;
        }
        row(at)
    }
}

/// What stands on a stack, as a part of a state.
#[derive(Clone, Copy)]
pub struct Stacked<T> {
    items: [Option<T>; DEEP],
    is_deeper: bool,
}

impl<T: Copy + PartialEq + 'static> Stacked<T> {
    #[inline(never)]
    pub extern "C" fn of(list: &List<T>) -> Self {
        let mut held = Stacked { items: [None; DEEP], is_deeper: list.items().len() > DEEP };
        for (place, item) in held.items.iter_mut().zip(list.items()) {
            *place = Some(*item);
        }
        held
    }

    /// The list holds that.
    #[inline(never)]
    pub extern "C" fn give(self, cx: Cx, list: &List<T>) -> R<()> {
        if self.is_deeper {
            return Ok(());
        }
        list.clear();
        for item in self.items.into_iter().flatten() {
            list.push(cx, item)?;
        }
        Ok(())
    }
}

impl<T: PartialEq> PartialEq for Stacked<T> {
    fn eq(&self, other: &Self) -> bool {
        !self.is_deeper && !other.is_deeper && self.items == other.items
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
