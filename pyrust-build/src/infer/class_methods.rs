//! `Class.method(…)` of a class method, and the operations that stand in no text: lowering puts them there.

use std::sync::Arc;

use super::members::{Method, MethodKind};
use super::objects::method_guard;
use super::solver::Ty;
use super::value::Reached;
use super::{FuncRef, Guard, Infer, Program};
use crate::hir::{Expr, ExprKind};
use crate::lower::buffers::{WRITTEN_BYTES, WRITTEN_TEXT};
use crate::lower::class_methods::{CLASS_IS, CLASS_MAY_BE};
use crate::ty::{Callee, ObjectClass};

/// The name under which a node knows the function of a class method.
pub fn callee_of_class(class: &ObjectClass, name: &str) -> Callee {
    Callee { module: class.module.clone(), name: format!("class {}.{name}", class.name) }
}

impl Program<'_> {
    /// The class method that `global.name` is in a module, and the form of it that the class has.
    pub fn class_method(
        &self,
        module: &str,
        global: &str,
        name: &str,
    ) -> Option<(Arc<ObjectClass>, Method, FuncRef)> {
        let of_tuples = || self.named(module, global).map(|def| def.class.as_object());
        let class = self.object_class(module, global).or_else(of_tuples)?;
        let method = self.method_of(&class, name)?;
        if method.kind != MethodKind::Class {
            return None;
        }
        let form = match method.is_of(&class, name) {
            true => method.target.clone(),
            // The text of the method has to know the class by a name.
            false if method.target.module == class.module => method.target.for_class(&class.name),
            false => return None,
        };
        Some((class, method, form))
    }
}

impl Infer<'_, '_> {
    /// `Class.method(…)`; `None` where that is something else.
    pub(super) fn call_class_method(
        &mut self,
        e: &Expr,
        (global, name): (&str, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let (class, method, form) = self.program.class_method(&self.func.module, global, name)?;
        if form != method.target && self.program.lowered(&form).is_err() {
            return None;
        }
        let given: Vec<Ty> = std::iter::once(Ty::None).chain(args.iter().map(|a| self.expr(a))).collect();
        let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        self.guards.insert(Guard::Value(global.to_string()));
        let there = |guard: Guard| Guard::Elsewhere { module: class.module.clone(), guard: Box::new(guard) };
        self.guards.insert(there(Guard::Value(class.name.clone())));
        self.guards.insert(there(method_guard(&class, name, &method)));
        Some(match self.bound_call(e, &form, &given, keywords, &named, true) {
            Ok(Some(instance)) => {
                let callee = callee_of_class(&class, name);
                let reached = self.values.entry(e.id).or_default();
                if !reached.iter().any(|r| r.callee == callee) {
                    reached.push(Reached { callee, instance, spread: None });
                }
                let slot = self.state.nodes[e.id];
                self.state.solver.get(slot)
            }
            Ok(None) => Ty::Never,
            Err(why) => self.refuse_call(e, why),
        })
    }

    /// The test at the beginning of a class method: of what Python hands over, or of nothing where native code calls.
    fn is_class(&mut self, value: &Expr, class: &Expr) -> Ty {
        let ty = self.expr(value);
        let ExprKind::Global(name) = &class.kind else { return Ty::None };
        if !ty.members().iter().all(|m| matches!(m, Ty::None | Ty::Obj | Ty::Function(_) | Ty::Never)) {
            let message = format!("a class method of `{}` is not supported", self.show(&ty));
            return self.refuse("PYR0325", value.span, message);
        }
        self.guards.insert(Guard::Value(name.clone()));
        Ty::None
    }
}

impl Infer<'_, '_> {
    /// The type of such an operation; `None` where the name is none of one.
    pub(super) fn intrinsic(&mut self, name: &str, args: &[Expr]) -> Option<Ty> {
        Some(match (name, args) {
            (CLASS_IS, [value, class]) => self.is_class(value, class),
            (CLASS_MAY_BE, [value, class]) => match self.is_class(value, class) {
                Ty::None => Ty::Bool,
                refused => refused,
            },
            (WRITTEN_TEXT, [value]) => {
                // An object is a text, or it bails.
                let fits = |m: &Ty| matches!(m, Ty::Str | Ty::Char | Ty::Obj | Ty::Never);
                match self.written(value, "a `StringIO`", fits)? {
                    Ty::Never => Ty::Never,
                    _ => Ty::Str,
                }
            }
            (WRITTEN_BYTES, [value]) => {
                self.written(value, "a `BytesIO`", |m| matches!(m, Ty::Bytes | Ty::Never))?
            }
            _ => return None,
        })
    }

    fn written(&mut self, value: &Expr, into: &str, fits: impl Fn(&Ty) -> bool) -> Option<Ty> {
        let ty = self.expr(value);
        if ty.members().iter().all(fits) {
            return Some(ty);
        }
        let message = format!("writing `{}` into {into} is not supported", self.show(&ty));
        Some(self.refuse("PYR0401", value.span, message))
    }
}
