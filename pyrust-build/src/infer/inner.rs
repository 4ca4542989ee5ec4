//! Classes that stand in classes (`LinkedList.Node`).

use std::sync::Arc;

use super::members::Member;
use super::solver::Ty;
use super::{Guard, Infer, Program};
use crate::hir::Expr;
use crate::ty::ObjectClass;

impl Program<'_> {
    /// The class by its dotted name.
    pub fn object_class_named(&self, dotted: &str) -> Option<Arc<ObjectClass>> {
        // A class in a class has a name with a point.
        dotted.rmatch_indices('.').take(2).find_map(|(at, _)| {
            let (module, name) = (&dotted[..at], &dotted[at + 1..]);
            self.object_class(module, name).filter(|c| c.module == module && c.name == name)
        })
    }

    /// Members of an enumeration are looked for under a name of the module.
    pub(super) fn is_inner_enumeration(&self, class: &ObjectClass) -> bool {
        let order = || self.order(class).unwrap_or_default();
        class.name.contains('.') && order().iter().any(|c| self.enumeration(c).is_some())
    }

    /// The class that `instance.name` is, which stands in the class of the instance or one above it.
    pub fn inner_class(&self, class: &ObjectClass, name: &str) -> Option<Arc<ObjectClass>> {
        let (owner, Member::Other) = self.member_in(&self.order(class)?, name)? else { return None };
        self.object_class(&owner.module, &format!("{}.{name}", owner.name))
    }

    /// Has the class, or one above it, a decorator? It may have given it more than the text says.
    pub(super) fn is_decorated(&self, class: &ObjectClass) -> bool {
        let decorated = |c: &ObjectClass| self.class_def(c).is_none_or(|def| !def.decorators.is_empty());
        self.order(class).is_none_or(|order| order.iter().any(decorated))
    }
}

impl Infer<'_, '_> {
    /// `instance.Inner(…)`; `None` where that is no class.
    pub(super) fn make_inner(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let inner = self.program.inner_class(class, name)?;
        if self.program.makes_up_attributes(class, false).is_some() || self.program.is_asked_for_more(class) {
            return None;
        }
        // Native code keeps no classes in what it keeps to itself.
        self.state.solver.give(class);
        let guard = Box::new(Guard::Value(inner.name.clone()));
        self.guards.insert(Guard::Elsewhere { module: inner.module.clone(), guard });
        Some(self.make_instance(e, &inner, args, keywords))
    }
}
