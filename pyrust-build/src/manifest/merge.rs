//! Bringing a profile into the manifest.
//!
//! The same profile gives the same manifest, however often it is merged: entries come at the threshold and go below
//! half of it, types only widen, a source hash is refreshed for what was profiled.

use std::collections::{BTreeMap, BTreeSet};

use super::{Manifest, Mode};
use crate::signature::SigType;
use crate::signature::set::{self, Counted};

/// What a profile found out, for one set of packages.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Percentage at which a function becomes a hotspot.
    pub threshold: f64,
    /// Long enough for its shares to mean something: only then entries go.
    pub measured: bool,
    pub functions: Vec<Profiled>,
    /// Functions that have entries whatever their share: those of others need what they say.
    pub needed: BTreeSet<String>,
    /// What attributes were seen to hold that hotspots ask for and the text does not tell.
    pub attributes: BTreeMap<String, SigType>,
    /// Attributes that no hotspot asks for any more.
    pub unasked: BTreeSet<String>,
}

/// One function in a profile.
#[derive(Clone, Debug)]
pub struct Profiled {
    /// `module:qualname`.
    pub function: String,
    /// Its CPU self time as percentage.
    pub share: f64,
    /// Recorded signatures with the number of calls.
    pub signatures: Vec<Counted>,
}

/// What a merge did. Function names, sorted.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Summary {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub widened: Vec<String>,
    /// The source hash was brought up to date.
    pub refreshed: Vec<String>,
    pub kept: Vec<String>,
    /// Hot, but not in the sources as a function that can have an entry.
    pub skipped: Vec<Skipped>,
    /// Sum of the shares of all entries.
    pub coverage: f64,
}

/// A hot function that gets no entry.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Skipped {
    pub function: String,
    pub reason: String,
}

/// Merges `profile`. `source` computes the hash of a function's present source.
pub fn merge(
    manifest: &mut Manifest,
    profile: &Profile,
    mut source: impl FnMut(&str) -> Result<String, String>,
) -> Summary {
    let mut summary = Summary::default();
    let profiled: BTreeMap<&str, &Profiled> =
        profile.functions.iter().map(|function| (function.function.as_str(), function)).collect();
    manifest.hotspots.retain(|entry| {
        let share = profiled.get(entry.function.as_str()).map_or(0.0, |function| function.share);
        // A mode was set by a person.
        let stays = !profile.measured || entry.mode != Mode::Native || share >= profile.threshold / 2.0;
        let stays = stays || profile.needed.contains(&entry.function);
        if !stays {
            summary.removed.push(entry.function.clone());
        }
        stays
    });
    for function in profiled.values() {
        let known = manifest.entry(&function.function).is_some();
        let hot = function.share >= profile.threshold || profile.needed.contains(&function.function);
        if !known && (!hot || function.signatures.is_empty()) {
            continue;
        }
        let hash = match source(&function.function) {
            Ok(hash) => hash,
            Err(reason) => {
                if !known {
                    summary.skipped.push(Skipped { function: function.function.clone(), reason });
                }
                continue;
            }
        };
        let entry = manifest.entry_or_add(&function.function);
        let before = entry.clone();
        entry.signatures = set::merge(&entry.signatures, &function.signatures);
        // Without new types the recorded ones may not fit the changed source: leave it visible as stale.
        if !function.signatures.is_empty() || entry.source.is_none() {
            entry.source = Some(hash);
        }
        let edited = before.source.is_some() && before.source != entry.source;
        let widened = before.signatures != entry.signatures;
        // The verdict was about another function or other types.
        entry.gate &= !edited && !widened;
        let name = function.function.clone();
        match (known, widened, edited) {
            (false, _, _) => summary.added.push(name),
            (true, true, _) => summary.widened.push(name),
            (true, false, true) => summary.refreshed.push(name),
            (true, false, false) => summary.kept.push(name),
        }
    }
    manifest.attributes.retain(|name, _| !profile.unasked.contains(name));
    for (name, ty) in &profile.attributes {
        manifest.widen_attribute(name, ty);
    }
    let shares = manifest.hotspots.iter().filter_map(|entry| profiled.get(entry.function.as_str()));
    summary.coverage = shares.map(|function| function.share).sum();
    summary
}
