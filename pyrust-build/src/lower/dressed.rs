//! Functions that a decorator of the project has dressed: what stands in the cells of the function inside it that it
//! returns.
//!
//! ```text
//! def memoize(f):                          @memoize
//!     cache = {}                           def ways(n): …
//!     def wrapper(*args):
//!         if args not in cache:            def ways(args[0]):
//!             cache[args] = f(*args)           args = (args[0],)
//!         return cache[args]           →       if args not in «cell cache of ways»:
//!     return wrapper                               «cell cache of ways»[args] = «cell f of ways»(args[0])
//!                                              return «cell cache of ways»[args]
//! ```
//!
//! A call of the dressed function becomes one of a function that is made for it, by `infer::decorated`: the function
//! inside, whose free names mean what stands in the cells then. The namespace guard finds them there.

use super::class_methods::binds_inside;
use super::handed::{Shape, with_shape};
use super::scope::binds;
use crate::ast::{Expr, ExprKind as E, FunctionDef, Stmt, StmtKind as S};
use crate::resolve::ModuleEnv;
use crate::walk;

/// Before the name of a variable and of the function in whose cell it is: `cell cache of ways`.
const CELL: &str = "cell ";
const OF: &str = " of ";

/// Under which name the content of a cell is known; `function`: a path to the function that has it.
fn cell(variable: &str, function: &str) -> String {
    format!("{CELL}{variable}{OF}{function}")
}

/// The variable, and the path to the function in whose cell it is.
pub(crate) fn variable_of(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(CELL)?.split_once(OF)
}

/// What a decorator makes of a function.
#[derive(Clone, Debug)]
pub(crate) struct Dressing<'e> {
    /// The parameter that gets the function.
    pub param: &'e str,
    /// What it assigns, once, to variables of its own.
    pub assigned: Vec<(&'e str, &'e Expr)>,
    /// The function inside that it returns.
    pub inside: &'e FunctionDef,
}

impl<'e> Dressing<'e> {
    /// What the decorator makes of any function, if its text is of that kind.
    pub(crate) fn of(env: &ModuleEnv, decorator: &'e FunctionDef) -> Option<Self> {
        let param = only_param(decorator)?;
        let (mut assigned, mut inside, mut returned) = (Vec::new(), Vec::new(), None);
        for stmt in &decorator.body {
            match &stmt.kind {
                S::Assign { targets, value } => match targets.as_slice() {
                    [Expr { kind: E::Name(name), .. }] => assigned.push((name.as_str(), value)),
                    // Attributes of the function: they are no cells.
                    [Expr { kind: E::Attribute { .. }, .. }] => {}
                    _ => return None,
                },
                S::FunctionDef(def) => inside.push(&**def),
                S::Return(Some(Expr { kind: E::Name(name), .. })) => returned = Some(name),
                S::Expr(_) | S::Pass => {}
                _ => return None,
            }
        }
        // Nothing but the last statement returns.
        let returned =
            returned.filter(|_| matches!(decorator.body.last(), Some(Stmt { kind: S::Return(_), .. })))?;
        let mut defined = inside.iter().filter(|def| def.name == *returned);
        let (inside, None) = (*defined.next()?, defined.next()) else { return None };
        let names: Vec<&str> = assigned.iter().map(|(name, _)| *name).collect();
        let once = |name: &&str| names.iter().filter(|other| *other == name).count() == 1;
        let plain = !decorator.is_async && !inside.is_async && !walk::has_yield(&inside.body);
        let fits = plain
            && names.iter().all(once)
            && !names.contains(&param)
            && !names.contains(&returned.as_str())
            && inside.decorators.iter().all(|d| is_wraps(env, d))
            && !rebinds(&decorator.body);
        fits.then_some(Dressing { param, assigned, inside })
    }

    /// The function inside for calls with so many arguments, as it is where `path` names the one that has it; none where
    /// its text is of another kind.
    pub(crate) fn text(&self, path: &str, args: usize) -> Option<FunctionDef> {
        let mut def = self.inside.clone();
        def.decorators.clear();
        let names = self.assigned.iter().map(|(name, _)| *name).chain([self.param]);
        let own =
            |name: &&str| binds(&def.body, name) || def.params.in_frame_order().any(|p| p.name == *name);
        let free: Vec<&str> = names.filter(|name| !own(name)).collect();
        if free.iter().any(|name| is_read(&def.body, name) && binds_inside(&def.body, name)) {
            return None;
        }
        let stars = [def.params.var_positional.clone(), def.params.var_keyword.clone()];
        if stars.iter().flatten().any(|p| binds(&def.body, &p.name) || binds_inside(&def.body, &p.name)) {
            return None;
        }
        if stars.iter().any(Option::is_some) {
            let before = def.params.positional_only.len() + def.params.positional.len();
            let shape = Shape { items: args.saturating_sub(before), names: Vec::new() };
            def = with_shape(&def, &shape)?;
            let items = &def.params.positional[def.params.positional.len() - shape.items..];
            let items: Vec<Expr> =
                items.iter().map(|p| Expr { kind: E::Name(p.name.clone()), span: p.span }).collect();
            let given = [E::Tuple(items), E::Dict { items: Vec::new() }];
            // What else is done with them needs them as they are.
            let first = stars.into_iter().zip(given).filter_map(|(param, value)| {
                let param = param.filter(|p| is_read(&def.body, &p.name))?;
                let name = |kind| Expr { kind, span: param.span };
                let kind = S::Assign { targets: vec![name(E::Name(param.name.clone()))], value: name(value) };
                Some(Stmt { kind, span: param.span })
            });
            let first: Vec<Stmt> = first.collect();
            def.body.splice(0..0, first);
        }
        walk::expressions_mut(&mut def.body, &mut |e| {
            if let E::Name(name) = &mut e.kind
                && free.contains(&name.as_str())
            {
                *name = cell(name, path);
            }
        });
        Some(def)
    }
}

/// The name of the only parameter, if there is nothing else to be said of it.
fn only_param(def: &FunctionDef) -> Option<&str> {
    let [param] = def.params.positional.as_slice() else { return None };
    (def.params.in_frame_order().count() == 1 && param.default.is_none() && def.decorators.is_empty())
        .then_some(param.name.as_str())
}

/// `functools.wraps(f)`
fn is_wraps(env: &ModuleEnv, decorator: &Expr) -> bool {
    matches!(&decorator.kind, E::Call { func, .. } if env.is_imported(func, "functools", "wraps"))
}

/// Does a function inside assign what is not its own?
fn rebinds(body: &[Stmt]) -> bool {
    let mut found = false;
    walk::each_statement(body, &mut |stmt| match &stmt.kind {
        S::Nonlocal(_) => found = true,
        S::FunctionDef(def) => found |= rebinds(&def.body),
        _ => {}
    });
    found
}

fn is_read(body: &[Stmt], name: &str) -> bool {
    let mut found = false;
    walk::expressions(body, &mut |e| found |= matches!(&e.kind, E::Name(n) if n == name));
    found
}
