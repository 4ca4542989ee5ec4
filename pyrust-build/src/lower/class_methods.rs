//! Class methods: compiled for the class that they stand in, whatever they call it.
//!
//! ```text
//! @classmethod                       class is(cls, Account)
//! def empty(cls, owner):       →
//!     return cls(owner, 0.0)         return Account(owner, 0.0)
//! ```
//!
//! The test bails for a class below that one.

use super::scope::binds;
use crate::ast::{Expr, ExprKind as A, FunctionDef, Stmt, StmtKind};
use crate::resolve::{Binding, ModuleEnv, rename_block};
use crate::walk;

/// Bails unless the value is the class that the global stands for, as a call of two arguments.
pub(crate) const CLASS_IS: &str = "class is";

/// The function with the name of its class in the place of its first parameter; `None` where it does not use it, or
/// where one of the names has another meaning inside.
pub(super) fn expanded(env: &ModuleEnv, qualname: &str, def: &FunctionDef) -> Option<FunctionDef> {
    let [Expr { kind: A::Name(decorator), .. }] = def.decorators.as_slice() else { return None };
    let (class, method) = qualname.split_once('.')?;
    let first = def.params.positional_only.iter().chain(&def.params.positional).next()?;
    let own = first.name.clone();
    let known = decorator == "classmethod"
        && !env.bindings.contains_key("classmethod")
        && !method.contains('.')
        && matches!(env.bindings.get(class), Some(Binding::Class));
    let means_more =
        [own.as_str(), class].iter().any(|name| binds(&def.body, name) || binds_inside(&def.body, name))
            || def.params.in_frame_order().any(|p| p.name == class);
    let mut used = false;
    walk::expressions(&def.body, &mut |e| used |= matches!(&e.kind, A::Name(name) if *name == own));
    if !known || means_more || !used || walk::has_yield(&def.body) {
        return None;
    }
    let mut def = def.clone();
    rename_block(&mut def.body, &[(own.clone(), class.to_string())].into());
    let span = first.span;
    let name = |name: &str| Expr { kind: A::Name(name.to_string()), span };
    let func = Box::new(name(CLASS_IS));
    let kind = A::Call { func, args: vec![name(&own), name(class)], keywords: vec![] };
    def.body.insert(0, Stmt { kind: StmtKind::Expr(Expr { kind, span }), span });
    Some(def)
}

/// May something inside the statements bind the name for itself? Functions and classes are not looked into.
pub(super) fn binds_inside(body: &[Stmt], name: &str) -> bool {
    let mut found = false;
    walk::each_statement(body, &mut |stmt| {
        found |= matches!(stmt.kind, StmtKind::FunctionDef(_) | StmtKind::ClassDef(_));
    });
    let is_it = |e: &Expr| {
        let mut found = false;
        walk::expression(e, &mut |e| found |= matches!(&e.kind, A::Name(n) if n == name));
        found
    };
    walk::expressions(body, &mut |e| match &e.kind {
        A::Lambda { .. } => found = true,
        A::ListComp { generators, .. }
        | A::SetComp { generators, .. }
        | A::DictComp { generators, .. }
        | A::Generator { generators, .. } => found |= generators.iter().any(|g| is_it(&g.target)),
        _ => {}
    });
    found
}
