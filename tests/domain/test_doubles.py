"""Documents that the ERP may have sent under two keys."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.doubles import Alike, doubles
from bridge.domain.records import RecordKey, RecordType

DAY = date(2026, 1, 31)


def alike(number: str, days: int) -> Alike:
    key = RecordKey(RecordType.INVOICE, "1000", number)
    day = DAY + timedelta(days=days)
    amount = Decimal("119.00")
    return Alike(record_id=int(number), key=key, day=day, currency="EUR", amount=amount)


def test_the_later_of_two_that_are_near_is_the_double() -> None:
    """It names the first, and is worth its whole amount."""
    ((record_id, found, why),) = doubles([alike("1", 0), alike("2", 3)], 3)
    assert (record_id, found.erp) == (2, "1000/1")
    assert why.evidence == "same customer, currency and amount as 1000/1, 3 days apart"
    assert (why.amount, why.currency) == (Decimal("119.00"), "EUR")
    assert list(doubles([alike("1", 0), alike("2", 4)], 3)) == []


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 3), st.data())
def test_order_makes_no_difference(days: list[int], within: int, data: st.DataObject) -> None:
    """Each that has an earlier one near is a double, however they come."""
    documents = [alike(str(number), day) for number, day in enumerate(days)]
    found = {one for one, _, _ in doubles(documents, within)}
    shuffled = data.draw(st.permutations(documents))
    assert {one for one, _, _ in doubles(shuffled, within)} == found
    for one in documents:
        has_earlier = any(
            (other.day, other.key) < (one.day, one.key) and (one.day - other.day).days <= within
            for other in documents
        )
        assert (one.record_id in found) == has_earlier
