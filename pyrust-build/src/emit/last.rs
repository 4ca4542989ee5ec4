//! The store that is the last effect of a hotspot: nothing comes after it but the way out, which cannot fail. Where nothing
//! was written before, the runtime does it at once, without a journal (`txn::last`).
//!
//! ```python
//! def push(self, item):                  # list::append_last(cx, &object::get::<…>(cx, slf, &A_0)?, item)?;
//!     self.items.append(item)
//! ```

use std::collections::BTreeSet;

use super::Func;
use crate::hir::visit::{Visit, walk_expr};
use crate::hir::{Expr, ExprKind, NodeId, Stmt, StmtKind, Target, TargetKind};
use crate::infer::Instance;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// The statements that are such a store, by the nodes of what is written to, or called.
    pub(super) fn last_stores(&self) -> BTreeSet<NodeId> {
        let mut found = BTreeSet::new();
        // What becomes an opaque object may have to be kept for that.
        let opaque = self.instance.ret.members().iter().any(|ty| matches!(ty, Type::Obj));
        if self.hir.yields.is_none() && !opaque {
            Ways { instance: self.instance, found: &mut found }.block(&self.hir.body, true);
        }
        found
    }

    /// Is the statement one of them?
    pub(super) fn is_last(&self, stmt: &Stmt) -> bool {
        stored(stmt).is_some_and(|node| self.last_stores.contains(&node))
    }

    /// The function of the runtime that stands for a store in such a statement.
    pub(super) fn as_last(&self, path: &'static str) -> &'static str {
        match path {
            "list::set" if self.stores_last => "list::set_last",
            "list::set_at" if self.stores_last => "list::set_at_last",
            "list::append" if self.stores_last => "list::append_last",
            "dict::set" if self.stores_last => "dict::set_last",
            path => path,
        }
    }
}

struct Ways<'i, 'f> {
    instance: &'i Instance,
    found: &'f mut BTreeSet<NodeId>,
}

impl Ways<'_, '_> {
    /// Looks through a block; `ends`: the function ends behind it, and returns nothing.
    fn block(&mut self, body: &[Stmt], ends: bool) {
        let mut ends = ends;
        for stmt in body.iter().rev() {
            match &stmt.kind {
                StmtKind::Pass => {}
                StmtKind::Return(value) => ends = value.as_ref().is_none_or(|e| self.leaves_quietly(e)),
                StmtKind::If { body, orelse, .. } => {
                    self.block(body, ends);
                    self.block(orelse, ends);
                    ends = false;
                }
                _ => {
                    if ends
                        && stores_once(stmt)
                        && let Some(node) = stored(stmt)
                    {
                        self.found.insert(node);
                    }
                    ends = false;
                }
            }
        }
    }

    /// Is the value at hand, and does it become an object without anything that could fail?
    fn leaves_quietly(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) => true,
            ExprKind::Local(var) => {
                let own = &self.instance.hir.vars[*var];
                let ty = &self.instance.vars[*var];
                let same = self.instance.ret.members().contains(ty);
                !own.maybe_unbound && !own.cell && same && goes_out_as_it_is(ty)
            }
            _ => false,
        }
    }
}

fn goes_out_as_it_is(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Bool => true,
        Type::Instance(class) => class.own == 0,
        Type::List { in_place, .. } | Type::Dict { in_place, .. } => *in_place,
        _ => false,
    }
}

/// What a statement stores to, if it may be a store.
fn stored(stmt: &Stmt) -> Option<NodeId> {
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => match targets.as_slice() {
            [target] => Some(target.id),
            _ => None,
        },
        StmtKind::AugAssign { target, .. } => Some(target.id),
        StmtKind::Expr(e) => Some(e.id),
        _ => None,
    }
}

/// Is it one store, with everything else evaluated before?
fn stores_once(stmt: &Stmt) -> bool {
    let place = |target: &Target| match &target.kind {
        TargetKind::Attr { base, .. } => only_reads(base),
        TargetKind::Index { base, index } => only_reads(base) && only_reads(index),
        _ => false,
    };
    match &stmt.kind {
        StmtKind::Assign { targets, value } => targets.iter().all(place) && only_reads(value),
        StmtKind::AugAssign { target, value, .. } => place(target) && only_reads(value),
        StmtKind::Expr(Expr { kind: ExprKind::Method { base, name, args, keywords }, .. }) => {
            name == "append" && keywords.is_empty() && only_reads(base) && args.iter().all(only_reads)
        }
        _ => false,
    }
}

/// Does nothing in it store to an attribute, a list or a dict in the function's own text? What it calls is not last.
fn only_reads(e: &Expr) -> bool {
    let mut look = Reads { only: true };
    look.expr(e);
    look.only
}

struct Reads {
    only: bool,
}

impl<'h> Visit<'h> for Reads {
    fn expr(&mut self, e: &'h Expr) {
        self.only &= match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Named { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
            | ExprKind::If { .. }
            | ExprKind::Tuple(_)
            | ExprKind::Call { .. }
            | ExprKind::ModuleCall { .. }
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::Special { .. }
            | ExprKind::Narrow { .. } => true,
            ExprKind::Method { name, .. } => name != "append",
            _ => false,
        };
        walk_expr(self, e);
    }
}
