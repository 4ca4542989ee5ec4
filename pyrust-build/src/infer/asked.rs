//! `hasattr` with a name that is written down, and calls of an object's own class.

use std::sync::Arc;

use super::members::Member;
use super::solver::Ty;
use super::{Guard, Infer};
use crate::hir::Expr;
use crate::lower::is_attribute_name;
use crate::ops;
use crate::ty::{ObjectClass, Type};

/// Whether all values of the type, which is no union, have the attribute, if that is known.
pub fn has_attribute(ty: &Type, name: &str) -> Option<bool> {
    let class = match ty {
        Type::None => "None",
        Type::Bool => "bool",
        Type::Int | Type::Big => "int",
        Type::Float => "float",
        Type::Complex => "complex",
        Type::Str | Type::Char => "str",
        Type::Bytes => "bytes",
        Type::ByteArray => "bytearray",
        Type::List { .. } | Type::View(_) => "list",
        Type::Tuple { .. } | Type::VarTuple(_) => "tuple",
        Type::Dict { kind: crate::ty::DictKind::Plain, .. } => "dict",
        Type::Set { frozen: false, .. } => "set",
        Type::Set { frozen: true, .. } => "frozenset",
        Type::Range => "range",
        _ => return None,
    };
    ops::attributes::has(class, name)
}

impl Infer<'_, '_> {
    /// May the instance be asked? Otherwise it has been refused.
    fn may_be_asked(&mut self, e: &Expr, class: &Arc<ObjectClass>, name: &str) -> bool {
        let known = is_attribute_name(name)
            && self.program.makes_up_attributes(class, false).is_none()
            && !self.program.is_asked_for_more(class)
            && self.program.enumeration(class).is_none()
            && !matches!(self.program.member_of(class, name), Some(Member::Other));
        if !known {
            let message = format!("asking `{}` for the attribute `{name}` is not supported", class.name);
            self.refuse("PYR0321", e.span, message);
        }
        // Which attributes others have got is not kept.
        self.state.solver.give(class);
        known
    }

    /// `id(value)`: of an instance, which is an object of Python's. Of a number or a text native code makes new ones, and
    /// containers of its own have none.
    pub(super) fn identity(&mut self, value: &Expr) -> Ty {
        let ty = self.expr(value);
        for member in ty.members() {
            match member {
                Ty::Instance(class) => self.state.solver.give(class),
                Ty::Never => {}
                other => {
                    let message = format!("`id` of `{}` is not supported", self.show(other));
                    return self.refuse("PYR0336", value.span, message);
                }
            }
        }
        Ty::Int
    }

    /// `hasattr(value, "name")`
    pub(super) fn has_attribute(&mut self, value: &Expr, name: &str) -> Ty {
        let ty = self.expr(value);
        for member in ty.members().to_vec() {
            if let Ty::Instance(class) = &member {
                self.may_be_asked(value, class, name);
            } else if self.has(&member, name).is_none() && member != Ty::Never {
                let message = format!("whether `{}` has `{name}` is not known", self.show(&member));
                return self.refuse("PYR0321", value.span, message);
            }
        }
        Ty::Bool
    }

    fn has(&mut self, member: &Ty, name: &str) -> Option<bool> {
        has_attribute(&self.state.solver.resolve(member)?, name)
    }

    /// `instance.__class__(…)`, `type(instance)(…)`; `None` where it is something else.
    pub(super) fn make_another(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let special = self.program.makes_up_attributes(class, false).is_some()
            || self.program.is_asked_for_more(class)
            || self.program.enumeration(class).is_some()
            || self.program.member_of(class, "__class__").is_some();
        if special {
            return None;
        }
        let guard = Box::new(Guard::Value(class.name.clone()));
        self.guards.insert(Guard::Elsewhere { module: class.module.clone(), guard });
        // Of which form the new one is does not depend on the old one.
        let class = class.of_python();
        Some(self.make_instance(e, &class, args, keywords))
    }
}
