//! `list`: native ([`List`]) and in place ([`PList`]), and the functions that generated code calls on either.
//!
//! First argument `cx`, lists by reference, stored elements by value.  Results are fresh native lists; the
//! `plist_…` twins make fresh Python lists where data flow leads into an in-place container.

mod adopted;
mod columns;
mod compared;
mod last;
mod live;
mod native;
pub(crate) mod owned;
mod reading;
mod sort;
mod spans;
mod tables;

pub use columns::{Row, Together, column, pick};
pub use compared::{is_reverse, sort_by_asked_key, sort_by_comparison};
pub use last::{append_last, pop_last, set_at_last, set_last};
pub use live::{PList, append_made};
pub use native::{List, gather, row_at, row_in, row_of};
pub use owned::{Choice, Owned};
pub use reading::{RList, Readable, SUMS, Sums, is_settled, row, row_or};
pub(crate) use sort::sort_slice;
pub use spans::{
    Filling, Growing, Inside, Span, Within, around, enough, expect_growing, growing, inside, span,
    span_apart, span_get, span_get_at, span_get_or, span_of, span_of_apart, span_set, span_set_at,
    span_set_or, within,
};
pub use tables::{Known, Table, next_known};

use crate::buf::Buf;
use crate::elem::{ElemEq, ElemOrd};
use crate::py::{FromPy, IntoPy};
use crate::range::Slice;
use crate::retype::Counted;
use crate::said::{Said, said, unpacked};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use crate::txn::last::Given;
use crate::txn::seen::Seen;
use pyo3_ffi::PyObject;

/// What both representations do.  Positions are inside unless said otherwise; the functions below see to that.
pub trait ListLike<T: Clone + 'static>: Clone {
    /// `len(self)`.
    fn count(&self) -> usize;
    /// The element at `index`.
    fn item(&self, cx: Cx, index: usize) -> R<T>;
    /// Looks at the element at `index`, without a copy where that can be had; the look changes no list.
    #[inline(always)]
    fn look<X>(&self, cx: Cx, index: usize, look: impl FnOnce(&T) -> X) -> R<X> {
        Ok(look(&self.item(cx, index)?))
    }
    /// The element at `index` as an object: a new strong reference.
    fn boxed(&self, cx: Cx, index: usize) -> R<*mut PyObject>
    where
        T: IntoPy;
    /// Says that elements from `index` on are going to be read one after the other.
    #[inline(always)]
    fn fetch(&self, _index: usize) {}
    /// The object at `index`, where elements are objects: equal pointers are equal elements.
    fn pointer(&self, index: usize) -> Option<*mut PyObject>;
    /// Stores into `index`.
    fn put(&self, cx: Cx, index: usize, item: T) -> R<()>;
    fn push(&self, cx: Cx, item: T) -> R<()>;
    /// [`ListLike::put`] behind which nothing more is done, see `txn::last`.
    #[inline(always)]
    fn put_last(&self, cx: Cx, index: usize, item: T, _: Given) -> R<()> {
        self.put(cx, index, item)
    }
    /// The same of [`ListLike::push`].
    #[inline(always)]
    fn push_last(&self, cx: Cx, item: T, _: Given) -> R<()> {
        self.push(cx, item)
    }
    /// Appends the element `index` of another list: where elements are objects, that very object.
    fn push_from<S: ListLike<T>>(&self, cx: Cx, source: &S, index: usize) -> R<()>;
    /// Appends `count` elements of another list, or of this one, from `start` on.
    fn push_run<S: ListLike<T>>(&self, cx: Cx, source: &S, start: usize, count: usize) -> R<()> {
        self.reserve(cx, count)?;
        for index in start..start + count {
            self.push_from(cx, source, index)?;
        }
        Ok(())
    }
    /// Where the elements stand, if they are values already, one after the other.
    #[inline(always)]
    fn values(&self) -> Option<*const T> {
        None
    }
    /// The last element, taken out of the list, where nothing more is done but to return it; none where it is still there.
    #[inline(always)]
    fn pop_here(&self, _: Cx) -> R<Option<T>> {
        Ok(None)
    }
    /// Stores the element `from` of another list into `index`.
    fn put_from<S: ListLike<T>>(&self, cx: Cx, index: usize, source: &S, from: usize) -> R<()>;
    /// Room for `more` elements.
    fn reserve(&self, cx: Cx, more: usize) -> R<()>;
    /// Removes the last element of a list that is not empty.
    fn take_last(&self, cx: Cx) -> R<T>;
    /// Removes the element at `index`.
    fn take(&self, cx: Cx, index: usize) -> R<T>;
    /// Inserts before `index <= count`.
    fn insert_at(&self, cx: Cx, index: usize, item: T) -> R<()>;
    /// Replaces `removed` elements from `start` on by all of `source`, which may be `self`.
    fn splice<S: ListLike<T>>(&self, cx: Cx, start: usize, removed: usize, source: Option<&S>) -> R<()>;
    /// Removes the elements at the ascending positions `start`, `start + step`, ….
    fn remove_stepped(&self, cx: Cx, start: usize, step: usize, count: usize) -> R<()>;
    /// A fresh list of the same representation with the elements of another.
    fn copy_of<S: ListLike<T>>(&self, cx: Cx, source: &S) -> R<Self>;
    fn reverse_all(&self, cx: Cx) -> R<()>;
    /// The element at `i` becomes the one that was at `order[i]`.
    fn permute(&self, cx: Cx, order: &[usize]) -> R<()>;
    fn sort_all(&self, cx: Cx, reverse: bool) -> R<()>
    where
        T: ElemOrd;
    /// Tells lists apart.
    fn identity(&self) -> usize;
    /// Exchanges two elements: where they are objects, those very objects.
    fn exchange(&self, cx: Cx, a: usize, b: usize) -> R<()>;
    /// `self[a] < self[b]`
    #[inline]
    fn less(&self, cx: Cx, a: usize, b: usize) -> R<bool>
    where
        T: ElemOrd,
    {
        self.item(cx, a)?.elem_less(cx, &self.item(cx, b)?)
    }
}

/// A list that can be made fresh.
pub trait MakeList<T: Clone + 'static>: ListLike<T> {
    fn make(cx: Cx, room: usize) -> R<Self>;
    /// A new list of so many elements, which stand there from `start` on.
    #[inline]
    fn run_of<S: ListLike<T>>(cx: Cx, source: &S, start: usize, count: usize) -> R<Self> {
        let run = Self::make(cx, count)?;
        run.push_run(cx, source, start, count)?;
        Ok(run)
    }
}

/// Python's rule for an index of what is read, as a position inside.
#[inline(always)]
pub fn position(index: i64, count: usize) -> R<usize> {
    position_of(index, count, Said::ListIndex)
}

/// [`position`], with what is said where it is outside.
#[inline(always)]
pub(crate) fn position_of(index: i64, count: usize, text: Said) -> R<usize> {
    let position = if index < 0 { index.wrapping_add(count as i64) } else { index };
    if (position as u64) < count as u64 { Ok(position as usize) } else { said(text) }
}

/// `[]`
#[inline]
pub fn new<T: Clone + 'static>(cx: Cx) -> R<List<T>> {
    List::make(cx, 0)
}

/// `[]`, with room.
#[inline]
pub fn with_capacity<T: Clone + 'static>(cx: Cx, room: i64) -> R<List<T>> {
    List::make(cx, room.max(0) as usize)
}

/// So many elements are going to be appended: room for some thousand of them at once, the rest as they come.
#[inline]
pub fn expect<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, more: i64) -> R<()> {
    list.reserve(cx, more.clamp(0, 4096) as usize)
}

/// `[a, b, …]`
#[inline]
pub fn of<T: Clone + 'static, const N: usize>(cx: Cx, items: [T; N]) -> R<List<T>> {
    let list = List::make(cx, N)?;
    for item in items {
        list.push(cx, item)?;
    }
    Ok(list)
}

/// `[]`, as a Python list.
#[inline]
pub fn plist_new<T: FromPy + IntoPy + Clone>(cx: Cx) -> R<PList<T>> {
    PList::make(cx, 0)
}

/// `[a, b, …]`, as a Python list.
#[inline]
pub fn plist_of<T: FromPy + IntoPy + Clone, const N: usize>(cx: Cx, items: [T; N]) -> R<PList<T>> {
    PList::of(cx, items)
}

/// `len(l)`
#[inline(always)]
pub fn len<T: Clone + 'static, L: ListLike<T>>(_: Cx, list: &L) -> i64 {
    list.count() as i64
}

/// `bool(l)`
#[inline(always)]
pub fn truth<T: Clone + 'static, L: ListLike<T>>(_: Cx, list: &L) -> bool {
    list.count() != 0
}

/// `l[i]`
#[inline(always)]
pub fn get<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64) -> R<T> {
    list.item(cx, position(index, list.count())?)
}

/// [`get`] of what may be returned: the element's object is noted.
#[inline(always)]
pub fn get_seen<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64, seen: &mut Seen) -> R<T> {
    let at = position(index, list.count())?;
    *seen = Seen::of(list.pointer(at));
    list.item(cx, at)
}

/// The same of [`get_at`].
#[inline(always)]
pub fn get_at_seen<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    index: i64,
    seen: &mut Seen,
) -> R<T> {
    let at = ahead(index, list.count(), Said::ListIndex)?;
    *seen = Seen::of(list.pointer(at));
    list.item(cx, at)
}

/// `a, b, c, d, e = l`: where items are many, a call takes less than as many reads in place.
#[inline(never)]
pub fn unpack<T: Clone + 'static, L: ListLike<T>, const N: usize>(cx: Cx, list: &L) -> R<[T; N]> {
    if list.count() != N {
        return unpacked(N as i64, list.count() as i64);
    }
    crate::support::gathered(|at| list.item(cx, at))
}

/// `l[i] = x`
#[inline(always)]
pub fn set<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64, item: T) -> R<()> {
    list.put(cx, position_of(index, list.count(), Said::ListStore)?, item)
}

/// Where `l[i]` stands.
#[inline(always)]
pub fn place<T: Clone + 'static, L: ListLike<T>>(list: &L, index: i64) -> R<usize> {
    position(index, list.count())
}

/// `l[i] = m[j]`, of which the [`place`] was found; nothing has happened to either list since.
#[inline(always)]
pub fn set_moved<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    index: i64,
    source: &L,
    place: usize,
) -> R<()> {
    let at = position_of(index, list.count(), Said::ListStore)?;
    if place >= source.count() {
        return bail(Bail::Panic);
    }
    list.put_from(cx, at, source, place)
}

/// `l[i]` with an index that is never negative.
#[inline(always)]
pub fn get_at<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64) -> R<T> {
    list.item(cx, ahead(index, list.count(), Said::ListIndex)?)
}

/// `l[i] = x` with an index that is never negative.
#[inline(always)]
pub fn set_at<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64, item: T) -> R<()> {
    list.put(cx, ahead(index, list.count(), Said::ListStore)?, item)
}

/// [`position`] of an index that is never negative.
#[inline(always)]
fn ahead(index: i64, count: usize, text: Said) -> R<usize> {
    debug_assert!(index >= 0);
    if (index as u64) < count as u64 { Ok(index as usize) } else { said(text) }
}

/// The next element of `for x in l`: the length is read at each step.
#[inline(always)]
pub fn next<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, at: &mut i64) -> R<Option<T>> {
    if *at as usize >= list.count() {
        return Ok(None);
    }
    list.fetch(*at as usize);
    let item = list.item(cx, *at as usize)?;
    *at += 1;
    Ok(Some(item))
}

/// The next element of `for x in reversed(l)`; `at` starts at `len(l) - 1`.
#[inline(always)]
pub fn next_back<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, at: &mut i64) -> R<Option<T>> {
    // CPython's reversed iterator ends for good when its position is outside.
    if *at < 0 || *at as usize >= list.count() {
        *at = -1;
        return Ok(None);
    }
    let item = list.item(cx, *at as usize)?;
    *at -= 1;
    Ok(Some(item))
}

/// `l.append(x)`
#[inline(always)]
pub fn append<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: T) -> R<()> {
    list.push(cx, item)
}

/// `l.pop()`
#[inline(always)]
pub fn pop<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<T> {
    if list.count() == 0 {
        return said(Said::ListEmpty);
    }
    list.take_last(cx)
}

/// `l.pop(i)`
#[inline]
pub fn pop_at<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64) -> R<T> {
    let count = list.count();
    let text = if count == 0 { Said::ListEmpty } else { Said::ListPop };
    take_at(cx, list, position_of(index, count, text)?)
}

fn take_at<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, at: usize) -> R<T> {
    if at + 1 == list.count() { list.take_last(cx) } else { list.take(cx, at) }
}

/// `del l[i]`
#[inline]
pub fn del<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64) -> R<()> {
    take_at(cx, list, position_of(index, list.count(), Said::ListStore)?).map(drop)
}

/// `l.insert(i, x)`
#[inline]
pub fn insert<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, index: i64, item: T) -> R<()> {
    let count = list.count() as i64;
    let index = if index < 0 { index.saturating_add(count).max(0) } else { index.min(count) };
    if index == count { list.push(cx, item) } else { list.insert_at(cx, index as usize, item) }
}

/// `l.extend(m)`, `l += m`.  `l.extend(l)` doubles.
pub fn extend<T: Clone + 'static, L: ListLike<T>, S: ListLike<T>>(cx: Cx, list: &L, source: &S) -> R<()> {
    list.push_run(cx, source, 0, source.count())
}

/// `l *= n`
pub fn repeat_in_place<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, times: i64) -> R<()> {
    if times <= 0 {
        return clear(cx, list);
    }
    let count = list.count();
    let more = many(count, times - 1)?;
    list.reserve(cx, more)?;
    for index in 0..more {
        list.push_from(cx, list, index % count)?;
    }
    Ok(())
}

/// `l.clear()`
pub fn clear<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<()> {
    list.splice::<L>(cx, 0, list.count(), None)
}

/// `l.reverse()`
pub fn reverse<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<()> {
    list.reverse_all(cx)
}

/// `l.remove(x)`
pub fn remove<T: ElemEq + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: &T) -> R<()> {
    match find(cx, list, item)? {
        Some(at) => take_at(cx, list, at).map(drop),
        None => said(Said::ListRemove),
    }
}

/// `l.index(x)`
pub fn index<T: ElemEq + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: &T) -> R<i64> {
    match find(cx, list, item)? {
        Some(at) => Ok(at as i64),
        None => exc(Exc::ValueError),
    }
}

/// `l.index(x, start, stop)`
pub fn index_between<T: ElemEq + Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    item: &T,
    start: i64,
    stop: Option<i64>,
) -> R<i64> {
    let slice = Slice::new(Some(start), stop, None, list.count())?;
    for at in slice.start..slice.stop {
        if list.item(cx, at as usize)?.elem_eq(cx, item)? {
            return Ok(at);
        }
    }
    exc(Exc::ValueError)
}

/// `l.count(x)`
pub fn count<T: ElemEq + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: &T) -> R<i64> {
    let mut count = 0;
    for at in 0..list.count() {
        count += i64::from(list.item(cx, at)?.elem_eq(cx, item)?);
    }
    Ok(count)
}

/// `x in l`
pub fn contains<T: ElemEq + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: &T) -> R<bool> {
    Ok(find(cx, list, item)?.is_some())
}

/// `x in l`, where no `T` is equal to `x`: whether the elements are of that type is asked of each.
pub fn contains_other<T: Clone + 'static, L: ListLike<T>, Q>(cx: Cx, list: &L, _: &Q) -> R<bool> {
    for at in 0..list.count() {
        list.look(cx, at, |_| ())?;
    }
    Ok(false)
}

fn find<T: ElemEq + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: &T) -> R<Option<usize>> {
    for at in 0..list.count() {
        if list.item(cx, at)?.elem_eq(cx, item)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `count * times` elements, if any memory could hold them.
#[inline]
fn many(count: usize, times: i64) -> R<usize> {
    match count.checked_mul(times.max(0) as usize).filter(|total| *total < 1 << 44) {
        Some(total) => Ok(total),
        None => bail(Bail::Memory),
    }
}

fn copy_into<T: Clone + 'static, L: ListLike<T>, M: MakeList<T>>(cx: Cx, list: &L) -> R<M> {
    M::run_of(cx, list, 0, list.count())
}

/// `l.copy()`, `l[:]`, `list(l)`
pub fn copy<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<List<T>> {
    copy_into(cx, list)
}

/// [`copy`], as a Python list of the same objects.
pub fn plist_copy<T: FromPy + IntoPy + Clone, L: ListLike<T>>(cx: Cx, list: &L) -> R<PList<T>> {
    copy_into(cx, list)
}

fn slice_into<T: Clone + 'static, L: ListLike<T>, M: MakeList<T>>(
    cx: Cx,
    list: &L,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<M> {
    let slice = Slice::new(start, stop, step, list.count())?;
    if slice.step == 1 && slice.count > 0 {
        return M::run_of(cx, list, slice.position(0), slice.count);
    }
    let result = M::make(cx, slice.count)?;
    for index in 0..slice.count {
        result.push_from(cx, list, slice.position(index))?;
    }
    Ok(result)
}

/// `l[start:stop:step]`
pub fn slice<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<List<T>> {
    slice_into(cx, list, start, stop, step)
}

/// [`slice`], as a Python list of the same objects.
pub fn plist_slice<T: FromPy + IntoPy + Clone, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<PList<T>> {
    slice_into(cx, list, start, stop, step)
}

fn concat_into<T: Clone + 'static, A: ListLike<T>, B: ListLike<T>, M: MakeList<T>>(
    cx: Cx,
    a: &A,
    b: &B,
) -> R<M> {
    let result = M::make(cx, a.count() + b.count())?;
    result.push_run(cx, a, 0, a.count())?;
    result.push_run(cx, b, 0, b.count())?;
    Ok(result)
}

/// `a + b`
pub fn concat<T: Clone + 'static, A: ListLike<T>, B: ListLike<T>>(cx: Cx, a: &A, b: &B) -> R<List<T>> {
    concat_into(cx, a, b)
}

/// [`concat`] of a list that was made on the way: it grows, if nobody else has it.
pub fn concat_made<T: Clone + 'static, B: ListLike<T>>(cx: Cx, a: List<T>, b: &B) -> R<List<T>> {
    if !a.is_alone() {
        return concat_into(cx, &a, b);
    }
    a.push_run(cx, b, 0, b.count())?;
    Ok(a)
}

/// [`concat`], as a Python list of the same objects.
pub fn plist_concat<T: FromPy + IntoPy + Clone, A: ListLike<T>, B: ListLike<T>>(
    cx: Cx,
    a: &A,
    b: &B,
) -> R<PList<T>> {
    concat_into(cx, a, b)
}

fn repeat_into<T: Clone + 'static, L: ListLike<T>, M: MakeList<T>>(cx: Cx, list: &L, times: i64) -> R<M> {
    let count = list.count();
    let total = many(count, times)?;
    let result = M::make(cx, total)?;
    for _ in 0..total.checked_div(count).unwrap_or(0) {
        result.push_run(cx, list, 0, count)?;
    }
    Ok(result)
}

/// `l * n`: the elements are shared.
pub fn repeat<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, times: i64) -> R<List<T>> {
    repeat_into(cx, list, times)
}

/// [`repeat`], as a Python list of the same objects.
pub fn plist_repeat<T: FromPy + IntoPy + Clone, L: ListLike<T>>(cx: Cx, list: &L, times: i64) -> R<PList<T>> {
    repeat_into(cx, list, times)
}

/// `[x] * n`, without the list of one.
#[inline]
pub fn filled<T: Clone + 'static>(cx: Cx, item: T, times: i64) -> R<List<T>> {
    List::filled(cx, item, many(1, times)?)
}

/// [`filled`], as a Python list.
pub fn plist_filled<T: IntoPy>(cx: Cx, item: T, times: i64) -> R<PList<T>> {
    PList::filled(cx, item, many(1, times)?)
}

/// `del l[start:stop:step]`
pub fn del_slice<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<()> {
    let slice = Slice::new(start, stop, step, list.count())?;
    if slice.count == 0 {
        return Ok(());
    }
    if slice.step == 1 {
        return list.splice::<L>(cx, slice.start as usize, slice.count, None);
    }
    let (first, step) = if slice.step > 0 {
        (slice.position(0), slice.step)
    } else {
        (slice.position(slice.count - 1), -slice.step)
    };
    list.remove_stepped(cx, first, step as usize, slice.count)
}

/// `l[start:stop:step] = m`
pub fn set_slice<T: Clone + 'static, L: ListLike<T>, S: ListLike<T>>(
    cx: Cx,
    list: &L,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
    source: &S,
) -> R<()> {
    let slice = Slice::new(start, stop, step, list.count())?;
    if slice.step == 1 {
        return list.splice(cx, slice.start as usize, slice.count, Some(source));
    }
    if source.count() != slice.count {
        return exc(Exc::ValueError);
    }
    // The source may be the list itself: read all, then write.
    let copy = list.copy_of(cx, source)?;
    for index in 0..slice.count {
        list.put_from(cx, slice.position(index), &copy, index)?;
    }
    Ok(())
}

/// `l.sort()`
pub fn sort<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<()> {
    list.sort_all(cx, false)
}

/// `l.sort(reverse=True)`: stable as well.
pub fn sort_reverse<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<()> {
    list.sort_all(cx, true)
}

/// `l.sort(key=…, reverse=…)`, the keys having been computed in order.
pub fn sort_keyed<T, L, K, S>(cx: Cx, list: &L, keys: &S, reverse: bool) -> R<()>
where
    T: Clone + 'static,
    L: ListLike<T>,
    K: ElemOrd + Clone + 'static,
    S: ListLike<K>,
{
    let count = list.count();
    // The key function changed the list: CPython raises after sorting.
    if keys.count() != count {
        return bail(Bail::Unsupported);
    }
    let mut pairs: Buf<(K, usize)> = Buf::new();
    if !pairs.reserve_total(count) {
        return bail(Bail::Memory);
    }
    for index in 0..count {
        let _ = pairs.push((keys.item(cx, index)?, index));
    }
    sort_slice(cx, &mut pairs, |pair| &pair.0, reverse)?;
    let mut order: Buf<usize> = Buf::new();
    if !order.reserve_total(count) {
        return bail(Bail::Memory);
    }
    for pair in pairs.iter() {
        let _ = order.push(pair.1);
    }
    list.permute(cx, &order)
}

/// `a == b`
pub fn eq<T, A, B>(cx: Cx, a: &A, b: &B) -> R<bool>
where
    T: ElemEq + Clone + 'static,
    A: ListLike<T>,
    B: ListLike<T>,
{
    let count = a.count();
    if count != b.count() {
        return Ok(false);
    }
    for index in 0..count {
        if !same_item(cx, a, b, index)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_item<T: ElemEq + Clone + 'static, A: ListLike<T>, B: ListLike<T>>(
    cx: Cx,
    a: &A,
    b: &B,
    index: usize,
) -> R<bool> {
    match (a.pointer(index), b.pointer(index)) {
        (Some(left), Some(right)) if core::ptr::eq(left, right) => Ok(true),
        _ => a.item(cx, index)?.elem_eq(cx, &b.item(cx, index)?),
    }
}

/// `a != b`
pub fn ne<T, A, B>(cx: Cx, a: &A, b: &B) -> R<bool>
where
    T: ElemEq + Clone + 'static,
    A: ListLike<T>,
    B: ListLike<T>,
{
    Ok(!eq(cx, a, b)?)
}

/// The order of two lists.
pub fn cmp<T, A, B>(cx: Cx, a: &A, b: &B) -> R<core::cmp::Ordering>
where
    T: ElemOrd + Clone + 'static,
    A: ListLike<T>,
    B: ListLike<T>,
{
    for index in 0..a.count().min(b.count()) {
        if !same_item(cx, a, b, index)? {
            return a.item(cx, index)?.elem_cmp(cx, &b.item(cx, index)?);
        }
    }
    Ok(a.count().cmp(&b.count()))
}

macro_rules! orders {
    ($($(#[$doc:meta])* $name:ident $test:ident)*) => {$(
        $(#[$doc])*
        pub fn $name<T, A, B>(cx: Cx, a: &A, b: &B) -> R<bool>
        where
            T: ElemOrd + Clone + 'static,
            A: ListLike<T>,
            B: ListLike<T>,
        {
            Ok(cmp(cx, a, b)?.$test())
        }
    )*};
}

orders! {
    /// `a < b`
    lt is_lt
    /// `a <= b`
    le is_le
    /// `a > b`
    gt is_gt
    /// `a >= b`
    ge is_ge
}
