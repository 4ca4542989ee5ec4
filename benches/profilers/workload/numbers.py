"""Floats in a loop with an early end."""


def escapes(real, imaginary, limit):
    x = y = 0.0
    for turn in range(limit):
        if x * x + y * y > 4.0:
            return turn
        x, y = x * x - y * y + real, 2.0 * x * y + imaginary
    return limit


def run(size):
    total = 0
    for row in range(size):
        for column in range(60):
            total += escapes(column / 30.0 - 1.5, row / size - 0.5, 80)
    return total
