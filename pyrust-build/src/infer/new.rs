//! `__new__` of classes of the project: what a call of such a class runs, and what `object.__new__(cls)` makes.
//!
//! The class that is handed over is a value of which the type says which class it is ([`class_callee`]), so the function
//! is compiled once for each class that is made by it.

use std::sync::Arc;

use super::members::{Member, Method, MethodKind};
use super::objects::method_guard;
use super::solver::Ty;
use super::value::Reached;
use super::{Guard, Infer, Program};
use crate::hir::visit::children;
use crate::hir::{Expr, ExprKind};
use crate::ty::{Callee, ObjectClass, Type};

/// The class as a value.
pub fn class_callee(class: &ObjectClass) -> Callee {
    Callee { module: class.module.clone(), name: format!("<{}>", class.name) }
}

/// The name under which a node knows the `__new__` of a class that is called.
pub fn new_of(class: &ObjectClass) -> Callee {
    Callee { module: class.module.clone(), name: format!("{}.__new__", class.name) }
}

/// The name under which a node knows the `__init__` of what a `__new__` gave.
pub fn init_of(class: &ObjectClass) -> Callee {
    Callee { module: class.module.clone(), name: format!("{}.__init__", class.name) }
}

impl Program<'_> {
    /// The one class that a value is, if its type says that it is a class whose instances are understood.
    pub fn class_of_value(&self, callees: &[Callee]) -> Option<Arc<ObjectClass>> {
        let [callee] = callees else { return None };
        self.object_class(&callee.module, callee.inside()?)
    }

    /// The class that the function is handed first, where that is what Python hands to a `__new__`: the one that it
    /// stands in.
    pub fn class_given_to(&self, module: &str, qualname: &str) -> Option<Type> {
        let class = self.object_class(module, qualname.strip_suffix(".__new__")?)?;
        let Member::Method(method) = self.member_of(&class, "__new__")? else { return None };
        (method.kind == MethodKind::Static).then(|| Type::Function(vec![class_callee(&class)]))
    }

    /// The class whose `__new__` is the one of `object`, as far as its text and those of the classes above it tell.
    pub fn allocated_by(&self, callees: &[Callee]) -> Option<Arc<ObjectClass>> {
        let class = self.class_of_value(callees)?;
        (self.order(&class).is_some() && self.member_of(&class, "__new__").is_none()).then_some(class)
    }

    /// Does a call of `class` run the `__init__` of what its `__new__` gave, which is an instance of `of`?
    pub fn is_initialised(&self, class: &ObjectClass, of: &ObjectClass) -> bool {
        self.order(of).is_some_and(|order| order.iter().any(|above| above.is(class)))
    }

    /// The `__init__` that runs then; nothing where that is the one of `object`, and `None` where it is not understood.
    pub fn initialiser(&self, of: &ObjectClass) -> Option<Option<Method>> {
        match self.member_of(of, "__init__") {
            Some(Member::Method(mut method)) if method.kind == MethodKind::Plain => {
                method.kind = MethodKind::Special;
                Some(Some(method))
            }
            None if !self.is_decorated(of) => Some(None),
            _ => None,
        }
    }
}

impl Infer<'_, '_> {
    /// A call of a class with a `__new__`.
    pub(super) fn make_by_new(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        member: &Member,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        let class = &class.of_python();
        let refused = |class: &ObjectClass| {
            format!("making an instance of `{}`, whose `__new__` or `__init__` is not understood", class.name)
        };
        let Member::Method(method) = member else {
            return self.refuse("PYR0335", e.span, refused(class));
        };
        if method.kind != MethodKind::Static || keywords.iter().any(|(name, e)| is_made_up(name, e)) {
            return self.refuse("PYR0335", e.span, refused(class));
        }
        let own = Ty::Function(vec![class_callee(class)]);
        let mut given: Vec<Ty> = std::iter::once(own).chain(args.iter().map(|a| self.expr(a))).collect();
        let named: Vec<Ty> = keywords.iter().map(|(_, a)| self.expr(a)).collect();
        self.relies_in(class, method_guard(class, "__new__", method));
        let made = match self.bound_call(e, &method.target, &given, keywords, &named, true) {
            Ok(Some(instance)) => {
                self.reaches(e, new_of(class), instance);
                self.program.instances[instance].ret.clone()
            }
            Ok(None) => return Ty::Never,
            Err(why) => return self.refuse_call(e, why),
        };
        for of in made.members() {
            let Type::Instance(of) = of else { continue };
            if !self.program.is_initialised(class, of) {
                continue;
            }
            let Some(init) = self.program.initialiser(of) else {
                return self.refuse("PYR0335", e.span, refused(of));
            };
            let Some(init) = init else { continue };
            given[0] = Ty::Instance(of.clone());
            self.relies_in(of, method_guard(of, "__init__", &init));
            match self.bound_call(e, &init.target, &given, keywords, &named, false) {
                Ok(Some(index)) if self.program.instances[index].ret == Type::None => {
                    self.reaches(e, init_of(of), index);
                }
                Ok(Some(_) | None) => return Ty::Never,
                Err(why) => return self.refuse_call(e, why),
            }
        }
        let slot = self.state.nodes[e.id];
        self.state.solver.get(slot)
    }

    fn relies_in(&mut self, class: &ObjectClass, guard: Guard) {
        self.guards.insert(Guard::Elsewhere { module: class.module.clone(), guard: Box::new(guard) });
    }

    fn reaches(&mut self, e: &Expr, callee: Callee, instance: usize) {
        let reached = self.values.entry(e.id).or_default();
        if !reached.iter().any(|r| r.callee == callee) {
            reached.push(Reached { callee, instance, spread: None });
        }
    }

    /// `object.__new__(cls)`: nothing but a class is given.
    pub(super) fn allocate(&mut self, e: &Expr, class: &Expr) -> Ty {
        let ty = self.expr(class);
        let found = match &ty {
            Ty::Function(callees) => self.program.class_of_value(callees),
            Ty::Never => return Ty::Never,
            _ => None,
        };
        let plain = |class: &Arc<ObjectClass>| {
            let below = class.base;
            self.program.enumeration(class).is_none() && below.container.is_none() && !below.exception
        };
        let Some(class) = found.filter(plain) else {
            let message = format!("`__new__` of `{}` is not supported", self.show(&ty));
            return self.refuse("PYR0335", e.span, message);
        };
        let made = Ty::Instance(class.of_python());
        let slot = self.state.nodes[e.id];
        self.state.solver.flow(&made, slot);
        made
    }

    /// `cls.__new__(cls)` of a class that has none of its own; `None` where the call is something else.
    pub(super) fn allocate_by_class(
        &mut self,
        e: &Expr,
        base: &Ty,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let (Ty::Function(callees), "__new__", [class], []) = (base, name, args, keywords) else {
            return None;
        };
        self.program.allocated_by(callees)?;
        match self.expr(class) {
            Ty::Never => Some(Ty::Never),
            given => (given == *base).then(|| self.allocate(e, class)),
        }
    }

    /// `object.__new__(cls)`; `None` where the call is something else.
    pub(super) fn allocate_by_name(
        &mut self,
        e: &Expr,
        named: (&str, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        let class = allocated(named, args, keywords)?;
        if self.is_bound("object") {
            return None;
        }
        self.builtin("object");
        Some(self.allocate(e, class))
    }
}

/// Is the argument one of `*items` or `**names`, or may it be a default? Each of the two functions has its own.
fn is_made_up(name: &str, e: &Expr) -> bool {
    fn has_default(e: &Expr) -> bool {
        matches!(e.kind, ExprKind::Default { .. }) || children(e).into_iter().any(has_default)
    }
    name.starts_with('*') || has_default(e)
}

/// The class in `object.__new__(cls)`.
pub fn allocated<'e>(
    (global, name): (&str, &str),
    args: &'e [Expr],
    keywords: &[(String, Expr)],
) -> Option<&'e Expr> {
    match args {
        [class] if global == "object" && name == "__new__" && keywords.is_empty() => Some(class),
        _ => None,
    }
}
