//! Functions that rest again and again get their own code back, which nobody is asked in front of.
//!
//! As long as they are asked, which takes a few nanoseconds at each call, it is noticed that their calls take longer than
//! before. So what has neither loops nor calls is the first not to be asked any more. The verifier, and who resets the
//! counters, begin with our code again.

use std::time::Instant;

use pyo3_ffi::*;

use super::{Hook, OFF, RETIRED};
use crate::activate::interp;
use crate::activate::prologue::op;
use crate::peek::{attribute, bytes_of};

/// Has the code neither loops nor calls?
pub(super) unsafe fn is_always_short(code: *mut PyObject) -> bool {
    const LONG: &[u8] = &[
        op::JUMP_BACKWARD,
        op::JUMP_BACKWARD_NO_INTERRUPT,
        op::CALL,
        op::CALL_FUNCTION_EX,
        #[cfg(Py_3_13)]
        op::CALL_KW,
    ];
    // SAFETY: a code object's `co_code` is `bytes`, in units of an instruction and its argument; what stands in caches is
    // zero there.
    unsafe {
        let Some(body) = attribute(code, c"co_code") else {
            PyErr_Clear();
            return false;
        };
        bytes_of(body.ptr()).chunks(2).all(|unit| !LONG.contains(&unit[0]))
    }
}

/// So many questions are timed, so many times.
const QUESTIONS: u32 = 64;
const ROUNDS: u32 = 4;
/// What is not timed: the two instructions around a question, in seconds.
const AROUND: f64 = 2e-9;

impl Hook {
    /// Seconds that it takes to ask in front of the body of a function that rests.
    #[cold]
    pub(super) fn seconds_to_ask(&self) -> f64 {
        let object = self.object();
        let mut least = f64::INFINITY;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for _ in 0..QUESTIONS {
                // SAFETY: what the prologue does, in the frame that it stands in.
                std::hint::black_box(unsafe { super::next(std::hint::black_box(object)) });
            }
            least = least.min(began.elapsed().as_secs_f64());
        }
        least / f64::from(QUESTIONS) + AROUND
    }

    /// Whether nothing but the question in front of the body would be missing: loops and `yield`s ask as well, and in a
    /// cycle callees look for our code among their callers.
    pub(super) fn may_have_own_code(&self) -> bool {
        self.regions.is_none() && self.generator.is_none() && self.cycle.is_empty()
    }

    /// The function has its own code from now on, where nobody has given it another one.
    #[cold]
    pub(super) fn give_own_code_back(&self) -> bool {
        if !self.may_have_own_code() || !self.exchange(self.patched.get(), self.original) {
            return false;
        }
        #[cfg(Py_3_12)]
        self.keep_to_frames();
        true
    }

    /// Our code stands there again, if the function was given its own one back.
    #[cold]
    pub(super) fn take_code_again(&self) -> bool {
        let taken =
            self.gate.get() & (OFF | RETIRED) == 0 && self.exchange(self.original, self.patched.get());
        #[cfg(Py_3_12)]
        if taken {
            // SAFETY: the function has our code; the GIL is held.
            unsafe { self.call_without_frame() };
        }
        taken
    }

    /// Whether `new` stands where `old` was.
    fn exchange(&self, old: *mut PyObject, new: *mut PyObject) -> bool {
        // SAFETY: under the GIL, with no transaction open and no exception set; both codes are held for good.
        unsafe {
            if PyFunction_GetCode(self.function) != old {
                return false;
            }
            // A hook for audits may say no.
            if PyObject_SetAttrString(self.function, c"__code__".as_ptr(), new) != 0 {
                PyErr_Clear();
                return false;
            }
            interp::restore_version(self.function);
        }
        true
    }
}
