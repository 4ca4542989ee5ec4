//! Lists that are written to last in a call: see `txn::last`.

use pyo3_ffi::{Py_DECREF, Py_REFCNT};

use super::{ListLike, PList, ahead, position_of};
use crate::boundary::{journal, layout};
use crate::py::{FromPy, IntoPy};
use crate::said::Said;
use crate::stop::R;
use crate::txn::Cx;
use crate::txn::last::{self, Given};

/// `l[i] = x`
#[inline(always)]
pub fn set_last<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    index: i64,
    item: T,
    given: Given,
) -> R<()> {
    list.put_last(cx, position_of(index, list.count(), Said::ListStore)?, item, given)
}

/// The same with an index that is never negative.
#[inline(always)]
pub fn set_at_last<T: Clone + 'static, L: ListLike<T>>(
    cx: Cx,
    list: &L,
    index: i64,
    item: T,
    given: Given,
) -> R<()> {
    list.put_last(cx, ahead(index, list.count(), Said::ListStore)?, item, given)
}

/// `l.append(x)`
#[inline(always)]
pub fn append_last<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: T, given: Given) -> R<()> {
    list.push_last(cx, item, given)
}

/// `return l.pop()`
#[inline(always)]
pub fn pop_last<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L) -> R<T> {
    match list.pop_here(cx)? {
        Some(item) => Ok(item),
        None => super::pop(cx, list),
    }
}

impl<T: FromPy + IntoPy + Clone> PList<T> {
    /// Takes the last item, which goes out as it is, of a list that is not empty.
    #[inline]
    pub(super) fn take_out(&self, cx: Cx) -> R<T> {
        let list = self.as_ptr();
        // SAFETY: The list is not empty; its reference to the item becomes the one that is returned.
        unsafe {
            let size = layout::var_size(list) - 1;
            let object = *self.slot(size);
            // Read first: a wrong type bails before anything has changed.
            let item = T::from_py(cx, object)?;
            layout::set_list_size(list, size);
            journal::shrink(list);
            cx.returns_taken(object);
            Ok(item)
        }
    }

    /// Stores into `index`, which is inside; the item comes back where the journal has to know of it.
    #[inline(always)]
    pub(super) fn put_here(&self, cx: Cx, index: usize, item: T, given: Given) -> R<Option<T>> {
        if !(T::LASTS && cx.ends_here()) {
            return Ok(Some(item));
        }
        // SAFETY: `index < size`, by the caller. An object that is overwritten is referenced by the list alone.
        unsafe {
            let slot = self.slot(index);
            let old = *slot;
            if !last::dies_here(old) {
                return Ok(Some(item));
            }
            let alone = Py_REFCNT(old) == 1 && !cx.txn().objects_seen;
            if !(alone && item.rewrite(old)) {
                last::put(slot, cx.boxed_last(item, given)?);
            }
            Ok(None)
        }
    }

    /// Stores into `index`, which is inside, where something was written before.
    #[inline(never)]
    pub(super) fn put_behind(&self, cx: Cx, index: usize, item: T, given: Given) -> R<()> {
        let item = cx.boxed_last(item, given)?;
        // SAFETY: `index < size`; a new reference. The commit may move what the list has, and changes nothing of it.
        unsafe {
            if !cx.ends_behind(Some(*self.slot(index))) {
                return self.put_object(cx, index, item);
            }
            last::put(self.slot(index), item);
        }
        Ok(())
    }

    /// Appends, where something was written before.
    #[inline(never)]
    pub(super) fn push_behind(&self, cx: Cx, item: T, given: Given) -> R<()> {
        let (list, size) = (self.as_ptr(), self.size());
        // SAFETY: A list; a new reference. There is room: a commit leaves some to a list that is not empty.
        unsafe {
            if size == 0 || (size as isize) >= layout::list_allocated(list) {
                return self.push(cx, item);
            }
            let item = cx.boxed_last(item, given)?;
            if !cx.ends_behind(None) {
                return self.push_object(cx, item);
            }
            *layout::list_items(list).add(size) = item;
            layout::set_list_size(list, size + 1);
        }
        Ok(())
    }

    /// Appends; the item comes back where the journal has to know of it.
    #[inline(always)]
    pub(super) fn push_here(&self, cx: Cx, item: T, given: Given) -> R<Option<T>> {
        let list = self.as_ptr();
        // SAFETY: A list; one that CPython is sorting is left to the journal, which refuses it.
        unsafe {
            if !(T::LASTS && cx.ends_here()) || layout::list_allocated(list) < 0 {
                return Ok(Some(item));
            }
            let (size, item) = (layout::var_size(list), cx.boxed_last(item, given)?);
            if let Err(stop) = journal::reserve(list, size + 1) {
                Py_DECREF(item);
                return Err(stop);
            }
            *layout::list_items(list).add(size) = item;
            layout::set_list_size(list, size + 1);
            Ok(None)
        }
    }
}
