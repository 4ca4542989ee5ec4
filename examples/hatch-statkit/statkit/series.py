"""Sequences of measurements."""


def moving_average(values, width):
    """Means over a window that slides by one."""
    if width < 1 or width > len(values):
        raise ValueError(f"window of {width} over {len(values)} values")
    total = sum(values[:width])
    means = [total / width]
    for i in range(width, len(values)):
        total += values[i] - values[i - width]
        means.append(total / width)
    return means


def exponential(values, alpha):
    """Exponential smoothing, in place."""
    for i in range(1, len(values)):
        values[i] = alpha * values[i] + (1.0 - alpha) * values[i - 1]


def histogram(values, low, high, bins):
    """How many values fall into each of `bins` equal parts of the range; what lies outside is not counted."""
    counts = [0] * bins
    width = (high - low) / bins
    for value in values:
        if low <= value < high:
            counts[min(int((value - low) / width), bins - 1)] += 1
    return counts


def runs(values):
    """Runs of equal neighbours, as pairs of value and length."""
    result = []
    for value in values:
        if result and result[-1][0] == value:
            result[-1] = (value, result[-1][1] + 1)
        else:
            result.append((value, 1))
    return result
