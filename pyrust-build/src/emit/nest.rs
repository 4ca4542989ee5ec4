//! Loops over arrays with loops inside, whose second form (`emit/dense.rs`) is entered once for all of them.
//!
//! ```python
//! for i in range(n):                     # one look at the places of all turns, one log of what they store
//!     for j in range(m):
//!         out[i, j] = a[i, j] + b[j]
//! ```
//!
//! The ends of the loops inside are made of what the outermost one leaves alone, so all their turns are known before it
//! begins; or of the number of another loop's turn (`range(i)`, `range(i + 1, n)`): then those are known that they may
//! have at most, and places are looked at for all of these. The first form of the outermost loop has the loops inside in both forms: what does not lie within the arrays
//! as a whole may do so turn by turn.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::dense::Dense;
use super::iter::{Body, label_if_used};
use super::label::Label;
use super::types::Val;
use crate::hir::visit::defines;
use crate::hir::{
    BinOp, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, Target, TargetKind, UnaryOp, VarId,
};
use crate::ty::Type;

/// No constant in an index that is larger is looked at.
const MOST_OFFSET: u64 = 1 << 31;

/// So many loops around an element, and no more.
const MOST_LEVELS: usize = 4;

/// Of longer loops inside, what surrounds them is nothing.
const MOST_TURNS: i64 = 1 << 14;

/// One of the loops.
#[derive(Clone)]
pub(super) struct Level {
    /// What tells it: where it ends. The outermost loop has none.
    id: Option<NodeId>,
    pub(super) turn: VarId,
    ends: Option<(Option<Expr>, Expr)>,
    /// The loops whose turns say where it begins and where it ends.
    leans: (Option<usize>, Option<usize>),
    /// The number of its first turn, how many there are, and which one it is, from 0 on; of a loop that leans on others, of
    /// all turns that it may have.
    pub(super) first: Ident,
    pub(super) count: Ident,
    pub(super) at: Ident,
    /// See [`Func::sums`].
    pub(super) sums: BTreeSet<VarId>,
}

impl Level {
    /// Has it as many turns each time?
    pub(super) fn is_steady(&self) -> bool {
        self.leans == (None, None)
    }
}

/// What indices in the loops are made of.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) levels: Vec<Level>,
    /// Those around what is looked at or emitted.
    pub(super) open: Vec<usize>,
    /// What the outermost loop assigns.
    pub(super) assigned: BTreeSet<VarId>,
}

impl Scope {
    /// That of the outermost loop.
    pub(super) fn of(turn: VarId, assigned: BTreeSet<VarId>) -> Scope {
        let mut scope = Scope { levels: Vec::new(), open: Vec::new(), assigned };
        scope.open(turn, None, (None, None), BTreeSet::new());
        scope
    }

    fn open(
        &mut self,
        turn: VarId,
        ends: Option<(Option<Expr>, Expr)>,
        leans: (Option<usize>, Option<usize>),
        sums: BTreeSet<VarId>,
    ) {
        let at = self.levels.len();
        self.open.push(at);
        self.levels.push(Level {
            id: ends.as_ref().map(|(_, stop)| stop.id),
            turn,
            ends,
            leans,
            first: format_ident!("__py_begin_{at}"),
            count: format_ident!("__py_count_{at}"),
            at: format_ident!("__py_turn_{at}"),
            sums,
        });
    }

    /// How often what stands in all of these loops is done.
    pub(super) fn turns(&self, levels: &BTreeSet<usize>) -> TokenStream {
        let (first, rest) = (&self.levels[0].count, levels.iter().filter(|at| **at > 0));
        let rest = rest.map(|at| &self.levels[*at].count);
        quote!(#first #(.saturating_mul(#rest))*)
    }
}

/// Part of an index: numbers of turns, a variable that stays as it is, and what is added.
#[derive(Clone, PartialEq)]
pub(super) struct Part {
    levels: Vec<usize>,
    var: Option<VarId>,
    by: i64,
}

/// The places that `array[parts]` has while the loops run.
#[derive(Clone)]
pub(super) struct Window {
    pub(super) array: VarId,
    pub(super) parts: Vec<Part>,
    pub(super) name: Ident,
    /// Something is stored there.
    pub(super) stored: bool,
}

impl Window {
    /// The loops that move it, from the outermost one on.
    pub(super) fn levels(&self) -> Vec<usize> {
        let levels: BTreeSet<usize> = self.parts.iter().flat_map(|p| p.levels.iter().copied()).collect();
        levels.into_iter().collect()
    }

    /// The turn of the innermost of those, if there are any: the others are settled where it stands.
    pub(super) fn at(&self, scope: &Scope) -> Vec<Ident> {
        self.levels().pop().map(|level| scope.levels[level].at.clone()).into_iter().collect()
    }

    /// Its name where the turns of so many loops are settled.
    pub(super) fn settled(&self, loops: usize) -> Ident {
        if loops == 0 { self.name.clone() } else { format_ident!("{}_{loops}", self.name) }
    }

    /// Its name in the innermost of its loops.
    pub(super) fn inner(&self) -> Ident {
        self.settled(self.levels().len().saturating_sub(1))
    }

    /// Whether the places of a loop lie side by side, if the array's elements do; `None` where it does not move them.
    pub(super) fn moved_by(&self, level: usize) -> Option<bool> {
        let moved: Vec<bool> = self.parts.iter().map(|p| p.levels.contains(&level)).collect();
        let count = moved.iter().filter(|moved| **moved).count();
        (count > 0).then_some(count == 1 && moved.last() == Some(&true))
    }

    /// One of the two is stored to, and another turn of the same loop may read that.
    fn meets(&self, other: &Window) -> bool {
        self.array == other.array
            && self.parts != other.parts
            && (self.stored || other.stored)
            && self.levels().last() == other.levels().last()
    }

    /// The places of the innermost of those loops lie side by side, if the array's elements do.
    fn is_dense(&self) -> bool {
        self.levels().pop().is_some_and(|innermost| self.moved_by(innermost) == Some(true))
    }
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// A loop inside of one.
    pub(super) fn dense_for(&self, target: &Target, iter: &Iter, body: &[Stmt], dense: &mut Dense) -> bool {
        let (IterKind::Range { start, stop, step: None }, TargetKind::Var(turn)) = (&iter.kind, &target.kind)
        else {
            return false;
        };
        let again = body.iter().flat_map(defines).any(|v| v == *turn);
        let plain = !again && !self.hir.vars[*turn].cell && self.instance.vars[*turn] == Type::Int;
        let begins = start.as_deref().map_or(Some(None), |start| self.leaning(start, &dense.scope));
        let (Some(begins), Some(stops)) = (begins, self.leaning(stop, &dense.scope)) else { return false };
        let deep = dense.scope.open.len() >= MOST_LEVELS;
        if self.within_nest.is_some() || deep || !plain {
            return false;
        }
        // Several threads gain more.
        if !dense.is_shared && self.shares(target, iter, body).is_some() {
            return false;
        }
        let sums = if body.iter().any(breaks) { BTreeSet::new() } else { self.sums(body) };
        let ends = Some((start.as_deref().cloned(), (**stop).clone()));
        dense.scope.open(*turn, ends, (begins, stops), sums);
        dense.depth += 1;
        let fits = self.dense_block(body, dense);
        dense.depth -= 1;
        dense.scope.open.pop();
        fits
    }

    /// An int that is the same in all turns, and that can be computed before the first one: `Some(None)`; or one that is as
    /// much larger as the number of the turn of a loop around it.
    fn leaning(&self, e: &Expr, scope: &Scope) -> Option<Option<usize>> {
        match &e.kind {
            ExprKind::Int(_) => Some(None),
            ExprKind::Local(v) => {
                if let Some(level) = scope.open.iter().rfind(|at| scope.levels[**at].turn == *v) {
                    return (!self.hir.vars[*v].maybe_unbound).then_some(Some(*level));
                }
                (self.stays(*v, scope) && self.instance.vars[*v] == Type::Int).then_some(None)
            }
            ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub), left, right } => {
                let (a, b) = (self.leaning(left, scope)?, self.leaning(right, scope)?);
                let once = b.is_none() || *op == BinOp::Add && a.is_none();
                (self.node(e.id) == Type::Int && once).then_some(a.or(b))
            }
            _ => self.is_extent(e, scope).then_some(None),
        }
    }

    /// Such a number where that loop is at its first turn, or at its last.
    fn leaned(&mut self, e: &Expr, on: Option<usize>, scope: &Scope, is_last: bool) -> TokenStream {
        let value = self.value_as(e, &Type::Int);
        let Some(level) = on.map(|level| &scope.levels[level]) else { return value };
        let (name, first, count) = (self.var_ident(level.turn), &level.first, &level.count);
        let at = if is_last { quote!(#first.wrapping_add(#count - 1)) } else { quote!(#first) };
        quote!({ let #name = #at; #value })
    }

    pub(super) fn stays(&self, v: VarId, scope: &Scope) -> bool {
        let var = &self.hir.vars[v];
        !scope.assigned.contains(&v) && !var.cell && !var.maybe_unbound
    }

    /// The length of an array that stays the same one, or another part of its shape.
    pub(super) fn is_extent(&self, e: &Expr, scope: &Scope) -> bool {
        let (array, at) = match &e.kind {
            ExprKind::Call { name, args, keywords } => match args.as_slice() {
                [array] if name == "len" && keywords.is_empty() && self.is_plain_builtin(e, name) => {
                    (array, 0)
                }
                _ => return false,
            },
            ExprKind::Index { base, index } => match (&base.kind, &index.kind) {
                (ExprKind::Method { base, name, .. }, ExprKind::Int(at)) if name == "attribute shape" => {
                    (&**base, *at)
                }
                _ => return false,
            },
            _ => return false,
        };
        let ExprKind::Local(array) = array.kind else { return false };
        let Type::Array(_, dims) = self.instance.vars[array] else { return false };
        self.stays(array, scope) && (0..i64::from(dims)).contains(&at)
    }

    /// Part of an index of which one can tell before the loops where it goes.
    pub(super) fn dense_part(&self, e: &Expr, scope: &Scope) -> Option<Part> {
        let small = |by: i64| (by.unsigned_abs() < MOST_OFFSET).then_some(by);
        let part = |by: i64| Some(Part { levels: Vec::new(), var: None, by: small(by)? });
        match &e.kind {
            ExprKind::Int(i) => part(*i),
            ExprKind::Unary { op: UnaryOp::Neg, operand } => match operand.kind {
                ExprKind::Int(i) => part(i.checked_neg()?),
                _ => None,
            },
            ExprKind::Local(v) => {
                let level = scope.open.iter().rfind(|at| scope.levels[**at].turn == *v);
                if let Some(level) = level {
                    return Some(Part { levels: vec![*level], var: None, by: 0 });
                }
                let known = self.stays(*v, scope) && self.instance.vars[*v] == Type::Int;
                known.then_some(Part { levels: Vec::new(), var: Some(*v), by: 0 })
            }
            ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub), left, right } => {
                let (a, b) = (self.dense_part(left, scope)?, self.dense_part(right, scope)?);
                let by = match op {
                    BinOp::Add => a.by.checked_add(b.by)?,
                    _ if !b.levels.is_empty() || b.var.is_some() => return None,
                    _ => a.by.checked_sub(b.by)?,
                };
                let twice = b.levels.iter().any(|level| a.levels.contains(level));
                if twice || a.var.is_some() && b.var.is_some() {
                    return None;
                }
                let mut levels = [a.levels, b.levels].concat();
                levels.sort_unstable();
                Some(Part { levels, var: a.var.or(b.var), by: small(by)? })
            }
            _ => None,
        }
    }

    /// What is known of the loops before the outermost one begins, and conditions for its second form.
    pub(super) fn levels(&mut self, scope: &Scope, chunk: &Ident) -> (Vec<TokenStream>, Vec<TokenStream>) {
        let (mut lets, mut few) = (Vec::new(), Vec::new());
        for Level { ends, first, count, leans, .. } in &scope.levels {
            let Some((start, stop)) = ends else {
                lets.push(quote!(let #first = #chunk.start;));
                continue;
            };
            let start =
                start.as_ref().map_or_else(|| quote!(0i64), |e| self.leaned(e, leans.0, scope, false));
            let stop = self.leaned(stop, leans.1, scope, true);
            let most = Literal::i64_suffixed(MOST_TURNS);
            lets.push(quote!(let #first = #start; let #count = i64::saturating_sub(#stop, #first);));
            few.push(quote!(#count >= 1 && #count <= #most));
        }
        (lets, few)
    }

    /// The condition that the places lie within the array, which binds them.
    pub(super) fn window_of(&self, window: &Window, all: &[Window], scope: &Scope) -> TokenStream {
        let (name, array) = (&window.name, self.var_ident(window.array));
        let levels = window.levels();
        let parts = window.parts.iter().map(|part| {
            let (by, var) = (Literal::i64_suffixed(part.by), part.var.map(|v| self.var_ident(v)));
            let firsts: Vec<&Ident> = part.levels.iter().map(|at| &scope.levels[*at].first).collect();
            let moves = |(at, level): (usize, &usize)| u8::from(part.levels.contains(level)) << at;
            let moved = Literal::u8_unsuffixed(levels.iter().enumerate().map(moves).sum());
            // What is beyond 64 bits is outside of the array.
            let base = match (firsts.as_slice(), var) {
                ([], None) => quote!(#by),
                ([], Some(v)) => quote!(#v.wrapping_add(#by)),
                ([first, rest @ ..], v) => {
                    let v = v.into_iter();
                    quote!(#first #(.saturating_add(#rest))* #(.saturating_add(#v))* .wrapping_add(#by))
                }
            };
            quote!((#base, #moved))
        });
        let counts = levels.iter().map(|level| &scope.levels[*level].count);
        let function = match (window.is_dense(), all.iter().any(|other| window.meets(other))) {
            (true, true) => quote!(window_near),
            (true, false) => quote!(window_dense),
            (false, _) => quote!(window),
        };
        quote!(let Some(#name) = ndarray::#function(#array, [#(#parts),*], [#(#counts),*]))
    }

    /// The first form of the loop is being emitted from now on; gives what was before. The loops inside remember together
    /// with it: what is not finite for one of them is not for the other.
    pub(super) fn enter_nest(&mut self, dense: Option<&mut Dense>) -> Option<Ident> {
        let before = self.within_nest.clone();
        if let Some(dense) = dense.filter(|dense| dense.scope.levels.len() > 1) {
            let site = self.fresh("site");
            dense.site = Some(site.clone());
            self.within_nest = Some(site);
        }
        before
    }

    /// At the beginning of a turn of such a loop: settles where it is for places that loops inside move on as well, so that
    /// those do not have to.
    pub(super) fn settle_windows(&self, level: usize) -> TokenStream {
        let Some(noting) = &self.noting else { return quote!() };
        let at = &noting.scope.levels[level].at;
        let settled = noting.windows.iter().filter_map(|window| {
            let levels = window.levels();
            let before = levels.iter().position(|l| *l == level).filter(|at| at + 1 < levels.len())?;
            let (from, to) = (window.settled(before), window.settled(before + 1));
            let left = Literal::usize_unsuffixed(levels.len() - before - 1);
            let settled = self.q(quote!(ndarray::settled::<_, _, _, #left>(#from, #at)));
            Some(quote!(let #to = #settled;))
        });
        quote!(#(#settled)*)
    }

    /// Before a loop that leans on others: the places of those turns that it has.
    fn cut_windows(&self, level: usize, from: &Ident, turns: &Ident) -> TokenStream {
        let Some(noting) = &self.noting else { return quote!() };
        let cuts = noting.windows.iter().filter_map(|window| {
            let name = window.settled(window.levels().iter().position(|l| *l == level)?);
            let cut = self.q(quote!(ndarray::cut(#name, #from, #turns)));
            Some(quote!(let #name = #cut;))
        });
        quote!(#(#cuts)*)
    }

    /// Which of the loops whose second form is being emitted ends there?
    pub(super) fn level(&self, stop: &Expr) -> Option<usize> {
        self.noting.as_ref()?.scope.levels.iter().position(|level| level.id == Some(stop.id))
    }

    /// A loop inside, in the second form.
    pub(super) fn level_loop(
        &mut self,
        level: usize,
        is_short: bool,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let Some(noting) = &mut self.noting else { unreachable!("`level` has found it there") };
        let level_of = noting.scope.levels[level].clone();
        let is_steady = level_of.is_steady();
        let Level { first, count, at, sums, ends, .. } = level_of;
        let (odd, site) = (noting.odd.clone(), noting.site.clone());
        let before = noting.sums.clone();
        noting.sums.extend(&sums);
        noting.scope.open.push(level);
        let (item, continues) = (self.fresh("i"), self.label("c"));
        let (code, innermost) = self.looped(breaks, &continues, Val::new(quote!(#item), Type::Int), body);
        if let Some(noting) = &mut self.noting {
            noting.scope.open.pop();
            noting.sums = before;
        }
        let (continues, settled) = (label_if_used(&code, &continues), self.settle_windows(level));
        // Of all turns that it may have, those that it has.
        let (begin, turns, lets) = match ends {
            Some((start, stop)) if !is_steady => {
                let start = start.map_or_else(|| quote!(0i64), |e| self.value_as(&e, &Type::Int));
                let stop = self.value_as(&stop, &Type::Int);
                let (from, turns, begin) = (self.fresh("from"), self.fresh("turns"), self.fresh("begin"));
                let cuts = self.cut_windows(level, &from, &turns);
                let lets = quote! {
                    let #from = i64::saturating_sub(#start, #first).max(0);
                    let #turns = (i64::saturating_sub(#stop, #first).min(#count) - #from).max(0);
                    let #begin = #first.wrapping_add(#from);
                    #cuts
                };
                (begin, turns, lets)
            }
            _ => (first, count, quote!()),
        };
        let (pay, tick) = match (is_short, innermost) {
            (true, _) => (quote!(), quote!()),
            (false, true) => {
                self.uses_fuel = true;
                let even = self.q(quote!(ndarray::even(&#site, #odd)));
                let charge = self.q(quote!(cx.charge(&mut fuel, #turns)));
                (quote!(if #turns >= i64::from(fuel) { #even; } #charge;), quote!())
            }
            (false, false) => {
                let (noted, tick) = (self.noted_so_far(), self.tick());
                (quote!(), quote!(#noted #tick))
            }
        };
        let lasts = sums.iter().map(|v| self.var_ident(*v));
        quote! {
            #lets
            #pay
            #continues for #at in 0..#turns {
                let #item = #begin.wrapping_add(#at);
                #tick
                #settled
                #code
            }
            #(ndarray::note_last(#lasts, &mut #odd);)*
        }
    }
}

/// Can the loop around it end before its last turn?
fn breaks(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Break => true,
        StmtKind::If { body, orelse, .. } => body.iter().chain(orelse).any(breaks),
        _ => false,
    }
}
