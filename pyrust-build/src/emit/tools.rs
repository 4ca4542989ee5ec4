//! The functions of `itertools`, pulled element by element with CPython's laziness.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Func;
use super::columns::together;
use super::iter::Pull;
use super::types::{Val, rust_type};
use crate::hir::visit::defines;
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Tool};
use crate::ty::{Origin, Type};

type Parts<'e> = (&'e [Iter], &'e [Expr], Option<&'e Expr>);

impl Func<'_, '_, '_> {
    pub(super) fn pull_tool(
        &mut self,
        iter: &Iter,
        tool: Tool,
        (iters, args, function): Parts<'_>,
        detached: bool,
    ) -> Pull {
        let elem = self.node(iter.id);
        match tool {
            Tool::Chain => self.pull_chain(iters, elem, detached),
            Tool::Islice => self.pull_slice(&iters[0], args, detached),
            Tool::Count => {
                let at = self.fresh("at");
                let (start, step) = (self.value_as(&args[0], &elem), self.fresh("step"));
                let by = self.value_as(&args[1], &elem);
                let sum = self.apply_in(detached, "+", &at, &step, &elem);
                Pull {
                    setup: quote!(let mut #at = #start; let #step = #by;),
                    next: quote!({ let __py_now = #at; #at = #sum; Some(__py_now) }),
                    elem,
                }
            }
            Tool::Repeat => {
                let (it, left) = (self.fresh("it"), self.fresh("left"));
                let value = self.value_as(&args[0], &elem);
                match args.get(1) {
                    None => Pull { setup: quote!(let #it = #value;), next: quote!(Some(#it.clone())), elem },
                    Some(times) => {
                        let times = self.value_as(times, &Type::Int);
                        Pull {
                            setup: quote!(let #it = #value; let mut #left: i64 = #times;),
                            next: quote!(if #left > 0 { #left -= 1; Some(#it.clone()) } else { None }),
                            elem,
                        }
                    }
                }
            }
            Tool::Cycle => {
                let pull = self.pull(&iters[0], detached);
                let (saved, first, at, x) =
                    (self.fresh("saved"), self.fresh("first"), self.fresh("at"), self.fresh("x"));
                let (setup, next, t) = (pull.setup, pull.next, rust_type(&pull.elem));
                let new = self.q(quote!(list::new::<#t>(cx)));
                let append = self.q_in(detached, quote!(list::append(cx, &#saved, #x.clone())));
                let again = self.q_in(detached, quote!(again(cx, &#saved, &mut #at)));
                Pull {
                    setup: quote! {
                        #setup
                        let #saved = #new;
                        let mut #first = true;
                        let mut #at: i64 = 0;
                    },
                    next: quote!({
                        let __py_item = if #first { #next } else { None };
                        match __py_item {
                            Some(#x) => { #append; Some(#x) }
                            None => { #first = false; #again }
                        }
                    }),
                    elem: pull.elem,
                }
            }
            Tool::Product(_)
            | Tool::Permutations(_)
            | Tool::Combinations(_)
            | Tool::CombinationsWithReplacement(_) => self.pull_picks(tool, iters, args, elem, detached),
            Tool::Accumulate => self.pull_totals(&iters[0], args.first(), function, elem, detached),
            Tool::TakeWhile | Tool::DropWhile => {
                let pull = self.pull(&iters[0], detached);
                let (flag, x, out) = (self.fresh("flag"), self.fresh("x"), self.label("o"));
                let (setup, next) = (pull.setup, pull.next);
                let test = self.tested(function, &Val::place(quote!(#x), pull.elem.clone()));
                let tick = self.tick_in(detached);
                let next = if tool == Tool::TakeWhile {
                    quote!(if #flag { None } else {
                        match #next {
                            Some(#x) => { if #test { Some(#x) } else { #flag = true; None } }
                            None => None,
                        }
                    })
                } else {
                    quote!(#out: loop {
                        match #next {
                            Some(#x) => {
                                if #flag || !#test { #flag = true; break #out Some(#x); }
                                #tick
                            }
                            None => break #out None,
                        }
                    })
                };
                Pull { setup: quote!(#setup let mut #flag = false;), next, elem: pull.elem }
            }
            Tool::ZipLongest => self.pull_longest(iters, &args[0], elem, detached),
            Tool::Pairwise => {
                let pull = self.pull(&iters[0], detached);
                let (old, x, out, t) =
                    (self.fresh("old"), self.fresh("x"), self.label("o"), rust_type(&pull.elem));
                let (setup, next) = (pull.setup, pull.next);
                Pull {
                    setup: quote!(#setup let mut #old: Option<#t> = None;),
                    next: quote!(#out: loop {
                        match #next {
                            Some(#x) => {
                                if let Some(__py_before) = #old.replace(#x.clone()) {
                                    break #out Some((__py_before, #x));
                                }
                            }
                            None => break #out None,
                        }
                    }),
                    elem: Type::Tuple { items: vec![pull.elem.clone(), pull.elem], origin: Origin::Native },
                }
            }
            Tool::ZipStrict => self.pull_strict(iters, detached),
            Tool::GroupBy => self.pull_groups(&iters[0], function, elem, detached),
            Tool::ProductOf | Tool::LongestOf => {
                let (Some(item), IterKind::Expr(rows)) = (together(&elem), &iters[0].kind) else {
                    return self.nothing();
                };
                let made = rust_type(&elem);
                let (it, all, fill) = (self.fresh("it"), self.fresh("all"), self.fresh("fill"));
                let rows = self.each_row(rows, item, &it);
                let (more, step) = match args.first() {
                    Some(e) => {
                        let value = self.value_as(e, item);
                        (
                            quote!(let #fill = #value; let mut #all = Longest::new(#it);),
                            quote!(#all.next::<#made>(cx, &#fill)),
                        )
                    }
                    None => {
                        let pools = self.q(quote!(Pools::new(cx, &#it)));
                        (quote!(let mut #all = #pools;), quote!(#all.next::<#made>(cx)))
                    }
                };
                Pull { setup: quote!(#rows #more), next: self.q_in(detached, step), elem }
            }
            Tool::Grouped => {
                let Some(item) = together(&elem) else { return self.nothing() };
                let made = rust_type(&elem);
                let pull = self.pull(&iters[0], true);
                let (it, n, fill) = (self.fresh("it"), self.fresh("n"), self.fresh("fill"));
                let source = self.stepping(pull, item, quote!(new));
                let number = self.value_as(&args[0], &Type::Int);
                let filled = match args.get(1) {
                    Some(e) => {
                        let value = self.value_as(e, item);
                        quote!(Some(#value))
                    }
                    None => quote!(None),
                };
                Pull {
                    setup: quote!(let #it = #source; let #n = #number; let #fill = #filled;),
                    next: self.q_in(detached, quote!(grouped::<_, #made>(cx, &#it, #n, &#fill))),
                    elem,
                }
            }
            Tool::Batched => {
                let Some(item) = together(&elem) else { return self.nothing() };
                let made = rust_type(&elem);
                let pull = self.pull(&iters[0], true);
                let (it, n) = (self.fresh("it"), self.fresh("n"));
                let source = self.stepping(pull, item, quote!(new));
                let number = self.value_as(&args[0], &Type::Int);
                let check = self.q(quote!(at_least(#n, 1)));
                Pull {
                    setup: quote!(let #it = #source; let #n = #number; #check;),
                    next: self.q_in(detached, quote!(batch::<_, #made>(cx, &#it, #n))),
                    elem,
                }
            }
        }
    }

    /// Refused by inference.
    fn nothing(&mut self) -> Pull {
        self.pull_nothing(&quote!())
    }

    fn apply_in(&mut self, detached: bool, op: &str, a: &Ident, b: &Ident, ty: &Type) -> TokenStream {
        let (a, b) = (Val::place(quote!(#a), ty.clone()), Val::place(quote!(#b), ty.clone()));
        if detached {
            return self.in_closure(|f| f.apply(op, &[a, b], ty));
        }
        self.apply(op, &[a, b], ty)
    }

    /// A turn of a loop is paid for, where there is fuel.
    fn tick_in(&mut self, detached: bool) -> TokenStream {
        if detached { quote!() } else { self.tick() }
    }

    /// The test of a lambda applied to a value.
    fn tested(&mut self, function: Option<&Expr>, item: &Val) -> TokenStream {
        let Some(ExprKind::Lambda { params, body }) = function.map(|f| &f.kind) else {
            return self.bail("Unsupported");
        };
        let arg = self.coerce(item, &self.instance.vars[params[0]].clone());
        let set = self.store(params[0], arg);
        let test = self.test(body);
        quote!({ #set #test })
    }

    fn pull_chain(&mut self, iters: &[Iter], elem: Type, detached: bool) -> Pull {
        let late = self.late;
        let (phase, out) = (self.fresh("phase"), self.label("o"));
        let (mut setups, mut arms) = (quote!(), quote!());
        for (i, iter) in iters.iter().enumerate() {
            self.late = late || i > 0;
            let pull = self.pull(iter, detached);
            let (setup, next, x) = (pull.setup, pull.next, self.fresh("x"));
            let from = Val::new(quote!(#x), pull.elem);
            let item = if detached {
                self.in_closure(|f| f.coerce(&from, &elem))
            } else {
                self.coerce(&from, &elem)
            };
            let (this, after) = (Literal::usize_unsuffixed(i), Literal::usize_unsuffixed(i + 1));
            setups.extend(setup);
            arms.extend(
                quote!(#this => match #next { Some(#x) => break #out Some(#item), None => #phase = #after },),
            );
        }
        self.late = late;
        if iters.is_empty() {
            return Pull { setup: quote!(), next: quote!(None::<()>), elem: Type::Never };
        }
        Pull {
            setup: quote!(#setups let mut #phase: usize = 0;),
            next: quote!(#out: loop { match #phase { #arms _ => break #out None } }),
            elem,
        }
    }

    /// `zip(…, strict=True)`: where the first source ends all others must, where another one does it is too short.
    fn pull_strict(&mut self, iters: &[Iter], detached: bool) -> Pull {
        let pulls: Vec<Pull> = iters.iter().map(|i| self.pull(i, detached)).collect();
        let names: Vec<_> = pulls.iter().map(|_| self.fresh("z")).collect();
        let unequal = self.q_in(detached, quote!(unequal_lengths()));
        let mut next = quote!(Some((#(#names,)*)));
        for (i, (pull, name)) in pulls.iter().zip(&names).enumerate().rev() {
            let step = &pull.next;
            let ended = match i {
                0 => {
                    let others = pulls.iter().skip(1).map(|p| &p.next);
                    quote!({ #(if #others.is_some() { #unequal; })* None })
                }
                _ => quote!({ #unequal; None }),
            };
            next = quote!(match #step { Some(#name) => #next, None => #ended });
        }
        let setups = pulls.iter().map(|p| &p.setup);
        Pull {
            setup: quote!(#(#setups)*),
            next,
            elem: Type::Tuple { items: pulls.into_iter().map(|p| p.elem).collect(), origin: Origin::Native },
        }
    }

    fn pull_slice(&mut self, inner: &Iter, args: &[Expr], detached: bool) -> Pull {
        let pull = self.pull(inner, detached);
        let (setup, next, x, out) = (pull.setup, pull.next, self.fresh("x"), self.label("o"));
        let (at, count, stop, step) =
            (self.fresh("at"), self.fresh("n"), self.fresh("stop"), self.fresh("step"));
        let bounds: Vec<_> = args.iter().map(|e| self.maxlen(e)).collect();
        let [first, last, by] = bounds.as_slice() else { return self.nothing() };
        let checked = self.q(quote!(slice_bounds(#first, #last, #by)));
        let tick = self.tick_in(detached);
        Pull {
            setup: quote! {
                #setup
                let (mut #at, #stop, #step) = #checked;
                let mut #count: i64 = 0;
            },
            next: quote!(#out: loop {
                if #count >= #at && #count >= #stop { break #out None; }
                match #next {
                    Some(#x) => {
                        #count += 1;
                        if #count > #at {
                            #at = #at.saturating_add(#step).min(#stop);
                            break #out Some(#x);
                        }
                        #tick
                    }
                    None => break #out None,
                }
            }),
            elem: pull.elem,
        }
    }

    /// Tuples of items at positions that the runtime counts through.
    fn pull_picks(&mut self, tool: Tool, iters: &[Iter], args: &[Expr], elem: Type, detached: bool) -> Pull {
        let picks = self.fresh("picks");
        // What is written down is evaluated first, then the pools are read.
        let mut setup = quote!();
        let mut collect = quote!();
        let mut pools = Vec::new();
        for iter in iters {
            let ty = self.node(iter.id);
            let (pool, t) = (self.fresh("pool"), rust_type(&ty));
            let new = self.q(quote!(list::new::<#t>(cx)));
            if let IterKind::Comp(_) = iter.kind {
                let all = self.append_all(&pool, &ty, iter);
                collect.extend(quote!(let #pool = #new; { #all }));
            } else {
                let (pull, x) = (self.pull(iter, false), self.fresh("x"));
                let (before, next, tick) = (pull.setup, pull.next, self.tick());
                let item = self.coerce(&Val::new(quote!(#x), pull.elem), &ty);
                let append = self.q(quote!(list::append(cx, &#pool, #item)));
                setup.extend(before);
                collect.extend(quote!(let #pool = #new; while let Some(#x) = #next { #tick #append; }));
            }
            pools.push((pool, ty));
        }
        let taken = self.fresh("taken");
        if let Some(e) = args.first() {
            let n = self.maxlen(e);
            setup.extend(quote!(let #taken: Option<i64> = #n;));
        }
        let lens: Vec<_> = pools.iter().map(|(p, _)| quote!(list::len(cx, &#p))).collect();
        let len = lens.first().cloned().unwrap_or_default();
        let how = |n: Option<usize>| match (n, args.first()) {
            (Some(n), _) => {
                let n = Literal::i64_suffixed(n as i64);
                quote!(Some(#n))
            }
            (None, Some(_)) => quote!(#taken),
            (None, None) => quote!(None),
        };
        let make = match tool {
            Tool::Product(Some(times)) => {
                let all: Vec<_> = (0..times).flat_map(|_| lens.clone()).collect();
                quote!(Picks::product(&[#(#all),*]))
            }
            Tool::Product(None) => quote!(Picks::power(#len, #taken)),
            Tool::Permutations(n) => {
                let n = how(n);
                quote!(Picks::permutations(#len, #n))
            }
            Tool::Combinations(n) => {
                let n = how(n);
                quote!(Picks::combinations(#len, #n))
            }
            _ => {
                let n = match tool {
                    Tool::CombinationsWithReplacement(n) => how(n),
                    _ => quote!(None),
                };
                quote!(Picks::with_replacement(#len, #n))
            }
        };
        let made = self.q(make);
        let next = match &elem {
            Type::Tuple { items, .. } => {
                let parts: Vec<_> = (0..items.len())
                    .map(|i| {
                        let (pool, _) = &pools[i % pools.len()];
                        let at = Literal::usize_unsuffixed(i);
                        self.q_in(detached, quote!(list::get(cx, &#pool, #picks.at(#at))))
                    })
                    .collect();
                quote!(if #picks.step() { Some((#(#parts,)*)) } else { None })
            }
            _ => {
                let (pool, made) = (&pools[0].0, rust_type(&elem));
                self.q_in(detached, quote!(picked::<_, #made>(cx, &#pool, &mut #picks)))
            }
        };
        Pull { setup: quote!(#setup #collect let mut #picks = #made;), next, elem }
    }

    fn pull_totals(
        &mut self,
        inner: &Iter,
        first: Option<&Expr>,
        function: Option<&Expr>,
        elem: Type,
        detached: bool,
    ) -> Pull {
        let pull = self.pull(inner, detached);
        let (setup, next, t) = (pull.setup, pull.next, rust_type(&elem));
        let (total, begun, x, old) =
            (self.fresh("total"), self.fresh("begun"), self.fresh("x"), self.fresh("old"));
        let initial = match first {
            Some(e) => {
                let value = self.value_as(e, &elem);
                quote!(Some(#value))
            }
            None => quote!(None),
        };
        let (item, sum) = (Val::new(quote!(#x), pull.elem.clone()), Val::new(quote!(#old), elem.clone()));
        let body = |f: &mut Self| -> (TokenStream, TokenStream) {
            let first = f.coerce(&item, &elem);
            let next = match function.map(|e| &e.kind) {
                Some(ExprKind::Lambda { params, body }) => {
                    let a = f.coerce(&sum, &f.instance.vars[params[0]].clone());
                    let b = f.coerce(&item, &f.instance.vars[params[1]].clone());
                    let (a, b) = (f.store(params[0], a), f.store(params[1], b));
                    let value = f.value_as(body, &elem);
                    quote!({ #a #b #value })
                }
                _ => f.binary(BinOp::Add, &sum, &item, &elem),
            };
            (first, next)
        };
        let (start, step) = if detached { self.in_closure(body) } else { body(self) };
        let begins = first.is_some();
        Pull {
            setup: quote! {
                #setup
                let mut #total: Option<#t> = #initial;
                let mut #begun = !#begins;
            },
            next: quote!(if #begun {
                match #next {
                    Some(#x) => {
                        #total = Some(match #total.take() { Some(#old) => #step, None => #start });
                        #total.clone()
                    }
                    None => None,
                }
            } else {
                #begun = true;
                #total.clone()
            }),
            elem,
        }
    }

    fn pull_longest(&mut self, iters: &[Iter], fill: &Expr, elem: Type, detached: bool) -> Pull {
        let Type::Tuple { items, .. } = elem.clone() else { return self.nothing() };
        let pulls: Vec<Pull> = iters.iter().map(|i| self.pull(i, detached)).collect();
        let (filler, left, out) = (self.fresh("fill"), self.fresh("left"), self.label("o"));
        let value = self.val(fill);
        let code = value.owned();
        let value = Val::place(quote!(#filler), value.ty);
        let count = Literal::usize_unsuffixed(iters.len());
        let (mut setup, mut steps, mut names) = (quote!(), quote!(), Vec::new());
        for (pull, ty) in pulls.into_iter().zip(&items) {
            let (active, name, x) = (self.fresh("active"), self.fresh("z"), self.fresh("x"));
            let from = Val::new(quote!(#x), pull.elem.clone());
            let convert = |f: &mut Self| (f.coerce(&from, ty), f.coerce(&value, ty));
            let (item, filled) = if detached { self.in_closure(convert) } else { convert(self) };
            let (before, next) = (pull.setup, pull.next);
            setup.extend(quote!(#before let mut #active = true;));
            steps.extend(quote! {
                let __py_item = if #active { #next } else { None };
                let #name = match __py_item {
                    Some(#x) => #item,
                    None => {
                        if #active {
                            #active = false;
                            #left -= 1;
                            if #left == 0 { break #out None; }
                        }
                        #filled
                    }
                };
            });
            names.push(name);
        }
        Pull {
            setup: quote!(#setup let #filler = #code; let mut #left: usize = #count;),
            next: quote!(#out: { #steps Some((#(#names,)*)) }),
            elem,
        }
    }

    fn pull_groups(&mut self, inner: &Iter, function: Option<&Expr>, elem: Type, detached: bool) -> Pull {
        let Type::Tuple { items, .. } = elem.clone() else { return self.nothing() };
        let (Some(key_ty), Some(Type::Iter(item))) = (items.first(), items.get(1)) else {
            return self.nothing();
        };
        let pull = self.pull(inner, true);
        let source = self.stepping(pull, item, quote!(new));
        let (it, x, t, k) = (self.fresh("it"), self.fresh("x"), rust_type(item), rust_type(key_ty));
        let from = Val::place(quote!((*#x)), (**item).clone());
        let key = self.in_closure(|f| match function.map(|e| &e.kind) {
            Some(ExprKind::Lambda { params, body }) => {
                let declare = f.declare(params[0]);
                let own: Vec<_> = defines(&**body).into_iter().map(|v| f.declare(v)).collect();
                let arg = f.coerce(&from, &f.instance.vars[params[0]].clone());
                let set = f.store(params[0], arg);
                let value = f.value_as(body, key_ty);
                quote!({ #declare #(#own)* #set #value })
            }
            _ => f.coerce(&from, key_ty),
        });
        Pull {
            setup: quote! {
                let #it = GroupBy::<#t, #k>::new(#source, |cx, #x: &#t| { let _ = cx; Ok(#key) });
            },
            next: self.q_in(detached, quote!(#it.next(cx))),
            elem,
        }
    }
}
