from itertools import pairwise

import pytest
from data import metrics
from scipy import stats

from continuous_improvement import identify_improvement_opportunities
from continuous_improvement.opportunities import outliers, quantile, trend, volatility


def test_trend_is_scipys():
    for record in metrics(6, 200).values():
        slope, explained = trend(record["values"])
        expected = stats.linregress(range(200), record["values"])
        assert slope == pytest.approx(expected.slope)
        assert explained == pytest.approx(expected.rvalue**2, abs=1e-12)
    assert trend([2.0, 2.0, 2.0]) == (0.0, 0.0)


def test_volatility():
    values = metrics(1, 300)["conversion-0"]["values"]
    changes = [(b - a) / abs(a) for a, b in pairwise(values)]
    assert volatility(values) == pytest.approx(stats.tstd(changes))
    assert volatility([1.0, 2.0]) == 0.0


def test_outliers():
    values = metrics(1, 300)["conversion-0"]["values"]
    ordered = sorted(values)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert quantile(ordered, share) == pytest.approx(stats.mstats.mquantiles(values, share, 1, 1)[0])
    first, third = quantile(ordered, 0.25), quantile(ordered, 0.75)
    fence = 1.5 * (third - first)
    for index, value in enumerate(values):
        assert (index in outliers(values)) == (not first - fence <= value <= third + fence)


def test_opportunities():
    data = metrics()
    found = identify_improvement_opportunities(data)
    assert {one["metric"] for one in found} == set(data)
    assert [one["rank"] for one in found] == list(range(1, len(data) + 1))
    impacts = [one["impact"] for one in found]
    assert impacts == sorted(impacts, reverse=True)
    assert {one["advice"] for one in found} <= {
        "close the gap to the target",
        "stop the decline",
        "reduce the variation",
        "keep watching",
    }


def test_weights_scale_the_impact():
    data = metrics(20)
    impacts = {one["metric"]: one["impact"] for one in identify_improvement_opportunities(data)}
    for weight in (0.5, 1.0, 2.0, 4.0) * 10:
        scaled = {name: {**record, "weight": record["weight"] * weight} for name, record in data.items()}
        for one in identify_improvement_opportunities(scaled):
            assert one["impact"] == impacts[one["metric"]] * weight


def test_what_is_far_from_its_target_comes_first():
    steady = {"target": 10.0, "weight": 1.0, "higher_is_better": True}
    found = identify_improvement_opportunities(
        {
            "near": {"values": [10.0, 10.1, 9.9, 10.0, 10.0], **steady},
            "far": {"values": [5.0, 5.1, 4.9, 5.0, 5.0], **steady},
            "short": {"values": [1.0, 2.0], **steady},
        }
    )
    assert [one["metric"] for one in found] == ["far", "near"]
    assert found[0]["advice"] == "close the gap to the target"
    assert found[1]["advice"] == "keep watching"
