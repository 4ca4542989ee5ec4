//! Instances that one variable of one function knows and nobody else: they need no memory of the transaction's but a place
//! among the function's own variables, which LLVM takes apart (escape analysis, scalar replacement).
//!
//! ```python
//! def machine(program):
//!     stack = Stack()           # stays: attributes and methods are asked of it, nothing else
//!     stack.push(1)
//! ```
//!
//! The place is filled anew each time the class is called, so nothing may know the instance before that by then: the
//! variable is all that knows it, and the new instance is made when the arguments have been evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{File, Func};
use crate::hir::visit::{Visit, walk_expr, walk_stmt, walk_target};
use crate::hir::{Expr, ExprKind, Function, Narrow, NodeId, Stmt, StmtKind, Target, TargetKind, VarId};
use crate::infer::{Instance, MethodKind, Program};
use crate::passes::Pass;
use crate::ty::{ObjectClass, Type};

/// By instance and parameter: does what is given stay inside of the call? `None` while that is being asked.
type Known = BTreeMap<(usize, usize), Option<bool>>;

impl Func<'_, '_, '_> {
    /// Has the instance that is made at the node a place of the function's own?
    pub(super) fn has_place(&mut self, node: NodeId) -> bool {
        let plain = self.closures == 0 && self.fused.is_none() && !self.shared;
        if !plain || !self.file.program.passes.has(Pass::Escape) {
            return false;
        }
        if self.placed.is_none() {
            self.placed = Some(placed(self.file, self.index));
        }
        self.placed.as_ref().is_some_and(|placed| placed.contains(&node))
    }
}

/// The calls of classes in a function whose instances nobody knows but one of its variables.
fn placed(file: &File<'_, '_>, index: usize) -> BTreeSet<NodeId> {
    let program = file.program;
    let mut known = Known::new();
    let hir = &program.instances[index].hir;
    let look = look(program, index, &mut known);
    // A handler may see the variable when the class has been called in vain.
    if hir.yields.is_some() || look.tries {
        return BTreeSet::new();
    }
    let groups = look.groups(hir.vars.len());
    let lost: BTreeSet<VarId> = look.lost.iter().map(|var| groups[*var]).collect();
    let mut found = BTreeSet::new();
    for Site { node, var, scalars, reads } in &look.sites {
        let itself = reads.iter().any(|read| groups[*read] == groups[*var]);
        if !lost.contains(&groups[*var]) && (!itself || *scalars) {
            found.insert(*node);
        }
    }
    found.retain(|node| {
        let makers = program.instances[index].values.get(node).map_or(&[][..], Vec::as_slice);
        makers.last().is_none_or(|maker| stays(program, (maker.instance, 0), &mut known))
    });
    found
}

/// Does what a parameter is given stay inside of the call?
fn stays(program: &Program<'_>, (index, param): (usize, usize), known: &mut Known) -> bool {
    match known.get(&(index, param)) {
        Some(answer) => return answer.unwrap_or(false),
        None => known.insert((index, param), None),
    };
    let hir = program.instances[index].hir.clone();
    let answer = hir.yields.is_none()
        && hir.params.get(param).is_some_and(|param| {
            let look = look(program, index, known);
            let groups = look.groups(hir.vars.len());
            !hir.vars[param.var].cell && !look.lost.iter().any(|var| groups[*var] == groups[param.var])
        });
    known.insert((index, param), Some(answer));
    answer
}

fn look<'l>(program: &'l Program<'l>, index: usize, known: &'l mut Known) -> Found {
    let instance = &program.instances[index];
    let mut look = Look { program, instance, known, found: Found::default() };
    look.block(&instance.hir.body);
    look.found
}

/// `variable = Class(…)`
struct Site {
    node: NodeId,
    var: VarId,
    /// The arguments are numbers: nothing of them belongs to another instance.
    scalars: bool,
    /// What the arguments read.
    reads: Vec<VarId>,
}

#[derive(Default)]
struct Found {
    sites: Vec<Site>,
    /// Variables whose instance gets elsewhere.
    lost: BTreeSet<VarId>,
    /// Variables that are another one with fewer types.
    same: Vec<(VarId, VarId)>,
    tries: bool,
}

impl Found {
    /// For each variable the least one that has the same value.
    fn groups(&self, count: usize) -> Vec<VarId> {
        let mut groups: Vec<VarId> = (0..count).collect();
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (a, b) in &self.same {
                let least = groups[*a].min(groups[*b]);
                changed |= groups[*a] != least || groups[*b] != least;
                (groups[*a], groups[*b]) = (least, least);
            }
        }
        groups
    }
}

struct Look<'l> {
    program: &'l Program<'l>,
    instance: &'l Instance,
    known: &'l mut Known,
    found: Found,
}

impl Look<'_> {
    fn node(&self, node: NodeId) -> &Type {
        self.instance.nodes.get(node).unwrap_or(&Type::Never)
    }

    /// The variable that the expression is, and the class of the instance that it has.
    fn kept(&self, e: &Expr) -> Option<(VarId, Arc<ObjectClass>)> {
        match (&e.kind, self.node(e.id)) {
            (ExprKind::Local(var), Type::Instance(class))
                if class.own != 0 && !self.hir().vars[*var].cell && !self.program.gives(class) =>
            {
                Some((*var, class.clone()))
            }
            _ => None,
        }
    }

    fn hir(&self) -> &Function {
        &self.instance.hir
    }

    /// Does it stay with all that a node may call, as this parameter?
    fn stays_at(&mut self, node: NodeId, param: usize) -> bool {
        let Some(reached) = self.instance.values.get(&node) else { return false };
        !reached.is_empty() && reached.iter().all(|r| stays(self.program, (r.instance, param), self.known))
    }

    /// Is the attribute's value what stands in the instance?
    fn is_field(&self, class: &ObjectClass, name: &str) -> bool {
        self.program.method_of(class, name).is_none() && self.program.own_field(class, name).is_some()
    }

    /// `base.name(…)`: does the instance stay?
    fn asked(&mut self, node: NodeId, class: &ObjectClass, name: &str) -> bool {
        let (name, read) = match name.strip_prefix("attribute ") {
            Some(name) => (name, true),
            None => (name, false),
        };
        match self.program.method_of(class, name).map(|method| method.kind) {
            None => read && self.is_field(class, name),
            Some(MethodKind::Static | MethodKind::Class) => !read,
            Some(MethodKind::Property) => read && self.stays_at(node, 0),
            Some(MethodKind::Plain | MethodKind::Special) => !read && self.stays_at(node, 0),
            Some(MethodKind::Setter | MethodKind::Cached | MethodKind::Manager) => false,
        }
    }
}

impl<'h> Visit<'h> for Look<'_> {
    fn stmt(&mut self, stmt: &'h Stmt) {
        self.found.tries |= matches!(
            stmt.kind,
            StmtKind::Try { .. } | StmtKind::Leave { .. } | StmtKind::Enter(_) | StmtKind::Caught { .. }
        );
        if let StmtKind::Assign { targets, value } = &stmt.kind
            && let [Target { kind: TargetKind::Var(var), .. }] = targets.as_slice()
            && let ExprKind::Call { args, keywords, .. } = &value.kind
            && let Type::Instance(class) = self.node(value.id)
            && class.own != 0
            && !self.hir().vars[*var].cell
            && self.instance.vars[*var] == Type::Instance(class.clone())
            && !self.program.gives(class)
        {
            let all = || args.iter().chain(keywords.iter().map(|(_, e)| e));
            let mut reads = Reads::default();
            all().for_each(|e| reads.expr(e));
            let scalars = all().all(|e| matches!(self.node(e.id), Type::Int | Type::Float | Type::Bool));
            self.found.sites.push(Site { node: value.id, var: *var, scalars, reads: reads.vars });
        }
        walk_stmt(self, stmt);
    }

    fn read(&mut self, _: NodeId, var: &'h VarId) {
        self.found.lost.insert(*var);
    }

    fn narrows(&mut self, narrows: &'h [Narrow]) {
        self.found.same.extend(narrows.iter().map(|narrow| (narrow.from, narrow.to)));
    }

    fn target(&mut self, target: &'h Target) {
        if let TargetKind::Attr { base, name, .. } = &target.kind
            && let Some((_, class)) = self.kept(base)
            && self.is_field(&class, name)
        {
            return;
        }
        walk_target(self, target);
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Method { base, name, args, keywords } => {
                if let Some((_, class)) = self.kept(base)
                    && self.asked(e.id, &class, name)
                {
                    args.iter().chain(keywords.iter().map(|(_, e)| e)).for_each(|e| self.expr(e));
                    return;
                }
            }
            ExprKind::Special { method, operands, keywords } => {
                let behind = operands.len() - method.receiver;
                for (at, operand) in operands.iter().enumerate() {
                    let param = if at >= method.receiver { at - method.receiver } else { behind + at };
                    if self.kept(operand).is_none() || !self.stays_at(e.id, param) {
                        self.expr(operand);
                    }
                }
                keywords.iter().for_each(|(_, e)| self.expr(e));
                return;
            }
            ExprKind::Call { args, keywords, .. } if keywords.is_empty() => {
                if let Some(callee) = self.instance.calls.get(&e.id).copied()
                    && args.len() == self.program.instances[callee].hir.params.len()
                {
                    for (at, arg) in args.iter().enumerate() {
                        if self.kept(arg).is_none() || !stays(self.program, (callee, at), self.known) {
                            self.expr(arg);
                        }
                    }
                    return;
                }
            }
            _ => {}
        }
        walk_expr(self, e);
    }
}

/// The variables that expressions read.
#[derive(Default)]
struct Reads {
    vars: Vec<VarId>,
}

impl<'h> Visit<'h> for Reads {
    fn read(&mut self, _: NodeId, var: &'h VarId) {
        self.vars.push(*var);
    }
}
