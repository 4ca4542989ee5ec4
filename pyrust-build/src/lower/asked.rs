//! Calls that say in other words what has a form of its own: `getattr(x, "name")`, `type(x)(…)`, `cast(T, x)`.

use super::Lower;
use super::stmt::is_attribute_name;
use super::text;
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::ExprKind;
use crate::ops::builtins::CLASSES;

/// Bails unless there is a global of that name, as a call of one argument.
pub(crate) const IS_THERE: &str = "is there";

/// `getattr(x, name)`, as a method with the name as its argument; what is there without such an attribute may follow.
pub(crate) const BY_NAME: &str = "any attribute";

impl Lower<'_> {
    /// `getattr(x, name)` and `getattr(x, name, default)`, where the name is computed.
    pub(super) fn attribute_by_name(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let (A::Name(of), [value, rest @ ..], []) = (&func.kind, args, keywords) else { return None };
        let [name, default @ ..] = rest else { return None };
        let written = args.iter().any(|e| matches!(e.kind, A::Starred(_)))
            || [value, name].iter().any(|e| matches!(e.kind, A::Constant(_)))
            || default.len() > 1;
        if of != "getattr" || written || !self.is_builtin(of) || self.module_of(value).is_some() {
            return None;
        }
        self.assumes.insert(of.clone());
        let (base, args) = (self.boxed(value), rest.iter().map(|e| self.expr(e)).collect());
        Some(ExprKind::Method { base, name: BY_NAME.to_string(), args, keywords: vec![] })
    }

    /// `getattr(x, "name")` is `x.name`, `getattr(x, "name", d)` is `x.name if hasattr(x, "name") else d`.
    pub(super) fn asked_attribute(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let (A::Name(of), [value, AExpr { kind: A::Constant(Constant::Str(name)), span }, default @ ..]) =
            (&func.kind, args)
        else {
            return None;
        };
        let plain = keywords.is_empty() && of == "getattr" && self.is_builtin(of) && is_attribute_name(name);
        if !plain || self.module_of(value).is_some() || matches!(value.kind, A::Starred(_)) {
            return None;
        }
        let span = *span;
        let [default] = default else {
            if !default.is_empty() {
                return None;
            }
            self.assumes.insert(of.clone());
            return Some(text::attribute(self.boxed(value), name));
        };
        if matches!(default.kind, A::Starred(_)) {
            return None;
        }
        self.assumes.insert(of.clone());
        let (object, other) = (self.temp(), self.temp());
        let mut parts = Vec::new();
        for (var, e) in [(object, value), (other, default)] {
            let value = self.boxed(e);
            parts.push(self.make(ExprKind::Named { var, value }, e.span));
        }
        let asked = vec![self.local(object, value.span), self.make(ExprKind::Str(name.clone()), span)];
        let test = ExprKind::Call { name: "hasattr".into(), args: asked, keywords: vec![] };
        let found = text::attribute(Box::new(self.local(object, value.span)), name);
        let (test, found) = (self.make(test, span), self.make(found, span));
        let orelse = Box::new(self.local(other, default.span));
        let kind = ExprKind::If { test: Box::new(test), body: Box::new(found), orelse };
        parts.push(self.make(kind, span));
        Some(self.last_of(parts, span).kind)
    }

    /// The class in `type(x)(…)`, as `x.__class__`.
    pub(super) fn class_of_local(&mut self, func: &AExpr) -> Option<AExpr> {
        let A::Call { func: of, args, keywords } = &func.kind else { return None };
        let (A::Name(name), [value]) = (&of.kind, args.as_slice()) else { return None };
        let local = matches!(&value.kind, A::Name(local) if self.lookup(local).is_some());
        if name != "type" || !keywords.is_empty() || !local || !self.is_builtin(name) {
            return None;
        }
        self.assumes.insert(name.clone());
        let kind = A::Attribute { value: Box::new(value.clone()), name: "__class__".to_string() };
        Some(AExpr { kind, span: func.span })
    }

    /// `cast(T, x)` is `x`, where `T` is a text, a builtin class, or a global that is there.
    pub(super) fn cast_value(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let library = self.library_of(func).filter(|l| l.module == "typing" && l.attr == "cast")?;
        let ([class, value], true) = (args, keywords.is_empty()) else { return None };
        if matches!(value.kind, A::Starred(_)) {
            return None;
        }
        if self.is_class_text(class) {
            self.libraries.insert(library);
            return Some(self.expr(value).kind);
        }
        let A::Name(name) = &class.kind else { return None };
        if self.lookup(name).is_some() || !self.env.bindings.contains_key(name) {
            return None;
        }
        self.libraries.insert(library);
        let global = self.make(ExprKind::Global(name.clone()), class.span);
        let there = ExprKind::Call { name: IS_THERE.to_string(), args: vec![global], keywords: vec![] };
        let parts = vec![self.make(there, class.span), self.expr(value)];
        Some(self.last_of(parts, class.span).kind)
    }

    /// A class that nobody has to be asked for: the text of one, builtin classes, and what has those as its items.
    fn is_class_text(&mut self, e: &AExpr) -> bool {
        match &e.kind {
            A::Constant(Constant::Str(_) | Constant::None) => true,
            A::Name(name) if CLASSES.contains(&name.as_str()) && self.is_builtin(name) => {
                self.assumes.insert(name.clone());
                true
            }
            A::Subscript { value, index } => {
                let generic = |name: &str| matches!(name, "dict" | "frozenset" | "list" | "set" | "tuple");
                matches!(&value.kind, A::Name(name) if generic(name))
                    && self.is_class_text(value)
                    && match &index.kind {
                        A::Tuple(items) => items.iter().all(|item| self.is_class_text(item)),
                        _ => self.is_class_text(index),
                    }
            }
            _ => false,
        }
    }
}
