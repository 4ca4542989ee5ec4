//! What a class of the project has under a name, as its text says: methods and how it has them, and values.

use super::{FuncRef, Program};
use crate::ast::{self, ExprKind as A, Stmt, StmtKind as S};
use crate::lower::context::MANAGER;
use crate::resolve::{is_accessor, is_mangled, mangled, setter, setter_name};
use crate::ty::{ObjectClass, Type};
use crate::walk::each_statement;

/// How a class has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// Called with the instance.
    Plain,
    /// The interpreter calls it: looked for in the class alone.
    Special,
    /// Called when the attribute is read.
    Property,
    /// Called when it is assigned.
    Setter,
    /// Called when the attribute is read for the first time: `functools.cached_property`.
    Cached,
    /// Called with the arguments alone.
    Static,
    /// Called with the class: compiled for the one that it stands in.
    Class,
    /// A generator under `contextlib.contextmanager`: called where a `with` enters it, and nowhere else.
    Manager,
}

impl MethodKind {
    /// Is it reading the attribute that calls the function?
    pub fn is_read(self) -> bool {
        matches!(self, MethodKind::Property | MethodKind::Cached)
    }

    /// Does `instance.name(…)` call it?
    pub fn is_called(self) -> bool {
        !self.is_read() && self != MethodKind::Manager
    }
}

/// A function in a class or one above it.
#[derive(Clone, Debug)]
pub struct Method {
    pub target: FuncRef,
    pub kind: MethodKind,
}

impl Method {
    /// Does the text of the class itself have it?
    pub fn is_of(&self, class: &ObjectClass, name: &str) -> bool {
        let Some((own, written)) = self.target.qualname.rsplit_once('.') else { return false };
        self.target.module == class.module && own == class.name && mangled(own, written) == name
    }
}

/// What a class has under a name.
#[derive(Clone)]
pub enum Member {
    Method(Method),
    /// A value that instances may hide.
    Value,
    /// Something that is not understood.
    Other,
}

impl Program<'_> {
    /// What the class has under the name; `None` where only instances may have it.
    pub fn member_of(&self, class: &ObjectClass, name: &str) -> Option<Member> {
        self.lookups.member(class, name, || {
            let order = self.order(class).or_else(|| self.named_order(class))?;
            self.member_in(&order, name).map(|(_, member)| member)
        })
    }

    /// `rays = Rook.rays`: what another class of the module, which stands in front of this one, has itself for a value. Texts
    /// in which two classes name each other so come to an end.
    fn is_value_of_class(&self, module: &str, value: &ast::Expr) -> bool {
        let at = value.span.start;
        let A::Attribute { value, name } = &value.kind else { return false };
        let A::Name(other) = &value.kind else { return false };
        let Some(class) = self.object_class(module, other).filter(|class| class.module == module) else {
            return false;
        };
        let before = |def: &ast::ClassDef| def.body.last().is_some_and(|stmt| stmt.span.end <= at);
        self.class_def(&class).is_some_and(before)
            && matches!(self.member_in(std::slice::from_ref(&*class), name), Some((_, Member::Value)))
    }

    /// What the first of the classes has that has something under the name, and which one that is.
    pub(super) fn member_in(&self, order: &[ObjectClass], name: &str) -> Option<(ObjectClass, Member)> {
        for class in order {
            let Some(def) = self.class_def(class) else { continue };
            // Private members have another name than the one that is written down.
            let is_named = |written: &str| is_mangled(&class.name, written, name);
            let is_enumeration = !name.starts_with('_') && self.enumeration(class).is_some();
            let mut found = None;
            for stmt in &def.body {
                let here = match &stmt.kind {
                    // Reading it asks the first function all the same.
                    S::FunctionDef(f)
                        if is_named(&f.name)
                            && is_accessor(f)
                            && matches!(&found, Some(Member::Method(m)) if m.kind == MethodKind::Property) =>
                    {
                        None
                    }
                    S::FunctionDef(f) if is_named(&f.name) => {
                        Some(method_kind(f).map_or(Member::Other, |kind| {
                            let qualname = format!("{}.{}", class.name, f.name);
                            let target = FuncRef { module: class.module.clone(), qualname };
                            Member::Method(Method { target, kind })
                        }))
                    }
                    S::ClassDef(c) if is_named(&c.name) => Some(Member::Other),
                    S::Assign { targets, value } if targets.iter().any(|t| names(t, &is_named)) => {
                        Some(match is_plain_value(value) {
                            // Members are found in the class.
                            _ if is_enumeration => Member::Other,
                            true => Member::Value,
                            false if self.is_class_in(class, def, value) => Member::Value,
                            false if self.is_value_of_class(&class.module, value) => Member::Value,
                            false if self.is_made_plainly(&class.module, value) => Member::Value,
                            false => alias(class, def, value).map_or(Member::Other, Member::Method),
                        })
                    }
                    S::AnnAssign { target, value: Some(_), .. } if names(target, &is_named) => {
                        Some(if is_enumeration { Member::Other } else { Member::Value })
                    }
                    S::If { .. } | S::Try { .. } | S::With { .. } | S::For { .. }
                        if binds_inside(stmt, &is_named) =>
                    {
                        Some(Member::Other)
                    }
                    _ => None,
                };
                if let Some(here) = here {
                    found = Some(if found.is_some() { Member::Other } else { here });
                }
            }
            if let Some(found) = found {
                return Some((class.clone(), found));
            }
        }
        // What the library's abstract classes add is not compiled.
        let adds = |class: &&ObjectClass| {
            let (Some(def), Some((_, env))) = (self.class_def(class), self.modules.module(&class.module))
            else {
                return false;
            };
            def.bases.iter().any(|base| {
                super::abstract_bases::members(env, base).is_some_and(|members| members.contains(&name))
            })
        };
        order.iter().find(adds).map(|class| (class.clone(), Member::Other))
    }

    /// A call that makes something which is no descriptor: an instance of a class of the project, or of one of the library
    /// that is known.
    fn is_made_plainly(&self, module: &str, value: &ast::Expr) -> bool {
        let describes = |class: &ObjectClass| {
            ["__get__", "__set__", "__delete__"].iter().any(|name| self.member_of(class, name).is_some())
        };
        // What functions of `math` give are numbers.
        if self.library_call(module, value).is_some_and(|name| name.starts_with("math.")) {
            return true;
        }
        matches!(value.kind, A::Call { .. })
            && match self.literal_type(module, value) {
                Some(Type::Instance(class)) => !describes(&class),
                other => other.is_some(),
            }
    }

    /// The method that `instance.name(…)` calls.
    pub fn method_of(&self, class: &ObjectClass, name: &str) -> Option<Method> {
        match self.member_of(class, name)? {
            Member::Method(method) => Some(method),
            Member::Value | Member::Other => None,
        }
    }

    /// What `instance.name(…)` calls, or a `with` on it, with the name that it has in the class.
    pub fn called_method<'n>(&self, class: &ObjectClass, name: &'n str) -> Option<(&'n str, Method)> {
        let (name, entered) = name.strip_prefix(MANAGER).map_or((name, false), |name| (name, true));
        let method = self.method_of(class, name)?;
        let fits = if entered { method.kind == MethodKind::Manager } else { method.kind.is_called() };
        fits.then_some((name, method))
    }

    /// The function that `instance.name = …` calls, where that is a property which has one.
    pub(super) fn setter_of(&self, class: &ObjectClass, name: &str) -> Option<Method> {
        self.lookups.setter(class, name, || self.find_setter(class, name))
    }

    fn find_setter(&self, class: &ObjectClass, name: &str) -> Option<Method> {
        if self.makes_up_attributes(class, true).is_some() {
            return None;
        }
        let order = self.order(class)?;
        let (owner, Member::Method(method)) = self.member_in(&order, name)? else { return None };
        let def = self.class_def(&owner)?;
        let is_setter = |s: &&Stmt| {
            matches!(&s.kind, S::FunctionDef(f)
            if is_mangled(&owner.name, &f.name, name) && is_accessor(f) && setter(f).is_some())
        };
        if method.kind != MethodKind::Property || def.body.iter().filter(is_setter).count() != 1 {
            return None;
        }
        let target = FuncRef { qualname: setter_name(&method.target.qualname), ..method.target };
        Some(Method { target, kind: MethodKind::Setter })
    }
}

/// `__radd__ = __add__` and `size = property(_size)`: the one function of that name that the class defines.
fn alias(class: &ObjectClass, def: &ast::ClassDef, value: &ast::Expr) -> Option<Method> {
    let (of, kind) = match &value.kind {
        A::Name(of) => (of, MethodKind::Plain),
        _ => (getter(value)?, MethodKind::Property),
    };
    let mut found = None;
    for stmt in &def.body {
        match &stmt.kind {
            S::FunctionDef(f) if f.name == *of => {
                if found.is_some() || method_kind(f) != Some(MethodKind::Plain) {
                    return None;
                }
                let qualname = format!("{}.{of}", class.name);
                let target = FuncRef { module: class.module.clone(), qualname };
                found = Some(Method { target, kind });
            }
            _ if binds_inside(stmt, &|n| n == of.as_str()) => return None,
            _ => {}
        }
    }
    found
}

/// The function that is asked by what `property(…)` makes.
fn getter(value: &ast::Expr) -> Option<&String> {
    let A::Call { func, args, keywords } = &value.kind else { return None };
    let named = || keywords.iter().find(|k| k.name.as_deref() == Some("fget")).map(|k| &k.value);
    match (&func.kind, &args.first().or_else(named)?.kind) {
        (A::Name(name), A::Name(of)) if name == "property" && keywords.iter().all(|k| k.name.is_some()) => {
            Some(of)
        }
        _ => None,
    }
}

/// How a class has the function; `None` where a decorator is not understood.
pub(super) fn method_kind(f: &ast::FunctionDef) -> Option<MethodKind> {
    match f.decorators.as_slice() {
        // These are what they are without being said so.
        [] if f.name == "__new__" => Some(MethodKind::Static),
        [] if matches!(f.name.as_str(), "__init_subclass__" | "__class_getitem__") => None,
        [] => Some(MethodKind::Plain),
        [one] => match &one.kind {
            A::Name(name) if name == "property" => Some(MethodKind::Property),
            A::Name(name) if name == "staticmethod" => Some(MethodKind::Static),
            A::Name(name) if name == "classmethod" => Some(MethodKind::Class),
            A::Name(name) => in_library(name),
            A::Attribute { value, name } if matches!(&value.kind, A::Name(_)) => in_library(name),
            _ => None,
        },
        _ => None,
    }
}

/// What decorators of the library make of a method: which one the name is, is looked at when the code runs.
fn in_library(name: &str) -> Option<MethodKind> {
    match name {
        "cached_property" => Some(MethodKind::Cached),
        "contextmanager" => Some(MethodKind::Manager),
        _ => None,
    }
}

fn names(target: &ast::Expr, is_named: &dyn Fn(&str) -> bool) -> bool {
    match &target.kind {
        A::Name(n) => is_named(n),
        A::Tuple(items) | A::List(items) => items.iter().any(|t| names(t, is_named)),
        _ => false,
    }
}

/// Builtins that make no descriptors.
const VALUES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "dict",
    "float",
    "frozenset",
    "int",
    "len",
    "list",
    "max",
    "min",
    "range",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
];

/// A value that is no descriptor.
fn is_plain_value(value: &ast::Expr) -> bool {
    match &value.kind {
        A::Constant(_) | A::List(_) | A::Dict { .. } | A::Set(_) => true,
        A::ListComp { .. } | A::SetComp { .. } | A::DictComp { .. } | A::JoinedStr(_) | A::Compare { .. } => {
            true
        }
        A::Call { func, .. } => match &func.kind {
            A::Name(name) => VALUES.contains(&name.as_str()),
            A::Attribute { value, name } => {
                name == "fromkeys" && matches!(&value.kind, A::Name(class) if class == "dict")
            }
            _ => false,
        },
        // Whatever stands in it, a tuple is no descriptor.
        A::Tuple(_) => true,
        A::UnaryOp { operand, .. } => is_operand(operand),
        A::BinOp { left, right, .. } => is_operand(left) && is_operand(right),
        _ => false,
    }
}

/// What is computed of names as well, and of attributes: the type of the result is looked at when it is read.
fn is_operand(value: &ast::Expr) -> bool {
    matches!(value.kind, A::Name(_) | A::Attribute { .. }) || is_plain_value(value)
}

fn binds_inside(stmt: &Stmt, is_named: &dyn Fn(&str) -> bool) -> bool {
    let mut found = false;
    each_statement(std::slice::from_ref(stmt), &mut |s| {
        found |= match &s.kind {
            S::FunctionDef(f) => is_named(&f.name),
            S::ClassDef(c) => is_named(&c.name),
            S::Assign { targets, .. } => targets.iter().any(|t| names(t, is_named)),
            S::AnnAssign { target, .. } => names(target, is_named),
            _ => false,
        };
    });
    found
}
