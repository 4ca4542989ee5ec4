//! Instances of which the same is emitted are one.
//!
//! A form that keeps instances of classes to itself infers all that it reaches anew, and a receiver of several classes
//! reaches much; what has nothing of that in it comes out as it did before. Calls of such instances run the first of
//! them, so that the others are not emitted.

use std::collections::BTreeMap;

use super::{Instance, Program};
use crate::passes::Pass;

impl Program<'_> {
    /// Makes one of those that are the same; nothing is inferred any more behind that.
    pub fn merge_same(&mut self) {
        if !self.passes.has(Pass::Merge) {
            return;
        }
        let mut alike = self.alike();
        alike.sort_unstable();
        loop {
            let apart = self.apart_by_calls(&alike);
            if apart == alike {
                break;
            }
            alike = apart;
        }
        let firsts: BTreeMap<usize, usize> =
            alike.iter().flat_map(|group| group.iter().map(|i| (*i, group[0]))).collect();
        for instance in self.instances.iter_mut() {
            let values = instance.values.values_mut().flatten().map(|reached| &mut reached.instance);
            for callee in instance.calls.values_mut().chain(values) {
                *callee = firsts.get(callee).copied().unwrap_or(*callee);
            }
        }
    }

    /// Groups of those that differ in nothing but in what they call. Instances that have nobody like them are in none.
    fn alike(&self) -> Vec<Vec<usize>> {
        let mut by_parameters: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (i, instance) in self.instances.numbered() {
            if !instance.is_refused && !instance.given_up {
                by_parameters.entry((&instance.func, &instance.params)).or_default().push(i);
            }
        }
        let several = by_parameters.into_values().filter(|group| group.len() > 1);
        several.flat_map(|group| split(&group, |i| self.instances[i].said())).collect()
    }

    /// The same groups, without those whose calls lead to different ones.
    fn apart_by_calls(&self, alike: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let numbered = |(number, group): (usize, &Vec<usize>)| {
            group.iter().map(move |i| (*i, number)).collect::<Vec<_>>()
        };
        let groups: BTreeMap<usize, usize> = alike.iter().enumerate().flat_map(numbered).collect();
        // Where it leads: to a group, or to an instance alone.
        let to = |callee: usize| groups.get(&callee).map_or((callee, true), |group| (*group, false));
        let calls = |i: usize| {
            let instance = &self.instances[i];
            let calls: Vec<_> = instance.calls.iter().map(|(node, callee)| (*node, to(*callee))).collect();
            let values = instance.values.iter().flat_map(|(node, all)| {
                all.iter().map(|r| (*node, format!("{:?}", r.callee), r.spread, to(r.instance)))
            });
            (calls, values.collect::<Vec<_>>())
        };
        let mut parts: Vec<Vec<usize>> = alike.iter().flat_map(|group| split(group, calls)).collect();
        parts.sort_unstable();
        parts
    }
}

/// A group by what tells its members apart; those that are left alone are in none.
fn split<K: Ord>(group: &[usize], key: impl Fn(usize) -> K) -> Vec<Vec<usize>> {
    let mut parts: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for i in group {
        parts.entry(key(*i)).or_default().push(*i);
    }
    parts.into_values().filter(|part| part.len() > 1).collect()
}

impl Instance {
    /// All that is emitted of it, but for what it calls.
    fn said(&self) -> String {
        let types = (&self.ret, &self.after, &self.vars, &self.nodes, &self.globals);
        let names = (&self.guards, &self.attrs, &self.made, &self.notes);
        let how = (self.writes, self.live, self.wanted, &self.wide, self.settled);
        format!("{types:?} {names:?} {how:?} {:?}", self.hir)
    }
}
