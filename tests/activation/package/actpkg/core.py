"""Functions that are native, and what they lean on."""

import functools
import math

FACTOR = 3
counter = 0


def add(a, b):
    return a + b


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def deep(n):
    if n == 0:
        return 0
    return 1 + deep(n - 1)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def helper(x, factor):
    return x * factor


def scale(x):
    return helper(x, FACTOR)


def with_default(x, y=10):
    return x + y


def with_kwdefault(x, *, y=20):
    return x - y


def use_default(x):
    return with_default(x)


def use_kwdefault(x):
    return with_kwdefault(x)


def root(x):
    return math.sqrt(x)


def size(text):
    return len(text)


def spin(n):
    i = 0
    while i < n:
        i += 1
    return i


def steps(n, stop):
    total = 0
    for i in range(n):
        j = i
        while j > 0:
            j = j // 2
            total += 1
        total += n // (stop - i)
    return total


def texts(xs, n):
    total = 0
    for i in range(n):
        xs.append([i])
        total += len("%d" % i) + len(repr("%d"))  # noqa: UP031 (that is what is tested)
    return total


def dot(xs, ys):
    total = 0.0
    for i in range(len(xs)):
        total += xs[i] * ys[i]
    return total


def double_all(xs, stop):
    """Doubles in place; fails in the middle when `stop` lies outside."""
    for i in range(stop):
        xs[i] = xs[i] * 2
    return stop


def rest(a, *more, b=5, **options):
    return a + b + len(more) + len(options)


def odd_one(x):
    return lambda: x


@functools.cache
def cached(x):
    return x * 7


def bump():
    global counter
    counter += 1
    return counter


def wide(x):
    return x << 62


def captured(x):
    return x + sum(i * x for i in range(2)) * 0


def shift(x, y=10):
    return x * 2 + y


def through(call, n):
    return call(n)


def failing(x):
    """Fails with the traceback of plain Python."""
    return 10 // x


def at_rest(x):
    # Natively it only takes longer.
    return x + 1


def at_ease(x, n):
    # Natively it only takes longer, unless there is something to do.
    for _ in range(n):
        x += 1
    return x


def at_peace(x):
    # Natively it only takes longer, whatever is asked.
    return x + 1


def slow_below(x):
    return x + 1


def slow_above(x):
    # It is the one below that takes longer natively, from wherever it is called.
    return slow_below(x) + 1


def doubled(text, n):
    for _ in range(n):
        text = text + text
    return len(text)


def at_work(n):
    total = 0
    for i in range(n):
        total += i & 3
    return total
