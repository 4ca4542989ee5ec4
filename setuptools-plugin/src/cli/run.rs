//! Commands whose work is done in Python: `profile`, `verify`, `bench`.

use pyo3::prelude::*;

use super::{Context, Done, Stop};
use crate::engine;

/// Modules with a `main(argv) -> int`.
pub(super) const PROFILE: &str = "pyrust.profile";
pub(super) const VERIFY: &str = "pyrust.verify";
pub(super) const BENCH: &str = "pyrust.bench";

#[derive(clap::Args)]
pub(super) struct Profile {
    /// Forget the recorded types of this function first, so that they can narrow; may be repeated
    #[arg(long, value_name = "FUNC")]
    reset: Vec<String>,
    /// Share of the CPU time, in percent, from which a function is hot; 0 takes every function that is called
    #[arg(long, value_name = "PERCENT")]
    threshold: Option<f64>,
    /// Another manifest than the project's
    #[arg(long, value_name = "PATH")]
    manifest: Option<String>,
    /// The command; its exit code becomes ours
    #[arg(value_name = "CMD", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(super) struct Passed {
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Whether this installation has the module. It is not imported: every command line asks.
pub(super) fn exists(py: Python<'_>, module: &str) -> bool {
    let find = || py.import("importlib.util")?.call_method1("find_spec", (module,));
    find().is_ok_and(|spec| !spec.is_none())
}

pub(super) fn profile(context: &Context<'_>, arguments: Profile) -> Done {
    if arguments.command.is_empty() && arguments.reset.is_empty() {
        let message = "no command; for example `pyrust profile -- python -m pytest`".to_string();
        return Err(Stop::Message(message, 2));
    }
    let root = context.root()?;
    if !arguments.reset.is_empty() {
        engine::reset(&root, arguments.manifest.as_deref(), &arguments.reset)?;
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

pub(super) fn passed(context: &Context<'_>, name: &str, module: &str, arguments: Passed) -> Done {
    if !exists(context.py, module) {
        return Err(Stop::Message(format!("`pyrust {name}` is not in this version"), 2));
    }
    call(context, module, arguments.arguments)
}

fn call(context: &Context<'_>, module: &str, argv: Vec<String>) -> Done {
    // The Python side finds the project from the working folder.
    if std::env::current_dir().ok().as_ref() != Some(&context.start) {
        let os = context.py.import("os")?;
        os.call_method1("chdir", (context.start.to_string_lossy().into_owned(),))?;
    }
    let code: i32 = context.py.import(module)?.call_method1("main", (argv,))?.extract()?;
    Ok(code)
}
