//! `set` and `frozenset`: native ([`Set`], [`FrozenSet`]) and in place ([`PSet`], [`PFrozenSet`]), and the functions
//! that generated code calls on any of them.
//!
//! Which side is iterated, when the table is sized in advance and when dummies are swept out decides the order of the
//! elements, so every function here takes the same way as CPython's.

mod flat;
mod key;
mod live;
mod native;
mod table;
mod unordered;

pub use native::Site;
pub use table::Own;
pub(crate) use table::{Probes, Shape, Slot, Table};

use crate::dict::{self, DictLike};
use crate::elem::Key;
use crate::list::{self, List, ListLike};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use table::Entry;

/// `set`, native.
pub type Set<K> = native::Native<K, false>;
/// `frozenset`, native.
pub type FrozenSet<K> = native::Native<K, true>;
/// `set`, in place.
pub type PSet<K> = live::Live<K, false>;
/// `frozenset`, in place.
pub type PFrozenSet<K> = live::Live<K, true>;

/// A hash of an element.
#[derive(Clone, Copy, Debug)]
pub enum Hash {
    Python(isize),
    /// That of sets without an order.
    Own(u32),
}

/// What all representations do.
pub trait SetLike<K: Key>: Clone {
    /// What an operation on this set makes.
    type Made: Fresh<K>;
    /// The same for the same set only.
    fn address(&self) -> usize;
    /// `len(self)`
    #[inline(always)]
    fn count(&self, cx: Cx) -> R<usize> {
        Ok(self.shape(cx)?.used)
    }
    fn shape(&self, cx: Cx) -> R<Shape>;
    /// Moves on with every change.
    fn version(&self, cx: Cx) -> R<u64>;
    /// The element in a slot, and its hash.
    fn at(&self, cx: Cx, index: usize) -> R<Option<(isize, K)>>;
    /// All elements with their hashes, in the order of the table.
    fn each(&self, cx: Cx, f: &mut impl FnMut(isize, &Own<K>) -> R<()>) -> R<()>;
    fn has(&self, cx: Cx, hash: isize, key: &K) -> R<bool>;
    /// [`SetLike::has`] of an element that a table keeps.
    #[inline]
    fn has_own(&self, cx: Cx, hash: isize, own: &Own<K>) -> R<bool> {
        self.has(cx, hash, &own.key())
    }
    /// [`SetLike::has`] of a key whose hash is known.
    #[inline]
    fn has_hashed(&self, cx: Cx, hash: Hash, key: &K) -> R<bool> {
        match hash {
            Hash::Python(hash) => self.has(cx, hash, key),
            Hash::Own(_) => self.holds(cx, key),
        }
    }
    /// Does it hold for every element? In whatever order is at hand.
    fn every(&self, cx: Cx, f: &mut dyn FnMut(Hash, K) -> R<bool>) -> R<bool> {
        for index in 0..=self.shape(cx)?.mask {
            if let Some((hash, key)) = self.at(cx, index)?
                && !f(Hash::Python(hash), key)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// `key in self`
    #[inline(always)]
    fn holds(&self, cx: Cx, key: &K) -> R<bool> {
        self.has(cx, key.py_hash(cx)?, key)
    }
    /// `key in self` of a key of a kind that no `K` is equal to: only a set of Python's can have it.
    #[inline]
    fn holds_other<Q: Key + FromPy + IntoPy>(&self, _: Cx, _: &Q) -> R<bool> {
        Ok(false)
    }
}

/// A set that can be written to.
pub trait SetMut<K: Key>: SetLike<K> {
    type Entry: Entry<K>;
    /// Would the first write make a clone? Then it is worth looking whether anything changes.
    fn is_untouched(&self, cx: Cx) -> R<bool>;
    /// The table to be changed.
    #[expect(clippy::mut_from_ref, reason = "a handle is shared; borrows are short and never overlap")]
    fn table_mut(&self, cx: Cx) -> R<&mut Table<Self::Entry>>;

    /// `self.add(key)`
    #[inline]
    fn insert(&self, cx: Cx, key: K) -> R<()> {
        let hash = key.py_hash(cx)?;
        // One that is there changes nothing: no clone is needed for it.
        if self.is_untouched(cx)? && self.has(cx, hash, &key)? {
            return Ok(());
        }
        self.table_mut(cx)?.add(cx, hash, key)
    }

    /// `self.discard(key)`; was it there?
    #[inline]
    fn take(&self, cx: Cx, key: &K) -> R<bool> {
        let hash = key.py_hash(cx)?;
        if self.is_untouched(cx)? && !self.has(cx, hash, key)? {
            return Ok(false);
        }
        Ok(self.table_mut(cx)?.discard(cx, hash, key)?.is_some())
    }
}

/// A native set, made of a table.
pub trait Fresh<K: Key>: SetLike<K> {
    fn from_table(table: Table<Own<K>>) -> R<Self>;
}

/// Where an iteration stands.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    at: usize,
    count: usize,
    version: u64,
}

/// `set()`
#[inline]
pub fn new<K: Key>(_: Cx) -> R<Set<K>> {
    Set::without_order()
}

/// `set()`, at a place in the text.
#[inline]
pub fn new_at<K: Key>(_: Cx, site: &'static Site) -> R<Set<K>> {
    Set::made_at(site)
}

/// `set()`, as a Python set.
#[inline]
pub fn pset_new<K: Key + FromPy + IntoPy>(cx: Cx) -> R<PSet<K>> {
    PSet::make(cx)
}

/// `frozenset()`
#[inline]
pub fn frozen_new<K: Key>(_: Cx) -> R<FrozenSet<K>> {
    FrozenSet::from_table(Table::new())
}

/// `frozenset(elements)`, of a set that was just filled with them.
pub fn freeze<K: Key>(cx: Cx, set: Set<K>) -> R<FrozenSet<K>> {
    FrozenSet::from_table(set.into_table(cx)?)
}

/// `a is b`
#[inline]
pub fn is<K: Key, S: SetLike<K>>(a: &S, b: &S) -> bool {
    a.address() == b.address()
}

/// `len(s)`
#[inline]
pub fn len<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<i64> {
    Ok(set.count(cx)? as i64)
}

/// `bool(s)`
#[inline]
pub fn truth<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<bool> {
    Ok(set.count(cx)? != 0)
}

/// `k in s`
#[inline]
pub fn contains<K: Key, S: SetLike<K>>(cx: Cx, set: &S, key: &K) -> R<bool> {
    set.holds(cx, key)
}

/// `k in s`, where no `K` is equal to `k`.
#[inline]
pub fn contains_other<K: Key, S: SetLike<K>, Q: Key + FromPy + IntoPy>(cx: Cx, set: &S, key: &Q) -> R<bool> {
    set.holds_other(cx, key)
}

/// `s.add(k)`
#[inline]
pub fn add<K: Key, S: SetMut<K>>(cx: Cx, set: &S, key: K) -> R<()> {
    set.insert(cx, key)
}

/// `s.discard(k)`
#[inline]
pub fn discard<K: Key, S: SetMut<K>>(cx: Cx, set: &S, key: &K) -> R<()> {
    set.take(cx, key).map(drop)
}

/// `s.remove(k)`
#[inline]
pub fn remove<K: Key, S: SetMut<K>>(cx: Cx, set: &S, key: &K) -> R<()> {
    if set.take(cx, key)? { Ok(()) } else { exc(Exc::KeyError) }
}

/// `s.pop()`
pub fn pop<K: Key, S: SetMut<K>>(cx: Cx, set: &S) -> R<K> {
    if set.shape(cx)?.used == 0 {
        return exc(Exc::KeyError);
    }
    match set.table_mut(cx)?.pop() {
        Some(entry) => Ok(entry.key()),
        None => bail(Bail::Panic),
    }
}

/// `s.clear()`
pub fn clear<K: Key, S: SetMut<K>>(cx: Cx, set: &S) -> R<()> {
    set.table_mut(cx)?.clear();
    Ok(())
}

/// Starts `for … in s`.
#[inline]
pub fn iter<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<Cursor> {
    Ok(Cursor { at: 0, count: set.shape(cx)?.used, version: set.version(cx)? })
}

/// The next element, with CPython's check of the size.
#[inline]
pub fn next<K: Key, S: SetLike<K>>(cx: Cx, set: &S, cursor: &mut Cursor) -> R<Option<K>> {
    let shape = set.shape(cx)?;
    if set.version(cx)? != cursor.version {
        // With the same size CPython goes on, in what has become of the table.
        return if shape.used != cursor.count { exc(Exc::RuntimeError) } else { bail(Bail::Dict) };
    }
    while cursor.at <= shape.mask {
        cursor.at += 1;
        if let Some((_, key)) = set.at(cx, cursor.at - 1)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// `list(s)`
pub fn to_list<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<List<K>> {
    let result = list::with_capacity(cx, len(cx, set)?)?;
    each(cx, set, |_, key| list::append(cx, &result, key))?;
    Ok(result)
}

/// `list(s)`, where the order does not matter.
pub fn elements<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<List<K>> {
    let result = list::with_capacity(cx, len(cx, set)?)?;
    set.every(cx, &mut |_, key| list::append(cx, &result, key).map(|()| true))?;
    Ok(result)
}

/// `len(s & t)`; no set is made, and whichever is smaller is gone through.
pub fn count_common<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<i64> {
    if set.address() == other.address() {
        return len(cx, set);
    }
    if set.count(cx)? > other.count(cx)? {
        return count_common(cx, other, set);
    }
    let mut count = 0;
    set.every(cx, &mut |hash, key| {
        count += i64::from(other.has_hashed(cx, hash, &key)?);
        Ok(true)
    })?;
    Ok(count)
}

/// `len(s | t)`
pub fn count_united<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<i64> {
    Ok(len(cx, set)? + len(cx, other)? - count_common(cx, set, other)?)
}

/// `len(s - t)`
pub fn count_missing<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<i64> {
    Ok(len(cx, set)? - count_common(cx, set, other)?)
}

/// `len(s ^ t)`
pub fn count_different<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<i64> {
    Ok(len(cx, set)? + len(cx, other)? - 2 * count_common(cx, set, other)?)
}

/// All elements with their hashes, in the order of the table.
#[inline]
fn each<K: Key, S: SetLike<K>>(cx: Cx, set: &S, mut f: impl FnMut(isize, K) -> R<()>) -> R<()> {
    set.each(cx, &mut |hash, own| f(hash, own.key()))
}

/// Puts the elements of another set into a table.
fn merge<K: Key, E: Entry<K>, S: SetLike<K>>(cx: Cx, into: &mut Table<E>, other: &S) -> R<()> {
    let theirs = other.shape(cx)?;
    if theirs.used == 0 {
        return Ok(());
    }
    if into.shape().is_tight(theirs.used) {
        into.resize((into.shape().used + theirs.used) * 2)?;
    }
    let ours = into.shape();
    if ours.fill > 0 {
        return other.each(cx, &mut |hash, own| into.add_own(cx, hash, own));
    }
    into.version += 1;
    if ours.mask == theirs.mask && theirs.fill == theirs.used {
        into.allocate()?;
        for index in 0..=theirs.mask {
            if let Some((hash, key)) = other.at(cx, index)? {
                into.fill_slot(index, Slot::Active(hash, E::made(key)));
            }
        }
        return Ok(());
    }
    other.each(cx, &mut |hash, own| into.insert_clean(hash, E::of(own)))
}

/// Puts the keys of a dict into a table.
fn merge_dict<K: Key, V: Clone + 'static, E: Entry<K>, D: DictLike<K, V>>(
    cx: Cx,
    into: &mut Table<E>,
    other: &D,
) -> R<()> {
    let count = other.count(cx)?;
    if into.shape().is_tight(count) {
        into.resize((into.shape().used + count) * 2)?;
    }
    let mut cursor = dict::iter(cx, other)?;
    while let Some(key) = dict::next_key(cx, other, &mut cursor)? {
        into.add(cx, key.py_hash(cx)?, key)?;
    }
    Ok(())
}

/// Puts the items of a list into a table.
fn merge_list<K: Key, E: Entry<K>, L: ListLike<K>>(cx: Cx, into: &mut Table<E>, other: &L) -> R<()> {
    each_item(cx, other, |key| into.add(cx, key.py_hash(cx)?, key))
}

fn each_item<K: Key, L: ListLike<K>>(cx: Cx, list: &L, mut f: impl FnMut(K) -> R<()>) -> R<()> {
    let mut at = 0;
    while let Some(key) = list::next(cx, list, &mut at)? {
        f(key)?;
    }
    Ok(())
}

fn table_of<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<Table<Own<K>>> {
    let mut table = Table::new();
    merge(cx, &mut table, set)?;
    Ok(table)
}

/// `s.copy()`, `set(s)`
pub fn copy<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<Set<K>> {
    Set::from_table(table_of(cx, set)?)
}

/// `frozenset(s)` of a set.
pub fn frozen_copy<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<FrozenSet<K>> {
    FrozenSet::from_table(table_of(cx, set)?)
}

/// A new set of the same kind: `s.union()`.
pub fn like<K: Key, S: SetLike<K>>(cx: Cx, set: &S) -> R<S::Made> {
    S::Made::from_table(table_of(cx, set)?)
}

/// `set(d)` of a dict.
pub fn of_dict<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, other: &D) -> R<Set<K>> {
    let mut table = Table::new();
    merge_dict(cx, &mut table, other)?;
    Set::from_table(table)
}

/// `s.update(t)`, `s |= t`
pub fn update<K: Key, S: SetMut<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<()> {
    if set.address() == other.address() || other.shape(cx)?.used == 0 {
        return Ok(());
    }
    merge(cx, set.table_mut(cx)?, other)
}

/// `s.update(d)`
pub fn update_dict<K, V, S, D>(cx: Cx, set: &S, other: &D) -> R<()>
where
    K: Key,
    V: Clone + 'static,
    S: SetMut<K>,
    D: DictLike<K, V>,
{
    merge_dict(cx, set.table_mut(cx)?, other)
}

/// `s | t`, `s.union(t)`
pub fn union<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<S::Made> {
    let mut table = table_of(cx, set)?;
    if set.address() != other.address() {
        merge(cx, &mut table, other)?;
    }
    S::Made::from_table(table)
}

/// `s.union(d)`
pub fn union_dict<K, V, S, D>(cx: Cx, set: &S, other: &D) -> R<S::Made>
where
    K: Key,
    V: Clone + 'static,
    S: SetLike<K>,
    D: DictLike<K, V>,
{
    let mut table = table_of(cx, set)?;
    merge_dict(cx, &mut table, other)?;
    S::Made::from_table(table)
}

/// `s.union(items)`
pub fn union_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<S::Made> {
    let mut table = table_of(cx, set)?;
    merge_list(cx, &mut table, other)?;
    S::Made::from_table(table)
}

fn common<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<Table<Own<K>>> {
    if set.address() == other.address() {
        return table_of(cx, set);
    }
    let mut table = Table::new();
    // The smaller one is iterated.
    if other.shape(cx)?.used > set.shape(cx)?.used {
        keep(cx, &mut table, set, other)?;
    } else {
        keep(cx, &mut table, other, set)?;
    }
    Ok(table)
}

fn keep<K: Key, S: SetLike<K>, T: SetLike<K>>(
    cx: Cx,
    table: &mut Table<Own<K>>,
    from: &S,
    within: &T,
) -> R<()> {
    from.each(cx, &mut |hash, own| {
        if within.has_own(cx, hash, own)? { table.add_own(cx, hash, own) } else { Ok(()) }
    })
}

fn common_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<Table<Own<K>>> {
    let mut table = Table::new();
    each_item(cx, other, |key| {
        let hash = key.py_hash(cx)?;
        if set.has(cx, hash, &key)? { table.add(cx, hash, key) } else { Ok(()) }
    })?;
    Ok(table)
}

/// `s & t`, `s.intersection(t)`
pub fn intersection<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<S::Made> {
    S::Made::from_table(common(cx, set, other)?)
}

/// `s.intersection(items)`
pub fn intersection_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<S::Made> {
    S::Made::from_table(common_list(cx, set, other)?)
}

/// `s.intersection_update(t)`, `s &= t`
pub fn intersection_update<K: Key, S: SetMut<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<()> {
    replace(cx, set, &intersection(cx, set, other)?)
}

/// `s.intersection_update(items)`
pub fn intersection_update_list<K: Key, S: SetMut<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<()> {
    replace(cx, set, &intersection_list(cx, set, other)?)
}

/// `s - t`, `s.difference(t)`
pub fn difference<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<S::Made> {
    // Of a set and itself CPython makes a new, empty one by looking each element up.
    if set.shape(cx)?.used >> 2 > other.shape(cx)?.used {
        let mut table = table_of(cx, set)?;
        each(cx, other, |hash, key| table.discard(cx, hash, &key).map(drop))?;
        table.tidy()?;
        return S::Made::from_table(table);
    }
    let mut table = Table::new();
    set.each(cx, &mut |hash, own| {
        if other.has_own(cx, hash, own)? { Ok(()) } else { table.add_own(cx, hash, own) }
    })?;
    S::Made::from_table(table)
}

/// `s.difference(d)`
pub fn difference_dict<K, V, S, D>(cx: Cx, set: &S, other: &D) -> R<S::Made>
where
    K: Key,
    V: Clone + 'static,
    S: SetLike<K>,
    D: DictLike<K, V>,
{
    if set.shape(cx)?.used >> 2 > other.count(cx)? {
        return difference_list(cx, set, &dict::keys(cx, other)?);
    }
    let mut table = Table::new();
    each(cx, set, |hash, key| if other.has(cx, &key)? { Ok(()) } else { table.add(cx, hash, key) })?;
    S::Made::from_table(table)
}

/// `s.difference(items)`
pub fn difference_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<S::Made> {
    let mut table = table_of(cx, set)?;
    each_item(cx, other, |key| table.discard(cx, key.py_hash(cx)?, &key).map(drop))?;
    table.tidy()?;
    S::Made::from_table(table)
}

/// `s.difference_update(t)`, `s -= t`
pub fn difference_update<K: Key, S: SetMut<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<()> {
    if set.address() == other.address() {
        return clear(cx, set);
    }
    let table = set.table_mut(cx)?;
    each(cx, other, |hash, key| table.discard(cx, hash, &key).map(drop))?;
    table.tidy()
}

/// `s.difference_update(items)`
pub fn difference_update_list<K: Key, S: SetMut<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<()> {
    let table = set.table_mut(cx)?;
    each_item(cx, other, |key| table.discard(cx, key.py_hash(cx)?, &key).map(drop))?;
    table.tidy()
}

/// Takes out what is there and puts in what is not.
fn toggle<K: Key, E: Entry<K>>(cx: Cx, table: &mut Table<E>, hash: isize, key: K) -> R<()> {
    match table.discard(cx, hash, &key)? {
        Some(_) => Ok(()),
        None => table.add(cx, hash, key),
    }
}

/// `s ^ t`, `s.symmetric_difference(t)`
pub fn symmetric_difference<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<S::Made> {
    let mut table = table_of(cx, other)?;
    each(cx, set, |hash, key| toggle(cx, &mut table, hash, key))?;
    S::Made::from_table(table)
}

/// `s.symmetric_difference(d)`
pub fn symmetric_difference_dict<K, V, S, D>(cx: Cx, set: &S, other: &D) -> R<S::Made>
where
    K: Key,
    V: Clone + 'static,
    S: SetLike<K>,
    D: DictLike<K, V>,
{
    let mut table = Table::new();
    merge_dict(cx, &mut table, other)?;
    each(cx, set, |hash, key| toggle(cx, &mut table, hash, key))?;
    S::Made::from_table(table)
}

/// `s.symmetric_difference(items)`
pub fn symmetric_difference_list<K: Key, S: SetLike<K>, L: ListLike<K>>(
    cx: Cx,
    set: &S,
    other: &L,
) -> R<S::Made> {
    let mut table = Table::new();
    merge_list(cx, &mut table, other)?;
    each(cx, set, |hash, key| toggle(cx, &mut table, hash, key))?;
    S::Made::from_table(table)
}

/// `s.symmetric_difference_update(t)`, `s ^= t`
pub fn symmetric_difference_update<K: Key, S: SetMut<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<()> {
    if set.address() == other.address() {
        return clear(cx, set);
    }
    let table = set.table_mut(cx)?;
    each(cx, other, |hash, key| toggle(cx, table, hash, key))
}

/// `s.symmetric_difference_update(d)`
pub fn symmetric_difference_update_dict<K, V, S, D>(cx: Cx, set: &S, other: &D) -> R<()>
where
    K: Key,
    V: Clone + 'static,
    S: SetMut<K>,
    D: DictLike<K, V>,
{
    let table = set.table_mut(cx)?;
    each_item(cx, &dict::keys(cx, other)?, |key| toggle(cx, table, key.py_hash(cx)?, key))
}

/// `s.symmetric_difference_update(items)`
pub fn symmetric_difference_update_list<K: Key, S: SetMut<K>, L: ListLike<K>>(
    cx: Cx,
    set: &S,
    other: &L,
) -> R<()> {
    let mut made = Table::new();
    merge_list(cx, &mut made, other)?;
    symmetric_difference_update(cx, set, &Set::from_table(made)?)
}

/// `s <= t`, `s.issubset(t)`
pub fn le<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    if set.count(cx)? > other.count(cx)? {
        return Ok(false);
    }
    set.every(cx, &mut |hash, key| other.has_hashed(cx, hash, &key))
}

/// `s.issubset(items)`
pub fn le_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<bool> {
    Ok(common_list(cx, set, other)?.shape().used == set.shape(cx)?.used)
}

/// `s >= t`, `s.issuperset(t)`
pub fn ge<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    le(cx, other, set)
}

/// `s.issuperset(items)`
pub fn ge_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<bool> {
    let mut at = 0;
    while let Some(key) = list::next(cx, other, &mut at)? {
        if !contains(cx, set, &key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `s < t`
pub fn lt<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    Ok(set.count(cx)? < other.count(cx)? && le(cx, set, other)?)
}

/// `s > t`
pub fn gt<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    lt(cx, other, set)
}

/// `s == t`
pub fn eq<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    Ok(set.count(cx)? == other.count(cx)? && le(cx, set, other)?)
}

/// `s != t`
pub fn ne<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    Ok(!eq(cx, set, other)?)
}

/// `s.isdisjoint(t)`
pub fn isdisjoint<K: Key, S: SetLike<K>, T: SetLike<K>>(cx: Cx, set: &S, other: &T) -> R<bool> {
    if other.count(cx)? > set.count(cx)? {
        return isdisjoint(cx, other, set);
    }
    other.every(cx, &mut |hash, key| Ok(!set.has_hashed(cx, hash, &key)?))
}

/// `s.isdisjoint(items)`
pub fn isdisjoint_list<K: Key, S: SetLike<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<bool> {
    let mut at = 0;
    while let Some(key) = list::next(cx, other, &mut at)? {
        if contains(cx, set, &key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Elements of a frozenset that was just made, to be changed before anyone sees it.
pub fn thaw<K: Key>(cx: Cx, set: FrozenSet<K>) -> R<Set<K>> {
    Set::from_table(set.into_table(cx)?)
}

/// `s.update(t)` of a copy of `except`, which adds nothing if `t` is that very set.
pub fn update_unless<K, S, T, U>(cx: Cx, set: &S, other: &T, except: &U) -> R<()>
where
    K: Key,
    S: SetMut<K>,
    T: SetLike<K>,
    U: SetLike<K>,
{
    if other.address() == except.address() { Ok(()) } else { update(cx, set, other) }
}

/// `s.update(items)`
pub fn update_list<K: Key, S: SetMut<K>, L: ListLike<K>>(cx: Cx, set: &S, other: &L) -> R<()> {
    each_item(cx, other, |key| add(cx, set, key))
}

/// The table of a set that was just made takes the place of this one's.
pub fn replace<K: Key, S: SetMut<K>, T: SetLike<K>>(cx: Cx, set: &S, made: &T) -> R<()> {
    let shape = made.shape(cx)?;
    let mut table = Table::sized(shape.mask, 0)?;
    for index in 0..=shape.mask {
        if let Some((hash, key)) = made.at(cx, index)? {
            table.fill_slot(index, Slot::Active(hash, S::Entry::made(key)));
        }
    }
    set.table_mut(cx)?.become_table(table);
    Ok(())
}
