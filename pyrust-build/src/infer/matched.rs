//! `case Point(0, y=y)`: which attributes the patterns of a class ask for.
//!
//! What the positional ones ask for, `__match_args__` says: what the class's text has under that name, or what dataclasses
//! and named tuples get. A guard compares it with what is there when the code runs.

use super::members::Member;
use super::{Infer, Program};
use crate::ast::{self, ExprKind as A};
use crate::ty::ObjectClass;

/// The global that is the class, and what its positional patterns ask for.
type Relied = (String, Vec<String>);

/// The name of what says so.
pub(super) fn guard(class: &str, attributes: &[String]) -> String {
    format!("matched {} {class}", attributes.join(","))
}

impl Program<'_> {
    /// Is it a class of the project?
    pub(super) fn is_class_matched(&self, module: &str, class: &str) -> bool {
        self.object_class(module, class).is_some() || self.named(module, class).is_some()
    }

    /// The attribute that a pattern of a class asks for, and what that relies on; `None` where it cannot be told, or where
    /// reading it may raise what makes the pattern fail.
    pub(super) fn attribute_matched(&self, module: &str, asked: &str) -> Option<(String, Option<Relied>)> {
        let (class, asked) = asked.split_once(' ')?;
        let (asked, by_name) = asked.split_once(' ').unwrap_or((asked, ""));
        let (name, relies_on) = match asked.parse::<usize>() {
            Ok(at) => {
                let all = self.match_args(module, class)?;
                let name = all.get(at)?.clone();
                // What is asked for twice raises.
                if all[..at].contains(&name) || by_name.split(',').any(|other| other == name) {
                    return None;
                }
                (name, Some((class.to_string(), all)))
            }
            Err(_) => (asked.to_string(), None),
        };
        let plain = match self.object_class(module, class) {
            Some(class) => matches!(self.member_of(&class, &name), None | Some(Member::Value)),
            None => self.named(module, class)?.class.fields.contains(&name),
        };
        plain.then_some((name, relies_on))
    }

    fn match_args(&self, module: &str, class: &str) -> Option<Vec<String>> {
        if let Some(def) = self.named(module, class) {
            return Some(def.class.fields.to_vec());
        }
        self.order(&*self.object_class(module, class)?)?.iter().find_map(|class| self.own_match_args(class))
    }

    /// Those that the class itself has.
    fn own_match_args(&self, class: &ObjectClass) -> Option<Vec<String>> {
        let (_, env) = self.modules.module(&class.module)?;
        let written = self.class_def(class)?.body.iter().rev().find_map(|stmt| match &stmt.kind {
            ast::StmtKind::Assign { targets, value } => {
                let is_it = |t: &ast::Expr| matches!(&t.kind, A::Name(name) if name == "__match_args__");
                targets.iter().any(is_it).then_some(value)
            }
            _ => None,
        });
        if let Some(value) = written {
            let (A::Tuple(items) | A::List(items)) = &value.kind else { return None };
            return items.iter().map(text).collect();
        }
        let init = env.made.get(&format!("{}.__init__", class.name))?;
        Some(init.def.params.positional.iter().skip(1).map(|p| p.name.clone()).collect())
    }
}

impl Infer<'_, '_> {
    /// Is it a property, of a class below the one of the pattern, whose `AttributeError` would make a pattern fail?
    pub(super) fn is_property_matched(&self, class: &ObjectClass, name: &str) -> bool {
        self.hir.attributes_matched.contains(name)
            && self.program.method_of(class, name).is_some_and(|method| method.kind.is_read())
    }
}

fn text(e: &ast::Expr) -> Option<String> {
    match &e.kind {
        A::Constant(ast::Constant::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}
