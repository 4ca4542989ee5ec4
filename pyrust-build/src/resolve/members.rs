//! What classes of the module have: functions and values that are read through the class, under names with a point.

use super::rename::rename;
use super::{Binding, MAX_ABOVE, ModuleEnv, dataclass};
use crate::ast::{ClassDef, Expr, ExprKind as E, FunctionDef, StmtKind as S};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `Class.attribute` in two, also where the class is imported by a function.
pub fn split_member(name: &str) -> Option<(&str, &str)> {
    let from = match name.find("import ") {
        Some(_) if name.starts_with("import ") => return None,
        Some(at) => at,
        None => 0,
    };
    let point = from + name[from..].find('.')?;
    Some((&name[..point], &name[point + 1..]))
}

/// The name that an attribute has in a class: two underscores in front make it the class's own.
pub fn mangled(class: &str, name: &str) -> String {
    let class = class.rsplit('.').next().unwrap_or_default().trim_start_matches('_');
    match name.starts_with("__") && !name.ends_with("__") && !class.is_empty() {
        true => format!("_{class}{name}"),
        false => name.to_string(),
    }
}

/// Is that the name that what is written down has in the class?
pub fn is_mangled(class: &str, written: &str, name: &str) -> bool {
    match written.starts_with("__") {
        true => mangled(class, written) == name,
        false => written == name,
    }
}

/// What the names begin with of objects whose method a global is: `self search _find`.
const BOUND: &str = "self ";

/// The name of the object whose method a global is, bound to it.
pub fn receiver(method: &str, global: &str) -> String {
    format!("{BOUND}{method} {global}")
}

/// The method and the global in such a name.
pub fn split_receiver(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(BOUND)?.split_once(' ')
}

/// Functions that are class methods without being said so.
const CLASS_METHODS: &[&str] = &["__init_subclass__", "__class_getitem__"];

impl ModuleEnv {
    /// The classes of the module that have a method from that class, each from the one class above it, in order of their
    /// names.
    pub fn classes_below(&self, class: &str, method: &str) -> Vec<&str> {
        let inherits = |name: &&String| {
            let mut at = name.as_str();
            for _ in 0..MAX_ABOVE {
                let Some(def) = self.all_classes.get(at).filter(|def| !dataclass::defines(def, method))
                else {
                    return false;
                };
                let [Expr { kind: E::Name(base), .. }] = def.bases.as_slice() else { return false };
                if base == class {
                    return true;
                }
                at = base;
            }
            false
        };
        self.all_classes.keys().filter(inherits).map(String::as_str).collect()
    }

    /// The qualified name of the private function that is an attribute of the class.
    pub fn written(&self, class: &str, attribute: &str) -> Option<String> {
        let at = attribute.find("__")?;
        let private = &attribute[at + 2..];
        let qualname = format!("{class}.__{private}");
        if mangled(class, &format!("__{private}")) != attribute || private.ends_with("__") {
            return None;
        }
        self.function(&qualname).map(|_| qualname)
    }

    /// `_find = re.compile("…").search`: the method of which object the global is, as far as the text tells.
    pub fn bound_method(&self, global: &str) -> Option<(&str, &Expr)> {
        let Some(Binding::Value(value)) = self.bindings.get(global) else { return None };
        let E::Attribute { value: object, name } = &value.kind else { return None };
        let known = match &object.kind {
            E::Name(name) => matches!(self.bindings.get(name), Some(Binding::Value(_))),
            E::Call { .. } | E::Constant(_) | E::Dict { .. } | E::List(_) | E::Set(_) | E::Tuple(_) => true,
            _ => false,
        };
        (known && !self.assigned.contains(global)).then_some((name.as_str(), &**object))
    }

    /// Takes down what a class binds, as far as it is read from the class as it stands there.
    pub(super) fn members(&mut self, class: &ClassDef) {
        // What the metaclass of abstract classes does nobody sees who reads them.
        let abstracts =
            |e: &Expr| matches!(&e.kind, E::Name(n) | E::Attribute { name: n, .. } if n == "ABCMeta");
        // Others are for `__init_subclass__`; what that does to the class is seen where it is read.
        let plain = |k: &crate::ast::Keyword| match k.name.as_deref() {
            Some("metaclass") => abstracts(&k.value),
            Some("boundary") | None => false,
            Some(_) => true,
        };
        if !class.keywords.iter().all(plain) {
            return;
        }
        let bases = class.bases.iter().filter_map(|base| match &base.kind {
            E::Name(name) => Some(name.clone()),
            _ => None,
        });
        self.bases.insert(class.name.clone(), bases.collect());
        let mut found: BTreeMap<String, Binding> = BTreeMap::new();
        let mut add = |name: &str, binding: Binding| {
            let known = found.contains_key(name);
            found.insert(name.to_string(), if known { Binding::Unknown } else { binding });
        };
        for stmt in &class.body {
            match &stmt.kind {
                S::FunctionDef(def) if is_static(def) => add(&def.name, Binding::Function),
                S::FunctionDef(def) => add(&def.name, Binding::Unknown),
                S::Assign { targets, value } => {
                    for target in targets {
                        if let E::Name(name) = &target.kind {
                            add(name, Binding::Value(Arc::new(value.clone())));
                        }
                    }
                }
                S::AnnAssign { target, value: Some(value), .. } => {
                    if let E::Name(name) = &target.kind {
                        add(name, Binding::Value(Arc::new(value.clone())));
                    }
                }
                S::ClassDef(inner) => add(&inner.name, Binding::Class),
                _ => {}
            }
        }
        // In the body of the class its own names come first.
        let own: BTreeMap<String, String> = found
            .keys()
            .map(|name| (name.clone(), format!("{}.{}", class.name, mangled(&class.name, name))))
            .collect();
        for (name, binding) in found {
            let binding = match binding {
                Binding::Value(mut value) => {
                    rename(Arc::make_mut(&mut value), &own);
                    Binding::Value(value)
                }
                other => other,
            };
            // Other values with two underscores mean something to Python; functions are called with what is given.
            let special = name.starts_with("__") && name.ends_with("__");
            let called = matches!(binding, Binding::Function) && !CLASS_METHODS.contains(&name.as_str());
            if !special || called {
                self.candidates.entry(own[&name].clone()).or_default().push((binding, false));
            }
        }
    }
}

/// The classes that stand in a class, under their names with points.
pub(super) fn inner_classes(outer: &str, class: &ClassDef, out: &mut Vec<(String, ClassDef)>) {
    for stmt in &class.body {
        if let S::ClassDef(inner) = &stmt.kind
            && !inner.name.starts_with("__")
        {
            out.push((format!("{outer}.{}", inner.name), (**inner).clone()));
        }
    }
}

/// Is the function reached through the class as it is?
fn is_static(def: &FunctionDef) -> bool {
    let plain = |e: &Expr| matches!(&e.kind, E::Name(name) if name == "staticmethod");
    match def.decorators.as_slice() {
        [] => true,
        [one] => plain(one),
        _ => false,
    }
}

/// What the name of a call begins with that is an assignment to a property.
pub const SETTER: &str = "setter ";

/// `digest.py` knows it as well.
const SETTER_SUFFIX: &str = "@setter";

/// The qualified name under which the function that a property calls for assignments is kept: both have the same one.
pub fn setter_name(qualname: &str) -> String {
    format!("{qualname}{SETTER_SUFFIX}")
}

/// Is it such a name?
pub(super) fn is_setter_name(qualname: &str) -> bool {
    qualname.ends_with(SETTER_SUFFIX)
}

/// The decorator of `@size.setter def size(…)`.
pub fn setter(f: &FunctionDef) -> Option<&Expr> {
    let [decorator] = f.decorators.as_slice() else { return None };
    matches!(&decorator.kind, E::Attribute { name, .. } if name == "setter").then_some(decorator)
}

/// `@size.setter def size(…)`: what is left of the name is the property that stands before it.
pub fn is_accessor(f: &FunctionDef) -> bool {
    let [decorator] = f.decorators.as_slice() else { return false };
    match &decorator.kind {
        E::Attribute { value, name } if matches!(name.as_str(), "setter" | "deleter") => {
            matches!(&value.kind, E::Name(property) if *property == f.name)
        }
        _ => false,
    }
}
