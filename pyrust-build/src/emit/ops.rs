//! Operations of the table, for every combination of union members.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::quote;

use super::Func;
use super::coerce::same_rust;
use super::expr::gives_up;
use super::expr::{field, int_literal};
use super::types::{Val, rust_type, word};
use crate::hir::{BinOp, Expr};
use crate::infer::ranges::Interval;
use crate::numpy::is_numpy;
use crate::ops::{self, Pattern};
use crate::passes::Pass;
use crate::ty::{DictKind, Origin, Side, Type};

/// Longer literals are compared by a function anyway.
const LONGEST_LITERAL: usize = 32;

impl Func<'_, '_, '_> {
    /// Applies a table operation; the result has type `to`.
    pub(super) fn apply(&mut self, name: &str, args: &[Val], to: &Type) -> TokenStream {
        if let Some(val) = self.noted_mixed(name, args) {
            return self.coerce(&val, to);
        }
        let name = name.to_string();
        self.dispatch(args, &mut |f, vals| {
            if let Some(absent) = f.in_nothing(&name, vals) {
                return Some(absent);
            }
            if let ("dict.copy", [source]) = (name.as_str(), vals)
                && let Some(copy) = f.live_copy(source, to)
            {
                return Some(copy);
            }
            if let ("|", [left, right]) = (name.as_str(), vals)
                && let Some(made) = f.live_union(left, right, to)
            {
                return Some(made);
            }
            let ret = f.row(&name, vals)?;
            // An object comes out only where inference knows of it.
            let known = ret.ty != Type::Obj || to.members().contains(&Type::Obj);
            known.then(|| f.coerce(&ret, to))
        })
    }

    /// The operation at a node: ints of any size come out where inference asked for that.
    pub(super) fn at<T>(&mut self, node: crate::hir::NodeId, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.wide, self.instance.wide.contains(&node));
        let out = f(self);
        self.wide = before;
        out
    }

    /// Calls `f` with arguments that are not unions; unions are taken apart from left to right.
    pub(super) fn dispatch(
        &mut self,
        args: &[Val],
        f: &mut dyn FnMut(&mut Self, &[Val]) -> Option<TokenStream>,
    ) -> TokenStream {
        let Some(at) = args.iter().position(|a| matches!(a.ty, Type::Union(_))) else {
            // Operations that have no use for `None` do not name it.
            if args.iter().any(Val::is_call_of_none) {
                let mut lets = Vec::new();
                let bound: Vec<Val> = args.iter().map(|a| self.bind(a, &mut lets)).collect();
                let code = self.dispatch(&bound, f);
                return quote!({ #(#lets)* #code });
            }
            // What never comes to be needs no operation.
            let reached = args.iter().all(|a| a.ty != Type::Never);
            let done = if reached { f(self, args) } else { None };
            return done.unwrap_or_else(|| {
                let (codes, bail) = (args.iter().map(Val::by_ref), self.bail("Unsupported"));
                quote!({ #(let _ = #codes;)* #bail })
            });
        };
        // Everything is evaluated before anything is looked at.
        let mut lets = Vec::new();
        let bound: Vec<Val> = args.iter().map(|a| self.bind(a, &mut lets)).collect();
        let code = self.match_union(&bound[at].clone(), |this, member| {
            let mut vals = bound.clone();
            vals[at] = member;
            Some(this.dispatch(&vals, f))
        });
        if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) }
    }

    /// The values of expressions, one after the other, each bound as by [`Func::bind`].
    pub(super) fn bind_all<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        lets: &mut Vec<TokenStream>,
    ) -> Vec<Val> {
        let bound = |e| {
            let val = self.val(e);
            self.bind(&val, lets)
        };
        exprs.into_iter().map(bound).collect()
    }

    /// Gives a value a name unless it has one.
    pub(super) fn bind(&mut self, val: &Val, lets: &mut Vec<TokenStream>) -> Val {
        if val.place || is_literal(&val.code) {
            return val.clone();
        }
        if val.ty.is_copy() && is_name(&val.code) {
            return Val { place: true, ..val.clone() };
        }
        let name = self.fresh("a");
        let code = &val.code;
        // Where all but one member bails, or all do, nothing else tells what the others are.
        let told = matches!(val.ty, Type::Union(_)) || gives_up(code);
        let ty = told.then(|| rust_type(&val.ty));
        let ty = ty.map(|ty| quote!(: #ty));
        lets.push(quote!(let #name #ty = #code;));
        Val { range: val.range, ..Val::place(quote!(#name), val.ty.clone()) }
    }

    /// The same values as these types.
    fn becoming(&mut self, args: &[Val], types: &[Type]) -> Vec<Val> {
        let become_one = |(a, t): (&Val, &Type)| {
            if a.ty == *t { a.clone() } else { Val::new(self.coerce(a, t), t.clone()) }
        };
        args.iter().zip(types).map(become_one).collect()
    }

    /// One row of the table on types without unions.
    pub(super) fn row(&mut self, name: &str, args: &[Val]) -> Option<Val> {
        let types: Vec<Type> = args.iter().map(|a| a.ty.clone()).collect();
        let standing = self.file.program.opened_operands(name, &types);
        if !standing.is_empty() {
            let mut args = args.to_vec();
            standing.iter().for_each(|at| args[*at] = self.opened(&args[*at]));
            let val = self.row(name, &args)?;
            if name != "getitem" {
                return Some(val);
            }
            let (check, code) = (self.q(quote!(object::unread(cx))), val.owned());
            return Some(Val::new(quote!({ #check; #code }), val.ty));
        }
        if types.contains(&Type::Never) {
            return None;
        }
        let widened = if self.wide { ops::widened(name, &types) } else { None };
        if let Some((wide, all)) = widened {
            let args = self.becoming(args, &all);
            let before = std::mem::take(&mut self.wide);
            let out = self.row(&wide, &args);
            self.wide = before;
            return out;
        }
        if let Some((name, all)) = ops::boxed(name, &types) {
            let args = self.becoming(args, &all);
            return self.row(&name, &args);
        }
        let (op, binding) = ops::select(name, &types)?;
        if op.uses_up() && args.iter().any(|arg| arg.spent) {
            return self.spending_row(name, args);
        }
        if op.foreign {
            return Some(self.foreign_row(op, args));
        }
        let mut lets = Vec::new();
        let needs_names = op.reversed && args.iter().any(|a| !a.place && !is_literal(&a.code));
        let args: Vec<Val> =
            if needs_names { args.iter().map(|a| self.bind(a, &mut lets)).collect() } else { args.to_vec() };
        let mut codes = Vec::new();
        for (i, pattern) in op.params.iter().enumerate() {
            let Some(arg) = args.get(i) else {
                codes.push(quote!(None));
                continue;
            };
            codes.push(self.argument(pattern, arg, &binding)?);
        }
        if op.reversed {
            codes.reverse();
        }
        if let Some(extra) = op.extra {
            codes.push(extra.parse().expect("a constant argument of the operation table"));
        }
        if let Some(code) = self.noted(op.path, &codes) {
            return Some(Val::new(code, op.ret.instantiate(&binding)));
        }
        if op.takes_cx {
            codes.insert(0, quote!(cx));
        }
        // An index that is never negative needs no look at its sign.
        let plain = args.get(1).is_some_and(|i| i.range.is_unsigned() && i.ty == Type::Int);
        let unsigned = plain && args.first().is_some_and(|a| a.range.is_unsigned());
        let mut path = match op.path {
            "list::get" if plain => "list::get_at",
            "list::set" if plain => "list::set_at",
            "pystr::get" if plain => "pystr::get_at",
            "int::floordiv" if unsigned => "int::floordiv_unsigned",
            "int::mod_" if unsigned => "int::mod_unsigned",
            other => other,
        };
        if path == "list::concat"
            && let [made, _] = args.as_slice()
            && made.ty == op.ret.instantiate(&binding)
            && !made.place
            && self.file.program.passes.has(Pass::Concat)
        {
            (path, codes[1]) = ("list::concat_made", made.owned());
        }
        path = self.as_last(path, &args, &mut codes);
        if let Some(code) = within(path, &args, &codes) {
            let code = if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) };
            return Some(Val::new(code, Type::Int));
        }
        if let Some(code) = self.is_literal_text(path, &args, &codes) {
            return Some(Val::new(
                if lets.is_empty() { code } else { quote!({ #(#lets)* #code }) },
                Type::Bool,
            ));
        }
        if let Some(known) = field_function(path)
            && let [a, b, ..] = args.as_slice()
            && let (dict, key) = if matches!(a.ty, Type::Dict { .. }) { (a, b) } else { (b, a) }
            && let Some(name) = self.field(&dict.ty, key)
        {
            path = known;
            codes[2] = quote!(&#name);
        }
        let path = match path.strip_prefix("regex::") {
            Some(name) if !self.file.program.passes.has(Pass::Regex) => format!("foreign::{name}"),
            _ => path.to_string(),
        };
        let path: TokenStream = path
            .split("::")
            .map(word)
            .fold(TokenStream::new(), |acc, p| if acc.is_empty() { quote!(#p) } else { quote!(#acc::#p) });
        let mut code = quote!(#path(#(#codes),*));
        if op.fallible {
            code = self.q(code);
        }
        if !lets.is_empty() {
            code = quote!({ #(#lets)* #code });
        }
        if op.wraps {
            code = self.q(quote!(bytearray::of_bytes(cx, &#code)));
        }
        let ret = op.ret.instantiate(&binding);
        if let Pattern::Optional(v) = &op.ret {
            // The runtime says `Option`; Python's value is a union with `None`.
            let (x, inner) = (self.fresh("v"), binding.get(v).cloned().unwrap_or(Type::Never));
            let hit = self.coerce(&Val::new(quote!(#x), inner), &ret);
            let miss = self.coerce(&Val::new(quote!(()), Type::None), &ret);
            code = quote!(match #code { Some(#x) => #hit, None => #miss });
        }
        Some(Val::new(code, ret))
    }

    /// The literal that is the key, of a dict of Python's with such keys.
    pub(super) fn field(&self, dict: &Type, key: &Val) -> Option<Ident> {
        let by_name = match dict {
            Type::Dict { key, in_place: true, kind, .. } => **key == Type::Str && *kind != DictKind::Ordered,
            _ => false,
        };
        let on = self.file.program.passes.has(Pass::Fields);
        if on && by_name { literal_text(&key.code) } else { None }
    }

    /// A comparison with a literal: its bytes stand in the code, and nobody asks for the object.
    fn is_literal_text(&self, path: &str, args: &[Val], codes: &[TokenStream]) -> Option<TokenStream> {
        let ([a, b], [x, y], "pystr::eq" | "pystr::ne") = (args, codes, path) else { return None };
        let (name, other) = match (literal_text(&a.code), literal_text(&b.code)) {
            (None, Some(name)) => (name, x),
            (Some(name), None) => (name, y),
            _ => return None,
        };
        let text = self.short_literal(&name)?;
        let test = quote!(pystr::is(#other, #text));
        Some(if path == "pystr::eq" { test } else { quote!((!#test)) })
    }

    /// The text of a static, if it is compared byte by byte.
    fn short_literal(&self, name: &Ident) -> Option<String> {
        let text = self.file.literal(name)?;
        let fits = text.is_ascii() && text.len() <= LONGEST_LITERAL;
        (fits && self.file.program.passes.has(Pass::Literals)).then(|| text.to_string())
    }

    fn argument(&mut self, pattern: &Pattern, arg: &Val, binding: &ops::Binding) -> Option<TokenStream> {
        Some(match pattern {
            Pattern::Scalar(ty) => {
                if ty.is_copy() {
                    self.coerce(arg, ty)
                } else if arg.ty == *ty {
                    arg.by_ref()
                } else {
                    let code = self.coerce(arg, ty);
                    quote!(&#code)
                }
            }
            Pattern::Buffer => {
                if arg.ty == Type::Bytes {
                    arg.by_ref()
                } else {
                    let code = arg.by_ref();
                    let bytes = self.q(quote!(bytearray::to_bytes(cx, #code)));
                    quote!(&#bytes)
                }
            }
            Pattern::Var(v) | Pattern::Given(v) => match binding.get(v) {
                Some(ty) => self.coerce(arg, &ty.clone()),
                None => arg.owned(),
            },
            Pattern::Same(v) => {
                let ty = binding.get(v)?.clone();
                if same_rust(&arg.ty, &ty) {
                    arg.by_ref()
                } else if arg.ty.fits_into(&ty) || ops::equal_key(&arg.ty, &ty) {
                    let code = self.coerce(arg, &ty);
                    quote!(&#code)
                } else {
                    return None;
                }
            }
            Pattern::OptInt => match arg.ty {
                Type::None => quote!(None),
                _ => {
                    let code = self.coerce(arg, &Type::Int);
                    quote!(Some(#code))
                }
            },
            Pattern::List(_)
            | Pattern::ListOf(_)
            | Pattern::Packed(_)
            | Pattern::Dict(..)
            | Pattern::DictView(..)
            | Pattern::Set(..)
            | Pattern::Deque(_)
            | Pattern::VarTuple(_) => arg.by_ref(),
            Pattern::Pair(k, v) => {
                let items = vec![binding.get(k)?.clone(), binding.get(v)?.clone()];
                let pair = Type::Tuple { items, origin: Origin::Native };
                if !arg.ty.fits_into(&pair) {
                    return None;
                }
                let code = self.coerce(arg, &pair);
                quote!(&#code)
            }
            Pattern::Other(_) => arg.by_ref(),
            // Only of what CPython itself is asked.
            Pattern::AnyOf(_) | Pattern::VarTupleOf(_) => return None,
            Pattern::Tuple(_)
            | Pattern::Optional(_)
            | Pattern::Iter(_)
            | Pattern::Pairs(..)
            | Pattern::SetOfPairs(..)
            | Pattern::DictOf(..) => {
                return None;
            }
        })
    }

    /// The truth of a value.
    pub(super) fn truth(&mut self, val: &Val) -> TokenStream {
        if let Type::Union(_) = val.ty {
            return self.match_union(val, |f, v| Some(f.truth(&v)));
        }
        let (code, by_ref) = (&val.code, val.by_ref());
        match &val.ty {
            Type::Bool => quote!(#code),
            Type::None => quote!({ let _ = #by_ref; false }),
            Type::Int => quote!((#code != 0)),
            Type::Big => quote!(big::truth(#by_ref)),
            Type::Float => quote!((#code != 0.0)),
            Type::Char => quote!({ let _ = #by_ref; true }),
            Type::Named { .. } => quote!({ let _ = #by_ref; true }),
            Type::Tuple { items, .. } => {
                let truth = !items.is_empty();
                quote!({ let _ = #by_ref; #truth })
            }
            Type::Str => quote!(pystr::truth(#by_ref)),
            Type::Bytes => quote!(bytes::truth(#by_ref)),
            Type::ByteArray => quote!(bytearray::truth(#by_ref)),
            Type::Packed(_) => quote!(packed::truth(#by_ref)),
            Type::Complex => quote!(complex::truth(#code)),
            Type::List { .. } | Type::View(_) => quote!(list::truth(cx, #by_ref)),
            Type::VarTuple(_) => quote!(tuple::truth(cx, #by_ref)),
            Type::Range => quote!(range::truth(cx, #code)),
            Type::Foreign(_) => self.q(quote!(#code.truth())),
            Type::Numpy(_) => quote!(#code.truth()),
            Type::Instance(_) => self.q(quote!(object::truth(#code))),
            Type::Deque { .. } => quote!(deque::truth(cx, #by_ref)),
            Type::Dict { .. } | Type::DictView { .. } => self.q(quote!(dict::truth(cx, #by_ref))),
            Type::MemView => quote!(MemView::truth(#by_ref)),
            Type::Set { .. } => self.q(quote!(set::truth(cx, #by_ref))),
            Type::Obj => self.q(quote!(#code.truth())),
            Type::Function(_) | Type::Inner(_) | Type::Closure { .. } => quote!({ let _ = #by_ref; true }),
            Type::Iter(_) | Type::Cell(_) | Type::Never | Type::Union(_) | Type::Array(..) => {
                let bail = self.bail("Unsupported");
                quote!({ let _ = #by_ref; let __py_value: bool = #bail; __py_value })
            }
        }
    }

    /// A comparison of two values: `bool`.
    pub(super) fn compare(&mut self, op: &str, a: &Val, b: &Val) -> TokenStream {
        let (op, mut known) = (op.to_string(), false);
        let (a, b) = (self.opened_for(a, &op), self.opened_for(b, &op));
        let code = self.dispatch(&[a, b], &mut |f, vals| {
            let code = f.compare_members(&op, &vals[0], &vals[1]);
            known |= code.is_some();
            code
        });
        // Where all members bail nothing says what type that is.
        if known { code } else { quote!({ let __py_value: bool = #code; __py_value }) }
    }

    pub(super) fn compare_members(&mut self, op: &str, a: &Val, b: &Val) -> Option<TokenStream> {
        let equality = op == "==" || op == "!=";
        // A method of its class answers.
        if [a, b].iter().any(|v| matches!(v.ty, Type::Named { .. })) {
            return None;
        }
        if let (Type::Tuple { items: x, .. }, Type::Tuple { items: y, .. }) = (&a.ty, &b.ty) {
            if x.len() != y.len() {
                // Python compares what both have, before it looks at the lengths.
                let program = self.file.program;
                let runs = |t: &Type| program.may_run_when_compared(t);
                if x.iter().zip(y).any(|(a, b)| runs(a) || runs(b)) {
                    return None;
                }
                return Some(match equality {
                    true => self.constant(a, b, op == "!="),
                    false => self.tuples_in_order(op, a, b, x.len().cmp(&y.len())),
                });
            }
            let joined = Type::join(&a.ty, &b.ty);
            let (l, r) = (self.coerce(a, &joined), self.coerce(b, &joined));
            let f = match op {
                "==" => quote!(eq),
                "!=" => quote!(ne),
                "<" => quote!(lt),
                "<=" => quote!(le),
                ">" => quote!(gt),
                _ => quote!(ge),
            };
            return Some(self.q(quote!(tuple::#f(cx, &#l, &#r))));
        }
        if equality && let Some(equal) = self.tuple_of_any_length(a, b) {
            return Some(if op == "==" { equal } else { quote!((!#equal)) });
        }
        if let Some(val) = self.row(op, &[a.clone(), b.clone()]) {
            return Some(val.code);
        }
        let opaque = |v: &Val| v.ty == Type::Obj;
        if equality && (opaque(a) || opaque(b)) {
            let equal = match if opaque(a) { (a, b) } else { (b, a) } {
                // Both have been evaluated in their order: one of them is a name, or nothing that does anything.
                (object, other) if other.ty == Type::Str && (other.place || object.place) => {
                    let l = object.owned();
                    match literal_text(&other.code).and_then(|name| self.short_literal(&name)) {
                        Some(text) => self.q(quote!(dynamic::is_literal(cx, #l, #text))),
                        None => {
                            let r = other.by_ref();
                            self.q(quote!(dynamic::is_text(cx, #l, #r)))
                        }
                    }
                }
                (object, other) if other.ty == Type::Char && (other.place || object.place) => {
                    let (l, r) = (object.owned(), other.owned());
                    self.q(quote!(dynamic::is_char(cx, #l, #r)))
                }
                (object, other) if other.ty == Type::Int && (other.place || is_literal(&other.code)) => {
                    let (l, r) = (object.owned(), other.owned());
                    self.q(quote!(dynamic::is_int(cx, #l, #r)))
                }
                _ => {
                    let (l, r) = (self.coerce(a, &Type::Obj), self.coerce(b, &Type::Obj));
                    self.q(quote!(Obj::equals(#l, #r)))
                }
            };
            return Some(if op == "==" { equal } else { quote!((!#equal)) });
        }
        if !equality
            || [&a.ty, &b.ty]
                .iter()
                .any(|t| matches!(t, Type::Obj | Type::Iter(_) | Type::Cell(_) | Type::Never) || is_numpy(t))
        {
            return None;
        }
        match (&a.ty, &b.ty) {
            (Type::None, Type::None) => Some(self.constant(a, b, op == "==")),
            (Type::Function(_), Type::Function(_)) => {
                let (l, r) = (a.owned(), b.owned());
                let equal = self.q(quote!(#l.equals(#r)));
                Some(if op == "==" { equal } else { quote!((!#equal)) })
            }
            (Type::Instance(x), Type::Instance(y)) => {
                let (l, r) = (a.owned(), b.owned());
                let equal = match x == y {
                    true => self.q(quote!(object::eq(cx, #l, #r))),
                    false => {
                        let (l, r) =
                            (self.q(quote!(object::differs(#l))), self.q(quote!(object::differs(#r))));
                        quote!((!(#l & #r)))
                    }
                };
                Some(if op == "==" { equal } else { quote!((!#equal)) })
            }
            (Type::Instance(_), _) | (_, Type::Instance(_)) => {
                // In order, and both before anything is found out.
                let mut lets = Vec::new();
                let (a, b) = (self.bind(a, &mut lets), self.bind(b, &mut lets));
                let own = if let Type::Instance(_) = a.ty { a.owned() } else { b.owned() };
                let differs = self.q(quote!(object::differs(#own)));
                let differs = quote!({ #(#lets)* #differs });
                Some(if op == "==" { quote!((!#differs)) } else { differs })
            }
            _ if kind(&a.ty) != kind(&b.ty) => Some(self.constant(a, b, op == "!=")),
            _ => None,
        }
    }

    /// The order of tuples of different lengths: that of the items that both have, and then the longer one is greater.
    fn tuples_in_order(&mut self, op: &str, a: &Val, b: &Val, lengths: std::cmp::Ordering) -> TokenStream {
        let longer = lengths == std::cmp::Ordering::Greater;
        let mut lets = Vec::new();
        let (a, b) = (self.bind(a, &mut lets), self.bind(b, &mut lets));
        let (Type::Tuple { items: x, .. }, Type::Tuple { items: y, .. }) = (&a.ty, &b.ty) else {
            unreachable!("two tuples")
        };
        let both = x.len().min(y.len());
        let greater = op.starts_with('>');
        if both == 0 {
            let answer = greater == longer;
            return quote!({ #(#lets)* #answer });
        }
        let first = |val: &Val, items: &[Type]| {
            let parts: Vec<_> =
                (0..both).map(|i| Val::place(field(&val.code, i), items[i].clone()).owned()).collect();
            let ty = Type::Tuple { items: items[..both].to_vec(), origin: Origin::Native };
            Val::new(quote!((#(#parts,)*)), ty)
        };
        let (l, r) = (first(&a, x), first(&b, y));
        // Where the common items are equal the answer is that of the lengths.
        let op = match (greater, greater == longer) {
            (true, true) => ">=",
            (true, false) => ">",
            (false, true) => "<=",
            (false, false) => "<",
        };
        let code = self.compare(op, &l, &r);
        quote!({ #(#lets)* #code })
    }

    /// Equality of a tuple of known length and one of any length: item by item.
    fn tuple_of_any_length(&mut self, a: &Val, b: &Val) -> Option<TokenStream> {
        let (count, known_first) = match (&a.ty, &b.ty) {
            (Type::Tuple { items, .. }, Type::VarTuple(_)) => (items.len(), true),
            (Type::VarTuple(_), Type::Tuple { items, .. }) => (items.len(), false),
            _ => return None,
        };
        let mut lets = Vec::new();
        let (a, b) = (self.bind(a, &mut lets), self.bind(b, &mut lets));
        let (known, long) = if known_first { (&a, &b) } else { (&b, &a) };
        let (Type::Tuple { items, .. }, Type::VarTuple(elem)) = (&known.ty, &long.ty) else { return None };
        if **elem == Type::Never {
            return Some(quote!({ #(#lets)* false }));
        }
        let (len, n) = (self.apply("len", std::slice::from_ref(long), &Type::Int), int_literal(count as i64));
        let mut tests = vec![quote!(#len == #n)];
        for (i, ty) in items.iter().enumerate() {
            let item = Val::place(field(&known.code, i), ty.clone());
            let index = Val::new(int_literal(i as i64), Type::Int);
            let other = Val::new(self.apply("getitem", &[long.clone(), index], elem), (**elem).clone());
            let (l, r) = if known_first { (item, other) } else { (other, item) };
            tests.push(self.compare("==", &l, &r));
        }
        Some(quote!({ #(#lets)* #(#tests)&&* }))
    }

    fn constant(&mut self, a: &Val, b: &Val, value: bool) -> TokenStream {
        let (a, b) = (a.by_ref(), b.by_ref());
        quote!({ let _ = #a; let _ = #b; #value })
    }
}

/// Values of different kinds are never equal.
fn kind(ty: &Type) -> u8 {
    match ty {
        Type::None => 0,
        Type::Bool | Type::Int | Type::Big | Type::Float | Type::Complex => 1,
        Type::Char | Type::Str => 2,
        Type::Bytes | Type::ByteArray => 3,
        Type::Range => 4,
        Type::Tuple { .. } | Type::VarTuple(_) | Type::Named { .. } => 5,
        Type::List { .. } | Type::View(_) => 6,
        Type::Dict { .. } => 7,
        Type::Deque { .. } => 9,
        Type::Set { .. } => 10,
        Type::Foreign(_) => 11,
        Type::Instance(_) => 14,
        Type::DictView { side: Side::Values, .. } | Type::MemView => 8,
        Type::DictView { .. } => 10,
        Type::Function(_) | Type::Inner(_) | Type::Closure { .. } => 12,
        Type::Never | Type::Obj | Type::Iter(_) | Type::Cell(_) | Type::Union(_) => 8,
        // Equality with them is never a constant.
        Type::Array(..) | Type::Numpy(_) => 13,
        Type::Packed(_) => 15,
    }
}

/// Arithmetic that does not leave 64 bits needs no look at overflow.
fn within(path: &str, args: &[Val], codes: &[TokenStream]) -> Option<TokenStream> {
    let ints = args.iter().all(|a| a.ty == Type::Int);
    match (path, args, codes) {
        ("int::neg", [a], [x]) if ints && a.range.lo > i64::MIN.into() => Some(quote!((-#x))),
        (_, [a, b], [x, y]) if ints => {
            let stays = |op| Interval::result(op, a.range, b.range).is_word();
            match path {
                "int::add" if stays(BinOp::Add) => Some(quote!((#x + #y))),
                "int::sub" if stays(BinOp::Sub) => Some(quote!((#x - #y))),
                "int::mul" if stays(BinOp::Mult) => Some(quote!((#x * #y))),
                "int::shl" if stays(BinOp::LShift) => Some(quote!(int::shl_within(#x, #y))),
                "int::mod_" | "int::mod_unsigned" => folded(a.range, b.range, x, y),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `a % b` of a constant, where `a` has two quotients at most: a subtraction and a choice, in the place of a product.
///
/// ```python
/// weekday = (weekday + days) % 7           # of 28 to 37: int::folded(weekday + days - 28, 7)
/// ```
fn folded(a: Interval, b: Interval, x: &TokenStream, y: &TokenStream) -> Option<TokenStream> {
    let divisor = (b.lo == b.hi && b.lo > 1 && a.is_word()).then_some(b.lo)?;
    // LLVM makes one operation of the remainder of a power of two.
    if divisor & (divisor - 1) == 0 {
        return None;
    }
    let (first, last) = (a.lo.div_euclid(divisor), a.hi.div_euclid(divisor));
    let start = Literal::i64_suffixed(i64::try_from(first.checked_mul(divisor)?).ok()?);
    let rest = if first == 0 { quote!(#x) } else { quote!((#x - #start)) };
    match last - first {
        0 => Some(rest),
        1 => Some(quote!(int::folded(#rest, #y))),
        _ => None,
    }
}

impl Val {
    /// It is `None`, and something is done to get there.
    pub(super) fn is_call_of_none(&self) -> bool {
        self.ty == Type::None && !self.place && !is_literal(&self.code) && !is_name(&self.code)
    }
}

/// A single identifier.
fn is_name(code: &TokenStream) -> bool {
    let mut tokens = code.clone().into_iter();
    matches!((tokens.next(), tokens.next()), (Some(proc_macro2::TokenTree::Ident(_)), None))
}

/// A literal needs no name: evaluating it twice is nothing.
fn is_literal(code: &TokenStream) -> bool {
    let mut tokens = code.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(proc_macro2::TokenTree::Literal(_)), None) => true,
        (Some(proc_macro2::TokenTree::Group(g)), None) => g.stream().is_empty(),
        _ => false,
    }
}

/// What a function of dicts is called where the key is a literal.
fn field_function(path: &str) -> Option<&'static str> {
    Some(match path {
        "dict::getitem" => "dict::field",
        "dict::get" => "dict::field_get",
        "dict::get_or" => "dict::field_or",
        "dict::contains" => "dict::has_field",
        _ => return None,
    })
}

/// The name of the literal that the code reads: `(*S_0.get(cx)?)`.
fn literal_text(code: &TokenStream) -> Option<Ident> {
    let mut outside = code.clone().into_iter();
    let (Some(TokenTree::Group(group)), None) = (outside.next(), outside.next()) else { return None };
    let mut inside = group.stream().into_iter();
    match (inside.next(), inside.next(), inside.next()) {
        (Some(TokenTree::Punct(star)), Some(TokenTree::Ident(name)), Some(TokenTree::Punct(dot)))
            if star.as_char() == '*' && dot.as_char() == '.' && name.to_string().starts_with("S_") =>
        {
            Some(name)
        }
        _ => None,
    }
}
