def f(x, w=8):
    a =  f"{x:{w}.{3}}" rf"\d{x:d}" f"{x!r:>{w}}" f"{{}}" 'a' f"" ''
    b = '' f'{x}' ''
    c = f"{x = }{x=!s}{x=:>5}{ x }{x!r:}"
    d = f'{x,}' f"{x if x else 1}" f"{[i for i in x]}" f"""{
       x }
    """
    e = b'\x00\377' b'a', 'a\
b', 0xFFFFFFFFFFFFFFFFFFFFFFFF, 0o777, 0b1, 1_000, 1e400, 1.5j, .5, 00, 0_0, 10**20, 123456789012345678901234567890
    g = "\N{LATIN SMALL LETTER A}\u00e9\U0001F600\x41\101\8\q"
    h = f"\N{LATIN SMALL LETTER A}{x}\u00e9\{x}"
    i = (yield), (yield x), lambda: 0, lambda *a, b=1, **k: (a, b)
    j = x[1:2, ::3, ...], x[()], x[1,], x[a:=1], x[(1, 2)]
    k = not -x ** -2 < 3 <= 4 is not 5 not in 6
    print(*x, *w, sep="", **x)
    l = {**x, 1: 2}, {*x, 1}, (*x,), [*x], {}
    async def inner(): return [y async for y in x if y if z], await x
    with (open(x) as a, b as (c, d)): pass
    with (a, b): pass
    with (yield): pass
    with (a): pass
    with a, b as c: pass
    for x, in y: pass
    for x in *a, b: pass
    else: pass
    return *a, b
@a.b(1)
# comment

# another
@c
class C[T: int, *Ts, **P](A, metaclass=B, *b, **k):
    x: int = 3
    (y): int
    z[0]: str = 1
    type X[T] = int
def m(x):
    match x:
        case 1 | -2 | 1+2j | "a" "b" | None | True: pass
        case [a, *_, b] | (c, *rest): pass
        case {"k": v, 1: w, **rest}: pass
        case P(1, x=2) as q if q: pass
        case a.b: pass
        case _: pass
    match (x):
        case {}: pass
    match = 1
    case = match[0]
    print(match, case)
    try: pass
    except (A, B) as e: pass
    except: raise
    else: pass
    finally: pass
    try: pass
    except* A: pass
    if a: pass
    elif b: pass
    elif c: pass
    else: pass
    if a: pass
    elif b: pass
    global q, r
    x = y = z = 1
    x += 1; del x, (y), [z]
    assert x, "a"
    raise A from B
    from . import a as b, c
    from .x.y import *
    import a.b as c, d.e
    while (y := x) > 1: break
    x = a if b else c if d else e
    x = (i for i in y), f(i for i in y), f((i for i in y), 1)
    x = a and b and c or d or not e
    x = a@b//c%d<<e>>f&g|h^i
    @(lambda f: f)
    def g(a, /, b: int = 1, *c: str, d, e=2, **f) -> None: "doc"; pass
    return
