//! `with`: `contextlib.suppress` and `nullcontext` become what they do, and the project's own generators under
//! `@contextmanager` run as the generators that they are.
//!
//! ```text
//! with manager(…) as x:        generator = manager(…)
//!     body                     value = next(generator)          # ends at once: left to Python
//!                              raised = False
//!                              try:
//!                                  x = value
//!                                  body
//!                              except:
//!                                  raised = True
//!                                  leave generator, throwing    # raises, or swallows
//!                              finally:
//!                                  if not raised: leave generator
//! ```
//!
//! Instances of the project's own classes are entered and left by their methods, and so are locks that attributes keep. What
//! else a `with` enters (a file) does something that cannot be taken back, and stays Python's.

use super::Lower;
use super::exits::RAISED;
use crate::ast::{self, Expr as AExpr, ExprKind as A, Stmt as AStmt, WithItem};
use crate::hir::{self, Catch, Expr, ExprKind, Handler, Stmt, StmtKind};
use crate::resolve::Binding;
use crate::source::Span;

/// What the name of a global begins with where the function behind its `@contextmanager` is meant.
pub(crate) const MANAGER: &str = "manager ";

/// What `with` calls.
pub(crate) const ENTER: &str = "__enter__";
pub(crate) const EXIT: &str = "__exit__";

/// What is said where a `with` cannot be compiled.
pub(crate) const REFUSED: &str = "`with` on this object is not supported";
const HELP: &str = "`contextlib.suppress`, `contextlib.nullcontext` and the project's own functions and methods under \
                               `@contextmanager` are compiled; keep locks, files and others in the caller";

impl Lower<'_> {
    /// `with items: body`, the first item outermost.
    pub(super) fn with_stmt(&mut self, items: &[WithItem], body: &[AStmt], span: Span) -> Vec<Stmt> {
        let Some((item, rest)) = items.split_first() else { return self.block(body) };
        let library = match &item.context.kind {
            A::Call { func, .. } => self.library_of(func).filter(|l| l.module == "contextlib"),
            _ => None,
        };
        let A::Call { func, args, keywords } = &item.context.kind else {
            return self.entered((item, rest), body, span);
        };
        match library {
            Some(library) => {
                let found = self.diagnostics.len();
                let out = match library.attr.as_str() {
                    "suppress" if keywords.is_empty() => self.suppress(args, (item, rest), body, span),
                    "nullcontext" => self.nullcontext(args, keywords, (item, rest), body, span),
                    _ => None,
                };
                match out {
                    Some(out) => {
                        self.libraries.insert(library);
                        out
                    }
                    None => {
                        if self.diagnostics.len() == found {
                            self.refuse("PYR0317", item.context.span, REFUSED, HELP);
                        }
                        vec![]
                    }
                }
            }
            None => self.manager(func, args, keywords, (item, rest), body, span),
        }
    }

    /// The classes are looked at when it is made, and an exception is compared with them as `except` does it.
    fn suppress(
        &mut self,
        args: &[AExpr],
        (item, rest): (&WithItem, &[WithItem]),
        body: &[AStmt],
        span: Span,
    ) -> Option<Vec<Stmt>> {
        let mut classes = Vec::new();
        args.iter().for_each(|class| self.exception_classes(class, &mut classes));
        let settled = |class: &Catch| match class {
            Catch::Builtin(_) => true,
            // What it stands for must not change before an exception comes.
            Catch::Global(name) => !self.env.assigned.contains(name),
            Catch::Attr { module, name: _ } => !self.env.assigned.contains(module),
            Catch::Value | Catch::Unknown => false,
        };
        if !classes.iter().all(settled) {
            return None;
        }
        let exits = |class: &Catch| match class {
            Catch::Builtin(name) => matches!(name.as_str(), "BaseException" | "GeneratorExit"),
            _ => true,
        };
        let closing = usize::from(classes.iter().any(exits));
        let looked = classes.iter().filter(|c| !matches!(c, Catch::Builtin(_))).cloned().collect();
        let mut out = vec![Stmt { kind: StmtKind::Enter(looked), span }];
        self.in_try += 1;
        self.closing += closing;
        let mut inside = Vec::new();
        if let Some(target) = &item.target {
            let value = self.make(ExprKind::None, target.span);
            inside.push(self.bind(target, value));
        }
        inside.extend(self.with_stmt(rest, body, span));
        self.closing -= closing;
        self.in_try -= 1;
        if classes.is_empty() {
            out.extend(inside);
            return Some(out);
        }
        let nothing = vec![Stmt { kind: StmtKind::Pass, span }];
        let handlers = vec![Handler { classes, body: nothing, span: item.context.span }];
        let kind = StmtKind::Try { body: inside, handlers, orelse: vec![], finalbody: vec![] };
        out.push(Stmt { kind, span });
        Some(out)
    }

    fn nullcontext(
        &mut self,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        (item, rest): (&WithItem, &[WithItem]),
        body: &[AStmt],
        span: Span,
    ) -> Option<Vec<Stmt>> {
        let given = match (args, keywords) {
            ([], []) => None,
            ([only], []) if !matches!(only.kind, A::Starred(_)) => Some(only),
            ([], [k]) if k.name.as_deref() == Some("enter_result") => Some(&k.value),
            _ => return None,
        };
        let value = match given {
            Some(e) => self.expr(e),
            None => self.make(ExprKind::None, item.context.span),
        };
        let mut out = Vec::new();
        match &item.target {
            Some(target) => {
                // It is evaluated before the context is made.
                let var = self.temp();
                out.push(self.set(var, value, item.context.span));
                out.push(Stmt { kind: StmtKind::Enter(vec![]), span });
                let value = self.local(var, item.context.span);
                out.push(self.bind(target, value));
            }
            None => {
                out.push(Stmt { kind: StmtKind::Expr(value), span });
                out.push(Stmt { kind: StmtKind::Enter(vec![]), span });
            }
        }
        out.extend(self.with_stmt(rest, body, span));
        Some(out)
    }

    /// A call of a function or a method that may stand under `@contextmanager`: inference knows.
    fn manager(
        &mut self,
        func: &AExpr,
        args: &[AExpr],
        keywords: &[ast::Keyword],
        (item, rest): (&WithItem, &[WithItem]),
        body: &[AStmt],
        span: Span,
    ) -> Vec<Stmt> {
        let at = item.context.span;
        let starred =
            args.iter().any(|a| matches!(a.kind, A::Starred(_))) || keywords.iter().any(|k| k.name.is_none());
        let (module, name) = match &func.kind {
            A::Name(name)
                if self.lookup(name).is_none()
                    && matches!(
                        self.env.bindings.get(name),
                        Some(Binding::Unknown | Binding::Imported { .. })
                    ) =>
            {
                (None, name)
            }
            A::Attribute { value, name } => (self.module_of(value), name),
            _ => (None, &String::new()),
        };
        let is_class = match &func.kind {
            A::Name(name) => {
                self.lookup(name).is_none() && matches!(self.env.bindings.get(name), Some(Binding::Class))
            }
            _ => false,
        };
        let unknown = name.is_empty() || (module.is_none() && matches!(func.kind, A::Attribute { .. }));
        if let A::Attribute { name, .. } = &func.kind
            && unknown
            && let name = self.mangled(name)
            && self.env.managers.contains(&name)
        {
            let mut call = self.expr(&item.context);
            return match &mut call.kind {
                ExprKind::Method { name: called, .. } if *called == name => {
                    called.insert_str(0, MANAGER);
                    self.enter_generator(call, (item, rest), body, span)
                }
                _ => {
                    self.refuse("PYR0317", at, REFUSED, HELP);
                    vec![]
                }
            };
        }
        if is_class || (unknown && !starred && matches!(func.kind, A::Attribute { .. })) {
            return self.entered((item, rest), body, span);
        }
        if starred || unknown {
            self.refuse("PYR0317", at, REFUSED, HELP);
            return vec![];
        }
        let name = format!("{MANAGER}{name}");
        let (args, keywords) = (self.exprs(args), self.keywords(keywords, false));
        let kind = match module {
            Some(module) => ExprKind::ModuleCall { module, name, args, keywords },
            None => ExprKind::Call { name, args, keywords },
        };
        let call = self.make(kind, at);
        self.enter_generator(call, (item, rest), body, span)
    }

    /// The generator that `call` makes is entered and left.
    fn enter_generator(
        &mut self,
        call: Expr,
        (item, rest): (&WithItem, &[WithItem]),
        body: &[AStmt],
        span: Span,
    ) -> Vec<Stmt> {
        let at = item.context.span;
        let (generator, value, raised) = (self.temp(), self.temp(), self.temp());
        let mut out = vec![Stmt { kind: StmtKind::Enter(vec![]), span }, self.set(generator, call, at)];
        // A generator that yields nothing is an error that names it.
        let iter = Box::new(self.local(generator, at));
        let next = self.make(ExprKind::Next { iter, default: None }, at);
        let first = self.set(value, next, at);
        let ended = Handler {
            classes: vec![Catch::Builtin("StopIteration".into())],
            body: vec![Stmt { kind: StmtKind::Bail, span: at }],
            span: at,
        };
        let kind =
            StmtKind::Try { body: vec![first], handlers: vec![ended], orelse: vec![], finalbody: vec![] };
        out.push(Stmt { kind, span: at });
        let no = self.make(ExprKind::Bool(false), at);
        out.push(self.set(raised, no, at));
        let inside = self.managed((item, rest), value, body, span);
        let yes = self.make(ExprKind::Bool(true), at);
        let caught = vec![self.set(raised, yes, at), self.leave(generator, true, at)];
        let handlers = vec![Handler { classes: vec![], body: caught, span: at }];
        let operand = Box::new(self.local(raised, at));
        let test = self.make(ExprKind::Unary { op: hir::UnaryOp::Not, operand }, at);
        let kind = StmtKind::If { test, body: vec![self.leave(generator, false, at)], orelse: vec![] };
        let finalbody = vec![Stmt { kind, span: at }];
        let kind = StmtKind::Try { body: inside, handlers, orelse: vec![], finalbody };
        out.push(Stmt { kind, span });
        out
    }

    /// An instance of a class of the project's, as inference finds out.
    ///
    /// ```text
    /// with object as x:            manager = object
    ///     body                     value = manager.__enter__()
    ///                              try:
    ///                                  x = value
    ///                                  body
    ///                              except:
    ///                                  raised = True
    ///                                  if manager.__exit__(…):     # `lower::exits`
    ///                                      …                       # left to Python
    ///                                  raise
    ///                              finally:
    ///                                  if not raised: manager.__exit__(None, None, None)
    /// ```
    fn entered(&mut self, (item, rest): (&WithItem, &[WithItem]), body: &[AStmt], span: Span) -> Vec<Stmt> {
        let at = item.context.span;
        let object = self.expr(&item.context);
        let (manager, value, raised) = (self.temp(), self.temp(), self.temp());
        let mut out = vec![self.set(manager, object, at)];
        let base = Box::new(self.local(manager, at));
        let kind = ExprKind::Method { base, name: ENTER.to_string(), args: vec![], keywords: vec![] };
        let entered = self.make(kind, at);
        out.push(self.set(value, entered, at));
        let no = self.make(ExprKind::Bool(false), at);
        out.push(self.set(raised, no, at));
        let inside = self.managed((item, rest), value, body, span);
        let yes = self.make(ExprKind::Bool(true), at);
        let mut caught = vec![self.set(raised, yes, at)];
        let base = Box::new(self.local(manager, at));
        let keywords = vec![(RAISED.to_string(), self.make(ExprKind::Bool(true), at))];
        let kind = ExprKind::Method { base, name: EXIT.to_string(), args: vec![], keywords };
        let test = self.make(kind, at);
        let swallowed = vec![Stmt { kind: StmtKind::Bail, span: at }];
        caught.push(Stmt { kind: StmtKind::If { test, body: swallowed, orelse: vec![] }, span: at });
        caught.push(Stmt { kind: StmtKind::Reraise, span: at });
        let handlers = vec![Handler { classes: vec![], body: caught, span: at }];
        let base = Box::new(self.local(manager, at));
        let args = (0..3).map(|_| self.make(ExprKind::None, at)).collect();
        let kind = ExprKind::Method { base, name: EXIT.to_string(), args, keywords: vec![] };
        let exited = Stmt { kind: StmtKind::Expr(self.make(kind, at)), span: at };
        let operand = Box::new(self.local(raised, at));
        let test = self.make(ExprKind::Unary { op: hir::UnaryOp::Not, operand }, at);
        let kind = StmtKind::If { test, body: vec![exited], orelse: vec![] };
        let finalbody = vec![Stmt { kind, span: at }];
        let kind = StmtKind::Try { body: inside, handlers, orelse: vec![], finalbody };
        out.push(Stmt { kind, span });
        out
    }

    /// What stands inside, behind `target = value`: both may raise, and something is done behind them either way.
    fn managed(
        &mut self,
        (item, rest): (&WithItem, &[WithItem]),
        value: hir::VarId,
        body: &[AStmt],
        span: Span,
    ) -> Vec<Stmt> {
        self.in_try += 1;
        self.closing += 2;
        let mut inside = Vec::new();
        if let Some(target) = &item.target {
            let value = self.local(value, target.span);
            inside.push(self.bind(target, value));
        }
        inside.extend(self.with_stmt(rest, body, span));
        self.closing -= 2;
        self.in_try -= 1;
        inside
    }

    fn leave(&mut self, generator: hir::VarId, throws: bool, span: Span) -> Stmt {
        let generator = self.local(generator, span);
        Stmt { kind: StmtKind::Leave { generator, throws }, span }
    }

    /// `target = value`
    fn bind(&mut self, target: &AExpr, value: Expr) -> Stmt {
        let target = self.target(target);
        Stmt { span: target.span, kind: StmtKind::Assign { targets: vec![target], value } }
    }
}
