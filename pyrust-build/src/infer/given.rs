//! Parameters that are assigned something of another type.
//!
//! `if isinstance(x, str): x = x.split()` and `if len(xs) == 1: xs = xs[0]` give a variable types that the argument does
//! not have, and a variable has one type wherever it is read. Where that of the argument alone decides a test, what only
//! the argument reaches is read from a variable that holds nothing else, and the assignment may be cut off.

use std::collections::BTreeMap;

use super::{Instance, Program, decide};
use crate::hir::visit::{VisitMut, any_expr};
use crate::hir::{Expr, ExprKind, Function, NodeId, Stmt, StmtKind, Target, TargetKind, Var, VarId};
use crate::lower::webs;
use crate::passes::Pass;

/// Gives reads another variable.
struct Rename(BTreeMap<NodeId, VarId>);

impl VisitMut for Rename {
    fn read(&mut self, at: NodeId, var: &mut VarId) {
        if let Some(new) = self.0.get(&at) {
            *var = *new;
        }
    }
}

impl Program<'_> {
    /// The function with such parameters apart; `None` if there are none.
    pub(super) fn given_apart(&self, instance: &Instance) -> Option<Function> {
        let hir = &*instance.hir;
        if hir.yields.is_some() || !self.passes.has(Pass::Given) {
            return None;
        }
        let wider = |i: usize| {
            let (given, all) = (instance.params.get(i)?, &instance.vars[hir.params[i].var]);
            (all.members().len() > given.members().len()).then_some(i)
        };
        let params: Vec<usize> = (0..hir.params.len()).filter_map(wider).collect();
        let first = hir.body.first()?;
        if params.is_empty() {
            return None;
        }
        let mut given = webs::only_given(hir);
        given.retain(|i, _| params.contains(i));
        let of = |node: &NodeId| given.iter().find(|(_, nodes)| nodes.contains(node)).map(|(i, _)| *i);
        let apart = |e: &Expr| {
            of(&e.id).map_or_else(|| instance.nodes.get(e.id), |i| instance.params.get(i)).cloned()
        };
        let now = |e: &Expr| instance.nodes.get(e.id).cloned();
        let is_news = |e: &Expr| {
            !matches!(e.kind, ExprKind::Local(_))
                && decide(e, &hir.vars, &now).is_none()
                && decide(e, &hir.vars, &apart).is_some()
        };
        if !any_expr(&hir.body, is_news) {
            return None;
        }
        let (mut out, span) = (hir.clone(), first.span);
        let (mut copies, mut reads) = (Vec::new(), BTreeMap::new());
        for (i, nodes) in given {
            let var = out.params[i].var;
            let new = out.vars.len();
            let Var { name, of, .. } = &hir.vars[var];
            out.vars.push(Var { name: name.clone(), maybe_unbound: false, cell: false, of: *of });
            out.params[i].var = new;
            reads.extend(nodes.into_iter().map(|node| (node, new)));
            let value = Expr { kind: ExprKind::Local(new), span, id: out.nodes };
            let target = Target { kind: TargetKind::Var(var), span, id: out.nodes + 1 };
            out.nodes += 2;
            copies.push(Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span });
        }
        Rename(reads).block(&mut out.body);
        out.body.splice(..0, copies);
        webs::split(&mut out);
        Some(out)
    }
}
