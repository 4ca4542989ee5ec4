//! Conversions between representations: what Python would not notice.

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::stmt::scoped;
use super::types::{Val, rust_type, variant};
use crate::ty::{DictKind, Origin, Type};

impl Func<'_, '_, '_> {
    /// The value in the representation of `to`, owned. What cannot be converted is not of that type and bails.
    pub(super) fn coerce(&mut self, val: &Val, to: &Type) -> TokenStream {
        let from = &val.ty;
        if from == to {
            return val.owned();
        }
        match (from, to) {
            (Type::Never, _) => {
                let (code, ty, bail) = (&val.code, rust_type(to), self.bail("Unsupported"));
                if val.place {
                    quote!({ let __py_value: #ty = #bail; __py_value })
                } else {
                    quote!({ let _ = #code; let __py_value: #ty = #bail; __py_value })
                }
            }
            (_, Type::Never) => {
                let (code, bail) = (val.owned(), self.bail("Unsupported"));
                quote!({ let _ = #code; let __py_value: () = #bail; __py_value })
            }
            (Type::Union(members), _) => self.take_apart(val, members, to),
            (Type::Obj, _) if can_be_read(to) => {
                let (code, rust) = (&val.code, rust_type(to));
                self.q(quote!(#code.to::<#rust>(cx)))
            }
            (Type::None, Type::Obj) => {
                let code = &val.code;
                quote!({ let _ = #code; Obj::none() })
            }
            (_, Type::Obj) if can_be_boxed(from) => {
                let code = val.owned();
                self.q(quote!(Obj::of(cx, #code)))
            }
            (_, Type::Union(members)) => {
                let Some(i) = best_member(from, members) else { return self.mismatch(val, to) };
                let inner = self.coerce(val, &members[i].clone());
                let variant = variant(members.len(), i);
                quote!(#variant(#inner))
            }
            (Type::Char, Type::Str) => {
                let code = val.owned();
                self.q(quote!(chr::to_str(cx, #code)))
            }
            (Type::Str, Type::Char) => {
                let code = val.by_ref();
                self.q(quote!(to_chr(#code)))
            }
            (Type::Bool, Type::Int) => {
                let code = val.owned();
                quote!(i64::from(#code))
            }
            // Where a row takes a number of Python's.
            (Type::Numpy(dtype), Type::Int) if dtype.is_int() => {
                let code = val.owned();
                self.q(quote!(ndarray::to_int(#code)))
            }
            (Type::Numpy(dtype), Type::Float) if dtype.is_int() || dtype.is_float() => {
                let code = val.owned();
                self.q(quote!(ndarray::to_float(#code)))
            }
            (Type::Int, Type::Big) => {
                let code = val.owned();
                quote!(big::of(#code))
            }
            (Type::Bool, Type::Big) => {
                let code = val.owned();
                quote!(big::of(i64::from(#code)))
            }
            (Type::Big, Type::Int) => {
                let code = val.by_ref();
                self.q(quote!(big::to_int(#code)))
            }
            (Type::Big, Type::Float) => {
                let code = val.by_ref();
                self.q(quote!(big::to_float(#code)))
            }
            (Type::Int, Type::Float) => {
                let code = val.owned();
                quote!(int::to_float(#code))
            }
            (Type::Float, Type::Complex) => {
                let code = val.owned();
                quote!(complex::of_real(#code))
            }
            (Type::Int, Type::Complex) => {
                let code = val.owned();
                quote!(complex::of_real(int::to_float(#code)))
            }
            (Type::Bool, Type::Complex) => {
                let code = val.owned();
                quote!(complex::of_real(int::to_float(i64::from(#code))))
            }
            (Type::Bool, Type::Float) => {
                let code = val.owned();
                quote!(int::to_float(i64::from(#code)))
            }
            (Type::Tuple { items: a, .. }, Type::Tuple { items: b, .. }) if a.len() == b.len() => {
                if same_rust(from, to) {
                    return val.owned();
                }
                if from.is_lazy() {
                    let read = match to.is_lazy() {
                        true => {
                            let (code, items) = (val.owned(), b.iter().map(rust_type));
                            return quote!(#code.read_as::<(#(#items,)*)>());
                        }
                        false => self.read_whole(val),
                    };
                    return self.coerce(&read, to);
                }
                let held = to.is_held();
                // The parts of a plain tuple are moved: what only it holds stays alone.
                let part = if from.is_held() { Val::place } else { Val::new };
                let (code, t) = (val.owned(), self.fresh("t"));
                let parts: Vec<TokenStream> = a
                    .iter()
                    .zip(b)
                    .enumerate()
                    .map(|(i, (x, y))| {
                        let i = proc_macro2::Literal::usize_unsuffixed(i);
                        self.coerce(&part(quote!(#t.#i), x.clone()), y)
                    })
                    .collect();
                let tuple = quote!((#(#parts,)*));
                // It goes where tuples of Python's are: it becomes one.
                let tuple = match held {
                    true if from.is_held() => quote!(held_as(&#t, #tuple)),
                    true => self.q(quote!(held(cx, #tuple))),
                    false => tuple,
                };
                quote!({ let #t = #code; #tuple })
            }
            (Type::Named { class: a, .. }, Type::Named { class: b, items: wanted }) if a == b => {
                if same_rust(from, to) {
                    return val.owned();
                }
                let tuple = Type::Tuple { items: wanted.clone(), origin: Origin::Native };
                let (code, class, rust) = (val.by_ref(), super::types::named_marker(a), rust_type(&tuple));
                match to.is_row() {
                    true => quote!(NamedRow::<#class, ()>::read_as::<#rust>(#code)),
                    false => self.q(quote!(named::retyped::<#class, #rust>(cx, #code))),
                }
            }
            (Type::Named { .. }, Type::VarTuple(_)) => {
                let items = self.named_items(val);
                self.coerce(&items, to)
            }
            (Type::VarTuple(_), Type::VarTuple(elem)) => {
                let (code, rust) = (val.owned(), rust_type(elem));
                self.q(quote!(#code.read_as::<#rust>(cx)))
            }
            // A tuple of known length where one of any length is expected.
            (Type::Tuple { .. }, Type::VarTuple(_)) if from.is_lazy() => {
                let whole = self.read_whole(val);
                self.coerce(&whole, to)
            }
            (Type::Tuple { items, .. }, Type::VarTuple(elem)) => {
                let (code, t) = (val.owned(), self.fresh("t"));
                if from.is_held() {
                    let rust = rust_type(elem);
                    return quote!(PTuple::<#rust>::of_held(&#code));
                }
                let parts: Vec<TokenStream> = items
                    .iter()
                    .enumerate()
                    .map(|(i, x)| {
                        let i = proc_macro2::Literal::usize_unsuffixed(i);
                        // The tuple is taken apart: what only it holds stays alone.
                        self.coerce(&Val::new(quote!(#t.#i), x.clone()), elem)
                    })
                    .collect();
                let n = proc_macro2::Literal::usize_unsuffixed(items.len());
                let rust = rust_type(elem);
                let made = self.q(quote!(tuple::of::<#rust, #n>(cx, [#(#parts),*])));
                quote!({ let #t = #code; #made })
            }
            _ if same_rust(from, to) => val.owned(),
            _ => match self.retyped(val, to) {
                Some(code) => code,
                None => self.mismatch(val, to),
            },
        }
    }

    /// A container that was just made, in another representation; it is asked when it runs that nobody else has it, or for
    /// a dict of Python's that this call has made it.
    fn retyped(&mut self, val: &Val, to: &Type) -> Option<TokenStream> {
        if let (
            Type::Dict { key: a, in_place: true, kind: DictKind::Plain, .. },
            Type::Dict { key: b, value, in_place: true, kind: DictKind::Plain },
        ) = (&val.ty, to)
            && (same_rust(a, b) || matches!((&**a, &**b), (Type::Char, Type::Str)))
        {
            let (code, key, value) = (val.owned(), rust_type(b), rust_type(value));
            return Some(self.q(quote!(#code.retyped::<#key, #value>(cx))));
        }
        let native = made_as(&val.ty, to)?;
        let mut code = val.owned();
        if !same_rust(&val.ty, &native) {
            code = match (&val.ty, &native) {
                (Type::List { elem: a, .. }, Type::List { elem: b, .. }) => {
                    let item = self.element(a, b);
                    self.q(quote!(retype::list(cx, #code, #item)))
                }
                (Type::Dict { key: a, value: v, .. }, Type::Dict { key: b, value: w, .. }) => {
                    let (key, value) = (self.element(a, b), self.element(v, w));
                    self.q(quote!(retype::dict(cx, #code, #key, #value)))
                }
                _ => return None,
            };
        }
        if same_rust(&native, to) {
            return Some(code);
        }
        let (x, y) = (rust_type(&native), rust_type(to));
        Some(self.q(quote!(retype::live::<#x, #y>(cx, #code))))
    }

    /// The closure that converts one element.
    fn element(&mut self, from: &Type, to: &Type) -> TokenStream {
        let item = self.fresh("item");
        let convert = self.in_closure(|f| f.coerce(&Val::new(quote!(#item), from.clone()), to));
        let (x, y) = (rust_type(from), rust_type(to));
        quote!(|#item: #x| -> R<#y> { Ok(#convert) })
    }

    fn mismatch(&mut self, val: &Val, to: &Type) -> TokenStream {
        let (code, ty, bail) = (val.by_ref(), rust_type(to), self.bail("Type"));
        quote!({ let _ = #code; let __py_value: #ty = #bail; __py_value })
    }

    fn take_apart(&mut self, val: &Val, members: &[Type], to: &Type) -> TokenStream {
        let code = with_type(val, val.owned());
        let n = members.len();
        let mut fitting = 0;
        let arms: Vec<TokenStream> = members
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let variant = variant(n, i);
                let x = self.fresh("u");
                let fits = *m == Type::Obj || m.fits_into(to) || best_member(m, to.members()).is_some();
                if fits {
                    fitting += 1;
                    let inner = self.coerce(&Val::new(quote!(#x), m.clone()), to);
                    quote!(#variant(#x) => #inner,)
                } else {
                    let bail = self.bail("Type");
                    quote!(#variant(_) => #bail,)
                }
            })
            .collect();
        let made = quote!(match #code { #(#arms)* });
        // Where all but one member bails, nothing else tells what the others are; where all do, nothing tells anything.
        if matches!(to, Type::Union(_)) || fitting == 0 {
            with_type(&Val::new(quote!(), to.clone()), made)
        } else {
            made
        }
    }

    /// Runs `f` for code inside a closure, where `?` leaves the closure.
    pub(super) fn in_closure<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.closures += 1;
        let out = f(self);
        self.closures -= 1;
        out
    }

    /// Binds the members of a union and builds an arm for each; `None` bails.
    pub(super) fn match_union(
        &mut self,
        val: &Val,
        arm: impl FnMut(&mut Self, Val) -> Option<TokenStream>,
    ) -> TokenStream {
        self.match_members(val, arm).0
    }

    /// The same for what names the value several times.
    pub(super) fn match_bound(
        &mut self,
        val: &Val,
        arm: impl FnMut(&mut Self, Val) -> Option<TokenStream>,
    ) -> TokenStream {
        let mut lets = Vec::new();
        let val = self.bind(val, &mut lets);
        scoped(&lets, self.match_union(&val, arm))
    }

    /// The same where a value of type `to` comes out: if every member bails, nothing else says so.
    pub(super) fn match_union_as(
        &mut self,
        val: &Val,
        to: &Type,
        arm: impl FnMut(&mut Self, Val) -> Option<TokenStream>,
    ) -> TokenStream {
        let (code, has_value) = self.match_members(val, arm);
        if has_value { code } else { with_type(&Val::new(quote!(), to.clone()), code) }
    }

    /// And whether one of the members does not bail.
    fn match_members(
        &mut self,
        val: &Val,
        mut arm: impl FnMut(&mut Self, Val) -> Option<TokenStream>,
    ) -> (TokenStream, bool) {
        let mut has_value = false;
        let mut arm = |f: &mut Self, v: Val| {
            let code = arm(f, v);
            has_value |= code.is_some();
            code.unwrap_or_else(|| f.bail("Type"))
        };
        let members = val.ty.members().to_vec();
        if !matches!(val.ty, Type::Union(_)) {
            // As in [`Func::dispatch`].
            let mut lets = Vec::new();
            let val = if val.is_call_of_none() { self.bind(val, &mut lets) } else { val.clone() };
            let code = arm(self, val);
            return (scoped(&lets, code), has_value);
        }
        let n = members.len();
        // A place is matched by reference, so that it lives on.
        let by_ref = val.place && !val.ty.is_copy();
        let subject = if by_ref { val.by_ref() } else { with_type(val, val.code.clone()) };
        let arms: Vec<TokenStream> = members
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let variant = variant(n, i);
                let x = self.fresh("u");
                let place = if by_ref { quote!((*#x)) } else { quote!(#x) };
                let inner = arm(self, Val::place(place, m.clone()));
                quote!(#variant(#x) => #inner,)
            })
            .collect();
        (quote!(match #subject { #(#arms)* }), has_value)
    }
}

/// The code of a union's value, which says what the members are: what is made of one member does not tell of the others.
fn with_type(val: &Val, code: TokenStream) -> TokenStream {
    if val.place {
        return code;
    }
    let ty = rust_type(&val.ty);
    quote!({ let __py_value: #ty = #code; __py_value })
}

/// The member of a union that a value of type `from` becomes.
fn best_member(from: &Type, members: &[Type]) -> Option<usize> {
    members
        .iter()
        .position(|m| m == from)
        .or_else(|| members.iter().position(|m| from.fits_into(m)))
        .or_else(|| members.iter().position(|m| same_kind(from, m)))
        // What has no member of its own is opaque.
        .or_else(|| members.iter().position(|m| *m == Type::Obj))
}

/// The native container whose elements are represented as `to` has them; `None` if one cannot become the other.
fn made_as(from: &Type, to: &Type) -> Option<Type> {
    Some(match (from, to) {
        (Type::List { in_place: false, .. }, Type::List { elem, .. }) => {
            Type::List { elem: elem.clone(), in_place: false }
        }
        (
            Type::Dict { in_place: false, kind: DictKind::Plain, .. },
            Type::Dict { key, value, kind: DictKind::Plain, .. },
        ) => Type::Dict { key: key.clone(), value: value.clone(), in_place: false, kind: DictKind::Plain },
        (
            Type::Dict { in_place: false, kind: k, key: a, value: v },
            Type::Dict { in_place: true, kind: l, key: b, value: w },
        ) if k == l && same_rust(a, b) && same_rust(v, w) => from.clone(),
        (Type::Deque { elem: a, in_place: false }, Type::Deque { elem: b, in_place: true })
            if same_rust(a, b) =>
        {
            from.clone()
        }
        (
            Type::Set { elem: a, in_place: false, frozen: f },
            Type::Set { elem: b, in_place: true, frozen: g },
        ) if f == g && same_rust(a, b) => from.clone(),
        _ => return None,
    })
}

/// Can an object be looked at as a value of the type?
fn can_be_read(ty: &Type) -> bool {
    match ty {
        Type::Char | Type::Obj => false,
        Type::ByteArray => true,
        // What stands in a tuple may be left as it is.
        Type::Tuple { items, .. } => items.iter().all(|item| {
            let left = |t: &Type| *t == Type::Obj || can_be_read(t);
            item.members().iter().all(left)
        }),
        Type::Named { items, .. } | Type::Union(items) => items.iter().all(can_be_read),
        _ => can_be_boxed(ty),
    }
}

/// Can Python be given a value of the type at once, so that it stays the same object?
fn can_be_boxed(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Bool | Type::Int | Type::Float | Type::Char | Type::Str | Type::Bytes => true,
        Type::Range | Type::VarTuple(_) | Type::Function(_) | Type::Named { .. } | Type::Foreign(_) => true,
        Type::Array(..) | Type::Numpy(_) | Type::Packed(_) | Type::Big | Type::Complex => true,
        Type::Instance(class) => class.own == 0,
        Type::List { in_place, .. } | Type::Dict { in_place, .. } => *in_place,
        Type::Deque { in_place, .. } | Type::Set { in_place, .. } => *in_place,
        // What stands in it may be an object already.
        Type::Tuple { items: parts, .. } | Type::Union(parts) => {
            ty.is_held() || parts.iter().all(|part| *part == Type::Obj || can_be_boxed(part))
        }
        _ => false,
    }
}

/// Containers of one kind: the conversion looks at the elements.
fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::List { .. }, Type::List { .. }) => true,
        (Type::Dict { kind: a, .. }, Type::Dict { kind: b, .. }) => a == b,
        (Type::Set { frozen: f, .. }, Type::Set { frozen: g, .. }) => f == g,
        (Type::Tuple { items: a, .. }, Type::Tuple { items: b, .. }) => a.len() == b.len(),
        (Type::Named { class: a, .. }, Type::Named { class: b, .. }) => a == b,
        (Type::VarTuple(_) | Type::Tuple { .. }, Type::VarTuple(_)) => true,
        _ => false,
    }
}

/// Equal but for facts that have no representation.
pub(super) fn same_rust(a: &Type, b: &Type) -> bool {
    rust_type(a).to_string() == rust_type(b).to_string()
}
