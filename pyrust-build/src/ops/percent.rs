//! What stands in a `%` format: which conversion each value gets.

use std::iter::Peekable;
use std::str::Chars;

/// One value that a `%` format takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// `%(name)s`
    pub name: Option<String>,
    /// The conversion; `*` for a width or precision.
    pub conversion: char,
    /// Where the conversion stands, as a byte index.
    pub at: usize,
    /// Where `(name)` stands.
    pub span: Option<(usize, usize)>,
    /// No flag but `-`, and no precision: a width at most.
    bare: bool,
}

impl Slot {
    /// Shows any value as text: `%s`, `%r`, `%a`.
    pub fn shows(&self) -> bool {
        matches!(self.conversion, 's' | 'r' | 'a')
    }

    /// An int in decimal, which differs from `%s` in nothing but that it takes no text.
    pub fn is_plain_decimal(&self) -> bool {
        self.bare && matches!(self.conversion, 'd' | 'i' | 'u')
    }

    /// CPython formats an int of any size in one go: by its bits, or as a float.
    pub fn reads_bits(&self) -> bool {
        matches!(self.conversion, 'x' | 'X' | 'o' | 'c' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G')
    }
}

/// The values that `text` takes, in order; `None` if it is not well formed.
pub fn slots(text: &str) -> Option<Vec<Slot>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'%' {
            i += 1;
            continue;
        }
        i += 1;
        let (mut name, mut span) = (None, None);
        if bytes.get(i) == Some(&b'(') {
            let start = i;
            let mut depth = 0;
            loop {
                match bytes.get(i)? {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                i += 1;
                if depth == 0 {
                    break;
                }
            }
            name = Some(text[start + 1..i - 1].to_string());
            span = Some((start, i));
        }
        let mut bare = true;
        while matches!(bytes.get(i)?, b'#' | b'0' | b'-' | b' ' | b'+') {
            bare &= bytes[i] == b'-';
            i += 1;
        }
        let mut number = |i: &mut usize| {
            if bytes.get(*i) == Some(&b'*') {
                out.push(Slot { name: None, conversion: '*', at: *i, span: None, bare: false });
                *i += 1;
            } else {
                while bytes.get(*i).is_some_and(u8::is_ascii_digit) {
                    *i += 1;
                }
            }
        };
        number(&mut i);
        if bytes.get(i) == Some(&b'.') {
            bare = false;
            i += 1;
            number(&mut i);
        }
        while matches!(bytes.get(i)?, b'h' | b'l' | b'L') {
            i += 1;
        }
        match bytes.get(i)? {
            b'%' => {}
            c @ (b'd' | b'i' | b'o' | b'u' | b'x' | b'X' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'c'
            | b'r' | b's' | b'a' | b'b') => {
                out.push(Slot { name, conversion: char::from(*c), at: i, span, bare });
            }
            _ => return None,
        }
        i += 1;
    }
    Some(out)
}

/// A part of a `%` format that is an f-string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    /// What is shown as text (`s`, `r`, `a`), or a number of that conversion, and how an f-string specifies it.
    Value {
        conversion: char,
        spec: String,
    },
}

/// The most digits that CPython's compiler takes of a width or precision.
const MAX_DIGITS: usize = 3;

/// A number, if one stands there; `None` for one of too many digits.
fn digits(rest: &mut Peekable<Chars>) -> Option<Option<u32>> {
    let mut found = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        found.push(digit);
    }
    (found.len() <= MAX_DIGITS).then(|| found.parse().ok())
}

/// The parts that CPython's compiler makes of a `%` format; `None` where it leaves that as it is.
pub fn as_parts(text: &str) -> Option<Vec<Piece>> {
    let is_shown = |piece: &Piece| match piece {
        Piece::Literal(_) => true,
        Piece::Value { conversion, .. } => matches!(conversion, 's' | 'r' | 'a'),
    };
    parts(text).filter(|pieces| pieces.iter().all(is_shown))
}

/// A `%` format of texts and numbers as an f-string; `None` where none says the same.
pub fn parts(text: &str) -> Option<Vec<Piece>> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            literal.push(c);
            continue;
        }
        if rest.next_if_eq(&'%').is_some() {
            literal.push('%');
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = rest.next_if(|c| "-+ #0".contains(*c)) {
            flags.push(flag);
        }
        let width = digits(&mut rest)?;
        let precision = match rest.next_if_eq(&'.') {
            Some(_) => Some(digits(&mut rest)?.unwrap_or(0)),
            None => None,
        };
        let conversion = rest.next()?;
        let spec = match conversion {
            's' | 'r' | 'a' => text_spec(&flags, width, precision),
            _ => number_spec(&flags, width, precision, conversion)?,
        };
        if !literal.is_empty() {
            out.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        out.push(Piece::Value { conversion, spec });
    }
    if !literal.is_empty() {
        out.push(Piece::Literal(literal));
    }
    Some(out)
}

fn text_spec(flags: &str, width: Option<u32>, precision: Option<u32>) -> String {
    let mut spec = String::new();
    if let Some(width) = width {
        let align = if flags.contains('-') || width == 0 { "" } else { ">" };
        spec = format!("{align}{width}");
    }
    if let Some(precision) = precision {
        spec = format!("{spec}.{precision}");
    }
    spec
}

fn number_spec(flags: &str, width: Option<u32>, precision: Option<u32>, conversion: char) -> Option<String> {
    let (kind, is_int) = match conversion {
        'd' | 'i' | 'u' => ('d', true),
        'x' | 'X' | 'o' => (conversion, true),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => (conversion, false),
        _ => return None,
    };
    // A precision of ints asks for so many digits, which no f-string does.
    if flags.contains('#') || is_int && precision.is_some() {
        return None;
    }
    let sign = match flags {
        _ if flags.contains('+') => "+",
        _ if flags.contains(' ') => " ",
        _ => "",
    };
    let precision = precision.map_or(String::new(), |precision| format!(".{precision}"));
    Some(match width.filter(|width| *width != 0) {
        Some(width) if flags.contains('-') => format!("<{sign}{width}{precision}{kind}"),
        Some(width) if flags.contains('0') => format!("{sign}0{width}{precision}{kind}"),
        Some(width) => format!("{sign}{width}{precision}{kind}"),
        None => format!("{sign}{precision}{kind}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Piece, as_parts, parts, slots};

    #[test]
    fn is_an_f_string_where_all_is_text() {
        let value = |conversion, spec: &str| Piece::Value { conversion, spec: spec.into() };
        let parts = as_parts("%5s%%%-3r.%.2a").expect("all of it is text");
        let literal = |text: &str| Piece::Literal(text.into());
        let wanted = [value('s', ">5"), literal("%"), value('r', "3"), literal("."), value('a', ".2")];
        assert_eq!(parts, wanted);
        assert_eq!(
            [as_parts("%d"), as_parts("%(a)s"), as_parts("%*s"), as_parts("%5000s")],
            [const { None }; 4]
        );
    }

    #[test]
    fn numbers_are_specified_as_in_f_strings() {
        let spec = |text| match parts(text)?.pop()? {
            Piece::Value { spec, .. } => Some(spec),
            Piece::Literal(_) => None,
        };
        let specs = ["%d", "%05i", "%-05d", "%+ 5u", "% d", "%x", "%010.3f", "%.g", "%0d"];
        let wanted = ["d", "05d", "<5d", "+5d", " d", "x", "010.3f", ".0g", "d"];
        assert_eq!(specs.map(spec), wanted.map(|spec| Some(spec.to_string())));
        assert_eq!(["%.3d", "%#x", "%c", "%*d", "%(a)d", "%5%"].map(parts), [const { None }; 6]);
    }

    fn conversions(text: &str) -> Option<String> {
        slots(text).map(|s| s.iter().map(|s| s.conversion).collect())
    }

    #[test]
    fn finds_every_value() {
        assert_eq!(conversions("%5.2f é %% %-*s%r").as_deref(), Some("f*sr"));
        assert_eq!(conversions("%.*f").as_deref(), Some("*f"));
        assert_eq!(conversions("100%"), None);
        assert_eq!(conversions("%z"), None);
        let named = slots("a %(x(y))05d").expect("well formed");
        assert_eq!((named[0].name.as_deref(), named[0].conversion), (Some("x(y)"), 'd'));
    }
}
