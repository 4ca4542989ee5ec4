//! `pyrust build`: calls the driver, which is Python, since the build hooks are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use pyrust_build::codes;
use pyrust_build::project::Project;
use serde_json::Value;

use super::{Context, Done, Stop};

#[derive(clap::Args)]
pub(super) struct Build {
    /// How notes are printed; the default is one for each function, or a sum where there are many
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<Style>,
    /// Short for --output-format json: one object
    #[arg(long)]
    json: bool,
    /// The interpreter to compile for
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Build again whenever a source or the manifest changes
    #[arg(long, conflicts_with_all = ["json", "output_format"])]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Style {
    Full,
    Concise,
    Json,
}

impl Build {
    fn json(&self) -> bool {
        self.json || self.output_format == Some(Style::Json)
    }
}

/// With notes on more functions than this, they are counted by code instead.
const MANY: usize = 20;

pub(super) fn run(context: &Context<'_>, arguments: &Build) -> Done {
    // Broken settings are reported before anything is started.
    let project = context.project()?;
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
    let py = context.py;
    let driver = py.import("pyrust.driver")?;
    let keywords = PyDict::new(py);
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        let echo = PyCFunction::new_closure(py, None, None, |arguments, _| -> PyResult<()> {
            let line: String = arguments.get_item(0)?.extract()?;
            eprintln!("pyrust: {line}");
            Ok(())
        })?;
        keywords.set_item("echo", echo)?;
    }
    let root = project.root.to_string_lossy().into_owned();
    let outcome =
        driver.call_method("build_project", (&root, arguments.python.as_deref(), true), Some(&keywords));
    let result = match outcome {
        Ok(result) => result,
        Err(error) => {
            // A build that had to fail has left its report: machines get that, people get the message.
            if arguments.json()
                && let Some(mut report) = driver
                    .call_method1("last_result", (path(py, &root)?,))
                    .ok()
                    .filter(|r| !r.is_none())
                    .and_then(|r| to_json(&r).ok())
                && report.get("failure").is_some_and(|failure| *failure == error.value(py).to_string())
            {
                report["failed"] = true.into();
                context.out.result(&format!("{report:#}\n"));
            }
            return Err(error.into());
        }
    };
    let result = to_json(&result)?;
    if arguments.json() {
        context.out.result(&format!("{result:#}\n"));
    } else {
        people(context, &result, arguments.output_format);
    }
    let code = result["exit_code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
    Ok(code)
}

fn path<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("pathlib")?.call_method1("Path", (text,))
}

fn to_json(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let text: String = object.py().import("json")?.call_method1("dumps", (object,))?.extract()?;
    serde_json::from_str(&text).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}

fn people(context: &Context<'_>, result: &Value, style: Option<Style>) {
    let out = &context.out;
    if result["up_to_date"] == true && style.is_none() {
        return out.result(&up_to_date(result));
    }
    let hotspots: Vec<&Value> = list(&result["hotspots"]).collect();
    out.result(&hotspots.iter().map(|hotspot| line(context, hotspot)).collect::<String>());
    match style {
        None => eprint!("{}", some_notes(&hotspots)),
        Some(style) => eprint!("{}", all_notes(&hotspots, style)),
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
        None => refused(hotspot).map(|words| format!("  ({words})")).unwrap_or_default(),
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

fn all_notes(hotspots: &[&Value], style: Style) -> String {
    let notes = hotspots.iter().flat_map(|hotspot| list(&hotspot["diagnostics"]));
    match style {
        Style::Full => notes.map(|note| format!("\n{}", text(note, "rendered"))).collect(),
        Style::Concise | Style::Json => notes
            .map(|note| {
                let place = match note["path"].as_str() {
                    Some(path) => format!("{path}:{}:{}: ", note["line"], note["column"]),
                    None => String::new(),
                };
                let function =
                    note["function"].as_str().map(|name| format!(" (in `{name}`)")).unwrap_or_default();
                let message = text(note, "message").replace('\n', "; ");
                format!("{place}{} {message}{function}\n", text(note, "code"))
            })
            .collect(),
    }
}
