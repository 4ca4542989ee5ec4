"""What a kernel is: a function of the package `everyday`, its kind and group, its sizes, its inputs."""

import random

GROUPS = {
    "scalar": "scalar loops",
    "lists": "lists of numbers",
    "scanned": "strings scanned",
    "made": "small strings made",
    "dicts": "dicts, graphs and records",
    "big": "big ints",
    "classes": "classes with state",
    "generators": "generators",
    "arrays": "loops over NumPy arrays",
}
"""Kernels are grouped by what decides their speed; each group has a goal of its own."""

KERNELS = {}


class Kernel:
    """One function with its inputs."""

    def __init__(self, function, group, sizes, edges, make):
        self.function = function
        self.module, self.name = function.split(":")
        self.group = group
        self.sizes = sizes
        """Three sizes; the work grows about tenfold from each to the next, and the middle one is timed."""
        self.edges = edges
        self._make = make

    def arguments(self, size):
        """The same arguments in each process, as new objects."""
        return self._make(size, random.Random(self.name))

    def edge(self, number):
        """The arguments of an edge input, made anew."""
        return eval(self.edges[number], {"inf": float("inf"), "nan": float("nan"), "alias": alias})


def alias(value, count):
    """One object several times: `[value] * count`, but it says why."""
    return [value] * count


def kernel(function, group, sizes, edges):
    """Registers the decorated maker `(size, chance) -> arguments`; an edge is the text of a tuple of arguments."""

    def register(make):
        made = Kernel(function, group, sizes, edges, make)
        KERNELS[made.name] = made
        return make

    return register
