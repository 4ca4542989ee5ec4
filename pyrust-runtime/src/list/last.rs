//! Lists that are written to last in a call: see `txn::last`.

use pyo3_ffi::{Py_DECREF, Py_REFCNT};

use super::{ListLike, PList, ahead, position};
use crate::boundary::{journal, layout};
use crate::py::{FromPy, IntoPy};
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
    list.put_last(cx, position(index, list.count())?, item, given)
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
    list.put_last(cx, ahead(index, list.count())?, item, given)
}

/// `l.append(x)`
#[inline(always)]
pub fn append_last<T: Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, item: T, given: Given) -> R<()> {
    list.push_last(cx, item, given)
}

impl<T: FromPy + IntoPy + Clone> PList<T> {
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
