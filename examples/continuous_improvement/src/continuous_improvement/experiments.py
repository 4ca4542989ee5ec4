"""Which variant of an experiment is better than its control, metric by metric."""

import math

from continuous_improvement.distributions import two_sided_p_value

CONTROL = "control"


def describe(samples):
    """Count, mean, variance (n - 1), least and greatest of the samples."""
    count = len(samples)
    if count < 2:
        raise ValueError(f"at least two samples are needed, not {count}")
    mean = sum(samples) / count
    squares = 0.0
    for value in samples:
        deviation = value - mean
        squares += deviation * deviation
    return {
        "count": count,
        "mean": mean,
        "variance": squares / (count - 1),
        "min": min(samples),
        "max": max(samples),
    }


def welch_t_test(a, b):
    """Welch's t, its degrees of freedom and its two-sided p-value for two descriptions."""
    of_a = a["variance"] / a["count"]
    of_b = b["variance"] / b["count"]
    both = of_a + of_b
    if both == 0.0:
        return (0.0, float(a["count"] + b["count"] - 2), 1.0 if a["mean"] == b["mean"] else 0.0)
    t = (a["mean"] - b["mean"]) / math.sqrt(both)
    degrees = both * both / (of_a * of_a / (a["count"] - 1) + of_b * of_b / (b["count"] - 1))
    return (t, degrees, two_sided_p_value(t, degrees))


def analyze_experiment_results(experiment_data, significance_threshold=0.05, improvement_threshold=0.02):
    """Compare each variant with the control.

    `experiment_data` maps variant to metric to samples; one variant is called "control". A metric of a variant
    has improved when its p-value is below `significance_threshold` and its relative gain is at least
    `improvement_threshold`. A variant wins when a metric has improved and none has become worse to that degree.
    """
    if CONTROL not in experiment_data:
        raise KeyError(f"no variant is called {CONTROL!r}")
    control = {metric: describe(samples) for metric, samples in experiment_data[CONTROL].items()}

    variants = {}
    winners = []
    for variant, metrics in experiment_data.items():
        if variant == CONTROL:
            continue
        results = {}
        improved = worsened = 0
        gains = 0.0
        for metric, samples in metrics.items():
            base = control[metric]
            found = describe(samples)
            t, degrees, p_value = welch_t_test(found, base)
            gain = (found["mean"] - base["mean"]) / abs(base["mean"]) if base["mean"] else 0.0
            significant = p_value < significance_threshold
            if significant and gain >= improvement_threshold:
                improved += 1
            elif significant and gain <= -improvement_threshold:
                worsened += 1
            gains += gain
            results[metric] = {
                "mean": found["mean"],
                "deviation": math.sqrt(found["variance"]),
                "gain": gain,
                "t": t,
                "degrees_of_freedom": degrees,
                "p_value": p_value,
                "confidence": 1.0 - p_value,
                "significant": significant,
            }
        score = gains / len(metrics) if metrics else 0.0
        variants[variant] = {"metrics": results, "improved": improved, "worsened": worsened, "score": score}
        if improved and not worsened:
            winners.append((score, variant))
    winners.sort(key=lambda entry: (-entry[0], entry[1]))
    return {"control": control, "variants": variants, "winners": [name for _, name in winners]}
