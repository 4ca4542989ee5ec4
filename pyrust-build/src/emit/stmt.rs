//! Statements.

use std::mem::{replace, take};
use std::slice;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::carried::written;
use super::label::{Label, mentions};
use super::rows::RowHoist;
use super::spans::assigned_by;
use super::types::Val;
use super::{Final, Func, Loop};
use crate::hir::visit::defines;
use crate::hir::{self, Catch, ExprKind, Handler, Stmt, StmtKind};
use crate::infer::{Guard, is_no_answer};
use crate::ty::Type;

impl Func<'_, '_, '_> {
    pub(super) fn block(&mut self, body: &[Stmt]) -> Vec<TokenStream> {
        let mut out = Vec::new();
        let mut assigning = Vec::new();
        let mut last_line = 0;
        self.blocks += 1;
        let right_in_body = self.is_right_in_body();
        let turn = std::mem::take(&mut self.turn);
        for (at, stmt) in body.iter().enumerate() {
            if let Some((line, text)) = self.source_line(stmt)
                && line != last_line
            {
                last_line = line;
                out.push(line_comment(line, &text));
            }
            if turn && let Some(code) = self.chosen_rest(stmt, &body[at + 1..]) {
                out.push(code);
                break;
            }
            self.flows_on(stmt, body.get(at + 1));
            self.stores_last = self.as_last_store(stmt);
            if right_in_body {
                self.forget_attributes(stmt);
            }
            out.push(self.stmt(stmt));
            if right_in_body {
                self.forget_attributes(stmt);
            }
            self.stores_last = None;
            if let StmtKind::Assign { targets, .. } = &stmt.kind
                && let [target] = targets.as_slice()
                && self.assigned_here(target)
            {
                assigning.push(out.len());
            }
            if !self.falls_off(std::slice::from_ref(stmt)) {
                break;
            }
        }
        for at in assigning.into_iter().rev() {
            if let Some(span) = self.span_behind() {
                out.insert(at, span);
            }
        }
        self.blocks -= 1;
        out
    }

    fn source_line(&self, stmt: &Stmt) -> Option<(usize, String)> {
        let (file, _) = self.file.program.modules.module(&self.instance.func.module)?;
        // What was made for a call of a value stands nowhere.
        if self.hir.qualname.starts_with('<') && stmt.span == Default::default() {
            return None;
        }
        let line = file.line(stmt.span.start);
        Some((line, file.line_text(line).trim().to_string()))
    }

    /// The line on which it stands, as a comment.
    pub(super) fn comment(&self, stmt: &Stmt) -> Option<TokenStream> {
        self.source_line(stmt).map(|(line, text)| line_comment(line, &text))
    }

    fn stmt(&mut self, stmt: &Stmt) -> TokenStream {
        match &stmt.kind {
            StmtKind::Pass => quote!(),
            StmtKind::Caught { var, .. } => {
                let (name, ty) = (self.var_ident(*var), self.instance.vars[*var].clone());
                let Some(slot) = self.handlers.last().cloned() else { return quote!(#name = None;) };
                self.caught_in(&name, &ty, &slot)
            }
            StmtKind::Forget { var, .. } => {
                let name = self.var_ident(*var);
                quote!(#name = None;)
            }
            StmtKind::Expr(e) => {
                if let Some(code) = self.append_growing(e) {
                    return code;
                }
                let val = self.val(e);
                let code = val.by_ref();
                if val.place {
                    quote!(let _ = #code;)
                } else {
                    let code = &val.code;
                    quote!(let _ = #code;)
                }
            }
            StmtKind::Assign { targets, value } => match self.add_term(targets, value) {
                Some(code) => code,
                None => {
                    self.passes = self.is_passing(targets, value);
                    let code = self.assign_all(targets, value);
                    self.passes = false;
                    code
                }
            },
            StmtKind::AugAssign { target, op, value, id } => self.aug_assign(target, *op, value, *id),
            StmtKind::If { test, body, orelse } if self.decide(test).is_some() => {
                let live = if self.decide(test) == Some(true) { body } else { orelse };
                let live = self.block(live);
                quote!(#(#live)*)
            }
            StmtKind::If { test, body, orelse } => {
                if let Some(code) = self.chosen(test, body, orelse) {
                    return code;
                }
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
                let quiet = self.leaves_tables(iter, target, body);
                let shaken = || self.shaken(&[], Some((iter, target)), body);
                let (row_shaken, shaken) = (shaken(), shaken());
                self.rows.push(RowHoist::new(assigned.clone(), quiet, row_shaken));
                let turns = self.turns_of(target, iter, body);
                if turns.is_none() {
                    self.filled = self.filled_by(body, &assigned);
                    self.dense = self.dense(target, iter, body, &assigned);
                    self.counts = self.counts(target, iter, body, &assigned, &shaken);
                }
                let jam = self.jam(target, iter, body).map(|jam| (jam, self.fresh("sums")));
                if turns.is_none() && jam.is_none() {
                    self.shares = self.shares(target, iter, body);
                    self.automaton = self.automaton(target, iter, body);
                }
                self.sieves = self.yields_sieved(body).then_some(iter.id);
                let right_in_body = self.is_right_in_body();
                self.open_attributes(assigned.clone(), &[], Some((iter, target)), body);
                self.open_spans(assigned, shaken);
                let mut besides = Vec::new();
                let written = replace(&mut self.written, written(body));
                let mut each = |f: &mut Self, item| {
                    let assign = f.assign(target, &item);
                    if let Some(sums) = f.sums_beside(body) {
                        let (before, at) = (f.block(&body[..sums.at]), sums.at);
                        let written = f.block(&body[at..=at]);
                        let sum = f.sum_beside(&sums, &written, &mut besides);
                        let rest = f.block(&body[at + 1..]);
                        return quote!(#assign #(#before)* #sum #(#rest)*);
                    }
                    if let (Some((jam, name)), [begin, sum, rest @ ..]) = (&jam, body.as_slice()) {
                        let (begin, sum) = (f.block(slice::from_ref(begin)), f.block(slice::from_ref(sum)));
                        let sum = f.jam_sum(jam, name, quote!(#(#sum)*));
                        let rest = f.block(rest);
                        return quote!(#assign #(#begin)* #sum #(#rest)*);
                    }
                    let assigned = f.assigned_here(target);
                    let sweep = f.sweep(body);
                    f.turn = true;
                    let body = f.block(body);
                    let span = if assigned { f.span_behind() } else { None };
                    quote!(#assign #span #sweep #(#body)*)
                };
                let code = match turns {
                    Some((var, turns)) => self.turn_by_turn(var, &turns, &mut each),
                    None => self.for_each(iter, &mut each),
                };
                self.written = written;
                let rows = self.rows.pop();
                let attributes = self.close_attributes(right_in_body);
                let mut lookups = Vec::new();
                lookups.extend(rows.into_iter().flat_map(RowHoist::look_ups));
                lookups.extend(self.close_spans());
                lookups.extend(jam.map(|(_, name)| self.jam_begin(&name)));
                lookups.extend(besides);
                let orelse = self.block(orelse);
                let code = code.finish(&orelse);
                let code = if lookups.is_empty() { code } else { quote!({ #(#lookups)* #code }) };
                attributes_before(&attributes, code, right_in_body)
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
                let (label, is_block, finals) = (l.continues.clone(), l.is_block, l.finals);
                let run = self.run_finals(finals);
                if is_block { quote!(#run break #label;) } else { quote!(#run continue #label;) }
            }
            StmtKind::Raise { class: Catch::Builtin(class), args }
                if self.file.looks && args.iter().all(|arg| is_kept(&self.node(arg.id))) =>
            {
                let (mut lets, mut names) = (Vec::new(), Vec::new());
                for arg in args {
                    let (name, value) = (self.fresh("arg"), self.val(arg).by_ref());
                    let boxed = self.q(quote!(fmt::boxed(#value)));
                    lets.push(quote!(let #name = #boxed;));
                    names.push(name);
                }
                let class = format_ident!("{class}");
                let leave = self.leave(quote!(raise(cx, Exc::#class, [#(#names),*])));
                scoped(&lets, leave)
            }
            StmtKind::Raise { class: Catch::Builtin(class), args } => {
                let (first, class) = (self.done_first(args), format_ident!("{class}"));
                let leave = self.leave(quote!(exc::<()>(Exc::#class)));
                quote!(#(#first)* #leave)
            }
            StmtKind::Raise { class, args } => self.raise(class, args),
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
            StmtKind::Enter(classes) => {
                let room = self.q(quote!(cx.enter()));
                let looked: Vec<_> = classes
                    .iter()
                    .map(|class| match self.class_object(class) {
                        Some(object) => quote!(let _ = #object;),
                        None => self.leave(quote!(bail::<()>(Bail::Unsupported))),
                    })
                    .collect();
                quote!(#room; #(#looked)*)
            }
            StmtKind::Leave { generator, throws } => {
                let generator = self.val(generator);
                if generator.ty == Type::Never {
                    let (code, bail) = (generator.by_ref(), self.bail("Type"));
                    return quote!({ let _ = #code; #bail });
                }
                let generator = generator.by_ref();
                let left = match (throws, self.handlers.last()) {
                    (true, Some(slot)) => self.q(quote!(throw(cx, #generator, #slot))),
                    _ => self.q(quote!(finish(cx, #generator))),
                };
                quote!(#left;)
            }
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
                hir::FPart::Value { value, spec, .. } => {
                    spec.is_empty() && self.is_idle(value) && is_shown_quietly(&self.node(value.id))
                }
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
            if let Catch::Builtin(name) = class {
                let class = format_ident!("{name}");
                known.push(quote!(#slot.matches(Exc::#class)));
                continue;
            }
            looked.push(match self.class_object(class) {
                Some(object) => self.q(quote!(catches(#slot, #object))),
                None => self.q(quote!(undecided(#slot))),
            });
        }
        if looked.is_empty() { quote!(#(#known)||*) } else { quote!(#(#looked)|* #(| #known)*) }
    }

    /// What an exception is given is evaluated, though nobody looks at it.
    pub(super) fn done_first(&mut self, args: &[hir::Expr]) -> Vec<TokenStream> {
        let mut first = Vec::new();
        for arg in args {
            if !self.is_idle(arg) {
                let code = self.val(arg).by_ref();
                first.push(quote!(let _ = #code;));
            }
        }
        first
    }

    /// What a name in the head of a handler stands for now; none where that is not understood.
    pub(super) fn class_object(&mut self, class: &Catch) -> Option<TokenStream> {
        let (space, at) = match class {
            Catch::Builtin(_) | Catch::Value | Catch::Unknown => return None,
            Catch::Global(name) => {
                let module = self.instance.func.module.clone();
                self.file.slot(self.index, &module, false, Guard::Value(name.clone()))
            }
            Catch::Attr { module, name } => {
                let home = self.file.program.module_named(&self.instance.func.module, module)?;
                self.file.slot(self.index, &home, false, Guard::Value(name.clone()))
            }
        };
        let (space, at) = self.file.slot_of(space, at);
        Some(self.q(quote!(#space.load::<Obj>(cx, #at))))
    }

    /// Leaves the function, or enters a handler: `code` is an `Err`.
    pub(super) fn leave(&mut self, code: TokenStream) -> TokenStream {
        match self.tries.last() {
            Some((label, slot)) if self.closures == 0 => {
                quote!({ #slot = stop_of(#code); break #label; })
            }
            _ => quote!(return Err(stop_of(#code));),
        }
    }

    /// The parameter whose value the variable always has.
    pub(super) fn untouched_param(&self, mut var: hir::VarId) -> Option<usize> {
        while self.assigned.contains(&var) {
            var = *self.narrowed.get(&var)?;
        }
        self.hir.params.iter().position(|p| p.var == var)
    }

    fn return_stmt(&mut self, value: Option<&hir::Expr>) -> TokenStream {
        let ret = self.returned();
        if self.hir.yields.is_some()
            && let Some(e) = value
        {
            // Whoever asks for elements does not see it.
            let code = self.val(e).by_ref();
            let back = self.return_stmt(None);
            return quote!({ let _ = #code; #back });
        }
        if let Some(done) = self.fused.as_ref().map(|f| f.done.clone()) {
            let run = self.run_finals(0);
            let out = self.return_pushed(None).unwrap_or_else(|| quote!(break #done;));
            return quote!({ #run #out });
        }
        if !self.finals.is_empty()
            && let Some(hir::Expr { kind: ExprKind::Suspend { point, items, waits }, .. }) = value
        {
            // A `yield` is no way out; at the end of the generator nothing may come behind what it hands over.
            let code = self.suspended(*point, items, !waits);
            return self.returning(code);
        }
        if !self.finals.is_empty() {
            // The value first, then every `finally` on the way out.
            let code = match value {
                Some(e) => self.far_result(e).unwrap_or_else(|| self.value_as(e, &ret)),
                None => self.coerce(&Val::new(quote!(()), Type::None), &ret),
            };
            let (name, run) = (self.fresh("ret"), self.run_finals(0));
            let out = self.returning(quote!(#name));
            return quote!({ let #name = #code; #run #out });
        }
        let Some(e) = value else {
            let none = self.coerce(&Val::new(quote!(()), Type::None), &ret);
            return self.returning(none);
        };
        if is_no_answer(e) {
            let is_own = self.tries.is_empty() && self.closures == 0 && self.pushing.is_empty();
            let bail = self.bail("Unsupported");
            return if is_own { quote!(return Err(cx.answers_nothing());) } else { quote!(#bail) };
        }
        let mut mark = quote!();
        if let ExprKind::Local(var) = e.kind
            && let Some(i) = self.untouched_param(var)
            && self.instance.vars[var].identity_free()
        {
            let i = Literal::usize_unsuffixed(i);
            mark = quote!(cx.ret_arg(#i););
        }
        if let ExprKind::Global(name) = &e.kind {
            mark = self.returned_global(name, &self.instance.nodes[e.id].clone());
        }
        let mut value = self.far_result(e).unwrap_or_else(|| self.value_as(e, &ret));
        if mark.is_empty()
            && let Some(seen) = self.returns_seen(e, &mut value)
        {
            mark = seen;
        }
        let out = self.returning(value);
        if mark.is_empty() { out } else { quote!({ #mark #out }) }
    }

    fn returning(&mut self, value: TokenStream) -> TokenStream {
        match self.pushing.is_empty() {
            true => quote!(return Ok(#value);),
            false => self.return_pushed(Some(value)).unwrap_or_default(),
        }
    }

    /// A global that is returned goes out as it is: `INFINITY`, which callers compare by identity.
    fn returned_global(&mut self, name: &str, ty: &Type) -> TokenStream {
        let module = self.instance.func.module.clone();
        if name.contains([' ', '.'])
            || !ty.members().iter().any(super::seen::made_anew)
            || !self.file.program.binds(&module, name)
        {
            return quote!();
        }
        let (space, at) = self.file.slot(self.index, &module, false, Guard::Value(name.to_string()));
        let (space, at) = self.file.slot_of(space, at);
        let mark = self.q(quote!(#space.returned(cx, #at)));
        quote!(#mark;)
    }

    fn while_loop(&mut self, test: &hir::Expr, body: &[Stmt], orelse: &[Stmt]) -> TokenStream {
        if self.decide(test) == Some(false) {
            let orelse = self.block(orelse);
            return quote!(#(#orelse)*);
        }
        let shaken = self.shaken(&[test], None, body);
        let assigned = assigned_by(test, body);
        let right_in_body = self.is_right_in_body();
        self.open_attributes(assigned.clone(), &[test], None, body);
        self.open_spans(assigned, shaken);
        let (breaks, continues) = (self.label("b"), self.label("c"));
        self.nested_loops += 1;
        let (noted, tick) = (self.noted_so_far(), self.tick());
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
            is_block: false,
            finals: self.finals.len(),
        });
        let sweep = self.sweep(body);
        self.turn = true;
        let body = self.block(body);
        self.loops.pop();
        let attributes = self.close_attributes(right_in_body);
        let before = self.close_spans();
        let orelse = self.block(orelse);
        let body = quote!(#noted #tick #sweep #(#body)*);
        let code = match always {
            true => self.labelled_loop(&breaks, &continues, quote!(loop), body, &[]),
            false => self.labelled_loop(&breaks, &continues, quote!(while #test), body, &orelse),
        };
        attributes_before(&attributes, scoped(&before, code), right_in_body)
    }

    /// A loop with its `else`; labels stand only where something jumps to them.
    pub(super) fn labelled_loop(
        &self,
        breaks: &Label,
        continues: &Label,
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
        let look = match handlers.iter().any(|h| crate::hir::visit::reads_caught(&h.body)) {
            true => quote!(cx.look();),
            false => quote!(),
        };
        quote! {
            #done: {
                #look
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
    pub(super) fn run_finals(&mut self, down_to: usize) -> TokenStream {
        let mut out = Vec::new();
        let saved = (self.finals.clone(), self.tries.clone(), self.handlers.clone());
        // It stands in loops that have not looked at it: nothing is looked up before them for it.
        let (attributes, rows) = (take(&mut self.attributes), take(&mut self.rows));
        let (spans, settled) = (take(&mut self.spans), take(&mut self.settled));
        let inside = take(&mut self.inside);
        let known = take(&mut self.known);
        while self.finals.len() > down_to {
            let last = self.finals.pop().expect("there is one more");
            self.tries.truncate(last.tries);
            self.handlers.truncate(last.handlers);
            out.extend(self.block(&last.body));
        }
        (self.finals, self.tries, self.handlers) = saved;
        (self.attributes, self.rows) = (attributes, rows);
        (self.spans, self.settled, self.known) = (spans, settled, known);
        self.inside = inside;
        quote!(#(#out)*)
    }
}

/// Can an exception keep a value of the type, to say it later? Only what is immutable, and has no identity.
fn is_kept(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Bool | Type::Int | Type::Str | Type::Char | Type::Bytes => true,
        Type::Union(members) => members.iter().all(is_kept),
        _ => false,
    }
}

/// Statements with temporaries of their own, in a block only if there are any.
pub(super) fn scoped(lets: &[TokenStream], code: TokenStream) -> TokenStream {
    if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
}

/// Attributes that are looked up before a loop; in a block only if nothing behind the loop sees them.
fn attributes_before(look_ups: &[TokenStream], code: TokenStream, in_sight: bool) -> TokenStream {
    if in_sight { quote!(#(#look_ups)* #code) } else { scoped(look_ups, code) }
}

/// Does making a text of it run nothing, and not fail? That of a large int may.
fn is_shown_quietly(ty: &Type) -> bool {
    let loud = |ty: &Type| {
        !matches!(
            ty,
            Type::None
                | Type::Bool
                | Type::Int
                | Type::Float
                | Type::Str
                | Type::Char
                | Type::Bytes
                | Type::Range
                | Type::List { .. }
                | Type::Tuple { .. }
                | Type::VarTuple(..)
                | Type::Union(_)
        )
    };
    !ty.any(&loud)
}

fn line_comment(line: usize, text: &str) -> TokenStream {
    let comment = format!("{line}: {text}");
    quote!(py!(#comment);)
}
