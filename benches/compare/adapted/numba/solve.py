"""Rows of an array are views: they are exchanged by their copies."""

import numpy as np
from numba import njit


@njit
def core(matrix, right):
    size = len(matrix)
    for column in range(size):
        pivot = column
        for row in range(column + 1, size):
            if abs(matrix[row, column]) > abs(matrix[pivot, column]):
                pivot = row
        if matrix[pivot, column] == 0:
            raise ValueError("singular matrix")
        for k in range(size):
            matrix[column, k], matrix[pivot, k] = matrix[pivot, k], matrix[column, k]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            factor = matrix[row, column] / matrix[column, column]
            for k in range(column, size):
                matrix[row, k] -= factor * matrix[column, k]
            right[row] -= factor * right[column]
    solution = np.zeros(size)
    for row in range(size - 1, -1, -1):
        rest = right[row]
        for k in range(row + 1, size):
            rest -= matrix[row, k] * solution[k]
        solution[row] = rest / matrix[row, row]
    return solution


def solve(matrix, right):
    rows, side = np.array(matrix, dtype=np.float64), np.array(right, dtype=np.float64)
    solution = core(rows, side)
    matrix[:] = rows.tolist()
    right[:] = side.tolist()
    return solution.tolist()
