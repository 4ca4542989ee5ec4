//! The first writes of a call to a dict: objects in a short list (see `boundary::few`), from which keys and values are
//! read as from the dict itself.

use core::any::TypeId;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::{Py_DECREF, PyObject};

use super::PDict;
use crate::boundary::dropped::is_plain;
use crate::boundary::few::{self, Write, Writer};
use crate::boundary::overlay::keep_dropped;
use crate::buf::Buf;
use crate::dict::native::boxed;
use crate::dict::{Cursor, Kind, Place, missing};
use crate::elem::Key;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone, M: Kind> PDict<K, V, M> {
    /// Does the next write wait as objects?
    #[inline(always)]
    pub(super) fn writes_few(self, cx: Cx) -> R<bool> {
        if !(K::LASTS && V::LASTS) {
            return Ok(false);
        }
        // SAFETY: Short borrows.
        unsafe {
            if cx.txn().dicts.few.is_closed() || K::is_hooked() {
                return Ok(false);
            }
            if cx.txn().dicts.few.is_full() {
                few::close(cx)?;
                return Ok(false);
            }
            if cx.txn().dicts.few.is_full_of(self.as_ptr()) {
                self.go_over(cx)?;
                return Ok(false);
            }
            Ok(!cx.txn().dicts.has_overlay(self.as_ptr()))
        }
    }

    /// [`PDict::go_over`], for who does not know the types.
    ///
    /// # Safety
    /// A dict with writes of these types that wait.
    unsafe fn go_over_there(dict: *mut PyObject, cx: Cx) -> R<()> {
        // SAFETY: By the caller: it is of the class, which was looked at before the first write.
        let dict = unsafe { NonNull::new_unchecked(dict) };
        PDict::<K, V, M> { object: dict, entry: PhantomData }.go_over(cx)
    }

    /// Which of the writes that wait is the last one of this key. Those of other types are a second representation.
    fn written_last(self, cx: Cx, hash: isize, key: &K) -> R<Option<usize>> {
        // SAFETY: A short borrow; comparing keys touches no dict.
        let few = unsafe { &cx.txn().dicts.few };
        let mut last = None;
        for at in few.places_of(self.as_ptr()) {
            let write = few.get(at);
            if write.writer.types != TypeId::of::<(K, V)>() {
                return bail(Bail::Alias);
            }
            // SAFETY: The write owns its key.
            if write.hash == hash && (key.is_object(write.key) || unsafe { key.eq_object(cx, write.key)? }) {
                last = Some(at);
            }
        }
        Ok(last)
    }

    /// What was written for this key, if something was: the value, which the transaction keeps alive, or null.
    #[inline(never)]
    pub(super) fn few_says(self, cx: Cx, key: &K) -> R<Option<*mut PyObject>> {
        // SAFETY: A short borrow.
        if !unsafe { cx.txn() }.dicts.few.holds(self.as_ptr()) {
            return Ok(None);
        }
        let at = self.written_last(cx, key.py_hash(cx)?, key)?;
        // SAFETY: As above.
        Ok(at.map(|at| unsafe { cx.txn() }.dicts.few.get(at).value))
    }

    /// By how much the dict grows, and how often its shape changes.
    #[inline(never)]
    pub(super) fn few_shape(self, cx: Cx) -> (isize, u64) {
        // SAFETY: A short borrow.
        let few = unsafe { &cx.txn().dicts.few };
        few.of(self.as_ptr()).fold((0, 0), |(growth, changes), write| {
            (growth + isize::from(write.growth), changes + u64::from(write.growth != 0))
        })
    }

    const WRITER: &'static Writer = &Writer { types: TypeId::of::<(K, V)>(), go_over: Self::go_over_there };

    #[inline(always)]
    fn push_few(self, cx: Cx, hash: isize, key: *mut PyObject, value: *mut PyObject, growth: i8) -> R<()> {
        let write = Write::new(self.as_ptr(), Self::WRITER, hash, key, value, growth);
        // SAFETY: A short borrow; the references are given away.
        unsafe { &mut cx.txn().dicts.few }.push(write)
    }

    /// `dict[key] = value` of a key that is neither in the dict nor in what waits, while [`PDict::writes_few`].
    #[inline(always)]
    pub(super) fn insert_few(self, cx: Cx, hash: isize, key: K, value: V) -> R<()> {
        let (name, value) = boxed(key.into_py(cx)?, value.into_py(cx))?;
        self.push_few(cx, hash, name, value, 1)
    }

    /// `dict[key] = value`, while [`PDict::writes_few`].
    #[inline(never)]
    pub(super) fn put_few(self, cx: Cx, key: K, value: V) -> R<()> {
        cx.point()?;
        let hash = key.py_hash(cx)?;
        let written = self.written_last(cx, hash, &key)?;
        // SAFETY: Short borrows. The dict keeps its key and value alive; after the commit the arena keeps the value.
        unsafe {
            if let Some(at) = written
                && !cx.txn().dicts.few.get(at).value.is_null()
            {
                let value = value.into_py(cx)?;
                let old = core::mem::replace(&mut cx.txn().dicts.few.at(at).value, value);
                // It may still be looked at.
                cx.adopt(old)?;
                return Ok(());
            }
            let base = if written.is_some() { None } else { self.probe_hashed(cx, hash, &key)? };
            let (name, growth) = match base {
                // Of what waits nothing is of this key.
                Some((entry, ..)) if self.has_places() => return self.replace_in_place(cx, entry, value),
                Some((_, name, old)) => {
                    keep_dropped(cx, old)?;
                    (again(name), 0)
                }
                None => (key.into_py(cx)?, 1),
            };
            let (name, value) = boxed(name, value.into_py(cx))?;
            self.push_few(cx, hash, name, value, growth)
        }
    }

    /// `dict.pop(key)`, while [`PDict::writes_few`]: the value, which the transaction keeps alive, null where there is
    /// none. None: the writes went over to an overlay, in which it is to be done.
    fn take_few(self, cx: Cx, key: &K) -> R<Option<*mut PyObject>> {
        cx.point()?;
        let hash = key.py_hash(cx)?;
        let written = self.written_last(cx, hash, key)?;
        // SAFETY: Short borrows. The dict keeps both alive, or the write does; after the commit the arena does.
        unsafe {
            let (name, value) = match written {
                Some(at) => {
                    let write = *cx.txn().dicts.few.get(at);
                    if write.value.is_null() {
                        return Ok(Some(ptr::null_mut()));
                    }
                    if !is_plain(write.value) {
                        // The commit must not count with a reference that it drops again.
                        return self.go_over(cx).map(|()| None);
                    }
                    (write.key, write.value)
                }
                None => {
                    let Some((_, name, old)) = self.probe_hashed(cx, hash, key)? else {
                        return Ok(Some(ptr::null_mut()));
                    };
                    if !is_plain(name) {
                        keep_dropped(cx, name)?;
                    }
                    keep_dropped(cx, old)?;
                    (name, old)
                }
            };
            self.push_few(cx, hash, again(name), ptr::null_mut(), -1)?;
            Ok(Some(value))
        }
    }

    /// `dict.pop(key)`
    #[inline(never)]
    pub(super) extern "C" fn take_here(&self, cx: Cx, key: &K) -> R<V> {
        if self.is_fresh(cx) {
            return match self.take_fresh(cx, key)? {
                Some(value) => Ok(value),
                None => missing(cx, key),
            };
        }
        if self.writes_few(cx)?
            && let Some(value) = self.take_few(cx, key)?
        {
            // SAFETY: The transaction keeps it alive.
            return if value.is_null() { missing(cx, key) } else { unsafe { V::from_py(cx, value) } };
        }
        match self.remove_held(cx, key)? {
            Some(value) => Ok(value),
            None => missing(cx, key),
        }
    }

    /// `dict.pop(key, …)`
    #[inline]
    pub(super) fn remove_anywhere(self, cx: Cx, key: &K) -> R<Option<V>> {
        if self.is_fresh(cx) {
            return self.take_fresh(cx, key);
        }
        if self.writes_few(cx)?
            && let Some(value) = self.take_few(cx, key)?
        {
            // SAFETY: The transaction keeps it alive.
            return if value.is_null() { Ok(None) } else { unsafe { V::from_py(cx, value) }.map(Some) };
        }
        self.remove_held(cx, key)
    }

    /// Has it writes that wait?
    #[inline]
    pub(super) fn has_few(self, cx: Cx) -> bool {
        // SAFETY: A short borrow.
        unsafe { cx.txn() }.dicts.few.holds(self.as_ptr())
    }

    /// The next entry, while writes wait: those of the dict, with what was written for them, whose keys stand in the writes
    /// as the dict has them; then what was put in. The cursor counts insertions, as it would in an overlay.
    pub(super) fn step_few(self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>> {
        // SAFETY: A short borrow.
        let few = unsafe { &cx.txn().dicts.few };
        if few.of(self.as_ptr()).any(|write| write.writer.types != TypeId::of::<(K, V)>()) {
            return bail(Bail::Alias);
        }
        while !cursor.beyond {
            let Some((key, value)) = self.base_entry(&mut cursor.at) else {
                (cursor.beyond, cursor.at) = (true, 0);
                break;
            };
            // What is deleted comes back at the end.
            let mut written = few.of(self.as_ptr()).filter(|write| ptr::eq(write.key, key));
            match written.next() {
                None => return Ok(Some(Place::Live { key, value })),
                Some(first) if !first.value.is_null() && !written.any(|write| write.value.is_null()) => {
                    return Ok(Some(Place::Live { key, value: first.value }));
                }
                Some(_) => {}
            }
        }
        let mut put_in =
            few.of(self.as_ptr()).enumerate().filter(|(_, write)| write.growth > 0).skip(cursor.at);
        let found = put_in.find(|(at, write)| {
            cursor.at += 1;
            let mut later = few.of(self.as_ptr()).skip(at + 1);
            !later.any(|other| ptr::eq(other.key, write.key) && other.value.is_null())
        });
        Ok(found.map(|(_, write)| Place::Live { key: write.key, value: write.value }))
    }

    /// An overlay takes over what waits, if something does.
    #[cold]
    #[inline(never)]
    pub(super) fn leave_few(self, cx: Cx) -> R<()> {
        // SAFETY: A short borrow.
        let waits = unsafe { cx.txn() }.dicts.few.holds(self.as_ptr());
        if waits { self.go_over(cx) } else { Ok(()) }
    }

    /// From the short list to an overlay.
    fn go_over(self, cx: Cx) -> R<()> {
        let mut writes = Buf::new();
        // SAFETY: Short borrows; the references go to the arena, since what was read of them may still be looked at.
        unsafe {
            while let Some(write) = cx.txn().dicts.few.take_first(self.as_ptr()) {
                if !write.value.is_null()
                    && let Err(stop) = cx.adopt(write.value)
                {
                    Py_DECREF(write.key);
                    return Err(stop);
                }
                cx.adopt(write.key)?;
                if write.writer.types != TypeId::of::<(K, V)>() {
                    return bail(Bail::Alias);
                }
                if writes.push(write).is_err() {
                    return bail(Bail::Memory);
                }
            }
            for write in writes.iter() {
                let key = K::from_py(cx, write.key)?;
                match write.value.is_null() {
                    true => drop(self.remove_held(cx, &key)?),
                    false => self.put_held(cx, key, V::from_py(cx, write.value)?)?,
                }
            }
            // Nothing has been seen of it while it had none.
            debug_assert!(self.overlay(cx)?.is_some());
            Ok(())
        }
    }
}
