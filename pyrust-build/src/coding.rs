//! How the bytes of a Python file become text: PEP 263, as CPython's tokenizer does it.
//!
//! In: bytes. Out: the text that CPython would see, or why that is not known here. What is read otherwise than Python reads
//! it would be compiled to other constants, and nothing later would notice.

/// What the first two lines say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Coding {
    Utf8,
    Latin1,
    /// ASCII means the same in it; what else does is not known here.
    OverAscii(String),
    Unknown(String),
}

/// Why a file cannot be read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not UTF-8 from this byte on.
    NotUtf8 { valid: usize },
    /// In an encoding that only Python knows.
    Other(String),
}

pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, Unreadable> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    // With a mark Python takes nothing but UTF-8.
    let coding = if bytes.starts_with(MARK) { Coding::Utf8 } else { coding(&bytes) };
    match coding {
        // Each byte is the code point of that number.
        Coding::Latin1 => Ok(bytes.iter().copied().map(char::from).collect()),
        Coding::OverAscii(name) if !bytes.is_ascii() => Err(Unreadable::Other(name)),
        Coding::Unknown(name) => Err(Unreadable::Other(name)),
        Coding::Utf8 | Coding::OverAscii(_) => match String::from_utf8(bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text)),
            Err(error) => Err(Unreadable::NotUtf8 { valid: error.utf8_error().valid_up_to() }),
        },
    }
}

fn coding(bytes: &[u8]) -> Coding {
    let mut rest = bytes;
    for _ in 0..2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c'));
        match start.map(|start| &line[start..]) {
            Some(comment) if comment.starts_with(b"#") => {
                if let Some(name) = named(comment) {
                    return known(name);
                }
            }
            // A second line counts only below a line without code.
            Some(_) => break,
            None => {}
        }
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
    }
    Coding::Utf8
}

/// The name behind `coding:` or `coding=` in a comment.
fn named(comment: &[u8]) -> Option<&[u8]> {
    let mut rest = comment;
    while let Some(place) = rest.windows(6).position(|window| window == b"coding") {
        rest = &rest[place + 6..];
        let Some(name) = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"=")) else { continue };
        let name = &name[name.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..];
        let length = name
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .count();
        if length > 0 {
            return Some(&name[..length]);
        }
    }
    None
}

fn known(name: &[u8]) -> Coding {
    let shown = String::from_utf8_lossy(name).into_owned();
    let plain = shown.to_ascii_lowercase().replace('_', "-");
    let is = |names: &[&str]| names.contains(&plain.as_str());
    // Editors put what they know of line ends behind the name.
    let suffixed = |names: &[&str]| {
        names
            .iter()
            .any(|name| plain.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| plain.starts_with(beginning));
    if suffixed(&["utf-8"]) || is(&["utf8", "u8"]) {
        Coding::Utf8
    } else if suffixed(&["latin-1", "iso-8859-1", "iso-latin-1"]) || is(&["latin1", "iso8859-1", "l1"]) {
        Coding::Latin1
    } else if is(&["ascii", "us-ascii", "gbk", "gb2312", "gb18030", "euc-jp", "euc-kr", "big5", "latin-9"])
        || begins(&["cp125", "windows-125", "iso-8859-", "iso8859-", "koi8-"])
    {
        Coding::OverAscii(shown)
    } else {
        Coding::Unknown(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).expect("text")
    }

    fn other(bytes: &[u8]) -> String {
        match decode(bytes.to_vec()) {
            Err(Unreadable::Other(name)) => name,
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn bytes_that_are_utf_8_too() {
        // `é` in UTF-8, which is two characters in Latin-1, and others elsewhere.
        assert_eq!(text("# coding: latin-1\n'é'".as_bytes()), "# coding: latin-1\n'Ã©'");
        assert_eq!(
            text("#!/x\n# vim: set fileencoding=iso-8859-1 :\n'é'".as_bytes()).matches('Ã').count(),
            1
        );
        assert_eq!(
            text("# coding style, -*- coding: latin-1-unix -*-\r'é'".as_bytes()).matches('Ã').count(),
            1
        );
        assert_eq!(text("\x0c # coding:\tLatin_1\r\n'é'".as_bytes()).matches('Ã').count(), 1);
        assert_eq!(text("\r\n# coding: latin-1\r\n'é'".as_bytes()).matches('Ã').count(), 1);
        assert_eq!(other("# coding: cp1252\n'é'".as_bytes()), "cp1252");
        assert_eq!(other("# coding: iso-8859-15\n'é'".as_bytes()), "iso-8859-15");
        assert_eq!(other("# coding=koi8-r\n'é'".as_bytes()), "koi8-r");
    }

    #[test]
    fn no_coding_line() {
        for source in [
            "# coding: utf-8\n'é'",
            "# coding: UTF_8-unix\n'é'",
            "'''doc'''\n# coding: latin-1\n'é'",
            "x = 1 # coding: latin-1\n'é'",
            "x = 1\n# coding: latin-1\n'é'",
            "#\n#\n# coding: latin-1\n'é'",
            "# encoding latin-1\n'é'",
            "# coding:\n'é'",
            "# coding : latin-1\n'é'",
        ] {
            assert_eq!(text(source.as_bytes()), source);
        }
        assert_eq!(text("\u{feff}x = 'é'".as_bytes()), "x = 'é'");
        assert_eq!(decode(b"x = '\xe9'".to_vec()), Err(Unreadable::NotUtf8 { valid: 5 }));
    }

    #[test]
    fn what_is_not_ascii_in_disguise() {
        // There `+AOk-`, `\u00e9` and `~{` are other characters.
        assert_eq!(other(b"# coding: utf-7\n'+AOk-'"), "utf-7");
        assert_eq!(other(b"# coding: raw_unicode_escape\n'\\u0022'"), "raw_unicode_escape");
        assert_eq!(other(b"# coding: hz\n'~{!#~}'"), "hz");
        assert_eq!(text(b"# coding: cp1252\nx = 1"), "# coding: cp1252\nx = 1");
        assert_eq!(text(b"# coding: ascii\nx = 1"), "# coding: ascii\nx = 1");
        assert_eq!(text(b"# coding: latin-1\nx = '\xe9'"), "# coding: latin-1\nx = 'é'");
    }
}
