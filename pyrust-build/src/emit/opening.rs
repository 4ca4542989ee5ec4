//! What stands before the body of a function: parameters, what is read once, variables.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::types::{Val, rust_type};
use crate::hir;
use crate::ty::Type;

/// What stands before the body of a function.
pub(super) struct Opening {
    /// Name, type, and whether the body assigns it.
    pub(super) params: Vec<(Ident, TokenStream, bool)>,
    /// Globals that are read once.
    pub(super) hoisted: Vec<TokenStream>,
    /// Declarations, of parameters with more types than the caller gives too.
    pub(super) locals: Vec<TokenStream>,
}

impl Func<'_, '_, '_> {
    /// What stands before the body, once that has been emitted.
    pub(super) fn opening(&mut self) -> Opening {
        let hir = self.hir;
        let (mut params, mut locals) = (Vec::new(), Vec::new());
        for (i, p) in hir.params.iter().enumerate() {
            let (name, entry, var) =
                (self.var_ident(p.var), self.instance.entry_type(i), self.instance.vars[p.var].clone());
            // Cells and widened parameters get variables of their own.
            let itself = !hir.vars[p.var].cell && entry == var;
            let ty = if self.far.contains(&p.var) { quote!(i128) } else { rust_type(&entry) };
            params.push((name.clone(), ty, itself && self.assigned.contains(&p.var)));
            if entry != var && !hir.vars[p.var].cell {
                let ty = rust_type(&var);
                let wide = self.coerce(&Val::new(quote!(#name), entry), &var);
                locals.push(quote!(let mut #name: #ty = #wide;));
            }
        }
        for (place, record) in self.places.values() {
            locals.push(quote!(let #place = object::own::Place::<#record>::new();));
        }
        locals.extend(self.seen_locals());
        if self.uses_sweep {
            locals.push(quote!(let mut __py_arrays = ndarray::mark(cx);));
        }
        let is_param = |v: hir::VarId| hir.params.iter().any(|p| p.var == v);
        for (v, var) in hir.vars.iter().enumerate() {
            match (is_param(v), var.maybe_unbound) {
                (true, true) => {
                    let (name, ty) = (self.var_ident(v), rust_type(&self.instance.vars[v]));
                    locals.push(quote!(let mut #name: Option<#ty> = Some(#name);));
                }
                (true, false) => {}
                (false, _) if self.deferred.contains_key(&v) => {}
                (false, _) => locals.push(self.declare(v)),
            }
        }
        let hoisted = self.hoisted.iter().map(|(_, name, code)| quote!(let #name = #code;)).collect();
        Opening { params, hoisted, locals }
    }

    /// The declaration of a variable without a value.
    pub(super) fn declare(&self, v: hir::VarId) -> TokenStream {
        let (name, ty) = (self.var_ident(v), self.var_type(v));
        if self.hir.vars[v].cell {
            return quote!(let #name: Shared<#ty> = Shared::new(););
        }
        if self.pieces.contains_key(&v) {
            return quote!(let mut #name = Pieces::new(););
        }
        match self.hir.vars[v].maybe_unbound {
            true => quote!(let mut #name: Option<#ty> = None;),
            false if self.uses_sweep && matches!(self.instance.vars[v], Type::Array(..)) => {
                quote!(let mut #name: #ty = Array::nothing();)
            }
            false if self.zeroed.contains(&v) => quote!(let mut #name = #ty::default();),
            false => quote!(let mut #name: #ty;),
        }
    }
}
