"""Why a break is there, and what it is worth."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.causes import Assessment, Cause, assess
from bridge.domain.decisions import Break, BreakKind, Version, Versions
from bridge.domain.records import RecordKey, RecordType, Value
from tests.builders import EARLY, crm_values, invoice

KEY = RecordKey(RecordType.INVOICE, "1000", "I1")
TIMING = timedelta(days=3)


def versions(**changes: Any) -> Versions:
    """Invoice I1 in both systems."""
    both = Version(crm_values(invoice()), EARLY)
    return Versions(**{"key": KEY, "erp": both, "crm": both, **changes})


def assessed(found: Break, of: Versions | None = None, **changes: Any) -> Assessment:
    options: dict[str, Any] = {"now": EARLY + timedelta(days=10), "timing": TIMING, **changes}
    return assess(found, of or versions(), RecordType.INVOICE, **options)


def conflict(field: str, erp: Value | None, crm: Value | None) -> Break:
    return Break(BreakKind.CONFLICT, "changed in both systems", field, erp, crm)


@pytest.mark.parametrize(
    ("erp", "crm", "cause", "evidence"),
    [
        ("119.00", "119.02", Cause.ROUNDING, "differs by 0.02"),
        ("119.00", "191.00", Cause.KEYING, "two digits changed places"),
        ("119.00", "129.00", Cause.KEYING, "one digit"),
        ("119.00", "1190.00", Cause.KEYING, "a power of ten"),
        ("119.00", "75.30", Cause.UNKNOWN, ""),
        ("119.00", "-119.00", Cause.KEYING, "the sign"),
    ],
)
def test_amounts(erp: str, crm: str, cause: Cause, evidence: str) -> None:
    """Small change is rounding, a hurried hand shows; the rest is unknown. ERP less CRM."""
    found = assessed(conflict("gross_amount", Decimal(erp), Decimal(crm)))
    assert found == Assessment(cause, evidence, Decimal(erp) - Decimal(crm), "EUR")


def test_amounts_of_two_currencies() -> None:
    """What looks like a difference may be the rate."""
    dollars = Version(crm_values(invoice(currency="USD")), EARLY)
    found = assessed(
        conflict("gross_amount", Decimal(119), Decimal("129.71")), versions(crm=dollars)
    )
    assert (found.cause, found.evidence) == (Cause.FX, "the same amounts in EUR and USD")


def times(rate: str, **changes: Any) -> Version:
    """Invoice I1 with each amount at a rate, to the cent."""
    values = crm_values(invoice(), **changes)
    for name in ("net_amount", "tax_amount", "gross_amount"):
        amount = values[name]
        assert isinstance(amount, Decimal)
        values[name] = (amount * Decimal(rate)).quantize(Decimal("0.01"))
    return Version(values, EARLY)


@pytest.mark.parametrize("field", ["currency", "gross_amount"])
def test_amounts_that_a_rate_relates(field: str) -> None:
    """The rate is the evidence; amounts that no one rate relates show no more than currencies."""
    erp, crm = (Decimal("119.00"), Decimal("129.71"))
    values = ("EUR", "USD") if field == "currency" else (erp, crm)
    dollars = versions(crm=times("1.09", currency="USD"))
    found = assessed(conflict(field, *values), dollars)
    assert (found.cause, found.evidence) == (Cause.FX, "in EUR and USD, at 1.0900 USD for one EUR")
    others = crm_values(invoice(currency="USD", tax_amount=Decimal(7)))
    found = assessed(conflict(field, *values), versions(crm=Version(others, EARLY)))
    assert (found.cause, found.evidence) == (Cause.FX, "in EUR and USD")


def test_amounts_in_another_currency_under_the_same_code() -> None:
    """Each of several is the other's by one rate: nobody mistypes like that. Tens are a slip."""
    found = assessed(
        conflict("gross_amount", Decimal("119.00"), Decimal("129.71")), versions(crm=times("1.09"))
    )
    assert (found.cause, found.evidence) == (
        Cause.FX,
        "each of 3 amounts is 1.0900 times the ERP's",
    )
    tenfold = conflict("gross_amount", Decimal("119.00"), Decimal("1190.00"))
    found = assessed(tenfold, versions(crm=times("10")))
    assert (found.cause, found.evidence) == (Cause.KEYING, "a power of ten")


@pytest.mark.parametrize(
    ("field", "erp", "crm", "cause"),
    [
        ("status", "PAID", "OPEN", Cause.STATUS),
        ("issued_on", date(2026, 2, 3), date(2026, 3, 2), Cause.KEYING),
        ("issued_on", date(2026, 2, 3), date(2025, 2, 3), Cause.KEYING),
        ("issued_on", date(2026, 1, 30), date(2026, 2, 2), Cause.TIMING),
        ("issued_on", date(2026, 1, 30), date(2026, 6, 2), Cause.UNKNOWN),
        ("purchase_order", "PO-4711", "PO-4771", Cause.KEYING),
        ("purchase_order", "PO-4711", "by phone", Cause.UNKNOWN),
        ("purchase_order", None, "by phone", Cause.MISSING),
    ],
)
def test_other_values(field: str, erp: Value, crm: Value, cause: Cause) -> None:
    """Each kind of field has its own slips; none of them is worth money."""
    found = assessed(conflict(field, erp, crm))
    assert (found.cause, found.amount, found.currency) == (cause, None, None)


def test_another_currency_is_worth_the_document() -> None:
    """All of it lies between the totals of both currencies, though the figures are the same."""
    found = assessed(conflict("currency", "EUR", "USD"))
    assert (found.cause, found.amount, found.currency) == (Cause.FX, Decimal("119.00"), "EUR")


def test_a_missing_value_of_an_amount() -> None:
    """The side without it counts as nothing."""
    found = assessed(conflict("tax_amount", None, Decimal(19)))
    assert found == Assessment(Cause.MISSING, "one side holds no value", Decimal(-19), "EUR")


MISSING_IN_ERP = Break(BreakKind.MISSING_IN_ERP, "unknown to the ERP")


@pytest.mark.parametrize(
    ("days", "cause"), [(0, Cause.TIMING), (2, Cause.TIMING), (3, Cause.MISSING)]
)
def test_a_new_record_may_be_late(days: int, cause: Cause) -> None:
    """What the ERP has never sent may still come, for some days. All of it is the difference."""
    found = assessed(MISSING_IN_ERP, versions(erp=None), now=EARLY + timedelta(days=days))
    assert (found.cause, found.amount, found.currency) == (cause, Decimal("-119.00"), "EUR")
    is_waited_for = cause is Cause.TIMING
    assert found.counts_from == (EARLY + TIMING if is_waited_for else None)


def test_what_changes_is_no_newer_for_that() -> None:
    """Since its break was opened it has been late."""
    found = assessed(MISSING_IN_ERP, versions(erp=None), now=EARLY, opened_at=EARLY - TIMING)
    assert (found.cause, found.counts_from) == (Cause.MISSING, None)
    found = assessed(MISSING_IN_ERP, versions(erp=None), now=EARLY, opened_at=EARLY - TIMING / 2)
    assert (found.cause, found.counts_from) == (Cause.TIMING, EARLY + TIMING / 2)


def test_a_document_waits_for_its_customer() -> None:
    """As long, since it came; days that lie apart wait for nothing."""
    unknown = Break(BreakKind.CUSTOMER_UNKNOWN, "waits for customer C1")
    assert assessed(unknown, now=EARLY).counts_from == EARLY + TIMING
    assert assessed(unknown, now=EARLY + TIMING).counts_from is None
    apart = assessed(conflict("issued_on", date(2026, 1, 30), date(2026, 2, 2)), now=EARLY)
    assert (apart.cause, apart.counts_from) == (Cause.TIMING, None)


def test_what_is_gone_is_not_late() -> None:
    """The ERP had it."""
    gone = Version(crm_values(invoice()), EARLY, deleted=True)
    assert assessed(MISSING_IN_ERP, versions(erp=gone), now=EARLY).cause is Cause.MISSING


def test_a_twin_under_another_number() -> None:
    """The ERP has one that looks the same."""
    found = assessed(MISSING_IN_ERP, versions(erp=None), twins=["1000/I9"])
    assert (found.cause, found.evidence) == (Cause.DUPLICATE, "looks like 1000/I9")


def test_what_salesforce_lost_is_worth_itself() -> None:
    """The ERP's amount stands alone."""
    lost = Break(BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP")
    assert assessed(lost) == Assessment(Cause.MISSING, "", Decimal("119.00"), "EUR")


def test_a_changed_key_moves_no_money() -> None:
    """Both sides have the record: it is worth what lies between them."""
    moved = Break(BreakKind.KEY_MISMATCH, "why", erp="1000/I1", crm="1000/I2")
    found = assessed(moved)
    assert (found.cause, found.amount) == (Cause.KEYING, Decimal(0))
