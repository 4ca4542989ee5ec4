//! Loops whose turns know nothing of each other, handed to the runtime as a closure over the turns that several threads
//! may do (`pyrust_runtime::parallel`).
//!
//! ```python
//! for i in range(n):                     # parallel::run(cx, (0, n), THREADS, …, &|cx, from, to, …| …)
//!     for j in range(n):
//!         out[i, j] = distance(points, i, j)
//! ```
//!
//! A turn may read what the loop leaves alone, assign variables that nobody reads after the turn, add to ints that nobody
//! reads before the loop is over, and store to arrays at indices of which one part is the number of the turn. All of it
//! is numbers: a thread that does not hold the GIL touches no object, and nothing that has to be allocated.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::dense::{Dense, is_number};
use super::iter::{Body, label_if_used};
use super::types::{Val, rust_type};
use crate::hir::visit::{Visit, any_expr, defines, walk_stmt};
use crate::hir::{
    BinOp, Expr, ExprKind, Function, Iter, IterKind, Keep, NodeId, Stmt, StmtKind, Target, TargetKind, VarId,
};
use crate::infer::{Instance, Program};
use crate::numpy::Dtype;
use crate::passes::Pass;
use crate::pipeline::loop_depth;
use crate::ty::Type;

/// Functions of `math` that are arithmetic on machine numbers, or the C library's: none asks CPython (`gamma` does), which
/// only the thread may that holds the GIL.
const PURE: [&str; 33] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "copysign", "cos", "cosh", "degrees",
    "erf", "erfc", "exp", "expm1", "fabs", "floor", "fmod", "isfinite", "isinf", "isnan", "log", "log10",
    "log1p", "log2", "pow", "radians", "sin", "sinh", "sqrt", "tan", "tanh",
];

/// What is known of such a loop.
pub(super) struct Shares {
    /// Variables that belong to one turn.
    own: BTreeSet<VarId>,
    /// Ints that the turns add to.
    sums: Vec<VarId>,
    /// What the loop only reads.
    outer: BTreeSet<VarId>,
    /// Arrays: those with stores first.
    stored: Vec<VarId>,
    read: Vec<VarId>,
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is it such a loop?
    pub(super) fn shares(&self, target: &Target, iter: &Iter, body: &[Stmt]) -> Option<Shares> {
        let plain = self.closures == 0 && self.fused.is_none() && self.noting.is_none() && !self.shared;
        if !self.has_room_for(Pass::Parallel) || !plain || self.hir.yields.is_some() {
            return None;
        }
        let (IterKind::Range { step: None, .. }, TargetKind::Var(turn)) = (&iter.kind, &target.kind) else {
            return None;
        };
        // A turn that neither loops nor calls is done before a thread has been woken.
        let calls = |s: &Stmt| any_expr(s, |e| self.instance.calls.contains_key(&e.id));
        if loop_depth(body) == 0 && !body.iter().any(calls) {
            return None;
        }
        let mut assigned: BTreeSet<VarId> = body.iter().flat_map(defines).collect();
        if !assigned.insert(*turn) {
            return None;
        }
        let mut look = Look {
            program: self.file.program,
            instance: self.instance,
            hir: self.hir,
            hoists: self.file.program.passes.has(Pass::Globals),
            turn: Some(*turn),
            assigned,
            defined: Some(BTreeSet::from([*turn])),
            depth: 0,
            sums: BTreeSet::new(),
            plain: BTreeSet::new(),
            outer: BTreeSet::new(),
            arrays: BTreeMap::new(),
            within: Vec::new(),
        };
        if !look.block(body) {
            return None;
        }
        let Look { assigned, sums, plain, outer, arrays, .. } = look;
        if !sums.is_disjoint(&plain) {
            return None;
        }
        let own: BTreeSet<VarId> = assigned.difference(&sums).copied().collect();
        let later = reads_outside(&self.hir.body, body);
        let fits = |v: &VarId| {
            let var = &self.hir.vars[*v];
            !var.cell && !var.maybe_unbound && is_number(&self.instance.vars[*v])
        };
        let int = |v: &VarId| self.instance.vars[*v] == Type::Int;
        if !own.iter().all(|v| fits(v) && !later.contains(v)) || !sums.iter().all(|v| fits(v) && int(v)) {
            return None;
        }
        let (mut stored, mut read) = (Vec::new(), Vec::new());
        for (array, places) in arrays {
            if places.iter().any(|place| place.is_stored) {
                if !agree(&places) {
                    return None;
                }
                stored.push(array);
            } else {
                read.push(array);
            }
        }
        Some(Shares { own, sums: sums.into_iter().collect(), outer, stored, read })
    }

    /// The loop over `start..stop`, where the ends are ints.
    pub(super) fn parallel_loop(
        &mut self,
        (shares, mut dense): (Shares, Option<Dense>),
        (start, stop): (TokenStream, TokenStream),
        breaks: &syn::Lifetime,
        body: Body<'_, 'f, 'p, 'a>,
    ) -> TokenStream {
        let (from, to, free, parts) =
            (self.fresh("from"), self.fresh("to"), self.fresh("free"), self.fresh("parts"));
        let (item, continues) = (self.fresh("i"), self.label("c"));
        let (first, last, total) = (self.fresh("first"), self.fresh("last"), self.fresh("sums"));
        let ran = self.fresh("ran");
        let outside = (std::mem::take(&mut self.tries), self.uses_fuel);
        self.shared = true;
        self.file.shares = true;
        let tick = self.tick();
        let turn = Val::new(quote!(#item), Type::Int);
        let within = self.enter_nest(dense.as_mut());
        let (code, _) = self.looped(breaks, &continues, turn.clone(), body);
        self.within_nest = within;
        let second = dense.map(|dense| {
            let (chunk, around) = (self.fresh("chunk"), self.label("blocks"));
            let labels = (&around, &continues);
            let second = self.dense_loop(dense, (&item, &chunk), labels, &mut |f| {
                f.looped(breaks, &continues, turn.clone(), body).0
            });
            (chunk, around, second)
        });
        self.shared = false;
        (self.tries, self.uses_fuel) = outside;
        let name = |v: &VarId| self.var_ident(*v);
        let outer: Vec<_> = shares.outer.iter().chain(&shares.read).map(name).collect();
        let (stored, read): (Vec<_>, Vec<_>) =
            (shares.stored.iter().map(name).collect(), shares.read.iter().map(name).collect());
        let own = shares.own.iter().map(|v| {
            let (name, ty, empty) =
                (self.var_ident(*v), &self.instance.vars[*v], nothing(&self.instance.vars[*v]));
            let ty = rust_type(ty);
            quote!(let mut #name: #ty = #empty;)
        });
        let sums: Vec<_> = shares.sums.iter().map(name).collect();
        let at = (0..sums.len()).map(proc_macro2::Literal::usize_unsuffixed).collect::<Vec<_>>();
        let count = proc_macro2::Literal::usize_unsuffixed(sums.len());
        // An index below zero counts from the end, where another turn may be.
        let counts = if stored.is_empty() { quote!(true) } else { quote!(#first >= 0) };
        let continues = label_if_used(&code, &continues);
        let turns = match second {
            Some((chunk, around, second)) => quote! {
                #around: for #chunk in chunks(#from, #to) {
                    #second
                    #continues for #item in #chunk { #tick #code }
                }
            },
            None => quote!(#continues for #item in #from..#to { #tick #code }),
        };
        // Comments of the text do not get through a macro.
        let done = self.q(quote!(#ran));
        let run = quote! {
            let #ran = parallel::run(
                cx,
                (#first, #last),
                THREADS,
                &mut #total,
                &|cx| #counts && ndarray::ready(cx, &[#(ndarray::stored(#stored)),*], &[#(ndarray::extent(#read)),*]),
                &|cx, #from, #to, #free, #parts| {
                    let mut fuel: i32 = FUEL;
                    #(let #outer = #outer;)*
                    #(let #stored = ndarray::freed(#stored, #free);)*
                    #(#own)*
                    #(let mut #sums = 0i64;)*
                    #turns
                    #(parallel::add(&mut #parts[#at], #sums)?;)*
                    Ok(())
                },
            );
            #done;
        };
        let added = sums.iter().zip(&at).map(|(name, at)| {
            let sum = self.q(quote!(int::add(#name, #total[#at])));
            quote!(#name = #sum;)
        });
        quote! {
            let (#first, #last) = (#start, #stop);
            let mut #total = [0i64; #count];
            #run
            #(#added)*
        }
    }
}

/// A value that nobody sees.
fn nothing(ty: &Type) -> TokenStream {
    match ty {
        Type::Bool => quote!(false),
        Type::Float => quote!(0f64),
        Type::Numpy(_) => quote!(Np(Default::default())),
        Type::Union(items) => {
            let first = nothing(&items[0]);
            let name = quote::format_ident!("U{}", items.len());
            quote!(#name::A(#first))
        }
        _ => quote!(0i64),
    }
}

/// Where an element of an array is read or stored.
struct Place {
    is_stored: bool,
    /// Parts of the index that are the number of the turn, and nothing added: below zero it would count from the end.
    turning: BTreeSet<usize>,
}

/// Is there a part of the index that is the number of the turn in all places?
fn agree(places: &[Place]) -> bool {
    let Some((first, rest)) = places.split_first() else { return true };
    first.turning.iter().any(|at| rest.iter().all(|place| place.turning.contains(at)))
}

/// Variables that are read elsewhere than in this body.
fn reads_outside(all: &[Stmt], body: &[Stmt]) -> BTreeSet<VarId> {
    struct Outside<'b> {
        body: &'b [Stmt],
        read: BTreeSet<VarId>,
    }
    impl<'h> Visit<'h> for Outside<'_> {
        fn read(&mut self, _: NodeId, var: &'h VarId) {
            self.read.insert(*var);
        }

        fn stmt(&mut self, stmt: &'h Stmt) {
            match &stmt.kind {
                StmtKind::For { target, iter, body, orelse } if std::ptr::eq(body.as_slice(), self.body) => {
                    self.iter(iter);
                    self.target(target);
                    orelse.iter().for_each(|stmt| self.stmt(stmt));
                }
                _ => walk_stmt(self, stmt),
            }
        }
    }
    let mut outside = Outside { body, read: BTreeSet::new() };
    all.iter().for_each(|stmt| outside.stmt(stmt));
    outside.read
}

/// Looks through the turns of a loop, or through a function that they call.
struct Look<'l, 'a> {
    program: &'l Program<'a>,
    instance: &'l Instance,
    hir: &'l Function,
    /// Globals are read before the body.
    hoists: bool,
    /// The variable of the loop; none in a function.
    turn: Option<VarId>,
    /// What a turn assigns.
    assigned: BTreeSet<VarId>,
    /// What has been assigned in each turn that gets here; none where no turn does.
    defined: Option<BTreeSet<VarId>>,
    /// Loops around.
    depth: usize,
    /// Variables that are added to, and those that are assigned otherwise.
    sums: BTreeSet<VarId>,
    plain: BTreeSet<VarId>,
    outer: BTreeSet<VarId>,
    arrays: BTreeMap<VarId, Vec<Place>>,
    /// Functions that are being looked through.
    within: Vec<usize>,
}

impl Look<'_, '_> {
    fn node(&self, e: &Expr) -> &Type {
        &self.instance.nodes[e.id]
    }

    fn block(&mut self, body: &[Stmt]) -> bool {
        body.iter().all(|stmt| self.stmt(stmt))
    }

    /// Looks at what may not be done, and forgets what it assigns.
    fn perhaps(&mut self, look: impl FnOnce(&mut Self) -> bool) -> (bool, Option<BTreeSet<VarId>>) {
        let before = self.defined.clone();
        let fits = look(self);
        (fits, std::mem::replace(&mut self.defined, before))
    }

    fn stmt(&mut self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let Some((var, more)) = self.added(targets, value) {
                    self.sums.insert(var);
                    return self.expr(more);
                }
                self.value(value) && targets.iter().all(|target| self.target(target))
            }
            StmtKind::AugAssign { target, value, .. } => {
                let TargetKind::Index { base, index } = &target.kind else { return false };
                self.place(base, index, false) && self.expr(value) && self.place(base, index, true)
            }
            StmtKind::If { test, body, orelse } => {
                if !self.expr(test) {
                    return false;
                }
                let (fits, one) = self.perhaps(|look| look.block(body));
                let (also, other) = self.perhaps(|look| look.block(orelse));
                self.defined = match (one, other) {
                    (Some(one), Some(other)) => Some(one.intersection(&other).copied().collect()),
                    (one, other) => one.or(other),
                };
                fits && also
            }
            StmtKind::While { test, body, orelse } => {
                if !orelse.is_empty() || !self.expr(test) {
                    return false;
                }
                self.depth += 1;
                let (fits, _) = self.perhaps(|look| look.block(body));
                self.depth -= 1;
                fits
            }
            StmtKind::For { target, iter, body, orelse } => {
                let IterKind::Range { start, stop, step } = &iter.kind else { return false };
                let ends = [start.as_deref(), Some(&**stop), step.as_deref()];
                if !orelse.is_empty() || !ends.into_iter().flatten().all(|e| self.expr(e)) {
                    return false;
                }
                self.depth += 1;
                let (fits, _) = self.perhaps(|look| look.target(target) && look.block(body));
                self.depth -= 1;
                fits
            }
            // Of the loop itself only the next turn may follow: which one is the last cannot be known.
            StmtKind::Break if self.depth == 0 => false,
            StmtKind::Break | StmtKind::Continue => {
                self.defined = None;
                true
            }
            StmtKind::Return(value) => {
                let fits = self.turn.is_none() && value.as_ref().is_some_and(|value| self.expr(value));
                self.defined = None;
                fits
            }
            StmtKind::Narrow(narrows) => narrows.iter().all(|n| {
                let fits = self.variable(n.from) && !matches!(n.keep, Keep::Meets(_));
                self.define(n.to);
                fits
            }),
            StmtKind::Pass => true,
            _ => false,
        }
    }

    /// The int that the statement adds to, and what it adds.
    fn added<'h>(&self, targets: &[Target], value: &'h Expr) -> Option<(VarId, &'h Expr)> {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return None };
        let (ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }) = &value.kind
        else {
            return None;
        };
        let itself = |e: &Expr| matches!(e.kind, ExprKind::Local(v) if v == *var);
        let more = match op {
            BinOp::Add | BinOp::Sub if itself(left) => right,
            BinOp::Add if itself(right) => left,
            _ => return None,
        };
        let ints = *self.node(value) == Type::Int && matches!(self.node(more), Type::Int | Type::Bool);
        // What the turn has assigned before is its own.
        let own = self.defined.as_ref().is_none_or(|defined| defined.contains(var));
        (self.turn.is_some() && ints && !own).then_some((*var, more))
    }

    fn define(&mut self, var: VarId) {
        self.plain.insert(var);
        if let Some(defined) = &mut self.defined {
            defined.insert(var);
        }
    }

    fn target(&mut self, target: &Target) -> bool {
        match &target.kind {
            TargetKind::Var(var) => {
                self.define(*var);
                true
            }
            TargetKind::Tuple(items) => items.iter().all(|item| self.target(item)),
            TargetKind::Index { base, index } => self.place(base, index, true),
            _ => false,
        }
    }

    /// A number, or several at once.
    fn value(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Tuple(items) => items.iter().all(|item| self.value(item)),
            _ => self.expr(e),
        }
    }

    fn variable(&mut self, var: VarId) -> bool {
        let hir = &self.hir.vars[var];
        if hir.cell || hir.maybe_unbound || !is_number(&self.instance.vars[var]) {
            return false;
        }
        if self.turn.is_none() {
            return true;
        }
        if !self.assigned.contains(&var) {
            self.outer.insert(var);
            return true;
        }
        // Where no turn gets to, nothing is read.
        self.defined.as_ref().is_none_or(|defined| defined.contains(&var))
    }

    fn expr(&mut self, e: &Expr) -> bool {
        if !is_number(self.node(e)) {
            return false;
        }
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) => true,
            ExprKind::Local(var) => self.variable(*var),
            ExprKind::Named { var, value } => {
                let fits = self.expr(value);
                self.define(*var);
                fits
            }
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                // Powers and shifts of ints may be large on the way.
                let float = matches!(self.node(e), Type::Float | Type::Numpy(Dtype::Float64));
                let plain = float || !matches!(op, BinOp::Pow | BinOp::LShift | BinOp::MatMult);
                plain && self.expr(left) && self.expr(right)
            }
            ExprKind::Compare { left, right, .. } => self.expr(left) && self.expr(right),
            ExprKind::Bool2 { left, right, .. } => self.expr(left) && self.perhaps(|look| look.expr(right)).0,
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::If { test, body, orelse } => {
                self.expr(test)
                    && self.perhaps(|look| look.expr(body)).0
                    && self.perhaps(|look| look.expr(orelse)).0
            }
            ExprKind::Index { base, index } => match &base.kind {
                ExprKind::Method { base, name, .. } if name == "attribute shape" => {
                    matches!(index.kind, ExprKind::Int(_)) && self.array(base)
                }
                _ => self.place(base, index, false),
            },
            ExprKind::ModuleAttr { module, .. } => self.turn.is_some() && self.hoists && module == "math",
            ExprKind::Global(name) => {
                let module = &self.instance.func.module;
                self.turn.is_some() && self.hoists && !self.program.is_assigned(module, name)
            }
            ExprKind::Call { name, args, keywords } => match self.instance.calls.get(&e.id) {
                Some(callee) => {
                    keywords.is_empty()
                        && args.iter().all(|arg| self.expr(arg))
                        && self.function(*callee, args.len())
                }
                None => keywords.is_empty() && self.is_builtin(name) && self.builtin(name, args),
            },
            ExprKind::ModuleCall { module, name, args, keywords } => {
                module == "math"
                    && keywords.is_empty()
                    && PURE.contains(&name.as_str())
                    && args.iter().all(|arg| self.expr(arg))
            }
            _ => false,
        }
    }

    /// Is what the text calls so the builtin?
    fn is_builtin(&self, name: &str) -> bool {
        let module = &self.instance.func.module;
        self.program.named(module, name).is_none() && self.program.binding(module, name).is_none()
    }

    fn builtin(&mut self, name: &str, args: &[Expr]) -> bool {
        match (name, args) {
            ("len", [array]) => self.array(array),
            ("abs" | "bool" | "float" | "int", [_]) | ("max" | "min", [_, _, ..]) => {
                args.iter().all(|arg| self.expr(arg))
            }
            _ => false,
        }
    }

    /// A variable that holds an array, and that the loop leaves alone.
    fn array(&mut self, e: &Expr) -> bool {
        let ExprKind::Local(array) = e.kind else { return false };
        let var = &self.hir.vars[array];
        let fits = matches!(self.instance.vars[array], Type::Array(..))
            && !var.cell
            && !var.maybe_unbound
            && self.turn.is_some()
            && !self.assigned.contains(&array);
        if fits {
            self.arrays.entry(array).or_default();
        }
        fits
    }

    /// An element of an array.
    fn place(&mut self, base: &Expr, index: &Expr, is_stored: bool) -> bool {
        let ExprKind::Local(array) = base.kind else { return false };
        let Type::Array(_, dims) = self.instance.vars[array] else { return false };
        let parts: Vec<&Expr> = match &index.kind {
            ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![index],
        };
        if parts.len() != usize::from(dims) || !self.array(base) || !parts.iter().all(|part| self.expr(part))
        {
            return false;
        }
        let is_turn = |part: &Expr| matches!(part.kind, ExprKind::Local(v) if Some(v) == self.turn);
        let turning = (0..parts.len()).filter(|at| is_turn(parts[*at])).collect();
        let place = Place { is_stored, turning };
        self.arrays.entry(array).or_default().push(place);
        true
    }

    /// A function of numbers that gets all its arguments.
    fn function(&mut self, callee: usize, args: usize) -> bool {
        if self.within.contains(&callee) {
            return true;
        }
        let instance = &self.program.instances[callee];
        let hir = &*instance.hir;
        if hir.params.len() != args
            || hir.yields.is_some()
            || instance.func.is_nested()
            || !is_number(&instance.ret)
            || !instance.params.iter().all(is_number)
            || crate::hir::can_fall_off(&hir.body)
        {
            return false;
        }
        let mut within = self.within.clone();
        within.push(callee);
        let mut inside = Look {
            program: self.program,
            instance,
            hir,
            hoists: false,
            turn: None,
            assigned: BTreeSet::new(),
            defined: None,
            depth: 0,
            sums: BTreeSet::new(),
            plain: BTreeSet::new(),
            outer: BTreeSet::new(),
            arrays: BTreeMap::new(),
            within,
        };
        inside.block(&hir.body)
    }
}
