//! Where the bytecode of a generator function waits, and what stands around that in one statement.

use std::ffi::c_int;
use std::ops::Range;

use pyo3_ffi::PyCompile_OpcodeStackEffect;

use super::handlers::Handler;
use super::prologue::op;

/// One `yield`, or `yield from`; all places are units.
pub(super) struct Yield {
    /// From where it waits, or from what Python evaluates for it, to where what comes back is bound or dropped.
    pub(super) units: Range<usize>,
    pub(super) at: usize,
    /// Of `yield from`: what is behind its own loop.
    pub(super) done: Option<usize>,
    /// Where an exception goes that is raised there, if the function handles it.
    pub(super) handler: Option<Handler>,
}

/// What the compiler says of a `yield`: the loops with an iterator around it, and whether Python evaluates what it goes
/// through.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    pub(super) loops: usize,
    pub(super) evaluated: bool,
}

/// One instruction, without its caches.
#[derive(Clone, Copy)]
struct Instruction {
    /// Of the first EXTENDED_ARG.
    first: usize,
    unit: usize,
    op: u8,
    arg: usize,
}

impl Instruction {
    fn all(code: &[u8]) -> Vec<Instruction> {
        let (mut all, mut first, mut high) = (Vec::new(), None, 0);
        for (unit, pair) in code.chunks_exact(2).enumerate() {
            let (op, arg) = (pair[0], high << 8 | usize::from(pair[1]));
            match op {
                // A cache.
                0 => {}
                op::EXTENDED_ARG => {
                    first.get_or_insert(unit);
                    high = arg;
                    continue;
                }
                _ => all.push(Instruction { first: first.take().unwrap_or(unit), unit, op, arg }),
            }
            (first, high) = (None, 0);
        }
        all
    }

    fn is(self, op: u8) -> bool {
        self.op == op
    }

    /// Takes what comes back off the stack, without a word of its own before it.
    fn takes(self) -> bool {
        self.first == self.unit && [op::POP_TOP, op::STORE_FAST, op::STORE_DEREF].contains(&self.op)
    }
}

/// All of them; nothing if they are not what the compiler has seen.
pub(super) fn find(code: &[u8], handlers: &[Handler], expected: &[Expected]) -> Option<Vec<Yield>> {
    let all = Instruction::all(code);
    let places: Vec<usize> = (0..all.len()).filter(|i| all[*i].is(op::YIELD_VALUE)).collect();
    if places.len() != expected.len() {
        return None;
    }
    places.iter().zip(expected).map(|(i, expected)| one(&all, *i, handlers, *expected)).collect()
}

fn one(all: &[Instruction], i: usize, handlers: &[Handler], expected: Expected) -> Option<Yield> {
    let (at, resume) = (all[i], *all.get(i + 1)?);
    if at.first != at.unit || !resume.is(op::RESUME) {
        return None;
    }
    let (units, done) = match resume.arg & 3 {
        1 if !expected.evaluated => {
            let takes = *all.get(i + 2)?;
            (takes.takes().then_some(at.unit..takes.unit + 1)?, None)
        }
        2 => {
            let got = (0..i).rev().find(|j| all[*j].is(op::GET_YIELD_FROM_ITER))?;
            // LOAD_CONST None; SEND
            if got + 3 != i || !all[i - 1].is(op::SEND) || !all.get(i + 2)?.is(op::JUMP_BACKWARD_NO_INTERRUPT)
            {
                return None;
            }
            let done = *all.get(i + 3)?;
            #[cfg(not(Py_3_12))]
            let takes = done;
            #[cfg(Py_3_12)]
            let takes = done.is(op::END_SEND).then(|| all.get(i + 4)).flatten().copied()?;
            let begin = if expected.evaluated { evaluation(all, got)? } else { got };
            (takes.takes().then_some(all[begin].first..takes.unit + 1)?, Some(done.unit))
        }
        _ => return None,
    };
    // Before the first instruction that waits, so that it is not what a `yield from` handles itself.
    let raised = if done.is_some() { all[i - 1].unit } else { at.unit };
    let handler = handlers.iter().find(|h| h.covers(raised)).copied();
    // What pushes places is CPython's own, around the whole generator.
    let handler = handler.filter(|h| !h.lasti);
    // Loops inside the `try` are left.
    if handler.is_some_and(|h| h.depth > expected.loops) {
        return None;
    }
    Some(Yield { units, at: at.unit, done, handler })
}

/// Where the evaluation begins whose one result the instruction takes: the code is straight.
fn evaluation(all: &[Instruction], until: usize) -> Option<usize> {
    let mut pushed = 0;
    for i in (0..until).rev() {
        #[cfg(Py_3_13)]
        if all[i].is(op::STORE_FAST_LOAD_FAST) {
            return None;
        }
        // SAFETY: the function only looks at a table.
        pushed += unsafe { PyCompile_OpcodeStackEffect(c_int::from(all[i].op), all[i].arg as c_int) };
        if pushed == 1 {
            return Some(i);
        }
    }
    None
}
