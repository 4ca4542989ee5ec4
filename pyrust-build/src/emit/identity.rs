//! `is`.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::coerce::same_rust;
use super::types::Val;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    /// Are two values that are not unions the same object? None where only a look at both objects would tell.
    pub(super) fn is(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        let (x, y) = (a.by_ref(), b.by_ref());
        // One empty container of Python's can come as two containers of different types.
        if lives_in_python(&a.ty) && lives_in_python(&b.ty) && !same_rust(&a.ty, &b.ty) && alike(&a.ty, &b.ty)
        {
            return None;
        }
        Some(match (&a.ty, &b.ty) {
            (Type::None, Type::None) => quote!({ let _ = (#x, #y); true }),
            (Type::Bool, Type::Bool) => quote!((*#x == *#y)),
            (Type::List { in_place: p, .. }, Type::List { .. }) if same_rust(&a.ty, &b.ty) => {
                if *p {
                    quote!((*#x).is(*#y))
                } else {
                    quote!((*#x).is(#y))
                }
            }
            (Type::Deque { .. }, Type::Deque { .. }) if same_rust(&a.ty, &b.ty) => quote!((*#x).is(#y)),
            (Type::Named { class: a, .. }, Type::Named { class: b, .. }) if a == b => quote!((*#x).is(#y)),
            (Type::Dict { .. }, Type::Dict { .. }) if same_rust(&a.ty, &b.ty) => quote!(dict::is(#x, #y)),
            (Type::Set { .. }, Type::Set { .. }) if same_rust(&a.ty, &b.ty) => quote!(set::is(#x, #y)),
            (Type::View(_), Type::View(_)) if same_rust(&a.ty, &b.ty) => quote!((*#x).is(*#y)),
            (Type::ByteArray, Type::ByteArray) => quote!((*#x).is(#y)),
            (Type::Packed(a), Type::Packed(b)) if a == b => quote!((*#x).is(#y)),
            (Type::Foreign(a), Type::Foreign(b)) if a == b => quote!((*#x).is(*#y)),
            (Type::Instance(a), Type::Instance(b)) if a == b => quote!((*#x).is(*#y)),
            (Type::Function(_), Type::Function(_)) => quote!((*#x).is(*#y)),
            (Type::Obj, Type::Obj) => self.q(quote!((*#x).same(*#y))),
            (Type::Obj, Type::None) => quote!((*#x).is_none()),
            (Type::None, Type::Obj) => quote!((*#y).is_none()),
            (Type::Obj, Type::Instance(_)) | (Type::Instance(_), Type::Obj) => {
                quote!(((*#x).as_ptr() == (*#y).as_ptr()))
            }
            (Type::Obj, Type::Function(_)) => {
                quote!({ let (__py_object, __py_function) = (#x, #y); __py_function.is_object((*__py_object).as_ptr()) })
            }
            (Type::Function(_), Type::Obj) => quote!((*#x).is_object((*#y).as_ptr())),
            (Type::Obj, Type::Bool) => quote!((*#x).is_bool(*#y)),
            (Type::Bool, Type::Obj) => {
                quote!({ let (__py_told, __py_object) = (#x, #y); __py_object.is_bool(*__py_told) })
            }
            // It may be that very object, unless that is of another class.
            (Type::Obj, other) | (other, Type::Obj) => {
                let class = super::classes::exact_class(other)?;
                let told = self.q(quote!(__py_object.is_one_of(Class::#class)));
                let names =
                    if a.ty == Type::Obj { quote!((__py_object, _)) } else { quote!((_, __py_object)) };
                quote!({ let #names = (#x, #y); #told })
            }
            _ => quote!({ let _ = (#x, #y); false }),
        })
    }
}

/// A container that is one of Python's objects.
fn lives_in_python(ty: &Type) -> bool {
    matches!(
        ty,
        Type::List { in_place: true, .. }
            | Type::Dict { in_place: true, .. }
            | Type::Set { in_place: true, .. }
            | Type::View(_)
    )
}

/// Do containers of these types have the same class in Python?
fn alike(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::List { .. } | Type::View(_), Type::List { .. } | Type::View(_)) => true,
        (Type::Dict { kind: a, .. }, Type::Dict { kind: b, .. }) => a == b,
        (Type::Set { frozen: a, .. }, Type::Set { frozen: b, .. }) => a == b,
        _ => false,
    }
}
