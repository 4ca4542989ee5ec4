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

use std::sync::Arc;

use super::solver::Ty;
use super::{Infer, Method, MethodKind, Program};
use crate::hir::visit::{self, VisitMut};
use crate::hir::{
    BinOp, BoolOp, CmpOp, Comp, Expr, ExprKind, Function, Iter, IterKind, NodeId, SpecialMethod, Stmt,
    StmtKind, Target, TargetKind, UnaryOp, Var, VarId,
};
use crate::lower::each::EACH;
use crate::lower::webs;
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
const ASKED: &[(&str, &str)] = &[("len", "__len__"), ("abs", "__abs__")];

/// Does the builtin call a method of its one argument?
pub(super) fn is_asked(name: &str) -> bool {
    ASKED.iter().any(|(builtin, _)| *builtin == name)
}

/// What the method must give, so that the operator gives the same.
fn result(name: &str) -> Option<Ty> {
    Some(match name {
        "__len__" => Ty::Int,
        "__eq__" | "__ne__" | "__lt__" | "__le__" | "__gt__" | "__ge__" | "__contains__" | "__bool__" => {
            Ty::Bool
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

fn call(name: &'static str, receiver: usize) -> Resolved {
    Resolved { method: SpecialMethod { name, receiver, absent: Vec::new() }, negated: false }
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
        let method = self.method_of(class, name).filter(|m| m.kind == MethodKind::Plain)?;
        Some(Method { kind: MethodKind::Special, ..method })
    }

    fn has(&self, class: &ObjectClass, name: &str) -> bool {
        self.special_method(class, name).is_some()
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
                        if (known.method.name, known.negated) != (here.method.name, here.negated) {
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
        self.of_pairs((l, r), |a, b| {
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
        } else if self.member_of(a, forward).is_none() && self.has(b, reflected) {
            let mut found = call(reflected, 1);
            found.method.absent.push((0, forward));
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
        let found = self.of_pairs((l, r), |a, b| self.comparison(names, a, b));
        if found.is_some() || op != CmpOp::NotEq {
            return found;
        }
        // `object.__ne__` says the opposite of `__eq__`.
        let equal = comparison(CmpOp::Eq)?;
        self.of_pairs((l, r), |a, b| {
            let mut found = self.comparison(equal, a, b)?;
            for (at, operand) in [a, b].into_iter().enumerate() {
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

    /// The method that the operator at an expression calls, for operands of these types.
    fn operator(&self, e: &Expr, operands: &[Type]) -> Option<Resolved> {
        if !operands.iter().any(|t| t.members().iter().any(may_have_operators))
            || operands.contains(&Type::Never)
        {
            return None;
        }
        let of_first = |name| self.all_have(&operands[0], name).then(|| call(name, 0));
        match (&e.kind, operands) {
            (ExprKind::Binary { op, .. }, [l, r]) => self.binary(*op, false, l, r),
            (ExprKind::InPlace { op, .. }, [l, r]) => self.binary(*op, true, l, r),
            (ExprKind::Compare { op: op @ (CmpOp::In | CmpOp::NotIn), .. }, [_, r]) => {
                let mut found = self.all_have(r, "__contains__").then(|| call("__contains__", 1))?;
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
        for (i, instance) in self.instances.iter().enumerate().filter(|(_, i)| !i.settled) {
            if let Some(hir) = settled(self, &instance.hir, &instance.nodes) {
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

/// `x.__class__` of a variable: the variable.
fn class_asked<'e>(e: &'e Expr, vars: &[Var]) -> Option<&'e Expr> {
    let ExprKind::Method { base, name, .. } = &e.kind else { return None };
    let ExprKind::Local(var) = base.kind else { return None };
    let bound = !vars[var].maybe_unbound && !vars[var].cell;
    (name == "attribute __class__" && bound).then_some(&**base)
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
            let Some(method) = self.program.special_method(&class, special.name) else { continue };
            found = true;
            let ty = self.method_call(e, (&class, special.name, &method), member, given.clone(), keywords);
            out = self.state.solver.join(&out, &ty);
        }
        if !found {
            let message = format!("no `{}` of `{}`", special.name, self.show(&receiver));
            return self.refuse("PYR0307", e.span, message);
        }
        match result(special.name) {
            Some(wanted) if out != Ty::Never && out != wanted => {
                let message = format!("`{}` that gives `{}`", special.name, self.show(&out));
                self.refuse("PYR0401", e.span, message)
            }
            _ => out,
        }
    }
}

/// The function with calls in the place of operators on instances; `None` if there are none.
fn settled(program: &Program, function: &Function, nodes: &[Type]) -> Option<Function> {
    let mut out = function.clone();
    let mut pass = Settle {
        program,
        nodes,
        vars: function.vars.clone(),
        next: function.nodes,
        changed: false,
        asked: Vec::new(),
    };
    pass.block(&mut out.body);
    if !pass.changed {
        return None;
    }
    (out.nodes, out.vars) = (pass.next, pass.vars);
    out.assumes.extend(pass.asked);
    webs::split(&mut out);
    Some(out)
}

struct Settle<'p, 'a> {
    program: &'p Program<'a>,
    nodes: &'p [Type],
    vars: Vec<Var>,
    next: NodeId,
    changed: bool,
    /// Builtins that were called.
    asked: Vec<String>,
}

fn take(e: &mut Expr) -> Expr {
    let empty = Expr { kind: ExprKind::None, span: e.span, id: e.id };
    std::mem::replace(e, empty)
}

impl Settle<'_, '_> {
    fn ty(&self, e: &Expr) -> Type {
        self.nodes.get(e.id).cloned().unwrap_or(Type::Never)
    }

    fn node(&mut self) -> NodeId {
        self.next += 1;
        self.next - 1
    }

    fn build(&mut self, kind: ExprKind, span: Span) -> Expr {
        Expr { kind, span, id: self.node() }
    }

    /// The call, where the operator stood.
    fn put(&mut self, e: &mut Expr, found: Resolved) {
        let old = take(e);
        let (id, span) = (old.id, old.span);
        let mut named = Vec::new();
        let operands = match old.kind {
            ExprKind::Binary { left, right, .. }
            | ExprKind::InPlace { left, right, .. }
            | ExprKind::Compare { left, right, .. } => vec![*left, *right],
            ExprKind::Unary { operand, .. } => vec![*operand],
            ExprKind::Index { base, index } => vec![*base, *index],
            ExprKind::Call { name, args, .. } => {
                self.asked.push(name);
                args
            }
            ExprKind::CallValue { function, args, keywords, .. } => {
                named = keywords;
                std::iter::once(*function).chain(args).collect()
            }
            _ => unreachable!("only operators are resolved"),
        };
        self.changed = true;
        let special = ExprKind::Special { method: found.method, operands, keywords: named };
        if found.negated {
            let inner = self.build(special, span);
            *e = Expr { kind: ExprKind::Unary { op: UnaryOp::Not, operand: Box::new(inner) }, span, id };
        } else {
            *e = Expr { kind: special, span, id };
        }
    }

    /// A condition: an instance is asked whether it is true.
    fn test(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Bool2 { left, right, .. } => {
                self.test(left);
                self.test(right);
                return;
            }
            ExprKind::Unary { op: UnaryOp::Not, .. } => return,
            _ => {}
        }
        let Some(name) = self.program.truth(&self.ty(e)) else { return };
        self.changed = true;
        let operand = take(e);
        let span = operand.span;
        let special =
            ExprKind::Special { method: call(name, 0).method, operands: vec![operand], keywords: vec![] };
        *e = self.build(special, span);
        if name == "__len__" {
            if let ExprKind::Special { method, .. } = &mut e.kind {
                method.absent.push((0, "__bool__"));
            }
            let (left, zero) = (Box::new(take(e)), Box::new(self.build(ExprKind::Int(0), span)));
            *e = self.build(ExprKind::Compare { op: CmpOp::Gt, left, right: zero }, span);
        }
    }

    /// The generator that asks an object for its elements.
    fn each(&mut self, object: Expr) -> Expr {
        self.changed = true;
        let span = object.span;
        let function = EACH.to_string();
        self.build(ExprKind::CallNested { function, made: None, args: vec![object], slots: vec![0] }, span)
    }

    fn assigned(&mut self, name: &'static str, id: NodeId, span: Span, operands: Vec<Expr>) -> StmtKind {
        self.changed = true;
        let method = call(name, operands.len() - 2).method;
        let kind = ExprKind::Special { method, operands, keywords: vec![] };
        StmtKind::Expr(Expr { kind, span, id })
    }

    /// A variable that holds what has been evaluated.
    fn keep(&mut self, value: Expr, out: &mut Vec<Stmt>) -> VarId {
        let (span, id) = (value.span, self.node());
        self.vars.push(Var { name: format!("_tmp{}", self.vars.len()), maybe_unbound: false, cell: false });
        let var = self.vars.len() - 1;
        let target = Target { kind: TargetKind::Var(var), span, id };
        out.push(Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span });
        var
    }

    fn read(&mut self, var: VarId, span: Span) -> Expr {
        self.build(ExprKind::Local(var), span)
    }

    /// `x.a op= v`, `x[i] op= v`, where that calls methods.
    fn augmented(&mut self, stmt: &mut Stmt, out: &mut Vec<Stmt>) {
        let StmtKind::AugAssign { target, op, value, .. } = &stmt.kind else { return };
        let op = *op;
        let base = match &target.kind {
            TargetKind::Index { base, .. } | TargetKind::Attr { base, .. } => self.ty(base),
            _ => return,
        };
        let old = self.nodes.get(target.id).cloned().unwrap_or(Type::Never);
        let of_items =
            matches!(target.kind, TargetKind::Index { .. }) && self.program.all_have(&base, "__getitem__");
        if !of_items && self.program.binary(op, true, &old, &self.ty(value)).is_none() {
            return;
        }
        self.changed = true;
        let span = stmt.span;
        let StmtKind::AugAssign { target, value, .. } = std::mem::replace(&mut stmt.kind, StmtKind::Pass)
        else {
            unreachable!("just seen")
        };
        let (read, write) = match target.kind {
            TargetKind::Index { base, index } => {
                let base = self.keep(base, out);
                let index = self.keep(index, out);
                let (b, i) = (Box::new(self.read(base, span)), Box::new(self.read(index, span)));
                let read = self.build(ExprKind::Index { base: b, index: i }, span);
                (read, TargetKind::Index { base: self.read(base, span), index: self.read(index, span) })
            }
            TargetKind::Attr { base, name, generic } => {
                let base = self.keep(base, out);
                let of = Box::new(self.read(base, span));
                let kind = ExprKind::Method {
                    base: of,
                    name: format!("attribute {name}"),
                    args: vec![],
                    keywords: vec![],
                };
                (self.build(kind, span), TargetKind::Attr { base: self.read(base, span), name, generic })
            }
            _ => unreachable!("looked at above"),
        };
        let new = ExprKind::InPlace { op, left: Box::new(read), right: Box::new(value) };
        let (new, id) = (self.build(new, span), self.node());
        let target = Target { kind: write, span: target.span, id };
        stmt.kind = StmtKind::Assign { targets: vec![target], value: new };
    }
}

impl VisitMut for Settle<'_, '_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        for mut stmt in std::mem::take(body) {
            visit::walk_stmt_mut(self, &mut stmt);
            match &mut stmt.kind {
                StmtKind::If { test, .. } | StmtKind::While { test, .. } => self.test(test),
                StmtKind::Assign { targets, value } => {
                    if let [Target { kind: TargetKind::Index { base, index }, id, span }] =
                        targets.as_mut_slice()
                        && self.program.all_have(&self.ty(base), "__setitem__")
                    {
                        let (id, span) = (*id, *span);
                        let operands = vec![take(value), take(base), take(index)];
                        stmt.kind = self.assigned("__setitem__", id, span, operands);
                    }
                }
                StmtKind::Delete(targets) => {
                    if let [Target { kind: TargetKind::Index { base, index }, id, span }] =
                        targets.as_mut_slice()
                        && self.program.all_have(&self.ty(base), "__delitem__")
                    {
                        let (id, span) = (*id, *span);
                        let operands = vec![take(base), take(index)];
                        stmt.kind = self.assigned("__delitem__", id, span, operands);
                    }
                }
                StmtKind::AugAssign { .. } => self.augmented(&mut stmt, body),
                _ => {}
            }
            body.push(stmt);
        }
    }

    fn comp(&mut self, comp: &mut Comp) {
        visit::walk_comp_mut(self, comp);
        for generator in &mut comp.generators {
            generator.ifs.iter_mut().for_each(|test| self.test(test));
        }
    }

    fn iter(&mut self, iter: &mut Iter) {
        visit::walk_iter_mut(self, iter);
        // What `__iter__` returns is asked no more: often that is the object itself.
        let asked =
            |e: &Expr| matches!(&e.kind, ExprKind::Special { method, .. } if method.name == "__iter__");
        if let IterKind::Expr(e) = &mut iter.kind
            && asked(e)
            && self.program.all_have(&self.ty(e), "__next__")
        {
            let operand = take(e);
            **e = self.each(operand);
            return;
        }
        if let IterKind::Expr(e) = &mut iter.kind
            && !asked(e)
            && self.program.can_be_asked(&self.ty(e), "__iter__")
        {
            self.changed = true;
            let operand = take(e);
            let span = operand.span;
            let method = call("__iter__", 0).method;
            **e = self.build(ExprKind::Special { method, operands: vec![operand], keywords: vec![] }, span);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        visit::walk_expr_mut(self, e);
        let types: Vec<Type> = match &mut e.kind {
            ExprKind::If { test, .. } => return self.test(test),
            ExprKind::Unary { op: UnaryOp::Not, operand } => return self.test(operand),
            ExprKind::Next { iter, default: Some(_) }
                if self.program.all_have(&self.ty(iter), "__next__") =>
            {
                let object = take(iter);
                **iter = self.each(object);
                return;
            }
            ExprKind::Next { iter, default: None } if self.program.all_have(&self.ty(iter), "__next__") => {
                let (operand, id, span) = (take(iter), e.id, e.span);
                self.asked.push("next".to_string());
                self.changed = true;
                let method = call("__next__", 0).method;
                let kind = ExprKind::Special { method, operands: vec![operand], keywords: vec![] };
                *e = Expr { kind, span, id };
                return;
            }
            // Where one side has been asked for the other one is the value.
            ExprKind::Bool2 { op: BoolOp::And | BoolOp::Or, .. } => return,
            ExprKind::Compare { op, left, right }
                if let (Some(a), Some(b)) =
                    (class_asked(left, &self.vars), class_asked(right, &self.vars))
                    && let Some(same) = same_class(*op, &self.ty(a), &self.ty(b)) =>
            {
                self.changed = true;
                e.kind = ExprKind::Bool(same);
                return;
            }
            ExprKind::Binary { left, right, .. }
            | ExprKind::InPlace { left, right, .. }
            | ExprKind::Compare { left, right, .. } => vec![self.ty(left), self.ty(right)],
            ExprKind::Unary { operand, .. } => vec![self.ty(operand)],
            ExprKind::Index { base, index } => vec![self.ty(base), self.ty(index)],
            ExprKind::Call { args, .. } if args.len() == 1 => vec![self.ty(&args[0])],
            ExprKind::CallValue { function, args, stars, rest, .. } if stars.is_empty() && rest.is_none() => {
                std::iter::once(&**function).chain(args.iter()).map(|a| self.ty(a)).collect()
            }
            _ => return,
        };
        if let Some(found) = self.program.operator(e, &types) {
            self.put(e, found);
        }
    }
}
