//! Class methods: compiled for the class that they stand in, whatever they call it.
//!
//! ```text
//! @classmethod                       class is(cls, Account)
//! def empty(cls, owner):       →
//!     return cls(owner, 0.0)         return Account(owner, 0.0)
//! ```
//!
//! The test bails for a class below that one. A class that inherits it has a form of its own: native code that names the
//! class calls that, and so does what Python calls with that class.

use super::scope::binds;
use crate::ast::{CmpOp, Constant, Expr, ExprKind as A, FunctionDef, Keyword, Param, Stmt, StmtKind};
use crate::diagnostic::Diagnostic;
use crate::hir::Function;
use crate::resolve::{Binding, ModuleEnv, rename_block};
use crate::source::{SourceFile, Span};
use crate::walk;

/// Bails unless the value is the class that the global stands for, as a call of two arguments.
pub(crate) const CLASS_IS: &str = "class is";
/// Is it that class? An answer.
pub(crate) const CLASS_MAY_BE: &str = "class may be";

/// So many classes that inherit a class method have a form of their own.
const MOST_FORMS: usize = 4;

/// The function with the name of its class in the place of its first parameter; `None` where it does not use it, or
/// where one of the names has another meaning inside.
pub(super) fn expanded(env: &ModuleEnv, qualname: &str, def: &FunctionDef) -> Option<FunctionDef> {
    let (class, method) = qualname.split_once('.')?;
    let mut new = for_class(env, class, method, def)?;
    let below = env.classes_below(class, method);
    let forms = below.iter().take(MOST_FORMS).filter(|below| fits(env, below, method, def));
    let forms: Vec<Stmt> = forms.filter_map(|below| form(below, method, def)).collect();
    if !forms.is_empty() {
        // Native code that calls hands over no class.
        let first = first(def)?;
        let build = Build(first.span);
        let test = A::Compare {
            left: Box::new(build.name(&first.name)),
            ops: vec![CmpOp::IsNot],
            comparators: vec![build.expr(A::Constant(Constant::None))],
        };
        new.body.insert(0, build.when(test, forms));
    }
    Some(new)
}

/// Lowers it as what a class that inherits it has; `None` where that is no other function.
pub(crate) fn lower_for_class(
    file: &SourceFile,
    env: &ModuleEnv,
    qualname: &str,
    def: &FunctionDef,
    class: &str,
) -> Option<Result<Function, Vec<Diagnostic>>> {
    let (_, method) = qualname.split_once('.')?;
    let mut new = match uses_class(def) {
        true => for_class(env, class, method, def)?,
        false => def.clone(),
    };
    new.decorators.clear();
    let lowered = super::lower(file, env, qualname, &new, false);
    // Functions inside would be those inside of the other one.
    let has_own = lowered.as_ref().is_ok_and(|function| !function.nested.is_empty());
    (!has_own).then_some(lowered)
}

/// Can it be put in the place of its first parameter that it is called for that class?
fn fits(env: &ModuleEnv, class: &str, method: &str, def: &FunctionDef) -> bool {
    let [Expr { kind: A::Name(decorator), .. }] = def.decorators.as_slice() else { return false };
    let Some(Param { name: own, .. }) = first(def) else { return false };
    let known = decorator == "classmethod"
        && !env.bindings.contains_key("classmethod")
        && !method.contains('.')
        && matches!(env.bindings.get(class), Some(Binding::Class));
    let means_more =
        [own.as_str(), class].iter().any(|name| binds(&def.body, name) || binds_inside(&def.body, name))
            || def.params.in_frame_order().any(|p| p.name == class);
    known && !means_more && uses_class(def) && !walk::has_yield(&def.body)
}

/// What it is for that class, which has it or inherits it.
fn for_class(env: &ModuleEnv, class: &str, method: &str, def: &FunctionDef) -> Option<FunctionDef> {
    if !fits(env, class, method, def) {
        return None;
    }
    let first = first(def)?;
    let own = first.name.clone();
    let mut def = def.clone();
    rename_block(&mut def.body, &[(own.clone(), class.to_string())].into());
    let build = Build(first.span);
    let test = build.call(CLASS_IS, vec![build.name(&own), build.name(class)]);
    def.body.insert(0, Stmt { kind: StmtKind::Expr(test), span: first.span });
    Some(def)
}

/// Does it look at the class that it is called for?
fn uses_class(def: &FunctionDef) -> bool {
    let mut used = false;
    let own = first(def).map(|first| first.name.as_str());
    walk::expressions(&def.body, &mut |e| {
        used |= matches!(&e.kind, A::Name(name) if Some(name.as_str()) == own)
    });
    used
}

fn first(def: &FunctionDef) -> Option<&Param> {
    def.params.positional_only.iter().chain(&def.params.positional).next()
}

/// `if class may be(cls, Below): return Below.method(…)`; `None` where it cannot be called so.
fn form(class: &str, method: &str, def: &FunctionDef) -> Option<Stmt> {
    let params = &def.params;
    if params.var_positional.is_some() || params.var_keyword.is_some() || method.starts_with("__") {
        return None;
    }
    let first = first(def)?;
    let build = Build(first.span);
    let func = A::Attribute { value: Box::new(build.name(class)), name: method.to_string() };
    let positional = params.positional_only.iter().chain(&params.positional).skip(1);
    let args = positional.map(|p| build.name(&p.name)).collect();
    let named = |p: &Param| Keyword { name: Some(p.name.clone()), value: build.name(&p.name) };
    let keywords = params.keyword_only.iter().map(named).collect();
    let call = build.expr(A::Call { func: Box::new(build.expr(func)), args, keywords });
    let test = build.call(CLASS_MAY_BE, vec![build.name(&first.name), build.name(class)]);
    Some(build.when(test.kind, vec![Stmt { kind: StmtKind::Return(Some(call)), span: first.span }]))
}

/// Makes what stands in no text, at the place of what it is made for.
struct Build(Span);

impl Build {
    fn expr(&self, kind: A) -> Expr {
        Expr { kind, span: self.0 }
    }

    fn name(&self, name: &str) -> Expr {
        self.expr(A::Name(name.to_string()))
    }

    fn call(&self, name: &str, args: Vec<Expr>) -> Expr {
        self.expr(A::Call { func: Box::new(self.name(name)), args, keywords: Vec::new() })
    }

    fn when(&self, test: A, body: Vec<Stmt>) -> Stmt {
        let kind = StmtKind::If { test: self.expr(test), body, orelse: Vec::new() };
        Stmt { kind, span: self.0 }
    }
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
