"""Inputs of the methods that Python code calls, and that code."""

from inputs.kernel import kernel


def unite(find, groups, pairs):
    """Joins groups, for each implementation in CPython's interpreter; returns how many were joined."""
    united = 0
    for one, other in pairs:
        one, other = find(groups, one), find(groups, other)
        if one != other:
            groups.parent[one] = other
            united += 1
    return united


@kernel(
    "called:Groups.find",
    "called",
    (1000, 10000, 100000),
    [
        "(Groups(0), [])",
        "(Groups(3), [(0, 3)])",
        "(Groups(3), [(0, -1)])",
        "(Groups(2), [(True, 0.0)])",
        "(filled(Groups(2), parent=[0, 'a']), [(1, 0)])",
        "(filled(Groups(2), parent=(0, 1)), [(1, 1)])",
        "(filled(Groups(2), parent={0: 1, 1: 1}), [(0, 1)])",
        "(filled(Groups(2), parent=[1, 1.0]), [(0, 1)])",
    ],
    instances=True,
    loop=unite,
)
def find(n, chance, module):
    return module.Groups(n), [(chance.randrange(n), chance.randrange(n)) for _ in range(n)]
