"""Which slot of a timetable each moment falls into."""


def slots(moments, width):
    """The number of the slot of each moment; slots are `width` wide, the first one begins at nought."""
    found = []
    for moment in moments:
        found.append(moment // width)
    return found
