//! Dicts that leave as they were made.
//!
//! `{"name": name, "total": total}`, put into what the function returns and not written to, would be built natively and
//! then once more as Python's. CPython makes such a dict in the time of either, so it is Python's from the start.

use std::collections::BTreeSet;

use super::Infer;
use super::built::{built, is_apart};
use super::solver::{CellId, Ty};
use crate::hir::{Expr, ExprKind};
use crate::passes::Pass;
use crate::ty::DictKind;

/// The keys of a display that are texts of the source, all of them different.
pub(crate) fn names(items: &[(Option<Expr>, Expr)]) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    for (key, _) in items {
        let Some(Expr { kind: ExprKind::Str(name), .. }) = key else { return None };
        names.push(name.as_str());
    }
    let differ = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    (differ && !names.is_empty()).then_some(names)
}

impl Infer<'_, '_> {
    /// A display has made a dict.
    pub(super) fn note_record(&mut self, cell: CellId, items: &[(Option<Expr>, Expr)]) {
        if names(items).is_some() {
            self.state.solver.set_record(cell);
        }
    }

    /// A display has made a list that stands in a dict's display.
    pub(super) fn note_part(&mut self, value: &Expr, ty: &Ty) {
        if let (ExprKind::List(_), Ty::List(cell)) = (&value.kind, ty) {
            self.state.solver.set_record(*cell);
        }
    }

    /// A dict begins as a copy.
    pub(super) fn note_copy(&mut self, cell: CellId, source: &Ty) {
        if matches!(source, Ty::Dict(c, DictKind::Plain) if self.state.solver.in_place(*c)) {
            self.state.solver.set_copy(cell, self.loops);
        }
    }

    /// A dict is written to, or a list.
    pub(super) fn note_update(&mut self, cell: CellId) {
        self.state.solver.set_updated(cell, true);
        self.state.solver.set_updated_in(cell, self.loops);
    }

    /// Once everything else is known. What a generator keeps outlives the transaction that it was made in.
    pub(super) fn hand_records_out(&mut self) {
        if self.state.solver.changed || self.hir.yields.is_some() || !self.program.passes.has(Pass::Records) {
            return;
        }
        let ret = self.state.solver.get(self.state.ret);
        let mut cells = self.state.solver.records_in(&ret);
        cells.extend(self.lists_built());
        cells.extend(self.lists_grouped());
        // Methods are called by operators and by reading attributes as well, what stands inside by what is around it.
        let inside = self.func.qualname.contains(['.', '<']);
        if !inside && !self.program.is_called(&self.func) {
            cells.extend(self.state.solver.dicts_copied());
        }
        for cell in cells {
            self.state.solver.set_in_place(cell);
        }
    }

    /// The lists of [`built`], as far as their elements are objects of some size.
    fn lists_built(&mut self) -> Vec<CellId> {
        let built = built(self.hir);
        if built.is_empty() || self.program.is_called(&self.func) {
            return Vec::new();
        }
        let solver = &self.state.solver;
        let list = |slot: super::solver::VarId| match solver.get(slot) {
            Ty::List(cell) if !solver.in_place(cell) => Some(cell),
            _ => None,
        };
        let vars = built.vars.into_iter().map(|var| self.state.vars[var]);
        let nodes = built.comps.into_iter().map(|node| self.state.nodes[node]);
        let lists: Vec<CellId> = vars.chain(nodes).filter_map(list).collect();
        let mut found: Vec<CellId> = Vec::new();
        // A list that holds others comes behind them.
        loop {
            let outside = |ty: &Ty| match ty {
                Ty::Dict(c, _) | Ty::List(c) | Ty::Deque(c) | Ty::Set(c, _) => {
                    solver.in_place(*c) || found.iter().any(|f| solver.cell_root(*f) == solver.cell_root(*c))
                }
                ty => *ty == Ty::Obj,
            };
            let more = lists.iter().find(|&&cell| {
                !found.iter().any(|f| solver.cell_root(*f) == solver.cell_root(cell))
                    && is_apart(&solver.get(solver.elem(cell)), &outside)
            });
            match more.copied() {
                Some(cell) => found.push(cell),
                None => return found,
            }
        }
    }
}
