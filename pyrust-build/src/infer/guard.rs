//! What must still hold when the code runs.

use super::FuncRef;

/// A name that must still mean what the compiler took it for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    Builtin(String),
    Function {
        name: String,
        target: FuncRef,
    },
    Value(String),
    /// The global `name` is the C module `module`.
    Module {
        name: String,
        module: String,
    },
    /// The global `name` is the pristine function `attr` of the C module `module`.
    Imported {
        name: String,
        module: String,
        attr: String,
    },
    /// A pattern of `re` that the text writes down: compiled before native code runs.
    Pattern(crate::hir::Regex),
    /// The global is a tuple of these builtin classes, or holds such tuples.
    Classes {
        name: String,
        classes: Vec<String>,
    },
    /// The global is an int of this value.
    Number {
        name: String,
        value: i128,
    },
    /// The global is a `struct.Struct` with this format.
    Layout {
        name: String,
        format: String,
    },
    /// The guard holds in the project's module `module`, which a global of the function's own module names.
    Elsewhere {
        module: String,
        guard: Box<Guard>,
    },
}

impl Guard {
    /// The function that a name must still mean.
    pub fn function(&self) -> Option<&FuncRef> {
        match self {
            Guard::Function { target, .. } => Some(target),
            Guard::Elsewhere { guard, .. } => guard.function(),
            _ => None,
        }
    }
}
