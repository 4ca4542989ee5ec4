//! Generator functions of which only running them tells whether native code pays: what has been seen of their generators.

use std::cell::Cell;

/// So many more of them did not pay than did: the next ones are Python's.
const IDLE: i8 = 4;

/// But for each so many-th, which is looked at again.
const AGAIN: u8 = 64;

#[derive(Default)]
pub(super) struct Watch {
    balance: Cell<i8>,
    passed: Cell<u8>,
}

impl Watch {
    pub(super) fn looked(&self, idle: bool) {
        let step = if idle { 1 } else { -1 };
        self.balance.set((self.balance.get() + step).clamp(-IDLE, IDLE));
    }

    pub(super) fn is_idle(&self) -> bool {
        if self.balance.get() < IDLE {
            return false;
        }
        self.passed.set((self.passed.get() + 1) % AGAIN);
        self.passed.get() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_pay_is_left_to_python_but_looked_at_again() {
        let watch = Watch::default();
        (0..IDLE).for_each(|_| {
            assert!(!watch.is_idle());
            watch.looked(true);
        });
        assert_eq!((0..AGAIN).filter(|_| !watch.is_idle()).count(), 1);
        watch.looked(false);
        assert!(!watch.is_idle());
    }
}
