# explain
# compile: in_place (list[int], int) -> None
# compile: native (int) -> list[int]
# compile: union (int | None, dict[str, float], str) -> float
# compile: big (int) -> bigint
# compile: left (list[str]) -> int
# compile: refused (list[int]) -> int
# compile: refused_along (str) -> int
LIMIT = 10


def in_place(xs, n):
    for i in range(len(xs)):
        xs[i] += n
    xs.append(LIMIT)


def native(n):
    """The squares of even numbers."""
    squares = [i * i for i in range(n) if i % 2 == 0]
    text = str(n)
    text = len(text) / n
    squares.append(int(text))
    return squares


def union(n, table, key):
    if n is None:
        n = table[key]
    if n < 0:
        raise ValueError("negative")
    return n / table[key]


def big(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result


def left(words):
    count = 0
    for word in words:
        if not word:
            print("empty")
            continue
        count += len(word)
    return count


def refused(xs):
    for x in xs:
        print(x)
    return open(xs)


def callee(text):
    with open(text) as file:
        return file.read()


def between(text):
    return callee(text) + 1


def refused_along(text):
    return between(text)
