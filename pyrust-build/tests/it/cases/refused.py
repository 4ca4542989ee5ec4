# compile: prints (int) -> None
# compile: generates (int) -> object
# compile: mixes (int, str) -> object
# compile: several (list[int]) -> object
def prints(n):
    print(n)


def generates(n):
    yield n


def mixes(a, b):
    return a + b


def several(xs):
    with open("x") as f:
        f.write(str(xs))
    return ...
