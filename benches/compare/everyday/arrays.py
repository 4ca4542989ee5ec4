"""Loops over NumPy arrays, as those who use Numba or Pythran write them."""

import math

import numpy as np


def jacobi(a, b, turns):
    for _ in range(turns):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                b[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = b[i, j]


def seidel(a, turns):
    n = a.shape[0]
    for _ in range(turns):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])


def shortest_paths(d):
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                through = d[i, k] + d[k, j]
                if through < d[i, j]:
                    d[i, j] = through


def gemm(alpha, a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] += alpha * total


def pair_distances(points):
    n, dims = points.shape
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(dims):
                difference = points[i, k] - points[j, k]
                total += difference * difference
            out[i, j] = math.sqrt(total)
    return out


def histogram_counts(values, low, high, counts):
    width = (high - low) / len(counts)
    for i in range(len(values)):
        x = values[i]
        if low <= x < high:
            counts[int((x - low) / width)] += 1


def running_total(values, out):
    total = 0.0
    for i in range(values.shape[0]):
        total += values[i]
        out[i] = total


def window_means(values, width):
    out = np.zeros(len(values) - width + 1)
    for i in range(len(out)):
        total = 0.0
        for j in range(width):
            total += values[i + j]
        out[i] = total / width
    return out


def trapezoids(x, y):
    total = 0.0
    for i in range(1, len(x)):
        total += (x[i] - x[i - 1]) * (y[i] + y[i - 1])
    return total / 2


def escape_times(re, im, most, out):
    for i in range(len(im)):
        for j in range(len(re)):
            x = 0.0
            y = 0.0
            n = 0
            while n < most and x * x + y * y <= 4.0:
                x, y = x * x - y * y + re[j], 2.0 * x * y + im[i]
                n += 1
            out[i, j] = n


def blend(a, b, weight, out):
    for i in range(len(out)):
        out[i] = weight * a[i] + (1.0 - weight) * b[i]


def sieve(flags):
    flags[0] = False
    flags[1] = False
    n = len(flags)
    i = 2
    while i * i < n:
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = False
        i += 1
    count = 0
    for i in range(n):
        if flags[i]:
            count += 1
    return count
