"""Files that hold all records: told in snapshots, closed by the file's own totals."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.consumer import ServiceConsumer
from bridge.domain.records import RecordType
from bridge.feed import FeedReport, FeedStopped, feed, render
from bridge.feed.telling import Told
from bridge.operations.lookup import RecordState, get_record
from bridge.operations.snapshot_overview import SnapshotView, list_snapshots
from bridge.store.models import SnapshotStatus
from tests.builders import customer, invoice, key_of
from tests.feed.conftest import Watched
from tests.feed.test_feeding import columns_of
from tests.service import Service, http_status, no_trouble

INVOICES = """
[columns]
company_code = "Co"
number = "No"
currency = "Cur"
gross_amount = "Gross"
net_amount = "Gross"
open_amount = "Gross"

[constants]
customer_number = "C1"
issued_on = 2026-01-31
tax_amount = 0
status = "OPEN"
"""
CUSTOMERS = '[columns]\nnumber = "No"\nname = "Name"\n[constants]\nstatus = "ACTIVE"\n'
HEADER = "Co,No,Cur,Gross"


class Feeder:
    """Feeds lines as a file that holds all invoices."""

    def __init__(self, folder: Path, erp: ServiceConsumer, sessions: sessionmaker[Session]) -> None:
        self.folder, self.erp, self.sessions = folder, erp, sessions
        self.columns = columns_of(folder, INVOICES, RecordType.INVOICE)

    def feed(self, *lines: str, header: str = HEADER, whole: bool = True) -> FeedReport:
        path = self.folder / "export.csv"
        path.write_text("\n".join([header, *lines, ""]))
        return feed(
            path,
            columns=self.columns,
            consumer=self.erp,
            all_as_of=datetime.now(UTC) if whole else None,
            progress=Watched(),
        )

    def gone(self, *numbers: str, company_code: str = "1000") -> list[str]:
        """Those that the ERP no longer has."""
        keys = [key_of(invoice(number=number, company_code=company_code)) for number in numbers]
        return [
            key.number
            for key in keys
            if get_record(self.sessions, key=key).state is RecordState.GONE
        ]

    def snapshots(self) -> Sequence[SnapshotView]:
        return list_snapshots(self.sessions)


@pytest.fixture
def feeder(tmp_path: Path, consumer: ServiceConsumer, sessions: sessionmaker[Session]) -> Feeder:
    """Invoices 1 to 3 of company 1000 and 1 of company 2000 were fed before."""
    feeder = Feeder(tmp_path, consumer, sessions)
    feeder.feed("1000,1,EUR,1", "1000,2,EUR,2", "1000,3,EUR,3", "2000,1,EUR,4", whole=False)
    return feeder


def test_a_plain_file_tells_no_whole(feeder: Feeder) -> None:
    """Without being told that it holds all, nothing is concluded."""
    assert feeder.feed("1000,1,EUR,1", whole=False).told == ()
    assert feeder.snapshots() == []


def test_what_the_file_lacks_is_gone(feeder: Feeder) -> None:
    """In the companies that stand in it alone; the file's own totals are what it is closed by."""
    report = feeder.feed("1000,1,EUR,1.50", "1000,5,USD,-2", "1000,5,USD,-2.00")
    (view,) = feeder.snapshots()
    assert report.told == (Told("1000", view.snapshot_id, 2, 2),)
    assert report.complete
    assert f"{view.totals['EUR']} {view.totals['USD']}" == "1.5 -2"
    assert feeder.gone("1", "2", "3", "5") == ["2", "3"]
    assert feeder.gone("1", company_code="2000") == []
    assert "  snapshot of company 1000: 2 rows told, 2 gone from the ERP" in render(report)


def test_each_company_has_a_snapshot_of_its_own(feeder: Feeder) -> None:
    """However their rows are mixed."""
    report = feeder.feed("1000,1,EUR,1", "2000,7,EUR,1", "1000,2,EUR,1", "3000,1,EUR,1")
    assert [(one.company_code, one.records, one.gone) for one in report.told] == [
        ("1000", 2, 1),
        ("2000", 1, 1),
        ("3000", 1, 0),
    ]
    assert feeder.gone("1", company_code="2000") == ["1"]


def test_many_rows_of_two_companies(feeder: Feeder) -> None:
    """More than one submission for each, all of them in its snapshot."""
    lines = [f"{1000 * (1 + n % 2)},{n},EUR,{n}.25" for n in range(1_400)]
    report = feeder.feed(*lines)
    assert [(one.records, one.gone) for one in report.told] == [(700, 2), (700, 0)]
    assert report.submissions == 4


def test_customers_are_told_without_totals(
    tmp_path: Path, consumer: ServiceConsumer, sessions: sessionmaker[Session]
) -> None:
    """They belong to no company."""
    feeder = Feeder(tmp_path, consumer, sessions)
    feeder.columns = columns_of(tmp_path, CUSTOMERS)
    feeder.feed("C1,One", "C2,Two", header="No,Name", whole=False)
    report = feeder.feed("C1,One", header="No,Name")
    assert [(one.company_code, one.records, one.gone) for one in report.told] == [("", 1, 1)]
    assert "snapshot of customers: 1 row told, 1 gone" in render(report)
    view = get_record(sessions, key=key_of(customer(number="C2")))
    assert view.state is RecordState.GONE


def test_rows_that_the_service_rejects_are_told(feeder: Feeder) -> None:
    """They exist in the ERP: rejected, counted, and not gone; equal ones count once."""
    report = feeder.feed("1000,1,EUR,1.001", "1000,2,XYZ,5", "1000,2,XYZ,5")
    assert {code: found.count for code, found in report.rejections.items()} == {
        "AMOUNT_TOO_FINE": 1,
        "UNKNOWN_CURRENCY": 2,
    }
    assert [finding.field for finding in report.rejections["AMOUNT_TOO_FINE"].first] == [
        "gross_amount"
    ]
    assert [(one.records, one.gone) for one in report.told] == [(2, 1)]
    assert not report.complete
    assert feeder.gone("1", "2", "3") == ["3"]


@pytest.mark.parametrize(
    "spoilt",
    [
        ["1000,2,EUR,much"],  # no amount
        ["1000,2,EUR,5", "1000,2,EUR,6"],  # which is right?
        [f"1000,{'2' * 61},EUR,5"],  # no number of the contract
        [f"1000,{'2' * 61},EUR,5.001"],
        ["1000,2"],
    ],
)
def test_a_row_that_cannot_be_sent_keeps_the_snapshot_open(
    feeder: Feeder, spoilt: list[str]
) -> None:
    """It stands for a record, so not all is told: nothing is concluded, and the report says why."""
    report = feeder.feed("1000,1,EUR,1", *spoilt)
    (told,) = report.told
    assert told.gone is None
    assert "could not be submitted: repair the file and feed it whole" in (told.reason or "")
    assert not report.complete
    assert feeder.gone("1", "2", "3") == []
    assert [one.status for one in feeder.snapshots()] == [SnapshotStatus.OPEN]
    assert feeder.feed("1000,1,EUR,1", "1000,2,EUR,2").told[0].gone == 1
    assert [one.status for one in feeder.snapshots()] == [
        SnapshotStatus.CLOSED,
        SnapshotStatus.SUPERSEDED,
    ]


def test_a_snapshot_that_is_not_believed_is_told(feeder: Feeder) -> None:
    """The report has the service's reason, and what a person can do."""
    feeder.feed(*(f"1000,{n},EUR,1" for n in range(1, 31)), whole=False)
    report = feeder.feed("1000,1,EUR,1")
    assert report.told[0].gone is None
    assert "erp-bridge snapshots allow" in render(report)
    assert not report.complete


def test_a_close_that_fails_is_told(
    feeder: Feeder, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are stored; feeding the file again concludes."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    steps = len(["Ping", "BeginSnapshot", "SubmitInvoices"])
    service.troubles = [no_trouble] * steps + [http_status("503 Busy")] * 4
    with pytest.raises(FeedStopped, match=r"all records are stored.*HTTP 503.*feed the file again"):
        feeder.feed("1000,1,EUR,1")
    assert feeder.feed("1000,1,EUR,1").told[0].gone == 2


def test_an_instant_that_the_service_refuses_stops_the_feed(feeder: Feeder) -> None:
    """Before anything of the file is stored."""
    path = feeder.folder / "export.csv"
    with pytest.raises(FeedStopped, match=r"UnfitSnapshot: AsOf .* lies in the future"):
        feed(
            path,
            columns=feeder.columns,
            consumer=feeder.erp,
            all_as_of=datetime.now(UTC) + timedelta(hours=1),
            progress=Watched(),
        )
