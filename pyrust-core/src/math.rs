//! The `math` module over `int` and `float`.
//!
//! Results and exception classes follow `mathmodule.c`: what C reports through `errno` is derived here
//! from the operands and the result, which gives the same answer for every libm that keeps to C99
//! (`errno` is set exactly when finite operands give an infinite or NaN result, and an underflow to zero
//! is no error in Python). An int operand is converted by the caller (`int::to_float`), as CPython does.

mod fsum;
mod integer;
pub(crate) mod libm;
mod real;
mod special;
mod vector;

pub use fsum::{Fsum, fsum, fsum_numbers, prod_numbers};
pub use fsum::{prod_floats, prod_floats_from, prod_from_float, prod_ints, prod_ints_from};
pub use integer::*;
pub use real::*;
pub use special::*;
pub use vector::*;

/// `math.pi`.
pub const PI: f64 = std::f64::consts::PI;
/// `math.e`.
pub const E: f64 = std::f64::consts::E;
/// `math.tau`.
pub const TAU: f64 = std::f64::consts::TAU;
/// `math.inf`.
pub const INF: f64 = f64::INFINITY;
/// `math.nan`.
pub const NAN: f64 = f64::NAN;

/// `random.TWOPI`
pub const TWOPI: f64 = 2.0 * core::f64::consts::PI;

/// `random.NV_MAGICCONST`
pub const NV_MAGICCONST: f64 = 1.7155277699214135;
