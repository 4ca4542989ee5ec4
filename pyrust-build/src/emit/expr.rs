//! Expressions.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::types::{Val, rust_type};
use super::{Func, ident};
use crate::hir::{BinOp, BoolOp, CmpOp, Expr, ExprKind, FPart, UnaryOp};
use crate::infer::ranges::is_never_negative;
use crate::infer::{ArgSource, Guard, bind, class_names, positional, slice_positions};
use crate::resolve::Binding;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// The value of an expression, in the type of its node.
    pub(super) fn val(&mut self, e: &Expr) -> Val {
        let unsigned = is_never_negative(e, &self.never_negative, &self.instance.nodes);
        Val { unsigned, ..self.val_of(e) }
    }

    fn val_of(&mut self, e: &Expr) -> Val {
        let ty = self.node(e.id);
        let code = match &e.kind {
            ExprKind::None => quote!(()),
            ExprKind::Bool(b) => quote!(#b),
            ExprKind::Int(i) => int_literal(*i),
            ExprKind::Float(f) => float_literal(*f),
            ExprKind::Str(s) => return self.string(s, &ty),
            ExprKind::Bytes(b) => {
                let name = self.file.bytes(b);
                let get = self.q(quote!(#name.get(cx)));
                return Val::place(quote!((*#get)), ty);
            }
            ExprKind::Local(var) => {
                let (name, var_ty) = (self.var_ident(*var), self.instance.vars[*var].clone());
                if var_ty == Type::Never {
                    let bail = self.bail("Unbound");
                    return Val::new(quote!({ let value: () = #bail; value }), ty);
                }
                let val = if self.hir.vars[*var].maybe_unbound {
                    Val::new(self.q(quote!(bound(&#name))), var_ty)
                } else {
                    Val::place(quote!(#name), var_ty)
                };
                return if val.ty == ty { val } else { Val::new(self.coerce(&val, &ty), ty) };
            }
            ExprKind::Global(name) => return self.global(name, ty),
            ExprKind::ModuleAttr { module, name } => {
                let c_module = self.c_module(module);
                return self.hoist(&c_module, true, Guard::Value(name.clone()), name, ty);
            }
            ExprKind::Named { var, value } => {
                let store = self.value_as(value, &self.instance.vars[*var].clone());
                let set = self.store(*var, store);
                let read = self.var_ident(*var);
                let read = if self.hir.vars[*var].maybe_unbound {
                    self.q(quote!(bound(&#read)))
                } else {
                    Val::place(quote!(#read), self.instance.vars[*var].clone()).owned()
                };
                let val = Val::new(quote!({ #set #read }), self.instance.vars[*var].clone());
                self.coerce(&val, &ty)
            }
            ExprKind::Binary { op: BinOp::Mult, left, right } if self.is_filled(left, right, &ty) => {
                let (ExprKind::List(items), Type::List { elem, .. }) = (&left.kind, &ty) else {
                    unreachable!("checked by the guard")
                };
                let (item, times) = (self.value_as(&items[0], elem), self.value_as(right, &Type::Int));
                self.q(quote!(list::filled(cx, #item, #times)))
            }
            ExprKind::Binary { op, left, right } => {
                let (l, r) = (self.val(left), self.val(right));
                self.binary(*op, &l, &r, &ty)
            }
            ExprKind::InPlace { op, left, right } => {
                let (l, r) = (self.val(left), self.val(right));
                self.in_place(*op, &l, &r, &ty)
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
                let val = self.val(operand);
                self.apply(name, &[val], &ty)
            }
            ExprKind::Bool2 { op, left, right } => self.bool_value(*op, left, right, &ty),
            ExprKind::Compare { op, left, right } => self.comparison(*op, left, right),
            ExprKind::If { test, body, orelse } => {
                let test = self.test(test);
                let (a, b) = (self.value_as(body, &ty), self.value_as(orelse, &ty));
                quote!(if #test { #a } else { #b })
            }
            ExprKind::Tuple(items) if items.is_empty() => {
                let Type::VarTuple(elem) = &ty else { unreachable!("an empty tuple is a live tuple") };
                let t = rust_type(elem);
                self.q(quote!(tuple::of::<#t, 0>(cx, [])))
            }
            ExprKind::Tuple(items) => {
                let Type::Tuple { items: types, .. } = &ty else {
                    unreachable!("a tuple display is a tuple")
                };
                let items: Vec<_> = items.iter().zip(types).map(|(e, t)| self.value_as(e, t)).collect();
                let tuple = quote!((#(#items,)*));
                if ty.is_held() { self.q(quote!(held(cx, #tuple))) } else { tuple }
            }
            ExprKind::List(items) => {
                let Type::List { elem, in_place } = &ty else { unreachable!("a list display is a list") };
                let items: Vec<_> = items.iter().map(|e| self.value_as(e, elem)).collect();
                let (t, n) = (rust_type(elem), Literal::usize_unsuffixed(items.len()));
                let make = if *in_place { quote!(plist_of) } else { quote!(of) };
                self.q(quote!(list::#make::<#t, #n>(cx, [#(#items),*])))
            }
            ExprKind::Dict(items) => {
                let Type::Dict { key, value, .. } = &ty else { unreachable!("a dict display is a dict") };
                let (new, d) = (self.new_container(&ty), self.fresh("d"));
                let mut sets = Vec::new();
                for (k, v) in items {
                    let (k, v) = (self.value_as(k, key), self.value_as(v, value));
                    let set = self.q(quote!(dict::set(cx, &#d, #k, #v)));
                    sets.push(quote!(#set;));
                }
                quote!({ let #d = #new; #(#sets)* #d })
            }
            ExprKind::Comp(comp) => self.comp(comp, &ty),
            ExprKind::Call { name, args, keywords } => self.call(e, name, args, keywords, &ty),
            ExprKind::ModuleCall { module, name, args, keywords } => {
                let full = format!("{}.{name}", self.c_module(module));
                let list = positional(&full, args, keywords).unwrap_or_default();
                let vals: Vec<Val> = list
                    .into_iter()
                    .map(|a| a.map_or_else(|| Val::new(quote!(()), Type::None), |a| self.val(a)))
                    .collect();
                self.apply(&full, &vals, &ty)
            }
            ExprKind::Method { base, name, args, keywords } => self.method(base, name, args, keywords, &ty),
            ExprKind::Index { base, index } => self.index(base, index, &ty),
            ExprKind::Slice { base, lower, upper, step } => {
                let b = self.val(base);
                if let (Type::Tuple { .. }, Type::VarTuple(elem)) = (&b.ty, &ty) {
                    let (code, t) = (b.by_ref(), rust_type(elem));
                    let empty = self.q(quote!(tuple::of::<#t, 0>(cx, [])));
                    return Val::new(quote!({ let _ = #code; #empty }), ty);
                }
                if let (Type::Tuple { items, .. }, Some(at)) =
                    (&b.ty, slice_positions(b.ty.items_len(), lower, upper, step))
                {
                    let mut lets = Vec::new();
                    let bound = self.bind(&b, &mut lets);
                    let code = &bound.code;
                    let parts: Vec<_> =
                        at.iter().map(|i| Val::place(field(code, *i), items[*i].clone()).owned()).collect();
                    let tuple =
                        Type::Tuple { items: at.iter().map(|i| items[*i].clone()).collect(), from_py: false };
                    let val = Val::new(quote!({ #(#lets)* (#(#parts,)*) }), tuple);
                    return Val::new(self.coerce(&val, &ty), ty);
                }
                let args = [b, self.opt(lower), self.opt(upper), self.opt(step)];
                self.apply("getslice", &args, &ty)
            }
            ExprKind::FString(parts) => self.fstring(parts),
            ExprKind::Lambda { .. } => self.bail("Unsupported"),
        };
        Val::new(code, ty)
    }

    /// `[x] * n` that stays native: no list of one is made.
    fn is_filled(&self, left: &Expr, right: &Expr, ty: &Type) -> bool {
        matches!(&left.kind, ExprKind::List(items) if items.len() == 1)
            && matches!(ty, Type::List { in_place: false, .. })
            && matches!(self.node(right.id), Type::Int | Type::Bool)
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
            ExprKind::Bool2 { op, left, right } => {
                let (l, r) = (self.test(left), self.test(right));
                match op {
                    BoolOp::And => quote!((#l && #r)),
                    BoolOp::Or => quote!((#l || #r)),
                }
            }
            _ => {
                let val = self.val(e);
                self.truth(&val)
            }
        }
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

    fn global(&mut self, name: &str, ty: Type) -> Val {
        let module = self.instance.func.module.clone();
        self.hoist(&module, false, Guard::Value(name.to_string()), name, ty)
    }

    /// Reads a module attribute once, before the body: nothing can change it while the transaction is open.
    fn hoist(&mut self, module: &str, is_c: bool, guard: Guard, name: &str, ty: Type) -> Val {
        let (ns, slot) = self.file.slot(self.index, module, is_c, guard);
        let space = quote::format_ident!("NS_{ns}");
        let rust = rust_type(&ty);
        let slot = Literal::usize_unsuffixed(slot);
        let key = format!("{ns}.{slot}.{rust}");
        if let Some((_, local, _)) = self.hoisted.iter().find(|(k, _, _)| *k == key) {
            return Val::place(quote!(#local), ty);
        }
        let local = ident(&format!("global_{name}_{}", self.hoisted.len()));
        self.hoisted.push((key, local.clone(), quote!(#space.get::<#rust>(cx, #slot)?)));
        Val::place(quote!(#local), ty)
    }

    pub(super) fn binary(&mut self, op: BinOp, l: &Val, r: &Val, to: &Type) -> TokenStream {
        if let (BinOp::Add, Type::Tuple { items: a, from_py }, Type::Tuple { items: b, .. }) =
            (op, &l.ty, &r.ty)
        {
            let (mut lets, mut parts) = (Vec::new(), Vec::new());
            let (l, r) = (self.bind(l, &mut lets), self.bind(r, &mut lets));
            for (val, items) in [(&l, a), (&r, b)] {
                for (i, t) in items.iter().enumerate() {
                    let (code, i) = (&val.code, Literal::usize_unsuffixed(i));
                    parts.push(Val::place(quote!(#code.#i), t.clone()).owned());
                }
            }
            let items = a.iter().chain(b).cloned().collect();
            let _ = from_py;
            let ty = Type::Tuple { items, from_py: false };
            return self.coerce(&Val::new(quote!({ #(#lets)* (#(#parts,)*) }), ty), to);
        }
        if let (BinOp::Mod, Type::Str | Type::Char) = (op, &l.ty) {
            let code = self.percent(l, r);
            return self.coerce(&Val::new(code, Type::Str), to);
        }
        self.apply(op.symbol(), &[l.clone(), r.clone()], to)
    }

    pub(super) fn in_place(&mut self, op: BinOp, l: &Val, r: &Val, to: &Type) -> TokenStream {
        if let (BinOp::Add, Type::List { .. }) = (op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let extend = self.apply("+=", &[l.clone(), r.clone()], &Type::None);
            let out = l.owned();
            return quote!({ #(#lets)* #extend; #out });
        }
        if let (BinOp::Mult, Type::List { .. }) = (op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let times = self.coerce(r, &Type::Int);
            let (list, out) = (l.by_ref(), l.owned());
            let repeat = self.q(quote!(list::repeat_in_place(cx, #list, #times)));
            return quote!({ #(#lets)* #repeat; #out });
        }
        self.binary(op, l, r, to)
    }

    fn bool_value(&mut self, op: BoolOp, left: &Expr, right: &Expr, to: &Type) -> TokenStream {
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
                if op == CmpOp::Is { is } else { quote!((!#is)) }
            }
            CmpOp::In | CmpOp::NotIn => {
                let is_in = self.contains(left, right);
                if op == CmpOp::In { is_in } else { quote!((!#is_in)) }
            }
            _ => {
                let (l, r) = (self.val(left), self.val(right));
                self.compare(op.symbol(), &l, &r)
            }
        }
    }

    fn is(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        let (x, y) = (a.by_ref(), b.by_ref());
        Some(match (&a.ty, &b.ty) {
            (Type::None, Type::None) => quote!({ let _ = (#x, #y); true }),
            (Type::Bool, Type::Bool) => quote!((*#x == *#y)),
            (Type::List { in_place: p, .. }, Type::List { in_place: q, .. }) if p == q => {
                if *p {
                    quote!((*#x).is(*#y))
                } else {
                    quote!((*#x).is(#y))
                }
            }
            (Type::Dict { in_place: p, .. }, Type::Dict { in_place: q, .. }) if p == q => {
                if *p {
                    quote!((*#x).is(*#y))
                } else {
                    quote!((*#x).is(#y))
                }
            }
            (Type::View(_), Type::View(_)) => quote!((*#x).is(*#y)),
            (Type::Obj, Type::Obj) => quote!((*#x).is(*#y)),
            (Type::Obj, Type::None) => quote!((*#x).is_none()),
            (Type::None, Type::Obj) => quote!((*#y).is_none()),
            (Type::Obj, Type::Bool) | (Type::Bool, Type::Obj) => return None,
            _ => quote!({ let _ = (#x, #y); false }),
        })
    }

    fn contains(&mut self, left: &Expr, right: &Expr) -> TokenStream {
        // `x in (a, b)`: one comparison after the other, as CPython does.
        if let (ExprKind::Tuple(items), Type::Tuple { .. }) = (&right.kind, self.node(right.id)) {
            let mut lets = Vec::new();
            let l = self.val(left);
            let l = self.bind(&l, &mut lets);
            let vals: Vec<Val> = items.iter().map(|i| self.val(i)).collect();
            let simple = items.iter().all(|i| {
                matches!(
                    i.kind,
                    ExprKind::Int(_)
                        | ExprKind::Str(_)
                        | ExprKind::Local(_)
                        | ExprKind::None
                        | ExprKind::Bool(_)
                )
            });
            let vals: Vec<Val> =
                if simple { vals } else { vals.iter().map(|v| self.bind(v, &mut lets)).collect() };
            let tests: Vec<_> = vals.iter().map(|v| self.element_eq(&l, v)).collect();
            let any = if tests.is_empty() { quote!(false) } else { quote!((#(#tests)||*)) };
            return if lets.is_empty() { any } else { quote!({ #(#lets)* #any }) };
        }
        let (l, r) = (self.val(left), self.val(right));
        if let Type::Tuple { items, .. } = &r.ty {
            let mut lets = Vec::new();
            let (l, r) = (self.bind(&l, &mut lets), self.bind(&r, &mut lets));
            let mut tests = Vec::new();
            for (i, t) in items.iter().enumerate() {
                let (code, i) = (&r.code, Literal::usize_unsuffixed(i));
                let item = Val::place(quote!(#code.#i), t.clone());
                tests.push(self.element_eq(&l, &item));
            }
            let any = if tests.is_empty() { quote!(false) } else { quote!((#(#tests)||*)) };
            return quote!({ #(#lets)* #any });
        }
        self.apply("in", &[l, r], &Type::Bool)
    }

    /// Equality as containers use it: the same NaN is equal to itself, so a NaN bails.
    fn element_eq(&mut self, a: &Val, b: &Val) -> TokenStream {
        self.dispatch(&[a.clone(), b.clone()], &mut |f, vals| {
            if vals[0].ty == Type::Float && vals[1].ty == Type::Float {
                let (x, y) = (vals[0].by_ref(), vals[1].by_ref());
                return Some(f.q(quote!(elem_eq(cx, #x, #y))));
            }
            f.compare_eq(&vals[0], &vals[1])
        })
    }

    fn compare_eq(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        Some(self.compare("==", a, b))
    }

    /// `rows[i]` of a read-only list of lists, where neither changes in the innermost loop: looked up before it.
    fn hoisted_row(&mut self, base: &Expr) -> Option<Val> {
        let ExprKind::Index { base: rows, index } = &base.kind else { return None };
        let (ExprKind::Local(list), ExprKind::Local(at)) = (&rows.kind, &index.kind) else { return None };
        let (list, at) = (*list, *at);
        let ty = self.node(base.id);
        let Type::View(row) = &ty else { return None };
        let plain = self.instance.vars[list] == Type::View(Box::new(ty.clone()))
            && self.instance.vars[at] == Type::Int
            && !self.hir.vars[list].maybe_unbound
            && !self.hir.vars[at].maybe_unbound
            && !matches!(**row, Type::View(_));
        let fixed = |r: &super::RowHoist| !r.assigned.contains(&list) && !r.assigned.contains(&at);
        if !plain || self.closures > 0 || !self.rows.last().is_some_and(fixed) {
            return None;
        }
        let known = |r: &super::RowHoist| {
            r.found.iter().find(|(l, i, _)| (*l, *i) == (list, at)).map(|f| f.2.clone())
        };
        let name = match self.rows.last().and_then(known) {
            Some(name) => name,
            None => {
                let name = self.fresh("row");
                self.rows.last_mut()?.found.push((list, at, name.clone()));
                name
            }
        };
        let (rows, at) = (self.var_ident(list), self.var_ident(at));
        let code = self.q(quote!(list::row_or(cx, #name, &#rows, #at)));
        Some(Val::new(code, ty))
    }

    fn index(&mut self, base: &Expr, index: &Expr, to: &Type) -> TokenStream {
        let b = match self.hoisted_row(base) {
            Some(row) => row,
            None => self.val(base),
        };
        if let ExprKind::Int(i) = index.kind
            && b.ty.members().iter().all(|m| matches!(m, Type::Tuple { .. }))
        {
            return self.match_union(&b, |f, v| {
                let Type::Tuple { items, .. } = &v.ty else { return None };
                let n = items.len() as i64;
                let at = if i < 0 { i + n } else { i };
                if !(0..n).contains(&at) {
                    let out = f.q(quote!(exc(Exc::IndexError)));
                    return Some(out);
                }
                let (code, lit) = (&v.code, Literal::usize_unsuffixed(at as usize));
                let item = Val {
                    code: quote!(#code.#lit),
                    ty: items[at as usize].clone(),
                    place: v.place,
                    unsigned: false,
                };
                Some(f.coerce(&item, to))
            });
        }
        let i = self.val(index);
        self.getitem(&b, &i, to)
    }

    pub(super) fn getitem(&mut self, base: &Val, index: &Val, to: &Type) -> TokenStream {
        if let Type::Tuple { items, .. } = &base.ty {
            // A computed index into a tuple of known length.
            let mut lets = Vec::new();
            let b = self.bind(base, &mut lets);
            let i = self.coerce(index, &Type::Int);
            let n = Literal::usize_unsuffixed(items.len());
            let at = self.q(quote!(list::position(#i, #n)));
            let mut arms = Vec::new();
            for (k, t) in items.iter().enumerate() {
                let (code, k) = (&b.code, Literal::usize_unsuffixed(k));
                let item = self.coerce(&Val::place(quote!(#code.#k), t.clone()), to);
                arms.push(quote!(#k => #item,));
            }
            let other = self.q(quote!(exc(Exc::IndexError)));
            return quote!({ #(#lets)* match #at { #(#arms)* _ => #other } });
        }
        self.apply("getitem", &[base.clone(), index.clone()], to)
    }

    fn fstring(&mut self, parts: &[FPart]) -> TokenStream {
        let b = self.fresh("b");
        let mut pushes = Vec::new();
        for part in parts {
            match part {
                FPart::Literal(text) => {
                    let push = self.q(quote!(#b.push_static(#text)));
                    pushes.push(quote!(#push;));
                }
                FPart::Value { value, conversion, spec } => {
                    let val = self.val(value);
                    let (conversion, b) = (*conversion, b.clone());
                    let spec = self.format_spec(spec);
                    let push = self.dispatch(&[val], &mut |f, vals| {
                        Some(f.push_format(&b, &vals[0], conversion, &spec))
                    });
                    pushes.push(quote!(#push;));
                }
            }
        }
        let finish = self.q(quote!(#b.finish(cx)));
        quote!({ let mut #b = StrBuilder::new(); #(#pushes)* #finish })
    }

    /// A literal specification as Rust text, or the code that computes it.
    fn format_spec(&mut self, parts: &[FPart]) -> FormatSpec {
        match parts {
            [] => FormatSpec::Literal(String::new()),
            [FPart::Literal(text)] => FormatSpec::Literal(text.clone()),
            _ => FormatSpec::Computed(self.fstring(parts)),
        }
    }

    fn push_format(
        &mut self,
        b: &proc_macro2::Ident,
        v: &Val,
        conversion: Option<char>,
        spec: &FormatSpec,
    ) -> TokenStream {
        let (code, by_ref) = (v.owned(), v.by_ref());
        let spec = match spec {
            FormatSpec::Literal(text) => text,
            FormatSpec::Computed(spec) => {
                let made = match (conversion, &v.ty) {
                    (None, Type::Int) => quote!(fmt::int_dyn(cx, #code, &#spec)),
                    (None, Type::Float) => quote!(fmt::float_dyn(cx, #code, &#spec)),
                    (None, Type::Char) => quote!(fmt::chr_dyn(cx, #code, &#spec)),
                    (None, Type::Str) => quote!(fmt::str_dyn(cx, #by_ref, &#spec)),
                    (None, Type::Bool) => quote!(fmt::bool_dyn(cx, #code, &#spec)),
                    _ => quote!(bail::<Str>(Bail::Unsupported)),
                };
                let made = self.q(made);
                return self.q(quote!(#b.push_str(&#made)));
            }
        };
        let code = match (conversion, &v.ty) {
            (Some('r'), _) => quote!(fmt::push_converted_r(cx, &mut #b, #by_ref, #spec)),
            (Some('a'), _) => quote!(fmt::push_converted_a(cx, &mut #b, #by_ref, #spec)),
            (Some(_), _) => quote!(fmt::push_converted_s(cx, &mut #b, #by_ref, #spec)),
            (None, Type::Int) => quote!(fmt::push_int(cx, &mut #b, #code, #spec)),
            (None, Type::Float) => quote!(fmt::push_float(cx, &mut #b, #code, #spec)),
            (None, Type::Char) => quote!(fmt::push_chr(cx, &mut #b, #code, #spec)),
            (None, Type::Str) => quote!(fmt::push_text(cx, &mut #b, #by_ref, #spec)),
            (None, Type::Bool) => quote!(fmt::push_bool(cx, &mut #b, #code, #spec)),
            _ => quote!(fmt::push_plain(cx, &mut #b, #by_ref, #spec)),
        };
        self.q(code)
    }

    /// `text % values`
    fn percent(&mut self, text: &Val, values: &Val) -> TokenStream {
        let mut lets = Vec::new();
        let text = self.bind(text, &mut lets);
        let text = self.coerce(&text, &Type::Str);
        let values = self.bind(values, &mut lets);
        let parts: Vec<Val> = match &values.ty {
            Type::Tuple { items, .. } => {
                items.iter().enumerate().map(|(i, t)| Val::place(field(&values.code, i), t.clone())).collect()
            }
            _ => vec![values.clone()],
        };
        let codes: Vec<TokenStream> = parts
            .iter()
            .map(|v| {
                let ty = if v.ty == Type::Char { Type::Str } else { v.ty.clone() };
                self.coerce(v, &ty)
            })
            .collect();
        let f = quote::format_ident!("percent{}", codes.len());
        let code = self.q(quote!(fmt::#f(cx, &#text, #(#codes),*)));
        quote!({ #(#lets)* #code })
    }

    /// An empty list or dict of a type.
    pub(super) fn new_container(&mut self, ty: &Type) -> TokenStream {
        match ty {
            Type::List { elem, in_place } => {
                let t = rust_type(elem);
                let make = if *in_place { quote!(plist_new) } else { quote!(new) };
                self.q(quote!(list::#make::<#t>(cx)))
            }
            Type::Dict { key, value, in_place } => {
                let (k, v) = (rust_type(key), rust_type(value));
                let make = if *in_place { quote!(pdict_new) } else { quote!(new) };
                self.q(quote!(dict::#make::<#k, #v>(cx)))
            }
            _ => self.bail("Unsupported"),
        }
    }

    fn call(
        &mut self,
        e: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        if let Some(callee) = self.instance.calls.get(&e.id).copied() {
            return self.native_call(name, callee, args, keywords, to);
        }
        if let Some((_, Binding::Imported { module, name: attr })) =
            self.file.program.binding(&self.instance.func.module, name)
        {
            let vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
            return self.apply(&format!("{module}.{attr}"), &vals, to);
        }
        match (name, args) {
            ("isinstance", [value, class]) => {
                let names = class_names(class).unwrap_or_default();
                let val = self.val(value);
                self.match_union(&val, |_, v| {
                    let (code, yes) = (v.by_ref(), names.iter().any(|n| is_instance(&v.ty, n)));
                    if v.ty == Type::Obj { None } else { Some(quote!({ let _ = #code; #yes })) }
                })
            }
            ("min" | "max", [first, rest @ ..]) if !rest.is_empty() => {
                let op = if name == "min" { "<" } else { ">" };
                let mut lets = Vec::new();
                let vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
                let bound: Vec<Val> = vals.iter().map(|v| self.bind(v, &mut lets)).collect();
                debug_assert_eq!(first.id, args[0].id);
                let mut best = Val::new(self.coerce(&bound[0], to), to.clone());
                for val in &bound[1..] {
                    let (b, code) = (self.fresh("best"), &best.code);
                    lets.push(quote!(let #b = #code;));
                    let current = Val::place(quote!(#b), to.clone());
                    let better = self.compare(op, val, &current);
                    let (new, old) = (self.coerce(val, to), current.owned());
                    best = Val::new(quote!(if #better { #new } else { #old }), to.clone());
                }
                let code = &best.code;
                quote!({ #(#lets)* #code })
            }
            ("str" | "repr", [value]) => {
                let val = self.val(value);
                let repr = name == "repr";
                self.dispatch(&[val], &mut |f, vals| {
                    let (code, by_ref) = (vals[0].owned(), vals[0].by_ref());
                    Some(match (&vals[0].ty, repr) {
                        (Type::Str, false) => code,
                        (Type::Char, false) => f.q(quote!(chr::to_str(cx, #code))),
                        (_, false) => f.q(quote!(fmt::str_of(cx, #by_ref))),
                        (_, true) => f.q(quote!(fmt::repr_of(cx, #by_ref))),
                    })
                })
            }
            ("bool", [value]) => self.test(value),
            ("bool", []) => quote!(false),
            ("len", [value])
                if self.node(value.id).members().iter().all(|m| matches!(m, Type::Tuple { .. })) =>
            {
                let val = self.val(value);
                self.match_union(&val, |_, v| {
                    let Type::Tuple { items, .. } = &v.ty else { return None };
                    let (n, code) = (int_literal(items.len() as i64), v.by_ref());
                    Some(quote!({ let _ = #code; #n }))
                })
            }
            ("list" | "dict", []) => self.new_container(to),
            ("dict", [value]) => {
                let val = self.val(value);
                if let (Type::List { elem: pair, .. } | Type::VarTuple(pair), Type::Dict { key, value, .. }) =
                    (&val.ty, to)
                {
                    return self.dict_of_pairs(&val, pair, (key, value), to);
                }
                self.apply("dict.copy", &[val], to)
            }
            ("sorted", [list]) => {
                let (code, l) = (self.val(list).owned(), self.fresh("l"));
                let sort = self.sort(&Val::place(quote!(#l), self.node(list.id)), keywords);
                quote!({ let #l = #code; #sort; #l })
            }
            _ => {
                let list = positional(name, args, keywords).unwrap_or_default();
                let vals: Vec<Val> = list
                    .into_iter()
                    .map(|a| a.map_or_else(|| Val::new(quote!(()), Type::None), |a| self.val(a)))
                    .collect();
                self.apply(name, &vals, to)
            }
        }
    }

    /// `dict(pairs)` of a list or tuple of pairs.
    fn dict_of_pairs(
        &mut self,
        val: &Val,
        pair: &Type,
        (key, value): (&Type, &Type),
        to: &Type,
    ) -> TokenStream {
        let Type::Tuple { items, .. } = pair else { return self.bail("Unsupported") };
        let (d, it, at, x) = (self.fresh("d"), self.fresh("it"), self.fresh("at"), self.fresh("x"));
        let (new, code) = (self.new_container(to), val.owned());
        let next = match val.ty {
            Type::VarTuple(_) => quote!(tuple::next(cx, &#it, &mut #at)),
            _ => quote!(list::next(cx, &#it, &mut #at)),
        };
        let next = self.q(next);
        let k = self.coerce(&Val::place(quote!(#x.0), items[0].clone()), key);
        let v = self.coerce(&Val::place(quote!(#x.1), items[1].clone()), value);
        let set = self.q(quote!(dict::set(cx, &#d, #k, #v)));
        quote!({
            let #d = #new;
            let #it = #code;
            let mut #at: i64 = 0;
            while let Some(#x) = #next { #set; }
            #d
        })
    }

    fn native_call(
        &mut self,
        name: &str,
        callee: usize,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let target = &self.file.program.instances[callee];
        let (hir, params, ret) = (target.hir.clone(), target.params.clone(), target.ret.clone());
        let rust_name = self.file.want(callee);
        let sources = bind(&hir.params, args.len(), keywords).unwrap_or_default();
        let vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
        let kw_vals: Vec<Val> = keywords.iter().map(|(_, a)| self.val(a)).collect();
        // Keyword arguments are evaluated in the order of the call, not of the parameters.
        let mut lets = Vec::new();
        let reorder = !keywords.is_empty();
        let bind_all = |f: &mut Self, list: Vec<Val>, lets: &mut Vec<TokenStream>| -> Vec<Val> {
            if reorder { list.iter().map(|v| f.bind(v, lets)).collect() } else { list }
        };
        let vals = bind_all(self, vals, &mut lets);
        let kw_vals = bind_all(self, kw_vals, &mut lets);
        let module = self.instance.func.module.clone();
        let mut codes = Vec::new();
        for ((source, param), ty) in sources.iter().zip(&hir.params).zip(&params) {
            let code = match source {
                ArgSource::Positional(i) => self.coerce(&vals[*i], ty),
                ArgSource::Keyword(i) => self.coerce(&kw_vals[*i], ty),
                ArgSource::Default => {
                    let guard = Guard::Function {
                        name: name.to_string(),
                        target: self.file.program.instances[callee].func.clone(),
                    };
                    let (ns, slot) = self.file.slot(self.index, &module, false, guard);
                    let (space, slot) = (quote::format_ident!("NS_{ns}"), Literal::usize_unsuffixed(slot));
                    let rust = rust_type(ty);
                    let read = match param.kind {
                        crate::hir::ParamKind::KeywordOnly => {
                            let name = &param.name;
                            quote!(#space.kwdefault::<#rust>(cx, #slot, #name))
                        }
                        _ => {
                            let index = default_index(&hir.params, &param.name);
                            quote!(#space.default::<#rust>(cx, #slot, #index))
                        }
                    };
                    self.q(read)
                }
            };
            codes.push(code);
        }
        let depth = self.q(quote!(cx.call()));
        let call = self.q(quote!(#rust_name(#depth, #(#codes),*)));
        let code = if lets.is_empty() { call } else { quote!({ #(#lets)* #call }) };
        self.coerce(&Val::new(code, ret), to)
    }

    fn method(
        &mut self,
        base: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let b = self.val(base);
        if name == "sort" {
            let b = self.bind(&b, &mut lets);
            let sort = self.match_union(&b, |f, v| match v.ty {
                Type::List { .. } => Some(f.sort(&v, keywords)),
                _ => None,
            });
            return quote!({ #(#lets)* #sort });
        }
        if (name == "get" || name == "pop") && args.len() == 2 && b.ty.members().iter().any(|m| matches!(m, Type::Dict { .. })) {
            return self.dict_get(&b, name == "pop", &args[0], &args[1], to);
        }
        let mut vals = vec![b];
        // The classes of one union differ in what they take; keywords belong to `str` methods only.
        let class = vals[0].ty.members().iter().find_map(class_name).unwrap_or("object");
        for a in positional(&format!("{class}.{name}"), args, keywords).unwrap_or_default() {
            vals.push(a.map_or_else(|| Val::new(quote!(()), Type::None), |a| self.val(a)));
        }
        self.dispatch(&vals, &mut |f, vals| {
            let full = format!("{}.{name}", class_name(&vals[0].ty)?);
            let ret = f.row(&full, vals)?;
            Some(f.coerce(&ret, to))
        })
    }

    /// `d.get(k, default)` and `d.pop(k, default)`, where the default may have another type than the values.
    fn dict_get(&mut self, base: &Val, pop: bool, key: &Expr, default: &Expr, to: &Type) -> TokenStream {
        let (k, d) = (self.val(key), self.val(default));
        self.dispatch(&[base.clone(), k], &mut |f, vals| {
            let Type::Dict { value, .. } = &vals[0].ty else { return None };
            let value = (**value).clone();
            if d.ty.fits_into(&value) && value != Type::Never {
                let name = if pop { "dict.pop" } else { "dict.get" };
                let args = [vals[0].clone(), vals[1].clone(), Val::new(f.coerce(&d, &value), value)];
                let ret = f.row(name, &args)?;
                return Some(f.coerce(&ret, to));
            }
            // The default is evaluated before the look-up.
            let mut lets = Vec::new();
            let vals: Vec<Val> = vals.iter().map(|v| f.bind(v, &mut lets)).collect();
            let d = f.bind(&d, &mut lets);
            if pop {
                let (dict, key) = (vals[0].by_ref(), f.key_of(&vals[0], &vals[1])?);
                let (has, take) =
                    (f.q(quote!(dict::contains(cx, #dict, &#key))), f.q(quote!(dict::pop(cx, #dict, &#key))));
                let hit = f.coerce(&Val::new(take, value), to);
                let miss = f.coerce(&d, to);
                return Some(quote!({ #(#lets)* if #has { #hit } else { #miss } }));
            }
            let found = f.row_optional(&vals[0], &vals[1])?;
            let x = f.fresh("v");
            let hit = f.coerce(&Val::new(quote!(#x), value), to);
            let miss = f.coerce(&d, to);
            Some(quote!({ #(#lets)* match #found { Some(#x) => #hit, None => #miss } }))
        })
    }

    /// A key in the representation of the dict's keys.
    fn key_of(&mut self, dict: &Val, key: &Val) -> Option<TokenStream> {
        let Type::Dict { key: k, .. } = &dict.ty else { return None };
        let fits = key.ty.fits_into(k) || crate::ops::equal_key(&key.ty, k);
        fits.then(|| self.coerce(key, k))
    }

    /// `dict::get`: `Option` of the value.
    fn row_optional(&mut self, dict: &Val, key: &Val) -> Option<TokenStream> {
        let (d, k) = (dict.by_ref(), self.key_of(dict, key)?);
        Some(self.q(quote!(dict::get(cx, #d, &#k))))
    }

    fn sort(&mut self, list: &Val, keywords: &[(String, Expr)]) -> TokenStream {
        let Type::List { elem, .. } = &list.ty else { return self.bail("Unsupported") };
        let l = list.by_ref();
        let mut lets = Vec::new();
        let mut reverse = quote!(false);
        let mut key = None;
        for (name, value) in keywords {
            match (name.as_str(), &value.kind) {
                ("reverse", _) => {
                    let (test, r) = (self.test(value), self.fresh("reverse"));
                    lets.push(quote!(let #r = #test;));
                    reverse = quote!(#r);
                }
                ("key", ExprKind::Lambda { params, body }) => key = Some((params[0], body)),
                _ => {}
            }
        }
        let code = match key {
            None => self.q(quote!(sort_list(cx, #l, #reverse))),
            Some((param, body)) => {
                let (item, t) = (self.var_ident(param), rust_type(elem));
                let key_ty = self.node(body.id);
                let k = rust_type(&key_ty);
                let body = self.in_closure(|f| f.value_as(body, &key_ty));
                self.q(quote!(sort_by_key(cx, #l, |#item: #t| -> R<#k> { Ok(#body) }, #reverse)))
            }
        };
        quote!({ #(#lets)* #code })
    }
}

/// A format specification: known, or computed at run time.
enum FormatSpec {
    Literal(String),
    Computed(TokenStream),
}

/// `code.i`
fn field(code: &TokenStream, i: usize) -> TokenStream {
    let i = Literal::usize_unsuffixed(i);
    quote!(#code.#i)
}

/// Where a positional parameter stands in `__defaults__`, counted from its end so that it stays right when read live.
fn default_index(params: &[crate::hir::Param], name: &str) -> TokenStream {
    // Positional parameters come first, so that this is the parameter's own number: the length of `__defaults__` may
    // change at run time.
    let at = params.iter().position(|p| p.name == name).unwrap_or(0);
    let at = Literal::usize_unsuffixed(at);
    quote!(#at)
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

fn class_name(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Int | Type::Bool => "int",
        Type::Float => "float",
        Type::Str | Type::Char => "str",
        Type::Bytes => "bytes",
        Type::List { .. } | Type::View(_) => "list",
        Type::Dict { .. } => "dict",
        Type::VarTuple(_) => "tuple",
        _ => return None,
    })
}

fn is_instance(ty: &Type, class: &str) -> bool {
    match ty {
        Type::Bool => matches!(class, "bool" | "int"),
        Type::Int => class == "int",
        Type::Float => class == "float",
        Type::Str | Type::Char => class == "str",
        Type::Bytes => class == "bytes",
        Type::List { .. } | Type::View(_) => class == "list",
        Type::Dict { .. } => class == "dict",
        Type::Tuple { .. } | Type::VarTuple(_) => class == "tuple",
        Type::Range => class == "range",
        Type::None | Type::Never | Type::Obj | Type::Union(_) => false,
    }
}
