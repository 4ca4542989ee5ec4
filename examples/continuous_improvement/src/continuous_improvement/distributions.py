"""Tail probabilities of Student's t, without a library: the regularised incomplete beta function."""

import math

_TINY = 1e-300
_PRECISION = 1e-15
_STEPS = 500


def _continued_fraction(a, b, x):
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    if abs(d) < _TINY:
        d = _TINY
    d = 1.0 / d
    result = d
    for m in range(1, _STEPS + 1):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + even * d
        if abs(d) < _TINY:
            d = _TINY
        c = 1.0 + even / c
        if abs(c) < _TINY:
            c = _TINY
        d = 1.0 / d
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + odd * d
        if abs(d) < _TINY:
            d = _TINY
        c = 1.0 + odd / c
        if abs(c) < _TINY:
            c = _TINY
        d = 1.0 / d
        step = d * c
        result *= step
        if abs(step - 1.0) < _PRECISION:
            return result
    raise ArithmeticError(f"no convergence for a={a}, b={b}, x={x}")


def incomplete_beta(a, b, x):
    """The regularised incomplete beta function I_x(a, b), 0 <= x <= 1."""
    if not 0.0 <= x <= 1.0:
        raise ValueError(f"x must be between 0 and 1, not {x}")
    if x == 0.0 or x == 1.0:
        return x
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(a, b, x) / a
    return 1.0 - front * _continued_fraction(b, a, 1.0 - x) / b


def two_sided_p_value(t, degrees_of_freedom):
    """The probability of a t at least as far from zero, if nothing is going on."""
    if degrees_of_freedom <= 0:
        raise ValueError("degrees of freedom must be positive")
    x = degrees_of_freedom / (degrees_of_freedom + t * t)
    return incomplete_beta(degrees_of_freedom / 2.0, 0.5, x)
