"""Inputs of the kernels that change instances which were passed in."""

from inputs.kernel import kernel

HUGE = str(2**70)


@kernel(
    "shared:advance",
    "shared",
    (2, 20, 200),
    [
        "([], 2, 0.1)",
        "([Body(1, 2, 3, 4, 5)], 2, 1)",
        "([Body(1.0, nan, 0.0, 0.0, 1.0), Body(2.0, 1.0, 0.0, 0.0, 1.0)], 2, 0.1)",
        "(alias(Body(1.0, 2.0, 0.5, 0.5, 3.0), 2), 3, 0.5)",
        "([Body(1.0, 2.0, 0.5, 0.5, 3.0), Body('a', 2.0, 0.5, 0.5, 3.0)], 1, 0.5)",
        "([filled(Body(1.0, 2.0, 0.5, 0.5, 3.0), x=True), Body(3.0, 2.0, 0.5, 0.5, 3.0)], 2, 0.5)",
        "([Body(1e200, 2.0, 0.5, 0.5, 3.0), Body(-1e200, 2.0, 0.5, 0.5, 1e300)], 2, 0.5)",
    ],
    instances=True,
)
def advance(n, chance, module):
    bodies = [module.Body(*(chance.uniform(-1, 1) for _ in range(4)), chance.uniform(1, 2)) for _ in range(40)]
    return bodies, n, 0.01


@kernel(
    "shared:shortest",
    "shared",
    (150, 1500, 15000),
    [
        "(Place('a'), [])",
        "(Place('a'), [Road(Place('b'), Place('c'), 1.0)])",
        "(lambda a: (a, [Road(a, a, 1.0), Road(a, a, nan)]))(Place('a'))",
        "(lambda a, b: (a, [Road(a, b, 1), Road(b, a, 2)]))(Place('a'), Place('b'))",
        "(lambda a, b: (a, [Road(a, b, 1.0), Road(b, None, 2.0)]))(Place('a'), Place('b'))",
        "(lambda a, b: (a, [Road(a, b, 1.5), Road(b, a, '2')]))(Place('a'), Place('b'))",
        "(lambda a, b: (a, [Road(a, filled(b, distance=7), 1.5)]))(Place('a'), Place('b'))",
        "(Place('a'), (Road(Place('b'), Place('c'), 1.0),))",
    ],
    instances=True,
)
def shortest(n, chance, module):
    places = [module.Place(f"place{i}") for i in range(n)]
    ends = [(chance.randrange(n), chance.randrange(n)) for _ in range(4 * n)]
    roads = [module.Road(places[start], places[end], chance.uniform(1, 9)) for start, end in ends]
    return places[0], roads


@kernel(
    "shared:settle",
    "shared",
    (1000, 10000, 100000),
    [
        "({}, [])",
        "({'a': Account(5, 2)}, [('a', 'b', 1)])",
        "({'a': Account(5, 2), 'b': Account(0, 0)}, [('a', 'b', 3), ('a', 'b', 30), ('b', 'a', 1)])",
        "({'a': Account(5.5, 2), 'b': Account(0, 0)}, [('a', 'b', 3.25), ('b', 'a', True)])",
        "({'a': Account(" + HUGE + ", 2), 'b': Account(9223372036854775807, 0)}, [('a', 'b', 1)])",
        "(dict.fromkeys('ab', Account(5, 2)), [('a', 'b', 3)])",
        "({'a': Account(5, 2), 'b': Account(0, 0)}, [('a', 'b', 'x')])",
        "({'a': Account(5, 2), 'b': None}, [('a', 'b', 1)])",
        "({'a': filled(Account(5, 2), take=abs), 'b': Account(0, 0)}, [('a', 'b', 3)])",
        "({'a': Account(5, 2)}, [('a', 'a')])",
    ],
    instances=True,
)
def settle(n, chance, module):
    names = [f"customer{i}" for i in range(n // 40)]
    accounts = {name: module.Account(chance.randrange(100000), chance.randrange(5000)) for name in names}
    return accounts, [(chance.choice(names), chance.choice(names), chance.randrange(1, 9000)) for _ in range(n)]


@kernel(
    "shared:generations",
    "shared",
    (10, 30, 95),
    [
        "([], 2)",
        "([Cell(True)], 1)",
        "(alias(filled(Cell(True), neighbours=[Cell(True), Cell(True)]), 2), 3)",
        "([filled(Cell(1), neighbours=[Cell(2), Cell(0.0)])], 1)",
        "([filled(Cell(False), neighbours=[Cell([]), None])], 1)",
        "([filled(Cell(True), neighbours=(Cell(True), Cell('')))], 2)",
    ],
    instances=True,
)
def generations(side, chance, module):
    places = [(x, y) for y in range(side) for x in range(side)]
    cells = {place: module.Cell(chance.random() < 0.3) for place in places}
    for (x, y), cell in cells.items():
        for other in ((x + dx, y + dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dx or dy):
            if other in cells:
                cell.meet(cells[other])
    return list(cells.values()), 10


@kernel(
    "shared:tally",
    "shared",
    (300, 3000, 30000),
    [
        "(Entry(5), [])",
        "(Entry(5), [5, 3, 9, 3, 4])",
        "(Entry(5.0), [5, 3, 9, 3])",
        "(Entry('m'), ['a', 'm', 'z', 'a'])",
        "(Entry(5), [3, 'a'])",
        "(Entry(" + HUGE + "), [1, " + HUGE + "])",
        "(filled(Entry(5), left=Entry(7)), [3, 7, 3])",
        "(filled(Entry(5), count=9223372036854775807), [5])",
        "(None, [1])",
    ],
    instances=True,
)
def tally(n, chance, module):
    keys = [chance.randrange(n // 4) for _ in range(n)]
    return module.Entry(n // 8), keys
