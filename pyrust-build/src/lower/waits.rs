//! Loops that wait for somebody else: what ends them is in memory that they do not change themselves, so another thread,
//! a signal handler or a clock has to. Nobody can while a native loop runs (replay rule 31).
//!
//! In doubt a loop does not wait: searches and scans are natively what they are in Python. A loop waits if every way out
//! of it stands under conditions that nothing in it moves: no store into an object, no call that could do one, and no
//! variable whose next value depends on anything but memory.

use std::collections::{HashMap, HashSet};

use crate::ast::{BinOp, Expr, ExprKind as E, FunctionDef, Stmt, StmtKind as S};
use crate::walk;

/// Builtins that change nothing, and read what they are given.
const READS: &[&str] =
    &["len", "range", "abs", "min", "max", "sum", "int", "float", "str", "bool", "ord", "any", "all"];

/// Functions that functions call, that functions call.
const DEPTH: usize = 4;

/// What is known of the names in a loop.
pub(super) struct Known<'k, 'd> {
    /// A builtin here?
    pub(super) is_builtin: &'k dyn Fn(&str) -> bool,
    /// A variable?
    pub(super) is_local: &'k dyn Fn(&str) -> bool,
    /// The functions of the module that a call may run; none where it may be any other.
    pub(super) callees: &'k dyn Fn(&Expr) -> Vec<&'d FunctionDef>,
}

impl Known<'_, '_> {
    /// Does calling this read, and change nothing?
    fn reads(&self, func: &Expr, depth: usize) -> bool {
        if let E::Name(name) = &func.kind
            && READS.contains(&name.as_str())
            && (self.is_builtin)(name)
        {
            return true;
        }
        let callees = if depth == 0 { Vec::new() } else { (self.callees)(func) };
        !callees.is_empty() && callees.iter().all(|def| self.is_reader(def, depth))
    }

    fn is_reader(&self, def: &FunctionDef, depth: usize) -> bool {
        let mut reads = def.decorators.is_empty() && def.body.iter().all(is_quiet);
        walk::expressions(&def.body, &mut |e| match &e.kind {
            E::Call { func, keywords, .. } => reads &= keywords.is_empty() && self.reads(func, depth - 1),
            E::Await(_) | E::Yield(_) | E::YieldFrom(_) | E::Lambda { .. } | E::Unrepresentable(_) => {
                reads = false
            }
            _ => {}
        });
        reads
    }
}

/// A statement that assigns nothing but variables of its function.
fn is_quiet(stmt: &Stmt) -> bool {
    match &stmt.kind {
        S::Pass | S::Return(_) | S::Expr(_) => true,
        S::Assign { targets, .. } => targets.iter().all(|t| matches!(t.kind, E::Name(_))),
        S::If { body, orelse, .. } => body.iter().chain(orelse).all(is_quiet),
        _ => false,
    }
}

/// Does the loop wait?
pub(super) fn waits(test: &Expr, body: &[Stmt], known: &Known<'_, '_>) -> bool {
    let mut look = Look { known, guards: vec![test], open: false, moves: HashMap::new() };
    look.expression(test, &[]);
    look.block(body, &[], false);
    if look.open {
        return false;
    }
    let moved = look.moved();
    let is_moved = |e: &Expr| names(e).iter().any(|name| moved.contains(name));
    // What raises at last is a way out as well.
    let mut ends = false;
    let mut sees = |e: &Expr| {
        ends |= match &e.kind {
            E::Subscript { .. } => is_moved(e),
            E::BinOp { op: BinOp::Div | BinOp::FloorDiv | BinOp::Mod, right, .. } => is_moved(right),
            _ => false,
        };
    };
    walk::expression(test, &mut sees);
    walk::expressions(body, &mut sees);
    // `while False` and `while True` wait for nothing.
    let looks = look.guards.iter().any(|guard| !names(guard).is_empty());
    looks && !ends && !look.guards.iter().any(|guard| is_moved(guard))
}

/// What a variable is assigned in a loop.
struct Move<'a> {
    /// The value, and the conditions on the way to it.
    from: Vec<&'a Expr>,
    /// It depends on the variable's own value, or on an iterator's.
    itself: bool,
}

struct Look<'a, 'd> {
    known: &'a Known<'a, 'd>,
    /// The conditions of the ways out.
    guards: Vec<&'a Expr>,
    /// There is a way out without a condition, or something that may change any memory.
    open: bool,
    moves: HashMap<String, Vec<Move<'a>>>,
}

impl<'a> Look<'a, '_> {
    /// `inner`: in a loop inside, whose `break` leaves that one only.
    fn block(&mut self, body: &'a [Stmt], conditions: &[&'a Expr], inner: bool) {
        for stmt in body {
            self.statement(stmt, conditions, inner);
        }
    }

    fn statement(&mut self, stmt: &'a Stmt, conditions: &[&'a Expr], inner: bool) {
        match &stmt.kind {
            S::Pass | S::Continue => {}
            S::Break if inner => {}
            S::Break | S::Return(_) | S::Raise { .. } => match conditions {
                [] => self.open = true,
                conditions => self.guards.extend(conditions),
            },
            S::If { test, body, orelse } => {
                self.expression(test, conditions);
                let deeper: Vec<&Expr> = conditions.iter().copied().chain([test]).collect();
                self.block(body, &deeper, inner);
                self.block(orelse, &deeper, inner);
            }
            S::Assert { test, message } => {
                self.expression(test, conditions);
                message.iter().for_each(|e| self.expression(e, conditions));
                self.guards.push(test);
            }
            S::Assign { targets, value } => {
                self.expression(value, conditions);
                targets.iter().for_each(|target| self.target(target, Some(value), conditions));
            }
            S::AnnAssign { target, value, .. } => {
                if let Some(value) = value {
                    self.expression(value, conditions);
                    self.target(target, Some(value), conditions);
                }
            }
            S::AugAssign { target, value, .. } => {
                self.expression(value, conditions);
                self.target(target, None, conditions);
            }
            S::For { target, iter, body, orelse, is_async: false } => {
                self.expression(iter, conditions);
                self.target(target, None, conditions);
                self.block(body, conditions, true);
                self.block(orelse, conditions, inner);
            }
            S::While { test, body, orelse } => {
                self.expression(test, conditions);
                let deeper: Vec<&Expr> = conditions.iter().copied().chain([test]).collect();
                self.block(body, &deeper, true);
                self.block(orelse, conditions, inner);
            }
            S::Expr(e) => self.expression(e, conditions),
            _ => self.open = true,
        }
    }

    /// What an expression does besides having a value.
    fn expression(&mut self, e: &'a Expr, conditions: &[&'a Expr]) {
        let mut named = Vec::new();
        let (mut open, known) = (false, self.known);
        walk::expression(e, &mut |e| match &e.kind {
            E::Call { func, keywords, .. } => {
                open |= !keywords.is_empty() || !known.reads(func, DEPTH);
            }
            E::Named { target, .. } => named.push(target.clone()),
            E::Await(_) | E::Yield(_) | E::YieldFrom(_) | E::Lambda { .. } | E::Unrepresentable(_) => {
                open = true
            }
            _ => {}
        });
        self.open |= open;
        for name in named {
            self.assign(&name, Some(e), conditions);
        }
    }

    fn target(&mut self, target: &'a Expr, value: Option<&'a Expr>, conditions: &[&'a Expr]) {
        match &target.kind {
            E::Name(name) => self.assign(name, value, conditions),
            E::Tuple(items) | E::List(items) => {
                items.iter().for_each(|item| self.target(item, value, conditions));
            }
            E::Starred(item) => self.target(item, value, conditions),
            _ => self.open = true,
        }
    }

    fn assign(&mut self, name: &str, value: Option<&'a Expr>, conditions: &[&'a Expr]) {
        // A global that the loop assigns may be read by anything.
        self.open |= !(self.known.is_local)(name);
        let from = conditions.iter().copied().chain(value).collect();
        self.moves.entry(name.to_owned()).or_default().push(Move { from, itself: value.is_none() });
    }

    /// Variables that do not stay as they are: all that are assigned but those that are read from memory again and again.
    fn moved(&self) -> HashSet<String> {
        let mut moved: HashSet<String> = self.moves.keys().cloned().collect();
        loop {
            let stays = moved.iter().find(|name| {
                self.moves[*name].iter().all(|one| {
                    let depends = one.from.iter().flat_map(|e| names(e)).any(|name| moved.contains(&name));
                    !one.itself && !depends && one.from.last().is_some_and(|value| self.is_read(value))
                })
            });
            let Some(name) = stays.cloned() else { return moved };
            moved.remove(&name);
        }
    }

    /// Does the value come from memory that others may write to?
    fn is_read(&self, value: &Expr) -> bool {
        let mut found = false;
        walk::expression(value, &mut |e| {
            found |= match &e.kind {
                E::Subscript { .. } | E::Attribute { .. } | E::Call { .. } => true,
                E::Name(name) => !(self.known.is_local)(name),
                _ => false,
            };
        });
        found
    }
}

fn names(e: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    walk::expression(e, &mut |e| {
        if let E::Name(name) | E::Named { target: name, .. } = &e.kind {
            found.push(name.clone());
        }
    });
    found
}
