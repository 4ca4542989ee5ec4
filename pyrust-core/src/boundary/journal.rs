//! In place and log: how writes to lists that existed before the transaction are undone.
//!
//! A list starts in *log* mode.  Its original slots below the low-water mark are where they were; whatever
//! displaced one of them (a store) or removed the topmost of them (a pop) left an entry, so the cost of a write
//! does not depend on the length, and undo walks the entries backwards.  A number that only the list refers to
//! is rewritten in place, its old bits logged (replay rule 7).
//!
//! What is taken out or put in elsewhere (`pop(0)`, `insert`, a slice) is logged as well, with the references that fell
//! out: undo moves the rest back.  The low-water mark moves along.
//!
//! After many stores, and before any other change of shape, the list goes over to *snapshot* mode: a private
//! copy of the original pointer array, holding a reference to each element.  From then on nothing is logged;
//! undo puts that very array in place, which needs no memory and cannot fail (rules 8 and 35).
//!
//! Lists made inside the transaction are not journalled at all.

use core::ptr;

use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_REFCNT, PyMem_Free, PyMem_Malloc, PyMem_Realloc, PyObject};

use crate::boundary::dropped;
use crate::boundary::layout;
use crate::boundary::made::{self, Made};
use crate::boundary::ptrmap::PtrMap;
use crate::boundary::stores::{self, Stores};
use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::txn::{self, Cx};

/// Stores that are logged even in the shortest list; one pass over a list is logged in any case, since undoing
/// a rewritten number is cheaper than making another.
const FEW: usize = 64;

/// So many lists are looked for one by one: most calls write to fewer.
const SCANNED: usize = 4;

/// Fewer items are seldom written to more than once or twice.
const SHORT: usize = 8;

/// The marker of lists made inside the transaction.
const FRESH: u32 = u32::MAX;

/// Lists of which the state is found at once: one for each part of the address.
const NEAR: usize = 512;

#[derive(Clone, Copy)]
enum Entry {
    /// The slot held this object; the reference moved here.
    Set(usize, *mut PyObject),
    /// The slot at the low-water mark held this object; the reference moved here.
    Pop(*mut PyObject),
    /// The number in the slot had these bits.
    Bits(usize, u64),
    /// An object that fell out; the reference moved here.  As many as were removed stand before each splice.
    Gone(*mut PyObject),
    /// At this place so many objects were removed, and so many put in.
    Splice(usize, u32, u32),
    /// Undone.
    Nothing,
}

/// One list that existed before the transaction and was written to.
pub(crate) struct ListState {
    list: *mut PyObject,
    /// Length before the transaction.
    before: usize,
    /// Original slots below it have not been popped.
    mark: usize,
    log: Buf<Entry>,
    /// The log has splices; numbers are not rewritten from then on, so that their positions stay what they are.
    spliced: bool,
    /// The log has bits of numbers.
    has_bits: bool,
    /// In snapshot mode.
    snapshot: Option<Box<Snapshot>>,
    /// In checked mode: every original pointer, and the bits of numbers.
    shadow: Option<Box<Shadow>>,
}

type Shadow = Buf<(*mut PyObject, u64)>;

/// What a list was.
struct Snapshot {
    /// The original pointers.  After undo: what replaced them.
    items: *mut *mut PyObject,
    len: usize,
    /// Numbers that had been rewritten before, with their old bits, last write first.
    number_bits: Buf<(*mut PyObject, u64)>,
}

pub(crate) struct Lists {
    /// Of all but the first [`SCANNED`].
    map: PtrMap,
    pub(crate) states: Buf<ListState>,
    /// The list that was written to last; null while there are no states.
    pub(super) last: *mut PyObject,
    last_index: u32,
    /// Lists that were asked for, where they are in `states`, and in which transaction.
    near: [(*mut PyObject, u64, u32); NEAR],
    /// Before there are states.
    pub(crate) stores: Stores,
    pub(crate) made: Made,
    /// Of an earlier transaction, empty: most calls that write to a list write to one, a few times.
    spare: Buf<Entry>,
}

/// How a store into a slot is to be done.
pub(crate) enum Slot<'a> {
    /// The object in the slot is nobody's original.
    Free,
    /// The object in the slot goes to the log.
    Logged(&'a mut ListState),
}

impl Lists {
    pub(crate) const fn new() -> Lists {
        Lists {
            map: PtrMap::new(),
            states: Buf::new(),
            last: ptr::null_mut(),
            last_index: FRESH,
            near: [(ptr::null_mut(), 0, FRESH); NEAR],
            stores: Stores::new(),
            made: Made::new(),
            spare: Buf::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() & self.last.is_null() & self.stores.is_empty()
    }

    /// Is nothing held but stores without states?
    #[inline(always)]
    pub(crate) fn has_stores_only(&self) -> bool {
        self.states.is_empty() & self.last.is_null()
    }

    /// What these have replaced has been dropped.
    #[inline(always)]
    pub(crate) fn forget_stores(&mut self) {
        self.stores.forget();
    }

    /// How many entries the logs have.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.stores.as_slice().len() + self.states.iter().map(|state| state.log.len()).sum::<usize>()
    }

    /// Shows each reference that ends with the commit.
    #[inline(always)]
    pub(crate) fn each_dropped(&self, mut see: impl FnMut(*mut PyObject) -> R<()>) -> R<()> {
        self.stores.each_dropped(&mut see)?;
        // SAFETY: The log and the snapshot own these references.
        self.states.iter().try_for_each(|state| unsafe { state.each_dropped(&mut see) })
    }

    /// Puts back what was stored before there were states: the last thing to be undone, if there are any by now.
    ///
    /// # Safety
    /// The transaction is open.
    pub(crate) unsafe fn undo_stores(&mut self, arena: &mut Buf<*mut PyObject>) {
        // SAFETY: By the caller; what changes lengths makes states of all stores.
        unsafe { self.stores.undo(arena) };
    }

    /// Can [`Lists::drop_short`] drop all of it, if nothing runs code then?
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        let is_short = |state: &ListState| state.snapshot.is_none() && state.log.capacity() <= txn::MODERATE;
        self.states.len() <= SCANNED && self.states.iter().all(is_short)
    }

    /// Takes everything out; the table is empty afterwards.
    pub(crate) fn take(&mut self) -> Buf<ListState> {
        self.map.clear();
        self.last = ptr::null_mut();
        core::mem::take(&mut self.states)
    }

    /// Drops references that run nothing when they go, the memory stays; false if there is another one, or too much.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_here(&mut self) -> bool {
        // SAFETY: By the caller.
        if self.states.len() > SCANNED || !unsafe { self.stores.drop_quiet() } {
            return false;
        }
        while let Some(state) = self.states.last_mut() {
            if state.snapshot.is_some() || state.log.capacity() > txn::MODERATE {
                return false;
            }
            while let Some(&entry) = state.log.last() {
                // SAFETY: The log owns its objects.
                unsafe {
                    if let Entry::Set(_, object) | Entry::Pop(object) | Entry::Gone(object) = entry {
                        if !dropped::lives_or_is_plain(object) {
                            return false;
                        }
                        state.log.pop();
                        Py_DECREF(object);
                    } else {
                        state.log.pop();
                    }
                }
            }
            let log = core::mem::take(&mut state.log);
            self.states.pop();
            self.keep(Spare(log));
        }
        self.map.clear();
        self.last = ptr::null_mut();
        true
    }

    /// The same of all, once [`Lists::is_short`] has looked at them; the memory stays.
    ///
    /// # Safety
    /// Everything is committed.
    #[inline]
    pub(crate) unsafe fn drop_short(&mut self) {
        // SAFETY: By the caller.
        unsafe { self.stores.drop_here() };
        if self.last.is_null() {
            return;
        }
        while let Some(state) = self.states.last_mut() {
            for entry in state.log.iter() {
                if let Entry::Set(_, object) | Entry::Pop(object) | Entry::Gone(object) = *entry {
                    // SAFETY: The log owns its objects.
                    unsafe { Py_DECREF(object) };
                }
            }
            let log = core::mem::take(&mut state.log);
            self.states.pop();
            self.keep(Spare(log));
        }
        self.map.clear();
        self.last = ptr::null_mut();
    }

    /// Keeps the memory of a log for the next transaction.
    pub(crate) fn keep(&mut self, mut log: Spare) {
        if log.0.capacity() <= txn::MODERATE && self.spare.capacity() == 0 {
            log.0.clear();
            self.spare = log.0;
        }
    }
}

/// The memory of a log.
pub(crate) struct Spare(Buf<Entry>);

/// A list made inside the transaction.
///
/// # Safety
/// `list` is an exact list, held by the arena.
pub(crate) unsafe fn register_fresh(cx: Cx, list: *mut PyObject) -> R<()> {
    // SAFETY: A short borrow.
    let lists = unsafe { &mut cx.txn().lists };
    // SAFETY: By the caller.
    unsafe { lists.made.register(list)? };
    lists.last = list;
    lists.last_index = FRESH;
    Ok(())
}

/// The state of a list that is about to be written to; `None` for a fresh one.
#[inline(always)]
unsafe fn state<'a>(cx: Cx, list: *mut PyObject) -> R<Option<&'a mut ListState>> {
    // SAFETY: A short borrow; the result is used before the next call.
    unsafe {
        let lists = &mut cx.txn().lists;
        let index = if ptr::eq(lists.last, list) { lists.last_index } else { find_state(cx, list)? };
        if index == FRESH { Ok(None) } else { Ok(Some(&mut *lists.states.as_mut_ptr().add(index as usize))) }
    }
}

/// Where a list is looked for among those nearby.
#[inline(always)]
fn near_at(list: *mut PyObject) -> usize {
    (list as usize >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 & (NEAR - 1)
}

#[inline(never)]
unsafe extern "C" fn find_state(cx: Cx, list: *mut PyObject) -> R<u32> {
    // SAFETY: By the caller; short borrows.
    unsafe {
        let (number, lists) = (cx.number(), &mut cx.txn().lists);
        if made::is_made(list) {
            (lists.last, lists.last_index) = (list, FRESH);
            return Ok(FRESH);
        }
        let (known, of, index) = lists.near[near_at(list)];
        if ptr::eq(known, list) && of == number {
            lists.last = list;
            lists.last_index = index;
            return Ok(index);
        }
        find_state_first(cx, list)
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn find_state_first(cx: Cx, list: *mut PyObject) -> R<u32> {
    // SAFETY: By the caller; short borrows.
    unsafe {
        if !cx.txn().lists.stores.is_empty() {
            stores::make_states(cx)?;
        }
        let index = state_of(cx, list)?;
        let number = cx.number();
        cx.txn().lists.near[near_at(list)] = (list, number, index);
        Ok(index)
    }
}

/// The state of a list, made if there is none.
pub(super) unsafe fn state_of(cx: Cx, list: *mut PyObject) -> R<u32> {
    // SAFETY: A short borrow; `list` is an exact list, by the caller.
    unsafe {
        let txn = cx.txn();
        let lists = &mut txn.lists;
        let scanned = lists.states.iter().take(SCANNED).position(|state| ptr::eq(state.list, list));
        let index = match scanned.map(|index| index as u32).or_else(|| lists.map.get(list)) {
            Some(index) => index,
            None => {
                // CPython is sorting it: it only looks empty.
                if layout::list_allocated(list) < 0 {
                    return bail(Bail::Unsupported);
                }
                let before = layout::var_size(list);
                let log = core::mem::take(&mut lists.spare);
                let index = lists.states.len() as u32;
                let room = lists.states.push_with(|| ListState {
                    list,
                    before,
                    mark: before,
                    log,
                    spliced: false,
                    has_bits: false,
                    snapshot: None,
                    shadow: None,
                });
                let (true, Some(state)) = (room, lists.states.last_mut()) else {
                    return bail(Bail::Memory);
                };
                if txn.checked {
                    let mut shadow = Buf::new();
                    for i in 0..before {
                        let item = *layout::list_items(list).add(i);
                        let _ = shadow.push((item, layout::bits_of(item)));
                    }
                    state.shadow = Some(Box::new(shadow));
                }
                if index as usize >= SCANNED && !lists.map.insert(list, index) {
                    lists.states.pop();
                    return bail(Bail::Memory);
                }
                index
            }
        };
        lists.last = list;
        lists.last_index = index;
        Ok(index)
    }
}

/// Before a store into slot `index < len`.
#[inline(always)]
pub(crate) unsafe fn slot<'a>(cx: Cx, list: *mut PyObject, index: usize) -> R<Slot<'a>> {
    // SAFETY: By the caller: an exact list.
    unsafe {
        match state(cx, list)? {
            Some(state) if state.snapshot.is_none() && index < state.mark => {
                if state.log.len() >= state.limit() {
                    state.go_over(cx)?;
                    return Ok(Slot::Free);
                }
                Ok(Slot::Logged(state))
            }
            _ => Ok(Slot::Free),
        }
    }
}

/// Before an append: the state has to know the length there was.
#[inline(always)]
pub(crate) unsafe fn append(cx: Cx, list: *mut PyObject) -> R<()> {
    // SAFETY: By the caller: an exact list.
    unsafe { state(cx, list).map(drop) }
}

/// Removes the last item of a list that is not empty; the item stays alive.
#[inline]
pub(crate) unsafe fn pop(cx: Cx, list: *mut PyObject) -> R<Popped> {
    // SAFETY: By the caller: an exact list that is not empty.
    unsafe {
        let last = layout::var_size(list) - 1;
        let item = *layout::list_items(list).add(last);
        match state(cx, list)? {
            Some(state) if state.snapshot.is_none() && last < state.mark => {
                state.log(Entry::Pop(item))?;
                state.mark = last;
                layout::set_list_size(list, last);
                Ok(Popped { item, owned: false })
            }
            _ => {
                layout::set_list_size(list, last);
                Ok(Popped { item, owned: true })
            }
        }
    }
}

/// An item taken out; if `owned`, the caller has to release it.
pub(crate) struct Popped {
    pub(crate) item: *mut PyObject,
    pub(crate) owned: bool,
}

/// Before `removed` items at `at` are replaced by `added` others: the list has room for them, and nothing can fail from
/// here on.  True if the log has taken over what falls out; else that is to be released with [`release`].
#[inline]
pub(crate) unsafe fn splice(cx: Cx, list: *mut PyObject, at: usize, removed: usize, added: usize) -> R<bool> {
    // SAFETY: By the caller: an exact list, `at + removed <= size`.
    unsafe {
        cx.point()?;
        match state(cx, list)? {
            Some(state) if state.snapshot.is_none() && at < state.mark => {
                let entries = state.log.len().saturating_add(removed).saturating_add(1);
                let (Ok(less), Ok(more)) = (u32::try_from(removed), u32::try_from(added)) else {
                    return state.go_over(cx).map(|()| false);
                };
                if at + removed > state.mark || state.has_bits || entries > state.limit() {
                    return state.go_over(cx).map(|()| false);
                }
                if state.log.capacity() < entries && !state.log.reserve_total(entries.max(16)) {
                    return bail(Bail::Memory);
                }
                for index in at..at + removed {
                    let _ = state.log.push(Entry::Gone(*layout::list_items(list).add(index)));
                }
                let _ = state.log.push(Entry::Splice(at, less, more));
                state.mark = state.mark - removed + added;
                state.spliced = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Before any other change of shape: afterwards the pointers may be moved freely, and what falls out is
/// released with [`release`].
pub(crate) unsafe fn reshape(cx: Cx, list: *mut PyObject) -> R<()> {
    // SAFETY: By the caller: an exact list.
    unsafe {
        cx.point()?;
        match state(cx, list)? {
            Some(state) if state.snapshot.is_none() => state.go_over(cx),
            _ => Ok(()),
        }
    }
}

/// Drops a reference that the caller owns.  An object that native code could still look at stays alive until
/// the transaction has closed.
#[inline]
pub(crate) unsafe fn release(cx: Cx, item: *mut PyObject) -> R<()> {
    // SAFETY: By the caller: a strong reference.
    unsafe {
        let scalar = layout::is_int(item) || layout::is_float(item) || layout::is_str(item);
        if Py_REFCNT(item) > 1 || (scalar && !cx.txn().objects_seen) {
            Py_DECREF(item);
            Ok(())
        } else {
            cx.adopt(item)?;
            dropped::check_last(item)
        }
    }
}

/// [`release`] of many: all of them go, whatever one of them says.
pub(crate) unsafe fn release_all(cx: Cx, items: impl Iterator<Item = *mut PyObject>) -> R<()> {
    let mut result = Ok(());
    for item in items {
        // SAFETY: By the caller: strong references.
        let released = unsafe { release(cx, item) };
        result = result.and(released);
    }
    result
}

/// Room for `want` items, growing as CPython grows.
#[inline]
pub(crate) unsafe fn reserve(list: *mut PyObject, want: usize) -> R<()> {
    // SAFETY: By the caller: an exact list.
    unsafe { if want as isize <= layout::list_allocated(list) { Ok(()) } else { grow(list, want) } }
}

/// CPython's `list_resize`, growing part.
#[cold]
#[inline(never)]
unsafe extern "C" fn grow(list: *mut PyObject, want: usize) -> R<()> {
    let Some(room) = want.checked_add((want >> 3) + 6).map(|room| room & !3) else {
        return bail(Bail::Memory);
    };
    // SAFETY: By the caller: an exact list, whose array is what `PyMem_Realloc` takes.
    unsafe {
        let size = layout::var_size(list);
        let room = if want.saturating_sub(size) > room - want { (want + 3) & !3 } else { room };
        if room > isize::MAX as usize / size_of::<*mut PyObject>() {
            return bail(Bail::Memory);
        }
        let bytes = room * size_of::<*mut PyObject>();
        let items = PyMem_Realloc(layout::list_items(list).cast(), bytes);
        if items.is_null() {
            return bail(Bail::Memory);
        }
        layout::set_list_items(list, items.cast(), room as isize);
    }
    Ok(())
}

/// Gives back room that CPython would have given back: for a list that has become shorter.
///
/// # Safety
/// A live list, for C.
#[inline]
pub(crate) unsafe fn shrink(list: *mut PyObject) {
    // SAFETY: By the caller; its array is what `PyMem_Realloc` and `PyMem_Free` take.
    unsafe {
        let size = layout::var_size(list);
        let allocated = layout::list_allocated(list);
        if size as isize >= allocated >> 1 {
            return;
        }
        let items = layout::list_items(list);
        if size == 0 {
            PyMem_Free(items.cast());
            layout::set_list_items(list, ptr::null_mut(), 0);
            return;
        }
        let room = (size + (size >> 3) + 6) & !3;
        let items = PyMem_Realloc(items.cast(), room * size_of::<*mut PyObject>());
        if !items.is_null() {
            layout::set_list_items(list, items.cast(), room as isize);
        }
    }
}

impl ListState {
    /// So many entries are logged.
    fn limit(&self) -> usize {
        FEW + self.before + self.before / 4
    }

    /// May a number be rewritten in its slot?
    #[inline(always)]
    pub(crate) fn takes_bits(&self) -> bool {
        !self.spliced
    }

    /// Logs the object in the slot, whose reference the caller takes over.
    #[inline(always)]
    pub(crate) fn log_set(&mut self, index: usize, old: *mut PyObject) -> R<()> {
        self.log(Entry::Set(index, old))
    }

    #[inline(always)]
    fn log(&mut self, entry: Entry) -> R<()> {
        let first = if self.before < SHORT { 2 } else { 16 };
        if self.log.capacity() == 0 && !self.log.reserve_total(first) {
            return bail(Bail::Memory);
        }
        match self.log.push(entry) {
            Ok(()) => Ok(()),
            Err(_) => bail(Bail::Memory),
        }
    }

    /// Logs the bits of the number in the slot.
    #[inline(always)]
    pub(crate) fn log_bits(&mut self, index: usize, bits: u64) -> R<()> {
        self.has_bits = true;
        self.log(Entry::Bits(index, bits))
    }

    /// From log mode to snapshot mode.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn go_over(&mut self, cx: Cx) -> R<()> {
        // SAFETY: The list is exact; indices in the log are below the mark of their time, which is below
        // `before`; the log owns its objects.
        unsafe {
            let mut number_bits: Buf<(*mut PyObject, u64)> = Buf::new();
            if !number_bits.reserve_total(self.log.len()) {
                return bail(Bail::Memory);
            }
            // Room for every length that the log goes through.
            let room = match self.spliced {
                true => self.before.max(layout::list_allocated(self.list).max(0) as usize),
                false => self.before,
            };
            let array: *mut *mut PyObject = match room {
                0 => ptr::null_mut(),
                _ => PyMem_Malloc(room * size_of::<*mut PyObject>()).cast(),
            };
            if room != 0 && array.is_null() {
                return bail(Bail::Memory);
            }
            ptr::copy_nonoverlapping(layout::list_items(self.list), array, self.mark);
            let mut mark = self.mark;
            let mut slots: Buf<usize> = Buf::new();
            if !slots.reserve_total(self.log.len()) {
                PyMem_Free(array.cast());
                return bail(Bail::Memory);
            }
            for (i, entry) in self.log.iter().enumerate().rev() {
                match *entry {
                    Entry::Gone(_) => {}
                    Entry::Splice(at, removed, added) => {
                        let (removed, added) = (removed as usize, added as usize);
                        ptr::copy(array.add(at + added), array.add(at + removed), mark - at - added);
                        for k in 0..removed {
                            if let Entry::Gone(old) = self.log[i - removed + k] {
                                *array.add(at + k) = old;
                            }
                        }
                        mark = mark - added + removed;
                    }
                    Entry::Set(index, old) => *array.add(index) = old,
                    Entry::Pop(old) => {
                        *array.add(mark) = old;
                        mark += 1;
                    }
                    Entry::Bits(index, bits) => {
                        let _ = number_bits.push((*array.add(index), bits));
                        let _ = slots.push(index);
                    }
                    Entry::Nothing => {}
                }
            }
            // A number that was itself written by this transaction is not restored.
            let mut kept = 0;
            for i in 0..number_bits.len() {
                if ptr::eq(*array.add(slots[i]), number_bits[i].0) {
                    number_bits[kept] = number_bits[i];
                    kept += 1;
                }
            }
            number_bits.truncate(kept);
            for i in 0..self.before {
                Py_INCREF(*array.add(i));
            }
            self.snapshot = Some(Box::new(Snapshot { items: array, len: self.before, number_bits }));
            let log = core::mem::take(&mut self.log);
            release_all(
                cx,
                log.iter().filter_map(|entry| match *entry {
                    Entry::Set(_, old) | Entry::Pop(old) | Entry::Gone(old) => Some(old),
                    Entry::Bits(..) | Entry::Splice(..) | Entry::Nothing => None,
                }),
            )
        }
    }

    /// Puts the list back to what it was.  Allocates nothing that could fail, and drops no reference: what has
    /// to be dropped stays in `self`, for [`ListState::discard`].
    pub(crate) unsafe fn undo(&mut self, arena: &mut Buf<*mut PyObject>) {
        // SAFETY: The list is exact and alive; see `go_over` for the log.
        unsafe {
            let list = self.list;
            let items = layout::list_items(list);
            let size = layout::var_size(list);
            if let Some(snapshot) = &mut self.snapshot {
                layout::set_list_size(list, self.before);
                layout::set_list_items(list, snapshot.items, self.before as isize);
                (snapshot.items, snapshot.len) = (items, size);
                for &(number, bits) in snapshot.number_bits.iter() {
                    layout::set_bits(number, bits);
                }
                return;
            }
            for i in self.mark..size {
                // Without memory the reference leaks, which is the lesser evil.
                let _ = arena.push(*items.add(i));
            }
            for i in (0..self.log.len()).rev() {
                self.log[i] = match self.log[i] {
                    Entry::Set(index, old) => {
                        let replaced = *items.add(index);
                        *items.add(index) = old;
                        Entry::Set(index, replaced)
                    }
                    Entry::Pop(old) => {
                        *items.add(self.mark) = old;
                        self.mark += 1;
                        Entry::Nothing
                    }
                    Entry::Bits(index, bits) => {
                        layout::set_bits(*items.add(index), bits);
                        Entry::Nothing
                    }
                    Entry::Splice(at, removed, added) => {
                        let (removed, added) = (removed as usize, added as usize);
                        for k in at..at + added {
                            let _ = arena.push(*items.add(k));
                        }
                        // The array has not become shorter since.
                        ptr::copy(items.add(at + added), items.add(at + removed), self.mark - at - added);
                        for k in 0..removed {
                            if let Entry::Gone(old) = self.log[i - removed + k] {
                                *items.add(at + k) = old;
                            }
                        }
                        self.mark = self.mark - added + removed;
                        Entry::Nothing
                    }
                    // Put back by the splice behind it.
                    Entry::Gone(_) | Entry::Nothing => Entry::Nothing,
                }
            }
            layout::set_list_size(list, self.mark);
        }
    }

    /// After a commit: gives back room that CPython would have given back.
    pub(crate) unsafe fn shrink(&mut self) {
        // SAFETY: By the caller.
        unsafe { shrink(self.list) }
    }

    /// After undo, in checked mode: is every pointer and every number what it was?
    pub(crate) unsafe fn is_restored(&self) -> bool {
        // SAFETY: The list is exact and alive.
        unsafe {
            let Some(shadow) = &self.shadow else { return true };
            let items = layout::list_items(self.list);
            let is_there = |(i, &(item, bits)): (usize, &(*mut PyObject, u64))| {
                ptr::eq(*items.add(i), item) && layout::bits_of(item) == bits
            };
            layout::var_size(self.list) == shadow.len() && shadow.iter().enumerate().all(is_there)
        }
    }

    /// Shows each object that loses a reference when the state is discarded.
    pub(crate) unsafe fn each_dropped(&self, mut see: impl FnMut(*mut PyObject) -> R<()>) -> R<()> {
        // SAFETY: The log and the snapshot own these references.
        unsafe {
            for entry in self.log.iter() {
                if let Entry::Set(_, object) | Entry::Pop(object) | Entry::Gone(object) = *entry {
                    see(object)?;
                }
            }
            if let Some(snapshot) = &self.snapshot {
                for i in 0..snapshot.len {
                    see(*snapshot.items.add(i))?;
                }
            }
        }
        Ok(())
    }

    /// Drops what the state still owns.  The transaction is closed: finalisers may run.
    pub(crate) unsafe fn discard(&mut self) -> Spare {
        // SAFETY: The log and the snapshot own these references.
        unsafe {
            let log = core::mem::take(&mut self.log);
            for entry in log.iter() {
                if let Entry::Set(_, object) | Entry::Pop(object) | Entry::Gone(object) = *entry {
                    Py_DECREF(object);
                }
            }
            if let Some(snapshot) = self.snapshot.take() {
                for i in 0..snapshot.len {
                    Py_DECREF(*snapshot.items.add(i));
                }
                if !snapshot.items.is_null() {
                    PyMem_Free(snapshot.items.cast());
                }
            }
            Spare(log)
        }
    }
}
