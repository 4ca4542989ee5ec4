//! A dict that no Python code has seen yet: a shared handle to a table of values.

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use std::rc::Rc;

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::blocks;
use crate::boundary::layout;
use crate::boundary::overlay::{all_differ, set_known};
use crate::buf::Buf;
use crate::dict::table::Table;
use crate::dict::{Cursor, DictLike, InOrder, Kind, Maker, Ordered, Place, Plain};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{IntoPy, again, ahead};
use crate::retype::Counted;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::{Cx, no_memory};

struct Head<K: Key, V> {
    handles: Cell<usize>,
    version: Cell<u64>,
    table: Table<K, V>,
    /// Of a `defaultdict`.
    maker: Option<Rc<Maker<V>>>,
    /// Of an `OrderedDict` whose order is no longer that in which the entries were put in: that order, which the dict
    /// below it has.
    below: Option<Box<Table<K, ()>>>,
    /// The Python dict that this one became; held by the transaction.
    object: Cell<*mut PyObject>,
}

/// Cloning the handle is Python's aliasing; the entries are dropped with the last one.
pub struct Dict<K: Key, V, M = Plain> {
    head: NonNull<Head<K, V>>,
    kind: PhantomData<M>,
}

impl<K: Key, V, M> Clone for Dict<K, V, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        // SAFETY: The head lives as long as a handle.
        let handles = unsafe { &(*self.head.as_ptr()).handles };
        handles.set(handles.get() + 1);
        Dict { head: self.head, kind: PhantomData }
    }
}

impl<K: Key, V, M> Drop for Dict<K, V, M> {
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

impl<K: Key, V: Clone + 'static> Dict<K, V> {
    pub(crate) fn make(cx: Cx) -> R<Dict<K, V>> {
        Dict::with_maker(cx, None)
    }
}

impl<K: Key, V: Clone + 'static, M: Kind> Dict<K, V, M> {
    pub(crate) fn with_maker(_: Cx, maker: Option<Rc<Maker<V>>>) -> R<Dict<K, V, M>> {
        // SAFETY: It is written before the handle exists.
        unsafe {
            let Some(head) = NonNull::new(blocks::make::<Head<K, V>>()) else {
                return bail(Bail::Memory);
            };
            head.as_ptr().write(Head {
                handles: Cell::new(1),
                version: Cell::new(0),
                table: Table::new(),
                maker,
                below: None,
                object: Cell::new(ptr::null_mut()),
            });
            Ok(Dict { head, kind: PhantomData })
        }
    }

    /// Removes the first entry.
    fn first_taken(&self, cx: Cx) -> R<Option<(K, V)>> {
        let Some(place) = self.table_mut().first_live() else { return Ok(None) };
        self.take_at(cx, place).map(Some)
    }

    /// Removes the entry at a live place.
    #[inline(always)]
    fn take_at(&self, cx: Cx, place: usize) -> R<(K, V)> {
        if M::MOVES
            && let Some(below) = self.below()
        {
            let key = self.table().key(place);
            if let Some(place) = below.find(cx, Table::<K, V>::hash(cx, &key)?, &key)? {
                drop(below.remove(place));
            }
        }
        let pair = self.table_mut().remove(place);
        self.changed();
        Ok(pair)
    }

    /// Adds a key that is not there.
    #[inline(always)]
    fn add(&self, hash: u64, key: K, value: V) -> R<()> {
        if M::MOVES
            && let Some(below) = self.below()
        {
            below.add(hash, key.clone(), ())?;
        }
        self.table_mut().add(hash, key, value)?;
        self.changed();
        Ok(())
    }

    /// Moves an entry to the end or to the front; false if there is none.
    fn moved_entry(&self, cx: Cx, key: &K, last: bool) -> R<bool> {
        let hash = Table::<K, V>::hash(cx, key)?;
        let Some(place) = self.table().find(cx, hash, key)? else { return Ok(false) };
        if self.below().is_none() {
            let mut below = Box::new(Table::new());
            let mut from = 0;
            while let Some(place) = self.table().next_live(from) {
                let key = self.table().key(place);
                below.add(Table::<K, V>::hash(cx, &key)?, key, ())?;
                from = place + 1;
            }
            // SAFETY: The head lives as long as the handle; no borrow of it is open.
            unsafe { (*self.head.as_ptr()).below = Some(below) };
        }
        // CPython does nothing where it stands there already.
        let table = self.table_mut();
        let edge = if last { table.last_live() } else { table.first_live() };
        if edge == Some(place) {
            return Ok(true);
        }
        let (key, value) = table.remove(place);
        if last {
            table.add(hash, key, value)?;
        } else {
            let mut rest = core::mem::replace(table, Table::new());
            table.add(hash, key, value)?;
            while let Some(place) = rest.first_live() {
                let (key, value) = rest.remove(place);
                table.add(Table::<K, V>::hash(cx, &key)?, key, value)?;
            }
        }
        self.changed();
        Ok(true)
    }

    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    fn below(&self) -> Option<&mut Table<K, ()>> {
        // SAFETY: As for `table_mut`.
        unsafe { (*self.head.as_ptr()).below.as_deref_mut() }
    }

    /// What makes the values of missing keys.
    pub(crate) fn maker(&self) -> Option<Rc<Maker<V>>> {
        // SAFETY: The head lives as long as the handle.
        unsafe { (*self.head.as_ptr()).maker.clone() }
    }

    /// The entries of a dict that has none.
    pub(crate) fn set_table(&self, table: Table<K, V>) {
        *self.table_mut() = table;
    }

    /// The entries, which leave the dict.
    pub(crate) fn take_table(&self) -> Table<K, V> {
        core::mem::replace(self.table_mut(), Table::new())
    }

    #[inline(always)]
    fn table(&self) -> &Table<K, V> {
        // SAFETY: The head lives as long as the handle; the borrows here end before anything changes the table.
        unsafe { &(*self.head.as_ptr()).table }
    }

    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    fn table_mut(&self) -> &mut Table<K, V> {
        // SAFETY: As above.
        unsafe { &mut (*self.head.as_ptr()).table }
    }

    #[inline(always)]
    fn changed(&self) {
        // SAFETY: The head lives as long as the handle.
        let version = unsafe { &(*self.head.as_ptr()).version };
        version.set(version.get() + 1);
    }
}

impl<K: Key, V: Clone + 'static> InOrder<K, V> for Dict<K, V, Ordered> {
    fn take_first(&self, cx: Cx) -> R<Option<(K, V)>> {
        self.first_taken(cx)
    }

    fn move_entry(&self, cx: Cx, key: &K, last: bool) -> R<bool> {
        self.moved_entry(cx, key, last)
    }
}

impl<K: Key, V, M> Counted for Dict<K, V, M> {
    fn is_alone(&self) -> bool {
        // SAFETY: The head lives as long as the handle.
        let head = unsafe { &*self.head.as_ptr() };
        head.handles.get() == 1 && head.object.get().is_null()
    }
}

impl<K: Key, V: Clone + 'static, M: Kind> DictLike<K, V> for Dict<K, V, M> {
    const SIZE_DECIDES: bool = !M::MOVES;

    #[inline(always)]
    fn count(&self, _: Cx) -> R<usize> {
        Ok(self.table().len())
    }

    #[inline(always)]
    fn version(&self, _: Cx) -> R<u64> {
        // SAFETY: The head lives as long as the handle.
        Ok(unsafe { (*self.head.as_ptr()).version.get() })
    }

    #[inline(always)]
    fn is(&self, other: &Self) -> bool {
        self.head == other.head
    }

    #[inline]
    fn find(&self, cx: Cx, key: &K) -> R<Option<V>> {
        let table = self.table();
        Ok(table.search(cx, key)?.ok().map(|place| table.value(place).clone()))
    }

    #[inline]
    fn has(&self, cx: Cx, key: &K) -> R<bool> {
        Ok(self.table().search(cx, key)?.is_ok())
    }

    #[inline]
    fn put(&self, cx: Cx, key: K, value: V) -> R<()> {
        match self.table().search(cx, &key)? {
            Ok(place) => {
                let old = core::mem::replace(self.table_mut().value_mut(place), value);
                drop(old);
            }
            Err(hash) => {
                self.add(hash, key, value)?;
            }
        }
        Ok(())
    }

    fn adopt(&self, copy: Dict<K, V>) {
        // SAFETY: The head lives as long as the handle; no borrow of it is open.
        unsafe { (*self.head.as_ptr()).below = None };
        self.set_table(copy.take_table());
        self.changed();
    }

    fn twin(&self, cx: Cx) -> R<Option<Dict<K, V>>> {
        let Some(table) = self.table().twin()? else { return Ok(None) };
        let copy = Dict::make(cx)?;
        copy.set_table(table);
        Ok(Some(copy))
    }

    #[inline]
    fn expect(&self, count: usize) -> R<()> {
        self.table_mut().expect(count)
    }

    #[inline]
    fn put_expected(&self, cx: Cx, key: K, value: V) -> R<()> {
        self.add(Table::<K, V>::hash(cx, &key)?, key, value)
    }

    #[inline]
    fn upsert(&self, cx: Cx, key: &K, default: V, f: impl FnOnce(V) -> R<V>) -> R<()> {
        match self.table().search(cx, key)? {
            Ok(place) => {
                // `f` touches no container: see the compiler's pattern.
                let new = f(self.table().value(place).clone())?;
                let old = core::mem::replace(self.table_mut().value_mut(place), new);
                drop(old);
            }
            Err(hash) => {
                self.add(hash, key.clone(), f(default)?)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn change(&self, cx: Cx, key: &K, f: impl FnOnce(V) -> R<V>) -> R<bool> {
        let Ok(place) = self.table().search(cx, key)? else { return Ok(false) };
        // `f` touches no container: see the compiler's pattern.
        let new = f(self.table().value(place).clone())?;
        let old = core::mem::replace(self.table_mut().value_mut(place), new);
        drop(old);
        Ok(true)
    }

    fn remove(&self, cx: Cx, key: &K) -> R<Option<V>> {
        let Ok(place) = self.table().search(cx, key)? else { return Ok(None) };
        let (_, value) = self.take_at(cx, place)?;
        Ok(Some(value))
    }

    fn take_last(&self, cx: Cx) -> R<Option<(K, V)>> {
        let Some(place) = self.table_mut().last_live() else { return Ok(None) };
        self.take_at(cx, place).map(Some)
    }

    fn clear_all(&self, _: Cx) -> R<()> {
        if M::MOVES {
            // SAFETY: The head lives as long as the handle; no borrow of it is open.
            unsafe { (*self.head.as_ptr()).below = None };
        }
        let old = core::mem::replace(self.table_mut(), Table::new());
        self.changed();
        drop(old);
        Ok(())
    }

    #[inline]
    fn step(&self, _: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        match self.table().next_live(cursor.at) {
            Some(place) => {
                cursor.at = place + 1;
                Ok(Some(Place::Native(place)))
            }
            None => {
                cursor.at = self.table().places();
                Ok(None)
            }
        }
    }

    fn end(&self, _: Cx) -> R<Cursor> {
        // SAFETY: The head lives as long as the handle.
        let version = unsafe { (*self.head.as_ptr()).version.get() };
        Ok(Cursor { at: self.table().places(), beyond: false, part: 0, count: self.table().len(), version })
    }

    fn step_back(&self, _: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        while cursor.at > 0 {
            cursor.at -= 1;
            if self.table().is_live(cursor.at) {
                return Ok(Some(Place::Native(cursor.at)));
            }
        }
        Ok(None)
    }

    #[inline]
    fn key_at(&self, _: Cx, place: Place) -> R<K> {
        match place {
            Place::Native(place) => Ok(self.table().key(place)),
            Place::Live { .. } | Place::Overwritten { .. } => bail(Bail::Panic),
        }
    }

    #[inline]
    fn value_at(&self, _: Cx, place: Place) -> R<V> {
        match place {
            Place::Native(place) => Ok(self.table().value(place).clone()),
            Place::Live { .. } | Place::Overwritten { .. } => bail(Bail::Panic),
        }
    }
}

impl<K: Key + IntoPy, V: IntoPy + Clone + 'static, M: Kind> IntoPy for Dict<K, V, M> {
    const LEADS: bool = true;

    #[inline(always)]
    fn ahead(&self, near: bool) {
        let head = self.head.as_ptr();
        match near {
            // SAFETY: The head lives as long as the handle.
            true => unsafe { (*head).table.fetch_entries() },
            false => layout::fetch(head.cast::<u8>()),
        }
    }

    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: The head lives as long as the handle.  Keys are exact builtins, so that inserting them runs no
        // Python code.
        unsafe {
            let head = &*self.head.as_ptr();
            if !head.object.get().is_null() {
                return Ok(again(head.object.get()));
            }
            let object = M::object(cx, head.maker.as_ref().map(|maker| maker.name))?;
            let alone = head.handles.get() == 1 && head.below.is_none() && !K::is_hooked();
            let filled = if alone && (head.table.is_large() || core::mem::needs_drop::<(K::Stored, V)>()) {
                fill_last::<K, V, M>(cx, object, &mut (*self.head.as_ptr()).table)
            } else {
                fill::<K, V, M>(cx, object, &head.table, head.below.as_deref())
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

/// Puts the entries of `table` into a new object: in the order of `below`, where that is another, and then moved.
unsafe fn fill<K: Key + IntoPy, V: IntoPy + Clone, M: Kind>(
    cx: Cx,
    object: *mut PyObject,
    table: &Table<K, V>,
    below: Option<&Table<K, ()>>,
) -> R<()> {
    let mut from = 0;
    if K::is_hooked() {
        // SAFETY: By the caller.
        return unsafe { fill_hooked::<K, V, M>(cx, object, table, below.is_some()) };
    }
    let Some(below) = below else {
        while let Some(place) = table.next_live(from) {
            from = place + 1;
            // SAFETY: By the caller.
            unsafe {
                enter(cx, table.key(place), table.value(place).clone(), |key, value| {
                    M::put(object, key, value)
                })?
            };
        }
        return Ok(());
    };
    while let Some(place) = below.next_live(from) {
        from = place + 1;
        let key = below.key(place);
        let Some(place) = table.find(cx, Table::<K, V>::hash(cx, &key)?, &key)? else {
            return bail(Bail::Panic);
        };
        // SAFETY: By the caller.
        unsafe {
            enter(cx, table.key(place), table.value(place).clone(), |key, value| M::put(object, key, value))?
        };
    }
    from = 0;
    while let Some(place) = table.next_live(from) {
        from = place + 1;
        let key = table.key(place).into_py(cx)?;
        // SAFETY: An object of the class whose entries can be moved; the key is an exact builtin that is in it.
        unsafe {
            let moved = M::move_last(object, key);
            Py_DECREF(key);
            if moved != 0 {
                return no_memory();
            }
        }
    }
    Ok(())
}

/// So many entries ahead their keys are asked for.
const AHEAD: usize = 8;

/// As [`fill`], with entries that nobody else has: each is freed as soon as the object has it.
unsafe fn fill_last<K: Key + IntoPy, V: IntoPy + Clone, M: Kind>(
    cx: Cx,
    object: *mut PyObject,
    table: &mut Table<K, V>,
) -> R<()> {
    let (mut from, mut kept) = (0, 0);
    let piece = table.piece();
    while let Some((place, (key, value))) = table.give_up(from) {
        from = place + 1;
        table.fetch(place + AHEAD);
        if V::LEADS {
            ahead(|far| table.value_beyond(place + far));
        }
        // SAFETY: By the caller.
        unsafe { enter(cx, key, value, |key, value| M::put(object, key, value))? };
        if from - kept >= piece {
            table.give_back(kept, from);
            kept = from;
        }
    }
    table.clear();
    Ok(())
}

/// As [`fill`], for keys that Python would run code for.
unsafe fn fill_hooked<K: Key + IntoPy, V: IntoPy + Clone, M: Kind>(
    cx: Cx,
    object: *mut PyObject,
    table: &Table<K, V>,
    is_moved: bool,
) -> R<()> {
    if is_moved || M::MOVES {
        return bail(Bail::Unsupported);
    }
    let mut hashes: Buf<isize> = Buf::new();
    let mut from = 0;
    while let Some(place) = table.next_live(from) {
        from = place + 1;
        let hash = table.key(place).py_hash(cx)?;
        if hashes.push(hash).is_err() {
            return bail(Bail::Memory);
        }
    }
    // Keys whose hashes are equal would be compared.
    all_differ(&hashes)?;
    let mut from = 0;
    for hash in hashes.iter() {
        let Some(place) = table.next_live(from) else { return bail(Bail::Panic) };
        from = place + 1;
        // SAFETY: By the caller.
        unsafe {
            enter(cx, table.key(place), table.value(place).clone(), |key, value| {
                set_known(object, key, value, *hash)
            })?
        };
    }
    Ok(())
}

/// Boxes an entry and has it put into an object, which `put` says to have worked by 0.
///
/// # Safety
/// `put` keeps references of its own to what it stores.
unsafe fn enter<K: Key + IntoPy, V: IntoPy + Clone>(
    cx: Cx,
    key: K,
    value: V,
    put: impl FnOnce(*mut PyObject, *mut PyObject) -> i32,
) -> R<()> {
    let (key, value) = boxed(key.into_py(cx)?, value.into_py(cx))?;
    let stored = put(key, value);
    // SAFETY: New references, which are dropped after they were stored.
    unsafe {
        Py_DECREF(value);
        Py_DECREF(key);
    }
    if stored != 0 { no_memory() } else { Ok(()) }
}

/// Both, or neither: takes the reference to the key.
#[inline]
pub(crate) fn boxed(key: *mut PyObject, value: R<*mut PyObject>) -> R<(*mut PyObject, *mut PyObject)> {
    match value {
        Ok(value) => Ok((key, value)),
        Err(stop) => {
            // SAFETY: A reference of ours.
            unsafe { Py_DECREF(key) };
            Err(stop)
        }
    }
}

impl<K: Key, V: ElemEq + Clone + 'static, M: Kind> ElemEq for Dict<K, V, M> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        let same = self.is(other) || crate::dict::eq(cx, self, other)?;
        if same || M::ENTRIES_DECIDE { Ok(same) } else { bail(Bail::Unsupported) }
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<K: Key, V: ElemEq + Clone + 'static, M: Kind> ElemOrd for Dict<K, V, M> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        exc(Exc::TypeError)
    }
}
