"""How far apart two strings are."""


def levenshtein(a, b):
    """The number of insertions, deletions and replacements that turn `a` into `b`."""
    if a == b:
        return 0
    if len(a) < len(b):
        a, b = b, a
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = previous[j - 1] + (x != y)
            current.append(min(previous[j] + 1, current[j - 1] + 1, cost))
        previous = current
    return previous[-1]


def hamming(a, b):
    """The number of positions in which two strings of one length differ."""
    if len(a) != len(b):
        raise ValueError(f"lengths differ: {len(a)} and {len(b)}")
    return sum(x != y for x, y in zip(a, b))


def common_prefix(a, b):
    """The longest beginning that two strings share."""
    n = 0
    for x, y in zip(a, b):
        if x != y:
            break
        n += 1
    return a[:n]


def closest(word, words):
    """The word with the smallest distance, the first one of equals; None when there are no words."""
    best = None
    best_distance = -1
    for candidate in words:
        distance = levenshtein(word, candidate)
        if best is None or distance < best_distance:
            best = candidate
            best_distance = distance
    return best
