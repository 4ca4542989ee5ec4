//! `pyrust scan`: what could be compiled, without a profile.

use pyrust_build::render::{self, Format, Sources};
use pyrust_build::scan::{self, Scanned, Types};
use serde_json::{Value, json};

use super::build::some_lines;
use super::{Context, Done};

pub(super) fn run(context: &Context<'_>, all: bool, format: Option<Format>) -> Done {
    let project = context.project()?;
    let (found, unreadable) =
        context.work("compiling every function", || (scan::scan(&project), scan::unreadable(&project)))?;
    let (native, python): (Vec<&Scanned>, Vec<&Scanned>) = found.iter().partition(|one| one.reason.is_none());
    if format == Some(Format::Json) {
        let entries: Vec<Value> = found.iter().map(entry).collect();
        context.out.result(&format!("{:#}\n", json!({ "version": 1, "functions": entries })));
        return Ok(0);
    }
    if let Some(format) = format {
        let of_functions = python.iter().flat_map(|one| one.diagnostics.clone());
        let findings: Vec<_> = unreadable.into_iter().chain(of_functions).collect();
        context.out.findings(&findings, &mut Sources::new(&project.root), format);
        return Ok(0);
    }
    let mut text = String::new();
    for one in &native {
        let lines: Vec<String> = one.regions.iter().map(ToString::to_string).collect();
        let types = match (one.signatures.first(), lines.len()) {
            (Some(types), _) => format!(" {types}"),
            (None, 0) => String::new(),
            (None, 1) => format!(": only the loop at {}", some_lines(&lines, "and")),
            (None, _) => format!(": only the loops at {}", some_lines(&lines, "and")),
        };
        text.push_str(&format!("{}{types}{}\n", one.function, guessed(one)));
    }
    if all {
        for one in &python {
            let reason = one.reason.as_deref().unwrap_or("not compiled");
            text.push_str(&format!("{}: {reason}{}\n", one.function, guessed(one)));
        }
    }
    context.out.result(&text);
    let annotated = native.iter().filter(|one| one.types == Types::Annotated).count();
    context.out.say(&format!(
        "{} of {} functions could be compiled, {annotated} of them by their annotations; \
         a profile tells which of them are hot, and their types",
        native.len(),
        found.len(),
    ));
    let mut sources = Sources::new(&project.root);
    for why in &unreadable {
        let what = render::concise(why, &mut sources);
        context.out.say(&format!("{what}; what stands there is not counted"));
    }
    if !all && !python.is_empty() {
        context.out.say("`pyrust scan --all` says why the others could not");
    }
    Ok(0)
}

fn guessed(one: &Scanned) -> &'static str {
    if one.types == Types::Guessed { "   (types guessed)" } else { "" }
}

fn entry(one: &Scanned) -> Value {
    json!({
        "function": one.function,
        "compilable": one.reason.is_none(),
        "types": match one.types {
            Types::Annotated => "annotated",
            Types::Guessed => "guessed",
        },
        "signatures": one.signatures,
        "regions": one.regions,
        "reason": one.reason,
    })
}
