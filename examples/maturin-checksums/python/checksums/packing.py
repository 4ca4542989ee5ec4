"""Numbers and bytes in other clothes."""

DIGITS = "0123456789abcdef"


def hexlify(data):
    """Two hexadecimal digits for each byte."""
    digits = []
    for byte in data:
        digits.append(DIGITS[byte >> 4])
        digits.append(DIGITS[byte & 15])
    return "".join(digits)


def to_varints(numbers):
    """Seven bits per byte, the lowest first; the high bit says that more follow."""
    packed = []
    for number in numbers:
        while number > 127:
            packed.append(number & 127 | 128)
            number >>= 7
        packed.append(number)
    return packed


def from_varints(packed):
    """The inverse of `to_varints`."""
    numbers = []
    number = 0
    shift = 0
    for byte in packed:
        number |= (byte & 127) << shift
        if byte & 128:
            shift += 7
        else:
            numbers.append(number)
            number = 0
            shift = 0
    return numbers


def run_length(text):
    """Characters and how often each is repeated: `aaab` becomes `3a1b`."""
    parts = []
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        parts.append(f"{j - i}{text[i]}")
        i = j
    return "".join(parts)
