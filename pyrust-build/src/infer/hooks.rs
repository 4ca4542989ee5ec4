//! The methods by which containers compare instances: `x in xs`, `xs.index(x)`, `xs == ys`, `xs.sort()`, heaps.
//!
//! The runtime's containers ask the class of their elements, whose text calls the compiled method. Which one that is the
//! node of the operation knows, so that what stands around it relies on the method.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::solver::Ty;
use super::value::Reached;
use super::{Infer, Live, NARROW, Program};
use crate::hir::visit::each_expr;
use crate::hir::{Expr, ExprKind};
use crate::lower::asked::BY_NAME;
use crate::resolve::Binding;
use crate::ty::{Callee, ObjectClass, Type};

/// What such names begin with.
const HOOK: &str = "hook ";

/// Operations in which elements are compared for equality.
const EQUAL: &[&str] = &["in", "==", "!=", "index", "count", "remove"];

/// In the place of a node: what tables do stands in many of them.
const EVERYWHERE: usize = usize::MAX;

/// The method and the class of a hook.
pub fn hook_of(callee: &Callee) -> Option<(ObjectClass, &str)> {
    let (method, class) = callee.name.strip_prefix(HOOK)?.split_once(' ')?;
    Some((ObjectClass::new(callee.module.clone(), class.to_string()), method))
}

/// What has a class that says what it is equal to, anywhere inside.
fn classes_in(ty: &Type, out: &mut BTreeSet<Type>) {
    match ty {
        Type::Instance(_) => _ = out.insert(ty.clone()),
        Type::Named { class, .. } if class.has_own("__eq__") => _ = out.insert(ty.clone()),
        _ => {}
    }
    ty.parts().for_each(|t| classes_in(t, out));
}

/// The keys.
fn keys_in(ty: &Type, out: &mut BTreeSet<Type>) {
    if let Type::Dict { key, .. } | Type::Set { elem: key, .. } = ty {
        out.insert((**key).clone());
    }
    ty.parts().for_each(|t| keys_in(t, out));
}

/// What is compared inside of a key: parts of tuples, members of unions.
fn keys_inside(key: &Type) -> &[Type] {
    match key {
        Type::Tuple { items, .. } | Type::Named { items, .. } | Type::Union(items) => items,
        Type::VarTuple(item) => std::slice::from_ref(item),
        _ => &[],
    }
}

/// The class of an instance or a named tuple.
fn class_of(ty: &Type) -> Option<Arc<ObjectClass>> {
    match ty {
        Type::Instance(class) => Some(class.clone()),
        Type::Named { class, .. } => Some(class.as_object()),
        _ => None,
    }
}

/// Is it something that others may change?
fn changes(ty: &Type) -> bool {
    match ty {
        Type::List { .. }
        | Type::View(_)
        | Type::Deque { .. }
        | Type::Dict { .. }
        | Type::DictView { .. } => true,
        Type::Set { frozen, .. } => !frozen,
        Type::ByteArray
        | Type::Packed(_)
        | Type::MemView
        | Type::Array(..)
        | Type::Obj
        | Type::Iter(_)
        | Type::Cell(_) => true,
        Type::Function(_) | Type::Inner(_) | Type::Closure { .. } | Type::Foreign(_) => true,
        _ => false,
    }
}

impl Program<'_> {
    /// Are the instances keys that native tables may hash and compare? A hash is that of the moment at which a key was put
    /// in: no instance may change meanwhile, so `@dataclass` made both methods and the instances refuse to change, or
    /// the hash is [`Program::is_steady`].
    fn is_made_key(&self, class: &ObjectClass) -> bool {
        !self.thawed.contains(&self.topmost(class))
            && ["__eq__", "__hash__"].iter().all(|name| self.special_method(class, name).is_some())
    }

    /// Does Python run code of a class to hash or compare such a key?
    pub(super) fn runs_as_key(&self, key: &Type) -> bool {
        match key {
            Type::Instance(class) => self.hashes_itself(class),
            Type::Named { class, .. } if class.hashes_itself() => true,
            key => keys_inside(key).iter().any(|t| self.runs_as_key(t)),
        }
    }

    /// Did `@dataclass` make the method, for instances that refuse to change?
    fn is_frozen(&self, class: &ObjectClass) -> bool {
        let made = |name: &str| {
            self.special_method(class, name).is_some_and(|method| {
                let env = self.modules.module(&method.target.module).map(|(_, env)| env);
                env.is_some_and(|env| env.made.contains_key(&method.target.qualname))
            })
        };
        made("__eq__") && made("__hash__") && !self.stores_generically(class)
    }

    /// Does such a `__hash__` give the same each time? It reads attributes that functions assign only where instances are
    /// made, and nothing that changes otherwise.
    fn is_steady(&self, instance: usize) -> bool {
        self.reachable(instance).into_iter().all(|i| {
            let found = &self.instances[i];
            let mut steady = !self.uses(i, &|ty| ty.any(&changes));
            each_expr(&found.hir.body, &mut |e| {
                steady &= match &e.kind {
                    ExprKind::Method { name, .. } if name == BY_NAME => false,
                    ExprKind::Method { base, name, .. } => {
                        let of = found.nodes.get(base.id).cloned().unwrap_or(Type::Never);
                        name.strip_prefix("attribute ").is_none_or(|name| {
                            !of.members().iter().any(|m| match m {
                                Type::Instance(class) => {
                                    self.reassigned.contains(&(self.topmost(class), name.to_string()))
                                }
                                _ => false,
                            })
                        })
                    }
                    ExprKind::Global(name) => {
                        let module = &found.func.module;
                        matches!(self.binding(module, name), Some((_, Binding::Class | Binding::Function)))
                    }
                    // Of the library's functions only those of numbers are known to give the same each time.
                    ExprKind::Call { name, .. } => {
                        let bound = self.binding(&found.func.module, name);
                        matches!(bound, None | Some((_, Binding::Class | Binding::Function)))
                    }
                    ExprKind::ModuleCall { module, .. } => module == "math",
                    ExprKind::ModuleAttr { .. } => false,
                    _ => true,
                };
            });
            steady
        })
    }

    /// Does the instance use a value of such a type? A named tuple of which it reads fields is not used as a whole.
    fn uses(&self, instance: usize, is_such: &dyn Fn(&Type) -> bool) -> bool {
        let found = &self.instances[instance];
        let mut read = BTreeSet::new();
        each_expr(&found.hir.body, &mut |e| match &e.kind {
            ExprKind::Index { base, .. } => _ = read.insert(base.id),
            ExprKind::Method { base, name, .. } if name.starts_with("attribute ") => _ = read.insert(base.id),
            _ => {}
        });
        let is_read = |node: usize, ty: &Type| read.contains(&node) && matches!(ty, Type::Named { .. });
        found.nodes.iter().enumerate().any(|(node, ty)| !is_read(node, ty) && is_such(ty))
    }

    /// Is it ordered by methods, or what is inside of it: by more than one order?
    pub fn orders_by_methods(&self, ty: &Type) -> bool {
        match ty {
            Type::Instance(class) => class.own == 0 && self.stands_for(class).is_none(),
            Type::Named { class, items } => {
                ["==", "<", "<="].iter().any(|op| class.compares_itself(op))
                    || items.iter().any(|t| self.orders_by_methods(t))
            }
            Type::Tuple { items, .. } => items.iter().any(|t| self.orders_by_methods(t)),
            _ => false,
        }
    }

    /// May `==` run code of a class?
    pub fn may_run_when_compared(&self, ty: &Type) -> bool {
        ty.any(&|t| match t {
            Type::Instance(class) => self.member_of(class, "__eq__").is_some(),
            Type::Named { class, .. } => class.has_own("__eq__"),
            Type::Obj => true,
            _ => false,
        })
    }

    /// May containers call the instance? It has no effect, and where it orders it sees no list, which may be the one that
    /// is being sorted.
    pub fn can_be_hooked(&self, class: &ObjectClass, instance: usize, name: &str) -> bool {
        let found = &self.instances[instance];
        let ret = if name == "__hash__" { Type::Int } else { Type::Bool };
        if found.ret != ret || found.writes || found.refused() || found.hir.yields.is_some() {
            return false;
        }
        if name == "__hash__" && !self.is_frozen(class) && !self.is_steady(instance) {
            return false;
        }
        let lists = |ty: &Type| {
            ty.any(&|t| matches!(t, Type::List { .. } | Type::View(_) | Type::Deque { .. } | Type::Obj))
        };
        !matches!(name, "__lt__" | "__gt__")
            || !self.reachable(instance).into_iter().any(|i| self.uses(i, &lists))
    }
}

impl Program<'_> {
    /// Has the class `__lt__` alone, so that `a > b` of two of its instances is `b < a`?
    pub fn is_greater_by_less(&self, ty: &Type) -> bool {
        let Type::Instance(class) = ty else { return false };
        self.member_of(class, "__gt__").is_none() && self.member_of(class, "__lt__").is_some()
    }
}

impl Infer<'_, '_> {
    /// An operation of the table on values of these types compares what is inside of them.
    pub(super) fn compares_inside(&mut self, node: usize, name: &str, types: &[Type]) {
        let name = name.rsplit_once('.').map_or(name, |(_, method)| method);
        if !EQUAL.contains(&name) {
            return;
        }
        let mut classes = BTreeSet::new();
        types.iter().for_each(|ty| classes_in(ty, &mut classes));
        for ty in classes {
            self.hook(node, &ty, "__eq__");
        }
    }

    /// Can native tables call the methods of such keys, and of what is inside of them?
    fn is_asked(&mut self, node: usize, key: &Type) -> bool {
        match key {
            Type::Instance(class) => {
                self.program.is_made_key(class)
                    && ["__eq__", "__hash__"].iter().all(|name| self.hook(node, key, name))
            }
            Type::Named { class, .. } if class.hashes_itself() => {
                self.hook(node, key, "__hash__")
                    && (!class.has_own("__eq__") || self.hook(node, key, "__eq__"))
            }
            key => {
                let inside = |t: &&Type| t.any(&|t| self.program.runs_as_key(t));
                let inside: Vec<Type> = keys_inside(key).iter().filter(inside).cloned().collect();
                !inside.is_empty() && inside.iter().all(|t| self.is_asked(node, t))
            }
        }
    }

    /// Is a dict or set of these asked for a key whose own methods native tables cannot call?
    pub(super) fn asks_keys(&mut self, types: &[Type]) -> bool {
        types.iter().any(|ty| match ty {
            Type::Dict { key, .. } | Type::Set { elem: key, .. } => {
                let is = |m: &Type, k: &Type| m == k || m.same_kind(k) && !matches!(m, Type::Instance(_));
                let runs = |k: &Type| self.program.runs_as_key(k);
                let is_key = |m: &Type| key.members().iter().any(|k| is(m, k) && runs(k));
                types.iter().any(|t| t.members().iter().any(is_key)) && !self.is_asked(EVERYWHERE, key)
            }
            _ => false,
        })
    }

    /// Is the hash of such values known?
    pub(super) fn hashes(&mut self, node: usize, ty: &Type) -> bool {
        match ty {
            Type::Named { class, .. } if class.hashes_itself() => self.hook(node, ty, "__hash__"),
            Type::Tuple { items, .. } | Type::Named { items, .. } | Type::Union(items) => {
                items.iter().all(|item| self.hashes(node, item))
            }
            Type::VarTuple(item) => **item == Type::Never || self.hashes(node, item),
            Type::Instance(class) => {
                class.own == 0 && (self.program.enumeration(class).is_some() || self.is_asked(node, ty))
            }
            Type::Set { elem, frozen: true, .. } => **elem == Type::Never || self.hashes(node, elem),
            Type::Big => true,
            other => other.has_plain_hash(),
        }
    }

    /// The keys that run code of their classes, which native tables can call.
    pub(super) fn keyed<'t>(&mut self, types: impl Iterator<Item = &'t Type>) -> BTreeSet<Type> {
        let mut found = BTreeSet::new();
        types.for_each(|ty| keys_in(ty, &mut found));
        found.retain(|key| self.program.runs_as_key(key) && self.is_asked(EVERYWHERE, key));
        found
    }

    /// Are these values whose classes say how they are ordered, or that have such inside, and can containers ask them?
    pub(super) fn orders_itself(&mut self, e: &Expr, elem: &Ty, op: &'static str) -> bool {
        let Some(ty) = self.state.solver.resolve(elem).filter(|ty| self.program.orders_by_methods(ty)) else {
            return false;
        };
        if op == ">" && self.program.is_greater_by_less(&ty) {
            return self.hook(e.id, &ty, "__lt__");
        }
        self.ordered(e, elem, op)
    }

    /// Of tuples those items decide that are the first ones not to be equal.
    fn ordered(&mut self, e: &Expr, elem: &Ty, op: &'static str) -> bool {
        let Some(ty) = self.state.solver.resolve(elem) else { return false };
        let method = if op == "<" { "__lt__" } else { "__gt__" };
        match elem {
            Ty::Instance(_) => self.hook(e.id, &ty, method),
            Ty::Named(class, _) if class.has_own(method) => self.hook(e.id, &ty, method),
            Ty::Named(_, items) | Ty::Tuple(items, _) => {
                for (i, item) in items.clone().iter().enumerate() {
                    self.comparable_inside(e, "==", item, item);
                    let Some(ty) = self.state.solver.resolve(item) else { continue };
                    if i > 0 && self.has_no_order(&ty) {
                        continue;
                    }
                    if !self.program.orders_by_methods(&ty) {
                        self.comparable(e, op, item, item);
                    } else if !self.ordered(e, item, op) {
                        return false;
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// What has no order raises where it comes to that.
    pub(super) fn has_no_order(&self, ty: &Type) -> bool {
        let lacks = |class: &ObjectClass| {
            ["__lt__", "__gt__"].iter().all(|name| self.program.member_of(class, name).is_none())
        };
        match ty {
            Type::None | Type::Dict { .. } | Type::Complex | Type::Obj => true,
            Type::Function(_) | Type::Range => true,
            Type::Foreign(class) => !class.is_value(),
            Type::Union(members) => members.iter().all(|member| self.has_no_order(member)),
            Type::Instance(class) => self.program.enumeration(class).is_none() && lacks(class),
            _ => false,
        }
    }

    /// Does the class say what two such values are equal to, where containers ask?
    pub(super) fn equals_itself(&mut self, e: &Expr, a: &Ty, b: &Ty) -> bool {
        let joined = self.state.solver.join(a, b);
        let Some(ty) = self.state.solver.resolve(&joined) else { return false };
        class_of(&ty).is_some() && self.hook(e.id, &ty, "__eq__")
    }

    /// False where the class has no such method, or one that containers cannot call.
    fn hook(&mut self, node: usize, ty: &Type, name: &'static str) -> bool {
        let Some(class) = class_of(ty) else { return false };
        let Some(method) = self.program.special_method(&class, name) else { return false };
        if class.own != 0 {
            // Records are compared by identity alone.
            self.program.own.loses(&class);
            return true;
        }
        let named = matches!(ty, Type::Named { .. });
        if named && ty.any(&|t| *t == Type::Never) {
            // Of an empty container, until more is known.
            return true;
        }
        let operands = vec![ty.clone(); if name == "__hash__" { 1 } else { 2 }];
        if !self.program.lowered(&method.target).is_ok_and(|hir| hir.params.len() == operands.len()) {
            return false;
        }
        // What is asked here goes beyond what callers see of a function.
        self.program.looks_inside = true;
        let asked = self.program.request(&method.target, operands, Live::default(), NARROW);
        let Ok(instance) = asked else { return false };
        let found = &self.program.instances[instance];
        if found.refused() || found.writes {
            return false;
        }
        // The runtime finds the function by the types of the fields.
        let fits = !named || found.params.iter().all(|t| t == ty);
        if !fits || (named && self.report && !self.program.can_be_hooked(&class, instance, name)) {
            return false;
        }
        if name == "__hash__" && !self.program.is_frozen(&class) && !self.program.is_steady(instance) {
            return false;
        }
        let callee = Callee { module: class.module.clone(), name: format!("{HOOK}{name} {}", class.name) };
        let reached = self.values.entry(node).or_default();
        let found = Reached { callee, instance, spread: None };
        if named {
            reached.retain(|r| *r != found);
        } else {
            reached.retain(|r| r.callee != found.callee);
        }
        reached.push(found);
        true
    }
}
