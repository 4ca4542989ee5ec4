//! A set or frozenset of Python's, used in place: read by our own probing of its table, written in a raw clone.
//!
//! The clone has the same slots, dummies and finger, so that what native code does to it is what CPython would have
//! done.  The finished table takes the place of the set's own at the commit (replay rule 10).  A large set is only
//! cloned when so much is changed that it pays, or when the order is asked for.

use core::any::TypeId;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::{PyFrozenSet_Type, PyObject, PySet_New, PySet_Type};

use crate::boundary::layout::{self, RawSet};
use crate::boundary::overlay::keep_dropped;
use crate::boundary::sets::{Built, Functions, Op, RawTable, release};
use crate::buf::Buf;
use crate::dict::table::Table as Places;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{FromPy, IntoPy, again, fresh};
use crate::set::native::Native;
use crate::set::table::{Entry, Own, Probes, Shape, Slot, Table};
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

impl<K: Key> Entry<K> for Kept<K> {
    #[inline(always)]
    fn made(key: K) -> Self {
        Kept { key, object: ptr::null_mut() }
    }

    #[inline(always)]
    fn key(&self) -> K {
        self.key.clone()
    }

    #[inline(always)]
    fn is_key(&self, cx: Cx, key: &K) -> R<bool> {
        self.key.elem_eq(cx, key)
    }

    #[inline(always)]
    fn of(entry: &Own<K>) -> Self {
        Kept::made(entry.key())
    }

    #[inline(always)]
    fn is_own(&self, cx: Cx, entry: &Own<K>) -> R<bool> {
        entry.is_key(cx, &self.key)
    }
}

/// A set is not cloned for so few changes …
const FEW: usize = 2;
/// … or as many as the elements that its table is made for, divided by this: a clone goes through the table.
const SHARE: usize = 8;
/// So many slots of a table there are for one element.
const SLOTS: usize = 4;
/// Where no element is among so many first slots, what the set holds is not looked for: most of it has been taken out.
const NEAR: usize = 64;

/// What was written to one set.
struct Changes<K: Key> {
    clone: Option<Table<Kept<K>>>,
    /// As long as there is no clone: what came or went; is it there now?
    few: Places<K, bool>,
    /// In order: the place and the element that came, or the place of one that went.
    log: Buf<(usize, Option<K>)>,
    used: usize,
    slots: usize,
}

impl<K: Key> Changes<K> {
    fn new(raw: RawSet) -> Changes<K> {
        let (used, slots) = (raw.used(), raw.mask() + 1);
        Changes { clone: None, few: Places::new(), log: Buf::new(), used, slots }
    }

    /// Remembers that an element came or went.
    fn note(&mut self, cx: Cx, key: &K, came: bool) -> R<()> {
        let place = match self.few.search(cx, key)? {
            Ok(place) => {
                *self.few.value_mut(place) = came;
                place
            }
            Err(hash) => self.few.add(hash, key.clone(), came)?,
        };
        self.used = if came { self.used + 1 } else { self.used - 1 };
        if self.log.push((place, came.then(|| key.clone()))).is_err() {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    /// Would a clone be cheaper?
    fn are_many(&self) -> bool {
        self.log.len() >= FEW.max(self.used.max(self.slots / SLOTS) / SHARE + 1)
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

/// The equal key in the table of a live set, if there is one.  Bails before any comparison that is not between exact builtins.
///
/// # Safety
/// `raw` is the table of a set that is alive and does not change.
#[inline]
unsafe fn found<K: Key>(cx: Cx, raw: RawSet, hash: isize, key: &K) -> R<Option<*mut PyObject>> {
    // SAFETY: By the caller; the slots are inside the mask, and what is active is alive.
    unsafe {
        let mut probes = Probes::new(hash, raw.mask());
        loop {
            let (stored, object) = raw.slot(probes.next());
            if object.is_null() {
                return Ok(None);
            }
            // A dummy has the hash -1, which no element has.
            if stored == hash && key.eq_object(cx, object)? {
                return Ok(Some(object));
            }
        }
    }
}

/// Is an equal key in the table of a live set?
///
/// # Safety
/// As for [`found`].
#[inline]
pub(crate) unsafe fn probe<K: Key>(cx: Cx, raw: RawSet, hash: isize, key: &K) -> R<bool> {
    // SAFETY: By the caller.
    Ok(unsafe { found(cx, raw, hash, key)? }.is_some())
}

impl<K: Key + FromPy + IntoPy> Live<K, false> {
    const FUNCTIONS: &'static Functions = &Functions { build: build::<K>, drop: drop_changes::<K> };

    pub(crate) fn make(cx: Cx) -> R<Self> {
        cx.before_tracked();
        // SAFETY: The GIL is held; the new set goes to the arena.
        unsafe {
            let object = fresh(PySet_New(ptr::null_mut()))?;
            Ok(Live { object: cx.adopt(object)?, element: PhantomData })
        }
    }
}

impl<K: Key + FromPy + IntoPy, const FROZEN: bool> Live<K, FROZEN> {
    /// The changes, if there are any.
    #[inline(always)]
    fn changes<'a>(self, cx: Cx) -> R<Option<&'a mut Changes<K>>> {
        if FROZEN {
            return Ok(None);
        }
        // SAFETY: A short borrow of the transaction; `find` has compared the types.  The changes live until the
        // transaction closes, and each borrow ends before the next call for them.
        unsafe {
            let sets = &mut cx.txn().rare().sets;
            if sets.is_empty() {
                return Ok(None);
            }
            let data = sets.find(self.as_ptr(), TypeId::of::<K>())?;
            Ok(data.map(|data| &mut *data.cast::<Changes<K>>().as_ptr()))
        }
    }

    /// Has native code written to it?
    pub fn is_written(self, cx: Cx) -> R<bool> {
        Ok(self.changes(cx)?.is_some())
    }

    /// The clone, if anything was written.
    #[inline(always)]
    fn written<'a>(self, cx: Cx) -> R<Option<&'a mut Table<Kept<K>>>> {
        match self.changes(cx)? {
            None => Ok(None),
            Some(Changes { clone: Some(clone), .. }) => Ok(Some(clone)),
            Some(changes) => self.cloned(cx, changes).map(Some),
        }
    }

    /// Makes the clone, and does to it what was remembered.
    #[cold]
    #[inline(never)]
    fn cloned(self, cx: Cx, changes: &mut Changes<K>) -> R<&mut Table<Kept<K>>> {
        let mut table = self.clone_table(cx)?;
        for (place, came) in changes.log.iter() {
            let hash = changes.few.key(*place).py_hash(cx)?;
            match came {
                Some(key) => table.add(cx, hash, key.clone())?,
                None => drop(table.discard(cx, hash, &changes.few.key(*place))?),
            }
        }
        (changes.few, changes.log) = (Places::new(), Buf::new());
        Ok(changes.clone.insert(table))
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
            let near = raw.mask().min(NEAR) * usize::from(raw.used() > 0);
            let first = (0..=near)
                .map(|index| raw.slot(index))
                .find(|(hash, object)| !object.is_null() && *hash != -1);
            first.is_none_or(|(_, object)| K::matches(object))
        }
    }
}

impl<K, const FROZEN: bool> IntoPy for Live<K, FROZEN> {
    const LASTS: bool = true;

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
    fn count(&self, cx: Cx) -> R<usize> {
        match self.changes(cx)? {
            Some(changes) if changes.clone.is_none() => Ok(changes.used),
            _ => Ok(self.shape(cx)?.used),
        }
    }

    #[inline]
    fn holds(&self, cx: Cx, key: &K) -> R<bool> {
        if let Some(changes) = self.changes(cx)?
            && changes.clone.is_none()
        {
            return match changes.few.search(cx, key)? {
                Ok(place) => Ok(*changes.few.value(place)),
                // SAFETY: The set does not change while the transaction is open.
                Err(_) => unsafe { probe(cx, self.raw(), key.py_hash(cx)?, key) },
            };
        }
        self.has(cx, key.py_hash(cx)?, key)
    }

    fn holds_other<Q: Key + FromPy + IntoPy>(&self, cx: Cx, key: &Q) -> R<bool> {
        match self.changes(cx)? {
            // SAFETY: The set does not change while the transaction is open.
            None => unsafe { probe(cx, self.raw(), key.py_hash(cx)?, key) },
            // It may be empty now.
            Some(_) => bail(Bail::Unsupported),
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

    fn each(&self, cx: Cx, f: &mut impl FnMut(isize, &Own<K>) -> R<()>) -> R<()> {
        if let Some(table) = self.written(cx)? {
            return table.each(|hash, entry| f(hash, &Own::made(entry.key.clone())));
        }
        let raw = self.raw();
        for index in 0..=raw.mask() {
            // SAFETY: Inside the mask; the set does not change while the transaction is open, and keeps its elements alive.
            unsafe {
                let (hash, object) = raw.slot(index);
                if !object.is_null() && hash != -1 {
                    f(hash, &Own::made(K::from_py(cx, object)?))?;
                }
            }
        }
        Ok(())
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
        Ok(self.changes(cx)?.is_none())
    }

    fn table_mut(&self, cx: Cx) -> R<&mut Table<Kept<K>>> {
        cx.point()?;
        let changes = self.changes_mut(cx)?;
        match changes.clone {
            Some(ref mut clone) => Ok(clone),
            None => self.cloned(cx, changes),
        }
    }

    fn insert(&self, cx: Cx, key: K) -> R<()> {
        if self.has_few(cx)? {
            if self.holds(cx, &key)? {
                return Ok(());
            }
            cx.point()?;
            return self.changes_mut(cx)?.note(cx, &key, true);
        }
        let hash = key.py_hash(cx)?;
        // One that is there changes nothing: no clone is needed for it.
        if self.is_untouched(cx)? && self.has(cx, hash, &key)? {
            return Ok(());
        }
        self.table_mut(cx)?.add(cx, hash, key)
    }

    fn take(&self, cx: Cx, key: &K) -> R<bool> {
        if self.has_few(cx)? {
            if !self.holds(cx, key)? {
                return Ok(false);
            }
            cx.point()?;
            let changes = self.changes_mut(cx)?;
            if changes.few.search(cx, key)?.is_err() {
                // SAFETY: The set does not change while the transaction is open, and keeps its elements alive.
                unsafe {
                    if let Some(object) = found(cx, self.raw(), key.py_hash(cx)?, key)? {
                        keep_dropped(cx, object)?;
                    }
                }
            }
            changes.note(cx, key, false)?;
            return Ok(true);
        }
        let hash = key.py_hash(cx)?;
        if self.is_untouched(cx)? && !self.has(cx, hash, key)? {
            return Ok(false);
        }
        Ok(self.table_mut(cx)?.discard(cx, hash, key)?.is_some())
    }
}

impl<K: Key + FromPy + IntoPy> Live<K, false> {
    /// Is it a set of which little was changed, so that a change is only remembered?
    fn has_few(self, cx: Cx) -> R<bool> {
        if K::is_hooked() {
            // What is remembered is done by Python in the end.
            return Ok(false);
        }
        Ok(match self.changes(cx)? {
            Some(changes) => changes.clone.is_none() && !changes.are_many(),
            None => true,
        })
    }

    /// The changes, none at first.
    fn changes_mut<'a>(self, cx: Cx) -> R<&'a mut Changes<K>> {
        if let Some(changes) = self.changes(cx)? {
            return Ok(changes);
        }
        let data = NonNull::from(Box::leak(Box::new(Changes::<K>::new(self.raw()))));
        // SAFETY: The box is given to the transaction, which drops it after it has closed.
        unsafe {
            cx.txn().rare().sets.insert(self.as_ptr(), TypeId::of::<K>(), data.cast(), Self::FUNCTIONS)?;
            Ok(&mut *data.as_ptr())
        }
    }
}

/// Boxes what was written for the commit.
unsafe fn build<K: Key + FromPy + IntoPy>(data: NonNull<u8>, cx: Cx) -> R<Built> {
    // SAFETY: By the caller: changes of these types, not borrowed.
    let changes = unsafe { &*data.cast::<Changes<K>>().as_ptr() };
    let Some(table) = &changes.clone else {
        let mut operations = Buf::new();
        if !operations.reserve_total(changes.log.len()) {
            return bail(Bail::Memory);
        }
        for (place, came) in changes.log.iter() {
            let key = came.clone().unwrap_or_else(|| changes.few.key(*place)).into_py(cx);
            match key {
                Ok(key) => {
                    let _ = operations.push(if came.is_some() { Op::Add(key) } else { Op::Discard(key) });
                }
                Err(stop) => {
                    release(&operations);
                    return Err(stop);
                }
            }
        }
        return Ok(Built::Operations(operations));
    };
    RawTable::of(table, |entry| {
        if entry.object.is_null() {
            return entry.key.clone().into_py(cx);
        }
        // SAFETY: The set still holds it.
        Ok(unsafe { again(entry.object) })
    })
    .map(Built::Table)
}

unsafe fn drop_changes<K: Key>(data: NonNull<u8>) {
    // SAFETY: By the caller: changes of these types, dropped once.
    drop(unsafe { Box::from_raw(data.cast::<Changes<K>>().as_ptr()) });
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
