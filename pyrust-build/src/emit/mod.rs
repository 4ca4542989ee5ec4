//! Typed HIR → Rust.
//!
//! Tokens are built with `quote` and printed by `prettyplease`; comments with Python's lines travel through the
//! printer as marker macros. Nothing here decides what is supported: that was done by inference.

mod between;
mod call;
mod classes;
mod coerce;
mod comp;
mod display;
mod expr;
mod foreign;
mod format;
mod identity;
mod index;
mod iter;
mod library;
mod named;
mod ops;
mod sets;
mod stmt;
mod target;
mod tools;
mod types;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::hir::{self, ParamKind};
use crate::infer::{FuncRef, Guard, Instance, Program, decide, ranges};
use crate::number::Number;
use crate::passes::Pass;
use crate::ty::{Callee, Type};
use types::{Val, distinct, ident, rust_type};

/// One specialisation of a hotspot: the instance that Python calls enter.
pub struct Spec {
    pub signature: String,
    pub instance: usize,
}

/// One hotspot of the manifest.
pub struct Hotspot {
    pub func: FuncRef,
    pub specs: Vec<Spec>,
    /// Why it stays Python, if it does.
    pub reason: Option<String>,
}

/// The text of the generated file.
pub fn file(package: &str, init: &str, program: &Program<'_>, hotspots: &[Hotspot]) -> String {
    let mut file = File::new(program);
    for hotspot in hotspots {
        for spec in &hotspot.specs {
            file.want(spec.instance);
        }
    }
    let mut items = Vec::new();
    // Hotspots first, in the order of the manifest, then what was compiled along, in order of first use.
    for hotspot in hotspots {
        for spec in &hotspot.specs {
            let name = hotspot.func.name();
            items.push(file.function(spec.instance, Some((&name, &spec.signature))));
        }
    }
    while let Some(instance) = file.next_pending() {
        items.push(file.function(instance, None));
    }
    let table = file.table(package, init, hotspots);
    let statics = file.statics();
    let classes = file.classes(&items);
    let tokens = quote! {
        #![doc = ""]
        use pyrust_macros::hotspot;
        use pyrust_runtime::prelude::*;
        #(#items)*
        #statics
        #classes
        #table
    };
    let body = print(tokens);
    format!(
        "//! Native code of the hotspots of `{package}`, generated from `pyrust.toml`: do not edit.\n//!\n//! init: {init}\n{}",
        body.trim_start_matches("//!").trim_start_matches(['\n', ' '])
    )
}

/// Emits one instance on trial: what the compiler cannot emit must cost one function, not the build.
pub fn check(program: &Program<'_>, instance: usize) -> Result<(), String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut file = File::new(program);
        let tokens = file.function(instance, None);
        syn::parse2::<syn::File>(tokens).map(|_| ()).map_err(|error| error.to_string())
    }))
    .unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(text.unwrap_or("the emitter failed").to_string())
    })
}

/// Pretty-prints and turns the marker macros into comments.
fn print(tokens: TokenStream) -> String {
    let parsed = match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file,
        Err(error) => unreachable!("generated code does not parse: {error}\n{tokens}"),
    };
    uncomment(&prettyplease::unparse(&parsed))
}

/// `py!("4: x = 1");` → `// 4: x = 1`, also where the printer broke the line.
fn uncomment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        let literal = match trimmed {
            "py!(" => {
                let literal = lines.next().unwrap_or_default().trim().to_string();
                lines.next();
                Some(literal)
            }
            _ => trimmed.strip_prefix("py!(").and_then(|t| t.strip_suffix(");")).map(str::to_string),
        };
        match literal {
            Some(literal) => {
                let comment = syn::parse_str::<syn::LitStr>(&literal).map_or(String::new(), |l| l.value());
                out.push_str(&format!("{indent}// {}\n", comment.trim_end()));
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

/// The names of one module that one instance relies on.
struct Space {
    instance: usize,
    module: String,
    is_c: bool,
    slots: Vec<Guard>,
}

/// Everything that is shared by the functions of one generated file.
pub(super) struct File<'p, 'a> {
    program: &'p Program<'a>,
    names: BTreeMap<usize, Ident>,
    used_names: BTreeSet<String>,
    emitted: BTreeSet<usize>,
    pending: Vec<usize>,
    /// One namespace per instance and module that it relies on: what one function loses does not stop the others.
    namespaces: Vec<Space>,
    strings: Vec<String>,
    bytes: Vec<Vec<u8>>,
    numbers: Vec<Number>,
    /// Functions that are made without anything from around, by their numbers.
    inners: Vec<Callee>,
    /// Of each display that Python makes a frozenset of: the function whose code has it.
    set_constants: Vec<String>,
    /// Some handler reads what it has caught, so exceptions keep what they say.
    looks: bool,
}

impl<'p, 'a> File<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        File {
            program,
            names: BTreeMap::new(),
            used_names: BTreeSet::new(),
            emitted: BTreeSet::new(),
            pending: Vec::new(),
            namespaces: Vec::new(),
            strings: Vec::new(),
            bytes: Vec::new(),
            numbers: Vec::new(),
            inners: Vec::new(),
            set_constants: Vec::new(),
            looks: program.instances.iter().any(|i| hir::visit::reads_caught(&i.hir.body)),
        }
    }

    /// The Rust name of an instance; asking for it makes sure that it is emitted.
    fn want(&mut self, instance: usize) -> Ident {
        if let Some(name) = self.names.get(&instance) {
            return name.clone();
        }
        let func = &self.program.instances[instance].func;
        let base = format!("{}__{}", func.module, func.qualname).replace(['.', '<', '>', ' '], "_");
        let base = ident(&base).to_string();
        let mut name = format_ident!("{base}");
        let mut n = 2;
        while !self.used_names.insert(name.to_string()) {
            name = format_ident!("{base}_{n}");
            n += 1;
        }
        self.names.insert(instance, name.clone());
        self.pending.push(instance);
        name
    }

    fn next_pending(&mut self) -> Option<usize> {
        while !self.pending.is_empty() {
            let next = self.pending.remove(0);
            if !self.emitted.contains(&next) {
                return Some(next);
            }
        }
        None
    }

    /// Index of a namespace and of a slot in it.
    fn slot(&mut self, instance: usize, module: &str, is_c: bool, guard: Guard) -> (usize, usize) {
        let found = self
            .namespaces
            .iter()
            .position(|s| s.instance == instance && s.module == module && s.is_c == is_c);
        let space = found.unwrap_or_else(|| {
            self.namespaces.push(Space { instance, module: module.to_string(), is_c, slots: Vec::new() });
            self.namespaces.len() - 1
        });
        let slots = &mut self.namespaces[space].slots;
        let slot = slots.iter().position(|g| *g == guard).unwrap_or_else(|| {
            slots.push(guard);
            slots.len() - 1
        });
        (space, slot)
    }

    fn string(&mut self, text: &str) -> Ident {
        let i = self.strings.iter().position(|s| s == text).unwrap_or_else(|| {
            self.strings.push(text.to_string());
            self.strings.len() - 1
        });
        format_ident!("S_{i}")
    }

    fn bytes(&mut self, value: &[u8]) -> Ident {
        let i = self.bytes.iter().position(|s| s == value).unwrap_or_else(|| {
            self.bytes.push(value.to_vec());
            self.bytes.len() - 1
        });
        format_ident!("B_{i}")
    }

    /// A constant beyond 64 bits.
    fn number(&mut self, value: &Number) -> Ident {
        let i = self.numbers.iter().position(|n| n == value).unwrap_or_else(|| {
            self.numbers.push(value.clone());
            self.numbers.len() - 1
        });
        format_ident!("I_{i}")
    }

    /// The number of a function that is made without anything from around.
    fn inner(&mut self, callee: &Callee) -> u32 {
        let i = self.inners.iter().position(|c| c == callee).unwrap_or_else(|| {
            self.inners.push(callee.clone());
            self.inners.len() - 1
        });
        i as u32
    }

    /// A place for one frozenset among the constants of a function's code.
    fn set_constant(&mut self, owner: &str) -> Ident {
        self.set_constants.push(owner.to_string());
        format_ident!("F_{}", self.set_constants.len() - 1)
    }

    fn statics(&self) -> TokenStream {
        let strings = self.strings.iter().enumerate().map(|(i, text)| {
            let name = format_ident!("S_{i}");
            quote!(static #name: StrConst = StrConst::new(#text);)
        });
        let bytes = self.bytes.iter().enumerate().map(|(i, value)| {
            let name = format_ident!("B_{i}");
            let literal = Literal::byte_string(value);
            quote!(static #name: BytesConst = BytesConst::new(#literal);)
        });
        let numbers = self.numbers.iter().enumerate().map(|(i, value)| {
            let name = format_ident!("I_{i}");
            let (negative, limbs) = (value.negative, value.limbs.iter().map(|l| Literal::u64_unsuffixed(*l)));
            quote!(static #name: BigConst = BigConst::new(#negative, &[#(#limbs),*]);)
        });
        let sets = self.set_constants.iter().enumerate().map(|(i, owner)| {
            let name = format_ident!("F_{i}");
            quote!(static #name: SetConst = SetConst::new(#owner);)
        });
        let namespaces = self.namespaces.iter().enumerate().map(|(i, space)| {
            let (name, module) = (format_ident!("NS_{i}"), &space.module);
            let slots = space.slots.iter().map(slot_tokens);
            let make = if space.is_c { quote!(module) } else { quote!(new) };
            quote!(static #name: Namespace = Namespace::#make(#module, &[#(#slots),*]);)
        });
        quote!(#(#strings)* #(#bytes)* #(#numbers)* #(#sets)* #(#namespaces)*)
    }

    /// The classes of named tuples that the functions name.
    fn classes(&self, items: &[TokenStream]) -> TokenStream {
        let mut named = BTreeSet::new();
        items.iter().for_each(|item| class_names(item.clone(), &mut named));
        let mut found = BTreeMap::new();
        for instance in &self.program.instances {
            let types =
                instance.vars.iter().chain(&instance.nodes).chain(&instance.params).chain([&instance.ret]);
            types.for_each(|ty| collect_classes(ty, &mut found));
        }
        let classes = found.into_values().filter(|c| named.contains(&types::named_marker(c).to_string()));
        let items = classes.enumerate().map(|(i, class)| {
            let (marker, module, name) = (types::named_marker(&class), &class.module, &class.name);
            let (fields, constant) = (&class.fields, format_ident!("CLASS_{i}"));
            quote! {
                #[derive(Clone, Copy)]
                struct #marker;
                static #constant: NamedClass = NamedClass::new(#module, #name, &[#(#fields),*]);
                impl OfClass for #marker {
                    const CLASS: &'static NamedClass = &#constant;
                }
            }
        });
        quote!(#(#items)*)
    }

    fn table(&mut self, package: &str, init: &str, hotspots: &[Hotspot]) -> TokenStream {
        // Every guard of every reachable instance needs its slot before the namespaces are printed.
        let program = self.program;
        let mut callees = BTreeSet::new();
        let mut functions = Vec::new();
        for hotspot in hotspots {
            let mut specs = Vec::new();
            for spec in &hotspot.specs {
                let mut spaces = BTreeSet::new();
                for i in program.reachable(spec.instance) {
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
                        if let Guard::Function { target, .. } = guard {
                            callees.insert(target.name());
                        }
                        if let Guard::Imported { module, attr, .. } = guard {
                            spaces.insert(self.slot(i, module, true, Guard::Builtin(attr.clone())).0);
                        }
                    }
                    for (module, attr) in &instance.attrs {
                        let guard = match crate::ops::constant(module, attr) {
                            Some(_) => Guard::Value(attr.split('.').next().unwrap_or_default().to_string()),
                            None => Guard::Builtin(attr.clone()),
                        };
                        spaces.insert(self.slot(i, module, true, guard).0);
                    }
                }
                let name = self.names[&spec.instance].clone();
                let signature = &spec.signature;
                let spaces = spaces.iter().map(|i| format_ident!("NS_{i}"));
                specs.push(quote! {
                    Spec { signature: #signature, entry: #name::ENTRY, namespaces: &[#(&#spaces),*] }
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

    fn function(&mut self, index: usize, hotspot: Option<(&str, &str)>) -> TokenStream {
        self.emitted.insert(index);
        let name = self.want(index);
        let instance = &self.program.instances[index];
        let hir = instance.hir.clone();
        let never_negative = match self.program.passes.has(Pass::Ranges) {
            true => ranges::never_negative(&hir, &instance.vars, &instance.nodes),
            false => BTreeSet::new(),
        };
        let mut f = Func {
            index,
            idents: distinct(hir.vars.iter().map(|v| v.name.as_str())),
            instance,
            hir: &hir,
            file: self,
            tries: Vec::new(),
            handlers: Vec::new(),
            loops: Vec::new(),
            finals: Vec::new(),
            closures: 0,
            counter: 0,
            uses_fuel: false,
            nested_loops: 0,
            late: false,
            assigned: hir::visit::defines(&hir.body),
            narrowed: hir::visit::narrowed(&hir.body),
            never_negative,
            rows: Vec::new(),
            hoisted: Vec::new(),
            wide: false,
        };
        f.emit(&name, hotspot)
    }
}

/// The identifiers that stand for classes of named tuples.
fn class_names(tokens: TokenStream, out: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => class_names(group.stream(), out),
            proc_macro2::TokenTree::Ident(ident) => {
                let text = ident.to_string();
                if text.starts_with(types::CLASS_PREFIX) {
                    out.insert(text);
                }
            }
            _ => {}
        }
    }
}

fn collect_classes(ty: &Type, out: &mut BTreeMap<String, std::sync::Arc<crate::ty::NamedClass>>) {
    if let Type::Named { class, .. } = ty {
        out.insert(format!("{}.{}", class.module, class.name), class.clone());
    }
    ty.parts().into_iter().for_each(|t| collect_classes(t, out));
}

fn slot_tokens(guard: &Guard) -> TokenStream {
    match guard {
        Guard::Builtin(name) => quote!(Slot::builtin(#name)),
        Guard::Function { name, target } => {
            let target = target.name();
            quote!(Slot::function(#name, #target))
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
        Guard::Classes { name, classes } => quote!(Slot::classes(#name, &[#(#classes),*])),
        Guard::Elsewhere { guard, .. } => slot_tokens(guard),
    }
}

/// Labels of one open loop.
struct Loop {
    breaks: syn::Lifetime,
    continues: syn::Lifetime,
    /// Open `finally` blocks when the loop began: a jump runs those opened since.
    finals: usize,
}

/// Rows that an open counted loop goes back to.
struct RowHoist {
    assigned: BTreeSet<hir::VarId>,
    /// The list, the index, the local that holds the row.
    found: Vec<(hir::VarId, hir::VarId, Ident)>,
}

/// An open `finally`.
#[derive(Clone)]
struct Final {
    body: Vec<hir::Stmt>,
    /// Open `try` bodies and handlers around it.
    tries: usize,
    handlers: usize,
}

/// Emission of one function.
pub(super) struct Func<'f, 'p, 'a> {
    index: usize,
    /// The Rust name of each variable.
    idents: Vec<Ident>,
    instance: &'f Instance,
    hir: &'f hir::Function,
    file: &'f mut File<'p, 'a>,
    /// Label and slot of the open `try` bodies, innermost last.
    tries: Vec<(syn::Lifetime, Ident)>,
    /// Slots of the exceptions being handled, for bare `raise`.
    handlers: Vec<Ident>,
    loops: Vec<Loop>,
    finals: Vec<Final>,
    /// Depth of closures: inside one, `?` leaves the closure only.
    closures: usize,
    counter: usize,
    uses_fuel: bool,
    /// Loops emitted so far: tells whether a body contains any.
    nested_loops: usize,
    /// What is pulled from begins when the first element is asked for, not before.
    late: bool,
    assigned: BTreeSet<hir::VarId>,
    /// Variables that are another one with fewer types, and nothing else.
    narrowed: BTreeMap<hir::VarId, hir::VarId>,
    never_negative: BTreeSet<hir::VarId>,
    /// Open counted loops: what their bodies assign, and rows of read-only lists looked up before them.
    rows: Vec<RowHoist>,
    /// Reads of globals done once, before the body: name of the local, code.
    hoisted: Vec<(String, Ident, TokenStream)>,
    /// The operation that is being emitted has results of any size.
    wide: bool,
}

impl Func<'_, '_, '_> {
    fn emit(&mut self, name: &Ident, hotspot: Option<(&str, &str)>) -> TokenStream {
        let hir = self.hir;
        let body = self.block(&hir.body);
        let ret = rust_type(&self.instance.ret);
        let tail = if self.falls_off(&hir.body) {
            let none = self.coerce(&Val::new(quote!(()), Type::None), &self.returned());
            quote!(Ok(#none))
        } else {
            quote!()
        };
        let params: Vec<_> = hir
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let (name, entry) = (self.var_ident(p.var), self.instance.entry_type(i));
                let ty = rust_type(&entry);
                // Cells and widened parameters get variables of their own.
                let itself = !self.hir.vars[p.var].cell && entry == self.instance.vars[p.var];
                if itself && self.assigned.contains(&p.var) {
                    quote!(mut #name: #ty)
                } else {
                    quote!(#name: #ty)
                }
            })
            .collect();
        let mut widened = Vec::new();
        for (i, p) in hir.params.iter().enumerate() {
            let (entry, var) = (self.instance.entry_type(i), self.instance.vars[p.var].clone());
            if entry != var && !self.hir.vars[p.var].cell {
                let (name, ty) = (self.var_ident(p.var), rust_type(&var));
                let wide = self.coerce(&Val::new(quote!(#name), entry), &var);
                widened.push(quote!(let mut #name: #ty = #wide;));
            }
        }
        let is_param = |v: hir::VarId| hir.params.iter().any(|p| p.var == v);
        let mut locals = Vec::new();
        for (v, var) in hir.vars.iter().enumerate() {
            match (is_param(v), var.maybe_unbound) {
                (true, true) => {
                    let (name, ty) = (self.var_ident(v), rust_type(&self.instance.vars[v]));
                    locals.push(quote!(let mut #name: Option<#ty> = Some(#name);));
                }
                (true, false) => {}
                (false, _) => locals.push(self.declare(v)),
            }
        }
        let fuel = if self.uses_fuel { quote!(let mut fuel: i32 = FUEL;) } else { quote!() };
        let hoisted = self.hoisted.iter().map(|(_, name, code)| quote!(let #name = #code;));
        let attribute = match hotspot {
            Some((function, signature)) => quote!(#[hotspot(function = #function, signature = #signature)]),
            None => quote!(),
        };
        let doc = format!(" `{}` for `({})`", hir.name(), show_types(&self.instance.params));
        if let (Some(yields), Type::Iter(elem)) = (hir.yields, &self.instance.ret) {
            let item = rust_type(elem);
            let make = match yields {
                hir::Yields::Generator => quote!(generator),
                hir::Yields::Tool(hir::Again::Asks) => quote!(asking_tool),
                hir::Yields::Tool(hir::Again::Ends) => quote!(ending_tool),
                hir::Yields::Tool(hir::Again::Continues) => quote!(tool),
            };
            let run = match yields {
                hir::Yields::Tool(hir::Again::Asks) => {
                    quote!(loop { { #(#body)* } __py_co.end(&mut cx).await; })
                }
                _ => quote!(#(#body)* #tail),
            };
            return quote! {
                #[doc = #doc]
                fn #name(cx: Cx, #(#params),*) -> R<#ret> {
                    Ok(#make(|__py_co: Co<#item>| async move {
                        let mut cx = cx;
                        __py_co.resume(&mut cx);
                        #fuel
                        #(#hoisted)*
                        #(#widened)*
                        #(#locals)*
                        #run
                    }))
                }
            };
        }
        quote! {
            #[doc = #doc]
            #attribute
            fn #name(cx: Cx, #(#params),*) -> R<#ret> {
                #fuel
                #(#hoisted)*
                #(#widened)*
                #(#locals)*
                #(#body)*
                #tail
            }
        }
    }

    /// What a `return` gives: generators give nothing.
    fn returned(&self) -> Type {
        if self.hir.yields.is_some() { Type::None } else { self.instance.ret.clone() }
    }

    /// The declaration of a variable without a value.
    fn declare(&self, v: hir::VarId) -> TokenStream {
        let (name, ty) = (self.var_ident(v), rust_type(&self.instance.vars[v]));
        if self.hir.vars[v].cell {
            return quote!(let #name: Shared<#ty> = Shared::new(););
        }
        match self.hir.vars[v].maybe_unbound {
            true => quote!(let mut #name: Option<#ty> = None;),
            false => quote!(let mut #name: #ty;),
        }
    }

    /// What a condition always is.
    fn decide(&self, test: &hir::Expr) -> Option<bool> {
        if self.file.program.hides_tests(&self.instance.func.module) {
            return None;
        }
        decide(test, &self.hir.vars, &|e| Some(self.node(e.id)))
    }

    fn falls_off(&self, body: &[hir::Stmt]) -> bool {
        hir::falls_off(body, &|test| self.decide(test))
    }

    fn node(&self, id: hir::NodeId) -> Type {
        self.instance.nodes[id].clone()
    }

    fn var_ident(&self, var: hir::VarId) -> Ident {
        self.idents[var].clone()
    }

    fn fresh(&mut self, hint: &str) -> Ident {
        self.counter += 1;
        format_ident!("__py_{hint}{}", self.counter)
    }

    fn label(&mut self, hint: &str) -> syn::Lifetime {
        self.counter += 1;
        syn::Lifetime::new(&format!("'{hint}{}", self.counter), proc_macro2::Span::call_site())
    }

    /// Takes the value out of a `R<_>`: leaves the function, or enters the handlers of the innermost `try`.
    fn q(&self, code: TokenStream) -> TokenStream {
        match self.tries.last() {
            Some((label, slot)) if self.closures == 0 => quote!(try_!(#label, #slot, #code)),
            _ => quote!(#code?),
        }
    }

    /// The same for code that may end up in a closure of its own: the step of an iterator that is a value.
    fn q_in(&self, detached: bool, code: TokenStream) -> TokenStream {
        if detached { quote!(#code?) } else { self.q(code) }
    }

    /// Leaves with a bailout; has any type.
    fn bail(&self, reason: &str) -> TokenStream {
        let reason = format_ident!("{reason}");
        self.q(quote!(bail(Bail::#reason)))
    }
}

fn show_types(types: &[Type]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// True for parameters that come as `*args` or `**kwargs`.
pub fn is_variadic(function: &hir::Function) -> bool {
    function.params.iter().any(|p| matches!(p.kind, ParamKind::VarPositional | ParamKind::VarKeyword))
}
