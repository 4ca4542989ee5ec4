"""Whole numbers and their divisors."""


def sieve(limit):
    """All primes below `limit`."""
    if limit < 3:
        return []
    composite = [False] * limit
    for i in range(2, int(limit**0.5) + 1):
        if not composite[i]:
            for j in range(i * i, limit, i):
                composite[j] = True
    return [i for i in range(2, limit) if not composite[i]]


def is_prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def factorize(n):
    """Prime factors and their exponents."""
    factors = {}
    d = 2
    while d * d <= n:
        while n % d == 0:
            factors[d] = factors.get(d, 0) + 1
            n //= d
        d += 1
    if n > 1:
        factors[n] = factors.get(n, 0) + 1
    return factors


def gcd(a, b):
    """The greatest common divisor, never negative."""
    while b:
        a, b = b, a % b
    return abs(a)
