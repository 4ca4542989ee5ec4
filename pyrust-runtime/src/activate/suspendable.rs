//! Puts the prologue of a generator function behind its first `RESUME`, where the generator's own frame runs.
//!
//! ```text
//!     RETURN_GENERATOR; POP_TOP; RESUME 0
//!     LOAD_CONST hook; FOR_ITER out; SWAP 2; POP_TOP          the state of this generator
//! go: FOR_ITER out                                            one segment: the value
//!     [LOAD_CONST at 1; FOR_ITER …; POP_TOP; POP_TOP; JUMP_FORWARD yield 1; …]      which `yield` was it?
//! yield k: YIELD_VALUE; RESUME 1; POP_TOP; JUMP_BACKWARD go   as the function has it, with its line
//! out:
//!     LOAD_CONST returns; FOR_ITER …; SWAP 2; POP_TOP; RETURN_VALUE
//!     [LOAD_CONST at k; FOR_ITER …; POP_TOP; POP_TOP; iterators of the open loops; JUMP_FORWARD behind yield k; …]
//!     <original bytecode>
//! ```
//!
//! So the generator is CPython's own, waits on the line of its `yield`, and raises there what is thrown into it.

use std::ffi::{CStr, c_long};

use pyo3_ffi::*;

use super::object::{Own, attribute, bytes, bytes_of};
use super::prologue::{integer, op};
use super::segments::{self, ITERATOR, RETURNS};

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

/// The location of an instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Location {
    line: i64,
    end_line: i64,
    /// Columns, from 0, where they are known.
    columns: Option<(u64, u64)>,
}

/// A new code object of a generator function that asks `hook` first. `loops`: for each `yield`, how many loops with an
/// iterator are around it. Nothing, without an exception, if the code is not as expected.
///
/// # Safety
/// `code` is a live code object, `hook` is live, the GIL is held and no transaction is open.
pub(super) unsafe fn patch(code: *mut PyObject, hook: *mut PyObject, loops: &[usize]) -> Option<Own> {
    // SAFETY: `code` is a code object, so its attributes have the documented types.
    unsafe {
        let body = attribute(code, c"co_code")?;
        let body = bytes_of(body.ptr()).to_vec();
        let at = begin(&body)?;
        let yields = yields(&body)?;
        if yields.len() != loops.len() {
            return None;
        }
        let table = attribute(code, c"co_linetable")?;
        let table = bytes_of(table.ptr()).to_vec();
        let first_line = i64::from(integer(code, c"co_firstlineno")? as i32);
        let lines = Lines::read(&table, first_line, at)?;
        let locations: Vec<Location> = yields.iter().map(|y| lines.of(*y)).collect::<Option<_>>()?;
        let consts = attribute(code, c"co_consts")?;
        let mut added = vec![hook, segments::constant(RETURNS)?, segments::constant(ITERATOR)?];
        for point in 1..=loops.len() {
            added.push(segments::constant(point)?);
        }
        let first = PyTuple_Size(consts.ptr()) as usize;
        let block = block(&body, (at, &yields), loops, (first, &locations), lines.line);
        let units = block.code.len() / 2;

        let mut instructions = body[..2 * at].to_vec();
        instructions.extend_from_slice(&block.code);
        instructions.extend_from_slice(&body[2 * at..]);
        let mut located = table[..lines.split].to_vec();
        located.extend_from_slice(&block.table);
        located.extend_from_slice(&table[lines.split..]);
        let handlers = attribute(code, c"co_exceptiontable")?;
        let handlers = super::prologue::handlers_behind(bytes_of(handlers.ptr()), at, units);
        let consts = extended(consts.ptr(), &added)?;
        let deepest = loops.iter().max().copied().unwrap_or(0) as c_long;
        let stack = integer(code, c"co_stacksize")?.max(deepest + 4);

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
        set(c"co_exceptiontable", bytes(&handlers))?;
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

/// The units of all `yield`s whose value is dropped; nothing if there are others.
fn yields(code: &[u8]) -> Option<Vec<usize>> {
    let units: Vec<[u8; 2]> = code.chunks_exact(2).map(|u| [u[0], u[1]]).collect();
    let found = (0..units.len()).filter(|i| units[*i][0] == op::YIELD_VALUE);
    found
        .map(|i| {
            let resume = units.get(i + 1)?;
            let fits = resume[0] == op::RESUME && resume[1] & 3 == 1 && units.get(i + 2)?[0] == op::POP_TOP;
            let alone = i == 0 || units[i - 1][0] != op::EXTENDED_ARG;
            (fits && alone).then_some(i)
        })
        .collect()
}

/// The instructions of the prologue and the entries of the line table for them.
struct Block {
    code: Vec<u8>,
    table: Vec<u8>,
}

fn block(
    body: &[u8],
    (at, yields): (usize, &[usize]),
    loops: &[usize],
    (first, locations): (usize, &[Location]),
    line: i64,
) -> Block {
    let n = yields.len();
    let (hook, returns, iterator) = (first, first + 1, first + 2);
    let is_at = |point: usize| first + 2 + point;
    let mut asm = Assembler::default();
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
        asm.located = Some(locations[i]);
        for unit in yields[i]..yields[i] + 3 {
            asm.op(body[2 * unit], body[2 * unit + 1]);
        }
        asm.located = None;
        asm.jump(op::JUMP_BACKWARD_NO_INTERRUPT, go);
    }
    // Never runs: the line table counts on from here.
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
    for (i, depth) in loops.iter().enumerate() {
        let other = asm.label();
        asm.load(is_at(i + 1));
        asm.for_iter(other);
        asm.op(op::POP_TOP, 0);
        asm.op(op::POP_TOP, 0);
        for _ in 0..*depth {
            asm.load(iterator);
            asm.for_iter(other);
            asm.op(op::SWAP, 2);
            asm.op(op::POP_TOP, 0);
        }
        let behind = asm.label();
        // Counted from the end of the prologue.
        asm.behind.push((behind, yields[i] + 3 - at));
        asm.jump(op::JUMP_FORWARD, behind);
        asm.land(other);
    }
    asm.finish(line)
}

#[derive(Default)]
struct Assembler {
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
}

impl Assembler {
    fn label(&mut self) -> usize {
        self.labels.push(usize::MAX);
        self.labels.len() - 1
    }

    fn here(&mut self, label: usize) {
        self.labels[label] = self.code.len() / 2;
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
        let end = self.code.len() / 2;
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
        Block { code: self.code, table }
    }
}

/// One entry of the line table.
fn write_location(out: &mut Vec<u8>, units: usize, location: Option<Location>, current: &mut i64) {
    let head = |kind: u8| 0x80 | kind << 3 | (units as u8 - 1);
    let Some(location) = location else {
        out.push(head(15));
        return;
    };
    let delta = location.line - *current;
    let signed = if delta < 0 { (delta.unsigned_abs() << 1) | 1 } else { (delta as u64) << 1 };
    *current = location.line;
    match location.columns {
        None => {
            out.push(head(13));
            write_number(out, signed);
        }
        Some((column, end_column)) => {
            out.push(head(14));
            let lines = (location.end_line - location.line).max(0) as u64;
            for number in [signed, lines, column + 1, end_column + 1] {
                write_number(out, number);
            }
        }
    }
}

/// Six bits a byte, low ones first.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 63 {
        out.push(0x40 | (number & 63) as u8);
        number >>= 6;
    }
    out.push(number as u8);
}

/// The line table of a code object.
struct Lines {
    /// First unit, number of units, and the location.
    entries: Vec<(usize, usize, Option<Location>)>,
    /// Where in the table the entries behind the place begin, and the line there.
    split: usize,
    line: i64,
}

impl Lines {
    /// Nothing if no entry begins at unit `place`.
    fn read(table: &[u8], first_line: i64, place: usize) -> Option<Lines> {
        let (mut at, mut unit, mut line) = (0, 0, first_line);
        let mut lines = Lines { entries: Vec::new(), split: usize::MAX, line: 0 };
        while at < table.len() {
            if unit == place {
                (lines.split, lines.line) = (at, line);
            }
            let head = table[at];
            at += 1;
            let (kind, units) = (head >> 3 & 15, usize::from(head & 7) + 1);
            let mut number = || {
                let (mut value, mut shift) = (0u64, 0);
                loop {
                    let byte = *table.get(at)?;
                    at += 1;
                    value |= u64::from(byte & 63) << shift;
                    if byte & 64 == 0 {
                        return Some(value);
                    }
                    shift += 6;
                }
            };
            let signed =
                |value: u64| if value & 1 != 0 { -((value >> 1) as i64) } else { (value >> 1) as i64 };
            let location = match kind {
                15 => None,
                14 => {
                    line += signed(number()?);
                    let end_line = line + number()? as i64;
                    let (column, end_column) = (number()?, number()?);
                    let columns = (column > 0 && end_column > 0).then(|| (column - 1, end_column - 1));
                    Some(Location { line, end_line, columns })
                }
                13 => {
                    line += signed(number()?);
                    Some(Location { line, end_line: line, columns: None })
                }
                10..=12 => {
                    line += i64::from(kind - 10);
                    let columns = Some((u64::from(*table.get(at)?), u64::from(*table.get(at + 1)?)));
                    at += 2;
                    Some(Location { line, end_line: line, columns })
                }
                _ => {
                    let byte = *table.get(at)?;
                    at += 1;
                    let column = u64::from(kind) << 3 | u64::from(byte >> 4);
                    Some(Location {
                        line,
                        end_line: line,
                        columns: Some((column, column + u64::from(byte & 15))),
                    })
                }
            };
            lines.entries.push((unit, units, location));
            unit += units;
        }
        (lines.split != usize::MAX).then_some(lines)
    }

    fn of(&self, unit: usize) -> Option<Location> {
        let entry = self.entries.iter().find(|(start, units, _)| (*start..start + units).contains(&unit))?;
        entry.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_survive() {
        let all = [
            Some(Location { line: 12, end_line: 12, columns: Some((4, 90)) }),
            Some(Location { line: 9, end_line: 11, columns: Some((0, 3)) }),
            None,
            Some(Location { line: 70, end_line: 70, columns: None }),
        ];
        let (mut table, mut line) = (Vec::new(), 10);
        for location in all {
            write_location(&mut table, 3, location, &mut line);
        }
        let lines = Lines::read(&table, 10, 6).expect("an entry begins there");
        assert_eq!(lines.line, 9);
        for (i, location) in all.into_iter().enumerate() {
            assert_eq!(lines.of(3 * i + 2), location);
        }
        assert!(Lines::read(&table, 10, 4).is_none());
    }
}
