//! The project's sources, read and parsed when they are asked for, each once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::path::PathBuf;

use crate::ast::{FunctionDef, Module};
use crate::diagnostic::Diagnostic;
use crate::hash::{self, Lookup};
use crate::host;
use crate::manifest::Entry;
use crate::names;
use crate::parse;
use crate::project::Project;
use crate::source::{SourceFile, Span};

/// One module's text and tree.
#[derive(Debug)]
pub struct Loaded {
    pub file: SourceFile,
    pub tree: Result<Module, Box<Diagnostic>>,
}

/// Reads modules of one project.
#[derive(Debug)]
pub struct Workspace<'a> {
    pub project: &'a Project,
    modules: BTreeMap<String, Result<Loaded, Box<Diagnostic>>>,
}

/// What an entry of the manifest refers to.
#[derive(Debug)]
pub enum Target<'a> {
    Found {
        file: &'a SourceFile,
        function: &'a FunctionDef,
    },
    /// No such module in the project's packages.
    NoModule,
    /// No such function in the module.
    Missing,
    Ambiguous {
        path: String,
        places: Vec<Span>,
    },
    /// The module, or that part of it, cannot be read or parsed.
    Broken(&'a Diagnostic),
}

impl<'a> Workspace<'a> {
    pub fn new(project: &'a Project) -> Self {
        Workspace { project, modules: BTreeMap::new() }
    }

    /// A module of the project; `None` if there is none of that name.
    pub fn module(&mut self, name: &str) -> Option<Result<&Loaded, &Diagnostic>> {
        let (_, path) = self.project.module(name)?;
        let loaded = match self.modules.entry(name.to_string()) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(load(self.project, name, path.to_path_buf())),
        };
        Some(match loaded {
            Ok(loaded) => Ok(loaded),
            Err(diagnostic) => Err(diagnostic),
        })
    }

    /// What an entry refers to.
    pub fn target(&mut self, module: &str, qualname: &str) -> Target<'_> {
        match self.module(module) {
            None => Target::NoModule,
            Some(Err(diagnostic)) => Target::Broken(diagnostic),
            Some(Ok(loaded)) => match &loaded.tree {
                Err(diagnostic) => Target::Broken(diagnostic),
                Ok(tree) => match hash::find(tree, qualname) {
                    Lookup::Found(function) => match tree.why_unreadable(function.span) {
                        Some(diagnostic) => Target::Broken(diagnostic),
                        None => Target::Found { file: &loaded.file, function },
                    },
                    // It may stand in what cannot be read.
                    Lookup::Missing => match tree.unreadable.first() {
                        Some((_, diagnostic)) => Target::Broken(diagnostic),
                        None => Target::Missing,
                    },
                    Lookup::Ambiguous(places) => Target::Ambiguous { path: loaded.file.path.clone(), places },
                },
            },
        }
    }

    /// The hash of a function's present source, or why there is none.
    pub fn source_hash(&mut self, function: &str) -> Result<String, String> {
        let (module, qualname) = function.split_once(':').unwrap_or((function, ""));
        match self.target(module, qualname) {
            Target::Found { function, .. } => Ok(hash::source_hash(function)),
            Target::NoModule => Err(format!("`{module}` is not a module of the project")),
            Target::Missing => Err(format!("`{module}` has no function `{qualname}`")),
            Target::Ambiguous { .. } => Err(format!("`{qualname}` is defined more than once")),
            Target::Broken(diagnostic) => Err(diagnostic.message.clone()),
        }
    }

    /// All functions that can have an entry: `module:qualname` and hash. Parses every module of the project.
    pub fn all_functions(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> =
            self.project.packages.iter().flat_map(|p| &p.modules).map(|(name, _)| name.clone()).collect();
        let mut found = Vec::new();
        for name in names {
            if let Some(Ok(Loaded { tree: Ok(tree), .. })) = self.module(&name) {
                let readable = hash::functions(tree)
                    .into_iter()
                    .filter(|(_, function)| tree.why_unreadable(function.span).is_none());
                found.extend(
                    readable.map(|(qualname, function)| {
                        (format!("{name}:{qualname}"), hash::source_hash(function))
                    }),
                );
            }
        }
        found
    }

    /// What of the project's files cannot be parsed, or not be read at all.
    pub fn unreadable(&mut self) -> Vec<Diagnostic> {
        let names: Vec<&String> =
            self.project.packages.iter().flat_map(|p| &p.modules).map(|(name, _)| name).collect();
        let mut found = Vec::new();
        for name in names {
            match self.module(name) {
                None => {}
                Some(Err(why)) => found.push(why.clone()),
                Some(Ok(loaded)) => match &loaded.tree {
                    Err(why) => found.push((**why).clone()),
                    Ok(tree) => found.extend(tree.unreadable.iter().map(|(_, why)| why.clone())),
                },
            }
        }
        found
    }

    /// Where a function that is not there any more has gone: the only one with the same source, unless it has an
    /// entry itself.
    pub fn renamed(&mut self, entry: &Entry, taken: impl Fn(&str) -> bool) -> Option<String> {
        let source = entry.source.as_ref()?;
        let mut same: Vec<String> = self
            .all_functions()
            .into_iter()
            .filter(|(name, hash)| hash == source && !taken(name))
            .map(|(name, _)| name)
            .collect();
        if same.len() > 1 {
            same.retain(|name| name.split_once(':').is_some_and(|(module, _)| module == entry.module()));
        }
        (same.len() == 1).then(|| same.remove(0))
    }

    /// `did you mean …?` for a function that is not there.
    pub fn did_you_mean(&mut self, function: &str) -> Option<String> {
        let all = self.all_functions();
        names::did_you_mean_function(function, all.iter().map(|(name, _)| name.as_str()))
    }
}

fn load(project: &Project, name: &str, path: PathBuf) -> Result<Loaded, Box<Diagnostic>> {
    let shown = project.relative(&path);
    let text = host::read_source(&path, &shown)?;
    let file = SourceFile::new(name, shown, text);
    let tree = parse::parse_functions(&file);
    Ok(Loaded { file, tree })
}

/// Runs `work` with room for deeply nested sources: our trees are recursive, and so is what walks them.
pub fn with_deep_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("pyrust".into()).stack_size(parse::STACK);
        match thread.spawn_scoped(scope, work) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => panic!("cannot start a thread: {error}"),
        }
    })
}
