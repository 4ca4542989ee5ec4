//! What the functions of a module store in the attributes of a class's instances, as far as the text says it.
//!
//! A class that only ever writes `self.left = None` says nothing of what hangs there later, and the functions that know
//! (`node.left = Node(key)`) need not be hotspots. What is read here is a hint like all types: native code guards it.

use std::collections::BTreeSet;

use crate::ast::{self, ExprKind as A, StmtKind as S};
use crate::infer::{FuncRef, Program};
use crate::resolve::mangled;
use crate::ty::{ObjectClass, Type};
use crate::walk::each_statement;

impl Program<'_> {
    /// Attributes of which the class itself says nothing but `None`, or a list or deque of nothing.
    fn open_attributes(&self, class: &ObjectClass) -> Vec<(String, bool)> {
        self.known_attributes(class)
            .filter_map(|(name, ty)| match ty {
                Type::None => Some((name.clone(), false)),
                Type::List { elem, .. } | Type::Deque { elem, .. } if **elem == Type::Never => {
                    Some((name.clone(), true))
                }
                _ => None,
            })
            .collect()
    }

    /// Reads what all functions of the class's module store in its open attributes.
    pub(super) fn learn_from_stores(&mut self, class: &ObjectClass) {
        let open = self.open_attributes(class);
        if open.is_empty() {
            return;
        }
        let Some((_, env)) = self.modules.module(&class.module) else { return };
        let is_open = |target: &ast::Expr, list: bool| match &target.kind {
            A::Attribute { name, .. } if open.contains(&(name.clone(), list)) => Some(name.clone()),
            _ => None,
        };
        let mut found: Vec<(String, Type)> = Vec::new();
        let mut untold: BTreeSet<String> = BTreeSet::new();
        for (qualname, function) in &env.functions {
            // A method that stores its own instance.
            let first = function.params.in_frame_order().next().map(|p| p.name.as_str());
            let owner = || self.object_class(&class.module, qualname.rsplit_once('.')?.0);
            let own = |value: &ast::Expr| match &value.kind {
                A::Name(name) if first == Some(name.as_str()) => owner().map(|class| {
                    let func = FuncRef { module: class.module.clone(), qualname: qualname.clone() };
                    self.recorded_self(&func).unwrap_or_else(|| Type::Instance(class.of_python()))
                }),
                _ => None,
            };
            each_statement(&function.body, &mut |stmt| match &stmt.kind {
                S::Assign { targets, value } => {
                    for name in targets.iter().filter_map(|target| is_open(target, false)) {
                        match own(value).or_else(|| self.literal_type(&class.module, value)) {
                            Some(ty) => found.push((name, ty)),
                            None => _ = untold.insert(name),
                        }
                    }
                }
                S::Expr(call) => {
                    if let A::Call { func, args, .. } = &call.kind
                        && let (A::Attribute { value: list, name: method }, [item]) =
                            (&func.kind, args.as_slice())
                        && method == "append"
                        && let Some(name) = is_open(list, true)
                        && let Some(item) = self.literal_type(&class.module, item)
                    {
                        let elem = Box::new(item);
                        let ty = match self.attributes.get(&self.attribute_key(class, &name)) {
                            Some(Type::Deque { .. }) => Type::Deque { elem, in_place: true },
                            _ => Type::List { elem, in_place: true },
                        };
                        found.push((name, ty));
                    }
                }
                _ => {}
            });
        }
        // A tree hangs on trees, a link on links: the best guess where the text does not tell.
        let tells = |name: &String| found.iter().any(|(other, ty)| other == name && *ty != Type::None);
        let links: Vec<String> = untold.into_iter().filter(|name| !tells(name)).collect();
        for name in links {
            let guess = Type::Instance(class.of_python());
            self.guessed.insert(self.attribute_key(class, &name), guess.clone());
            self.has_grown();
            found.push((name, guess));
        }
        for (name, ty) in found {
            self.is_seen(class, &name, Some(ty));
        }
    }

    /// What a method returns that only reads an attribute (`return self._year`) is what that is, as far as the manifest
    /// records it.
    pub(super) fn learn_from_getter(&mut self, class: &ObjectClass, f: &ast::FunctionDef) {
        let text = |stmt: &ast::Stmt| matches!(&stmt.kind, S::Expr(e) if matches!(e.kind, A::Constant(_)));
        let mut body = f.body.iter().filter(|stmt| !text(stmt));
        let (Some(ast::Stmt { kind: S::Return(Some(value)), .. }), None) = (body.next(), body.next()) else {
            return;
        };
        let A::Attribute { value: base, name } = &value.kind else { return };
        let own = f.params.in_frame_order().next().map(|p| &p.name);
        if !matches!(&base.kind, A::Name(n) if Some(n) == own) {
            return;
        }
        let func = FuncRef { module: class.module.clone(), qualname: format!("{}.{}", class.name, f.name) };
        let name = mangled(&class.name, name);
        for ty in self.results.get(&func).cloned().unwrap_or_default() {
            if !ty.has_never() && ty != Type::Obj {
                self.is_seen(class, &name, Some(ty));
            }
        }
    }

    /// Has an instance read an attribute before somebody stored something else in it?
    pub fn is_outdated(&self) -> bool {
        // What a form of its own has in attributes concerns nobody else.
        self.instances.iter().filter(|instance| instance.own == 0).any(|instance| {
            instance.state.as_ref().is_some_and(|state| {
                state.attributes.iter().any(|(key, var)| {
                    let seen = state.solver.resolve(&state.solver.get(*var));
                    self.attributes.get(key).is_some_and(|now| seen.as_ref() != Some(now))
                })
            })
        })
    }

    /// Begins with what another has found out of attributes.
    pub fn knowing(mut self, other: &Program<'_>) -> Self {
        let known = other.attributes.iter().filter(|(key, _)| super::own::is_of_objects(key));
        self.attributes = known.map(|(key, ty)| (key.clone(), ty.clone())).collect();
        self.guessed.clone_from(&other.guessed);
        self
    }
}
