"""Classes with state."""


class Particle:
    def __init__(self, x, y, vx, vy):
        self.x = x
        self.y = y
        self.vx = vx
        self.vy = vy

    def move(self, dt):
        self.x += self.vx * dt
        self.y += self.vy * dt
        if self.x < 0.0 or self.x > 1.0:
            self.vx = -self.vx
        if self.y < 0.0 or self.y > 1.0:
            self.vy = -self.vy


def particles(starts, steps, dt):
    """Lets particles bounce in a box; returns where they are."""
    moving = [Particle(x, y, vx, vy) for x, y, vx, vy in starts]
    for _ in range(steps):
        for particle in moving:
            particle.move(dt)
    return [(particle.x, particle.y) for particle in moving]


class Stack:
    def __init__(self):
        self.items = []
        self.deepest = 0

    def push(self, item):
        self.items.append(item)
        if len(self.items) > self.deepest:
            self.deepest = len(self.items)

    def pop(self):
        return self.items.pop()


def machine(program, argument):
    """Runs a small program of (operation, operand) pairs on a machine with a stack."""
    stack = Stack()
    stack.push(argument)
    counter = 0
    position = 0
    while position < len(program):
        operation, operand = program[position]
        position += 1
        counter += 1
        if operation == "push":
            stack.push(operand)
        elif operation == "add":
            stack.push(stack.pop() + stack.pop())
        elif operation == "mod":
            stack.push(stack.pop() % operand)
        elif operation == "repeat":
            if counter < operand:
                position = 0
    return stack.pop(), stack.deepest, counter
