"""Sieves and loops over integers."""


def sieve(limit):
    """All primes below a limit."""
    flags = [True] * limit
    flags[0:2] = [False, False]
    for i in range(2, int(limit**0.5) + 1):
        if flags[i]:
            for j in range(i * i, limit, i):
                flags[j] = False
    return [i for i, flag in enumerate(flags) if flag]


def collatz(limit):
    """Which start below a limit takes the most steps."""
    best = 1
    longest = 0
    for start in range(1, limit):
        n = start
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n //= 2
            else:
                n = 3 * n + 1
            steps += 1
        if steps > longest:
            longest = steps
            best = start
    return best, longest


def coprime_pairs(limit):
    """How many pairs below a limit have no common divisor."""
    count = 0
    for a in range(1, limit):
        for b in range(a + 1, limit):
            x = a
            y = b
            while y:
                x, y = y, x % y
            if x == 1:
                count += 1
    return count


def dice(seed, rolls):
    """Rolls two dice with a linear congruential generator; counts each sum."""
    counts = [0] * 13
    state = seed
    for _ in range(rolls):
        state = (state * 1103515245 + 12345) % 2147483648
        first = state // 65536 % 6 + 1
        state = (state * 1103515245 + 12345) % 2147483648
        second = state // 65536 % 6 + 1
        counts[first + second] += 1
    return counts


def quicksort(items):
    """Sorts a list in place."""
    stack = [(0, len(items) - 1)]
    while stack:
        low, high = stack.pop()
        if low >= high:
            continue
        pivot = items[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        stack.append((low, j))
        stack.append((i, high))


def knapsack(weights, values, capacity):
    """The greatest value that fits."""
    best = [0] * (capacity + 1)
    for i in range(len(weights)):
        weight = weights[i]
        value = values[i]
        for room in range(capacity, weight - 1, -1):
            candidate = best[room - weight] + value
            if candidate > best[room]:
                best[room] = candidate
    return best[capacity]
