//! Views of dicts, which are the dicts themselves here: what the operators do with them.
//!
//! As CPython does it: a set is made of what stands on the left, then changed by what stands on the right; `&` goes
//! through one side and looks into the other, and which one that is decides the order of the result.

use super::{Dict, DictLike, items, keys, next_item, next_value};
use crate::elem::{ElemEq, Key};
use crate::list::{self, ListLike};
use crate::set::{self, Set, SetLike};
use crate::stop::R;
use crate::txn::Cx;

/// `v in d.values()`
pub fn has_value<K, V, D>(cx: Cx, dict: &D, value: &V) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
{
    let mut cursor = super::iter(cx, dict)?;
    while let Some(found) = next_value(cx, dict, &mut cursor)? {
        if found.elem_eq(cx, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `(k, v) in d.items()`
pub fn has_item<K, V, D>(cx: Cx, dict: &D, item: &(K, V)) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
{
    match dict.find(cx, &item.0)? {
        Some(found) => found.elem_eq(cx, &item.1),
        None => Ok(false),
    }
}

/// `d.keys() & s` of a `set`.
pub fn keys_and_set<K, V, D, S>(cx: Cx, dict: &D, other: &S) -> R<Set<K>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    S: SetLike<K, Made = Set<K>>,
{
    if super::len(cx, dict)? <= set::len(cx, other)? {
        return set::intersection_list(cx, other, &keys(cx, dict)?);
    }
    keys_and_list(cx, dict, &set::to_list(cx, other)?)
}

/// The same of a `frozenset`.
pub fn keys_and_frozenset<K, V, D, S>(cx: Cx, dict: &D, other: &S) -> R<Set<K>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    S: SetLike<K>,
{
    keys_and_list(cx, dict, &set::to_list(cx, other)?)
}

/// `d.keys() & e.keys()`: the one with fewer keys is gone through.
pub fn keys_and_keys<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<Set<K>>
where
    K: Key,
    V: Clone + 'static,
    W: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, W>,
{
    if other.count(cx)? > dict.count(cx)? {
        return keys_and_list(cx, other, &keys(cx, dict)?);
    }
    keys_and_list(cx, dict, &keys(cx, other)?)
}

/// `d.keys() & items`
pub fn keys_and_list<K, V, D, L>(cx: Cx, dict: &D, other: &L) -> R<Set<K>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    L: ListLike<K>,
{
    let result = set::new(cx)?;
    let mut at = 0;
    while let Some(key) = list::next(cx, other, &mut at)? {
        if dict.has(cx, &key)? {
            set::add(cx, &result, key)?;
        }
    }
    Ok(result)
}

/// `d.keys() & e`
pub fn keys_and_dict<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<Set<K>>
where
    K: Key,
    V: Clone + 'static,
    W: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, W>,
{
    keys_and_list(cx, dict, &keys(cx, other)?)
}

/// Operators that change a set made of the left side: with a set, with the keys of a dict, with a list, with a dict.
macro_rules! changing {
    ($($what:literal $change:ident $change_list:ident $change_dict:ident:
       $with_set:ident $with_keys:ident $with_list:ident $with_dict:ident $of_set:ident;)*) => {$(
        #[doc = concat!("`d.keys() ", $what, " s`")]
        pub fn $with_set<K, V, D, S>(cx: Cx, dict: &D, other: &S) -> R<Set<K>>
        where
            K: Key,
            V: Clone + 'static,
            D: DictLike<K, V>,
            S: SetLike<K>,
        {
            let result = set::of_dict(cx, dict)?;
            set::$change(cx, &result, other)?;
            Ok(result)
        }

        #[doc = concat!("`d.keys() ", $what, " e.keys()`")]
        pub fn $with_keys<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<Set<K>>
        where
            K: Key,
            V: Clone + 'static,
            W: Clone + 'static,
            D: DictLike<K, V>,
            E: DictLike<K, W>,
        {
            $with_list(cx, dict, &keys(cx, other)?)
        }

        #[doc = concat!("`d.keys() ", $what, " items`")]
        pub fn $with_list<K, V, D, L>(cx: Cx, dict: &D, other: &L) -> R<Set<K>>
        where
            K: Key,
            V: Clone + 'static,
            D: DictLike<K, V>,
            L: ListLike<K>,
        {
            let result = set::of_dict(cx, dict)?;
            set::$change_list(cx, &result, other)?;
            Ok(result)
        }

        #[doc = concat!("`d.keys() ", $what, " e`")]
        pub fn $with_dict<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<Set<K>>
        where
            K: Key,
            V: Clone + 'static,
            W: Clone + 'static,
            D: DictLike<K, V>,
            E: DictLike<K, W>,
        {
            let result = set::of_dict(cx, dict)?;
            $change_dict(cx, &result, other)?;
            Ok(result)
        }

        #[doc = concat!("`s ", $what, " d.keys()`: a new `set`")]
        pub fn $of_set<K, V, S, D>(cx: Cx, set: &S, dict: &D) -> R<Set<K>>
        where
            K: Key,
            V: Clone + 'static,
            S: SetLike<K>,
            D: DictLike<K, V>,
        {
            let result = set::copy(cx, set)?;
            set::$change_list(cx, &result, &keys(cx, dict)?)?;
            Ok(result)
        }
    )*};
}

changing! {
    "-" difference_update difference_update_list without_keys:
        keys_sub_set keys_sub_keys keys_sub_list keys_sub_dict set_sub_keys;
    "|" update update_list with_keys:
        keys_or_set keys_or_keys keys_or_list keys_or_dict set_or_keys;
    "^" symmetric_difference_update symmetric_difference_update_list toggle_keys:
        keys_xor_set keys_xor_keys keys_xor_list keys_xor_dict set_xor_keys;
}

/// A dict on the right of `-` is gone through as anything else is.
fn without_keys<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, set: &Set<K>, dict: &D) -> R<()> {
    set::difference_update_list(cx, set, &keys(cx, dict)?)
}

fn with_keys<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, set: &Set<K>, dict: &D) -> R<()> {
    set::update_dict(cx, set, dict)
}

fn toggle_keys<K: Key, V: Clone + 'static, D: DictLike<K, V>>(cx: Cx, set: &Set<K>, dict: &D) -> R<()> {
    set::symmetric_difference_update_dict(cx, set, dict)
}

/// Comparisons of keys are those of sets.
macro_rules! comparing {
    ($($what:literal $of_sets:ident: $with_set:ident $with_keys:ident;)*) => {$(
        #[doc = concat!("`d.keys() ", $what, " s`")]
        pub fn $with_set<K, V, D, S>(cx: Cx, dict: &D, other: &S) -> R<bool>
        where
            K: Key,
            V: Clone + 'static,
            D: DictLike<K, V>,
            S: SetLike<K>,
        {
            set::$of_sets(cx, &set::of_dict(cx, dict)?, other)
        }

        #[doc = concat!("`d.keys() ", $what, " e.keys()`")]
        pub fn $with_keys<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<bool>
        where
            K: Key,
            V: Clone + 'static,
            W: Clone + 'static,
            D: DictLike<K, V>,
            E: DictLike<K, W>,
        {
            $with_set(cx, dict, &set::of_dict(cx, other)?)
        }
    )*};
}

comparing! {
    "==" eq: keys_eq_set keys_eq_keys;
    "!=" ne: keys_ne_set keys_ne_keys;
    "<" lt: keys_lt_set keys_lt_keys;
    "<=" le: keys_le_set keys_le_keys;
    ">" gt: keys_gt_set keys_gt_keys;
    ">=" ge: keys_ge_set keys_ge_keys;
    "isdisjoint" isdisjoint: keys_isdisjoint_set keys_isdisjoint_keys;
}

/// `d.keys().isdisjoint(items)`
pub fn keys_isdisjoint_list<K, V, D, L>(cx: Cx, dict: &D, other: &L) -> R<bool>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    L: ListLike<K>,
{
    let mut at = 0;
    while let Some(key) = list::next(cx, other, &mut at)? {
        if dict.has(cx, &key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `d.keys().isdisjoint(e)`
pub fn keys_isdisjoint_dict<K, V, W, D, E>(cx: Cx, dict: &D, other: &E) -> R<bool>
where
    K: Key,
    V: Clone + 'static,
    W: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, W>,
{
    keys_isdisjoint_keys(cx, dict, other)
}

/// Is every item of the one among those of the other?
fn items_within<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    let mut cursor = super::iter(cx, a)?;
    while let Some(item) = next_item(cx, a, &mut cursor)? {
        if !has_item(cx, b, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Comparisons of the items of two dicts, by their numbers and by what is among what.
macro_rules! comparing_items {
    ($($what:literal $name:ident($a:ident, $b:ident) $count:tt $inner:ident $outer:ident;)*) => {$(
        #[doc = concat!("`d.items() ", $what, " e.items()`")]
        pub fn $name<K, V, D, E>(cx: Cx, $a: &D, $b: &E) -> R<bool>
        where
            K: Key,
            V: ElemEq + Clone + 'static,
            D: DictLike<K, V>,
            E: DictLike<K, V>,
        {
            Ok($a.count(cx)? $count $b.count(cx)? && items_within(cx, $inner, $outer)?)
        }
    )*};
}

comparing_items! {
    "==" items_eq_items(a, b) == a b;
    "<" items_lt_items(a, b) < a b;
    "<=" items_le_items(a, b) <= a b;
    ">" items_gt_items(a, b) > b a;
    ">=" items_ge_items(a, b) >= b a;
}

/// `d.items() != e.items()`
pub fn items_ne_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    Ok(!items_eq_items(cx, a, b)?)
}

/// `d.items().isdisjoint(e.items())`
pub fn items_isdisjoint_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<bool>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
{
    if b.count(cx)? > a.count(cx)? {
        return items_isdisjoint_items(cx, b, a);
    }
    let mut cursor = super::iter(cx, b)?;
    while let Some(item) = next_item(cx, b, &mut cursor)? {
        if has_item(cx, a, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `d.items() & e.items()`: the one with fewer items is gone through.
pub fn items_and_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<Set<(K, V)>>
where
    K: Key,
    V: Key + ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
    (K, V): Key,
{
    if b.count(cx)? > a.count(cx)? {
        return items_and_items(cx, b, a);
    }
    let result = set::new(cx)?;
    let mut cursor = super::iter(cx, b)?;
    while let Some(item) = next_item(cx, b, &mut cursor)? {
        if has_item(cx, a, &item)? {
            set::add(cx, &result, item)?;
        }
    }
    Ok(result)
}

fn set_of_items<K, V, D>(cx: Cx, dict: &D) -> R<Set<(K, V)>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    (K, V): Key,
{
    let result = set::new(cx)?;
    set::update_list(cx, &result, &items(cx, dict)?)?;
    Ok(result)
}

/// `d.items() - e.items()`
pub fn items_sub_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<Set<(K, V)>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
    (K, V): Key,
{
    let result = set_of_items(cx, a)?;
    set::difference_update_list(cx, &result, &items(cx, b)?)?;
    Ok(result)
}

/// `d.items() | e.items()`
pub fn items_or_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<Set<(K, V)>>
where
    K: Key,
    V: Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
    (K, V): Key,
{
    let result = set_of_items(cx, a)?;
    set::update_list(cx, &result, &items(cx, b)?)?;
    Ok(result)
}

/// `d.items() ^ e.items()`: items of the larger dict that the smaller one has not, then what is left of that one.
pub fn items_xor_items<K, V, D, E>(cx: Cx, a: &D, b: &E) -> R<Set<(K, V)>>
where
    K: Key,
    V: ElemEq + Clone + 'static,
    D: DictLike<K, V>,
    E: DictLike<K, V>,
    (K, V): Key,
{
    if a.count(cx)? > b.count(cx)? {
        return items_xor_items(cx, b, a);
    }
    let rest: Dict<K, V> = super::copy(cx, a)?;
    let result = set::new(cx)?;
    let mut cursor = super::iter(cx, b)?;
    while let Some(item) = next_item(cx, b, &mut cursor)? {
        if has_item(cx, &rest, &item)? {
            rest.remove(cx, &item.0)?;
        } else {
            set::add(cx, &result, item)?;
        }
    }
    set::update_list(cx, &result, &items(cx, &rest)?)?;
    Ok(result)
}
