"""The same scripts in plain Python: the oracle."""

from __future__ import annotations

import os
import sys

from hypothesis import HealthCheck, settings

#: How hard to look.
fuzzed = settings(
    max_examples=int(os.environ.get("PYRUST_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ERRORS = (IndexError, KeyError, ValueError, TypeError, RuntimeError)


def run(target, other, script, step):
    """What each line gave; stops at a line `bail`."""
    given = []
    for name, ints, objects in script:
        if name == "bail":
            break
        try:
            given.append(step(target, other, name, ints, objects))
        except ERRORS as error:
            given.append({"raised": type(error).__name__})
    return given


def list_step(a, b, name, ints, objects):
    match name:
        case "len":
            return len(a)
        case "truth":
            return bool(a)
        case "get":
            return a[ints[0]]
        case "set":
            a[ints[0]] = objects[0]
        case "move":
            value = a[ints[1]]
            a[ints[0]] = value
        case "append":
            a.append(objects[0])
        case "pop":
            return a.pop()
        case "pop_at":
            return a.pop(ints[0])
        case "insert":
            a.insert(ints[0], objects[0])
        case "del":
            del a[ints[0]]
        case "extend":
            a.extend(b)
        case "extend_self":
            a.extend(a)
        case "imul":
            a *= ints[0]
        case "clear":
            a.clear()
        case "reverse":
            a.reverse()
        case "copy":
            return a.copy()
        case "slice":
            return a[slice(*ints)]
        case "del_slice":
            del a[slice(*ints)]
        case "set_slice":
            a[slice(*ints)] = b
        case "set_slice_self":
            a[slice(*ints)] = a
        case "concat":
            return a + b
        case "repeat":
            return a * ints[0]
        case "tuple":
            return tuple(a)
        case "iterate":
            seen = []
            for at, item in enumerate(a, 1):
                if at % 3 == 1 and at < 20:
                    a.append(item)
                seen.append(item)
                if at % 4 == 3:
                    a.pop()
            return seen
        case "remove":
            a.remove(objects[0])
        case "index":
            return a.index(objects[0])
        case "count":
            return a.count(objects[0])
        case "contains":
            return objects[0] in a
        case "sort":
            a.sort()
        case "sort_reverse":
            a.sort(reverse=True)
        case "sort_keyed":
            keys = {at: a.index(item) % 3 for at, item in enumerate(a)}
            order = sorted(range(len(a)), key=keys.__getitem__, reverse=bool(ints[0]))
            a[:] = [a[at] for at in order]
        case "eq":
            return a == b
        case "lt":
            return a < b
        case "ge":
            return a >= b
        case "row_set":
            a[ints[0]][ints[1]] = ints[2]
        case "row_append":
            a[ints[0]].append(ints[1])
        case "row_pop":
            return a[ints[0]].pop()
        case "row_fresh":
            a[ints[0]] = [ints[1], ints[2], 7]
        case _:
            raise AssertionError(name)
    return None


def dict_step(a, b, name, ints, objects):
    match name:
        case "len":
            return len(a)
        case "truth":
            return bool(a)
        case "getitem":
            return a[objects[0]]
        case "get":
            return a.get(objects[0])
        case "get_or":
            return a.get(objects[0], objects[1])
        case "set":
            a[objects[0]] = objects[1]
        case "del":
            del a[objects[0]]
        case "contains":
            return objects[0] in a
        case "setdefault":
            return a.setdefault(objects[0], objects[1])
        case "pop":
            return a.pop(objects[0])
        case "pop_or":
            return a.pop(objects[0], objects[1])
        case "popitem":
            return a.popitem()
        case "clear":
            a.clear()
        case "update":
            a.update(b)
        case "keys":
            return list(a)
        case "values":
            return list(a.values())
        case "items":
            return list(a.items())
        case "copy":
            return dict(a)
        case "union":
            return a | b
        case "eq":
            return a == b
        case "ne":
            return a != b
        case "overwrite_all":
            for key in a:
                a[key] = objects[1]
        case "grow_in_loop":
            for _ in a:
                a[objects[0]] = objects[1]
        case _:
            raise AssertionError(name)
    return None


def set_step(a, b, name, ints, objects):
    key, items, table = objects
    match name:
        case "len":
            return len(a)
        case "truth":
            return bool(a)
        case "contains":
            return key in a
        case "list" | "iterate":
            return list(a)
        case "copy":
            return set(a)
        case "frozen":
            # A frozenset of a frozenset is that one: the runtime is not asked for it.
            return frozenset(a) if isinstance(a, set) else a.union()
        case "like":
            return a.union()
        case "union":
            return a | b
        case "union_self":
            return a | a
        case "union_list":
            return a.union(items)
        case "union_dict":
            return a.union(table)
        case "intersection":
            return a & b
        case "intersection_self":
            return a & a
        case "intersection_list":
            return a.intersection(items)
        case "difference":
            return a - b
        case "difference_self":
            return a - a
        case "difference_list":
            return a.difference(items)
        case "difference_dict":
            return a.difference(table)
        case "symmetric":
            return a ^ b
        case "symmetric_self":
            return a ^ a
        case "symmetric_list":
            return a.symmetric_difference(items)
        case "symmetric_dict":
            return a.symmetric_difference(table)
        case "compare":
            return a == b, a != b, a < b, a <= b, a > b, a >= b, a.isdisjoint(b)
        case "compare_list":
            return a.issubset(items), a.issuperset(items), a.isdisjoint(items)
        case "add":
            a.add(key)
        case "discard":
            a.discard(key)
        case "remove":
            a.remove(key)
        case "pop":
            return a.pop()
        case "clear":
            a.clear()
        case "update":
            a |= b
        case "update_self":
            a |= a
        case "update_list":
            a.update(items)
        case "update_dict":
            a.update(table)
        case "intersection_update":
            a &= b
        case "intersection_update_self":
            a &= a
        case "intersection_update_list":
            a.intersection_update(items)
        case "difference_update":
            a -= b
        case "difference_update_self":
            a -= a
        case "difference_update_list":
            a.difference_update(items)
        case "symmetric_update":
            a ^= b
        case "symmetric_update_self":
            a ^= a
        case "symmetric_update_list":
            a.symmetric_difference_update(items)
        case "symmetric_update_dict":
            a.symmetric_difference_update(table)
        case "shrink_in_loop":
            for _ in a:
                a.discard(key)
        case _:
            raise AssertionError(name)
    return None


def counts(objects):
    """Reference counts, of objects that the interpreter itself does not use all over the place."""
    known = [sys.getrefcount(x) for x in objects]
    return [count for count, x in zip(known, objects, strict=True) if not is_shared(x)]


def is_shared(x):
    if type(x) in (int, str, bytes):
        return (type(x) is int and -6 < x < 257) or (type(x) is not int and len(x) < 2)
    return x is None or type(x) is bool or x == ()


def same(a, b):
    """Equal with equal types and bits, and in the same order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, set | frozenset):
        return same(list(a), list(b))
    return repr(a) == repr(b)
