//! `l op= r` of values that change in place.

use quote::quote;

use proc_macro2::TokenStream;

use super::Func;
use super::types::{Val, is_changeable};
use crate::hir::BinOp;
use crate::infer::in_place_method;
use crate::ty::{DictKind, Type};

impl Func<'_, '_, '_> {
    /// `l op= r`, as the value that the name has then.
    pub(super) fn in_place(&mut self, op: BinOp, l: &Val, r: &Val, to: &Type) -> TokenStream {
        if let Some(val) = self.noted_mixed(op.symbol(), &[l.clone(), r.clone()]) {
            return self.coerce(&val, to);
        }
        if let Type::Union(_) = l.ty {
            let mut lets = Vec::new();
            let (l, r) = (self.bind(l, &mut lets), self.bind(r, &mut lets));
            let code = self.match_union(&l, |f, member| {
                let code = match (op, &member.ty) {
                    _ if changes_in_place(op, &member.ty, &r.ty) => {
                        let code = f.in_place(op, &member, &r, &member.ty);
                        f.coerce(&Val::new(code, member.ty.clone()), to)
                    }
                    (_, Type::Set { frozen: false, .. }) if matches!(r.ty, Type::DictView { .. }) => {
                        f.binary(op, &member, &r, to)
                    }
                    (_, ty) if is_changeable(ty) => f.bail("Unsupported"),
                    _ => f.binary(op, &member, &r, to),
                };
                Some(code)
            });
            return if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) };
        }
        if l.ty == Type::Obj && changes_in_place(op, &l.ty, &r.ty) {
            let mut lets = Vec::new();
            let (l, r) = (self.bind(l, &mut lets), self.bind(r, &mut lets));
            let told = Type::List { elem: Box::new(Type::Obj), in_place: true };
            let list = Val::new(self.coerce(&l, &told), told);
            let list = self.bind(&list, &mut lets);
            let (extend, out) = (self.extend(&list, &r), l.owned());
            return quote!({ #(#lets)* #extend; #out });
        }
        if let (BinOp::Add, Type::List { .. }) = (op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let r = self.bind(r, &mut lets);
            let (extend, out) = (self.extend(&l, &r), l.owned());
            return quote!({ #(#lets)* #extend; #out });
        }
        if let (BinOp::BitOr, Type::Dict { kind, .. }) = (op, &l.ty)
            && *kind != DictKind::Counter
        {
            let name = format!("{}.update", kind.class());
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let (update, out) = (self.apply(&name, &[l.clone(), r.clone()], &Type::None), l.owned());
            return quote!({ #(#lets)* #update; #out });
        }
        if let (BinOp::BitOr | BinOp::BitAnd | BinOp::Sub | BinOp::BitXor, Type::Set { frozen: false, .. }) =
            (op, &l.ty)
            && changes_in_place(op, &l.ty, &r.ty)
        {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let method = in_place_method(op.symbol());
            let (change, out) = (self.apply(method, &[l.clone(), r.clone()], &Type::None), l.owned());
            return quote!({ #(#lets)* #change; #out });
        }
        if let (BinOp::Mult, Type::List { .. }) = (op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let times = self.coerce(r, &Type::Int);
            let (list, out) = (l.by_ref(), l.owned());
            let repeat = self.q(quote!(list::repeat_in_place(cx, #list, #times)));
            return quote!({ #(#lets)* #repeat; #out });
        }
        if let (BinOp::Add, Type::Deque { .. }) = (op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let r = self.bind(r, &mut lets);
            let (extend, out) = (self.take_all("extend", &l, &r), l.owned());
            return quote!({ #(#lets)* #extend; #out });
        }
        if changes_by_row(op, &l.ty) {
            let mut lets = Vec::new();
            let l = self.bind(l, &mut lets);
            let name = format!("{}=", op.symbol());
            let (change, out) = (self.apply(&name, &[l.clone(), r.clone()], &Type::None), l.owned());
            return quote!({ #(#lets)* #change; #out });
        }
        self.binary(op, l, r, to)
    }
}

/// Is `l op= r` known for a value that changes in place?
pub(super) fn changes_in_place(op: BinOp, l: &Type, r: &Type) -> bool {
    match (op, l) {
        (BinOp::Add, Type::List { .. } | Type::Deque { .. }) => true,
        (BinOp::Add, Type::Obj) => matches!(r, Type::List { elem, .. } if **elem == Type::Obj),
        (_, Type::Array(..)) => true,
        (BinOp::Mult, Type::List { .. }) => {
            matches!(r, Type::Int | Type::Big | Type::Bool | Type::Never)
        }
        (BinOp::BitOr, Type::Dict { kind, .. }) if *kind != DictKind::Counter => true,
        // A view makes a new set.
        (BinOp::BitOr | BinOp::BitAnd | BinOp::Sub | BinOp::BitXor, Type::Set { frozen: false, .. }) => {
            !matches!(r, Type::DictView { .. })
        }
        _ => changes_by_row(op, l),
    }
}

/// Is there a row for `l op= r` that changes `l` and gives nothing?
fn changes_by_row(op: BinOp, l: &Type) -> bool {
    let counter = matches!(l, Type::Dict { kind: DictKind::Counter, .. });
    match op {
        _ if matches!(l, Type::Array(..)) => true,
        BinOp::Add => counter || matches!(l, Type::ByteArray | Type::Packed(_)),
        BinOp::Mult => matches!(l, Type::ByteArray | Type::Packed(_) | Type::Deque { .. }),
        BinOp::Sub | BinOp::BitOr | BinOp::BitAnd => counter,
        _ => false,
    }
}
