"""Instances that were passed in and are changed where they are."""


class Body:
    def __init__(self, x, y, vx, vy, mass):
        self.x = x
        self.y = y
        self.vx = vx
        self.vy = vy
        self.mass = mass


def advance(bodies, steps, dt):
    """Lets bodies attract each other; returns their energy of motion."""
    for _ in range(steps):
        for body in bodies:
            ax = 0.0
            ay = 0.0
            for other in bodies:
                if other is not body:
                    dx = other.x - body.x
                    dy = other.y - body.y
                    squared = dx * dx + dy * dy + 0.01
                    pull = other.mass / (squared * squared**0.5)
                    ax += dx * pull
                    ay += dy * pull
            body.vx += ax * dt
            body.vy += ay * dt
        for body in bodies:
            body.x += body.vx * dt
            body.y += body.vy * dt
    return sum(0.5 * body.mass * (body.vx * body.vx + body.vy * body.vy) for body in bodies)


class Place:
    def __init__(self, name):
        self.name = name
        self.distance = float("inf")
        self.before = None


class Road:
    def __init__(self, start, end, length):
        self.start = start
        self.end = end
        self.length = length


def shortest(start, roads):
    """Distances from a place, by going over all roads until nothing changes; returns how often that was."""
    start.distance = 0.0
    rounds = 0
    changed = True
    while changed:
        changed = False
        rounds += 1
        for road in roads:
            distance = road.start.distance + road.length
            if distance < road.end.distance:
                road.end.distance = distance
                road.end.before = road.start
                changed = True
    return rounds


class Account:
    def __init__(self, balance, limit):
        self.balance = balance
        self.limit = limit
        self.bookings = 0
        self.refused = 0

    def take(self, amount):
        if self.balance - amount < -self.limit:
            self.refused += 1
            return False
        self.balance -= amount
        self.bookings += 1
        return True

    def give(self, amount):
        self.balance += amount
        self.bookings += 1


def settle(accounts, transfers):
    """Books transfers between accounts that are known by their names; returns how much was moved."""
    moved = 0
    for payer, payee, amount in transfers:
        if accounts[payer].take(amount):
            accounts[payee].give(amount)
            moved += amount
    return moved


class Cell:
    def __init__(self, alive):
        self.alive = alive
        self.around = 0
        self.neighbours = []

    def meet(self, other):
        self.neighbours.append(other)


def generations(cells, count):
    """Conway's game with cells that know their neighbours; returns how many live."""
    for _ in range(count):
        for cell in cells:
            around = 0
            for neighbour in cell.neighbours:
                if neighbour.alive:
                    around += 1
            cell.around = around
        for cell in cells:
            cell.alive = cell.around == 3 or (cell.alive and cell.around == 2)
    return sum(1 for cell in cells if cell.alive)


class Entry:
    def __init__(self, key):
        self.key = key
        self.count = 0
        self.left = None
        self.right = None


def tally(root, keys):
    """Counts keys in a search tree, which grows where one is missing; returns how many steps that took."""
    steps = 0
    for key in keys:
        entry = root
        while entry.key != key:
            steps += 1
            if key < entry.key:
                if entry.left is None:
                    entry.left = Entry(key)
                entry = entry.left
            else:
                if entry.right is None:
                    entry.right = Entry(key)
                entry = entry.right
        entry.count += 1
    return steps
