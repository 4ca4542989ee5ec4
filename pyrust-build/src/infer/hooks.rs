//! The methods by which containers compare instances: `x in xs`, `xs.index(x)`, `xs == ys`, `xs.sort()`, heaps.
//!
//! The runtime's containers ask the class of their elements, whose text calls the compiled method. Which one that is the
//! node of the operation knows, so that what stands around it relies on the method.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::solver::Ty;
use super::value::Reached;
use super::{Infer, Live, NARROW, Program};
use crate::hir::ExprKind;
use crate::hir::visit::each_expr;
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

fn classes_in(ty: &Type, out: &mut Vec<Arc<ObjectClass>>) {
    if let Type::Instance(class) = ty
        && !out.contains(class)
    {
        out.push(class.clone());
    }
    ty.parts().into_iter().for_each(|t| classes_in(t, out));
}

/// The classes of keys.
fn keys_in(ty: &Type, out: &mut BTreeSet<Arc<ObjectClass>>) {
    if let Type::Dict { key, .. } | Type::Set { elem: key, .. } = ty
        && let Type::Instance(class) = &**key
    {
        out.insert(class.clone());
    }
    ty.parts().into_iter().for_each(|t| keys_in(t, out));
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
        Type::ByteArray | Type::MemView | Type::Array(..) | Type::Obj | Type::Iter(_) | Type::Cell(_) => true,
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
            let mut steady = !found.nodes.iter().any(|ty| ty.any(&changes));
            each_expr(&found.hir.body, &mut |e| {
                steady &= match &e.kind {
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
        name != "__lt__"
            || !self.reachable(instance).into_iter().any(|i| self.instances[i].nodes.iter().any(lists))
    }
}

impl Infer<'_, '_> {
    /// An operation of the table on values of these types compares what is inside of them.
    pub(super) fn compares_inside(&mut self, node: usize, name: &str, types: &[Type]) {
        let name = name.rsplit_once('.').map_or(name, |(_, method)| method);
        if !EQUAL.contains(&name) {
            return;
        }
        let mut classes = Vec::new();
        types.iter().for_each(|ty| classes_in(ty, &mut classes));
        for class in classes {
            self.hook(node, &class, "__eq__");
        }
    }

    /// Can native tables call the methods of keys of that class?
    fn is_asked(&mut self, node: usize, class: &Arc<ObjectClass>) -> bool {
        self.program.is_made_key(class)
            && ["__eq__", "__hash__"].iter().all(|name| self.hook(node, class, name))
    }

    /// Is a dict or set of these asked for a key whose own methods native tables cannot call?
    pub(super) fn asks_keys(&mut self, types: &[Type]) -> bool {
        types.iter().any(|ty| match ty {
            Type::Dict { key, .. } | Type::Set { elem: key, .. } => match &**key {
                Type::Named { class, .. } => {
                    class.hashes_itself()
                        && types.iter().any(|t| t.members().iter().any(|m| m.same_kind(key)))
                }
                Type::Instance(class) => {
                    types.iter().any(|t| t.members().contains(key))
                        && self.program.hashes_itself(class)
                        && !self.is_asked(EVERYWHERE, class)
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// Is the hash of such values known?
    pub(super) fn hashes(&mut self, node: usize, ty: &Type) -> bool {
        match ty {
            Type::Named { class, .. } if class.hashes_itself() => false,
            Type::Tuple { items, .. } | Type::Named { items, .. } | Type::Union(items) => {
                items.iter().all(|item| self.hashes(node, item))
            }
            Type::VarTuple(item) => **item == Type::Never || self.hashes(node, item),
            Type::Instance(class) => {
                class.own == 0 && (self.program.enumeration(class).is_some() || self.is_asked(node, class))
            }
            other => other.has_plain_hash(),
        }
    }

    /// The classes of keys that say themselves what they are equal to, and whose methods native tables can call.
    pub(super) fn keyed<'t>(&mut self, types: impl Iterator<Item = &'t Type>) -> BTreeSet<Arc<ObjectClass>> {
        let mut found = BTreeSet::new();
        types.for_each(|ty| keys_in(ty, &mut found));
        found.retain(|class| self.program.hashes_itself(class) && self.is_asked(EVERYWHERE, class));
        found
    }

    /// Are these instances of a class that says itself how they are ordered?
    pub(super) fn orders_itself(&mut self, node: usize, elem: &Ty) -> bool {
        let Ty::Instance(class) = elem else { return false };
        self.hook(node, &class.clone(), "__lt__")
    }

    /// False where the class has no such method, or one that containers cannot call.
    fn hook(&mut self, node: usize, class: &Arc<ObjectClass>, name: &'static str) -> bool {
        let Some(method) = self.program.special_method(class, name) else { return false };
        if class.own != 0 {
            // Records are compared by identity alone.
            self.program.own.loses(class);
            return true;
        }
        let operands = vec![Type::Instance(class.clone()); if name == "__hash__" { 1 } else { 2 }];
        if !self.program.lowered(&method.target).is_ok_and(|hir| hir.params.len() == operands.len()) {
            return false;
        }
        let asked = self.program.request(&method.target, operands, Live::default(), NARROW);
        let Ok(instance) = asked else { return false };
        if self.program.instances[instance].refused() || self.program.instances[instance].writes {
            return false;
        }
        if name == "__hash__" && !self.program.is_frozen(class) && !self.program.is_steady(instance) {
            return false;
        }
        let callee = Callee { module: class.module.clone(), name: format!("{HOOK}{name} {}", class.name) };
        let reached = self.values.entry(node).or_default();
        reached.retain(|r| r.callee != callee);
        reached.push(Reached { callee, instance });
        true
    }
}
