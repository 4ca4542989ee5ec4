"""Inputs of the kernels that loop over arrays. NumPy is imported where it is needed: not every Python has it."""

from inputs.kernel import kernel


def _random(chance, *shape):
    import numpy

    return numpy.random.default_rng(chance.randrange(2**32)).uniform(-1.0, 1.0, shape)


EDGE = "__import__('numpy')."


def edges(*texts):
    """`np` in the texts is the module, which the other edge inputs do without."""
    return [text.replace("np.", EDGE) for text in texts]


@kernel("arrays:jacobi", "arrays", (40, 120, 400), edges("(np.zeros((2, 2)), np.zeros((1, 1)), 3)", "([], [], 1)"))
def jacobi(n, chance):
    return _random(chance, n, n), _random(chance, n, n), 10


@kernel("arrays:seidel", "arrays", (40, 120, 400), edges("(np.zeros((4, 4)).T, 2)", "(np.ones((3, 2)), 1)"))
def seidel(n, chance):
    return _random(chance, n, n), 10


@kernel(
    "arrays:shortest_paths",
    "arrays",
    (32, 80, 200),
    edges("(np.full((3, 3), float('inf')),)", "(np.zeros((0, 0)),)", "(np.ones((3, 4), dtype='int64'),)"),
)
def shortest_paths(n, chance):
    return (abs(_random(chance, n, n)),)


@kernel(
    "arrays:gemm",
    "arrays",
    (24, 70, 160),
    edges(
        "(2.0, np.ones((2, 3)), np.ones((2, 2)), np.ones((2, 2)))",
        "(1, np.ones((2, 3)), np.ones((3, 2)), np.ones((2, 2)))",
    ),
)
def gemm(n, chance):
    return 1.5, _random(chance, n, n), _random(chance, n, n), _random(chance, n, n)


@kernel("arrays:pair_distances", "arrays", (60, 180, 500), edges("(np.zeros((0, 3)),)", "(np.ones((2, 2)) * 1e200,)"))
def pair_distances(n, chance):
    return (_random(chance, n, 3),)


@kernel(
    "arrays:histogram_counts",
    "arrays",
    (5000, 50000, 500000),
    edges(
        "(np.array([0.5, float('nan')]), 0.0, 1.0, np.zeros(2, dtype='int64'))",
        "(np.array([0.5]), 0.0, 1.0, np.zeros(0, dtype='int64'))",
    ),
)
def histogram_counts(n, chance):
    import numpy

    return _random(chance, n), -0.9, 0.9, numpy.zeros(64, dtype="int64")


@kernel(
    "arrays:running_total",
    "arrays",
    (10000, 100000, 1000000),
    edges("(np.ones(3), np.ones(2))", "(np.ones(0), np.ones(0))"),
)
def running_total(n, chance):
    return _random(chance, n), _random(chance, n)


@kernel("arrays:window_means", "arrays", (2000, 20000, 200000), edges("(np.ones(3), 3)", "(np.ones(3), 9)"))
def window_means(n, chance):
    return _random(chance, n), 24


@kernel(
    "arrays:trapezoids",
    "arrays",
    (10000, 100000, 1000000),
    edges("(np.ones(3), np.ones(2))", "(np.ones(1), np.ones(1))"),
)
def trapezoids(n, chance):
    return _random(chance, n), _random(chance, n)


@kernel(
    "arrays:escape_times",
    "arrays",
    (16, 50, 160),
    edges("(np.zeros(2), np.zeros(2), 5, np.zeros((2, 1), dtype='int64'))"),
)
def escape_times(n, chance):
    import numpy

    return numpy.linspace(-2.0, 0.6, n), numpy.linspace(-1.2, 1.2, n), 80, numpy.zeros((n, n), dtype="int64")


@kernel(
    "arrays:blend",
    "arrays",
    (10000, 100000, 1000000),
    edges("(np.ones(3), np.ones(3), 2, np.ones(3, dtype='float32'))"),
)
def blend(n, chance):
    return _random(chance, n), _random(chance, n), 0.25, _random(chance, n)


@kernel("arrays:sieve", "arrays", (10000, 100000, 1000000), edges("(np.ones(1, dtype=bool),)", "(np.ones(5),)"))
def sieve(n, chance):
    import numpy

    return (numpy.ones(n, dtype=bool),)
