//! `itertools` → iterables; what a generator expression can say becomes one.

use super::Lower;
use super::generators::Pull;
use crate::ast::{self, BinOp, Constant, Expr as AExpr, ExprKind as A, UnaryOp};
use crate::hir::{self, Comp, CompKind, Expr, ExprKind, Iter, IterKind, Tool};
use crate::source::Span;
use crate::ty::MAX_TUPLE;

/// The functions that are known.
pub(super) const NAMES: &[&str] = &[
    "accumulate",
    "batched",
    "chain",
    "combinations",
    "combinations_with_replacement",
    "compress",
    "count",
    "cycle",
    "dropwhile",
    "filterfalse",
    "groupby",
    "islice",
    "pairwise",
    "permutations",
    "product",
    "repeat",
    "starmap",
    "takewhile",
    "zip_longest",
];

impl Lower<'_> {
    /// Is it a function of `itertools`?
    pub(super) fn is_tool(&self, func: &AExpr) -> bool {
        self.library_of(func).is_some_and(|l| l.module == "itertools")
    }

    /// A call of a function of `itertools`; `None` for another one, and for a form that is not understood.
    pub(super) fn tool(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        (span, pull): (Span, Pull),
    ) -> Option<IterKind> {
        let stays = std::mem::take(&mut self.stays);
        let library = self.library_of(func).filter(|l| l.module == "itertools")?;
        if stays && library.attr == "count" {
            return None;
        }
        let from_iterable = matches!(&func.kind, A::Attribute { name, .. } if name == "from_iterable");
        if let ("chain", false, [AExpr { kind: A::Starred(rows), .. }], []) =
            (library.attr.as_str(), from_iterable, args, keywords)
        {
            // All rows are there before the first one is looked into.
            let all = ExprKind::Comp(Box::new(self.comp_over(CompKind::Tuple, rows)));
            let all = IterKind::Expr(Box::new(self.make(all, rows.span)));
            let all = Iter { kind: all, span, id: self.node() };
            let kind = self.flattened(all, span);
            self.libraries.insert(library);
            return Some(kind);
        }
        if let ("zip_longest", [AExpr { kind: A::Starred(rows), .. }]) = (library.attr.as_str(), args)
            && let Some((item, n)) = self.one_many_times(rows)
        {
            let fill = match keywords {
                [] => self.make(ExprKind::None, span),
                [k] if k.name.as_deref() == Some("fillvalue") => self.expr(&k.value),
                _ => return None,
            };
            self.libraries.insert(library);
            return Some(self.many_times(item, n, Some(fill)));
        }
        if let ("product" | "zip_longest", [AExpr { kind: A::Starred(rows), .. }]) =
            (library.attr.as_str(), args)
        {
            let tool = if library.attr == "product" { Tool::ProductOf } else { Tool::LongestOf };
            let rows = self.whole_rows(rows);
            let rows = Iter { kind: IterKind::Expr(Box::new(rows)), span, id: self.node() };
            let args = match (tool, keywords) {
                (Tool::ProductOf, []) => vec![],
                (Tool::LongestOf, []) => vec![self.make(ExprKind::None, span)],
                (Tool::LongestOf, [k]) if k.name.as_deref() == Some("fillvalue") => vec![self.expr(&k.value)],
                _ => return None,
            };
            self.libraries.insert(library);
            return Some(IterKind::Tool { tool, iters: vec![rows], args, function: None });
        }
        if args.iter().any(|a| matches!(a.kind, A::Starred(_))) || keywords.iter().any(|k| k.name.is_none()) {
            return None;
        }
        let name = if from_iterable { "chain.from_iterable" } else { library.attr.as_str() };
        let kind = self.tool_kind(name, args, keywords, (span, pull))?;
        self.libraries.insert(library);
        Some(kind)
    }

    /// `[iter(items)] * n`: the call of `iter`, and the number.
    pub(super) fn one_many_times<'e>(&self, rows: &'e AExpr) -> Option<(&'e AExpr, &'e AExpr)> {
        let A::BinOp { op: BinOp::Mult, left, right } = &rows.kind else { return None };
        let A::List(items) = &left.kind else { return None };
        let [item] = items.as_slice() else { return None };
        let A::Call { func, args, keywords } = &item.kind else { return None };
        let iter = matches!(&func.kind, A::Name(n) if n == "iter" && self.is_builtin(n));
        (iter && args.len() == 1 && keywords.is_empty()).then_some((item, right))
    }

    /// `zip` of one iterator so many times, or `zip_longest` with what fills up.
    pub(super) fn many_times(&mut self, item: &AExpr, n: &AExpr, fill: Option<Expr>) -> IterKind {
        let source = self.expr(item);
        let Some(n) = number(n).filter(|n| (1..=MAX_TUPLE).contains(n)) else {
            let mut args = vec![self.expr(n)];
            args.extend(fill);
            let iter = Iter { kind: IterKind::Expr(Box::new(source)), span: item.span, id: self.node() };
            return IterKind::Tool { tool: Tool::Grouped, iters: vec![iter], args, function: None };
        };
        let var = self.temp();
        let mut iters = Vec::new();
        let mut first = Some(source);
        for _ in 0..n {
            let kind = match first.take() {
                Some(source) => ExprKind::Named { var, value: Box::new(source) },
                None => ExprKind::Local(var),
            };
            let kind = IterKind::Expr(Box::new(self.make(kind, item.span)));
            iters.push(Iter { kind, span: item.span, id: self.node() });
        }
        match fill {
            Some(fill) => IterKind::Tool { tool: Tool::ZipLongest, iters, args: vec![fill], function: None },
            None => IterKind::Zip(iters),
        }
    }

    /// `tee(items, 3)`: a tuple of iterators, whose number is written down.
    pub(super) fn tee(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let library =
            self.library_of(func).filter(|l| (l.module.as_str(), l.attr.as_str()) == ("itertools", "tee"))?;
        let (items, n) = match (args, keywords) {
            ([items], []) => (items, 2),
            ([items, n], []) => (items, number(n)?),
            _ => return None,
        };
        if !(1..=MAX_TUPLE).contains(&n) || matches!(items.kind, A::Starred(_)) {
            return None;
        }
        self.libraries.insert(library);
        let source = self.iterator(items, false);
        let base = Box::new(self.make(source, items.span));
        // Spelled so that no method of Python's can have the name.
        Some(ExprKind::Method { base, name: format!("tee {n}"), args: vec![], keywords: vec![] })
    }

    fn tool_kind(
        &mut self,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        (span, pull): (Span, Pull),
    ) -> Option<IterKind> {
        let keyword =
            |name: &str| keywords.iter().find(|k| k.name.as_deref() == Some(name)).map(|k| &k.value);
        let only = |names: &[&str]| keywords.iter().all(|k| names.contains(&k.name.as_deref().unwrap_or("")));
        let none = |e: &AExpr| matches!(e.kind, A::Constant(Constant::None));
        let (tool, iters, values, function): (Tool, Vec<&AExpr>, Vec<Expr>, Option<Expr>) = match (name, args)
        {
            ("chain", items) if keywords.is_empty() => (Tool::Chain, items.iter().collect(), vec![], None),
            ("chain.from_iterable", [rows]) if keywords.is_empty() => {
                let rows = self.iter(rows);
                return Some(self.flattened(rows, span));
            }
            ("islice", [items, bounds @ ..]) if keywords.is_empty() && (1..=3).contains(&bounds.len()) => {
                let missing = |this: &mut Self| this.make(ExprKind::None, span);
                let values = match bounds {
                    [stop] => vec![missing(self), self.expr(stop), missing(self)],
                    [start, stop] => vec![self.expr(start), self.expr(stop), missing(self)],
                    all => all.iter().map(|e| self.expr(e)).collect(),
                };
                (Tool::Islice, vec![items], values, None)
            }
            ("count", positional) if only(&["start", "step"]) && positional.len() <= 2 => {
                let start = positional.first().or(keyword("start"));
                let step = positional.get(1).or(keyword("step"));
                if positional.len() + keywords.len() > 2
                    || keywords.first().is_some_and(|k| k.name.as_deref() == Some("step"))
                        && keywords.len() > 1
                {
                    return None;
                }
                let mut values = Vec::new();
                for (e, default) in [(start, 0), (step, 1)] {
                    values.push(match e {
                        Some(e) => self.expr(e),
                        None => self.make(ExprKind::Int(default), span),
                    });
                }
                (Tool::Count, vec![], values, None)
            }
            ("repeat", [object, times @ ..]) if only(&["times"]) && times.len() + keywords.len() <= 1 => {
                let mut values = vec![self.expr(object)];
                if let Some(times) = times.first().or(keyword("times")) {
                    values.push(self.expr(times));
                }
                (Tool::Repeat, vec![], values, None)
            }
            ("cycle", [items]) if keywords.is_empty() => (Tool::Cycle, vec![items], vec![], None),
            ("product", pools) if only(&["repeat"]) && !pools.is_empty() => {
                let times = keyword("repeat");
                let literal = match times {
                    None => Some(1),
                    Some(e) => number(e),
                };
                let fits = |n: &usize| (1..=MAX_TUPLE).contains(&(n * pools.len()));
                match (literal, times) {
                    (Some(n), _) if fits(&n) => {
                        (Tool::Product(Some(n)), pools.iter().collect(), vec![], None)
                    }
                    (_, Some(times)) if pools.len() == 1 => {
                        (Tool::Product(None), pools.iter().collect(), vec![self.expr(times)], None)
                    }
                    _ => return None,
                }
            }
            ("permutations", [items, r @ ..]) if only(&["r"]) && r.len() + keywords.len() <= 1 => {
                let r = r.first().or(keyword("r")).filter(|r| !none(r));
                let (tool, values) = self.taken(Tool::Permutations, r);
                (tool, vec![items], values, None)
            }
            ("combinations" | "combinations_with_replacement", [items, r @ ..])
                if only(&["r"]) && r.len() + keywords.len() == 1 =>
            {
                let make = if name == "combinations" {
                    Tool::Combinations
                } else {
                    Tool::CombinationsWithReplacement
                };
                let (tool, values) = self.taken(make, r.first().or(keyword("r")));
                (tool, vec![items], values, None)
            }
            ("accumulate", [items, function @ ..])
                if only(&["func", "initial"]) && function.len() <= 1 && keywords.len() <= 2 =>
            {
                let function = function.first().or(keyword("func")).filter(|f| !none(f));
                let function = match function {
                    Some(f) => Some(self.function_of(f, 2, span)?),
                    None => None,
                };
                let initial = keyword("initial").filter(|e| !none(e));
                let values = initial.map(|e| self.expr(e)).into_iter().collect();
                (Tool::Accumulate, vec![items], values, function)
            }
            ("takewhile" | "dropwhile", [function, items]) if keywords.is_empty() => {
                let function = self.function_of(function, 1, span)?;
                let tool = if name == "takewhile" { Tool::TakeWhile } else { Tool::DropWhile };
                (tool, vec![items], vec![], Some(function))
            }
            ("starmap", [function, items]) if keywords.is_empty() => {
                return self.star_mapped(function, items, span);
            }
            ("filterfalse", [function, items]) if keywords.is_empty() => {
                return self.filtered_out(function, items);
            }
            ("compress", [items, selectors]) if keywords.is_empty() => {
                return Some(self.compressed(items, selectors, span));
            }
            ("zip_longest", items) if only(&["fillvalue"]) && !items.is_empty() => {
                let fill = match keyword("fillvalue") {
                    Some(e) => self.expr(e),
                    None => self.make(ExprKind::None, span),
                };
                (Tool::ZipLongest, items.iter().collect(), vec![fill], None)
            }
            ("pairwise", [items]) if keywords.is_empty() => (Tool::Pairwise, vec![items], vec![], None),
            ("groupby", [items, key @ ..]) if only(&["key"]) && key.len() + keywords.len() <= 1 => {
                let key = match key.first().or(keyword("key")).filter(|k| !none(k)) {
                    Some(key) => Some(self.function_of(key, 1, span)?),
                    None => None,
                };
                (Tool::GroupBy, vec![items], vec![], key)
            }
            ("batched", [items, n]) if keywords.is_empty() => {
                (Tool::Batched, vec![items], vec![self.expr(n)], None)
            }
            _ => return None,
        };
        // Pools are read as a whole, one behind the other; the others are asked element by element.
        let pull = match tool {
            Tool::Product(_)
            | Tool::Permutations(_)
            | Tool::Combinations(_)
            | Tool::CombinationsWithReplacement(_)
                if iters.len() == 1 && self.runs_code(iters[0], Pull::Stepwise) =>
            {
                Pull::InPlace
            }
            Tool::GroupBy | Tool::Batched | Tool::Grouped => Pull::Later,
            _ => pull.stepwise(),
        };
        let iters = iters.into_iter().map(|e| self.pulled(e, pull)).collect();
        Some(IterKind::Tool { tool, iters, args: values, function: function.map(Box::new) })
    }

    /// How many items are taken: a number that is written down, or an argument.
    fn taken(&mut self, make: fn(Option<usize>) -> Tool, r: Option<&AExpr>) -> (Tool, Vec<Expr>) {
        match r.map(|r| (r, number(r))) {
            Some((_, Some(n))) if (1..=MAX_TUPLE).contains(&n) => (make(Some(n)), vec![]),
            Some((r, _)) => (make(None), vec![self.expr(r)]),
            None => (make(None), vec![]),
        }
    }

    /// The lambda that a function of so many arguments stands for.
    fn function_of(&mut self, function: &AExpr, arity: usize, span: Span) -> Option<Expr> {
        if let (2, Some(library)) = (arity, self.library_of(function).filter(|l| l.module == "operator")) {
            let op = match library.attr.as_str() {
                "add" => BinOp::Add,
                "sub" => BinOp::Sub,
                "mul" => BinOp::Mult,
                "xor" => BinOp::BitXor,
                "or_" => BinOp::BitOr,
                "and_" => BinOp::BitAnd,
                _ => return None,
            };
            self.libraries.insert(library);
            let params: Vec<_> = (0..2).map(|_| self.temp()).collect();
            let [left, right] = [params[0], params[1]].map(|v| Box::new(self.make(ExprKind::Local(v), span)));
            let body = Box::new(self.make(ExprKind::Binary { op, left, right }, span));
            return Some(self.make(ExprKind::Lambda { params, body }, span));
        }
        let (params, body) = self.applied(function, arity, span)?;
        Some(self.make(ExprKind::Lambda { params, body: Box::new(body) }, span))
    }

    fn variable(&mut self, var: hir::VarId, span: Span) -> hir::Target {
        hir::Target { kind: hir::TargetKind::Var(var), span, id: self.node() }
    }

    /// `item for row in rows for item in row`
    fn flattened(&mut self, outer: Iter, span: Span) -> IterKind {
        let (row, item) = (self.temp(), self.temp());
        let source = IterKind::Expr(Box::new(self.make(ExprKind::Local(row), span)));
        let inner = Iter { kind: source, span, id: self.node() };
        let (row, target) = (self.variable(row, span), self.variable(item, span));
        let generators = vec![
            hir::Generator { target: row, iter: outer, ifs: vec![] },
            hir::Generator { target, iter: inner, ifs: vec![] },
        ];
        let element = self.make(ExprKind::Local(item), span);
        generator(generators, element)
    }

    /// `function(*item) for item in items`
    fn star_mapped(&mut self, function: &AExpr, items: &AExpr, span: Span) -> Option<IterKind> {
        let mut iter = self.iter(items);
        let function = self.item_function(function, &mut iter)?;
        let item = self.temp();
        let args = vec![self.make(ExprKind::Local(item), span)];
        let call = ExprKind::CallValue {
            function: Box::new(function),
            args,
            stars: vec![0],
            keywords: vec![],
            rest: None,
        };
        let element = self.make(call, span);
        self.in_generator.insert(element.id);
        let target = self.variable(item, span);
        Some(generator(vec![hir::Generator { target, iter, ifs: vec![] }], element))
    }

    /// `item for item in items if not function(item)`
    fn filtered_out(&mut self, function: &AExpr, items: &AExpr) -> Option<IterKind> {
        let span = items.span;
        let iter = self.iter(items);
        let (var, test) = self.predicate(function, span)?;
        let test = self.make(ExprKind::Unary { op: UnaryOp::Not, operand: Box::new(test) }, span);
        let target = self.variable(var, span);
        let element = self.make(ExprKind::Local(var), span);
        Some(generator(vec![hir::Generator { target, iter, ifs: vec![test] }], element))
    }

    /// `item for item, selected in zip(items, selectors) if selected`
    fn compressed(&mut self, items: &AExpr, selectors: &AExpr, span: Span) -> IterKind {
        let sources = vec![self.pulled(items, Pull::Stepwise), self.pulled(selectors, Pull::Stepwise)];
        let iter = Iter { kind: IterKind::Zip(sources), span, id: self.node() };
        let (item, selected) = (self.temp(), self.temp());
        let parts = [item, selected].map(|v| self.variable(v, span)).to_vec();
        let target = hir::Target { kind: hir::TargetKind::Tuple(parts), span, id: self.node() };
        let test = self.make(ExprKind::Local(selected), span);
        let element = self.make(ExprKind::Local(item), span);
        generator(vec![hir::Generator { target, iter, ifs: vec![test] }], element)
    }
}

fn generator(generators: Vec<hir::Generator>, element: Expr) -> IterKind {
    IterKind::Comp(Box::new(Comp::new(CompKind::List, generators, element)))
}

/// A number that is written down.
fn number(e: &AExpr) -> Option<usize> {
    match &e.kind {
        A::Constant(Constant::Int(digits)) => digits.parse().ok(),
        _ => None,
    }
}
