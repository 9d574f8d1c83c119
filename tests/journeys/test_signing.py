"""Finance signs: a known company drifts apart in each way, and every page tells just that.

SAP's sample bicycle company lies in both systems. What is planted then stands in `plant`, each with
the kind and cause that it has to be found as; tables, sheets and the printed statement follow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser
from sqlalchemy import Engine

from bridge.commands.breaks_export import write_export
from bridge.console.statement import render_statement
from bridge.domain.aging import AGES, COLUMNS
from bridge.domain.money import plain_text
from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import (
    Customer,
    DocumentStatus,
    Invoice,
    PaymentApplication,
    Record,
    RecordType,
    System,
)
from bridge.domain.survivorship import Survivor
from bridge.domain.totals import TotalsRow
from bridge.feed import load_columns
from bridge.feed.reading import RowReader
from bridge.feed.source import SourceFile
from bridge.operations.aging import get_aging
from bridge.operations.breaks import list_breaks
from bridge.operations.overview import latest_totals
from bridge.operations.statement import get_statement, list_run_lines
from bridge.sandbox import SandboxServer, Setup
from tests.builders import customer, payment
from tests.console.conftest import CHROMIUM
from tests.jobs.conftest import settings_of
from tests.jobs.world import Clock, World, build_world
from tests.salesforce.orgs import altered_schema

SAMPLE = Path("data/sap-bikes")
FEED_COLUMNS = Path(__file__).parents[1] / "feed" / "columns"
CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"
D = Decimal
_CONTACT = "[objects.Contact]\n"
_DUPLICATE_RULE = """
[[objects.Account.duplicate_rules]]
name = "Same name, same city"
fields = ["Name", "BillingCity"]
action = "alert"
"""
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(engine: Engine, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Both systems; a person decides each conflict, January 2018 is closed, all is looked at.

    Salesforce takes Accounts of one name and city for duplicates.
    """
    clock = Clock(now)
    setup = Setup(schema=altered_schema(tmp_path, (_CONTACT, f"{_DUPLICATE_RULE}{_CONTACT}")))
    with SandboxServer(tmp_path / "org.db", clock=clock, setup=setup) as sandbox:
        made = build_world(engine, clock, settings_of(sandbox))
        rules = dict(made.context.rules)
        rules[RecordType.INVOICE] = replace(
            rules[RecordType.INVOICE],
            mirrored=frozenset(),
            default_survivor=Survivor.REVIEW,
            closed=ClosedPeriods({"SAP1": date(2018, 1, 31)}),
            roll_forward=frozenset({"*"}),
            duplicates_within_days=3,
        )
        yield World(replace(made.context, rules=rules), clock, sandbox)
        made.crm.close()


def sample(shared: Path, record_type: RecordType) -> list[Record]:
    """What the sample company's files hold."""
    kind, file = {
        RecordType.CUSTOMER: ("customers", "BusinessPartners.csv"),
        RecordType.INVOICE: ("invoices", "SalesOrders.csv"),
    }[record_type]
    columns = load_columns(FEED_COLUMNS / f"sap-bikes-{kind}.toml", record_type)
    source = SourceFile(shared / SAMPLE / file, columns.format)
    reader = RowReader(source, columns)
    return [record for row in source.rows() if (record := reader.read(row).record) is not None]


@dataclass
class Books:
    """The invoices of the company, due after 30 days, and how to change one on either side."""

    world: World
    invoices: list[Invoice]
    expected: set[tuple[str, str, str, str]] = field(default_factory=set)

    def found(self, key: str | int | None, kind: str, field: str, cause: str) -> None:
        """What was planted is to be found as this, in the nth invoice or the one of this key."""
        shown = self.key(key) if isinstance(key, int) else str(key)
        self.expected.add((shown, kind, field, cause))

    def erp(self, n: int, **changes: Any) -> None:
        """The ERP changes the nth invoice."""
        self.invoices[n] = replace(self.invoices[n], **changes)
        self.world.submit(self.invoices[n])

    def crm(self, n: int, **fields: str) -> None:
        """Somebody changes it in Salesforce."""
        self.world.change("ERP_Invoice__c", self.key(n), **fields)

    def key(self, n: int) -> str:
        return f"SAP1/{self.invoices[n].number}"

    def enter(self, like: int, **fields: str) -> None:
        """Somebody enters an invoice in Salesforce: the nth once more, but for some fields."""
        one = self.invoices[like]
        plain = {
            "Account__c": self.world.id_of("Account", one.customer_number),
            "Company_Code__c": "SAP1",
            "Number__c": "BY-HAND",
            "Issued_On__c": str(one.issued_on),
            "Due_On__c": str(one.due_on),
            "Currency_Code__c": "USD",
            "Net_Amount__c": str(one.net_amount),
            "Tax_Amount__c": str(one.tax_amount),
            "Gross_Amount__c": str(one.gross_amount),
            "Open_Amount__c": str(one.open_amount),
            "Status__c": "OPEN",
        }
        self.world.create("ERP_Invoice__c", **plain | fields)


def settled(world: World, shared: Path) -> Books:
    """Both sides hold all invoices, one of them void and one sent twice, and a payment."""
    invoices = []
    for one in sample(shared, RecordType.INVOICE):
        assert isinstance(one, Invoice)
        invoices.append(replace(one, due_on=one.issued_on + timedelta(days=30)))
    invoices[34] = replace(invoices[34], status=DocumentStatus.VOID)
    later = invoices[41].issued_on + timedelta(days=2)
    twice = replace(invoices[41], number="TWICE", issued_on=later)
    paid = payment(
        company_code="SAP1",
        number="P1",
        customer_number=invoices[40].customer_number,
        currency="USD",
        amount=D(1000),
        applications=(PaymentApplication(invoice_number=invoices[40].number, amount=D(1000)),),
    )
    opened = replace(
        world.context.rules[RecordType.INVOICE],
        closed=ClosedPeriods(),
        roll_forward=frozenset(),
        duplicates_within_days=None,
    )
    rules = {**world.context.rules, RecordType.INVOICE: opened}
    before = World(replace(world.context, rules=rules), world.clock, world.sandbox)
    before.submit(*sample(shared, RecordType.CUSTOMER), stranger("FIRST"), stranger("SECOND"))
    before.submit(*invoices, twice, paid)
    before.settle()
    before.do(CUSTOMERS, FINANCIALS)
    assert list_breaks(world.sessions) == []
    return Books(world, invoices)


def stranger(number: str, **changes: Any) -> Customer:
    """A customer without documents, whom nothing but its name tells."""
    nothing = {"tax_number": None, "email": None, "website": None}
    return customer(**{"number": number, "name": f"{number.title()} GmbH", **nothing, **changes})


def plant(books: Books) -> None:
    """Plants one drift of each kind and cause."""
    plant_customers(books)
    books.found("SAP1/TWICE", "DUPLICATE_IN_ERP", "", "DUPLICATE")
    books.found(40, "ROLL_FORWARD", "", "UNKNOWN")
    plant_strangers(books)
    plant_conflicts(books)
    plant_what_may_not_be(books)
    plant_existence(books)
    # what is no break: a change that only looks like one, and one that is carried over
    books.crm(48, Purchase_Order__c=" ")
    books.erp(49, purchase_order="PO-49")


def plant_customers(books: Books) -> None:
    """Two that users made one, one that may be there already, and one that Salesforce refuses."""
    world = books.world
    world.merge(world.id_of("Account", "SECOND"), world.id_of("Account", "FIRST"))
    books.found("FIRST", "MERGED_IN_CRM", "", "DUPLICATE")
    world.create("Account", Name="Somebody", Tax_Number__c="DE987654321")
    world.submit(stranger("MAYBE", tax_number="DE987654321"), stranger("DOUBLED"))
    books.found("MAYBE", "LINK_SUGGESTED", "", "DUPLICATE")
    world.create("Account", Name="Doubled GmbH", BillingCity="Berlin")
    books.found("DOUBLED", "DUPLICATE_IN_CRM", "", "DUPLICATE")


def plant_strangers(books: Books) -> None:
    """Entered in Salesforce: one long ago, one just now, one that the ERP has by another key."""
    books.enter(45, Number__c="OLD", Gross_Amount__c="75", Open_Amount__c="75")
    books.found(None, "MISSING_IN_ERP", "", "MISSING")
    books.world.tick(days=3)
    books.enter(46, Number__c="NEW", Gross_Amount__c="80", Open_Amount__c="80")
    books.found(None, "MISSING_IN_ERP", "", "TIMING")
    books.enter(38)
    books.found(None, "MISSING_IN_ERP", "", "DUPLICATE")


def plant_conflicts(books: Books) -> None:
    """Both sides change the same field, each in a way of its own."""
    books.erp(31, purchase_order="12345")
    books.crm(31, Purchase_Order__c="12435")
    books.found(31, "CONFLICT", "purchase_order", "KEYING")
    books.erp(44, purchase_order="PO-4711")
    books.crm(44, Purchase_Order__c="by phone")
    books.found(44, "CONFLICT", "purchase_order", "UNKNOWN")
    tax = books.invoices[30].tax_amount
    books.erp(30, tax_amount=tax + 10)
    books.crm(30, Tax_Amount__c=str(tax + 10 + D("0.02")))
    books.found(30, "CONFLICT", "tax_amount", "ROUNDING")
    books.erp(32, currency="EUR")
    books.crm(32, Currency_Code__c="GBP")
    books.found(32, "CONFLICT", "currency", "FX")
    books.erp(33, status=DocumentStatus.DISPUTED)
    books.crm(33, Status__c="PAID")
    books.found(33, "CONFLICT", "status", "STATUS")
    due = books.invoices[43].issued_on
    books.erp(43, due_on=due + timedelta(days=12))
    books.crm(43, Due_On__c=str(due + timedelta(days=14)))
    books.found(43, "CONFLICT", "due_on", "TIMING")


def plant_what_may_not_be(books: Books) -> None:
    """A status out of order, a currency that is none, and a period that is closed."""
    books.erp(34, status=DocumentStatus.OPEN)
    books.found(34, "STATUS_TRANSITION", "status", "STATUS")
    books.crm(42, Currency_Code__c="XYQ")
    books.found(42, "UNFIT_VALUE", "currency", "MISSING")
    books.erp(0, purchase_order="too late")
    books.found(0, "PERIOD_CLOSED", "purchase_order", "MISSING")


def plant_existence(books: Books) -> None:
    """Deleted, renamed, entered on both sides, and waiting for a customer."""
    world, invoices = books.world, books.invoices
    world.delete("ERP_Invoice__c", books.key(35), books.key(36))
    books.found(35, "MISSING_IN_CRM", "", "MISSING")
    books.erp(36, purchase_order="changed since")
    books.found(36, "DELETED_AND_EDITED", "", "MISSING")
    books.crm(37, ERP_Key__c="SAP1/ELSEWHERE")
    books.found(37, "KEY_MISMATCH", "", "KEYING")
    books.enter(39, ERP_Key__c="SAP1/BOTH", Number__c="BOTH", Purchase_Order__c="theirs")
    both = replace(invoices[39], number="BOTH", issued_on=invoices[39].issued_on)
    world.submit(replace(both, purchase_order="ours"))
    books.found("SAP1/BOTH", "CREATED_IN_BOTH", "purchase_order", "UNKNOWN")
    books.found("SAP1/BOTH", "DUPLICATE_IN_ERP", "", "DUPLICATE")
    world.submit(replace(invoices[47], number="HELD", customer_number="0199999999"))
    books.found("SAP1/HELD", "CUSTOMER_UNKNOWN", "", "TIMING")


AGING = {  # as of July 2019, in the columns' order; one is void in Salesforce, nothing credited
    ("", "USD", "CRM"): "0 0 0 0 46598",
    ("SAP1", "EUR", "ERP"): "0 0 0 0 57255",
    ("SAP1", "GBP", "CRM"): "0 0 0 0 57255",
    ("SAP1", "USD", "ERP"): "989907 1321489 1239321 988772 15881769",
    ("SAP1", "USD", "CRM"): "989907 1321489 1239321 988772 15669614",
    ("SAP1", "XXX", "CRM"): "0 0 0 0 31474",
}

# Where both sides differ: counts, and ERP less Salesforce in gross, net and tax.
TOTALS = {
    ("", "USD", "2018-03"): (0, 3, "-46598", "-132128.5", "-18875.5"),
    ("SAP1", "EUR", "2018-02"): (1, 0, "57255", "50098.125", "7156.875"),
    ("SAP1", "GBP", "2018-02"): (0, 1, "-57255", "-50098.125", "-7156.875"),
    ("SAP1", "USD", "2018-02"): (21, 21, "0", "0", "-0.02"),
    ("SAP1", "USD", "2018-03"): (23, 19, "181418", "158740.75", "22677.25"),
    ("SAP1", "XXX", "2018-03"): (0, 1, "-31474", "-27539.75", "-3934.25"),
}

REASONS = {
    ("", "USD", "2018-03", "MISSING_IN_ERP"): (-2, "-46518"),
    ("", "USD", "2018-03", "NOT_COUNTED_YET"): (-1, "-80"),
    ("SAP1", "EUR", "2018-02", "CONFLICT"): (1, "57255"),
    ("SAP1", "GBP", "2018-02", "CONFLICT"): (-1, "-57255"),
    ("SAP1", "USD", "2018-02", "CONFLICT"): (0, "0"),
    ("SAP1", "USD", "2018-03", "DELETED_AND_EDITED"): (1, "96759"),
    ("SAP1", "USD", "2018-03", "MISSING_IN_CRM"): (1, "50897"),
    ("SAP1", "USD", "2018-03", "NOT_COUNTED_YET"): (1, "2288"),
    ("SAP1", "USD", "2018-03", "UNFIT_VALUE"): (1, "31474"),
    ("SAP1", "XXX", "2018-03", "UNFIT_VALUE"): (-1, "-31474"),
}

SHEETS = {  # kind and currency: open for three days at most, their amount, not counted yet
    ("CONFLICT", None): (4, 0, 0),
    ("CONFLICT", "EUR"): (1, 57255, 0),
    ("CONFLICT", "USD"): (1, 0.02, 0),
    ("CREATED_IN_BOTH", None): (1, 0, 0),
    ("CUSTOMER_UNKNOWN", "USD"): (0, 0, 1),
    ("DELETED_AND_EDITED", "USD"): (1, 96759, 0),
    ("DUPLICATE_IN_CRM", None): (1, 0, 0),
    ("DUPLICATE_IN_ERP", "USD"): (2, 42348, 0),
    ("KEY_MISMATCH", "USD"): (1, 0, 0),
    ("LINK_SUGGESTED", None): (1, 0, 0),
    ("MERGED_IN_CRM", None): (1, 0, 0),
    ("MISSING_IN_CRM", "USD"): (1, 50897, 0),
    ("MISSING_IN_ERP", "USD"): (2, 46518, 1),
    ("PERIOD_CLOSED", None): (1, 0, 0),
    ("ROLL_FORWARD", "USD"): (1, 1000, 0),
    ("STATUS_TRANSITION", None): (1, 0, 0),
    ("UNFIT_VALUE", "USD"): (1, 31474, 0),
}


def test_each_drift_is_found_as_what_it_is(
    world: World, shared: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Exactly the planted breaks; aging, totals, sheets and the statement tell the same story."""
    books = settled(world, shared)
    plant(books)
    world.do("fetch", CUSTOMERS, "relay", CUSTOMERS)
    summary = world.do(FINANCIALS)
    breaks = list_breaks(world.sessions)
    assert {(str(one.key), one.kind, one.field, one.cause) for one in breaks} == books.expected
    assert len(breaks) == len(books.expected)
    assert summary["types"]["INVOICE"]["corrections"] == {"CRM": 1}
    assert aged(world) == AGING
    totals = latest_totals(world.sessions, jobs=(FINANCIALS,))
    assert apart(totals) == TOTALS

    write_export(tmp_path / "breaks.xlsx", breaks, totals, now=world.clock())
    book = load_workbook(tmp_path / "breaks.xlsx")
    assert set(book.sheetnames) == {"Totals", "Aging", *(kind for kind, _ in SHEETS)}
    rows = list(book["Aging"].iter_rows(values_only=True))[1:]
    assert {row[:2]: (row[2], row[8], row[9]) for row in rows} == SHEETS
    for kind in book.sheetnames[2:]:
        listed = [row[6] for row in book[kind].iter_rows(min_row=2, values_only=True)]
        assert len(listed) == sum(one.kind == kind for one in breaks)

    (run,) = list_run_lines(world.sessions, job=FINANCIALS, limit=1)
    statement = get_statement(world.sessions, run_id=run.id, now=world.clock())
    assert {
        (one.company_code, one.currency, one.period, one.reason): (
            one.count,
            plain_text(one.amounts["amount"]),
        )
        for one in statement.explained
    } == REASONS
    assert statement.in_order
    page = tmp_path / "statement.html"
    html = render_statement(statement, now=world.clock(), version="1")
    page.write_text(html, encoding="utf-8")
    if CHROMIUM is not None:
        print_on_a4(request.getfixturevalue("browser"), page)


def aged(world: World) -> dict[tuple[str, str, str], str]:
    """Each side's open items by age, where there are any."""
    rows = get_aging(world.sessions, as_of=date(2019, 7, 1))
    assert not any(
        row.amount(side, name) for row in rows for side in System for name in COLUMNS[5:]
    )
    return {
        (row.company_code, row.currency, str(side)): " ".join(
            plain_text(row.amount(side, name)) for name in AGES
        )
        for row in rows
        for side in (System.ERP, System.CRM)
        if row.balance(side)
    }


def apart(totals: list[TotalsRow]) -> dict[tuple[str, str, str], tuple[int, int, str, str, str]]:
    """The invoices' totals that differ."""
    return {
        (row.company_code, row.currency, row.period): (
            row.erp.count,
            row.crm.count,
            *(plain_text(row.differences[f"{name}amount"]) for name in ("", "net_", "tax_")),
        )
        for row in totals
        if any(row.differences.values()) or row.erp.count != row.crm.count
    }


def print_on_a4(browser: Browser, file: Path) -> None:
    """The statement as a person sees and prints it: whole, a few pages, nothing over the edge."""
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.get_by_text("Every difference between both sides is accounted for.").count() == 1
    assert page.get_by_role("heading", name="Not counted yet").count() == 1
    assert page.locator(".bad").count() == 0
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
    page.emulate_media(media="print")
    page.set_viewport_size({"width": _PRINTED_PIXELS, "height": 1000})
    over_the_edge = page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
        ".map(one => one.outerHTML)"
    )
    assert over_the_edge == []
    page.close()


_PRINTED_PIXELS = 680
"""The 180 mm between A4's margins, at 96 pixels an inch."""
