//! `heapq`: CPython's own comparisons and moves, so that a heap looks like the one that CPython leaves.

use crate::elem::ElemOrd;
use crate::list::ListLike;
use crate::stop::{Exc, R, exc};
use crate::txn::Cx;

/// Moves the last item of `start..=at` up to where it belongs.
#[inline]
fn sift_down<T, L>(cx: Cx, heap: &L, start: usize, mut at: usize) -> R<()>
where
    T: ElemOrd + Clone + 'static,
    L: ListLike<T>,
{
    while at > start {
        let parent = (at - 1) >> 1;
        if !heap.less(cx, at, parent)? {
            break;
        }
        heap.exchange(cx, parent, at)?;
        at = parent;
    }
    Ok(())
}

/// Lets the smaller children move up until there are none, then the item back up to where it belongs.
#[inline]
fn sift_up<T, L>(cx: Cx, heap: &L, start: usize) -> R<()>
where
    T: ElemOrd + Clone + 'static,
    L: ListLike<T>,
{
    let end = heap.count();
    let limit = end >> 1;
    let mut at = start;
    while at < limit {
        let mut child = 2 * at + 1;
        if child + 1 < end && !heap.less(cx, child, child + 1)? {
            child += 1;
        }
        heap.exchange(cx, child, at)?;
        at = child;
    }
    sift_down(cx, heap, start, at)
}

/// `heapq.heappush(h, x)`
pub fn push<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, heap: &L, item: T) -> R<()> {
    heap.push(cx, item)?;
    sift_down(cx, heap, 0, heap.count() - 1)
}

/// `heapq.heappop(h)`
pub fn pop<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, heap: &L) -> R<T> {
    let count = heap.count();
    if count == 0 {
        return exc(Exc::IndexError);
    }
    if count > 1 {
        heap.exchange(cx, 0, count - 1)?;
    }
    let item = heap.take_last(cx)?;
    if count > 1 {
        sift_up(cx, heap, 0)?;
    }
    Ok(item)
}

/// `heapq.heapreplace(h, x)`
pub fn replace<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, heap: &L, item: T) -> R<T> {
    if heap.count() == 0 {
        return exc(Exc::IndexError);
    }
    let first = heap.item(cx, 0)?;
    heap.put(cx, 0, item)?;
    sift_up(cx, heap, 0)?;
    Ok(first)
}

/// `heapq.heappushpop(h, x)`
pub fn push_pop<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, heap: &L, item: T) -> R<T> {
    if heap.count() == 0 || !heap.item(cx, 0)?.elem_less(cx, &item)? {
        return Ok(item);
    }
    replace(cx, heap, item)
}

/// Long lists are made heaps in an order that suits caches, as CPython does.
const LONG: usize = 2500;

/// `heapq.heapify(h)`
pub fn heapify<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, heap: &L) -> R<()> {
    let leaf = heap.count() >> 1;
    if heap.count() <= LONG {
        for at in (0..leaf).rev() {
            sift_up(cx, heap, at)?;
        }
        return Ok(());
    }
    // The row of the first leaf begins here; a subtree is finished as soon as both its halves are.
    let leftmost = (1 << (leaf + 1).ilog2()) - 1;
    for at in ((leaf >> 1)..leftmost).rev().chain((leftmost..leaf).rev()) {
        let mut at = at;
        loop {
            sift_up(cx, heap, at)?;
            if at & 1 == 0 {
                break;
            }
            at >>= 1;
        }
    }
    Ok(())
}
