//! The signatures of one function over time: they widen, stay few, and keep a stable order.

use super::{MAX_SIGNATURES, Signature};

/// A recorded signature and how many calls had it.
pub type Counted = (Signature, u64);

/// Merges what a profile recorded into what the manifest has.
///
/// Merging the same record twice changes nothing the second time. The order is by frequency, but a signature moves
/// before its neighbour only when it is at least twice as frequent, so that noise does not reorder the manifest.
/// Recorded signatures with another number of parameters replace everything: the function has been edited.
pub fn merge(existing: &[Signature], recorded: &[Counted]) -> Vec<Signature> {
    let mut recorded = combine_results(recorded);
    recorded.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.to_string().cmp(&b.0.to_string())));
    let Some(arity) = recorded.first().map(|(s, _)| s.params.len()) else {
        return existing.to_vec();
    };
    recorded.retain(|(s, _)| s.params.len() == arity);
    let mut merged: Vec<Signature> = existing.iter().filter(|s| s.params.len() == arity).cloned().collect();
    // Where a record ends up depends on what has been widened so far, so repeat until nothing moves. Types only
    // grow and have finite height; the bound is for the order alone.
    for _ in 0..100 {
        let before = merged.clone();
        for (signature, _) in &recorded {
            insert(&mut merged, signature);
        }
        reorder(&mut merged, &recorded);
        if merged == before {
            break;
        }
    }
    merged
}

/// Unites two lists without counts (two sides of a merge conflict): the first list's order leads.
pub fn unite(left: &[Signature], right: &[Signature]) -> Vec<Signature> {
    let arity = left.first().map(|s| s.params.len());
    let mut united = left.to_vec();
    for signature in right.iter().filter(|s| arity.is_none_or(|a| a == s.params.len())) {
        insert(&mut united, signature);
    }
    united
}

/// Calls with equal parameters and different results are one signature.
fn combine_results(recorded: &[Counted]) -> Vec<Counted> {
    let mut combined: Vec<Counted> = Vec::new();
    for (signature, count) in recorded {
        match combined.iter_mut().find(|(s, _)| s.params == signature.params) {
            Some((same, total)) => {
                same.ret = same.ret.join(&signature.ret);
                *total += count;
            }
            None => combined.push((signature.clone(), *count)),
        }
    }
    combined
}

fn insert(signatures: &mut Vec<Signature>, new: &Signature) {
    if let Some(same) = signatures.iter_mut().find(|s| s.params == new.params) {
        same.ret = same.ret.join(&new.ret);
        return;
    }
    // An `int` call is worth a specialisation of its own beside a `bigint` one, as long as there is room.
    if let Some(same) = signatures.iter_mut().find(|s| covers_tightly(s, new)) {
        same.ret = same.ret.join(&new.ret);
        return;
    }
    // Which function it was is no specialisation of its own.
    if let Some(same) = signatures.iter_mut().find(|s| differ_in_functions(s, new))
        && let Some(joined) = same.join(new)
    {
        *same = joined;
        return deduplicate(signatures);
    }
    // A container that was seen only empty is now known better.
    if let Some(vague) =
        signatures.iter_mut().find(|s| new.params.iter().zip(&s.params).all(|(n, o)| refines(n, o)))
    {
        *vague = Signature { params: new.params.clone(), ret: vague.ret.join(&new.ret) };
        return;
    }
    if signatures.len() < MAX_SIGNATURES {
        signatures.push(new.clone());
        return;
    }
    let closest = signatures
        .iter_mut()
        .min_by_key(|s| s.params.iter().zip(&new.params).filter(|(old, new)| !old.covers(new)).count());
    if let Some(old) = closest
        && let Some(joined) = old.join(new)
    {
        *old = joined;
    }
    deduplicate(signatures);
}

/// Joining may have made two signatures equal in their parameters.
fn deduplicate(signatures: &mut Vec<Signature>) {
    let all = std::mem::take(signatures);
    for signature in all {
        match signatures.iter_mut().find(|s| s.params == signature.params) {
            Some(same) => same.ret = same.ret.join(&signature.ret),
            None => signatures.push(signature),
        }
    }
}

fn differ_in_functions(left: &Signature, right: &Signature) -> bool {
    left.params.iter().zip(&right.params).all(|(l, r)| l.whatever_function() == r.whatever_function())
}

fn covers_tightly(wide: &Signature, narrow: &Signature) -> bool {
    use super::SigType::{BigInt, Int};
    wide.params.iter().zip(&narrow.params).all(|(w, n)| w.covers(n) && !matches!((w, n), (BigInt, Int)))
}

/// `list[int]` refines `list[?]`; a plain `?` is refined by everything.
fn refines(new: &super::SigType, old: &super::SigType) -> bool {
    use super::SigType::*;
    match (new, old) {
        (_, Unknown) => true,
        (List(a), List(b)) | (Set(a), Set(b)) | (FrozenSet(a), FrozenSet(b)) | (Deque(a), Deque(b)) => {
            refines(a, b)
        }
        (VarTuple(a), VarTuple(b)) => refines(a, b),
        (Dict(a, b), Dict(c, d)) => refines(a, c) && refines(b, d),
        (Tuple(a), Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| refines(a, b)),
        (a, b) => a == b,
    }
}

fn reorder(signatures: &mut [Signature], recorded: &[Counted]) {
    let mut counts = vec![0u64; signatures.len()];
    for (signature, count) in recorded {
        // The narrowest signature that covers the record, whatever the present order: so the counts do not depend on it.
        let home = signatures
            .iter()
            .enumerate()
            .filter(|(_, s)| s.params.iter().zip(&signature.params).all(|(a, b)| a.covers(b)))
            .min_by_key(|(_, s)| {
                let wider = signatures.iter().filter(|other| s.covers(other)).count();
                (s.params != signature.params, wider, s.to_string())
            });
        if let Some((index, _)) = home {
            counts[index] += count;
        }
    }
    // Insertion sort with the rule "at least twice as frequent" instead of "greater".
    for end in 1..signatures.len() {
        let mut i = end;
        while i > 0 && counts[i] > 0 && counts[i] >= counts[i - 1].saturating_mul(2) {
            signatures.swap(i, i - 1);
            counts.swap(i, i - 1);
            i -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sigs(texts: &[&str]) -> Vec<Signature> {
        texts.iter().map(|t| Signature::parse(t).expect("a signature")).collect()
    }

    fn counted(texts: &[(&str, u64)]) -> Vec<Counted> {
        texts.iter().map(|(t, n)| (Signature::parse(t).expect("a signature"), *n)).collect()
    }

    #[track_caller]
    fn check(existing: &[&str], recorded: &[(&str, u64)], expected: &[&str]) {
        let merged = merge(&sigs(existing), &counted(recorded));
        let text: Vec<String> = merged.iter().map(Signature::to_string).collect();
        assert_eq!(text, expected);
        assert_eq!(merge(&merged, &counted(recorded)), merged, "merging again changes nothing");
    }

    #[test]
    fn new_signatures_come_by_frequency() {
        check(&[], &[("(int) -> int", 3), ("(str) -> int", 9)], &["(str) -> int", "(int) -> int"]);
    }

    #[test]
    fn order_changes_only_for_twice_as_many() {
        check(
            &["(int) -> int", "(str) -> int"],
            &[("(int) -> int", 5), ("(str) -> int", 9)],
            &["(int) -> int", "(str) -> int"],
        );
        check(
            &["(int) -> int", "(str) -> int"],
            &[("(int) -> int", 5), ("(str) -> int", 10)],
            &["(str) -> int", "(int) -> int"],
        );
    }

    #[test]
    fn results_join() {
        check(&[], &[("(int) -> None", 1), ("(int) -> str", 1)], &["(int) -> None | str"]);
    }

    #[test]
    fn empty_containers_are_refined() {
        check(&["(list[?]) -> int"], &[("(list[int]) -> int", 1)], &["(list[int]) -> int"]);
        check(&["(list[int]) -> int"], &[("(list[?]) -> int", 1)], &["(list[int]) -> int"]);
    }

    #[test]
    fn big_ints_keep_a_signature_of_their_own() {
        check(
            &[],
            &[("(int) -> int", 9), ("(bigint) -> bigint", 1)],
            &["(int) -> int", "(bigint) -> bigint"],
        );
    }

    #[test]
    fn functions_share_a_signature() {
        check(
            &["(list[tuple[function[operator:lt], int]]) -> int"],
            &[
                ("(list[tuple[function[m:f], int]]) -> int", 9),
                ("(list[tuple[int, int]]) -> int", 2),
                ("(list[tuple[function[m:f] | function[m:g], int]]) -> int", 1),
            ],
            &[
                "(list[tuple[function[m:f] | function[m:g] | function[operator:lt], int]]) -> int",
                "(list[tuple[int, int]]) -> int",
            ],
        );
    }

    #[test]
    fn the_fifth_widens() {
        let recorded = [
            ("(int) -> int", 9),
            ("(str) -> int", 8),
            ("(float) -> int", 7),
            ("(bytes) -> int", 6),
            ("(bool) -> int", 5),
        ];
        let merged = merge(&[], &counted(&recorded));
        assert_eq!(merged.len(), MAX_SIGNATURES);
        for (signature, _) in counted(&recorded) {
            assert!(merged.iter().any(|m| m.covers(&signature)), "{signature}");
        }
        assert_eq!(merge(&merged, &counted(&recorded)), merged);
    }

    #[test]
    fn another_number_of_parameters_replaces() {
        check(&["(int) -> int"], &[("(int, int) -> int", 1)], &["(int, int) -> int"]);
    }
}
