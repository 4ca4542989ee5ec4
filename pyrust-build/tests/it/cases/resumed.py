# resumed
# compile: total (list[int]) -> int
# compile: double (int) -> int


def total(xs):
    result = 0
    for i, x in enumerate(xs):
        result += x * i
    return result


def double(n):
    while n < 1000:
        n = n * 2
    return n
