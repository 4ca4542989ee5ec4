//! Calls: builtins, functions of C modules, native calls, methods.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::classes::Asked;
use super::expr::int_literal;
use super::iter::iter_elem;
use super::lookups::stays_still;
use super::types::{Val, rust_type};
use crate::hir::{Expr, ExprKind};
use crate::infer::{
    ArgSource, FuncRef, Guard, bind, class_names, enums, is_affix, takes_any_length, takes_iterables,
};
use crate::lower::INTRINSICS;
use crate::lower::asked::IS_THERE;
use crate::lower::classes::{ELLIPSIS, NOT_IMPLEMENTED, THE_EXCEPTION, TYPE_IN, TYPE_IS, TYPE_NAME, TYPE_OF};
use crate::lower::memo::KEY;
use crate::lower::spread_both::NAMES;
use crate::lower::visitors::ByClass;
use crate::ops::{Arg, Constant, positional};
use crate::resolve::{Binding, factory};
use crate::ty::{DictKind, Origin, Side, Type};

impl Func<'_, '_, '_> {
    pub(super) fn call(
        &mut self,
        e: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        if let Some(callee) = self.instance.calls.get(&e.id).copied() {
            let module = self.instance.func.module.clone();
            return self.native_call((&module, name, e.id), callee, args, keywords, to);
        }
        if let (Some(global), [key]) = (enums::asked(name, enums::LOOKUP), args)
            && let Some(class) = self.file.program.enumeration_named(&self.instance.func.module, global)
        {
            return self.member_by_name(global, &class, key, to);
        }
        if let Some(class) = self.file.program.object_class(&self.instance.func.module, name) {
            let module = self.instance.func.module.clone();
            return self.make_instance(e.id, (&module, name), &class, args, keywords, to);
        }
        if let Some(def) = self.file.program.named(&self.instance.func.module, name) {
            let module = self.instance.func.module.clone();
            return self.make_named((&module, name), &def, args, keywords, to);
        }
        if let Some((_, Binding::Imported { module, name: attr })) =
            self.file.program.binding(&self.instance.func.module, name)
        {
            let full = format!("{module}.{attr}");
            if let Some(code) = self.library(&full, args, keywords, to) {
                return code;
            }
            let full = crate::ops::by_name(full, args.len(), keywords);
            let full = self.formed(full, args, keywords);
            let (lets, vals) = self.arguments(&full, args, keywords);
            let code = self.asks_library(e.id, &full, vals, to);
            return if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) };
        }
        if let (KEY, [value], Type::Tuple { items, .. }) = (name, args, self.node(e.id)) {
            let (value, ty) = (self.value_as(value, &items[0]), self.node(e.id));
            let key = if ty.is_held() { self.q(quote!(held(cx, (#value,)))) } else { quote!((#value,)) };
            return self.coerce(&Val::new(key, ty), to);
        }
        if let ("len", [value]) = (name, args)
            && let Some(count) = self.count_of_sets(value)
        {
            return count;
        }
        if let ("len", [value]) = (name, args)
            && let Some(list) = self.field_place(value, &[])
        {
            return self.apply("len", &[list], to);
        }
        if let ("bytes" | "bytearray", [value]) = (name, args)
            && let Some(made) = self.bytes_of(name, value)
        {
            return self.coerce(&made, to);
        }
        match (name, args) {
            ("float", [Expr { kind: ExprKind::Str(text), .. }]) if let Some(infinity) = infinity(text) => {
                self.coerce(&Val::new(infinity, Type::Float), to)
            }
            ("isinstance", [value, class]) if class_names(class).is_none() => {
                self.asks_global(value, class, Asked::Instance)
            }
            (IS_THERE, [Expr { kind: ExprKind::Global(name), .. }]) => self.is_there(name),
            (name, _) if INTRINSICS.contains(&name) => self.intrinsic(name, args, to),
            (TYPE_IS, [value, class]) => self.asks_global(value, class, Asked::Class),
            (TYPE_IN, [value, class]) => self.asks_global(value, class, Asked::OneOf),
            (NAMES, [names]) => {
                let names = self.val(names);
                self.at(e.id, |f| f.apply("dict.copy", &[names], to))
            }
            (NOT_IMPLEMENTED, []) => self.coerce(&Val::new(quote!(Obj::not_implemented(cx)), Type::Obj), to),
            (name, []) if let Some(class) = name.strip_prefix(THE_EXCEPTION) => {
                let class = quote::format_ident!("{class}");
                self.coerce(&Val::new(quote!(Obj::exception(cx, Exc::#class)), Type::Obj), to)
            }
            (ELLIPSIS, []) => self.coerce(&Val::new(quote!(Obj::ellipsis(cx)), Type::Obj), to),
            (TYPE_OF, [value]) => self.class_of(value, false, to),
            ("issubclass", [class, of]) => self.is_subclass(class, of),
            (TYPE_NAME, [value]) => self.name_of_class(value, to),
            ("isinstance", [value, class]) => {
                let names = class_names(class).unwrap_or_default();
                let val = self.val(value);
                self.match_bound(&val, |f, v| {
                    let (code, yes) = (v.by_ref(), names.iter().any(|n| crate::infer::is_instance(&v.ty, n)));
                    if v.ty == Type::Obj {
                        let object = &v.code;
                        let tests: Vec<_> =
                            names.iter().filter_map(|name| f.asks_builtin(object, name)).collect();
                        return (!tests.is_empty()).then(|| quote!((#(#tests)||*)));
                    }
                    Some(quote!({ let _ = #code; #yes }))
                })
            }
            ("hasattr", [value, Expr { kind: ExprKind::Str(attribute), .. }]) => {
                let val = self.val(value);
                self.has_attribute(&val, attribute)
            }
            ("id", [value]) => {
                let object = self.value_as(value, &Type::Obj);
                self.coerce(&Val::new(self.q(quote!(object::identity(cx, #object))), Type::Int), to)
            }
            ("callable", [value]) => {
                let val = self.val(value);
                self.match_union(&val, |f, v| {
                    if v.ty == Type::Obj || matches!(&v.ty, Type::Instance(class) if class.own == 0) {
                        let object = f.coerce(&v, &Type::Obj);
                        return Some(quote!(object::is_callable(#object)));
                    }
                    let (code, yes) = (v.by_ref(), crate::infer::is_callable(&v.ty)?);
                    Some(quote!({ let _ = #code; #yes }))
                })
            }
            ("min" | "max", [first, rest @ ..]) if !rest.is_empty() => {
                let op = if name == "min" { "<" } else { ">" };
                let mut lets = Vec::new();
                let vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
                let bound: Vec<Val> = vals.iter().map(|v| self.bind(v, &mut lets)).collect();
                debug_assert_eq!(first.id, args[0].id);
                let bound = self.in_order(args, bound);
                let mut best = Val::new(self.coerce(&bound[0], to), to.clone());
                for val in &bound[1..] {
                    let (b, code) = (self.fresh("best"), &best.code);
                    // One alternative alone does not tell what the others are.
                    let plain = matches!(to, Type::Bool | Type::Int | Type::Float | Type::Char | Type::Str);
                    let of = (!plain).then(|| rust_type(to)).map(|ty| quote!(: #ty));
                    lets.push(quote!(let #b #of = #code;));
                    let current = Val::place(quote!(#b), to.clone());
                    let better = self.goes_before(op, val, &current);
                    let (new, old) = (self.coerce(val, to), current.owned());
                    best = Val::new(quote!(if #better { #new } else { #old }), to.clone());
                }
                let code = &best.code;
                quote!({ #(#lets)* #code })
            }
            ("format" | "ascii", [text]) => self.value_as(text, to),
            ("hash", [value]) => {
                let val = self.val(value);
                self.dispatch(&[val], &mut |f, vals| {
                    let code = vals[0].by_ref();
                    Some(f.q(quote!(hash_of(cx, #code))))
                })
            }
            ("str" | "repr", [value]) if keywords.is_empty() => {
                let val = self.val(value);
                let repr = name == "repr";
                self.dispatch(&[val], &mut |f, vals| Some(f.text_of(&vals[0], repr)))
            }
            ("bool", [value]) => self.test(value),
            ("bool", []) => quote!(false),
            ("object", []) => self.q(quote!(Obj::plain(cx))),
            ("len", [value])
                if self
                    .node(value.id)
                    .members()
                    .iter()
                    .any(|m| matches!(m, Type::Tuple { .. } | Type::Named { .. })) =>
            {
                let val = self.val(value);
                self.match_union(&val, |f, v| {
                    let (Type::Tuple { items, .. } | Type::Named { items, .. }) = &v.ty else {
                        return (v.ty != Type::None).then(|| f.apply("len", &[v], &Type::Int));
                    };
                    let (n, code) = (int_literal(items.len() as i64), v.by_ref());
                    Some(quote!({ let _ = #code; #n }))
                })
            }
            ("list" | "dict" | "set" | "frozenset", []) => self.new_container(to),
            ("dict", [value]) => {
                let val = self.val(value);
                if !matches!(val.ty, Type::Dict { .. } | Type::View(_))
                    && let (Some(pair), Type::Dict { key, value, .. }) = (iter_elem(&val.ty), to)
                {
                    return self.dict_of_pairs(&val, &pair, (key, value), to);
                }
                self.apply("dict.copy", &[val], to)
            }
            ("sorted", [list]) => {
                let code = self.in_any_order(list, keywords).unwrap_or_else(|| self.val(list).owned());
                let l = self.fresh("l");
                let sort = self.sort(&Val::place(quote!(#l), self.node(list.id)), keywords);
                quote!({ let #l = #code; #sort; #l })
            }
            _ => {
                let (lets, mut vals) = self.arguments(name, args, keywords);
                if takes_any_length(name)
                    && let Some(first) = vals.first_mut()
                {
                    *first = self.any_length(first);
                }
                let code = self.at(e.id, |f| f.apply(name, &vals, to));
                if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
            }
        }
    }

    /// The arguments in their places, evaluated in the order of the call; what is to be evaluated first.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> (Vec<TokenStream>, Vec<Val>) {
        let list = positional(name, args, keywords).unwrap_or_default();
        let mut lets = Vec::new();
        let mut given: Vec<(usize, Val)> = Vec::new();
        let used = |e: &Expr| list.iter().any(|arg| matches!(arg, Arg::Given(given) if given.id == e.id));
        for e in args.iter().chain(keywords.iter().map(|(_, e)| e)) {
            // The type of an array's elements, which is part of the name.
            if crate::ops::has_form(name) && !used(e) {
                continue;
            }
            let val = self.val(e);
            let val = if keywords.len() > 1 { self.bind(&val, &mut lets) } else { val };
            given.push((e.id, val));
        }
        let vals = list
            .into_iter()
            .map(|arg| match arg {
                Arg::Given(e) => {
                    let at = given.iter().position(|(id, _)| *id == e.id);
                    at.map_or_else(|| Val::new(quote!(()), Type::None), |at| given[at].1.clone())
                }
                Arg::Left(constant) => self.constant_arg(constant),
            })
            .collect();
        (lets, vals)
    }

    /// A tuple of known length as one of any length; other values as they are.
    pub(super) fn any_length(&mut self, val: &Val) -> Val {
        if let Type::Iter(elem) = &val.ty {
            let ty = Type::List { elem: elem.clone(), in_place: false };
            let (list, new) = (self.fresh("list"), self.new_container(&ty));
            let extend = self.extend(&Val::place(quote!(#list), ty.clone()), val);
            return Val::new(quote!({ let #list = #new; #extend; #list }), ty);
        }
        let (Type::Tuple { items, .. } | Type::Named { items, .. }) = &val.ty else { return val.clone() };
        let elem = items.iter().fold(Type::Never, |acc, t| Type::join(&acc, t));
        let any = Type::VarTuple(Box::new(elem));
        Val::new(self.coerce(val, &any), any)
    }

    fn constant_arg(&mut self, constant: Constant) -> Val {
        let code = match constant {
            Constant::None => quote!(()),
            Constant::Int(i) => int_literal(i),
            Constant::Bool(b) => quote!(#b),
            Constant::Str(text) => {
                let name = self.file.string(text);
                let get = self.q(quote!(#name.get(cx)));
                return Val::place(quote!((*#get)), Type::Str);
            }
        };
        Val::new(code, constant.ty())
    }

    /// A function of another module of the project, called through that module.
    pub(super) fn package_call(
        &mut self,
        e: &Expr,
        global: &str,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        let home = self.file.program.project_module(&self.instance.func.module, global)?;
        if let Some(class) = self.file.program.object_class(&home, name) {
            return Some(self.make_instance(e.id, (&home, name), &class, args, keywords, to));
        }
        if let Some(def) = self.file.program.named(&home, name) {
            return Some(self.make_named((&home, name), &def, args, keywords, to));
        }
        let callee = self.instance.calls.get(&e.id).copied()?;
        Some(self.native_call((&home, name, e.id), callee, args, keywords, to))
    }

    /// `module` is where `name` is looked up.
    fn native_call(
        &mut self,
        (module, name, node): (&str, &str, crate::hir::NodeId),
        callee: usize,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        if keywords.is_empty()
            && let Some((code, far)) = self.far_call(node, args)
        {
            let code = if far { quote!(big::of_128(#code)) } else { code };
            let ret = self.file.program.instances[callee].ret.clone();
            return self.coerce(&Val::new(code, ret), to);
        }
        let target = &self.file.program.instances[callee];
        let (hir, ret) = (target.hir.clone(), target.ret.clone());
        let params: Vec<Type> = (0..hir.params.len()).map(|i| target.entry_type(i)).collect();
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
        let mut codes = Vec::new();
        for (at, (source, ty)) in sources.iter().zip(&params).enumerate() {
            let code = match source {
                ArgSource::Positional(i) => self.coerce(&vals[*i], ty),
                ArgSource::Keyword(i) => self.coerce(&kw_vals[*i], ty),
                ArgSource::Rest(from) => self.rest(&vals[*from..], ty),
                ArgSource::NoKeywords => self.new_container(ty),
                ArgSource::Names(names) => self.names(keywords, &kw_vals, *names, ty),
                // Only methods are given such.
                ArgSource::Item(..) => self.bail("Unsupported"),
                ArgSource::Default => self.default_of((module, name), callee, at, ty),
            };
            codes.push(code);
        }
        let depth = self.depth_of(callee);
        let call = quote!(#rust_name(#depth, #(#codes),*));
        self.finish_call(node, &lets, call, ret, to)
    }

    /// What the parameter of a callee has where the call does not give it.
    pub(super) fn default_of(
        &mut self,
        (module, name): (&str, &str),
        callee: usize,
        at: usize,
        ty: &Type,
    ) -> TokenStream {
        let target = &self.file.program.instances[callee];
        let param = &target.hir.params[at];
        let env = self.file.program.modules.module(&target.func.module).map(|(_, env)| env);
        let func = target.func.written();
        let def = env.and_then(|env| env.function(&func.qualname));
        let made = def.and_then(|def| def.params.in_frame_order().find(|p| p.name == param.name));
        if made.is_some_and(|param| factory(param).is_some()) {
            return self.new_container(ty);
        }
        let guard = Guard::Function { name: name.to_string(), target: func };
        let (ns, slot) = self.file.slot(self.index, module, false, guard);
        let (space, slot) = self.file.slot_of(ns, slot);
        let rust = rust_type(ty);
        let read = match param.kind {
            crate::hir::ParamKind::KeywordOnly => {
                let name = &param.name;
                quote!(#space.kwdefault::<#rust>(cx, #slot, #name))
            }
            _ => {
                let index = default_index(&target.hir.params, &param.name);
                quote!(#space.default::<#rust>(cx, #slot, #index))
            }
        };
        self.q(read)
    }

    /// The default that a parameter of a function of the module has now.
    pub(super) fn live_default(&mut self, function: &str, param: &str, ty: &Type) -> TokenStream {
        let module = self.instance.func.module.clone();
        let target = FuncRef { module: module.clone(), qualname: function.to_string() };
        let (_, env) = match self.file.program.modules.module(&module) {
            Some(found) => found,
            None => return self.bail("Unsupported"),
        };
        let Some(def) = env.function(function) else { return self.bail("Unsupported") };
        let by_name = def.params.keyword_only.iter().any(|p| p.name == param);
        let at = def.params.in_frame_order().position(|p| p.name == param).unwrap_or_default();
        let guard = Guard::Function { name: function.to_string(), target };
        let (ns, slot) = self.file.slot(self.index, &module, false, guard);
        let (space, slot) = self.file.slot_of(ns, slot);
        let (rust, at) = (rust_type(ty), Literal::usize_unsuffixed(at));
        let read = match by_name {
            true => quote!(#space.kwdefault::<#rust>(cx, #slot, #param)),
            false => quote!(#space.default::<#rust>(cx, #slot, #at)),
        };
        self.q(read)
    }

    /// The result of a native call, behind what it needs.
    pub(super) fn finish_call(
        &mut self,
        node: crate::hir::NodeId,
        lets: &[TokenStream],
        call: TokenStream,
        ret: Type,
        to: &Type,
    ) -> TokenStream {
        let call = match self.hir.in_generator.contains(&node) {
            true => self.q(quote!(in_generator(#call))),
            false => self.q(call),
        };
        let code = if lets.is_empty() { call } else { quote!({ #(#lets)* #call }) };
        self.coerce(&Val::new(code, ret), to)
    }

    /// The tuple of what is left for `*args`.
    pub(super) fn rest(&mut self, vals: &[Val], to: &Type) -> TokenStream {
        if let (true, Type::VarTuple(elem)) = (vals.is_empty(), to) {
            let t = rust_type(elem);
            return self.q(quote!(tuple::of::<#t, 0>(cx, [])));
        }
        let items = vals.iter().map(Val::owned);
        let ty = Type::Tuple { items: vals.iter().map(|v| v.ty.clone()).collect(), origin: Origin::Native };
        self.coerce(&Val::new(quote!((#(#items,)*)), ty), to)
    }

    /// A call of a function defined inside.
    pub(super) fn call_nested(
        &mut self,
        (node, cached): (crate::hir::NodeId, bool),
        made: Option<&Expr>,
        args: &[Expr],
        slots: &[usize],
        to: &Type,
    ) -> TokenStream {
        let Some(callee) = self.instance.calls.get(&node).copied() else {
            return self.bail("Unsupported");
        };
        let mut lets = Vec::new();
        lets.extend(made.and_then(|made| self.made_check(made)));
        let target = &self.file.program.instances[callee];
        let ret = target.ret.clone();
        let params: Vec<Type> = (0..slots.len()).map(|i| target.entry_type(i)).collect();
        let rust_name = self.file.want(callee);
        let mut vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
        if !slots.iter().copied().eq(0..args.len()) {
            vals = vals.iter().map(|v| self.bind(v, &mut lets)).collect();
        }
        let codes: Vec<_> = slots.iter().zip(&params).map(|(at, ty)| self.coerce(&vals[*at], ty)).collect();
        let depth = match cached {
            true => self.q(quote!(cx.call_through_cache())),
            false if self.stands_before_cache(callee) => quote!(cx),
            false => self.depth_of(callee),
        };
        let call = quote!(#rust_name(#depth, #(#codes),*));
        self.finish_call(node, &lets, call, ret, to)
    }

    pub(super) fn method(
        &mut self,
        node: crate::hir::NodeId,
        base: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let known = self.special_attribute(base, name, to);
        if let Some(code) = known.or_else(|| self.append_made(base, name, args)) {
            return code;
        }
        if name == "get"
            && keywords.is_empty()
            && let Some(code) = self.char_get(base, args, to)
        {
            return code;
        }
        if let Some(val) = self.hoisted_attribute(node, base, name) {
            return self.coerce(&val, to);
        }
        if let Some(by) = ByClass::of(name) {
            return self.visit_by_class((node, base), &by, args, keywords, to);
        }
        if let Some(code) = self.asked_by_name((node, base), name, args, to) {
            return code;
        }
        let field = match name {
            "append" | "pop" | "insert" | "index" | "count" => {
                self.field_place(base, &args.iter().collect::<Vec<_>>())
            }
            _ => None,
        };
        let b = match field {
            Some(field) => field,
            None => self.val(base),
        };
        if let (Some(name), Type::Function(callees)) = (name.strip_prefix("attribute "), &b.ty)
            && let Some(code) = self.attribute_of_class(node, &b, callees, name, to)
        {
            return code;
        }
        if let Type::Function(callees) = &b.ty
            && let Some(code) = self.call_of_class_value(node, &b, (callees, name), (args, keywords), to)
        {
            return code;
        }
        // `str.lower(x)`: of that class and of no other.
        let (only, name) = name.split_once('.').map_or((None, name), |(c, n)| (Some(c), n));
        let b = match only {
            Some(class) if !b.ty.members().iter().any(|t| class_name(t) == Some(class)) => {
                return self.bail("Type");
            }
            Some(class) => self.project(&b, |t| class_name(t) == Some(class)),
            None => b,
        };
        if only.is_none()
            && b.ty.members().contains(&Type::Obj)
            && let Some(told) = crate::ops::told_by_method(name, args.len())
        {
            // It is taken for the one that is known, if there is one.
            let known = b.ty.members().iter().find(|m| m.same_kind(&told)).cloned();
            let told = known.unwrap_or(told);
            return self.match_union(&b, |f, v| {
                let v = if v.ty == Type::Obj { Val::new(f.coerce(&v, &told), told.clone()) } else { v };
                Some(f.method_of(node, v, name, args, keywords, to))
            });
        }
        self.method_of(node, b, name, args, keywords, to)
    }

    /// The call of a method of a value.
    fn method_of(
        &mut self,
        node: crate::hir::NodeId,
        b: Val,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        if let (Some(bound), Type::Closure { callee, captures }) = (name.strip_prefix("attribute "), to)
            && callee.inside().and_then(|what| what.strip_prefix('.')) == Some(bound)
        {
            let object = self.coerce(&b, &captures[0]);
            return quote!(Closure((#object,)));
        }
        if b.ty.members().iter().any(|m| matches!(m, Type::Instance(_))) {
            return self.match_union_as(&b, to, |f, v| match &v.ty {
                Type::Instance(_) => f.instance_method(node, &v, name, args, keywords, to),
                _ => f.builtin_method(node, v, name, (args, keywords), to),
            });
        }
        if b.ty.members().iter().any(|m| matches!(m, Type::Named { .. })) && self.is_of_named(&b.ty, name) {
            return self.match_union_as(&b, to, |f, v| match &v.ty {
                Type::Named { .. } => f.named_method(node, &v, name, args, keywords, to),
                _ => f.builtin_method(node, v, name, (args, keywords), to),
            });
        }
        if b.ty.members().iter().any(|m| lacks(m, name))
            && !args.iter().chain(keywords.iter().map(|(_, e)| e)).all(stays_still)
        {
            // The method is looked for before its arguments are evaluated.
            return self.match_union_as(&b, to, |f, v| {
                (!lacks(&v.ty, name)).then(|| f.method_of(node, v, name, args, keywords, to))
            });
        }
        if name == "sort" {
            let b = self.bind(&b, &mut lets);
            let sort = self.match_union(&b, |f, v| match v.ty {
                Type::List { .. } => {
                    let (check, sort) = (f.key_looks_elsewhere(&v, keywords)?, f.sort(&v, keywords));
                    Some(quote!({ #check #sort }))
                }
                _ => None,
            });
            return quote!({ #(#lets)* #sort });
        }
        if let Some(n) = name.strip_prefix("tee ").and_then(|n| n.parse::<usize>().ok()) {
            return self.match_union(&b, |f, v| {
                let Type::Iter(elem) = &v.ty else { return None };
                let (code, t, count) = (v.owned(), rust_type(elem), Literal::usize_unsuffixed(n));
                let made = f.q(quote!(tee::<#t, #count>(cx, #code)));
                let names: Vec<_> = (0..n).map(|_| f.fresh("t")).collect();
                let ty = Type::Tuple { items: vec![v.ty.clone(); n], origin: Origin::Native };
                let code = quote!({ let [#(#names),*] = #made; (#(#names,)*) });
                Some(f.coerce(&Val::new(code, ty), to))
            });
        }
        if name == "keys in" {
            let b = self.project(&b, |t| matches!(t, Type::Dict { .. }));
            return self.coerce(&b, to);
        }
        if let (Some(side), [], []) = (Side::of(name), args, keywords)
            && b.ty.members().iter().any(|t| matches!(t, Type::Dict { .. }))
        {
            // The view is the dict, seen from one side.
            return self.match_union(&b, |f, v| {
                let dict = matches!(v.ty, Type::Dict { .. }).then(|| Box::new(v.ty.clone()))?;
                Some(f.coerce(&Val { ty: Type::DictView { dict, side }, ..v }, to))
            });
        }
        if takes_iterables(name) && b.ty.members().iter().any(|m| matches!(m, Type::Set { .. })) {
            let mut vals = vec![b];
            vals.extend(args.iter().map(|a| self.val(a)));
            return self.dispatch(&vals, &mut |f, vals| {
                if let Type::Set { .. } = vals[0].ty {
                    return f.set_method(name, vals, to);
                }
                let ret = f.row(&format!("{}.{name}", class_name(&vals[0].ty)?), vals)?;
                Some(f.coerce(&ret, to))
            });
        }
        if let ("copy", []) = (name, args) {
            return self.copy_of(&b, to);
        }
        if name == "extend"
            && let [other] = args
            && b.ty.members().iter().any(|t| matches!(t, Type::List { .. } | Type::Deque { .. }))
        {
            let b = self.bind(&b, &mut lets);
            let other = self.val(other);
            let other = self.bind(&other, &mut lets);
            let code = self.match_union(&b, |f, v| match v.ty {
                Type::List { .. } => Some(f.extend(&v, &other)),
                Type::Deque { .. } => Some(f.take_all(name, &v, &other)),
                _ => None,
            });
            return quote!({ #(#lets)* #code });
        }
        let plain = |m: &Type| matches!(m, Type::Dict { kind, .. } if *kind != DictKind::Counter);
        if let [other] = args
            && b.ty.members().iter().any(|m| crate::ops::takes_all(m, name))
            && !(b.ty.members().iter().any(plain)
                && self.node(other.id).members().iter().any(|m| matches!(m, Type::Dict { .. } | Type::Obj)))
        {
            let b = self.bind(&b, &mut lets);
            let other = self.val(other);
            let other = self.bind(&other, &mut lets);
            let code = self.match_union(&b, |f, v| {
                if !crate::ops::takes_all(&v.ty, name) {
                    return None;
                }
                let mapping = |t: &Type| matches!(t, Type::Dict { .. });
                Some(match (mapping(&v.ty), mapping(&other.ty)) {
                    (true, true) => {
                        let full = format!("{}.{name}", class_name(&v.ty)?);
                        f.apply(&full, &[v, other.clone()], &Type::None)
                    }
                    _ => f.take_all(name, &v, &other),
                })
            });
            return quote!({ #(#lets)* #code });
        }
        if let Some(absent) = self.got_nothing(&b, name, args, to) {
            return absent;
        }
        if (name == "get" || name == "pop")
            && args.len() == 2
            && b.ty.members().iter().any(|m| matches!(m, Type::Dict { .. }))
        {
            return self.dict_get(&b, name == "pop", &args[0], &args[1], to);
        }
        if let ("setdefault", [key, default]) = (name, args)
            && let Some(code) = self.set_default(&b, key, default, to)
        {
            return code;
        }
        if name == "format" && b.ty.members().iter().any(|t| matches!(t, Type::Str | Type::Char)) {
            let b = self.bind(&b, &mut lets);
            let vals: Vec<Val> = args.iter().map(|a| self.val(a)).collect();
            let vals: Vec<Val> = vals.iter().map(|v| self.bind(v, &mut lets)).collect();
            let text = self.coerce(&b, &Type::Str);
            let values: Vec<_> = vals
                .iter()
                .map(|v| {
                    let by_ref = v.by_ref();
                    self.q(quote!(fmt::boxed(#by_ref)))
                })
                .collect();
            let made = self.q(quote!(fmt::format_text(cx, &#text, &[#(#values),*])));
            let made = self.coerce(&Val::new(made, Type::Str), to);
            return quote!({ #(#lets)* #made });
        }
        let b = if keywords.len() > 1 { self.bind(&b, &mut lets) } else { b };
        let mut vals = vec![b];
        let given = args.len();
        let names = |class: &str| crate::ops::by_name(crate::ops::method(class, name), given + 1, keywords);
        let full = |f: &Self, class: &str| f.formed(names(class), args, keywords);
        // The classes of one union may differ in what they take: the first that has the method counts.
        let names: Vec<&str> = vals[0].ty.members().iter().filter_map(class_name).collect();
        let class = names.iter().find(|c| crate::ops::exists(&full(self, c))).copied().unwrap_or("object");
        let (more, given) = self.arguments(&full(self, class), args, keywords);
        lets.extend(more);
        vals.extend(given);
        let code = self.dispatch(&vals, &mut |f, vals| {
            let full = full(f, class_name(&vals[0].ty)?);
            let ret = match vals {
                // A tuple of known length is one of any length here.
                [text, affix @ Val { ty: Type::Tuple { .. }, .. }, rest @ ..] if is_affix(name) => {
                    let mut all = vec![text.clone(), f.any_length(affix)];
                    all.extend(rest.iter().cloned());
                    f.row(&full, &all)?
                }
                _ => f.row(&full, vals)?,
            };
            Some(f.coerce(&ret, to))
        });
        if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
    }

    /// A method of a builtin class, or an attribute, beside instances.
    fn builtin_method(
        &mut self,
        node: crate::hir::NodeId,
        val: Val,
        name: &str,
        (args, keywords): (&[Expr], &[(String, Expr)]),
        to: &Type,
    ) -> Option<TokenStream> {
        let class = class_name(&val.ty)?;
        if !args.is_empty() || !keywords.is_empty() {
            return crate::ops::has_method(class, name)
                .then(|| self.method_of(node, val, name, args, keywords, to));
        }
        let ret = self.row(&crate::ops::method(class, name), std::slice::from_ref(&val))?;
        Some(self.coerce(&ret, to))
    }
}

/// Where a positional parameter stands in `__defaults__`, counted from its end so that it stays right when read live.
fn default_index(params: &[crate::hir::Param], name: &str) -> TokenStream {
    // Positional parameters come first, so that this is the parameter's own number: the length of `__defaults__` may
    // change at run time.
    let at = params.iter().position(|p| p.name == name).unwrap_or(0);
    let at = Literal::usize_unsuffixed(at);
    quote!(#at)
}

pub(super) fn class_name(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Int | Type::Big | Type::Bool => "int",
        Type::Float => "float",
        Type::Str | Type::Char => "str",
        Type::Bytes => "bytes",
        Type::ByteArray => "bytearray",
        Type::Packed(_) => "array",
        Type::Complex => "complex",
        Type::List { .. } | Type::View(_) => "list",
        Type::Dict { kind, .. } => kind.class(),
        Type::Deque { .. } => "deque",
        Type::Set { frozen: false, .. } => "set",
        Type::Set { frozen: true, .. } => "frozenset",
        Type::VarTuple(_) => "tuple",
        Type::Range => "range",
        Type::MemView => "memoryview",
        Type::DictView { .. } => "view",
        Type::Foreign(class) => class.name(),
        Type::Array(..) => "ndarray",
        _ => return None,
    })
}

/// Is it known that a value of the type has no such method?
fn lacks(ty: &Type, name: &str) -> bool {
    match ty {
        Type::None => crate::ops::is_method(name),
        Type::Foreign(_) | Type::Array(..) => false,
        _ => {
            crate::ops::is_method(name)
                && class_name(ty).is_some_and(|class| !crate::ops::has_method(class, name))
        }
    }
}

/// What `float` makes of a constant text that says infinity.
fn infinity(text: &str) -> Option<TokenStream> {
    match text.to_ascii_lowercase().as_str() {
        "inf" | "+inf" | "infinity" | "+infinity" => Some(quote!(f64::INFINITY)),
        "-inf" | "-infinity" => Some(quote!(f64::NEG_INFINITY)),
        _ => None,
    }
}
