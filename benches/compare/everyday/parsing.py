"""Tokenising and parsing."""


def tokenize(text):
    """Splits program text into (kind, text) pairs."""
    tokens = []
    i = 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            i += 1
            continue
        start = i
        if c.isalpha() or c == "_":
            while i < len(text) and (text[i].isalnum() or text[i] == "_"):
                i += 1
            tokens.append(("name", text[start:i]))
        elif c.isdigit():
            while i < len(text) and (text[i].isdigit() or text[i] == "."):
                i += 1
            tokens.append(("number", text[start:i]))
        else:
            i += 1
            tokens.append(("operator", c))
    return tokens


def evaluate(text):
    """The value of an expression of integers with + - * and parentheses, by two stacks."""
    values = []
    operators = []
    i = 0
    while i < len(text):
        c = text[i]
        if c.isdigit():
            number = 0
            while i < len(text) and text[i].isdigit():
                number = number * 10 + ord(text[i]) - 48
                i += 1
            values.append(number)
            continue
        if c == "(":
            operators.append(c)
        elif c in "+-*":
            while operators and operators[-1] != "(" and (c != "*" or operators[-1] == "*"):
                apply(values, operators.pop())
            operators.append(c)
        elif c == ")":
            while operators[-1] != "(":
                apply(values, operators.pop())
            operators.pop()
        elif c != " ":
            raise ValueError("unexpected character")
        i += 1
    while operators:
        apply(values, operators.pop())
    return values[0] if values else 0


def apply(values, operator):
    right = values.pop()
    left = values.pop()
    if operator == "+":
        values.append(left + right)
    elif operator == "-":
        values.append(left - right)
    else:
        values.append(left * right)


def parse_csv(text):
    """Rows of fields, with quotes."""
    rows = []
    for line in text.split("\n"):
        if not line:
            continue
        fields = []
        field = ""
        quoted = False
        for c in line:
            if c == '"':
                quoted = not quoted
            elif c == "," and not quoted:
                fields.append(field)
                field = ""
            else:
                field += c
        fields.append(field)
        rows.append(fields)
    return rows


def balanced(text):
    """Where brackets first go wrong, or -1."""
    stack = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for i, c in enumerate(text):
        if c in "([{":
            stack.append(c)
        elif c in ")]}" and (not stack or stack.pop() != pairs[c]):
            return i
    return -1 if not stack else len(text)
