//! The modules of a package as the compiler asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::is_init;
use crate::diagnostic::Diagnostic;
use crate::infer::{Identified, Modules};
use crate::parse;
use crate::resolve::{Binding, ModuleEnv};
use crate::source::SourceFile;

/// Names, and what they stand for.
type Names = BTreeMap<String, Binding>;

/// The modules of the package, parsed when first asked for.
pub(super) struct Sources<'a> {
    modules: BTreeMap<&'a str, Source<'a>>,
    identified: Identified,
}

struct Source<'a> {
    file: &'a SourceFile,
    env: OnceLock<Result<ModuleEnv, Box<Diagnostic>>>,
    /// The same with what other modules of the package tell; none if that is nothing.
    linked: OnceLock<Option<ModuleEnv>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(files: &'a [SourceFile]) -> Self {
        let source = |file: &'a SourceFile| Source { file, env: OnceLock::new(), linked: OnceLock::new() };
        let modules = files.iter().map(|file| (file.module.as_str(), source(file))).collect();
        Sources { modules, identified: Identified::default() }
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

    /// The names that the module imports with a star, and what they are: of several the last one. `known`: those of modules
    /// that were asked before; of one that is being asked, in a cycle, there are none yet.
    fn starred(&self, env: &ModuleEnv, known: &mut BTreeMap<String, Names>) -> Names {
        if let Some(names) = known.get(&env.name) {
            return names.clone();
        }
        known.insert(env.name.clone(), Names::new());
        let mut found = Names::new();
        for home in &env.starred {
            let Some(Ok(there)) = self.modules.get(home.as_str()).map(Source::env) else { continue };
            // What that module itself has with a star it hands on as it got it.
            let through = self.starred(there, known);
            let taken = |name: String| {
                let binding = match there.bindings.get(&name) {
                    Some(import @ (Binding::Module(_) | Binding::Imported { .. })) => import.clone(),
                    Some(_) => Binding::Imported { module: home.clone(), name: name.clone() },
                    None => through.get(&name)?.clone(),
                };
                Some((name, binding))
            };
            let names = match there.listed() {
                Some(listed) => listed,
                None => there.bindings.keys().chain(through.keys()).filter(is_public).cloned().collect(),
            };
            found.extend(names.into_iter().filter_map(taken));
        }
        known.insert(env.name.clone(), found.clone());
        found
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

    pub(super) fn has(&self, module: &str) -> bool {
        self.modules.contains_key(module)
    }

    /// How long its text is, in bytes.
    pub(super) fn size(&self, module: &str) -> usize {
        self.modules.get(module).map_or(0, |source| source.file.text.len())
    }

    pub(super) fn error(&self, module: &str) -> Option<Diagnostic> {
        self.modules.get(module)?.env().as_ref().err().map(|d| (**d).clone())
    }
}

/// Is it a name that a star takes?
fn is_public(name: &&String) -> bool {
    !name.starts_with('_') && !name.contains(['.', '[', ' '])
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
            let starred = self.starred(env, &mut BTreeMap::new());
            let all = (!starred.is_empty()).then(|| env.with_starred(starred));
            let env = all.as_ref().unwrap_or(env);
            let (found, managers) = (self.handed_on(env), self.managers_around(env));
            let more = !found.is_empty() || !managers.is_subset(&env.managers);
            if more { Some(env.linked(found, managers)) } else { all }
        });
        Some((source.file, linked.as_ref().unwrap_or(env)))
    }

    fn mentions(&self, name: &str, words: &str) -> bool {
        self.modules.get(name).is_some_and(|source| source.file.text.contains(words))
    }

    fn names(&self) -> Vec<&str> {
        self.modules.keys().copied().collect()
    }

    fn identified(&self) -> &Identified {
        &self.identified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_imports_what_the_module_has_and_hands_on() {
        let file = |module: &str, text: &str| SourceFile::new(module, format!("{module}.py"), text);
        let files = [
            file("p.all", "__all__ = ['SHOWN']\nSHOWN = 1\nHIDDEN = 2\n"),
            file(
                "p.plain",
                "from math import sqrt\nfrom p.all import *\nK = 3\n_own = 4\ndef f(x): return x\n",
            ),
            file("p.user", "from p.plain import *\nfrom p.missing import *\nfrom p.user import *\nK = 5\n"),
        ];
        let sources = Sources::new(&files);
        let (_, env) = sources.module("p.user").expect("it is parsed");
        let from = |module: &str, name: &str| {
            let (module, name) = (module.to_string(), name.to_string());
            format!("{:?}", Binding::Imported { module, name })
        };
        let found = |name: &str| env.bindings.get(name).map(|binding| format!("{binding:?}"));
        assert_eq!(found("f"), Some(from("p.plain", "f")));
        assert_eq!(found("sqrt"), Some(from("math", "sqrt")));
        assert_eq!(found("SHOWN"), Some(from("p.all", "SHOWN")));
        assert!(matches!(env.bindings["K"], Binding::Value(_)));
        assert!(found("HIDDEN").is_none() && found("_own").is_none());
    }
}
