//! Do the turns of a loop know nothing of each other? What `parallel` has to know of a loop, found by going through it, and
//! through the functions that its turns call.

use std::collections::{BTreeMap, BTreeSet};

use super::constants;
use super::dense::is_number;
use super::pieces::appended;
use crate::hir::{
    BinOp, Comp, CompKind, Expr, ExprKind, Function, Iter, IterKind, Keep, Stmt, StmtKind, Target,
    TargetKind, VarId,
};
use crate::infer::{Instance, Program};
use crate::numpy::Dtype;
use crate::ty::Type;

/// Functions of `math` that are arithmetic on machine numbers, or the C library's: none asks CPython (`gamma` does), which
/// only the thread may that holds the GIL.
pub(super) const PURE: [&str; 33] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "copysign", "cos", "cosh", "degrees",
    "erf", "erfc", "exp", "expm1", "fabs", "floor", "fmod", "isfinite", "isinf", "isnan", "log", "log10",
    "log1p", "log2", "pow", "radians", "sin", "sinh", "sqrt", "tan", "tanh",
];

/// Where an element of an array is read or stored.
pub(super) struct Place {
    pub(super) is_stored: bool,
    /// Parts of the index that are the number of the turn, and nothing added: below zero it would count from the end.
    turning: BTreeSet<usize>,
}

/// Is there a part of the index that is the number of the turn in all places?
pub(super) fn agree(places: &[Place]) -> bool {
    let Some((first, rest)) = places.split_first() else { return true };
    first.turning.iter().any(|at| rest.iter().all(|place| place.turning.contains(at)))
}

/// Numbers, several of them, and lists of Python's that are only read: nothing that has to be given back.
pub(super) fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Tuple { items, .. } => !ty.is_held() && items.iter().all(is_plain),
        Type::View(elem) => is_plain(elem),
        ty => is_number(ty),
    }
}

/// A list that one thread can make.
pub(super) fn is_made(ty: &Type) -> bool {
    matches!(ty, Type::List { elem, in_place: false } if is_plain(elem) || is_made(elem))
}

/// Looks through the turns of a loop, or through a function that they call.
pub(super) struct Look<'l, 'a> {
    program: &'l Program<'a>,
    instance: &'l Instance,
    hir: &'l Function,
    /// Globals are read before the body.
    hoists: bool,
    /// The variable that is the number of the turn.
    pub(super) turn: Option<VarId>,
    /// Of a function that turns call, everything belongs to one turn.
    is_function: bool,
    /// What a turn assigns.
    pub(super) assigned: BTreeSet<VarId>,
    /// What has been assigned in each turn that gets here; none where no turn does.
    defined: Option<BTreeSet<VarId>>,
    /// Loops around.
    depth: usize,
    /// Ints and floats that are added to, and variables that are assigned otherwise.
    pub(super) sums: BTreeSet<VarId>,
    pub(super) terms: BTreeSet<VarId>,
    pub(super) plain: BTreeSet<VarId>,
    /// Numbers of the function around.
    pub(super) outer: BTreeSet<VarId>,
    /// Lists of the function around: those that are read, those that grow.
    pub(super) lists: BTreeSet<VarId>,
    pub(super) grown: BTreeSet<VarId>,
    pub(super) arrays: BTreeMap<VarId, Vec<Place>>,
    /// Functions that are being looked through.
    within: Vec<usize>,
}

impl<'l, 'a> Look<'l, 'a> {
    /// Nothing has been looked at yet. The turns assign that.
    pub(super) fn new(
        (program, hoists): (&'l Program<'a>, bool),
        (instance, hir): (&'l Instance, &'l Function),
        assigned: BTreeSet<VarId>,
    ) -> Look<'l, 'a> {
        Look {
            program,
            instance,
            hir,
            hoists,
            turn: None,
            is_function: false,
            assigned,
            defined: Some(BTreeSet::new()),
            depth: 0,
            sums: BTreeSet::new(),
            terms: BTreeSet::new(),
            plain: BTreeSet::new(),
            outer: BTreeSet::new(),
            lists: BTreeSet::new(),
            grown: BTreeSet::new(),
            arrays: BTreeMap::new(),
            within: Vec::new(),
        }
    }

    /// What the loop goes through is a range, or lists; and what it assigns with each turn.
    pub(super) fn head(&mut self, target: &Target, iter: &Iter) -> bool {
        self.turn = match (&iter.kind, &target.kind) {
            (IterKind::Range { step: None, .. }, TargetKind::Var(turn)) => Some(*turn),
            (IterKind::Enumerate { start: None, .. }, TargetKind::Tuple(items)) => match items.first() {
                Some(Target { kind: TargetKind::Var(turn), .. }) => Some(*turn),
                _ => None,
            },
            _ => None,
        };
        let goes = match &iter.kind {
            // Its ends are computed before.
            IterKind::Range { step: None, .. } => self.turn.is_some(),
            _ => self.is_counted(iter) && self.source(iter),
        };
        goes && self.target(target)
    }

    /// Is the element of each turn found by its number?
    fn is_counted(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Expr(e) => matches!(self.node(e), Type::View(_) | Type::List { .. }),
            IterKind::Enumerate { inner, start: None } => self.is_counted(inner),
            IterKind::Zip(items) => !items.is_empty() && items.iter().all(|item| self.is_counted(item)),
            _ => false,
        }
    }

    /// What a comprehension does with each turn of its only loop.
    pub(super) fn element_of(&mut self, comp: &Comp) -> bool {
        let ifs = comp.generators.iter().flat_map(|g| &g.ifs);
        ifs.into_iter().all(|test| self.number(test)) && self.element(&comp.element)
    }

    fn node(&self, e: &Expr) -> &Type {
        &self.instance.nodes[e.id]
    }

    pub(super) fn block(&mut self, body: &[Stmt]) -> bool {
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
                if let Some(fits) = self.adds(targets, value) {
                    return fits;
                }
                self.value(value) && targets.iter().all(|target| self.target(target))
            }
            StmtKind::Expr(e) => self.append(e),
            StmtKind::AugAssign { target, value, .. } => {
                let TargetKind::Index { base, index } = &target.kind else { return false };
                if self.is_list(base) {
                    return self.element_at(base, index) && self.number(value);
                }
                self.place(base, index, false) && self.number(value) && self.place(base, index, true)
            }
            StmtKind::If { test, body, orelse } => {
                if !self.number(test) {
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
                if !orelse.is_empty() || !self.number(test) {
                    return false;
                }
                self.depth += 1;
                let (fits, _) = self.perhaps(|look| look.block(body));
                self.depth -= 1;
                fits
            }
            StmtKind::For { target, iter, body, orelse } => {
                if !orelse.is_empty() || !self.source(iter) {
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
                let fits = self.is_function && value.as_ref().is_some_and(|value| self.expr(value));
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

    /// A statement adds to an int, or with each turn once to a float.
    fn adds(&mut self, targets: &[Target], value: &Expr) -> Option<bool> {
        let (var, more) = added(targets, value)?;
        // What the turn has assigned before is its own.
        if self.is_function || self.defined.as_ref().is_none_or(|defined| defined.contains(&var)) {
            return None;
        }
        match (self.node(value), self.node(more)) {
            (Type::Int, Type::Int | Type::Bool) => self.sums.insert(var),
            (Type::Float, Type::Float) if self.depth == 0 && is_term(var, value) => self.terms.insert(var),
            _ => return None,
        };
        Some(self.number(more))
    }

    /// `list.append(item)` of a list of the turn, or one that nobody reads meanwhile.
    fn append(&mut self, e: &Expr) -> bool {
        let Some((var, item)) = appended(e) else { return false };
        let hir = &self.hir.vars[var];
        if hir.cell || hir.maybe_unbound || !is_made(&self.instance.vars[var]) || !self.element(item) {
            return false;
        }
        if self.is_function || self.assigned.contains(&var) {
            return self.is_defined(var);
        }
        self.grown.insert(var);
        true
    }

    /// Has it been assigned in each turn that gets here? Where no turn does, nothing is read.
    fn is_defined(&self, var: VarId) -> bool {
        self.defined.as_ref().is_none_or(|defined| defined.contains(&var))
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
            TargetKind::Index { base, index } if self.is_list(base) => self.element_at(base, index),
            TargetKind::Index { base, index } => self.place(base, index, true),
            _ => false,
        }
    }

    fn is_list(&self, e: &Expr) -> bool {
        matches!(self.node(e), Type::List { .. })
    }

    /// An element of a list that the turn has made, to be stored to.
    fn element_at(&mut self, base: &Expr, index: &Expr) -> bool {
        let ExprKind::Local(var) = base.kind else { return false };
        let own = self.is_function || self.assigned.contains(&var);
        own && self.list(base) && self.number(index)
    }

    /// What a variable is assigned: numbers, several at once, or a list.
    fn value(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Tuple(items) => items.iter().all(|item| self.value(item)),
            _ => self.element(e),
        }
    }

    /// What a list may hold.
    fn element(&mut self, e: &Expr) -> bool {
        if self.is_list(e) { self.made(e) } else { self.expr(e) }
    }

    /// A list that nobody else has.
    fn made(&mut self, e: &Expr) -> bool {
        if !is_made(self.node(e)) {
            return false;
        }
        match &e.kind {
            ExprKind::Local(var) => {
                let hir = &self.hir.vars[*var];
                let own = self.is_function || self.assigned.contains(var);
                own && !hir.cell && !hir.maybe_unbound && self.is_defined(*var)
            }
            // One of constants may be made once for all.
            ExprKind::List(items) => {
                (items.is_empty() || !constants::is_constant(e))
                    && items.iter().all(|item| self.element(item))
            }
            ExprKind::Binary { op: BinOp::Mult, left, right } => match &left.kind {
                ExprKind::List(items) => match items.as_slice() {
                    [item] => !self.is_list(item) && self.expr(item) && self.number(right),
                    _ => false,
                },
                _ => false,
            },
            ExprKind::Comp(comp) => comp.kind == CompKind::List && self.comp(comp),
            _ => false,
        }
    }

    /// A list that is only read.
    fn list(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Local(var) => {
                let hir = &self.hir.vars[*var];
                let fits = match &self.instance.vars[*var] {
                    Type::View(elem) | Type::List { elem, in_place: false } => is_plain(elem),
                    _ => false,
                };
                if !fits || hir.cell || hir.maybe_unbound {
                    return false;
                }
                if self.is_function || self.assigned.contains(var) {
                    return self.is_defined(*var);
                }
                self.lists.insert(*var);
                true
            }
            ExprKind::Index { base, index } => {
                matches!(self.node(e), Type::View(_)) && self.list(base) && self.number(index)
            }
            _ => false,
        }
    }

    /// What a loop of the turn goes through.
    fn source(&mut self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                let ends = [start.as_deref(), Some(&**stop), step.as_deref()];
                ends.into_iter().flatten().all(|e| self.number(e))
            }
            IterKind::Expr(e) => match &e.kind {
                // Its elements are gone through where they stand.
                ExprKind::Tuple(items) => items.iter().all(|item| self.number(item)),
                _ => self.list(e),
            },
            IterKind::Enumerate { inner, start } => {
                self.source(inner) && start.as_ref().is_none_or(|e| self.number(e))
            }
            IterKind::Zip(items) => items.iter().all(|item| self.source(item)),
            _ => false,
        }
    }

    /// The loops of a comprehension within a turn.
    fn comp(&mut self, comp: &Comp) -> bool {
        if comp.value.is_some() || comp.extra.is_some() || comp.key.is_some() {
            return false;
        }
        self.depth += 1;
        let (fits, _) = self.perhaps(|look| {
            comp.generators.iter().all(|g| {
                look.source(&g.iter) && look.target(&g.target) && g.ifs.iter().all(|test| look.number(test))
            }) && look.element(&comp.element)
        });
        self.depth -= 1;
        fits
    }

    fn variable(&mut self, var: VarId) -> bool {
        let hir = &self.hir.vars[var];
        if hir.cell || hir.maybe_unbound || !is_plain(&self.instance.vars[var]) {
            return false;
        }
        if self.is_function || self.assigned.contains(&var) {
            return self.is_defined(var);
        }
        self.outer.insert(var);
        true
    }

    fn number(&mut self, e: &Expr) -> bool {
        is_number(self.node(e)) && self.expr(e)
    }

    fn expr(&mut self, e: &Expr) -> bool {
        if !is_plain(self.node(e)) {
            return false;
        }
        match &e.kind {
            ExprKind::Local(_) | ExprKind::Index { .. } if matches!(self.node(e), Type::View(_)) => {
                self.list(e)
            }
            ExprKind::Local(var) => self.variable(*var),
            ExprKind::Tuple(items) => items.iter().all(|item| self.expr(item)),
            ExprKind::Named { var, value } => {
                let fits = self.expr(value);
                self.define(*var);
                fits
            }
            ExprKind::If { test, body, orelse } => {
                self.number(test)
                    && self.perhaps(|look| look.expr(body)).0
                    && self.perhaps(|look| look.expr(orelse)).0
            }
            ExprKind::Index { base, index } => match (self.node(base), &base.kind) {
                (_, ExprKind::Method { base, name, .. }) if name == "attribute shape" => {
                    matches!(index.kind, ExprKind::Int(_)) && self.array(base)
                }
                (Type::Tuple { .. }, _) => matches!(index.kind, ExprKind::Int(_)) && self.expr(base),
                (Type::View(_) | Type::List { .. }, _) => self.list(base) && self.number(index),
                _ => self.place(base, index, false),
            },
            _ => is_number(self.node(e)) && self.computed(e),
        }
    }

    /// A number that is computed.
    fn computed(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) => true,
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                // Powers and shifts of ints may be large on the way.
                let float = matches!(self.node(e), Type::Float | Type::Numpy(Dtype::Float64));
                let plain = float || !matches!(op, BinOp::Pow | BinOp::LShift | BinOp::MatMult);
                plain && self.number(left) && self.number(right)
            }
            ExprKind::Compare { left, right, .. } => self.number(left) && self.number(right),
            ExprKind::Bool2 { left, right, .. } => {
                self.number(left) && self.perhaps(|look| look.number(right)).0
            }
            ExprKind::Unary { operand, .. } => self.number(operand),
            ExprKind::Comp(comp) => {
                use CompKind::{All, Any, Max, Min, Sum};
                matches!(comp.kind, Sum | Any | All | Min | Max) && self.comp(comp)
            }
            ExprKind::ModuleAttr { module, .. } => self.hoists && module == "math",
            ExprKind::Global(name) => {
                let module = &self.instance.func.module;
                self.hoists && !self.program.is_assigned(module, name)
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
                    && args.iter().all(|arg| self.number(arg))
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
            ("len", [e]) if matches!(self.node(e), Type::View(_) | Type::List { .. }) => self.list(e),
            ("len", [array]) => self.array(array),
            ("abs" | "bool" | "float" | "int", [_]) | ("max" | "min", [_, _, ..]) => {
                args.iter().all(|arg| self.number(arg))
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
            && !self.is_function
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
        if parts.len() != usize::from(dims)
            || !self.array(base)
            || !parts.iter().all(|part| self.number(part))
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
            || !is_plain(&instance.ret)
            || matches!(instance.ret, Type::View(_))
            || !instance.params.iter().all(is_plain)
            || crate::hir::can_fall_off(&hir.body)
        {
            return false;
        }
        let mut inside = Look::new((self.program, false), (instance, hir), BTreeSet::new());
        (inside.is_function, inside.defined) = (true, None);
        inside.within = self.within.clone();
        inside.within.push(callee);
        inside.block(&hir.body)
    }
}

/// The variable that the statement adds to, and what it adds.
pub(super) fn added<'h>(targets: &[Target], value: &'h Expr) -> Option<(VarId, &'h Expr)> {
    let [Target { kind: TargetKind::Var(var), .. }] = targets else { return None };
    let (ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }) = &value.kind else {
        return None;
    };
    let itself = |e: &Expr| matches!(e.kind, ExprKind::Local(v) if v == *var);
    match op {
        BinOp::Add | BinOp::Sub if itself(left) => Some((*var, right)),
        BinOp::Add if itself(right) => Some((*var, left)),
        _ => None,
    }
}

/// `var + …`: of two that are not a number the first one counts, and a difference has another sign.
pub(super) fn is_term(var: VarId, value: &Expr) -> bool {
    let (ExprKind::Binary { op, left, .. } | ExprKind::InPlace { op, left, .. }) = &value.kind else {
        return false;
    };
    *op == BinOp::Add && matches!(left.kind, ExprKind::Local(v) if v == var)
}
