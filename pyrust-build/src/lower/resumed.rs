//! The form of a region that stops at the head of its loop, so that Python can go on from there.
//!
//! After a bailout the loop is run again in this form, which says in which turn it is: so the turn becomes known in which
//! native code gives up. Then it is run once more, up to the head of that turn, and what it has done so far is committed;
//! Python gets the locals, and for a `for` loop the iterator as it is then.

use super::again::{self, Again};
use super::regions::{Names, Ways, function};
use super::segments::{OWN, Site, assign, number_of};
use crate::ast::{
    BinOp, BoolOp, CmpOp, Constant, Expr, ExprKind as E, FunctionDef, Stmt, StmtKind as S, UnaryOp,
};
use crate::source::Span;

/// Says in which turn a loop is; no name of a program.
const TURN: &str = "<turn>";

/// The way out at the head of the loop, from where Python goes on.
pub(super) const RESUMES: usize = 3;

/// The last parameter: the turn at whose head the loop stops.
pub(super) const STOP: &str = "pyrust_stop";

/// How many turns have been taken.
pub(super) const TAKEN: &str = "pyrust_taken";

/// The element of this turn, before its target is bound.
const ITEM: &str = "pyrust_item";

/// Most of the values that one loop goes through.
const OPERANDS: usize = 6;

/// A region that can stop.
#[derive(Clone, Debug)]
pub struct Resumed {
    pub def: FunctionDef,
    /// Those of the region, and the one at the head of the loop as the last.
    pub sites: Vec<Site>,
    /// What the last one hands over behind the locals: how Python makes its iterator of it, a term
    /// as in [`Parts`]; empty for `while`.
    pub shape: String,
    /// The form that takes the loop up again behind a turn of Python's.
    pub again: Option<Again>,
}

/// Is it what says in which turn a loop is?
pub(super) fn is_turn(func: &Expr) -> bool {
    matches!(&func.kind, E::Name(name) if name == TURN)
}

/// What a `for` loop goes through, taken apart.
#[derive(Default)]
struct Parts {
    /// What is evaluated in front of the loop, in this order; of some the length must not have changed since.
    operands: Vec<(Expr, bool)>,
    /// How Python's iterator is made of the operands, as a term in prefix form: `.` is the next of them, `e` is
    /// `enumerate` of the two terms that follow, `r` is `reversed` of one, `z` with a digit is `zip` of so many.
    shape: String,
}

pub(super) fn name(name: &str, span: Span) -> Expr {
    Expr { kind: E::Name(name.to_string()), span }
}

pub(super) fn operand(i: usize, span: Span) -> Expr {
    name(&operand_name(i), span)
}

pub(super) fn operand_name(i: usize) -> String {
    format!("{OWN}seq{i}")
}

/// How long it was in front of the loop.
fn length_of(i: usize, span: Span) -> Expr {
    name(&format!("{OWN}len{i}"), span)
}

pub(super) fn call(func: &str, args: Vec<Expr>, span: Span) -> Expr {
    Expr { kind: E::Call { func: Box::new(name(func, span)), args, keywords: Vec::new() }, span }
}

pub(super) fn compare(left: Expr, op: CmpOp, right: Expr) -> Expr {
    let span = left.span;
    Expr { kind: E::Compare { left: Box::new(left), ops: vec![op], comparators: vec![right] }, span }
}

/// Says in which turn the loop is.
pub(super) fn told(span: Span) -> Stmt {
    Stmt { kind: S::Expr(call(TURN, vec![name(TAKEN, span)], span)), span }
}

impl Parts {
    /// The same iterable, of names of ours.
    fn take(&mut self, e: &Expr, is_builtin: &dyn Fn(&str) -> bool) -> Expr {
        let span = e.span;
        let known = match &e.kind {
            E::Call { func, args, keywords } => match &func.kind {
                E::Name(name) if is_builtin(name) => {
                    let starred = args.iter().any(|a| matches!(a.kind, E::Starred(_)));
                    let named =
                        keywords.iter().all(|k| name == "enumerate" && k.name.as_deref() == Some("start"));
                    (!starred && named).then_some((name.as_str(), args, keywords.as_slice()))
                }
                _ => None,
            },
            _ => None,
        };
        match known {
            Some(("enumerate", args, keywords)) if !args.is_empty() && args.len() + keywords.len() <= 2 => {
                self.shape.push('e');
                let inner = self.take(&args[0], is_builtin);
                let start = args.get(1).or(keywords.first().map(|k| &k.value)).cloned();
                let start = self.operand(start.unwrap_or(number_of(0, span)), false);
                call("enumerate", vec![inner, start], span)
            }
            Some(("zip", args, [])) if (1..=9).contains(&args.len()) => {
                self.shape.push_str(&format!("z{}", args.len()));
                let inner = args.iter().map(|arg| self.take(arg, is_builtin)).collect();
                call("zip", inner, span)
            }
            Some(("reversed", args, [])) if args.len() == 1 && is_builtin("len") => {
                self.shape.push('r');
                let inner = self.operand(args[0].clone(), true);
                call("reversed", vec![inner], span)
            }
            _ => self.operand(e.clone(), false),
        }
    }

    fn operand(&mut self, e: Expr, fixed: bool) -> Expr {
        self.shape.push('.');
        let span = e.span;
        self.operands.push((e, fixed));
        operand(self.operands.len() - 1, span)
    }
}

/// The form of a loop that can stop; `carried` is what one turn binds and a later one may read.
pub(super) fn made(
    def: &FunctionDef,
    stmt: &Stmt,
    names: &Names,
    carried: &Vec<String>,
    is_builtin: &dyn Fn(&str) -> bool,
) -> Option<Resumed> {
    let span = stmt.span;
    let mut ways = Ways::new(span);
    let mut body = vec![assign(name(TAKEN, span), number_of(0, span), span)];
    let behind = ways.behind(TAKEN, &names.kept, &names.first);
    let mut again = None;
    let whole = stmt;
    let mut stmt = stmt.clone();
    ways.returns(std::slice::from_mut(&mut stmt));
    let plus = Expr {
        kind: E::BinOp {
            left: Box::new(name(TAKEN, span)),
            op: BinOp::Add,
            right: Box::new(number_of(1, span)),
        },
        span,
    };
    let counted = assign(name(TAKEN, span), plus, span);
    let told = told(span);
    let all: [&Vec<String>; 3] = [&names.kept, &names.first, carried];
    let stops = |ways: &mut Ways, more: Vec<Expr>, mut tests: Vec<Expr>| {
        tests.insert(0, compare(name(TAKEN, span), CmpOp::Eq, name(STOP, span)));
        let test = match tests.len() {
            1 => tests.remove(0),
            _ => Expr { kind: E::BoolOp { op: BoolOp::And, values: tests }, span },
        };
        let leaves = ways.leave(RESUMES, &all, more);
        Stmt { kind: S::If { test, body: vec![leaves], orelse: Vec::new() }, span }
    };
    let (shape, kind) = match &stmt.kind {
        S::For { target, iter, body: inner, orelse, is_async } => {
            let mut parts = Parts::default();
            let iter = parts.take(iter, is_builtin);
            if parts.operands.len() > OPERANDS {
                return None;
            }
            let mut tests = Vec::new();
            for (i, (e, fixed)) in parts.operands.iter().enumerate() {
                body.push(assign(operand(i, e.span), e.clone(), span));
                if *fixed {
                    let now = call("len", vec![operand(i, span)], span);
                    body.push(assign(length_of(i, span), now.clone(), span));
                    tests.push(compare(now, CmpOp::Eq, length_of(i, span)));
                }
            }
            let operands: Vec<Expr> = (0..parts.operands.len()).map(|i| operand(i, span)).collect();
            if is_builtin("len") {
                again = again::made(def, whole, names, carried, &parts.shape);
            }
            if again.is_some() {
                // In front of the first turn, where nothing is bound yet.
                let test = compare(name(STOP, span), CmpOp::Eq, number_of(0, span));
                let leaves = ways.leave(RESUMES, &[], operands.clone());
                body.push(Stmt { kind: S::If { test, body: vec![leaves], orelse: Vec::new() }, span });
            }
            let mut turn = vec![stops(&mut ways, operands, tests), told, counted];
            turn.push(assign(target.clone(), name(ITEM, span), span));
            turn.extend(inner.iter().cloned());
            let (target, orelse) = (name(ITEM, target.span), orelse.clone());
            (parts.shape, S::For { target, iter, body: turn, orelse, is_async: *is_async })
        }
        S::While { test, body: inner, orelse } => {
            let operand = Box::new(test.clone());
            let over = Expr { kind: E::UnaryOp { op: UnaryOp::Not, operand }, span: test.span };
            let mut ends = orelse.clone();
            ends.push(Stmt { kind: S::Break, span });
            let over = Stmt { kind: S::If { test: over, body: ends, orelse: Vec::new() }, span };
            let mut turn = vec![stops(&mut ways, Vec::new(), Vec::new()), told, over, counted];
            turn.extend(inner.iter().cloned());
            let test = Expr { kind: E::Constant(Constant::True), span };
            (String::new(), S::While { test, body: turn, orelse: Vec::new() })
        }
        _ => return None,
    };
    body.push(Stmt { kind, span });
    body.extend(behind);
    let mut params = names.params.clone();
    params.push(STOP.to_string());
    let def = function(def, span, (&names.outside, &params), body);
    Some(Resumed { def, sites: ways.sites, shape, again })
}
