//! Functions of which many calls bail out: are they faster as Python?
//!
//! What an attempt costs that comes to nothing is known, what a native call saves is not. So it is tried: calls run
//! natively for a short while and as Python for a short while, in turns, and the clock says how long a call takes from
//! one to the next, with all that stands around it. Where Python is faster the function rests: it stays Python for a
//! number of calls, then it is native again, since a program may be at something else by then.
//!
//! A trial begins only where bailouts have cost more than their share (`budget`). It costs some hundred calls.

use std::cell::Cell;
use std::time::Instant;

use super::{Hook, RESTING};
use crate::stop::{Bail, Stop};

/// Calls in one turn.
const TURN: u32 = 128;
/// So many turns must be faster in Python, and this many may not be.
const WINS: u32 = 5;
const LOSSES: u32 = 2;
/// Of so many calls one bails out, at least: a function that mostly succeeds is left alone.
const ONE_IN: u64 = 6;
/// The first rest; each one is twice as long as that before, up to so many times.
const REST: u32 = 10_000;
const DOUBLED: u32 = 10;

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
    began: Cell<Option<Instant>>,
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
    /// Were calls without frames?
    #[cfg(Py_3_12)]
    direct: Cell<bool>,
}

impl Hook {
    /// Whether a trial can tell: recursive functions call themselves in either turn, and loops are native in Python.
    pub(super) fn can_be_tried(&self, why: Stop) -> bool {
        let ordinary = self.generator.is_none() && self.regions.is_none() && self.cycle.is_empty();
        ordinary && !self.budget.compares() && why.as_bail() != Some(Bail::Forced)
    }

    /// Bailouts have cost more than their share.
    #[cold]
    pub(super) fn begin_trial(&self) {
        self.trial.wins.set(0);
        self.trial.losses.set(0);
        #[cfg(Py_3_12)]
        self.trial.direct.set(self.keep_to_frames());
        self.budget.untimed();
        self.native_turn();
    }

    fn native_turn(&self) {
        self.trial.calls.set(self.budget.committed_calls());
        self.trial.bails.set(0);
        self.trial.began.set(Some(Instant::now()));
        self.trial.turn.set(Turn::Native);
        self.set_gate(RESTING, false);
    }

    fn python_turn(&self, turn: Turn, calls: u32) {
        self.trial.left.set(calls);
        self.trial.began.set(Some(Instant::now()));
        self.trial.turn.set(turn);
        self.set_gate(RESTING, true);
    }

    fn seconds(&self) -> f64 {
        self.trial.began.get().map_or(0.0, |began| began.elapsed().as_secs_f64())
    }

    /// After a bailout. Whether a trial is on, which counts it in place of the budget.
    pub(super) fn tries(&self) -> bool {
        if self.trial.turn.get() != Turn::Native {
            return self.trial.turn.get() != Turn::None;
        }
        let bails = self.trial.bails.get() + 1;
        self.trial.bails.set(bails);
        let calls = self.budget.committed_calls() - self.trial.calls.get() + bails;
        if calls > bails * ONE_IN {
            self.native_wins();
        } else if calls >= u64::from(TURN) {
            self.trial.native.set(self.seconds() / calls as f64);
            self.python_turn(Turn::Python, TURN);
        }
        true
    }

    fn native_wins(&self) {
        self.trial.turn.set(Turn::None);
        self.set_gate(RESTING, false);
        self.budget.is_worth_it();
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
            self.trial.turn.set(Turn::None);
            self.set_gate(RESTING, false);
            self.record.say(None);
            self.budget.forget();
            self.without_frames_again();
            return false;
        }
        let faster = self.seconds() / f64::from(TURN) < self.trial.native.get();
        let count = if faster { &self.trial.wins } else { &self.trial.losses };
        count.set(count.get() + 1);
        if self.trial.losses.get() >= LOSSES {
            self.native_wins();
        } else if self.trial.wins.get() >= WINS {
            self.rest();
            return true;
        } else {
            self.native_turn();
        }
        false
    }

    fn rest(&self) {
        let rests = self.trial.rests.get();
        self.trial.rests.set(rests + 1);
        let calls = REST << rests.min(DOUBLED);
        let text = format!("rests for {calls} calls: so many calls bail out that Python is faster");
        self.record.say(Some(text));
        self.python_turn(Turn::Rest, calls);
    }

    /// What has been found out is forgotten.
    pub(super) fn forget_trial(&self) {
        if self.trial.turn.replace(Turn::None) != Turn::None {
            self.set_gate(RESTING, false);
            self.record.say(None);
            self.without_frames_again();
        }
        self.trial.rests.set(0);
    }

    fn without_frames_again(&self) {
        #[cfg(Py_3_12)]
        if self.trial.direct.replace(false) && self.direct_is_allowed() {
            // SAFETY: the hook's code is in the function; the GIL is held.
            unsafe { self.call_without_frame() };
        }
    }
}
