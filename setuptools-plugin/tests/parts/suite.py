from parts import collatz, growing, logged, picky, search, tidy


def test_loops():
    said = []
    for start in range(3):
        xs = list(range(start, 300))
        assert logged(xs, said.append)[1] == 299
        assert search(xs, 250, said.append) == 251
        assert search(xs, 3000, said.append) is None
        assert picky(xs, said.append) == (0 if start == 0 else sum(100 // x for x in xs))
        assert len(growing([], 100, said.append)) == 100
        assert len(growing([], 1000, said.append)) == 152
        seen = []
        assert tidy(xs, seen, said.append) == 201 == seen[-1]
        assert tidy(xs[:100], seen, said.append) is None
    assert said.count("zero") == 1


def test_a_generator():
    for n in range(7, 10):
        assert len(list(collatz(n, []))) > 0


def test_a_list_that_a_loop_changes():
    xs = [1, 2]
    assert growing(xs, 3, lambda _: None) is xs
    assert xs == [1, 2, 0, 1, 4]
