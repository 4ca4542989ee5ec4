//! Small pieces that generated code needs and that belong to no type: bound variables, counted loops, conversions.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ops::Range as Span;

use crate::elem::{ElemEq, ElemOrd, Key};
use crate::list::{self, List, ListLike};
use crate::py::FromPy;
use crate::said::{Said, said};
use crate::stop::{Bail, R, Stop, bail};
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

/// What `item` gives for each place of an array; it stops where that stops.
#[inline(always)]
pub(crate) fn gathered<T, const N: usize>(mut item: impl FnMut(usize) -> R<T>) -> R<[T; N]> {
    struct Made<T, const N: usize> {
        items: [MaybeUninit<T>; N],
        count: usize,
    }
    impl<T, const N: usize> Drop for Made<T, N> {
        fn drop(&mut self) {
            for made in &mut self.items[..self.count] {
                // SAFETY: so many have been written, and nobody took them.
                unsafe { made.assume_init_drop() };
            }
        }
    }
    let mut made = Made { items: [const { MaybeUninit::uninit() }; N], count: 0 };
    while made.count < N {
        made.items[made.count].write(item(made.count)?);
        made.count += 1;
    }
    made.count = 0;
    // SAFETY: all have been written, and are taken here once.
    Ok(unsafe { made.items.as_ptr().cast::<[T; N]>().read() })
}

/// The value of a variable that may be unbound; Python says which one it was.
#[inline(always)]
pub fn bound<T: Clone>(variable: &Option<T>) -> R<T> {
    match variable {
        Some(value) => Ok(value.clone()),
        None => bail(Bail::Unbound),
    }
}

/// The stop inside an error; what leaves a `try` body is always one.
#[inline(always)]
pub fn stop_of<T>(result: R<T>) -> Stop {
    match result {
        Err(stop) => stop,
        Ok(_) => Stop::bail(Bail::Unsupported),
    }
}

/// Equality as `in` has it: a NaN bails, since identity would decide.
#[inline(always)]
pub fn elem_eq<T: ElemEq>(cx: Cx, a: &T, b: &T) -> R<bool> {
    a.elem_eq(cx, b)
}

/// `hash(value)`.
#[inline]
pub fn hash_of<T: Key>(cx: Cx, value: &T) -> R<i64> {
    Ok(value.py_hash(cx)? as i64)
}

/// A field of the only instance of a structure: `sys.float_info`, `sys.version_info`.
pub fn field<T: FromPy>(cx: Cx, info: crate::obj::Obj, class: &core::ffi::CStr, index: usize) -> R<T> {
    // SAFETY: the object is alive; a struct sequence is a tuple whose items live as long as it does.
    unsafe {
        let object = info.as_ptr();
        let name = core::ffi::CStr::from_ptr((*pyo3_ffi::Py_TYPE(object)).tp_name);
        let known = name == class && pyo3_ffi::PyTuple_Check(object) != 0;
        if !known || index >= pyo3_ffi::PyTuple_GET_SIZE(object) as usize {
            return bail(Bail::Type);
        }
        T::from_py(cx, pyo3_ffi::PyTuple_GET_ITEM(object, index as isize))
    }
}

/// `start..stop` in pieces that are short enough to be paid in advance.
#[inline(always)]
pub fn chunks(start: i64, stop: i64) -> Chunks {
    Chunks { at: start, stop }
}

/// `0..count` in such pieces, where `count` is a length.
#[inline(always)]
pub fn turns(count: i64) -> Turns {
    Turns { at: 0, count: count.max(0) }
}

/// The same behind the turns that are done.
#[inline(always)]
pub fn turns_from(done: i64, count: i64) -> Turns {
    Turns { at: done.max(0), count: count.max(0) }
}

/// See [`turns`].
pub struct Turns {
    at: i64,
    count: i64,
}

impl Iterator for Turns {
    type Item = Span<i64>;

    #[inline(always)]
    fn next(&mut self) -> Option<Span<i64>> {
        if self.at >= self.count {
            return None;
        }
        let start = self.at;
        self.at = start + (self.count - start).min(4096);
        // SAFETY: it begins at 0 and grows up to the count; so what is looked up by the turns needs no check.
        unsafe { core::hint::assert_unchecked(0 <= start && start < self.at && self.at <= self.count) };
        Some(start..self.at)
    }
}

/// See [`chunks`].
pub struct Chunks {
    at: i64,
    stop: i64,
}

impl Iterator for Chunks {
    type Item = Span<i64>;

    #[inline(always)]
    fn next(&mut self) -> Option<Span<i64>> {
        if self.at >= self.stop {
            return None;
        }
        let start = self.at;
        // The distance may exceed 63 bits.
        let left = self.stop.wrapping_sub(start) as u64;
        self.at = if left > 4096 { start + 4096 } else { self.stop };
        // SAFETY: more than 4096 are left, or it is the end; so what is looked up by the turns needs no check.
        unsafe { core::hint::assert_unchecked(start < self.at && self.at <= self.stop) };
        Some(start..self.at)
    }
}

/// The turns of a piece in three parts: so many at its beginning, those between, so many at its end. A part may be empty.
#[inline(always)]
pub fn parts(chunk: Span<i64>, before: i64, behind: i64) -> [Span<i64>; 3] {
    let Span { start, end } = chunk;
    let from = if end - start > before { start + before } else { end };
    let to = if end - from > behind { end - behind } else { from };
    [start..from, from..to, to..end]
}

/// `range(start, stop, step)` as a Rust iterator that cannot overflow.
#[inline(always)]
pub fn steps(start: i64, stop: i64, step: i64) -> R<Steps> {
    if step == 0 {
        return said(Said::RangeStep);
    }
    Ok(Steps { at: start, left: crate::range::count(start, stop, step), step })
}

/// See [`steps`].
pub struct Steps {
    at: i64,
    left: u64,
    step: i64,
}

impl Steps {
    /// Pieces that are short enough to be paid in advance.
    #[inline(always)]
    pub fn chunks(self) -> StepChunks {
        StepChunks(self)
    }

    /// Turns left.
    #[inline(always)]
    pub fn turns(&self) -> i64 {
        self.left as i64
    }

    /// The first number or the last one, whichever is less; there is one.
    #[inline(always)]
    pub fn least(&self) -> i64 {
        self.at.min(self.last())
    }

    /// The other one of them.
    #[inline(always)]
    pub fn most(&self) -> i64 {
        self.at.max(self.last())
    }

    #[inline(always)]
    fn last(&self) -> i64 {
        self.at.wrapping_add(self.step.wrapping_mul(self.left.wrapping_sub(1) as i64))
    }
}

/// See [`Steps::chunks`].
pub struct StepChunks(Steps);

impl Iterator for StepChunks {
    type Item = Steps;

    #[inline(always)]
    fn next(&mut self) -> Option<Steps> {
        if self.0.left == 0 {
            return None;
        }
        let left = self.0.left.min(4096);
        let chunk = Steps { at: self.0.at, left, step: self.0.step };
        self.0.left -= left;
        self.0.at = self.0.at.wrapping_add(self.0.step.wrapping_mul(left as i64));
        Some(chunk)
    }
}

impl Iterator for Steps {
    type Item = i64;

    #[inline(always)]
    fn next(&mut self) -> Option<i64> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let item = self.at;
        self.at = item.wrapping_add(self.step);
        Some(item)
    }
}

/// The next element of a short array.
#[inline(always)]
pub fn next_of<T: Clone, const N: usize>(items: &[T; N], at: &mut i64) -> Option<T> {
    let item = items.get(*at as usize)?.clone();
    *at += 1;
    Some(item)
}

/// The next character.
#[inline(always)]
pub fn str_next(s: &Str, at: &mut i64) -> Option<Chr> {
    if *at >= crate::str_::len(s) {
        return None;
    }
    let c = crate::str_::at(s, *at as usize);
    *at += 1;
    Some(c)
}

/// The next character from the end.
#[inline(always)]
pub fn str_next_back(s: &Str, at: &mut i64) -> Option<Chr> {
    if *at < 0 {
        return None;
    }
    let c = crate::str_::at(s, *at as usize);
    *at -= 1;
    Some(c)
}

/// The next byte.
#[inline(always)]
pub fn bytes_next(b: &Bytes, at: &mut i64) -> Option<i64> {
    if *at >= crate::bytes::len(b) {
        return None;
    }
    let i = crate::bytes::of(b.raw(), *at as usize);
    *at += 1;
    Some(i)
}

/// The next byte from the end.
#[inline(always)]
pub fn bytes_next_back(b: &Bytes, at: &mut i64) -> Option<i64> {
    if *at < 0 {
        return None;
    }
    let i = crate::bytes::of(b.raw(), *at as usize);
    *at -= 1;
    Some(i)
}

/// `l.sort(reverse=…)`
pub fn sort_list<T: ElemOrd + Clone + 'static, L: ListLike<T>>(cx: Cx, list: &L, reverse: bool) -> R<()> {
    if reverse { list::sort_reverse(cx, list) } else { list::sort(cx, list) }
}

/// `l.sort(key=…, reverse=…)`: the key is computed once per element, in order.
pub fn sort_by_key<T, L, K>(cx: Cx, list: &L, mut key: impl FnMut(T) -> R<K>, reverse: bool) -> R<()>
where
    T: Clone + 'static,
    L: ListLike<T>,
    K: ElemOrd + Clone + 'static,
{
    let keys: List<K> = list::with_capacity(cx, list::len(cx, list))?;
    let mut at = 0;
    while let Some(item) = list::next(cx, list, &mut at)? {
        list::append(cx, &keys, key(item)?)?;
    }
    list::sort_keyed(cx, list, &keys, reverse)
}

/// A one-character string as its character.
#[inline(always)]
pub fn to_chr(s: &Str) -> R<Chr> {
    match crate::str_::to_chr(s) {
        Some(c) => Ok(c),
        None => bail(Bail::Type),
    }
}

/// A `bytes` literal, made once.
pub struct BytesConst {
    value: &'static [u8],
    made: UnsafeCell<Option<Bytes>>,
}

// SAFETY: Only touched while the GIL is held.
unsafe impl Sync for BytesConst {}

impl BytesConst {
    pub const fn new(value: &'static [u8]) -> Self {
        BytesConst { value, made: UnsafeCell::new(None) }
    }

    /// The object; it is never freed.
    pub fn get(&'static self, _: Cx) -> R<&'static Bytes> {
        // SAFETY: The GIL is held, and nothing borrows the cell across this call.
        let made = unsafe { &mut *self.made.get() };
        if made.is_none() {
            *made = Some(Bytes::copy_of(self.value)?);
        }
        match made {
            Some(bytes) => Ok(bytes),
            None => bail(Bail::Memory),
        }
    }
}

/// The next element of a live tuple from the end.
#[inline(always)]
pub fn tuple_next_back<T: FromPy>(cx: Cx, tuple: &crate::tuple::PTuple<T>, at: &mut i64) -> R<Option<T>> {
    if *at < 0 {
        return Ok(None);
    }
    let item = crate::tuple::get(cx, tuple, *at)?;
    *at -= 1;
    Ok(Some(item))
}

/// `int()`
#[inline(always)]
pub fn zero_int() -> i64 {
    0
}

/// `float()`
#[inline(always)]
pub fn zero_float() -> f64 {
    0.0
}

/// `bool & bool` and its siblings stay `bool`.
pub mod bool_ {
    #[inline(always)]
    pub fn and_(a: bool, b: bool) -> bool {
        a & b
    }

    #[inline(always)]
    pub fn or_(a: bool, b: bool) -> bool {
        a | b
    }

    #[inline(always)]
    pub fn xor(a: bool, b: bool) -> bool {
        a ^ b
    }

    /// `~bool` warns from 3.12 on, so Python does it there.
    #[inline(always)]
    pub fn inv(a: bool) -> crate::stop::R<i64> {
        if cfg!(Py_3_12) { crate::stop::bail(crate::stop::Bail::Unsupported) } else { Ok(!i64::from(a)) }
    }
}

/// A slice of a live tuple as a fresh list (`a, *rest = t`).
pub fn tuple_list<T: FromPy + Clone>(
    cx: Cx,
    tuple: &crate::tuple::PTuple<T>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<List<T>> {
    let slice = crate::range::Slice::new(start, stop, step, crate::tuple::len(cx, tuple) as usize)?;
    let out = list::with_capacity(cx, slice.count as i64)?;
    for i in 0..slice.count {
        list::append(cx, &out, crate::tuple::get(cx, tuple, slice.position(i) as i64)?)?;
    }
    Ok(out)
}

/// `math.isclose(a, b, abs_tol=…)`
pub fn isclose_abs(a: f64, b: f64, _: (), abs_tol: f64) -> R<bool> {
    crate::math::isclose_tol(a, b, 1e-9, abs_tol)
}

/// `s.split(None, maxsplit)`
pub fn split_max(cx: Cx, s: &Str, (): (), most: i64) -> R<List<Str>> {
    crate::str_::split_whitespace(cx, s, most)
}

/// `s.rsplit(None, maxsplit)`
pub fn rsplit_max(cx: Cx, s: &Str, (): (), most: i64) -> R<List<Str>> {
    crate::str_::rsplit_whitespace(cx, s, most)
}

/// The middle of `first, *middle = s`.
pub fn str_list(cx: Cx, s: &Str, start: Option<i64>, stop: Option<i64>, _: Option<i64>) -> R<List<Chr>> {
    let out = list::new(cx)?;
    for at in start.unwrap_or(0)..stop.unwrap_or(0) {
        list::append(cx, &out, crate::str_::get(cx, s, at)?)?;
    }
    Ok(out)
}

/// Has the processor registers of 256 bits? Nothing comes out differently there: no operations are contracted.
#[cfg(target_arch = "x86_64")]
#[inline]
pub fn is_wide() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}
