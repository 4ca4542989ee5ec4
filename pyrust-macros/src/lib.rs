//! The two macros that generated (or hand-written) hotspots wear.
//!
//! `#[hotspot]` adds the entry of one function: unbox the arguments, call, box the result. `hotspots!()` pulls in
//! the generated file and emits the init function of the extension module. Both stay thin: semantics, guards,
//! transactions and activation live in `pyrust-runtime`, bodies in the generated text.

mod expand;
mod include;
mod item;
mod movable;
mod signature;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes `fn name(cx: Cx, a: A, …) -> R<T>` an entry that Python calls can reach.
///
/// The function stays callable as it is; a module of the same name with `pub const ENTRY: Entry` is added.
///
/// ```ignore
/// #[hotspot(function = "textkit.distance:levenshtein", signature = "(str, str) -> int")]
/// fn levenshtein(cx: Cx, a: Str, b: Str) -> R<i64> { … }
/// ```
#[proc_macro_attribute]
pub fn hotspot(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::hotspot(attribute.into(), item.into(), expand::Place::Beside)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Includes the generated hotspots and emits the init function of the extension module.
///
/// Without an argument the file is `OUT_DIR/pyrust_hotspots.rs`; `hotspots!("hotspots.rs")` names one relative to
/// the crate's `src/`. `hotspots!("hotspots.rs", movable)` is for those who compile incrementally: what has only moved
/// counts as unchanged, and messages point at the macro unless `PYRUST_PLACES` is set. `pyrust_digests.txt` beside it holds the digests made by the target interpreter.
#[proc_macro]
pub fn hotspots(input: TokenStream) -> TokenStream {
    include::hotspots(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
