//! `isinstance` with classes that the compiler does not know: module globals, looked at when the call gets there.

use super::method::class_of;
use super::solver::Ty;
use super::{Guard, Infer};
use crate::hir::{Expr, ExprKind};
use crate::ops;
use crate::resolve::Binding;
use crate::ty::DictKind;

/// Modules whose classes decide with Python code what their instances are.
const ABSTRACT: &[&str] = &["abc", "collections.abc", "numbers", "typing", "typing_extensions"];

/// The globals that an `isinstance` test names, each a class or a tuple of classes.
pub fn global_classes(class: &Expr) -> Option<Vec<String>> {
    match &class.kind {
        ExprKind::Global(name) if !name.contains(['.', ' ']) => Some(vec![name.clone()]),
        ExprKind::Tuple(items) => {
            let names: Option<Vec<_>> = items.iter().map(global_classes).collect();
            names.map(|names| names.concat())
        }
        _ => None,
    }
}

impl Infer<'_, '_> {
    /// `isinstance` with classes that module globals stand for, which are looked at when they are asked.
    pub(super) fn asks_global(&mut self, class: &Expr, value: &Ty) -> bool {
        let Some(names) = global_classes(class) else { return false };
        let known = |ty: &Ty| match ty {
            Ty::Never | Ty::None | Ty::Obj | Ty::Instance(_) | Ty::Dict(_, DictKind::Plain) => true,
            Ty::Dict(..) | Ty::Deque(_) | Ty::VarTuple(_) | Ty::Foreign(_) => false,
            other => class_of(other).is_some(),
        };
        // Whether one of an abstract class is an instance, Python code says.
        let asked = |name: &String| match self.bound(name) {
            Some((_, Binding::Imported { module, .. })) => !ABSTRACT.contains(&module.as_str()),
            Some((_, Binding::Module(_) | Binding::Function)) => false,
            Some(_) => true,
            None => ops::builtins::CLASSES.contains(&name.as_str()),
        };
        if !value.members().iter().any(known) || !names.iter().all(asked) {
            return false;
        }
        for name in names {
            match self.is_bound(&name) {
                true => self.guards.insert(Guard::Value(name)),
                false => self.guards.insert(Guard::Builtin(name)),
            };
        }
        true
    }
}
