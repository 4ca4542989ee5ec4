//! The PyRust compiler: a hotspot manifest and Python sources in, readable Rust out.

pub mod diagnostic;
pub mod source;
