# compile: mean (list[float]) -> float | None
# compile: first (dict[str, int], list[str]) -> int | None
def mean(xs):
    total = 0
    for x in xs:
        total += x
    return total / len(xs) if xs else None


def first(table, names):
    best = None
    for name in names:
        value = table.get(name)
        if value is not None and (best is None or value < best):
            best = value
    return best
