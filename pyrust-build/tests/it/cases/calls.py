# compile: gcd (int, int) -> int
# compile: use (int) -> float
import math

SCALE = 10


def gcd(a, b=SCALE):
    return a if b == 0 else gcd(b, a % b)


def use(n):
    return math.sqrt(gcd(n)) * SCALE + math.pi
