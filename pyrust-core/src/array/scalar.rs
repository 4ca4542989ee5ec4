//! NumPy's scalars: what reading an element of an array gives.
//!
//! They follow NumPy 2: a Python scalar takes the type of the NumPy scalar that it meets, and two NumPy scalars meet in
//! the type that the operation table names. What would warn (overflow, a division by zero, an invalid operation) bails:
//! Python then says so.

use core::cmp::Ordering;
use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject, PyTypeObject};

use super::{Array, Operand};
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::elem::{ElemEq, ElemOrd, View};
use crate::fmt::Repr;
use crate::foreign::{class_in, is_class};
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::txn::Cx;

/// The type of elements.
pub trait Dtype: Copy + PartialOrd + 'static {
    /// The letter that NumPy has for it on this platform.
    const CODE: u8;
    /// What its class is called: in NumPy, and in full.
    const NAME: (&'static CStr, &'static CStr);
    /// A value that tells the layout of a scalar.
    const PROBE: Self;
    /// The same as a float.
    const PROBE_FLOAT: f64;

    /// The class, once it is known; strongly held for good.
    fn class() -> &'static AtomicPtr<PyTypeObject>;

    /// Reads one from memory.
    ///
    /// # Safety
    /// `place` is that of an element.
    #[inline(always)]
    unsafe fn load(place: *const Self) -> Self {
        // SAFETY: by the caller.
        unsafe { *place }
    }

    /// A NaN: which object it was decides about equality in containers.
    #[inline(always)]
    #[expect(clippy::eq_op, reason = "that is what a NaN is")]
    fn is_nan(self) -> bool {
        self != self
    }
}

macro_rules! dtypes {
    ($($ty:ident $code:literal $windows:literal $short:literal $full:literal $probe:expr, $float:expr $(, $load:item)?;)+) => { $(
        impl Dtype for $ty {
            const CODE: u8 = if cfg!(windows) { $windows } else { $code };
            const NAME: (&'static CStr, &'static CStr) = ($short, $full);
            const PROBE: Self = $probe;
            const PROBE_FLOAT: f64 = $float;

            fn class() -> &'static AtomicPtr<PyTypeObject> {
                static CLASS: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());
                &CLASS
            }
            $($load)?
        }
    )+ };
}

dtypes! {
    f64 b'd' b'd' c"float64" c"numpy.float64" 77.5, 77.5;
    f32 b'f' b'f' c"float32" c"numpy.float32" 77.5, 77.5;
    i64 b'l' b'q' c"int64" c"numpy.int64" 0x0102_0304_0506, 1_108_152_157_446.0;
    i32 b'i' b'l' c"int32" c"numpy.int32" 0x0102_0304, 16_909_060.0;
    i16 b'h' b'h' c"int16" c"numpy.int16" 0x0102, 258.0;
    i8 b'b' b'b' c"int8" c"numpy.int8" 77, 77.0;
    u64 b'L' b'Q' c"uint64" c"numpy.uint64" 0x0102_0304_0506, 1_108_152_157_446.0;
    u32 b'I' b'L' c"uint32" c"numpy.uint32" 0x0102_0304, 16_909_060.0;
    u16 b'H' b'H' c"uint16" c"numpy.uint16" 0x0102, 258.0;
    u8 b'B' b'B' c"uint8" c"numpy.uint8" 77, 77.0;
    bool b'?' b'?' c"bool" c"numpy.bool" true, 1.0,
        // Views of other memory hold any byte.
        #[inline(always)]
        unsafe fn load(place: *const bool) -> bool {
            // SAFETY: by the caller.
            unsafe { *place.cast::<u8>() != 0 }
        };
}

/// How many bytes an element takes; 0 for what is not read.
pub(super) fn element_size(code: u8) -> usize {
    macro_rules! sizes {
        ($($ty:ident)+) => { $( if code == <$ty as Dtype>::CODE { return size_of::<$ty>(); } )+ };
    }
    sizes!(f64 f32 i64 i32 i16 i8 u64 u32 u16 u8 bool);
    0
}

/// A NumPy scalar.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
#[repr(transparent)]
pub struct Np<T>(pub T);

#[repr(C)]
struct ScalarObject<T> {
    head: PyObject,
    value: T,
}

impl<T: Dtype> Np<T> {
    /// The class; proved to be laid out as its header says when it is seen first.
    pub(super) fn class() -> R<*mut PyTypeObject> {
        let known = T::class().load(Relaxed);
        if known.is_null() { Self::find_class() } else { Ok(known) }
    }

    #[cold]
    fn find_class() -> R<*mut PyTypeObject> {
        // SAFETY: the GIL is held; a class that NumPy made, of whose instances one is made and asked, which is C code.
        unsafe {
            let class = class_in(c"numpy", T::NAME.0, T::NAME.1)?;
            if (*class).tp_basicsize != size_of::<ScalarObject<T>>() as ffi::Py_ssize_t
                || (*class).tp_itemsize != 0
            {
                return bail(Bail::Unsupported);
            }
            let probe = Temporary(c::owned(Self::make(class, T::PROBE)?)?);
            let float = Temporary(undisturbed(|| c::owned(ffi::PyNumber_Float(probe.ptr())))?);
            if ffi::PyFloat_AsDouble(float.ptr()) != T::PROBE_FLOAT {
                return bail(Bail::Unsupported);
            }
            T::class().store(class, Relaxed);
            Ok(class)
        }
    }

    /// # Safety
    /// The class of these scalars.
    unsafe fn make(class: *mut PyTypeObject, value: T) -> R<*mut PyObject> {
        // SAFETY: by the caller: instances are a head and the value, and hold no references.
        unsafe {
            let Some(alloc) = (*class).tp_alloc else { return bail(Bail::Unsupported) };
            let object = fresh(alloc(class, 0))?;
            (*object.cast::<ScalarObject<T>>()).value = value;
            Ok(object)
        }
    }

    #[inline]
    unsafe fn exact(object: *mut PyObject) -> bool {
        // SAFETY: by the caller, alive.
        unsafe {
            let class = ffi::Py_TYPE(object);
            let known = T::class().load(Relaxed);
            if known.is_null() {
                return is_class(class, T::NAME.1)
                    && Self::find_class().is_ok_and(|found| ptr::eq(found, class));
            }
            ptr::eq(class, known)
        }
    }

    /// `bool(self)`
    #[inline(always)]
    pub fn truth(self) -> bool
    where
        T: Zero,
    {
        self.0 != T::ZERO
    }
}

impl<T: Dtype> FromPy for Np<T> {
    unsafe fn from_py(cx: Cx, object: *mut PyObject) -> R<Self> {
        // SAFETY: by the caller; an exact instance is a head and the value.
        unsafe {
            if !Self::exact(object) {
                return bail(Bail::Type);
            }
            super::check_errors(cx)?;
            let value = T::load(&raw const (*object.cast::<ScalarObject<T>>()).value);
            // It would have to go out as the same object.
            if value.is_nan() { bail(Bail::Nan) } else { Ok(Np(value)) }
        }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: by the caller.
        unsafe { Self::exact(object) }
    }
}

/// What makes the object; it needs nothing of the transaction's.
pub trait IntoObject {
    /// A new reference.
    fn into_object(self) -> R<*mut PyObject>;
}

impl<T: Dtype> IntoPy for Np<T>
where
    Np<T>: IntoObject,
{
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        self.into_object()
    }
}

impl IntoObject for Np<bool> {
    fn into_object(self) -> R<*mut PyObject> {
        // There are two of them.
        static BOTH: [AtomicPtr<PyObject>; 2] = [const { AtomicPtr::new(ptr::null_mut()) }; 2];
        let place = &BOTH[usize::from(self.0)];
        let mut known = place.load(Relaxed);
        // SAFETY: the GIL is held; the class makes no new instance but hands one of the two out.
        unsafe {
            if known.is_null() {
                let class = Self::class()?;
                let truth = if self.0 { ffi::Py_True() } else { ffi::Py_False() };
                known = undisturbed(|| c::owned(ffi::PyObject_CallOneArg(class.cast(), truth)))?.as_ptr();
                place.store(known, Relaxed);
            }
            Ok(ffi::Py_NewRef(known))
        }
    }
}

macro_rules! boxed {
    ($($ty:ident)+) => { $(
        impl IntoObject for Np<$ty> {
            fn into_object(self) -> R<*mut PyObject> {
                // SAFETY: the class of these scalars.
                unsafe { Self::make(Self::class()?, self.0) }
            }
        }
    )+ };
}

boxed!(f64 f32 i64 i32 i16 i8 u64 u32 u16 u8);

impl<T: Dtype> ElemEq for Np<T> {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        if self.0.is_nan() && other.0.is_nan() { bail(Bail::Nan) } else { Ok(self.0 == other.0) }
    }

    fn view(&self) -> View<'_> {
        View::Function
    }
}

impl<T: Dtype> ElemOrd for Np<T> {
    #[inline]
    fn elem_cmp(&self, _: Cx, other: &Self) -> R<Ordering> {
        match self.0.partial_cmp(&other.0) {
            Some(order) => Ok(order),
            None => bail(Bail::Nan),
        }
    }
}

impl<T: Dtype> Repr for Np<T> {
    fn push_repr(&self, _: Cx, _: &mut StrBuilder) -> R<()> {
        bail(Bail::Unsupported)
    }
}

/// A type with a zero.
pub trait Zero: Copy + PartialEq {
    const ZERO: Self;
}

/// A value that takes part in an operation done in `C`. What NumPy would refuse or warn about bails.
pub trait Conv<C> {
    fn conv(self) -> R<C>;
}

macro_rules! widen {
    ($($to:ident)+) => { $( widen!(@from $to: f64 f32 i64 i32 i16 i8 u64 u32 u16 u8);
        impl Conv<$to> for Np<bool> {
            #[inline(always)]
            fn conv(self) -> R<$to> { Ok(u8::from(self.0) as $to) }
        }
        impl Conv<$to> for bool {
            #[inline(always)]
            fn conv(self) -> R<$to> { Ok(u8::from(self) as $to) }
        }
    )+ };
    (@from $to:ident: $($from:ident)+) => { $(
        impl Conv<$to> for Np<$from> {
            #[inline(always)]
            // The table names a type that holds both.
            fn conv(self) -> R<$to> { Ok(self.0 as $to) }
        }
    )+ };
}

widen!(f64 f32 i64 i32 i16 i8 u64 u32 u16 u8);

macro_rules! from_int {
    ($($to:ident)+) => { $(
        impl Zero for $to {
            const ZERO: Self = 0 as $to;
        }
        impl Conv<$to> for i64 {
            #[inline(always)]
            fn conv(self) -> R<$to> {
                match <$to>::try_from(self) {
                    Ok(value) => Ok(value),
                    Err(_) => bail(Bail::Overflow),
                }
            }
        }
    )+ };
}

from_int!(i64 i32 i16 i8 u64 u32 u16 u8);

impl Zero for f64 {
    const ZERO: f64 = 0.0;
}

impl Zero for f32 {
    const ZERO: f32 = 0.0;
}

impl Zero for bool {
    const ZERO: bool = false;
}

impl Conv<f64> for i64 {
    #[inline(always)]
    fn conv(self) -> R<f64> {
        Ok(self as f64)
    }
}

impl Conv<f32> for i64 {
    #[inline(always)]
    fn conv(self) -> R<f32> {
        // By way of a double, as NumPy does it.
        Ok(self as f64 as f32)
    }
}

impl Conv<f64> for f64 {
    #[inline(always)]
    fn conv(self) -> R<f64> {
        Ok(self)
    }
}

impl Conv<f32> for f64 {
    #[inline(always)]
    fn conv(self) -> R<f32> {
        let value = self as f32;
        if value.is_finite() || !self.is_finite() { Ok(value) } else { bail(Bail::Warning) }
    }
}

impl Conv<bool> for bool {
    #[inline(always)]
    fn conv(self) -> R<bool> {
        Ok(self)
    }
}

impl Conv<bool> for Np<bool> {
    #[inline(always)]
    fn conv(self) -> R<bool> {
        Ok(self.0)
    }
}

/// Is a result that is not finite one that came of operands that were not, without a flag? Bails if not: NumPy warns.
macro_rules! float_checks {
    ($($check:ident $ty:ident;)+) => { $(
        #[cold]
        #[inline(never)]
        extern "C" fn $check(a: $ty, b: $ty, result: $ty) -> R<()> {
            let silent = if result.is_nan() {
                a.is_nan() || b.is_nan()
            } else {
                a.is_infinite() || b.is_infinite()
            };
            if silent { Ok(()) } else { bail(Bail::Warning) }
        }
    )+ };
}

float_checks! {
    silent_f64 f64;
    silent_f32 f32;
}

macro_rules! floats {
    ($($module:ident $ty:ident $check:ident;)+) => { $(
        /// Arithmetic that NumPy does in this type.
        pub mod $module {
            use super::*;

            #[inline(always)]
            fn checked(a: $ty, b: $ty, result: $ty) -> R<Np<$ty>> {
                // The result itself does not go through the call: it would leave its register.
                if !result.is_finite() {
                    $check(a, b, result)?;
                }
                Ok(Np(result))
            }

            /// `a + b`
            #[inline(always)]
            pub fn add<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                checked(a, b, a + b)
            }

            /// `a - b`
            #[inline(always)]
            pub fn sub<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                checked(a, b, a - b)
            }

            /// `a * b`
            #[inline(always)]
            pub fn mul<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                checked(a, b, a * b)
            }

            /// `a / b`
            #[inline(always)]
            pub fn truediv<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                // By zero an infinity comes out of an infinity without a word.
                if b == 0.0 {
                    return bail(Bail::Warning);
                }
                checked(a, b, a / b)
            }

            quick!($ty: quick_add +, quick_sub -, quick_mul *, quick_truediv /);

            #[inline(always)]
            fn note(value: $ty) -> ($ty, i64) {
                (value, super::super::dense::Noted::note(value))
            }

            whole!($ty: add array_add array_iadd PyNumber_Add asked_iadd |a, b| note(a + b));
            whole!($ty: sub array_sub array_isub PyNumber_Subtract asked_isub |a, b| note(a - b));
            whole!($ty: mul array_mul array_imul PyNumber_Multiply asked_imul |a, b| note(a * b));
            whole!($ty: truediv array_truediv array_itruediv PyNumber_TrueDivide asked_itruediv |a, b| note(a / b));

            /// `-a`
            #[inline(always)]
            pub fn neg<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
                Ok(Np(-a.conv()?))
            }

            /// `abs(a)`
            #[inline(always)]
            pub fn abs<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
                Ok(Np(a.conv()?.abs()))
            }

            comparisons!($ty);
        }
    )+ };
}

macro_rules! quick {
    ($ty:ident: $($name:ident $op:tt),+) => { $(
        #[doc = concat!("`a ", stringify!($op), " b`, whatever comes out: see [`super::super::dense`].")]
        #[inline(always)]
        pub fn $name<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
            Ok(Np(a.conv()? $op b.conv()?))
        }
    )+ };
}

macro_rules! whole {
    ($ty:ident: $exact:ident $name:ident $in_place:ident $operator:ident $asked:ident |$a:ident, $b:ident| $quick:expr) => {
        #[doc = concat!("`", stringify!($exact), "` of arrays, or of an array and a value: a new array.")]
        pub fn $name<A: Operand<$ty, N>, B: Operand<$ty, N>, const N: usize>(
            cx: Cx,
            a: A,
            b: B,
        ) -> R<Array<$ty, N>> {
            super::super::whole::combined(
                cx,
                ffi::$operator,
                super::super::$asked,
                (a, b),
                |$a, $b| $quick,
                |a, b| $exact(Np(a), Np(b)),
            )
        }

        #[doc = concat!("`", stringify!($exact), "` that changes the array.")]
        pub fn $in_place<B: Operand<$ty, N>, const N: usize>(cx: Cx, a: Array<$ty, N>, b: B) -> R<()> {
            super::super::whole::changed(
                cx,
                super::super::$asked,
                (a, b),
                |$a, $b| $quick,
                |a, b| $exact(Np(a), Np(b)),
            )
        }
    };
}

macro_rules! comparisons {
    ($ty:ident) => {
        comparisons!(@one $ty: eq ==, ne !=, lt <, le <=, gt >, ge >=);

        /// The value in this type.
        #[inline(always)]
        pub fn pos<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
            Ok(Np(a.conv()?))
        }
    };
    (@one $ty:ident: $($name:ident $op:tt),+) => { $(
        #[doc = concat!("`a ", stringify!($op), " b`")]
        #[inline(always)]
        pub fn $name<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<bool> {
            Ok(a.conv()? $op b.conv()?)
        }
    )+ };
}

floats! {
    float64 f64 silent_f64;
    float32 f32 silent_f32;
}

macro_rules! ints {
    ($($module:ident $ty:ident;)+) => { $(
        /// Arithmetic that NumPy does in this type.
        pub mod $module {
            use super::*;

            #[inline(always)]
            fn checked(result: Option<$ty>) -> R<Np<$ty>> {
                match result {
                    Some(value) => Ok(Np(value)),
                    None => bail(Bail::Warning),
                }
            }

            /// `a + b`
            #[inline(always)]
            pub fn add<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                checked(a.conv()?.checked_add(b.conv()?))
            }

            /// `a - b`
            #[inline(always)]
            pub fn sub<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                checked(a.conv()?.checked_sub(b.conv()?))
            }

            /// `a * b`
            #[inline(always)]
            pub fn mul<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                checked(a.conv()?.checked_mul(b.conv()?))
            }

            whole!($ty: add array_add array_iadd PyNumber_Add asked_iadd |a, b| (a.wrapping_add(b), 0));
            whole!($ty: sub array_sub array_isub PyNumber_Subtract asked_isub |a, b| (a.wrapping_sub(b), 0));
            whole!($ty: mul array_mul array_imul PyNumber_Multiply asked_imul |a, b| (a.wrapping_mul(b), 0));

            /// `a // b`: rounded down.
            #[inline(always)]
            #[allow(unused_comparisons, reason = "there are unsigned ones")]
            pub fn floordiv<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                let Some(quotient) = a.checked_div(b) else { return bail(Bail::Warning) };
                let down = a % b != 0 && (a < 0) != (b < 0);
                Ok(Np(quotient - down as $ty))
            }

            /// `a % b`: of the sign of `b`.
            #[inline(always)]
            #[allow(unused_comparisons, reason = "there are unsigned ones")]
            pub fn modulo<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                let (a, b) = (a.conv()?, b.conv()?);
                let Some(rest) = a.checked_rem(b) else { return bail(Bail::Warning) };
                Ok(Np(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
            }

            /// `a & b`
            #[inline(always)]
            pub fn and<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                Ok(Np(a.conv()? & b.conv()?))
            }

            /// `a | b`
            #[inline(always)]
            pub fn or<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                Ok(Np(a.conv()? | b.conv()?))
            }

            /// `a ^ b`
            #[inline(always)]
            pub fn xor<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                Ok(Np(a.conv()? ^ b.conv()?))
            }

            /// The distance of a shift that loses nothing that C leaves open.
            #[inline(always)]
            fn distance(by: $ty) -> R<u32> {
                match u32::try_from(by) {
                    Ok(by) if by < <$ty>::BITS => Ok(by),
                    _ => bail(Bail::Unsupported),
                }
            }

            /// `a << b`: what leaves the type is lost without a word.
            #[inline(always)]
            pub fn lshift<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                Ok(Np(a.conv()? << distance(b.conv()?)?))
            }

            /// `a >> b`
            #[inline(always)]
            pub fn rshift<A: Conv<$ty>, B: Conv<$ty>>(a: A, b: B) -> R<Np<$ty>> {
                Ok(Np(a.conv()? >> distance(b.conv()?)?))
            }

            /// `~a`
            #[inline(always)]
            pub fn inv<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
                Ok(Np(!a.conv()?))
            }

            /// `-a`
            #[inline(always)]
            pub fn neg<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
                checked(a.conv()?.checked_neg())
            }

            /// `abs(a)`
            #[inline(always)]
            #[allow(unused_comparisons, reason = "there are unsigned ones")]
            pub fn abs<A: Conv<$ty>>(a: A) -> R<Np<$ty>> {
                let a = a.conv()?;
                if a < 0 { checked(a.checked_neg()) } else { Ok(Np(a)) }
            }

            comparisons!($ty);
        }
    )+ };
}

ints! {
    int64 i64;
    int32 i32;
    int16 i16;
    int8 i8;
    uint64 u64;
    uint32 u32;
    uint16 u16;
    uint8 u8;
}

/// `a ** b` of doubles: C's `pow`. What is not finite, whatever it came from, is left to Python.
#[inline]
pub fn pow<A: Conv<f64>, B: Conv<f64>>(a: A, b: B) -> R<Np<f64>> {
    let (a, b) = (a.conv()?, b.conv()?);
    let result = crate::float::plain_pow(a, b);
    if result.is_finite() { Ok(Np(result)) } else { bail(Bail::Warning) }
}

/// Logic that NumPy does on its booleans.
pub mod boolean {
    use super::*;

    /// `a & b`
    #[inline(always)]
    pub fn and<A: Conv<bool>, B: Conv<bool>>(a: A, b: B) -> R<Np<bool>> {
        Ok(Np(a.conv()? & b.conv()?))
    }

    /// `a | b`
    #[inline(always)]
    pub fn or<A: Conv<bool>, B: Conv<bool>>(a: A, b: B) -> R<Np<bool>> {
        Ok(Np(a.conv()? | b.conv()?))
    }

    /// `a ^ b`
    #[inline(always)]
    pub fn xor<A: Conv<bool>, B: Conv<bool>>(a: A, b: B) -> R<Np<bool>> {
        Ok(Np(a.conv()? ^ b.conv()?))
    }

    /// `~a`
    #[inline(always)]
    pub fn inv<A: Conv<bool>>(a: A) -> R<Np<bool>> {
        Ok(Np(!a.conv()?))
    }

    comparisons!(bool);
}

/// A NumPy int as an index, or as one of Python's.
pub trait Index {
    fn index(self) -> R<i64>;
}

macro_rules! indices {
    ($($ty:ident)+) => { $(
        impl Index for Np<$ty> {
            #[inline(always)]
            fn index(self) -> R<i64> {
                match i64::try_from(self.0) {
                    Ok(value) => Ok(value),
                    Err(_) => bail(Bail::Overflow),
                }
            }
        }
    )+ };
}

indices!(i64 i32 i16 i8 u64 u32 u16 u8);

impl Index for i64 {
    #[inline(always)]
    fn index(self) -> R<i64> {
        Ok(self)
    }
}

/// A NumPy number as a float of Python's.
#[inline(always)]
pub fn to_float<A: Conv<f64>>(a: A) -> R<f64> {
    a.conv()
}

/// A NumPy int as one of Python's.
#[inline(always)]
pub fn to_int<A: Index>(a: A) -> R<i64> {
    a.index()
}
