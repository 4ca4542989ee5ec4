//! `@cache` and `@lru_cache(maxsize=None)` on functions inside functions: the table is a dict of the outer function's.
//!
//! The decorated function becomes three things: the table, the function itself under a name that no text can have, and
//! under its own name a function that looks into the table first. Keys are what CPython makes them: the only argument,
//! or the tuple of all.

use super::symbols::Symbols;
use crate::ast::{
    Constant, Expr, ExprKind as E, FunctionDef, Handler, MatchCase, Params, Stmt, StmtKind as S,
};
use crate::source::Span;

/// What the names of tables begin with.
pub(crate) const TABLE: &str = "table of ";

/// What the name of the function that a cache stands before ends with.
pub(crate) const ITSELF: &str = " itself";

/// The decorator of a cache without bounds, as the name or attribute that it is.
fn decorator(e: &Expr) -> Option<(&Expr, bool)> {
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
            let plain =
                |p: &Params| p.positional.len() == p.in_frame_order().count() && !p.positional.is_empty();
            if cached.is_some()
                && plain(&def.params)
                && def.params.positional.iter().all(|p| p.default.is_none())
                && !def.is_async
            {
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
