//! Case mapping.

use core::ptr::NonNull;

use pyo3_ffi::{Py_ssize_t, PyObject, PyUnicode_New};

use super::{of_ascii, own};
use crate::boundary::layout;
use crate::builtins::c::{self, Name};
use crate::stop::R;
use crate::strs::Str;
use crate::txn::Cx;

/// Maps each byte of ASCII text.
#[inline(always)]
fn map_ascii(s: &Str, map: impl Fn(usize, u8) -> u8) -> R<Str> {
    // Most words are lower case already: such a part of a text remains one.
    if remains(s, &map) {
        return Ok(s.hold());
    }
    // SAFETY: just made, of so many code points.
    unsafe { of_ascii(mapped(s, map), s.len()) }
}

#[inline(never)]
fn remains(s: &Str, map: &impl Fn(usize, u8) -> u8) -> bool {
    s.raw().iter().enumerate().all(|(i, c)| map(i, *c) == *c)
}

#[inline(never)]
fn mapped(s: &Str, map: impl Fn(usize, u8) -> u8) -> *mut PyObject {
    // SAFETY: the GIL is held; all bytes are written, and ASCII.
    unsafe {
        let object = PyUnicode_New(s.len() as Py_ssize_t, 127);
        if let Some(object) = NonNull::new(object) {
            let data = layout::ascii_data(object).as_ptr();
            for (i, c) in s.raw().iter().enumerate() {
                data.add(i).write(map(i, *c) & 127);
            }
        }
        object
    }
}

/// The method of `str`, without arguments.
#[inline(never)]
pub(crate) fn by_method(name: &Name, s: &Str) -> R<Str> {
    with_method(name, &[s.as_ptr()])
}

fn with_method(name: &Name, args: &[*mut PyObject]) -> R<Str> {
    // SAFETY: exact builtin objects; the methods called here give exact strings.
    unsafe { own(c::method(name, args)?.as_ptr()) }
}

/// `s.upper()`.
#[inline(always)]
pub fn upper(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"upper");
    if s.is_ascii() { map_ascii(s, |_, c| c.to_ascii_uppercase()) } else { Str::arrived(by_method(&NAME, s)) }
}

/// `s.lower()`.
#[inline(always)]
pub fn lower(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"lower");
    if s.is_ascii() { map_ascii(s, |_, c| c.to_ascii_lowercase()) } else { Str::arrived(by_method(&NAME, s)) }
}

/// `s.casefold()`.
#[inline(always)]
pub fn casefold(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"casefold");
    if s.is_ascii() { map_ascii(s, |_, c| c.to_ascii_lowercase()) } else { Str::arrived(by_method(&NAME, s)) }
}

/// `s.capitalize()`.
#[inline(always)]
pub fn capitalize(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"capitalize");
    if !s.is_ascii() {
        return Str::arrived(by_method(&NAME, s));
    }
    map_ascii(s, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
}

/// `s.swapcase()`.
#[inline(always)]
pub fn swapcase(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"swapcase");
    if s.is_ascii() {
        map_ascii(s, |_, c| if c.is_ascii_alphabetic() { c ^ 0x20 } else { c })
    } else {
        Str::arrived(by_method(&NAME, s))
    }
}

/// `s.title()`: large behind what is no letter.
pub fn title(_: Cx, s: &Str) -> R<Str> {
    static NAME: Name = Name::new(c"title");
    if !s.is_ascii() {
        return Str::arrived(by_method(&NAME, s));
    }
    let text = s.raw();
    map_ascii(s, |i, c| match i > 0 && text[i - 1].is_ascii_alphabetic() {
        true => c.to_ascii_lowercase(),
        false => c.to_ascii_uppercase(),
    })
}

/// `s.expandtabs(tabsize)`; 8 by default.
pub fn expandtabs(_: Cx, s: &Str, tabsize: i64) -> R<Str> {
    static NAME: Name = Name::new(c"expandtabs");
    let size = c::Temporary::int(tabsize)?;
    with_method(&NAME, &[s.as_ptr(), size.ptr()])
}
