//! How long a call took, without what the processor did for others meanwhile.
//!
//! The time of the thread is the right one, but asking the system for it takes longer than most calls do. So calls are
//! timed by the wall clock as long as they are short. After one that took long, which others may have taken, the thread's
//! own time is asked for too, until a call was short by that.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// What takes longer may have been interrupted, and is worth a question to the system.
const LONG: Duration = Duration::from_millis(1);

/// When a call began.
#[derive(Clone, Copy)]
pub(super) struct Started {
    wall: Instant,
    /// Seconds that the thread had run for, where that was asked.
    thread: Option<Duration>,
}

impl Started {
    /// By the wall clock only.
    pub(super) fn now() -> Started {
        Started { wall: Instant::now(), thread: None }
    }

    #[cfg(test)]
    pub(super) fn before(time: Duration) -> Started {
        Started { wall: Instant::now() - time, thread: None }
    }
}

#[derive(Default)]
pub(super) struct Clock {
    /// The last call took long.
    long: Cell<bool>,
}

impl Clock {
    #[inline]
    pub(super) fn start(&self) -> Started {
        let thread = if self.long.get() { thread_time() } else { None };
        Started { thread, ..Started::now() }
    }

    /// What a call has taken that is over now. Of the first one that took long no more than [`LONG`] is known.
    #[inline]
    pub(super) fn taken(&self, started: Started) -> Duration {
        let wall = started.wall.elapsed();
        if wall < LONG { wall } else { self.taken_long(started, wall) }
    }

    #[cold]
    fn taken_long(&self, started: Started, wall: Duration) -> Duration {
        let (taken, expected) = match (started.thread, thread_time()) {
            (Some(began), Some(now)) => (now.saturating_sub(began), true),
            _ => (wall, self.long.get()),
        };
        self.long.set(taken >= LONG);
        if expected { taken } else { taken.min(LONG) }
    }
}

/// How long this thread has run for; nothing where the system does not tell.
#[cfg(unix)]
fn thread_time() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a `timespec` of ours.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    (failed == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
fn thread_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_took_does_not_count() {
        let clock = Clock::default();
        let past = Started::before(Duration::from_secs(1));
        assert_eq!(clock.taken(past), LONG);
        if let Some(thread) = clock.start().thread {
            assert!(clock.taken(Started { thread: Some(thread), ..past }) < Duration::from_secs(1));
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_the_thread_took_counts() {
        let clock = Clock::default();
        clock.taken(Started::before(LONG));
        let started = clock.start();
        let began = started.thread.unwrap();
        while thread_time().unwrap() - began < Duration::from_millis(2) {}
        assert!(clock.taken(started) >= Duration::from_millis(2));
        assert!(clock.start().thread.is_some());
    }
}
