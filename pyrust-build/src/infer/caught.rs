//! Whether exceptions have to be kept because a handler reads what it has caught.

use std::cell::RefCell;
use std::sync::Arc;

use super::Program;
use crate::hir::Function;
use crate::hir::visit::reads_caught;

/// The text of each instance when it was looked through last, and whether a handler in it reads what it has caught.
#[derive(Default)]
pub(super) struct Caught(RefCell<Vec<(Arc<Function>, bool)>>);

impl Program<'_> {
    /// Does a handler read what it has caught, in any instance? That is asked for each function that is emitted.
    pub fn reads_caught(&self) -> bool {
        let mut known = self.caught.0.borrow_mut();
        for (i, instance) in self.instances.iter().enumerate() {
            if known.get(i).is_none_or(|(text, _)| !Arc::ptr_eq(text, &instance.hir)) {
                known.truncate(i);
                known.push((Arc::clone(&instance.hir), reads_caught(&instance.hir.body)));
            }
        }
        known.iter().any(|(_, reads)| *reads)
    }
}
