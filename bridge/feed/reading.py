"""From a row to a record, or to what is wrong with the row."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.content import encode_record
from bridge.domain.records import (
    RECORD_CLASSES,
    Field,
    Kind,
    Record,
    RecordKey,
    RecordType,
    Value,
    fields_of,
    key_of,
)
from bridge.domain.validation import Problem, ProblemCode, problems_of
from bridge.feed.columns import DEFAULT, NUMBERS, Columns, nearest
from bridge.feed.notation import BadDate, BadNumber, date_reader, number_reader
from bridge.feed.source import Row, SourceFile, UnusableFile

BAD_ROW, BAD_DATE = "BAD_ROW", "BAD_DATE"
"""Codes of faults that only text can have; all others are the contract's (ProblemCode)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is rejected: a code, the canonical field it concerns (may be empty), and words."""

    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """A row as it was understood: a record, or a fault.

    `key` is known where the row's number (and company code) could be read; `warnings` are the
    problems that do not reject, told where it is a record. `unfit` is a record that the service
    would reject for the fault: nothing to send, unless all are to be told.
    """

    row: Row
    key: RecordKey | None
    record: Record | None
    fault: Fault | None
    warnings: tuple[Problem, ...] = ()
    unfit: Record | None = None

    def content(self) -> bytes:
        """A 16-byte digest, equal for rows that say the same of their key."""
        text = encode_record(self.record) if self.record else f"fault {self.row.cells!r}"
        return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


class RowReader:
    """Reads the rows of one file by a columns file. Raises UnusableFile where a column is missing.

    Cells lose the blanks around them; an empty one means that the ERP holds no value there.
    """

    def __init__(self, source: SourceFile, columns: Columns) -> None:
        self._columns = columns
        self._class: Callable[..., Record] = RECORD_CLASSES[columns.record_type]
        self._catalogue = fields_of(RECORD_CLASSES[columns.record_type])
        self._cells = [
            (self._catalogue[name], _position(source, header, columns), self._converter(name))
            for name, header in columns.sources.items()
        ]

    def read(self, row: Row) -> ReadRow:
        """The row's record, or its first fault."""
        if row.fault:
            fault = Fault(BAD_ROW, "", row.fault)
            return ReadRow(row=row, key=None, record=None, fault=fault)
        values: dict[str, Value | None] = dict(self._columns.constants)
        faults = list(self._convert(row.cells, values))
        if faults:
            key = _key(self._columns.record_type, values)
            return ReadRow(row=row, key=key, record=None, fault=faults[0])
        return _judged(row, self._class(**values))

    def _convert(self, cells: Sequence[str], values: dict[str, Value | None]) -> Iterator[Fault]:
        """Fills in the values; yields what cannot be read."""
        for field, position, convert in self._cells:
            text = cells[position].strip()
            try:
                values[field.name] = convert(text)
            except BadNumber as error:
                yield _fault(ProblemCode.BAD_AMOUNT, field, str(error))
            except BadDate as error:
                yield _fault(BAD_DATE, field, str(error))
            else:
                if field.required and values[field.name] is None:
                    yield _fault(ProblemCode.REQUIRED_FIELD, field, "is required and empty")

    def _converter(self, name: str) -> Callable[[str], Value | None]:
        field = self._catalogue[name]
        if field.kind is Kind.DATE:
            return _or_none(date_reader(self._columns.date_formats[name]))
        if field.kind in NUMBERS:
            file_format = self._columns.format
            return _or_none(number_reader(file_format.decimal, file_format.thousands or None))
        return _text_reader(field, self._columns.codes.get(name, {}))


def _judged(row: Row, record: Record) -> ReadRow:
    problems = problems_of(record)
    rejecting = [problem for problem in problems if problem.rejects]
    fault = (
        Fault(rejecting[0].code, rejecting[0].field, rejecting[0].message) if rejecting else None
    )
    return ReadRow(
        row=row,
        key=key_of(record),
        record=None if fault else record,
        fault=fault,
        warnings=tuple(problem for problem in problems if not problem.rejects),
        unfit=record if fault and all(one.code in _BEYOND_SCHEMA for one in rejecting) else None,
    )


_BEYOND_SCHEMA = frozenset(
    {
        ProblemCode.UNKNOWN_CURRENCY,
        ProblemCode.UNKNOWN_COUNTRY,
        ProblemCode.CURRENCY_REQUIRED,
        ProblemCode.AMOUNT_TOO_FINE,
        ProblemCode.BAD_KEY,
        ProblemCode.BAD_DATE,
    }
)
"""What rejects a record that the contract's schema lets through."""


def _key(record_type: RecordType, values: Mapping[str, Any]) -> RecordKey | None:
    """The key of a row that has one, whatever else is wrong with it."""
    company_code = values.get("company_code")
    number = values.get("number")
    if not number or (record_type is not RecordType.CUSTOMER and not company_code):
        return None
    return RecordKey(record_type, company_code or "", number)


def _position(source: SourceFile, header: str, columns: Columns) -> int:
    times = source.header.count(header)
    if times > 1:
        raise UnusableFile(f"{source.path}: the column {header!r}, in {columns.name}, stands twice")
    if not times:
        raise UnusableFile(
            f"{source.path} has no column {header!r}, which {columns.name} names"
            f"{nearest(header, source.header)}"
        )
    return source.header.index(header)


def _or_none(convert: Callable[[str], Value]) -> Callable[[str], Value | None]:
    return lambda text: convert(text) if text else None


def _text_reader(field: Field, codes: Mapping[str, str]) -> Callable[[str], str | None]:
    default = codes.get(DEFAULT)
    members = field.codes.__members__ if field.codes else {}

    def read_text(text: str) -> str | None:
        value = codes.get(text, text if default is None else default)
        return members.get(value, value) or None

    return read_text


def _fault(code: str, field: Field, message: str) -> Fault:
    return Fault(code, field.name, f"{field.name}: {message}")
