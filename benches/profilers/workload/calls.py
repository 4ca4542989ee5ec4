"""Tiny functions, four deep: all the time goes to calls."""


def innermost(x):
    return x + 1


def inner(x):
    return innermost(x) + 1


def outer(x):
    return inner(x) + 1


def run(size):
    total = 0
    for number in range(size):
        total += outer(number) & 7
    return total
