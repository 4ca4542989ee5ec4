//! What is to be emitted: the hotspots, and which instances stand for them.

use crate::bodies::Reliance;
use crate::infer::FuncRef;
use crate::lower::counted::Form;
use crate::lower::segments::Watched;

/// One specialisation of a hotspot: the instance that Python calls enter.
pub struct Spec {
    pub signature: String,
    pub instance: usize,
    /// The same function with the lists that it writes to as native ones.
    pub owned: Option<usize>,
    /// Of a generator function: what runs behind each `yield`. `instance` runs up to the first.
    pub segments: Vec<Segment>,
    /// The `yield`s that the first segment gets to; of a region, the ways out.
    pub sites: Vec<Site>,
    /// Of a loop that is compiled alone: where it stands.
    pub region: Option<Place>,
}

/// A loop that is compiled alone, in a function that stays Python.
pub struct Place {
    /// Counted over all loops of the function, from 1.
    pub number: usize,
    /// The locals that it is given.
    pub locals: Vec<String>,
    pub line: usize,
    /// In bytes, from 0.
    pub column: usize,
    /// A `return` stands in it.
    pub returns: bool,
    /// The form that Python can go on from.
    pub resumed: Option<Resumed>,
}

impl Place {
    /// How many arguments one of its forms takes.
    pub(super) fn takes(&self, instance: usize) -> usize {
        let resumed = self.resumed.as_ref();
        if let Some(again) = resumed.and_then(|r| r.again.as_ref()).filter(|again| again.instance == instance)
        {
            return again.takes;
        }
        let stops = resumed.is_some_and(|resumed| resumed.instance == instance);
        self.locals.len() + usize::from(stops)
    }
}

/// The form of a loop that stops at its head.
pub struct Resumed {
    pub instance: usize,
    pub sites: Vec<Site>,
    /// How Python makes its iterator of what the last site hands over behind the locals.
    pub shape: String,
    pub again: Option<Again>,
}

/// The form of a loop that is taken up again behind a turn of Python's.
pub struct Again {
    pub instance: usize,
    /// The locals that it is given.
    pub locals: Vec<String>,
    /// How many arguments it takes.
    pub takes: usize,
    pub sites: Vec<Site>,
}

impl Resumed {
    /// Its forms.
    pub(super) fn instances(&self) -> impl Iterator<Item = usize> {
        [self.instance].into_iter().chain(self.again.as_ref().map(|again| again.instance))
    }
}

/// A `yield` that a segment gets to, and what is handed over there besides the value.
pub struct Site {
    pub point: usize,
    pub kept: Vec<Kept>,
}

/// Where a segment finds again what was handed over.
pub enum Kept {
    Local(String),
    /// What a loop goes through (even), or how many elements have been taken (odd).
    Loop(usize),
}

/// What runs behind one `yield` of a generator function.
pub struct Segment {
    /// None where native code never gets to the `yield`.
    pub instance: Option<usize>,
    /// Its parameters.
    pub locals: Vec<String>,
    /// The `yield`s that it gets to.
    pub sites: Vec<Site>,
    /// The loops around it, and of `enumerate` what it counts from.
    pub loops: Vec<(Form, Option<i64>)>,
    /// Python evaluates what it yields from.
    pub evaluated: bool,
    /// Whether it pays is seen when it runs, and by what.
    pub watched: Option<Watched>,
}

impl Spec {
    /// The instances that the entry runs.
    pub fn instances(&self) -> impl Iterator<Item = usize> {
        let segments = self.segments.iter().filter_map(|s| s.instance);
        let resumed = self.region.iter().filter_map(|place| place.resumed.as_ref());
        let resumed = resumed.flat_map(Resumed::instances);
        [self.instance].into_iter().chain(self.owned).chain(segments).chain(resumed)
    }
}

/// A specialisation that somebody has written.
pub struct ByHand {
    pub signature: String,
    /// The file, and the Rust module that it becomes.
    pub path: String,
    pub module: String,
    /// The function in it.
    pub name: String,
    /// What the compiler makes of the same function and types, if it can.
    pub twin: Option<usize>,
    pub reliance: Reliance,
    /// Statics of its file.
    pub namespaces: Vec<String>,
}

/// One hotspot of the manifest.
pub struct Hotspot {
    pub func: FuncRef,
    pub specs: Vec<Spec>,
    /// Loops that native code begins again where a call has bailed out, so that Python goes on in the middle of one.
    pub loops: Vec<Spec>,
    /// Tried before what is generated.
    pub bodies: Vec<ByHand>,
    /// Why it stays Python, if it does.
    pub reason: Option<String>,
}

impl Hotspot {
    /// Is there anything to run?
    pub fn is_native(&self) -> bool {
        !self.specs.is_empty() || !self.bodies.is_empty()
    }

    /// Everything that is generated for it.
    pub fn all_specs(&self) -> impl Iterator<Item = &Spec> {
        self.specs.iter().chain(&self.loops)
    }
}
