//! What `itertools` needs at run time: positions to pick from pools, groups, bounds.

use std::cell::RefCell;
use std::rc::Rc;

use crate::elem::ElemEq;
use crate::iter::PyIter;
use crate::list::{self, List, Together};
use crate::py::IntoPy;
use crate::stop::{Bail, Exc, R, bail, exc};
use crate::txn::Cx;

/// `ValueError` below the least.
pub fn at_least(n: i64, least: i64) -> R<()> {
    if n < least { exc(Exc::ValueError) } else { Ok(()) }
}

/// `zip(strict=True)` of sources of different lengths.
#[cold]
pub fn unequal_lengths() -> R<()> {
    exc(Exc::ValueError)
}

/// Start, stop and step of `islice`.
pub fn slice_bounds(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> R<(i64, i64, i64)> {
    let (start, stop, step) = (start.unwrap_or(0), stop, step.unwrap_or(1));
    at_least(start, 0)?;
    at_least(stop.unwrap_or(0), 0)?;
    at_least(step, 1)?;
    Ok((start, stop.unwrap_or(i64::MAX), step))
}

/// The next of what `cycle` has kept.
#[inline]
pub fn again<T: Clone + 'static>(cx: Cx, saved: &List<T>, at: &mut i64) -> R<Option<T>> {
    let count = list::len(cx, saved);
    if count == 0 {
        return Ok(None);
    }
    let item = list::get(cx, saved, *at)?;
    *at = if *at + 1 == count { 0 } else { *at + 1 };
    Ok(Some(item))
}

/// Up to `n` elements together.
pub fn batch<T: Clone + 'static, O: Together<T>>(cx: Cx, source: &PyIter<T>, n: i64) -> R<Option<O>> {
    let row: List<T> = list::new(cx)?;
    while list::len(cx, &row) < n {
        match source.next(cx)? {
            Some(item) => list::append(cx, &row, item)?,
            None => break,
        }
    }
    if list::len(cx, &row) == 0 { Ok(None) } else { O::of_list(cx, row).map(Some) }
}

/// `n` elements together; of fewer none, or as many as are filled up.
pub fn grouped<T: Clone + 'static, O: Together<T>>(
    cx: Cx,
    source: &PyIter<T>,
    n: i64,
    fill: &Option<T>,
) -> R<Option<O>> {
    if n <= 0 {
        return Ok(None);
    }
    let (row, mut ended): (List<T>, i64) = (list::new(cx)?, 0);
    while list::len(cx, &row) < n {
        // Each place asks for itself.
        match (source.next(cx)?, fill) {
            (Some(item), _) => list::append(cx, &row, item)?,
            (None, Some(fill)) => {
                ended += 1;
                if ended == n {
                    return Ok(None);
                }
                list::append(cx, &row, fill.clone())?;
            }
            (None, None) => return Ok(None),
        }
    }
    O::of_list(cx, row).map(Some)
}

/// `product(*pools)`
pub struct Pools<T> {
    pools: Vec<List<T>>,
    picks: Picks,
}

impl<T: Clone + 'static> Pools<T> {
    /// The pools are read one behind the other.
    pub fn new(cx: Cx, rows: &[PyIter<T>]) -> R<Pools<T>> {
        let mut pools: Vec<List<T>> = Vec::new();
        for row in rows {
            let pool = list::new(cx)?;
            while let Some(item) = row.next(cx)? {
                list::append(cx, &pool, item)?;
            }
            pools.push(pool);
        }
        let lens: Vec<i64> = pools.iter().map(|pool| list::len(cx, pool)).collect();
        Ok(Pools { picks: Picks::product(&lens)?, pools })
    }

    /// The next items.
    pub fn next<O: Together<T>>(&mut self, cx: Cx) -> R<Option<O>> {
        if !self.picks.step() {
            return Ok(None);
        }
        let row: List<T> = list::with_capacity(cx, self.pools.len() as i64)?;
        for (place, pool) in self.pools.iter().enumerate() {
            list::append(cx, &row, list::get(cx, pool, self.picks.at(place))?)?;
        }
        O::of_list(cx, row).map(Some)
    }
}

/// `zip_longest(*rows)`
pub struct Longest<T> {
    /// None where one has ended.
    rows: Vec<Option<PyIter<T>>>,
    left: usize,
}

impl<T: Clone + 'static> Longest<T> {
    pub fn new(rows: Vec<PyIter<T>>) -> Longest<T> {
        Longest { left: rows.len(), rows: rows.into_iter().map(Some).collect() }
    }

    /// The next items, filled up.
    pub fn next<O: Together<T>>(&mut self, cx: Cx, fill: &T) -> R<Option<O>> {
        if self.left == 0 {
            return Ok(None);
        }
        let column: List<T> = list::with_capacity(cx, self.rows.len() as i64)?;
        for row in &mut self.rows {
            let item = match row {
                Some(source) => source.next(cx)?,
                None => None,
            };
            if item.is_none() && row.take().is_some() {
                self.left -= 1;
                if self.left == 0 {
                    return Ok(None);
                }
            }
            list::append(cx, &column, item.unwrap_or_else(|| fill.clone()))?;
        }
        O::of_list(cx, column).map(Some)
    }
}

enum Order {
    /// The number of items in each pool.
    Product(Vec<usize>),
    /// How many turns each place has left.
    Permutations(Vec<usize>),
    Combinations,
    WithReplacement,
}

/// Positions in pools, in CPython's order.
pub struct Picks {
    order: Order,
    /// Items in the only pool.
    count: usize,
    /// The positions; for permutations those of all items, of which the first `taken` count.
    at: Vec<usize>,
    taken: usize,
    begun: bool,
    ended: bool,
}

fn numbers(n: usize, value: impl FnMut(usize) -> usize) -> R<Vec<usize>> {
    let mut out = Vec::new();
    if out.try_reserve_exact(n).is_err() {
        return bail(Bail::Memory);
    }
    out.extend((0..n).map(value));
    Ok(out)
}

fn taken(n: Option<i64>, missing: i64) -> R<usize> {
    let n = n.unwrap_or(missing);
    at_least(n, 0)?;
    // CPython could not hold such a tuple either.
    if n > 1 << 32 { bail(Bail::Memory) } else { Ok(n as usize) }
}

impl Picks {
    fn new(order: Order, count: usize, at: Vec<usize>, taken: usize, ended: bool) -> Picks {
        Picks { order, count, at, taken, begun: false, ended }
    }

    /// `product` of pools of these lengths.
    pub fn product(lens: &[i64]) -> R<Picks> {
        let lens = numbers(lens.len(), |i| lens[i] as usize)?;
        let (at, empty) = (numbers(lens.len(), |_| 0)?, lens.contains(&0));
        let taken = lens.len();
        Ok(Picks::new(Order::Product(lens), 0, at, taken, empty))
    }

    /// `product(pool, repeat=n)`
    pub fn power(len: i64, times: Option<i64>) -> R<Picks> {
        let times = taken(times, 1)?;
        let lens = numbers(times, |_| len as usize)?;
        let empty = lens.contains(&0);
        Ok(Picks::new(Order::Product(lens), 0, numbers(times, |_| 0)?, times, empty))
    }

    /// `permutations(pool, n)`
    pub fn permutations(len: i64, n: Option<i64>) -> R<Picks> {
        let (count, taken) = (len as usize, taken(n, len)?);
        let turns = if taken > count { Vec::new() } else { numbers(taken, |i| count - i)? };
        let order = Order::Permutations(turns);
        Ok(Picks::new(order, count, numbers(count, |i| i)?, taken, taken > count))
    }

    /// `combinations(pool, n)`
    pub fn combinations(len: i64, n: Option<i64>) -> R<Picks> {
        let (count, taken) = (len as usize, taken(n, len)?);
        let at = if taken > count { Vec::new() } else { numbers(taken, |i| i)? };
        Ok(Picks::new(Order::Combinations, count, at, taken, taken > count))
    }

    /// `combinations_with_replacement(pool, n)`
    pub fn with_replacement(len: i64, n: Option<i64>) -> R<Picks> {
        let (count, taken) = (len as usize, taken(n, len)?);
        let ended = count == 0 && taken > 0;
        Ok(Picks::new(Order::WithReplacement, count, numbers(taken, |_| 0)?, taken, ended))
    }

    /// The position for the `i`-th item.
    #[inline(always)]
    pub fn at(&self, i: usize) -> i64 {
        self.at[i] as i64
    }

    /// Goes on to the next positions; false at the end.
    pub fn step(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if !self.begun {
            self.begun = true;
            return true;
        }
        self.ended = !self.advance();
        !self.ended
    }

    fn advance(&mut self) -> bool {
        let (at, count, taken) = (&mut self.at, self.count, self.taken);
        match &mut self.order {
            Order::Product(lens) => {
                for i in (0..taken).rev() {
                    at[i] += 1;
                    if at[i] < lens[i] {
                        return true;
                    }
                    at[i] = 0;
                }
                false
            }
            Order::Permutations(turns) => {
                for i in (0..taken).rev() {
                    turns[i] -= 1;
                    if turns[i] == 0 {
                        at[i..].rotate_left(1);
                        turns[i] = count - i;
                    } else {
                        at.swap(i, count - turns[i]);
                        return true;
                    }
                }
                false
            }
            Order::Combinations => {
                let Some(i) = (0..taken).rev().find(|&i| at[i] != i + count - taken) else { return false };
                at[i] += 1;
                for j in i + 1..taken {
                    at[j] = at[j - 1] + 1;
                }
                true
            }
            Order::WithReplacement => {
                let Some(i) = (0..taken).rev().find(|&i| at[i] != count - 1) else { return false };
                let next = at[i] + 1;
                at[i..].fill(next);
                true
            }
        }
    }
}

/// The next items together.
pub fn picked<T: Clone + IntoPy + 'static, O: Together<T>>(
    cx: Cx,
    pool: &List<T>,
    picks: &mut Picks,
) -> R<Option<O>> {
    if !picks.step() {
        return Ok(None);
    }
    list::pick(cx, pool, &picks.at[..picks.taken]).map(Some)
}

type KeyOf<T, K> = Box<dyn FnMut(Cx, &T) -> R<K>>;

struct Groups<T, K> {
    source: PyIter<T>,
    key: KeyOf<T, K>,
    /// Read ahead: a key and its element.
    current: Option<(K, T)>,
    /// The key of the group that was handed out last.
    target: Option<K>,
    /// Number of the group that may still read.
    group: u64,
}

impl<T, K> Groups<T, K> {
    /// Reads ahead; false at the end.
    fn read(&mut self, cx: Cx) -> R<bool> {
        let Some(item) = self.source.next(cx)? else { return Ok(false) };
        let key = (self.key)(cx, &item)?;
        self.current = Some((key, item));
        Ok(true)
    }
}

/// `groupby`: it and its groups share one position.
pub struct GroupBy<T, K> {
    state: Rc<RefCell<Groups<T, K>>>,
}

impl<T: 'static, K: ElemEq + Clone + 'static> GroupBy<T, K> {
    pub fn new(source: PyIter<T>, key: impl FnMut(Cx, &T) -> R<K> + 'static) -> GroupBy<T, K> {
        let groups = Groups { source, key: Box::new(key), current: None, target: None, group: 0 };
        GroupBy { state: Rc::new(RefCell::new(groups)) }
    }

    /// The next key, and the iterator over its group.
    pub fn next(&self, cx: Cx) -> R<Option<(K, PyIter<T>)>> {
        let Ok(mut groups) = self.state.try_borrow_mut() else { return bail(Bail::Unsupported) };
        groups.group += 1;
        let key = loop {
            match (&groups.current, &groups.target) {
                (Some((key, _)), None) => break key.clone(),
                (Some((key, _)), Some(target)) if !target.elem_eq(cx, key)? => break key.clone(),
                _ => {}
            }
            if !groups.read(cx)? {
                return Ok(None);
            }
        };
        groups.target = Some(key.clone());
        let (id, target, state) = (groups.group, key.clone(), Rc::clone(&self.state));
        let group = PyIter::new(move |cx| {
            let Ok(mut groups) = state.try_borrow_mut() else { return bail(Bail::Unsupported) };
            if groups.group != id || (groups.current.is_none() && !groups.read(cx)?) {
                return Ok(None);
            }
            match groups.current.take() {
                Some((key, item)) if target.elem_eq(cx, &key)? => Ok(Some(item)),
                other => {
                    groups.current = other;
                    Ok(None)
                }
            }
        });
        Ok(Some((key, group)))
    }
}
