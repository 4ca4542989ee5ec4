"""Dicts that count and group."""


def word_count(text):
    """How often each word occurs."""
    counts = {}
    for word in text.split():
        word = word.strip(".,;:!?").lower()
        if word:
            counts[word] = counts.get(word, 0) + 1
    return counts


def anagrams(words):
    """Groups words by their letters."""
    groups = {}
    for word in words:
        key = "".join(sorted(word))
        if key not in groups:
            groups[key] = []
        groups[key].append(word)
    return [group for group in groups.values() if len(group) > 1]
