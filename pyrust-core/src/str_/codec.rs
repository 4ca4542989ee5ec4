//! `s.encode(codec, errors)` and `b.decode(codec, errors)` for the codecs that CPython has in C.
//!
//! An error handler other than those done here could be Python code, and so could a codec: both bail.

use super::{StrBuilder, Unit, each, own, view};
use crate::bytes::{BytesBuilder, decode_latin1};
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::strs::{Bytes, Chr, Str};
use crate::txn::Cx;

use pyo3_ffi as ffi;

#[derive(Clone, Copy, PartialEq)]
enum Codec {
    Utf8,
    Ascii,
    Latin1,
    /// Little endian? With a mark in front?
    Utf16 {
        little: bool,
        mark: bool,
    },
    Utf32 {
        little: bool,
        mark: bool,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Errors {
    Strict,
    Ignore,
    Replace,
    Backslash,
    Xml,
    Escape,
    Pass,
}

/// Names as CPython normalises them: lower case, runs of what is no letter or digit are one underscore.
fn normal(name: &Str) -> Option<([u8; 24], usize)> {
    let text = view(name).ascii()?;
    let mut out = [0; 24];
    let mut len = 0;
    let mut gap = false;
    for c in text {
        if c.is_ascii_alphanumeric() || *c == b'.' {
            if gap && len > 0 {
                *out.get_mut(len)? = b'_';
                len += 1;
            }
            gap = false;
            *out.get_mut(len)? = c.to_ascii_lowercase();
            len += 1;
        } else {
            gap = true;
        }
    }
    Some((out, len))
}

fn codec(name: &Str) -> R<Codec> {
    let Some((text, len)) = normal(name) else { return bail(Bail::Unsupported) };
    let native = cfg!(target_endian = "little");
    Ok(match &text[..len] {
        b"utf_8" | b"utf8" => Codec::Utf8,
        b"ascii" | b"us_ascii" => Codec::Ascii,
        b"latin_1" | b"latin1" | b"iso_8859_1" | b"iso8859_1" => Codec::Latin1,
        b"utf_16" | b"utf16" => Codec::Utf16 { little: native, mark: true },
        b"utf_16_le" => Codec::Utf16 { little: true, mark: false },
        b"utf_16_be" => Codec::Utf16 { little: false, mark: false },
        b"utf_32" | b"utf32" => Codec::Utf32 { little: native, mark: true },
        b"utf_32_le" => Codec::Utf32 { little: true, mark: false },
        b"utf_32_be" => Codec::Utf32 { little: false, mark: false },
        _ => return bail(Bail::Unsupported),
    })
}

fn errors(name: &Str) -> R<Errors> {
    Ok(match view(name).ascii() {
        Some(b"strict") => Errors::Strict,
        Some(b"ignore") => Errors::Ignore,
        Some(b"replace") => Errors::Replace,
        Some(b"backslashreplace") => Errors::Backslash,
        Some(b"xmlcharrefreplace") => Errors::Xml,
        Some(b"surrogateescape") => Errors::Escape,
        Some(b"surrogatepass") => Errors::Pass,
        _ => return bail(Bail::Unsupported),
    })
}

/// `s.encode(codec)`.
pub fn encode_as(cx: Cx, s: &Str, codec_name: &Str) -> R<Bytes> {
    encode(cx, s, codec(codec_name)?, Errors::Strict)
}

/// `s.encode(codec, errors)`.
pub fn encode_with(cx: Cx, s: &Str, codec_name: &Str, error_name: &Str) -> R<Bytes> {
    encode(cx, s, codec(codec_name)?, errors(error_name)?)
}

/// `s.encode(errors=…)`: UTF-8.
pub fn encode_utf8_with(cx: Cx, s: &Str, error_name: &Str) -> R<Bytes> {
    encode(cx, s, Codec::Utf8, errors(error_name)?)
}

fn encode(cx: Cx, s: &Str, codec: Codec, errors: Errors) -> R<Bytes> {
    match (codec, errors) {
        (Codec::Utf8, Errors::Strict) => return super::encode_utf8(cx, s),
        (Codec::Ascii, Errors::Strict) => return super::encode_ascii(cx, s),
        (Codec::Latin1, Errors::Strict) => return super::encode_latin1(cx, s),
        _ => {}
    }
    let mut out = BytesBuilder::new();
    if let Codec::Utf16 { mark: true, .. } | Codec::Utf32 { mark: true, .. } = codec {
        put(&mut out, codec, 0xfeff)?;
    }
    each!(view(s), units => {
        for unit in units {
            let code = unit.code();
            let fits = match codec {
                Codec::Ascii => code < 0x80,
                Codec::Latin1 => code < 0x100,
                Codec::Utf8 | Codec::Utf16 { .. } | Codec::Utf32 { .. } => !(0xd800..0xe000).contains(&code),
            };
            if fits {
                put(&mut out, codec, code)?;
            } else {
                unencodable(&mut out, codec, errors, code)?;
            }
        }
    });
    out.finish(cx)
}

fn unencodable(out: &mut BytesBuilder, codec: Codec, errors: Errors, code: u32) -> R<()> {
    let wide = matches!(codec, Codec::Utf16 { .. } | Codec::Utf32 { .. });
    match errors {
        Errors::Strict => exc(Exc::UnicodeEncodeError),
        Errors::Ignore => Ok(()),
        Errors::Replace => put(out, codec, u32::from(b'?')),
        Errors::Backslash => ascii(out, codec, &escape(code)),
        Errors::Xml => ascii(out, codec, format!("&#{code};").as_bytes()),
        Errors::Escape if !wide && (0xdc80..0xdd00).contains(&code) => byte(out, code as u8),
        Errors::Pass if matches!(codec, Codec::Utf8 | Codec::Utf16 { .. } | Codec::Utf32 { .. }) => {
            put(out, codec, code)
        }
        // The handler decides, and it can be replaced.
        Errors::Escape | Errors::Pass => bail(Bail::Unsupported),
    }
}

/// `\xe4`, `\u20ac`, `\U0001f600`.
fn escape(code: u32) -> Vec<u8> {
    match code {
        0..0x100 => format!("\\x{code:02x}"),
        0x100..0x1_0000 => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
    .into_bytes()
}

fn ascii(out: &mut BytesBuilder, codec: Codec, text: &[u8]) -> R<()> {
    text.iter().try_for_each(|c| put(out, codec, u32::from(*c)))
}

fn byte(out: &mut BytesBuilder, b: u8) -> R<()> {
    out.push_int(i64::from(b))
}

/// One code point; UTF-8 also writes surrogates.
fn put(out: &mut BytesBuilder, codec: Codec, code: u32) -> R<()> {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match codec {
        Codec::Ascii | Codec::Latin1 => byte(out, code as u8),
        Codec::Utf8 => match code {
            0..0x80 => byte(out, code as u8),
            0x80..0x800 => {
                byte(out, 0xc0 | (code >> 6) as u8)?;
                byte(out, tail(0))
            }
            0x800..0x1_0000 => {
                byte(out, 0xe0 | (code >> 12) as u8)?;
                byte(out, tail(6))?;
                byte(out, tail(0))
            }
            _ => {
                byte(out, 0xf0 | (code >> 18) as u8)?;
                byte(out, tail(12))?;
                byte(out, tail(6))?;
                byte(out, tail(0))
            }
        },
        Codec::Utf16 { little, .. } if code >= 0x1_0000 => {
            let code = code - 0x1_0000;
            unit(out, &(0xd800 | (code >> 10) as u16).to_be_bytes(), little)?;
            unit(out, &(0xdc00 | (code & 0x3ff) as u16).to_be_bytes(), little)
        }
        Codec::Utf16 { little, .. } => unit(out, &(code as u16).to_be_bytes(), little),
        Codec::Utf32 { little, .. } => unit(out, &code.to_be_bytes(), little),
    }
}

fn unit(out: &mut BytesBuilder, big: &[u8], little: bool) -> R<()> {
    if little {
        big.iter().rev().try_for_each(|b| byte(out, *b))
    } else {
        big.iter().try_for_each(|b| byte(out, *b))
    }
}

/// `b.decode(codec)`, `str(b, codec)`.
pub fn decode_as(cx: Cx, b: &Bytes, codec_name: &Str) -> R<Str> {
    decode(cx, b, codec(codec_name)?, Errors::Strict)
}

/// `b.decode(codec, errors)`, `str(b, codec, errors)`.
pub fn decode_with(cx: Cx, b: &Bytes, codec_name: &Str, error_name: &Str) -> R<Str> {
    decode(cx, b, codec(codec_name)?, errors(error_name)?)
}

/// `b.decode(errors=…)`: UTF-8.
pub fn decode_utf8_with(cx: Cx, b: &Bytes, error_name: &Str) -> R<Str> {
    decode(cx, b, Codec::Utf8, errors(error_name)?)
}

fn decode(cx: Cx, b: &Bytes, codec: Codec, errors: Errors) -> R<Str> {
    match codec {
        Codec::Latin1 => decode_latin1(cx, b),
        Codec::Ascii if errors == Errors::Strict => crate::bytes::decode_ascii(cx, b),
        Codec::Utf8 if errors == Errors::Strict => crate::bytes::decode_utf8(cx, b),
        Codec::Ascii => {
            let mut out = StrBuilder::new();
            for c in b.raw() {
                match c {
                    0..0x80 => out.push_chr(Chr(u32::from(*c)))?,
                    _ => undecodable(&mut out, errors, *c)?,
                }
            }
            out.finish(cx)
        }
        Codec::Utf8 => decode_utf8(cx, b, errors),
        Codec::Utf16 { little, mark } => decode_utf16(cx, b.raw(), little, mark),
        Codec::Utf32 { little, mark } => decode_utf32(cx, b.raw(), little, mark),
    }
}

/// A byte that is not ASCII, in ASCII.
fn undecodable(out: &mut StrBuilder, errors: Errors, c: u8) -> R<()> {
    match errors {
        Errors::Ignore => Ok(()),
        Errors::Replace => out.push_chr(Chr(0xfffd)),
        Errors::Escape => out.push_chr(Chr(0xdc00 + u32::from(c))),
        Errors::Backslash => out.push_ascii(&escape(u32::from(c))),
        Errors::Strict | Errors::Xml | Errors::Pass => bail(Bail::Unsupported),
    }
}

fn decode_utf8(cx: Cx, b: &Bytes, errors: Errors) -> R<Str> {
    let name = match errors {
        Errors::Ignore => c"ignore",
        Errors::Replace => c"replace",
        Errors::Escape => c"surrogateescape",
        Errors::Backslash => {
            let mut out = StrBuilder::new();
            for chunk in b.raw().utf8_chunks() {
                chunk.valid().chars().try_for_each(|c| out.push_chr(Chr(c as u32)))?;
                chunk.invalid().iter().try_for_each(|c| out.push_ascii(&escape(u32::from(*c))))?;
            }
            return out.finish(cx);
        }
        Errors::Strict | Errors::Xml | Errors::Pass => {
            return match std::str::from_utf8(b.raw()) {
                Ok(_) => crate::bytes::decode_utf8(cx, b),
                Err(_) => bail(Bail::Unsupported),
            };
        }
    };
    // SAFETY: CPython's decoder does these handlers itself, so that no Python code runs.
    unsafe {
        own(ffi::PyUnicode_DecodeUTF8(b.raw().as_ptr().cast(), b.len() as ffi::Py_ssize_t, name.as_ptr()))
    }
}

/// Takes a mark off and says whether little end comes first.
fn order(raw: &[u8], little: bool, mark: bool, (le, be): (&[u8], &[u8])) -> (usize, bool) {
    match mark {
        true if raw.starts_with(le) => (le.len(), true),
        true if raw.starts_with(be) => (be.len(), false),
        _ => (0, little),
    }
}

/// What is malformed goes to a handler: it bails.
fn decode_utf16(cx: Cx, raw: &[u8], little: bool, mark: bool) -> R<Str> {
    let (skip, little) = order(raw, little, mark, (b"\xff\xfe", b"\xfe\xff"));
    let pairs = raw[skip..].chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return bail(Bail::Unsupported);
    }
    let units = pairs.map(|p| {
        let pair = [p[0], p[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    let mut out = StrBuilder::new();
    for c in char::decode_utf16(units) {
        match c {
            Ok(c) => out.push_chr(Chr(c as u32))?,
            Err(_) => return bail(Bail::Unsupported),
        }
    }
    out.finish(cx)
}

fn decode_utf32(cx: Cx, raw: &[u8], little: bool, mark: bool) -> R<Str> {
    let (skip, little) = order(raw, little, mark, (b"\xff\xfe\0\0", b"\0\0\xfe\xff"));
    let quads = raw[skip..].chunks_exact(4);
    if !quads.remainder().is_empty() {
        return bail(Bail::Unsupported);
    }
    let mut out = StrBuilder::new();
    for q in quads {
        let quad = [q[0], q[1], q[2], q[3]];
        let code = if little { u32::from_le_bytes(quad) } else { u32::from_be_bytes(quad) };
        match char::from_u32(code) {
            Some(c) => out.push_chr(Chr(c as u32))?,
            None => return bail(Bail::Unsupported),
        }
    }
    out.finish(cx)
}
