//! Functions whose algorithm is CPython's own and not short: the interpreter's builtin does them, on exact
//! floats, which runs no Python code.

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

/// `math.hypot(x, y)`.
pub fn hypot(x: f64, y: f64) -> R<f64> {
    float_function(&HYPOT, &[x, y])
}

/// `math.hypot(x, y, z)`.
pub fn hypot3(x: f64, y: f64, z: f64) -> R<f64> {
    float_function(&HYPOT, &[x, y, z])
}

/// `math.hypot(x, y, z, w)`.
pub fn hypot4(x: f64, y: f64, z: f64, w: f64) -> R<f64> {
    float_function(&HYPOT, &[x, y, z, w])
}

/// `math.dist(p, q)` in the plane: CPython takes the norm of the differences, which is what `hypot` does.
pub fn dist2(p: (f64, f64), q: (f64, f64)) -> R<f64> {
    hypot(p.0 - q.0, p.1 - q.1)
}

/// `math.dist(p, q)` in space.
pub fn dist3(p: (f64, f64, f64), q: (f64, f64, f64)) -> R<f64> {
    hypot3(p.0 - q.0, p.1 - q.1, p.2 - q.2)
}
