//! The modules of a package as the compiler asks for them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::is_init;
use crate::diagnostic::Diagnostic;
use crate::infer::Modules;
use crate::parse;
use crate::resolve::{Binding, ModuleEnv};
use crate::source::SourceFile;

/// The modules of the package, parsed when first asked for.
pub(super) struct Sources<'a> {
    modules: BTreeMap<&'a str, Source<'a>>,
}

struct Source<'a> {
    file: &'a SourceFile,
    env: OnceCell<Result<ModuleEnv, Box<Diagnostic>>>,
    /// The same with what other modules of the package tell; none if that is nothing.
    linked: OnceCell<Option<ModuleEnv>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(files: &'a [SourceFile]) -> Self {
        let source = |file: &'a SourceFile| Source { file, env: OnceCell::new(), linked: OnceCell::new() };
        let modules = files.iter().map(|file| (file.module.as_str(), source(file))).collect();
        Sources { modules }
    }

    /// The builtins that the module imports under any name from modules of the package (`from .compat import range_`).
    fn handed_on(&self, env: &ModuleEnv) -> Vec<(String, String)> {
        let builtin = |binding: &Binding| {
            let mut binding = binding.clone();
            for _ in 0..8 {
                let Binding::Imported { module, name } = &binding else { return None };
                let Some(there) = self.modules.get(module.as_str()) else {
                    return (module == "builtins").then(|| name.clone());
                };
                binding = there.env().as_ref().ok()?.bindings.get(name)?.clone();
            }
            None
        };
        let imported =
            |binding: &Binding| matches!(binding, Binding::Imported { module, .. } if module != "builtins");
        let all = env.bindings.iter().filter(|(_, binding)| imported(binding));
        all.filter_map(|(name, binding)| Some((name.clone(), builtin(binding)?))).collect()
    }

    /// The methods that a `with` enters in classes of modules that the module imports, or imports names from.
    fn managers_around(&self, env: &ModuleEnv) -> BTreeSet<String> {
        let home = |binding: &Binding| match binding {
            Binding::Imported { module, .. } | Binding::Module(module) => self.modules.get(module.as_str()),
            _ => None,
        };
        let known = env.bindings.values().filter_map(home).filter_map(|source| source.env().as_ref().ok());
        known.flat_map(|there| there.managers.iter().cloned()).collect()
    }

    pub(super) fn error(&self, module: &str) -> Option<Diagnostic> {
        self.modules.get(module)?.env().as_ref().err().map(|d| (**d).clone())
    }
}

impl Source<'_> {
    fn env(&self) -> &Result<ModuleEnv, Box<Diagnostic>> {
        self.env.get_or_init(|| {
            let module = parse::parse_functions(self.file)?;
            Ok(ModuleEnv::new(&self.file.module, &module, is_init(self.file)))
        })
    }
}

impl Modules for Sources<'_> {
    fn module(&self, name: &str) -> Option<(&SourceFile, &ModuleEnv)> {
        let source = self.modules.get(name)?;
        let env = source.env().as_ref().ok()?;
        let linked = source.linked.get_or_init(|| {
            let (found, managers) = (self.handed_on(env), self.managers_around(env));
            let more = !found.is_empty() || !managers.is_subset(&env.managers);
            more.then(|| env.linked(found, managers))
        });
        Some((source.file, linked.as_ref().unwrap_or(env)))
    }

    fn names(&self) -> Vec<&str> {
        self.modules.keys().copied().collect()
    }
}
