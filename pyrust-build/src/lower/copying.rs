//! `return xs[:]`: copies that only Python gets. Here every returned expression that may be one is marked; what it
//! copies only inference knows ([`crate::infer::copying`]).

use super::outgoing::{each_returned, mark};
use crate::hir::{BinOp, CompKind, Expr, ExprKind, Function};

/// The function with a mark on the copies that it returns.
pub fn copying(mut function: Function) -> Function {
    if function.yields.is_none() {
        let mut nodes = function.nodes;
        each_returned(&mut function.body, &mut |e| {
            if may_copy(e) {
                mark(e, &mut nodes);
            }
        });
        function.nodes = nodes;
    }
    function
}

/// May the value be a copy of a container, as far as the text tells?
fn may_copy(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Slice { .. } => true,
        ExprKind::Binary { op, .. } => matches!(op, BinOp::Add | BinOp::Mult | BinOp::BitOr),
        ExprKind::Dict(items) => items.iter().any(|(key, _)| key.is_none()),
        ExprKind::Method { name, args, keywords, .. } => {
            name == "copy" && args.is_empty() && keywords.is_empty()
        }
        ExprKind::Call { name, args, .. } => matches!(name.as_str(), "sorted" | "dict") && args.len() == 1,
        ExprKind::Comp(comp) => matches!(comp.kind, CompKind::List | CompKind::Tuple | CompKind::Set(false)),
        _ => false,
    }
}
