//! Arrays that native code makes: `array(typecode, …)`, slices, sums and repetitions.

use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use super::item::{Code, Item, Packs};
use super::known::Handle;
use super::{Packed, Raw, Value, layout};
use crate::builtins::c::{Temporary, owned, undisturbed};
use crate::list::ListLike;
use crate::range::{self, Range, Slice};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::Bytes;
use crate::txn::{Cx, no_memory};

/// One array of one item for each typecode, of which others are made.
static TEMPLATES: [AtomicPtr<PyObject>; 128] = [const { AtomicPtr::new(core::ptr::null_mut()) }; 128];

fn template(code: u8, item: usize) -> R<*mut PyObject> {
    let known = TEMPLATES[code as usize].load(Relaxed);
    if !known.is_null() {
        return Ok(known);
    }
    let class = layout::class()?;
    // SAFETY: the class is C's own, and gets exact objects; all references are owned here.
    unsafe {
        let code_text = Temporary(owned(ffi::PyUnicode_FromKindAndData(
            ffi::PyUnicode_1BYTE_KIND as i32,
            (&raw const code).cast(),
            1,
        ))?);
        let zeros = [0u8; 8];
        let content = Temporary(owned(ffi::PyBytes_FromStringAndSize(zeros.as_ptr().cast(), item as isize))?);
        let args = [code_text.ptr(), content.ptr()];
        let made = undisturbed(|| {
            owned(ffi::PyObject_Vectorcall(class, args.as_ptr(), args.len(), core::ptr::null_mut()))
        })?;
        let fits = layout::is_array(made.as_ptr())
            && layout::check(made.as_ptr()).is_ok()
            && layout::code(made.as_ptr()) == code;
        if !fits {
            ffi::Py_DECREF(made.as_ptr());
            return bail(Bail::Unsupported);
        }
        TEMPLATES[code as usize].store(made.as_ptr(), Relaxed);
        Ok(made.as_ptr())
    }
}

impl<const C: char> Packed<C>
where
    Code<C>: Packs,
{
    /// A new one of so many zeros.
    fn zeros(cx: Cx, count: usize) -> R<Self> {
        let item = size_of::<Raw<C>>();
        let template = template(C as u8, item)?;
        if count.checked_mul(item).is_none_or(|bytes| bytes > 1 << 40) {
            return bail(Bail::Memory);
        }
        cx.before_tracked();
        // SAFETY: an exact array of one item; what comes out is new and ours.
        unsafe {
            let made = ffi::PySequence_Repeat(template, count as ffi::Py_ssize_t);
            if made.is_null() {
                return no_memory();
            }
            Ok(Packed::of(Handle::of_made(made, item)?))
        }
    }

    /// A new one with this content.
    fn with(cx: Cx, bytes: &[u8]) -> R<Self> {
        let made = Self::zeros(cx, bytes.len() / size_of::<Raw<C>>())?;
        // SAFETY: as many bytes as the items take, of another place.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), made.handle.items(), bytes.len()) };
        Ok(made)
    }

    /// A new one of so many items.
    pub(super) fn built(cx: Cx, count: usize, mut item: impl FnMut(usize) -> R<Raw<C>>) -> R<Self> {
        let made = Self::zeros(cx, count)?;
        for index in 0..count {
            made.put(cx, index, item(index)?)?;
        }
        Ok(made)
    }
}

/// `array(typecode)`.
pub fn new<const C: char>(cx: Cx, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    Packed::zeros(cx, 0)
}

/// `array(typecode, […])`.
pub fn of_list<const C: char, L: ListLike<Value<C>>>(cx: Cx, items: &L, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    Packed::built(cx, items.count(), |index| Raw::<C>::packed(items.item(cx, index)?))
}

/// The same of ints, of which floats are made.
pub fn of_ints<const C: char, L: ListLike<i64>>(cx: Cx, items: &L, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    Packed::built(cx, items.count(), |index| Raw::<C>::packed(items.item(cx, index)? as f64))
}

/// `array(typecode, range(…))`: CPython appends one after the other.
pub fn of_range<const C: char>(cx: Cx, items: Range, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = i64>,
{
    let made = Packed::zeros(cx, 0)?;
    for index in 0..range::len(cx, items)? {
        super::append(cx, &made, nth(items, index))?;
    }
    Ok(made)
}

/// The same of floats.
pub fn of_range_float<const C: char>(cx: Cx, items: Range, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
    Raw<C>: Item<Value = f64>,
{
    let made = Packed::zeros(cx, 0)?;
    for index in 0..range::len(cx, items)? {
        super::append(cx, &made, nth(items, index) as f64)?;
    }
    Ok(made)
}

/// The element at `index` of a range that has one there.
fn nth(items: Range, index: i64) -> i64 {
    range::start(items).wrapping_add(index.wrapping_mul(range::step(items)))
}

/// `array(typecode, b"…")`: what they are in memory.
pub fn of_bytes<const C: char>(cx: Cx, bytes: &Bytes, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    if !bytes.raw().len().is_multiple_of(size_of::<Raw<C>>()) {
        return exc(Exc::ValueError);
    }
    Packed::with(cx, bytes.raw())
}

/// `array(typecode, a)` of an array of the same typecode.
pub fn of_same<const C: char>(cx: Cx, a: &Packed<C>, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    Packed::with(cx, a.bytes())
}

/// `array(typecode, a)` of an array of another typecode for the same kind of numbers.
pub fn of_other<const C: char, const D: char>(cx: Cx, a: &Packed<D>, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
    Code<D>: Packs,
    Raw<D>: Item<Value = Value<C>>,
{
    Packed::built(cx, a.count(), |index| Raw::<C>::packed(a.at(index)?))
}

/// `array(typecode, a)` of an array of ints, of which floats are made.
pub fn of_other_ints<const C: char, const D: char>(cx: Cx, a: &Packed<D>, _: Code<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
    Code<D>: Packs,
    Raw<C>: Item<Value = f64>,
    Raw<D>: Item<Value = i64>,
{
    Packed::built(cx, a.count(), |index| Raw::<C>::packed(a.at(index)? as f64))
}

/// `a[start:end:step]`.
pub fn slice<const C: char>(
    cx: Cx,
    a: &Packed<C>,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    let slice = Slice::new(start, end, step, a.count())?;
    if slice.step == 1 {
        let (item, from) = (size_of::<Raw<C>>(), slice.start as usize);
        return Packed::with(cx, a.bytes().get(from * item..(from + slice.count) * item).unwrap_or(&[]));
    }
    Packed::built(cx, slice.count, |index| Ok(a.raw(slice.position(index))))
}

/// `a + b`.
pub fn concat<const C: char>(cx: Cx, a: &Packed<C>, b: &Packed<C>) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    let first = a.count();
    Packed::built(cx, first + b.count(), |index| {
        Ok(if index < first { a.raw(index) } else { b.raw(index - first) })
    })
}

/// `a * n` and `n * a`.
pub fn repeat<const C: char>(cx: Cx, a: &Packed<C>, n: i64) -> R<Packed<C>>
where
    Code<C>: Packs,
{
    cx.before_tracked();
    // SAFETY: an exact array, whose items are numbers; what comes out is new and ours.
    unsafe {
        let made = ffi::PySequence_Repeat(a.handle.object(), n.max(0) as ffi::Py_ssize_t);
        if made.is_null() {
            return no_memory();
        }
        Ok(Packed::of(Handle::of_made(made, size_of::<Raw<C>>())?))
    }
}

/// `a.tobytes()`, `bytes(a)`.
pub fn to_bytes<const C: char>(_: Cx, a: &Packed<C>) -> R<Bytes>
where
    Code<C>: Packs,
{
    Bytes::copy_of(a.bytes())
}

/// `a.tolist()`.
pub fn to_list<const C: char>(cx: Cx, a: &Packed<C>) -> R<crate::list::List<Value<C>>>
where
    Code<C>: Packs,
{
    let list = crate::list::with_capacity(cx, a.count() as i64)?;
    for index in 0..a.count() {
        list.push(cx, a.at(index)?)?;
    }
    Ok(list)
}
