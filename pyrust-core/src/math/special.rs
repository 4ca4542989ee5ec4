//! Functions whose algorithm is CPython's own and not short: the interpreter's builtin does them, on exact
//! floats, which runs no Python code. Norms of a few numbers are computed here as far as it is sure how CPython rounds.

use pyo3_ffi as ffi;

use crate::builtins::c::{Builtin, Temporary};
use crate::stop::R;

fn float_function(function: &Builtin, args: &[f64]) -> R<f64> {
    // Up to four operands need no heap.
    let mut boxed: [Option<Temporary>; 4] = [const { None }; 4];
    let mut pointers = [std::ptr::null_mut(); 4];
    for (i, x) in args.iter().enumerate() {
        let object = Temporary::float(*x)?;
        pointers[i] = object.ptr();
        boxed[i] = Some(object);
    }
    // SAFETY: exact floats, alive until the end of this function; the functions called here give a float.
    unsafe {
        let result = Temporary(function.call(&pointers[..args.len()])?);
        Ok(ffi::PyFloat_AS_DOUBLE(result.ptr()))
    }
}

/// `math.gamma(x)`.
pub fn gamma(x: f64) -> R<f64> {
    static FUNCTION: Builtin = Builtin::new(c"math", c"gamma");
    float_function(&FUNCTION, &[x])
}

/// `math.lgamma(x)`.
pub fn lgamma(x: f64) -> R<f64> {
    static FUNCTION: Builtin = Builtin::new(c"math", c"lgamma");
    float_function(&FUNCTION, &[x])
}

static HYPOT: Builtin = Builtin::new(c"math", c"hypot");

/// What is computed here stands for itself if numbers this far to either side, relative to it, round to the same float.
/// CPython computes norms, in all versions with `math.dist`, to more than a hundred bits before it rounds once.
const UNSURE: f64 = 1.0 / (1u128 << 95) as f64;

/// Squares of numbers between these bounds, and what rounding takes from them, are normal floats.
const LARGEST: f64 = (1u128 << 120) as f64 * (1u128 << 120) as f64 * (1u128 << 120) as f64;
const SMALLEST: f64 = 1.0 / LARGEST;
/// Beside a number as large as this one the square of a smaller one than the smallest is none of the bits that are
/// looked at.
const ENOUGH: f64 = SMALLEST * (1u128 << 100) as f64;

/// The square, and what rounding has taken from it: exact for the numbers that [`norm`] squares (Dekker's product, of
/// halves that Veltkamp's splitting gives).
#[inline(always)]
fn square(x: f64) -> (f64, f64) {
    let scaled = x * 134_217_729.0;
    let high = scaled - (scaled - x);
    let low = x - high;
    let product = x * x;
    (product, ((high * high - product) + 2.0 * high * low) + low * low)
}

/// Of so many numbers the errors of all that is added are far below [`UNSURE`].
pub(super) const MOST: usize = 16;

/// The square root of the sum of squares of up to [`MOST`] numbers, as CPython rounds it; None where that is not sure.
#[inline(always)]
pub(super) fn norm(items: &[f64]) -> Option<f64> {
    let items = items.iter().map(|x| x.abs());
    let most = items.clone().fold(0.0, |most: f64, x| if x > most { x } else { most });
    // Which is no comparison that holds for a NaN.
    if !items.clone().all(|x| x <= LARGEST) || most < ENOUGH {
        return items.clone().all(|x| x == 0.0).then_some(0.0);
    }
    let (mut sum, mut rest) = (0.0, 0.0);
    for x in items {
        let (square, lost) = square(if x < SMALLEST { 0.0 } else { x });
        let total = sum + square;
        // Exact, whichever is larger.
        let part = total - sum;
        rest += ((sum - (total - part)) + (square - part)) + lost;
        sum = total;
    }
    let root = sum.sqrt();
    let (whole, lost) = square(root);
    let correction = (((sum - whole) - lost) + rest) / (2.0 * root);
    let margin = root * UNSURE;
    let norm = root + (correction - margin);
    (norm == root + (correction + margin)).then_some(norm)
}

/// The same of any numbers.
#[inline(always)]
fn norm_of<const N: usize>(items: [f64; N]) -> R<f64> {
    #[cold]
    #[inline(never)]
    fn asked(items: &[f64]) -> R<f64> {
        float_function(&HYPOT, items)
    }
    norm(&items).map_or_else(|| asked(&items), Ok)
}

/// `math.hypot(x, y)`.
#[inline]
pub fn hypot(x: f64, y: f64) -> R<f64> {
    norm_of([x, y])
}

/// `math.hypot(x, y, z)`.
#[inline]
pub fn hypot3(x: f64, y: f64, z: f64) -> R<f64> {
    norm_of([x, y, z])
}

/// `math.hypot(x, y, z, w)`.
#[inline]
pub fn hypot4(x: f64, y: f64, z: f64, w: f64) -> R<f64> {
    norm_of([x, y, z, w])
}
