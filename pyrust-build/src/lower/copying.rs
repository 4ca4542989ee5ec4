//! `return xs[:]`, `return [{**a, **b} for …]`: copies and new dicts that only Python gets. Here every returned expression that may be one is marked; what it
//! copies only inference knows ([`crate::infer::copying`]).

use super::outgoing::{each_returned, mark};
use crate::hir::{BinOp, CompKind, Expr, ExprKind, Function};

/// The function with a mark on the copies that it returns.
pub fn copying(mut function: Function) -> Function {
    if function.yields.is_none() {
        let mut nodes = function.nodes;
        each_returned(&mut function.body, &mut |e| copies(e, &mut nodes));
        function.nodes = nodes;
    }
    function
}

/// Marks the expression, and what a comprehension makes each time.
fn copies(e: &mut Expr, nodes: &mut usize) {
    match &mut e.kind {
        ExprKind::Comp(comp) if comp.kind == CompKind::List => copies(&mut comp.element, nodes),
        ExprKind::Comp(comp) if comp.kind == CompKind::Dict => {
            if let Some(value) = &mut comp.value {
                copies(value, nodes);
            }
        }
        _ => {}
    }
    if may_copy(e) {
        mark(e, nodes);
    }
}

/// May the value be a copy of a container, or a new dict, as far as the text tells?
fn may_copy(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Slice { .. } => true,
        ExprKind::Binary { op, .. } => {
            use BinOp::{Add, BitAnd, BitOr, BitXor, Mult, Sub};
            matches!(op, Add | Mult | BitOr | BitAnd | Sub | BitXor)
        }
        ExprKind::Dict(items) => !items.is_empty(),
        ExprKind::Method { name, args, keywords, .. } => {
            let count = if name == "copy" { 0 } else { usize::from(set_operator(name).is_some()) };
            (name == "copy" || count == 1) && args.len() == count && keywords.is_empty()
        }
        ExprKind::Call { name, args, .. } => matches!(name.as_str(), "sorted" | "dict") && args.len() == 1,
        ExprKind::Comp(comp) => {
            matches!(comp.kind, CompKind::List | CompKind::Dict | CompKind::Tuple | CompKind::Set(_))
        }
        _ => false,
    }
}

/// The operator that the method of a set is, where it is given one other set.
pub fn set_operator(method: &str) -> Option<BinOp> {
    match method {
        "union" => Some(BinOp::BitOr),
        "intersection" => Some(BinOp::BitAnd),
        "difference" => Some(BinOp::Sub),
        "symmetric_difference" => Some(BinOp::BitXor),
        _ => None,
    }
}
