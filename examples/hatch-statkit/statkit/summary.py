"""Numbers that sum up other numbers."""

import math


def mean(values):
    """The arithmetic mean."""
    if not values:
        raise ValueError("mean of nothing")
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def variance(values):
    """The sample variance, by Welford's method."""
    if len(values) < 2:
        raise ValueError("variance needs two values")
    average = 0.0
    squares = 0.0
    for n, value in enumerate(values, 1):
        delta = value - average
        average += delta / n
        squares += delta * (value - average)
    return squares / (len(values) - 1)


def median(values):
    """The middle value, or the mean of both middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def quantile(values, q):
    """The value below which a share `q` lies; linear between neighbours."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    if below == above:
        return ordered[below]
    return ordered[below] * (above - position) + ordered[above] * (position - below)


def correlation(xs, ys):
    """Pearson's coefficient."""
    mx = mean(xs)
    my = mean(ys)
    xy = xx = yy = 0.0
    for x, y in zip(xs, ys):
        dx = x - mx
        dy = y - my
        xy += dx * dy
        xx += dx * dx
        yy += dy * dy
    return xy / math.sqrt(xx * yy)


def linear_fit(xs, ys):
    """Slope and intercept of the least-squares line."""
    mx = mean(xs)
    my = mean(ys)
    xy = 0.0
    xx = 0.0
    for i in range(len(xs)):
        xy += (xs[i] - mx) * (ys[i] - my)
        xx += (xs[i] - mx) ** 2
    slope = xy / xx
    return slope, my - slope * mx
