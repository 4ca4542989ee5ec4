"""Generator expressions are refused: a loop."""

import numpy as np
from numba import njit


@njit
def core(values):
    total = 0
    for value in values:
        if value % 2:
            total += value * value
    return total


def squares_of_odds(values):
    return core(np.array(values, dtype=np.int64))
