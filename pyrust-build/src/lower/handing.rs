//! `return chain(a, b)`: the iterator that Python gets is one of its own, made by the very type from the very operands.
//!
//! Making it runs no Python code as long as the operands are of builtin types, which the runtime looks at. Nobody has
//! asked it for an element yet, so it needs no state.

use super::Lower;
use crate::ast::{self, Constant, Expr as AExpr, ExprKind as A};
use crate::hir::{Expr, ExprKind};

/// How a function of that name treats its operands.
struct Shape {
    /// Positional arguments that are only kept.
    kept: &'static [usize],
    /// It goes through its operands at once.
    whole: bool,
}

/// The functions that make iterators, none of which calls another function.
fn shape(module: &str, attr: &str, args: &[AExpr]) -> Option<Shape> {
    let none = |at: usize| args.get(at).is_none_or(|e| matches!(e.kind, A::Constant(Constant::None)));
    let lazy = Some(Shape { kept: &[], whole: false });
    match (module, attr) {
        ("builtins", "zip" | "enumerate") => lazy,
        ("builtins", "iter" | "reversed") if args.len() == 1 => lazy,
        ("builtins", "filter") if args.len() == 2 && none(0) => lazy,
        ("itertools", "chain" | "chain.from_iterable" | "islice" | "cycle" | "compress" | "pairwise") => lazy,
        ("itertools", "zip_longest" | "count" | "batched") => lazy,
        ("itertools", "accumulate" | "groupby") if none(1) => lazy,
        ("itertools", "repeat") => Some(Shape { kept: &[0], whole: false }),
        ("itertools", "product" | "permutations" | "combinations" | "combinations_with_replacement") => {
            Some(Shape { kept: &[], whole: true })
        }
        _ => None,
    }
}

impl Lower<'_> {
    /// What is returned to Python.
    pub(super) fn handed_out(&mut self, e: &AExpr) -> Expr {
        let kind = match &e.kind {
            A::Call { func, args, keywords } => self.handed_call(func, args, keywords),
            A::If { test, body, orelse } => {
                let test = self.boxed(test);
                let (body, orelse) = (Box::new(self.handed_out(body)), Box::new(self.handed_out(orelse)));
                Some(ExprKind::If { test, body, orelse })
            }
            _ => None,
        };
        match kind {
            Some(kind) => self.make(kind, e.span),
            None => self.expr(e),
        }
    }

    fn handed_call(&mut self, func: &AExpr, args: &[AExpr], keywords: &[ast::Keyword]) -> Option<ExprKind> {
        let starred = args.iter().any(|a| matches!(a.kind, A::Starred(_)));
        if starred || keywords.iter().any(|k| k.name.is_none() || k.name.as_deref() == Some("func")) {
            return None;
        }
        let (module, attr) = match &func.kind {
            A::Name(name) if self.is_builtin(name) => ("builtins".to_string(), name.clone()),
            _ => {
                let library = self.library_of(func)?;
                let from_iterable =
                    matches!(&func.kind, A::Attribute { name, .. } if name == "from_iterable");
                let attr = match from_iterable {
                    true => format!("{}.from_iterable", library.attr),
                    false => library.attr.clone(),
                };
                shape(&library.module, &attr, args)?;
                let module = library.module.clone();
                self.libraries.insert(library);
                (module, attr)
            }
        };
        let Shape { kept, whole } = shape(&module, &attr, args)?;
        let args = args.iter().enumerate().map(|(i, arg)| {
            // What goes through its operands at once would run what stands behind an iterator.
            let operand = if whole { self.expr(arg) } else { self.handed_out(arg) };
            (operand, kept.contains(&i))
        });
        let args = args.collect();
        let keywords = self.keywords(keywords, false);
        Some(ExprKind::HandOut { module, attr, args, keywords, whole })
    }
}
