"""Statistics over records."""


def summarise(samples):
    """Mean, deviation and extremes for each name in (name, value) pairs."""
    groups = {}
    for name, value in samples:
        groups.setdefault(name, []).append(value)
    result = {}
    for name, values in groups.items():
        count = len(values)
        mean = sum(values) / count
        spread = sum((value - mean) ** 2 for value in values) / count
        result[name] = {
            "count": count,
            "mean": mean,
            "deviation": spread**0.5,
            "least": min(values),
            "most": max(values),
        }
    return result


def revenue(orders):
    """What each customer paid for orders that were not cancelled, most first."""
    totals = {}
    for order in orders:
        if order["state"] == "cancelled":
            continue
        amount = order["price"] * order["quantity"]
        if order["quantity"] >= 10:
            amount *= 0.9
        customer = order["customer"]
        totals[customer] = totals.get(customer, 0.0) + amount
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))


def correlation(xs, ys):
    """Pearson's coefficient."""
    count = len(xs)
    mean_x = sum(xs) / count
    mean_y = sum(ys) / count
    products = squares_x = squares_y = 0.0
    for x, y in zip(xs, ys):
        dx = x - mean_x
        dy = y - mean_y
        products += dx * dy
        squares_x += dx * dx
        squares_y += dy * dy
    return products / (squares_x * squares_y) ** 0.5


def clusters(points, centres, rounds):
    """Moves centres into the middle of the (x, y) points that are nearest to them."""
    for _ in range(rounds):
        sums = [[0.0, 0.0, 0] for _ in centres]
        for x, y in points:
            nearest = 0
            least = float("inf")
            for i, (cx, cy) in enumerate(centres):
                distance = (x - cx) * (x - cx) + (y - cy) * (y - cy)
                if distance < least:
                    least = distance
                    nearest = i
            entry = sums[nearest]
            entry[0] += x
            entry[1] += y
            entry[2] += 1
        centres = [(sx / count, sy / count) if count else centre for (sx, sy, count), centre in zip(sums, centres)]
    return centres
