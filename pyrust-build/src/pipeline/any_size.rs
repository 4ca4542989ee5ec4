//! A specialisation of a hotspot for calls in which an int leaves 64 bits on the way: where that can happen with small
//! arguments, a second one with ints of any size stands behind the first, and is asked where that gave up.

use super::{Sources, places, specialise};
use crate::emit::{Hotspot, Spec};
use crate::explain::explain;
use crate::infer::{EVERYTHING, Modules, Program};
use crate::manifest::Entry;
use crate::pipeline::FunctionReport;
use crate::signature::{SigType, Signature};

/// At most so many of them for one hotspot, and so many functions in one.
const MOST: usize = 2;
const MOST_FUNCTIONS: usize = 16;

/// Adds them to a hotspot that has been compiled.
pub(super) fn add(
    program: &mut Program<'_>,
    sources: &Sources<'_>,
    entry: &Entry,
    report: &mut FunctionReport,
    hotspot: &mut Hotspot,
) {
    let plain = |spec: &&Spec| spec.segments.is_empty() && spec.region.is_none();
    let known: Vec<(String, usize)> =
        hotspot.specs.iter().filter(plain).map(|spec| (spec.signature.clone(), spec.instance)).collect();
    if !hotspot.bodies.is_empty() || known.len() != hotspot.specs.len() {
        return;
    }
    let (func, mut added) = (hotspot.func.clone(), 0);
    let Some(places) = places(sources, &func) else { return };
    for (signature, instance) in known {
        let Some(signature) = entry.signatures.iter().find(|s| s.to_string() == signature) else { continue };
        if added == MOST
            || program.reachable(instance).len() > MOST_FUNCTIONS
            || !program.may_leave_words(instance)
        {
            continue;
        }
        let of_any_size = Signature {
            params: signature.params.iter().map(of_any_size).collect(),
            ret: signature.ret.clone(),
        };
        // What it leaves to Python the first one would have to leave as well.
        let left = |program: &Program<'_>, root: usize| -> usize {
            program.reachable(root).into_iter().map(|i| program.instances[i].notes.len()).sum()
        };
        let most = left(program, instance);
        let other = |signature: Signature, program: &mut Program<'_>| {
            let how = (entry.signatures.as_slice(), EVERYTHING);
            let other = specialise(program, &func, &signature, &places, how).ok()?;
            let new = hotspot.specs.iter().all(|spec| spec.instance != other);
            (new && left(program, other) <= most).then_some((signature, other))
        };
        // A parameter that says how often something is done may have to be a word.
        let found = other(of_any_size, program).or_else(|| other(signature.clone(), program));
        let Some((of_any_size, other)) = found else { continue };
        added += 1;
        let (signature, plain) = (of_any_size.to_string(), signature.to_string());
        if signature != plain
            && let Some((file, _)) = sources.module(&func.module)
        {
            report.explain.retain(|known| known.signature != signature);
            report.explain.push(explain(program, file, other, &of_any_size));
        }
        // Where such calls were recorded, this one stands for them; not where no parameter is an int.
        hotspot.specs.retain(|spec| spec.signature != signature || spec.instance == instance);
        hotspot.specs.push(Spec {
            signature,
            instance: other,
            owned: None,
            segments: Vec::new(),
            sites: Vec::new(),
            region: None,
        });
    }
}

fn of_any_size(ty: &SigType) -> SigType {
    match ty {
        SigType::Int => SigType::BigInt,
        SigType::Union(members) => {
            let mut all: Vec<SigType> = Vec::new();
            for member in members.iter().map(of_any_size) {
                if !all.contains(&member) {
                    all.push(member);
                }
            }
            if all.len() == 1 { all.remove(0) } else { SigType::Union(all) }
        }
        SigType::Tuple(items) => SigType::Tuple(items.iter().map(of_any_size).collect()),
        other => other.clone(),
    }
}
