//! Functions that return no float but those that they have made.
//!
//! A NaN that came in must go out as the same object, because containers compare by identity first, and a number does not
//! know where it came from: a call that returns a NaN bails. What arithmetic has just made is in no container, and nobody
//! has another reference to it, so any object will do.

use std::collections::{BTreeMap, BTreeSet};

use super::independent::PURE;
use super::rows::is_builtin_call;
use crate::hir::visit::{self, Visit};
use crate::hir::{Expr, ExprKind, Narrow, NodeId, Stmt, StmtKind, Target, TargetKind, UnaryOp, VarId};
use crate::infer::{Instance, Program};
use crate::ty::Type;

/// Has each float been made that the instance returns, alone or in a tuple? `within`: instances that are being looked at.
pub(super) fn returns_new(program: &Program<'_>, instance: usize, within: &mut BTreeSet<usize>) -> bool {
    if !within.insert(instance) {
        // What this one returns otherwise decides.
        return true;
    }
    let of = &program.instances[instance];
    if of.hir.yields.is_some() || !goes_out(&of.ret) {
        return false;
    }
    let mut found = Found::default();
    found.block(&of.hir.body);
    let mut look = Look { program, instance: of, found: &found, asked: BTreeSet::new(), within };
    found.returned.iter().all(|value| look.is_new(value))
}

/// Is there a float that becomes an object of its own when a value of the type goes out?
fn goes_out(ty: &Type) -> bool {
    ty.members().iter().any(|member| match member {
        Type::Float => true,
        Type::Tuple { items, .. } => items.iter().any(goes_out),
        _ => false,
    })
}

fn is_number(ty: &Type) -> bool {
    ty.members().iter().all(|m| matches!(m, Type::Bool | Type::Int | Type::Big | Type::Float))
}

/// Python may compute it when it compiles, once for all calls.
fn is_constant(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Big(_) | ExprKind::Float(_) => true,
        ExprKind::Unary { operand, .. } => is_constant(operand),
        ExprKind::Binary { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}

/// What a body returns, and what it assigns to its variables.
#[derive(Default)]
struct Found<'h> {
    returned: Vec<&'h Expr>,
    /// How often each variable is assigned, and what as a whole.
    defined: BTreeMap<VarId, usize>,
    values: BTreeMap<VarId, Vec<Value<'h>>>,
}

#[derive(Clone, Copy)]
enum Value<'h> {
    Of(&'h Expr),
    /// Of another variable, with fewer types.
    Narrowed(VarId),
    /// What `+=` made of it and this.
    Added(&'h Expr),
}

impl<'h> Visit<'h> for Found<'h> {
    fn define(&mut self, _: NodeId, var: &'h VarId) {
        *self.defined.entry(*var).or_default() += 1;
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        let mut assign = |target: &Target, value: Value<'h>| {
            if let TargetKind::Var(var) = target.kind {
                self.values.entry(var).or_default().push(value);
            }
        };
        match &stmt.kind {
            StmtKind::Return(Some(value)) => self.returned.push(value),
            StmtKind::Assign { targets, value } => targets.iter().for_each(|t| assign(t, Value::Of(value))),
            StmtKind::AugAssign { target, value, .. } => assign(target, Value::Added(value)),
            _ => {}
        }
        visit::walk_stmt(self, stmt);
    }

    fn narrows(&mut self, narrows: &'h [Narrow]) {
        for narrow in narrows {
            self.define(narrow.id, &narrow.to);
            self.values.entry(narrow.to).or_default().push(Value::Narrowed(narrow.from));
        }
    }
}

struct Look<'l, 'a> {
    program: &'l Program<'a>,
    instance: &'l Instance,
    found: &'l Found<'l>,
    /// Variables that are being looked at.
    asked: BTreeSet<VarId>,
    within: &'l mut BTreeSet<usize>,
}

impl Look<'_, '_> {
    fn ty(&self, e: &Expr) -> &Type {
        &self.instance.nodes[e.id]
    }

    /// Has each float in the value been made here?
    fn is_new(&mut self, e: &Expr) -> bool {
        let ty = self.ty(e);
        if !goes_out(ty) {
            return true;
        }
        match &e.kind {
            ExprKind::If { body, orelse, .. } => return self.is_new(body) && self.is_new(orelse),
            ExprKind::Narrow { body, .. } | ExprKind::Out(body) => return self.is_new(body),
            // One object may stand in it twice under two names.
            ExprKind::Tuple(items) => {
                return items.iter().all(|item| self.is_computed(item) || !goes_out(self.ty(item)));
            }
            ExprKind::Local(var) => return self.holds_new(*var),
            ExprKind::Call { .. } if let Some(called) = self.instance.calls.get(&e.id) => {
                return returns_new(self.program, *called, self.within);
            }
            _ => {}
        }
        self.is_computed(e)
    }

    /// Is each value of the variable such a value?
    fn holds_new(&mut self, var: VarId) -> bool {
        if !self.asked.insert(var) {
            return true;
        }
        let found = self.found;
        let (Some(values), Some(defined)) = (found.values.get(&var), found.defined.get(&var)) else {
            return false;
        };
        let is_param = self.instance.hir.params.iter().any(|param| param.var == var);
        let ty = &self.instance.vars[var];
        // Arithmetic on what is no number may hand something on.
        let plain = |m: &Type| matches!(m, Type::None) || is_number(m);
        !is_param
            && !self.instance.hir.vars[var].cell
            && values.len() == *defined
            && ty.members().iter().all(plain)
            && values.iter().all(|value| match value {
                Value::Of(value) => self.is_new(value),
                Value::Narrowed(from) => self.holds_new(*from),
                Value::Added(value) => is_number(self.ty(value)),
            })
    }

    /// A float that arithmetic makes, or a function that makes a new one each time.
    fn is_computed(&mut self, e: &Expr) -> bool {
        if !self.ty(e).members().iter().all(|m| is_number(m) || *m == Type::None) || is_constant(e) {
            return matches!(&e.kind, ExprKind::Float(value) if !value.is_nan());
        }
        match &e.kind {
            ExprKind::Binary { left, right, .. } | ExprKind::InPlace { left, right, .. } => {
                is_number(self.ty(left)) && is_number(self.ty(right))
            }
            // `+x` is `x`.
            ExprKind::Unary { op: UnaryOp::Neg, operand } => is_number(self.ty(operand)),
            ExprKind::Call { name, args, keywords } => {
                if !keywords.is_empty() || !is_builtin_call(self.program, self.instance, e, name) {
                    return false;
                }
                match (name.as_str(), args.as_slice()) {
                    ("abs", [x]) | ("round", [x, _]) => is_number(self.ty(x)),
                    ("float", [x]) => {
                        let makes = |m: &Type| {
                            matches!(
                                m,
                                Type::Str | Type::Char | Type::Bytes | Type::Int | Type::Bool | Type::Big
                            )
                        };
                        let ty = self.ty(x);
                        ty.members().iter().all(makes) || (is_number(ty) && self.is_computed(x))
                    }
                    _ => false,
                }
            }
            ExprKind::ModuleCall { module, name, .. } => module == "math" && PURE.contains(&name.as_str()),
            _ => false,
        }
    }
}
