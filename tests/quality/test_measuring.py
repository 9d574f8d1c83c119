"""The yardstick itself."""

from bridge.matching.exact import Known
from tests.quality.__main__ import MISSED, judge, same_names
from tests.quality.companies import Truth, two_sides
from tests.quality.measuring import Quality, quality


def test_quality() -> None:
    """Right of what was found, right of what there is."""
    one = quality({("1", "a"), ("2", "b"), ("3", "c")}, {("1", "a"), ("2", "x")})
    assert (one.precision, one.recall, one.f1) == (1 / 3, 0.5, 0.4)
    assert quality(set(), set()).f1 == 1


def test_an_aim() -> None:
    """It is missed by too little precision, and by too little recall."""
    one = Quality(right=9, found=10, true=12)
    assert judge(one, (0.9, 0.75)) == "reached"
    assert judge(one, (0.91, 0.75)) == judge(one, (0.9, 0.76)) == MISSED
    assert judge(one, None) == ""


def test_companies_follow_from_their_seed() -> None:
    """The same seed the same truth; what is the same on both sides is told."""
    one, again = (two_sides(50, corruption=0.2, seed=3) for _ in range(2))
    other = two_sides(50, corruption=0.2, seed=4)
    assert one == again != other
    assert (len(one.erp), len(one.crm), len(one.same)) == (50, 50, 30)


def test_the_same_name() -> None:
    """Only where no other has it."""
    truth = two_sides(60, corruption=0, seed=3)
    found = same_names(truth)
    assert len(set(found) & truth.same) >= 25
    doubled = Truth(truth.erp, [*truth.crm, *(Known(0, "x", one.identity) for one in truth.crm)])
    assert same_names(doubled) == []
