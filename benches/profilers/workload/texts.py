"""Dictionaries and texts: builtins do most of the work, called from small functions."""

WORDS = [f"{stem}{ending}" for stem in ("walk", "talk", "jump", "sing", "play") for ending in ("s", "ed", "ing", "er")]


def stem_of(word):
    for ending in ("ing", "ed", "er", "s"):
        if word.endswith(ending):
            return word[: -len(ending)]
    return word


def count(words):
    counts = {}
    for word in words:
        stem = stem_of(word)
        counts[stem] = counts.get(stem, 0) + 1
    return counts


def show(counts):
    return ", ".join(f"{word}: {number}" for word, number in sorted(counts.items()))


def run(size):
    length = 0
    for _ in range(size):
        length += len(show(count(WORDS)))
    return length
