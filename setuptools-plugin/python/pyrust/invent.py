"""Invented inputs: arguments of the recorded types, at the boundaries where code goes wrong.

Two sources are mixed. Values made from the types alone: zeros, powers of two and ten and their neighbours, NaN, infinities, empty, one
element, the same object twice, characters outside of the usual. And recorded arguments in which one or several places are changed,
also to what the function's own constants suggest: a fault at `n == 1000` is found because 1000 stands in the code.

Everything is decided by a seed, so that a run can be repeated. In: signatures, recorded arguments, the function. Out: arguments, without
end. It must not call the function, or make anything but values of builtin types.
"""

from __future__ import annotations

import copy
import random
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FunctionType
from typing import Any

from pyrust.signatures import Type, parse

SMALL = (0, 1, 2, 3, -1, -2, 4, 5, 7, 8, 9, 10, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 1023, 1024)
BITS = (7, 8, 15, 16, 30, 31, 32, 52, 53, 60, 61, 62, 63)
LARGE = tuple(
    sorted(
        {sign * (2**bits + by) for bits in BITS for by in (-1, 0, 1) for sign in (1, -1)}
        | {10**digits + by for digits in (4, 5, 6, 9, 12, 18) for by in (-1, 0, 1)}
        | {-(2**63), 2**63 - 1}
    )
)
FLOATS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    0.1,
    1e-9,
    1e9,
    1e16,
    -1e16,
    2.0**31,
    2.0**52 + 0.5,
    2.0**53,
    2.0**53 + 2,
    2.0**63,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    float("inf"),
    float("-inf"),
    float("nan"),
)
TEXTS = (
    "",
    " ",
    "a",
    "A",
    "0",
    "-1",
    "ab",
    "\n",
    "\t x ",
    "é",
    "ß",
    "İ",
    "😀",
    "\ud800",
    "a\0b",
    "١",
    "ǆ",
    "x" * 70,
    "1e5",
)
LENGTHS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 64, 65)


class CannotInvent(Exception):
    """A type of which only recorded values exist."""


class Inventor:
    """Invents arguments of one function."""

    def __init__(
        self,
        function: FunctionType,
        signatures: Sequence[str],
        recorded: Sequence[Callable[[], tuple[Any, ...]]],
        seed: int = 0,
    ) -> None:
        self._random = random.Random(f"{function.__qualname__} {seed}")
        self._parameters = [parse(text).parameters for text in signatures]
        self._recorded = list(recorded)
        ints, floats, texts, blobs = _constants(function.__code__)
        for make in self._recorded[:8]:
            _gather(make(), ints, floats, texts, blobs, [200])
        self._ints = sorted({value + by for value in ints for by in (-1, 0, 1)})
        self._floats = sorted({value for value in floats if value == value}) or [1.0]
        self._texts = sorted(texts)
        self._blobs = sorted(blobs)
        self._pool: list[Any] = []
        code = function.__code__
        count = code.co_argcount + code.co_kwonlyargcount
        # The parameter `**kwargs`, and the names that no call can bring into it.
        self._names = count + bool(code.co_flags & CO_VARARGS) if code.co_flags & CO_VARKEYWORDS else None
        self._taken = set(code.co_varnames[code.co_posonlyargcount : count])

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self._possible, self._invented())

    def _possible(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments as a call can give them."""
        at = self._names
        if at is None or at >= len(arguments) or type(arguments[at]) is not dict:
            return arguments
        names = {name: value for name, value in arguments[at].items() if name not in self._taken}
        return (*arguments[:at], names, *arguments[at + 1 :])

    def _invented(self) -> Iterator[tuple[Any, ...]]:
        while True:
            self._pool = []
            try:
                if self._recorded and (not self._parameters or self._random.random() < 0.6):
                    yield self._changed(self._random.choice(self._recorded)())
                else:
                    yield tuple(self._value(kind, 0) for kind in self._random.choice(self._parameters))
            except CannotInvent:
                if not self._recorded:
                    return
                yield self._changed(self._random.choice(self._recorded)())

    # Values of a type.

    def _value(self, kind: Type, depth: int) -> Any:
        rng = self._random
        name, inner = kind.name, kind.arguments
        if name == "|":
            return self._value(rng.choice(inner), depth)
        if name == "?":
            return self._value(Type(rng.choice(("int", "str", "float"))), depth)
        if name in _SCALARS:
            return _SCALARS[name](self)
        if name in ("list", "deque", "set", "frozenset", "tuple..."):
            return self._many(name, inner[0], depth)
        if name == "tuple":
            return tuple(self._value(one, depth + 1) for one in inner)
        if name == "dict" or name in _MAPPINGS:
            keys = [self._value(inner[0], depth + 1) for _ in range(self._length(depth))]
            pairs = {key: self._value(inner[1], depth + 1) for key in keys}
            if name == "dict":
                return pairs
            return _MAPPINGS[name](inner[1], pairs)
        if name == "array.array" and inner:
            return self._packed(inner[0].name)
        raise CannotInvent(name)

    def _packed(self, code: str) -> Any:
        """An array of that typecode; now and then all bits of an item are set."""
        if code in "fd":
            return array(code, [self.float() for _ in range(self._length(0))])
        size = array(code).itemsize
        return array(
            code, b"".join(self._random.choice((b"\0", b"\1", b"\xff")) * size for _ in range(self._length(0)))
        )

    def _length(self, depth: int) -> int:
        lengths = LENGTHS if depth == 0 else LENGTHS[: max(3, 8 - 2 * depth)]
        return self._random.choice(lengths)

    def _many(self, name: str, kind: Type, depth: int) -> Any:
        rng = self._random
        # The same list in two places, now and then.
        if name == "list" and self._pool and rng.random() < 0.15:
            known, made = rng.choice(self._pool)
            if known == kind:
                return made
        length = self._length(depth)
        # Runs of equal and of sorted values are special to many algorithms.
        style = rng.random()
        if style < 0.15 and length:
            values = [self._value(kind, depth + 1)] * length
        else:
            values = [self._value(kind, depth + 1) for _ in range(length)]
            if style > 0.85 and kind.name in ("int", "float", "str"):
                values = sorted(values, reverse=style > 0.93)
        if name == "list":
            self._pool.append((kind, values))
            return values
        return {"deque": deque, "set": set, "frozenset": frozenset, "tuple...": tuple}[name](values)

    def integer(self) -> int:
        rng = self._random
        way = rng.random()
        if way < 0.35 and self._ints:
            return rng.choice(self._ints)
        if way < 0.6:
            return rng.choice(SMALL)
        return rng.choice(LARGE) if way < 0.8 else rng.randint(-50, 200)

    def float(self) -> float:
        rng = self._random
        way = rng.random()
        if way < 0.35:
            value = rng.choice(self._floats)
            return rng.choice((value, -value, value * 0.5, value + 1.0))
        if way < 0.75:
            return rng.choice(FLOATS)
        return rng.choice((rng.uniform(-10, 10), float(rng.randint(-100, 100)), rng.gauss(0, 1e6)))

    def text(self) -> str:
        rng = self._random
        way = rng.random()
        if way < 0.35 and self._texts:
            return self._edited(rng.choice(self._texts))
        if way < 0.7:
            return rng.choice(TEXTS)
        return "".join(rng.choice("ab 01-é😀\n,.") for _ in range(self._length(0)))

    def _edited(self, text: str) -> str:
        rng = self._random
        at = rng.randint(0, len(text))
        return rng.choice(
            (
                text,
                text[:at],
                text[at:],
                text[:at] + rng.choice(TEXTS) + text[at:],
                text * 2,
                text.swapcase(),
                text[::-1],
            )
        )

    def blob(self) -> bytes:
        rng = self._random
        if self._blobs and rng.random() < 0.4:
            blob = rng.choice(self._blobs)
            at = rng.randint(0, len(blob))
            return rng.choice((blob, blob[:at], blob[at:], blob + b"\0", blob[::-1]))
        return bytes(rng.choice((0, 1, 10, 32, 65, 97, 127, 128, 255)) for _ in range(self._length(0)))

    # Recorded arguments, changed.

    def _changed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            if arguments:
                place = self._random.randrange(len(arguments))
                changed = self._other(arguments[place], 0)
                arguments = (*arguments[:place], changed, *arguments[place + 1 :])
        return arguments

    def _other(self, value: Any, depth: int) -> Any:
        """Another value of the same shape."""
        rng = self._random
        kind = type(value)
        if kind is bool:
            return not value
        if kind is int:
            near = (value + 1, value - 1, -value, value * 2, value // 2)
            return rng.choice(near) if rng.random() < 0.3 else self.integer()
        if kind is float:
            return rng.choice((-value, value + 1, value / 2, 0.0)) if rng.random() < 0.3 else self.float()
        if kind is str:
            return self._edited(value) if rng.random() < 0.5 else self.text()
        if kind is bytes:
            return self.blob()
        if kind is bytearray:
            return bytearray(self.blob())
        if kind is complex:
            return complex(self.float(), self.float())
        if kind is range:
            return rng.choice((range(0), range(value.start, value.stop, -value.step), value[1:], value[::-1], range(1)))
        if kind in (list, deque, tuple):
            return self._other_items(kind, value, depth)
        if kind is dict:
            pairs = self._other_items(list, list(value.items()), depth)
            return dict(pair for pair in pairs if len(pair) == 2)
        if kind in (set, frozenset):
            return kind(self._other_items(list, list(value), depth))
        if kind is array:
            return self._packed(value.typecode)
        if (kind.__module__, kind.__name__) == ("numpy", "ndarray"):
            return self._other_array(value)
        return value

    def _other_array(self, value: Any) -> Any:
        """Another element, or another part of it: a view, whose layout differs."""
        rng = self._random
        if not value.ndim or not value.size or rng.random() < 0.6:
            made = value.copy(order="K")
            if made.size:
                found = value.flat[rng.randrange(value.size)]
                element = self.float() if str(value.dtype) == "float64" else rng.choice((0, 1, found))
                made[tuple(rng.randrange(length) for length in made.shape)] = element
            return made
        cut = rng.randint(0, len(value))
        return rng.choice((value[::-1], value[:cut], value[cut:], value[::2], value.T))

    def _other_items(self, kind: Any, value: Any, depth: int) -> Any:
        rng = self._random
        items = list(value)
        way = rng.random()
        if items and (way < 0.4 or kind is tuple):
            place = rng.choice((0, len(items) - 1, rng.randrange(len(items))))
            if kind is tuple or depth < 6:
                items[place] = self._other(items[place], depth + 1)
        elif way < 0.5:
            items = []
        elif way < 0.6:
            items = items[:1]
        elif way < 0.7 and items:
            items.append(copy.copy(items[0]) if rng.random() < 0.5 else items[0])
        elif way < 0.8:
            items.reverse()
        elif way < 0.9:
            items = items[: rng.randint(0, len(items))]
        elif len(items) < 1000:
            items = items * 2
        return deque(items, value.maxlen) if kind is deque else kind(items)


_SCALARS: dict[str, Callable[[Inventor], Any]] = {
    "int": Inventor.integer,
    "bigint": lambda self: self.integer() * self._random.choice((1, 2**64, 3**50, -(2**200))),
    "float": Inventor.float,
    "bool": lambda self: self._random.random() < 0.5,
    "None": lambda self: None,
    "complex": lambda self: complex(self.float(), self.float()),
    "str": Inventor.text,
    "bytes": Inventor.blob,
    "bytearray": lambda self: bytearray(self.blob()),
    "range": lambda self: range(
        self._random.choice(SMALL), self._random.choice(SMALL), self._random.choice((1, 2, -1))
    ),
}


def _factory(kind: Type) -> Any:
    return {"int": int, "float": float, "str": str, "list": list, "set": set, "dict": dict}.get(kind.name, int)


_MAPPINGS: dict[str, Callable[[Type, dict[Any, Any]], Any]] = {
    "collections.Counter": lambda _, pairs: Counter(pairs),
    "collections.OrderedDict": lambda _, pairs: OrderedDict(pairs),
    "collections.defaultdict": lambda kind, pairs: defaultdict(_factory(kind), pairs),
}


def _constants(code: CodeType) -> tuple[set[int], set[float], set[str], set[bytes]]:
    """What stands in the code, and in functions inside of it."""
    ints: set[int] = set()
    floats: set[float] = set()
    texts: set[str] = set()
    blobs: set[bytes] = set()
    waiting: list[Any] = [code]
    left = 10_000
    while waiting and left:
        left -= 1
        value = waiting.pop()
        if isinstance(value, CodeType):
            waiting += value.co_consts
        else:
            _gather(value, ints, floats, texts, blobs, [100])
    return ints, floats, texts, blobs


def _gather(
    value: Any, ints: set[int], floats: set[float], texts: set[str], blobs: set[bytes], left: list[int]
) -> None:
    """Collects the scalars in a value, up to a number of them."""
    if left[0] <= 0:
        return
    left[0] -= 1
    kind = type(value)
    if kind is int:
        ints.add(value)
    elif kind is float:
        floats.add(value)
    elif kind is str:
        texts.add(value[:2000])
    elif kind is bytes:
        blobs.add(value[:2000])
    elif kind in (list, tuple, set, frozenset, deque):
        for item in value:
            _gather(item, ints, floats, texts, blobs, left)
    elif kind is dict:
        for pair in value.items():
            _gather(pair, ints, floats, texts, blobs, left)


def smaller(arguments: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The same arguments with one thing made simpler, the largest steps first; for finding a minimal reproduction."""
    for place, value in enumerate(arguments):
        for simpler in _simpler(value):
            yield (*arguments[:place], simpler, *arguments[place + 1 :])


def _simpler(value: Any) -> Iterator[Any]:
    kind = type(value)
    if kind is int and value:
        yield from (one for one in (0, 1, value // 2, value - (1 if value > 0 else -1)) if abs(one) < abs(value))
    elif kind is float and value:
        yield from (one for one in (0.0, 1.0, float(int(value)) if abs(value) < 1e15 else 1.0) if abs(one) < abs(value))
    elif kind in (str, bytes, bytearray, list, tuple, deque) and value:
        items = list(value) if kind is deque else value
        half = len(items) // 2
        cuts = [items[:0], items[:half], items[half:], items[1:], items[:-1]]
        if len(items) <= 12:
            cuts += [items[:at] + items[at + 1 :] for at in range(1, len(items) - 1)]
        if kind is not tuple:
            yield from (deque(cut, value.maxlen) if kind is deque else cut for cut in cuts if len(cut) < len(items))
        if kind in (list, tuple):
            for at in range(min(len(items), 12)):
                yield from (items[:at] + kind([one]) + items[at + 1 :] for one in _simpler(items[at]))
    elif kind is dict and value:
        pairs = list(value.items())
        yield from (dict(cut) for cut in ([], pairs[: len(pairs) // 2], pairs[1:], pairs[:-1]) if len(cut) < len(pairs))
    elif kind in (set, frozenset) and value:
        items = list(value)
        yield from (kind(cut) for cut in ([], items[: len(items) // 2], items[1:]) if len(cut) < len(items))
