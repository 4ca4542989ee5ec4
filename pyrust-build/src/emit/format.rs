//! Text: f-strings, `str.format` and `%` of literals.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Func;
use super::expr::field;
use super::types::Val;
use super::types::rust_type;
use crate::hir::FPart;
use crate::ops::percent;
use crate::ty::Type;

impl Func<'_, '_, '_> {
    pub(super) fn fstring(&mut self, parts: &[FPart]) -> TokenStream {
        let b = self.fresh("b");
        let mut pushes = Vec::new();
        for part in parts {
            match part {
                FPart::Literal(text) => {
                    let push = self.q(quote!(#b.push_static(#text)));
                    pushes.push(quote!(#push;));
                }
                FPart::Value { value, conversion, spec } => {
                    let val = self.val(value);
                    let (conversion, target) = (*conversion, Target::Own(b.clone()));
                    let spec = self.format_spec(spec);
                    let push = self.dispatch(&[val], &mut |f, vals| {
                        Some(f.push_format(&target, &vals[0], conversion, &spec))
                    });
                    pushes.push(quote!(#push;));
                }
            }
        }
        let finish = self.q(quote!(#b.finish(cx)));
        quote!({ let mut #b = StrBuilder::new(); #(#pushes)* #finish })
    }

    /// A literal specification as Rust text, or the code that computes it.
    fn format_spec(&mut self, parts: &[FPart]) -> FormatSpec {
        match parts {
            [] => FormatSpec::Literal(String::new()),
            [FPart::Literal(text)] => FormatSpec::Literal(text.clone()),
            _ => FormatSpec::Computed(self.fstring(parts)),
        }
    }

    /// An object as a number or a text; another one bails.
    pub(super) fn asked_text(&mut self, v: &Val) -> Val {
        let ty = Type::Union(vec![Type::None, Type::Bool, Type::Int, Type::Float, Type::Str]);
        Val::new(self.coerce(v, &ty), ty)
    }

    /// Pushes a number or a text to a builder that something else owns.
    pub(super) fn push_known_format(
        &mut self,
        b: &Ident,
        v: &Val,
        conversion: Option<char>,
        spec: &str,
    ) -> TokenStream {
        self.push_format(&Target::Other(b.clone()), v, conversion, &FormatSpec::Literal(spec.to_owned()))
    }

    fn push_format(
        &mut self,
        target: &Target,
        v: &Val,
        conversion: Option<char>,
        spec: &FormatSpec,
    ) -> TokenStream {
        // What no specification is for is the text itself.
        let is_text = conversion.is_some() || matches!(spec, FormatSpec::Literal(text) if text.is_empty());
        if v.ty == Type::Obj && !is_text {
            let v = self.asked_text(v);
            return self
                .dispatch(&[v], &mut |f, vals| Some(f.push_format(target, &vals[0], conversion, spec)));
        }
        let (b, out) = (target.name(), target.by_mut());
        let (code, by_ref) = (v.owned(), v.by_ref());
        if v.ty == Type::Never {
            // Nothing gets here: the code bails, and has no type that could be formatted.
            return quote!({ let _: () = #code; });
        }
        let spec = match spec {
            FormatSpec::Literal(text) => text,
            FormatSpec::Computed(spec) => {
                let made = match (conversion, &v.ty) {
                    (None, Type::Int) => quote!(fmt::int_dyn(cx, #code, &#spec)),
                    (None, Type::Big) => quote!(fmt::big_dyn(cx, #by_ref, &#spec)),
                    (None, Type::Float) => quote!(fmt::float_dyn(cx, #code, &#spec)),
                    (None, Type::Complex) => quote!(fmt::complex_dyn(cx, #code, &#spec)),
                    (None, Type::Char) => quote!(fmt::chr_dyn(cx, #code, &#spec)),
                    (None, Type::Str) => quote!(fmt::str_dyn(cx, #by_ref, &#spec)),
                    (None, Type::Bool) => quote!(fmt::bool_dyn(cx, #code, &#spec)),
                    // Without one it is `str`.
                    (None, Type::Foreign(class)) if crate::ops::foreign::has_strftime(*class) => {
                        quote!(foreign::formatted(cx, #code, &#spec))
                    }
                    (Some('r'), _) => quote!(fmt::converted_r_dyn(cx, #by_ref, &#spec)),
                    (Some('a'), _) => quote!(fmt::converted_a_dyn(cx, #by_ref, &#spec)),
                    (Some(_), _) => quote!(fmt::converted_s_dyn(cx, #by_ref, &#spec)),
                    _ => quote!(bail::<Str>(Bail::Unsupported)),
                };
                let made = self.q(made);
                return self.q(quote!(#b.push_str(&#made)));
            }
        };
        let code = match (conversion, &v.ty) {
            (Some('r'), _) => quote!(fmt::push_converted_r(cx, #out, #by_ref, #spec)),
            (Some('a'), _) => quote!(fmt::push_converted_a(cx, #out, #by_ref, #spec)),
            (Some(_), _) => quote!(fmt::push_converted_s(cx, #out, #by_ref, #spec)),
            (None, Type::Int) => quote!(fmt::push_int(cx, #out, #code, #spec)),
            (None, Type::Big) => quote!(fmt::push_big(cx, #out, #by_ref, #spec)),
            (None, Type::Float) => quote!(fmt::push_float(cx, #out, #code, #spec)),
            (None, Type::Complex) => quote!(fmt::push_complex(cx, #out, #code, #spec)),
            (None, Type::Char) => quote!(fmt::push_chr(cx, #out, #code, #spec)),
            (None, Type::Str) => quote!(fmt::push_text(cx, #out, #by_ref, #spec)),
            (None, Type::Bool) => quote!(fmt::push_bool(cx, #out, #code, #spec)),
            (None, Type::Foreign(class)) if !spec.is_empty() && crate::ops::foreign::has_strftime(*class) => {
                let name = self.file.string(spec);
                let format = self.q(quote!(#name.get(cx)));
                let made = self.q(quote!(foreign::strftime(cx, #code, #format)));
                return quote!(#b.push_str(&#made));
            }
            _ => quote!(fmt::push_plain(cx, #out, #by_ref, #spec)),
        };
        self.q(code)
    }

    /// What an f-string would say of numbers and texts; all values are there.
    fn percent_as_parts(&mut self, text: &str, values: &[Val]) -> Option<TokenStream> {
        let pieces = percent::parts(text)?;
        let slots = || pieces.iter().filter(|piece| matches!(piece, percent::Piece::Value { .. }));
        let fits = |(piece, val): (&percent::Piece, &Val)| match piece {
            percent::Piece::Value { conversion: 's' | 'r' | 'a', .. } => {
                matches!(val.ty, Type::Int | Type::Float | Type::Str | Type::Char | Type::Bool)
            }
            percent::Piece::Value { conversion: 'd' | 'i' | 'u' | 'x' | 'X' | 'o', .. } => {
                val.ty == Type::Int
            }
            _ => matches!(val.ty, Type::Int | Type::Float),
        };
        if slots().count() != values.len() || !slots().zip(values).all(fits) {
            return None;
        }
        let (b, mut values, mut pushes) = (self.fresh("b"), values.iter(), Vec::new());
        let target = Target::Own(b.clone());
        for piece in &pieces {
            pushes.push(match piece {
                percent::Piece::Literal(text) => self.q(quote!(#b.push_static(#text))),
                percent::Piece::Value { conversion, spec } => {
                    let (val, spec) = (values.next()?, FormatSpec::Literal(spec.clone()));
                    match conversion {
                        // Without a specification it is `str`.
                        's' if matches!(&spec, FormatSpec::Literal(spec) if spec.is_empty()) => {
                            self.push_format(&target, val, None, &spec)
                        }
                        's' | 'r' | 'a' => self.push_format(&target, val, Some(*conversion), &spec),
                        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => self.push_format(&target, val, None, &spec),
                        _ => {
                            let float = Val::new(self.coerce(val, &Type::Float), Type::Float);
                            self.push_format(&target, &float, None, &spec)
                        }
                    }
                }
            });
        }
        let finish = self.q(quote!(#b.finish(cx)));
        Some(quote!({ let mut #b = StrBuilder::new(); #(#pushes;)* #finish }))
    }

    /// `text % values`; `literal` is the text where it is known.
    pub(super) fn percent(&mut self, literal: Option<&str>, text: &Val, values: &Val) -> TokenStream {
        let mut lets = Vec::new();
        let bytes = text.ty == Type::Bytes;
        let text = self.bind(text, &mut lets);
        if values.ty == Type::Never {
            let (values, bail) = (&values.code, self.bail("Unsupported"));
            let ty = rust_type(if bytes { &Type::Bytes } else { &Type::Str });
            return quote!({ #(#lets)* let _ = #values; let __py_value: #ty = #bail; __py_value });
        }
        let values = self.bind(values, &mut lets);
        let slots = literal.and_then(percent::slots).unwrap_or_default();
        let mut plain = literal.map(str::to_string);
        let text = if bytes {
            text.by_ref()
        } else {
            let code = self.coerce(&text, &Type::Str);
            quote!(&#code)
        };
        if let Type::VarTuple(_) = values.ty {
            let values = values.by_ref();
            let f = if bytes { quote!(percent_bytes_of) } else { quote!(percent_of) };
            let code = self.q(quote!(fmt::#f(cx, #text, #values)));
            return quote!({ #(#lets)* #code });
        }
        let parts: Vec<Val> = match &values.ty {
            Type::Tuple { items, .. } => {
                items.iter().enumerate().map(|(i, t)| Val::place(field(&values.code, i), t.clone())).collect()
            }
            _ => vec![values.clone()],
        };
        if let Some(code) = literal.filter(|_| !bytes).and_then(|text| self.percent_as_parts(text, &parts)) {
            return quote!({ #(#lets)* #code });
        }
        let mut codes = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            let by_ref = part.by_ref();
            let code = match slots.get(i) {
                Some(slot) if part.ty == Type::Big && slot.reads_bits() => {
                    quote!(fmt::boxed_int(cx, #by_ref))
                }
                // Bails for an int beyond 64 bits: its digits are written with a look at signals in between.
                Some(slot)
                    if is_number(&part.ty)
                        && !slot.shows()
                        && !(part.ty == Type::Big && slot.is_plain_decimal()) =>
                {
                    quote!(fmt::boxed(#by_ref))
                }
                Some(slot) if !is_scalar(&part.ty) => {
                    // Shown here; what is left to do is the width.
                    if let Some(plain) = &mut plain {
                        plain.replace_range(slot.at..slot.at + 1, "s");
                    }
                    match slot.conversion {
                        'r' => quote!(fmt::boxed_repr(cx, #by_ref)),
                        'a' => quote!(fmt::boxed_ascii(cx, #by_ref)),
                        _ => quote!(fmt::boxed_str(cx, #by_ref)),
                    }
                }
                _ => quote!(fmt::boxed(#by_ref)),
            };
            codes.push(self.q(code));
        }
        let text = match (plain, literal) {
            (Some(plain), Some(literal)) if plain != literal => {
                let name = self.file.string(&plain);
                self.q(quote!(#name.get(cx)))
            }
            _ => text,
        };
        let f = if bytes { quote!(percent_bytes) } else { quote!(percent) };
        let code = self.q(quote!(fmt::#f(cx, #text, &[#(#codes),*])));
        quote!({ #(#lets)* #code })
    }
}

/// Can it be boxed as it is?
fn is_scalar(ty: &Type) -> bool {
    ty.members().iter().all(|t| {
        matches!(
            t,
            Type::Never
                | Type::None
                | Type::Bool
                | Type::Int
                | Type::Float
                | Type::Char
                | Type::Str
                | Type::Bytes
                | Type::Complex
        )
    })
}

/// An int of any size, or a union of such a one and other scalars.
fn is_number(ty: &Type) -> bool {
    let members = ty.members();
    members.contains(&Type::Big) && members.iter().all(|t| *t == Type::Big || is_scalar(t))
}

/// A format specification: known, or computed at run time.
enum FormatSpec {
    Literal(String),
    Computed(TokenStream),
}

/// The builder that text goes to.
enum Target {
    /// By this name.
    Own(Ident),
    /// A reference to it has this name.
    Other(Ident),
}

impl Target {
    fn name(&self) -> &Ident {
        let (Target::Own(name) | Target::Other(name)) = self;
        name
    }

    fn by_mut(&self) -> TokenStream {
        match self {
            Target::Own(name) => quote!(&mut #name),
            Target::Other(name) => quote!(#name),
        }
    }
}
