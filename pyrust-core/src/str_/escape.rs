//! `html.escape`, `re.escape`.

use super::{StrBuilder, view};
use crate::stop::R;
use crate::strs::{Chr, Str};
use crate::txn::Cx;

/// What `re.escape` puts a backslash before.
pub const SPECIAL: &[u8] = b"()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c";

/// `html.escape(s, quote)`
pub fn escape_html(cx: Cx, s: &Str, quote: bool) -> R<Str> {
    let v = view(s);
    let mut out = StrBuilder::new();
    let mut fuel = crate::txn::FUEL;
    for i in 0..v.len() {
        cx.tick(&mut fuel)?;
        let c = v.at(i);
        match u8::try_from(c.0).unwrap_or_default() {
            b'&' => out.push_static("&amp;")?,
            b'<' => out.push_static("&lt;")?,
            b'>' => out.push_static("&gt;")?,
            b'"' if quote => out.push_static("&quot;")?,
            b'\'' if quote => out.push_static("&#x27;")?,
            _ => out.push_chr(c)?,
        }
    }
    out.finish(cx)
}

/// `re.escape(s)`
pub fn escape_pattern(cx: Cx, s: &Str) -> R<Str> {
    let v = view(s);
    let mut out = StrBuilder::new();
    let mut fuel = crate::txn::FUEL;
    for i in 0..v.len() {
        cx.tick(&mut fuel)?;
        let c = v.at(i);
        if u8::try_from(c.0).is_ok_and(|c| SPECIAL.contains(&c)) {
            out.push_chr(Chr('\\' as u32))?;
        }
        out.push_chr(c)?;
    }
    out.finish(cx)
}
