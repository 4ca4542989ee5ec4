//! `pyrust explain`: one function, or one diagnostic code.

use pyrust_build::codes;
use pyrust_build::diagnostic::Diagnostic;
use pyrust_build::generate::{Function, State};
use pyrust_build::names;
use pyrust_build::project::Project;
use pyrust_build::render::{self, Format, Sources};
use serde_json::json;

use super::{Context, Done, Stop};
use crate::engine::{self, Outcome};

pub(super) fn run(context: &Context<'_>, what: &str, format: Option<Format>) -> Done {
    if !what.contains(':') {
        return code(context, what, format);
    }
    if let Err(problem) = names::check_function(what) {
        return Err(Stop::Message(problem, 2));
    }
    let project = context.project()?;
    let Some((function, rust)) = context.work("compiling", || find(&project, what))?? else {
        return Err(unknown(&project, what));
    };
    let mut sources = Sources::new(&project.root);
    if format == Some(Format::Json) {
        let value = engine::explained_json(&function, &rust, &mut sources);
        context.out.result(&format!("{value:#}\n"));
        return Ok(0);
    }
    let left: Vec<Diagnostic> = function.explain.iter().flat_map(|e| e.left.clone()).collect();
    if let Some(format) = format {
        // Only what was found, as the other commands print it.
        let found: Vec<Diagnostic> = function.diagnostics.iter().cloned().chain(left).collect();
        context.out.findings(&found, &mut sources, format);
        return Ok(0);
    }
    let mut text = format!("{what}: {}\n", function.state.name());
    if let Some(reason) = &function.reason {
        text.push_str(&format!("  {reason}\n"));
    }
    if !function.regions.is_empty() {
        let lines: Vec<String> = function.regions.iter().map(ToString::to_string).collect();
        let noun = if lines.len() == 1 { "the loop at line" } else { "the loops at lines" };
        text.push_str(&format!(
            "  only {noun} {}; the rest stays Python, for what is said below\n",
            lines.join(", ")
        ));
    }
    for signature in function.entry.signatures.iter().filter(|_| function.regions.is_empty()) {
        let signature = signature.to_string();
        let compiled = function.state == State::Native && function.signatures.contains(&signature);
        let refused = function.refused.iter().find(|(refused, _)| *refused == signature);
        let said = match refused {
            Some((_, reason)) => format!("   (stays Python: {reason})"),
            None if compiled => String::new(),
            None => "   (not compiled)".into(),
        };
        text.push_str(&format!("  {signature}{said}\n"));
    }
    for body in &function.bodies {
        match &body.reason {
            None => text.push_str(&format!("  written by hand for {}: {}\n", body.signature, body.place)),
            Some(reason) => text.push_str(&format!("  {} is left out: {reason}\n", body.place)),
        }
    }
    for explanation in &function.explain {
        text.push('\n');
        text.push_str(&explanation.text(context.out.is_coloured()));
    }
    if !rust.is_empty() {
        text.push_str(&format!("\n{}\n", rust.trim_end()));
    }
    if !left.is_empty() {
        context.out.result(&text);
        text = "\nleft to Python:\n\n".to_string();
        text.push_str(&render::render(&left, &mut sources, render::Format::Full, context.out.is_coloured()));
    }
    context.out.result(&text);
    if !function.diagnostics.is_empty() {
        context.out.result("\n");
        context.out.findings(&function.diagnostics, &mut sources, render::Format::Full);
    }
    Ok(0)
}

pub(super) fn find(project: &Project, name: &str) -> Outcome<Option<(Function, String)>> {
    let generated = engine::compile(project, &[], false)?;
    for package in generated.packages {
        let rust = engine::rust_of(&package.rust, name);
        if let Some(function) = package.functions.into_iter().find(|function| function.entry.function == name)
        {
            return Ok(Some((function, rust)));
        }
    }
    Ok(None)
}

/// There is no such entry.
pub(super) fn unknown(project: &Project, name: &str) -> Stop {
    let hint = meant(project, name).unwrap_or_else(|| "`pyrust add` or a profile puts it there".into());
    Stop::Message(format!("`{name}` is not in the manifest; {hint}"), 2)
}

fn meant(project: &Project, name: &str) -> Option<String> {
    let manifest = project.manifest().ok()?;
    names::did_you_mean_function(name, manifest.hotspots.iter().map(|entry| entry.function.as_str()))
}

fn code(context: &Context<'_>, name: &str, format: Option<Format>) -> Done {
    let Some(row) = codes::lookup(name) else {
        let all = codes::CODES.iter().flat_map(|row| [row.code, row.slug]);
        let hint = names::did_you_mean(name, all)
            .or_else(|| context.project().ok().and_then(|project| meant(&project, name)))
            .unwrap_or_else(|| "a function is written `module:qualname`".into());
        return Err(Stop::Message(format!("`{name}` is neither a function nor a code; {hint}"), 2));
    };
    if matches!(format, Some(Format::Github | Format::Sarif)) {
        let message = format!(
            "`{name}` is a code, and has no place in a file: `github` and `sarif` list what was found, in a function \
             (`pyrust explain module:qualname`) or in the project (`pyrust check`); a code is printed as text, `concise` or `json`"
        );
        return Err(Stop::Message(message, 2));
    }
    if format == Some(Format::Concise) {
        context.out.result(&format!("{} {}: {}\n", row.code, row.slug, row.summary));
    } else if format == Some(Format::Json) {
        let value = json!({ "code": row.code, "slug": row.slug, "summary": row.summary, "explanation": row.explanation, "help": codes::help(row.code) });
        context.out.result(&format!("{value:#}\n"));
    } else {
        let help = codes::help(row.code).map(|help| format!("\nWhat to do: {help}.\n")).unwrap_or_default();
        context
            .out
            .result(&format!("{} ({}): {}\n\n{}\n{help}", row.code, row.slug, row.summary, row.explanation));
    }
    Ok(0)
}
