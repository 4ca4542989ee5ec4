//! Exception tables: which handler covers which instructions.

use super::order::in_order;

/// One entry; places are units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Handler {
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) target: usize,
    /// What stays on the stack.
    pub(super) depth: usize,
    /// The place of the instruction is pushed as well.
    pub(super) lasti: bool,
}

impl Handler {
    pub(super) fn covers(&self, unit: usize) -> bool {
        (self.start..self.start + self.length).contains(&unit)
    }
}

pub(super) fn read(table: &[u8]) -> Vec<Handler> {
    let mut bytes = table.iter();
    let mut all = Vec::new();
    while bytes.len() > 0 {
        let mut field = || {
            let mut value = 0usize;
            for &byte in bytes.by_ref() {
                value = value << 6 | usize::from(byte & 63);
                if byte & 64 == 0 {
                    break;
                }
            }
            value
        };
        let (start, length, target, last) = (field(), field(), field(), field());
        all.push(Handler { start, length, target, depth: last >> 1, lasti: last & 1 != 0 });
    }
    all
}

pub(super) fn write(all: &[Handler]) -> Vec<u8> {
    let mut out = Vec::with_capacity(5 * all.len());
    for handler in all {
        let last = handler.depth << 1 | usize::from(handler.lasti);
        for (i, value) in [handler.start, handler.length, handler.target, last].into_iter().enumerate() {
            write_field(&mut out, value, i == 0);
        }
    }
    out
}

/// Six bits a byte, high ones first; bit 6 says that more follow, bit 7 that an entry starts.
fn write_field(out: &mut Vec<u8>, value: usize, starts_entry: bool) {
    let mut shift = 0;
    while value >> shift > 63 {
        shift += 6;
    }
    let mut mark = if starts_entry { 0x80 } else { 0 };
    loop {
        let more = if shift > 0 { 0x40 } else { 0 };
        out.push(mark | more | (value >> shift & 63) as u8);
        if shift == 0 {
            return;
        }
        (shift, mark) = (shift - 6, 0);
    }
}

/// For instructions that were put in at unit `place`: what covered the instruction before covers them too.
pub(super) fn moved(all: Vec<Handler>, place: usize, units: usize) -> Vec<Handler> {
    let behind = |at: usize| if at >= place { at + units } else { at };
    let moved = all.into_iter().map(|h| {
        let grows = h.start < place && h.start + h.length >= place;
        let length = if grows { h.length + units } else { h.length };
        Handler { start: behind(h.start), length, target: behind(h.target), ..h }
    });
    moved.collect()
}

/// With handlers that go before those that are there: no two entries cover the same.
pub(super) fn covered(all: Vec<Handler>, mut first: Vec<Handler>) -> Vec<Handler> {
    first.retain(|h| h.length > 0);
    let first = in_order(first, |a, b| a.start < b.start);
    let mut out = first.clone();
    for handler in all {
        let (mut start, end) = (handler.start, handler.start + handler.length);
        for over in &first {
            let (from, to) = (over.start.clamp(start, end), (over.start + over.length).clamp(start, end));
            if from < to {
                out.push(Handler { start, length: from - start, ..handler });
                start = to;
            }
        }
        out.push(Handler { start, length: end - start, ..handler });
    }
    out.retain(|h| h.length > 0);
    in_order(out, |a, b| a.start < b.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive() {
        let entry = |start, length| Handler { start, length, target: 4000, depth: 2, lasti: true };
        let all = vec![entry(3, 70), entry(80, 1)];
        assert_eq!(read(&write(&all)), all);
        let first = Handler { start: 10, length: 5, target: 7, depth: 1, lasti: false };
        assert_eq!(covered(all.clone(), vec![first]), [entry(3, 7), first, entry(15, 58), entry(80, 1)]);
        assert_eq!(covered(all.clone(), Vec::new()), all);
        let over = Handler { start: 70, length: 20, target: 7, depth: 1, lasti: false };
        assert_eq!(covered(all, vec![over]), [entry(3, 67), over]);
    }
}
