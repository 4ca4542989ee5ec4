"""What a kernel is: a function of the package `everyday`, its kind and group, its sizes, its inputs."""

import functools
import importlib
import random

GROUPS = {
    "scalar": "scalar loops",
    "lists": "lists of numbers",
    "scanned": "strings scanned",
    "made": "small strings made",
    "dicts": "dicts, graphs and records",
    "big": "big ints",
    "classes": "classes with state",
    "shared": "instances that escape",
    "called": "methods called by Python",
    "generators": "generators",
    "arrays": "loops over NumPy arrays",
}
"""Kernels are grouped by what decides their speed; each group has a goal of its own."""

KERNELS = {}


class Kernel:
    """One function with its inputs."""

    def __init__(self, function, group, sizes, edges, make, instances, loop):
        self.function = function
        self.module, self.path = function.split(":")
        self.name = self.path.rpartition(".")[2]
        self.group = group
        self.sizes = sizes
        """Three sizes; the work grows about tenfold from each to the next, and the middle one is timed."""
        self.edges = edges
        self.classes = None
        """The module whose classes the arguments are of: of an implementation, or that of the plain source."""
        self._make = make
        self._loop = loop
        self.instances = instances
        """Whether arguments are instances of classes of the kernel's module."""

    def arguments(self, size, number=0):
        """The same arguments in each process, as new objects; others for another number, where chance makes them."""
        chance = random.Random(f"{self.name} {number}" if number else self.name)
        return self._make(size, chance, self._module()) if self.instances else self._make(size, chance)

    def edge(self, number):
        """The arguments of an edge input, made anew."""
        names = {"inf": float("inf"), "nan": float("nan"), "alias": alias, "filled": filled}
        if self.instances:
            names.update(vars(self._module()))
        return eval(self.edges[number], names)

    def of(self, module):
        """What is timed, with the function of this module."""
        return self.called(functools.reduce(getattr, self.path.split("."), module))

    def called(self, function):
        """The function, or the code that calls it."""
        return functools.partial(self._loop, function) if self._loop else function

    def _module(self):
        return self.classes or importlib.import_module("everyday." + self.module)


def alias(value, count):
    """One object several times: `[value] * count`, but it says why."""
    return [value] * count


def filled(instance, **attributes):
    """The instance, with these attributes."""
    for name, value in attributes.items():
        setattr(instance, name, value)
    return instance


def kernel(function, group, sizes, edges, instances=False, loop=None):
    """Registers the decorated maker `(size, chance) -> arguments`; an edge is the text of a tuple of arguments.

    Where arguments are instances of the kernel's classes, the maker has the module with these as its last parameter.
    With a `loop` the function is called by that, which stays in the interpreter and has the function before the arguments.
    """

    def register(make):
        made = Kernel(function, group, sizes, edges, make, instances, loop)
        KERNELS[made.name] = made
        return make

    return register
