//! NumPy arrays as typed views: exact `numpy.ndarray` of a numeric dtype, of up to four dimensions and any strides.
//!
//! An array is read and written in its own memory, so that everything that overlaps sees the same. What stores overwrite
//! is kept by the transaction ([`state`]). Elements are NumPy scalars ([`scalar`]).

mod apart;
pub(crate) mod asked;
mod beside;
mod dense;
mod layout;
mod made;
mod numbers;
mod one_pass;
mod scalar;
mod state;
mod ufunc;
mod whole;

pub use apart::*;
pub use asked::*;
pub use beside::*;
pub use dense::*;
pub use made::*;
pub use numbers::*;
pub use one_pass::*;
pub use scalar::*;
pub(crate) use state::Arrays;
pub use state::{Root, Whole, mark, spent, sweep};
pub use ufunc::*;
pub use whole::*;

use core::ptr;

use pyo3_ffi::PyObject;

use crate::builtins::c::Builtin;
use crate::elem::{ElemEq, ElemOrd, View};
use crate::fmt::Repr;
use crate::py::{FromPy, IntoPy, again};
use crate::range::Slice;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::StrBuilder;
#[cfg(target_arch = "x86_64")]
pub use crate::support::is_wide;
use crate::txn::Cx;
use layout::MOST_DIMS;
use scalar::element_size;
use state::State;

/// Looks once in a transaction how NumPy reports errors.
#[inline]
fn check_errors(cx: Cx) -> R<()> {
    // SAFETY: a short borrow.
    let checked = unsafe { core::mem::replace(&mut cx.txn().rare().arrays.errors_checked, true) };
    if checked { Ok(()) } else { layout::check_errors(cx) }
}

/// A view of an array's elements.
pub struct Array<T, const N: usize> {
    data: *mut T,
    shape: [i64; N],
    strides: [isize; N],
    state: *const State,
    /// The object that it is; null for a view that native code made.
    object: *mut PyObject,
    /// Stores need no log. What is known here needs no look at the state.
    free: bool,
}

impl<T, const N: usize> Clone for Array<T, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const N: usize> Copy for Array<T, N> {}

impl<T: Dtype, const N: usize> FromPy for Array<T, N> {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller.
        unsafe {
            if !layout::is_array(object) {
                return bail(Bail::Type);
            }
            cx.sees_object();
            let place = state::state_of(cx, object, false)?;
            let state = &*place;
            if state.code != T::CODE || state.dims != N {
                return bail(Bail::Type);
            }
            let (mut shape, mut strides) = ([0; N], [0; N]);
            for at in 0..N {
                shape[at] = state.shape[at] as i64;
                strides[at] = state.strides[at];
            }
            let free = state.free.get();
            Ok(Array { data: state.data.cast(), shape, strides, state: place, object, free })
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: by the caller; the layout is that of an exact array, if it was proved.
        unsafe {
            if !layout::is_array(object) || layout::check(object).is_err() {
                return false;
            }
            let array = &*object.cast::<layout::ArrayObject>();
            array.nd == N as i32 && (*array.descr).code == T::CODE
        }
    }
}

impl<T: Dtype, const N: usize> IntoPy for Array<T, N> {
    fn into_py(self, cx: Cx) -> R<*mut PyObject> {
        if self.object.is_null() {
            // Native code does not know views apart that look the same.
            if !state::is_first(cx, &self)? {
                return bail(Bail::Alias);
            }
            let view = asked::object(&self)?;
            let object = view.ptr();
            core::mem::forget(view);
            return Ok(object);
        }
        // SAFETY: the transaction keeps it alive.
        Ok(unsafe { again(self.object) })
    }
}

/// The place that an index means in a dimension of `len`.
#[inline(always)]
fn place(i: i64, len: i64) -> R<isize> {
    let at = if i < 0 { i.wrapping_add(len) } else { i };
    if (at as u64) < len as u64 { Ok(at as isize) } else { exc(Exc::IndexError) }
}

/// What can stand in the brackets to name one element of an array of `N` dimensions.
pub trait Place<const N: usize> {
    /// The offset in bytes.
    fn offset(self, shape: &[i64; N], strides: &[isize; N]) -> R<isize>;
}

impl<I: Index> Place<1> for I {
    #[inline(always)]
    fn offset(self, shape: &[i64; 1], strides: &[isize; 1]) -> R<isize> {
        Ok(place(self.index()?, shape[0])? * strides[0])
    }
}

macro_rules! places {
    ($($n:literal: $($name:ident $at:tt),+;)+) => { $(
        impl<$($name: Index),+> Place<$n> for ($($name,)+) {
            #[inline(always)]
            fn offset(self, shape: &[i64; $n], strides: &[isize; $n]) -> R<isize> {
                let mut offset = 0;
                $( offset += place(self.$at.index()?, shape[$at])? * strides[$at]; )+
                Ok(offset)
            }
        }
    )+ };
}

places! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
}

impl<T, const N: usize> Array<T, N> {
    /// What a variable holds before an array is assigned.
    pub const fn nothing() -> Self {
        Array {
            data: ptr::null_mut(),
            shape: [0; N],
            strides: [0; N],
            state: ptr::null(),
            object: ptr::null_mut(),
            free: false,
        }
    }
}

impl<T: Dtype, const N: usize> Array<T, N> {
    /// The array that the transaction knows as this object.
    fn from_object(cx: Cx, object: *mut PyObject) -> R<Self> {
        if object.is_null() {
            return bail(Bail::Unsupported);
        }
        // SAFETY: the transaction keeps it alive.
        unsafe { Self::from_py(cx, object) }
    }

    #[inline(always)]
    fn at(&self, offset: isize) -> *mut T {
        // SAFETY: an offset made of places within the shape: it names an element.
        unsafe { self.data.byte_offset(offset) }
    }

    /// `self is other`
    #[inline]
    pub fn is<U, const M: usize>(self, other: Array<U, M>) -> R<bool> {
        if self.object.is_null() || other.object.is_null() {
            return bail(Bail::Unsupported);
        }
        Ok(ptr::eq(self.object, other.object))
    }

    #[inline(always)]
    fn store(&self, cx: Cx, place: *mut T, value: T) -> R<()> {
        // SAFETY: the state lives as long as the transaction, the place is that of an element.
        unsafe {
            if !self.free && !(*self.state).free.get() {
                (*self.state).before_store(cx, place.cast(), size_of::<T>())?;
            }
            *place = value;
        }
        Ok(())
    }
}

impl<T: Dtype> Array<T, 1> {
    /// Stores an element.
    #[inline(always)]
    fn keep(&self, cx: Cx, i: i64, value: T) -> R<()> {
        self.store(cx, self.at(place(i, self.shape[0])? * self.strides[0]), value)
    }
}

/// `a[i]`, `a[i, j]`: one element.
#[inline(always)]
pub fn get<T: Dtype, P: Place<N>, const N: usize>(a: Array<T, N>, at: P) -> R<Np<T>> {
    let offset = at.offset(&a.shape, &a.strides)?;
    // SAFETY: the place of an element of memory that lives as long as the transaction.
    Ok(Np(unsafe { T::load(a.at(offset)) }))
}

/// `a[i] = v`, `a[i, j] = v`: one element.
#[inline(always)]
pub fn set<T: Dtype, V: Stored<T>, P: Place<N>, const N: usize>(
    cx: Cx,
    a: Array<T, N>,
    at: P,
    v: V,
) -> R<()> {
    let offset = at.offset(&a.shape, &a.strides)?;
    let value = v.stored()?;
    a.store(cx, a.at(offset), value)
}

macro_rules! rows {
    ($($name:ident $next:ident $n:literal $m:literal;)+) => { $(
        /// `a[i]` of an array of more dimensions: a view.
        #[inline(always)]
        pub fn $name<T: Dtype, I: Index>(a: Array<T, $n>, i: I) -> R<Array<T, $m>> {
            Ok(row(a, place(i.index()?, a.shape[0])?))
        }

        /// The next view of a loop over an array.
        #[inline(always)]
        pub fn $next<T: Dtype>(a: &Array<T, $n>, at: &mut i64) -> Option<Array<T, $m>> {
            if *at >= a.shape[0] {
                return None;
            }
            *at += 1;
            Some(row(*a, (*at - 1) as isize))
        }
    )+ };
}

rows! {
    row2 next2 2 1;
    row3 next3 3 2;
    row4 next4 4 3;
}

/// `a[start:stop:step]`: a view.
#[inline]
pub fn slice<T: Dtype, const N: usize>(
    mut a: Array<T, N>,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> R<Array<T, N>> {
    let slice = Slice::new(start, stop, step, a.shape[0] as usize)?;
    // No element is named where there is none.
    if slice.count > 0 {
        a.data = a.at(slice.start as isize * a.strides[0]);
    }
    a.shape[0] = slice.count as i64;
    a.strides[0] = a.strides[0].wrapping_mul(slice.step as isize);
    a.object = ptr::null_mut();
    Ok(a)
}

static ZEROS: Builtin = Builtin::new(c"numpy._core._multiarray_umath", c"zeros");
static EMPTY: Builtin = Builtin::new(c"numpy._core._multiarray_umath", c"empty");

/// A new array of any type, with whatever stands in its memory.
fn made_as<T: Dtype, const N: usize>(cx: Cx, shape: [i64; N]) -> R<Array<T, N>> {
    made_of(cx, &EMPTY, shape)
}

fn made_of<T: Dtype, const N: usize>(cx: Cx, function: &Builtin, shape: [i64; N]) -> R<Array<T, N>> {
    cx.before_tracked();
    cx.point()?;
    check_errors(cx)?;
    // SAFETY: a C function that is given a tuple of ints; the transaction keeps what it makes.
    unsafe {
        let tuple = made::shape_object(&shape)?.0;
        let array = function.call(&[tuple.ptr(), Np::<T>::class()?.cast()])?;
        let array = cx.adopt(array.as_ptr())?.as_ptr();
        if !layout::is_array(array) {
            return bail(Bail::Unsupported);
        }
        state::state_of(cx, array, true)?;
        Array::from_py(cx, array)
    }
}

/// The view at this place of the first dimension.
#[inline(always)]
fn row<T: Dtype, const N: usize, const M: usize>(a: Array<T, N>, place: isize) -> Array<T, M> {
    const { assert!(N == M + 1) };
    let (mut shape, mut strides) = ([0; M], [0; M]);
    shape.copy_from_slice(&a.shape[1..]);
    strides.copy_from_slice(&a.strides[1..]);
    let data = a.at(place * a.strides[0]);
    Array { data, shape, strides, state: a.state, object: ptr::null_mut(), free: a.free }
}

/// `len(a)`
#[inline(always)]
pub fn len<T: Dtype, const N: usize>(a: Array<T, N>) -> i64 {
    a.shape[0]
}

/// `a.size`
#[inline(always)]
pub fn size<T: Dtype, const N: usize>(a: Array<T, N>) -> i64 {
    a.shape.iter().product()
}

/// `a.ndim`
#[inline(always)]
pub fn ndim<T: Dtype, const N: usize>(_: Array<T, N>) -> i64 {
    N as i64
}

macro_rules! shapes {
    ($($name:ident $n:literal ($($at:literal)+) $ty:ty;)+) => { $(
        /// `a.shape`
        #[inline(always)]
        pub fn $name<T: Dtype>(a: Array<T, $n>) -> $ty {
            ($(a.shape[$at],)+)
        }
    )+ };
}

shapes! {
    shape1 1 (0) (i64,);
    shape2 2 (0 1) (i64, i64);
    shape3 3 (0 1 2) (i64, i64, i64);
    shape4 4 (0 1 2 3) (i64, i64, i64, i64);
}

/// The next element of a loop over an array.
#[inline(always)]
pub fn next1<T: Dtype>(a: &Array<T, 1>, at: &mut i64) -> Option<Np<T>> {
    if *at >= a.shape[0] {
        return None;
    }
    // SAFETY: the place of an element.
    let value = unsafe { T::load(a.at(*at as isize * a.strides[0])) };
    *at += 1;
    Some(Np(value))
}

/// A value as an element of `T`. What NumPy would refuse or warn about bails.
pub trait Stored<T> {
    fn stored(self) -> R<T>;
}

macro_rules! stored {
    ($($to:ident)+) => { $(
        stored!(@ints $to: i64 i32 i16 i8 u64 u32 u16 u8);
        stored!(@floats $to: f64 f32);
        impl Stored<$to> for bool {
            #[inline(always)]
            fn stored(self) -> R<$to> { Ok(u8::from(self) as $to) }
        }
        impl Stored<$to> for Np<bool> {
            #[inline(always)]
            fn stored(self) -> R<$to> { self.0.stored() }
        }
        impl Stored<$to> for i64 {
            #[inline(always)]
            fn stored(self) -> R<$to> { self.conv() }
        }
        impl Stored<$to> for f64 {
            #[inline(always)]
            fn stored(self) -> R<$to> { Np(self).stored() }
        }
    )+ };
    (@ints $to:ident: $($from:ident)+) => { $(
        impl Stored<$to> for Np<$from> {
            #[inline(always)]
            fn stored(self) -> R<$to> { <$to as Element>::of_int(self.0 as i128) }
        }
    )+ };
    (@floats $to:ident: $($from:ident)+) => { $(
        impl Stored<$to> for Np<$from> {
            #[inline(always)]
            fn stored(self) -> R<$to> { <$to as Element>::of_float(f64::from(self.0)) }
        }
    )+ };
}

stored!(f64 f32 i64 i32 i16 i8 u64 u32 u16 u8);

/// How numbers become elements.
trait Element: Sized {
    fn of_int(value: i128) -> R<Self>;
    fn of_float(value: f64) -> R<Self>;
}

macro_rules! int_elements {
    ($($ty:ident)+) => { $(
        impl Element for $ty {
            #[inline(always)]
            fn of_int(value: i128) -> R<$ty> {
                // NumPy wraps.
                match <$ty>::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) => bail(Bail::Overflow),
                }
            }

            #[inline(always)]
            fn of_float(value: f64) -> R<$ty> {
                let whole = value.trunc();
                if whole >= <$ty>::MIN as f64 && whole < <$ty>::MAX as f64 {
                    Ok(whole as $ty)
                } else {
                    bail(Bail::Overflow)
                }
            }
        }
    )+ };
}

int_elements!(i64 i32 i16 i8 u64 u32 u16 u8);

impl Element for f64 {
    #[inline(always)]
    fn of_int(value: i128) -> R<f64> {
        Ok(value as f64)
    }

    #[inline(always)]
    fn of_float(value: f64) -> R<f64> {
        Ok(value)
    }
}

impl Element for f32 {
    #[inline(always)]
    fn of_int(value: i128) -> R<f32> {
        Ok(value as f32)
    }

    #[inline(always)]
    fn of_float(value: f64) -> R<f32> {
        value.conv()
    }
}

impl Stored<bool> for bool {
    #[inline(always)]
    fn stored(self) -> R<bool> {
        Ok(self)
    }
}

impl Stored<bool> for Np<bool> {
    #[inline(always)]
    fn stored(self) -> R<bool> {
        Ok(self.0)
    }
}

impl Stored<bool> for i64 {
    #[inline(always)]
    fn stored(self) -> R<bool> {
        Ok(self != 0)
    }
}

impl<T: Dtype, const N: usize> ElemEq for Array<T, N> {
    fn elem_eq(&self, _: Cx, _: &Self) -> R<bool> {
        bail(Bail::Unsupported)
    }

    fn view(&self) -> View<'_> {
        View::Function
    }
}

impl<T: Dtype, const N: usize> ElemOrd for Array<T, N> {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<core::cmp::Ordering> {
        bail(Bail::Unsupported)
    }
}

impl<T: Dtype, const N: usize> Repr for Array<T, N> {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        bail(Bail::Unsupported)
    }
}
