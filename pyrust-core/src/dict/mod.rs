//! `dict`: native ([`Dict`]) and in place ([`PDict`]), and the functions that generated code calls on either.
//!
//! First argument `cx`, dicts by reference, stored keys and values by value.

mod chars;
mod fields;
mod index;
mod kinds;
mod live;
mod native;
pub(crate) mod table;
mod views;

pub use chars::Chars;
pub use fields::*;
pub use kinds::*;
pub use live::PDict;
#[cfg(feature = "rare")]
pub use live::POrdered;
pub use native::Dict;
pub use views::*;

use crate::builtins::boxed::Scalar;
use crate::elem::{ElemEq, Key, View};
use crate::list::{self, List, ListLike};
use crate::py::{FromPy, IntoPy};
use crate::raised::raise;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use crate::txn::last::Given;
use pyo3_ffi::PyObject;

/// Where an iteration stands.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    at: usize,
    /// Past the entries of the dict itself, among those of the overlay.
    beyond: bool,
    /// Of an `OrderedDict` of Python's: see `boundary::ordered`.
    #[cfg_attr(not(feature = "rare"), expect(dead_code, reason = "an `OrderedDict` alone has parts"))]
    part: u8,
    count: usize,
    version: u64,
}

/// An entry found by an iteration.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// At this place of the native table or of the overlay.
    Native(usize),
    /// In the live dict.
    Live { key: *mut PyObject, value: *mut PyObject },
    /// A key of the live dict, whose value was overwritten: at this place of the overlay.
    Overwritten { key: *mut PyObject, place: usize },
}

/// What both representations do.
pub trait DictLike<K: Key, V: Clone + 'static>: Clone {
    /// Whether an iteration notices a change is decided by the size alone.
    const SIZE_DECIDES: bool = true;
    /// It is an object of Python's.
    const LIVE: bool = false;

    /// `len(self)`
    fn count(&self, cx: Cx) -> R<usize>;
    /// Moves on with every insertion and deletion.
    fn version(&self, cx: Cx) -> R<u64>;
    /// `self is other`
    fn is(&self, other: &Self) -> bool;
    fn find(&self, cx: Cx, key: &K) -> R<Option<V>>;
    /// `self[key]`
    #[inline]
    fn read(&self, cx: Cx, key: &K) -> R<V> {
        match self.find(cx, key)? {
            Some(value) => Ok(value),
            None => missing(cx, key),
        }
    }
    fn has(&self, cx: Cx, key: &K) -> R<bool>;
    /// The value of a key of a kind that no `K` is equal to: only a dict of Python's can have it.
    #[inline]
    fn find_other<Q: Key + FromPy + IntoPy>(&self, _: Cx, _: &Q) -> R<Option<V>> {
        Ok(None)
    }
    fn put(&self, cx: Cx, key: K, value: V) -> R<()>;
    /// A native copy, where the table can be copied as it is.
    #[inline]
    fn twin(&self, _: Cx) -> R<Option<Dict<K, V>>> {
        Ok(None)
    }
    /// Takes over the entries of a copy that nobody else has, if it is native and has none itself.
    #[inline]
    fn adopt(&self, _: Dict<K, V>) {}
    /// Makes room for so many keys, all of them different, that are put into a dict without any.
    #[inline]
    fn expect(&self, _: usize) -> R<()> {
        Ok(())
    }
    /// The same of one of those keys.
    #[inline]
    fn put_expected(&self, cx: Cx, key: K, value: V) -> R<()> {
        self.put(cx, key, value)
    }
    /// [`DictLike::put`] behind which nothing more is done, see `txn::last`.
    #[inline(always)]
    fn put_last(&self, cx: Cx, key: K, value: V, _: [Given; 2]) -> R<()> {
        self.put(cx, key, value)
    }
    /// `d[key] = f(d.get(key, default))`, with one look-up where that can be had.
    #[inline]
    fn upsert(&self, cx: Cx, key: &K, default: V, f: impl FnOnce(V) -> R<V>) -> R<()> {
        let old = self.find(cx, key)?.unwrap_or(default);
        self.put(cx, key.clone(), f(old)?)
    }
    /// `d[key] = f(d[key])`, with one look-up where that can be had; false if there is no such key.
    #[inline]
    fn change(&self, cx: Cx, key: &K, f: impl FnOnce(V) -> R<V>) -> R<bool> {
        let Some(old) = self.find(cx, key)? else { return Ok(false) };
        self.put(cx, key.clone(), f(old)?)?;
        Ok(true)
    }
    /// [`DictLike::change`] behind which nothing more is done, see `txn::last`.
    #[inline]
    fn change_last(&self, cx: Cx, key: &K, f: impl FnMut(V) -> R<V>) -> R<bool> {
        self.change(cx, key, f)
    }
    /// The same of [`DictLike::upsert`].
    #[inline]
    fn upsert_last(&self, cx: Cx, key: &K, default: V, f: impl FnMut(V) -> R<V>) -> R<()> {
        self.upsert(cx, key, default, f)
    }
    /// Removes a key; the value that it had.
    fn remove(&self, cx: Cx, key: &K) -> R<Option<V>>;
    /// The same; `KeyError` where there is none.
    fn take(&self, cx: Cx, key: &K) -> R<V> {
        match self.remove(cx, key)? {
            Some(value) => Ok(value),
            None => missing(cx, key),
        }
    }
    /// Removes the last entry.
    fn take_last(&self, cx: Cx) -> R<Option<(K, V)>>;
    fn clear_all(&self, cx: Cx) -> R<()>;
    /// The next entry; `None` at the end.  Whether the dict has changed is checked by the caller.
    fn step(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>>;
    /// The same where it takes a few instructions, and the check as well; `None` says nothing.
    #[inline(always)]
    fn step_plainly(&self, _: Cx, _: &mut Cursor) -> Option<Place> {
        None
    }
    /// A cursor behind the last entry.
    fn end(&self, cx: Cx) -> R<Cursor>;
    /// The entry before; `None` at the front.
    fn step_back(&self, cx: Cx, cursor: &mut Cursor) -> R<Option<Place>>;
    fn key_at(&self, cx: Cx, place: Place) -> R<K>;
    fn value_at(&self, cx: Cx, place: Place) -> R<V>;
}

/// `d[key] = f(d.get(key, default))`
#[inline]
pub fn upsert<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    default: V,
    f: impl FnOnce(V) -> R<V>,
) -> R<()> {
    dict.upsert(cx, key, default, f)
}

/// `d[key] = f(d[key])`
#[inline]
pub fn change<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    f: impl FnOnce(V) -> R<V>,
) -> R<()> {
    if dict.change(cx, key, f)? { Ok(()) } else { missing(cx, key) }
}

/// [`upsert`], where nothing is done behind it.
#[inline]
pub fn upsert_last<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    default: V,
    f: impl FnMut(V) -> R<V>,
) -> R<()> {
    dict.upsert_last(cx, key, default, f)
}

/// [`change`], where nothing is done behind it.
#[inline]
pub fn change_last<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    f: impl FnMut(V) -> R<V>,
) -> R<()> {
    if dict.change_last(cx, key, f)? { Ok(()) } else { missing(cx, key) }
}

/// `{}`
#[inline]
pub fn new<K: Key, V: Clone + 'static>(cx: Cx) -> R<Dict<K, V>> {
    Dict::make(cx)
}

/// `{}`, as a Python dict.
#[inline]
pub fn pdict_new<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(cx: Cx) -> R<PDict<K, V>> {
    PDict::make(cx, None)
}

/// `a is b`
#[inline]
pub fn is<K: Key, V: Clone + 'static, D: DictLike<K, V>>(a: &D, b: &D) -> bool {
    a.is(b)
}

/// `len(d)`
#[inline]
pub fn len<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<i64> {
    Ok(dict.count(cx)? as i64)
}

/// `bool(d)`
#[inline]
pub fn truth<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<bool> {
    Ok(dict.count(cx)? != 0)
}

/// The value of a key, if there is one.
#[inline]
pub(crate) fn find_item<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
) -> R<Option<V>> {
    dict.find(cx, key)
}

/// `KeyError`, which says the key.
#[cold]
#[inline(never)]
pub(crate) fn missing<K: Key, T>(cx: Cx, key: &K) -> R<T> {
    if !cx.looks() {
        return exc(Exc::KeyError);
    }
    let is_int = core::any::TypeId::of::<K>() == core::any::TypeId::of::<i64>();
    let key = match key.view() {
        View::None => ().boxed()?,
        // The view of a bool is one of an int.
        View::Int(key) if is_int => key.boxed()?,
        View::Str(key) => key.boxed()?,
        View::Chr(key) => key.boxed()?,
        View::Bytes(key) => key.boxed()?,
        _ => return exc(Exc::KeyError),
    };
    raise(cx, Exc::KeyError, [key]).and_then(|()| bail(Bail::Panic))
}

/// `d[k]`
#[inline]
pub fn getitem<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K) -> R<V> {
    dict.read(cx, key)
}

/// `d.get(k)`
#[inline]
pub fn get<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K) -> R<Option<V>> {
    dict.find(cx, key)
}

/// `d.get(k, default)`
#[inline]
pub fn get_or<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K, default: V) -> R<V> {
    Ok(dict.find(cx, key)?.unwrap_or(default))
}

/// `d[k]`, where no `K` is equal to `k`.
pub fn getitem_other<K: Key, V: Clone + 'static, D: DictLike<K, V>, Q: Key + FromPy + IntoPy>(
    cx: Cx,
    dict: &D,
    key: &Q,
) -> R<V> {
    match dict.find_other(cx, key)? {
        Some(value) => Ok(value),
        None => missing(cx, key),
    }
}

/// `d.get(k)`, where no `K` is equal to `k`.
#[inline]
pub fn get_other<K: Key, V: Clone + 'static, D: DictLike<K, V>, Q: Key + FromPy + IntoPy>(
    cx: Cx,
    dict: &D,
    key: &Q,
) -> R<Option<V>> {
    dict.find_other(cx, key)
}

/// `d.get(k, default)`, where no `K` is equal to `k`.
#[inline]
pub fn get_other_or<K: Key, V: Clone + 'static, D: DictLike<K, V>, Q: Key + FromPy + IntoPy>(
    cx: Cx,
    dict: &D,
    key: &Q,
    default: V,
) -> R<V> {
    Ok(dict.find_other(cx, key)?.unwrap_or(default))
}

/// `k in d`, where no `K` is equal to `k`.
#[inline]
pub fn contains_other<K: Key, V: Clone + 'static, D: DictLike<K, V>, Q: Key + FromPy + IntoPy>(
    cx: Cx,
    dict: &D,
    key: &Q,
) -> R<bool> {
    Ok(dict.find_other(cx, key)?.is_some())
}

/// `d[k] = v`
#[inline]
pub fn set<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: K, value: V) -> R<()> {
    dict.put(cx, key, value)
}

/// The same, where nothing is done behind it.
#[inline]
pub fn set_last<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: K,
    value: V,
    given: [Given; 2],
) -> R<()> {
    dict.put_last(cx, key, value, given)
}

/// `del d[k]`
#[inline]
pub fn del<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K) -> R<()> {
    match dict.remove(cx, key)? {
        Some(_) => Ok(()),
        None => missing(cx, key),
    }
}

/// `k in d`
#[inline]
pub fn contains<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K) -> R<bool> {
    dict.has(cx, key)
}

/// `d.setdefault(k, v)`
pub fn setdefault<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: K, value: V) -> R<V> {
    if let Some(found) = dict.find(cx, &key)? {
        return Ok(found);
    }
    dict.put(cx, key, value.clone())?;
    Ok(value)
}

/// [`setdefault`] of a value that is made only for a key that is not there.
#[inline]
pub fn setdefault_with<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    value: impl FnOnce() -> R<V>,
) -> R<V> {
    if let Some(found) = dict.find(cx, key)? {
        return Ok(found);
    }
    let value = value()?;
    dict.put(cx, key.clone(), value.clone())?;
    Ok(value)
}

/// `d.pop(k)`
#[inline(always)]
pub fn pop<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K) -> R<V> {
    dict.take(cx, key)
}

/// `d.pop(k, default)`
pub fn pop_or<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D, key: &K, default: V) -> R<V> {
    Ok(dict.remove(cx, key)?.unwrap_or(default))
}

/// `d.popitem()`
pub fn popitem<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<(K, V)> {
    match dict.take_last(cx)? {
        Some(pair) => Ok(pair),
        None => exc(Exc::KeyError),
    }
}

/// `d.clear()`
pub fn clear<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<()> {
    dict.clear_all(cx)
}

/// Starts `for … in d`, `d.values()` or `d.items()`.
#[inline]
pub fn iter<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<Cursor> {
    Ok(Cursor { at: 0, beyond: false, part: 0, count: dict.count(cx)?, version: dict.version(cx)? })
}

/// The cursor of an iteration that begins when the first entry is asked for.
#[inline]
pub fn begun<'c, K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &'c mut Option<Cursor>,
) -> R<&'c mut Cursor> {
    let new = match cursor.take() {
        Some(cursor) => cursor,
        None => iter(cx, dict)?,
    };
    Ok(cursor.insert(new))
}

/// One step, with CPython's check of the size.
#[inline]
fn advance<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<Place>> {
    if dict.version(cx)? != cursor.version {
        // With the same size CPython goes on, in an order that depends on the table.  An `OrderedDict` looks whether it
        // was changed, but not behind its last entry.
        return if D::SIZE_DECIDES && dict.count(cx)? != cursor.count {
            exc(Exc::RuntimeError)
        } else {
            bail(Bail::Dict)
        };
    }
    dict.step(cx, cursor)
}

// Each of these three is written out: through one function that is told how to read a place, loops over Python's dicts
// took 1.7 times as long.

/// The next key.
#[inline(always)]
pub fn next_key<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<K>> {
    match dict.step_plainly(cx, cursor) {
        Some(place) => dict.key_at(cx, place).map(Some),
        None => next_key_checked(cx, dict, cursor),
    }
}

#[inline]
fn next_key_checked<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<K>> {
    match advance(cx, dict, cursor)? {
        Some(place) => dict.key_at(cx, place).map(Some),
        None => Ok(None),
    }
}

/// The next value.
#[inline(always)]
pub fn next_value<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<V>> {
    match dict.step_plainly(cx, cursor) {
        Some(place) => dict.value_at(cx, place).map(Some),
        None => next_value_checked(cx, dict, cursor),
    }
}

#[inline]
fn next_value_checked<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<V>> {
    match advance(cx, dict, cursor)? {
        Some(place) => dict.value_at(cx, place).map(Some),
        None => Ok(None),
    }
}

/// The next key and value.
#[inline(always)]
pub fn next_item<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<(K, V)>> {
    match dict.step_plainly(cx, cursor) {
        Some(place) => Ok(Some((dict.key_at(cx, place)?, dict.value_at(cx, place)?))),
        None => next_item_checked(cx, dict, cursor),
    }
}

#[inline]
fn next_item_checked<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<(K, V)>> {
    match advance(cx, dict, cursor)? {
        Some(place) => Ok(Some((dict.key_at(cx, place)?, dict.value_at(cx, place)?))),
        None => Ok(None),
    }
}

/// Starts `for … in reversed(d)`, `reversed(d.values())` or `reversed(d.items())`.
#[inline]
pub fn iter_back<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<Cursor> {
    dict.end(cx)
}

/// The cursor of an iteration from the end that begins when the first entry is asked for.
pub fn begun_back<'c, K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &'c mut Option<Cursor>,
) -> R<&'c mut Cursor> {
    let new = match cursor.take() {
        Some(cursor) => cursor,
        None => iter_back(cx, dict)?,
    };
    Ok(cursor.insert(new))
}

/// One step back, with CPython's check of the size.
fn retreat<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<Place>> {
    if dict.version(cx)? != cursor.version {
        return if D::SIZE_DECIDES && dict.count(cx)? != cursor.count {
            exc(Exc::RuntimeError)
        } else {
            bail(Bail::Dict)
        };
    }
    dict.step_back(cx, cursor)
}

/// The key before.
pub fn last_key<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<K>> {
    match retreat(cx, dict, cursor)? {
        Some(place) => dict.key_at(cx, place).map(Some),
        None => Ok(None),
    }
}

/// The value before.
pub fn last_value<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<V>> {
    match retreat(cx, dict, cursor)? {
        Some(place) => dict.value_at(cx, place).map(Some),
        None => Ok(None),
    }
}

/// The key and value before.
pub fn last_item<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    cursor: &mut Cursor,
) -> R<Option<(K, V)>> {
    match retreat(cx, dict, cursor)? {
        Some(place) => Ok(Some((dict.key_at(cx, place)?, dict.value_at(cx, place)?))),
        None => Ok(None),
    }
}

/// `list(d)`
pub fn keys<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<List<K>> {
    let result = list::with_capacity(cx, len(cx, dict)?)?;
    let mut cursor = iter(cx, dict)?;
    while let Some(key) = next_key(cx, dict, &mut cursor)? {
        result.push(cx, key)?;
    }
    Ok(result)
}

/// `list(d.values())`
pub fn values<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<List<V>> {
    let result = list::with_capacity(cx, len(cx, dict)?)?;
    let mut cursor = iter(cx, dict)?;
    while let Some(value) = next_value(cx, dict, &mut cursor)? {
        result.push(cx, value)?;
    }
    Ok(result)
}

/// `list(d.items())`
pub fn items<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<List<(K, V)>> {
    let result = list::with_capacity(cx, len(cx, dict)?)?;
    let mut cursor = iter(cx, dict)?;
    while let Some(item) = next_item(cx, dict, &mut cursor)? {
        result.push(cx, item)?;
    }
    Ok(result)
}

/// `d.update(e)`, `d |= e`
pub fn update<K, V, D, E>(cx: Cx, dict: &D, other: &E) -> R<()>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    if K::HASHED && E::LIVE {
        // Python relies on the hashes that it has.
        return bail(Bail::Unsupported);
    }
    // Of the same dict nothing changes: all keys are there, with the same values.
    let mut cursor = iter(cx, other)?;
    // Those of one dict are all told apart; where compiled methods compare, these are asked in Python's order.
    if !D::LIVE && !K::HASHED && dict.count(cx)? == 0 {
        if let Some(copy) = other.twin(cx)? {
            dict.adopt(copy);
            return Ok(());
        }
        dict.expect(other.count(cx)?)?;
        while let Some((key, value)) = next_item(cx, other, &mut cursor)? {
            dict.put_expected(cx, key, value)?;
        }
        return Ok(());
    }
    while let Some((key, value)) = next_item(cx, other, &mut cursor)? {
        dict.put(cx, key, value)?;
    }
    Ok(())
}

/// `d.copy()`, `dict(d)`
pub fn copy<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, dict: &D) -> R<Dict<K, V>> {
    match dict.twin(cx)? {
        Some(copy) => Ok(copy),
        None => copy_into(cx, dict, new(cx)?),
    }
}

/// The entries of a dict in a new one.
pub(crate) fn copy_into<K: Key, V: Clone + 'static, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    dict: &D,
    result: E,
) -> R<E> {
    update(cx, &result, dict)?;
    Ok(result)
}

/// `d | e`
pub fn union<K, V, D, E>(cx: Cx, dict: &D, other: &E) -> R<Dict<K, V>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    let result = copy(cx, dict)?;
    update(cx, &result, other)?;
    Ok(result)
}

/// `a == b`
pub fn eq<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    if a.count(cx)? != b.count(cx)? {
        return Ok(false);
    }
    let mut cursor = iter(cx, a)?;
    while let Some((key, value)) = next_item(cx, a, &mut cursor)? {
        match b.find(cx, &key)? {
            Some(other) if value.elem_eq(cx, &other)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// `a != b`
pub fn ne<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    Ok(!eq(cx, a, b)?)
}
