//! Sums that a loop makes one after the other, each over a loop of its own: `for j …: total = 0.0; for k …: total +=
//! a[i][k] * b[k][j]; …`. Several of them are made at once, turn by turn of the inner loop: elements that stand side by
//! side are read together, and the additions of one sum do not wait for those of another. Each sum is still made of the
//! same additions in the same order, so it has the same bits.
//!
//! Only what is read from views goes into such sums, which nothing in the call writes to, so nothing can tell that some
//! are made ahead, nor that the last block begins with some that were made before. What cannot be read at once (an index outside, a row that is not converted) makes no block: the loop
//! runs as it is written.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use crate::hir::visit::defines;
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::passes::Pass;
use crate::ty::Type;

/// Such a loop.
pub(super) struct Jam<'h> {
    /// The variables of the loop, of the inner loop, and of the sum.
    outer: VarId,
    inner: VarId,
    total: VarId,
    /// Where the sums begin.
    first: f64,
    start: Option<&'h Expr>,
    stop: &'h Expr,
    /// What is added at each turn.
    term: &'h Expr,
    /// Where the loop ends.
    end: &'h Expr,
    /// Everything that the loop assigns.
    assigned: BTreeSet<VarId>,
}

/// What the block reads at each turn of the inner loop.
#[derive(Default)]
struct Reads {
    lets: Vec<TokenStream>,
    /// What converts the lists before that, where it pays.
    first: Vec<TokenStream>,
    /// Some element stands beside that of the next sum.
    wide: bool,
}

impl Func<'_, '_, '_> {
    /// Is it such a loop?
    pub(super) fn jam<'h>(&self, target: &'h Target, iter: &'h Iter, body: &'h [Stmt]) -> Option<Jam<'h>> {
        if !self.has_room_for(Pass::Jam) || self.closures > 0 {
            return None;
        }
        let range = |iter: &'h Iter| match &iter.kind {
            IterKind::Range { start, stop, step: None } => Some((start.as_deref(), &**stop)),
            _ => None,
        };
        let var = |target: &Target| match target.kind {
            TargetKind::Var(v) if !self.hir.vars[v].cell && !self.hir.vars[v].maybe_unbound => Some(v),
            _ => None,
        };
        let (_, end) = range(iter)?;
        let outer = var(target)?;
        let [begin, sum, rest @ ..] = body else { return None };
        let StmtKind::Assign { targets, value } = &begin.kind else { return None };
        let ([at], ExprKind::Float(first)) = (targets.as_slice(), &value.kind) else { return None };
        let total = var(at)?;
        let StmtKind::For { target, iter, body: turn, orelse } = &sum.kind else { return None };
        let (inner, (start, stop)) = (var(target)?, range(iter)?);
        let ([turn], true) = (turn.as_slice(), orelse.is_empty()) else { return None };
        let StmtKind::Assign { targets, value } = &turn.kind else { return None };
        let (ExprKind::InPlace { op: BinOp::Add, left, right: term }
        | ExprKind::Binary { op: BinOp::Add, left, right: term }) = &value.kind
        else {
            return None;
        };
        let same = matches!(targets.as_slice(), [at] if var(at) == Some(total))
            && matches!(left.kind, ExprKind::Local(v) if v == total);
        let types = self.instance.vars[outer] == Type::Int
            && self.instance.vars[inner] == Type::Int
            && self.instance.vars[total] == Type::Float;
        let apart = outer != inner && outer != total && inner != total;
        let defined = |body: &[Stmt]| body.iter().flat_map(defines).collect::<BTreeSet<_>>();
        let mut assigned = defined(body);
        let untouched = !assigned.contains(&outer) && !defined(rest).contains(&total);
        assigned.insert(outer);
        let jam = Jam { outer, inner, total, first: *first, start, stop, term, end, assigned };
        let plain = |e: &Expr| self.jam_bound(e, &jam).is_some();
        let bounds = plain(stop) && start.is_none_or(plain) && plain(end);
        let fits = same && types && apart && untouched && bounds && first.is_finite();
        let mut reads = Reads::default();
        (fits && self.jam_term(term, &jam, &mut reads).is_some() && reads.wide).then_some(jam)
    }

    /// Does the variable keep its value while the loop runs?
    fn is_fixed(&self, v: VarId, jam: &Jam<'_>) -> bool {
        !self.hir.vars[v].cell && !self.hir.vars[v].maybe_unbound && !jam.assigned.contains(&v)
    }

    /// A place in a list: Rust's, for the first sum of the block, and whether it moves on with the sums.
    fn jam_index(&self, e: &Expr, jam: &Jam<'_>) -> Option<(TokenStream, bool)> {
        match &e.kind {
            ExprKind::Int(i) => {
                let i = Literal::i64_suffixed(*i);
                Some((quote!(#i), false))
            }
            ExprKind::Local(v) if *v == jam.inner => Some((quote!(__py_turn), false)),
            ExprKind::Local(v) if *v == jam.outer => {
                let name = self.var_ident(*v);
                Some((quote!(#name), true))
            }
            ExprKind::Local(v) if self.is_fixed(*v, jam) && self.instance.vars[*v] == Type::Int => {
                let name = self.var_ident(*v);
                Some((quote!(#name), false))
            }
            ExprKind::Binary { op: BinOp::Add, left, right } => {
                let ((a, x), (b, y)) = (self.jam_index(left, jam)?, self.jam_index(right, jam)?);
                (!(x && y)).then(|| (quote!(i64::checked_add(#a, #b)?), x || y))
            }
            ExprKind::Binary { op: BinOp::Sub, left, right } => {
                let ((a, x), (b, y)) = (self.jam_index(left, jam)?, self.jam_index(right, jam)?);
                (!y).then(|| (quote!(i64::checked_sub(#a, #b)?), x))
            }
            _ => None,
        }
    }

    /// Where a range ends: an `Option`, without one where it cannot be told at once.
    fn jam_bound(&self, e: &Expr, jam: &Jam<'_>) -> Option<TokenStream> {
        match &e.kind {
            ExprKind::Int(i) => {
                let i = Literal::i64_suffixed(*i);
                Some(quote!(Some(#i)))
            }
            ExprKind::Local(v) if self.is_fixed(*v, jam) && self.instance.vars[*v] == Type::Int => {
                let name = self.var_ident(*v);
                Some(quote!(Some(#name)))
            }
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                let [list] = args.as_slice() else { return None };
                if !self.is_plain_builtin(e, name) {
                    return None;
                }
                match &list.kind {
                    ExprKind::Local(v) if self.is_fixed(*v, jam) && is_view(&self.instance.vars[*v]) => {
                        let name = self.var_ident(*v);
                        Some(quote!(Some(list::len(cx, &#name))))
                    }
                    ExprKind::Index { base, index } => {
                        let ExprKind::Local(v) = base.kind else { return None };
                        let table = self.is_fixed(v, jam)
                            && is_view(&self.instance.vars[v])
                            && is_view(&self.node(list.id))
                            && matches!(index.kind, ExprKind::Int(_));
                        let (name, (at, _)) = (self.var_ident(v), self.jam_index(index, jam)?);
                        table.then(|| quote!(#name.peek(#at).map(|__py_row| list::len(cx, &__py_row))))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What one turn adds to the sum number `__py_n` of the block.
    fn jam_term(&self, e: &Expr, jam: &Jam<'_>, reads: &mut Reads) -> Option<TokenStream> {
        if self.node(e.id) != Type::Float {
            return None;
        }
        match &e.kind {
            ExprKind::Float(x) if x.is_finite() => {
                let x = Literal::f64_suffixed(*x);
                Some(quote!(#x))
            }
            ExprKind::Local(v) if self.is_fixed(*v, jam) && self.instance.vars[*v] == Type::Float => {
                let name = self.var_ident(*v);
                Some(quote!(#name))
            }
            ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub | BinOp::Mult), left, right } => {
                let (a, b) = (self.jam_term(left, jam, reads)?, self.jam_term(right, jam, reads)?);
                let name = match op {
                    BinOp::Add => quote!(add),
                    BinOp::Sub => quote!(sub),
                    _ => quote!(mul),
                };
                Some(quote!(float::#name(#a, #b)))
            }
            ExprKind::Index { base, index } => {
                let (list, found) = self.jam_list(base, jam)?;
                let (at, moves) = self.jam_index(index, jam)?;
                let name = quote::format_ident!("__py_read{}", reads.lets.len());
                let wanted = if moves { quote!(__py_wide) } else { quote!(__py_to - __py_from) };
                reads.first.push(quote!(#found.expect(cx, #wanted);));
                if moves {
                    reads.wide = true;
                    reads.lets.push(quote!(let #name = #list.window::<SUMS>(#at)?;));
                    return Some(quote!(#name[__py_n]));
                }
                reads.lets.push(quote!(let #name = #list.peek(#at)?;));
                Some(quote!(#name))
            }
            _ => None,
        }
    }

    /// A read-only list of floats: a variable, or a row of one that is the same for all sums of the block. Where it must be
    /// converted, and where it may not be as yet.
    fn jam_list(&self, e: &Expr, jam: &Jam<'_>) -> Option<(TokenStream, TokenStream)> {
        let view = |ty: &Type| match ty {
            Type::View(t) => Some((**t).clone()),
            _ => None,
        };
        let variable = |e: &Expr| match e.kind {
            ExprKind::Local(v) if self.is_fixed(v, jam) && self.instance.vars[v] == self.node(e.id) => {
                Some(self.var_ident(v))
            }
            _ => None,
        };
        if view(&self.node(e.id))? != Type::Float {
            return None;
        }
        if let ExprKind::Index { base, index } = &e.kind {
            let (table, (at, moves)) = (variable(base)?, self.jam_index(index, jam)?);
            let rows = view(&self.node(base.id)).is_some() && !moves;
            return rows.then(|| (quote!(#table.peek(#at)?), quote!(#table.seek(cx, #at)?)));
        }
        variable(e).map(|name| (quote!(#name), quote!(#name)))
    }

    /// What keeps the blocks, before the loop.
    pub(super) fn jam_begin(&self, name: &Ident) -> TokenStream {
        quote!(let mut #name = Sums::new();)
    }

    /// The sum of this turn: from the block, which is made where there is none, or as it is written.
    pub(super) fn jam_sum(&mut self, jam: &Jam<'_>, name: &Ident, written: TokenStream) -> TokenStream {
        let mut reads = Reads::default();
        let Some(term) = self.jam_term(jam.term, jam, &mut reads) else { return written };
        let (outer, inner, total) =
            (self.var_ident(jam.outer), self.var_ident(jam.inner), self.var_ident(jam.total));
        let bound = |e: &Expr| self.jam_bound(e, jam).unwrap_or(quote!(None));
        let start = jam.start.map_or(quote!(Some(0i64)), bound);
        let (stop, end) = (bound(jam.stop), bound(jam.end));
        let (lets, before, first) = (&reads.lets, &reads.first, Literal::f64_suffixed(jam.first));
        self.uses_fuel = true;
        let charge = self.q(quote!(cx.charge(&mut fuel, (__py_to - __py_from) * SUMS as i64)));
        quote! {
            if let Some((__py_first, __py_from, __py_to)) = #name.due(#outer, #end, #start, #stop) {
                #charge;
                let __py_make = || {
                    let #outer = __py_first;
                    let mut __py_sums = [#first; SUMS];
                    for __py_turn in __py_from..__py_to {
                        #(#lets)*
                        for __py_n in 0..SUMS {
                            __py_sums[__py_n] = float::add(__py_sums[__py_n], #term);
                        }
                    }
                    Some(__py_sums)
                };
                let __py_sums = __py_make().or_else(|| {
                    let __py_wide = #name.wanted(__py_first, #end)?;
                    for __py_turn in __py_from..__py_to {
                        #(#before)*
                    }
                    __py_make()
                });
                #name.keep(__py_first, __py_sums, __py_from, __py_to);
            }
            if let Some(__py_sum) = #name.get(#outer) {
                #total = __py_sum;
                if let Some(__py_last) = #name.last() {
                    #inner = __py_last;
                }
            } else {
                #written
            }
        }
    }
}

fn is_view(ty: &Type) -> bool {
    matches!(ty, Type::View(_))
}
