//! `NotImplemented`, which an `__eq__` returns: where the other operand has no answer either, the two are not equal.
//!
//! To everybody else it is a bailout, as what native code has no value for. Whose answer it was the depth of the call
//! tells: what the method called in turn stands deeper.

use super::Cx;
use crate::stop::{Bail, R, Stop, bail};

/// The transaction and the depth of the call that answered so last.
pub(super) type Answer = (u64, u32);

impl Cx {
    /// `return NotImplemented`
    #[cold]
    pub fn answers_nothing(self) -> Stop {
        let answer = (self.number(), self.depth);
        // SAFETY: A short borrow.
        unsafe { self.txn() }.nothing = answer;
        Stop::bail(Bail::Unsupported)
    }

    /// What `==` says where `found` is what an `__eq__` answered that was called with this transaction, and the other
    /// operand is no instance: whether the two are one object, which they are not.
    #[inline]
    pub fn or_unequal(self, found: R<bool>) -> R<bool> {
        match found {
            Err(stop) => self.unequal(stop),
            found => found,
        }
    }

    /// The same of a method that answers nothing else.
    pub fn only_unequal<T>(self, found: R<T>) -> R<bool> {
        self.or_unequal(found.and_then(|_| bail(Bail::Unsupported)))
    }

    #[cold]
    fn unequal(self, stop: Stop) -> R<bool> {
        // What has been answered once says nothing of the next call.
        // SAFETY: A short borrow.
        let last = core::mem::take(unsafe { &mut self.txn().nothing });
        if stop.as_bail() == Some(Bail::Unsupported) && last == (self.number(), self.depth) {
            return Ok(false);
        }
        Err(stop)
    }
}
