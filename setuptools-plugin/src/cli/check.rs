//! `pyrust check`.

use pyrust_build::check;
use pyrust_build::diagnostic::Severity;
use pyrust_build::init::Change;
use pyrust_build::render::{Format, Sources};

use super::{Context, Done};
use crate::engine;

pub(super) fn run(context: &Context<'_>, fix: bool, dry_run: bool, format: Format) -> Done {
    let project = context.project()?;
    if fix {
        let fixed =
            context.work("reading the sources", || engine::at(&project.root, check::fix(&project)))??;
        if let Some(fixed) = fixed.filter(|fixed| !fixed.done.is_empty()) {
            for line in &fixed.done {
                context.out.say(line);
            }
            if dry_run {
                let path = project.relative(&project.manifest_path);
                let old = engine::at(&project.root, project.manifest_text())?;
                context.out.diff(&Change { path, old, new: fixed.text }.diff());
                return Ok(0);
            }
            engine::at(&project.root, check::write(&project, &fixed.text))?;
        }
    }
    let findings = context.work("reading the sources", || check::check(&project))?;
    let mut sources = Sources::new(&project.root);
    context.out.findings(&findings, &mut sources, format);
    let path = project.relative(&project.manifest_path);
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    if !project.manifest_path.exists() {
        context.out.say(&format!("no {path} yet; `pytest --pyrust-profile` writes it"));
    } else if findings.is_empty() {
        context.out.say(&format!("{path} is in step with the sources"));
    } else {
        let parts: Vec<String> = [(errors, "error"), (warnings, "finding"), (notes, "note")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        context.out.say(&parts.join(", "));
    }
    Ok(check::exit_code(&findings))
}
