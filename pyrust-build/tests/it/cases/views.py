# compile: matmul (list[list[float]], list[list[float]]) -> list[list[float]]
def matmul(a, b):
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            s = 0.0
            for k in range(len(b)):
                s += a[i][k] * b[k][j]
            out[i][j] = s
    return out
