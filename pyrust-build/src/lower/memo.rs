//! `@cache` and `@lru_cache(maxsize=None)`. On functions of a module the table is what the cache has kept, see
//! `infer::decorated`; on functions inside functions it is a dict of the outer function's.
//!
//! The decorated function becomes three things: the table, the function itself under a name that no text can have, and
//! under its own name a function that looks into the table first. Keys are what CPython makes them: the only argument,
//! or the tuple of all.

use super::Lower;
use super::symbols::Symbols;
use crate::ast::{
    Constant, Expr, ExprKind as E, FunctionDef, Handler, Keyword, MatchCase, Params, Stmt, StmtKind as S,
};
use crate::hir;
use crate::resolve::Binding;
use crate::source::Span;

/// What the names of tables begin with.
pub(crate) const TABLE: &str = "table of ";

/// What the name of the function that a cache stands before ends with.
pub(crate) const ITSELF: &str = " itself";

/// Of a function of a module: what the names begin with under which the namespace of the module has its cache, the dict of
/// what that has kept, and the function that the cache was made for.
pub(crate) const CACHE: &str = "the cache ";
pub(crate) const KEPT: &str = "kept by ";
pub(crate) const UNCACHED: &str = "uncached ";

/// The function of which a name means the cache, or what that has kept.
pub(crate) fn cached(name: &str) -> Option<&str> {
    name.strip_prefix(CACHE).or_else(|| name.strip_prefix(KEPT))
}

/// Are these parameters in which a call of a cache has one form only, but for keywords?
pub(crate) fn has_one_form(params: &Params) -> bool {
    let plain = params.positional.len() == params.in_frame_order().count();
    plain && !params.positional.is_empty() && params.positional.iter().all(|p| p.default.is_none())
}

/// The decorator of a cache without bounds, as the name or attribute that it is, and whether it is called.
pub(crate) fn decorator(e: &Expr) -> Option<(&Expr, bool)> {
    let none = |e: &Expr| matches!(e.kind, E::Constant(Constant::None));
    match &e.kind {
        E::Name(_) | E::Attribute { .. } => Some((e, false)),
        E::Call { func, args, keywords } => {
            let unbounded = match (args.as_slice(), keywords.as_slice()) {
                ([size], []) => none(size),
                ([], [k]) => k.name.as_deref() == Some("maxsize") && none(&k.value),
                _ => false,
            };
            (unbounded && matches!(func.kind, E::Name(_) | E::Attribute { .. })).then_some((&**func, true))
        }
        _ => None,
    }
}

/// Rewrites the functions inside whose decorator `known` takes for `functools.cache` (false) or `lru_cache` (true).
pub(super) fn expand(
    body: &[Stmt],
    symbols: &Symbols,
    known: &mut dyn FnMut(&Expr) -> Option<bool>,
) -> Vec<Stmt> {
    let mut out = Vec::with_capacity(body.len());
    for stmt in body {
        statement(stmt, symbols, known, &mut out);
    }
    out
}

fn statement(
    stmt: &Stmt,
    symbols: &Symbols,
    known: &mut dyn FnMut(&Expr) -> Option<bool>,
    out: &mut Vec<Stmt>,
) {
    let mut block = |body: &[Stmt]| expand(body, symbols, known);
    let kind = match &stmt.kind {
        S::FunctionDef(def) => {
            let inner = FunctionDef { body: block(&def.body), ..(**def).clone() };
            let cached = match def.decorators.as_slice() {
                [d] => decorator(d).filter(|(name, called)| {
                    // A name that the function binds itself means something else.
                    let root = match &name.kind {
                        E::Attribute { value, .. } => &**value,
                        _ => *name,
                    };
                    matches!(&root.kind, E::Name(n) if !symbols.binds(n)) && known(name) == Some(*called)
                }),
                _ => None,
            };
            if cached.is_some() && has_one_form(&def.params) && !def.is_async {
                return out.extend(cached_function(inner));
            }
            S::FunctionDef(Box::new(inner))
        }
        S::If { test, body, orelse } => {
            S::If { test: test.clone(), body: block(body), orelse: block(orelse) }
        }
        S::While { test, body, orelse } => {
            S::While { test: test.clone(), body: block(body), orelse: block(orelse) }
        }
        S::For { target, iter, body, orelse, is_async } => S::For {
            target: target.clone(),
            iter: iter.clone(),
            body: block(body),
            orelse: block(orelse),
            is_async: *is_async,
        },
        S::With { items, body, is_async } => {
            S::With { items: items.clone(), body: block(body), is_async: *is_async }
        }
        S::Try { body, handlers, orelse, finalbody, is_star } => S::Try {
            body: block(body),
            handlers: handlers.iter().map(|h| Handler { body: block(&h.body), ..h.clone() }).collect(),
            orelse: block(orelse),
            finalbody: block(finalbody),
            is_star: *is_star,
        },
        S::Match { subject, cases } => S::Match {
            subject: subject.clone(),
            cases: cases.iter().map(|c| MatchCase { body: block(&c.body), ..c.clone() }).collect(),
        },
        other => other.clone(),
    };
    out.push(Stmt { kind, span: stmt.span });
}

impl Lower<'_> {
    /// `f.cache_clear()` of a function of this module: what it has kept goes, and what was counted.
    pub(super) fn clears_cache(
        &mut self,
        function: &Expr,
        method: &str,
        (args, keywords): (&[Expr], &[Keyword]),
        span: Span,
    ) -> Option<hir::ExprKind> {
        let ("cache_clear", [], [], E::Name(name)) = (method, args, keywords, &function.kind) else {
            return None;
        };
        self.env.function(name).filter(|def| self.env.is_cached(def))?;
        if self.lookup(name).is_some() || !matches!(self.env.bindings.get(name), Some(Binding::Unknown)) {
            return None;
        }
        let base = Box::new(self.make(hir::ExprKind::Global(format!("{KEPT}{name}")), span));
        let clear = hir::ExprKind::Method { base, name: "clear".into(), args: vec![], keywords: vec![] };
        let cache = self.make(hir::ExprKind::Global(format!("{CACHE}{name}")), span);
        let reset = hir::ExprKind::Call { name: "cache reset".into(), args: vec![cache], keywords: vec![] };
        let steps = vec![self.make(clear, span), self.make(reset, span)];
        Some(self.last_of(steps, span).kind)
    }
}

/// The table, the function, and what stands for both.
fn cached_function(def: FunctionDef) -> [Stmt; 3] {
    let span = def.decorators[0].span;
    let name = |n: &str| Expr { kind: E::Name(n.to_string()), span };
    let stmt = |kind: S| Stmt { kind, span };
    let assign = |target: Expr, value: Expr| stmt(S::Assign { targets: vec![target], value });
    let (table, plain) = (format!("{TABLE}{}", def.name), format!("{}{ITSELF}", def.name));
    let (key, value) = ("the key", "the value");
    let args: Vec<Expr> = def.params.positional.iter().map(|p| name(&p.name)).collect();
    let made = match args.as_slice() {
        [only] => only.clone(),
        _ => Expr { kind: E::Tuple(args.clone()), span },
    };
    let slot =
        || Expr { kind: E::Subscript { value: Box::new(name(&table)), index: Box::new(name(key)) }, span };
    let found = Expr {
        kind: E::Compare {
            left: Box::new(name(key)),
            ops: vec![crate::ast::CmpOp::In],
            comparators: vec![name(&table)],
        },
        span,
    };
    let call = Expr { kind: E::Call { func: Box::new(name(&plain)), args, keywords: vec![] }, span };
    let body = vec![
        assign(name(key), made),
        stmt(S::If { test: found, body: vec![stmt(S::Return(Some(slot())))], orelse: vec![] }),
        assign(name(value), call),
        assign(slot(), name(value)),
        stmt(S::Return(Some(name(value)))),
    ];
    let around = FunctionDef {
        name: def.name.clone(),
        is_async: false,
        params: def.params.clone(),
        body,
        decorators: vec![],
        returns: None,
        type_params: vec![],
        span: Span { start: span.start, end: span.end },
    };
    let itself = FunctionDef { name: plain, decorators: vec![], ..def };
    [
        assign(name(&table), Expr { kind: E::Dict { items: vec![] }, span }),
        Stmt { span: itself.span, kind: S::FunctionDef(Box::new(itself)) },
        stmt(S::FunctionDef(Box::new(around))),
    ]
}
