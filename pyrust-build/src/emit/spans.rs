//! Where the elements of a native list of numbers, or of tuples of them, stand is asked once, before the outermost loop in
//! which neither the variable nor the length of any list of that type changes.
//!
//! ```python
//! for i in range(1, n):                  # let span = list::span(&xs);
//!     xs[i] = xs[i] + xs[i - 1]          # list::span_get_at(span, i), …
//! ```
//!
//! A store to an element might otherwise be one to the head of a list, for all that LLVM knows, so it would load the
//! pointer and the length again and again.  A list that such a loop assigns to a variable (`row = rows[i]`) is asked behind
//! the assignment.
//!
//! Where a loop only appends to one list of a type, that one is counted by the loop itself (`grow`).
//!
//! Native functions that the loop calls, and what those call, are looked at too: a function that calls itself, and only
//! stores to places of what it hands on, leaves all lengths as they are.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::grow::Grown;
use super::inside::Known;
use super::pieces::appended;
use super::rows::{SpanOfRow, is_builtin_call, is_plain};
use super::types::Val;
use crate::hir::visit::{Visit, defines, walk_expr, walk_iter, walk_stmt, walk_target};
use crate::hir::{
    Comp, CompKind, Expr, ExprKind, Iter, IterKind, NodeId, Stmt, StmtKind, Target, TargetKind, VarId,
};
use crate::infer::{Instance, Program};
use crate::passes::Pass;
use crate::ty::{Origin, Type};

/// Builtins that change no list that is handed to them, and call nothing.
const HARMLESS: [&str; 16] = [
    "all",
    "any",
    "bytearray",
    "bytes",
    "divmod",
    "hash",
    "isinstance",
    "list",
    "pow",
    "range",
    "repr",
    "round",
    "sorted",
    "str",
    "sum",
    "tuple",
];

/// Functions that are looked at for one call.
const MOST_CALLED: usize = 32;

/// Lists whose length may change.
#[derive(Clone, Default)]
pub(super) struct Shaken {
    all: bool,
    /// What they hold.
    elems: Vec<Type>,
    /// Variables that statements append to, and what their lists hold.
    grows: Vec<(VarId, Type)>,
    /// What the lists hold to whose places something is stored.
    stores: Vec<Type>,
}

impl Shaken {
    /// Does nothing store to the places of native lists of that?
    pub(super) fn keeps(&self, elem: &Type) -> bool {
        !self.stores.contains(&plain(elem))
    }

    pub(super) fn leaves(&self, elem: &Type) -> bool {
        self.leaves_all_but_grown(elem) && !self.grows.iter().any(|(_, grown)| *grown == plain(elem))
    }

    /// What a function does, too; what it appends to are no variables of here.
    fn join(&mut self, function: Shaken) {
        self.all |= function.all;
        self.elems.extend(function.elems);
        self.elems.extend(function.grows.into_iter().map(|(_, elem)| elem));
        self.stores.extend(function.stores);
    }

    /// Does one statement alone append to the list of the variable?
    pub(super) fn grows_once(&self, var: VarId) -> bool {
        self.grows.iter().filter(|(grown, _)| *grown == var).count() == 1
    }

    /// The list of one variable alone changes its length, and nothing assigns it.
    pub(super) fn leaves_others(&self, elem: &Type, assigned: &BTreeSet<VarId>) -> Option<VarId> {
        let (var, _) = self.grown().find(|(_, of)| **of == plain(elem))?;
        (!assigned.contains(&var)).then_some(var)
    }

    fn leaves_all_but_grown(&self, elem: &Type) -> bool {
        !self.all && !self.elems.contains(&plain(elem))
    }

    /// The only variables whose lists change their length, and those only by what statements append; one for a type.
    pub(super) fn grown(&self) -> impl Iterator<Item = (VarId, &Type)> {
        self.grows.iter().enumerate().filter_map(|(at, (var, elem))| {
            let alone = self.grows.iter().all(|(other, of)| of != elem || other == var);
            let first = self.grows[..at].iter().all(|(other, _)| other != var);
            (alone && first && self.leaves_all_but_grown(elem)).then_some((*var, elem))
        })
    }
}

/// An open loop.
pub(super) struct SpanLoop {
    assigned: BTreeSet<VarId>,
    shaken: Shaken,
    /// The lists that it appends to, and nobody else.
    pub(super) grown: Vec<Grown>,
    found: Vec<Found>,
}

/// The span of a variable.
struct Found {
    var: VarId,
    name: Ident,
    /// A list that grows meanwhile, and is another one.
    apart: Option<Ident>,
}

/// A variable that the body of the innermost loop has just assigned, for the rest of the block: where the elements of
/// its list stand is asked there, if somebody wants to know.
pub(super) struct Assigned {
    var: VarId,
    name: Ident,
    used: bool,
}

/// An element: the span, the index, the type of the element.
pub(super) struct Place {
    span: TokenStream,
    /// The list, where its span may have no elements.
    list: Option<TokenStream>,
    /// A list that grows in the loop, whose last element is at hand.
    grown: Option<Ident>,
    /// What is known to be inside, and needs no look.
    inside: Option<Known>,
    index: Val,
    elem: Type,
}

impl Func<'_, '_, '_> {
    /// What a loop over these statements may do to lists.
    pub(super) fn shaken(&self, heads: &[&Expr], iter: Option<(&Iter, &Target)>, body: &[Stmt]) -> Shaken {
        let mut look = Shaking::of(self.file.program, self.instance);
        heads.iter().for_each(|e| look.expr(e));
        if let Some((iter, target)) = iter {
            look.iter(iter);
            look.target(target);
        }
        look.block(body);
        self.with_callees(look)
    }

    /// The same of the loops of a comprehension.
    pub(super) fn shaken_by(&self, comp: &Comp) -> Shaken {
        let mut look = Shaking::of(self.file.program, self.instance);
        look.comp(comp);
        self.with_callees(look)
    }

    fn with_callees(&self, look: Shaking<'_, '_>) -> Shaken {
        let Shaking { mut found, encloses, callees, .. } = look;
        if encloses {
            found.elems.extend(found.grows.drain(..).map(|(_, elem)| elem));
        }
        let known = &self.file.shaken;
        for callee in callees {
            let by = known.borrow().get(&callee).cloned();
            found.join(by.unwrap_or_else(|| {
                let by = shaken_by_function(self.file.program, callee);
                known.borrow_mut().insert(callee, by.clone());
                by
            }));
        }
        found
    }

    /// A loop begins.
    pub(super) fn open_spans(&mut self, assigned: BTreeSet<VarId>, shaken: Shaken) {
        let grown = self.grown_by(&assigned, &shaken);
        self.spans.push(SpanLoop { assigned, shaken, grown, found: Vec::new() });
    }

    /// It has been emitted: what stands before it.
    pub(super) fn close_spans(&mut self) -> Vec<TokenStream> {
        let begin = self.begin_inside();
        self.spans.pop();
        begin
    }

    /// What stands before the loop, or where its turns begin; not both.
    pub(super) fn begin_inside(&mut self) -> Vec<TokenStream> {
        let Some(last) = self.spans.last_mut() else { return Vec::new() };
        let found = std::mem::take(&mut last.found);
        let grown = std::mem::take(&mut last.grown);
        let mut code: Vec<_> = grown.iter().filter_map(|grown| self.begin_growing(grown)).collect();
        for Found { var, name, apart } in found {
            let list = self.var_ident(var);
            let span = match apart {
                Some(grown) => quote!(list::span_apart(&#list, &#grown)),
                None => quote!(list::span(&#list)),
            };
            code.push(quote!(let #name = #span;));
        }
        code
    }

    /// `base[index]`, if the base has a span; the index is evaluated by whoever uses it.
    pub(super) fn span_place(&mut self, base: &Expr, index: &Expr) -> Option<Place> {
        let Type::List { elem, in_place: false } = self.node(base.id) else { return None };
        let mut grown = match base.kind {
            ExprKind::Local(var) => self.growing_kept(var),
            _ => None,
        };
        // A negative constant is never inside; `-1` is what has come last.
        let inside = !matches!(index.kind, ExprKind::Int(i) if i < 0) || grown.is_some();
        if !self.has_spans(&elem) || self.node(index.id) != Type::Int || !inside {
            return None;
        }
        if let Some(inside) = self.inside_place(base, index, &elem) {
            let (span, index) = (quote!(), Val::new(quote!(), Type::Int));
            return Some(Place { span, list: None, grown: None, inside: Some(inside), index, elem: *elem });
        }
        let range = self.ranges.get(index, &self.instance.nodes);
        if let Some(within) = self.within_place(base, &range, &elem) {
            let (span, index) = (quote!(#within), self.val(index));
            let inside = Some(Known::Within(within));
            return Some(Place { span, list: None, grown: None, inside, index, elem: *elem });
        }
        let mut list = None;
        let span = match base.kind {
            ExprKind::Local(var) => match self.growing(var) {
                Some(grown) => quote!(#grown.span()),
                None => {
                    let name = self.span_of(var, &elem)?;
                    let mut found = self.spans.iter().flat_map(|l| &l.found);
                    if found.any(|f| f.name == name && f.apart.is_some()) {
                        let var = self.var_ident(var);
                        list = Some(quote!(&#var));
                    }
                    quote!(#name)
                }
            },
            ExprKind::Index { .. } => {
                let (span, apart) = self.span_of_row(base, &elem)?;
                list = apart;
                span
            }
            _ => return None,
        };
        let index = self.val(index);
        Some(Place { span, list, grown: grown.take(), inside: None, index, elem: *elem })
    }

    /// Does the loop that has begun leave the length of all lists of that? Nobody knows where none has said what it does.
    pub(super) fn keeps_length(&self, elem: &Type) -> bool {
        self.spans.last().is_some_and(|l| l.shaken.leaves(elem))
    }

    /// Are spans made here, of lists of that?
    pub(super) fn has_spans(&self, elem: &Type) -> bool {
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Bool | Type::Char);
        let number = match elem {
            // No object, but its members.
            Type::Tuple { items, .. } => !items.is_empty() && items.iter().all(number),
            elem => number(elem),
        };
        let plain = self.closures == 0 && self.fused.is_none() && self.hir.yields.is_none();
        self.file.program.passes.has(Pass::Spans) && number && plain
    }

    /// A statement of a block has assigned a variable, and nothing else does: until the block ends, its list is the same
    /// one. True if `span_behind` has to be asked then.
    pub(super) fn assigned_here(&mut self, target: &Target) -> bool {
        let TargetKind::Var(var) = target.kind else { return false };
        let Type::List { elem, in_place: false } = &self.instance.vars[var] else { return false };
        let stays = self.spans.last().is_some_and(|l| l.shaken.leaves(elem));
        if !stays || !self.has_spans(elem) || !self.is_plain(var) || !defined_once(var, &self.hir.body) {
            return false;
        }
        let name = self.fresh("span");
        self.settled.push(Assigned { var, name, used: false });
        true
    }

    /// The block has ended: what stands behind the statement that assigned.
    pub(super) fn span_behind(&mut self) -> Option<TokenStream> {
        let Assigned { var, name, used } = self.settled.pop()?;
        let list = self.var_ident(var);
        used.then(|| quote!(let #name = list::span(&#list);))
    }

    /// The span of a variable, where it is made before the loop that has so many around it was opened, in a block that had
    /// begun then.
    pub(super) fn span_before(
        &mut self,
        var: VarId,
        elem: &Type,
        (loops, blocks): (usize, usize),
    ) -> Option<Ident> {
        let name = self.span_of(var, elem)?;
        let in_block = |at: &Assigned| at.name == name;
        let before = self.spans.iter().take(loops).any(|l| l.found.iter().any(|f| f.name == name))
            || self.settled.iter().take(blocks).any(in_block);
        before.then_some(name)
    }

    /// The span of a variable, before the outermost loop that leaves it.
    fn span_of(&mut self, var: VarId, elem: &Type) -> Option<Ident> {
        let known = &self.instance.vars[var];
        let plain = !self.hir.vars[var].cell && !self.hir.vars[var].maybe_unbound;
        if !plain || !matches!(known, Type::List { elem: of, in_place: false } if **of == *elem) {
            return None;
        }
        if let Some(assigned) = self.settled.iter_mut().find(|a| a.var == var) {
            assigned.used = true;
            return Some(assigned.name.clone());
        }
        let grows = |l: &SpanLoop| l.grown.iter().find(|g| g.elem == *elem).map(|g| g.name.clone());
        let leaves =
            |l: &SpanLoop| (l.shaken.leaves(elem) || grows(l).is_some()) && !l.assigned.contains(&var);
        let inner = self.spans.iter().rev().take_while(|l| leaves(l)).count();
        let outermost = self.spans.len() - inner;
        let found = |l: &SpanLoop| l.found.iter().find(|f| f.var == var).map(|f| f.name.clone());
        if let Some(name) = found(self.spans.get(outermost)?) {
            return Some(name);
        }
        let apart = self.spans[outermost..].iter().find_map(grows);
        let name = self.fresh("span");
        self.spans[outermost].found.push(Found { var, name: name.clone(), apart });
        Some(name)
    }

    /// The span of a row that is looked up before a loop; whether there is one is told here. With the row, where its span
    /// may have no elements.
    fn span_of_row(&mut self, base: &Expr, elem: &Type) -> Option<(TokenStream, Option<TokenStream>)> {
        let row = self.hoisted_row(base)?;
        let SpanOfRow { name: span, apart, .. } = self.row_span(&row, elem)?;
        let row = row.val.by_ref();
        Some((quote!({ let _ = #row; #span }), apart.then_some(row)))
    }

    /// The element itself.
    pub(super) fn span_get(&self, place: &Place) -> Val {
        let Place { span, list, grown, inside, index, elem } = place;
        if let Some(inside) = inside {
            let code = inside.get().unwrap_or_else(|| {
                let index = &index.code;
                self.q(quote!(#span.get(#index)))
            });
            return Val::new(code, elem.clone());
        }
        let (code, at) = (&index.code, index.range.is_unsigned());
        let get = match list {
            _ if let Some(grown) = grown => {
                if at {
                    quote!(#grown.get_at(#code))
                } else {
                    quote!(#grown.get(#code))
                }
            }
            Some(list) => quote!(list::span_get_or(#span, #list, #code)),
            None if at => quote!(list::span_get_at(#span, #code)),
            None => quote!(list::span_get(#span, #code)),
        };
        Val::new(self.q(get), elem.clone())
    }

    /// Stores a value of the element's type.
    pub(super) fn span_set(&mut self, place: &Place, val: &Val) -> TokenStream {
        let Place { span, list, grown: _, inside, index, elem } = place;
        let (code, at) = (&index.code, index.range.is_unsigned());
        let val = self.coerce(val, elem);
        match inside {
            Some(Known::Inside(inside, turn)) => return quote!(#inside.set(#turn, #val)),
            Some(Known::Stored(inside, turn, carried)) => {
                self.has_stored();
                return quote!({ #carried = #val; #inside.set(#turn, #carried) });
            }
            Some(Known::Within(within)) => return self.q(quote!(#within.set(#code, #val))),
            Some(Known::Carried(_) | Known::Last(_)) | None => {}
        }
        self.q(match list {
            Some(list) => quote!(list::span_set_or(#span, #list, #code, #val)),
            None if at => quote!(list::span_set_at(#span, #code, #val)),
            None => quote!(list::span_set(#span, #code, #val)),
        })
    }

    /// The place with an index that is evaluated once.
    pub(super) fn bound_place(&mut self, place: Place, lets: &mut Vec<TokenStream>) -> Place {
        if matches!(
            place.inside,
            Some(Known::Inside(..) | Known::Stored(..) | Known::Carried(_) | Known::Last(_))
        ) {
            return place;
        }
        let index = self.bind(&place.index, lets);
        Place { index, ..place }
    }
}

/// Where the elements come from does not tell two lists apart.
fn plain(elem: &Type) -> Type {
    match elem {
        Type::Tuple { items, .. } => {
            Type::Tuple { items: items.iter().map(plain).collect(), origin: Origin::Native }
        }
        elem => elem.clone(),
    }
}

/// Does only one place assign the variable?
fn defined_once(var: VarId, body: &[Stmt]) -> bool {
    struct Count(VarId, usize);
    impl<'h> Visit<'h> for Count {
        fn define(&mut self, _: NodeId, var: &'h VarId) {
            self.1 += usize::from(*var == self.0);
        }
    }
    let mut count = Count(var, 0);
    count.block(body);
    count.1 == 1
}

/// What functions do to lists that they are given, by instance, as far as somebody has asked.
pub(super) type ShakenBy = RefCell<BTreeMap<usize, Shaken>>;

/// What a native function may do to lists, and what it calls.
fn shaken_by_function(program: &Program<'_>, function: usize) -> Shaken {
    let mut found = Shaken::default();
    let mut seen = BTreeSet::from([function]);
    let mut waiting = vec![function];
    while let Some(index) = waiting.pop() {
        let instance = &program.instances[index];
        let mut look = Shaking::of(program, instance);
        look.block(&instance.hir.body);
        found.join(look.found);
        waiting.extend(look.callees.into_iter().filter(|callee| seen.insert(*callee)));
        found.all |= instance.hir.yields.is_some() || seen.len() > MOST_CALLED;
        if found.all {
            break;
        }
    }
    found
}

struct Shaking<'l, 'a> {
    program: &'l Program<'a>,
    instance: &'l Instance,
    found: Shaken,
    /// Statements of the loop stand in other code than its own, or that looks at lists too: what they append is like any
    /// other change.
    encloses: bool,
    /// Native functions that are given lists.
    callees: BTreeSet<usize>,
}

impl<'l, 'a> Shaking<'l, 'a> {
    fn of(program: &'l Program<'a>, instance: &'l Instance) -> Self {
        let (found, callees) = (Shaken::default(), BTreeSet::new());
        Shaking { program, instance, found, encloses: false, callees }
    }

    fn node(&self, id: NodeId) -> Type {
        self.instance.nodes[id].clone()
    }

    /// A call which gives something that is no number and no text: is it one of a native function?
    fn calls_native(&mut self, node: NodeId) -> bool {
        let callee = self.instance.calls.get(&node);
        self.callees.extend(callee);
        self.encloses |= callee.is_some();
        callee.is_some()
    }

    /// A method or a store changes the length of what has this type.
    fn shake(&mut self, ty: &Type) {
        match ty {
            Type::List { elem, .. } | Type::View(elem) => self.found.elems.push(plain(elem)),
            Type::Union(members) => members.iter().for_each(|m| self.shake(m)),
            _ => {}
        }
    }
}

/// Can using such a value run a function, of which nobody knows what it does?
pub(super) fn runs(ty: &Type) -> bool {
    match ty {
        Type::Never
        | Type::None
        | Type::Bool
        | Type::Int
        | Type::Big
        | Type::Float
        | Type::Complex
        | Type::Char
        | Type::Str
        | Type::Bytes
        | Type::ByteArray
        | Type::Packed(_)
        | Type::Range
        | Type::MemView
        | Type::Array(..)
        | Type::Numpy(_) => false,
        Type::List { elem, .. }
        | Type::View(elem)
        | Type::VarTuple(elem)
        | Type::Deque { elem, .. }
        | Type::Set { elem, .. } => runs(elem),
        Type::Dict { key, value, .. } => runs(key) || runs(value),
        Type::DictView { dict, .. } => runs(dict),
        Type::Tuple { items, .. } | Type::Named { items, .. } | Type::Union(items) => items.iter().any(runs),
        Type::Instance(_)
        | Type::Iter(_)
        | Type::Foreign(_)
        | Type::Cell(_)
        | Type::Function(_)
        | Type::Inner(_)
        | Type::Closure { .. }
        | Type::Obj => true,
    }
}

/// No list, and nothing that holds one.
fn is_number_or_text(ty: &Type) -> bool {
    match ty {
        Type::Union(members) => members.iter().all(is_number_or_text),
        Type::None | Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex => true,
        Type::Char | Type::Str | Type::Bytes => true,
        _ => false,
    }
}

impl<'h> Visit<'h> for Shaking<'_, '_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::Expr(e) = &stmt.kind
            && let Some((var, item)) = appended(e)
            && let Type::List { elem, in_place: false } = &self.instance.vars[var]
        {
            self.found.grows.push((var, plain(elem)));
            self.expr(item);
            return;
        }
        match &stmt.kind {
            StmtKind::Try { .. } => self.encloses = true,
            StmtKind::Enter(_) | StmtKind::Leave { .. } => self.found.all = true,
            StmtKind::AugAssign { target, .. } => {
                // What stands in a place may be a list, which grows there.
                let ty = self.node(target.id);
                self.shake(&ty);
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    if let TargetKind::Index { base, .. } | TargetKind::Slice { base, .. } = &target.kind {
                        let ty = self.node(base.id);
                        self.shake(&ty);
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn target(&mut self, target: &'h Target) {
        match &target.kind {
            TargetKind::Slice { base, .. } => {
                let ty = self.node(base.id);
                self.shake(&ty);
            }
            TargetKind::Global(_) | TargetKind::Attr { .. } => self.found.all = true,
            TargetKind::Index { base, .. } => {
                if let Type::List { elem, .. } = self.node(base.id) {
                    self.found.stores.push(plain(&elem));
                }
            }
            TargetKind::Var(_) | TargetKind::Tuple(_) | TargetKind::Starred { .. } => {}
        }
        walk_target(self, target);
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Tool { .. } => self.found.all = true,
            IterKind::Comp(_) => self.encloses = true,
            IterKind::Expr(e) => self.encloses |= runs(&self.node(e.id)),
            _ => {}
        }
        walk_iter(self, iter);
    }

    fn expr(&mut self, e: &'h Expr) {
        self.found.all |= runs(&self.node(e.id));
        let flat = |args: &[Expr]| args.iter().all(|a| is_number_or_text(&self.node(a.id)));
        match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Named { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Bool2 { .. }
            | ExprKind::Compare { .. }
            | ExprKind::If { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Build { .. }
            | ExprKind::Set { .. }
            | ExprKind::Dict(_)
            | ExprKind::Index { .. }
            | ExprKind::Slice { .. }
            | ExprKind::FString(_)
            | ExprKind::Bail
            | ExprKind::Narrow { .. } => {}
            ExprKind::Comp(comp) => {
                if let (CompKind::Extend, Some(list)) = (comp.kind, &comp.extra) {
                    let ty = self.node(list.id);
                    self.shake(&ty);
                }
            }
            ExprKind::InPlace { left, .. } => {
                let ty = self.node(left.id);
                self.shake(&ty);
            }
            ExprKind::Call { name, args, keywords } => {
                let builtin = keywords.is_empty() && is_still_builtin(self.program, self.instance, e, name);
                // A function that is given no list has none: those of globals are Python's own.
                let leaves = builtin || keywords.is_empty() && flat(args) || self.calls_native(e.id);
                self.found.all |= !leaves;
            }
            ExprKind::ModuleCall { module, args, keywords, .. } => {
                self.found.all |= !(keywords.is_empty() && (module == "math" || flat(args)));
            }
            ExprKind::Method { base, args, keywords, .. }
                if matches!(base.kind, ExprKind::Global(_)) && self.node(base.id) == Type::Never =>
            {
                // A function of a class or of a module.
                let leaves = keywords.is_empty() && flat(args) || self.calls_native(e.id);
                self.found.all |= !leaves;
            }
            ExprKind::Method { base, name, .. } => {
                let ty = self.node(base.id);
                if !matches!(name.as_str(), "index" | "count" | "copy") {
                    self.shake(&ty);
                }
            }
            ExprKind::CallNested { .. } => self.found.all |= !self.calls_native(e.id),
            ExprKind::Out(_)
            | ExprKind::New { .. }
            | ExprKind::Iter { .. }
            | ExprKind::Next { .. }
            | ExprKind::Function { .. }
            | ExprKind::CallValue { .. }
            | ExprKind::Special { .. }
            | ExprKind::Cell(_)
            | ExprKind::Yield { .. }
            | ExprKind::HandOut { .. }
            | ExprKind::Suspend { .. }
            | ExprKind::Turn(_)
            | ExprKind::Default { .. }
            | ExprKind::Lambda { .. } => self.found.all = true,
        }
        walk_expr(self, e);
    }
}

/// A builtin that changes nothing, whatever its arguments' own methods do.
pub(super) fn is_still_builtin(program: &Program<'_>, instance: &Instance, call: &Expr, name: &str) -> bool {
    (is_plain(name) || HARMLESS.contains(&name)) && is_builtin_call(program, instance, call, name)
}

/// What a `while` assigns.
pub(super) fn assigned_by(test: &Expr, body: &[Stmt]) -> BTreeSet<VarId> {
    let mut assigned = defines(test);
    body.iter().for_each(|stmt| assigned.extend(defines(stmt)));
    assigned
}
