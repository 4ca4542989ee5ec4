//! Puts the prologue of a generator function behind its first `RESUME`, where the generator's own frame runs.
//!
//! ```text
//!     RETURN_GENERATOR; POP_TOP; RESUME 0
//!     LOAD_CONST hook; FOR_ITER out; SWAP 2; POP_TOP          the state of this generator
//! go: FOR_ITER out                                            one segment: the value
//!     [LOAD_CONST at 1; FOR_ITER …; POP_TOP; POP_TOP; JUMP_FORWARD yield 1; …]      which `yield` was it?
//! yield k: YIELD_VALUE; RESUME 1; POP_TOP; JUMP_BACKWARD go   as the function has it, with its line
//!          or a `yield from`, from GET_YIELD_FROM_ITER on, or from what Python evaluates for it
//! raised:  [LOAD_CONST thrown; FOR_ITER …; SWAP 2; FOR_ITER …; iterators of the open loops; RERAISE]      in a `try`
//! out:
//!     LOAD_CONST returns; FOR_ITER …; SWAP 2; POP_TOP; RETURN_VALUE
//!     [LOAD_CONST at k; FOR_ITER …; POP_TOP; POP_TOP; iterators of the open loops; JUMP_FORWARD behind yield k; …]
//!     <original bytecode>
//! ```
//!
//! So the generator is CPython's own, waits on the line of its `yield`, and raises there what is thrown into it. In a `try`
//! that goes to the function's own handler, and Python goes on from there.

use std::ffi::{CStr, c_long};
use std::ops::Range;

use pyo3_ffi::*;

use super::handlers::{self, Handler};
use super::lines::{Lines, Location, write_location};
use super::prologue::{integer, op};
use super::segments;
use super::yields::{self, Expected, Yield};
use crate::peek::{Own, attribute, bytes, bytes_of};

/// Units of the inline cache of FOR_ITER.
const CACHE: usize = if cfg!(Py_3_12) { 1 } else { 0 };

/// Units that FOR_ITER skips where an exhausted iterator takes it.
const PADS: usize = if cfg!(Py_3_13) {
    2
} else if cfg!(Py_3_12) {
    1
} else {
    0
};

/// A new code object of a generator function that asks `hook` first. `points`: what the compiler says of each `yield`.
/// Nothing, without an exception, if the code is not as expected.
///
/// # Safety
/// `code` is a live code object, `hook` is live, the GIL is held and no transaction is open.
pub(super) unsafe fn patch(code: *mut PyObject, hook: *mut PyObject, points: &[Expected]) -> Option<Own> {
    // SAFETY: `code` is a code object, so its attributes have the documented types.
    unsafe {
        let body = attribute(code, c"co_code")?;
        let body = bytes_of(body.ptr()).to_vec();
        let at = begin(&body)?;
        let handled = attribute(code, c"co_exceptiontable")?;
        let handled = handlers::read(bytes_of(handled.ptr()));
        let yields = yields::find(&body, &handled, points)?;
        let table = attribute(code, c"co_linetable")?;
        let table = bytes_of(table.ptr()).to_vec();
        let first_line = i64::from(integer(code, c"co_firstlineno")? as i32);
        let lines = Lines::read(&table, first_line, at)?;
        // Points are in the order of the text; from 3.12 on, CPython puts what only a handler leads to at the end.
        let in_order = yields.iter().map(|y| Some(lines.of(y.at)?.line)).collect::<Option<Vec<_>>>()?;
        if !in_order.is_sorted() {
            return None;
        }
        let consts = attribute(code, c"co_consts")?;
        let mut added = vec![hook];
        let steps = [segments::RETURNS, segments::ITERATOR, segments::THROWN];
        for what in steps.into_iter().chain(1..=points.len()) {
            added.push(segments::constant(what)?);
        }
        let first = PyTuple_Size(consts.ptr()) as usize;
        let original = Original { body: &body, at, yields: &yields, lines: &lines };
        let block = block(&original, points, first);
        let units = block.code.len() / 2;

        let mut instructions = body[..2 * at].to_vec();
        instructions.extend_from_slice(&block.code);
        instructions.extend_from_slice(&body[2 * at..]);
        let mut located = table[..lines.split].to_vec();
        located.extend_from_slice(&block.table);
        located.extend_from_slice(&table[lines.split..]);
        let handled = handlers::covered(handlers::moved(handled, at, units), block.handlers);
        let consts = extended(consts.ptr(), &added)?;
        let deepest = points.iter().map(|p| p.loops).max().unwrap_or(0) as c_long;
        let stack = (integer(code, c"co_stacksize")? + 2).max(deepest + 5);

        let replace = attribute(code, c"replace")?;
        let empty = Own::take(PyTuple_New(0))?;
        let arguments = Own::take(PyDict_New())?;
        let set = |name: &CStr, value: Option<Own>| -> Option<()> {
            let value = value?;
            (PyDict_SetItemString(arguments.ptr(), name.as_ptr(), value.ptr()) == 0).then_some(())
        };
        set(c"co_code", bytes(&instructions))?;
        set(c"co_consts", Some(consts))?;
        set(c"co_linetable", bytes(&located))?;
        set(c"co_exceptiontable", bytes(&handlers::write(&handled)))?;
        set(c"co_stacksize", Own::take(PyLong_FromLong(stack)))?;
        Own::take(PyObject_Call(replace.ptr(), empty.ptr(), arguments.ptr()))
    }
}

unsafe fn extended(tuple: *mut PyObject, more: &[*mut PyObject]) -> Option<Own> {
    // SAFETY: `tuple` is a tuple; the new one is filled completely before anybody sees it.
    unsafe {
        let size = PyTuple_Size(tuple);
        let result = Own::take(PyTuple_New(size + more.len() as Py_ssize_t))?;
        let old = (0..size).map(|index| PyTuple_GetItem(tuple, index));
        for (index, item) in old.chain(more.iter().copied()).enumerate() {
            Py_INCREF(item);
            PyTuple_SetItem(result.ptr(), index as Py_ssize_t, item);
        }
        Some(result)
    }
}

/// The unit behind `RETURN_GENERATOR; POP_TOP; RESUME 0`.
fn begin(code: &[u8]) -> Option<usize> {
    let units: Vec<[u8; 2]> = code.chunks_exact(2).map(|u| [u[0], u[1]]).collect();
    let found = units.iter().position(|u| u[0] == op::RETURN_GENERATOR)?;
    let fits = units.get(found + 1)?[0] == op::POP_TOP && *units.get(found + 2)? == [op::RESUME, 0];
    fits.then_some(found + 3)
}

/// The instructions of the prologue, with what the tables say of them.
struct Block {
    code: Vec<u8>,
    table: Vec<u8>,
    handlers: Vec<Handler>,
}

/// The code that the prologue is put in, at unit `at`.
struct Original<'o> {
    body: &'o [u8],
    at: usize,
    yields: &'o [Yield],
    lines: &'o Lines,
}

/// `first`: the place of the first constant.
fn block(original: &Original<'_>, points: &[Expected], first: usize) -> Block {
    let yields = original.yields;
    let n = yields.len();
    let (hook, returns, iterator, thrown) = (first, first + 1, first + 2, first + 3);
    let is_at = |point: usize| first + 3 + point;
    let mut asm = Assembler { at: original.at, ..Assembler::default() };
    let (go, out, leaving) = (asm.label(), asm.label(), asm.label());
    let places: Vec<usize> = yields.iter().map(|_| asm.label()).collect();
    asm.load(hook);
    asm.for_iter(out);
    asm.op(op::SWAP, 2);
    asm.op(op::POP_TOP, 0);
    asm.here(go);
    asm.for_iter(out);
    for (i, place) in places.iter().enumerate().take(n - 1) {
        let other = asm.label();
        asm.load(is_at(i + 1));
        asm.for_iter(other);
        asm.op(op::POP_TOP, 0);
        asm.op(op::POP_TOP, 0);
        asm.jump(op::JUMP_FORWARD, *place);
        asm.land(other);
    }
    for i in (0..n).rev() {
        asm.here(places[i]);
        let raised = asm.waits(original, &yields[i], points[i], go);
        let Some(handler) = yields[i].handler else { continue };
        // The exception goes to the function's own handler, with what Python has on the stack there.
        asm.here(raised);
        let (told, gone) = (asm.label(), asm.label());
        asm.load(thrown);
        asm.for_iter(told);
        asm.op(op::POP_TOP, 0);
        asm.op(op::POP_TOP, 0);
        asm.here(told);
        asm.op(op::SWAP, 2);
        asm.for_iter(gone);
        asm.land(gone);
        for _ in 0..points[i].loops {
            let other = asm.label();
            asm.load(iterator);
            asm.for_iter(other);
            asm.op(op::SWAP, 2);
            asm.op(op::POP_TOP, 0);
            asm.op(op::SWAP, 2);
            asm.here(other);
        }
        let start = asm.unit();
        asm.op(op::RERAISE, 0);
        let target = asm.label();
        asm.behind.push((target, handler.target - original.at));
        asm.handle(start, target, handler.depth);
    }
    // Never runs: the line table counts on from here.
    let line = original.lines.line;
    asm.located = Some(Location { line, end_line: line, columns: None });
    asm.op(op::NOP, 0);
    asm.located = None;
    asm.land(out);
    asm.load(returns);
    asm.for_iter(leaving);
    asm.op(op::SWAP, 2);
    asm.op(op::POP_TOP, 0);
    asm.op(op::RETURN_VALUE, 0);
    asm.land(leaving);
    for (i, point) in points.iter().enumerate() {
        let other = asm.label();
        asm.load(is_at(i + 1));
        asm.for_iter(other);
        asm.op(op::POP_TOP, 0);
        asm.op(op::POP_TOP, 0);
        for _ in 0..point.loops {
            asm.load(iterator);
            asm.for_iter(other);
            asm.op(op::SWAP, 2);
            asm.op(op::POP_TOP, 0);
        }
        let behind = asm.label();
        // Counted from the end of the prologue.
        asm.behind.push((behind, yields[i].units.end - original.at));
        asm.jump(op::JUMP_FORWARD, behind);
        asm.land(other);
    }
    asm.finish(line)
}

#[derive(Default)]
struct Assembler {
    /// Where the code will stand.
    at: usize,
    code: Vec<u8>,
    /// Units; `usize::MAX` before they are known.
    labels: Vec<usize>,
    /// Labels in the original code.
    behind: Vec<(usize, usize)>,
    /// Where an EXTENDED_ARG and its instruction stand, units that are skipped behind it, and the label.
    fixes: Vec<(usize, usize, usize)>,
    located: Option<Location>,
    /// The location of every unit.
    locations: Vec<Option<Location>>,
    /// From where to where, the label that exceptions go to, and what stays on the stack.
    handlers: Vec<(usize, usize, usize, usize)>,
}

impl Assembler {
    fn label(&mut self) -> usize {
        self.labels.push(usize::MAX);
        self.labels.len() - 1
    }

    fn unit(&self) -> usize {
        self.code.len() / 2
    }

    fn here(&mut self, label: usize) {
        self.labels[label] = self.unit();
    }

    /// What stands from `start` to here is handled at the label.
    fn handle(&mut self, start: usize, label: usize, depth: usize) {
        self.handlers.push((start, self.unit(), label, depth));
    }

    /// Instructions of the function itself, with their locations.
    fn copy(&mut self, original: &Original<'_>, units: Range<usize>) {
        for unit in units {
            self.located = original.lines.of(unit);
            self.op(original.body[2 * unit], original.body[2 * unit + 1]);
        }
        self.located = None;
    }

    /// A `yield` as the function has it, from the value on the stack; then the next segment. The label of what handles an
    /// exception there is to be placed behind it.
    fn waits(&mut self, original: &Original<'_>, here: &Yield, expected: Expected, go: usize) -> usize {
        let raised = self.label();
        if expected.evaluated {
            self.op(op::POP_TOP, 0);
        }
        let start = self.unit();
        let shift = |unit: usize| start + unit - here.units.start;
        self.copy(original, here.units.clone());
        if here.handler.is_some() {
            self.handle(start, raised, 1);
        }
        self.jump(op::JUMP_BACKWARD_NO_INTERRUPT, go);
        // A `yield from` looks itself at what is thrown into it, in a place of its own.
        #[cfg(Py_3_12)]
        if let Some(done) = here.done {
            let (cleans, behind) = (self.label(), self.label());
            self.labels[behind] = shift(done);
            self.here(cleans);
            let first = self.unit();
            self.located = original.lines.of(here.at);
            self.op(op::CLEANUP_THROW, 0);
            self.located = None;
            if here.handler.is_some() {
                self.handle(first, raised, 1);
            }
            self.jump(op::JUMP_BACKWARD_NO_INTERRUPT, behind);
            // In front of the one around it.
            self.handlers.insert(0, (shift(here.at), shift(here.at) + 1, cleans, 3));
        }
        #[cfg(not(Py_3_12))]
        let _ = (shift, here.done);
        raised
    }

    /// Where an exhausted iterator takes FOR_ITER.
    fn land(&mut self, label: usize) {
        #[cfg(Py_3_12)]
        self.op(op::END_FOR, 0);
        #[cfg(Py_3_13)]
        self.op(op::POP_TOP, 0);
        self.here(label);
    }

    fn op(&mut self, op: u8, arg: u8) {
        self.code.extend([op, arg]);
        self.locations.push(self.located);
    }

    fn load(&mut self, index: usize) {
        for shift in [24, 16, 8] {
            if index >> shift != 0 {
                self.op(op::EXTENDED_ARG, (index >> shift) as u8);
            }
        }
        self.op(op::LOAD_CONST, index as u8);
    }

    fn for_iter(&mut self, label: usize) {
        self.fixes.push((self.code.len() / 2, CACHE + PADS, label));
        self.op(op::EXTENDED_ARG, 0);
        self.op(op::FOR_ITER, 0);
        #[cfg(Py_3_12)]
        self.op(0, 0);
    }

    fn jump(&mut self, jump: u8, label: usize) {
        self.fixes.push((self.code.len() / 2, 0, label));
        self.op(op::EXTENDED_ARG, 0);
        self.op(jump, 0);
    }

    fn finish(mut self, line: i64) -> Block {
        let end = self.unit();
        for (label, offset) in &self.behind {
            self.labels[*label] = end + offset;
        }
        for (place, skipped, label) in &self.fixes {
            let (from, to) = (place + 2 + skipped, self.labels[*label]);
            let distance = from.abs_diff(to);
            self.code[2 * place + 1] = (distance >> 8) as u8;
            self.code[2 * place + 3] = distance as u8;
        }
        let mut table = Vec::new();
        let mut current = line;
        let mut start = 0;
        while start < self.locations.len() {
            let location = self.locations[start];
            let same = self.locations[start..].iter().take(8).take_while(|l| **l == location).count();
            write_location(&mut table, same, location, &mut current);
            start += same;
        }
        let handler = |&(start, end, label, depth): &(usize, usize, usize, usize)| Handler {
            start: self.at + start,
            length: end - start,
            target: self.at + self.labels[label],
            depth,
            lasti: false,
        };
        let mut handlers = Vec::new();
        // Earlier ones go before later ones.
        self.handlers.iter().rev().for_each(|h| {
            handlers = handlers::covered(core::mem::take(&mut handlers), vec![handler(h)]);
        });
        Block { code: self.code, table, handlers }
    }
}
