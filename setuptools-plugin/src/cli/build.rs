//! `pyrust build`: calls the driver, which is Python, since the build hooks are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use pyrust_build::codes;
use pyrust_build::diagnostic::Diagnostic;
use pyrust_build::project::Project;
use pyrust_build::render::{self, Format, Sources};
use serde_json::Value;

use super::output::NotesFormat;
use super::{Context, Done, Stop};
use crate::engine;

#[derive(clap::Args)]
pub(super) struct Build {
    #[command(flatten)]
    format: NotesFormat,
    /// The interpreter to compile for
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Show what would be compiled; compile and write nothing
    #[arg(long, conflicts_with_all = ["watch", "json", "output_format"])]
    dry_run: bool,
    /// Build again whenever a source or the manifest changes
    #[arg(long, conflicts_with_all = ["json", "output_format"])]
    watch: bool,
}

impl Build {
    fn json(&self) -> bool {
        self.format.get() == Some(Format::Json)
    }
}

/// With notes on more functions than this, they are counted by code instead.
const MANY: usize = 20;

pub(super) fn run(context: &Context<'_>, arguments: &Build) -> Done {
    // Broken settings are reported before anything is started.
    let project = context.project()?;
    if arguments.dry_run {
        return planned(context, &project);
    }
    if !arguments.watch {
        return once(context, &project, arguments);
    }
    loop {
        let seen = stamp(context);
        match once(context, &project, arguments) {
            Ok(_) => {}
            Err(stop @ Stop::Python(_)) if is_interrupt(context, &stop) => return Err(stop),
            Err(stop) => {
                super::ended(context, stop);
            }
        }
        context.out.say("watching for changes, Ctrl-C ends");
        while stamp(context) == seen {
            context.py.detach(|| std::thread::sleep(Duration::from_millis(300)));
            context.py.check_signals()?;
        }
    }
}

/// What a build would make of each hotspot, as far as the compiler can tell without cargo.
fn planned(context: &Context<'_>, project: &Project) -> Done {
    let generated = context.work("compiling", || engine::compile(project, &[], false))??;
    let functions: Vec<_> = generated.packages.iter().flat_map(|package| &package.functions).collect();
    let shown = functions.iter().map(|function| {
        let reason = function.reason.as_ref().map(|reason| format!("  ({reason})")).unwrap_or_default();
        format!("{} {}{reason}\n", context.out.state(function.state.name(), 8), function.entry.function)
    });
    context.out.result(&shown.collect::<String>());
    if functions.is_empty() {
        context.out.say("no hotspots; `pytest --pyrust-profile` finds them");
    }
    context.out.say("nothing was compiled or written");
    Ok(0)
}

fn is_interrupt(context: &Context<'_>, stop: &Stop) -> bool {
    matches!(stop, Stop::Python(error) if error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(context.py))
}

/// Everything that a build depends on, with its time of change.
fn stamp(context: &Context<'_>) -> Vec<(PathBuf, Option<SystemTime>)> {
    let Ok(project) = context.project() else {
        // Broken settings: wait for them to change.
        let path = context.start.join("pyproject.toml");
        let time = std::fs::metadata(&path).and_then(|data| data.modified()).ok();
        return vec![(path, time)];
    };
    let own = [project.manifest_path.clone(), project.root.join("pyproject.toml")];
    let modules = project.packages.iter().flat_map(|package| &package.modules).map(|(_, path)| path.clone());
    own.into_iter()
        .chain(modules)
        .map(|path| {
            let time = std::fs::metadata(&path).and_then(|data| data.modified()).ok();
            (path, time)
        })
        .collect()
}

fn once(context: &Context<'_>, project: &Project, arguments: &Build) -> Done {
    // A broken manifest is shown as by every other command.
    engine::at(&project.root, project.manifest())?;
    let py = context.py;
    let driver = py.import("pyrust.driver")?;
    let keywords = PyDict::new(py);
    let progress = context.out.progress("reading the sources");
    let label = progress.label();
    let echo = PyCFunction::new_closure(py, None, None, move |arguments, _| -> PyResult<()> {
        let line: String = arguments.get_item(0)?.extract()?;
        if let Ok(mut label) = label.lock() {
            *label = line;
        }
        Ok(())
    })?;
    keywords.set_item("echo", echo)?;
    let root = project.root.to_string_lossy().into_owned();
    let outcome =
        driver.call_method("build_project", (&root, arguments.python.as_deref(), true), Some(&keywords));
    drop(progress);
    let result = match outcome {
        Ok(result) => result,
        Err(error) => {
            // A build that had to fail has left its report: machines get that, people get the message.
            if arguments.json()
                && let Some(mut report) = driver
                    .call_method1("last_result", (super::path(py, &root)?,))
                    .ok()
                    .filter(|r| !r.is_none())
                    .and_then(|r| super::to_json(&r).ok())
                && report.get("failure").is_some_and(|failure| *failure == error.value(py).to_string())
            {
                report["failed"] = true.into();
                context.out.result(&format!("{report:#}\n"));
            }
            return Err(error.into());
        }
    };
    let result = super::to_json(&result)?;
    if arguments.json() {
        context.out.result(&format!("{result:#}\n"));
    } else {
        people(context, project, &result, arguments.format.get());
    }
    let code = result["exit_code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
    Ok(code)
}

fn people(context: &Context<'_>, project: &Project, result: &Value, format: Option<Format>) {
    let out = &context.out;
    if result["up_to_date"] == true && format.is_none() {
        return out.result(&up_to_date(result));
    }
    let hotspots: Vec<&Value> = list(&result["hotspots"]).collect();
    let (found, mut sources) = findings(project, &hotspots);
    if let Some(format @ (Format::Github | Format::Sarif)) = format {
        // For machines: nothing else on standard output.
        out.findings(&found, &mut sources, format);
    } else {
        out.result(&hotspots.iter().map(|hotspot| line(context, hotspot)).collect::<String>());
        match format {
            None => eprint!("{}", some_notes(&hotspots)),
            Some(format) => out.notes(&found, &mut sources, format),
        }
    }
    let compiled = list(&result["hotspots"]).next().is_some()
        && matches!(result["cause"].as_str(), None | Some("hotspots"));
    let seconds =
        result["seconds"].as_f64().filter(|_| compiled).map(|s| format!(" in {s:.1} s")).unwrap_or_default();
    if let Some(message) = result["message"].as_str() {
        out.say(&format!("{message}{seconds}"));
    }
    if let Some(log) = result["log"].as_str().filter(|log| !log.is_empty()) {
        eprintln!("{log}");
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("?")
}

/// One line for each package.
fn up_to_date(result: &Value) -> String {
    list(&result["packages"])
        .filter(|package| result["modules"].get(text(package, "package")).is_some())
        .map(|package| {
            let own = || list(&result["hotspots"]).filter(|hotspot| hotspot["package"] == package["package"]);
            let native = own().filter(|hotspot| hotspot["state"] == "native").count();
            let total = own().count();
            let hotspots = match total {
                0 => "no hotspots".to_string(),
                1 => format!("{native} of 1 hotspot native"),
                _ => format!("{native} of {total} hotspots native"),
            };
            format!("{} is up to date: {hotspots}\n", text(package, "package"))
        })
        .collect()
}

/// `native   pkg.mod:f  (1 of 2 signatures; (None) -> int stays Python: PYR0401 …)`
fn line(context: &Context<'_>, hotspot: &Value) -> String {
    let detail = match hotspot["reason"].as_str() {
        Some(reason) => format!("  ({reason})"),
        None => refused(hotspot)
            .or_else(|| in_part(hotspot))
            .map(|words| format!("  ({words})"))
            .unwrap_or_default(),
    };
    format!("{} {}{detail}\n", context.out.state(text(hotspot, "state"), 8), text(hotspot, "function"))
}

/// What of a native function is not; `hotspot` is an entry of the report of a build.
fn refused(hotspot: &Value) -> Option<String> {
    let refused: Vec<&Value> = list(&hotspot["refused"]).collect();
    let first = refused.first()?;
    let native = list(&hotspot["signatures"]).count();
    let more = match refused.len() - 1 {
        0 => String::new(),
        more => format!("; and {more} more: `pyrust explain {}`", text(hotspot, "function")),
    };
    Some(format!(
        "{native} of {} signatures; {} stays Python: {}{more}",
        native + refused.len(),
        text(first, "signature"),
        text(first, "reason")
    ))
}

/// Which loops of a function are native where the whole is not, and at which lines a call leaves native code.
fn in_part(hotspot: &Value) -> Option<String> {
    let lines = |key: &str| -> Vec<String> { list(&hotspot[key]).map(Value::to_string).collect() };
    let (loops, left) = (lines("regions"), lines("left"));
    match (loops.as_slice(), left.as_slice()) {
        ([], []) => None,
        ([], left) => Some(format!(
            "Python where it gets to {}: `pyrust explain {}`",
            some_lines(left, "or"),
            text(hotspot, "function")
        )),
        ([_], _) => Some(format!("only the loop at {}", some_lines(&loops, "and"))),
        _ => Some(format!("only the loops at {}", some_lines(&loops, "and"))),
    }
}

/// `line 3`, `lines 3 and 4`, `lines 3, 4 and 5 more`.
pub(super) fn some_lines(lines: &[String], word: &str) -> String {
    const SHOWN: usize = 3;
    match lines {
        [one] => format!("line {one}"),
        [first @ .., last] if lines.len() <= SHOWN => format!("lines {} {word} {last}", first.join(", ")),
        _ => format!("lines {} {word} {} more", lines[..SHOWN].join(", "), lines.len() - SHOWN),
    }
}

/// For each function the first note; where there are many functions, what is serious, and the others by code.
fn some_notes(hotspots: &[&Value]) -> String {
    let noted: Vec<(&str, Vec<&Value>)> = hotspots
        .iter()
        .map(|hotspot| (text(hotspot, "function"), list(&hotspot["diagnostics"]).collect::<Vec<_>>()))
        .filter(|(_, notes)| !notes.is_empty())
        .collect();
    let many = noted.len() > MANY;
    let serious = |notes: &[&Value]| notes.iter().any(|note| note["severity"] != "note");
    let mut shown = String::new();
    for (function, notes) in noted.iter().filter(|(_, notes)| !many || serious(notes)).take(MANY) {
        // What is wrong comes before what is only not supported.
        let first = notes.iter().find(|note| note["severity"] != "note").unwrap_or(&notes[0]);
        shown.push_str(&format!("\n{}", text(first, "rendered")));
        if notes.len() > 1 {
            shown.push_str(&format!("  and {} more: `pyrust explain {function}`\n", notes.len() - 1));
        }
    }
    if many {
        shown.push_str(&statistics(&noted));
    }
    if !shown.is_empty() {
        shown.push('\n');
    }
    shown
}

/// How many functions have a note of each code first.
fn statistics(noted: &[(&str, Vec<&Value>)]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, notes) in noted {
        *counts.entry(text(notes[0], "code")).or_default() += 1;
    }
    let mut rows: Vec<(&str, usize)> = counts.into_iter().collect();
    rows.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let mut shown = format!("\n{} functions have notes, by the code of the first:\n", noted.len());
    for (code, count) in rows {
        let summary = codes::lookup(code).map_or("", |row| row.summary);
        shown.push_str(&format!("{count:6}  {code}  {summary}\n"));
    }
    shown
        .push_str("`pyrust explain FUNC|CODE` explains one, `pyrust build --output-format full` shows all\n");
    shown
}

/// What the report of a build says of all functions.
fn findings(project: &Project, hotspots: &[&Value]) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new(&project.root);
    let notes = hotspots.iter().flat_map(|hotspot| list(&hotspot["diagnostics"]));
    let found = notes.filter_map(|note| render::from_json(note, &mut sources)).collect();
    (found, sources)
}
