//! Places that a counted loop goes to one after the other, `xs[i]` and `xs[i - 1]`: whether they are inside is looked at
//! once before its turns, not in each.
//!
//! ```python
//! for i in range(1, n):                  # if list::enough(first, last)
//!     xs[i] = xs[i] + xs[i - 1]          #     && let Some(a) = list::inside(span, first, last, 0)
//!                                        #     && let Some(b) = list::inside(span, first, last, -1) {
//!                                        #     for i in chunk { a.set(i, int::add(a.get(i), b.get(i))?) }
//!                                        # } else { as it is written }
//! ```
//!
//! So the innermost loop is there twice. Where one place is outside, or what is gone through is a text whose characters are
//! no bytes, it runs as it is written and raises where it should. The same is done for lists that get one element with each
//! turn: there is room for all of them, and the element before is the last one. And for indices that stay below a small
//! number whatever the turn, `box[x % 256]`: the list has so many elements.
//!
//! `row[(x + 1) % width]` is `row[x + 1]` in all turns but the last: the turns at both ends run by themselves, as they are
//! written.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};

use super::Func;
use super::carried::Stored;
use super::spans::Shaken;
use super::types::Val;
use crate::hir::visit::defines;
use crate::hir::{BinOp, Expr, ExprKind, Iter, IterKind, Stmt, Target, TargetKind, VarId};
use crate::infer::ranges::Interval;
use crate::passes::Pass;
use crate::ty::Type;

/// With less, a second form of the loop does not pay.
const LEAST: usize = 2;

/// Beyond that hardly any list has an element.
const FAR: i64 = 0xffff;

/// At most so many turns at either end run by themselves.
const ENDS: i64 = 4;

/// A loop whose variable counts its turns.
pub(super) struct Counts {
    /// None: nobody asks for it.
    turn: Option<VarId>,
    /// The variable in the first turn of a loop that counts from zero itself.
    pub(super) from: i64,
    assigned: BTreeSet<VarId>,
    /// Lists that get one element with each turn.
    once: BTreeSet<VarId>,
    /// The place that each turn stores to, and nothing else.
    stored: Option<Stored>,
    /// The turns are numbers one after the other, and can be done in parts.
    parts: bool,
}

impl Counts {
    /// The same for a loop whose variable goes up or down by other steps than one.
    pub(super) fn by_steps(self) -> Counts {
        Counts { once: BTreeSet::new(), stored: None, parts: false, ..self }
    }
}

/// What the turn before has stored is read from a variable, where the turn asks for it.
#[derive(Default)]
struct Carried {
    name: Option<Ident>,
    /// What it is before the first turn.
    before: Option<TokenStream>,
    /// How many stores have been emitted.
    stores: usize,
}

/// Such a loop, while it is emitted.
pub(super) struct Inside {
    counts: Counts,
    /// The variable in the first turn and in the last one.
    bounds: (TokenStream, TokenStream),
    /// How many loops and blocks were open when it began, with itself.
    spans: usize,
    settled: usize,
    /// Loops before which rows may have been looked up.
    rows: usize,
    /// The second form, with what has to be looked at before.
    second: bool,
    looks: Vec<(String, Known, TokenStream)>,
    /// Lists that have got their element in this turn.
    appended: BTreeSet<VarId>,
    /// What the first form would not have to look at.
    found: usize,
    /// So often the second one does not look because of the numbers that an index can be.
    within: usize,
    /// So many turns at both ends are no places of the second form.
    ends: (i64, i64),
    carried: Carried,
}

/// An element that there is.
#[derive(Clone)]
pub(super) enum Known {
    /// Inside in each turn: what was looked at before, and the turn.
    Inside(Ident, Ident),
    /// The same of the place that each turn stores to, with the variable that keeps it for the next one.
    Stored(Ident, Ident, Ident),
    /// That variable.
    Carried(Ident),
    /// The last one of a list that grows.
    Last(Ident),
    /// At an index that was looked at before.
    Within(Ident),
}

impl Known {
    /// What it is; None where the index has to be told.
    pub(super) fn get(&self) -> Option<TokenStream> {
        match self {
            Known::Inside(inside, turn) | Known::Stored(inside, turn, _) => Some(quote!(#inside.get(#turn))),
            Known::Carried(name) => Some(quote!(#name)),
            Known::Last(grown) => Some(quote!(#grown.last())),
            Known::Within(_) => None,
        }
    }
}

/// The second form of a loop.
pub(super) struct Second {
    pub(super) looks: Vec<TokenStream>,
    /// What stands before the loop.
    begin: TokenStream,
    pub(super) body: TokenStream,
    ends: (i64, i64),
}

/// Both forms, or the one that there is; the turns are those of the chunk.
pub(super) fn either(
    second: Option<Second>,
    chunk: &Ident,
    head: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let Some(Second { looks, begin, body: inside, ends }) = second else { return quote!(#head #body) };
    let code = quote!(if #(#looks)&&* { #begin #head #inside } else { #head #body });
    if ends == (0, 0) {
        return code;
    }
    let (before, behind) = (Literal::i64_suffixed(ends.0), Literal::i64_suffixed(ends.1));
    quote!(for #chunk in parts(#chunk, #before, #behind) { #code })
}

impl<'f, 'p, 'a> Func<'f, 'p, 'a> {
    /// Is it such a loop?
    pub(super) fn counts(
        &self,
        target: &Target,
        iter: &Iter,
        body: &[Stmt],
        assigned: &BTreeSet<VarId>,
        shaken: &Shaken,
    ) -> Option<Counts> {
        let plain = self.closures == 0 && self.fused.is_none() && self.hir.yields.is_none();
        if !self.has_room_for(Pass::Inside) || !plain {
            return None;
        }
        let (number, from) = match (&iter.kind, &target.kind) {
            (IterKind::Range { .. }, kind) => (Some(kind), 0),
            (IterKind::Enumerate { .. }, TargetKind::Tuple(items)) if items.len() == 2 => {
                (Some(&items[0].kind), iter.counts_from()?)
            }
            (IterKind::Expr(_) | IterKind::Zip(_), _) => (None, 0),
            _ => return None,
        };
        let fits = |turn: &VarId| {
            let again = body.iter().flat_map(defines).any(|v| v == *turn);
            let twice = match &target.kind {
                TargetKind::Tuple(items) => items[1..].iter().flat_map(defines).any(|v| v == *turn),
                _ => false,
            };
            !again && !twice && self.is_plain(*turn) && self.instance.vars[*turn] == Type::Int
        };
        let turn = match number {
            Some(TargetKind::Var(turn)) if fits(turn) => Some(*turn),
            Some(_) => return None,
            None => None,
        };
        let filled = &self.filled;
        let once = shaken
            .grown()
            .map(|(var, _)| var)
            .filter(|var| shaken.grows_once(*var) && filled.contains(&self.var_ident(*var)))
            .collect();
        let stored = turn.and_then(|_| self.stored(body));
        let parts = matches!(iter.kind, IterKind::Range { .. });
        Some(Counts { turn, from, assigned: assigned.clone(), once, stored, parts })
    }

    /// Such a loop, or another one, is emitted from here on; the one around.
    pub(super) fn begin_counting(
        &mut self,
        counts: Option<Counts>,
        bounds: (TokenStream, TokenStream),
    ) -> Option<Inside> {
        let inside = counts.map(|counts| Inside {
            counts,
            bounds,
            spans: self.spans.len(),
            settled: self.settled.len(),
            rows: self.rows.len(),
            second: false,
            looks: Vec::new(),
            appended: BTreeSet::new(),
            found: 0,
            within: 0,
            ends: (0, 0),
            carried: Carried::default(),
        });
        std::mem::replace(&mut self.inside, inside)
    }

    /// The loop whose first form has been emitted a second time, if that pays.
    pub(super) fn second_form(
        &mut self,
        innermost: bool,
        body: &mut dyn FnMut(&mut Self) -> TokenStream,
    ) -> Option<Second> {
        let inside = self.inside.as_mut()?;
        if !innermost || inside.found < LEAST {
            return None;
        }
        inside.second = true;
        let body = body(self);
        let Inside { bounds: (first, last), looks, within, carried, counts, ends, appended, .. } =
            self.inside.take()?;
        let mut begin = match carried {
            Carried { name: None, .. } => quote!(),
            // A store that keeps nothing for the next turn would be missed.
            Carried { stores, .. } if counts.stored.is_none_or(|stored| stored.times != stores) => {
                return None;
            }
            Carried { name: Some(name), before: Some(before), .. } => quote!(let mut #name = #before;),
            Carried { name: Some(name), before: None, .. } => quote!(let mut #name = Default::default();),
        };
        let mut all = vec![quote!(list::enough(#first, #last))];
        all.extend(looks.into_iter().map(|(_, _, look)| look));
        for var in appended {
            begin.extend(self.filling(var, &body));
        }
        (all.len() > LEAST || within >= LEAST).then(|| Second {
            looks: all,
            begin,
            body: quote!({ #body }),
            ends,
        })
    }

    /// `base[index]`, where that is known to be inside.
    pub(super) fn inside_place(&mut self, base: &Expr, index: &Expr, elem: &Type) -> Option<Known> {
        let (offset, wrapped) = match self.offset(index) {
            Some(offset) => (offset, None),
            None => self.wrapped(index).map(|(constant, width)| {
                (Literal::i128_suffixed(constant.into()).into_token_stream(), Some((constant, width)))
            })?,
        };
        let inside = self.inside.as_mut()?;
        if !inside.second {
            inside.found += 1;
            return None;
        }
        let (loops, blocks, before) = (inside.spans, inside.settled, inside.rows);
        let (first, last) = inside.bounds.clone();
        let span = match base.kind {
            ExprKind::Local(var) if self.growing(var).is_some() => {
                let grown = self.growing_kept(var)?;
                let inside = self.inside.as_mut()?;
                let changed = !inside.counts.once.contains(&var) || inside.appended.contains(&var);
                if changed || wrapped.is_some() {
                    return None;
                }
                let look = quote!(#grown.ends_at(#first, #offset));
                let known = Known::Last(grown);
                inside.looks.push((String::new(), known.clone(), look));
                return Some(known);
            }
            ExprKind::Local(var) => self.span_before(var, elem, (loops, blocks))?,
            ExprKind::Index { .. } => {
                let row = self.hoisted_row(base)?;
                let span = self.row_span(&row, elem)?;
                (span.at < before).then_some(span.name)?
            }
            _ => return None,
        };
        if let Some((constant, width)) = wrapped {
            self.look_around(constant, width, &offset)?;
        }
        let key = format!("{span} {offset}");
        let known = self.look_inside(
            key,
            "inside",
            |name| quote!(let Some(#name) = list::inside(#span, #first, #last, #offset)),
        )?;
        Some(self.carried_over(base, index, &first, known))
    }

    /// The place, as one that the turns store to one after the other, or what the turn before has stored there.
    fn carried_over(&mut self, base: &Expr, index: &Expr, first: &TokenStream, known: Known) -> Known {
        let Some(stored) = self.inside.as_ref().and_then(|inside| inside.counts.stored.as_ref()) else {
            return known;
        };
        let Some(ahead) = stored.ahead(base, index, |e| self.offset_sum(e)) else { return known };
        let Known::Inside(place, turn) = &known else { return known };
        let fresh = self.counter + 1;
        let Some(inside) = self.inside.as_mut() else { return known };
        let name = inside.carried.name.get_or_insert_with(|| {
            self.counter = fresh;
            quote::format_ident!("__py_carried{fresh}")
        });
        match ahead {
            0 => Known::Stored(place.clone(), turn.clone(), name.clone()),
            1 => {
                inside.carried.before = Some(quote!(#place.get(#first)));
                Known::Carried(name.clone())
            }
            _ => known,
        }
    }

    /// A store to the place that each turn stores to has been emitted.
    pub(super) fn has_stored(&mut self) {
        if let Some(inside) = &mut self.inside {
            inside.carried.stores += 1;
        }
    }

    /// `base[index]`, where the index is never negative nor beyond a small number: the list has so many elements.
    pub(super) fn within_place(&mut self, base: &Expr, index: &Interval, elem: &Type) -> Option<Ident> {
        let ExprKind::Local(var) = base.kind else { return None };
        let most = i64::try_from(index.hi).ok().filter(|most| index.lo >= 0 && *most <= FAR)?;
        let inside = self.inside.as_mut()?;
        if !inside.second {
            inside.found += 1;
            return None;
        }
        let (loops, blocks) = (inside.spans, inside.settled);
        if self.growing(var).is_some() {
            return None;
        }
        let (span, most) = (self.span_before(var, elem, (loops, blocks))?, Literal::i64_unsuffixed(most));
        let (key, name) = (format!("{span} up to {most}"), self.fresh("within"));
        let inside = self.inside.as_mut()?;
        inside.within += 1;
        if let Some((_, Known::Within(known), _)) = inside.looks.iter().find(|(of, ..)| *of == key) {
            return Some(known.clone());
        }
        let look = quote!(let Some(#name) = list::within::<_, #most>(#span));
        inside.looks.push((key, Known::Within(name.clone()), look));
        Some(name)
    }

    /// Is an index in no turn of the part beyond the width that it is taken by? All that stands in the way then are the
    /// turns at the ends.
    fn look_around(&mut self, constant: i64, width: VarId, offset: &TokenStream) -> Option<()> {
        let width = self.var_ident(width);
        let inside = self.inside.as_mut()?;
        let key = format!("{offset} % {width}");
        if inside.looks.iter().all(|(of, ..)| *of != key) {
            let (first, last) = inside.bounds.clone();
            let look = quote!(list::around(#first, #last, #offset, #width));
            // Before the others: it costs least, and fails at both ends.
            inside.looks.insert(0, (key, Known::Last(width), look));
        }
        let (before, behind) = inside.ends;
        inside.ends = (before.max(-constant), behind.max(constant));
        Some(())
    }

    /// What is looked at before the turns, once.
    fn look_inside(
        &mut self,
        key: String,
        hint: &str,
        look: impl FnOnce(&Ident) -> TokenStream,
    ) -> Option<Known> {
        let name = self.fresh(hint);
        let turn = self.var_ident(self.inside.as_ref()?.counts.turn?);
        let inside = self.inside.as_mut()?;
        if let Some((_, known, _)) = inside.looks.iter().find(|(of, ..)| *of == key) {
            return Some(known.clone());
        }
        let code = look(&name);
        let known = Known::Inside(name, turn);
        inside.looks.push((key, known.clone(), code));
        Some(known)
    }

    /// `text[index]`, where that is a byte inside of it.
    pub(super) fn narrow_char(&mut self, base: &Expr, index: &Expr) -> Option<Val> {
        let ExprKind::Local(text) = base.kind else { return None };
        let inside = self.inside.as_ref()?;
        let fits = self.node(base.id) == Type::Str
            && self.instance.vars[text] == Type::Str
            && self.is_plain(text)
            && !self.narrowed.contains_key(&text)
            && !self.pieces.contains_key(&text)
            && !inside.counts.assigned.contains(&text)
            && self.closures == 0
            && self.fused.is_none();
        let sum = self.offset_sum(index).filter(|sum| fits && matches!(sum.turns, 0 | 1))?;
        let offset = self.offset_tokens(&sum);
        let inside = self.inside.as_mut()?;
        if !inside.second {
            inside.found += 1;
            return None;
        }
        let ((first, last), text) = (inside.bounds.clone(), self.var_ident(text));
        if sum.turns == 0 {
            // The same one in each turn, which is not asked for again: a store may be in the way, as far as LLVM knows.
            let look = |name: &Ident| quote!(let Some(#name) = pystr::view(&#text).inside(#offset));
            let Known::Inside(c, _) = self.look_inside(format!("{text} at {offset}"), "char", look)? else {
                return None;
            };
            return Some(Val::new(quote!(#c), Type::Char));
        }
        let known = self.look_inside(
            format!("{text} {offset}"),
            "narrow",
            |name| quote!(let Some(#name) = pystr::view(&#text).narrow(#first, #last, #offset)),
        )?;
        match known {
            Known::Inside(narrow, turn) => Some(Val::new(quote!(#narrow.at(#turn)), Type::Char)),
            Known::Stored(..) | Known::Carried(_) | Known::Last(_) | Known::Within(_) => None,
        }
    }

    /// Is there room for what a statement of the loop appends?
    pub(super) fn appends_inside(&mut self, var: VarId, grown: &Ident) -> bool {
        let Some(inside) = self.inside.as_mut() else { return false };
        if !inside.counts.once.contains(&var) {
            return false;
        }
        if !inside.second {
            inside.found += 1;
            return false;
        }
        inside.appended.insert(var);
        let (first, last) = inside.bounds.clone();
        let look = quote!(#grown.has_room(#last - (#first) + 1));
        inside.looks.push((String::new(), Known::Last(grown.clone()), look));
        true
    }

    /// What an index has more than the variable of the loop, which it has once; nothing of that changes in the loop.
    fn offset(&self, index: &Expr) -> Option<TokenStream> {
        self.offset_sum(index).filter(|sum| sum.turns == 1).map(|sum| self.offset_tokens(&sum))
    }

    /// `(x + 1) % width`: what is added, and the width, which does not change.
    fn wrapped(&self, index: &Expr) -> Option<(i64, VarId)> {
        let ExprKind::Binary { op: BinOp::Mod, left, right } = &index.kind else { return None };
        let ExprKind::Local(width) = right.kind else { return None };
        let counts = self.inside.as_ref().map(|inside| &inside.counts).filter(|counts| counts.parts)?;
        let sum = self.offset_sum(left).filter(|sum| sum.turns == 1 && sum.terms.is_empty())?;
        let mut all = Sum { turns: 0, constant: 0, terms: Vec::new() };
        self.offset_of(right, counts, 1, &mut all)?;
        let constant = i64::try_from(sum.constant).ok().filter(|constant| constant.abs() <= ENDS)?;
        (all.terms.len() == 1 && self.node(index.id) == Type::Int).then_some((constant, width))
    }

    fn offset_tokens(&self, sum: &Sum) -> TokenStream {
        let constant = Literal::i128_suffixed(sum.constant);
        let terms = sum.terms.iter().map(|(sign, var)| {
            let name = self.var_ident(*var);
            if *sign > 0 { quote!(+ i128::from(#name)) } else { quote!(- i128::from(#name)) }
        });
        quote!(#constant #(#terms)*)
    }

    fn offset_sum(&self, index: &Expr) -> Option<Sum> {
        let counts = &self.inside.as_ref()?.counts;
        let mut sum = Sum { turns: 0, constant: 0, terms: Vec::new() };
        self.offset_of(index, counts, 1, &mut sum)?;
        Some(sum)
    }

    fn offset_of(&self, e: &Expr, counts: &Counts, sign: i128, sum: &mut Sum) -> Option<()> {
        if self.node(e.id) != Type::Int {
            return None;
        }
        match &e.kind {
            ExprKind::Int(i) => sum.constant += sign * i128::from(*i),
            ExprKind::Local(var) if Some(*var) == counts.turn => sum.turns += sign,
            ExprKind::Local(var) if self.known.contains_key(var) => {
                sum.constant += sign * i128::from(self.known[var]);
            }
            ExprKind::Local(var) => {
                let fits = self.is_plain(*var)
                    && self.instance.vars[*var] == Type::Int
                    && !counts.assigned.contains(var)
                    && !self.narrowed.contains_key(var)
                    && sum.terms.len() < 2;
                sum.terms.push((sign, *var));
                return fits.then_some(());
            }
            ExprKind::Binary { op: op @ (BinOp::Add | BinOp::Sub), left, right } => {
                self.offset_of(left, counts, sign, sum)?;
                let sign = if *op == BinOp::Sub { -sign } else { sign };
                self.offset_of(right, counts, sign, sum)?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// A sum of variables and a number.
pub(super) struct Sum {
    pub(super) turns: i128,
    pub(super) constant: i128,
    pub(super) terms: Vec<(i128, VarId)>,
}
