//! `OrderedDict`s of Python's: how writes to them wait for the commit.
//!
//! One that existed before the transaction is never touched while it is open. What a call does to it is a list of
//! operations on top: a key that was written to has the state that the last of them gives it, all others are as in the
//! object. Which key is first or last follows from them as well: first those that were moved to the front, the latest
//! before the others, then what still stands where it stood, then those that were put in or moved to the end. So what a
//! call costs does not depend on the length. The commit does the operations one by one, with CPython's own functions,
//! which leave the dict below, its order and its state as Python would have left them.

mod commit;

pub(crate) use commit::{apply, prepare, would_be, written};

use core::ptr;

use pyo3_ffi::*;

use crate::boundary::dropped::is_plain;
use crate::boundary::layout;
use crate::boundary::ordered_layout::{self as own, Node, entry_of, node_of, raw};
use crate::boundary::overlay::keep_dropped;
use crate::boundary::registry::{OfObject, Registry};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, MODERATE, no_memory};

pub(crate) use crate::boundary::ordered_layout::{is_bare, is_ordered};

/// Operations that one of them may wait for.
const MOST: usize = 1 << 24;

/// So many are gone through instead of asking a table.
const FEW: usize = 8;

/// No operation.
const NONE: u32 = u32::MAX;

/// What is done to a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is there and gets another value.
    Replace,
    /// It is not there, and is put in at the end.
    Insert,
    ToEnd,
    ToFront,
    Delete,
    /// All keys go.
    Clear,
}

/// One operation. The transaction keeps key and value alive.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    deed: Deed,
    hash: isize,
    pub(crate) key: *mut PyObject,
    /// The value from here on; null where there is none.
    pub(crate) value: *mut PyObject,
    /// It is written; otherwise the key has it already.
    sets: bool,
    /// A later one has taken its place.
    over: bool,
    /// The one before with a hash of the same sort.
    before: u32,
}

/// Where an entry was found.
#[derive(Clone, Copy)]
pub(crate) enum At {
    /// In the object: its key, its value.
    Base(isize, *mut PyObject, *mut PyObject),
    /// As this operation left it.
    Step(usize),
}

/// Where an iteration stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    /// Which of the three parts.
    pub(crate) part: u8,
    /// In the object: the address of the next node.
    pub(crate) at: usize,
}

/// What an `OrderedDict` is instead of what its object says.
pub(crate) struct Written {
    object: *mut PyObject,
    steps: Buf<Step>,
    /// The last operation for each sort of hashes, once there are more than a few.
    sorts: Buf<u32>,
    /// The operations that put something to an end, in order.
    fronts: Buf<u32>,
    ends: Buf<u32>,
    /// Those before are over.
    fronts_from: usize,
    ends_from: usize,
    /// The object's own nodes, without those at its ends that are known to be gone.
    first: *mut Node,
    last: *mut Node,
    /// By how much it has grown, since this operation, before which all was cleared.
    growth: isize,
    since: usize,
    /// The object's own entries count.
    has_base: bool,
    changes: u64,
}

impl Written {
    fn new() -> Written {
        Written {
            object: ptr::null_mut(),
            steps: Buf::new(),
            sorts: Buf::new(),
            fronts: Buf::new(),
            ends: Buf::new(),
            fronts_from: 0,
            ends_from: 0,
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            growth: 0,
            since: 0,
            has_base: true,
            changes: 0,
        }
    }

    /// What has not been written to yet, of the memory of one that is over.
    #[cold]
    #[inline(never)]
    fn begin(object: *mut PyObject, spare: Option<Written>) -> Written {
        let mut written = spare.unwrap_or_else(Written::new);
        written.reset();
        written.object = object;
        // SAFETY: By the callers: an exact `OrderedDict`, which does not change while the transaction is open.
        unsafe { (written.first, written.last) = (raw(object).first, raw(object).last) };
        written
    }

    /// Forgets everything but the memory.
    fn reset(&mut self) {
        self.steps.clear();
        self.sorts.clear();
        self.fronts.clear();
        self.ends.clear();
        (self.fronts_from, self.ends_from) = (0, 0);
        (self.growth, self.since, self.has_base, self.changes) = (0, 0, true, 0);
    }

    fn count(&self) -> usize {
        // SAFETY: An exact `OrderedDict`.
        let base = if self.has_base { unsafe { layout::dict_used(self.object) } } else { 0 };
        base.wrapping_add_signed(self.growth)
    }

    pub(crate) fn step(&self, at: usize) -> Step {
        self.steps[at]
    }

    /// The operation before the last one that could concern a hash: all of them, the latest first.
    fn latest(&self, hash: isize) -> u32 {
        match self.sorts.is_empty() {
            true => (self.steps.len() as u32).wrapping_sub(1),
            false => self.sorts[hash as usize & (self.sorts.len() - 1)],
        }
    }

    fn earlier(&self, at: u32) -> u32 {
        match self.sorts.is_empty() {
            true => at.wrapping_sub(1),
            false => self.steps[at as usize].before,
        }
    }

    /// The last operation for a key, if there is one that still counts.
    #[inline]
    fn find(&self, hash: isize, mut is_key: impl FnMut(*mut PyObject) -> R<bool>) -> R<Option<usize>> {
        let mut at = self.latest(hash);
        while at != NONE && at as usize >= self.since {
            let step = &self.steps[at as usize];
            if step.hash == hash && !step.over && step.deed != Deed::Clear && is_key(step.key)? {
                return Ok(Some(at as usize));
            }
            at = self.earlier(at);
        }
        Ok(None)
    }

    /// Has the node's key been taken from its place?
    unsafe fn is_gone(&self, node: *mut Node) -> bool {
        // SAFETY: By the caller: a node of the object.
        let (hash, key) = unsafe { ((*node).hash, (*node).key) };
        let mut at = self.latest(hash);
        while at != NONE && at as usize >= self.since {
            let step = &self.steps[at as usize];
            if ptr::eq(step.key, key) && step.deed != Deed::Replace {
                return true;
            }
            at = self.earlier(at);
        }
        false
    }

    /// One more operation, in the place of `old`.
    fn push(&mut self, mut step: Step, old: Option<usize>) -> R<()> {
        let at = self.steps.len();
        if at >= MOST {
            return bail(Bail::Limit);
        }
        if let Some(old) = old {
            self.steps[old].over = true;
        }
        if at >= FEW && at >= self.sorts.len() {
            self.sort(4 * at)?;
        }
        if !self.sorts.is_empty() {
            let sort = step.hash as usize & (self.sorts.len() - 1);
            step.before = self.sorts[sort];
            self.sorts[sort] = at as u32;
        }
        let place = match step.deed {
            Deed::Insert | Deed::ToEnd => self.ends.push(at as u32).is_ok(),
            Deed::ToFront => self.fronts.push(at as u32).is_ok(),
            Deed::Replace | Deed::Delete | Deed::Clear => true,
        };
        self.changes += u64::from(step.deed != Deed::Replace);
        match step.deed {
            Deed::Insert => self.growth += 1,
            Deed::Delete => self.growth -= 1,
            _ => {}
        }
        if place && self.steps.push(step).is_ok() { Ok(()) } else { bail(Bail::Memory) }
    }

    /// Notes for so many sorts of hashes, at least, which operation was the last.
    #[cold]
    fn sort(&mut self, sorts: usize) -> R<()> {
        let sorts = sorts.next_power_of_two();
        if !self.sorts.reserve_total(sorts) {
            return bail(Bail::Memory);
        }
        self.sorts.clear();
        (0..sorts).for_each(|_| _ = self.sorts.push(NONE));
        for (at, step) in self.steps.iter_mut().enumerate() {
            let sort = step.hash as usize & (sorts - 1);
            step.before = self.sorts[sort];
            self.sorts[sort] = at as u32;
        }
        Ok(())
    }

    /// The first or last entry.
    unsafe fn edge(&mut self, last: bool) -> R<Option<At>> {
        // SAFETY: By the caller: the nodes are those of the object, which does not change.
        unsafe {
            if last {
                while let Some(&at) = self.ends.last()
                    && self.ends.len() > self.ends_from
                {
                    if !self.steps[at as usize].over {
                        return Ok(Some(At::Step(at as usize)));
                    }
                    self.ends.pop();
                }
                while !self.last.is_null() && self.is_gone(self.last) {
                    self.last = (*self.last).prev;
                }
                if !self.last.is_null() {
                    return self.base(self.last).map(Some);
                }
                while let Some(&at) = self.fronts.get(self.fronts_from) {
                    if !self.steps[at as usize].over {
                        return Ok(Some(At::Step(at as usize)));
                    }
                    self.fronts_from += 1;
                }
                return Ok(None);
            }
            while let Some(&at) = self.fronts.last()
                && self.fronts.len() > self.fronts_from
            {
                if !self.steps[at as usize].over {
                    return Ok(Some(At::Step(at as usize)));
                }
                self.fronts.pop();
            }
            while !self.first.is_null() && self.is_gone(self.first) {
                self.first = (*self.first).next;
            }
            if !self.first.is_null() {
                return self.base(self.first).map(Some);
            }
            while let Some(&at) = self.ends.get(self.ends_from) {
                if !self.steps[at as usize].over {
                    return Ok(Some(At::Step(at as usize)));
                }
                self.ends_from += 1;
            }
            Ok(None)
        }
    }

    /// An entry that stands where it stood; it may have another value.
    unsafe fn base(&self, node: *mut Node) -> R<At> {
        // SAFETY: By the caller: a node of the object.
        unsafe {
            let (hash, key) = ((*node).hash, (*node).key);
            match self.find(hash, |other| Ok(ptr::eq(key, other)))? {
                Some(at) => Ok(At::Step(at)),
                None => in_object(self.object, node),
            }
        }
    }
}

/// The entry of a node that nothing was done to.
unsafe fn in_object(object: *mut PyObject, node: *mut Node) -> R<At> {
    // SAFETY: By the caller: a node of the object.
    unsafe {
        let (hash, key) = ((*node).hash, (*node).key);
        match entry_of(object, hash, key) {
            Some(entry) => Ok(At::Base(hash, key, entry.value)),
            // The dict below was changed past the class.
            None => bail(Bail::Dict),
        }
    }
}

impl OfObject for Written {
    fn object(&self) -> *mut PyObject {
        self.object
    }

    fn is_moderate(&self) -> bool {
        self.steps.capacity().max(self.sorts.capacity()) <= MODERATE
    }
}

/// The `OrderedDict`s that a transaction has written to.
pub(crate) type Ordereds = Registry<Written>;

impl Ordereds {
    #[inline]
    fn writable(&mut self, object: *mut PyObject) -> R<&mut Written> {
        self.find_or(object, |spare| Ok(Written::begin(object, spare)))
    }

    /// Forgets everything; the references are the transaction's.
    pub(crate) fn forget(&mut self) {
        if !self.is_empty() {
            self.end(|_| true);
        }
    }
}

/// An `OrderedDict` of Python's and the transaction: what [`crate::dict::POrdered`] does with objects.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(crate) cx: Cx,
    pub(crate) object: *mut PyObject,
}

/// Everything here: the object is an exact `OrderedDict` after [`is_ordered`], and no borrow of the transaction outlives a
/// call.
impl Live {
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    fn all(&self) -> &mut Ordereds {
        // SAFETY: A short borrow.
        unsafe { &mut self.cx.txn().rare().ordereds }
    }

    /// What has been written to it; the borrow ends before the next call.
    #[inline]
    fn written(&self) -> Option<&mut Written> {
        self.all().find(self.object)
    }

    #[inline]
    pub(crate) fn count(self) -> usize {
        match self.written() {
            Some(written) => written.count(),
            // SAFETY: See the impl.
            None => unsafe { layout::dict_used(self.object) },
        }
    }

    #[inline]
    pub(crate) fn changes(self) -> u64 {
        self.written().map_or(0, |written| written.changes)
    }

    /// The last operation for a key, and whether the object's own entries count otherwise.
    #[inline]
    pub(crate) fn said(
        self,
        hash: isize,
        is_key: impl FnMut(*mut PyObject) -> R<bool>,
    ) -> R<(Option<usize>, bool)> {
        match self.written() {
            None => Ok((None, true)),
            Some(written) => Ok((written.find(hash, is_key)?, written.has_base)),
        }
    }

    /// Operation `at`, of which there is one.
    #[inline]
    pub(crate) fn step(self, at: usize) -> R<Step> {
        match self.written() {
            Some(written) => Ok(written.step(at)),
            None => bail(Bail::Panic),
        }
    }

    /// Is the entry of the dict below one that CPython finds in the order as well?
    pub(crate) fn check(self, entry: usize, key: *mut PyObject) -> R<()> {
        // SAFETY: See the impl.
        if unsafe { node_of(self.object, entry, key) }.is_some() { Ok(()) } else { bail(Bail::Dict) }
    }

    /// An operation on what stands at `at`, or on a new key.
    fn note(self, deed: Deed, at: At, value: *mut PyObject, sets: bool) -> R<()> {
        let (hash, key, old) = match at {
            At::Base(hash, key, _) => (hash, key, None),
            At::Step(at) => {
                let step = self.step(at)?;
                (step.hash, step.key, Some(at))
            }
        };
        let step = Step { deed, hash, key, value, sets, over: false, before: NONE };
        self.all().writable(self.object)?.push(step, old)
    }

    /// A key that is not there; `old` is the operation that took it away.
    pub(crate) fn insert(
        self,
        hash: isize,
        key: *mut PyObject,
        value: *mut PyObject,
        old: Option<usize>,
    ) -> R<()> {
        let step = Step { deed: Deed::Insert, hash, key, value, sets: true, over: false, before: NONE };
        self.all().writable(self.object)?.push(step, old)
    }

    /// Another value for what is there.
    pub(crate) fn replace(self, at: At, value: *mut PyObject) -> R<()> {
        // SAFETY: The object or the transaction keeps the old value alive.
        unsafe {
            match at {
                At::Base(_, _, old) => {
                    keep_dropped(self.cx, old)?;
                    self.note(Deed::Replace, at, value, true)
                }
                At::Step(index) => {
                    let step = self.step(index)?;
                    if !step.sets {
                        keep_dropped(self.cx, step.value)?;
                    }
                    if let Some(written) = self.written() {
                        written.steps[index].value = value;
                        written.steps[index].sets = true;
                    }
                    Ok(())
                }
            }
        }
    }

    /// Key and value of what is there.
    pub(crate) fn entry(self, at: At) -> R<(*mut PyObject, *mut PyObject)> {
        match at {
            At::Base(_, key, value) => Ok((key, value)),
            At::Step(at) => self.step(at).map(|step| (step.key, step.value)),
        }
    }

    pub(crate) fn move_to(self, at: At, last: bool) -> R<()> {
        let (_, value) = self.entry(at)?;
        self.note(if last { Deed::ToEnd } else { Deed::ToFront }, at, value, false)
    }

    pub(crate) fn remove(self, at: At) -> R<()> {
        let (key, value) = self.entry(at)?;
        // SAFETY: The object or the transaction keeps both alive.
        unsafe {
            self.loses_key(key)?;
            keep_dropped(self.cx, value)?;
        }
        self.note(Deed::Delete, at, ptr::null_mut(), false)
    }

    /// The dict below refers to a key, and so does its node.
    unsafe fn loses_key(self, key: *mut PyObject) -> R<()> {
        // SAFETY: By the caller: it is alive.
        unsafe {
            if !is_plain(key) {
                self.cx.loses(key, 2)?;
            }
            self.cx.keep(key)
        }
    }

    /// The first or last entry.
    pub(crate) fn edge(self, last: bool) -> R<Option<At>> {
        // SAFETY: See the impl.
        unsafe {
            let at = match self.written() {
                Some(written) => written.edge(last)?,
                None => {
                    let node = if last { raw(self.object).last } else { raw(self.object).first };
                    if node.is_null() { None } else { Some(in_object(self.object, node)?) }
                }
            };
            if let Some(At::Base(hash, key, _)) = at {
                match entry_of(self.object, hash, key) {
                    Some(entry) if entry.is_quiet => self.check(entry.number, key)?,
                    _ => return bail(Bail::Dict),
                }
            }
            Ok(at)
        }
    }

    pub(crate) fn clear(self) -> R<()> {
        let has_base = self.all().writable(self.object)?.has_base;
        if has_base {
            // SAFETY: An exact `OrderedDict`; nothing changes while its entries are gone through.
            unsafe {
                let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
                while PyDict_Next(self.object, &raw mut at, &raw mut key, &raw mut value) != 0 {
                    self.loses_key(key)?;
                    keep_dropped(self.cx, value)?;
                }
            }
        }
        let written = self.all().writable(self.object)?;
        let null = ptr::null_mut();
        let deed = Deed::Clear;
        written.push(
            Step { deed, hash: 0, key: null, value: null, sets: false, over: true, before: NONE },
            None,
        )?;
        written.since = written.steps.len();
        written.fronts.clear();
        written.ends.clear();
        (written.fronts_from, written.ends_from) = (0, 0);
        (written.first, written.last) = (null.cast(), null.cast());
        (written.growth, written.has_base) = (0, false);
        Ok(())
    }

    /// The next entry.
    pub(crate) fn next(self, walk: &mut Walk) -> R<Option<At>> {
        // SAFETY: See the impl; the nodes are those of the object.
        unsafe {
            let written = self.written();
            if walk.part == 0 {
                if let Some(written) = &written {
                    let fronts = &written.fronts;
                    while walk.at < fronts.len() {
                        let at = fronts[fronts.len() - 1 - walk.at] as usize;
                        walk.at += 1;
                        if !written.steps[at].over {
                            return Ok(Some(At::Step(at)));
                        }
                    }
                }
                let first = match &written {
                    Some(written) => written.first,
                    None => raw(self.object).first,
                };
                *walk = Walk { part: 1, at: first as usize };
            }
            while walk.part == 1 {
                let node = walk.at as *mut Node;
                if node.is_null() {
                    *walk = Walk { part: 2, at: 0 };
                    break;
                }
                walk.at = (*node).next as usize;
                match &written {
                    None => return in_object(self.object, node).map(Some),
                    Some(written) if !written.is_gone(node) => return written.base(node).map(Some),
                    Some(_) => {}
                }
            }
            if let Some(written) = &written {
                while let Some(&at) = written.ends.get(walk.at) {
                    walk.at += 1;
                    if !written.steps[at as usize].over {
                        return Ok(Some(At::Step(at as usize)));
                    }
                }
            }
            Ok(None)
        }
    }

    /// Behind the last entry.
    pub(crate) fn end(self) -> Walk {
        Walk { part: 2, at: self.written().map_or(0, |written| written.ends.len()) }
    }

    /// The entry before.
    pub(crate) fn next_back(self, walk: &mut Walk) -> R<Option<At>> {
        // SAFETY: As in `next`.
        unsafe {
            let written = self.written();
            if walk.part == 2 {
                while walk.at > 0 {
                    walk.at -= 1;
                    if let Some(written) = &written {
                        let at = written.ends[walk.at] as usize;
                        if !written.steps[at].over {
                            return Ok(Some(At::Step(at)));
                        }
                    }
                }
                let last = match &written {
                    Some(written) => written.last,
                    None => raw(self.object).last,
                };
                *walk = Walk { part: 1, at: last as usize };
            }
            while walk.part == 1 {
                let node = walk.at as *mut Node;
                if node.is_null() {
                    *walk = Walk { part: 0, at: 0 };
                    break;
                }
                walk.at = (*node).prev as usize;
                match &written {
                    None => return in_object(self.object, node).map(Some),
                    Some(written) if !written.is_gone(node) => return written.base(node).map(Some),
                    Some(_) => {}
                }
            }
            if let Some(written) = &written {
                while let Some(&at) = written.fronts.get(walk.at) {
                    walk.at += 1;
                    if !written.steps[at as usize].over {
                        return Ok(Some(At::Step(at as usize)));
                    }
                }
            }
            Ok(None)
        }
    }
}

/// An empty one of Python's, which lives as long as the transaction.
pub(crate) fn make(cx: Cx) -> R<*mut PyObject> {
    cx.before_tracked();
    let object = own::make();
    if object.is_null() { no_memory() } else { Ok(object) }
}
