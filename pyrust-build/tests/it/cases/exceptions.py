# compile: parse (str) -> list[int]
# compile: closing (list[int], int) -> int
def parse(text):
    out = []
    for part in text.split(","):
        try:
            out.append(int(part))
        except ValueError:
            continue
    return out


def closing(xs, i):
    try:
        return xs[i]
    except IndexError as error:
        raise KeyError(i) from error
    finally:
        xs.append(i)
