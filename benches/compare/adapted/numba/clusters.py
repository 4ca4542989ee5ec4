"""Points and centres are arrays."""

import numpy as np
from numba import njit


@njit
def core(points, centres, rounds):
    for _ in range(rounds):
        sums = np.zeros((len(centres), 3))
        for p in range(len(points)):
            x, y = points[p]
            nearest = 0
            least = np.inf
            for i in range(len(centres)):
                cx, cy = centres[i]
                distance = (x - cx) * (x - cx) + (y - cy) * (y - cy)
                if distance < least:
                    least = distance
                    nearest = i
            sums[nearest, 0] += x
            sums[nearest, 1] += y
            sums[nearest, 2] += 1
        for i in range(len(centres)):
            if sums[i, 2]:
                centres[i, 0] = sums[i, 0] / sums[i, 2]
                centres[i, 1] = sums[i, 1] / sums[i, 2]
    return centres


def clusters(points, centres, rounds):
    found = core(np.array(points, dtype=np.float64), np.array(centres, dtype=np.float64), rounds)
    return [tuple(row) for row in found.tolist()]
