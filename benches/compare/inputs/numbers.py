"""Inputs of the kernels that compute with numbers."""

from inputs.kernel import kernel

HUGE = str(2**70)


@kernel(
    "floats:mandelbrot",
    "scalar",
    (28, 90, 285),
    ["(0, 0, 5)", "(3, 3, 0)", "(2.0, 2, 3)", "('4', 4, 3)", "(3, 3, 2.5)", "(True, 2, 4)"],
)
def mandelbrot(n, chance):
    return n, n, 60


@kernel(
    "floats:simpson",
    "scalar",
    (2000, 20000, 200000),
    ["(0, 1, 4)", "(0.0, 1.0, 0)", "(0.0, inf, 3)", "(-2000.0, 0.0, 2)", "(0.0, 1.0, '3')", "(0.0, " + HUGE + ", 2)"],
)
def simpson(n, chance):
    return 0.0, 8.0, n


@kernel(
    "floats:moving_average",
    "lists",
    (10000, 100000, 1000000),
    [
        "([], 1)",
        "([1.0, 2.0], 0)",
        "([1, 2, 4], 2)",
        "([1.5, True, 2], 2)",
        "([1.0], 5)",
        "([inf, 1.0, -inf, nan, 2.0], 2)",
        "([" + HUGE + ", 1, 2], 1)",
    ],
)
def moving_average(n, chance):
    return [chance.uniform(-1, 1) for _ in range(n)], 24


@kernel(
    "matrices:matmul",
    "lists",
    (32, 70, 150),
    [
        "([[1, 2]], [[3], [4]])",
        "([], [[1.0]])",
        "([[1.0]], [])",
        "([[1.0, 2.0], [3.0]], [[1.0], [2.0]])",
        "([[True]], [[" + HUGE + "]])",
        "(alias([1.0, 2.0], 2), alias([0.5, -0.0], 2))",
        "([['a']], [[2]])",
    ],
)
def matmul(n, chance):
    return [[[chance.uniform(-1, 1) for _ in range(n)] for _ in range(n)] for _ in range(2)]


@kernel(
    "matrices:solve",
    "lists",
    (42, 95, 210),
    [
        "([[0.0]], [1.0])",
        "([], [])",
        "([[2, 1], [1, 3]], [3, 5])",
        "([[1.0, 2.0], [3.0]], [1.0, 2.0])",
        "(alias([1.0, 2.0], 2), [1.0, 2.0])",
        "([[0, 1], [1, 0]], [True, 2])",
        "([[1.0, 0.0], [0.0, 2.0]], [1.0])",
    ],
)
def solve(n, chance):
    return [[chance.uniform(-1, 1) for _ in range(n)] for _ in range(n)], [chance.uniform(-1, 1) for _ in range(n)]


@kernel(
    "matrices:life",
    "lists",
    (25, 80, 250),
    [
        "([[1]], 1)",
        "([], 1)",
        "([[1, 1], [0]], 1)",
        "([[True, False], [0, 1]], 2)",
        "(alias([1, 0, 1], 3), 2)",
        "([[1, 0], [0, 1]], 0)",
        "([[1.0, 0], [0, 1]], 1)",
        "([['x']], 1)",
    ],
)
def life(n, chance):
    return [[int(chance.random() < 0.3) for _ in range(n)] for _ in range(n)], 3


@kernel(
    "matrices:nbody",
    "lists",
    (200, 2000, 20000),
    [
        "([], 3, 0.1)",
        "([[0.0] * 7, [0.0] * 7], 1, 0.1)",
        "([[0, 0, 0, 1, 1, 1, 2]], 2, 1)",
        "([[1.0] * 7, [2.0] * 6], 1, 0.1)",
        "(alias([1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 5.0], 2), 1, 0.5)",
        "([[1, 2, 3, 0, 0, 0, 5], [2.0] * 7], 1, True)",
    ],
)
def nbody(n, chance):
    return [[chance.uniform(-9, 9) for _ in range(6)] + [chance.random()] for _ in range(5)], n, 0.01


@kernel(
    "integers:sieve",
    "lists",
    (15000, 150000, 1500000),
    ["(0,)", "(1,)", "(2,)", "(-3,)", "(True,)", "(10.0,)", "('9',)"],
)
def sieve(n, chance):
    return (n,)


@kernel("integers:collatz", "scalar", (500, 3800, 30000), ["(1,)", "(-5,)", "(2.5,)", "('3',)", "(True,)"])
def collatz(n, chance):
    return (n,)


@kernel("integers:coprime_pairs", "scalar", (140, 430, 1350), ["(0,)", "(-1,)", "(3.0,)", "(True,)"])
def coprime_pairs(n, chance):
    return (n,)


@kernel(
    "integers:dice",
    "scalar",
    (4000, 40000, 400000),
    ["(0, 0)", "(-7, 3)", "(" + HUGE + ", 5)", "(1.5, 2)", "(9223372036854775807, 3)", "(True, 4)"],
)
def dice(n, chance):
    return 42, n


@kernel(
    "integers:quicksort",
    "lists",
    (1500, 12000, 110000),
    [
        "([],)",
        "([1],)",
        "([3.5, 1, True],)",
        "(['b', 'a', 'c'],)",
        "([2, 'a'],)",
        "([" + HUGE + ", 5, -9],)",
        "([-0.0, 0.0, 0],)",
        "([[2], [1]],)",
    ],
)
def quicksort(n, chance):
    return ([chance.randrange(10 * n) for _ in range(n)],)


@kernel(
    "integers:knapsack",
    "lists",
    (50, 160, 510),
    [
        "([], [], 5)",
        "([1], [], 3)",
        "([2, 3], [5, 9], 0)",
        "([1], [" + HUGE + "], 2)",
        "([1, 2], [1.5, 2], 3)",
        "([1], [9223372036854775807], 2)",
        "([-1], [3], 2)",
        "([1, 1], [9223372036854775807, 9223372036854775807], 2)",
    ],
)
def knapsack(n, chance):
    return [chance.randint(3, 30) for _ in range(n)], [chance.randint(10, 99) for _ in range(n)], 12 * n


@kernel("backtracking:fib", "scalar", (21, 26, 31), ["(0,)", "(-4,)", "(True,)", "(2.5,)", "('a',)", "(5000,)"])
def fib(n, chance):
    return (n,)


@kernel("backtracking:queens", "lists", (7, 8, 9), ["(0,)", "(1,)", "(3,)", "(-1,)", "(4.0,)"])
def queens(n, chance):
    return (n,)


@kernel(
    "backtracking:permutations",
    "lists",
    (6, 7, 8),
    ["([],)", "([1],)", "(['a', 2.0, None],)", "([[1], [2]],)", "((1, 2),)"],
)
def permutations(n, chance):
    return (list(range(n)),)


@kernel(
    "calls:shade",
    "lists",
    (6000, 60000, 600000),
    [
        "([], 0.5)",
        "([1, 2], 2.0)",
        "([0.5], 1)",
        "([-5, " + HUGE + "], 0.5)",
        "([1], nan)",
        "([True], 0.25)",
        "(['a'], 0.5)",
    ],
)
def shade(n, chance):
    return [chance.randrange(-20, 276) for _ in range(n)], 0.3


@kernel(
    "calls:count_sundays",
    "scalar",
    (2900, 12000, 100000),
    ["(1900, 1899)", "(1.0, 1910)", "(1901, True)", "('a', 1901)"],
)
def count_sundays(n, chance):
    return 1901, n


@kernel(
    "bigints:power_mod",
    "big",
    (400, 1500, 5000),
    [
        "(2, 0, 7)",
        "(2, 5, 1)",
        "(2, 5, 0)",
        "(-3, 5, 7)",
        "(2.0, 5, 7)",
        "(True, 3, 5)",
        "(9223372036854775807, 3, 9223372036854775783)",
    ],
)
def power_mod(n, chance):
    return chance.getrandbits(n), chance.getrandbits(n), chance.getrandbits(n) | 1


@kernel("bigints:pi_digits", "big", (150, 500, 1600), ["(0,)", "(1,)", "(-1,)", "(30,)", "(3.5,)"])
def pi_digits(n, chance):
    return (n,)


@kernel("pipelines:triples", "generators", (90, 220, 500), ["(0,)", "(1,)", "(12,)", "(13.0,)"])
def triples(n, chance):
    return (n,)


@kernel(
    "pipelines:squares_of_odds",
    "generators",
    (18000, 180000, 1800000),
    [
        "([],)",
        "([1, 2.5, 3],)",
        "([True, 3],)",
        "([" + HUGE + ", 1],)",
        "([3037000501],)",
        "([4000000001, 4000000001, 1],)",
        "(['a'],)",
    ],
)
def squares_of_odds(n, chance):
    return ([chance.randrange(1000) for _ in range(n)],)
