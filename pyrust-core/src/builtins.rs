//! Builtin functions over scalars: `sum`, `min`, `max`, `sorted`, and the ones that another module does.

pub(crate) mod boxed;
pub mod c;
mod sum;

pub use sum::*;

pub use crate::chr::{from_ord as chr, ord};
