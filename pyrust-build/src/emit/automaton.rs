//! Loops over a text whose turns depend on the character and on little else become automata that are built while they run
//! (`str_/automaton.rs` in the runtime): a turn that is known is a look at a table, and nothing in it branches.
//!
//! ```python
//! for c in text:                         # let mut auto = Automaton::<(bool,), 1, false>::new((inside,), count);
//!     if c == '"':                       # … at = auto.run(view, at, end);
//!         inside = not inside            # inside = auto.state((inside,)).0; fields = fields + auto.take(0);
//!     elif c == "," and not inside:      # the turn itself, then
//!         fields += 1                    # auto.learn(at, c, (inside,), [fields - before], Tail::NONE)
//! ```
//!
//! What a turn assigns is a variable of its own, an int that it only adds to, a text that it only appends to, or a number
//! that the next turn reads: the state. To that belongs what stands on stacks, lists to which turns push and from which they
//! pop. All else that it reads stays what it is, and nothing else is done. The text is long, else the loop stays as it is; it
//! also goes on as it is where most turns are new.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::carried::same;
use super::independent::{added, is_term};
use super::iter::Body;
use super::label::Label;
use super::pieces::appended;
use super::types::{Val, rust_type};
use super::{Func, Loop};
use crate::hir::visit::{Counts, Visit, defines, iter_children, walk_expr, walk_stmt};
use crate::hir::{
    BinOp, Comp, Expr, ExprKind, FPart, Function, Generator, Iter, IterKind, Stmt, StmtKind, Target,
    TargetKind, VarId,
};
use crate::infer::{Instance, Program};
use crate::passes::Pass;
use crate::ty::{DictKind, Type};

/// Functions that compute something of plain values and do nothing.
const PURE: [&str; 13] =
    ["abs", "bin", "bool", "chr", "float", "hex", "int", "len", "max", "min", "ord", "repr", "str"];
/// A turn with fewer tests, which puts nothing behind a text, is as fast without a table.
const TESTS: usize = 2;
/// Shorter texts are over before the table is worth anything: one that only grows a text, adds to ints, or has states.
const LEAST: [i64; 3] = [2048, 4096, 8192];
/// More variables are no small state, and more ints to add to make the table large.
const MOST: usize = 4;

/// What is known of such a loop.
pub(super) struct Automaton {
    states: Vec<VarId>,
    stacks: Vec<VarId>,
    sums: Vec<Sum>,
    /// The name of the text that grows.
    text: Option<Ident>,
    /// The target, where somebody reads it behind the loop.
    read_behind: Option<Target>,
}

/// An int that turns add to.
enum Sum {
    Var(Ident),
    /// That of `sum(…)`.
    State(Ident),
}

/// What becomes of the variables that a turn assigns.
#[derive(Default)]
struct Variables {
    states: Vec<VarId>,
    stacks: Vec<VarId>,
    sums: Vec<VarId>,
    text: Option<VarId>,
}

/// What the statements of a turn do to a variable.
#[derive(Default)]
struct Written {
    /// Statements that add to an int, or put something behind a text.
    adds: BTreeMap<VarId, usize>,
    /// What is put in front of them comes first: of texts that is no adding.
    fronts: BTreeSet<VarId>,
    appends: BTreeMap<VarId, usize>,
    /// Lists from which they pop.
    pops: BTreeSet<VarId>,
    /// Of each value that is assigned: does it lead no further than a few steps from one turn to the next?
    values: BTreeMap<VarId, Vec<bool>>,
}

/// Looks through a turn, or through a function that one calls: does it compute something and do nothing?
struct Look<'l, 'a> {
    program: &'l Program<'a>,
    instance: &'l Instance,
    hir: &'l Function,
    /// What must not be read.
    banned: BTreeSet<VarId>,
    sums: BTreeSet<VarId>,
    stacks: BTreeSet<VarId>,
    text: Option<VarId>,
    /// What may be stored to.
    place: Option<(&'l Expr, &'l Expr)>,
    is_function: bool,
    tests: usize,
    /// Functions that are being looked through.
    within: Vec<usize>,
}

/// Values that nobody can tell from others that are equal, or containers of such, which a turn only reads.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Never
        | Type::None
        | Type::Bool
        | Type::Int
        | Type::Big
        | Type::Float
        | Type::Char
        | Type::Str
        | Type::Bytes
        | Type::Range => true,
        Type::Tuple { items, .. } => items.iter().all(is_plain),
        Type::VarTuple(elem) | Type::View(elem) | Type::List { elem, .. } | Type::Set { elem, .. } => {
            is_plain(elem)
        }
        Type::Dict { key, value, kind: DictKind::Plain, .. } => is_plain(key) && is_plain(value),
        Type::Union(types) => types.iter().all(is_plain),
        _ => false,
    }
}

impl Look<'_, '_> {
    fn node(&self, e: &Expr) -> &Type {
        &self.instance.nodes[e.id]
    }

    fn block(&mut self, body: &[Stmt]) -> bool {
        body.iter().all(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Expr(e) => match appended(e) {
                Some((var, item)) if self.text == Some(var) || self.stacks.contains(&var) => self.expr(item),
                _ => self.expr(e),
            },
            StmtKind::Assign { targets, value } => {
                if let Some((var, more)) = added(targets, value)
                    && (self.sums.contains(&var) || self.text == Some(var))
                {
                    return self.expr(more);
                }
                self.expr(value) && targets.iter().all(|target| is_local(target) || self.is_place(target))
            }
            StmtKind::AugAssign { target, value, .. } => self.is_place(target) && self.expr(value),
            StmtKind::If { test, body, orelse } => {
                self.tests += 1;
                self.expr(test) && self.block(body) && self.block(orelse)
            }
            StmtKind::While { test, body, orelse } => {
                self.tests += 1;
                self.expr(test) && self.block(body) && self.block(orelse)
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.tests += 1;
                self.iter(iter) && is_local(target) && self.block(body) && self.block(orelse)
            }
            StmtKind::Return(Some(value)) if self.is_function => self.expr(value),
            // Such a turn is done each time that it comes.
            StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Bail => true,
            StmtKind::Narrow(narrows) => narrows.iter().all(|n| self.variable(n.from)),
            StmtKind::Break | StmtKind::Continue | StmtKind::Pass => true,
            _ => false,
        }
    }

    fn is_place(&mut self, target: &Target) -> bool {
        let (Some((list, at)), TargetKind::Index { base, index }) = (self.place, &target.kind) else {
            return false;
        };
        same(base, list) && same(index, at) && self.expr(base) && self.expr(index)
    }

    fn variable(&self, var: VarId) -> bool {
        !self.banned.contains(&var) && !self.hir.vars[var].cell
    }

    fn iter(&mut self, iter: &Iter) -> bool {
        let goes = match &iter.kind {
            IterKind::Range { .. } => true,
            IterKind::Expr(e) => is_plain(self.node(e)),
            IterKind::Enumerate { inner, .. } => return self.iter(inner),
            _ => false,
        };
        goes && iter_children(iter).into_iter().all(|e| self.expr(e))
    }

    fn all(&mut self, items: &[Expr]) -> bool {
        items.iter().all(|e| self.expr(e))
    }

    fn expr(&mut self, e: &Expr) -> bool {
        if !is_plain(self.node(e)) {
            return false;
        }
        match &e.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Big(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Global(_)
            | ExprKind::ModuleAttr { .. }
            | ExprKind::Bail => true,
            ExprKind::Local(var) => self.variable(*var),
            ExprKind::Named { value, .. } => self.expr(value),
            ExprKind::Narrow { narrows, body } => {
                narrows.iter().all(|n| self.variable(n.from)) && self.expr(body)
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } | ExprKind::Compare { left, right, .. } => {
                self.expr(left) && self.expr(right)
            }
            ExprKind::InPlace { left, right, .. } => {
                let changes =
                    !matches!(self.node(left), Type::Int | Type::Bool | Type::Float | Type::Char | Type::Str);
                !changes && self.expr(left) && self.expr(right)
            }
            ExprKind::Bool2 { left, right, .. } => {
                self.tests += 1;
                self.expr(left) && self.expr(right)
            }
            ExprKind::If { test, body, orelse } => {
                self.tests += 1;
                self.expr(test) && self.expr(body) && self.expr(orelse)
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => self.all(items),
            ExprKind::Call { name, args, keywords } => {
                self.tests += 1;
                let pure = match self.instance.calls.get(&e.id) {
                    Some(callee) => self.callee(*callee),
                    None => PURE.contains(&name.as_str()),
                };
                pure && self.all(args) && keywords.iter().all(|(_, value)| self.expr(value))
            }
            ExprKind::Method { base, name, args, keywords } => {
                self.tests += 1;
                let reads = match self.node(base) {
                    _ if popped(e).is_some_and(|var| self.stacks.contains(&var)) => true,
                    Type::Str | Type::Char | Type::Bytes => true,
                    Type::Dict { .. } => name == "get",
                    Type::List { .. } | Type::View(_) | Type::Tuple { .. } | Type::VarTuple(_) => {
                        name == "index" || name == "count"
                    }
                    _ => false,
                };
                reads
                    && self.expr(base)
                    && self.all(args)
                    && keywords.iter().all(|(_, value)| self.expr(value))
            }
            ExprKind::Index { base, index } => {
                self.tests += usize::from(matches!(self.node(base), Type::Dict { .. }));
                self.expr(base) && self.expr(index)
            }
            ExprKind::Slice { base, lower, upper, step } => {
                let whole = matches!(self.node(base), Type::Str | Type::Bytes);
                let mut bounds = [lower, upper, step].into_iter().flatten();
                whole && self.expr(base) && bounds.all(|e| self.expr(e))
            }
            ExprKind::FString(parts) => self.parts(parts),
            _ => false,
        }
    }

    fn parts(&mut self, parts: &[FPart]) -> bool {
        parts.iter().all(|part| match part {
            FPart::Literal(_) => true,
            FPart::Value { value, spec, .. } => self.expr(value) && self.parts(spec),
        })
    }

    /// Does the function compute something of its arguments, and nothing else?
    fn callee(&mut self, index: usize) -> bool {
        if self.within.contains(&index) || self.within.len() == MOST {
            return false;
        }
        let instance = &self.program.instances[index];
        let mut within = self.within.clone();
        within.push(index);
        let mut look = Look {
            program: self.program,
            instance,
            hir: &instance.hir,
            banned: BTreeSet::new(),
            sums: BTreeSet::new(),
            stacks: BTreeSet::new(),
            text: None,
            place: None,
            is_function: true,
            tests: 0,
            within,
        };
        instance.hir.yields.is_none() && instance.values.is_empty() && look.block(&instance.hir.body)
    }
}

/// `stack.pop()`
fn popped(e: &Expr) -> Option<VarId> {
    match &e.kind {
        ExprKind::Method { base, name, args, .. } if name == "pop" && args.is_empty() => match base.kind {
            ExprKind::Local(var) => Some(var),
            _ => None,
        },
        _ => None,
    }
}

/// Variables only, or several of them.
fn is_local(target: &Target) -> bool {
    match &target.kind {
        TargetKind::Var(_) => true,
        TargetKind::Tuple(items) => items.iter().all(is_local),
        _ => false,
    }
}

/// Is there no arithmetic in it but steps of a constant?
fn is_small(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
            let steps = |e: &Expr| {
                matches!(e.kind, ExprKind::Int(-1024..=1024) | ExprKind::Bool(_) | ExprKind::Compare { .. })
            };
            let one = steps(left) || steps(right);
            matches!(op, BinOp::Add | BinOp::Sub) && one && is_small(left) && is_small(right)
        }
        ExprKind::If { body, orelse, .. } => is_small(body) && is_small(orelse),
        ExprKind::Named { value, .. } => is_small(value),
        ExprKind::Call { name, args, .. } if name == "min" || name == "max" => args.iter().all(is_small),
        _ => true,
    }
}

impl<'h> Visit<'h> for Written {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => match (added(targets, value), targets.as_slice()) {
                (Some((var, _)), _) => {
                    *self.adds.entry(var).or_default() += 1;
                    if !is_term(var, value) {
                        self.fronts.insert(var);
                    }
                    self.values.entry(var).or_default().push(is_small(value));
                }
                (None, [Target { kind: TargetKind::Var(var), .. }]) => {
                    self.values.entry(*var).or_default().push(is_small(value));
                }
                _ => {}
            },
            StmtKind::Expr(e) => {
                if let Some((var, _)) = appended(e) {
                    *self.appends.entry(var).or_default() += 1;
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        self.pops.extend(popped(e));
        walk_expr(self, e);
    }
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is that such a loop?
    pub(super) fn automaton(&self, target: &Target, iter: &Iter, body: &[Stmt]) -> Option<Automaton> {
        if !self.has_automata() || self.hir.yields.is_some() {
            return None;
        }
        let targets = self.characters(target, iter)?;
        let mut written = Written::default();
        written.block(body);
        let (all, inside) = (self.counted_reads(), Counts::of_block(body));
        let found = self.variables(&targets, all, &inside, &written)?;
        // A count that goes up with each turn is another state each time.
        let counts = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                added(targets, value).is_some_and(|(v, _)| found.states.contains(&v))
            }
            _ => false,
        };
        if body.iter().any(counts) {
            return None;
        }
        let mut look = self.look_at_turns(&targets, &found);
        if !look.block(body) || (found.text.is_none() && look.tests < TESTS) {
            return None;
        }
        let read_behind = targets.iter().any(|v| all.get(*v).0 > inside.get(*v).0);
        Some(Automaton {
            sums: found.sums.iter().map(|v| Sum::Var(self.var_ident(*v))).collect(),
            text: found.text.map(|v| self.var_ident(v)),
            states: found.states,
            stacks: found.stacks,
            read_behind: read_behind.then(|| target.clone()),
        })
    }

    /// Is that such a loop, of what goes behind the text `out`, or is added to the int with that name?
    pub(super) fn automaton_of(
        &self,
        comp: &Comp,
        text: Option<&Ident>,
        sum: Option<&Ident>,
    ) -> Option<Automaton> {
        let [Generator { target, iter, ifs }] = comp.generators.as_slice() else { return None };
        if !self.has_automata() {
            return None;
        }
        let targets = self.characters(target, iter)?;
        let mut assigned = defines(&comp.element);
        assigned.extend(ifs.iter().flat_map(defines));
        let (all, inside) = (self.counted_reads(), Counts::of(comp));
        let own = assigned.iter().all(|v| {
            let of = &self.hir.vars[*v];
            inside.get(*v) == all.get(*v) && !of.cell && !of.maybe_unbound
        });
        let mut look = self.look_at_turns(&targets, &Variables::default());
        look.tests += ifs.len();
        let pure = ifs.iter().chain([&comp.element]).all(|e| look.expr(e));
        if !pure || !own || (text.is_none() && look.tests < TESTS) {
            return None;
        }
        Some(Automaton {
            states: Vec::new(),
            stacks: Vec::new(),
            sums: sum.map(|name| Sum::State(name.clone())).into_iter().collect(),
            text: text.cloned(),
            read_behind: None,
        })
    }

    /// How often the function reads and assigns its variables.
    fn counted_reads(&self) -> &Counts {
        self.reads.get_or_init(|| Counts::of_block(&self.hir.body))
    }

    /// Are such loops made here?
    fn has_automata(&self) -> bool {
        let in_line = self.closures == 0 && !self.late && !self.shared && self.fused.is_none();
        in_line && self.has_room_for(Pass::Automata)
    }

    /// The variables of a loop over the characters of a text: the character, and its place where they are counted.
    fn characters(&self, target: &Target, iter: &Iter) -> Option<Vec<VarId>> {
        let of_text = |iter: &Iter| matches!(&iter.kind, IterKind::Expr(e) if self.node(e.id) == Type::Str);
        match (&iter.kind, &target.kind) {
            (IterKind::Expr(_), TargetKind::Var(c)) if of_text(iter) => Some(vec![*c]),
            (IterKind::Enumerate { inner, .. }, TargetKind::Tuple(items)) if of_text(inner) => {
                match items.as_slice() {
                    [Target { kind: TargetKind::Var(i), .. }, Target { kind: TargetKind::Var(c), .. }] => {
                        Some(vec![*c, *i])
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Looks through turns with such variables: nothing may read what they add to, or where they are.
    fn look_at_turns(&self, targets: &[VarId], found: &Variables) -> Look<'_, 'a> {
        Look {
            program: self.file.program,
            instance: self.instance,
            hir: self.hir,
            banned: targets.iter().skip(1).chain(&found.sums).chain(&found.text).copied().collect(),
            sums: found.sums.iter().copied().collect(),
            stacks: found.stacks.iter().copied().collect(),
            text: found.text,
            place: None,
            is_function: false,
            tests: 0,
            within: vec![self.index],
        }
    }

    /// Does a turn compute something, assign variables and store to one place, and do nothing else?
    pub(super) fn computes(&self, body: &[Stmt], place: (&Expr, &Expr)) -> bool {
        let mut look = Look { place: Some(place), ..self.look_at_turns(&[], &Variables::default()) };
        look.block(body)
    }

    /// What becomes of the variables that a turn assigns.
    fn variables(
        &self,
        targets: &[VarId],
        all: &Counts,
        inside: &Counts,
        written: &Written,
    ) -> Option<Variables> {
        let (mut states, mut stacks, mut sums, mut text) = (Vec::new(), Vec::new(), Vec::new(), None);
        let known = |var: VarId| {
            let of = &self.hir.vars[var];
            !of.cell && !of.maybe_unbound && !self.far.contains(&var) && !self.seen.contains(&var)
        };
        for var in inside.defined() {
            let ((reads, defines), ty) = (inside.get(var), &self.instance.vars[var]);
            if targets.contains(&var) || !known(var) {
                return None;
            }
            if (reads, defines) == all.get(var) && self.hir.params.iter().all(|p| p.var != var) {
                continue;
            }
            let adds = written.adds.get(&var) == Some(&defines) && reads == defines;
            match ty {
                Type::Int if adds => sums.push(var),
                Type::Str if adds && text.is_none() && !written.fronts.contains(&var) => text = Some(var),
                Type::Int | Type::Bool | Type::Char => {
                    let values = written.values.get(&var)?;
                    if values.len() != defines || values.contains(&false) {
                        return None;
                    }
                    states.push(var);
                }
                _ => return None,
            }
        }
        for var in &written.pops {
            let of_small = match &self.instance.vars[*var] {
                Type::List { elem, in_place: false } => {
                    matches!(**elem, Type::Int | Type::Bool | Type::Char)
                }
                _ => false,
            };
            if !of_small || !known(*var) || self.narrowed.contains_key(var) || self.growing(*var).is_some() {
                return None;
            }
            stacks.push(*var);
        }
        for (var, appends) in written.appends.iter().filter(|(var, _)| !written.pops.contains(var)) {
            let own = self.pieces.get(var).is_some_and(String::is_empty) && inside.get(*var) == (*appends, 0);
            if !own || text.is_some() {
                return None;
            }
            text = Some(*var);
        }
        let few = states.len() + stacks.len() <= MOST && sums.len() <= MOST;
        let outcome = text.is_some() || !states.is_empty() || !stacks.is_empty() || !sums.is_empty();
        (few && outcome && targets.iter().all(|v| known(*v))).then_some(Variables {
            states,
            stacks,
            sums,
            text,
        })
    }

    /// The loop as long as it knows most turns. Behind it `from` says how many turns are done.
    pub(super) fn automatic(
        &mut self,
        known: &Automaton,
        (from, view, count, at): (&Ident, &Ident, &TokenStream, &Ident),
        (item, elem): (&TokenStream, &Type),
        breaks: &Label,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let x = self.fresh("x");
        let (continues, around) = (self.label("c"), self.label("known"));
        self.loops.push(Loop {
            breaks: breaks.clone(),
            continues: continues.clone(),
            is_block: true,
            finals: self.finals.len(),
        });
        let inside = self.inside.take();
        let turn = body(self, Val::new(quote!(#x), elem.clone()));
        self.inside = inside;
        self.loops.pop();
        self.nested_loops += 1;
        self.uses_fuel = true;
        let continues = super::iter::label_if_used(&turn, &continues);
        let (auto, chunk, end) = (self.fresh("auto"), self.fresh("chunk"), self.fresh("end"));
        let vars: Vec<_> = known.states.iter().map(|v| self.var_ident(*v)).collect();
        let stacks: Vec<_> = known.stacks.iter().map(|v| self.var_ident(*v)).collect();
        let held: Vec<_> = stacks.iter().map(|_| self.fresh("held")).collect();
        let mut states: Vec<_> = vars.iter().map(|var| quote!(#var)).collect();
        states.extend(stacks.iter().map(|stack| quote!(Stacked::of(&#stack))));
        let mut types: Vec<_> = known.states.iter().map(|v| rust_type(&self.instance.vars[*v])).collect();
        types.extend(stacks.iter().map(|_| quote!(Stacked<_>)));
        let c = if *elem == Type::Char { quote!(#x) } else { quote!(#x.1) };
        let (mut syncs, mut looks, mut added) = (Vec::new(), Vec::new(), Vec::new());
        if !states.is_empty() {
            let gives: Vec<_> = stacks
                .iter()
                .zip(&held)
                .map(|(stack, held)| self.q(quote!(#held.give(cx, &#stack))))
                .collect();
            syncs.push(match stacks.is_empty() {
                true => quote!((#(#vars,)*) = #auto.state((#(#vars,)*));),
                false => quote! {
                    #(let #held;)*
                    (#(#vars,)* #(#held,)*) = #auto.state((#(#states,)*));
                    #(#gives;)*
                },
            });
        }
        for (i, sum) in known.sums.iter().enumerate() {
            let (before, i) = (self.fresh("before"), Literal::usize_unsuffixed(i));
            let int = match sum {
                Sum::Var(int) => {
                    let total = self.q(quote!(int::add(#int, #auto.take(#i))));
                    syncs.push(quote!(#int = #total;));
                    quote!(#int)
                }
                Sum::State(sum) => {
                    let add = self.q(quote!(#sum.add_int(#auto.take(#i))));
                    syncs.push(quote!(#add;));
                    quote!(#sum.so_far())
                }
            };
            looks.push(quote!(let #before = #int;));
            added.push(quote!(#int.wrapping_sub(#before)));
        }
        let (mut tail, mut full) = (quote!(Tail::NONE), quote!());
        if let Some(text) = &known.text {
            let before = self.fresh("before");
            let go = self.q(quote!(#auto.go(cx, &mut #text)));
            full = quote!(if #auto.is_full() { #go; continue; });
            syncs.push(quote!(#go;));
            looks.push(quote!(let #before = #text.so_far();));
            tail = quote!(#text.tail(#before));
        }
        let last = known.read_behind.as_ref().map(|target| {
            let assign = self.assign(target, &Val::new(quote!(#x), elem.clone()));
            quote!({ let #at = #count - 1; let #x = #item; #assign })
        });
        let least = match (states.is_empty(), &known.text) {
            (true, Some(_)) => LEAST[0],
            (true, None) => LEAST[1],
            (false, _) => LEAST[2],
        };
        let least = Literal::i64_unsuffixed(least);
        let dull = (!states.is_empty()).then(|| {
            quote! {
                if #auto.is_dull() { #(#syncs)* #from = #at; break #around; }
            }
        });
        let (sums, has_text) = (Literal::usize_unsuffixed(known.sums.len()), known.text.is_some());
        let charge = self.q(quote!(cx.charge(&mut fuel, #chunk.end - #chunk.start)));
        quote! {
            let mut #from: i64 = 0;
            if #count >= #least {
                let mut #auto = Automaton::<(#(#types,)*), #sums, #has_text>::new((#(#states,)*), #count);
                #around: {
                    for #chunk in turns(#count) {
                        #charge;
                        let (mut #at, #end) = (#chunk.start, #chunk.end);
                        loop {
                            #at = #auto.run(#view, #at, #end);
                            if #at >= #end { break; }
                            #dull
                            #full
                            let #x = #item;
                            #(#syncs)*
                            #(#looks)*
                            #continues { #turn }
                            #at += 1;
                            if !#auto.learn(#at, #c, (#(#states,)*), [#(#added),*], #tail) {
                                #from = #at;
                                break #around;
                            }
                        }
                        #from = #end;
                    }
                    #(#syncs)*
                    #last
                }
            }
        }
    }
}
