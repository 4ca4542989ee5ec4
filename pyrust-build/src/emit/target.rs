//! Assignment targets: stores, unpacking, augmented assignment, deletion.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::in_place::changes_in_place;
use super::stmt::scoped;
use super::types::Val;
use crate::hir::visit::{defines, needed, reads};
use crate::hir::{self, BinOp, ExprKind, Target, TargetKind, VarId};
use crate::infer::Guard;
use crate::ops;
use crate::passes::Pass;
use crate::ty::{DictKind, Origin, Side, Type};

/// From so many items on, a list or a tuple of any length is unpacked by one call.
const MANY: usize = 6;

impl Func<'_, '_, '_> {
    pub(super) fn delete(&mut self, target: &Target) -> TokenStream {
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
            TargetKind::Attr { .. } => self.leave(quote!(bail::<()>(Bail::Unsupported))),
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

    pub(super) fn aug_assign(
        &mut self,
        target: &Target,
        op: hir::BinOp,
        value: &hir::Expr,
        id: hir::NodeId,
    ) -> TokenStream {
        let (base, index) = match &target.kind {
            TargetKind::Index { base, index } => (base, index),
            TargetKind::Attr { base, name, .. } => {
                return self.aug_attribute((base, name), op, value, (target.id, id));
            }
            TargetKind::Slice { base, lower, upper, step } => {
                return self.aug_slice(base, [lower, upper, step], op, value);
            }
            _ => return quote!(),
        };
        if let Some(code) = self.count(base, index, op, value, &self.node(target.id)) {
            return code;
        }
        let mut lets = Vec::new();
        if let Some(old) = self.window_get(base, index) {
            let new = self.augmented(&old, op, value, id, &mut lets);
            if let Some(set) = self.window_set(base, index, &new) {
                return quote!({ #(#lets)* #set; });
            }
        }
        let mut lets = Vec::new();
        let old_ty = self.node(target.id);
        if matches!(self.node(base.id), Type::List { elem, .. } if *elem == old_ty)
            && let Some(place) = self.span_place(base, index)
        {
            let place = self.bound_place(place, &mut lets);
            let old = self.span_get(&place);
            let new = self.augmented(&old, op, value, id, &mut lets);
            let set = self.span_set(&place, &new);
            return quote!({ #(#lets)* #set; });
        }
        let mut b = self.row_or_val(base, &[index, value]);
        if let (true, ExprKind::Index { .. }) = (b.place, &base.kind) {
            // Looked up once.
            let (row, found) = (self.fresh("row"), b.by_ref());
            lets.push(quote!(let #row = #found;));
            b = Val::place(quote!((*#row)), b.ty);
        }
        let b = self.bind(&b, &mut lets);
        let i = self.val(index);
        let i = self.bind(&i, &mut lets);
        let old = Val::new(self.getitem(&b, &i, &old_ty), old_ty);
        let new = self.augmented(&old, op, value, id, &mut lets);
        let set = self.apply("setitem", &[b, i, new], &Type::None);
        quote!({ #(#lets)* #set; })
    }

    /// What `old op= value` stores: the old value first, then the other operand, then the sum.
    pub(super) fn augmented(
        &mut self,
        old: &Val,
        op: hir::BinOp,
        value: &hir::Expr,
        id: hir::NodeId,
        lets: &mut Vec<TokenStream>,
    ) -> Val {
        let old = self.bind(old, lets);
        let v = self.val(value);
        let v = self.bind(&v, lets);
        let new_ty = self.at(id, |f| f.aug_type(op, &old.ty, &v.ty));
        let new = Val::new(self.at(id, |f| f.in_place(op, &old, &v, &new_ty)), new_ty);
        self.bind(&new, lets)
    }

    /// `d[k] += 1` with one look-up, where nothing but the sum can happen in between.
    fn count(
        &mut self,
        base: &hir::Expr,
        index: &hir::Expr,
        op: hir::BinOp,
        by: &hir::Expr,
        old_ty: &Type,
    ) -> Option<TokenStream> {
        let Type::Dict { key, value, kind, .. } = self.node(base.id) else { return None };
        let made = matches!(kind, DictKind::Default | DictKind::Counter);
        if !self.is_plain_number(by)
            || !matches!(op, hir::BinOp::Add | hir::BinOp::Sub)
            || !matches!(*value, Type::Int | Type::Float)
            || self.node(by.id) != *value
            || *old_ty != *value
            || self.node(index.id) != *key
            || !(made || self.file.program.passes.has(Pass::Counting))
        {
            return None;
        }
        let dict = self.val(base).by_ref();
        let key = if made { self.value_as(index, &key) } else { self.val(index).by_ref() };
        let old = self.fresh("old");
        let new = self.in_closure(|f| {
            let by = f.val(by);
            f.binary(op, &Val::new(quote!(#old), (*value).clone()), &by, &value)
        });
        let f = match (made, self.stores_last) {
            (true, _) => quote!(recount),
            (false, None) => quote!(change),
            (false, Some(_)) => quote!(change_last),
        };
        let code = self.q(quote!(dict::#f(cx, #dict, #key, |#old| Ok(#new))));
        Some(quote!(#code;))
    }

    /// A number that comes of numbers alone: no dict is touched, nor anything called.
    fn is_plain_number(&self, e: &hir::Expr) -> bool {
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Float(_) => true,
            ExprKind::Local(v) => !self.hir.vars[*v].maybe_unbound,
            ExprKind::Binary { op: hir::BinOp::Add | hir::BinOp::Sub | hir::BinOp::Mult, left, right } => {
                let number = |e: &hir::Expr| matches!(self.node(e.id), Type::Int | Type::Float);
                number(left) && number(right) && self.is_plain_number(left) && self.is_plain_number(right)
            }
            _ => false,
        }
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
        if let Type::Array(..) = args[0].ty {
            // The view changes in place, and is stored where it is already.
            let ty = args[0].ty.clone();
            let old = Val::new(self.apply("getslice", &args, &ty), ty.clone());
            let old = self.bind(&old, &mut lets);
            let v = self.val(value);
            let v = self.bind(&v, &mut lets);
            let change = self.in_place(op, &old, &v, &ty);
            return quote!({ #(#lets)* let _ = #change; });
        }
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
    pub(super) fn aug_type(&self, op: hir::BinOp, old: &Type, value: &Type) -> Type {
        if matches!(old, Type::List { .. } | Type::Set { frozen: false, .. }) {
            return old.clone();
        }
        let mut out = Type::Never;
        for a in old.members() {
            if changes_in_place(op, a, value) {
                out = Type::join(&out, a);
                continue;
            }
            for b in value.members() {
                if let (hir::BinOp::Add, Type::Tuple { items: x, origin }, Type::Tuple { items: y, .. }) =
                    (op, a, b)
                {
                    let items = x.iter().chain(y).cloned().collect();
                    out = Type::join(&out, &Type::Tuple { items, origin: origin.join(Origin::Native) });
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

    pub(super) fn assign_all(&mut self, targets: &[Target], value: &hir::Expr) -> TokenStream {
        // `a, b = x, y`: no tuple is made where the parts go to plain variables.
        if let ([Target { kind: TargetKind::Tuple(items), .. }], ExprKind::Tuple(values)) =
            (targets, &value.kind)
            && items.len() == values.len()
        {
            let mut lets = Vec::new();
            let vals: Vec<Result<Val, TokenStream>> = values
                .iter()
                .zip(items)
                .map(|(v, target)| {
                    if let Some(code) = self.far_item(target, v, &mut lets) {
                        return Err(code);
                    }
                    let val = self.val(v);
                    // Read before anything is written.
                    let (name, code) = (self.fresh("v"), val.owned());
                    // One member alone would leave the others open.
                    let ty = matches!(val.ty, Type::Union(_)).then(|| super::types::rust_type(&val.ty));
                    let ty = ty.iter();
                    lets.push(quote!(let #name #(: #ty)* = #code;));
                    Ok(Val::new(quote!(#name), val.ty))
                })
                .collect();
            let set =
                |(t, v): (&Target, Result<Val, _>)| v.map_or_else(|far| far, |val| self.assign(t, &val));
            let sets: Vec<_> = items.iter().zip(vals).map(set).collect();
            return quote!({ #(#lets)* #(#sets)* });
        }
        if let [target] = targets
            && self.file.program.passes.has(Pass::Counting)
            && let Some(code) = self.upsert(target, value)
        {
            return code;
        }
        if let [target] = targets
            && let Some(code) = self.moved(target, value)
        {
            return code;
        }
        if let [Target { kind: TargetKind::Var(var), .. }] = targets
            && let Some(code) = self.append_text(*var, value).or_else(|| self.append_to_shared(*var, value))
        {
            return code;
        }
        if let [Target { kind: TargetKind::Var(var), .. }] = targets
            && let Some(setup) = self.defer(*var, value)
        {
            return setup;
        }
        if let Some(code) = self.pieces_begin(targets, value) {
            return code;
        }
        if let [target] = targets
            && let Some(code) = self.far_assign(target, value)
        {
            return code;
        }
        let val = self.val(value);
        let mut val = self.summed(targets, val);
        if let [target] = targets {
            let noted = self.note_seen(target, value, &mut val.code);
            let set = self.assign(target, &val);
            return if noted.is_empty() { set } else { quote!({ #noted #set }) };
        }
        let (name, code) = (self.fresh("v"), val.owned());
        let shared = Val::place(quote!(#name), val.ty);
        let sets: Vec<_> = targets.iter().map(|t| self.assign(t, &shared)).collect();
        quote!({ let #name = #code; #(#sets)* })
    }

    /// `text += more`: grows in place where nobody else has the string.
    fn append_text(&mut self, var: VarId, value: &hir::Expr) -> Option<TokenStream> {
        let (ExprKind::InPlace { op: BinOp::Add, left, right }
        | ExprKind::Binary { op: BinOp::Add, left, right }) = &value.kind
        else {
            return None;
        };
        let ExprKind::Local(from) = left.kind else { return None };
        let is_text = |v: VarId| {
            let of_var = &self.hir.vars[v];
            self.instance.vars[v] == Type::Str && !of_var.cell && !of_var.maybe_unbound
        };
        let (read, defined) = (reads(&**right), defines(&**right));
        let plain = self.file.program.passes.has(Pass::Appends)
            && (from == var || self.is_over(from, var))
            && self.closures == 0
            && [var, from].into_iter().all(|v| is_text(v) && !read.contains(&v) && !defined.contains(&v));
        let append = match (self.node(right.id), from == var) {
            (Type::Str, true) if plain => quote!(pystr::append),
            (Type::Char, true) if plain => quote!(pystr::push),
            (Type::Str, false) if plain => quote!(pystr::appended),
            (Type::Char, false) if plain => quote!(pystr::pushed),
            _ => return None,
        };
        let more = self.val(right);
        let more = if more.ty == Type::Char { more.owned() } else { more.by_ref() };
        let (name, old) = (self.var_ident(var), self.var_ident(from));
        let code = self.q(quote!(#append(cx, &mut #old, #more)));
        Some(if from == var { quote!(#code;) } else { quote!(#name = #code;) })
    }

    /// Is the live range `old` over when a value is assigned to `new`, another one of the same variable, and may the
    /// value be taken out of it?
    fn is_over(&self, old: VarId, new: VarId) -> bool {
        let of = |v: VarId| self.hir.vars[v].of;
        let is_param = self.hir.params.iter().any(|p| p.var == old);
        of(old).is_some() && of(old) == of(new) && !is_param && !self.deferred.contains_key(&old)
    }

    /// Assigns variables to others of fewer types.
    pub(super) fn narrow(&mut self, narrows: &[hir::Narrow]) -> TokenStream {
        let mut code = quote!();
        for n in narrows {
            let (from, to) = (self.instance.vars[n.from].clone(), self.instance.vars[n.to].clone());
            if n.from != n.to {
                let value = match self.held(n.from) {
                    Some(val) => val,
                    None => {
                        let bail = self.bail("Unbound");
                        Val::new(quote!({ let __py_value: () = #bail; __py_value }), from)
                    }
                };
                let value = self.coerce(&value, &to);
                let store = self.store(n.to, value);
                code.extend(store);
            }
        }
        code
    }

    /// What a variable holds where it is read; none if nothing is ever assigned to it.
    pub(super) fn held(&mut self, var: VarId) -> Option<Val> {
        let (name, ty) = (self.var_ident(var), self.instance.vars[var].clone());
        if self.far.contains(&var) {
            return Some(Val::new(quote!(big::of_128(#name)), ty));
        }
        if ty == Type::Never {
            return None;
        }
        if self.hir.vars[var].cell {
            return Some(Val::new(self.q(quote!(#name.get())), ty));
        }
        if !self.hir.vars[var].maybe_unbound {
            return Some(Val::place(quote!(#name), ty));
        }
        let caught = |m: &Type| match m {
            Type::Foreign(class) => class.name() == crate::ops::exceptions::OBJECT,
            Type::Instance(class) => class.base.exception,
            _ => false,
        };
        let read = match ty.members().iter().all(caught) {
            true => quote!(known(&#name)),
            false => quote!(bound(&#name)),
        };
        Some(Val::new(self.q(read), ty))
    }

    /// Assigns an owned value to a variable.
    pub(super) fn store(&mut self, var: VarId, code: TokenStream) -> TokenStream {
        let name = self.var_ident(var);
        if self.far.contains(&var) {
            let code = self.far_stored(&code);
            return quote!(#name = #code;);
        }
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
                let (space, slot) = self.file.slot_of(space, slot);
                let rust = super::types::rust_type(&ty);
                let store = self.q(quote!(#space.store::<#rust>(cx, #slot, #code)));
                quote!(#store;)
            }
            TargetKind::Index { base, index } => {
                let mut lets = Vec::new();
                let val = self.bind(val, &mut lets);
                if let Some(set) = self.window_set(base, index, &val) {
                    return scoped(&lets, quote!(#set;));
                }
                if let Some(place) = self.span_place(base, index) {
                    let set = self.span_set(&place, &val);
                    return scoped(&lets, quote!(#set;));
                }
                let args = [self.row_or_val(base, &[index]), self.val(index), val];
                let set = self.apply("setitem", &args, &Type::None);
                scoped(&lets, quote!(#set;))
            }
            TargetKind::Attr { base, name, generic } => self.assign_attribute(base, (name, *generic), val),
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
            (Type::ByteArray, Type::Bytes | Type::ByteArray) | (Type::Packed(_), _) => return val.clone(),
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

    /// Of a tuple that is read member by member: those whose names nobody reads are passed over.
    fn unpack_members(&mut self, items: &[Target], val: &Val, types: &[Type]) -> TokenStream {
        let (mut lets, mut sets) = (Vec::new(), Vec::new());
        let val = self.bind(val, &mut lets);
        let needed = needed(&self.hir.body);
        for (i, (target, ty)) in items.iter().zip(types).enumerate() {
            // What is shared with functions inside they may read.
            if let TargetKind::Var(var) = target.kind
                && !self.hir.vars[var].cell
                && !needed.contains(&var)
            {
                continue;
            }
            let (code, i, rust) = (&val.code, Literal::usize_unsuffixed(i), super::types::rust_type(ty));
            let item = self.q(quote!(#code.item::<#rust>(cx, #i)));
            sets.push(self.assign(target, &Val::new(item, ty.clone())));
        }
        quote!({ #(#lets)* #(#sets)* })
    }

    fn unpack(&mut self, items: &[Target], val: &Val) -> TokenStream {
        let mut lets = Vec::new();
        let val = self.opened(val);
        if let Type::Tuple { items: types, .. } = &val.ty
            && val.ty.is_lazy()
            && types.len() == items.len()
        {
            return self.unpack_members(items, &val, &types.clone());
        }
        let val = self.read_whole(&val);
        let plain = matches!(val.ty, Type::Tuple { .. }) && !val.ty.is_held();
        let val = self.bind(&val, &mut lets);
        let n = items.len();
        // Nobody else has what has just got a name: its items are taken out of it.
        let taken = plain && !lets.is_empty();
        // The arm of a `match` is one expression.
        let arm = |code: TokenStream| if matches!(val.ty, Type::Union(_)) { quote!({ #code }) } else { code };
        let code = self.match_union(&val, |f, v| {
            let (prefix, v) = f.listed_set(v);
            let v = f.read_whole(&v);
            let code = &v.code;
            let count = Literal::i64_suffixed(n as i64);
            let many = match &v.ty {
                Type::List { elem, .. } | Type::View(elem) => Some((elem, quote!(list::unpack))),
                Type::VarTuple(elem) => Some((elem, quote!(tuple::unpack))),
                _ => None,
            };
            let many = many
                .filter(|_| n >= MANY)
                .map(|(elem, unpack)| ((**elem).clone(), quote!(#unpack(cx, &#code))));
            let asked = (v.ty == Type::Obj).then(|| (Type::Obj, quote!(dynamic::unpack(cx, #code))));
            if let Some((elem, unpack)) = many.or(asked) {
                let names: Vec<_> = (0..n).map(|_| f.fresh("p")).collect();
                let all = f.q(unpack);
                let sets: Vec<_> = items
                    .iter()
                    .zip(&names)
                    .map(|(t, x)| f.assign(t, &Val::new(quote!(#x), elem.clone())))
                    .collect();
                return Some(arm(quote!(#prefix let [#(#names),*] = #all; #(#sets)*)));
            }
            let get: Box<dyn Fn(usize) -> TokenStream> = match &v.ty {
                Type::Tuple { items: types, .. } if types.len() == n => {
                    let sets: Vec<_> = items
                        .iter()
                        .zip(types)
                        .enumerate()
                        .map(|(i, (t, ty))| {
                            let i = Literal::usize_unsuffixed(i);
                            f.assign(t, &Val { place: !taken, ..Val::place(quote!(#code.#i), ty.clone()) })
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
                Type::Array(_, dims @ 1..) => {
                    let get = if *dims == 1 { format_ident!("get") } else { format_ident!("row{dims}") };
                    Box::new(move |i| {
                        let i = Literal::i64_suffixed(i as i64);
                        quote!(ndarray::#get(#code, #i))
                    })
                }
                _ => return Some(f.not_unpacked()),
            };
            let (len, elem) = match &v.ty {
                Type::List { elem, .. } | Type::View(elem) => {
                    (quote!(list::len(cx, &#code)), (**elem).clone())
                }
                Type::VarTuple(elem) => (quote!(tuple::len(cx, &#code)), (**elem).clone()),
                Type::Array(..) => {
                    (quote!(ndarray::len(#code)), super::iter::iter_elem(&v.ty).unwrap_or(Type::Never))
                }
                _ => (quote!(pystr::len(&#code)), Type::Char),
            };
            let leave = f.leave(quote!(unpacked::<()>(#count, #len)));
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

    /// What a star takes the rest of: an iterator as the list of all that it gives.
    fn listed_rest(&mut self, val: Val) -> (TokenStream, Val) {
        if val.ty == Type::Obj {
            let (list, code) = (self.fresh("list"), &val.code);
            let all = self.q(quote!(dynamic::listed(cx, #code)));
            let ty = Type::List { elem: Box::new(Type::Obj), in_place: false };
            return (quote!(let #list = #all;), Val::place(quote!(#list), ty));
        }
        let Type::Iter(elem) = &val.ty else { return self.listed_set(val) };
        let (list, x, t) = (self.fresh("list"), self.fresh("x"), super::types::rust_type(elem));
        let ty = Type::List { elem: elem.clone(), in_place: false };
        let (code, new) = (&val.code, self.q(quote!(list::new::<#t>(cx))));
        let (next, tick) = (self.q(quote!(#code.next(cx))), self.tick());
        let append = self.q(quote!(list::append(cx, &#list, #x)));
        let all = quote!(let #list = #new; while let Some(#x) = #next { #tick #append; });
        (all, Val::place(quote!(#list), ty))
    }

    /// A set, a dict or a view of one is unpacked as the list of its elements.
    fn listed_set(&mut self, val: Val) -> (TokenStream, Val) {
        let by_ref = val.by_ref();
        let code = match &val.ty {
            Type::Set { .. } => quote!(set::to_list(cx, #by_ref)),
            Type::Dict { .. } | Type::DictView { side: Side::Keys, .. } => quote!(dict::keys(cx, #by_ref)),
            Type::DictView { side: Side::Values, .. } => quote!(dict::values(cx, #by_ref)),
            Type::DictView { side: Side::Items, .. } => quote!(dict::items(cx, #by_ref)),
            _ => return (quote!(), val),
        };
        let Some(elem) = super::iter::iter_elem(&val.ty) else { return (quote!(), val) };
        let (list, code) = (self.fresh("list"), self.q(code));
        let ty = Type::List { elem: Box::new(elem), in_place: false };
        (quote!(let #list = #code;), Val::place(quote!(#list), ty))
    }

    /// Nothing is assigned, and `rustc` sees that nothing goes on from here.
    fn not_unpacked(&mut self) -> TokenStream {
        let leave = self.leave(quote!(bail::<()>(Bail::Type)));
        quote!({ #leave })
    }

    /// Takes one element more than there are targets, as CPython does.
    fn unpack_iterator(&mut self, items: &[Target], code: &TokenStream, elem: &Type) -> TokenStream {
        let (mut steps, mut sets) = (Vec::new(), Vec::new());
        let count = |n: usize| Literal::i64_suffixed(n as i64);
        let expected = count(items.len());
        for (i, target) in items.iter().enumerate() {
            let (name, step) = (self.fresh("p"), self.q(quote!(#code.next(cx))));
            let got = count(i);
            let leave = self.leave(quote!(unpacked::<()>(#expected, #got)));
            steps.push(quote!(let Some(#name) = #step else { #leave };));
            sets.push(self.assign(target, &Val::new(quote!(#name), elem.clone())));
        }
        let last = self.q(quote!(#code.next(cx)));
        let got = count(items.len() + 1);
        let leave = self.leave(quote!(unpacked::<()>(#expected, #got)));
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
        let val = self.opened(val);
        let val = self.bind(&val, &mut lets);
        let (b, a) = (before.len(), after.len());
        let code = self.match_union(&val, |f, v| {
            let (prefix, v) = f.listed_rest(v);
            let v = f.read_whole(&v);
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
            let n = f.fresh("n");
            let leave = f.leave(quote!(unpacked_at_least::<()>(#fixed, #n)));
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
