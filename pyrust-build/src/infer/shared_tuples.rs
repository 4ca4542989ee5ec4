//! New tuples that hold what has an identity, and of which two places may get one: there they are Python's objects from
//! the start, so that both places have the same one. Others stay values, and become an object when they leave.
//!
//! Only the outcome matters: where no such tuple can get to Python, nobody sees which one is which.

use std::collections::{BTreeMap, BTreeSet};

use super::Infer;
use super::analysis::Analysis;
use super::solver::{Solver, Ty, VarId};
use crate::hir::visit::{self, Visit, walk_block, walk_comp, walk_expr, walk_stmt};
use crate::hir::{
    self, BinOp, Comp, CompKind, Expr, ExprKind, Function, Generator, Iter, IterKind, NodeId, Part, Stmt,
    StmtKind, Target, TargetKind,
};
use crate::ty::Type;

/// Methods that store none of their arguments.
const LOOKS: &[&str] = &["count", "discard", "get", "index", "pop", "remove"];

/// Methods that store what is in their arguments, and not those.
const TAKING: &[&str] = &["extend", "extendleft", "update"];

/// What takes a value out of where it is.
const TAKES: &[&str] = &["heappop", "pop", "popitem", "popleft"];

/// Whether the value has an identity when it is an object.
fn is_free(ty: &Ty) -> bool {
    match ty {
        Ty::Never | Ty::None | Ty::Bool | Ty::Int | Ty::Big | Ty::Float => true,
        Ty::Char | Ty::Str | Ty::Bytes | Ty::Complex | Ty::Numpy(_) => true,
        Ty::Tuple(items, _) | Ty::Union(items) => items.iter().all(is_free),
        _ => false,
    }
}

/// Is it a tuple of native code's with an identity, or may it be one? Functions that are made here never get to Python,
/// and neither does what holds them.
fn is_native(ty: &Ty) -> bool {
    ty.members().iter().any(|m| match m {
        Ty::Tuple(items, _) if items.iter().any(stays_native) => false,
        Ty::Tuple(items, origin) => (!origin.of_python() && !is_free(m)) || items.iter().any(is_native),
        _ => false,
    })
}

fn stays_native(ty: &Ty) -> bool {
    ty.members().iter().any(|m| match m {
        Ty::Inner(_) | Ty::Closure(..) | Ty::Cell(_) => true,
        Ty::Tuple(items, _) => items.iter().any(stays_native),
        _ => false,
    })
}

/// Is it one that Python has, or an object?
fn is_of_python(ty: &Ty) -> bool {
    ty.members().iter().any(|m| match m {
        Ty::Tuple(items, origin) => (origin.of_python() && !is_free(m)) || items.iter().any(is_of_python),
        other => *other == Ty::Obj,
    })
}

impl Solver {
    /// The elements of a container.
    fn inside(&self, ty: &Ty) -> Vec<VarId> {
        let of = |m: &Ty| match m {
            Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) => vec![self.elem(*c)],
            Ty::Dict(c, _) | Ty::DictView(c, ..) => vec![self.elem(*c), self.value(*c)],
            Ty::Iter(v) | Ty::Cell(v) => vec![*v],
            Ty::Tuple(items, _) => items.iter().flat_map(|t| self.inside(t)).collect(),
            _ => Vec::new(),
        };
        ty.members().iter().flat_map(of).collect()
    }

    /// Are there native tuples among the elements, however deep?
    fn has_native(&self, ty: &Ty) -> bool {
        self.all_inside(ty).into_iter().any(|v| is_native(&self.get(v)))
    }

    /// The variables of all that stands in a value, however deep.
    fn all_inside(&self, ty: &Ty) -> BTreeSet<VarId> {
        let (mut seen, mut todo) = (BTreeSet::new(), self.inside(ty));
        while let Some(var) = todo.pop() {
            if seen.insert(var) {
                todo.extend(self.inside(&self.get(var)));
            }
        }
        seen
    }

    /// Tuples in this variable are Python's from the start.
    fn hold(&mut self, var: VarId) {
        let ty = self.get(var);
        if is_native(&ty) {
            let held = self.held(&ty);
            self.flow(&held, var);
        }
    }

    fn held(&mut self, ty: &Ty) -> Ty {
        match ty {
            Ty::Tuple(..) if is_native(ty) => self.mark(ty),
            Ty::Union(items) => Ty::Union(items.iter().map(|t| self.held(t)).collect()),
            other => other.clone(),
        }
    }

    fn hold_inside(&mut self, ty: &Ty) {
        self.all_inside(ty).into_iter().for_each(|var| self.hold(var));
    }
}

/// Has a result, a container, an attribute or a global such tuples? `at`: whether the value itself counts.
fn leaves(ty: &Type, at: bool) -> bool {
    match ty {
        Type::Tuple { items, .. } => (at && !ty.identity_free()) || items.iter().any(|t| leaves(t, at)),
        Type::Union(items) => items.iter().any(|t| leaves(t, at)),
        // It may be any of them.
        Type::Obj => at,
        other => other.parts().any(|t| leaves(t, true)),
    }
}

impl Infer<'_, '_> {
    pub(super) fn hold_shared_tuples(&mut self) {
        let Infer { state, program, calls, values, hir, .. } = self;
        // Where there are trees, an argument may become an object in the call.
        let objects = state.solver.trees;
        let gives = |i: usize| {
            let held = |t: &Type| t.is_held() || objects && *t == Type::Obj;
            program.instances[i].after.iter().any(|t| t.any(&held))
        };
        let reached = |node: NodeId| values.get(&node).map(|all| all.iter().any(|r| gives(r.instance)));
        state.hold_shared_tuples(hir, &|node| calls.get(&node).map(|i| gives(*i)).or_else(|| reached(node)));
    }
}

impl Analysis {
    /// May somebody outside of the function see such a tuple?
    fn shows_tuples(&self, hir: &Function) -> bool {
        let leaves = |var: VarId, at: bool| {
            self.solver.resolve(&self.solver.get(var)).is_none_or(|ty| leaves(&ty, at))
        };
        let kept = self.globals.values().chain(self.attributes.values());
        leaves(self.ret, true)
            || leaves(self.yielded, true)
            || kept.copied().any(|v| leaves(v, true))
            || hir.params.iter().any(|p| leaves(self.vars[p.var], hir.vars[p.var].cell))
    }

    /// See the module. `gives` says of a call whether what it runs makes an argument Python's; none where it is not known
    /// what it runs.
    fn hold_shared_tuples(&mut self, hir: &Function, gives: &dyn Fn(NodeId) -> Option<bool>) {
        let all = self.vars.iter().chain(&self.nodes);
        if !all.copied().any(|v| is_native(&self.solver.get(v))) || !self.shows_tuples(hir) {
            return;
        }
        let is_tuple = |ty: &Ty| is_native(ty) || is_of_python(ty);
        let whole = |e: &Expr, inside: bool| match (self.solver.get(self.nodes[e.id]), inside) {
            (Ty::Tuple(items, _), true) => items.iter().any(is_tuple),
            (other, _) => is_tuple(&other),
        };
        let mut uses = Uses {
            holds: &whole,
            bound: BTreeMap::new(),
            read: BTreeMap::new(),
            at: At::default(),
            number: 0,
        };
        uses.block(&hir.body);
        let Uses { bound, read, .. } = uses;
        let uses = Moves { bound, read };
        let mut finder = Finder { state: self, uses: &uses, gives };
        finder.block(&hir.body);
    }
}

/// Where a variable is bound or read: the blocks around, and the innermost loop.
#[derive(Clone, Debug, Default, PartialEq)]
struct At {
    blocks: Vec<usize>,
    turn: usize,
}

/// Which variables are bound once, to a new value, and read as a whole once after that, in the same turn of all loops.
struct Moves {
    bound: BTreeMap<hir::VarId, Vec<Option<At>>>,
    read: BTreeMap<hir::VarId, Vec<At>>,
}

/// Finds them.
struct Uses<'s> {
    /// Is the value such a tuple; or, inside, does it have one among its members?
    holds: &'s dyn Fn(&Expr, bool) -> bool,
    bound: BTreeMap<hir::VarId, Vec<Option<At>>>,
    read: BTreeMap<hir::VarId, Vec<At>>,
    at: At,
    number: usize,
}

impl Moves {
    fn is_moved(&self, var: hir::VarId) -> bool {
        let (Some([Some(bound)]), Some([read])) =
            (self.bound.get(&var).map(Vec::as_slice), self.read.get(&var).map(Vec::as_slice))
        else {
            return false;
        };
        bound.turn == read.turn && read.blocks.starts_with(&bound.blocks)
    }
}

impl Uses<'_> {
    fn looped(&mut self, body: impl FnOnce(&mut Self)) {
        self.number += 1;
        let around = std::mem::replace(&mut self.at.turn, self.number);
        body(self);
        self.at.turn = around;
    }
}

/// Is the value one that nobody else has?
fn is_new(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Tuple(_) => true,
        ExprKind::Method { name, .. } | ExprKind::ModuleCall { name, .. } => TAKES.contains(&name.as_str()),
        _ => false,
    }
}

impl<'h> Visit<'h> for Uses<'_> {
    fn block(&mut self, body: &'h [Stmt]) {
        self.number += 1;
        self.at.blocks.push(self.number);
        walk_block(self, body);
        self.at.blocks.pop();
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if let ([Target { kind: TargetKind::Var(var), .. }], true) =
                    (targets.as_slice(), is_new(value))
                {
                    self.expr(value);
                    self.bound.entry(*var).or_default().push(Some(self.at.clone()));
                    return;
                }
                let unpacks = targets.iter().all(|t| matches!(t.kind, TargetKind::Tuple(_)));
                if !(unpacks && matches!(value.kind, ExprKind::Local(_)) && !(self.holds)(value, true)) {
                    self.expr(value);
                }
                targets.iter().for_each(|t| self.target(t));
            }
            StmtKind::While { .. } => self.looped(|v| walk_stmt(v, stmt)),
            StmtKind::For { target, iter, body, orelse } => {
                self.iter(iter);
                self.looped(|v| {
                    v.target(target);
                    v.block(body);
                });
                self.block(orelse);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        self.looped(|v| walk_comp(v, comp));
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Lambda { .. } => self.looped(|v| walk_expr(v, e)),
            ExprKind::Compare { left, right, .. } => {
                for side in [left, right] {
                    if !matches!(side.kind, ExprKind::Local(_)) {
                        self.expr(side);
                    }
                }
            }
            ExprKind::Index { base, index }
                if matches!(base.kind, ExprKind::Local(_)) && !(self.holds)(e, false) =>
            {
                self.expr(index);
            }
            ExprKind::Call { name, args, .. }
                if name == "len" && args.first().is_some_and(|a| matches!(a.kind, ExprKind::Local(_))) => {}
            _ => walk_expr(self, e),
        }
    }

    fn read(&mut self, _: NodeId, var: &'h hir::VarId) {
        self.read.entry(*var).or_default().push(self.at.clone());
    }

    fn define(&mut self, _: NodeId, var: &'h hir::VarId) {
        self.bound.entry(*var).or_default().push(None);
    }
}

/// Finds what is stored, and says where it is from that Python has it.
struct Finder<'s> {
    state: &'s mut Analysis,
    uses: &'s Moves,
    gives: &'s dyn Fn(NodeId) -> Option<bool>,
}

impl Finder<'_> {
    fn ty(&self, e: &Expr) -> Ty {
        self.state.solver.get(self.state.nodes[e.id])
    }

    fn is_concerned(&self, e: &Expr) -> bool {
        let ty = self.ty(e);
        is_native(&ty) || is_of_python(&ty) || self.state.solver.has_native(&ty)
    }

    /// The value gets to a second place.
    fn stored(&mut self, e: &Expr) {
        let ty = self.ty(e);
        match &e.kind {
            ExprKind::Local(var) => {
                if !self.uses.is_moved(*var) {
                    self.state.solver.hold(self.state.vars[*var]);
                }
            }
            // A container is one in both places. What is Python's may still be made of what is not.
            _ if !is_native(&ty) && !is_of_python(&ty) => {}
            ExprKind::Index { base, .. } => {
                let of = self.ty(base);
                match of.members().iter().any(is_native) {
                    true => self.stored(base),
                    false => {
                        self.state.solver.inside(&of).into_iter().for_each(|v| self.state.solver.hold(v))
                    }
                }
            }
            // Python's objects have Python's tuples.
            ExprKind::Method { name, args, .. } if args.is_empty() && name.starts_with("attribute ") => {
                let attribute = name.trim_start_matches("attribute ");
                let known = self.state.attributes.iter().filter(|(key, _)| key.2 == attribute);
                let places: Vec<VarId> = known.map(|(_, var)| *var).collect();
                places.into_iter().for_each(|var| self.state.solver.hold(var));
            }
            ExprKind::If { body, orelse, .. } => [body, orelse].into_iter().for_each(|e| self.stored(e)),
            ExprKind::Bool2 { left, right, .. } => [left, right].into_iter().for_each(|e| self.stored(e)),
            ExprKind::Named { var, value } => {
                self.state.solver.hold(self.state.vars[*var]);
                self.stored(value);
            }
            ExprKind::Narrow { body, .. } => self.stored(body),
            ExprKind::Out(value) => self.stored(value),
            ExprKind::Tuple(items) => items.iter().for_each(|e| self.stored(e)),
            _ if is_new(e) => {}
            _ => self.copied(e),
        }
    }

    /// A value that is made of others' elements.
    fn copied(&mut self, e: &Expr) {
        if !self.is_concerned(e) {
            return;
        }
        if self.goes_without(e) {
            return;
        }
        match &e.kind {
            ExprKind::Comp(comp) => self.copied_by(comp),
            // What the function returns is new, or has been held there.
            _ if (self.gives)(e.id).is_some() => {}
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Dict(_) => {}
            _ => {
                // What is repeated is in several places, also if it is made for that.
                let repeats = matches!(e.kind, ExprKind::Binary { op: BinOp::Mult, .. });
                let all = repeats || is_of_python(&self.ty(e));
                Sources { finder: self, all }.of(e);
            }
        }
    }

    fn copied_by(&mut self, comp: &Comp) {
        self.stored(&comp.element);
        comp.value.iter().for_each(|e| self.stored(e));
    }

    /// Only the items of a tuple go anywhere, which is not among them. True if that is all there is to it.
    fn goes_without(&mut self, e: &Expr) -> bool {
        let ty = self.ty(e);
        let goes = matches!(&ty, Ty::Tuple(items, _) if !items.iter().any(is_native))
            && matches!(e.kind, ExprKind::Local(_) | ExprKind::Index { .. });
        if goes {
            self.state.solver.hold_inside(&ty);
        }
        goes
    }

    /// What a loop goes through is read whole.
    fn gone_through(&mut self, iter: &Iter) {
        match &iter.kind {
            IterKind::Comp(comp) => self.copied_by(comp),
            IterKind::Expr(e) if self.goes_without(e) => {}
            kind => {
                // Some give what they are given more than once.
                let all = matches!(kind, IterKind::Tool { .. });
                visit::walk_iter(&mut Sources { finder: self, all }, iter);
            }
        }
    }

    /// Does Python have one of what is bound?
    fn is_held(&self, target: &Target) -> bool {
        match &target.kind {
            TargetKind::Var(var) => is_of_python(&self.state.solver.get(self.state.vars[*var])),
            TargetKind::Tuple(items) => items.iter().any(|t| self.is_held(t)),
            TargetKind::Starred { before, star, after } => {
                before.iter().chain(after).any(|t| self.is_held(t)) || self.is_held(star)
            }
            _ => false,
        }
    }

    fn assigned(&mut self, target: &Target, value: &Expr) {
        match (&target.kind, &value.kind) {
            (TargetKind::Tuple(targets), ExprKind::Tuple(values)) if targets.len() == values.len() => {
                targets.iter().zip(values).for_each(|(target, value)| self.assigned(target, value));
            }
            (TargetKind::Var(_) | TargetKind::Tuple(_) | TargetKind::Starred { .. }, _) => {
                if self.is_held(target) {
                    self.stored(value);
                }
            }
            (TargetKind::Index { index, .. }, _) => {
                self.stored(index);
                self.stored(value);
            }
            (TargetKind::Attr { .. } | TargetKind::Global(_) | TargetKind::Slice { .. }, _) => {
                self.stored(value)
            }
        }
    }

    fn generator(&mut self, generator: &Generator) {
        if self.is_held(&generator.target) {
            self.gone_through(&generator.iter);
        }
    }
}

impl<'h> Visit<'h> for Finder<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|target| self.assigned(target, value));
                // Each of several targets has it.
                if targets.len() > 1 {
                    self.stored(value);
                    self.state.solver.hold(self.state.nodes[value.id]);
                }
            }
            StmtKind::AugAssign { value, .. } => {
                self.stored(value);
                self.copied(value);
            }
            StmtKind::For { target, iter, .. } if self.is_held(target) => self.gone_through(iter),
            StmtKind::Return(Some(value)) => self.stored(value),
            _ => {}
        }
        // A loop over what is made for it alone only goes through it.
        if let StmtKind::For { iter: Iter { kind: IterKind::Expr(e), .. }, target, body, orelse } = &stmt.kind
        {
            walk_expr(self, e);
            self.target(target);
            self.block(body);
            self.block(orelse);
            return;
        }
        walk_stmt(self, stmt);
    }

    fn comp(&mut self, comp: &'h Comp) {
        comp.generators.iter().for_each(|g| self.generator(g));
        if !matches!(
            comp.kind,
            CompKind::Sum | CompKind::Any | CompKind::All | CompKind::Min | CompKind::Max | CompKind::First
        ) {
            self.copied_by(comp);
        }
        if let (CompKind::Extend | CompKind::Update, Some(source)) = (comp.kind, comp.source()) {
            self.copied(source);
        }
        // The one value of all keys.
        if let (CompKind::Dict, Some(value)) = (comp.kind, &comp.extra) {
            Sources { finder: self, all: true }.of(value);
        }
        walk_comp(self, comp);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|e| self.stored(e)),
            ExprKind::Named { var, value } if is_of_python(&self.state.solver.get(self.state.vars[*var])) => {
                self.stored(value);
            }
            ExprKind::Build { parts, .. } | ExprKind::Set { parts, .. } => {
                for part in parts {
                    match part {
                        Part::Item(e) => self.stored(e),
                        Part::Star(iter) => self.gone_through(iter),
                    }
                }
            }
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    match key {
                        Some(key) => [key, value].into_iter().for_each(|e| self.stored(e)),
                        None => self.copied(value),
                    }
                }
            }
            ExprKind::Function { captures, .. } => captures.iter().for_each(|e| self.stored(e)),
            ExprKind::Suspend { items, .. } => items.iter().for_each(|e| self.stored(e)),
            ExprKind::Yield { value, .. } => self.stored(value),
            ExprKind::HandOut { args, keywords, .. } => {
                args.iter().for_each(|(e, _)| self.stored(e));
                keywords.iter().for_each(|(_, e)| self.stored(e));
            }
            ExprKind::Method { name, .. } if LOOKS.contains(&name.as_str()) => {}
            ExprKind::Method { args, keywords, .. }
            | ExprKind::ModuleCall { args, keywords, .. }
            | ExprKind::Call { args, keywords, .. } => {
                // Builtins show what they keep in their value.
                let keeps = match (&e.kind, (self.gives)(e.id)) {
                    (_, Some(gives)) => gives,
                    (ExprKind::Call { .. }, None) => !is_free(&self.ty(e)),
                    (ExprKind::Method { name, .. }, None) if TAKING.contains(&name.as_str()) => false,
                    _ => true,
                };
                if keeps {
                    let all = args.iter().chain(keywords.iter().map(|(_, e)| e));
                    all.for_each(|e| self.stored(e));
                }
                // Several in a list of their own.
                if let ExprKind::Method { name, .. } = &e.kind
                    && TAKING.contains(&name.as_str())
                {
                    args.iter().for_each(|e| self.copied(e));
                }
            }
            ExprKind::CallNested { args, .. }
            | ExprKind::CallValue { args, .. }
            | ExprKind::Special { operands: args, .. }
                if (self.gives)(e.id) != Some(false) =>
            {
                args.iter().for_each(|e| self.stored(e));
            }
            _ => {}
        }
        // A new container with the elements of another.
        if self.state.solver.has_native(&self.ty(e)) {
            let copies = matches!(
                e.kind,
                ExprKind::Slice { .. }
                    | ExprKind::Binary { .. }
                    | ExprKind::InPlace { .. }
                    | ExprKind::Call { .. }
                    | ExprKind::ModuleCall { .. }
                    | ExprKind::Method { .. }
            );
            if copies {
                self.copied(e);
            }
        }
        walk_expr(self, e);
    }

    fn narrows(&mut self, narrows: &'h [hir::Narrow]) {
        for n in narrows {
            if is_of_python(&self.state.solver.get(self.state.vars[n.to])) {
                self.state.solver.hold(self.state.vars[n.from]);
            }
        }
    }
}

/// All places that an expression reads from.
struct Sources<'f, 's> {
    finder: &'f mut Finder<'s>,
    /// Also what is made in the expression: its tuples get among Python's.
    all: bool,
}

impl Sources<'_, '_> {
    fn of(&mut self, e: &Expr) {
        let ty = self.finder.ty(e);
        if matches!(e.kind, ExprKind::Local(_) | ExprKind::Index { .. }) {
            if is_native(&ty) {
                self.finder.stored(e);
            }
            self.finder.state.solver.hold_inside(&ty);
            return;
        }
        if self.all {
            self.finder.state.solver.hold(self.finder.state.nodes[e.id]);
            self.finder.state.solver.hold_inside(&ty);
        }
        walk_expr(self, e);
    }
}

impl<'h> Visit<'h> for Sources<'_, '_> {
    fn expr(&mut self, e: &'h Expr) {
        self.of(e);
    }
}
