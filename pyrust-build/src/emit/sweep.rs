//! Arrays that a loop makes are freed in its next turn, as Python would free them.
//!
//! What native code makes stays until the transaction closes, because a value may stand anywhere. In a function in which
//! only variables hold arrays, these tell at the head of a loop which ones are still needed.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::visit::{Visit, any_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{self, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::Instance;
use crate::passes::{Pass, Passes};
use crate::ty::Type;

/// The variables that hold arrays; `None` where something else may hold one.
pub(super) fn roots(hir: &hir::Function, instance: &Instance, passes: Passes) -> Option<Vec<VarId>> {
    if !passes.has(Pass::Sweep) || hir.yields.is_some() || !instance.calls.is_empty() {
        return None;
    }
    let array = |ty: &Type| matches!(ty, Type::Array(..));
    let mut roots = Vec::new();
    for (var, ty) in instance.vars.iter().enumerate() {
        if array(ty) && !hir.vars[var].cell {
            roots.push(var);
        } else if ty.any(&|t| array(t) || may_hold(t)) {
            return None;
        }
    }
    let mut hidden = Hidden { instance, found: false };
    hidden.block(&hir.body);
    (!hidden.found && !roots.is_empty()).then_some(roots)
}

/// Is there something in it of which the type does not tell?
fn may_hold(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Obj
            | Type::Instance(_)
            | Type::Iter(_)
            | Type::Cell(_)
            | Type::Closure { .. }
            | Type::Function(_)
            | Type::Inner(_)
    )
}

/// Iterators over arrays, and globals, which no variable holds.
struct Hidden<'a> {
    instance: &'a Instance,
    found: bool,
}

impl<'h> Visit<'h> for Hidden<'_> {
    fn iter(&mut self, iter: &'h Iter) {
        self.found |= match &iter.kind {
            IterKind::Expr(e) => self.instance.nodes[e.id].any(&|t| matches!(t, Type::Array(..))),
            IterKind::Range { .. } | IterKind::Enumerate { .. } | IterKind::Zip(_) => false,
            _ => true,
        };
        walk_iter(self, iter);
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        // What is returned waits until the `finally` is through.
        self.found |= match &stmt.kind {
            StmtKind::Try { finalbody, .. } => !finalbody.is_empty(),
            StmtKind::Leave { .. } => true,
            _ => false,
        };
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        self.found |= matches!(target.kind, TargetKind::Global(_) | TargetKind::Attr { .. });
        walk_target(self, target);
    }
}

impl Func<'_, '_, '_> {
    /// Is it an expression that makes a new array, of which nothing but its value knows?
    pub(super) fn makes_array(&self, e: &hir::Expr) -> bool {
        let made = match &e.kind {
            ExprKind::Binary { .. } | ExprKind::Unary { .. } | ExprKind::Compare { .. } => true,
            ExprKind::ModuleCall { module, name, .. } => {
                !matches!(name.as_str(), "transpose" | "ravel" | "reshape")
                    && self.c_module(module) == "numpy"
            }
            _ => false,
        };
        made && self.file.program.passes.has(Pass::Sweep) && matches!(self.node(e.id), Type::Array(_, 1..))
    }

    /// A row of the table that uses up arrays: they are freed at once, so that their memory is the next one's.
    pub(super) fn spending_row(&mut self, name: &str, args: &[Val]) -> Option<Val> {
        let mut lets = Vec::new();
        let bound: Vec<Val> =
            args.iter().map(|arg| Val { spent: false, ..self.bind(arg, &mut lets) }).collect();
        // `a + b`, whose result may take the place of `a`: see the runtime's `array::whole`.
        let types: Vec<Type> = bound.iter().map(|val| val.ty.clone()).collect();
        let takes = args[0].spent
            && crate::ops::select(name, &types).is_some_and(|(op, binding)| {
                op.path.contains("::array_") && types.len() == 2 && op.ret.instantiate(&binding) == types[0]
            });
        let mut given = bound.clone();
        if takes {
            let code = &bound[0].code;
            given[0].code = quote!(ndarray::Spent(#code));
        }
        let result = self.row(name, &given)?;
        let (out, code) = (self.fresh("made"), result.owned());
        let left =
            args.iter().zip(&bound).enumerate().filter(|(at, (arg, _))| arg.spent && !(takes && *at == 0));
        let spent = left.map(|(_, (_, name))| &name.code);
        let code = quote!({ #(#lets)* let #out = #code; #(ndarray::spent(cx, #spent);)* #out });
        Some(Val { code, place: false, spent: false, ..result })
    }

    /// What stands at the head of each turn of a loop with this body.
    pub(super) fn sweep(&mut self, body: &[Stmt]) -> TokenStream {
        let Some(roots) = self.swept.clone() else { return quote!() };
        let made = |e: &hir::Expr| {
            let view = matches!(e.kind, ExprKind::Local(_) | ExprKind::Index { .. } | ExprKind::Slice { .. });
            !view && matches!(self.instance.nodes[e.id], Type::Array(..))
        };
        if !body.iter().any(|stmt| any_expr(stmt, made)) {
            return quote!();
        }
        self.uses_sweep = true;
        let names: Vec<_> = roots.iter().map(|var| self.var_ident(*var)).collect();
        quote!(ndarray::sweep(cx, &mut __py_arrays, &[#(ndarray::Root::root(&#names)),*]);)
    }
}
