def add(a, b):
    return a + b


def sieve(limit):
    composite = [False] * limit
    count = 0
    for i in range(2, limit):
        if not composite[i]:
            count += 1
            for j in range(i * i, limit, i):
                composite[j] = True
    return count


def matmul(a, b):
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
