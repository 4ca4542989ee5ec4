//! Matches a pattern against a text: follows its graph, and goes back where there was another way, in the order in which
//! CPython's engine does.
//!
//! Where that takes long, or many calls within each other, it gives up: CPython's engine looks for signals while it works.

use super::program::{At, ENDLESS, First, Place, Program, Set, Step, is_word};
use crate::str_::Unit;
use crate::txn::stack_pointer;

/// Ways that are tried, at most.
const MOST_TRIES: u32 = 1 << 20;

/// Characters that are passed over in the time of a try.
const PER_TRY: usize = 64;

/// Not matched.
pub(super) const UNSET: usize = usize::MAX;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    Match,
    Search,
    Full,
}

/// Where the pattern may match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) from: usize,
    pub(super) end: usize,
    /// Not an empty match at `from`: the one before it was empty and stood there.
    pub(super) advances: bool,
}

/// It takes too long, or too many calls.
#[derive(Debug)]
pub(super) struct TooMuch;

/// What is kept from one match to the next.
pub(crate) struct Room {
    /// Beginning and end of each group, from the first.
    pub(super) marks: Vec<usize>,
    counts: Vec<u32>,
    positions: Vec<usize>,
    /// The highest mark that counts, from 1; the group that ended last, from 1.
    last_mark: usize,
    pub(super) last_group: usize,
}

impl Room {
    pub(crate) const fn new() -> Room {
        Room { marks: Vec::new(), counts: Vec::new(), positions: Vec::new(), last_mark: 0, last_group: 0 }
    }

    /// What the group has matched, from 1; unset where it took no part.
    pub(super) fn group(&self, group: usize) -> (usize, usize) {
        let (begin, end) = (2 * group - 2, 2 * group - 1);
        if end >= self.last_mark || self.marks[begin] == UNSET || self.marks[end] == UNSET {
            return (UNSET, UNSET);
        }
        (self.marks[begin], self.marks[end])
    }
}

/// Where the pattern matches, if it does; groups are in the room.
pub(super) fn find<U: Unit>(
    program: &Program,
    text: &[U],
    how: How,
    range: Range,
    room: &mut Room,
    stack_limit: usize,
) -> Result<Option<(usize, usize)>, TooMuch> {
    room.marks.clear();
    room.marks.resize(2 * program.groups, UNSET);
    room.counts.clear();
    room.counts.resize(program.loops.len(), 0);
    room.positions.clear();
    let Some(text) = text.get(..range.end) else { return Ok(None) };
    let mut matcher = Matcher {
        program,
        text,
        whole: how == How::Full,
        not_at: if range.advances { range.from } else { UNSET },
        end: 0,
        room,
        tries: 0,
        too_much: false,
        stack_limit,
    };
    if how != How::Search || program.anchored {
        return matcher.at(range.from);
    }
    let mut from = range.from;
    loop {
        if let First::Some(begin) = &program.first {
            let rest = text.get(from..).unwrap_or_default();
            let next = match begin.only() {
                Some(c) => rest.iter().position(|u| u.code() == u32::from(c)),
                None => rest.iter().position(|u| begin.has(u.code())),
            };
            match next {
                Some(skipped) => from += skipped,
                None => return Ok(None),
            }
        }
        if let Some(found) = matcher.at(from)? {
            return Ok(Some(found));
        }
        if from >= text.len() {
            return Ok(None);
        }
        from += 1;
        matcher.not_at = UNSET;
    }
}

struct Matcher<'m, U> {
    program: &'m Program,
    /// Up to where the pattern may look.
    text: &'m [U],
    whole: bool,
    /// No match may end here.
    not_at: usize,
    /// Where the match, or the part that has matched last, ends.
    end: usize,
    room: &'m mut Room,
    tries: u32,
    too_much: bool,
    stack_limit: usize,
}

impl<U: Unit> Matcher<'_, U> {
    fn at(&mut self, from: usize) -> Result<Option<(usize, usize)>, TooMuch> {
        (self.room.last_mark, self.room.last_group) = (0, 0);
        let found = self.run(self.program.start, from);
        if self.too_much {
            return Err(TooMuch);
        }
        Ok(found.then_some((from, self.end)))
    }

    #[inline(always)]
    fn code(&self, at: usize) -> Option<u32> {
        self.text.get(at).map(|unit| unit.code())
    }

    /// As it was before a way that did not match.
    #[inline(always)]
    fn back_to(&mut self, (mark, group): (usize, usize)) {
        (self.room.last_mark, self.room.last_group) = (mark, group);
    }

    #[inline(always)]
    fn groups(&self) -> (usize, usize) {
        (self.room.last_mark, self.room.last_group)
    }

    /// Does all match from here on?
    fn run(&mut self, place: Place, at: usize) -> bool {
        self.tries += 1;
        if self.tries > MOST_TRIES || stack_pointer() < self.stack_limit {
            self.too_much = true;
            return false;
        }
        let program = self.program;
        let (mut place, mut at) = (place, at);
        loop {
            let Some(node) = program.nodes.get(place as usize) else { return false };
            match &node.step {
                Step::Literal(c) => {
                    if self.code(at) != Some(*c) {
                        return false;
                    }
                    at += 1;
                }
                Step::Set(set) => {
                    if !self.code(at).is_some_and(|c| set.has(c)) {
                        return false;
                    }
                    at += 1;
                }
                Step::At(position) => {
                    if !self.is_at(*position, at) {
                        return false;
                    }
                }
                Step::Mark(mark) => self.mark(*mark as usize, at),
                Step::Split(ways) => {
                    let next = self.code(at);
                    let mut allowed = ways.iter().filter(|way| way.first.allows(next)).peekable();
                    loop {
                        let Some(way) = allowed.next() else { return false };
                        if allowed.peek().is_none() {
                            place = way.place;
                            break;
                        }
                        let before = self.groups();
                        if self.run(way.place, at) {
                            return true;
                        }
                        if self.too_much {
                            return false;
                        }
                        self.back_to(before);
                    }
                    continue;
                }
                Step::Repeat { set, min, max, greedy, behind } => {
                    let limit = if *max == ENDLESS { usize::MAX } else { *max as usize };
                    let least = at.saturating_add(*min as usize);
                    let Some(most) = self.repeated(set, at, least, limit, *greedy) else { return false };
                    // One long part from each of its characters on: nobody looks for signals meanwhile.
                    self.tries = self.tries.saturating_add(((most - at) / PER_TRY) as u32);
                    match if *greedy {
                        self.longest(node.next, least, most, behind)
                    } else {
                        self.shortest(node.next, set, least, at.saturating_add(limit), behind)
                    } {
                        Tried::Last(last) => at = last,
                        Tried::Matched => return true,
                        Tried::Failed => return false,
                    }
                }
                Step::Chain { body, min, max, greedy, behind } => {
                    let range = (*min as usize, if *max == ENDLESS { usize::MAX } else { *max as usize });
                    return self.chain(*body, node.next, at, range, *greedy, behind);
                }
                Step::Loop(number) => {
                    let before = self.room.counts[*number];
                    self.room.counts[*number] = 0;
                    if self.until(*number, at) {
                        return true;
                    }
                    self.room.counts[*number] = before;
                    return false;
                }
                Step::Until(number) => return self.until(*number, at),
                Step::Look { body, back, negative } => {
                    let matches = match at.checked_sub(*back) {
                        Some(from) => self.run(*body, from),
                        None => false,
                    };
                    if self.too_much || matches == *negative {
                        return false;
                    }
                }
                Step::Same(group) => {
                    let (from, to) = self.same(*group as usize);
                    if to == UNSET {
                        return false;
                    }
                    let same = match (self.text.get(from..to), self.text.get(at..)) {
                        (Some(part), Some(rest)) => rest.starts_with(part),
                        _ => false,
                    };
                    if !same {
                        return false;
                    }
                    at += to - from;
                }
                Step::End => {
                    if (self.whole && at != self.text.len()) || at == self.not_at {
                        return false;
                    }
                    self.end = at;
                    return true;
                }
                Step::PartEnd => {
                    self.end = at;
                    return true;
                }
                Step::Never => return false,
            }
            place = node.next;
        }
    }

    /// The engine's way of remembering groups: marks below the highest one that counts do.
    fn mark(&mut self, mark: usize, at: usize) {
        let room = &mut *self.room;
        if mark & 1 == 1 {
            room.last_group = mark / 2 + 1;
        }
        if mark >= room.last_mark {
            for skipped in &mut room.marks[room.last_mark..mark] {
                *skipped = UNSET;
            }
            room.last_mark = mark + 1;
        }
        room.marks[mark] = at;
    }

    /// What a group holds while the pattern matches.
    fn same(&self, group: usize) -> (usize, usize) {
        let (begin, end) = (2 * group, 2 * group + 1);
        if begin + 1 >= self.room.last_mark {
            return (UNSET, UNSET);
        }
        match (self.room.marks[begin], self.room.marks[end]) {
            (from, to) if from != UNSET && to != UNSET && from <= to => (from, to),
            _ => (UNSET, UNSET),
        }
    }

    /// Up to where characters of the set stand, at most `limit`; none if those are too few. Of what takes as few as
    /// possible only those are looked at that it takes at least.
    #[inline(always)]
    fn repeated(&self, set: &Set, at: usize, least: usize, limit: usize, greedy: bool) -> Option<usize> {
        let wanted = if greedy { at.saturating_add(limit) } else { least };
        let stop = wanted.min(self.text.len());
        let units = self.text.get(at..stop)?;
        let taken = units.iter().position(|unit| !set.has(unit.code())).unwrap_or(units.len());
        (at + taken >= least).then_some(at + taken)
    }

    /// What comes next, behind as many as possible. The last way is left to the caller.
    #[inline(always)]
    fn longest(&mut self, next: Place, least: usize, most: usize, behind: &First) -> Tried {
        let before = self.groups();
        let mut at = most;
        loop {
            if behind.allows(self.code(at)) {
                if at == least {
                    return Tried::Last(at);
                }
                if self.run(next, at) {
                    return Tried::Matched;
                }
                if self.too_much {
                    return Tried::Failed;
                }
                self.back_to(before);
            }
            if at == least {
                return Tried::Failed;
            }
            at -= 1;
        }
    }

    /// What comes next, behind as few as possible.
    fn shortest(&mut self, next: Place, set: &Set, least: usize, most: usize, behind: &First) -> Tried {
        let before = self.groups();
        let mut at = least;
        loop {
            if behind.allows(self.code(at)) {
                if self.run(next, at) {
                    return Tried::Matched;
                }
                if self.too_much {
                    return Tried::Failed;
                }
                self.back_to(before);
            }
            if at >= most || !self.code(at).is_some_and(|c| set.has(c)) {
                return Tried::Failed;
            }
            at += 1;
            if at.is_multiple_of(PER_TRY) {
                self.tries += 1;
            }
        }
    }

    /// A part that matches in one way only: where it ended each time is all that there is to go back to.
    fn chain(
        &mut self,
        body: Place,
        next: Place,
        at: usize,
        (min, max): (usize, usize),
        greedy: bool,
        behind: &First,
    ) -> bool {
        let base = self.room.positions.len();
        let before = self.groups();
        let mut at = at;
        let mut count = 0;
        let wanted = if greedy { max } else { min };
        while count < wanted {
            if greedy && count >= min {
                self.room.positions.push(at);
            }
            if !self.run(body, at) {
                if greedy && count >= min {
                    self.room.positions.pop();
                }
                break;
            }
            at = self.end;
            count += 1;
        }
        if self.too_much || count < min {
            self.room.positions.truncate(base);
            return false;
        }
        if !greedy {
            loop {
                if behind.allows(self.code(at)) && self.run(next, at) {
                    return true;
                }
                self.back_to(before);
                if self.too_much || count >= max || !self.run(body, at) {
                    return false;
                }
                at = self.end;
                count += 1;
            }
        }
        loop {
            if behind.allows(self.code(at)) && self.run(next, at) {
                self.room.positions.truncate(base);
                return true;
            }
            self.back_to(before);
            if self.too_much || self.room.positions.len() <= base {
                self.room.positions.truncate(base);
                return false;
            }
            at = self.room.positions.pop().unwrap_or(at);
        }
    }

    /// The end of a part that is repeated: once more, or on.
    fn until(&mut self, number: usize, at: usize) -> bool {
        let program = self.program;
        let Some(repeated) = program.loops.get(number) else { return false };
        let count = self.room.counts[number];
        let before = self.groups();
        let again = |this: &mut Self| {
            this.room.counts[number] = count + 1;
            let matched = this.run(repeated.body, at);
            if !matched {
                this.room.counts[number] = count;
                this.back_to(before);
            }
            matched
        };
        if count < repeated.min {
            return again(self);
        }
        let may = count < repeated.max;
        if repeated.greedy {
            return (may && again(self)) || (!self.too_much && self.run(repeated.next, at));
        }
        if self.run(repeated.next, at) {
            return true;
        }
        self.back_to(before);
        !self.too_much && may && again(self)
    }

    fn is_at(&self, position: At, at: usize) -> bool {
        let is = |at: usize, c: u8| self.code(at) == Some(u32::from(c));
        match position {
            At::Start => at == 0,
            At::LineStart => at == 0 || is(at - 1, b'\n'),
            At::TextEnd => at == self.text.len(),
            At::End => at == self.text.len() || (at + 1 == self.text.len() && is(at, b'\n')),
            At::LineEnd => at == self.text.len() || is(at, b'\n'),
            At::Boundary { ascii, inside } => {
                if self.text.is_empty() {
                    return false;
                }
                let word = |c: Option<u32>| c.is_some_and(|c| is_word(c, ascii));
                let before = word(at.checked_sub(1).and_then(|at| self.code(at)));
                (before != word(self.code(at))) != inside
            }
        }
    }
}

/// What became of the ways to repeat a character.
enum Tried {
    /// This one is left.
    Last(usize),
    Matched,
    Failed,
}
