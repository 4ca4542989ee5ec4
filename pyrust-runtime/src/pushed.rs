//! Loops over a generator that is handed the loop's body, as a closure.
//!
//! However the body leaves the loop, the generators in between are left as by a bailout, which no handler sees. Where the
//! loop stands it is caught: the way out has been noted there.

use crate::iter::in_generator;
use crate::stop::{Bail, R, Stop};

/// The body of the loop.
pub type Sink<'s, T> = &'s mut dyn FnMut(T) -> R<()>;

/// The body leaves the loop.
#[inline(always)]
pub fn passing() -> R<()> {
    Err(Stop::bail(Bail::Passing))
}

/// What the generator sees of a stop of the body: of an exception, nothing.
#[inline]
pub fn pushed_stop(raised: &mut Option<Stop>, stop: Stop) -> Stop {
    if stop.as_exc().is_none() {
        return stop;
    }
    *raised = Some(stop);
    Stop::bail(Bail::Passing)
}

/// What stops the loop: an exception of its body, or one of the generator.
#[inline]
pub fn pushed_out(raised: Option<Stop>, stop: Stop) -> R<()> {
    match raised {
        Some(raised) => Err(raised),
        None => in_generator(Err(stop)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::Exc;

    #[test]
    fn exceptions_of_the_body_pass_the_generator() {
        let (mut raised, stop) = (None, Stop::exc(Exc::StopIteration));
        let seen = pushed_stop(&mut raised, stop);
        assert_eq!(seen.as_exc(), None);
        assert_eq!(pushed_out(raised, seen), Err(stop));
    }

    #[test]
    fn bailouts_and_exceptions_of_the_generator_stay() {
        let (mut raised, stop) = (None, Stop::bail(Bail::Overflow));
        assert_eq!(pushed_stop(&mut raised, stop), stop);
        assert_eq!(raised, None);
        let own = Stop::exc(Exc::KeyError);
        assert_eq!(pushed_out(None, own), Err(own));
        assert_eq!(pushed_out(None, Stop::exc(Exc::StopIteration)), Err(Stop::bail(Bail::Unsupported)));
    }
}
