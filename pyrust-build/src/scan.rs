//! `pyrust scan`: what of a project could be compiled, before anybody has profiled it.
//!
//! Types are taken from annotations, also classes of the same module. A parameter without one is tried with the types that hot functions have most often; a function
//! counts as compilable when it compiles with any of them. That is a hint, not a promise: a profile knows better.

use std::collections::BTreeSet;

use crate::ast::{BinOp, Constant, Expr, ExprKind as E, FunctionDef, Module, Param, Stmt, StmtKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::generate::{self, State};
use crate::manifest::{Entry, Manifest};
use crate::project::Project;
use crate::signature::Signature;
use crate::workspace::{Loaded, Target, Workspace};

/// What a parameter without annotation is tried with, each for all such parameters of a function.
const TRIED: [&str; 7] =
    ["int", "str", "list[int]", "float", "list[str]", "dict[str, int]", "list[list[float]]"];

/// Where the types come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Types {
    /// All from annotations, or there are no parameters.
    Annotated,
    /// Some were tried.
    Guessed,
}

/// One function of the project.
#[derive(Debug)]
pub struct Scanned {
    /// `module:qualname`.
    pub function: String,
    pub types: Types,
    /// The signatures with which it compiles.
    pub signatures: Vec<String>,
    /// The lines of loops that are native where the rest is not: then there are no signatures.
    pub regions: Vec<usize>,
    /// Why it does not. Where types were tried, rather what does not depend on them.
    pub reason: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at every function of the project but those of tests. Sorted by name.
pub fn scan(project: &Project) -> Vec<Scanned> {
    let mut workspace = Workspace::new(project);
    let mut manifest = Manifest::default();
    let mut types = Vec::new();
    let mut names = Names::default();
    for (function, _) in workspace.all_functions() {
        let (module, qualname) = function.split_once(':').unwrap_or((&function, ""));
        if is_test(module) {
            continue;
        }
        if names.module != module {
            names = match workspace.module(module) {
                Some(Ok(Loaded { tree: Ok(tree), .. })) => Names::of(module, tree),
                _ => Names { module: module.to_string(), ..Names::default() },
            };
        }
        let Target::Found { function: definition, .. } = workspace.target(module, qualname) else { continue };
        let (signatures, from) = signatures(definition, &names, qualname);
        let mut entry = Entry::new(&function);
        entry.signatures = signatures;
        types.push((function.clone(), from));
        manifest.hotspots.push(entry);
    }
    let generated = generate::generate(project, &manifest, &[]);
    let mut found: Vec<Scanned> = generated
        .packages
        .into_iter()
        .flat_map(|package| package.functions)
        .map(|function| {
            let name = &function.entry.function;
            let from =
                types.iter().find(|(known, _)| known == name).map_or(Types::Guessed, |(_, from)| *from);
            Scanned {
                types: from,
                reason: (function.state != State::Native).then(|| reason(&function, from)).flatten(),
                signatures: function.signatures,
                regions: function.regions,
                diagnostics: function.diagnostics,
                function: function.entry.function,
            }
        })
        .collect();
    found.sort_by(|a, b| a.function.cmp(&b.function));
    found
}

fn reason(function: &generate::Function, types: Types) -> Option<String> {
    let untyped = function.diagnostics.iter().find(|finding| codes::is_of_the_text(finding.code));
    match untyped.filter(|_| types == Types::Guessed) {
        Some(finding) => Some(generate::reason_of(finding)),
        None => function.reason.clone(),
    }
}

/// What of the project's files cannot be parsed: no function in it is looked at.
pub fn unreadable(project: &Project) -> Vec<Diagnostic> {
    Workspace::new(project).unreadable()
}

fn is_test(module: &str) -> bool {
    module.split('.').any(|part| {
        matches!(part, "test" | "tests" | "conftest") || part.starts_with("test_") || part.ends_with("_test")
    })
}

/// A module, and the classes that its annotations may name.
#[derive(Default)]
struct Names {
    module: String,
    classes: BTreeSet<String>,
}

impl Names {
    fn of(module: &str, tree: &Module) -> Names {
        let class = |stmt: &Stmt| match &stmt.kind {
            StmtKind::ClassDef(class) => Some(class.name.clone()),
            _ => None,
        };
        Names { module: module.to_string(), classes: tree.body.iter().filter_map(class).collect() }
    }
}

/// The signatures to try a function with.
fn signatures(function: &FunctionDef, names: &Names, qualname: &str) -> (Vec<Signature>, Types) {
    let params = &function.params;
    let module = &names.module;
    let annotated = |param: &Param| names.annotated(param);
    let named = params.positional_only.iter().chain(&params.positional);
    let mut fixed: Vec<Option<String>> = named.map(annotated).collect();
    let is_static =
        function.decorators.iter().any(|d| matches!(&d.kind, E::Name(name) if name == "staticmethod"));
    if !is_static
        && let (Some((class, _)), Some(first @ None)) = (qualname.rsplit_once('.'), fixed.first_mut())
    {
        *first = Some(format!("{module}.{class}"));
    }
    if let Some(rest) = &params.var_positional {
        fixed.push(annotated(rest).map(|inner| format!("tuple[{inner}, ...]")));
    }
    fixed.extend(params.keyword_only.iter().map(annotated));
    if let Some(rest) = &params.var_keyword {
        fixed.push(annotated(rest).map(|inner| format!("dict[str, {inner}]")));
    }
    let result =
        function.returns.as_ref().and_then(|returns| names.read(returns)).unwrap_or_else(|| "object".into());
    let rest = params.var_positional.as_ref().map(|_| params.positional_only.len() + params.positional.len());
    let last = params.var_keyword.as_ref().map(|_| fixed.len() - 1);
    let with = |unknown: &str| {
        let types: Vec<String> = fixed
            .iter()
            .enumerate()
            .map(|(place, known)| match known {
                Some(known) => known.clone(),
                None if Some(place) == rest => format!("tuple[{unknown}, ...]"),
                None if Some(place) == last => format!("dict[str, {unknown}]"),
                None => unknown.to_string(),
            })
            .collect();
        Signature::parse(&format!("({}) -> {result}", types.join(", "))).ok()
    };
    if fixed.iter().all(Option::is_some) {
        return (with("object").into_iter().collect(), Types::Annotated);
    }
    (TRIED.iter().filter_map(|unknown| with(unknown)).collect(), Types::Guessed)
}

impl Names {
    /// The type of a parameter by its annotation, or by its default.
    fn annotated(&self, param: &Param) -> Option<String> {
        if let Some(annotation) = &param.annotation {
            return self.read(annotation);
        }
        let of_default = match &param.default.as_ref()?.kind {
            E::Constant(Constant::True | Constant::False) => "bool",
            E::Constant(Constant::Int(_)) => "int",
            E::Constant(Constant::Float(_)) => "float",
            E::Constant(Constant::Str(_)) => "str",
            _ => return None,
        };
        Some(of_default.into())
    }

    /// What an annotation says in the grammar of signatures.
    fn read(&self, annotation: &Expr) -> Option<String> {
        match &annotation.kind {
            E::Constant(Constant::None) => Some("None".into()),
            E::Name(name) => self.scalar(name),
            // Written as a text; what is in it is not parsed.
            E::Constant(Constant::Str(name)) => self.scalar(name),
            E::BinOp { left, op: BinOp::BitOr, right } => union(vec![self.read(left)?, self.read(right)?]),
            E::Subscript { value, index } => {
                let name = match &value.kind {
                    E::Name(name) | E::Attribute { name, .. } => name.as_str(),
                    _ => return None,
                };
                let inside: Vec<&Expr> = match &index.kind {
                    E::Tuple(items) => items.iter().collect(),
                    _ => vec![index],
                };
                self.generic(name, &inside)
            }
            _ => None,
        }
    }

    fn scalar(&self, name: &str) -> Option<String> {
        const KNOWN: [&str; 8] = ["int", "float", "bool", "str", "bytes", "bytearray", "complex", "range"];
        if self.classes.contains(name) {
            return Some(format!("{}.{name}", self.module));
        }
        KNOWN.contains(&name).then(|| name.to_string())
    }

    fn generic(&self, name: &str, inside: &[&Expr]) -> Option<String> {
        let all = || inside.iter().map(|inner| self.read(inner)).collect::<Option<Vec<_>>>();
        match (name, inside) {
            ("Final" | "Annotated", [first, ..]) => self.read(first),
            ("Optional", [inner]) => union(vec![self.read(inner)?, "None".into()]),
            ("Union", _) => union(all()?),
            ("list" | "List" | "Sequence" | "MutableSequence" | "Iterable" | "Collection", [inner]) => {
                Some(format!("list[{}]", self.read(inner)?))
            }
            ("set" | "Set" | "frozenset" | "FrozenSet" | "deque", [inner]) => {
                Some(format!("{}[{}]", name.to_lowercase(), self.read(inner)?))
            }
            ("dict" | "Dict" | "Mapping" | "MutableMapping", [key, value]) => {
                Some(format!("dict[{}, {}]", self.read(key)?, self.read(value)?))
            }
            ("tuple" | "Tuple", [inner, dots]) if matches!(dots.kind, E::Constant(Constant::Ellipsis)) => {
                Some(format!("tuple[{}, ...]", self.read(inner)?))
            }
            ("tuple" | "Tuple", _) => Some(format!("tuple[{}]", all()?.join(", "))),
            _ => None,
        }
    }
}

/// Members sorted, each once; at most four.
fn union(members: Vec<String>) -> Option<String> {
    let mut flat: Vec<String> = members.iter().flat_map(|member| split(member)).collect();
    flat.sort();
    flat.dedup();
    (flat.len() <= 4).then(|| flat.join(" | "))
}

/// The members of a union; brackets are not looked into.
fn split(text: &str) -> Vec<String> {
    let (mut found, mut depth) = (vec![String::new()], 0);
    for char in text.chars() {
        match char {
            '[' => depth += 1,
            ']' => depth -= 1,
            '|' if depth == 0 => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        found.last_mut().expect("one at least").push(char);
    }
    found.iter().map(|member| member.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use crate::source::SourceFile;

    fn tried(source: &str, qualname: &str) -> (Vec<String>, Types) {
        let file = SourceFile::new("m", "m.py", source.to_string());
        let tree = parse::parse_functions(&file).expect("it parses");
        let crate::hash::Lookup::Found(function) = crate::hash::find(&tree, qualname) else {
            panic!("there is one")
        };
        let (signatures, types) = signatures(function, &Names::of("m", &tree), qualname);
        (signatures.iter().map(Signature::to_string).collect(), types)
    }

    #[test]
    fn annotations_are_types() {
        for (parameters, expected) in [
            ("", "() -> int"),
            ("x: int, y: 'str'", "(int, str) -> int"),
            ("x: list[int] | None", "(None | list[int]) -> int"),
            ("x: Optional[Union[str, int]]", "(None | int | str) -> int"),
            ("x: typing.Dict[str, Tuple[int, ...]]", "(dict[str, tuple[int, ...]]) -> int"),
            ("x: Sequence[tuple[int, str]]", "(list[tuple[int, str]]) -> int"),
            ("x=1, y=1.5, z='a', w=True", "(int, float, str, bool) -> int"),
            ("x: int, *r: str, k: bool, **m: float", "(int, tuple[str, ...], bool, dict[str, float]) -> int"),
        ] {
            let source = format!("def f({parameters}) -> int:\n    return 1\n");
            assert_eq!(tried(&source, "f"), (vec![expected.to_string()], Types::Annotated), "{parameters}");
        }
    }

    #[test]
    fn what_is_not_said_is_tried() {
        let (signatures, types) = tried("def f(x, y: int, *z):\n    return x\n", "f");
        assert_eq!(types, Types::Guessed);
        assert_eq!(signatures.len(), TRIED.len());
        assert_eq!(signatures[1], "(str, int, tuple[str, ...]) -> object");
        let class =
            "class C:\n    def a(self, x):\n        pass\n    @staticmethod\n    def b(x):\n        pass\n";
        assert_eq!(tried(class, "C.a").0[0], "(m.C, int) -> object");
        assert_eq!(tried(class, "C.b").0[0], "(int) -> object");
        // Classes of the module are types; a name that is none of them says nothing.
        let named = "class int: pass\nclass C:\n    def a(self, x: C | None, y: 'list[C]', z: list[C]) -> C: pass\ndef f(x: C, y: int) -> None: pass\ndef g(x: D) -> None: pass\n";
        let guessed = "(m.C, None | m.C, int, list[m.C]) -> m.C";
        assert_eq!(tried(named, "C.a").0[0], guessed);
        assert_eq!(tried(named, "f"), (vec!["(m.C, m.int) -> None".to_string()], Types::Annotated));
        assert_eq!(tried(named, "g").1, Types::Guessed);
    }
}
