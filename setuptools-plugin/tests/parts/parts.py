"""Generators, and functions of which only loops can be native: they call what nobody knows."""


def logged(xs, log):
    log("begin")
    total = 0
    best = None
    for x in xs:
        total += x * x
        if best is None or x > best:
            best = x
    log(total)
    return total, best


def search(xs, limit, log):
    log("search")
    for x in xs:
        if x % 1000 > limit:
            return x
    log("none")
    return None


def picky(xs, log):
    log("picky")
    total = 0
    try:
        for x in xs:
            total += 100 // x
    except ZeroDivisionError:
        log("zero")
    return total


def growing(xs, n, log):
    log("grow")
    for i in range(n):
        xs.append(i * i)
        if i > 150:
            break
    else:
        n = 0
    log(n)
    return xs


def tidy(xs, seen, log):
    log("tidy")
    for x in xs:
        try:
            if x > 200:
                return x
        finally:
            seen.append(x)
    return None


def collatz(n, seen):
    while n != 1:
        m = n
        for _ in range(10):
            m = (m * 31 + 7) % 1000003
        seen.append(m)
        got = yield n + m % 2
        if got is not None:
            n += 2
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    return len(seen)


try:
    import _pyrust_parts  # type: ignore[import-not-found]  # noqa: F401
except ImportError:
    if __import__("os").environ.get("PYRUST") == "require":
        raise
