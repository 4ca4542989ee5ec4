//! Loops whose turns know nothing of each other, done by several threads.
//!
//! The GIL stays with the thread that runs the call: Python code sees no more of such a loop than of any other. The
//! compiler hands over only loops whose turns touch numbers and lists of their own, lists that nothing writes to, sums of
//! ints, and elements of arrays that no other turn touches; whether the arrays really lie apart is asked before
//! ([`crate::array::ready`]). What turns append goes to lists that one thread has, and these are put behind each other as
//! the turns are; so are the terms of sums of floats. So the order of the turns cannot be told from their outcome, except
//! where one of them stops: then all are undone, and Python does them.
//!
//! Threads live for one loop and are started only for one that has been seen to take long; so nothing of them is left
//! when Python forks, and nothing in a process that has no such loop.

use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::blocks::Beside;
use crate::list::List;
use crate::stop::{Bail, R, Stop, bail};
use crate::txn::{self, Cx};

/// Whether the turns may be done in any order: no two of them touch the same. Stores need no log from then on.
pub type Ready<'t> = dyn Fn(Cx) -> bool + 't;

/// The turns from one number to another; whether stores need no log; sums that they add to, lists that they append to.
pub type Turns<'t, L> = dyn Fn(Cx, i64, i64, bool, &mut [i64], &L) -> R<()> + 't;

/// Those that append to none.
pub type Bare<'t> = dyn Fn(Cx, i64, i64, bool, &mut [i64]) -> R<()> + 't;

/// Makes lists for turns.
pub type Make<'t, L> = dyn Fn(Cx) -> R<L> + 't;

/// What becomes of the lists of turns, called in the order of the turns.
pub type Gather<'t, L> = dyn FnMut(Cx, L) -> R<()> + 't;

/// As many threads as the process may use processors.
pub const ALL: usize = 0;

/// Ticks of the clock for which turns are watched before something is made of it: about 60 microseconds.
const LOOK: u64 = 180_000;

/// How many must be left for threads to be started: about 400 microseconds.
const WORTH: u128 = 1_200_000;

/// At most so many turns are done before what they have put into lists is gathered: by one thread, by all.
const FEW: i64 = 1 << 16;
const MANY: i64 = 1 << 22;

/// Pieces for each thread: what one of them does slowly the others make up for.
const PIECES: u64 = 8;

/// The stack of a thread, and what of it native code may use.
const STACK: usize = 1 << 20;
const USABLE: usize = STACK - (1 << 18);

/// How long a thread that is through waits before it looks for signals.
const PAUSE: Duration = Duration::from_millis(2);

/// Does the turns from `start` to `stop`, by at most so many threads. `sums` get what the turns add.
///
/// # Errors
/// What stops a turn: as it is, as long as the turns are done in order; afterwards a bailout.
pub fn run(
    cx: Cx,
    ends: (i64, i64),
    threads: usize,
    sums: &mut [i64],
    ready: &Ready<'_>,
    turns: &Bare<'_>,
) -> R<()> {
    let turns = &|cx, from, to, free, sums: &mut [i64], _: &()| turns(cx, from, to, free, sums);
    gathered(cx, ends, threads, sums, ready, &|_| Ok(()), &|_| Ok(()), &mut |_, ()| Ok(()), turns)
}

/// The same for turns that append to lists: `own` are those of turns that are done in order, `fresh` those of others.
///
/// # Errors
/// As [`run`]; what turns before have appended is gathered then.
#[expect(clippy::too_many_arguments, reason = "called by generated code only")]
pub fn gathered<L>(
    cx: Cx,
    (start, stop): (i64, i64),
    threads: usize,
    sums: &mut [i64],
    ready: &Ready<'_>,
    own: &Make<'_, L>,
    fresh: &Make<'_, L>,
    gather: &mut Gather<'_, L>,
    turns: &Turns<'_, L>,
) -> R<()> {
    let in_order = |from: i64, to: i64, sums: &mut [i64], gather: &mut Gather<'_, L>| -> R<()> {
        let mut at = from;
        while at < to {
            let next = at + FEW.min(to - at);
            let lists = own(cx)?;
            let result = turns(cx, at, next, false, sums, &lists);
            // A handler may look at what there is.
            let kept = gather(cx, lists);
            result.and(kept)?;
            at = next;
        }
        Ok(())
    };
    let count = stop.saturating_sub(start);
    if count < 4 || threads == 1 || cx.is_watched() || processors() == 1 {
        return in_order(start, stop, sums, gather);
    }
    let (mut at, mut step) = (start, 1);
    let begun = ticks();
    loop {
        let next = at + step.min(stop - at);
        in_order(at, next, sums, gather)?;
        at = next;
        if at == stop {
            return Ok(());
        }
        let (spent, all) = (ticks().wrapping_sub(begun), ALWAYS.load(Ordering::Relaxed));
        if spent >= LOOK || all {
            let left = u128::from(spent) * (stop - at) as u128 / (at - start) as u128;
            if !all && left < WORTH || !ready(cx) {
                return in_order(at, stop, sums, gather);
            }
            break;
        }
        step = step.saturating_mul(8);
    }
    let limit = if threads == ALL { processors() } else { threads.min(processors()) };
    SHARED.fetch_add(1, Ordering::Relaxed);
    while at < stop {
        let left = MANY.min(stop - at) as u64;
        let workers = limit.min(left as usize) - 1;
        let piece = (left / (limit as u64 * PIECES)).max(1);
        let shared = Shared {
            begin: at,
            left,
            piece,
            taken: AtomicU64::new(0),
            unwanted: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            assured: Assured { turns, fresh },
        };
        let mut parts = shared.out(cx, workers, sums)?;
        parts.sort_unstable_by_key(|(from, _)| *from);
        for (_, lists) in parts {
            gather(cx, lists)?;
        }
        at += left as i64;
    }
    Ok(())
}

/// Adds terms to a sum, in their order.
pub fn add_terms(sum: f64, terms: &List<f64>) -> f64 {
    terms.items().iter().fold(sum, |sum, term| sum + term)
}

/// Adds what turns have counted.
///
/// # Errors
/// An int that left 64 bits.
#[inline]
pub fn add(sum: &mut i64, more: i64) -> R<()> {
    match sum.checked_add(more) {
        Some(total) => {
            *sum = total;
            Ok(())
        }
        None => bail(Bail::Overflow),
    }
}

/// A clock that costs next to nothing, since short loops ask it too: about three ticks in a nanosecond.
#[inline]
fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has a counter.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        static BEGUN: OnceLock<std::time::Instant> = OnceLock::new();
        BEGUN.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64 * 3
    }
}

/// Loops that several threads have done.
static SHARED: AtomicUsize = AtomicUsize::new(0);

/// How many loops several threads have done, in this process.
pub fn shared() -> usize {
    SHARED.load(Ordering::Relaxed)
}

/// How long a loop takes does not count: what tests ask for, whose outcome must not depend on the machine.
static ALWAYS: AtomicBool = AtomicBool::new(false);

/// From now on loops are shared whether they take long or not; or no longer.
pub fn share_all(on: bool) {
    ALWAYS.store(on, Ordering::Relaxed);
}

fn processors() -> usize {
    static KNOWN: OnceLock<usize> = OnceLock::new();
    *KNOWN.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

unsafe extern "C" {
    fn pyrust_signals_hold();
    fn pyrust_signals_release();
}

struct Assured<'t, L> {
    turns: &'t Turns<'t, L>,
    fresh: &'t Make<'t, L>,
}

// SAFETY: what the compiler hands over reads numbers, views of arrays, and lists that nothing writes to and of which no
// handle is made; it writes to elements of arrays that no other turn touches, and to lists that it has made. Objects are
// not touched, and the arrays and lists stay where they are while the GIL is held.
unsafe impl<L> Sync for Assured<'_, L> {}

/// Lists of turns, each with the number of the first.
struct Handed<L>(Vec<(u64, L)>);

// SAFETY: the thread that has made the lists gives them away with its end, and keeps no handle.
unsafe impl<L> Send for Handed<L> {}

/// Why a thread stops that another one asks to.
const ASKED_TO: Stop = Stop::bail(Bail::Signal);

/// What all threads of one loop look at.
struct Shared<'t, L> {
    begin: i64,
    left: u64,
    piece: u64,
    /// Turns that some thread has taken.
    taken: AtomicU64,
    unwanted: AtomicBool,
    running: AtomicUsize,
    assured: Assured<'t, L>,
}

/// How a thread ended, with its sums and lists.
type End<L> = Result<(R<()>, Vec<i64>, Handed<L>), Box<dyn Any + Send>>;

impl<L> Shared<'_, L> {
    /// All turns; the lists of each piece, in any order.
    fn out(&self, cx: Cx, workers: usize, sums: &mut [i64]) -> R<Vec<(u64, L)>> {
        let (caller, depth, count) = (thread::current(), cx.depth(), sums.len());
        let mut lists = Vec::new();
        let beside = Beside::begin();
        let (mine, ends) = thread::scope(|scope| {
            let mut handles = Vec::new();
            // SAFETY: the GIL is held.
            unsafe { pyrust_signals_hold() };
            for _ in 0..workers {
                let caller = caller.clone();
                self.running.fetch_add(1, Ordering::Relaxed);
                let begun = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
                    let end = self.beside(depth, count);
                    self.running.fetch_sub(1, Ordering::Release);
                    caller.unpark();
                    end
                });
                match begun {
                    Ok(handle) => handles.push(handle),
                    // Those that there are do it.
                    Err(_) => {
                        self.running.fetch_sub(1, Ordering::Relaxed);
                        break;
                    }
                }
            }
            // SAFETY: the GIL is held.
            unsafe { pyrust_signals_release() };
            // A thread that is waited for must hear of a panic here.
            let mut mine = catch_unwind(AssertUnwindSafe(|| self.take(cx, sums, &mut lists)));
            if !matches!(mine, Ok(Ok(()))) {
                self.unwanted.store(true, Ordering::Relaxed);
            }
            while self.running.load(Ordering::Acquire) > 0 {
                thread::park_timeout(PAUSE);
                if matches!(mine, Ok(Ok(()))) && cx.poll(&mut 0).is_err() {
                    mine = Ok(bail(Bail::Signal));
                    self.unwanted.store(true, Ordering::Relaxed);
                }
            }
            let ends: Vec<End<L>> =
                handles.into_iter().map(|handle| handle.join().unwrap_or_else(Err)).collect();
            (mine, ends)
        });
        drop(beside);
        let mut outcome = as_bailout(mine.unwrap_or_else(|panic| resume_unwind(panic)));
        for end in ends {
            let (result, parts, Handed(more)) = end.unwrap_or_else(|panic| resume_unwind(panic));
            lists.extend(more);
            outcome = match (outcome, as_bailout(result)) {
                // Others stop because one has.
                (Ok(()) | Err(ASKED_TO), Err(stop)) => Err(stop),
                (outcome, _) => outcome,
            };
            for (sum, part) in sums.iter_mut().zip(parts) {
                outcome = outcome.and(add(sum, part));
            }
        }
        outcome.map(|()| lists)
    }

    /// What another thread does.
    fn beside(&self, depth: u32, count: usize) -> End<L> {
        catch_unwind(AssertUnwindSafe(|| {
            let mut txn = txn::beside(&self.unwanted, depth, USABLE);
            let (mut sums, mut lists) = (vec![0; count], Vec::new());
            let result = self.take(Cx::beside(&mut txn, depth), &mut sums, &mut lists);
            if result.is_err() {
                self.unwanted.store(true, Ordering::Relaxed);
            }
            (result, sums, Handed(lists))
        }))
        .inspect_err(|_| self.unwanted.store(true, Ordering::Relaxed))
    }

    /// Takes one piece after the other until there is none.
    fn take(&self, cx: Cx, sums: &mut [i64], lists: &mut Vec<(u64, L)>) -> R<()> {
        loop {
            if self.unwanted.load(Ordering::Relaxed) {
                return bail(Bail::Signal);
            }
            let from = self.taken.fetch_add(self.piece, Ordering::Relaxed);
            if from >= self.left {
                return Ok(());
            }
            let to = (from + self.piece).min(self.left);
            let (fresh, ends) =
                ((self.assured.fresh)(cx)?, (self.begin + from as i64, self.begin + to as i64));
            (self.assured.turns)(cx, ends.0, ends.1, true, sums, &fresh)?;
            lists.push((from, fresh));
        }
    }
}

/// Turns that come later may have been done: whatever stopped one, Python must do them in order.
fn as_bailout(result: R<()>) -> R<()> {
    result.map_err(|stop: Stop| Stop::bail(stop.as_bail().unwrap_or(Bail::Exception)))
}
