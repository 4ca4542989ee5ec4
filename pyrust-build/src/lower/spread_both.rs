//! `f(a, *items, b=1, **others)` of functions of the module, and `dict(…)` with `**others`.

use super::Lower;
use super::functional::initialiser;
use crate::ast::{self, CmpOp, Expr as AExpr, ExprKind as A};
use crate::hir::{BinOp, BoolOp, CompKind, Expr, ExprKind, VarId};
use crate::resolve::Binding;
use crate::source::Span;

/// `dict(**x)`, as a call of one argument: its keys are texts.
pub(crate) const NAMES: &str = "dict of names";

/// What the two stars gave.
struct Stars {
    items: VarId,
    names: VarId,
    span: Span,
}

impl Lower<'_> {
    /// `f(a, *items, b=1, **others)`: a parameter gets what its place gives, or else what has its name, or its default.
    /// `None` for another call. What raises in Python bails.
    pub(super) fn spread_both(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let A::Name(name) = &func.kind else { return None };
        let (AExpr { kind: A::Starred(items), .. }, given) = args.split_last()? else { return None };
        let (ast::Keyword { name: None, value: others }, before) = keywords.split_last()? else {
            return None;
        };
        if self.lookup(name).is_some()
            || before.iter().any(|k| k.name.is_none())
            || given.iter().any(|a| matches!(a.kind, A::Starred(_)))
            || !["len", "dict", "tuple"].iter().all(|n| self.is_builtin(n))
        {
            return None;
        }
        let params = self.parameters_of(name)?;
        let span = items.span;
        if params.var_positional.is_some() || params.var_keyword.is_some() {
            let alone = params.positional_only.is_empty() && params.positional.is_empty();
            if !alone || !params.keyword_only.is_empty() || !before.is_empty() || !given.is_empty() {
                return None;
            }
            if params.var_positional.is_none() || params.var_keyword.is_none() {
                return None;
            }
            let items = ExprKind::Comp(Box::new(self.comp_over(CompKind::Tuple, items)));
            let items = self.make(items, span);
            let names = vec![self.expr(others)];
            let names = self.make(ExprKind::Call { name: NAMES.into(), args: names, keywords: vec![] }, span);
            let keywords = vec![("*".to_string(), items), ("**".to_string(), names)];
            return Some(ExprKind::Call { name: name.clone(), args: vec![], keywords });
        }
        let callee = match self.env.bindings.get(name) {
            Some(Binding::Class) => initialiser(name),
            _ => name.clone(),
        };
        let positional: Vec<&ast::Param> = params.positional_only.iter().chain(&params.positional).collect();
        let by_name = |p: &ast::Param| before.iter().position(|k| k.name.as_ref() == Some(&p.name));
        let known = |k: &ast::Keyword| {
            let rest = positional.iter().skip(given.len().max(params.positional_only.len()));
            rest.copied().chain(&params.keyword_only).any(|p| k.name.as_ref() == Some(&p.name))
        };
        if given.len() > positional.len() || !before.iter().all(known) {
            return None;
        }
        // All is evaluated in the order of the call.
        let mut steps = Vec::new();
        let places: Vec<VarId> = given.iter().map(|a| self.kept(a, &mut steps)).collect();
        let all = ExprKind::Comp(Box::new(self.comp_over(CompKind::Tuple, items)));
        let value = Box::new(self.make(all, span));
        let stars = Stars { items: self.temp(), names: self.temp(), span };
        steps.push(self.make(ExprKind::Named { var: stars.items, value }, span));
        let named: Vec<VarId> = before.iter().map(|k| self.kept(&k.value, &mut steps)).collect();
        let value = Box::new(self.expr_of_dict(others));
        steps.push(self.make(ExprKind::Named { var: stars.names, value }, span));
        let (mut values, mut count, mut tests) = (Vec::new(), None, Vec::new());
        for (at, p) in positional.iter().enumerate() {
            let only = at < params.positional_only.len();
            let Some(place) = at.checked_sub(given.len()) else {
                if !only {
                    // It must not be given twice.
                    tests.push(self.among(&stars, &p.name, true));
                }
                values.push(self.local(places[at], span));
                continue;
            };
            let item = self.item(&stars, place);
            let other = match by_name(p) {
                Some(k) => {
                    let more = self.more_than(&stars, place);
                    tests.push(self.negated(more));
                    tests.push(self.among(&stars, &p.name, true));
                    values.push(self.local(named[k], span));
                    continue;
                }
                None if only => self.default_or_bail(p, &callee, span),
                None => self.named_or_default(&stars, p, &callee),
            };
            let test = Box::new(self.more_than(&stars, place));
            let kind = ExprKind::If { test, body: Box::new(item), orelse: Box::new(other) };
            values.push(self.make(kind, span));
            if !only {
                let more = self.more_than(&stars, place);
                let (left, right) =
                    (Box::new(self.negated(more)), Box::new(self.among(&stars, &p.name, false)));
                let open = self.make(ExprKind::Bool2 { op: BoolOp::And, left, right }, span);
                count = Some(self.counted(count, open));
            }
        }
        let mut all = Vec::new();
        for p in &params.keyword_only {
            let value = match by_name(p) {
                Some(k) => {
                    tests.push(self.among(&stars, &p.name, true));
                    self.local(named[k], span)
                }
                None => {
                    let open = self.among(&stars, &p.name, false);
                    count = Some(self.counted(count, open));
                    self.named_or_default(&stars, p, &callee)
                }
            };
            all.push((p.name.clone(), value));
        }
        let more = self.more_than(&stars, positional.len() - given.len());
        tests.push(self.negated(more));
        // The dict has no other names.
        let left = Box::new(self.length(stars.names, span));
        let right = match count {
            Some(count) => Box::new(count),
            None => Box::new(self.make(ExprKind::Int(0), span)),
        };
        tests.push(self.make(ExprKind::Compare { op: CmpOp::Eq, left, right }, span));
        let test = tests.into_iter().reduce(|left, right| {
            let (left, right) = (Box::new(left), Box::new(right));
            self.make(ExprKind::Bool2 { op: BoolOp::And, left, right }, span)
        });
        let kind = ExprKind::Call { name: name.clone(), args: values, keywords: all };
        let (test, body) = (Box::new(test?), Box::new(self.make(kind, span)));
        let orelse = Box::new(self.make(ExprKind::Bail, span));
        steps.push(self.make(ExprKind::If { test, body, orelse }, span));
        Some(self.last_of(steps, span).kind)
    }

    /// `dict(**x)`, `dict(a=1, **x)` and `dict(x, a=1)`.
    pub(super) fn dict_with_names(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        if !matches!(&func.kind, A::Name(name) if name == "dict" && self.is_builtin(name)) {
            return None;
        }
        let names = keywords.iter().filter(|k| k.name.is_none()).count();
        match (args, keywords) {
            ([], [ast::Keyword { name: None, value }]) => {
                let args = vec![self.expr(value)];
                self.assumes.insert("dict".to_string());
                Some(ExprKind::Call { name: NAMES.into(), args, keywords: vec![] })
            }
            ([], [before @ .., ast::Keyword { name: None, value }]) if names == 1 => {
                self.assumes.insert("dict".to_string());
                let mut steps = Vec::new();
                let kept: Vec<VarId> = before.iter().map(|k| self.kept(&k.value, &mut steps)).collect();
                let args = vec![self.expr(value)];
                let copy = self.make(ExprKind::Call { name: NAMES.into(), args, keywords: vec![] }, span);
                let others = self.temp();
                steps.push(self.make(ExprKind::Named { var: others, value: Box::new(copy) }, span));
                let stars = Stars { items: others, names: others, span };
                let (mut items, mut test) = (Vec::new(), None);
                for (k, var) in before.iter().zip(kept) {
                    let name = k.name.clone().unwrap_or_default();
                    let missing = self.among(&stars, &name, true);
                    test = Some(match test {
                        None => missing,
                        Some(left) => {
                            let (left, right) = (Box::new(left), Box::new(missing));
                            self.make(ExprKind::Bool2 { op: BoolOp::And, left, right }, span)
                        }
                    });
                    let key = self.make(ExprKind::Str(name), span);
                    items.push((Some(key), self.local(var, span)));
                }
                items.push((None, self.local(others, span)));
                let (test, body) = (Box::new(test?), Box::new(self.make(ExprKind::Dict(items), span)));
                let orelse = Box::new(self.make(ExprKind::Bail, span));
                steps.push(self.make(ExprKind::If { test, body, orelse }, span));
                Some(self.last_of(steps, span).kind)
            }
            // What is copied is copied when all has been evaluated.
            ([of], [_, ..]) if names == 0 && keywords.iter().all(|k| is_settled(&k.value)) => {
                if matches!(of.kind, A::Starred(_)) {
                    return None;
                }
                self.assumes.insert("dict".to_string());
                let copy = self.dict_of(of, span);
                let mut items = vec![(None, self.make(copy, of.span))];
                for k in keywords {
                    let key = ExprKind::Str(k.name.clone().unwrap_or_default());
                    items.push((Some(self.make(key, span)), self.expr(&k.value)));
                }
                Some(ExprKind::Dict(items))
            }
            _ => None,
        }
    }

    /// Evaluates an argument, and keeps it.
    fn kept(&mut self, e: &AExpr, steps: &mut Vec<Expr>) -> VarId {
        let (var, value) = (self.temp(), self.boxed(e));
        steps.push(self.make(ExprKind::Named { var, value }, e.span));
        var
    }

    fn length(&mut self, var: VarId, span: Span) -> Expr {
        let args = vec![self.local(var, span)];
        self.make(ExprKind::Call { name: "len".into(), args, keywords: vec![] }, span)
    }

    /// Are there more items than that?
    fn more_than(&mut self, stars: &Stars, number: usize) -> Expr {
        let left = Box::new(self.length(stars.items, stars.span));
        let right = Box::new(self.make(ExprKind::Int(number as i64), stars.span));
        self.make(ExprKind::Compare { op: CmpOp::Gt, left, right }, stars.span)
    }

    fn item(&mut self, stars: &Stars, at: usize) -> Expr {
        let base = Box::new(self.local(stars.items, stars.span));
        let index = Box::new(self.make(ExprKind::Int(at as i64), stars.span));
        self.make(ExprKind::Index { base, index }, stars.span)
    }

    fn among(&mut self, stars: &Stars, name: &str, negated: bool) -> Expr {
        let names = self.local(stars.names, stars.span);
        self.has_name(names, name, negated)
    }

    fn negated(&mut self, test: Expr) -> Expr {
        let span = test.span;
        self.make(ExprKind::Unary { op: ast::UnaryOp::Not, operand: Box::new(test) }, span)
    }

    fn counted(&mut self, count: Option<Expr>, test: Expr) -> Expr {
        let span = test.span;
        let (one, none) = (self.make(ExprKind::Int(1), span), self.make(ExprKind::Int(0), span));
        let kind = ExprKind::If { test: Box::new(test), body: Box::new(one), orelse: Box::new(none) };
        let one = self.make(kind, span);
        let Some(count) = count else { return one };
        let (left, right) = (Box::new(count), Box::new(one));
        self.make(ExprKind::Binary { op: BinOp::Add, left, right }, span)
    }

    fn default_or_bail(&mut self, p: &ast::Param, callee: &str, span: Span) -> Expr {
        let kind = match p.default {
            Some(_) => ExprKind::Default { function: callee.to_string(), param: p.name.clone() },
            None => ExprKind::Bail,
        };
        self.make(kind, span)
    }

    fn named_or_default(&mut self, stars: &Stars, p: &ast::Param, callee: &str) -> Expr {
        let test = Box::new(self.among(stars, &p.name, false));
        let base = Box::new(self.local(stars.names, stars.span));
        let index = Box::new(self.make(ExprKind::Str(p.name.clone()), stars.span));
        let body = Box::new(self.make(ExprKind::Index { base, index }, stars.span));
        let orelse = Box::new(self.default_or_bail(p, callee, stars.span));
        self.make(ExprKind::If { test, body, orelse }, stars.span)
    }
}

/// Does nothing run where it is evaluated?
fn is_settled(e: &AExpr) -> bool {
    matches!(e.kind, A::Constant(_) | A::Name(_))
}
