//! Statements and assignment targets.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::types::Val;
use super::{Final, Func, Loop, RowHoist};
use crate::hir::visit::defines;
use crate::hir::{self, Catch, ExprKind, Handler, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::Guard;
use crate::ops;
use crate::ty::{DictKind, Type};

impl Func<'_, '_, '_> {
    pub(super) fn block(&mut self, body: &[Stmt]) -> Vec<TokenStream> {
        let mut out = Vec::new();
        let mut last_line = 0;
        for stmt in body {
            if let Some((line, text)) = self.source_line(stmt)
                && line != last_line
            {
                last_line = line;
                let comment = format!("{line}: {text}");
                out.push(quote!(py!(#comment);));
            }
            out.push(self.stmt(stmt));
            if !self.falls_off(std::slice::from_ref(stmt)) {
                break;
            }
        }
        out
    }

    fn source_line(&self, stmt: &Stmt) -> Option<(usize, String)> {
        let (file, _) = self.file.program.modules.module(&self.instance.func.module)?;
        let line = file.line(stmt.span.start);
        Some((line, file.line_text(line).trim().to_string()))
    }

    fn stmt(&mut self, stmt: &Stmt) -> TokenStream {
        match &stmt.kind {
            StmtKind::Pass => quote!(),
            StmtKind::Forget { var, .. } => {
                let name = self.var_ident(*var);
                quote!(#name = None;)
            }
            StmtKind::Expr(e) => {
                let val = self.val(e);
                let code = val.by_ref();
                if val.place {
                    quote!(let _ = #code;)
                } else {
                    let code = &val.code;
                    quote!(let _ = #code;)
                }
            }
            StmtKind::Assign { targets, value } => self.assign_all(targets, value),
            StmtKind::AugAssign { target, op, value, id } => self.aug_assign(target, *op, value, *id),
            StmtKind::If { test, body, orelse } if self.decide(test).is_some() => {
                let live = if self.decide(test) == Some(true) { body } else { orelse };
                let live = self.block(live);
                quote!(#(#live)*)
            }
            StmtKind::If { test, body, orelse } => {
                let test = self.test(test);
                let body = self.block(body);
                if orelse.is_empty() {
                    return quote!(if #test { #(#body)* });
                }
                let orelse = self.block(orelse);
                quote!(if #test { #(#body)* } else { #(#orelse)* })
            }
            StmtKind::While { test, body, orelse } => self.while_loop(test, body, orelse),
            StmtKind::For { target, iter, body, orelse } => {
                let mut assigned = defines(iter);
                assigned.extend(defines(target));
                assigned.extend(defines(body));
                self.rows.push(RowHoist { assigned, found: Vec::new() });
                let code = self.for_each(iter, &mut |f, item| {
                    let assign = f.assign(target, &item);
                    let body = f.block(body);
                    quote!(#assign #(#body)*)
                });
                let rows = self.rows.pop().map_or_else(Vec::new, |r| r.found);
                let lookups: Vec<_> = rows
                    .iter()
                    .map(|(list, index, name)| {
                        let (list, index) = (self.var_ident(*list), self.var_ident(*index));
                        quote!(let #name = list::row(cx, &#list, #index);)
                    })
                    .collect();
                let orelse = self.block(orelse);
                let code = code.finish(&orelse);
                if lookups.is_empty() { code } else { quote!({ #(#lookups)* #code }) }
            }
            StmtKind::Return(value) => self.return_stmt(value.as_ref()),
            StmtKind::Break => {
                let Some(l) = self.loops.last() else { return quote!() };
                let (label, finals) = (l.breaks.clone(), l.finals);
                let run = self.run_finals(finals);
                quote!(#run break #label;)
            }
            StmtKind::Continue => {
                let Some(l) = self.loops.last() else { return quote!() };
                let (label, finals) = (l.continues.clone(), l.finals);
                let run = self.run_finals(finals);
                quote!(#run continue #label;)
            }
            StmtKind::Raise { class, args } => {
                let mut first = Vec::new();
                for arg in args {
                    if self.is_idle(arg) {
                        continue;
                    }
                    let code = self.val(arg).by_ref();
                    first.push(quote!(let _ = #code;));
                }
                let class = format_ident!("{class}");
                let leave = self.leave(quote!(exc::<()>(Exc::#class)));
                quote!(#(#first)* #leave)
            }
            StmtKind::Bail => self.leave(quote!(bail::<()>(Bail::Unsupported))),
            StmtKind::Reraise => match self.handlers.last() {
                Some(slot) => {
                    let slot = slot.clone();
                    self.leave(quote!(Err::<(), Stop>(#slot)))
                }
                None => self.leave(quote!(bail::<()>(Bail::Unsupported))),
            },
            StmtKind::Try { body, handlers, orelse, finalbody } if finalbody.is_empty() => {
                self.try_stmt(body, handlers, orelse)
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                self.finally_stmt(body, handlers, orelse, finalbody)
            }
            StmtKind::Narrow(narrows) => self.narrow(narrows),
            StmtKind::Delete(targets) => {
                let codes: Vec<_> = targets.iter().map(|t| self.delete(t)).collect();
                quote!(#(#codes)*)
            }
        }
    }

    /// Evaluating it cannot be noticed.
    fn is_idle(&self, e: &hir::Expr) -> bool {
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) => true,
            ExprKind::Str(_) | ExprKind::Bytes(_) => true,
            ExprKind::Local(var) => !self.hir.vars[*var].maybe_unbound,
            ExprKind::Tuple(items) => items.iter().all(|e| self.is_idle(e)),
            ExprKind::FString(parts) => parts.iter().all(|part| match part {
                hir::FPart::Literal(_) => true,
                hir::FPart::Value { value, spec, .. } => spec.is_empty() && self.is_idle(value),
            }),
            _ => false,
        }
    }

    /// Does the handler catch what is in the slot? All that its head names is looked up first, as CPython does.
    fn caught(&mut self, handler: &Handler, slot: &proc_macro2::Ident) -> TokenStream {
        if handler.classes.is_empty() {
            return quote!(#slot.matches(Exc::BaseException));
        }
        let (mut looked, mut known) = (Vec::new(), Vec::new());
        for class in &handler.classes {
            let object = match class {
                Catch::Builtin(name) => {
                    let class = format_ident!("{name}");
                    known.push(quote!(#slot.matches(Exc::#class)));
                    continue;
                }
                Catch::Global(name) => {
                    let module = self.instance.func.module.clone();
                    Some(self.file.slot(self.index, &module, false, Guard::Value(name.clone())))
                }
                Catch::Attr { module, name } => {
                    let home = self.file.program.module_named(&self.instance.func.module, module);
                    home.map(|home| self.file.slot(self.index, &home, false, Guard::Value(name.clone())))
                }
                Catch::Unknown => None,
            };
            looked.push(match object {
                Some((space, at)) => {
                    let (space, at) = (format_ident!("NS_{space}"), Literal::usize_unsuffixed(at));
                    let object = self.q(quote!(#space.load::<Obj>(cx, #at)));
                    self.q(quote!(catches(#slot, #object)))
                }
                None => self.q(quote!(undecided(#slot))),
            });
        }
        if looked.is_empty() { quote!(#(#known)||*) } else { quote!(#(#looked)|* #(| #known)*) }
    }

    /// Leaves the function, or enters a handler: `code` is an `Err`.
    fn leave(&mut self, code: TokenStream) -> TokenStream {
        match self.tries.last() {
            Some((label, slot)) if self.closures == 0 => {
                quote!({ #slot = stop_of(#code); break #label; })
            }
            _ => quote!(return Err(stop_of(#code));),
        }
    }

    fn return_stmt(&mut self, value: Option<&hir::Expr>) -> TokenStream {
        let ret = self.instance.ret.clone();
        if !self.finals.is_empty() {
            // The value first, then every `finally` on the way out.
            let code = match value {
                Some(e) => self.value_as(e, &ret),
                None => self.coerce(&Val::new(quote!(()), Type::None), &ret),
            };
            let (name, run) = (self.fresh("ret"), self.run_finals(0));
            return quote!({ let #name = #code; #run return Ok(#name); });
        }
        let Some(e) = value else {
            let none = self.coerce(&Val::new(quote!(()), Type::None), &ret);
            return quote!(return Ok(#none););
        };
        let mut mark = quote!();
        if let ExprKind::Local(var) = e.kind
            && !self.assigned.contains(&var)
            && let Some(i) = self.hir.params.iter().position(|p| p.var == var)
            && self.instance.vars[var].identity_free()
        {
            let i = Literal::usize_unsuffixed(i);
            mark = quote!(cx.ret_arg(#i););
        }
        let value = self.value_as(e, &ret);
        if mark.is_empty() { quote!(return Ok(#value);) } else { quote!({ #mark return Ok(#value); }) }
    }

    fn while_loop(&mut self, test: &hir::Expr, body: &[Stmt], orelse: &[Stmt]) -> TokenStream {
        if self.decide(test) == Some(false) {
            let orelse = self.block(orelse);
            return quote!(#(#orelse)*);
        }
        let (breaks, continues) = (self.label("b"), self.label("c"));
        self.nested_loops += 1;
        let tick = self.tick();
        let literal = match test.kind {
            ExprKind::Bool(b) => b,
            ExprKind::Int(i) => i != 0,
            _ => false,
        };
        let test = if literal { quote!(true) } else { self.test(test) };
        // Written out, or found by the types.
        let always = test.to_string() == "true";
        self.loops.push(Loop {
            breaks: breaks.clone(),
            continues: continues.clone(),
            finals: self.finals.len(),
        });
        let body = self.block(body);
        self.loops.pop();
        let orelse = self.block(orelse);
        if always {
            return self.labelled_loop(&breaks, &continues, quote!(loop), quote!(#tick #(#body)*), &[]);
        }
        self.labelled_loop(&breaks, &continues, quote!(while #test), quote!(#tick #(#body)*), &orelse)
    }

    /// A loop with its `else`; labels stand only where something jumps to them.
    pub(super) fn labelled_loop(
        &self,
        breaks: &syn::Lifetime,
        continues: &syn::Lifetime,
        head: TokenStream,
        body: TokenStream,
        orelse: &[TokenStream],
    ) -> TokenStream {
        let inner = if mentions(&body, continues) {
            quote!(#continues: #head { #body })
        } else {
            quote!(#head { #body })
        };
        if mentions(&body, breaks) {
            quote!(#breaks: { #inner #(#orelse)* })
        } else {
            quote!(#inner #(#orelse)*)
        }
    }

    pub(super) fn tick(&mut self) -> TokenStream {
        self.uses_fuel = true;
        let tick = self.q(quote!(cx.tick(&mut fuel)));
        quote!(#tick;)
    }

    fn try_stmt(&mut self, body: &[Stmt], handlers: &[Handler], orelse: &[Stmt]) -> TokenStream {
        let (done, label) = (self.label("done"), self.label("try"));
        let slot = self.fresh("stop");
        self.tries.push((label.clone(), slot.clone()));
        let falls = self.falls_off(body) && self.falls_off(orelse);
        let body = self.block(body);
        self.tries.pop();
        let orelse = self.block(orelse);
        let leave = if falls { quote!(break #done;) } else { quote!() };
        let mut arms = Vec::new();
        for handler in handlers {
            let test = self.caught(handler, &slot);
            self.handlers.push(slot.clone());
            let leave = if self.falls_off(&handler.body) { quote!(break #done;) } else { quote!() };
            let body = self.block(&handler.body);
            self.handlers.pop();
            arms.push(quote! {
                if #test {
                    #(#body)*
                    #leave
                }
            });
        }
        let rest = self.leave(quote!(Err::<(), Stop>(#slot)));
        quote! {
            #done: {
                let mut #slot: Stop;
                #label: {
                    #(#body)*
                    #(#orelse)*
                    #leave
                }
                #(#arms)*
                #rest
            }
        }
    }

    /// `try … finally`: the final block stands on every way out, exceptions included; a bailout passes it by.
    fn finally_stmt(
        &mut self,
        body: &[Stmt],
        handlers: &[Handler],
        orelse: &[Stmt],
        finalbody: &[Stmt],
    ) -> TokenStream {
        let (done, label, slot) = (self.label("done"), self.label("try"), self.fresh("stop"));
        let inner_falls = (self.falls_off(body) && self.falls_off(orelse))
            || handlers.iter().any(|h| self.falls_off(&h.body));
        self.tries.push((label.clone(), slot.clone()));
        self.finals.push(Final {
            body: finalbody.to_vec(),
            tries: self.tries.len() - 1,
            handlers: self.handlers.len(),
        });
        let inner = if handlers.is_empty() {
            let mut code = self.block(body);
            code.extend(self.block(orelse));
            quote!(#(#code)*)
        } else {
            self.try_stmt(body, handlers, orelse)
        };
        self.finals.pop();
        self.tries.pop();
        let normal = if inner_falls {
            let code = self.block(finalbody);
            let leave = if self.falls_off(finalbody) { quote!(break #done;) } else { quote!() };
            quote!(#(#code)* #leave)
        } else {
            quote!()
        };
        self.handlers.push(slot.clone());
        let raised = self.block(finalbody);
        self.handlers.pop();
        let again = self.leave(quote!(Err::<(), Stop>(#slot)));
        quote! {
            #done: {
                let mut #slot: Stop;
                #label: {
                    #inner
                    #normal
                }
                if #slot.as_exc().is_some() {
                    #(#raised)*
                }
                #again
            }
        }
    }

    /// The code of the `finally` blocks that a jump passes, innermost first, down to the `down_to`-th.
    fn run_finals(&mut self, down_to: usize) -> TokenStream {
        let mut out = Vec::new();
        let saved = (self.finals.clone(), self.tries.clone(), self.handlers.clone());
        while self.finals.len() > down_to {
            let last = self.finals.pop().expect("there is one more");
            self.tries.truncate(last.tries);
            self.handlers.truncate(last.handlers);
            out.extend(self.block(&last.body));
        }
        (self.finals, self.tries, self.handlers) = saved;
        quote!(#(#out)*)
    }

    fn delete(&mut self, target: &Target) -> TokenStream {
        match &target.kind {
            TargetKind::Var(var) => {
                let name = self.var_ident(*var);
                if self.hir.vars[*var].cell {
                    let check = self.q(quote!(#name.take()));
                    return quote!(#check;);
                }
                if self.hir.vars[*var].maybe_unbound {
                    let check = self.q(quote!(bound(&#name)));
                    return quote!(let _ = #check; #name = None;);
                }
                quote!()
            }
            TargetKind::Global(_) => self.leave(quote!(bail::<()>(Bail::Unsupported))),
            TargetKind::Tuple(items) => {
                let codes: Vec<_> = items.iter().map(|t| self.delete(t)).collect();
                quote!(#(#codes)*)
            }
            TargetKind::Starred { .. } => quote!(),
            TargetKind::Index { base, index } => {
                let args = [self.val(base), self.val(index)];
                let code = self.apply("delitem", &args, &Type::None);
                quote!(#code;)
            }
            TargetKind::Slice { base, lower, upper, step } => {
                let args = [self.val(base), self.opt(lower), self.opt(upper), self.opt(step)];
                let code = self.apply("delslice", &args, &Type::None);
                quote!(#code;)
            }
        }
    }

    fn aug_assign(
        &mut self,
        target: &Target,
        op: hir::BinOp,
        value: &hir::Expr,
        id: hir::NodeId,
    ) -> TokenStream {
        let (base, index) = match &target.kind {
            TargetKind::Index { base, index } => (base, index),
            TargetKind::Slice { base, lower, upper, step } => {
                return self.aug_slice(base, [lower, upper, step], op, value);
            }
            _ => return quote!(),
        };
        if let Some(code) = self.count(base, index, op, value, &self.node(target.id)) {
            return code;
        }
        let mut lets = Vec::new();
        let b = self.val(base);
        let b = self.bind(&b, &mut lets);
        let i = self.val(index);
        let i = self.bind(&i, &mut lets);
        let old_ty = self.node(target.id);
        let old = Val::new(self.getitem(&b, &i, &old_ty), old_ty);
        let old = self.bind(&old, &mut lets);
        let v = self.val(value);
        let v = self.bind(&v, &mut lets);
        let new_ty = self.at(id, |f| f.aug_type(op, &old.ty, &v.ty));
        let new = Val::new(self.at(id, |f| f.in_place(op, &old, &v, &new_ty)), new_ty);
        let new = self.bind(&new, &mut lets);
        let set = self.apply("setitem", &[b, i, new], &Type::None);
        quote!({ #(#lets)* #set; })
    }

    /// `d[k] += 1` of a `defaultdict` or `Counter` with one look-up, where nothing but the sum can happen in between.
    fn count(
        &mut self,
        base: &hir::Expr,
        index: &hir::Expr,
        op: hir::BinOp,
        by: &hir::Expr,
        old_ty: &Type,
    ) -> Option<TokenStream> {
        let Type::Dict { key, value, kind: DictKind::Default | DictKind::Counter, .. } = self.node(base.id)
        else {
            return None;
        };
        let plain = match &by.kind {
            ExprKind::Int(_) | ExprKind::Float(_) => true,
            ExprKind::Local(v) => !self.hir.vars[*v].maybe_unbound,
            _ => false,
        };
        if !plain
            || !matches!(op, hir::BinOp::Add | hir::BinOp::Sub)
            || !matches!(*value, Type::Int | Type::Float)
            || self.node(by.id) != *value
            || *old_ty != *value
            || self.node(index.id) != *key
        {
            return None;
        }
        let (dict, key) = (self.val(base).by_ref(), self.value_as(index, &key));
        let old = self.fresh("old");
        let new = self.in_closure(|f| {
            let by = f.val(by);
            f.binary(op, &Val::new(quote!(#old), (*value).clone()), &by, &value)
        });
        let code = self.q(quote!(dict::recount(cx, #dict, #key, |#old| Ok(#new))));
        Some(quote!(#code;))
    }

    /// `xs[a:b] += value`: a copy of the part grows and goes back.
    fn aug_slice(
        &mut self,
        base: &hir::Expr,
        bounds: [&Option<Box<hir::Expr>>; 3],
        op: hir::BinOp,
        value: &hir::Expr,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let mut args = vec![self.val(base)];
        args.extend(bounds.map(|bound| self.opt(bound)));
        let mut args: Vec<Val> = args.iter().map(|a| self.bind(a, &mut lets)).collect();
        let Type::List { elem, .. } = args[0].ty.clone() else {
            return self.leave(quote!(bail::<()>(Bail::Unsupported)));
        };
        let part = Type::List { elem, in_place: false };
        let old = Val::new(self.apply("getslice", &args, &part), part.clone());
        let old = self.bind(&old, &mut lets);
        let v = self.val(value);
        let v = self.bind(&v, &mut lets);
        let new = Val::new(self.in_place(op, &old, &v, &part), part);
        args.push(self.bind(&new, &mut lets));
        let set = self.apply("setslice", &args, &Type::None);
        quote!({ #(#lets)* #set; })
    }

    /// The type of `old op value`, over all members.
    fn aug_type(&self, op: hir::BinOp, old: &Type, value: &Type) -> Type {
        if matches!(old, Type::List { .. } | Type::Set { frozen: false, .. })
            || (op == hir::BinOp::BitOr
                && matches!(old, Type::Dict { kind: DictKind::Plain | DictKind::Default, .. }))
        {
            return old.clone();
        }
        let mut out = Type::Never;
        for a in old.members() {
            for b in value.members() {
                if let (hir::BinOp::Add, Type::Tuple { items: x, from_py }, Type::Tuple { items: y, .. }) =
                    (op, a, b)
                {
                    let items = x.iter().chain(y).cloned().collect();
                    out = Type::join(&out, &Type::Tuple { items, from_py: *from_py });
                } else if let (hir::BinOp::Add, Type::VarTuple(x), Type::VarTuple(_) | Type::Tuple { .. }) =
                    (op, a, b)
                {
                    out = Type::join(&out, &Type::VarTuple(x.clone()));
                } else {
                    let types = vec![a.clone(), b.clone()];
                    let widened = if self.wide { ops::widened(op.symbol(), &types) } else { None };
                    let (name, types) = widened.unwrap_or_else(|| (op.symbol().to_string(), types));
                    let Some((row, binding)) = ops::select(&name, &types) else { continue };
                    out = Type::join(&out, &row.ret.instantiate(&binding));
                }
            }
        }
        out
    }

    fn assign_all(&mut self, targets: &[Target], value: &hir::Expr) -> TokenStream {
        // `a, b = x, y`: no tuple is made where the parts go to plain variables.
        if let ([Target { kind: TargetKind::Tuple(items), .. }], ExprKind::Tuple(values)) =
            (targets, &value.kind)
            && items.len() == values.len()
        {
            let mut lets = Vec::new();
            let vals: Vec<Val> = values
                .iter()
                .map(|v| {
                    let val = self.val(v);
                    // Read before anything is written.
                    let (name, code) = (self.fresh("v"), val.owned());
                    lets.push(quote!(let #name = #code;));
                    Val::new(quote!(#name), val.ty)
                })
                .collect();
            let sets: Vec<_> = items.iter().zip(&vals).map(|(t, v)| self.assign(t, v)).collect();
            return quote!({ #(#lets)* #(#sets)* });
        }
        if let [target] = targets
            && let Some(code) = self.upsert(target, value)
        {
            return code;
        }
        let val = self.val(value);
        if let [target] = targets {
            return self.assign(target, &val);
        }
        let (name, code) = (self.fresh("v"), val.owned());
        let shared = Val::place(quote!(#name), val.ty);
        let sets: Vec<_> = targets.iter().map(|t| self.assign(t, &shared)).collect();
        quote!({ let #name = #code; #(#sets)* })
    }

    /// `d[k] = d.get(k, c) op x` with one look-up, where nothing but the operation can happen in between.
    fn upsert(&mut self, target: &Target, value: &hir::Expr) -> Option<TokenStream> {
        let TargetKind::Index { base, index } = &target.kind else { return None };
        let ExprKind::Binary { op, left, right } = &value.kind else { return None };
        let ExprKind::Method { base: from, name, args, keywords } = &left.kind else { return None };
        let [key, default] = args.as_slice() else { return None };
        let local = |e: &hir::Expr| match e.kind {
            ExprKind::Local(v) if !self.hir.vars[v].maybe_unbound && !self.hir.vars[v].cell => Some(v),
            _ => None,
        };
        let constant = |e: &hir::Expr| matches!(e.kind, ExprKind::Int(_) | ExprKind::Float(_));
        let same = |a: &hir::Expr, b: &hir::Expr| local(a).is_some() && local(a) == local(b);
        if name != "get"
            || !keywords.is_empty()
            || !same(base, from)
            || !same(index, key)
            || !constant(default)
            || !(constant(right) || local(right).is_some())
        {
            return None;
        }
        let Type::Dict { key: key_ty, value: value_ty, .. } = self.node(base.id) else { return None };
        if self.node(default.id) != *value_ty
            || self.node(value.id) != *value_ty
            || self.node(index.id) != *key_ty
        {
            return None;
        }
        let (dict, key) = (self.val(base).by_ref(), self.value_as(index, &key_ty));
        let default = self.value_as(default, &value_ty);
        let old = self.fresh("old");
        let new = self.in_closure(|f| {
            let right = f.val(right);
            f.binary(*op, &Val::new(quote!(#old), (*value_ty).clone()), &right, &value_ty)
        });
        let code = self.q(quote!(dict::upsert(cx, #dict, #key, #default, |#old| Ok(#new))));
        Some(quote!(#code;))
    }

    /// Assigns variables to others of fewer types.
    pub(super) fn narrow(&mut self, narrows: &[hir::Narrow]) -> TokenStream {
        let mut code = quote!();
        for n in narrows {
            let (from, to) = (self.instance.vars[n.from].clone(), self.instance.vars[n.to].clone());
            if n.from != n.to {
                let name = self.var_ident(n.from);
                let value = self.coerce(&Val::place(quote!(#name), from), &to);
                let store = self.store(n.to, value);
                code.extend(store);
            }
        }
        code
    }

    /// Assigns an owned value to a variable.
    pub(super) fn store(&mut self, var: VarId, code: TokenStream) -> TokenStream {
        let name = self.var_ident(var);
        if self.hir.vars[var].cell {
            return quote!(#name.set(#code););
        }
        if self.hir.vars[var].maybe_unbound { quote!(#name = Some(#code);) } else { quote!(#name = #code;) }
    }

    pub(super) fn assign(&mut self, target: &Target, val: &Val) -> TokenStream {
        match &target.kind {
            TargetKind::Var(var) => {
                let ty = self.instance.vars[*var].clone();
                let code = self.coerce(val, &ty);
                self.store(*var, code)
            }
            TargetKind::Global(name) => {
                let ty = self.instance.globals.get(name).cloned().unwrap_or(Type::Never);
                let code = self.coerce(val, &ty);
                let module = self.instance.func.module.clone();
                let (space, slot) = self.file.slot(self.index, &module, false, Guard::Value(name.clone()));
                let (space, slot) = (format_ident!("NS_{space}"), Literal::usize_unsuffixed(slot));
                let rust = super::types::rust_type(&ty);
                let store = self.q(quote!(#space.store::<#rust>(cx, #slot, #code)));
                quote!(#store;)
            }
            TargetKind::Index { base, index } => {
                let mut lets = Vec::new();
                let val = self.bind(val, &mut lets);
                let args = [self.val(base), self.val(index), val];
                let set = self.apply("setitem", &args, &Type::None);
                scoped(&lets, quote!(#set;))
            }
            TargetKind::Slice { base, lower, upper, step } => {
                let mut lets = Vec::new();
                let val = self.bind(val, &mut lets);
                let base = self.val(base);
                let val = self.listed(&base, &val, &mut lets);
                let args = [base, self.opt(lower), self.opt(upper), self.opt(step), val];
                let set = self.apply("setslice", &args, &Type::None);
                quote!({ #(#lets)* #set; })
            }
            TargetKind::Tuple(items) => self.unpack(items, val),
            TargetKind::Starred { before, star, after } => self.unpack_starred(before, star, after, val),
        }
    }

    /// What is stored into a slice of `base`, as a list of its elements' type.
    fn listed(&mut self, base: &Val, val: &Val, lets: &mut Vec<TokenStream>) -> Val {
        if val.ty.members().iter().any(|t| matches!(t, Type::List { .. } | Type::View(_))) {
            return val.clone();
        }
        let elem = match (&base.ty, &val.ty) {
            (Type::ByteArray, Type::Bytes | Type::ByteArray) => return val.clone(),
            (Type::ByteArray, _) => Box::new(Type::Int),
            (Type::List { elem, .. }, _) => elem.clone(),
            _ => return val.clone(),
        };
        let ty = Type::List { elem, in_place: false };
        let (list, new) = (self.fresh("list"), self.new_container(&ty));
        let place = Val::place(quote!(#list), ty);
        let extend = self.extend(&place, val);
        lets.push(quote!(let #list = #new; #extend;));
        place
    }

    fn unpack(&mut self, items: &[Target], val: &Val) -> TokenStream {
        let mut lets = Vec::new();
        let val = self.bind(val, &mut lets);
        let n = items.len();
        // The arm of a `match` is one expression.
        let arm = |code: TokenStream| if matches!(val.ty, Type::Union(_)) { quote!({ #code }) } else { code };
        let code = self.match_union(&val, |f, v| {
            let (prefix, v) = f.listed_set(v);
            let code = &v.code;
            let count = Literal::i64_suffixed(n as i64);
            let get: Box<dyn Fn(usize) -> TokenStream> = match &v.ty {
                Type::Tuple { items: types, .. } if types.len() == n => {
                    let sets: Vec<_> = items
                        .iter()
                        .zip(types)
                        .enumerate()
                        .map(|(i, (t, ty))| {
                            let i = Literal::usize_unsuffixed(i);
                            f.assign(t, &Val::place(quote!(#code.#i), ty.clone()))
                        })
                        .collect();
                    return Some(arm(quote!(#(#sets)*)));
                }
                Type::Iter(elem) => return Some(f.unpack_iterator(items, code, elem)),
                Type::List { .. } | Type::View(_) => Box::new(|i| {
                    let i = Literal::i64_suffixed(i as i64);
                    quote!(list::get(cx, &#code, #i))
                }),
                Type::VarTuple(_) => Box::new(|i| {
                    let i = Literal::i64_suffixed(i as i64);
                    quote!(tuple::get(cx, &#code, #i))
                }),
                Type::Str => Box::new(|i| {
                    let i = Literal::i64_suffixed(i as i64);
                    quote!(pystr::get(cx, &#code, #i))
                }),
                _ => return Some(f.not_unpacked()),
            };
            let (len, elem) = match &v.ty {
                Type::List { elem, .. } | Type::View(elem) => {
                    (quote!(list::len(cx, &#code)), (**elem).clone())
                }
                Type::VarTuple(elem) => (quote!(tuple::len(cx, &#code)), (**elem).clone()),
                _ => (quote!(pystr::len(&#code)), Type::Char),
            };
            let leave = f.leave(quote!(exc::<()>(Exc::ValueError)));
            let parts: Vec<_> = (0..n).map(|i| f.q(get(i))).collect();
            let names: Vec<_> = (0..n).map(|_| f.fresh("p")).collect();
            let sets: Vec<_> = items
                .iter()
                .zip(&names)
                .map(|(t, x)| f.assign(t, &Val::new(quote!(#x), elem.clone())))
                .collect();
            Some(arm(quote!(#prefix if #len != #count { #leave } #(let #names = #parts;)* #(#sets)*)))
        });
        scoped(&lets, code)
    }

    /// A set is unpacked as the list of its elements.
    fn listed_set(&mut self, val: Val) -> (TokenStream, Val) {
        let Type::Set { elem, .. } = &val.ty else { return (quote!(), val) };
        let (list, set) = (self.fresh("list"), val.by_ref());
        let code = self.q(quote!(set::to_list(cx, #set)));
        let ty = Type::List { elem: elem.clone(), in_place: false };
        (quote!(let #list = #code;), Val::place(quote!(#list), ty))
    }

    /// Nothing is assigned, and `rustc` sees that nothing goes on from here.
    fn not_unpacked(&mut self) -> TokenStream {
        let leave = self.leave(quote!(bail::<()>(Bail::Type)));
        quote!({ #leave })
    }

    /// Takes one element more than there are targets, as CPython does.
    fn unpack_iterator(&mut self, items: &[Target], code: &TokenStream, elem: &Type) -> TokenStream {
        let leave = self.leave(quote!(exc::<()>(Exc::ValueError)));
        let (mut steps, mut sets) = (Vec::new(), Vec::new());
        for target in items {
            let (name, step) = (self.fresh("p"), self.q(quote!(#code.next(cx))));
            steps.push(quote!(let Some(#name) = #step else { #leave };));
            sets.push(self.assign(target, &Val::new(quote!(#name), elem.clone())));
        }
        let last = self.q(quote!(#code.next(cx)));
        quote!({ #(#steps)* if #last.is_some() { #leave } #(#sets)* })
    }

    /// `a, *b, c = value`
    fn unpack_starred(
        &mut self,
        before: &[Target],
        star: &Target,
        after: &[Target],
        val: &Val,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let val = self.bind(val, &mut lets);
        let (b, a) = (before.len(), after.len());
        let code = self.match_union(&val, |f, v| {
            let (prefix, v) = f.listed_set(v);
            let code = &v.code;
            if let Type::Tuple { items, .. } = &v.ty {
                if items.len() < b + a {
                    return Some(f.not_unpacked());
                }
                let at = |i: usize| {
                    let i = Literal::usize_unsuffixed(i);
                    quote!(#code.#i)
                };
                let middle = b..items.len() - a;
                let elem = items[middle.clone()].iter().fold(Type::Never, |acc, t| Type::join(&acc, t));
                let parts: Vec<_> =
                    middle.clone().map(|i| f.coerce(&Val::place(at(i), items[i].clone()), &elem)).collect();
                let (t, n) = (super::types::rust_type(&elem), Literal::usize_unsuffixed(parts.len()));
                let list = f.q(quote!(list::of::<#t, #n>(cx, [#(#parts),*])));
                let list = Val::new(list, Type::List { elem: Box::new(elem), in_place: false });
                let mut sets = Vec::new();
                for (i, t) in before.iter().enumerate() {
                    sets.push(f.assign(t, &Val::place(at(i), items[i].clone())));
                }
                sets.push(f.assign(star, &list));
                for (i, t) in after.iter().enumerate() {
                    let i = items.len() - a + i;
                    sets.push(f.assign(t, &Val::place(at(i), items[i].clone())));
                }
                return Some(quote!({ #(#sets)* }));
            }
            let (len, elem, get, slice) = match &v.ty {
                Type::List { elem, .. } | Type::View(elem) => {
                    (quote!(list::len(cx, &#code)), (**elem).clone(), quote!(list::get), quote!(list::slice))
                }
                Type::VarTuple(elem) => {
                    (quote!(tuple::len(cx, &#code)), (**elem).clone(), quote!(tuple::get), quote!(tuple_list))
                }
                Type::Str => (quote!(pystr::len(&#code)), Type::Char, quote!(pystr::get), quote!(str_list)),
                _ => return Some(f.not_unpacked()),
            };
            let (fixed, b_lit, a_lit) = (
                Literal::i64_suffixed((a + b) as i64),
                Literal::i64_suffixed(b as i64),
                Literal::i64_suffixed(a as i64),
            );
            let leave = f.leave(quote!(exc::<()>(Exc::ValueError)));
            let n = f.fresh("n");
            let mut reads = Vec::new();
            let mut sets = Vec::new();
            for (i, t) in before.iter().enumerate() {
                let (name, i) = (f.fresh("p"), Literal::i64_suffixed(i as i64));
                let read = f.q(quote!(#get(cx, &#code, #i)));
                reads.push(quote!(let #name = #read;));
                sets.push(f.assign(t, &Val::new(quote!(#name), elem.clone())));
            }
            let middle = f.fresh("star");
            let read = f.q(quote!(#slice(cx, &#code, Some(#b_lit), Some(#n - #a_lit), None)));
            reads.push(quote!(let #middle = #read;));
            let list = Type::List { elem: Box::new(elem.clone()), in_place: false };
            sets.push(f.assign(star, &Val::new(quote!(#middle), list)));
            for (i, t) in after.iter().enumerate() {
                let (name, back) = (f.fresh("p"), Literal::i64_suffixed((a - i) as i64));
                let read = f.q(quote!(#get(cx, &#code, #n - #back)));
                reads.push(quote!(let #name = #read;));
                sets.push(f.assign(t, &Val::new(quote!(#name), elem.clone())));
            }
            Some(quote!({ #prefix let #n = #len; if #n < #fixed { #leave } #(#reads)* #(#sets)* }))
        });
        quote!({ #(#lets)* #code })
    }
}

/// Statements with temporaries of their own, in a block only if there are any.
fn scoped(lets: &[TokenStream], code: TokenStream) -> TokenStream {
    if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
}

/// Does the label occur in the code?
pub(super) fn mentions(code: &TokenStream, label: &syn::Lifetime) -> bool {
    let mut quote = false;
    code.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Punct(p) => {
            quote = p.as_char() == '\'';
            false
        }
        proc_macro2::TokenTree::Ident(ident) => std::mem::take(&mut quote) && ident == label.ident,
        proc_macro2::TokenTree::Group(g) => {
            quote = false;
            mentions(&g.stream(), label)
        }
        proc_macro2::TokenTree::Literal(_) => {
            quote = false;
            false
        }
    })
}
