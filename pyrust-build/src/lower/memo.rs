//! `@cache` and `@lru_cache`. On functions of a module the table is what the cache has kept, see `infer::decorated`; on
//! functions inside functions it is a dict of the outer function's, or an `OrderedDict` where there are bounds.
//!
//! The decorated function becomes three things: the table, the function itself under a name that no text can have, and
//! under its own name a function that looks into the table first. Keys are what CPython makes them: the only argument,
//! or the tuple of all.

use super::Lower;
use super::symbols::Symbols;
use crate::ast::{
    Constant, Expr, ExprKind as E, FunctionDef, Handler, Keyword, MatchCase, Param, Params, Stmt,
    StmtKind as S, UnaryOp,
};
use crate::hir;
use crate::resolve::Binding;
use crate::source::Span;

/// What the names of tables begin with.
pub(crate) const TABLE: &str = "table of ";

/// What the name of the function that a cache stands before ends with.
pub(crate) const ITSELF: &str = " itself";

/// Of a function of a module: what the names begin with under which the namespace of the module has its cache, the dict of
/// what that has kept (where there are bounds, the cache as an `OrderedDict`), and the function that it was made for.
pub(crate) const CACHE: &str = "the cache ";
pub(crate) const KEPT: &str = "kept by ";
pub(crate) const IN_ORDER: &str = "kept in order by ";
pub(crate) const UNCACHED: &str = "uncached ";

/// The operation that makes the key of one argument.
pub(crate) const KEY: &str = "cache key";

/// A new table with an order, and what it does where it has no room for one more.
pub(super) const NEW_ORDER: &str = "cache in order";
const MAKE_ROOM: &str = "cache room";

/// What `cache_clear` does to a cache with bounds.
const FORGET: &str = "cache forget";

/// The function of which a name means the cache, or what that has kept.
pub(crate) fn cached(name: &str) -> Option<&str> {
    [CACHE, KEPT, IN_ORDER].iter().find_map(|prefix| name.strip_prefix(prefix))
}

/// Are these parameters in which a call of a cache has one form only, but for keywords?
pub(crate) fn has_one_form(params: &Params) -> bool {
    let plain = params.positional.len() == params.in_frame_order().count();
    plain && !params.positional.is_empty() && params.positional.iter().all(|p| p.default.is_none())
}

/// What could be the decorator of a cache, by what the name or attribute has to mean.
#[derive(Clone, Copy)]
pub(crate) struct Decorator<'e> {
    name: &'e Expr,
    /// How much it keeps, where that is written down.
    size: Option<&'e Expr>,
    /// Without bounds, if it is `functools.cache`.
    cache: Option<Bounds>,
    /// The same, if it is `functools.lru_cache`.
    lru_cache: Bounds,
}

/// Does a cache keep only so much?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bounds {
    /// A dict has all.
    None,
    /// There are some: how many is only known where it is made.
    Some,
}

/// The decorator of a cache, if it could be one that asks only whether arguments are equal.
pub(crate) fn decorator(e: &Expr) -> Option<Decorator<'_>> {
    let none = |e: &Expr| matches!(e.kind, E::Constant(Constant::None));
    match &e.kind {
        E::Name(_) | E::Attribute { .. } => {
            Some(Decorator { name: e, size: None, cache: Some(Bounds::None), lru_cache: Bounds::Some })
        }
        E::Call { func, args, keywords } => {
            let (mut size, mut typed) = (args.first(), args.get(1));
            for keyword in keywords {
                match keyword.name.as_deref() {
                    Some("maxsize") => size = Some(&keyword.value),
                    Some("typed") => typed = Some(&keyword.value),
                    _ => return None,
                }
            }
            let by_value = typed.is_none_or(|e| matches!(e.kind, E::Constant(Constant::False)));
            let named = matches!(func.kind, E::Name(_) | E::Attribute { .. });
            let lru_cache = if size.is_some_and(none) { Bounds::None } else { Bounds::Some };
            let found = Decorator { name: func, size, cache: None, lru_cache };
            (by_value && named && args.len() <= 2).then_some(found)
        }
        _ => None,
    }
}

impl Bounds {
    /// Under which name what the cache of a function has kept is found.
    pub(crate) fn kept(self, function: &str) -> String {
        match self {
            Bounds::None => format!("{KEPT}{function}"),
            Bounds::Some => format!("{IN_ORDER}{function}"),
        }
    }
}

impl<'e> Decorator<'e> {
    /// What it is a name of, at the front.
    fn root(self) -> &'e Expr {
        match &self.name.kind {
            E::Attribute { value, .. } => value,
            _ => self.name,
        }
    }

    /// How much it keeps if that has bounds, where the text tells.
    fn most(self) -> Option<String> {
        match self.size.map(|size| &size.kind) {
            None => Some("128".to_string()),
            // A larger one raises, where it is made.
            Some(E::Constant(Constant::Int(digits))) => {
                digits.parse::<i64>().is_ok_and(|most| most > 0).then(|| digits.clone())
            }
            Some(_) => None,
        }
    }

    /// What cache it makes; `is` says whether the name means that of `functools`.
    pub(crate) fn makes(self, mut is: impl FnMut(&Expr, &str) -> bool) -> Option<Bounds> {
        match self.cache {
            Some(bounds) if is(self.name, "cache") => Some(bounds),
            _ => is(self.name, "lru_cache").then_some(self.lru_cache),
        }
    }
}

/// Rewrites the functions inside whose decorator `known` takes for that of `functools`.
pub(super) fn expand(
    body: &[Stmt],
    symbols: &Symbols,
    known: &mut dyn FnMut(&Expr, &str) -> bool,
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
    known: &mut dyn FnMut(&Expr, &str) -> bool,
    out: &mut Vec<Stmt>,
) {
    let mut block = |body: &[Stmt]| expand(body, symbols, known);
    let kind = match &stmt.kind {
        S::FunctionDef(def) => {
            let inner = FunctionDef { body: block(&def.body), ..(**def).clone() };
            let cached = match def.decorators.as_slice() {
                [d] => decorator(d)
                    // A name that the function binds itself means something else.
                    .filter(|d| matches!(&d.root().kind, E::Name(n) if !symbols.binds(n)))
                    .and_then(|d| match d.makes(&mut *known)? {
                        Bounds::None => Some(None),
                        Bounds::Some => d.most().map(Some),
                    }),
                _ => None,
            };
            if let Some(most) = cached
                && has_one_form(&def.params)
                && !def.is_async
            {
                return out.extend(cached_function(inner, most));
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
        let bounds = self.env.function(name).and_then(|def| self.env.cache(def))?;
        if self.lookup(name).is_some() || !matches!(self.env.bindings.get(name), Some(Binding::Unknown)) {
            return None;
        }
        let base = Box::new(self.make(hir::ExprKind::Global(bounds.kept(name)), span));
        if bounds == Bounds::Some {
            return Some(hir::ExprKind::Call { name: FORGET.into(), args: vec![*base], keywords: vec![] });
        }
        let clear = hir::ExprKind::Method { base, name: "clear".into(), args: vec![], keywords: vec![] };
        let cache = self.make(hir::ExprKind::Global(format!("{CACHE}{name}")), span);
        let reset = hir::ExprKind::Call { name: "cache reset".into(), args: vec![cache], keywords: vec![] };
        let steps = vec![self.make(clear, span), self.make(reset, span)];
        Some(self.last_of(steps, span).kind)
    }
}

/// The table, the function, and what stands for both; `most`: what the table has room for, where it has bounds.
fn cached_function(def: FunctionDef, most: Option<String>) -> [Stmt; 3] {
    let span = def.decorators[0].span;
    let name = |n: &str| Expr { kind: E::Name(n.to_string()), span };
    let stmt = |kind: S| Stmt { kind, span };
    let assign = |target: Expr, value: Expr| stmt(S::Assign { targets: vec![target], value });
    let (table, plain) = (format!("{TABLE}{}", def.name), format!("{}{ITSELF}", def.name));
    let (key, value) = ("the key", "the value");
    // Under names that no call can give: one by name has a key of its own.
    let given: Vec<Param> = def
        .params
        .positional
        .iter()
        .map(|p| Param { name: format!("given {}", p.name), ..p.clone() })
        .collect();
    let args: Vec<Expr> = given.iter().map(|p| name(&p.name)).collect();
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
    let test = |test: Expr, body: Vec<Stmt>| stmt(S::If { test, body, orelse: vec![] });
    let back = |value: Expr| stmt(S::Return(Some(value)));
    let put = assign(slot(), name(value));
    let empty = match most {
        None => E::Dict { items: vec![] },
        Some(_) => E::Call { func: Box::new(name(NEW_ORDER)), args: vec![], keywords: vec![] },
    };
    let mut body = vec![assign(name(key), made)];
    match most {
        None => body.extend([test(found, vec![back(slot())]), assign(name(value), call), put]),
        Some(most) => {
            let operation = |func: Expr, args: Vec<Expr>| {
                let call = E::Call { func: Box::new(func), args, keywords: vec![] };
                stmt(S::Expr(Expr { kind: call, span }))
            };
            let to_end = E::Attribute { value: Box::new(name(&table)), name: "move_to_end".into() };
            let to_end = operation(Expr { kind: to_end, span }, vec![name(key)]);
            let most = Expr { kind: E::Constant(Constant::Int(most)), span };
            let room = operation(name(MAKE_ROOM), vec![name(&table), most]);
            // The function may have called itself with the same.
            let missing = E::UnaryOp { op: UnaryOp::Not, operand: Box::new(found.clone()) };
            body.extend([
                test(found, vec![to_end, back(slot())]),
                assign(name(value), call),
                test(Expr { kind: missing, span }, vec![room, put]),
            ]);
        }
    }
    body.push(back(name(value)));
    let around = FunctionDef {
        name: def.name.clone(),
        is_async: false,
        params: Params { positional: given, ..Params::default() },
        body,
        decorators: vec![],
        returns: None,
        type_params: vec![],
        span: Span { start: span.start, end: span.end },
    };
    let itself = FunctionDef { name: plain, decorators: vec![], ..def };
    [
        assign(name(&table), Expr { kind: empty, span }),
        Stmt { span: itself.span, kind: S::FunctionDef(Box::new(itself)) },
        stmt(S::FunctionDef(Box::new(around))),
    ]
}
