//! `calendar.weekday` and `calendar.monthrange` where the weekday is only a number: since 3.12 it has a class of its own,
//! an `IntEnum`, which arithmetic and comparisons do not show.

use std::collections::{BTreeMap, BTreeSet};

use super::Lower;
use crate::ast::{
    BinOp, CmpOp, Constant, Expr as AExpr, ExprKind as A, Keyword, Stmt as AStmt, StmtKind as S,
};
use crate::hir::ExprKind;
use crate::resolve::Binding;
use crate::source::Span;

/// The calls that give a number, and those that give a pair whose first item is one.
#[derive(Debug, Default)]
pub(super) struct Weekdays {
    numbers: BTreeSet<Span>,
    pairs: BTreeSet<Span>,
}

impl Weekdays {
    pub(super) fn of(body: &[AStmt]) -> Self {
        let mut out = Weekdays::default();
        let (mut all, mut fine) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, usize>::new());
        crate::walk::expressions(body, &mut |e| {
            if let A::Name(name) = &e.kind {
                *all.entry(name).or_default() += 1;
            }
            for place in number_places(e) {
                let _ = match &place.kind {
                    A::Name(name) => {
                        *fine.entry(name).or_default() += 1;
                        false
                    }
                    A::Call { .. } => out.numbers.insert(place.span),
                    A::Subscript { value, index } if is_zero(index) => out.pairs.insert(value.span),
                    _ => false,
                };
            }
        });
        let mut stores = Stores::default();
        stores.block(body);
        for (name, _, _) in &stores.found {
            *fine.entry(name).or_default() += 1;
        }
        for (name, value, first) in &stores.found {
            if fine.get(*name) != all.get(*name) || stores.outer.contains(*name) {
                continue;
            }
            let _ = match (first, &value.kind) {
                (true, _) => out.pairs.insert(value.span),
                (false, A::Subscript { value, index }) if is_zero(index) => out.pairs.insert(value.span),
                (false, _) => out.numbers.insert(value.span),
            };
        }
        out
    }
}

/// What stands in an expression where an `IntEnum` does what its number does, and does not come out.
fn number_places(e: &AExpr) -> Vec<&AExpr> {
    match &e.kind {
        A::Compare { left, ops, comparators } => {
            let plain = |op: &CmpOp| !matches!(op, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn);
            match (ops.as_slice(), comparators.as_slice()) {
                ([CmpOp::In | CmpOp::NotIn], [AExpr { kind: A::Tuple(_) | A::List(_), .. }]) => vec![left],
                _ if ops.iter().all(plain) => std::iter::once(&**left).chain(comparators).collect(),
                _ => vec![],
            }
        }
        A::BinOp { left, op: BinOp::Sub, right } => vec![left, right],
        A::BinOp { left, op: BinOp::Add | BinOp::Mult | BinOp::Mod | BinOp::FloorDiv, .. } => vec![left],
        _ => vec![],
    }
}

fn is_zero(e: &AExpr) -> bool {
    matches!(&e.kind, A::Constant(Constant::Int(digits)) if digits == "0")
}

/// Assignments to one name, or to some of which the first is one: the name, the value, whether there are more.
#[derive(Default)]
struct Stores<'b> {
    found: Vec<(&'b str, &'b AExpr, bool)>,
    /// Names of variables outside.
    outer: BTreeSet<String>,
}

impl<'b> Stores<'b> {
    fn block(&mut self, body: &'b [AStmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &'b AStmt) {
        match &stmt.kind {
            S::Assign { targets, value } => {
                let [target] = targets.as_slice() else { return };
                match &target.kind {
                    A::Name(name) => self.found.push((name, value, false)),
                    A::Tuple(items) | A::List(items) => {
                        if let (Some(AExpr { kind: A::Name(name), .. }), A::Call { .. }) =
                            (items.first(), &value.kind)
                        {
                            self.found.push((name, value, true));
                        }
                    }
                    _ => {}
                }
            }
            S::Global(names) | S::Nonlocal(names) => {
                self.outer.extend(names.iter().map(ToString::to_string));
            }
            S::FunctionDef(def) => self.block(&def.body),
            S::ClassDef(class) => self.block(&class.body),
            S::If { body, orelse, .. } | S::While { body, orelse, .. } | S::For { body, orelse, .. } => {
                self.block(body);
                self.block(orelse);
            }
            S::With { body, .. } => self.block(body),
            S::Match { cases, .. } => cases.iter().for_each(|case| self.block(&case.body)),
            S::Try { body, handlers, orelse, finalbody, .. } => {
                self.block(body);
                handlers.iter().for_each(|handler| self.block(&handler.body));
                self.block(orelse);
                self.block(finalbody);
            }
            S::Return(_)
            | S::Delete(_)
            | S::AugAssign { .. }
            | S::TypeAlias { .. }
            | S::AnnAssign { .. }
            | S::Raise { .. }
            | S::Assert { .. }
            | S::Expr(_)
            | S::Import(_)
            | S::ImportFrom { .. }
            | S::Pass
            | S::Break
            | S::Continue => {}
        }
    }
}

impl Lower<'_> {
    /// A call of one of the two whose weekday is only a number.
    pub(super) fn weekday_call(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<ExprKind> {
        let plain = keywords.is_empty() && !args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        let (global, attr) = match &func.kind {
            A::Name(name) if self.lookup(name).is_none() => match self.env.bindings.get(name)? {
                Binding::Imported { module, name: attr } if module == "calendar" => {
                    (name.clone(), attr.clone())
                }
                _ => return None,
            },
            A::Attribute { value, name } => {
                let global = self.module_of(value)?;
                let known =
                    matches!(self.env.bindings.get(&global), Some(Binding::Module(m)) if m == "calendar");
                (known.then_some(global)?, name.clone())
            }
            _ => return None,
        };
        let only = match (attr.as_str(), args.len()) {
            ("weekday", 3) => self.weekdays.numbers.contains(&span),
            ("monthrange", 2) => self.weekdays.pairs.contains(&span),
            _ => false,
        };
        if !plain || !only {
            return None;
        }
        // What is imported by its own name is that function already.
        let imported = matches!(func.kind, A::Name(_));
        let name = if imported { "number".to_string() } else { format!("{attr}.number") };
        let args = args.iter().map(|arg| self.expr(arg)).collect();
        Some(ExprKind::ModuleCall { module: global, name, args, keywords: vec![] })
    }
}
