//! Globals that are ints and stay what the text says: `MOD = 10**9 + 7`, `MASK = (1 << 64) - 1`.
//!
//! Where a function divides by one, masks with it, shifts by it or counts up to it, the value says between which numbers
//! the results stay, and a division becomes a product. So the tree gets the number, wherever the global is an operand, and
//! a guard that the name still stands for it. A function that only hands the global on, or compares with it, reads it live.

use std::collections::{BTreeMap, BTreeSet};

use super::Program;
use crate::ast;
use crate::hir::visit::{
    Visit, VisitMut, walk_expr, walk_expr_mut, walk_iter, walk_iter_mut, walk_stmt, walk_stmt_mut,
};
use crate::hir::{BinOp, CmpOp, Expr, ExprKind, Function, Iter, IterKind, Stmt, StmtKind, UnaryOp};
use crate::lower::{constant_int, fold};
use crate::number::Number;
use crate::passes::Pass;
use crate::resolve::Binding;

/// At most so many steps from a name to its number.
const MAX_DEPTH: usize = 8;

impl Program<'_> {
    /// The function with the numbers of the globals that it computes with.
    pub(super) fn with_known_numbers(&self, mut function: Function) -> Function {
        if !self.passes.has(Pass::Known) {
            return function;
        }
        let mut asked = Asked::default();
        asked.block(&function.body);
        let known = asked.names.into_iter().filter_map(|name| {
            let value = self.number_at(&function.module, &name, MAX_DEPTH)?.to_i128()?;
            Some((name, value))
        });
        let mut pass = Known { numbers: known.collect(), found: BTreeSet::new() };
        if !pass.numbers.is_empty() {
            pass.block(&mut function.body);
            function.numbers.extend(pass.found);
        }
        function
    }

    /// The int that a global of the module is bound to for good.
    fn number_at(&self, module: &str, name: &str, depth: usize) -> Option<Number> {
        let depth = depth.checked_sub(1)?;
        if name.contains(['.', ' ']) || self.is_assigned(module, name) {
            return None;
        }
        let (home, Binding::Value(value)) = self.binding(module, name)? else { return None };
        self.number_of(&home, &value, depth)
    }

    fn number_of(&self, home: &str, value: &ast::Expr, depth: usize) -> Option<Number> {
        match &value.kind {
            ast::ExprKind::Constant(ast::Constant::Int(digits)) => Number::parse(digits),
            ast::ExprKind::Name(name) => self.number_at(home, name, depth),
            ast::ExprKind::UnaryOp { op: UnaryOp::Neg, operand } => {
                Some(self.number_of(home, operand, depth.checked_sub(1)?)?.neg())
            }
            ast::ExprKind::BinOp { left, op, right } => {
                let depth = depth.checked_sub(1)?;
                self.number_of(home, left, depth)?.apply(*op, &self.number_of(home, right, depth)?)
            }
            _ => None,
        }
    }
}

/// Does it matter to the operation which number its operand is?
fn matters(op: BinOp) -> bool {
    matches!(
        op,
        BinOp::Mod
            | BinOp::FloorDiv
            | BinOp::BitAnd
            | BinOp::BitOr
            | BinOp::BitXor
            | BinOp::LShift
            | BinOp::RShift
            | BinOp::Pow
    )
}

/// Builtins that compute with numbers.
fn computes(name: &str) -> bool {
    matches!(name, "pow" | "divmod" | "min" | "max" | "abs")
}

/// Globals of which it matters which number they are.
#[derive(Default)]
struct Asked {
    names: BTreeSet<String>,
}

impl Asked {
    fn ask<'e>(&mut self, operands: impl IntoIterator<Item = &'e Expr>) {
        for e in operands {
            match &e.kind {
                ExprKind::Global(name) => _ = self.names.insert(name.clone()),
                // `x % (N + 1)`
                ExprKind::Binary { left, right, .. } => self.ask([&**left, &**right]),
                _ => {}
            }
        }
    }
}

impl<'h> Visit<'h> for Asked {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::AugAssign { op, value, .. } = &stmt.kind
            && matters(*op)
        {
            self.ask([value]);
        }
        walk_stmt(self, stmt);
    }

    fn iter(&mut self, iter: &'h Iter) {
        if let IterKind::Range { start, stop, step } = &iter.kind {
            self.ask(start.iter().chain([stop]).chain(step).map(|e| &**e));
        }
        walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } if matters(*op) => {
                self.ask([&**left, &**right]);
            }
            ExprKind::Call { name, args, .. } if matches!(name.as_str(), "pow" | "divmod") => self.ask(args),
            _ => {}
        }
        walk_expr(self, e);
    }
}

/// Puts the numbers where the globals are operands.
struct Known {
    numbers: BTreeMap<String, i128>,
    found: BTreeSet<(String, i128)>,
}

impl Known {
    fn put<'e>(&mut self, operands: impl IntoIterator<Item = &'e mut Expr>) {
        for e in operands {
            if let ExprKind::Global(name) = &e.kind
                && let Some(value) = self.numbers.get(name)
            {
                self.found.insert((name.clone(), *value));
                e.kind = constant_int(Number::from_i128(*value));
            }
        }
    }
}

impl VisitMut for Known {
    fn stmt(&mut self, stmt: &mut Stmt) {
        if let StmtKind::AugAssign { value, .. } = &mut stmt.kind {
            self.put([value]);
        }
        walk_stmt_mut(self, stmt);
    }

    fn iter(&mut self, iter: &mut Iter) {
        if let IterKind::Range { start, stop, step } = &mut iter.kind {
            self.put(start.iter_mut().chain([stop]).chain(step).map(|e| &mut **e));
        }
        walk_iter_mut(self, iter);
    }

    fn expr(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Binary { left, right, .. } | ExprKind::InPlace { left, right, .. } => {
                self.put([&mut **left, &mut **right]);
            }
            ExprKind::Compare { op, left, right } if !matches!(op, CmpOp::Is | CmpOp::IsNot) => {
                self.put([&mut **left, &mut **right]);
            }
            ExprKind::Unary { operand, .. } => self.put([&mut **operand]),
            ExprKind::Index { index, .. } => self.put([&mut **index]),
            ExprKind::Call { name, args, .. } if computes(name) => self.put(args),
            _ => {}
        }
        walk_expr_mut(self, e);
        if let ExprKind::Binary { op, left, right } = &e.kind
            && let Some(number) = fold(*op, left, right)
        {
            e.kind = constant_int(number);
        }
    }
}
