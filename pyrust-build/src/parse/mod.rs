//! Python text → `ast`. The only room that names the parser crates.
//!
//! Two fronts make the same tree for the same source: `classic` (rustpython-parser) reads what Python knew up to 3.11,
//! and where it fails or may err, `modern` (ruff's parser) reads everything up to 3.14. What neither can read costs
//! the function that contains it (`recover`), not the file.

mod classic;
mod modern;
mod nesting;
mod newlines;
mod number;
mod recover;

use std::collections::BTreeSet;

use ruff_python_parser::{Mode as ModernMode, ParseOptions, parse_unchecked};
use rustpython_parser::{Mode, parse};

use crate::ast::Module;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// What is nested deeper is kept as text, so that only the function concerned is refused: everything behind this room
/// recurses over the tree. CPython's own compiler gives up somewhat later.
const MAX_DEPTH: usize = 1_500;

/// Does an escape in the text of a literal stand for a lone surrogate? Two of them that would be a pair elsewhere are two.
fn escapes_surrogate(source: &str) -> bool {
    let mut rest = source;
    while let Some((_, escape)) = rest.split_once('\\') {
        let digits = match escape.as_bytes().first() {
            Some(b'u') => escape.get(1..5),
            Some(b'U') => escape.get(1..9),
            _ => None,
        };
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if code.is_some_and(|code| (0xD800..0xE000).contains(&code)) {
            return true;
        }
        // What stands behind the backslash is no backslash of another escape.
        rest = escape.char_indices().nth(1).map_or("", |(at, _)| &escape[at..]);
    }
    false
}

/// How large the stacks of threads are that walk trees, which is done by functions that call themselves.
pub(crate) const STACK: usize = 256 << 20;

/// How deep a conversion is in the tree.
#[derive(Default)]
struct Depth(std::cell::Cell<usize>);

impl Depth {
    /// Converts what lies one level deeper; `None` when that is too deep.
    fn deeper<T>(&self, convert: impl FnOnce() -> T) -> Option<T> {
        if self.0.get() == MAX_DEPTH {
            return None;
        }
        self.0.set(self.0.get() + 1);
        let converted = convert();
        self.0.set(self.0.get() - 1);
        Some(converted)
    }
}

/// A syntax error: what the parser said, and where.
struct SyntaxError {
    message: String,
    span: Span,
}

/// One of the two parsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    Classic,
    Modern,
}

/// Parses one file. A syntax error becomes one diagnostic with its place.
pub fn parse_module(file: &SourceFile) -> Result<Module, Box<Diagnostic>> {
    on_deep_stack(file, || both(&file.text)).map_err(|error| Box::new(finding(file, &error)))
}

/// Parses one file; a function that cannot be read is in the tree all the same, as text, and `Module::unreadable` says
/// why. Fails only where the file cannot be cut around its errors.
pub fn parse_functions(file: &SourceFile) -> Result<Module, Box<Diagnostic>> {
    let read = || match both(&file.text) {
        Ok(module) => Ok(module),
        Err(_) => match recover::around(&file.text, &modern) {
            Ok((mut module, cuts)) => {
                module.unreadable =
                    cuts.into_iter().map(|cut| (cut.span, finding(file, &cut.error))).collect();
                Ok(module)
            }
            Err(error) => Err(error),
        },
    };
    on_deep_stack(file, read).map_err(|error| Box::new(finding(file, &error)))
}

/// Parses with one front only, to compare the two. `None`: it cannot read the file, or may misread it.
pub fn parse_with(front: Front, file: &SourceFile) -> Option<Module> {
    let read = || match front {
        Front::Classic => classic(&file.text),
        Front::Modern => modern(&file.text),
    };
    on_deep_stack(file, read).ok()
}

/// The functions of these names, wherever they stand in modules and classes, of all others only that they are there: what it
/// takes to find and hash some, with the quicker front. `None`: it cannot read the file, or may misread it. The caller has a
/// deep stack.
pub fn outline(text: &str, names: &BTreeSet<&str>) -> Option<Module> {
    std::panic::catch_unwind(|| modern_of(text, Some(names)).ok()).ok().flatten()
}

/// The crates recurse on nesting; a stack of its own keeps hostile input from taking the process down.
fn on_deep_stack(
    file: &SourceFile,
    read: impl FnOnce() -> Result<Module, SyntaxError> + Send,
) -> Result<Module, SyntaxError> {
    let whole = Span::new(0, file.text.len().min(1));
    if nesting::depth(&file.text) > nesting::MAX_CLASSIC {
        return Err(SyntaxError { message: "the file is nested too deeply to be read".into(), span: whole });
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, read)
            .expect("a thread for the parser can be started")
            .join()
            .unwrap_or_else(|_| {
                Err(SyntaxError { message: "the parser failed on this file".into(), span: whole })
            })
    })
}

fn both(text: &str) -> Result<Module, SyntaxError> {
    // What the second says is more to the point: it knows the newer syntax.
    classic(text).or_else(|_| modern(text))
}

fn classic(text: &str) -> Result<Module, SyntaxError> {
    match parse(text, Mode::Module, "<module>") {
        Ok(rustpython_parser::ast::Mod::Module(module)) => classic::module(text, module).ok_or_else(|| {
            SyntaxError { message: "the first parser may misread this".into(), span: Span::new(0, 0) }
        }),
        Ok(_) => unreachable!("Mode::Module yields a module"),
        Err(error) => {
            let start = usize::from(error.offset).min(text.len());
            let span = Span::new(start, (start + 1).min(text.len()));
            Err(SyntaxError { message: error.error.to_string(), span })
        }
    }
}

fn modern(text: &str) -> Result<Module, SyntaxError> {
    modern_of(text, None)
}

fn modern_of(text: &str, only: Option<&BTreeSet<&str>>) -> Result<Module, SyntaxError> {
    if nesting::depth(text) > nesting::MAX_MODERN {
        let message = "the file is nested too deeply to be read".to_string();
        return Err(SyntaxError { message, span: Span::new(0, text.len().min(1)) });
    }
    let newlines = newlines::Newlines::new(text);
    let parsed = parse_unchecked(&newlines.text, ParseOptions::from(ModernMode::Module));
    if let Some(error) = parsed.errors().iter().min_by_key(|error| error.location.start()) {
        let (start, end) = (error.location.start().into(), error.location.end().into());
        let span = newlines.original(Span { start, end });
        let start = (span.start as usize).min(text.len());
        // Nothing is marked by an empty span, and one over several lines marks too much.
        let line_end = text[start..].find(['\r', '\n']).map_or(text.len(), |length| start + length);
        let end = (span.end as usize).min(line_end).max((start + 1).min(text.len()));
        let message = error.error.to_string();
        let mut chars = message.chars();
        let message = chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default();
        return Err(SyntaxError { message, span: Span::new(start, end) });
    }
    match parsed.try_into_module() {
        Some(parsed) => Ok(modern::module(text, &newlines, parsed.syntax(), only)),
        None => unreachable!("a module was asked for"),
    }
}

fn finding(file: &SourceFile, error: &SyntaxError) -> Diagnostic {
    Diagnostic::new("PYR0304", Severity::Error, format!("syntax error: {}", error.message))
        .at(file.path.clone(), error.span)
        .help("what stands here stays Python until it parses")
}

#[cfg(test)]
mod tests;
