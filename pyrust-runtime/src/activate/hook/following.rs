//! What a function calls follows it: while a trial has it in Python, so are the hotspots that it calls natively.
//!
//! Each small function of a program may be best natively as long as the others are, and all of them together as Python.
//! Called from Python, a native function costs more than it does where native code calls it.

use std::cell::{Cell, OnceCell};

use super::super::registry;
use super::{FOLLOWING, Hook, RESTING};

/// A follower is on its own again after so many times the calls of the turn: the program may be at something else by then.
const CALLS: u32 = 64;

#[derive(Default)]
pub(super) struct Following {
    /// The hotspots that this one calls.
    followers: OnceCell<Vec<&'static registry::Record>>,
    /// They follow it.
    leads: Cell<bool>,
    /// As a follower: how many it follows, how many calls are left of those that it was given, and how many they were.
    leaders: Cell<u32>,
    left: Cell<u32>,
    asked: Cell<u32>,
    /// Were its calls without frames?
    #[cfg(Py_3_12)]
    direct: Cell<bool>,
}

impl Hook {
    /// The hotspots that this one calls are Python as well, from now on.
    #[cold]
    pub(super) fn lead(&self, calls: u32) {
        if self.following.leads.replace(true) {
            return;
        }
        let followers = self.following.followers.get_or_init(|| {
            let function = self.record.function;
            let names = registry::callees(function).into_iter().filter(|name| *name != function.name);
            let records = registry::get()
                .into_iter()
                .flat_map(|registry| names.clone().map(|name| registry.record(name)));
            records.flatten().collect()
        });
        for hook in followers.iter().filter_map(|record| record.hook.get()) {
            hook.follow(calls.saturating_mul(CALLS));
        }
    }

    /// They are on their own again; how many of their calls there were.
    #[cold]
    pub(super) fn lead_no_more(&self) -> u32 {
        if !self.following.leads.replace(false) {
            return 0;
        }
        let followers = self.following.followers.get().into_iter().flatten();
        followers.filter_map(|record| record.hook.get()).map(Hook::follow_no_more).sum()
    }

    /// Does it call functions that have followed it?
    pub(super) fn leads_others(&self) -> bool {
        self.following.followers.get().is_some_and(|followers| !followers.is_empty())
    }

    fn follow(&self, calls: u32) {
        // Loops and generators would not find back.
        if !self.may_have_own_code() || self.gate.get() & RESTING != 0 {
            return;
        }
        self.following.leaders.set(self.following.leaders.get() + 1);
        self.following.left.set(calls);
        self.following.asked.set(0);
        if self.gate.get() & FOLLOWING == 0 {
            // What it is trying itself would be about this.
            self.forget_race();
            self.set_gate(FOLLOWING, true);
            #[cfg(Py_3_12)]
            self.following.direct.set(self.keep_to_frames());
        }
    }

    fn follow_no_more(&self) -> u32 {
        let leaders = self.following.leaders.get();
        self.following.leaders.set(leaders.saturating_sub(1));
        if leaders == 1 {
            self.is_on_its_own();
        }
        if leaders == 0 { 0 } else { self.following.asked.get() }
    }

    fn is_on_its_own(&self) {
        if self.gate.get() & FOLLOWING == 0 {
            return;
        }
        self.set_gate(FOLLOWING, false);
        #[cfg(Py_3_12)]
        if self.following.direct.replace(false) && self.direct_is_allowed() {
            // SAFETY: the hook's code is in the function; the GIL is held.
            unsafe { self.call_without_frame() };
        }
    }

    /// A call of a follower, which stays Python.
    #[cold]
    pub(super) fn follows(&self) {
        let left = self.following.left.get().saturating_sub(1);
        self.following.left.set(left);
        self.following.asked.set(self.following.asked.get().saturating_add(1));
        if left == 0 {
            self.is_on_its_own();
        }
    }
}
