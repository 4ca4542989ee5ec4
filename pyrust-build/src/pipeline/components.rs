//! Which hotspots have to do with each other: the connected components of the graph of names.
//!
//! Functions that share nothing - no function that they call, no class, no global - are inferred apart, at the same time
//! where there are processors for it. What a function may share is told by the words of its text, so the components are
//! larger than they need be. Should inference look at something of another component all the same, all is inferred as one
//! ([`Names::strays`]).

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Input, Sources};
use crate::infer::{Modules, Program};
use crate::manifest::Entry;
use crate::resolve::{Binding, ModuleEnv, changes};
use crate::source::{SourceFile, Span};

/// So much text of modules is read for this at most, in bytes; what lies beyond is one.
const MOST_TEXT: usize = 1 << 20;

/// Hotspots that are compiled together, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Component<'i> {
    pub(super) entries: Vec<&'i Entry>,
    /// What the manifest records of attributes of its classes, by name.
    pub(super) attributes: Vec<&'i String>,
}

impl<'i> Component<'i> {
    /// All hotspots as one.
    pub(super) fn whole(input: &'i Input) -> Self {
        Component { entries: sorted(input), attributes: input.attributes.keys().collect() }
    }
}

fn sorted(input: &Input) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = input.hotspots.iter().collect();
    entries.sort_by(|a, b| a.function.cmp(&b.function));
    entries
}

/// The top-level names of the project that hotspots may have to do with.
pub(super) struct Names<'s> {
    sources: &'s Sources<'s>,
    modules: HashMap<String, Option<Words<'s>>>,
    nodes: HashMap<(String, String), usize>,
    /// A forest: names in one tree are in one component.
    above: Vec<usize>,
    open: Vec<(String, String)>,
    read: usize,
}

/// Where a module says something of its top-level names.
struct Words<'s> {
    file: &'s SourceFile,
    env: &'s ModuleEnv,
    said: HashMap<&'s str, Vec<Span>>,
}

/// The node for what is not looked at.
const BEYOND: usize = 0;

impl<'s> Names<'s> {
    /// The components of the hotspots, in the order of the first in each, and what tells them apart.
    pub(super) fn components<'i>(input: &'i Input, sources: &'s Sources<'s>) -> (Vec<Component<'i>>, Self) {
        let (modules, nodes) = (HashMap::new(), HashMap::new());
        let mut names = Names { sources, modules, nodes, above: vec![BEYOND], open: Vec::new(), read: 0 };
        let entries = sorted(input);
        let mut of_entries = Vec::new();
        for entry in &entries {
            let node = match entry.function.split_once(':') {
                Some((module, qualname)) => names.node(module, top(qualname)),
                None => BEYOND,
            };
            of_entries.push(node);
            for signature in &entry.signatures {
                names.classes_in(&signature.to_string(), node);
            }
        }
        let mut of_attributes = Vec::new();
        for (attribute, ty) in &input.attributes {
            let node = names.dotted(attribute);
            if let Some(node) = node {
                names.classes_in(&ty.to_string(), node);
            }
            of_attributes.push(node);
        }
        while let Some((module, name)) = names.open.pop() {
            names.look(&module, &name);
        }
        let mut order: Vec<usize> = Vec::new();
        let mut components: Vec<Component<'i>> = Vec::new();
        for (entry, node) in entries.into_iter().zip(of_entries) {
            let root = names.root(node);
            let at = order.iter().position(|known| *known == root).unwrap_or_else(|| {
                order.push(root);
                components.push(Component::default());
                order.len() - 1
            });
            components[at].entries.push(entry);
        }
        for (attribute, node) in input.attributes.keys().zip(of_attributes) {
            let root = node.map(|node| names.root(node));
            if let Some(at) = order.iter().position(|known| Some(*known) == root) {
                components[at].attributes.push(attribute);
            }
        }
        (components, names)
    }

    /// Has inference looked at what is not of the component of its hotspots?
    pub(super) fn strays(&self, program: &Program<'_>, component: &Component<'_>) -> bool {
        let root = |module: &str, name: &str| {
            let node = self.nodes.get(&(module.to_string(), name.to_string()));
            node.map_or(BEYOND, |node| self.root(*node))
        };
        let first = component.entries.first().and_then(|entry| entry.function.split_once(':'));
        let home = first.map_or(BEYOND, |(module, qualname)| root(module, top(qualname)));
        let mut known: HashSet<(&str, &str)> = HashSet::new();
        program.touched().any(|(module, name)| {
            let name = top(name);
            !name.is_empty()
                && known.insert((module, name))
                && self.sources.has(module)
                && root(module, name) != home
        })
    }

    fn root(&self, mut node: usize) -> usize {
        while self.above[node] != node {
            node = self.above[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // What is beyond stays the root of its tree; otherwise paths are kept short.
        self.above[a.max(b)] = a.min(b);
    }

    /// The node of a top-level name, which is looked at later.
    fn node(&mut self, module: &str, name: &str) -> usize {
        let key = (module.to_string(), name.to_string());
        if let Some(node) = self.nodes.get(&key) {
            return *node;
        }
        let node = self.above.len();
        self.above.push(node);
        self.nodes.insert(key.clone(), node);
        self.open.push(key);
        node
    }

    /// The node of `package.module.Class`, or of what is in it.
    fn dotted(&mut self, name: &str) -> Option<usize> {
        let points = name.match_indices('.').map(|(at, _)| at);
        let at = points.filter(|at| self.sources.has(&name[..*at])).last()?;
        Some(self.node(&name[..at], top(&name[at + 1..])))
    }

    /// What a signature names belongs to the function.
    fn classes_in(&mut self, signature: &str, node: usize) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        for name in signature.split(|c| !is_part(c)).filter(|name| name.contains('.')) {
            if let Some(class) = self.dotted(name) {
                self.join(node, class);
            }
        }
    }

    fn look(&mut self, module: &str, name: &str) {
        let node = self.nodes[&(module.to_string(), name.to_string())];
        self.load(module);
        let Some(Some(words)) = self.modules.get(module) else {
            return self.join(node, BEYOND);
        };
        let (file, env) = (words.file, words.env);
        let spans: Vec<Span> = words.said.get(name).cloned().unwrap_or_default();
        let mut found: Vec<(String, String)> = Vec::new();
        match env.bindings.get(name) {
            Some(Binding::Imported { module, name }) if self.sources.has(module) => {
                found.push((module.clone(), name.clone()));
            }
            _ => {}
        }
        for span in spans {
            let text = &file.text[span.start as usize..(span.end as usize).min(file.text.len())];
            let said: BTreeSet<&str> = words_in(text).collect();
            let own = said.iter().filter(|word| env.bindings.contains_key(**word));
            found.extend(own.clone().map(|word| (module.to_string(), word.to_string())));
            // What it takes from modules, which it imports itself or has at the top.
            let mut modules: BTreeSet<&str> = BTreeSet::new();
            for word in own {
                if let Some(Binding::Module(library)) = env.bindings.get(*word) {
                    let inside = format!("{library}.");
                    let below = |m: &&str| m.starts_with(&inside) && said.contains(last(m));
                    modules.extend(self.sources.names().into_iter().filter(below));
                    modules.extend(self.sources.has(library).then_some(library.as_str()));
                }
            }
            if said.contains("import") {
                modules.extend(self.sources.names().into_iter().filter(|m| said.contains(last(m))));
            }
            for library in modules {
                self.load(library);
                match self.modules.get(library) {
                    Some(Some(there)) => {
                        let names = said.iter().filter(|word| there.env.bindings.contains_key(**word));
                        found.extend(names.map(|word| (library.to_string(), word.to_string())));
                    }
                    _ => self.join(node, BEYOND),
                }
            }
        }
        for (module, name) in found {
            let other = self.node(&module, &name);
            self.join(node, other);
        }
    }

    /// Reads a module, unless that is too much.
    fn load(&mut self, module: &str) {
        if self.modules.contains_key(module) {
            return;
        }
        let size = self.sources.size(module);
        let words =
            (self.read + size <= MOST_TEXT).then(|| Words::of(self.sources.module(module)?)).flatten();
        self.read += size;
        self.modules.insert(module.to_string(), words);
    }
}

impl<'s> Words<'s> {
    fn of((file, env): (&'s SourceFile, &'s ModuleEnv)) -> Option<Self> {
        let mut said: HashMap<&str, Vec<Span>> = HashMap::new();
        for (qualname, def) in &env.functions {
            let first = def.decorators.first().map_or(def.span, |decorator| decorator.span);
            let span = Span::new(first.start as usize, def.span.end as usize);
            said.entry(top(qualname)).or_default().push(span);
        }
        for (name, class) in &env.all_classes {
            let spans = said.entry(top(name)).or_default();
            spans.extend(class.bases.iter().chain(&class.decorators).map(|e| e.span));
            spans.extend(class.keywords.iter().map(|keyword| keyword.value.span));
            spans.extend(class.body.iter().map(|stmt| stmt.span));
        }
        for stmt in &env.values {
            let text = &file.text[stmt.span.start as usize..(stmt.span.end as usize).min(file.text.len())];
            let words: BTreeSet<&str> = words_in(text).collect();
            let known = words.into_iter().filter(|word| env.bindings.contains_key(*word));
            for word in known.filter(|word| changes(std::slice::from_ref(stmt), word)) {
                said.entry(word).or_default().push(stmt.span);
            }
        }
        Some(Words { file, env, said })
    }
}

/// The names in a text, and whatever else looks like one.
fn words_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The top-level name that a qualified name begins with, or nothing.
fn top(qualname: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    match qualname.find(|c| !is_part(c)) {
        // Names of ours have a space behind their first word.
        Some(end) if qualname[end..].starts_with(' ') => "",
        Some(end) => &qualname[..end],
        None => qualname,
    }
}

fn last(module: &str) -> &str {
    module.rsplit('.').next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Failed, Output, attempt};
    use super::*;
    use crate::manifest::Mode;
    use crate::passes::Passes;
    use crate::signature::Signature;

    fn input(modules: &[(&str, &str)], hotspots: &[(&str, &str)]) -> Input {
        let entry = |(function, signature): &(&str, &str)| Entry {
            function: function.to_string(),
            signatures: vec![Signature::parse(signature).expect("a signature")],
            source: None,
            mode: Mode::Native,
            gate: false,
        };
        let file = |(name, text): &(&str, &str)| SourceFile::new(*name, format!("{name}.py"), *text);
        Input {
            package: "p".into(),
            modules: modules.iter().map(file).collect(),
            hotspots: hotspots.iter().map(entry).collect(),
            attributes: Default::default(),
            dropped: Vec::new(),
            bodies: Vec::new(),
            passes: Passes::default(),
        }
    }

    fn parts(input: &Input) -> Vec<Vec<&str>> {
        let sources = Sources::new(&input.modules);
        let (components, _) = Names::components(input, &sources);
        let names = |component: &Component<'_>| {
            let entries = component.entries.iter();
            entries.filter_map(|entry| input.hotspots.iter().find(|h| h.function == entry.function)).collect()
        };
        let all: Vec<Vec<&Entry>> = components.iter().map(names).collect();
        all.iter().map(|entries| entries.iter().map(|entry| entry.function.as_str()).collect()).collect()
    }

    const KINDS: &str = "from p.tools import half\nimport p.more as more\n\nLIMIT = 3\n\n\
        class Node:\n    def __init__(self, x: int):\n        self.x = x\n\n    def twice(self):\n        return self.x * 2\n\n\
        def helper(x):\n    return x + LIMIT\n\n\
        def alone(x):\n    return x * x\n\n\
        def by_call(x):\n    return helper(x)\n\n\
        def by_global(x):\n    return x - LIMIT\n\n\
        def by_type(n):\n    return n.x + 1\n\n\
        def by_import(x):\n    return half(x)\n\n\
        def by_module(x):\n    return more.third(x)\n\n\
        def inside(x):\n    from p.more import third\n    return third(x) + 1\n";

    fn kinds() -> Input {
        let modules = [
            ("p.kinds", KINDS),
            ("p.tools", "def half(x):\n    return x // 2\n\ndef own(x):\n    return x + 7\n"),
            ("p.more", "def third(x):\n    return x // 3\n"),
        ];
        let hotspots = [
            ("p.kinds:Node.twice", "(p.kinds.Node) -> int"),
            ("p.kinds:alone", "(int) -> int"),
            ("p.kinds:by_call", "(int) -> int"),
            ("p.kinds:by_global", "(int) -> int"),
            ("p.kinds:by_import", "(int) -> int"),
            ("p.kinds:by_module", "(int) -> int"),
            ("p.kinds:by_type", "(p.kinds.Node) -> int"),
            ("p.kinds:inside", "(int) -> int"),
            ("p.tools:half", "(int) -> int"),
            ("p.tools:own", "(int) -> int"),
        ];
        input(&modules, &hotspots)
    }

    #[test]
    fn what_shares_a_name_is_one() {
        assert_eq!(
            parts(&kinds()),
            [
                vec!["p.kinds:Node.twice", "p.kinds:by_type"],
                vec!["p.kinds:alone"],
                vec!["p.kinds:by_call", "p.kinds:by_global"],
                vec!["p.kinds:by_import", "p.tools:half"],
                vec!["p.kinds:by_module", "p.kinds:inside"],
                vec!["p.tools:own"],
            ]
        );
    }

    /// All that becomes of the functions, but for the order and the numbers in the text.
    fn told(output: &Output) -> (String, Vec<String>) {
        let mut lines: Vec<String> =
            output.rust.lines().map(|line| line.replace(|c: char| c.is_ascii_digit(), "")).collect();
        lines.sort();
        let functions = output.functions.iter().map(|f| format!("{:?} {:?}", f.function, f.signatures));
        (format!("{:?} {:?}", functions.collect::<Vec<_>>(), output.digests), lines)
    }

    #[test]
    fn apart_they_become_what_they_are_together() {
        let (input, failed) = (kinds(), BTreeMap::new());
        let (Ok(apart), Ok(whole)) =
            (attempt(&input, &failed, (false, false)), attempt(&input, &failed, (false, true)))
        else {
            panic!("nothing fails")
        };
        assert!(apart.functions.iter().all(|f| f.native));
        assert_eq!(told(&apart), told(&whole));
    }

    /// `walk` gets instances of `Leaf`, of which only another function's text speaks: together, they are known.
    #[test]
    fn what_strays_is_inferred_with_all() {
        let text = "class Leaf:\n    def __init__(self, x: int):\n        self.x = x\n\n\
            class Tree:\n    def __init__(self):\n        self.left = None\n\n\
            def grow(tree):\n    tree.left = Leaf(3)\n\n\
            def walk(tree):\n    return tree.left.x\n\n\
            def twice(x):\n    return x * 2\n";
        let hotspots = [("p.t:walk", "(p.t.Tree) -> int"), ("p.t:twice", "(int) -> int")];
        let input = input(&[("p.t", text)], &hotspots);
        assert_eq!(parts(&input), [["p.t:twice"], ["p.t:walk"]]);
        let failed = BTreeMap::new();
        assert!(matches!(attempt(&input, &failed, (false, false)), Err(Failed::Strays)));
        assert!(crate::pipeline::generate(&input).functions.iter().all(|f| f.native));
    }
}
