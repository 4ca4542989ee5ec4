"""Nested loops over ints: no calls at all."""


def run(size):
    total = 0
    for i in range(size):
        for j in range(200):
            total = (total * 31 + i ^ j) & 0xFFFFFF
    return total
