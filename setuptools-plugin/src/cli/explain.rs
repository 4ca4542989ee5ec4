//! `pyrust explain`: one function, or one diagnostic code.

use pyrust_build::codes;
use pyrust_build::diagnostic::Diagnostic;
use pyrust_build::generate::{Function, State};
use pyrust_build::names;
use pyrust_build::project::Project;
use pyrust_build::render::{self, Sources};
use serde_json::json;

use super::{Context, Done, Stop};
use crate::engine::{self, Outcome};

pub(super) fn run(context: &Context<'_>, what: &str, as_json: bool) -> Done {
    if !what.contains(':') {
        return code(context, what, as_json);
    }
    if let Err(problem) = names::check_function(what) {
        return Err(Stop::Message(problem, 2));
    }
    let project = context.project()?;
    let Some((function, rust)) = context.work(|| find(&project, what))?? else {
        let manifest = engine::at(&project.root, project.manifest())?;
        let known: Vec<&str> = manifest.hotspots.iter().map(|entry| entry.function.as_str()).collect();
        let hint = names::did_you_mean(what, known).unwrap_or_else(|| "`pyrust add` adds it".into());
        return Err(Stop::Message(format!("`{what}` is not in the manifest; {hint}"), 2));
    };
    let mut sources = Sources::new(&project.root);
    if as_json {
        let diagnostics: Vec<_> =
            function.diagnostics.iter().map(|diagnostic| render::to_json(diagnostic, &mut sources)).collect();
        let value = json!({
            "function": what,
            "state": function.state.name(),
            "reason": function.reason,
            "mode": function.entry.mode.name(),
            "signatures": function.signatures,
            "refused": engine::refused_json(&function),
            "explanation": function.explain.iter().map(|e| e.text(false)).collect::<Vec<_>>().join("\n"),
            "specialisations": function.explain.iter().map(|e| e.json()).collect::<Vec<_>>(),
            "rust": rust,
            "diagnostics": diagnostics,
        });
        context.out.result(&format!("{value:#}\n"));
        return Ok(0);
    }
    let mut text = format!("{what}: {}\n", function.state.name());
    if let Some(reason) = &function.reason {
        text.push_str(&format!("  {reason}\n"));
    }
    for signature in &function.entry.signatures {
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
    for explanation in &function.explain {
        text.push('\n');
        text.push_str(&explanation.text(context.out.is_coloured()));
    }
    if !rust.is_empty() {
        text.push_str(&format!("\n{}\n", rust.trim_end()));
    }
    let left: Vec<Diagnostic> = function.explain.iter().flat_map(|e| e.left.clone()).collect();
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

fn find(project: &Project, name: &str) -> Outcome<Option<(Function, String)>> {
    let generated = engine::compile(project, &[])?;
    for package in generated.packages {
        let rust = rust_of(&package.rust, name);
        if let Some(function) = package.functions.into_iter().find(|function| function.entry.function == name)
        {
            return Ok(Some((function, rust)));
        }
    }
    Ok(None)
}

/// The generated Rust of one function: its `#[hotspot]` items.
fn rust_of(text: &str, name: &str) -> String {
    let mark = format!("function = \"{name}\"");
    let mut items = String::new();
    let mut inside = false;
    let mut attribute = String::new();
    for line in text.lines() {
        if line.starts_with("#[hotspot(") {
            attribute.clear();
        }
        if !inside && (line.starts_with("#[hotspot(") || !attribute.is_empty()) {
            attribute.push_str(line);
            attribute.push('\n');
            if line.starts_with("fn ") || line.starts_with("pub fn ") {
                inside = attribute.contains(&mark);
                if inside {
                    items.push_str(&attribute);
                }
                attribute.clear();
            }
            continue;
        }
        if inside {
            items.push_str(line);
            items.push('\n');
            if line == "}" {
                inside = false;
                items.push('\n');
            }
        }
    }
    items
}

fn code(context: &Context<'_>, name: &str, as_json: bool) -> Done {
    let Some(row) = codes::lookup(name) else {
        let all = codes::CODES.iter().flat_map(|row| [row.code, row.slug]);
        let hint = names::did_you_mean(name, all)
            .unwrap_or_else(|| "a function is written `module:qualname`".into());
        return Err(Stop::Message(format!("`{name}` is neither a function nor a code; {hint}"), 2));
    };
    if as_json {
        let value = json!({ "code": row.code, "slug": row.slug, "summary": row.summary, "explanation": row.explanation });
        context.out.result(&format!("{value:#}\n"));
    } else {
        context.out.result(&format!("{} ({}): {}\n\n{}\n", row.code, row.slug, row.summary, row.explanation));
    }
    Ok(0)
}
