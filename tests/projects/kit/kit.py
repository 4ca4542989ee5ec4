def total(values):
    result = 0
    for value in values:
        result += value
    if result < 0:
        print(result)
    return result


def show(values):
    print(values)
