//! Iterables, comprehensions and what is unpacked → HIR.

use super::generators::Pull;
use super::symbols::Kind;
use super::{Lower, Scope};
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{self, Comp, CompKind, Expr, ExprKind, Iter, IterKind};
use crate::source::Span;

impl Lower<'_> {
    /// What is unpacked into several targets: a generator expression or `map` is run for as many elements as that
    /// takes.
    pub(super) fn unpacked(&mut self, targets: &[AExpr], value: &AExpr) -> Expr {
        let lazy = match &value.kind {
            A::Generator { .. } => true,
            A::Call { func, .. } => {
                matches!(&func.kind, A::Name(n) if matches!(n.as_str(), "map" | "filter") && self.is_builtin(n))
            }
            _ => false,
        };
        if !lazy {
            return self.expr(value);
        }
        let kind = match targets.iter().any(|t| matches!(t.kind, A::Starred(_))) {
            true => CompKind::List,
            false => CompKind::Take(targets.len() + 1),
        };
        let comp = match &value.kind {
            A::Generator { element, generators } => {
                let (generators, (element, _)) = self.generators(generators, element, None);
                Comp::new(kind, generators, element)
            }
            _ => self.comp_over(kind, value),
        };
        self.make(ExprKind::Comp(Box::new(comp)), value.span)
    }

    /// A value that is gone through as a whole before anything else happens.
    pub(super) fn whole(&mut self, e: &AExpr) -> Expr {
        match &e.kind {
            A::Generator { .. } => {
                let iter = self.iter_of_list(e);
                match iter.kind {
                    IterKind::Expr(list) => *list,
                    _ => unreachable!("a generator expression became a list"),
                }
            }
            _ => self.expr(e),
        }
    }

    /// What is stored into a slice. `reversed(x[…])` of what nobody else has can be gone through before the bounds
    /// are looked at.
    pub(super) fn stored_whole(&mut self, e: &AExpr) -> Expr {
        if let A::Call { func, args, keywords } = &e.kind
            && let (A::Name(name), [AExpr { kind: A::Subscript { index, .. }, .. }], []) =
                (&func.kind, &args[..], &keywords[..])
            && name == "reversed"
            && self.is_builtin(name)
            && matches!(index.kind, A::Slice { .. })
        {
            let comp = self.comp_over(CompKind::List, e);
            return self.make(ExprKind::Comp(Box::new(comp)), e.span);
        }
        self.whole(e)
    }

    /// What is gone through as a whole: generator expressions and `map` become lists.
    pub(super) fn iter_of_list(&mut self, e: &AExpr) -> Iter {
        let iter = self.iter(e);
        match iter.kind {
            IterKind::Comp(comp) => {
                let list = self.make(ExprKind::Comp(comp), e.span);
                Iter { kind: IterKind::Expr(Box::new(list)), ..iter }
            }
            _ => iter,
        }
    }

    /// What `*` spreads: what is lazy is gone through first.
    pub(super) fn whole_rows(&mut self, e: &AExpr) -> Expr {
        match &e.kind {
            A::Generator { .. } => self.whole(e),
            A::Call { func, args, keywords } => {
                let lazy = match &func.kind {
                    A::Name(name) if self.is_builtin(name) => {
                        matches!(name.as_str(), "map" | "filter" | "zip" | "enumerate" | "reversed")
                    }
                    A::Attribute { name, .. } => {
                        args.is_empty()
                            && keywords.is_empty()
                            && matches!(name.as_str(), "items" | "values" | "keys")
                    }
                    _ => false,
                };
                if lazy {
                    let comp = self.comp_over(CompKind::List, e);
                    return self.make(ExprKind::Comp(Box::new(comp)), e.span);
                }
                self.expr(e)
            }
            _ => self.expr(e),
        }
    }

    /// An iterator that outlives the expression.
    pub(super) fn iterator(&mut self, e: &AExpr, explicit: bool) -> ExprKind {
        let iter = self.pulled(e, Pull::Later);
        self.lasting_iter(iter.kind, e.span, explicit)
    }

    /// The same of an iterable that has been lowered to be asked later.
    pub(super) fn lasting_iter(&mut self, kind: IterKind, span: Span, explicit: bool) -> ExprKind {
        let iter = Iter { kind, span, id: self.node() };
        if matches!(iter.kind, IterKind::Comp(_)) || iter.calls_function() {
            return self.no_as(
                "PYR0328",
                iter.span,
                "a generator that is not consumed in place",
                "build a list instead",
            );
        }
        ExprKind::Iter { iter: Box::new(iter), explicit }
    }

    /// `for tmp in iterable: tmp`.
    pub(super) fn comp_over(&mut self, kind: CompKind, iterable: &AExpr) -> Comp {
        let iter = self.iter(iterable);
        self.comp_of_iter(kind, iter, iterable.span)
    }

    /// The same of what has been lowered.
    pub(super) fn comp_of_iter(&mut self, kind: CompKind, iter: Iter, span: Span) -> Comp {
        let var = self.temp();
        let target = hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() };
        let element = self.make(ExprKind::Local(var), span);
        let generators = vec![hir::Generator { target, iter, ifs: vec![] }];
        Comp::new(kind, generators, element)
    }

    /// `dict(arg)`. What surely gives pairs one after another is taken as it comes; of anything else its type has to tell
    /// whether it is a mapping.
    pub(super) fn dict_of(&mut self, arg: &AExpr, span: Span) -> ExprKind {
        let iter = match &arg.kind {
            A::Generator { .. } => self.iter(arg),
            // A method may be anybody's, whatever its name.
            A::Call { func, .. }
                if self.is_lazy(arg) && (self.is_tool(func) || matches!(func.kind, A::Name(_))) =>
            {
                self.iter(arg)
            }
            _ => {
                let arg = self.expr(arg);
                return ExprKind::Call { name: "dict".into(), args: vec![arg], keywords: vec![] };
            }
        };
        let (k, v) = (self.temp(), self.temp());
        let items = [k, v].map(|var| hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() });
        let target = hir::Target { kind: hir::TargetKind::Tuple(items.to_vec()), span, id: self.node() };
        ExprKind::Comp(Box::new(Comp {
            kind: CompKind::Dict,
            generators: vec![hir::Generator { target, iter, ifs: vec![] }],
            element: self.make(ExprKind::Local(k), span),
            value: Some(self.make(ExprKind::Local(v), span)),
            extra: None,
            key: None,
            builtin: None,
        }))
    }

    pub(super) fn comp(
        &mut self,
        kind: CompKind,
        generators: &[ast::Comprehension],
        element: &AExpr,
        value: Option<&AExpr>,
        extra: Option<Expr>,
    ) -> ExprKind {
        let (generators, (element, value)) = self.generators(generators, element, value);
        ExprKind::Comp(Box::new(Comp { kind, generators, element, value, extra, key: None, builtin: None }))
    }

    /// The first iterable is evaluated in the enclosing scope, everything else in the comprehension's own.
    pub(super) fn generators(
        &mut self,
        generators: &[ast::Comprehension],
        element: &AExpr,
        value: Option<&AExpr>,
    ) -> (Vec<hir::Generator>, (Expr, Option<Expr>)) {
        let first = self.iter(&generators[0].iter);
        let id = self.symbols.scope_at(Kind::Comprehension, generators[0].target.span);
        self.scopes.push(Scope { id, vars: Default::default() });
        self.generators += 1;
        for g in generators {
            self.declare_targets(&g.target);
        }
        self.refuse_cells(generators[0].target.span);
        let mut first = Some(first);
        let mut out = Vec::new();
        for g in generators {
            if g.is_async {
                let message = "an asynchronous comprehension is not supported";
                self.refuse("PYR0302", g.iter.span, message, "");
            }
            let iter = match first.take() {
                Some(iter) => iter,
                None => self.iter(&g.iter),
            };
            let target = self.target(&g.target);
            out.push(hir::Generator { target, iter, ifs: self.exprs(&g.ifs) });
        }
        let element = self.expr(element);
        let value = value.map(|v| self.expr(v));
        self.generators -= 1;
        self.scopes.pop();
        (out, (element, value))
    }

    fn declare_targets(&mut self, target: &AExpr) {
        match &target.kind {
            A::Name(name) => {
                let var = self.new_var(name);
                self.scopes.last_mut().expect("a scope is open").vars.insert(name.clone(), var);
            }
            A::Tuple(items) | A::List(items) => items.iter().for_each(|t| self.declare_targets(t)),
            A::Starred(inner) => self.declare_targets(inner),
            _ => {}
        }
    }

    /// What a `for` goes through: the lazy builtins are recognised here and nowhere else.
    pub(super) fn iter(&mut self, e: &AExpr) -> Iter {
        let kind = match self.unaliased(e) {
            Some(plain) => self.iter_kind(&plain),
            None => self.iter_kind(e),
        };
        let mut iter = Iter { kind, span: e.span, id: self.node() };
        // All matches at once: the text cannot change meanwhile.
        if let IterKind::Expr(e) = &mut iter.kind
            && let ExprKind::Method { name, .. } = &mut e.kind
            && name == "finditer"
        {
            name.push_str(" in place");
        }
        iter
    }

    fn iter_kind(&mut self, e: &AExpr) -> IterKind {
        let pull = std::mem::take(&mut self.pull);
        if self.runs_code(e, pull) {
            let kind = self.lasting(e);
            return IterKind::Expr(Box::new(self.make(kind, e.span)));
        }
        match &e.kind {
            A::Set(items) => IterKind::Expr(Box::new(self.set_read(items, e.span))),
            A::Generator { element, generators } => {
                let (generators, (element, value)) = self.generators(generators, element, None);
                IterKind::Comp(Box::new(Comp {
                    kind: CompKind::List,
                    generators,
                    element,
                    value,
                    extra: None,
                    key: None,
                    builtin: None,
                }))
            }
            A::Call { func, args, keywords } if self.is_tool(func) => {
                match self.tool(func, args, keywords, (e.span, pull)) {
                    Some(kind) => kind,
                    None => IterKind::Expr(self.boxed(e)),
                }
            }
            A::Call { func, args, keywords } => match &func.kind {
                A::Name(name) if self.is_builtin(name) => {
                    match self.lazy(name, args, keywords, (e.span, pull)) {
                        Some(kind) => kind,
                        None => IterKind::Expr(self.boxed(e)),
                    }
                }
                A::Attribute { value, name } if args.is_empty() && keywords.is_empty() => match name.as_str()
                {
                    "items" => IterKind::Items(self.boxed(value)),
                    "values" => IterKind::Values(self.boxed(value)),
                    "keys" => IterKind::Keys(self.boxed(value)),
                    _ => IterKind::Expr(self.boxed(e)),
                },
                _ => IterKind::Expr(self.boxed(e)),
            },
            _ => IterKind::Expr(self.boxed(e)),
        }
    }

    /// The builtins that give an iterator; `None` for a form that is not understood.
    pub(super) fn lazy(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        (span, pull): (Span, Pull),
    ) -> Option<IterKind> {
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        // As if it were not there.
        let keywords = match (name, keywords) {
            ("zip", [ast::Keyword { name: Some(name), value }])
                if name == "strict" && matches!(value.kind, A::Constant(Constant::False)) =>
            {
                &[]
            }
            _ => keywords,
        };
        Some(match (name, args, keywords) {
            ("zip", [AExpr { kind: A::Starred(rows), .. }], []) if self.one_many_times(rows).is_some() => {
                let (item, n) = self.one_many_times(rows)?;
                self.many_times(item, n, None)
            }
            ("zip", [AExpr { kind: A::Starred(rows), .. }], []) => {
                IterKind::ZipStar(Box::new(self.whole_rows(rows)))
            }
            ("zip", parts, []) if starred => {
                // All are evaluated, and the starred ones taken apart, before any is gone through.
                let all = AExpr { kind: A::List(parts.to_vec()), span };
                IterKind::ZipStar(Box::new(self.expr(&all)))
            }
            _ if starred => return None,
            ("range", [stop], []) => IterKind::Range { start: None, stop: self.boxed(stop), step: None },
            ("range", [start, stop], []) => {
                let start = Some(self.boxed(start));
                IterKind::Range { start, stop: self.boxed(stop), step: None }
            }
            ("range", [start, stop, step], []) => {
                let start = Some(self.boxed(start));
                let stop = self.boxed(stop);
                IterKind::Range { start, stop, step: Some(self.boxed(step)) }
            }
            ("enumerate", [inner], []) => {
                IterKind::Enumerate { inner: Box::new(self.pulled(inner, pull)), start: None }
            }
            ("enumerate", [inner, start], []) => self.counted_from(inner, start, pull)?,
            ("enumerate", [inner], [k]) if k.name.as_deref() == Some("start") => {
                self.counted_from(inner, &k.value, pull)?
            }
            // What is asked again after it has raised is left to Python.
            ("zip", inner, [ast::Keyword { name: Some(name), value }])
                if name == "strict"
                    && matches!(value.kind, A::Constant(Constant::True))
                    && !inner.is_empty()
                    && pull != Pull::Later =>
            {
                let iters = inner.iter().map(|i| self.pulled(i, Pull::Stepwise)).collect();
                IterKind::Tool { tool: hir::Tool::ZipStrict, iters, args: vec![], function: None }
            }
            ("zip", inner, []) if !inner.is_empty() => {
                IterKind::Zip(inner.iter().map(|i| self.pulled(i, pull.stepwise())).collect())
            }
            ("reversed", [inner], []) => match view_of(inner) {
                Some((dict, "items")) => IterKind::ReversedItems(self.boxed(dict)),
                Some((dict, "values")) => IterKind::ReversedValues(self.boxed(dict)),
                Some((dict, "keys")) => IterKind::Reversed(Box::new(self.expr_of_dict(dict))),
                _ => IterKind::Reversed(self.boxed(inner)),
            },
            ("map", [function, iterables @ ..], []) if !iterables.is_empty() => {
                IterKind::Comp(Box::new(self.mapped(function, iterables, span)?))
            }
            ("filter", [function, iterable], []) => {
                IterKind::Comp(Box::new(self.filtered(function, iterable)?))
            }
            _ => return None,
        })
    }

    /// `enumerate(inner, start)`
    fn counted_from(&mut self, inner: &AExpr, start: &AExpr, pull: Pull) -> Option<IterKind> {
        let inner = Box::new(self.pulled(inner, pull));
        // The code of an expression stands around the loop, where the start is known.
        if matches!(inner.kind, IterKind::Comp(_)) && !only_computes(start) {
            return None;
        }
        Some(IterKind::Enumerate { inner, start: Some(self.boxed(start)) })
    }

    /// `map(f, a, b)`: `f(x, y) for x, y in zip(a, b)`.
    pub(super) fn mapped(&mut self, function: &AExpr, iterables: &[AExpr], span: Span) -> Option<Comp> {
        let pull = if iterables.len() == 1 { Pull::InPlace } else { Pull::Stepwise };
        let mut iters: Vec<Iter> = iterables.iter().map(|i| self.pulled(i, pull)).collect();
        let (vars, element) = match self.applies_value(function) {
            true => self.applied_value(function, &mut iters[0], iterables.len(), span)?,
            false => self.applied(function, iterables.len(), span)?,
        };
        let mut targets: Vec<hir::Target> = Vec::new();
        for var in vars {
            targets.push(hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() });
        }
        let (target, iter) = match iters.len() {
            1 => (targets.remove(0), iters.remove(0)),
            _ => {
                let target = hir::Target { kind: hir::TargetKind::Tuple(targets), span, id: self.node() };
                (target, Iter { kind: IterKind::Zip(iters), span, id: self.node() })
            }
        };
        let generators = vec![hir::Generator { target, iter, ifs: vec![] }];
        Some(Comp { builtin: Some("map"), ..Comp::new(CompKind::List, generators, element) })
    }

    /// `filter(f, a)`: `x for x in a if f(x)`.
    pub(super) fn filtered(&mut self, function: &AExpr, iterable: &AExpr) -> Option<Comp> {
        let span = iterable.span;
        let mut iter = self.iter(iterable);
        let (var, test) = match self.applies_value(function) {
            true => {
                let (vars, test) = self.applied_value(function, &mut iter, 1, span)?;
                (vars[0], test)
            }
            false => self.predicate(function, span)?,
        };
        let target = hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() };
        let element = self.make(ExprKind::Local(var), span);
        let generators = vec![hir::Generator { target, iter, ifs: vec![test] }];
        Some(Comp { builtin: Some("filter"), ..Comp::new(CompKind::List, generators, element) })
    }

    /// A fresh variable, and what `filter` and its kin ask of it: with `None` its own truth.
    pub(super) fn predicate(&mut self, function: &AExpr, span: Span) -> Option<(hir::VarId, Expr)> {
        if let A::Constant(Constant::None) = &function.kind {
            let var = self.temp();
            return Some((var, self.make(ExprKind::Local(var), span)));
        }
        let (vars, test) = self.applied(function, 1, span)?;
        Some((vars[0], test))
    }

    /// Is the function that is applied no name of one, no method and no `lambda` that is expanded?
    fn applies_value(&self, function: &AExpr) -> bool {
        match &function.kind {
            A::Name(name) => self.lookup(name).is_some() && !self.is_known(name),
            A::Call { func, args, .. } => !self.is_getter(func, args),
            A::Constant(_) | A::Attribute { .. } | A::Lambda { .. } => false,
            _ => true,
        }
    }

    /// As [`Self::applied`], of a function that is a value.
    fn applied_value(
        &mut self,
        function: &AExpr,
        iter: &mut Iter,
        arity: usize,
        span: Span,
    ) -> Option<(Vec<hir::VarId>, Expr)> {
        let function = Box::new(self.item_function(function, iter)?);
        let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
        let args = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
        let call = ExprKind::CallValue { function, args, stars: vec![], keywords: vec![], rest: None };
        let call = self.make(call, span);
        self.in_generator.insert(call.id);
        Some((vars, call))
    }

    /// Fresh variables, and the function applied to them; a `StopIteration` inside ends the iteration.
    pub(super) fn applied(
        &mut self,
        function: &AExpr,
        arity: usize,
        span: Span,
    ) -> Option<(Vec<hir::VarId>, Expr)> {
        if let A::Name(name) = &function.kind
            && self.lookup(name).is_some()
            && !self.is_known(name)
            && self.must_be_kept(function)
        {
            return None;
        }
        // A bound method keeps its object, whatever the name means later.
        if let A::Attribute { value, .. } = &function.kind
            && let A::Name(object) = &value.kind
            && let Some(symbol) = self.symbol(object)
            && (self.symbols.is_cell(&symbol) || !self.symbols.is_bound_once(&symbol))
        {
            return None;
        }
        self.generators += 1;
        let applied = match &function.kind {
            _ if arity != 1 && self.library_of(function).is_some() => {
                self.applied_operator(function, arity, span)
            }
            A::Attribute { value, name } if arity != 1 && self.module_of(value).is_some() => {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let args = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
                let module = self.module_of(value).unwrap_or_default();
                let call = ExprKind::ModuleCall { module, name: name.clone(), args, keywords: vec![] };
                Some((vars, self.make(call, span)))
            }
            // `set.intersection`: the method of that class and of no other.
            A::Attribute { value, name }
                if arity != 1
                    && name != "maketrans"
                    && !name.starts_with("from")
                    && let Some(class) = self.class_name(value) =>
            {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let mut operands =
                    vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect::<Vec<_>>();
                let base = Box::new(operands.remove(0));
                let name = format!("{class}.{name}");
                self.assumes.insert(class);
                let call = ExprKind::Method { base, name, args: operands, keywords: vec![] };
                Some((vars, self.make(call, span)))
            }
            A::Name(name) if self.lookup(name).is_some() && arity != 1 => {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let items = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
                let kind = self.call_local_with(function, name, items, span);
                Some((vars, self.make(kind, span)))
            }
            A::Name(name) if self.lookup(name).is_none() && arity != 1 => {
                let vars: Vec<_> = (0..arity).map(|_| self.temp()).collect();
                let args = vars.iter().map(|v| self.make(ExprKind::Local(*v), span)).collect();
                let call = ExprKind::Call { name: name.clone(), args, keywords: vec![] };
                Some((vars, self.make(call, span)))
            }
            A::Lambda { .. } => match self.lambda_or_expr(function).kind {
                ExprKind::Lambda { params, body } if params.len() == arity => Some((params, *body)),
                _ => None,
            },
            _ if arity == 1 => match self.key_function(function).kind {
                ExprKind::Lambda { params, body } if params.len() == 1 => Some((params, *body)),
                _ => None,
            },
            _ => None,
        };
        self.generators -= 1;
        if let Some((_, body)) = &applied {
            self.in_generator.insert(body.id);
        }
        applied
    }
}

/// `d.items()` and the like: the dict, and what of it.
fn view_of(e: &AExpr) -> Option<(&AExpr, &str)> {
    let A::Call { func, args, keywords } = &e.kind else { return None };
    let A::Attribute { value, name } = &func.kind else { return None };
    (args.is_empty() && keywords.is_empty()).then_some((value, name.as_str()))
}

/// `range(…)`
pub(super) fn is_range(e: &AExpr) -> bool {
    let A::Call { func, .. } = &e.kind else { return false };
    matches!(&func.kind, A::Name(name) if name == "range")
}

/// Does evaluating it call nothing, if the names in it are those of numbers?
fn only_computes(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(_) | A::Name(_) => true,
        A::UnaryOp { operand, .. } => only_computes(operand),
        A::BinOp { left, right, .. } => only_computes(left) && only_computes(right),
        _ => false,
    }
}
