//! What dropping an object would run: the test before a reference is given up (replay rule 14).
//!
//! References that a transaction drops are released when it has closed, later than Python would.  Nobody can
//! see that of ints, texts, and lists, dicts, sets and plain instances of those ([`super::dying`]); an object with a
//! finaliser, or one that a weak reference watches, could be the last one of its kind: then the call runs as Python.
//!
//! A reference that is not the last one when it is dropped may be the last but one, and the transaction drop the other
//! one as well. So before the commit all of them are counted ([`check_shared`]).

use pyo3_ffi::{
    Py_None, Py_REFCNT, Py_TYPE, PyComplex_Type, PyDict_Next, PyObject, PyRange_Type, PyTuple_Check,
};

use crate::boundary::dying::{each_part, is_plain_instance, is_watched};
use crate::boundary::layout::{self, RawSet};
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::foreign::is_moment;
use crate::function::{is_method, method_parts};
use crate::stop::{Bail, R, bail};
use crate::txn::Txn;

/// Lists, tuples, dicts and sets that are looked into, at most: what is larger may take its time in Python.
const CONTAINERS: usize = 10_000_000;

/// Objects in an instance that are looked into, at most: instances refer to each other in all directions.
const PARTS: usize = 1000;

/// Nested deeper than this: perhaps a cycle.
const DEPTH: usize = 24;

/// Bails if `object`, which only the caller still refers to, could run code when it dies.
///
/// # Safety
/// `object` is alive.
#[inline]
pub(crate) unsafe fn check_last(object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        if is_plain(object) || dies_quietly(object, DEPTH, &mut CONTAINERS.clone()) {
            Ok(())
        } else {
            bail(Bail::Unsupported)
        }
    }
}

/// As [`check_last`], if the reference that is about to be dropped is the last one.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub(crate) unsafe fn check(object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe { if Py_REFCNT(object) > 1 { Ok(()) } else { check_last(object) } }
}

/// Runs nothing when a reference is dropped: there are others, or it is of a plain type, or dies alone.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub(crate) unsafe fn lives_or_is_plain(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { Py_REFCNT(object) > 1 || is_plain(object) || dies_alone(object, 1) }
}

/// Is it a bound method that nobody watches, and do more than so many refer to what it holds?
///
/// # Safety
/// `object` is alive.
#[inline]
unsafe fn dies_alone(object: *mut PyObject, ending: usize) -> bool {
    // SAFETY: By the caller; the method keeps both alive.
    unsafe {
        is_method(object) && !is_watched(object) && {
            let (function, own) = method_parts(object);
            [function, own].into_iter().all(|part| Py_REFCNT(part) as usize > ending)
        }
    }
}

/// As [`lives_or_is_plain`], when so many references to it end at most.
///
/// # Safety
/// `object` is alive.
#[inline(always)]
pub(crate) unsafe fn survives_or_is_plain(object: *mut PyObject, ending: usize) -> bool {
    // SAFETY: By the caller.
    unsafe { is_plain(object) || Py_REFCNT(object) as usize > ending }
}

/// Does everything of which lists, attributes and the arena hold a reference that ends with the commit keep more than `spare`
/// other ones? Then nothing dies, and nothing of what it holds. Plain objects do not matter, nor do bound methods that die
/// without anything of theirs.
///
/// # Safety
/// The transaction is open.
#[inline]
pub(crate) unsafe fn all_live_on(txn: &Txn, spare: usize) -> bool {
    // SAFETY: By the caller: what the transaction owns is alive. The references are given up on trial, as the collector
    // does it: nothing else is looked at before they are all back.
    unsafe {
        let mut counted = false;
        each_ending(txn, |object| {
            if !is_plain(object) {
                layout::count_down(object);
                counted = true;
            }
        });
        !counted || all_were_left(txn, spare)
    }
}

#[inline(never)]
unsafe fn all_were_left(txn: &Txn, spare: usize) -> bool {
    let (mut live, mut methods) = (true, 0);
    // SAFETY: By the caller, `all_live_on`.
    unsafe {
        let dies = |object| !is_plain(object) && Py_REFCNT(object) as usize <= spare;
        each_ending(txn, |object| {
            if live && dies(object) {
                live = is_method(object);
                methods += 1;
            }
        });
        if live && methods > 0 {
            each_ending(txn, |object| live &= !dies(object) || dies_alone(object, spare + methods));
        }
        each_ending(txn, |object| {
            if !is_plain(object) {
                layout::count_up(object);
            }
        });
    }
    live
}

/// Something that loses a reference with the commit although others refer to it as well.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    pub(crate) object: *mut PyObject,
    /// The references that go; those in the arena do not count, since they are found there.
    pub(crate) references: usize,
}

/// An object with the references to it that end with the transaction.
struct Node {
    object: *mut PyObject,
    ending: usize,
    /// It stood somewhere before the transaction; otherwise native code made it.
    is_old: bool,
    is_dead: bool,
}

/// The objects that may die when the transaction closes.
struct Census {
    map: PtrMap,
    nodes: Buf<Node>,
}

impl Census {
    /// Notes references that end.
    fn note(&mut self, object: *mut PyObject, ending: usize, is_old: bool) -> R<()> {
        if let Some(at) = self.map.get(object) {
            let node = &mut self.nodes[at as usize];
            node.ending += ending;
            node.is_old |= is_old;
            return Ok(());
        }
        let at = self.nodes.len() as u32;
        let node = Node { object, ending, is_old, is_dead: false };
        if self.nodes.push(node).is_err() || !self.map.insert(object, at) {
            return bail(Bail::Memory);
        }
        Ok(())
    }

    /// Follows what dies to what it holds.
    unsafe fn spread(&mut self) -> R<()> {
        let mut dying: Buf<usize> = Buf::new();
        for at in 0..self.nodes.len() {
            self.settle(at, &mut dying)?;
        }
        while let Some(at) = dying.pop() {
            let object = self.nodes[at].object;
            let mut met = Ok(());
            // SAFETY: By the caller; nothing is freed meanwhile.
            unsafe {
                each_item(object, |item| {
                    if met.is_ok() && !is_plain(item) {
                        met = self.lose(item, &mut dying);
                    }
                });
            }
            met?;
        }
        Ok(())
    }

    /// Something that dies held the object.
    fn lose(&mut self, object: *mut PyObject, dying: &mut Buf<usize>) -> R<()> {
        let at = match self.map.get(object) {
            Some(at) => {
                self.nodes[at as usize].ending += 1;
                at as usize
            }
            None if self.nodes.len() >= CONTAINERS => return bail(Bail::Unsupported),
            // Nothing is known of it, so it is taken for one of before.
            None => {
                self.note(object, 1, true)?;
                self.nodes.len() - 1
            }
        };
        self.settle(at, dying)
    }

    /// Does the object die, now that so many references to it end?
    fn settle(&mut self, at: usize, dying: &mut Buf<usize>) -> R<()> {
        let node = &mut self.nodes[at];
        // SAFETY: By the caller of `spread`: every object is alive.
        if !node.is_dead && unsafe { Py_REFCNT(node.object) } as usize <= node.ending {
            node.is_dead = true;
            if dying.push(at).is_err() {
                return bail(Bail::Memory);
            }
        }
        Ok(())
    }
}

/// What an exact list or dict, a tuple, or an instance of a class of Python's holds.
unsafe fn each_item(object: *mut PyObject, mut see: impl FnMut(*mut PyObject)) {
    // SAFETY: By the caller: the object is alive and does not change.
    unsafe {
        if layout::is_dict(object) {
            let (mut at, mut key, mut value) = (0, core::ptr::null_mut(), core::ptr::null_mut());
            while PyDict_Next(object, &raw mut at, &raw mut key, &raw mut value) != 0 {
                see(key);
                see(value);
            }
        } else if is_sequence(object) {
            let items = if layout::is_list(object) {
                layout::list_items(object)
            } else {
                layout::tuple_items(object)
            };
            (0..layout::var_size(object)).for_each(|index| see(*items.add(index)));
        } else if is_method(object) {
            let (function, own) = method_parts(object);
            see(function);
            see(own);
        } else if is_plain_instance(object) {
            each_part(object, &mut |part| {
                see(part);
                true
            });
        }
    }
}

unsafe fn is_sequence(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { layout::is_list(object) || PyTuple_Check(object) != 0 }
}

/// Bails if an object that loses several references with the commit loses the last one and could run code then.
///
/// # Safety
/// The transaction is open, and everything is boxed.
pub(crate) unsafe fn check_shared(txn: &Txn) -> R<()> {
    // SAFETY: By the caller: what the transaction owns is alive.
    unsafe {
        let first = |object| {
            let known = is_plain(object)
                || Py_REFCNT(object) == 1 && dies_quietly(object, DEPTH, &mut CONTAINERS.clone());
            if known { Ok(()) } else { bail(Bail::Unsupported) }
        };
        let none = txn.rare_as_it_is().shared.is_empty()
            && txn.attributes.each_dropped(first).is_ok()
            && txn.lists.each_dropped(first).is_ok();
        if none || txn.rare_as_it_is().shared.is_empty() && all_live_on(txn, 0) {
            return Ok(());
        }
        count_shared(txn)
    }
}

/// Shows each reference to what may hold others that ends with the commit, apart from those of dicts and the rare ones.
#[inline(always)]
pub(crate) fn each_ending(txn: &Txn, mut see: impl FnMut(*mut PyObject)) {
    txn.arena.iter().for_each(|object| see(*object));
    let mut shows = |object| {
        see(object);
        Ok(())
    };
    let shown = txn.lists.each_dropped(&mut shows).and(txn.attributes.each_dropped(&mut shows));
    debug_assert!(shown.is_ok());
}

#[cold]
#[inline(never)]
unsafe fn count_shared(txn: &Txn) -> R<()> {
    // SAFETY: By the caller: what the transaction owns is alive.
    unsafe {
        let mut census = Census { map: PtrMap::new(), nodes: Buf::new() };
        let mut note = |object| if is_plain(object) { Ok(()) } else { census.note(object, 1, true) };
        txn.lists.each_dropped(&mut note)?;
        txn.attributes.each_dropped(&mut note)?;
        for shared in txn.rare_as_it_is().shared.iter() {
            census.note(shared.object, shared.references, true)?;
        }
        if census.nodes.is_empty() {
            return Ok(());
        }
        let holds = |object| {
            is_sequence(object) || layout::is_dict(object) || is_method(object) || is_plain_instance(object)
        };
        let count = txn.arena.iter().filter(|object| holds(**object)).count();
        if !census.map.reserve(census.nodes.len() + count) {
            return bail(Bail::Memory);
        }
        for &object in txn.arena.iter() {
            if holds(object) || census.map.get(object).is_some() {
                census.note(object, 1, false)?;
            }
        }
        census.spread()?;
        census
            .nodes
            .iter()
            .filter(|node| node.is_old && node.is_dead)
            .try_for_each(|node| check_dead(node.object))
    }
}

/// Bails if an object that dies could run code, apart from what it holds where the census has gone through that.
unsafe fn check_dead(object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller: alive.
    unsafe {
        let known = layout::is_list(object)
            || layout::is_tuple(object)
            || layout::is_dict(object)
            || is_method(object) && !is_watched(object)
            || is_plain_instance(object);
        if known { Ok(()) } else { check_last(object) }
    }
}

/// Exact builtins that hold no other objects.
#[inline]
pub(crate) unsafe fn is_plain(object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe {
        layout::is_int(object)
            || layout::is_float(object)
            || layout::is_str(object)
            || layout::is_bool(object)
            || layout::is_bytes(object)
            || core::ptr::eq(object, Py_None())
    }
}

/// Exact numbers and texts, and tuples of those: hashing and comparing them runs no code of Python's.
pub(crate) unsafe fn hashes_quietly(key: *mut PyObject) -> bool {
    // SAFETY: By the caller: it is alive.
    unsafe {
        is_plain(key)
            || layout::is_tuple(key)
                && (0..layout::var_size(key)).all(|at| hashes_quietly(*layout::tuple_items(key).add(at)))
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn dies_quietly(object: *mut PyObject, depth: usize, budget: &mut usize) -> bool {
    // SAFETY: By the caller; containers keep their contents alive, and nothing here runs Python code.
    unsafe {
        let ty = Py_TYPE(object);
        if core::ptr::eq(ty, &raw mut PyRange_Type) || core::ptr::eq(ty, &raw mut PyComplex_Type) {
            return true;
        }
        if is_moment(object) {
            return true;
        }
        if depth == 0 || *budget == 0 {
            return false;
        }
        *budget -= 1;
        let mut quiet = |inner| is_plain(inner) || dies_quietly(inner, depth - 1, budget);
        if layout::is_list(object) {
            let items = layout::list_items(object);
            (0..layout::var_size(object)).all(|i| quiet(*items.add(i)))
        } else if layout::is_tuple(object) {
            let items = layout::tuple_items(object);
            (0..layout::var_size(object)).all(|i| quiet(*items.add(i)))
        } else if layout::is_dict(object) {
            let (mut at, mut key, mut value) = (0, core::ptr::null_mut(), core::ptr::null_mut());
            while PyDict_Next(object, &raw mut at, &raw mut key, &raw mut value) != 0 {
                if !quiet(key) || !quiet(value) {
                    return false;
                }
            }
            true
        } else if layout::is_set(object) || layout::is_frozenset(object) {
            let raw = RawSet::of(object);
            !is_watched(object)
                && (0..=raw.mask()).all(|index| {
                    let (hash, key) = raw.slot(index);
                    key.is_null() || hash == -1 || quiet(key)
                })
        } else if is_plain_instance(object) {
            let mut left = PARTS.min(*budget);
            each_part(object, &mut |part| is_plain(part) || dies_quietly(part, depth - 1, &mut left))
        } else {
            false
        }
    }
}
