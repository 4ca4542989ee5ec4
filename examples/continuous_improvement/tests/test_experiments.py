import math

import pytest
from data import experiment
from scipy import special, stats

from continuous_improvement import analyze_experiment_results
from continuous_improvement.distributions import incomplete_beta, two_sided_p_value
from continuous_improvement.experiments import describe, welch_t_test


def test_incomplete_beta_is_scipys():
    for a in (0.5, 1.0, 2.5, 30.0, 900.0):
        for b in (0.5, 1.0, 4.0, 75.5):
            for x in (0.0, 1e-6, 0.1, 0.37, 0.5, 0.9, 0.999, 1.0):
                assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-290)
    with pytest.raises(ValueError, match=r"x must be between 0 and 1, not 1\.5"):
        incomplete_beta(1.0, 2.0, 1.5)


def test_p_value_is_scipys():
    for degrees in (1.0, 2.5, 10.0, 99.5, 1998.0):
        for t in (0.0, 0.3, -1.96, 2.5, 8.0):
            assert two_sided_p_value(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-9)
    with pytest.raises(ValueError, match="degrees of freedom must be positive"):
        two_sided_p_value(1.0, 0.0)


def test_describe():
    samples = experiment(1, 1, 500)["control"]["conversion"]
    found = describe(samples)
    assert found["count"] == 500
    assert found["mean"] == pytest.approx(math.fsum(samples) / 500)
    assert found["variance"] == pytest.approx(stats.tvar(samples))
    assert (found["min"], found["max"]) == (min(samples), max(samples))
    with pytest.raises(ValueError, match="at least two samples are needed, not 1"):
        describe([1.0])


def test_welch_is_scipys():
    data = experiment(4, 3, 300)
    for variant in ("variant-1", "variant-2", "variant-3"):
        for metric, samples in data[variant].items():
            t, degrees, p_value = welch_t_test(describe(samples), describe(data["control"][metric]))
            expected = stats.ttest_ind(samples, data["control"][metric], equal_var=False)
            assert t == pytest.approx(expected.statistic)
            assert degrees == pytest.approx(expected.df)
            assert p_value == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-290)


def test_equal_samples_decide_nothing():
    same = {"count": 3, "mean": 1.0, "variance": 0.0, "min": 1.0, "max": 1.0}
    assert welch_t_test(same, same) == (0.0, 4.0, 1.0)
    assert welch_t_test(same, {**same, "mean": 2.0}) == (0.0, 4.0, 0.0)


def test_analysis():
    data = experiment()
    found = analyze_experiment_results(data, 0.05, 0.02)
    assert set(found["variants"]) == set(data) - {"control"}
    for variant, result in found["variants"].items():
        for metric, numbers in result["metrics"].items():
            expected = stats.ttest_ind(data[variant][metric], data["control"][metric], equal_var=False)
            assert numbers["p_value"] == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-290)
            assert numbers["significant"] == (expected.pvalue < 0.05)
            assert numbers["confidence"] == 1.0 - numbers["p_value"]
    assert found["winners"]
    scores = [found["variants"][name]["score"] for name in found["winners"]]
    assert scores == sorted(scores, reverse=True)
    for name in found["winners"]:
        assert found["variants"][name]["improved"] > 0
        assert found["variants"][name]["worsened"] == 0


def test_order_of_variants_does_not_matter():
    data = experiment()
    found = analyze_experiment_results(data, 0.05, 0.02)
    for turn in range(1, 30):
        names = list(data)
        turned = {name: data[name] for name in names[turn % 10 :] + names[: turn % 10]}
        assert analyze_experiment_results(turned, 0.05, 0.02) == found


def test_stricter_thresholds_find_less():
    data = experiment(6, 4, 400)
    loose = analyze_experiment_results(data, 0.1, 0.0)
    strict = analyze_experiment_results(data, 1e-12, 0.5)
    assert strict["winners"] == []
    assert sum(r["improved"] for r in loose["variants"].values()) > 0


def test_control_is_needed():
    with pytest.raises(KeyError, match="no variant is called 'control'"):
        analyze_experiment_results({"a": {"m": [1.0, 2.0]}}, 0.05, 0.02)
