"""Recorded signatures: parse, join, and tidy what one run has seen.

`(list[?])` and `(list[int])` are one shape seen at two moments, and so are `tuple[int]` and `tuple[int, int]` in one place.
Joining such pairs here keeps the manifest small; everything that is really different stays apart, rare types included.

In: signatures with counts, as the recorder wrote them. Out: the same, joined, by frequency and then by text.
It must not forget a type that was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(->|\.\.\.|[^\s\[\](),|]+|[\[\](),|])")

#: A manifest has far fewer members side by side; beyond that they are any object.
_MANY = 64

_ONE_ELEMENT = frozenset({"list", "set", "frozenset", "deque"})


@dataclass(frozen=True)
class Type:
    """One type of the signature grammar; `|` is the name of a union, `tuple...` that of a tuple of varying length."""

    name: str
    arguments: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if self.name == "|":
            return " | ".join(str(member) for member in self.arguments)
        if self.name == "tuple...":
            return f"tuple[{self.arguments[0]}, ...]"
        if not self.arguments:
            return self.name
        return f"{self.name}[{', '.join(str(argument) for argument in self.arguments)}]"


UNSEEN = Type("?")


@dataclass(frozen=True)
class Signature:
    parameters: tuple[Type, ...]
    result: Type

    def __str__(self) -> str:
        return f"({', '.join(str(parameter) for parameter in self.parameters)}) -> {self.result}"


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise ValueError(f"`{self.text}` is not a signature")
        self.position += 1
        return token

    def union(self) -> Type:
        members = [self.single()]
        while self.peek() == "|":
            self.take()
            members.append(self.single())
        return members[0] if len(members) == 1 else union(members)

    def single(self) -> Type:
        name = self.take()
        if self.peek() != "[":
            return Type(name)
        self.take("[")
        if name in ("function", "ndarray", "array.array"):
            inner = [self.take()]
            while self.peek() == ",":
                self.take()
                inner.append(self.take())
            self.take("]")
            return Type(name, tuple(Type(text) for text in inner))
        arguments = [self.union()]
        varying = False
        while self.peek() == ",":
            self.take()
            if self.peek() == "...":
                self.take()
                varying = True
                break
            arguments.append(self.union())
        self.take("]")
        return Type("tuple...", (arguments[0],)) if varying else Type(name, tuple(arguments))

    def signature(self) -> Signature:
        self.take("(")
        parameters: list[Type] = []
        while self.peek() != ")":
            parameters.append(self.union())
            if self.peek() == ",":
                self.take()
        self.take(")")
        self.take("->")
        return Signature(tuple(parameters), self.union())


def parse(text: str) -> Signature:
    return _Parser(text).signature()


def parse_type(text: str) -> Type:
    return _Parser(text).union()


def union(members: Iterable[Type]) -> Type:
    """The smallest type of ours that has all members: containers of one kind become one, the rest stands side by side."""
    flat: list[Type] = []
    # There may be thousands, of functions mostly: those only join what they are equal to.
    seen: set[Type] = set()
    for member in members:
        for one in member.arguments if member.name == "|" else (member,):
            if one == UNSEEN or one in seen:
                continue
            seen.add(one)
            for index, other in enumerate(flat) if one.name != "function" else ():
                joined = _same_kind(other, one)
                if joined is not None:
                    flat[index] = joined
                    break
            else:
                flat.append(one)
    if len(flat) > _MANY or any(one.name == "object" for one in flat):
        return Type("object")
    if not flat:
        return UNSEEN
    if len(flat) == 1:
        return flat[0]
    return Type("|", tuple(sorted(flat, key=str)))


def _same_kind(first: Type, second: Type) -> Type | None:
    if first == second:
        return first
    if first.name == second.name == "array.array" and first.arguments and second.arguments:
        # What an array holds is never joined: the typecode says how it lies in memory.
        return None
    is_class = first.name == second.name and "." in first.name and not first.name.endswith("...")
    if is_class and len(first.arguments) != len(second.arguments):
        return Type(first.name)
    if is_class or (first.name == second.name and first.name in _ONE_ELEMENT | {"dict", "tuple..."}):
        return Type(first.name, tuple(union(pair) for pair in zip(first.arguments, second.arguments, strict=True)))
    if {first.name, second.name} <= {"tuple", "tuple..."}:
        if first.name == second.name and len(first.arguments) == len(second.arguments):
            return Type("tuple", tuple(union(pair) for pair in zip(first.arguments, second.arguments, strict=True)))
        return Type("tuple...", (union(first.arguments + second.arguments),))
    return None


def _lengths(ty: Type, path: tuple[object, ...], seen: dict[tuple[object, ...], set[int]]) -> None:
    """Notes the lengths of the tuples at each place inside a type."""
    if ty.name == "|":
        for member in ty.arguments:
            _lengths(member, path, seen)
    elif ty.name == "tuple...":
        seen.setdefault(path, set()).update((-1, -2))
        _lengths(ty.arguments[0], (*path, "tuple"), seen)
    else:
        if ty.name == "tuple":
            seen.setdefault(path, set()).add(len(ty.arguments))
        for index, argument in enumerate(ty.arguments):
            _lengths(argument, (*path, ty.name, index), seen)


def _vary(ty: Type, path: tuple[object, ...], seen: Mapping[tuple[object, ...], set[int]]) -> Type:
    """Turns tuples at places where several lengths were seen into tuples of varying length."""
    if ty.name == "|":
        return union(_vary(member, path, seen) for member in ty.arguments)
    if ty.name == "tuple...":
        return Type("tuple...", (_vary(ty.arguments[0], (*path, "tuple"), seen),))
    arguments = tuple(_vary(argument, (*path, ty.name, index), seen) for index, argument in enumerate(ty.arguments))
    if ty.name == "tuple" and len(seen.get(path, ())) > 1:
        return Type("tuple...", (union(arguments),))
    return Type(ty.name, arguments)


def _fills(general: Type, special: Type) -> bool:
    """Whether `special` is `general` with `?` in some places (or the same)."""
    if special in (UNSEEN, general):
        return True
    if general.name == "|" and special.name != "|":
        return any(_fills(member, special) for member in general.arguments)
    return (
        general.name == special.name
        and len(general.arguments) == len(special.arguments)
        and all(_fills(one, other) for one, other in zip(general.arguments, special.arguments, strict=True))
    )


def _all_fill(general: tuple[Type, ...], special: tuple[Type, ...]) -> bool:
    return len(general) == len(special) and all(map(_fills, general, special))


def tidy(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """The signatures of one function in one run, joined where they are the same shape."""
    parsed = [(parse(text), count) for text, count in counted.items()]
    places: dict[tuple[object, ...], set[int]] = {}
    for signature, _ in parsed:
        for index, ty in enumerate((*signature.parameters, signature.result)):
            _lengths(ty, (index,), places)
    varied: dict[Signature, int] = {}
    results: dict[tuple[Type, ...], list[Type]] = {}
    for signature, count in parsed:
        types = [_vary(ty, (index,), places) for index, ty in enumerate((*signature.parameters, signature.result))]
        joined = Signature(tuple(types[:-1]), types[-1])
        varied[joined] = varied.get(joined, 0) + count
        results.setdefault(joined.parameters, []).append(joined.result)
    # One signature per list of parameters: what comes back may vary.
    united: dict[Signature, int] = {}
    results_of = {parameters: union(returned) for parameters, returned in results.items()}
    for signature, count in varied.items():
        joined = Signature(signature.parameters, results_of[signature.parameters])
        united[joined] = united.get(joined, 0) + count

    # What only ever differs by `?` goes to the most frequent signature that fills it in.
    texts = {signature: str(signature) for signature in united}
    order = sorted(united.items(), key=lambda item: (texts[item[0]].count("?"), -item[1], texts[item[0]]))
    kept: dict[Signature, int] = {}
    with_unions = [signature for signature in united if "|" in texts[signature]]
    for signature, count in order:
        special = (*signature.parameters, signature.result)
        # Without a `?` it can only be a member of a union.
        others = kept if "?" in texts[signature] else [other for other in with_unions if other in kept]
        fitting = [other for other in others if _all_fill((*other.parameters, other.result), special)]
        home = min(fitting, key=lambda other: (-kept[other], texts[other]), default=signature)
        kept[home] = kept.get(home, 0) + count
    return sorted(
        ((texts[signature], count) for signature, count in kept.items()), key=lambda item: (-item[1], item[0])
    )
