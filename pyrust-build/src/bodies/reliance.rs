//! What a function relies on by its names: the guards of a body written by hand, and the source for which it was written.
//!
//! Every name in the text counts, also where it is a variable that happens to have the name of a builtin: a guard too many holds
//! all the same, one too few would not be noticed. What the compiler itself relies on comes on top, where it has compiled the function.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::ast::ExprKind;
use crate::hash;
use crate::infer::{FuncRef, Guard, Modules, Program};
use crate::walk;

/// Builtins that native code has no use for, but a function may name.
const FURTHER: &[&str] = &[
    "anext",
    "callable",
    "compile",
    "delattr",
    "dir",
    "eval",
    "exec",
    "format",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "id",
    "input",
    "isinstance",
    "issubclass",
    "iter",
    "locals",
    "memoryview",
    "next",
    "object",
    "print",
    "property",
    "setattr",
    "slice",
    "super",
    "type",
    "vars",
];

/// A guard in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub module: String,
    /// The namespace is that of a module written in C.
    pub is_c: bool,
    pub guard: Guard,
}

/// What a function and the project's functions that it names rely on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reliance {
    /// `sha256:…`: of the function alone the hash that the manifest has; with others, of all their hashes.
    pub source: String,
    /// The function, and the others in the order of their names.
    pub functions: Vec<FuncRef>,
    pub guards: Vec<Named>,
}

/// Goes through the function and whatever it names.
pub fn of(program: &Program<'_>, modules: &dyn Modules, func: &FuncRef) -> Reliance {
    let mut found = Reliance::default();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut waiting = vec![func.clone()];
    let mut hashes: Vec<(String, String)> = Vec::new();
    while let Some(func) = waiting.pop() {
        if !seen.insert((func.module.clone(), func.qualname.clone())) {
            continue;
        }
        let Some((_, env)) = modules.module(&func.module) else { continue };
        let Some(def) = env.function(&func.qualname) else { continue };
        hashes.push((func.name(), hash::source_hash(def)));
        let mut names = BTreeSet::new();
        walk::expressions(&def.body, &mut |e| match &e.kind {
            ExprKind::Name(name) => _ = names.insert(name.to_string()),
            ExprKind::Attribute { value, name: attr } => {
                if let ExprKind::Name(name) = &value.kind {
                    names.insert(format!("{name}.{attr}"));
                }
            }
            _ => {}
        });
        for name in names {
            let Some(named) = program.function_named(&func.module, &name) else {
                if FURTHER.contains(&name.as_str()) && !env.bindings.contains_key(&name) {
                    let guard = Guard::Builtin(name);
                    found.guards.push(Named { module: func.module.clone(), is_c: false, guard });
                }
                continue;
            };
            let mut add = |module: &str, is_c: bool, guard: Guard| {
                let named = Named { module: module.to_string(), is_c, guard };
                if !found.guards.contains(&named) {
                    found.guards.push(named);
                }
            };
            if let Some(through) = named.through {
                add(&func.module, false, through);
            }
            match &named.guard {
                Guard::Function { target, .. } => waiting.push(target.clone()),
                Guard::Imported { module, attr, .. } => add(module, true, Guard::Builtin(attr.clone())),
                _ => {}
            }
            add(&named.module, named.is_c, named.guard);
        }
        found.functions.push(func);
    }
    found.functions[1..].sort_by_key(FuncRef::name);
    found.source = combined(hashes);
    found
}

fn combined(mut hashes: Vec<(String, String)>) -> String {
    if let [(_, only)] = hashes.as_slice() {
        return only.clone();
    }
    hashes.sort();
    let mut all = Sha256::new();
    for (name, hash) in hashes {
        all.update(format!("{name} {hash}\n"));
    }
    let hex: String = all.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
