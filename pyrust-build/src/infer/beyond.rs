//! Arithmetic that may leave 64 bits though its operands are small: powers, shifts, products that grow in a loop, and sums
//! that double; and numbers that texts spell, where the text is put together or the number divided. A second form of a
//! function ([`EVERYTHING`]) does it on ints of any size, and reads such from globals and attributes; calls in which a word
//! was too small are asked of that form.

use std::collections::{BTreeMap, BTreeSet};

use super::ranges::{Given, Ranges};
use super::slice::{EVERYTHING, Wide};
use super::{FuncRef, Guard, Instance, Program};
use crate::hir::visit::{self, Visit};
use crate::hir::*;
use crate::resolve::Binding;
use crate::ty::Type;

/// Is it what the second form asks of what it calls?
pub(super) fn is_everything(wide: Wide) -> bool {
    wide & EVERYTHING != 0
}

/// Words as ints of any size.
pub(super) fn of_any_size(ty: &Type) -> Type {
    match ty {
        Type::Int => Type::Big,
        Type::Union(members) => {
            members.iter().map(of_any_size).fold(Type::Never, |all, ty| Type::join(&all, &ty))
        }
        other => other.clone(),
    }
}

/// The operations that can take small numbers beyond 64 bits.
pub(super) fn growing(function: &Function) -> BTreeSet<NodeId> {
    let mut growing = Growing::of(function);
    growing.nodes.append(&mut growing.of_attributes);
    growing.nodes
}

#[derive(Default)]
struct Growing {
    nodes: BTreeSet<NodeId>,
    /// Products of two attributes: they grow where they go into attributes again (`Rational(a.num * b.num, …)`).
    of_attributes: BTreeSet<NodeId>,
    loops: usize,
    /// What is assigned by the statement at hand.
    assigned: Vec<VarId>,
    turns: Turns,
    spelled: Spelled,
}

impl Growing {
    fn of(function: &Function) -> Growing {
        let mut growing = Growing::default();
        growing.block(&function.body);
        growing.nodes.extend(growing.turns.doubling());
        growing.nodes.extend(growing.spelled.long());
        growing
    }

    fn grows(&self, op: BinOp, left: &Expr, right: &Expr) -> bool {
        let small = |e: &Expr| matches!(e.kind, ExprKind::Int(_) | ExprKind::Bool(_));
        let again = |e: &Expr| matches!(&e.kind, ExprKind::Local(var) if self.loops > 0 && self.assigned.contains(var));
        match op {
            BinOp::Pow | BinOp::LShift => !small(right) || again(left),
            BinOp::Mult => again(left) || again(right),
            _ => false,
        }
    }
}

impl<'h> Visit<'h> for Growing {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::For { .. } | StmtKind::While { .. } => {
                self.loops += 1;
                visit::walk_stmt(self, stmt);
                self.loops -= 1;
            }
            StmtKind::Assign { targets, value } => {
                if self.loops > 0 {
                    targets.iter().for_each(|target| self.turns.assigned(target, value));
                }
                targets.iter().for_each(|target| self.spelled.assigned(target, value));
                let before = std::mem::take(&mut self.assigned);
                for target in targets {
                    names(target, &mut self.assigned);
                }
                visit::walk_stmt(self, stmt);
                self.assigned = before;
            }
            StmtKind::AugAssign { op: BinOp::Mult | BinOp::Pow | BinOp::LShift, id, .. } => {
                self.nodes.insert(*id);
                visit::walk_stmt(self, stmt);
            }
            _ => visit::walk_stmt(self, stmt),
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        self.spelled.expr(e);
        match &e.kind {
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }
                if self.grows(*op, left, right) =>
            {
                self.nodes.insert(e.id);
            }
            ExprKind::Call { name, .. } if name == "pow" => {
                self.nodes.insert(e.id);
            }
            ExprKind::Binary { op: BinOp::Mult, left, right }
                if is_attribute(left) && is_attribute(right) =>
            {
                self.of_attributes.insert(e.id);
            }
            // `int.from_bytes(data[i:i + 8], "little")`
            ExprKind::Method { base, name, .. } if name.starts_with("to int") && !is_short(base) => {
                self.nodes.insert(e.id);
            }
            ExprKind::ModuleCall { name, .. }
                if matches!(name.as_str(), "factorial" | "comb" | "perm" | "lcm" | "prod") =>
            {
                self.nodes.insert(e.id);
            }
            _ => {}
        }
        visit::walk_expr(self, e);
    }
}

fn is_attribute(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Method { name, .. } if name.starts_with("attribute "))
}

/// What loops add up and hand on: a sum doubles with each turn or two if both of what is added were that sum before, as in
/// `a, b = b, a + b`.
#[derive(Default)]
struct Turns {
    /// Variables with one that they are made of: it alone, or it and another added up.
    from: BTreeMap<VarId, Vec<VarId>>,
    sums: Vec<(VarId, NodeId, [VarId; 2])>,
}

impl Turns {
    fn assigned(&mut self, target: &Target, value: &Expr) {
        match (&target.kind, &value.kind) {
            (TargetKind::Tuple(targets), ExprKind::Tuple(values)) if targets.len() == values.len() => {
                targets.iter().zip(values).for_each(|(target, value)| self.assigned(target, value));
            }
            (TargetKind::Var(var), ExprKind::Local(source)) => {
                self.from.entry(*var).or_default().push(*source)
            }
            (
                TargetKind::Var(var),
                ExprKind::Binary { op: BinOp::Add, left, right }
                | ExprKind::InPlace { op: BinOp::Add, left, right },
            ) => {
                if let (ExprKind::Local(left), ExprKind::Local(right)) = (&left.kind, &right.kind) {
                    self.from.entry(*var).or_default().extend([*left, *right]);
                    self.sums.push((*var, value.id, [*left, *right]));
                }
            }
            _ => {}
        }
    }

    fn doubling(&self) -> impl Iterator<Item = NodeId> + '_ {
        let both = |(var, _, added): &&(VarId, NodeId, [VarId; 2])| added.iter().all(|x| self.was(*x, *var));
        self.sums.iter().filter(both).map(|(_, id, _)| *id)
    }

    /// Can the first have been the other before?
    fn was(&self, var: VarId, other: VarId) -> bool {
        let (mut seen, mut todo) = (BTreeSet::from([var]), vec![var]);
        while let Some(at) = todo.pop() {
            let sources = self.from.get(&at).into_iter().flatten().copied();
            todo.extend(sources.filter(|source| seen.insert(*source)));
        }
        seen.contains(&other)
    }
}

/// `int(text)` of digits that the function puts together, or that it divides: check digits are computed so, of account
/// numbers that have more digits than a word.
#[derive(Default)]
struct Spelled {
    /// Variables that are texts which were put together.
    made: BTreeSet<VarId>,
    /// Variables that are numbers which texts spell, with the calls.
    numbers: BTreeMap<VarId, Vec<NodeId>>,
    /// Calls whose number is long if any is.
    found: Vec<NodeId>,
    /// Variables that are divided.
    divided: BTreeSet<VarId>,
}

impl Spelled {
    fn assigned(&mut self, target: &Target, value: &Expr) {
        let TargetKind::Var(var) = &target.kind else { return };
        if spelled(value).is_some() {
            self.numbers.entry(*var).or_default().push(value.id);
        } else if puts_together(value) {
            self.made.insert(*var);
        }
    }

    fn expr(&mut self, e: &Expr) {
        if let Some(text) = spelled(e)
            && (puts_together(text) || matches!(&text.kind, ExprKind::Local(var) if self.made.contains(var)))
        {
            self.found.push(e.id);
        }
        let divided = match &e.kind {
            ExprKind::Binary { op: BinOp::Mod | BinOp::FloorDiv, left, .. } => left,
            ExprKind::Call { name, args, .. } if name == "divmod" && !args.is_empty() => &args[0],
            _ => return,
        };
        match &divided.kind {
            ExprKind::Local(var) => _ = self.divided.insert(*var),
            _ if spelled(divided).is_some() => self.found.push(divided.id),
            _ => {}
        }
    }

    fn long(&self) -> impl Iterator<Item = NodeId> + '_ {
        let divided = self.divided.iter().filter_map(|var| self.numbers.get(var)).flatten();
        self.found.iter().chain(divided).copied()
    }
}

/// The text of `int(text)`, if it is more than a piece of one.
fn spelled(e: &Expr) -> Option<&Expr> {
    match &e.kind {
        ExprKind::Call { name, args, .. } if name == "int" && args.len() == 1 => {
            let piece = matches!(args[0].kind, ExprKind::Index { .. }) || is_short(&args[0]);
            (!piece).then_some(&args[0])
        }
        _ => None,
    }
}

fn puts_together(text: &Expr) -> bool {
    match &text.kind {
        ExprKind::Method { name, .. } => name == "join",
        ExprKind::Binary { op: BinOp::Add | BinOp::Mult, .. } => true,
        _ => false,
    }
}

/// Is it `data[i:i + 4]`, or another slice of fewer bytes than a word has?
fn is_short(bytes: &Expr) -> bool {
    let ExprKind::Slice { lower, upper: Some(upper), step: None, .. } = &bytes.kind else { return false };
    let count = match (lower.as_deref().map(|e| &e.kind), &upper.kind) {
        (None, ExprKind::Int(to)) => *to,
        (Some(ExprKind::Int(from)), ExprKind::Int(to)) if *from >= 0 => to.saturating_sub(*from),
        (Some(ExprKind::Local(from)), ExprKind::Binary { op: BinOp::Add, left, right }) => {
            match (&left.kind, &right.kind) {
                (ExprKind::Local(again), ExprKind::Int(count)) if again == from => *count,
                _ => return false,
            }
        }
        _ => return false,
    };
    (0..size_of::<i64>() as i64).contains(&count)
}

fn names(target: &Target, into: &mut Vec<VarId>) {
    match &target.kind {
        TargetKind::Var(var) => into.push(*var),
        TargetKind::Tuple(items) => items.iter().for_each(|item| names(item, into)),
        _ => {}
    }
}

/// Looks for an operation that cannot be bounded.
struct Bounds<'i> {
    instance: &'i Instance,
    ranges: Ranges,
    growing: BTreeSet<NodeId>,
    found: bool,
}

impl<'h> Visit<'h> for Bounds<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        if let StmtKind::AugAssign { target, id, .. } = &stmt.kind {
            let word = self.instance.nodes.get(target.id).is_some_and(|ty| ty.members().contains(&Type::Int));
            self.found |= word && self.growing.contains(id);
        }
        visit::walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &'h Expr) {
        let nodes = &self.instance.nodes;
        let word = nodes.get(e.id).is_some_and(|ty| ty.members().contains(&Type::Int));
        let spells = spelled(e).is_none_or(|text| nodes.get(text.id) == Some(&Type::Str));
        self.found |= word
            && spells
            && self.growing.contains(&e.id)
            && !self.instance.wide.contains(&e.id)
            && !self.ranges.stays(e, nodes);
        visit::walk_expr(self, e);
    }
}

impl Program<'_> {
    /// Can an int of what the instance runs leave 64 bits without large arguments?
    pub fn may_leave_words(&mut self, root: usize) -> bool {
        self.reachable(root).into_iter().any(|i| self.grows(i) || self.reads_computed(i))
    }

    fn grows(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        let mut found = Growing::of(&instance.hir);
        if !found.of_attributes.is_empty() && self.is_seen_large(&instance.func) {
            found.nodes.append(&mut found.of_attributes);
        }
        let growing = found.nodes;
        if growing.is_empty() {
            return false;
        }
        let other = |name: &str| self.binding(&instance.func.module, name).is_some();
        let ranges = Ranges::of(
            &instance.hir,
            &instance.vars,
            &instance.nodes,
            &Given {
                is_other: &other,
                params: &BTreeMap::new(),
                calls: &BTreeMap::new(),
                words: &BTreeMap::new(),
            },
        );
        let mut bounds = Bounds { instance, ranges, growing, found: false };
        bounds.block(&instance.hir.body);
        bounds.found
    }

    /// Was a method of the class recorded with an int beyond 64 bits?
    fn is_seen_large(&self, func: &FuncRef) -> bool {
        let Some((class, _)) = func.qualname.rsplit_once('.') else { return false };
        let of_class = |other: &FuncRef| {
            other.module == func.module && other.qualname.rsplit_once('.').is_some_and(|(c, _)| c == class)
        };
        let large = |ty: &Type| ty.members().contains(&Type::Big);
        let params =
            self.hints.iter().filter(|(func, _)| of_class(func)).flat_map(|(_, all)| all.iter().flatten());
        let results = self.results.iter().filter(|(func, _)| of_class(func)).flat_map(|(_, all)| all);
        params.chain(results).any(large)
    }

    /// Does it read a global word that calls of the module's text make, or that it computes?
    fn reads_computed(&mut self, index: usize) -> bool {
        let instance = &self.instances[index];
        let module = instance.func.module.clone();
        let names: Vec<String> = instance
            .guards
            .iter()
            .filter_map(|guard| match guard {
                Guard::Value(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        names.into_iter().any(|name| {
            if self.value_type(&module, &name) != Type::Int {
                return false;
            }
            let Some((home, Binding::Value(_))) = self.binding(&module, &name) else { return false };
            let own = self.name_in(&module, &home, &name);
            let value = FuncRef { module: home, qualname: format!("<{own}>") };
            let Some(Ok(hir)) = self.lowered.get(&value) else { return false };
            let mut calls = Calls(false);
            calls.block(&hir.body);
            calls.0
        })
    }
}

/// Looks for a call whose result may be of any size.
struct Calls(bool);

impl<'h> Visit<'h> for Calls {
    fn expr(&mut self, e: &'h Expr) {
        self.0 |= match &e.kind {
            ExprKind::Call { name, .. } => !matches!(name.as_str(), "len" | "ord"),
            ExprKind::Binary { op, right, .. } => {
                matches!(op, BinOp::Pow | BinOp::LShift) && !matches!(right.kind, ExprKind::Int(_))
            }
            _ => false,
        };
        visit::walk_expr(self, e);
    }
}
