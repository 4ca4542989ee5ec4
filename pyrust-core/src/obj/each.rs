//! Going through an object of which only it knows its type: exact lists, tuples, dicts, sets, texts, `bytes` and ranges.
//! An iterator would be advanced, and any other class has a say, so they bail.

use super::Obj;
use crate::boundary::layout;
use crate::dict::{self, PDict};
use crate::list::{self, List, PList};
use crate::py::FromPy;
use crate::range::{self, Range};
use crate::said::unpacked;
use crate::set::{self, PFrozenSet, PSet, Set};
use crate::stop::{Bail, R, bail};
use crate::str_ as pystr;
use crate::strs::{Bytes, Str};
use crate::support;
use crate::tuple::{self, PTuple};
use crate::txn::Cx;

/// The loop over an object, as Python's iterator of its class goes through it.
pub struct Each {
    over: Over,
    at: i64,
}

enum Over {
    List(PList<Obj>),
    Tuple(PTuple<Obj>),
    Dict(PDict<Obj, Obj>, dict::Cursor),
    Set(PSet<Obj>, set::Cursor),
    Frozen(PFrozenSet<Obj>, set::Cursor),
    Str(Str),
    Bytes(Bytes),
    Range(Range),
}

/// `iter(object)`
pub fn each(cx: Cx, object: Obj) -> R<Each> {
    // SAFETY: The transaction keeps the object alive.
    let over = unsafe {
        let object = object.as_ptr();
        if layout::is_list(object) {
            Over::List(PList::from_py(cx, object)?)
        } else if layout::is_tuple(object) {
            Over::Tuple(PTuple::from_py(cx, object)?)
        } else if layout::is_dict(object) {
            let dict = PDict::<Obj, Obj>::from_py(cx, object)?;
            Over::Dict(dict, dict::iter(cx, &dict)?)
        } else if layout::is_str(object) {
            Over::Str(Str::from_py(cx, object)?)
        } else if layout::is_set(object) {
            let set = PSet::<Obj>::from_py(cx, object)?;
            Over::Set(set, set::iter(cx, &set)?)
        } else if layout::is_frozenset(object) {
            let set = PFrozenSet::<Obj>::from_py(cx, object)?;
            Over::Frozen(set, set::iter(cx, &set)?)
        } else if layout::is_bytes(object) {
            Over::Bytes(Bytes::from_py(cx, object)?)
        } else if layout::is_range(object) {
            Over::Range(Range::from_py(cx, object)?)
        } else {
            return bail(Bail::Callback);
        }
    };
    Ok(Each { over, at: 0 })
}

impl Each {
    /// The next item.
    #[inline]
    pub fn next(&mut self, cx: Cx) -> R<Option<Obj>> {
        let at = &mut self.at;
        match &mut self.over {
            Over::List(list) => list::next(cx, list, at),
            Over::Tuple(tuple) => tuple::next(cx, tuple, at),
            Over::Dict(dict, cursor) => dict::next_key(cx, dict, cursor),
            Over::Set(set, cursor) => set::next(cx, set, cursor),
            Over::Frozen(set, cursor) => set::next(cx, set, cursor),
            Over::Str(text) => support::str_next(text, at).map(|c| Obj::of(cx, c)).transpose(),
            Over::Bytes(bytes) => support::bytes_next(bytes, at).map(|b| Obj::of(cx, b)).transpose(),
            Over::Range(range) => match range::next(cx, *range, at)? {
                Some(item) => Obj::of(cx, item).map(Some),
                None => Ok(None),
            },
        }
    }

    /// How many items there are now, if that is at hand.
    fn count(&self, cx: Cx) -> i64 {
        match &self.over {
            Over::List(list) => list::len(cx, list),
            Over::Tuple(tuple) => tuple::len(cx, tuple),
            Over::Str(text) => pystr::len(text),
            _ => 0,
        }
    }
}

/// `list(object)`
pub fn listed(cx: Cx, object: Obj) -> R<List<Obj>> {
    let mut each = each(cx, object)?;
    let list = list::with_capacity(cx, each.count(cx))?;
    while let Some(item) = each.next(cx)? {
        list::append(cx, &list, item)?;
    }
    Ok(list)
}

/// `tuple(object)`; a tuple is itself.
pub fn tuple(cx: Cx, object: Obj) -> R<PTuple<Obj>> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        if layout::is_tuple(object.as_ptr()) {
            return PTuple::from_py(cx, object.as_ptr());
        }
    }
    tuple::from_list(cx, &listed(cx, object)?)
}

/// `set(object)`; one of a set or a dict has its order.
pub fn set(cx: Cx, object: Obj) -> R<Set<Obj>> {
    let mut each = each(cx, object)?;
    match &each.over {
        Over::Set(other, _) => return set::copy(cx, other),
        Over::Frozen(other, _) => return set::copy(cx, other),
        Over::Dict(other, _) => return set::of_dict(cx, other),
        _ => {}
    }
    let made = set::new(cx)?;
    while let Some(item) = each.next(cx)? {
        set::add(cx, &made, item)?;
    }
    Ok(made)
}

/// `a, b, … = object`
pub fn unpack<const N: usize>(cx: Cx, object: Obj) -> R<[Obj; N]> {
    // SAFETY: The transaction keeps the object alive.
    unsafe {
        let object = object.as_ptr();
        if layout::is_tuple(object) {
            return tuple::unpack(cx, &PTuple::from_py(cx, object)?);
        }
        if layout::is_list(object) {
            return list::unpack(cx, &PList::from_py(cx, object)?);
        }
    }
    let mut each = each(cx, object)?;
    let items = support::gathered(|at| match each.next(cx)? {
        Some(item) => Ok(item),
        None => unpacked(N as i64, at as i64),
    })?;
    if each.next(cx)?.is_some() { unpacked(N as i64, N as i64 + 1) } else { Ok(items) }
}
