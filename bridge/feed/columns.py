"""Columns files: how a flat file is written, and which of its columns holds which field.

[file]                            # all optional; these are the defaults
delimiter = ","
encoding = "utf-8"                # a byte order mark is tolerated
decimal = "."                     # or ","
thousands = ""                    # "." in 1.234,50; empty: digits are not grouped
date_format = "%Y-%m-%d"

[columns]                         # canonical field -> header of its column
number = "SALESORDERID"
issued_on = "CREATEDAT"

[constants]                       # canonical field -> its value in every row
company_code = "SAP1"

[codes.status]                    # a column's value -> the canonical one
C = "PAID"
default = "OPEN"                  # values not listed; without it they stay as they are

[date_formats]                    # where one date is written unlike the others
due_on = "%d.%m.%Y"
"""

import codecs
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from bridge import BridgeError
from bridge.domain.records import RECORD_CLASSES, Field, Kind, RecordType, Value, fields_of
from bridge.domain.validation import ProblemCode, value_problems
from bridge.feed.notation import BadDateFormat, BadNumber, date_reader, number_reader

DEFAULT = "default"
"""The entry of a [codes] table that stands for all values it does not list."""

NUMBERS = (Kind.MONEY, Kind.AMOUNT, Kind.QUANTITY, Kind.INTEGER)


class BadColumns(BridgeError):
    """A columns file that cannot be used: which, where, and what to write instead."""


class FileFormat(BaseModel):
    """Section `[file]`: how the flat file is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", "'", "’", " ", "\N{NO-BREAK SPACE}"] = ""
    date_format: str = "%Y-%m-%d"

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise ValueError('must be one character, as in ";" or "\\t"')
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(f"{encoding!r} is no text encoding; utf-8 or cp1252?") from error
        return encoding

    @field_validator("date_format")
    @classmethod
    def _supported(cls, date_format: str) -> str:
        return _checked_date_format(date_format)

    @model_validator(mode="after")
    def _tellable(self) -> "FileFormat":
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A columns file for one record type, checked against the catalogue of its fields.

    Every required field is in `sources` (field -> header) or `constants` (field -> value).
    `codes` holds field -> (source value -> canonical value), `date_formats` a format for every
    date that is read from a column. `name` is the columns file's, for messages.
    """

    name: str
    record_type: RecordType
    format: FileFormat
    sources: Mapping[str, str]
    constants: Mapping[str, Value]
    codes: Mapping[str, Mapping[str, str]]
    date_formats: Mapping[str, str]


def load_columns(path: Path, record_type: RecordType) -> Columns:
    """Reads a columns file for files of this record type. Raises BadColumns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadColumns(f"{path} cannot be read: {error}") from error
    return _Source(path.name, text, record_type).columns()


def nearest(name: str, known: Collection[str]) -> str:
    """A hint for a message: the known name most like this one, or all of them."""
    folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f"; there are: {', '.join(known) or 'none'}"


def named(record_type: RecordType) -> str:
    """A record type in a sentence: "an invoice"."""
    words = record_type.lower().replace("_", " ")
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: FileFormat = FileFormat()
    columns: dict[str, str] = {}
    constants: dict[str, object] = {}
    codes: dict[str, dict[str, str]] = {}
    date_formats: dict[str, str] = {}


class _Source:
    """The text of a columns file, which knows where in it a name stands."""

    def __init__(self, name: str, text: str, record_type: RecordType) -> None:
        self._name, self._text, self._record_type = name, text, record_type
        self._catalogue = fields_of(RECORD_CLASSES[record_type])

    def columns(self) -> Columns:
        content = self._content()
        for field in content.columns:
            self._field(field)
        constants = {name: self._constant(name, raw) for name, raw in content.constants.items()}
        self._check_complete(content)
        self._check_codes(content)
        return Columns(
            name=self._name,
            record_type=self._record_type,
            format=content.file,
            sources=MappingProxyType(content.columns),
            constants=MappingProxyType(constants),
            codes=MappingProxyType(content.codes),
            date_formats=MappingProxyType(self._date_formats(content)),
        )

    def _content(self) -> _File:
        try:
            return _File.model_validate(tomllib.loads(self._text, parse_float=Decimal))
        except tomllib.TOMLDecodeError as error:
            raise BadColumns(f"{self._name}: {error}") from error
        except ValidationError as error:
            raise BadColumns(self._complaint(error)) from error

    def _complaint(self, error: ValidationError) -> str:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        section, _, name = key.rpartition(".")
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            known = FileFormat.model_fields if section == "file" else _File.model_fields
            message = f"is not known{nearest(name, known)}"
        return f"{self._place(key)}: {key}: {message}"

    def _field(self, name: str) -> Field:
        field = self._catalogue.get(name)
        if field is None:
            raise BadColumns(
                f"{self._place(name)}: {named(self._record_type)} has no field {name!r}"
                f"{nearest(name, self._catalogue)}"
            )
        if field.kind is Kind.ITEMS:
            raise BadColumns(
                f"{self._place(name)}: {name} repeats, and a flat file has one row a record:"
                " leave it out"
            )
        return field

    def _constant(self, name: str, raw: object) -> Value:
        field = self._field(name)
        value = self._constant_value(field, raw)
        for problem in value_problems(field, value, currency=None):
            if problem.code is not ProblemCode.CURRENCY_REQUIRED:
                raise BadColumns(f"{self._place(name)}: {problem.message}")
        return value

    def _constant_value(self, field: Field, raw: object) -> Value:
        expected = "a text in quotes"
        if field.kind in NUMBERS:
            expected = 'a number, as in 0 or "0.00"'
            if isinstance(raw, str | int | Decimal) and not isinstance(raw, bool):
                try:
                    return number_reader(".", None)(str(raw))
                except BadNumber as error:
                    raise BadColumns(f"{self._place(field.name)}: {error}") from error
        elif field.kind is Kind.DATE:
            expected = "a date, as in 2024-12-31"
            if isinstance(raw, date) and not isinstance(raw, datetime):
                return raw
        elif isinstance(raw, str):
            return field.codes(raw) if field.codes and raw in field.codes.__members__ else raw
        raise BadColumns(f"{self._place(field.name)}: {field.name} must be {expected}")

    def _check_complete(self, content: _File) -> None:
        for name in content.columns:
            if name in content.constants:
                raise BadColumns(
                    f"{self._place(name)}: {name} stands in [columns] and in [constants]: keep one"
                )
        given = {**content.columns, **content.constants}
        missing = [f.name for f in self._catalogue.values() if f.required and f.name not in given]
        if missing:
            raise BadColumns(
                f"{self._name}: {named(self._record_type)} needs {', '.join(missing)}:"
                " name the column in [columns] or the value in [constants]"
            )

    def _check_codes(self, content: _File) -> None:
        for name, table in content.codes.items():
            self._check_is_column(content, name, f"codes.{name}")
            field = self._catalogue[name]
            if field.kind in (*NUMBERS, Kind.DATE):
                raise BadColumns(f"{self._place(name)}: codes.{name}: {name} holds no codes")
            for source, value in table.items():
                for problem in value_problems(field, value, currency=None):
                    message = f"codes.{name}.{source or repr(source)}: {problem.message}"
                    raise BadColumns(f"{self._place(source)}: {message}")

    def _date_formats(self, content: _File) -> dict[str, str]:
        for name, date_format in content.date_formats.items():
            self._check_is_column(content, name, "date_formats")
            if self._catalogue[name].kind is not Kind.DATE:
                raise BadColumns(f"{self._place(name)}: date_formats: {name} is no date")
            try:
                _checked_date_format(date_format)
            except ValueError as error:
                raise BadColumns(f"{self._place(name)}: {name}: {error}") from error
        dates = [name for name in content.columns if self._catalogue[name].kind is Kind.DATE]
        return {name: content.date_formats.get(name, content.file.date_format) for name in dates}

    def _check_is_column(self, content: _File, name: str, section: str) -> None:
        self._field(name)
        if name not in content.columns:
            raise BadColumns(
                f"{self._place(name)}: {section}: {name} is not in [columns]"
                f"{nearest(name, content.columns)}"
            )

    def _place(self, key: str) -> str:
        """File and line of a key; the file alone where the key is not found."""
        last = re.escape(key.rpartition(".")[2])
        for number, line in enumerate(self._text.splitlines(), start=1):
            if re.match(rf"\s*[\"']?{last}[\"']?\s*=|\s*\[[^]]*\b{last}\s*\]", line):
                return f"{self._name}, line {number}"
        return self._name


def _checked_date_format(date_format: str) -> str:
    try:
        date_reader(date_format)
    except BadDateFormat as error:
        raise ValueError(str(error)) from error
    return date_format
