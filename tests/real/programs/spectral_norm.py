import pytest
from spectral_norm import run_benchmark


def test_bench(monkeypatch):
    monkeypatch.setattr(run_benchmark, "DEFAULT_N", 40)
    assert run_benchmark.bench_spectral_norm(1) > 0


def test_norm():
    # As the bench function does, with the published result for this size.
    u = [1] * 100
    for _ in range(10):
        v = run_benchmark.eval_AtA_times_u(u)
        u = run_benchmark.eval_AtA_times_u(v)
    product = sum(a * b for a, b in zip(u, v, strict=True))
    norm = sum(b * b for b in v)
    assert (product / norm) ** 0.5 == pytest.approx(1.274219991, abs=1e-9)
