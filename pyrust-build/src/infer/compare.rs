//! Comparisons.

use super::expr::{among_few, stays_native};
use super::solver::Ty;
use super::{Guard, Infer, enums};
use crate::hir::{CmpOp, Expr, ExprKind};
use crate::numpy::{Dtype, is_numpy};
use crate::ty::{DictKind, Side, Type};

/// How a refusal begins of what is asked of values without an identity.
pub const IS_BETWEEN: &str = "`is` between";

impl Infer<'_, '_> {
    pub(super) fn compare(&mut self, e: &Expr, op: CmpOp, left: &Expr, right: &Expr) -> Ty {
        if self.asks_classes(op, left, right) {
            return Ty::Bool;
        }
        if let (CmpOp::In | CmpOp::NotIn, ExprKind::Global(name)) = (op, &right.kind)
            && let Some(class) = self.program.enumeration_named(&self.func.module, name)
        {
            self.guards.insert(Guard::Value(format!("{} {name}", enums::LOOKUP)));
            return self.is_member(e, &class, left);
        }
        let (l, r) = (self.expr(left), self.expr(right));
        if let Some(ty) = self.operator(e, &[&l, &r]) {
            return ty;
        }
        match op {
            CmpOp::Is | CmpOp::IsNot => {
                let singletons =
                    |t: &Ty| t.members().iter().all(|m| matches!(m, Ty::None | Ty::Bool | Ty::Never));
                let by_pointer = |t: &Ty| {
                    t.members().iter().all(|m| {
                        matches!(
                            m,
                            Ty::None
                                | Ty::Bool
                                | Ty::Obj
                                | Ty::Function(_)
                                | Ty::List(_)
                                | Ty::View(_)
                                | Ty::Dict(..)
                                | Ty::Deque(_)
                                | Ty::ByteArray
                                | Ty::Packed(_)
                                | Ty::Named(..)
                                | Ty::Foreign(_)
                                | Ty::Instance(_)
                                | Ty::Set(..)
                        )
                    })
                };
                // What native code has unboxed is not an object of another class.
                let has_class = |t: &Ty| {
                    let plain = |m: &Ty| match m {
                        Ty::Tuple(..) | Ty::None | Ty::Obj | Ty::Dict(_, DictKind::Plain) => true,
                        Ty::Instance(_) => true,
                        Ty::Dict(..) | Ty::Deque(_) | Ty::Foreign(_) => false,
                        other => super::method::class_of(other).is_some(),
                    };
                    t.members().iter().all(plain)
                };
                let known = singletons(&l)
                    || singletons(&r)
                    || (by_pointer(&l) && by_pointer(&r))
                    || (has_class(&l) && has_class(&r) && (by_pointer(&l) || by_pointer(&r)));
                if !known {
                    let message = format!("{IS_BETWEEN} `{}` and `{}`", self.show(&l), self.show(&r));
                    self.refuse("PYR0401", e.span, message);
                }
            }
            CmpOp::In | CmpOp::NotIn => {
                let searches = |m: &Ty| matches!(m, Ty::Named(class, _) if class.has_own("__contains__"));
                if r.members().iter().any(searches) {
                    let message = format!("`in` asks a method of `{}`", self.show(&r));
                    return self.refuse("PYR0401", e.span, message);
                }
                let r = self.opened(&r);
                if let Some(items) = among_few(right) {
                    self.hashable(left, &l);
                    for item in items {
                        let item = self.expr(item);
                        self.comparable_inside(e, "==", &item, &l);
                    }
                } else if let Ty::Tuple(items, _) = &r {
                    for item in items.clone() {
                        self.comparable_inside(e, "==", &item, &l);
                    }
                } else {
                    self.apply("in", e.id, 0, e.span, &[l, r]);
                }
            }
            _ => {
                self.meet(left, &l, right, &r);
                if !self.tuples_in_order(e, op, &l, &r) {
                    self.comparable(e, op.symbol(), &l, &r);
                }
                // The result is what the first items that differ say, which may be a boolean of NumPy's.
                let equality = matches!(op, CmpOp::Eq | CmpOp::NotEq);
                if !equality && (self.holds_scalars(&l) || self.holds_scalars(&r)) {
                    let told = format!("the order of `{}` and `{}`", self.show(&l), self.show(&r));
                    return self.refuse("PYR0401", e.span, told);
                }
                return self.compared(&l, &r);
            }
        }
        Ty::Bool
    }

    /// Are NumPy scalars inside of it?
    fn holds_scalars(&self, ty: &Ty) -> bool {
        let inside = |t: &Type| !is_numpy(t) && t.any(&is_numpy);
        self.state.solver.resolve(ty).is_some_and(|t| t.members().iter().any(inside))
    }

    /// The type of `==` and the like: NumPy has a boolean of its own.
    fn compared(&mut self, l: &Ty, r: &Ty) -> Ty {
        let all = |t: &Ty| t.members().iter().all(|m| matches!(m, Ty::Array(..) | Ty::Numpy(_)));
        let some = |t: &Ty| t.members().iter().any(|m| matches!(m, Ty::Array(..) | Ty::Numpy(_)));
        if l == &Ty::Never || r == &Ty::Never || !(some(l) || some(r)) {
            return Ty::Bool;
        }
        let mut told = if all(l) || all(r) { Ty::Never } else { Ty::Bool };
        for (a, b) in l.members().iter().flat_map(|a| r.members().iter().map(move |b| (a, b))) {
            let dims = |ty: &Ty| match ty {
                Ty::Array(_, dims) => *dims,
                _ => 0,
            };
            // Of arrays it is one, element by element.
            let one = match dims(a).max(dims(b)) {
                0 => Ty::Numpy(Dtype::Bool),
                dims => Ty::Array(Dtype::Bool, dims),
            };
            told = self.state.solver.join(&told, &one);
        }
        told
    }

    /// Are these tuples in which methods of classes say what the order is?
    fn tuples_in_order(&mut self, e: &Expr, op: CmpOp, l: &Ty, r: &Ty) -> bool {
        let op = match op {
            CmpOp::Lt => "<",
            CmpOp::Gt => ">",
            _ => return false,
        };
        let (Ty::Tuple(x, _), Ty::Tuple(y, _)) = (l, r) else { return false };
        if x.len() != y.len() {
            return false;
        }
        let joined = self.state.solver.join(l, r);
        self.orders_itself(e, &joined, op)
    }

    /// Equality is known between all understood types; order only where the table has it.
    pub(super) fn comparable(&mut self, e: &Expr, op: &str, l: &Ty, r: &Ty) {
        self.known_to_compare(e, op, (l, r), false);
    }

    /// The same of items of a container: what is the same object is equal, and classes are asked as containers ask them.
    pub(super) fn comparable_inside(&mut self, e: &Expr, op: &str, l: &Ty, r: &Ty) {
        self.known_to_compare(e, op, (l, r), true);
    }

    /// Do items of tuples run code of their classes when they are compared? Python compares them, whatever the lengths.
    fn runs_in_pairs(&self, x: &[Ty], y: &[Ty]) -> bool {
        let runs =
            |ty: &Ty| self.state.solver.resolve(ty).is_some_and(|ty| self.program.may_run_when_compared(&ty));
        x.iter().zip(y).any(|(a, b)| runs(a) || runs(b))
    }

    /// Is `<` a `TypeError`, or only known at run time?
    fn is_unordered(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Iter(_)) || self.state.solver.resolve(ty).is_some_and(|ty| self.has_no_order(&ty))
    }

    fn known_to_compare(&mut self, e: &Expr, op: &str, (l, r): (&Ty, &Ty), inside: bool) {
        let equality = op == "==" || op == "!=";
        let (l, r) = (&self.opened_for(l, op), &self.opened_for(r, op));
        // Where something is of several types, members that cannot be compared bail, unless there are no others.
        let several = l.members().len() + r.members().len() > 2;
        let (mut found, mut message) = (false, None);
        for a in l.members() {
            for b in r.members() {
                match (a, b) {
                    (Ty::Never, _) | (_, Ty::Never) => found = true,
                    (Ty::Named(x, _), Ty::Named(y, _))
                        if inside && equality && x == y && self.equals_itself(e, a, b) =>
                    {
                        found = true
                    }
                    (Ty::Named(class, _), _) | (_, Ty::Named(class, _)) => {
                        message.get_or_insert(format!("`{op}` asks a method of `{}`", class.name));
                    }
                    (Ty::Tuple(x, _), Ty::Tuple(y, _))
                        if several && x.len() != y.len() && self.runs_in_pairs(x, y) =>
                    {
                        let told = format!("`{op}` of `{}` and `{}`", self.show(a), self.show(b));
                        message.get_or_insert(told);
                    }
                    (Ty::Tuple(x, _), Ty::Tuple(y, _)) => {
                        found = true;
                        for (i, (x, y)) in x.clone().iter().zip(&y.clone()).enumerate() {
                            self.comparable_inside(e, "==", x, y);
                            // What stands behind others is ordered only where those are equal: what has no order
                            // raises where it comes to that.
                            if !(equality || i > 0 && self.is_unordered(x) && self.is_unordered(y)) {
                                self.comparable(e, op, x, y);
                            }
                        }
                    }
                    (Ty::Tuple(items, _), Ty::VarTuple(elem)) | (Ty::VarTuple(elem), Ty::Tuple(items, _))
                        if equality =>
                    {
                        let elem = self.state.solver.get(*elem);
                        for item in items.clone() {
                            self.comparable(e, "==", &item, &elem);
                        }
                    }
                    (Ty::Iter(_), Ty::Iter(_)) if inside && equality => found = true,
                    // By identity, unless the class says otherwise when the code runs.
                    (Ty::Instance(_), t) | (t, Ty::Instance(_)) if equality && !stays_native(t) => {
                        if inside && a == b {
                            self.equals_itself(e, a, b);
                        }
                        found = true
                    }
                    // Numbers and texts are compared, others bail.
                    (Ty::Obj, t) | (t, Ty::Obj) if equality && !stays_native(t) => found = true,
                    _ if self.try_boxed(op, e.id, 200, &[a.clone(), b.clone()]).is_some() => found = true,
                    (Ty::Obj | Ty::Iter(_), _) | (_, Ty::Obj | Ty::Iter(_)) => {
                        let what = if matches!(a, Ty::Obj | Ty::Iter(_)) { a } else { b };
                        let told = format!("`{op}` of `{}` is not known", self.show(what));
                        // An iterator among others has no code for it at all.
                        let other = matches!(a, Ty::Obj) || matches!(b, Ty::Obj);
                        if several && !other {
                            self.refuse("PYR0401", e.span, told);
                            found = true;
                        } else {
                            message.get_or_insert(told);
                        }
                    }
                    _ if self.try_apply(op, e.id, 200, &[a.clone(), b.clone()]).is_some() => found = true,
                    _ if equality && different_kinds(a, b) => found = true,
                    (Ty::Function(_), Ty::Function(_)) if equality => found = true,
                    _ => {
                        message.get_or_insert(format!(
                            "no `{op}` between `{}` and `{}`",
                            self.show(a),
                            self.show(b)
                        ));
                    }
                }
            }
        }
        if let (Some(message), false) = (message, found) {
            self.refuse("PYR0401", e.span, message);
        }
    }
}

/// Values of these types are never equal.
fn different_kinds(a: &Ty, b: &Ty) -> bool {
    let kind = |t: &Ty| match t {
        Ty::None => 0,
        Ty::Bool | Ty::Int | Ty::Big | Ty::Float | Ty::Complex => 1,
        Ty::Char | Ty::Str => 2,
        Ty::Bytes | Ty::ByteArray => 3,
        Ty::Range => 4,
        Ty::Tuple(..) | Ty::VarTuple(_) | Ty::Named(..) => 5,
        Ty::Instance(_) => 14,
        Ty::List(_) | Ty::View(_) => 6,
        Ty::Dict(..) => 7,
        Ty::Deque(_) => 9,
        Ty::Set(..) => 10,
        // Some are derived from others.
        Ty::Foreign(_) => 11,
        Ty::DictView(_, _, Side::Values) | Ty::MemView => 8,
        Ty::DictView(..) => 10,
        Ty::Function(_) | Ty::Inner(_) | Ty::Closure(..) => 12,
        Ty::Obj | Ty::Iter(_) | Ty::Cell(_) | Ty::Never | Ty::Union(_) => 8,
        Ty::Array(..) | Ty::Numpy(_) => 13,
        Ty::Packed(_) => 15,
    };
    // What an instance is equal to its class says, and arrays are compared element by element.
    if [kind(a), kind(b)].iter().any(|k| matches!(k, 13 | 14)) {
        return false;
    }
    kind(a) != kind(b) || matches!((a, b), (Ty::None, Ty::None))
}
