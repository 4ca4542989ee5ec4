//! `hotspots!()`: the generated file as a module, its digests, and the init function.
//!
//! The file is taken in with `#[path]`, so that cargo rebuilds when it changes and rustc's messages point into it.
//! Only its header is read here, for the name of the init function.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token};

use crate::movable;

pub(crate) const GENERATED: &str = "pyrust_hotspots.rs";
const DIGESTS: &str = "pyrust_digests.txt";
const HEADER: &str = "//! init:";

/// Whoever wants to read where rustc's messages point sets it.
const PLACES: &str = "PYRUST_PLACES";

/// `"file"`, `"file", movable`, or nothing.
#[derive(Default)]
pub(crate) struct Input {
    file: Option<LitStr>,
    movable: bool,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Input> {
        if input.is_empty() {
            return Ok(Input::default());
        }
        let file = Some(input.parse()?);
        let movable = input.parse::<Option<Token![,]>>()?.is_some();
        if movable {
            let word: Ident = input.parse()?;
            if word != "movable" {
                return Err(Error::new(word.span(), "expected `movable`"));
            }
        }
        Ok(Input { file, movable })
    }
}

pub(crate) fn hotspots(input: TokenStream) -> Result<TokenStream> {
    let Input { file: given, movable } = syn::parse2(input)?;
    let span = given.as_ref().map_or_else(proc_macro2::Span::call_site, LitStr::span);
    let path = match &given {
        Some(file) => variable("CARGO_MANIFEST_DIR", span)?.join("src").join(file.value()),
        None => variable("OUT_DIR", span)?.join(GENERATED),
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = if given.is_none() { "; does build.rs call `pyrust_build::Build`?" } else { "" };
        Error::new(span, format!("cannot read `{}`: {error}{hint}", path.display()))
    })?;
    let init = init_name(&text).map_err(|why| Error::new(span, format!("`{}`: {why}", path.display())))?;
    let digests = path.with_file_name(DIGESTS);
    let digests = digests.is_file().then(|| digests.to_string_lossy().into_owned());
    let module = match movable && std::env::var_os(PLACES).is_none() {
        true => movable::module(&path, &text)?,
        false => by_path(&path),
    };
    Ok(init_function(&module, &init, digests.as_deref()))
}

fn variable(name: &str, span: proc_macro2::Span) -> Result<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| Error::new(span, format!("`{name}` is not set: the crate needs a build.rs")))
}

/// The `PyInit_…` that the header of the generated file names.
pub(crate) fn init_name(text: &str) -> std::result::Result<String, String> {
    let mut lines = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("//"));
    let Some(name) = lines.find_map(|line| line.strip_prefix(HEADER)) else {
        return Err(format!("the header line `{HEADER} PyInit_…` is missing"));
    };
    let name = name.trim();
    let module = name.strip_prefix("PyInit_").unwrap_or_default();
    if module.is_empty() || !module.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(format!("`{name}` is not the name of an init function"));
    }
    Ok(name.to_owned())
}

pub(crate) fn by_path(path: &Path) -> TokenStream {
    let path = path.to_string_lossy();
    quote! {
        #[path = #path]
        mod pyrust_hotspots;
    }
}

pub(crate) fn init_function(module: &TokenStream, init: &str, digests: Option<&str>) -> TokenStream {
    let init = format_ident!("{init}");
    let digests = match digests {
        Some(file) => quote! { ::core::include_str!(#file) },
        None => quote! { "" },
    };
    quote! {
        // Names are Python's, and every way out of a construct is written down whether it is taken or not.
        #[allow(unused, unreachable_code, non_snake_case, non_upper_case_globals, unreachable_pub, clippy::all)]
        #module

        /// The init function of the extension module.
        ///
        /// # Safety
        /// Called by the import system, with the GIL held.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn #init() -> *mut ::pyrust_runtime::ffi::PyObject {
            // SAFETY: the import system calls this with the GIL held.
            unsafe { ::pyrust_runtime::activate::init(&pyrust_hotspots::MODULE, #digests) }
        }
    }
}
