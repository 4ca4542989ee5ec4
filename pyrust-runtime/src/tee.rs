//! `itertools.tee`: branches that see what one iterator gives, each at its own pace.

use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::iter::PyIter;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

struct Trunk<T> {
    source: PyIter<T>,
    /// What the slowest branch has still to see.
    kept: VecDeque<T>,
    /// How many there were before those.
    gone: usize,
    /// How many each branch has seen; of one that is gone nothing.
    seen: Vec<Option<usize>>,
}

impl<T> Trunk<T> {
    /// Lets go what all branches have seen.
    fn trim(&mut self) {
        let slowest = self.seen.iter().flatten().min().copied().unwrap_or(self.gone + self.kept.len());
        while self.gone < slowest && self.kept.pop_front().is_some() {
            self.gone += 1;
        }
    }
}

/// One of the branches; where it goes, what only it has not seen goes as well.
struct Branch<T> {
    trunk: Rc<RefCell<Trunk<T>>>,
    index: usize,
}

impl<T> Drop for Branch<T> {
    fn drop(&mut self) {
        if let Ok(mut trunk) = self.trunk.try_borrow_mut() {
            trunk.seen[self.index] = None;
            trunk.trim();
        }
    }
}

impl<T: Clone> Branch<T> {
    fn next(&mut self, cx: Cx) -> R<Option<T>> {
        // Asked by its own source: a RuntimeError.
        let Ok(mut trunk) = self.trunk.try_borrow_mut() else { return bail(Bail::Unsupported) };
        let Some(seen) = trunk.seen[self.index] else { return bail(Bail::Panic) };
        let place = seen - trunk.gone;
        if place == trunk.kept.len() {
            let Some(item) = trunk.source.next(cx)? else { return Ok(None) };
            if trunk.kept.try_reserve(1).is_err() {
                return bail(Bail::Memory);
            }
            trunk.kept.push_back(item);
        }
        let item = trunk.kept[place].clone();
        trunk.seen[self.index] = Some(seen + 1);
        if place == 0 {
            trunk.trim();
        }
        Ok(Some(item))
    }
}

/// `tee(source, N)`
pub fn tee<T: Clone + 'static, const N: usize>(_: Cx, source: PyIter<T>) -> R<[PyIter<T>; N]> {
    // A branch would be one of the new ones itself, or not: that depends on the version.
    if source.is_branch() {
        return bail(Bail::Unsupported);
    }
    let trunk = Trunk { source, kept: VecDeque::new(), gone: 0, seen: vec![Some(0); N] };
    let trunk = Rc::new(RefCell::new(trunk));
    Ok(core::array::from_fn(|index| {
        let mut branch = Branch { trunk: Rc::clone(&trunk), index };
        PyIter::branching(move |cx| branch.next(cx))
    }))
}
