"""Sets of tuples."""


def living_cells(cells, generations):
    """Conway's game on an endless board: a set of places."""
    for _ in range(generations):
        neighbours = {}
        for x, y in cells:
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    if dx or dy:
                        place = (x + dx, y + dy)
                        neighbours[place] = neighbours.get(place, 0) + 1
        cells = {place for place, count in neighbours.items() if count == 3 or (count == 2 and place in cells)}
    return cells


def islands(points):
    """Sizes of the connected groups of places, largest first."""
    left = set(points)
    sizes = []
    for point in points:
        if point not in left:
            continue
        left.remove(point)
        stack = [point]
        size = 0
        while stack:
            x, y = stack.pop()
            size += 1
            for place in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if place in left:
                    left.remove(place)
                    stack.append(place)
        sizes.append(size)
    sizes.sort(reverse=True)
    return sizes
