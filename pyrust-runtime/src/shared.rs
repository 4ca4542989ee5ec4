//! Variables that functions share: what one of them assigns, the others see.
//!
//! A copy is the same variable. It lives in native code only, so undoing a call needs nothing from it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::stop::{Bail, R, bail};

/// A variable in a cell, bound or not.
pub struct Shared<T> {
    slot: Rc<RefCell<Option<T>>>,
}

impl<T> Clone for Shared<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Shared { slot: Rc::clone(&self.slot) }
    }
}

impl<T: Clone> Default for Shared<T> {
    fn default() -> Self {
        Shared::new()
    }
}

impl<T: Clone> Shared<T> {
    /// A variable without a value.
    #[inline(always)]
    pub fn new() -> Self {
        Shared { slot: Rc::new(RefCell::new(None)) }
    }

    /// Its value.
    #[inline(always)]
    pub fn get(&self) -> R<T> {
        match &*self.slot.borrow() {
            Some(value) => Ok(value.clone()),
            None => bail(Bail::Unbound),
        }
    }

    /// Assigns it.
    #[inline(always)]
    pub fn set(&self, value: T) {
        // The old value is dropped when nothing is borrowed any more: it may hold this very variable.
        let old = self.slot.replace(Some(value));
        drop(old);
    }

    /// Bails unless it has a value.
    #[inline(always)]
    pub fn bound(&self) -> R<()> {
        if self.slot.borrow().is_some() { Ok(()) } else { bail(Bail::Unbound) }
    }

    /// Changes its value where it is; `change` asks for no variable.
    #[inline(always)]
    pub fn change(&self, change: impl FnOnce(&mut T) -> R<()>) -> R<()> {
        match &mut *self.slot.borrow_mut() {
            Some(value) => change(value),
            None => bail(Bail::Unbound),
        }
    }

    /// `del name`
    #[inline]
    pub fn take(&self) -> R<()> {
        match self.slot.take() {
            Some(_) => Ok(()),
            None => bail(Bail::Unbound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_one_variable() {
        let (a, b) = (Shared::new(), Shared::<i64>::new());
        let c = a.clone();
        assert_eq!(a.get().err().map(|s| s.reason()), b.get().err().map(|s| s.reason()));
        c.set(5);
        assert_eq!(a.get().ok(), Some(5));
        assert!(a.take().is_ok() && c.get().is_err() && c.take().is_err());
    }
}
