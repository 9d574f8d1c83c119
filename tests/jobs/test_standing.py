"""What is wrong with documents by themselves, though both sides agree on them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.records import DocumentStatus, PaymentApplication, RecordType
from bridge.operations.breaks import BreakView, list_breaks
from bridge.operations.closing import Resolution, Take, resolve_break
from bridge.operations.settings import BreakSettings
from tests.builders import credit_memo, customer, invoice, payment
from tests.jobs.world import World

FINANCIALS = "reconcile-financials"
D = Decimal
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ruled(world: World, **changes: Any) -> World:
    """The same world under other rules for invoices."""
    rules = world.context.rules
    invoices = replace(rules[RecordType.INVOICE], **changes)
    context = replace(world.context, rules={**rules, RecordType.INVOICE: invoices})
    return World(context, world.clock, world.sandbox)


def settled(world: World, *records: Any) -> None:
    """Both sides hold the records, and agree."""
    world.submit(customer(), *records)
    world.settle()
    world.do(FINANCIALS)


def found(world: World) -> Sequence[BreakView]:
    return list_breaks(world.sessions)


def paid(number: str, amount: str, *applied: tuple[str, str], **changes: Any) -> Any:
    """A payment, and what it was applied to."""
    applications = tuple(
        PaymentApplication(invoice_number=invoice_number, amount=D(part))
        for invoice_number, part in applied
    )
    rest = D(amount) - sum((one.amount for one in applications), D(0))
    plain = payment(number=number, amount=D(amount), unapplied_amount=rest)
    return replace(plain, applications=applications, **changes)


def accepted(world: World, break_id: int) -> None:
    resolve_break(
        world.sessions,
        break_id=break_id,
        resolution=Resolution(Take.NEITHER, "known"),
        by="anna",
        settings=BreakSettings(),
        now=world.clock(),
    )


def test_open_amounts_follow_from_payments_and_credit_memos(world: World) -> None:
    """One that does not is a break, until it does; what is void or not to be told is left aside."""
    settled(
        world,
        invoice(number="WHOLE"),
        invoice(number="PART", open_amount=D("7.10")),
        invoice(number="WRONG", open_amount=D(19)),
        invoice(number="VOID", open_amount=D(0), status=DocumentStatus.VOID),
        invoice(number="DOLLARS", open_amount=D(0)),
        invoice(number="ELSEWHERE", open_amount=D(5), company_code="2000"),
        paid("P1", "150", ("PART", "100"), ("WRONG", "50")),
        paid("P2", "120", ("DOLLARS", "120"), currency="USD"),
        credit_memo(invoice_number="PART"),
    )
    assert found(world) == []
    watched = ruled(world, roll_forward=frozenset({"1000"}))
    watched.do(FINANCIALS)
    (one,) = found(world)
    assert (str(one.key), one.kind, one.amount) == ("1000/WRONG", "ROLL_FORWARD", D(-50))
    computed = "119.00 − 50.00 paid − 0.00 credited = 69.00, open 19.00"
    assert (one.erp, one.crm) == (computed, computed)

    world.submit(invoice(number="WRONG", open_amount=D(69)))
    watched.do(FINANCIALS, "relay", "fetch", FINANCIALS)
    assert found(world) == []


@ON_SQLITE
def test_a_payment_counts_in_salesforce_once_it_is_there(world: World) -> None:
    """An open amount that went ahead of its payment is a break of that side alone."""
    settled(world, invoice(open_amount=D(0)), paid("P1", "119", ("I1", "119")))
    world.delete("ERP_Payment__c", "1000/P1")
    world.do("fetch")
    ruled(world, roll_forward=frozenset({"*"})).do(FINANCIALS)
    kinds = {one.kind: (one.erp, one.crm) for one in found(world)}
    computed = "119.00 − 0.00 paid − 0.00 credited = 119.00, open 0.00"
    assert kinds == {"MISSING_IN_CRM": (None, None), "ROLL_FORWARD": (None, computed)}


@ON_SQLITE
def test_an_accepted_one_is_no_break_until_its_figures_change(world: World) -> None:
    """Run after run; an other amount is news."""
    settled(world, invoice(open_amount=D(19)))
    watched = ruled(world, roll_forward=frozenset({"1000"}))
    watched.do(FINANCIALS)
    accepted(world, found(world)[0].id)
    watched.do(FINANCIALS)
    watched.do(FINANCIALS)
    assert found(world) == []
    world.submit(invoice(open_amount=D(18)))
    watched.do(FINANCIALS, "relay", "fetch", FINANCIALS)
    assert [one.kind for one in found(world)] == ["ROLL_FORWARD"]


@ON_SQLITE
def test_each_thing_that_is_wrong_is_accepted_by_itself(world: World) -> None:
    """An invoice that came twice and does not roll forward; in the end it goes from Salesforce."""
    settled(world, invoice(), invoice(number="I2", open_amount=D(19)))
    watched = ruled(world, roll_forward=frozenset({"1000"}), duplicates_within_days=3)
    for left in (2, 1, 0):
        watched.do(FINANCIALS)
        watched.do(FINANCIALS)
        assert len(found(world)) == left
        if left:
            accepted(world, found(world)[0].id)
    world.delete("ERP_Invoice__c", "1000/I2")
    world.do("fetch")
    watched.do(FINANCIALS)
    (missing,) = found(world)
    accepted(world, missing.id)
    watched.do(FINANCIALS)
    watched.do(FINANCIALS)
    assert found(world) == []


def test_documents_that_the_erp_sent_twice(world: World) -> None:
    """Same company, customer, currency and amount, a few days apart: the later one is a break."""
    settled(
        world,
        invoice(issued_on=date(2026, 1, 29), due_on=None),
        invoice(number="I2"),
        invoice(number="I3", issued_on=date(2026, 1, 1)),
        invoice(number="I4", company_code="2000"),
        invoice(number="I5", currency="USD"),
        invoice(number="I6", gross_amount=D(120)),
        invoice(number="I7", status=DocumentStatus.VOID),  # cancelled, and issued anew
    )
    watched = ruled(world, duplicates_within_days=3)
    watched.do(FINANCIALS)
    (one,) = found(world)
    assert (str(one.key), one.kind, one.cause) == ("1000/I2", "DUPLICATE_IN_ERP", "DUPLICATE")
    assert one.evidence == "same customer, currency and amount as 1000/I1, 2 days apart"
    assert (one.amount, one.currency) == (D(119), "EUR")
    accepted(world, one.id)
    watched.do(FINANCIALS)
    assert found(world) == []
