"""Which metrics are worth working on: how they move, how far they are from their target, what it would bring."""

import math
from itertools import pairwise


def trend(values):
    """Slope per step of the least-squares line, and the share of the variance that it explains."""
    count = len(values)
    middle = (count - 1) / 2
    mean = sum(values) / count
    across = along = total = 0.0
    for step, value in enumerate(values):
        x = step - middle
        y = value - mean
        across += x * y
        along += x * x
        total += y * y
    if along == 0.0 or total == 0.0:
        return 0.0, 0.0
    return across / along, across * across / (along * total)


def volatility(values):
    """Standard deviation of the relative changes from step to step."""
    changes = [(after - before) / abs(before) for before, after in pairwise(values) if before != 0.0]
    if len(changes) < 2:
        return 0.0
    mean = sum(changes) / len(changes)
    return math.sqrt(sum((change - mean) ** 2 for change in changes) / (len(changes) - 1))


def quantile(ordered, share):
    """The quantile of sorted values, linear between neighbours."""
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def outliers(values):
    """Positions of the values outside Tukey's fences."""
    ordered = sorted(values)
    first, third = quantile(ordered, 0.25), quantile(ordered, 0.75)
    reach = 1.5 * (third - first)
    return [index for index, value in enumerate(values) if value < first - reach or value > third + reach]


def identify_improvement_opportunities(metrics_data):
    """Rank metrics by what improving them would bring, most first.

    `metrics_data` maps metric to a record: "values" in order of time, "target", "weight", and "higher_is_better".
    A metric counts with the gap to its target, with what its trend will cost, with its volatility and its outliers.
    """
    opportunities = []
    for metric, record in metrics_data.items():
        values = record["values"]
        if len(values) < 3:
            continue
        target = record["target"]
        sign = 1.0 if record["higher_is_better"] else -1.0
        slope, explained = trend(values)
        spread = volatility(values)
        odd = outliers(values)
        recent = values[-max(3, len(values) // 10) :]
        current = sum(recent) / len(recent)
        scale = abs(target) if target else 1.0
        gap = max(0.0, sign * (target - current) / scale)
        decline = max(0.0, -sign * slope * len(values) / scale) * explained
        impact = record["weight"] * (gap + 0.5 * decline + 0.25 * spread + 0.1 * len(odd) / len(values))
        if gap > 0.1:
            advice = "close the gap to the target"
        elif decline > 0.05:
            advice = "stop the decline"
        elif spread > 0.2:
            advice = "reduce the variation"
        else:
            advice = "keep watching"
        opportunities.append(
            {
                "metric": metric,
                "current": current,
                "gap": gap,
                "slope": slope,
                "explained": explained,
                "volatility": spread,
                "outliers": odd,
                "impact": impact,
                "advice": advice,
            }
        )
    opportunities.sort(key=lambda found: found["impact"], reverse=True)
    for rank, found in enumerate(opportunities, 1):
        found["rank"] = rank
    return opportunities
