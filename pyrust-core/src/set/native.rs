//! A set or frozenset that no Python code has seen yet: a shared handle to a table of values.

use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use pyo3_ffi::{Py_DECREF, PyFrozenSet_New, PyObject, PySet_New};

use crate::blocks;
use crate::boundary::sets::RawTable;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{IntoPy, again, fresh};
use crate::retype::Counted;
use crate::set::table::{Entry, Own, Shape, Slot, Table};
use crate::set::unordered::Unordered;
use crate::set::{Fresh, Hash, SetLike, SetMut};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A place in the text that makes sets. Once one of them was asked for its order, the next ones have it from the beginning:
/// to make it behind all elements costs as much again. Not those of elements of which CPython's hash costs more than ours.
pub struct Site(AtomicBool);

impl Site {
    pub const fn new() -> Site {
        Site(AtomicBool::new(false))
    }
}

impl Default for Site {
    fn default() -> Self {
        Site::new()
    }
}

struct Head<K: Key> {
    handles: Cell<usize>,
    /// Empty as long as there are elements without order.
    table: Table<Own<K>>,
    unordered: Option<Unordered<K>>,
    /// Where it was made, if that is known.
    site: Option<&'static Site>,
    /// The Python object that this one became; held by the transaction.
    object: Cell<*mut PyObject>,
}

/// Cloning the handle is Python's aliasing; the elements are dropped with the last one.
pub struct Native<K: Key, const FROZEN: bool> {
    head: NonNull<Head<K>>,
}

impl<K: Key, const FROZEN: bool> Clone for Native<K, FROZEN> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: The head lives as long as a handle.
        let handles = unsafe { &(*self.head.as_ptr()).handles };
        handles.set(handles.get() + 1);
        Native { head: self.head }
    }
}

impl<K: Key, const FROZEN: bool> Drop for Native<K, FROZEN> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The head lives as long as a handle; it came from `blocks::make`.
        unsafe {
            let handles = &(*self.head.as_ptr()).handles;
            handles.set(handles.get() - 1);
            if handles.get() == 0 {
                ptr::drop_in_place(self.head.as_ptr());
                blocks::unmake(self.head.as_ptr());
            }
        }
    }
}

impl<K: Key, const FROZEN: bool> Native<K, FROZEN> {
    /// An empty one, whose order nobody has asked for. Keys that compiled methods compare stand in CPython's table from
    /// the beginning: which of them are compared is seen.
    pub(crate) fn without_order() -> R<Self> {
        Native::made(Table::new(), if K::HASHED { None } else { Some(Unordered::new()) }, None)
    }

    /// The same at a place that learns what becomes of its sets.
    pub(crate) fn made_at(site: &'static Site) -> R<Self> {
        if K::HASHED || site.0.load(Relaxed) {
            return Native::made(Table::new(), None, None);
        }
        Native::made(Table::new(), Some(Unordered::new()), Some(site))
    }

    fn made(table: Table<Own<K>>, unordered: Option<Unordered<K>>, site: Option<&'static Site>) -> R<Self> {
        // SAFETY: It is written before the handle exists.
        unsafe {
            let Some(head) = NonNull::new(blocks::make::<Head<K>>()) else {
                return bail(Bail::Memory);
            };
            let object = Cell::new(ptr::null_mut());
            head.as_ptr().write(Head { handles: Cell::new(1), table, unordered, site, object });
            Ok(Native { head })
        }
    }

    /// The elements, if they have no order.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    fn unordered(&self) -> Option<&mut Unordered<K>> {
        // SAFETY: The head lives as long as the handle; the borrows end before anything else changes the set.
        unsafe { (*self.head.as_ptr()).unordered.as_mut() }
    }

    /// From here on the elements have CPython's order.
    #[cold]
    #[inline(never)]
    fn settle(&self, cx: Cx) -> R<()> {
        let Some(unordered) = self.unordered() else { return Ok(()) };
        let knows_hashes = unordered.knows_hashes();
        let table = unordered.ordered(cx)?;
        // SAFETY: As above; nothing borrows the old table, which is empty.
        unsafe {
            let head = &mut *self.head.as_ptr();
            if let Some(site) = head.site.take()
                && knows_hashes
            {
                site.0.store(true, Relaxed);
            }
            head.table = table;
            head.unordered = None;
        }
        Ok(())
    }

    /// The table, made now if there is none.
    #[inline(always)]
    fn table(&self, cx: Cx) -> R<&Table<Own<K>>> {
        if self.unordered().is_some() {
            self.settle(cx)?;
        }
        // SAFETY: The head lives as long as the handle; the borrows here end before anything changes the table.
        Ok(unsafe { &(*self.head.as_ptr()).table })
    }

    /// The table, where nobody else has the handle; otherwise a bailout.
    pub(crate) fn into_table(self, cx: Cx) -> R<Table<Own<K>>> {
        self.table(cx)?;
        // SAFETY: As above; the only handle.
        let head = unsafe { &mut *self.head.as_ptr() };
        if head.handles.get() != 1 {
            return bail(Bail::Panic);
        }
        Ok(core::mem::replace(&mut head.table, Table::new()))
    }
}

impl<K: Key, const FROZEN: bool> Counted for Native<K, FROZEN> {
    fn is_alone(&self) -> bool {
        // SAFETY: The head lives as long as the handle.
        let head = unsafe { &*self.head.as_ptr() };
        // One that cannot change stays equal to the object made of it, which it remembers.
        FROZEN || (head.handles.get() == 1 && head.object.get().is_null())
    }
}

impl<K: Key, const FROZEN: bool> Fresh<K> for Native<K, FROZEN> {
    fn from_table(table: Table<Own<K>>) -> R<Self> {
        Native::made(table, None, None)
    }
}

impl<K: Key, const FROZEN: bool> SetLike<K> for Native<K, FROZEN> {
    type Made = Native<K, FROZEN>;

    #[inline(always)]
    fn address(&self) -> usize {
        self.head.as_ptr().addr()
    }

    #[inline(always)]
    fn count(&self, cx: Cx) -> R<usize> {
        match self.unordered() {
            Some(unordered) => Ok(unordered.len()),
            None => Ok(self.shape(cx)?.used),
        }
    }

    #[inline(always)]
    fn shape(&self, cx: Cx) -> R<Shape> {
        Ok(self.table(cx)?.shape())
    }

    #[inline(always)]
    fn version(&self, cx: Cx) -> R<u64> {
        Ok(self.table(cx)?.version)
    }

    #[inline(always)]
    fn at(&self, cx: Cx, index: usize) -> R<Option<(isize, K)>> {
        match self.table(cx)?.slot(index) {
            Slot::Active(hash, key) => Ok(Some((*hash, key.key()))),
            Slot::Unused | Slot::Dummy => Ok(None),
        }
    }

    fn each(&self, cx: Cx, f: &mut impl FnMut(isize, &Own<K>) -> R<()>) -> R<()> {
        self.table(cx)?.each(f)
    }

    #[inline]
    fn has_own(&self, cx: Cx, hash: isize, own: &Own<K>) -> R<bool> {
        match self.unordered() {
            Some(unordered) => unordered.has(cx, &own.key()),
            None => Ok(self.table(cx)?.find_own(cx, hash, own)?.is_some()),
        }
    }

    #[inline]
    fn has(&self, cx: Cx, hash: isize, key: &K) -> R<bool> {
        match self.unordered() {
            Some(unordered) => unordered.has(cx, key),
            None => Ok(self.table(cx)?.find(cx, hash, key)?.is_some()),
        }
    }

    #[inline]
    fn has_hashed(&self, cx: Cx, hash: Hash, key: &K) -> R<bool> {
        match (self.unordered(), hash) {
            (Some(unordered), Hash::Own(hash)) => unordered.has_hashed(cx, hash, key),
            (Some(unordered), Hash::Python(_)) => unordered.has(cx, key),
            (None, Hash::Python(hash)) => self.has(cx, hash, key),
            (None, Hash::Own(_)) => self.holds(cx, key),
        }
    }

    fn every(&self, cx: Cx, f: &mut dyn FnMut(Hash, K) -> R<bool>) -> R<bool> {
        if let Some(unordered) = self.unordered() {
            for (hash, key) in unordered.elements() {
                if !f(Hash::Own(hash), key)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let table = self.table(cx)?;
        for index in 0..=table.shape().mask {
            if let Slot::Active(hash, key) = table.slot(index)
                && !f(Hash::Python(*hash), key.key())?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[inline]
    fn holds(&self, cx: Cx, key: &K) -> R<bool> {
        match self.unordered() {
            Some(unordered) => unordered.has(cx, key),
            None => self.has(cx, key.py_hash(cx)?, key),
        }
    }
}

impl<K: Key> SetMut<K> for Native<K, false> {
    type Entry = Own<K>;

    #[inline(always)]
    fn is_untouched(&self, _: Cx) -> R<bool> {
        Ok(false)
    }

    #[inline(always)]
    fn table_mut(&self, cx: Cx) -> R<&mut Table<Own<K>>> {
        self.table(cx)?;
        // SAFETY: The head lives as long as the handle; one thread, and the borrow ends before the set is used again.
        Ok(unsafe { &mut (*self.head.as_ptr()).table })
    }

    #[inline]
    fn insert(&self, cx: Cx, key: K) -> R<()> {
        match self.unordered() {
            Some(unordered) => {
                unordered.add(cx, key)?;
                if unordered.is_worn() { self.settle(cx) } else { Ok(()) }
            }
            None => self.table_mut(cx)?.add(cx, key.py_hash(cx)?, key),
        }
    }

    #[inline]
    fn take(&self, cx: Cx, key: &K) -> R<bool> {
        match self.unordered() {
            Some(unordered) => {
                let taken = unordered.take(cx, key)?;
                if unordered.is_worn() {
                    self.settle(cx)?;
                }
                Ok(taken)
            }
            None => Ok(self.table_mut(cx)?.discard(cx, key.py_hash(cx)?, key)?.is_some()),
        }
    }
}

impl<K: Key + IntoPy, const FROZEN: bool> IntoPy for Native<K, FROZEN> {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: The head lives as long as the handle; boxing does not change the set.  The new set is empty and
        // nobody has seen it.
        unsafe {
            if !(*self.head.as_ptr()).object.get().is_null() {
                return Ok(again((*self.head.as_ptr()).object.get()));
            }
            self.table(cx)?;
            let head = &*self.head.as_ptr();
            let raw = RawTable::of(&head.table, |key| key.key().into_py(cx))?;
            cx.before_tracked();
            let new = if FROZEN { PyFrozenSet_New } else { PySet_New };
            let object = match fresh(new(ptr::null_mut())) {
                Ok(object) => object,
                Err(stop) => {
                    raw.discard();
                    return Err(stop);
                }
            };
            raw.transplant(object).discard();
            if head.handles.get() > 1 {
                if let Err(stop) = cx.adopt(again(object)) {
                    Py_DECREF(object);
                    return Err(stop);
                }
                head.object.set(object);
            }
            Ok(object)
        }
    }
}

impl<K: Key, const FROZEN: bool> ElemEq for Native<K, FROZEN> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        crate::set::eq(cx, self, other)
    }

    fn view(&self) -> View<'_> {
        View::Set
    }
}

impl<K: Key, const FROZEN: bool> ElemOrd for Native<K, FROZEN> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        // Subsets are no order that sorting could rely on.
        bail(Bail::Unsupported)
    }
}
