"""What a feed tells of a file."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.records import DocumentStatus, Invoice, RecordType, key_of
from bridge.feed import render
from bridge.feed import report as reports
from bridge.feed.reading import Fault, ReadRow
from bridge.feed.report import Tally
from bridge.feed.source import Row
from bridge.operations.submissions import Outcome


def invoice(number: str, gross: str, currency: str = "EUR") -> Invoice:
    return Invoice(
        company_code="1000",
        number=number,
        customer_number="C",
        issued_on=date(2024, 1, 1),
        currency=currency,
        net_amount=Decimal(gross),
        tax_amount=Decimal(0),
        gross_amount=Decimal(gross),
        open_amount=Decimal(gross),
        status=DocumentStatus.OPEN,
    )


def read(line: int, number: str = "1") -> ReadRow:
    record = invoice(number, "1")
    return ReadRow(row=Row(line, []), key=key_of(record), record=record, fault=None)


@pytest.fixture
def tally() -> Tally:
    """An empty tally of invoices."""
    return Tally(RecordType.INVOICE)


def test_it_adds_up_by_outcome_and_currency(tally: Tally) -> None:
    """Control totals of what is new and of what was known, exact, in order of currency."""
    tally.store(invoice("1", "0.10", "USD"), Outcome.ACCEPTED)
    tally.store(invoice("2", "0.20", "USD"), Outcome.ACCEPTED)
    tally.store(invoice("3", "7", "EUR"), Outcome.ACCEPTED)
    tally.store(invoice("4", "9", "USD"), Outcome.UNCHANGED)
    report = tally.report(file=Path("f.csv"), rejects=None, differing_keys=0)
    accepted = report.totals[Outcome.ACCEPTED]
    assert [(one.currency, one.count) for one in accepted] == [("EUR", 1), ("USD", 2)]
    assert accepted[1].amounts == {
        "amount": Decimal("0.30"),
        "net_amount": Decimal("0.30"),
        "tax_amount": Decimal(0),
        "open_amount": Decimal("0.30"),
    }
    assert (report.accepted, report.unchanged, tally.stored) == (3, 1, 4)
    assert report.totals[Outcome.UNCHANGED][0].count == 1


def test_it_lists_findings_by_line_and_counts_them_all(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report stays small however bad a file is; the count is complete."""
    monkeypatch.setattr(reports, "FINDINGS_KEPT", 3)
    for line in (4, 2, 3, 5):
        tally.reject(read(line), Fault("BAD_DATE", "issued_on", "no date"))
    report = tally.report(file=Path("f.csv"), rejects=None, differing_keys=0)
    assert report.rejected == report.rejections["BAD_DATE"].count == 4
    assert [finding.line for finding in report.rejections["BAD_DATE"].first] == [2, 3, 4]


def test_it_counts_what_is_held(tally: Tally) -> None:
    """Documents whose customer is unknown are stored, and warned about."""
    tally.warn(read(2), "CUSTOMER_UNKNOWN", "", "held until customer C is submitted")
    report = tally.report(file=Path("f.csv"), rejects=None, differing_keys=0)
    assert (report.held, report.rejected) == (1, 0)


def test_it_reads_well_on_a_terminal(tally: Tally) -> None:
    """Figures first, then each finding with its line, then what to do."""
    tally.rows, tally.repeated = 16, 1
    tally.store(invoice("1", "1234567.5"), Outcome.ACCEPTED)
    tally.store(invoice("2", "1000", "JPY"), Outcome.ACCEPTED)
    for line in range(2, 14):
        tally.reject(read(line), Fault("DUPLICATE_KEY", "number", f"message {line}"))
    tally.warn(read(3, "A\x1b[31m\udce4"), "TOTALS_DISAGREE", "gross_amount", "gross is wrong")
    text = render(tally.report(file=Path("f.csv"), rejects=Path("r.csv"), differing_keys=6))
    assert text.splitlines()[:7] == [
        "f.csv: 16 rows, each an invoice",
        "  accepted            2  EUR 1,234,567.50  JPY 1,000",
        "  unchanged           0",
        "  repeated            1  equal to an earlier row, counted once",
        "  rejected           12",
        "    DUPLICATE_KEY: 12 rows with 6 keys",
        "      line 2 (1000/1): message 2",
    ]
    assert text.splitlines()[-5:] == [
        "      and 2 more",
        "  warnings, which reject nothing",
        "    TOTALS_DISAGREE: 1 row",
        r"      line 3 (1000/A\x1b[31m\udce4): gross is wrong",
        "  repair r.csv and feed it",
    ]
