"""Counting and arranging words."""


def count_words(text):
    """Words in lower case, without punctuation around them, and how often each occurs."""
    counts = {}
    for word in text.lower().split():
        word = word.strip(".,;:!?\"'()")
        if word:
            counts[word] = counts.get(word, 0) + 1
    return counts


def top_words(text, n=10):
    """The `n` most frequent words with their counts; alphabetical among equals."""
    counts = count_words(text)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]


def ngrams(text, n):
    """How often each run of `n` characters occurs."""
    counts = {}
    for i in range(len(text) - n + 1):
        gram = text[i : i + n]
        counts[gram] = counts.get(gram, 0) + 1
    return counts


def is_palindrome(text):
    """Whether the letters and digits read the same in both directions."""
    i = 0
    j = len(text) - 1
    while i < j:
        if not text[i].isalnum():
            i += 1
        elif not text[j].isalnum():
            j -= 1
        elif text[i].lower() != text[j].lower():
            return False
        else:
            i += 1
            j -= 1
    return True


def wrap(text, width):
    """Lines of at most `width` characters, broken between words; a longer word gets a line of its own."""
    lines = []
    line = ""
    for word in text.split():
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= width:
            line += " " + word
        else:
            lines.append(line)
            line = word
    if line:
        lines.append(line)
    return lines
