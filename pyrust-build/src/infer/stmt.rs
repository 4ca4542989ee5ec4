//! Statements and assignment targets.

use super::decide::{exact_types, keeps};
use super::solver::Ty;
use super::{Guard, Infer, Within};
use crate::hir::{Catch, Expr, Narrow, Stmt, StmtKind, Target, TargetKind};
use crate::ops::exceptions;
use crate::source::Span;

impl Infer<'_, '_> {
    /// Infers a block as far as control gets; true if that is its end.
    pub(super) fn block(&mut self, body: &[Stmt]) -> bool {
        for stmt in body {
            if self.program.is_exhausted() {
                return false;
            }
            self.within.push(Within::Statement(stmt.span));
            let passes = match &stmt.kind {
                StmtKind::If { test, body, orelse } => self.branches(test, body, orelse),
                _ => {
                    self.stmt(stmt);
                    self.falls_off(std::slice::from_ref(stmt))
                }
            };
            self.within.pop();
            if !passes {
                return false;
            }
        }
        true
    }

    /// `if`: a long chain of `elif` is nested deeply, so what its branches tell is not asked for again.
    fn branches(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> bool {
        self.test(test);
        let decided = self.decide(test);
        let yes = decided != Some(false) && self.block(body);
        let no = decided != Some(true) && self.block(orelse);
        yes || no
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => {
                self.expr(e);
            }
            StmtKind::Assign { targets, value } => {
                let ty = self.expr(value);
                if ty == Ty::Int && targets.iter().any(|t| self.holds_big(t)) {
                    self.make_wide(value);
                }
                targets.iter().for_each(|t| self.assign(t, &ty));
            }
            StmtKind::AugAssign { target, op, value, id } => {
                let (read, write, mut args) = match &target.kind {
                    TargetKind::Index { base, index } => {
                        ("getitem", "setitem", vec![self.expr(base), self.expr(index)])
                    }
                    TargetKind::Slice { base, lower, upper, step } => {
                        let mut args =
                            vec![self.expr(base), self.opt(lower), self.opt(upper), self.opt(step)];
                        let old = self.apply("getslice", target.id, 0, stmt.span, &args);
                        let value_ty = self.expr(value);
                        let new = self.in_place(*id, stmt.span, *op, &old, &value_ty);
                        args.push(new);
                        self.apply("setslice", *id, 64, stmt.span, &args);
                        return;
                    }
                    TargetKind::Attr { base, name, .. } => {
                        let old = self.attribute_before(base, name, target.id, stmt.span);
                        let value_ty = self.expr(value);
                        if (&old, &value_ty) == (&Ty::Big, &Ty::Int) {
                            self.make_wide(value);
                        }
                        let new = self.in_place(*id, stmt.span, *op, &old, &value_ty);
                        self.assign_attribute(base, (name, false), stmt.span, &new);
                        return;
                    }
                    _ => {
                        self.refuse("PYR0301", stmt.span, "this augmented assignment is not supported");
                        return;
                    }
                };
                let old = self.getitem(target.id, stmt.span, &args.clone());
                debug_assert_eq!(read, "getitem");
                let value_ty = self.expr(value);
                if (&old, &value_ty) == (&Ty::Big, &Ty::Int) {
                    self.make_wide(value);
                }
                let new = self.in_place(*id, stmt.span, *op, &old, &value_ty);
                args.push(new);
                self.apply(write, *id, 64, stmt.span, &args);
            }
            StmtKind::If { test, body, orelse } => _ = self.branches(test, body, orelse),
            StmtKind::While { test, body, orelse } => {
                self.loops += 1;
                self.test(test);
                if self.decide(test) != Some(false) {
                    self.block(body);
                }
                self.loops -= 1;
                self.block(orelse);
            }
            StmtKind::For { target, iter, body, orelse } => {
                let ty = self.iter(iter);
                self.loops += 1;
                self.assign(target, &ty);
                self.block(body);
                self.loops -= 1;
                self.block(orelse);
            }
            StmtKind::Return(value) => {
                let ty = value.as_ref().map_or(Ty::None, |e| self.expr(e));
                if self.hir.yields.is_some() {
                    return;
                }
                if let (Ty::Int, Ty::Big, Some(e)) = (&ty, self.state.solver.get(self.state.ret), value) {
                    self.make_wide(e);
                }
                self.state.solver.flow(&ty, self.state.ret);
            }
            StmtKind::Raise { class: class @ Catch::Builtin(_), args } => {
                self.catch(class);
                args.iter().for_each(|e| _ = self.expr(e));
            }
            StmtKind::Raise { class, args } => self.raised(class, args),
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                self.block(body);
                for handler in handlers {
                    handler.classes.iter().for_each(|class| self.catch(class));
                    self.block(&handler.body);
                }
                self.block(orelse);
                self.block(finalbody);
            }
            StmtKind::Narrow(narrows) => self.narrow(narrows),
            StmtKind::Delete(targets) => targets.iter().for_each(|t| self.delete(t, stmt.span)),
            StmtKind::Enter(classes) => classes.iter().for_each(|class| self.catch(class)),
            StmtKind::Leave { generator, throws: _ } => _ = self.expr(generator),
            StmtKind::Caught { var, classes, .. } => {
                let module = self.func.module.clone();
                let (own, others) = self.program.caught_classes(&module, classes);
                let builtin = crate::foreign::Class::named(exceptions::OBJECT).map(Ty::Foreign);
                let mut types: Vec<Ty> = builtin.into_iter().filter(|_| others || own.is_empty()).collect();
                types.extend(own.into_iter().map(Ty::Instance));
                let ty = if types.len() == 1 { types.remove(0) } else { Ty::Union(types) };
                self.set_var(*var, &ty);
            }
            StmtKind::Forget { .. }
            | StmtKind::Reraise
            | StmtKind::Bail
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Pass => {}
        }
    }

    /// A variable that takes ints of any size elsewhere.
    fn holds_big(&self, target: &Target) -> bool {
        matches!(&target.kind, TargetKind::Var(v) if self.var_type(*v) == Ty::Big)
    }

    pub(super) fn narrow(&mut self, narrows: &[Narrow]) {
        for n in narrows {
            let ty = self.var_type(n.from);
            let kept =
                |m: &&Ty| self.state.solver.resolve(m).is_none_or(|t| keeps(&n.keep, &t, self.program));
            let mut kept: Vec<Ty> = ty.members().iter().filter(kept).cloned().collect();
            if let Some(exact) = exact_types(&n.keep)
                && let Some(at) = kept.iter().position(|m| *m == Ty::Obj)
            {
                kept.remove(at);
                let current = self.var_type(n.to);
                let ty = self.state.solver.absorb(&current, &exact);
                self.set_var(n.to, &ty);
            }
            let ty = match kept.len() {
                0 => Ty::Never,
                1 => kept.remove(0),
                _ => Ty::Union(kept),
            };
            self.set_var(n.to, &ty);
        }
    }

    /// What a handler relies on.
    pub(super) fn catch(&mut self, class: &Catch) {
        match class {
            Catch::Builtin(name) => self.builtin(name),
            Catch::Global(name) => _ = self.guards.insert(Guard::Value(name.clone())),
            Catch::Attr { module, name } => {
                if let Some(home) = self.named_module(module) {
                    self.elsewhere(module, &home, Guard::Value(name.clone()));
                }
            }
            Catch::Value | Catch::Unknown => {}
        }
    }

    fn delete(&mut self, target: &Target, span: Span) {
        match &target.kind {
            TargetKind::Var(_) => {}
            TargetKind::Global(name) => {
                self.refuse("PYR0309", span, format!("deleting the global `{name}`"));
            }
            TargetKind::Tuple(items) => items.iter().for_each(|t| self.delete(t, span)),
            TargetKind::Starred { .. } => {}
            TargetKind::Index { base, index } => {
                let args = [self.expr(base), self.expr(index)];
                if self.assigns_item((target.id, span), "__delitem__", &[&args[0], &args[1]]) {
                    return;
                }
                self.apply("delitem", target.id, 0, span, &args);
            }
            TargetKind::Attr { .. } => {
                self.refuse("PYR0311", span, "deleting an attribute is not supported");
            }
            TargetKind::Slice { base, lower, upper, step } => {
                let args = [self.expr(base), self.opt(lower), self.opt(upper), self.opt(step)];
                self.apply("delslice", target.id, 0, span, &args);
            }
        }
    }

    pub(super) fn assign(&mut self, target: &Target, ty: &Ty) {
        match &target.kind {
            TargetKind::Var(var) => self.set_var(*var, ty),
            TargetKind::Global(name) => self.assign_global(name, target.span, ty),
            TargetKind::Index { base, index } => {
                let args = [self.expr(base), self.expr(index), ty.clone()];
                if self.assigns_item((target.id, target.span), "__setitem__", &[&args[2], &args[0], &args[1]])
                {
                    return;
                }
                self.apply("setitem", target.id, 0, target.span, &args);
            }
            TargetKind::Attr { base, name, generic } => {
                if !*generic && self.assigns_property((target.id, target.span), base, name, ty) {
                    return;
                }
                self.assign_attribute(base, (name, *generic), target.span, ty);
            }
            TargetKind::Slice { base, lower, upper, step } => {
                let base_ty = self.expr(base);
                let whole = base_ty == Ty::ByteArray && matches!(ty, Ty::Bytes | Ty::ByteArray)
                    || matches!(base_ty, Ty::Array(..) | Ty::Packed(_));
                let ty = if whole { ty.clone() } else { self.as_list(target, ty) };
                let args = [base_ty, self.opt(lower), self.opt(upper), self.opt(step), ty];
                self.apply("setslice", target.id, 0, target.span, &args);
            }
            TargetKind::Starred { before, star, after } => {
                self.assign_starred(target, before, star, after, ty)
            }
            TargetKind::Tuple(items) => {
                let ty = &self.opened(ty);
                let mut found = ty == &Ty::Never;
                for member in ty.clone().members() {
                    let parts: Vec<Ty> = match member {
                        Ty::Tuple(parts, _) if parts.len() == items.len() => parts.clone(),
                        Ty::List(c) | Ty::Set(c, _) => {
                            vec![self.state.solver.get(self.state.solver.elem(*c)); items.len()]
                        }
                        Ty::Dict(..) | Ty::DictView(..) => vec![self.element_type(member); items.len()],
                        Ty::VarTuple(v) | Ty::View(v) | Ty::Iter(v) => {
                            vec![self.state.solver.get(*v); items.len()]
                        }
                        Ty::Str | Ty::Char => vec![Ty::Char; items.len()],
                        Ty::Obj => vec![Ty::Obj; items.len()],
                        Ty::Array(_, 1..) => vec![self.element_type(member); items.len()],
                        // Anything else raises, and Python says how.
                        _ => continue,
                    };
                    found = true;
                    items.iter().zip(&parts).for_each(|(t, p)| self.assign(t, p));
                }
                if !found {
                    let message =
                        format!("`{}` cannot be unpacked into {} targets", self.show(ty), items.len());
                    self.refuse("PYR0401", target.span, message);
                }
            }
        }
    }

    /// What is stored into a slice becomes a list first.
    fn as_list(&mut self, target: &Target, ty: &Ty) -> Ty {
        let [member] = ty.members() else { return ty.clone() };
        if matches!(member, Ty::List(_) | Ty::View(_)) || !super::iter::is_iterable(member) {
            return ty.clone();
        }
        let (cell, elem) = (self.site(target.id, 9), self.element_type(member));
        let var = self.state.solver.elem(cell);
        self.state.solver.flow(&elem, var);
        Ty::List(cell)
    }

    /// `a, *b, c = value`: the star is a fresh list.
    fn assign_starred(
        &mut self,
        target: &Target,
        before: &[Target],
        star: &Target,
        after: &[Target],
        ty: &Ty,
    ) {
        let ty = &self.opened(ty);
        let fixed = before.len() + after.len();
        let cell = self.site(target.id, 0);
        let elem = self.state.solver.elem(cell);
        let mut found = *ty == Ty::Never;
        for member in ty.clone().members() {
            let parts: (Vec<Ty>, Vec<Ty>, Vec<Ty>) = match member {
                Ty::Tuple(parts, _) if parts.len() >= fixed => {
                    let (head, rest) = parts.split_at(before.len());
                    let (middle, tail) = rest.split_at(rest.len() - after.len());
                    (head.to_vec(), middle.to_vec(), tail.to_vec())
                }
                Ty::List(_)
                | Ty::Set(..)
                | Ty::View(_)
                | Ty::VarTuple(_)
                | Ty::Iter(_)
                | Ty::Dict(..)
                | Ty::DictView(..)
                | Ty::Str
                | Ty::Obj
                | Ty::Char => {
                    let t = match member {
                        Ty::Obj => Ty::Obj,
                        Ty::List(c) | Ty::Set(c, _) => self.state.solver.get(self.state.solver.elem(*c)),
                        Ty::View(v) | Ty::VarTuple(v) | Ty::Iter(v) => self.state.solver.get(*v),
                        Ty::Dict(..) | Ty::DictView(..) => self.element_type(member),
                        _ => Ty::Char,
                    };
                    (vec![t.clone(); before.len()], vec![t.clone()], vec![t; after.len()])
                }
                _ => continue,
            };
            found = true;
            before.iter().zip(&parts.0).for_each(|(t, p)| self.assign(t, p));
            for t in &parts.1 {
                self.state.solver.flow(t, elem);
            }
            after.iter().zip(&parts.2).for_each(|(t, p)| self.assign(t, p));
        }
        self.assign(star, &Ty::List(cell));
        if !found {
            let message = format!("`{}` cannot be unpacked", self.show(ty));
            self.refuse("PYR0401", target.span, message);
        }
    }
}
