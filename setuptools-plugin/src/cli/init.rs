//! `pyrust init`.

use pyrust_build::init;

use super::{Context, Done};
use crate::engine;

pub(super) fn run(context: &Context<'_>, dry_run: bool) -> Done {
    let project = context.project()?;
    let plan =
        context.work("looking at the project", || engine::at(&project.root, init::plan(&project)))??;
    context.out.diff(&plan.diff());
    for note in &plan.notes {
        context.out.say(&format!("note: {note}"));
    }
    if plan.changes.is_empty() {
        if !project.packages.is_empty() {
            context.out.say("everything is set up already");
        }
    } else if dry_run {
        context.out.say(&format!("{} would change; nothing was written", files(plan.changes.len())));
    } else {
        engine::at(&project.root, plan.apply(&project.root))?;
        context.out.say(&format!("{} changed", files(plan.changes.len())));
        if !project.manifest_path.exists() && !project.packages.is_empty() {
            context.out.say("next: `pytest --pyrust-profile` (from pytest-pyrust) finds the hot functions");
        }
    }
    Ok(0)
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}
