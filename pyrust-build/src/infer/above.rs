//! The classes above a class, and what `super()` finds there.

use std::sync::Arc;

use super::members::{Member, Method, MethodKind};
use super::named::is_library;
use super::solver::Ty;
use super::value::Reached;
use super::{Guard, Infer, Program, bases, exceptions};
use crate::ast::{self, ExprKind as A};
use crate::hir::Expr;
use crate::lower::above::Above;
use crate::resolve::{Binding, ModuleEnv};
use crate::ty::{Base, Below, Callee, ObjectClass};

/// Classes above a class, at most.
const MAX_BASES: usize = 16;

/// What `super().name` stands for.
pub enum Next {
    /// The method, and the class that has it.
    Method(ObjectClass, Method),
    /// What `object` has.
    OfObject,
}

impl Program<'_> {
    /// The class and those above it, nearest first; none where one of them is not of the project.
    pub(super) fn order(&self, class: &ObjectClass) -> Option<Vec<ObjectClass>> {
        let mut out = self.lookups.order(class, || {
            let mut out = Vec::new();
            self.order_into((&class.module, &class.name), MAX_BASES, &mut out)?;
            let base = Below { container: self.base_of(&out), exception: self.has_exception(&out) };
            out.iter_mut().for_each(|c| c.base = base);
            Some(out)
        })?;
        out.iter_mut().for_each(|c| c.own = class.own);
        Some(out)
    }

    /// What is below all that the text of the class and those above it says.
    pub(super) fn base_of(&self, order: &[ObjectClass]) -> Option<Base> {
        order.iter().find_map(|class| {
            let (_, env) = self.modules.module(&class.module)?;
            self.class_def(class)?.bases.iter().find_map(|base| bases::builtin(env, base))
        })
    }

    /// `depth`: how far it goes up; in the text a class may stand above itself, where its name stood for another one.
    fn order_into(
        &self,
        (module, name): (&str, &str),
        depth: usize,
        out: &mut Vec<ObjectClass>,
    ) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let (_, env) = self.modules.module(module)?;
        let def = env.all_classes.get(name)?;
        let plain = |k| is_plain_metaclass(env, k) || is_for_init_subclass(k);
        if !def.keywords.iter().all(plain) || out.len() > MAX_BASES {
            return None;
        }
        // A class that stands above several comes last.
        out.retain(|c| !(c.module == module && c.name == name));
        out.push(ObjectClass::new(module.to_string(), name.to_string()));
        for base in &def.bases {
            if is_empty_base(env, base)
                || super::abstract_bases::members(env, base).is_some()
                || super::enums::is_base(env, base)
                || bases::builtin(env, base).is_some()
                || exceptions::is_builtin(env, base)
            {
                continue;
            }
            // `Box[int]` stands for `Box`.
            let named = match &base.kind {
                A::Subscript { value, .. } => &value.kind,
                named => named,
            };
            let base = &match named {
                A::Name(base) => base.clone(),
                A::Attribute { value, name: inner } => {
                    let A::Name(outer) = &value.kind else { return None };
                    if let Some(home) = self.project_module(module, outer) {
                        let own = self.name_in(module, &home, inner);
                        self.order_into((&home, &own), depth, out)?;
                        continue;
                    }
                    format!("{outer}.{inner}")
                }
                _ => return None,
            };
            // What stands in the same class comes first.
            let beside = name.rsplit_once('.').map(|(outer, _)| format!("{outer}.{base}"));
            let beside = beside.filter(|beside| env.bindings.contains_key(beside));
            let base = beside.as_ref().unwrap_or(base);
            match self.binding(module, base) {
                Some((home, Binding::Class)) => {
                    let own = self.name_in(module, &home, base);
                    self.order_into((&home, &own), depth, out)?;
                }
                None if base == "object" && !self.binds(module, base) => {}
                // What members of an enumeration are besides.
                None if matches!(base.as_str(), "int" | "str")
                    && !self.binds(module, base)
                    && self.has_members(module, def) => {}
                _ => return None,
            }
        }
        Some(())
    }

    /// What `super().name` in a method of `class` is for an instance of `of`; `None` where the text does not tell.
    pub fn next_above(&self, of: &ObjectClass, class: &ObjectClass, name: &str) -> Option<Next> {
        let order = self.order(of)?;
        let at = order.iter().position(|c| c.is(class))?;
        match self.member_in(&order[at + 1..], name) {
            Some((owner, Member::Method(method))) => match method.kind {
                MethodKind::Plain | MethodKind::Static => Some(Next::Method(owner, method)),
                MethodKind::Special
                | MethodKind::Property
                | MethodKind::Setter
                | MethodKind::Cached
                | MethodKind::Class
                | MethodKind::Manager => None,
            },
            Some((_, Member::Value | Member::Other)) => None,
            None => Some(Next::OfObject),
        }
    }

    /// What must hold of the function that `super()` finds.
    pub fn guard_above(owner: &ObjectClass, name: &str, method: &Method) -> Guard {
        Guard::Function { name: format!("{}.{name}", owner.name), target: method.target.clone() }
    }
}

/// A class that gives instances nothing, and makes them no other way.
fn is_empty_base(env: &ModuleEnv, base: &ast::Expr) -> bool {
    match &base.kind {
        A::Subscript { value, .. } => is_library(env, value, "typing", "Generic"),
        _ => is_library(env, base, "abc", "ABC"),
    }
}

/// `metaclass=ABCMeta`, which changes nothing for instances.
fn is_plain_metaclass(env: &ModuleEnv, keyword: &ast::Keyword) -> bool {
    keyword.name.as_deref() == Some("metaclass") && is_library(env, &keyword.value, "abc", "ABCMeta")
}

/// `class Circle(Shape, kind="round")`: what `__init_subclass__` is given, which runs when the class is made. A metaclass
/// of the library's takes none but that of flags.
fn is_for_init_subclass(keyword: &ast::Keyword) -> bool {
    keyword.name.as_deref().is_some_and(|name| !matches!(name, "metaclass" | "boundary"))
}

/// The name under which a node knows which function a `super()` reached for instances of the class.
pub fn callee_above(of: &ObjectClass, name: &str) -> Callee {
    Callee { module: of.module.clone(), name: format!("super {} {name}", of.name) }
}

impl Infer<'_, '_> {
    /// `super().name(…)`
    pub(super) fn call_above(
        &mut self,
        e: &Expr,
        base: &Expr,
        above: &Above<'_>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let name = above.name;
        self.called_through(name, Some(base));
        let base = self.expr(base);
        let Some(class) = self.program.object_class(&self.func.module, above.class) else {
            let message =
                format!("`super()` in `{}`, whose bases are not all known, is not supported", above.class);
            return self.refuse("PYR0336", e.span, message);
        };
        if above.inside.is_empty() {
            self.guards.insert(Guard::Value(above.class.to_string()));
        }
        let mut out = Ty::Never;
        for member in base.members().to_vec() {
            let of = match &member {
                Ty::Instance(of) => Some(of.clone()),
                // In a `__new__`.
                Ty::Function(callees) if name == "__new__" => self.program.class_of_value(callees),
                _ => None,
            };
            let Some(of) = &of else {
                let message = format!("`super()` of `{}` is not supported", self.show(&member));
                return self.refuse("PYR0336", e.span, message);
            };
            match self.program.next_above(of, &class, name) {
                Some(Next::OfObject) if let ("__new__", [class], []) = (name, args, keywords) => {
                    let ty = self.allocate(e, class);
                    out = self.state.solver.join(&out, &ty);
                }
                Some(Next::Method(owner, method)) if !above.named => {
                    let ty = self.method_above(e, (of, &owner, name, &method), args, keywords);
                    out = self.state.solver.join(&out, &ty);
                }
                Some(Next::OfObject)
                    if name == "__init__" && args.is_empty() && keywords.is_empty() && !of.base.exception =>
                {
                    let slot = self.state.nodes[e.id];
                    self.state.solver.flow(&Ty::None, slot);
                    out = self.state.solver.join(&out, &Ty::None);
                }
                Some(Next::OfObject)
                    if name == "__init__" && of.base.exception && !above.inside.is_empty() =>
                {
                    let ty = self.init_exception(e, of, args, keywords);
                    out = self.state.solver.join(&out, &ty);
                }
                Some(_) | None => {
                    let message = format!("`super().{name}` of `{}.{}` is not known", of.module, of.name);
                    return self.refuse("PYR0336", e.span, message);
                }
            }
        }
        out
    }

    fn method_above(
        &mut self,
        e: &Expr,
        (of, owner, name, method): (&Arc<ObjectClass>, &ObjectClass, &str, &Method),
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let mut given: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
        if method.kind != MethodKind::Static {
            given.insert(0, Ty::Instance(of.clone()));
        }
        let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        let guard = Program::guard_above(owner, name, method);
        self.guards.insert(Guard::Elsewhere { module: owner.module.clone(), guard: Box::new(guard) });
        match self.bound_call(e, &method.target, &given, keywords, &named, true) {
            Ok(Some(instance)) => {
                let callee = callee_above(of, name);
                let reached = self.values.entry(e.id).or_default();
                if !reached.iter().any(|r| r.callee == callee) {
                    reached.push(Reached { callee, instance, spread: None });
                }
                let slot = self.state.nodes[e.id];
                self.state.solver.get(slot)
            }
            Ok(None) => Ty::Never,
            Err(why) => self.refuse_call(e, why),
        }
    }
}
