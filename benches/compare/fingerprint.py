"""A text that tells two results apart: types, bits of floats, order of dicts, what is the same object.

Sets count without their order: it is an implementation's own. Runs on every Python that is compared.
"""

import hashlib
import struct

LONGEST = 200


def fingerprint(value):
    """A short digest of everything that can be seen in a value made of builtins and of the kernels' instances."""
    seen, met = {}, []
    parts = list(_parts(value, seen, met))
    # One after the other: chains of them may be long.
    for instance in met:
        parts.append("{")
        for name in attributes(instance):
            parts.append(name + "=")
            parts.extend(_parts(getattr(instance, name), seen, met))
    return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def attributes(instance):
    """The names of what an instance has, in the order in which it was given."""
    own = getattr(type(instance), "__mypyc_attrs__", None)
    return list(vars(instance)) if own is None else [name for name in own if hasattr(instance, name)]


def shown(value):
    """The value for people, shortened."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _parts(value, seen, met):
    kind = type(value)
    if kind is float:
        yield "f" + ("nan" if value != value else struct.pack("<d", value).hex())
    elif kind is int:
        yield "i" + hex(value)
    elif kind is complex:
        yield from _parts((value.real, value.imag), seen, met)
        yield "j"
    elif value is None or kind in (bool, str, bytes):
        yield repr(value)
    elif kind is tuple:
        yield "("
        for item in value:
            yield from _parts(item, seen, met)
            yield ","
        yield ")"
    elif kind in (set, frozenset):
        yield kind.__name__
        yield from sorted("".join(_parts(item, {}, met)) for item in value)
    elif id(value) in seen:
        yield f"same{seen[id(value)]}"
    elif kind in (list, dict, bytearray):
        seen[id(value)] = len(seen)
        yield kind.__name__ + "["
        for item in value.items() if kind is dict else value:
            yield from _parts(item, seen, met)
            yield ","
        yield "]"
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        seen[id(value)] = len(seen)
        yield f"array{value.dtype.str}{value.shape}" + value.tobytes().hex()
    elif kind.__module__.startswith(("everyday.", "k_")):
        seen[id(value)] = len(seen)
        met.append(value)
        yield kind.__qualname__
    else:
        # A number of NumPy is not what Python returns.
        yield f"{kind.__module__}.{kind.__qualname__}:{value!r}"
