//! What is not supported: a note for the report, and nothing comes of it.

use std::mem::{replace, take};

use super::solver::Ty;
use super::value::Why;
use super::{FuncRef, Infer, Within};
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir;
use crate::source::Span;

/// Why calls for some of several classes cannot be compiled.
#[derive(Default)]
pub(super) struct Excuses(Vec<Why>);

/// Calls of methods that are compiled for some of the classes only.
#[derive(Default)]
pub(super) struct Excused {
    /// The one that is looked at.
    call: Option<(hir::NodeId, Excuses)>,
    /// Why the others bail.
    left: Vec<Diagnostic>,
}

/// At most so many refusals of one function are told; nobody reads more, and comparing them takes time.
pub(crate) const MAX_REFUSALS: usize = 200;

/// Containers in each other that are written out in messages.
const DEEPEST: usize = 3;

/// How a type is written, without what is inside of so many containers: nobody reads a type that holds itself to its end.
pub(super) fn shallow(text: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0);
    for c in text.chars() {
        depth -= usize::from(c == ']' && depth > 0);
        if depth <= DEEPEST {
            out.push(c);
        }
        if c == '[' {
            depth += 1;
            if depth == DEEPEST + 1 {
                out.push('…');
            }
        }
    }
    out
}

impl Excused {
    /// Why places of a function bail, each reason once.
    pub(super) fn note_in(self, notes: &mut Vec<Diagnostic>) {
        for d in self.left {
            if !notes.contains(&d) {
                notes.push(d);
            }
        }
    }
}

impl Infer<'_, '_> {
    pub(super) fn refuse(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> Ty {
        self.refuse_with(code, span, message, "")
    }

    pub(super) fn refuse_with(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: &str,
    ) -> Ty {
        if self.report {
            self.refused(Diagnostic::new(code, Severity::Note, message).label(label), span);
        }
        Ty::Never
    }

    /// A call of a function that is refused; `reasons` are its own.
    pub(super) fn refuse_callee(&mut self, e: &hir::Expr, target: &FuncRef, reasons: &[Diagnostic]) -> Ty {
        if self.report {
            let why = reasons.first().map_or(String::new(), |d| format!(": {}", d.root_cause().message));
            let message = format!("`{}` cannot be compiled along{why}", target.name());
            self.refused(Diagnostic::new("PYR0312", Severity::Note, message).because(reasons), e.span);
        }
        Ty::Never
    }

    /// Runs what may refuse a call for one of the classes that a value may be of; see [`Infer::judge`].
    pub(super) fn excusing<T>(
        &mut self,
        e: &hir::Expr,
        excuses: &mut Excuses,
        call: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.excused.call.replace((e.id, take(excuses)));
        let result = call(self);
        if let Some((_, found)) = replace(&mut self.excused.call, before) {
            *excuses = found;
        }
        result
    }

    /// A call for one class cannot be compiled.
    pub(super) fn excuse(&mut self, e: &hir::Expr, why: Why) -> Ty {
        match &mut self.excused.call {
            Some((node, excuses)) if *node == e.id => excuses.0.push(why),
            _ => return self.refuse_call(e, why),
        }
        Ty::Never
    }

    /// Where the call can be compiled for other classes it bails for these alone; else it is refused.
    pub(super) fn judge(&mut self, e: &hir::Expr, Excuses(whys): Excuses) {
        if !self.report || whys.is_empty() {
            return;
        }
        let reached = self.values.get(&e.id).is_some_and(|reached| !reached.is_empty());
        // What is refused beside calls that are compiled is no refusal of the function, but a note.
        let kept = reached.then(|| (take(&mut self.diagnostics), take(&mut self.places)));
        for why in whys {
            self.refuse_call(e, why);
        }
        if let Some((diagnostics, places)) = kept {
            self.places = places;
            self.excused.left.extend(replace(&mut self.diagnostics, diagnostics));
        }
    }

    pub(super) fn refused(&mut self, d: Diagnostic, span: Span) {
        match self.within.last() {
            Some(Within::Statement(span)) => _ = self.places.statements.insert(*span),
            Some(Within::Expression(node)) => _ = self.places.nodes.insert(*node),
            None => {}
        }
        let file = self.program.modules.module(&self.func.module).map(|(file, _)| file);
        let d = d.at(file.map_or("", |file| &file.path), span);
        if self.diagnostics.len() < MAX_REFUSALS && !self.diagnostics.contains(&d) {
            self.diagnostics.push(d);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shallow;

    #[test]
    fn deep_types_are_cut() {
        assert_eq!(shallow("dict[str, list[tuple[int, float]]]"), "dict[str, list[tuple[int, float]]]");
        assert_eq!(shallow("list[list[list[list[int | list[str]]]]]"), "list[list[list[list[…]]]]");
        assert_eq!(shallow("int | a.B"), "int | a.B");
    }
}
