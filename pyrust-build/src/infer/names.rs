//! Names that other modules explain: a builtin under another name that is imported from a module of the project, and
//! tuples of classes (`int_types = (int,)`) that `isinstance` is asked with. Lowering sees one module only; here the
//! tree gets the names that the compiler knows, and the guards that say so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Program, enums};
use crate::ast;
use crate::hir::visit::{VisitMut, walk_expr_mut, walk_iter_mut};
use crate::hir::{Expr, ExprKind, Function, Iter, IterKind, Library, NodeId};
use crate::lower::matching::MATCHED;
use crate::ops::abstracts;
use crate::ops::builtins::CLASSES;
use crate::resolve::Binding;

/// Builtins whose calls need nothing of what lowering makes of the others.
const PLAIN: &[&str] = &[
    "abs",
    "bin",
    "bool",
    "bytes",
    "bytearray",
    "chr",
    "complex",
    "divmod",
    "float",
    "hash",
    "hex",
    "int",
    "isinstance",
    "len",
    "oct",
    "ord",
    "pow",
    "repr",
    "round",
    "str",
];

/// At most so many steps from a name to its classes.
const MAX_DEPTH: usize = 8;

impl Program<'_> {
    /// The function with the names that the compiler knows.
    pub(super) fn with_known_names(&self, function: Function) -> Function {
        let mut function = function;
        function.nested = function
            .nested
            .iter()
            .map(|nested| Arc::new(self.with_known_names(Function::clone(nested))))
            .collect();
        let mut body = std::mem::take(&mut function.body);
        let mut pass = Names {
            program: self,
            module: function.module.clone(),
            nodes: function.nodes,
            libraries: BTreeSet::new(),
            classes: BTreeSet::new(),
            matched: BTreeSet::new(),
            attributes: BTreeSet::new(),
        };
        pass.block(&mut body);
        let Names { nodes, libraries, classes, matched, attributes, .. } = pass;
        function.body = body;
        function.nodes = nodes;
        function.libraries.extend(libraries);
        function.classes.extend(classes);
        function.matched.extend(matched);
        function.attributes_matched.extend(attributes);
        self.with_known_numbers(function)
    }

    /// The builtin that a global of another name is.
    fn builtin_named(&self, module: &str, name: &str) -> Option<Library> {
        match self.binding(module, name)? {
            (_, Binding::Imported { module: home, name: attr }) if home == "builtins" => {
                let known = !self.binds(module, &attr);
                known.then(|| Library { global: name.to_string(), module: home, attr, imported: true })
            }
            _ => None,
        }
    }

    /// The library's abstract class that a global is.
    fn abstract_class(&self, module: &str, name: &str) -> Option<String> {
        match self.binding(module, name)? {
            (_, Binding::Imported { module: home, name: class }) => abstracts::spelled(&home, &class, name),
            _ => None,
        }
    }

    /// The library's abstract class that `global.name` is.
    fn abstract_attribute(&self, module: &str, global: &str, name: &str) -> Option<String> {
        let home = match self.binding(module, global)? {
            (_, Binding::Module(home)) => home,
            (_, Binding::Imported { module: package, name }) => format!("{package}.{name}"),
            _ => return None,
        };
        let full = format!("{home}.{name}");
        let (home, class) = full.rsplit_once('.')?;
        abstracts::spelled(home, class, &format!("{global}.{name}"))
    }

    /// The builtin classes in a tuple that a global stands for, in order.
    fn class_tuple(&self, module: &str, name: &str) -> Option<Vec<String>> {
        let (home, Binding::Value(value)) = self.binding(module, name)? else { return None };
        let mut out = Vec::new();
        self.classes_in(&home, &value, MAX_DEPTH, &mut out)?;
        let known = out.iter().all(|class| !self.binds(module, class));
        (known && !out.is_empty()).then_some(out)
    }

    fn classes_in(&self, home: &str, value: &ast::Expr, depth: usize, out: &mut Vec<String>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match &value.kind {
            ast::ExprKind::Tuple(items) => {
                items.iter().try_for_each(|item| self.classes_in(home, item, depth, out))
            }
            ast::ExprKind::Name(name) if CLASSES.contains(&name.as_str()) && !self.binds(home, name) => {
                out.push(name.clone());
                Some(())
            }
            ast::ExprKind::Name(name) => match self.binding(home, name)? {
                (_, Binding::Imported { module, name }) if module == "builtins" => {
                    CLASSES.contains(&name.as_str()).then(|| out.push(name))
                }
                (other, Binding::Value(value)) => self.classes_in(&other, &value, depth, out),
                _ => None,
            },
            // The one that is understood; the guard tells.
            ast::ExprKind::If { body, orelse, .. } => {
                let before = out.len();
                self.classes_in(home, body, depth, out).or_else(|| {
                    out.truncate(before);
                    self.classes_in(home, orelse, depth, out)
                })
            }
            _ => None,
        }
    }
}

struct Names<'p, 'a> {
    program: &'p Program<'a>,
    module: String,
    nodes: usize,
    libraries: BTreeSet<Library>,
    classes: BTreeSet<(String, Vec<String>)>,
    matched: BTreeSet<(String, Vec<String>)>,
    attributes: BTreeSet<String>,
}

impl Names<'_, '_> {
    fn node(&mut self) -> NodeId {
        self.nodes += 1;
        self.nodes - 1
    }

    /// An enumeration that is gone through, or counted, stands for its members.
    fn members(&self, e: &mut Expr) {
        if let ExprKind::Global(name) = &mut e.kind
            && self.program.enumeration_named(&self.module, name).is_some()
        {
            *name = format!("{} {name}", enums::MEMBERS);
        }
    }

    /// A class, or a tuple of classes, that `isinstance` is asked with.
    fn class(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Tuple(items) => items.iter_mut().for_each(|item| self.class(item)),
            ExprKind::Global(name) => {
                if let Some(spelled) = self.program.abstract_class(&self.module, name) {
                    *name = spelled;
                } else if let Some(library) = self.program.builtin_named(&self.module, name) {
                    e.kind = ExprKind::Global(library.attr.clone());
                    self.libraries.insert(library);
                } else if let Some(classes) = self.program.class_tuple(&self.module, name) {
                    self.classes.insert((name.clone(), classes.clone()));
                    let span = e.span;
                    let items = classes
                        .into_iter()
                        .map(|class| Expr { kind: ExprKind::Global(class), span, id: self.node() })
                        .collect();
                    e.kind = ExprKind::Tuple(items);
                }
            }
            ExprKind::ModuleAttr { module, name } => {
                if let Some(spelled) = self.program.abstract_attribute(&self.module, module, name) {
                    e.kind = ExprKind::Global(spelled);
                }
            }
            _ => {}
        }
    }
}

impl VisitMut for Names<'_, '_> {
    fn expr(&mut self, e: &mut Expr) {
        if let ExprKind::Call { name, .. } = &mut e.kind
            && let Some(library) = self.program.builtin_named(&self.module, name)
            && PLAIN.contains(&library.attr.as_str())
        {
            *name = library.attr.clone();
            self.libraries.insert(library);
        }
        if let ExprKind::Call { name, args, .. } = &mut e.kind
            && name == "isinstance"
            && let [_, Expr { kind: ExprKind::Global(class), .. }] = args.as_mut_slice()
            && let Some(asked) = class.strip_prefix(MATCHED)
        {
            if self.program.is_class_matched(&self.module, asked) {
                *class = asked.to_string();
            } else {
                e.kind = ExprKind::Bail;
            }
        }
        if let ExprKind::Call { name, args, keywords } = &mut e.kind
            && name == "isinstance"
            && keywords.is_empty()
            && !self.program.binds(&self.module, "isinstance")
            && let [_, class] = args.as_mut_slice()
        {
            self.class(class);
        }
        if let ExprKind::Method { name, .. } = &mut e.kind
            && let Some(asked) = name.strip_prefix("attribute ").and_then(|name| name.strip_prefix(MATCHED))
        {
            match self.program.attribute_matched(&self.module, asked) {
                Some((attribute, relies_on)) => {
                    *name = format!("attribute {attribute}");
                    self.attributes.insert(attribute);
                    self.matched.extend(relies_on);
                }
                None => e.kind = ExprKind::Bail,
            }
        }
        match &mut e.kind {
            ExprKind::Call { name, args, keywords } if name == "len" && keywords.is_empty() => {
                args.iter_mut().for_each(|arg| self.members(arg));
            }
            ExprKind::Index { base, index } => {
                if let ExprKind::Global(name) = &base.kind
                    && self.program.enumeration_named(&self.module, name).is_some()
                {
                    let name = format!("{} {name}", enums::LOOKUP);
                    e.kind = ExprKind::Call { name, args: vec![(**index).clone()], keywords: Vec::new() };
                }
            }
            _ => {}
        }
        walk_expr_mut(self, e);
    }

    fn iter(&mut self, iter: &mut Iter) {
        if let IterKind::Expr(e) | IterKind::Reversed(e) = &mut iter.kind {
            self.members(e);
        }
        walk_iter_mut(self, iter);
    }
}
