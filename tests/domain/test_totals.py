"""Control totals: both sides next to each other."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import RecordType, System
from bridge.domain.totals import (
    ControlTotal,
    Explained,
    key_hash,
    rolled_up,
    side_by_side,
    unexplained,
)

D = Decimal


def total(system: System, **changes: Any) -> ControlTotal:
    plain: dict[str, Any] = {
        "record_type": RecordType.PAYMENT,
        "currency": "EUR",
        "count": 2,
        "amounts": {"amount": D("10.5"), "open_amount": D("0.25")},
        "hash_total": 77,
    }
    return ControlTotal(system=system, **(plain | changes))


def test_both_sides_are_paired() -> None:
    """The two totals of a type and currency stand in one row, and balance where they are equal."""
    (row,) = side_by_side([total(System.CRM), total(System.ERP)])
    assert (row.erp.system, row.crm.system) == (System.ERP, System.CRM)
    assert row.differences == {"amount": D(0), "open_amount": D(0)}
    assert row.balanced


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 3},
        {"hash_total": 78},
        {"amounts": {"amount": D("10.5"), "open_amount": D("0.2501")}},
    ],
)
def test_any_difference_is_out_of_balance(changes: dict[str, Any]) -> None:
    """Count, each sum and the hash total must all be equal."""
    (row,) = side_by_side([total(System.ERP), total(System.CRM, **changes)])
    assert not row.balanced


def test_differences_are_the_erps_less_the_crms() -> None:
    """A positive difference means that the ERP holds more."""
    crm = total(System.CRM, amounts={"amount": D("10"), "open_amount": D("1")})
    (row,) = side_by_side([total(System.ERP), crm])
    assert row.differences == {"amount": D("0.5"), "open_amount": D("-0.75")}


@pytest.mark.parametrize("system", [System.ERP, System.CRM])
def test_a_missing_side_counts_as_nothing(system: System) -> None:
    """Where only one side has records of a currency, the other is shown with zeros."""
    (row,) = side_by_side([total(system)])
    missing = row.crm if system is System.ERP else row.erp
    assert (missing.count, missing.hash_total) == (0, 0)
    assert missing.amounts == {"amount": D(0), "open_amount": D(0)}
    assert missing.system is not system
    assert not row.balanced


def test_rows_come_in_the_order_of_types_and_currencies() -> None:
    """Customers first, then documents; currencies by their code."""
    rows = side_by_side(
        total(System.ERP, record_type=record_type, currency=currency)
        for record_type in (RecordType.PAYMENT, RecordType.CUSTOMER, RecordType.INVOICE)
        for currency in ("USD", "EUR")
    )
    assert [(row.record_type, row.currency) for row in rows] == [
        (RecordType.CUSTOMER, "EUR"),
        (RecordType.CUSTOMER, "USD"),
        (RecordType.INVOICE, "EUR"),
        (RecordType.INVOICE, "USD"),
        (RecordType.PAYMENT, "EUR"),
        (RecordType.PAYMENT, "USD"),
    ]


def test_nothing_gives_nothing() -> None:
    """Without totals there are no rows."""
    assert side_by_side([]) == []


@given(st.text())
def test_hash_shares_fit_32_bits(text: str) -> None:
    """A billion records' shares still add up in 64 bits."""
    assert 0 <= key_hash(text) < 2**32
    assert key_hash(text) == key_hash(text)


def test_hash_totals_tell_other_records_apart() -> None:
    """Two pairs of records of equal count have different hash totals."""
    assert key_hash("1000/1") + key_hash("1000/4") != key_hash("1000/2") + key_hash("1000/3")


def explained(amount: str, **changes: Any) -> Explained:
    """A break in March that accounts for so much."""
    plain: dict[str, Any] = {
        "record_type": RecordType.PAYMENT,
        "company_code": "1000",
        "currency": "EUR",
        "period": "2026-03",
        "reason": "CONFLICT",
        "count": 0,
        "amounts": {"amount": D(amount), "open_amount": D(0)},
        "hash_total": 0,
    }
    return Explained(**(plain | changes))


MARCH = {"company_code": "1000", "period": "2026-03"}
LESS = {"amounts": {"amount": D("8.5"), "open_amount": D("0.25")}}


def test_a_difference_is_explained_part_by_part() -> None:
    """Several reasons of one place add up; what they leave is the rest."""
    both = [total(System.ERP, **MARCH), total(System.CRM, **MARCH, **LESS)]
    parts = [explained("1.25"), explained("0.75", reason="ON_ITS_WAY")]
    assert unexplained(both, parts) == []
    (rest,) = unexplained(both, parts[:1])
    assert (rest.period, rest.amounts["amount"], rest.count) == ("2026-03", D("0.75"), 0)


def test_an_explanation_of_another_month_explains_nothing() -> None:
    """A rest here and the opposite rest there do not cancel out."""
    both = [total(System.ERP, **MARCH), total(System.CRM, **MARCH, **LESS)]
    rests = unexplained(both, [explained("2", period="2026-04")])
    assert {rest.period: rest.amounts["amount"] for rest in rests} == {
        "2026-03": D(2),
        "2026-04": D(-2),
    }


@pytest.mark.parametrize("changes", [{"count": 1}, {"hash_total": 5}])
def test_an_explanation_accounts_for_records_too(changes: dict[str, Any]) -> None:
    """Count and hash total have to come out as well."""
    both = [total(System.ERP, **MARCH), total(System.CRM, **MARCH, **LESS)]
    assert len(unexplained(both, [explained("2", **changes)])) == 1


def test_places_are_rolled_up() -> None:
    """Companies and months together, each system and currency by itself."""
    (erp,) = rolled_up(
        total(System.ERP, company_code=company, period=period)
        for company in ("1000", "2000")
        for period in ("2026-02", "2026-03")
    )
    assert (erp.company_code, erp.period, erp.count, erp.hash_total) == ("", "", 8, 308)
    assert erp.amounts == {"amount": D(42), "open_amount": D(1)}
