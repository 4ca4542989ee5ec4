//! `dataclasses.asdict(x)` and `astuple(x)`: displays of what `x` has for its fields.
//!
//! ```text
//! asdict(x)  →  {"a": (t := asdict(x)).a, "b": {"c": t.b.c}, "d": [{"c": y.c} for y in t.d]}
//! ```
//!
//! What is left of the call gives `x`, and keeps the guard on what was called. Fields hold what a copy shares, instances of
//! other dataclasses, and lists of those.

use super::settle::Settle;
use crate::hir::{Comp, CompKind, Expr, ExprKind, Generator, Iter, IterKind, VarId};
use crate::infer::solver::Ty;
use crate::infer::{Infer, Program};
use crate::source::Span;
use crate::ty::{MAX_TUPLE, ObjectClass, Type};

/// So deep fields of fields are looked into.
const MAX_DEPTH: usize = 3;

/// What a copy shares with what it is a copy of.
fn is_atom(ty: &Type) -> bool {
    ty.members().iter().all(|m| {
        matches!(
            m,
            Type::None
                | Type::Bool
                | Type::Int
                | Type::Big
                | Type::Float
                | Type::Str
                | Type::Char
                | Type::Bytes
        )
    })
}

impl Infer<'_, '_> {
    /// Asks for the fields; what comes of them is told once all types are known.
    pub(in crate::infer) fn flattened(&mut self, e: &Expr, value: &Expr, name: &str) -> Ty {
        let ty = self.expr(value);
        if ty == Ty::Never {
            return ty;
        }
        if let (false, Ty::Instance(class)) = (self.report, &ty) {
            self.fields_asked(e, class, MAX_DEPTH);
            return Ty::Never;
        }
        let message = format!("`dataclasses.{name}` of `{}`", self.show(&ty));
        self.refuse("PYR0401", e.span, message)
    }

    fn fields_asked(&mut self, e: &Expr, class: &std::sync::Arc<ObjectClass>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for field in self.program.fields_taken(class).unwrap_or_default() {
            let ty = self.instance_attribute(e, class, &field);
            let inner = match &ty {
                Ty::List(_) => self.element_type(&ty),
                other => other.clone(),
            };
            if let Ty::Instance(inner) = &inner {
                self.fields_asked(e, inner, depth);
            }
        }
    }
}

impl Program<'_> {
    /// Can a copy be made of such a value?
    fn can_flatten(&self, ty: &Type, depth: usize) -> bool {
        match ty {
            Type::Instance(class) => self.flat_fields(class, depth).is_some(),
            Type::List { elem, .. } => self.can_flatten(elem, depth),
            other => is_atom(other),
        }
    }

    /// The fields of a dataclass and their types, if copies can be made of all.
    fn flat_fields(&self, class: &ObjectClass, depth: usize) -> Option<Vec<(String, Type)>> {
        let depth = depth.checked_sub(1)?;
        let fields = self.fields_taken(class).filter(|f| (1..=MAX_TUPLE).contains(&f.len()))?;
        let mut out = Vec::new();
        for field in fields {
            let (_, ty) = self.known_attributes(class).find(|(name, _)| **name == field)?;
            let ty = ty.clone();
            if ty.has_never() || !self.can_flatten(&ty, depth) {
                return None;
            }
            out.push((field, ty));
        }
        Some(out)
    }
}

impl Settle<'_, '_> {
    /// Puts the display in the place of such a call; whether there was one.
    pub(super) fn flattening(&mut self, e: &mut Expr) -> bool {
        let Some((name, value, [])) = self.of_dataclasses(e) else { return false };
        let named = match name.as_str() {
            "asdict" => true,
            "astuple" => false,
            _ => return false,
        };
        let Type::Instance(class) = self.ty(value) else { return false };
        let Some(fields) = self.program.flat_fields(&class, MAX_DEPTH) else { return false };
        self.changed = true;
        let (id, span) = (e.id, e.span);
        let (var, first, _) = self.without_call(e);
        let display = self.display(var, fields, named, MAX_DEPTH, span);
        let last = self.last_of(vec![first, display], span);
        *e = Expr { kind: last.kind, span, id };
        true
    }

    /// The display of what the instance in a variable has for its fields.
    fn display(
        &mut self,
        var: VarId,
        fields: Vec<(String, Type)>,
        named: bool,
        depth: usize,
        span: Span,
    ) -> Expr {
        let mut items = Vec::new();
        for (field, ty) in fields {
            let base = Box::new(self.read(var, span));
            let name = format!("attribute {field}");
            let read = self.build(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span);
            items.push((field, self.flat(read, &ty, named, depth - 1)));
        }
        let kind = match named {
            true => {
                let key = |pass: &mut Self, field| Some(pass.build(ExprKind::Str(field), span));
                ExprKind::Dict(items.into_iter().map(|(f, value)| (key(self, f), value)).collect())
            }
            false => ExprKind::Tuple(items.into_iter().map(|(_, value)| value).collect()),
        };
        self.build(kind, span)
    }

    /// A copy of a value of such a type.
    fn flat(&mut self, value: Expr, ty: &Type, named: bool, depth: usize) -> Expr {
        let span = value.span;
        match ty {
            Type::Instance(class) => {
                let Some(fields) = self.program.flat_fields(class, depth) else { return value };
                let var = self.hidden();
                let first = self.build(ExprKind::Named { var, value: Box::new(value) }, span);
                let display = self.display(var, fields, named, depth, span);
                self.last_of(vec![first, display], span)
            }
            Type::List { elem, .. } => {
                let iter = Iter { kind: IterKind::Expr(Box::new(value)), span, id: self.node() };
                let target = self.held(span);
                let item = self.read_back(&target);
                let element = self.flat(item, elem, named, depth);
                let comp = Comp::new(CompKind::List, vec![Generator { target, iter, ifs: vec![] }], element);
                self.build(ExprKind::Comp(Box::new(comp)), span)
            }
            _ => value,
        }
    }
}
