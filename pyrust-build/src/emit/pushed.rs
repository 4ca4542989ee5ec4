//! What goes behind a text that is being built goes there piece by piece: an f-string, a sum of texts, a character with its
//! case changed make no text of their own. All values are there before the first piece is, so nothing is pushed by halves
//! when one of them raises.
//!
//! ```python
//! lines.append(f"{name}: {count:>4}")    # let b = lines.begin("\n")?; b.push(&name)?; b.push_static(": ")?; …
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use super::Func;
use super::types::Val;
use crate::hir::visit::{defines, reads};
use crate::hir::{Expr, ExprKind, FPart};
use crate::passes::Pass;
use crate::ty::Type;

/// A piece whose value is there.
enum Piece<'e> {
    Static(&'e str),
    /// A text or a character.
    Text(Val),
    /// A `chr::Cased`.
    Cased(TokenStream),
    Formatted {
        val: Val,
        conversion: Option<char>,
        spec: &'e str,
    },
}

impl Func<'_, '_, '_> {
    /// The code that pushes a value to the text that `begin` gives, where that has pieces.
    pub(super) fn by_pieces(&mut self, begin: &TokenStream, item: &Expr) -> Option<TokenStream> {
        let on = self.file.program.passes.has(Pass::Concat) && self.is_of_pieces(item);
        on.then(|| self.push_pieces(begin, item))
    }

    fn push_pieces(&mut self, begin: &TokenStream, item: &Expr) -> TokenStream {
        if let ExprKind::If { test, body, orelse } = &item.kind
            && self.decide(test).is_none()
        {
            let test = self.test(test);
            let (a, b) = (self.push_pieces(begin, body), self.push_pieces(begin, orelse));
            return quote!(if #test { #a } else { #b });
        }
        let (mut lets, mut pieces) = (Vec::new(), Vec::new());
        self.pieces_of(item, &mut lets, &mut pieces);
        let b = self.fresh("b");
        let pushes: Vec<_> = pieces
            .into_iter()
            .map(|piece| {
                let push = match piece {
                    Piece::Static(text) => quote!(#b.push_static(#text)),
                    Piece::Text(val) => {
                        let text = val.by_ref();
                        quote!(#b.push(#text))
                    }
                    Piece::Cased(cased) => quote!(#b.push(&#cased)),
                    Piece::Formatted { val, conversion, spec } => {
                        return self.push_known_format(&b, &val, conversion, spec);
                    }
                };
                self.q(push)
            })
            .collect();
        quote!({ #(#lets)* let #b = #begin; #(#pushes;)* })
    }

    /// The pieces of a value, in order; what they are made of is evaluated in `lets`.
    fn pieces_of<'e>(&mut self, e: &'e Expr, lets: &mut Vec<TokenStream>, out: &mut Vec<Piece<'e>>) {
        if let Some(method) = self.cased(e) {
            let code = self.q(method);
            let name = self.fresh("a");
            lets.push(quote!(let #name = #code;));
            out.push(Piece::Cased(quote!(#name)));
            return;
        }
        match &e.kind {
            ExprKind::Str(text) => out.push(Piece::Static(text)),
            ExprKind::Binary { left, right, .. } if self.is_sum_of_texts(e) => {
                self.pieces_of(left, lets, out);
                self.pieces_of(right, lets, out);
            }
            ExprKind::FString(parts) if self.is_direct(parts) => {
                for part in parts {
                    match part {
                        FPart::Literal(text) => out.push(Piece::Static(text)),
                        FPart::Value { value, conversion, spec } => {
                            let val = self.there(value, lets);
                            out.push(match (conversion, literal(spec)) {
                                (None, Some("")) if matches!(val.ty, Type::Str | Type::Char) => {
                                    Piece::Text(val)
                                }
                                (conversion, spec) => Piece::Formatted {
                                    val,
                                    conversion: *conversion,
                                    spec: spec.unwrap_or_default(),
                                },
                            });
                        }
                    }
                }
            }
            _ => {
                let val = self.there(e, lets);
                out.push(match val.ty {
                    Type::Str | Type::Char => Piece::Text(val),
                    _ => Piece::Text(Val::new(self.coerce(&val, &Type::Str), Type::Str)),
                });
            }
        }
    }

    /// A value that stays what it is: a variable, which nothing here assigns, or a name for what it has.
    fn there(&mut self, e: &Expr, lets: &mut Vec<TokenStream>) -> Val {
        let val = self.val(e);
        if matches!(e.kind, ExprKind::Local(_)) {
            return self.bind(&val, lets);
        }
        let (name, code) = (self.fresh("a"), val.owned());
        lets.push(quote!(let #name = #code;));
        Val::place(quote!(#name), val.ty)
    }

    /// Is it put together, and can its values be evaluated before the pieces are pushed?
    fn is_of_pieces(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::If { test, body, orelse } => {
                let text = |e: &Expr| matches!(self.node(e.id), Type::Str | Type::Char);
                self.decide(test).is_none()
                    && text(body)
                    && text(orelse)
                    && (self.is_of_pieces(body) || self.is_of_pieces(orelse))
                    && [body, orelse].into_iter().all(|e| self.is_steady(e))
            }
            ExprKind::FString(parts) => self.is_direct(parts) && self.is_steady(e),
            ExprKind::Binary { .. } => self.is_sum_of_texts(e) && self.is_steady(e),
            _ => self.is_cased(e),
        }
    }

    /// Does no operand assign what another one reads? What has a place is borrowed meanwhile.
    fn is_steady(&self, e: &Expr) -> bool {
        let assigned = defines(e);
        assigned.is_empty() || reads(e).is_disjoint(&assigned)
    }

    /// Are all values of an f-string numbers and texts, and their specifications known and right?
    fn is_direct(&self, parts: &[FPart]) -> bool {
        parts.iter().all(|part| match part {
            FPart::Literal(_) => true,
            FPart::Value { value, conversion, spec } => literal(spec).is_some_and(|spec| {
                let ty = self.node(value.id);
                match (conversion, &ty) {
                    (None | Some('s' | 'r'), Type::Str) => is_right(spec, "s", false),
                    (None, Type::Char) => is_right(spec, "s", false),
                    (None, Type::Int) => is_right(spec, "bdoxX", true) || is_right(spec, "eEfFgG%", true),
                    (None, Type::Float) => is_right(spec, "eEfFgG%", true),
                    (None, Type::Bool) => spec.is_empty(),
                    _ => false,
                }
            }),
        })
    }

    fn is_cased(&self, e: &Expr) -> bool {
        let ExprKind::Method { base, name, args, keywords } = &e.kind else { return false };
        let plain = args.is_empty() && keywords.is_empty() && !self.instance.calls.contains_key(&e.id);
        plain && matches!(name.as_str(), "upper" | "lower") && self.node(base.id) == Type::Char
    }

    /// `c.upper()` or `c.lower()` of a character.
    fn cased(&mut self, e: &Expr) -> Option<TokenStream> {
        let ExprKind::Method { base, name, .. } = &e.kind else { return None };
        if !self.is_cased(e) {
            return None;
        }
        let c = self.value_as(base, &Type::Char);
        Some(if name == "upper" {
            quote!(chr::cased_upper(cx, #c))
        } else {
            quote!(chr::cased_lower(cx, #c))
        })
    }
}

/// A specification that the text tells.
fn literal(spec: &[FPart]) -> Option<&str> {
    match spec {
        [] => Some(""),
        [FPart::Literal(text)] => Some(text),
        _ => None,
    }
}

/// Can a specification not raise for a type with these codes? What is not known to be right is not.
fn is_right(spec: &str, codes: &str, number: bool) -> bool {
    let mut rest: Vec<char> = spec.chars().collect();
    let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '^')) || number && c == Some(&'=');
    if is_align(rest.get(1)) {
        rest.drain(..2);
    } else if is_align(rest.first()) {
        rest.remove(0);
    }
    let mut skip = |wanted: &dyn Fn(char) -> bool, most: usize| {
        let count = rest.iter().take(most).take_while(|c| wanted(**c)).count();
        rest.drain(..count);
        count
    };
    if number {
        skip(&|c| matches!(c, '+' | '-' | ' '), 1);
    }
    let width = skip(&|c| c.is_ascii_digit(), 5);
    let grouped = number && skip(&|c| matches!(c, ',' | '_'), 1) > 0;
    let precise = skip(&|c| c == '.', 1) > 0;
    let precision = if precise { skip(&|c| c.is_ascii_digit(), 3) } else { 0 };
    let code = rest.first().copied();
    // A leading zero fills numbers; texts refuse some combinations of it.
    let zeros = !number && spec.contains('0') && width > 0;
    let shows_whole = codes.contains('d');
    let fits = match code {
        None => !precise || !shows_whole,
        Some(code) => rest.len() == 1 && codes.contains(code) && !(grouped && shows_whole && code != 'd'),
    };
    fits && width < 5 && !zeros && (!precise || (1..3).contains(&precision) && !shows_whole)
}

#[cfg(test)]
mod tests {
    use super::is_right;

    #[test]
    fn specifications_that_cannot_raise() {
        for spec in ["", "5", ">5", "*^12", "+d", "08", "02x", ",", ",d", "=+6"] {
            assert!(is_right(spec, "bdoxX", true), "{spec}");
        }
        for spec in ["", ".2f", "10.3e", "+.1%", ",.2f", "_", ".4"] {
            assert!(is_right(spec, "eEfFgG%", true), "{spec}");
        }
        for spec in ["", "<12", ".3", "s", "é>4"] {
            assert!(is_right(spec, "s", false), "{spec}");
        }
    }

    #[test]
    fn others() {
        for spec in [".2", ",x", "c", "n", "5z", "d5", "123456", ".d", "!", "#x"] {
            assert!(!is_right(spec, "bdoxX", true), "{spec}");
        }
        for spec in ["d", ".f", "=5", "+", "05", ","] {
            assert!(!is_right(spec, "s", false), "{spec}");
        }
        assert!(!is_right("d", "eEfFgG%", true));
    }
}
