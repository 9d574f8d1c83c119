"""Payments that settle invoices by plan: is what is sure found, and nothing else told as sure?

Beside each customer's settlements stand all possibilities, counted out one by one: each payment
with any of the invoices, each invoice with any of the payments.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from bridge.domain.settling import Certainty, OpenItem, Settlement, settle

CUSTOMERS = 300
_INVOICES, _MOST_PARTS = 9, 3
_PER_CENT = 100
MISSED = "MISSED"
COUNTS = ("planted", "one way", "found", "several ways", "told", "wrong")
Row = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """From what to what, and how fine, amounts are; and what a planted settlement has of each."""

    name: str
    cents: tuple[int, int]
    step: int
    most_invoices: int = 3
    in_parts: bool = False


PLANS = (
    Plan("a payment of 1 to 3 invoices, to the cent", (10**4, 10**6), 1),
    Plan("a payment of 1 to 3 invoices, round amounts", (10**3, 10**5), 1_000),
    Plan("an invoice in 2 payments, to the cent", (10**4, 10**6), 1, 1, in_parts=True),
)


def rows(customers: int = CUSTOMERS) -> Iterator[Row]:
    """For each plan: how many were planted, and what became of them."""
    for plan in PLANS:
        counts: Counter[str] = Counter()
        for seed in range(customers):
            counts += judge(*plant(plan, random.Random(f"{plan.name} {seed}")))
        yield (plan.name, *(f"{counts[name]:,}" for name in COUNTS), verdict(counts))


def verdict(counts: Counter[str]) -> str:
    """What has one way only is found, what has several is told as such, and nothing is wrong."""
    found = counts["found"] == counts["one way"] and counts["told"] == counts["several ways"]
    return "reached" if found and not counts["wrong"] else MISSED


def plant(
    plan: Plan, chance: random.Random
) -> tuple[list[OpenItem], list[OpenItem], frozenset[Settlement]]:
    """A customer's open payments and invoices, some of which nobody has paid, and the truth."""
    amounts = range(*plan.cents, plan.step)
    owed = [OpenItem(f"I{n}", chance.choice(amounts) * _PER_CENT) for n in range(_INVOICES)]
    left, truth = chance.sample(owed, len(owed)), set()
    for n in range(chance.randint(1, _MOST_PARTS)):
        parts = tuple(sorted(left.pop() for _ in range(chance.randint(1, plan.most_invoices))))
        whole = sum(one.amount for one in parts)
        first = chance.randrange(_PER_CENT, whole, _PER_CENT) if plan.in_parts else whole
        paid = [OpenItem(f"P{n}", first)]
        if first < whole:
            paid.append(OpenItem(f"P{n} rest", whole - first))
        truth.add(Settlement(tuple(paid), parts))
    return [paid for one in truth for paid in one.payments], owed, frozenset(truth)


def judge(
    payments: list[OpenItem], owed: list[OpenItem], truth: frozenset[Settlement]
) -> Counter[str]:
    """Unique ones have to be found; where there are several possibilities that has to be told."""
    found = settle(payments, owed)
    sure = {one for one in found if one.certainty is Certainty.UNIQUE}
    mentioned = {item for one in found for item in one.payments}
    possible = possibilities(payments, owed)
    uses = Counter(item for one in possible for item in (*one.payments, *one.invoices))
    unique = {
        one for one in truth if all(uses[item] == 1 for item in (*one.payments, *one.invoices))
    }
    several = truth - unique
    told = {one for one in several if mentioned & set(one.payments)}
    return Counter(
        {
            "planted": len(truth),
            "one way": len(unique),
            "found": len(unique & sure),
            "several ways": len(several),
            "told": len(told),
            "wrong": len(sure - truth),
        }
    )


def possibilities(payments: Sequence[OpenItem], owed: Sequence[OpenItem]) -> set[Settlement]:
    """All that add up, one side being a single item."""
    found = set()
    for one in payments:
        found |= {Settlement((one,), some) for some in _sums_to(owed, one.amount)}
    for one in owed:
        found |= {Settlement(some, (one,)) for some in _sums_to(payments, one.amount)}
    return found


def _sums_to(items: Sequence[OpenItem], amount: int) -> Iterator[tuple[OpenItem, ...]]:
    for size in range(1, len(items) + 1):
        for some in combinations(sorted(items), size):
            if sum(one.amount for one in some) == amount:
                yield some
