//! Texts that a function only looks at: it asks whether there are characters, compares, measures, goes through them, puts
//! them behind others. What makes such a text need not make an object (`str_::passing` of the runtime).
//!
//! ```python
//! word = "".join(c for c in word if c.isalnum())     # out.finish_passing(cx)
//! if word:
//!     words.append(word)                             # a list that is built as a text
//! ```
//!
//! Nothing depends on it but the time that it takes: a text that is kept all the same becomes an object then.

use std::collections::BTreeSet;

use super::Func;
use super::pieces::appended;
use crate::hir::visit::{Visit, walk_expr, walk_iter, walk_stmt};
use crate::hir::{
    CompKind, Expr, ExprKind, FPart, Iter, IterKind, NodeId, Stmt, StmtKind, Target, TargetKind, UnaryOp,
    VarId,
};
use crate::infer::Instance;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// Is a text joined here that is only looked at?
    pub(super) fn is_passing(&mut self, targets: &[Target], value: &Expr) -> bool {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return false };
        let ExprKind::Comp(comp) = &value.kind else { return false };
        if comp.kind != CompKind::Join || self.instance.vars[*var] != Type::Str || self.hir.vars[*var].cell {
            return false;
        }
        let pieces = &self.pieces;
        let instance = self.instance;
        let kept = self.kept_texts.get_or_insert_with(|| {
            let is_built = |list: VarId| pieces.contains_key(&list);
            let mut kept = Kept { instance, is_built: &is_built, vars: BTreeSet::new() };
            kept.block(&instance.hir.body);
            kept.vars
        });
        !kept.contains(var)
    }
}

/// Variables whose values get elsewhere.
struct Kept<'k> {
    instance: &'k Instance,
    is_built: &'k dyn Fn(VarId) -> bool,
    vars: BTreeSet<VarId>,
}

impl Kept<'_> {
    /// An expression of which only its text is looked at.
    fn look(&mut self, e: &Expr) {
        if !matches!(e.kind, ExprKind::Local(_)) {
            self.expr(e);
        }
    }

    fn test(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.test(operand),
            ExprKind::Bool2 { left, right, .. } => {
                self.test(left);
                self.test(right);
            }
            _ => self.look(e),
        }
    }

    fn node(&self, node: NodeId) -> &Type {
        self.instance.nodes.get(node).unwrap_or(&Type::Never)
    }
}

impl<'h> Visit<'h> for Kept<'_> {
    fn read(&mut self, _: NodeId, var: &'h VarId) {
        self.vars.insert(*var);
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::If { test, body, orelse } | StmtKind::While { test, body, orelse } => {
                self.test(test);
                self.block(body);
                self.block(orelse);
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn iter(&mut self, iter: &'h Iter) {
        match &iter.kind {
            IterKind::Expr(e) => self.look(e),
            _ => walk_iter(self, iter),
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        if let Some((list, item)) = appended(e)
            && (self.is_built)(list)
        {
            return self.look(item);
        }
        match &e.kind {
            ExprKind::Compare { left, right, .. } => {
                self.look(left);
                self.look(right);
            }
            ExprKind::Call { name, args, .. } if name == "len" => args.iter().for_each(|arg| self.look(arg)),
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.test(operand),
            ExprKind::Index { base, index } if *self.node(e.id) == Type::Char => {
                self.look(base);
                self.expr(index);
            }
            ExprKind::Method { base, args, keywords, .. }
                if matches!(self.node(e.id), Type::Bool | Type::Int | Type::Char) =>
            {
                self.look(base);
                args.iter().chain(keywords.iter().map(|(_, e)| e)).for_each(|e| self.expr(e));
            }
            ExprKind::Comp(comp) if comp.kind == CompKind::Join && comp.value.is_none() => {
                if let ExprKind::Local(_) = comp.element.kind {
                    comp.extra.iter().for_each(|e| self.expr(e));
                    for generator in &comp.generators {
                        self.iter(&generator.iter);
                        self.target(&generator.target);
                        generator.ifs.iter().for_each(|test| self.test(test));
                    }
                } else {
                    walk_expr(self, e);
                }
            }
            ExprKind::FString(parts) => {
                for part in parts {
                    match part {
                        FPart::Literal(_) => {}
                        FPart::Value { value, spec, .. } if spec.is_empty() => self.look(value),
                        FPart::Value { value, .. } => self.expr(value),
                    }
                }
            }
            _ => walk_expr(self, e),
        }
    }
}
