"""Every run accounts for what lies between both sides' totals, to the last unit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from bridge.domain.records import Invoice, RecordType, System, key_of
from bridge.domain.totals import Explained
from bridge.operations.breaks import list_breaks
from bridge.operations.closing import Resolution, Take, resolve_break
from bridge.operations.settings import BreakSettings
from bridge.operations.statement import get_statement
from bridge.store.models import Outbox, OutboxStatus, Version
from bridge.store.records import find_records
from bridge.store.runs import last_success
from bridge.store.totals import explained_by_run
from tests.builders import customer, invoice
from tests.jobs.world import Silent, World

FINANCIALS = "reconcile-financials"
D = Decimal
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def explained(world: World) -> dict[tuple[str, str], Explained]:
    """What the last run of the financials explained, by period and reason."""
    with world.sessions() as session:
        run = last_success(session, FINANCIALS)
        assert run is not None
        found = explained_by_run(session, run.id)
    return {(one.period, one.reason): one for one in found}


def settled(world: World, *invoices: Invoice) -> None:
    """The invoices are in both systems, and agreed."""
    world.submit(customer(), *invoices)
    world.settle()
    world.do(FINANCIALS)
    assert explained(world) == {}


def test_a_correction_on_its_way(world: World) -> None:
    """The ERP's new amount is the difference until Salesforce has it."""
    settled(world, invoice(), invoice(number="I2"))
    world.submit(invoice(gross_amount=D("120.50")))
    world.do(FINANCIALS)
    one = explained(world)["2026-01", "ON_ITS_WAY"]
    assert (one.company_code, one.currency, one.count) == ("1000", "EUR", 0)
    assert (one.amounts["amount"], one.amounts["open_amount"]) == (D("1.50"), D(0))
    world.do("relay", "fetch", FINANCIALS)
    assert explained(world) == {}


@ON_SQLITE
def test_another_month(world: World) -> None:
    """A document that moves leaves its month and comes to another."""
    settled(world, invoice())
    world.submit(invoice(issued_on=date(2026, 2, 1)))
    world.do(FINANCIALS)
    found = explained(world)
    counts = {period: (one.count, one.amounts["amount"]) for (period, _), one in found.items()}
    assert counts == {"2026-01": (-1, D(-119)), "2026-02": (1, D(119))}


@ON_SQLITE
def test_another_currency(world: World) -> None:
    """Likewise: everything that lies between both sides has its reason."""
    settled(world, invoice())
    world.submit(invoice(currency="USD"))
    assert not world.do(FINANCIALS).get("unexplained")
    assert {period for period, _ in explained(world)} == {"2026-01"}


def test_breaks(world: World) -> None:
    """What one side lacks is explained by the break's kind."""
    settled(world, invoice(), invoice(number="I2"))
    world.delete("ERP_Invoice__c", "1000/I1")
    world.create("ERP_Invoice__c", Number__c="BY-HAND", Gross_Amount__c="75")
    world.do("fetch", FINANCIALS)
    found = explained(world)
    lost, strange = found["2026-01", "MISSING_IN_CRM"], found["", "NOT_COUNTED_YET"]
    assert (lost.count, lost.amounts["amount"]) == (1, D(119))
    assert (strange.count, strange.currency, strange.amounts["amount"]) == (-1, "XXX", D(-75))


@ON_SQLITE
def test_what_is_only_late_does_not_count_yet(world: World) -> None:
    """It is the reason of a difference, and no open break until its days are over.

    Statements of runs before that go on telling that it did not count then.
    """
    settled(world, invoice())
    world.create("ERP_Invoice__c", Number__c="BY-HAND", Gross_Amount__c="75")
    world.do("fetch", FINANCIALS)
    summary = world.do(FINANCIALS)["types"]["INVOICE"]
    assert (summary["breaks_open"], summary["breaks_not_counted_yet"]) == (
        {},
        {"MISSING_IN_ERP": 1},
    )
    (late,) = list_breaks(world.sessions)
    assert late.counts_from is not None
    assert late.waits(world.clock())
    with world.sessions() as session:
        first = last_success(session, FINANCIALS)
        assert first is not None

    world.tick(days=2)
    world.change_by_id("ERP_Invoice__c", str(late.salesforce_id), Gross_Amount__c="76")
    world.tick(days=1)  # changed since, it is no newer for that
    summary = world.do("fetch", FINANCIALS)["types"]["INVOICE"]
    assert (summary["breaks_open"], summary["breaks_not_counted_yet"]) == (
        {"MISSING_IN_ERP": 1},
        {},
    )
    assert set(explained(world)) == {("", "MISSING_IN_ERP")}
    (counted,) = list_breaks(world.sessions)
    assert (counted.id, counted.cause, counted.waits(world.clock())) == (late.id, "MISSING", False)
    then = get_statement(world.sessions, run_id=first.id, now=world.clock())
    assert ([one.count for one in then.not_counted_yet], then.breaks) == ([1], ())
    assert then.in_order


@ON_SQLITE
def test_what_a_person_accepted(world: World) -> None:
    """It is no break any more, and still the reason of the difference."""
    settled(world, invoice())
    world.delete("ERP_Invoice__c", "1000/I1")
    world.do("fetch", FINANCIALS)
    (found,) = list_breaks(world.sessions)
    resolve_break(
        world.sessions,
        break_id=found.id,
        resolution=Resolution(Take.NEITHER, "written off"),
        by="anna",
        settings=BreakSettings(),
        now=world.clock(),
    )
    world.do(FINANCIALS)
    assert set(explained(world)) == {("2026-01", "ACCEPTED")}


@ON_SQLITE
def test_what_salesforce_refused_for_good(world: World) -> None:
    """A dead letter is on no way."""
    settled(world, invoice())
    world.submit(invoice(gross_amount=D(120)))
    world.do(FINANCIALS)
    with world.sessions.begin() as session:
        session.execute(update(Outbox).values(status=OutboxStatus.DEAD))
    world.do(FINANCIALS)
    assert set(explained(world)) == {("2026-01", "DEAD_LETTER")}


@ON_SQLITE
def test_a_rest_is_told(world: World) -> None:
    """Where adding up and looking tell two stories, the run says so, and by how much."""
    settled(world, invoice(), invoice(number="I2"))
    with world.sessions.begin() as session:
        (record_id,) = find_records(session, [key_of(invoice())]).values()
        tampered = (Version.record_id == record_id) & (Version.system == System.CRM)
        assert session.scalar(select(Version.amount).where(tampered)) == D(119)
        session.execute(update(Version).where(tampered).values(amount=D("118.99")))
    report = world.run(FINANCIALS, explained=False)
    (rest,) = report.summary["unexplained"]
    assert (rest["company_code"], rest["currency"], rest["period"]) == ("1000", "EUR", "2026-01")
    assert rest["difference"]["amount"] == "0.01"
    assert rest["difference"]["count"] == 0


class _Meanwhile(Silent):
    """Does something when the run comes to a record type, after it has added up."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work

    def start(self, what: str, total: int | None) -> None:
        if what == f"deciding {RecordType.INVOICE}":
            self._work()


@ON_POSTGRESQL
def test_submissions_during_a_run(world: World) -> None:
    """The run sees one moment: what the ERP sends meanwhile is the next run's."""
    settled(world, invoice(), invoice(number="I2"))
    newer = invoice(gross_amount=D(200)), invoice(number="I3")
    progress = _Meanwhile(lambda: world.submit(*newer))
    meanwhile = World(replace(world.context, progress=progress), world.clock)
    assert meanwhile.do(FINANCIALS)["types"]["INVOICE"]["corrections"] == {}
    assert world.do(FINANCIALS)["types"]["INVOICE"]["corrections"] == {"CRM": 2}
