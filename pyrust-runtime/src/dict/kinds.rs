//! `defaultdict`, `Counter` and `OrderedDict`: native dicts that become objects of those classes.

use std::rc::Rc;

use pyo3_ffi::{
    Py_DECREF, PyDict_New, PyDict_SetItem, PyObject, PyObject_CallMethodOneArg, PyObject_SetItem,
    PyUnicode_InternFromString,
};

use crate::boundary::collections;
use crate::dict::{Dict, DictLike, copy_into, find_item, iter, next_item, update};
use crate::elem::{ElemEq, ElemOrd, Key};
use crate::list::{self, List};
use crate::py::fresh;
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
}

impl Kind for Factory {
    fn object(cx: Cx, factory: Option<&str>) -> R<*mut PyObject> {
        // The function that a `lambda` would be is not made.
        let Some(name) = factory.filter(|name| !name.is_empty()) else { return bail(Bail::Unsupported) };
        // SAFETY: A builtin type, which the constructor only stores.
        unsafe { collections::call(cx, "defaultdict", &[collections::factory(name)?]) }
    }
}

impl Kind for Counter {
    const ENTRIES_DECIDE: bool = false;

    fn object(cx: Cx, _: Option<&str>) -> R<*mut PyObject> {
        collections::counter(cx)
    }
}

/// `collections.OrderedDict`
pub struct Ordered;

impl Kind for Ordered {
    const ENTRIES_DECIDE: bool = false;
    const MOVES: bool = true;

    fn object(cx: Cx, _: Option<&str>) -> R<*mut PyObject> {
        // SAFETY: Without arguments the constructor does nothing.
        unsafe { collections::call(cx, "OrderedDict", &[]) }
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

/// `d[k]` of a `defaultdict`
#[inline]
pub fn getitem_or_make<K: Key, V: Clone + 'static>(cx: Cx, dict: &Dict<K, V, Factory>, key: K) -> R<V> {
    match find_item(cx, dict, &key)? {
        Some(value) => Ok(value),
        None => made(cx, dict, key),
    }
}

/// `d[k] = f(d[k])`, where what is missing is a number.
#[inline]
pub fn recount<K: Key, V: Missing<M>, M: Kind>(
    cx: Cx,
    dict: &Dict<K, V, M>,
    key: K,
    f: impl FnOnce(V) -> R<V>,
) -> R<()> {
    dict.upsert(cx, key, V::missing(cx, dict)?, f)
}

/// What a dict of the class has for a missing key.
pub trait Missing<M>: Clone + 'static {
    fn missing<K: Key>(cx: Cx, dict: &Dict<K, Self, M>) -> R<Self>;
}

impl<V: Clone + 'static> Missing<Factory> for V {
    #[inline]
    fn missing<K: Key>(cx: Cx, dict: &Dict<K, V, Factory>) -> R<V> {
        match dict.maker() {
            Some(maker) => (maker.make)(cx),
            None => bail(Bail::Unsupported),
        }
    }
}

impl Missing<Counter> for i64 {
    #[inline(always)]
    fn missing<K: Key>(_: Cx, _: &Dict<K, i64, Counter>) -> R<i64> {
        Ok(0)
    }
}

#[cold]
#[inline(never)]
fn made<K: Key, V: Clone + 'static>(cx: Cx, dict: &Dict<K, V, Factory>, key: K) -> R<V> {
    let Some(maker) = dict.maker() else { return bail(Bail::Unsupported) };
    let value = (maker.make)(cx)?;
    dict.put(cx, key, value.clone())?;
    Ok(value)
}

/// `d.copy()` of a `defaultdict`: with the same factory.
pub fn copy_with_factory<K: Key, V: Clone + 'static>(
    cx: Cx,
    dict: &Dict<K, V, Factory>,
) -> R<Dict<K, V, Factory>> {
    copy_into(cx, dict, Dict::with_maker(cx, dict.maker())?)
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
    counts.upsert(cx, key, V::of(0), |old| old.plus(&V::of(1)))
}

/// One less of `key`.
pub fn discount_one<K: Key, V: Count, D: DictLike<K, V>>(cx: Cx, counts: &D, key: K) -> R<()> {
    counts.upsert(cx, key, V::of(0), |old| old.minus(&V::of(1)))
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
        counts.upsert(cx, key, V::of(0), |old| count.plus(&old))?;
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
        counts.upsert(cx, key, V::of(0), |old| old.minus(&count))?;
    }
    Ok(())
}

/// `c.copy()`
pub fn copy_counts<K: Key, V: Clone + 'static>(
    cx: Cx,
    counts: &Dict<K, V, Counter>,
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

/// `c.most_common(n)`: the most frequent first, those that are equal in their order.
pub fn most_common<K, V>(cx: Cx, counts: &Dict<K, V, Counter>, n: Option<i64>) -> R<List<(K, V)>>
where
    K: Key,
    V: Count,
{
    let pairs = crate::dict::items(cx, counts)?;
    let values = crate::dict::values(cx, counts)?;
    list::sort_keyed(cx, &pairs, &values, true)?;
    match n {
        None => Ok(pairs),
        Some(n) => list::slice(cx, &pairs, None, Some(n.max(0)), None),
    }
}

fn is_positive<V: Count>(cx: Cx, count: &V) -> R<bool> {
    Ok(V::of(0).elem_cmp(cx, count)?.is_lt())
}

/// A new counter: what `first` makes of the counts of `a` and `b`, where it is positive, then what `second` makes of those
/// that only `b` has.
fn combined<K: Key, V: Count>(
    cx: Cx,
    (a, b): (&Dict<K, V, Counter>, &Dict<K, V, Counter>),
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
pub fn counts_add<K: Key, V: Count>(
    cx: Cx,
    a: &Dict<K, V, Counter>,
    b: &Dict<K, V, Counter>,
) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, b), |x, y| x.plus(y), |y| Ok(is_positive(cx, y)?.then(|| y.clone())))
}

/// `a - b`
pub fn counts_sub<K: Key, V: Count>(
    cx: Cx,
    a: &Dict<K, V, Counter>,
    b: &Dict<K, V, Counter>,
) -> R<Dict<K, V, Counter>> {
    let negative = |y: &V| -> R<Option<V>> {
        if y.elem_cmp(cx, &V::of(0))?.is_lt() { V::of(0).minus(y).map(Some) } else { Ok(None) }
    };
    combined(cx, (a, b), |x, y| x.minus(y), negative)
}

/// `+a`: the counts that are positive.
pub fn counts_pos<K: Key, V: Count>(cx: Cx, a: &Dict<K, V, Counter>) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, &new_counter(cx)?), |x, _| Ok(x.clone()), |_| Ok(None))
}

/// `-a`: the counts that are negative, without their sign.
pub fn counts_neg<K: Key, V: Count>(cx: Cx, a: &Dict<K, V, Counter>) -> R<Dict<K, V, Counter>> {
    combined(cx, (a, &new_counter(cx)?), |x, _| V::of(0).minus(x), |_| Ok(None))
}

/// `a & b`
pub fn counts_and<K: Key, V: Count>(
    cx: Cx,
    a: &Dict<K, V, Counter>,
    b: &Dict<K, V, Counter>,
) -> R<Dict<K, V, Counter>> {
    let less = |x: &V, y: &V| Ok(if x.elem_cmp(cx, y)?.is_lt() { x.clone() } else { y.clone() });
    combined(cx, (a, b), less, |_| Ok(None))
}

/// `a | b`
pub fn counts_or<K: Key, V: Count>(
    cx: Cx,
    a: &Dict<K, V, Counter>,
    b: &Dict<K, V, Counter>,
) -> R<Dict<K, V, Counter>> {
    let more = |x: &V, y: &V| Ok(if x.elem_cmp(cx, y)?.is_lt() { y.clone() } else { x.clone() });
    combined(cx, (a, b), more, |y| Ok(is_positive(cx, y)?.then(|| y.clone())))
}

/// `a == b`: what is missing counts as zero.
pub fn counts_eq<K: Key, V: Count>(cx: Cx, a: &Dict<K, V, Counter>, b: &Dict<K, V, Counter>) -> R<bool> {
    for (keys, other) in [(a, b), (b, a)] {
        let mut cursor = iter(cx, keys)?;
        while let Some((key, count)) = next_item(cx, keys, &mut cursor)? {
            if !count.elem_eq(cx, &counted(cx, other, &key)?)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// `a != b`
pub fn counts_ne<K: Key, V: Count>(cx: Cx, a: &Dict<K, V, Counter>, b: &Dict<K, V, Counter>) -> R<bool> {
    Ok(!counts_eq(cx, a, b)?)
}

/// `OrderedDict()`
pub fn new_ordered<K: Key, V: Clone + 'static>(cx: Cx) -> R<Dict<K, V, Ordered>> {
    Dict::with_maker(cx, None)
}

/// `OrderedDict(mapping)`
pub fn to_ordered<K: Key, V: Clone + 'static, D: DictLike<K, V>>(
    cx: Cx,
    mapping: &D,
) -> R<Dict<K, V, Ordered>> {
    copy_into(cx, mapping, new_ordered(cx)?)
}

/// `d.popitem(last)` of an `OrderedDict`
pub fn popitem_at<K: Key, V: Clone + 'static>(cx: Cx, dict: &Dict<K, V, Ordered>, last: bool) -> R<(K, V)> {
    match if last { dict.take_last(cx)? } else { dict.take_first(cx)? } {
        Some(pair) => Ok(pair),
        None => exc(Exc::KeyError),
    }
}

/// `d.move_to_end(key, last)` of an `OrderedDict`
pub fn move_to_end<K: Key, V: Clone + 'static>(
    cx: Cx,
    dict: &Dict<K, V, Ordered>,
    key: &K,
    last: bool,
) -> R<()> {
    if dict.move_entry(cx, key, last)? { Ok(()) } else { exc(Exc::KeyError) }
}

/// `a == b` of two `OrderedDict`s: in the same order.
pub fn ordered_eq<K: Key, V: ElemEq + Clone + 'static>(
    cx: Cx,
    a: &Dict<K, V, Ordered>,
    b: &Dict<K, V, Ordered>,
) -> R<bool> {
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
pub fn ordered_ne<K: Key, V: ElemEq + Clone + 'static>(
    cx: Cx,
    a: &Dict<K, V, Ordered>,
    b: &Dict<K, V, Ordered>,
) -> R<bool> {
    Ok(!ordered_eq(cx, a, b)?)
}
