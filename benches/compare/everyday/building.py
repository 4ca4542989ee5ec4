"""Strings that are built."""


def caesar(text, shift):
    """Moves each letter through the alphabet."""
    result = ""
    for c in text:
        if "a" <= c <= "z":
            result += chr((ord(c) - 97 + shift) % 26 + 97)
        elif "A" <= c <= "Z":
            result += chr((ord(c) - 65 + shift) % 26 + 65)
        else:
            result += c
    return result


def run_lengths(text):
    """Shortens runs of one character: "aaab" is "3ab"."""
    pieces = []
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        if j - i > 1:
            pieces.append(str(j - i))
        pieces.append(text[i])
        i = j
    return "".join(pieces)


def slugs(titles):
    """Titles as parts of addresses."""
    result = []
    for title in titles:
        words = []
        for word in title.lower().split():
            word = "".join(c for c in word if c.isalnum())
            if word:
                words.append(word)
        result.append("-".join(words))
    return result


def table(rows):
    """Lines of a printed table from (name, count, price) rows."""
    lines = []
    for name, count, price in rows:
        lines.append(f"{name:<12}{count:>6}{price:>10.2f}{count * price:>12.2f}")
    return "\n".join(lines)
