//! The PyRust compiler: a hotspot manifest and Python sources in, readable Rust out.

pub mod ast;
pub mod diagnostic;
pub mod names;
pub mod parse;
pub mod signature;
pub mod source;
pub mod hir;
pub mod lower;
pub mod ops;
pub mod resolve;
pub mod ty;
pub mod codes;
pub mod host;
pub mod manifest;
pub mod project;
pub mod settings;
pub mod hash;
pub mod render;
pub mod infer;
pub mod check;
pub mod digest;
pub mod workspace;
pub mod init;
pub mod emit;
pub mod pipeline;
pub mod generate;
pub mod door;

pub use door::Build;
pub mod walk;
