//! Instances of classes of the project: attributes and methods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::types::{Val, object_marker, record_marker, rust_type};
use super::{File, Func};
use crate::hir::{self, Expr, ExprKind, NodeId};
use crate::infer::{ArgSource, Guard, Method, MethodKind, bind_items, method_callee, method_guard};
use crate::infer::{bases, enums, exceptions};
use crate::resolve::SETTER;
use crate::ty::{Callee, ObjectClass, Type};

/// A method that is called, and the function that stands for it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct MethodUse {
    pub(super) name: String,
    kind: MethodKind,
    space: usize,
    slot: usize,
    pub(super) class: Arc<ObjectClass>,
}

/// The classes of instances that native code keeps to itself.
fn own_classes(ty: &Type, out: &mut BTreeMap<String, Arc<ObjectClass>>) {
    if let Type::Instance(class) = ty
        && class.own != 0
    {
        out.insert(record_marker(class).to_string(), class.clone());
    }
    ty.parts().for_each(|t| own_classes(t, out));
}

impl File<'_, '_> {
    /// The name of an attribute in a class.
    pub(super) fn attribute(&mut self, class: &Arc<ObjectClass>, name: &str) -> Ident {
        let key = (class.clone(), name.to_string());
        self.attributes.find(|a| *a == key).unwrap_or_else(|| {
            let name = self.lasting_of_class("A", class, name);
            self.attributes.add(key, name)
        })
    }

    fn method_use(&mut self, method: MethodUse) -> Ident {
        self.methods.find(|m| *m == method).unwrap_or_else(|| {
            let name = self.lasting_of_class("M", &method.class, &method.name);
            self.methods.add(method, name)
        })
    }

    /// The static that checks a method which the interpreter calls.
    pub(super) fn special_use(
        &mut self,
        class: &Arc<ObjectClass>,
        name: &str,
        (space, slot): (usize, usize),
    ) -> Ident {
        let (name, kind, class) = (name.to_string(), MethodKind::Special, class.clone());
        self.method_use(MethodUse { name, kind, space, slot, class })
    }

    /// The records of instances that native code keeps to itself, which are named; what else they name goes there too.
    pub(super) fn records(&self, named: &mut BTreeSet<String>) -> TokenStream {
        let mut found = BTreeMap::new();
        for instance in &self.program.instances {
            let types =
                instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret]);
            types.for_each(|ty| own_classes(ty, &mut found));
        }
        let mut out = BTreeMap::new();
        loop {
            let known = |name: &&String| found.contains_key(*name) && !out.contains_key(*name);
            let Some(name) = named.iter().find(known).cloned() else { break };
            let record = self.record(&found[&name]);
            super::table::class_names(&record.to_string(), named);
            out.insert(name, record);
        }
        out.into_values().collect()
    }

    fn record(&self, class: &Arc<ObjectClass>) -> TokenStream {
        let (record, marker) = (record_marker(class), object_marker(class));
        let fields = self.program.own_fields(class);
        let sure = self.sure_fields(class);
        let types = fields.iter().enumerate().map(|(i, (attribute, ty))| {
            let (name, ty) = (format_ident!("f{i}"), rust_type(ty));
            if sure.contains(attribute) { quote!(#name: Sure<#ty>) } else { quote!(#name: Field<#ty>) }
        });
        // Those that are read or written: others are those of classes beside this one.
        let is_field = |name: &String| fields.iter().any(|(field, _)| field == name);
        let used = self.attributes.iter().filter(|((of, name), _)| of == class && is_field(name));
        let names = used.map(|(_, name)| name);
        let (order, give) = match self.program.gives(class) {
            true => self.given(class, &fields),
            false => Default::default(),
        };
        let checked = format_ident!("{record}_CHECKED");
        let assigned = self.program.stores_generically(class);
        quote! {
            #[allow(non_upper_case_globals)]
            static #checked: Checked = Checked::new();
            #[derive(Default)]
            struct #record { #(#types,)* #order }
            impl Fields for #record {
                type Class = #marker;
                const NAMES: &'static [&'static Attribute] = &[#(&#names),*];
                const CHECKED: &'static Checked = &#checked;
                const ASSIGNED: bool = #assigned;
                #give
            }
        }
    }

    /// What the record of an instance that may be returned has besides, and what makes an object of it.
    fn given(&self, class: &Arc<ObjectClass>, fields: &[(String, Type)]) -> (TokenStream, TokenStream) {
        let marker = object_marker(class);
        let arms = fields.iter().enumerate().filter_map(|(i, (name, ty))| {
            let at = self.attributes.find(|(of, known)| of == class && known == name)?;
            let (field, rust) = (format_ident!("f{i}"), rust_type(ty));
            let number = Literal::usize_unsuffixed(i + 1);
            let set = quote!(object::set_generic::<#marker, #rust>(cx, object, &#at, self.#field.value()?));
            Some(quote!(#number => #set,))
        });
        let order = quote!(order: core::cell::Cell<u64>,);
        let give = quote! {
            fn order(&self) -> Option<&core::cell::Cell<u64>> {
                Some(&self.order)
            }
            fn give(&self, at: u64, cx: Cx, object: Instance<#marker>) -> R<()> {
                match at {
                    #(#arms)*
                    _ => bail(Bail::Unsupported),
                }
            }
        };
        (order, give)
    }

    /// What the names of attributes and methods stand for.
    pub(super) fn object_statics(&self) -> TokenStream {
        let attributes = self
            .attributes
            .iter()
            .map(|((_, text), name)| quote!(static #name: Attribute = Attribute::new(#text);));
        let methods = self.methods.iter().map(|(method, name)| {
            let text = &method.name;
            let (space, slot) = self.slot_of(method.space, method.slot);
            let kind = match method.kind {
                MethodKind::Plain => quote!(Plain),
                MethodKind::Special => quote!(Special),
                MethodKind::Property => quote!(Property),
                MethodKind::Setter => quote!(Setter),
                MethodKind::Cached => quote!(Cached),
                MethodKind::Static => quote!(Static),
                MethodKind::Class => quote!(Class),
                MethodKind::Manager => quote!(Manager),
            };
            quote!(static #name: Method = Method::new(#text, MethodKind::#kind, &#space, #slot);)
        });
        quote!(#(#attributes)* #(#methods)*)
    }
}

impl Func<'_, '_, '_> {
    /// `instance.name`, or `instance.name(…)`; `None` where the value has no such thing.
    pub(super) fn instance_method(
        &mut self,
        node: NodeId,
        val: &Val,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        let Type::Instance(class) = &val.ty else { return None };
        let attribute = name.strip_prefix("attribute ");
        if attribute.is_none()
            && let Some((name, method)) = self.file.program.called_method(class, name)
        {
            return self.call_method(node, val, (class, name, &method), args, keywords, to);
        }
        let method = self.file.program.method_of(class, attribute.unwrap_or(name));
        match (attribute, method) {
            (Some(name), Some(method)) if method.kind == MethodKind::Property => {
                self.call_method(node, val, (class, name, &method), &[], &[], to)
            }
            (Some(name), Some(method)) if method.kind == MethodKind::Cached => {
                self.read_cached(node, val, (class, name, &method), to)
            }
            (Some(name), Some(method)) if method.kind == MethodKind::Plain => {
                let (known, _) = self.known_method(class, name, &method);
                let (marker, code) = (object_marker(class), val.owned());
                let made = self.q(quote!(object::bind::<#marker>(cx, #code, &#known)));
                let ty = Type::Function(vec![method_callee(class, name)]);
                Some(self.coerce(&Val::new(made, ty), to))
            }
            (Some(name), None) => {
                let ty = self.node(node);
                if let Some(kept) = self.file.program.kept_of_member(class, name) {
                    let checked = self.enumeration(class, enums::VALUE);
                    let read = self.read_attribute(val, class, kept, &ty);
                    let read = self.coerce(&Val::new(read, ty), to);
                    return Some(quote!({ let _ = #checked; #read }));
                }
                let read = self.read_attribute(val, class, name, &ty);
                Some(self.coerce(&Val::new(read, ty), to))
            }
            (None, None) if name == "__class__" => {
                Some(self.make_another(node, val, class, args, keywords, to))
            }
            (None, None) => {
                let inner = self.file.program.inner_class(class, name)?;
                let (of, marker) = (object_marker(class), object_marker(&inner));
                self.file.names_class(&inner);
                let at = self.file.attribute(class, name);
                let code = &val.code;
                let check = self.q(quote!(object::inner::<#of, #marker>(cx, #code, &#at)));
                let names = (inner.module.clone(), inner.name.clone());
                let made = self.make_instance(node, (&names.0, &names.1), &inner, args, keywords, to);
                Some(quote!({ #check; #made }))
            }
            _ => None,
        }
    }

    pub(super) fn read_attribute(
        &mut self,
        val: &Val,
        class: &Arc<ObjectClass>,
        name: &str,
        ty: &Type,
    ) -> TokenStream {
        let code = &val.code;
        if class.own != 0 {
            let Some((at, kept)) = self.file.program.own_field(class, name) else {
                return self.bail("Unsupported");
            };
            self.file.attribute(class, name);
            let field = format_ident!("f{at}");
            // Where nothing but a bail comes to be, nothing else says what type that is.
            let bails = !val.place && code.to_string().starts_with("bail");
            let object = rust_type(&val.ty);
            let code =
                if bails { quote!({ let __py_object: #object = #code; __py_object }) } else { code.clone() };
            let read = self.q(quote!(#code.get(|fields| &fields.#field)));
            return self.coerce(&Val::new(read, kept), ty);
        }
        let read = self.attribute_read(code, class, name, ty);
        self.q(read)
    }

    /// `instance.name`, a native list of an instance that is no object, without a handle of its own: nothing writes to
    /// attributes until what is done with it has been done; `before` is evaluated in between.
    pub(super) fn field_place(&mut self, e: &Expr, before: &[&Expr]) -> Option<Val> {
        let ExprKind::Method { base, name, args, keywords } = &e.kind else { return None };
        let name = name.strip_prefix("attribute ")?;
        let (ExprKind::Local(_), Type::Instance(class)) = (&base.kind, self.node(base.id)) else {
            return None;
        };
        let ty = self.node(e.id);
        let listed = matches!(ty, Type::List { in_place: false, .. });
        if class.own == 0 || !listed || !args.is_empty() || !keywords.is_empty() {
            return None;
        }
        if self.file.program.method_of(&class, name).is_some() || !before.iter().all(|e| self.is_calm(e)) {
            return None;
        }
        let (at, kept) = self.file.program.own_field(&class, name)?;
        if kept != ty {
            return None;
        }
        self.file.attribute(&class, name);
        let (object, field) = (self.val(base).code, format_ident!("f{at}"));
        let look = self.q(quote!(#object.look(|fields| &fields.#field)));
        Some(Val::place(quote!((*#look)), ty))
    }

    /// Numbers, variables, attributes of instances that are no objects, and what is computed of them: no attribute is
    /// written.
    fn is_calm(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Method { base, name, args, keywords } if args.is_empty() && keywords.is_empty() => {
                match (name.strip_prefix("attribute "), self.node(base.id)) {
                    (Some(name), Type::Instance(class)) => {
                        let program = self.file.program;
                        let field = class.own != 0 && program.own_field(&class, name).is_some();
                        field && program.method_of(&class, name).is_none() && self.is_calm(base)
                    }
                    _ => false,
                }
            }
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Local(_) => true,
            ExprKind::Unary { operand, .. } => self.is_calm(operand),
            ExprKind::Binary { left, right, .. } | ExprKind::Compare { left, right, .. } => {
                self.is_calm(left) && self.is_calm(right)
            }
            ExprKind::Index { base, index } => self.is_calm(base) && self.is_calm(index),
            ExprKind::Call { name, args, keywords } => {
                keywords.is_empty() && self.is_plain_builtin(e, name) && args.iter().all(|a| self.is_calm(a))
            }
            _ => false,
        }
    }

    /// The look at an attribute of Python's instance, which may fail.
    pub(super) fn attribute_read(
        &mut self,
        instance: &TokenStream,
        class: &Arc<ObjectClass>,
        name: &str,
        ty: &Type,
    ) -> TokenStream {
        if class.base.exception && name == exceptions::ARGS {
            let (marker, rust) = (object_marker(class), rust_type(ty));
            let at = self.file.attribute(class, name);
            return quote!(object::args::<#marker, #rust>(cx, #instance, &#at));
        }
        if let Some(part) = bases::Part::of(name) {
            return self.builtin_part(instance, class, &part, ty);
        }
        let (marker, rust, at) = (object_marker(class), rust_type(ty), self.file.attribute(class, name));
        quote!(object::get::<#marker, #rust>(cx, #instance, &#at))
    }

    /// `instance.name` behind `cached_property`: what the instance has, or else what the function gives, which it keeps.
    fn read_cached(
        &mut self,
        node: NodeId,
        val: &Val,
        (class, name, method): (&Arc<ObjectClass>, &str, &Method),
        to: &Type,
    ) -> Option<TokenStream> {
        let callee = self.reached_method(node, class, name)?;
        let (known, path) = self.known_method(class, name, method);
        let mut lets = Vec::new();
        let base = self.bind(val, &mut lets);
        let ty = self.node(node);
        let (marker, rust, at) = (object_marker(class), rust_type(&ty), self.file.attribute(class, name));
        let object = &base.code;
        let found = self.q(quote!(object::cached::<#marker, #rust>(cx, #object, &#at, &#known)));
        let mut call =
            self.call_instance((&class.module, &path), callee, std::slice::from_ref(&base), (&[], &[]));
        if self.file.program.is_asked_for_more(class) {
            call = quote!(object::told(#call));
        }
        let call = self.q(call);
        let ret = self.file.program.instances[callee].ret.clone();
        let made = self.coerce(&Val::new(call, ret), &ty);
        let value = self.fresh("made");
        let kept = self.q(quote!(object::set_generic::<#marker, #rust>(cx, #object, &#at, #value.clone())));
        let read = quote!(match #found {
            Some(#value) => #value,
            None => {
                let #value: #rust = #made;
                #kept;
                #value
            }
        });
        let read = self.coerce(&Val::new(read, ty), to);
        Some(quote!({ #(#lets)* #read }))
    }

    pub(super) fn call_method(
        &mut self,
        node: NodeId,
        val: &Val,
        (class, name, method): (&Arc<ObjectClass>, &str, &Method),
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        let callee = self.reached_method(node, class, name)?;
        let (known, path) = self.known_method(class, name, method);
        let mut lets = Vec::new();
        let base = self.bind(val, &mut lets);
        let check = self.method_check(class, &base, &known);
        lets.push(quote!(#check;));
        let mut vals: Vec<Val> = Vec::new();
        match method.kind {
            MethodKind::Static => {}
            MethodKind::Class => vals.push(Val::new(quote!(()), Type::None)),
            _ => vals.push(base),
        }
        for arg in args {
            let val = self.val(arg);
            // What stands behind it must not come first.
            vals.push(if args.len() + keywords.len() > 1 { self.bind(&val, &mut lets) } else { val });
        }
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        let module = class.module.clone();
        let mut call = self.call_instance((&module, &path), callee, &vals, (keywords, &named));
        // `__getattr__` is asked where a property raises `AttributeError`.
        if method.kind == MethodKind::Property && self.file.program.is_asked_for_more(class) {
            call = quote!(object::told(#call));
        }
        let target = &self.file.program.instances[callee];
        let ret = target.ret.clone();
        Some(self.finish_call(node, &lets, call, ret, to))
    }

    /// The instance that stands for a method of the class at that node.
    pub(super) fn reached_method(&self, node: NodeId, class: &ObjectClass, name: &str) -> Option<usize> {
        let name = format!("{}.{name}", class.name);
        self.reached_as(node, &Callee { module: class.module.clone(), name })
    }

    /// The instance that a node knows under that name.
    pub(super) fn reached_as(&self, node: NodeId, callee: &Callee) -> Option<usize> {
        let reached = self.instance.values.get(&node)?;
        reached.iter().find(|r| r.callee == *callee).map(|r| r.instance)
    }

    /// What an operator does that is a method.
    pub(super) fn special(
        &mut self,
        node: NodeId,
        special: &hir::SpecialMethod,
        operands: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let mut vals = self.bind_all(operands, &mut lets);
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        // The interpreter looks for the method when everything has been evaluated.
        for (operand, name) in &special.absent {
            let check = self.match_union(&vals[*operand].clone(), |f, v| {
                let Type::Instance(class) = &v.ty else { return Some(quote!(())) };
                let (code, at) = (&v.code, f.file.attribute(class, name));
                Some(f.q(quote!(object::lacks(cx, #code, &#at))))
            });
            lets.push(quote!(#check;));
        }
        let base = vals.remove(special.receiver);
        vals.rotate_left(special.receiver);
        let call = self.match_union(&base, |f, v| {
            let class = match &v.ty {
                Type::Instance(class) => class.clone(),
                Type::Named { class, .. } => class.as_object(),
                _ => return None,
            };
            let method = f.file.program.special_method(&class, &special.name)?;
            let callee = f.reached_method(node, &class, &special.name)?;
            let (known, path) = f.known_method(&class, &special.name, &method);
            let check = f.method_check(&class, &v, &known);
            let mut all = vec![v.clone()];
            all.extend(vals.iter().cloned());
            if special.or_unequal {
                let (depth, inner) = (f.depth_of(callee), f.fresh("cx"));
                let call = f.call_at(quote!(#inner), (&class.module, &path), callee, &all, (&[], &[]));
                let told = match f.file.program.instances[callee].ret {
                    Type::Bool => quote!(or_unequal),
                    _ => quote!(only_unequal),
                };
                let told = f.q(quote!(#inner.#told(#call)));
                let equal = Val::new(quote!({ #check; let #inner = #depth; #told }), Type::Bool);
                return Some(f.coerce(&equal, to));
            }
            let call = f.call_instance((&class.module, &path), callee, &all, (keywords, &named));
            // Where the operator stands in a generator expression a `StopIteration` would mean something else.
            let call =
                match special.name == "__next__" && f.hir.in_generator.is_empty() && f.hir.yields.is_none() {
                    true => call,
                    false => quote!(in_generator(#call)),
                };
            let ret = f.file.program.instances[callee].ret.clone();
            if special.name == "__len__" && ret == Type::Int {
                let call = f.q(call);
                return Some(f.finish_call(node, &[quote!(#check;)], quote!(object::length(#call)), ret, to));
            }
            Some(f.finish_call(node, &[quote!(#check;)], call, ret, to))
        });
        if lets.is_empty() { call } else { quote!({ #(#lets)* #call }) }
    }

    /// `Class(…)`
    pub(super) fn make_instance(
        &mut self,
        node: NodeId,
        (module, name): (&str, &str),
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        if self.file.program.enumeration(class).is_some() {
            return self.member_by_value((module, name), class, args, to);
        }
        if self.file.program.member_of(class, "__new__").is_some() {
            return self.make_by_new(node, (module, name), class, args, keywords, to);
        }
        let kept = self.node(node);
        let kept = kept.members().iter().find_map(|member| match member {
            Type::Instance(own) if own.own != 0 && own.is(class) => Some(own.clone()),
            _ => None,
        });
        let class = &kept.unwrap_or_else(|| class.clone());
        let marker = object_marker(class);
        let (module_of_makers, maker) = match class.own {
            0 => (quote!(object), marker.clone()),
            _ => (quote!(object::own), record_marker(class)),
        };
        let (space, slot) = self.file.slot(self.index, module, false, Guard::Value(name.to_string()));
        let (space, slot) = self.file.slot_of(space, slot);
        let check = self.q(quote!(#space.get::<IsObject<#marker>>(cx, #slot)));
        let mut lets = vec![quote!(let _ = #check;)];
        let ty = Type::Instance(class.clone());
        let Some(mut method) = self.file.program.method_of(class, "__init__") else {
            self.file.makes(class, None);
            if class.base.exception {
                let vals = self.bind_all(args, &mut lets);
                let given = self.given_tuple(&vals);
                let made = self.q(quote!(object::make_plain_exception::<#marker, _>(cx, #given)));
                let made = self.coerce(&Val::new(made, ty), to);
                return quote!({ #(#lets)* #made });
            }
            if let [items] = args {
                let made = self.make_filled(class, items, &mut lets);
                let made = self.coerce(&Val::new(made, ty), to);
                return quote!({ #(#lets)* #made });
            }
            let made = self.q(quote!(#module_of_makers::make_empty::<#maker>(cx)));
            let made = self.coerce(&Val::new(made, ty), to);
            return quote!({ #(#lets)* #made });
        };
        method.kind = MethodKind::Special;
        let Some(callee) = self.instance.values.get(&node).and_then(|r| r.last()).map(|r| r.instance) else {
            return self.bail("Unsupported");
        };
        self.file.makes(class, Some(callee));
        let mut vals = self.bind_all(args, &mut lets);
        let named = self.bind_all(keywords.iter().map(|(_, e)| e), &mut lets);
        let object = self.fresh("made");
        let made = match class.own != 0 && self.has_place(node) {
            true => {
                let place = match self.places.get(&node) {
                    Some((place, _)) => place.clone(),
                    None => self.fresh("place"),
                };
                self.places.insert(node, (place.clone(), maker.clone()));
                self.q(quote!(#place.make(cx)))
            }
            false if class.base.exception => {
                let given: Vec<Val> = vals.iter().map(|v| Val::place(v.code.clone(), v.ty.clone())).collect();
                let given = self.given_tuple(&given);
                self.q(quote!(object::make_exception::<#maker, _>(cx, #given)))
            }
            false => self.q(quote!(#module_of_makers::make::<#maker>(cx))),
        };
        lets.push(quote!(let #object = #made;));
        let (known, path) = self.known_method(class, "__init__", &method);
        let made = Val::new(quote!(#object), ty.clone());
        let check = self.method_check(class, &made, &known);
        lets.push(quote!(#check;));
        vals.insert(0, made);
        let home = class.module.clone();
        let call = self.call_in_class((&home, &path), callee, &vals, (keywords, &named));
        let call = self.as_made(node, call);
        let made = self.coerce(&Val::new(quote!(#object), ty), to);
        quote!({ #(#lets)* #call; #made })
    }

    /// Bails unless the class has the method that was compiled.
    pub(super) fn method_check(&mut self, class: &ObjectClass, object: &Val, known: &Ident) -> TokenStream {
        let (marker, of) = (object_marker(class), &object.ty);
        let object = &object.code;
        match class.own {
            0 if matches!(of, Type::Named { .. }) => self.q(quote!(named::method(cx, &#object, &#known))),
            // Of the class itself no instance hides it.
            0 if !matches!(of, Type::Function(_)) => {
                self.q(quote!(object::method::<#marker>(cx, #object, &#known)))
            }
            0 => {
                // Nothing else may need it.
                self.file.names_class(&Arc::new(class.clone()));
                self.q(quote!(object::own_method::<#marker>(cx, &#known)))
            }
            _ => self.q(quote!(object::own_method::<#marker>(cx, &#known))),
        }
    }

    /// The static that checks a method, and the name under which the class's module has it.
    pub(super) fn known_method(
        &mut self,
        class: &Arc<ObjectClass>,
        name: &str,
        method: &Method,
    ) -> (Ident, String) {
        let guard = method_guard(class, name, method);
        let path = match &guard {
            Guard::Function { name, .. } => name.clone(),
            _ => String::new(),
        };
        let (space, slot) = self.file.slot(self.index, &class.module, false, guard);
        let name = name.strip_prefix(SETTER).unwrap_or(name);
        let (name, kind, class) = (name.to_string(), method.kind, class.clone());
        (self.file.method_use(MethodUse { name, kind, space, slot, class }), path)
    }

    /// The call of an instance for arguments that have been evaluated.
    pub(super) fn call_instance(
        &mut self,
        named: (&str, &str),
        callee: usize,
        vals: &[Val],
        keywords: (&[(String, Expr)], &[Val]),
    ) -> TokenStream {
        let depth = self.depth_of(callee);
        self.call_at(depth, named, callee, vals, keywords)
    }

    /// The same for what a class runs when it is called.
    pub(super) fn call_in_class(
        &mut self,
        named: (&str, &str),
        callee: usize,
        vals: &[Val],
        keywords: (&[(String, Expr)], &[Val]),
    ) -> TokenStream {
        let depth = self.depth_in_class(callee);
        self.call_at(depth, named, callee, vals, keywords)
    }

    fn call_at(
        &mut self,
        depth: TokenStream,
        (module, path): (&str, &str),
        callee: usize,
        vals: &[Val],
        (keywords, named): (&[(String, Expr)], &[Val]),
    ) -> TokenStream {
        let target = &self.file.program.instances[callee];
        let hir = target.hir.clone();
        let params: Vec<Type> = (0..hir.params.len()).map(|i| target.entry_type(i)).collect();
        let rust_name = self.file.want(callee);
        let sources = bind_items(&hir.params, vals.len(), keywords).unwrap_or_default();
        let star = keywords.iter().position(|(k, _)| k == "*");
        let star = star.filter(|k| !sources.contains(&ArgSource::Keyword(*k)));
        let (check, items) = match star {
            Some(k) => self.star_items(&named[k], hir.params.len().saturating_sub(vals.len())),
            None => Default::default(),
        };
        let mut codes = Vec::new();
        for (at, (source, ty)) in sources.iter().zip(&params).enumerate() {
            codes.push(match source {
                ArgSource::Positional(i) => self.coerce(&vals[*i], ty),
                ArgSource::Keyword(i) => self.coerce(&named[*i], ty),
                ArgSource::Rest(from) => self.rest(&vals[*from..], ty),
                ArgSource::NoKeywords => self.new_container(ty),
                ArgSource::Names(names) => self.names(keywords, named, *names, ty),
                ArgSource::Item(_, i) => match items.get(*i) {
                    Some(item) => self.coerce(item, ty),
                    None => self.bail("Type"),
                },
                ArgSource::Default => self.default_of((module, path), callee, at, ty),
            });
        }
        let call = quote!(#rust_name(#depth, #(#codes),*));
        if star.is_some() { quote!({ #check #call }) } else { call }
    }

    /// What stands behind `*`, one by one: as many as parameters are left, or the call bails.
    fn star_items(&mut self, val: &Val, left: usize) -> (TokenStream, Vec<Val>) {
        match &val.ty {
            Type::Tuple { items, .. } if items.len() == left => {
                let item =
                    |(at, ty): (usize, &Type)| Val::place(super::expr::field(&val.code, at), ty.clone());
                (quote!(), items.iter().enumerate().map(item).collect())
            }
            Type::VarTuple(elem) => {
                let (tuple, rust, bail) = (val.by_ref(), rust_type(elem), self.bail("Type"));
                let (count, size) = (Literal::usize_suffixed(left), Literal::i64_suffixed(left as i64));
                let check = quote!(if tuple::len(cx, #tuple) != #size { let () = #bail; });
                if left == 0 {
                    return (check, Vec::new());
                }
                let names: Vec<Ident> = (0..left).map(|_| self.fresh("item")).collect();
                let read = self.q(quote!(tuple::unpack::<#rust, #count>(cx, #tuple)));
                let vals = names.iter().map(|name| Val::new(quote!(#name), (**elem).clone())).collect();
                (quote!(#check let [#(#names),*] = #read;), vals)
            }
            _ => {
                let bail = self.bail("Type");
                (quote!(let () = #bail;), Vec::new())
            }
        }
    }

    /// `instance.name = value`
    pub(super) fn assign_attribute(
        &mut self,
        base: &Expr,
        (name, generic): (&str, bool),
        val: &Val,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let val = self.bind(val, &mut lets);
        let base = self.val(base);
        let base = self.bind(&base, &mut lets);
        let set = self.match_union(&base, |f, b| f.write_attribute(&b, (name, generic), &val));
        super::stmt::scoped(&lets, quote!(#set;))
    }

    fn write_attribute(
        &mut self,
        base: &Val,
        (name, generic): (&str, bool),
        val: &Val,
    ) -> Option<TokenStream> {
        let Type::Instance(class) = &base.ty else { return None };
        if self.file.program.method_of(class, name).is_some() {
            return None;
        }
        if class.own != 0 {
            let (at, kept) = self.file.program.own_field(class, name)?;
            self.file.attribute(class, name);
            let (object, field, value) = (&base.code, format_ident!("f{at}"), self.coerce(val, &kept));
            if self.file.program.gives(class) {
                let number = Literal::usize_unsuffixed(at + 1);
                return Some(quote!(#object.fill(#number, |fields| &fields.#field, #value)));
            }
            return Some(quote!(#object.set(|fields| &fields.#field, #value)));
        }
        let (marker, at) = (object_marker(class), self.file.attribute(class, name));
        let (object, value) = (&base.code, val.owned());
        let rust = rust_type(&val.ty);
        let set = if generic { format_ident!("set_generic") } else { format_ident!("set") };
        let Some(stored) = self.stores_last else {
            return Some(self.q(quote!(object::#set::<#marker, #rust>(cx, #object, &#at, #value))));
        };
        let (set, given) = (format_ident!("{set}_last"), super::last::given(stored.value));
        Some(self.q(quote!(object::#set::<#marker, #rust>(cx, #object, &#at, #value, #given))))
    }

    /// The class and the name, where an attribute of an object of Python's is read and then assigned as any other.
    fn reachable(&mut self, base: &Val, name: &str) -> Option<(Ident, Ident)> {
        let Type::Instance(class) = &base.ty else { return None };
        let plain = class.own == 0
            && !class.base.exception
            && bases::Part::of(name).is_none()
            && self.file.program.method_of(class, name).is_none()
            && self.stores_last.is_none();
        plain.then(|| (object_marker(class), self.file.attribute(class, name)))
    }

    /// `instance.name op= value`
    pub(super) fn aug_attribute(
        &mut self,
        (base, name): (&Expr, &str),
        op: hir::BinOp,
        value: &Expr,
        (target, id): (NodeId, NodeId),
    ) -> TokenStream {
        let mut lets = Vec::new();
        let base = self.val(base);
        let base = self.bind(&base, &mut lets);
        let old_ty = self.node(target);
        if let Some((marker, at)) = self.reachable(&base, name) {
            // Where it is, is asked once.
            let (place, object) = (self.fresh("place"), &base.code);
            lets.push(quote!(let #place = object::reach::<#marker>(#object, &#at);));
            let rust = rust_type(&old_ty);
            let old = self.q(quote!(object::get_reached::<#marker, #rust>(cx, #object, &#at, #place)));
            let new = self.augmented(&Val::new(old, old_ty), op, value, id, &mut lets);
            let (rust, value) = (rust_type(&new.ty), new.owned());
            let set =
                self.q(quote!(object::set_reached::<#marker, #rust>(cx, #object, &#at, #place, #value)));
            return quote!({ #(#lets)* #set; });
        }
        let old = self.match_union(&base, |f, b| {
            let Type::Instance(class) = &b.ty else { return None };
            Some(f.read_attribute(&b, class, name, &old_ty))
        });
        let new = self.augmented(&Val::new(old, old_ty), op, value, id, &mut lets);
        let set = self.match_union(&base, |f, b| f.write_attribute(&b, (name, false), &new));
        quote!({ #(#lets)* #set; })
    }
}
