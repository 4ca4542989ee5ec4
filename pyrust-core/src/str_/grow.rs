//! `s += t` in place, as CPython does where nobody else holds the string. There is room for more behind the text, so
//! that a text that grows by single code points is not copied each time.

use core::mem::replace;

use super::{concat, concat_made, empty};
use crate::stop::R;
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// `s += t`.
pub fn append(cx: Cx, s: &mut Str, t: &Str) -> R<()> {
    let fits = t.kind() <= s.kind() && (t.is_ascii() || !s.is_ascii());
    // With an empty one the result is the other object.
    if fits && !s.is_empty() && !t.is_empty() && s.make_room(t.len())? {
        s.extend_by(t);
    } else {
        *s = concat(cx, s, t)?.word_by_word();
    }
    Ok(())
}

/// `t = s + more`, where nobody reads `s` any more.
pub fn appended(cx: Cx, s: &mut Str, more: &Str) -> R<Str> {
    let mut text = replace(s, empty()?);
    append(cx, &mut text, more)?;
    Ok(text)
}

/// `t = s + c`, where nobody reads `s` any more.
pub fn pushed(cx: Cx, s: &mut Str, c: Chr) -> R<Str> {
    let mut text = replace(s, empty()?);
    push(cx, &mut text, c)?;
    Ok(text)
}

/// `s += c`.
#[inline(always)]
pub fn push(_: Cx, s: &mut Str, c: Chr) -> R<()> {
    if s.takes_ascii(c) { Ok(()) } else { push_slowly(s, c) }
}

/// Texts that begin to grow have room from the start, if they are short: most of them go on.
const SHORT: usize = 64;

#[inline(never)]
extern "C" fn push_slowly(s: &mut Str, c: Chr) -> R<()> {
    if s.len() < SHORT && s.is_ascii() && c.0 < 0x80 {
        *s = Str::with_room(s.raw(), c.0 as u8)?.word_by_word();
        return Ok(());
    }
    let fits = match s.kind() {
        1 if s.is_ascii() => c.0 < 0x80,
        1 => c.0 < 0x100,
        2 => c.0 < 0x1_0000,
        _ => true,
    };
    if fits && !s.is_empty() && s.make_room(1)? {
        s.extend_by_one(c);
        return Ok(());
    }
    *s = concat_made(s, &c.to_str()?)?.word_by_word();
    Ok(())
}
