//! A set or frozenset of Python's, used in place: read by our own probing of its table, written in a raw clone.
//!
//! The clone has the same slots, dummies and finger, so that what native code does to it is what CPython would have
//! done.  The finished table takes the place of the set's own at the commit (replay rule 10).

use core::any::TypeId;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::{PyFrozenSet_Type, PyObject, PySet_New, PySet_Type};

use crate::boundary::layout::{self, RawSet};
use crate::boundary::sets::{Functions, RawTable};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::set::native::Native;
use crate::set::table::{Entry, Probes, Shape, Slot, Table};
use crate::set::{SetLike, SetMut};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// A borrowed exact `set` or `frozenset`; the transaction keeps it alive.
pub struct Live<K, const FROZEN: bool> {
    object: NonNull<PyObject>,
    element: PhantomData<fn() -> K>,
}

impl<K, const FROZEN: bool> Clone for Live<K, FROZEN> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, const FROZEN: bool> Copy for Live<K, FROZEN> {}

/// An element of a clone: what was there stays the object that it is.
pub struct Kept<K> {
    key: K,
    /// Null for one that native code put in; otherwise alive as long as the set itself is untouched.
    object: *mut PyObject,
}

impl<K: Clone> Clone for Kept<K> {
    fn clone(&self) -> Self {
        Kept { key: self.key.clone(), object: self.object }
    }
}

impl<K: Clone> Entry<K> for Kept<K> {
    #[inline(always)]
    fn made(key: K) -> Self {
        Kept { key, object: ptr::null_mut() }
    }

    #[inline(always)]
    fn key(&self) -> &K {
        &self.key
    }
}

impl<K, const FROZEN: bool> Live<K, FROZEN> {
    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    #[inline(always)]
    fn raw(self) -> RawSet {
        // SAFETY: An exact set or frozenset, which does not change while the transaction is open.
        unsafe { RawSet::of(self.as_ptr()) }
    }

    unsafe fn is_exact(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            layout::is_exact(object, if FROZEN { &raw mut PyFrozenSet_Type } else { &raw mut PySet_Type })
        }
    }
}

/// Is an equal key in the table of a live set?  Bails before any comparison that is not between exact builtins.
///
/// # Safety
/// `raw` is the table of a set that is alive and does not change.
#[inline]
pub(crate) unsafe fn probe<K: Key>(cx: Cx, raw: RawSet, hash: isize, key: &K) -> R<bool> {
    // SAFETY: By the caller; the slots are inside the mask, and what is active is alive.
    unsafe {
        let mut probes = Probes::new(hash, raw.mask());
        loop {
            let (stored, object) = raw.slot(probes.next());
            if object.is_null() {
                return Ok(false);
            }
            // A dummy has the hash -1, which no element has.
            if stored == hash && key.eq_object(cx, object)? {
                return Ok(true);
            }
        }
    }
}

impl<K: Key + FromPy + IntoPy> Live<K, false> {
    const FUNCTIONS: &'static Functions = &Functions { build: build::<K>, drop: drop_clone::<K> };

    pub(crate) fn make(cx: Cx) -> R<Self> {
        cx.before_tracked();
        // SAFETY: The GIL is held; the new set goes to the arena.
        unsafe {
            let object = fresh(PySet_New(ptr::null_mut()))?;
            Ok(Live { object: cx.adopt(object)?, element: PhantomData })
        }
    }

    /// A raw clone of the table, typed.
    fn clone_table(self, cx: Cx) -> R<Table<Kept<K>>> {
        // SAFETY: The set does not change while the transaction is open, and keeps its elements alive.
        unsafe {
            let raw = self.raw();
            let mut table = Table::sized(raw.mask(), raw.finger())?;
            for index in 0..=raw.mask() {
                let (hash, object) = raw.slot(index);
                table.fill_slot(
                    index,
                    match (object.is_null(), hash) {
                        (true, _) => Slot::Unused,
                        (false, -1) => Slot::Dummy,
                        (false, hash) => Slot::Active(hash, Kept { key: K::from_py(cx, object)?, object }),
                    },
                );
            }
            let shape = table.shape();
            if (shape.fill, shape.used) != (raw.fill(), raw.used()) {
                return bail(Bail::Unsupported);
            }
            Ok(table)
        }
    }
}

impl<K: Key + FromPy + IntoPy, const FROZEN: bool> Live<K, FROZEN> {
    /// The clone, if there is one.
    #[inline(always)]
    fn written<'a>(self, cx: Cx) -> R<Option<&'a mut Table<Kept<K>>>> {
        if FROZEN {
            return Ok(None);
        }
        // SAFETY: A short borrow of the transaction; `find` has compared the types.  The clone lives until the
        // transaction closes, and each borrow ends before the next call for it.
        unsafe {
            let sets = &mut cx.txn().sets;
            if sets.is_empty() {
                return Ok(None);
            }
            let data = sets.find(self.as_ptr(), TypeId::of::<K>())?;
            Ok(data.map(|data| &mut *data.cast::<Table<Kept<K>>>().as_ptr()))
        }
    }
}

impl<K: FromPy, const FROZEN: bool> FromPy for Live<K, FROZEN> {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        unsafe {
            if !Self::is_exact(object) {
                return bail(Bail::Type);
            }
            Ok(Live { object: NonNull::new_unchecked(object), element: PhantomData })
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller; an active slot holds an object that is alive.
        unsafe {
            if !Self::is_exact(object) {
                return false;
            }
            let raw = RawSet::of(object);
            let first = (0..=raw.mask())
                .map(|index| raw.slot(index))
                .find(|(hash, object)| !object.is_null() && *hash != -1);
            first.is_none_or(|(_, object)| K::matches(object))
        }
    }
}

impl<K, const FROZEN: bool> IntoPy for Live<K, FROZEN> {
    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}

impl<K: Key + FromPy + IntoPy, const FROZEN: bool> SetLike<K> for Live<K, FROZEN> {
    type Made = Native<K, FROZEN>;

    #[inline(always)]
    fn address(&self) -> usize {
        self.object.as_ptr().addr()
    }

    #[inline]
    fn shape(&self, cx: Cx) -> R<Shape> {
        match self.written(cx)? {
            Some(table) => Ok(table.shape()),
            None => {
                let raw = self.raw();
                Ok(Shape { mask: raw.mask(), fill: raw.fill(), used: raw.used() })
            }
        }
    }

    #[inline]
    fn version(&self, cx: Cx) -> R<u64> {
        Ok(self.written(cx)?.map_or(0, |table| table.version))
    }

    #[inline]
    fn at(&self, cx: Cx, index: usize) -> R<Option<(isize, K)>> {
        if let Some(table) = self.written(cx)? {
            return Ok(match table.slot(index) {
                Slot::Active(hash, entry) => Some((*hash, entry.key.clone())),
                Slot::Unused | Slot::Dummy => None,
            });
        }
        // SAFETY: `index` is inside the mask, by the caller; the set keeps its elements alive.
        unsafe {
            let (hash, object) = self.raw().slot(index);
            if object.is_null() || hash == -1 {
                return Ok(None);
            }
            Ok(Some((hash, K::from_py(cx, object)?)))
        }
    }

    #[inline]
    fn has(&self, cx: Cx, hash: isize, key: &K) -> R<bool> {
        match self.written(cx)? {
            Some(table) => Ok(table.find(cx, hash, key)?.is_some()),
            // SAFETY: The set does not change while the transaction is open.
            None => unsafe { probe(cx, self.raw(), hash, key) },
        }
    }
}

impl<K: Key + FromPy + IntoPy> SetMut<K> for Live<K, false> {
    type Entry = Kept<K>;

    #[inline]
    fn is_untouched(&self, cx: Cx) -> R<bool> {
        Ok(self.written(cx)?.is_none())
    }

    fn table_mut(&self, cx: Cx) -> R<&mut Table<Kept<K>>> {
        cx.point()?;
        if let Some(table) = self.written(cx)? {
            return Ok(table);
        }
        let data = NonNull::from(Box::leak(Box::new(self.clone_table(cx)?)));
        // SAFETY: The box is given to the transaction, which drops it after it has closed.
        unsafe {
            cx.txn().sets.insert(self.as_ptr(), TypeId::of::<K>(), data.cast(), Self::FUNCTIONS)?;
            Ok(&mut *data.as_ptr())
        }
    }
}

/// Boxes a clone for the commit.
unsafe fn build<K: Key + FromPy + IntoPy>(data: NonNull<u8>, cx: Cx) -> R<RawTable> {
    // SAFETY: By the caller: a clone of these types, not borrowed.
    let table = unsafe { &*data.cast::<Table<Kept<K>>>().as_ptr() };
    RawTable::of(table, |entry| {
        if entry.object.is_null() {
            return entry.key.clone().into_py(cx);
        }
        // SAFETY: The set still holds it.
        Ok(unsafe { again(entry.object) })
    })
}

unsafe fn drop_clone<K>(data: NonNull<u8>) {
    // SAFETY: By the caller: a clone of these types, dropped once.
    drop(unsafe { Box::from_raw(data.cast::<Table<Kept<K>>>().as_ptr()) });
}

impl<K: Key + FromPy + IntoPy, const FROZEN: bool> ElemEq for Live<K, FROZEN> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        crate::set::eq(cx, self, other)
    }

    fn view(&self) -> View<'_> {
        View::Set
    }
}

impl<K: Key + FromPy + IntoPy, const FROZEN: bool> ElemOrd for Live<K, FROZEN> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        // Subsets are no order that sorting could rely on.
        bail(Bail::Unsupported)
    }
}
