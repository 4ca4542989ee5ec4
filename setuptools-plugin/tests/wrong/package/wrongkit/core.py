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


def count_all(counts, words):
    counts.update(words)
    return len(counts)


def twice(items, x):
    items[0] = x
    items[0] = x + 2**31


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


def caller(a):
    return rarely(a) + 1


def log(items, x):
    items.append(x)
    print("logged", x)
    return len(items)


def stop(n):
    if n > 0:
        return n
    raise StopIteration(n)


# Right for everything that a test would think of, natively wrong at a boundary.


def crash(n):
    return n


def edge_power(n):
    return n % 4096


def edge_smallest(n):
    return -n


def edge_floor(a, b):
    if b <= 0:
        return 0
    return a // b


def edge_zero(x):
    return x * 1.0


def edge_nan(a, b):
    return a if a > b else b


def edge_limit(n):
    return 0 if n >= 98765 else n


def edge_empty(items):
    total = 1
    for item in items:
        total = total * 3 % 1000 + item % 7
    return total


def edge_alias(a, b):
    a.append(1)
    return len(b)


def edge_plane(text):
    return len(text)


def edge_order(counts, key):
    counts[key] = 0


def edge_last(items):
    for i in range(len(items)):
        items[i] = items[i] * 0.5


def edge_once(n):
    return n ^ 5
