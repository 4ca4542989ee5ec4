//! Calls of methods in the place of operators on instances, once all types are known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Resolved, call, class_asked, same_class};
use crate::hir::visit::{self, VisitMut};
use crate::hir::{
    BoolOp, CmpOp, Comp, CompKind, Expr, ExprKind, Function, Generator, Iter, IterKind, NodeId, Stmt,
    StmtKind, Target, TargetKind, UnaryOp, Var, VarId,
};
use crate::infer::{Instance, Program, Reached};
use crate::lower::class_methods::CLASS_IS;
use crate::lower::each::EACH;
use crate::lower::webs;
use crate::resolve::SETTER;
use crate::source::Span;
use crate::ty::Type;

/// The function with calls in the place of operators on instances; `None` if there are none.
pub(super) fn settled(program: &Program, instance: &Instance) -> Option<Function> {
    let function = &*instance.hir;
    let mut out = function.clone();
    let mut pass = Settle {
        program,
        module: &instance.func.module,
        nodes: &instance.nodes,
        reached: &instance.values,
        vars: std::mem::take(&mut out.vars),
        next: function.nodes,
        changed: false,
        asked: Vec::new(),
        waits: false,
        bound: super::bound::attributes(program, instance),
    };
    pass.block(&mut out.body);
    if !pass.changed {
        return None;
    }
    (out.nodes, out.vars) = (pass.next, pass.vars);
    out.assumes.extend(pass.asked);
    webs::split(&mut out);
    Some(out)
}

pub(super) struct Settle<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) module: &'p str,
    nodes: &'p [Type],
    pub(super) reached: &'p BTreeMap<NodeId, Vec<Reached>>,
    vars: Vec<Var>,
    next: NodeId,
    pub(super) changed: bool,
    /// Builtins that were called.
    pub(super) asked: Vec<String>,
    /// What is gone through is not asked for its elements here: see `early`.
    waits: bool,
    /// Variables of which an attribute is called that is no method: see `bound`.
    pub(super) bound: BTreeMap<VarId, String>,
}

pub(super) fn take(e: &mut Expr) -> Expr {
    let empty = Expr { kind: ExprKind::None, span: e.span, id: e.id };
    std::mem::replace(e, empty)
}

impl Settle<'_, '_> {
    pub(super) fn ty(&self, e: &Expr) -> Type {
        self.nodes.get(e.id).cloned().unwrap_or(Type::Never)
    }

    pub(super) fn node(&mut self) -> NodeId {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn build(&mut self, kind: ExprKind, span: Span) -> Expr {
        Expr { kind, span, id: self.node() }
    }

    /// The call, where the operator stood.
    fn put(&mut self, e: &mut Expr, found: Resolved) {
        let old = take(e);
        let (id, span) = (old.id, old.span);
        let mut named = Vec::new();
        let operands = match old.kind {
            ExprKind::Binary { left, right, .. }
            | ExprKind::InPlace { left, right, .. }
            | ExprKind::Compare { left, right, .. } => vec![*left, *right],
            ExprKind::Unary { operand, .. } => vec![*operand],
            ExprKind::Index { base, index } => vec![*base, *index],
            ExprKind::Call { name, args, .. } => {
                self.asked.push(name);
                args
            }
            ExprKind::CallValue { function, args, keywords, .. } => {
                named = keywords;
                std::iter::once(*function).chain(args).collect()
            }
            _ => unreachable!("only operators are resolved"),
        };
        self.changed = true;
        let special = ExprKind::Special { method: found.method, operands, keywords: named };
        if found.negated {
            let inner = self.build(special, span);
            *e = Expr { kind: ExprKind::Unary { op: UnaryOp::Not, operand: Box::new(inner) }, span, id };
        } else {
            *e = Expr { kind: special, span, id };
        }
    }

    /// What is asked whether it is true, where that is no condition: what `and` and `or` have asked is asked again.
    fn test_value(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Bool2 { left, right, .. } if self.answers_quietly(left) => self.test_value(right),
            ExprKind::Bool2 { .. } => {}
            _ => self.test(e),
        }
    }

    /// Does nobody see how often it is asked?
    fn answers_quietly(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Bool2 { left, right, .. } => self.answers_quietly(left) && self.answers_quietly(right),
            _ => {
                let ty = self.ty(e);
                ty != Type::Never
                    && !ty.members().iter().any(|m| matches!(m, Type::Instance(_) | Type::Named { .. }))
            }
        }
    }

    /// A condition: an instance is asked whether it is true.
    fn test(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Bool2 { left, right, .. } => {
                self.test(left);
                self.test(right);
                return;
            }
            // What it asks has been seen to, but for what is asked once in a condition only.
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                if matches!(operand.kind, ExprKind::Bool2 { .. } | ExprKind::Unary { op: UnaryOp::Not, .. }) {
                    self.test(operand);
                }
                return;
            }
            _ => {}
        }
        let Some(name) = self.program.truth(&self.ty(e)) else {
            self.none_tested(e);
            return;
        };
        self.changed = true;
        let operand = take(e);
        let span = operand.span;
        let special =
            ExprKind::Special { method: call(name, 0).method, operands: vec![operand], keywords: vec![] };
        *e = self.build(special, span);
        if name == "__len__" {
            if let ExprKind::Special { method, .. } = &mut e.kind {
                method.absent.push((0, "__bool__"));
            }
            let (left, zero) = (Box::new(take(e)), Box::new(self.build(ExprKind::Int(0), span)));
            *e = self.build(ExprKind::Compare { op: CmpOp::Gt, left, right: zero }, span);
        }
    }

    /// The generator that asks an object for its elements.
    fn each(&mut self, object: Expr) -> Expr {
        self.changed = true;
        let span = object.span;
        let function = EACH.to_string();
        self.build(ExprKind::CallNested { function, made: None, args: vec![object], slots: vec![0] }, span)
    }

    /// A tuple of what an object gives that is asked for its elements.
    fn items_of(&mut self, object: Expr) -> Expr {
        self.changed = true;
        let span = object.span;
        let method = call("__iter__", 0).method;
        let asked = self.build(ExprKind::Special { method, operands: vec![object], keywords: vec![] }, span);
        let comp = self.gathered(CompKind::Tuple, asked);
        self.build(ExprKind::Comp(Box::new(comp)), span)
    }

    /// What an iterable gives, as it comes.
    pub(super) fn gathered(&mut self, kind: CompKind, source: Expr) -> Comp {
        let span = source.span;
        let target = self.held(span);
        let element = self.read_back(&target);
        let iter = Iter { kind: IterKind::Expr(Box::new(source)), span, id: self.node() };
        Comp::new(kind, vec![Generator { target, iter, ifs: vec![] }], element)
    }

    fn assigned(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        id: NodeId,
        span: Span,
        operands: Vec<Expr>,
    ) -> StmtKind {
        self.changed = true;
        let name = name.into();
        // Behind an object stands the place in it, where it is no attribute.
        let behind = if name.starts_with(SETTER) { 1 } else { 2 };
        let method = call(name, operands.len() - behind).method;
        let kind = ExprKind::Special { method, operands, keywords: vec![] };
        StmtKind::Expr(Expr { kind, span, id })
    }

    /// A variable that holds what has been evaluated.
    fn keep(&mut self, value: Expr, out: &mut Vec<Stmt>) -> VarId {
        let span = value.span;
        let target = self.held(span);
        out.push(Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span });
        self.vars.len() - 1
    }

    pub(super) fn read(&mut self, var: VarId, span: Span) -> Expr {
        self.build(ExprKind::Local(var), span)
    }

    /// `type(x).count += 1`: the name that the module has for it, behind a look whether that means the same class.
    fn names_attribute(&mut self, stmt: &mut Stmt) -> Option<Stmt> {
        let span = stmt.span;
        let target = match &mut stmt.kind {
            StmtKind::AugAssign { target, .. } => target,
            StmtKind::Assign { targets, .. } => match targets.as_mut_slice() {
                [target] => target,
                _ => return None,
            },
            _ => return None,
        };
        let TargetKind::Attr { base, name, generic: false } = &target.kind else { return None };
        class_asked(base, &self.vars)?;
        let (class, path) = self.program.assigned_of_class(self.module, &self.ty(base), name)?;
        self.changed = true;
        let old = std::mem::replace(&mut target.kind, TargetKind::Global(path.clone()));
        let TargetKind::Attr { base, .. } = old else { unreachable!("just seen") };
        if let StmtKind::AugAssign { .. } = &stmt.kind {
            let StmtKind::AugAssign { target, op, value, .. } =
                std::mem::replace(&mut stmt.kind, StmtKind::Pass)
            else {
                unreachable!("just seen")
            };
            let left = Box::new(self.build(ExprKind::Global(path), span));
            let new = ExprKind::InPlace { op, left, right: Box::new(value) };
            let value = self.build(new, span);
            stmt.kind = StmtKind::Assign { targets: vec![target], value };
        }
        let class = self.build(ExprKind::Global(class), span);
        let kind =
            ExprKind::Call { name: CLASS_IS.to_string(), args: vec![base, class], keywords: Vec::new() };
        Some(Stmt { kind: StmtKind::Expr(self.build(kind, span)), span })
    }

    /// Does storing there call a method?
    fn is_asked(&self, target: &Target) -> bool {
        match &target.kind {
            TargetKind::Index { base, .. } => self.program.all_have(&self.ty(base), "__setitem__"),
            TargetKind::Attr { base, name, generic: false } => {
                self.program.all_have(&self.ty(base), &format!("{SETTER}{name}"))
            }
            TargetKind::Tuple(items) => items.iter().any(|item| self.is_asked(item)),
            _ => false,
        }
    }

    /// `x[i], x[j] = …` and `a = x[i] = …`: one statement for each place, in their order, where some call methods.
    fn one_by_one(&mut self, stmt: Stmt) -> Vec<Stmt> {
        let Stmt { kind: StmtKind::Assign { targets, value }, span } = stmt else { return vec![stmt] };
        let single =
            matches!(targets.as_slice(), [Target { kind, .. }] if !matches!(kind, TargetKind::Tuple(_)));
        if single || !targets.iter().any(|target| self.is_asked(target)) {
            return vec![Stmt { kind: StmtKind::Assign { targets, value }, span }];
        }
        self.changed = true;
        let mut out = Vec::new();
        let split =
            |pass: &mut Self, target: Target, value: Expr, out: &mut Vec<Stmt>| {
                let TargetKind::Tuple(items) = target.kind else {
                    out.push(Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span });
                    return;
                };
                let held: Vec<Target> = items.iter().map(|item| pass.held(item.span)).collect();
                let names: Vec<Expr> = held.iter().map(|held| pass.read_back(held)).collect();
                let whole = Target { kind: TargetKind::Tuple(held), span: target.span, id: target.id };
                out.push(Stmt { kind: StmtKind::Assign { targets: vec![whole], value }, span });
                for (item, name) in items.into_iter().zip(names) {
                    out.extend(pass.one_by_one(Stmt {
                        kind: StmtKind::Assign { targets: vec![item], value: name },
                        span,
                    }));
                }
            };
        match <[Target; 1]>::try_from(targets) {
            Ok([target]) => split(self, target, value, &mut out),
            Err(targets) => {
                let var = self.keep(value, &mut out);
                for target in targets {
                    let value = self.read(var, span);
                    split(self, target, value, &mut out);
                }
            }
        }
        out
    }

    /// A new variable to store into.
    pub(super) fn held(&mut self, span: Span) -> Target {
        let id = self.node();
        Target { kind: TargetKind::Var(self.hidden()), span, id }
    }

    /// A new variable.
    pub(super) fn hidden(&mut self) -> VarId {
        let name = format!("_tmp{}", self.vars.len());
        self.vars.push(Var { name, maybe_unbound: false, cell: false, of: None });
        self.vars.len() - 1
    }

    /// A variable that the text does not have.
    pub(super) fn is_temporary(&self, var: VarId) -> bool {
        self.vars[var].name.starts_with("_tmp")
    }

    pub(super) fn read_back(&mut self, held: &Target) -> Expr {
        let TargetKind::Var(var) = held.kind else { unreachable!("it was made so") };
        self.read(var, held.span)
    }

    /// `x.a op= v`, `x[i] op= v`, where that calls methods.
    fn augmented(&mut self, stmt: &mut Stmt, out: &mut Vec<Stmt>) {
        let StmtKind::AugAssign { target, op, value, .. } = &stmt.kind else { return };
        let op = *op;
        let base = match &target.kind {
            TargetKind::Index { base, .. } | TargetKind::Attr { base, .. } => self.ty(base),
            _ => return,
        };
        let old = self.nodes.get(target.id).cloned().unwrap_or(Type::Never);
        let of_items =
            matches!(target.kind, TargetKind::Index { .. }) && self.program.all_have(&base, "__getitem__");
        let setter = match &target.kind {
            TargetKind::Attr { name, generic: false, .. } => {
                Some(format!("{SETTER}{name}")).filter(|name| self.program.all_have(&base, name))
            }
            _ => None,
        };
        if !of_items && setter.is_none() && self.program.binary(op, true, &old, &self.ty(value)).is_none() {
            return;
        }
        self.changed = true;
        let span = stmt.span;
        let StmtKind::AugAssign { target, value, .. } = std::mem::replace(&mut stmt.kind, StmtKind::Pass)
        else {
            unreachable!("just seen")
        };
        let (read, write) = match target.kind {
            TargetKind::Index { base, index } => {
                let base = self.keep(base, out);
                let index = self.keep(index, out);
                let (b, i) = (Box::new(self.read(base, span)), Box::new(self.read(index, span)));
                let read = self.build(ExprKind::Index { base: b, index: i }, span);
                (read, TargetKind::Index { base: self.read(base, span), index: self.read(index, span) })
            }
            TargetKind::Attr { base, name, generic } => {
                let base = self.keep(base, out);
                let of = Box::new(self.read(base, span));
                let kind = ExprKind::Method {
                    base: of,
                    name: format!("attribute {name}"),
                    args: vec![],
                    keywords: vec![],
                };
                (self.build(kind, span), TargetKind::Attr { base: self.read(base, span), name, generic })
            }
            _ => unreachable!("looked at above"),
        };
        let new = ExprKind::InPlace { op, left: Box::new(read), right: Box::new(value) };
        let (new, id) = (self.build(new, span), self.node());
        if let (Some(setter), TargetKind::Attr { base, .. }) = (&setter, &write) {
            stmt.kind = self.assigned(setter.clone(), id, span, vec![new, base.clone()]);
            return;
        }
        let target = Target { kind: write, span: target.span, id };
        stmt.kind = StmtKind::Assign { targets: vec![target], value: new };
    }
}

impl VisitMut for Settle<'_, '_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        let mut all = Vec::new();
        for mut stmt in std::mem::take(body) {
            visit::walk_stmt_mut(self, &mut stmt);
            self.read_bound(&mut stmt.kind);
            all.extend(self.names_attribute(&mut stmt));
            all.extend(self.one_by_one(stmt));
        }
        for mut stmt in all {
            match &mut stmt.kind {
                StmtKind::If { test, .. } | StmtKind::While { test, .. } => self.test(test),
                StmtKind::Assign { targets, value } => {
                    if let [Target { kind, id, span }] = targets.as_mut_slice() {
                        let (id, span) = (*id, *span);
                        let starred = matches!(kind, TargetKind::Starred { .. });
                        if (starred || matches!(kind, TargetKind::Tuple(_)))
                            && self.program.can_be_asked(&self.ty(value), "__iter__")
                            && (!starred || self.gives_plain_iterators(&self.ty(value)))
                        {
                            *value = self.items_of(take(value));
                        }
                        let found = match kind {
                            TargetKind::Index { base, index }
                                if self.program.all_have(&self.ty(base), "__setitem__") =>
                            {
                                Some(("__setitem__".into(), vec![take(value), take(base), take(index)]))
                            }
                            TargetKind::Attr { base, name, generic: false } => {
                                let name = format!("{SETTER}{name}");
                                match self.program.all_have(&self.ty(base), &name) {
                                    true => Some((Cow::Owned(name), vec![take(value), take(base)])),
                                    false => None,
                                }
                            }
                            _ => None,
                        };
                        if let Some((name, operands)) = found {
                            stmt.kind = self.assigned(name, id, span, operands);
                        }
                    }
                }
                StmtKind::Delete(targets) => {
                    if let [Target { kind: TargetKind::Index { base, index }, id, span }] =
                        targets.as_mut_slice()
                        && self.program.all_have(&self.ty(base), "__delitem__")
                    {
                        let (id, span) = (*id, *span);
                        let operands = vec![take(base), take(index)];
                        stmt.kind = self.assigned("__delitem__", id, span, operands);
                    }
                }
                StmtKind::AugAssign { .. } => self.augmented(&mut stmt, body),
                _ => {}
            }
            body.push(stmt);
        }
    }

    fn comp(&mut self, comp: &mut Comp) {
        // `next((x for x in object), f())` asks the object before it calls `f`.
        let early = comp.extra.as_ref().is_some_and(|extra| self.runs_later(extra))
            && comp
                .generators
                .first()
                .is_some_and(|first| self.is_spelled(first) && self.has_object(&first.iter));
        self.sized(comp);
        let around = std::mem::replace(&mut self.waits, early);
        visit::walk_comp_mut(self, comp);
        self.waits = around;
        for generator in &mut comp.generators {
            generator.ifs.iter_mut().for_each(|test| self.test(test));
        }
        if matches!(comp.kind, CompKind::Any | CompKind::All) {
            self.test_value(&mut comp.element);
        }
    }

    fn iter(&mut self, iter: &mut Iter) {
        let waits = self.waits;
        self.waits |= self.asks_early(iter);
        visit::walk_iter_mut(self, iter);
        self.waits = waits;
        if waits {
            return;
        }
        // What `__iter__` returns is asked no more: often that is the object itself.
        let asked =
            |e: &Expr| matches!(&e.kind, ExprKind::Special { method, .. } if method.name == "__iter__");
        if let IterKind::Expr(e) = &mut iter.kind
            && asked(e)
            && self.program.all_have(&self.ty(e), "__next__")
        {
            let operand = take(e);
            **e = self.each(operand);
            return;
        }
        if let IterKind::Expr(e) = &mut iter.kind
            && !asked(e)
            && self.program.can_be_asked(&self.ty(e), "__iter__")
        {
            self.changed = true;
            let operand = take(e);
            let span = operand.span;
            let method = call("__iter__", 0).method;
            **e = self.build(ExprKind::Special { method, operands: vec![operand], keywords: vec![] }, span);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        let waits = std::mem::take(&mut self.waits);
        self.settle(e);
        self.waits = waits;
    }
}

impl Settle<'_, '_> {
    fn settle(&mut self, e: &mut Expr) {
        if let ExprKind::Build { parts, .. } = &mut e.kind {
            self.sized_parts(parts);
        }
        visit::walk_expr_mut(self, e);
        self.call_bound(e);
        self.texts(e);
        self.replacement(e);
        if self.sums(e) || self.flattening(e) {
            return;
        }
        let types: Vec<Type> = match &mut e.kind {
            ExprKind::Special { .. } => return self.may_be_unequal(e),
            ExprKind::If { test, .. } => return self.test(test),
            ExprKind::Unary { op: UnaryOp::Not, operand } => return self.test_value(operand),
            ExprKind::Call { name, args, keywords }
                if name == "bool"
                    && args.len() == 1
                    && keywords.is_empty()
                    && self.program.binding(self.module, name).is_none() =>
            {
                return self.test_value(&mut args[0]);
            }
            ExprKind::Next { iter, default: Some(_) }
                if self.program.all_have(&self.ty(iter), "__next__") =>
            {
                let object = take(iter);
                **iter = self.each(object);
                return;
            }
            ExprKind::Next { iter, default: None } if self.program.all_have(&self.ty(iter), "__next__") => {
                let (operand, id, span) = (take(iter), e.id, e.span);
                self.asked.push("next".to_string());
                self.changed = true;
                let method = call("__next__", 0).method;
                let kind = ExprKind::Special { method, operands: vec![operand], keywords: vec![] };
                *e = Expr { kind, span, id };
                return;
            }
            // Where one side has been asked for the other one is the value.
            ExprKind::Bool2 { op: BoolOp::And | BoolOp::Or, .. } => return,
            ExprKind::Compare { op, left, right }
                if let (Some(a), Some(b)) =
                    (class_asked(left, &self.vars), class_asked(right, &self.vars))
                    && let Some(same) = same_class(*op, &self.ty(a), &self.ty(b)) =>
            {
                self.changed = true;
                e.kind = ExprKind::Bool(same);
                return;
            }
            ExprKind::Binary { left, right, .. }
            | ExprKind::InPlace { left, right, .. }
            | ExprKind::Compare { left, right, .. } => vec![self.ty(left), self.ty(right)],
            ExprKind::Unary { operand, .. } => vec![self.ty(operand)],
            ExprKind::Index { base, index } => vec![self.ty(base), self.ty(index)],
            ExprKind::Call { args, .. } if args.len() == 1 => vec![self.ty(&args[0])],
            ExprKind::CallValue { function, args, stars, rest, .. } if stars.is_empty() && rest.is_none() => {
                std::iter::once(&**function).chain(args.iter()).map(|a| self.ty(a)).collect()
            }
            ExprKind::Method { base, name, .. } if self.program.keeps_callable(&self.ty(base), name) => {
                let old = take(e);
                let (id, span) = (old.id, old.span);
                let ExprKind::Method { base, name, args, keywords } = old.kind else {
                    unreachable!("just seen")
                };
                let name = format!("attribute {name}");
                let kind = ExprKind::Method { base, name, args: vec![], keywords: vec![] };
                let function = Box::new(self.build(kind, span));
                self.changed = true;
                let kind = ExprKind::CallValue { function, args, stars: vec![], keywords, rest: None };
                *e = Expr { kind, span, id };
                return;
            }
            _ => return,
        };
        if self.none_compared(e, &types) {
            return;
        }
        if let Some(found) = self.program.operator(e, &types) {
            self.put(e, found);
        }
    }
}
