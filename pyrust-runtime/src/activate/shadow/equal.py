"""Pictures of object graphs, and the strictest comparison of two of them that the contract allows.

A picture is plain data, independent of the objects, which may change afterwards.
Two pictures are equal when a program could not tell what they show apart: exact types, floats bit by bit (-0.0 is not 0.0; a NaN is
a NaN), texts with the form in which they are kept, order of dicts and of sets, which places hold the same object, and which of the objects existed before.
Only identity of exact `int`, `float`, `complex`, `str`, `bytes`, of NumPy's scalars and of tuples of those does not count, because the contract frees it.

In: named roots. Out: a `Picture`; `difference(a, b)` says where two differ first.
A picture may be limited: one object can lead to the whole program, and then the answer would come too late (`TooLarge`).
It must not run code of the objects' classes: contents are read by the base classes' own methods.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
import sys
import warnings
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan, prod
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

NODES = 50_000
"""Objects with an identity that a limited picture may have."""
PARTS = 20 * NODES
"""Places in those that it may have."""

_ORDER = "<" if sys.byteorder == "little" else ">"


class TooLarge(Exception):
    """More can be reached from the roots than a limited picture may show."""


# An encoded value: `(type, value)` for what is compared by value, `Ref` for what has an identity.
Encoded = Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a node of the picture."""

    node: int


@dataclass(slots=True)
class Node:
    """An object with an identity: what it is, which of the objects known before it is (None: new), and what it holds."""

    type: type
    known: int | None
    kind: str
    content: tuple[Encoded, ...]
    labels: tuple[str, ...] | str
    """Names of the places in `content`; a text is a pattern for their number."""


@dataclass(slots=True)
class Picture:
    """An object graph as it was at one moment."""

    roots: dict[str, Encoded]
    nodes: list[Node]
    objects: list[object] = field(repr=False)
    """The nodes' objects, so that no identity is used twice while the picture lives."""
    raw: list[tuple[object, ...]] = field(repr=False)
    """The very elements of each node, to check that a rollback has put back these and no others."""
    sizes: list[int] = field(repr=False)

    def known(self) -> dict[int, int]:
        """Identity to number, for pictures of the same objects at a later moment."""
        return {id(thing): number for number, thing in enumerate(self.objects)}


def _bits(value: float) -> object:
    return "nan" if value != value else struct.pack("<d", value)


def _kept(value: int) -> int:
    """The number in an object of its own: native code rewrites those that it has made, and a rollback undoes that."""
    return ~~value


_ATOMS: dict[type, Callable[[Any], Encoded]] = {
    type(None): lambda value: (type(None), None),
    bool: lambda value: (bool, value),
    int: lambda value: (int, _kept(value)),
    float: lambda value: (float, _bits(value)),
    complex: lambda value: (complex, (_bits(value.real), _bits(value.imag))),
    # Equal texts may still differ: `isascii` and `sys.getsizeof` see in which form one is kept.
    str: lambda value: (str, value, value.isascii()),
    bytes: lambda value: (bytes, value),
    type(...): lambda value: (type(...), None),
    type(NotImplemented): lambda value: (type(NotImplemented), None),
}

_BY_VALUE = frozenset({type(None), bool, bytes})
"""Atoms that `==` compares rightly when the types are the same."""

_IDENTITY = (type, FunctionType, BuiltinFunctionType, ModuleType)
"""What is never looked into: classes, functions, modules."""


# A metaclass may answer attribute access: classes are asked through `type` itself.
_mro = type.__dict__["__mro__"].__get__
_dict = type.__dict__["__dict__"].__get__
_flags = type.__dict__["__flags__"].__get__
_module = type.__dict__["__module__"].__get__
_name = type.__dict__["__name__"].__get__
_qualname = type.__dict__["__qualname__"].__get__


def _is_numpy(kind: type) -> bool:
    """The class of NumPy's arrays."""
    return bool(_name(kind) == "ndarray" and _module(kind) == "numpy")


def _is_scalar(kind: type) -> bool:
    """A class of NumPy's scalars."""
    return _module(kind) == "numpy" and any(_name(base) == "generic" for base in _mro(kind))


def _scalar(value: Any) -> Encoded:
    return (type(value), "nan" if value != value else (repr(value), value.tobytes()))


def _plain(value: tuple[object, ...]) -> bool:
    """Whether a tuple is one of those whose identity does not count."""
    return all(
        type(item) in _ATOMS or _is_scalar(type(item)) or (type(item) is tuple and _plain(item)) for item in value
    )


def _run(values: Sequence[Any]) -> Encoded | None:
    """A long stretch of one simple type as one encoded value: fast to take and fast to compare."""
    types = set(map(type, values))
    if len(types) != 1:
        return None
    (only,) = types
    if only is int:
        return ("run", int, tuple(map(_kept, values)))
    if only in _BY_VALUE:
        return ("run", only, tuple(values))
    if only is str:
        return ("run", str, tuple(values), bytes(map(str.isascii, values)))
    if only is float:
        packed = array("d", values)
        if any(value != value for value in packed):
            return ("run", float, tuple(_bits(value) for value in packed))
        return ("run", float, packed.tobytes())
    return None


def _one_nan(values: Any, floats: bool) -> Any:
    """An array, or one in which each NaN has the same bits: their sign and payload are nobody's."""
    if floats and issubclass(type(values), array):
        items = memoryview(values).tolist()
        return array(values.typecode, [item if item == item else nan for item in items])
    if floats and (holes := values != values).any():
        values = values.copy("K")
        values[holes] = nan
    return values


class _Camera:
    def __init__(self, known: Mapping[int, int], instead: Mapping[int, object], *, limited: bool) -> None:
        self.limits = (NODES, PARTS) if limited else None
        self.parts = 0
        self.known = known
        self.instead = instead
        self.numbers: dict[int, int] = {}
        self.objects: list[object] = []
        self.raw: list[tuple[object, ...]] = []
        self.sizes: list[int] = []
        self.nodes: list[Node] = []
        self.readers: _Readers = {}

    def count(self, parts: int) -> None:
        self.parts += parts
        if self.limits is not None and (len(self.objects) > self.limits[0] or self.parts > self.limits[1]):
            raise TooLarge

    def encode(self, value: object) -> Encoded:
        kind = type(value)
        atom = _ATOMS.get(kind)
        if atom is not None:
            return atom(value)
        if _is_scalar(kind):
            return _scalar(value)
        if kind is tuple and _plain(value):  # type: ignore[arg-type]
            self.count(len(value))  # type: ignore[arg-type]
            return (tuple, tuple(self.encode(item) for item in value))  # type: ignore[attr-defined]
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return Ref(number)

    def develop(self) -> None:
        """Looks into every object that was met; breadth first, so that depth is no problem."""
        while len(self.nodes) < len(self.objects):
            thing: Any = self.objects[len(self.nodes)]
            kind, elements, labels = _content(self.instead.get(id(thing), thing), self.readers, thing)
            run = _run(elements) if len(elements) > 16 else None
            # Runs are quick.
            self.count(len(elements) if run is None else len(elements) // 10)
            content = (run,) if run is not None else tuple(self.encode(element) for element in elements)
            if issubclass(type(thing), bytearray):
                content = (("bytes", bytes(self.instead.get(id(thing), thing))),)  # type: ignore[call-overload]
            elif issubclass(type(thing), array):
                letter, size = thing.typecode, thing.itemsize
                dtype = f"{_ORDER}{'f' if letter in 'fd' else 'u' if letter.isupper() else 'i'}{size} {letter}"
                raw = _one_nan(thing, letter in "fd").tobytes()
                content = (("array", dtype, (len(raw) // size,), (True, True, True), raw),)
            elif kind == "ndarray":
                # In which order it lies tells what goes through it, and what is made of it.
                flags = thing.flags
                order = (flags.c_contiguous, flags.f_contiguous, flags.writeable)
                raw = _one_nan(thing, thing.dtype.kind == "f").tobytes()
                content = (("array", thing.dtype.str, thing.shape, order, raw),)
            elif kind == "value":
                content = (("value", _VALUES[type(thing)](thing)),)
            # The value of an instance of a subclass is a new object each time; nobody can change it.
            self.raw.append(() if kind == "iterator" else tuple(elements[1:] if kind.endswith(" value") else elements))
            self.sizes.append(sys.getsizeof(thing) if type(thing) in (dict, set) else 0)
            self.nodes.append(Node(type(thing), self.known.get(id(thing)), kind, content, labels))


def _date_facts(value: Any) -> object:
    return (repr(value), getattr(value, "fold", 0))


def _values() -> dict[type, Callable[[Any], object]]:
    """Immutable types of the standard library, written in C, whose text says all."""
    import datetime
    import decimal

    text: dict[type, Callable[[Any], object]] = dict.fromkeys(
        (datetime.date, datetime.datetime, datetime.time, datetime.timedelta), _date_facts
    )
    text[decimal.Decimal] = str
    text[range] = repr
    text[slice] = repr
    return text


_VALUES = _values()


def _iterators() -> frozenset[type]:
    """Iterators written in C that can say what they go through and where they stand, without a step forward."""
    found: set[type] = {enumerate, filter, map, reversed, zip}
    one: Any
    for one in (
        [],
        (),
        "",
        "é",
        b"",
        bytearray(),
        range(0),
        range(1 << 70),
        {},
        {}.values(),
        {}.items(),
        set(),
        deque(),
    ):
        found.add(type(iter(one)))
    for one in ([], {}, {}.values(), {}.items(), deque(), range(0), range(1 << 70)):
        found.add(type(reversed(one)))
    found.add(type(iter(int, 1)))
    return frozenset(found)


def _library_iterators() -> frozenset[type]:
    """The same of `itertools`; some of them make something new to say it, and say nothing here."""
    silent = {"accumulate", "groupby", "tee", "_grouper", "_tee", "_tee_dataobject"}
    return frozenset(
        kind
        for name, kind in vars(itertools).items()
        if isinstance(kind, type) and name not in silent and "_" not in name[:1]
    )


_ITERATORS = _iterators()
_LIBRARY_ITERATORS = _library_iterators()


def _steps(thing: Any) -> list[object]:
    """What an iterator goes through, and where it stands: two of them that agree in this go on in lockstep."""
    with warnings.catch_warnings() if type(thing) in _LIBRARY_ITERATORS else contextlib.nullcontext():
        if type(thing) in _LIBRARY_ITERATORS:
            # Python 3.12 says that 3.14 will have no such method.
            warnings.simplefilter("ignore")
        try:
            kind: Any = type(thing)
            made, *parts = kind.__reduce__(thing)
        except (AttributeError, TypeError):
            return []
    elements: list[object] = [made]
    for number, part in enumerate(parts):
        # A list that stands alone was made for the answer: it has what is left.
        if not number and len(parts) == 1 and type(part) is tuple and len(part) == 1 and type(part[0]) is list:
            part = part[0]
        elements += part if type(part) in (tuple, list) else [part]
    # So were ranges.
    return [repr(part) if type(part) is range else part for part in elements]


_QUIET = (int, str, float, bytes, bool, complex, type(None))


def _is_quiet(key: object) -> bool:
    """Whether hashing the key and comparing it run no code of the user."""
    return type(key) in _QUIET or (type(key) is tuple and all(map(_is_quiet, tuple.__iter__(key))))


def _pairs(thing: Any) -> list[tuple[object, object]]:
    """Keys and values in their order. That of an `OrderedDict` is not its dict's, but is only found by looking the keys up."""
    if issubclass(type(thing), OrderedDict) and all(map(_is_quiet, dict.keys(thing))):
        # Its dict can be changed behind its back: then the order has keys that are not there, or lacks some.
        with contextlib.suppress(KeyError):
            pairs = list(OrderedDict.items(thing))
            if len(pairs) == len(dict.keys(thing)):
                return pairs
    return list(dict.items(thing))


def _content(thing: Any, readers: _Readers, owner: Any) -> tuple[str, list[object], tuple[str, ...] | str]:
    """Kind, elements, and the elements' labels; the attributes are those of `owner`, for which `thing` may stand."""
    kind = type(thing)
    if issubclass(kind, _IDENTITY):
        return "identity", [], ()
    if kind in _VALUES:
        return "value", [], ""
    if _is_numpy(kind) and not thing.dtype.hasobject:
        return "ndarray", [], ""
    if kind in _ITERATORS or kind in _LIBRARY_ITERATORS:
        return "iterator", _steps(thing), " part {}"
    elements: list[object] = []
    labels: tuple[str, ...] | str = "[{}]"
    name = "object"
    if issubclass(kind, list):
        name, elements = "list", list(list.__iter__(thing))
    elif issubclass(kind, tuple):
        name, elements = "tuple", list(tuple.__iter__(thing))
    elif issubclass(kind, dict):
        pairs = _pairs(thing)
        name, elements = "dict", [part for pair in pairs for part in pair]
        labels = "{dict}"
    elif issubclass(kind, set):
        name, elements, labels = "set", list(set.__iter__(thing)), " element {}"
    elif issubclass(kind, frozenset):
        name, elements, labels = "frozenset", list(frozenset.__iter__(thing)), " element {}"
    elif issubclass(kind, deque):
        name, elements = "deque", list(deque.__iter__(thing))
        elements.append(thing.maxlen if kind is deque else None)
    elif issubclass(kind, MethodType):
        return "method", [thing.__func__, thing.__self__], (".__func__", ".__self__")
    elif issubclass(kind, CellType):
        try:
            return "cell", [thing.cell_contents], (" cell",)
        except ValueError:
            return "empty cell", [], ()
    elif issubclass(kind, (int, float, complex, str, bytes)):
        # An instance of a subclass: the value, as the base class has it.
        for base in (int, float, complex, str, bytes):
            if issubclass(kind, base):
                name, elements, labels = f"{base.__name__} value", [_as(base, thing)], " value"
                break
    elif issubclass(kind, BaseException):
        name = "exception"
        elements = [BaseException.args.__get__(thing)]  # type: ignore[attr-defined]
        labels = (".args",)
    attributes = _attributes(owner, readers)
    if not attributes:
        return name, elements, labels
    if isinstance(labels, str):
        labels = tuple(_label(labels, place) for place in range(len(elements)))
    return name, [*elements, *attributes.values()], (*labels, *(f".{attribute}" for attribute in attributes))


def _as(base: Any, thing: Any) -> object:
    """The value of an instance of a subclass, as an exact instance of the base."""
    if base is str or base is bytes:
        return base.__getitem__(thing, slice(None))
    return base.__pos__(thing)


def _asks(_thing: object) -> dict[str, object] | None:
    return None


without_dict: Callable[[object], dict[str, object] | None] = _asks
"""The attributes of an instance that has no dict yet: asking for its `__dict__` makes one, and native code meets other objects than
in the program. `Comparison` sets what the extension has for it."""


_Readers = dict[type, list[tuple[str, Any]]]
"""Of each class the names and C descriptors that read what its instances hold: looked for once in a picture, while no class changes."""


def _readers(kind: type) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for base in _mro(kind):
        if base in _BASES:
            continue
        is_heap_type = _flags(base) & 0x200
        for name, descriptor in _dict(base).items():
            is_slot = type(descriptor) is MemberDescriptorType and is_heap_type
            if is_slot or (name == "__dict__" and type(descriptor) is GetSetDescriptorType):
                found.append((name, descriptor))
    return found


def _attributes(thing: Any, readers: _Readers) -> dict[str, object]:
    """Instance attributes, read by the classes' own C descriptors; an order that stands for nothing is not kept, that of `__dict__` is."""
    known = readers.get(type(thing))
    if known is None:
        known = readers[type(thing)] = _readers(type(thing))
    found: dict[str, object] = {}
    own: dict[str, object] | None = None
    for name, descriptor in known:
        if type(descriptor) is MemberDescriptorType:
            try:
                value = descriptor.__get__(thing)
                # A number that C code keeps is no object: each reading makes a new one.
                if descriptor.__get__(thing) is value:
                    found.setdefault(name, value)
            except AttributeError:
                continue
        elif own is None:
            attributes = without_dict(thing)
            if attributes is None:
                attributes = descriptor.__get__(thing)
            own = attributes if isinstance(attributes, dict) else None
    if own is not None:
        found.update({str(name): value for name, value in dict.items(own)})
    return found


_BASES = frozenset(
    {object, list, tuple, dict, set, frozenset, deque, int, float, complex, str, bytes, bytearray, array, bool}
)


def take(
    roots: Mapping[str, object],
    known: Mapping[int, int] | None = None,
    instead: Mapping[int, object] | None = None,
    *,
    limited: bool = False,
) -> Picture:
    """A picture of everything reachable from the roots.

    `known` are the objects that existed before; `instead` are objects whose contents are shown in place of those of others:
    what a dict will be after a transaction that is still open. Where it is `limited`, it may be `TooLarge`.
    """
    camera = _Camera(known or {}, instead or {}, limited=limited)
    encoded = {name: camera.encode(value) for name, value in roots.items()}
    camera.develop()
    return Picture(encoded, camera.nodes, camera.objects, camera.raw, camera.sizes)


@dataclass(frozen=True)
class Difference:
    """Where two pictures differ first, and what each shows there."""

    place: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.place}: {self.first} against {self.second}"


def difference(first: Picture, second: Picture) -> Difference | None:
    """The first difference, or None when the contract is kept."""
    if list(first.roots) != list(second.roots):
        return Difference("roots", ", ".join(first.roots), ", ".join(second.roots))
    places: _Places = {}
    for name in first.roots:
        found = _compare((None, name), first.roots[name], second.roots[name], first, second, places)
        if found:
            return found
    number = 0
    while number < min(len(first.nodes), len(second.nodes)):
        one, other = first.nodes[number], second.nodes[number]
        if one.type is not other.type:
            return Difference(_path(number, places), _type(one.type), _type(other.type))
        if one.known != other.known:
            place = _path(number, places)
            return Difference(
                place, *(_identity(node, picture, number) for node, picture in ((one, first), (other, second)))
            )
        if one.known is None and one.kind == "identity" and first.objects[number] is not second.objects[number]:
            return Difference(_path(number, places), *(show(picture, Ref(number)) for picture in (first, second)))
        if one.kind != other.kind or len(one.content) != len(other.content):
            return Difference(_path(number, places), _size(one), _size(other))
        if one.content != other.content and (one.kind == "ndarray" or issubclass(one.type, array)):
            return Difference(_path(number, places), *_arrays(one.content[0], other.content[0]))
        if one.content != other.content or one.labels != other.labels:
            for index, (mine, its) in enumerate(zip(one.content, other.content, strict=True)):
                step = (number, _label(one.labels, index))
                found = _compare(step, mine, its, first, second, places)
                if found:
                    return found
            return Difference(_path(number, places), f"attributes {one.labels}", f"attributes {other.labels}")
        for index, inner in enumerate(one.content):
            if type(inner) is Ref:
                places.setdefault(inner.node, (number, _label(one.labels, index)))
        number += 1
    return None


_Step = tuple[int | None, str]
"""From a node (None: from a root) to a place in it."""
_Places = dict[int, _Step]
"""How each node was reached first."""


def _arrays(mine: Encoded, its: Encoded) -> tuple[str, str]:
    """Where two arrays differ: in what they are, or in their first element that is not the same."""

    def described(encoded: Encoded) -> str:
        _, dtype, shape, (in_c, in_fortran, writeable), _ = encoded
        order = "C order" if in_c else "Fortran order" if in_fortran else "strides"
        return f"array of {dtype}, shape {shape}, in {order}{'' if writeable else ', read-only'}"

    if mine[:-1] != its[:-1]:
        return described(mine), described(its)
    size = len(mine[-1]) // max(1, prod(mine[2]))
    at = next(at for at, (one, other) in enumerate(zip(mine[-1], its[-1], strict=True)) if one != other) // size

    def element(encoded: Encoded) -> str:
        raw = encoded[-1][at * size : (at + 1) * size]
        letter = {"f4": "f", "f8": "d", "b1": "?"}.get(encoded[1][1:3])
        if letter is not None:
            shown = _atom(struct.unpack(encoded[1][0].replace("|", "=") + letter, raw)[0])
        elif encoded[1][1] in "iu":
            order: Any = "big" if encoded[1][0] == ">" else "little"
            shown = str(int.from_bytes(raw, order, signed=encoded[1][1] == "i"))
        else:
            shown = raw.hex()
        return f"{shown} as element {at} of an {described(encoded)}"

    return element(mine), element(its)


def _path(number: int, places: _Places) -> str:
    """The way from a root to a node, as one would write it."""
    steps: list[str] = []
    at: int | None = number
    while at is not None:
        at, label = places[at]
        steps.append(label)
    if len(steps) > 20:
        steps[10:-5] = [f" … {len(steps) - 15} levels … "]
    return "".join(reversed(steps))


def _join(step: _Step, places: _Places) -> str:
    return step[1] if step[0] is None else _path(step[0], places) + step[1]


def _compare(
    step: _Step, mine: Encoded, its: Encoded, first: Picture, second: Picture, places: _Places
) -> Difference | None:
    if type(mine) is Ref:
        places.setdefault(mine.node, step)
    if mine == its:
        return None
    place = _join(step, places)
    if type(mine) is Ref and type(its) is Ref:
        # Both are objects with an identity, but one of them was met before in another place.
        one, other = first.nodes[mine.node], second.nodes[its.node]
        if one.type is not other.type:
            return Difference(place, _type(one.type), _type(other.type))
        return Difference(
            place, *(_seen(ref, picture, places, step) for ref, picture in ((mine, first), (its, second)))
        )
    if type(mine) is tuple and type(its) is tuple and mine[0] == its[0] == "run" and mine[1] is its[1]:
        return _compare_runs(place, mine, its)
    if type(mine) is tuple and type(its) is tuple and mine[0] is its[0] is tuple and len(mine[1]) == len(its[1]):
        for index, (one, other) in enumerate(zip(mine[1], its[1], strict=True)):
            found = _compare((step[0], f"{step[1]}[{index}]"), one, other, first, second, places)
            if found:
                return found
    return Difference(place, show(first, mine), show(second, its))


def _compare_runs(place: str, mine: Encoded, its: Encoded) -> Difference:
    ours, theirs = _items(mine), _items(its)
    if len(ours) != len(theirs):
        return Difference(place, f"{len(ours)} elements", f"{len(theirs)} elements")
    for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if _ATOMS[type(one)](one) != _ATOMS[type(other)](other):
            return Difference(f"{place}[{index}]", *(_marked(_ATOMS[type(item)](item)) for item in (one, other)))
    return Difference(place, "?", "?")


def _is_run(encoded: Encoded) -> bool:
    return type(encoded) is tuple and encoded[0] == "run"


def _items(run: Encoded) -> list[Any]:
    """The values of a run."""
    if run[1] is not float:
        return list(run[2])
    if isinstance(run[2], bytes):
        return list(array("d", run[2]))
    return [float("nan") if bits == "nan" else struct.unpack("<d", bits)[0] for bits in run[2]]


def _seen(ref: Ref, picture: Picture, places: _Places, here: _Step) -> str:
    """Which object it is: one met in another place, or one met here first."""
    step = places.get(ref.node)
    if step is None or step == here:
        return _identity(picture.nodes[ref.node], picture, ref.node)
    return f"the object at {_path(ref.node, places)}"


def _identity(node: Node, picture: Picture, number: int) -> str:
    shown = show(picture, Ref(number))
    return f"a new object {shown}" if node.known is None else f"an object that was there before, {shown}"


def _size(node: Node) -> str:
    return f"{node.kind} with {len(node.content) // (2 if node.kind == 'dict' else 1)} elements"


def _label(labels: tuple[str, ...] | str, index: int) -> str:
    if not isinstance(labels, str):
        return labels[index]
    if labels == "{dict}":
        return f" {'value' if index % 2 else 'key'} {index // 2}"
    return labels.format(index)


def _type(kind: type) -> str:
    module = _module(kind)
    name = _qualname(kind)
    return f"a {name}" if module == "builtins" else f"a {module}.{name}"


def _atom(value: object) -> str:
    if type(value) is float:
        if value != value:
            return 'float("nan")'
        if value in (float("inf"), float("-inf")):
            return f'float("{value}")'
    return repr(value)


def _marked(encoded: Encoded) -> str:
    """A value that is compared by value; of a text in the wrong form, that it is."""
    shown = _atom(_decoded(encoded))
    if encoded[0] is str and not encoded[2] and all(char < "\x80" for char in encoded[1]):
        shown += " (marked as not ASCII)"
    return shown


def _decoded(encoded: Encoded) -> Any:
    kind, value = encoded[:2]
    if kind is float:
        return float("nan") if value == "nan" else struct.unpack("<d", value)[0]
    if kind is complex:
        return complex(*(_decoded((float, part)) for part in value))
    return ... if kind is type(...) else NotImplemented if kind is type(NotImplemented) else value


MAKE = "make"
"""The function that makes an instance from its class and attributes, in what `show` writes."""


class _Brief(dict[int, str]):
    """Instead of names of nodes: at most so many are shown. A graph has more paths than anyone can read, or wait for."""

    left = 100


def show(
    picture: Picture, encoded: Encoded, names: Mapping[int, str] | None = None, open_nodes: tuple[int, ...] = ()
) -> str:
    """A value as Python source where that is possible. `names` are variables that stand for nodes; without them the text
    is for people, and is cut."""
    if names is None:
        names = _Brief()
    if type(encoded) is Ref:
        if encoded.node in names:
            return names[encoded.node]
        if isinstance(names, _Brief):
            names.left -= 1
            if names.left < 0:
                return "<...>"
        if encoded.node in open_nodes or len(open_nodes) > 50:
            return "<...>"
        return show_node(picture, encoded.node, names, open_nodes)
    if encoded[0] == "run":
        return ", ".join(_atom(item) for item in _items(encoded))
    if encoded[0] is tuple:
        inner = [show(picture, item, names, open_nodes) for item in encoded[1]]
        return f"({inner[0]},)" if len(inner) == 1 else f"({', '.join(inner)})"
    if encoded[0] in _ATOMS:
        return _marked(encoded)
    return repr(encoded[1])


def show_node(
    picture: Picture, number: int, names: Mapping[int, str] | None = None, open_nodes: tuple[int, ...] = ()
) -> str:
    node = picture.nodes[number]
    inner = [show(picture, part, names, (*open_nodes, number)) for part in node.content] if node.kind != "value" else []
    kind = node.type
    if kind is list:
        return f"[{', '.join(inner)}]"
    if kind is tuple:
        return f"({inner[0]},)" if len(node.content) == 1 and not _is_run(node.content[0]) else f"({', '.join(inner)})"
    if kind is dict:
        if node.content and _is_run(node.content[0]):
            inner = [_atom(item) for item in _items(node.content[0])]
        return "{" + ", ".join(f"{inner[at]}: {inner[at + 1]}" for at in range(0, len(inner), 2)) + "}"
    if kind is set:
        return f"{{{', '.join(inner)}}}" if inner else "set()"
    if kind is frozenset:
        return f"frozenset({{{', '.join(inner)}}})" if inner else "frozenset()"
    if kind is bytearray:
        return f"bytearray({node.content[0][1]!r})"
    if kind is deque:
        tail = "" if inner[-1] == "None" else f", {inner[-1]}"
        return f"collections.deque([{', '.join(inner[:-1])}]{tail})"
    if node.kind == "value":
        shown = node.content[0][1]
        return (
            f'decimal.Decimal("{shown}")'
            if _name(kind) == "Decimal"
            else str(shown[0] if isinstance(shown, tuple) else shown)
        )
    if node.kind == "identity":
        return _identified(picture.objects[number])
    module, name = _module(kind), _qualname(kind)
    if node.kind == "object" and not isinstance(node.labels, str):
        fields = [f"{label[1:]}={value}" for label, value in zip(node.labels, inner, strict=True)]
        return f"{MAKE}({', '.join([f'{module}.{name}', *fields])})"
    return f"<{module}.{name} of {', '.join(inner)}>" if inner else f"<{module}.{name}>"


def _identified(thing: Any) -> str:
    """A class, function or module by its name."""
    if issubclass(type(thing), ModuleType):
        return str(thing.__name__)
    module, name = (
        (_module(thing), _qualname(thing)) if issubclass(type(thing), type) else (thing.__module__, thing.__qualname__)
    )
    return str(name) if module in ("builtins", None) else f"{module}.{name}"


def restored(before: Picture, roots: Mapping[str, object]) -> Difference | None:
    """Whether a rollback has put back everything: the very elements, in their order, in tables of the same size."""
    after = take(roots, before.known())
    found = difference(take_known(before), after)
    if found:
        return found
    for number, (old, new) in enumerate(zip(before.raw, after.raw, strict=True)):
        if len(old) != len(new) or any(one is not other for one, other in zip(old, new, strict=True)):
            return Difference(f"elements of {show(before, Ref(number))[:200]}", "the same objects", "other objects")
        if before.sizes[number] != after.sizes[number]:
            return Difference(
                f"table of {show(before, Ref(number))[:200]}",
                f"{before.sizes[number]} bytes",
                f"{after.sizes[number]} bytes",
            )
    return None


def take_known(picture: Picture) -> Picture:
    """The same picture, in which every object is known: what a later picture of unchanged objects must equal."""
    nodes = [Node(node.type, number, node.kind, node.content, node.labels) for number, node in enumerate(picture.nodes)]
    return Picture(picture.roots, nodes, picture.objects, picture.raw, picture.sizes)


def show_exception(error: BaseException) -> str:
    """The arguments of an exception, as one would write them."""
    picture = take({"args": BaseException.args.__get__(error)})  # type: ignore[attr-defined]
    shown = show(picture, picture.roots["args"])
    return shown.replace(",)", ")") if shown.endswith(",)") else shown
