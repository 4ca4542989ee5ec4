//! What generated code stands on: the values and transactions of `pyrust-core`, values that nothing of these needs, and
//! activation.  Everything that the generated text names is in [`prelude`].

// Out-of-line paths are `extern "C"`, so that no call in a loop can unwind: a call that can keeps accumulators in
// memory. They are called from Rust only.
#![allow(improper_ctypes_definitions)]

#[doc(hidden)]
pub use pyrust_core::*;

pub mod prelude;

pub mod bisect;
pub mod constant;
pub mod copied;
pub mod generator;
pub mod heap;
pub mod itertools;
pub mod memo;
#[cfg(feature = "rare")]
pub mod memory;
pub mod named;
pub mod ospath;
#[cfg(feature = "rare")]
pub mod parallel;
pub mod pushed;
pub mod shared;
#[cfg(feature = "rare")]
pub mod statistics;
#[cfg(feature = "rare")]
pub mod structs;
pub mod tee;

pub mod activate;
