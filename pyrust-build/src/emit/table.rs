//! What stands around the functions of a file: constants, classes, namespaces, and the table that activation reads.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{File, Hotspot, Kept, Segment, Site, Space, types};
use crate::hir;
use crate::infer::{FuncRef, Guard};
use crate::lower::segments::Watched;
use crate::ty::Type;

impl File<'_, '_> {
    pub(super) fn statics(&self) -> TokenStream {
        let strings =
            self.strings.iter().map(|(text, name)| quote!(static #name: StrConst = StrConst::new(#text);));
        let bytes = self.bytes.iter().map(|(value, name)| {
            let literal = Literal::byte_string(value);
            quote!(static #name: BytesConst = BytesConst::new(#literal);)
        });
        let numbers = self.numbers.iter().map(|(value, name)| {
            let (negative, limbs) = (value.negative, value.limbs.iter().map(|l| Literal::u64_unsuffixed(*l)));
            quote!(static #name: BigConst = BigConst::new(#negative, &[#(#limbs),*]);)
        });
        let sets = self
            .set_constants
            .iter()
            .map(|(owner, name)| quote!(static #name: SetConst = SetConst::new(#owner);));
        let namespaces = self.namespaces.iter().map(|Space { name, instance, module, is_c, slots }| {
            let calls = |target: &FuncRef| self.calls(*instance, target);
            let slots = slots.iter().map(|guard| slot_tokens(guard, &calls));
            let make = if *is_c { quote!(module) } else { quote!(new) };
            quote!(static #name: Namespace = Namespace::#make(#module, &[#(#slots),*]);)
        });
        let (objects, above) = (self.object_statics(), self.above_statics());
        quote!(#(#strings)* #(#bytes)* #(#numbers)* #(#sets)* #(#namespaces)* #objects #above)
    }

    /// Does an instance call a function? Of what is written by hand it is taken to.
    fn calls(&self, instance: usize, target: &FuncRef) -> bool {
        let program = self.program;
        let Some(known) = program.instances.get(instance) else { return true };
        let reached = known.values.values().flatten().map(|reached| reached.instance);
        let mut called = known.calls.values().copied().chain(reached);
        let mut hooks = self.hooks.iter().filter(|hook| hook.instance == instance);
        called.any(|i| program.instances[i].func.written() == *target)
            || hooks.any(|hook| hook.guard.function() == Some(target))
    }

    /// The classes of named tuples that the functions name.
    pub(super) fn classes(&self, mut named: BTreeSet<String>) -> TokenStream {
        if named.is_empty() {
            return TokenStream::new();
        }
        let records = self.records(&mut named);
        let mut found = BTreeMap::new();
        let fields = self.program.own_types();
        fields.iter().for_each(|ty| collect_classes(ty, &mut found));
        for instance in &self.program.instances {
            let types =
                instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret]);
            types.for_each(|ty| collect_classes(ty, &mut found));
        }
        for def in self.named_classes.iter().filter_map(|c| self.program.named(&c.module, &c.name)) {
            found.insert(format!("{}.{}", def.class.module, def.class.name), def.class);
        }
        let classes = found.into_values().filter(|c| named.contains(&types::named_marker(c).to_string()));
        let items = classes.map(|class| {
            let (marker, module, name) = (types::named_marker(&class), &class.module, &class.name);
            let (fields, constant) = (&class.fields, format_ident!("CLASS_{marker}"));
            let operators = self.program.operators_of_named(&class);
            let ordering = ["__lt__", "__gt__", "__le__", "__ge__"];
            let own = [
                (class.has_own("__eq__"), quote!(COMPARES)),
                (ordering.iter().any(|name| class.has_own(name)), quote!(ORDERS)),
                (class.has_own("__lt__"), quote!(LESS)),
                (class.has_own("__gt__"), quote!(GREATER)),
                (class.hashes_itself(), quote!(HASHES)),
            ];
            let own = own.iter().filter(|(has, _)| *has).map(|(_, name)| name);
            let hooks = self.named_hooks_in(&marker.to_string());
            quote! {
                #[derive(Clone, Copy)]
                struct #marker;
                static #constant: NamedClass = NamedClass::new(#module, #name, &[#(#fields),*], &[#(#operators),*]);
                impl OfClass for #marker {
                    const CLASS: &'static NamedClass = &#constant;
                    #(const #own: bool = true;)*
                    #hooks
                }
            }
        });
        let mut objects = BTreeMap::new();
        fields.iter().for_each(|ty| object_classes(ty, &mut objects));
        for instance in &self.program.instances {
            let types =
                instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret]);
            types.for_each(|ty| object_classes(ty, &mut objects));
        }
        for class in self.named_classes.iter().filter(|c| self.program.named(&c.module, &c.name).is_none()) {
            objects.insert(types::object_marker(class).to_string(), class.clone());
        }
        let objects = objects.into_iter().filter(|(marker, _)| named.contains(marker));
        let objects = objects.map(|(marker, class)| {
            let hooks = self.hooks_in(&marker);
            let (marker, module, name) = (format_ident!("{marker}"), &class.module, &class.name);
            let constant = format_ident!("OBJECT_{marker}");
            let new = match self.program.enumeration(&class) {
                Some(_) => quote!(enumeration),
                None => quote!(new),
            };
            quote! {
                #[derive(Clone, Copy)]
                struct #marker;
                static #constant: ObjectClass = ObjectClass::#new(#module, #name);
                impl OfObjectClass for #marker {
                    const CLASS: &'static ObjectClass = &#constant;
                    #hooks
                }
            }
        });
        quote!(#(#items)* #(#objects)* #records)
    }

    /// The class needs a name in the text, whether a value is known to be of it or not.
    pub(super) fn names_class(&mut self, class: &std::sync::Arc<crate::ty::ObjectClass>) {
        self.named_classes.push(class.clone());
    }

    pub(super) fn table(&mut self, package: &str, init: &str, hotspots: &[Hotspot]) -> TokenStream {
        // Every guard of every reachable instance needs its slot before the namespaces are printed.
        let (mut callees, mut by_hand) = (BTreeSet::new(), 0);
        let mut functions = Vec::new();
        for hotspot in hotspots {
            let mut specs = Vec::new();
            for body in &hotspot.bodies {
                let mut spaces = BTreeSet::new();
                body.twin.iter().for_each(|twin| self.spaces_of(*twin, &mut spaces, &mut callees));
                // Numbers of instances that there are not: each body has namespaces of its own.
                let own = usize::MAX - by_hand;
                by_hand += 1;
                for named in &body.reliance.guards {
                    spaces.insert(self.slot(own, &named.module, named.is_c, named.guard.clone()).0);
                }
                callees.extend(body.reliance.functions.iter().map(FuncRef::name));
                let (module, name) = (format_ident!("{}", body.module), format_ident!("{}", body.name));
                let signature = &body.signature;
                let spaces = spaces.iter().map(|i| &self.namespaces[*i].name);
                let given = body.namespaces.iter().map(|space| format_ident!("{space}"));
                specs.push(quote! {
                    Spec {
                        signature: #signature,
                        entry: #module::#name::ENTRY,
                        namespaces: &[#(&#spaces,)* #(&#module::#given),*],
                    }
                });
            }
            for spec in hotspot.all_specs() {
                let mut spaces = BTreeSet::new();
                spec.instances().for_each(|root| self.spaces_of(root, &mut spaces, &mut callees));
                let name = self.names[&spec.owned.unwrap_or(spec.instance)].clone();
                let signature = &spec.signature;
                let segments = (!spec.segments.is_empty()).then(|| {
                    let segments = spec.segments.iter().map(|segment| self.segment(segment));
                    let sites = sites(&spec.sites);
                    quote!(.yielding(#sites, &[#(#segments),*]))
                });
                let region = spec.region.as_ref().map(|place| {
                    let (number, locals) = (Literal::usize_unsuffixed(place.number), &place.locals);
                    let sites = sites(&spec.sites);
                    let resumed = place.resumed.as_ref().map(|resumed| {
                        let name = self.names[&resumed.instance].clone();
                        let (sites, shape) = (self::sites(&resumed.sites), &resumed.shape);
                        let again = match &resumed.again {
                            Some(again) => {
                                let name = self.names[&again.instance].clone();
                                let (sites, locals) = (self::sites(&again.sites), &again.locals);
                                quote!(Some(Again { entry: #name::ENTRY, locals: &[#(#locals),*], sites: #sites }))
                            }
                            None => quote!(None),
                        };
                        quote!(.resuming(&Resumed { entry: #name::ENTRY, sites: #sites, shape: #shape, again: #again }))
                    });
                    quote!(.region(#number, &[#(#locals),*], #sites) #resumed)
                });
                let spaces = spaces.iter().map(|i| &self.namespaces[*i].name);
                specs.push(quote! {
                    Spec {
                        signature: #signature,
                        entry: #name::ENTRY #segments #region,
                        namespaces: &[#(&#spaces),*],
                    }
                });
            }
            let name = hotspot.func.name();
            let reason = match &hotspot.reason {
                Some(r) => quote!(Some(#r)),
                None => quote!(None),
            };
            functions.push(quote!(Function { name: #name, specs: &[#(#specs),*], reason: #reason }));
        }
        let hot: BTreeSet<String> = hotspots.iter().map(|h| h.func.name()).collect();
        let callees: Vec<&String> = callees.iter().filter(|c| !hot.contains(*c)).collect();
        quote! {
            /// What activation reads: the functions of the manifest and what their native code relies on.
            pub static MODULE: Module = Module {
                package: #package,
                init: #init,
                functions: &[#(#functions),*],
                callees: &[#(#callees),*],
            };
        }
    }

    /// The namespaces of all that an instance reaches, and the functions that were compiled along.
    fn spaces_of(&mut self, root: usize, spaces: &mut BTreeSet<usize>, callees: &mut BTreeSet<String>) {
        let program = self.program;
        for i in self.reached_from(root) {
            let instance = &program.instances[i];
            let module = instance.func.module.clone();
            for guard in &instance.guards {
                let (module, guard) = match guard {
                    Guard::Elsewhere { module, guard } => (module, &**guard),
                    other => (&module, other),
                };
                if let Guard::Pattern(_) = guard {
                    spaces.insert(self.slot(i, "re", true, guard.clone()).0);
                    continue;
                }
                spaces.insert(self.slot(i, module, false, guard.clone()).0);
                callees.extend(guard.function().map(FuncRef::name));
                if let Guard::Imported { module, attr, .. } = guard {
                    spaces.insert(self.slot(i, module, true, Guard::Builtin(attr.clone())).0);
                }
            }
            let hooks: Vec<_> = self.hooks.iter().filter(|h| h.instance == i).collect();
            let hooks: Vec<_> = hooks.into_iter().map(|h| (h.module.clone(), h.guard.clone())).collect();
            for (module, guard) in hooks {
                callees.extend(guard.function().map(FuncRef::name));
                spaces.insert(self.slot(i, &module, false, guard).0);
            }
            for (module, attr) in &instance.attrs {
                let guard = match crate::ops::constant(module, attr) {
                    _ if crate::ops::abstracts::is_known(module, attr) => Guard::Value(attr.clone()),
                    Some(_) => Guard::Value(attr.split('.').next().unwrap_or_default().to_string()),
                    None => Guard::Builtin(attr.clone()),
                };
                spaces.insert(self.slot(i, module, true, guard).0);
            }
        }
    }

    fn segment(&self, segment: &Segment) -> TokenStream {
        let entry = match segment.instance {
            Some(instance) => {
                let name = &self.names[&instance];
                let sites = sites(&segment.sites);
                quote!(Some(#name::ENTRY.yielding(#sites, &[])))
            }
            None => quote!(None),
        };
        let locals = &segment.locals;
        let loops = segment.loops.iter().map(|(form, counts)| {
            let form = format_ident!("{form:?}");
            let counts = match counts {
                Some(from) => {
                    let from = Literal::i64_unsuffixed(*from);
                    quote!(Some(#from))
                }
                None => quote!(None),
            };
            quote!(Open { form: Form::#form, counts: #counts })
        });
        let evaluated = segment.evaluated;
        let watched = match segment.watched {
            Some(Watched::Places) => quote!(Some(Watched::Places)),
            Some(Watched::Turns(least)) => {
                let least = Literal::u32_unsuffixed(least);
                quote!(Some(Watched::Turns(#least)))
            }
            None => quote!(None),
        };
        quote!(Segment {
            entry: #entry,
            locals: &[#(#locals),*],
            loops: &[#(#loops),*],
            evaluated: #evaluated,
            watched: #watched,
        })
    }
}

fn sites(sites: &[Site]) -> TokenStream {
    let sites = sites.iter().map(|Site { point, kept }| {
        let point = Literal::usize_unsuffixed(*point);
        let kept = kept.iter().map(|kept| match kept {
            Kept::Local(name) => quote!(Kept::Local(#name)),
            Kept::Loop(at) => {
                let at = Literal::usize_unsuffixed(*at);
                quote!(Kept::Loop(#at))
            }
        });
        quote!(Site { point: #point, kept: &[#(#kept),*] })
    });
    quote!(&[#(#sites),*])
}

/// How identifiers begin that stand for classes.
pub(super) const CLASS_NAMES: [&str; 3] = [types::CLASS_PREFIX, types::OBJECT_PREFIX, types::RECORD_PREFIX];

/// The identifiers in a text that stand for classes.
pub(super) fn class_names(text: &str, out: &mut BTreeSet<String>) {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    for word in words.filter(|word| CLASS_NAMES.iter().any(|prefix| word.starts_with(prefix))) {
        if !out.contains(word) {
            out.insert(word.to_string());
        }
    }
}

fn collect_classes(ty: &Type, out: &mut BTreeMap<String, std::sync::Arc<crate::ty::NamedClass>>) {
    if let Type::Named { class, .. } = ty {
        out.insert(format!("{}.{}", class.module, class.name), class.clone());
    }
    ty.parts().for_each(|t| collect_classes(t, out));
}

fn object_classes(ty: &Type, out: &mut BTreeMap<String, std::sync::Arc<crate::ty::ObjectClass>>) {
    if let Type::Instance(class) = ty {
        out.insert(types::object_marker(class).to_string(), class.clone());
    }
    ty.parts().for_each(|t| object_classes(t, out));
}

fn slot_tokens(guard: &Guard, calls: &dyn Fn(&FuncRef) -> bool) -> TokenStream {
    match guard {
        Guard::Builtin(name) => quote!(Slot::builtin(#name)),
        Guard::Function { name, target } => {
            let (made, target) =
                (if calls(target) { quote!(function) } else { quote!(handed) }, target.name());
            quote!(Slot::#made(#name, #target))
        }
        Guard::Value(name) => quote!(Slot::value(#name)),
        Guard::Module { name, module } => quote!(Slot::module(#name, #module)),
        Guard::Imported { name, module, attr } => quote!(Slot::imported(#name, #module, #attr)),
        Guard::Pattern(hir::Regex { pattern, flags }) => match pattern {
            hir::RegexText::Str(text) => quote!(Slot::pattern(#text, #flags)),
            hir::RegexText::Bytes(text) => {
                let text = Literal::byte_string(text);
                quote!(Slot::bytes_pattern(#text, #flags))
            }
        },
        Guard::Layout { name, format } => quote!(Slot::layout(#name, #format)),
        Guard::Number { name, value } => {
            let value = Literal::i128_unsuffixed(*value);
            quote!(Slot::number(#name, #value))
        }
        Guard::Classes { name, classes } => quote!(Slot::classes(#name, &[#(#classes),*])),
        Guard::Elsewhere { guard, .. } => slot_tokens(guard, calls),
    }
}
