//! Runs instances until nothing changes. Only those that something calls with the types known by now: on the way to those,
//! functions are called with types that turn out to be others, and in large classes such instances are most of all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lookups::Attribute;
use super::{Analysis, Instance, Program, Wide, outgoing, refine};
use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::ty::Type;

/// At most so many times all is inferred again for what only the report has asked for.
const MAX_REPORTS: usize = 4;

impl Instance {
    /// What the caller wants of ints of any size.
    pub fn wanted(&self) -> Wide {
        self.wanted
    }

    /// The type that a parameter has on entry: what the caller gives. Later assignments may have widened the variable.
    pub fn entry_type(&self, i: usize) -> Type {
        let var = self.hir.params[i].var;
        if self.hir.vars[var].cell {
            return Type::Cell(Box::new(self.vars[var].clone()));
        }
        self.vars[self.hir.params[i].var].part_like(&self.params[i])
    }

    /// Is it being inferred, and are there types to go by?
    pub(super) fn is_open(&self) -> bool {
        !self.settled && self.ran
    }

    /// Forgets what was inferred.
    pub(super) fn forget(&mut self) {
        self.vars = vec![Type::Never; self.hir.vars.len()];
        self.nodes = vec![Type::Never; self.hir.nodes];
        self.ret = Type::Never;
        self.after = self.params.clone();
        self.state = None;
        self.calls.clear();
        self.values.clear();
        self.requested.clear();
        (self.ran, self.ran_at, self.cost) = (false, None, 0);
    }
}

impl Program<'_> {
    /// The instances that are not inferred for good.
    pub(super) fn new_ones(&self) -> impl Iterator<Item = (usize, &Instance)> {
        self.instances.since(self.settled_until).filter(|(_, i)| !i.settled)
    }

    /// Those of them that have been run.
    pub(super) fn open_ones(&self) -> impl Iterator<Item = (usize, &Instance)> {
        self.new_ones().filter(|(_, i)| i.is_open())
    }

    /// Ends the inference of those that are new; `found`: what went wrong.
    pub(super) fn settle_for_good(&mut self, found: Option<&Diagnostic>) {
        for (_, instance) in self.instances.since_mut(self.settled_until).filter(|(_, i)| !i.settled) {
            instance.settled = true;
            instance.diagnostics.extend(found.cloned());
        }
        self.settled_until = self.instances.end();
    }

    /// Cuts and narrows the new instances by what has been inferred; true if they must be inferred anew.
    pub(super) fn refine(&mut self) -> bool {
        let (mut found, mut decided) = (Vec::new(), Vec::new());
        for (i, instance) in self.open_ones() {
            if !instance.func.is_copying()
                && let Some(hir) = outgoing::settled(&instance.hir, &instance.nodes)
            {
                found.push((i, hir));
                continue;
            }
            if self.hides_tests(&instance.func.module) {
                continue;
            }
            if let Some(hir) = self.given_apart(instance) {
                found.push((i, hir));
                continue;
            }
            let endless = instance.state.as_ref().map(Analysis::endless).unwrap_or_default();
            let contested = self.contested.iter().filter(|(func, _)| *func == instance.func);
            let contested = contested.map(|(_, test)| *test).collect();
            let known = (instance.vars.as_slice(), instance.nodes.as_slice());
            if let Some((hir, tests)) =
                refine::refine(self, &instance.func, &instance.hir, known, endless, &contested)
            {
                found.push((i, hir));
                decided.push((i, tests));
            }
        }
        for (i, tests) in decided {
            self.instances[i].decided.extend(tests);
        }
        self.put(found)
    }

    /// Gives instances new texts; true if there are any, and they and all that call them must be inferred anew.
    pub(super) fn put(&mut self, texts: Vec<(usize, hir::Function)>) -> bool {
        if texts.is_empty() {
            return false;
        }
        let new = texts.iter().map(|(i, _)| *i).collect();
        for (i, hir) in texts {
            self.instances[i].hir = Arc::new(hir);
        }
        self.forget_with(new);
        true
    }

    /// What was inferred from an old text is forgotten, also where it went.
    pub(super) fn forget(&mut self) {
        let new = self.instances.since_mut(self.settled_until).map(|(_, instance)| instance);
        new.filter(|i| !i.settled).for_each(Instance::forget);
    }

    /// Runs the new instances that are reached until nothing changes; false if that does not come to an end. What was
    /// settled before calls nothing new.
    pub(super) fn settle(&mut self, root: usize) -> bool {
        for _ in 0..200 {
            let (mut changed, mut ran) = (false, BTreeSet::new());
            loop {
                // Callees mostly come behind their callers, so what they return gets up a chain of calls in one
                // backward pass.
                let open = self.open(root);
                let left: Vec<usize> = open.into_iter().filter(|i| !ran.contains(i)).collect();
                if left.is_empty() {
                    break;
                }
                for i in left.into_iter().rev() {
                    ran.insert(i);
                    match self.has_news(i) {
                        true => changed |= self.run(i, false),
                        false => self.spared += self.instances[i].round,
                    }
                }
            }
            if self.is_exhausted() {
                return false;
            }
            if !changed {
                return true;
            }
        }
        false
    }

    /// What all instances may look at has changed.
    /// What a segment of a generator keeps on one of its ways to a `yield`, item by item; false if that is known.
    pub fn keep(&mut self, segment: &super::FuncRef, way: usize, items: Vec<Option<Type>>) -> bool {
        let known = self.kept.insert((segment.clone(), way), items.clone());
        let fresh = known.as_ref() != Some(&items);
        if fresh {
            // What was cut off for want of types is there again.
            let text = self.lowered.get(segment).and_then(|text| text.as_ref().ok()).cloned();
            let first = self.instances.numbers().start;
            for (i, instance) in self.instances.since_mut(first).filter(|(_, i)| i.func == *segment) {
                self.settled_until = self.settled_until.min(i);
                instance.hir = text.clone().unwrap_or_else(|| instance.hir.clone());
                instance.settled = false;
                instance.forget();
            }
            self.has_grown();
        }
        fresh
    }

    /// See [`Program::keep`].
    pub(super) fn kept_at(&self, segment: &super::FuncRef, way: usize) -> Vec<Option<Type>> {
        self.kept.get(&(segment.clone(), way)).cloned().unwrap_or_default()
    }

    pub(super) fn has_grown(&mut self) {
        self.clock += 1;
        self.grew_at = self.clock;
    }

    /// Would a run of the instance be another one than its last? Nothing that it looks at has changed otherwise.
    fn has_news(&self, index: usize) -> bool {
        let instance = &self.instances[index];
        let Some(ran_at) = instance.ran_at else { return true };
        let grown = |key: &Attribute| self.grown_at.get(key).is_some_and(|at| *at > ran_at);
        self.grew_at > ran_at
            || instance.requested.iter().any(|i| self.instances[*i].changed_at > ran_at)
            || (self.learned_at > ran_at
                && instance.state.as_ref().is_none_or(|state| state.attributes.keys().any(grown)))
    }

    /// The run that is under way asks for an instance.
    pub(super) fn needs(&mut self, index: usize) -> usize {
        let instance = &mut self.instances[index];
        if std::mem::take(&mut instance.given_up) {
            instance.settled = false;
            self.settled_until = self.settled_until.min(index);
        }
        self.requested.insert(index);
        index
    }

    /// Forgets what was inferred of these, and of what calls them. What is left has seen nothing of them.
    pub(super) fn forget_with(&mut self, mut stale: BTreeSet<usize>) {
        let open = self.open(self.root);
        loop {
            let calls = |i: &usize| self.instances[*i].requested.iter().any(|callee| stale.contains(callee));
            let more: Vec<usize> = open.iter().copied().filter(|i| !stale.contains(i) && calls(i)).collect();
            if more.is_empty() {
                break;
            }
            stale.extend(more);
        }
        for i in self.settled_until..self.instances.end() {
            let instance = &mut self.instances[i];
            if instance.settled {
                continue;
            }
            if stale.contains(&i) || !open.contains(&i) {
                instance.forget();
            } else {
                self.spared += instance.cost;
            }
        }
    }

    /// Runs what is reached once more, for its diagnostics. True if that has asked for instances that have not run: a
    /// caller would be left with functions whose variables have no types, and a call of those could only bail.
    pub(super) fn report(&mut self, root: usize, reports: &mut usize) -> bool {
        for i in self.settled_until..self.instances.end() {
            if !self.instances[i].settled {
                self.run(i, true);
            }
        }
        *reports += 1;
        *reports <= MAX_REPORTS && self.open(root).into_iter().any(|i| !self.instances[i].ran)
    }

    /// Does what an instance reaches write to nothing of Python's, and is all of it compiled?
    pub fn only_reads(&self, instance: usize) -> bool {
        let reads = |i: usize| !self.instances[i].writes && self.instances[i].notes.is_empty();
        self.reachable(instance).into_iter().all(reads)
    }

    /// The instances that are still inferred and that something needs.
    pub(super) fn open(&self, root: usize) -> BTreeSet<usize> {
        let needed = self.new_ones().filter(|(_, instance)| instance.needed).map(|(i, _)| i);
        let mut todo: Vec<usize> = needed.chain([root]).collect();
        let mut open = BTreeSet::new();
        while let Some(i) = todo.pop() {
            if !self.instances[i].settled && open.insert(i) {
                todo.extend(&self.instances[i].requested);
            }
        }
        open
    }

    /// Forgets instances that were called with types that turned out to be others. They take part in refinement until
    /// then: inferred anew, their callers ask for them first once more, and with what they return for the rest.
    pub(super) fn give_up_unreached(&mut self, root: usize) {
        let open = self.open(root);
        let instances = self.instances.since_mut(self.settled_until);
        for (_, instance) in instances.filter(|(i, instance)| !instance.settled && !open.contains(i)) {
            instance.forget();
            (instance.settled, instance.given_up) = (true, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{FuncRef, Identified, Modules, NARROW};
    use crate::passes::Passes;
    use crate::resolve::ModuleEnv;
    use crate::source::SourceFile;

    struct One(SourceFile, ModuleEnv, Identified);

    impl Modules for One {
        fn module(&self, _: &str) -> Option<(&SourceFile, &ModuleEnv)> {
            Some((&self.0, &self.1))
        }

        fn names(&self) -> Vec<&str> {
            vec![&self.0.module]
        }

        fn identified(&self) -> &Identified {
            &self.2
        }
    }

    /// `low` stands before `first` and is run after it, so that `second` is asked for with what `low` was known to return
    /// before `grown` was; in the end with more.
    #[test]
    fn what_is_not_asked_for_any_more_is_given_up() {
        let text = "def low(n):\n    if n > 1:\n        return grown(n)\n    return 1\n\n\
                    def grown(n):\n    return n / 2\n\n\
                    def first(n):\n    return low(n)\n\n\
                    def second(x):\n    return x\n\n\
                    def whole(n):\n    low(n)\n    return second(first(n))\n";
        let file = SourceFile::new("m", "m.py", text);
        let env = ModuleEnv::new("m", &crate::parse::parse_functions(&file).expect("it parses"), false);
        let modules = One(file, env, Identified::default());
        let mut program = Program::new(&modules, Passes::default());
        let func = FuncRef { module: "m".to_string(), qualname: "whole".to_string() };
        let root = program.instance(&func, vec![Type::Int], NARROW).expect("an instance");
        let of_second = |i: &&Instance| i.func.qualname == "second";
        let (given_up, kept): (Vec<&Instance>, Vec<&Instance>) =
            program.instances.iter().filter(of_second).partition(|i| i.given_up);
        assert_eq!(given_up.iter().map(|i| &i.params[0]).collect::<Vec<_>>(), [&Type::Int]);
        assert!(given_up[0].calls.is_empty() && given_up[0].ret == Type::Never);
        assert_eq!(kept.len(), 1);
        assert!(program.reachable(root).iter().all(|i| !program.instances[*i].given_up));
    }
}
