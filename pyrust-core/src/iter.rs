//! Iterators as values: `it = iter(xs)`, `next(it)`, `for x in it`.
//!
//! A copy is the same iterator: it shares the position. An iterator lives in native code only, so undoing a call needs
//! nothing from it.

use core::cell::RefCell;
use core::cmp::Ordering;
use std::rc::Rc;

use crate::elem::{ElemEq, ElemOrd, View};
use crate::list::{self, List, Together};
use crate::stop::{Bail, Exc, R, Stop, bail};
use crate::txn::Cx;

type Step<T> = Box<dyn FnMut(Cx) -> R<Option<T>>>;

enum State<T> {
    Running(Step<T>),
    /// At the end for good: what it went through is released, as CPython does.
    Ended,
    /// At its end, but CPython would ask the sources again.
    EndedOnce,
}

/// An iterator over elements of one type.
pub struct PyIter<T> {
    state: Rc<RefCell<State<T>>>,
    at_end: AtEnd,
}

/// What the end of an iterator means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtEnd {
    /// It stays there.
    Stays,
    /// `zip`: its sources would be asked again, which is left to Python.
    Unknown,
    /// It is asked again.
    AsksAgain,
    /// The same of a branch that `tee` made.
    Branches,
}

impl<T> Clone for PyIter<T> {
    fn clone(&self) -> Self {
        PyIter { state: Rc::clone(&self.state), at_end: self.at_end }
    }
}

impl<T> PyIter<T> {
    /// An iterator that stays at its end.
    pub fn new(step: impl FnMut(Cx) -> R<Option<T>> + 'static) -> Self {
        PyIter { state: Rc::new(RefCell::new(State::Running(Box::new(step)))), at_end: AtEnd::Stays }
    }

    /// An iterator of `zip`.
    pub fn zipped(step: impl FnMut(Cx) -> R<Option<T>> + 'static) -> Self {
        PyIter { at_end: AtEnd::Unknown, ..PyIter::new(step) }
    }

    /// An iterator that knows what to do when it is asked again at its end.
    pub fn asking(step: impl FnMut(Cx) -> R<Option<T>> + 'static) -> Self {
        PyIter { at_end: AtEnd::AsksAgain, ..PyIter::new(step) }
    }

    /// A branch that `tee` made: it asks its source again.
    pub fn branching(step: impl FnMut(Cx) -> R<Option<T>> + 'static) -> Self {
        PyIter { at_end: AtEnd::Branches, ..PyIter::new(step) }
    }

    /// Was it made by `tee`?
    pub fn is_branch(&self) -> bool {
        self.at_end == AtEnd::Branches
    }

    /// The next element, `None` at the end.
    #[inline]
    pub fn next(&self, cx: Cx) -> R<Option<T>> {
        // An iterator among its own sources: `ValueError` for generators, endless recursion for the others.
        let Ok(mut state) = self.state.try_borrow_mut() else { return bail(Bail::Unsupported) };
        let item = match &mut *state {
            State::Running(step) => step(cx),
            State::Ended => return Ok(None),
            State::EndedOnce => return bail(Bail::Unsupported),
        };
        match item {
            // Part by part: the step has just written them, and one load of all would wait for that.
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                match self.at_end {
                    AtEnd::Stays => *state = State::Ended,
                    AtEnd::Unknown => *state = State::EndedOnce,
                    AtEnd::AsksAgain | AtEnd::Branches => {}
                }
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }
}

/// Each is equal to itself.
impl<T> ElemEq for PyIter<T> {
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(Rc::ptr_eq(&self.state, &other.state))
    }

    fn view(&self) -> View<'_> {
        View::Function
    }
}

/// Behind what tells elements apart, there is no order.
impl<T> ElemOrd for PyIter<T> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        bail(Bail::Unsupported)
    }
}

/// One step of `zip(*rows)`; without rows there is none.
pub fn columns<T: Clone + 'static, O: Together<T>>(cx: Cx, rows: &[PyIter<T>]) -> R<Option<O>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let column: List<T> = list::with_capacity(cx, rows.len() as i64)?;
    for row in rows {
        match row.next(cx)? {
            Some(item) => list::append(cx, &column, item)?,
            None => return Ok(None),
        }
    }
    O::of_list(cx, column).map(Some)
}

/// The result of a call inside a generator expression or `map`, where a `StopIteration` means something else.
#[inline(always)]
pub fn in_generator<T>(result: R<T>) -> R<T> {
    match result {
        Err(stop) if stop.as_exc() == Some(Exc::StopIteration) => Err(Stop::bail(Bail::Unsupported)),
        other => other,
    }
}

/// What is gone through on the spot and is of one kind or another: two steps, of which one is asked.
pub enum Either<A, B> {
    A(A),
    B(B),
}

impl<A, B> Either<A, B> {
    /// The next element, `None` at the end, behind which nobody asks.
    #[inline(always)]
    pub fn next<T>(&mut self, cx: Cx) -> R<Option<T>>
    where
        A: FnMut(Cx) -> R<Option<T>>,
        B: FnMut(Cx) -> R<Option<T>>,
    {
        match self {
            Either::A(step) => step(cx),
            Either::B(step) => step(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_iteration_does_not_leave_a_generator() {
        let stopped: R<()> = Err(Stop::exc(Exc::StopIteration));
        assert_eq!(in_generator(stopped), Err(Stop::bail(Bail::Unsupported)));
        let other: R<()> = Err(Stop::exc(Exc::KeyError));
        assert_eq!(in_generator(other), other);
    }
}
