//! CPython's own algorithms of 3.11 to 3.13, in which a real operand becomes complex first.

use core::cmp::Ordering;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use super::{Complex, eq, eq_float, eq_int};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Builtin, Temporary};
use crate::elem::{ElemEq, ElemOrd, Key, View, hash_float};
use crate::fmt::Repr;
use crate::math::libm;
use crate::py::{FromPy, IntoPy, fresh};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::str_::{self, StrBuilder};
use crate::strs::Str;
use crate::txn::Cx;

/// A real number as a complex one.
#[inline(always)]
pub fn of_real(re: f64) -> Complex {
    Complex { re, im: 0.0 }
}

/// `2j`: the imaginary part alone.
#[inline(always)]
pub fn imaginary(im: f64) -> Complex {
    Complex { re: 0.0, im }
}

/// `complex()`.
#[inline(always)]
pub fn zero() -> Complex {
    of_real(0.0)
}

/// `complex(re, im)` of reals.
#[inline(always)]
pub fn of_parts(re: f64, im: f64) -> Complex {
    Complex { re, im }
}

/// `+z`, `complex(z)`.
#[inline(always)]
pub fn pos(z: Complex) -> Complex {
    z
}

/// `-z`.
#[inline(always)]
pub fn neg(z: Complex) -> Complex {
    Complex { re: -z.re, im: -z.im }
}

/// `z.conjugate()`.
#[inline(always)]
pub fn conjugate(z: Complex) -> Complex {
    Complex { re: z.re, im: -z.im }
}

/// `z.real`.
#[inline(always)]
pub fn real(z: Complex) -> f64 {
    z.re
}

/// `z.imag`.
#[inline(always)]
pub fn imag(z: Complex) -> f64 {
    z.im
}

/// `a + b`.
#[inline(always)]
pub fn add(a: Complex, b: Complex) -> Complex {
    Complex { re: a.re + b.re, im: a.im + b.im }
}

/// `a - b`.
#[inline(always)]
pub fn sub(a: Complex, b: Complex) -> Complex {
    Complex { re: a.re - b.re, im: a.im - b.im }
}

/// The interpreter may have been built with fused multiplications where the machine always has them: there its own
/// code does the work.
const FUSED: bool = !cfg!(target_arch = "x86_64");

/// `a * b`.
#[inline(always)]
pub fn mul(a: Complex, b: Complex) -> R<Complex> {
    if FUSED {
        return by_object(a, b, |a, b| {
            // SAFETY: two exact complex numbers.
            unsafe { ffi::PyNumber_Multiply(a, b) }
        });
    }
    Ok(Complex { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re })
}

/// `a / b`: by the larger part of the divisor.
pub fn truediv(a: Complex, b: Complex) -> R<Complex> {
    if FUSED {
        return by_object(a, b, |a, b| {
            // SAFETY: two exact complex numbers.
            unsafe { ffi::PyNumber_TrueDivide(a, b) }
        });
    }
    let (re, im) = (b.re.abs(), b.im.abs());
    if re >= im {
        if re == 0.0 {
            return exc(Exc::ZeroDivisionError);
        }
        let ratio = b.im / b.re;
        let denominator = b.re + b.im * ratio;
        return Ok(Complex {
            re: (a.re + a.im * ratio) / denominator,
            im: (a.im - a.re * ratio) / denominator,
        });
    }
    if im >= re {
        let ratio = b.re / b.im;
        let denominator = b.re * ratio + b.im;
        return Ok(Complex {
            re: (a.re * ratio + a.im) / denominator,
            im: (a.im * ratio - a.re) / denominator,
        });
    }
    Ok(Complex { re: f64::NAN, im: f64::NAN })
}

/// Beyond this exponent CPython asks C's functions for logarithm and exponent.
const MOST_SQUARINGS: f64 = 100.0;

/// `a ** b`: a small whole exponent is multiplied out, as CPython does.
pub fn pow(a: Complex, b: Complex) -> R<Complex> {
    if !FUSED && b.im == 0.0 && b.re == b.re.trunc() && b.re.abs() <= MOST_SQUARINGS {
        let power = multiplied(a, b.re.abs() as u32)?;
        let result = if b.re > 0.0 { power } else { truediv(of_real(1.0), power)? };
        if result.re.is_infinite() || result.im.is_infinite() {
            return exc(Exc::OverflowError);
        }
        return Ok(result);
    }
    by_object(a, b, |a, b| {
        // SAFETY: two exact complex numbers, and None.
        unsafe { ffi::PyNumber_Power(a, b, ffi::Py_None()) }
    })
}

/// `a ** exponent`: squares of squares, multiplied to one from the smallest on.
#[inline]
fn multiplied(a: Complex, exponent: u32) -> R<Complex> {
    let (mut power, mut square, mut left) = (of_real(1.0), a, exponent);
    while left > 0 {
        if left & 1 == 1 {
            power = mul(power, square)?;
        }
        left >>= 1;
        if left > 0 {
            square = mul(square, square)?;
        }
    }
    Ok(power)
}

fn by_object(
    a: Complex,
    b: Complex,
    f: impl FnOnce(*mut PyObject, *mut PyObject) -> *mut PyObject,
) -> R<Complex> {
    let (a, b) = (a.boxed()?, b.boxed()?);
    // SAFETY: exact numbers, so that no Python code runs; the result is one, or an exception.
    c::undisturbed(|| unsafe {
        let result = Temporary(c::owned(f(a.0.ptr(), b.0.ptr()))?);
        value(result.ptr())
    })
}

/// `abs(z)`.
pub fn abs(z: Complex) -> R<f64> {
    if !z.re.is_finite() || !z.im.is_finite() {
        if z.re.is_infinite() || z.im.is_infinite() {
            return Ok(f64::INFINITY);
        }
        return Ok(f64::NAN);
    }
    let result = libm::hypot(z.re, z.im);
    if result.is_finite() { Ok(result) } else { exc(Exc::OverflowError) }
}

/// `bool(z)`.
#[inline(always)]
pub fn truth(z: Complex) -> bool {
    z.re != 0.0 || z.im != 0.0
}

/// `a != b`.
#[inline(always)]
pub fn ne(a: Complex, b: Complex) -> bool {
    !eq(a, b)
}

/// `a != b` of a complex and an int.
#[inline]
pub fn ne_int(a: Complex, b: i64) -> bool {
    !eq_int(a, b)
}

/// `a != b` of a complex and a float.
#[inline]
pub fn ne_float(a: Complex, b: f64) -> bool {
    !eq_float(a, b)
}

/// `complex(s)`.
pub fn from_str(_: Cx, s: &Str) -> R<Complex> {
    made(&[s.boxed()?])
}

/// `complex(a, b)` of complex numbers.
pub fn of_complex(_: Cx, a: Complex, b: Complex) -> R<Complex> {
    made(&[a.boxed()?, b.boxed()?])
}

/// `complex(x, b)` of a real and a complex number.
pub fn of_real_complex(_: Cx, a: f64, b: Complex) -> R<Complex> {
    made(&[a.boxed()?, b.boxed()?])
}

/// `complex(a, x)` of a complex and a real number.
pub fn of_complex_real(_: Cx, a: Complex, b: f64) -> R<Complex> {
    made(&[a.boxed()?, b.boxed()?])
}

/// `complex(…)` by the class itself.
fn made(args: &[Boxed]) -> R<Complex> {
    let list: Vec<*mut PyObject> = args.iter().map(|a| a.0.ptr()).collect();
    let class = (&raw mut ffi::PyComplex_Type).cast();
    // SAFETY: the class with exact builtin objects, so that no Python code runs.
    c::undisturbed(|| unsafe {
        let result =
            c::owned(ffi::PyObject_Vectorcall(class, list.as_ptr(), list.len(), core::ptr::null_mut()))?;
        let result = Temporary(result);
        value(result.ptr())
    })
}

/// `hash(z)`.
fn hash(z: Complex) -> R<isize> {
    if z.re.is_nan() || z.im.is_nan() {
        return bail(Bail::Nan);
    }
    let hash = hash_float(z.re).wrapping_add(hash_float(z.im).wrapping_mul(1_000_003));
    Ok(if hash == -1 { -2 } else { hash })
}

/// The parts of an exact `complex`.
///
/// # Safety
/// `object` is an exact `complex` that is alive.
unsafe fn value(object: *mut PyObject) -> R<Complex> {
    // SAFETY: by the caller, checked again.
    unsafe {
        if ffi::PyComplex_CheckExact(object) == 0 {
            return bail(Bail::Type);
        }
        let parts = (*object.cast::<ffi::PyComplexObject>()).cval;
        Ok(Complex { re: parts.real, im: parts.imag })
    }
}

/// The parts, if the object is an exact `complex`.
///
/// # Safety
/// `object` is alive.
pub(crate) unsafe fn parts(object: *mut PyObject) -> Option<Complex> {
    // SAFETY: by the caller.
    unsafe { value(object).ok() }
}

impl FromPy for Complex {
    #[inline]
    unsafe fn from_py(_: Cx, object: *mut PyObject) -> R<Complex> {
        // SAFETY: By the caller.
        unsafe { value(object) }
    }

    #[inline]
    unsafe fn matches(object: *mut PyObject) -> bool {
        // SAFETY: By the caller.
        unsafe { ffi::PyComplex_CheckExact(object) != 0 }
    }
}

impl IntoPy for Complex {
    const LASTS: bool = true;

    #[inline]
    fn into_py(self, _: Cx) -> R<*mut PyObject> {
        // One that came in must go out as the same object.
        if self.re.is_nan() || self.im.is_nan() {
            return bail(Bail::Nan);
        }
        // SAFETY: The GIL is held.
        fresh(unsafe { ffi::PyComplex_FromDoubles(self.re, self.im) })
    }
}

impl Scalar for Complex {
    fn boxed(&self) -> R<Boxed> {
        // SAFETY: The GIL is held.
        unsafe { c::owned(ffi::PyComplex_FromDoubles(self.re, self.im)).map(Temporary).map(Boxed) }
    }
}

impl ElemEq for Complex {
    #[inline]
    fn elem_eq(&self, _: Cx, other: &Self) -> R<bool> {
        let nan = |z: &Complex| z.re.is_nan() || z.im.is_nan();
        if nan(self) && nan(other) { bail(Bail::Nan) } else { Ok(eq(*self, *other)) }
    }

    fn view(&self) -> View<'_> {
        View::Complex(*self)
    }
}

impl ElemOrd for Complex {
    fn elem_cmp(&self, _: Cx, _: &Self) -> R<Ordering> {
        exc(Exc::TypeError)
    }
}

impl Key for Complex {
    type Stored = Self;

    fn fast_hash(&self, _: Cx) -> R<u64> {
        Ok(hash(*self)? as u64)
    }

    fn py_hash(&self, _: Cx) -> R<isize> {
        hash(*self)
    }

    unsafe fn eq_object(&self, cx: Cx, object: *mut PyObject) -> R<bool> {
        // SAFETY: By the caller.
        unsafe {
            if let Some(other) = parts(object) {
                return self.elem_eq(cx, &other);
            }
            crate::elem::number_eq(cx, View::Complex(*self), object)
        }
    }
}

impl Repr for Complex {
    fn push_repr(&self, _: Cx, out: &mut StrBuilder) -> R<()> {
        let object = self.boxed()?;
        // SAFETY: an exact complex.
        out.push_str(&c::undisturbed(|| unsafe { str_::own(ffi::PyObject_Repr(object.0.ptr())) })?)
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident $symbol:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name(cx: Cx, z: Complex) -> R<Complex> {
            static FUNCTION: Builtin = Builtin::new(c"cmath", $symbol);
            apply(cx, &FUNCTION, &[z.boxed()?])
        }
    )* };
}

/// A function of `cmath`.
fn apply<T: FromPy>(cx: Cx, function: &Builtin, args: &[Boxed]) -> R<T> {
    let list: Vec<*mut PyObject> = args.iter().map(|a| a.0.ptr()).collect();
    cx.before_tracked();
    // SAFETY: exact numbers that live until the call is over.
    unsafe {
        let result = Temporary(function.call(&list)?);
        T::from_py(cx, result.ptr())
    }
}

functions! {
    /// `cmath.sqrt(z)`.
    sqrt c"sqrt";
    /// `cmath.exp(z)`.
    exp c"exp";
    /// `cmath.log(z)`.
    log c"log";
    /// `cmath.log10(z)`.
    log10 c"log10";
    /// `cmath.sin(z)`.
    sin c"sin";
    /// `cmath.cos(z)`.
    cos c"cos";
    /// `cmath.tan(z)`.
    tan c"tan";
    /// `cmath.asin(z)`.
    asin c"asin";
    /// `cmath.acos(z)`.
    acos c"acos";
    /// `cmath.atan(z)`.
    atan c"atan";
    /// `cmath.sinh(z)`.
    sinh c"sinh";
    /// `cmath.cosh(z)`.
    cosh c"cosh";
    /// `cmath.tanh(z)`.
    tanh c"tanh";
    /// `cmath.asinh(z)`.
    asinh c"asinh";
    /// `cmath.acosh(z)`.
    acosh c"acosh";
    /// `cmath.atanh(z)`.
    atanh c"atanh";
}

/// `cmath.log(z, base)`.
pub fn log_base(cx: Cx, z: Complex, base: Complex) -> R<Complex> {
    static FUNCTION: Builtin = Builtin::new(c"cmath", c"log");
    apply(cx, &FUNCTION, &[z.boxed()?, base.boxed()?])
}

/// `cmath.phase(z)`.
pub fn phase(cx: Cx, z: Complex) -> R<f64> {
    static FUNCTION: Builtin = Builtin::new(c"cmath", c"phase");
    apply(cx, &FUNCTION, &[z.boxed()?])
}

/// `cmath.polar(z)`.
pub fn polar(cx: Cx, z: Complex) -> R<(f64, f64)> {
    static FUNCTION: Builtin = Builtin::new(c"cmath", c"polar");
    apply(cx, &FUNCTION, &[z.boxed()?])
}

/// `cmath.rect(r, phi)`.
pub fn rect(cx: Cx, r: f64, phi: f64) -> R<Complex> {
    static FUNCTION: Builtin = Builtin::new(c"cmath", c"rect");
    apply(cx, &FUNCTION, &[r.boxed()?, phi.boxed()?])
}

/// `cmath.isinf(z)`.
pub fn isinf(z: Complex) -> bool {
    z.re.is_infinite() || z.im.is_infinite()
}

/// `cmath.isfinite(z)`.
pub fn isfinite(z: Complex) -> bool {
    z.re.is_finite() && z.im.is_finite()
}

/// `cmath.isclose(a, b)`.
pub fn isclose(cx: Cx, a: Complex, b: Complex) -> R<bool> {
    static FUNCTION: Builtin = Builtin::new(c"cmath", c"isclose");
    apply(cx, &FUNCTION, &[a.boxed()?, b.boxed()?])
}

/// The sum of complex numbers, from 0.
pub struct SumC {
    sum: Complex,
    any: bool,
}

impl SumC {
    /// Nothing summed yet.
    pub fn new(start: i64) -> Self {
        Self { sum: of_real(start as f64), any: false }
    }

    /// Adds one item.
    #[inline(always)]
    pub fn add(&mut self, z: Complex) {
        self.sum = add(self.sum, z);
        self.any = true;
    }

    /// The sum: the start where there was nothing.
    pub fn finish(&self) -> crate::union::U2<i64, Complex> {
        if self.any { crate::union::U2::B(self.sum) } else { crate::union::U2::A(self.sum.re as i64) }
    }
}
