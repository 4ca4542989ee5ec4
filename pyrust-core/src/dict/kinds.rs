//! `defaultdict`, `Counter` and `OrderedDict`: native dicts that become objects of those classes.

use std::rc::Rc;

use pyo3_ffi::{
    Py_DECREF, PyDict_New, PyDict_SetItem, PyObject, PyObject_CallMethodOneArg, PyObject_SetItem,
    PyUnicode_InternFromString,
};

use crate::boundary::{collections, layout};
use crate::dict::{Dict, DictLike, PDict, copy_into, find_item, iter, missing, next_item, update};
use crate::elem::{ElemEq, ElemOrd, Key};
use crate::iter::PyIter;
use crate::list::{self, List};
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;
use crate::union::U2;

/// The class of a dict.
pub trait Kind: 'static {
    /// Equal entries alone decide whether two are equal.
    const ENTRIES_DECIDE: bool = true;
    /// Its entries can be moved.
    const MOVES: bool = false;

    /// An empty object of the class. `factory` is the name of a builtin type, or of one of the module `collections`.
    fn object(cx: Cx, factory: Option<&str>) -> R<*mut PyObject>;

    /// Is the object exactly of the class, and that as CPython has it?
    ///
    /// # Safety
    /// The object is alive.
    unsafe fn is_exact(object: *mut PyObject) -> bool;

    /// Has an object of exactly that class nothing of its own that its methods could be hidden by?
    ///
    /// # Safety
    /// The object is of exactly that class.
    unsafe fn is_bare(_: Cx, _: *mut PyObject) -> bool {
        true
    }

    /// Puts an entry into an object of the class; 0 if that worked.
    ///
    /// # Safety
    /// `object` is what [`Kind::object`] made; the key is an exact builtin.
    unsafe fn put(object: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> i32 {
        // SAFETY: By the caller.
        unsafe { PyDict_SetItem(object, key, value) }
    }

    /// Moves an entry of an object of the class to the end; 0 if that worked.
    ///
    /// # Safety
    /// As for [`Kind::put`]; the key is there.
    unsafe fn move_last(_: *mut PyObject, _: *mut PyObject) -> i32 {
        -1
    }
}

/// `dict`
pub struct Plain;

/// `collections.defaultdict`
pub struct Factory;

/// `collections.Counter`
pub struct Counter;

impl Kind for Plain {
    fn object(cx: Cx, _: Option<&str>) -> R<*mut PyObject> {
        cx.before_tracked();
        // SAFETY: The GIL is held.
        fresh(unsafe { PyDict_New() })
    }

    #[inline(always)]
    unsafe fn is_exact(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_dict(object) }
    }
}

impl Kind for Factory {
    fn object(cx: Cx, factory: Option<&str>) -> R<*mut PyObject> {
        // The function that a `lambda` would be is not made.
        let Some(name) = factory.filter(|name| !name.is_empty()) else { return bail(Bail::Unsupported) };
        // SAFETY: A builtin type, which the constructor only stores.
        unsafe { collections::call(cx, "defaultdict", &[collections::factory(name)?]) }
    }

    #[inline]
    unsafe fn is_exact(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { collections::is_defaultdict(object) }
    }
}

impl Kind for Counter {
    const ENTRIES_DECIDE: bool = false;

    fn object(cx: Cx, _: Option<&str>) -> R<*mut PyObject> {
        collections::counter(cx)
    }

    #[inline]
    unsafe fn is_exact(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { collections::is_counter(object) }
    }

    unsafe fn is_bare(cx: Cx, object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { collections::has_no_attributes(cx, object) }
    }
}

/// `collections.OrderedDict`
pub struct Ordered;

/// What an `OrderedDict` can do besides.
pub trait InOrder<K: Key, V: Clone + 'static>: DictLike<K, V> {
    /// Removes the first entry.
    fn take_first(&self, cx: Cx) -> R<Option<(K, V)>>;
    /// Moves an entry to the end or to the front; false if there is none.
    fn move_entry(&self, cx: Cx, key: &K, last: bool) -> R<bool>;
}

impl Kind for Ordered {
    const ENTRIES_DECIDE: bool = false;
    const MOVES: bool = true;

    fn object(cx: Cx, _: Option<&str>) -> R<*mut PyObject> {
        // SAFETY: Without arguments the constructor does nothing.
        unsafe { collections::call(cx, "OrderedDict", &[]) }
    }

    unsafe fn is_exact(_: *mut PyObject) -> bool {
        // Below its order lies another: one of Python's is a [`POrdered`].
        false
    }

    unsafe fn put(object: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> i32 {
        // SAFETY: By the caller: of that exact type, which keeps its order where it is asked as an object.
        unsafe { PyObject_SetItem(object, key, value) }
    }

    unsafe fn move_last(object: *mut PyObject, key: *mut PyObject) -> i32 {
        // SAFETY: By the caller: the method of that exact type, in C.
        unsafe {
            let name = PyUnicode_InternFromString(c"move_to_end".as_ptr());
            if name.is_null() {
                return -1;
            }
            let done = PyObject_CallMethodOneArg(object, name, key);
            Py_DECREF(name);
            if done.is_null() {
                return -1;
            }
            Py_DECREF(done);
            0
        }
    }
}

/// What makes the values of keys that are missing.
pub struct Maker<V> {
    /// Of the builtin type that it is; empty for a `lambda`.
    pub(crate) name: &'static str,
    make: Box<dyn Fn(Cx) -> R<V>>,
}

/// `defaultdict(factory)`
pub fn new_defaultdict<K: Key, V: Clone + 'static>(
    cx: Cx,
    name: &'static str,
    make: impl Fn(Cx) -> R<V> + 'static,
) -> R<Dict<K, V, Factory>> {
    Dict::with_maker(cx, Some(Rc::new(Maker { name, make: Box::new(make) })))
}

/// `Counter()`
pub fn new_counter<K: Key, V: Clone + 'static>(cx: Cx) -> R<Dict<K, V, Counter>> {
    Dict::with_maker(cx, None)
}

/// `Counter()`, as a Python object.
pub fn live_counter<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(cx: Cx) -> R<PDict<K, V, Counter>> {
    PDict::make(cx, None)
}

/// `defaultdict(factory)`, as a Python object.
pub fn live_defaultdict<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(
    cx: Cx,
    name: &str,
) -> R<PDict<K, V, Factory>> {
    PDict::make(cx, Some(name))
}

/// `d[k]` of a `defaultdict`
#[inline]
pub fn getitem_or_make<K: Key, V: Clone + 'static, D: DictLike<K, V> + Absent<V>>(
    cx: Cx,
    dict: &D,
    key: K,
) -> R<V> {
    match find_item(cx, dict, &key)? {
        Some(value) => Ok(value),
        None => made(cx, dict, key),
    }
}

/// `d[k] = f(d[k])`, where what is missing is a number.
#[inline]
pub fn recount<K: Key, V: Clone + 'static, D: DictLike<K, V> + Absent<V>>(
    cx: Cx,
    dict: &D,
    key: K,
    f: impl FnOnce(V) -> R<V>,
) -> R<()> {
    if !D::LIVE {
        return dict.upsert(cx, &key, dict.absent(cx)?, f);
    }
    // What a factory of Python's makes is asked for only where it is needed.
    let old = match dict.find(cx, &key)? {
        Some(old) => old,
        None => dict.absent(cx)?,
    };
    dict.put(cx, key, f(old)?)
}

/// What a dict of the class has for a missing key.
pub trait Absent<V> {
    fn absent(&self, cx: Cx) -> R<V>;
}

impl<K: Key, V: Clone + 'static> Absent<V> for Dict<K, V, Factory> {
    #[inline]
    fn absent(&self, cx: Cx) -> R<V> {
        match self.maker() {
            Some(maker) => (maker.make)(cx),
            None => bail(Bail::Unsupported),
        }
    }
}

impl<K: Key, V: FromPy> Absent<V> for PDict<K, V, Factory> {
    /// What the factory makes, where that is a class whose empty instance runs no Python code.
    fn absent(&self, cx: Cx) -> R<V> {
        // SAFETY: An exact `defaultdict`; the new object goes to the arena.
        unsafe {
            let Some(object) = collections::made_by_factory(cx, self.as_ptr())? else {
                return exc(Exc::KeyError);
            };
            V::from_py(cx, cx.adopt(object)?.as_ptr())
        }
    }
}

impl<K: Key> Absent<i64> for Dict<K, i64, Counter> {
    #[inline(always)]
    fn absent(&self, _: Cx) -> R<i64> {
        Ok(0)
    }
}

impl<K: Key> Absent<i64> for PDict<K, i64, Counter> {
    #[inline(always)]
    fn absent(&self, _: Cx) -> R<i64> {
        Ok(0)
    }
}

#[cold]
#[inline(never)]
fn made<K: Key, V: Clone + 'static, D: DictLike<K, V> + Absent<V>>(cx: Cx, dict: &D, key: K) -> R<V> {
    let value = dict.absent(cx)?;
    dict.put(cx, key, value.clone())?;
    Ok(value)
}

/// `d.copy()` of a `defaultdict`: with the same factory.
pub fn copy_with_factory<K: Key, V: Clone + 'static, D: DictLike<K, V> + Making<V>>(
    cx: Cx,
    dict: &D,
) -> R<Dict<K, V, Factory>> {
    copy_into(cx, dict, Dict::with_maker(cx, dict.making()?)?)
}

/// A `defaultdict` whose factory a copy can have.
pub trait Making<V> {
    fn making(&self) -> R<Option<Rc<Maker<V>>>>;
}

impl<K: Key, V: Clone + 'static> Making<V> for Dict<K, V, Factory> {
    fn making(&self) -> R<Option<Rc<Maker<V>>>> {
        Ok(self.maker())
    }
}

impl<K, V> Making<V> for PDict<K, V, Factory> {
    /// A native one has no factory of Python's.
    fn making(&self) -> R<Option<Rc<Maker<V>>>> {
        bail(Bail::Unsupported)
    }
}

/// What a `Counter` counts in: an int, or an int or float.
pub trait Count: ElemOrd + Clone + 'static {
    fn of(count: i64) -> Self;
    fn plus(&self, other: &Self) -> R<Self>;
    fn minus(&self, other: &Self) -> R<Self>;
}

impl Count for i64 {
    #[inline(always)]
    fn of(count: i64) -> i64 {
        count
    }

    #[inline(always)]
    fn plus(&self, other: &i64) -> R<i64> {
        crate::int::add(*self, *other)
    }

    #[inline(always)]
    fn minus(&self, other: &i64) -> R<i64> {
        crate::int::sub(*self, *other)
    }
}

impl Count for U2<i64, f64> {
    fn of(count: i64) -> Self {
        U2::A(count)
    }

    fn plus(&self, other: &Self) -> R<Self> {
        Ok(match (self, other) {
            (U2::A(a), U2::A(b)) => U2::A(a.plus(b)?),
            (a, b) => U2::B(float(a) + float(b)),
        })
    }

    fn minus(&self, other: &Self) -> R<Self> {
        Ok(match (self, other) {
            (U2::A(a), U2::A(b)) => U2::A(a.minus(b)?),
            (a, b) => U2::B(float(a) - float(b)),
        })
    }
}

fn float(count: &U2<i64, f64>) -> f64 {
    match count {
        U2::A(count) => crate::int::to_float(*count),
        U2::B(count) => *count,
    }
}

/// `c[k]`: nothing is stored.
#[inline]
pub fn counted<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D, key: &K) -> R<V> {
    Ok(counts.find(cx, key)?.unwrap_or_else(|| V::of(0)))
}

/// One more of `key`.
#[inline]
pub fn count_one<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D, key: K) -> R<()> {
    counts.upsert(cx, &key, V::of(0), |old| old.plus(&V::of(1)))
}

/// One less of `key`.
pub fn discount_one<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D, key: K) -> R<()> {
    counts.upsert(cx, &key, V::of(0), |old| old.minus(&V::of(1)))
}

/// `del c[k]`: no error where there is none.
pub fn discard<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, counts: &D, key: &K) -> R<()> {
    counts.remove(cx, key).map(drop)
}

/// `c.update(mapping)`
pub fn add_counts<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    counts: &D,
    other: &E,
) -> R<()> {
    // Into an empty one they go as they are.
    if counts.count(cx)? == 0 {
        return update(cx, counts, other);
    }
    let mut cursor = iter(cx, other)?;
    while let Some((key, count)) = next_item(cx, other, &mut cursor)? {
        counts.upsert(cx, &key, V::of(0), |old| count.plus(&old))?;
    }
    Ok(())
}

/// `c.subtract(mapping)`
pub fn subtract_counts<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    counts: &D,
    other: &E,
) -> R<()> {
    let mut cursor = iter(cx, other)?;
    while let Some((key, count)) = next_item(cx, other, &mut cursor)? {
        counts.upsert(cx, &key, V::of(0), |old| old.minus(&count))?;
    }
    Ok(())
}

/// `c.copy()`
pub fn copy_counts<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    counts: &D,
) -> R<Dict<K, V, Counter>> {
    copy_into(cx, counts, new_counter(cx)?)
}

/// `c.total()`
pub fn total<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D) -> R<V> {
    let mut sum = V::of(0);
    let mut cursor = iter(cx, counts)?;
    while let Some((_, count)) = next_item(cx, counts, &mut cursor)? {
        sum = sum.plus(&count)?;
    }
    Ok(sum)
}

/// So many are found by looking at each entry once; of more all are sorted.
const FEW_MOST_COMMON: i64 = 64;

/// `c.most_common(n)`: the most frequent first, those that are equal in their order.
pub fn most_common<K, V, D>(cx: Cx, counts: &D, n: Option<i64>) -> R<List<(K, V)>>
where
    K: Key,
    V: Count,
    D: DictLike<K, V>,
{
    if let Some(n) = n.filter(|n| *n <= FEW_MOST_COMMON) {
        return few_most_common(cx, counts, n.max(0) as usize);
    }
    let pairs = crate::dict::items(cx, counts)?;
    let values = crate::dict::values(cx, counts)?;
    list::sort_keyed(cx, &pairs, &values, true)?;
    match n {
        None => Ok(pairs),
        Some(n) => list::slice(cx, &pairs, None, Some(n.max(0)), None),
    }
}

/// The same of a few.
fn few_most_common<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D, n: usize) -> R<List<(K, V)>> {
    let mut best: Vec<(V, super::Place)> = Vec::with_capacity(n + 1);
    let mut cursor = iter(cx, counts)?;
    while let Some(place) = super::advance(cx, counts, &mut cursor)? {
        let count = counts.value_at(cx, place)?;
        let mut at = best.len();
        while at > 0 && best[at - 1].0.elem_cmp(cx, &count)?.is_lt() {
            at -= 1;
        }
        if at < n {
            best.insert(at, (count, place));
            best.truncate(n);
        }
    }
    let out = list::with_capacity(cx, best.len() as i64)?;
    for (count, place) in best {
        list::append(cx, &out, (counts.key_at(cx, place)?, count))?;
    }
    Ok(out)
}

fn is_positive<V: Count>(cx: Cx, count: &V) -> R<bool> {
    Ok(V::of(0).elem_cmp(cx, count)?.is_lt())
}

/// A new counter: what `first` makes of the counts of `a` and `b`, where it is positive, then what `second` makes of those
/// that only `b` has.
fn combined<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    (a, b): (&D, &E),
    first: impl Fn(&V, &V) -> R<V>,
    second: impl Fn(&V) -> R<Option<V>>,
) -> R<Dict<K, V, Counter>> {
    let out = new_counter(cx)?;
    let mut cursor = iter(cx, a)?;
    while let Some((key, count)) = next_item(cx, a, &mut cursor)? {
        let new = first(&count, &counted(cx, b, &key)?)?;
        if is_positive(cx, &new)? {
            out.put(cx, key, new)?;
        }
    }
    let mut cursor = iter(cx, b)?;
    while let Some((key, count)) = next_item(cx, b, &mut cursor)? {
        if a.has(cx, &key)? {
            continue;
        }
        if let Some(new) = second(&count)? {
            out.put(cx, key, new)?;
        }
    }
    Ok(out)
}

/// `a + b`
pub fn counts_add<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    a: &D,
    b: &E,
) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, b), |x, y| x.plus(y), |y| Ok(is_positive(cx, y)?.then(|| y.clone())))
}

/// `a - b`
pub fn counts_sub<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    a: &D,
    b: &E,
) -> R<Dict<K, V, Counter>> {
    let negative = |y: &V| -> R<Option<V>> {
        if y.elem_cmp(cx, &V::of(0))?.is_lt() { V::of(0).minus(y).map(Some) } else { Ok(None) }
    };
    combined(cx, (a, b), |x, y| x.minus(y), negative)
}

/// `+a`: the counts that are positive.
pub fn counts_pos<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, a: &D) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, &new_counter::<K, V>(cx)?), |x, _| Ok(x.clone()), |_| Ok(None))
}

/// `-a`: the counts that are negative, without their sign.
pub fn counts_neg<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, a: &D) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, &new_counter::<K, V>(cx)?), |x, _| V::of(0).minus(x), |_| Ok(None))
}

/// `a & b`
pub fn counts_and<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    a: &D,
    b: &E,
) -> R<Dict<K, V, Counter>> {
    let less = |x: &V, y: &V| Ok(if x.elem_cmp(cx, y)?.is_lt() { x.clone() } else { y.clone() });
    combined(cx, (a, b), less, |_| Ok(None))
}

/// `a | b`
pub fn counts_or<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    a: &D,
    b: &E,
) -> R<Dict<K, V, Counter>> {
    let more = |x: &V, y: &V| Ok(if x.elem_cmp(cx, y)?.is_lt() { y.clone() } else { x.clone() });
    combined(cx, (a, b), more, |y| Ok(is_positive(cx, y)?.then(|| y.clone())))
}

/// `a == b`: what is missing counts as zero.
pub fn counts_eq<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    Ok(counted_alike(cx, a, b)? && counted_alike(cx, b, a)?)
}

/// Has `other` the count of each key of `keys`?
fn counted_alike<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(
    cx: Cx,
    keys: &D,
    other: &E,
) -> R<bool> {
    let mut cursor = iter(cx, keys)?;
    while let Some((key, count)) = next_item(cx, keys, &mut cursor)? {
        if !count.elem_eq(cx, &counted(cx, other, &key)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a != b`
pub fn counts_ne<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    Ok(!counts_eq(cx, a, b)?)
}

/// `a <= b`: no count is greater than the other's.
pub fn counts_le<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    let mut cursor = iter(cx, a)?;
    while let Some((key, count)) = next_item(cx, a, &mut cursor)? {
        if count.elem_cmp(cx, &counted(cx, b, &key)?)?.is_gt() {
            return Ok(false);
        }
    }
    let mut cursor = iter(cx, b)?;
    while let Some((key, count)) = next_item(cx, b, &mut cursor)? {
        if counted(cx, a, &key)?.elem_cmp(cx, &count)?.is_gt() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a < b`
pub fn counts_lt<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    Ok(counts_le(cx, a, b)? && counts_ne(cx, a, b)?)
}

/// `a >= b`
pub fn counts_ge<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    counts_le(cx, b, a)
}

/// `a > b`
pub fn counts_gt<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<bool> {
    counts_lt(cx, b, a)
}

/// Removes what is not positive, as the operators in place do at the end.
fn keep_positive<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D) -> R<()> {
    let mut gone = Vec::new();
    let mut cursor = iter(cx, counts)?;
    while let Some((key, count)) = next_item(cx, counts, &mut cursor)? {
        if !is_positive(cx, &count)? {
            gone.push(key);
        }
    }
    gone.iter().try_for_each(|key| discard(cx, counts, key))
}

/// `a += b`
pub fn counts_iadd<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<()> {
    let mut cursor = iter(cx, b)?;
    while let Some((key, count)) = next_item(cx, b, &mut cursor)? {
        a.upsert(cx, &key, V::of(0), |old| old.plus(&count))?;
    }
    keep_positive(cx, a)
}

/// `a -= b`
pub fn counts_isub<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<()> {
    subtract_counts(cx, a, b)?;
    keep_positive(cx, a)
}

/// `a |= b`: the greater counts.
pub fn counts_ior<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<()> {
    let mut cursor = iter(cx, b)?;
    while let Some((key, count)) = next_item(cx, b, &mut cursor)? {
        if counted(cx, a, &key)?.elem_cmp(cx, &count)?.is_lt() {
            a.put(cx, key, count)?;
        }
    }
    keep_positive(cx, a)
}

/// `a &= b`: the lesser counts.
pub fn counts_iand<K: Key, V: Count, D: DictLike<K, V>, E: DictLike<K, V>>(cx: Cx, a: &D, b: &E) -> R<()> {
    let mut cursor = iter(cx, a)?;
    while let Some((key, count)) = next_item(cx, a, &mut cursor)? {
        let other = counted(cx, b, &key)?;
        if other.elem_cmp(cx, &count)?.is_lt() {
            a.put(cx, key, other)?;
        }
    }
    keep_positive(cx, a)
}

/// `c.elements()`: each key as often as it was counted, lazily.
pub fn elements<K: Key, D: DictLike<K, i64> + 'static>(cx: Cx, counts: &D) -> R<PyIter<K>> {
    let counts = counts.clone();
    // CPython's iterator over the items is made by the call.
    let mut cursor = iter(cx, &counts)?;
    let mut current: Option<(K, i64)> = None;
    Ok(PyIter::new(move |cx| {
        loop {
            match &mut current {
                Some((key, left)) if *left > 0 => {
                    *left -= 1;
                    return Ok(Some(key.clone()));
                }
                _ => match next_item(cx, &counts, &mut cursor)? {
                    Some(item) => current = Some(item),
                    None => return Ok(None),
                },
            }
        }
    }))
}

/// `OrderedDict()`
pub fn new_ordered<K: Key, V: Clone + 'static>(cx: Cx) -> R<Dict<K, V, Ordered>> {
    Dict::with_maker(cx, None)
}

/// `OrderedDict()`, as a Python object.
#[cfg(feature = "rare")]
pub fn live_ordered<K: Key + FromPy + IntoPy, V: FromPy + IntoPy + Clone>(
    cx: Cx,
) -> R<crate::dict::POrdered<K, V>> {
    crate::dict::POrdered::make(cx)
}

/// `OrderedDict(mapping)`
pub fn to_ordered<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    mapping: &D,
) -> R<Dict<K, V, Ordered>> {
    copy_into(cx, mapping, new_ordered(cx)?)
}

/// `d.popitem(last)` of an `OrderedDict`
pub fn popitem_at<K: Key, V: Clone + 'static, D: InOrder<K, V>>(cx: Cx, dict: &D, last: bool) -> R<(K, V)> {
    match if last { dict.take_last(cx)? } else { dict.take_first(cx)? } {
        Some(pair) => Ok(pair),
        None => exc(Exc::KeyError),
    }
}

/// `d.move_to_end(key, last)` of an `OrderedDict`
pub fn move_to_end<K: Key, V: Clone + 'static, D: InOrder<K, V>>(
    cx: Cx,
    dict: &D,
    key: &K,
    last: bool,
) -> R<()> {
    if dict.move_entry(cx, key, last)? { Ok(()) } else { missing(cx, key) }
}

/// `a == b` of two `OrderedDict`s: in the same order.
pub fn ordered_eq<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: InOrder<K, V>,
    E: InOrder<K, V>,
{
    // The values are compared first, as those of dicts, then the keys in their order.
    if !crate::dict::eq(cx, a, b)? {
        return Ok(false);
    }
    let (mut x, mut y) = (iter(cx, a)?, iter(cx, b)?);
    while let (Some((one, _)), Some((two, _))) = (next_item(cx, a, &mut x)?, next_item(cx, b, &mut y)?) {
        if !one.elem_eq(cx, &two)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a != b` of two `OrderedDict`s.
pub fn ordered_ne<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: InOrder<K, V>,
    E: InOrder<K, V>,
{
    Ok(!ordered_eq(cx, a, b)?)
}
