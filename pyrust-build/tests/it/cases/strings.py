# compile: caesar (str, int) -> str
# compile: count_words (str) -> dict[str, int]
# compile: label (str, float) -> str
def caesar(text, k):
    return "".join(chr((ord(c) - 97 + k) % 26 + 97) if "a" <= c <= "z" else c for c in text)


def count_words(text):
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def label(name, x):
    return f"{name!r}: {x:>8.2f}"
