//! What `re` does in Python: replacements that name groups, and the iterator over all matches, as lists.

use core::ptr;

use pyo3_ffi::{self as ffi, PyObject};

use super::classes::{Match, Pattern};
use super::given::take;
use super::{Call, Foreign, Given};
use crate::builtins::boxed::Scalar;
use crate::builtins::c::{self, Temporary, undisturbed};
use crate::list::{List, ListLike, MakeList};
use crate::peek::known_item;
use crate::py::FromPy;
use crate::stop::{Bail, R, bail};
use crate::str_::StrBuilder;
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// The matches that `pattern.finditer(string)` finds, one after another.
struct Matches(Temporary);

impl Matches {
    fn of<S: Scalar>(cx: Cx, pattern: Foreign<Pattern>, string: &S) -> R<Matches> {
        iterator(cx, pattern, string).map(Matches)
    }

    fn next(&self, cx: Cx) -> R<Option<Temporary>> {
        cx.point()?;
        let iterator = self.0.ptr();
        let found = undisturbed(|| {
            // SAFETY: an iterator of C's over calls of a scanner; none raises but for want of memory.
            let found = unsafe { ffi::PyIter_Next(iterator) };
            match ptr::NonNull::new(found) {
                Some(found) => Ok(Some(Temporary(found))),
                // SAFETY: the GIL is held.
                None if unsafe { ffi::PyErr_Occurred() }.is_null() => Ok(None),
                None => Err(c::raised()),
            }
        })?;
        cx.poll(&mut 0)?;
        Ok(found)
    }
}

/// `pattern.finditer(string)`
pub(crate) fn iterator<S: Scalar>(cx: Cx, pattern: Foreign<Pattern>, string: &S) -> R<Temporary> {
    static CALL: Call = Call::method("finditer").engine();
    CALL.object(cx, [pattern.boxed()?, string.boxed()?])
}

/// The pattern that `re` has compiled of the text before, without flags. Where its cache has none, Python compiles it.
pub fn cached(cx: Cx, text: &Str) -> R<Foreign<Pattern>> {
    cx.before_tracked();
    // Newer versions look into a second cache first, whose order a look-up does not change.
    let name = if cfg!(Py_3_12) { "_cache2" } else { "_cache" };
    // SAFETY: the GIL is held; exact dicts, whose keys are tuples of a class, a text and an int: comparing those runs no
    // Python code. What is found is held by the transaction.
    unsafe {
        let module = known_item(ffi::PyImport_GetModuleDict(), "re");
        if module.is_null() || ffi::PyModule_Check(module) == 0 {
            return bail(Bail::Guard);
        }
        let cache = known_item(ffi::PyModule_GetDict(module), name);
        if cache.is_null() || ffi::PyDict_CheckExact(cache) == 0 {
            return bail(Bail::Guard);
        }
        let (text, flags) = (text.boxed()?, Temporary(c::owned(ffi::PyLong_FromLong(0))?));
        let class = (&raw mut ffi::PyUnicode_Type).cast::<PyObject>();
        let key = Temporary(c::owned(ffi::PyTuple_Pack(3, class, text.0.ptr(), flags.ptr()))?);
        let found = undisturbed(|| {
            let found = ffi::PyDict_GetItemWithError(cache, key.ptr());
            match found.is_null() && !ffi::PyErr_Occurred().is_null() {
                true => Err(c::raised()),
                false => Ok(found),
            }
        })?;
        if found.is_null() {
            return bail(Bail::Unsupported);
        }
        ffi::Py_INCREF(found);
        let found = cx.adopt(found)?;
        Foreign::from_py(cx, found.as_ptr())
    }
}

/// One that is compiled already.
pub fn compiled(pattern: Foreign<Pattern>) -> Foreign<Pattern> {
    pattern
}

/// `list(pattern.finditer(string))`
pub fn all_matches<T, S: Scalar>(cx: Cx, pattern: Foreign<Pattern>, string: &S) -> R<List<T>>
where
    T: Given + Clone + 'static,
{
    let matches = Matches::of(cx, pattern, string)?;
    let list = List::make(cx, 0)?;
    while let Some(found) = matches.next(cx)? {
        list.push(cx, take(cx, found)?)?;
    }
    Ok(list)
}

/// `pattern.sub(replacement, string, count)`
pub fn sub(cx: Cx, pattern: Foreign<Pattern>, replacement: &Str, string: &Str, count: i64) -> R<Str> {
    Ok(subn(cx, pattern, replacement, string, count)?.0)
}

/// `pattern.subn(replacement, string, count)`
pub fn subn(cx: Cx, pattern: Foreign<Pattern>, replacement: &Str, string: &Str, count: i64) -> R<(Str, i64)> {
    let Some(pieces) = template(cx, pattern, replacement)? else {
        // Without a backslash it is put in as it is.
        static CALL: Call = Call::method("subn").engine();
        return CALL.run(cx, [pattern.boxed()?, replacement.boxed()?, string.boxed()?, count.boxed()?]);
    };
    let matches = Matches::of(cx, pattern, string)?;
    let mut out = StrBuilder::new();
    let (mut at, mut done) = (0, 0);
    while count == 0 || done < count {
        let Some(found) = matches.next(cx)? else { break };
        // SAFETY: alive until the end of the turn.
        let (start, end) = unsafe { span(cx, found.ptr()) }?;
        push_part(&mut out, string, at, start)?;
        for piece in &pieces {
            match piece {
                Piece::Literal(c) => out.push_chr(*c)?,
                // SAFETY: as above.
                Piece::Group(group) => unsafe { push_group(cx, &mut out, found.ptr(), *group) }?,
            }
        }
        (at, done) = (end, done + 1);
    }
    push_part(&mut out, string, at, string.len())?;
    Ok((out.finish(cx)?, done))
}

/// A part of a replacement.
pub(crate) enum Piece {
    Literal(Chr),
    Group(i64),
}

/// What a replacement with backslashes says, as CPython reads it; none without backslashes. What is an error there bails.
pub(crate) fn template(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<Option<Vec<Piece>>> {
    let chars: Vec<u32> = (0..text.len()).map(|i| text.at(i)).collect();
    if !chars.contains(&u32::from(b'\\')) {
        return Ok(None);
    }
    static GROUPS: Call = Call::attribute("groups");
    let groups: i64 = GROUPS.run(cx, [pattern.boxed()?])?;
    let ascii = |at: usize| chars.get(at).and_then(|c| u8::try_from(*c).ok()).unwrap_or(0);
    let octal = |at: usize| (b'0'..=b'7').contains(&ascii(at));
    let digit = |at: usize| ascii(at).is_ascii_digit();
    let group =
        |number: i64| if number <= groups { Ok(Piece::Group(number)) } else { bail(Bail::Unsupported) };
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        if *c != u32::from(b'\\') {
            pieces.push(Piece::Literal(Chr(*c)));
            continue;
        }
        let escaped = ascii(at);
        let mut literal = |code: u32| pieces.push(Piece::Literal(Chr(code)));
        at += 1;
        match escaped {
            b'g' if ascii(at) == b'<' => {
                let Some(length) = chars[at + 1..].iter().position(|c| *c == u32::from(b'>')) else {
                    return bail(Bail::Unsupported);
                };
                // Names are left to Python, and numbers that are no plain ones.
                let name = &chars[at + 1..at + 1 + length];
                if !(1..=4).contains(&length) || !name.iter().all(|c| (48..58).contains(c)) {
                    return bail(Bail::Unsupported);
                }
                let number = name.iter().fold(0, |acc, c| acc * 10 + i64::from(c - 48));
                pieces.push(group(number)?);
                at += length + 2;
            }
            b'0' => {
                let mut code = 0;
                for _ in 0..2 {
                    if octal(at) {
                        code = code * 8 + u32::from(ascii(at) - b'0');
                        at += 1;
                    }
                }
                literal(code);
            }
            b'1'..=b'9' => {
                let mut number = i64::from(escaped - b'0');
                if digit(at) {
                    // Three octal digits are a character.
                    if octal(at - 1) && octal(at) && octal(at + 1) {
                        return bail(Bail::Unsupported);
                    }
                    number = number * 10 + i64::from(ascii(at) - b'0');
                    at += 1;
                }
                pieces.push(group(number)?);
            }
            b'a' => literal(7),
            b'b' => literal(8),
            b'f' => literal(12),
            b'n' => literal(10),
            b'r' => literal(13),
            b't' => literal(9),
            b'v' => literal(11),
            b'\\' => literal(92),
            c if c.is_ascii_alphabetic() => return bail(Bail::Unsupported),
            // A backslash at the end is an error; before anything else it stands for itself.
            _ => match chars.get(at - 1) {
                Some(c) => {
                    literal(92);
                    literal(*c);
                }
                None => return bail(Bail::Unsupported),
            },
        }
    }
    Ok(Some(pieces))
}

/// Where a match begins and ends.
unsafe fn span(cx: Cx, found: *mut PyObject) -> R<(usize, usize)> {
    static CALL: Call = Call::method("span");
    // SAFETY: by the caller: a match.
    let found = unsafe { Foreign::<Match>::from_py(cx, found)? };
    let (start, end): (i64, i64) = CALL.run(cx, [found.boxed()?])?;
    Ok((start as usize, end as usize))
}

/// Appends what a group matched; nothing if it took no part.
unsafe fn push_group(cx: Cx, out: &mut StrBuilder, found: *mut PyObject, group: i64) -> R<()> {
    static CALL: Call = Call::method("group");
    // SAFETY: by the caller: a match.
    let found = unsafe { Foreign::<Match>::from_py(cx, found)? };
    let text: crate::union::Optional<Str> = CALL.run(cx, [found.boxed()?, group.boxed()?])?;
    match text {
        crate::union::U2::B(text) => out.push_str(&text),
        crate::union::U2::A(()) => Ok(()),
    }
}

fn push_part(out: &mut StrBuilder, string: &Str, from: usize, to: usize) -> R<()> {
    (from..to).try_for_each(|i| out.push_chr(Chr(string.at(i))))
}
