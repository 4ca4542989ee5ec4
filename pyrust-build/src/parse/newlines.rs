//! Line ends: Python reads `\r\n` and `\r` as `\n`, also inside strings. The second parser does not, so it gets a text
//! with `\n` only, and its offsets are translated back.

use std::borrow::Cow;

use crate::source::Span;

pub(super) struct Newlines<'a> {
    pub(super) text: Cow<'a, str>,
    /// Offsets into `text` of the line ends that were two characters.
    shortened: Vec<u32>,
}

impl<'a> Newlines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        if !text.contains('\r') {
            return Newlines { text: Cow::Borrowed(text), shortened: Vec::new() };
        }
        let mut out = String::with_capacity(text.len());
        let mut shortened = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '\r' {
                out.push(c);
                continue;
            }
            if chars.next_if_eq(&'\n').is_some() {
                shortened.push(out.len() as u32);
            }
            out.push('\n');
        }
        Newlines { text: Cow::Owned(out), shortened }
    }

    /// A span of `text` as a span of the original.
    pub(super) fn original(&self, span: Span) -> Span {
        let moved = |offset: u32| offset + self.shortened.partition_point(|at| *at < offset) as u32;
        Span { start: moved(span.start), end: moved(span.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        let original = "a\r\nbc\rd\n\r\ne";
        let newlines = Newlines::new(original);
        assert_eq!(newlines.text, "a\nbc\nd\n\ne");
        for word in ["a", "bc", "d", "e"] {
            let at = newlines.text.find(word).expect("there");
            let span = newlines.original(Span::new(at, at + word.len()));
            assert_eq!(&original[span.start as usize..span.end as usize], word);
        }
    }
}
