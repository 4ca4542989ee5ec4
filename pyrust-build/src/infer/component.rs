//! Programs of the components of a project, which become one when all has been inferred.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lookups::{self, Table};
use super::{Instances, Modules, Program, caught, own, trees};
use crate::hir::Function;
use crate::passes::Passes;

impl<'a> Program<'a> {
    pub fn new(modules: &'a dyn Modules, passes: Passes) -> Self {
        Program::of_part(modules, passes, (0, 1))
    }

    /// The program of one component of a project, the part `part` of `parts`.
    pub fn of_part(modules: &'a dyn Modules, passes: Passes, (part, parts): (usize, usize)) -> Self {
        let instances = Instances::of_part(part, parts);
        Program {
            modules,
            passes,
            settled_until: instances.end(),
            instances,
            trials: None,
            index: Table::default(),
            lowered: Table::default(),
            made: BTreeMap::new(),
            values: Table::default(),
            constants: Table::default(),
            called: None,
            filled: BTreeMap::new(),
            attributes: BTreeMap::new(),
            asked: BTreeSet::new(),
            guessed: BTreeMap::new(),
            learned: BTreeSet::new(),
            hints: BTreeMap::new(),
            kept: BTreeMap::new(),
            told: BTreeMap::new(),
            results: BTreeMap::new(),
            contested: BTreeSet::new(),
            per_function: Table::default(),
            thawed: BTreeSet::new(),
            reassigned: BTreeSet::new(),
            own: own::Form::default(),
            given: BTreeSet::new(),
            forms: own::Forms::default(),
            trees: trees::Trees::default(),
            wider_ones: BTreeMap::new(),
            work: 0,
            spent: 0,
            spared: 0,
            clock: 0,
            grew_at: 0,
            grown_at: Table::default(),
            learned_at: 0,
            looks_inside: false,
            root: 0,
            requested: BTreeSet::new(),
            lookups: lookups::Lookups::default(),
            caught: caught::Caught::default(),
        }
    }

    /// Gives back what only inference needs: of what is emitted later there is a lot.
    pub fn finish(&mut self) {
        for instance in self.instances.iter_mut() {
            instance.state = None;
            instance.requested = BTreeSet::new();
            instance.decided = BTreeSet::new();
            instance.places = Default::default();
        }
        self.index = Table::default();
        self.constants = Table::default();
        self.per_function = Table::default();
        self.grown_at = Table::default();
    }

    /// Gives back the texts and types of what has been emitted: only what is emitted of classes asks for them later.
    pub fn emitted(&mut self) {
        let nothing = Arc::new(Function::default());
        for instance in self.instances.iter_mut() {
            instance.hir = Arc::clone(&nothing);
            (instance.vars, instance.nodes) = (Vec::new(), Vec::new());
        }
        self.lowered = Table::default();
        self.caught = caught::Caught::default();
    }

    /// Adds the program of the next component, which has nothing to do with this one; nothing is inferred any more.
    pub fn join(&mut self, next: Program<'a>) {
        self.instances.join(next.instances);
        self.values.extend(next.values);
        self.filled.extend(next.filled);
        self.attributes.extend(next.attributes);
        self.asked.extend(next.asked);
        self.guessed.extend(next.guessed);
        self.learned.extend(next.learned);
        self.hints.extend(next.hints);
        self.results.extend(next.results);
        self.thawed.extend(next.thawed);
        self.reassigned.extend(next.reassigned);
        self.given.extend(next.given);
        self.spent += next.spent + next.work;
    }

    /// What inference has looked at, by the module and the (qualified) name.
    pub fn touched(&self) -> impl Iterator<Item = (&str, &str)> {
        fn pair((module, name): &(String, String)) -> (&str, &str) {
            (module, name)
        }
        let functions = self.lowered.keys().map(|func| (func.module.as_str(), func.qualname.as_str()));
        let names = self.values.keys().chain(self.filled.keys()).chain(&self.learned).chain(&self.thawed);
        let attributes = self.attributes.keys().chain(&self.asked);
        functions.chain(names.map(pair)).chain(attributes.map(|key| (key.0.as_str(), key.1.as_str())))
    }
}
