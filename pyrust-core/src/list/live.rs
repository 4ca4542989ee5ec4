//! A list of Python's, used in place: elements are unboxed at the read, writes are journalled.

use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_REFCNT, PyList_New, PyObject};

use crate::boundary::{journal, layout, stores};
use crate::buf::Buf;
use crate::elem::{ElemEq, ElemOrd, Items, View};
use crate::list::{ListLike, MakeList, sort_slice};
use crate::py::{FromPy, IntoPy, again, again_times, fresh};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::txn::last::Given;

/// So many elements ahead of a loop an object is asked for, …
const FAR: usize = 16;
/// … and so many ahead, when it is there, what it refers to.
const NEAR: usize = 8;

/// A borrowed `list`, exact where it was read from Python (see `object::based` for others); the transaction keeps it alive.
pub struct PList<T> {
    object: NonNull<PyObject>,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for PList<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PList<T> {}

impl<T> PList<T> {
    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    /// A handle on a list.
    ///
    /// # Safety
    /// `object` is one, for C, and the transaction keeps it alive.
    #[inline(always)]
    pub(crate) unsafe fn of_object(object: *mut PyObject) -> Self {
        // SAFETY: By the caller.
        PList { object: unsafe { NonNull::new_unchecked(object) }, item: PhantomData }
    }

    /// `self is other`
    #[inline(always)]
    pub fn is(self, other: PList<T>) -> bool {
        self.object == other.object
    }

    #[inline(always)]
    pub(super) fn size(self) -> usize {
        // SAFETY: An exact list.
        unsafe { layout::var_size(self.as_ptr()) }
    }

    #[inline(always)]
    pub(super) fn slot(self, index: usize) -> *mut *mut PyObject {
        debug_assert!(index < self.size());
        // SAFETY: An exact list; `index < size`, by the caller.
        unsafe { layout::list_items(self.as_ptr()).add(index) }
    }

    /// Appends a strong reference, which is given away.
    #[inline]
    pub(super) unsafe fn push_object(self, cx: Cx, item: *mut PyObject) -> R<()> {
        let list = self.as_ptr();
        // SAFETY: An exact list; by the caller.
        unsafe {
            let ready = cx.point().and_then(|()| journal::append(cx, list));
            let size = self.size();
            if let Err(stop) = ready.and_then(|()| journal::reserve(list, size + 1)) {
                Py_DECREF(item);
                return Err(stop);
            }
            *layout::list_items(list).add(size) = item;
            layout::set_list_size(list, size + 1);
        }
        Ok(())
    }

    /// Stores a strong reference, which is given away.
    #[inline]
    pub(super) unsafe fn put_object(self, cx: Cx, index: usize, item: *mut PyObject) -> R<()> {
        // SAFETY: An exact list, `index < size`; by the caller.
        unsafe {
            debug_assert!(index < self.size());
            stores::store(cx, self.as_ptr(), index, item)
        }
    }
}

impl<T: FromPy> FromPy for PList<T> {
    const LOOKS: bool = false;

    #[inline(always)]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        unsafe {
            if !layout::is_list(object) {
                return bail(Bail::Type);
            }
            Ok(PList { object: NonNull::new_unchecked(object), item: PhantomData })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            layout::is_list(object)
                && (layout::var_size(object) == 0 || T::matches(*layout::list_items(object)))
        }
    }
}

impl<T> IntoPy for PList<T> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}

impl<T: IntoPy> PList<T> {
    /// A new list of Python's with these items.
    pub(super) fn of<const N: usize>(cx: Cx, items: [T; N]) -> R<Self> {
        cx.point()?;
        let (mut objects, mut made) = ([null_mut(); N], 0);
        // SAFETY: New references each, which the list takes, or nobody.
        let given_up =
            |objects: &[*mut PyObject]| objects.iter().for_each(|object| unsafe { Py_DECREF(*object) });
        for item in items {
            match item.into_py(cx) {
                Ok(object) => objects[made] = object,
                Err(stop) => {
                    given_up(&objects[..made]);
                    return Err(stop);
                }
            }
            made += 1;
        }
        cx.before_tracked();
        // SAFETY: The GIL is held; each place of the new list gets an item, and the list goes to the arena.
        unsafe {
            let object = match fresh(PyList_New(N as isize)) {
                Ok(object) => object,
                Err(stop) => {
                    given_up(&objects);
                    return Err(stop);
                }
            };
            if N != 0 {
                core::ptr::copy_nonoverlapping(objects.as_ptr(), layout::list_items(object), N);
            }
            let object = cx.adopt(object)?;
            journal::register_fresh(cx, object.as_ptr())?;
            Ok(PList { object, item: PhantomData })
        }
    }
}

impl<T: IntoPy> PList<T> {
    /// A new list of Python's, which has the item so many times.
    pub(super) fn filled(cx: Cx, item: T, count: usize) -> R<Self> {
        cx.point()?;
        let object = item.into_py(cx)?;
        cx.before_tracked();
        // SAFETY: A new reference, which the list takes so many times, or nobody. Each place of the new list gets it before
        // anybody else sees the list, which goes to the arena.
        unsafe {
            let list = fresh(PyList_New(count as isize)).inspect_err(|_| Py_DECREF(object))?;
            match count.checked_sub(1) {
                Some(more) => again_times(object, more),
                None => Py_DECREF(object),
            }
            if count != 0 {
                core::slice::from_raw_parts_mut(layout::list_items(list), count).fill(object);
            }
            let list = cx.adopt(list)?;
            journal::register_fresh(cx, list.as_ptr())?;
            Ok(PList { object: list, item: PhantomData })
        }
    }
}

impl<T> PList<T> {
    /// A new list of Python's of so many objects; `item` gives strong references.
    pub(crate) fn build(
        cx: Cx,
        count: usize,
        mut item: impl FnMut(usize) -> R<*mut PyObject>,
    ) -> R<PList<T>> {
        cx.point()?;
        cx.before_tracked();
        // SAFETY: The GIL is held; each place of the new list gets an item before anybody else sees it, and the list goes to
        // the arena.
        unsafe {
            let object = fresh(PyList_New(count as isize))?;
            for at in 0..count {
                match item(at) {
                    Ok(item) => *layout::list_items(object).add(at) = item,
                    Err(stop) => {
                        Py_DECREF(object);
                        return Err(stop);
                    }
                }
            }
            let object = cx.adopt(object)?;
            journal::register_fresh(cx, object.as_ptr())?;
            Ok(PList { object, item: PhantomData })
        }
    }
}

impl<T: FromPy + IntoPy + Clone> MakeList<T> for PList<T> {
    #[inline]
    fn run_of<S: ListLike<T>>(cx: Cx, source: &S, start: usize, count: usize) -> R<Self> {
        PList::build(cx, count, |at| source.boxed(cx, start + at))
    }

    fn make(cx: Cx, room: usize) -> R<Self> {
        cx.before_tracked();
        // SAFETY: The GIL is held; the new list goes to the arena.
        unsafe {
            let object = fresh(PyList_New(0))?;
            let object = cx.adopt(object)?;
            journal::register_fresh(cx, object.as_ptr())?;
            if room != 0 {
                journal::reserve(object.as_ptr(), room)?;
            }
            Ok(PList { object, item: PhantomData })
        }
    }
}

/// Asks for the first elements of a list.
///
/// # Safety
/// So many slots, whose objects are alive.
#[inline(never)]
unsafe extern "C" fn fetch_first<T: FromPy>(slots: *const *mut PyObject, count: usize) {
    for at in 0..count {
        // SAFETY: By the caller.
        unsafe { T::fetch(*slots.add(at)) };
    }
}

/// `l.append(x)` of what is made here, so that nobody else has the object.
#[inline]
pub fn append_made<T, U: IntoPy>(cx: Cx, list: &PList<T>, item: U) -> R<()> {
    let item = item.into_py(cx)?;
    // SAFETY: A new reference.
    unsafe { list.push_object(cx, item) }
}

impl<T: FromPy + IntoPy + Clone> ListLike<T> for PList<T> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.size()
    }

    #[inline(always)]
    fn item(&self, cx: Cx, index: usize) -> R<T> {
        // SAFETY: The list, or the journal, keeps the element alive.
        unsafe { T::from_py(cx, *self.slot(index)) }
    }

    #[inline(always)]
    fn fetch(&self, index: usize) {
        if T::SCATTERED {
            let size = self.size();
            if index == 0 && size > 1 {
                // SAFETY: So many slots; the list keeps its elements alive.
                unsafe { fetch_first::<T>(self.slot(0), size.min(NEAR)) };
            }
            if index + NEAR < size {
                // SAFETY: Below the size, and alive.
                unsafe { T::fetch(*self.slot(index + NEAR)) };
            }
        }
        if T::FETCHES {
            let size = self.size();
            if index + FAR < size {
                // SAFETY: Both are below the size; the list keeps its elements alive.
                unsafe {
                    layout::fetch(*self.slot(index + FAR));
                    T::fetch(*self.slot(index + NEAR));
                }
            }
        }
    }

    #[inline(always)]
    fn boxed(&self, _: Cx, index: usize) -> R<*mut PyObject> {
        // SAFETY: The list keeps the element alive.
        Ok(unsafe { again(*self.slot(index)) })
    }

    #[inline(always)]
    fn pointer(&self, index: usize) -> Option<*mut PyObject> {
        // SAFETY: `index < size`, by the caller.
        Some(unsafe { *self.slot(index) })
    }

    #[inline]
    fn put(&self, cx: Cx, index: usize, item: T) -> R<()> {
        cx.point()?;
        if T::OVERWRITES {
            // SAFETY: `index < size`.  Nobody else refers to the number, and native code has seen no objects.
            unsafe {
                let old = *self.slot(index);
                if Py_REFCNT(old) == 1
                    && !cx.txn().objects_seen
                    && let Some(bits) = item.before(old)
                {
                    if stores::store_bits(cx, self.as_ptr(), index, bits) {
                        item.overwrite(old);
                        return Ok(());
                    }
                    let slot = journal::slot(cx, self.as_ptr(), index)?;
                    let takes = !matches!(&slot, journal::Slot::Logged(state) if !state.takes_bits());
                    // Going over to a snapshot has taken another reference.
                    if takes && Py_REFCNT(old) == 1 {
                        item.overwrite(old);
                        if let journal::Slot::Logged(state) = slot
                            && let Err(stop) = state.log_bits(index, bits)
                        {
                            layout::set_bits(old, bits);
                            return Err(stop);
                        }
                        return Ok(());
                    }
                }
            }
        }
        let item = item.into_py(cx)?;
        // SAFETY: `index < size`; a new reference.
        unsafe { self.put_object(cx, index, item) }
    }

    #[inline]
    fn push(&self, cx: Cx, item: T) -> R<()> {
        let item = item.into_py(cx)?;
        // SAFETY: A new reference.
        unsafe { self.push_object(cx, item) }
    }

    #[inline(always)]
    fn put_last(&self, cx: Cx, index: usize, item: T, given: Given) -> R<()> {
        match self.put_here(cx, index, item, given)? {
            Some(item) if T::LASTS && cx.may_end_here() => self.put_behind(cx, index, item, given),
            Some(item) => self.put(cx, index, item),
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn push_last(&self, cx: Cx, item: T, given: Given) -> R<()> {
        match self.push_here(cx, item, given)? {
            Some(item) if T::LASTS && cx.may_end_here() => self.push_behind(cx, item, given),
            Some(item) => self.push(cx, item),
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn pop_here(&self, cx: Cx) -> R<Option<T>> {
        if self.size() == 0 || !cx.ends_here() {
            return Ok(None);
        }
        self.take_out(cx).map(Some)
    }

    #[inline]
    fn push_from<S: ListLike<T>>(&self, cx: Cx, source: &S, index: usize) -> R<()> {
        let item = source.boxed(cx, index)?;
        // SAFETY: A new reference.
        unsafe { self.push_object(cx, item) }
    }

    #[inline]
    fn put_from<S: ListLike<T>>(&self, cx: Cx, index: usize, source: &S, from: usize) -> R<()> {
        cx.point()?;
        // What stands there already is not written.
        // SAFETY: `index < size`.
        if source.pointer(from) == Some(unsafe { *self.slot(index) }) {
            return Ok(());
        }
        let item = source.boxed(cx, from)?;
        // SAFETY: `index < size`; a new reference.
        unsafe { self.put_object(cx, index, item) }
    }

    fn reserve(&self, cx: Cx, more: usize) -> R<()> {
        // SAFETY: An exact list.
        unsafe {
            // The state knows the length there was, and refuses a list that is being sorted.
            journal::append(cx, self.as_ptr())?;
            match self.size().checked_add(more) {
                Some(want) => journal::reserve(self.as_ptr(), want),
                None => bail(Bail::Memory),
            }
        }
    }

    #[inline]
    fn take_last(&self, cx: Cx) -> R<T> {
        cx.point()?;
        // Read first: a wrong type bails before anything has changed.
        let item = self.item(cx, self.size() - 1)?;
        // SAFETY: The list is not empty.
        unsafe {
            let popped = journal::pop(cx, self.as_ptr())?;
            if popped.owned {
                journal::release(cx, popped.item)?;
            }
        }
        Ok(item)
    }

    fn take(&self, cx: Cx, index: usize) -> R<T> {
        let item = self.item(cx, index)?;
        // SAFETY: `index < size`; what falls out is the log's, or ours.
        unsafe {
            let logged = journal::splice(cx, self.as_ptr(), index, 1, 0)?;
            let size = self.size();
            let slot = self.slot(index);
            let old = *slot;
            core::ptr::copy(slot.add(1), slot, size - index - 1);
            layout::set_list_size(self.as_ptr(), size - 1);
            if !logged {
                journal::release(cx, old)?;
            }
        }
        Ok(item)
    }

    fn insert_at(&self, cx: Cx, index: usize, item: T) -> R<()> {
        let item = item.into_py(cx)?;
        let list = self.as_ptr();
        // SAFETY: `index <= size`; the state knows the length before there is room for more.
        unsafe {
            let size = self.size();
            let ready = journal::append(cx, list).and_then(|()| journal::reserve(list, size + 1));
            if let Err(stop) = ready.and_then(|()| journal::splice(cx, list, index, 0, 1)) {
                Py_DECREF(item);
                return Err(stop);
            }
            let slot = layout::list_items(list).add(index);
            core::ptr::copy(slot, slot.add(1), size - index);
            *slot = item;
            layout::set_list_size(list, size + 1);
        }
        Ok(())
    }

    fn splice<S: ListLike<T>>(&self, cx: Cx, start: usize, removed: usize, source: Option<&S>) -> R<()> {
        let list = self.as_ptr();
        // SAFETY: `start + removed <= size`; the state knows the length before there is room for more, and what falls out
        // is the log's, or ours.
        unsafe {
            journal::append(cx, list)?;
            let mut items = Owned(Buf::new());
            let more = source.map_or(0, ListLike::count);
            let mut gone: Buf<*mut PyObject> = Buf::new();
            if !items.0.reserve_total(more) || !gone.reserve_total(removed) {
                return bail(Bail::Memory);
            }
            if let Some(source) = source {
                for index in 0..more {
                    let _ = items.0.push(source.boxed(cx, index)?);
                }
            }
            let size = self.size();
            journal::reserve(list, size - removed + more)?;
            let logged = journal::splice(cx, list, start, removed, more)?;
            let array = layout::list_items(list);
            if !logged {
                for index in start..start + removed {
                    let _ = gone.push(*array.add(index));
                }
            }
            if size != 0 {
                let tail = size - start - removed;
                core::ptr::copy(array.add(start + removed), array.add(start + more), tail);
            }
            core::ptr::copy_nonoverlapping(items.0.as_ptr(), layout::list_items(list).add(start), more);
            items.0.set_len(0);
            layout::set_list_size(list, size - removed + more);
            journal::release_all(cx, gone.iter().copied())
        }
    }

    fn remove_stepped(&self, cx: Cx, start: usize, step: usize, count: usize) -> R<()> {
        let list = self.as_ptr();
        // SAFETY: The positions are inside; after `reshape` the pointers are ours to move.
        unsafe {
            journal::reshape(cx, list)?;
            let size = self.size();
            let array = layout::list_items(list);
            let mut gone: Buf<*mut PyObject> = Buf::new();
            if !gone.reserve_total(count) {
                return bail(Bail::Memory);
            }
            crate::buf::move_out(array, gone.as_mut_ptr(), size, (start, step, count));
            gone.set_len(count);
            layout::set_list_size(list, size - count);
            journal::release_all(cx, gone.iter().copied())
        }
    }

    fn copy_of<S: ListLike<T>>(&self, cx: Cx, source: &S) -> R<Self> {
        crate::list::plist_copy(cx, source)
    }

    fn reverse_all(&self, cx: Cx) -> R<()> {
        // SAFETY: After `reshape` the pointers are ours to move.
        unsafe {
            journal::reshape(cx, self.as_ptr())?;
            let size = self.size();
            if size > 1 {
                core::slice::from_raw_parts_mut(layout::list_items(self.as_ptr()), size).reverse();
            }
        }
        Ok(())
    }

    fn permute(&self, cx: Cx, order: &[usize]) -> R<()> {
        let mut moved: Buf<*mut PyObject> = Buf::new();
        if !moved.reserve_total(order.len()) {
            return bail(Bail::Memory);
        }
        // SAFETY: A permutation of the positions; after `reshape` the pointers are ours to move.
        unsafe {
            journal::reshape(cx, self.as_ptr())?;
            for &index in order {
                let _ = moved.push(*self.slot(index));
            }
            if !order.is_empty() {
                core::ptr::copy_nonoverlapping(moved.as_ptr(), self.slot(0), order.len());
            }
        }
        Ok(())
    }

    fn sort_all(&self, cx: Cx, reverse: bool) -> R<()>
    where
        T: ElemOrd,
    {
        let size = self.size();
        let mut pairs: Buf<(T, *mut PyObject)> = Buf::new();
        if !pairs.reserve_total(size) {
            return bail(Bail::Memory);
        }
        for index in 0..size {
            // SAFETY: `index < size`.
            let _ = pairs.push((self.item(cx, index)?, unsafe { *self.slot(index) }));
        }
        // A list that CPython is sorting looks empty; `reshape` refuses it.
        // SAFETY: An exact list; the same pointers are put back in another order.
        unsafe { journal::reshape(cx, self.as_ptr())? };
        sort_slice(cx, &mut pairs, |pair| &pair.0, reverse)?;
        for (index, pair) in pairs.iter().enumerate() {
            // SAFETY: `index < size`.
            unsafe { *self.slot(index) = pair.1 };
        }
        Ok(())
    }

    fn identity(&self) -> usize {
        self.as_ptr() as usize
    }

    #[inline]
    fn exchange(&self, cx: Cx, a: usize, b: usize) -> R<()> {
        cx.point()?;
        // SAFETY: Both are inside, by the caller. A reference that the log takes over is made up for at once, so that a
        // stop in between leaves every slot with one of its own.
        unsafe {
            for index in [a, b] {
                if let journal::Slot::Logged(state) = journal::slot(cx, self.as_ptr(), index)? {
                    let old = *self.slot(index);
                    state.log_set(index, old)?;
                    Py_INCREF(old);
                }
            }
            core::ptr::swap(self.slot(a), self.slot(b));
        }
        Ok(())
    }
}

/// References that are dropped if nothing takes them.
struct Owned(Buf<*mut PyObject>);

impl Drop for Owned {
    fn drop(&mut self) {
        for &item in self.0.iter() {
            // SAFETY: The references are ours.
            unsafe { Py_DECREF(item) };
        }
    }
}

impl<T: FromPy + IntoPy + Clone + ElemEq> Items for PList<T> {
    fn count(&self) -> usize {
        self.size()
    }

    fn with(&self, cx: Cx, index: usize, show: &mut dyn FnMut(View<'_>) -> R<()>) -> R<()> {
        show(self.item(cx, index)?.view())
    }
}

impl<T: FromPy + IntoPy + Clone + ElemEq> ElemEq for PList<T> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(*other) { Ok(true) } else { crate::list::eq(cx, self, other) }
    }

    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: FromPy + IntoPy + Clone + ElemOrd> ElemOrd for PList<T> {
    fn elem_cmp(&self, cx: Cx, other: &Self) -> R<core::cmp::Ordering> {
        crate::list::cmp(cx, self, other)
    }
}
