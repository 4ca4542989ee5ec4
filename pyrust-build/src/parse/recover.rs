//! Reads a file around what cannot be read: the outermost function (or else the statement) with an error in it is
//! blanked out, and the rest parses as if it were not there. The tree keeps its text in its place.
//!
//! Cuts follow the indentation, not the parser: what a parser makes of broken text is a guess.

use super::SyntaxError;
use super::nesting::after_string;
use crate::ast::{
    Constant, Expr, ExprKind, FunctionDef, Module, Params, Stmt, StmtKind, Unrepresentable, Why,
};
use crate::source::Span;

/// So many errors are cut out; a file with more is not Python.
const MAX_CUTS: usize = 50;

/// What was cut out, and why.
pub(super) struct Cut {
    pub(super) span: Span,
    pub(super) error: SyntaxError,
    /// Of the function; `None` for a statement that is none.
    name: Option<String>,
}

/// The tree of a text that `parse` fails on.
pub(super) fn around(
    text: &str,
    parse: &dyn Fn(&str) -> Result<Module, SyntaxError>,
) -> Result<(Module, Vec<Cut>), SyntaxError> {
    let lines = Lines::new(text);
    let mut masked = text.to_string();
    let mut cuts: Vec<Cut> = Vec::new();
    // The error that is told when cutting does not help.
    let first = match parse(&masked) {
        Ok(module) => return Ok((module, cuts)),
        Err(error) => error,
    };
    let mut next = SyntaxError { message: first.message.clone(), span: first.span };
    while cuts.len() < MAX_CUTS {
        // An error that stays after its place was cut out lies elsewhere.
        let new = |region: &Span| {
            !cuts.iter().any(|cut| cut.span.start <= region.start && region.end <= cut.span.end)
        };
        let Some(region) = lines.regions(text, next.span.start as usize).into_iter().find(new) else {
            return Err(first);
        };
        // What encloses an earlier cut takes it in.
        cuts.retain(|cut| cut.span.start < region.start || cut.span.end > region.end);
        masked = blank(&masked, region);
        let name = function_name(&text[region.start as usize..region.end as usize]);
        cuts.push(Cut { span: region, error: next, name });
        match parse(&masked) {
            Ok(mut module) => {
                cuts.sort_by_key(|cut| cut.span.start);
                put_back(&mut module.body, text, &cuts);
                return Ok((module, cuts));
            }
            Err(error) => next = error,
        }
    }
    Err(first)
}

/// The region becomes the statement `0` and blanks; every other offset stays what it was.
fn blank(text: &str, region: Span) -> String {
    let (start, end) = (region.start as usize, region.end as usize);
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..start]);
    for (i, byte) in text.as_bytes()[start..end].iter().enumerate() {
        out.push(match byte {
            b'\n' => '\n',
            _ if i == 0 => '0',
            _ => ' ',
        });
    }
    out.push_str(&text[end..]);
    out
}

/// The name behind `def`, decorators skipped.
fn function_name(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("async ").map_or(line, str::trim_start).strip_prefix("def ")?;
        let name: String =
            rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    })
}

fn put_back(body: &mut [Stmt], text: &str, cuts: &[Cut]) {
    for stmt in body {
        if let StmtKind::Expr(Expr { kind: ExprKind::Constant(Constant::Int(_)), .. }) = &stmt.kind
            && let Some(cut) = cuts.iter().find(|cut| cut.span.start == stmt.span.start)
        {
            *stmt = unreadable(text, cut);
            continue;
        }
        match &mut stmt.kind {
            StmtKind::ClassDef(class) => put_back(&mut class.body, text, cuts),
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                put_back(body, text, cuts);
                put_back(orelse, text, cuts);
            }
            StmtKind::With { body, .. } => put_back(body, text, cuts),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                put_back(body, text, cuts);
                handlers.iter_mut().for_each(|handler| put_back(&mut handler.body, text, cuts));
                put_back(orelse, text, cuts);
                put_back(finalbody, text, cuts);
            }
            StmtKind::Match { cases, .. } => {
                cases.iter_mut().for_each(|case| put_back(&mut case.body, text, cuts));
            }
            // Cuts are never inside a function, and the others have no bodies.
            _ => {}
        }
    }
}

fn unreadable(text: &str, cut: &Cut) -> Stmt {
    let span = cut.span;
    let source = Unrepresentable {
        text: text[span.start as usize..span.end as usize].to_string(),
        why: Why::Syntax { message: cut.error.message.clone(), at: cut.error.span },
    };
    let body = StmtKind::Expr(Expr { kind: ExprKind::Unrepresentable(Box::new(source)), span });
    let kind = match &cut.name {
        None => body,
        Some(name) => StmtKind::FunctionDef(Box::new(FunctionDef {
            name: name.clone(),
            is_async: false,
            params: Params::default(),
            body: vec![Stmt { kind: body, span }],
            decorators: Vec::new(),
            returns: None,
            type_params: Vec::new(),
            span,
        })),
    };
    Stmt { kind, span }
}

struct Line {
    start: usize,
    end: usize,
    indent: usize,
    /// Nothing begins here: blank, a comment, or inside a string over several lines.
    empty: bool,
}

struct Lines(Vec<Line>);

impl Lines {
    fn new(text: &str) -> Lines {
        let inside = in_strings(text);
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let body = line.trim_end();
            let content = body.trim_start();
            let indent = body.len() - content.len();
            // A closing bracket continues what it closes.
            let closes = content.starts_with([')', ']', '}']);
            let empty = content.is_empty() || content.starts_with('#') || inside.contains(&start);
            lines.push(Line {
                start: start + indent,
                end: start + body.len(),
                indent: indent + usize::from(closes),
                empty,
            });
            start += line.len();
        }
        Lines(lines)
    }

    /// What to cut out for an error at this offset, the most likely first.
    fn regions(&self, text: &str, offset: usize) -> Vec<Span> {
        let lines = &self.0;
        let after = lines.partition_point(|line| line.start - line.indent.min(line.start) <= offset);
        let before = |end: usize| (0..end).rev().find(|i| !lines[*i].empty);
        let Some(at) = before(after) else { return Vec::new() };
        let mut found = Vec::new();
        // Where a definition is what was not expected, something before it was not finished.
        let definition =
            ["def ", "class ", "async ", "@"].iter().any(|w| text[lines[at].start..].starts_with(w));
        if definition && offset == lines[at].start {
            found.extend(before(at).map(|i| self.region(text, i)));
        }
        found.push(self.region(text, at));
        found
    }

    /// The outermost function with this line in it, or else the statement.
    fn region(&self, text: &str, at: usize) -> Span {
        let lines = &self.0;
        // From the line to the left margin: every line that encloses it, outermost last.
        let mut chain = vec![at];
        let mut indent = lines[at].indent;
        for above in (0..at).rev().filter(|i| !lines[*i].empty) {
            if indent == 0 {
                break;
            }
            if lines[above].indent < indent {
                indent = lines[above].indent;
                chain.push(above);
            }
        }
        let begins = |i: usize, word: &str| {
            text[lines[i].start..].strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t']))
        };
        let is_def = |i: usize| begins(i, "def") || begins(i, "async");
        chain.reverse();
        let head = chain
            .iter()
            .copied()
            .find(|i| is_def(*i))
            .or_else(|| chain.iter().copied().find(|i| !begins(*i, "class")))
            .unwrap_or(at);
        let margin = lines[head].indent;
        let mut first = head;
        let above: Vec<usize> = (0..head).rev().filter(|i| !lines[*i].empty).collect();
        for i in above {
            if lines[i].indent != margin || !text[lines[i].start..].starts_with('@') {
                break;
            }
            first = i;
        }
        let mut last = head;
        for (i, line) in lines.iter().enumerate().skip(head + 1) {
            let goes_on =
                ["else", "elif", "except", "finally"].iter().any(|word| text[line.start..].starts_with(word));
            if !line.empty && line.indent <= margin && !(line.indent == margin && goes_on && !is_def(head)) {
                break;
            }
            if !line.empty || line.end > line.start {
                last = i;
            }
        }
        Span::new(lines[first].start, lines[last].end)
    }
}

/// Starts of the lines that begin inside a string.
fn in_strings(text: &str) -> std::collections::BTreeSet<usize> {
    let bytes = text.as_bytes();
    let mut inside = std::collections::BTreeSet::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            quote @ (b'"' | b'\'') => {
                let end = after_string(bytes, at, quote);
                let finished = end < bytes.len() || text.ends_with(['"', '\'']);
                // One that never ends is the error itself: then lines are lines.
                if finished {
                    inside.extend(
                        bytes[at..end]
                            .iter()
                            .enumerate()
                            .filter(|(_, b)| **b == b'\n')
                            .map(|(i, _)| at + i + 1),
                    );
                    at = end;
                } else {
                    at += 3.min(bytes.len() - at);
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    inside
}
