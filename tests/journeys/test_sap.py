"""SAP's sample companies go the whole way: flat files, SOAP, Salesforce, reconciliation."""

from decimal import Decimal
from pathlib import Path

from bridge.domain.records import RecordType
from bridge.feed import FeedReport, feed, load_columns
from bridge.operations.breaks import list_breaks
from tests.journeys.world import Silent, World

COLUMNS = Path(__file__).parents[1] / "feed" / "columns"
BIKES = {
    "count": 334,
    "amount": Decimal("20433877.00"),
    "net_amount": Decimal("17879642.375"),
    "tax_amount": Decimal("2554234.625"),
}


def feed_file(world: World, company: str, folder: Path, record_type: RecordType) -> FeedReport:
    """Feeds the customers or invoices of a sample company."""
    kind, file = {
        RecordType.CUSTOMER: ("customers", "BusinessPartners.csv"),
        RecordType.INVOICE: ("invoices", "SalesOrders.csv"),
    }[record_type]
    columns = load_columns(COLUMNS / f"{company}-{kind}.toml", record_type)
    return feed(folder / file, columns=columns, consumer=world.erp, rejects=None, progress=Silent())


def invoice_totals(world: World) -> dict[str, dict[str, Decimal]]:
    """Both sides' totals of invoices in USD, and their difference, as the run kept them."""
    world.run("fetch")
    summary = world.run("reconcile-financials").summary
    (line,) = (
        one
        for one in summary["totals"]
        if (one["record_type"], one["currency"]) == ("INVOICE", "USD")
    )
    return {
        side: {name: Decimal(figure) for name, figure in line[side].items()}
        for side in ("erp", "crm", "difference")
    }


def test_bikes_agree_on_both_sides_to_the_last_decimal(world: World, shared: Path) -> None:
    """40 Accounts and 334 invoices stand on both sides; feeding again writes nothing anywhere."""
    folder = shared / "data" / "sap-bikes"
    assert feed_file(world, "sap-bikes", folder, RecordType.CUSTOMER).accepted == 40
    assert feed_file(world, "sap-bikes", folder, RecordType.INVOICE).accepted == 334
    world.settle()
    totals = invoice_totals(world)
    for side in ("erp", "crm"):
        assert {name: totals[side][name] for name in BIKES} == BIKES
    assert set(totals["difference"].values()) == {Decimal(0)}
    assert len(world.query("SELECT Id FROM Account")) == 40
    assert len(world.query("SELECT Id FROM ERP_Invoice__c WHERE Account__c != NULL")) == 334

    again = feed_file(world, "sap-bikes", folder, RecordType.INVOICE)
    assert (again.accepted, again.unchanged) == (0, 334)
    types = world.compare()
    assert all(not summary["corrections"] for summary in types.values())
    idle = world.run("relay").summary
    assert (idle["delivered"], idle["salesforce_calls"]["upserts"]) == (0, 0)
    assert list_breaks(world.application.sessions) == []


def test_sales_with_real_duplicates_carry_what_is_certain(world: World, shared: Path) -> None:
    """2,488 invoices go over; 2,678 rows that contradict each other stay out, with their lines."""
    folder = shared / "data" / "sap-sales"
    feed_file(world, "sap-sales", folder, RecordType.CUSTOMER)
    report = feed_file(world, "sap-sales", folder, RecordType.INVOICE)
    assert (report.rows, report.accepted, report.rejected) == (5_166, 2_488, 2_678)
    assert report.warnings["TOTALS_DISAGREE"].count == 2_289
    world.settle()
    totals = invoice_totals(world)
    for side in ("erp", "crm"):
        assert totals[side]["count"] == 2_488
        assert totals[side]["amount"] == Decimal("65032909.00")
    assert set(totals["difference"].values()) == {Decimal(0)}
