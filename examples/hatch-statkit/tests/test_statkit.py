import math
import random
import statistics

import pytest

import statkit


def sample(seed, count):
    chooser = random.Random(seed)
    return [chooser.gauss(10, 3) for _ in range(count)]


def test_mean_and_variance():
    for seed in range(40):
        values = sample(seed, 5000)
        assert statkit.mean(values) == pytest.approx(statistics.fmean(values))
        assert statkit.variance(values) == pytest.approx(statistics.variance(values))
    with pytest.raises(ValueError, match="mean of nothing"):
        statkit.mean([])
    with pytest.raises(ValueError, match="variance needs two values"):
        statkit.variance([1.0])


def test_median_and_quantile():
    assert statkit.median([3.0, 1.0, 2.0]) == 2.0
    assert statkit.median([4.0, 1.0, 2.0, 3.0]) == 2.5
    for seed in range(20):
        values = sample(seed, 9001)
        assert statkit.median(values) == statistics.median(values)
        assert statkit.quantile(values, 0.5) == statkit.median(values)
        assert statkit.quantile(values, 0.0) == min(values)
        assert min(values) < statkit.quantile(values, 0.123) < max(values)


def test_correlation():
    xs = sample(1, 100000)
    assert statkit.correlation(xs, [2 * x + 1 for x in xs]) == pytest.approx(1.0)
    assert statkit.correlation(xs, [-x for x in xs]) == pytest.approx(-1.0)


def test_linear_fit():
    xs = sample(2, 100000)
    slope, intercept = statkit.linear_fit(xs, [3.0 * x - 2.0 for x in xs])
    assert slope == pytest.approx(3.0)
    assert intercept == pytest.approx(-2.0)


def test_moving_average():
    assert statkit.moving_average([1.0, 2.0, 3.0, 4.0], 2) == [1.5, 2.5, 3.5]
    values = sample(3, 200000)
    for width in (1, 7, 50):
        assert len(statkit.moving_average(values, width)) == 200001 - width
    with pytest.raises(ValueError, match="window of 5 over 1 values"):
        statkit.moving_average([1.0], 5)


def test_exponential_changes_its_argument():
    values = [1.0, 2.0, 4.0]
    assert statkit.exponential(values, 0.5) is None
    assert values == [1.0, 1.5, 2.75]
    for seed in range(40):
        values = sample(seed, 5000)
        first = values[0]
        statkit.exponential(values, 0.0)
        assert values == [first] * 5000


def test_histogram():
    assert statkit.histogram([0.0, 0.5, 1.0, 1.5, 2.0], 0.0, 2.0, 2) == [2, 2]
    values = sample(4, 10000)
    for bins in range(1, 30):
        assert sum(statkit.histogram(values, -100.0, 100.0, bins)) == 10000


def test_runs():
    assert statkit.runs([1, 1, 2, 1]) == [(1, 2), (2, 1), (1, 1)]
    chooser = random.Random(5)
    values = [chooser.randrange(3) for _ in range(200000)]
    assert sum(length for _, length in statkit.runs(values)) == 200000


def test_matrix():
    chooser = random.Random(6)
    a = [[chooser.uniform(-1, 1) for _ in range(120)] for _ in range(120)]
    assert statkit.multiply(a, statkit.identity(120)) == a
    assert statkit.transpose(statkit.transpose(a)) == a
    b = statkit.multiply(a, a)
    assert statkit.determinant(b) == pytest.approx(statkit.determinant(a) ** 2)
    assert statkit.determinant([[1.0, 2.0], [2.0, 4.0]]) == 0.0


def test_primes():
    assert len(statkit.sieve(2)) == 0
    assert [len(statkit.sieve(limit)) for limit in (3, 10, 1000, 100000, 1000000)] == [1, 4, 168, 9592, 78498]
    primes = statkit.sieve(100000)
    assert primes[:5] == [2, 3, 5, 7, 11]
    assert primes == [n for n in range(100000) if statkit.is_prime(n)]


def test_factorize():
    assert statkit.factorize(360) == {2: 3, 3: 2, 5: 1}
    for n in range(1, 40000):
        assert math.prod(p**e for p, e in statkit.factorize(n).items()) == n


def test_gcd():
    chooser = random.Random(7)
    for _ in range(200000):
        a = chooser.randrange(-(10**6), 10**6)
        b = chooser.randrange(-(10**6), 10**6)
        assert statkit.gcd(a, b) == math.gcd(a, b)
    # Beyond 64 bits the call runs as Python.
    assert statkit.gcd(10**30, 10**25) == 10**25
