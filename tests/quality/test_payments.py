"""The yardstick of settling invoices."""

from collections import Counter

from bridge.domain.settling import OpenItem, Settlement
from tests.quality.payments import MISSED, PLANS, judge, possibilities, rows, verdict

PAID, ONE, OTHER = OpenItem("P", 100), OpenItem("I1", 100), OpenItem("I2", 100)


def test_possibilities_are_counted_out() -> None:
    """Each invoice of the amount, and each sum."""
    half = (OpenItem("H1", 40), OpenItem("H2", 60))
    assert possibilities([PAID], [ONE, *half]) == {
        Settlement((PAID,), (ONE,)),
        Settlement((PAID,), half),
    }


def test_one_way_and_several() -> None:
    """What has one way only has to be found; of several, none may be chosen."""
    truth = frozenset({Settlement((PAID,), (ONE,))})
    only = judge([PAID], [ONE], truth)
    assert (only["one way"], only["found"], verdict(only)) == (1, 1, "reached")
    several = judge([PAID], [ONE, OTHER], truth)
    assert (several["several ways"], several["told"], several["wrong"]) == (1, 1, 0)
    assert verdict(several) == "reached"


def test_what_misses() -> None:
    """Silence, a wrong one, and a sure one that was not found."""
    fine = Counter({"one way": 3, "found": 3, "several ways": 2, "told": 2})
    assert verdict(fine) == "reached"
    for change in ({"wrong": 1}, {"one way": 1}, {"several ways": 1}):
        assert verdict(fine + Counter(change)) == MISSED


def test_a_few() -> None:
    """Each plan plants something."""
    planted = {row[0]: int(row[1]) for row in rows(customers=4)}
    assert planted.keys() == {plan.name for plan in PLANS}
    assert min(planted.values()) >= 4
