//! `isinstance` with classes that the compiler does not know: module globals, looked at when the call gets there.

use super::decide::is_instance;
use super::method::class_of;
use super::solver::Ty;
use super::{Guard, Infer, Program, told_classes};
use crate::ast::ExprKind as A;
use crate::hir::{Expr, ExprKind};
use crate::lower::classes::TYPE_OF;
use crate::ops::{self, abstracts};
use crate::passes::Pass;
use crate::resolve::Binding;
use crate::ty::{DictKind, ObjectClass, Type};

/// Modules in which what looks like a class is none, or decides with Python code what its instances are.
const SPECIAL: &[&str] = &["typing", "typing_extensions"];

/// Where a class, or a tuple of classes, is found that an `isinstance` test names.
#[derive(Clone, Debug)]
pub enum ClassAt {
    Global(String),
    /// `global.name`, of a module of the project or of a class.
    Attribute {
        global: String,
        name: String,
    },
    /// An abstract class of the library, as `ops::abstracts` spells it.
    Abstract(String),
    /// What a variable holds, the class of an object: any value.
    Value(Expr),
}

/// The classes that an `isinstance` test names, each a class or a tuple of classes.
pub fn global_classes(class: &Expr) -> Option<Vec<ClassAt>> {
    match &class.kind {
        ExprKind::Global(name) if abstracts::split(name).is_some() => {
            Some(vec![ClassAt::Abstract(name.clone())])
        }
        ExprKind::Global(name) if !name.contains(['.', ' ']) => Some(vec![ClassAt::Global(name.clone())]),
        ExprKind::ModuleAttr { module, name } => {
            Some(vec![ClassAt::Attribute { global: module.clone(), name: name.clone() }])
        }
        ExprKind::Tuple(items) => {
            let names: Option<Vec<_>> = items.iter().map(global_classes).collect();
            names.map(|names| names.concat())
        }
        ExprKind::Local(_) => Some(vec![ClassAt::Value(class.clone())]),
        ExprKind::Call { name, .. } if name == TYPE_OF => Some(vec![ClassAt::Value(class.clone())]),
        ExprKind::Method { name, .. } if name.starts_with("attribute ") => {
            Some(vec![ClassAt::Value(class.clone())])
        }
        _ => None,
    }
}

/// Is the type one of classes, or of tuples of them, or may it be one?
fn may_be_classes(ty: &Type) -> bool {
    match ty {
        Type::Function(_) | Type::Obj => true,
        Type::Tuple { items, .. } | Type::Union(items) => items.iter().all(may_be_classes),
        Type::VarTuple(item) => may_be_classes(item),
        _ => false,
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

    /// The classes that a test in `module` names, as [`Program::is_instance`] takes them.
    pub(super) fn told(&self, module: &str, class: &Expr) -> Option<Vec<String>> {
        if let Some(names) = told_classes(class) {
            return Some(names);
        }
        if !self.passes.has(Pass::Classes) {
            return None;
        }
        let own = match &class.kind {
            ExprKind::Tuple(items) => {
                let names: Option<Vec<_>> = items.iter().map(|item| self.told(module, item)).collect();
                return names.map(|names| names.concat());
            }
            ExprKind::Global(name) => self.object_class(module, name)?,
            ExprKind::ModuleAttr { module: global, name } => {
                let (home, name) = self.class_home(module, global, name)?;
                self.object_class(&home, &name)?
            }
            _ => return None,
        };
        Some(vec![spelled(&own)])
    }

    /// Whether values of the type, which is no union, are instances of the class, as far as types and the text tell.
    /// What depends on the answer bails where it is another one.
    pub(super) fn is_instance(&self, ty: &Type, name: &str) -> Option<bool> {
        if abstracts::split(name).is_some() {
            return abstracts::is_instance(ty, name);
        }
        if !name.starts_with(OF_PROJECT) {
            return Some(is_instance(ty, name));
        }
        let is_below = match ty {
            Type::Instance(class) => self.order(class)?.iter().any(|above| spelled(above) == name),
            _ => abstracts::exact_class(ty).map(|_| false)?,
        };
        (is_below || self.has_only_those_below(name)).then_some(is_below)
    }

    /// No class can be registered with it, as with those that are abstract themselves: all that stands above it is of
    /// the project.
    fn has_only_those_below(&self, name: &str) -> bool {
        let Some((module, name)) = name.strip_prefix(OF_PROJECT).and_then(|name| name.split_once(':')) else {
            return false;
        };
        let class = ObjectClass::new(module.to_string(), name.to_string());
        self.class_def(&class).is_some_and(|def| {
            def.keywords.is_empty()
                && def.bases.iter().all(|base| match &base.kind {
                    A::Name(name) => name == "object" || self.object_class(module, name).is_some(),
                    _ => false,
                })
        })
    }

    /// The same for all that a test names, where one of them is a class of the project.
    pub(super) fn is_instance_told(&self, module: &str, class: &Expr, ty: &Type) -> Option<bool> {
        let names = self.told(module, class)?;
        if names.iter().any(|name| abstracts::split(name).is_some()) {
            return None;
        }
        let answers: Vec<_> = names.iter().map(|name| self.is_instance(ty, name)).collect();
        match answers.contains(&Some(true)) {
            true => Some(true),
            false => (!answers.contains(&None)).then_some(false),
        }
    }
}

/// What begins the names of the project's classes among those of a test.
const OF_PROJECT: &str = "class ";

fn spelled(class: &ObjectClass) -> String {
    format!("{OF_PROJECT}{}:{}", class.module, class.name)
}

impl Infer<'_, '_> {
    /// `isinstance` with classes that module globals stand for, which are looked at when they are asked.
    pub(super) fn asks_global(&mut self, class: &Expr, value: &Ty) -> bool {
        let Some(names) = global_classes(class) else { return false };
        for name in &names {
            if let ClassAt::Value(class) = name {
                let ty = self.expr(class);
                let resolved = self.state.solver.resolve(&ty);
                if ty != Ty::Never && !resolved.is_some_and(|ty| may_be_classes(&ty)) {
                    return false;
                }
            }
        }
        let known = |ty: &Ty| match ty {
            Ty::Never | Ty::None | Ty::Obj | Ty::Instance(_) | Ty::Dict(_, DictKind::Plain) => true,
            Ty::Tuple(..) | Ty::VarTuple(_) | Ty::Named(..) => true,
            Ty::Dict(..) | Ty::Deque(_) | Ty::Foreign(_) => false,
            other => class_of(other).is_some(),
        };
        let may_be = |binding: Option<(String, Binding)>| match binding?.1 {
            Binding::Imported { module, .. } => Some(!SPECIAL.contains(&module.as_str())),
            Binding::Module(_) | Binding::Function => Some(false),
            _ => Some(true),
        };
        let asked = |class: &ClassAt| match class {
            ClassAt::Value(_) => true,
            ClassAt::Abstract(spelled) => abstracts::split(spelled).is_some_and(|(_, _, path)| {
                let global = path.split('.').next().unwrap_or_default();
                path == global || !self.program.is_assigned(&self.func.module, global)
            }),
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
                ClassAt::Value(_) => {}
                ClassAt::Global(name) if self.is_bound(&name) => {
                    self.guards.insert(Guard::Value(name));
                }
                ClassAt::Global(name) => {
                    self.guards.insert(Guard::Builtin(name));
                }
                ClassAt::Abstract(spelled) => {
                    let Some((module, class, path)) = abstracts::split(&spelled) else { return false };
                    match path.split_once('.') {
                        Some((global, rest)) => {
                            let within = rest.split_once('.').zip(module.rsplit_once('.'));
                            let (name, module) = (global.to_string(), module.to_string());
                            match within {
                                // `collections.abc.Mapping`: one module is found in the other.
                                Some(((inner, _), (package, _))) => {
                                    let (inner, module) = (inner.to_string(), module.clone());
                                    self.elsewhere(global, package, Guard::Module { name: inner, module });
                                }
                                None => {
                                    self.guards.insert(Guard::Module { name, module: module.clone() });
                                }
                            }
                            self.attrs.insert((module, class.to_string()));
                        }
                        None => {
                            self.guards.insert(Guard::Value(path.to_string()));
                        }
                    }
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
