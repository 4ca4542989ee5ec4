//! Generators that are gone through where they are made: their code stands around the code that takes the elements.
//!
//! `for x in g(…)` becomes the body of `g`, with the loop's body where `g` yields. The same for a variable that holds
//! such an iterator, is assigned once and read once, later in the same block: nothing of a generator runs before it is
//! asked for its first element, so only the arguments stay where the call was. An exception of the generator's own code
//! is raised where the loop stands; one of the loop's body never gets to the generator's handlers, as in Python, which
//! closes the generator then; where that would run code (`closes`), nothing is fused.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::iter::{Pull, asks_again};
use super::label::{Label, mentions};
use super::types::{Val, ident, rust_type};
use super::{Func, Loop};
use crate::hir::visit::{Counts, children, each_expr};
use crate::hir::{self, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, TargetKind, VarId};
use crate::infer::{ArgSource, bind};
use crate::passes::Pass;
use crate::ty::Type;

/// So many generators inside each other.
const DEEPEST: usize = 6;

/// The body of a loop is written once for each `yield`.
pub(super) const MOST_YIELDS: usize = 2;

/// An iterator that nobody has asked yet.
#[derive(Clone)]
pub(super) enum Source {
    /// What it goes through has been bound: `next` gives an element of type `from`, and leaves by `?`.
    Pulled { next: TokenStream, from: Type, elem: Type, zipped: bool },
    /// A call of a generator, whose arguments have been bound.
    Generator { callee: usize, args: Vec<Arg>, elem: Type },
}

#[derive(Clone)]
pub(super) enum Arg {
    Bound(Ident),
    Source(Source),
}

impl Source {
    fn elem(&self) -> &Type {
        match self {
            Source::Pulled { elem, .. } | Source::Generator { elem, .. } => elem,
        }
    }
}

/// What a generator that stands inside another function knows of it.
pub(super) struct Fused {
    /// The macro that stands for a `yield`, until the loop's body comes there.
    marker: Ident,
    /// Behind its code.
    pub(super) done: Label,
    /// The generators around, and itself.
    stack: Vec<usize>,
    /// Where it yields a closure is called: see `push`.
    pub(super) pushed: bool,
    /// See `chosen`: does the loop's body ask whether an element counts, and the condition under which it does.
    pub(super) sieves: bool,
    pub(super) counts_if: Option<Ident>,
}

type Body<'b, 'f, 'p, 'a> = &'b mut dyn FnMut(&mut Func<'f, 'p, 'a>, Val) -> TokenStream;

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// The iterator that an expression makes, if going through it can be fused: what is to be evaluated where it stands,
    /// and what to go through later.
    pub(super) fn source(&mut self, e: &Expr) -> Option<(TokenStream, Source)> {
        if !self.file.program.passes.has(Pass::Fusion) {
            return None;
        }
        match &e.kind {
            ExprKind::Local(v) => Some((quote!(), self.deferred.get(v)?.clone())),
            ExprKind::Iter { iter, .. } => {
                let Type::Iter(elem) = self.node(e.id) else { return None };
                if let IterKind::Expr(inner) = &iter.kind
                    && matches!(self.node(inner.id), Type::Iter(_))
                {
                    return self.source(inner);
                }
                let Pull { setup, next, elem: from } = self.pull(iter, true);
                Some((setup, Source::Pulled { next, from, elem: *elem, zipped: asks_again(iter) }))
            }
            ExprKind::Call { name, args, keywords } if keywords.is_empty() => {
                let callee = self.fusable(e.id)?;
                let params = &self.file.program.instances[callee].hir.params;
                let given = bind(params, args.len(), keywords)?;
                let plain = |s: &ArgSource| matches!(s, ArgSource::Positional(_) | ArgSource::Default);
                if !given.iter().all(plain) {
                    return None;
                }
                let module = self.instance.func.module.clone();
                self.called(callee, args.len(), &mut |f, at, ty| match &given[at] {
                    ArgSource::Positional(i) => Given::Written(&args[*i], *i),
                    _ => Given::Code(f.default_of((&module, name), callee, at, ty)),
                })
            }
            ExprKind::CallNested { function, made, args, slots }
                if !function.contains(crate::lower::memo::ITSELF) =>
            {
                let callee = self.fusable(e.id)?;
                let check = made.as_deref().and_then(|made| self.made_check(made));
                let (setup, source) = self.called(callee, args.len(), &mut |_, at, _| {
                    Given::Written(&args[slots[at]], slots[at])
                })?;
                Some((quote!(#check #setup), source))
            }
            _ => None,
        }
    }

    /// Would [`Func::source`] find something that is fused?
    pub(super) fn is_source(&mut self, e: &Expr) -> bool {
        if !self.file.program.passes.has(Pass::Fusion) {
            return false;
        }
        match &e.kind {
            ExprKind::Local(v) => self.deferred.contains_key(v),
            ExprKind::Call { keywords, .. } if keywords.is_empty() => self.fusable(e.id).is_some(),
            ExprKind::CallNested { .. } => self.fusable(e.id).is_some(),
            _ => false,
        }
    }

    /// The generator that a call makes, if its body may stand here.
    fn fusable(&mut self, node: NodeId) -> Option<usize> {
        let callee = *self.instance.calls.get(&node)?;
        // A generator that waits at its own `yield` may go on at another depth.
        if self.hir.yields.is_some() && self.fused.is_none() {
            return None;
        }
        let target = &self.file.program.instances[callee];
        target.hir.yields?;
        let is_generator = matches!(target.ret, Type::Iter(_));
        (is_generator && (self.fuses(callee) || self.file.is_pushable(callee))).then_some(callee)
    }

    /// May the body of a generator stand here?
    fn fuses(&self, callee: usize) -> bool {
        let stack = self.fused.as_ref().map_or(&[][..], |f| &f.stack);
        if stack.contains(&callee) || stack.len() >= DEEPEST {
            return false;
        }
        let target = &self.file.program.instances[callee];
        let (yields, closes_any) = yields(&target.hir);
        (1..=MOST_YIELDS).contains(&yields) && !closes_any
    }

    /// Binds the arguments of a generator, in the order in which they are written.
    fn called<'e>(
        &mut self,
        callee: usize,
        written: usize,
        given: &mut dyn FnMut(&mut Self, usize, &Type) -> Given<'e>,
    ) -> Option<(TokenStream, Source)> {
        let program = self.file.program;
        let target = &program.instances[callee];
        let Type::Iter(elem) = &target.ret else { return None };
        let once = consumed_once(&target.hir);
        let params = target.hir.params.len();
        // Of each argument: where it was written, code, what stands for it.
        let mut all: Vec<(usize, TokenStream, Arg)> = Vec::new();
        let mut found: Vec<(usize, Given<'e>)> = Vec::new();
        for at in 0..params {
            let what = given(self, at, &target.entry_type(at));
            found.push((at, what));
        }
        let order = |what: &Given<'_>| match what {
            Given::Written(_, i) => *i,
            Given::Code(_) => written,
        };
        found.sort_by_key(|(_, what)| order(what));
        for (at, what) in found {
            let (ty, var) = (target.entry_type(at), target.hir.params[at].var);
            let (setup, arg) = match what {
                Given::Written(e, _) => {
                    let source = match once.contains(&var) && target.vars[var] == ty {
                        true => self.source(e).filter(|(_, s)| ty == Type::Iter(Box::new(s.elem().clone()))),
                        false => None,
                    };
                    match source {
                        Some((setup, source)) => (setup, Arg::Source(source)),
                        None => self.bound_arg(|f| f.value_as(e, &ty)),
                    }
                }
                Given::Code(code) => self.bound_arg(|_| code),
            };
            all.push((at, setup, arg));
        }
        let setups: Vec<_> = all.iter().map(|(_, setup, _)| setup.clone()).collect();
        all.sort_by_key(|(at, _, _)| *at);
        let args = all.into_iter().map(|(_, _, arg)| arg).collect();
        Some((quote!(#(#setups)*), Source::Generator { callee, args, elem: (**elem).clone() }))
    }

    fn bound_arg(&mut self, code: impl FnOnce(&mut Self) -> TokenStream) -> (TokenStream, Arg) {
        let code = code(self);
        let name = self.fresh("arg");
        (quote!(let #name = #code;), Arg::Bound(name))
    }

    /// Is the variable assigned an iterator that is fused with what goes through it? Then that is where it was made.
    pub(super) fn defer(&mut self, var: VarId, value: &Expr) -> Option<TokenStream> {
        if !self.deferrable.contains(&var) || !matches!(self.instance.vars[var], Type::Iter(_)) {
            return None;
        }
        // Other iterators cost no less as a variable.
        if !matches!(value.kind, ExprKind::Call { .. } | ExprKind::CallNested { .. }) {
            return None;
        }
        let (setup, source) = self.source(value)?;
        if self.instance.vars[var] != Type::Iter(Box::new(source.elem().clone())) {
            return None;
        }
        self.deferred.insert(var, source);
        Some(setup)
    }

    /// The iterator as a value after all.
    pub(super) fn materialised(&mut self, source: &Source) -> TokenStream {
        match source {
            Source::Pulled { next, from, elem, zipped } => {
                let pull = Pull { setup: quote!(), next: next.clone(), elem: from.clone() };
                self.stepping(pull, elem, if *zipped { quote!(zipped) } else { quote!(new) })
            }
            Source::Generator { callee, args, .. } => {
                let name = self.file.want(*callee);
                let args: Vec<_> = args.iter().map(|arg| self.arg_value(arg)).collect();
                let depth = self.q(quote!(cx.call()));
                self.q(quote!(#name(#depth, #(#args),*)))
            }
        }
    }

    /// The value of an argument.
    fn arg_value(&mut self, arg: &Arg) -> TokenStream {
        match arg {
            Arg::Bound(name) => quote!(#name),
            Arg::Source(source) => self.materialised(source),
        }
    }

    /// Goes through an iterator; `at`: the node that stands for it in the loop, whose body asks whether an element counts
    /// if it `sieves`.
    pub(super) fn drive(
        &mut self,
        (source, at, sieves): (&Source, NodeId, bool),
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        match source {
            Source::Pulled { next, from, elem, .. } => {
                let (x, rust) = (self.fresh("x"), rust_type(from));
                let step = self.q(quote!((|| -> R<Option<#rust>> { Ok(#next) })()));
                let wanted = self.coerce(&Val::new(quote!(#x), from.clone()), elem);
                let pull = Pull {
                    setup: quote!(),
                    next: quote!(match #step { Some(#x) => Some(#wanted), None => None }),
                    elem: elem.clone(),
                };
                self.pulled_loop(pull, breaks, body)
            }
            Source::Generator { callee, args, elem } => {
                if self.file.is_pushable(*callee)
                    && let Some(site) = self.push_site(at)
                {
                    let args: Vec<_> = args.iter().map(|arg| self.arg_value(arg)).collect();
                    return self.push(&site, (*callee, &args), elem, breaks, body);
                }
                if self.fuses(*callee) {
                    return self.around((*callee, false, sieves), args, elem, breaks, body);
                }
                let (it, made) = (self.fresh("it"), self.materialised(source));
                let next = self.q(quote!(#it.next(cx)));
                let pull = Pull { setup: quote!(let #it = #made;), next, elem: elem.clone() };
                self.pulled_loop(pull, breaks, body)
            }
        }
    }

    /// The body of a generator, with the loop's body at each `yield`; `pushed`: that body may stand in closures; `sieves`:
    /// it asks whether an element counts.
    pub(super) fn around(
        &mut self,
        (callee, pushed, sieves): (usize, bool, bool),
        args: &[Arg],
        elem: &Type,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let program = self.file.program;
        let instance = &program.instances[callee];
        let hir = instance.hir.clone();
        let (outer, stop, marker) = (self.fresh("cx"), self.fresh("stop"), self.fresh("yield"));
        let (done, failed) = (self.label("done"), self.label("gen"));
        let mut stack = self.fused.as_ref().map_or_else(Vec::new, |f| f.stack.clone());
        stack.push(callee);
        let number = self.counter;
        let (code, counts_if, (counter, uses_fuel, loops)) = {
            let mut inner = Func::new(&mut *self.file, callee, &hir);
            inner.counter = number;
            for (name, var) in inner.idents.iter_mut().zip(&hir.vars) {
                let plain = ident(&var.name).to_string();
                *name = format_ident!("__py_{number}_{}", plain.trim_start_matches("r#"));
            }
            make_distinct(&mut inner.idents);
            inner.tries = vec![(failed.clone(), stop.clone())];
            let sieves = sieves && yields(&hir).0 == 1;
            let (marker, behind) = (marker.clone(), done.clone());
            inner.fused = Some(Fused { marker, done: behind, stack, pushed, sieves, counts_if: None });
            inner.hoisted_as = format!("__py_{number}_");
            for (param, arg) in hir.params.iter().zip(args) {
                if let Arg::Source(source) = arg {
                    inner.deferred.insert(param.var, source.clone());
                }
            }
            let body = inner.block(&hir.body);
            let opening = inner.opening();
            let given = args.iter().zip(&opening.params).filter_map(|(arg, (name, ty, mutable))| match arg {
                Arg::Bound(code) if *mutable => Some(quote!(let mut #name: #ty = #code;)),
                Arg::Bound(code) => Some(quote!(let #name: #ty = #code;)),
                Arg::Source(_) => None,
            });
            let (hoisted, locals) = (&opening.hoisted, &opening.locals);
            let tail = if inner.falls_off(&hir.body) { quote!(break #done;) } else { quote!() };
            let code = quote!(#(#given)* #(#hoisted)* #(#locals)* #(#body)* #tail);
            let counts_if = inner.fused.and_then(|fused| fused.counts_if);
            (code, counts_if, (inner.counter, inner.uses_fuel, inner.nested_loops))
        };
        self.counter = counter;
        self.uses_fuel |= uses_fuel;
        self.nested_loops += loops + 1;
        let rust = rust_type(elem);
        let code = replaced(code, &marker, &mut |value| {
            let (continues, item) = (self.label("c"), self.fresh("x"));
            self.loops.push(Loop {
                breaks: breaks.clone(),
                continues: continues.clone(),
                is_block: true,
                finals: self.finals.len(),
            });
            self.counts_if = counts_if.clone();
            let body = body(self, Val::new(quote!(#item), elem.clone()));
            self.loops.pop();
            let label = if mentions(&body, &continues) { quote!(#continues:) } else { quote!() };
            quote!({ let #item: #rust = #value; #label { let cx = #outer; #body } })
        });
        let deeper = self.q(quote!(cx.call_generator()));
        let raised = match mentions(&code, &failed) {
            true => self.leave(quote!(in_generator::<()>(Err(#stop)))),
            false => return quote!(let #outer = cx; #done: { let cx = #deeper; #code }),
        };
        quote! {
            let #outer = cx;
            #done: {
                let mut #stop: Stop;
                #failed: { let cx = #deeper; #code }
                #raised
            }
        }
    }

    /// `yield value` of a generator that stands inside another function.
    pub(super) fn fused_yield(&mut self, value: &Expr) -> Option<TokenStream> {
        let marker = self.fused.as_ref()?.marker.clone();
        let Type::Iter(elem) = self.instance.ret.clone() else { return None };
        let counts_if = self.counts_if.take();
        let code = match &counts_if {
            Some(chosen) => self.sifted(value, chosen),
            None => self.value_as(value, &elem),
        };
        self.fused.as_mut()?.counts_if = counts_if;
        Some(quote!(#marker! { #code }))
    }
}

/// How often a generator yields, as far as its text goes, and whether closing it would run code of its own.
fn yields(function: &hir::Function) -> (usize, bool) {
    let (mut yields, mut closes_any) = (0, false);
    each_expr(&function.body, &mut |e| {
        if let ExprKind::Yield { closes, .. } = e.kind {
            yields += 1;
            closes_any |= closes;
        }
    });
    (yields, closes_any)
}

/// An argument of a call.
enum Given<'e> {
    /// An expression, and which of those that are written.
    Written(&'e Expr, usize),
    Code(TokenStream),
}

/// Two names of Python's never become one of Rust's.
fn make_distinct(names: &mut [Ident]) {
    let mut used = BTreeSet::new();
    for name in names {
        let (base, mut n) = (name.clone(), 2);
        while !used.insert(name.to_string()) {
            *name = format_ident!("{base}_{n}");
            n += 1;
        }
    }
}

/// Puts code where the macro stands.
fn replaced(
    code: TokenStream,
    marker: &Ident,
    by: &mut dyn FnMut(TokenStream) -> TokenStream,
) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = code.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(name) if name == *marker => {
                tokens.next();
                let Some(TokenTree::Group(value)) = tokens.next() else { continue };
                let value = replaced(value.stream(), marker, by);
                out.extend(by(value));
            }
            TokenTree::Group(group) => {
                let inner = replaced(group.stream(), marker, by);
                out.extend([TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inner))]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// The variables that are assigned once and read once, later in the same block and at most once for each assignment.
pub(super) fn deferrable(function: &hir::Function) -> BTreeSet<VarId> {
    let counts = Counts::of_block(&function.body);
    let mut found = BTreeSet::new();
    each_block(&function.body, &mut |block| {
        for (at, stmt) in block.iter().enumerate() {
            let StmtKind::Assign { targets, .. } = &stmt.kind else { continue };
            let [hir::Target { kind: TargetKind::Var(v), .. }] = targets.as_slice() else { continue };
            if is_single(&counts, function, *v, 1) && block[at + 1..].iter().any(|s| reads_once(s, *v)) {
                found.insert(*v);
            }
        }
    });
    found
}

/// The parameters that are read once, at most once for each call.
fn consumed_once(function: &hir::Function) -> BTreeSet<VarId> {
    let counts = Counts::of_block(&function.body);
    let params = function.params.iter().map(|p| p.var);
    params
        .filter(|v| is_single(&counts, function, *v, 0) && function.body.iter().any(|s| reads_once(s, *v)))
        .collect()
}

/// Is a variable of the function read once, and assigned so often?
fn is_single(counts: &Counts, function: &hir::Function, v: VarId, defines: usize) -> bool {
    let var = &function.vars[v];
    !var.cell && !var.maybe_unbound && counts.get(v) == (1, defines)
}

/// Calls `f` with every block of statements.
fn each_block(body: &[Stmt], f: &mut dyn FnMut(&[Stmt])) {
    f(body);
    for stmt in body {
        match &stmt.kind {
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                each_block(body, f);
                each_block(orelse, f);
            }
            // What stands in a `finally` is written more than once.
            StmtKind::Try { body, handlers, orelse, .. } => {
                each_block(body, f);
                handlers.iter().for_each(|h| each_block(&h.body, f));
                each_block(orelse, f);
            }
            _ => {}
        }
    }
}

/// Does the statement read the variable where that happens at most once when it runs?
fn reads_once(stmt: &Stmt, v: VarId) -> bool {
    match &stmt.kind {
        StmtKind::For { iter, .. } => iter_reads_once(iter, v),
        StmtKind::Expr(e) | StmtKind::Assign { value: e, .. } | StmtKind::Return(Some(e)) => {
            expr_reads_once(e, v)
        }
        StmtKind::If { test, body, orelse } => {
            expr_reads_once(test, v) || body.iter().chain(orelse).any(|s| reads_once(s, v))
        }
        _ => false,
    }
}

fn iter_reads_once(iter: &Iter, v: VarId) -> bool {
    match &iter.kind {
        IterKind::Expr(e) => expr_reads_once(e, v),
        IterKind::Enumerate { inner, .. } => iter_reads_once(inner, v),
        IterKind::Comp(comp) => comp.generators.first().is_some_and(|g| iter_reads_once(&g.iter, v)),
        _ => false,
    }
}

fn expr_reads_once(e: &Expr, v: VarId) -> bool {
    match &e.kind {
        ExprKind::Local(x) => *x == v,
        ExprKind::Comp(comp) => comp.generators.first().is_some_and(|g| iter_reads_once(&g.iter, v)),
        ExprKind::Iter { iter, .. } => iter_reads_once(iter, v),
        // A function that is only made reads it later, if at all.
        ExprKind::Lambda { .. } | ExprKind::Function { .. } | ExprKind::Narrow { .. } => false,
        _ => children(e).into_iter().any(|e| expr_reads_once(e, v)),
    }
}
