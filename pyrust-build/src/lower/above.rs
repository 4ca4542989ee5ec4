//! `super().name(…)` in a method: a method of its first parameter, under a name that says where the search begins.

use super::Lower;
use crate::ast::{self, Expr as AExpr, ExprKind as A};
use crate::hir::ExprKind;
use crate::resolve::Binding;

/// What such names begin with.
const ABOVE: &str = "super ";

/// Where the search for a method begins: `super Class method name`.
pub(crate) struct Above<'n> {
    /// The class that the function stands in.
    pub(crate) class: &'n str,
    /// The function; nothing where the class is given, and a global.
    pub(crate) inside: &'n str,
    pub(crate) name: &'n str,
}

impl Above<'_> {
    /// Of such a name.
    pub(crate) fn of(name: &str) -> Option<Above<'_>> {
        let mut parts = name.strip_prefix(ABOVE)?.split(' ');
        Some(Above { class: parts.next()?, inside: parts.next()?, name: parts.next()? })
    }
}

impl Lower<'_> {
    /// The call, where the function is a method of a class of the module and `super` the builtin. In a comprehension or a
    /// function inside it would speak of that one's first argument. `super(Class, self)` says both itself.
    pub(super) fn call_above(
        &mut self,
        base: &AExpr,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        let A::Call { func, args: of, keywords: none } = &base.kind else { return None };
        let is_super = matches!(&func.kind, A::Name(name) if name == "super")
            && self.lookup("super").is_none()
            && !self.globals.iter().any(|g| g == "super")
            && !self.env.bindings.contains_key("super");
        if !is_super || !none.is_empty() {
            return None;
        }
        if let [AExpr { kind: A::Name(class), .. }, instance @ AExpr { kind: A::Name(of), .. }] =
            of.as_slice()
        {
            let known = self.lookup(class).is_none()
                && self.lookup(of).is_some()
                && matches!(self.env.bindings.get(class), Some(Binding::Class));
            return known.then(|| self.method_above(instance, class, "", name, args, keywords));
        }
        if !of.is_empty() || self.scopes.len() != 1 {
            return None;
        }
        let (class, inside) = self.qualname.rsplit_once('.')?;
        let def = self.env.function(&self.qualname).filter(|_| self.env.all_classes.contains_key(class))?;
        let first = def.params.positional_only.iter().chain(&def.params.positional).next()?;
        if inside.contains('.') || !def.decorators.is_empty() || crate::walk::has_yield(&def.body) {
            return None;
        }
        let instance = AExpr { kind: A::Name(first.name.clone()), span: base.span };
        let (class, inside) = (class.to_string(), inside.to_string());
        Some(self.method_above(&instance, &class, &inside, name, args, keywords))
    }

    fn method_above(
        &mut self,
        instance: &AExpr,
        class: &str,
        inside: &str,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> ExprKind {
        let name = format!("{ABOVE}{class} {inside} {}", self.mangled(name));
        self.assumes.insert("super".to_string());
        let base = self.boxed(instance);
        let args = self.exprs(args);
        let keywords = self.keywords(keywords, false);
        ExprKind::Method { base, name, args, keywords }
    }
}
