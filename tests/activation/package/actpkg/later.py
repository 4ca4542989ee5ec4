"""Imported after activation."""


def late(x):
    return x * 2
