//! Functions that are called with very many combinations of types: beyond a limit, instances that take ints of any size
//! take those of 64 bits as well, and those that take objects of one class take those of the other classes.

use super::{Instance, Key, Program};
use crate::diagnostic::{Diagnostic, Severity};
use crate::ty::{Type, exceeded};

/// Beyond the usual limit so many more instances of one function.
const MOST: usize = 8;

/// What a call runs that comes too late for an instance of its own.
pub(super) enum Found {
    Known(usize),
    /// None has these types of parameters yet.
    New(Vec<Type>),
}

/// Is it an instance of one of several classes, or None?
fn is_object(ty: &Type) -> bool {
    *ty != Type::None && ty.members().iter().all(|m| matches!(m, Type::Instance(_) | Type::None))
}

impl Program<'_> {
    pub(super) fn wider(&mut self, key: &Key) -> Result<Found, Vec<Diagnostic>> {
        let (func, params, live, wide, own) = key;
        let others: Vec<&Instance> =
            self.instances.iter().filter(|i| i.func == *func && i.own == *own).collect();
        let any_size = |at: usize| others.iter().any(|i| i.params.get(at) == Some(&Type::Big));
        let widened = params.iter().enumerate().map(|(at, ty)| match ty {
            Type::Int if any_size(at) => Type::Big,
            ty if is_object(ty) => {
                let all = others.iter().filter_map(|i| i.params.get(at)).filter(|t| is_object(t));
                let joined = all.fold(ty.clone(), |joined, t| Type::join(&joined, t));
                if is_object(&joined) && exceeded(joined.members()).is_none() { joined } else { ty.clone() }
            }
            other => other.clone(),
        });
        let wider: Key = (func.clone(), widened.collect(), *live, *wide, *own);
        if let Some(i) = self.index.get(&wider).copied() {
            self.index.insert(key.clone(), i);
            return Ok(Found::Known(i));
        }
        let count = self.wider_ones.entry(func.clone()).or_insert(0);
        if wider.1 == *params || *count == MOST {
            // It may be another matter once there are more instances.
            self.looks_inside = true;
            return Err(vec![Diagnostic::new(
                "PYR0406",
                Severity::Note,
                "called with too many different types",
            )]);
        }
        *count += 1;
        let found = Found::New(wider.1.clone());
        self.index.insert(wider, self.instances.end());
        Ok(found)
    }
}
