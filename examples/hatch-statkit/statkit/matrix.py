"""Matrices as lists of rows."""


def identity(n):
    return [[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)]


def transpose(a):
    return [[row[j] for row in a] for j in range(len(a[0]))]


def multiply(a, b):
    """The product of two matrices."""
    n = len(a)
    m = len(b)
    p = len(b[0])
    result = []
    for i in range(n):
        row = []
        for j in range(p):
            total = 0.0
            for k in range(m):
                total += a[i][k] * b[k][j]
            row.append(total)
        result.append(row)
    return result


def determinant(a):
    """By elimination with the largest pivot of each column."""
    a = [list(row) for row in a]
    n = len(a)
    sign = 1.0
    for column in range(n):
        pivot = column
        for row in range(column + 1, n):
            if abs(a[row][column]) > abs(a[pivot][column]):
                pivot = row
        if a[pivot][column] == 0.0:
            return 0.0
        if pivot != column:
            a[pivot], a[column] = a[column], a[pivot]
            sign = -sign
        for row in range(column + 1, n):
            factor = a[row][column] / a[column][column]
            for k in range(column, n):
                a[row][k] -= factor * a[column][k]
    product = sign
    for i in range(n):
        product *= a[i][i]
    return product
