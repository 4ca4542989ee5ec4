//! A list that no Python code has seen yet: a shared handle to an array of values.

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, PyList_New, PyObject};

use crate::blocks;
use crate::boundary::layout;
use crate::buf::Buf;
use crate::elem::{ElemEq, ElemOrd, Items, View};
use crate::list::{ListLike, MakeList, adopted, sort_slice};
use crate::py::{IntoPy, again, fresh};
use crate::retype::Counted;
use crate::stop::{Bail, R, bail, mark};
use crate::txn::Cx;

struct Head<T> {
    handles: Cell<usize>,
    items: Buf<T>,
    /// The Python list that this one became, or was made from; held by the transaction.
    object: Cell<*mut PyObject>,
}

/// Cloning the handle is Python's aliasing; the elements are dropped with the last one.
pub struct List<T> {
    head: NonNull<Head<T>>,
}

impl<T> Clone for List<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: The head lives as long as a handle.
        let handles = unsafe { &(*self.head.as_ptr()).handles };
        handles.set(handles.get() + 1);
        List { head: self.head }
    }
}

impl<T> Drop for List<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The head lives as long as a handle.
        let handles = unsafe { &(*self.head.as_ptr()).handles };
        handles.set(handles.get() - 1);
        if handles.get() == 0 {
            free(self.head);
        }
    }
}

#[cold]
#[inline(never)]
extern "C" fn free<T>(head: NonNull<Head<T>>) {
    // SAFETY: The last handle is gone; the head came from `blocks::make`.
    unsafe {
        ptr::drop_in_place(head.as_ptr());
        blocks::unmake(head.as_ptr());
    }
}

impl<T> List<T> {
    /// The object that this list came from, or that it became; null if there is none.
    #[inline(always)]
    pub(super) fn object(&self) -> *mut PyObject {
        // SAFETY: The head lives as long as the handle.
        unsafe { (*self.head.as_ptr()).object.get() }
    }

    /// The list stands for this object from now on.
    pub(super) fn set_object(&self, object: *mut PyObject) {
        // SAFETY: The head lives as long as the handle.
        unsafe { (*self.head.as_ptr()).object.set(object) }
    }

    /// What every handle of this list holds.
    #[inline(always)]
    pub(super) fn raw(&self) -> *mut () {
        self.head.as_ptr().cast()
    }

    /// Gives the handle away; [`List::take_raw`] takes it back.
    pub(super) fn into_raw(self) -> *mut () {
        let raw = self.head.as_ptr().cast();
        core::mem::forget(self);
        raw
    }

    /// # Safety
    /// From [`List::into_raw`] of a list of this type, and not taken back before.
    #[inline(always)]
    pub(super) unsafe fn take_raw(raw: *mut ()) -> List<T> {
        // SAFETY: By the caller.
        List { head: unsafe { NonNull::new_unchecked(raw.cast()) } }
    }

    /// Another handle.
    ///
    /// # Safety
    /// From [`List::into_raw`] of a list of this type, and not taken back yet.
    pub(super) unsafe fn from_raw(raw: *mut ()) -> List<T> {
        // SAFETY: By the caller; the handle that was given away is not dropped here.
        core::mem::ManuallyDrop::new(unsafe { List::take_raw(raw) }).deref().clone()
    }

    /// The elements.  The borrow must end before anything can change the list.
    #[inline(always)]
    pub fn items(&self) -> &[T] {
        // SAFETY: The head lives as long as the handle; by the contract above nothing changes meanwhile.
        unsafe { &(*self.head.as_ptr()).items }
    }

    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    pub(super) fn items_mut(&self) -> &mut Buf<T> {
        // SAFETY: As above; the borrows in this file end before any other code runs.
        unsafe { &mut (*self.head.as_ptr()).items }
    }

    /// The elements, which leave the list.
    pub(crate) fn take_items(&self) -> Buf<T> {
        core::mem::take(self.items_mut())
    }

    /// Drops the elements, and keeps their room.
    pub(crate) fn clear(&self) {
        self.items_mut().clear();
    }

    /// `self is other`
    #[inline]
    pub fn is(&self, other: &List<T>) -> bool {
        self.head == other.head
    }
}

impl<T: Clone + 'static> List<T> {
    /// `[item] * count`
    #[inline]
    pub(crate) fn filled(cx: Cx, item: T, count: usize) -> R<List<T>> {
        let list = List::make(cx, count)?;
        let items = list.items_mut();
        // SAFETY: `make` reserved room for `count`; the length is set when all are written. Cloning a value does not
        // unwind.
        unsafe {
            let to: *mut T = items.as_mut_ptr();
            for at in 0..count {
                to.add(at).write(item.clone());
            }
            items.set_len(count);
        }
        Ok(list)
    }
}

/// Puts what turns of a loop have appended to a list of their own behind the others.
pub fn gather<T: Clone + 'static>(cx: Cx, list: &List<T>, part: List<T>) -> R<()> {
    if list.is(&part) {
        return Ok(());
    }
    let items = part.take_items();
    if list.items().is_empty() {
        *list.items_mut() = items;
        return Ok(());
    }
    list.reserve(cx, items.len())?;
    for item in items {
        list.push(cx, item)?;
    }
    Ok(())
}

/// `table[index]`: looked up before the loop that goes back to it.
#[inline]
pub fn row_at<T: Clone + 'static>(table: &List<List<T>>, index: impl FnOnce() -> R<i64>) -> R<List<T>> {
    row_in(table, index()?).cloned()
}

/// `table[index]`, of which an element is read or written before anything else happens to the table.
#[inline(always)]
pub fn row_in<T: Clone + 'static>(table: &List<List<T>>, index: i64) -> R<&List<T>> {
    let rows = table.items();
    let at = super::position(index, rows.len())?;
    // SAFETY: `position` says inside.
    Ok(unsafe { rows.get_unchecked(at) })
}

/// What [`row_at`] has found, or why it found nothing.
#[inline(always)]
pub fn row_of<T>(found: &R<List<T>>) -> R<&List<T>> {
    match found {
        Ok(row) => Ok(row),
        Err(stop) => Err(mark(*stop)),
    }
}

#[cold]
#[inline(never)]
extern "C" fn memory<T>() -> R<T> {
    bail(Bail::Memory)
}

impl<T: Clone + 'static> MakeList<T> for List<T> {
    #[inline]
    fn make(_: Cx, room: usize) -> R<List<T>> {
        let Some(head) = NonNull::new(blocks::make::<Head<T>>()) else { return memory() };
        // SAFETY: Newly made.
        unsafe {
            head.as_ptr().write(Head {
                handles: Cell::new(1),
                items: Buf::new(),
                object: Cell::new(ptr::null_mut()),
            });
        }
        let list = List { head };
        if list.items_mut().reserve_total(room) { Ok(list) } else { memory() }
    }
}

impl<T: Clone + 'static> ListLike<T> for List<T> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.items().len()
    }

    #[inline(always)]
    fn item(&self, _: Cx, index: usize) -> R<T> {
        debug_assert!(index < self.count());
        // SAFETY: `index < count`, by the caller.
        Ok(unsafe { self.items().get_unchecked(index) }.clone())
    }

    #[inline(always)]
    fn look<X>(&self, _: Cx, index: usize, look: impl FnOnce(&T) -> X) -> R<X> {
        debug_assert!(index < self.count());
        // SAFETY: `index < count`, by the caller; no list changes meanwhile.
        Ok(look(unsafe { self.items().get_unchecked(index) }))
    }

    #[inline]
    fn boxed(&self, cx: Cx, index: usize) -> R<*mut PyObject>
    where
        T: IntoPy,
    {
        self.item(cx, index)?.into_py(cx)
    }

    #[inline(always)]
    fn pointer(&self, _: usize) -> Option<*mut PyObject> {
        None
    }

    #[inline(always)]
    fn put(&self, _: Cx, index: usize, item: T) -> R<()> {
        debug_assert!(index < self.count());
        // SAFETY: `index < count`, by the caller.  The old element is dropped after the store, since its end may
        // drop this very list.
        let old = unsafe { core::mem::replace(self.items_mut().get_unchecked_mut(index), item) };
        drop(old);
        Ok(())
    }

    #[inline(always)]
    fn push(&self, _: Cx, item: T) -> R<()> {
        match self.items_mut().push(item) {
            Ok(()) => Ok(()),
            Err(_) => memory(),
        }
    }

    #[inline(always)]
    fn push_from<S: ListLike<T>>(&self, cx: Cx, source: &S, index: usize) -> R<()> {
        self.push(cx, source.item(cx, index)?)
    }

    #[inline]
    fn push_run<S: ListLike<T>>(&self, cx: Cx, source: &S, start: usize, count: usize) -> R<()> {
        self.reserve(cx, count)?;
        let Some(values) = source.values() else {
            for index in start..start + count {
                self.push(cx, source.item(cx, index)?)?;
            }
            return Ok(());
        };
        let items = self.items_mut();
        // SAFETY: `start + count` elements stand there, by the caller, and there is room for so many more; what is read was
        // written before, also where both are the same list. Cloning a value neither unwinds nor changes a list; where nothing
        // is dropped, it is a copy.
        unsafe {
            let (from, to): (*const T, *mut T) = (values.add(start), items.as_mut_ptr().add(items.len()));
            if core::mem::needs_drop::<T>() {
                for at in 0..count {
                    to.add(at).write((*from.add(at)).clone());
                }
            } else {
                ptr::copy_nonoverlapping(from, to, count);
            }
            items.set_len(items.len() + count);
        }
        Ok(())
    }

    #[inline(always)]
    fn values(&self) -> Option<*const T> {
        Some(self.items().as_ptr())
    }

    #[inline(always)]
    fn put_from<S: ListLike<T>>(&self, cx: Cx, index: usize, source: &S, from: usize) -> R<()> {
        self.put(cx, index, source.item(cx, from)?)
    }

    #[inline]
    fn reserve(&self, _: Cx, more: usize) -> R<()> {
        let items = self.items_mut();
        match items.len().checked_add(more) {
            Some(want) if want <= items.capacity() => Ok(()),
            Some(want) if items.reserve_total(want.max(items.capacity() + items.capacity() / 2)) => Ok(()),
            _ => memory(),
        }
    }

    #[inline(always)]
    fn take_last(&self, _: Cx) -> R<T> {
        match self.items_mut().pop() {
            Some(item) => Ok(item),
            None => bail(Bail::Panic),
        }
    }

    #[inline]
    fn take(&self, _: Cx, index: usize) -> R<T> {
        Ok(self.items_mut().remove(index))
    }

    #[inline]
    fn insert_at(&self, _: Cx, index: usize, item: T) -> R<()> {
        if self.items_mut().insert(index, item) { Ok(()) } else { memory() }
    }

    fn splice<S: ListLike<T>>(&self, cx: Cx, start: usize, removed: usize, source: Option<&S>) -> R<()> {
        // Read all before anything moves: the source may be this list.
        let mut items: Buf<T> = Buf::new();
        if let Some(source) = source {
            if !items.reserve_total(source.count()) {
                return memory();
            }
            for index in 0..source.count() {
                if items.push(source.item(cx, index)?).is_err() {
                    return memory();
                }
            }
        }
        if self.items_mut().splice(start, removed, items) { Ok(()) } else { memory() }
    }

    fn remove_stepped(&self, _: Cx, start: usize, step: usize, count: usize) -> R<()> {
        if self.items_mut().remove_stepped(start, step, count) { Ok(()) } else { memory() }
    }

    fn copy_of<S: ListLike<T>>(&self, cx: Cx, source: &S) -> R<Self> {
        crate::list::copy(cx, source)
    }

    fn reverse_all(&self, _: Cx) -> R<()> {
        self.items_mut().reverse();
        Ok(())
    }

    fn permute(&self, _: Cx, order: &[usize]) -> R<()> {
        let mut result: Buf<T> = Buf::new();
        if !result.reserve_total(order.len()) {
            return memory();
        }
        for &index in order {
            let _ = result.push(self.items()[index].clone());
        }
        drop(core::mem::replace(self.items_mut(), result));
        Ok(())
    }

    fn sort_all(&self, cx: Cx, reverse: bool) -> R<()>
    where
        T: ElemOrd,
    {
        sort_slice(cx, self.items_mut(), |item| item, reverse)
    }

    fn identity(&self) -> usize {
        self.head.as_ptr() as usize
    }

    #[inline]
    fn exchange(&self, _: Cx, a: usize, b: usize) -> R<()> {
        self.items_mut().swap(a, b);
        Ok(())
    }

    #[inline]
    fn less(&self, cx: Cx, a: usize, b: usize) -> R<bool>
    where
        T: ElemOrd,
    {
        self.items()[a].elem_less(cx, &self.items()[b])
    }
}

impl<T: IntoPy + Clone + 'static> IntoPy for List<T> {
    const LEADS: bool = true;

    #[inline(always)]
    fn ahead(&self, near: bool) {
        let head = self.head.as_ptr();
        match near {
            // SAFETY: The head lives as long as the handle.
            true => layout::fetch(unsafe { (*head).items.as_ptr() }.cast::<u8>()),
            false => layout::fetch(head.cast::<u8>()),
        }
    }

    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: The head lives as long as the handle; boxing does not change the list.  The new list is filled
        // completely before anyone sees it.
        unsafe {
            let head = &*self.head.as_ptr();
            if !head.object.get().is_null() {
                return Ok(again(head.object.get()));
            }
            if head.handles.get() == 1
                && let Some(list) = adopted::list(self.items_mut(), cx)
            {
                return list;
            }
            cx.before_tracked();
            let object = fresh(PyList_New(head.items.len() as isize))?;
            let mut slot = layout::list_items(object);
            let put = |item| {
                *slot = item;
                slot = slot.add(1);
            };
            let filled = match head.handles.get() {
                1 => T::all_into_py(self.take_items(), cx, put),
                _ => T::many_into_py(&head.items, cx, put),
            };
            if let Err(stop) = filled {
                Py_DECREF(object);
                return Err(stop);
            }
            if head.handles.get() > 1 {
                cx.adopt(again(object))?;
                head.object.set(object);
            }
            Ok(object)
        }
    }
}

impl<T> Counted for List<T> {
    fn is_alone(&self) -> bool {
        // SAFETY: The head lives as long as the handle.
        let head = unsafe { &*self.head.as_ptr() };
        head.handles.get() == 1 && head.object.get().is_null()
    }
}

impl<T: ElemEq + Clone + 'static> Items for List<T> {
    fn count(&self) -> usize {
        self.items().len()
    }

    fn with(&self, _: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        show(self.items()[index].view())
    }
}

impl<T: ElemEq + Clone + 'static> ElemEq for List<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(other) { Ok(true) } else { crate::list::eq(cx, self, other) }
    }

    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: ElemOrd + Clone + 'static> ElemOrd for List<T> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<core::cmp::Ordering> {
        crate::list::cmp(cx, self, other)
    }
}
