//! Lists that a function only fills, and returns.
//!
//! What they hold would be made natively first, and all of it once more at the end, as objects: for that moment it stands in
//! memory twice. Where elements are objects of some size anyway, texts and tuples with texts, they are made when they are
//! appended: the list is Python's from the start. Numbers stay native: a list of them becomes Python's where it is, and
//! several threads can fill it. So does what other hotspots may call for: they would go through objects.

mod grouped;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::solver::Ty;
use super::{FuncRef, Program};
use crate::ast::{Expr as AExpr, ExprKind as A, FunctionDef};
use crate::hir::visit::{self, Visit};
use crate::hir::{
    Comp, CompKind, Expr, ExprKind, Function, NodeId, Stmt, StmtKind, Target, TargetKind, UnaryOp, VarId,
};
use crate::lower::segments::locals_of;
use crate::walk;

/// Lists that are only filled, and leave.
pub(super) struct Built {
    /// Variables to whose lists is appended, and which are returned or put into such a list.
    pub vars: BTreeSet<VarId>,
    /// Comprehensions that are returned.
    pub comps: BTreeSet<NodeId>,
}

impl Built {
    pub(super) fn is_empty(&self) -> bool {
        self.vars.is_empty() && self.comps.is_empty()
    }
}

pub(super) fn built(function: &Function) -> Built {
    let mut found = Uses::default();
    found.block(&function.body);
    let plain = |var: &VarId| {
        let known = &function.vars[*var];
        !known.cell && function.params.iter().all(|p| p.var != *var)
    };
    let mut built: BTreeSet<VarId> = found.begun.into_iter().filter(plain).collect();
    built.retain(|var| found.filled.contains(var) && !found.seen.contains(var));
    // What stands in a list that is native after all is so as well.
    let mut leaves: BTreeSet<VarId> = found.returned.intersection(&built).copied().collect();
    loop {
        let more: Vec<VarId> = built
            .iter()
            .filter(|var| !leaves.contains(var))
            .filter(|var| found.put.get(var).is_some_and(|lists| lists.is_subset(&leaves)))
            .copied()
            .collect();
        if more.is_empty() {
            return Built { vars: leaves, comps: found.comps };
        }
        leaves.extend(more);
    }
}

/// Functions that hotspots, and what those call, may mean by their names, once somebody has asked.
pub(super) type Called = Option<BTreeSet<String>>;

/// Attributes of which `id(….name)` stands anywhere in the text of the modules, once somebody has asked.
pub type Identified = OnceLock<BTreeSet<String>>;

impl Program<'_> {
    /// May native code call the function, and then go through what it returns? By its name alone.
    pub(super) fn is_called(&mut self, func: &FuncRef) -> bool {
        if self.called.is_none() {
            self.called = Some(self.names_called());
        }
        let name = func.qualname.rsplit('.').next().unwrap_or_default();
        self.called.as_ref().is_some_and(|called| called.contains(name))
    }

    /// Does the project ask which object stands in attributes of that name? Numbers that native code stores are others than
    /// those that it was given.
    pub(super) fn is_identified(&self, attribute: &str) -> bool {
        self.modules.identified().get_or_init(|| self.attributes_identified()).contains(attribute)
    }

    fn attributes_identified(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut names = self.modules.names();
        names.retain(|name| self.modules.mentions(name, "id("));
        for (_, env) in names.into_iter().filter_map(|name| self.modules.module(name)) {
            if env.bindings.contains_key("id") {
                continue;
            }
            let means_builtin = |def: &&FunctionDef| {
                let named = def.params.in_frame_order().any(|param| param.name == "id");
                !named && !locals_of(def).contains("id")
            };
            let mut note = |e: &AExpr| {
                if let A::Call { func, args, .. } = &e.kind
                    && matches!(&func.kind, A::Name(name) if name == "id")
                    && let [AExpr { kind: A::Attribute { name, .. }, .. }] = args.as_slice()
                {
                    found.insert(name.clone());
                }
            };
            let functions = env.functions.iter().map(|(_, def)| def).filter(means_builtin);
            functions.for_each(|def| walk::expressions(&def.body, &mut note));
            // What stands around them.
            let classes = env.all_classes.values().map(|class| &class.body);
            classes.chain([&env.values]).for_each(|body| walk::own_expressions(body, &mut note));
        }
        found
    }

    /// What hotspots call, and functions of their modules that they call.
    fn names_called(&self) -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        let mut open: Vec<FuncRef> = self.hints.keys().cloned().collect();
        let mut seen: BTreeSet<FuncRef> = open.iter().cloned().collect();
        while let Some(func) = open.pop() {
            let Some((_, env)) = self.modules.module(&func.module) else { continue };
            let Some(def) = env.function(&func.qualname) else { continue };
            walk::expressions(&def.body, &mut |e| {
                let A::Call { func: callee, .. } = &e.kind else { return };
                match &callee.kind {
                    A::Name(name) => {
                        called.insert(name.clone());
                        let next = FuncRef { module: func.module.clone(), qualname: name.clone() };
                        if env.function(name).is_some() && seen.insert(next.clone()) {
                            open.push(next);
                        }
                    }
                    A::Attribute { name, .. } => _ = called.insert(name.clone()),
                    _ => {}
                }
            });
        }
        called
    }
}

#[derive(Default)]
struct Uses {
    /// Assigned a new empty list.
    begun: BTreeSet<VarId>,
    /// Something is appended in a loop.
    filled: BTreeSet<VarId>,
    /// The lists it is put into.
    put: BTreeMap<VarId, BTreeSet<VarId>>,
    returned: BTreeSet<VarId>,
    comps: BTreeSet<NodeId>,
    /// Used in any other way.
    seen: BTreeSet<VarId>,
    loops: usize,
}

impl Uses {
    /// What leaves the function with the value.
    fn leaves(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Local(var) => {
                self.returned.insert(*var);
            }
            ExprKind::Tuple(items) => items.iter().for_each(|item| self.leaves(item)),
            ExprKind::Out(value) => self.leaves(value),
            ExprKind::Comp(comp) if is_list(comp) => {
                self.comps.insert(e.id);
                self.expr(e);
            }
            _ => self.expr(e),
        }
    }
}

/// A look at what a function does with lists that it fills.
trait Fills<'h>: Visit<'h> {
    /// The loops around the statement.
    fn loops(&mut self) -> &mut usize;

    /// A place that does not look at the elements of a list that comes there.
    fn passes(&mut self, e: &'h Expr);

    /// Only asked whether there is anything in it.
    fn tests(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.tests(operand),
            _ => self.passes(e),
        }
    }

    /// A statement that is no other than elsewhere.
    fn goes_on(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::If { test, body, orelse } => {
                self.tests(test);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::While { .. } | StmtKind::For { .. } => {
                *self.loops() += 1;
                visit::walk_stmt(self, stmt);
                *self.loops() -= 1;
            }
            _ => visit::walk_stmt(self, stmt),
        }
    }
}

impl<'h> Fills<'h> for Uses {
    fn loops(&mut self) -> &mut usize {
        &mut self.loops
    }

    fn passes(&mut self, e: &'h Expr) {
        if !matches!(e.kind, ExprKind::Local(_)) {
            self.expr(e);
        }
    }
}

/// `[x for …]`, as it is written.
fn is_list(comp: &Comp) -> bool {
    comp.kind == CompKind::List && comp.extra.is_none() && comp.source().is_none()
}

/// `list.append(item)` on a variable.
fn appended(e: &Expr) -> Option<(VarId, &Expr)> {
    let ExprKind::Method { base, name, args, keywords } = &e.kind else { return None };
    match (&base.kind, name.as_str(), args.as_slice()) {
        (ExprKind::Local(var), "append", [item]) if keywords.is_empty() => Some((*var, item)),
        _ => None,
    }
}

impl<'h> Visit<'h> for Uses {
    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                let made = match &value.kind {
                    ExprKind::List(_) => true,
                    ExprKind::Comp(comp) => is_list(comp),
                    _ => false,
                };
                match targets.as_slice() {
                    [Target { kind: TargetKind::Var(var), .. }] if made => {
                        self.begun.insert(*var);
                        if !matches!(value.kind, ExprKind::List(_)) {
                            self.filled.insert(*var);
                        }
                    }
                    targets => targets.iter().for_each(|t| self.target(t)),
                }
            }
            StmtKind::Expr(e) if appended(e).is_some() => {
                let Some((list, item)) = appended(e) else { return };
                if self.loops > 0 {
                    self.filled.insert(list);
                }
                match item.kind {
                    ExprKind::Local(var) => _ = self.put.entry(var).or_default().insert(list),
                    _ => self.expr(item),
                }
            }
            StmtKind::Return(Some(e)) => self.leaves(e),
            _ => self.goes_on(stmt),
        }
    }

    fn read(&mut self, _: usize, var: &'h VarId) {
        self.seen.insert(*var);
    }

    fn define(&mut self, _: usize, var: &'h VarId) {
        self.seen.insert(*var);
    }
}

/// Are elements of the type objects of some size, which nothing native is kept of?
pub(super) fn is_apart(ty: &Ty, is_outside: &dyn Fn(&Ty) -> bool) -> bool {
    let flat = |ty: &Ty| *ty == Ty::Char || ty.is_flat() || is_outside(ty);
    let mut large = false;
    let fits = ty.members().iter().all(|member| match member {
        Ty::Tuple(items, _) => {
            let number = |m: &Ty| matches!(m, Ty::Bool | Ty::Int | Ty::Float);
            large |= items.iter().any(|item| !item.members().iter().all(number));
            items.iter().all(|item| item.members().iter().all(flat))
        }
        Ty::Str | Ty::Bytes => {
            large = true;
            true
        }
        Ty::List(_) => {
            large = true;
            is_outside(member)
        }
        member => flat(member),
    });
    large && fits
}
