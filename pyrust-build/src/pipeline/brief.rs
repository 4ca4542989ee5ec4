//! Functions whose native call costs more than it saves: what native code is told, and what it has to leave behind at the commit, is more
//! than what happens in between. Callers take them along all the same.

use super::loop_depth;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::{Expr, ExprKind, Target, TargetKind, visit};
use crate::infer::Program;
use crate::source::{SourceFile, Span};
use crate::ty::{DictKind, Type};

/// What changes a deque or an `OrderedDict` and is a few instructions for Python.
const CHANGES: [&str; 8] =
    ["append", "appendleft", "pop", "popleft", "popitem", "move_to_end", "setdefault", "clear"];

/// Whose operations are stored for the commit, and done by CPython then.
fn is_held_back(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Deque { in_place: true, .. } | Type::Dict { in_place: true, kind: DictKind::Ordered, .. }
    )
}

/// Where one of Python's deques or `OrderedDict`s is changed.
struct Changes<'a> {
    nodes: &'a [Type],
    at: Option<Span>,
}

impl<'h> visit::Visit<'h> for Changes<'_> {
    fn target(&mut self, target: &'h Target) {
        if let TargetKind::Index { base, .. } = &target.kind
            && matches!(self.nodes[base.id], Type::Dict { in_place: true, kind: DictKind::Ordered, .. })
        {
            self.at.get_or_insert(base.span);
        }
        visit::walk_target(self, target);
    }

    fn expr(&mut self, e: &'h Expr) {
        if let ExprKind::Method { base, name, .. } = &e.kind
            && CHANGES.contains(&name.as_str())
            && is_held_back(&self.nodes[base.id])
        {
            self.at.get_or_insert(e.span);
        }
        visit::walk_expr(self, e);
    }
}

/// Why calling this instance from Python does not pay, if so: it changes one of Python's deques or `OrderedDict`s, or fills
/// an exception that Python has made, and does nothing longer than that.
pub(super) fn too_brief(
    program: &Program<'_>,
    instance: usize,
    file: Option<&SourceFile>,
) -> Option<Diagnostic> {
    let instance = &program.instances[instance];
    let fills = instance.func.qualname.strip_suffix(".__init__").is_some_and(|class| {
        program.object_class(&instance.func.module, class).is_some_and(|class| class.base.exception)
    });
    let (span, message) = if fills {
        let message = "the `__init__` of an exception that Python makes is not supported";
        (instance.hir.body.first()?.span, message)
    } else {
        if loop_depth(&instance.hir.body) > 0 || !instance.calls.is_empty() {
            return None;
        }
        let mut changes = Changes { nodes: &instance.nodes, at: None };
        visit::Visit::block(&mut changes, &instance.hir.body);
        let message = "a short function that changes a deque or `OrderedDict` of Python's is not supported: \
                       its native call costs more than it saves";
        (changes.at?, message)
    };
    let found = Diagnostic::new("PYR0337", Severity::Note, message)
        .help("functions that call it natively take it along; `mode = \"require\"` compiles it all the same");
    Some(match file {
        Some(file) => found.at(file.path.clone(), span),
        None => found,
    })
}
