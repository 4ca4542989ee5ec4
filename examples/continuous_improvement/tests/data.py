"""Made-up experiments and metrics, always the same for one seed."""

import random

METRICS = ("conversion", "revenue", "latency", "retention", "clicks", "errors", "engagement", "satisfaction")


def experiment(variants=10, metrics=8, samples=1000, seed=1):
    """Variant to metric to samples; some variants are truly better, some worse, most are neither."""
    chooser = random.Random(seed)
    data = {}
    for index in range(variants):
        name = "control" if index == 0 else f"variant-{index}"
        effect = (index % 4 - 1) * 0.03 if index else 0.0
        data[name] = {
            METRICS[m % len(METRICS)] + ("" if m < len(METRICS) else f"-{m}"): [
                chooser.gauss(10.0 * (m + 1) * (1.0 + effect), 2.0 + m) for _ in range(samples)
            ]
            for m in range(metrics)
        }
    return data


def metrics(count=80, samples=1000, seed=2):
    """Metric to its record: values with a trend, noise and a few outliers, a target, a weight, a direction."""
    chooser = random.Random(seed)
    data = {}
    for m in range(count):
        slope = chooser.uniform(-0.01, 0.01)
        noise = chooser.uniform(0.1, 3.0)
        values = [50.0 + slope * step + chooser.gauss(0.0, noise) for step in range(samples)]
        for _ in range(samples // 100):
            values[chooser.randrange(samples)] *= chooser.choice((0.2, 3.0))
        data[f"{METRICS[m % len(METRICS)]}-{m // len(METRICS)}"] = {
            "values": values,
            "target": chooser.uniform(40.0, 60.0),
            "weight": chooser.choice((1.0, 2.0, 5.0)),
            "higher_is_better": chooser.random() < 0.5,
        }
    return data
