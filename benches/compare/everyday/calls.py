"""Small functions that are called very often."""


def clamp(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value


def mix(a, b, share):
    return a + (b - a) * share


def shade(colours, share):
    """Mixes each number with white, in whole steps."""
    result = []
    for colour in colours:
        result.append(clamp(int(mix(colour, 255, share)), 0, 255))
    return result


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def count_sundays(first, last):
    """On how many first days of a month of these years was a Sunday; 1900 began with a Monday."""
    weekday = 1
    count = 0
    for year in range(1900, last + 1):
        for month in range(1, 13):
            if weekday == 0 and year >= first:
                count += 1
            weekday = (weekday + days_in_month(year, month)) % 7
    return count
