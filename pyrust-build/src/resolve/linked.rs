//! What a module has from those around it: builtins under names that others hand on, methods that a `with` enters; and
//! what decorators of the library make of functions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Binding, ModuleEnv};
use crate::ast::{Constant, Expr, ExprKind as E, FunctionDef};
use crate::lower::memo;

impl ModuleEnv {
    /// The names in `__all__`, if the module has that: none where it is made, or added to.
    pub fn listed(&self) -> Option<Vec<String>> {
        let text = |e: &Expr| match &e.kind {
            E::Constant(Constant::Str(name)) => Some(name.clone()),
            _ => None,
        };
        Some(match self.bindings.get("__all__")? {
            Binding::Value(all) => match &all.kind {
                E::List(items) | E::Tuple(items) => items.iter().filter_map(text).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        })
    }

    /// The same with names that a star imports, unless the module binds them itself.
    pub fn with_starred(&self, names: BTreeMap<String, Binding>) -> Self {
        let mut env = self.clone();
        for (name, binding) in names {
            env.bindings.entry(name).or_insert(binding);
        }
        env
    }

    /// The same with what modules around it tell: names (first) that stand for builtins (second), methods that a `with`
    /// enters.
    pub fn linked(&self, names: Vec<(String, String)>, managers: BTreeSet<String>) -> Self {
        let mut env = self.clone();
        env.managers.extend(managers);
        for (global, name) in names {
            if !crate::ops::builtins::is_builtin(&name) {
                continue;
            }
            // Under its own name it is a builtin like any other: the guard finds it in the module as well.
            let own = global == name;
            env.bindings.remove(&global);
            if !own {
                env.bindings.insert(global, Binding::Imported { module: "builtins".to_string(), name });
            }
        }
        env
    }

    /// A generator that `contextlib.contextmanager` makes a manager of.
    pub fn is_manager(&self, def: &FunctionDef) -> bool {
        let [decorator] = def.decorators.as_slice() else { return false };
        !def.is_async
            && self.is_imported(decorator, "contextlib", "contextmanager")
            && crate::walk::has_yield(&def.body)
    }

    /// The cache that stands before a function.
    pub fn cache(&self, def: &FunctionDef) -> Option<memo::Bounds> {
        let [decorator] = def.decorators.as_slice() else { return None };
        let plain = !def.is_async && memo::has_one_form(&def.params) && !crate::walk::has_yield(&def.body);
        memo::decorator(decorator)
            .filter(|_| plain)?
            .makes(|name, means| self.is_imported(name, "functools", means))
    }

    /// The names of the methods of the module's own classes that a `with` enters.
    pub(super) fn own_managers(&self) -> BTreeSet<String> {
        let in_class = |(qualname, def): &(String, FunctionDef)| {
            let (class, name) = qualname.rsplit_once('.')?;
            self.is_manager(def).then(|| super::mangled(class, name))
        };
        self.functions.iter().filter_map(in_class).collect()
    }
}
