//! Which fields of a record need not say whether they have a value: those that `__init__` fills before anyone else sees the
//! instance. Nothing takes a value away again: `del instance.name` of a record bails.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::File;
use crate::hir::visit::{Visit, walk_expr, walk_stmt, walk_target};
use crate::hir::{Expr, ExprKind, Function, NodeId, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::ty::{ObjectClass, Type};

impl File<'_, '_> {
    /// Instances of the class are made, which run that `__init__`, if any.
    pub(super) fn makes(&mut self, class: &Arc<ObjectClass>, init: Option<usize>) {
        if class.own != 0 && !self.makers.contains(&(class.clone(), init)) {
            self.makers.push((class.clone(), init));
        }
    }

    /// The fields of a class's records that have a value from the start, of those that can have one without a meaning
    /// before that.
    pub(super) fn sure_fields(&self, class: &Arc<ObjectClass>) -> BTreeSet<String> {
        // Those that are returned note in which order they were filled.
        if self.program.gives(class) {
            return BTreeSet::new();
        }
        let is_field = |name: &str| self.program.method_of(class, name).is_none();
        let plain = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Bool);
        let fields =
            self.program.own_fields(class).into_iter().filter(|(name, ty)| plain(ty) && is_field(name));
        let mut sure: BTreeSet<String> = fields.map(|(name, _)| name).collect();
        for (_, makers) in self.makers.iter().filter(|(of, _)| of == class) {
            let filled =
                makers.map(|at| filled(&self.program.instances[at].hir, &is_field)).unwrap_or_default();
            sure.retain(|name| filled.contains(name));
        }
        sure
    }
}

/// The attributes that have a value when a function has returned, of those that it gives its first parameter before anyone
/// else sees that.
fn filled(init: &Function, is_field: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let Some(own) = init.params.first().map(|param| param.var).filter(|own| !init.vars[*own].cell) else {
        return BTreeSet::new();
    };
    let mut uses = Uses { own, is_field, filled: BTreeSet::new(), calm: init.yields.is_none() };
    for stmt in &init.body {
        uses.stmt(stmt);
        if !uses.calm {
            break;
        }
        if let StmtKind::Assign { targets, .. } = &stmt.kind {
            let names: Vec<&str> = targets.iter().filter_map(|target| uses.field(target)).collect();
            uses.filled.extend(names.into_iter().map(str::to_string));
        }
    }
    uses.filled
}

/// Looks for what is done with the instance but to give it attributes and to read those that it has.
struct Uses<'u> {
    own: VarId,
    is_field: &'u dyn Fn(&str) -> bool,
    filled: BTreeSet<String>,
    calm: bool,
}

impl Uses<'_> {
    fn is_own(&self, e: &Expr) -> bool {
        matches!(e.kind, ExprKind::Local(var) if var == self.own)
    }

    /// The attribute of the instance that is assigned.
    fn field<'t>(&self, target: &'t Target) -> Option<&'t str> {
        match &target.kind {
            TargetKind::Attr { base, name, .. } if self.is_own(base) && (self.is_field)(name) => Some(name),
            _ => None,
        }
    }
}

impl<'h> Visit<'h> for Uses<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        self.calm &= match &stmt.kind {
            // What stands behind it is not always run.
            StmtKind::Return(_) => false,
            // Which reads it first.
            StmtKind::AugAssign { target, .. } => {
                self.field(target).is_none_or(|name| self.filled.contains(name))
            }
            _ => true,
        };
        walk_stmt(self, stmt);
    }

    fn read(&mut self, _: NodeId, var: &'h VarId) {
        self.calm &= *var != self.own;
    }

    fn define(&mut self, _: NodeId, var: &'h VarId) {
        self.calm &= *var != self.own;
    }

    fn target(&mut self, target: &'h Target) {
        if self.field(target).is_none() {
            walk_target(self, target);
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        if let ExprKind::Method { base, name, .. } = &e.kind
            && self.is_own(base)
            && name.strip_prefix("attribute ").is_some_and(|name| self.filled.contains(name))
        {
            return;
        }
        walk_expr(self, e);
    }
}
