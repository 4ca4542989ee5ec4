//! Caches with bounds: how what a transaction does to them waits for the commit.
//!
//! The cache itself is not touched while the transaction is open. Whatever was asked for or kept meanwhile stands in a
//! native table, in the order of the last question; all that is newer than every link that nobody has asked for. So the
//! one that goes next is the oldest of those links, and once there is none, the first of the table. The commit only makes
//! of the cache what it is then: what was kept and is gone again it never sees.

use core::any::TypeId;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use pyo3_ffi::*;

use super::links;
use super::{Link, step};
use crate::boundary::dropped::{hashes_quietly, is_plain};
use crate::boundary::layout::{self, KEYS_GENERAL, Keys};
use crate::boundary::overlay::{keep_dropped, reserve};
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::dict::PDict;
use crate::dict::table::Table;
use crate::elem::Key;
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, no_memory};

/// Keys that one cache may be asked for in a transaction.
const MOST_KEYS: usize = 1 << 24;

/// With fewer places nodes that have gone stay where they are.
const ROOM: usize = 64;

/// No place.
const NONE: u32 = u32::MAX;

/// What is known of the cache's own links besides: somebody has asked for it, or it is gone.
const ASKED: u32 = 0;
const GONE: u32 = 1;

/// The cache's own links that were asked for, each with its cache, in order: while there are only a few, and nothing else
/// was done, there is no [`Turned`].
pub(crate) struct Renewed {
    links: Buf<(*mut PyObject, *mut Link)>,
    /// How often.
    times: usize,
}

/// So many links.
const FEW: usize = 8;
/// Asked for more often than that, they are found sooner in a native table.
const SELDOM: usize = 64;

impl Renewed {
    pub(crate) const fn new() -> Self {
        Renewed { links: Buf::new(), times: 0 }
    }

    /// The newest link of a cache.
    unsafe fn newest(&self, cache: *mut PyObject) -> *mut Link {
        // SAFETY: By the caller: a cache whose structure is proved.
        let own = || unsafe { links::newest(cache) };
        self.links.iter().rev().find(|(of, _)| ptr::eq(*of, cache)).map_or_else(own, |(_, link)| *link)
    }

    /// A link becomes the newest, if there is room.
    fn renew(&mut self, cache: *mut PyObject, link: *mut Link) -> R<bool> {
        self.times += 1;
        let known = self.links.iter().position(|(_, known)| ptr::eq(*known, link));
        if self.times > SELDOM || known.is_none() && self.links.len() >= FEW {
            return Ok(false);
        }
        if let Some(at) = known {
            self.links.remove(at);
        }
        if self.links.push((cache, link)).is_err() { bail(Bail::Memory) } else { Ok(true) }
    }

    /// Takes out the first link of a cache.
    fn take(&mut self, cache: *mut PyObject) -> Option<*mut Link> {
        let at = self.links.iter().position(|(of, _)| ptr::eq(*of, cache))?;
        Some(self.links.remove(at).1)
    }

    /// It is what was asked for last. Cannot fail.
    ///
    /// # Safety
    /// The caches are alive, and have not been changed since.
    #[inline]
    pub(crate) unsafe fn commit(&mut self) {
        // SAFETY: By the caller.
        unsafe { self.links.iter().for_each(|(cache, link)| links::renew(*cache, *link)) };
        self.forget();
    }

    #[inline]
    pub(crate) fn forget(&mut self) {
        self.links.clear();
        self.times = 0;
    }
}

/// A cache with bounds as the global that it is; the transaction keeps it alive.
pub struct Bounded<K, V> {
    cache: NonNull<PyObject>,
    entry: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Bounded<K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Bounded<K, V> {}

impl<K: FromPy, V: FromPy> FromPy for Bounded<K, V> {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; what is alive is not null.
        unsafe {
            match links::has_bounds(object) {
                true => Ok(Bounded { cache: NonNull::new_unchecked(object), entry: PhantomData }),
                false => bail(Bail::Type),
            }
        }
    }

    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { links::has_bounds(object) }
    }
}

/// A key that was asked for or kept.
struct Node<V> {
    /// None: it has gone.
    value: Option<V>,
    /// The cache's own link, if it has one.
    link: *mut Link,
    older: u32,
    newer: u32,
}

/// What a cache is instead of what its object says.
struct Turned<K: Key, V> {
    cache: *mut PyObject,
    table: Table<K, Node<V>>,
    oldest: u32,
    newest: u32,
    /// Nodes that are there.
    count: usize,
    /// The cache's own links that nobody has asked for, of which none is before this one.
    rest: usize,
    next: *mut Link,
    /// What is known of its own links.
    known: PtrMap,
    gone: Buf<*mut Link>,
    /// All of its own links are gone.
    cleared: bool,
    /// For the commit: links for the nodes that have none, in their order.
    made: Buf<*mut Link>,
}

impl<K: Key, V: Clone> Turned<K, V> {
    fn node(&mut self, place: u32) -> &mut Node<V> {
        self.table.value_mut(place as usize)
    }

    fn take_out(&mut self, place: u32) {
        let Node { older, newer, .. } = *self.node(place);
        match older {
            NONE => self.oldest = newer,
            older => self.node(older).newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.node(newer).older = older,
        }
    }

    fn put_last(&mut self, place: u32) {
        let newest = core::mem::replace(&mut self.newest, place);
        let node = self.node(place);
        (node.older, node.newer) = (newest, NONE);
        match newest {
            NONE => self.oldest = place,
            newest => self.node(newest).newer = place,
        }
    }

    /// The node of a key becomes the newest one, if it is there.
    #[inline]
    fn renew(&mut self, place: u32) -> bool {
        if self.newest == place {
            return true;
        }
        let is_there = self.node(place).value.is_some();
        if is_there {
            self.take_out(place);
            self.put_last(place);
        }
        is_there
    }

    /// Leaves out the nodes that have gone: nothing is asked of them that is not known of the links.
    #[cold]
    fn compact(&mut self, cx: Cx) -> R<()> {
        let mut table = Table::new();
        let mut place = core::mem::replace(&mut self.oldest, NONE);
        self.newest = NONE;
        while place != NONE {
            let node = self.table.value_mut(place as usize);
            let (value, link, newer) = (node.value.take(), node.link, node.newer);
            let key = self.table.key(place as usize);
            let hash = Table::<K, Node<V>>::hash(cx, &key)?;
            let last = self.newest;
            let new = table.add(hash, key, Node { value, link, older: last, newer: NONE })? as u32;
            match last {
                NONE => self.oldest = new,
                last => table.value_mut(last as usize).newer = new,
            }
            self.newest = new;
            place = newer;
        }
        self.table = table;
        Ok(())
    }

    /// A new node, the newest.
    fn add(&mut self, cx: Cx, hash: u64, key: K, value: V, link: *mut Link) -> R<()> {
        if self.table.places() >= MOST_KEYS {
            return bail(Bail::Limit);
        }
        if self.table.places() >= ROOM && self.table.places() / 4 > self.count {
            self.compact(cx)?;
        }
        let node = Node { value: Some(value), link, older: NONE, newer: NONE };
        let place = self.table.add(hash, key, node)? as u32;
        self.put_last(place);
        self.count += 1;
        Ok(())
    }

    /// One of the cache's own links is asked for: it becomes the newest.
    fn take_up(&mut self, cx: Cx, hash: u64, key: K, link: *mut Link) -> R<()>
    where
        V: FromPy,
    {
        // SAFETY: The link is the cache's, and keeps its result alive.
        let value = unsafe { V::from_py(cx, (*link).result)? };
        self.add(cx, hash, key, value, link)?;
        self.rest -= 1;
        if self.known.insert(link.cast(), ASKED) { Ok(()) } else { bail(Bail::Memory) }
    }

    /// One of the cache's own links goes.
    unsafe fn lose(&mut self, cx: Cx, link: *mut Link) -> R<()> {
        // SAFETY: By the caller; the dict of the cache refers to the key as well.
        unsafe {
            let (key, result) = ((*link).key, (*link).result);
            if !hashes_quietly(key) || !is_found_quietly(links::dict(self.cache), (*link).hash, key) {
                return bail(Bail::Unsupported);
            }
            if !is_plain(key) {
                cx.loses(key, 2)?;
            }
            cx.keep(key)?;
            keep_dropped(cx, result)?;
        }
        if self.gone.push(link).is_err() { bail(Bail::Memory) } else { Ok(()) }
    }

    /// The one that was asked for least lately goes.
    fn make_room(&mut self, cx: Cx) -> R<()> {
        // SAFETY: The links are those of the cache, which does not change while the transaction is open.
        unsafe {
            while self.rest > 0 && !self.next.is_null() {
                let link = self.next;
                self.next = links::behind(self.cache, link);
                if self.known.get(link.cast()).is_some() {
                    continue;
                }
                self.lose(cx, link)?;
                self.rest -= 1;
                return if self.known.insert(link.cast(), GONE) { Ok(()) } else { bail(Bail::Memory) };
            }
            let place = self.oldest;
            if place == NONE {
                return bail(Bail::Dict);
            }
            self.take_out(place);
            self.count -= 1;
            let node = self.node(place);
            node.value = None;
            let link = core::mem::replace(&mut node.link, ptr::null_mut());
            if link.is_null() { Ok(()) } else { self.lose(cx, link) }
        }
    }
}

impl<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone> Bounded<K, V> {
    const FUNCTIONS: &'static Functions =
        &Functions { prepare: prepare_typed::<K, V>, apply: apply_typed::<K, V>, drop: drop_typed::<K, V> };

    /// What the transaction has done to it; the borrow ends before the next call.
    #[inline]
    fn turned<'a>(self, cx: Cx) -> R<Option<&'a mut Turned<K, V>>> {
        // SAFETY: A short borrow; the types are compared, and the data lives until the transaction closes.
        unsafe {
            let all = &cx.txn().rare().turned;
            let Some(found) = all.iter().find(|turned| ptr::eq(turned.cache, self.cache.as_ptr())) else {
                return Ok(None);
            };
            if found.types != TypeId::of::<(K, V)>() {
                return bail(Bail::Alias);
            }
            Ok(Some(&mut *found.data.cast::<Turned<K, V>>().as_ptr()))
        }
    }

    /// Nothing has been done to it yet, but that a few of its links were asked for.
    #[cold]
    #[inline(never)]
    fn begin<'a>(self, cx: Cx) -> R<&'a mut Turned<K, V>> {
        // SAFETY: A cache whose structure is proved; the box is given to the transaction.
        unsafe {
            let cache = self.cache.as_ptr();
            let turned = Box::new(Turned::<K, V> {
                cache,
                table: Table::new(),
                oldest: NONE,
                newest: NONE,
                count: 0,
                rest: layout::dict_used(links::dict(cache)),
                next: links::oldest(cache),
                known: PtrMap::new(),
                gone: Buf::new(),
                cleared: false,
                made: Buf::new(),
            });
            let data = NonNull::new_unchecked(Box::into_raw(turned));
            let erased = Erased {
                cache,
                types: TypeId::of::<(K, V)>(),
                data: data.cast(),
                functions: Self::FUNCTIONS,
            };
            if let Err(erased) = cx.txn().rare().turned.push(erased) {
                (erased.functions.drop)(erased.data);
                return bail(Bail::Memory);
            }
            let turned = &mut *data.as_ptr();
            while let Some(link) = cx.txn().rare().renewed.take(cache) {
                let key = K::from_py(cx, (*link).key)?;
                turned.take_up(cx, Table::<K, Node<V>>::hash(cx, &key)?, key, link)?;
            }
            Ok(turned)
        }
    }

    /// The cache's own link of a key.
    fn own(self, cx: Cx, key: &K) -> R<Option<*mut Link>> {
        // SAFETY: The cache keeps its dict alive, and that what stands in it.
        unsafe {
            let dict: PDict<K, V> =
                PDict::of_object(NonNull::new_unchecked(links::dict(self.cache.as_ptr())));
            let Some(found) = dict.probe(cx, key)? else { return Ok(None) };
            match links::link(self.cache.as_ptr(), found) {
                Some(link) => Ok(Some(link)),
                None => bail(Bail::Dict),
            }
        }
    }

    /// Is the key there? It is the newest from here on.
    #[inline]
    fn turn(self, cx: Cx, key: &K) -> R<bool> {
        if K::is_hooked() {
            return bail(Bail::Unsupported);
        }
        let Some(turned) = self.turned(cx)? else { return self.turn_few(cx, key) };
        match turned.table.search(cx, key)? {
            Ok(place) => Ok(turned.renew(place as u32)),
            Err(hash) => self.turn_own(cx, key, hash),
        }
    }

    /// The same where there is no [`Turned`].
    fn turn_few(self, cx: Cx, key: &K) -> R<bool> {
        let Some(link) = self.own(cx, key)? else { return Ok(false) };
        // SAFETY: The link is the cache's; short borrows.
        unsafe {
            let cache = self.cache.as_ptr();
            let renewed = &mut cx.txn().rare().renewed;
            if ptr::eq(renewed.newest(cache), link) || renewed.renew(cache, link)? {
                return Ok(true);
            }
            // The link may be one that was asked for already.
            self.begin(cx)?;
            self.turn(cx, key)
        }
    }

    /// The same of a key that no node has.
    #[inline(never)]
    fn turn_own(self, cx: Cx, key: &K, hash: u64) -> R<bool> {
        let Some(turned) = self.turned(cx)?.filter(|turned| !turned.cleared) else { return Ok(false) };
        match self.own(cx, key)? {
            Some(link) if turned.known.get(link.cast()).is_none() => {
                turned.take_up(cx, hash, key.clone(), link)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn put(self, cx: Cx, key: K, value: V) -> R<()> {
        let turned = match self.turned(cx)? {
            Some(turned) => turned,
            None => self.begin(cx)?,
        };
        let (place, hash) = match turned.table.search(cx, &key)? {
            Ok(place) => (Some(place), 0),
            Err(hash) => (None, hash),
        };
        // The function may have called itself with the same.
        let is_there = match place {
            Some(place) => turned.table.value(place).value.is_some(),
            None if turned.cleared => false,
            None => self.own(cx, &key)?.is_some_and(|link| turned.known.get(link.cast()).is_none()),
        };
        if is_there {
            return Ok(());
        }
        // SAFETY: A cache whose structure is proved.
        if turned.count + turned.rest >= unsafe { links::most(turned.cache) } {
            turned.make_room(cx)?;
        }
        let Some(place) = place else { return turned.add(cx, hash, key, value, ptr::null_mut()) };
        // It may be equal to the one that has gone, and another object.
        turned.table.set_key(place, key);
        turned.node(place as u32).value = Some(value);
        turned.put_last(place as u32);
        turned.count += 1;
        Ok(())
    }

    fn clear(self, cx: Cx) -> R<()> {
        let turned = match self.turned(cx)? {
            Some(turned) => turned,
            None => self.begin(cx)?,
        };
        if !turned.cleared {
            // SAFETY: The links are those of the cache, which does not change while the transaction is open.
            unsafe {
                let mut gone = PtrMap::new();
                if !turned.gone.iter().all(|link| gone.insert(link.cast(), GONE)) {
                    return bail(Bail::Memory);
                }
                let mut link = links::oldest(turned.cache);
                while !link.is_null() {
                    if gone.get(link.cast()).is_none() {
                        turned.lose(cx, link)?;
                    }
                    link = links::behind(turned.cache, link);
                }
            }
        }
        turned.cleared = true;
        turned.gone.clear();
        turned.known.clear();
        turned.table.clear();
        (turned.oldest, turned.newest, turned.count) = (NONE, NONE, 0);
        (turned.rest, turned.next) = (0, ptr::null_mut());
        Ok(())
    }
}

/// Is there something for a call with this key? It is the newest from here on, and a hit; otherwise it is a miss.
#[inline]
pub fn touch<K, V>(cx: Cx, kept: &Bounded<K, V>, key: &K) -> R<bool>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    cx.point()?;
    let is_there = kept.turn(cx, key)?;
    step(cx, kept.cache.as_ptr(), |hits, misses| *if is_there { hits } else { misses } += 1)?;
    Ok(is_there)
}

/// What was kept of the newest call.
#[inline]
pub fn newest<K, V>(cx: Cx, kept: &Bounded<K, V>) -> R<V>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    if let Some(turned) = kept.turned(cx)?
        && turned.newest != NONE
    {
        let place = turned.newest;
        return match &turned.node(place).value {
            Some(value) => Ok(value.clone()),
            None => bail(Bail::Panic),
        };
    }
    // SAFETY: The link is the cache's, and keeps its result alive.
    unsafe {
        let link = cx.txn().rare().renewed.newest(kept.cache.as_ptr());
        if link.is_null() { bail(Bail::Panic) } else { V::from_py(cx, (*link).result) }
    }
}

/// Keeps what a call has come to; the one that was asked for least lately has to go where there is no room.
pub fn keep<K, V>(cx: Cx, kept: &Bounded<K, V>, key: K, value: V) -> R<()>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    cx.point()?;
    kept.put(cx, key, value)
}

/// `f.cache_clear()`
pub fn forget<K, V>(cx: Cx, kept: &Bounded<K, V>) -> R<()>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    cx.point()?;
    kept.clear(cx)?;
    step(cx, kept.cache.as_ptr(), |hits, misses| (*hits, *misses) = (0, 0))
}

/// Does CPython compare nothing but numbers and texts, and tuples of those, on its way to that very key of a dict?
unsafe fn is_found_quietly(dict: *mut PyObject, hash: isize, key: *mut PyObject) -> bool {
    // SAFETY: By the caller: an exact dict; the slots are inside the mask and name entries of the table.
    unsafe {
        let keys = Keys::of(dict);
        let mut perturb = hash as usize;
        let mut at = perturb & keys.mask();
        loop {
            let entry = keys.slot(at);
            if entry == -1 {
                return false;
            }
            if entry >= 0 {
                let (known, stored, _) = keys.entry(entry as usize);
                if ptr::eq(stored, key) {
                    return true;
                }
                // A table of texts has no hashes, and nothing else.
                if keys.kind == KEYS_GENERAL && known == hash && !hashes_quietly(stored) {
                    return false;
                }
            }
            perturb >>= 5;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & keys.mask();
        }
    }
}

/// What the untyped side needs of a [`Turned`].
struct Functions {
    prepare: unsafe fn(NonNull<u8>, Cx) -> R<()>,
    apply: unsafe fn(NonNull<u8>),
    drop: unsafe fn(NonNull<u8>),
}

/// A [`Turned`] whose types are known where it was begun.
pub(crate) struct Erased {
    cache: *mut PyObject,
    types: TypeId,
    data: NonNull<u8>,
    functions: &'static Functions,
}

/// First part of the commit: makes what is put in; there is memory for the rest, and no Python code is needed.
///
/// # Safety
/// The transaction is open.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; boxing begins no other cache.
    unsafe {
        let mut index = 0;
        while let Some(turned) = cx.txn().rare().turned.get(index) {
            (turned.functions.prepare)(turned.data, cx)?;
            index += 1;
        }
        Ok(())
    }
}

/// Second part. Cannot fail, runs no Python code.
///
/// # Safety
/// Behind [`prepare`].
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: By the caller.
    unsafe { cx.txn().rare().turned.iter().for_each(|turned| (turned.functions.apply)(turned.data)) }
}

/// What is let go once the transaction has closed.
///
/// # Safety
/// Each is discarded once.
pub(crate) unsafe fn discard(all: Buf<Erased>) {
    // SAFETY: By the caller.
    unsafe { all.iter().for_each(|turned| (turned.functions.drop)(turned.data)) }
}

unsafe fn prepare_typed<K, V>(data: NonNull<u8>, cx: Cx) -> R<()>
where
    K: Key + FromPy + IntoPy,
    V: FromPy + IntoPy + Clone,
{
    // SAFETY: By the caller: data of these types, not borrowed. What is boxed goes to the arena.
    unsafe {
        let turned = &mut *data.cast::<Turned<K, V>>().as_ptr();
        let mut place = turned.oldest;
        while place != NONE {
            let at = place;
            let node = turned.node(at);
            place = node.newer;
            // What the cache has had it keeps.
            let (Some(value), true) = (node.value.clone(), node.link.is_null()) else { continue };
            let key = cx.adopt(turned.table.key(at as usize).into_py(cx)?)?;
            let value = cx.adopt(value.into_py(cx)?)?;
            let link = links::make(turned.cache, key.as_ptr(), value.as_ptr());
            if link.is_null() {
                return no_memory();
            }
            if turned.made.push(link).is_err() {
                Py_DECREF(link.cast());
                return bail(Bail::Memory);
            }
        }
        let growth = match turned.made.len() {
            0 => 0,
            made => made + 2 * layout::dict_used(links::dict(turned.cache)),
        };
        reserve(growth)
    }
}

unsafe fn apply_typed<K: Key, V: Clone>(data: NonNull<u8>) {
    // SAFETY: By the caller: data of these types, not borrowed; each link that was made is given away once.
    unsafe {
        let turned = &mut *data.cast::<Turned<K, V>>().as_ptr();
        let cache = turned.cache;
        if turned.cleared {
            links::clear(cache);
        }
        for &link in turned.gone.iter() {
            at_last(|| links::remove(cache, link));
        }
        let (mut place, mut made) = (turned.oldest, 0);
        while place != NONE {
            let &mut Node { link, newer, .. } = turned.node(place);
            if link.is_null() {
                let link = turned.made[made];
                made += 1;
                at_last(|| links::add(cache, link));
            } else {
                links::renew(cache, link);
            }
            place = newer;
        }
        turned.made.clear();
    }
}

/// There was memory a moment ago.
unsafe fn at_last(mut works: impl FnMut() -> bool) {
    // SAFETY: The GIL is held.
    unsafe {
        for _attempt in 0..3 {
            if works() {
                return;
            }
            PyErr_Clear();
        }
        Py_FatalError(c"pyrust: out of memory between two writes of a commit".as_ptr());
    }
}

unsafe fn drop_typed<K: Key, V>(data: NonNull<u8>) {
    // SAFETY: By the caller: data of these types, dropped once; links that no cache has taken are ours.
    unsafe {
        let turned = Box::from_raw(data.cast::<Turned<K, V>>().as_ptr());
        turned.made.iter().for_each(|link| Py_DECREF(link.cast()));
    }
}
