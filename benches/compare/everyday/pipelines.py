"""Generators, one behind the other."""


def numbers(lines):
    for line in lines:
        for field in line.split(","):
            field = field.strip()
            if field:
                yield int(field)


def running_totals(items):
    total = 0
    for item in items:
        total += item
        yield total


def last_total(lines):
    """The last running total of the numbers in some lines."""
    last = 0
    for total in running_totals(numbers(lines)):
        last = total
    return last


def triples(limit):
    """How many right triangles with whole sides have a perimeter up to a limit."""
    return sum(
        1
        for a in range(1, limit)
        for b in range(a, (limit - a) // 2 + 1)
        for c in range(int((a * a + b * b) ** 0.5), limit - a - b + 1)
        if c >= b and a * a + b * b == c * c
    )


def squares_of_odds(values):
    """The sum of squares of the odd values."""
    odd = (value for value in values if value % 2)
    squares = (value * value for value in odd)
    return sum(squares)
