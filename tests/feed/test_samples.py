"""SAP's sample companies, as their ERP exports them."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.consumer import ServiceConsumer
from bridge.domain.records import RecordType
from bridge.feed import FeedReport, feed, load_columns
from bridge.operations.submissions import Outcome
from tests.feed.conftest import COLUMNS, Watched

FILES = {
    RecordType.CUSTOMER: ("customers", "BusinessPartners.csv"),
    RecordType.INVOICE: ("invoices", "SalesOrders.csv"),
}


@dataclass(frozen=True)
class Erp:
    """Feeds the files of one sample company, which lie in a folder."""

    company: str
    folder: Path
    consumer: ServiceConsumer

    def feed(self, record_type: RecordType, rejects: Path | None = None) -> FeedReport:
        """Feeds the file of a record type."""
        kind, file = FILES[record_type]
        columns = load_columns(COLUMNS / f"{self.company}-{kind}.toml", record_type)
        return feed(
            self.folder / file,
            columns=columns,
            consumer=self.consumer,
            rejects=rejects,
            progress=Watched(),
        )

    def in_folder(self, folder: Path) -> "Erp":
        """The same company with its files elsewhere."""
        return replace(self, folder=folder)


@pytest.fixture
def bikes(shared: Path, consumer: ServiceConsumer) -> Erp:
    """The smaller company: commas, plain decimals."""
    return Erp("sap-bikes", shared / "data/sap-bikes", consumer)


@pytest.fixture
def sales(shared: Path, consumer: ServiceConsumer) -> Erp:
    """The larger company: semicolons, decimal commas, a byte order mark, duplicates."""
    return Erp("sap-sales", shared / "data/sap-sales", consumer)


def amounts(report: FeedReport, outcome: Outcome) -> dict[str, Decimal]:
    (total,) = report.totals[outcome]
    assert total.currency == "USD"
    return total.amounts


def test_bikes_go_in_whole_and_a_second_time_unchanged(bikes: Erp) -> None:
    """40 customers and 334 invoices, to the last eighth of a cent; then nothing is new."""
    assert bikes.feed(RecordType.CUSTOMER).accepted == 40
    first = bikes.feed(RecordType.INVOICE)
    assert (first.rows, first.accepted, first.rejected, first.held) == (334, 334, 0, 0)
    assert first.warnings == {}
    expected = {
        "amount": Decimal("20433877.00"),
        "net_amount": Decimal("17879642.375"),
        "tax_amount": Decimal("2554234.625"),
        "open_amount": Decimal("20433877.00"),
    }
    assert amounts(first, Outcome.ACCEPTED) == expected

    second = bikes.feed(RecordType.INVOICE)
    assert (second.accepted, second.unchanged, second.submissions) == (0, 334, 1)
    assert amounts(second, Outcome.UNCHANGED) == expected


def test_bikes_without_their_customers_are_held(bikes: Erp) -> None:
    """Invoices may come first; they are stored, and wait."""
    report = bikes.feed(RecordType.INVOICE)
    assert (report.accepted, report.held) == (334, 334)
    bikes.feed(RecordType.CUSTOMER)
    assert bikes.feed(RecordType.INVOICE).held == 0


def test_sales_leave_their_duplicates_out_and_tell_each_line(sales: Erp, tmp_path: Path) -> None:
    """2,488 of 3,699 numbers are unique; the others stand in 2,678 rows that contradict."""
    assert sales.feed(RecordType.CUSTOMER).accepted == 40
    rejects = tmp_path / "rejects.csv"
    report = sales.feed(RecordType.INVOICE, rejects)
    assert (report.rows, report.accepted, report.rejected) == (5166, 2488, 2678)
    assert amounts(report, Outcome.ACCEPTED)["amount"] == Decimal("65032909.00")
    assert (report.submissions, report.held, report.repeated) == (5, 0, 0)

    duplicates = report.rejections["DUPLICATE_KEY"]
    assert (duplicates.count, report.differing_keys) == (2678, 1211)
    assert len({finding.key for finding in duplicates.first}) == 1211
    assert len({finding.line for finding in duplicates.first}) == 2678

    disagree = report.warnings["TOTALS_DISAGREE"]
    assert disagree.count == 2289
    assert disagree.first[0].line == 2
    assert disagree.first[0].message == "gross 3591 is not net 3142.13 + tax 448.88"

    written = rejects.read_text(encoding="utf-8-sig").splitlines()
    assert len(written) == 2679
    assert written[0].endswith(";DELIVERYSTATUS;line;code;reason")


def test_every_line_that_is_told_is_the_line_of_the_file(sales: Erp, shared: Path) -> None:
    """The line number leads to the row with that key."""
    lines = (shared / "data/sap-sales/SalesOrders.csv").read_text(encoding="utf-8-sig").split("\n")
    for finding in sales.feed(RecordType.INVOICE).rejections["DUPLICATE_KEY"].first:
        assert lines[finding.line - 1].partition(";")[0] == finding.key.partition("/")[2]


def test_rejects_as_they_are_are_rejected_again(sales: Erp, tmp_path: Path) -> None:
    """Feeding a rejects file without repairing it accepts nothing."""
    rejects = tmp_path / FILES[RecordType.INVOICE][1]
    sales.feed(RecordType.INVOICE, rejects)
    report = sales.in_folder(tmp_path).feed(RecordType.INVOICE)
    assert (report.rows, report.accepted, report.rejected) == (2678, 0, 2678)
