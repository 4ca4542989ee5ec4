# compile: prints (int) -> None
# compile: generates (int) -> object
# compile: mixes (int, str) -> object
# compile: several (list[int]) -> object
# compile: Tokens.advance (refused.Tokens) -> str
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


class Tokens:
    def __init__(self, text):
        self.tokens = iter(text.split())

    def advance(self):
        return next(self.tokens, "")
