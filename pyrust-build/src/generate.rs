//! A whole project through the compiler: one generated text for each package that has hotspots.
//!
//! The one path for the command line, the build hooks and `build.rs`; so all of them write the same bytes.

use std::collections::BTreeMap;

use crate::bodies::{self, BodyFile};
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest;
use crate::explain::Explanation;
use crate::hash;
use crate::host;
use crate::init;
use crate::manifest::{Entry, Manifest, Mode};
use crate::pipeline;
use crate::project::{Package, Project};
use crate::signature::SigType;
use crate::source::SourceFile;
use crate::workspace::{Target, Workspace};

/// What the compiler made of a project.
#[derive(Debug)]
pub struct Generated {
    pub packages: Vec<GeneratedPackage>,
    /// Findings about the project as a whole: stale sources, unreadable files.
    pub diagnostics: Vec<Diagnostic>,
}

/// What it made of one package.
#[derive(Debug)]
pub struct GeneratedPackage {
    pub package: Package,
    /// The text of `pyrust_hotspots.rs`. Without native functions it makes a module that only says why.
    pub rust: String,
    /// Sorted by name; empty for a package that only imports its module.
    pub functions: Vec<Function>,
    /// Functions whose digest the target interpreter has to compute.
    pub digests: Vec<String>,
    /// The lines of those whose name several functions of the file have.
    pub digest_lines: BTreeMap<String, usize>,
    /// The text of those that stand in no file.
    pub digest_texts: BTreeMap<String, crate::pipeline::Texts>,
    /// The loops that are compiled alone, by function.
    pub regions: BTreeMap<String, Vec<pipeline::Loop>>,
    /// The files that the text takes in, by hand, beside it.
    pub bodies: Vec<BodyFile>,
    /// How many expressions inference looked at.
    pub work: usize,
}

/// What became of one entry of the manifest.
#[derive(Debug)]
pub struct Function {
    pub entry: Entry,
    /// The hash of its present source, if it is found.
    pub source: Option<String>,
    pub state: State,
    /// A code and a text, unless it is native.
    pub reason: Option<String>,
    /// The signatures that are native.
    pub signatures: Vec<String>,
    /// Signatures of a native function that stay Python, each with the reason.
    pub refused: Vec<(String, String)>,
    pub diagnostics: Vec<Diagnostic>,
    /// Types and effects of each specialisation, for `pyrust explain`.
    pub explain: Vec<Explanation>,
    /// Bodies written by hand, used or not.
    pub bodies: Vec<bodies::Use>,
    /// The lines of loops that are native, where the rest of the function stays Python; `reason` says why.
    pub regions: Vec<usize>,
}

/// The states that a build can tell; the others exist at run time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Native,
    Python,
    /// By `mode = "python"` or the gate.
    Disabled,
}

impl State {
    /// As `status()` says it.
    pub fn name(self) -> &'static str {
        match self {
            State::Native => "native",
            State::Python => "python",
            State::Disabled => "disabled",
        }
    }
}

impl GeneratedPackage {
    /// The request for `digest::program`; paths relative to the root.
    pub fn digest_request(&self, project: &Project) -> serde_json::Value {
        let named = (&self.digest_lines, &self.digest_texts);
        digest::request(&self.digests, named, &self.regions, |module| {
            self.package.module(module).map(|path| project.relative(path))
        })
    }
}

/// Compiles the hotspots of `manifest`. Functions in `dropped` stay Python, whatever the manifest says, and files of bodies in it are not used.
pub fn generate(project: &Project, manifest: &Manifest, dropped: &[String]) -> Generated {
    with(project, manifest, dropped, pipeline::generate)
}

/// What becomes of the hotspots, without a text.
pub fn asked(project: &Project, manifest: &Manifest) -> Generated {
    with(project, manifest, &[], pipeline::asked)
}

type Pipeline = fn(&pipeline::Input) -> pipeline::Output;

fn with(project: &Project, manifest: &Manifest, dropped: &[String], pipeline: Pipeline) -> Generated {
    let mut workspace = Workspace::new(project);
    let mut diagnostics = Vec::new();
    let (by_hand, found) = bodies::of(project, manifest);
    diagnostics.extend(found);
    let mut packages: Vec<(Package, Vec<Entry>, Vec<Function>)> = Vec::new();
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for entry in &manifest.hotspots {
        // An entry of a module that is nowhere is reported with the first package: it must not get lost.
        let Some(owner) = owner(project, entry.module()).or(project.packages.first()) else {
            diagnostics.push(missing(&mut workspace, manifest, entry));
            continue;
        };
        let slot = match packages.iter_mut().find(|(package, _, _)| package.name == owner.name) {
            Some(slot) => slot,
            None => {
                packages.push((owner.clone(), Vec::new(), Vec::new()));
                packages.last_mut().expect("just pushed")
            }
        };
        let mut entry = entry.clone();
        match workspace.target(entry.module(), entry.qualname()) {
            Target::Found { function, .. } => {
                let present = hash::source_hash(function);
                let stale = entry.source.as_ref().is_some_and(|source| *source != present);
                hashes.insert(entry.function.clone(), present);
                // The gate was about the recorded source.
                entry.gate &= !stale;
                if stale {
                    diagnostics.extend(crate::check::entry_findings(&mut workspace, manifest, &entry));
                }
                slot.1.push(entry);
            }
            Target::NoModule | Target::Missing => {
                let finding = missing(&mut workspace, manifest, &entry);
                slot.2.push(python(entry, finding));
            }
            Target::Ambiguous { .. } | Target::Broken(_) => {
                let finding = crate::check::entry_findings(&mut workspace, manifest, &entry).remove(0);
                slot.2.push(python(entry, finding));
            }
        }
    }
    for package in &project.packages {
        let known = packages.iter().any(|(other, _, _)| other.name == package.name);
        if !known && imports_its_module(package) {
            packages.push((package.clone(), Vec::new(), Vec::new()));
        }
    }
    packages.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    let packages = packages.into_iter().map(|(package, entries, rest)| {
        compile(
            (project, pipeline),
            package,
            (entries, rest),
            manifest,
            (dropped, &by_hand),
            &mut diagnostics,
        )
    });
    let mut packages: Vec<GeneratedPackage> = packages.collect();
    for function in packages.iter_mut().flat_map(|package| &mut package.functions) {
        function.source = hashes.remove(&function.entry.function);
    }
    Generated { packages, diagnostics }
}

/// A package without hotspots that imports its module has an empty one after a build: under `PYRUST=require` a missing
/// module is an error, and nothing is missing here.
fn imports_its_module(package: &Package) -> bool {
    host::text(&package.importing_file()).is_some_and(|text| init::imports_extension(package, &text))
}

/// The package of a module: by name, also when the module itself is missing.
fn owner<'a>(project: &'a Project, module: &str) -> Option<&'a Package> {
    project
        .packages
        .iter()
        .filter(|package| {
            module
                .strip_prefix(package.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .max_by_key(|package| package.name.len())
}

fn missing(workspace: &mut Workspace<'_>, manifest: &Manifest, entry: &Entry) -> Diagnostic {
    crate::check::entry_findings(workspace, manifest, entry).into_iter().next().unwrap_or_else(|| {
        Diagnostic::new("PYR0111", Severity::Warning, format!("`{}` is missing", entry.function))
    })
}

pub(crate) fn reason_of(finding: &Diagnostic) -> String {
    format!("{} {}", finding.code, finding.message)
}

fn python(entry: Entry, finding: Diagnostic) -> Function {
    Function {
        reason: Some(reason_of(&finding)),
        entry,
        source: None,
        state: State::Python,
        signatures: Vec::new(),
        refused: Vec::new(),
        explain: Vec::new(),
        bodies: Vec::new(),
        regions: Vec::new(),
        diagnostics: vec![finding],
    }
}

/// The sources of a package. Whoever needs one that cannot be read is refused; the others do not care.
fn modules_of(project: &Project, package: &Package) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let (mut modules, mut findings) = (Vec::new(), Vec::new());
    for (name, path) in &package.modules {
        let shown = project.relative(path);
        match host::read_source(path, &shown) {
            Ok(text) => modules.push(SourceFile::new(name.as_str(), shown, text)),
            Err(finding) => findings.push(Diagnostic { severity: Severity::Note, ..*finding }),
        }
    }
    (modules, findings)
}

/// What a body of a function relies on, and so for which source it is written.
pub fn reliance(project: &Project, function: &str) -> Option<bodies::Reliance> {
    let package = owner(project, function.split(':').next()?)?;
    pipeline::reliance(&modules_of(project, package).0, function)
}

/// What is wrong with bodies written by hand, apart from what only rustc can tell.
pub fn look_at_bodies(project: &Project, manifest: &Manifest) -> Vec<Diagnostic> {
    let (by_hand, mut findings) = bodies::of(project, manifest);
    let found = bodies::find(&by_hand).0;
    for package in &project.packages {
        let has_body = |entry: &&Entry| found.iter().any(|body| body.function == entry.function);
        let own = |entry: &&Entry| owner(project, entry.module()).is_some_and(|o| o.name == package.name);
        let hotspots: Vec<Entry> = manifest.hotspots.iter().filter(own).filter(has_body).cloned().collect();
        if hotspots.is_empty() {
            continue;
        }
        findings.extend(pipeline::look_at_bodies(&pipeline::Input {
            package: package.name.clone(),
            modules: modules_of(project, package).0,
            hotspots,
            attributes: manifest.attributes.clone(),
            dropped: Vec::new(),
            bodies: by_hand.clone(),
            passes: project.passes,
        }));
    }
    findings
}

/// Which observations of attributes, by `package.module.Class.attribute`, tell hotspots something that the text does not.
pub fn attributes(
    project: &Project,
    manifest: &Manifest,
    observed: &BTreeMap<String, SigType>,
) -> pipeline::Attributes {
    let mut told = pipeline::Attributes::default();
    for package in &project.packages {
        let own = |module: &str| owner(project, module).is_some_and(|owner| owner.name == package.name);
        let of = |all: &BTreeMap<String, SigType>| {
            let own = all.iter().filter(|(name, _)| own(name));
            own.map(|(name, ty)| (name.clone(), ty.clone())).collect::<BTreeMap<_, _>>()
        };
        let hotspots: Vec<Entry> =
            manifest.hotspots.iter().filter(|entry| own(entry.module())).cloned().collect();
        let (attributes, observed) = (of(&manifest.attributes), of(observed));
        if attributes.is_empty() && observed.is_empty() {
            continue;
        }
        let input = pipeline::Input {
            package: package.name.clone(),
            modules: modules_of(project, package).0,
            hotspots,
            attributes,
            dropped: Vec::new(),
            bodies: Vec::new(),
            passes: project.passes,
        };
        let found = pipeline::attributes(&input, &observed);
        told.unsaid.extend(found.unsaid);
        told.unasked.extend(found.unasked);
        told.work += found.work;
    }
    told
}

fn compile(
    (project, pipeline): (&Project, Pipeline),
    package: Package,
    (entries, mut functions): (Vec<Entry>, Vec<Function>),
    manifest: &Manifest,
    (dropped, by_hand): (&[String], &[BodyFile]),
    diagnostics: &mut Vec<Diagnostic>,
) -> GeneratedPackage {
    let (modules, unread) = modules_of(project, &package);
    diagnostics.extend(unread);
    let input = pipeline::Input {
        package: package.name.clone(),
        modules,
        hotspots: entries.clone(),
        attributes: manifest.attributes.clone(),
        dropped: dropped.to_vec(),
        bodies: by_hand.to_vec(),
        passes: project.passes,
    };
    let output = pipeline(&input);
    for entry in entries {
        let Some(report) = output.functions.iter().find(|report| report.function == entry.function) else {
            continue;
        };
        let state = match report.native {
            true => State::Native,
            false if entry.mode == Mode::Python => State::Disabled,
            false if entry.gate && entry.mode != Mode::Require => State::Disabled,
            false => State::Python,
        };
        let reason = match state {
            State::Native => None,
            State::Disabled if entry.mode == Mode::Python => {
                Some("`mode = \"python\"` in the manifest".to_string())
            }
            State::Disabled => Some("slower natively (`gate` in the manifest)".to_string()),
            State::Python if dropped.contains(&entry.function) => Some(pipeline::DROPPED.to_string()),
            State::Python => Some(match report.diagnostics.first() {
                Some(first) => reason_of(first),
                None => "the compiler gave no reason".to_string(),
            }),
        };
        // That it is stale is said with the function too.
        let stale = diagnostics.iter().filter(|finding| finding.function.as_ref() == Some(&entry.function));
        functions.push(Function {
            source: None,
            state,
            reason,
            signatures: report.signatures.clone(),
            // Where nothing is native, the reason says it all.
            refused: report
                .refused
                .iter()
                .filter(|_| state == State::Native && report.regions.is_empty())
                .map(|(signature, why)| (signature.clone(), reason_of(why)))
                .collect(),
            diagnostics: report.diagnostics.iter().chain(stale).cloned().collect(),
            explain: report.explain.clone(),
            bodies: report.bodies.clone(),
            regions: report.regions.clone(),
            entry,
        });
    }
    functions.sort_by(|a, b| a.entry.function.cmp(&b.entry.function));
    let used = |file: &&BodyFile| {
        let mut uses = functions.iter().flat_map(|function| &function.bodies);
        uses.any(|one| one.path == file.path && one.reason.is_none())
    };
    let bodies = by_hand.iter().filter(used).cloned().collect();
    GeneratedPackage {
        package,
        rust: output.rust,
        functions,
        digests: output.digests,
        digest_lines: output.digest_lines,
        digest_texts: output.digest_texts,
        regions: output.regions,
        bodies,
        work: output.work,
    }
}
