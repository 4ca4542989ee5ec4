# compile: counted (int) -> int
# compile: named (int) -> int


def counted(x):
    while 1:
        x = x + 1
        if x > 5:
            return x


def named(x):
    while x is not None:
        x = x + 1
        if x > 5:
            return x
