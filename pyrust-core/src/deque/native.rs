//! A deque that native code made: a shared handle, boxed once when it leaves.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_None, PyLong_FromLongLong, PyObject};

use super::{DequeLike, Identity, eq, list};
use crate::boundary::collections;
use crate::boundary::deques::Spot;
use crate::elem::{ElemEq, ElemOrd, View};
use crate::py::{IntoPy, again};
use crate::retype::Counted;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

struct Head<T> {
    items: RefCell<VecDeque<T>>,
    maxlen: Option<usize>,
    /// Moves with every change of shape, as CPython's counter does: iterators look at it.
    state: Cell<u64>,
    /// The Python deque that this one became; held by the transaction.
    object: Cell<*mut PyObject>,
}

/// Cloning the handle is Python's aliasing.
pub struct Deque<T> {
    head: Rc<Head<T>>,
}

impl<T> Clone for Deque<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Deque { head: Rc::clone(&self.head) }
    }
}

impl<T> Deque<T> {
    /// `self is other`
    pub fn is(&self, other: &Deque<T>) -> bool {
        Rc::ptr_eq(&self.head, &other.head)
    }

    pub(super) fn empty(maxlen: Option<usize>) -> Deque<T> {
        let head = Head {
            items: RefCell::new(VecDeque::new()),
            maxlen,
            state: Cell::new(0),
            object: Cell::new(core::ptr::null_mut()),
        };
        Deque { head: Rc::new(head) }
    }

    fn changed(&self) {
        self.head.state.set(self.head.state.get() + 1);
    }

    fn is_full(&self, items: &VecDeque<T>) -> bool {
        self.head.maxlen.is_some_and(|most| items.len() > most)
    }
}

impl<T> Identity for Deque<T> {
    fn identity(&self) -> usize {
        Rc::as_ptr(&self.head).addr()
    }
}

impl<T> Counted for Deque<T> {
    fn is_alone(&self) -> bool {
        Rc::strong_count(&self.head) == 1 && self.head.object.get().is_null()
    }
}

fn room<T>(items: &mut VecDeque<T>) -> R<()> {
    if items.len() == items.capacity() && items.try_reserve(1).is_err() {
        return bail(Bail::Memory);
    }
    Ok(())
}

impl<T: Clone + 'static> DequeLike<T> for Deque<T> {
    #[inline]
    fn count(&self, _: Cx) -> usize {
        self.head.items.borrow().len()
    }

    fn most(&self) -> Option<usize> {
        self.head.maxlen
    }

    #[inline]
    fn state(&self, _: Cx) -> u64 {
        self.head.state.get()
    }

    #[inline]
    fn item(&self, _: Cx, index: usize, _: &mut Spot) -> R<T> {
        Ok(self.head.items.borrow()[index].clone())
    }

    #[inline]
    fn look<X>(&self, _: Cx, index: usize, _: &mut Spot, look: impl FnOnce(&T) -> R<X>) -> R<X> {
        look(&self.head.items.borrow()[index])
    }

    #[inline]
    fn push_back(&self, _: Cx, item: T) -> R<()> {
        let mut items = self.head.items.borrow_mut();
        room(&mut items)?;
        items.push_back(item);
        let gone = if self.is_full(&items) { items.pop_front() } else { None };
        drop(items);
        self.changed();
        drop(gone);
        Ok(())
    }

    #[inline]
    fn push_front(&self, _: Cx, item: T) -> R<()> {
        let mut items = self.head.items.borrow_mut();
        room(&mut items)?;
        items.push_front(item);
        let gone = if self.is_full(&items) { items.pop_back() } else { None };
        drop(items);
        self.changed();
        drop(gone);
        Ok(())
    }

    #[inline]
    fn take_back(&self, _: Cx) -> R<T> {
        let Some(item) = self.head.items.borrow_mut().pop_back() else { return exc(Exc::IndexError) };
        self.changed();
        Ok(item)
    }

    #[inline]
    fn take_front(&self, _: Cx) -> R<T> {
        let Some(item) = self.head.items.borrow_mut().pop_front() else { return exc(Exc::IndexError) };
        self.changed();
        Ok(item)
    }

    #[inline]
    fn put(&self, _: Cx, index: usize, item: T) -> R<()> {
        let mut items = self.head.items.borrow_mut();
        let old = core::mem::replace(&mut items[index], item);
        drop(items);
        drop(old);
        Ok(())
    }

    fn insert_at(&self, _: Cx, index: usize, item: T) -> R<()> {
        let mut items = self.head.items.borrow_mut();
        room(&mut items)?;
        items.insert(index, item);
        drop(items);
        self.changed();
        Ok(())
    }

    fn remove_at(&self, _: Cx, index: usize) -> R<()> {
        let old = self.head.items.borrow_mut().remove(index);
        self.changed();
        drop(old);
        Ok(())
    }

    fn empty(&self, _: Cx) -> R<()> {
        let old = core::mem::take(&mut *self.head.items.borrow_mut());
        // Nothing changes where nothing was.
        if !old.is_empty() {
            self.changed();
        }
        Ok(())
    }

    fn reverse_all(&self, _: Cx) -> R<()> {
        self.head.items.borrow_mut().make_contiguous().reverse();
        Ok(())
    }

    fn turn(&self, _: Cx, by: usize) -> R<()> {
        self.head.items.borrow_mut().rotate_right(by);
        self.changed();
        Ok(())
    }
}

impl<T: IntoPy + Clone + 'static> IntoPy for Deque<T> {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        let known = self.head.object.get();
        if !known.is_null() {
            // SAFETY: The transaction holds it.
            return Ok(unsafe { again(known) });
        }
        let items = list(cx, &self)?.into_py(cx)?;
        // SAFETY: Two strong references, dropped after the call, which runs no Python code: an exact list and an int or None.
        unsafe {
            let most = match self.head.maxlen {
                Some(most) => PyLong_FromLongLong(most as i64),
                None => {
                    Py_INCREF(Py_None());
                    Py_None()
                }
            };
            let object = if most.is_null() {
                bail(Bail::Memory)
            } else {
                let object = collections::call(cx, "deque", &[items, most]);
                Py_DECREF(most);
                object
            };
            Py_DECREF(items);
            let object = object?;
            if Rc::strong_count(&self.head) > 1 {
                cx.adopt(again(object))?;
                self.head.object.set(object);
            }
            Ok(object)
        }
    }
}

impl<T: ElemEq + Clone + 'static> ElemEq for Deque<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        eq(cx, self, other)
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<T: ElemEq + Clone + 'static> ElemOrd for Deque<T> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        bail(Bail::Unsupported)
    }
}
