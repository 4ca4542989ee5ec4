//! The form of a `for` loop that goes on behind a turn that Python has taken.
//!
//! Where a turn is left to Python (it prints, say), the loop has been undone up to the head of that turn, and Python has
//! the iterator. When it asks that for the next element, native code takes the loop up again: this form is given the
//! locals, what the loop goes through and how many elements have been taken, and stops in front of the next turn that is
//! not native, or when there are no more elements; that is all that an iterator can do to its loop.

use super::regions::{Names, Ways, function};
use super::resumed::{RESUMES, STOP, TAKEN, call, compare, name, operand, told};
use super::segments::{Site, assign, each_return, number_of};
use crate::ast::{BinOp, CmpOp, Constant, Expr, ExprKind as E, FunctionDef, Stmt, StmtKind as S};
use crate::source::Span;
use crate::walk::blocks;

/// A loop that is taken up again.
#[derive(Clone, Debug)]
pub struct Again {
    pub def: FunctionDef,
    /// The locals that it is given; what the loop goes through follows, how many elements have been taken, and where it
    /// is to stop.
    pub locals: Vec<String>,
    pub operands: usize,
    pub sites: Vec<Site>,
}

/// What an element is made of.
struct Terms<'s> {
    shape: std::str::Bytes<'s>,
    span: Span,
    operands: usize,
    /// There is no further element if one of them is so long.
    ends: Vec<Expr>,
}

impl Terms<'_> {
    fn next(&mut self) -> Expr {
        self.operands += 1;
        operand(self.operands - 1, self.span)
    }

    /// The element of this turn.
    fn item(&mut self) -> Option<Expr> {
        let span = self.span;
        let kind = match self.shape.next()? {
            b'.' => {
                let sequence = self.next();
                let length = call("len", vec![sequence.clone()], span);
                self.ends.push(compare(name(TAKEN, span), CmpOp::GtE, length));
                E::Subscript { value: Box::new(sequence), index: Box::new(name(TAKEN, span)) }
            }
            b'e' => {
                let inner = self.item()?;
                self.shape.next()?;
                let start = self.next();
                E::Tuple(vec![plus(start, name(TAKEN, span)), inner])
            }
            b'z' => {
                let count = self.shape.next()?.wrapping_sub(b'0');
                E::Tuple((0..count).map(|_| self.item()).collect::<Option<_>>()?)
            }
            // Of `reversed` the length must not change.
            _ => return None,
        };
        Some(Expr { kind, span })
    }
}

fn plus(left: Expr, right: Expr) -> Expr {
    let span = left.span;
    Expr { kind: E::BinOp { left: Box::new(left), op: BinOp::Add, right: Box::new(right) }, span }
}

/// Is there a `break` of the loop whose body it is?
fn breaks(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        S::Break => true,
        S::For { orelse, .. } | S::While { orelse, .. } => breaks(orelse),
        _ => blocks(stmt).into_iter().any(breaks),
    })
}

/// The form of a loop that is taken up again; `shape` says how its elements are made.
pub(super) fn made(
    def: &FunctionDef,
    stmt: &Stmt,
    names: &Names,
    carried: &Vec<String>,
    shape: &str,
) -> Option<Again> {
    let S::For { target, body: inner, orelse, is_async: false, .. } = &stmt.kind else { return None };
    // An iterator can only say that there are no more elements.
    if !orelse.is_empty() && breaks(inner) {
        return None;
    }
    let span = stmt.span;
    let mut terms = Terms { shape: shape.bytes(), span, operands: 0, ends: Vec::new() };
    let item = terms.item()?;
    let mut ways = Ways::new(span);
    let all: [&Vec<String>; 3] = [&names.kept, &names.first, carried];
    let stops = ways.leave(RESUMES, &all, Vec::new());
    let branch =
        |test: Expr, body: Stmt| Stmt { kind: S::If { test, body: vec![body], orelse: Vec::new() }, span };
    let mut turn = vec![branch(compare(name(TAKEN, span), CmpOp::Eq, name(STOP, span)), stops), told(span)];
    turn.extend(terms.ends.drain(..).map(|test| branch(test, Stmt { kind: S::Break, span })));
    turn.push(assign(target.clone(), item, span));
    turn.push(assign(name(TAKEN, span), plus(name(TAKEN, span), number_of(1, span)), span));
    let mut inner = inner.clone();
    // What returns is a turn of Python's: this bails.
    each_return(&mut inner, &mut |_, at| S::Raise {
        exc: Some(Expr { kind: E::Constant(Constant::None), span: at }),
        cause: None,
    });
    turn.extend(inner);
    let test = Expr { kind: E::Constant(Constant::True), span };
    let mut body = vec![Stmt { kind: S::While { test, body: turn, orelse: Vec::new() }, span }];
    body.push(ways.leave(super::regions::BEHIND, &all, Vec::new()));
    let locals: Vec<String> = [&names.params, &names.first, carried].into_iter().flatten().cloned().collect();
    let mut params = locals.clone();
    params.extend((0..terms.operands).map(super::resumed::operand_name));
    params.extend([TAKEN.to_string(), STOP.to_string()]);
    let def = function(def, span, (&names.outside, &params), body);
    Some(Again { def, locals, operands: terms.operands, sites: ways.sites })
}
