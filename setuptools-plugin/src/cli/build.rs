//! `pyrust build`: calls the driver, which is Python, since the build hooks are.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use pyrust_build::project::Project;
use serde_json::Value;

use super::{Context, Done, Stop};

#[derive(clap::Args)]
pub(super) struct Build {
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// The interpreter to compile for
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Build again whenever a source or the manifest changes
    #[arg(long, conflicts_with = "json")]
    watch: bool,
}

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
            if arguments.json
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
    if arguments.json {
        context.out.result(&format!("{result:#}\n"));
    } else {
        people(context, &result);
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

fn people(context: &Context<'_>, result: &Value) {
    let out = &context.out;
    let mut text = String::new();
    for hotspot in result["hotspots"].as_array().into_iter().flatten() {
        let state = hotspot["state"].as_str().unwrap_or("?");
        let name = hotspot["function"].as_str().unwrap_or("?");
        text.push_str(&format!("{} {name}", out.state(state, 8)));
        if let Some(reason) = hotspot["reason"].as_str() {
            text.push_str(&format!("  ({reason})"));
        }
        text.push('\n');
    }
    out.result(&text);
    for hotspot in result["hotspots"].as_array().into_iter().flatten() {
        for diagnostic in hotspot["diagnostics"].as_array().into_iter().flatten() {
            if let Some(rendered) = diagnostic["rendered"].as_str() {
                eprint!("\n{rendered}");
            }
        }
    }
    let seconds = result["seconds"].as_f64().map(|s| format!(" in {s:.1} s")).unwrap_or_default();
    if let Some(message) = result["message"].as_str() {
        out.say(&format!("{message}{seconds}"));
    }
    if let Some(log) = result["log"].as_str().filter(|log| !log.is_empty()) {
        eprintln!("{log}");
    }
}
