//! Typed HIR → Rust.
//!
//! Tokens are built with `quote` and printed by `print/`; comments with Python's lines travel through the
//! printer as marker macros. Nothing here decides what is supported: that was done by inference.

mod above;
mod anew;
mod asked;
mod attributes;
mod automaton;
mod backwards;
mod bases;
mod beside;
mod between;
mod call;
mod carried;
mod cells;
mod chars;
mod chosen;
mod class_methods;
mod class_values;
mod classes;
mod coerce;
mod columns;
mod comp;
mod concat;
mod constants;
mod contains;
mod copying;
mod dense;
mod display;
mod enums;
mod escape;
mod exceptions;
mod expr;
mod far;
mod foreign;
mod format;
mod fuse;
mod grow;
mod hooks;
#[cfg(test)]
mod hygiene;
mod identity;
mod in_place;
mod independent;
mod index;
mod inside;
mod iter;
mod jam;
mod label;
mod last;
mod lasting;
mod leaf;
mod levels;
mod library;
mod logging;
mod lookups;
mod masked;
mod moves;
mod named;
mod nest;
mod new;
mod nothing;
mod objects;
mod one_pass;
mod opening;
mod ops;
mod outgoing;
mod parallel;
mod parts;
mod passing;
mod pieces;
mod print;
mod push;
mod pushed;
mod rows;
mod seen;
mod sets;
mod short;
mod sorting;
mod spans;
mod specs;
mod stmt;
mod sure;
mod sweep;
mod table;
mod target;
mod texts;
mod tools;
mod turns;
mod twice;
mod types;
mod value;
mod visitors;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Punct, Spacing, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::hir::{self, ParamKind};
use crate::infer::{Guard, Instance, Program, decide, ranges::Ranges};
use crate::number::Number;
use crate::passes::Pass;
use crate::ty::{Callee, Type};
use label::Label;
use lasting::Statics;
pub use parts::{Text, file};
pub use specs::{Again, ByHand, Hotspot, Kept, Place, Resumed, Segment, Site, Spec};
use types::{Val, distinct, ident, rust_type};

/// The same function for lists in place.
struct Twin {
    name: Ident,
    /// To begin with native lists before anything is known.
    eager: bool,
    /// No list of Python's is written to.
    reads: bool,
}

/// What stands at the function that Python calls enter.
struct Entry<'s> {
    function: &'s str,
    signature: &'s str,
    in_place: Option<Twin>,
    /// What it returns is what the function returns.
    is_whole: bool,
    /// It has made all floats that it returns.
    anew: bool,
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

/// The names of one module that one instance relies on.
struct Space {
    name: Ident,
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
    /// What runs only behind a bailout.
    rare: BTreeSet<usize>,
    pending: Vec<usize>,
    pushed: push::Forms,
    /// One namespace per instance and module that it relies on: what one function loses does not stop the others.
    namespaces: Vec<Space>,
    strings: Statics<String>,
    bytes: Statics<Vec<u8>>,
    numbers: Statics<Number>,
    /// Functions that are made without anything from around, by their numbers.
    inners: Vec<Callee>,
    /// Of each display that Python makes a frozenset of: the function whose code has it.
    set_constants: Statics<String>,
    /// Attributes of instances, by class and name.
    attributes: Statics<(std::sync::Arc<crate::ty::ObjectClass>, String)>,
    /// The classes of which records are made, and the `__init__` that each of them runs.
    makers: Vec<(std::sync::Arc<crate::ty::ObjectClass>, Option<usize>)>,
    methods: Statics<objects::MethodUse>,
    above: Statics<above::AboveUse>,
    hooks: Vec<hooks::Hook>,
    /// Classes that are named though no value is known to be of them.
    named_classes: Vec<std::sync::Arc<crate::ty::ObjectClass>>,
    /// Some handler reads what it has caught, so exceptions keep what they say.
    looks: bool,
    /// Some loop is done by several threads.
    shares: bool,
    far: far::Forms,
    shaken: spans::ShakenBy,
}

impl<'p, 'a> File<'p, 'a> {
    /// Does native code call it?
    fn is_called(&self, instance: usize) -> bool {
        self.program.instances.iter().any(|i| {
            let mut values = i.values.values().flatten();
            i.calls.values().any(|callee| *callee == instance) || values.any(|r| r.instance == instance)
        })
    }

    /// The functions of a part: hotspots first, in the order of the manifest, then what was compiled along, in order of
    /// first use.
    fn functions(&mut self, hotspots: &[Hotspot], items: &mut print::Items) {
        for hotspot in hotspots {
            for spec in hotspot.all_specs() {
                let name = hotspot.func.name();
                let body = &self.program.instances[spec.instance].hir.body;
                let in_place = spec.owned.map(|_| Twin {
                    name: self.want(spec.instance),
                    eager: crate::pipeline::loop_depth(body) > 1,
                    reads: self.program.only_reads(spec.instance),
                });
                let params = |place: &Place| {
                    format!("({}) -> object", vec!["object"; place.takes(spec.instance)].join(", "))
                };
                let signature = spec.region.as_ref().map_or_else(|| spec.signature.clone(), params);
                let is_whole = spec.region.is_none() && spec.segments.is_empty();
                let anew = is_whole && self.program.passes.has(Pass::Handed) && {
                    let mut forms = [spec.instance].into_iter().chain(spec.owned);
                    forms.all(|i| anew::returns_new(self.program, i, &mut BTreeSet::new()))
                };
                let entry = Entry { function: &name, signature: &signature, in_place, is_whole, anew };
                items.add(self.function(spec.owned.unwrap_or(spec.instance), Some(entry)));
                let parts = spec.segments.iter().filter_map(|segment| {
                    Some((segment.instance?, segment.locals.len() + 2 * segment.loops.len()))
                });
                let resumed = spec.region.iter().flat_map(|place| {
                    let forms = place.resumed.iter().flat_map(Resumed::instances);
                    forms.map(|instance| (instance, place.takes(instance)))
                });
                for (instance, params) in parts.chain(resumed) {
                    let signature = format!("({}) -> object", vec!["object"; params].join(", "));
                    if !self.emitted.contains(&instance) {
                        let entry = Entry {
                            function: &name,
                            signature: &signature,
                            in_place: None,
                            is_whole: false,
                            anew: false,
                        };
                        items.add(self.function(instance, Some(entry)));
                    }
                }
            }
        }
        while let Some(function) = self.next_function() {
            items.add(function);
        }
    }

    /// What stands in front of the functions.
    fn head(&self, hotspots: &[Hotspot]) -> TokenStream {
        let by_hand: BTreeMap<&str, &str> =
            hotspots.iter().flat_map(|h| &h.bodies).map(|b| (b.module.as_str(), b.path.as_str())).collect();
        let by_hand = by_hand.into_iter().map(|(module, path)| {
            let module = format_ident!("{module}");
            quote!(#[path = #path] mod #module;)
        });
        let limit = self.shares.then(|| {
            let limit = match self.program.passes.threads() {
                0 => quote!(parallel::ALL),
                threads => quote!(#threads),
            };
            quote!(const THREADS: usize = #limit;)
        });
        quote! {
            use pyrust_macros::hotspot;
            use pyrust_runtime::prelude::*;
            #(#by_hand)*
            #limit
        }
    }

    /// The Rust name of an instance; asking for it makes sure that it is emitted.
    fn want(&mut self, instance: usize) -> Ident {
        if let Some(name) = self.names.get(&instance) {
            return name.clone();
        }
        let func = &self.program.instances[instance].func;
        let base = format!("{}__{}", func.module, func.qualname).replace(['.', '<', '>', ' '], "_");
        let name = self.unused_name(&base);
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
            let (name, module) = (self.lasting_space(instance, module), module.to_string());
            self.namespaces.push(Space { name, instance, module, is_c, slots: Vec::new() });
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
        self.strings.find(|s| s == text).unwrap_or_else(|| {
            let name = self.lasting("S", text);
            self.strings.add(text.to_string(), name)
        })
    }

    /// The text of a literal that has a name.
    fn literal(&self, name: &Ident) -> Option<&str> {
        self.strings.iter().find(|(_, known)| *known == name).map(|(text, _)| text.as_str())
    }

    fn bytes(&mut self, value: &[u8]) -> Ident {
        self.bytes.find(|b| b == value).unwrap_or_else(|| {
            let name = self.lasting("B", &value.escape_ascii().to_string());
            self.bytes.add(value.to_vec(), name)
        })
    }

    /// A constant beyond 64 bits.
    fn number(&mut self, value: &Number) -> Ident {
        self.numbers.find(|n| n == value).unwrap_or_else(|| {
            let name = self.lasting_number("I", value);
            self.numbers.add(value.clone(), name)
        })
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
        let name = self.lasting("F", owner);
        self.set_constants.add(owner.to_string(), name)
    }

    fn function(&mut self, index: usize, hotspot: Option<Entry<'_>>) -> TokenStream {
        self.hooks_of(index);
        self.emitted.insert(index);
        let name = self.want(index);
        let hir = self.program.instances[index].hir.clone();
        Func::new(self, index, &hir).emit(&name, hotspot)
    }
}

/// Labels of one open loop.
struct Loop {
    breaks: Label,
    continues: Label,
    /// The code for one element is a block, not the body of a loop: to go on is to leave it.
    is_block: bool,
    /// Open `finally` blocks when the loop began: a jump runs those opened since.
    finals: usize,
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
    tries: Vec<(Label, Ident)>,
    /// Slots of the exceptions being handled, for bare `raise`.
    handlers: Vec<Ident>,
    loops: Vec<Loop>,
    finals: Vec<Final>,
    /// Depth of closures: inside one, `?` leaves the closure only.
    closures: usize,
    counter: usize,
    /// How many bailouts have been emitted.
    bails: std::cell::Cell<usize>,
    uses_fuel: bool,
    /// A segment says what it has spent.
    says_turns: bool,
    /// Loops emitted so far: tells whether a body contains any.
    nested_loops: usize,
    /// What is pulled from begins when the first element is asked for, not before.
    late: bool,
    assigned: BTreeSet<hir::VarId>,
    /// See `far`: the variables of any size that are computed in 128 bits, the form that is being emitted, and what has one
    /// of all that is called.
    far: BTreeSet<hir::VarId>,
    far_form: Option<far::Form>,
    far_callees: BTreeMap<usize, far::Form>,
    /// Variables that are another one with fewer types, and nothing else.
    narrowed: BTreeMap<hir::VarId, hir::VarId>,
    ranges: Ranges,
    /// See `chosen`: the loop whose body asks whether its element counts, and the name of the condition in that body.
    sieves: Option<hir::NodeId>,
    counts_if: Option<Ident>,
    /// What the condition of a choice has looked up in lists, so that both ways may.
    looked_up: Vec<hir::Expr>,
    /// The next block is the body of a loop: see `chosen`.
    turn: bool,
    /// Numbers that a choice takes as they are where they may have no value yet.
    zeroed: BTreeSet<hir::VarId>,
    /// What the variables of loops are whose turns are written one after the other.
    known: BTreeMap<hir::VarId, i64>,
    /// Lists that are built as a text, and what stands between the pieces.
    pieces: BTreeMap<hir::VarId, String>,
    /// See `passing`: the texts that are not only looked at, and whether the one that is made next is.
    kept_texts: Option<BTreeSet<hir::VarId>>,
    passes: bool,
    /// Displays of constants that are made once.
    once: BTreeSet<hir::NodeId>,
    /// See `chars`: found out when the first character is looked up.
    chars: Option<chars::Chars>,
    /// Open counted loops: what their bodies assign, and rows of tables looked up before them.
    rows: Vec<rows::RowHoist>,
    /// Open loops: what they may do to lists, and the spans found for them.
    spans: Vec<spans::SpanLoop>,
    /// Open loops: what they may assign, and attributes looked up before them.
    attributes: Vec<attributes::AttributeLoop>,
    /// What loops of the function's own body have looked up, and nothing has assigned since.
    kept_attributes: Vec<attributes::Kept>,
    /// Blocks of statements that are open: the first one is the body.
    blocks: usize,
    /// Variables that open blocks have assigned.
    settled: Vec<spans::Assigned>,
    /// Lists that the loop that is emitted next appends to with each turn.
    filled: Vec<Ident>,
    /// What is known of the loop over arrays that is emitted next.
    dense: Option<dense::Dense>,
    /// What is known of the counted loop that is emitted next, and of the one that is being emitted.
    counts: Option<inside::Counts>,
    inside: Option<inside::Inside>,
    /// The lists to which the innermost loop writes.
    written: Vec<hir::Expr>,
    /// What is known of the loop over a text that is emitted next, where it can become an automaton.
    automaton: Option<automaton::Automaton>,
    /// How often its variables are read and assigned, when somebody has asked.
    reads: std::cell::OnceCell<crate::hir::visit::Counts>,
    /// What is known of the loop that is emitted next, where several threads may do its turns.
    shares: Option<parallel::Shares>,
    /// The turns of such a loop are being emitted.
    shared: bool,
    /// Loops around them, and floats of which they have only the terms.
    shared_rows: usize,
    terms: BTreeSet<hir::VarId>,
    /// The second form of a loop over arrays is being emitted.
    noting: Option<dense::Noting>,
    /// The first form of loops over arrays with loops inside is being emitted: what those remember.
    within_nest: Option<Ident>,
    /// Reads of globals done once, before the body: name of the local, code.
    hoisted: Vec<(String, Ident, TokenStream)>,
    /// What their names begin with.
    hoisted_as: String,
    /// Variables whose iterators can be made where they are gone through.
    deferrable: BTreeSet<hir::VarId>,
    /// Those that are.
    deferred: BTreeMap<hir::VarId, fuse::Source>,
    /// The variables that hold arrays, where those that a loop does not need any more can be freed: see `sweep`.
    swept: Option<Vec<hir::VarId>>,
    uses_sweep: bool,
    /// This is a generator whose code stands inside another function's.
    fused: Option<fuse::Fused>,
    /// Loops whose bodies may be closures, and those that are.
    sites: Option<push::Sites>,
    pushing: Vec<push::Pushing>,
    /// The operation that is being emitted has results of any size.
    wide: bool,
    /// It runs only behind a bailout: that it is compiled fast counts for more than that it runs fast.
    is_rare: bool,
    /// See `escape`.
    placed: Option<BTreeSet<hir::NodeId>>,
    places: BTreeMap<hir::NodeId, (Ident, Ident)>,
    /// See `last`: the stores behind which nothing is done, and whether the statement that is being emitted is one.
    last_stores: BTreeSet<hir::NodeId>,
    stores_last: Option<last::Stored>,
    /// See `seen`: variables beside which stands what they were read from, in a hotspot that may hand such things out.
    seen: BTreeSet<hir::VarId>,
    hands_out: bool,
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    fn new(file: &'f mut File<'p, 'a>, index: usize, hir: &'f hir::Function) -> Self {
        let program = file.program;
        let instance = &program.instances[index];
        let is_rare = file.rare.contains(&index);
        let (ranges, far_callees) = (file.ranges_of(index, &BTreeMap::new()), file.far_callees(index));
        let narrowed = hir::visit::narrowed(&hir.body);
        let once = match program.passes.has(Pass::Constants) && !is_rare {
            true => constants::found(hir, instance),
            false => BTreeSet::new(),
        };
        Func {
            index,
            idents: distinct(hir.vars.iter().map(|v| v.name.as_str())),
            instance,
            hir,
            file,
            tries: Vec::new(),
            handlers: Vec::new(),
            loops: Vec::new(),
            finals: Vec::new(),
            closures: 0,
            counter: 0,
            bails: Default::default(),
            uses_fuel: false,
            says_turns: false,
            nested_loops: 0,
            late: false,
            assigned: hir::visit::defines(&hir.body),
            far: match program.passes.has(Pass::Far) {
                true => far::found(hir, &ranges, &narrowed, &BTreeSet::new()),
                false => BTreeSet::new(),
            },
            far_form: None,
            far_callees,
            narrowed,
            ranges,
            known: BTreeMap::new(),
            kept_texts: None,
            passes: false,
            pieces: match program.passes.has(Pass::Pieces) {
                true => pieces::found(hir, instance),
                false => BTreeMap::new(),
            },
            chars: None,
            once,
            rows: Vec::new(),
            spans: Vec::new(),
            attributes: Vec::new(),
            kept_attributes: Vec::new(),
            blocks: 0,
            settled: Vec::new(),
            filled: Vec::new(),
            dense: None,
            counts: None,
            inside: None,
            within_nest: None,
            written: Vec::new(),
            automaton: None,
            reads: std::cell::OnceCell::new(),
            shares: None,
            shared: false,
            shared_rows: 0,
            terms: BTreeSet::new(),
            noting: None,
            hoisted: Vec::new(),
            hoisted_as: String::new(),
            deferrable: fuse::deferrable(hir),
            deferred: BTreeMap::new(),
            swept: sweep::roots(hir, instance, program.passes),
            uses_sweep: false,
            fused: None,
            sieves: None,
            counts_if: None,
            looked_up: Vec::new(),
            turn: false,
            zeroed: BTreeSet::new(),
            sites: None,
            pushing: Vec::new(),
            wide: false,
            is_rare,
            placed: None,
            places: BTreeMap::new(),
            last_stores: BTreeSet::new(),
            stores_last: None,
            seen: BTreeSet::new(),
            hands_out: false,
        }
    }
}

impl Func<'_, '_, '_> {
    /// Is a second form of loops wanted, or a longer one?
    fn has_room_for(&self, pass: Pass) -> bool {
        !self.is_rare && self.file.program.passes.has(pass)
    }

    fn emit(&mut self, name: &Ident, hotspot: Option<Entry<'_>>) -> TokenStream {
        let hir = self.hir;
        #[cfg(test)]
        {
            use crate::pipeline::{PANICS_LATE, PANICS_RESUMED};
            let name = &self.instance.func.qualname;
            assert!(name != PANICS_LATE && !name.starts_with(PANICS_RESUMED), "a test");
        }
        if hotspot.as_ref().is_some_and(|entry| entry.is_whole) && self.has_room_for(Pass::Last) {
            self.last_stores = self.last_stores();
        }
        if hotspot.as_ref().is_some_and(|entry| entry.is_whole) {
            self.finds_seen();
        }
        let body = self.block(&hir.body);
        let (ret, door) = (self.result_type(), self.far_door());
        let tail = if self.falls_off(&hir.body) {
            let none = self.coerce(&Val::new(quote!(()), Type::None), &self.returned());
            quote!(Ok(#none))
        } else {
            quote!()
        };
        let opening::Opening { params, hoisted, locals } = self.opening();
        let params: Vec<_> = params
            .into_iter()
            .map(|(name, ty, mutable)| if mutable { quote!(mut #name: #ty) } else { quote!(#name: #ty) })
            .collect();
        // Turns are counted where lists are in place.
        let counts = self.instance.params.iter().any(|ty| matches!(ty, Type::List { .. }));
        let fuel = match (self.uses_fuel, counts) {
            (false, _) => quote!(),
            (true, true) => quote!(let mut fuel: i32 = cx.fuel();),
            (true, false) => quote!(let mut fuel: i32 = FUEL;),
        };
        let at_first = self.says_turns.then(|| quote!(let __py_fuel: i32 = fuel;));
        let attribute = match hotspot {
            Some(Entry { function, signature, in_place, anew, .. }) => {
                let twin = in_place.as_ref().map(|Twin { name, eager, reads }| {
                    let eager = eager.then(|| quote!(, eager));
                    let reads = reads.then(|| quote!(, reads));
                    quote!(, in_place = #name #eager #reads)
                });
                let kind = match self.is_rare {
                    true => quote!(, rare),
                    false if in_place.is_none() && self.computes_scalars() => quote!(, plain),
                    false => quote!(),
                };
                let anew = anew.then(|| quote!(, anew));
                let inlining = self.inlining_of_entry();
                quote!(#inlining #[hotspot(function = #function, signature = #signature #twin #kind #anew)])
            }
            None => self.inlining().unwrap_or_default(),
        };
        let doc = format!(" `{}` for `({})`", hir.name(), show_types(&self.instance.params));
        if let (Some(yields), Type::Iter(elem)) = (hir.yields, &self.instance.ret) {
            let (item, deeper) = (rust_type(elem), self.deeper_throughout());
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
                        #deeper #fuel
                        #(#hoisted)*
                        #(#locals)*
                        #run
                    }))
                }
            };
        }
        let body = quote! {
            #door
            #fuel
            #at_first
            #(#hoisted)*
            #(#locals)*
            #(#body)*
            #tail
        };
        let (body, inside) = match self.within_itself(name, &body) {
            None => (body, quote!()),
            Some(twice::Within { outside, inside }) => {
                let doc = format!(" `{}` inside itself", hir.name());
                let inside = inside.iter().map(|(name, body)| {
                    quote! {
                        #[doc = #doc]
                        #[inline(always)]
                        fn #name(cx: Cx, #(#params),*) -> R<#ret> { #body }
                    }
                });
                (outside, quote!(#(#inside)*))
            }
        };
        quote! {
            #[doc = #doc]
            #attribute
            fn #name(cx: Cx, #(#params),*) -> R<#ret> { #body }
            #inside
        }
    }

    /// What a `return` gives: generators give nothing.
    fn returned(&self) -> Type {
        if self.hir.yields.is_some() { Type::None } else { self.instance.ret.clone() }
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

    fn label(&mut self, hint: &str) -> Label {
        self.counter += 1;
        Label::new(&format!("'{hint}{}", self.counter))
    }

    /// Takes the value out of a `R<_>`: leaves the function, or enters the handlers of the innermost `try`.
    fn q(&self, code: TokenStream) -> TokenStream {
        match self.tries.last() {
            Some((label, slot)) if self.closures == 0 => quote!(try_!(#label, #slot, #code)),
            _ => tried(code),
        }
    }

    /// The same for code that may end up in a closure of its own: the step of an iterator that is a value.
    fn q_in(&self, detached: bool, code: TokenStream) -> TokenStream {
        if detached { tried(code) } else { self.q(code) }
    }

    /// Leaves with a bailout; has any type.
    fn bail(&self, reason: &str) -> TokenStream {
        self.q(self.bailing(reason))
    }

    /// A bailout, as the `R<_>` of any type.
    fn bailing(&self, reason: &str) -> TokenStream {
        self.bails.set(self.bails.get() + 1);
        let reason = format_ident!("{reason}");
        quote!(bail(Bail::#reason))
    }
}

/// `code?`.
fn tried(mut code: TokenStream) -> TokenStream {
    code.extend([TokenTree::Punct(Punct::new('?', Spacing::Alone))]);
    code
}

fn show_types(types: &[Type]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// True for parameters that come as `*args` or `**kwargs`.
pub fn is_variadic(function: &hir::Function) -> bool {
    function.params.iter().any(|p| matches!(p.kind, ParamKind::VarPositional | ParamKind::VarKeyword))
}
