//! A list of Python's that nothing in the transaction writes to: read in place until that has cost as much as
//! converting it, then converted once.
//!
//! The compiler uses it for parameters of functions that change no object of Python's, so what was converted stays
//! true; whatever has the identity of the list (boxing, `is`) is the list itself.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use pyo3_ffi::{PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyObject};

use crate::boundary::layout;
use crate::elem::{ElemEq, ElemOrd, Items, View};
use crate::list::{ListLike, PList};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::strs::Str;
use crate::txn::Cx;

/// Elements that can be kept converted: plain values without an owner, and texts, which the list keeps alive.
pub trait Readable: FromPy + IntoPy + Clone {
    /// Rows are made once: reading a few of many must not convert all.
    const ROWS: bool = false;
    /// There are texts among them: the first reads cost little more than later ones, and are not worth a call.
    const TEXTS: bool = false;

    /// What was read, without a reference to it.
    fn lend(self) -> Self;

    /// Another copy of what was lent.
    ///
    /// # Safety
    /// [`Readable::lend`] returned it, and the transaction is open in which that was read.
    unsafe fn again(&self) -> Self;

    /// Converts what is read in place as yet, if it can be: reading it changes nothing any more.
    fn settle(&self, _: Cx) -> bool {
        true
    }
}

macro_rules! plain {
    ($($ty:ty),+) => {$(
        impl Readable for $ty {
            #[inline(always)]
            fn lend(self) -> Self {
                self
            }

            #[inline(always)]
            unsafe fn again(&self) -> Self {
                *self
            }
        }
    )+};
}

plain!(i64, f64, bool);

impl Readable for Str {
    const TEXTS: bool = true;

    #[inline(always)]
    fn lend(self) -> Self {
        Str::lend(self)
    }

    #[inline(always)]
    unsafe fn again(&self) -> Self {
        // SAFETY: By the caller; what was read is lasting.
        unsafe { self.lent_again() }
    }
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: Readable),+> Readable for ($($item,)+) {
            const TEXTS: bool = $($item::TEXTS)||+;

            #[inline(always)]
            fn lend(self) -> Self {
                ($(self.$index.lend(),)+)
            }

            #[inline(always)]
            unsafe fn again(&self) -> Self {
                // SAFETY: By the caller.
                unsafe { ($(self.$index.again(),)+) }
            }

            #[inline]
            fn settle(&self, cx: Cx) -> bool {
                $(self.$index.settle(cx))&&+
            }
        }
    )+};
}

every_tuple!(shapes);

impl<T: Readable> Readable for RList<T> {
    const ROWS: bool = true;

    #[inline(always)]
    fn lend(self) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn again(&self) -> Self {
        *self
    }

    fn settle(&self, cx: Cx) -> bool {
        // SAFETY: Nodes live as long as the transaction; one thread, short borrows.
        let node = unsafe { &mut *self.node.as_ptr() };
        if node.values.is_null() {
            match self.convert(cx) {
                Ok(values) => node.values = values,
                Err(_) => return false,
            }
        }
        // SAFETY: so many elements were converted.
        let values = unsafe { core::slice::from_raw_parts(node.values, node.count) };
        values.iter().all(|value| value.settle(cx))
    }
}

struct Node<T> {
    /// The converted elements; null until it has paid to make them, or all have been read in their order.
    values: *const T,
    count: usize,
    object: *mut PyObject,
    reads: usize,
    /// Tuples that were read so far in the order of the list: a second pass does not follow their pointers again.
    kept: *mut T,
    kept_count: usize,
    kept_room: usize,
}

/// Elements that there is room for when the first is kept: loops that end early cost no more than that.
const KEPT_FIRST: usize = 32;

/// When so many are kept there is room for all.
const KEPT_MOST: usize = 1 << 13;

/// See the module. Lives in memory of the transaction.
pub struct RList<T> {
    node: NonNull<Node<T>>,
}

impl<T> Clone for RList<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RList<T> {}

/// Memory that lives until the transaction has closed.
unsafe fn room<U>(cx: Cx, count: usize) -> R<NonNull<U>> {
    const { assert!(align_of::<U>() <= 8) };
    let Some(size) = count.checked_mul(size_of::<U>()).and_then(|s| isize::try_from(s).ok()) else {
        return bail(Bail::Memory);
    };
    // SAFETY: The GIL is held; an untracked object whose content is ours, given to the arena.
    unsafe {
        let object = cx.adopt(PyBytes_FromStringAndSize(ptr::null(), size))?;
        Ok(NonNull::new_unchecked(PyBytes_AS_STRING(object.as_ptr()).cast_mut().cast()))
    }
}

impl<T: Readable> RList<T> {
    fn live(self) -> PList<T> {
        // SAFETY: Only exact lists get a node.
        unsafe { PList::of_object((*self.node.as_ptr()).object) }
    }

    /// `self is other`
    #[inline]
    pub fn is(self, other: RList<T>) -> bool {
        // SAFETY: Nodes live as long as the transaction.
        unsafe { (*self.node.as_ptr()).object == (*other.node.as_ptr()).object }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn slow(self, cx: Cx, index: usize) -> R<T> {
        // SAFETY: Nodes live as long as the transaction; one thread, short borrows.
        let node = unsafe { &mut *self.node.as_ptr() };
        if index < node.kept_count {
            // SAFETY: So many were kept, of what was read in this transaction.
            return Ok(unsafe { (*node.kept.add(index)).again() });
        }
        if T::FETCHES && index == node.kept_count {
            let live = self.live();
            live.fetch(index);
            let item = live.item(cx, index)?.lend();
            // SAFETY: As above; what is lent has no owner, so that a copy of its bits is another one.
            let copy = unsafe { item.again() };
            self.keep(cx, item)?;
            return Ok(copy);
        }
        self.count_read(cx);
        Ok(self.live().item(cx, index)?.lend())
    }

    /// Keeps the next element of the list.
    #[inline]
    fn keep(self, cx: Cx, item: T) -> R<()> {
        // SAFETY: As above; written inside of the room, and no more than the list has elements.
        unsafe {
            let node = &mut *self.node.as_ptr();
            if node.kept_count == node.kept_room {
                let wanted = (node.kept_room * 4).max(KEPT_FIRST);
                // What was too small stays until the end; large memory that nobody has written to is none yet.
                let wanted = if wanted > KEPT_MOST { node.count } else { wanted.min(node.count) };
                let room = room::<T>(cx, wanted)?.as_ptr();
                if node.kept_count > 0 {
                    ptr::copy_nonoverlapping(node.kept, room, node.kept_count);
                }
                (node.kept, node.kept_room) = (room, wanted);
            }
            node.kept.add(node.kept_count).write(item);
            node.kept_count += 1;
            if node.kept_count == node.count {
                node.values = node.kept;
            }
        }
        Ok(())
    }

    /// Counts a read in place. When they have cost as much as converting does, that is done.
    #[inline(always)]
    fn count_read(self, cx: Cx) {
        // SAFETY: As above; one thread, short borrows.
        let node = unsafe { &mut *self.node.as_ptr() };
        let patience = match T::ROWS {
            true if node.count <= 256 => 0,
            true => node.count / 8,
            false => node.count,
        };
        node.reads = node.reads.saturating_add(1);
        if node.reads > patience && node.reads < usize::MAX {
            self.converted(cx);
        }
    }

    #[cold]
    #[inline(never)]
    extern "C" fn converted(self, cx: Cx) {
        // SAFETY: As above; one thread, short borrows.
        let node = unsafe { &mut *self.node.as_ptr() };
        // An element of another type: the reads bail where they meet it, as in place.
        node.reads = usize::MAX;
        if let Ok(values) = self.convert(cx) {
            node.values = values;
        }
    }

    fn convert(self, cx: Cx) -> R<*const T> {
        let live = self.live();
        let count = live.count();
        // SAFETY: Written in full before it is read.
        unsafe {
            let (kept, from) = ((*self.node.as_ptr()).kept, (*self.node.as_ptr()).kept_count);
            let values = room::<T>(cx, count)?;
            if from > 0 {
                ptr::copy_nonoverlapping(kept, values.as_ptr(), from);
            }
            for index in from..count {
                live.fetch(index);
                values.as_ptr().add(index).write(live.item(cx, index)?.lend());
            }
            Ok(values.as_ptr())
        }
    }
}

impl<T: Readable> RList<T> {
    /// The element at `index`, if it is inside and converted.
    #[inline(always)]
    pub fn peek(&self, index: i64) -> Option<T> {
        // SAFETY: Nodes live as long as the transaction; inside what was converted.
        unsafe {
            let node = self.node.as_ptr();
            let inside = (index as u64) < (*node).count as u64 && !(*node).values.is_null();
            inside.then(|| (*(*node).values.add(index as usize)).again())
        }
    }

    /// The elements from `index` on, if all are inside and converted.
    #[inline(always)]
    pub fn window<const N: usize>(&self, index: i64) -> Option<[T; N]> {
        // SAFETY: As above; nothing writes to what was converted, and what was lent has no owner.
        unsafe {
            let node = self.node.as_ptr();
            let end = (index as u64).checked_add(N as u64)?;
            let inside = index >= 0 && end <= (*node).count as u64 && !(*node).values.is_null();
            inside.then(|| (*node).values.add(index as usize).cast::<[T; N]>().read())
        }
    }
}

impl<T: Readable> RList<T> {
    /// The element at `index`, if it is inside and of that type.
    #[inline]
    pub fn seek(&self, cx: Cx, index: i64) -> Option<T> {
        let inside = (index as u64) < self.count() as u64;
        if inside { self.item(cx, index as usize).ok() } else { None }
    }

    /// So many elements are going to be read: converts the list if that pays.
    #[inline]
    pub fn expect(&self, cx: Cx, wanted: i64) {
        // SAFETY: Nodes live as long as the transaction; one thread, a short borrow.
        let node = unsafe { &*self.node.as_ptr() };
        if node.values.is_null() && node.reads < usize::MAX && node.count as i64 <= wanted.saturating_mul(4) {
            self.converted(cx);
        }
    }
}

/// Are the elements converted, rows and all? They are now, if they can be.
pub fn is_settled<T: Readable>(cx: Cx, list: &RList<T>) -> bool {
    list.settle(cx)
}

/// Sums in a block.
pub const SUMS: usize = 16;

/// Turns that one block may take between two polls.
const LONGEST: i64 = 1 << 18;

/// Sums made ahead of the turns of a loop that ask for them.
pub struct Sums {
    values: [f64; SUMS],
    /// The turn that asks for the first of them.
    from: i64,
    made: usize,
    last: Option<i64>,
    /// Blocks that could not be made: rows are converted once they have been read, others never.
    failed: u8,
}

impl Sums {
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "only generated code makes one")]
    pub fn new() -> Sums {
        Sums { values: [0.0; SUMS], from: 0, made: 0, last: None, failed: 0 }
    }

    /// The turn with which a block begins, and the turns of the inner loop, if one is to be made at the turn `at` of a loop up
    /// to `end`. The last block ends with the loop, and may begin before `at`.
    #[inline(always)]
    pub fn due(
        &self,
        at: i64,
        end: Option<i64>,
        start: Option<i64>,
        stop: Option<i64>,
    ) -> Option<(i64, i64, i64)> {
        if self.failed > 3 || self.get(at).is_some() {
            return None;
        }
        let (end, start, stop) = (end?, start?, stop?);
        let first = at.min(end.checked_sub(SUMS as i64)?);
        let room = end > at && first >= 0;
        (room && (0..LONGEST).contains(&stop.checked_sub(start)?)).then_some((first, start, stop))
    }

    /// How many sums are asked for from a turn on, where the first block could not be made.
    #[inline(always)]
    pub fn wanted(&self, at: i64, end: Option<i64>) -> Option<i64> {
        if self.failed == 0 { end?.checked_sub(at) } else { None }
    }

    /// The block that begins at the turn `at`.
    #[inline(always)]
    pub fn keep(&mut self, at: i64, values: Option<[f64; SUMS]>, start: i64, stop: i64) {
        match values {
            Some(values) => {
                (self.values, self.from, self.made) = (values, at, SUMS);
                self.last = (start < stop).then(|| stop - 1);
            }
            None => self.failed += 1,
        }
    }

    /// The last value of the inner loop's variable, if the loop takes any turn.
    #[inline(always)]
    pub fn last(&self) -> Option<i64> {
        self.last
    }

    /// The sum of the turn `at`.
    #[inline(always)]
    pub fn get(&self, at: i64) -> Option<f64> {
        self.values[..self.made].get(at.wrapping_sub(self.from) as usize).copied()
    }
}

/// A row that a loop goes back to: looked up before the loop where that cannot fail.
#[inline]
pub fn row<T: Readable>(cx: Cx, rows: &RList<RList<T>>, index: i64) -> Option<RList<T>> {
    rows.item(cx, super::position(index, rows.count()).ok()?).ok()
}

/// `rows[index]`, from [`row`] if that had it.
#[inline(always)]
pub fn row_or<T: Readable>(
    cx: Cx,
    found: Option<RList<T>>,
    rows: &RList<RList<T>>,
    index: i64,
) -> R<RList<T>> {
    match found {
        Some(row) => Ok(row),
        None => rows.item(cx, super::position(index, rows.count())?),
    }
}

impl<T: Readable> FromPy for RList<T> {
    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; the node is written before it is read.
        unsafe {
            if !layout::is_list(object) {
                return bail(Bail::Type);
            }
            let node = room::<Node<T>>(cx, 1)?;
            let count = layout::var_size(object);
            let (values, kept) = (ptr::null(), ptr::null_mut());
            let node_of = Node { values, count, object, reads: 0, kept, kept_count: 0, kept_room: 0 };
            node.as_ptr().write(node_of);
            Ok(RList { node })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { PList::<T>::matches(object) }
    }
}

impl<T: Readable> IntoPy for RList<T> {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        self.live().into_py(cx)
    }
}

impl<T: Readable> ListLike<T> for RList<T> {
    #[inline(always)]
    fn count(&self) -> usize {
        // SAFETY: Nodes live as long as the transaction.
        unsafe { (*self.node.as_ptr()).count }
    }

    #[inline(always)]
    fn item(&self, cx: Cx, index: usize) -> R<T> {
        // SAFETY: As above; `index < count`, by the caller.
        unsafe {
            let values = (*self.node.as_ptr()).values;
            if values.is_null() && T::TEXTS {
                self.count_read(cx);
                Ok(ManuallyDrop::new(self.live().item(cx, index)?.lend()).again())
            } else if values.is_null() {
                Ok(ManuallyDrop::new(self.slow(cx, index)?).again())
            } else {
                Ok((*values.add(index)).again())
            }
        }
    }

    fn boxed(&self, cx: Cx, index: usize) -> R<*mut PyObject> {
        self.live().boxed(cx, index)
    }

    fn pointer(&self, index: usize) -> Option<*mut PyObject> {
        self.live().pointer(index)
    }

    #[inline(always)]
    fn values(&self) -> Option<*const T> {
        // SAFETY: As above.
        let values = unsafe { (*self.node.as_ptr()).values };
        (!values.is_null()).then_some(values)
    }

    // The compiler gives this representation only to what is not written to.
    fn put(&self, _: Cx, _: usize, _: T) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn push(&self, _: Cx, _: T) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn push_from<S: ListLike<T>>(&self, _: Cx, _: &S, _: usize) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn put_from<S: ListLike<T>>(&self, _: Cx, _: usize, _: &S, _: usize) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn reserve(&self, _: Cx, _: usize) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn take_last(&self, _: Cx) -> R<T> {
        bail(Bail::Unsupported)
    }

    fn take(&self, _: Cx, _: usize) -> R<T> {
        bail(Bail::Unsupported)
    }

    fn insert_at(&self, _: Cx, _: usize, _: T) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn splice<S: ListLike<T>>(&self, _: Cx, _: usize, _: usize, _: Option<&S>) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn remove_stepped(&self, _: Cx, _: usize, _: usize, _: usize) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn copy_of<S: ListLike<T>>(&self, _: Cx, _: &S) -> R<Self> {
        bail(Bail::Unsupported)
    }

    fn reverse_all(&self, _: Cx) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn permute(&self, _: Cx, _: &[usize]) -> R<()> {
        bail(Bail::Unsupported)
    }

    fn sort_all(&self, _: Cx, _: bool) -> R<()>
    where
        T: ElemOrd,
    {
        bail(Bail::Unsupported)
    }

    fn identity(&self) -> usize {
        self.live().as_ptr() as usize
    }

    fn exchange(&self, _: Cx, _: usize, _: usize) -> R<()> {
        bail(Bail::Unsupported)
    }
}

impl<T: Readable + ElemEq> Items for RList<T> {
    fn count(&self) -> usize {
        ListLike::count(self)
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        show(self.item(cx, index)?.view())
    }
}

impl<T: Readable + ElemEq> ElemEq for RList<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(*other) { Ok(true) } else { crate::list::eq(cx, self, other) }
    }

    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: Readable + ElemOrd> ElemOrd for RList<T> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<core::cmp::Ordering> {
        crate::list::cmp(cx, self, other)
    }
}
