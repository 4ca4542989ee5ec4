//! Which names are bound for certain at a `yield`, or around a loop, and which a block binds at all.

use std::collections::BTreeSet;

use super::segments::{OWN, Point, point_of};
use crate::ast::{Constant, Expr, ExprKind as E, Pattern, Stmt, StmtKind as S};
use crate::source::Span;
use crate::walk::{blocks, each_statement};

/// Walks through a function with the names that are bound for certain.
pub(super) struct Flow<'p> {
    points: &'p mut [Point],
    /// Names that must not be read while they may be unbound.
    locals: &'p BTreeSet<String>,
    /// Where the first one is.
    unbound: Option<Span>,
    /// All that are.
    missed: BTreeSet<String>,
    /// Where a loop stands, and what is bound for certain in front of it.
    at: Option<(Span, Option<Vec<String>>)>,
}

impl<'p> Flow<'p> {
    fn new(points: &'p mut [Point], locals: &'p BTreeSet<String>) -> Self {
        Flow { points, locals, unbound: None, missed: BTreeSet::new(), at: None }
    }

    /// What is bound for certain in front of a loop; nothing where it is never reached.
    pub(super) fn reached(block: &[Stmt], bound: &mut Vec<String>, at: Span) -> Option<Vec<String>> {
        let none = BTreeSet::new();
        let mut flow = Flow { at: Some((at, None)), ..Flow::new(&mut [], &none) };
        flow.block(block, bound);
        flow.at.and_then(|(_, found)| found)
    }

    /// Which of these names may be read where they are unbound?
    pub(super) fn missed(
        block: &[Stmt],
        bound: &mut Vec<String>,
        locals: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut flow = Flow::new(&mut [], locals);
        flow.block(block, bound);
        flow.missed
    }

    /// Where one of these names may be read while it is unbound.
    pub(super) fn unbound_at(
        block: &[Stmt],
        bound: &mut Vec<String>,
        locals: &BTreeSet<String>,
    ) -> Option<Span> {
        let mut flow = Flow::new(&mut [], locals);
        flow.block(block, bound);
        flow.unbound
    }

    /// May an expression read one of these names while it is unbound?
    pub(super) fn reads_unbound(e: &Expr, bound: &[String], locals: &BTreeSet<String>) -> bool {
        let mut flow = Flow::new(&mut [], locals);
        flow.expr(e, &mut bound.to_vec());
        flow.unbound.is_some()
    }

    /// Finds out what is bound at every `yield`.
    pub(super) fn over(points: &mut [Point], block: &[Stmt], bound: &mut Vec<String>) {
        Flow::new(points, &BTreeSet::new()).block(block, bound);
    }

    /// Adds what is bound for certain behind the block.
    pub(super) fn end(block: &[Stmt], bound: &mut Vec<String>) {
        Flow::new(&mut [], &BTreeSet::new()).block(block, bound);
    }

    /// What is read in an expression, and what `:=` binds in it.
    fn expr(&mut self, e: &Expr, bound: &mut Vec<String>) {
        let mut certain = true;
        let mut named = Vec::new();
        crate::walk::expression(e, &mut |e| match &e.kind {
            E::Name(name) if self.locals.contains(name) && !bound.contains(name) && !named.contains(name) => {
                self.unbound.get_or_insert(e.span);
                self.missed.insert(name.clone());
            }
            E::Named { target, .. } => named.push(target.clone()),
            E::BoolOp { .. }
            | E::If { .. }
            | E::ListComp { .. }
            | E::SetComp { .. }
            | E::DictComp { .. }
            | E::Generator { .. }
            | E::Lambda { .. } => certain = false,
            E::Compare { ops, .. } => certain &= ops.len() == 1,
            _ => {}
        });
        match certain {
            true => bound.extend(named),
            // What may be bound has been taken for bound above.
            false if !named.is_empty() => {
                self.unbound.get_or_insert(e.span);
                self.missed.extend(self.locals.iter().cloned());
            }
            false => {}
        }
    }

    fn target(&mut self, target: &Expr, bound: &mut Vec<String>) {
        match &target.kind {
            E::Name(name) if !bound.contains(name) => bound.push(name.clone()),
            E::Name(_) => {}
            E::Tuple(items) | E::List(items) => items.iter().for_each(|t| self.target(t, bound)),
            E::Starred(inner) => self.target(inner, bound),
            _ => self.expr(target, bound),
        }
    }

    /// Takes what is bound in front of a block to what is bound behind it; is its end reached?
    fn block(&mut self, block: &[Stmt], bound: &mut Vec<String>) -> bool {
        block.iter().all(|stmt| self.stmt(stmt, bound))
    }

    /// A block that may be left anywhere.
    fn aside(&mut self, block: &[Stmt], bound: &[String]) {
        self.block(block, &mut bound.to_vec());
    }

    fn stmt(&mut self, stmt: &Stmt, bound: &mut Vec<String>) -> bool {
        if let Some((number, value)) = point_of(stmt) {
            self.expr(value, bound);
            if let Some(point) = self.points.get_mut(number - 1) {
                if let Some(sent) = &point.sent {
                    point.rebinds = bound.contains(sent);
                    if !point.rebinds {
                        bound.push(sent.clone());
                    }
                }
                point.locals = bound.iter().filter(|n| !n.starts_with(OWN)).cloned().collect();
            }
            return true;
        }
        if let (Some((at, found)), S::For { .. } | S::While { .. }) = (&mut self.at, &stmt.kind)
            && *at == stmt.span
        {
            *found = Some(bound.iter().filter(|name| !name.starts_with(OWN)).cloned().collect());
        }
        match &stmt.kind {
            S::Assign { targets, value } => {
                self.expr(value, bound);
                targets.iter().for_each(|t| self.target(t, bound));
            }
            S::AugAssign { target, value, .. } => {
                self.expr(target, bound);
                self.expr(value, bound);
            }
            S::AnnAssign { target, value: Some(value), .. } => {
                self.expr(value, bound);
                self.target(target, bound);
            }
            S::Expr(e) => self.expr(e, bound),
            S::Delete(list) => list.iter().for_each(|e| self.expr(e, bound)),
            S::Assert { test, message } => {
                self.expr(test, bound);
                message.iter().for_each(|e| self.expr(e, &mut bound.clone()));
            }
            S::Return(value) => {
                value.iter().for_each(|e| self.expr(e, bound));
                return false;
            }
            S::Raise { exc, cause } => {
                exc.iter().chain(cause).for_each(|e| self.expr(e, bound));
                return false;
            }
            S::Break | S::Continue => return false,
            S::If { test, body, orelse } => {
                self.expr(test, bound);
                let (mut then, mut other) = (bound.clone(), bound.clone());
                let ends = self.block(body, &mut then);
                let other_ends = self.block(orelse, &mut other);
                match (ends, other_ends) {
                    (true, true) => {
                        then.retain(|name| other.contains(name));
                        *bound = then;
                    }
                    (true, false) => *bound = then,
                    (false, true) => *bound = other,
                    (false, false) => return false,
                }
            }
            S::While { test, body, orelse } => {
                self.expr(test, bound);
                // Not even the first turn is certain.
                self.aside(body, bound);
                self.aside(orelse, bound);
                let endless = matches!(test.kind, E::Constant(Constant::True));
                return !endless || breaks(body);
            }
            S::For { target, iter, body, orelse, .. } => {
                self.expr(iter, bound);
                let mut inside = bound.clone();
                self.target(target, &mut inside);
                self.aside(body, &inside);
                self.aside(orelse, bound);
            }
            S::With { items, body, .. } => {
                for item in items {
                    self.expr(&item.context, bound);
                    item.target.iter().for_each(|t| self.target(t, bound));
                }
                self.aside(body, bound);
            }
            S::Try { body, handlers, orelse, finalbody, .. } => {
                let (before, mut ends) = (bound.clone(), Vec::new());
                let mut inside = before.clone();
                if self.block(body, &mut inside) & self.block(orelse, &mut inside) {
                    ends.push(inside);
                }
                for handler in handlers {
                    let mut inside = before.clone();
                    handler.class.iter().for_each(|e| self.expr(e, &mut inside));
                    inside.extend(handler.name.clone());
                    if self.block(&handler.body, &mut inside) {
                        // Python unbinds it.
                        inside.retain(|name| Some(name) != handler.name.as_ref());
                        ends.push(inside);
                    }
                }
                // It runs on every way out.
                self.aside(finalbody, &before);
                let Some(mut behind) = ends.pop() else { return false };
                behind.retain(|name| ends.iter().all(|end| end.contains(name)));
                *bound = behind;
                return self.block(finalbody, bound);
            }
            S::Match { subject, cases } => {
                self.expr(subject, bound);
                for case in cases {
                    let mut inside = bound.clone();
                    captured(&case.pattern, &mut inside);
                    case.guard.iter().for_each(|e| self.expr(e, &mut inside));
                    self.aside(&case.body, &inside);
                }
            }
            S::Import(names) | S::ImportFrom { names, .. } => bound.extend(names.iter().map(imported)),
            S::AnnAssign { value: None, .. }
            | S::FunctionDef(_)
            | S::ClassDef(_)
            | S::TypeAlias { .. }
            | S::Global(_)
            | S::Nonlocal(_)
            | S::Pass => {}
        }
        true
    }
}

/// The name that an import binds.
fn imported(alias: &crate::ast::Alias) -> String {
    alias.as_name.clone().unwrap_or_else(|| alias.name.split('.').next().unwrap_or_default().to_string())
}

/// Does `break` of the loop around stand in the block?
fn breaks(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        S::Break => true,
        S::For { orelse, .. } | S::While { orelse, .. } => breaks(orelse),
        _ => blocks(stmt).into_iter().any(breaks),
    })
}

pub(super) fn bind(target: &Expr, bound: &mut Vec<String>) {
    match &target.kind {
        E::Name(name) if !bound.contains(name) => bound.push(name.clone()),
        E::Tuple(items) | E::List(items) => items.iter().for_each(|t| bind(t, bound)),
        E::Starred(inner) => bind(inner, bound),
        _ => {}
    }
}

/// All names that are bound anywhere in the block.
pub(super) fn stores(block: &[Stmt], out: &mut BTreeSet<String>) {
    let mut bound = Vec::new();
    each_statement(block, &mut |s| match &s.kind {
        S::Assign { targets, .. } => targets.iter().for_each(|t| bind(t, &mut bound)),
        S::AugAssign { target, .. } | S::AnnAssign { target, .. } | S::For { target, .. } => {
            bind(target, &mut bound);
        }
        S::With { items, .. } => {
            items.iter().filter_map(|i| i.target.as_ref()).for_each(|t| bind(t, &mut bound))
        }
        S::Try { handlers, .. } => bound.extend(handlers.iter().filter_map(|h| h.name.clone())),
        S::Import(names) | S::ImportFrom { names, .. } => {
            bound.extend(names.iter().map(imported));
        }
        S::Match { cases, .. } => cases.iter().for_each(|case| captured(&case.pattern, &mut bound)),
        _ => {}
    });
    crate::walk::own_expressions(block, &mut |e| {
        if let E::Named { target, .. } = &e.kind {
            bound.push(target.clone());
        }
    });
    out.extend(bound);
}

/// The names that a pattern binds.
fn captured(pattern: &Pattern, out: &mut Vec<String>) {
    match pattern {
        Pattern::Value(_) | Pattern::Singleton(_) => {}
        Pattern::Star(name) => out.extend(name.clone()),
        Pattern::Sequence(patterns) | Pattern::Or(patterns) => patterns.iter().for_each(|p| captured(p, out)),
        Pattern::Mapping { patterns, rest, .. } => {
            patterns.iter().for_each(|p| captured(p, out));
            out.extend(rest.clone());
        }
        Pattern::Class { patterns, keywords, .. } => {
            patterns.iter().chain(keywords.iter().map(|(_, p)| p)).for_each(|p| captured(p, out));
        }
        Pattern::As { pattern, name } => {
            pattern.iter().for_each(|p| captured(p, out));
            out.extend(name.clone());
        }
    }
}
