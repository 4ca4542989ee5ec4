//! `getattr(x, name)` with a name that is computed: one of the attributes that the class is known to have.

use super::members::Member;
use super::solver::Ty;
use super::{Infer, Program};
use crate::hir::Expr;
use crate::ty::ObjectClass;

/// More names than that are not compared one after the other.
const MOST: usize = 24;

impl Program<'_> {
    /// The attributes that instances keep, by their names; `None` where the class makes some up, or has too many.
    pub fn attributes_by_name(&self, class: &ObjectClass) -> Option<Vec<String>> {
        if self.makes_up_attributes(class, false).is_some() || self.enumeration(class).is_some() {
            return None;
        }
        let kept = |name: &&String| matches!(self.member_of(class, name), None | Some(Member::Value));
        let names: Vec<String> =
            self.known_attributes(class).map(|(name, _)| name).filter(kept).cloned().collect();
        (1..=MOST).contains(&names.len()).then_some(names)
    }
}

impl Infer<'_, '_> {
    /// What has another name, or no type that is known, is left to Python when it is asked for.
    pub(super) fn attribute_by_name(
        &mut self,
        e: &Expr,
        object: &Ty,
        name: &Expr,
        default: Option<&Expr>,
    ) -> Ty {
        let key = self.expr(name);
        let default = default.map(|default| self.expr(default));
        if *object == Ty::Never || key == Ty::Never {
            return Ty::Never;
        }
        let mut out = Ty::Never;
        let mut known = key.members().iter().all(|m| matches!(m, Ty::Str | Ty::Char));
        for member in object.members() {
            match member {
                Ty::Named(_, items) => {
                    for item in items.clone() {
                        out = self.state.solver.join(&out, &item);
                    }
                }
                Ty::Instance(class) => {
                    self.state.solver.give(class);
                    // What the text says of them is learned when one is asked for.
                    self.program.attribute_type(class, "");
                    let Some(names) = self.program.attributes_by_name(class) else {
                        known = false;
                        continue;
                    };
                    for name in names {
                        let var = self.attribute_var(class, &name);
                        let ty = self.state.solver.get(var);
                        if self.state.solver.resolve(&ty).is_some_and(|t| !t.has_never()) {
                            self.program.ask(class, &name);
                            out = self.state.solver.join(&out, &ty);
                        }
                    }
                }
                // The object says at run time what it has.
                Ty::Obj => out = self.state.solver.join(&out, &Ty::Obj),
                _ if object.members().len() > 1 => {}
                _ => known = false,
            }
        }
        if !known || out == Ty::Never {
            let message = format!("`getattr` of `{}` with a name that is computed", self.show(object));
            return self.refuse("PYR0336", e.span, message);
        }
        match default {
            Some(default) => self.state.solver.join(&out, &default),
            None => out,
        }
    }
}
