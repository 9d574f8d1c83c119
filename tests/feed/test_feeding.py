"""Feeding files into a real service."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.consumer import ServiceConsumer, ServiceFault
from bridge.domain.records import RecordType
from bridge.feed import Columns, FeedReport, FeedStopped, UnusableFile, feed, load_columns
from bridge.operations.submissions import Outcome
from bridge.soap.settings import SoapSettings
from tests.feed.conftest import Watched
from tests.service import NAME, Service, http_status, lost_answer, no_trouble, serve

CUSTOMERS = """
[columns]
number = "No"
name = "Name"
currency = "Cur"
credit_limit = "Limit"

[constants]
status = "ACTIVE"
"""
HEADER = "No,Name,Cur,Limit\n"


def columns_of(folder: Path, text: str, record_type: RecordType = RecordType.CUSTOMER) -> Columns:
    path = folder / f"{record_type.lower()}.toml"
    path.write_text(text)
    return load_columns(path, record_type)


class Feeder:
    """Feeds texts as files."""

    def __init__(self, folder: Path, consumer: ServiceConsumer) -> None:
        self.folder, self.consumer, self.progress = folder, consumer, Watched()
        self.rejects = folder / "rejects.csv"
        self.columns = columns_of(folder, CUSTOMERS)

    def feed(self, content: str) -> FeedReport:
        """Feeds a file with this content."""
        path = self.folder / "export.csv"
        path.write_text(content)
        return self.feed_file(path)

    def feed_file(self, path: Path) -> FeedReport:
        """Feeds a file, with a rejects file beside it."""
        return feed(
            path,
            columns=self.columns,
            consumer=self.consumer,
            rejects=self.rejects,
            progress=self.progress,
        )


@pytest.fixture
def feeder(tmp_path: Path, consumer: ServiceConsumer) -> Feeder:
    """Feeds customers into the served bridge."""
    return Feeder(tmp_path, consumer)


def many(count: int) -> str:
    return HEADER + "".join(f"C{n},Customer {n},EUR,{n}\n" for n in range(count))


def test_every_row_is_accounted_for(feeder: Feeder) -> None:
    """Rows are accepted, unchanged, repeated or rejected, each on its line."""
    feeder.feed(HEADER + "C1,One,EUR,\n")
    report = feeder.feed(
        HEADER
        + "C1,One,EUR,\n"  # 2: unchanged
        + 'C2,"Two\nLines",EUR,10.00\n'  # 3: accepted
        + "C3,Three,EUR,many\n"  # 5: no number
        + "C2,Two Lines,EUR,10\n"  # 6: the same customer with another name
        + "C4,Four,EUR,\n"  # 7: accepted
        + "C4,Four,EUR,\n"  # 8: repeated
        + "C5\n"  # 9: no row
        + "C6,Six,EUR,1\n"  # 10: accepted
    )
    assert report.rows == 8
    assert (report.accepted, report.unchanged, report.repeated, report.rejected) == (2, 1, 1, 4)
    lines = {code: [one.line for one in found.first] for code, found in report.rejections.items()}
    assert lines == {"BAD_AMOUNT": [5], "BAD_ROW": [9], "DUPLICATE_KEY": [3, 6]}
    assert report.rejections["DUPLICATE_KEY"].first[0].message == (
        "2 rows with this key differ: lines 3, 6"
    )


def test_repaired_rejects_go_in(feeder: Feeder, tmp_path: Path) -> None:
    """The rejects file, repaired where it says so, is itself a file to feed."""
    assert feeder.feed(HEADER + "C1,One,EUR,1\nC2,Two,EUR,2.2.2\nC3,Three,EURO,3\n").rejected == 2
    repaired = tmp_path / "repaired.csv"
    text = feeder.rejects.read_text().replace(",2.2.2,", ",2.20,").replace(",EURO,", ",EUR,")
    repaired.write_text(text)
    report = feeder.feed_file(repaired)
    assert (report.rows, report.accepted, report.rejected) == (2, 2, 0)
    assert feeder.rejects.read_text() == "No,Name,Cur,Limit,line,code,reason\n"


def test_batches_are_full(feeder: Feeder, service: Service) -> None:
    """501 records are two submissions, and progress counts every row of both passes."""
    report = feeder.feed(many(501))
    assert (report.accepted, report.submissions) == (501, 2)
    assert service.calls == ["Ping", "SubmitCustomers", "SubmitCustomers"]
    assert feeder.progress.stretches == [
        ("checking export.csv", None, 501),
        ("sending export.csv", 501, 501),
    ]


def test_a_file_without_rows_is_fed(feeder: Feeder, service: Service) -> None:
    """An export of a quiet day sends nothing and is no error."""
    assert feeder.feed(HEADER).rows == 0
    assert service.calls == ["Ping"]


def test_nothing_is_sent_where_the_file_cannot_be_used(feeder: Feeder, service: Service) -> None:
    """A missing column, or a rejects file that cannot be written, is told first."""
    with pytest.raises(UnusableFile, match="has no column 'Limit'"):
        feeder.feed("No,Name,Cur\nC1,One,EUR\n")
    feeder.rejects = feeder.folder / "none" / "rejects.csv"
    with pytest.raises(UnusableFile, match="cannot be written"):
        feeder.feed(many(1))
    assert service.calls == ["Ping", "Ping"]


def test_wrong_credentials_are_told_before_the_file_is_read(
    tmp_path: Path, service: Service
) -> None:
    """Even before the file is looked for."""
    stranger = Feeder(tmp_path, ServiceConsumer(service.url, NAME, "wrong"))
    with pytest.raises(ServiceFault, match="WrongCredentials"):
        stranger.feed_file(tmp_path / "none.csv")
    stranger.consumer.close()


def test_a_feed_that_stopped_is_fed_again(feeder: Feeder, service: Service) -> None:
    """What was stored before counts as unchanged; nothing is doubled or lost."""
    content = many(1001)
    service.troubles = [no_trouble, no_trouble, http_status("404 Not Found")]
    message = (
        r"stopped at line 502: .* answers HTTP 404: .*; 500 records are stored: "
        r"feed the file again, and what is stored counts as unchanged"
    )
    with pytest.raises(FeedStopped, match=message):
        feeder.feed(content)
    report = feeder.feed(content)
    assert (report.unchanged, report.accepted) == (500, 501)


def test_a_lost_answer_loses_no_figures(
    feeder: Feeder, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch whose answer did not come is asked for again, and counts as what it was."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    service.troubles = [no_trouble, lost_answer]
    report = feeder.feed(many(3))
    assert (report.accepted, report.unchanged) == (3, 0)
    assert service.calls == ["Ping", "SubmitCustomers", "SubmitCustomers"]


@pytest.fixture
def narrow(tmp_path: Path, sessions: sessionmaker[Session]) -> Iterator[Feeder]:
    """A bridge whose requests may have 1,024 bytes: four customers, or one with a long name."""
    with serve(sessions, SoapSettings(max_body_bytes=1024)) as service:
        consumer = ServiceConsumer(service.url, NAME, service.secret)
        yield Feeder(tmp_path, consumer)
        consumer.close()


def test_a_batch_that_is_refused_whole_is_halved(narrow: Feeder) -> None:
    """Until it goes in; a record that spoils it is rejected alone, by the fault's code."""
    narrow.columns = columns_of(narrow.folder, CUSTOMERS + 'payment_terms = "30 days"\n')
    good = [f"C{n},Customer {n},EUR,{n}\n" for n in range(20)]
    long = "C99," + "&" * 255 + ",EUR,1\n"
    report = narrow.feed(HEADER + "".join([*good[:7], long, *good[7:]]))
    assert (report.accepted, report.rejected) == (20, 1)
    (finding,) = report.rejections["RequestTooLarge"].first
    assert (finding.line, finding.key) == (9, "C99")
    assert "C99" in narrow.rejects.read_text()


PAYMENTS = """
[file]
delimiter = "\\t"
encoding = "cp1252"
decimal = ","
thousands = "."
date_format = "%d.%m.%y"

[columns]
company_code = "Bukrs"
number = "Belnr"
customer_number = "Kunnr"
received_on = "Datum"
currency = "Waers"
amount = "Betrag"
unapplied_amount = "Offen"
method = "Zahlweg"

[codes.method]
"Ü" = "TRANSFER"
"""


def test_payments_from_an_old_ledger(feeder: Feeder, tmp_path: Path) -> None:
    """Tabs, an old code page, two-digit years, grouped amounts and trailing minuses."""
    feeder.columns = columns_of(tmp_path, PAYMENTS, RecordType.PAYMENT)
    path = tmp_path / "ledger.txt"
    rows = (
        "Bukrs\tBelnr\tKunnr\tDatum\tWaers\tBetrag\tOffen\tZahlweg",
        "1000\t7\tC1\t31.12.99\tEUR\t1.234.567,89\t0,00\tÜ",
        "1000\t8\tC1\t1.1.00\tEUR\t5,00-\t0\t",
    )
    path.write_bytes("\r\n".join(rows).encode("cp1252"))
    report = feeder.feed_file(path)
    assert (report.accepted, report.held) == (2, 2)
    (total,) = report.totals[Outcome.ACCEPTED]
    assert f"{total.amounts['amount']:,}" == "1,234,562.89"
    assert [one.line for one in report.warnings["CUSTOMER_UNKNOWN"].first] == [2, 3]


CREDIT_MEMOS = """
[columns]
number = "No"
invoice_number = "Invoice"
customer_number = "Customer"
issued_on = "Date"
currency = "Cur"
net_amount = "Net"
gross_amount = "Net"
open_amount = "Net"

[constants]
company_code = "1000"
tax_amount = 0
status = "OPEN"
"""


def test_credit_memos(feeder: Feeder, tmp_path: Path) -> None:
    """One column may fill several fields, and a constant may be an amount."""
    feeder.columns = columns_of(tmp_path, CREDIT_MEMOS, RecordType.CREDIT_MEMO)
    report = feeder.feed("No,Invoice,Customer,Date,Cur,Net\nCM1,I1,C1,2024-12-31,EUR,7.50\n")
    assert (report.accepted, list(report.warnings)) == (1, ["CUSTOMER_UNKNOWN"])
