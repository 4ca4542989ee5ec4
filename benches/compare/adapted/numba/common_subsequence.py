"""The table is an array, and the letters come back as places in the first text."""

import numpy as np
from numba import njit


@njit
def core(a, b):
    lengths = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int64)
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] == b[j]:
                lengths[i + 1, j + 1] = lengths[i, j] + 1
            else:
                lengths[i + 1, j + 1] = max(lengths[i, j + 1], lengths[i + 1, j])
    places = np.zeros(lengths[len(a), len(b)], dtype=np.int64)
    i = len(a)
    j = len(b)
    left = len(places)
    while i > 0 and j > 0:
        if lengths[i, j] == lengths[i - 1, j]:
            i -= 1
        elif lengths[i, j] == lengths[i, j - 1]:
            j -= 1
        else:
            left -= 1
            places[left] = i - 1
            i -= 1
            j -= 1
    return places


def common_subsequence(a, b):
    return "".join([a[place] for place in core(a, b).tolist()])
