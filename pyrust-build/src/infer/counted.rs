//! Loops over arrays become loops over their places: an array has as many elements as it had, and gives the one that
//! stands there when its turn comes.
//!
//! ```python
//! for i, x in enumerate(a): …         # s = a
//!                                     # for k in range(s.shape[0]): i, x = k, s[k]; …
//! ```
//!
//! What knows counted loops over arrays (`emit/dense.rs`) knows these, then. `zip` ends with the shortest.

use super::Program;
use crate::hir::visit::{self, VisitMut, defines};
use crate::hir::*;
use crate::lower::webs;
use crate::passes::Pass;
use crate::ty::Type;

impl Program<'_> {
    /// Puts counted loops in the place of loops over arrays; true if there were any.
    pub(super) fn settle_arrays(&mut self) -> bool {
        let mut found = Vec::new();
        for (i, instance) in self.open_ones() {
            if self.passes.has(Pass::Dense)
                && let Some(hir) = counted(&instance.hir, &instance.nodes)
            {
                found.push((i, hir));
            }
        }
        self.put(found)
    }
}

fn counted(function: &Function, nodes: &[Type]) -> Option<Function> {
    if !nodes.iter().any(|ty| matches!(ty, Type::Array(..))) {
        return None;
    }
    let mut out = function.clone();
    let mut pass =
        Counted { vars: std::mem::take(&mut out.vars), nodes, next: function.nodes, changed: false };
    pass.block(&mut out.body);
    if !pass.changed {
        return None;
    }
    (out.nodes, out.vars) = (pass.next, pass.vars);
    webs::split(&mut out);
    Some(out)
}

struct Counted<'a> {
    vars: Vec<Var>,
    nodes: &'a [Type],
    next: NodeId,
    changed: bool,
}

impl VisitMut for Counted<'_> {
    fn block(&mut self, body: &mut Vec<Stmt>) {
        let mut out = Vec::with_capacity(body.len());
        for mut stmt in std::mem::take(body) {
            visit::walk_stmt_mut(self, &mut stmt);
            if let StmtKind::For { target, iter, body, .. } = &mut stmt.kind
                && self.is_array(iter)
            {
                self.changed = true;
                self.rewrite(target, iter, body, &mut out);
            }
            out.push(stmt);
        }
        *body = out;
    }
}

impl Counted<'_> {
    /// An array, or several, gone through together.
    fn is_array(&self, iter: &Iter) -> bool {
        match &iter.kind {
            IterKind::Expr(e) => matches!(self.nodes.get(e.id), Some(Type::Array(_, 1..))),
            IterKind::Enumerate { inner, start } => {
                let known = match start.as_deref() {
                    None => true,
                    Some(start) => matches!(start.kind, ExprKind::Int(0..=MOST_START)),
                };
                known && self.is_array(inner)
            }
            IterKind::Zip(items) => !items.is_empty() && items.iter().all(|item| self.is_array(item)),
            _ => false,
        }
    }

    fn node(&mut self) -> NodeId {
        self.next += 1;
        self.next - 1
    }

    fn var(&mut self, name: &str) -> VarId {
        self.vars.push(Var { name: format!("_{name}"), maybe_unbound: false, cell: false, of: None });
        self.vars.len() - 1
    }

    fn expr(&mut self, kind: ExprKind, like: &Iter) -> Expr {
        Expr { kind, span: like.span, id: self.node() }
    }

    fn local(&mut self, var: VarId, like: &Iter) -> Box<Expr> {
        Box::new(self.expr(ExprKind::Local(var), like))
    }

    fn assign(&mut self, var: VarId, value: Expr, like: &Iter) -> Stmt {
        let target = Target { kind: TargetKind::Var(var), span: like.span, id: self.node() };
        Stmt { kind: StmtKind::Assign { targets: vec![target], value }, span: like.span }
    }

    /// The loop itself changes; what stands before it goes to `out`.
    fn rewrite(&mut self, target: &mut Target, iter: &mut Iter, body: &mut Vec<Stmt>, out: &mut Vec<Stmt>) {
        let at = self.number(target, iter, body);
        let mut counts = Vec::new();
        let whole = self.element(iter, at, (out, &mut counts));
        let like = iter.clone();
        let stop = counts.into_iter().reduce(|a, b| self.least(a, b, &like, out));
        let Some(stop) = stop else { unreachable!("`is_array` has found one") };
        let first = target.clone();
        *target = Target { kind: TargetKind::Var(at), span: first.span, id: self.node() };
        let (first, value) = match (first.kind.clone(), whole.kind.clone()) {
            // The number is there as it is.
            (TargetKind::Tuple(mut items), ExprKind::Tuple(mut values)) if matches!(items[0].kind, TargetKind::Var(v) if v == at) => {
                (items.remove(1), values.remove(1))
            }
            (kind, value) => (Target { kind, ..first }, Expr { kind: value, ..whole }),
        };
        let stmt = Stmt { kind: StmtKind::Assign { targets: vec![first], value }, span: like.span };
        body.insert(0, stmt);
        iter.kind = IterKind::Range { start: None, stop: Box::new(stop), step: None };
    }

    /// The variable that has the number of the turn: that of `enumerate`, if nothing else is assigned to it.
    fn number(&mut self, target: &Target, iter: &Iter, body: &Vec<Stmt>) -> VarId {
        let plain = match &iter.kind {
            IterKind::Enumerate { start: None, .. } => true,
            IterKind::Enumerate { start: Some(start), .. } => matches!(start.kind, ExprKind::Int(0)),
            _ => false,
        };
        if let TargetKind::Tuple(items) = &target.kind
            && let [Target { kind: TargetKind::Var(number), .. }, rest] = items.as_slice()
            && plain
            && !self.vars[*number].cell
            && !defines(rest).contains(number)
            && !defines(body).contains(number)
        {
            return *number;
        }
        self.var("at")
    }

    /// What the loop gets at the turn `at`. Arrays, and how many elements they have, are asked for before the loop.
    fn element(&mut self, iter: &Iter, at: VarId, found: (&mut Vec<Stmt>, &mut Vec<Expr>)) -> Expr {
        let (out, counts) = found;
        match &iter.kind {
            IterKind::Enumerate { inner, start } => {
                let element = self.element(inner, at, (out, counts));
                let mut number = *self.local(at, iter);
                if let Some(start) = start.as_deref().filter(|start| !matches!(start.kind, ExprKind::Int(0)))
                {
                    let (left, right) = (Box::new(number), Box::new(start.clone()));
                    number = self.expr(ExprKind::Binary { op: BinOp::Add, left, right }, iter);
                }
                self.expr(ExprKind::Tuple(vec![number, element]), iter)
            }
            IterKind::Zip(items) => {
                let items: Vec<Expr> =
                    items.iter().map(|item| self.element(item, at, (&mut *out, &mut *counts))).collect();
                self.expr(ExprKind::Tuple(items), iter)
            }
            IterKind::Expr(array) => {
                let seq = self.var("seq");
                let assign = self.assign(seq, (**array).clone(), iter);
                out.push(assign);
                // No name of the module's is asked for.
                let base = self.local(seq, iter);
                let name = "attribute shape".to_string();
                let shape = ExprKind::Method { base, name, args: vec![], keywords: vec![] };
                let (base, index) =
                    (Box::new(self.expr(shape, iter)), Box::new(self.expr(ExprKind::Int(0), iter)));
                let count = self.expr(ExprKind::Index { base, index }, iter);
                counts.push(count);
                let (base, index) = (self.local(seq, iter), self.local(at, iter));
                self.expr(ExprKind::Index { base, index }, iter)
            }
            _ => unreachable!("`is_array` has looked"),
        }
    }

    /// The smaller one of two numbers.
    fn least(&mut self, a: Expr, b: Expr, like: &Iter, out: &mut Vec<Stmt>) -> Expr {
        let mut named = |value: Expr, pass: &mut Self| {
            let name = pass.var("count");
            let assign = pass.assign(name, value, like);
            out.push(assign);
            name
        };
        let (a, b) = (named(a, self), named(b, self));
        let (left, right) = (self.local(a, like), self.local(b, like));
        let test = Box::new(self.expr(ExprKind::Compare { op: CmpOp::Lt, left, right }, like));
        let (body, orelse) = (self.local(a, like), self.local(b, like));
        self.expr(ExprKind::If { test, body, orelse }, like)
    }
}

/// From a larger number on, a count may leave 64 bits.
const MOST_START: i64 = 1 << 32;
