"""Inputs of the kernels that work on dicts, sets, heaps, graphs, records and instances."""

from inputs.kernel import kernel

HUGE = str(2**70)


@kernel(
    "cells:living_cells",
    "dicts",
    (400, 4000, 40000),
    [
        "(set(), 3)",
        "({(0, 0), (1, 0), (2, 0)}, 0)",
        "({(0, 0), (1, 0), (2, 0)}, 1)",
        "({(0.0, 1), (1, 1), (2, 1)}, 1)",
        "({(9223372036854775807, 0)}, 1)",
        "({(1, 2, 3)}, 1)",
        "(frozenset({(0, 0)}), 1)",
        "([(0, 0), (0, 1), (0, 2)], 1)",
    ],
)
def living_cells(n, chance):
    side = int((3 * n) ** 0.5)
    return {(chance.randrange(side), chance.randrange(side)) for _ in range(n)}, 2


@kernel(
    "cells:islands",
    "dicts",
    (2500, 25000, 250000),
    [
        "([],)",
        "([(0, 0), (0, 0)],)",
        "([(0, 0), (1.0, 0)],)",
        "([(9223372036854775807, 0)],)",
        "([(1, 2, 3)],)",
        "([[1, 2]],)",
    ],
)
def islands(n, chance):
    side = int((2 * n) ** 0.5)
    return (sorted({(chance.randrange(side), chance.randrange(side)) for _ in range(n)}),)


@kernel(
    "heaps:schedule",
    "lists",
    (2500, 22000, 200000),
    [
        "([], 2)",
        "([(3, 1)], 0)",
        "([(1.5, 2), (0, 1)], 1)",
        "([(" + HUGE + ", 1)], 1)",
        "([(9223372036854775807, 1)], 1)",
        "([(1, 2, 3)], 1)",
        "([['a', 'b']], 1)",
    ],
)
def schedule(n, chance):
    return [(chance.randrange(n), chance.randrange(1, 60)) for _ in range(n)], 25


@kernel(
    "heaps:heapsort",
    "lists",
    (1000, 8000, 65000),
    [
        "([],)",
        "([1],)",
        "([3.5, 1, True],)",
        "(['b', 'a', 'c'],)",
        "([2, 'a'],)",
        "([" + HUGE + ", 5, -9],)",
        "([nan, 1.0, nan],)",
        "([-0.0, 0.0, 0],)",
    ],
)
def heapsort(n, chance):
    return ([chance.random() for _ in range(n)],)


@kernel(
    "heaps:largest",
    "lists",
    (30000, 300000, 3000000),
    [
        "([], 3)",
        "([1, 2], 0)",
        "([3.5, 1, True], 2)",
        "(['b', 'a', 'c'], 2)",
        "([2, 'a'], 1)",
        "([" + HUGE + ", 5, -9], 2)",
        "([1], -1)",
    ],
)
def largest(n, chance):
    return [chance.random() for _ in range(n)], 50


@kernel(
    "graphs:breadth_first",
    "dicts",
    (2500, 20000, 160000),
    [
        "({'a': []}, 'a')",
        "({}, 'a')",
        "({'a': ['b']}, 'a')",
        "({1: [2, 1], 2: []}, 1)",
        "({'a': ('b',), 'b': {}}, 'a')",
        "({None: [None]}, None)",
    ],
)
def breadth_first(n, chance):
    names = [f"node{i}" for i in range(n)]
    return {name: [chance.choice(names) for _ in range(5)] for name in names}, names[0]


@kernel(
    "graphs:dijkstra",
    "dicts",
    (800, 6500, 52000),
    [
        "({0: []}, 0)",
        "({}, 0)",
        "({0: [(1, 2)], 1: []}, 0)",
        "({0: [(1, -2.0)], 1: [(0, 0.5)]}, 0)",
        "({'a': [('b', 1.5)], 'b': []}, 'a')",
        "({0: [(1, nan)], 1: []}, 0)",
        "({0: [(1,)]}, 0)",
    ],
)
def dijkstra(n, chance):
    return {node: [(chance.randrange(n), chance.uniform(1, 9)) for _ in range(5)] for node in range(n)}, 0


@kernel(
    "graphs:components",
    "lists",
    (4000, 40000, 400000),
    [
        "(0, [])",
        "(3, [(0, 3)])",
        "(3, [(0, -1)])",
        "(2, [(0, 1), (1, 0)])",
        "(2, [[0, 1]])",
        "(2, [(0.0, 1)])",
        "(2, [(True, False)])",
        "(2, [(0, 1, 2)])",
    ],
)
def components(n, chance):
    return n, [(chance.randrange(n), chance.randrange(n)) for _ in range(n)]


@kernel(
    "graphs:build_order",
    "dicts",
    (2500, 25000, 250000),
    ["({},)", "({'a': ['a']},)", "({'a': ['b'], 'b': []},)", "({'a': ['b']},)", "({1: [2], 2: ()},)"],
)
def build_order(n, chance):
    names = [f"task{i}" for i in range(n)]
    return (
        {
            name: [names[i + chance.randrange(1, 40)] for _ in range(3) if i % 600 + 40 < 600 and i + 40 < n]
            for i, name in enumerate(names)
        },
    )


@kernel(
    "records:summarise",
    "dicts",
    (6000, 60000, 600000),
    [
        "([],)",
        "([('a', 1), ('a', 2)],)",
        "([('a', 1.5), ('b', True)],)",
        "([('a', nan), ('a', 1.0)],)",
        "([('a', " + HUGE + ")],)",
        "([('a', 1e200), ('a', -1e200)],)",
        "([(1, 2.0), (1.0, 3.0)],)",
        "([('a',)],)",
        "([('a', 'b')],)",
    ],
)
def summarise(n, chance):
    names = [f"sensor{i}" for i in range(30)]
    return ([(chance.choice(names), chance.gauss(20, 5)) for _ in range(n)],)


@kernel(
    "records:revenue",
    "dicts",
    (5000, 50000, 500000),
    [
        "([],)",
        "([{'state': 'paid'}],)",
        "([{'state': 'cancelled'}],)",
        "([{'state': 'paid', 'price': 2, 'quantity': 3, 'customer': 'x'}],)",
        "([{'state': 'paid', 'price': 2.5, 'quantity': 10.0, 'customer': None}],)",
        "([{'state': 'paid', 'price': 1.5, 'quantity': " + HUGE + ", 'customer': 'x'}],)",
        "([{'state': 'paid', 'price': '2', 'quantity': 3, 'customer': 'x'}],)",
    ],
)
def revenue(n, chance):
    customers = [f"customer{i}" for i in range(n // 50 + 5)]
    return (
        [
            {
                "customer": chance.choice(customers),
                "price": chance.randrange(100, 9999) / 100,
                "quantity": chance.randrange(1, 15),
                "state": chance.choice(["paid", "paid", "open", "cancelled"]),
            }
            for _ in range(n)
        ],
    )


@kernel(
    "records:correlation",
    "lists",
    (15000, 150000, 1500000),
    [
        "([], [])",
        "([1.0], [2.0])",
        "([1, 2, 3], [2, 4, 7])",
        "([1.0, 2.0, 3.0], [1.0, 2.0])",
        "([1.0, inf], [2.0, 3.0])",
        "([" + HUGE + ", 1], [1, 2])",
        "([1.0, 2.0], ['a', 'b'])",
    ],
)
def correlation(n, chance):
    return [[chance.gauss(0, 1) for _ in range(n)] for _ in range(2)]


@kernel(
    "records:clusters",
    "lists",
    (250, 2500, 25000),
    [
        "([], [(0.0, 0.0)], 1)",
        "([(1.0, 2.0)], [], 1)",
        "([(1, 2), (3, 4)], [(0, 0), (5, 5)], 2)",
        "([(nan, 1.0)], [(0.0, 0.0)], 1)",
        "([(1.0, 2.0)], [(0.0, 0.0)], 0)",
        "([[1.0, 2.0]], [[0.0, 0.0]], 1)",
        "([(1.0,)], [(0.0, 0.0)], 1)",
    ],
)
def clusters(n, chance):
    return (
        [(chance.random(), chance.random()) for _ in range(n)],
        [(chance.random(), chance.random()) for _ in range(8)],
        4,
    )


@kernel(
    "objects:particles",
    "classes",
    (50, 500, 5000),
    [
        "([], 1, 0.1)",
        "([(0, 0, 1, 1)], 3, 1)",
        "([(0.5, nan, 1.0, 1.0)], 2, 0.1)",
        "([(1.0, 2.0, 3.0)], 1, 0.1)",
        "([('a', 0.0, 'b', 0.0)], 1, 2)",
    ],
)
def particles(n, chance):
    return [tuple(chance.random() for _ in range(4)) for _ in range(n)], 100, 0.03


@kernel(
    "objects:machine",
    "classes",
    (4000, 40000, 400000),
    [
        "([], 3)",
        "([('pop', 0)], 1)",
        "([('add', 0)], 1)",
        "([('push', 2), ('add', 0), ('mod', 0)], 1)",
        "([('push', " + HUGE + "), ('add', 0)], 1)",
        "([('push', 9223372036854775807), ('add', 0)], 1)",
        "([('push', 'a'), ('add', 0)], 'b')",
        "([('push',)], 1)",
    ],
)
def machine(n, chance):
    return [("push", 7), ("add", 0), ("push", 12345), ("add", 0), ("mod", 1000003), ("repeat", n)], 1
