from nbody import run_benchmark


def test_energy_is_kept():
    # The bodies are module data: each call moves them on.
    assert run_benchmark.bench_nbody(2, "sun", 200) > 0
    before = run_benchmark.report_energy()
    assert run_benchmark.bench_nbody(1, "sun", 200) > 0
    assert abs(run_benchmark.report_energy() - before) < 1e-3
    assert abs(before + 0.169) < 1e-3
