//! Defaults of parameters, of which the source tells the type: what calls leave out, and what is read as a value.

use super::call::made_by;
use super::globals::{in_python, long_tuples};
use super::solver::Ty;
use super::{FuncRef, Guard, Infer};
use crate::hir::Expr;
use crate::resolve::{factory, factory_guard};
use crate::ty::Type;

impl Infer<'_, '_> {
    /// The type of an argument that the call does not give; none if that is not known.
    pub(super) fn default_given(&mut self, e: &Expr, target: &FuncRef, param: &str) -> Option<Ty> {
        let ty = self.default_type(target, param);
        if ty == Type::Never {
            return None;
        }
        // The same one in each round: what the callee puts into it is known in the next.
        let key = (e.id, target.clone(), param.to_string());
        let solver = &mut self.state.solver;
        let var = *self.state.defaults.entry(key).or_insert_with(|| solver.var(Ty::Never));
        self.state.solver.absorb_into(var, &ty);
        Some(self.state.solver.get(var))
    }

    /// The default of a parameter as a value.
    pub(super) fn live_default(&mut self, e: &Expr, function: &str, param: &str) -> Ty {
        let target = FuncRef { module: self.func.module.clone(), qualname: function.to_string() };
        let ty = self.default_type(&target, param);
        if ty == Type::Never {
            let message = format!("the type of the default of `{param}` is not known");
            return self.refuse("PYR0306", e.span, message);
        }
        self.guards.insert(Guard::Function { name: function.to_string(), target });
        let slot = self.state.nodes[e.id];
        self.state.solver.absorb_into(slot, &ty);
        self.state.solver.get(slot)
    }

    /// The type of a parameter's default, from its source.
    pub(super) fn default_type(&mut self, target: &FuncRef, param: &str) -> Type {
        let target = &target.written();
        let Some((file, env)) = self.program.modules.module(&target.module) else { return Type::Never };
        let Some(def) = env.function(&target.qualname) else { return Type::Never };
        let Some(default) =
            def.params.in_frame_order().find(|p| p.name == param).and_then(|p| p.default.clone())
        else {
            return Type::Never;
        };
        if let Some(made) = def.params.in_frame_order().find(|p| p.name == param).and_then(factory) {
            let guard = Guard::Value(factory_guard(made, param, &target.qualname));
            self.guards.insert(Guard::Elsewhere { module: target.module.clone(), guard: Box::new(guard) });
            return made_by(made);
        }
        if let Some(function) = self.program.default_function(&target.module, &default) {
            return function;
        }
        let key = format!("<default {} of {}>", param, target.qualname);
        let func = FuncRef { module: target.module.clone(), qualname: key.clone() };
        if !self.program.lowered.contains_key(&func) {
            let lowered = crate::lower::lower_value(file, env, &key, &default);
            let lowered = lowered.map(|hir| std::sync::Arc::new(self.program.with_known_names(hir)));
            self.program.lowered.insert(func.clone(), lowered);
        }
        let ty = self.program.constant_type(&func).map_or(Type::Never, |t| long_tuples(&in_python(&t)));
        // What an empty container holds its use tells.
        let empty = matches!(ty, Type::List { .. } | Type::Dict { .. } | Type::Set { .. });
        if ty.has_never() && !empty { Type::Never } else { ty }
    }
}
