//! A pattern's code as a graph: what has to match, and what comes behind it. Whoever matches follows it and goes back
//! where there was another way.
//!
//! Read is what CPython's engine would do for each piece. What is rare, or where its way of going back shows in what
//! groups hold (groups in a part that is repeated), is not read: such a pattern is left to CPython.

use crate::chr::class;

/// The engine's operations, by number.
mod op {
    pub(super) const FAILURE: u32 = 0;
    pub(super) const SUCCESS: u32 = 1;
    pub(super) const ANY: u32 = 2;
    pub(super) const ANY_ALL: u32 = 3;
    pub(super) const ASSERT: u32 = 4;
    pub(super) const ASSERT_NOT: u32 = 5;
    pub(super) const AT: u32 = 6;
    pub(super) const BRANCH: u32 = 7;
    pub(super) const CATEGORY: u32 = 8;
    pub(super) const CHARSET: u32 = 9;
    pub(super) const BIGCHARSET: u32 = 10;
    pub(super) const GROUPREF: u32 = 11;
    pub(super) const IN: u32 = 13;
    pub(super) const INFO: u32 = 14;
    pub(super) const JUMP: u32 = 15;
    pub(super) const LITERAL: u32 = 16;
    pub(super) const MARK: u32 = 17;
    pub(super) const MAX_UNTIL: u32 = 18;
    pub(super) const MIN_UNTIL: u32 = 19;
    pub(super) const NOT_LITERAL: u32 = 20;
    pub(super) const NEGATE: u32 = 21;
    pub(super) const RANGE: u32 = 22;
    pub(super) const REPEAT: u32 = 23;
    pub(super) const REPEAT_ONE: u32 = 24;
    pub(super) const MIN_REPEAT_ONE: u32 = 26;
    pub(super) const IN_IGNORE: u32 = 31;
    pub(super) const LITERAL_IGNORE: u32 = 32;
    pub(super) const NOT_LITERAL_IGNORE: u32 = 33;
    pub(super) const IN_UNI_IGNORE: u32 = 39;
    pub(super) const LITERAL_UNI_IGNORE: u32 = 40;
    pub(super) const NOT_LITERAL_UNI_IGNORE: u32 = 41;
    pub(super) const RANGE_UNI_IGNORE: u32 = 42;
}

/// Words of a bitmap of 256 characters.
const MAP: usize = 8;

/// Parts within each other, at most.
const MOST_NESTED: u32 = 40;

/// No limit to how often something is repeated.
pub(super) const ENDLESS: u32 = u32::MAX;

/// One piece of the graph, by its place.
pub(super) type Place = u32;

/// What is taken of what is at hand, and the place behind it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) step: Step,
    pub(super) next: Place,
}

#[derive(Debug)]
pub(super) enum Step {
    /// This character.
    Literal(u32),
    /// One of these characters.
    Set(Set),
    /// Nothing, at such a position.
    At(At),
    /// Nothing: a group begins or ends here.
    Mark(u32),
    /// The first of these ways on which all else matches.
    Split(Box<[Way]>),
    /// One character after the other; `behind` begins what may come then.
    Repeat {
        set: Set,
        min: u32,
        max: u32,
        greedy: bool,
        behind: First,
    },
    /// A part that matches in one way or not at all, again and again.
    Chain {
        body: Place,
        min: u32,
        max: u32,
        greedy: bool,
        behind: First,
    },
    /// A part, again and again: begins to count.
    Loop(usize),
    /// The end of such a part.
    Until(usize),
    /// Something that matches from so far back, and takes nothing; or does not match.
    Look {
        body: Place,
        back: usize,
        negative: bool,
    },
    /// What the group has matched, once more.
    Same(u32),
    /// All of the pattern has matched.
    End,
    /// A part has.
    PartEnd,
    Never,
}

#[derive(Debug)]
pub(super) struct Way {
    pub(super) place: Place,
    pub(super) first: First,
}

#[derive(Debug)]
pub(super) struct Repeated {
    pub(super) body: Place,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) greedy: bool,
    pub(super) next: Place,
}

/// Positions of which `AT` asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    Start,
    LineStart,
    End,
    LineEnd,
    TextEnd,
    Boundary { ascii: bool, inside: bool },
}

/// A set of characters.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// Those below 256.
    bits: [u64; 4],
    /// Those beyond.
    wide: Wide,
}

#[derive(Clone, Debug)]
enum Wide {
    None,
    All,
    /// What the code says, of the character or of its lower case.
    Code(Box<[u32]>, Lower),
}

/// What is looked for in a set in place of the character.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lower {
    Itself,
    Ascii,
    Unicode,
}

impl Lower {
    fn of(self, c: u32) -> u32 {
        match self {
            Lower::Itself => c,
            Lower::Ascii => u8::try_from(c).map_or(c, |b| u32::from(b.to_ascii_lowercase())),
            Lower::Unicode => lower(c),
        }
    }
}

unsafe extern "C" {
    fn _PyUnicode_ToLowercase(c: u32) -> u32;
    fn _PyUnicode_ToUppercase(c: u32) -> u32;
}

fn lower(c: u32) -> u32 {
    // SAFETY: a pure function of tables; any number is accepted.
    unsafe { _PyUnicode_ToLowercase(c) }
}

fn upper(c: u32) -> u32 {
    // SAFETY: as above.
    unsafe { _PyUnicode_ToUppercase(c) }
}

impl Set {
    fn of(test: impl Fn(u32) -> bool, wide: Wide) -> Set {
        let mut bits = [0; 4];
        for c in (0..256u32).filter(|c| test(*c)) {
            bits[c as usize / 64] |= 1 << (c % 64);
        }
        Set { bits, wide }
    }

    #[inline(always)]
    pub(super) fn has(&self, c: u32) -> bool {
        if c < 256 { self.bits[c as usize / 64] >> (c % 64) & 1 != 0 } else { self.has_wide(c) }
    }

    #[inline(never)]
    fn has_wide(&self, c: u32) -> bool {
        match &self.wide {
            Wide::None => false,
            Wide::All => true,
            Wide::Code(code, lower) => in_code(code, lower.of(c)).unwrap_or(false),
        }
    }

    fn first(&self) -> First {
        First::Some(Begin { bits: self.bits, wide: !matches!(self.wide, Wide::None) })
    }
}

/// Characters with which something begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum First {
    /// It may take no character at all, or that is not known.
    Any,
    Some(Begin),
}

/// Those below 256, and whether there may be others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    bits: [u64; 4],
    wide: bool,
}

impl Begin {
    #[inline(always)]
    pub(super) fn has(&self, c: u32) -> bool {
        if c < 256 { self.bits[c as usize / 64] >> (c % 64) & 1 != 0 } else { self.wide }
    }

    /// The one character, if it is one.
    pub(super) fn only(&self) -> Option<u8> {
        let count: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        if count != 1 || self.wide {
            return None;
        }
        (0..=255).find(|c| self.has(u32::from(*c)))
    }
}

impl First {
    /// Can it begin with the character, or with nothing where there is none?
    #[inline(always)]
    pub(super) fn allows(&self, c: Option<u32>) -> bool {
        match (self, c) {
            (First::Any, _) => true,
            (First::Some(begin), Some(c)) => begin.has(c),
            (First::Some(_), None) => false,
        }
    }

    fn or(self, other: First) -> First {
        let (First::Some(a), First::Some(b)) = (self, other) else { return First::Any };
        let bits = core::array::from_fn(|i| a.bits[i] | b.bits[i]);
        First::Some(Begin { bits, wide: a.wide || b.wide })
    }

    fn meets(self, other: First) -> bool {
        let (First::Some(a), First::Some(b)) = (self, other) else { return true };
        (a.wide && b.wide) || a.bits.iter().zip(&b.bits).any(|(x, y)| x & y != 0)
    }
}

/// A part of a pattern, as the code nests it.
enum Part {
    Literal(u32),
    Set(Set),
    At(At),
    Mark(u32),
    Branch(Vec<Vec<Part>>),
    Repeat { set: Set, min: u32, max: u32, greedy: bool },
    Loop { body: Vec<Part>, min: u32, max: u32, greedy: bool },
    Look { body: Vec<Part>, back: usize, negative: bool },
    Same(u32),
    Never,
}

/// A pattern, ready to be matched.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    pub(super) loops: Vec<Repeated>,
    pub(super) start: Place,
    pub(super) first: First,
    /// It can only match at the beginning of the text.
    pub(super) anchored: bool,
    pub(super) groups: usize,
}

impl Program {
    /// What the code says; none where that is left to CPython.
    pub(super) fn read(words: &[u32], groups: usize) -> Option<Program> {
        let mut reader = Reader { words, at: 0, nested: 0 };
        let parts = reader.parts()?;
        if reader.take()? != op::SUCCESS || reader.at != words.len() {
            return None;
        }
        let anchored = matches!(parts.first(), Some(Part::At(At::Start)));
        let mut program =
            Program { nodes: Vec::new(), loops: Vec::new(), start: 0, first: First::Any, anchored, groups };
        let (end, first) = (program.add(Step::End, 0), First::Any);
        (program.start, program.first) = program.link(&parts, end, first)?;
        Some(program)
    }

    fn add(&mut self, step: Step, next: Place) -> Place {
        self.nodes.push(Node { step, next });
        self.nodes.len() as Place - 1
    }

    /// Puts the parts in front of `next`, which begins with `first`: the first place, and what that begins with.
    fn link(&mut self, parts: &[Part], next: Place, first: First) -> Option<(Place, First)> {
        let (mut next, mut first) = (next, first);
        for part in parts.iter().rev() {
            (next, first) = match part {
                Part::Literal(c) => {
                    let begin = Set::of(|x| x == *c, if *c > 255 { Wide::All } else { Wide::None }).first();
                    (self.add(Step::Literal(*c), next), begin)
                }
                Part::Set(set) => (self.add(Step::Set(set.clone()), next), set.first()),
                Part::At(at) => (self.add(Step::At(*at), next), first),
                Part::Mark(mark) => (self.add(Step::Mark(*mark), next), first),
                Part::Same(group) => (self.add(Step::Same(*group), next), First::Any),
                Part::Never => (self.add(Step::Never, next), First::Any),
                Part::Branch(ways) => {
                    let ways: Vec<Way> =
                        ways.iter().map(|way| self.way(way, next, first)).collect::<Option<_>>()?;
                    self.split(ways)
                }
                Part::Repeat { set, min, max, greedy } => {
                    let begin = if *min > 0 { set.first() } else { set.first().or(first) };
                    let step = Step::Repeat {
                        set: set.clone(),
                        min: *min,
                        max: *max,
                        greedy: *greedy,
                        behind: first,
                    };
                    (self.add(step, next), begin)
                }
                // Once or not at all is a choice.
                Part::Loop { body, min: 0, max: 1, greedy } => {
                    let with = self.way(body, next, first)?;
                    let without = Way { place: next, first };
                    self.split(if *greedy { vec![with, without] } else { vec![without, with] })
                }
                Part::Loop { body, min, max, greedy } => {
                    self.repeat(body, (*min, *max, *greedy), next, first)?
                }
                Part::Look { body, back, negative } => {
                    if *negative && has_marks(body) {
                        return None;
                    }
                    let end = self.add(Step::PartEnd, 0);
                    let (body, _) = self.link(body, end, First::Any)?;
                    (self.add(Step::Look { body, back: *back, negative: *negative }, next), first)
                }
            };
        }
        Some((next, first))
    }

    fn way(&mut self, parts: &[Part], next: Place, first: First) -> Option<Way> {
        let (place, first) = self.link(parts, next, first)?;
        Some(Way { place, first })
    }

    fn split(&mut self, ways: Vec<Way>) -> (Place, First) {
        let first = ways.iter().map(|way| way.first).reduce(First::or).unwrap_or(First::Any);
        (self.add(Step::Split(ways.into()), 0), first)
    }

    /// A part that is repeated: it takes a character at least, and holds no group.
    fn repeat(
        &mut self,
        parts: &[Part],
        (min, max, greedy): (u32, u32, bool),
        next: Place,
        first: First,
    ) -> Option<(Place, First)> {
        if has_marks(parts) || least(parts) == 0 {
            return None;
        }
        let begin = |body: First| if min > 0 { body } else { body.or(first) };
        if self.is_single(parts)? {
            let end = self.add(Step::PartEnd, 0);
            let (body, body_first) = self.link(parts, end, First::Any)?;
            let step = Step::Chain { body, min, max, greedy, behind: first };
            return Some((self.add(step, next), begin(body_first)));
        }
        let number = self.loops.len();
        self.loops.push(Repeated { body: 0, min, max, greedy, next });
        let until = self.add(Step::Until(number), 0);
        let (body, body_first) = self.link(parts, until, First::Any)?;
        self.loops[number].body = body;
        Some((self.add(Step::Loop(number), 0), begin(body_first)))
    }

    /// Is there never more than one way to match the parts? Ways begin with different characters.
    fn is_single(&mut self, parts: &[Part]) -> Option<bool> {
        for part in parts {
            let single = match part {
                Part::Literal(_) | Part::Set(_) | Part::At(_) | Part::Never => true,
                Part::Branch(ways) => {
                    let mut firsts = Vec::new();
                    let mut single = true;
                    for way in ways {
                        single &= self.is_single(way)? && least(way) > 0;
                        // Only to see what it begins with.
                        let before = self.nodes.len();
                        let end = self.add(Step::PartEnd, 0);
                        if single {
                            let (_, first) = self.link(way, end, First::Any)?;
                            single &= !firsts.iter().any(|other: &First| other.meets(first));
                            firsts.push(first);
                        }
                        self.nodes.truncate(before);
                    }
                    single
                }
                Part::Repeat { min, max, .. } => min == max,
                _ => false,
            };
            if !single {
                return Some(false);
            }
        }
        Some(true)
    }
}

fn has_marks(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Mark(_) => true,
        Part::Branch(ways) => ways.iter().any(|way| has_marks(way)),
        Part::Loop { body, .. } | Part::Look { body, .. } => has_marks(body),
        _ => false,
    })
}

/// The characters that the parts take at least, or fewer.
fn least(parts: &[Part]) -> u64 {
    parts.iter().fold(0u64, |sum, part| {
        sum.saturating_add(match part {
            Part::Literal(_) | Part::Set(_) => 1,
            Part::Branch(ways) => ways.iter().map(|way| least(way)).min().unwrap_or(0),
            Part::Repeat { min, .. } => u64::from(*min),
            Part::Loop { body, min, .. } => least(body).saturating_mul(u64::from(*min)),
            _ => 0,
        })
    })
}

/// Takes the code apart.
struct Reader<'c> {
    words: &'c [u32],
    at: usize,
    nested: u32,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<u32> {
        let word = *self.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    /// The place that the next word, a distance from itself, names.
    fn target(&mut self) -> Option<usize> {
        let from = self.at;
        let distance = self.take()? as usize;
        from.checked_add(distance).filter(|to| *to > from && *to <= self.words.len())
    }

    /// Up to what ends a part: that is left.
    fn parts(&mut self) -> Option<Vec<Part>> {
        self.nested += 1;
        if self.nested > MOST_NESTED {
            return None;
        }
        let mut parts = Vec::new();
        loop {
            let code = *self.words.get(self.at)?;
            if matches!(code, op::SUCCESS | op::JUMP | op::MAX_UNTIL | op::MIN_UNTIL) {
                self.nested -= 1;
                return Some(parts);
            }
            self.at += 1;
            parts.push(match code {
                op::FAILURE => Part::Never,
                op::LITERAL => Part::Literal(self.take()?),
                op::ASSERT | op::ASSERT_NOT => {
                    let after = self.target()?;
                    let back = self.take()? as usize;
                    let body = self.parts()?;
                    self.ends(op::SUCCESS, after)?;
                    Part::Look { body, back, negative: code == op::ASSERT_NOT }
                }
                op::AT => Part::At(position(self.take()?)?),
                op::BRANCH => Part::Branch(self.ways()?),
                op::GROUPREF => Part::Same(self.take()?),
                op::INFO => {
                    self.at = self.target()?;
                    continue;
                }
                op::MARK => Part::Mark(self.take()?),
                op::REPEAT => {
                    let until = self.target()?;
                    let (min, max) = (self.take()?, self.take()?);
                    let body = self.parts()?;
                    let end = self.take()?;
                    if self.at != until + 1 || !matches!(end, op::MAX_UNTIL | op::MIN_UNTIL) {
                        return None;
                    }
                    Part::Loop { body, min, max, greedy: end == op::MAX_UNTIL }
                }
                op::REPEAT_ONE | op::MIN_REPEAT_ONE => {
                    let after = self.target()?;
                    let (min, max) = (self.take()?, self.take()?);
                    let code_of_one = self.take()?;
                    let set = match self.one(code_of_one)? {
                        Part::Literal(c) => {
                            Set::of(|x| x == c, if c > 255 { literal(c) } else { Wide::None })
                        }
                        Part::Set(set) => set,
                        _ => return None,
                    };
                    self.ends(op::SUCCESS, after)?;
                    Part::Repeat { set, min, max, greedy: code == op::REPEAT_ONE }
                }
                one => self.one(one)?,
            });
        }
    }

    fn ends(&mut self, code: u32, after: usize) -> Option<()> {
        (self.take()? == code && self.at == after).then_some(())
    }

    /// The ways of a branch.
    fn ways(&mut self) -> Option<Vec<Vec<Part>>> {
        let mut ways = Vec::new();
        while *self.words.get(self.at)? != 0 {
            let after = self.target()?;
            ways.push(self.parts()?);
            if self.take()? != op::JUMP {
                return None;
            }
            self.at += 1;
            if self.at != after {
                return None;
            }
        }
        self.at += 1;
        Some(ways)
    }

    /// What takes one character.
    fn one(&mut self, code: u32) -> Option<Part> {
        let not = |c: u32, lower: Lower| {
            Part::Set(Set::of(
                |x| lower.of(x) != c,
                Wide::Code([op::NEGATE, op::LITERAL, c, op::FAILURE].into(), lower),
            ))
        };
        let folded = |c: u32, lower: Lower| {
            Part::Set(Set::of(|x| lower.of(x) == c, Wide::Code([op::LITERAL, c, op::FAILURE].into(), lower)))
        };
        Some(match code {
            op::LITERAL => Part::Literal(self.take()?),
            op::ANY => Part::Set(Set::of(|c| c != u32::from(b'\n'), Wide::All)),
            op::ANY_ALL => Part::Set(Set::of(|_| true, Wide::All)),
            op::NOT_LITERAL => not(self.take()?, Lower::Itself),
            op::NOT_LITERAL_IGNORE => not(self.take()?, Lower::Ascii),
            op::NOT_LITERAL_UNI_IGNORE => not(self.take()?, Lower::Unicode),
            op::LITERAL_IGNORE => folded(self.take()?, Lower::Ascii),
            op::LITERAL_UNI_IGNORE => folded(self.take()?, Lower::Unicode),
            op::CATEGORY => {
                let which = self.take()?;
                category(which, 0)?;
                Part::Set(Set::of(
                    |c| category(which, c) == Some(true),
                    Wide::Code([op::CATEGORY, which, op::FAILURE].into(), Lower::Itself),
                ))
            }
            op::IN | op::IN_IGNORE | op::IN_UNI_IGNORE => {
                let after = self.target()?;
                let code_of_set = self.words.get(self.at..after)?;
                self.at = after;
                let lower = match code {
                    op::IN => Lower::Itself,
                    op::IN_IGNORE => Lower::Ascii,
                    _ => Lower::Unicode,
                };
                // All that it names is known.
                in_code(code_of_set, u32::MAX)?;
                Part::Set(Set::of(
                    |c| in_code(code_of_set, lower.of(c)).unwrap_or(false),
                    Wide::Code(code_of_set.into(), lower),
                ))
            }
            _ => return None,
        })
    }
}

fn literal(c: u32) -> Wide {
    Wide::Code([op::LITERAL, c, op::FAILURE].into(), Lower::Itself)
}

fn position(code: u32) -> Option<At> {
    Some(match code {
        0 | 2 => At::Start,
        1 => At::LineStart,
        3 => At::Boundary { ascii: true, inside: false },
        4 => At::Boundary { ascii: true, inside: true },
        5 => At::End,
        6 => At::LineEnd,
        7 => At::TextEnd,
        10 => At::Boundary { ascii: false, inside: false },
        11 => At::Boundary { ascii: false, inside: true },
        // What depends on the locale.
        _ => return None,
    })
}

/// Does the character belong to a class? None for classes that depend on the locale.
fn category(code: u32, c: u32) -> Option<bool> {
    let ascii = u8::try_from(c).ok().filter(u8::is_ascii);
    let within = match code & !1 {
        0 => ascii.is_some_and(|c| c.is_ascii_digit()),
        2 => ascii.is_some_and(|c| matches!(c, b' ' | 9..=13)),
        4 => is_word(c, true),
        6 => c == u32::from(b'\n'),
        10 => class::decimal(c),
        12 => class::space(c),
        14 => is_word(c, false),
        16 => class::line(c),
        _ => return None,
    };
    Some(within == (code & 1 == 0))
}

/// `\w`
pub(super) fn is_word(c: u32, ascii: bool) -> bool {
    c == u32::from(b'_') || if ascii { c < 128 && class::alnum(c) } else { class::alnum(c) }
}

/// Is the character in the set that the code describes? None for what is not known.
fn in_code(code: &[u32], c: u32) -> Option<bool> {
    let (mut at, mut within) = (0, true);
    let bit = |map: &[u32], c: u32| map.get(c as usize / 32).is_some_and(|word| word >> (c % 32) & 1 != 0);
    // What is asked for all that the code names looks at all of it.
    let mut found = None;
    loop {
        let operation = *code.get(at)?;
        at += 1;
        let hit = match operation {
            op::FAILURE => return Some(found.unwrap_or(!within)),
            op::NEGATE => {
                within = !within;
                false
            }
            op::LITERAL => {
                at += 1;
                c == *code.get(at - 1)?
            }
            op::CATEGORY => {
                at += 1;
                category(*code.get(at - 1)?, c)?
            }
            op::CHARSET => {
                at += MAP;
                let map = code.get(at - MAP..at)?;
                c < 256 && bit(map, c)
            }
            op::RANGE | op::RANGE_UNI_IGNORE => {
                at += 2;
                let (low, high) = (*code.get(at - 2)?, *code.get(at - 1)?);
                let within = |c: u32| low <= c && c <= high;
                within(c) || (operation == op::RANGE_UNI_IGNORE && c < 0x11_0000 && within(upper(c)))
            }
            op::BIGCHARSET => {
                let count = *code.get(at)? as usize;
                at += 1;
                let (blocks, maps) = (code.get(at..at + 64)?, code.get(at + 64..at + 64 + count * MAP)?);
                at += 64 + count * MAP;
                let high = c as usize >> 8;
                blocks.get(high / 4).is_some_and(|word| {
                    let block = word.to_ne_bytes()[high % 4];
                    bit(maps, u32::from(block) * 256 + (c & 255))
                })
            }
            _ => return None,
        };
        if hit && found.is_none() {
            found = Some(within);
        }
    }
}
