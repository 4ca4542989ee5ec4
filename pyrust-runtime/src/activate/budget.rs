//! The budget by time (replay rule 34): a hotspot that loses too much of what it saves is switched off for good.
//!
//! Native time is measured for one call in 256 and for calls around a bailout, and extrapolated. What Python would
//! have taken is not measured: a committed call is taken to save [`SPEEDUP`] − 1 times its own duration.
//!
//! In shadow mode the same counter tells which calls are compared with Python.

use std::cell::Cell;
use std::time::Duration;

use super::clock::{Clock, Started};

/// One call in so many is timed.
const EVERY: u64 = 256;
/// So many calls are timed after the first, and after each bailout.
const BURST: u32 = 64;
/// How much faster than Python native code is taken to be.
const SPEEDUP: f64 = 10.0;
/// The share of the saved time that may get lost.
const SHARE: f64 = 0.1;
/// Less than that is not worth a verdict, unless there were [`MANY`] bailouts: what stands around an attempt (to try the
/// other specialisations, to go back to Python) is not timed.
const MIN_LOST: f64 = 0.05;
const MANY: u64 = 10_000;
const MIN_BAILS: u64 = 16;
/// Where hardly any call is committed, and nothing can be tried, less is enough by so much.
const HARDLY: u64 = 8;
const HARDLY_SHARE: f64 = 0.2;
/// So many are enough where no call was ever committed.
const HOPELESS: u64 = 1_000;
/// Of short calls it can be tried whether they are worth it, once more than one in so many bails out.
pub(super) const DENSE: u64 = 12;
const SHORT: f64 = 5e-6;
/// So many calls that no signature fits, and so many times the calls that one fits, are enough.
const MISSES: u64 = 10_000;
const MISS_FACTOR: u64 = 9;
/// Ints leave 64 bits often, if so few calls lie between two that they do.
const OFTEN: u64 = 16;

/// What bailouts have come to.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Fine,
    /// They are many and the calls are short: whether Python is faster can be tried.
    Try,
    /// The budget is used up, in the words of the reason to stop trying.
    Over(String),
}

#[derive(Default)]
pub(super) struct Budget {
    /// The number of committed calls from which on the next one is timed.
    next_timed: Cell<u64>,
    /// The first of that and `next_compared`: all that the fast path asks.
    next_look: Cell<u64>,
    burst: Cell<u32>,
    clock: Clock,
    committed: Sum,
    lost: Sum,
    missed: Cell<u64>,
    /// Calls for which nothing could be tried, and the number of committed calls when the last [`MIN_BAILS`] began.
    in_vain: Cell<u64>,
    before_those: Cell<u64>,
    /// A trial has shown that native calls are worth it: the next one is due after so many calls that came to nothing.
    worth: Cell<u64>,
    /// The number of committed calls when the last [`MIN_BAILS`] bailouts began.
    before: Cell<u64>,
    /// The number of committed calls when ints left 64 bits last, and another specialisation did the call.
    overflowed: Cell<u64>,
    /// Shadow mode: of this many calls, one is compared with Python; 0: none.
    one_in: u64,
    /// The number of committed calls from which on the next one is compared.
    next_compared: Cell<u64>,
    /// The windows of `one_in` calls that have had their comparison.
    windows: Cell<u64>,
    /// The state of a generator that chooses the call of each window.
    choice: Cell<u64>,
}

/// Seconds of the calls that were timed, and how many calls there were in all.
#[derive(Default)]
struct Sum {
    calls: Cell<u64>,
    timed: Cell<u64>,
    seconds: Cell<f64>,
}

impl Sum {
    fn add(&self, taken: Option<Duration>) {
        self.calls.set(self.calls.get() + 1);
        if let Some(taken) = taken {
            self.timed.set(self.timed.get() + 1);
            self.seconds.set(self.seconds.get() + taken.as_secs_f64());
        }
    }

    fn total(&self) -> f64 {
        self.mean() * self.calls.get() as f64
    }

    fn mean(&self) -> f64 {
        if self.timed.get() == 0 { 0.0 } else { self.seconds.get() / self.timed.get() as f64 }
    }
}

impl Budget {
    /// A budget with a call to be compared in each window of `one_in` calls.
    pub(super) fn comparing(one_in: u32) -> Budget {
        let budget = Budget { one_in: u64::from(one_in), ..Budget::default() };
        if one_in > 0 {
            // Processes, and functions, choose different calls.
            let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let seed = seed.map_or(1, |time| time.as_nanos() as u64) ^ (u64::from(std::process::id()) << 32);
            budget.choice.set(seed | 1);
            budget.choose();
        }
        budget
    }

    /// The call of the next window that is compared: any of them, so that what repeats itself cannot hide. The others,
    /// one fewer than the window has, are committed, and are what is counted.
    fn choose(&self) {
        let mut choice = self.choice.get();
        choice ^= choice << 13;
        choice ^= choice >> 7;
        choice ^= choice << 17;
        self.choice.set(choice);
        let begin = self.windows.get() * (self.one_in - 1);
        self.next_compared.set(begin + choice % self.one_in);
        self.time_from(self.next_timed.get());
    }

    fn time_from(&self, call: u64) {
        self.next_timed.set(call);
        self.next_look.set(if self.one_in == 0 { call } else { call.min(self.next_compared.get()) });
    }

    /// Whether this call is one to be compared with Python. If so, the next one is chosen.
    pub(super) fn is_to_be_compared(&self) -> bool {
        if self.one_in == 0 || self.committed.calls.get() < self.next_compared.get() {
            return false;
        }
        self.windows.set(self.windows.get() + 1);
        self.choose();
        true
    }

    /// What a committed call takes, and all of them have taken, in seconds.
    pub(super) fn committed_seconds(&self) -> (f64, f64) {
        (self.committed.mean(), self.committed.total())
    }

    /// The call behind so many commits is timed.
    pub(super) fn look_after(&self, calls: u64) {
        self.time_from(self.committed.calls.get() + calls.saturating_sub(1));
    }

    /// Whether the next attempt needs a closer look: to be timed ([`Budget::start`]), or to be compared.
    #[inline(always)]
    pub(super) fn is_due(&self) -> bool {
        self.committed.calls.get() >= self.next_look.get()
    }

    /// At the start of a native attempt: when it began, for those that are timed.
    pub(super) fn start(&self) -> Option<Started> {
        if self.committed.calls.get() < self.next_timed.get() {
            return None;
        }
        let burst = self.burst.get();
        if burst < BURST {
            self.burst.set(burst + 1);
        } else {
            self.time_from(self.committed.calls.get() + EVERY);
        }
        Some(self.clock.start())
    }

    /// After a commit.
    #[inline(always)]
    pub(super) fn committed(&self, started: Option<Started>) {
        if started.is_some() {
            self.committed.add(started.map(|started| self.clock.taken(started)));
        } else {
            self.committed.calls.set(self.committed.calls.get() + 1);
        }
    }

    pub(super) fn committed_calls(&self) -> u64 {
        self.committed.calls.get()
    }

    /// After a call in which ints left 64 bits, and that another specialisation did: are such calls no exception?
    pub(super) fn overflows_often(&self) -> bool {
        let calls = self.committed.calls.get();
        calls - self.overflowed.replace(calls) <= OFTEN
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
        self.in_vain.set(0);
        self.worth.set(0);
    }

    /// After a call for which nothing could be tried: a trial tells whether so many are worth it; without one, hardly any
    /// other call is the rule by which arguments are judged as well ([`Budget::missed`]).
    pub(super) fn looked_in_vain(&self, can_be_tried: bool) -> Verdict {
        let (vain, committed) = (self.in_vain.get() + 1, self.committed.calls.get());
        self.in_vain.set(vain);
        if can_be_tried {
            let tries = self.came_to_nothing() >= self.worth.get() && self.is_dense(vain, &self.before_those);
            return if tries { Verdict::Try } else { Verdict::Fine };
        }
        if vain < MISSES || vain < committed.saturating_mul(MISS_FACTOR) {
            return Verdict::Fine;
        }
        let calls = vain + committed;
        Verdict::Over(format!("a name that it relies on is something else in {vain} of {calls} calls"))
    }

    /// Does shadow mode compare calls?
    pub(super) fn compares(&self) -> bool {
        self.one_in > 0
    }

    /// The next calls are not timed: a trial times them together.
    pub(super) fn untimed(&self) {
        self.time_from(self.committed.calls.get() + EVERY * 16);
    }

    /// A trial has shown that native calls are faster, with all their bailouts.
    pub(super) fn is_worth_it(&self) {
        self.worth.set(self.came_to_nothing() * 2);
    }

    /// Calls that bailed out, and those for which nothing could be tried.
    fn came_to_nothing(&self) -> u64 {
        self.lost.calls.get() + self.in_vain.get()
    }

    /// Whether many of the last calls came to nothing, and calls are short. `before`: the number of committed ones when the
    /// last [`MIN_BAILS`] of those began.
    fn is_dense(&self, count: u64, before: &Cell<u64>) -> bool {
        if !count.is_multiple_of(MIN_BAILS) {
            return false;
        }
        let calls = self.committed.calls.get();
        let committed = calls - before.replace(calls);
        committed < MIN_BAILS * (DENSE - 1) && self.committed.mean() < SHORT
    }

    /// After a bailout. `can_be_tried`: whether a trial would tell.
    pub(super) fn lost(&self, started: Option<Started>, can_be_tried: bool) -> Verdict {
        self.lost.add(started.map(|started| self.clock.taken(started)));
        // What a bailout costs has to be known; then it is known.
        if self.lost.timed.get() < u64::from(BURST) {
            self.time_from(0);
            self.burst.set(0);
        }
        let bails = self.lost.calls.get();
        if bails < MIN_BAILS || self.came_to_nothing() < self.worth.get() {
            return Verdict::Fine;
        }
        let (lost, saved) = (self.lost.total(), self.committed.total() * (SPEEDUP - 1.0));
        if can_be_tried && lost < MIN_LOST {
            let dense = self.is_dense(bails, &self.before) && self.lost.mean() < SHORT;
            return if dense { Verdict::Try } else { Verdict::Fine };
        }
        let many = if self.committed.calls.get() == 0 { HOPELESS } else { MANY };
        let hardly_any = !can_be_tried && bails > self.committed.calls.get().saturating_mul(HARDLY);
        let least = if hardly_any { MIN_LOST * HARDLY_SHARE } else { MIN_LOST };
        let few = lost < least && bails < many;
        if few || lost <= saved * SHARE {
            return Verdict::Fine;
        }
        let share = Duration::from_secs_f64(lost);
        Verdict::Over(format!(
            "bailout budget used up: {bails} of {} calls bailed out and lost {share:.1?}",
            bails + self.committed.calls.get(),
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
        budget.lost(None, false);
        assert!(budget.start().is_some());
    }

    #[test]
    fn one_call_in_each_window_is_compared() {
        for one_in in [1, 2, 3, 10, 1000] {
            let budget = Budget::comparing(one_in);
            let mut compared = Vec::new();
            for call in 0..20 * one_in {
                if budget.is_due() && budget.is_to_be_compared() {
                    compared.push(call / one_in);
                } else {
                    let started = budget.start();
                    budget.committed(started);
                }
            }
            assert_eq!(compared, (0..20).collect::<Vec<_>>(), "one in {one_in}");
        }
        let budget = Budget::comparing(0);
        assert!((0..1000).all(|_| {
            budget.committed(None);
            !budget.is_to_be_compared()
        }));
    }

    #[test]
    fn bails_alone_use_the_budget_up() {
        let budget = Budget::default();
        let past = Started::before(Duration::from_millis(10));
        let verdicts: Vec<_> = (0..MIN_BAILS).map(|_| budget.lost(Some(past), false)).collect();
        assert!(verdicts[..verdicts.len() - 1].iter().all(|verdict| *verdict == Verdict::Fine));
        assert!(matches!(&verdicts[verdicts.len() - 1], Verdict::Over(text) if text.contains("16 of 16")));
    }

    #[test]
    fn less_is_enough_where_hardly_any_call_is_committed() {
        let over = |committed: u64, can_be_tried: bool| {
            let budget = Budget::default();
            let past = Started::before(Duration::from_millis(1));
            (0..committed).for_each(|_| budget.committed(None));
            (0..20).any(|_| matches!(budget.lost(Some(past), can_be_tried), Verdict::Over(_)))
        };
        assert!(over(0, false) && over(1, false) && !over(3, false) && !over(0, true));
    }

    #[test]
    fn many_short_bails_use_the_budget_up() {
        let budget = Budget::default();
        (0..100).for_each(|_| budget.committed(budget.start()));
        let over = |verdict| matches!(verdict, Verdict::Over(_));
        assert!((1..MANY).all(|_| !over(budget.lost(Some(Started::now()), false))));
        let verdict = budget.lost(Some(Started::now()), false);
        assert!(matches!(verdict, Verdict::Over(text) if text.contains("10000 of 10100")));
    }

    #[test]
    fn dense_bails_of_short_calls_are_tried() {
        let tried = |committed: u64| {
            let budget = Budget::default();
            (0..200).any(|_| {
                (0..committed).for_each(|_| budget.committed(budget.start()));
                budget.lost(Some(Started::now()), true) == Verdict::Try
            })
        };
        assert!(tried(0) && tried(1) && tried(10) && !tried(12) && !tried(40));
    }

    #[test]
    fn many_calls_that_nothing_fits_are_tried() {
        let tried = |committed: u64, worth: bool| {
            let budget = Budget::default();
            (0..200).any(|call| {
                (0..committed).for_each(|_| budget.committed(budget.start()));
                if worth && call == 0 {
                    (0..100).for_each(|_| _ = budget.looked_in_vain(true));
                    budget.is_worth_it();
                }
                call < 50 && budget.looked_in_vain(true) == Verdict::Try
            })
        };
        assert!(tried(0, false) && tried(10, false) && !tried(12, false) && !tried(0, true));
    }

    #[test]
    fn names_that_are_something_else_are_looked_at_so_many_times_where_nothing_can_be_tried() {
        let over = |committed: u64| {
            let budget = Budget::default();
            (0..committed).for_each(|_| budget.committed(None));
            let last = (0..MISSES).map(|_| budget.looked_in_vain(false)).last();
            matches!(last, Some(Verdict::Over(reason)) if reason.contains("something else in 10000 of"))
        };
        assert!(over(0) && over(MISSES / MISS_FACTOR) && !over(MISSES / MISS_FACTOR + 1));
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
        let past = Started::before(Duration::from_millis(10));
        for _ in 0..100 {
            (0..9).for_each(|_| budget.committed(Some(past)));
            assert_eq!(budget.lost(Some(past), false), Verdict::Fine);
        }
    }
}
