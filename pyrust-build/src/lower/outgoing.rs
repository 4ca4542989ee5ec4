//! Displays that a function returns. Lists and dicts that stand in one display share a representation, with the types of
//! all of them. Where the display is returned on the spot that need not be: each may become Python's object by itself.
//!
//! Here every value that may be such a container is marked. Inference takes the mark off again where the types agree.

use crate::hir::visit::{self, VisitMut};
use crate::hir::{Expr, ExprKind, Function, Stmt, StmtKind};

/// The function with a mark on what stands in returned displays.
pub(super) fn marked(mut function: Function) -> Function {
    // What runs between the value and the end of the call may change it.
    let mut later = Later(function.yields.is_some());
    later.block(&mut function.body);
    let mut displays = false;
    each_returned(&mut function.body, &mut |e| {
        displays |= matches!(e.kind, ExprKind::List(_) | ExprKind::Dict(_));
    });
    if later.0 || !displays {
        return function;
    }
    let mut out = function.clone();
    let mut nodes = function.nodes;
    each_returned(&mut out.body, &mut |e| display(e, &mut nodes));
    // One alone meets nothing.
    if nodes < function.nodes + 2 {
        return function;
    }
    out.nodes = nodes;
    out
}

/// Does anything run after a `return`?
struct Later(bool);

impl VisitMut for Later {
    fn stmt(&mut self, stmt: &mut Stmt) {
        match &stmt.kind {
            StmtKind::Try { finalbody, .. } => self.0 |= !finalbody.is_empty(),
            StmtKind::Enter(_) => self.0 = true,
            _ => {}
        }
        visit::walk_stmt_mut(self, stmt);
    }

    fn expr(&mut self, _: &mut Expr) {}
}

/// Calls `f` on what each `return` gives, through conditional expressions.
pub(super) fn each_returned(body: &mut Vec<Stmt>, f: &mut dyn FnMut(&mut Expr)) {
    Returned(f).block(body);
}

struct Returned<'f>(&'f mut dyn FnMut(&mut Expr));

impl Returned<'_> {
    fn value(&mut self, e: &mut Expr) {
        if let ExprKind::If { body, orelse, .. } = &mut e.kind {
            self.value(body);
            self.value(orelse);
        } else {
            (self.0)(e);
        }
    }
}

impl VisitMut for Returned<'_> {
    fn stmt(&mut self, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Return(Some(value)) => self.value(value),
            _ => visit::walk_stmt_mut(self, stmt),
        }
    }

    fn expr(&mut self, _: &mut Expr) {}
}

/// Marks an expression; `nodes` counts those of the function.
pub(super) fn mark(e: &mut Expr, nodes: &mut usize) {
    let outer = Expr { kind: ExprKind::None, span: e.span, id: *nodes };
    *nodes += 1;
    let inner = std::mem::replace(e, outer);
    e.kind = ExprKind::Out(Box::new(inner));
}

/// Marks what may be a container in a display.
fn display(e: &mut Expr, nodes: &mut usize) {
    let mut values: Vec<&mut Expr> = match &mut e.kind {
        ExprKind::List(items) => items.iter_mut().collect(),
        ExprKind::Dict(items) if items.iter().all(|(key, _)| key.is_some()) => {
            items.iter_mut().map(|(_, value)| value).collect()
        }
        _ => return,
    };
    values.iter_mut().for_each(|value| display(value, nodes));
    values.retain(|value| may_hold(value));
    values.into_iter().for_each(|value| mark(value, nodes));
}

/// May the value be a container, as far as the text tells?
fn may_hold(e: &Expr) -> bool {
    !matches!(
        e.kind,
        ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Compare { .. }
            | ExprKind::Unary { .. }
            | ExprKind::FString(_)
            | ExprKind::Bail
    )
}
