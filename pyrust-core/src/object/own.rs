//! Instances that native code makes and keeps to itself: no object, but a record of typed fields.
//!
//! The compiler makes such instances where none of them gets to Python before the call returns. The records lie in
//! memory that the transaction frees when it has closed, so a copy of the pointer is enough, as for objects.

use core::cell::{Cell, UnsafeCell};
use core::cmp::Ordering;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc};

use pyo3_ffi::PyObject;

use super::{AnyInstance, Attribute, Instance, OfObjectClass};
use crate::buf::Buf;
use crate::elem::{ElemEq, ElemOrd, Key, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// An attribute: with a value, or not yet.
pub struct Field<T>(UnsafeCell<Option<T>>);

impl<T> Default for Field<T> {
    #[inline(always)]
    fn default() -> Self {
        Field(UnsafeCell::new(None))
    }
}

/// A number that each instance has from the start: `__init__` assigns it before anyone reads it.
#[derive(Default)]
pub struct Sure<T>(Cell<T>);

/// What a record keeps of an attribute.
pub trait Slot {
    type Value: Clone;

    /// The value, if there is one.
    ///
    /// # Safety
    /// Nothing writes to the attribute while the borrow lives.
    unsafe fn there(&self) -> Option<&Self::Value>;

    /// Puts a value there; the old one.
    fn put(&self, value: Self::Value) -> Option<Self::Value>;
}

impl<T: Clone> Slot for Field<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn there(&self) -> Option<&T> {
        // SAFETY: By the caller.
        unsafe { &*self.0.get() }.as_ref()
    }

    #[inline(always)]
    fn put(&self, value: T) -> Option<T> {
        // SAFETY: A short borrow.
        unsafe { core::ptr::replace(self.0.get(), Some(value)) }
    }
}

impl<T: Copy> Slot for Sure<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn there(&self) -> Option<&T> {
        // SAFETY: By the caller.
        Some(unsafe { &*self.0.as_ptr() })
    }

    #[inline(always)]
    fn put(&self, value: T) -> Option<T> {
        self.0.set(value);
        None
    }
}

/// The attributes of the instances of one class.
pub trait Fields: Default + 'static {
    type Class: OfObjectClass;
    const NAMES: &'static [&'static Attribute];
    const CHECKED: &'static Checked;
    /// Attributes are assigned otherwise than by `object.__setattr__` alone.
    const ASSIGNED: bool;

    /// Of instances that may be returned: the numbers of the attributes in the order in which they were filled, the last
    /// one lowest.
    fn order(&self) -> Option<&Cell<u64>> {
        None
    }

    /// Gives an object the attribute of that number.
    fn give(&self, _: u64, _: Cx, _: Instance<Self::Class>) -> R<()> {
        bail(Bail::Unsupported)
    }
}

/// The bits of a number in an order: numbers begin with 1.
const PLACE: u32 = 4;

/// In the place of an order, which has fifteen numbers: the address of the object that the record has become.
const GIVEN: u64 = 1 << 63;

impl<T: Clone> Field<T> {
    /// The value, which is there.
    pub fn value(&self) -> R<T> {
        // SAFETY: A short borrow; copying a value writes to no attribute.
        match unsafe { &*self.0.get() } {
            Some(value) => Ok(value.clone()),
            None => bail(Bail::Unsupported),
        }
    }
}

/// The transaction in which the attributes were found to be kept as Python keeps those of a plain instance.
pub struct Checked(Cell<u64>);

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for Checked {}

impl Checked {
    #[expect(clippy::new_without_default, reason = "it stands in constants")]
    pub const fn new() -> Checked {
        Checked(Cell::new(0))
    }
}

/// An instance that no object stands for.
pub struct Own<F> {
    fields: NonNull<F>,
    kind: PhantomData<F>,
}

impl<F> Clone for Own<F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Own<F> {}

impl<F: Fields> Own<F> {
    /// `object.name`
    #[inline(always)]
    pub fn get<S: Slot + 'static>(self, field: impl FnOnce(&F) -> &S) -> R<S::Value> {
        // SAFETY: The transaction keeps the record; nothing that is called here writes to the field.
        match unsafe { field(self.fields.as_ref()).there() } {
            Some(value) => Ok(value.clone()),
            None => bail(Bail::Unsupported),
        }
    }

    /// `object.name`, for something that is done with the value before any attribute is written.
    #[inline(always)]
    pub fn look<'a, S: Slot + 'a>(self, field: impl FnOnce(&'a F) -> &'a S) -> R<&'a S::Value>
    where
        F: 'a,
    {
        // SAFETY: The transaction keeps the record; by the contract above nothing writes to the field while the borrow lives.
        match unsafe { field(&*self.fields.as_ptr()).there() } {
            Some(value) => Ok(value),
            None => bail(Bail::Unsupported),
        }
    }

    /// `object.name = value`
    #[inline(always)]
    pub fn set<S: Slot>(self, field: impl FnOnce(&F) -> &S, value: S::Value) {
        // SAFETY: The transaction keeps the record. The old value is dropped when the new one stands there.
        let old = field(unsafe { self.fields.as_ref() }).put(value);
        drop(old);
    }

    /// The same for an instance that may be returned: notes the number of an attribute that is new.
    #[inline(always)]
    pub fn fill<S: Slot>(self, at: u64, field: impl FnOnce(&F) -> &S, value: S::Value) {
        // SAFETY: As above.
        let fields = unsafe { self.fields.as_ref() };
        let old = field(fields).put(value);
        if let (None, Some(order)) = (&old, fields.order()) {
            order.set(order.get() << PLACE | at);
        }
        drop(old);
    }

    /// `self is other`
    #[inline(always)]
    pub fn is(self, other: Own<F>) -> bool {
        self.fields == other.fields
    }

    /// No object has this address.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        self.fields.as_ptr().cast()
    }
}

/// A place of a function's own for an instance that only one of its variables knows, and only as long as it does not make
/// another one there. The compiler proves that (`escape`).
pub struct Place<F>(UnsafeCell<F>);

impl<F: Fields> Place<F> {
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "only generated code makes one")]
    pub fn new() -> Place<F> {
        Place(UnsafeCell::new(F::default()))
    }

    /// `C.__new__(C)`: an instance without attributes, in the place of the one before it.
    #[inline(always)]
    pub fn make(&self, cx: Cx) -> R<Own<F>> {
        checked::<F>(cx)?;
        // SAFETY: By the compiler, nothing knows the instance that was here. What it had is dropped when the new one is here.
        let old = unsafe { core::ptr::replace(self.0.get(), F::default()) };
        drop(old);
        // SAFETY: Not null.
        Ok(Own { fields: unsafe { NonNull::new_unchecked(self.0.get()) }, kind: PhantomData })
    }
}

/// Bails unless instances are made as the record has it.
#[inline(always)]
fn checked<F: Fields>(cx: Cx) -> R<()> {
    cx.point()?;
    match F::CHECKED.0.get() == cx.number() {
        true => Ok(()),
        false => look::<F>(cx),
    }
}

/// `C.__new__(C)`: an instance without attributes.
#[inline]
pub fn make<F: Fields>(cx: Cx) -> R<Own<F>> {
    checked::<F>(cx)?;
    // SAFETY: A short borrow.
    let Some(fields) = unsafe { &mut cx.txn().rare().records }.put(F::default()) else {
        return bail(Bail::Memory);
    };
    Ok(Own { fields, kind: PhantomData })
}

/// Are instances as the record has it?
#[cold]
#[inline(never)]
extern "C" fn look<F: Fields>(cx: Cx) -> R<()> {
    let class = <F::Class as OfObjectClass>::CLASS;
    let object = class.class();
    if object.is_null() || !class.is_made_plainly() || (F::ASSIGNED && !class.is_writable()) {
        return bail(Bail::Guard);
    }
    for name in F::NAMES {
        // SAFETY: The class as it is now.
        unsafe { name.is_kept(cx, class, object)? };
    }
    F::CHECKED.0.set(cx.number());
    Ok(())
}

/// `C()`, where neither the class nor those above it have an `__init__`.
pub fn make_empty<F: Fields>(cx: Cx) -> R<Own<F>> {
    match <F::Class as OfObjectClass>::CLASS.has_plain_init() {
        true => make(cx),
        false => bail(Bail::Guard),
    }
}

impl<F: Fields> AnyInstance for Own<F> {
    type Class = F::Class;

    #[inline(always)]
    fn same(self, other: Self) -> bool {
        self.is(other)
    }
}

impl<F: Fields> FromPy for Own<F> {
    unsafe fn from_py(_: Cx, _: *mut PyObject) -> R<Self> {
        bail(Bail::Type)
    }

    unsafe fn matches(_: *mut PyObject) -> bool {
        false
    }
}

/// When a call returns, records become objects, each of them one: nothing looks at them any more.
impl<F: Fields> IntoPy for Own<F> {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        // SAFETY: The transaction keeps the record, and what was made for it; borrows are short.
        unsafe {
            let Some(place) = self.fields.as_ref().order() else { return bail(Bail::Unsupported) };
            let order = place.get();
            if order & GIVEN != 0 {
                return Ok(again((order & !GIVEN) as *mut PyObject));
            }
            let cx = cx.call()?;
            let object = super::make::<F::Class>(cx)?;
            place.set(object.as_ptr() as u64 | GIVEN);
            let records = &mut cx.txn().rare().records;
            // What it holds may hold others, and so on: beyond some of them, the first one looks after the rest.
            let nested = records.nested;
            if nested == NESTED {
                let later =
                    Later { record: self.fields.cast(), order, object: object.as_ptr(), fill: fill::<F> };
                return match records.later.push(later) {
                    Ok(()) => Ok(again(object.as_ptr())),
                    Err(_) => bail(Bail::Memory),
                };
            }
            records.nested += 1;
            fill::<F>(cx, self.fields.cast(), order, object.as_ptr())?;
            while nested == 0
                && let Some(Later { record, order, object, fill }) = cx.txn().rare().records.later.pop()
            {
                fill(cx, record, order, object)?;
            }
            cx.txn().rare().records.nested = nested;
            Ok(again(object.as_ptr()))
        }
    }
}

/// Gives the object of a record its attributes, in their order.
///
/// # Safety
/// A record of these fields, which the transaction keeps, and the object that was made for it.
unsafe fn fill<F: Fields>(cx: Cx, record: NonNull<u8>, order: u64, object: *mut PyObject) -> R<()> {
    // SAFETY: By the caller.
    let (fields, object) = unsafe { (record.cast::<F>().as_ref(), NonNull::new_unchecked(object)) };
    for place in (0..u64::BITS).step_by(PLACE as usize).rev() {
        let at = order >> place & ((1 << PLACE) - 1);
        if at != 0 {
            fields.give(at, cx, Instance::of(object))?;
        }
    }
    Ok(())
}

impl<F: Fields> ElemEq for Own<F> {
    fn elem_eq(&self, cx: Cx, other: &Self) -> R<bool> {
        if self.is(*other) { Ok(true) } else { super::eq(cx, *self, *other) }
    }

    fn view(&self) -> View<'_> {
        View::Function
    }
}

impl<F: Fields> ElemOrd for Own<F> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        bail(Bail::Unsupported)
    }
}

impl<F: Fields> Key for Own<F> {
    type Stored = Self;

    fn fast_hash(&self, _: Cx) -> R<u64> {
        bail(Bail::Unsupported)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        bail(Bail::Unsupported)
    }

    unsafe fn eq_object(&self, _: Cx, _: *mut PyObject) -> R<bool> {
        bail(Bail::Unsupported)
    }
}

impl<F: Fields> Repr for Own<F> {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        bail(Bail::Unsupported)
    }
}

/// The first block of memory, and the largest.
const FIRST: usize = 1 << 10;
const LARGEST: usize = 1 << 20;

/// Records take no more memory than this: what a program drops on the way stays until the end of the call.
const LIMIT: usize = 1 << 30;

const ALIGN: usize = 16;

/// Records that become objects within each other, at most; those below stand in a list.
const NESTED: u32 = 32;

/// A record that has become an object, and what fills that.
struct Later {
    record: NonNull<u8>,
    order: u64,
    object: *mut PyObject,
    fill: unsafe fn(Cx, NonNull<u8>, u64, *mut PyObject) -> R<()>,
}

/// A value in a record, and what drops it.
type Dropped = (*mut u8, unsafe fn(*mut u8));

/// The memory of records: blocks that are filled one after the other, and freed together.
pub(crate) struct Records {
    blocks: Buf<(NonNull<u8>, usize)>,
    at: *mut u8,
    left: usize,
    total: usize,
    /// What holds something that has to be dropped.
    drops: Buf<Dropped>,
    /// While records become objects: how many of them hold each other, and those that have no attributes yet.
    nested: u32,
    later: Buf<Later>,
}

impl Records {
    pub(crate) const fn new() -> Records {
        Records {
            blocks: Buf::new(),
            at: core::ptr::null_mut(),
            left: 0,
            total: 0,
            drops: Buf::new(),
            nested: 0,
            later: Buf::new(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.left == self.total
    }

    /// Forgets all records and keeps the memory for the next transaction, if that is one block; else changes nothing.
    ///
    /// # Safety
    /// Nobody reads the records any more.
    pub(crate) unsafe fn reset(&mut self) -> bool {
        let [(block, _)] = self.blocks[..] else { return false };
        while let Some((record, finish)) = self.drops.pop() {
            // SAFETY: The records are ours, and what they hold belongs to them.
            unsafe { finish(record) };
        }
        debug_assert!(self.nested == 0 && self.later.is_empty());
        self.nested = 0;
        self.later.clear();
        (self.at, self.left) = (block.as_ptr(), self.total);
        true
    }

    /// Puts a record into memory that stays where it is; `None` where there is no more.
    #[inline]
    pub(crate) fn put<F: 'static>(&mut self, record: F) -> Option<NonNull<F>> {
        const { assert!(align_of::<F>() <= ALIGN) };
        let size = size_of::<F>().max(1).next_multiple_of(ALIGN);
        if size > self.left && !self.grow(size) {
            return None;
        }
        let place = NonNull::new(self.at.cast::<F>())?;
        if core::mem::needs_drop::<F>() {
            unsafe fn finish<F>(record: *mut u8) {
                // SAFETY: By the caller: a record of this type.
                unsafe { record.cast::<F>().drop_in_place() };
            }
            self.drops.push((self.at, finish::<F>)).ok()?;
        }
        // SAFETY: There is room, and nothing else is there.
        unsafe {
            place.write(record);
            self.at = self.at.add(size);
        }
        self.left -= size;
        Some(place)
    }

    #[cold]
    #[inline(never)]
    extern "C" fn grow(&mut self, size: usize) -> bool {
        let wanted = self.total.clamp(FIRST, LARGEST).max(size);
        let Ok(layout) = Layout::from_size_align(wanted, ALIGN) else { return false };
        if self.total + wanted > LIMIT {
            return false;
        }
        // SAFETY: The size is not zero.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { return false };
        if self.blocks.push((block, wanted)).is_err() {
            // SAFETY: Just allocated.
            unsafe { dealloc(block.as_ptr(), layout) };
            return false;
        }
        (self.at, self.left) = (block.as_ptr(), wanted);
        self.total += wanted;
        true
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: The records are ours, and what they hold belongs to them.
        unsafe {
            while let Some((record, finish)) = self.drops.pop() {
                finish(record);
            }
            while let Some((block, size)) = self.blocks.pop() {
                dealloc(block.as_ptr(), Layout::from_size_align_unchecked(size, ALIGN));
            }
        }
    }
}
