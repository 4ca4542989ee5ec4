//! Expressions.

use super::any_length::is_tuple;
use super::solver::{Ty, exceeded};
use super::{Infer, Within, operators, outgoing};
use crate::hir::{BinOp, BoolOp, Expr, ExprKind, FPart, Part, UnaryOp};
use crate::ops::{self, percent};
use crate::source::Span;
use crate::ty::{DictKind, MAX_TUPLE, Origin, Type};

impl Infer<'_, '_> {
    /// The type of an expression, also recorded at its node.
    pub(super) fn expr(&mut self, e: &Expr) -> Ty {
        self.within.push(Within::Expression(e.id));
        self.program.work += 1;
        let mut ty = self.expr_ty(e);
        if matches!(ty, Ty::Tuple(..)) && parts(&ty) > MAX_PARTS {
            self.state.solver.endless = true;
            let message = format!("a tuple of tuples with more than {MAX_PARTS} parts");
            ty = self.refuse("PYR0402", e.span, message);
        }
        if let Some(most) = exceeded(ty.members()) {
            let message = format!("more than {most} types in one place: `{}`", self.show(&ty));
            self.refuse("PYR0402", e.span, message);
        }
        self.within.pop();
        self.at(e.id, &ty)
    }

    /// The type of an operand: named tuples are tuples there.
    pub(super) fn opened_expr(&mut self, e: &Expr) -> Ty {
        let ty = self.expr(e);
        self.opened(&ty)
    }

    /// Is a format, or what it is given, a member? Its text is what its class says, and a format without fields is
    /// returned as it is.
    fn formats_member(&mut self, left: &Expr, l: &Ty, right: &Expr) -> bool {
        if !l.members().iter().any(|m| matches!(m, Ty::Str | Ty::Char | Ty::Bytes)) {
            return false;
        }
        let (format, given) = (self.expr(left), self.expr(right));
        self.program.has_standing(&format) || self.program.has_standing(&given)
    }

    pub(super) fn opt(&mut self, e: &Option<Box<Expr>>) -> Ty {
        e.as_ref().map_or(Ty::None, |e| self.expr(e))
    }

    /// A condition: every understood type has a truth value. Of `a or b` only that counts: two lists need not be alike.
    pub(super) fn test(&mut self, e: &Expr) -> Ty {
        let ExprKind::Bool2 { op, left, right } = &e.kind else { return self.tested(e) };
        self.test(left);
        if self.decide(left) != Some(*op == BoolOp::Or) {
            self.test(right);
        }
        self.at(e.id, &Ty::Bool)
    }

    /// The same, where the value counts as well.
    fn tested(&mut self, e: &Expr) -> Ty {
        let ty = self.expr(e);
        if ty.members().iter().any(|m| matches!(m, Ty::Iter(_) | Ty::Array(..))) {
            let message = format!("the truth value of `{}` is not known", self.show(&ty));
            self.refuse("PYR0401", e.span, message);
        }
        ty
    }

    fn expr_ty(&mut self, e: &Expr) -> Ty {
        match &e.kind {
            ExprKind::None => Ty::None,
            ExprKind::Bool(_) => Ty::Bool,
            ExprKind::Int(_) => Ty::Int,
            ExprKind::Big(_) => Ty::Big,
            ExprKind::Float(_) => Ty::Float,
            ExprKind::Str(s) => {
                if s.chars().count() == 1 {
                    Ty::Char
                } else {
                    Ty::Str
                }
            }
            ExprKind::Bytes(_) => Ty::Bytes,
            ExprKind::Local(var) => self.var_type(*var),
            ExprKind::Global(name) => self.global(name, e.span, e.id),
            ExprKind::ModuleAttr { module, name } => self.module_attr(module, name, e.span, e.id),
            ExprKind::Named { var, value } => {
                let ty = self.expr(value);
                self.set_var(*var, &ty);
                ty
            }
            ExprKind::Binary { op, left, right } => {
                let (l, r) = (self.expr(left), self.expr(right));
                if let Some(ty) = self.operator(e, &[&l, &r]) {
                    return ty;
                }
                let Some((l, r)) = self.opened_pair(e, *op, &l, &r) else { return Ty::Never };
                if *op == BinOp::Mod && self.formats_member(left, &l, right) {
                    return self.refuse("PYR0401", e.span, "`%` with a member that is a text is not known");
                }
                match (op, &l, &right.kind) {
                    // A negative power of an int is a float.
                    (BinOp::Pow, Ty::Int | Ty::Big | Ty::Bool, ExprKind::Int(..0)) => return Ty::Float,
                    (BinOp::Mult, Ty::Tuple(..), ExprKind::Int(1)) => return l,
                    (BinOp::Mult, Ty::Tuple(items, _), ExprKind::Int(n)) if repeated(items.len(), *n) => {
                        return Ty::Tuple((0..*n).flat_map(|_| items.clone()).collect(), Origin::Native);
                    }
                    (BinOp::Mod, Ty::Str, _) if self.asks_values(e, literal(left), right, &r) => {
                        return Ty::Str;
                    }
                    (BinOp::Mod, Ty::Str | Ty::Char, _) => return self.percent(e.span, literal(left), &r),
                    _ => {}
                }
                self.meet(left, &l, right, &r);
                if masks(*op, left, right) {
                    let (big, word) = if matches!(right.kind, ExprKind::Int(_)) { (l, r) } else { (r, l) };
                    if big == Ty::Big {
                        return self.apply("& word", e.id, 0, e.span, &[big, word]);
                    }
                    return self.binary(e.id, e.span, *op, &big, &word);
                }
                self.binary(e.id, e.span, *op, &l, &r)
            }
            ExprKind::InPlace { op, left, right } => {
                let (l, r) = (self.expr(left), self.expr(right));
                if let Some(ty) = self.operator(e, &[&l, &r]) {
                    return ty;
                }
                let Some((l, r)) = self.opened_pair(e, *op, &l, &r) else { return Ty::Never };
                if *op == BinOp::Mod && self.formats_member(left, &l, right) {
                    return self.refuse("PYR0401", e.span, "`%` with a member that is a text is not known");
                }
                self.meet(left, &l, right, &r);
                if masks(*op, left, right) && l == Ty::Big {
                    return self.apply("& word", e.id, 0, e.span, &[l, r]);
                }
                self.in_place(e.id, e.span, *op, &l, &r)
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                self.test(operand);
                Ty::Bool
            }
            ExprKind::Unary { op, operand } => {
                let ty = self.opened_expr(operand);
                if let Some(ty) = self.operator(e, &[&ty]) {
                    return ty;
                }
                let name = match op {
                    UnaryOp::Neg => "neg",
                    UnaryOp::Pos => "pos",
                    UnaryOp::Invert => "inv",
                    UnaryOp::Not => unreachable!("handled above"),
                };
                self.apply(name, e.id, 0, e.span, &[ty])
            }
            ExprKind::Bool2 { op, left, right } => {
                let l = self.tested(left);
                match (op, self.decide(left)) {
                    (BoolOp::And, Some(false)) | (BoolOp::Or, Some(true)) => return l,
                    (_, Some(_)) => return self.expr(right),
                    (_, None) => {}
                }
                let r = self.expr(right);
                let l = match op {
                    BoolOp::Or => without_none(&l),
                    BoolOp::And => l,
                };
                self.state.solver.join(&l, &r)
            }
            ExprKind::Compare { op, left, right } => self.compare(e, *op, left, right),
            ExprKind::If { test, body, orelse } => {
                self.test(test);
                match self.decide(test) {
                    Some(true) => return self.expr(body),
                    Some(false) => return self.expr(orelse),
                    None => {}
                }
                let (a, b) = (self.expr(body), self.expr(orelse));
                self.state.solver.join(&a, &b)
            }
            ExprKind::Tuple(items) if items.len() > MAX_TUPLE => {
                let message = format!("a tuple of more than {MAX_TUPLE} items");
                self.refuse("PYR0403", e.span, message)
            }
            // The empty tuple is a live tuple like any other.
            ExprKind::Tuple(items) if items.is_empty() => {
                let cell = self.site(e.id, 0);
                Ty::VarTuple(self.state.solver.elem(cell))
            }
            ExprKind::Tuple(items) => Ty::Tuple(items.iter().map(|i| self.item(i)).collect(), Origin::Native),
            ExprKind::List(items) => {
                let cell = self.site(e.id, 0);
                for item in items {
                    let ty = self.expr(item);
                    let elem = self.state.solver.elem(cell);
                    self.state.solver.flow(&ty, elem);
                }
                Ty::List(cell)
            }
            ExprKind::Build { tuple, parts } => {
                let cell = self.site(e.id, 0);
                for part in parts {
                    let ty = match part {
                        Part::Item(e) => self.expr(e),
                        Part::Star(iter) => self.iter(iter),
                    };
                    let elem = self.state.solver.elem(cell);
                    self.state.solver.flow(&ty, elem);
                }
                if *tuple { Ty::VarTuple(self.state.solver.elem(cell)) } else { Ty::List(cell) }
            }
            ExprKind::Set { parts, made } => self.set_display(e, parts, *made),
            ExprKind::Dict(items) => {
                let cell = self.site(e.id, 0);
                for (key, value) in items {
                    let Some(key) = key else {
                        let other = self.expr(value);
                        self.note_copy(cell, &other);
                        // What the display does itself is no change.
                        let is_updated = self.state.solver.is_updated(cell);
                        let dict = Ty::Dict(cell, DictKind::Plain);
                        self.apply("dict.update", e.id, 100, e.span, &[dict, other]);
                        self.state.solver.set_updated(cell, is_updated);
                        continue;
                    };
                    let (k, v) = (self.expr(key), self.expr(value));
                    let (kv, vv) = (self.state.solver.elem(cell), self.state.solver.value(cell));
                    self.flow_key(&k, kv);
                    self.state.solver.flow(&v, vv);
                    self.note_part(value, &v);
                }
                self.note_record(cell, items);
                Ty::Dict(cell, DictKind::Plain)
            }
            ExprKind::Comp(comp) => self.comp(comp, e),
            ExprKind::New { class, arg } => self.new_collection(e, class, arg.as_deref()),
            ExprKind::Iter { iter, explicit } => {
                if *explicit {
                    self.builtin("iter");
                }
                if let Some(columns) = self.unzipped(iter) {
                    return columns;
                }
                let elem = self.iter(iter);
                let cell = self.site(e.id, 0);
                let var = self.state.solver.elem(cell);
                self.state.solver.flow(&elem, var);
                Ty::Iter(var)
            }
            ExprKind::HandOut { module, attr, args, keywords, whole: _ } => {
                if module == "builtins" {
                    self.builtin(attr);
                }
                self.attrs.insert((module.clone(), first_part(attr)));
                for operand in args.iter().map(|(e, _)| e).chain(keywords.iter().map(|(_, e)| e)) {
                    let ty = self.expr(operand);
                    if ty.members().iter().any(|m| stays_native(m) || matches!(m, Ty::View(_))) {
                        let message = "handing an iterator of native code to Python is not supported";
                        self.refuse("PYR0408", operand.span, message);
                    }
                    // Python gets the object itself.
                    self.state.solver.mark_var(self.state.nodes[operand.id]);
                }
                Ty::Obj
            }
            ExprKind::Turn(turn) => {
                self.expr(turn);
                Ty::None
            }
            ExprKind::Suspend { point, items, waits: _ } => {
                let wanted = self.program.kept_at(&self.func, *point);
                for (at, item) in items.iter().enumerate() {
                    let ty = self.expr(item);
                    if let Some(Some(wanted)) = wanted.get(at) {
                        self.fill(&ty, wanted);
                    }
                    if ty
                        .members()
                        .iter()
                        .any(|m| stays_native(m) || matches!(m, Ty::View(_) | Ty::ByteArray))
                    {
                        let message = "handing this from one `yield` to the next is not supported";
                        self.refuse("PYR0313", item.span, message);
                    }
                }
                Ty::Obj
            }
            ExprKind::Yield { value, closes: _, delegates: _ } => {
                let ty = self.expr(value);
                if let (Ty::Int, Ty::Big) = (&ty, self.state.solver.get(self.state.yielded)) {
                    self.make_wide(value);
                }
                self.state.solver.flow(&ty, self.state.yielded);
                Ty::None
            }
            ExprKind::Next { iter, default } => self.next(iter, default.as_deref()),
            ExprKind::Call { .. } if operators::is_no_answer(e) => Ty::Never,
            ExprKind::Call { name, args, keywords } => {
                if let ([arg], true) = (args.as_slice(), operators::is_asked(name)) {
                    let ty = self.expr(arg);
                    if let Some(ty) = self.operator(e, &[&ty]) {
                        return ty;
                    }
                }
                self.call(e, name, args, keywords)
            }
            ExprKind::Special { method, operands, keywords } => {
                let operands: Vec<Ty> = operands.iter().map(|o| self.expr(o)).collect();
                self.special_call(e, method, &operands, keywords)
            }
            ExprKind::CallNested { function, made, args, slots } => {
                self.call_nested(e, function, made.as_deref(), args, slots)
            }
            ExprKind::Function { name, made, captures } => {
                self.function_value(e, name, made.as_deref(), captures)
            }
            ExprKind::CallValue { function, args, stars, keywords, rest } => {
                if stars.is_empty() && rest.is_none() {
                    let mut operands = vec![self.expr(function)];
                    if matches!(operands[0], Ty::Instance(_)) {
                        operands.extend(args.iter().map(|a| self.expr(a)));
                    }
                    if let Some(ty) = self.operator(e, &operands.iter().collect::<Vec<_>>()) {
                        return ty;
                    }
                }
                self.call_value(e, function, (args, stars), keywords, rest.as_deref())
            }
            ExprKind::Cell(var) => Ty::Cell(self.state.vars[*var]),
            ExprKind::ModuleCall { module, name, args, keywords } => {
                self.module_call(e, module, name, args, keywords)
            }
            ExprKind::Method { base, name, args, keywords } => self.method(e, base, name, args, keywords),
            ExprKind::Index { base, index } => {
                let mut args = [self.opened_expr(base), self.expr(index)];
                if args[0].members().iter().all(takes_positions) {
                    args[1] = self.opened(&args[1]);
                }
                if let Some(ty) = self.operator(e, &[&args[0], &args[1]]) {
                    return ty;
                }
                if args[0].members().iter().any(|m| matches!(m, Ty::Tuple(..))) {
                    return self.index_with_tuples(e, &args, index);
                }
                self.getitem(e.id, e.span, &args)
            }
            ExprKind::Slice { base, lower, upper, step } => {
                let mut args = [self.opened_expr(base), self.opt(lower), self.opt(upper), self.opt(step)];
                if let Ty::Tuple(items, _) = &args[0] {
                    match slice_positions(items.len(), lower, upper, step) {
                        Some(at) if at.is_empty() => {
                            let cell = self.site(e.id, 0);
                            return Ty::VarTuple(self.state.solver.elem(cell));
                        }
                        // All of it is the same tuple.
                        Some(at) if at.len() == items.len() && step.is_none() => return args[0].clone(),
                        Some(at) => {
                            let items = at.iter().map(|i| items[*i].clone()).collect();
                            return Ty::Tuple(items, Origin::Native);
                        }
                        // How many there are is known when it runs.
                        None => args[0] = self.any_length(e.id, 70, &args[0].clone()),
                    }
                }
                self.apply("getslice", e.id, 0, e.span, &args)
            }
            ExprKind::FString(parts) => {
                for part in parts {
                    if let FPart::Value { value, conversion, spec } = part {
                        let ty = self.expr(value);
                        self.spec(spec);
                        if self.asks_part(e, &ty, *conversion, spec) {
                            continue;
                        }
                        let plain = |t: &Ty| {
                            matches!(
                                t,
                                Ty::Int
                                    | Ty::Big
                                    | Ty::Float
                                    | Ty::Complex
                                    | Ty::Str
                                    | Ty::Char
                                    | Ty::Bool
                                    | Ty::Never
                            )
                        };
                        let dated =
                            |t: &Ty| matches!(t, Ty::Foreign(class) if ops::foreign::has_strftime(*class));
                        // With a specification they raise.
                        let raises = |t: &Ty| {
                            matches!(
                                t,
                                Ty::None
                                    | Ty::Bytes
                                    | Ty::List(_)
                                    | Ty::Dict(..)
                                    | Ty::Set(..)
                                    | Ty::Tuple(..)
                                    | Ty::VarTuple(_)
                            )
                        };
                        let told = !spec.is_empty() && conversion.is_none();
                        if told && ty.members().iter().any(dated) {
                            self.imports_time("strftime");
                        }
                        let known = |t: &Ty| plain(t) || dated(t);
                        let members = ty.members();
                        if told
                            && !(members.iter().all(|t| known(t) || raises(t)) && members.iter().any(known))
                        {
                            let message = format!("formatting `{}` with a specification", self.show(&ty));
                            self.refuse("PYR0401", value.span, message);
                        }
                        self.has_text(&ty, value.span);
                    }
                }
                Ty::Str
            }
            ExprKind::Narrow { narrows, body } => {
                self.narrow(narrows);
                self.expr(body)
            }
            ExprKind::Out(value) => {
                let ty = self.expr(value);
                if !ty.members().iter().any(outgoing::is_container) {
                    return ty;
                }
                self.state.solver.give_all(&ty);
                Ty::Obj
            }
            ExprKind::Default { function, param } => self.live_default(e, function, param),
            ExprKind::Bail => Ty::Never,
            ExprKind::Lambda { .. } => self.refuse("PYR0323", e.span, "a `lambda` here is not supported"),
        }
    }

    /// Where a word meets an int of any size, the arithmetic that makes the word is done on such ints as well.
    pub(super) fn meet(&mut self, left: &Expr, l: &Ty, right: &Expr, r: &Ty) {
        match (l, r) {
            (Ty::Big, Ty::Int) => self.make_wide(right),
            (Ty::Int, Ty::Big) => self.make_wide(left),
            _ => {}
        }
    }

    /// From the next round on the arithmetic of the expression has results of any size.
    pub(super) fn make_wide(&mut self, e: &Expr) {
        for node in super::slice::arithmetic(e) {
            if self.state.wide.insert(node) {
                self.state.solver.changed = true;
            }
        }
    }

    /// A computed format specification is made of text and ints.
    fn spec(&mut self, parts: &[FPart]) {
        for part in parts {
            if let FPart::Value { value, spec, .. } = part {
                let ty = self.expr(value);
                self.displayable(&ty, value.span);
                self.spec(spec);
            }
        }
    }

    /// As [`Infer::displayable`]; an object is asked when the code runs whether it is a number or a text.
    pub(super) fn has_text(&mut self, ty: &Ty, span: Span) {
        let known: Vec<Ty> = ty.members().iter().filter(|m| **m != Ty::Obj).cloned().collect();
        known.iter().for_each(|member| self.displayable(member, span));
    }

    /// `str()` and `repr()` of everything but opaque objects are known.
    pub(super) fn displayable(&mut self, ty: &Ty, span: Span) {
        let ok = self.state.solver.resolve(ty).is_some_and(|t| is_shown(&t));
        if !ok && *ty != Ty::Never {
            let message = format!("the text of `{}` is not known", self.show(ty));
            self.refuse("PYR0401", span, message);
        }
    }

    /// `t[i]` where tuples of known length are among the possibilities.
    fn index_with_tuples(&mut self, e: &Expr, args: &[Ty; 2], index: &Expr) -> Ty {
        let mut out = Ty::Never;
        let mut rest = Vec::new();
        for member in args[0].members() {
            let parts: Vec<Ty> = match (member, &index.kind) {
                (Ty::Tuple(items, _), ExprKind::Int(i)) => {
                    let at = if *i < 0 { i + items.len() as i64 } else { *i };
                    // Out of range raises; it adds no type.
                    usize::try_from(at).ok().and_then(|at| items.get(at)).into_iter().cloned().collect()
                }
                (Ty::Tuple(items, _), _) => items.clone(),
                // Raises.
                (Ty::None, _) => continue,
                (other, _) => {
                    rest.push(other.clone());
                    continue;
                }
            };
            for ty in parts {
                out = self.state.solver.join(&out, &ty);
            }
        }
        if !rest.is_empty() {
            let rest = if rest.len() == 1 { rest.remove(0) } else { Ty::Union(rest) };
            let ty = self.getitem(e.id, e.span, &[rest, args[1].clone()]);
            out = self.state.solver.join(&out, &ty);
        }
        out
    }

    pub(super) fn getitem(&mut self, node: usize, span: Span, args: &[Ty]) -> Ty {
        if let Ty::Tuple(items, _) = &args[0] {
            // A computed index: any of the members.
            return items.iter().fold(Ty::Never, |acc, t| self.state.solver.join(&acc, t));
        }
        let ty = self.apply("getitem", node, 0, span, args);
        self.at(node, &ty)
    }

    pub(super) fn binary(&mut self, node: usize, span: Span, op: BinOp, l: &Ty, r: &Ty) -> Ty {
        if let (BinOp::Add, Ty::Tuple(a, _), Ty::Tuple(b, _)) = (op, l, r) {
            if a.len() + b.len() > MAX_TUPLE {
                return self.refuse("PYR0403", span, format!("a tuple of more than {MAX_TUPLE} items"));
            }
            return Ty::Tuple(a.iter().chain(b).cloned().collect(), Origin::Native);
        }
        if let (BinOp::Mod, Ty::Str | Ty::Char | Ty::Bytes) = (op, l) {
            let text = self.percent(span, None, r);
            return if *l == Ty::Bytes && text == Ty::Str { Ty::Bytes } else { text };
        }
        // Of several lengths a tuple is one of any length: `key += (part,)` in a loop.
        if matches!(op, BinOp::Add | BinOp::Mult) && is_tuple(l) {
            let (l, r) = (self.any_length(node, 60, l), self.any_length(node, 61, r));
            return self.apply(op.symbol(), node, 0, span, &[l, r]);
        }
        if let (BinOp::Add | BinOp::Mult, Ty::Tuple(..)) = (op, r) {
            let r = self.any_length(node, 61, r);
            return self.apply(op.symbol(), node, 0, span, &[l.clone(), r]);
        }
        self.apply(op.symbol(), node, 0, span, &[l.clone(), r.clone()])
    }

    /// `text % values`: plain values, and containers where the text is known and shows them.
    fn percent(&mut self, span: Span, text: Option<&str>, r: &Ty) -> Ty {
        let slots = text.and_then(percent::slots).unwrap_or_default();
        let shown = |at: usize, t: &Ty| {
            let shows = slots.get(at).is_some_and(|s| matches!(s.conversion, 's' | 'r' | 'a'));
            is_plain(t) || (shows && self.state.solver.resolve(t).is_some_and(|t| is_shown(&t)))
        };
        let ok = match r {
            Ty::Tuple(items, _) => items.iter().enumerate().all(|(i, t)| shown(i, t)),
            Ty::VarTuple(v) => is_plain(&self.state.solver.get(*v)),
            Ty::Union(members) if members.iter().any(|m| matches!(m, Ty::Tuple(..) | Ty::VarTuple(_))) => {
                false
            }
            // A dict may stand for the values by name.
            Ty::Dict(..) if slots.len() != 1 => false,
            other => shown(0, other),
        };
        if ok { Ty::Str } else { self.refuse("PYR0401", span, format!("`%` with `{}`", self.show(r))) }
    }

    /// `l op= r` where `l` is one of several types: each member in its own way, and what has none bails.
    fn in_place_of_members(
        &mut self,
        node: usize,
        span: Span,
        op: BinOp,
        (l, members): (&Ty, &[Ty]),
        r: &Ty,
    ) -> Ty {
        let (mutable, plain): (Vec<Ty>, Vec<Ty>) =
            members.iter().filter(|m| **m != Ty::Never).cloned().partition(|m| {
                matches!(
                    m,
                    Ty::List(_)
                        | Ty::Dict(..)
                        | Ty::Deque(_)
                        | Ty::Set(_, false)
                        | Ty::ByteArray
                        | Ty::Packed(_)
                ) || op == BinOp::Add && *m == Ty::Obj && matches!(r, Ty::List(_))
            });
        let report = std::mem::take(&mut self.report);
        let mut out = Ty::Never;
        for member in &mutable {
            let ty = self.in_place(node, span, op, member, r);
            out = self.state.solver.join(&out, &ty);
        }
        if !plain.is_empty() {
            let rest = if plain.len() == 1 { plain[0].clone() } else { Ty::Union(plain) };
            let ty = self.binary(node, span, op, &rest, r);
            out = self.state.solver.join(&out, &ty);
        }
        self.report = report;
        if out == Ty::Never {
            return self.refuse("PYR0401", span, format!("`{}=` on a `{}`", op.symbol(), self.show(l)));
        }
        out
    }

    /// `l op= r`: a list changes in place and stays the same object.
    pub(super) fn in_place(&mut self, node: usize, span: Span, op: BinOp, l: &Ty, r: &Ty) -> Ty {
        match (op, l) {
            (_, Ty::Union(members)) => self.in_place_of_members(node, span, op, (l, &members.clone()), r),
            (BinOp::Add, Ty::List(c)) => {
                if !self.extend_list(*c, r) {
                    self.apply("+=", node, 0, span, &[l.clone(), r.clone()]);
                }
                l.clone()
            }
            // What takes a list in is one, or it bails.
            (BinOp::Add, Ty::Obj) if matches!(r, Ty::List(_)) => {
                let elem = self.element_type(r);
                self.state.solver.boxed(&elem);
                self.writes = true;
                Ty::Obj
            }
            (BinOp::BitOr, Ty::Dict(_, kind @ (DictKind::Plain | DictKind::Default | DictKind::Ordered))) => {
                self.apply(&format!("{}.update", kind.class()), node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            (BinOp::Mult, Ty::List(c)) if matches!(r, Ty::Int | Ty::Big | Ty::Bool | Ty::Never) => {
                self.writes |= self.state.solver.in_place(*c);
                l.clone()
            }
            (_, Ty::Array(..)) => {
                self.apply(&format!("{}=", op.symbol()), node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            (BinOp::Add, Ty::ByteArray | Ty::Packed(_)) => {
                self.apply("+=", node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            (BinOp::Mult, Ty::ByteArray | Ty::Packed(_)) => {
                self.apply("*=", node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            // A view makes a new set.
            (BinOp::BitOr | BinOp::BitAnd | BinOp::Sub | BinOp::BitXor, Ty::Set(_, false))
                if !r.members().iter().any(|m| matches!(m, Ty::DictView(..))) =>
            {
                self.set_in_place(node, span, op.symbol(), l, r)
            }
            (BinOp::BitOr | BinOp::BitAnd | BinOp::Sub | BinOp::BitXor, Ty::Set(_, false))
                if matches!(r, Ty::DictView(..)) =>
            {
                self.binary(node, span, op, l, r)
            }
            // Those of counters keep what is positive.
            (BinOp::Add | BinOp::Sub | BinOp::BitOr | BinOp::BitAnd, Ty::Dict(_, DictKind::Counter)) => {
                self.apply(&format!("{}=", op.symbol()), node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            (BinOp::Add, Ty::Deque(c)) if super::iter::is_iterable(r) => {
                let elem = self.element_type(r);
                self.writes |= self.state.solver.in_place(*c);
                let var = self.state.solver.elem(*c);
                self.state.solver.flow(&elem, var);
                l.clone()
            }
            (BinOp::Mult, Ty::Deque(_)) => {
                self.apply("*=", node, 0, span, &[l.clone(), r.clone()]);
                l.clone()
            }
            (_, Ty::List(_) | Ty::Dict(..) | Ty::Deque(_) | Ty::Set(_, false)) => {
                self.refuse("PYR0401", span, format!("`{}=` on a `{}`", op.symbol(), self.show(l)))
            }
            _ => self.binary(node, span, op, l, r),
        }
    }
}

/// At most so many types are in one tuple, at any depth.
const MAX_PARTS: usize = 256;

/// Scalars, which can be boxed as they are.
pub(super) fn is_plain(ty: &Ty) -> bool {
    ty.members().iter().all(|t| {
        matches!(
            t,
            Ty::None
                | Ty::Int
                | Ty::Big
                | Ty::Float
                | Ty::Complex
                | Ty::Str
                | Ty::Char
                | Ty::Bytes
                | Ty::Bool
                | Ty::Never
        )
    })
}

/// Is the text of such a value known?
pub fn is_shown(ty: &Type) -> bool {
    !ty.any(&|t| {
        let function = matches!(t, Type::Function(_) | Type::Inner(_) | Type::Closure { .. });
        function
            || matches!(t, Type::Obj | Type::Iter(_) | Type::Never | Type::Instance(_))
            || matches!(t, Type::MemView | Type::DictView { .. } | Type::Array(..) | Type::Numpy(_))
    })
}

/// `chain` of `chain.from_iterable`.
pub fn first_part(attr: &str) -> String {
    attr.split('.').next().unwrap_or_default().to_string()
}

/// The text of a literal.
fn literal(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}

/// The positions that a constant slice of `n` items takes.
pub fn slice_positions(
    n: usize,
    lower: &Option<Box<Expr>>,
    upper: &Option<Box<Expr>>,
    step: &Option<Box<Expr>>,
) -> Option<Vec<usize>> {
    let constant = |e: &Option<Box<Expr>>| match e.as_deref().map(|e| &e.kind) {
        None | Some(ExprKind::None) => Some(None),
        Some(ExprKind::Int(i)) => Some(Some(*i)),
        Some(_) => None,
    };
    let n = n as i64;
    let step = constant(step)?.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let clamp = |i: i64| (if i < 0 { i.saturating_add(n) } else { i }).clamp(low, high);
    let start = constant(lower)?.map_or(if step > 0 { low } else { high }, clamp);
    let stop = constant(upper)?.map_or(if step > 0 { high } else { low }, clamp);
    let mut out = Vec::new();
    let mut i = start;
    while if step > 0 { i < stop } else { i > stop } {
        out.push(i as usize);
        i = i.saturating_add(step);
    }
    Some(out)
}

/// `x or y` never yields a `None` from the left.
pub(super) fn without_none(ty: &Ty) -> Ty {
    let mut rest: Vec<Ty> = ty.members().iter().filter(|m| **m != Ty::None).cloned().collect();
    match rest.len() {
        0 => Ty::Never,
        1 => rest.remove(0),
        _ => Ty::Union(rest),
    }
}

/// The items of a short set display, which is only looked into: they are compared one by one.
pub fn among_few(set: &Expr) -> Option<Vec<&Expr>> {
    let ExprKind::Set { parts, .. } = &set.kind else { return None };
    let item = |part: &'_ Part| matches!(part, Part::Item(_));
    if parts.len() > MAX_TUPLE || !parts.iter().all(item) {
        return None;
    }
    Some(parts.iter().filter_map(|p| if let Part::Item(e) = p { Some(e) } else { None }).collect())
}

/// `x & 255`: what comes out is no larger than the constant.
pub fn masks(op: BinOp, left: &Expr, right: &Expr) -> bool {
    let mask = |e: &Expr| matches!(e.kind, ExprKind::Int(0..));
    op == BinOp::BitAnd && mask(left) != mask(right)
}

/// Is a tuple of `len` items, `times` times, still one of known length?
pub fn repeated(len: usize, times: i64) -> bool {
    (1..=MAX_TUPLE as i64).contains(&times) && len * times as usize <= MAX_TUPLE
}

/// The types in a tuple and in its items.
pub(super) fn parts(ty: &Ty) -> usize {
    match ty {
        Ty::Tuple(items, _) | Ty::Union(items) => 1 + items.iter().map(parts).sum::<usize>(),
        _ => 1,
    }
}

/// Can Python not be given it?
pub(super) fn stays_native(ty: &Ty) -> bool {
    matches!(ty, Ty::Iter(_) | Ty::MemView | Ty::DictView(..))
}

/// A sequence, which is asked by position: a number is one, whatever it is besides.
fn takes_positions(ty: &Ty) -> bool {
    matches!(ty, Ty::List(_) | Ty::View(_) | Ty::Deque(_) | Ty::Tuple(..) | Ty::VarTuple(_))
        || matches!(ty, Ty::Str | Ty::Char | Ty::Bytes | Ty::ByteArray | Ty::Packed(_) | Ty::Range)
}
