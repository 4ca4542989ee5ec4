//! Texts of instances: which method `str`, `repr`, `format`, f-strings and `%` call, and the call in its place.
//!
//! ```text
//! str(x), f"{x}", "%s" % x →  type(x).__str__(x), or type(x).__repr__(x)
//! f"{x:>8}"                →  type(x).__format__(x, ">8")
//! ```
//!
//! Where a value is an instance or something else, the call stands for the texts of all that it may be: it is a
//! [`SpecialMethod`] under one of the names of [`Text`], and each class answers for itself.

use super::settle::{Settle, take};
use crate::hir::{BinOp, Comp, CompKind, Expr, ExprKind, FPart, Generator, Iter, IterKind, SpecialMethod};
use crate::infer::expr::is_shown;
use crate::infer::members::Member;
use crate::infer::solver::Ty;
use crate::infer::{Infer, Method, MethodKind, Program};
use crate::ops::percent::{self, Slot};
use crate::ty::{MAX_TUPLE, ObjectClass, Type};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Str,
    Repr,
    /// With a specification.
    Format,
}

impl Text {
    /// The name of the special method that stands for it.
    fn name(self) -> &'static str {
        match self {
            Text::Str => "text of str",
            Text::Repr => "text of repr",
            Text::Format => "text of format",
        }
    }

    /// Of such a name.
    pub fn of(name: &str) -> Option<Text> {
        [Text::Str, Text::Repr, Text::Format].into_iter().find(|text| text.name() == name)
    }

    /// The methods that are looked for, one after the other.
    fn methods(self) -> &'static [&'static str] {
        match self {
            Text::Str => &["__str__", "__repr__"],
            Text::Repr => &["__repr__"],
            Text::Format => &["__format__", "__str__", "__repr__"],
        }
    }
}

/// The method that gives the text of an instance.
pub struct TextMethod {
    pub name: &'static str,
    pub method: Method,
    /// Methods that the class has from `object`, which asks the next one.
    pub absent: Vec<&'static str>,
}

impl Program<'_> {
    /// The method that gives the text of instances of the class; `None` where that is not known. `specified`: there is
    /// a specification, which `object.__format__` does not take.
    pub fn text_method(&self, class: &ObjectClass, text: Text, specified: bool) -> Option<TextMethod> {
        let mut absent = Vec::new();
        for name in text.methods() {
            match self.member_of(class, name) {
                Some(Member::Method(method)) if method.kind == MethodKind::Plain => {
                    let method = Method { kind: MethodKind::Special, ..method };
                    return Some(TextMethod { name, method, absent });
                }
                // Those of an enumeration are the library's.
                None if self.enumeration(class).is_none() && !(specified && *name == "__format__") => {
                    absent.push(*name);
                }
                _ => return None,
            }
        }
        None
    }

    /// Does `BaseException` tell the text of instances of the class? Then the function is the one of `str` or of `repr`.
    pub fn tells_exception(&self, class: &ObjectClass, text: Text, specified: bool) -> bool {
        let methods: &[&str] = match text {
            Text::Str => &["__str__"],
            Text::Repr => &["__repr__"],
            Text::Format => &["__format__", "__str__"],
        };
        class.base.exception && !specified && methods.iter().all(|name| self.member_of(class, name).is_none())
    }

    /// The elements of a list whose text is made of what their methods tell.
    fn told_by_elements<'t>(&self, ty: &'t Type, specified: bool) -> Option<&'t Type> {
        match ty {
            Type::List { elem, .. } if !specified && self.has_text(elem, Text::Repr, false) => Some(elem),
            _ => None,
        }
    }

    /// May it be an instance whose text is told by a method? Or one whose text is not known, beside what is shown.
    fn has_text(&self, ty: &Type, text: Text, specified: bool) -> bool {
        if self.told_by_elements(ty, specified).is_some() {
            return true;
        }
        let beside = !specified && ty.members().iter().any(is_shown);
        ty.members().iter().any(|m| match m {
            Type::Instance(class) => {
                beside
                    || self.text_method(class, text, specified).is_some()
                    || self.tells_exception(class, text, specified)
            }
            _ => false,
        })
    }
}

/// The conversion of an f-string's part: what is asked for, if that is known.
fn asked(conversion: Option<char>, spec: &[FPart]) -> Option<(Text, bool)> {
    match conversion {
        None => Some((Text::Format, !spec.is_empty())),
        Some('s') => Some((Text::Str, false)),
        Some('r') => Some((Text::Repr, false)),
        Some(_) => None,
    }
}

/// What a `%` asks a value for.
fn asked_by(slot: &Slot) -> Option<Text> {
    match slot.conversion {
        's' => Some(Text::Str),
        'r' => Some(Text::Repr),
        _ => None,
    }
}

/// Does filling the slot with such a value raise nothing? Values are shown one after the other, up to what raises.
fn fills(slot: &Slot, ty: &Type) -> bool {
    let numbers = |m: &Type| match slot.conversion {
        'd' | 'i' | 'u' => matches!(m, Type::Bool | Type::Int | Type::Big | Type::Float),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => matches!(m, Type::Bool | Type::Int | Type::Float),
        'x' | 'X' | 'o' => matches!(m, Type::Bool | Type::Int | Type::Big),
        _ => false,
    };
    slot.shows() || ty.members().iter().all(numbers)
}

impl Infer<'_, '_> {
    /// Asks for the methods that give the text of a value, if it may be an instance that has them. Once all types are
    /// known their calls stand in the tree.
    pub(in crate::infer) fn asks_text(&mut self, e: &Expr, text: Text, value: &Ty, specified: bool) -> bool {
        if self.report || !value.members().iter().any(|m| matches!(m, Ty::Instance(_) | Ty::List(_))) {
            return false;
        }
        let Some(ty) = self.state.solver.resolve(value) else { return false };
        if self.program.told_by_elements(&ty, specified).is_some() {
            let elem = self.element_type(value);
            return self.asks_text(e, Text::Repr, &elem, false);
        }
        if !self.program.has_text(&ty, text, specified) {
            return false;
        }
        let operands: &[Ty] = &[value.clone(), Ty::Str];
        self.text_call(e, text, &operands[..if specified { 2 } else { 1 }]);
        true
    }

    /// The same of a part of an f-string.
    pub(in crate::infer) fn asks_part(
        &mut self,
        e: &Expr,
        value: &Ty,
        conversion: Option<char>,
        spec: &[FPart],
    ) -> bool {
        asked(conversion, spec).is_some_and(|(text, specified)| self.asks_text(e, text, value, specified))
    }

    /// The same of the values of a `%`: each by itself.
    pub(in crate::infer) fn asks_values(
        &mut self,
        e: &Expr,
        text: Option<&str>,
        right: &Expr,
        ty: &Ty,
    ) -> bool {
        let Some(slots) = text.and_then(percent::slots) else { return false };
        let values = match (&right.kind, ty) {
            (ExprKind::Tuple(_), Ty::Tuple(items, _)) => items.clone(),
            (_, Ty::Tuple(..)) => return false,
            (_, other) => vec![other.clone()],
        };
        let mut found = false;
        for (slot, value) in slots.iter().zip(&values) {
            found |= asked_by(slot).is_some_and(|text| self.asks_text(e, text, value, false));
        }
        found
    }

    /// The call of the methods that give the text of a value.
    pub(super) fn text_call(&mut self, e: &Expr, text: Text, operands: &[Ty]) -> Ty {
        let [value, spec @ ..] = operands else { return Ty::Never };
        let mut found = *value == Ty::Never;
        for member in value.members() {
            let Ty::Instance(class) = member else {
                found |= self.state.solver.resolve(member).is_some_and(|ty| is_shown(&ty));
                continue;
            };
            if self.program.tells_exception(class, text, !spec.is_empty()) {
                found = true;
                continue;
            }
            let Some(TextMethod { name, method, .. }) =
                self.program.text_method(class, text, !spec.is_empty())
            else {
                continue;
            };
            let given = if name == "__format__" { vec![Ty::Str] } else { Vec::new() };
            let ty = self.method_call(e, (class, name, &method), member, given, &[]);
            if !matches!(ty, Ty::Str | Ty::Char | Ty::Never) {
                let message = format!("`{name}` that gives `{}`", self.show(&ty));
                return self.refuse("PYR0401", e.span, message);
            }
            found = true;
        }
        match found {
            true => Ty::Str,
            false => {
                let message = format!("the text of `{}` is not known", self.show(value));
                self.refuse("PYR0401", e.span, message)
            }
        }
    }
}

impl Settle<'_, '_> {
    /// The call that stands for the text of a value.
    fn text(&mut self, value: Expr, text: Text, spec: Option<Expr>) -> Expr {
        self.changed = true;
        let ty = self.ty(&value);
        self.text_as(value, &ty, text, spec)
    }

    /// The same of a value that has this type.
    fn text_as(&mut self, value: Expr, ty: &Type, text: Text, spec: Option<Expr>) -> Expr {
        let span = value.span;
        if let Some(elem) = self.program.told_by_elements(ty, spec.is_some()) {
            return self.text_of_list(value, elem);
        }
        let method = SpecialMethod::new(text.name(), 0);
        let operands = std::iter::once(value).chain(spec).collect();
        self.build(ExprKind::Special { method, operands, keywords: Vec::new() }, span)
    }

    /// `f"[{', '.join(repr(x) for x in value)}]"`. A list that its own elements show is one without end: the call bails.
    fn text_of_list(&mut self, value: Expr, elem: &Type) -> Expr {
        let span = value.span;
        let iter = Iter { kind: IterKind::Expr(Box::new(value)), span, id: self.node() };
        let target = self.held(span);
        let x = self.read_back(&target);
        let element = self.text_as(x, elem, Text::Repr, None);
        let mut comp = Comp::new(CompKind::Join, vec![Generator { target, iter, ifs: vec![] }], element);
        comp.extra = Some(self.build(ExprKind::Str(", ".to_string()), span));
        let value = self.build(ExprKind::Comp(Box::new(comp)), span);
        let shown = FPart::Value { value, conversion: None, spec: Vec::new() };
        let parts = vec![FPart::Literal("[".to_string()), shown, FPart::Literal("]".to_string())];
        self.build(ExprKind::FString(parts), span)
    }

    /// Puts the calls in the place of the texts that an expression asks for.
    pub(super) fn texts(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Call { name, args, keywords } if keywords.is_empty() => {
                let text = match name.as_str() {
                    "str" => Text::Str,
                    "repr" => Text::Repr,
                    _ => return,
                };
                let [value] = args.as_mut_slice() else { return };
                if self.program.has_text(&self.ty(value), text, false) {
                    self.asked.push(name.clone());
                    let value = take(value);
                    let made = self.text(value, text, None);
                    e.kind = made.kind;
                }
            }
            ExprKind::FString(parts) => parts.iter_mut().for_each(|part| self.part(part)),
            ExprKind::Binary { op: BinOp::Mod, left, right } => {
                if let ExprKind::Str(text) = &mut left.kind
                    && let Some(slots) = percent::slots(text)
                    && slots.iter().all(|slot| slot.name.is_none())
                {
                    let first = self.values(&slots, text, right);
                    self.behind(first, e);
                }
            }
            _ => {}
        }
    }

    fn part(&mut self, part: &mut FPart) {
        let FPart::Value { value, conversion, spec } = part else { return };
        spec.iter_mut().for_each(|part| self.part(part));
        let Some((text, specified)) = asked(*conversion, spec) else { return };
        if !self.program.has_text(&self.ty(value), text, specified) {
            return;
        }
        let of = take(value);
        let given = specified.then(|| {
            let kind = match std::mem::take(spec).as_slice() {
                [FPart::Literal(text)] => ExprKind::Str(text.clone()),
                parts => ExprKind::FString(parts.to_vec()),
            };
            self.build(kind, of.span)
        });
        *value = self.text(of, text, given);
        *conversion = None;
    }

    /// The values of a `%`: gives what has to be evaluated before any of them is shown. What has been shown is a text.
    fn values(&mut self, slots: &[Slot], format: &mut String, right: &mut Expr) -> Vec<Expr> {
        let texts: Vec<Option<Text>> = slots.iter().map(asked_by).collect();
        let wants = |pass: &Self, at: usize, value: &Expr| {
            texts[at].filter(|text| pass.program.has_text(&pass.ty(value), *text, false))
        };
        let span = right.span;
        if slots.len() == 1
            && !matches!(self.ty(right), Type::Tuple { .. })
            && let Some(text) = wants(self, 0, right)
        {
            let value = take(right);
            *right = self.text(value, text, None);
            format.replace_range(slots[0].at..=slots[0].at, "s");
            return Vec::new();
        }
        let ExprKind::Tuple(items) = &mut right.kind else { return Vec::new() };
        let fits = items.len() == slots.len()
            && items.len() < MAX_TUPLE
            && items.iter().zip(slots).all(|(item, slot)| fills(slot, &self.ty(item)))
            && items.iter().enumerate().any(|(at, item)| wants(self, at, item).is_some());
        if !fits {
            return Vec::new();
        }
        // Nothing that happens between them can be seen.
        let read =
            |item: &Expr| matches!(item.kind, ExprKind::Local(_) | ExprKind::Str(_) | ExprKind::Int(_));
        let are_read = items.iter().all(read);
        let mut first = Vec::new();
        for (at, item) in items.iter_mut().enumerate() {
            let text = wants(self, at, item);
            let mut value = take(item);
            if !are_read && !matches!(value.kind, ExprKind::Str(_) | ExprKind::Int(_)) {
                let var = self.hidden();
                let named = ExprKind::Named { var, value: Box::new(value) };
                first.push(self.build(named, span));
                value = self.read(var, span);
            }
            *item = match text {
                Some(text) => {
                    format.replace_range(slots[at].at..=slots[at].at, "s");
                    self.text(value, text, None)
                }
                None => value,
            };
        }
        first
    }

    /// `(first, …, e)[-1]`
    fn behind(&mut self, mut first: Vec<Expr>, e: &mut Expr) {
        if first.is_empty() {
            return;
        }
        let (id, span) = (e.id, e.span);
        let last = take(e);
        let inner = self.build(last.kind, span);
        let at = first.len() as i64;
        first.push(inner);
        let base = Box::new(self.build(ExprKind::Tuple(first), span));
        let index = Box::new(self.build(ExprKind::Int(at), span));
        *e = Expr { kind: ExprKind::Index { base, index }, span, id };
    }
}
