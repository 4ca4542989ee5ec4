//! The iterator of a `for` loop of which Python takes some turns, and native code the others.
//!
//! It is what Python goes through where native code has given up in a turn. When it is asked for the element behind a turn
//! that Python has taken, the loop is in the frame as Python has it: its locals are those at the head of the next turn.
//! So native code can do turns there, commit them, and then hand out the element of the turn that it cannot do; or none
//! if there is no further one.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::AtomicPtr;

use pyo3_ffi::*;

use super::super::clock::Started;
use super::super::hook::Hook;
use super::super::metadata;
use super::super::segments::{gather, made_once};
use super::super::shadow;
use super::resume::{NEVER, rest};
use super::{Rejoined, leave};
use crate::activate::interp::{self, Frame};
use crate::boundary::commit::{Outcome, enter};
use crate::peek::Own;
use crate::stop::Bail;
use crate::suspended::{Left, MOST, counting};

/// So many turns are worth three runs of nothing.
const WORTH: i64 = 64;

/// So few are not worth a second run.
const FEW: i64 = 4;

/// Most turns that Python takes before native code is asked again.
const PATIENCE: u32 = 1 << 20;

/// An iterator over the rest of a loop.
#[repr(C)]
struct Rest {
    base: PyObject,
    state: State,
}

struct State {
    hook: &'static Hook,
    spec: usize,
    resumed: &'static metadata::Resumed,
    again: &'static Rejoined,
    /// The function's frame: where its locals begin.
    frame: usize,
    /// What the loop goes through.
    operands: Vec<Own>,
    /// How many elements have been handed out.
    taken: i64,
    inner: Own,
    /// Python takes so many turns before native code is asked.
    wait: u32,
    /// How many they were last time.
    patience: u32,
    /// Native code has done turns that took long.
    paid: bool,
}

/// What came of asking native code.
enum Asked {
    /// Python takes the next turn.
    Next,
    /// There is none.
    Over,
    /// An exception is set.
    Raised,
}

/// What Python goes through: these operands, of which so many elements have been taken.
///
/// # Safety
/// The frame is live, `inner` is the iterator that Python would have, and the GIL is held with no transaction open.
pub(super) unsafe fn iterator(
    hook: &'static Hook,
    spec: usize,
    (resumed, again): (&'static metadata::Resumed, &'static Rejoined),
    frame: Frame,
    (operands, taken, inner): (Vec<Own>, i64, Own),
) -> Option<Own> {
    // SAFETY: as promised; a new object of a type without a collector is written before anybody sees it.
    unsafe {
        let ty = rest_type()?;
        let object = PyType_GenericAlloc(ty, 0).cast::<Rest>();
        if object.is_null() {
            return None;
        }
        let frame = frame.args() as usize;
        let (wait, patience, paid) = (1, 0, false);
        let state = State { hook, spec, resumed, again, frame, operands, taken, inner, wait, patience, paid };
        (&raw mut (*object).state).write(state);
        Own::take(object.cast())
    }
}

unsafe extern "C" fn next(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this with a rest, under the GIL, from the function's own frame; nobody else has it.
    unsafe {
        let state = &mut (*object.cast::<Rest>()).state;
        if state.wait > 0 {
            state.wait -= 1;
        } else {
            match state.ask() {
                Asked::Next => {}
                Asked::Over | Asked::Raised => return ptr::null_mut(),
            }
        }
        let item = PyIter_Next(state.inner.ptr());
        if !item.is_null() {
            state.taken += 1;
        }
        item
    }
}

impl State {
    unsafe fn ask(&mut self) -> Asked {
        // SAFETY: as `next`.
        unsafe {
            let ts = interp::thread();
            let frame = Frame::current(ts);
            if frame.args() as usize != self.frame
                || !self.hook.goes_native(frame)
                || self.hook.is_observed(frame)
                || crate::txn::is_open()
                || shadow::runs_here(ts)
                || !self.hook.holds(self.spec)
            {
                return self.not_yet();
            }
            let started = Started::now();
            let (outcome, turn) = counting(|| self.up_to(ts, frame, NEVER));
            match outcome {
                Some((Outcome::Value(none), left)) => {
                    Py_DECREF(none);
                    leave(frame, &self.again.sites, left, || ());
                    // The end of a loop that Python has come to is nothing that was done natively.
                    match turn - self.taken >= FEW || self.hook.is_loops() {
                        true => self.done(started),
                        false => self.hook.record().count_resumed(),
                    }
                    Asked::Over
                }
                // The interpreter handles it before the next turn.
                Some((Outcome::Bail(why), _)) if why.as_bail() == Some(Bail::Signal) => Asked::Next,
                Some((Outcome::Bail(why), _)) => {
                    self.hook.count(why);
                    if turn - self.taken < FEW {
                        return self.not_yet();
                    }
                    match self.up_to(ts, frame, turn) {
                        Some((Outcome::Value(none), left)) => {
                            Py_DECREF(none);
                            self.goes_on(frame, left, turn, started)
                        }
                        _ => self.not_yet(),
                    }
                }
                None => self.not_yet(),
            }
        }
    }

    /// The loop has been done up to the head of this turn.
    unsafe fn goes_on(&mut self, frame: Frame, left: Left, turn: i64, started: Started) -> Asked {
        // SAFETY: as `next`.
        unsafe {
            let mut shape = self.resumed.shape.bytes();
            let operands = &self.operands;
            let mut inner = None;
            leave(frame, &self.again.sites, left, || {
                inner = Own::take(PyLong_FromLongLong(turn))
                    .and_then(|taken| rest(&mut shape, &mut operands.iter(), taken.ptr()));
            });
            let Some(inner) = inner else { return Asked::Raised };
            let far = turn - self.taken;
            (self.inner, self.taken) = (inner, turn);
            match far >= WORTH {
                true => self.done(started),
                false => _ = self.not_yet(),
            }
            Asked::Next
        }
    }

    /// Runs the loop up to the head of this turn; nothing if it cannot begin.
    unsafe fn up_to(&self, ts: *mut PyThreadState, frame: Frame, turn: i64) -> Option<(Outcome, Left)> {
        // SAFETY: as `next`; the arguments live until the run is over.
        unsafe {
            let numbers =
                [Own::take(PyLong_FromLongLong(self.taken))?, Own::take(PyLong_FromLongLong(turn))?];
            let behind: Vec<_> = self.operands.iter().chain(&numbers).map(Own::ptr).collect();
            let mut args = [const { MaybeUninit::uninit() }; MOST];
            let given = gather(frame, &self.again.params, &behind, &mut args)?;
            let entry = &self.again.form.entry;
            if !(entry.matches)(&given) {
                return None;
            }
            let depth = interp::remaining_depth(ts).max(0) as u32;
            let mut left = Left::new();
            let outcome = left.during(|| enter(&given, depth, interp::stack_limit(ts), entry.run));
            Some((outcome, left))
        }
    }

    /// Python takes the next turn, and more of them each time that this was not worth while.
    fn not_yet(&mut self) -> Asked {
        self.patience = (2 * self.patience + FEW as u32).min(PATIENCE);
        self.wait = self.patience;
        Asked::Next
    }

    /// That was worth while.
    fn done(&mut self, started: Started) {
        self.patience = 0;
        self.hook.record().count_resumed();
        if self.hook.is_loops() {
            self.hook.segment_committed(Some(started));
        } else if !self.paid {
            self.paid = true;
            self.hook.resumes().count(true);
        }
    }
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: the last reference is gone; the state was written when the object was made.
    unsafe {
        let ty = Py_TYPE(object);
        ptr::drop_in_place(&raw mut (*object.cast::<Rest>()).state);
        PyObject_Free(object.cast());
        Py_DECREF(ty.cast());
    }
}

static REST_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

unsafe fn rest_type() -> Option<*mut PyTypeObject> {
    // SAFETY: the GIL is held.
    unsafe {
        made_once(
            &REST_TYPE,
            c"pyrust.Rest",
            size_of::<Rest>(),
            0,
            &mut [
                PyType_Slot { slot: Py_tp_iter, pfunc: PyObject_SelfIter as *mut std::ffi::c_void },
                PyType_Slot { slot: Py_tp_iternext, pfunc: next as *mut std::ffi::c_void },
                PyType_Slot { slot: Py_tp_dealloc, pfunc: dealloc as *mut std::ffi::c_void },
                PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
            ],
        )
    }
}
