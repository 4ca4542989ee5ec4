//! What is looked for in a container of which the profile saw no elements, such as the keywords of a function that was
//! called without any: it is not there, as long as there is nothing.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::Expr;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// `item in of`
    pub(super) fn in_nothing(&mut self, name: &str, vals: &[Val]) -> Option<TokenStream> {
        let ("in", [item, of]) = (name, vals) else { return None };
        self.unless_something(of, item, quote!(false))
    }

    /// `of.get(key)`, `of.get(key, default)`, `of.pop(key, default)`
    pub(super) fn got_nothing(
        &mut self,
        of: &Val,
        name: &str,
        args: &[Expr],
        to: &Type,
    ) -> Option<TokenStream> {
        let gets = matches!((name, args.len()), ("get", 1 | 2) | ("pop", 2));
        let nothing = matches!(&of.ty, Type::Dict { key, .. } if **key == Type::Never);
        if !gets || !nothing || !is_hashed_plainly(&self.node(args[0].id)) {
            return None;
        }
        let mut lets = Vec::new();
        let (of, key) = (self.bind(of, &mut lets), self.val(&args[0]));
        let key = self.bind(&key, &mut lets);
        let default = match args.get(1) {
            Some(default) => self.val(default),
            None => Val::new(quote!(()), Type::None),
        };
        let default = self.bind(&default, &mut lets);
        let absent = self.coerce(&default, to);
        let code = self.unless_something(&of, &key, absent)?;
        Some(quote!({ #(#lets)* #code }))
    }

    fn unless_something(&mut self, of: &Val, item: &Val, absent: TokenStream) -> Option<TokenStream> {
        let hashes = match &of.ty {
            Type::List { elem, .. } | Type::View(elem) | Type::Deque { elem, .. }
                if **elem == Type::Never =>
            {
                false
            }
            Type::Dict { key, .. } if **key == Type::Never => true,
            Type::Set { elem, .. } if **elem == Type::Never => true,
            _ => return None,
        };
        if hashes && !is_hashed_plainly(&item.ty) {
            return None;
        }
        let (item, len) = (item.by_ref(), self.apply("len", std::slice::from_ref(of), &Type::Int));
        let other = self.bail("Type");
        Some(quote!({ let _ = #item; if #len == 0 { #absent } else { #other } }))
    }
}

/// Is nothing of the program asked for the hash, and does each value have one?
fn is_hashed_plainly(ty: &Type) -> bool {
    match ty {
        Type::None
        | Type::Bool
        | Type::Int
        | Type::Big
        | Type::Float
        | Type::Char
        | Type::Str
        | Type::Bytes => true,
        Type::Tuple { items, .. } => items.iter().all(is_hashed_plainly),
        _ => false,
    }
}
