//! Case mapping.

use pyo3_ffi::PyObject;

use super::{allocate, own, view};
use crate::builtins::c::{self, Name};
use crate::stop::R;
use crate::strs::Str;
use crate::txn::Cx;

/// Maps each byte of ASCII text.
#[inline(always)]
fn map_ascii(text: &[u8], map: impl Fn(usize, u8) -> u8) -> R<Str> {
    // SAFETY: all bytes are written, and ASCII.
    unsafe {
        let (object, data) = allocate(text.len(), 127)?;
        for (i, c) in text.iter().enumerate() {
            data.add(i).write(map(i, *c) & 127);
        }
        own(object.as_ptr())
    }
}

/// The method of `str`, without arguments.
pub(crate) fn by_method(name: &Name, s: &Str) -> R<Str> {
    with_method(name, &[s.as_ptr()])
}

fn with_method(name: &Name, args: &[*mut PyObject]) -> R<Str> {
    // SAFETY: exact builtin objects; the methods called here give exact strings.
    unsafe { own(c::method(name, args)?.as_ptr()) }
}

/// `s.upper()`.
pub fn upper(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"upper");
    match view(s).ascii() {
        Some(text) => map_ascii(text, |_, c| c.to_ascii_uppercase()),
        None => by_method(&NAME, s),
    }
}

/// `s.lower()`.
pub fn lower(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"lower");
    match view(s).ascii() {
        Some(text) => map_ascii(text, |_, c| c.to_ascii_lowercase()),
        None => by_method(&NAME, s),
    }
}

/// `s.casefold()`.
pub fn casefold(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"casefold");
    match view(s).ascii() {
        Some(text) => map_ascii(text, |_, c| c.to_ascii_lowercase()),
        None => by_method(&NAME, s),
    }
}

/// `s.capitalize()`.
pub fn capitalize(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"capitalize");
    match view(s).ascii() {
        Some(text) => {
            map_ascii(text, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        }
        None => by_method(&NAME, s),
    }
}

/// `s.swapcase()`.
pub fn swapcase(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"swapcase");
    match view(s).ascii() {
        Some(text) => map_ascii(text, |_, c| if c.is_ascii_alphabetic() { c ^ 0x20 } else { c }),
        None => by_method(&NAME, s),
    }
}

/// `s.title()`.
pub fn title(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"title");
    by_method(&NAME, s)
}

/// `s.expandtabs(tabsize)`; 8 by default.
pub fn expandtabs(_: Cx, s: &Str, tabsize: i64) -> R<Str> {
    static NAME: Name = Name::new(c"expandtabs");
    let size = c::Temporary::int(tabsize)?;
    with_method(&NAME, &[s.as_ptr(), size.ptr()])
}
