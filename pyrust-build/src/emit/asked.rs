//! `hasattr` with a name that is written down, and calls of an object's own class.

use std::sync::Arc;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Func;
use super::types::{Val, object_marker};
use crate::hir::{Expr, NodeId};
use crate::infer::{Guard, has_attribute};
use crate::ty::{ObjectClass, Type};

impl Func<'_, '_, '_> {
    /// `hasattr(value, "name")`
    pub(super) fn has_attribute(&mut self, val: &Val, name: &str) -> TokenStream {
        self.match_union(val, |f, v| {
            let code = v.by_ref();
            match &v.ty {
                Type::Instance(class) if class.own == 0 => Some(f.has_name(&v, class, name)),
                ty => {
                    let has = has_attribute(ty, name)?;
                    Some(quote!({ let _ = #code; #has }))
                }
            }
        })
    }

    fn has_name(&mut self, val: &Val, class: &Arc<ObjectClass>, name: &str) -> TokenStream {
        let (code, marker, at) = (&val.code, object_marker(class), self.file.attribute(class, name));
        self.q(quote!(object::has::<#marker>(cx, #code, &#at)))
    }

    /// Bails unless there is a global of that name.
    pub(super) fn is_there(&mut self, name: &str) -> TokenStream {
        let module = self.instance.func.module.clone();
        let (space, slot) = self.file.slot(self.index, &module, false, Guard::Value(name.to_string()));
        let (space, slot) = (format_ident!("NS_{space}"), Literal::usize_unsuffixed(slot));
        let read = self.q(quote!(#space.load::<Obj>(cx, #slot)));
        quote!({ let _ = #read; })
    }

    /// `instance.__class__(…)`
    pub(super) fn make_another(
        &mut self,
        node: NodeId,
        val: &Val,
        class: &Arc<ObjectClass>,
        args: &[Expr],
        keywords: &[(String, Expr)],
        to: &Type,
    ) -> TokenStream {
        let code = &val.code;
        let class = class.of_python();
        let names = (class.module.clone(), class.name.clone());
        let made = self.make_instance(node, (&names.0, &names.1), &class, args, keywords, to);
        quote!({ let _ = #code; #made })
    }
}
