//! Operators on instances: which method Python calls, in which order it asks the operands, and the call in its place.
//!
//! ```text
//! a + b    →  type(a).__add__(a, b), or type(b).__radd__(b, a)
//! v in c   →  type(c).__contains__(c, v)
//! c[i] = v →  type(c).__setitem__(c, i, v)
//! ```
//!
//! Inference goes on with the type that the method gives; when everything is known [`settled`] puts the call where the
//! operator stood, so that no later stage takes it for arithmetic. What a method answers with `NotImplemented` bails: the
//! method itself does, since the name is no value that native code knows.

mod absent;
mod bound;
mod early;
mod flattened;
mod replaced;
mod settle;
mod sized;
mod sums;
mod texts;

use std::borrow::Cow;
use std::sync::Arc;

pub use self::absent::is_no_answer;
pub use self::replaced::is_itself;
use self::settle::settled;
pub use self::texts::{Text, TextMethod};
use super::members::Member;
use super::solver::Ty;
use super::{Infer, Method, MethodKind, Program};
use crate::hir::{BinOp, CmpOp, Expr, ExprKind, NodeId, SpecialMethod, UnaryOp, Var};
use crate::lower::classes::TYPE_OF;
use crate::resolve::SETTER;
use crate::source::Span;
use crate::ty::{DictKind, NamedClass, ObjectClass, Type};

/// The methods of a binary operator: of the left operand, of the right one, and in place.
fn methods(op: BinOp) -> [&'static str; 3] {
    match op {
        BinOp::Add => ["__add__", "__radd__", "__iadd__"],
        BinOp::Sub => ["__sub__", "__rsub__", "__isub__"],
        BinOp::Mult => ["__mul__", "__rmul__", "__imul__"],
        BinOp::MatMult => ["__matmul__", "__rmatmul__", "__imatmul__"],
        BinOp::Div => ["__truediv__", "__rtruediv__", "__itruediv__"],
        BinOp::Mod => ["__mod__", "__rmod__", "__imod__"],
        BinOp::Pow => ["__pow__", "__rpow__", "__ipow__"],
        BinOp::LShift => ["__lshift__", "__rlshift__", "__ilshift__"],
        BinOp::RShift => ["__rshift__", "__rrshift__", "__irshift__"],
        BinOp::BitOr => ["__or__", "__ror__", "__ior__"],
        BinOp::BitXor => ["__xor__", "__rxor__", "__ixor__"],
        BinOp::BitAnd => ["__and__", "__rand__", "__iand__"],
        BinOp::FloorDiv => ["__floordiv__", "__rfloordiv__", "__ifloordiv__"],
    }
}

/// The method of a comparison, and the one with the operands the other way round.
fn comparison(op: CmpOp) -> Option<[&'static str; 2]> {
    Some(match op {
        CmpOp::Eq => ["__eq__", "__eq__"],
        CmpOp::NotEq => ["__ne__", "__ne__"],
        CmpOp::Lt => ["__lt__", "__gt__"],
        CmpOp::LtE => ["__le__", "__ge__"],
        CmpOp::Gt => ["__gt__", "__lt__"],
        CmpOp::GtE => ["__ge__", "__le__"],
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    })
}

/// Builtins that ask their argument's class.
const ASKED: &[(&str, &str)] =
    &[("len", "__len__"), ("abs", "__abs__"), ("int", "__int__"), ("float", "__float__")];

/// Does the builtin call a method of its one argument?
pub(super) fn is_asked(name: &str) -> bool {
    ASKED.iter().any(|(builtin, _)| *builtin == name)
}

/// What the method must give, so that the operator gives the same.
fn result(name: &str) -> Option<&'static [Ty]> {
    Some(match name {
        "__len__" => &[Ty::Int],
        "__int__" => &[Ty::Int, Ty::Big],
        "__float__" => &[Ty::Float],
        "__eq__" | "__ne__" | "__lt__" | "__le__" | "__gt__" | "__ge__" | "__contains__" | "__bool__" => {
            &[Ty::Bool]
        }
        _ => return None,
    })
}

/// What stands for an operator.
#[derive(Clone, PartialEq, Eq)]
struct Resolved {
    method: SpecialMethod,
    /// The operator says the opposite of the method.
    negated: bool,
}

fn call(name: impl Into<Cow<'static, str>>, receiver: usize) -> Resolved {
    Resolved { method: SpecialMethod::new(name, receiver), negated: false }
}

/// Does an operand of this builtin type leave the operator to the instance on its right?
fn leaves_it(ty: &Type) -> bool {
    matches!(
        ty,
        Type::None
            | Type::Bool
            | Type::Int
            | Type::Big
            | Type::Float
            | Type::Complex
            | Type::Str
            | Type::Char
            | Type::Bytes
            | Type::Tuple { .. }
            | Type::VarTuple(_)
            | Type::List { .. }
            | Type::View(_)
            | Type::Range
            | Type::Set { .. }
            | Type::Dict { kind: DictKind::Plain, .. }
    )
}

impl Program<'_> {
    /// The method that an operator calls, as the interpreter finds it: in the class alone.
    pub fn special_method(&self, class: &ObjectClass, name: &str) -> Option<Method> {
        if let Some(property) = name.strip_prefix(SETTER) {
            return self.setter_of(class, property);
        }
        let method = self.method_of(class, name).filter(|m| m.kind == MethodKind::Plain)?;
        Some(Method { kind: MethodKind::Special, ..method })
    }

    fn has(&self, class: &ObjectClass, name: &str) -> bool {
        self.special_method(class, name).is_some()
    }

    /// Is it an attribute of instances, and no method, that is called? What it holds is read first.
    pub(super) fn keeps_callable(&self, ty: &Type, name: &str) -> bool {
        let keeps = |m: &Type| match m {
            Type::Instance(class) => {
                self.enumeration(class).is_none()
                    && !class.base.container.is_some_and(|base| super::bases::methods(base).contains(&name))
                    && matches!(self.member_of(class, name), None | Some(Member::Value))
            }
            _ => false,
        };
        !name.contains([' ', '.'])
            && !name.starts_with("__")
            && *ty != Type::Never
            && ty.members().iter().all(keeps)
    }

    /// Is it one method, whatever of these types the receiver has?
    fn all_have(&self, ty: &Type, name: &str) -> bool {
        ty.members().iter().all(|m| match m {
            Type::Instance(class) => self.has(class, name),
            Type::Named { class, .. } => self.has(&class.as_object(), name),
            _ => false,
        })
    }

    /// The same, or `None`, of which Python says that it has none: the call bails there.
    fn can_be_asked(&self, ty: &Type, name: &str) -> bool {
        let asked: Vec<Type> = ty.members().iter().filter(|m| **m != Type::None).cloned().collect();
        !asked.is_empty() && asked.iter().all(|m| self.all_have(m, name))
    }

    /// What one call stands for, whatever types of both the operands have.
    fn of_pairs(
        &self,
        (l, r): (&Type, &Type),
        of: impl Fn(&Type, &Type) -> Option<Resolved>,
    ) -> Option<Resolved> {
        let mut found: Option<Resolved> = None;
        for a in l.members() {
            for b in r.members() {
                let here = of(a, b)?;
                match &mut found {
                    None => found = Some(here),
                    // One rule for all of them, which may ask for more.
                    Some(known) if known.method.receiver == here.method.receiver => {
                        if (&known.method.name, known.negated) != (&here.method.name, here.negated) {
                            return None;
                        }
                        for absent in here.method.absent {
                            if !known.method.absent.contains(&absent) {
                                known.method.absent.push(absent);
                            }
                        }
                    }
                    Some(_) => return None,
                }
            }
        }
        found
    }

    /// Is the operator a method of a class that `namedtuple` made, so that it is not that of tuples?
    pub(super) fn has_numbers(&self, class: &NamedClass, op: BinOp) -> bool {
        let [forward, reflected, _] = methods(op);
        let class = class.as_object();
        [forward, reflected].iter().any(|name| self.member_of(&class, name).is_some())
    }

    /// A named tuple as an instance, where that makes a difference.
    fn with_numbers(&self, ty: &Type, op: BinOp) -> Type {
        match ty {
            Type::Named { class, .. } if self.has_numbers(class, op) => Type::Instance(class.as_object()),
            other => other.clone(),
        }
    }

    fn binary(&self, op: BinOp, in_place: bool, l: &Type, r: &Type) -> Option<Resolved> {
        let [forward, reflected, changing] = methods(op);
        if in_place {
            let instances = |t: &Type| t.members().iter().any(|m| matches!(m, Type::Instance(_)));
            if self.all_have(l, changing) {
                return Some(call(changing, 0));
            }
            // Others change what stands on the left, or try to.
            let changes = |m: &Type| matches!(m, Type::List { .. } | Type::Dict { .. } | Type::Set { .. });
            if !instances(l) && l.members().iter().any(changes) {
                return None;
            }
        }
        let of = |a: &Type, b: &Type| {
            let (a, b) = (&self.with_numbers(a, op), &self.with_numbers(b, op));
            let mut found = match (a, b) {
                (Type::Instance(a), Type::Instance(b)) if a.is(b) => {
                    self.has(a, forward).then(|| call(forward, 0))?
                }
                (Type::Instance(a), Type::Instance(b)) => self.either([forward, reflected], a, b)?,
                (Type::Instance(a), t) if !is_open(t) => self.has(a, forward).then(|| call(forward, 0))?,
                (t, Type::Instance(b)) if leaves_it(t) => {
                    let formats = op == BinOp::Mod && matches!(t, Type::Str | Type::Char | Type::Bytes);
                    (!formats && self.has(b, reflected)).then(|| call(reflected, 1))?
                }
                _ => return None,
            };
            if let (true, Type::Instance(a)) = (in_place, a) {
                if self.member_of(a, changing).is_some() {
                    return None;
                }
                found.method.absent.push((0, changing));
            }
            Some(found)
        };
        self.of_pairs_but_none((l, r), of)
    }

    /// The same where the left one may be `None`, of which Python says that it has no such operator: the call bails
    /// there, as that of a method does.
    fn of_pairs_but_none(
        &self,
        (l, r): (&Type, &Type),
        of: impl Fn(&Type, &Type) -> Option<Resolved>,
    ) -> Option<Resolved> {
        self.of_pairs((l, r), &of).or_else(|| {
            let rest: Vec<_> = l.members().iter().filter(|m| **m != Type::None).cloned().collect();
            let rest = rest.into_iter().reduce(|a, b| Type::join(&a, &b))?;
            self.of_pairs((&rest, r), of).filter(|found| found.method.receiver == 0)
        })
    }

    /// Is `b` another class, and below `a`?
    fn is_below(&self, a: &ObjectClass, b: &ObjectClass) -> Option<bool> {
        let order = self.order(b).or_else(|| self.named_order(b))?;
        Some(!a.is(b) && order.iter().any(|c| c.is(a)))
    }

    /// Of two instances: the method of the left one, or the reflected one of the right one where the left one has none.
    /// A class below that of the left one would be asked first.
    fn either(
        &self,
        [forward, reflected]: [&'static str; 2],
        a: &ObjectClass,
        b: &ObjectClass,
    ) -> Option<Resolved> {
        let below = self.is_below(a, b)?;
        if below && self.member_of(b, reflected).is_some() {
            return None;
        }
        let mut found = if self.has(a, forward) {
            call(forward, 0)
        } else if self.member_of(a, forward).is_none()
            && self.has(b, reflected)
            // `object.__ne__` asks `__eq__` first.
            && (forward != "__ne__" || self.member_of(a, "__eq__").is_none())
        {
            let mut found = call(reflected, 1);
            found.method.absent.push((0, forward));
            if forward == "__ne__" {
                found.method.absent.push((0, "__eq__"));
            }
            found
        } else {
            return None;
        };
        if below {
            found.method.absent.push((1, reflected));
        }
        Some(found)
    }

    fn compared(&self, op: CmpOp, l: &Type, r: &Type) -> Option<Resolved> {
        let names = comparison(op)?;
        let of = |a: &Type, b: &Type| self.comparison(names, a, b);
        // `None` is equal to itself.
        let found = match op {
            CmpOp::Eq | CmpOp::NotEq => self.of_pairs((l, r), of),
            _ => self.of_pairs_but_none((l, r), of),
        };
        if found.is_some() || op != CmpOp::NotEq {
            return found;
        }
        // `object.__ne__` says the opposite of `__eq__`.
        let equal = comparison(CmpOp::Eq)?;
        self.of_pairs((l, r), |a, b| {
            let mut found = self.comparison(equal, a, b)?;
            for (at, operand) in [a, b].into_iter().enumerate() {
                // Tuples have one that does not ask `__eq__`.
                if matches!(operand, Type::Named { class, .. } if class.compares_itself("==")) {
                    return None;
                }
                if let Type::Instance(class) = operand {
                    if self.member_of(class, "__ne__").is_some() {
                        return None;
                    }
                    found.method.absent.push((at, "__ne__"));
                }
            }
            found.negated = true;
            Some(found)
        })
    }

    fn comparison(&self, [forward, reflected]: [&'static str; 2], a: &Type, b: &Type) -> Option<Resolved> {
        let own = |t: &Type, name| matches!(t, Type::Named { class, .. } if class.has_own(name));
        if own(a, forward) || own(b, reflected) {
            return self.comparison_of_named([forward, reflected], a, b);
        }
        match (a, b) {
            (Type::Instance(a), Type::Instance(b)) => {
                if self.is_below(a, b)? && self.has(b, reflected) {
                    return Some(call(reflected, 1));
                }
                self.either([forward, reflected], a, b)
            }
            (Type::Instance(a), t) if !is_open(t) => self.has(a, forward).then(|| call(forward, 0)),
            (t, Type::Instance(b)) if leaves_it(t) => self.has(b, reflected).then(|| call(reflected, 1)),
            _ => None,
        }
    }

    /// Where one of the operands is a named tuple that has the method which stands on its side. What classes have not,
    /// tuples have: they answer for other tuples.
    fn comparison_of_named(
        &self,
        [forward, reflected]: [&'static str; 2],
        a: &Type,
        b: &Type,
    ) -> Option<Resolved> {
        let forward = |class: &ObjectClass| self.has(class, forward).then(|| call(forward, 0));
        let reflected = |class: &ObjectClass| self.has(class, reflected).then(|| call(reflected, 1));
        match (a, b) {
            (Type::Named { class: a, .. }, Type::Named { class: b, .. }) => {
                let (a, b) = (a.as_object(), b.as_object());
                if self.is_below(&a, &b)? { reflected(&b) } else { forward(&a) }
            }
            (Type::Named { class, .. }, t) if !is_open(t) => forward(&class.as_object()),
            (t, Type::Named { class, .. }) if leaves_it(t) => reflected(&class.as_object()),
            _ => None,
        }
    }

    /// The method that the operator at an expression calls, for operands of these types.
    fn operator(&self, e: &Expr, operands: &[Type]) -> Option<Resolved> {
        if !operands.iter().any(|t| t.members().iter().any(may_have_operators))
            || operands.contains(&Type::Never)
        {
            return None;
        }
        let of_first = |name| self.can_be_asked(&operands[0], name).then(|| call(name, 0));
        match (&e.kind, operands) {
            (ExprKind::Binary { op, .. }, [l, r]) => self.binary(*op, false, l, r),
            (ExprKind::InPlace { op, .. }, [l, r]) => self.binary(*op, true, l, r),
            (ExprKind::Compare { op: op @ (CmpOp::In | CmpOp::NotIn), .. }, [_, r]) => {
                let mut found = self.can_be_asked(r, "__contains__").then(|| call("__contains__", 1))?;
                found.negated = *op == CmpOp::NotIn;
                Some(found)
            }
            (ExprKind::Compare { op, .. }, [l, r]) => self.compared(*op, l, r),
            (ExprKind::Unary { op, .. }, [_]) => of_first(match op {
                UnaryOp::Neg => "__neg__",
                UnaryOp::Pos => "__pos__",
                UnaryOp::Invert => "__invert__",
                UnaryOp::Not => return None,
            }),
            (ExprKind::Index { .. }, [_, _]) => of_first("__getitem__"),
            (ExprKind::CallValue { .. }, [_, ..]) => of_first("__call__"),
            (ExprKind::Call { name, keywords, .. }, [_]) if keywords.is_empty() => {
                of_first(ASKED.iter().find(|(builtin, _)| builtin == name)?.1)
            }
            _ => None,
        }
    }

    /// Puts calls of methods in the place of operators on instances; true if there were any.
    pub(super) fn settle_operators(&mut self) -> bool {
        let mut found = Vec::new();
        for (i, instance) in self.open_ones() {
            if let Some(hir) = settled(self, instance) {
                found.push((i, hir));
            }
        }
        self.put(found)
    }

    /// The method that says whether an instance is true.
    fn truth(&self, ty: &Type) -> Option<&'static str> {
        if self.all_have(ty, "__bool__") {
            return Some("__bool__");
        }
        let silent = |m: &Type| match m {
            Type::Instance(class) => self.member_of(class, "__bool__").is_none(),
            _ => false,
        };
        (ty.members().iter().all(silent) && self.all_have(ty, "__len__")).then_some("__len__")
    }
}

/// `x.__class__` or `type(x)` of a variable: the variable.
fn class_asked<'e>(e: &'e Expr, vars: &[Var]) -> Option<&'e Expr> {
    let asked = match &e.kind {
        ExprKind::Method { base, name, .. } if name == "attribute __class__" => &**base,
        ExprKind::Call { name, args, .. } if name == TYPE_OF => args.first()?,
        _ => return None,
    };
    let ExprKind::Local(var) = asked.kind else { return None };
    (!vars[var].maybe_unbound && !vars[var].cell).then_some(asked)
}

/// Whether two values are of one class, where the types of both tell; one of them is an instance.
fn same_class(op: CmpOp, l: &Type, r: &Type) -> Option<bool> {
    let same = match (l, r) {
        (Type::Instance(a), Type::Instance(b)) => a.is(b),
        (Type::Instance(_), t) | (t, Type::Instance(_)) if leaves_it(t) => false,
        _ => return None,
    };
    match op {
        CmpOp::Is => Some(same),
        CmpOp::IsNot => Some(!same),
        _ => None,
    }
}

fn may_have_operators(ty: &Type) -> bool {
    matches!(ty, Type::Instance(_) | Type::Named { .. })
}

/// May it be an instance of any class?
fn is_open(ty: &Type) -> bool {
    matches!(ty, Type::Obj | Type::Iter(_) | Type::Never | Type::Cell(_) | Type::Union(_))
}

impl Infer<'_, '_> {
    /// The type of an operator, if it is a method of an instance. Where that is still to be told nothing is refused.
    pub(super) fn operator(&mut self, e: &Expr, operands: &[&Ty]) -> Option<Ty> {
        let may_have = |t: &&Ty| t.members().iter().any(|m| matches!(m, Ty::Instance(_) | Ty::Named(..)));
        if self.report || !operands.iter().any(may_have) {
            return None;
        }
        let types: Option<Vec<Type>> = operands.iter().map(|t| self.state.solver.resolve(t)).collect();
        let types = types?;
        if types.contains(&Type::Never) {
            return Some(Ty::Never);
        }
        if let ExprKind::Call { name, .. } = &e.kind
            && self.is_bound(name)
        {
            return None;
        }
        let found = self.program.operator(e, &types)?;
        let keywords = match &e.kind {
            ExprKind::CallValue { keywords, .. } => keywords.as_slice(),
            _ => &[],
        };
        let operands: Vec<Ty> = operands.iter().map(|t| (*t).clone()).collect();
        Some(self.special_call(e, &found.method, &operands, keywords))
    }

    /// Is it a comparison of the classes of two variables that will be decided?
    pub(super) fn asks_classes(&mut self, op: CmpOp, left: &Expr, right: &Expr) -> bool {
        let vars = &self.hir.vars;
        let (Some(a), Some(b), false) = (class_asked(left, vars), class_asked(right, vars), self.report)
        else {
            return false;
        };
        let (l, r) = (self.expr(a), self.expr(b));
        if l == Ty::Never || r == Ty::Never {
            return matches!(op, CmpOp::Is | CmpOp::IsNot);
        }
        let (Some(l), Some(r)) = (self.state.solver.resolve(&l), self.state.solver.resolve(&r)) else {
            return false;
        };
        same_class(op, &l, &r).is_some()
    }

    /// `c.name = v`, where that calls the setter of a property; false where it is something else.
    pub(super) fn assigns_property(&mut self, at: (NodeId, Span), base: &Expr, name: &str, ty: &Ty) -> bool {
        let name = format!("{SETTER}{name}");
        if self.report || !self.has_setter(base, &name) {
            return false;
        }
        let operands = [ty.clone(), self.expr(base)];
        let e = Expr { kind: ExprKind::None, span: at.1, id: at.0 };
        self.special_call(&e, &call(name, 1).method, &operands, &[]);
        true
    }

    /// Are there setters, whatever of its types the instance has?
    pub(super) fn has_setter(&mut self, base: &Expr, name: &str) -> bool {
        let ty = self.expr(base);
        ty != Ty::Never
            && self.state.solver.resolve(&ty).is_some_and(|known| self.program.all_have(&known, name))
    }

    /// `c[i] = v` and `del c[i]` of instances; false where they are something else.
    pub(super) fn assigns_item(&mut self, at: (NodeId, Span), name: &'static str, operands: &[&Ty]) -> bool {
        let receiver = operands.len() - 2;
        if self.report || !operands[receiver].members().iter().any(|m| matches!(m, Ty::Instance(_))) {
            return false;
        }
        let types: Option<Vec<Type>> = operands.iter().map(|t| self.state.solver.resolve(t)).collect();
        let Some(types) = types else { return false };
        if types.contains(&Type::Never) {
            return true;
        }
        if !self.program.all_have(&types[receiver], name) {
            return false;
        }
        let operands: Vec<Ty> = operands.iter().map(|t| (*t).clone()).collect();
        let e = Expr { kind: ExprKind::None, span: at.1, id: at.0 };
        self.special_call(&e, &call(name, receiver).method, &operands, &[]);
        true
    }

    /// The call of the method that an operator stands for.
    pub(super) fn special_call(
        &mut self,
        e: &Expr,
        special: &SpecialMethod,
        operands: &[Ty],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if let Some(text) = Text::of(&special.name) {
            return self.text_call(e, text, operands);
        }
        let mut given = operands.to_vec();
        let receiver = given.remove(special.receiver);
        given.rotate_left(special.receiver);
        let (mut out, mut found) = (Ty::Never, receiver == Ty::Never);
        for member in receiver.members() {
            let class: Arc<ObjectClass> = match member {
                Ty::Instance(class) => class.clone(),
                Ty::Named(class, _) => class.as_object(),
                _ => continue,
            };
            let Some(method) = self.program.special_method(&class, &special.name) else { continue };
            found = true;
            let ty = self.method_call(e, (&class, &special.name, &method), member, given.clone(), keywords);
            out = self.state.solver.join(&out, &ty);
        }
        if !found {
            let message = format!("no `{}` of `{}`", special.name, self.show(&receiver));
            return self.refuse("PYR0307", e.span, message);
        }
        match result(&special.name) {
            _ if special.or_unequal => Ty::Bool,
            Some(wanted) if out != Ty::Never && !wanted.contains(&out) => {
                let message = format!("`{}` that gives `{}`", special.name, self.show(&out));
                self.refuse("PYR0401", e.span, message)
            }
            _ => out,
        }
    }
}
