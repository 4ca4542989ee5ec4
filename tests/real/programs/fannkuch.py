import pytest
from fannkuch import run_benchmark


# The published maxima of the benchmark.
@pytest.mark.parametrize(("n", "flips"), [(2, 1), (3, 2), (4, 4), (5, 7), (6, 10), (7, 16)])
def test_flips(n, flips):
    assert run_benchmark.fannkuch(n) == flips
