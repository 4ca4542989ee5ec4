//! Statements → HIR.

use super::Lower;
use super::waits::{Known, waits};
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A, Stmt as AStmt, StmtKind as S};
use crate::hir::{self, Catch, StmtKind, TargetKind};
use crate::ops::exceptions;
use crate::resolve::{Binding, OBJECT_CELL};
use crate::source::Span;
use crate::walk;

/// What the name of a call begins with that is `del x.name`.
pub(crate) const DELETE: &str = "delete ";

impl Lower<'_> {
    /// `setattr(instance, "name", value)` and `object.__setattr__(…)`: the object, the name, the value, and whether it is
    /// the latter. Where the value does not change what the instance is, it does not matter which of both is looked at
    /// first.
    fn stored_by_name<'e>(&mut self, e: &'e AExpr) -> Option<(&'e AExpr, &'e str, &'e AExpr, bool)> {
        let A::Call { func, args, keywords } = &e.kind else { return None };
        let [base, AExpr { kind: A::Constant(Constant::Str(name)), .. }, value] = args.as_slice() else {
            return None;
        };
        let is_local = matches!(&base.kind, A::Name(name) if self.lookup(name).is_some());
        let mut binds = false;
        walk::expression(value, &mut |e| binds |= matches!(e.kind, A::Named { .. } | A::Await(_)));
        if !is_local || binds || !keywords.is_empty() {
            return None;
        }
        let generic = match &func.kind {
            A::Name(of) if of == "setattr" && self.is_builtin(of) && is_attribute_name(name) => {
                self.assumes.insert(of.clone());
                false
            }
            A::Attribute { value: of, name } if name == "__setattr__" => {
                let A::Name(of) = &of.kind else { return None };
                if self.lookup(of).is_some() || self.env.bindings.contains_key(of) {
                    return None;
                }
                match of.as_str() {
                    "object" => _ = self.assumes.insert(of.clone()),
                    OBJECT_CELL => {}
                    _ => return None,
                }
                true
            }
            _ => return None,
        };
        Some((base, name, value, generic))
    }

    pub(super) fn block(&mut self, body: &[AStmt]) -> Vec<hir::Stmt> {
        let mut out = Vec::with_capacity(body.len());
        for stmt in body {
            if let S::Match { subject, cases } = &stmt.kind {
                out.extend(self.match_stmt(subject, cases, stmt.span));
                continue;
            }
            let before = self.diagnostics.len();
            if let S::With { items, body, is_async: false } = &stmt.kind {
                let statements = self.with_stmt(items, body, stmt.span);
                if self.diagnostics.len() > before {
                    self.notes.extend(self.diagnostics.drain(before..));
                    out.push(hir::Stmt { kind: StmtKind::Bail, span: stmt.span });
                } else {
                    out.extend(statements);
                }
                continue;
            }
            let kind = match self.functions_made(stmt, &mut out) {
                true => None,
                false => self.stmt(stmt),
            };
            let kind = if self.diagnostics.len() > before {
                self.notes.extend(self.diagnostics.drain(before..));
                Some(StmtKind::Bail)
            } else {
                kind
            };
            if let Some(kind) = kind {
                out.push(hir::Stmt { kind, span: stmt.span });
            }
        }
        out
    }

    fn unsupported(&mut self, code: &'static str, span: Span, what: &str, help: &str) -> Option<StmtKind> {
        self.refuse(code, span, format!("{what} is not supported"), help);
        None
    }

    fn waits(&self, test: &AExpr, body: &[AStmt]) -> bool {
        let callees = |func: &AExpr| match &func.kind {
            A::Name(name) if self.lookup(name).is_none() => self.env.function(name).into_iter().collect(),
            A::Attribute { name, .. } => self.env.methods_called(name),
            _ => Vec::new(),
        };
        let known = Known {
            is_builtin: &|name| self.is_builtin(name),
            is_local: &|name| self.lookup(name).is_some(),
            callees: &callees,
        };
        waits(test, body, &known)
    }

    fn stmt(&mut self, stmt: &AStmt) -> Option<StmtKind> {
        let span = stmt.span;
        Some(match &stmt.kind {
            S::Expr(AExpr { kind: A::Constant(Constant::Str(_) | Constant::Ellipsis), .. }) | S::Pass => {
                StmtKind::Pass
            }
            S::Expr(AExpr { kind: A::YieldFrom(source), .. }) if self.yields.is_some() => {
                let iter = self.iter(source);
                let tmp = self.temp();
                let target = hir::Target { kind: TargetKind::Var(tmp), span, id: self.node() };
                let body = vec![self.yield_of(tmp, span)];
                StmtKind::For { target, iter, body, orelse: vec![] }
            }
            S::Expr(AExpr { kind: A::Name(name), .. }) if crate::resolve::is_import(name) => {
                self.imports.insert(name.clone());
                StmtKind::Pass
            }
            S::Expr(e) if self.stored_by_name(e).is_some() => {
                let (base, name, value, generic) = self.stored_by_name(e)?;
                let value = self.expr(value);
                let kind = TargetKind::Attr { base: self.expr(base), name: name.to_string(), generic };
                let target = hir::Target { kind, span, id: self.node() };
                StmtKind::Assign { targets: vec![target], value }
            }
            S::Expr(e) => StmtKind::Expr(self.expr(e)),
            // It is known what its methods do.
            S::Assign { targets, .. } if matches!(targets.as_slice(), [AExpr { kind: A::Name(name), .. }] if self.structs.contains_key(name)) => {
                StmtKind::Pass
            }
            S::Assign { targets, value } if self.alias_base(targets, value).is_some() => {
                let (var, base) = self.alias_base(targets, value)?;
                let value = self.expr(&base);
                let target = hir::Target { kind: TargetKind::Var(var), span, id: self.node() };
                StmtKind::Assign { targets: vec![target], value }
            }
            S::Assign { targets, value } => {
                let value = match &targets[0].kind {
                    A::Tuple(items) | A::List(items) if targets.len() == 1 => self.unpacked(items, value),
                    A::Subscript { index, .. }
                        if targets.len() == 1 && matches!(index.kind, A::Slice { .. }) =>
                    {
                        self.stored_whole(value)
                    }
                    A::Attribute { .. } => self.for_attribute(value),
                    _ => self.expr(value),
                };
                StmtKind::Assign { targets: targets.iter().map(|t| self.target(t)).collect(), value }
            }
            S::AnnAssign { target, value: Some(value), .. } => {
                let value = match target.kind {
                    A::Attribute { .. } => self.for_attribute(value),
                    _ => self.expr(value),
                };
                StmtKind::Assign { targets: vec![self.target(target)], value }
            }
            S::AnnAssign { value: None, .. } => StmtKind::Pass,
            S::AugAssign { target, op, value } if self.is_one_name(target) => {
                let left = Box::new(self.expr(target));
                let kind = hir::ExprKind::InPlace { op: *op, left, right: Box::new(self.expr(value)) };
                let value = hir::Expr { kind, span, id: self.node() };
                StmtKind::Assign { targets: vec![self.target(target)], value }
            }
            S::AugAssign { target, op, value } => {
                let target = self.target(target);
                StmtKind::AugAssign { target, op: *op, value: self.expr(value), id: self.node() }
            }
            S::If { test, body, orelse } => {
                StmtKind::If { test: self.expr(test), body: self.block(body), orelse: self.block(orelse) }
            }
            S::While { test, body, .. } if self.waits(test, body) => {
                return self.unsupported(
                    "PYR0314",
                    span,
                    "a loop that waits for something outside of it",
                    "leave the waiting to the caller",
                );
            }
            S::While { test, body, orelse } => {
                StmtKind::While { test: self.expr(test), body: self.block(body), orelse: self.block(orelse) }
            }
            S::For { is_async: true, .. } => {
                return self.unsupported(
                    "PYR0314",
                    span,
                    "`async for`",
                    "move what does not wait into a function of its own",
                );
            }
            S::For { target, iter, body, orelse, .. } => {
                let iter = self.iter(iter);
                StmtKind::For {
                    target: self.target(target),
                    iter,
                    body: self.block(body),
                    orelse: self.block(orelse),
                }
            }
            S::Return(Some(value)) if self.hands_out => StmtKind::Return(Some(self.handed_out(value))),
            S::Return(Some(value)) if let Some(answer) = self.no_answer(value) => {
                StmtKind::Return(Some(answer))
            }
            S::Return(value) => StmtKind::Return(value.as_ref().map(|e| self.expr(e))),
            S::Break => StmtKind::Break,
            S::Continue => StmtKind::Continue,
            S::Raise { exc: None, .. } if !self.handlers.is_empty() => StmtKind::Reraise,
            // The same again: what is different about it nobody natively can see.
            S::Raise { exc: Some(AExpr { kind: A::Name(name), .. }), cause: None }
                if self.handlers.last().and_then(Option::as_ref) == Some(name) =>
            {
                StmtKind::Reraise
            }
            S::Raise { exc, cause } => self.raise(exc.as_ref(), cause.as_ref()),
            S::Assert { test, message } => {
                let test = self.expr(test);
                let args = self.raise_args(message.as_slice());
                let kind = args.map_or(StmtKind::Bail, |args| StmtKind::Raise {
                    class: Catch::Builtin("AssertionError".into()),
                    args,
                });
                let kind_of_test = hir::ExprKind::Unary { op: hir::UnaryOp::Not, operand: Box::new(test) };
                let test = hir::Expr { kind: kind_of_test, span, id: self.node() };
                StmtKind::If { test, body: vec![hir::Stmt { kind, span }], orelse: vec![] }
            }
            S::Try { is_star: true, .. } => {
                return self.unsupported("PYR0333", span, "`except*`", "keep it in the caller");
            }
            S::Try { body, handlers, orelse, finalbody, .. } => {
                self.try_stmt(body, handlers, orelse, finalbody)
            }
            S::Delete(targets)
                if let [AExpr { kind: A::Attribute { value, name }, .. }] = targets.as_slice() =>
            {
                let (base, name) = (self.boxed(value), format!("{DELETE}{}", self.mangled(name)));
                let kind = hir::ExprKind::Method { base, name, args: vec![], keywords: vec![] };
                StmtKind::Expr(self.make(kind, span))
            }
            S::Delete(targets) => StmtKind::Delete(targets.iter().map(|t| self.target(t)).collect()),
            S::Global(_) | S::Nonlocal(_) => return None,
            S::FunctionDef(_) => unreachable!("handled by `block`"),
            S::ClassDef(_) => {
                return self.unsupported("PYR0316", span, "a nested class", "move it to module level");
            }
            S::TypeAlias { .. } => {
                return self.unsupported("PYR0301", span, "a type alias inside a function", "");
            }
            S::With { is_async: true, .. } => {
                let help = "move what does not wait into a function of its own";
                return self.unsupported("PYR0314", span, "`async with`", help);
            }
            // A block takes them apart.
            S::Match { .. } | S::With { .. } => return None,
            S::Import(_) | S::ImportFrom { .. } => {
                return self.unsupported(
                    "PYR0319",
                    span,
                    "an import inside a function",
                    "import at module level",
                );
            }
        })
    }

    /// What an attribute gets: a counter stays, so it is Python's object.
    fn for_attribute(&mut self, value: &AExpr) -> hir::Expr {
        self.stays = matches!(&value.kind, A::Call { func, .. } if self.is_tool(func));
        let value = self.expr(value);
        self.stays = false;
        value
    }

    /// `push = out.append`: the variable that keeps `out`, and `out`. Only for local objects: what they are is known.
    fn alias_base(&self, targets: &[AExpr], value: &AExpr) -> Option<(hir::VarId, AExpr)> {
        let ([AExpr { kind: A::Name(name), .. }], A::Attribute { value: base, .. }) = (targets, &value.kind)
        else {
            return None;
        };
        let A::Name(object) = &base.kind else { return None };
        self.lookup(object)?;
        self.aliases.get(name).map(|(var, _)| (*var, (**base).clone()))
    }

    /// Builtin classes are raised natively, so that handlers in native code see them. Whatever leaves the call is
    /// raised by Python in the end, so the rest need not be understood.
    fn raise(&mut self, exc: Option<&AExpr>, cause: Option<&AExpr>) -> StmtKind {
        let Some(exc) = exc else { return StmtKind::Bail };
        let (class, args, plain) = match &exc.kind {
            A::Call { func, args, keywords } => (&**func, args.as_slice(), keywords.is_empty()),
            _ => (exc, &[][..], true),
        };
        let plain_cause = match cause.map(|e| &e.kind) {
            None | Some(A::Constant(Constant::None)) => true,
            Some(A::Name(name)) => self.handlers.iter().flatten().any(|n| n == name),
            Some(_) => false,
        };
        let class = match &class.kind {
            A::Name(name) if self.is_builtin(name) => {
                (plain && exceptions::can_be_made(name, args.len())).then(|| Catch::Builtin(name.clone()))
            }
            A::Name(name) => {
                let known =
                    matches!(self.env.bindings.get(name), Some(Binding::Class | Binding::Imported { .. }));
                match known && self.lookup(name).is_none() {
                    true => Some(Catch::Global(name.clone())),
                    false => Some(Catch::Value),
                }
            }
            A::Attribute { value, name } => Some(self.class_within(value, name).unwrap_or(Catch::Value)),
            _ => Some(Catch::Value),
        };
        let Some(class) = class.filter(|_| plain_cause) else { return StmtKind::Bail };
        if args.iter().any(|a| matches!(a.kind, A::Starred(_))) {
            return StmtKind::Bail;
        }
        let args = match &class {
            Catch::Builtin(_) => self.raise_args(args),
            _ => self.raised_value(&class, exc),
        };
        match args {
            Some(args) => StmtKind::Raise { class, args },
            None => StmtKind::Bail,
        }
    }

    /// The arguments of an exception. They are only worth anything where a handler of this function may be reached.
    fn raise_args(&mut self, args: &[AExpr]) -> Option<Vec<hir::Expr>> {
        if self.in_try == 0 && !args.iter().all(harmless) {
            return None;
        }
        let (notes, found) = (self.notes.len(), self.diagnostics.len());
        let args: Vec<hir::Expr> = args.iter().map(|e| self.expr(e)).collect();
        let understood = self.notes.len() == notes && self.diagnostics.len() == found;
        self.notes.truncate(notes);
        self.diagnostics.truncate(found);
        understood.then_some(args)
    }

    /// What `raise` is given that is no builtin class: a class is called, also where it stands alone.
    fn raised_value(&mut self, class: &Catch, exc: &AExpr) -> Option<Vec<hir::Expr>> {
        let call = |exc: &AExpr| AExpr {
            kind: A::Call { func: Box::new(exc.clone()), args: vec![], keywords: vec![] },
            span: exc.span,
        };
        let read: Vec<AExpr> = match (&exc.kind, class) {
            (A::Call { .. }, _) => vec![exc.clone()],
            (_, Catch::Global(_) | Catch::Attr { .. }) => vec![call(exc)],
            (A::Attribute { .. }, _) => vec![exc.clone(), call(exc)],
            _ => vec![exc.clone()],
        };
        let (notes, found) = (self.notes.len(), self.diagnostics.len());
        let args: Vec<hir::Expr> = read.iter().map(|e| self.expr(e)).collect();
        let understood = self.notes.len() == notes && self.diagnostics.len() == found;
        self.notes.truncate(notes);
        self.diagnostics.truncate(found);
        understood.then_some(args)
    }

    fn try_stmt(
        &mut self,
        body: &[AStmt],
        handlers: &[ast::Handler],
        orelse: &[AStmt],
        finalbody: &[AStmt],
    ) -> StmtKind {
        // What closes a generator from outside runs a `finally`, and a handler that catches everything.
        let (last, all) = (usize::from(!finalbody.is_empty()), usize::from(catches_exit(handlers)));
        self.in_try += usize::from(!handlers.is_empty());
        self.closing += last + all;
        let body = self.block(body);
        self.in_try -= usize::from(!handlers.is_empty());
        self.closing -= all;
        let handlers = handlers
            .iter()
            .map(|h| {
                let mut classes = Vec::new();
                if let Some(class) = &h.class {
                    self.exception_classes(class, &mut classes);
                }
                let kept = h.name.clone().filter(|name| !super::scope::binds(&h.body, name));
                self.handlers.push(kept.clone());
                let own = kept.filter(|name| self.lookup(name).is_some() && !self.is_cell(name));
                let own = own.map(|name| {
                    let var = self.new_var(&name);
                    (self.scopes[0].vars.insert(name.clone(), var), name, var)
                });
                let mut body = self.block(&h.body);
                let own = own.map(|(outside, name, var)| {
                    self.scopes[0].vars.extend(outside.map(|outside| (name, outside)));
                    var
                });
                self.handlers.pop();
                if h.name.as_ref().is_some_and(|n| self.is_cell(n)) {
                    self.refuse(
                        "PYR0301",
                        h.span,
                        "sharing an exception with a function inside is not supported",
                        "",
                    );
                }
                let bound = h.name.as_ref().map(|n| self.lookup(n));
                if bound == Some(None) {
                    // A global that stands for the exception.
                    body = vec![hir::Stmt { kind: StmtKind::Bail, span: h.span }];
                }
                if let Some(Some(var)) = bound {
                    // The name is unbound when the handler is left, on whatever way. Inside it is a variable of its own.
                    let mut forget = || {
                        let kind = StmtKind::Forget { var, id: self.node() };
                        hir::Stmt { kind, span: h.span }
                    };
                    body.insert(0, forget());
                    if hir::can_fall_off(&body) {
                        body.push(forget());
                    }
                    if let Some(own) = own {
                        let classes = classes.clone();
                        let kind = StmtKind::Caught { var: own, id: self.node(), classes };
                        body.insert(0, hir::Stmt { kind, span: h.span });
                    }
                }
                hir::Handler { classes, body, span: h.span }
            })
            .collect();
        let orelse = self.block(orelse);
        self.closing -= last;
        // In there `raise` may mean another exception.
        let inside = !self.handlers.is_empty();
        self.handlers.extend(inside.then_some(None));
        let finalbody = self.block(finalbody);
        if inside {
            self.handlers.pop();
        }
        StmtKind::Try { body, handlers, orelse, finalbody }
    }

    /// A class in a module, or in a class of this one.
    fn class_within(&self, outer: &AExpr, name: &str) -> Option<Catch> {
        let A::Name(outer) = &outer.kind else { return None };
        if self.lookup(outer).is_some() {
            return None;
        }
        let dotted = format!("{outer}.{name}");
        match self.env.bindings.get(outer)? {
            Binding::Class if matches!(self.env.bindings.get(&dotted), Some(Binding::Class)) => {
                Some(Catch::Global(dotted))
            }
            Binding::Class => None,
            _ => Some(Catch::Attr { module: outer.clone(), name: name.to_string() }),
        }
    }

    pub(super) fn exception_classes(&mut self, class: &AExpr, out: &mut Vec<Catch>) {
        let global =
            |this: &Self, name: &str| this.lookup(name).is_none() && this.env.bindings.contains_key(name);
        out.push(match &class.kind {
            A::Name(name) if self.is_builtin(name) && exceptions::is_exception(name) => {
                Catch::Builtin(name.clone())
            }
            A::Name(name) if global(self, name) => Catch::Global(name.clone()),
            A::Attribute { value, name } => self.class_within(value, name).unwrap_or(Catch::Unknown),
            A::Tuple(items) if !items.is_empty() => {
                return items.iter().for_each(|i| self.exception_classes(i, out));
            }
            _ => Catch::Unknown,
        });
    }

    /// A variable, a global, or what a class has: reading it does nothing.
    fn is_one_name(&self, target: &AExpr) -> bool {
        match &target.kind {
            A::Name(_) => true,
            A::Attribute { value, name } => self.attribute_of_class(value, name).is_some(),
            _ => false,
        }
    }

    /// The name under which the module knows what a class has, where functions assign it.
    fn attribute_of_class(&self, class: &AExpr, name: &str) -> Option<String> {
        let A::Name(class) = &class.kind else { return None };
        let path = format!("{class}.{name}");
        (self.lookup(class).is_none() && self.env.assigned.contains(&path)).then_some(path)
    }

    pub(super) fn target(&mut self, target: &AExpr) -> hir::Target {
        let kind = match &target.kind {
            A::Name(name) => match self.lookup(name) {
                Some(var) => TargetKind::Var(var),
                None if self.globals.contains(name) => {
                    self.refuse_private(name, target.span);
                    TargetKind::Global(name.clone())
                }
                None => {
                    self.refuse("PYR0309", target.span, format!("assigning to the global `{name}`"), "");
                    TargetKind::Tuple(vec![])
                }
            },
            A::Tuple(items) | A::List(items) if items.iter().any(|i| matches!(i.kind, A::Starred(_))) => {
                let at = items.iter().position(|i| matches!(i.kind, A::Starred(_))).unwrap_or(0);
                let A::Starred(inner) = &items[at].kind else { unreachable!("found above") };
                TargetKind::Starred {
                    before: items[..at].iter().map(|t| self.target(t)).collect(),
                    star: Box::new(self.target(inner)),
                    after: items[at + 1..].iter().map(|t| self.target(t)).collect(),
                }
            }
            A::Tuple(items) | A::List(items) => {
                TargetKind::Tuple(items.iter().map(|t| self.target(t)).collect())
            }
            A::Subscript { value, index } => {
                let base = self.expr(value);
                match &index.kind {
                    A::Slice { lower, upper, step } => TargetKind::Slice {
                        base,
                        lower: self.opt(lower.as_deref()),
                        upper: self.opt(upper.as_deref()),
                        step: self.opt(step.as_deref()),
                    },
                    // What is stored goes into the whole of that view.
                    A::Tuple(items) if super::expr::has_slice(items) => {
                        let kind = self.part(Box::new(base), items, index.span);
                        let base = self.make(kind, target.span);
                        TargetKind::Slice { base, lower: None, upper: None, step: None }
                    }
                    _ if super::expr::is_ellipsis(index) => {
                        let kind = self.part(Box::new(base), std::slice::from_ref(&**index), index.span);
                        let base = self.make(kind, target.span);
                        TargetKind::Slice { base, lower: None, upper: None, step: None }
                    }
                    _ => TargetKind::Index { base, index: self.expr(index) },
                }
            }
            A::Attribute { value, name }
                if self.module_of(value).or_else(|| self.imported(value)).is_none()
                    && self.is_value(value) =>
            {
                TargetKind::Attr { base: self.expr(value), name: self.mangled(name), generic: false }
            }
            A::Attribute { value, name } if self.attribute_of_class(value, name).is_some() => {
                TargetKind::Global(self.attribute_of_class(value, name).unwrap_or_default())
            }
            A::Attribute { .. } => {
                self.refuse("PYR0311", target.span, "assigning to an attribute of a module or class", "");
                TargetKind::Tuple(vec![])
            }
            _ => {
                self.refuse("PYR0301", target.span, "this assignment target is not supported", "");
                TargetKind::Tuple(vec![])
            }
        };
        hir::Target { kind, span: target.span, id: self.node() }
    }
}

/// May one of the handlers catch `GeneratorExit`? A builtin class that is named and is no other catches none.
fn catches_exit(handlers: &[ast::Handler]) -> bool {
    fn may(class: &AExpr) -> bool {
        match &class.kind {
            A::Name(name) => {
                !exceptions::is_exception(name) || matches!(name.as_str(), "BaseException" | "GeneratorExit")
            }
            A::Tuple(items) => items.iter().any(may),
            _ => true,
        }
    }
    handlers.iter().any(|h| h.class.as_ref().is_none_or(may))
}

/// A text that is written down, or made by a format of one.
fn is_text(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(Constant::Str(_)) | A::JoinedStr(_) => true,
        A::BinOp { left, .. } => is_text(left),
        _ => false,
    }
}

/// Where evaluating it cannot be noticed if its names stand for values that native code understands.
fn harmless(e: &AExpr) -> bool {
    match &e.kind {
        A::Constant(_) | A::Name(_) => true,
        A::Attribute { value, .. } => harmless(value),
        A::Subscript { value, index } => harmless(value) && harmless(index),
        A::JoinedStr(parts) => parts.iter().all(harmless),
        A::Formatted { value, spec, .. } => spec.iter().all(|e| harmless(e)) && harmless(value),
        // Texts, of which formats are made.
        A::BinOp { left, op: ast::BinOp::Mod | ast::BinOp::Add, right } => {
            is_text(left) && harmless(left) && harmless(right)
        }
        A::Call { func, args, keywords } => match &func.kind {
            A::Attribute { value, name } => {
                name == "format" && is_text(value) && keywords.is_empty() && args.iter().all(harmless)
            }
            A::Name(name) => {
                matches!(name.as_str(), "len" | "repr" | "str")
                    && keywords.is_empty()
                    && args.iter().all(harmless)
            }
            _ => false,
        },
        A::If { test, body, orelse } => harmless(test) && harmless(body) && harmless(orelse),
        A::Compare { left, comparators, .. } => harmless(left) && comparators.iter().all(harmless),
        A::Tuple(items) => items.iter().all(harmless),
        _ => false,
    }
}

/// A name as the text of an attribute has it: what looks it up by another one finds the same.
pub(crate) fn is_attribute_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.starts_with("__") && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}
