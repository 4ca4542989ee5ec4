//! Attributes that a class fills otherwise than those above it, whose `__init__` it does not call.
//!
//! What is known of an attribute is shared by all classes below one. Where `Grid` keeps an array under a name and
//! `Rows(Grid)` a list of arrays, no instance ever has both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{FuncRef, Program};
use crate::ast::{self, BinOp, Constant, ExprKind as A, StmtKind as S};
use crate::resolve::mangled;
use crate::ty::{ObjectClass, Type};
use crate::walk::each_statement;

/// Builtin classes whose calls say what they make.
const MAKERS: &[&str] =
    &["bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"];

/// By attribute; `None` where it is filled with several kinds of things, or with what the text does not say.
pub(super) type Filled = BTreeMap<String, Option<&'static str>>;

/// What a method stores in attributes of its own instance: their names, and the values where there are some.
fn each_own(f: &ast::FunctionDef, see: &mut dyn FnMut(&str, Option<&ast::Expr>)) {
    let Some(own) = f.params.in_frame_order().next().map(|p| p.name.as_str()) else { return };
    each_statement(&f.body, &mut |stmt| {
        let (targets, value) = match &stmt.kind {
            S::Assign { targets, value } => (targets.iter().collect::<Vec<_>>(), Some(value)),
            S::AnnAssign { target, value, .. } => (vec![target], value.as_ref()),
            _ => return,
        };
        for target in targets {
            if let A::Attribute { value: base, name } = &target.kind
                && matches!(&base.kind, A::Name(n) if n == own)
            {
                see(name, value);
            }
        }
    });
}

/// Something of that kind is stored under the name.
fn fill(found: &mut Filled, name: String, kind: Option<&'static str>) {
    let known = found.entry(name).or_insert(kind);
    if *known != kind {
        *known = None;
    }
}

impl Program<'_> {
    /// The class that shares what is known of the attribute with those below it, if that is not the topmost one.
    pub(super) fn apart(&self, class: &ObjectClass, name: &str) -> Option<ObjectClass> {
        self.lookups.apart(class, name, || {
            let Some(order) = self.order(class).filter(|order| order.len() > 1) else {
                return BTreeMap::new();
            };
            let mut found = BTreeMap::new();
            for (at, own) in order.iter().enumerate() {
                let above = &order[at + 1..];
                for (name, kind) in self.filled_alone(own) {
                    let filled = |class| self.filled_by(class, true).get(&name).copied();
                    let differs = above.iter().filter_map(filled).collect::<Vec<_>>();
                    let known = kind.is_some() && !differs.is_empty();
                    let apart = known && differs.iter().all(|other| other.is_some() && *other != kind);
                    let elsewhere =
                        above.iter().any(|class| self.filled_by(class, false).contains_key(&name));
                    if apart && !elsewhere {
                        found.entry(name).or_insert_with(|| own.clone());
                    }
                }
            }
            self.unlike_siblings(&order, &mut found);
            found
        })
    }

    /// Classes beside each other that keep different kinds of things under one name, of which those above say nothing: the
    /// `value` of a number and of an assignment, both nodes.
    fn unlike_siblings(&self, order: &[ObjectClass], found: &mut BTreeMap<String, ObjectClass>) {
        let Some(root) = order.last() else { return };
        for (at, own) in order.iter().enumerate() {
            let mine = self.kept_kinds(own);
            if mine.values().all(Option::is_none) {
                continue;
            }
            let Some((_, env)) = self.modules.module(&own.module) else { continue };
            let beside = |class: &ObjectClass| {
                self.order(class).is_some_and(|order| order.last() == Some(root) && !order.contains(own))
            };
            let all = env.all_classes.keys().map(|name| ObjectClass::new(own.module.clone(), name.clone()));
            let siblings: Vec<_> = all.filter(beside).map(|class| self.kept_kinds(&class)).collect();
            for (name, kind) in mine.iter() {
                let differs = |other: &Filled| matches!((other.get(name), kind), (Some(Some(other)), Some(kind)) if other != kind);
                let above = order[at + 1..].iter().any(|class| self.kept_kinds(class).contains_key(name));
                if !above && siblings.iter().any(|other| differs(other)) {
                    found.entry(name.clone()).or_insert_with(|| own.clone());
                }
            }
        }
    }

    /// What kinds of things the methods of a class store in attributes of its own instances; `None` where that is not
    /// known, or several.
    fn kept_kinds(&self, class: &ObjectClass) -> Arc<Filled> {
        self.lookups.kinds(class, || {
            let mut found = Filled::new();
            for f in self.methods_of(class) {
                let qualname = format!("{}.{}", class.name, f.name);
                let func = FuncRef { module: class.module.clone(), qualname };
                let kind = |value: &ast::Expr| match &value.kind {
                    A::Name(param) => {
                        let at = f.params.in_frame_order().position(|p| p.name == *param)?;
                        self.recorded_kind(&func, at)
                    }
                    A::Call { func, .. }
                        if matches!(&func.kind, A::Name(name)
                            if self.object_class(&class.module, name).is_some()) =>
                    {
                        Some("instance")
                    }
                    _ => self.kind_of(&class.module, value),
                };
                each_own(f, &mut |name, value| {
                    // What is there before something else is.
                    if !value.is_some_and(|v| matches!(v.kind, A::Constant(Constant::None))) {
                        fill(&mut found, mangled(&class.name, name), value.and_then(kind));
                    }
                });
            }
            found
        })
    }

    /// The kind of what a parameter was seen to be, if that was always one, or None.
    fn recorded_kind(&self, func: &FuncRef, at: usize) -> Option<&'static str> {
        let mut kinds = BTreeSet::new();
        for types in self.hints.get(func)? {
            for member in types.get(at)?.members() {
                kinds.insert(match member {
                    Type::None => continue,
                    Type::Bool => "bool",
                    Type::Int | Type::Big => "int",
                    Type::Float => "float",
                    Type::Str | Type::Char => "str",
                    Type::Bytes => "bytes",
                    Type::List { .. } => "list",
                    Type::Dict { .. } => "dict",
                    Type::Set { .. } => "set",
                    Type::Tuple { .. } | Type::VarTuple(_) => "tuple",
                    Type::Instance(_) => "instance",
                    _ => return None,
                });
            }
        }
        kinds.pop_first().filter(|_| kinds.is_empty())
    }

    /// What is known of the attributes of a class's instances, by their names.
    pub fn known_attributes(&self, class: &ObjectClass) -> impl Iterator<Item = (&String, &Type)> {
        // They stand under one of these; under which one is asked for those few only.
        let order = self.order(class).unwrap_or_else(|| vec![class.clone()]);
        // Behind the name may stand a number: see `own::is_of_objects`.
        let near = move |module: &str, root: &str| {
            let of = |name: &str| root.strip_prefix(name).is_some_and(|r| r.is_empty() || r.starts_with('.'));
            order.iter().any(|class| class.module == module && of(&class.name))
        };
        self.attributes
            .iter()
            .filter(move |(key, _)| near(&key.0, &key.1) && self.attribute_key(class, &key.2) == **key)
            .map(|(key, ty)| (&key.2, ty))
    }

    /// What the `__init__` of a class fills that calls no other one.
    fn filled_alone(&self, class: &ObjectClass) -> Filled {
        let calls_other = |f: &ast::FunctionDef| {
            let mut found = false;
            each_statement(&f.body, &mut |stmt| {
                let (S::Expr(e) | S::Assign { value: e, .. } | S::Return(Some(e))) = &stmt.kind else {
                    return;
                };
                if let A::Call { func, .. } = &e.kind {
                    found |= matches!(&func.kind, A::Attribute { name, .. } if name == "__init__");
                }
            });
            found
        };
        match self.methods_of(class).iter().find(|f| f.name == "__init__") {
            Some(f) if !calls_other(f) => self.filled_by(class, true),
            _ => Filled::new(),
        }
    }

    /// What the text of a class stores in attributes of its own instances: in `__init__`, or in all other methods.
    fn filled_by(&self, class: &ObjectClass, in_init: bool) -> Filled {
        let mut found = Filled::new();
        for f in self.methods_of(class).into_iter().filter(|f| (f.name == "__init__") == in_init) {
            each_own(f, &mut |name, value| {
                let kind = value.and_then(|value| self.kind_of(&class.module, value));
                fill(&mut found, name.to_string(), kind);
            });
        }
        found
    }

    fn methods_of(&self, class: &ObjectClass) -> Vec<&ast::FunctionDef> {
        let def = self.modules.module(&class.module).and_then(|(_, env)| env.all_classes.get(&class.name));
        let body = def.map(|def| def.body.as_slice()).unwrap_or_default();
        let method = |stmt| match stmt {
            &ast::Stmt { kind: S::FunctionDef(ref f), .. } => Some(&**f),
            _ => None,
        };
        body.iter().filter_map(method).collect()
    }

    /// What class of things an expression makes, where it is written down.
    fn kind_of(&self, module: &str, value: &ast::Expr) -> Option<&'static str> {
        if self.array_made(module, value).is_some() {
            return Some("array");
        }
        Some(match &value.kind {
            A::List(_) | A::ListComp { .. } => "list",
            A::Dict { .. } | A::DictComp { .. } => "dict",
            A::Set(_) | A::SetComp { .. } => "set",
            A::Tuple(_) => "tuple",
            A::JoinedStr(_) | A::Constant(Constant::Str(_)) => "str",
            A::Constant(Constant::Bytes(_)) => "bytes",
            A::Constant(Constant::True | Constant::False) => "bool",
            A::Constant(Constant::Int(_)) => "int",
            A::Constant(Constant::Float(_)) => "float",
            A::BinOp { left, op: BinOp::Mult, right } => {
                let list =
                    |e: &ast::Expr| self.kind_of(module, e).filter(|kind| matches!(*kind, "list" | "str"));
                return list(left).or_else(|| list(right));
            }
            A::Call { func, .. } => {
                let A::Name(name) = &func.kind else { return None };
                return MAKERS.iter().copied().find(|made| made == name && !self.binds(module, name));
            }
            _ => return None,
        })
    }
}
