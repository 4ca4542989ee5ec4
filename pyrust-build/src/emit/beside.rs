//! Sums over arrays that several turns of a loop make, each over loops of its own, made side by side.
//!
//! ```python
//! for j in range(m):
//!     total = 0.0
//!     for k in range(n):                 # sixteen totals at a time, turn by turn of this loop
//!         total += a[i, k] * b[k, j]
//!     c[i, j] = total
//! ```
//!
//! The additions of one sum wait for each other; those of several do not, and the elements for them often stand side by
//! side. Each sum is made of the same additions in the same order, so it has the same bits. That is part of the second
//! form of loops (`emit/dense.rs`): nothing in there raises, and what is not finite is noted. It is only done where the
//! sums read from arrays that nothing of these loops is stored in, and while nothing overlaps those.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::dense::is_either_double;
use super::nest::{Scope, Window};
use super::types::Val;
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Stmt, StmtKind, Target, TargetKind, UnaryOp, VarId};
use crate::numpy::Dtype;
use crate::passes::Pass;
use crate::ty::Type;

/// So many loops inside, and no more.
const MOST_INNER: usize = 3;

/// So many variables, and no more: they have to stay in registers.
const MOST_VALUES: usize = 4;

/// Such sums in the body of a loop.
pub(super) struct Sums<'h> {
    /// Which statement of the body the loop is.
    pub(super) at: usize,
    /// The loop whose turns make a sum each.
    lane: usize,
    /// The loops inside, from the outermost one on, and their variables.
    levels: Vec<usize>,
    turns: Vec<&'h Target>,
    /// What is assigned at each turn, in order: what a variable is made of anew, or what is added to it.
    steps: Vec<Step<'h>>,
    scope: Scope,
}

struct Step<'h> {
    target: &'h Target,
    var: VarId,
    value: &'h Expr,
    /// Where a sum begins.
    begin: Option<&'h Expr>,
}

/// What the block reads and notes.
#[derive(Default)]
struct Reads {
    /// By window: its elements before the loops, and those of a turn.
    elements: BTreeMap<String, (TokenStream, TokenStream)>,
    /// Windows that are read.
    windows: BTreeSet<usize>,
    /// Variables that turns have assigned so far.
    known: BTreeSet<VarId>,
    /// Some element moves on with the sums, and lies beside that of the next one. Where none does, nothing is gained: the
    /// sums of several turns overlap by themselves.
    is_near: bool,
}

impl Func<'_, '_, '_> {
    /// The first loop of the body that makes such sums.
    pub(super) fn sums_beside<'h>(&self, body: &'h [Stmt]) -> Option<Sums<'h>> {
        let noting = self.noting.as_ref()?;
        if !self.has_room_for(Pass::Jam) {
            return None;
        }
        let at = body.iter().position(|stmt| matches!(stmt.kind, StmtKind::For { .. }))?;
        let mut scope = noting.scope.clone();
        let lane = *scope.open.last()?;
        let (mut levels, mut turns, mut inner) = (Vec::new(), Vec::new(), slice::from_ref(&body[at]));
        while let [Stmt { kind: StmtKind::For { target, iter, body, orelse }, .. }] = inner {
            let Iter { kind: IterKind::Range { stop, step: None, .. }, .. } = iter else { return None };
            let level = self.level(stop).filter(|_| orelse.is_empty())?;
            levels.push(level);
            turns.push(target);
            scope.open.push(level);
            inner = body;
        }
        let steady = |level: &usize| scope.levels[*level].is_steady();
        if !steady(&lane) || !levels.iter().all(steady) {
            return None;
        }
        if levels.len() > MOST_INNER || scope.open.len() > 4 {
            return None;
        }
        let mut steps = inner.iter().map(|stmt| self.step_beside(stmt)).collect::<Option<Vec<_>>>()?;
        let assigned: BTreeSet<VarId> = steps.iter().map(|step| step.var).collect();
        if assigned.len() != steps.len() || steps.len() > MOST_VALUES {
            return None;
        }
        let mut begins = body[..at].iter().rev();
        let total = steps.iter().filter(|step| is_sum(step)).count();
        for _ in 0..total {
            let StmtKind::Assign { targets, value } = &begins.next()?.kind else { return None };
            let [Target { kind: TargetKind::Var(v), .. }] = targets.as_slice() else { return None };
            let step = steps.iter_mut().find(|step| step.var == *v && is_sum(step))?;
            if step.begin.replace(value).is_some() {
                return None;
            }
        }
        let sums = Sums { at, lane, levels, turns, steps, scope };
        let mut reads = Reads::default();
        let made = self.block_of_sums(&sums, &mut reads);
        (total > 0 && reads.is_near && made.is_some()).then_some(sums)
    }

    fn step_beside<'h>(&self, stmt: &'h Stmt) -> Option<Step<'h>> {
        let StmtKind::Assign { targets, value } = &stmt.kind else { return None };
        let [target @ Target { kind: TargetKind::Var(var), .. }] = targets.as_slice() else { return None };
        let (hir, double) = (&self.hir.vars[*var], Type::Numpy(Dtype::Float64));
        let fits = !hir.cell && !hir.maybe_unbound && self.node(value.id) == double;
        let holds = self.instance.vars[*var].members().contains(&double);
        (fits && holds).then_some(Step { target, var: *var, value, begin: None })
    }

    /// An expression as it is for the sum number `__py_n` of the block, as a double.
    fn beside_value(&self, e: &Expr, sums: &Sums<'_>, reads: &mut Reads) -> Option<TokenStream> {
        let ty = self.node(e.id);
        let double = ty == Type::Float || ty == Type::Numpy(Dtype::Float64) || is_either_double(&ty);
        match &e.kind {
            ExprKind::Float(x) if x.is_finite() => {
                let x = Literal::f64_suffixed(*x);
                Some(quote!(#x))
            }
            ExprKind::Int(i) => {
                let i = Literal::i64_suffixed(*i);
                Some(quote!((#i as f64)))
            }
            ExprKind::Local(v) => self.beside_variable(*v, sums, reads),
            ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub | BinOp::Mult), left, right } if double => {
                let (a, b) = (self.beside_value(left, sums, reads)?, self.beside_value(right, sums, reads)?);
                Some(match op {
                    BinOp::Add => quote!((#a + #b)),
                    BinOp::Sub => quote!((#a - #b)),
                    _ => quote!((#a * #b)),
                })
            }
            // Python raises where it divides by zero.
            ExprKind::Binary { op: BinOp::Div, left, right } if ty == Type::Numpy(Dtype::Float64) => {
                let (a, b) = (self.beside_value(left, sums, reads)?, self.beside_value(right, sums, reads)?);
                if matches!(right.kind, ExprKind::Binary { .. } | ExprKind::Unary { .. }) {
                    return Some(quote!(ndarray::beside_div(#a, #b, &mut __py_note[__py_n])));
                }
                Some(quote!((#a / #b)))
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } if matches!(operand.kind, ExprKind::Int(_)) => {
                let ExprKind::Int(i) = operand.kind else { return None };
                let i = Literal::i64_suffixed(i.checked_neg()?);
                Some(quote!((#i as f64)))
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } if double => {
                let value = self.beside_value(operand, sums, reads)?;
                Some(quote!((-#value)))
            }
            ExprKind::Index { base, index } => self.beside_element((e, base, index), sums, reads),
            _ => None,
        }
    }

    fn beside_variable(&self, v: VarId, sums: &Sums<'_>, reads: &Reads) -> Option<TokenStream> {
        let ty = &self.instance.vars[v];
        if reads.known.contains(&v) {
            let value = place_of(sums, v)?;
            return Some(quote!(#value[__py_n]));
        }
        let levels = &sums.scope.levels;
        if let Some(level) = sums.scope.open.iter().rfind(|at| levels[**at].turn == v) {
            let (first, at) = (&levels[*level].first, &levels[*level].at);
            return Some(match *level == sums.lane {
                true => quote!((#first.wrapping_add(__py_block + __py_n as i64) as f64)),
                false => quote!((#first.wrapping_add(#at) as f64)),
            });
        }
        let name = self.var_ident(v);
        if !self.stays(v, &sums.scope) {
            return None;
        }
        match ty {
            Type::Float => Some(quote!(#name)),
            Type::Int => Some(quote!((#name as f64))),
            Type::Numpy(Dtype::Float64) => Some(quote!(#name.0)),
            _ => None,
        }
    }

    /// An element of an array that nothing is stored in.
    fn beside_element(
        &self,
        (e, base, index): (&Expr, &Expr, &Expr),
        sums: &Sums<'_>,
        reads: &mut Reads,
    ) -> Option<TokenStream> {
        let noting = self.noting.as_ref()?;
        let (at, window) = self.window_in(base, index, &sums.scope)?;
        if !matches!(self.node(e.id), Type::Numpy(_)) || noting.is_stored(window.array) {
            return None;
        }
        let name = format_ident!("__py_read{}", at);
        let (elements, read) = self.elements(window, sums, &name)?;
        reads.is_near |= window.moved_by(sums.lane) == Some(true);
        reads.elements.insert(name.to_string(), (elements, read));
        reads.windows.insert(at);
        Some(quote!(#name[__py_n]))
    }

    /// What reads the elements of a window: before the loops inside, and in them.
    fn elements(&self, window: &Window, sums: &Sums<'_>, name: &Ident) -> Option<(TokenStream, TokenStream)> {
        let (mut outer, mut inner, mut settled) = (Vec::new(), Vec::new(), 0);
        let (levels, last) = (window.levels(), window.levels().pop());
        for level in levels {
            let at = &sums.scope.levels[level].at;
            match level {
                // Loops around the one whose turns are made together have settled where they are.
                _ if level < sums.lane && Some(level) != last => settled += 1,
                _ if level == sums.lane => outer.push(quote!(__py_block)),
                _ if sums.levels.contains(&level) => inner.push(quote!(#at)),
                _ if inner.is_empty() => outer.push(quote!(#at)),
                _ => return None,
            }
        }
        let kind = match window.moved_by(sums.lane) {
            None => quote!({ ndarray::SAME }),
            Some(true) => quote!({ ndarray::NEAR }),
            Some(false) => quote!({ ndarray::FAR }),
        };
        let (from, of) = (window.settled(settled), format_ident!("{name}_of"));
        let count = Literal::usize_unsuffixed(inner.len());
        // No closure with `?`: it would be a function of its own where rustc keeps what it compiles.
        let or_none =
            |name: &Ident, value: TokenStream| quote!(let Some(#name) = #value else { break 'beside None };);
        let elements = quote!(ndarray::elements::<_, _, _, _, #count, #kind>(#from, [#(#outer),*]));
        let element = quote!(ndarray::beside(#of, [#(#inner),*]));
        Some((or_none(&of, elements), or_none(name, element)))
    }

    /// What makes a block from the turn `__py_block` on: an option of the values of all variables.
    fn block_of_sums(&self, sums: &Sums<'_>, reads: &mut Reads) -> Option<TokenStream> {
        let mut begins = Vec::new();
        for (at, step) in sums.steps.iter().enumerate() {
            let name = value_name(at);
            let Some(begin) = step.begin else {
                begins.push(quote!(let mut #name = [0f64; ndarray::BESIDE];));
                continue;
            };
            let value = self.beside_begin(begin, sums)?;
            begins.push(quote!(let mut #name = [#value; ndarray::BESIDE];));
        }
        let mut steps = Vec::new();
        for (at, step) in sums.steps.iter().enumerate() {
            let name = value_name(at);
            if is_sum(step) {
                let (op, term) = sum_of(step)?;
                if reads.known.contains(&step.var) {
                    return None;
                }
                let term = self.beside_value(term, sums, reads)?;
                let op = match op {
                    BinOp::Add => quote!(+),
                    BinOp::Sub => quote!(-),
                    _ => quote!(*),
                };
                steps.push(quote!(#name[__py_n] = #name[__py_n] #op #term;));
                continue;
            }
            let value = self.beside_value(step.value, sums, reads)?;
            steps.push(quote!(#name[__py_n] = #value;));
            let next = sums.steps.get(at + 1);
            if !next.is_some_and(|next| self.flows_into(step.var, next.value)) {
                steps.push(quote!(ndarray::beside_note(#name[__py_n], &mut __py_note[__py_n]);));
            }
            reads.known.insert(step.var);
        }
        let (before, each): (Vec<_>, Vec<_>) = reads.elements.values().cloned().unzip();
        let mut turns = quote! {
            #(#each)*
            for __py_n in 0..ndarray::BESIDE { #(#steps)* }
        };
        for level in sums.levels.iter().rev() {
            let level = &sums.scope.levels[*level];
            let (at, count) = (&level.at, &level.count);
            turns = quote!(for #at in 0..#count { #turns });
        }
        let values = (0..sums.steps.len()).map(value_name);
        Some(quote! {
            'beside: {
                #(#before)*
                let mut __py_note = [0i64; ndarray::BESIDE];
                #(#begins)*
                #turns
                Some(([#(#values),*], __py_note))
            }
        })
    }

    /// Where a sum begins: a number that is the same for all of them.
    fn beside_begin(&self, e: &Expr, sums: &Sums<'_>) -> Option<TokenStream> {
        match &e.kind {
            ExprKind::Float(_) | ExprKind::Int(_) => self.beside_value(e, sums, &mut Reads::default()),
            ExprKind::Unary { op: UnaryOp::Neg, operand }
                if matches!(operand.kind, ExprKind::Float(_) | ExprKind::Int(_)) =>
            {
                self.beside_value(e, sums, &mut Reads::default())
            }
            ExprKind::Local(v) if self.stays(*v, &sums.scope) => {
                self.beside_variable(*v, sums, &Reads::default())
            }
            _ => None,
        }
    }

    /// The statement of the body that makes the sums: from a block, which is made where there is none, or as it is written.
    /// What keeps the block is declared in `lookups`, if the loop around it is not the outermost one.
    pub(super) fn sum_beside(
        &mut self,
        sums: &Sums<'_>,
        written: &[TokenStream],
        lookups: &mut Vec<TokenStream>,
    ) -> TokenStream {
        let mut reads = Reads::default();
        let Some(make) = self.block_of_sums(sums, &mut reads) else { return quote!(#(#written)*) };
        let (keeps, apart) = (self.fresh("beside"), self.apart_of(&reads.windows));
        let declared = quote!(let mut #keeps = ndarray::Beside::new(););
        let Some(noting) = &mut self.noting else { return quote!(#(#written)*) };
        let (odd, site) = (noting.odd.clone(), noting.site.clone());
        // Turns begin anew with each piece of the outermost loop.
        if sums.lane == 0 {
            noting.declared.push(declared)
        } else {
            lookups.push(declared)
        }
        let lane = &sums.scope.levels[sums.lane];
        let (at, count) = (&lane.at, &lane.count);
        let inner: Vec<&Ident> = sums.levels.iter().map(|level| &sums.scope.levels[*level].count).collect();
        let (first, rest) = (inner[0], &inner[1..]);
        let turns = quote!(#first #(.saturating_mul(#rest))*);
        let mut takes = Vec::new();
        for (number, step) in sums.steps.iter().enumerate() {
            let number = Literal::usize_unsuffixed(number);
            let value = quote!(Np(#keeps.value(#number, __py_place)));
            if is_sum(step) {
                takes.push(quote!(ndarray::note_last(#value, &mut #odd);));
            }
            takes.push(self.assign(step.target, &Val::new(value, Type::Numpy(Dtype::Float64))));
        }
        for (level, target) in sums.levels.iter().zip(&sums.turns) {
            let level = &sums.scope.levels[*level];
            let last = {
                let (first, count) = (&level.first, &level.count);
                quote!(#first.wrapping_add(#count - 1))
            };
            takes.push(self.assign(target, &Val::new(last, Type::Int)));
        }
        self.uses_fuel = true;
        let even = self.q(quote!(ndarray::even(&#site, #odd)));
        let charge = self.q(quote!(cx.charge(&mut fuel, __py_turns)));
        quote! {
            if #apart && let Some(__py_block) = #keeps.due(#at, #count, #turns) {
                let __py_turns = #turns * ndarray::BESIDE as i64;
                if __py_turns >= i64::from(fuel) { #even; }
                #charge;
                if let Some((__py_values, __py_note)) = #make {
                    for __py_n in __py_note { #odd |= __py_n; }
                    #keeps.keep(__py_block, __py_values);
                }
            }
            if let Some(__py_place) = #keeps.get(#at) {
                #(#takes)*
            } else {
                #(#written)*
            }
        }
    }

    /// Whether nothing is stored where these windows read, which is asked before the loops.
    fn apart_of(&mut self, read: &BTreeSet<usize>) -> TokenStream {
        let apart = self.fresh("apart");
        let Some(noting) = &self.noting else { return quote!(false) };
        let mut tests = Vec::new();
        for window in read.iter().map(|at| &noting.windows[*at]) {
            let name = &window.name;
            for stored in noting.windows.iter().filter(|w| w.stored) {
                let stored = &stored.name;
                tests.push(quote!(ndarray::lies_apart(#name, #stored)));
            }
            for array in &noting.loose {
                let array = self.var_ident(*array);
                tests.push(quote!(ndarray::lies_apart_from(#name, #array)));
            }
        }
        if let Some(noting) = &mut self.noting {
            noting.declared.push(quote!(let #apart = true #(&& #tests)*;));
        }
        quote!(#apart)
    }
}

/// The name of the values of a variable.
fn value_name(at: usize) -> Ident {
    format_ident!("__py_value{}", at)
}

fn place_of(sums: &Sums<'_>, v: VarId) -> Option<Ident> {
    sums.steps.iter().position(|step| step.var == v).map(value_name)
}

/// `v = v + …` and the like.
fn is_sum(step: &Step<'_>) -> bool {
    sum_of(step).is_some()
}

fn sum_of<'h>(step: &Step<'h>) -> Option<(BinOp, &'h Expr)> {
    match &step.value.kind {
        ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub | BinOp::Mult), left, right }
        | ExprKind::InPlace { op: op @ (BinOp::Add | BinOp::Sub | BinOp::Mult), left, right }
            if matches!(left.kind, ExprKind::Local(v) if v == step.var) =>
        {
            Some((*op, right))
        }
        _ => None,
    }
}
