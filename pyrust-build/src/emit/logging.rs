//! Calls of loggers that have nothing to say: what they are given is evaluated, and then the level is asked for.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::{Expr, ExprKind};
use crate::infer::logging::Logged;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `log.debug("…", x)` or `log.isEnabledFor(level)`, where `log` is known to be a logger.
    pub(super) fn asked_of_logger(
        &mut self,
        (base, name): (&Expr, &str),
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> Option<TokenStream> {
        if self.node(base.id) != Type::Obj {
            return None;
        }
        let of = match &base.kind {
            ExprKind::Method { base, .. } => self.node(base.id),
            _ => Type::Never,
        };
        let asked = self.file.program.logged(&self.instance.func.module, (base, name), &of, keywords)?;
        let mut lets = Vec::new();
        let logger = self.val(base);
        let logger = self.bind(&logger, &mut lets);
        let given = self.bind_all(args.iter().chain(keywords.iter().map(|(_, e)| e)), &mut lets);
        let code = &logger.code;
        let said = match asked {
            Logged::Said(level) => {
                let level = proc_macro2::Literal::usize_unsuffixed(level);
                Val::new(self.q(quote!(logging::quiet(cx, #code, #level))), Type::None)
            }
            Logged::Asked => {
                let level = self.coerce(given.first()?, &Type::Int);
                Val::new(self.q(quote!(logging::enabled(cx, #code, #level))), Type::Bool)
            }
        };
        let said = self.coerce(&said, to);
        Some(quote!({ #(#lets)* #said }))
    }
}
