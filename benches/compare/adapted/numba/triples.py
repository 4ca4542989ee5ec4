"""Generator expressions are refused: loops."""

from numba import njit


@njit
def triples(limit):
    count = 0
    for a in range(1, limit):
        for b in range(a, (limit - a) // 2 + 1):
            for c in range(int((a * a + b * b) ** 0.5), limit - a - b + 1):
                if c >= b and a * a + b * b == c * c:
                    count += 1
    return count
