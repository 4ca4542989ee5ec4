"""A tokenizer and an evaluator for arithmetic."""

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "//": 2, "%": 2}


def tokenize(source):
    """Pairs of kind and text: numbers, names, operators."""
    tokens = []
    i = 0
    n = len(source)
    while i < n:
        char = source[i]
        if char.isspace():
            i += 1
        elif char.isdigit():
            start = i
            while i < n and source[i].isdigit():
                i += 1
            tokens.append(("number", source[start:i]))
        elif char.isalpha() or char == "_":
            start = i
            while i < n and (source[i].isalnum() or source[i] == "_"):
                i += 1
            tokens.append(("name", source[start:i]))
        elif source[i : i + 2] == "//":
            tokens.append(("operator", "//"))
            i += 2
        elif char in "+-*%()":
            tokens.append(("operator", char))
            i += 1
        else:
            raise ValueError(f"unexpected {char!r} at {i}")
    return tokens


def evaluate(source, names):
    """The value of an integer expression; precedence climbing over two stacks."""
    values = []
    operators = []
    for kind, text in tokenize(source):
        if kind == "number":
            values.append(int(text))
        elif kind == "name":
            values.append(names[text])
        elif text == "(":
            operators.append(text)
        elif text == ")":
            while operators[-1] != "(":
                apply(values, operators.pop())
            operators.pop()
        else:
            while operators and operators[-1] != "(" and PRECEDENCE[operators[-1]] >= PRECEDENCE[text]:
                apply(values, operators.pop())
            operators.append(text)
    while operators:
        apply(values, operators.pop())
    return values[-1]


def apply(values, operator):
    """Replaces the two topmost values by the result of the operator."""
    right = values.pop()
    left = values.pop()
    if operator == "+":
        values.append(left + right)
    elif operator == "-":
        values.append(left - right)
    elif operator == "*":
        values.append(left * right)
    elif operator == "//":
        values.append(left // right)
    else:
        values.append(left % right)
