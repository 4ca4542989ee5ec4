//! The first stores of a transaction into slots of lists: most calls that write to lists do nothing else.
//!
//! They are kept one after the other, whatever the list, without a state for each. What changes the length of a list makes
//! states of them first ([`super::journal`]), and so do more than a few where most of them are to one list.

use core::mem::replace;
use core::ptr;

use pyo3_ffi::{Py_DECREF, PyObject};

use crate::boundary::dropped;
use crate::boundary::journal::{Slot, release, slot, state_of};
use crate::boundary::layout;
use crate::buf::Buf;
use crate::stop::R;
use crate::txn::Cx;

/// Of so many it is asked whether they are to several lists, and again whenever there are twice as many.
const FEW: usize = 8;

/// More of them make states.
const MOST: usize = 1 << 16;

/// Memory for so many is kept for the next transaction.
const KEPT: usize = 1 << 12;

#[derive(Clone, Copy)]
pub(crate) struct Store {
    list: *mut PyObject,
    index: usize,
    /// What stood there, the reference moved here; null where a number was rewritten, …
    old: *mut PyObject,
    /// … which had these bits.
    bits: u64,
}

pub(crate) struct Stores(Buf<Store>);

impl Stores {
    pub(crate) const fn new() -> Stores {
        Stores(Buf::new())
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is there room for another one?
    #[inline(always)]
    fn has_room(&mut self) -> bool {
        self.0.len() < self.0.capacity() || self.may_grow()
    }

    /// Room is made as long as what came last went to several lists.
    #[cold]
    #[inline(never)]
    extern "C" fn may_grow(&mut self) -> bool {
        let len = self.0.len();
        let latest = &self.0[len / 2..];
        let others = latest.windows(2).filter(|two| !ptr::eq(two[0].list, two[1].list)).count();
        let several = len < FEW || others >= latest.len() / 2;
        several && len < MOST && self.0.reserve_total((2 * len).max(FEW))
    }

    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[Store] {
        &self.0
    }

    /// Logs a store; there is room.
    #[inline(always)]
    fn push(&mut self, store: Store) {
        debug_assert!(self.0.len() < self.0.capacity());
        // SAFETY: By the caller.
        unsafe {
            self.0.as_mut_ptr().add(self.0.len()).write(store);
            self.0.set_len(self.0.len() + 1);
        }
    }

    /// The first ones have states now.
    fn forget_first(&mut self, count: usize) {
        let len = self.0.len();
        self.0.copy_within(count..len, 0);
        self.0.truncate(len - count);
    }

    /// Puts everything back, last one first. What stood there meanwhile goes to the arena.
    ///
    /// # Safety
    /// The lists are alive, and have not changed their length since.
    pub(crate) unsafe fn undo(&mut self, arena: &mut Buf<*mut PyObject>) {
        for store in self.as_slice().iter().rev() {
            // SAFETY: By the caller.
            unsafe {
                let slot = layout::list_items(store.list).add(store.index);
                if store.old.is_null() {
                    layout::set_bits(*slot, store.bits);
                } else {
                    // Without memory the reference leaks, which is the lesser evil.
                    let _ = arena.push(replace(&mut *slot, store.old));
                }
            }
        }
        self.0.clear();
    }

    /// What there is, for the end of the transaction.
    #[inline]
    pub(crate) fn take(&mut self) -> Stores {
        core::mem::replace(self, Stores::new())
    }

    /// Keeps the memory for the next transaction.
    pub(crate) fn keep(&mut self, stores: Stores) {
        if self.0.capacity() == 0 && stores.0.capacity() <= KEPT {
            self.0 = stores.0;
        }
    }

    /// Shows each reference that ends with the commit.
    #[inline(always)]
    pub(crate) fn each_dropped(&self, mut see: impl FnMut(*mut PyObject) -> R<()>) -> R<()> {
        self.as_slice().iter().filter(|store| !store.old.is_null()).try_for_each(|store| see(store.old))
    }

    /// Nothing is held any more.
    #[inline(always)]
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// Drops these references.
    ///
    /// # Safety
    /// Everything is committed, and none of them is the last one to what runs code when it dies, or the transaction is closed.
    #[inline(always)]
    pub(crate) unsafe fn drop_here(&mut self) {
        while let Some(store) = self.0.pop() {
            if !store.old.is_null() {
                // SAFETY: The reference is ours.
                unsafe { Py_DECREF(store.old) };
            }
        }
    }

    /// Drops references that run nothing when they go; false if there is another one, or much memory.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_quiet(&mut self) -> bool {
        if self.0.capacity() > KEPT {
            return false;
        }
        while let Some(&store) = self.0.last() {
            // SAFETY: The reference is ours.
            unsafe {
                if !store.old.is_null() {
                    if !dropped::lives_or_is_plain(store.old) {
                        return false;
                    }
                    Py_DECREF(store.old);
                }
            }
            self.0.pop();
        }
        true
    }
}

/// May a store into the list be noted without a state?
#[inline(always)]
unsafe fn notes_stores(cx: Cx, list: *mut PyObject) -> bool {
    // SAFETY: A short borrow; an exact list, by the caller. One that CPython is sorting only looks empty.
    unsafe {
        let txn = cx.txn();
        txn.lists.last.is_null()
            && txn.lists.stores.has_room()
            && !txn.checked
            && layout::list_allocated(list) >= 0
    }
}

/// Stores a strong reference, which is given away, into slot `index < len`.
#[inline(always)]
pub(crate) unsafe fn store(cx: Cx, list: *mut PyObject, index: usize, item: *mut PyObject) -> R<()> {
    // SAFETY: By the caller: an exact list.
    unsafe {
        let place = layout::list_items(list).add(index);
        // What stands there already is not written: `node[0] = insert(node[0], key)`.
        if *place == item {
            Py_DECREF(item);
            return Ok(());
        }
        if notes_stores(cx, list) {
            cx.txn().lists.stores.push(Store { list, index, old: *place, bits: 0 });
            *place = item;
            return Ok(());
        }
        store_in_state(cx, list, index, item)
    }
}

#[inline(never)]
unsafe extern "C" fn store_in_state(cx: Cx, list: *mut PyObject, index: usize, item: *mut PyObject) -> R<()> {
    // SAFETY: As for `store`.
    unsafe {
        let place = layout::list_items(list).add(index);
        let logged = match slot(cx, list, index) {
            Ok(Slot::Free) => return release(cx, replace(&mut *place, item)),
            Ok(Slot::Logged(state)) => state.log_set(index, *place),
            Err(stop) => Err(stop),
        };
        match logged {
            Ok(()) => *place = item,
            Err(_) => Py_DECREF(item),
        }
        logged
    }
}

/// Before the number in slot `index < len`, which only the list refers to, is rewritten: notes its bits. False where that
/// needs a state.
#[inline(always)]
pub(crate) unsafe fn store_bits(cx: Cx, list: *mut PyObject, index: usize, bits: u64) -> bool {
    // SAFETY: By the caller: an exact list.
    unsafe {
        let notes = notes_stores(cx, list);
        if notes {
            cx.txn().lists.stores.push(Store { list, index, old: ptr::null_mut(), bits });
        }
        notes
    }
}

/// Makes states of the stores that have none.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn make_states(cx: Cx) -> R<()> {
    // SAFETY: Short borrows. No list has changed its length since, and none has a state yet of its own making.
    unsafe {
        let (mut made, mut result) = (0, Ok(()));
        while let Some(&store) = cx.txn().lists.stores.as_slice().get(made) {
            let logged = state_of(cx, store.list).and_then(|index| {
                let state = &mut cx.txn().lists.states[index as usize];
                match store.old.is_null() {
                    true => state.log_bits(store.index, store.bits),
                    false => state.log_set(store.index, store.old),
                }
            });
            if logged.is_err() {
                result = logged;
                break;
            }
            made += 1;
        }
        cx.txn().lists.stores.forget_first(made);
        result
    }
}
