//! In place and log: how writes to the attributes of instances are undone.
//!
//! A write replaces a pointer in a place that stays where it is while the transaction is open: a slot, a value of the
//! instance, or of its dict. The old pointer goes to the log, once per place as far as a small table tells; a number
//! that only the place refers to is rewritten, and its old bits are logged (replay rule 7). Undo walks the log backwards.

use core::cell::UnsafeCell;
use core::ptr;

use pyo3_ffi::{Py_DECREF, Py_REFCNT, PyObject};

use crate::boundary::dropped;
use crate::boundary::journal::{release, release_all};
use crate::boundary::layout;
use crate::boundary::ptrmap::PtrMap;
use crate::buf::Buf;
use crate::object::{forget_order, leave_order, rejoin_order};
use crate::py::IntoPy;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

type Place = *mut *mut PyObject;

#[derive(Clone, Copy)]
enum Entry {
    /// The place held this object; the reference moved here.
    Set(Place, *mut PyObject),
    /// The number, which stands in the place, had these bits.
    Bits(Place, *mut PyObject, u64),
    /// The place was empty; the values, where their order was noted.
    Filled(Place, Place),
    /// The place, among these values, was left empty: it had been filled as the one with this number.
    Left(Place, Place, usize),
    /// Undone: the reference to what native code put there.
    Drop(*mut PyObject),
}

/// Of so many places it is known whether they are logged: one for each part of the address that finds them.
const KNOWN: usize = 1 << 15;

impl Entry {
    /// Whether the place is logged is not known any more.
    #[inline(always)]
    fn forget(&self) {
        if let Entry::Set(place, _) | Entry::Bits(place, ..) | Entry::Filled(place, _) = *self {
            known::forget(place);
        }
    }
}

/// Places of which the log has what stood there first: a table that forgets some of them.
mod known {
    use super::{KNOWN, Place, UnsafeCell};

    /// With the lowest bit set: only the bits of the number there.
    struct Table(UnsafeCell<[usize; KNOWN]>);

    // SAFETY: Only touched while the GIL is held.
    unsafe impl Sync for Table {}

    /// It belongs to the open transaction, and is empty while none is open.
    static TABLE: Table = Table(UnsafeCell::new([0; KNOWN]));

    #[inline(always)]
    fn at<'a>(place: Place) -> &'a mut usize {
        // What stands side by side stands side by side here, so a call touches little of the table.
        let index = (place as usize >> 3 ^ place as usize >> 18) & (KNOWN - 1);
        // SAFETY: Under the GIL; a short borrow.
        unsafe { &mut (*TABLE.0.get())[index] }
    }

    /// Is the old pointer of the place logged, or with `bits` at least what the number there was?
    #[inline(always)]
    pub(super) fn is(place: Place, bits: bool) -> bool {
        *at(place) & !usize::from(bits) == place as usize
    }

    /// Notes that what the place held is logged; with `bits` only what the number there was.
    #[inline(always)]
    pub(super) fn note(place: Place, bits: bool) {
        *at(place) = place as usize | usize::from(bits);
    }

    #[inline(always)]
    pub(super) fn forget(place: Place) {
        *at(place) = 0;
    }

    pub(super) fn forget_all() {
        // SAFETY: Under the GIL.
        unsafe { (*TABLE.0.get()).fill(0) };
    }
}

/// Instances of which it is remembered that they are new.
const MADE: usize = 128;

/// A log with room for more entries is not kept for the next transaction.
const KEPT: usize = 1 << 15;

/// The log is looked through for places that it has twice when it has grown to this length, and to twice that.
const LONG: usize = 1 << 14;

/// So many entries are more than a program's objects are worth.
const LONGEST: usize = 1 << 24;

pub(crate) struct Log {
    entries: Buf<Entry>,
    compact_at: usize,
    /// A place was left empty: no entry can be left out.
    left: bool,
    /// Instances made in this transaction: the last one; of the others as many as a small table holds, with the number of
    /// the transaction; and all of those derived from containers.
    last_fresh: *mut PyObject,
    made: [(usize, u64); MADE],
    derived: PtrMap,
    /// The number of the transaction in which the table has forgotten one last.
    forgot: u64,
}

impl Log {
    pub(crate) const fn new() -> Log {
        Log {
            entries: Buf::new(),
            compact_at: LONG,
            left: false,
            last_fresh: ptr::null_mut(),
            made: [(0, 0); MADE],
            derived: PtrMap::new(),
            forgot: u64::MAX,
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() & self.last_fresh.is_null()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes everything out; nothing is logged afterwards.
    pub(crate) fn take(&mut self) -> Garbage {
        if !self.is_empty() {
            self.forget_known();
            self.compact_at = LONG;
            self.left = false;
            self.last_fresh = ptr::null_mut();
            self.derived.clear();
        }
        Garbage(core::mem::take(&mut self.entries))
    }

    /// Forgets which places are logged: those of a short log one by one.
    fn forget_known(&mut self) {
        if self.entries.len() > KNOWN / 2 {
            known::forget_all();
            return;
        }
        for entry in self.entries.iter() {
            entry.forget();
        }
    }

    /// Drops references that run nothing when they go, the memory stays; false if there is another one, or too much.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_here(&mut self) -> bool {
        if self.is_empty() {
            return true;
        }
        if self.entries.capacity() > KEPT {
            return false;
        }
        self.forget_known();
        while let Some(&entry) = self.entries.last() {
            if let Entry::Set(_, object) = entry {
                // SAFETY: The log owns it.
                unsafe {
                    if !dropped::lives_or_is_plain(object) {
                        return false;
                    }
                    self.entries.pop();
                    Py_DECREF(object);
                }
            } else {
                self.entries.pop();
            }
        }
        self.compact_at = LONG;
        self.left = false;
        self.last_fresh = ptr::null_mut();
        self.derived.clear();
        true
    }

    /// What a short log has held has been dropped: the memory stays.
    #[inline]
    pub(crate) fn forget(&mut self) {
        if self.is_empty() {
            return;
        }
        while let Some(entry) = self.entries.pop() {
            entry.forget();
        }
        self.compact_at = LONG;
        self.left = false;
        self.last_fresh = ptr::null_mut();
        self.derived.clear();
    }

    /// Can [`Log::drop_here`] drop all of it, if nothing runs code then?
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.entries.capacity() <= KEPT
    }

    /// Keeps the memory for the next transaction.
    pub(crate) fn keep(&mut self, garbage: Garbage) {
        if garbage.0.capacity() <= KEPT && self.entries.capacity() == 0 {
            self.entries = garbage.0;
        }
    }

    #[inline(always)]
    fn push(&mut self, entry: Entry) -> R<()> {
        match self.entries.push(entry) {
            Ok(()) => Ok(()),
            Err(_) => bail(Bail::Memory),
        }
    }

    /// Undoes everything.  Drops no reference: what has to be dropped stays in the log.
    pub(crate) unsafe fn undo(&mut self) {
        // SAFETY: Places are alive while the transaction is open, and the log owns its objects.
        unsafe {
            for entry in self.entries.iter_mut().rev() {
                entry.forget();
                *entry = match *entry {
                    Entry::Set(place, old) => Entry::Drop(core::mem::replace(&mut *place, old)),
                    Entry::Bits(_, number, bits) => {
                        layout::set_bits(number, bits);
                        Entry::Drop(ptr::null_mut())
                    }
                    Entry::Filled(place, values) => {
                        if !values.is_null() {
                            forget_order(values);
                        }
                        Entry::Drop(core::mem::replace(&mut *place, ptr::null_mut()))
                    }
                    Entry::Left(place, values, at) => {
                        rejoin_order(values, at, place.offset_from(values) as usize);
                        Entry::Drop(ptr::null_mut())
                    }
                    done => done,
                };
            }
        }
    }

    /// Shows each object that loses a reference with the commit.
    pub(crate) fn each_dropped(&self, mut see: impl FnMut(*mut PyObject) -> R<()>) -> R<()> {
        for entry in self.entries.iter() {
            if let Entry::Set(_, object) = *entry {
                see(object)?;
            }
        }
        Ok(())
    }
}

/// References that are dropped when the transaction has closed.
pub(crate) struct Garbage(Buf<Entry>);

impl Garbage {
    pub(crate) unsafe fn discard(&mut self) {
        // SAFETY: The references are ours, and the transaction is closed.
        unsafe {
            while let Some(entry) = self.0.pop() {
                match entry {
                    Entry::Set(_, object) | Entry::Drop(object) if !object.is_null() => Py_DECREF(object),
                    _ => {}
                }
            }
        }
    }
}

/// An instance that was just made; `derived` from a container.
pub(crate) unsafe fn register_fresh(cx: Cx, object: *mut PyObject, derived: bool) {
    // SAFETY: A short borrow.
    let log = unsafe { &mut cx.txn().attributes };
    log.last_fresh = object;
    let made = core::mem::replace(&mut log.made[made_at(object)], (object as usize, cx.number()));
    if made.1 == cx.number() {
        log.forgot = cx.number();
    }
    if derived {
        // Without memory it only counts as an old one.
        let _ = log.derived.insert(object, 0);
    }
}

fn made_at(object: *mut PyObject) -> usize {
    (object as usize >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 & (MADE - 1)
}

/// Is it known that the instance was made in this transaction?  Nothing has to be logged of such ones; it may be.
#[inline]
pub(crate) unsafe fn is_fresh(cx: Cx, object: *mut PyObject) -> bool {
    // SAFETY: A short borrow.
    let log = unsafe { &cx.txn().attributes };
    log.last_fresh == object
        || log.made[made_at(object)] == (object as usize, cx.number())
        || log.derived.get(object).is_some()
}

/// Could the instance have been made in this transaction?
///
/// # Safety
/// As [`is_fresh`].
pub(crate) unsafe fn may_be_fresh(cx: Cx, object: *mut PyObject) -> bool {
    // SAFETY: By the caller.
    unsafe { cx.txn().attributes.forgot == cx.number() || is_fresh(cx, object) }
}

/// Does somebody want to be told of changes of the dict?
///
/// # Safety
/// A live dict.
pub(crate) unsafe fn is_watched(dict: *mut PyObject) -> bool {
    /// The version tag's place: see interp.c. Its lowest bits name the watchers.
    const VERSION_TAG: usize = 24;
    // SAFETY: By the caller.
    cfg!(Py_3_12) && unsafe { *dict.cast::<u8>().add(VERSION_TAG).cast::<u64>() } & 0xff != 0
}

/// Rewrites the number in the place, if nobody else can tell.
///
/// # Safety
/// A place of a live instance that holds an object.
#[inline(always)]
unsafe fn overwrite<T: IntoPy>(cx: Cx, place: Place, value: &T) -> R<bool> {
    // SAFETY: By the caller.  Nobody else refers to the number, and native code has seen no objects.
    unsafe {
        let old = *place;
        if Py_REFCNT(old) != 1 || cx.txn().objects_seen {
            return Ok(false);
        }
        let Some(bits) = value.before(old) else { return Ok(false) };
        let log = &mut cx.txn().attributes;
        if !known::is(place, true) {
            log.push(Entry::Bits(place, old, bits))?;
            known::note(place, true);
            if log.entries.len() >= log.compact_at {
                compact(cx)?;
            }
        }
        value.overwrite(old);
        Ok(true)
    }
}

/// Is nothing left to be put into the place: it holds the value, or a number that has been rewritten?
///
/// # Safety
/// A place of a live instance that holds an object.
#[inline(always)]
pub(crate) unsafe fn rewrites<T: IntoPy>(cx: Cx, place: Place, value: &T) -> R<bool> {
    // SAFETY: By the caller.
    unsafe { Ok((T::OVERWRITES && overwrite(cx, place, value)?) || value.stands_in(*place)) }
}

/// Stores the value in the place.
///
/// # Safety
/// As for [`rewrites`].
#[inline(always)]
pub(crate) unsafe fn store<T: IntoPy>(cx: Cx, place: Place, value: T) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        if rewrites(cx, place, &value)? {
            return Ok(());
        }
        replace(cx, place, value.into_py(cx)?)
    }
}

/// Puts another object into the place, whose reference is taken.
///
/// # Safety
/// A place of a live instance that holds an object.
#[inline]
pub(crate) unsafe fn replace(cx: Cx, place: Place, value: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        let log = &mut cx.txn().attributes;
        if known::is(place, false) {
            let old = core::mem::replace(&mut *place, value);
            return release(cx, old);
        }
        if let Err(stop) = log.push(Entry::Set(place, *place)) {
            Py_DECREF(value);
            return Err(stop);
        }
        *place = value;
        known::note(place, false);
        if log.entries.len() >= log.compact_at { compact(cx) } else { Ok(()) }
    }
}

/// Puts an object into an empty place, whose reference is taken; `values` where their order was noted. Nothing is
/// logged of instances that were made in this transaction.
///
/// # Safety
/// An empty place of a live instance.
pub(crate) unsafe fn fill(cx: Cx, place: Place, values: Option<Place>, value: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        let Some(values) = values else {
            *place = value;
            return Ok(());
        };
        *place = value;
        filled(cx, place, values)
    }
}

/// Leaves a place empty; with the values among which it is, and the number under which it was filled there. `logged`: the
/// instance was not made in this transaction.
///
/// # Safety
/// A place of a live instance that holds an object.
pub(crate) unsafe fn empty(cx: Cx, place: Place, order: Option<(Place, usize)>, logged: bool) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        if !logged {
            if let Some((values, at)) = order {
                leave_order(values, at);
            }
            return release(cx, core::mem::replace(&mut *place, ptr::null_mut()));
        }
        let log = &mut cx.txn().attributes;
        if log.entries.len() + 2 >= log.compact_at {
            // Which comes first would have to be known.
            return bail(Bail::Limit);
        }
        if !log.entries.reserve_total(log.entries.len() + 2) {
            return bail(Bail::Memory);
        }
        log.left = true;
        if let Some((values, at)) = order {
            log.push(Entry::Left(place, values, at))?;
            leave_order(values, at);
        }
        let known = known::is(place, false);
        let old = core::mem::replace(&mut *place, ptr::null_mut());
        if known {
            return release(cx, old);
        }
        known::note(place, false);
        // There is room.
        log.push(Entry::Set(place, old))
    }
}

/// Logs that an empty place has been filled.
///
/// # Safety
/// A place of a live instance, whose last attribute this is.
pub(crate) unsafe fn filled(cx: Cx, place: Place, values: Place) -> R<()> {
    // SAFETY: By the caller.
    unsafe {
        let log = &mut cx.txn().attributes;
        if let Err(stop) = log.push(Entry::Filled(place, values)) {
            if !values.is_null() {
                forget_order(values);
            }
            Py_DECREF(core::mem::replace(&mut *place, ptr::null_mut()));
            return Err(stop);
        }
        // What stands there now is nobody's original.
        known::note(place, false);
        if log.entries.len() >= log.compact_at { compact(cx) } else { Ok(()) }
    }
}

/// Keeps of each place only what stood there first.
#[cold]
#[inline(never)]
unsafe fn compact(cx: Cx) -> R<()> {
    // SAFETY: The log owns its objects; what stood in a place later nobody wants back.
    unsafe {
        let log = &mut cx.txn().attributes;
        if log.left {
            return bail(Bail::Limit);
        }
        let mut known = PtrMap::new();
        let mut later: Buf<*mut PyObject> = Buf::new();
        if !later.reserve_total(log.entries.len()) {
            return bail(Bail::Memory);
        }
        let (mut kept, mut full) = (0, false);
        for at in 0..log.entries.len() {
            let entry = log.entries[at];
            let (place, bits) = match entry {
                Entry::Set(place, _) | Entry::Filled(place, _) => (place, false),
                Entry::Bits(place, ..) => (place, true),
                Entry::Left(..) | Entry::Drop(_) => continue,
            };
            // 0: the pointer is logged; 1: only bits are.
            let (own, only) = (place.cast::<PyObject>(), place.cast::<u8>().add(1).cast::<PyObject>());
            let keep = full || (known.get(own).is_none() && !(bits && known.get(only).is_some()));
            if !keep {
                if let Entry::Set(_, object) = entry {
                    // There is room.
                    let _ = later.push(object);
                }
                continue;
            }
            full = full || !known.insert(if bits { only } else { own }, 0);
            log.entries[kept] = entry;
            kept += 1;
        }
        log.entries.truncate(kept);
        log.compact_at = (2 * kept).max(LONG);
        release_all(cx, later.iter().copied())?;
        if full || kept > LONGEST { bail(Bail::Limit) } else { Ok(()) }
    }
}
