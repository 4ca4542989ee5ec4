//! Conditions whose outcome the types alone tell: `x is None` where `x` never is, `isinstance(x, str)` where it always
//! is. What such a condition rules out is neither inferred nor emitted, so that it costs no function.
//!
//! Only reads of bound locals are decided: leaving those out changes nothing.

use super::demand::meets;
use super::{Program, class_names, has_attribute};
use crate::hir::{BoolOp, CmpOp, Expr, ExprKind, Keep, UnaryOp, Var};
use crate::lower::classes::EXACTLY;
use crate::lower::matching::{OTHER_SEQUENCE, is_other};
use crate::numpy::Dtype;
use crate::ty::{DictKind, Type};

/// What the condition always is. `node` gives the type of an expression that has been inferred.
pub fn decide(e: &Expr, vars: &[Var], node: &dyn Fn(&Expr) -> Option<Type>) -> Option<bool> {
    decide_told(e, vars, node, &|_, _| None)
}

/// The same where `told` says besides whether values of a type are instances of a class of the project. The text alone
/// says so: such a test has to stay.
pub(super) fn decide_told(
    e: &Expr,
    vars: &[Var],
    node: &dyn Fn(&Expr) -> Option<Type>,
    told: &dyn Fn(&Expr, &Type) -> Option<bool>,
) -> Option<bool> {
    let known = |e: &Expr| match e.kind {
        ExprKind::Local(v) if !vars[v].maybe_unbound && !vars[v].cell => {
            node(e).filter(|t| *t != Type::Never)
        }
        _ => None,
    };
    match &e.kind {
        ExprKind::Bool(value) => Some(*value),
        ExprKind::Unary { op: UnaryOp::Not, operand } => {
            decide_told(operand, vars, node, told).map(|value| !value)
        }
        ExprKind::Bool2 { op, left, right } => {
            let stops = *op == BoolOp::Or;
            match decide_told(left, vars, node, told)? {
                value if value == stops => Some(stops),
                _ => decide_told(right, vars, node, told),
            }
        }
        ExprKind::Compare { op: op @ (CmpOp::Is | CmpOp::IsNot), left, right }
            if matches!(right.kind, ExprKind::None) =>
        {
            let is = all_or_none(&known(left)?, |t| match t {
                Type::None => Some(true),
                Type::Obj => None,
                _ => Some(false),
            })?;
            Some(is == (*op == CmpOp::Is))
        }
        ExprKind::Call { name, args, keywords } if name == "isinstance" && keywords.is_empty() => {
            let [value, class] = args.as_slice() else { return None };
            let names = class_names(class);
            all_or_none(&known(value)?, |t| match (t, &names) {
                (Type::Obj, _) => None,
                (_, Some(names)) => Some(names.iter().any(|n| is_instance(t, n))),
                (_, None) => told(class, t),
            })
        }
        ExprKind::Call { name, args, keywords } if name == "callable" && keywords.is_empty() => {
            let [value] = args.as_slice() else { return None };
            all_or_none(&known(value)?, is_callable)
        }
        ExprKind::Call { name, args, keywords } if name == "hasattr" && keywords.is_empty() => {
            let [value, Expr { kind: ExprKind::Str(attribute), .. }] = args.as_slice() else { return None };
            all_or_none(&known(value)?, |t| has_attribute(t, attribute))
        }
        ExprKind::Compare { .. } => {
            let (value, items, at_least, negated) = length_test(e)?;
            let is = all_or_none(&known(value)?, |t| fits(t, items, at_least))?;
            Some(is != negated)
        }
        ExprKind::Local(_) => (known(e)? == Type::None).then_some(false),
        _ => None,
    }
}

/// Does a narrowing leave a value of this type, which is no union?
pub(super) fn keeps(keep: &Keep, ty: &Type, program: &Program) -> bool {
    let instance = |name: &String| program.is_instance(ty, name);
    match keep {
        _ if *ty == Type::Obj => true,
        Keep::None => *ty == Type::None,
        Keep::NotNone => *ty != Type::None,
        Keep::Instance(names) => names.iter().any(|n| instance(n) != Some(false)),
        Keep::NotInstance(names) => names.iter().all(|n| instance(n) != Some(true)),
        Keep::Length { items, at_least } => fits(ty, *items, *at_least) != Some(false),
        Keep::NotLength { items, at_least } => fits(ty, *items, *at_least) != Some(true),
        Keep::Meets(demand) => meets(demand, ty),
        Keep::Both(a, b) => keeps(a, ty, program) && keeps(b, ty, program),
    }
}

/// What an opaque value is where it is an instance of one of the classes that the narrowing names, if all of them are
/// understood.
pub(super) fn exact_types(keep: &Keep) -> Option<Type> {
    match keep {
        Keep::Instance(names) => {
            // One that is none of these bails.
            let types = names.iter().filter(|name| !is_other(name)).map(|name| {
                Some(match name.as_str() {
                    "int" => Type::join(&Type::Bool, &Type::Int),
                    "bool" => Type::Bool,
                    "float" => Type::Float,
                    "str" => Type::Str,
                    "bytes" => Type::Bytes,
                    "range" => Type::Range,
                    "list" => Type::List { elem: Box::new(Type::Obj), in_place: true },
                    "tuple" => Type::VarTuple(Box::new(Type::Obj)),
                    "dict" => Type::Dict {
                        key: Box::new(Type::Obj),
                        value: Box::new(Type::Obj),
                        in_place: true,
                        kind: DictKind::Plain,
                    },
                    "set" | "frozenset" => {
                        Type::Set { elem: Box::new(Type::Obj), in_place: true, frozen: name == "frozenset" }
                    }
                    "complex" => Type::Complex,
                    "bytearray" => Type::ByteArray,
                    _ => return None,
                })
            });
            let types: Option<Vec<Type>> = types.collect();
            types.map(|types| types.iter().fold(Type::Never, |acc, t| Type::join(&acc, t)))
        }
        Keep::Both(a, b) => exact_types(a).or_else(|| exact_types(b)),
        _ => None,
    }
}

/// `callable` of a value of a type that is no union, where the type tells: an instance is asked when the code runs.
pub fn is_callable(ty: &Type) -> Option<bool> {
    match ty {
        Type::Function(_) | Type::Inner(_) | Type::Closure { .. } => Some(true),
        Type::Obj | Type::Instance(_) | Type::Named { .. } | Type::Foreign(_) => None,
        Type::Iter(_) | Type::Cell(_) | Type::Union(_) => None,
        _ => Some(false),
    }
}

/// Has a value of the type so many items, or at least so many, if the type tells?
fn fits(ty: &Type, items: usize, at_least: bool) -> Option<bool> {
    match ty {
        Type::Tuple { items: have, .. } if at_least => Some(have.len() >= items),
        Type::Tuple { items: have, .. } => Some(have.len() == items),
        _ => None,
    }
}

/// `len(x) == 2`, `len(x) >= 2` and their opposites: what is measured, the number, at least, negated.
pub(super) fn length_test(e: &Expr) -> Option<(&Expr, usize, bool, bool)> {
    let ExprKind::Compare { op, left, right } = &e.kind else { return None };
    let (ExprKind::Call { name, args, keywords }, ExprKind::Int(n)) = (&left.kind, &right.kind) else {
        return None;
    };
    let ([value], "len", true) = (args.as_slice(), name.as_str(), keywords.is_empty()) else { return None };
    let n = usize::try_from(*n).ok()?;
    Some(match op {
        CmpOp::Eq => (value, n, false, false),
        CmpOp::NotEq => (value, n, false, true),
        CmpOp::GtE => (value, n, true, false),
        CmpOp::Lt => (value, n, true, true),
        CmpOp::Gt => (value, n.checked_add(1)?, true, false),
        CmpOp::LtE => (value, n.checked_add(1)?, true, true),
        _ => return None,
    })
}

/// The answer that all members of a type give.
fn all_or_none(ty: &Type, answer: impl Fn(&Type) -> Option<bool>) -> Option<bool> {
    let mut answers = ty.members().iter().map(answer);
    let first = answers.next()??;
    answers.all(|a| a == Some(first)).then_some(first)
}

/// `isinstance` of a value of a type that is no union.
pub fn is_instance(ty: &Type, class: &str) -> bool {
    if class == OTHER_SEQUENCE {
        return matches!(ty, Type::Deque { .. } | Type::Packed(_) | Type::MemView);
    }
    if let Some(class) = class.strip_prefix(EXACTLY) {
        return match ty {
            Type::Bool => class == "bool",
            // Their classes are below the builtin ones.
            Type::Named { .. } | Type::Numpy(_) | Type::Instance(_) => false,
            Type::Dict { kind, .. } => *kind == DictKind::Plain && class == "dict",
            other => is_instance(other, class),
        };
    }
    match ty {
        Type::Bool => matches!(class, "bool" | "int"),
        Type::Int | Type::Big => class == "int",
        Type::Float => class == "float",
        Type::Str | Type::Char => class == "str",
        Type::Bytes => class == "bytes",
        Type::ByteArray => class == "bytearray",
        Type::Complex => class == "complex",
        Type::List { .. } | Type::View(_) => class == "list",
        Type::Dict { .. } => class == "dict",
        Type::Deque { .. } => false,
        Type::Set { frozen: false, .. } => class == "set",
        Type::Set { frozen: true, .. } => class == "frozenset",
        Type::Tuple { .. } | Type::VarTuple(_) | Type::Named { .. } => class == "tuple",
        Type::Range => class == "range",
        Type::Instance(own) => own.base.container.is_some_and(|base| base.name() == class),
        // None of them is derived from a builtin class.
        Type::Foreign(_) => false,
        Type::Function(_) | Type::Inner(_) | Type::Closure { .. } => false,
        Type::MemView => class == "memoryview",
        // The one class of NumPy's that is derived from a builtin one.
        Type::Numpy(dtype) => *dtype == Dtype::Float64 && class == "float",
        Type::Array(..) | Type::Packed(_) => false,
        Type::DictView { .. } => false,
        Type::None | Type::Never | Type::Obj | Type::Iter(_) | Type::Cell(_) | Type::Union(_) => false,
    }
}

impl super::Infer<'_, '_> {
    /// What a condition that has been inferred always is.
    pub(super) fn decide(&self, test: &crate::hir::Expr) -> Option<bool> {
        if self.program.hides_tests(&self.func.module) {
            return None;
        }
        let solver = &self.state.solver;
        decide(test, &self.hir.vars, &|e| solver.resolve(&solver.get(self.state.nodes[e.id])))
    }

    pub(super) fn falls_off(&self, body: &[crate::hir::Stmt]) -> bool {
        crate::hir::falls_off(body, &|test| self.decide(test))
    }
}
