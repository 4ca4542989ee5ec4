//! Commands whose work is done in Python, since they run code of the project: the options are read here, and handed over.

use pyo3::prelude::*;
use serde_json::json;

use super::{Context, Done, Stop, edit};

/// Modules with a `main(…) -> int`.
pub(super) const PROFILE: &str = "pyrust.profile";
pub(super) const VERIFY: &str = "pyrust.verify";
pub(super) const BENCH: &str = "pyrust.bench";

#[derive(clap::Args)]
pub(super) struct Profile {
    /// Forget the recorded types of this function first, so that they can narrow; may be repeated
    #[arg(long, value_name = "FUNC")]
    reset: Vec<String>,
    /// Share of the CPU time, in percent, from which a function is hot; 0 takes every function that is called
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    threshold: Option<f64>,
    /// Another manifest than the project's
    #[arg(long, value_name = "PATH")]
    manifest: Option<String>,
    /// With --reset: show the changes, make none, run nothing
    #[arg(long, requires = "reset")]
    dry_run: bool,
    /// The command; its exit code becomes ours
    #[arg(value_name = "CMD", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct Verify {
    /// Only these functions (`module:qualname`)
    #[arg(value_name = "FUNC")]
    functions: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Bench {
    /// Only these functions (`module:qualname`)
    #[arg(value_name = "FUNC")]
    functions: Vec<String>,
    /// Write `gate = "slower"` for what is slower by a clear margin, remove it from what is faster by one
    #[arg(long, conflicts_with = "compare")]
    gate: bool,
    /// With --gate: say what would be written, write nothing
    #[arg(long, requires = "gate")]
    dry_run: bool,
    /// Compare with another revision of the project (git); exit code 1 when a function has become slower
    #[arg(long, value_name = "REV")]
    compare: Option<String>,
    /// Time for each function, roughly
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    seconds: Option<f64>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Bisect {
    /// The command that fails
    #[arg(value_name = "CMD", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("a percentage from 0 to 100 is expected".to_string()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && value < 1e6 => Ok(value),
        _ => Err("a number of seconds above 0 is expected".to_string()),
    }
}

pub(super) fn profile(context: &Context<'_>, arguments: Profile) -> Done {
    if arguments.command.is_empty() && arguments.reset.is_empty() {
        let message = "no command; for example `pyrust profile -- python -m pytest`".to_string();
        return Err(Stop::Message(message, 2));
    }
    if !arguments.reset.is_empty() {
        edit::forget(context, arguments.manifest.as_deref(), &arguments.reset, arguments.dry_run)?;
        if arguments.dry_run {
            return Ok(0);
        }
        if arguments.command.is_empty() {
            context.out.say("forgotten; the next profile records the types again");
            return Ok(0);
        }
    }
    let mut argv = Vec::new();
    argv.extend(arguments.threshold.map(|threshold| format!("--threshold={threshold}")));
    argv.extend(arguments.manifest.map(|path| format!("--manifest={path}")));
    argv.push("--".to_string());
    argv.extend(arguments.command);
    call(context, PROFILE, argv)
}

pub(super) fn verify(context: &Context<'_>, arguments: &Verify) -> Done {
    let options = json!({ "functions": arguments.functions, "json": arguments.json });
    call(context, VERIFY, options.to_string())
}

pub(super) fn bench(context: &Context<'_>, arguments: &Bench) -> Done {
    let options = json!({
        "functions": arguments.functions,
        "gate": arguments.gate,
        "dry_run": arguments.dry_run,
        "compare": arguments.compare,
        "seconds": arguments.seconds,
        "json": arguments.json,
    });
    call(context, BENCH, options.to_string())
}

pub(super) fn bisect(context: &Context<'_>, arguments: &Bisect) -> Done {
    call(context, "pyrust.bisection", json!({ "command": arguments.command }).to_string())
}

pub(super) fn doctor(context: &Context<'_>, as_json: bool) -> Done {
    call(context, "pyrust.doctor", json!({ "json": as_json }).to_string())
}

pub(super) fn lsp(context: &Context<'_>) -> Done {
    call(context, "pyrust.lsp", "{}".to_string())
}

/// Calls `main`; options go there as JSON.
fn call(context: &Context<'_>, module: &str, argument: impl for<'a> IntoPyObject<'a>) -> Done {
    // The Python side finds the project from the working folder.
    if std::env::current_dir().ok().as_ref() != Some(&context.start) {
        let os = context.py.import("os")?;
        os.call_method1("chdir", (context.start.to_string_lossy().into_owned(),))?;
    }
    let progress = context.py.import("pyrust.progress")?;
    progress.setattr("live", context.out.is_live())?;
    progress.setattr("quiet", context.out.is_quiet())?;
    let code: i32 = context.py.import(module)?.call_method1("main", (argument,))?.extract()?;
    Ok(code)
}
