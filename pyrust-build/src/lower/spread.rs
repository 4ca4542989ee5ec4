//! `**` in calls of functions of the module: each parameter that the call does not give gets what the dict has under its
//! name, or its default.

use super::Lower;
use super::functional::initialiser;
use crate::ast::{self, CmpOp, Expr as AExpr, ExprKind as A};
use crate::hir::{BinOp, BoolOp, Expr, ExprKind, VarId};
use crate::resolve::Binding;

impl Lower<'_> {
    /// `f(a, b=1, **others)`; `None` for another call, and for a form that is not understood. What raises in Python
    /// bails: a name that is given twice, or that the function does not know.
    pub(super) fn spread_call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let name = &self.named_function_of(func)?;
        let (star, before) = keywords.split_last()?;
        if self.lookup(name).is_some()
            || star.name.is_some()
            || before.iter().any(|k| k.name.is_none())
            || args.iter().any(|a| matches!(a.kind, A::Starred(_)))
            || !["len", "dict"].iter().all(|n| self.is_builtin(n))
        {
            return None;
        }
        let params = self.parameters_of(name)?;
        let callee = match self.env.bindings.get(name) {
            Some(Binding::Class) => initialiser(name),
            _ => name.clone(),
        };
        let first = params.positional_only.len();
        // A name may be given twice where it is the name of a parameter that only a position gives.
        if args.len() < first || args.len() > first + params.positional.len() {
            return None;
        }
        let (given, left) = params.positional.split_at(args.len() - first);
        let named = |p: &ast::Param| before.iter().any(|k| k.name.as_ref() == Some(&p.name));
        let open: Vec<&ast::Param> = left.iter().chain(&params.keyword_only).filter(|p| !named(p)).collect();
        let known = |k: &ast::Keyword| {
            left.iter().chain(&params.keyword_only).any(|p| k.name.as_ref() == Some(&p.name))
        };
        if !before.iter().all(known) {
            return None;
        }
        let taken: Vec<&ast::Param> =
            given.iter().chain(left.iter().chain(&params.keyword_only).filter(|p| named(p))).collect();
        let values = self.exprs(args);
        let mut all: Vec<(String, Expr)> = Vec::new();
        for k in before {
            all.push((k.name.clone().unwrap_or_default(), self.expr(&k.value)));
        }
        let at = star.value.span;
        let (var, value) = (self.temp(), Box::new(self.expr_of_dict(&star.value)));
        let dict = self.make(ExprKind::Named { var, value }, at);
        if params.var_keyword.is_some() {
            // Of what the function has a parameter for the dict must not say anything.
            let mut test = None;
            for p in open.iter().chain(&taken) {
                let inside = match test.is_none() {
                    true => self.has_name(dict.clone(), &p.name, true),
                    false => {
                        let local = self.local(var, at);
                        self.has_name(local, &p.name, true)
                    }
                };
                test = Some(match test {
                    None => inside,
                    Some(left) => {
                        let (left, right) = (Box::new(left), Box::new(inside));
                        self.make(ExprKind::Bool2 { op: BoolOp::And, left, right }, at)
                    }
                });
            }
            let read = if test.is_some() { self.local(var, at) } else { dict };
            let copy = ExprKind::Call { name: "dict".into(), args: vec![read], keywords: vec![] };
            let copy = self.make(copy, at);
            all.push(("**".into(), self.or_bail(test, copy)));
        } else {
            let mut test = Some(self.only_these(dict, var, &open));
            // Without a parameter that is left there is no place to look at the dict.
            if open.is_empty() {
                return None;
            }
            for p in open {
                let (key, local) = (self.make(ExprKind::Str(p.name.clone()), at), self.local(var, at));
                let item = ExprKind::Index { base: Box::new(local), index: Box::new(key) };
                let item = Box::new(self.make(item, at));
                let default = match p.default {
                    Some(_) => ExprKind::Default { function: callee.clone(), param: p.name.clone() },
                    None => ExprKind::Bail,
                };
                let orelse = Box::new(self.make(default, at));
                let local = self.local(var, at);
                let inside = Box::new(self.has_name(local, &p.name, false));
                let value = self.make(ExprKind::If { test: inside, body: item, orelse }, at);
                let value = self.or_bail(test.take(), value);
                all.push((p.name.clone(), value));
            }
        }
        Some(ExprKind::Call { name: name.clone(), args: values, keywords: all })
    }

    /// The name of what is called: a name, or `Class.function` of a class of the module.
    fn named_function_of(&self, func: &AExpr) -> Option<String> {
        match &func.kind {
            A::Name(name) => Some(name.clone()),
            A::Attribute { value, name } => {
                let A::Name(class) = &value.kind else { return None };
                let member = format!("{class}.{}", self.mangled(name));
                let known = matches!(self.env.bindings.get(class), Some(Binding::Class))
                    && matches!(self.env.bindings.get(&member), Some(Binding::Function));
                (known && self.lookup(class).is_none()).then_some(member)
            }
            _ => None,
        }
    }

    /// `"name" in dict`, or `not in`.
    pub(super) fn has_name(&mut self, dict: Expr, name: &str, negated: bool) -> Expr {
        let span = dict.span;
        let left = Box::new(self.make(ExprKind::Str(name.to_string()), span));
        let op = if negated { CmpOp::NotIn } else { CmpOp::In };
        self.make(ExprKind::Compare { op, left, right: Box::new(dict) }, span)
    }

    /// A copy of the dict in `**dict`, in which this name must not stand.
    pub(super) fn names_but(&mut self, dict: &AExpr, name: &str) -> Expr {
        let at = dict.span;
        let (var, value) = (self.temp(), Box::new(self.expr_of_dict(dict)));
        let dict = self.make(ExprKind::Named { var, value }, at);
        let test = self.has_name(dict, name, true);
        let copy = ExprKind::Call { name: "dict".into(), args: vec![self.local(var, at)], keywords: vec![] };
        let copy = self.make(copy, at);
        self.or_bail(Some(test), copy)
    }

    /// Has the dict no other names than those?
    fn only_these(&mut self, dict: Expr, var: VarId, names: &[&ast::Param]) -> Expr {
        let span = dict.span;
        let len = ExprKind::Call { name: "len".into(), args: vec![dict], keywords: vec![] };
        let left = Box::new(self.make(len, span));
        let mut count = self.make(ExprKind::Int(0), span);
        for p in names {
            let local = self.local(var, span);
            let test = Box::new(self.has_name(local, &p.name, false));
            let (one, none) = (self.make(ExprKind::Int(1), span), self.make(ExprKind::Int(0), span));
            let one = ExprKind::If { test, body: Box::new(one), orelse: Box::new(none) };
            let right = Box::new(self.make(one, span));
            count = self.make(ExprKind::Binary { op: BinOp::Add, left: Box::new(count), right }, span);
        }
        self.make(ExprKind::Compare { op: CmpOp::Eq, left, right: Box::new(count) }, span)
    }

    fn or_bail(&mut self, test: Option<Expr>, value: Expr) -> Expr {
        let Some(test) = test else { return value };
        let span = value.span;
        let orelse = Box::new(self.make(ExprKind::Bail, span));
        self.make(ExprKind::If { test: Box::new(test), body: Box::new(value), orelse }, span)
    }

    /// `f(a, b=1, **{"c": 2})` is `f(a, b=1, c=2)`, where no name comes twice.
    pub(super) fn written_out(&self, keywords: &[ast::Keyword]) -> Option<Vec<ast::Keyword>> {
        let mut out: Vec<ast::Keyword> = Vec::new();
        for k in keywords {
            match (&k.name, &k.value.kind) {
                (Some(_), _) => out.push(k.clone()),
                (None, A::Dict { items }) => {
                    for (key, value) in items {
                        let A::Constant(ast::Constant::Str(name)) = &key.as_ref()?.kind else { return None };
                        out.push(ast::Keyword { name: Some(name.clone()), value: value.clone() });
                    }
                }
                (None, _) => return None,
            }
        }
        let twice = out.iter().enumerate().any(|(i, k)| out[..i].iter().any(|other| other.name == k.name));
        (!twice).then_some(out)
    }
}
