"""Check digits of numbers that people type."""


def luhn(number):
    """Whether a number of a payment card may be right."""
    total = 0
    double = False
    for char in reversed(number):
        if not char.isdigit():
            return False
        digit = int(char)
        if double:
            digit *= 2
            if digit > 9:
                digit -= 9
        total += digit
        double = not double
    return total % 10 == 0


def ean13(first):
    """The check digit for the first twelve digits."""
    total = 0
    for i in range(12):
        total += int(first[i]) * (3 if i % 2 else 1)
    return str((10 - total % 10) % 10)


def isbn10(first):
    """The check digit for the first nine digits; ten is written X."""
    total = sum((10 - i) * int(digit) for i, digit in enumerate(first))
    check = -total % 11
    return "X" if check == 10 else str(check)


def iban_valid(iban):
    """Whether the check digits of a bank account number fit."""
    iban = iban.replace(" ", "")
    rest = 0
    for char in iban[4:] + iban[:4]:
        if "0" <= char <= "9":
            rest = (rest * 10 + ord(char) - 48) % 97
        elif "A" <= char <= "Z":
            rest = (rest * 100 + ord(char) - 55) % 97
        else:
            return False
    return rest == 1
