//! Deques of Python's: where their items are, and how writes to them wait for the commit.
//!
//! A deque that existed before the transaction is never touched while it is open. What changes at its ends stands beside
//! it: the value is `front`, then the stretch `lo..hi` of its items that is untouched, then `back`. So what a call costs
//! does not depend on the length, and the objects stay what they are. The commit takes the items off both ends that are not
//! in the stretch any more and puts the new ones there, the same operations in the same order; where only items were
//! exchanged, which iterators do not notice, it exchanges them.

use core::ptr::{self, NonNull};
use std::collections::VecDeque;

use pyo3_ffi::*;

use crate::boundary::collections;
use crate::boundary::deque_layout::{BLOCK, invoke, item, place, raw};
use crate::boundary::dropped;
use crate::boundary::journal;
use crate::boundary::registry::{OfObject, Registry};
use crate::buf::Buf;
use crate::builtins::c::undisturbed;
use crate::stop::{Bail, R, bail};
use crate::txn::{Cx, MODERATE, no_memory};

pub(crate) use crate::boundary::deque_layout::{Spot, first, is_deque, maxlen};

/// What a deque is instead of what its object says.
pub(crate) struct Written {
    object: *mut PyObject,
    maxlen: Option<usize>,
    /// Items that the object has.
    size: usize,
    /// Those of them that are untouched.
    lo: usize,
    hi: usize,
    /// Strong references.
    front: VecDeque<*mut PyObject>,
    back: VecDeque<*mut PyObject>,
    /// Changes of shape.
    changes: usize,
    /// What the commit has taken off.
    gone: Buf<*mut PyObject>,
}

impl Written {
    fn new() -> Written {
        Written {
            object: ptr::null_mut(),
            maxlen: None,
            size: 0,
            lo: 0,
            hi: 0,
            front: VecDeque::new(),
            back: VecDeque::new(),
            changes: 0,
            gone: Buf::new(),
        }
    }

    /// Drops what is left after the commit, as long as nothing of it runs code when it dies.
    unsafe fn drop_here(&mut self) -> bool {
        // SAFETY: These references are ours, and everything is committed.
        unsafe {
            while let Some(&object) = self.gone.last().or(self.front.back()).or(self.back.back()) {
                if !dropped::lives_or_is_plain(object) {
                    return false;
                }
                if self.gone.pop().is_none() && self.front.pop_back().is_none() {
                    self.back.pop_back();
                }
                Py_DECREF(object);
            }
            true
        }
    }

    #[cold]
    #[inline(never)]
    fn begin(object: *mut PyObject, spare: Option<Written>) -> R<Written> {
        // SAFETY: By the callers: an exact deque.
        let raw = unsafe { raw(object) };
        let size = raw.base.ob_size as usize;
        // SAFETY: As above.
        let most = unsafe { maxlen(object) };
        // What never holds anything: `append` moves its state, and `extend` does not.
        if most == Some(0) {
            return bail(Bail::Unsupported);
        }
        let mut written = spare.unwrap_or_else(Written::new);
        (written.object, written.maxlen) = (object, most);
        (written.size, written.lo, written.hi, written.changes) = (size, 0, size, 0);
        Ok(written)
    }

    fn count(&self) -> usize {
        self.front.len() + (self.hi - self.lo) + self.back.len()
    }

    /// Borrowed; `index` is inside.
    unsafe fn item(&self, index: usize, spot: &mut Spot) -> *mut PyObject {
        let (front, kept) = (self.front.len(), self.hi - self.lo);
        if index < front {
            return self.front[index];
        }
        if index < front + kept {
            // SAFETY: The object does not change.
            return unsafe { item(self.object, self.lo + index - front, spot) };
        }
        self.back[index - front - kept]
    }

    /// Takes over what stands between the item and the nearer end, so that it can be changed.
    unsafe fn own(&mut self, index: usize) -> R<()> {
        let (front, kept) = (self.front.len(), self.hi - self.lo);
        if index < front || index >= front + kept {
            return Ok(());
        }
        let at = self.lo + index - front;
        let mut spot = Spot::NONE;
        // SAFETY: The object does not change; what is taken over is another reference.
        unsafe {
            if at - self.lo <= self.hi - at {
                room(&mut self.front, at - self.lo + 1)?;
                for index in self.lo..=at {
                    let object = item(self.object, index, &mut spot);
                    Py_INCREF(object);
                    self.front.push_back(object);
                }
                self.lo = at + 1;
            } else {
                room(&mut self.back, self.hi - at)?;
                for index in (at..self.hi).rev() {
                    let object = item(self.object, index, &mut spot);
                    Py_INCREF(object);
                    self.back.push_front(object);
                }
                self.hi = at;
            }
        }
        Ok(())
    }

    /// Takes everything over into `front`.
    unsafe fn own_all(&mut self) -> R<()> {
        room(&mut self.front, self.hi - self.lo + self.back.len())?;
        let mut spot = Spot::NONE;
        for index in self.lo..self.hi {
            // SAFETY: The object does not change.
            unsafe {
                let object = item(self.object, index, &mut spot);
                Py_INCREF(object);
                self.front.push_back(object);
            }
        }
        (self.lo, self.hi) = (self.size, self.size);
        self.front.append(&mut self.back);
        Ok(())
    }

    /// The item that was first, and whether the reference is ours.
    unsafe fn pop_front(&mut self) -> Option<(*mut PyObject, bool)> {
        if let Some(object) = self.front.pop_front() {
            return Some((object, true));
        }
        if self.lo < self.hi {
            self.lo += 1;
            // SAFETY: The object does not change.
            return Some((unsafe { item(self.object, self.lo - 1, &mut Spot::NONE.clone()) }, false));
        }
        self.back.pop_front().map(|object| (object, true))
    }

    /// The item that was last, and whether the reference is ours.
    unsafe fn pop_back(&mut self) -> Option<(*mut PyObject, bool)> {
        if let Some(object) = self.back.pop_back() {
            return Some((object, true));
        }
        if self.lo < self.hi {
            self.hi -= 1;
            // SAFETY: The object does not change.
            return Some((unsafe { item(self.object, self.hi, &mut Spot::NONE.clone()) }, false));
        }
        self.front.pop_back().map(|object| (object, true))
    }
}

fn room(items: &mut VecDeque<*mut PyObject>, more: usize) -> R<()> {
    if items.try_reserve(more).is_err() { bail(Bail::Memory) } else { Ok(()) }
}

impl OfObject for Written {
    fn object(&self) -> *mut PyObject {
        self.object
    }

    fn is_moderate(&self) -> bool {
        self.front.capacity().max(self.back.capacity()).max(self.gone.capacity()) <= MODERATE
    }
}

/// The deques that a transaction has written to.
pub(crate) type Deques = Registry<Written>;

impl Deques {
    #[inline]
    fn writable(&mut self, object: *mut PyObject) -> R<&mut Written> {
        self.find_or(object, |spare| Written::begin(object, spare))
    }

    /// Drops everything where it stands, if nothing of it runs code when it dies; otherwise the rest is still there.
    ///
    /// # Safety
    /// Everything is committed.
    pub(crate) unsafe fn drop_here(&mut self) -> bool {
        // SAFETY: By the caller.
        self.end(|written| unsafe { written.drop_here() })
    }

    /// Takes everything out, for when the transaction has closed.
    pub(crate) fn take_garbage(&mut self) -> Garbage {
        Garbage(self.take())
    }
}

/// What is dropped when the transaction has closed.
pub(crate) struct Garbage(Buf<Written>);

impl Garbage {
    pub(crate) unsafe fn discard(self) {
        for written in self.0 {
            for object in written.front.into_iter().chain(written.back) {
                // SAFETY: These references are ours, and the transaction is closed.
                unsafe { Py_DECREF(object) };
            }
            for object in written.gone {
                // SAFETY: As above.
                unsafe { Py_DECREF(object) };
            }
        }
    }
}

/// A deque of Python's and the transaction: what [`crate::deque::PDeque`] does with objects.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(crate) cx: Cx,
    pub(crate) object: *mut PyObject,
}

/// Everything here: the object is an exact deque after [`is_deque`], and no borrow of the transaction outlives a call.
impl Live {
    #[expect(clippy::mut_from_ref, reason = "one thread, short borrows")]
    fn deques(&self) -> &mut Deques {
        // SAFETY: A short borrow.
        unsafe { &mut self.cx.txn().rare().deques }
    }

    #[inline]
    pub(crate) fn count(self) -> usize {
        match self.deques().find(self.object) {
            Some(written) => written.count(),
            // SAFETY: See the impl.
            None => unsafe { raw(self.object) }.base.ob_size as usize,
        }
    }

    /// What iterators look at.
    #[inline]
    pub(crate) fn state(self) -> u64 {
        self.deques().find(self.object).map_or(0, |written| written.changes as u64)
    }

    /// Borrowed; `index` is inside.
    #[inline]
    pub(crate) fn item(self, index: usize, spot: &mut Spot) -> *mut PyObject {
        // SAFETY: See the impl; the index is inside.
        unsafe {
            match self.deques().find(self.object) {
                Some(written) => written.item(index, spot),
                None => item(self.object, index, spot),
            }
        }
    }

    /// Takes over a strong reference.
    #[inline]
    pub(crate) fn push(self, object: *mut PyObject, left: bool) -> R<()> {
        let pushed = self.cx.point().and_then(|()| self.deques().writable(self.object)).and_then(|written| {
            let end = if left { &mut written.front } else { &mut written.back };
            room(end, 1)?;
            if left {
                end.push_front(object);
            } else {
                end.push_back(object);
            }
            written.changes += 1;
            if written.maxlen.is_none_or(|most| written.count() <= most) {
                return Ok(None);
            }
            // SAFETY: See the impl.
            Ok(unsafe { if left { written.pop_back() } else { written.pop_front() } })
        });
        match pushed {
            Ok(Some((gone, true))) => self.release(gone),
            Ok(_) => Ok(()),
            Err(stop) => {
                // SAFETY: The reference is ours.
                unsafe { Py_DECREF(object) };
                Err(stop)
            }
        }
    }

    fn release(self, object: *mut PyObject) -> R<()> {
        // SAFETY: The reference is ours.
        unsafe { journal::release(self.cx, object) }
    }

    /// Takes off an item that has been looked at; there is one.
    #[inline]
    pub(crate) fn pop(self, left: bool) -> R<()> {
        self.cx.point()?;
        let written = self.deques().writable(self.object)?;
        written.changes += 1;
        // SAFETY: See the impl.
        let popped = unsafe { if left { written.pop_front() } else { written.pop_back() } };
        match popped {
            Some((object, true)) => self.release(object),
            _ => Ok(()),
        }
    }

    /// Takes over a strong reference, in the place of an item.
    pub(crate) fn put(self, index: usize, object: *mut PyObject) -> R<()> {
        let put = self.cx.point().and_then(|()| self.deques().writable(self.object)).and_then(|written| {
            // SAFETY: See the impl.
            unsafe { written.own(index)? };
            let kept = written.hi - written.lo;
            let place = match index.checked_sub(written.front.len()) {
                None => &mut written.front[index],
                Some(behind) => &mut written.back[behind - kept],
            };
            Ok(core::mem::replace(place, object))
        });
        match put {
            Ok(old) => self.release(old),
            Err(stop) => {
                // SAFETY: The reference is ours.
                unsafe { Py_DECREF(object) };
                Err(stop)
            }
        }
    }

    /// Takes over a strong reference, in front of an item.
    pub(crate) fn insert(self, index: usize, object: *mut PyObject) -> R<()> {
        if index == self.count() {
            return self.push(object, false);
        }
        let put = self.cx.point().and_then(|()| self.deques().writable(self.object)).and_then(|written| {
            // SAFETY: See the impl.
            unsafe { written.own(index)? };
            let kept = written.hi - written.lo;
            let (end, at) = match index.checked_sub(written.front.len()) {
                None => (&mut written.front, index),
                Some(behind) => (&mut written.back, behind - kept),
            };
            room(end, 1)?;
            end.insert(at, object);
            written.changes += 1;
            Ok(())
        });
        if put.is_err() {
            // SAFETY: The reference is ours.
            unsafe { Py_DECREF(object) };
        }
        put
    }

    pub(crate) fn remove(self, index: usize) -> R<()> {
        self.cx.point()?;
        let written = self.deques().writable(self.object)?;
        // SAFETY: See the impl.
        unsafe { written.own(index)? };
        let kept = written.hi - written.lo;
        let gone = match index.checked_sub(written.front.len()) {
            None => written.front.remove(index),
            Some(behind) => written.back.remove(behind - kept),
        };
        written.changes += 1;
        gone.map_or(Ok(()), |gone| self.release(gone))
    }

    pub(crate) fn clear(self) -> R<()> {
        if self.count() == 0 {
            return Ok(());
        }
        self.cx.point()?;
        let written = self.deques().writable(self.object)?;
        let (front, back) = (core::mem::take(&mut written.front), core::mem::take(&mut written.back));
        written.lo = written.size;
        written.hi = written.size;
        written.changes += 1;
        // SAFETY: These references are ours.
        unsafe { journal::release_all(self.cx, front.into_iter().chain(back)) }
    }

    pub(crate) fn reverse(self) -> R<()> {
        self.cx.point()?;
        let written = self.deques().writable(self.object)?;
        // SAFETY: See the impl.
        unsafe { written.own_all()? };
        written.front.make_contiguous().reverse();
        Ok(())
    }

    /// To the right, by less than the items that there are.
    pub(crate) fn rotate(self, by: usize) -> R<()> {
        self.cx.point()?;
        let written = self.deques().writable(self.object)?;
        let count = written.count();
        let (steps, left) = if by <= count - by { (by, false) } else { (count - by, true) };
        room(if left { &mut written.back } else { &mut written.front }, steps)?;
        for _ in 0..steps {
            // SAFETY: See the impl; there is an item. What stays with the object is referred to once more.
            unsafe {
                let popped = if left { written.pop_front() } else { written.pop_back() };
                let Some((object, ours)) = popped else { break };
                if !ours {
                    Py_INCREF(object);
                }
                if left { written.back.push_back(object) } else { written.front.push_front(object) }
            }
        }
        written.changes += 1;
        Ok(())
    }
}

/// An empty deque of Python's, which lives as long as the transaction.
pub(crate) fn make(cx: Cx, maxlen: Option<usize>) -> R<NonNull<PyObject>> {
    cx.before_tracked();
    // SAFETY: The GIL is held; an empty tuple and an int.
    unsafe {
        let object = match maxlen {
            None => collections::call(cx, "deque", &[])?,
            Some(most) => {
                let (empty, most) = (PyTuple_New(0), PyLong_FromSize_t(most));
                let made = match empty.is_null() || most.is_null() {
                    true => no_memory(),
                    false => collections::call(cx, "deque", &[empty, most]),
                };
                Py_XDECREF(empty);
                Py_XDECREF(most);
                made?
            }
        };
        let object = cx.adopt(object)?;
        if is_deque(object.as_ptr()) { Ok(object) } else { bail(Bail::Unsupported) }
    }
}

/// First part of the commit: what the deques will drop must die quietly.
pub(crate) unsafe fn prepare(cx: Cx) -> R<()> {
    // SAFETY: Short borrows; the items are alive.
    unsafe {
        for index in 0..cx.txn().rare().deques.len() {
            let (object, size, lo, hi) = {
                let written = &mut cx.txn().rare().deques[index];
                if !written.gone.reserve_total(written.size - (written.hi - written.lo)) {
                    return bail(Bail::Memory);
                }
                (written.object, written.size, written.lo, written.hi)
            };
            let mut spot = Spot::NONE;
            for index in (0..lo).chain(hi..size) {
                let gone = item(object, index, &mut spot);
                dropped::check(gone)?;
                if !dropped::is_plain(gone) && Py_REFCNT(gone) > 1 {
                    cx.loses(gone, 1)?;
                }
            }
        }
        Ok(())
    }
}

/// Second part. Cannot fail, runs no Python code.
pub(crate) unsafe fn apply(cx: Cx) {
    // SAFETY: Short borrows.
    unsafe {
        for index in 0..cx.txn().rare().deques.len() {
            let written = &mut cx.txn().rare().deques[index];
            if written.changes == 0 { exchange(written) } else { perform(written) }
        }
    }
}

/// Puts other items where some were, which no iterator notices.
unsafe fn exchange(written: &mut Written) {
    let mut spot = Spot::NONE;
    let behind = written.size - written.back.len();
    let ends = written.front.iter_mut().enumerate();
    for (index, item) in ends.chain(written.back.iter_mut().enumerate().map(|(at, item)| (behind + at, item)))
    {
        // SAFETY: There are as many items as there were. What was there goes with the rest.
        unsafe { ptr::swap(place(written.object, index, &mut spot), item) };
    }
}

/// Takes off what is not in the stretch any more, then puts the new items to both ends.
unsafe fn perform(written: &mut Written) {
    let object = written.object;
    // SAFETY: By the caller: an exact deque; the references go over to it, and what is taken off is kept.
    unsafe {
        let before = raw(object).state;
        for _ in 0..written.lo {
            let _ = written.gone.push(take_off(object, true));
        }
        for _ in written.hi..written.size {
            let _ = written.gone.push(take_off(object, false));
        }
        while let Some(item) = written.front.pop_back() {
            add(object, item, true);
        }
        while let Some(item) = written.back.pop_front() {
            add(object, item, false);
        }
        // What has come and gone again is seen by iterators all the same.
        if raw(object).state == before {
            raw(object).state += 1;
        }
    }
}

/// A reference that the deque had; there is one.
unsafe fn take_off(object: *mut PyObject, left: bool) -> *mut PyObject {
    // SAFETY: By the caller. Inside of a block nothing but these words changes.
    unsafe {
        let deque = raw(object);
        if left && deque.first + 1 < BLOCK as isize {
            let item = (*deque.left).items[deque.first as usize];
            deque.first += 1;
            deque.base.ob_size -= 1;
            deque.state = deque.state.wrapping_add(1);
            return item;
        }
        if !left && deque.last > 0 {
            let item = (*deque.right).items[deque.last as usize];
            deque.last -= 1;
            deque.base.ob_size -= 1;
            deque.state = deque.state.wrapping_add(1);
            return item;
        }
        match undisturbed(|| invoke(object, if left { 3 } else { 2 }, None)) {
            Some(item) => item.as_ptr(),
            None => Py_FatalError(c"pyrust: a deque has changed in the middle of a commit".as_ptr()),
        }
    }
}

/// Gives the deque a reference.
unsafe fn add(object: *mut PyObject, item: *mut PyObject, left: bool) {
    // SAFETY: By the caller. Inside of a block nothing but these words changes; there is room, since what is too much was
    // taken off.
    unsafe {
        let deque = raw(object);
        if !left && deque.last + 1 < BLOCK as isize {
            deque.last += 1;
            (*deque.right).items[deque.last as usize] = item;
            deque.base.ob_size += 1;
            deque.state = deque.state.wrapping_add(1);
            return;
        }
        if left && deque.first > 0 {
            deque.first -= 1;
            (*deque.left).items[deque.first as usize] = item;
            deque.base.ob_size += 1;
            deque.state = deque.state.wrapping_add(1);
            return;
        }
        for _ in 0..3 {
            if let Some(none) = undisturbed(|| invoke(object, usize::from(left), Some(item))) {
                Py_DECREF(none.as_ptr());
                Py_DECREF(item);
                return;
            }
            PyErr_Clear();
        }
        Py_FatalError(c"pyrust: out of memory between two writes of a commit".as_ptr());
    }
}

/// What the deque would be after the commit: a new one, or none if nothing was written.
pub(crate) unsafe fn would_be(deques: &Deques, object: *mut PyObject) -> R<Option<*mut PyObject>> {
    let Some(written) = deques.iter().find(|written| ptr::eq(written.object, object)) else {
        return Ok(None);
    };
    // SAFETY: Inside of an inspector; the new deque is nobody else's.
    undisturbed(|| unsafe {
        let empty = PyTuple_New(0);
        let most = match written.maxlen {
            Some(most) => PyLong_FromSize_t(most),
            None => Py_NewRef(Py_None()),
        };
        let copy = match empty.is_null() || most.is_null() {
            true => ptr::null_mut(),
            false => {
                let class = Py_TYPE(object).cast();
                PyObject_CallFunctionObjArgs(class, empty, most, ptr::null_mut::<PyObject>())
            }
        };
        Py_XDECREF(empty);
        Py_XDECREF(most);
        if copy.is_null() {
            return no_memory();
        }
        let mut spot = Spot::NONE;
        for index in 0..written.count() {
            let Some(none) = invoke(copy, 0, Some(written.item(index, &mut spot))) else {
                Py_DECREF(copy);
                return no_memory();
            };
            Py_DECREF(none.as_ptr());
        }
        Ok(Some(copy))
    })
}

/// All deques that were written to.
pub(crate) fn written(deques: &Deques) -> impl Iterator<Item = *mut PyObject> {
    deques.iter().map(|written| written.object)
}
