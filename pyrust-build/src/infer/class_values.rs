//! Classes as values: `type(x)`, `x.__class__`, `cls.__name__`, `cls.attribute`, `issubclass`.

use std::sync::Arc;

use super::members::{Member, Method, MethodKind};
use super::new::class_callee;
use super::solver::Ty;
use super::{Infer, Program};
use crate::hir::Expr;
use crate::ops::abstracts;
use crate::ty::{Callee, ObjectClass, Type};

/// How the class of a value is told.
pub enum ClassOf {
    /// It is that one.
    Known(Arc<ObjectClass>),
    /// The builtin one of that name.
    Builtin(&'static str),
    /// The object is asked.
    Asked,
}

/// Names that `type` or `ABCMeta` have something under, which comes before what a class has.
const OF_METACLASSES: &[&str] = &["mro", "register"];

impl Program<'_> {
    /// What tells the class of a value of a type that is no union; `None` where that is not supported.
    pub fn class_told(&self, ty: &Type) -> Option<ClassOf> {
        Some(match ty {
            Type::Instance(class) if self.enumeration(class).is_none() => ClassOf::Known(class.of_python()),
            Type::Obj | Type::Instance(_) | Type::Named { .. } => ClassOf::Asked,
            other => ClassOf::Builtin(abstracts::exact_class(other)?),
        })
    }

    /// Does `x.__class__` say what the class is?
    pub fn says_its_class(&self, ty: &Type) -> bool {
        match ty {
            Type::Instance(class) => {
                self.makes_up_attributes(class, false).is_none()
                    && self.member_of(class, "__class__").is_none()
            }
            Type::Named { class, .. } => self.member_of(&class.as_object(), "__class__").is_none(),
            _ => true,
        }
    }

    /// The method that is called through the class itself, where it takes no instance; the class, and the name.
    pub fn called_of_class<'n>(
        &self,
        callees: &[Callee],
        name: &'n str,
    ) -> Option<(Arc<ObjectClass>, &'n str, Method)> {
        let class = self.class_of_value(callees)?;
        if name.starts_with("__") || OF_METACLASSES.contains(&name) || self.enumeration(&class).is_some() {
            return None;
        }
        let (name, method) = self.called_method(&class, name)?;
        let fits = matches!(method.kind, MethodKind::Static | MethodKind::Class);
        fits.then(|| (class.of_python(), name, method))
    }

    /// The class whose attribute of that name is read through the class itself.
    pub fn class_shows(&self, callees: &[Callee], name: &str) -> Option<Arc<ObjectClass>> {
        let class = self.class_of_value(callees)?;
        let special = name.starts_with("__") || name.starts_with("_abc") || OF_METACLASSES.contains(&name);
        let plain = !special && self.enumeration(&class).is_none();
        (plain && matches!(self.member_of(&class, name), Some(Member::Value))).then(|| class.of_python())
    }

    /// The name under which the module has an attribute of a class of its own that functions assign; the class's name.
    pub fn assigned_of_class(&self, module: &str, class: &Type, name: &str) -> Option<(String, String)> {
        let Type::Function(callees) = class else { return None };
        let class = self.class_of_value(callees).filter(|class| class.module == module)?;
        let path = format!("{}.{name}", class.name);
        let (_, env) = self.modules.module(module)?;
        let plain = !class.name.contains('.') && self.enumeration(&class).is_none();
        (plain && env.assigned.contains(&path)).then(|| (class.name.clone(), path))
    }

    /// Are all of them classes of the project?
    pub fn are_classes(&self, callees: &[Callee]) -> bool {
        callees.iter().all(|callee| self.class_of_value(std::slice::from_ref(callee)).is_some())
    }
}

impl Infer<'_, '_> {
    /// `del instance.name`
    pub(super) fn delete_attribute(&mut self, e: &Expr, base: &Expr, ty: &Ty, name: &str) -> Ty {
        let mut found = *ty == Ty::Never;
        for member in ty.members().to_vec() {
            let Ty::Instance(class) = &member else { continue };
            let plain = self.program.makes_up_attributes(class, true).is_none()
                && self.program.member_of(class, "__delattr__").is_none()
                && self.program.enumeration(class).is_none()
                && matches!(self.program.member_of(class, name), None | Some(Member::Value));
            if plain {
                self.state.solver.give(class);
                self.stored(class, false);
                self.reassigned(class, base, name);
                self.writes = true;
                found = true;
            }
        }
        match found {
            true => Ty::None,
            false => {
                let message =
                    format!("deleting the attribute `{name}` of `{}` is not supported", self.show(ty));
                self.refuse("PYR0311", e.span, message)
            }
        }
    }

    /// Is it an attribute of a class that the module has a name for? Once all types are known that name stands there.
    pub(super) fn is_named_of_class(&mut self, base: &Ty, name: &str) -> bool {
        let known = self.state.solver.resolve(base);
        !self.report
            && known.is_some_and(|ty| self.program.assigned_of_class(&self.func.module, &ty, name).is_some())
    }

    /// `type(value)`; `says`: `value.__class__`.
    pub(super) fn class_of(&mut self, value: &Expr, says: bool) -> Ty {
        let ty = self.expr(value);
        let mut out = Ty::Never;
        for member in ty.members().to_vec() {
            let told = match self.state.solver.resolve(&member) {
                Some(Type::Never) => continue,
                Some(known) if !says || self.program.says_its_class(&known) => {
                    self.program.class_told(&known)
                }
                _ => None,
            };
            let class = match told {
                Some(ClassOf::Known(class)) => {
                    self.state.solver.give(&class);
                    Ty::Function(vec![class_callee(&class)])
                }
                Some(ClassOf::Builtin(_) | ClassOf::Asked) => Ty::Obj,
                None => {
                    let message = format!("the class of `{}` is not known", self.show(&member));
                    return self.refuse("PYR0336", value.span, message);
                }
            };
            if let Ty::Instance(class) = &member {
                self.state.solver.give(class);
            }
            out = self.state.solver.join(&out, &class);
        }
        out
    }

    /// `cls.attribute`; `None` where it is something else.
    pub(super) fn attribute_of_class(&mut self, e: &Expr, base: &Ty, name: &str) -> Option<Ty> {
        let Ty::Function(callees) = base else { return None };
        if name == "__name__" {
            return self.program.are_classes(callees).then_some(Ty::Str);
        }
        let class = self.program.class_shows(callees, name)?;
        Some(self.instance_attribute(e, &class, name))
    }

    /// `cls.method(…)`; `None` where it is something else.
    pub(super) fn call_of_class(
        &mut self,
        e: &Expr,
        base: &Ty,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let Ty::Function(callees) = base else { return None };
        let (class, name, method) = self.program.called_of_class(callees, name)?;
        Some(self.instance_call(e, &class, name, &method, args, keywords))
    }

    /// `issubclass(a, b)`
    pub(super) fn is_subclass(&mut self, e: &Expr, class: &Expr, of: &Expr) -> Ty {
        let ty = self.expr(class);
        let known = |m: &Ty| matches!(m, Ty::Function(_) | Ty::Obj | Ty::Never);
        if !ty.members().iter().all(known) || !self.asks_global(of, &Ty::Obj) {
            return self.refuse("PYR0306", e.span, "`issubclass` with this class is not supported");
        }
        Ty::Bool
    }
}
