import pytest

import slotkit


def test_slots():
    assert slotkit.slots([0, 1, 59, 60, 3599, 3600], 60) == [0, 0, 0, 1, 59, 60]
    assert slotkit.slots([-1, -60, -61], 60) == [-1, -1, -2]
    assert slotkit.slots([], 60) == []


def test_no_width():
    with pytest.raises(ZeroDivisionError):
        slotkit.slots([1], 0)


def test_a_day():
    day = list(range(0, 86_400, 7))
    found = slotkit.slots(day, 900)
    assert found == sorted(found)
    assert found[-1] == 95
