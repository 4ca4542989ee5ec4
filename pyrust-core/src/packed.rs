//! Python's `array.array`: numbers packed as the machine has them, of one typecode.
//!
//! Every array is an object of Python's, also what native code makes, and is read and written where it lies. What stores
//! overwrite the transaction keeps ([`known`]), and so it does with the length; how much room there is follows CPython's
//! own rule step by step. A transaction has one handle per object, so that aliases stay aliases.

mod edit;
mod item;
mod known;
mod layout;
mod made;
mod search;

pub use edit::*;
pub use item::Code;
pub(crate) use known::Packeds;
pub use made::*;
pub use search::*;

use core::marker::PhantomData;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use crate::builtins::c::{Temporary, owned, undisturbed};
use crate::elem::{ElemEq, ElemOrd, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::StrBuilder;
use crate::txn::Cx;
use item::{Item, Packs};
use known::Handle;

/// An array of the typecode `C`. Cloning it is Python's aliasing.
pub struct Packed<const C: char> {
    handle: Handle,
    code: PhantomData<Code<C>>,
}

impl<const C: char> Clone for Packed<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Packed::of(self.handle.clone())
    }
}

impl<const C: char> Packed<C> {
    #[inline(always)]
    fn of(handle: Handle) -> Self {
        Packed { handle, code: PhantomData }
    }

    /// `self is other`
    #[inline]
    pub fn is(&self, other: &Self) -> bool {
        self.handle.object() == other.handle.object()
    }
}

impl<const C: char> Packed<C>
where
    Code<C>: Packs,
{
    #[inline(always)]
    fn count(&self) -> usize {
        self.handle.len()
    }

    /// The item at `index < count`.
    #[inline(always)]
    fn at(&self, index: usize) -> R<Value<C>> {
        self.raw(index).unpacked()
    }

    #[inline(always)]
    fn raw(&self, index: usize) -> Raw<C> {
        debug_assert!(index < self.count());
        // SAFETY: there are `count` items of this size; what lies at one may be unaligned for it.
        unsafe { self.handle.items().cast::<Raw<C>>().add(index).read_unaligned() }
    }

    /// All bytes. The borrow must end before anything can change them.
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.handle.bytes(size_of::<Raw<C>>())
    }

    /// Writes an item at `index < count`; what was there is kept by the transaction.
    #[inline(always)]
    fn put(&self, cx: Cx, index: usize, raw: Raw<C>) -> R<()> {
        debug_assert!(index < self.count());
        self.handle.before_store(cx, index, size_of::<Raw<C>>())?;
        // SAFETY: as `raw`.
        unsafe { self.handle.items().cast::<Raw<C>>().add(index).write_unaligned(raw) };
        Ok(())
    }
}

/// What lies in memory for one item.
type Raw<const C: char> = <Code<C> as Packs>::Raw;
/// What Python has for it.
type Value<const C: char> = <Raw<C> as Item>::Value;

impl<const C: char> FromPy for Packed<C>
where
    Code<C>: Packs,
{
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe {
            if !layout::is_array(object) {
                return bail(Bail::Type);
            }
            layout::check(object)?;
            if layout::code(object) != C as u8 {
                return bail(Bail::Type);
            }
            Ok(Packed::of(Handle::of_python(object)))
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: by the caller; the layout is that of an exact array, if it was proved.
        unsafe {
            layout::is_array(object) && layout::check(object).is_ok() && layout::code(object) == C as u8
        }
    }
}

impl<const C: char> IntoPy for Packed<C> {
    const LASTS: bool = true;

    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        self.handle.leave(cx)?;
        // SAFETY: a handle holds the object, or the transaction does.
        Ok(unsafe { again(self.handle.object()) })
    }
}

impl<const C: char> ElemEq for Packed<C>
where
    Code<C>: Packs,
{
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        Ok(self.is(other) || eq(self, other)?)
    }

    fn view(&self) -> View<'_> {
        View::Function
    }
}

impl<const C: char> ElemOrd for Packed<C>
where
    Code<C>: Packs,
{
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<core::cmp::Ordering> {
        match compared(self, other)? {
            Some(order) => Ok(order),
            None => bail(Bail::Nan),
        }
    }
}

impl<const C: char> Repr for Packed<C> {
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        // SAFETY: an exact array, whose text runs no Python code: its items are numbers.
        unsafe {
            let text = undisturbed(|| owned(ffi::PyObject_Repr(self.handle.object())).map(Temporary))?;
            out.push_str(&crate::str_::own(again(text.ptr()))?)
        }
    }
}

/// `len(a)`.
#[inline(always)]
pub fn len<const C: char>(a: &Packed<C>) -> i64 {
    a.handle.len() as i64
}

/// `bool(a)`.
#[inline(always)]
pub fn truth<const C: char>(a: &Packed<C>) -> bool {
    a.handle.len() != 0
}

/// The place that an index means.
#[inline(always)]
fn place<const C: char>(a: &Packed<C>, i: i64) -> R<usize> {
    let n = a.handle.len() as i64;
    let j = if i < 0 { i.wrapping_add(n) } else { i };
    if (j as u64) < n as u64 { Ok(j as usize) } else { exc(Exc::IndexError) }
}

/// `a[i]`.
#[inline(always)]
pub fn get<const C: char>(_: Cx, a: &Packed<C>, i: i64) -> R<Value<C>>
where
    Code<C>: Packs,
{
    a.at(place(a, i)?)
}

/// `a[i] = v`: the index is looked at first.
#[inline(always)]
pub fn set<const C: char>(cx: Cx, a: &Packed<C>, i: i64, v: Value<C>) -> R<()>
where
    Code<C>: Packs,
{
    let at = place(a, i)?;
    a.put(cx, at, Raw::<C>::packed(v)?)
}

/// The next item; the length is looked at every time.
#[inline(always)]
pub fn next<const C: char>(a: &Packed<C>, at: &mut i64) -> R<Option<Value<C>>>
where
    Code<C>: Packs,
{
    let index = *at as usize;
    if index >= a.count() {
        return Ok(None);
    }
    *at += 1;
    a.at(index).map(Some)
}

/// The next item from the end.
#[inline(always)]
pub fn next_back<const C: char>(a: &Packed<C>, at: &mut i64) -> R<Option<Value<C>>>
where
    Code<C>: Packs,
{
    let index = *at as usize;
    if *at < 0 || index >= a.count() {
        return Ok(None);
    }
    *at -= 1;
    a.at(index).map(Some)
}
