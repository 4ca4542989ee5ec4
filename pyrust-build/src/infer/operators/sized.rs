//! `list(x)`, `tuple(x)`, `sorted(x)` and `[*x]` of an instance: behind its `__iter__` Python asks for its length, for as much
//! room. Nobody needs that here, but the method may raise, or do something.

use super::call;
use super::settle::{Settle, take};
use crate::ast::{self, ExprKind as A};
use crate::hir::{Comp, CompKind, Expr, ExprKind, Generator, Iter, IterKind, Part, TargetKind};
use crate::ty::{ObjectClass, Type};

/// What an `__iter__` does.
enum Asks {
    /// It is a generator function.
    Later,
    /// `return iter(self.x)`
    Builtin,
    /// `return self`
    Name,
}

impl Settle<'_, '_> {
    /// A list or tuple of what an object gives that has a length asks for it.
    pub(super) fn sized(&mut self, comp: &mut Comp) {
        if comp.extra.is_some() || !matches!(comp.kind, CompKind::List | CompKind::Tuple) {
            return;
        }
        // One that is spelled as a comprehension asks nothing.
        let unseen = |generator: &Generator| !self.is_spelled(generator);
        if !comp.generators.first().is_some_and(unseen) || comp.source().is_none() {
            return;
        }
        let [Generator { iter: Iter { kind: IterKind::Expr(source), .. }, .. }] =
            comp.generators.as_mut_slice()
        else {
            return;
        };
        let ty = self.ty(source);
        if self.has_length(&ty) {
            comp.extra = Some(self.length_of(source, &ty));
            self.changed = true;
        }
    }

    /// Does it stand in the text?
    pub(super) fn is_spelled(&self, generator: &Generator) -> bool {
        match generator.target.kind {
            TargetKind::Var(var) => !self.is_temporary(var),
            _ => true,
        }
    }

    /// The same of `*x` in a display, which becomes a list for that.
    pub(super) fn sized_parts(&mut self, parts: &mut [Part]) {
        for part in parts {
            let Part::Star(Iter { kind: IterKind::Expr(source), .. }) = part else { continue };
            if !self.has_length(&self.ty(source)) {
                continue;
            }
            let ty = self.ty(source);
            let (extra, source) = (Some(self.length_of(source, &ty)), take(source));
            let span = source.span;
            let comp = Comp { extra, ..self.gathered(CompKind::List, source) };
            let list = self.build(ExprKind::Comp(Box::new(comp)), span);
            *part = Part::Star(Iter { kind: IterKind::Expr(Box::new(list)), span, id: self.node() });
            self.changed = true;
        }
    }

    /// Is it asked for its elements, and does it say how many there are?
    fn has_length(&self, ty: &Type) -> bool {
        let says = |name| ty.members().iter().any(|m| self.program.all_have(m, name));
        self.program.can_be_asked(ty, "__iter__") && (says("__len__") || says("__length_hint__"))
    }

    /// What asks the object; a bailout where that would not come behind `__iter__`, as it must, or more would be asked.
    fn length_of(&mut self, source: &mut Expr, ty: &Type) -> Expr {
        let span = source.span;
        let quiet = |m: &Type| match m {
            Type::Instance(class) => self.iterates_quietly(class),
            _ => false,
        };
        if !self.program.all_have(ty, "__len__") || !ty.members().iter().all(quiet) {
            return self.build(ExprKind::Bail, span);
        }
        let object = match source.kind {
            ExprKind::Local(var) => self.read(var, span),
            _ => {
                let var = self.hidden();
                let value = Box::new(take(source));
                *source = self.read(var, span);
                self.build(ExprKind::Named { var, value }, span)
            }
        };
        let method = call("__len__", 0).method;
        self.build(ExprKind::Special { method, operands: vec![object], keywords: vec![] }, span)
    }

    /// Is what `__iter__` returns an iterator of Python's own? A rest that is bound to `*rest` asks it once more.
    pub(super) fn gives_plain_iterators(&self, ty: &Type) -> bool {
        ty.members().iter().all(|m| match m {
            Type::Instance(class) => matches!(self.asks(class), Some(Asks::Later | Asks::Builtin)),
            _ => true,
        })
    }

    /// Does nothing happen in `__iter__` before the first element?
    fn iterates_quietly(&self, class: &ObjectClass) -> bool {
        self.asks(class).is_some()
    }

    /// What `__iter__` does, where that is little.
    fn asks(&self, class: &ObjectClass) -> Option<Asks> {
        let method = self.program.special_method(class, "__iter__")?;
        let (_, env) = self.program.modules.module(&method.target.module)?;
        let def = env.function(&method.target.qualname)?;
        if crate::walk::has_yield(&def.body) {
            return Some(Asks::Later);
        }
        let [ast::Stmt { kind: ast::StmtKind::Return(Some(value)), .. }] = def.body.as_slice() else {
            return None;
        };
        match &value.kind {
            A::Name(_) => Some(Asks::Name),
            A::Call { func, args, keywords } => {
                let of_builtin = matches!(&func.kind, A::Name(name) if name == "iter")
                    && keywords.is_empty()
                    && matches!(args.as_slice(), [arg] if matches!(arg.kind, A::Name(_) | A::Attribute { .. }));
                of_builtin.then_some(Asks::Builtin)
            }
            _ => None,
        }
    }
}
