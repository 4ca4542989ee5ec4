//! Loops whose turns know nothing of each other, handed to the runtime as a closure over the turns that several threads
//! may do (`pyrust_runtime::parallel`).
//!
//! ```python
//! for i in range(n):                     # parallel::run(cx, (0, n), THREADS, …, &|cx, from, to, …| …)
//!     for j in range(n):
//!         out[i, j] = distance(points, i, j)
//! ```
//!
//! A turn may read what the loop leaves alone, assign variables that nobody reads after the turn, add to ints and floats
//! that nobody reads before the loop is over, append to lists likewise, and store to arrays at indices of which one part is
//! the number of the turn. All of it is numbers, tuples of numbers, and lists of those: a thread that does not hold the GIL
//! touches no object. A list has one thread that knows it: those that turns make belong to the thread that makes them, and
//! what turns append goes to lists of their own, which are put behind each other in the order of the turns.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::dense::Dense;
use super::independent::{Look, added, agree, is_made, is_plain};
use super::iter::{Body, label_if_used};
use super::label::Label;
use super::types::{Val, rust_type};
use crate::hir::visit::{Visit, any_expr, defines, walk_comp, walk_stmt};
use crate::hir::{Comp, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, Target, VarId};
use crate::passes::Pass;
use crate::pipeline::loop_depth;
use crate::ty::{Origin, Type};

/// So deep calls are followed to find a loop.
const MOST_CALLS: usize = 4;

/// What is known of such a loop.
pub(super) struct Shares {
    /// Variables that belong to one turn.
    own: BTreeSet<VarId>,
    /// Ints that the turns add to, and floats.
    sums: Vec<VarId>,
    terms: Vec<VarId>,
    /// What the loop only reads: numbers, and lists.
    outer: BTreeSet<VarId>,
    lists: BTreeSet<VarId>,
    /// Lists that it appends to.
    grown: Vec<VarId>,
    /// The list that it makes, and what that holds: of a comprehension.
    pub(super) out: Option<(Ident, Type)>,
    /// Arrays: those with stores first.
    stored: Vec<VarId>,
    read: Vec<VarId>,
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is it such a loop?
    pub(super) fn shares(&self, target: &Target, iter: &Iter, body: &[Stmt]) -> Option<Shares> {
        // Others are done before a thread has been woken.
        let calls = |s: &Stmt| any_expr(s, |e| self.is_long(e));
        if loop_depth(body) == 0 && !body.iter().any(calls) {
            return None;
        }
        let assigned: BTreeSet<VarId> = body.iter().flat_map(defines).chain(defines(target)).collect();
        let mut look = self.look(assigned)?;
        if !look.head(target, iter) || !look.block(body) {
            return None;
        }
        self.shared_by(look, &Turns::Statement(body))
    }

    /// Are the turns of the only loop of a comprehension such turns? It makes that list, of that.
    pub(super) fn shares_of(&self, comp: &Comp, out: &Ident, elem: &Type) -> Option<Shares> {
        let [only] = comp.generators.as_slice() else { return None };
        let inside = || only.ifs.iter().chain([&comp.element]);
        let long = inside().any(|e| any_expr(e, |e| self.is_long(e)));
        if !long || !(is_plain(elem) || is_made(elem)) {
            return None;
        }
        let assigned = inside().flat_map(defines).chain(defines(&only.target)).collect();
        let mut look = self.look(assigned)?;
        if !look.head(&only.target, &only.iter) || !look.element_of(comp) {
            return None;
        }
        let shares = self.shared_by(look, &Turns::Comp(comp))?;
        Some(Shares { out: Some((out.clone(), elem.clone())), ..shares })
    }

    /// A comprehension, or a call of a function of ours that loops.
    fn is_long(&self, e: &Expr) -> bool {
        let calls = |callee: &usize| self.loops(*callee, &mut Vec::new());
        matches!(e.kind, ExprKind::Comp(_)) || self.instance.calls.get(&e.id).is_some_and(calls)
    }

    /// Does a function loop, or one that it calls, or does it call itself?
    fn loops(&self, callee: usize, around: &mut Vec<usize>) -> bool {
        if around.contains(&callee) || around.len() == MOST_CALLS {
            return around.contains(&callee);
        }
        let instance = &self.file.program.instances[callee];
        around.push(callee);
        let long = loop_depth(&instance.hir.body) > 0
            || instance.hir.body.iter().any(|stmt| any_expr(stmt, |e| matches!(e.kind, ExprKind::Comp(_))))
            || instance.calls.values().any(|callee| self.loops(*callee, around));
        around.pop();
        long
    }

    /// To look at a loop of this function, whose turns assign that.
    fn look(&self, assigned: BTreeSet<VarId>) -> Option<Look<'_, 'a>> {
        let plain = self.closures == 0 && self.fused.is_none() && self.noting.is_none() && !self.shared;
        if !self.has_room_for(Pass::Parallel) || !plain || self.hir.yields.is_some() {
            return None;
        }
        let program = self.file.program;
        Some(Look::new((program, program.passes.has(Pass::Globals)), (self.instance, self.hir), assigned))
    }

    /// What is shared by the turns that have been looked at.
    fn shared_by(&self, look: Look<'_, '_>, turns: &Turns<'_>) -> Option<Shares> {
        let Look { assigned, sums, terms, plain, outer, lists, grown, arrays, .. } = look;
        let added: BTreeSet<VarId> = sums.union(&terms).copied().collect();
        let apart = sums.is_disjoint(&terms) && added.is_disjoint(&plain) && grown.is_disjoint(&lists);
        let own: BTreeSet<VarId> = assigned.difference(&added).copied().collect();
        let later = reads_outside(&self.hir.body, turns);
        let bound = |v: &VarId| !self.hir.vars[*v].cell && !self.hir.vars[*v].maybe_unbound;
        let ty = |v: &VarId| &self.instance.vars[*v];
        let itself = |v: &VarId| !self.narrowed.contains_key(v) && !self.deferred.contains_key(v);
        let simple = |v: &VarId| bound(v) && itself(v) && !self.pieces.contains_key(v);
        // A loop around counts what it appends to.
        let free = |v: &VarId| self.growing(*v).is_none() && self.hir.params.iter().all(|p| p.var != *v);
        let fits = apart
            && own.iter().all(|v| simple(v) && !later.contains(v) && (is_plain(ty(v)) || is_made(ty(v))))
            && sums.iter().all(|v| bound(v) && *ty(v) == Type::Int)
            && terms.iter().all(|v| bound(v) && *ty(v) == Type::Float)
            && lists.iter().all(simple)
            && grown.iter().all(|v| simple(v) && free(v));
        if !fits {
            return None;
        }
        let (mut stored, mut read) = (Vec::new(), Vec::new());
        for (array, places) in arrays {
            if places.iter().any(|place| place.is_stored) {
                if !agree(&places) {
                    return None;
                }
                stored.push(array);
            } else {
                read.push(array);
            }
        }
        let (sums, terms) = (sums.into_iter().collect(), terms.into_iter().collect());
        let grown = grown.into_iter().collect();
        Some(Shares { own, sums, terms, outer, lists, grown, out: None, stored, read })
    }

    /// Where a loop ends that goes through lists, and what each turn gets.
    pub(super) fn by_number(&mut self, iter: &Iter, at: &Ident) -> Option<(TokenStream, Val)> {
        match &iter.kind {
            IterKind::Expr(e) => {
                let list = self.val(e);
                let (Type::View(elem) | Type::List { elem, .. }) = list.ty.clone() else { return None };
                let list = list.by_ref();
                let item = self.q(quote!(list::get_at(cx, #list, #at)));
                Some((quote!(list::len(cx, #list)), Val::new(item, *elem)))
            }
            IterKind::Enumerate { inner, start: None } => {
                let (stop, item) = self.by_number(inner, at)?;
                let pair = Type::Tuple { items: vec![Type::Int, item.ty.clone()], origin: Origin::Native };
                let item = item.owned();
                Some((stop, Val::new(quote!((#at, #item)), pair)))
            }
            IterKind::Zip(items) => {
                let found: Option<Vec<_>> = items.iter().map(|item| self.by_number(item, at)).collect();
                let (stops, items): (Vec<_>, Vec<_>) = found?.into_iter().unzip();
                let stop = stops.into_iter().reduce(|a, b| quote!(Ord::min(#a, #b)))?;
                let ty = Type::Tuple {
                    items: items.iter().map(|i| i.ty.clone()).collect(),
                    origin: Origin::Native,
                };
                let items = items.iter().map(Val::owned);
                Some((stop, Val::new(quote!((#(#items,)*)), ty)))
            }
            _ => None,
        }
    }

    /// A statement adds a term to a float of which the turns that are emitted have only the terms.
    pub(super) fn add_term(&mut self, targets: &[Target], value: &Expr) -> Option<TokenStream> {
        let (var, more) = added(targets, value).filter(|(var, _)| self.terms.contains(var))?;
        let (name, term) = (self.var_ident(var), self.value_as(more, &Type::Float));
        let push = self.q(quote!(list::append(cx, &#name, #term)));
        Some(quote!(let _ = #push;))
    }

    /// The loop over what `iter` goes through.
    pub(super) fn parallel_loop(
        &mut self,
        (shares, mut dense): (Shares, Option<Dense>),
        (iter, filled): (&Iter, &[Ident]),
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let (from, to, free, sums_of, lists) = (
            self.fresh("from"),
            self.fresh("to"),
            self.fresh("free"),
            self.fresh("parts"),
            self.fresh("lists"),
        );
        let (item, continues) = (self.fresh("i"), self.label("c"));
        let (first, last, total) = (self.fresh("first"), self.fresh("last"), self.fresh("sums"));
        let ran = self.fresh("ran");
        let (mut start, mut stop) = (quote!(0i64), quote!(0i64));
        if let IterKind::Range { start: from, stop: to, .. } = &iter.kind {
            start = from.as_deref().map_or(start, |e| self.value_as(e, &Type::Int));
            stop = self.value_as(to, &Type::Int);
        }
        let outside = (std::mem::take(&mut self.tries), self.uses_fuel);
        let rows = std::mem::replace(&mut self.shared_rows, self.rows.len());
        self.shared = true;
        self.file.shares = true;
        self.terms.extend(&shares.terms);
        let mut turn = Val::new(quote!(#item), Type::Int);
        if let Some((end, element)) = self.by_number(iter, &item) {
            (stop, turn) = (end, element);
        }
        let within = self.enter_nest(dense.as_mut());
        let (code, innermost) = self.looped(breaks, &continues, turn.clone(), body);
        self.within_nest = within;
        let chunk = self.fresh("chunk");
        let second = dense.map(|dense| {
            let around = self.label("blocks");
            let labels = (&around, &continues);
            let second = self.dense_loop(dense, (&item, &chunk), labels, &mut |f| {
                f.looped(breaks, &continues, turn.clone(), body).0
            });
            (around, second)
        });
        self.terms.clear();
        let continues = label_if_used(&code, &continues);
        let turns = if let Some((around, second)) = second {
            let tick = self.tick();
            quote! {
                #around: for #chunk in chunks(#from, #to) {
                    #second
                    #continues for #item in #chunk { #tick #code }
                }
            }
        } else if innermost {
            let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
            let room = self.room(filled, &quote!(#chunk.end - #chunk.start));
            quote! {
                for #chunk in chunks(#from, #to) {
                    #charge;
                    #room
                    #continues for #item in #chunk { #code }
                }
            }
        } else {
            let tick = self.tick();
            quote!(#continues for #item in #from..#to { #tick #code })
        };
        // Where the elements of lists stand is for the thread to know that has them.
        let begin = if shares.out.is_none() { self.begin_inside() } else { Vec::new() };
        (self.shared, self.shared_rows) = (false, rows);
        (self.tries, self.uses_fuel) = outside;
        let name = |v: &VarId| self.var_ident(*v);
        let outer: Vec<_> = shares.outer.iter().chain(&shares.read).map(name).collect();
        let stored: Vec<_> = shares.stored.iter().map(name).collect();
        let own = shares.own.iter().map(|v| {
            let (name, ty) = (self.var_ident(*v), &self.instance.vars[*v]);
            let (empty, ty) = (nothing(ty).map(|empty| quote!(= #empty)), self.var_type(*v));
            quote!(let mut #name: #ty #empty;)
        });
        let sums: Vec<_> = shares.sums.iter().map(name).collect();
        let at = (0..sums.len()).map(Literal::usize_unsuffixed).collect::<Vec<_>>();
        let count = Literal::usize_unsuffixed(sums.len());
        let ready = self.ready(&shares, &first);
        let parts = self.parts(&shares);
        let names: Vec<_> = parts.iter().map(|part| &part.name).collect();
        let places: Vec<_> = (0..parts.len()).map(Literal::usize_unsuffixed).collect();
        let elems = parts.iter().map(|part| &part.elem);
        let ty = quote!((#(List<#elems>,)*));
        let (gathered, gets) = match parts.is_empty() {
            true => (quote!(parallel::run), quote!()),
            false => (quote!(parallel::gathered), quote!(, #lists: &#ty)),
        };
        let before = parts.iter().map(|part| &part.own);
        let fresh = parts.iter().map(|part| &part.fresh);
        let gather = parts.iter().zip(&places).map(|(part, at)| (part.gather)(quote!(#lists.#at)));
        let gather = (!parts.is_empty()).then(|| {
            quote! {
                &|cx| Ok((#(#before,)*)),
                &|cx| Ok((#(#fresh,)*)),
                &mut |cx, #lists: #ty| {
                    #(#gather)*
                    Ok(())
                },
            }
        });
        let turns = quote! {{
            let mut fuel: i32 = FUEL;
            #(let #outer = #outer;)*
            #(let #stored = ndarray::freed(#stored, #free);)*
            #(let #names = #lists.#places.clone();)*
            #(#own)*
            #(#begin)*
            #turns
            Ok(())
        }};
        let turns = match sums.is_empty() {
            true => turns,
            false => quote! {{
                #(let mut #sums = 0i64;)*
                let #ran = (|| -> R<()> #turns)();
                #(parallel::add(&mut #sums_of[#at], #sums)?;)*
                #ran
            }},
        };
        // Comments of the text do not get through a macro.
        let done = self.q(quote!(#ran));
        let run = quote! {
            let #ran = #gathered(
                cx,
                (#first, #last),
                THREADS,
                &mut #total,
                &|cx| #ready,
                #gather
                &|cx, #from, #to, #free, #sums_of #gets| #turns,
            );
        };
        // Also what was added before a turn raised: a handler may look at it.
        let added = sums.iter().zip(&at).map(|(name, at)| {
            let sum = self.q(quote!(int::add(#name, #total[#at])));
            quote!(#name = #sum;)
        });
        quote! {
            let (#first, #last) = (#start, #stop);
            let mut #total = [0i64; #count];
            #run
            #(#added)*
            #done;
        }
    }

    /// Is nothing that a turn touches what another one changes?
    fn ready(&self, shares: &Shares, first: &Ident) -> TokenStream {
        let name = |v: &VarId| self.var_ident(*v);
        let (stored, read) = (shares.stored.iter().map(name), shares.read.iter().map(name));
        let mut all = Vec::new();
        if !shares.stored.is_empty() {
            // An index below zero counts from the end, where another turn may be.
            all.push(quote!(#first >= 0));
        }
        if !shares.stored.is_empty() || !shares.read.is_empty() {
            all.push(
                quote!(ndarray::ready(cx, &[#(ndarray::stored(#stored)),*], &[#(ndarray::extent(#read)),*])),
            );
        }
        for var in &shares.lists {
            let list = self.var_ident(*var);
            if matches!(self.instance.vars[*var], Type::View(_)) {
                all.push(quote!(list::is_settled(cx, &#list)));
            }
        }
        for (at, var) in shares.grown.iter().enumerate() {
            let same = |other: &&VarId| self.instance.vars[**other] == self.instance.vars[*var];
            let list = self.var_ident(*var);
            for other in shares.grown[at + 1..].iter().chain(&shares.lists).filter(same) {
                let other = self.var_ident(*other);
                all.push(quote!(!#list.is(&#other)));
            }
        }
        if all.is_empty() { quote!(true) } else { quote!(#(#all)&&*) }
    }

    /// What turns put into lists, and what becomes of those.
    fn parts(&self, shares: &Shares) -> Vec<Part> {
        let grown = shares.grown.iter().filter_map(|var| match &self.instance.vars[*var] {
            Type::List { elem, .. } => Some((self.var_ident(*var), (**elem).clone())),
            _ => None,
        });
        let grown = grown.chain(shares.out.clone()).map(|(name, elem)| {
            let (elem, list) = (rust_type(&elem), name.clone());
            Part {
                own: quote!(#name.clone()),
                fresh: quote!(list::new::<#elem>(cx)?),
                gather: Box::new(move |part| quote!(list::gather(cx, &#list, #part)?;)),
                name,
                elem,
            }
        });
        let terms = shares.terms.iter().map(|var| {
            let (name, sum) = (self.var_ident(*var), self.var_ident(*var));
            let fresh = quote!(list::new::<f64>(cx)?);
            Part {
                own: fresh.clone(),
                fresh,
                gather: Box::new(move |part| quote!(#sum = parallel::add_terms(#sum, &#part);)),
                name,
                elem: quote!(f64),
            }
        });
        grown.chain(terms).collect()
    }
}

/// A list that turns fill.
struct Part {
    name: Ident,
    elem: TokenStream,
    /// What turns fill that are done in order, and what those of other threads do.
    own: TokenStream,
    fresh: TokenStream,
    /// What is done with it.
    gather: Box<dyn Fn(TokenStream) -> TokenStream>,
}

/// A value that nobody sees, where there is one.
fn nothing(ty: &Type) -> Option<TokenStream> {
    Some(match ty {
        Type::Bool => quote!(false),
        Type::Float => quote!(0f64),
        Type::Numpy(_) => quote!(Np(Default::default())),
        Type::Union(items) => {
            let first = nothing(&items[0])?;
            let name = quote::format_ident!("U{}", items.len());
            quote!(#name::A(#first))
        }
        Type::Int => quote!(0i64),
        Type::Tuple { items, .. } => {
            let items: Option<Vec<_>> = items.iter().map(nothing).collect();
            let items = items?;
            quote!((#(#items,)*))
        }
        Type::List { elem, .. } => {
            let elem = rust_type(elem);
            quote!(list::new::<#elem>(cx)?)
        }
        _ => return None,
    })
}

/// The loop that is looked at.
enum Turns<'h> {
    Statement(&'h [Stmt]),
    Comp(&'h Comp),
}

/// Variables that are read elsewhere than in its turns.
fn reads_outside<'h>(all: &'h [Stmt], turns: &Turns<'h>) -> BTreeSet<VarId> {
    struct Outside<'h, 't> {
        turns: &'t Turns<'h>,
        read: BTreeSet<VarId>,
    }
    impl<'h> Visit<'h> for Outside<'h, '_> {
        fn read(&mut self, _: NodeId, var: &'h VarId) {
            self.read.insert(*var);
        }

        fn stmt(&mut self, stmt: &'h Stmt) {
            match (&stmt.kind, self.turns) {
                (StmtKind::For { target, iter, body, orelse }, Turns::Statement(turns))
                    if std::ptr::eq(body.as_slice(), *turns) =>
                {
                    self.iter(iter);
                    self.target(target);
                    orelse.iter().for_each(|stmt| self.stmt(stmt));
                }
                _ => walk_stmt(self, stmt),
            }
        }

        fn comp(&mut self, comp: &'h Comp) {
            match self.turns {
                Turns::Comp(turns) if std::ptr::eq(comp, *turns) => {
                    comp.generators.iter().for_each(|g| self.iter(&g.iter));
                }
                _ => walk_comp(self, comp),
            }
        }
    }
    let mut outside = Outside { turns, read: BTreeSet::new() };
    all.iter().for_each(|stmt| outside.stmt(stmt));
    outside.read
}
