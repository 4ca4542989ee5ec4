//! `os.path` where paths are POSIX's: what its functions make of texts. The guard has found the module `posixpath` there,
//! with the functions that it was defined with (`activate/ospath.rs`).

use crate::buf::Buf;
use crate::stop::{Bail, R, bail};
use crate::str_::{StrBuilder, part, view};
use crate::strs::{Chr, Str};
use crate::txn::Cx;

const SEP: u32 = '/' as u32;
const DOT: u32 = '.' as u32;

/// Where the last part of a path begins.
fn tail(p: &Str) -> usize {
    view(p).last_position(SEP).map_or(0, |i| i + 1)
}

/// Where the part before that ends, of which slashes at the end do not count unless there is nothing else.
fn head(p: &Str) -> usize {
    let (v, end) = (view(p), tail(p));
    let mut at = end;
    while at > 0 && v.at(at - 1).0 == SEP {
        at -= 1;
    }
    if at == 0 { end } else { at }
}

/// `os.path.basename(p)`
pub fn basename(_: Cx, p: &Str) -> R<Str> {
    part(p, tail(p), p.len())
}

/// `os.path.dirname(p)`
pub fn dirname(_: Cx, p: &Str) -> R<Str> {
    part(p, 0, head(p))
}

/// `os.path.split(p)`
pub fn split(_: Cx, p: &Str) -> R<(Str, Str)> {
    Ok((part(p, 0, head(p))?, part(p, tail(p), p.len())?))
}

/// `os.path.splitext(p)`: dots that the last part begins with do not count.
pub fn splitext(_: Cx, p: &Str) -> R<(Str, Str)> {
    let (v, len) = (view(p), p.len());
    let first = tail(p);
    let at = match v.last_position(DOT) {
        Some(dot) if dot >= first && (first..dot).any(|i| v.at(i).0 != DOT) => dot,
        _ => len,
    };
    Ok((part(p, 0, at)?, part(p, at, len)?))
}

/// `os.path.isabs(p)`
pub fn isabs(p: &Str) -> bool {
    !p.is_empty() && view(p).at(0).0 == SEP
}

/// `os.path.join(p, q)`
pub fn join(cx: Cx, p: &Str, q: &Str) -> R<Str> {
    joined(cx, &[p, q])
}

/// `os.path.join(p, q, r)`
pub fn join_three(cx: Cx, p: &Str, q: &Str, r: &Str) -> R<Str> {
    joined(cx, &[p, q, r])
}

/// `os.path.join(p, q, r, s)`
pub fn join_four(cx: Cx, p: &Str, q: &Str, r: &Str, s: &Str) -> R<Str> {
    joined(cx, &[p, q, r, s])
}

fn joined(cx: Cx, parts: &[&Str]) -> R<Str> {
    // What stands before an absolute path does not count.
    let first = parts.iter().rposition(|p| isabs(p)).unwrap_or(0);
    let mut out = StrBuilder::new();
    let mut is_open = false;
    for p in &parts[first..] {
        if is_open {
            out.push_chr(Chr(SEP))?;
        }
        out.push_str(p)?;
        let len = p.len();
        is_open = match len {
            // The slash that has just been put there is the end.
            0 => false,
            _ => view(p).at(len - 1).0 != SEP,
        };
    }
    out.finish(cx)
}

/// `os.path.normpath(p)`
pub fn normpath(cx: Cx, p: &Str) -> R<Str> {
    let (v, len) = (view(p), p.len());
    // Where it ends differs between patch releases.
    if v.position(0).is_some() {
        return bail(Bail::Unsupported);
    }
    // Exactly two slashes at the beginning stay.
    let slashes = (0..len.min(3)).take_while(|i| v.at(*i).0 == SEP).count();
    let slashes = if slashes == 3 { 1 } else { slashes };
    let mut parts: Buf<(usize, usize)> = Buf::new();
    let is_up =
        |&(from, to): &(usize, usize)| to - from == 2 && v.at(from).0 == DOT && v.at(from + 1).0 == DOT;
    let mut from = 0;
    for i in 0..=len {
        if i < len && v.at(i).0 != SEP {
            continue;
        }
        let found = (from, i);
        from = i + 1;
        if found.0 == i || (i - found.0 == 1 && v.at(found.0).0 == DOT) {
            continue;
        }
        if !is_up(&found) || (slashes == 0 && parts.is_empty()) || parts.last().is_some_and(is_up) {
            if parts.push(found).is_err() {
                return bail(Bail::Memory);
            }
        } else {
            parts.pop();
        }
    }
    let mut out = StrBuilder::new();
    for _ in 0..slashes {
        out.push_chr(Chr(SEP))?;
    }
    for (number, (from, to)) in parts.iter().copied().enumerate() {
        if number > 0 {
            out.push_chr(Chr(SEP))?;
        }
        out.push_view(v.part(from, to))?;
    }
    if out.is_empty() {
        out.push_chr(Chr(DOT))?;
    }
    out.finish(cx)
}
