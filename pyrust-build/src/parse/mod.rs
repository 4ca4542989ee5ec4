//! Python text → `ast`. The only room that names the parser crate.

mod convert;

use rustpython_parser::{Mode, parse};

use crate::ast::Module;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// Parses one file. A syntax error becomes one diagnostic with its place.
pub fn parse_module(file: &SourceFile) -> Result<Module, Box<Diagnostic>> {
    // The crate recurses on nesting; a stack of its own keeps hostile input from taking the process down.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(256 << 20)
            .spawn_scoped(scope, || parse_here(file))
            .expect("a thread for the parser can be started")
            .join()
            .unwrap_or_else(|_| Err(Box::new(syntax_error(file, 0, "the parser failed on this file".into()))))
    })
}

fn parse_here(file: &SourceFile) -> Result<Module, Box<Diagnostic>> {
    let text = &*file.text;
    match parse(text, Mode::Module, &file.path) {
        Ok(rustpython_parser::ast::Mod::Module(module)) => Ok(convert::module(text, module)),
        Ok(_) => unreachable!("Mode::Module yields a module"),
        Err(error) => {
            Err(Box::new(syntax_error(file, u32::from(error.offset) as usize, error.error.to_string())))
        }
    }
}

fn syntax_error(file: &SourceFile, offset: usize, message: String) -> Diagnostic {
    let offset = offset.min(file.text.len());
    Diagnostic::new("PYR0304", Severity::Error, format!("syntax error: {message}"))
        .at(file.path.clone(), Span::new(offset, (offset + 1).min(file.text.len())))
        .help("functions of this file stay Python until it parses")
}
