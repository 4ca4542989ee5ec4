//! Calls of functions that a decorator of the library has dressed: `@contextmanager`, and caches without bounds.
//!
//! A call of a cached function becomes one of a function that is made for it: it looks into what the cache has kept, and
//! calls the function itself where nothing is there. What is kept stands in a dict of Python's, which the namespace guard
//! finds in the cache, as is counted there how often something was there.

use super::solver::Ty;
use super::{FuncRef, Guard, Infer};
use crate::ast::{self, CmpOp, ExprKind as A, FunctionDef, Params, StmtKind as S};
use crate::hir::Expr;
use crate::lower::context::{self, MANAGER};
use crate::lower::memo::{CACHE, KEPT, UNCACHED};
use crate::source::Span;

/// The operations of caches: the key of one argument, and what is counted.
const KEY: &str = "cache key";
const HIT: &str = "cache hit";
const MISS: &str = "cache miss";

/// What makes a value of the type of a cache, or of what it has kept: something, and an empty dict.
pub(super) fn made_of_cache(name: &str) -> ast::Expr {
    let span = Span::new(0, 0);
    let kind = match name.starts_with(KEPT) {
        true => A::Dict { items: Vec::new() },
        false => {
            let func = Box::new(ast::Expr { kind: A::Name(name.to_string()), span });
            A::Call { func, args: Vec::new(), keywords: Vec::new() }
        }
    };
    ast::Expr { kind, span }
}

impl Infer<'_, '_> {
    /// A `with` on a call of something else.
    pub(super) fn no_manager(&mut self, e: &Expr) -> Ty {
        self.refuse("PYR0317", e.span, context::REFUSED)
    }

    /// A call of the function that a manager or a cache was made for.
    pub(super) fn call_behind_decorator(
        &mut self,
        e: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let (written, target) = match (name.strip_prefix(MANAGER), name.strip_prefix(UNCACHED)) {
            (Some(manager), _) => (manager, self.program.manager(&self.func.module, manager)),
            (_, Some(function)) => (function, self.program.cached(&self.func.module, function)),
            (None, None) => return None,
        };
        let Some(target) = target else { return Some(self.no_manager(e)) };
        self.guards.insert(Guard::Function { name: name.to_string(), target: target.clone() });
        Some(self.native_call(e, written, &target, args, keywords))
    }

    /// A call of something that the text of the module does not make a plain function: of a cache, if it is one.
    pub(super) fn call_cached(
        &mut self,
        e: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let target = self.program.cached(&self.func.module, name).filter(|_| keywords.is_empty());
        let def = target
            .as_ref()
            .and_then(|target| self.program.modules.module(&target.module)?.1.function(&target.qualname));
        let Some(def) = def.filter(|def| def.params.positional.len() == args.len()) else {
            return self.refuse("PYR0306", e.span, format!("calling `{name}` is not supported"));
        };
        let made = FuncRef { module: self.func.module.clone(), qualname: name.to_string() }.cache();
        if !self.program.made.contains_key(&made) {
            let around = around(name, def);
            self.program.define(&made, around);
        }
        self.native_call(e, name, &made, args, keywords)
    }
}

/// What stands for the cache.
fn around(name: &str, def: &FunctionDef) -> FunctionDef {
    let span = def.span;
    let expr = |kind: A| ast::Expr { kind, span };
    let stmt = |kind: S| ast::Stmt { kind, span };
    let named = |name: &str| expr(A::Name(name.to_string()));
    let call = |function: &str, args: Vec<ast::Expr>| {
        expr(A::Call { func: Box::new(named(function)), args, keywords: Vec::new() })
    };
    let assign = |target: ast::Expr, value: ast::Expr| stmt(S::Assign { targets: vec![target], value });
    let (key, value) = ("the key", "the value");
    let args: Vec<ast::Expr> = def.params.positional.iter().map(|p| named(&p.name)).collect();
    let (kept, cache) = (|| named(&format!("{KEPT}{name}")), || named(&format!("{CACHE}{name}")));
    let slot = || expr(A::Subscript { value: Box::new(kept()), index: Box::new(named(key)) });
    let made = match args.as_slice() {
        [only] => call(KEY, vec![only.clone()]),
        _ => expr(A::Tuple(args.clone())),
    };
    let there =
        expr(A::Compare { left: Box::new(named(key)), ops: vec![CmpOp::In], comparators: vec![kept()] });
    let hit = vec![stmt(S::Expr(call(HIT, vec![cache()]))), stmt(S::Return(Some(slot())))];
    let body = vec![
        assign(named(key), made),
        stmt(S::If { test: there, body: hit, orelse: vec![] }),
        stmt(S::Expr(call(MISS, vec![cache()]))),
        assign(named(value), call(&format!("{UNCACHED}{name}"), args)),
        assign(slot(), named(value)),
        stmt(S::Return(Some(named(value)))),
    ];
    let params = Params {
        positional: def
            .params
            .positional
            .iter()
            .map(|p| ast::Param { annotation: None, ..p.clone() })
            .collect(),
        ..Params::default()
    };
    FunctionDef {
        name: def.name.clone(),
        is_async: false,
        params,
        body,
        decorators: vec![],
        returns: None,
        type_params: vec![],
        span,
    }
}
