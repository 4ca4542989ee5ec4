//! Formats of complex numbers.

use super::{by_object, slow, whole};
use crate::builtins::boxed::Scalar;
use crate::complex::Complex;
use crate::stop::R;
use crate::str_::{StrBuilder, view};
use crate::strs::Str;
use crate::txn::Cx;

/// Appends `format(z, spec)`.
pub fn push_complex(cx: Cx, out: &mut StrBuilder, z: Complex, text: &str) -> R<()> {
    slow(cx, out, z.boxed()?.0.ptr(), text)
}

whole! {
    /// `format(z, spec)`.
    complex complex_dyn push_complex(Complex);
}
