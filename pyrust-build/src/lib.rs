//! The PyRust compiler: a hotspot manifest and Python sources in, readable Rust out.

pub mod ast;
pub mod check;
pub mod codes;
pub mod diagnostic;
pub mod digest;
pub mod door;
pub mod emit;
pub mod explain;
pub mod foreign;
pub mod generate;
pub mod hash;
pub mod hir;
pub mod host;
pub mod infer;
pub mod init;
pub mod lower;
pub mod manifest;
pub mod names;
pub mod number;
pub mod ops;
pub mod parse;
pub mod passes;
pub mod pipeline;
pub mod project;
pub mod render;
pub mod resolve;
pub mod settings;
pub mod signature;
pub mod source;
pub mod ty;
pub mod workspace;

pub use door::Build;
pub mod walk;
