"""When two values are the same to a business, and the digest that finds records to look at."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import repeat
from json.encoder import encode_basestring as quoted
from operator import attrgetter

from bridge.domain.columns import map_distinct
from bridge.domain.content import encode_column
from bridge.domain.money import plain_text
from bridge.domain.normalising import (
    LIBRARIES,
    country_code,
    normal_code,
    normal_name,
    normal_phone,
    normal_tax_number,
    plain_spaces,
)
from bridge.domain.records import AMOUNT_KINDS, Field, Kind, Record, Value, Values


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The difference between two amounts that still counts as agreement, by currency."""

    default: Decimal = Decimal(0)
    by_currency: Mapping[str, Decimal] = field(default_factory=dict)

    def allows(self, difference: Decimal, currency: str | None) -> bool:
        """Whether two amounts of this currency that differ so much agree."""
        return abs(difference) <= self.by_currency.get(currency or "", self.default)


@dataclass(frozen=True, slots=True)
class Sense:
    """What the values of a record mean: amounts in its currency, numbers in its country."""

    tolerance: Tolerance = field(default_factory=Tolerance)
    currency: str = ""
    country: str | None = None  # ISO 3166-1 alpha-2


def agree(compared: Field, one: Value | None, other: Value | None, sense: Sense) -> bool:
    """Whether two values of a field mean the same, cosmetic differences aside."""
    if one == other:
        return True
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return sense.tolerance.allows(one - other, sense.currency)
    country = sense.country
    return normalised(compared, one, country) == normalised(compared, other, country)


def normalised(compared: Field, value: Value | None, country: str | None = None) -> str | None:
    """The value as a text that is equal where two values mean the same; None where empty.

    Phones and tax numbers without a country of their own are of `country`.
    """
    if value is None:
        return None
    if isinstance(value, str):
        normal = _NORMAL_TEXTS.get(compared.kind, _plain)
        return normal(value, country) or None
    if isinstance(value, Decimal):
        return plain_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def country_of(compared: Sequence[Field], values: Values) -> str | None:
    """The country of a record, as a code; None where it has none, or only one side holds it."""
    for one in compared:
        if one.kind is Kind.COUNTRY:
            return _country(values.get(one.name))
    return None


def _country(value: Value | None) -> str | None:
    return country_code(value) if isinstance(value, str) else None


def digest(compared: Sequence[Field], values: Values) -> bytes:
    """A 16-byte digest of the normalised values of the compared fields.

    Versions with equal digests agree on every compared field; amounts within tolerance of each
    other may still have different ones, which costs a look and changes no decision. A value that
    was not read differs from an empty one.
    """
    country = country_of(compared, values)
    parts = [
        _part(one, values[one.name], country) if one.name in values else _UNREAD for one in compared
    ]
    return _digest(parts)


def digest_each(compared: Sequence[Field], records: Sequence[Record]) -> list[bytes]:
    """The digest of each of many records of one type, of all whose fields the values are known."""
    columns = {one.name: list(map(attrgetter(one.name), records)) for one in compared}
    return digest_columns(compared, columns, len(records))


def digest_columns(
    compared: Sequence[Field], columns: Mapping[str, Sequence[Value | None]], count: int
) -> list[bytes]:
    """The digest of each of so many records; a field without a column was not read of any."""
    country = next((one.name for one in compared if one.kind is Kind.COUNTRY), None)
    known = columns.get(country) if country else None
    countries = map_distinct(_country, known) if known else [None] * count
    parts = [
        _parts(one, columns[one.name], countries) if one.name in columns else [_UNREAD] * count
        for one in compared
    ]
    rows = zip(*parts, strict=True) if parts else repeat((), count)
    return [_digest(row) for row in rows]


def _digest(parts: Iterable[str]) -> bytes:
    return hashlib.blake2b(f"[{','.join(parts)}]".encode(), digest_size=16).digest()


def digest_form(compared: Sequence[Field]) -> str:
    """Names what else digests of these fields hang on: stored ones of another form are void."""
    kinds = ",".join(one.kind for one in compared)
    national = any(one.kind in _NATIONAL for one in compared)
    return f"1 {kinds}; {LIBRARIES}" if national else f"1 {kinds}"


_UNREAD = "0"
"""Stands for a value that was not read: others are JSON's texts or null."""
_NATIONAL = (Kind.PHONE, Kind.TAX_NUMBER)
"""Their values may be numbers of the record's country."""


def _part(one: Field, value: Value | None, country: str | None) -> str:
    normal = normalised(one, value, country)
    return "null" if normal is None else quoted(normal)


def _parts(
    one: Field, values: Sequence[Value | None], countries: Sequence[str | None]
) -> list[str]:
    """The parts of one field in many records."""
    if one.kind in AMOUNT_KINDS:
        return encode_column(one, values)
    if one.kind in _NATIONAL:
        return [_part(one, *each) for each in zip(values, countries, strict=True)]
    return map_distinct(lambda value: _part(one, value, None), values)


def _plain(text: str, country: str | None) -> str:
    return plain_spaces(text)


_NORMAL_TEXTS: Mapping[Kind, Callable[[str, str | None], str]] = {
    Kind.NAME: lambda text, _: normal_name(text),
    Kind.POSTAL_CODE: lambda text, _: normal_code(text),
    Kind.TAX_NUMBER: normal_tax_number,
    Kind.PHONE: normal_phone,
    Kind.COUNTRY: lambda text, _: country_code(text) or normal_name(text),
    Kind.EMAIL: lambda text, _: plain_spaces(text).casefold(),
    Kind.CURRENCY: lambda text, _: plain_spaces(text).casefold(),
}
"""How texts of a kind are normalised, in a country; others are but spaced and composed."""
