//! The `pyrust` command: arguments, dispatch, exit codes.
//!
//! 0 fine, 1 findings, 2 wrong use or broken input. Results go to standard output, messages to standard error.

mod brief;
mod build;
mod check;
mod clean;
mod edit;
mod explain;
mod init;
mod output;
mod report;
mod run;
mod scan;

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use pyo3::exceptions::{PyBrokenPipeError, PyKeyboardInterrupt, PySystemExit, PyUnicodeEncodeError};
use pyo3::prelude::*;
use pyrust_build::project::Project;

use crate::engine::{self, Failure};
use crate::guarded;
use output::{NotesFormat, Output, OutputFormat};

#[derive(Parser)]
#[command(name = "pyrust", version, about = "Compiles the hot functions of a Python package to Rust")]
#[command(max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Folder of the project, or one inside it
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = output::Colour::Auto)]
    color: output::Colour,
    /// Say less on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Set a project up: build requirement, settings, and the import that switches native code on
    Init {
        /// Show the changes, make none
        #[arg(long)]
        dry_run: bool,
    },
    /// Add a function to the manifest
    Add(edit::Add),
    /// Remove a function from the manifest
    Remove {
        /// As `module:qualname`
        #[arg(value_name = "FUNC", required = true)]
        functions: Vec<String>,
        /// Show the changes, make none
        #[arg(long)]
        dry_run: bool,
    },
    /// Run a command and record its hot functions and their types in the manifest
    Profile(run::Profile),
    /// Compile in place, for the Python that runs this
    Build(build::Build),
    /// Compare the manifest with the sources; needs no Rust and runs none of the project's code
    Check {
        /// Refresh source hashes, rename moved functions, unite merge conflicts, sort
        #[arg(long)]
        fix: bool,
        /// With --fix: show the changes, make none
        #[arg(long, requires = "fix")]
        dry_run: bool,
        #[command(flatten)]
        format: OutputFormat,
    },
    /// Compare native with Python on recorded and invented inputs
    Verify(run::Verify),
    /// Time each hotspot natively and in Python on the recorded calls
    Bench(run::Bench),
    /// Show what the last profile, build and verification said about each hotspot
    Report(report::Report),
    /// Explain a function (its types, effects and Rust) or a diagnostic code
    Explain {
        /// `module:qualname`, or a code such as `PYR0103`
        #[arg(value_name = "FUNC|CODE")]
        what: String,
        #[command(flatten)]
        format: NotesFormat,
    },
    /// Print what is needed to write the Rust of a function by hand: source, types, samples, effects, contract
    Brief {
        /// As `module:qualname`
        #[arg(value_name = "FUNC")]
        function: String,
    },
    /// Show which functions of the project could be compiled, without a profile
    Scan {
        /// Also those that could not, with the reason
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        format: NotesFormat,
    },
    /// Look at interpreters, Rust, cache and settings, and whether they work
    Doctor {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Find the hotspot that makes a command fail
    Bisect(run::Bisect),
    /// Remove compiled modules, reports and this project's part of the build cache
    Clean {
        /// Show what would be removed, remove nothing
        #[arg(long)]
        dry_run: bool,
        /// Remove the whole build cache instead, which all projects share
        #[arg(long)]
        cache: bool,
    },
    /// Speak the language server protocol on standard input and output: findings and hover for editors
    Lsp,
    /// Print a completion script for a shell
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Why a command ends early.
enum Stop {
    /// Something is wrong with the project.
    Failure(Failure),
    /// A message, and the exit code.
    Message(String, i32),
    /// Python code of ours raised.
    Python(PyErr),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failure(failure)
    }
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Stop::Python(error)
    }
}

/// The exit code of a command.
type Done = Result<i32, Stop>;

/// What every command gets.
struct Context<'py> {
    py: Python<'py>,
    out: Output,
    start: PathBuf,
}

impl Context<'_> {
    /// The project around the working folder, or the one that `--project` names.
    fn project(&self) -> Result<Project, Stop> {
        Ok(engine::at(&self.start, Project::discover(&self.start))?)
    }

    /// Compiler work: without the GIL, with a deep stack.
    fn work<T: Send>(&self, what: &str, work: impl FnOnce() -> T + Send) -> Result<T, Stop> {
        let _progress = self.out.progress(what);
        let result = self.py.detach(|| guarded(|| pyrust_build::workspace::with_deep_stack(work)));
        result.map_err(|message| Stop::Message(message, 2))
    }
}

/// Runs one command line; returns the exit code.
pub(crate) fn main(py: Python<'_>, argv: &[String]) -> i32 {
    guarded(|| run(py, argv)).unwrap_or_else(|message| {
        eprintln!("pyrust: {message}");
        2
    })
}

fn run(py: Python<'_>, argv: &[String]) -> i32 {
    let words = std::iter::once("pyrust").chain(argv.iter().map(String::as_str));
    let parsed = Arguments::command()
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output with code 0, mistakes to standard error with 2.
            let _ = error.print();
            return error.exit_code();
        }
    };
    let out = Output::new(arguments.color, arguments.quiet);
    let start = match &arguments.project {
        Some(path) if path.is_dir() => path.clone(),
        Some(path) => {
            out.error(&format!("`{}` is not a folder", path.display()));
            return 2;
        }
        None => std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    };
    let mut context = Context { py, out, start };
    match dispatch(&mut context, arguments.command) {
        Ok(code) => code,
        Err(stop) => ended(&context, stop),
    }
}

const SHELLS_IN_FISH: &str = "complete -c pyrust -n \"__fish_seen_subcommand_from completion\" \
                              -f -a \"bash elvish fish powershell zsh\"\n";

fn dispatch(context: &mut Context<'_>, command: Command) -> Done {
    match command {
        Command::Init { dry_run } => init::run(context, dry_run),
        Command::Add(arguments) => edit::add(context, &arguments),
        Command::Remove { functions, dry_run } => edit::remove(context, &functions, dry_run),
        Command::Profile(arguments) => run::profile(context, arguments),
        Command::Build(arguments) => build::run(context, &arguments),
        Command::Check { fix, dry_run, format } => check::run(context, fix, dry_run, format.get()),
        Command::Verify(arguments) => run::verify(context, &arguments),
        Command::Bench(arguments) => run::bench(context, &arguments),
        Command::Report(arguments) => report::run(context, &arguments),
        Command::Explain { what, format } => explain::run(context, &what, format.get()),
        Command::Brief { function } => brief::run(context, &function),
        Command::Scan { all, format } => scan::run(context, all, format.get()),
        Command::Doctor { json } => run::doctor(context, json),
        Command::Bisect(arguments) => run::bisect(context, &arguments),
        Command::Lsp => run::lsp(context),
        Command::Clean { dry_run, cache } => clean::run(context, dry_run, cache),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "pyrust", &mut script);
            if shell == clap_complete::Shell::Fish {
                // What is made for fish knows the values of options only.
                script.extend_from_slice(SHELLS_IN_FISH.as_bytes());
            }
            context.out.result(&String::from_utf8_lossy(&script));
            Ok(0)
        }
    }
}

/// Says why, in one place.
fn ended(context: &Context<'_>, stop: Stop) -> i32 {
    match stop {
        Stop::Failure(failure) => {
            context.out.findings_to_stderr(&failure);
            failure.exit_code()
        }
        Stop::Message(message, code) => {
            context.out.error(&message);
            code
        }
        Stop::Python(error) => python_error(context, &error),
    }
}

/// A `pathlib.Path`.
fn path<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("pathlib")?.call_method1("Path", (text,))
}

/// What Python code of ours returns, which `json` can write.
fn to_json(object: &Bound<'_, PyAny>) -> PyResult<serde_json::Value> {
    let text: String = object.py().import("json")?.call_method1("dumps", (object,))?.extract()?;
    serde_json::from_str(&text).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}

/// An exception of Python code that we called: one line, never a traceback.
fn python_error(context: &Context<'_>, error: &PyErr) -> i32 {
    let py = context.py;
    let value = error.value(py);
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        context.out.error("interrupted");
        return 130;
    }
    if error.is_instance_of::<PyBrokenPipeError>(py) {
        // A reader that has gone away (`| head`) is no error. What is left in the stream is for `pyrust.cli`.
        return 0;
    }
    let text = value.str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    if error.is_instance_of::<PySystemExit>(py) {
        let code = value.getattr("code").ok();
        if let Some(code) = code.as_ref().and_then(|code| code.extract::<i32>().ok()) {
            return code;
        }
        if !text.is_empty() {
            context.out.error(&text);
        }
        return if code.is_some_and(|code| code.is_none()) { 0 } else { 2 };
    }
    if error.is_instance_of::<PyUnicodeEncodeError>(py) {
        // A path that this locale has no bytes for.
        context.out.error(&format!("{text}: set PYTHONUTF8=1 or another locale"));
        return 2;
    }
    let own = value.getattr("exit_code").ok().and_then(|code| code.extract::<i32>().ok());
    match own {
        Some(code) => {
            context.out.error(&text);
            code
        }
        None => {
            let class = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
            context.out.error(&format!("internal error: {class}: {text}; please report this"));
            2
        }
    }
}
