//! The store that is the last effect of a hotspot: nothing comes after it but the way out, which cannot fail. Where nothing
//! was written before, the runtime does it at once, without a journal (`txn::last`).
//!
//! ```python
//! def push(self, item):                  # list::append_last(cx, &object::get::<…>(cx, slf, &A_0)?, item)?;
//!     self.items.append(item)
//! ```

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::types::Val;
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

    /// What is to be known of the statement, if it is one of them.
    pub(super) fn as_last_store(&self, stmt: &Stmt) -> Option<Stored> {
        stored(stmt).filter(|node| self.last_stores.contains(node))?;
        let given = |e: &Expr| match e.kind {
            ExprKind::Local(var) if matches!(self.instance.vars[var], Type::Int | Type::Float) => {
                self.untouched_param(var).filter(|_| !self.hir.vars[var].cell)
            }
            _ => None,
        };
        Some(match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                let key = targets.iter().find_map(|target| match &target.kind {
                    TargetKind::Index { index, .. } => given(index),
                    _ => None,
                });
                Stored { key, value: given(value) }
            }
            StmtKind::Expr(Expr { kind: ExprKind::Method { args, .. }, .. }) => {
                Stored { key: None, value: args.first().and_then(given) }
            }
            _ => Stored::default(),
        })
    }

    /// The function of the runtime that stands for a store in such a statement; what it takes besides goes to `codes`.
    pub(super) fn as_last(
        &self,
        path: &'static str,
        args: &[Val],
        codes: &mut Vec<TokenStream>,
    ) -> &'static str {
        let Some(stored) = &self.stores_last else { return path };
        // Where it has to become a value of another type, it is not the argument.
        let as_given = |known: Option<usize>, ty: &Type, at: usize| {
            let known = known.filter(|_| args.get(at).is_some_and(|arg| arg.ty == *ty));
            given(known)
        };
        let (path, more) = match (path, args.first().map(|arg| &arg.ty)) {
            ("list::set", Some(Type::List { elem, .. })) => {
                ("list::set_last", as_given(stored.value, elem, 2))
            }
            ("list::set_at", Some(Type::List { elem, .. })) => {
                ("list::set_at_last", as_given(stored.value, elem, 2))
            }
            ("list::append", Some(Type::List { elem, .. })) => {
                ("list::append_last", as_given(stored.value, elem, 1))
            }
            ("list::pop", _) => return "list::pop_last",
            ("dict::set", Some(Type::Dict { key, value, .. })) => {
                let (key, value) = (as_given(stored.key, key, 1), as_given(stored.value, value, 2));
                ("dict::set_last", quote!([#key, #value]))
            }
            _ => return path,
        };
        codes.push(more);
        path
    }
}

/// A store behind which nothing is done: the parameters that are the key and the value, where they are that and no more.
#[derive(Clone, Copy, Default)]
pub(super) struct Stored {
    pub(super) key: Option<usize>,
    pub(super) value: Option<usize>,
}

/// The number of a parameter, for the runtime.
pub(super) fn given(param: Option<usize>) -> TokenStream {
    match param.map(Literal::usize_unsuffixed) {
        Some(param) => quote!(Some(#param)),
        None => quote!(None),
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
                StmtKind::Return(Some(e)) if self.hands_out(e) => {
                    self.found.insert(e.id);
                    ends = false;
                }
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

    /// `xs.pop()`, which is returned as the object that it is.
    fn hands_out(&self, e: &Expr) -> bool {
        let ExprKind::Method { base, name, args, keywords } = &e.kind else { return false };
        let Type::List { elem, in_place: true } = &self.instance.nodes[base.id] else { return false };
        let bare = name == "pop" && args.is_empty() && keywords.is_empty();
        bare && **elem == self.instance.ret && self.instance.nodes[e.id] == **elem && only_reads(base)
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
        StmtKind::Expr(e) | StmtKind::Return(Some(e)) => Some(e.id),
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
            ExprKind::Method { name, .. } => !matches!(name.as_str(), "append" | "pop"),
            _ => false,
        };
        walk_expr(self, e);
    }
}
