//! Sets: displays, and what is made of an iterable or put into a set.

use super::Lower;
use crate::ast::{Expr as AExpr, ExprKind as A, Keyword, UnaryOp};
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

    /// `s.union(a, *rows)`, `set.intersection(*rows)`: all rows, as arguments are, then one after another.
    pub(super) fn with_all(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        const METHODS: &[&str] =
            &["union", "intersection", "difference", "update", "intersection_update", "difference_update"];
        let A::Attribute { value, name } = &func.kind else { return None };
        if !METHODS.contains(&name.as_str()) || !keywords.is_empty() || self.module_of(value).is_some() {
            return None;
        }
        // Spelled so that no method of Python's can have the name.
        let name = format!("{name} all");
        let Some(class) = self.class_name(value) else {
            let (base, rows) = (self.boxed(value), self.build(false, args));
            let args = vec![self.make(rows, span)];
            return Some(ExprKind::Method { base, name, args, keywords: vec![] });
        };
        self.assumes.insert(class.clone());
        // The first one is what the others are added to.
        let (all, rows) = (self.temp(), self.build(false, args));
        let rows = Box::new(self.make(rows, span));
        let first = self.make(ExprKind::Named { var: all, value: rows }, span);
        let local = |this: &mut Self| Box::new(this.make(ExprKind::Local(all), span));
        let number = |this: &mut Self, i| Box::new(this.make(ExprKind::Int(i), span));
        let (rows, zero) = (local(self), number(self, 0));
        let base = Box::new(self.make(ExprKind::Index { base: rows, index: zero }, span));
        let (rows, one) = (local(self), number(self, 1));
        let rest = self.make(ExprKind::Slice { base: rows, lower: Some(one), upper: None, step: None }, span);
        let name = format!("{class}.{name}");
        let call = ExprKind::Method { base, name, args: vec![rest], keywords: vec![] };
        let body = Box::new(self.make(call, span));
        // Without any Python raises.
        let (test, orelse) = (local(self), Box::new(self.make(ExprKind::Bail, span)));
        let result = self.make(ExprKind::If { test, body, orelse }, span);
        Some(self.last_of(vec![first, result], span).kind)
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
