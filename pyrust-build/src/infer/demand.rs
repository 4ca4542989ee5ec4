//! What the operations of a statement tell of the variables they are applied to: what has a `len` is no number, what a
//! float is subtracted from is no list. Where Python would raise a `TypeError` the call is Python's anyway, so the
//! variable is narrowed before the statement, and what follows is compiled for the types that are left.
//!
//! Only what runs whenever the statement does is asked. A narrowing too many costs a bail, never an answer.

use crate::hir::visit::children;
use crate::hir::{
    BinOp, CmpOp, Demand, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, TargetKind, UnaryOp, VarId,
};
use crate::lower::above::Above;
use crate::ty::Type;

/// May a value of this type, which is no union, be used as the demand says?
pub(super) fn meets(demand: &Demand, ty: &Type) -> bool {
    let number = matches!(ty, Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex);
    match demand {
        Demand::Items => !number && !matches!(ty, Type::None | Type::Function(_)),
        Demand::Number => number || matches!(ty, Type::Foreign(_) | Type::Array(..) | Type::Numpy(_)),
        Demand::Method(name) => has_method(ty, name),
    }
}

const NUMBER: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "from_bytes",
    "hex",
    "is_integer",
    "to_bytes",
];
const LIST: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
const DICT: &[&str] = &[
    "clear",
    "copy",
    "elements",
    "get",
    "items",
    "keys",
    "most_common",
    "move_to_end",
    "pop",
    "popitem",
    "setdefault",
    "subtract",
    "total",
    "update",
    "values",
];
const SET: &[&str] = &[
    "add",
    "clear",
    "copy",
    "difference",
    "difference_update",
    "discard",
    "intersection",
    "intersection_update",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "symmetric_difference_update",
    "union",
    "update",
];
const TUPLE: &[&str] = &["count", "index"];

fn has_method(ty: &Type, name: &str) -> bool {
    let of = |methods: &[&str]| methods.contains(&name);
    match ty {
        Type::None | Type::Function(_) => false,
        Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex => of(NUMBER),
        Type::List { .. } | Type::View(_) => of(LIST),
        Type::Dict { .. } => of(DICT),
        Type::Set { .. } => of(SET),
        Type::Tuple { .. } | Type::VarTuple(_) | Type::Range => of(TUPLE),
        Type::Str | Type::Char | Type::Bytes => of(TUPLE) || !(of(LIST) || of(DICT) || of(SET)),
        _ => true,
    }
}

/// What the statement demands, before anything else, of variables that it reads. `node` is the type of an expression.
pub(super) fn demands(stmt: &Stmt, node: &dyn Fn(&Expr) -> Option<Type>) -> Vec<(VarId, Demand)> {
    let mut pass = Demands { node, found: Vec::new() };
    match &stmt.kind {
        StmtKind::Expr(e) | StmtKind::Return(Some(e)) => pass.expr(e),
        StmtKind::Assign { targets, value } => {
            pass.expr(value);
            targets.iter().for_each(|t| pass.target(&t.kind));
        }
        StmtKind::AugAssign { target, value, .. } => {
            pass.target(&target.kind);
            pass.expr(value);
        }
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => pass.expr(test),
        StmtKind::For { iter, .. } => pass.iter(iter),
        _ => {}
    }
    pass.found
}

struct Demands<'a> {
    node: &'a dyn Fn(&Expr) -> Option<Type>,
    found: Vec<(VarId, Demand)>,
}

impl Demands<'_> {
    fn ask(&mut self, e: &Expr, demand: Demand) {
        if let ExprKind::Local(var) = e.kind
            && !self.found.iter().any(|(v, d)| *v == var && *d == demand)
        {
            self.found.push((var, demand));
        }
    }

    fn is_number(&self, e: &Expr) -> bool {
        (self.node)(e).is_some_and(|ty| {
            ty != Type::Never
                && ty.members().iter().all(|m| matches!(m, Type::Bool | Type::Int | Type::Big | Type::Float))
        })
    }

    fn target(&mut self, target: &TargetKind) {
        if let TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } = target {
            self.ask(base, Demand::Items);
            self.expr(base);
        }
    }

    fn iter(&mut self, iter: &Iter) {
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                [start.as_deref(), Some(&**stop), step.as_deref()]
                    .into_iter()
                    .flatten()
                    .for_each(|e| self.expr(e));
            }
            IterKind::Enumerate { inner, .. } => self.iter(inner),
            IterKind::Zip(items) => items.iter().for_each(|i| self.iter(i)),
            IterKind::Expr(e) | IterKind::Reversed(e) => {
                self.ask(e, Demand::Items);
                self.expr(e);
            }
            IterKind::Items(e) | IterKind::ReversedItems(e) => self.view(e, "items"),
            IterKind::Values(e) | IterKind::ReversedValues(e) => self.view(e, "values"),
            IterKind::Keys(e) => self.view(e, "keys"),
            IterKind::Comp(comp) => {
                if let Some(first) = comp.generators.first() {
                    self.iter(&first.iter);
                }
            }
            IterKind::ZipStar(_) | IterKind::Tool { .. } => {}
        }
    }

    fn view(&mut self, e: &Expr, method: &str) {
        self.ask(e, Demand::Method(method.to_owned()));
        self.expr(e);
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Bool2 { left, .. } => return self.expr(left),
            ExprKind::If { test, .. } => return self.expr(test),
            ExprKind::Comp(comp) => {
                if let Some(first) = comp.generators.first() {
                    self.iter(&first.iter);
                }
                return;
            }
            // These run later, or read variables of their own.
            ExprKind::Lambda { .. } | ExprKind::Narrow { .. } | ExprKind::Iter { .. } => return,
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                if matches!(op, BinOp::Add | BinOp::Sub | BinOp::Div | BinOp::FloorDiv | BinOp::Pow) {
                    for (one, other) in [(left, right), (right, left)] {
                        if self.is_number(other) {
                            self.ask(one, Demand::Number);
                        }
                    }
                }
            }
            ExprKind::Compare { op: CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE, left, right } => {
                for (one, other) in [(left, right), (right, left)] {
                    if self.is_number(other) {
                        self.ask(one, Demand::Number);
                    }
                }
            }
            ExprKind::Unary { op: UnaryOp::Neg | UnaryOp::Pos, operand } => self.ask(operand, Demand::Number),
            ExprKind::Index { base, .. } | ExprKind::Slice { base, .. } => self.ask(base, Demand::Items),
            // Everything has a class.
            ExprKind::Method { name, .. } if name == "attribute __class__" => {}
            ExprKind::Method { base, name, .. } if Above::of(name).is_none() => {
                self.ask(base, Demand::Method(name.clone()));
            }
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                args.iter().for_each(|e| self.ask(e, Demand::Items));
            }
            _ => {}
        }
        children(e).into_iter().for_each(|e| self.expr(e));
    }
}
