//! Two ways that both only compute the next value of one variable: neither can leave 64 bits where what they compute with
//! is small, and then a processor may compute both and choose, so it foresees nothing.
//!
//! ```python
//! if n % 2 == 0:                         # let chosen = int::eq(n % 2, 0);
//!     n //= 2                            # if n <= 2⁶¹ { n = int::either(chosen, n / 2, 3 * n + 1); }
//! else:                                  # else if chosen { n = n / 2 } else { n = int::add(int::mul(3, n)?, 1)? }
//!     n = 3 * n + 1
//! ```
//!
//! What may leave 64 bits is computed of zeros where its way is not gone, and what is only added to is given a zero then:
//!
//! ```python
//! if value % 3:                          # let chosen = value % 3 != 0;
//!     total += value * value             # total = int::add(total, {
//!                                        #     let value = int::either(chosen, value, 0);
//!                                        #     int::mul(value, value)?
//!                                        # })?;
//!     count += 1                         # count = count + int::either(chosen, 1, 0);
//! ```
//!
//! So do elements that a condition lets into a sum or a list of numbers: what does not come into the list is written
//! behind its end. Generators that stand inside the loop that takes their elements compute those anyway, and name the
//! condition under which they count. A choice waits for its test, where a branch that is foreseen goes on: what the next
//! test looks up in memory is not chosen.

use std::collections::BTreeSet;
use std::mem::replace;
use std::slice;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::carried::same;
use super::masked::binds;
use super::pieces::appended;
use super::types::Val;
use crate::hir::visit::{any_expr, reads};
use crate::hir::{BinOp, BoolOp, CmpOp, Comp, Expr, ExprKind, Stmt, StmtKind, TargetKind, UnaryOp, VarId};
use crate::infer::ranges::Interval;
use crate::passes::Pass;
use crate::ty::Type;

/// How far from zero what they compute with may be, in bits.
const SMALL: [u32; 3] = [61, 53, 40];

/// At most so many operations on each way.
const OPERATIONS: usize = 4;

/// At most so many ways behind each other.
const WAYS: usize = 4;

/// Nothing to add.
const ZERO: Interval = Interval { lo: 0, hi: 0 };

/// One way through an `if`.
struct Way<'h> {
    /// None behind `else`.
    test: Option<&'h Expr>,
    computes: Vec<(VarId, &'h Expr)>,
    comments: Vec<TokenStream>,
}

impl<'h> Way<'h> {
    fn of(&self, var: VarId) -> Option<&'h Expr> {
        self.computes.iter().find(|(v, _)| *v == var).map(|(_, e)| *e)
    }
}

/// What a variable is behind the `if`, by the numbers of the ways that say so.
enum Becomes<'h> {
    /// What the way computes; what it was, for other ones.
    One(Vec<(usize, &'h Expr)>),
    /// More or less by what the way says; the whole expression of one of them.
    Sum(BinOp, Vec<(usize, &'h Expr)>, &'h Expr),
}

/// See [`Func::of_zeros`].
struct OfZeros {
    value: i128,
    operations: usize,
}

impl Func<'_, '_, '_> {
    /// An `if` whose ways only compute.
    pub(super) fn chosen(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        let found = if only_looks(test) { self.looked_up_by(test) } else { Vec::new() };
        let before = replace(&mut self.looked_up, found);
        let code = self
            .chosen_yield(test, body, orelse)
            .or_else(|| self.chosen_word(test, body, orelse))
            .or_else(|| self.chosen_each(test, body, orelse))
            .or_else(|| self.chosen_append(test, body, orelse));
        self.looked_up = before;
        code
    }

    /// `if test: continue` in front of what the turn does last: that is what it does otherwise.
    pub(super) fn chosen_rest(&mut self, stmt: &Stmt, rest: &[Stmt]) -> Option<TokenStream> {
        let StmtKind::If { test, body, orelse } = &stmt.kind else { return None };
        let leaves = matches!(body.as_slice(), [Stmt { kind: StmtKind::Continue, .. }]);
        if !leaves || !orelse.is_empty() || rest.is_empty() || self.decide(test).is_some() {
            return None;
        }
        self.chosen(test, &[], rest)
    }

    /// The numbers of lists that a condition looks up whatever comes of it.
    fn looked_up_by(&self, test: &Expr) -> Vec<Expr> {
        match &test.kind {
            ExprKind::Compare { left, right, .. } | ExprKind::Binary { left, right, .. } => {
                [left, right].into_iter().flat_map(|e| self.looked_up_by(e)).collect()
            }
            ExprKind::Bool2 { left: e, .. } | ExprKind::Unary { operand: e, .. } => self.looked_up_by(e),
            ExprKind::Index { base, .. } => {
                let is_list = matches!(self.node(base.id), Type::List { .. } | Type::View(_));
                let is_number = matches!(self.node(test.id), Type::Int | Type::Float);
                if is_list && is_number { vec![test.clone()] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn is_looked_up(&self, e: &Expr) -> bool {
        self.looked_up.iter().any(|known| same(known, e))
    }

    /// `if test: x = … else: x = …`
    fn chosen_word(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        let ((var, first), (other, second)) = (computed(body)?, computed(orelse)?);
        if var != other || !self.has_room_for(Pass::Chosen) || !self.is_plain_word(var) {
            return None;
        }
        let of: BTreeSet<VarId> = reads(first).into_iter().chain(reads(second)).collect();
        let few = of.len() <= 2 && of.iter().all(|v| self.is_plain_word(*v));
        let ways = [first, second];
        // Where nothing has to be looked at, the processor may choose anyway.
        if !few || ways.iter().all(|e| self.computes_calmly(e).is_some()) {
            return None;
        }
        let known: Vec<(VarId, Interval)> =
            of.iter().map(|v| Some((*v, self.ranges.of_var(*v)?))).collect::<Option<_>>()?;
        for bits in SMALL {
            let most = 1i128 << bits;
            let small = |i: Interval| Interval { lo: i.lo.max(-most), hi: i.hi.min(most) };
            if known.iter().any(|(_, i)| small(*i).lo > small(*i).hi) {
                return None;
            }
            known.iter().for_each(|(v, i)| self.ranges.set_var(*v, small(*i)));
            let count = |e: &Expr| self.computes_calmly(e).is_some_and(|count| count <= OPERATIONS);
            let values = ways.iter().all(|e| count(e)).then(|| ways.map(|e| self.value_as(e, &Type::Int)));
            known.iter().for_each(|(v, i)| self.ranges.set_var(*v, *i));
            let Some([first, second]) = values else { continue };
            let looks = known.iter().flat_map(|(v, i)| {
                let (name, most) = (self.var_ident(*v), Literal::i64_suffixed(1 << bits));
                let above = (i.hi > 1 << bits).then(|| quote!(#name <= #most));
                let below = (i.lo < -(1 << bits)).then(|| quote!(#name >= -#most));
                [above, below].into_iter().flatten()
            });
            let looks: Vec<TokenStream> = looks.collect();
            let (name, chosen) = (self.var_ident(var), self.fresh("chosen"));
            let test = self.test(test);
            let (body, orelse) = (self.block(body), self.block(orelse));
            return Some(quote! {
                let #chosen = #test;
                if #(#looks)&&* {
                    #name = int::either(#chosen, #first, #second);
                } else if #chosen {
                    #(#body)*
                } else {
                    #(#orelse)*
                }
            });
        }
        None
    }

    /// Each variable by itself: none of them is looked at by what another one becomes.
    fn chosen_each(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        if !self.has_room_for(Pass::Chosen) {
            return None;
        }
        let ways = self.ways(test, body, orelse)?;
        let vars: BTreeSet<VarId> =
            ways.iter().flat_map(|way| way.computes.iter().map(|(v, _)| *v)).collect();
        let mut becomes: Vec<(VarId, Becomes<'_>)> = Vec::new();
        let (mut operations, mut looked_at) = (0, 0);
        for &var in &vars {
            let of: Vec<(usize, &Expr)> =
                ways.iter().enumerate().filter_map(|(i, w)| Some((i, w.of(var)?))).collect();
            let others = |e: &&Expr| reads(*e).iter().any(|v| *v != var && vars.contains(v));
            if of.iter().map(|(_, e)| e).any(others) || !self.is_word_or_float(var) {
                return None;
            }
            let is_word = self.instance.vars[var] == Type::Int;
            let (_, whole) = of[0];
            let new = match all_added(var, &of) {
                Some((op, terms)) => Becomes::Sum(op, terms, whole),
                None => Becomes::One(of),
            };
            let (sum, values) = match &new {
                Becomes::Sum(_, terms, _) => (true, terms),
                Becomes::One(values) => (false, values),
            };
            for (_, e) in values {
                operations += if is_word { self.of_zeros(e)?.operations } else { self.computes_floats(e)? };
                looked_at += usize::from(is_word && (sum || self.computes_calmly(e).is_none()));
            }
            // What the next test looks up, or looks at, would wait for this one: the place of the least one so far is
            // a new one in few turns.
            let mut tests = ways.iter().filter_map(|way| way.test);
            let waits = |e: &Expr| (is_word && looks_up(e)) || (vars.len() > 1 && reads(e).contains(&var));
            if !sum && tests.any(waits) {
                return None;
            }
            becomes.push((var, new));
        }
        // Where nothing has to be looked at, LLVM chooses anyway.
        if operations > 2 * OPERATIONS || (vars.len() == 1 && looked_at == 0) {
            return None;
        }
        // Each way knows whether it is the one.
        let (mut lets, mut chosen, mut left) = (Vec::new(), Vec::new(), None::<Ident>);
        for (at, way) in ways.iter().enumerate() {
            let name = self.fresh("chosen");
            let test = way.test.map(|test| self.test_at_once(test));
            lets.push(match (&left, test) {
                (None, Some(test)) => quote!(let #name = #test;),
                (Some(left), Some(test)) => quote!(let #name = #left & #test;),
                (Some(left), None) => quote!(let #name = #left;),
                (None, None) => unreachable!("the first way has a test"),
            });
            if at + 1 < ways.len() {
                let before = left.replace(self.fresh("left"));
                let before = before.iter();
                lets.push(quote!(let #left = #(#before &)* !#name;));
            }
            lets.extend(way.comments.iter().cloned());
            chosen.push(name);
        }
        let complete = ways.last().is_some_and(|way| way.test.is_none());
        let steps: Vec<TokenStream> = becomes
            .into_iter()
            .map(|(var, becomes)| self.becomes(var, becomes, (&chosen, complete)))
            .collect();
        Some(quote!({ #(#lets)* #(#steps)* }))
    }

    /// The ways of `if … elif … else`, of which the tests behind the first are as well asked at once.
    fn ways<'h>(&self, test: &'h Expr, body: &'h [Stmt], orelse: &'h [Stmt]) -> Option<Vec<Way<'h>>> {
        let way = |test, body: &'h [Stmt]| {
            let comments = body.iter().filter_map(|stmt| self.comment(stmt)).collect();
            Some(Way { test, computes: all_computed(body)?, comments })
        };
        let mut ways = vec![way(Some(test), body)?];
        let mut orelse = orelse;
        while let [Stmt { kind: StmtKind::If { test, body, orelse: rest }, .. }] = orelse {
            if self.tests_calmly(test).is_none_or(|n| n > OPERATIONS) || ways.len() == WAYS {
                return None;
            }
            ways.push(way(Some(test), body)?);
            orelse = rest;
        }
        if !orelse.is_empty() {
            ways.push(way(None, orelse)?);
        }
        Some(ways)
    }

    /// `a if test else b`
    pub(super) fn chosen_value(&mut self, test: &Expr, body: &Expr, orelse: &Expr) -> Option<TokenStream> {
        let ways = [body, orelse];
        let few = ways.iter().all(|e| self.of_zeros(e).is_some_and(|of| of.operations <= OPERATIONS));
        if !few
            || !self.has_room_for(Pass::Chosen)
            || ways.iter().all(|e| self.computes_calmly(e).is_some())
            || binds(test)
        {
            return None;
        }
        let chosen = self.fresh("chosen");
        let test = self.test_at_once(test);
        let other = self.fresh("left");
        let (body, orelse) = (self.if_chosen(body, &chosen), self.if_chosen(orelse, &other));
        let value = either(&chosen, &body, &orelse);
        Some(quote!({ let #chosen = #test; let #other = !#chosen; #value }))
    }

    /// `if test: numbers.append(…)`, where the loop counts the list.
    fn chosen_append(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        let (stmt, e, no) = match (body, orelse) {
            ([stmt @ Stmt { kind: StmtKind::Expr(e), .. }], []) => (stmt, e, quote!()),
            ([], [stmt @ Stmt { kind: StmtKind::Expr(e), .. }]) => (stmt, e, quote!(!)),
            _ => return None,
        };
        let (var, item) = appended(e)?;
        let grow = self.growing(var)?;
        let Type::List { elem, .. } = self.instance.vars[var].clone() else { return None };
        let fits = self.node(item.id) == *elem && self.is_sifted(item);
        if !fits || !self.has_room_for(Pass::Chosen) {
            return None;
        }
        let (test, comment, chosen) = (self.test_at_once(test), self.comment(stmt), self.fresh("chosen"));
        let item = self.sifted(item, &chosen);
        if self.appends_inside(var, &grow) {
            return Some(quote!({ let #chosen = #no #test; #comment #grow.push_inside_if(#chosen, #item); }));
        }
        let push = self.q(quote!(#grow.push_if(#chosen, #item)));
        Some(quote!({ let #chosen = #no #test; #comment #push; }))
    }

    /// Is it as well computed where the condition does not hold?
    fn is_sifted(&self, e: &Expr) -> bool {
        match self.node(e.id) {
            Type::Int => self.of_zeros(e).is_some_and(|of| of.operations <= OPERATIONS),
            Type::Float => self.computes_floats(e).is_some_and(|operations| operations <= OPERATIONS),
            _ => false,
        }
    }

    /// Its value where the condition holds.
    pub(super) fn sifted(&mut self, e: &Expr, chosen: &Ident) -> TokenStream {
        match self.node(e.id) {
            Type::Int => self.if_chosen(e, chosen),
            _ => self.value_as(e, &Type::Float),
        }
    }

    /// The conditions for an element that is a number, which is computed whether they hold or not, and the loops without
    /// these conditions.
    pub(super) fn sieve(&self, comp: &Comp, elem: &Type) -> Option<(Vec<Expr>, Comp)> {
        let last = comp.generators.last().filter(|g| !g.ifs.is_empty())?;
        if !self.is_sieved(&comp.element, elem) {
            return None;
        }
        let (ifs, mut open) = (last.ifs.clone(), comp.clone());
        open.generators.last_mut()?.ifs.clear();
        Some((ifs, open))
    }

    /// May an element be computed whether it counts or not?
    pub(super) fn is_sieved(&self, element: &Expr, elem: &Type) -> bool {
        let plain = self.closures == 0 && self.has_room_for(Pass::Chosen);
        plain && self.node(element.id) == *elem && self.is_sifted(element)
    }

    /// What a fused generator yields under a condition, where the loop that gets it asks for that.
    fn chosen_yield(&mut self, test: &Expr, body: &[Stmt], orelse: &[Stmt]) -> Option<TokenStream> {
        let value = yielded(body)?;
        let around = self.counts_if.take();
        if !orelse.is_empty() || !self.asks_whether_it_counts(value) {
            debug_assert!(around.is_none(), "only `yields_sieved` asks for it");
            return None;
        }
        let (chosen, test) = (self.fresh("chosen"), self.test_at_once(test));
        let around = around.iter();
        let begin = quote!(let #chosen = #(#around &)* #test;);
        self.counts_if = Some(chosen);
        let body = self.block(body);
        Some(quote!({ #begin #(#body)* }))
    }

    /// Does the body of a loop do nothing but yield, to somebody who asks whether an element counts?
    pub(super) fn yields_sieved(&self, body: &[Stmt]) -> bool {
        let value = match body {
            [Stmt { kind: StmtKind::If { test, body, orelse }, .. }] if orelse.is_empty() => {
                if self.tests_calmly(test).is_none() {
                    return false;
                }
                yielded(body)
            }
            body => yielded(body),
        };
        value.is_some_and(|value| self.asks_whether_it_counts(value))
    }

    /// Does who gets what this generator yields, which is computed anyway, ask whether it counts?
    fn asks_whether_it_counts(&self, yielded: &Expr) -> bool {
        let Type::Iter(elem) = &self.instance.ret else { return false };
        self.fused.as_ref().is_some_and(|fused| fused.sieves) && self.is_sieved(yielded, elem)
    }

    /// What goes into a list or a sum if the conditions hold: `add` gets the name of whether they do.
    pub(super) fn sieved(
        &mut self,
        ifs: &[Expr],
        add: impl FnOnce(&mut Self, &Ident) -> TokenStream,
    ) -> TokenStream {
        let chosen = self.fresh("chosen");
        let tests: Vec<TokenStream> = ifs.iter().map(|e| self.test_at_once(e)).collect();
        let add = add(self, &chosen);
        quote!(let #chosen = #(#tests)&&*; #add)
    }

    /// A sum of ints: what does not belong to it is zero.
    pub(super) fn added_if(&mut self, element: &Expr, chosen: &Ident) -> TokenStream {
        self.term(&[(0, element)], slice::from_ref(chosen)).code
    }

    /// A condition, of which both sides are computed where that is cheaper than to foresee one.
    fn test_at_once(&mut self, e: &Expr) -> TokenStream {
        match &e.kind {
            ExprKind::Bool2 { op, left, right }
                if self.decide(e).is_none() && self.tests_calmly(right).is_some_and(|n| n <= OPERATIONS) =>
            {
                let (l, r) = (self.test_at_once(left), self.test(right));
                match op {
                    BoolOp::And => quote!((#l & #r)),
                    BoolOp::Or => quote!((#l | #r)),
                }
            }
            _ => self.test(e),
        }
    }

    /// How many operations a condition is, if it only compares numbers and none can raise or leave 64 bits.
    fn tests_calmly(&self, e: &Expr) -> Option<usize> {
        // A variable without a value raises.
        if self.decide(e).is_some() || !reads(e).iter().all(|var| self.is_plain(*var)) {
            return None;
        }
        match &e.kind {
            ExprKind::Compare { op, left, right } if is_order(*op) => {
                let words = || Some(self.divides_calmly(left)? + self.divides_calmly(right)? + 1);
                words().or_else(|| Some(self.computes_floats(left)? + self.computes_floats(right)? + 1))
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.tests_calmly(operand),
            ExprKind::Bool2 { left, right, .. } => Some(self.tests_calmly(left)? + self.tests_calmly(right)?),
            _ => self.divides_calmly(e),
        }
    }

    /// [`Func::computes_calmly`], with remainders of any number.
    fn divides_calmly(&self, e: &Expr) -> Option<usize> {
        match &e.kind {
            ExprKind::Binary { op: BinOp::Mod | BinOp::FloorDiv, left, right } => {
                let divisor = matches!(right.kind, ExprKind::Int(1..));
                divisor.then_some(self.computes_calmly(left)? + 2)
            }
            _ => self.computes_calmly(e),
        }
    }

    /// `complete`: there is an `else`.
    fn becomes(
        &mut self,
        var: VarId,
        becomes: Becomes<'_>,
        (chosen, complete): (&[Ident], bool),
    ) -> TokenStream {
        let (name, is_word) = (self.var_ident(var), self.instance.vars[var] == Type::Int);
        match becomes {
            Becomes::Sum(op, terms, _) if !is_word => {
                // What changes no number, be it a zero of either sign.
                let (add, nothing) = match op {
                    BinOp::Sub => (quote!(float::sub), quote!(0.0f64)),
                    _ => (quote!(float::add), quote!(-0.0f64)),
                };
                let term = self.one_of(&terms, (chosen, false), nothing);
                quote!(#name = #add(#name, #term);)
            }
            Becomes::One(of) => {
                // One that every way computes may have no value before.
                let (none, of) = match of.as_slice() {
                    [others @ .., (last, e)] if of.len() == chosen.len() && complete => {
                        (self.sifted(e, &chosen[*last]), others)
                    }
                    all => {
                        self.zeroed.insert(var);
                        (quote!(#name), all)
                    }
                };
                let one = self.one_of(of, (chosen, true), none);
                quote!(#name = #one;)
            }
            Becomes::Sum(op, terms, whole) => {
                let term = self.term(&terms, chosen);
                let (ExprKind::Binary { left, .. } | ExprKind::InPlace { left, .. }) = &whole.kind else {
                    unreachable!("found by `added_to`")
                };
                let before = self.val(left);
                let sum = self.at(whole.id, |f| f.binary(op, &before, &term, &Type::Int));
                quote!(#name = #sum;)
            }
        }
    }

    /// The value of the way that is gone; `none` where that one has none.
    fn one_of(
        &mut self,
        values: &[(usize, &Expr)],
        (chosen, assigns): (&[Ident], bool),
        none: TokenStream,
    ) -> TokenStream {
        values.iter().rev().fold(none, |rest, (way, e)| {
            let (chosen, value) = (&chosen[*way], self.sifted(e, &chosen[*way]));
            match self.node(e.id) {
                // LLVM chooses, if not between what is added, and may widen the loop then.
                Type::Float if assigns => quote!((if #chosen { #value } else { #rest })),
                Type::Float => quote!(float::either(#chosen, #value, #rest)),
                _ => either(chosen, &value, &rest),
            }
        })
    }

    /// What is added; zero where the way that is gone adds nothing.
    fn term(&mut self, terms: &[(usize, &Expr)], chosen: &[Ident]) -> Val {
        let ranges = terms.iter().map(|(_, e)| self.ranges.get(e, &self.instance.nodes));
        let range = ranges.fold(ZERO, Interval::hull);
        let code = match terms {
            // Computed of zeros it is zero.
            [(way, e)]
                if self.computes_calmly(e).is_none()
                    && self.of_zeros(e).is_some_and(|of| of.value == 0 && of.operations > 0) =>
            {
                self.if_chosen(e, &chosen[*way])
            }
            _ => self.one_of(terms, (chosen, false), quote!(0i64)),
        };
        let mut term = Val::new(code, Type::Int);
        term.range = range;
        term
    }

    /// The value where the condition holds; something else, without a look at anything, where it does not.
    fn if_chosen(&mut self, e: &Expr, chosen: &Ident) -> TokenStream {
        if self.computes_calmly(e).is_some() || self.is_looked_up(e) {
            return self.value_as(e, &Type::Int);
        }
        let of: Vec<VarId> = reads(e).into_iter().filter(|v| !self.known.contains_key(v)).collect();
        let known: Vec<(VarId, Interval)> =
            of.iter().filter_map(|v| Some((*v, self.ranges.of_var(*v)?))).collect();
        known.iter().for_each(|(v, i)| self.ranges.set_var(*v, i.hull(ZERO)));
        let value = self.value_as(e, &Type::Int);
        known.iter().for_each(|(v, i)| self.ranges.set_var(*v, *i));
        let zeros = of.into_iter().map(|var| {
            let name = self.var_ident(var);
            let value = either(chosen, &quote!(#name), &quote!(0i64));
            quote!(let #name = #value;)
        });
        quote!({ #(#zeros)* #value })
    }

    /// What comes of it where every variable is zero, and how many operations that takes, if all are cheap, none can raise
    /// otherwise than by leaving 64 bits, and with zeros none does.
    fn of_zeros(&self, e: &Expr) -> Option<OfZeros> {
        if self.is_looked_up(e) {
            return (self.node(e.id) == Type::Int).then_some(OfZeros { value: 0, operations: 0 });
        }
        self.of_zeros_alone(e)
    }

    fn of_zeros_alone(&self, e: &Expr) -> Option<OfZeros> {
        if self.node(e.id) != Type::Int {
            return None;
        }
        let word = |value: i128| Interval { lo: value, hi: value }.is_word().then_some(value);
        match &e.kind {
            ExprKind::Int(i) => Some(OfZeros { value: (*i).into(), operations: 0 }),
            ExprKind::Local(var) => {
                let value = self.known.get(var).map_or(0, |known| i128::from(*known));
                let plain = self.known.contains_key(var) || self.is_plain_word(*var);
                plain.then_some(OfZeros { value, operations: 0 })
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                let of = self.of_zeros_alone(operand)?;
                Some(OfZeros { value: word(-of.value)?, operations: of.operations + 1 })
            }
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let (l, r) = (self.of_zeros_alone(left)?, self.of_zeros_alone(right)?);
                let divisor = match right.kind {
                    ExprKind::Int(i) if i > 0 => Some(i128::from(i)),
                    _ => None,
                };
                let (value, cost) = match op {
                    BinOp::Add => (l.value + r.value, 1),
                    BinOp::Sub => (l.value - r.value, 1),
                    BinOp::Mult => (l.value * r.value, 1),
                    BinOp::BitAnd => (l.value & r.value, 1),
                    BinOp::BitOr => (l.value | r.value, 1),
                    BinOp::BitXor => (l.value ^ r.value, 1),
                    BinOp::FloorDiv => (l.value.div_euclid(divisor?), 2),
                    BinOp::Mod => (l.value.rem_euclid(divisor?), 2),
                    _ => return None,
                };
                Some(OfZeros { value: word(value)?, operations: l.operations + r.operations + cost })
            }
            _ => None,
        }
    }

    /// How many operations it is, if it only computes with floats, which raise nothing.
    fn computes_floats(&self, e: &Expr) -> Option<usize> {
        if self.node(e.id) != Type::Float {
            return None;
        }
        match &e.kind {
            ExprKind::Float(_) => Some(0),
            ExprKind::Index { .. } => self.is_looked_up(e).then_some(0),
            ExprKind::Local(var) => self.is_plain_float(*var).then_some(0),
            ExprKind::Unary { op: UnaryOp::Neg, operand } => Some(self.computes_floats(operand)? + 1),
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let cheap = matches!(op, BinOp::Add | BinOp::Sub | BinOp::Mult);
                cheap.then_some(self.computes_floats(left)? + self.computes_floats(right)? + 1)
            }
            _ => None,
        }
    }

    /// A float, bound, and nobody else's.
    fn is_plain_float(&self, var: VarId) -> bool {
        self.is_plain(var)
            && self.instance.vars[var] == Type::Float
            && !self.narrowed.contains_key(&var)
            && !self.deferred.contains_key(&var)
    }

    fn is_word_or_float(&self, var: VarId) -> bool {
        self.is_plain_word(var) || self.is_plain_float(var)
    }

    /// An int of 64 bits, bound, and nobody else's.
    fn is_plain_word(&self, var: VarId) -> bool {
        self.is_plain(var)
            && self.instance.vars[var] == Type::Int
            && !self.known.contains_key(&var)
            && !self.narrowed.contains_key(&var)
            && !self.deferred.contains_key(&var)
    }

    /// How many operations it is, if all are cheap and none can raise or leave 64 bits.
    fn computes_calmly(&self, e: &Expr) -> Option<usize> {
        if self.node(e.id) != Type::Int {
            return None;
        }
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Local(_) => Some(0),
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let count = self.computes_calmly(left)? + self.computes_calmly(right)? + 1;
                let number = |e: &Expr| match e.kind {
                    ExprKind::Int(i) => Some(i),
                    _ => None,
                };
                let cheap = match op {
                    BinOp::Add | BinOp::Sub | BinOp::BitAnd | BinOp::BitOr | BinOp::BitXor => true,
                    BinOp::Mult => number(left).or(number(right)).is_some(),
                    BinOp::FloorDiv | BinOp::Mod => {
                        number(right).is_some_and(|i| i > 0 && i.count_ones() == 1)
                    }
                    _ => false,
                };
                let range = |e: &Expr| self.ranges.get(e, &self.instance.nodes);
                (cheap && Interval::result(*op, range(left), range(right)).is_word()).then_some(count)
            }
            _ => None,
        }
    }
}

/// The one variable that the statements compute.
fn computed(body: &[Stmt]) -> Option<(VarId, &Expr)> {
    let [Stmt { kind: StmtKind::Assign { targets, value }, .. }] = body else { return None };
    match targets.as_slice() {
        [target] => match target.kind {
            TargetKind::Var(var) => Some((var, value)),
            _ => None,
        },
        _ => None,
    }
}

/// What the only statement yields.
fn yielded(body: &[Stmt]) -> Option<&Expr> {
    match body {
        [Stmt { kind: StmtKind::Expr(Expr { kind: ExprKind::Yield { value, .. }, .. }), .. }] => Some(value),
        _ => None,
    }
}

/// The variables that the statements compute, each once.
fn all_computed(body: &[Stmt]) -> Option<Vec<(VarId, &Expr)>> {
    let all: Vec<_> = body.iter().map(|stmt| computed(slice::from_ref(stmt))).collect::<Option<_>>()?;
    let vars: BTreeSet<VarId> = all.iter().map(|(var, _)| *var).collect();
    (vars.len() == all.len()).then_some(all)
}

/// What is added to the variable, or taken from it.
fn added_to(var: VarId, e: &Expr) -> Option<(BinOp, &Expr)> {
    match &e.kind {
        ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }
            if matches!(op, BinOp::Add | BinOp::Sub)
                && matches!(left.kind, ExprKind::Local(v) if v == var)
                && !reads(&**right).contains(&var) =>
        {
            Some((*op, right))
        }
        _ => None,
    }
}

/// The same of all ways that say something, if they all add or all take.
fn all_added<'h>(var: VarId, of: &[(usize, &'h Expr)]) -> Option<(BinOp, Vec<(usize, &'h Expr)>)> {
    let (op, _) = added_to(var, of.first()?.1)?;
    let term = |(way, e): &(usize, &'h Expr)| {
        let (other, term) = added_to(var, e)?;
        (other == op).then_some((*way, term))
    };
    Some((op, of.iter().map(term).collect::<Option<_>>()?))
}

fn is_order(op: CmpOp) -> bool {
    use CmpOp::{Eq, Gt, GtE, Lt, LtE, NotEq};
    matches!(op, Eq | NotEq | Lt | LtE | Gt | GtE)
}

/// Does it look anything up in memory?
fn looks_up(e: &Expr) -> bool {
    any_expr(e, |e| !computes(&e.kind))
}

/// Does it do nothing but compute and look up?
fn only_looks(e: &Expr) -> bool {
    !any_expr(e, |e| !computes(&e.kind) && !matches!(e.kind, ExprKind::Index { .. }))
}

fn computes(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Local(_)
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
    )
}

fn either(chosen: &Ident, first: &TokenStream, second: &TokenStream) -> TokenStream {
    quote!(int::either(#chosen, #first, #second))
}
