//! A dict of Python's, or a `defaultdict` or `Counter`, used in place: read by our own probing, writes held back in an overlay.
//!
//! Our own probing keeps foreign comparison methods out: at a stored key of the same hash that is not an exact
//! builtin the call bails before anything is compared.

mod at;
mod compared;
mod few;
mod first;
mod fresh;
mod held;
mod in_place;
mod known;
mod last;
#[cfg(feature = "rare")]
mod ordered;
mod through;

#[cfg(feature = "rare")]
pub use ordered::POrdered;

use core::any::TypeId;
use core::marker::PhantomData;
use core::ptr::NonNull;

use pyo3_ffi::PyObject;

use crate::boundary::dropped::is_plain;
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::overlay::{Table as Functions, keep_dropped};
use crate::buf::Buf;
use crate::dict::table::Table;
use crate::dict::{Cursor, DictLike, Kind, Place, Plain, missing};
use crate::elem::Key;
use crate::py::{FromPy, IntoPy, again, arrived};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;
use crate::txn::last::Given;

/// Operations that one dict may hold back.
const LOG_LIMIT: usize = 1 << 24;

/// No insertion: the key stands where it stood in the dict.
const IN_BASE: u32 = u32::MAX;

/// A borrowed dict of exactly that class; the transaction keeps it alive.
pub struct PDict<K, V, M = Plain> {
    object: NonNull<PyObject>,
    entry: PhantomData<Entry<K, V, M>>,
}

/// What comes out of it; no such value is held.
type Entry<K, V, M> = fn() -> (K, V, M);

impl<K, V, M> Clone for PDict<K, V, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, M> Copy for PDict<K, V, M> {}

/// What the overlay knows about a key.
struct State<V> {
    /// None: deleted.
    value: Option<V>,
    /// Which insertion it came with.
    inserted: u32,
}

#[derive(Clone, Copy)]
enum Log {
    Insert { place: u32, inserted: u32 },
    Delete(u32),
    PopItem,
    Clear,
}

/// The writes that one dict waits for.
struct Overlay<K: Key, V> {
    table: Table<K, State<V>>,
    /// Changes of shape, in order.
    log: Buf<Log>,
    /// Places whose value was overwritten, in the order of the first write.
    overwritten: Buf<u32>,
    /// Insertions in order: place and number.  Those that are no longer current are skipped.
    order: Buf<(u32, u32)>,
    insertions: u32,
    count: usize,
    /// `clear` was called: the dict's own entries count no more.
    cleared: bool,
    /// Entries of the dict before this, and insertions before that, are known to be gone: nothing comes back in its place.
    base_start: usize,
    order_start: usize,
    /// Entries of the dict from here on are deleted.
    base_end: usize,
    version: u64,
    dict: NonNull<PyObject>,
}

impl<K: Key, V> Overlay<K, V> {
    fn log(&mut self, entry: Log) -> R<()> {
        self.version += 1;
        if self.log.len() >= LOG_LIMIT {
            return bail(Bail::Limit);
        }
        if self.log.push(entry).is_err() { bail(Bail::Memory) } else { Ok(()) }
    }

    /// The key at `place`, which is absent now, is inserted at the end.
    fn insert(&mut self, place: usize, key: K, value: V) -> R<()> {
        let inserted = self.insertions;
        if self.order.push((place as u32, inserted)).is_err() {
            return bail(Bail::Memory);
        }
        self.log(Log::Insert { place: place as u32, inserted })?;
        self.insertions += 1;
        self.count += 1;
        // It may be equal to the one that was deleted, and another object.
        self.table.set_key(place, key);
        let state = self.table.value_mut(place);
        state.value = Some(value);
        state.inserted = inserted;
        Ok(())
    }

    /// Where an entry of the dict stands now; none if it is gone, or came back at the end.
    #[inline]
    fn place_of(this: Option<&Self>, cx: Cx, key: *mut PyObject, value: *mut PyObject) -> R<Option<Place>>
    where
        K: FromPy,
    {
        if let Some(overlay) = this
            && overlay.table.len() != 0
        {
            // SAFETY: The dict keeps the key alive.
            let typed = unsafe { K::from_py(cx, key)? };
            let hash = Table::<K, State<V>>::hash(cx, &typed)?;
            if let Some(place) = overlay.table.find(cx, hash, &typed)? {
                let state = overlay.table.value(place);
                let stays = state.value.is_some() && state.inserted == IN_BASE;
                return Ok(stays.then_some(Place::Overwritten { key, place }));
            }
        }
        Ok(Some(Place::Live { key, value }))
    }

    /// Is the insertion the one by which its key is there?
    fn is_current(&self, place: u32, inserted: u32) -> bool {
        let state = self.table.value(place as usize);
        state.inserted == inserted && state.value.is_some()
    }
}

impl<K, V, M> PDict<K, V, M> {
    /// A dict of that class that the transaction keeps alive.
    #[inline(always)]
    pub(crate) fn held(object: NonNull<PyObject>) -> Self {
        PDict { object, entry: PhantomData }
    }

    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    const FUNCTIONS: &'static Functions = &Functions {
        operations: held::operations::<K, V>,
        drop: held::drop_overlay::<K, V>,
        replaces: false,
    };

    /// An empty one; `factory` as for [`Kind::object`].
    pub(crate) fn make(cx: Cx, factory: Option<&str>) -> R<Self> {
        let object = M::object(cx, factory)?;
        // SAFETY: A new dict, which goes to the arena.
        PDict::made(cx, unsafe { cx.adopt(object)? })
    }

    /// The overlay, if there is one.
    #[inline(always)]
    fn overlay<'a>(self, cx: Cx) -> R<Option<&'a mut Overlay<K, V>>> {
        // SAFETY: A short borrow of the transaction; `find` has compared the types.  The overlay lives until the
        // transaction closes, and each borrow ends before the next call for it.
        unsafe {
            let dicts = &mut cx.txn().dicts;
            if dicts.is_empty() {
                return Ok(None);
            }
            if !dicts.few.is_empty() {
                self.leave_few(cx)?;
            }
            let dicts = &mut cx.txn().dicts;
            let data = dicts.find(self.as_ptr(), TypeId::of::<(K, V)>())?;
            Ok(data.map(|data| &mut *data.cast::<Overlay<K, V>>().as_ptr()))
        }
    }

    /// Could a write to it wait as objects?
    #[inline(always)]
    fn may_be_few(self, cx: Cx) -> bool {
        // SAFETY: A short borrow.
        !unsafe { cx.txn() }.dicts.few.is_empty()
    }

    /// The overlay, made at the first write.
    fn overlay_mut<'a>(self, cx: Cx) -> R<&'a mut Overlay<K, V>> {
        cx.point()?;
        if let Some(overlay) = self.overlay(cx)? {
            return Ok(overlay);
        }
        // SAFETY: An exact dict; the box is given to the transaction.
        unsafe {
            let overlay = Box::new(Overlay::<K, V> {
                table: Table::new(),
                log: Buf::new(),
                overwritten: Buf::new(),
                order: Buf::new(),
                insertions: 0,
                count: layout::dict_used(self.as_ptr()),
                cleared: false,
                base_start: 0,
                order_start: 0,
                dict: self.object,
                base_end: Keys::of(self.as_ptr()).entries_used(),
                version: cx.txn().dicts.fresh.leave(self.as_ptr()),
            });
            let data = NonNull::new_unchecked(Box::into_raw(overlay));
            let types = TypeId::of::<(K, V)>();
            cx.txn().dicts.insert(self.as_ptr(), types, data.cast(), Self::FUNCTIONS)?;
            Ok(&mut *data.as_ptr())
        }
    }

    /// The value in the dict itself.
    #[inline]
    pub(crate) fn probe(self, cx: Cx, key: &K) -> R<Option<*mut PyObject>> {
        Ok(self.probe_entry(cx, key)?.map(|(_, value)| value))
    }

    /// Has the transaction written to it?
    #[inline(always)]
    pub fn is_written(self, cx: Cx) -> R<bool> {
        Ok(self.overlay(cx)?.is_some())
    }

    /// Key and value in the dict itself.
    #[inline]
    fn probe_entry(self, cx: Cx, key: &K) -> R<Option<(*mut PyObject, *mut PyObject)>> {
        Ok(self.probe_place(cx, key)?.map(|(_, key, value)| (key, value)))
    }

    /// Where an entry stands in the dict itself, its key and its value.
    #[inline]
    fn probe_place(self, cx: Cx, key: &K) -> R<Option<(usize, *mut PyObject, *mut PyObject)>> {
        self.probe_hashed(cx, key.py_hash(cx)?, key)
    }

    /// As [`PDict::probe_place`], with the key's hash.
    #[inline]
    fn probe_hashed(self, cx: Cx, hash: isize, key: &K) -> R<Option<(usize, *mut PyObject, *mut PyObject)>> {
        // SAFETY: An exact dict, which does not change while the transaction is open; the slots are inside the
        // mask and name entries of the table.
        unsafe {
            let keys = Keys::of(self.as_ptr());
            let mut perturb = hash as usize;
            let mut at = perturb & keys.mask();
            loop {
                let entry = keys.slot(at);
                if entry >= 0 {
                    let (stored, object, value) = keys.entry(entry as usize);
                    let is_same = || {
                        let stored =
                            if keys.kind == KEYS_GENERAL { stored } else { layout::str_known_hash(object) };
                        if stored == hash { key.eq_object(cx, object) } else { Ok(false) }
                    };
                    if key.is_object(object) || is_same()? {
                        return Ok(if value.is_null() {
                            None
                        } else {
                            Some((entry as usize, object, value))
                        });
                    }
                } else if entry == -1 {
                    return Ok(None);
                }
                perturb >>= 5;
                at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
            }
        }
    }

    /// `dict[key] = value` in the overlay.
    fn put_held(self, cx: Cx, key: K, value: V) -> R<()> {
        let overlay = self.overlay_mut(cx)?;
        let hash = Table::<K, State<V>>::hash(cx, &key)?;
        if let Some(place) = overlay.table.find(cx, hash, &key)? {
            let state = overlay.table.value_mut(place);
            if state.value.is_some() {
                let old = state.value.replace(value);
                drop(old);
                return Ok(());
            }
            return overlay.insert(place, key, value);
        }
        let found = if overlay.cleared { None } else { self.probe_entry(cx, &key)? };
        match found {
            Some((name, old)) => {
                // SAFETY: The dict keeps both alive; after the commit the arena keeps the value.
                let key = unsafe {
                    keep_dropped(cx, old)?;
                    // What is there is asked about what is looked for: it stays that key.
                    if K::HASHED { K::from_py(cx, name)? } else { key }
                };
                let state = State { value: Some(value), inserted: IN_BASE };
                let place = overlay.table.add(hash, key, state)?;
                if overlay.overwritten.push(place as u32).is_err() {
                    return bail(Bail::Memory);
                }
                Ok(())
            }
            None => {
                let place = overlay.table.add(hash, key.clone(), State { value: None, inserted: IN_BASE })?;
                overlay.insert(place, key, value)
            }
        }
    }

    /// `dict.pop(key)` in the overlay.
    fn remove_held(self, cx: Cx, key: &K) -> R<Option<V>> {
        let overlay = self.overlay_mut(cx)?;
        let hash = Table::<K, State<V>>::hash(cx, key)?;
        let (place, value) = match overlay.table.find(cx, hash, key)? {
            Some(place) => match overlay.table.value_mut(place).value.take() {
                Some(value) => (place, value),
                None => return Ok(None),
            },
            None => {
                let found = if overlay.cleared { None } else { self.probe_entry(cx, key)? };
                let Some((name, old)) = found else { return Ok(None) };
                // SAFETY: The dict keeps both alive; after the commit the arena does.
                let value = unsafe {
                    if !is_plain(name) {
                        keep_dropped(cx, name)?;
                    }
                    keep_dropped(cx, old)?;
                    V::from_py(cx, old)?
                };
                let state = State { value: None, inserted: IN_BASE };
                (overlay.table.add(hash, key.clone(), state)?, value)
            }
        };
        overlay.table.value_mut(place).inserted = IN_BASE;
        overlay.count -= 1;
        overlay.log(Log::Delete(place as u32))?;
        Ok(Some(value))
    }
}

impl<K: FromPy, V: FromPy, M: Kind> FromPy for PDict<K, V, M> {
    const LOOKS: bool = false;

    #[inline]
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller.
        unsafe {
            if !M::is_exact(object) || !M::is_bare(cx, object) {
                return bail(Bail::Type);
            }
            Ok(PDict { object: NonNull::new_unchecked(object), entry: PhantomData })
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            if !M::is_exact(object) {
                return false;
            }
            first::first(object).is_none_or(|(key, value)| K::matches(key) && V::matches(value))
        }
    }

    const FETCHES: bool = true;

    #[inline(always)]
    unsafe fn fetch(object: *mut PyObject) {
        // SAFETY: By the caller.
        unsafe { layout::fetch_entries(object) }
    }
}

impl<K, V, M> IntoPy for PDict<K, V, M> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.as_ptr()) })
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    #[inline(never)]
    extern "C" fn read_here(&self, cx: Cx, key: &K) -> R<V> {
        cx.point()?;
        if self.may_be_few(cx)
            && let Some(written) = self.few_says(cx, key)?
        {
            // SAFETY: The transaction keeps it alive.
            return if written.is_null() { missing(cx, key) } else { unsafe { V::from_py(cx, written) } };
        }
        if let Some(overlay) = self.overlay(cx)? {
            if let Ok(place) = overlay.table.search(cx, key)? {
                return match &overlay.table.value(place).value {
                    Some(value) => Ok(value.clone()),
                    None => missing(cx, key),
                };
            }
            if overlay.cleared {
                return missing(cx, key);
            }
        }
        match self.probe(cx, key)? {
            // SAFETY: The dict keeps the value alive.
            Some(value) => unsafe { V::from_py(cx, value) },
            None => missing(cx, key),
        }
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> DictLike<K, V> for PDict<K, V, M> {
    const LIVE: bool = true;

    #[inline]
    fn count(&self, cx: Cx) -> R<usize> {
        if self.may_be_few(cx) {
            let (growth, changes) = self.few_shape(cx);
            if changes != 0 {
                // SAFETY: An exact dict.
                return Ok(unsafe { layout::dict_used(self.as_ptr()) }.wrapping_add_signed(growth));
            }
        }
        match self.overlay(cx)? {
            Some(overlay) => Ok(overlay.count),
            // SAFETY: An exact dict.
            None => Ok(unsafe { layout::dict_used(self.as_ptr()) }),
        }
    }

    #[inline]
    fn version(&self, cx: Cx) -> R<u64> {
        if self.may_be_few(cx) {
            let (_, changes) = self.few_shape(cx);
            if changes != 0 {
                return Ok(changes);
            }
        }
        // SAFETY: A short borrow.
        if let Some(version) = unsafe { &mut cx.txn().dicts }.fresh.version(self.as_ptr()) {
            return Ok(version);
        }
        Ok(self.overlay(cx)?.map_or(0, |overlay| overlay.version))
    }

    #[inline]
    fn is(&self, other: &Self) -> bool {
        self.object == other.object
    }

    #[inline]
    fn find(&self, cx: Cx, key: &K) -> R<Option<V>> {
        cx.point()?;
        if self.may_be_few(cx)
            && let Some(written) = self.few_says(cx, key)?
        {
            // SAFETY: The transaction keeps it alive.
            return if written.is_null() { Ok(None) } else { unsafe { V::from_py(cx, written) }.map(Some) };
        }
        if let Some(overlay) = self.overlay(cx)? {
            if let Ok(place) = overlay.table.search(cx, key)? {
                return Ok(overlay.table.value(place).value.clone());
            }
            if overlay.cleared {
                return Ok(None);
            }
        }
        match self.probe(cx, key)? {
            // SAFETY: The dict keeps the value alive.
            Some(value) => unsafe { V::from_py(cx, value) }.map(Some),
            None => Ok(None),
        }
    }

    #[inline(always)]
    fn read(&self, cx: Cx, key: &K) -> R<V> {
        arrived(self.read_here(cx, key))
    }

    #[inline]
    fn has(&self, cx: Cx, key: &K) -> R<bool> {
        if self.may_be_few(cx)
            && let Some(written) = self.few_says(cx, key)?
        {
            return Ok(!written.is_null());
        }
        if let Some(overlay) = self.overlay(cx)? {
            if let Ok(place) = overlay.table.search(cx, key)? {
                return Ok(overlay.table.value(place).value.is_some());
            }
            if overlay.cleared {
                return Ok(false);
            }
        }
        Ok(self.probe(cx, key)?.is_some())
    }

    fn find_other<Q: Key + FromPy + IntoPy>(&self, cx: Cx, key: &Q) -> R<Option<V>> {
        // What was written has keys of the other kind: it leaves this one alone, if it has not taken everything away.
        if self.overlay(cx)?.is_some_and(|overlay| overlay.cleared) {
            return Ok(None);
        }
        let same: PDict<Q, V, M> = PDict { object: self.object, entry: PhantomData };
        match same.probe(cx, key)? {
            // SAFETY: The dict keeps the value alive.
            Some(value) => unsafe { V::from_py(cx, value) }.map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn change(&self, cx: Cx, key: &K, f: impl FnOnce(V) -> R<V>) -> R<bool> {
        if !self.is_fresh(cx) && self.is_as_it_stands(cx) {
            return self.change_in_place(cx, key, f);
        }
        if !self.is_fresh(cx)
            && !self.writes_few(cx)?
            && let Some(overlay) = self.overlay(cx)?
            && let Ok(place) = overlay.table.search(cx, key)?
        {
            cx.point()?;
            let Some(old) = overlay.table.value(place).value.clone() else { return Ok(false) };
            // `f` touches no container: see the compiler's pattern.
            let new = f(old)?;
            drop(overlay.table.value_mut(place).value.replace(new));
            return Ok(true);
        }
        let Some(old) = self.find(cx, key)? else { return Ok(false) };
        self.put(cx, key.clone(), f(old)?)?;
        Ok(true)
    }

    #[inline(always)]
    fn put(&self, cx: Cx, key: K, value: V) -> R<()> {
        if self.is_fresh(cx) { self.put_fresh(cx, key, value) } else { self.put_known(cx, key, value) }
    }

    #[inline]
    fn put_last(&self, cx: Cx, key: K, value: V, given: [Given; 2]) -> R<()> {
        if self.put_here(cx, &key, &value, given)? { Ok(()) } else { self.put(cx, key, value) }
    }

    #[inline]
    fn change_last(&self, cx: Cx, key: &K, mut f: impl FnMut(V) -> R<V>) -> R<bool> {
        match self.change_here(cx, key, None, &mut f)? {
            Some(found) => Ok(found),
            None => self.change(cx, key, f),
        }
    }

    #[inline]
    fn upsert_last(&self, cx: Cx, key: &K, default: V, mut f: impl FnMut(V) -> R<V>) -> R<()> {
        match self.change_here(cx, key, Some(&default), &mut f)? {
            Some(_) => Ok(()),
            None => self.upsert(cx, key, default, f),
        }
    }

    #[inline(always)]
    fn remove(&self, cx: Cx, key: &K) -> R<Option<V>> {
        self.remove_anywhere(cx, key)
    }

    #[inline(always)]
    fn take(&self, cx: Cx, key: &K) -> R<V> {
        arrived(self.take_here(cx, key))
    }

    fn take_last(&self, cx: Cx) -> R<Option<(K, V)>> {
        let overlay = self.overlay_mut(cx)?;
        while let Some(&(place, inserted)) = overlay.order.last() {
            let current = overlay.is_current(place, inserted);
            overlay.order.pop();
            overlay.order_start = overlay.order_start.min(overlay.order.len());
            if current {
                let state = overlay.table.value_mut(place as usize);
                state.inserted = IN_BASE;
                let Some(value) = state.value.take() else { return bail(Bail::Panic) };
                overlay.count -= 1;
                overlay.log(Log::PopItem)?;
                return Ok(Some((overlay.table.key(place as usize), value)));
            }
        }
        if overlay.cleared {
            return Ok(None);
        }
        // SAFETY: An exact dict, which does not change while the transaction is open.
        let keys = unsafe { Keys::of(self.as_ptr()) };
        if keys.is_split() {
            return bail(Bail::Dict);
        }
        while overlay.base_end > 0 {
            overlay.base_end -= 1;
            // SAFETY: Below the number of entries; the dict keeps key and value alive.
            let (key, value) = unsafe {
                let (_, key, value) = keys.entry(overlay.base_end);
                if value.is_null() {
                    continue;
                }
                keep_dropped(cx, key)?;
                keep_dropped(cx, value)?;
                (K::from_py(cx, key)?, value)
            };
            let hash = Table::<K, State<V>>::hash(cx, &key)?;
            let taken = match overlay.table.find(cx, hash, &key)? {
                Some(place) => overlay.table.value_mut(place).value.take(),
                None => {
                    overlay.table.add(hash, key.clone(), State { value: None, inserted: IN_BASE })?;
                    // SAFETY: As above.
                    Some(unsafe { V::from_py(cx, value)? })
                }
            };
            if let Some(value) = taken {
                overlay.count -= 1;
                overlay.log(Log::PopItem)?;
                return Ok(Some((key, value)));
            }
        }
        Ok(None)
    }

    fn twin(&self, cx: Cx) -> R<Option<crate::dict::Dict<K, V>>> {
        self.native_twin(cx)
    }

    fn clear_all(&self, cx: Cx) -> R<()> {
        let overlay = self.overlay_mut(cx)?;
        let old = core::mem::replace(&mut overlay.table, Table::new());
        overlay.log.clear();
        overlay.overwritten.clear();
        overlay.order.clear();
        overlay.order_start = 0;
        overlay.count = 0;
        overlay.cleared = true;
        drop(old);
        overlay.log(Log::Clear)
    }

    fn step(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        if self.may_be_few(cx) && self.has_few(cx) {
            return self.step_few(cx, cursor);
        }
        let mut overlay = self.overlay(cx)?;
        if !cursor.beyond && !overlay.as_ref().is_some_and(|overlay| overlay.cleared) {
            let start = overlay.as_ref().map_or(0, |overlay| overlay.base_start);
            let is_first = cursor.at <= start;
            cursor.at = cursor.at.max(start);
            while let Some((key, value)) = self.base_entry(&mut cursor.at) {
                if let Some(place) = Overlay::place_of(overlay.as_deref(), cx, key, value)? {
                    return Ok(Some(place));
                }
                if is_first && let Some(overlay) = &mut overlay {
                    overlay.base_start = cursor.at;
                }
            }
        }
        if !cursor.beyond {
            cursor.beyond = true;
            cursor.at = 0;
        }
        if let Some(overlay) = overlay {
            let is_first = cursor.at <= overlay.order_start;
            cursor.at = cursor.at.max(overlay.order_start);
            while let Some(&(place, inserted)) = overlay.order.get(cursor.at) {
                cursor.at += 1;
                if overlay.is_current(place, inserted) {
                    return Ok(Some(Place::Native(place as usize)));
                }
                if is_first {
                    overlay.order_start = cursor.at;
                }
            }
        }
        Ok(None)
    }

    fn end(&self, cx: Cx) -> R<Cursor> {
        let (count, version) = (self.count(cx)?, self.version(cx)?);
        let at = self.overlay(cx)?.map_or(0, |overlay| overlay.order.len());
        Ok(Cursor { at, beyond: true, part: 0, count, version })
    }

    #[inline(always)]
    fn step_plainly(&self, cx: Cx, cursor: &mut Cursor) -> Option<Place> {
        self.own_entry(cx, cursor)
    }

    fn step_back(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        let overlay = self.overlay(cx)?;
        if cursor.beyond {
            while cursor.at > 0 {
                cursor.at -= 1;
                if let Some(overlay) = &overlay
                    && let Some(&(place, inserted)) = overlay.order.get(cursor.at)
                    && overlay.is_current(place, inserted)
                {
                    return Ok(Some(Place::Native(place as usize)));
                }
            }
            cursor.beyond = false;
            // SAFETY: An exact dict, which does not change while the transaction is open.
            let keys = unsafe { Keys::of(self.as_ptr()) };
            if keys.is_split() {
                return bail(Bail::Dict);
            }
            let gone = overlay.as_ref().is_some_and(|overlay| overlay.cleared);
            cursor.at = if gone { 0 } else { keys.entries_used() };
        }
        while cursor.at > 0 {
            cursor.at -= 1;
            // SAFETY: As above; below the number of entries.
            let (key, value) = unsafe {
                let (_, key, value) = Keys::of(self.as_ptr()).entry(cursor.at);
                (key, value)
            };
            if value.is_null() {
                continue;
            }
            if let Some(place) = Overlay::place_of(overlay.as_deref(), cx, key, value)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    #[inline]
    fn key_at(&self, cx: Cx, place: Place) -> R<K> {
        match place {
            // SAFETY: The dict keeps the key alive.
            Place::Live { key, .. } | Place::Overwritten { key, .. } => unsafe { K::from_py(cx, key) },
            Place::Native(place) => match self.overlay(cx)? {
                Some(overlay) => Ok(overlay.table.key(place)),
                None => bail(Bail::Panic),
            },
        }
    }

    #[inline(always)]
    fn value_at(&self, cx: Cx, place: Place) -> R<V> {
        match place {
            // SAFETY: The dict keeps the value alive.
            Place::Live { value, .. } => unsafe { V::from_py(cx, value) },
            Place::Native(place) | Place::Overwritten { place, .. } => {
                match self.overlay(cx)?.and_then(|o| o.table.value(place).value.clone()) {
                    Some(value) => Ok(value),
                    None => bail(Bail::Panic),
                }
            }
        }
    }
}
