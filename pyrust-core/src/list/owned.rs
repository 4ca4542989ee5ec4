//! Lists of Python's that a call works on as native ones: converted whole when the call begins, and written back when
//! it commits.
//!
//! A hotspot that writes to lists of numbers is compiled twice: once for lists in place, once for native ones.
//! [`Choice`] says which of the two a call runs. In place a call may take as many turns of its loops as converting would
//! cost; then it is undone and begun anew with native lists, and the next call begins with those. A call that does
//! less than converting costs sends the next one back. So neither choice costs more than about twice the better one.
//!
//! One handle per object, so that aliases stay aliases (replay rule 18); the compiler sees to it that nothing else in
//! the call could look at the lists. What did not change keeps its object (rule 17).

use core::any::TypeId;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use pyo3_ffi::PyObject;

use crate::boundary::ptrmap::PtrMap;
use crate::boundary::{journal, layout};
use crate::buf::Buf;
use crate::list::{List, ListLike, MakeList, PList};
use crate::py::{FromPy, IntoPy};
use crate::stop::{Bail, R, Stop, bail};
use crate::txn::Cx;

/// Elements that a list can be converted to and written back from.
pub trait Owned: FromPy + IntoPy + Clone {
    /// Does the value say all about the object? A NaN does not: which one it is can be seen.
    fn is_whole(&self) -> bool {
        true
    }

    /// Is `object` what the value would become?
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn is_object(&self, object: *mut PyObject) -> bool;
}

impl Owned for i64 {
    #[inline(always)]
    unsafe fn is_object(&self, object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { layout::is_int(object) && layout::int_value(object) == Some(*self) }
    }
}

impl Owned for f64 {
    #[inline(always)]
    fn is_whole(&self) -> bool {
        !self.is_nan()
    }

    #[inline(always)]
    unsafe fn is_object(&self, object: *mut PyObject) -> bool {
        // A NaN is never what came in. SAFETY: By the caller.
        unsafe {
            layout::is_float(object)
                && layout::float_value(object).to_bits() == self.to_bits()
                && self.is_whole()
        }
    }
}

impl Owned for bool {
    #[inline(always)]
    unsafe fn is_object(&self, object: *mut PyObject) -> bool {
        // SAFETY: By the caller; both are static.
        unsafe {
            let wanted = if *self { pyo3_ffi::Py_True() } else { pyo3_ffi::Py_False() };
            core::ptr::eq(object, wanted)
        }
    }
}

macro_rules! shapes {
    ($($count:literal: $($item:ident $index:tt),+;)+) => {$(
        impl<$($item: Owned),+> Owned for ($($item,)+) {
            #[inline(always)]
            fn is_whole(&self) -> bool {
                $(self.$index.is_whole())&&+
            }

            #[inline(always)]
            unsafe fn is_object(&self, object: *mut PyObject) -> bool {
                // SAFETY: By the caller; a tuple keeps its items alive.
                unsafe {
                    layout::is_tuple(object) && layout::var_size(object) == $count && {
                        let items = layout::tuple_items(object);
                        $(self.$index.is_object(*items.add($index)))&&+
                    }
                }
            }
        }
    )+};
}

every_tuple!(shapes);

impl<T: Owned> Owned for List<T> {
    #[inline(always)]
    unsafe fn is_object(&self, object: *mut PyObject) -> bool {
        core::ptr::eq(self.object(), object)
    }
}

impl<T: Owned> FromPy for List<T> {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: By the caller; short borrows of the transaction.
        unsafe {
            // CPython is sorting a list without room: it only looks empty.
            if !layout::is_list(object) || layout::list_allocated(object) < 0 {
                return bail(Bail::Type);
            }
            if let Some(known) = cx.txn().rare().owned.find(object) {
                return match known.kind == TypeId::of::<T>() {
                    true => Ok(List::from_raw(known.list)),
                    false => bail(Bail::Alias),
                };
            }
            let count = layout::var_size(object);
            let list: List<T> = List::make(cx, count)?;
            list.set_object(object);
            cx.txn().rare().owned.add(&list, object)?;
            for index in 0..count {
                let item = T::from_py(cx, *layout::list_items(object).add(index))?;
                if !item.is_whole() {
                    return bail(Bail::Nan);
                }
                list.push(cx, item)?;
            }
            Ok(list)
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { PList::<T>::matches(object) }
    }

    unsafe fn weight(object: *mut PyObject) -> usize {
        // SAFETY: By the caller. What stands first tells of the rest.
        unsafe {
            if !layout::is_list(object) {
                return 0;
            }
            match layout::var_size(object) {
                0 => 0,
                count => count.saturating_mul(T::weight(*layout::list_items(object)).max(1)),
            }
        }
    }
}

/// One list that was converted.
struct Entry {
    object: *mut PyObject,
    kind: TypeId,
    /// A handle of our own, given away.
    list: *mut (),
    write_back: unsafe fn(Cx, *mut (), *mut PyObject) -> R<()>,
    release: unsafe fn(*mut ()),
}

/// What [`Lists::find`] tells.
struct Known {
    kind: TypeId,
    list: *mut (),
}

/// The lists that a transaction has converted.
pub(crate) struct Lists {
    map: PtrMap,
    entries: Buf<Entry>,
    /// The call writes to none of them.
    only_read: bool,
}

impl Lists {
    pub(crate) const fn new() -> Lists {
        Lists { map: PtrMap::new(), entries: Buf::new(), only_read: false }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&self, object: *mut PyObject) -> Option<Known> {
        let entry = self.entries.get(self.map.get(object)? as usize)?;
        Some(Known { kind: entry.kind, list: entry.list })
    }

    fn add<T: Owned>(&mut self, list: &List<T>, object: *mut PyObject) -> R<()> {
        let at = self.entries.len() as u32;
        let entry = Entry {
            object,
            kind: TypeId::of::<T>(),
            list: list.clone().into_raw(),
            write_back: write_back::<T>,
            release: release::<T>,
        };
        match self.entries.push(entry) {
            Ok(()) if self.map.insert(object, at) => Ok(()),
            Ok(()) => bail(Bail::Memory),
            Err(entry) => {
                // SAFETY: The handle is ours.
                unsafe { (entry.release)(entry.list) };
                bail(Bail::Memory)
            }
        }
    }

    /// Takes everything out, to be dropped when the transaction has closed.
    pub(crate) fn take(&mut self) -> Lists {
        self.map.clear();
        self.only_read = false;
        Lists { map: PtrMap::new(), entries: core::mem::take(&mut self.entries), only_read: false }
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        while let Some(entry) = self.entries.pop() {
            // SAFETY: The handle is ours; native lists hold nothing whose end runs Python code.
            unsafe { (entry.release)(entry.list) };
        }
    }
}

unsafe fn release<T: Owned>(list: *mut ()) {
    // SAFETY: The handle that `add` gave away.
    drop(unsafe { List::<T>::take_raw(list) });
}

/// Stores what has changed, through the journal: whatever fails later undoes it.
unsafe fn write_back<T: Owned>(cx: Cx, list: *mut (), object: *mut PyObject) -> R<()> {
    // SAFETY: The entry holds the handle; the object is an exact list that is alive.
    unsafe {
        let list = List::<T>::from_raw(list);
        let live = PList::<T>::of_object(object);
        let count = list.count();
        for index in 0..count.min(live.count()) {
            let item = &list.items()[index];
            if !item.is_object(*layout::list_items(object).add(index)) {
                live.put(cx, index, item.clone())?;
            }
        }
        while live.count() > count {
            cx.point()?;
            let popped = journal::pop(cx, object)?;
            if popped.owned {
                journal::release(cx, popped.item)?;
            }
        }
        for index in live.count()..count {
            live.push(cx, list.items()[index].clone())?;
        }
        Ok(())
    }
}

/// First part of a commit, which may still bail.
///
/// # Safety
/// The transaction is open, and native code has ended.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows. Nothing is converted any more, so the entries stay where they are.
    unsafe {
        if cx.txn().rare().owned.only_read {
            return Ok(());
        }
        for at in 0..cx.txn().rare().owned.entries.len() {
            let entry = &cx.txn().rare().owned.entries[at];
            let (write_back, list, object) = (entry.write_back, entry.list, entry.object);
            write_back(cx, list, object)?;
        }
    }
    Ok(())
}

const UNDECIDED: u8 = 0;
const IN_PLACE: u8 = 1;
const OWNED: u8 = 2;
/// Lists that cannot be converted were met so often that nobody tries any more.
const NEVER: u8 = 8;

/// What one hotspot has learned of its calls.
pub struct Choice {
    state: AtomicU8,
    /// Calls whose lists could not be converted.
    refused: AtomicU8,
    /// Loops nest: worth it before anything is known, unless much would have to be converted.
    eager: bool,
}

/// Turns of loops that cost nothing, whatever there is to convert.
const FREE: usize = 64;
/// As many elements are converted for loops that nest before any call has told.
const SOME: usize = 4096;
/// So many calls may meet lists that cannot be converted.
const PATIENCE: u8 = 8;

impl Choice {
    pub const fn new(eager: bool) -> Choice {
        Choice { state: AtomicU8::new(UNDECIDED), refused: AtomicU8::new(0), eager }
    }

    /// Does this call begin with native lists? `weight` elements would have to be converted.
    pub fn owns(&'static self, cx: Cx, weight: usize) -> bool {
        let owns = match self.state.load(Relaxed) {
            UNDECIDED => self.eager && weight <= SOME,
            NEVER => return false,
            state => state == OWNED,
        };
        if weight == 0 {
            return owns;
        }
        cx.measure(self, if owns { weight / 2 } else { weight.saturating_mul(2).saturating_add(FREE) }, owns);
        owns
    }

    /// This call writes to no list of Python's, so there is nothing to look for when it ends.
    #[inline]
    pub fn only_reads(cx: Cx) {
        // SAFETY: A short borrow.
        let owned = &mut unsafe { cx.txn() }.rare().owned;
        // Where there are none, nobody takes them out at the end.
        owned.only_read = !owned.is_empty();
    }

    /// The lists could not be converted: in place it is, however long that takes.
    #[cold]
    pub fn refuse(&self, cx: Cx, stop: Stop) -> R<()> {
        if !matches!(stop.as_bail(), Some(Bail::Type | Bail::Nan | Bail::Overflow | Bail::Alias)) {
            return Err(stop);
        }
        cx.measure_nothing();
        // SAFETY: Native code has not begun; the handles are all in the table.
        drop(unsafe { cx.txn() }.rare().owned.take());
        let refused = self.refused.load(Relaxed).saturating_add(1);
        self.refused.store(refused, Relaxed);
        self.state.store(if refused < PATIENCE { IN_PLACE } else { NEVER }, Relaxed);
        Ok(())
    }

    /// A call with native lists has ended.
    #[inline]
    pub fn done(&self, cx: Cx) {
        if !cx.measured_enough() {
            self.state.store(IN_PLACE, Relaxed);
        }
    }

    /// A call in place has taken as many turns as converting would cost.
    pub(crate) fn convert(&self) {
        self.state.store(OWNED, Relaxed);
    }
}
