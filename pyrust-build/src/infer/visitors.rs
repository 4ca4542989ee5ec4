//! Calls of the method whose name says the class of an argument: see `lower::visitors`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::Member;
use super::solver::Ty;
use super::{Infer, Method, MethodKind, Program};
use crate::hir::{Expr, ExprKind};
use crate::lower::visitors::ByClass;
use crate::ops::abstracts;
use crate::ty::{ObjectClass, Type};

/// The method for values of one type.
pub struct Visited {
    pub name: String,
    pub method: Method,
    /// The name that is looked for first, which the object must not have.
    pub lacks: Option<String>,
}

impl Program<'_> {
    /// The name of the class of values of a type that is no union, and the class itself where that is one of the
    /// project.
    pub fn class_name(&self, ty: &Type) -> Option<(String, Option<Arc<ObjectClass>>)> {
        match ty {
            Type::Instance(class) if self.enumeration(class).is_none() && self.says_its_class(ty) => {
                let name = class.name.rsplit('.').next().unwrap_or_default().to_string();
                Some((name, Some(class.of_python())))
            }
            Type::Instance(_) => None,
            other => Some((abstracts::exact_class(other)?.to_string(), None)),
        }
    }

    /// What instances of `own` call for values of that type; `Some(None)` where they have nothing to call.
    pub(crate) fn visited(&self, own: &ObjectClass, by: &ByClass, ty: &Type) -> Option<Option<Visited>> {
        let (class, _) = self.class_name(ty)?;
        if self.makes_up_attributes(own, false).is_some() {
            return None;
        }
        let name = by.method(&class);
        let plain = |name: &str| self.method_of(own, name).filter(|m| m.kind == MethodKind::Plain);
        match self.member_of(own, &name) {
            Some(Member::Method(_)) => {
                let method = plain(&name)?;
                Some(Some(Visited { name, method, lacks: None }))
            }
            Some(_) => None,
            None => {
                let Some(default) = &by.default else { return Some(None) };
                let method = plain(default)?;
                Some(Some(Visited { name: default.clone(), method, lacks: Some(name) }))
            }
        }
    }
}

impl Infer<'_, '_> {
    /// The call, with the object whose class counts in front of the arguments.
    pub(super) fn visit_by_class(
        &mut self,
        e: &Expr,
        base: &Expr,
        by: &ByClass,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let owner = self.expr(base);
        let types: Vec<Ty> = args.iter().map(|arg| self.expr(arg)).collect();
        let [subject, given @ ..] = args else { return Ty::Never };
        let ExprKind::Local(of) = subject.kind else { return Ty::Never };
        let Some(seen) = self.state.solver.resolve(&types[0]) else { return Ty::Never };
        let unknown = owner == Ty::Never || seen == Type::Never;
        let (mut out, mut found) = (Ty::Never, unknown);
        for member in owner.members().to_vec() {
            let Ty::Instance(own) = &member else { continue };
            // Each method once, for all that it is called with.
            let mut calls: BTreeMap<String, (Method, Ty)> = BTreeMap::new();
            for (part, ty) in types[0].members().iter().zip(seen.members()) {
                match self.program.visited(own, by, ty) {
                    Some(Some(Visited { name, method, .. })) => {
                        found = true;
                        let part = part.clone();
                        let (_, all) = calls.entry(name).or_insert((method, Ty::Never));
                        *all = self.state.solver.join(all, &part);
                    }
                    Some(None) => found |= by.asks,
                    None => {}
                }
            }
            if by.asks {
                continue;
            }
            for (name, (method, part)) in calls {
                let given = given.iter().zip(&types[1..]).map(|(arg, ty)| match arg.kind {
                    ExprKind::Local(var) if var == of => part.clone(),
                    _ => ty.clone(),
                });
                let given = given.collect();
                let ty = self.method_call(e, (own, &name, &method), &member, given, keywords);
                out = self.state.solver.join(&out, &ty);
            }
        }
        if !found {
            let message = format!("no method of `{}` for `{}`", self.show(&owner), self.show(&types[0]));
            return self.refuse("PYR0336", e.span, message);
        }
        if by.asks { Ty::Bool } else { out }
    }
}
