//! The budget by time (replay rule 34): a hotspot that loses too much of what it saves is switched off for good.
//!
//! Native time is measured for one call in 256 and for calls around a bailout, and extrapolated. What Python would
//! have taken is not measured: a committed call is taken to save [`SPEEDUP`] − 1 times its own duration.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// One call in so many is timed.
const EVERY: u64 = 256;
/// So many calls are timed after the first, and after each bailout.
const BURST: u32 = 64;
/// How much faster than Python native code is taken to be.
const SPEEDUP: f64 = 10.0;
/// The share of the saved time that may get lost.
const SHARE: f64 = 0.1;
/// Less than that is not worth a verdict.
const MIN_LOST: f64 = 0.05;
const MIN_BAILS: u64 = 16;
/// So many calls that no signature fits, and so many times the calls that one fits, are enough.
const MISSES: u64 = 10_000;
const MISS_FACTOR: u64 = 9;

#[derive(Default)]
pub(super) struct Budget {
    /// The number of committed calls from which on the next one is timed.
    next_timed: Cell<u64>,
    burst: Cell<u32>,
    committed: Sum,
    lost: Sum,
    missed: Cell<u64>,
}

/// Seconds of the calls that were timed, and how many calls there were in all.
#[derive(Default)]
struct Sum {
    calls: Cell<u64>,
    timed: Cell<u64>,
    seconds: Cell<f64>,
}

impl Sum {
    fn add(&self, started: Option<Instant>) {
        self.calls.set(self.calls.get() + 1);
        if let Some(started) = started {
            self.timed.set(self.timed.get() + 1);
            self.seconds.set(self.seconds.get() + started.elapsed().as_secs_f64());
        }
    }

    fn total(&self) -> f64 {
        if self.timed.get() == 0 {
            0.0
        } else {
            self.seconds.get() * self.calls.get() as f64 / self.timed.get() as f64
        }
    }
}

impl Budget {
    /// Whether the next attempt is one to be timed: the fast path leaves those to [`Budget::start`].
    #[inline(always)]
    pub(super) fn is_due(&self) -> bool {
        self.committed.calls.get() >= self.next_timed.get()
    }

    /// At the start of a native attempt: when it began, for those that are timed.
    pub(super) fn start(&self) -> Option<Instant> {
        if !self.is_due() {
            return None;
        }
        let burst = self.burst.get();
        if burst < BURST {
            self.burst.set(burst + 1);
        } else {
            self.next_timed.set(self.committed.calls.get() + EVERY);
        }
        Some(Instant::now())
    }

    /// After a commit.
    #[inline(always)]
    pub(super) fn committed(&self, started: Option<Instant>) {
        if started.is_some() {
            self.committed.add(started);
        } else {
            self.committed.calls.set(self.committed.calls.get() + 1);
        }
    }

    pub(super) fn committed_calls(&self) -> u64 {
        self.committed.calls.get()
    }

    /// After a call whose arguments no signature fits; the reason to stop looking, if that is the rule.
    pub(super) fn missed(&self) -> Option<String> {
        let (missed, committed) = (self.missed.get() + 1, self.committed.calls.get());
        self.missed.set(missed);
        if missed < MISSES || missed < committed.saturating_mul(MISS_FACTOR) {
            return None;
        }
        Some(format!(
            "no signature fits: {missed} of {} calls have arguments of other types",
            missed + committed
        ))
    }

    /// What bailouts have cost so far is forgotten: what the tests make bail says nothing of the next case.
    pub(super) fn forget(&self) {
        self.lost.calls.set(0);
        self.lost.timed.set(0);
        self.lost.seconds.set(0.0);
    }

    /// After a bailout; the reason to stop trying, if the budget is used up.
    pub(super) fn lost(&self, started: Option<Instant>) -> Option<String> {
        self.lost.add(started);
        // What a bailout costs has to be known; then it is known.
        if self.lost.timed.get() < u64::from(BURST) {
            self.next_timed.set(0);
            self.burst.set(0);
        }
        if self.lost.calls.get() < MIN_BAILS {
            return None;
        }
        let (lost, saved) = (self.lost.total(), self.committed.total() * (SPEEDUP - 1.0));
        if lost < MIN_LOST || lost <= saved * SHARE {
            return None;
        }
        let share = Duration::from_secs_f64(lost);
        Some(format!(
            "bailout budget used up: {} of {} calls bailed out and lost {share:.1?}",
            self.lost.calls.get(),
            self.lost.calls.get() + self.committed.calls.get(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_256_is_timed_after_the_first_burst() {
        let budget = Budget::default();
        let call = || {
            let started = budget.start();
            budget.committed(started);
            started.is_some()
        };
        assert!((0..BURST).all(|_| call()));
        assert_eq!((0..EVERY * 10).filter(|_| call()).count(), 10);
        budget.lost(None);
        assert!(budget.start().is_some());
    }

    #[test]
    fn bails_alone_use_the_budget_up() {
        let budget = Budget::default();
        let past = Instant::now() - Duration::from_millis(10);
        let verdicts: Vec<_> = (0..MIN_BAILS).map(|_| budget.lost(Some(past))).collect();
        assert!(verdicts[..verdicts.len() - 1].iter().all(Option::is_none));
        assert!(verdicts[verdicts.len() - 1].as_ref().is_some_and(|text| text.contains("16 of 16")));
    }

    #[test]
    fn calls_that_fit_no_signature_are_looked_at_so_many_times() {
        let budget = Budget::default();
        assert!((1..MISSES).all(|_| budget.missed().is_none()));
        assert!(budget.missed().is_some_and(|text| text.contains("10000 of 10000")));
        let budget = Budget::default();
        (0..2 * MISSES / MISS_FACTOR).for_each(|_| budget.committed(None));
        assert!((0..MISSES).all(|_| budget.missed().is_none()));
    }

    #[test]
    fn rare_bails_are_within_it() {
        let budget = Budget::default();
        let past = Instant::now() - Duration::from_millis(10);
        for _ in 0..100 {
            (0..9).for_each(|_| budget.committed(Some(past)));
            assert_eq!(budget.lost(Some(past)), None);
        }
    }
}
