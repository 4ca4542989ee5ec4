//! Generators that call themselves, or yield in many places, where they are gone through: functions that are handed the
//! loop's body.
//!
//! `for x in walk(root)` becomes a call of a form of `walk` that calls a closure, the loop's body, wherever the generator
//! yields. A generator that goes through others (`yield from walk(node.left)`) hands on the closure that it was given, or
//! one around it, so an element costs a call however deep it comes from. Every way out of the body but its end (`break`,
//! `return`, an exception) is noted where the loop stands, and what stands in between is left by a stop that no handler
//! sees, as one of a generator that is closed: where that would run code (`closes`), nothing is pushed.
//!
//! A closure cannot give a variable its first value, so which have one is asked before: see [`sites`].

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::label::{Label, mentions};
use super::types::{Val, ident, rust_type};
use super::{File, Func, Loop};
use crate::hir::visit::{Visit, each_expr, walk_expr, walk_stmt, walk_target};
use crate::hir::{
    self, Comp, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, Target, TargetKind, VarId,
};
use crate::hir::{Narrow, Yields};
use crate::ty::Type;

/// What ways out of a loop's body are noted as.
const BREAKS: u8 = 1;
const RETURNS: u8 = 2;

/// The forms of generators that are handed a loop's body: their names, those that are still to be emitted, and of which
/// generators there is one.
#[derive(Default)]
pub(super) struct Forms {
    names: BTreeMap<usize, Ident>,
    pending: Vec<usize>,
    pushable: BTreeMap<usize, bool>,
}

/// By what the loops go through.
pub(super) type Sites = BTreeMap<NodeId, Site>;

/// A loop whose body may be a closure.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// The variables that only the body knows: they stand in it.
    declares: Vec<VarId>,
    /// All that the body does is to yield the element.
    hands_on: bool,
}

/// A loop whose body is being emitted as a closure: where it notes how it is left.
pub(super) struct Pushing {
    way: Ident,
    result: Ident,
    returns: bool,
}

type Body<'b, 'f, 'p, 'a> = &'b mut dyn FnMut(&mut Func<'f, 'p, 'a>, Val) -> TokenStream;

impl File<'_, '_> {
    /// The Rust name of the form of a generator that is handed the loop's body.
    pub(super) fn want_pushed(&mut self, instance: usize) -> Ident {
        if let Some(name) = self.pushed.names.get(&instance) {
            return name.clone();
        }
        let func = &self.program.instances[instance].func;
        let base = format!("{}__{}__each", func.module, func.qualname).replace(['.', '<', '>', ' '], "_");
        let name = self.unused_name(&base);
        self.pushed.names.insert(instance, name.clone());
        self.pushed.pending.push(instance);
        name
    }

    pub(super) fn unused_name(&mut self, base: &str) -> Ident {
        self.unused(&ident(base).to_string())
    }

    /// The same for what is an identifier already.
    pub(super) fn unused(&mut self, base: &str) -> Ident {
        let mut name = format_ident!("{base}");
        let mut n = 2;
        while !self.used_names.insert(name.to_string()) {
            name = format_ident!("{base}_{n}");
            n += 1;
        }
        name
    }

    /// The next function that another one needs.
    pub(super) fn next_function(&mut self) -> Option<TokenStream> {
        if let Some(instance) = self.next_pending() {
            return Some(self.function(instance, None));
        }
        if let Some(instance) = self.far.pending.pop() {
            return Some(self.far_function(instance));
        }
        let instance = self.pushed.pending.pop()?;
        Some(self.pushed_function(instance))
    }

    /// That form.
    fn pushed_function(&mut self, index: usize) -> TokenStream {
        self.hooks_of(index);
        let name = self.want_pushed(index);
        let hir = self.program.instances[index].hir.clone();
        Func::new(self, index, &hir).emit_pushed(&name)
    }

    /// Does a generator come back to itself, or to another one that does, through generators?
    fn recurs(&self, instance: usize) -> bool {
        let callees = |i: usize| {
            let calls = self.program.instances[i].calls.values();
            calls.copied().filter(|c| self.program.instances[*c].hir.yields.is_some()).collect::<Vec<_>>()
        };
        // Everything that is reached, and whether some of it reaches itself.
        let reached = |from: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), callees(from));
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(callees(next));
                }
            }
            seen
        };
        let all = reached(instance);
        all.contains(&instance) || all.iter().any(|i| reached(*i).contains(i))
    }

    /// Is this a generator whose loop's body is better handed to it?
    pub(super) fn is_pushable(&mut self, instance: usize) -> bool {
        if let Some(known) = self.pushed.pushable.get(&instance) {
            return *known;
        }
        let hir = &self.program.instances[instance].hir;
        let mut closes_any = false;
        let mut yields = 0;
        each_expr(&hir.body, &mut |e| {
            if let ExprKind::Yield { closes, .. } = e.kind {
                yields += 1;
                closes_any |= closes;
            }
        });
        let plain = hir.yields == Some(Yields::Generator) && !closes_any && yields > 0;
        let pushable = plain && (yields > super::fuse::MOST_YIELDS || self.recurs(instance));
        self.pushed.pushable.insert(instance, pushable);
        pushable
    }
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// The function that calls the closure it is handed for each element.
    fn emit_pushed(mut self, name: &Ident) -> TokenStream {
        let Type::Iter(elem) = self.instance.ret.clone() else {
            unreachable!("a generator gives an iterator")
        };
        let (mut params, mut args) = (Vec::new(), Vec::new());
        for i in 0..self.hir.params.len() {
            let (param, ty) = (self.fresh("arg"), rust_type(&self.instance.entry_type(i)));
            params.push(quote!(#param: #ty));
            args.push(super::fuse::Arg::Bound(param));
        }
        let breaks = self.label("b");
        let body = self.around((self.index, true, false), &args, &elem, &breaks, &mut |_, item| {
            let item = item.owned();
            quote!(if let Err(__py_stop) = __py_sink(#item) { return Err(__py_stop); })
        });
        let fuel = if self.uses_fuel { quote!(let mut fuel: i32 = cx.fuel();) } else { quote!() };
        let doc = format!(" `{}`, which is handed the body of the loop", self.hir.name());
        let item = rust_type(&elem);
        quote! {
            #[doc = #doc]
            fn #name(cx: Cx, #(#params,)* __py_sink: Sink<'_, #item>) -> R<()> {
                #fuel
                #body
                Ok(())
            }
        }
    }

    /// May the body of the loop over this iterator be a closure here?
    pub(super) fn push_site(&mut self, iterator: NodeId) -> Option<Site> {
        let own = match &self.fused {
            Some(fused) => fused.pushed,
            None => self.hir.yields.is_none(),
        };
        if !own || self.closures > 0 || !self.finals.is_empty() || self.shared || self.noting.is_some() {
            return None;
        }
        let hir = self.hir;
        self.sites.get_or_insert_with(|| sites(hir)).get(&iterator).cloned()
    }

    /// A loop over what a generator yields, its body handed over.
    pub(super) fn push(
        &mut self,
        site: &Site,
        (callee, args): (usize, &[TokenStream]),
        elem: &Type,
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let name = self.file.want_pushed(callee);
        self.nested_loops += 1;
        if site.hands_on && self.fused.is_some() && self.instance.ret == Type::Iter(Box::new(elem.clone())) {
            let given = self.fresh("given");
            let left = self.leave(quote!(Err::<(), Stop>(__py_stop)));
            return quote! {
                let #given = #name(cx, #(#args,)* &mut *__py_sink);
                if let Err(__py_stop) = #given { #left }
            };
        }
        let (outer, item, given) = (self.fresh("cx"), self.fresh("x"), self.fresh("given"));
        let (way, result, raised) = (self.fresh("way"), self.fresh("result"), self.fresh("raised"));
        let (continues, failed, stop) = (self.label("c"), self.label("body"), self.fresh("stop"));
        let tries = std::mem::replace(&mut self.tries, vec![(failed.clone(), stop.clone())]);
        self.pushing.push(Pushing { way: way.clone(), result: result.clone(), returns: false });
        self.loops.push(Loop {
            breaks: breaks.clone(),
            continues: continues.clone(),
            is_block: true,
            finals: self.finals.len(),
        });
        let declares: Vec<_> = site.declares.iter().map(|v| self.declare(*v)).collect();
        let tick = self.tick();
        let code = body(self, Val::new(quote!(#item), elem.clone()));
        self.loops.pop();
        let returns = self.pushing.pop().is_some_and(|p| p.returns);
        self.tries = tries;
        let rust = rust_type(elem);
        let left = self.leave(quote!(pushed_out(#raised, __py_stop)));
        // What the body never does is not asked for.
        let (label, broken, behind) = match mentions(&code, breaks) {
            false => (quote!(), quote!(), quote!()),
            true => (
                quote!(#breaks:),
                quote!(if #way == #BREAKS { break #breaks; }),
                quote!(#way = #BREAKS; return passing();),
            ),
        };
        let again = if mentions(&code, &continues) { quote!(#continues:) } else { quote!() };
        let noted = match behind.is_empty() && !returns {
            true => quote!(),
            false => quote!(let mut #way = 0u8;),
        };
        let returned = match returns {
            false => quote!(),
            true => {
                let code = self.return_again(&result);
                quote!(if #way == #RETURNS { #code })
            }
        };
        let result_type = rust_type(&self.returned());
        let slot = match returns && self.fused.is_none() {
            true => quote!(let mut #result: Option<#result_type> = None;),
            false => quote!(),
        };
        quote! {
            let #outer = cx;
            #noted
            let mut #raised: Option<Stop> = None;
            #slot
            let #given = #name(cx, #(#args,)* &mut |#item: #rust| -> R<()> {
                let cx = #outer;
                #(#declares)*
                let mut #stop: Stop;
                #failed: {
                    #label {
                        #again { #tick #code }
                        return Ok(());
                    }
                    #behind
                }
                Err(pushed_stop(&mut #raised, #stop))
            });
            if let Err(__py_stop) = #given {
                #broken
                #returned
                #left
            }
        }
    }

    /// `return` in a body that is a closure; `value` is what the function returns, and what stands before it.
    pub(super) fn return_pushed(&mut self, value: Option<TokenStream>) -> Option<TokenStream> {
        let pushing = self.pushing.last_mut()?;
        pushing.returns = true;
        let (way, result) = (&pushing.way, &pushing.result);
        let set = value.map(|value| quote!(#result = Some(#value);));
        Some(quote!({ #set #way = #RETURNS; return passing(); }))
    }

    /// Behind the call: the function returns what the body has noted.
    fn return_again(&mut self, result: &Ident) -> TokenStream {
        if let Some(done) = self.fused.as_ref().map(|f| f.done.clone()) {
            return self.return_pushed(None).unwrap_or_else(|| quote!(break #done;));
        }
        let value = format_ident!("__py_value");
        let code = self.return_pushed(Some(quote!(#value))).unwrap_or_else(|| quote!(return Ok(#value);));
        quote!(if let Some(#value) = #result { #code })
    }
}

/// The loops of a function whose bodies may be closures, by what they go through: each variable that a body assigns has
/// a value before it for sure, or is known to nobody else.
fn sites(function: &hir::Function) -> Sites {
    let mut all = Mentions::default();
    all.block(&function.body);
    let mut finder = Finder { function, all, found: BTreeMap::new() };
    let mut sure = function.params.iter().map(|p| p.var).collect();
    finder.block(&function.body, &mut sure);
    finder.found
}

/// How often each variable is named, and which are assigned.
#[derive(Default)]
struct Mentions {
    named: BTreeMap<VarId, usize>,
    assigned: BTreeSet<VarId>,
}

impl<'h> Visit<'h> for Mentions {
    fn read(&mut self, _: NodeId, var: &'h VarId) {
        *self.named.entry(*var).or_default() += 1;
    }

    fn define(&mut self, _: NodeId, var: &'h VarId) {
        *self.named.entry(*var).or_default() += 1;
        self.assigned.insert(*var);
    }

    fn narrows(&mut self, narrows: &'h [Narrow]) {
        for n in narrows {
            self.read(n.read, &n.from);
            self.define(n.id, &n.to);
        }
    }
}

struct Finder<'h> {
    function: &'h hir::Function,
    all: Mentions,
    found: Sites,
}

impl Finder<'_> {
    /// `sure`: what has a value when the block begins, then at its end.
    fn block(&mut self, body: &[Stmt], sure: &mut BTreeSet<VarId>) {
        for stmt in body {
            self.comprehensions(stmt, sure);
            match &stmt.kind {
                StmtKind::Assign { targets, .. } => targets.iter().for_each(|t| bound(t, sure)),
                StmtKind::Narrow(narrows) => sure.extend(narrows.iter().map(|n| n.to)),
                StmtKind::For { target, iter, body, orelse } => {
                    let hands_on = hands_on(target, body);
                    self.site(iter, sure, hands_on, &mut |mentions| {
                        mentions.target(target);
                        mentions.block(body);
                    });
                    let mut inside = sure.clone();
                    bound(target, &mut inside);
                    self.block(body, &mut inside);
                    self.block(orelse, &mut sure.clone());
                }
                StmtKind::If { body, orelse, .. } => {
                    let mut other = sure.clone();
                    self.block(body, sure);
                    self.block(orelse, &mut other);
                    sure.retain(|v| other.contains(v));
                }
                StmtKind::While { body, orelse, .. } => {
                    self.block(body, &mut sure.clone());
                    self.block(orelse, &mut sure.clone());
                }
                StmtKind::Try { body, handlers, orelse, finalbody } => {
                    let handlers = handlers.iter().map(|h| &h.body);
                    for block in [body, orelse, finalbody].into_iter().chain(handlers) {
                        self.block(block, &mut sure.clone());
                    }
                }
                _ => {}
            }
        }
    }

    /// Those in the expressions of the statement itself.
    fn comprehensions(&mut self, stmt: &Stmt, sure: &BTreeSet<VarId>) {
        let mut own = Own(Vec::new());
        own.stmt(stmt);
        for comp in own.0 {
            if let [first, ..] = comp.generators.as_slice() {
                self.site(&first.iter, sure, false, &mut |mentions| of_turns(comp, mentions));
            }
        }
    }

    fn site(
        &mut self,
        iter: &Iter,
        sure: &BTreeSet<VarId>,
        hands_on: bool,
        turns: &mut dyn FnMut(&mut Mentions),
    ) {
        match &iter.kind {
            IterKind::Enumerate { inner, .. } => self.site(inner, sure, false, turns),
            IterKind::Comp(comp) => {
                if let [first, ..] = comp.generators.as_slice() {
                    self.site(&first.iter, sure, false, &mut |mentions| {
                        of_turns(comp, mentions);
                        turns(mentions);
                    });
                }
            }
            IterKind::Expr(e) => {
                let mut inside = Mentions::default();
                turns(&mut inside);
                let vars = &self.function.vars;
                let has_value = |v: &VarId| sure.contains(v) || vars[*v].maybe_unbound || vars[*v].cell;
                let own = |v: &VarId| inside.named.get(v) == self.all.named.get(v);
                if inside.assigned.iter().all(|v| has_value(v) || own(v)) {
                    let declares: Vec<_> =
                        inside.assigned.iter().copied().filter(|v| !has_value(v)).collect();
                    let hands_on = hands_on && !declares.is_empty();
                    self.found.insert(e.id, Site { declares, hands_on });
                }
            }
            _ => {}
        }
    }
}

/// All of a comprehension but what its first loop goes through, and what is evaluated once.
fn of_turns(comp: &Comp, mentions: &mut Mentions) {
    for (i, g) in comp.generators.iter().enumerate() {
        if i > 0 {
            mentions.iter(&g.iter);
        }
        mentions.target(&g.target);
        g.ifs.iter().for_each(|test| mentions.expr(test));
    }
    mentions.expr(&comp.element);
    [&comp.value, &comp.key].into_iter().flatten().for_each(|e| mentions.expr(e));
}

/// Is the body `yield target`?
fn hands_on(target: &Target, body: &[Stmt]) -> bool {
    let TargetKind::Var(var) = target.kind else { return false };
    let [Stmt { kind: StmtKind::Expr(Expr { kind: ExprKind::Yield { value, .. }, .. }), .. }] = body else {
        return false;
    };
    matches!(value.kind, ExprKind::Local(v) if v == var)
}

/// The variables that a target gives a value.
fn bound(target: &Target, sure: &mut BTreeSet<VarId>) {
    struct Bound<'s>(&'s mut BTreeSet<VarId>);
    impl<'h> Visit<'h> for Bound<'_> {
        fn define(&mut self, _: NodeId, var: &'h VarId) {
            self.0.insert(*var);
        }
        fn expr(&mut self, _: &'h Expr) {}
    }
    walk_target(&mut Bound(sure), target);
}

/// Comprehensions of a statement, not those of the blocks in it.
struct Own<'h>(Vec<&'h Comp>);

impl<'h> Visit<'h> for Own<'h> {
    fn block(&mut self, _: &'h [Stmt]) {}

    fn stmt(&mut self, stmt: &'h Stmt) {
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        if let ExprKind::Comp(comp) = &e.kind {
            self.0.push(comp);
        }
        walk_expr(self, e);
    }
}
