"""Snapshots: whose totals agree, and which are believed."""

from decimal import Decimal

import pytest

from bridge.domain.records import Record, RecordKey, RecordType
from bridge.domain.snapshots import (
    Difference,
    Scope,
    SnapshotTotals,
    amount_in_totals,
    differences,
    leaves_too_little,
)
from tests.builders import credit_memo, customer, invoice, payment

D = Decimal


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (invoice(gross_amount=D("-0.0001"), currency="XYZ"), ("XYZ", D("-0.0001"))),
        (credit_memo(gross_amount=D("7.5")), ("EUR", D("7.5"))),
        (payment(amount=D(9), currency="JPY"), ("JPY", D(9))),
        (customer(credit_limit=D(1000)), ("", D(0))),
        (invoice(gross_amount=D(10) ** 18 - 1), ("EUR", D(10) ** 18 - 1)),
        (invoice(gross_amount=D("0.00001")), ("EUR", D(0))),
        (invoice(gross_amount=D(10) ** 18), ("EUR", D(0))),
        (invoice(gross_amount=D("NaN")), ("EUR", D(0))),
    ],
)
def test_what_a_record_adds(record: Record, expected: tuple[str, Decimal]) -> None:
    """Its gross amount or amount as submitted, fit or not; a customer adds nothing."""
    assert amount_in_totals(record) == expected


def test_equal_totals_do_not_differ() -> None:
    """A currency that one side leaves out sums to zero there, and trailing zeros mean nothing."""
    stated = SnapshotTotals(2, {"EUR": D("1.50"), "JPY": D(0)})
    assert differences(stated, SnapshotTotals(2, {"EUR": D("1.5"), "USD": D(0)})) == []


def test_every_figure_that_differs_is_told() -> None:
    """The count first, then each currency by name, as both sides have it."""
    stated = SnapshotTotals(2, {"USD": D("1E+2"), "EUR": D("0.0001")})
    found = SnapshotTotals(1, {"JPY": D(7), "USD": D(100)})
    told = differences(stated, found)
    assert told == [
        Difference("Count", 2, 1),
        Difference("Total[EUR]", D("0.0001"), D(0)),
        Difference("Total[JPY]", D(0), D(7)),
    ]
    assert [str(one) for one in told] == [
        "Count is 2 in the ERP and 1 here",
        "Total[EUR] is 0.0001 in the ERP and 0 here",
        "Total[JPY] is 0 in the ERP and 7 here",
    ]
    (written,) = differences(stated, SnapshotTotals(2, {"USD": D("2E+2"), "EUR": D("0.0001")}))
    assert str(written) == "Total[USD] is 100 in the ERP and 200 here"


def test_a_scope_holds_its_own_records_alone() -> None:
    """Neither another company's nor another type's."""
    scope = Scope(RecordType.CREDIT_MEMO, "1000")
    assert str(scope) == "credit memos of company 1000"
    assert str(Scope(RecordType.CUSTOMER, "")) == "customers"
    assert scope.holds(RecordKey(RecordType.CREDIT_MEMO, "1000", "1"))
    assert not scope.holds(RecordKey(RecordType.CREDIT_MEMO, "2000", "1"))
    assert not scope.holds(RecordKey(RecordType.INVOICE, "1000", "1"))


@pytest.mark.parametrize(
    ("members", "held", "gone", "too_little"),
    [
        (80, 100, 20, False),
        (79, 100, 21, True),
        (1, 20, 5, True),
        (1, 19, 18, False),  # of a few records, most may well be gone
        (0, 1, 1, True),  # but nothing at all is what a broken selection looks like
        (0, 0, 0, False),
        (0, 500, 0, False),  # all of them were submitted since
    ],
)
def test_what_leaves_too_little(members: int, held: int, gone: int, too_little: bool) -> None:
    """Fewer than the share that the settings name, or nothing."""
    found = leaves_too_little(
        members=members, held=held, gone=gone, below_share=D("0.8"), from_records=20
    )
    assert found is too_little
