//! Functions of the standard library that need more than a row of the table: what they compare, keys, ranges.

use super::solver::Ty;
use super::{Guard, Infer, is_itself};
use crate::hir::{Collection, Expr, ExprKind, Library};
use crate::ty::DictKind;

/// The arguments of `bisect` and its kin, as the call has them.
pub struct Bisect<'e> {
    pub seq: &'e Expr,
    pub item: &'e Expr,
    pub low: Option<&'e Expr>,
    pub high: Option<&'e Expr>,
    /// Parameter and body of the lambda.
    pub key: Option<(crate::hir::VarId, &'e Expr)>,
    pub left: bool,
    pub insert: bool,
}

impl<'e> Bisect<'e> {
    /// Is it one of those functions?
    pub fn is(module: &str, name: &str) -> bool {
        module == "bisect" && Self::form(name).is_some()
    }

    /// Whether it looks to the left, and whether it inserts.
    fn form(name: &str) -> Option<(bool, bool)> {
        match name {
            "bisect_left" => Some((true, false)),
            "bisect_right" | "bisect" => Some((false, false)),
            "insort_left" => Some((true, true)),
            "insort_right" | "insort" => Some((false, true)),
            _ => None,
        }
    }

    /// A call of that function; `None` for another one, or a form that is not understood.
    pub fn of(name: &str, args: &'e [Expr], keywords: &'e [(String, Expr)]) -> Option<Bisect<'e>> {
        let (left, insert) = Self::form(name.strip_prefix("bisect.")?)?;
        let names = ["a", "x", "lo", "hi"];
        let mut given: [Option<&Expr>; 4] = [None; 4];
        if args.len() > names.len() {
            return None;
        }
        for (slot, arg) in given.iter_mut().zip(args) {
            *slot = Some(arg);
        }
        let mut key = None;
        for (name, value) in keywords {
            match (name.as_str(), &value.kind) {
                ("key", ExprKind::None) => {}
                ("key", ExprKind::Lambda { params, body }) if params.len() == 1 => {
                    key = Some((params[0], &**body));
                }
                (name, _) => {
                    let at = names.iter().position(|n| *n == name)?;
                    if given[at].replace(value).is_some() {
                        return None;
                    }
                }
            }
        }
        let [Some(seq), Some(item), low, high] = given else { return None };
        Some(Bisect { seq, item, low, high, key, left, insert })
    }
}

impl Infer<'_, '_> {
    /// The global must be what the text says it is.
    pub(super) fn relies_on(&mut self, library: &Library) {
        let (name, module, attr) = (library.global.clone(), library.module.clone(), library.attr.clone());
        if library.imported {
            self.guards.insert(Guard::Imported { name, module, attr });
        } else {
            self.guards.insert(Guard::Module { name, module: module.clone() });
            self.attrs.insert((module, attr));
        }
    }

    /// A call of a library function with a form of its own; `None` where the table decides alone.
    pub(super) fn library(
        &mut self,
        e: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Option<Ty> {
        match name.split_once('.')? {
            ("heapq", _) => {
                // The table does the rest.
                let list = self.expr(args.first()?);
                for member in list.members() {
                    if let Ty::List(c) = member {
                        let elem = self.state.solver.get(self.state.solver.elem(*c));
                        if !self.orders_itself(e, &elem, "<") {
                            self.comparable(e, "<", &elem, &elem);
                        }
                    }
                }
                None
            }
            ("copy", "copy" | "deepcopy") => {
                let ([value], []) = (args, keywords) else { return None };
                let ty = self.expr(value);
                let deep = name == "copy.deepcopy";
                Some(match self.copied(e.id, &ty, deep, 0) {
                    Some(ty) => ty,
                    None => {
                        let message = format!("`{name}` of `{}`", self.show(&ty));
                        self.refuse("PYR0401", value.span, message)
                    }
                })
            }
            ("dataclasses", "replace") => {
                let [value] = args else { return None };
                Some(self.replaced(e, value, keywords))
            }
            ("dataclasses", name @ ("asdict" | "astuple")) => {
                let [value] = args else { return None };
                match keywords {
                    [] => Some(self.flattened(e, value, name)),
                    _ => is_itself(keywords).then(|| self.expr(value)),
                }
            }
            ("bisect", _) => {
                let call = Bisect::of(name, args, keywords)?;
                Some(self.bisect(e, &call))
            }
            _ => None,
        }
    }

    /// What `copy` makes of a value; `None` where that is not known.
    fn copied(&mut self, node: usize, ty: &Ty, deep: bool, level: usize) -> Option<Ty> {
        let fixed = |ty: &Ty| {
            ty.members().iter().all(|m| match m {
                Ty::Tuple(items, _) => items.iter().all(is_plain),
                other => is_plain(other),
            })
        };
        match ty {
            Ty::Never => Some(Ty::Never),
            Ty::List(_) | Ty::View(_) if level < 8 => {
                let elem = self.element_type(ty);
                let elem = if deep { self.copied(node, &elem, deep, level + 1)? } else { elem };
                let cell = self.site(node, level);
                self.state.solver.flow(&elem, self.state.solver.elem(cell));
                Some(Ty::List(cell))
            }
            // The values of a dict that is inside of something else could be shared with it.
            Ty::Dict(c, DictKind::Plain) if level == 0 => {
                let (key, value) = (self.state.solver.elem(*c), self.state.solver.value(*c));
                let (key, value) = (self.state.solver.get(key), self.state.solver.get(value));
                if deep && !fixed(&key) && key != Ty::Never {
                    return None;
                }
                let value = if deep { self.copied(node, &value, deep, 1)? } else { value };
                let cell = self.site(node, 0);
                self.state.solver.flow(&key, self.state.solver.elem(cell));
                self.state.solver.flow(&value, self.state.solver.value(cell));
                Some(Ty::Dict(cell, DictKind::Plain))
            }
            other if fixed(other) => Some(other.clone()),
            _ => None,
        }
    }

    /// An empty deque, counter or `defaultdict`.
    pub(super) fn new_collection(&mut self, e: &Expr, class: &Collection, arg: Option<&Expr>) -> Ty {
        let cell = self.site(e.id, 0);
        match class {
            Collection::Deque => {
                arg.into_iter().for_each(|e| self.maxlen(e));
                Ty::Deque(cell)
            }
            Collection::Counter => {
                self.state.solver.flow(&Ty::Int, self.state.solver.value(cell));
                Ty::Dict(cell, DictKind::Counter)
            }
            Collection::Ordered => Ty::Dict(cell, DictKind::Ordered),
            Collection::DefaultDict(_) => {
                let made = arg.map_or(Ty::Never, |e| self.expr(e));
                self.state.solver.flow(&made, self.state.solver.value(cell));
                Ty::Dict(cell, DictKind::Default)
            }
        }
    }

    /// The greatest length of a deque is an int, or None.
    pub(super) fn maxlen(&mut self, e: &Expr) {
        let ty = self.expr(e);
        if !ty.members().iter().all(|m| matches!(m, Ty::Int | Ty::Bool | Ty::None | Ty::Never)) {
            let message = format!("`{}` as `maxlen`", self.show(&ty));
            self.refuse("PYR0401", e.span, message);
        }
    }

    fn bisect(&mut self, e: &Expr, call: &Bisect<'_>) -> Ty {
        let (seq, item) = (self.expr(call.seq), self.expr(call.item));
        for bound in [call.low, call.high].into_iter().flatten() {
            let ty = self.expr(bound);
            let ok = |m: &Ty| matches!(m, Ty::Int | Ty::Bool | Ty::Never) || *m == Ty::None;
            let none = call.low.is_some_and(|low| low.id == bound.id) && ty.members().contains(&Ty::None);
            if none || !ty.members().iter().all(ok) {
                let message = format!("`{}` as a bound of a search", self.show(&ty));
                self.refuse("PYR0401", bound.span, message);
            }
        }
        let found = match &seq {
            Ty::List(_) | Ty::View(_) | Ty::VarTuple(_) | Ty::Range | Ty::Never => true,
            Ty::Tuple(items, _) => items.windows(2).all(|pair| pair[0] == pair[1]) && !items.is_empty(),
            _ => false,
        };
        if !found || (call.insert && !matches!(seq, Ty::List(_) | Ty::Never)) {
            let message =
                format!("`{}` in `{}`", if call.insert { "insort" } else { "bisect" }, self.show(&seq));
            return self.refuse("PYR0401", call.seq.span, message);
        }
        if let (Ty::List(c), true) = (&seq, call.insert) {
            self.writes |= self.state.solver.in_place(*c);
            let var = self.state.solver.elem(*c);
            self.state.solver.flow(&item, var);
        }
        let elem = self.element_type(&seq);
        let (key, wanted) = match call.key {
            None => (elem, item),
            Some((param, body)) => {
                self.set_var(param, &elem);
                if call.insert {
                    self.set_var(param, &item);
                }
                let key = self.expr(body);
                let wanted = if call.insert { key.clone() } else { item };
                (key, wanted)
            }
        };
        if call.left {
            self.comparable(e, "<", &key, &wanted);
        } else {
            self.comparable(e, "<", &wanted, &key);
        }
        if call.insert { Ty::None } else { Ty::Int }
    }
}

/// A value that cannot change, and that a copy therefore shares.
fn is_plain(ty: &Ty) -> bool {
    matches!(ty, Ty::None | Ty::Bool | Ty::Int | Ty::Float | Ty::Char | Ty::Str | Ty::Bytes)
}
