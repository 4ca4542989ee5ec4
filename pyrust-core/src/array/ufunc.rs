//! NumPy's own functions of whole arrays (`numpy.exp(a)`, `a.sum()`): the inner loops of its ufuncs, called on the memory
//! as NumPy itself would call them, so that the bits are NumPy's.
//!
//! An inner loop is C code over numbers: it runs no Python, keeps the GIL, and says nothing of errors. What the processor
//! has noted, and what is not finite, may be one of those that NumPy warns about, so it bails; underflow is ignored, as `check_errors` has seen.
//! Only what NumPy goes through in one call of the loop is done: arrays of one dimension, and plain ones.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use pyo3_ffi::{self as ffi, PyObject};

use super::asked::{self, mapped, reduced};
use super::{Array, Conv, Dtype, Np, check_errors, made_as};
use crate::builtins::c::{self, Temporary};
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// `PyUFuncObject`, as far as NumPy's public header promises it.
#[repr(C)]
struct UfuncObject {
    head: PyObject,
    nin: c_int,
    nout: c_int,
    nargs: c_int,
    identity: c_int,
    functions: *const Option<InnerLoop>,
    data: *const *mut c_void,
    ntypes: c_int,
    reserved: c_int,
    name: *const c_char,
    /// For each function the numbers of its types.
    types: *const u8,
}

/// Operands, how many elements, how far from one to the next, and what the function has been registered with.
type InnerLoop = unsafe extern "C" fn(*mut *mut u8, *const isize, *const isize, *mut c_void);

/// One of NumPy's ufuncs.
struct Ufunc {
    name: &'static CStr,
    object: AtomicPtr<UfuncObject>,
}

impl Ufunc {
    const fn new(name: &'static CStr) -> Ufunc {
        Ufunc { name, object: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Its name.
    fn text(&self) -> &'static str {
        self.name.to_str().unwrap_or_default()
    }

    fn get(&self) -> R<*mut UfuncObject> {
        let known = self.object.load(Relaxed);
        if known.is_null() { self.find() } else { Ok(known) }
    }

    /// Looked up without importing; it is the one that the name of the namespace has been compared with.
    #[cold]
    fn find(&self) -> R<*mut UfuncObject> {
        let object = asked::ufunc(self.text(), None)?;
        // SAFETY: an exact ufunc, of which the reference is ours: it is kept for good.
        unsafe {
            if !self.proved(object)? {
                return bail(Bail::Unsupported);
            }
        }
        self.object.store(object.cast(), Relaxed);
        Ok(object.cast())
    }

    /// Does the ufunc say of itself what the layout says?
    unsafe fn proved(&self, object: *mut PyObject) -> R<bool> {
        // SAFETY: an exact ufunc, whose attributes are C code's; the struct is no larger than the object.
        unsafe {
            if (*ffi::Py_TYPE(object)).tp_basicsize < size_of::<UfuncObject>() as ffi::Py_ssize_t {
                return Ok(false);
            }
            let ufunc = &*object.cast::<UfuncObject>();
            let said = |name: &CStr| -> R<i64> {
                let value = c::undisturbed(|| c::owned(ffi::PyObject_GetAttrString(object, name.as_ptr())))?;
                Ok(ffi::PyLong_AsLongLong(Temporary(value).ptr()))
            };
            let counts = said(c"nin")? == i64::from(ufunc.nin)
                && said(c"nout")? == i64::from(ufunc.nout)
                && said(c"nargs")? == i64::from(ufunc.nargs)
                && said(c"ntypes")? == i64::from(ufunc.ntypes);
            Ok(counts && !ufunc.name.is_null() && CStr::from_ptr(ufunc.name) == self.name)
        }
    }

    /// The loop for operands that all have the type with this letter.
    fn inner<T: Dtype>(&self) -> R<(InnerLoop, *mut c_void)> {
        let ufunc = self.get()?;
        // NumPy's numbers of the types that are asked for here.
        let number = match T::CODE {
            b'f' => 11,
            b'd' => 12,
            _ => return bail(Bail::Unsupported),
        };
        // SAFETY: as its layout says, which has been proved.
        unsafe {
            let (ufunc, width) = (&*ufunc, (*ufunc).nargs as usize);
            let same = |i: &usize| (0..width).all(|k| *ufunc.types.add(i * width + k) == number);
            let found = (0..ufunc.ntypes as usize).find(same);
            let Some((i, inner)) = found.and_then(|i| Some((i, (*ufunc.functions.add(i))?))) else {
                return bail(Bail::Unsupported);
            };
            Ok((inner, if ufunc.data.is_null() { ptr::null_mut() } else { *ufunc.data.add(i) }))
        }
    }
}

/// How many elements, and how far from one to the next, where NumPy goes through them in one go.
fn flat<T: Dtype, const N: usize>(a: &Array<T, N>) -> Option<(isize, isize)> {
    let count: i64 = a.shape.iter().product();
    if N == 1 {
        return Some((count as isize, a.strides[0]));
    }
    let mut expected = size_of::<T>() as isize;
    for at in (0..N).rev() {
        if count > 0 && a.shape[at] > 1 && a.strides[at] != expected {
            return None;
        }
        expected *= a.shape[at] as isize;
    }
    Some((count as isize, size_of::<T>() as isize))
}

/// What NumPy asks the processor after a loop: has it noted anything but an underflow, or that a result was rounded?
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod notes {
    use core::ffi::c_int;

    /// Invalid, division by zero, overflow.
    const LOOKED_FOR: c_int = if cfg!(target_arch = "x86_64") { 1 | 4 | 8 } else { 1 | 2 | 4 };

    unsafe extern "C" {
        fn feclearexcept(which: c_int) -> c_int;
        fn fetestexcept(which: c_int) -> c_int;
    }

    pub(super) fn clear() {
        // SAFETY: only touches the processor's notes, which nothing of ours relies on.
        unsafe { feclearexcept(LOOKED_FOR) };
    }

    pub(super) fn any() -> bool {
        // SAFETY: only looks.
        unsafe { fetestexcept(LOOKED_FOR) != 0 }
    }
}

/// Elsewhere only what is not finite tells.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod notes {
    pub(super) fn clear() {}

    pub(super) fn any() -> bool {
        false
    }
}

/// `f(x)` for elements so far apart, into places side by side.
fn map<T: Dtype>(ufunc: &Ufunc, from: *mut T, count: isize, stride: isize, to: *mut T) -> R<()>
where
    Np<T>: Conv<f64>,
{
    let (inner, data) = ufunc.inner::<T>()?;
    let mut operands = [from.cast::<u8>(), to.cast::<u8>()];
    let steps = [stride, size_of::<T>() as isize];
    // SAFETY: so many elements stand at both places; the loop is for this type.
    unsafe {
        notes::clear();
        inner(operands.as_mut_ptr(), &raw const count, steps.as_ptr(), data);
        if notes::any() {
            return bail(Bail::Warning);
        }
        for k in 0..count {
            if !Np(T::load(to.offset(k))).conv()?.is_finite() {
                return bail(Bail::Warning);
            }
        }
    }
    Ok(())
}

/// `total = f(total, x)` for every element: in one go where that is how NumPy does it, or NumPy is asked.
fn fold<const N: usize>(cx: Cx, ufunc: &Ufunc, a: &Array<f64, N>, first: Option<f64>) -> R<Np<f64>> {
    match flat(a) {
        // What goes backwards NumPy would turn round.
        Some((count, stride)) if stride >= 0 => match fold_flat(ufunc, a, (count, stride), first) {
            Err(stop) if stop.as_bail() == Some(Bail::Warning) => {}
            done => return done,
        },
        _ => {}
    }
    reduced(cx, ufunc.text(), *a, None, false)
}

fn fold_flat<const N: usize>(
    ufunc: &Ufunc,
    a: &Array<f64, N>,
    (count, stride): (isize, isize),
    first: Option<f64>,
) -> R<Np<f64>> {
    let (mut total, skipped) = match first {
        Some(first) => (first, 0),
        // Python raises.
        None if count == 0 => return bail(Bail::Unsupported),
        // SAFETY: the place of the first element.
        None => (unsafe { *a.data }, 1),
    };
    let (inner, data) = ufunc.inner::<f64>()?;
    let left = count - skipped;
    let place = (&raw mut total).cast::<u8>();
    let mut operands = [place, a.at(skipped * stride).cast::<u8>(), place];
    let steps = [0, stride, 0];
    notes::clear();
    if left > 0 {
        // SAFETY: so many elements stand there; the loop takes three operands of this type.
        unsafe { inner(operands.as_mut_ptr(), &raw const left, steps.as_ptr(), data) };
    }
    if total.is_finite() && !notes::any() { Ok(Np(total)) } else { bail(Bail::Warning) }
}

static ADD: Ufunc = Ufunc::new(c"add");
static MINIMUM: Ufunc = Ufunc::new(c"minimum");
static MAXIMUM: Ufunc = Ufunc::new(c"maximum");

/// `a.sum()`
pub fn array_sum<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    check_errors(cx)?;
    fold(cx, &ADD, &a, Some(0.0))
}

/// `a.min()`
pub fn array_min<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    check_errors(cx)?;
    fold(cx, &MINIMUM, &a, None)
}

/// `a.max()`
pub fn array_max<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    check_errors(cx)?;
    fold(cx, &MAXIMUM, &a, None)
}

/// `a.mean()`
pub fn array_mean<const N: usize>(cx: Cx, a: Array<f64, N>) -> R<Np<f64>> {
    let count: i64 = a.shape.iter().product();
    // NumPy warns.
    if count == 0 {
        return bail(Bail::Warning);
    }
    Ok(Np(array_sum(cx, a)?.0 / count as f64))
}

/// `f(x)` of one number.
#[inline(never)]
fn one(cx: Cx, ufunc: &Ufunc, mut x: f64) -> R<Np<f64>> {
    check_errors(cx)?;
    let mut out = 0.0;
    map(ufunc, &raw mut x, 1, 8, &raw mut out)?;
    Ok(Np(out))
}

/// `f(a, b)` of two numbers.
fn two(cx: Cx, ufunc: &Ufunc, (mut a, mut b): (f64, f64)) -> R<Np<f64>> {
    check_errors(cx)?;
    let (inner, data) = ufunc.inner::<f64>()?;
    let mut out = 0.0;
    let mut operands = [&raw mut a, &raw mut b, &raw mut out].map(|place| place.cast::<u8>());
    let (count, steps) = (1, [8; 3]);
    notes::clear();
    // SAFETY: a number stands at each place; the loop takes two of this type, and gives one.
    unsafe { inner(operands.as_mut_ptr(), &raw const count, steps.as_ptr(), data) };
    if out.is_finite() && !notes::any() { Ok(Np(out)) } else { bail(Bail::Warning) }
}

macro_rules! ufuncs {
    ($($name:literal $array:ident $one:ident |$x:ident| $quick:expr;)+) => { $(
        #[doc = concat!("`numpy.", $name, "(a)`")]
        pub fn $array<T: Dtype, const N: usize>(cx: Cx, a: Array<T, N>) -> R<Array<T, N>>
        where
            Np<T>: Conv<f64>,
        {
            let Some((count, stride)) = flat(&a) else { return mapped(cx, $name, a) };
            let out = made_as::<T, N>(cx, a.shape)?;
            match map(&$array::UFUNC, a.data, count, stride, out.data) {
                Ok(()) => Ok(out),
                // It may have been there before: NumPy tells.
                Err(stop) if stop.as_bail() == Some(Bail::Warning) => mapped(cx, $name, a),
                Err(stop) => Err(stop),
            }
        }

        #[doc = concat!("`numpy.", $name, "(x)` of a float")]
        #[inline(always)]
        pub fn $one<X: Conv<f64>>(cx: Cx, x: X) -> R<Np<f64>> {
            let $x: f64 = x.conv()?;
            let quick: Option<f64> = $quick;
            match quick {
                Some(value) if value.is_finite() => Ok(Np(value)),
                _ => one(cx, &$array::UFUNC, $x),
            }
        }

        mod $array {
            use super::Ufunc;

            pub(super) static UFUNC: Ufunc = Ufunc::new(match core::ffi::CStr::from_bytes_with_nul(
                concat!($name, "\0").as_bytes(),
            ) {
                Ok(name) => name,
                Err(_) => panic!("a name ends with a zero"),
            });
        }
    )+ };
}

ufuncs! {
    "sqrt" array_sqrt one_sqrt |x| (x >= 0.0).then(|| x.sqrt());
    "square" array_square one_square |x| Some(x * x).filter(|y| *y >= f64::MIN_POSITIVE || x == 0.0);
    "absolute" array_abs one_abs |x| Some(x.abs());
    "exp" array_exp one_exp |x| None;
    "exp2" array_exp2 one_exp2 |x| None;
    "expm1" array_expm1 one_expm1 |x| None;
    "log" array_log one_log |x| None;
    "log2" array_log2 one_log2 |x| None;
    "log10" array_log10 one_log10 |x| None;
    "log1p" array_log1p one_log1p |x| None;
    "sin" array_sin one_sin |x| None;
    "cos" array_cos one_cos |x| None;
    "tan" array_tan one_tan |x| None;
    "arcsin" array_arcsin one_arcsin |x| None;
    "arccos" array_arccos one_arccos |x| None;
    "arctan" array_arctan one_arctan |x| None;
    "sinh" array_sinh one_sinh |x| None;
    "cosh" array_cosh one_cosh |x| None;
    "tanh" array_tanh one_tanh |x| None;
    "floor" array_floor one_floor |x| Some(x.floor());
    "ceil" array_ceil one_ceil |x| Some(x.ceil());
    "rint" array_rint one_rint |x| Some(x.round_ties_even());
    "trunc" array_trunc one_trunc |x| Some(x.trunc());
    "cbrt" array_cbrt one_cbrt |x| None;
    "arcsinh" array_arcsinh one_arcsinh |x| None;
    "arccosh" array_arccosh one_arccosh |x| None;
    "arctanh" array_arctanh one_arctanh |x| None;
    "radians" array_radians one_radians |x| None;
    "degrees" array_degrees one_degrees |x| None;
    "deg2rad" array_deg2rad one_deg2rad |x| None;
    "rad2deg" array_rad2deg one_rad2deg |x| None;
}

macro_rules! pairs {
    ($($name:literal $two:ident;)+) => { $(
        #[doc = concat!("`numpy.", $name, "(a, b)` of floats")]
        #[inline]
        pub fn $two<A: Conv<f64>, B: Conv<f64>>(cx: Cx, a: A, b: B) -> R<Np<f64>> {
            two(cx, &$two::UFUNC, (a.conv()?, b.conv()?))
        }

        mod $two {
            use super::Ufunc;

            pub(super) static UFUNC: Ufunc = Ufunc::new(match core::ffi::CStr::from_bytes_with_nul(
                concat!($name, "\0").as_bytes(),
            ) {
                Ok(name) => name,
                Err(_) => panic!("a name ends with a zero"),
            });
        }
    )+ };
}

pairs! {
    "maximum" two_maximum;
    "minimum" two_minimum;
    "fmax" two_fmax;
    "fmin" two_fmin;
    "copysign" two_copysign;
    "hypot" two_hypot;
    "arctan2" two_arctan2;
    "fmod" two_fmod;
}
