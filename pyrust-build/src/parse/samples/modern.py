"""Syntax that only the second front reads, function by function."""


def nested_quotes(d):
    return f"{d["k"]} {f"{d["a"]}"}" f"{'\n'.join(d)}" f"{
        d  # a comment
    }"


def parameters[T = int, *Ts = *tuple[int], **P = [int]](x: T) -> T:
    return x


def handler():
    try:
        pass
    except A, B:
        pass


def template(x):
    return t"a{x}"


def escapes(x):
    return f"{x:\t>10}"


def spellings(ﬁ):
    return fi


def subject(x, y):
    match x, y:
        case 1, 2:
            return 1
