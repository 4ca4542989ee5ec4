//! Exceptions of the project's own classes: instances like others, which keep what they were given as well.

use std::sync::Arc;

use super::solver::{Ty, VarId};
use super::{Infer, Program};
use crate::ast::{self, ExprKind as A, StmtKind as S};
use crate::hir::{Catch, Expr, ExprKind};
use crate::ops::exceptions as known;
use crate::resolve::ModuleEnv;
use crate::ty::{ObjectClass, Type};
use crate::walk;

/// What an exception was given, as its instances show it.
pub const ARGS: &str = "args";

/// The attribute that stands for what instances were given: no program can name it.
const GIVEN: &str = "[given]";

/// More classes than that are not told apart by what catches them.
const MOST: usize = 7;
/// Beside exceptions of the builtin classes.
const MOST_BESIDE: usize = 3;

/// Is the base a builtin class of exceptions that keeps whatever it is given?
pub(super) fn is_builtin(env: &ModuleEnv, base: &ast::Expr) -> bool {
    matches!(&base.kind, A::Name(name) if known::is_simple(name) && !env.bindings.contains_key(name))
}

impl Program<'_> {
    /// Is one of the classes an exception?
    pub(super) fn has_exception(&self, order: &[ObjectClass]) -> bool {
        order.iter().any(|class| !self.builtin_exceptions(class).is_empty())
    }

    /// The builtin classes of exceptions that the text of the class names as bases.
    fn builtin_exceptions(&self, class: &ObjectClass) -> Vec<String> {
        let Some((_, env)) = self.modules.module(&class.module) else { return Vec::new() };
        let Some(def) = self.class_def(class) else { return Vec::new() };
        let named = def.bases.iter().filter(|base| is_builtin(env, base));
        named
            .filter_map(|base| match &base.kind {
                A::Name(name) => Some(name.clone()),
                _ => None,
            })
            .collect()
    }

    /// The class that is named behind `raise` or `except`, if its instances are understood.
    pub fn exception_named(&self, module: &str, class: &Catch) -> Option<Arc<ObjectClass>> {
        let found = match class {
            Catch::Global(name) => self.object_class(module, name),
            Catch::Attr { module: global, name } => {
                let home = self.project_module(module, global)?;
                self.object_class(&home, name)
            }
            Catch::Builtin(_) | Catch::Value | Catch::Unknown => None,
        };
        found.filter(|class| class.base.exception)
    }

    /// Is the exception made by nothing but a call of `BaseException`, so that nobody misses it who does not look at it?
    pub fn is_made_silently(&self, class: &ObjectClass) -> bool {
        self.member_of(class, "__init__").is_none() && self.member_of(class, "__new__").is_none()
    }

    /// Of a `raise` of a value: the one of the two ways to read it that is meant. `raise self.Error` calls the class.
    pub fn raised_value<'e>(&self, args: &'e [Expr], base: &Type) -> Option<&'e Expr> {
        let [value, rest @ ..] = args else { return None };
        let [called] = rest else { return Some(value) };
        let ExprKind::Method { name, .. } = &called.kind else { return Some(value) };
        let is_class = |m: &Type| matches!(m, Type::Instance(of) if self.inner_class(of, name).is_some());
        let all = *base != Type::Never && base.members().iter().all(is_class);
        Some(if all { called } else { value })
    }

    /// The classes of the project of which a handler may have caught an instance, as far as the text makes any; and may it
    /// be one of another class?
    pub(super) fn caught_classes(&self, module: &str, classes: &[Catch]) -> (Vec<Arc<ObjectClass>>, bool) {
        let mut out: Vec<Arc<ObjectClass>> = Vec::new();
        let mut others = classes.is_empty();
        let mut modules = vec![module.to_string()];
        for class in classes {
            match self.exception_named(module, class) {
                Some(class) if !modules.contains(&class.module) => modules.push(class.module.clone()),
                Some(_) => {}
                None => others = true,
            }
        }
        for home in &modules {
            let Some((_, env)) = self.modules.module(home) else { continue };
            let mut names: Vec<&String> = env.all_classes.keys().collect();
            names.sort();
            for name in names {
                let Some(found) = self.object_class(home, name) else { continue };
                let is_new = found.base.exception && !out.iter().any(|known| known.is(&found));
                if is_new
                    && self.is_caught(module, &found, classes)
                    && self.is_made_somewhere(&modules, &found)
                {
                    out.push(found);
                }
            }
        }
        out.truncate(if others { MOST_BESIDE } else { MOST });
        (out, others)
    }

    fn is_caught(&self, module: &str, found: &ObjectClass, classes: &[Catch]) -> bool {
        let order = self.order(found).unwrap_or_default();
        classes.is_empty()
            || classes.iter().any(|class| match class {
                Catch::Builtin(name) => order.iter().any(|above| {
                    self.builtin_exceptions(above).iter().any(|base| known::is_below(base, name))
                }),
                other => self.exception_named(module, other).is_some_and(|c| order.iter().any(|o| o.is(&c))),
            })
    }

    /// Does the text of one of the modules call the class, or raise it?
    fn is_made_somewhere(&self, modules: &[String], class: &ObjectClass) -> bool {
        let last = class.name.rsplit('.').next().unwrap_or_default();
        let is_named = |e: &ast::Expr| match &e.kind {
            A::Name(name) | A::Attribute { name, .. } => name == last,
            _ => false,
        };
        modules.iter().any(|module| {
            let Some((_, env)) = self.modules.module(module) else { return false };
            env.functions.iter().any(|(_, f)| {
                let mut found = false;
                walk::expressions(&f.body, &mut |e| {
                    found |= matches!(&e.kind, A::Call { func, .. } if is_named(func));
                });
                walk::each_statement(&f.body, &mut |stmt| {
                    found |= matches!(&stmt.kind, S::Raise { exc: Some(exc), .. } if is_named(exc));
                });
                found
            })
        })
    }
}

impl Infer<'_, '_> {
    fn given_var(&mut self, class: &ObjectClass) -> VarId {
        self.attribute_var(class, GIVEN)
    }

    /// Can an exception keep these values?
    pub(super) fn keeps_given(&mut self, class: &Arc<ObjectClass>, args: &[Expr]) -> bool {
        let types: Vec<Ty> = args.iter().map(|arg| self.expr(arg)).collect();
        types.iter().all(|ty| self.fits_attribute(class, ty))
    }

    /// What a new exception is given goes where Python's objects are.
    fn keep_given(&mut self, e: &Expr, class: &Arc<ObjectClass>, args: &[Expr]) -> bool {
        for arg in args {
            let ty = self.expr(arg);
            if !self.fits_attribute(class, &ty) {
                let message = format!("an exception with `{}` is not supported", self.show(&ty));
                self.refuse("PYR0335", e.span, message);
                return false;
            }
            let var = self.given_var(class);
            let ty = if ty == Ty::Char { Ty::Str } else { ty };
            self.state.solver.flow(&ty, var);
            self.state.solver.mark_var(var);
        }
        true
    }

    /// The arguments of a call that makes an exception; false where that is not understood.
    pub(super) fn fills_exception(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> bool {
        let plain = self.program.member_of(class, "__new__").is_none()
            && !keywords.iter().any(|(name, _)| name.starts_with('*'))
            && args.len() <= crate::ty::MAX_TUPLE;
        if !plain {
            let message = format!("this way of making an instance of `{}` is not supported", class.name);
            self.refuse("PYR0335", e.span, message);
            return false;
        }
        self.writes = true;
        self.keep_given(e, class, args)
    }

    /// `super().__init__(…)`, where `BaseException` has it.
    pub(super) fn init_exception(
        &mut self,
        e: &Expr,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if !keywords.is_empty() || args.len() > crate::ty::MAX_TUPLE {
            let message =
                format!("this way of calling the `__init__` above `{}` is not supported", class.name);
            return self.refuse("PYR0336", e.span, message);
        }
        self.writes = true;
        if !self.keep_given(e, class, args) {
            return Ty::Never;
        }
        let slot = self.state.nodes[e.id];
        self.state.solver.flow(&Ty::None, slot);
        Ty::None
    }

    /// `exception.args`
    pub(super) fn exception_args(&mut self, class: &Arc<ObjectClass>) -> Ty {
        Ty::VarTuple(self.given_var(class))
    }

    /// `raise`, of what is no builtin class: the value, or a class that is called.
    pub(super) fn raised(&mut self, class: &Catch, args: &[Expr]) {
        let [value, ..] = args else { return };
        if let Catch::Value = class {
            let base = match &value.kind {
                ExprKind::Method { base, .. } if args.len() > 1 => {
                    let ty = self.expr(base);
                    self.state.solver.resolve(&ty).unwrap_or(Type::Never)
                }
                _ => Type::Never,
            };
            let Some(value) = self.program.raised_value(args, &base) else { return };
            let ty = self.expr(value);
            let is_one = |m: &Ty| matches!(m, Ty::Instance(class) if class.base.exception);
            if ty != Ty::Never && !ty.members().iter().any(is_one) {
                let message = format!("raising `{}` is not supported", self.show(&ty));
                self.refuse("PYR0301", value.span, message);
            }
            return;
        }
        self.catch(class);
        let Some((args, keywords)) = given(value) else { return };
        let module = self.func.module.clone();
        if let Some(known) = self.program.exception_named(&module, class) {
            // Where nobody can look at it the exception need not be made.
            if !self.program.is_made_silently(&known)
                || !keywords.is_empty()
                || self.keeps_given(&known, args)
            {
                self.expr(value);
            }
            return;
        }
        args.iter().for_each(|arg| _ = self.expr(arg));
    }
}

/// Arguments in order, and by name.
pub type Given<'e> = (&'e [Expr], &'e [(String, Expr)]);

/// What the call that makes an exception gives it.
pub fn given(call: &Expr) -> Option<Given<'_>> {
    match &call.kind {
        ExprKind::Call { args, keywords, .. } | ExprKind::Method { args, keywords, .. } => {
            Some((args, keywords))
        }
        _ => None,
    }
}
