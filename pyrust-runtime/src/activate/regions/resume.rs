//! Going on in the middle of a loop: what a region has done up to the turn in which it gave up is kept.
//!
//! The region has been undone. It is run again in the form that says in which turn it is, to learn when it gives up, and
//! once more up to the head of that turn, where it stops and is committed. Both runs see what the first one saw, so they
//! do the same; and whatever they do, what is committed is what Python would have done up to there.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use pyo3_ffi::*;

use super::super::clock::Started;
use super::super::hook::Hook;
use super::super::metadata::{Form, Open};
use super::super::segments::{self, gather};
use super::super::shadow;
use super::{REMAINING, RESUMES, Raised, Regions, Resolved, Resumable, again, leave};
use crate::activate::interp::{self, Frame};
use crate::boundary::commit::{Outcome, Run, enter};
use crate::peek::Own;
use crate::stop::{Bail, Stop};
use crate::suspended::{Left, MOST, counting};

/// No turn has this number.
pub(super) const NEVER: i64 = -1;

/// Less than that, in seconds, is not worth a second and a third run.
const WORTH: f64 = 20e-6;

/// A region has given up with `stop`. True if native code has done all of the loop after all; otherwise Python goes on
/// with it, from its beginning or from where the frame is now.
///
/// # Safety
/// As the question: under the GIL, in the function's own frame, with no transaction open.
pub(super) unsafe fn run(
    hook: &'static Hook,
    frame: Frame,
    (spec, resolved): (usize, &'static Resolved),
    (stop, started): (Stop, Option<Started>),
) -> Result<bool, Raised> {
    // SAFETY: as promised.
    unsafe {
        let done = match &resolved.resumed {
            Some(resumed) if stop.as_bail() != Some(Bail::Busy) => {
                Attempt { hook, frame, spec, resolved, resumed }.begin()
            }
            _ => Done::Nothing,
        };
        match done {
            Done::Nothing => {
                hook.segment_lost(stop, started);
                Ok(false)
            }
            Done::Part { paid } => {
                match paid {
                    true => hook.count(stop),
                    false => hook.segment_lost(stop, started),
                }
                Ok(false)
            }
            Done::Raised => Err(Raised),
            Done::All => Ok(true),
        }
    }
}

/// Bailouts after which a loop is begun again, whatever comes of it; later it must have been worth while for one in
/// [`SHARE`].
const FREE: u32 = 8;
const SHARE: u32 = 4;

/// What came of the loops of one function that were begun again after a bailout.
#[derive(Default)]
pub(in super::super) struct Resumes {
    /// So many times it was worth while.
    paid: Cell<u32>,
    /// So many times it was not.
    lost: Cell<u32>,
}

/// The frame whose native call has bailed out last, and of which function: its loops may be begun natively. A frame that
/// has gone may have left its address to another one of the same function, which does no harm.
struct Bailed(Cell<(usize, *const Resumes)>);

// SAFETY: only touched with the GIL held.
unsafe impl Sync for Bailed {}

static BAILED: Bailed = Bailed(Cell::new((0, ptr::null())));

impl Resumes {
    /// A native call has bailed out in this frame.
    ///
    /// # Safety
    /// The frame is live.
    pub(in super::super) unsafe fn bailed(&'static self, frame: Frame) {
        if self.lost.get() <= FREE.saturating_add(SHARE.saturating_mul(self.paid.get())) {
            // SAFETY: as promised.
            BAILED.0.set((unsafe { frame.args() } as usize, self));
        }
    }

    /// Whether that was the last one.
    unsafe fn has_bailed_in(&self, frame: Frame) -> bool {
        let (args, of) = BAILED.0.get();
        // SAFETY: the frame is live.
        ptr::eq(of, self) && args == unsafe { frame.args() } as usize
    }

    pub(super) fn count(&self, paid: bool) {
        let counter = if paid { &self.paid } else { &self.lost };
        counter.set(counter.get().saturating_add(1));
    }

    pub(in super::super) fn forget(&self) {
        self.paid.set(0);
        self.lost.set(0);
    }

    /// Whether they are worth while in general.
    pub(in super::super) fn pay(&self) -> bool {
        self.paid.get() > 0 && self.lost.get() <= SHARE.saturating_mul(self.paid.get())
    }
}

/// A native call has bailed out in this frame, and Python has come to one of its loops. True if native code has done all
/// of the loop; otherwise Python goes on with it, from its beginning or from where the frame is now.
///
/// # Safety
/// As [`run`].
pub(super) unsafe fn after_a_call(
    hook: &'static Hook,
    frame: Frame,
    regions: &'static Regions,
    region: usize,
) -> Result<bool, Raised> {
    // SAFETY: as promised.
    unsafe {
        if !hook.resumes().has_bailed_in(frame)
            || !hook.goes_native(frame)
            || crate::txn::is_open()
            || shadow::runs_here(interp::thread())
        {
            return Ok(false);
        }
        for (spec, resolved) in regions.0.iter().enumerate() {
            let Some(resumed) = resolved.resumed.as_ref().filter(|_| resolved.region == region) else {
                continue;
            };
            let Some(stop) = Own::take(PyLong_FromLongLong(NEVER)) else { return Err(Raised) };
            let mut args = [const { MaybeUninit::uninit() }; MOST];
            let Some(args) = gather(frame, &resolved.params, &[stop.ptr()], &mut args) else { continue };
            if !(resumed.form.entry.matches)(&args) || !hook.holds(spec) {
                continue;
            }
            match (Attempt { hook, frame, spec, resolved, resumed }.begin()) {
                Done::Nothing => hook.resumes().count(false),
                Done::Part { paid } => {
                    hook.resumes().count(paid);
                    return Ok(false);
                }
                Done::All => return Ok(true),
                Done::Raised => return Err(Raised),
            }
        }
        Ok(false)
    }
}

/// What came of it.
enum Done {
    Nothing,
    /// Some turns; whether they took long enough for this to have been worth while.
    Part {
        paid: bool,
    },
    All,
    Raised,
}

struct Attempt {
    hook: &'static Hook,
    frame: Frame,
    spec: usize,
    resolved: &'static Resolved,
    resumed: &'static Resumable,
}

impl Attempt {
    unsafe fn begin(&self) -> Done {
        // SAFETY: as `run`.
        unsafe {
            let (outcome, turn) = counting(|| self.up_to(NEVER));
            let left = match outcome {
                Some((Outcome::Value(none), left)) => {
                    Py_DECREF(none);
                    left
                }
                // What is taken up again need not have begun.
                Some((Outcome::Bail(why), _))
                    if why.as_bail() != Some(Bail::Signal) && (turn > 0 || self.resumed.again.is_some()) =>
                {
                    let began = std::time::Instant::now();
                    let Some((Outcome::Value(none), left)) = self.up_to(turn) else { return Done::Nothing };
                    Py_DECREF(none);
                    let paid = began.elapsed().as_secs_f64() >= WORTH;
                    return self.leave(left, turn, paid);
                }
                _ => return Done::Nothing,
            };
            self.leave(left, turn, true)
        }
    }

    /// Runs the loop up to the head of this turn; nothing if it cannot begin.
    unsafe fn up_to(&self, turn: i64) -> Option<(Outcome, Left)> {
        // SAFETY: as `run`.
        unsafe {
            let ts = interp::thread();
            let turn = Own::take(PyLong_FromLongLong(turn))?;
            let mut args = [const { MaybeUninit::uninit() }; MOST];
            let given = gather(self.frame, &self.resolved.params, &[turn.ptr()], &mut args)?;
            let run: Run = self.resumed.form.entry.run;
            let depth = interp::remaining_depth(ts).max(0) as u32;
            let mut left = Left::new();
            let outcome = left.during(|| enter(&given, depth, interp::stack_limit(ts), run));
            Some((outcome, left))
        }
    }

    /// The frame gets what the run has left.
    unsafe fn leave(&self, mut left: Left, turn: i64, paid: bool) -> Done {
        // SAFETY: as `run`; the references behind the locals are taken over here.
        unsafe {
            let Some((point, kept)) = left.point.checked_sub(1).and_then(|site| self.resumed.sites.get(site))
            else {
                return Done::Nothing;
            };
            if *point != RESUMES {
                leave(self.frame, &self.resumed.sites, left, || ());
                if self.hook.is_loops() {
                    self.hook.segment_committed(None);
                }
                return Done::All;
            }
            let operands = left.split_off(1 + kept.len());
            let mut remaining = None;
            leave(self.frame, &self.resumed.sites, left, || {
                let mut shape = self.resumed.form.shape.bytes();
                remaining = Own::take(PyLong_FromLongLong(turn))
                    .and_then(|taken| rest(&mut shape, &mut operands.iter(), taken.ptr()));
            });
            if turn > 0 {
                self.hook.record().count_resumed();
            }
            if self.resumed.form.shape.is_empty() {
                return Done::Part { paid };
            }
            if let Some(form) = &self.resumed.again {
                let forms = (self.resumed.form, form);
                remaining = remaining.and_then(|inner| {
                    again::iterator(self.hook, self.spec, forms, self.frame, (operands, turn, inner))
                });
            }
            match remaining {
                Some(remaining) => {
                    // All finalisers have run: what comes next is the head of the loop.
                    REMAINING.0.set(remaining.release());
                    Done::Part { paid }
                }
                None => Done::Raised,
            }
        }
    }
}

/// A loop over a sequence.
const PLAIN: Open = Open { form: Form::Sequence, counts: None };

/// The iterator that a term stands for, `taken` elements after its beginning; none with an exception set.
pub(super) unsafe fn rest<'o>(
    shape: &mut std::str::Bytes<'_>,
    operands: &mut impl Iterator<Item = &'o Own>,
    taken: *mut PyObject,
) -> Option<Own> {
    // SAFETY: operands are sequences of builtin types, or ints behind them; so no Python code runs.
    unsafe {
        let made = |ty: *mut PyTypeObject, arguments: &[*mut PyObject]| {
            Own::take(PyObject_Vectorcall(ty.cast(), arguments.as_ptr(), arguments.len(), ptr::null_mut()))
        };
        match shape.next()? {
            b'e' => {
                let inner = rest(shape, operands, taken)?;
                let _ = shape.next();
                let start = Own::take(PyNumber_Add(operands.next()?.ptr(), taken))?;
                made(&raw mut PyEnum_Type, &[inner.ptr(), start.ptr()])
            }
            b'z' => {
                let count = shape.next()?.wrapping_sub(b'0');
                let inner = (0..count).map(|_| rest(shape, operands, taken)).collect::<Option<Vec<_>>>()?;
                let inner: Vec<_> = inner.iter().map(Own::ptr).collect();
                made(&raw mut PyZip_Type, &inner)
            }
            b'r' => {
                let _ = shape.next();
                let whole = made(&raw mut PyReversed_Type, &[operands.next()?.ptr()])?;
                for _ in 0..PyLong_AsLongLong(taken) {
                    drop(Own::take(PyIter_Next(whole.ptr()))?);
                }
                Some(whole)
            }
            _ => segments::iterator(operands.next()?.ptr(), taken, PLAIN),
        }
    }
}
