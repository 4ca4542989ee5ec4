//! An `OrderedDict` of Python's: read in its dict and its order, what is written waits for the commit
//! ([`crate::boundary::ordered`]).

use core::cmp::Ordering;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::PyObject;

use super::PDict;
use super::first::first;
use crate::boundary::ordered::{self, At, Live, Walk};
use crate::dict::{Cursor, DictLike, InOrder, Ordered, Place, missing, ordered_eq};
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// A borrowed exact `OrderedDict`; the transaction keeps it alive.
pub struct POrdered<K, V> {
    object: NonNull<PyObject>,
    entry: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for POrdered<K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for POrdered<K, V> {}

/// What is known of a key.
struct Found {
    /// Where it is, if it is there.
    at: Option<At>,
    /// Its value, if it is there.
    value: *mut PyObject,
    /// The operation that took it away.
    deleted: Option<usize>,
}

impl<K, V> POrdered<K, V> {
    /// The object, borrowed.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.object.as_ptr()
    }

    #[inline(always)]
    fn live(self, cx: Cx) -> Live {
        Live { cx, object: self.object.as_ptr() }
    }

    /// `writes`: CPython has to find the entry in the order as well.
    #[inline]
    fn look<Q: Key + FromPy + IntoPy>(self, cx: Cx, hash: isize, key: &Q, writes: bool) -> R<Found>
    where
        V: FromPy + IntoPy + Clone,
    {
        let live = self.live(cx);
        let is_key = |object: *mut PyObject| {
            // SAFETY: The transaction keeps it alive.
            if key.is_object(object) { Ok(true) } else { unsafe { key.eq_object(cx, object) } }
        };
        let (step, has_base) = live.said(hash, is_key)?;
        if let Some(at) = step {
            let value = live.step(at)?.value;
            return Ok(match value.is_null() {
                true => Found { at: None, value, deleted: Some(at) },
                false => Found { at: Some(At::Step(at)), value, deleted: None },
            });
        }
        let below: PDict<Q, V, Ordered> = PDict { object: self.object, entry: PhantomData };
        let found = if has_base { below.probe_hashed(cx, hash, key)? } else { None };
        let Some((entry, name, value)) = found else {
            return Ok(Found { at: None, value: ptr::null_mut(), deleted: None });
        };
        if writes {
            live.check(entry, name)?;
        }
        Ok(Found { at: Some(At::Base(hash, name, value)), value, deleted: None })
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone> POrdered<K, V> {
    pub(crate) fn make(cx: Cx) -> R<Self> {
        let object = ordered::make(cx)?;
        // SAFETY: A new one, which goes to the arena.
        let object = unsafe { cx.adopt(object)? };
        // SAFETY: It is alive.
        match unsafe { ordered::is_ordered(object.as_ptr()) } {
            true => Ok(POrdered { object, entry: PhantomData }),
            false => bail(Bail::Unsupported),
        }
    }

    /// What a write begins with: the key's hash, and what is known of it. Operations hold objects, so those must not be
    /// others at the commit, and Python code must not be needed to find them.
    fn look_to_write(self, cx: Cx, key: &K) -> R<(isize, Found)> {
        cx.point()?;
        if !(K::LASTS && V::LASTS) || K::is_hooked() {
            return bail(Bail::Unsupported);
        }
        let hash = key.py_hash(cx)?;
        Ok((hash, self.look(cx, hash, key, true)?))
    }

    /// Removes what stands there.
    fn take(self, cx: Cx, at: At) -> R<V> {
        let (_, value) = self.live(cx).entry(at)?;
        // SAFETY: The object or the transaction keeps the value alive. A wrong type bails before anything has changed.
        let value = unsafe { V::from_py(cx, value)? };
        self.live(cx).remove(at)?;
        Ok(value)
    }

    fn take_edge(self, cx: Cx, last: bool) -> R<Option<(K, V)>> {
        cx.point()?;
        if !(K::LASTS && V::LASTS) || K::is_hooked() {
            return bail(Bail::Unsupported);
        }
        let Some(at) = self.live(cx).edge(last)? else { return Ok(None) };
        let (key, _) = self.live(cx).entry(at)?;
        // SAFETY: As in `take`.
        let key = unsafe { K::from_py(cx, key)? };
        Ok(Some((key, self.take(cx, at)?)))
    }

    #[inline(never)]
    extern "C" fn put_here(&self, cx: Cx, key: K, value: V) -> R<()> {
        let (hash, found) = self.look_to_write(cx, &key)?;
        // SAFETY: New references, which go to the arena.
        unsafe {
            let value = cx.adopt(value.into_py(cx)?)?.as_ptr();
            match found.at {
                Some(at) => self.live(cx).replace(at, value),
                None => {
                    let key = cx.adopt(key.into_py(cx)?)?.as_ptr();
                    self.live(cx).insert(hash, key, value, found.deleted)
                }
            }
        }
    }
}

/// Where an entry is, for who goes through them.
fn place_of(live: Live, at: At) -> R<Place> {
    match at {
        At::Base(_, key, value) => Ok(Place::Live { key, value }),
        At::Step(at) => live.step(at).map(|step| Place::Live { key: step.key, value: step.value }),
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone> DictLike<K, V> for POrdered<K, V> {
    const SIZE_DECIDES: bool = false;
    const LIVE: bool = true;

    #[inline]
    fn count(&self, cx: Cx) -> R<usize> {
        Ok(self.live(cx).count())
    }

    #[inline]
    fn version(&self, cx: Cx) -> R<u64> {
        Ok(self.live(cx).changes())
    }

    #[inline]
    fn is(&self, other: &Self) -> bool {
        self.object == other.object
    }

    fn find(&self, cx: Cx, key: &K) -> R<Option<V>> {
        self.find_other(cx, key)
    }

    fn has(&self, cx: Cx, key: &K) -> R<bool> {
        cx.point()?;
        Ok(self.look(cx, key.py_hash(cx)?, key, false)?.at.is_some())
    }

    fn find_other<Q: Key + FromPy + IntoPy>(&self, cx: Cx, key: &Q) -> R<Option<V>> {
        cx.point()?;
        let value = self.look(cx, key.py_hash(cx)?, key, false)?.value;
        // SAFETY: The object or the transaction keeps it alive.
        if value.is_null() { Ok(None) } else { unsafe { V::from_py(cx, value) }.map(Some) }
    }

    #[inline(always)]
    fn put(&self, cx: Cx, key: K, value: V) -> R<()> {
        self.put_here(cx, key, value)
    }

    fn remove(&self, cx: Cx, key: &K) -> R<Option<V>> {
        match self.look_to_write(cx, key)?.1.at {
            Some(at) => (*self).take(cx, at).map(Some),
            None => Ok(None),
        }
    }

    fn take(&self, cx: Cx, key: &K) -> R<V> {
        match self.remove(cx, key)? {
            Some(value) => Ok(value),
            None => missing(cx, key),
        }
    }

    fn take_last(&self, cx: Cx) -> R<Option<(K, V)>> {
        self.take_edge(cx, true)
    }

    fn clear_all(&self, cx: Cx) -> R<()> {
        cx.point()?;
        self.live(cx).clear()
    }

    fn step(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        let mut walk = Walk { part: cursor.part, at: cursor.at };
        let found = self.live(cx).next(&mut walk)?;
        (cursor.part, cursor.at) = (walk.part, walk.at);
        found.map(|at| place_of(self.live(cx), at)).transpose()
    }

    fn end(&self, cx: Cx) -> R<Cursor> {
        let Walk { part, at } = self.live(cx).end();
        Ok(Cursor { at, beyond: false, part, count: self.count(cx)?, version: self.version(cx)? })
    }

    fn step_back(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        let mut walk = Walk { part: cursor.part, at: cursor.at };
        let found = self.live(cx).next_back(&mut walk)?;
        (cursor.part, cursor.at) = (walk.part, walk.at);
        found.map(|at| place_of(self.live(cx), at)).transpose()
    }

    #[inline]
    fn key_at(&self, cx: Cx, place: Place) -> R<K> {
        match place {
            // SAFETY: The object or the transaction keeps the key alive.
            Place::Live { key, .. } => unsafe { K::from_py(cx, key) },
            Place::Native(_) | Place::Overwritten { .. } => bail(Bail::Panic),
        }
    }

    #[inline]
    fn value_at(&self, cx: Cx, place: Place) -> R<V> {
        match place {
            // SAFETY: The object or the transaction keeps the value alive.
            Place::Live { value, .. } => unsafe { V::from_py(cx, value) },
            Place::Native(_) | Place::Overwritten { .. } => bail(Bail::Panic),
        }
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone> InOrder<K, V> for POrdered<K, V> {
    fn take_first(&self, cx: Cx) -> R<Option<(K, V)>> {
        self.take_edge(cx, false)
    }

    fn move_entry(&self, cx: Cx, key: &K, last: bool) -> R<bool> {
        match self.look_to_write(cx, key)?.1.at {
            Some(at) => self.live(cx).move_to(at, last).map(|()| true),
            None => Ok(false),
        }
    }
}

impl<K: FromPy, V: FromPy> FromPy for POrdered<K, V> {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            if !ordered::is_ordered(object) || !ordered::is_bare(object) {
                return bail(Bail::Type);
            }
            Ok(POrdered { object: NonNull::new_unchecked(object), entry: PhantomData })
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe {
            if !ordered::is_ordered(object) {
                return false;
            }
            first(object).is_none_or(|(key, value)| K::matches(key) && V::matches(value))
        }
    }
}

impl<K, V> IntoPy for POrdered<K, V> {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps it alive.
        Ok(unsafe { again(self.object.as_ptr()) })
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone + ElemEq> ElemEq for POrdered<K, V> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(other) { Ok(true) } else { ordered_eq(cx, self, other) }
    }

    fn view(&self) -> View<'_> {
        View::Dict
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone + ElemEq> ElemOrd for POrdered<K, V> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}
