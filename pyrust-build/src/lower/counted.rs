//! What a loop around a `yield` goes through, place by place: from one segment to the next only a number is kept.

use super::segments::number_of;
use crate::ast::{BinOp, BoolOp, CmpOp, Constant, Expr, ExprKind as E};
use crate::source::Span;

/// How the places of a loop follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The elements of a sequence.
    Sequence,
    /// `zip`: the elements of several sequences, which stand in a tuple.
    Zip,
    /// `reversed`: the last element first.
    Reversed,
}

/// A loop, taken apart.
pub(super) struct Counted {
    pub form: Form,
    /// Of `enumerate`: what it counts from.
    pub counts: Option<i64>,
    /// The builtins that stand in the text and are not called.
    pub builtins: Vec<&'static str>,
    /// What is evaluated in front of the loop, and the first place in it.
    pub whole: Expr,
    pub begin: Expr,
    /// Is there an element at this place?
    pub test: Expr,
    pub element: Expr,
    /// The next place.
    pub step: Expr,
}

/// The names of what a loop keeps.
pub(super) struct Place<'n> {
    pub sequence: &'n str,
    pub at: &'n str,
    pub span: Span,
}

impl Place<'_> {
    pub(super) fn counted(&self, iter: &Expr) -> Counted {
        let (inner, counts) = match enumerated(iter) {
            Some((inner, start)) => (inner, Some(start)),
            None => (iter, None),
        };
        let mut builtins: Vec<_> = counts.iter().map(|_| "enumerate").collect();
        // How far `enumerate` has counted is told by the place.
        if let (Some(sequence), None) = (reversed(inner), counts) {
            builtins.push("reversed");
            let length = self.length(self.sequence());
            return Counted {
                form: Form::Reversed,
                counts,
                builtins,
                begin: self.plus(length, -1),
                whole: sequence.clone(),
                test: self.compare(
                    number_of(0, self.span),
                    vec![(CmpOp::LtE, self.at()), (CmpOp::Lt, self.length(self.sequence()))],
                ),
                element: self.item(self.sequence()),
                step: self.plus(self.at(), -1),
            };
        }
        let (form, whole, test, element) = match (zipped(inner), reversed_range(inner)) {
            (Some(sequences), _) => {
                builtins.push("zip");
                let number = sequences.len() as i64;
                let each = || (0..number).map(|i| self.subscript(self.sequence(), number_of(i, self.span)));
                let tests = each().map(|each| self.compare(self.at(), vec![(CmpOp::Lt, self.length(each))]));
                let test = self.make(E::BoolOp { op: BoolOp::And, values: tests.collect() });
                let test = if number == 1 { only(test) } else { test };
                let element = self.make(E::Tuple(each().map(|each| self.item(each)).collect()));
                (Form::Zip, self.make(E::Tuple(sequences.to_vec())), test, element)
            }
            (None, backwards) => {
                builtins.extend(backwards.iter().flat_map(|_| ["reversed", "range"]));
                let test = self.compare(self.at(), vec![(CmpOp::Lt, self.length(self.sequence()))]);
                (Form::Sequence, backwards.unwrap_or_else(|| inner.clone()), test, self.item(self.sequence()))
            }
        };
        let element = match counts {
            Some(start) => self.make(E::Tuple(vec![self.plus(self.at(), start), element])),
            None => element,
        };
        let (begin, step) = (number_of(0, self.span), self.plus(self.at(), 1));
        Counted { form, counts, builtins, whole, begin, test, element, step }
    }

    fn make(&self, kind: E) -> Expr {
        Expr { kind, span: self.span }
    }

    fn name(&self, name: &str) -> Expr {
        self.make(E::Name(name.to_string()))
    }

    fn sequence(&self) -> Expr {
        self.name(self.sequence)
    }

    fn at(&self) -> Expr {
        self.name(self.at)
    }

    fn length(&self, of: Expr) -> Expr {
        let func = Box::new(self.name("len"));
        self.make(E::Call { func, args: vec![of], keywords: Vec::new() })
    }

    fn subscript(&self, of: Expr, index: Expr) -> Expr {
        self.make(E::Subscript { value: Box::new(of), index: Box::new(index) })
    }

    /// The element of a sequence at this place.
    fn item(&self, of: Expr) -> Expr {
        self.subscript(of, self.at())
    }

    fn plus(&self, e: Expr, by: i64) -> Expr {
        let right = Box::new(number_of(by, self.span));
        self.make(E::BinOp { left: Box::new(e), op: BinOp::Add, right })
    }

    fn compare(&self, left: Expr, others: Vec<(CmpOp, Expr)>) -> Expr {
        let (ops, comparators) = others.into_iter().unzip();
        self.make(E::Compare { left: Box::new(left), ops, comparators })
    }
}

/// The one test of several.
fn only(test: Expr) -> Expr {
    match test.kind {
        E::BoolOp { mut values, .. } if values.len() == 1 => values.remove(0),
        kind => Expr { kind, span: test.span },
    }
}

/// The arguments of a call of that name without anything else.
fn called<'e>(e: &'e Expr, wanted: &str) -> Option<&'e [Expr]> {
    let E::Call { func, args, keywords } = &e.kind else { return None };
    let is_it = matches!(&func.kind, E::Name(name) if name == wanted);
    let starred = args.iter().any(|a| matches!(a.kind, E::Starred(_)));
    (is_it && keywords.is_empty() && !starred).then_some(args)
}

/// `zip(xs, ys)`
fn zipped(iter: &Expr) -> Option<&[Expr]> {
    called(iter, "zip").filter(|args| !args.is_empty())
}

/// `reversed(xs)`, but of a `range`, where Python has another iterator.
fn reversed(iter: &Expr) -> Option<&Expr> {
    let [one] = called(iter, "reversed")? else { return None };
    called(one, "range").is_none().then_some(one)
}

/// `enumerate(xs)`, `enumerate(xs, 1)`: what it goes through, and what it counts from.
fn enumerated(iter: &Expr) -> Option<(&Expr, i64)> {
    let E::Call { func, args, keywords } = &iter.kind else { return None };
    let E::Name(name) = &func.kind else { return None };
    if name != "enumerate" || args.iter().any(|a| matches!(a.kind, E::Starred(_))) {
        return None;
    }
    let start = match (args.as_slice(), keywords.as_slice()) {
        ([_], []) => return Some((&args[0], 0)),
        ([_, start], []) => start,
        ([_], [keyword]) if keyword.name.as_deref() == Some("start") => &keyword.value,
        _ => return None,
    };
    match &start.kind {
        E::Constant(Constant::Int(digits)) => Some((&args[0], digits.parse::<i32>().ok()?.into())),
        _ => None,
    }
}

/// `range(n)[::-1]` for `reversed(range(n))`: Python has the same iterator for both.
fn reversed_range(iter: &Expr) -> Option<Expr> {
    let E::Call { func, args, keywords } = &iter.kind else { return None };
    let [range] = args.as_slice() else { return None };
    let E::Call { func: inner, .. } = &range.kind else { return None };
    let is = |e: &Expr, name: &str| matches!(&e.kind, E::Name(n) if n == name);
    if !is(func, "reversed") || !is(inner, "range") || !keywords.is_empty() {
        return None;
    }
    let step = Some(Box::new(number_of(-1, iter.span)));
    let index = Expr { kind: E::Slice { lower: None, upper: None, step }, span: iter.span };
    Some(Expr {
        kind: E::Subscript { value: Box::new(range.clone()), index: Box::new(index) },
        span: iter.span,
    })
}
