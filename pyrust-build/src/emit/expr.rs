//! Expressions.

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use quote::quote;

use super::between::is_wrapped;
use super::leaf::is_behind_cache;
use super::types::{Val, rust_type};
use super::{Func, ident, outgoing};
use crate::hir::{BinOp, BoolOp, CmpOp, Expr, ExprKind, IterKind, UnaryOp};
use crate::infer::{Copied, Guard, Text, copy_of, enums, masks, repeated, slice_positions};
use crate::lower::above::Above;
use crate::lower::memo::IN_ORDER;
use crate::numpy::{Dtype, is_numpy};
use crate::ops;
use crate::passes::Pass;
use crate::resolve::Binding;
use crate::ty::{Origin, Type};

impl Func<'_, '_, '_> {
    /// The value of an expression, in the type of its node.
    pub(super) fn val(&mut self, e: &Expr) -> Val {
        let range = self.ranges.get(e, &self.instance.nodes);
        // Only the operation at its own node is wide.
        let before = std::mem::take(&mut self.wide);
        let (spent, bails) = (self.makes_array(e), self.bails.get());
        let val = self.val_of(e);
        let val = self.below(e, val);
        let mut val = Val { range, spent: spent && !val.place, ..val };
        if self.bails.get() > bails && gives_up(&val.code) {
            // What is given it, and takes any type, would take that of what never returns.
            let (code, ty) = (&val.code, rust_type(&val.ty));
            val = Val::new(quote!({ let __py_value: #ty = #code; __py_value }), val.ty);
        }
        self.wide = before;
        val
    }

    fn val_of(&mut self, e: &Expr) -> Val {
        if let Some(val) = self.piecewise(e).or_else(|| self.in_one_pass(e)) {
            return val;
        }
        let ty = self.node(e.id);
        if let Some(val) = self.far_node(e, &ty) {
            return val;
        }
        let code = match &e.kind {
            // Inference has not been here: nothing gets as far.
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_)
                if ty == Type::Never =>
            {
                self.bail("Unsupported")
            }
            _ if self.once.contains(&e.id) => return self.made_once(e, ty),
            ExprKind::None => quote!(()),
            ExprKind::Bool(b) => quote!(#b),
            ExprKind::Int(i) => int_literal(*i),
            ExprKind::Big(number) if let Some(word) = number.to_u64() => {
                let word = Literal::u64_suffixed(word);
                quote!(big::of_low(#word as i64))
            }
            ExprKind::Big(number) => {
                let name = self.file.number(number);
                let get = self.q(quote!(#name.get(cx)));
                return Val::place(quote!((*#get)), ty);
            }
            ExprKind::Float(f) => float_literal(*f),
            ExprKind::Str(s) => return self.string(s, &ty),
            ExprKind::Bytes(b) => {
                let name = self.file.bytes(b);
                let get = self.q(quote!(#name.get(cx)));
                return Val::place(quote!((*#get)), ty);
            }
            ExprKind::Local(var) if self.deferred.contains_key(var) => {
                let source = self.deferred[var].clone();
                return Val::new(self.materialised(&source), ty);
            }
            ExprKind::Local(var) => {
                if let Some(turn) = self.known.get(var) {
                    return Val::new(self.coerce(&Val::new(int_literal(*turn), Type::Int), &ty), ty);
                }
                let Some(val) = self.held(*var) else {
                    let bail = self.bail("Unbound");
                    return Val::new(quote!({ let __py_value: () = #bail; __py_value }), ty);
                };
                return if val.ty == ty { val } else { Val::new(self.coerce(&val, &ty), ty) };
            }
            ExprKind::Global(name) => {
                return match self.named_function(name, &ty) {
                    Some(function) => function,
                    None => self.global(name, ty),
                };
            }
            ExprKind::ModuleAttr { module, name } => {
                let function = self.named_function(&format!("{module}.{name}"), &ty);
                if let Some(function) = function.or_else(|| self.names_of_class(module, name, &ty)) {
                    return function;
                }
                if let Some(home) = self.file.program.project_module(&self.instance.func.module, module) {
                    return self.hoist(&home, false, Guard::Value(name.clone()), name, ty);
                }
                if let Some(member) = self.file.program.class_member(&self.instance.func.module, module, name)
                {
                    return self.global(&member, ty);
                }
                let c_module = self.c_module(module);
                return self.hoist(&c_module, true, Guard::Value(name.clone()), name, ty);
            }
            ExprKind::Named { var, value } => {
                let store = self.value_as(value, &self.instance.vars[*var].clone());
                let set = self.store(*var, store);
                let read = self.var_ident(*var);
                let read = if self.far.contains(var) {
                    quote!(big::of_128(#read))
                } else if self.hir.vars[*var].cell {
                    self.q(quote!(#read.get()))
                } else if self.hir.vars[*var].maybe_unbound {
                    self.q(quote!(bound(&#read)))
                } else {
                    Val::place(quote!(#read), self.instance.vars[*var].clone()).owned()
                };
                let val = Val::new(quote!({ #set #read }), self.instance.vars[*var].clone());
                self.coerce(&val, &ty)
            }
            ExprKind::Binary { op: BinOp::Mult, left, right } if self.is_filled(left, right, &ty) => {
                let Type::List { elem, in_place } = &ty else { unreachable!("checked by the guard") };
                let (item, times, later) = match (&left.kind, &right.kind) {
                    (ExprKind::List(items), _) => (&items[0], right, false),
                    (_, ExprKind::List(items)) => (&items[0], left, true),
                    _ => unreachable!("checked by the guard"),
                };
                let (item, times) = (self.value_as(item, elem), self.value_as(times, &Type::Int));
                let make = if *in_place { quote!(plist_filled) } else { quote!(filled) };
                match later {
                    true => self.q(quote!({ let __py_times = #times; list::#make(cx, #item, __py_times) })),
                    false => self.q(quote!(list::#make(cx, #item, #times))),
                }
            }
            ExprKind::Binary { op, left, right } => {
                if ty == Type::Int
                    && let Some(code) = self.between(*op, left, right)
                {
                    return Val::new(code, ty);
                }
                if let Some(val) = self.masked(*op, left, right, &ty) {
                    return val;
                }
                if let Some(code) = self.concat_all(e) {
                    return Val::new(code, ty);
                }
                if *op == BinOp::Add
                    && let Some(code) = self.tuple_around(left, right, &ty)
                {
                    return Val::new(code, ty);
                }
                let (mut l, mut r) = (self.opened_val(left), self.opened_val(right));
                if let (BinOp::Pow, Type::Int | Type::Big | Type::Bool, ExprKind::Int(..0)) =
                    (op, &l.ty, &right.kind)
                {
                    let (x, y) = (self.coerce(&l, &Type::Float), self.coerce(&r, &Type::Float));
                    (l, r) = (Val::new(x, Type::Float), Val::new(y, Type::Float));
                }
                if let (BinOp::Mult, Type::Tuple { .. }, ExprKind::Int(1)) = (op, &l.ty, &right.kind) {
                    return Val::new(self.coerce(&l, &ty), ty);
                }
                if let (BinOp::Mult, Type::Tuple { items, .. }, ExprKind::Int(n)) = (op, &l.ty, &right.kind)
                    && repeated(items.len(), *n)
                {
                    let code = self.repeat_tuple(&l, *n);
                    return Val::new(self.coerce(&code, &ty), ty);
                }
                if let (BinOp::Mod, Type::Str | Type::Char) = (op, &l.ty) {
                    let text = if let ExprKind::Str(text) = &left.kind { Some(text.as_str()) } else { None };
                    let code = self.percent(text, &l, &r);
                    return Val::new(self.coerce(&Val::new(code, Type::Str), &ty), ty);
                }
                if masks(*op, left, right) {
                    if matches!(left.kind, ExprKind::Int(_)) {
                        (l, r) = (r, l);
                    }
                    if l.ty == Type::Big {
                        return Val::new(self.apply("& word", &[l, r], &ty), ty);
                    }
                }
                if is_wrapped(*op, left, right) && [&l.ty, &r.ty, &ty].iter().all(|t| **t == Type::Int) {
                    let (l, r) = (l.owned(), r.owned());
                    return Val::new(self.q(quote!(int::mod_near(#l, #r))), ty);
                }
                self.at(e.id, |f| f.binary(*op, &l, &r, &ty))
            }
            ExprKind::InPlace { op, left, right } => {
                if let Some(val) = self.masked(*op, left, right, &ty) {
                    return val;
                }
                let (l, r) = (self.opened_val(left), self.opened_val(right));
                if masks(*op, left, right) && l.ty == Type::Big {
                    return Val::new(self.apply("& word", &[l, r], &ty), ty);
                }
                self.at(e.id, |f| f.in_place(*op, &l, &r, &ty))
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let test = self.test(operand);
                quote!((!#test))
            }
            ExprKind::Unary { op, operand } => {
                let name = match op {
                    UnaryOp::Neg => "neg",
                    UnaryOp::Pos => "pos",
                    UnaryOp::Invert => "inv",
                    UnaryOp::Not => unreachable!("handled above"),
                };
                let val = self.opened_val(operand);
                self.at(e.id, |f| f.apply(name, &[val], &ty))
            }
            ExprKind::Bool2 { op, left, right } => self.bool_value(*op, left, right, &ty),
            ExprKind::Compare { op, left, right } => {
                if let Type::Union(_) = ty {
                    return Val::new(self.compared_to(op.symbol(), left, right, &ty), ty);
                }
                let code = self.comparison(*op, left, right);
                if matches!(ty, Type::Numpy(_)) { quote!(Np(#code)) } else { code }
            }
            ExprKind::If { test, body, orelse } if self.decide(test).is_some() => {
                let live = if self.decide(test) == Some(true) { body } else { orelse };
                self.value_as(live, &ty)
            }
            ExprKind::If { test, body, orelse }
                if ty == Type::Int
                    && let Some(code) = self.chosen_value(test, body, orelse) =>
            {
                code
            }
            ExprKind::If { test, body, orelse } => {
                let test = self.test(test);
                let (a, b) = (self.value_as(body, &ty), self.value_as(orelse, &ty));
                quote!(if #test { #a } else { #b })
            }
            ExprKind::Tuple(items) if items.is_empty() => {
                let Type::VarTuple(elem) = &ty else { return Val::new(self.bail("Unsupported"), ty) };
                let t = rust_type(elem);
                self.q(quote!(tuple::of::<#t, 0>(cx, [])))
            }
            ExprKind::Tuple(items) => {
                let Type::Tuple { items: types, .. } = &ty else {
                    return Val::new(self.bail("Unsupported"), ty);
                };
                let items: Vec<_> = items.iter().zip(types).map(|(e, t)| self.value_as(e, t)).collect();
                let tuple = quote!((#(#items,)*));
                if ty.is_held() { self.q(quote!(held(cx, #tuple))) } else { tuple }
            }
            ExprKind::List(_) | ExprKind::Dict(_) if outgoing::has_mark(e) => return self.outgoing(e),
            ExprKind::List(items) => {
                let Type::List { elem, in_place } = &ty else {
                    return Val::new(self.bail("Unsupported"), ty);
                };
                let items: Vec<_> = items.iter().map(|e| self.value_as(e, elem)).collect();
                self.list_of(elem, *in_place, &items)
            }
            ExprKind::Build { tuple, parts } => self.build(*tuple, parts, &ty),
            ExprKind::Set { parts, made } => self.set_display(parts, *made, &ty),
            ExprKind::Out(value) => {
                if ty == Type::Obj
                    && let Some(copy) = copy_of(value, &self.instance.nodes)
                {
                    return Val::new(self.copy(&copy), ty);
                }
                if let (Type::VarTuple(elem), Some(Copied::Of("tuple", list))) =
                    (&ty, copy_of(value, &self.instance.nodes))
                {
                    let (list, t) = (self.val(list).by_ref(), rust_type(elem));
                    let made = self.q(quote!(copied::tuple(cx, #list)));
                    return Val::new(self.q(quote!(#made.to::<PTuple<#t>>(cx))), ty.clone());
                }
                let val = self.val(value);
                self.as_object(&val, &ty)
            }
            ExprKind::Dict(items) => {
                let Type::Dict { key, value, .. } = &ty else {
                    return Val::new(self.bail("Unsupported"), ty);
                };
                if let Some(record) = self.record(items, &ty).or_else(|| self.live_merged(items, &ty)) {
                    return Val::new(record, ty);
                }
                let (new, d) = (self.new_container(&ty), self.fresh("d"));
                let mut sets = Vec::new();
                for (k, v) in items {
                    let Some(k) = k else {
                        let (this, other) = (Val::place(quote!(#d), ty.clone()), self.val(v));
                        let update = self.apply("dict.update", &[this, other], &Type::None);
                        sets.push(quote!(#update;));
                        continue;
                    };
                    let (k, v) = (self.value_as(k, key), self.value_as(v, value));
                    let set = self.q(quote!(dict::set(cx, &#d, #k, #v)));
                    sets.push(quote!(#set;));
                }
                quote!({ let #d = #new; #(#sets)* #d })
            }
            ExprKind::Comp(comp) => self.comp(e.id, comp, &ty),
            ExprKind::New { class, arg } => self.new_collection(class, arg.as_deref(), &ty),
            ExprKind::Iter { iter, .. } => match (&iter.kind, &ty) {
                (IterKind::ZipStar(rows), Type::Tuple { items, .. }) => self.unzip(rows, items),
                _ => self.iterator(iter, &ty),
            },
            ExprKind::HandOut { module, attr, args, keywords, whole } => {
                let first = crate::infer::first_part(attr);
                let (space, at) = self.file.slot(self.index, module, true, Guard::Value(first));
                let (space, at) = self.file.slot_of(space, at);
                let from_iterable = attr.ends_with(".from_iterable");
                let mut operands = Vec::new();
                for (arg, free) in args {
                    let object = self.value_as(arg, &Type::Obj);
                    operands.push(quote!((#object, #free)));
                }
                let mut names = Vec::new();
                for (name, value) in keywords {
                    let object = self.value_as(value, &Type::Obj);
                    operands.push(quote!((#object, true)));
                    names.push(name);
                }
                let callable = self.q(quote!(#space.get::<Obj>(cx, #at)));
                let n = Literal::usize_unsuffixed(operands.len());
                let how = quote!(HandOut { whole: #whole, from_iterable: #from_iterable });
                self.q(quote!({
                    let __py_operands: [(Obj, bool); #n] = [#(#operands),*];
                    hand_out(cx, #callable, &__py_operands, &[#(#names),*], #how)
                }))
            }
            ExprKind::Turn(turn) => {
                let turn = self.value_as(turn, &Type::Int);
                quote!(reached(#turn))
            }
            ExprKind::Suspend { point, items, waits: _ } => self.suspended(*point, items, false),
            ExprKind::Yield { value, closes, delegates } => {
                if let Some(code) = self.fused_yield(value) {
                    return Val::new(code, ty);
                }
                let Type::Iter(elem) = self.instance.ret.clone() else {
                    return Val::new(self.bail("Unsupported"), ty);
                };
                let (item, code) = (self.fresh("item"), self.value_as(value, &elem));
                let give = if *closes { quote!(give_inside) } else { quote!(give) };
                let given = quote!(__py_co.#give(&mut cx, #item).await);
                let given = self.q(if *delegates { quote!(delegated(#given)) } else { given });
                match self.deeper_throughout() {
                    deeper if deeper.is_empty() => quote!({ let #item = #code; #given }),
                    deeper => quote!({ let #item = #code; let __py_given = #given; #deeper __py_given }),
                }
            }
            ExprKind::Next { iter, default } => self.next(e.id, iter, default.as_deref(), &ty),
            ExprKind::Call { name, args, keywords } => self.call(e, name, args, keywords, &ty),
            ExprKind::CallNested { function, made, args, slots } => {
                self.call_nested((e.id, is_behind_cache(function)), made.as_deref(), args, slots, &ty)
            }
            ExprKind::Function { name: _, made, captures } => {
                self.function_value(made.as_deref(), captures, &ty)
            }
            ExprKind::CallValue { function, args, stars, keywords, rest } => {
                self.call_value(e.id, function, (args, stars), (keywords, rest.as_deref()), &ty)
            }
            ExprKind::Cell(var) => {
                let (name, ty) =
                    (self.var_ident(*var), Type::Cell(Box::new(self.instance.vars[*var].clone())));
                return Val::place(quote!(#name), ty);
            }
            ExprKind::ModuleCall { module, name, args, keywords } => {
                if let Some(code) = self.package_call(e, module, name, args, keywords, &ty) {
                    return Val::new(code, ty);
                }
                if let (crate::hir::Regex::CALL, Some(regex)) = (name.as_str(), crate::hir::Regex::of(args)) {
                    return self.hoist("re", true, Guard::Pattern(regex), "pattern", ty);
                }
                let full = self.library_name(module, name);
                let full = crate::ops::by_name(full, args.len(), keywords);
                let full = self.formed(full, args, keywords);
                if let Some(code) = self.library(&full, args, keywords, &ty) {
                    return Val::new(code, ty);
                }
                let (lets, vals) = self.arguments(&full, args, keywords);
                let code = self.asks_library(e.id, &full, vals, &ty);
                if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
            }
            ExprKind::Method { base, name, args, keywords } => {
                if let Some(above) = Above::of(name) {
                    let code = self.call_above(e.id, base, &above, (args, keywords), &ty);
                    return Val::new(code, ty);
                }
                if let ExprKind::Global(global) = &base.kind
                    && let Some(code) = self.package_call(e, global, name, args, keywords, &ty)
                {
                    return Val::new(code, ty);
                }
                if let Some(code) = self.call_of_class(e.id, (base, name), args, keywords, &ty) {
                    return Val::new(code, ty);
                }
                if let ExprKind::Global(global) = &base.kind
                    && let Some(member) =
                        self.file.program.class_member(&self.instance.func.module, global, name)
                {
                    let code = self.call(e, &member, args, keywords, &ty);
                    return Val::new(code, ty);
                }
                if let Some(code) = self.asked_of_logger((base, name), args, keywords, &ty) {
                    return Val::new(code, ty);
                }
                self.at(e.id, |f| f.method(e.id, base, name, args, keywords, &ty))
            }
            ExprKind::Special { method, operands, .. } if let Some(text) = Text::of(&method.name) => {
                self.text(e.id, text, operands, &ty)
            }
            ExprKind::Special { method, operands, keywords } => {
                self.special(e.id, method, operands, keywords, &ty)
            }
            ExprKind::Index { base, index } => self.index(base, index, &ty),
            ExprKind::Slice { base, lower, upper, step } => {
                let b = self.opened_val(base);
                if let (Type::Tuple { items, .. }, Type::VarTuple(elem)) = (&b.ty, &ty) {
                    if slice_positions(items.len(), lower, upper, step).is_none() {
                        return Val::new(self.computed_slice(&b, elem, [lower, upper, step]), ty);
                    }
                    let (code, t) = (b.by_ref(), rust_type(elem));
                    let empty = self.q(quote!(tuple::of::<#t, 0>(cx, [])));
                    return Val::new(quote!({ let _ = #code; #empty }), ty);
                }
                if let (Type::Tuple { items, .. }, Some(at)) =
                    (&b.ty, slice_positions(b.ty.items_len(), lower, upper, step))
                {
                    if at.len() == items.len() && step.is_none() {
                        return Val::new(self.coerce(&b, &ty), ty);
                    }
                    let mut lets = Vec::new();
                    let bound = self.bind(&b, &mut lets);
                    let code = &bound.code;
                    let parts: Vec<_> =
                        at.iter().map(|i| Val::place(field(code, *i), items[*i].clone()).owned()).collect();
                    let tuple = Type::Tuple {
                        items: at.iter().map(|i| items[*i].clone()).collect(),
                        origin: Origin::Native,
                    };
                    let val = Val::new(quote!({ #(#lets)* (#(#parts,)*) }), tuple);
                    return Val::new(self.coerce(&val, &ty), ty);
                }
                let args = [b, self.opt(lower), self.opt(upper), self.opt(step)];
                self.apply("getslice", &args, &ty)
            }
            ExprKind::FString(parts) => self.fstring(parts),
            ExprKind::Narrow { narrows, body } => {
                let (narrow, body) = (self.narrow(narrows), self.value_as(body, &ty));
                quote!({ #narrow #body })
            }
            ExprKind::Default { function, param } => self.live_default(function, param, &ty),
            ExprKind::Bail => {
                let bail = self.bail("Unsupported");
                quote!({ let __py_value: () = #bail; __py_value })
            }
            ExprKind::Lambda { .. } => self.bail("Unsupported"),
        };
        // Where inference has not been, what the code is of all the same.
        let own = match &e.kind {
            ExprKind::Compare { .. } | ExprKind::Unary { op: UnaryOp::Not, .. } => Type::Bool,
            ExprKind::FString(_) => Type::Str,
            _ => return Val::new(code, ty),
        };
        match ty {
            Type::Never => Val::new(self.coerce(&Val::new(code, own), &ty), ty),
            _ => Val::new(code, ty),
        }
    }

    /// `[x] * n` that stays native: no list of one is made.
    fn is_filled(&self, left: &Expr, right: &Expr, ty: &Type) -> bool {
        let has_one = |e: &Expr| matches!(&e.kind, ExprKind::List(items) if items.len() == 1);
        let counts = |e: &Expr| matches!(self.node(e.id), Type::Int | Type::Bool);
        let fits = has_one(left) && counts(right) || has_one(right) && counts(left);
        fits && matches!(ty, Type::List { .. })
    }

    /// The value, owned, in the representation of `to`.
    pub(super) fn value_as(&mut self, e: &Expr, to: &Type) -> TokenStream {
        let val = self.val(e);
        self.coerce(&val, to)
    }

    pub(super) fn opt(&mut self, e: &Option<Box<Expr>>) -> Val {
        match e {
            Some(e) => self.val(e),
            None => Val::new(quote!(()), Type::None),
        }
    }

    /// A condition: `bool`.
    pub(super) fn test(&mut self, e: &Expr) -> TokenStream {
        match &e.kind {
            _ if self.decide(e).is_some() => {
                let value = self.decide(e) == Some(true);
                quote!(#value)
            }
            ExprKind::Bool2 { left, right, .. } if self.decide(left).is_some() => self.test(right),
            ExprKind::Bool2 { op, left, right } => {
                let (l, r) = (self.test(left), self.test(right));
                match op {
                    BoolOp::And => quote!((#l && #r)),
                    BoolOp::Or => quote!((#l || #r)),
                }
            }
            // Whatever class the boolean is of.
            ExprKind::Compare { op, left, right } if matches!(self.node(e.id), Type::Union(_)) => {
                self.comparison(*op, left, right)
            }
            _ if self.node(e.id) == Type::Big
                && let Some(far) = self.far_value(e) =>
            {
                quote!((#far != 0))
            }
            _ => {
                if let Some(count) = self.count_of_sets(e) {
                    return quote!((#count != 0));
                }
                let val = self.val(e);
                self.truth(&val)
            }
        }
    }

    /// A comparison whose result is a boolean of Python's or of NumPy's, as the operands are.
    fn compared_to(&mut self, op: &str, left: &Expr, right: &Expr, to: &Type) -> TokenStream {
        let (l, r) = (self.val(left), self.val(right));
        self.dispatch(&[l, r], &mut |f, vals| {
            if vals.iter().any(|v| matches!(v.ty, Type::Array(_, 1..))) {
                let mask = f.row(op, vals)?;
                return Some(f.coerce(&mask, to));
            }
            let code = f.compare_members(op, &vals[0], &vals[1])?;
            let val = match vals.iter().any(|v| is_numpy(&v.ty)) {
                true => Val::new(quote!(Np(#code)), Type::Numpy(Dtype::Bool)),
                false => Val::new(code, Type::Bool),
            };
            Some(f.coerce(&val, to))
        })
    }

    fn string(&mut self, s: &str, ty: &Type) -> Val {
        let mut chars = s.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            let code = Literal::u32_unsuffixed(c as u32);
            let val = Val::new(quote!(Chr(#code)), Type::Char);
            return if *ty == Type::Char { val } else { Val::new(self.coerce(&val, ty), ty.clone()) };
        }
        let name = self.file.string(s);
        let get = self.q(quote!(#name.get(cx)));
        Val::place(quote!((*#get)), Type::Str)
    }

    pub(super) fn c_module(&self, global: &str) -> String {
        match self.file.program.binding(&self.instance.func.module, global) {
            Some((_, Binding::Module(module))) => module,
            _ => global.to_string(),
        }
    }

    /// The name of an operation, with what the call says of its result: see `ops::form`.
    pub(super) fn formed(&self, full: String, args: &[Expr], keywords: &[(String, Expr)]) -> String {
        crate::ops::form(full, args, keywords, |e| match &e.kind {
            ExprKind::ModuleAttr { module, name } if self.c_module(module) == "numpy" => Dtype::named(name),
            ExprKind::Global(name) => Dtype::of_builtin(name),
            ExprKind::Str(name) => Dtype::named(name),
            ExprKind::Method { base, name, .. } if name == "attribute dtype" => {
                crate::numpy::dtype(&self.node(base.id))
            }
            _ => None,
        })
    }

    /// What `global.name` is in the standard library.
    fn library_name(&self, global: &str, name: &str) -> String {
        match self.file.program.binding(&self.instance.func.module, global) {
            Some((_, Binding::Imported { module, name: class })) => format!("{module}.{class}.{name}"),
            _ => format!("{}.{name}", self.c_module(global)),
        }
    }

    pub(super) fn global(&mut self, name: &str, ty: Type) -> Val {
        let module = self.instance.func.module.clone();
        if let Some(class) = enums::asked(name, enums::MEMBERS)
            && let Some(found) = self.file.program.enumeration_named(&module, class)
        {
            return self.members(class, &found, ty);
        }
        self.hoist(&module, false, Guard::Value(name.to_string()), name, ty)
    }

    /// Reads a module attribute once, before the body: nothing can change it while the transaction is open, but
    /// functions that declare it `global`.
    pub(super) fn hoist(&mut self, module: &str, is_c: bool, guard: Guard, name: &str, ty: Type) -> Val {
        let assigned = self.file.program.is_assigned(module, name);
        // A field of a structure is read out of it.
        let (guard, field) = match name.split_once('.').filter(|_| is_c) {
            Some((structure, field)) => (Guard::Value(structure.to_string()), Some(field)),
            None => (guard, None),
        };
        let (ns, slot) = self.file.slot(self.index, module, is_c, guard);
        let (space, slot) = self.file.slot_of(ns, slot);
        let rust = match &ty {
            // It is no `OrderedDict`, and nothing else is done with it.
            Type::Dict { key, value, .. } if name.starts_with(IN_ORDER) => {
                let (key, value) = (rust_type(key), rust_type(value));
                quote!(lru::Bounded<#key, #value>)
            }
            ty => rust_type(ty),
        };
        if assigned {
            return Val::new(self.q(quote!(#space.load::<#rust>(cx, #slot))), ty);
        }
        if field.is_none() && !self.file.program.passes.has(Pass::Globals) {
            return Val::new(self.q(quote!(#space.get::<#rust>(cx, #slot))), ty);
        }
        let key = format!("{ns}.{slot}.{rust}.{}", field.unwrap_or_default());
        if let Some((_, local, _)) = self.hoisted.iter().find(|(k, _, _)| *k == key) {
            return Val::place(quote!(#local), ty);
        }
        let local = self.global_name(name);
        let read = match field {
            Some(field) => {
                let structure = name.split('.').next().unwrap_or_default();
                let fields = ops::STRUCTURES.iter().find(|(name, _)| *name == structure).map(|(_, f)| *f);
                let at = fields.and_then(|all| all.iter().position(|f| *f == field)).unwrap_or_default();
                let at = Literal::usize_unsuffixed(at);
                let full = std::ffi::CString::new(format!("sys.{structure}")).unwrap_or_default();
                let full = Literal::c_string(&full);
                quote!(field::<#rust>(cx, #space.get::<Obj>(cx, #slot)?, #full, #at)?)
            }
            None => quote!(#space.get::<#rust>(cx, #slot)?),
        };
        self.hoisted.push((key, local.clone(), read));
        Val::place(quote!(#local), ty)
    }

    /// A name for the local that holds a global.
    pub(super) fn global_name(&self, name: &str) -> proc_macro2::Ident {
        let name = ident(&format!("global_{name}_{}", self.hoisted.len()));
        quote::format_ident!("{}{name}", self.hoisted_as)
    }

    pub(super) fn binary(&mut self, op: BinOp, l: &Val, r: &Val, to: &Type) -> TokenStream {
        if let (BinOp::Add, Type::Tuple { items: a, .. }, Type::Tuple { items: b, .. }) = (op, &l.ty, &r.ty) {
            let (mut lets, mut parts) = (Vec::new(), Vec::new());
            let (l, r) = (self.bind(l, &mut lets), self.bind(r, &mut lets));
            for (val, items) in [(&l, a), (&r, b)] {
                for (i, t) in items.iter().enumerate() {
                    let (code, i) = (&val.code, Literal::usize_unsuffixed(i));
                    parts.push(Val::place(quote!(#code.#i), t.clone()).owned());
                }
            }
            let items = a.iter().chain(b).cloned().collect();
            let ty = Type::Tuple { items, origin: Origin::Native };
            return self.coerce(&Val::new(quote!({ #(#lets)* (#(#parts,)*) }), ty), to);
        }
        if let (BinOp::Mod, Type::Str | Type::Char | Type::Bytes) = (op, &l.ty) {
            let code = self.percent(None, l, r);
            let ty = if l.ty == Type::Bytes { Type::Bytes } else { Type::Str };
            return self.coerce(&Val::new(code, ty), to);
        }
        let of_lengths = |v: &Val| {
            let tuple = |m: &Type| matches!(m, Type::Tuple { .. } | Type::VarTuple(_));
            !matches!(v.ty, Type::VarTuple(_)) && v.ty.members().iter().all(tuple)
        };
        if matches!(op, BinOp::Add | BinOp::Mult)
            && [l, r].into_iter().any(of_lengths)
            && let Type::VarTuple(_) = to
        {
            let [l, r] = [l, r].map(|v| match of_lengths(v) {
                true => Val::new(self.coerce(v, to), to.clone()),
                false => v.clone(),
            });
            return self.apply(op.symbol(), &[l, r], to);
        }
        self.apply(op.symbol(), &[l.clone(), r.clone()], to)
    }

    fn bool_value(&mut self, op: BoolOp, left: &Expr, right: &Expr, to: &Type) -> TokenStream {
        match (op, self.decide(left)) {
            (BoolOp::And, Some(false)) | (BoolOp::Or, Some(true)) => return self.value_as(left, to),
            (_, Some(_)) => return self.value_as(right, to),
            (_, None) => {}
        }
        let l = self.val(left);
        if l.ty == Type::Bool && self.node(right.id) == Type::Bool && *to == Type::Bool {
            let (a, b) = (l.owned(), self.val(right).owned());
            return match op {
                BoolOp::And => quote!((#a && #b)),
                BoolOp::Or => quote!((#a || #b)),
            };
        }
        let mut lets = Vec::new();
        let l = self.bind(&l, &mut lets);
        let test = self.truth(&l);
        let right = self.value_as(right, to);
        let left = self.coerce(&l, to);
        let code = match op {
            BoolOp::And => quote!(if #test { #right } else { #left }),
            BoolOp::Or => quote!(if #test { #left } else { #right }),
        };
        quote!({ #(#lets)* #code })
    }

    fn comparison(&mut self, op: CmpOp, left: &Expr, right: &Expr) -> TokenStream {
        match op {
            CmpOp::Is | CmpOp::IsNot => {
                let (l, r) = (self.val(left), self.val(right));
                let is = self.dispatch(&[l, r], &mut |f, vals| f.is(&vals[0], &vals[1]));
                if op == CmpOp::Is { is } else { negated(&is) }
            }
            CmpOp::In | CmpOp::NotIn => {
                let mut is_in = self.contains(left, right);
                // What has no value is no truth either.
                if self.node(left.id) == Type::Never {
                    is_in = quote!({ let __py_value: bool = #is_in; __py_value });
                }
                if op == CmpOp::In { is_in } else { negated(&is_in) }
            }
            _ => {
                let far = self.far_compare(op, left, right);
                if let Some(code) = far.or_else(|| self.compare_between(op, left, right)) {
                    return code;
                }
                let (l, r) = (self.val(left), self.val(right));
                self.compare(op.symbol(), &l, &r)
            }
        }
    }
}

/// `not code`, of a bool. Of what gives up nothing else says the type.
fn negated(code: &TokenStream) -> TokenStream {
    if gives_up(code) { quote!((!{ let __py_value: bool = #code; __py_value })) } else { quote!((!#code)) }
}

/// `code.i`
pub(super) fn field(code: &TokenStream, i: usize) -> TokenStream {
    let i = Literal::usize_unsuffixed(i);
    quote!(#code.#i)
}

pub(super) fn int_literal(i: i64) -> TokenStream {
    if i == i64::MIN {
        return quote!(i64::MIN);
    }
    let lit = Literal::i64_suffixed(i.abs());
    if i < 0 { quote!((-#lit)) } else { quote!(#lit) }
}

fn float_literal(f: f64) -> TokenStream {
    if !f.is_finite() {
        let bits = Literal::u64_unsuffixed(f.to_bits());
        return quote!(f64::from_bits(#bits));
    }
    let lit = Literal::f64_suffixed(f.abs());
    if f.is_sign_negative() { quote!((-#lit)) } else { quote!(#lit) }
}

/// Does the code end with a bailout, so that it is of any type?
pub(super) fn gives_up(code: &TokenStream) -> bool {
    let mut tokens = code.clone().into_iter().collect::<Vec<_>>().into_iter().rev();
    match [tokens.next(), tokens.next(), tokens.next()] {
        [Some(TokenTree::Group(inner)), None, None] if inner.delimiter() == Delimiter::Brace => {
            gives_up(&inner.stream())
        }
        [Some(TokenTree::Punct(_)), Some(TokenTree::Group(_)), Some(TokenTree::Ident(name))] => {
            name == "bail"
        }
        [Some(TokenTree::Group(inner)), Some(TokenTree::Punct(_)), Some(TokenTree::Ident(name))]
            if name == "try_" =>
        {
            let mut inner = inner.stream().into_iter().collect::<Vec<_>>().into_iter().rev();
            matches!([inner.next(), inner.next()], [Some(TokenTree::Group(_)), Some(TokenTree::Ident(name))] if name == "bail")
        }
        _ => false,
    }
}
