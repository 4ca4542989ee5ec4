//! Sets: displays, and what is made of an iterable or put into a set.

use super::{Lower, Scope};
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

    /// `set().union(*rows)`: all rows, as arguments are, then one after another into the set.
    pub(super) fn union_of_rows(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let (A::Attribute { value, name }, [AExpr { kind: A::Starred(rows), .. }], []) =
            (&func.kind, args, keywords)
        else {
            return None;
        };
        let A::Call { func: class, args: items, keywords: named } = &value.kind else { return None };
        let is_set = matches!(&class.kind, A::Name(n) if n == "set" && self.is_builtin(n));
        if name != "union" || !is_set || !items.is_empty() || !named.is_empty() {
            return None;
        }
        let (out, all) = (self.temp(), self.temp());
        let empty = Box::new(self.expr(value));
        let comp = self.comp_over(CompKind::List, rows);
        let listed = Box::new(self.make(ExprKind::Comp(Box::new(comp)), span));
        let mut steps = vec![
            self.make(ExprKind::Named { var: out, value: empty }, span),
            self.make(ExprKind::Named { var: all, value: listed }, span),
        ];
        // A name that no text can have.
        let hidden = "rows of union".to_string();
        let read = AExpr { kind: A::Name(hidden.clone()), span };
        self.scopes.push(Scope { id: None, vars: [(hidden, all)].into_iter().collect() });
        let mut comp = self.comp_over(CompKind::List, &read);
        self.scopes.pop();
        let base = Box::new(self.make(ExprKind::Local(out), span));
        let row = std::mem::replace(&mut comp.element, self.make(ExprKind::None, span));
        let update = ExprKind::Method { base, name: "update".into(), args: vec![row], keywords: vec![] };
        comp.element = self.make(update, span);
        steps.push(self.make(ExprKind::Comp(Box::new(comp)), span));
        steps.push(self.make(ExprKind::Local(out), span));
        Some(self.last_of(steps, span).kind)
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
