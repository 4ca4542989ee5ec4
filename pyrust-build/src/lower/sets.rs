//! Sets: displays, and what is made of an iterable or put into a set.

use super::Lower;
use crate::ast::{Expr as AExpr, ExprKind as A, UnaryOp};
use crate::hir::{Comp, CompKind, Expr, ExprKind, Part, SetMade};
use crate::source::Span;

impl Lower<'_> {
    /// `{a, b, *c}`
    pub(super) fn set_display(&mut self, items: &[AExpr], span: Span) -> ExprKind {
        // Of three constants or more Python makes a frozenset beforehand, whose order depends on how it was made.
        let made = match items.len() {
            0..3 => Some(false),
            _ => all_constant(items),
        };
        let made = match made {
            Some(true) => SetMade::Copied,
            Some(false) => SetMade::Here,
            None => return self.no(span, "a set of computed constants", "write the values"),
        };
        ExprKind::Set { parts: self.parts(items), made }
    }

    /// A display that is only gone through or looked into: of constants it is a frozenset.
    pub(super) fn set_read(&mut self, items: &[AExpr], span: Span) -> Expr {
        let kind = match all_constant(items) {
            Some(true) => ExprKind::Set { parts: self.parts(items), made: SetMade::Constant },
            Some(false) => self.set_display(items, span),
            None => self.no(span, "a set of computed constants", "write the values"),
        };
        self.make(kind, span)
    }

    fn parts(&mut self, items: &[AExpr]) -> Vec<Part> {
        let mut parts = Vec::new();
        for item in items {
            parts.push(match &item.kind {
                A::Starred(inner) => Part::Star(self.iter_of_list(inner)),
                _ => Part::Item(self.expr(item)),
            });
        }
        parts
    }

    /// `set(x)`, `frozenset(x)`
    pub(super) fn set_of(&mut self, name: &str, arg: &AExpr) -> ExprKind {
        let frozen = name == "frozenset";
        let builtin = if frozen { "frozenset" } else { "set" };
        let comp = match &arg.kind {
            A::Generator { element, generators } => {
                self.assumes.insert(name.to_string());
                let kind = CompKind::Set(frozen);
                let (generators, (element, _)) = self.generators(generators, element, None);
                Comp::new(kind, generators, element)
            }
            _ => Comp { builtin: Some(builtin), ..self.comp_over(CompKind::Set(frozen), arg) },
        };
        ExprKind::Comp(Box::new(comp))
    }

    /// `s.update(…)` with what is gone through lazily.
    pub(super) fn update_with(&mut self, base: &AExpr, arg: &AExpr) -> ExprKind {
        let set = self.expr(base);
        let comp = match &arg.kind {
            A::Generator { element, generators } => {
                let (generators, (element, _)) = self.generators(generators, element, None);
                let kind = CompKind::Update;
                Comp::new(kind, generators, element)
            }
            _ => self.comp_over(CompKind::Update, arg),
        };
        ExprKind::Comp(Box::new(Comp { extra: Some(set), ..comp }))
    }
}

/// Are all of them constants when Python compiles them? `None` where that depends on what it folds.
fn all_constant(items: &[AExpr]) -> Option<bool> {
    let found: Vec<Option<bool>> = items.iter().map(is_constant).collect();
    if found.contains(&Some(false)) {
        Some(false)
    } else {
        found.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
    }
}

fn is_constant(e: &AExpr) -> Option<bool> {
    match &e.kind {
        A::Constant(_) => Some(true),
        A::UnaryOp { op: UnaryOp::Neg | UnaryOp::Pos | UnaryOp::Invert, operand } => is_constant(operand),
        A::Tuple(items) => all_constant(items),
        A::Name(name) if name == "__debug__" => None,
        A::Name(_) | A::Call { .. } | A::Starred(_) | A::Attribute { .. } => Some(false),
        A::BinOp { left, right, .. } => match (is_constant(left), is_constant(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        },
        A::Subscript { value, .. } => {
            if is_constant(value) == Some(false) {
                Some(false)
            } else {
                None
            }
        }
        A::JoinedStr(parts) if parts.iter().any(|p| matches!(p.kind, A::Formatted { .. })) => Some(false),
        _ => None,
    }
}
