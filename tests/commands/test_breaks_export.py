"""Breaks in files: read back, they say the same."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from bridge.commands.breaks_export import COLUMNS, BadExport, write_export
from bridge.domain.causes import Cause
from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordKey, RecordType, System
from bridge.domain.totals import ControlTotal, TotalsRow
from bridge.operations.breaks import BreakView
from bridge.store.models import BreakStatus

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
GROSS = BreakView(
    id=7,
    key=RecordKey(RecordType.INVOICE, "1000", "I1"),
    salesforce_id=None,
    record_type=RecordType.INVOICE,
    kind=BreakKind.CONFLICT,
    field="gross_amount",
    erp="119.1234",
    crm="19",
    detail="changed in both systems",
    cause=Cause.KEYING,
    evidence="one digit",
    amount=Decimal("100.1234"),
    currency="EUR",
    assignee="anna",
    status=BreakStatus.OPEN,
    resolution=None,
    opened_at=NOW - timedelta(days=10),
    counts_from=None,
    closed_at=None,
    closed_by=None,
)
PHONE = replace(
    GROSS,
    id=8,
    kind=BreakKind.UNFIT_VALUE,
    field="phone",
    erp='=HYPERLINK("http://evil.example")',
    crm="\x07+49",
    amount=None,
    currency=None,
)


def total(system: System, amount: str) -> ControlTotal:
    return ControlTotal(
        record_type=RecordType.INVOICE,
        system=system,
        currency="EUR",
        count=2,
        amounts={"amount": Decimal(amount), "open_amount": Decimal(0)},
        hash_total=1,
    )


TOTALS = [
    TotalsRow(
        RecordType.INVOICE,
        "EUR",
        total(System.ERP, "200.5"),
        total(System.CRM, "100.25"),
        company_code="1000",
        period="2026-03",
    )
]


def rows(sheet: Worksheet) -> list[tuple[object, ...]]:
    return list(sheet.iter_rows(values_only=True))


def test_excel(tmp_path: Path) -> None:
    """Totals, aging, and a sheet for each kind; numbers are numbers, and texts no formulas."""
    write_export(tmp_path / "b.xlsx", [GROSS, PHONE], TOTALS, now=NOW)
    book = load_workbook(tmp_path / "b.xlsx")
    assert book.sheetnames == ["Totals", "Aging", "CONFLICT", "UNFIT_VALUE"]
    assert rows(book["Totals"])[1:] == [
        ("INVOICE", "1000", "EUR", "2026-03", "amount", 2, 2, 200.5, 100.25, 100.25),
        ("INVOICE", "1000", "EUR", "2026-03", "open_amount", 2, 2, 0, 0, 0),
    ]
    assert rows(book["Aging"])[1:] == [
        ("CONFLICT", "EUR", 0, 0, 1, 0, 0, 1, 100.1234, 0),
        ("UNFIT_VALUE", None, 0, 0, 1, 0, 0, 1, 0, 0),
    ]
    header, gross = rows(book["CONFLICT"])
    assert header == COLUMNS
    assert (gross[2], gross[3], gross[9], gross[15]) == ("1000", "I1", 100.1234, 10)
    assert str(gross[14]) == "2026-03-21 12:00:00"
    phone = book["UNFIT_VALUE"][2]
    assert (phone[7].data_type, phone[7].value) == ("s", PHONE.erp)
    assert phone[8].value == "\ufffd+49"


def test_what_does_not_count_yet_stands_aside(tmp_path: Path) -> None:
    """It has no age and no amount in the table, and its day in its row."""
    late = replace(GROSS, kind=BreakKind.MISSING_IN_ERP, counts_from=NOW + timedelta(days=1))
    write_export(tmp_path / "b.xlsx", [GROSS, late], [], now=NOW)
    book = load_workbook(tmp_path / "b.xlsx")
    assert rows(book["Aging"])[1:] == [
        ("CONFLICT", "EUR", 0, 0, 1, 0, 0, 1, 100.1234, 0),
        ("MISSING_IN_ERP", "EUR", 0, 0, 0, 0, 0, 0, 0, 1),
    ]
    (_, row) = rows(book["MISSING_IN_ERP"])
    assert str(row[COLUMNS.index("counts from (UTC)")]) == "2026-04-01 12:00:00"


def test_csv(tmp_path: Path) -> None:
    """Exact amounts; what a spreadsheet would take for a formula is quoted."""
    write_export(tmp_path / "b.CSV", [GROSS, PHONE], TOTALS, now=NOW)
    with (tmp_path / "b.CSV").open(encoding="utf-8-sig", newline="") as file:
        gross, phone = csv.DictReader(file)
    assert (gross["amount"], gross["days"], gross["company"]) == ("100.1234", "10", "1000")
    assert phone["ERP"] == "'" + str(PHONE.erp)


def test_json(tmp_path: Path) -> None:
    """Amounts are texts, or a reader would make floats of them."""
    write_export(tmp_path / "b.json", [GROSS], TOTALS, now=NOW)
    (gross,) = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert (gross["amount"], gross["number"], gross["assignee"]) == ("100.1234", "I1", "anna")


@pytest.mark.parametrize("name", ["b.xlsx", "b.csv", "b.json"])
def test_nothing_to_export(tmp_path: Path, name: str) -> None:
    """An empty file of the right form."""
    write_export(tmp_path / name, [], [], now=NOW)
    assert (tmp_path / name).stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """A name of no known form changes nothing."""
    (tmp_path / "b.pdf").write_text("old")
    with pytest.raises(BadExport, match=r"\*\.xlsx"):
        write_export(tmp_path / "b.pdf", [GROSS], [], now=NOW)
    assert (tmp_path / "b.pdf").read_text() == "old"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """By the file that was asked for, and not by the one that it would be made from."""
    with pytest.raises(BadExport) as told:
        write_export(tmp_path / "nowhere" / "breaks.csv", [GROSS], [], now=NOW)
    assert str(told.value) == f"{tmp_path}/nowhere/breaks.csv: No such file or directory"
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(BadExport, match=r"taken\.csv: Is a directory"):
        write_export(tmp_path / "taken.csv", [GROSS], [], now=NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["taken.csv"]
