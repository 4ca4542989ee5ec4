//! `isinstance` with classes that the compiler does not know: module globals, looked at when the call gets there.

use super::method::class_of;
use super::solver::Ty;
use super::{Guard, Infer, Program};
use crate::hir::{Expr, ExprKind};
use crate::ops;
use crate::resolve::Binding;
use crate::ty::DictKind;

/// Modules whose classes decide with Python code what their instances are.
const ABSTRACT: &[&str] = &["abc", "collections.abc", "numbers", "typing", "typing_extensions"];

/// Where a class, or a tuple of classes, is found that an `isinstance` test names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassAt {
    Global(String),
    /// `global.name`, of a module of the project or of a class.
    Attribute {
        global: String,
        name: String,
    },
}

/// The classes that an `isinstance` test names, each a class or a tuple of classes.
pub fn global_classes(class: &Expr) -> Option<Vec<ClassAt>> {
    match &class.kind {
        ExprKind::Global(name) if !name.contains(['.', ' ']) => Some(vec![ClassAt::Global(name.clone())]),
        ExprKind::ModuleAttr { module, name } => {
            Some(vec![ClassAt::Attribute { global: module.clone(), name: name.clone() }])
        }
        ExprKind::Tuple(items) => {
            let names: Option<Vec<_>> = items.iter().map(global_classes).collect();
            names.map(|names| names.concat())
        }
        _ => None,
    }
}

impl Program<'_> {
    /// The module of the project where `global.name` of `module` is looked up, and the name there.
    pub fn class_home(&self, module: &str, global: &str, name: &str) -> Option<(String, String)> {
        if let Some(home) = self.project_module(module, global) {
            return Some((home, name.to_string()));
        }
        self.class_member(module, global, name).map(|member| (module.to_string(), member))
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
        let may_be = |binding: Option<(String, Binding)>| match binding?.1 {
            Binding::Imported { module, .. } => Some(!ABSTRACT.contains(&module.as_str())),
            Binding::Module(_) | Binding::Function => Some(false),
            _ => Some(true),
        };
        let asked = |class: &ClassAt| match class {
            ClassAt::Global(name) => {
                may_be(self.bound(name)).unwrap_or_else(|| ops::builtins::CLASSES.contains(&name.as_str()))
            }
            ClassAt::Attribute { global, name } => {
                // A class or a module that native code puts in its place would have another one.
                let fixed = !self.program.is_assigned(&self.func.module, global);
                let home = self.program.class_home(&self.func.module, global, name).filter(|_| fixed);
                home.and_then(|(home, name)| may_be(self.program.binding(&home, &name))).unwrap_or(false)
            }
        };
        if !value.members().iter().any(known) || !names.iter().all(asked) {
            return false;
        }
        for class in names {
            match class {
                ClassAt::Global(name) if self.is_bound(&name) => {
                    self.guards.insert(Guard::Value(name));
                }
                ClassAt::Global(name) => {
                    self.guards.insert(Guard::Builtin(name));
                }
                ClassAt::Attribute { global, name } => {
                    let Some((home, name)) = self.program.class_home(&self.func.module, &global, &name)
                    else {
                        return false;
                    };
                    match self.program.project_module(&self.func.module, &global) {
                        Some(_) => self.elsewhere(&global, &home, Guard::Value(name)),
                        None => {
                            self.guards.insert(Guard::Value(name));
                        }
                    }
                }
            }
        }
        true
    }
}
