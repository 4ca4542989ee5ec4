//! What becomes of attempts that came to nothing: they are counted, and the function is tried as Python, or switched off.

use super::{Hook, OFF};
use crate::activate::budget::Verdict;
use crate::activate::clock::Started;
use crate::activate::registry::State;
use crate::stop::{Bail, Stop};

impl Hook {
    /// A bailout is counted; the function is switched off when its budget is used up.
    #[cold]
    #[inline(never)]
    pub(super) fn count_bail(&self, stop: Stop, started: Option<Started>) {
        self.record.count_bail(stop.reason());
        if stop.as_bail() == Some(Bail::Abstract) {
            crate::object::forget_open();
        }
        // Another thread's call is being looked at, by the verifier or in shadow mode: no fault of this function.
        if stop.as_bail() != Some(Bail::Busy) {
            self.attempt_lost(stop, started);
        }
    }

    /// The time of an attempt that came to nothing goes against the budget.
    pub(in crate::activate) fn attempt_lost(&self, why: Stop, started: Option<Started>) {
        // Where Python goes on in the middle of a loop, not all of it is lost.
        if self.resumes.pay() || self.tries() {
            return;
        }
        match self.budget.lost(started, self.can_be_tried(why)) {
            Verdict::Fine => {}
            Verdict::Try => self.begin_trial(),
            Verdict::Over(reason) => self.switch_off(reason),
        }
    }

    /// A call for which nothing could be tried: no signature fits, or a name is something else. That costs little, but
    /// a short function may cost less as Python.
    #[cold]
    pub(super) fn looked_in_vain(&self, why: Stop) {
        if self.tries() {
            return;
        }
        match self.budget.looked_in_vain(self.can_be_tried(why)) {
            Verdict::Fine => {}
            Verdict::Try => self.begin_trial(),
            Verdict::Over(reason) => self.switch_off(reason),
        }
    }

    pub(in crate::activate) fn switch_off(&self, reason: String) {
        self.set_gate(OFF, true);
        #[cfg(Py_3_12)]
        self.keep_to_frames();
        self.record.set(State::Disabled, Some(reason));
        self.give_own_code_back();
    }
}
