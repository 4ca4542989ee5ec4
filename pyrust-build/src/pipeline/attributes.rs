//! What instances were observed to hold: what the manifest records of attributes, and which observations hotspots need.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::types::{from_signature, type_named};
use super::{Inferred, Input, Question, Sources, asked, caught};
use crate::infer::Program;
use crate::signature::SigType;
use crate::ty::{ObjectClass, Type};

/// What the compiler makes of what instances were observed to hold.
#[derive(Debug, Default, serde::Serialize)]
pub struct Attributes {
    /// Those that hotspots read or write, and that were seen to hold what the text does not say.
    pub unsaid: Vec<String>,
    /// Those of the manifest that no hotspot asks for.
    pub unasked: Vec<String>,
    /// How many expressions inference looked at.
    pub work: usize,
}

/// Which of the observed attributes, by `package.module.Class.attribute`, tell something that hotspots need.
pub fn attributes(input: &Input, observed: &BTreeMap<String, SigType>) -> Attributes {
    let sources = Sources::new(&input.modules);
    // What fails is found out, and told, by `generate`.
    let failed = BTreeMap::new();
    let question = Question::new(input, asked::passes(input), &sources, &failed);
    let Ok(Ok(Inferred { program, .. })) = caught(|| question.all()) else {
        return Attributes::default();
    };
    let is = |name: &String, ty: &SigType, what: &dyn Fn(&ObjectClass, &str, &Type) -> bool| {
        attribute(&program, name, ty).is_some_and(|(class, name, ty)| what(&class, name, &ty))
    };
    let needed = |class: &ObjectClass, name: &str, ty: &Type| {
        program.is_asked(class, name) && program.is_news(class, name, ty)
    };
    let is_asked = |class: &ObjectClass, name: &str, _: &Type| program.is_asked(class, name);
    let those = |from: &BTreeMap<String, SigType>, keep: &dyn Fn(&String, &SigType) -> bool| {
        from.iter().filter(|(name, ty)| keep(name, ty)).map(|(name, _)| name.clone()).collect()
    };
    Attributes {
        unsaid: those(observed, &|name, ty| is(name, ty, &needed)),
        unasked: those(&input.attributes, &|name, ty| !is(name, ty, &is_asked)),
        work: program.spent(),
    }
}

/// Tells the program what the manifest records of attributes.
pub(super) fn tell(program: &mut Program<'_>, input: &Input, names: &[&String]) {
    for name in names.iter().copied() {
        let ty = &input.attributes[name];
        if let Some((class, attribute, ty)) = attribute(program, name, ty) {
            program.tell(&class, attribute, &ty);
        }
    }
}

/// The class and the name of an attribute by its dotted name, and its recorded type.
fn attribute<'a>(
    program: &Program<'_>,
    name: &'a str,
    ty: &SigType,
) -> Option<(Arc<ObjectClass>, &'a str, Type)> {
    let (class, attribute) = name.rsplit_once('.')?;
    let Some(Type::Instance(class)) = type_named(program, "", class, None) else { return None };
    let named = |name: &str, types: Option<&[SigType]>| type_named(program, &class.module, name, types);
    let ty = from_signature(ty, &named);
    Some((class, attribute, ty))
}
