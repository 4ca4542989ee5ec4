//! What the inference of one instance keeps from one run to the next: its variables in the solver.

use std::collections::{BTreeMap, BTreeSet};

use super::lookups::Attribute;
use super::solver::{self, Solver, Ty, VarId};
use super::{FuncRef, Wide, beyond, slice};
use crate::hir::{self, NodeId};
use crate::ty::Type;

/// The persistent part of one instance's inference.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) solver: Solver,
    pub(super) vars: Vec<VarId>,
    pub(super) nodes: Vec<VarId>,
    pub(super) ret: VarId,
    /// What a generator yields.
    pub(super) yielded: VarId,
    pub(super) wide: BTreeSet<NodeId>,
    /// Words that are read from globals and attributes are ints of any size as well.
    pub(super) everything: bool,
    pub(super) sites: BTreeMap<(NodeId, usize), solver::CellId>,
    /// The defaults of what calls do not give, by call, function and parameter.
    pub(super) defaults: BTreeMap<(NodeId, FuncRef, String), VarId>,
    /// Globals whose elements only their use tells.
    pub(super) globals: BTreeMap<String, VarId>,
    /// Attributes of instances.
    pub(super) attributes: BTreeMap<Attribute, VarId>,
    /// When those were last compared with what others have found out, by [`super::Program::clock`].
    pub(super) recalled_at: u64,
}

impl Analysis {
    /// The types of all of these; one that contains itself is noted.
    pub(super) fn resolved(&self, list: &[VarId], recursive: &mut bool) -> Vec<Type> {
        let types = list.iter().map(|v| self.solver.resolve(&self.solver.get(*v)));
        let known = types.map(|ty| {
            *recursive |= ty.is_none();
            ty.unwrap_or(Type::Never)
        });
        known.collect()
    }

    /// The variables whose type contains itself.
    pub(super) fn endless(&self) -> BTreeSet<hir::VarId> {
        let endless = |v: &VarId| self.solver.resolve(&self.solver.get(*v)).is_none();
        self.vars.iter().enumerate().filter(|(_, v)| endless(v)).map(|(i, _)| i).collect()
    }

    pub(super) fn new(hir: &hir::Function, params: &[Type], wide: Wide) -> Self {
        let mut solver = Solver::default();
        // With room for the elements of containers.
        solver.vars.reserve((hir.vars.len() + hir.nodes) * 3 / 2);
        let vars: Vec<VarId> = hir.vars.iter().map(|_| solver.var(Ty::Never)).collect();
        let nodes = (0..hir.nodes).map(|_| solver.var(Ty::Never)).collect();
        let ret = solver.var(Ty::Never);
        let yielded = solver.var(Ty::Never);
        for (param, ty) in hir.params.iter().zip(params) {
            let ty = match ty {
                Type::Cell(content) if hir.vars[param.var].cell => content,
                other => other,
            };
            solver.absorb_into(vars[param.var], ty);
        }
        let everything = beyond::is_everything(wide);
        let wide = slice::slice(hir, wide);
        Analysis {
            solver,
            vars,
            nodes,
            ret,
            yielded,
            wide,
            everything,
            sites: BTreeMap::new(),
            defaults: BTreeMap::new(),
            globals: BTreeMap::new(),
            attributes: BTreeMap::new(),
            recalled_at: 0,
        }
    }
}
