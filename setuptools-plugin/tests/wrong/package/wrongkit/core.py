"""What the native versions should do."""


def add(a, b):
    return a + b


def rarely(a):
    return a * 2


def zero(x):
    return -0.0


def push(items, x):
    items.append(x)


def same(items):
    return items


def tally(counts, word):
    counts[word] = counts.get(word, 0) + 1


def mistally(counts, word):
    counts[word] = counts.get(word, 0) + 1


def half(n):
    if n % 2:
        raise ValueError("odd", n)
    return n // 2


def square(n):
    return n * n


def shift(items):
    for i in range(len(items)):
        items[i] = items[i] * 2.0
    return items[0]


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
