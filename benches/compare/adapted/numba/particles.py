"""Each particle is a row of an array."""

import numpy as np
from numba import njit


@njit
def core(moving, steps, dt):
    for _ in range(steps):
        for n in range(len(moving)):
            moving[n, 0] += moving[n, 2] * dt
            moving[n, 1] += moving[n, 3] * dt
            if moving[n, 0] < 0.0 or moving[n, 0] > 1.0:
                moving[n, 2] = -moving[n, 2]
            if moving[n, 1] < 0.0 or moving[n, 1] > 1.0:
                moving[n, 3] = -moving[n, 3]
    return moving


def particles(starts, steps, dt):
    return [(x, y) for x, y, _, _ in core(np.array(starts, dtype=np.float64), steps, dt).tolist()]
