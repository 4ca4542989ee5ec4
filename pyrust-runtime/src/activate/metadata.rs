//! What the generated text says about itself: plain constants, no state.

use pyo3_ffi::PyObject;

use super::namespace::Namespace;
pub use crate::boundary::commit::CallArgs;
use crate::stop::R;
use crate::txn::Cx;

/// One extension module: the hotspots of one package.
pub struct Module {
    /// The package (or top-level module) whose import activates the hotspots.
    pub package: &'static str,
    /// The name of the init function.
    pub init: &'static str,
    /// Every hotspot of the manifest, also those that stay Python.
    pub functions: &'static [Function],
    /// Functions that were compiled along: not patched, but their source is guarded.
    pub callees: &'static [&'static str],
}

/// One hotspot.
pub struct Function {
    /// `module:qualname`.
    pub name: &'static str,
    /// Tried in this order; empty when the function stays Python.
    pub specs: &'static [Spec],
    /// Why it stays Python: a diagnostic, or `disabled: …` when the manifest says so.
    pub reason: Option<&'static str>,
}

impl Function {
    /// The module part of the name.
    pub fn module(&self) -> &'static str {
        split(self.name).0
    }

    /// The qualified name within the module.
    pub fn qualname(&self) -> &'static str {
        split(self.name).1
    }
}

/// `module:qualname` in two.
pub(super) fn split(name: &'static str) -> (&'static str, &'static str) {
    name.split_once(':').unwrap_or((name, ""))
}

/// One specialisation of a hotspot.
pub struct Spec {
    /// As in the manifest.
    pub signature: &'static str,
    /// What `#[hotspot]` made.
    pub entry: Entry,
    /// Runs only while all of these hold.
    pub namespaces: &'static [&'static Namespace],
}

/// The way from Python's arguments into one specialisation.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The number of parameters.
    pub arity: usize,
    /// Whether the arguments look like the signature: cheap, and no promise.
    pub matches: unsafe fn(&CallArgs) -> bool,
    /// Unboxes, calls, boxes.
    pub run: unsafe fn(Cx, &CallArgs) -> R<*mut PyObject>,
    /// It computes scalars of scalars: nothing is written, kept or made but the result.
    pub plain: bool,
    /// Of a generator function, what runs behind each of its `yield`s; `run` goes up to the first.
    pub segments: &'static [Segment],
    /// Of a segment, the `yield`s that it gets to; of a region, the ways out.
    pub sites: &'static [Site],
    /// Of a loop that was compiled alone, its number, from 1; 0 for everything else.
    pub region: usize,
    /// The locals that a region is given.
    pub locals: &'static [&'static str],
    /// The form of a region that stops at the head of its loop.
    pub resumed: Option<&'static Resumed>,
}

/// A region that stops in front of a turn of its loop, whose number is its last argument, so that Python can go on.
pub struct Resumed {
    /// What runs.
    pub entry: Entry,
    /// The ways out; the last one is at the head of the loop.
    pub sites: &'static [Site],
    /// What a `for` loop goes through, made of what the last way out hands over behind the locals: a term in prefix
    /// form, where `.` is the next value, `e` is `enumerate` of two terms, `r` is `reversed` of one, and `z` with a digit
    /// is `zip` of so many. Empty for `while`.
    pub shape: &'static str,
    /// The form that takes a `for` loop up again behind a turn that Python has taken.
    pub again: Option<Again>,
}

/// A loop that goes on in the middle. Its arguments are the locals, what the last way out of [`Resumed`] hands over behind
/// them, how many elements have been taken, and the turn in front of which it stops.
pub struct Again {
    /// What runs.
    pub entry: Entry,
    /// The locals that it is given.
    pub locals: &'static [&'static str],
    /// The ways out: at the head of a turn, and where there are no more elements.
    pub sites: &'static [Site],
}

/// A `yield` that a segment gets to.
pub struct Site {
    /// Its number, from 1.
    pub point: usize,
    /// What is handed over there besides the value.
    pub kept: &'static [Kept],
}

/// Where something stays from one segment to the next.
pub enum Kept {
    /// In a local of the generator's frame.
    Local(&'static str),
    /// What a loop goes through (even), or how many elements have been taken (odd).
    Loop(usize),
}

impl Entry {
    /// A segment of a generator function; the first one with the others.
    pub const fn yielding(self, sites: &'static [Site], segments: &'static [Segment]) -> Entry {
        Entry { segments, sites, ..self }
    }

    /// A loop of a function that stays Python besides.
    pub const fn region(
        self,
        region: usize,
        locals: &'static [&'static str],
        sites: &'static [Site],
    ) -> Entry {
        Entry { region, locals, sites, ..self }
    }

    /// A loop from whose head Python can go on.
    pub const fn resuming(self, resumed: &'static Resumed) -> Entry {
        Entry { resumed: Some(resumed), ..self }
    }
}

/// A `for` loop that is open at a `yield`: which iterator Python would have.
#[derive(Clone, Copy)]
pub struct Open {
    pub form: Form,
    /// Of `enumerate`, what it counts from.
    pub counts: Option<i64>,
}

/// What a loop goes through, and what it notes besides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A sequence, and how many elements have been taken.
    Sequence,
    /// `zip`: a tuple of sequences, and how many elements have been taken.
    Zip,
    /// `reversed`: a sequence, and the place of the next element.
    Reversed,
}

/// What runs behind one `yield` of a generator function.
#[derive(Clone, Copy)]
pub struct Segment {
    /// None where native code never gets to the `yield`.
    pub entry: Option<Entry>,
    /// Its parameters; two for each loop follow.
    pub locals: &'static [&'static str],
    /// The `for` loops around it, outermost first.
    pub loops: &'static [Open],
    /// It is a `yield from`, and Python evaluates what it goes through.
    pub evaluated: bool,
    /// What tells whether native code pays, where that is not known.
    pub watched: Option<Watched>,
}

/// By what a generator is judged: native code pays only where many turns of loops pass without a `yield`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The places of the loops that are open.
    Places,
    /// The turns of all its loops: at least so many for each element.
    Turns(u32),
}

/// One name of a namespace that native code relies on or reads.
pub struct Slot {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Value,
    Function(&'static str),
    /// The same, of which native code makes a value and no more.
    Handed(&'static str),
    Builtin,
    Module(&'static str),
    Imported(&'static str, &'static str),
    Pattern(PatternText, &'static str),
    Classes(&'static [&'static str]),
    Number(i128),
    Layout(&'static str),
}

/// A pattern of `re`, as the text says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternText {
    Str(&'static str),
    Bytes(&'static [u8]),
}

impl Slot {
    /// Any value, read when native code reads it.
    pub const fn value(name: &'static str) -> Slot {
        Slot { name, kind: Kind::Value }
    }

    /// The function `target` (`module:qualname`) itself, with the code that was compiled.
    pub const fn function(name: &'static str, target: &'static str) -> Slot {
        Slot { name, kind: Kind::Function(target) }
    }

    /// The same, where native code does not call it.
    pub const fn handed(name: &'static str, target: &'static str) -> Slot {
        Slot { name, kind: Kind::Handed(target) }
    }

    /// The builtin of that name: not shadowed and not replaced.
    pub const fn builtin(name: &'static str) -> Slot {
        Slot { name, kind: Kind::Builtin }
    }

    /// A pattern of the module `re`, compiled before native code runs; `flags` are attributes of `re`, separated by `|`.
    pub const fn pattern(text: &'static str, flags: &'static str) -> Slot {
        Slot { name: "", kind: Kind::Pattern(PatternText::Str(text), flags) }
    }

    /// As [`Slot::pattern`], of `bytes`.
    pub const fn bytes_pattern(text: &'static [u8], flags: &'static str) -> Slot {
        Slot { name: "", kind: Kind::Pattern(PatternText::Bytes(text), flags) }
    }

    /// A `struct.Struct` with this format.
    pub const fn layout(name: &'static str, format: &'static str) -> Slot {
        Slot { name, kind: Kind::Layout(format) }
    }

    /// The module `target`.
    pub const fn module(name: &'static str, target: &'static str) -> Slot {
        Slot { name, kind: Kind::Module(target) }
    }

    /// `from module import attr as name` of a module written in C, pristine.
    pub const fn imported(name: &'static str, module: &'static str, attr: &'static str) -> Slot {
        Slot { name, kind: Kind::Imported(module, attr) }
    }

    /// An int of exactly this value.
    pub const fn number(name: &'static str, value: i128) -> Slot {
        Slot { name, kind: Kind::Number(value) }
    }

    /// A tuple of these builtin classes, in this order; tuples inside are gone through.
    pub const fn classes(name: &'static str, classes: &'static [&'static str]) -> Slot {
        Slot { name, kind: Kind::Classes(classes) }
    }
}
