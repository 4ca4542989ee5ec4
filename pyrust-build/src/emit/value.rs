//! Functions as values: reading and making them, and calls that look which function they have.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::expr::int_literal;
use super::types::{Val, object_marker};
use crate::hir::{Expr, ExprKind, NodeId};
use crate::infer::{ArgSource, CALLED, MOST_SPREAD, Named, Reached, ValueArg, called_of, value_args};
use crate::ty::{Callee, Type};

/// What a call of a value is given.
struct Given<'v> {
    node: NodeId,
    args: &'v [Val],
    named: &'v [Val],
    keywords: &'v [(String, Expr)],
}

impl Func<'_, '_, '_> {
    /// A name that means a function, as a value.
    pub(super) fn named_function(&mut self, path: &str, ty: &Type) -> Option<Val> {
        let Type::Function(_) = ty else { return None };
        let named = self.file.program.function_named(&self.instance.func.module, path)?;
        Some(self.read_function(named, ty.clone()))
    }

    fn read_function(&mut self, named: Named, ty: Type) -> Val {
        let name = named.callee.inside().unwrap_or("function").replace(['.', ' '], "_");
        self.hoist(&named.module, named.is_c, named.guard, &name, ty)
    }

    /// A function that is made here.
    pub(super) fn function_value(
        &mut self,
        made: Option<&Expr>,
        captures: &[Expr],
        ty: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        if let Some(check) = made.and_then(|made| self.made_check(made)) {
            lets.push(check);
        }
        let value = match ty {
            Type::Inner(callees) if callees.len() == 1 => self.inner(&callees[0]),
            Type::Closure { captures: types, .. } => {
                let kept: Vec<_> = captures.iter().zip(types).map(|(e, t)| self.value_as(e, t)).collect();
                quote!(Closure((#(#kept,)*)))
            }
            _ => self.bail("Unsupported"),
        };
        if lets.is_empty() { value } else { quote!({ #(#lets)* #value }) }
    }

    fn inner(&mut self, callee: &Callee) -> TokenStream {
        let number = Literal::u32_unsuffixed(self.file.inner(callee));
        quote!(Inner(#number))
    }

    /// A call of whatever function the value is.
    pub(super) fn call_value(
        &mut self,
        node: NodeId,
        function: &Expr,
        (args, stars): (&[Expr], &[usize]),
        (keywords, rest): (&[(String, Expr)], Option<&Expr>),
        to: &Type,
    ) -> TokenStream {
        let reached = self.instance.values.get(&node).cloned().unwrap_or_default();
        let mut lets = Vec::new();
        let f = self.val(function);
        let f = self.bind(&f, &mut lets);
        // What is evaluated once for all is kept; a single function takes its arguments as they come.
        let once = reached.len() != 1 || !keywords.is_empty() || !stars.is_empty() || rest.is_some();
        let (mut vals, mut spread) = (Vec::new(), None);
        for (i, arg) in args.iter().enumerate() {
            let val = self.val(arg);
            if !stars.contains(&i) {
                vals.push(if stars.is_empty() { val } else { self.bind(&val, &mut lets) });
                continue;
            }
            let val = self.bind(&val, &mut lets);
            match &val.ty {
                Type::Tuple { items, .. } => {
                    for (at, ty) in items.iter().enumerate() {
                        vals.push(Val::place(super::expr::field(&val.code, at), ty.clone()));
                    }
                }
                Type::List { .. } | Type::VarTuple(_) if reached.iter().any(|r| r.spread.is_some()) => {
                    spread = Some((vals.len(), val));
                }
                _ => lets.push(self.empty_or_bail(&val)),
            }
        }
        let named: Vec<Val> = keywords.iter().map(|(_, a)| self.val(a)).collect();
        let mut keep = |this: &mut Self, list: Vec<Val>| -> Vec<Val> {
            if once { list.iter().map(|v| this.bind(v, &mut lets)).collect() } else { list }
        };
        let (vals, named) = (keep(self, vals), keep(self, named));
        if let Some(rest) = rest {
            let val = self.val(rest);
            let val = self.bind(&val, &mut lets);
            lets.push(self.empty_or_bail(&val));
        }
        let code = match &spread {
            None => self.call_one_of(&f, &reached, &Given { node, args: &vals, named: &named, keywords }, to),
            Some((at, list)) => {
                let count = self.apply("len", std::slice::from_ref(list), &Type::Int);
                let (name, mut code) = (self.fresh("count"), self.bail("Type"));
                for n in 0..=MOST_SPREAD {
                    let those: Vec<Reached> =
                        reached.iter().filter(|r| r.spread == Some(n)).cloned().collect();
                    if those.is_empty() {
                        continue;
                    }
                    let mut vals = vals.clone();
                    let items: Vec<Val> = (0..n).map(|i| self.item_of(list, i)).collect();
                    vals.splice(at..at, items);
                    let given = Given { node, args: &vals, named: &named, keywords };
                    let (call, n) = (self.call_one_of(&f, &those, &given, to), int_literal(n as i64));
                    code = quote!(if #name == #n { #call } else { #code });
                }
                quote!({ let #name = #count; #code })
            }
        };
        if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
    }

    /// An item of a list or tuple that has so many.
    pub(super) fn item_of(&mut self, list: &Val, at: usize) -> Val {
        let (Type::List { elem, .. } | Type::VarTuple(elem)) = &list.ty else {
            return Val::new(self.bail("Type"), Type::Never);
        };
        let args = [list.clone(), Val::new(int_literal(at as i64), Type::Int)];
        Val::new(self.apply("getitem", &args, elem), (**elem).clone())
    }

    /// A call of the one of these functions that the value is.
    fn call_one_of(&mut self, f: &Val, reached: &[Reached], given: &Given<'_>, to: &Type) -> TokenStream {
        self.match_union(f, |this, v| {
            let callees = match &v.ty {
                Type::Function(callees) | Type::Inner(callees) => callees.clone(),
                Type::Closure { callee, captures } => {
                    let found = reached.iter().find(|r| r.callee == *callee)?;
                    let code = &v.code;
                    let kept: Vec<Val> = captures
                        .iter()
                        .enumerate()
                        .map(|(i, t)| {
                            let i = Literal::usize_unsuffixed(i);
                            Val::place(quote!(#code.0.#i), t.clone())
                        })
                        .collect();
                    return Some(this.call_reached(found, &kept, given, to));
                }
                Type::Instance(class) => {
                    let callee = called_of(class);
                    let found = reached.iter().find(|r| r.callee == callee)?.instance;
                    let method = this.file.program.special_method(class, CALLED)?;
                    let (known, path) = this.known_method(class, CALLED, &method);
                    let check = this.method_check(class, &v, &known);
                    let mut all = vec![v.clone()];
                    all.extend(given.args.iter().cloned());
                    let call = this.call_instance(
                        (&class.module, &path),
                        found,
                        &all,
                        (given.keywords, given.named),
                    );
                    let ret = this.file.program.instances[found].ret.clone();
                    return Some(this.finish_call(given.node, &[quote!(#check;)], call, ret, to));
                }
                _ => return None,
            };
            let mut code = this.bail("Type");
            let is_method = |callee: &Callee| this.file.program.method_kept(callee).is_some();
            let parts = callees.iter().any(is_method).then(|| this.fresh("parts"));
            let f = &v.code;
            for callee in callees.iter().rev() {
                let Some(found) = reached.iter().find(|r| r.callee == *callee) else { continue };
                if let Some((class, name, method)) = this.file.program.method_kept(callee) {
                    let (known, _) = this.known_method(&class, &name, &method);
                    let (marker, own) = (object_marker(&class), this.fresh("own"));
                    let is = this.q(quote!(object::bound::<#marker>(cx, #parts, &#known)));
                    let kept = [Val::place(quote!(#own), Type::Instance(class))];
                    let call = this.call_reached(found, &kept, given, to);
                    code = quote!(if let Some(#own) = #is { #call } else { #code });
                    continue;
                }
                let call = this.call_reached(found, &[], given, to);
                let is = match &v.ty {
                    Type::Function(_) => {
                        let path = callee.inside()?;
                        let named = this.file.program.function_named(&callee.module, path)?;
                        let this_one = this.read_function(named, Type::Function(vec![callee.clone()]));
                        let this_one = this_one.owned();
                        quote!(#f.is(#this_one))
                    }
                    _ => {
                        let number = Literal::u32_unsuffixed(this.file.inner(callee));
                        quote!(#f.0 == #number)
                    }
                };
                code = quote!(if #is { #call } else { #code });
            }
            Some(match parts {
                Some(parts) => quote!({ let #parts = #f.in_parts(); #code }),
                None => code,
            })
        })
    }

    /// What is handed on as nothing must be empty.
    fn empty_or_bail(&mut self, val: &Val) -> TokenStream {
        let (truth, bail) = (self.truth(val), self.bail("Type"));
        quote!(if #truth { let () = #bail; })
    }

    /// The call of one of the functions that the value may be.
    fn call_reached(&mut self, found: &Reached, kept: &[Val], given: &Given<'_>, to: &Type) -> TokenStream {
        let target = &self.file.program.instances[found.instance];
        let (hir, ret) = (target.hir.clone(), target.ret.clone());
        let params: Vec<Type> = (0..hir.params.len()).map(|i| target.entry_type(i)).collect();
        let rust_name = self.file.want(found.instance);
        let sources = value_args(&found.callee, &hir.params, kept.len(), given.args.len(), given.keywords);
        let codes: Vec<TokenStream> = sources
            .unwrap_or_default()
            .iter()
            .zip(&params)
            .map(|(source, ty)| match source {
                ValueArg::Kept(i) => self.coerce(&kept[*i], ty),
                ValueArg::Given(ArgSource::Positional(i)) => self.coerce(&given.args[*i], ty),
                ValueArg::Given(ArgSource::Keyword(i)) => self.coerce(&given.named[*i], ty),
                ValueArg::Given(ArgSource::Rest(from)) => self.rest(&given.args[*from..], ty),
                ValueArg::Given(ArgSource::NoKeywords) => self.new_container(ty),
                ValueArg::Given(ArgSource::Names(names)) => {
                    self.names(given.keywords, given.named, *names, ty)
                }
                // What is kept has it; only methods are given items.
                ValueArg::Given(ArgSource::Default | ArgSource::Item(..)) => self.bail("Unsupported"),
            })
            .collect();
        // What has no text of its own is no frame, but what `partial` makes is C code that calls Python's.
        let depth = match found.callee.inside() {
            Some(what) if what.starts_with("partial ") => self.q(quote!(cx.call_through_cache())),
            Some(_) => quote!(cx),
            None => self.depth_of(found.instance),
        };
        let call = quote!(#rust_name(#depth, #(#codes),*));
        self.finish_call(given.node, &[], call, ret, to)
    }

    /// What `**kwargs` gets of the keywords.
    pub(super) fn names(
        &mut self,
        keywords: &[(String, Expr)],
        vals: &[Val],
        names: u64,
        to: &Type,
    ) -> TokenStream {
        let Type::Dict { key, value, .. } = to else { return self.bail("Unsupported") };
        let (dict, new) = (self.fresh("names"), self.new_container(to));
        let mut sets = Vec::new();
        for (k, ((name, _), val)) in keywords.iter().zip(vals).enumerate() {
            if names >> k & 1 == 0 {
                continue;
            }
            let text = self.file.string(name);
            let get = self.q(quote!(#text.get(cx)));
            let key = self.coerce(&Val::place(quote!((*#get)), Type::Str), key);
            let value = self.coerce(val, value);
            let set = self.q(quote!(dict::set(cx, &#dict, #key, #value)));
            sets.push(quote!(#set;));
        }
        quote!({ let #dict = #new; #(#sets)* #dict })
    }

    /// Is the body of `key` a call of what always is None?
    pub(super) fn is_no_key(&self, body: &Expr) -> bool {
        matches!(&body.kind, ExprKind::CallValue { function, .. } if self.node(function.id) == Type::None)
    }

    /// Only a function that may be missing is looked at.
    pub(super) fn made_check(&mut self, made: &Expr) -> Option<TokenStream> {
        let ExprKind::Local(var) = made.kind else { return None };
        self.hir.vars[var].maybe_unbound.then(|| {
            let name = self.var_ident(var);
            let check = self.q(quote!(bound(&#name)));
            quote!(let _ = #check;)
        })
    }
}
