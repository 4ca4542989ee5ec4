//! Python's `complex`. Boxed values are compared with one wherever that is asked; all else is compiled where code names it.

#[cfg(feature = "rare")]
mod operations;

#[cfg(feature = "rare")]
pub use operations::*;

/// An exact `complex`.
#[derive(Clone, Copy, Debug)]
pub struct Complex {
    /// `z.real`
    pub re: f64,
    /// `z.imag`
    pub im: f64,
}

/// `a == b`.
#[inline(always)]
pub fn eq(a: Complex, b: Complex) -> bool {
    a.re == b.re && a.im == b.im
}

/// `a == b` of a complex and an int, exactly.
#[inline]
pub fn eq_int(a: Complex, b: i64) -> bool {
    a.im == 0.0 && crate::elem::int_eq_float(b, a.re)
}

/// `a == b` of a complex and a float.
#[inline]
pub fn eq_float(a: Complex, b: f64) -> bool {
    a.im == 0.0 && a.re == b
}

/// `cmath.isnan(z)`.
pub fn isnan(z: Complex) -> bool {
    z.re.is_nan() || z.im.is_nan()
}
