//! What was inferred where something is refused: the text under the marked source.

use std::collections::BTreeMap;

use super::Infer;
use crate::diagnostic::Diagnostic;
use crate::hir::{self, Expr, ExprKind};
use crate::source::Span;

/// So many operands are named in a label.
const MAX_NAMED: usize = 4;

impl Infer<'_, '_> {
    /// Says at every refusal which types were found there: of the operands that have names, or of the expression.
    pub(super) fn label(&self, diagnostics: &mut [Diagnostic]) {
        let unlabelled = |d: &&mut Diagnostic| d.label.is_empty() && d.span.is_some();
        let mut wanted: BTreeMap<Span, Vec<&mut Diagnostic>> = BTreeMap::new();
        for d in diagnostics.iter_mut().filter(unlabelled) {
            wanted.entry(d.span.unwrap_or_default()).or_default().push(d);
        }
        if wanted.is_empty() {
            return;
        }
        let hir = self.hir;
        hir::visit::each_expr(&hir.body, &mut |e| {
            for d in wanted.get_mut(&e.span).into_iter().flatten().filter(|d| d.label.is_empty()) {
                d.label = self.told(e);
            }
        });
    }

    fn told(&self, e: &Expr) -> String {
        let mut parts: Vec<String> = Vec::new();
        let operands = match &e.kind {
            ExprKind::Local(_) => vec![e],
            _ => hir::visit::children(e),
        };
        for operand in operands {
            if let ExprKind::Local(var) = &operand.kind
                && !self.hir.vars[*var].name.starts_with("_tmp")
            {
                let ty = self.state.solver.get(self.state.nodes[operand.id]);
                let shown = self.show(&ty);
                let part = format!("`{}` is `{shown}`", self.hir.vars[*var].name);
                if shown != "?" && !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
        parts.truncate(MAX_NAMED);
        parts.join(", ")
    }
}
