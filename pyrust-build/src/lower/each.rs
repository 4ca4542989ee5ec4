//! What goes through an object that has a `__next__`: a generator that asks it for each element.
//!
//! ```text
//! def each(it):
//!     while True:
//!         try:
//!             item = it.__next__()
//!         except StopIteration:
//!             return
//!         yield item
//! ```

use crate::ast::{Constant, Expr, ExprKind as A, FunctionDef, Handler, Param, Params, Stmt, StmtKind as S};
use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::resolve::ModuleEnv;
use crate::source::{SourceFile, Span};

/// The name of that function, which none of Python's has.
pub const EACH: &str = "each __next__";

/// The function for a module.
pub fn lower_each(file: &SourceFile, env: &ModuleEnv) -> Result<hir::Function, Vec<Diagnostic>> {
    let span = Span::new(0, 0);
    let expr = |kind: A| Expr { kind, span };
    let name = |name: &str| expr(A::Name(name.to_string()));
    let stmt = |kind: S| Stmt { kind, span };
    let func = expr(A::Attribute { value: Box::new(name("it")), name: "__next__".into() });
    let asked = expr(A::Call { func: Box::new(func), args: vec![], keywords: vec![] });
    let ask = stmt(S::Assign { targets: vec![name("item")], value: asked });
    let ended =
        Handler { class: Some(name("StopIteration")), name: None, body: vec![stmt(S::Return(None))], span };
    let body = vec![
        stmt(S::Try {
            body: vec![ask],
            handlers: vec![ended],
            orelse: vec![],
            finalbody: vec![],
            is_star: false,
        }),
        stmt(S::Expr(expr(A::Yield(Some(Box::new(name("item"))))))),
    ];
    let test = expr(A::Constant(Constant::True));
    let def = FunctionDef {
        name: EACH.into(),
        is_async: false,
        params: Params {
            positional: vec![Param { name: "it".into(), annotation: None, default: None, span }],
            ..Params::default()
        },
        body: vec![stmt(S::While { test, body, orelse: vec![] })],
        decorators: vec![],
        returns: None,
        type_params: vec![],
        span,
    };
    super::lower(file, env, EACH, &def, false)
}
