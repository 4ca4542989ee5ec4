"""Graphs in dicts and lists."""

import heapq
from collections import deque


def breadth_first(graph, start):
    """The distance of each node that can be reached."""
    distances = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for neighbour in graph[node]:
            if neighbour not in distances:
                distances[neighbour] = distances[node] + 1
                queue.append(neighbour)
    return distances


def dijkstra(graph, start):
    """The length of the shortest path to each node."""
    distances = {start: 0.0}
    queue = [(0.0, start)]
    done = set()
    while queue:
        distance, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        for neighbour, length in graph[node]:
            candidate = distance + length
            if neighbour not in distances or candidate < distances[neighbour]:
                distances[neighbour] = candidate
                heapq.heappush(queue, (candidate, neighbour))
    return distances


def components(size, edges):
    """How many groups of nodes hang together (union and find)."""
    parent = list(range(size))
    groups = size
    for a, b in edges:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[a] = b
            groups -= 1
    return groups


def build_order(needs):
    """An order in which each task comes after what it needs."""
    order = []
    state = {}
    for task in needs:
        visit(task, needs, state, order)
    return order


def visit(task, needs, state, order):
    mark = state.get(task)
    if mark == "done":
        return
    if mark == "active":
        raise ValueError("cycle")
    state[task] = "active"
    for other in needs[task]:
        visit(other, needs, state, order)
    state[task] = "done"
    order.append(task)
