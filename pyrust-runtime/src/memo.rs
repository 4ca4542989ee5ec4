//! `copy.deepcopy`: which copy a list has already.

use std::collections::HashMap;

use crate::list::ListLike;

/// Copies by the list that they are of.
pub struct Memo<L> {
    copies: HashMap<usize, L>,
}

impl<L: Clone> Memo<L> {
    #[expect(clippy::new_without_default, reason = "named by generated text only")]
    pub fn new() -> Memo<L> {
        Memo { copies: HashMap::new() }
    }

    /// The copy of a list, if there is one.
    pub fn find<T: Clone + 'static, S: ListLike<T>>(&self, list: &S) -> Option<L> {
        self.copies.get(&list.identity()).cloned()
    }

    /// Notes a copy.
    pub fn note<T: Clone + 'static, S: ListLike<T>>(&mut self, list: &S, copy: &L) {
        self.copies.insert(list.identity(), copy.clone());
    }
}
