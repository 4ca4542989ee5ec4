# compile: Forest.find (handed_out.Forest, int) -> int
# compile: first (list[tuple[int, int]]) -> tuple[int, int]
class Forest:
    def __init__(self, parent: list[int], looks: int):
        self.parent = parent
        self.looks = looks

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x


def first(pairs):
    return pairs[0]
