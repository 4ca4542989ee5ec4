//! `pyrust add` and `pyrust remove`.

use pyrust_build::diagnostic::{Diagnostic, Severity};
use pyrust_build::init::Change;
use pyrust_build::manifest::{Manifest, Mode};
use pyrust_build::names;
use pyrust_build::project::Project;
use pyrust_build::signature::{Signature, set};
use pyrust_build::workspace::Workspace;

use super::{Context, Done, Stop};
use crate::engine::{self, Failure, Outcome};

#[derive(clap::Args)]
pub(super) struct Add {
    /// As `module:qualname`
    #[arg(value_name = "FUNC")]
    function: String,
    /// Types of the parameters and of the result, for example "(str, int) -> float"; may be repeated
    #[arg(long = "sig", value_name = "S", required = true)]
    signatures: Vec<String>,
    /// What is to become of the function
    #[arg(long, value_enum)]
    mode: Option<ModeChoice>,
    /// Show the changes, make none
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ModeChoice {
    Native,
    Python,
    Require,
}

/// Adds an entry, or signatures to the entry that is there.
pub(super) fn add(context: &Context<'_>, arguments: &Add) -> Done {
    let project = context.project()?;
    let function = arguments.function.as_str();
    if let Err(problem) = names::check_function(function) {
        let hint = context.work("reading the sources", || Workspace::new(&project).did_you_mean(function))?;
        return Err(Stop::Message(with_hint(&problem, hint), 2));
    }
    let mut signatures = Vec::new();
    for text in &arguments.signatures {
        match Signature::parse(text) {
            Ok(signature) => signatures.push(signature),
            Err(error) => {
                let caret = " ".repeat(text[..error.offset.min(text.len())].chars().count());
                return Err(Stop::Message(format!("bad signature: {error}\n  {text}\n  {caret}^"), 2));
            }
        }
    }
    let (hash, parameters) = context.work("reading the sources", || find(&project, function))??;
    for signature in &signatures {
        if signature.params.len() != parameters {
            let message = format!(
                "`{function}` has {parameters} parameter{}, but `{signature}` has {}",
                if parameters == 1 { "" } else { "s" },
                signature.params.len()
            );
            return Err(Stop::Message(message, 2));
        }
    }
    edit(context, &project, arguments.dry_run, |manifest| {
        let entry = manifest.entry_or_add(function);
        let kept: Vec<Signature> =
            entry.signatures.iter().filter(|s| s.params.len() == parameters).cloned().collect();
        entry.signatures = set::unite(&kept, &signatures);
        entry.source = Some(hash);
        entry.gate = false;
        if let Some(mode) = arguments.mode {
            entry.mode = match mode {
                ModeChoice::Native => Mode::Native,
                ModeChoice::Python => Mode::Python,
                ModeChoice::Require => Mode::Require,
            };
        }
        Ok(())
    })
}

/// Hash and number of parameters of a function of the project.
fn find(project: &Project, function: &str) -> Outcome<(String, usize)> {
    let mut workspace = Workspace::new(project);
    let refuse = |finding: Diagnostic| Err(Failure { findings: vec![finding], root: project.root.clone() });
    let hash = match workspace.source_hash(function) {
        Ok(hash) => hash,
        Err(problem) => {
            let mut finding = Diagnostic::new("PYR0111", Severity::Error, problem);
            let hint = workspace.did_you_mean(function);
            finding.help =
                Some(hint.unwrap_or_else(|| "`pyrust scan --all` lists the functions of the project".into()));
            return refuse(finding);
        }
    };
    let (module, qualname) = function.split_once(':').unwrap_or((function, ""));
    match workspace.target(module, qualname) {
        pyrust_build::workspace::Target::Found { function, .. } => {
            Ok((hash, function.params.in_frame_order().count()))
        }
        _ => unreachable!("its hash was computed"),
    }
}

/// Removes entries.
pub(super) fn remove(context: &Context<'_>, functions: &[String], dry_run: bool) -> Done {
    let project = context.project()?;
    edit(context, &project, dry_run, |manifest| {
        for function in functions {
            known(manifest, function)?;
            manifest.remove(function);
        }
        Ok(())
    })
}

/// Forgets the recorded types of entries.
pub(super) fn forget(
    context: &Context<'_>,
    manifest: Option<&str>,
    functions: &[String],
    dry_run: bool,
) -> Result<(), Stop> {
    let mut project = context.project()?;
    if let Some(path) = manifest {
        project.manifest_path = project.root.join(path);
    }
    edit(context, &project, dry_run, |manifest| {
        for function in functions {
            known(manifest, function)?;
            manifest.entry_or_add(function).signatures.clear();
        }
        Ok(())
    })
    .map(drop)
}

/// Is there an entry?
fn known(manifest: &Manifest, function: &str) -> Result<(), Stop> {
    if manifest.entry(function).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = manifest.hotspots.iter().map(|entry| entry.function.as_str()).collect();
    let hint = names::did_you_mean_function(function, known);
    Err(Stop::Message(with_hint(&format!("`{function}` is not in the manifest"), hint), 2))
}

fn with_hint(problem: &str, hint: Option<String>) -> String {
    hint.into_iter().fold(problem.to_string(), |problem, hint| format!("{problem}; {hint}"))
}

fn edit(
    context: &Context<'_>,
    project: &Project,
    dry_run: bool,
    change: impl FnOnce(&mut Manifest) -> Result<(), Stop>,
) -> Done {
    let path = project.relative(&project.manifest_path);
    let old = engine::at(&project.root, project.manifest_text())?;
    let mut manifest = engine::at(&project.root, project.manifest())?;
    change(&mut manifest)?;
    let new = manifest.render(old.as_deref());
    if old.as_deref() == Some(new.as_str()) {
        context.out.say(&format!("{path} is unchanged"));
        return Ok(0);
    }
    let change = Change { path: path.clone(), old, new };
    context.out.diff(&change.diff());
    if !dry_run {
        engine::at(&project.root, pyrust_build::check::write(project, &change.new))?;
    }
    Ok(0)
}
