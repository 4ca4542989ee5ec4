//! What a pattern does with a text: natively where its code is known, else CPython's engine does it.

use super::engine::{self, How, Range, TooMuch, UNSET};
use super::found::{All, Found, Origin};
use super::{Entry, entry};
use crate::builtins::boxed::Scalar;
use crate::builtins::c::Temporary;
use crate::foreign::{self, Call, Foreign, Pattern, Piece};
use crate::list::{List, ListLike, MakeList};
use crate::stop::R;
use crate::str_::{StrBuilder, each, part, view};
use crate::strs::Str;
use crate::txn::Cx;
use crate::union::{Optional, U2};

/// Texts that are longer are CPython's business: positions are kept in 32 bits.
const LONGEST: usize = u32::MAX as usize - 1;

/// Whether one match is found, and where.
type Outcome = Result<Option<(usize, usize)>, TooMuch>;

/// CPython's own answer: a match, or `None`.
pub(super) fn asked(
    cx: Cx,
    how: How,
    pattern: Foreign<Pattern>,
    text: &Str,
    pos: i64,
    end: i64,
) -> R<Temporary> {
    static MATCH: Call = Call::method("match").engine();
    static SEARCH: Call = Call::method("search").engine();
    static FULL: Call = Call::method("fullmatch").engine();
    let call = match how {
        How::Match => &MATCH,
        How::Search => &SEARCH,
        How::Full => &FULL,
    };
    call.object(cx, [pattern.boxed()?, text.boxed()?, pos.boxed()?, end.boxed()?])
}

/// One match; groups stay in the room.
fn find(cx: Cx, entry: &Entry, text: &Str, how: How, range: Range) -> Outcome {
    let Some(program) = entry.program() else { return Err(TooMuch) };
    // SAFETY: Nothing else of the runtime is called before the borrow ends.
    unsafe {
        let txn = cx.txn();
        let limit = txn.stack_limit;
        let room = &mut txn.rare().room;
        each!(view(text), units => engine::find(program, units, how, range, room, limit))
    }
}

fn one(
    cx: Cx,
    pattern: Foreign<Pattern>,
    text: &Str,
    how: How,
    (pos, end): (i64, i64),
) -> R<Optional<Found>> {
    cx.point()?;
    let length = text.len();
    let clip = |at: i64| usize::try_from(at).unwrap_or(0).min(length);
    let (from, to) = (clip(pos), clip(end));
    if let Some(entry) = entry(pattern)
        && from <= to
        && length <= LONGEST
    {
        let range = Range { from, end: to, advances: false };
        match find(cx, entry, text, how, range) {
            Ok(None) => return Ok(U2::A(())),
            Ok(Some(bounds)) => {
                let origin = Origin::Asked { how, pos: from, end: to };
                return Found::new(cx, entry, pattern, text, bounds, origin).map(U2::B);
            }
            Err(TooMuch) => {}
        }
    }
    foreign::take(cx, asked(cx, how, pattern, text, pos, end)?)
}

macro_rules! searches {
    ($($how:ident $(#[$doc:meta])* $name:ident $from:ident $within:ident;)+) => { $(
        $(#[$doc])*
        #[inline]
        pub fn $name(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<Optional<Found>> {
            one(cx, pattern, text, How::$how, (0, i64::MAX))
        }

        /// The same, from a position on.
        #[inline]
        pub fn $from(cx: Cx, pattern: Foreign<Pattern>, text: &Str, pos: i64) -> R<Optional<Found>> {
            one(cx, pattern, text, How::$how, (pos, i64::MAX))
        }

        /// The same, between two positions.
        #[inline]
        pub fn $within(
            cx: Cx,
            pattern: Foreign<Pattern>,
            text: &Str,
            pos: i64,
            end: i64,
        ) -> R<Optional<Found>> {
            one(cx, pattern, text, How::$how, (pos, end))
        }
    )+ };
}

searches! {
    Match /// `pattern.match(text)`
    matches matches_from matches_within;
    Search /// `pattern.search(text)`
    search search_from search_within;
    Full /// `pattern.fullmatch(text)`
    full_match full_match_from full_match_within;
}

/// Does `each` with where every match stands, one after the other, as long as it says so; false where CPython has to.
fn every(
    cx: Cx,
    pattern: Foreign<Pattern>,
    text: &Str,
    mut each: impl FnMut(&'static Entry, (usize, usize)) -> R<bool>,
) -> R<bool> {
    cx.point()?;
    let Some(entry) = entry(pattern).filter(|_| text.len() <= LONGEST) else { return Ok(false) };
    let mut range = Range { from: 0, end: text.len(), advances: false };
    let mut fuel = cx.fuel();
    loop {
        cx.tick(&mut fuel)?;
        match find(cx, entry, text, How::Search, range) {
            Ok(None) => return Ok(true),
            Ok(Some((from, to))) => {
                if !each(entry, (from, to))? {
                    return Ok(true);
                }
                range = Range { from: to, end: text.len(), advances: from == to };
            }
            Err(TooMuch) => return Ok(false),
        }
    }
}

/// What the group of the match that was found last is, empty where it took no part.
fn group(cx: Cx, text: &Str, group: usize) -> R<Str> {
    // SAFETY: A short borrow.
    match unsafe { cx.txn().rare().room.group(group) } {
        (UNSET, _) => crate::str_::empty(),
        (from, to) => part(text, from, to),
    }
}

/// `list(pattern.finditer(text))`
pub fn all_matches(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<List<Found>> {
    let list = List::make(cx, 0)?;
    let all = All::new(cx, pattern, text)?;
    let mut index = 0;
    let done = every(cx, pattern, text, |entry, bounds| {
        let origin = Origin::Among { all, index };
        index += 1;
        list.push(cx, Found::new(cx, entry, pattern, text, bounds, origin)?)?;
        Ok(true)
    })?;
    if done { Ok(list) } else { foreign::all_matches(cx, pattern, text) }
}

/// What `findall` gives of a match: a text, or a tuple of as many texts as the pattern has groups.
pub trait OfMatch: Sized + Clone + 'static {
    /// Is it so for a pattern with so many groups?
    fn fits(groups: usize) -> bool;

    /// Of the match that was found last, which stands there.
    fn read(cx: Cx, text: &Str, groups: usize, bounds: (usize, usize)) -> R<Self>;
}

impl OfMatch for Str {
    fn fits(groups: usize) -> bool {
        groups <= 1
    }

    fn read(cx: Cx, text: &Str, groups: usize, (from, to): (usize, usize)) -> R<Str> {
        if groups == 0 { part(text, from, to) } else { group(cx, text, 1) }
    }
}

macro_rules! of_groups {
    ($($count:literal: $($at:literal)+;)+) => { $(
        impl OfMatch for ($(of_groups!(@ $at),)+) {
            fn fits(groups: usize) -> bool {
                groups == $count
            }

            fn read(cx: Cx, text: &Str, _: usize, _: (usize, usize)) -> R<Self> {
                Ok(($(group(cx, text, $at)?,)+))
            }
        }
    )+ };
    (@ $at:literal) => { Str };
}

of_groups! {
    2: 1 2;
    3: 1 2 3;
    4: 1 2 3 4;
    5: 1 2 3 4 5;
    6: 1 2 3 4 5 6;
}

/// `pattern.findall(text)`
pub fn find_all<T: OfMatch>(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<List<T>>
where
    List<T>: foreign::Given,
{
    let list = List::make(cx, 0)?;
    let groups = entry(pattern).map_or(usize::MAX, Entry::groups);
    let done = T::fits(groups)
        && every(cx, pattern, text, |_, bounds| {
            list.push(cx, T::read(cx, text, groups, bounds)?)?;
            Ok(true)
        })?;
    if done {
        return Ok(list);
    }
    static CALL: Call = Call::method("findall").engine();
    CALL.run(cx, [pattern.boxed()?, text.boxed()?])
}

/// `pattern.split(text)`
pub fn split(cx: Cx, pattern: Foreign<Pattern>, text: &Str) -> R<List<Str>> {
    split_at_most(cx, pattern, text, 0)
}

/// `pattern.split(text, most)`
pub fn split_at_most(cx: Cx, pattern: Foreign<Pattern>, text: &Str, most: i64) -> R<List<Str>> {
    let list = List::make(cx, 0)?;
    let grouped = entry(pattern).map_or(usize::MAX, Entry::groups);
    let (mut at, mut count) = (0, 0);
    // What is in groups stands between the parts, `None` where a group took no part.
    let done = grouped == 0
        && most >= 0
        && every(cx, pattern, text, |_, (from, to)| {
            list.push(cx, part(text, at, from)?)?;
            at = to;
            count += 1;
            Ok(count != most)
        })?;
    if done {
        list.push(cx, part(text, at, text.len())?)?;
        return Ok(list);
    }
    static CALL: Call = Call::method("split").engine();
    CALL.run(cx, [pattern.boxed()?, text.boxed()?, most.boxed()?])
}

/// `pattern.sub(replacement, text, count)`
pub fn sub(cx: Cx, pattern: Foreign<Pattern>, replacement: &Str, text: &Str, count: i64) -> R<Str> {
    Ok(subn(cx, pattern, replacement, text, count)?.0)
}

/// `pattern.subn(replacement, text, count)`
pub fn subn(cx: Cx, pattern: Foreign<Pattern>, replacement: &Str, text: &Str, count: i64) -> R<(Str, i64)> {
    if entry(pattern).is_none() || count < 0 {
        return foreign::subn(cx, pattern, replacement, text, count);
    }
    let pieces = foreign::template(cx, pattern, replacement)?;
    let mut out = StrBuilder::new();
    let (mut at, mut done) = (0, 0);
    let known = every(cx, pattern, text, |_, (from, to)| {
        out.push_str(&part(text, at, from)?)?;
        match &pieces {
            None => out.push_str(replacement)?,
            Some(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Literal(c) => out.push_chr(*c)?,
                        Piece::Group(0) => out.push_str(&part(text, from, to)?)?,
                        Piece::Group(number) => out.push_str(&group(cx, text, *number as usize)?)?,
                    }
                }
            }
        }
        (at, done) = (to, done + 1);
        Ok(done != count)
    })?;
    if !known {
        return foreign::subn(cx, pattern, replacement, text, count);
    }
    if done == 0 {
        return Ok((text.hold(), 0));
    }
    out.push_str(&part(text, at, text.len())?)?;
    Ok((out.finish(cx)?, done))
}
