"""Methods of several kinds, and a name that two functions share."""

import functools


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


class Shape:
    @staticmethod
    def area(w, h):
        return w * h

    @classmethod
    def double(cls, x):
        return x + x

    @property
    def twice(self):
        return 2

    @twice.setter
    def twice(self, value):
        self.value = value

    @staticmethod
    def __secret(x):
        return x + 100

    def reveal(self, x):
        return self.__secret(x)

    @logged
    def wrapped(self, x):
        return x - 1


def instance(cls):
    return cls()


@instance
class Lone:
    def triple(self, x):
        return x * 3
