//! `type(x) is int`, `type(x) in (list, tuple)`: tests of the exact class, said with `isinstance`.
//!
//! Native values are of exactly the builtin types, so the two differ for a `bool` among `int`s only. A class, or a tuple
//! of classes, that a global stands for is looked at when the call gets there.

use super::Lower;
use crate::ast::{BoolOp, CmpOp, Constant, Expr as AExpr, ExprKind as A, Keyword, UnaryOp};
use crate::hir::{Expr, ExprKind};
use crate::ops::builtins::CLASSES;
use crate::ops::exceptions;
use crate::resolve::Binding;
use crate::source::Span;

/// `type(x) is C` for a global `C`, as a call of two arguments.
pub(crate) const TYPE_IS: &str = "type is";

/// `type(x) in CLASSES` for a global.
pub(crate) const TYPE_IN: &str = "type in";

/// `type(x).__name__`, as a call of one argument.
pub(crate) const TYPE_NAME: &str = "type name";

/// `type(x)`, as a call of one argument.
pub(crate) const TYPE_OF: &str = "type of";

/// `NotImplemented` and `...`, as calls of nothing.
pub(crate) const NOT_IMPLEMENTED: &str = "the NotImplemented";
/// What a method returns that leaves the answer to the other operand.
pub(crate) const NO_ANSWER: &str = "no answer";
pub(crate) const ELLIPSIS: &str = "the Ellipsis";

/// A builtin class of exceptions as an object: a call of nothing, by its name behind this.
pub(crate) const THE_EXCEPTION: &str = "the exception ";

/// Before the name of a builtin class that `isinstance` is asked with: none of those below it counts.
pub(crate) const EXACTLY: &str = "exactly ";

/// Has the tests of builtin classes in a condition ask for exactly those.
fn exactly(test: &mut Expr) {
    match &mut test.kind {
        ExprKind::Unary { operand, .. } => exactly(operand),
        ExprKind::Bool2 { left, right, .. } => {
            exactly(left);
            exactly(right);
        }
        ExprKind::Call { name, args, .. } if name == "isinstance" => {
            if let [_, Expr { kind: ExprKind::Global(class), .. }] = args.as_mut_slice()
                && CLASSES.contains(&class.as_str())
            {
                class.insert_str(0, EXACTLY);
            }
        }
        _ => {}
    }
}

impl Lower<'_> {
    /// `type(x).__name__`, of which this is `type(x)`.
    pub(super) fn name_of_class(&mut self, class: &AExpr) -> Option<ExprKind> {
        let A::Call { func, args, keywords } = &class.kind else { return None };
        let ([value], A::Name(name)) = (args.as_slice(), &func.kind) else { return None };
        if name != "type" || !keywords.is_empty() || !self.is_builtin("type") {
            return None;
        }
        self.assumes.insert("type".to_string());
        Some(ExprKind::Call { name: TYPE_NAME.to_string(), args: vec![self.expr(value)], keywords: vec![] })
    }

    /// `NotImplemented`, or a builtin class of exceptions, behind an `is`. Everywhere else the former is left to Python,
    /// which asks the other operand.
    pub(super) fn not_implemented(&mut self, value: &AExpr) -> Option<ExprKind> {
        let A::Name(name) = &value.kind else { return None };
        let shadowed = self.lookup(name).is_some()
            || self.globals.iter().any(|g| g == name)
            || self.env.bindings.contains_key(name);
        let called = match name.as_str() {
            "NotImplemented" => NOT_IMPLEMENTED.to_string(),
            name if exceptions::is_exception(name) => format!("{THE_EXCEPTION}{name}"),
            _ => return None,
        };
        if shadowed {
            return None;
        }
        self.assumes.insert(name.clone());
        Some(ExprKind::Call { name: called, args: vec![], keywords: vec![] })
    }

    /// `NotImplemented` behind a `return`.
    pub(super) fn no_answer(&mut self, value: &AExpr) -> Option<Expr> {
        let A::Name(name) = &value.kind else { return None };
        if name != "NotImplemented" {
            return None;
        }
        self.not_implemented(value)?;
        Some(
            self.make(
                ExprKind::Call { name: NO_ANSWER.to_string(), args: vec![], keywords: vec![] },
                value.span,
            ),
        )
    }

    /// `type(x)` as a value.
    pub(super) fn class_of_value(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[Keyword],
    ) -> Option<ExprKind> {
        let (A::Name(name), [value], []) = (&func.kind, args, keywords) else { return None };
        if name != "type" || matches!(value.kind, A::Starred(_)) || !self.is_builtin(name) {
            return None;
        }
        self.assumes.insert("type".to_string());
        Some(ExprKind::Call { name: TYPE_OF.to_string(), args: vec![self.expr(value)], keywords: vec![] })
    }

    /// A comparison of the class of a local with classes that are written down; `None` for any other.
    pub(super) fn class_test(
        &mut self,
        left: &AExpr,
        ops: &[CmpOp],
        comparators: &[AExpr],
        span: Span,
    ) -> Option<ExprKind> {
        let ([op], [right]) = (ops, comparators) else { return None };
        let value = self.typed(left)?;
        let classes: Vec<&AExpr> = match (op, &right.kind) {
            (CmpOp::Is | CmpOp::IsNot | CmpOp::Eq | CmpOp::NotEq, _) => vec![right],
            (CmpOp::In | CmpOp::NotIn, A::Tuple(items) | A::List(items)) if !items.is_empty() => {
                items.iter().collect()
            }
            (CmpOp::In | CmpOp::NotIn, A::Name(_)) => return self.asked_class(value, *op, right, span),
            _ => return None,
        };
        if !["type", "isinstance", "bool"].iter().all(|name| self.is_builtin(name)) {
            return None;
        }
        let mut tests = Vec::new();
        for class in &classes {
            match self.of_class(value, class, span) {
                Some(test) => tests.push(test),
                None if classes.len() == 1 => return self.asked_class(value, *op, right, span),
                None => return None,
            }
        }
        let mut test = match tests.len() {
            1 => tests.remove(0),
            _ => AExpr { kind: A::BoolOp { op: BoolOp::Or, values: tests }, span },
        };
        if matches!(op, CmpOp::IsNot | CmpOp::NotEq | CmpOp::NotIn) {
            test = AExpr { kind: A::UnaryOp { op: UnaryOp::Not, operand: Box::new(test) }, span };
        }
        self.assumes.insert("type".to_string());
        let mut test = self.expr(&test);
        exactly(&mut test);
        Some(test.kind)
    }

    /// Is the global a dict or a set? Those are asked with the hash of the class.
    fn is_table(&self, name: &str) -> bool {
        let Some(Binding::Value(value)) = self.env.bindings.get(name) else { return false };
        match &value.kind {
            A::Dict { .. } | A::Set(_) | A::DictComp { .. } | A::SetComp { .. } => true,
            A::Call { func, .. } => {
                matches!(&func.kind, A::Name(name) if matches!(name.as_str(), "dict" | "set" | "frozenset"))
            }
            _ => false,
        }
    }

    /// `type(x) is Decimal`, `type(x) in number_types`: what the global stands for is looked at when it is asked.
    fn asked_class(&mut self, value: &AExpr, op: CmpOp, class: &AExpr, span: Span) -> Option<ExprKind> {
        let A::Name(name) = &class.kind else { return None };
        if self.lookup(name).is_some() || !self.env.bindings.contains_key(name) || !self.is_builtin("type") {
            return None;
        }
        if matches!(op, CmpOp::In | CmpOp::NotIn) && self.is_table(name) {
            return None;
        }
        let test = match op {
            CmpOp::In | CmpOp::NotIn => TYPE_IN,
            _ => TYPE_IS,
        };
        let args = vec![self.expr(value), self.make(ExprKind::Global(name.clone()), class.span)];
        self.assumes.insert("type".to_string());
        let kind = ExprKind::Call { name: test.to_string(), args, keywords: vec![] };
        if !matches!(op, CmpOp::IsNot | CmpOp::NotEq | CmpOp::NotIn) {
            return Some(kind);
        }
        let operand = Box::new(self.make(kind, span));
        Some(ExprKind::Unary { op: UnaryOp::Not, operand })
    }

    /// The local in `type(local)`.
    fn typed<'e>(&self, e: &'e AExpr) -> Option<&'e AExpr> {
        let A::Call { func, args, keywords } = &e.kind else { return None };
        match (&func.kind, args.as_slice()) {
            (A::Name(name), [value]) if name == "type" && keywords.is_empty() => match &value.kind {
                A::Name(local) => self.lookup(local).map(|_| value),
                _ => None,
            },
            _ => None,
        }
    }

    /// `isinstance(value, class)` for exactly that class.
    fn of_class(&mut self, value: &AExpr, class: &AExpr, span: Span) -> Option<AExpr> {
        let at = |kind: A| AExpr { kind, span };
        if let A::Call { func, args, keywords } = &class.kind {
            let none = matches!(args.as_slice(), [AExpr { kind: A::Constant(Constant::None), .. }]);
            let plain = matches!(&func.kind, A::Name(name) if name == "type") && keywords.is_empty();
            return (none && plain).then(|| {
                let comparators = vec![at(A::Constant(Constant::None))];
                at(A::Compare { left: Box::new(value.clone()), ops: vec![CmpOp::Is], comparators })
            });
        }
        let class = self.unaliased(class).unwrap_or_else(|| class.clone());
        let A::Name(name) = &class.kind else { return None };
        if !CLASSES.contains(&name.as_str()) || !self.is_builtin(name) {
            return None;
        }
        let instance = |class: AExpr| {
            let func = Box::new(at(A::Name("isinstance".to_string())));
            at(A::Call { func, args: vec![value.clone(), class], keywords: vec![] })
        };
        let test = instance(class.clone());
        if name != "int" {
            return Some(test);
        }
        let bools = instance(at(A::Name("bool".to_string())));
        let not = at(A::UnaryOp { op: UnaryOp::Not, operand: Box::new(bools) });
        Some(at(A::BoolOp { op: BoolOp::And, values: vec![test, not] }))
    }
}
