//! Runs instances until nothing changes. Only those that something calls with the types known by now: on the way to those,
//! functions are called with types that turn out to be others, and in large classes such instances are most of all.

use std::collections::BTreeSet;

use super::{Instance, Program};
use crate::ty::Type;

impl Instance {
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
        self.ran = false;
    }
}

impl Program<'_> {
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
                    changed |= self.run(i, false);
                    ran.insert(i);
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

    /// The run that is under way asks for an instance.
    pub(super) fn needs(&mut self, index: usize) -> usize {
        let instance = &mut self.instances[index];
        if std::mem::take(&mut instance.given_up) {
            instance.settled = false;
        }
        self.requested.insert(index);
        index
    }

    /// The instances that are still inferred and that something needs.
    pub(super) fn open(&self, root: usize) -> BTreeSet<usize> {
        let needed = (0..self.instances.len()).filter(|i| self.instances[*i].needed);
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
        let instances = self.instances.iter_mut().enumerate();
        for (_, instance) in instances.filter(|(i, instance)| !instance.settled && !open.contains(i)) {
            instance.forget();
            (instance.settled, instance.given_up) = (true, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{FuncRef, Modules, NARROW};
    use crate::passes::Passes;
    use crate::resolve::ModuleEnv;
    use crate::source::SourceFile;

    struct One(SourceFile, ModuleEnv);

    impl Modules for One {
        fn module(&self, _: &str) -> Option<(&SourceFile, &ModuleEnv)> {
            Some((&self.0, &self.1))
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
        let modules = One(file, env);
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
