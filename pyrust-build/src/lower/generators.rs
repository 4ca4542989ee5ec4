//! Generator expressions, `map` and its kin that outlive the expression they stand in.
//!
//! Each becomes a generator function inside this one: its sources, evaluated where it stands, are parameters; whatever
//! else it reads it takes from around, late, as CPython does. What is consumed on the spot never gets here.

use super::Lower;
use super::nested::{Body, Slot};
use super::symbols::{Kind, Known};
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A, Param, Params};
use crate::hir::{self, Again, ExprKind, Iter, StmtKind, TargetKind, Yields};
use crate::source::Span;

/// How an iterable is asked for its elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pull {
    /// Its code may stand around the code that takes the elements.
    #[default]
    InPlace,
    /// One by one, by code beside it.
    Stepwise,
    /// One by one, when the expression has been left.
    Later,
}

impl Pull {
    pub(super) fn stepwise(self) -> Pull {
        if self == Pull::Later { Pull::Later } else { Pull::Stepwise }
    }
}

/// A call of `map` or one of its kin: what is evaluated where it stands, and what is called for each element.
pub(super) struct Parts<'e> {
    pub given: Vec<&'e AExpr>,
    pub functions: Vec<&'e AExpr>,
}

/// The last part of a callee's name.
fn tool_name(func: &AExpr) -> &str {
    match &func.kind {
        A::Name(name) | A::Attribute { name, .. } => name,
        _ => "",
    }
}

fn is_none(e: &AExpr) -> bool {
    matches!(e.kind, A::Constant(Constant::None))
}

/// Is the `i`-th positional argument, or the one called `name`, a function?
fn is_function(tool: &str, i: Option<usize>, name: Option<&str>) -> bool {
    match tool {
        "map" | "filter" | "filterfalse" | "starmap" | "takewhile" | "dropwhile" => i == Some(0),
        "accumulate" => i == Some(1) || name == Some("func"),
        "groupby" => i == Some(1) || name == Some("key"),
        _ => false,
    }
}

/// Takes such a call apart. The name under which a module imports the function does not tell which it is, so every
/// argument that looks like a function is taken for one.
pub(super) fn parts<'e>(func: &'e AExpr, args: &'e [AExpr], keywords: &'e [ast::Keyword]) -> Parts<'e> {
    let tool = tool_name(func);
    let mut out = Parts { given: Vec::new(), functions: Vec::new() };
    for (i, arg) in args.iter().enumerate() {
        match is_function(tool, Some(i), None) {
            true => out.functions.push(arg),
            false => out.given.push(arg),
        }
    }
    for k in keywords {
        match is_function(tool, None, k.name.as_deref()) {
            true => out.functions.push(&k.value),
            false => out.given.push(&k.value),
        }
    }
    out
}

/// The name of the `i`-th parameter: none that Python could have.
fn source_name(i: usize) -> String {
    format!(".{i}")
}

impl Lower<'_> {
    /// The iterable, asked for its elements in that way.
    pub(super) fn pulled(&mut self, e: &AExpr, pull: Pull) -> Iter {
        self.pull = pull;
        let iter = self.iter(e);
        self.pull = Pull::InPlace;
        iter
    }

    /// Is code of this function run for each element, which cannot stand where the element is asked for?
    pub(super) fn runs_code(&self, e: &AExpr, pull: Pull) -> bool {
        match &e.kind {
            A::Generator { .. } => pull != Pull::InPlace,
            A::Call { func, args, keywords } => self.call_runs_code((func, args, keywords), pull),
            _ => false,
        }
    }

    fn call_runs_code(
        &self,
        (func, args, keywords): (&AExpr, &[AExpr], &[ast::Keyword]),
        pull: Pull,
    ) -> bool {
        if pull == Pull::InPlace {
            return false;
        }
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        if starred || keywords.iter().any(|k| k.name.is_none()) {
            return false;
        }
        if let A::Name(name) = &func.kind
            && self.is_builtin(name)
        {
            return matches!(name.as_str(), "map" | "filter") && keywords.is_empty();
        }
        let Some(library) = self.library_of(func).filter(|l| l.module == "itertools") else { return false };
        // Under another name the parts of the call would not be told apart.
        let tool = tool_name(func);
        if tool == "from_iterable" && library.attr == "chain" {
            return true;
        }
        if tool != library.attr {
            return false;
        }
        match tool {
            "filterfalse" | "compress" | "starmap" => true,
            "takewhile" | "dropwhile" => pull == Pull::Later,
            "accumulate" => {
                pull == Pull::Later && parts(func, args, keywords).functions.iter().any(|f| !is_none(f))
            }
            _ => false,
        }
    }

    /// The same of a call where a value is expected.
    pub(super) fn running_call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        self.call_runs_code((func, args, keywords), Pull::Later).then(|| {
            let (func, args) = (Box::new(func.clone()), args.to_vec());
            let call = AExpr { kind: A::Call { func, args, keywords: keywords.to_vec() }, span };
            self.lasting(&call)
        })
    }

    /// The iterator that a generator expression, or such a call, is.
    pub(super) fn lasting(&mut self, e: &AExpr) -> ExprKind {
        let Some(lasting) = self.lasting.clone() else {
            return self.no_as(
                "PYR0328",
                e.span,
                "a generator expression that is not consumed in place",
                "build a list instead",
            );
        };
        if self.open_tool == Some(e.span) {
            return self.no(e.span, "this form of the call", "write a generator expression");
        }
        let Some(scope) = self.symbols.scope_at(Kind::Generator, e.span) else {
            // The next pass knows it.
            lasting.borrow_mut().insert(e.span);
            return ExprKind::None;
        };
        let mut count = 0;
        let mut args = Vec::new();
        let mut source = |this: &mut Self, given: &AExpr, iterates: bool| {
            let kind = match iterates {
                true => this.iterator(given, false),
                false => this.expr(given).kind,
            };
            args.push(this.make(kind, given.span));
            count += 1;
            AExpr { kind: A::Name(source_name(count - 1)), span: given.span }
        };
        let inner = match &e.kind {
            A::Generator { element, generators } => {
                let mut generators = generators.clone();
                generators[0].iter = source(self, &generators[0].iter.clone(), true);
                A::Generator { element: element.clone(), generators }
            }
            A::Call { func, args, keywords } => {
                let tool = tool_name(func);
                let args = args
                    .iter()
                    .enumerate()
                    .map(|(i, arg)| match is_function(tool, Some(i), None) {
                        true => arg.clone(),
                        false => source(self, arg, true),
                    })
                    .collect();
                let keywords = keywords
                    .iter()
                    .map(|k| match is_function(tool, None, k.name.as_deref()) || is_none(&k.value) {
                        true => k.clone(),
                        false => ast::Keyword { value: source(self, &k.value, false), ..k.clone() },
                    })
                    .collect();
                A::Call { func: func.clone(), args, keywords }
            }
            _ => return self.no(e.span, "this iterator", ""),
        };
        let inner = AExpr { kind: inner, span: e.span };
        let param = |i: usize| Param { name: source_name(i), annotation: None, default: None, span: e.span };
        let params = Params { positional_only: (0..count).map(param).collect(), ..Params::default() };
        self.inside(scope, e.span, &params, Body::Elements(&inner));
        let slots = (0..args.len()).map(Slot::Given).collect();
        let known = Known { scope, name: String::new(), params, at: e.span.start };
        self.call_known(&known, None, (args, slots), e.span)
    }

    /// The body of such a function: loops that yield each element.
    pub(super) fn elements(&mut self, e: &AExpr) -> Vec<hir::Stmt> {
        super::scope::declare(self, &[]);
        let span = e.span;
        let A::Generator { element, generators } = &e.kind else {
            let tool = if let A::Call { func, .. } = &e.kind { tool_name(func) } else { "" };
            self.yields = Some(Yields::Tool(match tool {
                "map" | "filter" | "filterfalse" | "starmap" | "compress" => Again::Asks,
                "from_iterable" => Again::Ends,
                _ => Again::Continues,
            }));
            self.open_tool = Some(span);
            let iter = self.iter(e);
            let tmp = self.temp();
            let target = hir::Target { kind: TargetKind::Var(tmp), span, id: self.node() };
            let body = vec![self.yield_of(tmp, span)];
            return vec![hir::Stmt { kind: StmtKind::For { target, iter, body, orelse: vec![] }, span }];
        };
        self.yields = Some(Yields::Generator);
        // What is called inside raises `StopIteration` as an error.
        self.generators += 1;
        for g in generators {
            self.declare_own(&g.target);
        }
        let mut loops = Vec::new();
        for g in generators {
            if g.is_async {
                self.refuse("PYR0302", g.iter.span, "an asynchronous comprehension is not supported", "");
            }
            let iter = self.iter(&g.iter);
            let target = self.target(&g.target);
            loops.push((iter, target, self.exprs(&g.ifs)));
        }
        let value = self.boxed(element);
        self.generators -= 1;
        let kind = ExprKind::Yield { value, closes: false, delegates: true };
        let mut body = vec![hir::Stmt { kind: StmtKind::Expr(self.make(kind, span)), span }];
        for (iter, target, ifs) in loops.into_iter().rev() {
            for test in ifs.into_iter().rev() {
                let span = test.span;
                body = vec![hir::Stmt { kind: StmtKind::If { test, body, orelse: vec![] }, span }];
            }
            body = vec![hir::Stmt { kind: StmtKind::For { target, iter, body, orelse: vec![] }, span }];
        }
        body
    }

    /// The loop variables of a generator expression that is a function.
    fn declare_own(&mut self, target: &AExpr) {
        match &target.kind {
            A::Name(name) if !self.scopes[0].vars.contains_key(name) => {
                let var = self.new_var(name);
                self.vars[var].cell = self.is_cell(name);
                self.scopes[0].vars.insert(name.clone(), var);
            }
            A::Tuple(items) | A::List(items) => items.iter().for_each(|t| self.declare_own(t)),
            A::Starred(inner) => self.declare_own(inner),
            _ => {}
        }
    }

    /// `yield var`, where `var` comes from another iterator
    pub(super) fn yield_of(&mut self, var: hir::VarId, span: Span) -> hir::Stmt {
        let value = Box::new(self.local(var, span));
        let kind = ExprKind::Yield { value, closes: self.closing > 0, delegates: true };
        hir::Stmt { kind: StmtKind::Expr(self.make(kind, span)), span }
    }
}
