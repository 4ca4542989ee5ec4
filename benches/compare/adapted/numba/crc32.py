"""A global list is refused: the table is an array."""

import numpy as np
from numba import njit


def _table():
    entries = []
    for byte in range(256):
        entry = byte
        for _ in range(8):
            entry = entry >> 1 ^ 0xEDB88320 if entry & 1 else entry >> 1
        entries.append(entry)
    return np.array(entries, dtype=np.int64)


TABLE = _table()


@njit
def core(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def crc32(data):
    return core(data)
