"""Recursion and backtracking."""


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def queens(size):
    """In how many ways queens can stand without threatening one another."""
    return place(0, size, [False] * size, [False] * (2 * size), [False] * (2 * size))


def place(row, size, columns, rising, falling):
    if row == size:
        return 1
    count = 0
    for column in range(size):
        up = row + column
        down = row - column + size
        if columns[column] or rising[up] or falling[down]:
            continue
        columns[column] = rising[up] = falling[down] = True
        count += place(row + 1, size, columns, rising, falling)
        columns[column] = rising[up] = falling[down] = False
    return count


def permutations(items):
    """All orders of a list, in the order of its places."""
    if len(items) <= 1:
        return [items[:]]
    result = []
    for i in range(len(items)):
        rest = items[:i] + items[i + 1 :]
        for tail in permutations(rest):
            result.append([items[i], *tail])
    return result
