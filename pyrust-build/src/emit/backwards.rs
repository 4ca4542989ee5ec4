//! Loops over dicts, and those that go backwards.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Func;
use super::iter::Pull;
use super::types::Val;
use crate::hir::Expr;
use crate::ty::{DictKind, Origin, Side, Type};

impl Func<'_, '_, '_> {
    pub(super) fn pull_reversed(
        &mut self,
        e: &Expr,
        detached: bool,
        it: &proc_macro2::Ident,
        at: &proc_macro2::Ident,
    ) -> Pull {
        let val = self.val(e);
        if val.ty.members().iter().filter(|t| is_reversible(t)).count() > 1 {
            return self
                .pull_union(&val, detached, it, is_reversible, |f, v, it, at| f.pull_back(v, true, it, at));
        }
        let val = self.project(&val, is_reversible);
        self.pull_back(&val, detached, it, at)
    }

    fn pull_back(
        &mut self,
        val: &Val,
        detached: bool,
        it: &proc_macro2::Ident,
        at: &proc_macro2::Ident,
    ) -> Pull {
        let val = self.opened(val);
        let code = val.owned();
        match &val.ty {
            Type::List { elem, .. } | Type::View(elem) => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = list::len(cx, &#it) - 1;),
                next: self.q_in(detached, quote!(list::next_back(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::Dict { key, value, .. } => {
                self.dict_cursor(code, detached, it, at, "last_key", (key, value))
            }
            Type::Deque { elem, .. } => Pull {
                setup: quote!(let #it = #code; let mut #at = deque::iter(cx, &#it);),
                next: self.q_in(detached, quote!(deque::next_back(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::VarTuple(elem) => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = tuple::len(cx, &#it) - 1;),
                next: self.q_in(detached, quote!(tuple_next_back(cx, &#it, &mut #at))),
                elem: (**elem).clone(),
            },
            Type::Str => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = pystr::len(&#it) - 1;),
                next: quote!(str_next_back(&#it, &mut #at)),
                elem: Type::Char,
            },
            Type::ByteArray => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = bytearray::len(&#it) - 1;),
                next: quote!(bytearray::next_back(&#it, &mut #at)),
                elem: Type::Int,
            },
            Type::Packed(typecode) => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = packed::len(&#it) - 1;),
                next: self.q_in(detached, quote!(packed::next_back(&#it, &mut #at))),
                elem: typecode.item(),
            },
            Type::Bytes => Pull {
                setup: quote!(let #it = #code; let mut #at: i64 = bytes::len(&#it) - 1;),
                next: quote!(bytes_next_back(&#it, &mut #at)),
                elem: Type::Int,
            },
            Type::MemView => {
                let reversed = self.q(quote!(MemView::slice(cx, &#code, None, None, Some(-1))));
                Pull {
                    setup: quote!(let #it = #reversed; let mut #at: i64 = 0;),
                    next: quote!(#it.next(&mut #at)),
                    elem: Type::Int,
                }
            }
            Type::DictView { dict, side } => {
                let Type::Dict { key, value, .. } = &**dict else { unreachable!("a view of a dict") };
                let next = match side {
                    Side::Keys => "last_key",
                    Side::Values => "last_value",
                    Side::Items => "last_item",
                };
                self.dict_cursor(code, detached, it, at, next, (key, value))
            }
            Type::Range => {
                let reversed = self.q(quote!(range::reversed(cx, #code)));
                Pull {
                    setup: quote!(let #it = #reversed; let mut #at: i64 = 0;),
                    next: self.q_in(detached, quote!(range::next(cx, #it, &mut #at))),
                    elem: Type::Int,
                }
            }
            Type::Tuple { items, .. } => {
                let t = self.fresh("t");
                let parts =
                    (0..items.len()).rev().map(Literal::usize_unsuffixed).map(|i| quote!(#t.#i.clone()));
                let items = items.iter().rev().cloned().collect();
                let flipped = Val::new(
                    quote!({ let #t = #code; (#(#parts,)*) }),
                    Type::Tuple { items, origin: Origin::Native },
                );
                self.pull_value(&flipped, detached, it, at)
            }
            _ => self.pull_value(&val, detached, it, at),
        }
    }

    pub(super) fn pull_dict(
        &mut self,
        e: &Expr,
        detached: bool,
        it: &proc_macro2::Ident,
        at: &proc_macro2::Ident,
        next: &str,
    ) -> Pull {
        let mut val = self.val(e);
        if val.ty.members().contains(&Type::Obj) {
            return self.pull_objects(&val, detached, it, at, next);
        }
        let dicts = val.ty.members().iter().filter(|t| matches!(t, Type::Dict { .. })).count();
        if let (2.., Some(side)) = (dicts, side(next)) {
            // A view of a dict is the dict, so this is the same value.
            let members = val.ty.members().iter().map(|t| match t {
                Type::Dict { .. } => Type::DictView { dict: Box::new(t.clone()), side },
                other => other.clone(),
            });
            val.ty = Type::Union(members.collect());
            return self.pull_forward(&val, detached, it);
        }
        let val = self.project(&val, |t| matches!(t, Type::Dict { .. }));
        match &val.ty {
            Type::Dict { key, value, .. } => {
                let code = val.owned();
                self.dict_cursor(code, detached, it, at, next, (key, value))
            }
            _ => self.pull_value(&val, detached, it, at),
        }
    }

    /// The same of what may be any object: that is a dict of objects, or it bails.
    fn pull_objects(
        &mut self,
        val: &Val,
        detached: bool,
        it: &proc_macro2::Ident,
        at: &proc_macro2::Ident,
        next: &str,
    ) -> Pull {
        let object = || Box::new(Type::Obj);
        let any = Type::Dict { key: object(), value: object(), in_place: true, kind: DictKind::Plain };
        let dicts: Vec<Type> =
            val.ty.members().iter().filter(|t| matches!(t, Type::Dict { .. })).cloned().collect();
        let (mut key, mut value) = (Type::Obj, Type::Obj);
        if let Some(Type::Dict { key: k, value: v, .. }) = dicts.first() {
            (key, value) = (Type::join(k, &key), Type::join(v, &value));
        } else {
            let code = self.match_union(val, |f, v| (v.ty == Type::Obj).then(|| f.coerce(&v, &any)));
            return self.dict_cursor(code, detached, it, at, next, (&key, &value));
        }
        let elem = match next {
            "next_key" | "last_key" => key,
            "next_value" | "last_value" => value,
            _ => Type::Tuple { items: vec![key, value], origin: Origin::Native },
        };
        let code = self.match_union(val, |f, v| {
            let v = match &v.ty {
                Type::Obj => Val::new(f.coerce(&v, &any), any.clone()),
                ty if Some(ty) == dicts.first() => v,
                _ => return None,
            };
            let Type::Dict { key, value, .. } = v.ty.clone() else { return None };
            let (it, at) = (f.fresh("it"), f.fresh("at"));
            let pull = f.dict_cursor(v.owned(), true, &it, &at, next, (&key, &value));
            Some(f.stepping(pull, &elem, quote!(new)))
        });
        Pull { setup: quote!(let #it = #code;), next: self.q_in(detached, quote!(#it.next(cx))), elem }
    }

    pub(super) fn dict_cursor(
        &mut self,
        code: TokenStream,
        detached: bool,
        it: &proc_macro2::Ident,
        at: &proc_macro2::Ident,
        next: &str,
        (key, value): (&Type, &Type),
    ) -> Pull {
        let f = quote::format_ident!("{next}");
        let elem = match next {
            "next_key" | "last_key" => key.clone(),
            "next_value" | "last_value" => value.clone(),
            _ => Type::Tuple { items: vec![key.clone(), value.clone()], origin: Origin::Native },
        };
        let back = next.starts_with("last");
        if self.late {
            let begin = if back { quote!(begun_back) } else { quote!(begun) };
            let begun = self.q_in(detached, quote!(dict::#begin(cx, &#it, &mut #at)));
            return Pull {
                setup: quote!(let #it = #code; let mut #at = None;),
                next: self.q_in(detached, quote!(dict::#f(cx, &#it, #begun))),
                elem,
            };
        }
        let iter = if back { quote!(iter_back) } else { quote!(iter) };
        let start = self.q(quote!(dict::#iter(cx, &#it)));
        Pull {
            setup: quote!(let #it = #code; let mut #at = #start;),
            next: self.q_in(detached, quote!(dict::#f(cx, &#it, &mut #at))),
            elem,
        }
    }
}

/// Has `reversed` of such a value elements?
fn is_reversible(ty: &Type) -> bool {
    matches!(
        ty,
        Type::List { .. }
            | Type::Deque { .. }
            | Type::Dict { .. }
            | Type::View(_)
            | Type::VarTuple(_)
            | Type::Tuple { .. }
            | Type::Named { .. }
            | Type::Str
            | Type::Range
            | Type::Bytes
            | Type::ByteArray
            | Type::Packed(_)
            | Type::MemView
            | Type::DictView { .. }
    )
}

/// Which side of a dict a step of its iteration gives, from the first entry on.
fn side(next: &str) -> Option<Side> {
    match next {
        "next_key" => Some(Side::Keys),
        "next_value" => Some(Side::Values),
        "next_item" => Some(Side::Items),
        _ => None,
    }
}
