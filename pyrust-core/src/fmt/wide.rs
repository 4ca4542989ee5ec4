//! Formats of ints of any size.

use super::spec::{Align, Spec};
use super::{by_object, push_float, push_int, whole};
use crate::big::{self, Big};
use crate::builtins::boxed::{Boxed, Scalar};
use crate::builtins::c::{self, Temporary};
use crate::py::IntoPy;
use crate::stop::{Bail, R, bail};
use crate::str_::{StrBuilder, view};
use crate::strs::Str;
use crate::txn::Cx;

/// Appends `format(a, spec)` of an int of any size.
pub fn push_big(cx: Cx, out: &mut StrBuilder, a: &Big, text: &str) -> R<()> {
    if let Big::Small(v) = a {
        return push_int(cx, out, *v, text);
    }
    if text.is_empty() {
        return big::push_to(cx, a, out);
    }
    let Some(spec) = Spec::parse(text.as_bytes(), Align::Right) else { return bail(Bail::Unsupported) };
    let (base, prefix): (u64, &[u8]) = match spec.code {
        0 | b'd' => (10, b""),
        b'b' => (2, b"0b"),
        b'o' => (8, b"0o"),
        b'x' => (16, b"0x"),
        b'X' => (16, b"0X"),
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%' => {
            return push_float(cx, out, big::to_float(a)?, text);
        }
        _ => return bail(Bail::Unsupported),
    };
    if spec.precision.is_some()
        || (spec.group.is_some() && (spec.zero_padded() || spec.group == Some(b',') && base != 10))
    {
        return bail(Bail::Unsupported);
    }
    let (negative, mut digits) = big::digits(cx, a, base)?;
    if spec.code == b'X' {
        digits.make_ascii_uppercase();
    }
    let prefix = if spec.alternate { prefix } else { b"" };
    let Some(mark) = spec.group else { return spec.number(out, negative, prefix, &digits) };
    let every = if base == 10 { 3 } else { 4 };
    let mut body = Vec::new();
    if body.try_reserve_exact(digits.len() * 2).is_err() {
        return bail(Bail::Memory);
    }
    for (i, digit) in digits.iter().enumerate() {
        if i > 0 && (digits.len() - i) % every == 0 {
            body.push(mark);
        }
        body.push(*digit);
    }
    spec.number(out, negative, prefix, &body)
}

/// An int of any size, where nothing looks at signals while it is formatted.
pub fn boxed_int(cx: Cx, value: &Big) -> R<Boxed> {
    // SAFETY: a new reference, which is ours.
    unsafe { c::owned(value.clone().into_py(cx)?).map(Temporary).map(Boxed) }
}

whole! {
    /// `format(a, spec)` of an int of any size.
    big_ big_dyn push_big(&Big);
}
