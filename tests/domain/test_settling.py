"""Payments and the invoices that they settle."""

from collections import Counter
from itertools import chain, combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.settling import Certainty, OpenItem, Settlement, settle

UNIQUE, AMBIGUOUS, OPEN = Certainty.UNIQUE, Certainty.AMBIGUOUS, Certainty.OPEN


def items(**amounts: int) -> list[OpenItem]:
    return [OpenItem(key, amount) for key, amount in amounts.items()]


def told(found: list[Settlement]) -> list[tuple[str, str, Certainty]]:
    """Settlements as texts: payments, invoices, certainty."""
    return [
        (
            "+".join(item.key for item in one.payments),
            "+".join(item.key for item in one.invoices),
            one.certainty,
        )
        for one in found
    ]


def test_one_and_one() -> None:
    """Equal amounts that nothing else fits."""
    found = settle(items(P1=100, P2=70), items(I1=70, I2=100, I3=5))
    assert told(found) == [("P1", "I2", UNIQUE), ("P2", "I1", UNIQUE)]


def test_one_and_several() -> None:
    """A payment of three invoices, an invoice paid in two parts."""
    found = settle(items(P1=111, P2=35, P3=7), items(I1=100, I2=10, I3=1, I4=42))
    assert told(found) == [("P1", "I1+I2+I3", UNIQUE), ("P2+P3", "I4", UNIQUE)]


def test_several_and_several() -> None:
    """Two payments together settle two invoices; neither does alone."""
    assert told(settle(items(P1=60, P2=40), items(I1=55, I2=45))) == [("P1+P2", "I1+I2", UNIQUE)]


@pytest.mark.parametrize(
    ("payments", "invoices"),
    [
        ({"P1": 100}, {"I1": 100, "I2": 100}),
        ({"P1": 100, "P2": 100}, {"I1": 100}),
        ({"P1": 100}, {"I1": 100, "I2": 60, "I3": 40}),
        ({"P1": 60, "P2": 40, "P3": 100}, {"I1": 100}),
    ],
)
def test_several_possibilities(payments: dict[str, int], invoices: dict[str, int]) -> None:
    """It is said that there are; none is chosen."""
    found = settle(items(**payments), items(**invoices))
    assert found
    assert {one.certainty for one in found} == {AMBIGUOUS}


def test_an_item_that_another_possibility_needs_is_not_sure() -> None:
    """P2 fits I2 alone, but I2 may be a part of P1."""
    found = settle(items(P1=100, P2=60), items(I1=100, I2=60, I3=40))
    assert {one.certainty for one in found} == {AMBIGUOUS}


def test_what_is_sure_clears_the_way() -> None:
    """A payment has one possibility less when another payment has taken its invoice."""
    found = settle(items(P1=100, P2=130), items(I1=100, I2=30))
    assert {one.certainty for one in found} == {AMBIGUOUS}
    found = settle(items(P1=100, P2=70), items(I1=100, I2=30, I3=40, I4=9))
    assert told(found) == [("P1", "I1", UNIQUE), ("P2", "I2+I3", UNIQUE)]


def test_the_same_key_on_both_sides() -> None:
    """A payment and an invoice may have the same number."""
    assert told(settle(items(A=5), items(A=5))) == [("A", "A", UNIQUE)]


@pytest.mark.parametrize(("payments", "invoices"), [({}, {}), ({"P": 5}, {}), ({"P": 5}, {"I": 4})])
def test_nothing_fits(payments: dict[str, int], invoices: dict[str, int]) -> None:
    """Then nothing is said."""
    assert settle(items(**payments), items(**invoices)) == []


def test_too_many_possibilities() -> None:
    """Forty equal invoices: which five of them is nobody's guess."""
    (one,) = settle([OpenItem("P", 5)], [OpenItem(f"I{n:02}", 1) for n in range(40)])
    assert one.certainty is OPEN


def test_steps_are_bounded() -> None:
    """A hundred different invoices have more sums than there is time for; it is told at once."""
    random = Random(7)
    many = [OpenItem(f"I{n:03}", random.randrange(10**6, 10**9)) for n in range(100)]
    found = settle([OpenItem("P", sum(one.amount for one in many[::3]))], many, most_steps=20_000)
    assert [one.certainty for one in found] == [OPEN]


def test_thousands_are_told_once() -> None:
    """Where all items may belong together, they are one heap, and not a list for each of them."""
    many = [OpenItem(f"I{n:04}", 10**6 + 7 * n * n) for n in range(2_000)]
    paid = [OpenItem(f"P{n:04}", 2 * 10**6 + 11 * n * n) for n in range(1_000)]
    found = settle(paid, many, most_steps=2_000)
    assert {one.certainty for one in found} == {OPEN}
    assert len(found) <= 2
    assert all(len(one.payments) == 1_000 for one in found)


SMALL = st.lists(st.integers(1, 12), max_size=5)


def subsets(of: list[OpenItem]) -> list[tuple[OpenItem, ...]]:
    return list(chain.from_iterable(combinations(of, size) for size in range(1, len(of) + 1)))


@settings(max_examples=300)
@given(SMALL, SMALL, st.randoms())
def test_laws(paid: list[int], owed: list[int], random: Random) -> None:
    """Sums are equal, nothing is used twice, order is nothing, and no possibility is overlooked."""
    payments = [OpenItem(f"P{n}", amount) for n, amount in enumerate(paid)]
    invoices = [OpenItem(f"I{n}", amount) for n, amount in enumerate(owed)]
    found = settle(payments, invoices)
    sure = [one for one in found if one.certainty is UNIQUE]
    for one in sure:
        assert sum(p.amount for p in one.payments) == sum(i.amount for i in one.invoices)
    used = Counter(item for one in sure for item in (*one.payments, *one.invoices))
    assert all(times == 1 for times in used.values())
    shuffled = random.sample(payments, len(payments)), random.sample(invoices, len(invoices))
    assert settle(*shuffled) == found
    equal = [
        (some, others)
        for some in subsets(payments)
        for others in subsets(invoices)
        if sum(p.amount for p in some) == sum(i.amount for i in others)
    ]
    assert bool(found) == bool(equal)
    if len(equal) == 1:
        assert [(one.payments, one.invoices) for one in sure] == equal


@pytest.mark.parametrize("seed", range(30))
def test_planted_settlements_are_found(seed: int) -> None:
    """Payments of one to three invoices with amounts like real ones: all found, none wrong."""
    random = Random(seed)
    count = random.randint(1, 5)
    invoices = [OpenItem(f"I{n:02}", random.randrange(10**5, 10**9)) for n in range(3 * count)]
    pool, truth = invoices[:], []
    for n in range(count):
        parts = tuple(sorted(pool.pop() for _ in range(random.randint(1, 3))))
        truth.append(Settlement((OpenItem(f"P{n}", sum(i.amount for i in parts)),), parts))
    payments = [one.payments[0] for one in truth]
    assert settle(payments, invoices) == sorted(truth)
