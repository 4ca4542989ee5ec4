//! Calls of methods.

use super::Infer;
use super::bases;
use super::refusals::Excuses;
use super::sets::takes_iterables;
use super::solver::Ty;
use crate::hir::{Expr, ExprKind};
use crate::lower::DELETE;
use crate::lower::above::Above;
use crate::lower::asked::BY_NAME;
use crate::lower::context::{ENTER, EXIT, MANAGER};
use crate::lower::visitors::ByClass;
use crate::numpy::PART;
use crate::ops::{self, positional};
use crate::ty::{ObjectClass, Origin, Side, Type};

/// A class that Python defines: its methods must be what they were.
const RANDOM: &str = "random.Random";

impl Infer<'_, '_> {
    pub(super) fn method(
        &mut self,
        e: &Expr,
        base: &Expr,
        name: &str,
        args: &[Expr],
        keywords: &[(String, Expr)],
    ) -> Ty {
        if let ExprKind::Global(global) = &base.kind
            && let Some(home) = self.program.project_module(&self.func.module, global)
        {
            return self.package_call(e, (global, &home), name, args, keywords);
        }
        if let ExprKind::Global(global) = &base.kind
            && let Some(ty) = self.allocate_by_name(e, (global, name), args, keywords)
        {
            return ty;
        }
        if let ExprKind::Global(global) = &base.kind
            && let Some(ty) = self.of_named_class(e, global, name, args)
        {
            return ty;
        }
        if let ExprKind::Global(global) = &base.kind
            && let Some(ty) = self.call_class_method(e, (global, name), args, keywords)
        {
            return ty;
        }
        if let ExprKind::Global(global) = &base.kind
            && let Some(member) = self.program.class_member(&self.func.module, global, name)
        {
            return self.call(e, &member, args, keywords);
        }
        if let Some(above) = Above::of(name) {
            return self.call_above(e, base, &above, args, keywords);
        }
        if let Some(by) = ByClass::of(name) {
            return self.visit_by_class(e, base, &by, args, keywords);
        }
        if name == "attribute __class__" {
            return self.class_of(base, true);
        }
        let ty = self.expr(base);
        if let Some(said) = self.asks_logger((base, &ty, name), args, keywords) {
            return said;
        }
        if let Some(made) = self.allocate_by_class(e, &ty, name, args, keywords) {
            return made;
        }
        if let (BY_NAME, [asked, default @ ..]) = (name, args) {
            return self.attribute_by_name(e, &ty, asked, default.first());
        }
        if let Some(name) = name.strip_prefix(DELETE) {
            return self.delete_attribute(e, base, &ty, name);
        }
        if let Some(read) = name.strip_prefix("attribute ").and_then(|n| self.attribute_of_class(e, &ty, n)) {
            return read;
        }
        if let Some(called) = self.call_of_class(e, &ty, name, args, keywords) {
            return called;
        }
        let methods = |member: &Ty| match member {
            Ty::Instance(class) => self.program.called_method(class, name).is_some(),
            _ => false,
        };
        if keywords.iter().any(|(key, _)| key == "*") && ty != Ty::Never && !ty.members().iter().all(methods)
        {
            let message = format!("`*` in a call of `.{name}()` of `{}` is not supported", self.show(&ty));
            return self.refuse("PYR0324", e.span, message);
        }
        let (mut out, mut excuses) = (Ty::Never, Excuses::default());
        let mut found = ty == Ty::Never;
        // `str.lower(x)`: of that class and of no other.
        let (only, name) = name.split_once('.').map_or((None, name), |(c, n)| (Some(c), n));
        for (k, member) in ty.clone().members().iter().enumerate() {
            if let Some(field) = name.strip_prefix("attribute ").and_then(|n| self.field(member, n)) {
                found = true;
                out = self.state.solver.join(&out, &field);
                continue;
            }
            if let Ty::Instance(class) = member
                && only.is_none()
            {
                if class.own != 0 && self.program.keeps_callable(&Type::Instance(class.clone()), name) {
                    self.state.solver.give(class);
                }
                let ty = match name.strip_prefix("attribute ") {
                    Some(name) if self.only_others_have(&ty, class, name) => Some(Ty::Never),
                    Some(name) if self.is_property_matched(class, name) => {
                        let message = format!("the property `{name}` in a pattern is not supported");
                        Some(self.refuse("PYR0318", e.span, message))
                    }
                    Some(name) => Some(self.instance_attribute(e, class, name)),
                    None => match self.excusing(e, &mut excuses, |infer| {
                        infer.instance_method(e, class, name, args, keywords)
                    }) {
                        // Of several classes a call of the node could not tell which one it makes.
                        None if ty.members().len() == 1 && name == "__class__" => {
                            self.make_another(e, class, args, keywords)
                        }
                        None if ty.members().len() == 1 => self.make_inner(e, class, name, args, keywords),
                        method => method,
                    },
                };
                if let Some(ty) = ty {
                    found = true;
                    out = self.state.solver.join(&out, &ty);
                }
                continue;
            }
            let of_named = match self.named_method(e, member, name, args, keywords) {
                None if only.is_none() => self.own_of_named(e, member, name, args, keywords),
                found => found,
            };
            if let Some(ty) = of_named {
                found = true;
                out = self.state.solver.join(&out, &ty);
                continue;
            }
            if let (Ty::Iter(v), Some(n)) = (member, name.strip_prefix("tee ").and_then(|n| n.parse().ok())) {
                found = true;
                let branches = Ty::Tuple(vec![Ty::Iter(*v); n], Origin::Native);
                out = self.state.solver.join(&out, &branches);
                continue;
            }
            let told = match member {
                Ty::Obj if only.is_none() => match self.told_by_method(e, &ty, name, args.len()) {
                    // It is taken for the one that is known.
                    Some(None) => continue,
                    told => told.flatten(),
                },
                _ => None,
            };
            let member = told.as_ref().unwrap_or(member);
            if only.is_none() && !name.starts_with("attribute ") && self.hangs_below(Some(member)) {
                // It is what comes, and would bail.
                found = false;
                break;
            }
            let Some(class) = class_of(member).filter(|c| only.is_none_or(|o| o == *c)) else { continue };
            let full = ops::method(class, name);
            if class == RANDOM {
                self.attrs.insert(("random".into(), "Random".into()));
            }
            if name == "strftime" {
                self.imports_time("strftime");
            }
            match full.as_str() {
                "list.sort" if args.is_empty() => {
                    if matches!(member, Ty::List(c) if self.state.solver.in_place(*c)) {
                        self.writes = true;
                    }
                    self.sort(e, member, keywords);
                    found = true;
                    out = self.state.solver.join(&out, &Ty::None);
                    continue;
                }
                "list.extend" if args.len() == 1 && keywords.is_empty() => {
                    let other = self.expr(&args[0]);
                    if let Ty::List(c) = member
                        && self.extend_list(*c, &other)
                    {
                        found = true;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                "deque.extend" | "deque.extendleft" | "Counter.update" | "Counter.subtract"
                    if args.len() == 1 && keywords.is_empty() =>
                {
                    let other = self.expr(&args[0]);
                    if !(class == "Counter" && other.members().iter().any(|m| matches!(m, Ty::Dict(..)))) {
                        let (Ty::Deque(c) | Ty::Dict(c, _)) = member else { unreachable!("just named") };
                        self.writes |= self.state.solver.in_place(*c);
                        let var = self.state.solver.elem(*c);
                        for m in other.members().iter().filter(|m| super::iter::is_iterable(m)) {
                            let elem = self.element_type(m);
                            self.state.solver.flow(&elem, var);
                            found = true;
                        }
                        found |= other == Ty::Never;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                "dict.update" | "defaultdict.update" | "OrderedDict.update"
                    if args.len() == 1 && keywords.is_empty() =>
                {
                    let other = self.expr(&args[0]);
                    let mapping = |m: &Ty| matches!(m, Ty::Dict(..) | Ty::Obj);
                    if let Ty::Dict(c, _) = member
                        && !other.members().iter().any(mapping)
                    {
                        for m in other.members().iter().filter(|m| super::iter::is_iterable(m)) {
                            let pair = self.element_type(m);
                            found |= self.update_pairs(*c, &pair);
                        }
                        found |= other == Ty::Never;
                        out = self.state.solver.join(&out, &Ty::None);
                        continue;
                    }
                }
                // A text that is computed: CPython's own, which reaches nothing but C from scalars.
                "str.format" if keywords.is_empty() => {
                    let types: Vec<Ty> = args.iter().map(|a| self.expr(a)).collect();
                    if let Some(at) = types.iter().position(|t| !super::expr::is_plain(t)) {
                        let message = format!("a computed format with `{}`", self.show(&types[at]));
                        return self.refuse("PYR0401", args[at].span, message);
                    }
                    found = true;
                    out = self.state.solver.join(&out, &Ty::Str);
                    continue;
                }
                // It is itself.
                "frozenset.copy" if args.is_empty() && keywords.is_empty() => {
                    found = true;
                    out = self.state.solver.join(&out, member);
                    continue;
                }
                "dict.keys" | "dict.values" | "dict.items" if args.is_empty() && keywords.is_empty() => {
                    if let (Ty::Dict(c, kind), Some(side)) = (member, Side::of(name)) {
                        found = true;
                        out = self.state.solver.join(&out, &Ty::DictView(*c, *kind, side));
                    }
                    continue;
                }
                // Only in `x in d.keys()`, which is `x in d`.
                "dict.keys in" => return member.clone(),
                "dict.get" | "dict.pop" if args.len() == 2 && keywords.is_empty() => {
                    let Ty::Dict(c, _) = member else { unreachable!("a dict method") };
                    let key = self.expr(&args[0]);
                    let default = self.expr(&args[1]);
                    if name == "pop" {
                        self.writes |= self.state.solver.in_place(*c);
                        self.note_update(*c);
                    }
                    if self.apply("dict.get", e.id, 8 * k, e.span, &[member.clone(), key]) == Ty::Never {
                        found = true;
                        continue;
                    }
                    let value = self.state.solver.get(self.state.solver.value(*c));
                    found = true;
                    let joined = self.state.solver.join(&value, &default);
                    out = self.state.solver.join(&out, &joined);
                    continue;
                }
                _ => {}
            }
            if let Ty::Set(cell, frozen) = member
                && takes_iterables(name)
                && keywords.is_empty()
            {
                if let Some(ty) = self.set_method(e, 8 * k, (*cell, *frozen), name, args) {
                    found = true;
                    out = self.state.solver.join(&out, &ty);
                }
                continue;
            }
            let full = ops::by_name(full, args.len() + 1, keywords);
            let full = self.formed(full, args, keywords);
            if !ops::exists(&full) {
                continue;
            }
            let Some(list) = positional(&full, args, keywords) else { continue };
            let mut types = vec![member.clone()];
            types.extend(self.arguments(&list));
            if is_affix(name)
                && let Some(affix) = types.get(1).cloned()
            {
                types[1] = self.any_length(e.id, 70 + k, &affix);
            }
            // Another number of arguments is no row of the table.
            if full == "str.join"
                && let [_, items] = types.as_slice()
            {
                let ok = matches!(items, Ty::List(c)
                    if matches!(self.state.solver.get(self.state.solver.elem(*c)), Ty::Str | Ty::Char));
                if !ok && *items != Ty::Never {
                    let message = format!("joining `{}`", self.show(items));
                    return self.refuse("PYR0401", e.span, message);
                }
            }
            found = true;
            let ret = self.apply(&full, e.id, 8 * k, e.span, &types);
            out = self.state.solver.join(&out, &ret);
        }
        if !found {
            if let Some(bound) = name.strip_prefix("attribute ").and_then(|n| self.bound_method(&ty, n)) {
                return bound;
            }
            if matches!(name, ENTER | EXIT) || name.starts_with(MANAGER) {
                return self.refuse("PYR0317", e.span, crate::lower::context::REFUSED);
            }
            if !self.report
                && let Some(known) = self.state.solver.resolve(&ty)
                && self.program.keeps_callable(&known, name)
            {
                // The call of what the attribute holds takes its place.
                return Ty::Never;
            }
            let (code, message) = match name.strip_prefix("attribute ") {
                Some(name) => (
                    "PYR0321",
                    format!("reading the attribute `{name}` of `{}` is not supported", self.show(&ty)),
                ),
                None if name.starts_with(PART) => {
                    ("PYR0401", format!("a slice among several indices of `{}`", self.show(&ty)))
                }
                None => ("PYR0307", format!("`.{name}()` of `{}` is not supported", self.show(&ty))),
            };
            return self.refuse(code, e.span, message);
        }
        self.judge(e, excuses);
        out
    }

    /// An object as what it must be that has such a method; nothing new if the value may be known as that anyway.
    fn told_by_method(&mut self, e: &Expr, of: &Ty, name: &str, args: usize) -> Option<Option<Ty>> {
        let told = ops::told_by_method(name, args)?;
        let known = self.state.solver.resolve(of)?;
        if known.members().iter().any(|m| m.same_kind(&told)) {
            // It is one of Python's: an object is no other.
            for m in of.members() {
                if self.state.solver.resolve(m).is_some_and(|t| t.same_kind(&told)) {
                    self.state.solver.boxed(m);
                }
            }
            return Some(None);
        }
        let cell = self.site(e.id, 95);
        if told != Type::Str {
            let (elem, value) = (self.state.solver.elem(cell), self.state.solver.value(cell));
            self.state.solver.opaque(elem);
            self.state.solver.opaque(value);
            self.state.solver.set_in_place(cell);
        }
        Some(Some(match told {
            Type::List { .. } => Ty::List(cell),
            Type::Dict { kind, .. } => Ty::Dict(cell, kind),
            Type::Set { frozen, .. } => Ty::Set(cell, frozen),
            _ => Ty::Str,
        }))
    }

    /// Is nothing known of the attribute in instances of the class, but in others that the value may be? Then reading it
    /// of this one bails, or raises.
    fn only_others_have(&mut self, of: &Ty, class: &ObjectClass, name: &str) -> bool {
        if !self.report || of.members().len() == 1 || bases::Part::of(name).is_some() {
            return false;
        }
        let mut known = |class: &ObjectClass| {
            let var = self.attribute_var(class, name);
            let ty = self.state.solver.get(var);
            self.state.solver.resolve(&ty).is_some_and(|ty| !ty.has_never())
        };
        if known(class) {
            return false;
        }
        let others = of.members().iter().any(|m| matches!(m, Ty::Instance(other) if known(other)));
        others && self.program.member_of(class, name).is_none()
    }

    /// `sorted(…)` and `.sort(…)`: elements or keys must be ordered.
    pub(super) fn sort(&mut self, e: &Expr, list: &Ty, keywords: &[(String, Expr)]) {
        let Ty::List(cell) = list else { return };
        let elem = self.state.solver.get(self.state.solver.elem(*cell));
        let mut key = elem.clone();
        for (name, value) in keywords {
            match (name.as_str(), &value.kind) {
                ("reverse", _) => {
                    let ty = self.expr(value);
                    if !matches!(ty, Ty::Bool | Ty::Int | Ty::Never) {
                        self.refuse("PYR0401", value.span, "`reverse` is not a `bool`");
                    }
                }
                ("key", ExprKind::Lambda { params, body }) if params.len() == 1 => {
                    self.set_var(params[0], &elem);
                    key = self.key_type(body, &elem);
                }
                // A comparison, which says how the first stands to the second.
                ("key", ExprKind::Lambda { params, body }) if params.len() == 2 => {
                    params.iter().for_each(|p| self.set_var(*p, &elem));
                    let ty = self.expr(body);
                    self.comparable(value, "<", &ty, &Ty::Int);
                    // Elements need no order of their own.
                    key = Ty::Int;
                }
                ("key", ExprKind::None) => {}
                _ => {
                    self.refuse("PYR0306", value.span, format!("this `{name}` is not supported"));
                }
            }
        }
        // See `Lower::extremes`.
        let is_none = |(name, value): &(String, Expr)| name == "key" && matches!(value.kind, ExprKind::None);
        if keywords.iter().any(is_none) || !self.orders_itself(e, &key, "<") {
            self.comparable(e, "<", &key, &key);
        }
    }
}

/// A method whose first argument may be a tuple of any length: affixes, and what `random` chooses from.
pub fn is_affix(name: &str) -> bool {
    matches!(name, "startswith" | "endswith" | "choice" | "sample")
}

pub(super) fn class_of(ty: &Ty) -> Option<&'static str> {
    Some(match ty {
        Ty::Int | Ty::Big | Ty::Bool => "int",
        Ty::Float => "float",
        Ty::Str | Ty::Char => "str",
        Ty::Bytes => "bytes",
        Ty::ByteArray => "bytearray",
        Ty::Packed(_) => "array",
        Ty::Complex => "complex",
        Ty::List(_) | Ty::View(_) => "list",
        Ty::Dict(_, kind) => kind.class(),
        Ty::Deque(_) => "deque",
        Ty::Set(_, false) => "set",
        Ty::Set(_, true) => "frozenset",
        Ty::VarTuple(_) => "tuple",
        Ty::Range => "range",
        Ty::MemView => "memoryview",
        Ty::DictView(..) => "view",
        Ty::Foreign(class) => class.name(),
        Ty::Array(..) => "ndarray",
        _ => return None,
    })
}
