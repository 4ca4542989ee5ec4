//! Source files and spans.
//!
//! A `Span` is a range of byte offsets into one `SourceFile`; lines and columns are derived when shown.

use std::sync::Arc;

/// A range of byte offsets, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// A span from two byte offsets.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }
}

/// One Python file of the project.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Dotted module name, for example `textkit.distance`.
    pub module: String,
    /// Path relative to the project root, with forward slashes; what messages show.
    pub path: String,
    pub text: Arc<str>,
    line_starts: Arc<[u32]>,
    /// Is there a line that may begin a `case` of a `match`? Asked for every run of every function.
    pub has_cases: bool,
}

fn may_begin_case(line: &str) -> bool {
    let behind = line.trim_start().strip_prefix("case");
    behind.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

impl SourceFile {
    /// Indexes the lines of `text`.
    pub fn new(module: impl Into<String>, path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        let has_cases = text.lines().any(may_begin_case);
        SourceFile { module: module.into(), path: path.into(), text, line_starts: starts.into(), has_cases }
    }

    /// One-based line of a byte offset.
    pub fn line(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|s| *s <= offset)
    }

    /// One-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        (line, self.text.get(start..end).map_or(1, |s| s.chars().count() + 1))
    }

    /// The text of a one-based line, without its line end.
    pub fn line_text(&self, line: usize) -> &str {
        let start = self.line_starts[line - 1] as usize;
        let end = self.line_starts.get(line).map_or(self.text.len(), |e| *e as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }
}
