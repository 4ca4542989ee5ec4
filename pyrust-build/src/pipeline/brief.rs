//! Functions whose native call costs more than it saves: what native code is told, and what it has to leave behind at the commit, is more
//! than what happens in between. Callers take them along all the same.

use super::loop_depth;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{ExprKind, visit};
use crate::infer::Program;
use crate::source::SourceFile;
use crate::ty::Type;

/// What changes a deque and is a few instructions for Python.
const CHANGES: [&str; 5] = ["append", "appendleft", "pop", "popleft", "clear"];

/// Why calling this instance from Python does not pay, if so: it changes one of Python's deques, and does nothing longer than that.
pub(super) fn too_brief(
    program: &Program<'_>,
    instance: usize,
    file: Option<&SourceFile>,
) -> Option<Diagnostic> {
    let instance = &program.instances[instance];
    if loop_depth(&instance.hir.body) > 0 || !instance.calls.is_empty() {
        return None;
    }
    let mut at = None;
    visit::each_expr(&instance.hir.body, &mut |e| {
        if let ExprKind::Method { base, name, .. } = &e.kind
            && CHANGES.contains(&name.as_str())
            && matches!(instance.nodes[base.id], Type::Deque { in_place: true, .. })
        {
            at.get_or_insert(e.span);
        }
    });
    let span = at?;
    let message = "a short function that changes a deque of Python's is not supported: its native call costs more than it saves";
    let found = Diagnostic::new("PYR0337", Severity::Note, message)
        .help("functions that call it natively take it along; `mode = \"require\"` compiles it all the same");
    Some(match file {
        Some(file) => found.at(file.path.clone(), span),
        None => found,
    })
}
