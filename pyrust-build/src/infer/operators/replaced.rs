//! `dataclasses.replace(x, a=1)`: a call of the class of `x`, with what `x` has for the fields that are not given.
//!
//! ```text
//! replace(x, a=1)  →  (t := replace(x)).__class__(a=1, b=t.b)
//! ```
//!
//! What is left of the call gives `x`, and keeps the guard on what was called.

use super::settle::{Settle, take};
use crate::hir::{Expr, ExprKind, VarId};
use crate::infer::Program;
use crate::infer::solver::Ty;
use crate::infer::{Infer, MethodKind};
use crate::resolve::Binding;
use crate::ty::{ObjectClass, Type};

/// The keyword of the call that gives its argument, which no program can write.
const ITSELF: &str = "[itself]";

/// A function of `dataclasses`, what it is called with, and the keywords.
pub(super) type Asked<'e> = (String, &'e Expr, &'e [(String, Expr)]);

/// Is it the call that is left?
pub fn is_itself(keywords: &[(String, Expr)]) -> bool {
    matches!(keywords, [(name, _)] if name == ITSELF)
}

impl Program<'_> {
    /// The fields of a dataclass that its `__init__`, which `@dataclass` made, takes.
    pub(super) fn fields_taken(&self, class: &ObjectClass) -> Option<Vec<String>> {
        let method = self.method_of(class, "__init__").filter(|m| m.kind == MethodKind::Plain)?;
        // One of a class above knows nothing of the fields that come on the way down.
        let target = &method.target;
        if target.module != class.module || target.qualname != format!("{}.__init__", class.name) {
            return None;
        }
        let (_, env) = self.modules.module(&method.target.module)?;
        let made = env.made.get(&method.target.qualname)?;
        Some(made.def.params.in_frame_order().skip(1).map(|p| p.name.clone()).collect())
    }
}

impl Infer<'_, '_> {
    pub(in crate::infer) fn replaced(&mut self, e: &Expr, value: &Expr, keywords: &[(String, Expr)]) -> Ty {
        let ty = self.expr(value);
        if is_itself(keywords) || ty == Ty::Never {
            return ty;
        }
        keywords.iter().for_each(|(_, value)| _ = self.expr(value));
        let known = match &ty {
            Ty::Instance(class) => self
                .program
                .fields_taken(class)
                .is_some_and(|fields| keywords.iter().all(|(name, _)| fields.contains(name))),
            _ => false,
        };
        if known {
            return ty;
        }
        let message = format!("`dataclasses.replace` of `{}`", self.show(&ty));
        self.refuse("PYR0401", e.span, message)
    }
}

impl Settle<'_, '_> {
    /// The function of `dataclasses` that is called with one argument by position, that argument, and the keywords.
    pub(super) fn of_dataclasses<'e>(&self, e: &'e Expr) -> Option<Asked<'e>> {
        let (name, args, keywords) = match &e.kind {
            ExprKind::ModuleCall { module, name, args, keywords } => {
                let binding = self.program.binding(self.module, module)?;
                matches!(binding, (_, Binding::Module(m)) if m == "dataclasses").then_some(())?;
                (name.clone(), args, keywords)
            }
            ExprKind::Call { name, args, keywords } => match self.program.binding(self.module, name)? {
                (_, Binding::Imported { module, name }) if module == "dataclasses" => (name, args, keywords),
                _ => return None,
            },
            _ => return None,
        };
        let [value] = args.as_slice() else { return None };
        (!is_itself(keywords)).then_some((name, value, keywords))
    }

    /// Takes such a call out of the tree. What is left of it gives its argument and keeps the guards, as the value of a
    /// variable; the keywords that it had.
    pub(super) fn without_call(&mut self, e: &mut Expr) -> (VarId, Expr, Vec<(String, Expr)>) {
        let span = e.span;
        let mut inner = take(e);
        let (ExprKind::Call { keywords, .. } | ExprKind::ModuleCall { keywords, .. }) = &mut inner.kind
        else {
            unreachable!("just seen")
        };
        let given = std::mem::take(keywords);
        let none = self.build(ExprKind::None, span);
        keywords.push((ITSELF.to_string(), none));
        let inner = self.build(inner.kind, span);
        let var = self.hidden();
        let value = self.build(ExprKind::Named { var, value: Box::new(inner) }, span);
        (var, value, given)
    }

    pub(super) fn replacement(&mut self, e: &mut Expr) {
        let Some((name, value, keywords)) = self.of_dataclasses(e) else { return };
        if name != "replace" {
            return;
        }
        let Type::Instance(class) = self.ty(value) else { return };
        let Some(fields) = self.program.fields_taken(&class) else { return };
        if !keywords.iter().all(|(name, _)| fields.contains(name)) {
            return;
        }
        self.changed = true;
        let (id, span) = (e.id, e.span);
        let (var, base, mut all) = self.without_call(e);
        for field in fields {
            if all.iter().any(|(name, _)| *name == field) {
                continue;
            }
            let base = Box::new(self.read(var, span));
            let name = format!("attribute {field}");
            let read = self.build(ExprKind::Method { base, name, args: vec![], keywords: vec![] }, span);
            all.push((field, read));
        }
        let kind =
            ExprKind::Method { base: Box::new(base), name: "__class__".into(), args: vec![], keywords: all };
        *e = Expr { kind, span, id };
    }
}
