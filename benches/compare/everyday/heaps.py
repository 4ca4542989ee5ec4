"""Heaps: the library's, and one written by hand."""

import heapq


def schedule(jobs, workers):
    """When each of the (start, duration) jobs ends, if the next free worker takes it."""
    free = [0] * workers
    ends = []
    for start, duration in sorted(jobs):
        earliest = heapq.heappop(free)
        end = max(start, earliest) + duration
        heapq.heappush(free, end)
        ends.append(end)
    return ends


def heapsort(items):
    """Sorts a list in place."""
    size = len(items)
    for start in range(size // 2 - 1, -1, -1):
        sift_down(items, start, size)
    for end in range(size - 1, 0, -1):
        items[0], items[end] = items[end], items[0]
        sift_down(items, 0, end)


def sift_down(items, root, end):
    while True:
        child = 2 * root + 1
        if child >= end:
            return
        if child + 1 < end and items[child] < items[child + 1]:
            child += 1
        if items[root] >= items[child]:
            return
        items[root], items[child] = items[child], items[root]
        root = child


def largest(values, count):
    """The largest values, kept in a heap of that size."""
    heap = []
    for value in values:
        if len(heap) < count:
            heapq.heappush(heap, value)
        elif value > heap[0]:
            heapq.heapreplace(heap, value)
    return sorted(heap, reverse=True)
