//! `pyrust report`: the project's last profile, build and verification, per hotspot.

use std::path::Path;

use pyo3::types::PyAnyMethods;
use pyrust_build::signature::Signature;
use pyrust_build::workspace::Workspace;
use serde_json::{Value, json};

use super::{Context, Done, Stop};
use crate::engine;

#[derive(clap::Args)]
pub(super) struct Report {
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Write a page with everything: flame graph, source line by line, types, generated Rust
    #[arg(long, value_name = "PATH")]
    html: Option<String>,
    /// Write the profile's stacks for https://www.speedscope.app
    #[arg(long, value_name = "PATH")]
    speedscope: Option<String>,
}

/// What is said of the last build where only its module was found.
const BY_SCRIPT: &str = "the installed module was asked, a build script leaves no report";

pub(super) fn run(context: &Context<'_>, arguments: &Report) -> Done {
    let project = context.project()?;
    let manifest = engine::at(&project.root, project.manifest())?;
    let build = last_build(context, &project.root)?;
    let profile = last(&project.root, "profile");
    let verify = last(&project.root, "verify");
    let present: Vec<Option<String>> = context.work("reading the sources", || {
        let mut workspace = Workspace::new(&project);
        manifest.hotspots.iter().map(|entry| workspace.source_hash(&entry.function).ok()).collect()
    })?;
    let installed = match (&build, manifest.hotspots.is_empty()) {
        (_, true) => Value::Null,
        (None, _) => ask(context, &project.root, "installed")?,
        // A module that was built may be one that this interpreter does not load.
        (Some(_), _) => ask(context, &project.root, "left")?,
    };
    let mut hotspots = Vec::new();
    for (entry, present) in manifest.hotspots.iter().zip(present) {
        let find = |run: &Option<Value>, key: &str| -> Option<Value> {
            let list = run.as_ref()?.get(key)?.as_array()?;
            list.iter().find(|item| item["function"] == entry.function.as_str()).cloned()
        };
        let built = find(&build, "hotspots");
        let profiled = find(&profile, "functions");
        let verified = find(&verify, "hotspots");
        let (state, reason) = match &built {
            Some(_) if installed.get(&entry.function).is_some() => {
                let seen = &installed[&entry.function];
                (seen["state"].clone(), seen["reason"].clone())
            }
            // What was compiled counts here, not what the manifest says.
            Some(built)
                if built["state"] == "native"
                    && built["source"].as_str().is_some_and(|source| present.as_deref() != Some(source)) =>
            {
                ("stale".into(), "changed since the last build: runs as Python until the next".into())
            }
            Some(built) => (built["state"].clone(), built["reason"].clone()),
            // A build script writes no reports, but what it made can be asked, or has been run.
            None => match (installed.get(&entry.function), &verified) {
                (Some(seen), _) => (seen["state"].clone(), seen["reason"].clone()),
                (None, Some(seen))
                    if seen["state"] == "native" && entry.source.is_some() && entry.source != present =>
                {
                    (
                        "stale".into(),
                        "changed since it was verified: runs as Python until the next build".into(),
                    )
                }
                (None, Some(seen)) => (seen["state"].clone(), seen["reason"].clone()),
                (None, None) => ("python".into(), "not built yet (`pyrust build`)".into()),
            },
        };
        let from = |item: &Option<Value>, key: &str| item.as_ref().and_then(|v| v.get(key)).cloned();
        let signatures: Vec<String> = entry.signatures.iter().map(Signature::to_string).collect();
        hotspots.push(json!({
            "function": entry.function,
            "state": state,
            "reason": reason,
            "native_calls": from(&verified, "native_calls").unwrap_or_else(|| 0.into()),
            "bailouts": from(&verified, "bailouts").unwrap_or_else(|| json!({})),
            "mode": entry.mode.name(),
            "gate": entry.gate,
            "signatures": signatures,
            "native_signatures": from(&built, "signatures").unwrap_or_else(|| json!([])),
            "refused": from(&built, "refused").unwrap_or_else(|| json!([])),
            "stale": entry.source.is_some() && entry.source != present,
            "share": from(&profiled, "share"),
            "calls": from(&profiled, "calls"),
            "verify": verified,
        }));
    }
    if arguments.json || arguments.html.is_some() || arguments.speedscope.is_some() {
        let report = json!({
            "version": 1,
            "manifest": project.relative(&project.manifest_path),
            "hotspots": hotspots,
            "build": without(build, "hotspots"),
            "profile": without(profile, "functions"),
            "verify": without(verify, "hotspots"),
        });
        let files = [("write_html", &arguments.html), ("write_speedscope", &arguments.speedscope)];
        for (function, path) in files {
            if let Some(path) = path {
                let root = project.root.to_string_lossy();
                let module = context.py.import("pyrust.page")?;
                let said: String =
                    module.call_method1(function, (path, root.as_ref(), report.to_string()))?.extract()?;
                context.out.say(&said);
            }
        }
        if arguments.json {
            context.out.result(&format!("{report:#}\n"));
        }
    } else {
        let by_script = installed.as_object().is_some_and(|found| !found.is_empty());
        let build = build.or_else(|| by_script.then(|| json!({ "message": BY_SCRIPT })));
        people(context, &hotspots, &[("profile", &profile), ("build", &build), ("verify", &verify)]);
    }
    Ok(0)
}

/// The report file of the last run of one kind.
fn last(root: &Path, kind: &str) -> Option<Value> {
    let text = std::fs::read_to_string(root.join(".pyrust").join(format!("{kind}.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// That of the last build may lie elsewhere, where the project's folder cannot be written to.
fn last_build(context: &Context<'_>, root: &Path) -> Result<Option<Value>, Stop> {
    let found = context
        .py
        .import("pyrust.driver")?
        .call_method1("last_result", (super::path(context.py, &root.to_string_lossy())?,))?;
    Ok(super::to_json(&found)?.as_object().cloned().map(Value::Object))
}

/// What the installed modules say of their functions.
fn ask(context: &Context<'_>, root: &Path, what: &str) -> Result<Value, Stop> {
    let found = context
        .py
        .import("pyrust.hotspots")?
        .call_method1(what, (super::path(context.py, &root.to_string_lossy())?,))?;
    Ok(super::to_json(&found)?)
}

/// What the list of hotspots says already is not said twice.
fn without(run: Option<Value>, key: &str) -> Option<Value> {
    let mut run = run?;
    run.as_object_mut()?.remove(key);
    Some(run)
}

fn people(context: &Context<'_>, hotspots: &[Value], runs: &[(&str, &Option<Value>)]) {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_string();
    let width = hotspots.iter().map(|hotspot| text(hotspot, "function").chars().count()).max().unwrap_or(0);
    let mut lines = String::new();
    for hotspot in hotspots {
        let share = share(hotspot["share"].as_f64());
        let detail = match hotspot["reason"].as_str() {
            Some(reason) => reason.to_string(),
            None => native_signatures(hotspot),
        };
        lines.push_str(&format!(
            "{:width$}  {}  {share}  {detail}\n",
            text(hotspot, "function"),
            context.out.state(&text(hotspot, "state"), 8)
        ));
    }
    context.out.result(&lines);
    if hotspots.is_empty() {
        context.out.say("no hotspots; `pytest --pyrust-profile` finds them");
    }
    for (kind, run) in runs {
        match run.as_ref().map(|run| text(run, "message")) {
            Some(message) if !message.is_empty() => context.out.say(&format!("last {kind}: {message}")),
            Some(_) => {}
            None => context.out.say(&format!("last {kind}: none")),
        }
    }
}

/// Share of the time, `-` where no sample was taken in the function.
fn share(share: Option<f64>) -> String {
    match share {
        Some(share) if share > 0.0 => format!("{share:5.1} %"),
        _ => format!("{:>7}", "-"),
    }
}

/// What is native, and what of the function is not.
fn native_signatures(hotspot: &Value) -> String {
    let words = |key: &str| -> Vec<&Value> { hotspot[key].as_array().into_iter().flatten().collect() };
    let built = words("native_signatures");
    let known = if built.is_empty() && hotspot["state"] == "native" { words("signatures") } else { built };
    let mut parts: Vec<String> = known.iter().filter_map(|s| s.as_str().map(str::to_string)).collect();
    for refused in words("refused") {
        let text = |key: &str| refused[key].as_str().unwrap_or("?");
        parts.push(format!("{} stays Python: {}", text("signature"), text("reason")));
    }
    parts.join("; ")
}
