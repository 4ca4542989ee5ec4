"""Numbers in lists of lists."""


def matmul(a, b):
    """The product of two matrices."""
    rows = len(a)
    inner = len(b)
    columns = len(b[0])
    result = [[0.0] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            total = 0.0
            for k in range(inner):
                total += a[i][k] * b[k][j]
            result[i][j] = total
    return result


def solve(matrix, right):
    """Solves a system of linear equations; changes both arguments, as it is usually done."""
    size = len(matrix)
    for column in range(size):
        pivot = column
        for row in range(column + 1, size):
            if abs(matrix[row][column]) > abs(matrix[pivot][column]):
                pivot = row
        if matrix[pivot][column] == 0:
            raise ValueError("singular matrix")
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            factor = matrix[row][column] / matrix[column][column]
            for k in range(column, size):
                matrix[row][k] -= factor * matrix[column][k]
            right[row] -= factor * right[column]
    solution = [0.0] * size
    for row in range(size - 1, -1, -1):
        rest = right[row]
        for k in range(row + 1, size):
            rest -= matrix[row][k] * solution[k]
        solution[row] = rest / matrix[row][row]
    return solution


def life(board, generations):
    """Conway's game on a board that is closed to a ring in both directions."""
    height = len(board)
    width = len(board[0])
    for _ in range(generations):
        following = []
        for y in range(height):
            row = []
            for x in range(width):
                neighbours = 0
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        if dx or dy:
                            neighbours += board[(y + dy) % height][(x + dx) % width]
                row.append(1 if neighbours == 3 or (neighbours == 2 and board[y][x]) else 0)
            following.append(row)
        board = following
    return board


def nbody(bodies, steps, dt):
    """Moves bodies (x, y, z, vx, vy, vz, mass) under their gravity, in place; returns the energy."""
    for _ in range(steps):
        for i in range(len(bodies)):
            first = bodies[i]
            for j in range(i + 1, len(bodies)):
                second = bodies[j]
                dx = first[0] - second[0]
                dy = first[1] - second[1]
                dz = first[2] - second[2]
                distance = (dx * dx + dy * dy + dz * dz) ** 0.5
                magnitude = dt / (distance * distance * distance)
                first[3] -= dx * second[6] * magnitude
                first[4] -= dy * second[6] * magnitude
                first[5] -= dz * second[6] * magnitude
                second[3] += dx * first[6] * magnitude
                second[4] += dy * first[6] * magnitude
                second[5] += dz * first[6] * magnitude
        for body in bodies:
            body[0] += dt * body[3]
            body[1] += dt * body[4]
            body[2] += dt * body[5]
    energy = 0.0
    for body in bodies:
        energy += 0.5 * body[6] * (body[3] * body[3] + body[4] * body[4] + body[5] * body[5])
    return energy
