//! `f = x.callback`, where `f` is only called, and what hangs there is no method: it is read where the text reads it, not
//! where it is called.

use std::collections::BTreeMap;

use super::settle::{Settle, take};
use crate::hir::visit::each_expr;
use crate::hir::{Expr, ExprKind, Function, StmtKind, TargetKind, VarId};
use crate::infer::{Instance, Program};
use crate::lower::scope::ALIAS;
use crate::ty::Type;

/// The variables that hold the receivers of such attributes, and the names of those.
pub(super) fn attributes(program: &Program<'_>, instance: &Instance) -> BTreeMap<VarId, String> {
    let function: &Function = &instance.hir;
    let mut found = BTreeMap::new();
    if !function.vars.iter().any(|var| var.name.contains(ALIAS)) {
        return found;
    }
    each_expr(&function.body, &mut |e| {
        if let ExprKind::Method { base, name, .. } = &e.kind
            && let ExprKind::Local(var) = base.kind
            && function.vars[var].name.contains(ALIAS)
            && instance.nodes[base.id].members().iter().any(|m| match m {
                Type::Instance(class) => program.called_method(class, name).is_none(),
                _ => false,
            })
        {
            found.insert(var, name.clone());
        }
    });
    found
}

impl Settle<'_, '_> {
    /// Reads the attribute where its object is put into the variable.
    pub(super) fn read_bound(&mut self, stmt: &mut StmtKind) {
        let StmtKind::Assign { targets, value } = stmt else { return };
        let [target] = targets.as_slice() else { return };
        let TargetKind::Var(var) = target.kind else { return };
        let Some(name) = self.bound.get(&var) else { return };
        let (name, span) = (format!("attribute {name}"), value.span);
        let base = Box::new(take(value));
        *value = self.build(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span);
        self.changed = true;
    }

    /// Calls what has been read.
    pub(super) fn call_bound(&mut self, e: &mut Expr) {
        let ExprKind::Method { base, .. } = &e.kind else { return };
        let ExprKind::Local(var) = base.kind else { return };
        if !self.bound.contains_key(&var) {
            return;
        }
        let (id, span) = (e.id, e.span);
        let ExprKind::Method { args, keywords, .. } = take(e).kind else { unreachable!("just seen") };
        let function = Box::new(self.read(var, span));
        let kind = ExprKind::CallValue { function, args, stars: vec![], keywords, rest: None };
        *e = Expr { kind, span, id };
        self.changed = true;
    }
}
