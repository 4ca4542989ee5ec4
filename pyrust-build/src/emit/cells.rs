//! Variables that functions share, whose values are changed in place.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use crate::hir::visit::{self, Visit};
use crate::hir::{self, BinOp, ExprKind, VarId};
use crate::passes::Pass;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `text += more` of a variable that inner functions share: grows in place where nobody else has the string, if what
    /// makes `more` cannot assign the variable.
    pub(super) fn append_to_shared(&mut self, var: VarId, value: &hir::Expr) -> Option<TokenStream> {
        let (ExprKind::InPlace { op: BinOp::Add, left, right }
        | ExprKind::Binary { op: BinOp::Add, left, right }) = &value.kind
        else {
            return None;
        };
        let fits = matches!(left.kind, ExprKind::Local(from) if from == var)
            && self.hir.vars[var].cell
            && self.instance.vars[var] == Type::Str
            && self.file.program.passes.has(Pass::Appends);
        let append = match self.node(right.id) {
            Type::Str if fits => quote!(pystr::append),
            Type::Char if fits => quote!(pystr::push),
            _ => return None,
        };
        let mut reach = Reach { func: self, found: false };
        reach.expr(right);
        if reach.found {
            return None;
        }
        let more = self.val(right);
        let by_ref = (more.ty == Type::Str).then(|| quote!(&));
        let (more, name, cell) = (more.owned(), self.fresh("more"), self.var_ident(var));
        let bound = self.q(quote!(#cell.bound()));
        let change = self.q(quote!(#cell.change(|__py_text| #append(cx, __py_text, #by_ref #name))));
        Some(quote!({ #bound; let #name = #more; #change; }))
    }
}

/// Looks for what may run an inner function: one that is called, or something that may hold one.
struct Reach<'s, 'f, 'p, 'a> {
    func: &'s Func<'f, 'p, 'a>,
    found: bool,
}

impl<'h> Visit<'h> for Reach<'_, '_, '_, '_> {
    fn expr(&mut self, e: &'h hir::Expr) {
        let holds = |ty: &Type| {
            matches!(
                ty,
                Type::Instance(_)
                    | Type::Function(_)
                    | Type::Inner(_)
                    | Type::Closure { .. }
                    | Type::Cell(_)
                    | Type::Iter(_)
                    | Type::Foreign(_)
                    | Type::Obj
            )
        };
        self.found |= matches!(
            e.kind,
            ExprKind::CallNested { .. }
                | ExprKind::CallValue { .. }
                | ExprKind::Cell(_)
                | ExprKind::Function { .. }
        ) || self.func.node(e.id).any(&holds);
        visit::walk_expr(self, e);
    }
}
