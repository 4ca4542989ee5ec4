//! Which form of a function a call runs: of those that only hand their star parameters on, and of class methods.

use super::{ArgSource, FuncRef, Program, bind};
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, Function};
use crate::lower::class_methods::lower_for_class;
use crate::lower::exits::{RAISED, lower_raised};
use crate::lower::handed::{Shape, lower_handed, only_hands_on};
use crate::lower::parameters;

/// A function, or why it cannot be lowered.
pub(super) type Lowered = Result<Function, Vec<Diagnostic>>;

impl Program<'_> {
    /// The form of the function for a call with so many positional arguments and these keywords; the function itself
    /// where it has none.
    pub(super) fn for_call(&mut self, target: &FuncRef, args: usize, keywords: &[(String, Expr)]) -> FuncRef {
        let form = self.handed(target, args, keywords);
        form.unwrap_or_else(|| target.clone())
    }

    fn handed(&mut self, target: &FuncRef, args: usize, keywords: &[(String, Expr)]) -> Option<FuncRef> {
        if keywords.iter().any(|(name, _)| name == RAISED) {
            return Some(target.raised());
        }
        if keywords.iter().any(|(name, _)| name.starts_with('*')) {
            return None;
        }
        let def = self.modules.module(&target.module)?.1.function(&target.qualname)?;
        if !only_hands_on(def) {
            return None;
        }
        let mut shape = Shape { items: 0, names: Vec::new() };
        for source in bind(&parameters(&def.params), args, keywords)? {
            match source {
                ArgSource::Rest(from) => shape.items = args - from,
                ArgSource::Names(names) => {
                    let named = keywords.iter().enumerate().filter(|(k, _)| names >> k & 1 == 1);
                    shape.names = named.map(|(_, (name, _))| name.clone()).collect();
                }
                _ => {}
            }
        }
        let form = target.handed_on(&shape);
        self.lowered(&form).is_ok().then_some(form)
    }

    /// Lowers such a form; `None` for any other function.
    pub(super) fn lower_form(&self, func: &FuncRef) -> Option<Lowered> {
        let (file, env) = self.modules.module(&func.module)?;
        let mut lowered = match func.exits() {
            Some(written) => lower_raised(file, env, written, env.function(written)?),
            None => match func.of_class() {
                Some((written, class)) => lower_for_class(file, env, written, env.function(written)?, class)?,
                None => {
                    let (written, shape) = func.handed()?;
                    lower_handed(file, env, written, env.function(written)?, &shape)?
                }
            },
        };
        if let Ok(function) = &mut lowered {
            function.qualname.clone_from(&func.qualname);
        }
        Some(lowered)
    }
}
