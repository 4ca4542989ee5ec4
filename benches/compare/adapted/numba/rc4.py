"""The box and the result are arrays."""

import numpy as np
from numba import njit


@njit
def core(key, data):
    box = np.arange(256)
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out = np.zeros(len(data), dtype=np.uint8)
    i = j = 0
    for n in range(len(data)):
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out[n] = data[n] ^ box[(box[i] + box[j]) % 256]
    return out


def rc4(key, data):
    return core(key, data).tobytes()
