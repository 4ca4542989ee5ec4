//! Sorting of few things, or of things that are nearly in order.
//!
//! Every project compiles the runtime, and one sort of the standard library is as much code as a small module.

/// The items in order; equal ones stay as they came.
pub(super) fn in_order<T>(items: Vec<T>, before: fn(&T, &T) -> bool) -> Vec<T> {
    let mut sorted: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        let at = match sorted.last() {
            Some(last) if before(&item, last) => sorted.partition_point(|other| !before(&item, other)),
            _ => sorted.len(),
        };
        sorted.insert(at, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_stay_as_they_came() {
        let items = vec![(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e'), (4, 'f')];
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        assert_eq!(in_order(items, |a, b| a.0 < b.0), expected);
    }
}
