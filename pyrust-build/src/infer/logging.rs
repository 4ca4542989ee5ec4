//! Calls of loggers that have nothing to say: `log.debug("…", x)`, where the text shows that `log` is a logger of `logging`.
//!
//! Whether the level is off is asked when the code runs (`logging.rs` of the runtime); what would be said is Python's.

use super::solver::Ty;
use super::{Infer, Program};
use crate::ast::{self, ExprKind as A, StmtKind as S};
use crate::hir::{Expr, ExprKind};
use crate::resolve::Binding;
use crate::ty::{ObjectClass, Type};
use crate::walk::each_statement;

/// What is asked of a logger.
#[derive(Clone, Copy)]
pub enum Logged {
    /// To say something of that level, by its place among the levels.
    Said(usize),
    /// Whether a level is on.
    Asked,
}

/// What makes loggers, which are any object to all but their methods.
pub(super) const MAKES: &str = "logging.getLogger";

/// The methods that say something, by the places of their levels.
const SAID: [&str; 5] = ["debug", "info", "warning", "error", "critical"];

impl Program<'_> {
    /// What a method asks of a logger, if its receiver is one as far as the text tells. `of`: the type of the object of which
    /// it is an attribute.
    pub fn logged(
        &self,
        module: &str,
        (base, name): (&Expr, &str),
        of: &Type,
        keywords: &[(String, Expr)],
    ) -> Option<Logged> {
        let asked = match name {
            "isEnabledFor" => Logged::Asked,
            _ => Logged::Said(SAID.iter().position(|said| *said == name)?),
        };
        let is_logger = match &base.kind {
            ExprKind::Global(global) => self.is_logger(module, global),
            ExprKind::Method { name, args, .. } if args.is_empty() => {
                match (name.strip_prefix("attribute "), of) {
                    (Some(attribute), Type::Instance(class)) => self.keeps_logger(class, attribute),
                    _ => false,
                }
            }
            _ => false,
        };
        (is_logger && !keywords.iter().any(|(key, _)| key.starts_with('*'))).then_some(asked)
    }

    fn is_logger(&self, module: &str, global: &str) -> bool {
        match self.binding(module, global) {
            Some((home, Binding::Value(value))) => self.makes_logger(&home, &value),
            _ => false,
        }
    }

    /// Is it `logging.getLogger(…)`?
    fn makes_logger(&self, module: &str, value: &ast::Expr) -> bool {
        self.library_call(module, value).as_deref() == Some(MAKES)
    }

    /// Does the text of the class, or of one above it, put a logger there?
    fn keeps_logger(&self, class: &ObjectClass, attribute: &str) -> bool {
        let Some(order) = self.order(class) else { return false };
        order.iter().any(|class| {
            let Some(def) = self.class_def(class) else { return false };
            let is_it = |target: &ast::Expr| match &target.kind {
                A::Name(name) => name == attribute,
                A::Attribute { value, name } => name == attribute && matches!(value.kind, A::Name(_)),
                _ => false,
            };
            let made = |value: &ast::Expr| match &value.kind {
                A::Name(global) => self.is_logger(&class.module, global),
                _ => self.makes_logger(&class.module, value),
            };
            let mut found = false;
            let mut look = |stmt: &ast::Stmt| {
                if let S::Assign { targets, value } = &stmt.kind {
                    found |= targets.iter().any(is_it) && made(value);
                }
            };
            each_statement(&def.body, &mut look);
            for stmt in &def.body {
                if let S::FunctionDef(method) = &stmt.kind {
                    each_statement(&method.body, &mut look);
                }
            }
            found
        })
    }
}

impl Infer<'_, '_> {
    /// The type of such a call.
    pub(super) fn asks_logger(
        &mut self,
        (base, ty, name): (&Expr, &Ty, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        if *ty != Ty::Obj {
            return None;
        }
        let of = match &base.kind {
            ExprKind::Method { base, .. } => self.expr(base),
            _ => Ty::Never,
        };
        let of = self.state.solver.resolve(&of).unwrap_or(Type::Never);
        let asked = self.program.logged(&self.func.module, (base, name), &of, keywords)?;
        let types: Vec<Ty> =
            args.iter().chain(keywords.iter().map(|(_, e)| e)).map(|e| self.expr(e)).collect();
        match asked {
            Logged::Said(_) => (!args.is_empty()).then_some(Ty::None),
            Logged::Asked => {
                (args.len() == 1 && keywords.is_empty() && types == [Ty::Int]).then_some(Ty::Bool)
            }
        }
    }
}
