"""Loops over floats."""

import math


def mandelbrot(width, height, limit):
    """How many points of a grid do not escape."""
    inside = 0
    for row in range(height):
        y0 = 2.4 * row / height - 1.2
        for column in range(width):
            x0 = 3.2 * column / width - 2.3
            x = y = 0.0
            steps = 0
            while x * x + y * y <= 4.0 and steps < limit:
                x, y = x * x - y * y + x0, 2.0 * x * y + y0
                steps += 1
            if steps == limit:
                inside += 1
    return inside


def simpson(low, high, pieces):
    """The integral of a damped wave."""
    width = (high - low) / pieces
    total = 0.0
    for i in range(pieces):
        left = low + i * width
        middle = left + width / 2
        right = left + width
        total += (
            math.exp(-left) * math.sin(3 * left)
            + 4 * math.exp(-middle) * math.sin(3 * middle)
            + math.exp(-right) * math.sin(3 * right)
        )
    return total * width / 6


def moving_average(values, window):
    """The mean of each window of a list."""
    result = []
    total = sum(values[:window])
    result.append(total / window)
    for i in range(window, len(values)):
        total += values[i] - values[i - window]
        result.append(total / window)
    return result
