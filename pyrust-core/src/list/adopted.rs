//! Memory of a large native list that becomes the memory of the list which it goes out as.
//!
//! Otherwise both stand in memory when a call ends, and the system clears the pages of the second one: for a list of a
//! million numbers that takes longer than to make it. CPython gives the items of a list back with `PyMem_Free`, which
//! hands what its own arenas do not have to `free` of C, where the memory of native lists comes from as well
//! ([`allocator::is_shared`]).

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;
use std::alloc::{Layout, dealloc, realloc};

use pyo3_ffi::{Py_DECREF, PyList_New, PyObject};

use crate::allocator;
use crate::blocks;
use crate::boundary::layout;
use crate::buf::Buf;
use crate::py::{IntoPy, ahead, fresh};
use crate::stop::R;
use crate::txn::Cx;

/// Fewer items are copied.
const LEAST: usize = blocks::MOST / size_of::<*mut PyObject>() + 1;

/// What is larger may be memory that is mapped for itself: there pages that nobody has touched take no memory, and those
/// that are given back the next list has to get again.
const MAPPED: usize = 1 << 17;

/// So many elements are read before their objects are written.
const AT_ONCE: usize = 64;

/// Elements that become objects where they stand: these are in front, those behind.
struct Turning<T> {
    start: *mut T,
    /// For so many elements there is memory.
    room: usize,
    made: usize,
    at: usize,
    end: usize,
}

impl<T> Turning<T> {
    fn items(&self) -> *mut *mut PyObject {
        self.start.cast()
    }

    fn put(&mut self, object: *mut PyObject) {
        debug_assert!(self.made < self.at);
        // SAFETY: Objects are as large as elements, so this place was read before.
        unsafe { self.items().add(self.made).write(object) };
        self.made += 1;
    }

    /// Turns the next ones.
    #[inline]
    fn turn(&mut self, cx: Cx) -> R<()>
    where
        T: IntoPy + Clone,
    {
        // SAFETY: Each element before `end` was written and is read once. Nothing borrows the memory meanwhile.
        unsafe {
            if core::mem::needs_drop::<T>() {
                if T::LEADS {
                    ahead(|far| (self.at + far < self.end).then(|| &*self.start.add(self.at + far)));
                }
                let item = self.start.add(self.at).read();
                self.at += 1;
                self.put(item.into_py(cx)?);
                return Ok(());
            }
            let mut items = [const { MaybeUninit::<T>::uninit() }; AT_ONCE];
            let count = AT_ONCE.min(self.end - self.at);
            ptr::copy_nonoverlapping(self.start.add(self.at), items.as_mut_ptr().cast(), count);
            self.at += count;
            let items = core::slice::from_raw_parts(items.as_ptr().cast(), count);
            T::many_into_py(items, cx, |object| self.put(object))
        }
    }
}

impl<T> Drop for Turning<T> {
    fn drop(&mut self) {
        // SAFETY: What was made and what was not read is ours, and so is the memory, which was allocated with this layout.
        unsafe {
            for at in 0..self.made {
                Py_DECREF(*self.items().add(at));
            }
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.start.add(self.at), self.end - self.at));
            let bytes = self.room * size_of::<T>();
            dealloc(self.start.cast(), Layout::from_size_align_unchecked(bytes, align_of::<T>()));
        }
    }
}

/// The list of all items, if it can have their memory; they are gone then.
pub(super) fn list<T: IntoPy + Clone>(items: &mut Buf<T>, cx: Cx) -> Option<R<*mut PyObject>> {
    let as_large =
        const { size_of::<T>() == size_of::<*mut PyObject>() && align_of::<T>() == size_of::<T>() };
    // Larger elements would leave more memory than the list is worth, and to make it smaller takes longer than to copy: the
    // next list of that size needs it again.
    if !as_large || items.len() < LEAST || items.len() < items.capacity() / 2 || !allocator::is_shared() {
        return None;
    }
    Some(turned(core::mem::take(items), cx))
}

fn turned<T: IntoPy + Clone>(items: Buf<T>, cx: Cx) -> R<*mut PyObject> {
    let (start, end, room) = items.into_parts();
    let mut turning = Turning { start, room, made: 0, at: 0, end };
    cx.before_tracked();
    // SAFETY: The GIL is held.
    let list = fresh(unsafe { PyList_New(0) })?;
    while turning.at < end {
        if let Err(stop) = turning.turn(cx) {
            // SAFETY: It is ours.
            unsafe { Py_DECREF(list) };
            return Err(stop);
        }
    }
    let (mut items, mut room) = (ManuallyDrop::new(turning).items(), room);
    // SAFETY: From here on the memory and the objects in it are the list's; it was allocated with this layout.
    unsafe {
        if room * size_of::<T>() < MAPPED && room > end {
            let layout = Layout::from_size_align_unchecked(room * size_of::<T>(), align_of::<T>());
            let shorter: *mut *mut PyObject = realloc(items.cast(), layout, end * size_of::<T>()).cast();
            if !shorter.is_null() {
                (items, room) = (shorter, end);
            }
        }
        layout::set_list_items(list, items, room as isize);
        layout::set_list_size(list, end);
    }
    allocator::count_one();
    Ok(list)
}
