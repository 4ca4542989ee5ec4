//! What the names of a module stand for, and the attributes of modules that they name.

use super::beyond::of_any_size;
use super::solver::{Ty, VarId};
use super::{Guard, Infer, enums};
use crate::ast;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{Expr, ExprKind};
use crate::lower::matching::is_other;
use crate::lower::named::NAMES;
use crate::numpy::Dtype;
use crate::ops;
use crate::resolve::{Binding, split_receiver};
use crate::source::Span;
use crate::ty::Type;

impl Infer<'_, '_> {
    pub(super) fn builtin(&mut self, name: &str) {
        // What `array.array` stands for the text says; it is asked as all of the library is. Patterns ask no names, and what
        // has a space in its name is an operation of ours.
        if !crate::ops::makes_array(name) && !is_other(name) && !name.contains(' ') {
            self.guards.insert(Guard::Builtin(name.to_string()));
        }
    }

    /// Does the module bind the name itself (so that it is not the builtin)?
    pub(super) fn bound(&self, name: &str) -> Option<(String, Binding)> {
        self.program.binding(&self.func.module, name)
    }

    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.program.binds(&self.func.module, name)
    }

    pub(super) fn global(&mut self, name: &str, span: Span, node: usize) -> Ty {
        if self.program.is_assigned(&self.func.module, name) {
            return self.assigned_global(name, span);
        }
        if let Some(class) = enums::asked(name, enums::MEMBERS)
            && let Some(class) = self.program.enumeration_named(&self.func.module, class)
        {
            self.guards.insert(Guard::Value(name.to_string()));
            let slot = self.state.nodes[node];
            self.state.solver.absorb_into(slot, &Type::VarTuple(Box::new(Type::Instance(class))));
            return self.state.solver.get(slot);
        }
        match self.bound(name) {
            Some((_, Binding::Value(_))) if self.program.named(&self.func.module, name).is_some() => {
                self.named_function(name).unwrap_or(Ty::Never)
            }
            Some((_, binding @ (Binding::Value(_) | Binding::Unknown))) => {
                let mut ty = self.program.value_type(&self.func.module, name);
                // What an unknown call has made (`object()`) can be moved, and compared for identity.
                if ty == Type::Never
                    && split_receiver(name).is_none()
                    && matches!(binding, Binding::Value(value) if matches!(value.kind, ast::ExprKind::Call { .. }))
                {
                    ty = Type::Obj;
                }
                if matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { frozen: false, .. })
                    && ty.has_never()
                {
                    return self.filled_later(name, span, &ty);
                }
                if ty.has_never() {
                    return self.refuse(
                        "PYR0305",
                        span,
                        match split_receiver(name) {
                            Some((_, method)) => {
                                format!("what object `{method}` is a method of is not known")
                            }
                            None => format!("the type of the global `{name}` is not known"),
                        },
                    );
                }
                self.guards.insert(Guard::Value(name.to_string()));
                let slot = self.state.nodes[node];
                let ty = if self.state.everything { of_any_size(&ty) } else { ty };
                self.state.solver.absorb_into(slot, &ty);
                self.state.solver.get(slot)
            }
            Some((_, Binding::Imported { module, name: attr }))
                if ops::constant(&module, &attr).is_some() =>
            {
                self.guards.insert(Guard::Value(name.to_string()));
                let ty = ops::constant(&module, &attr).expect("checked above");
                self.state.solver.absorb(&Ty::Never, &ty)
            }
            // `if numpy is not None`, behind an import that may fail.
            Some((_, Binding::Module(_))) => {
                self.guards.insert(Guard::Value(name.to_string()));
                Ty::Obj
            }
            _ => match self.named_function(name) {
                Some(ty) => ty,
                None => {
                    let message = format!("the global `{name}` is not a value that can be read");
                    self.refuse("PYR0305", span, message)
                }
            },
        }
    }

    /// What is known of a global that functions assign: what the module gives it, and what this function does.
    pub(super) fn global_var(&mut self, name: &str) -> VarId {
        self.guards.insert(Guard::Value(name.to_string()));
        if let Some(var) = self.state.globals.get(name) {
            return *var;
        }
        let ty = self.program.value_type(&self.func.module, name);
        let var = self.state.solver.var(Ty::Never);
        self.state.solver.absorb_into(var, &ty);
        self.state.globals.insert(name.to_string(), var);
        var
    }

    pub(super) fn assigned_global(&mut self, name: &str, span: Span) -> Ty {
        let known = self.program.value_type(&self.func.module, name) != Type::Never;
        let var = self.global_var(name);
        let ty = self.state.solver.get(var);
        if !known || self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            self.refuse("PYR0305", span, format!("the type of the global `{name}` is not known"));
        }
        // What is done with it may tell.
        ty
    }

    /// `global name; name = …`: the value goes where Python's objects are.
    pub(super) fn assign_global(&mut self, name: &str, span: Span, ty: &Ty) {
        if self.state.solver.resolve(ty).is_some_and(|t| t.keeps_iter()) {
            self.refuse("PYR0408", span, "an iterator in a global is not supported");
            return;
        }
        self.state.solver.give_all(ty);
        let (_, binding) = self.bound(name).unwrap_or_else(|| (String::new(), Binding::Unknown));
        if !matches!(binding, Binding::Value(_) | Binding::Unknown) {
            let message = format!("assigning `{name}`, which calls rely on, is not supported");
            self.refuse("PYR0309", span, message);
            return;
        }
        let var = self.global_var(name);
        self.state.solver.flow(ty, var);
        self.state.solver.mark_var(var);
        self.writes = true;
    }

    /// A global that starts empty, such as a cache: what the function puts in tells the types. What others put in is
    /// looked at when it is read.
    pub(super) fn filled_later(&mut self, name: &str, span: Span, ty: &Type) -> Ty {
        let var = match self.state.globals.get(name) {
            Some(var) => *var,
            None => {
                let var = match self.container_of_class(name) {
                    Some(var) => var,
                    None => self.state.solver.var(Ty::Never),
                };
                self.state.solver.absorb_into(var, ty);
                self.state.globals.insert(name.to_string(), var);
                var
            }
        };
        self.guards.insert(Guard::Value(name.to_string()));
        let ty = self.state.solver.get(var);
        if self.state.solver.resolve(&ty).is_none_or(|t| t.has_never()) {
            self.refuse("PYR0305", span, format!("the type of the global `{name}` is not known"));
        }
        ty
    }

    /// What is known of a container that a class has: it is the attribute that instances show.
    fn container_of_class(&mut self, name: &str) -> Option<VarId> {
        let (class, attribute) = name.rsplit_once('.')?;
        let class = self.program.object_class(&self.func.module, class)?;
        self.program.ask(&class, attribute);
        Some(self.attribute_var(&class, attribute))
    }

    /// The C module behind a global name.
    pub(super) fn c_module(&mut self, name: &str) -> Option<String> {
        let (_, binding) = self.bound(name)?;
        let Binding::Module(module) = binding else { return None };
        Some(module)
    }

    /// The name of an operation, with what the call says of its result: see `ops::form`.
    pub(super) fn formed(&mut self, full: String, args: &[Expr], keywords: &[(String, Expr)]) -> String {
        ops::form(full, args, keywords, |e| self.dtype_named(e))
    }

    /// The type of an array's elements that an expression names.
    fn dtype_named(&mut self, e: &Expr) -> Option<Dtype> {
        match &e.kind {
            ExprKind::ModuleAttr { module, name } => {
                let home = self.c_module(module).filter(|home| home == "numpy")?;
                let dtype = Dtype::named(name)?;
                self.guards.insert(Guard::Module { name: module.clone(), module: home.clone() });
                self.attrs.insert((home, name.clone()));
                Some(dtype)
            }
            ExprKind::Global(name) if self.bound(name).is_none() => {
                let dtype = Dtype::of_builtin(name)?;
                self.builtin(name);
                Some(dtype)
            }
            ExprKind::Str(name) => Dtype::named(name),
            ExprKind::Method { base, name, .. } if name == "attribute dtype" => match self.expr(base) {
                Ty::Array(dtype, _) | Ty::Numpy(dtype) => Some(dtype),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn module_attr(&mut self, global: &str, name: &str, span: Span, node: usize) -> Ty {
        if let Some(home) = self.program.project_module(&self.func.module, global) {
            if let Some((_, Binding::Value(_) | Binding::Unknown)) = self.program.binding(&home, name) {
                let ty = self.program.value_type(&home, name);
                if !ty.has_never() {
                    self.elsewhere(global, &home, Guard::Value(name.to_string()));
                    let slot = self.state.nodes[node];
                    self.state.solver.absorb_into(slot, &ty);
                    return self.state.solver.get(slot);
                }
            }
            if let Some(ty) = self.named_function(&format!("{global}.{name}")) {
                return ty;
            }
            return self.refuse("PYR0305", span, format!("the type of `{global}.{name}` is not known"));
        }
        if let Some(member) = self.program.class_member(&self.func.module, global, name) {
            return self.global(&member, span, node);
        }
        if name == NAMES
            && let Some(ty) = self.names_of_class(global)
        {
            return ty;
        }
        let Some(module) = self.c_module(global) else {
            let message = format!("reading the attribute `{name}` is not supported");
            return self.refuse("PYR0321", span, message);
        };
        let Some(ty) = ops::constant(&module, name) else {
            if let Some(ty) = self.named_function(&format!("{global}.{name}")) {
                return ty;
            }
            // It belongs to a library: nothing in this module changes that.
            let help = format!(
                "use `{module}.{name}` before or after the loop, in the caller, and hand over what comes of it"
            );
            if self.report {
                let message = format!("`{module}.{name}` is not known");
                self.refused(Diagnostic::new("PYR0305", Severity::Note, message).help(help), span);
            }
            return Ty::Never;
        };
        self.guards.insert(Guard::Module { name: global.to_string(), module: module.clone() });
        self.attrs.insert((module, name.to_string()));
        self.state.solver.absorb(&Ty::Never, &ty)
    }

    /// What `global.name` is in the standard library: the module, and the name there, which may be one in a class.
    pub(super) fn library_name(&mut self, global: &str, name: &str) -> Option<(String, String)> {
        match self.bound(global)?.1 {
            Binding::Module(module) => Some((module, name.to_string())),
            // A class, of which lowering knows the method.
            Binding::Imported { module, name: class } => Some((module, format!("{class}.{name}"))),
            _ => None,
        }
    }

    /// `global` must be what gives `name` of that module.
    pub(super) fn guard_library(&mut self, global: &str, module: &str, name: &str) {
        // Behind a space stands which form of the function it is, behind a point a method of the class.
        let attr = name.split([' ', '.']).next().unwrap_or_default().to_string();
        let (name, module) = (global.to_string(), module.to_string());
        match self.bound(global) {
            Some((_, Binding::Imported { .. })) => {
                self.guards.insert(Guard::Imported { name, module, attr });
            }
            _ => {
                self.guards.insert(Guard::Module { name, module: module.clone() });
                self.attrs.insert((module, attr));
            }
        }
    }

    /// The module that a global names.
    pub(super) fn named_module(&mut self, global: &str) -> Option<String> {
        self.program.module_named(&self.func.module, global)
    }

    /// Relies on a name of another module, reached through a global of this one.
    pub(super) fn elsewhere(&mut self, global: &str, home: &str, guard: Guard) {
        self.guards.insert(Guard::Module { name: global.to_string(), module: home.to_string() });
        self.guards.insert(Guard::Elsewhere { module: home.to_string(), guard: Box::new(guard) });
    }
}
