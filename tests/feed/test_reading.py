"""Rows as records, or what is wrong with them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.records import DocumentStatus, Invoice, RecordKey, RecordType
from bridge.feed import UnusableFile, load_columns
from bridge.feed.columns import Columns
from bridge.feed.reading import ReadRow, RowReader
from bridge.feed.source import SourceFile

COLUMNS = """
[file]
delimiter = ";"
decimal = ","
date_format = "%d.%m.%Y"

[columns]
number = "No"
customer_number = "Debtor"
issued_on = "Date"
due_on = "Due"
currency = "Cur"
net_amount = "Net"
tax_amount = "Tax"
gross_amount = "Gross"
open_amount = "Gross"
status = "St"
purchase_order = "PO"

[constants]
company_code = "1000"

[codes.status]
P = "PAID"
"" = "OPEN"
"""
HEADER = "No;Debtor;Date;Due;Cur;Net;Tax;Gross;St;PO;Ignored"
GOOD = "INV-1;C-1;31.12.2024;;EUR;100,125;19,875;120,00;P; X 1 ;?"


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    """The columns of the rows in this module."""
    path = tmp_path / "erp.toml"
    path.write_text(COLUMNS)
    return load_columns(path, RecordType.INVOICE)


def read(folder: Path, columns: Columns, *lines: str) -> list[ReadRow]:
    path = folder / "export.csv"
    path.write_bytes("\n".join([HEADER, *lines]).encode("utf-8", "surrogateescape"))
    source = SourceFile(path, columns.format)
    reader = RowReader(source, columns)
    return [reader.read(row) for row in source.rows()]


def test_it_reads_a_record(tmp_path: Path, columns: Columns) -> None:
    """Columns, constants and codes become fields; blanks around a value are no part of it."""
    (found,) = read(tmp_path, columns, GOOD)
    assert found.record == Invoice(
        company_code="1000",
        number="INV-1",
        customer_number="C-1",
        issued_on=date(2024, 12, 31),
        due_on=None,
        currency="EUR",
        net_amount=Decimal("100.125"),
        tax_amount=Decimal("19.875"),
        gross_amount=Decimal(120),
        open_amount=Decimal(120),
        status=DocumentStatus.PAID,
        purchase_order="X 1",
    )
    assert found.key == RecordKey(RecordType.INVOICE, "1000", "INV-1")
    assert (found.fault, found.warnings) == (None, ())


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("120,00", "120.00", "BAD_AMOUNT", "gross_amount"),
        ("120,00", "120,005", "AMOUNT_TOO_FINE", "gross_amount"),
        ("100,125", "100,12345", "BAD_AMOUNT", "net_amount"),
        ("100,125", "1" + "0" * 14, "BAD_AMOUNT", "net_amount"),
        ("100,125", "", "REQUIRED_FIELD", "net_amount"),
        ("INV-1", "  ", "REQUIRED_FIELD", "number"),
        ("31.12.2024", "31.11.2024", "BAD_DATE", "issued_on"),
        (";;EUR", ";soon;EUR", "BAD_DATE", "due_on"),
        ("EUR", "EURO", "UNKNOWN_CURRENCY", "currency"),
        (";P;", ";X;", "UNKNOWN_CODE", "status"),
        ("C-1", "C" * 61, "TEXT_TOO_LONG", "customer_number"),
        ("C-1", "C\x07", "BAD_TEXT", "customer_number"),
        ("C-1", "C\udce4", "BAD_TEXT", "customer_number"),
        ("INV-1;", "INV-1;;;;", "BAD_ROW", ""),
    ],
)
def test_a_bad_value_is_told_by_field_and_spoils_no_other_row(
    tmp_path: Path, columns: Columns, old: str, new: str, code: str, field: str
) -> None:
    """The fault names a code and a field; the row behind it is read."""
    bad, good = read(tmp_path, columns, GOOD.replace(old, new, 1), GOOD)
    assert bad.record is None
    assert bad.fault is not None
    assert (bad.fault.code, bad.fault.field) == (code, field)
    assert "\n" not in bad.fault.message
    assert good.record is not None


def test_a_row_with_a_bad_value_still_has_its_key(tmp_path: Path, columns: Columns) -> None:
    """So that a good row of the same key is not taken for the only one."""
    (bad,) = read(tmp_path, columns, GOOD.replace("120,00", "much"))
    assert bad.key == RecordKey(RecordType.INVOICE, "1000", "INV-1")


def test_what_is_only_suspicious_is_a_warning(tmp_path: Path, columns: Columns) -> None:
    """Gross that is not net + tax leaves the record as it is."""
    (found,) = read(tmp_path, columns, GOOD.replace("120,00", "121,00"))
    assert found.record is not None
    assert [warning.code for warning in found.warnings] == ["TOTALS_DISAGREE"]


def test_equal_records_have_equal_content_however_they_are_written(
    tmp_path: Path, columns: Columns
) -> None:
    """Trailing zeros and columns that are not read make no difference; values do."""
    one, same, other = read(
        tmp_path,
        columns,
        GOOD,
        GOOD.replace("120,00", "120").replace("?", "!"),
        GOOD.replace("P; X 1", "; X 1"),
    )
    assert one.content() == same.content()
    assert one.content() != other.content()


def test_it_says_which_column_is_missing(tmp_path: Path, columns: Columns) -> None:
    """Before any row is read, with the nearest header."""
    missing = replace(columns, sources={**columns.sources, "due_on": "DUE"})
    with pytest.raises(UnusableFile, match=r"has no column 'DUE', which erp.toml.*mean 'Due'\?"):
        read(tmp_path, missing, GOOD)


def test_it_refuses_a_column_that_stands_twice(tmp_path: Path, columns: Columns) -> None:
    """Nobody can say which of them is meant; columns that are not read may repeat."""
    path = tmp_path / "twice.csv"
    path.write_text(HEADER.replace("Ignored", "Due"))
    with pytest.raises(UnusableFile, match=r"the column 'Due', in erp\.toml, stands twice"):
        RowReader(SourceFile(path, columns.format), columns)
