"""Dynamic programming on strings."""


def levenshtein(a, b):
    """How many edits turn one text into the other."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = 0 if x == y else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]


def common_subsequence(a, b):
    """The longest text that both contain in order."""
    lengths = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] == b[j]:
                lengths[i + 1][j + 1] = lengths[i][j] + 1
            else:
                lengths[i + 1][j + 1] = max(lengths[i][j + 1], lengths[i + 1][j])
    result = []
    i = len(a)
    j = len(b)
    while i > 0 and j > 0:
        if lengths[i][j] == lengths[i - 1][j]:
            i -= 1
        elif lengths[i][j] == lengths[i][j - 1]:
            j -= 1
        else:
            result.append(a[i - 1])
            i -= 1
            j -= 1
    return "".join(reversed(result))


def count_matches(text, pattern):
    """How often a pattern occurs, overlaps included (Knuth, Morris, Pratt)."""
    failure = [0] * len(pattern)
    k = 0
    for i in range(1, len(pattern)):
        while k and pattern[i] != pattern[k]:
            k = failure[k - 1]
        if pattern[i] == pattern[k]:
            k += 1
        failure[i] = k
    count = 0
    k = 0
    for c in text:
        while k and c != pattern[k]:
            k = failure[k - 1]
        if c == pattern[k]:
            k += 1
        if k == len(pattern):
            count += 1
            k = failure[k - 1]
    return count
