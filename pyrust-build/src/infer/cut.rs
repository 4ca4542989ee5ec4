//! What is not compiled and need not be reached becomes a place that bails, and the function is inferred again without
//! it; where every way through a function meets such a place, the function is refused with all its reasons.

use std::sync::Arc;

use super::{Instance, Program};
use crate::hir::{can_complete, sink};
use crate::lower::webs;

impl Instance {
    /// Nothing calls it natively.
    pub(super) fn refused(&self) -> bool {
        self.is_refused
    }
}

impl Program<'_> {
    /// Cuts the new instances; true if they must be inferred anew.
    pub(super) fn cut(&mut self) -> bool {
        let mut any = false;
        let new = self.instances.since_mut(self.settled_until).map(|(_, instance)| instance);
        for instance in new.filter(|i| !i.settled && !i.is_refused) {
            if instance.diagnostics.is_empty() {
                continue;
            }
            any = true;
            let places = std::mem::take(&mut instance.places);
            let mut hir = (*instance.hir).clone();
            sink(&mut hir.body, &places);
            let has_places = !places.nodes.is_empty() || !places.statements.is_empty();
            if !has_places || !can_complete(&hir.body) {
                instance.is_refused = true;
                for note in std::mem::take(&mut instance.notes) {
                    if !instance.diagnostics.contains(&note) {
                        instance.diagnostics.push(note);
                    }
                }
                continue;
            }
            for d in std::mem::take(&mut instance.diagnostics) {
                if !instance.notes.contains(&d) {
                    instance.notes.push(d);
                }
            }
            webs::split(&mut hir);
            instance.hir = Arc::new(hir);
        }
        if any {
            self.forget();
        }
        any
    }
}
