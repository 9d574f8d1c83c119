"""10,000 open payments against 30,000 open invoices: which belong together, by exact amounts.

Payments of one to three invoices are planted. Customers of few items have few possibilities; where
all items are one customer's, there are more than anybody could list, and that has to be told soon.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.domain.settling import Certainty, OpenItem, Settlement, settle
from tests.benchmarks.measuring import BenchmarkFailed, Row

PAYMENTS, INVOICES = 10_000, 30_000
CUSTOMERS = (1_000, 200, 1)
_MOST_INVOICES = 3


@dataclass(frozen=True)
class Planted:
    """One customer's open items, and what was paid with what."""

    payments: list[OpenItem]
    invoices: list[OpenItem]
    truth: frozenset[Settlement]


def measure() -> Iterator[Row]:
    """A row for each number of customers that the items are spread over."""
    for customers in CUSTOMERS:
        yield row(customers, PAYMENTS, INVOICES)


def row(customers: int, payments: int, invoices: int) -> Row:
    """What it takes. Raises BenchmarkFailed where a unique one is wrong."""
    chance = random.Random(customers)
    books = [plant(chance, payments // customers, invoices // customers) for _ in range(customers)]
    started, worked = time.monotonic(), time.process_time()
    found = [settle(one.payments, one.invoices) for one in books]
    cpu_seconds, seconds = time.process_time() - worked, time.monotonic() - started
    counts: Counter[str] = Counter()
    for one, settlements in zip(books, found, strict=True):
        sure = {each for each in settlements if each.certainty is Certainty.UNIQUE}
        if sure - one.truth:
            raise BenchmarkFailed(f"not planted: {sorted(sure - one.truth)[0]}")
        counts.update(str(each.certainty) for each in settlements)
    whose = "one customer's" if customers == 1 else f"{customers:,} customers'"
    return Row(
        what=f"{payments:,} payments against {invoices:,} invoices, {whose}",
        value=cpu_seconds,
        unit="CPU s",
        details={"seconds": seconds, **counts},
    )


def plant(chance: random.Random, payments: int, invoices: int) -> Planted:
    """A customer whose payments each settle one to three of the invoices."""
    owed = [OpenItem(f"I{n}", chance.randrange(10**4, 10**9, 100)) for n in range(invoices)]
    left = chance.sample(owed, len(owed))
    truth = set()
    for n in range(payments):
        parts = tuple(sorted(left.pop() for _ in range(chance.randint(1, _MOST_INVOICES))))
        paid = OpenItem(f"P{n}", sum(one.amount for one in parts))
        truth.add(Settlement((paid,), parts))
    return Planted([one.payments[0] for one in truth], owed, frozenset(truth))
