//! Bodies written by hand: functions under `#[hotspot]` in the folder `pyrust_bodies`, which replace what the compiler generates.
//!
//! Each says for which function, signature and source it was written. One that was written for another source is left out, and so
//! is one that rustc refuses: the function has its generated code then, or is Python. Guards, transactions, verification and the
//! gate are those of generated code.

mod reliance;
#[cfg(test)]
mod tests;

use std::path::Path;

use syn::meta::ParseNestedMeta;
use syn::parse::Parser;

use crate::ast::FunctionDef;
use crate::diagnostic::{Diagnostic, Severity};
use crate::host;
use crate::infer::{FuncRef, Modules, Program};
use crate::manifest::Manifest;
use crate::passes::Pass;
use crate::project::Project;
use crate::signature::{Signature, parameters};
use crate::source::Span;

pub use reliance::{Named, Reliance, of as reliance};

/// The folder beside the manifest.
pub const FOLDER: &str = "pyrust_bodies";

/// One file in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyFile {
    /// `pyrust_bodies/name.rs`.
    pub path: String,
    pub text: String,
}

impl BodyFile {
    /// The Rust module that it is in the generated text.
    pub fn module(&self) -> String {
        module_of(&self.path)
    }
}

/// The Rust module of a file.
pub fn module_of(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    format!("{FOLDER}_{stem}")
}

/// One function in such a file, as its attribute describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub path: String,
    /// Of the attribute, from one.
    pub line: usize,
    /// Of the attribute.
    pub span: Span,
    /// The Rust function.
    pub name: String,
    /// `module:qualname`.
    pub function: String,
    pub signature: Signature,
    /// For which source it was written.
    pub source: Option<String>,
    /// Further namespaces that it relies on: statics of its file.
    pub namespaces: Vec<String>,
}

impl Body {
    /// `pyrust_bodies/name.rs:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }

    fn finding(&self, code: &'static str, severity: Severity, message: String) -> Diagnostic {
        Diagnostic::new(code, severity, message)
            .at(self.path.clone(), self.span)
            .function(self.function.clone())
    }
}

/// What became of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub place: String,
    pub path: String,
    pub signature: String,
    /// Why it is left out, if it is.
    pub reason: Option<String>,
}

/// The files in the folder beside the manifest, sorted by name.
pub fn read(manifest: &Path, shown: impl Fn(&Path) -> String) -> (Vec<BodyFile>, Vec<Diagnostic>) {
    let folder = manifest.parent().unwrap_or(Path::new(".")).join(FOLDER);
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    let mut paths = host::files_in(&folder);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    for path in paths {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let place = shown(&path);
        if syn::parse_str::<syn::Ident>(&stem).is_err() || stem == "mod" {
            let message = format!("`{place}` cannot be a module of Rust");
            findings.push(
                Diagnostic::new("PYR0506", Severity::Warning, message)
                    .help("give it a name of letters, digits and underscores"),
            );
            continue;
        }
        match host::read_text(&path, &place, "PYR0506") {
            // In the generated text, and in messages, it stands under its own folder, wherever the manifest lies.
            Ok(text) => files.push(BodyFile { path: format!("{FOLDER}/{stem}.rs"), text }),
            Err(finding) => findings.push(Diagnostic { severity: Severity::Warning, ..*finding }),
        }
    }
    (files, findings)
}

/// The bodies in these files. Whether they are Rust is rustc's to say: only their attributes are read.
pub fn find(files: &[BodyFile]) -> (Vec<Body>, Vec<Diagnostic>) {
    let (mut bodies, mut findings) = (Vec::new(), Vec::new());
    for file in files {
        let mut start = 0;
        for line in file.text.split_inclusive('\n') {
            let at = start + (line.len() - line.trim_start_matches([' ', '\t']).len());
            start += line.len();
            if !ATTRIBUTES.iter().any(|mark| file.text[at..].starts_with(mark)) {
                continue;
            }
            match body(file, at) {
                Ok(body) => bodies.push(body),
                Err((span, why)) => findings.push(
                    Diagnostic::new("PYR0506", Severity::Warning, format!("this body has no place: {why}"))
                        .at(file.path.clone(), span)
                        .help("`pyrust brief FUNC` shows the form"),
                ),
            }
        }
    }
    (bodies, findings)
}

const ATTRIBUTES: [&str; 2] = ["#[hotspot(", "#[pyrust_macros::hotspot("];

/// Reads the attribute that begins at a byte of the text, and the name of the function under it.
fn body(file: &BodyFile, at: usize) -> Result<Body, (Span, String)> {
    let text = &file.text[at..];
    let first_line = || Span::new(at, at + text.lines().next().unwrap_or_default().trim_end().len());
    let fail = |why: String| (first_line(), why);
    let open = text.find('(').unwrap_or_default() + 1;
    let close = closing(text, open).ok_or_else(|| fail("its attribute does not end".into()))?;
    let given = attribute(&text[open..close]).map_err(|error| fail(error.to_string()))?;
    let function =
        given.function.ok_or_else(|| fail("`function = \"module:qualname\"` is missing".into()))?;
    crate::names::check_function(&function).map_err(&fail)?;
    let signature = given.signature.ok_or_else(|| fail("`signature = \"(…) -> …\"` is missing".into()))?;
    let signature = Signature::parse(&signature)
        .map_err(|error| fail(format!("`{signature}` is not a signature: {}", error.message)))?;
    let name = function_under(&text[close..]).ok_or_else(|| fail("no function stands under it".into()))?;
    Ok(Body {
        path: file.path.clone(),
        line: file.text[..at].matches('\n').count() + 1,
        span: first_line(),
        name,
        function,
        signature,
        source: given.source,
        namespaces: given.namespaces,
    })
}

/// The place of the parenthesis that closes one; strings are passed over.
fn closing(text: &str, open: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (1, false, false);
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'(' | b'[') => depth += 1,
            (false, b')' | b']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[derive(Default)]
struct Given {
    function: Option<String>,
    signature: Option<String>,
    source: Option<String>,
    namespaces: Vec<String>,
}

fn attribute(text: &str) -> syn::Result<Given> {
    let mut given = Given::default();
    let read = |meta: ParseNestedMeta<'_>| {
        if meta.path.is_ident("namespaces") {
            return meta.parse_nested_meta(|inner| {
                let name = inner.path.require_ident()?;
                given.namespaces.push(name.to_string());
                Ok(())
            });
        }
        let slot = match meta.path.get_ident().map(ToString::to_string).as_deref() {
            Some("function") => &mut given.function,
            Some("signature") => &mut given.signature,
            Some("source") => &mut given.source,
            _ => {
                let known = "`function`, `signature`, `source` and `namespaces(…)`";
                return Err(meta.error(format!("a body written by hand has {known}, nothing else")));
            }
        };
        *slot = Some(meta.value()?.parse::<syn::LitStr>()?.value());
        Ok(())
    };
    syn::meta::parser(read).parse_str(text)?;
    Ok(given)
}

/// The name behind the first `fn` that no comment holds.
fn function_under(text: &str) -> Option<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words: Vec<&str> =
        code.flat_map(|line| line.split(|c: char| c.is_whitespace() || c == '(')).take(200).collect();
    let at = words.iter().position(|word| *word == "fn")?;
    let name = words[at + 1..].iter().find(|word| !word.is_empty())?;
    syn::parse_str::<syn::Ident>(name).ok().map(|ident| ident.to_string())
}

/// Does the file hold what no body may?
fn is_unsafe(text: &str) -> bool {
    fn any(tokens: proc_macro2::TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Group(group) => any(group.stream()),
            proc_macro2::TokenTree::Ident(ident) => ident == "unsafe",
            _ => false,
        })
    }
    // What cannot be read is refused by rustc.
    text.parse().is_ok_and(any)
}

/// Why a body is not used, or what the function relies on. `def` is the present function.
pub fn judge(
    body: &Body,
    file: &BodyFile,
    dropped: bool,
    program: &Program<'_>,
    modules: &dyn Modules,
    func: &FuncRef,
    def: &FunctionDef,
) -> Result<Reliance, Box<Diagnostic>> {
    let reliance = reliance::of(program, modules, func);
    match why_not(body, file, dropped, &reliance, def) {
        Some(finding) => Err(Box::new(finding)),
        None => Ok(reliance),
    }
}

fn why_not(
    body: &Body,
    file: &BodyFile,
    dropped: bool,
    reliance: &Reliance,
    def: &FunctionDef,
) -> Option<Diagnostic> {
    let name = &body.function;
    let line = format!("source = \"{}\"", reliance.source);
    match &body.source {
        Some(source) if *source == reliance.source => {}
        Some(_) => {
            let message = format!("this body was written for another source of `{name}`");
            let with = match reliance.functions.len() {
                0 | 1 => String::new(),
                _ => {
                    let called: Vec<String> = reliance.functions.iter().skip(1).map(FuncRef::name).collect();
                    format!(" (with {})", called.join(", "))
                }
            };
            return Some(body.finding("PYR0505", Severity::Warning, message).help(format!(
                "compare it with the function{with} as it is now, verify it, and write `{line}`"
            )));
        }
        None => {
            let message = "this body does not say for which source it was written".to_string();
            let help = format!("write `{line}` into its attribute when it does what `{name}` does now");
            return Some(body.finding("PYR0505", Severity::Warning, message).help(help));
        }
    }
    let (taken, given) = (def.params.in_frame_order().count(), body.signature.params.len());
    if taken != given {
        let message = format!("this signature has {}, `{name}` has {taken}", parameters(given));
        return Some(body.finding("PYR0506", Severity::Warning, message));
    }
    if !def.params.places_in_text().is_sorted() {
        // Its parameters have one order in the text and another in the frame, and a body has one.
        let message =
            "a function with keyword-only parameters behind `*args` cannot be written by hand".to_string();
        return Some(
            body.finding("PYR0506", Severity::Warning, message)
                .help("write a function that it calls instead"),
        );
    }
    if crate::walk::has_yield(&def.body) || def.is_async {
        let message = "a generator or coroutine cannot be written by hand".to_string();
        return Some(
            body.finding("PYR0506", Severity::Warning, message)
                .help("write a function that it calls instead"),
        );
    }
    if is_unsafe(&file.text) {
        let message = "a body is safe code: `unsafe` belongs to the runtime".to_string();
        return Some(body.finding("PYR0506", Severity::Warning, message));
    }
    if dropped {
        let message = "this body does not compile".to_string();
        return Some(body.finding("PYR0507", Severity::Warning, message).help(
            "the log of the build has what rustc says; until then the function is as if there were none",
        ));
    }
    None
}

/// The finding about a body whose function has no entry.
pub fn homeless(body: &Body) -> Diagnostic {
    let name = &body.function;
    body.finding("PYR0506", Severity::Warning, format!("`{name}` is not in the manifest"))
        .help("a profile or `pyrust add` puts it there; without an entry the body is not used")
}

/// The finding about a second body for the same signature.
pub fn doubled(body: &Body, first: &Body) -> Diagnostic {
    let message = format!("`{}` has a body for this signature already: {}", body.function, first.place());
    body.finding("PYR0506", Severity::Warning, message)
}

/// The files of a project, and what is wrong with them, whatever the functions are.
pub fn of(project: &Project, manifest: &Manifest) -> (Vec<BodyFile>, Vec<Diagnostic>) {
    if !project.passes.has(Pass::Bodies) {
        return Default::default();
    }
    let (files, mut findings) = read(&project.manifest_path, |path| project.relative(path));
    let (found, unplaced) = find(&files);
    findings.extend(unplaced);
    findings.extend(found.iter().filter(|body| manifest.entry(&body.function).is_none()).map(homeless));
    (files, findings)
}
