"""What people decided goes its way: through the next run, the outbox, into both systems."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import RecordType
from bridge.operations.breaks import list_breaks
from bridge.operations.changes import acknowledge_changes, fetch_changes
from bridge.operations.closing import Resolution, Take, resolve_break
from bridge.operations.settings import BreakSettings
from tests.builders import customer, invoice
from tests.jobs.world import World

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def decided(world: World, take: Take, value: str | None = None) -> None:
    """Anna decides the one open break."""
    (found,) = list_breaks(world.sessions)
    world.tick()
    resolve_break(
        world.sessions,
        break_id=found.id,
        resolution=Resolution(take, "asked them", value),
        by="anna",
        settings=BreakSettings(),
        now=world.clock(),
    )


def in_conflict(world: World) -> None:
    """Both sides changed the street, and nobody may decide but a person."""
    world.submit(customer())
    world.settle()
    world.submit(customer(billing_street="Neue Straße 2"))
    world.change("Account", "C1", BillingStreet="Alte Gasse 3")
    world.do("fetch", CUSTOMERS)
    (found,) = list_breaks(world.sessions)
    assert (found.field, found.erp, found.crm) == (
        "billing_street",
        "Neue Straße 2",
        "Alte Gasse 3",
    )


def street(world: World) -> Any:
    return world.rows("Account", "BillingStreet")["C1"].fields["BillingStreet"]


def acknowledged(world: World) -> list[tuple[str, Any]]:
    """The ERP makes its changes; what they were."""
    page = fetch_changes(world.sessions, record_type=RecordType.CUSTOMER, after=0, limit=10)
    acknowledge_changes(
        world.sessions, record_type=RecordType.CUSTOMER, up_to=page.next, now=world.clock()
    )
    return [(field.name, field.new) for change in page.changes for field in change.fields]


def test_the_erp_is_right(world: World) -> None:
    """Salesforce takes its value; afterwards nothing is open and nothing is on its way."""
    in_conflict(world)
    decided(world, Take.ERP)
    summary = world.do(CUSTOMERS)["types"]["CUSTOMER"]
    assert summary["corrections"] == {"CRM": 1}
    world.do("relay", "fetch")
    assert street(world) == "Neue Straße 2"
    assert quiet(world)


def test_salesforce_is_right(world: World) -> None:
    """The ERP is told through its change feed."""
    in_conflict(world)
    decided(world, Take.CRM)
    world.do(CUSTOMERS)
    assert acknowledged(world) == [("billing_street", "Alte Gasse 3")]
    assert quiet(world)


@ON_SQLITE
def test_a_closed_period_is_opened_again(world: World) -> None:
    """What the ERP changed in it is a break with its reason, and goes out once it is open."""
    world.submit(customer(), invoice())
    world.settle()
    world.do(FINANCIALS)
    opened = world.context.rules
    closed = replace(opened[RecordType.INVOICE], closed=ClosedPeriods({"1000": date(2026, 1, 31)}))
    rules = {**opened, RecordType.INVOICE: closed}
    shut = World(replace(world.context, rules=rules), world.clock, world.sandbox)
    shut.submit(invoice(purchase_order="PO-8"), invoice(number="I2"))
    summary = shut.do(FINANCIALS)["types"]["INVOICE"]
    assert (summary["corrections"], summary["breaks_open"]) == ({}, {"PERIOD_CLOSED": 2})
    assert shut.do("relay")["delivered"] == 0
    details = {(one.field, one.detail) for one in list_breaks(world.sessions)}
    assert details == {
        ("purchase_order", "ERP_CHANGED; the period is closed up to 2026-01-31"),
        ("", "not in Salesforce; the period is closed up to 2026-01-31"),
    }
    summary = world.do(FINANCIALS)["types"]["INVOICE"]
    assert (summary["corrections"], summary["breaks_open"]) == ({"CRM": 2}, {})


@pytest.mark.parametrize("first", ["erp", "crm"])
def test_neither_is_right(world: World, first: str) -> None:
    """Both take a third value, in either order, with runs in between."""
    in_conflict(world)
    decided(world, Take.VALUE, "Am Markt 1")
    world.do(CUSTOMERS)
    if first == "erp":
        assert acknowledged(world) == [("billing_street", "Am Markt 1")]
        world.do(CUSTOMERS, "relay", "fetch", CUSTOMERS)
    else:
        world.do("relay", "fetch", CUSTOMERS)
        assert acknowledged(world) == [("billing_street", "Am Markt 1")]
    assert street(world) == "Am Markt 1"
    assert quiet(world)


def test_a_difference_is_accepted(world: World) -> None:
    """Run after run it is no break, until one side changes once more."""
    in_conflict(world)
    decided(world, Take.NEITHER)
    for _ in range(2):
        assert world.do("fetch", CUSTOMERS)["types"]["CUSTOMER"]["breaks_open"] == {}
    assert (street(world), world.counts()["outbox"]) == ("Alte Gasse 3", 1)
    world.change("Account", "C1", BillingStreet="Hintergasse 4")
    world.do("fetch", CUSTOMERS)
    assert [one.crm for one in list_breaks(world.sessions)] == ["Hintergasse 4"]
    assert world.counts()["ruling"] == 0


@pytest.mark.parametrize("key", ["1000/X9", None])
def test_a_document_is_accepted_for_what_it_comes_to(world: World, key: str | None) -> None:
    """Renamed, or in Salesforce alone: another amount is news that nobody has accepted."""
    if key is None:
        document = world.create("ERP_Invoice__c", Number__c="BY-HAND", Gross_Amount__c="75")
    else:
        world.submit(customer(), invoice())
        world.settle()
        world.do(FINANCIALS)
        document = world.id_of("ERP_Invoice__c", "1000/I1")
        world.change_by_id("ERP_Invoice__c", document, ERP_Key__c=key)
    world.do("fetch", FINANCIALS)
    decided(world, Take.NEITHER)
    for purchase_order in ("PO-1", "PO-2"):
        world.change_by_id("ERP_Invoice__c", document, Purchase_Order__c=purchase_order)
        world.do("fetch", FINANCIALS)
        assert list_breaks(world.sessions) == []
    world.change_by_id("ERP_Invoice__c", document, Gross_Amount__c="7500")
    world.do("fetch", FINANCIALS)
    (found,) = list_breaks(world.sessions)
    assert found.amount == (-7500 if key is None else 119 - 7500)


def test_news_before_the_run(world: World) -> None:
    """What came after the decision was not seen by the person: it is asked for again."""
    in_conflict(world)
    decided(world, Take.CRM)
    world.submit(customer(billing_street="Ganz neu 5"))
    world.do(CUSTOMERS)
    assert [one.erp for one in list_breaks(world.sessions)] == ["Ganz neu 5"]
    assert acknowledged(world) == []


def test_what_was_deleted_comes_back(world: World) -> None:
    """A person has it entered again: a new record, linked, and equal."""
    world.submit(customer(), invoice())
    world.settle()
    before = world.id_of("ERP_Invoice__c", "1000/I1")
    world.delete("ERP_Invoice__c", "1000/I1")
    world.do("fetch", "reconcile-financials")
    decided(world, Take.ERP)
    world.do("reconcile-financials", "relay", "fetch", "reconcile-financials", "relay", "fetch")
    assert world.id_of("ERP_Invoice__c", "1000/I1") != before
    summary = world.do("reconcile-financials")["types"]["INVOICE"]
    assert (summary["breaks_open"], summary["corrections"], summary["differing"]) == ({}, {}, 0)


def quiet(world: World) -> bool:
    """Whether another round finds nothing to do, and no decision is left over."""
    summary = world.do("fetch", CUSTOMERS)["types"]["CUSTOMER"]
    assert (summary["breaks_open"], summary["corrections"], summary["waiting"]) == ({}, {}, {})
    assert summary["differing"] == 0
    return world.counts()["ruling"] == 0
