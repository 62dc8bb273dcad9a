#!/usr/bin/env python3
"""Makes position_vectors.txt: what random fills make of a position, by exact fractions.

A line is a fill, and the position after it:

    SIDE AMOUNT PRICE REPLACES  AMOUNT COST REALIZED UNPRICED

"-" is absent: the price of a fill that was inferred. An empty line ends a history. What is not exact in DIGITS digits
after the point is rounded there, which is further than the broker goes.

    python3 tests/broker/position_vectors.py > tests/broker/position_vectors.txt
"""
import random
from fractions import Fraction

DIGITS = 21


def text(value):
    """The value with at most DIGITS digits after the point, without zeros at the end."""
    scaled = round(value * 10**DIGITS)
    sign, scaled = ("-" if scaled < 0 else ""), abs(scaled)
    whole, part = divmod(scaled, 10**DIGITS)
    return (f"{sign}{whole}.{part:0{DIGITS}d}").rstrip("0").rstrip(".")


class Position:
    """By its definition, not by the broker's way: lots are not told apart, each unit held cost the mean."""

    def __init__(self):
        self.unpriced = self.held = self.mean = self.realized = Fraction(0)

    def fill(self, side, amount, price, replaces):
        sign = 1 if side == "buy" else -1
        if price is None:
            self.unpriced += sign * amount
            return
        self.unpriced -= sign * replaces
        against = self.held * sign < 0
        closed = min(amount, abs(self.held)) if against else Fraction(0)
        self.realized += closed * ((price - self.mean) if sign < 0 else (self.mean - price))
        rest = amount - closed
        if closed:
            self.held += sign * closed
        if rest:
            self.mean = (abs(self.held) * self.mean + rest * price) / (abs(self.held) + rest)
            self.held += sign * rest
        if self.held == 0:
            self.mean = Fraction(0)

    def state(self):
        return [text(self.held + self.unpriced), text(self.held * self.mean), text(self.realized), text(self.unpriced)]


def decimal(source, digits, highest):
    return Fraction(source.randint(1, highest * 10**digits), 10**digits)


def history(source):
    amount_digits, price_digits = source.choice([(0, 2), (3, 2), (4, 8), (8, 4), (18, 2), (2, 18), (9, 9), (18, 18)])
    highest_amount = source.choice([1, 5, 1000, 1000000])
    highest_price = source.choice([1, 100, 3000, 100000])
    # Orders whose filled comes before some of their trades: what was inferred is replaced later, in some order.
    waiting = []
    fills = []
    position = Position()
    for _ in range(source.randint(1, 25)):
        side = source.choice(["buy", "sell"])
        amount = decimal(source, amount_digits, highest_amount)
        price = decimal(source, price_digits, highest_price)
        kind = source.random()
        if kind < 0.25:
            waiting.append([side, amount])
            fills.append((side, amount, None, Fraction(0)))
        elif kind < 0.5 and waiting:
            chosen = source.randrange(len(waiting))
            side, left = waiting[chosen]
            replaces = min(amount, left)
            waiting[chosen][1] -= replaces
            if waiting[chosen][1] == 0:
                del waiting[chosen]
            fills.append((side, amount, price, replaces))
        elif kind < 0.6 and position.held:  # exactly flat
            side = "sell" if position.held > 0 else "buy"
            fills.append((side, abs(position.held), price, Fraction(0)))
        else:
            fills.append((side, amount, price, Fraction(0)))
        position.fill(*fills[-1])
    replay = Position()
    for side, amount, price, replaces in fills:
        replay.fill(side, amount, price, replaces)
        told = [side, text(amount), "-" if price is None else text(price), text(replaces) if replaces else "-"]
        print(" ".join(told + replay.state()))
    print()


def main():
    source = random.Random(20261122)
    for _ in range(150):
        history(source)


main()
