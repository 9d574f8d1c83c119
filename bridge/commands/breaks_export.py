"""Breaks as a file that finance works with: Excel, CSV or JSON."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bridge import BridgeError
from bridge.domain.decisions import BreakKind
from bridge.domain.totals import TotalsRow
from bridge.operations.breaks import AGES, BreakView, age_name

COLUMNS = (
    "id",
    "record type",
    "company",
    "number",
    "Salesforce id",
    "kind",
    "field",
    "ERP",
    "Salesforce",
    "amount",
    "currency",
    "cause",
    "evidence",
    "detail",
    "opened (UTC)",
    "days",
    "counts from (UTC)",
    "assignee",
    "resolution",
    "closed (UTC)",
    "closed by",
)


class BadExport(BridgeError):
    """A file that breaks cannot be written to."""


def write_export(
    file: Path, breaks: Sequence[BreakView], totals: Sequence[TotalsRow], *, now: datetime
) -> None:
    """Writes breaks in the form that the file's name asks for. Raises BadExport.

    A file of that name is replaced when the new one is whole.
    """
    writer = _WRITERS.get(file.suffix.lower())
    if writer is None:
        raise BadExport(f"{file}: name it {', '.join('*' + ending for ending in _WRITERS)}")
    beside = file.with_name(f".{file.name}.new")
    try:
        writer(beside, breaks, totals, now)
        beside.replace(file)
    except OSError as error:
        raise BadExport(f"{file}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def age_of(one: BreakView, now: datetime) -> int:
    """Whole days that a break has been, or was, open."""
    return ((one.closed_at or now) - one.opened_at).days


def _write_json(
    file: Path, breaks: Sequence[BreakView], totals: Sequence[TotalsRow], now: datetime
) -> None:
    rows = [dict(zip(COLUMNS, _row(one, now), strict=True)) for one in breaks]
    file.write_text(
        json.dumps(rows, indent=2, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8"
    )


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _write_csv(
    file: Path, breaks: Sequence[BreakView], totals: Sequence[TotalsRow], now: datetime
) -> None:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in breaks:
        writer.writerow(_harmless(cell) for cell in _row(one, now))
    file.write_text(text.getvalue(), encoding="utf-8-sig", newline="")  # Excel wants the mark


def _harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets a quote before it."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _write_excel(
    file: Path, breaks: Sequence[BreakView], totals: Sequence[TotalsRow], now: datetime
) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    _fill(book.create_sheet("Totals"), _TOTAL_COLUMNS, _totals(totals))
    _fill(book.create_sheet("Aging"), _AGING_COLUMNS, _aging(breaks, now))
    for kind in BreakKind:
        of_kind = [_row(one, now) for one in breaks if one.kind is kind]
        if of_kind:
            _fill(book.create_sheet(kind.value), COLUMNS, of_kind)
    book.properties.creator = "ERP Bridge"
    book.save(file)


def _fill(sheet: Worksheet, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    _append(sheet, 1, columns)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(vertical="top")
    widths = [len(name) for name in columns]
    for number, row in enumerate(rows, start=2):
        _append(sheet, number, row)
        widths = [max(w, len(str(cell))) for w, cell in zip(widths, row, strict=True)]
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = min(width, 50) + 2
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _append(sheet: Worksheet, number: int, row: Sequence[object]) -> None:
    for position, value in enumerate(row, start=1):
        cell = sheet.cell(number, position)
        if isinstance(value, str):
            cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
            cell.data_type = "s"  # whatever it begins with, it is no formula
        elif isinstance(value, datetime):
            cell.value, cell.number_format = value.replace(tzinfo=None), "yyyy-mm-dd hh:mm"
        elif isinstance(value, Decimal):
            cell.value, cell.number_format = value, "#,##0.00##"
        else:
            cell.value = value  # type: ignore[assignment]


def _row(one: BreakView, now: datetime) -> tuple[object, ...]:
    return (
        one.id,
        str(one.record_type),
        one.key.company_code if one.key else None,
        one.key.number if one.key else None,
        one.salesforce_id,
        str(one.kind),
        one.field,
        one.erp,
        one.crm,
        one.amount,
        one.currency,
        str(one.cause),
        one.evidence,
        one.detail,
        one.opened_at,
        age_of(one, now),
        one.counts_from,
        one.assignee,
        one.resolution and str(one.resolution),
        one.closed_at,
        one.closed_by,
    )


_TOTAL_COLUMNS = (
    "record type",
    "company",
    "currency",
    "period",
    "column",
    "ERP count",
    "Salesforce count",
    "ERP",
    "Salesforce",
    "difference",
)


def _totals(rows: Sequence[TotalsRow]) -> list[tuple[object, ...]]:
    return [
        (
            str(row.record_type),
            row.company_code,
            row.currency,
            row.period,
            name,
            row.erp.count,
            row.crm.count,
            row.erp.amounts[name],
            row.crm.amounts[name],
            difference,
        )
        for row in rows
        for name, difference in row.differences.items()
    ]


_NOT_COUNTED_YET = "not counted yet"
_AGING_COLUMNS = (
    "kind",
    "currency",
    *(f"{name} days" for _, name in AGES),
    "breaks",
    "amount (without signs)",
    _NOT_COUNTED_YET,
)


def _aging(breaks: Sequence[BreakView], now: datetime) -> list[tuple[object, ...]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    amounts: dict[tuple[str, str], Decimal] = {}
    for one in breaks:
        group = (str(one.kind), one.currency or "")
        amounts.setdefault(group, Decimal(0))
        if one.waits(now):
            counts[*group, _NOT_COUNTED_YET] += 1
            continue
        counts[*group, age_name(age_of(one, now))] += 1
        amounts[group] += abs(one.amount or Decimal(0))
    return [
        (
            *group,
            *(counts[*group, name] for _, name in AGES),
            sum(counts[*group, name] for _, name in AGES),
            amounts[group],
            counts[*group, _NOT_COUNTED_YET],
        )
        for group in sorted(amounts)
    ]


_WRITERS = {".xlsx": _write_excel, ".csv": _write_csv, ".json": _write_json}
