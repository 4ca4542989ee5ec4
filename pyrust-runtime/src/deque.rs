//! `collections.deque`, made natively: a shared handle, boxed once when it leaves.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_None, PyLong_FromLongLong, PyObject};

use crate::boundary::collections;
use crate::elem::{ElemEq, ElemOrd, View};
use crate::list::{self, List};
use crate::py::{IntoPy, again};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::Cx;
use crate::union::U2;

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

    fn count(&self) -> usize {
        self.head.items.borrow().len()
    }

    fn changed(&self) {
        self.head.state.set(self.head.state.get() + 1);
    }
}

/// Where an iteration stands.
pub struct Cursor {
    count: usize,
    left: usize,
    state: u64,
}

/// `deque(maxlen=…)`
pub fn new<T>(_: Cx, maxlen: Option<i64>) -> R<Deque<T>> {
    let maxlen = match maxlen {
        Some(..0) => return exc(Exc::ValueError),
        Some(n) => Some(n as usize),
        None => None,
    };
    let head = Head {
        items: RefCell::new(VecDeque::new()),
        maxlen,
        state: Cell::new(0),
        object: Cell::new(core::ptr::null_mut()),
    };
    Ok(Deque { head: Rc::new(head) })
}

fn room<T>(items: &mut VecDeque<T>) -> R<()> {
    if items.len() == items.capacity() && items.try_reserve(1).is_err() {
        return bail(Bail::Memory);
    }
    Ok(())
}

/// `d.append(x)`: what is too much falls out on the left.
#[inline]
pub fn append<T>(_: Cx, deque: &Deque<T>, item: T) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    room(&mut items)?;
    items.push_back(item);
    let gone =
        if deque.head.maxlen.is_some_and(|most| items.len() > most) { items.pop_front() } else { None };
    drop(items);
    deque.changed();
    drop(gone);
    Ok(())
}

/// `d.appendleft(x)`
#[inline]
pub fn appendleft<T>(_: Cx, deque: &Deque<T>, item: T) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    room(&mut items)?;
    items.push_front(item);
    let gone = if deque.head.maxlen.is_some_and(|most| items.len() > most) { items.pop_back() } else { None };
    drop(items);
    deque.changed();
    drop(gone);
    Ok(())
}

/// `d.pop()`
#[inline]
pub fn pop<T>(_: Cx, deque: &Deque<T>) -> R<T> {
    let item = deque.head.items.borrow_mut().pop_back();
    match item {
        Some(item) => {
            deque.changed();
            Ok(item)
        }
        None => exc(Exc::IndexError),
    }
}

/// `d.popleft()`
#[inline]
pub fn popleft<T>(_: Cx, deque: &Deque<T>) -> R<T> {
    let item = deque.head.items.borrow_mut().pop_front();
    match item {
        Some(item) => {
            deque.changed();
            Ok(item)
        }
        None => exc(Exc::IndexError),
    }
}

/// `len(d)`
#[inline]
pub fn len<T>(_: Cx, deque: &Deque<T>) -> i64 {
    deque.count() as i64
}

/// `bool(d)`
#[inline]
pub fn truth<T>(deque: &Deque<T>) -> bool {
    deque.count() != 0
}

/// `d.maxlen`
pub fn maxlen<T>(_: Cx, deque: &Deque<T>) -> U2<(), i64> {
    match deque.head.maxlen {
        Some(most) => U2::B(most as i64),
        None => U2::A(()),
    }
}

/// `d[i]`
#[inline]
pub fn get<T: Clone>(_: Cx, deque: &Deque<T>, index: i64) -> R<T> {
    let items = deque.head.items.borrow();
    Ok(items[list::position(index, items.len())?].clone())
}

/// `d[i] = x`
#[inline]
pub fn set<T>(_: Cx, deque: &Deque<T>, index: i64, item: T) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    let at = list::position(index, items.len())?;
    let old = core::mem::replace(&mut items[at], item);
    drop(items);
    drop(old);
    Ok(())
}

/// `del d[i]`
pub fn del<T>(_: Cx, deque: &Deque<T>, index: i64) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    let at = list::position(index, items.len())?;
    let old = items.remove(at);
    drop(items);
    deque.changed();
    drop(old);
    Ok(())
}

/// `d.insert(i, x)`
pub fn insert<T>(_: Cx, deque: &Deque<T>, index: i64, item: T) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    let count = items.len();
    if deque.head.maxlen.is_some_and(|most| count >= most) {
        return exc(Exc::IndexError);
    }
    room(&mut items)?;
    let at = if index < 0 { (index.saturating_add(count as i64)).max(0) } else { index.min(count as i64) };
    items.insert(at as usize, item);
    drop(items);
    deque.changed();
    Ok(())
}

/// `d.clear()`
pub fn clear<T>(_: Cx, deque: &Deque<T>) -> R<()> {
    let old = core::mem::take(&mut *deque.head.items.borrow_mut());
    // Nothing changes where nothing was.
    if !old.is_empty() {
        deque.changed();
    }
    Ok(())
}

/// `d.reverse()`: CPython's iterators do not notice.
pub fn reverse<T>(_: Cx, deque: &Deque<T>) -> R<()> {
    deque.head.items.borrow_mut().make_contiguous().reverse();
    Ok(())
}

/// `d.rotate(n)`
pub fn rotate<T>(_: Cx, deque: &Deque<T>, n: i64) -> R<()> {
    let mut items = deque.head.items.borrow_mut();
    let count = items.len();
    if count <= 1 {
        return Ok(());
    }
    items.rotate_right(n.rem_euclid(count as i64) as usize);
    drop(items);
    deque.changed();
    Ok(())
}

/// Its elements as a list.
pub fn list<T: Clone + 'static>(cx: Cx, deque: &Deque<T>) -> R<List<T>> {
    let items = deque.head.items.borrow();
    let out = list::with_capacity(cx, items.len() as i64)?;
    for item in items.iter() {
        list::append(cx, &out, item.clone())?;
    }
    Ok(out)
}

/// `d.copy()`
pub fn copy<T: Clone>(cx: Cx, deque: &Deque<T>) -> R<Deque<T>> {
    let out = new(cx, deque.head.maxlen.map(|most| most as i64))?;
    for item in deque.head.items.borrow().iter() {
        append(cx, &out, item.clone())?;
    }
    Ok(out)
}

/// `a + b`: a deque like the first.
pub fn concat<T: Clone>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<Deque<T>> {
    let out = copy(cx, a)?;
    for item in b.head.items.borrow().iter() {
        append(cx, &out, item.clone())?;
    }
    Ok(out)
}

/// `d *= n`: as if its elements came again and again.
pub fn repeat_in_place<T: Clone>(cx: Cx, deque: &Deque<T>, times: i64) -> R<()> {
    let count = deque.count();
    if count == 0 || times == 1 {
        return Ok(());
    }
    if times <= 0 {
        return clear(cx, deque);
    }
    let times = match deque.head.maxlen {
        // What comes before falls out again.
        Some(most) => times.min(most.div_ceil(count) as i64),
        None => times,
    };
    let Some(total) = count.checked_mul(times as usize) else { return bail(Bail::Memory) };
    let once: Vec<T> = deque.head.items.borrow().iter().cloned().collect();
    if deque.head.items.borrow_mut().try_reserve(total - count).is_err() {
        return bail(Bail::Memory);
    }
    for _ in 1..times {
        for item in &once {
            append(cx, deque, item.clone())?;
        }
    }
    Ok(())
}

/// `d * n`
pub fn repeat<T: Clone>(cx: Cx, deque: &Deque<T>, times: i64) -> R<Deque<T>> {
    let out = copy(cx, deque)?;
    repeat_in_place(cx, &out, times)?;
    Ok(out)
}

/// `bytes(d)`
pub fn to_bytes(cx: Cx, deque: &Deque<i64>) -> R<Bytes> {
    crate::bytes::from_ints(cx, &list(cx, deque)?)
}

fn find<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T) -> R<Option<usize>> {
    for (at, other) in deque.head.items.borrow().iter().enumerate() {
        if other.elem_eq(cx, item)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `x in d`
pub fn contains<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T) -> R<bool> {
    Ok(find(cx, deque, item)?.is_some())
}

/// `d.index(x)`
pub fn index<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T) -> R<i64> {
    match find(cx, deque, item)? {
        Some(at) => Ok(at as i64),
        None => exc(Exc::ValueError),
    }
}

/// `d.index(x, start)`
pub fn index_from<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T, start: i64) -> R<i64> {
    index_within(cx, deque, item, start, i64::MAX)
}

/// `d.index(x, start, stop)`
pub fn index_within<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T, start: i64, stop: i64) -> R<i64> {
    let items = deque.head.items.borrow();
    let count = items.len() as i64;
    let clip = |at: i64| if at < 0 { (at + count).max(0) } else { at.min(count) };
    for at in clip(start)..clip(stop) {
        if items[at as usize].elem_eq(cx, item)? {
            return Ok(at);
        }
    }
    exc(Exc::ValueError)
}

/// `d.remove(x)`
pub fn remove<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T) -> R<()> {
    match find(cx, deque, item)? {
        Some(at) => del(cx, deque, at as i64),
        None => exc(Exc::ValueError),
    }
}

/// `d.count(x)`
pub fn count<T: ElemEq>(cx: Cx, deque: &Deque<T>, item: &T) -> R<i64> {
    let mut count = 0;
    for other in deque.head.items.borrow().iter() {
        count += i64::from(other.elem_eq(cx, item)?);
    }
    Ok(count)
}

/// `a == b`
pub fn eq<T: ElemEq>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    if a.is(b) {
        return Ok(true);
    }
    let (a, b) = (a.head.items.borrow(), b.head.items.borrow());
    if a.len() != b.len() {
        return Ok(false);
    }
    for (x, y) in a.iter().zip(b.iter()) {
        if !x.elem_eq(cx, y)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a != b`
pub fn ne<T: ElemEq>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    Ok(!eq(cx, a, b)?)
}

/// `a < b`
pub fn lt<T: ElemOrd + Clone + 'static>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    list::lt(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a <= b`
pub fn le<T: ElemOrd + Clone + 'static>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    list::le(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a > b`
pub fn gt<T: ElemOrd + Clone + 'static>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    list::gt(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a >= b`
pub fn ge<T: ElemOrd + Clone + 'static>(cx: Cx, a: &Deque<T>, b: &Deque<T>) -> R<bool> {
    list::ge(cx, &list(cx, a)?, &list(cx, b)?)
}

/// Starts `for … in d` or `reversed(d)`.
#[inline]
pub fn iter<T>(deque: &Deque<T>) -> Cursor {
    let count = deque.count();
    Cursor { count, left: count, state: deque.head.state.get() }
}

/// The next element; before it looks whether there is one, CPython looks whether the deque is as it was.
#[inline]
pub fn next<T: Clone>(deque: &Deque<T>, cursor: &mut Cursor) -> R<Option<T>> {
    if deque.head.state.get() != cursor.state {
        return exc(Exc::RuntimeError);
    }
    if cursor.left == 0 {
        return Ok(None);
    }
    let item = deque.head.items.borrow()[cursor.count - cursor.left].clone();
    cursor.left -= 1;
    Ok(Some(item))
}

/// The next element from the end; at the end CPython looks at nothing.
#[inline]
pub fn next_back<T: Clone>(deque: &Deque<T>, cursor: &mut Cursor) -> R<Option<T>> {
    if cursor.left == 0 {
        return Ok(None);
    }
    if deque.head.state.get() != cursor.state {
        return exc(Exc::RuntimeError);
    }
    cursor.left -= 1;
    Ok(Some(deque.head.items.borrow()[cursor.left].clone()))
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

impl<T: ElemEq> ElemEq for Deque<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        eq(cx, self, other)
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<T: ElemEq> ElemOrd for Deque<T> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        bail(Bail::Unsupported)
    }
}
