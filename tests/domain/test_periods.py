"""Documents of a closed period are reported, and never corrected."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bridge.domain.decisions import Break, BreakKind, Decision, Version, Versions
from bridge.domain.periods import ClosedPeriods, document_day
from bridge.domain.reconcile import decide
from bridge.domain.records import RecordType, key_of
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.survivorship import Rules, Survivor
from tests.builders import EARLY, crm_values, customer, invoice, payment, rules

LAST = date(2026, 1, 31)
UNTIL = f"the period is closed up to {LAST}"
CLOSED = ClosedPeriods({"1000": LAST})


def closed_rules(**changes: Any) -> Rules:
    names = ("issued_on", "purchase_order")
    return rules(RecordType.INVOICE, *names, closed=CLOSED, **changes)


def versions(erp: dict[str, Any], crm: dict[str, Any] | None, **changes: Any) -> Versions:
    """Invoice I1 of 31 January, and what each side says otherwise."""
    plain = {"issued_on": LAST, "purchase_order": "1"}
    both = Versions(
        key=key_of(invoice()),
        erp=Version({**plain, **erp}, EARLY),
        crm=None if crm is None else Version({**plain, **crm}, EARLY),
        agreed=None if crm is None else plain,
        crm_key=None if crm is None else "1000/I1",
    )
    return replace(both, **changes)


def test_the_day_of_a_document() -> None:
    """When it was issued or received; a customer has none."""
    assert document_day(crm_values(invoice())) == invoice().issued_on
    assert document_day(crm_values(payment())) == payment().received_on
    assert document_day(crm_values(customer())) is None


@pytest.mark.parametrize(
    ("company", "day", "closed"),
    [
        ("1000", LAST, True),
        ("1000", LAST + timedelta(days=1), False),
        ("2000", LAST, False),
        ("3000", date(2026, 6, 30), True),
    ],
)
def test_periods_close_by_company(company: str, day: date, closed: bool) -> None:
    """The last closed day is closed; a company without one of its own has the default's."""
    days = {"1000": LAST, "2000": date(2025, 12, 31), "default": date(2026, 6, 30)}
    assert (ClosedPeriods(days).last_day(company, [day]) == days.get(company, days["default"])) is (
        closed
    )
    assert ClosedPeriods().last_day(company, [day]) is None


@pytest.mark.parametrize(
    ("erp", "crm", "mirrored", "detail"),
    [
        ("2", "1", False, "ERP_CHANGED"),
        ("1", "2", False, "CRM_CHANGED"),
        ("1", "2", True, "MIRRORED"),
        ("2", "3", False, "changed in both systems"),
    ],
)
def test_what_would_be_corrected_is_a_break(
    erp: str, crm: str, mirrored: bool, detail: str
) -> None:
    """On whichever side; a conflict too is one that nobody can settle now."""
    fields = frozenset({"purchase_order"}) if mirrored else frozenset[str]()
    both = versions({"purchase_order": erp}, {"purchase_order": crm})
    found = Break(BreakKind.PERIOD_CLOSED, f"{detail}; {UNTIL}", "purchase_order", erp, crm)
    assert decide(both, closed_rules(mirrored=fields)) == Decision(breaks=(found,))
    opened = decide(both, replace(closed_rules(mirrored=fields), closed=ClosedPeriods()))
    assert BreakKind.PERIOD_CLOSED not in {one.kind for one in opened.breaks}


@pytest.mark.parametrize("side", ["erp", "crm"])
def test_a_document_cannot_be_moved_out_of_a_closed_period(side: str) -> None:
    """It lies there by the word of any side."""
    moved = {"issued_on": LAST + timedelta(days=5)}
    both = versions(moved if side == "erp" else {}, moved if side == "crm" else {})
    (found,) = decide(both, closed_rules(default_survivor=Survivor.ERP)).breaks
    assert (found.kind, found.field) == (BreakKind.PERIOD_CLOSED, "issued_on")


def test_a_new_document_in_a_closed_period_is_not_created() -> None:
    """It came too late; accepted, it is no break any more, and still not sent."""
    new = versions({}, None)
    found = Break(BreakKind.PERIOD_CLOSED, f"not in Salesforce; {UNTIL}")
    assert decide(new, closed_rules()) == Decision(breaks=(found,))
    accepted = ruling(BreakKind.PERIOD_CLOSED, "", Verdict.ACCEPT)
    assert decide(replace(new, rulings=(accepted,)), closed_rules()) == Decision(obeyed=(accepted,))


def ruling(kind: BreakKind, field: str, verdict: Verdict, **values: str) -> Ruling:
    seen: dict[str, Any] = {"erp": None, "crm": None, **values}
    return Ruling(kind=kind, field=field, verdict=verdict, by="anna", at=EARLY, **seen)


def test_a_decision_waits_until_the_period_is_opened() -> None:
    """It is kept, and goes out then; a difference can be accepted at any time."""
    values = {"erp": "2", "crm": "3"}
    taken = ruling(BreakKind.CONFLICT, "purchase_order", Verdict.SET, **values, value="2")
    both = versions({"purchase_order": "2"}, {"purchase_order": "3"}, rulings=(taken,))
    kept = decide(both, closed_rules())
    detail = f"RULED by anna; {UNTIL}"
    found = Break(BreakKind.PERIOD_CLOSED, detail, "purchase_order", "2", "3")
    assert kept == Decision(breaks=(found,), obeyed=(taken,))
    opened = decide(both, replace(closed_rules(), closed=ClosedPeriods()))
    assert [one.fields[0].new for one in opened.corrections] == ["2"]
    accepted = ruling(BreakKind.PERIOD_CLOSED, "purchase_order", Verdict.ACCEPT, **values)
    assert decide(replace(both, rulings=(accepted,)), closed_rules()) == Decision(
        obeyed=(accepted,)
    )


def test_what_was_deleted_is_not_entered_again() -> None:
    """Also where a person asked for it before the period was closed."""
    gone = Version({"issued_on": LAST}, EARLY, deleted=True)
    again = ruling(BreakKind.MISSING_IN_CRM, "", Verdict.RECREATE)
    lost = replace(versions({}, {}), crm=gone, rulings=(again,))
    found = Break(BreakKind.PERIOD_CLOSED, f"not in Salesforce; {UNTIL}")
    assert decide(lost, closed_rules()) == Decision(breaks=(found,), obeyed=(again,))


def test_what_agrees_agrees() -> None:
    """Closed or not; and customers belong to no period."""
    assert decide(versions({}, {}), closed_rules()) == Decision()
    key = key_of(customer())
    new = Versions(key=key, erp=Version(crm_values(customer()), EARLY))
    everything = ClosedPeriods({"default": date(2999, 12, 31)})
    assert decide(new, rules(closed=everything)).corrections
