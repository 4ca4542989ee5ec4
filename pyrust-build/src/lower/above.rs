//! `super().name(…)` in a method: a method of its first parameter, under a name that says where the search begins.

use super::Lower;
use crate::ast::{self, Expr as AExpr, ExprKind as A};
use crate::hir::ExprKind;
use crate::ops::exceptions::is_simple;
use crate::resolve::Binding;

/// What such names begin with.
const ABOVE: &str = "super ";
/// The same of `ValueError.__init__(self, …)`, which says itself whose method it is.
const NAMED: &str = "of ";

/// Where the search for a method begins: `super Class method name`.
pub(crate) struct Above<'n> {
    /// The class that the function stands in.
    pub(crate) class: &'n str,
    /// The function; nothing where the class is given, and a global.
    pub(crate) inside: &'n str,
    pub(crate) name: &'n str,
    /// It is the method of the one class above, a builtin, whatever else stands between.
    pub(crate) named: bool,
}

impl Above<'_> {
    /// Of such a name.
    pub(crate) fn of(name: &str) -> Option<Above<'_>> {
        let (parts, named) = match name.strip_prefix(ABOVE) {
            Some(parts) => (parts, false),
            None => (name.strip_prefix(NAMED)?, true),
        };
        let mut parts = parts.split(' ');
        Some(Above { class: parts.next()?, inside: parts.next()?, name: parts.next()?, named })
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
        if let A::Name(class) = &base.kind {
            return self.init_named(class, name, args, keywords);
        }
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
            return known.then(|| {
                self.assumes.insert("super".to_string());
                self.method_above(instance, (ABOVE, class, ""), name, args, keywords)
            });
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
        self.assumes.insert("super".to_string());
        Some(self.method_above(&instance, (ABOVE, &class, &inside), name, args, keywords))
    }

    /// `ValueError.__init__(self, …)` in a method of a class with that base alone.
    fn init_named(
        &mut self,
        base: &str,
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> Option<ExprKind> {
        // Nearly every method call comes here.
        if name != "__init__" || !is_simple(base) {
            return None;
        }
        let (class, inside) = self.qualname.rsplit_once('.')?;
        let def = self.env.function(&self.qualname)?;
        let first = def.params.positional_only.iter().chain(&def.params.positional).next()?;
        let ([instance, args @ ..], [only]) = (args, self.env.all_classes.get(class)?.bases.as_slice())
        else {
            return None;
        };
        let is = |e: &AExpr, name: &str| matches!(&e.kind, A::Name(n) if n == name);
        let fits = inside == name
            && self.scopes.len() == 1
            && is(instance, &first.name)
            && is(only, base)
            && self.is_builtin(base);
        if !fits {
            return None;
        }
        let (class, inside) = (class.to_string(), inside.to_string());
        self.assumes.insert(base.to_string());
        Some(self.method_above(instance, (NAMED, &class, &inside), name, args, keywords))
    }

    fn method_above(
        &mut self,
        instance: &AExpr,
        (kind, class, inside): (&str, &str, &str),
        name: &str,
        args: &[AExpr],
        keywords: &[ast::Keyword],
    ) -> ExprKind {
        let name = format!("{kind}{class} {inside} {}", self.mangled(name));
        let base = self.boxed(instance);
        let args = self.exprs(args);
        let keywords = self.keywords(keywords, false);
        ExprKind::Method { base, name, args, keywords }
    }
}
