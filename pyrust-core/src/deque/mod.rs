//! `collections.deque`: a shared handle for what native code makes, Python's own deques in place.

mod live;
mod native;

pub use live::PDeque;
pub use native::Deque;

use crate::boundary::deques::Spot;
use crate::elem::{ElemEq, ElemOrd};
use crate::list::{self, List};
use crate::py::{FromPy, IntoPy};
use crate::said::{Said, said};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::Cx;
use crate::union::U2;

/// What both kinds of deques can do.
pub trait DequeLike<T: Clone + 'static>: Clone {
    fn count(&self, cx: Cx) -> usize;

    fn most(&self) -> Option<usize>;

    /// Moves with every change of shape, as CPython's counter does: iterators look at it.
    fn state(&self, cx: Cx) -> u64;

    /// The item at `index`, which is inside.
    fn item(&self, cx: Cx, index: usize, spot: &mut Spot) -> R<T>;

    /// Looks at an item, without a copy where that can be had; the look changes no deque.
    fn look<X>(&self, cx: Cx, index: usize, spot: &mut Spot, look: impl FnOnce(&T) -> R<X>) -> R<X> {
        look(&self.item(cx, index, spot)?)
    }

    fn push_back(&self, cx: Cx, item: T) -> R<()>;

    fn push_front(&self, cx: Cx, item: T) -> R<()>;

    /// There is an item.
    fn take_back(&self, cx: Cx) -> R<T>;

    /// There is an item.
    fn take_front(&self, cx: Cx) -> R<T>;

    /// In the place of an item.
    fn put(&self, cx: Cx, index: usize, item: T) -> R<()>;

    /// In front of an item, or at the end.
    fn insert_at(&self, cx: Cx, index: usize, item: T) -> R<()>;

    fn remove_at(&self, cx: Cx, index: usize) -> R<()>;

    fn empty(&self, cx: Cx) -> R<()>;

    fn reverse_all(&self, cx: Cx) -> R<()>;

    /// To the right, by less than the items that there are.
    fn turn(&self, cx: Cx, by: usize) -> R<()>;
}

/// Where an iteration stands.
pub struct Cursor {
    count: usize,
    left: usize,
    state: u64,
    spot: Spot,
}

fn most(maxlen: Option<i64>) -> R<Option<usize>> {
    match maxlen {
        Some(..0) => exc(Exc::ValueError),
        Some(n) => Ok(Some(n as usize)),
        None => Ok(None),
    }
}

/// `deque(maxlen=…)`
pub fn new<T>(_: Cx, maxlen: Option<i64>) -> R<Deque<T>> {
    Ok(Deque::empty(most(maxlen)?))
}

/// The same, as an object of Python's.
pub fn live_new<T: FromPy + IntoPy + Clone>(cx: Cx, maxlen: Option<i64>) -> R<PDeque<T>> {
    PDeque::make(cx, most(maxlen)?)
}

/// `d.append(x)`: what is too much falls out on the left.
#[inline]
pub fn append<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: T) -> R<()> {
    deque.push_back(cx, item)
}

/// `d.appendleft(x)`
#[inline]
pub fn appendleft<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: T) -> R<()> {
    deque.push_front(cx, item)
}

/// `d.pop()`
#[inline]
pub fn pop<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<T> {
    if deque.count(cx) == 0 { said(Said::DequeEmpty) } else { deque.take_back(cx) }
}

/// `d.popleft()`
#[inline]
pub fn popleft<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<T> {
    if deque.count(cx) == 0 { said(Said::DequeEmpty) } else { deque.take_front(cx) }
}

/// `len(d)`
#[inline]
pub fn len<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> i64 {
    deque.count(cx) as i64
}

/// `bool(d)`
#[inline]
pub fn truth<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> bool {
    deque.count(cx) != 0
}

/// `d.maxlen`
pub fn maxlen<T: Clone + 'static, D: DequeLike<T>>(_: Cx, deque: &D) -> U2<(), i64> {
    match deque.most() {
        Some(most) => U2::B(most as i64),
        None => U2::A(()),
    }
}

/// `d[i]`
#[inline]
pub fn get<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, index: i64) -> R<T> {
    deque.item(cx, list::position_of(index, deque.count(cx), Said::DequeIndex)?, &mut Spot::NONE.clone())
}

/// `d[i] = x`
#[inline]
pub fn set<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, index: i64, item: T) -> R<()> {
    deque.put(cx, list::position_of(index, deque.count(cx), Said::DequeIndex)?, item)
}

/// `del d[i]`
pub fn del<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, index: i64) -> R<()> {
    deque.remove_at(cx, list::position_of(index, deque.count(cx), Said::DequeIndex)?)
}

/// `d.insert(i, x)`
pub fn insert<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, index: i64, item: T) -> R<()> {
    let count = deque.count(cx);
    if deque.most().is_some_and(|most| count >= most) {
        return exc(Exc::IndexError);
    }
    let at = if index < 0 { (index.saturating_add(count as i64)).max(0) } else { index.min(count as i64) };
    deque.insert_at(cx, at as usize, item)
}

/// `d.clear()`
pub fn clear<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<()> {
    deque.empty(cx)
}

/// `d.reverse()`: CPython's iterators do not notice.
pub fn reverse<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<()> {
    deque.reverse_all(cx)
}

/// `d.rotate(n)`
pub fn rotate<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, n: i64) -> R<()> {
    let count = deque.count(cx);
    if count <= 1 {
        return Ok(());
    }
    deque.turn(cx, n.rem_euclid(count as i64) as usize)
}

/// Its elements as a list.
pub fn list<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<List<T>> {
    let count = deque.count(cx);
    let (out, mut spot) = (list::with_capacity(cx, count as i64)?, Spot::NONE);
    for index in 0..count {
        list::append(cx, &out, deque.item(cx, index, &mut spot)?)?;
    }
    Ok(out)
}

/// `d.copy()`
pub fn copy<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> R<Deque<T>> {
    let out = Deque::empty(deque.most());
    add_all(cx, &out, deque)?;
    Ok(out)
}

fn add_all<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, out: &Deque<T>, deque: &D) -> R<()> {
    let mut spot = Spot::NONE;
    (0..deque.count(cx)).try_for_each(|index| out.push_back(cx, deque.item(cx, index, &mut spot)?))
}

/// `a + b`: a deque like the first.
pub fn concat<T: Clone + 'static, A: DequeLike<T>, B: DequeLike<T>>(cx: Cx, a: &A, b: &B) -> R<Deque<T>> {
    let out = copy(cx, a)?;
    add_all(cx, &out, b)?;
    Ok(out)
}

/// `d *= n`: as if its elements came again and again.
pub fn repeat_in_place<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, times: i64) -> R<()> {
    let count = deque.count(cx);
    if count == 0 || times == 1 {
        return Ok(());
    }
    if times <= 0 {
        return clear(cx, deque);
    }
    let times = match deque.most() {
        // What comes before falls out again.
        Some(most) => times.min(most.div_ceil(count) as i64),
        None => times,
    };
    // More than there can be is not begun.
    if count.checked_mul(times as usize).is_none_or(|total| total > isize::MAX as usize >> 6) {
        return bail(Bail::Memory);
    }
    let once = list(cx, deque)?;
    for _ in 1..times {
        for index in 0..count {
            append(cx, deque, list::get(cx, &once, index as i64)?)?;
        }
    }
    Ok(())
}

/// `d * n`
pub fn repeat<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, times: i64) -> R<Deque<T>> {
    let out = copy(cx, deque)?;
    repeat_in_place(cx, &out, times)?;
    Ok(out)
}

/// `bytes(d)`
pub fn to_bytes<D: DequeLike<i64>>(cx: Cx, deque: &D) -> R<Bytes> {
    crate::bytes::from_ints(cx, &list(cx, deque)?)
}

fn find<T: ElemEq + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: &T) -> R<Option<usize>> {
    let mut spot = Spot::NONE;
    for at in 0..deque.count(cx) {
        if deque.look(cx, at, &mut spot, |other| other.elem_eq(cx, item))? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `x in d`
pub fn contains<T: ElemEq + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: &T) -> R<bool> {
    Ok(find(cx, deque, item)?.is_some())
}

/// `d.index(x)`
pub fn index<T: ElemEq + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: &T) -> R<i64> {
    match find(cx, deque, item)? {
        Some(at) => Ok(at as i64),
        None => exc(Exc::ValueError),
    }
}

/// `d.index(x, start)`
pub fn index_from<T: ElemEq + Clone + 'static, D: DequeLike<T>>(
    cx: Cx,
    deque: &D,
    item: &T,
    start: i64,
) -> R<i64> {
    index_within(cx, deque, item, start, i64::MAX)
}

/// `d.index(x, start, stop)`
pub fn index_within<T: ElemEq + Clone + 'static, D: DequeLike<T>>(
    cx: Cx,
    deque: &D,
    item: &T,
    start: i64,
    stop: i64,
) -> R<i64> {
    let count = deque.count(cx) as i64;
    let clip = |at: i64| if at < 0 { (at + count).max(0) } else { at.min(count) };
    let mut spot = Spot::NONE;
    for at in clip(start)..clip(stop) {
        if deque.look(cx, at as usize, &mut spot, |other| other.elem_eq(cx, item))? {
            return Ok(at);
        }
    }
    exc(Exc::ValueError)
}

/// `d.remove(x)`
pub fn remove<T: ElemEq + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: &T) -> R<()> {
    match find(cx, deque, item)? {
        Some(at) => deque.remove_at(cx, at),
        None => exc(Exc::ValueError),
    }
}

/// `d.count(x)`
pub fn count<T: ElemEq + Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, item: &T) -> R<i64> {
    let (mut count, mut spot) = (0, Spot::NONE);
    for at in 0..deque.count(cx) {
        count += i64::from(deque.look(cx, at, &mut spot, |other| other.elem_eq(cx, item))?);
    }
    Ok(count)
}

/// `a == b`; the same deque is equal to itself, whatever it holds.
pub fn eq<T, A, B>(cx: Cx, a: &A, b: &B) -> R<bool>
where
    T: ElemEq + Clone + 'static,
    A: DequeLike<T> + Identity,
    B: DequeLike<T> + Identity,
{
    if a.identity() == b.identity() {
        return Ok(true);
    }
    let count = a.count(cx);
    if count != b.count(cx) {
        return Ok(false);
    }
    let (mut here, mut there) = (Spot::NONE, Spot::NONE);
    for at in 0..count {
        let other = b.item(cx, at, &mut there)?;
        if !a.look(cx, at, &mut here, |item| item.elem_eq(cx, &other))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Which deque it is.
pub trait Identity {
    fn identity(&self) -> usize;
}

/// `a != b`
pub fn ne<T, A, B>(cx: Cx, a: &A, b: &B) -> R<bool>
where
    T: ElemEq + Clone + 'static,
    A: DequeLike<T> + Identity,
    B: DequeLike<T> + Identity,
{
    Ok(!eq(cx, a, b)?)
}

/// `a < b`
pub fn lt<T: ElemOrd + Clone + 'static, A: DequeLike<T>, B: DequeLike<T>>(cx: Cx, a: &A, b: &B) -> R<bool> {
    list::lt(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a <= b`
pub fn le<T: ElemOrd + Clone + 'static, A: DequeLike<T>, B: DequeLike<T>>(cx: Cx, a: &A, b: &B) -> R<bool> {
    list::le(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a > b`
pub fn gt<T: ElemOrd + Clone + 'static, A: DequeLike<T>, B: DequeLike<T>>(cx: Cx, a: &A, b: &B) -> R<bool> {
    list::gt(cx, &list(cx, a)?, &list(cx, b)?)
}

/// `a >= b`
pub fn ge<T: ElemOrd + Clone + 'static, A: DequeLike<T>, B: DequeLike<T>>(cx: Cx, a: &A, b: &B) -> R<bool> {
    list::ge(cx, &list(cx, a)?, &list(cx, b)?)
}

/// Starts `for … in d` or `reversed(d)`.
#[inline]
pub fn iter<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D) -> Cursor {
    let count = deque.count(cx);
    Cursor { count, left: count, state: deque.state(cx), spot: Spot::NONE }
}

/// The next element; before it looks whether there is one, CPython looks whether the deque is as it was.
#[inline]
pub fn next<T: Clone + 'static, D: DequeLike<T>>(cx: Cx, deque: &D, cursor: &mut Cursor) -> R<Option<T>> {
    if deque.state(cx) != cursor.state {
        return exc(Exc::RuntimeError);
    }
    if cursor.left == 0 {
        return Ok(None);
    }
    let item = deque.item(cx, cursor.count - cursor.left, &mut cursor.spot)?;
    cursor.left -= 1;
    Ok(Some(item))
}

/// The next element from the end; at the end CPython looks at nothing.
#[inline]
pub fn next_back<T: Clone + 'static, D: DequeLike<T>>(
    cx: Cx,
    deque: &D,
    cursor: &mut Cursor,
) -> R<Option<T>> {
    if cursor.left == 0 {
        return Ok(None);
    }
    if deque.state(cx) != cursor.state {
        return exc(Exc::RuntimeError);
    }
    cursor.left -= 1;
    Ok(Some(deque.item(cx, cursor.left, &mut cursor.spot)?))
}
