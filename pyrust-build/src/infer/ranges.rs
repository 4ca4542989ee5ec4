//! Between which numbers `int` variables and expressions stay: an index that is never negative needs no look at its
//! sign, and what cannot leave 64 bits none at overflow.
//!
//! A variable has the numbers of everything assigned to it. The analysis begins with none and adds until nothing changes;
//! what keeps growing is widened to the next of a few bounds. What a variable is counted up or down by in small steps
//! (`n += 1`) it has besides: it does not get to 2⁶² in the time that there is.

use std::collections::{BTreeMap, BTreeSet};

use crate::hir::visit::{self, Visit};
use crate::hir::*;
use crate::ty::Type;

/// All numbers from `lo` to `hi`. Wider than a variable can have them, for what is computed in 128 bits on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub lo: i128,
    pub hi: i128,
}

/// The bounds of a variable.
const LEAST: i128 = i64::MIN as i128;
const MOST: i128 = i64::MAX as i128;

/// How far an int of any size may be from zero to be computed in 128 bits: with room for a sign and a carry.
const FARTHEST: i128 = 1 << 126;

/// No container has more elements that take room.
const LONGEST: i128 = 1 << 60;

/// Where bounds that keep growing stop.
const STOPS: [i128; 10] = [0, 1, 255, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, 1 << 53, LONGEST, MOST - 1];

/// A step of what is only counted, and how far that gets: in 2⁵⁸ steps, which take years; weeks where LLVM adds up all turns
/// between two polls at once.
const STEP: Interval = Interval { lo: -16, hi: 16 };
const COUNTED: i128 = 1 << 62;

/// So many rounds take what grows as it is: what a remainder or a mask holds together does not grow any more then.
const EXACT: usize = 4;

/// After so many rounds everything that still grows may be any number.
const ROUNDS: usize = 24;

impl Interval {
    /// Any number of 64 bits.
    pub const ANY: Interval = Interval { lo: LEAST, hi: MOST };

    /// Whatever is computed before it becomes a value of 64 bits.
    const WIDE: Interval = Interval { lo: i128::MIN, hi: i128::MAX };

    fn new(lo: i128, hi: i128) -> Interval {
        Interval { lo, hi }
    }

    fn point(i: i128) -> Interval {
        Interval { lo: i, hi: i }
    }

    fn up_to(hi: i128) -> Interval {
        Interval { lo: 0, hi }
    }

    /// Ints that 64 bits without a sign hold.
    pub const BITS: Interval = Interval { lo: 0, hi: u64::MAX as i128 };

    /// Are all of them among the numbers of the other?
    pub fn is_within(self, other: Interval) -> bool {
        self.lo >= other.lo && self.hi <= other.hi
    }

    /// Never negative?
    pub fn is_unsigned(self) -> bool {
        self.lo >= 0
    }

    /// Always of 64 bits?
    pub fn is_word(self) -> bool {
        self.lo >= LEAST && self.hi <= MOST
    }

    /// The numbers of both, and those between.
    pub fn hull(self, other: Interval) -> Interval {
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// All that steps lead to from these numbers.
    fn counted(self, steps: Option<Interval>) -> Interval {
        let Some(steps) = steps else { return self };
        let (down, up) = (i128::from(steps.lo < 0), i128::from(steps.hi > 0));
        Interval { lo: self.lo - down * COUNTED, hi: self.hi + up * COUNTED }.clamped()
    }

    /// Does it end?
    fn is_bounded(self) -> bool {
        self.lo >= -FARTHEST && self.hi <= FARTHEST
    }

    /// What `a op b` can be where the operands are ints of any size.
    fn of_any_size(op: BinOp, a: Interval, b: Interval) -> Interval {
        let cuts = matches!(op, BinOp::Mod | BinOp::BitAnd);
        if !(cuts || a.is_bounded() && b.is_bounded()) {
            return Interval::WIDE;
        }
        let result = Interval::result(op, a, b);
        if result.is_bounded() { result } else { Interval::WIDE }
    }

    /// Those of 64 bits: a value beyond them bails.
    pub fn clamped(self) -> Interval {
        Interval { lo: self.lo.clamp(LEAST, MOST), hi: self.hi.clamp(LEAST, MOST) }
    }

    /// From the smallest to the largest of what `f` makes of the bounds.
    fn corners(self, other: Interval, f: impl Fn(i128, i128) -> i128) -> Interval {
        let all = [f(self.lo, other.lo), f(self.lo, other.hi), f(self.hi, other.lo), f(self.hi, other.hi)];
        let [a, b, c, d] = all;
        Interval { lo: a.min(b).min(c).min(d), hi: a.max(b).max(c).max(d) }
    }

    /// Bits that all of the numbers have room in, without the sign.
    fn bits(self) -> u32 {
        let wide = |i: i128| 128 - (if i < 0 { !i } else { i }).leading_zeros();
        wide(self.lo).max(wide(self.hi))
    }

    /// What `a op b` can be.
    pub fn result(op: BinOp, a: Interval, b: Interval) -> Interval {
        match op {
            BinOp::Add => a.corners(b, i128::saturating_add),
            BinOp::Sub => a.corners(b, i128::saturating_sub),
            BinOp::Mult => a.corners(b, i128::saturating_mul),
            // A divisor that is zero raises.
            BinOp::FloorDiv if b.lo >= 0 && b.hi > 0 => {
                a.corners(Interval::new(b.lo.max(1), b.hi), i128::div_euclid)
            }
            BinOp::Mod if b.lo >= 0 && b.hi > 0 => {
                Interval::up_to(if a.lo >= 0 { a.hi.min(b.hi - 1) } else { b.hi - 1 })
            }
            BinOp::BitAnd if a.lo >= 0 && b.lo >= 0 => Interval::up_to(a.hi.min(b.hi)),
            BinOp::BitAnd if a.lo >= 0 => Interval::up_to(a.hi),
            BinOp::BitAnd if b.lo >= 0 => Interval::up_to(b.hi),
            BinOp::BitOr | BinOp::BitXor => match a.bits().max(b.bits()) {
                bits @ ..=120 => {
                    let most = 1i128 << bits;
                    Interval::new(if a.lo >= 0 && b.lo >= 0 { 0 } else { -most }, most - 1)
                }
                _ => Interval::WIDE,
            },
            BinOp::LShift if b.lo >= 0 && b.hi < 64 => a.corners(b, |x, y| x.saturating_mul(1 << y)),
            // A count that is negative raises.
            BinOp::RShift if b.hi >= 0 => a.corners(Interval::new(b.lo.max(0), b.hi), |x, y| x >> y.min(127)),
            _ => Interval::WIDE,
        }
    }

    /// Grown from `before`: bounds that moved go to the next stop.
    fn widened(self, before: Interval, at_once: bool, last: Interval) -> Interval {
        let stops = || STOPS.into_iter().chain([MOST, u64::MAX.into()]);
        let hi = match self.hi > before.hi {
            true if at_once => last.hi,
            true => stops().find(|s| *s >= self.hi && *s <= last.hi).unwrap_or(last.hi),
            false => before.hi,
        };
        let lo = match self.lo < before.lo {
            true if at_once => last.lo,
            true => stops().map(|s| -s).find(|s| *s <= self.lo && *s >= last.lo).unwrap_or(last.lo),
            false => before.lo,
        };
        Interval { lo, hi }
    }
}

/// What is known of a function's variables.
pub struct Ranges {
    /// None: nothing is assigned, as far as has been seen.
    vars: Vec<Option<Interval>>,
    known: bool,
    types: Vec<Type>,
    /// Calls by the name of a builtin that are none.
    others: BTreeSet<NodeId>,
    /// Calls of functions of which is known what they return.
    returned: BTreeMap<NodeId, Interval>,
    words: BTreeMap<NodeId, Interval>,
}

/// What is known of a function before its text is read.
pub struct Given<'g> {
    /// Is the name of a builtin bound to something else in the module?
    pub is_other: &'g dyn Fn(&str) -> bool,
    /// Parameters that are ints of any size, and between which numbers they are.
    pub params: &'g BTreeMap<VarId, Interval>,
    /// What calls return, where their arguments are [`Interval::BITS`].
    pub calls: &'g BTreeMap<NodeId, Interval>,
    /// What calls return that give an int of 64 bits, whatever their arguments are.
    pub words: &'g BTreeMap<NodeId, Interval>,
}

impl Ranges {
    /// Nothing is known.
    pub fn unknown() -> Ranges {
        Ranges {
            vars: Vec::new(),
            known: false,
            types: Vec::new(),
            others: BTreeSet::new(),
            returned: BTreeMap::new(),
            words: BTreeMap::new(),
        }
    }

    pub fn of(function: &Function, vars: &[Type], nodes: &[Type], given: &Given<'_>) -> Ranges {
        let mut others = Others { is_other: given.is_other, found: BTreeSet::new() };
        others.block(&function.body);
        let mut start = vec![None; vars.len()];
        for (var, known) in start.iter_mut().enumerate() {
            // What is shared may be assigned by other functions.
            if !matches!(vars[var], Type::Int | Type::Big) || function.vars[var].cell {
                *known = Some(all_of(&vars[var]));
            }
        }
        for param in function.params.iter().map(|p| p.var) {
            start[param] = Some(given.params.get(&param).copied().unwrap_or(all_of(&vars[param])));
        }
        let mut ranges = Ranges {
            vars: start,
            known: true,
            types: vars.to_vec(),
            others: others.found,
            returned: given.calls.clone(),
            words: given.words.clone(),
        };
        // Without what is counted.
        let (mut before, mut steps) = (ranges.vars.clone(), vec![None; vars.len()]);
        for round in 0.. {
            let mut scan = Scan { ranges: &ranges, nodes, found: before.clone(), steps: steps.clone() };
            scan.block(&function.body);
            let (mut found, all_steps) = (scan.found, scan.steps);
            if found == before && all_steps == steps {
                if found.iter().all(Option::is_some) {
                    break;
                }
                // What nobody was seen to assign may be anything.
                for (known, ty) in found.iter_mut().zip(vars) {
                    *known = known.or(Some(all_of(ty)));
                }
            }
            steps = all_steps;
            for (var, new) in found.into_iter().enumerate() {
                before[var] = match (before[var], new) {
                    (Some(old), Some(new)) if old != new && round >= EXACT => {
                        Some(new.widened(old, round >= ROUNDS, all_of(&vars[var])))
                    }
                    (_, new) => new,
                };
                ranges.vars[var] = before[var].map(|known| known.counted(steps[var]));
            }
        }
        ranges
    }

    /// Between which numbers an expression of type `int` stays; `ANY` for every other one.
    pub fn get(&self, e: &Expr, nodes: &[Type]) -> Interval {
        match self.known {
            true => self.eval(e, nodes).map_or(Interval::ANY, Interval::clamped),
            false => Interval::ANY,
        }
    }

    /// Between which numbers a variable stays.
    pub fn of_var(&self, var: VarId) -> Option<Interval> {
        self.vars.get(var).copied().flatten().filter(|_| self.known)
    }

    /// The same where it is looked at.
    pub fn set_var(&mut self, var: VarId, range: Interval) {
        self.vars[var] = Some(range);
    }

    /// Between which numbers an int of any size stays, if it never leaves 128 bits.
    pub fn far(&self, e: &Expr, nodes: &[Type]) -> Option<Interval> {
        if !self.known || !matches!(nodes.get(e.id), Some(Type::Int | Type::Big)) {
            return None;
        }
        self.eval(e, nodes).filter(|range| range.is_bounded())
    }

    /// The same for everything that the function returns.
    pub fn far_returned(&self, function: &Function, nodes: &[Type]) -> Option<Interval> {
        struct Returned<'r> {
            values: Vec<&'r Expr>,
            empty: bool,
        }
        impl<'h> Visit<'h> for Returned<'h> {
            fn stmt(&mut self, stmt: &'h Stmt) {
                match &stmt.kind {
                    StmtKind::Return(Some(value)) => self.values.push(value),
                    StmtKind::Return(None) => self.empty = true,
                    _ => {}
                }
                visit::walk_stmt(self, stmt);
            }
        }
        let mut found = Returned { values: Vec::new(), empty: false };
        found.block(&function.body);
        let all: Vec<Interval> = found.values.iter().map(|e| self.far(e, nodes)).collect::<Option<_>>()?;
        all.into_iter().reduce(Interval::hull).filter(|_| !found.empty)
    }

    /// The same for a variable.
    pub fn is_far(&self, var: VarId) -> bool {
        self.types.get(var) == Some(&Type::Big) && self.vars[var].is_some_and(Interval::is_bounded)
    }

    /// Can no operation of the expression leave 64 bits?
    pub fn stays(&self, e: &Expr, nodes: &[Type]) -> bool {
        match &e.kind {
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let words = [left, right].iter().all(|e| nodes.get(e.id) == Some(&Type::Int));
                words
                    && Interval::result(*op, self.get(left, nodes), self.get(right, nodes)).is_word()
                    && self.stays(left, nodes)
                    && self.stays(right, nodes)
            }
            ExprKind::Int(_) | ExprKind::Local(_) => true,
            _ => false,
        }
    }

    /// None: it has no value, as far as has been seen.
    fn eval(&self, e: &Expr, nodes: &[Type]) -> Option<Interval> {
        let ty = |e: &Expr| nodes.get(e.id).unwrap_or(&Type::Never);
        if !matches!(ty(e), Type::Int | Type::Big) {
            return Some(Interval::WIDE);
        }
        if let Some(range) = self.words.get(&e.id) {
            return Some(*range);
        }
        let eval = |e: &Expr| self.eval(e, nodes);
        let any = Some(all_of(ty(e)));
        match &e.kind {
            ExprKind::Int(i) => Some(Interval::point((*i).into())),
            ExprKind::Big(number) => Some(number.to_i128().map_or(Interval::WIDE, Interval::point)),
            ExprKind::Local(v) => *self.vars.get(*v)?,
            ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right } => {
                let operand = |e: &Expr| match ty(e) {
                    Type::Int | Type::Big => eval(e).map(Some),
                    Type::Bool => Some(Some(Interval::up_to(1))),
                    _ => Some(None),
                };
                let (a, b) = (operand(left)?, operand(right)?);
                Some(match (a, b) {
                    (Some(a), Some(b)) if [ty(left), ty(right), ty(e)].contains(&&Type::Big) => {
                        // A word is one, whatever it was computed from.
                        let word = |e: &Expr, i: Interval| if *ty(e) == Type::Int { i.clamped() } else { i };
                        Interval::of_any_size(*op, word(left, a), word(right, b))
                    }
                    (Some(a), Some(b)) => Interval::result(*op, a, b),
                    _ => Interval::WIDE,
                })
            }
            ExprKind::Unary { op, operand } if matches!(ty(operand), Type::Int | Type::Big) => {
                let range @ Interval { lo, hi } = eval(operand)?;
                Some(match op {
                    _ if *ty(e) == Type::Big && !range.is_bounded() => Interval::WIDE,
                    UnaryOp::Neg => Interval::new(0i128.saturating_sub(hi), 0i128.saturating_sub(lo)),
                    UnaryOp::Invert => Interval::new(!hi, !lo),
                    UnaryOp::Pos => Interval::new(lo, hi),
                    UnaryOp::Not => Interval::WIDE,
                })
            }
            ExprKind::If { body, orelse, .. } => either(eval(body), eval(orelse)),
            ExprKind::Bool2 { left, right, .. } => either(eval(left), eval(right)),
            ExprKind::Named { value, .. } => eval(value),
            ExprKind::Narrow { body, .. } => eval(body),
            ExprKind::Index { base, .. } if matches!(ty(base), Type::Bytes | Type::ByteArray) => {
                Some(Interval::up_to(255))
            }
            ExprKind::Index { base, .. } if matches!(ty(base), Type::Packed(_)) => item(ty(base)).or(any),
            ExprKind::Call { args, .. } if self.returned.contains_key(&e.id) => {
                let all: Vec<Interval> = args.iter().map(eval).collect::<Option<_>>()?;
                let any_size = |e: &Expr| *ty(e) == Type::Big;
                match args.iter().zip(all).all(|(e, i)| !any_size(e) || i.is_within(Interval::BITS)) {
                    true => Some(self.returned[&e.id]),
                    false => any,
                }
            }
            ExprKind::Call { name, args, keywords }
                if keywords.is_empty() && !self.others.contains(&e.id) =>
            {
                match (name.as_str(), args.as_slice()) {
                    ("len", [of]) => Some(length(ty(of))),
                    ("ord", [_]) => Some(Interval::up_to(0x0010_ffff)),
                    ("int", [of]) if *ty(of) == Type::Char => Some(Interval::up_to(9)),
                    ("min" | "max", [_, _, ..]) if args.iter().all(|a| *ty(a) == Type::Int) => {
                        let all: Vec<Interval> = args.iter().map(eval).collect::<Option<_>>()?;
                        let (lows, highs) = (all.iter().map(|i| i.lo), all.iter().map(|i| i.hi));
                        let bounds = match name.as_str() {
                            "min" => (lows.min(), highs.min()),
                            _ => (lows.max(), highs.max()),
                        };
                        Some(Interval::new(bounds.0.unwrap_or(LEAST), bounds.1.unwrap_or(MOST)))
                    }
                    ("abs", [of]) if *ty(of) == Type::Int => {
                        let Interval { lo, hi } = eval(of)?;
                        Some(Interval::new(lo.max(0), hi.max(0i128.saturating_sub(lo))))
                    }
                    _ => any,
                }
            }
            _ => any,
        }
    }
}

/// What a value of the type can be.
fn all_of(ty: &Type) -> Interval {
    if *ty == Type::Int { Interval::ANY } else { Interval::WIDE }
}

fn either(a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.hull(b)),
        (a, b) => a.or(b),
    }
}

/// What an item of an array can be, where that is less than any int.
fn item(ty: &Type) -> Option<Interval> {
    let Type::Packed(code) = ty else { return None };
    let (lo, hi) = code.bounds()?;
    Some(Interval::new(lo, hi.min(MOST)))
}

/// What `len` can give.
fn length(ty: &Type) -> Interval {
    match ty {
        Type::Str | Type::Char | Type::Bytes | Type::ByteArray | Type::Dict { .. } | Type::Set { .. } => {
            Interval::up_to(LONGEST)
        }
        Type::Packed(_) => Interval::up_to(LONGEST),
        Type::List { elem, .. } | Type::View(elem) | Type::Deque { elem, .. } if takes_room(elem) => {
            Interval::up_to(LONGEST)
        }
        Type::Tuple { items, .. } => Interval::point(items.len() as i128),
        Type::List { .. }
        | Type::View(_)
        | Type::Deque { .. }
        | Type::VarTuple(_)
        | Type::Range
        | Type::DictView { .. }
        | Type::MemView
        | Type::Array(..) => Interval::up_to(MOST),
        _ => Interval::ANY,
    }
}

/// Nothing but `None` takes none.
fn takes_room(ty: &Type) -> bool {
    match ty {
        Type::None | Type::Never => false,
        Type::Tuple { items, .. } => items.iter().any(takes_room),
        _ => true,
    }
}

/// Finds calls by the name of a builtin that are none.
struct Others<'a> {
    is_other: &'a dyn Fn(&str) -> bool,
    found: BTreeSet<NodeId>,
}

impl<'h> Visit<'h> for Others<'_> {
    fn expr(&mut self, e: &'h Expr) {
        if let ExprKind::Call { name, .. } = &e.kind
            && (self.is_other)(name)
        {
            self.found.insert(e.id);
        }
        visit::walk_expr(self, e);
    }
}

struct Scan<'a> {
    ranges: &'a Ranges,
    nodes: &'a [Type],
    found: Vec<Option<Interval>>,
    /// What is added to variables, where that is little.
    steps: Vec<Option<Interval>>,
}

impl Scan<'_> {
    /// `n += 1`: is it all that the statement does?
    fn counts(&mut self, targets: &[Target], value: &Expr) -> bool {
        let [Target { kind: TargetKind::Var(var), .. }] = targets else { return false };
        let (ExprKind::Binary { op, left, right } | ExprKind::InPlace { op, left, right }) = &value.kind
        else {
            return false;
        };
        let ty = |e: &Expr| self.nodes.get(e.id);
        let words = self.ranges.types.get(*var) == Some(&Type::Int) && ty(value) == Some(&Type::Int);
        if !words || !matches!(left.kind, ExprKind::Local(of) if of == *var) || ty(left) != Some(&Type::Int) {
            return false;
        }
        let by = match ty(right) {
            Some(Type::Bool) => Some(Interval::up_to(1)),
            Some(Type::Int) => self.eval(right),
            _ => return false,
        };
        let Some(Interval { lo, hi }) = by else { return true };
        let step = match op {
            BinOp::Add => Interval { lo, hi },
            BinOp::Sub => Interval { lo: -hi, hi: -lo },
            _ => return false,
        };
        if !step.is_within(STEP) {
            return false;
        }
        self.steps[*var] = either(self.steps[*var], Some(step));
        true
    }

    fn eval(&self, e: &Expr) -> Option<Interval> {
        let value = self.ranges.eval(e, self.nodes);
        if self.nodes.get(e.id) == Some(&Type::Int) { value.map(Interval::clamped) } else { value }
    }

    fn assign(&mut self, var: VarId, value: Option<Interval>) {
        let value = match self.ranges.types.get(var) {
            Some(Type::Big) => value,
            _ => value.map(Interval::clamped),
        };
        self.found[var] = either(self.found[var], value);
    }

    /// A value between these numbers goes to a target.
    fn store(&mut self, target: &Target, value: Option<Interval>) {
        match &target.kind {
            TargetKind::Var(v) => self.assign(*v, value),
            _ => visit::walk_target(self, target),
        }
    }

    /// The value of an expression goes to a target.
    fn give(&mut self, target: &Target, value: &Expr) {
        match (&target.kind, &value.kind) {
            (TargetKind::Tuple(items), ExprKind::Tuple(values)) if items.len() == values.len() => {
                for (t, e) in items.iter().zip(values) {
                    self.give(t, e);
                }
            }
            _ => self.store(target, self.eval(value)),
        }
    }

    /// Elements of an iterable go to a target.
    fn iterate(&mut self, target: &Target, iter: &Iter) {
        match &iter.kind {
            IterKind::Range { start, stop, step } => {
                for e in start.iter().chain([stop]).chain(step) {
                    self.expr(e);
                }
                let numbers = self.numbers(start.as_deref(), stop, step.as_deref());
                self.store(target, numbers);
            }
            IterKind::Enumerate { inner, start } => {
                let first =
                    start.as_ref().map_or(Some(Interval::point(0)), |s| self.eval(s)).map(Interval::clamped);
                // The next number is made before the body runs, so there is one.
                let count = first.map(|i| Interval::new(i.lo, MOST - 1));
                match &target.kind {
                    TargetKind::Tuple(items) if items.len() == 2 => {
                        self.store(&items[0], count);
                        self.iterate(&items[1], inner);
                    }
                    _ => self.store(target, Some(Interval::WIDE)),
                }
            }
            IterKind::Zip(inner) => match &target.kind {
                TargetKind::Tuple(items) if items.len() == inner.len() => {
                    items.iter().zip(inner).for_each(|(t, i)| self.iterate(t, i));
                }
                _ => self.store(target, Some(Interval::WIDE)),
            },
            IterKind::Tool { .. } => {
                visit::walk_iter(self, iter);
                self.store(target, Some(Interval::WIDE));
            }
            IterKind::Comp(comp) => {
                self.comp(comp);
                self.store(target, Some(Interval::WIDE));
            }
            IterKind::Expr(e) => {
                self.expr(e);
                match (&e.kind, self.nodes.get(e.id)) {
                    (ExprKind::Tuple(items) | ExprKind::List(items), _) => {
                        items.iter().for_each(|item| self.give(target, item));
                    }
                    (_, Some(Type::Bytes | Type::ByteArray)) => {
                        self.store(target, Some(Interval::up_to(255)));
                    }
                    (_, Some(ty @ Type::Packed(_))) => self.store(target, item(ty).or(Some(Interval::WIDE))),
                    _ => self.store(target, Some(Interval::WIDE)),
                }
            }
            IterKind::ZipStar(e)
            | IterKind::Reversed(e)
            | IterKind::Items(e)
            | IterKind::ReversedItems(e)
            | IterKind::ReversedValues(e)
            | IterKind::Values(e)
            | IterKind::Keys(e) => {
                self.expr(e);
                self.store(target, Some(Interval::WIDE));
            }
        }
    }

    /// The numbers of a `range`.
    fn numbers(&self, start: Option<&Expr>, stop: &Expr, step: Option<&Expr>) -> Option<Interval> {
        let start = start.map_or(Some(Interval::point(0)), |e| self.eval(e))?;
        let stop = self.eval(stop)?;
        let step = step.map_or(Some(Interval::point(1)), |e| self.eval(e))?;
        let (start, stop, step) = (start.clamped(), stop.clamped(), step.clamped());
        let up = Interval::new(start.lo, (stop.hi - 1).max(start.lo));
        let down = Interval::new((stop.lo + 1).min(start.hi), start.hi);
        Some(match step {
            _ if step.lo > 0 => up,
            _ if step.hi < 0 => down,
            _ => up.hull(down),
        })
    }
}

impl<'h> Visit<'h> for Scan<'_> {
    /// Whatever is not told apart below may be any number.
    fn define(&mut self, _: NodeId, var: &'h VarId) {
        self.assign(*var, Some(Interval::WIDE));
    }

    fn stmt(&mut self, stmt: &'h Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                if !self.counts(targets, value) {
                    targets.iter().for_each(|target| self.give(target, value));
                }
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.iterate(target, iter);
                self.block(body);
                self.block(orelse);
            }
            _ => visit::walk_stmt(self, stmt),
        }
    }

    fn comp(&mut self, comp: &'h Comp) {
        for g in &comp.generators {
            self.iterate(&g.target, &g.iter);
            g.ifs.iter().for_each(|e| self.expr(e));
        }
        for e in [Some(&comp.element), comp.value.as_ref(), comp.extra.as_ref(), comp.key.as_ref()] {
            e.into_iter().for_each(|e| self.expr(e));
        }
    }

    fn expr(&mut self, e: &'h Expr) {
        match &e.kind {
            ExprKind::Named { var, value } => {
                self.expr(value);
                self.assign(*var, self.eval(value));
            }
            _ => visit::walk_expr(self, e),
        }
    }
}
