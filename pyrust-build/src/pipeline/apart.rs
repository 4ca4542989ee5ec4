//! Infers the components of a project apart from each other, on several threads, while those that come first are emitted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::attributes;
use super::components::{Component, Names};
use super::types::{from_signature, type_named, without_levels};
use super::{Failed, FunctionReport, Input, Sources, Stays, any_size, bodies, caught, compile, places};
use crate::emit::Hotspot;
use crate::infer::{FuncRef, Program};
use crate::parse::STACK;
use crate::passes::{Pass, Passes};
use crate::signature::SigType;
use crate::ty::Type;

/// At most so many times everything is inferred again because of what was learned of attributes.
const MAX_REVISIONS: usize = 2;

/// What is to be inferred.
#[derive(Clone, Copy)]
pub(super) struct Question<'q, 's> {
    pub(super) input: &'q Input,
    pub(super) passes: Passes,
    pub(super) sources: &'s Sources<'s>,
    /// The hotspots at which the compiler failed, and why.
    pub(super) failed: &'q BTreeMap<String, String>,
    /// Each form is emitted on trial.
    pub(super) trials: bool,
    /// As one component.
    pub(super) whole: bool,
}

/// What became of the hotspots of a component, or of all, in the order of their names.
pub(super) struct Inferred<'s> {
    pub(super) program: Program<'s>,
    pub(super) reports: Vec<FunctionReport>,
    pub(super) hotspots: Vec<Hotspot>,
}

impl<'q, 's> Question<'q, 's> {
    pub(super) fn new(
        input: &'q Input,
        passes: Passes,
        sources: &'s Sources<'s>,
        failed: &'q BTreeMap<String, String>,
    ) -> Self {
        Question { input, passes, sources, failed, trials: false, whole: false }
    }

    /// Infers all hotspots; `take` is shown one component after the other. Or the next hotspot that fails, and why.
    pub(super) fn inferred(
        &self,
        take: &mut dyn FnMut(&mut Inferred<'s>) -> Result<(), Failed>,
    ) -> Result<Inferred<'s>, Failed> {
        // What is written by hand may rely on anything.
        let whole = self.whole || self.input.hotspots.len() < 2 || !self.input.bodies.is_empty();
        let found = (!whole).then(|| Names::components(self.input, self.sources));
        let Some((components, names)) = found.filter(|(components, _)| components.len() > 1) else {
            let mut all = self.component(&Component::whole(self.input), (0, 1))?;
            take(&mut all)?;
            return Ok(all);
        };
        let infer = |part: usize| self.component(&components[part], (part, components.len()));
        let mut all: Option<Inferred<'s>> = None;
        side_by_side(components.len(), &infer, &mut |part, inferred| {
            let mut inferred = inferred?;
            if names.strays(&inferred.program, &components[part]) {
                return Err(Failed::Strays);
            }
            take(&mut inferred)?;
            match &mut all {
                None => all = Some(inferred),
                Some(all) => {
                    all.program.join(inferred.program);
                    all.reports.append(&mut inferred.reports);
                    all.hotspots.append(&mut inferred.hotspots);
                }
            }
            Ok(())
        })?;
        let mut all = all.expect("there are hotspots");
        all.reports.sort_by(|a, b| a.function.cmp(&b.function));
        all.hotspots.sort_by_cached_key(|hotspot| hotspot.func.name());
        Ok(all)
    }

    /// Infers all hotspots without a look at what comes first.
    pub(super) fn all(self) -> Result<Inferred<'s>, Failed> {
        match self.inferred(&mut |_| Ok(())) {
            Err(Failed::Strays) => Question { whole: true, ..self }.inferred(&mut |_| Ok(())),
            other => other,
        }
    }

    /// Infers one component, again where that tells more of attributes.
    fn component(&self, component: &Component<'_>, part: (usize, usize)) -> Result<Inferred<'s>, Failed> {
        let Question { input, passes, sources, trials, .. } = *self;
        let by_hand = match passes.has(Pass::Bodies) {
            true => bodies::find(&input.bodies).0,
            false => Vec::new(),
        };
        let mut program = Program::of_part(sources, passes, part);
        program.trials = trials.then(BTreeSet::new);
        let (mut reports, mut hotspots) = self.once(&mut program, component, &by_hand)?;
        for _ in 0..MAX_REVISIONS {
            if !program.is_outdated() {
                break;
            }
            // A function that comes later in the order told what hangs in an attribute.
            program = Program::of_part(sources, passes, part).knowing(&program);
            program.trials = trials.then(BTreeSet::new);
            (reports, hotspots) = self.once(&mut program, component, &by_hand)?;
        }
        program.merge_same();
        program.finish();
        Ok(Inferred { program, reports, hotspots })
    }

    /// Compiles the hotspots of a component, in the order of their names.
    fn once(
        &self,
        program: &mut Program<'s>,
        component: &Component<'_>,
        by_hand: &[bodies::Body],
    ) -> Result<(Vec<FunctionReport>, Vec<Hotspot>), Failed> {
        let Question { input, sources, failed, .. } = *self;
        let entries = &component.entries;
        let (mut reports, mut hotspots) = (Vec::new(), Vec::new());
        for entry in entries {
            let (module, qualname) = entry.function.split_once(':').unwrap_or((&entry.function, ""));
            let named = |name: &str, types: Option<&[SigType]>| type_named(program, module, name, types);
            let func = FuncRef { module: module.to_string(), qualname: qualname.to_string() };
            let places = places(sources, &func);
            let types = |params: &[SigType]| {
                let mut types: Vec<Type> = params.iter().map(|t| from_signature(t, &named)).collect();
                if let Some(places) = places.as_ref().filter(|places| places.len() == types.len()) {
                    types = places.iter().map(|&i| types[i].clone()).collect();
                }
                if let Some(first @ Type::Obj) = types.first_mut() {
                    *first = program.class_given_to(module, qualname).unwrap_or(Type::Obj);
                }
                types
            };
            let all = entry.signatures.iter().map(|s| types(&s.params)).collect();
            let told =
                entry.signatures.iter().map(|s| types(&without_levels(s, &entry.signatures))).collect();
            let results = entry.signatures.iter().map(|s| from_signature(&s.ret, &named)).collect();
            program.results.insert(func.clone(), results);
            program.told.insert(func.clone(), told);
            program.hints.insert(func, all);
        }
        attributes::tell(program, input, &component.attributes);
        for entry in entries {
            let (module, qualname) = entry.function.split_once(':').unwrap_or((&entry.function, ""));
            let func = FuncRef { module: module.to_string(), qualname: qualname.to_string() };
            let stays = match failed.get(&entry.function) {
                Some(why) => Stays::Failed(why),
                None if input.dropped.contains(&entry.function) => Stays::Dropped,
                None => Stays::No,
            };
            let (report, hotspot) =
                caught(|| compile(program, sources, entry, func, stays, (input, by_hand)))
                    .map_err(|why| (entry.function.clone(), why))?;
            reports.push(report);
            hotspots.push(hotspot);
        }
        // Last, so that what has been compiled is as it would be without.
        for (entry, (report, hotspot)) in entries.iter().zip(reports.iter_mut().zip(&mut hotspots)) {
            caught(|| any_size::add(program, sources, entry, report, hotspot))
                .map_err(|why| (entry.function.clone(), why))?;
        }
        Ok((reports, hotspots))
    }
}

/// Does jobs on as many threads as pay; `take` gets the results in order, on the thread of the caller, and may end it all.
fn side_by_side<T: Send>(
    jobs: usize,
    work: &(dyn Fn(usize) -> T + Sync),
    take: &mut dyn FnMut(usize, T) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs);
    let begun = AtomicUsize::new(0);
    let next = || Some(begun.fetch_add(1, Ordering::Relaxed)).filter(|job| *job < jobs);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let (sender, next) = (sender.clone(), &next);
            let thread = std::thread::Builder::new().name("pyrust".into()).stack_size(STACK);
            // Where there are no threads the caller does it all.
            let _ = thread.spawn_scoped(scope, move || {
                while let Some(job) = next()
                    && sender.send((job, work(job))).is_ok()
                {}
            });
        }
        drop(sender);
        let mut done: BTreeMap<usize, T> = BTreeMap::new();
        let result = (0..jobs).try_for_each(|job| {
            loop {
                done.extend(receiver.try_iter());
                if let Some(result) = done.remove(&job) {
                    return take(job, result);
                }
                // What is waited for is under way elsewhere, or comes next.
                match next() {
                    Some(other) => _ = done.insert(other, work(other)),
                    None => done.extend([receiver.recv().expect("no thread fails without a word")]),
                }
            }
        });
        // No thread begins another one.
        begun.store(jobs, Ordering::Relaxed);
        result
    })
}
