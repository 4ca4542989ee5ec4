//! Sorting: stable, with CPython's result.
//!
//! A stable sort by a total order has one result, whatever the algorithm, so values with a total order that
//! cannot stop (ints, strings, floats without NaN, tuples of those) are sorted by the standard library.  For
//! the others there is a merge sort whose comparison may stop; nothing is moved before it has finished.

use core::cmp::Ordering;

use crate::buf::Buf;
use crate::elem::ElemOrd;
use crate::stop::{Bail, R, bail};
use crate::txn::Cx;

/// So many are inserted one by one.
const FEW: usize = 16;

/// Sorts `items` by their keys.  On a stop nothing has moved; an exception becomes a bailout, since CPython
/// leaves the list half sorted.
pub(crate) fn sort_slice<P, K: ElemOrd + 'static>(
    cx: Cx,
    items: &mut [P],
    key: impl Fn(&P) -> &K,
    reverse: bool,
) -> R<()> {
    if items.len() < 2 {
        return Ok(());
    }
    if K::is_plain_order(items.iter().map(&key)) {
        // The standard library sorts a few on the stack, and aborts without memory for more; so much is there now, so it
        // is there then.
        if items.len() > FEW {
            if let Some(order) = by_beginnings(cx, items, &key, reverse)? {
                return apply(items, order);
            }
            let mut probe: Buf<P> = Buf::new();
            if !probe.reserve_total(items.len()) {
                return bail(Bail::Memory);
            }
        }
        // Of the order only `<` is asked; told so, sorting numbers needs no branches.
        let compare = |a: &P, b: &P| match key(a).plain_less(cx, key(b)) {
            true => Ordering::Less,
            false => Ordering::Equal,
        };
        if reverse {
            items.sort_by(|a, b| compare(b, a));
        } else {
            items.sort_by(compare);
        }
        return Ok(());
    }
    // Does `b`, which stands behind `a`, belong before it?
    let before = |a: usize, b: usize| {
        let order = key(&items[a]).elem_cmp(cx, key(&items[b]));
        match order {
            Ok(order) => Ok(if reverse { order.is_lt() } else { order.is_gt() }),
            Err(stop) if stop.as_exc().is_some() => bail(Bail::Unsupported),
            Err(stop) => Err(stop),
        }
    };
    let order = merge_sort(items.len(), before)?;
    apply(items, order)
}

/// So many bytes of each text are compared as a number.
const BEGINNING: usize = 7;

/// The order of texts that are bytes; none where one is wider. What all of them begin with is passed over, the next bytes
/// are a number, of which the last byte is how many of them there are: texts that end there are in order by it alone.
fn by_beginnings<P, K: ElemOrd + 'static>(
    cx: Cx,
    items: &[P],
    key: &impl Fn(&P) -> &K,
    reverse: bool,
) -> R<Option<Buf<usize>>> {
    let Some(first) = items.first().and_then(|item| key(item).bytes()) else { return Ok(None) };
    let mut common = first.len();
    for item in items {
        let Some(bytes) = key(item).bytes() else { return Ok(None) };
        if !bytes.starts_with(&first[..common]) {
            common = first[..common].iter().zip(bytes).take_while(|(a, b)| a == b).count();
        }
    }
    let mut beginnings: Buf<(u64, usize)> = Buf::new();
    let mut order: Buf<usize> = Buf::new();
    // The standard library takes as much once more, and aborts where there is none.
    let mut probe: Buf<(u64, usize)> = Buf::new();
    if !(beginnings.reserve_total(items.len())
        && order.reserve_total(items.len())
        && probe.reserve_total(items.len()))
    {
        return bail(Bail::Memory);
    }
    drop(probe);
    for (place, item) in items.iter().enumerate() {
        let rest = &key(item).bytes().unwrap_or_default()[common..];
        let mut word = [0; 8];
        let count = rest.len().min(BEGINNING);
        word[..count].copy_from_slice(&rest[..count]);
        word[BEGINNING] = rest.len().min(BEGINNING + 1) as u8;
        let _ = beginnings.push((u64::from_be_bytes(word), place));
    }
    // Numbers are sorted without branches.
    match reverse {
        false => beginnings.sort_by_key(|beginning| beginning.0),
        true => beginnings.sort_by_key(|beginning| !beginning.0),
    }
    let less = |a: &(u64, usize), b: &(u64, usize)| key(&items[a.1]).plain_less(cx, key(&items[b.1]));
    let ordering = |less: bool| if less { Ordering::Less } else { Ordering::Equal };
    for alike in beginnings.chunk_by_mut(|a, b| a.0 == b.0) {
        // Those that end there are equal.
        if alike.len() < 2 || alike[0].0 as u8 <= BEGINNING as u8 {
            continue;
        }
        match reverse {
            false => alike.sort_by(|a, b| ordering(less(a, b))),
            true => alike.sort_by(|a, b| ordering(less(b, a))),
        }
    }
    for beginning in beginnings.iter() {
        let _ = order.push(beginning.1);
    }
    Ok(Some(order))
}

/// The stable order of `0..count`.
fn merge_sort(count: usize, before: impl Fn(usize, usize) -> R<bool>) -> R<Buf<usize>> {
    let (mut from, mut to): (Buf<usize>, Buf<usize>) = (Buf::new(), Buf::new());
    if !from.reserve_total(count) || !to.reserve_total(count) {
        return bail(Bail::Memory);
    }
    for index in 0..count {
        let _ = from.push(index);
        let _ = to.push(index);
    }
    let mut width = 1;
    while width < count {
        let mut start = 0;
        while start < count {
            let middle = (start + width).min(count);
            let end = (middle + width).min(count);
            let (mut left, mut right) = (start, middle);
            for slot in to[start..end].iter_mut() {
                let take_right = right < end && (left == middle || before(from[left], from[right])?);
                let source = if take_right { &mut right } else { &mut left };
                *slot = from[*source];
                *source += 1;
            }
            start = end;
        }
        core::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    Ok(from)
}

/// Moves the items so that place `i` gets what was at `order[i]`.
pub(crate) fn apply<P>(items: &mut [P], order: Buf<usize>) -> R<()> {
    let mut moved: Buf<P> = Buf::new();
    if !moved.reserve_total(items.len()) {
        return bail(Bail::Memory);
    }
    debug_assert_eq!(items.len(), order.len());
    // SAFETY: `order` is a permutation, so each item is read once and each place written once; `moved` keeps its
    // length of zero, so that nothing is dropped twice.
    unsafe {
        let room = moved.as_mut_ptr();
        for (place, &source) in order.iter().enumerate() {
            room.add(place).write(items.as_ptr().add(source).read());
        }
        core::ptr::copy_nonoverlapping(room, items.as_mut_ptr(), items.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{apply, merge_sort};

    #[test]
    fn merge_sort_is_stable() {
        let keys = [3, 1, 2, 1, 3, 0, 2, 1];
        let order = merge_sort(keys.len(), |a, b| Ok(keys[a] > keys[b])).unwrap();
        assert_eq!(order[..], [5, 1, 3, 7, 2, 6, 0, 4]);
        let mut items: Vec<String> = (0..8).map(|i| i.to_string()).collect();
        apply(&mut items, order).unwrap();
        assert_eq!(items, ["5", "1", "3", "7", "2", "6", "0", "4"]);
    }
}
