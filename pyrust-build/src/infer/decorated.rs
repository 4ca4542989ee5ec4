//! Calls of functions that a decorator has dressed: `@contextmanager`, caches, and decorators of the project.
//!
//! A call of a cached function becomes one of a function that is made for it: it looks into what the cache has kept, and
//! calls the function itself where nothing is there. What is kept stands in a dict of Python's, which the namespace guard
//! finds in the cache, as is counted there how often something was there. A cache with bounds has the type of an
//! `OrderedDict` here, though nothing is done with it but what is made here.

use super::solver::Ty;
use super::{FuncRef, Guard, Infer};
use crate::ast::{self, CmpOp, ExprKind as A, FunctionDef, Params, StmtKind as S};
use crate::hir::Expr;
use crate::lower::context::{self, MANAGER};
use crate::lower::dressed::{self, Dressing};
use crate::lower::memo::{Bounds, CACHE, KEY, UNCACHED};
use crate::source::Span;
use crate::ty::Origin;

/// The operations of caches: what is counted.
const HIT: &str = "cache hit";
const MISS: &str = "cache miss";
/// Those of caches with bounds.
const TOUCH: &str = "cache touch";
const NEWEST: &str = "cache newest";
const KEEP: &str = "cache keep";

/// What makes a value of the type of a cache, or of what it has kept: something, and an empty dict.
pub(super) fn made_of_cache(name: &str) -> ast::Expr {
    let span = Span::new(0, 0);
    let kind = match name.starts_with(CACHE) {
        false => A::Dict { items: Vec::new() },
        true => {
            let func = Box::new(ast::Expr { kind: A::Name(name.to_string()), span });
            A::Call { func, args: Vec::new(), keywords: Vec::new() }
        }
    };
    ast::Expr { kind, span }
}

/// A function of the project's behind a decorator of the project's.
pub(super) struct Dressed<'e> {
    /// The module whose global names it, and how.
    pub name: (String, String),
    pub function: FuncRef,
    pub decorator: FuncRef,
    pub dressing: Dressing<'e>,
}

impl<'e> Dressed<'e> {
    /// What the decorator assigns to a variable of its own.
    pub(super) fn assigned(&self, variable: &str) -> Option<&'e ast::Expr> {
        self.dressing.assigned.iter().find(|(name, _)| *name == variable).map(|(_, value)| *value)
    }

    /// How the module of the decorator gets to what it has made.
    fn path(&self) -> String {
        let (module, name) = &self.name;
        match *module == self.decorator.module {
            true => name.clone(),
            false => format!("from {module} import {name}"),
        }
    }

    /// The function inside the decorator that stands there.
    fn inside(&self) -> FuncRef {
        let qualname = format!("{}.<locals>.{}", self.decorator.qualname, self.dressing.inside.name);
        FuncRef { module: self.decorator.module.clone(), qualname }
    }
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
        if let (KEY, [value]) = (name, args) {
            return self.key_in_tuple(value);
        }
        if let Some((variable, path)) = dressed::variable_of(name) {
            let dressed = self.program.dressed_at(&self.func.module, path);
            let dressed = dressed.filter(|dressed| dressed.dressing.param == variable);
            let Some(target) = dressed.map(|dressed| dressed.function) else {
                return Some(self.refuse(
                    "PYR0306",
                    e.span,
                    format!("calling `{variable}` is not supported"),
                ));
            };
            self.guards.insert(Guard::Function { name: name.to_string(), target: target.clone() });
            return Some(self.native_call(e, name, &target, args, keywords));
        }
        let (written, target) = match (name.strip_prefix(MANAGER), name.strip_prefix(UNCACHED)) {
            (Some(manager), _) => (manager, self.program.manager(&self.func.module, manager)),
            (_, Some(function)) => (function, self.program.cached(&self.func.module, function)),
            (None, None) => return None,
        };
        let Some(target) = target else { return Some(self.no_manager(e)) };
        self.guards.insert(Guard::Function { name: name.to_string(), target: target.clone() });
        Some(self.native_call(e, written, &target, args, keywords))
    }

    /// The key of a call with one argument that is neither an int nor a text: the tuple of that. (A bool is no int here.)
    fn key_in_tuple(&mut self, value: &Expr) -> Option<Ty> {
        let ty = self.expr(value);
        let itself = |m: &Ty| matches!(m, Ty::Never | Ty::Int | Ty::Big | Ty::Str | Ty::Char);
        let count = ty.members().iter().filter(|m| itself(m)).count();
        if count == ty.members().len() {
            return None;
        }
        // An object may be either.
        if count > 0 || ty.members().contains(&Ty::Obj) {
            let message = format!("a cached function that is called with `{}`", self.show(&ty));
            return Some(self.refuse("PYR0402", value.span, message));
        }
        Some(Ty::Tuple(vec![ty], Origin::Native))
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
        let cache = target.as_ref().and_then(|target| {
            let (_, env) = self.program.modules.module(&target.module)?;
            let def = env.function(&target.qualname)?;
            Some((def, env.cache(def)?))
        });
        let Some((def, bounds)) = cache.filter(|(def, _)| def.params.positional.len() == args.len()) else {
            return self.call_dressed(e, name, args, keywords);
        };
        let made = FuncRef { module: self.func.module.clone(), qualname: name.to_string() }.cache();
        if !self.program.made.contains_key(&made) {
            let around = around(name, def, bounds);
            self.program.define(&made, around);
        }
        self.native_call(e, name, &made, args, keywords)
    }
}

impl Infer<'_, '_> {
    /// A call of something that the text of the module does not make a plain function, nor a cache: of a function that a
    /// decorator of the project has dressed, if it is one.
    fn call_dressed(&mut self, e: &Expr, name: &str, args: &[Expr], keywords: &[(String, Expr)]) -> Ty {
        let dressed = self.program.dressed(&self.func.module, name).filter(|_| keywords.is_empty());
        let made = dressed.and_then(|dressed| {
            let path = dressed.path();
            let text = dressed.dressing.text(&path, args.len())?;
            let FuncRef { module, .. } = &dressed.decorator;
            let behind = FuncRef { module: module.clone(), qualname: path };
            Some((dressed.inside(), behind.made(&format!("dressed {}", args.len())), text))
        });
        let Some((inside, made, text)) = made else {
            return self.refuse("PYR0306", e.span, format!("calling `{name}` is not supported"));
        };
        if !self.program.made.contains_key(&made) {
            self.program.define(&made, text);
        }
        self.guards.insert(Guard::Function { name: name.to_string(), target: inside });
        self.native_call(e, name, &made, args, keywords)
    }
}

/// What stands for the cache.
fn around(name: &str, def: &FunctionDef, bounds: Bounds) -> FunctionDef {
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
    let (kept, cache) = (|| named(&bounds.kept(name)), || named(&format!("{CACHE}{name}")));
    let slot = || expr(A::Subscript { value: Box::new(kept()), index: Box::new(named(key)) });
    let made = match args.as_slice() {
        [only] => call(KEY, vec![only.clone()]),
        _ => expr(A::Tuple(args.clone())),
    };
    let called = call(&format!("{UNCACHED}{name}"), args.clone());
    let test = |test: ast::Expr, body: Vec<ast::Stmt>| stmt(S::If { test, body, orelse: vec![] });
    let back = |value: ast::Expr| stmt(S::Return(Some(value)));
    let mut body = vec![assign(named(key), made)];
    match bounds {
        Bounds::None => {
            let (left, comparators) = (Box::new(named(key)), vec![kept()]);
            let there = expr(A::Compare { left, ops: vec![CmpOp::In], comparators });
            body.extend([
                test(there, vec![stmt(S::Expr(call(HIT, vec![cache()]))), back(slot())]),
                stmt(S::Expr(call(MISS, vec![cache()]))),
                assign(named(value), called),
                assign(slot(), named(value)),
            ]);
        }
        Bounds::Some => body.extend([
            test(call(TOUCH, vec![kept(), named(key)]), vec![back(call(NEWEST, vec![kept()]))]),
            assign(named(value), called),
            stmt(S::Expr(call(KEEP, vec![kept(), named(key), named(value)]))),
        ]),
    }
    body.push(back(named(value)));
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
