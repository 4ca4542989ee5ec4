//! Functions of which many calls bail out, and others whose calls take a while: are they faster as Python?
//!
//! What an attempt costs that comes to nothing is known, what a native call saves is not. So it is tried: calls run
//! natively for a short while and as Python for a short while, in turns, and the clock says how long a call takes from
//! one to the next, with all that stands around it. Where Python is faster the function rests: it stays Python for a
//! number of calls, then it is native again, since a program may be at something else by then.
//!
//! A trial begins where bailouts have cost more than their share (`budget`), or where many calls fit no signature, or rely on
//! a name that is something else. It costs some hundred calls.
//!
//! Where all calls are committed a *race* begins once there have been many that are not long: what does nothing but
//! call CPython's own functions on Python's objects can only lose natively, and on *tiny* ones the way in decides. Most
//! races are over after one turn as Python; of tiny calls there are more turns. What rests again and again gets its own
//! code back (`own_code`).

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Instant;

use super::super::budget::DENSE;
use super::super::clock::Started;
use super::own_code::is_always_short;
use super::{Hook, MIXED, RESTING};
use crate::stop::{Bail, Stop};

/// Calls in one turn.
const TURN: u32 = 128;
/// So many turns must be faster in Python, and this many may not be.
const WINS: u32 = 5;
const LOSSES: u32 = 2;
/// Where more than half of the time from one call to the next is the caller's, which may differ more than the calls do.
const WINS_BESIDES: u32 = 10;
/// The first rest; each one is twice as long as that before, up to so many times.
const REST: u32 = 10_000;
const DOUBLED: u32 = 10;

/// Calls before the first race; each one that native code wins puts the next one off to so many times as many calls.
const RACE: u64 = 2048;
const LATER: u64 = 16;
/// After one that nobody has won.
const SOONER: u64 = 3;
/// Seconds that calls take natively that are raced, one and all of them: a long one may take very long as Python. Below
/// the first they are tiny: a turn has more of them, and what stands around them is as fast as it will be.
const TINY: f64 = 5e-6;
const LONGEST: f64 = 5e-3;
const WORTH: f64 = 10e-3;
const TINY_WORTH: f64 = 2e-3;
/// Calls in one turn of a race. In the first ones, which do not count, CPython gets to know the code; where a call takes
/// more than so many times as long as natively, the race is over.
type Heats = [(u32, f64); 3];
const HEATS: Heats = [(2, 6.0), (8, 1.5), (16, 1.5)];
const TINY_HEATS: Heats = [(128, 6.0), (512, 3.0), (811, 6.0)];
/// Turns that follow each other are compared, until one side has won so many more than the other, or there were so many:
/// what else the program and the processor do makes more of a difference to tiny calls than what is asked for. The number
/// of calls in one is one that loops seldom have.
const LEAD: i32 = 6;
const TINY_TURNS: u32 = 40;
/// The first rest from tiny calls is so many times as long. After each stretch of it the clock is asked: it is over where
/// the calls of two of them take so many times as long as they took, for then they are tiny no more.
const TINY_REST: u32 = 2;
const STRETCH: u32 = 512;
const SLOWER: f64 = 4.0;
/// As Python a call has to take this share of its native time less. What the caller does from one call to the next is the
/// same in both.
const MARGIN: f64 = 0.03;

#[derive(Clone, Copy, Default, PartialEq)]
enum Turn {
    #[default]
    None,
    Native,
    Python,
    Rest,
}

/// What a hook keeps of it.
#[derive(Default)]
pub(super) struct Trial {
    turn: Cell<Turn>,
    /// When it did, in seconds.
    began: Cell<f64>,
    /// Committed calls when the native turn began, and bailouts since.
    calls: Cell<u64>,
    bails: Cell<u64>,
    /// Calls until the turn of Python, or the rest, is over.
    left: Cell<u32>,
    /// Seconds from one call to the next in the last native turn.
    native: Cell<f64>,
    wins: Cell<u32>,
    losses: Cell<u32>,
    rests: Cell<u32>,
    /// All calls have been committed so far, and so many are a turn; 0: it is no race.
    heat: Cell<u32>,
    /// It is a race of tiny calls; so many turns on either side are over, and in so many more of them Python was faster.
    tiny: Cell<bool>,
    turns: Cell<u32>,
    lead: Cell<i32>,
    /// Seconds from one call to the next in the fastest turn as Python.
    fastest: Cell<f64>,
    /// Seconds that it takes to ask the hook in front of the body.
    asked: Cell<f64>,
    /// Calls behind this stretch of a rest, whether it is the first one, and whether the calls of the one before took long.
    beyond: Cell<u32>,
    first: Cell<bool>,
    slow: Cell<bool>,
    /// The number of committed calls from which on there may be one, if it is not [`RACE`].
    next_race: Cell<u64>,
    /// Somebody compares native code with Python, call by call: there is none.
    off: Cell<bool>,
    /// Were calls without frames?
    #[cfg(Py_3_12)]
    direct: Cell<bool>,
}

impl Trial {
    fn heats(&self) -> &'static Heats {
        if self.tiny.get() { &TINY_HEATS } else { &HEATS }
    }

    /// Seconds on the clock: what else the processor does in between is not in the fastest turn. The time of the thread
    /// alone can be less than it took, where a machine is one of several on a processor.
    fn now() -> f64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed().as_secs_f64()
    }

    /// A call while the gate says nothing but that the function rests: stays it Python, with no more to be asked?
    #[inline(always)]
    pub(super) fn rests_on(&self) -> bool {
        let left = self.left.get();
        if left > 1 {
            self.left.set(left - 1);
        }
        left > 1
    }
}

impl Hook {
    /// Whether a trial can tell: recursive functions call themselves in either turn, and what bails out may have loops that
    /// are native in Python. (While it rests they are not.)
    pub(super) fn can_be_tried(&self, why: Stop) -> bool {
        let ordinary = self.generator.is_none() && self.regions.is_none() && self.cycle.is_empty();
        ordinary && !self.trial.off.get() && !self.budget.compares() && why.as_bail() != Some(Bail::Forced)
    }

    /// Bailouts have cost more than their share.
    #[cold]
    pub(super) fn begin_trial(&self) {
        self.trial.heat.set(0);
        self.trial.tiny.set(false);
        self.begin();
    }

    fn begin(&self) {
        self.trial.wins.set(0);
        self.trial.losses.set(0);
        self.trial.turns.set(0);
        self.trial.lead.set(0);
        self.trial.fastest.set(f64::INFINITY);
        // Tiny calls are as they are without it, natively.
        #[cfg(Py_3_12)]
        if !self.trial.tiny.get() {
            self.trial.direct.set(self.keep_to_frames());
        }
        self.budget.untimed();
        self.native_turn();
    }

    fn native_turn(&self) {
        self.lead_no_more();
        if self.trial.tiny.get() {
            self.without_frames_again();
        }
        self.trial.calls.set(self.budget.committed_calls());
        self.trial.bails.set(0);
        self.trial.began.set(Trial::now());
        self.trial.turn.set(Turn::Native);
        self.set_gate(RESTING, false);
        let heat = self.trial.heat.get();
        if heat != 0 {
            self.budget.look_after(u64::from(heat));
        }
    }

    /// After a call that was committed, and timed if it has been `started`.
    pub(super) fn timed(&self, started: Option<Started>) {
        if started.is_none() {
            return;
        }
        let (calls, heat) = (self.budget.committed_calls(), self.trial.heat.get());
        match self.trial.turn.get() {
            Turn::None if calls >= self.trial.next_race.get().max(RACE) && self.may_race() => {
                self.trial.tiny.set(self.budget.committed_seconds().0 < TINY);
                self.trial.heat.set(self.trial.heats()[0].0);
                self.begin();
            }
            Turn::Native if heat != 0 => {
                let calls = calls - self.trial.calls.get();
                if calls < u64::from(heat) {
                    self.budget.look_after(u64::from(heat) - calls);
                    return;
                }
                let native = self.seconds() / calls as f64;
                self.trial.native.set(native);
                self.python_turn(Turn::Python, heat);
            }
            _ => {}
        }
    }

    fn may_race(&self) -> bool {
        let (mean, total) = self.budget.committed_seconds();
        let ordinary = self.generator.is_none() && self.cycle.is_empty();
        let ordinary = ordinary && !self.trial.off.get() && !self.budget.compares();
        ordinary && mean < LONGEST && total >= if mean < TINY { TINY_WORTH } else { WORTH }
    }

    fn python_turn(&self, turn: Turn, calls: u32) {
        #[cfg(Py_3_12)]
        if self.trial.tiny.get() && self.keep_to_frames() {
            self.trial.direct.set(true);
        }
        if self.trial.tiny.get() && turn == Turn::Python {
            self.lead(calls);
        }
        self.trial.turn.set(turn);
        self.set_gate(RESTING, true);
        let rests = self.gate.get() & !MIXED == RESTING;
        if rests && self.may_have_own_code() && self.trial.asked.get() == 0.0 {
            self.trial.left.set(u32::MAX);
            self.trial.asked.set(self.seconds_to_ask());
        }
        self.trial.left.set(calls);
        self.trial.began.set(Trial::now());
    }

    fn seconds(&self) -> f64 {
        Trial::now() - self.trial.began.get()
    }

    /// After a bailout. Whether a trial is on, which counts it in place of the budget.
    pub(super) fn tries(&self) -> bool {
        if self.trial.heat.get() != 0 && self.trial.turn.get() == Turn::Native {
            // Then it is no race.
            self.native_wins();
            return false;
        }
        if self.trial.turn.get() != Turn::Native {
            return self.trial.turn.get() != Turn::None;
        }
        let bails = self.trial.bails.get() + 1;
        self.trial.bails.set(bails);
        let calls = self.budget.committed_calls() - self.trial.calls.get() + bails;
        // A function that mostly succeeds is left alone.
        if calls > bails * DENSE {
            self.native_wins();
        } else if bails >= u64::from(TURN) {
            // Each of these calls was Python's as well: there is nothing to be compared.
            self.rest();
        } else if calls >= u64::from(TURN) {
            self.trial.native.set(self.seconds() / calls as f64);
            self.python_turn(Turn::Python, TURN);
        }
        true
    }

    fn native_wins(&self) {
        self.lead_no_more();
        self.trial.turn.set(Turn::None);
        self.trial.rests.set(0);
        self.set_gate(RESTING, false);
        if self.trial.heat.get() == 0 {
            self.budget.is_worth_it();
        }
        self.trial.next_race.set((self.budget.committed_calls() + 1) * LATER);
        self.without_frames_again();
    }

    /// A call of a function that has its turn in Python, or rests. Whether it stays Python.
    #[cold]
    pub(super) fn rests(&self) -> bool {
        let left = self.trial.left.get().saturating_sub(1);
        self.trial.left.set(left);
        if left > 0 {
            return true;
        }
        if self.trial.turn.get() == Turn::Rest {
            if self.trial.tiny.get() && self.rests_further() {
                return true;
            }
            self.trial.turn.set(Turn::None);
            self.set_gate(RESTING, false);
            self.record.say(None);
            self.budget.forget();
            self.trial.next_race.set(self.budget.committed_calls() + RACE);
            self.without_frames_again();
            return false;
        }
        let faster = match self.trial.heat.get() {
            0 => self.seconds() / f64::from(TURN) < self.trial.native.get(),
            heat => {
                // This call has not been one of them.
                let seconds = self.seconds() / f64::from(heat - 1);
                let taken = seconds / self.trial.native.get();
                let heats = self.trial.heats();
                let at = heats.iter().position(|(calls, _)| *calls == heat).unwrap_or(0);
                if taken > heats[at].1 {
                    self.native_wins();
                    return false;
                }
                if let Some((calls, _)) = heats.get(at + 1) {
                    self.trial.heat.set(*calls);
                    self.native_turn();
                    return false;
                }
                if self.trial.tiny.get() {
                    return self.tiny_turn_is_over(seconds);
                }
                self.is_faster(seconds, self.trial.native.get())
            }
        };
        let count = if faster { &self.trial.wins } else { &self.trial.losses };
        count.set(count.get() + 1);
        if self.trial.losses.get() >= LOSSES {
            self.native_wins();
        } else if self.trial.wins.get() >= self.wins_needed() {
            self.rest();
            return true;
        } else {
            self.native_turn();
        }
        false
    }

    fn wins_needed(&self) -> u32 {
        let besides = self.trial.native.get() > 2.0 * self.budget.committed_seconds().0;
        if self.trial.heat.get() != 0 && besides { WINS_BESIDES } else { WINS }
    }

    /// Is Python faster, if so many seconds lie between two calls in either turn?
    fn is_faster(&self, python: f64, native: f64) -> bool {
        python < native - MARGIN * native.min(self.budget.committed_seconds().0)
    }

    /// A tiny call has had a turn on either side. Whether this one stays Python.
    fn tiny_turn_is_over(&self, python: f64) -> bool {
        let turns = self.trial.turns.get() + 1;
        self.trial.turns.set(turns);
        self.trial.fastest.set(self.trial.fastest.get().min(python));
        // With its own code the function is asked nothing, nor are those that it calls.
        let asked = f64::from(self.lead_no_more()) / f64::from(self.trial.heat.get() - 1) + 1.0;
        let faster = self.is_faster(python - self.trial.asked.get() * asked, self.trial.native.get());
        let lead = self.trial.lead.get() + if faster { 1 } else { -1 };
        self.trial.lead.set(lead);
        if lead.abs() < LEAD && turns < TINY_TURNS {
            self.native_turn();
            return false;
        }
        if lead == LEAD {
            self.rest();
            return true;
        }
        self.native_wins();
        if lead > -LEAD {
            self.trial.next_race.set((self.budget.committed_calls() + 1) * SOONER);
        }
        false
    }

    fn rest(&self) {
        self.lead_no_more();
        let rests = self.trial.rests.get();
        self.trial.rests.set(rests + 1);
        if rests >= self.rests_before_own_code() && self.give_own_code_back() {
            self.trial.turn.set(Turn::None);
            self.set_gate(RESTING, false);
            self.record.say(Some("rests for good: Python is faster".to_owned()));
            return;
        }
        let tiny = self.trial.tiny.get();
        let calls = (REST << rests.min(DOUBLED)) * if tiny { TINY_REST } else { 1 };
        let why = if self.trial.heat.get() == 0 { "so many calls bail out that " } else { "" };
        let text = format!("rests for {calls} calls: {why}Python is faster");
        self.record.say(Some(text));
        self.trial.beyond.set(calls - STRETCH);
        self.trial.slow.set(false);
        self.trial.first.set(true);
        self.python_turn(Turn::Rest, if tiny { STRETCH } else { calls });
    }

    /// So many rests later the function is not asked any more: the sooner the less it can do that takes long.
    fn rests_before_own_code(&self) -> u32 {
        // SAFETY: a code object that is held for good.
        let always_short = unsafe { is_always_short(self.original) };
        match (always_short, self.trial.tiny.get()) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 5,
        }
    }

    /// A stretch of a rest is over. Whether it goes on: Python was faster on calls as they were then.
    fn rests_further(&self) -> bool {
        let (mean, first) = (self.seconds() / f64::from(STRETCH), self.trial.first.replace(false));
        if first && self.leads_others() {
            // Those that it calls were Python in its turns, and are on their own now.
            self.trial.fastest.set(self.trial.fastest.get().max(mean));
        }
        let slow = mean >= self.trial.fastest.get() * SLOWER;
        // The processor may have done something else in one of them.
        let as_before = !(self.trial.slow.replace(slow) && slow);
        if !as_before {
            self.trial.rests.set(0);
        }
        let beyond = self.trial.beyond.get();
        let left = beyond.min(STRETCH);
        self.trial.beyond.set(beyond - left);
        self.trial.left.set(left);
        self.trial.began.set(Trial::now());
        left > 0 && as_before
    }

    pub(in crate::activate) fn forget_bailouts(&self) {
        self.budget.forget();
        self.resumes.forget();
        self.forget_trial();
    }

    /// What has been found out is forgotten: a function that rests is asked again.
    pub(in crate::activate) fn forget_trial(&self) {
        if self.take_code_again() {
            self.record.say(None);
        }
        self.forget_race();
        self.trial.rests.set(0);
        self.trial.next_race.set(self.budget.committed_calls() + RACE);
    }

    /// What is being tried is not.
    pub(super) fn forget_race(&self) {
        self.lead_no_more();
        if self.trial.turn.replace(Turn::None) != Turn::None {
            self.set_gate(RESTING, false);
            self.record.say(None);
            self.without_frames_again();
        }
    }

    /// Nothing is tried from now on, and what rests is native again.
    pub(in crate::activate) fn try_no_more(&self) {
        if !self.trial.off.replace(true) {
            self.forget_trial();
        }
    }

    fn without_frames_again(&self) {
        #[cfg(Py_3_12)]
        if self.trial.direct.replace(false) && self.direct_is_allowed() {
            // SAFETY: the hook's code is in the function; the GIL is held.
            unsafe { self.call_without_frame() };
        }
    }
}
